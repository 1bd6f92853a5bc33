/*
 * decide_chassis - what the chassis adds to decisions: credentials that come
 * with a claim, and what runs cost.
 */
#ifndef FABRIC_DECIDE_CHASSIS_H
#define FABRIC_DECIDE_CHASSIS_H

#include "fabric/decide.h"

/* A credential that is to be minted for a claim. */
struct credential_order {
	struct slice board, task, swarm;
	int64_t fence;
	int64_t ttl_ms;
	int64_t most_us;		/* the claim's longest time */
	struct slice_list endpoints;
};
void decide_mint(struct decision *decision, const struct credential_order *order);

/* After task.claimed: a credential for what the swarm's contract has secrets for. */
void decide_claim_credential(struct decision *decision, const struct ev_task_claimed *of,
			     uint64_t fence, uint32_t swarm);

/* A lookup that refuses. */
MUST_USE enum err decide_module(struct decision *decision, struct slice id, uint32_t *ret_module);

/*
 * After run.reported: the time that it took, at what an hour of the swarm
 * costs. Nothing when nobody said what that is. The claim is NULL when it is
 * over.
 */
void decide_charge_run(struct decision *decision, uint32_t task, uint32_t swarm,
		       const struct claim *claim, int64_t fence, int64_t wall_us);

#endif
