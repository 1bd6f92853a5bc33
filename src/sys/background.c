#include "sys/background.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/child.h"
#include "sys/clock.h"
#include "sys/files.h"

#define SAID_BYTES_MAX 65536
#define LAST_WORDS_BYTES_MAX 1024
#define FORK_FAILED_STATUS 127
#define LOOK_AGAIN_MS 10

/* In the child, after fork: only calls that are safe there. */
static void become(const char *const argv[], int log_fd, int ready_fd)
{
	int null_fd = open("/dev/null", O_RDWR);
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* Above those that are about to be replaced. */
	ready_fd = fcntl(ready_fd, F_DUPFD, 64);
	log_fd = fcntl(log_fd >= 0 ? log_fd : null_fd, F_DUPFD, 64);
	if (null_fd < 0 || ready_fd < 0 || log_fd < 0 || dup2(null_fd, 0) < 0 ||
	    dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0 || dup2(ready_fd, BACKGROUND_READY_FD) < 0)
		_exit(FORK_FAILED_STATUS);
	close_range(BACKGROUND_READY_FD + 1, ~0U, 0);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(BACKGROUND_READY_FD, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(FORK_FAILED_STATUS);
}

/* Up to the end of what it says. False when the time is over. */
static bool listen_until(int fd, int64_t until_us, struct buf *said)
{
	char bytes[4096];

	for (;;) {
		int64_t left_us = until_us - clock_mono_us();
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		ssize_t len;

		if (left_us <= 0)
			return false;
		if (poll(&wait, 1, (int)(left_us / 1000) + 1) <= 0)
			continue;
		len = read(fd, bytes, sizeof(bytes));
		if (len <= 0)
			return true;
		if (said->len + (size_t)len <= SAID_BYTES_MAX)
			buf_add(said, bytes, (size_t)len);
	}
}

/* Whether it has ended, waiting a moment for one that has just closed everything. */
static void look_for_end(struct background *program)
{
	int status;

	for (int i = 0; i < 20; i++) {
		if (waitpid(program->pid, &status, WNOHANG) == program->pid) {
			program->has_ended = true;
			program->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
			return;
		}
		poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

enum err background_start(const char *const argv[], const char *log_path, int64_t timeout_ms,
			  struct background *ret_program, struct buf *detail)
{
	int64_t until_us = clock_mono_us() + timeout_ms * 1000;
	int log_fd = -1;
	int ready[2];
	bool is_in_time;

	*ret_program = (struct background){ 0 };
	if (log_path) {
		log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (log_fd < 0) {
			file_describe(detail, "write", log_path);
			return ERR_OS;
		}
	}
	if (pipe2(ready, O_CLOEXEC) != 0) {
		buf_add_str(detail, strerror(errno));
		return ERR_OS;
	}
	ret_program->pid = fork();
	if (ret_program->pid == 0)
		become(argv, log_fd, ready[1]);
	close(ready[1]);
	if (log_fd >= 0)
		close(log_fd);
	if (ret_program->pid < 0) {
		buf_add_str(detail, strerror(errno));
		close(ready[0]);
		return ERR_OS;
	}
	is_in_time = listen_until(ready[0], until_us, &ret_program->said);
	close(ready[0]);
	if (!slice_starts(buf_slice(&ret_program->said), SLICE("ready")))
		look_for_end(ret_program);
	return is_in_time ? OK : ERR_TIMEOUT;
}

void background_tell(int fd, enum err err, struct slice detail)
{
	struct buf note = { 0 };

	if (fd < 0)
		return;
	if (err == OK) {
		buf_add_lit(&note, "ready\n");
	} else {
		buf_add_str(&note, err_info(err)->code);
		buf_add_lit(&note, ": ");
		buf_add_slice(&note, slice_head(detail, LAST_WORDS_BYTES_MAX));
	}
	child_write(fd, buf_slice(&note));
	close(fd);
	buf_finish(&note);
}

enum err background_find(const char *socket_path, pid_t *ret_pid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	enum err err = ERR_DAEMON_UNREACHABLE;
	int fd;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return ERR_USAGE;
	memcpy(address.sun_path, socket_path, strlen(socket_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_OS;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid > 0) {
		*ret_pid = peer.pid;
		err = OK;
	}
	close(fd);
	return err;
}

/* For kernels without descriptors of processes. */
static enum err stop_by_number(pid_t pid, int64_t until_us)
{
	if (kill(pid, SIGTERM) != 0)
		return errno == ESRCH ? OK : ERR_OS;
	while (clock_mono_us() < until_us) {
		if (kill(pid, 0) != 0 && errno == ESRCH)
			return OK;
		poll(NULL, 0, LOOK_AGAIN_MS);
	}
	return ERR_TIMEOUT;
}

/* By a descriptor of the process, so that another one that gets its number is never meant. */
enum err background_stop(pid_t pid, int64_t timeout_ms)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd gone = { .fd = fd, .events = POLLIN };
	int64_t until_us = clock_mono_us() + timeout_ms * 1000;
	enum err err = OK;

	if (fd < 0 && errno == ENOSYS)
		return stop_by_number(pid, until_us);
	if (fd < 0)
		return errno == ESRCH ? OK : ERR_OS;
	if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) != 0)
		err = errno == ESRCH ? OK : ERR_OS;
	else
		err = ERR_TIMEOUT;
	while (err == ERR_TIMEOUT) {
		int64_t left_us = until_us - clock_mono_us();

		if (left_us <= 0)
			break;
		if (poll(&gone, 1, (int)(left_us / 1000) + 1) > 0)
			err = OK;
	}
	close(fd);
	return err;
}
