#include "fabric/fold_task.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/text.h"
#include "fabric/fold_chassis.h"
#include "fabric/fold_govern.h"

/* Every end of a claim: what the governor makes of it, then the claim itself. */
static void drop_claim(struct state *state, uint32_t claim, enum attempt_end end, int64_t at_us)
{
	govern_claim_ends(state, claim, end, at_us);
	chassis_claim_ends(state, claim, end, at_us);
	state_claim_drop(state, claim);
}

uint32_t fold_task_of(const struct state *state, struct slice board, struct slice task)
{
	uint32_t on = state_find_board(state, board);

	return on == INDEX_NONE ? INDEX_NONE : state_find_task(state, on, task);
}

bool fold_task_step(struct state *state, uint32_t index, const struct event *event)
{
	enum task_state from = (enum task_state)state_task(state, index)->state;
	enum task_state to;

	if (!lifecycle_step(&state->lifecycle, from, event->type, &to))
		return false;
	if (to != from)
		state_task_move(state, index, to);
	return true;
}

/* The live claim that the event is about, or INDEX_NONE. */
static uint32_t claim_of(const struct state *state, uint32_t task, int64_t fence)
{
	uint32_t claim = state_task(state, task)->claim;

	if (claim == INDEX_NONE || state_claim(state, claim)->fence != (uint64_t)fence)
		return INDEX_NONE;
	return claim;
}

static void set_outcome(struct task *task, const struct task_outcome *outcome, int64_t at_us)
{
	struct buf bytes = { 0 };

	schema_encode(&task_outcome_schema, outcome, &bytes);
	free(task->outcome);
	task->outcome = alloc_copy(bytes.ptr, bytes.len);
	task->outcome_len = (uint32_t)bytes.len;
	task->ended_at_us = at_us;
	buf_finish(&bytes);
}

static void clear_outcome(struct task *task)
{
	free(task->outcome);
	task->outcome = NULL;
	task->outcome_len = 0;
	task->ended_at_us = 0;
}

static bool spec_fits(const struct state *state, uint32_t board, const struct task_spec *spec)
{
	for (size_t i = 0; i < spec->deps.count; i++)
		if (state_find_task(state, board, spec->deps.items[i]) == INDEX_NONE)
			return false;
	return true;
}

/*
 * A plan may name a dependency before it lists it: the task is then added
 * without it, and task.changed brings it once it is there.
 */
FOLD(task_added)
{
	const struct ev_task_added *of = &event->of.task_added;
	uint32_t board = state_find_board(state, of->board);
	uint32_t index;

	if (board == INDEX_NONE || !id_is_valid(of->task) ||
	    state_find_task(state, board, of->task) != INDEX_NONE ||
	    !spec_fits(state, board, &event->spec))
		return false;
	index = state_add_task(state, board, of->task);
	state_task(state, index)->added_no = event->number;
	state_task(state, index)->not_before_us = event->spec.not_before;
	state_spec_set(state, index, &event->spec);
	if (event->spec.not_before > event->at_us && state_task(state, index)->open_deps == 0)
		state_task_move(state, index, TASK_DELAYED);
	return true;
}

FOLD(task_changed)
{
	const struct ev_task_changed *of = &event->of.task_changed;
	uint32_t index = fold_task_of(state, of->board, of->task);
	struct task *task;

	if (index == INDEX_NONE ||
	    !spec_fits(state, state_task(state, index)->board, &event->spec) ||
	    !fold_task_step(state, index, event))
		return false;
	task = state_task(state, index);
	arena_reset(&state->scratch);
	task->not_before_us = task_rests_until(task, &state->scratch, &event->spec);
	state_spec_set(state, index, &event->spec);
	if (task->state == TASK_BLOCKED && task->not_before_us > event->at_us &&
	    task->open_deps == 0)
		state_task_move(state, index, TASK_DELAYED);
	return true;
}

FOLD(task_ready)
{
	uint32_t index = fold_task_of(state, event->of.task_ready.board, event->of.task_ready.task);
	struct task *task;

	if (index == INDEX_NONE)
		return false;
	task = state_task(state, index);
	if (task->open_deps || task->blockers_open || task->not_before_us > event->at_us)
		return false;
	task->ready_no = event->number;
	task->ready_at_us = event->at_us;
	return fold_task_step(state, index, event);
}

