#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(child_fn *fn, void *context, pid_t parent, int fd)
{
	/* Its work is worth nothing without its parent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* Whoever starts when the parent was killed must not find its socket or its locks held. */
	if (fd > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0U, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	_exit(fn(context, fd) ? 0 : 1);
}

enum err child_start(child_fn *fn, void *context, struct child *ret_child)
{
	pid_t parent = getpid();
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return ERR_OS;
	pid = fork();
	if (pid == 0)
		run(fn, context, parent, ends[1]);
	close(ends[1]);
	if (pid < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
		close(ends[0]);
		return ERR_OS;
	}
	*ret_child = (struct child){ pid, ends[0] };
	return OK;
}

bool child_write(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t written = write(fd, bytes.ptr, bytes.len);

		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0)
			bytes = slice_from(bytes, (size_t)written);
	}
	return true;
}

enum err child_read(struct child *child, void *ret_bytes, size_t len, size_t *ret_len,
		    bool *ret_ended)
{
	ssize_t got = read(child->fd, ret_bytes, len);

	*ret_len = got > 0 ? (size_t)got : 0;
	*ret_ended = got == 0;
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		return ERR_OS;
	return OK;
}

bool child_finish(struct child *child, bool kill_it)
{
	int status = 0;
	pid_t ended;

	if (child->fd >= 0)
		close(child->fd);
	child->fd = -1;
	if (kill_it)
		kill(child->pid, SIGKILL);
	do {
		ended = waitpid(child->pid, &status, 0);
	} while (ended < 0 && errno == EINTR);
	return ended == child->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
