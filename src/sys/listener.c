#include "sys/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/files.h"

#define BACKLOG 4096		/* the kernel's own limit in most installations */

union address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

void listener_close(struct listener *listener)
{
	struct stat found;

	if (listener->fd >= 0)
		close(listener->fd);
	/* Somebody may have put a socket of their own there. */
	if (listener->path && listener->inode && lstat(listener->path, &found) == 0 &&
	    found.st_dev == listener->device && found.st_ino == listener->inode)
		unlink(listener->path);
	if (listener->lock_fd >= 0)
		close(listener->lock_fd);
	free(listener->path);
	*listener = LISTENER_NONE;
}

static enum err fail(struct listener *listener, enum err err, const char *verb, const char *name,
		     struct buf *detail)
{
	file_describe(detail, verb, name);
	listener_close(listener);
	return err;
}

/* ---- Unix ---- */

/*
 * Two daemons that start at once must not both find the old socket file
 * dead and replace each other's new one; the lock lets one of them look.
 */
static enum err lock_path(struct listener *listener, struct buf *detail)
{
	struct buf path = { 0 };
	enum err err;

	buf_add_str(&path, listener->path);
	buf_add_lit(&path, ".lock");
	err = file_lock(buf_str(&path), &listener->lock_fd);
	if (err == ERR_STORAGE_BUSY) {
		buf_add_lit(detail, "another daemon uses ");
		buf_add_str(detail, listener->path);
		listener_close(listener);
		err = ERR_DAEMON_RUNNING;
	} else if (err) {
		err = fail(listener, ERR_OS, "lock", buf_str(&path), detail);
	}
	buf_finish(&path);
	return err;
}

/* Whether somebody takes connections there. A full backlog is somebody too. */
static bool somebody_listens(const union address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int connected, reason;

	if (fd < 0)
		return true;
	connected = connect(fd, &address->any, sizeof(address->local));
	reason = errno;
	close(fd);
	return connected == 0 || (reason != ECONNREFUSED && reason != ENOENT);
}

/*
 * Where everybody may write and no sticky bit keeps apart whose is whose,
 * anybody could put a socket of his own in the place of ours, and be told what
 * was meant for us.
 */
static enum err check_folder(struct listener *listener, struct buf *detail)
{
	struct slice parent = file_folder_of(listener->path);
	char *folder = alloc_copy(parent.ptr, parent.len);
	struct stat found;
	enum err err = OK;

	if (stat(folder, &found) != 0) {
		err = fail(listener, ERR_OS, "look at", folder, detail);
	} else if ((found.st_mode & S_IWOTH) && !(found.st_mode & S_ISVTX)) {
		buf_add_lit(detail, "everybody may write to ");
		buf_add_str(detail, folder);
		buf_add_lit(detail, ", and put another socket in the place of this one: "
				    "take that right away (chmod o-w), or name another path");
		listener_close(listener);
		err = ERR_USAGE;
	}
	free(folder);
	return err;
}

static enum err clear_path(struct listener *listener, const union address *address,
			   struct buf *detail)
{
	struct stat found;

	if (lstat(listener->path, &found) != 0)
		return errno == ENOENT ? OK : fail(listener, ERR_OS, "look at", listener->path,
						   detail);
	if (!S_ISSOCK(found.st_mode)) {
		buf_add_str(detail, listener->path);
		buf_add_lit(detail, " exists and is not a socket: move it away, or name another path");
		listener_close(listener);
		return ERR_USAGE;
	}
	if (somebody_listens(address)) {
		buf_add_lit(detail, "another program listens on ");
		buf_add_str(detail, listener->path);
		listener_close(listener);
		return ERR_DAEMON_RUNNING;
	}
	if (unlink(listener->path) != 0 && errno != ENOENT)
		return fail(listener, ERR_OS, "replace", listener->path, detail);
	return OK;
}

static bool bind_private(int fd, const union address *address)
{
	/* A socket file takes its mode from the mask alone, from its first moment on. */
	mode_t before = umask(0177);
	bool is_bound = bind(fd, &address->any, sizeof(address->local)) == 0;
	int saved = errno;

	umask(before);
	errno = saved;
	return is_bound;
}