static bool start_claim(struct state *state, uint32_t index, uint32_t swarm,
			const struct event *event)
{
	const struct ev_task_claimed *of = &event->of.task_claimed;
	uint32_t at = state_claim_add(state, index, swarm, of->paths);
	struct claim *claim = state_claim(state, at);

	claim->fence = event->number;
	claim->claimed_at_us = event->at_us;
	claim->lease_ms = of->lease_ms;
	claim->lease_until_us = of->lease_until;
	claim->claim_until_us = of->claim_until;
	claim->attempt = (uint32_t)of->attempt;
	claim->imported = of->imported != 0;
	state_lease_timer(state, at, of->lease_until);
	return govern_claim_begins(state, at, of);
}

FOLD(task_claimed)
{
	const struct ev_task_claimed *of = &event->of.task_claimed;
	uint32_t index = fold_task_of(state, of->board, of->task);
	uint32_t swarm = state_find_swarm(state, of->swarm);
	struct task *task;

	if (index == INDEX_NONE || of->attempt < 0 || of->attempt > UINT16_MAX ||
	    of->lease_until > of->claim_until || of->lease_until < event->at_us)
		return false;
	if (swarm == INDEX_NONE) {
		if (!of->imported || !id_is_valid(of->swarm))
			return false;
		swarm = state_swarm_of_name(state, of->swarm);
	}
	task = state_task(state, index);
	if (task->claim != INDEX_NONE) {
		struct claim *taken = state_claim(state, task->claim);

		if (!taken->imported || taken->swarm != swarm)
			return false;
		drop_claim(state, task->claim, ATTEMPT_GIVEN_BACK, event->at_us);
	}
	if (!fold_task_step(state, index, event))
		return false;
	task->attempts = (uint16_t)of->attempt;
	return start_claim(state, index, swarm, event);
}

FOLD(task_extended)
{
	const struct ev_task_extended *of = &event->of.task_extended;
	uint32_t index = fold_task_of(state, of->board, of->task);
	uint32_t claim = index == INDEX_NONE ? INDEX_NONE : claim_of(state, index, of->fence);

	if (claim == INDEX_NONE || of->lease_until < event->at_us ||
	    of->lease_until > state_claim(state, claim)->claim_until_us)
		return false;
	state_claim(state, claim)->lease_ms = of->lease_ms;
	state_claim(state, claim)->lease_until_us = of->lease_until;
	state_lease_timer(state, claim, of->lease_until);
	return fold_task_step(state, index, event);
}

FOLD(task_progressed)
{
	const struct ev_task_progressed *of = &event->of.task_progressed;
	uint32_t index = fold_task_of(state, of->board, of->task);
	uint32_t at = index == INDEX_NONE ? INDEX_NONE : claim_of(state, index, of->fence);
	struct claim *claim;

	if (at == INDEX_NONE || of->percent > 100)
		return false;
	claim = state_claim(state, at);
	if (of->lease_until < claim->lease_until_us || of->lease_until > claim->claim_until_us)
		return false;
	claim->progress_at_us = event->at_us;
	claim->lease_until_us = of->lease_until;
	if (of->percent >= 0)
		claim->percent = (int32_t)of->percent;
	owned_set(&claim->note, of->note);
	return fold_task_step(state, index, event);
}

/* The claim ends, the task goes where its life cycle says, or waits for its time. */
static bool end_claim(struct state *state, uint32_t index, const struct event *event,
		      int64_t fence, enum attempt_end end, int64_t not_before_us)
{
	uint32_t claim = index == INDEX_NONE ? INDEX_NONE : claim_of(state, index, fence);
	struct task *task;

	if (claim == INDEX_NONE)
		return false;
	drop_claim(state, claim, end, event->at_us);
	task = state_task(state, index);
	task->not_before_us = not_before_us;
	if (!fold_task_step(state, index, event))
		return false;
	if (task->state == TASK_BLOCKED && not_before_us > event->at_us && task->open_deps == 0)
		state_task_move(state, index, TASK_DELAYED);
	return true;
}

FOLD(task_released)
{
	const struct ev_task_released *of = &event->of.task_released;

	return end_claim(state, fold_task_of(state, of->board, of->task), event, of->fence,
			 ATTEMPT_GIVEN_BACK, of->not_before);
}

