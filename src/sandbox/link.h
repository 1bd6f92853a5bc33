/*
 * link - one end of a socket on which frames and descriptors come and go.
 */
#ifndef SANDBOX_LINK_H
#define SANDBOX_LINK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "sandbox/wire.h"

#define LINK_FDS_MAX 2

struct link {
	int fd;				/* not owned; blocking or not */
	size_t tail_max;		/* of a frame that may come */
	struct buf come;
	size_t taken;			/* of it, by frames that were given out */
	int fds[LINK_FDS_MAX];		/* that came, and that nobody took; -1: none */
	bool has_ended;			/* the other end is closed */
};

void link_init(struct link *link, int fd, size_t tail_max);
/* Closes the descriptors that nobody took, not the socket. */
void link_finish(struct link *link);

/* One receive; sets has_ended. ERR_OS: errno says why; EAGAIN is none. */
MUST_USE enum err link_receive(struct link *link);
/*
 * The next whole frame of what has come, WIRE_NONE when there is none yet. Good until the next
 * receive. Errors as in wire_cut: the other end does not keep to the protocol.
 */
MUST_USE enum err link_next(struct link *link, struct wire_frame *ret_frame);
/* Receives until a frame is there. ERR_OS also when the other end is closed. */
MUST_USE enum err link_wait(struct link *link, struct wire_frame *ret_frame);
/* Takes one of the descriptors that came; -1 when there is none. */
int link_take_fd(struct link *link);

/* Sends all of it, waiting if it must; descriptors go with its first byte. */
MUST_USE enum err link_send(int fd, struct slice bytes, const int *fds, size_t count);
/* Sends one message without descriptors and tail. */
MUST_USE enum err link_say(int fd, enum wire_kind kind, const void *message);

#endif
