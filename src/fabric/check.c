/*
 * What must be true of every state.
 */
#include "base/ensure.h"
#include "fabric/snapshot.h"

static void check_task(const struct state *state, uint32_t index)
{
	const struct task *task = state_task(state, index);
	uint32_t open = 0;

	ENSURE(task->board < state->boards.count);
	ENSURE(state_find_task(state, task->board, task_id(task)) == index);
	for (uint32_t i = 0; i < task->dep_count; i++)
		open += state_task(state, task->deps[i])->state != TASK_DONE;
	ENSURE(open == task->open_deps);
	/* Claimed means held by exactly one live claim; a blocker may keep a claim or not. */
	ENSURE(task->state != TASK_CLAIMED || task->claim != INDEX_NONE);
	ENSURE(task->claim == INDEX_NONE || task->state == TASK_CLAIMED ||
	       task->state == TASK_HELD);
	ENSURE((task->state == TASK_HELD) <= (task->blockers_open > 0));
	/* Dependency order: what can be worked on waits for nothing. */
	ENSURE(task->state != TASK_READY || (open == 0 && task->blockers_open == 0));
	ENSURE(task_has_ended(task) == (task->outcome != NULL));
}

static void check_claim(const struct state *state, uint32_t index)
{
	const struct claim *claim = state_claim(state, index);

	if (claim->task == INDEX_NONE)
		return;
	ENSURE(state_task(state, claim->task)->claim == index);
	ENSURE(claim->swarm < state->swarms.count);
	ENSURE(claim->fence > 0 && claim->fence <= state->last_event);
	ENSURE(claim->lease_until_us <= claim->claim_until_us);
}

static void check_swarm(const struct state *state, uint32_t index, uint32_t *claims)
{
	const struct swarm *swarm = state_swarm(state, index);
	uint32_t count = 0, held = 0;

	for (uint32_t at = swarm->first_claim; at != INDEX_NONE;
	     at = state_claim(state, at)->next_of_swarm) {
		const struct claim *claim = state_claim(state, at);

		ENSURE(claim->swarm == index);
		ENSURE(++count <= state->live_claims);
		held += state_task(state, claim->task)->state == TASK_HELD;
	}
	ENSURE(count == swarm->claim_count && held == swarm->held_count);
	*claims += count;
	for (size_t i = swarm->inbox_first; i < swarm->inbox_count; i++)
		ENSURE(state_find_message(state, swarm->inbox[i]) != INDEX_NONE);
}

void state_check(const struct state *state)
{
	uint32_t in_state[TASK_STATE_COUNT] = { 0 };
	uint32_t claims = 0;

	for (uint32_t i = 0; i < state->tasks.count; i++) {
		check_task(state, i);
		in_state[state_task(state, i)->state]++;
	}
	for (int i = 0; i < TASK_STATE_COUNT; i++)
		ENSURE(in_state[i] == state->in_state[i]);
	for (uint32_t i = 0; i < state->claims.count; i++)
		check_claim(state, i);
	for (uint32_t i = 0; i < state->swarms.count; i++)
		check_swarm(state, i, &claims);
	ENSURE(claims == state->live_claims);
	for (size_t i = 1; i < state->note_count; i++)
		ENSURE(slice_compare(state->notes[i - 1]->key, state->notes[i]->key) < 0);
}
