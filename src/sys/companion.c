#include "sys/companion.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/process.h"

/* errno of what failed, before exec; the descriptor that exec closes. */
#define FAILURE_FD 4

/* In the copy: only system calls. */
static void run(const char *program, int socket, int failure)
{
	char *const argv[] = { (char *)(uintptr_t)program, NULL };
	char *const env[] = { NULL };
	sigset_t none;
	int nowhere, failed;

	sigemptyset(&none);
	/* Out of the way of the places they go to. */
	socket = fcntl(socket, F_DUPFD, FAILURE_FD + 1);
	failure = fcntl(failure, F_DUPFD, FAILURE_FD + 1);
	nowhere = open("/dev/null", O_RDWR);
	if (socket >= 0 && nowhere >= 0 && dup2(nowhere, 0) == 0 && dup2(nowhere, 1) == 1 &&
	    dup2(socket, COMPANION_FD) == COMPANION_FD && dup2(failure, FAILURE_FD) == FAILURE_FD &&
	    fcntl(FAILURE_FD, F_SETFD, FD_CLOEXEC) == 0 &&
	    close_range(FAILURE_FD + 1, UINT_MAX, 0) == 0) {
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &none, NULL);
		failure = FAILURE_FD;
		execve(program, argv, env);
	}
	failed = errno;
	(void)!write(failure, &failed, sizeof(failed));
	_exit(127);
}

static void close_pair(const int ends[2])
{
	int saved = errno;

	close(ends[0]);
	close(ends[1]);
	errno = saved;
}

enum err companion_start(const char *program, struct companion *ret_companion)
{
	int ends[2], failure[2], failed;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return ERR_OS;
	if (pipe2(failure, O_CLOEXEC) != 0) {
		close_pair(ends);
		return ERR_OS;
	}
	pid = fork();
	if (pid == 0)
		run(program, ends[1], failure[1]);
	failed = pid < 0 ? errno : 0;
	close(ends[1]);
	close(failure[1]);
	if (pid > 0)
		failed = process_exec_failure(failure[0]);
	close(failure[0]);
	if (!failed) {
		*ret_companion = (struct companion){ pid, ends[0] };
		return OK;
	}
	close(ends[0]);
	if (pid > 0)
		process_reap(pid);
	errno = failed;
	return ERR_OS;
}

void companion_end(struct companion *companion, int64_t patience_ms)
{
	struct pollfd ready = { .events = POLLIN };

	if (companion->pid <= 0)
		return;
	close(companion->fd);
	ready.fd = pidfd_open(companion->pid, 0);
	/* Interrupted counts as waited: what is left of patience is no promise. */
	if (ready.fd < 0 || poll(&ready, 1, (int)patience_ms) != 1)
		kill(companion->pid, SIGKILL);
	if (ready.fd >= 0)
		close(ready.fd);
	process_reap(companion->pid);
	*companion = (struct companion){ 0, -1 };
}
