/*
 * standing - how a swarm stands with what it promised: what the match, the
 * breaker and people ask of it. Changes nothing.
 */
#ifndef FABRIC_STANDING_H
#define FABRIC_STANDING_H

#include "fabric/state.h"

/* What a claim that ends like this adds to its swarm's window. */
struct slo_outcome standing_outcome(const struct claim *claim, enum attempt_end end, int64_t at_us);

/*
 * What the match counts. A swarm without a contract has promised nothing and
 * has all of it: what became of its work is in the expected success already.
 * By the day of the last event, so that it changes with events only.
 */
int64_t standing_reputation(const struct state *state, uint32_t swarm);

/* Whether the contract will, with this outcome, have been broken for so long that the breaker opens. */
bool standing_trips(const struct state *state, uint32_t swarm, const struct slo_outcome *next);

#endif
