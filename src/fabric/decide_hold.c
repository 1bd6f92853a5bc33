/*
 * What the holder of a claim says: that it lives, how far it is, how it
 * ended.
 */
#include "base/ensure.h"
#include "fabric/decide_claim.h"
#include "fabric/decide_govern.h"

enum err claim_held_task(struct decision *decision, struct slice board, struct slice id,
			  int64_t fence, uint32_t *ret_task)
{
	const struct state *state = decision->state;
	const struct task *task;
	enum err err = decision_task(decision, board, id, ret_task);

	if (err != OK)
		return err;
	task = state_task(state, *ret_task);
	if (task_has_ended(task))
		return REFUSE(decision, ERR_FENCE_STALE, "task {} is {}; token {} is over", id,
			      slice_of_str(task_state_names[task->state]),
			      decision_number(decision, fence));
	if (task->claim == INDEX_NONE)
		return REFUSE(decision, ERR_TASK_NOT_CLAIMED, "task {} is {}; token {} is over", id,
			      slice_of_str(task_state_names[task->state]),
			      decision_number(decision, fence));
	if (state_claim(state, task->claim)->fence != (uint64_t)fence) {
		claim_tell_holder(decision, task);
		return REFUSE(decision, ERR_FENCE_STALE, "task {} is held by {} now; token {} is over",
			      id, state_swarm(state, state_claim(state, task->claim)->swarm)->id,
			      decision_number(decision, fence));
	}
	decision->actor = state_swarm(state, state_claim(state, task->claim)->swarm)->id;
	decision->about = ABOUT_TASK;
	decision->index = *ret_task;
	return OK;
}

enum err decide_task_heartbeat(struct decision *decision, const struct command *command)
{
	const struct cmd_task_heartbeat *args = &command->args.task_heartbeat;
	struct ev_task_extended *of;
	const struct claim *claim;
	uint32_t task;
	enum err err = claim_held_task(decision, args->board, args->task, args->fence, &task);

	if (err != OK)
		return err;
	claim = state_claim(decision->state, state_task(decision->state, task)->claim);
	if (claim->claim_until_us <= decision->now_us)
		return REFUSE(decision, ERR_LEASE_TOO_LONG, "task {} was claimed at {}", args->task,
			      decision_time(decision, claim->claimed_at_us));
	of = &decision_emit(decision, EVENT_TASK_EXTENDED)->of.task_extended;
	NAME_CLAIM(decision, task, of);
	of->lease_ms = args->lease_ms ? args->lease_ms : claim->lease_ms;
	of->lease_until = lease_end_us(decision->now_us, of->lease_ms, claim->claim_until_us);
	return OK;
}

enum err decide_task_progress(struct decision *decision, const struct command *command)
{
	const struct cmd_task_progress *args = &command->args.task_progress;
	struct ev_task_progressed *of;
	const struct claim *claim;
	int64_t end_us;
	uint32_t task;
	enum err err = claim_held_task(decision, args->board, args->task, args->fence, &task);

	if (err != OK)
		return err;
	claim = state_claim(decision->state, state_task(decision->state, task)->claim);
	end_us = lease_end_us(decision->now_us, claim->lease_ms, claim->claim_until_us);
	of = &decision_emit(decision, EVENT_TASK_PROGRESSED)->of.task_progressed;
	NAME_CLAIM(decision, task, of);
	of->percent = args->percent;
	of->note = args->note;
	of->lease_until = end_us > claim->lease_until_us ? end_us : claim->lease_until_us;
	return OK;
}

void decide_emit_released(struct decision *decision, uint32_t task, struct slice reason,
			  int64_t not_before_us)
{
	struct ev_task_released *of = &decision_emit(decision, EVENT_TASK_RELEASED)->of.task_released;

	NAME_CLAIM(decision, task, of);
	of->reason = reason;
	of->not_before = not_before_us;
	if (claim_leaves_free(decision, state_task(decision->state, task), not_before_us))
		decision_emit_ready(decision, task, SLICE("released"));
}

enum err decide_task_release(struct decision *decision, const struct command *command)
{
	const struct cmd_task_release *args = &command->args.task_release;
	uint32_t task;
	enum err err = claim_held_task(decision, args->board, args->task, args->fence, &task);

	if (err == OK)
		decide_emit_released(decision, task, args->reason,
				     args->delay_ms ? decision->now_us + args->delay_ms * 1000 : 0);
	return err;
}

enum err decide_task_complete(struct decision *decision, const struct command *command)
{
	/* finish-and-next begins with the same arguments. */
	const struct cmd_task_complete *args = &command->args.task_complete;
	struct ev_task_completed *of;
	uint32_t task;
	enum err err = claim_held_task(decision, args->board, args->task, args->fence, &task);

	if (err != OK)
		return err;
	if (state_task(decision->state, task)->answers != INDEX_NONE && args->confidence < 0)
		return REFUSE(decision, ERR_ARGUMENT_MISSING,
			      "task {} is one answer of several: say with {} how sure you are of it",
			      args->task, SLICE("confidence"));
	decide_charge_holder(decision, task, args->cost_usd);
	of = &decision_emit(decision, EVENT_TASK_COMPLETED)->of.task_completed;
	NAME_CLAIM(decision, task, of);
	of->result = args->result;
	of->evidence = args->evidence;
	decision_emit_dependents_ready(decision, task);
	decide_outcome(decision, task, ATTEMPT_DONE);
	decide_answered(decision, task, args->confidence, args->result);
	return OK;
}

static uint64_t spread_of(const struct decision *decision, const struct task *task)
{
	struct slice id = task_id(task);

	return hash_bytes(decision->state->last_event, id.ptr, id.len);
}

/* After the policy's pause; without one, at once. */
static int64_t retry_at_us(const struct decision *decision, const struct task *task)
{
	int64_t first_ms = decision->state->govern.policy.settings.retry_backoff_ms;
	int64_t most_ms = first_ms > LIMIT_BACKOFF_MOST_MS ? first_ms : LIMIT_BACKOFF_MOST_MS;

	return decision->now_us + task_backoff_ms(task->failures + 1U, first_ms, most_ms,
						  spread_of(decision, task)) * 1000;
}

enum err decide_task_fail(struct decision *decision, const struct command *command)
{
	const struct cmd_task_fail *args = &command->args.task_fail;
	const struct task *task;
	struct ev_task_failed *of;
	uint32_t index;
	enum err err = claim_held_task(decision, args->board, args->task, args->fence, &index);

	if (err != OK)
		return err;
	task = state_task(decision->state, index);
	decide_charge_holder(decision, index, args->cost_usd);
	of = &decision_emit(decision, EVENT_TASK_FAILED)->of.task_failed;
	NAME_CLAIM(decision, index, of);
	of->reason = args->reason;
	of->evidence = args->evidence;
	of->quarantined = args->final || task->failures + 1 >= task->max_attempts;
	if (!of->quarantined)
		of->not_before = retry_at_us(decision, task);
	if (!of->quarantined && claim_leaves_free(decision, task, of->not_before))
		decision_emit_ready(decision, index, SLICE("tried again at once"));
	decide_outcome(decision, index, ATTEMPT_FAILED);
	decide_attempt_over(decision, index, of->quarantined != 0, args->reason);
	return OK;
}
