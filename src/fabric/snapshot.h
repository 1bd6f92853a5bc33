/*
 * snapshot - the durable part of a state as bytes, always the same bytes for
 * the same state.
 *
 * A state that was loaded decides exactly like one that was folded: what is
 * volatile is built again, in the order in which folding would have.
 */
#ifndef FABRIC_SNAPSHOT_H
#define FABRIC_SNAPSHOT_H

#include "fabric/state.h"

#define SNAPSHOT_VERSION 3
#define SNAPSHOT_VERSION_GOVERNOR 2	/* of states below FEATURE_CHASSIS */
#define SNAPSHOT_VERSION_FIRST 1	/* of states below FEATURE_GOVERNOR */

/* Takes the next bytes, 64 KiB or so at a time. */
typedef void state_sink_fn(void *context, struct slice bytes);

void state_save(const struct state *state, state_sink_fn *sink, void *context);

/*
 * Into a state that was just initialised. ERR_LEDGER_TOO_NEW: of a newer
 * version; ERR_LEDGER_CORRUPT: not a snapshot. The state is then to be
 * finished and not used.
 */
MUST_USE enum err state_load(struct state *state, struct slice bytes);

/*
 * The first thing that must be true of every state and is not, or NULL.
 * Takes time in proportion to the state: for tests, debug builds and after
 * loading.
 */
const char *state_flaw(const struct state *state);
/* Ends the process when there is one. */
void state_check(const struct state *state);

#endif
