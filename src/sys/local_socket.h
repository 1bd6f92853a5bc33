/*
 * local_socket - the other end of a Unix socket: connecting, accepting, and
 * messages that are sent and received whole.
 */
#ifndef SYS_LOCAL_SOCKET_H
#define SYS_LOCAL_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/slice.h"

/* Blocking, closed by exec. ERR_DAEMON_UNREACHABLE when nobody listens, ERR_OS with errno. */
MUST_USE enum err local_socket_connect(const char *path, int *ret_fd);

/*
 * Takes the next connection of a listening socket of any family, without waiting;
 * it does not block, and is closed by exec. False: none is there (errno says why).
 */
MUST_USE bool local_socket_accept(int listening_fd, int *ret_fd);
/* Accepting failed for want of descriptors: try again after this long, a listener stays ready. */
#define LOCAL_SOCKET_PAUSE_US 200000
/* Lets this process have as many descriptors as its hard limit says. */
void local_socket_raise_limit(void);
/* Who is at the other end of a Unix socket. False when it cannot be told. */
MUST_USE bool local_socket_peer(int fd, uid_t *ret_uid, pid_t *ret_pid);
/* Whether that is a process of our own user. */
bool local_socket_is_ours(int fd);

/*
 * All of it, within the time (negative: as long as it takes), with poll, read
 * and write alone. ERR_TIMEOUT, or ERR_OS: the other end is gone.
 */
MUST_USE enum err local_socket_send(int fd, struct slice bytes, int64_t timeout_ms);
MUST_USE enum err local_socket_receive(int fd, void *ret_bytes, size_t len, int64_t timeout_ms);

#endif
