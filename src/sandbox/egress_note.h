/*
 * egress_note - the record of what was asked of the world: one line of JSON
 * for each request, refused ones too, without anything secret.
 *
 * What cannot be recorded is not asked for: while a line does not fit on
 * the disk, requests are refused.
 */
#ifndef SANDBOX_EGRESS_NOTE_H
#define SANDBOX_EGRESS_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "sandbox/egress_daemon.h"
#include "sandbox/egress_message.h"

struct egress_notes {
	int fd;
	struct buf pending;		/* not written yet */
};

/* One request; texts are the caller's. */
struct egress_note {
	const struct egress_who *who;
	const struct egress_asked *asked;
	int64_t at_us;			/* since 1970; when it was asked */
	int64_t duration_us;
	int rule;			/* of the contract, or CONTRACT_NO_RULE */
	struct slice secrets;		/* names, parted by blanks */
	struct slice address;		/* connected to */
	enum err err;			/* OK: answered with `status`, or dropped */
	bool is_dropped;		/* whoever asked went away before there was an answer */
	int status;
	size_t answer_bytes;
};

/* Appends to a file of mode 0600. */
MUST_USE enum err egress_notes_open(const char *path, struct egress_notes *ret_notes);
void egress_notes_close(struct egress_notes *notes);
/* Whether all that was noted is written; tries again what was not. */
bool egress_notes_are_kept(struct egress_notes *notes);
/* The one place through which all of it goes: into the file, and to the coordinator if there is one. */
void egress_note_add(struct egress_notes *notes, const struct egress_note *note,
		     struct egress_daemon *daemon);

#endif
