/*
 * outcome - how a run ended, made of what its process said and how that ended.
 *
 * What the process said may be a lie; how it ended, and what it used of the
 * machine, the system says.
 */
#ifndef SANDBOX_OUTCOME_H
#define SANDBOX_OUTCOME_H

#include "sandbox/runner.h"
#include "sandbox/wire.h"

void outcome_take_end(struct outcome *outcome, const struct wire_end *end, struct slice result);
/* Its process did not keep to the protocol. */
void outcome_take_breach(struct outcome *outcome);
/* `was_late`: it was killed because it had not ended at its deadline. */
void outcome_take_exit(struct outcome *outcome, const struct wire_exited *exited, bool has_end,
		       bool was_late);
void outcome_finish(struct outcome *outcome);

#endif
