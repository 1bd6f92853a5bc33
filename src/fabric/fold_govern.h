/*
 * fold_govern - what the governor's events and the ends of claims do to the
 * state.
 */
#ifndef FABRIC_FOLD_GOVERN_H
#define FABRIC_FOLD_GOVERN_H

#include "fabric/event.h"
#include "fabric/state.h"

typedef bool fold_fn(struct state *state, const struct event *event);

fold_fn fold_capability_defined, fold_policy_applied, fold_policy_set, fold_policy_ruled,
	fold_policy_violated, fold_claim_approved, fold_budget_set, fold_budget_reached,
	fold_budget_renewed, fold_price_set, fold_cost_charged, fold_claim_stop_asked,
	fold_claim_stop_lifted,
	fold_breaker_opened, fold_breaker_half_opened, fold_breaker_closed, fold_swarm_profiled,
	fold_weight_changed, fold_escalation_raised, fold_escalation_delivered,
	fold_escalation_undelivered, fold_escalation_acked, fold_escalation_resolved;

/* A claim begins: false when its reservation fits into no budget that it draws on. */
bool govern_claim_begins(struct state *state, uint32_t claim, const struct ev_task_claimed *of);
/* A claim ends like this: reservations are free again, and the outcome is learnt from. */
void govern_claim_ends(struct state *state, uint32_t claim, enum attempt_end end, int64_t at_us);

#endif
