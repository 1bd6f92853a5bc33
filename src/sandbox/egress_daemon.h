/*
 * egress_daemon - what the proxy says to and asks of the coordinators whose
 * supervisors use it: requests go on record there, and tokens are checked.
 *
 * The record of the proxy itself is complete and comes first (egress_note);
 * what a coordinator does not take is missing in its ledger only, and the
 * log says so.
 */
#ifndef SANDBOX_EGRESS_DAEMON_H
#define SANDBOX_EGRESS_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "sys/loop.h"

#define EGRESS_DAEMONS_MAX 64		/* a coordinator for each project of a user */
#define EGRESS_DAEMON_NOTES_MAX 10000	/* that wait for one; some minutes of many swarms */

struct egress_daemons;
struct egress_daemon;

struct egress_daemons *egress_daemons_create(struct loop *loop);
/* What waits is let go of. Takes NULL. */
void egress_daemons_destroy(struct egress_daemons *daemons);
/* Whether nothing waits for a coordinator. */
bool egress_daemons_are_quiet(const struct egress_daemons *daemons);

/* The coordinator at an address (client/address.h), kept for the next who names it. */
MUST_USE enum err egress_daemon_at(struct egress_daemons *daemons, struct slice address,
				   struct egress_daemon **ret_daemon, struct buf *detail);

/* A request for the record: the body of `chassis note-request`. Both are copied. */
void egress_daemon_note(struct egress_daemon *daemon, struct slice swarm, struct slice body);

struct egress_check;

/* OK, or why the token does not hold: valid during the call back only. */
typedef void egress_check_fn(void *context, enum err err, struct slice detail);

/*
 * Asks whether a token is good: the body of `chassis credential-check`, which is copied.
 * Calls back later, never from inside. NULL when there is no memory or descriptor.
 */
struct egress_check *egress_check_start(struct egress_daemon *daemon, struct slice body,
					egress_check_fn *fn, void *context);
/* Ends it without a call back. Takes NULL. */
void egress_check_drop(struct egress_check *check);

#endif
