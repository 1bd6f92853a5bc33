/*
 * child - a copy of this process that writes something down, and ends.
 *
 * The copy sees memory as it was at this moment, whatever the parent goes
 * on to change; what it writes comes through a pipe.
 */
#ifndef SYS_CHILD_H
#define SYS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/slice.h"

struct child {
	pid_t pid;
	int fd;			/* what it writes; non-blocking; -1: closed */
};

/*
 * Runs in the copy: only memory and child_write, no descriptor of the
 * parent, no thread. Returns whether all is well.
 */
typedef bool child_fn(void *context, int fd);

MUST_USE enum err child_start(child_fn *fn, void *context, struct child *ret_child);
/* For the copy: all of it, waiting as long as it takes. False when nobody reads. */
bool child_write(int fd, struct slice bytes);
/*
 * For the parent: up to `len` bytes. *ret_len 0 and OK: nothing now, try when the
 * descriptor is readable. *ret_ended: the copy has closed its end.
 */
MUST_USE enum err child_read(struct child *child, void *ret_bytes, size_t len, size_t *ret_len,
			     bool *ret_ended);
/* Ends it if need be and takes its exit status: true when it said that all is well. */
bool child_finish(struct child *child, bool kill_it);

#endif
