/*
 * companion - a program of ours that works for this process, over a socket.
 *
 * It gets the socket as descriptor 3, our stderr, an empty environment and
 * nothing else. It is to end when its socket is closed.
 */
#ifndef SYS_COMPANION_H
#define SYS_COMPANION_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define COMPANION_FD 3

struct companion {
	pid_t pid;		/* 0: none */
	int fd;			/* our end of the socket; closed by exec; blocking */
};

/* ERR_OS with the reason in errno, that of exec included. */
MUST_USE enum err companion_start(const char *program, struct companion *ret_companion);
/* Closes the socket, waits at most so long for its end, then kills it. */
void companion_end(struct companion *companion, int64_t patience_ms);

#endif
