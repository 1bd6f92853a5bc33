/*
 * listener - the sockets a program listens on: a Unix socket that only
 * its owner may use, and TCP on loopback, nowhere else.
 */
#ifndef SYS_LISTENER_H
#define SYS_LISTENER_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

struct listener {
	int fd;				/* -1: none; neither blocks nor is inherited */
	int port;			/* TCP; 0: a Unix socket */
	char *path;			/* Unix socket; NULL: TCP */
	int lock_fd;			/* held as long as the path is ours; -1 with TCP */
	dev_t device;			/* of the socket file that we made */
	ino_t inode;
};

#define LISTENER_NONE ((struct listener){ .fd = -1, .lock_fd = -1 })

/*
 * Listens on `path`, mode 0600. A socket file that nobody listens on any more
 * is replaced. On failure `detail` gets the reason: ERR_USAGE, ERR_DAEMON_RUNNING, ERR_OS.
 */
MUST_USE enum err listen_unix(const char *path, struct buf *detail, struct listener *ret_listener);

/* Listens on 127.x.y.z:port, localhost:port or [::1]:port; port 0 takes any that is free. */
MUST_USE enum err listen_tcp(const char *address, struct buf *detail,
			     struct listener *ret_listener);

/* The socket file is removed when it is still the one we made. */
void listener_close(struct listener *listener);

#endif
