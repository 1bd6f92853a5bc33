/*
 * background - programs that go on when we end, and finding them again.
 */
#ifndef SYS_BACKGROUND_H
#define SYS_BACKGROUND_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* The descriptor on which the program says that it is ready: one line, then it closes it. */
#define BACKGROUND_READY_FD 3

struct background {
	pid_t pid;
	struct buf said;		/* on the ready descriptor, up to its end */
	bool has_ended;
	int exit_status;		/* when it has ended; -1: a signal did it */
};

/*
 * Starts the program in a session of its own, without our terminal and with
 * no descriptor but /dev/null, the log file (NULL: /dev/null) as output, and
 * the ready descriptor. Waits until it has said something and closed that, has
 * ended, or the time is over (ERR_TIMEOUT; it goes on running). Call
 * buf_finish(&said).
 */
MUST_USE enum err background_start(const char *const argv[], const char *log_path,
				   int64_t timeout_ms, struct background *ret_program,
				   struct buf *detail);

/*
 * For the program itself: says on `fd` that it is ready, or its last words, and
 * closes it. Nothing when `fd` is negative: then nobody waits.
 */
void background_tell(int fd, enum err err, struct slice detail);

/* The process that listens on a Unix socket. ERR_DAEMON_UNREACHABLE when nobody does. */
MUST_USE enum err background_find(const char *socket_path, pid_t *ret_pid);

/*
 * TERM, then waits until it is gone. ERR_TIMEOUT when it is not in time; ERR_OS
 * with errno (EPERM, ESRCH).
 */
MUST_USE enum err background_stop(pid_t pid, int64_t timeout_ms);

#endif