enum err listen_unix(const char *path, struct buf *detail, struct listener *ret_listener)
{
	struct listener listener = LISTENER_NONE;
	union address address = { .local = { .sun_family = AF_UNIX } };
	size_t len = strlen(path);
	struct stat made;
	enum err err;

	if (len == 0 || len >= sizeof(address.local.sun_path)) {
		buf_add_lit(detail, "the path of a Unix socket may take ");
		buf_add_u64(detail, sizeof(address.local.sun_path) - 1);
		buf_add_lit(detail, " bytes, and this one takes ");
		buf_add_u64(detail, len);
		return ERR_USAGE;
	}
	memcpy(address.local.sun_path, path, len + 1);
	listener.path = alloc_copy(path, len);
	err = check_folder(&listener, detail);
	if (!err)
		err = lock_path(&listener, detail);
	if (!err)
		err = clear_path(&listener, &address, detail);
	if (err)
		return err;
	listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener.fd < 0 || !bind_private(listener.fd, &address))
		return fail(&listener, ERR_OS, "make a socket at", path, detail);
	if (lstat(path, &made) != 0 || listen(listener.fd, BACKLOG) != 0)
		return fail(&listener, ERR_OS, "listen on", path, detail);
	listener.device = made.st_dev;
	listener.inode = made.st_ino;
	*ret_listener = listener;
	return OK;
}

/* ---- TCP ---- */

static bool is_loopback(const union address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

/* Host and port of an address; the host of IPv6 stands in brackets. */
static bool parse_address(struct slice text, union address *ret_address, socklen_t *ret_len)
{
	union address address = { 0 };
	char host[INET6_ADDRSTRLEN];
	size_t host_len = text.len;
	int64_t port;

	while (host_len > 0 && text.ptr[host_len - 1] != ':')
		host_len--;
	if (host_len < 2 || host_len > sizeof(host) ||
	    !slice_to_i64(slice_from(text, host_len), &port) || port < 0 || port > 65535)
		return false;
	memcpy(host, text.ptr, host_len - 1);
	host[host_len - 1] = '\0';
	if (host[0] == '[' && host[host_len - 2] == ']') {
		host[host_len - 2] = '\0';
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(address.v6);
		*ret_address = address;
		return inet_pton(AF_INET6, host + 1, &ret_address->v6.sin6_addr) == 1;
	}
	address.v4.sin_family = AF_INET;
	address.v4.sin_port = htons((uint16_t)port);
	*ret_len = sizeof(address.v4);
	*ret_address = address;
	return inet_pton(AF_INET, slice_is_str(SLICE("localhost"), host) ? "127.0.0.1" : host,
			 &ret_address->v4.sin_addr) == 1;
}

static int port_of(int fd)
{
	union address address = { 0 };
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) != 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port
						      : address.v6.sin6_port);
}

enum err listen_tcp(const char *text, struct buf *detail, struct listener *ret_listener)
{
	struct listener listener = LISTENER_NONE;
	union address address;
	socklen_t len;
	const int on = 1;

	if (!parse_address(slice_of_str(text), &address, &len)) {
		buf_add_str(detail, text);
		buf_add_lit(detail, " is not an address like 127.0.0.1:8700 or [::1]:8700");
		return ERR_USAGE;
	}
	if (!is_loopback(&address)) {
		buf_add_str(detail, text);
		buf_add_lit(detail, " is not a loopback address: who can connect can command, "
				    "so other machines are not let in");
		return ERR_USAGE;
	}
	listener.fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener.fd < 0)
		return fail(&listener, ERR_OS, "make a socket for", text, detail);
	/* Accepted sockets inherit both options. */
	if (setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(listener.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    bind(listener.fd, &address.any, len) != 0 || listen(listener.fd, BACKLOG) != 0)
		return fail(&listener, errno == EADDRINUSE ? ERR_DAEMON_RUNNING : ERR_OS,
			    "listen on", text, detail);
	listener.port = port_of(listener.fd);
	*ret_listener = listener;
	return OK;
}