static void quarantine(struct state *state, uint32_t index, const struct event *event,
		       struct slice swarm, struct slice reason, struct slice evidence)
{
	struct task_outcome outcome = { .by = swarm, .reason = reason, .evidence = evidence };

	set_outcome(state_task(state, index), &outcome, event->at_us);
	state_task_move(state, index, TASK_FAILED);
}

static void count_failure(struct state *state, uint32_t index, struct slice swarm)
{
	uint32_t by = state_find_swarm(state, swarm);

	state_task(state, index)->failures++;
	if (by != INDEX_NONE)
		state_swarm(state, by)->failed_count++;
}

FOLD(task_failed)
{
	const struct ev_task_failed *of = &event->of.task_failed;
	uint32_t index = fold_task_of(state, of->board, of->task);

	/* Without a fence: a document says that it failed. */
	if (of->fence == 0) {
		if (index == INDEX_NONE || !of->quarantined ||
		    state_task(state, index)->claim != INDEX_NONE ||
		    !fold_task_step(state, index, event))
			return false;
	} else {
		if (!end_claim(state, index, event, of->fence, ATTEMPT_FAILED, of->not_before))
			return false;
		count_failure(state, index, of->swarm);
	}
	if (of->quarantined)
		quarantine(state, index, event, of->swarm, of->reason, of->evidence);
	return true;
}

FOLD(lease_lost)
{
	const struct ev_lease_lost *of = &event->of.lease_lost;
	uint32_t index = fold_task_of(state, of->board, of->task);

	if (!end_claim(state, index, event, of->fence, ATTEMPT_LOST, of->not_before))
		return false;
	count_failure(state, index, of->swarm);
	if (of->quarantined)
		quarantine(state, index, event, of->swarm, of->reason, SLICE_EMPTY);
	return true;
}

FOLD(task_completed)
{
	const struct ev_task_completed *of = &event->of.task_completed;
	uint32_t index = fold_task_of(state, of->board, of->task);
	struct task_outcome outcome = {
		.by = of->swarm, .result = of->result, .evidence = of->evidence,
	};
	uint32_t by = state_find_swarm(state, of->swarm);

	if (index == INDEX_NONE)
		return false;
	if (of->fence) {
		uint32_t claim = claim_of(state, index, of->fence);

		if (claim == INDEX_NONE)
			return false;
		drop_claim(state, claim, ATTEMPT_DONE, event->at_us);
	} else if (state_task(state, index)->claim != INDEX_NONE) {
		return false;
	}
	if (!fold_task_step(state, index, event))
		return false;
	if (by != INDEX_NONE && of->fence)
		state_swarm(state, by)->done_count++;
	set_outcome(state_task(state, index), &outcome, event->at_us);
	return true;
}

FOLD(task_cancelled)
{
	const struct ev_task_cancelled *of = &event->of.task_cancelled;
	uint32_t index = fold_task_of(state, of->board, of->task);
	struct task_outcome outcome = { .by = event->actor, .reason = of->reason };

	if (index == INDEX_NONE)
		return false;
	if (state_task(state, index)->claim != INDEX_NONE)
		drop_claim(state, state_task(state, index)->claim, ATTEMPT_GIVEN_BACK,
			   event->at_us);
	if (!fold_task_step(state, index, event))
		return false;
	set_outcome(state_task(state, index), &outcome, event->at_us);
	return true;
}

FOLD(task_expired)
{
	const struct ev_task_expired *of = &event->of.task_expired;
	uint32_t index = fold_task_of(state, of->board, of->task);
	struct task_outcome outcome = { .reason = SLICE("nobody had started it in time") };

	if (index == INDEX_NONE || state_task(state, index)->claim != INDEX_NONE ||
	    !fold_task_step(state, index, event))
		return false;
	set_outcome(state_task(state, index), &outcome, event->at_us);
	return true;
}

FOLD(task_retried)
{
	const struct ev_task_retried *of = &event->of.task_retried;
	uint32_t index = fold_task_of(state, of->board, of->task);
	bool had_ended = index != INDEX_NONE && task_has_ended(state_task(state, index));

	if (index == INDEX_NONE || !fold_task_step(state, index, event))
		return false;
	/* Whoever only cuts a pause short has not forgiven the failure before it. */
	if (had_ended) {
		clear_outcome(state_task(state, index));
		state_task(state, index)->failures = 0;
	}
	state_task(state, index)->not_before_us = 0;
	return true;
}
