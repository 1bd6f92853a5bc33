/*
 * flight - which command was being decided when the daemon crashed.
 *
 * A page of a file that is mapped into memory: what is written there
 * survives the process without any system call. A command that was on it
 * at two crashes is not run again.
 */
#ifndef DAEMON_FLIGHT_H
#define DAEMON_FLIGHT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "fabric/command.h"

#define FLIGHT_KEY_BYTES 136	/* a key, or fp- and a fingerprint */
#define FLIGHT_SUSPECTS 16

struct flight_page;

struct flight {
	struct flight_page *page;	/* NULL: nothing is recorded */
};

/* Maps the file, making it when there is none. Without it the daemon runs all the same. */
void flight_open(struct flight *flight, const char *path);
void flight_close(struct flight *flight);

/* Around each decision. */
void flight_enter(struct flight *flight, const struct command *command);
void flight_leave(struct flight *flight);

/*
 * After a start: the command that was being decided when the last process
 * ended, when that was the second time; empty otherwise. Valid until close.
 */
struct slice flight_culprit(struct flight *flight);

#endif
