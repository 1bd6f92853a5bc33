#include "sys/local_socket.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/clock.h"

enum err local_socket_connect(const char *path, int *ret_fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_un local;
	} address = { .local.sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd, saved;

	if (len >= sizeof(address.local.sun_path)) {
		errno = ENAMETOOLONG;
		return ERR_OS;
	}
	memcpy(address.local.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_OS;
	if (connect(fd, &address.any, sizeof(address.local)) == 0) {
		*ret_fd = fd;
		return OK;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return saved == ENOENT || saved == ECONNREFUSED ? ERR_DAEMON_UNREACHABLE : ERR_OS;
}

bool local_socket_accept(int listening_fd, int *ret_fd)
{
	int fd;

	do {
		fd = accept4(listening_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd >= 0)
		*ret_fd = fd;
	return fd >= 0;
}

void local_socket_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* With fewer it works as well, for fewer at once. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

bool local_socket_peer(int fd, uid_t *ret_uid, pid_t *ret_pid)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || peer.uid == (uid_t)-1)
		return false;
	*ret_uid = peer.uid;
	*ret_pid = peer.pid;
	return true;
}

bool local_socket_is_ours(int fd)
{
	uid_t uid;
	pid_t pid;

	return local_socket_peer(fd, &uid, &pid) && uid == geteuid();
}

/* Waits until the descriptor is ready for `events`. */
static enum err wait_ready(int fd, short events, int64_t until_us)
{
	struct pollfd polled = { .fd = fd, .events = events };
	int found;

	do {
		int64_t left_ms = -1;

		if (until_us != INT64_MAX) {
			left_ms = (until_us - clock_mono_us() + 999) / 1000;
			if (left_ms <= 0)
				return ERR_TIMEOUT;
		}
		found = poll(&polled, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
	} while (found == 0 || (found < 0 && errno == EINTR));
	return found < 0 ? ERR_OS : OK;
}

static int64_t until(int64_t timeout_ms)
{
	return timeout_ms < 0 ? INT64_MAX : clock_mono_us() + timeout_ms * 1000;
}

enum err local_socket_send(int fd, struct slice bytes, int64_t timeout_ms)
{
	int64_t until_us = until(timeout_ms);

	while (bytes.len) {
		enum err err = wait_ready(fd, POLLOUT, until_us);
		ssize_t put = err == OK ? write(fd, bytes.ptr, bytes.len) : 0;

		if (err != OK)
			return err;
		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return ERR_OS;
		if (put > 0)
			bytes = slice_from(bytes, (size_t)put);
	}
	return OK;
}

enum err local_socket_receive(int fd, void *ret_bytes, size_t len, int64_t timeout_ms)
{
	int64_t until_us = until(timeout_ms);
	char *at = ret_bytes;

	while (len) {
		enum err err = wait_ready(fd, POLLIN, until_us);
		ssize_t got = err == OK ? read(fd, at, len) : 0;

		if (err != OK)
			return err;
		if (got == 0)
			errno = ECONNRESET;
		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			return ERR_OS;
		if (got > 0) {
			at += got;
			len -= (size_t)got;
		}
	}
	return OK;
}
