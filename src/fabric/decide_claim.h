/*
 * decide_claim - what the decisions about claims share.
 */
#ifndef FABRIC_DECIDE_CLAIM_H
#define FABRIC_DECIDE_CLAIM_H

#include "fabric/decide.h"

/* The first four fields of every event about a claim. */
#define NAME_CLAIM(decision, task_index, of)                                                       \
	do {                                                                                       \
		const struct claim *named_ = state_claim(                                          \
			(decision)->state, state_task((decision)->state, (task_index))->claim);    \
		decision_name_task((decision), (task_index), &(of)->board, &(of)->task);           \
		(of)->swarm = state_swarm((decision)->state, named_->swarm)->id;                   \
		(of)->fence = (int64_t)named_->fence;                                              \
	} while (0)

/* Members of a refusal: who has the task, and until when. */
void claim_tell_holder(struct decision *decision, const struct task *task);

/* A task that was claimed has no open dependency, unless its plan changed meanwhile. */
static inline bool claim_leaves_free(const struct decision *decision, const struct task *task,
			  int64_t not_before_us)
{
	return task->open_deps == 0 && task->blockers_open == 0 &&
	       not_before_us <= decision->now_us;
}

/* The task that the token is of; refuses before anything else that a holder says is looked at. */
MUST_USE enum err claim_held_task(struct decision *decision, struct slice board, struct slice id,
				  int64_t fence, uint32_t *ret_task);

#endif
