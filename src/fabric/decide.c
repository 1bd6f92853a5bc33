#include "fabric/decide.h"

#include "base/ensure.h"

void decision_init(struct decision *decision, const struct state *state, int64_t now_us,
		   struct slice actor, struct arena *arena)
{
	*decision = (struct decision){
		.state = state, .now_us = now_us, .actor = actor, .arena = arena,
		.index = INDEX_NONE,
	};
	decision->member_json = json_begin(&decision->members);
	decision->answer_json = json_begin(&decision->answer);
}

void decision_finish(struct decision *decision)
{
	buf_finish(&decision->detail);
	buf_finish(&decision->members);
	buf_finish(&decision->answer);
}

struct event *decision_emit(struct decision *decision, enum event_type type)
{
	struct event *event = arena_zero(decision->arena, 1, sizeof(*event));

	decision->event_count++;
	event->type = type;
	event->number = decision->state->last_event + decision->event_count;
	event->at_us = decision->now_us;
	event->actor = decision->actor;
	if (decision->last)
		decision->last->next = event;
	else
		decision->first = event;
	decision->last = event;
	return event;
}

enum err decision_refuse(struct decision *decision, enum err err, const char *text,
			 const struct slice *words)
{
	struct slice rest = slice_of_str(text);
	ptrdiff_t at;

	buf_clear(&decision->detail);
	while ((at = slice_find(rest, SLICE("{}"))) >= 0 && rest.len) {
		buf_add_slice(&decision->detail, slice_head(rest, (size_t)at));
		/* NOLINTNEXTLINE: every caller gives as many words as its text has places */
		buf_add_slice(&decision->detail, *words++);
		rest = slice_from(rest, (size_t)at + 2);
	}
	buf_add_slice(&decision->detail, rest);
	return err;
}

struct slice decision_number(struct decision *decision, int64_t number)
{
	struct buf text = { 0 };
	struct slice words;

	buf_add_i64(&text, number);
	words = arena_copy(decision->arena, buf_slice(&text));
	buf_finish(&text);
	return words;
}

struct slice decision_time(struct decision *decision, int64_t at_us)
{
	struct buf text = { 0 };
	struct slice words;

	buf_add_time(&text, at_us);
	words = arena_copy(decision->arena, buf_slice(&text));
	buf_finish(&text);
	return words;
}

static enum err only_board(struct decision *decision, uint32_t *ret_board)
{
	const struct state *state = decision->state;
	uint32_t found = INDEX_NONE;

	for (uint32_t i = 0; i < state->boards.count; i++) {
		if (state_board(state, i)->archived)
			continue;
		if (found != INDEX_NONE)
			return REFUSE(decision, ERR_BOARD_AMBIGUOUS,
				      "there is more than one: {}, {}, ...",
				      state_board(state, found)->id, state_board(state, i)->id);
		found = i;
	}
	if (found == INDEX_NONE)
		return REFUSE(decision, ERR_BOARD_UNKNOWN, "there is no board yet{}", SLICE_EMPTY);
	*ret_board = found;
	return OK;
}

enum err decision_board(struct decision *decision, struct slice id, uint32_t *ret_board)
{
	uint32_t board;

	if (slice_is(id, SLICE("-")) || id.len == 0)
		return only_board(decision, ret_board);
	board = state_find_board(decision->state, id);
	if (board == INDEX_NONE)
		return REFUSE(decision, ERR_BOARD_UNKNOWN, "board {}", id);
	*ret_board = board;
	return OK;
}

enum err decision_not_archived(struct decision *decision, uint32_t board)
{
	if (state_board(decision->state, board)->archived)
		return REFUSE(decision, ERR_BOARD_ARCHIVED, "board {}",
			      state_board(decision->state, board)->id);
	return OK;
}

enum err decision_open_board(struct decision *decision, struct slice id, uint32_t *ret_board)
{
	enum err err = decision_board(decision, id, ret_board);

	return err == OK ? decision_not_archived(decision, *ret_board) : err;
}

enum err decision_task(struct decision *decision, struct slice board, struct slice task,
		       uint32_t *ret_task)
{
	uint32_t on = INDEX_NONE, found;
	enum err err = decision_board(decision, board, &on);

	if (err != OK)
		return err;
	found = state_find_task(decision->state, on, task);
	if (found == INDEX_NONE)
		return REFUSE(decision, ERR_TASK_UNKNOWN, "task {} on board {}", task,
			      state_board(decision->state, on)->id);
	*ret_task = found;
	return OK;
}

enum err decision_swarm(struct decision *decision, struct slice id, uint32_t *ret_swarm)
{
	uint32_t found = state_find_swarm(decision->state, id);

	if (found == INDEX_NONE || !state_swarm(decision->state, found)->registered)
		return REFUSE(decision, ERR_SWARM_UNKNOWN, "swarm {}", id);
	*ret_swarm = found;
	return OK;
}

enum err decision_any_swarm(struct decision *decision, struct slice id, uint32_t *ret_swarm)
{
	uint32_t found = state_find_swarm(decision->state, id);

	if (found == INDEX_NONE || state_swarm(decision->state, found)->registered_at_us == 0)
		return REFUSE(decision, ERR_SWARM_UNKNOWN, "swarm {}", id);
	*ret_swarm = found;
	return OK;
}

void decision_name_task(const struct decision *decision, uint32_t index, struct slice *ret_board,
			struct slice *ret_id)
{
	const struct task *task = state_task(decision->state, index);

	*ret_board = state_board(decision->state, task->board)->id;
	/* A copy: once task.changed is folded, the id lies elsewhere. */
	*ret_id = arena_copy(decision->arena, task_id(task));
}

void decision_emit_dependents_ready(struct decision *decision, uint32_t index)
{
	const struct task *done = state_task(decision->state, index);

	for (uint32_t i = 0; i < done->dependent_count; i++) {
		const struct task *task = state_task(decision->state, done->dependents[i]);

		if (task->open_deps == 1 && task->blockers_open == 0 &&
		    (task->state == TASK_BLOCKED || task->state == TASK_DELAYED) &&
		    task->not_before_us <= decision->now_us)
			decision_emit_ready(decision, done->dependents[i], task_id(done));
	}
}

struct slice_list decision_each_once(struct decision *decision, struct slice_list ids)
{
	struct slice *items = arena_zero(decision->arena, ids.count, sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i < ids.count; i++)
		if (!slice_list_has((struct slice_list){ items, count }, ids.items[i]))
			items[count++] = ids.items[i];
	return (struct slice_list){ items, count };
}

void decision_emit_ready(struct decision *decision, uint32_t task, struct slice because)
{
	struct ev_task_ready *ready = &decision_emit(decision, EVENT_TASK_READY)->of.task_ready;

	decision_name_task(decision, task, &ready->board, &ready->task);
	ready->because = because;
}

decide_fn *decide_of(enum command_type type)
{
	static decide_fn *const table[COMMAND_COUNT] = {
		[COMMAND_BOARD_CREATE] = decide_board_create,
		[COMMAND_BOARD_IMPORT] = decide_board_import,
		[COMMAND_BOARD_ARCHIVE] = decide_board_archive,
		[COMMAND_BOARD_UNARCHIVE] = decide_board_unarchive,
		[COMMAND_TASK_ADD] = decide_task_add,
		[COMMAND_TASK_UPDATE] = decide_task_update,
		[COMMAND_TASK_CLAIM] = decide_task_claim,
		[COMMAND_TASK_NEXT] = decide_task_next,
		[COMMAND_TASK_HEARTBEAT] = decide_task_heartbeat,
		[COMMAND_TASK_PROGRESS] = decide_task_progress,
		[COMMAND_TASK_RELEASE] = decide_task_release,
		[COMMAND_TASK_COMPLETE] = decide_task_complete,
		[COMMAND_TASK_FINISH_AND_NEXT] = decide_task_complete,
		[COMMAND_TASK_FAIL] = decide_task_fail,
		[COMMAND_TASK_CANCEL] = decide_task_cancel,
		[COMMAND_TASK_RETRY] = decide_task_retry,
		[COMMAND_SWARM_REGISTER] = decide_swarm_register,
		[COMMAND_SWARM_HEARTBEAT] = decide_swarm_heartbeat,
		[COMMAND_SWARM_OFFER] = decide_swarm_offer,
		[COMMAND_SWARM_LEAVE] = decide_swarm_leave,
		[COMMAND_BLOCKER_RAISE] = decide_blocker_raise,
		[COMMAND_BLOCKER_RESOLVE] = decide_blocker_resolve,
		[COMMAND_BLOCKER_WITHDRAW] = decide_blocker_withdraw,
		[COMMAND_MESSAGE_SEND] = decide_message_send,
		[COMMAND_MESSAGE_ACK] = decide_message_ack,
		[COMMAND_NOTE_PUT] = decide_note_put,
		[COMMAND_NOTE_CAS] = decide_note_cas,
		[COMMAND_NOTE_DELETE] = decide_note_delete,
		[COMMAND_SWARM_IMPORT] = decide_swarm_import,
		[COMMAND_CAPABILITY_DEFINE] = decide_capability_define,
		[COMMAND_BREAKER_TRIP] = decide_breaker_trip,
		[COMMAND_BREAKER_RESET] = decide_breaker_reset,
		[COMMAND_CLAIM_APPROVE] = decide_claim_approve,
		[COMMAND_POLICY_APPLY] = decide_policy_apply,
		[COMMAND_BUDGET_SET] = decide_budget_set,
		[COMMAND_COST_CHARGE] = decide_cost_charge,
		[COMMAND_PRICE_SET] = decide_price_set,
		[COMMAND_PRICE_IMPORT] = decide_price_import,
		[COMMAND_ESCALATION_ACK] = decide_escalation_ack,
		[COMMAND_ESCALATION_RESOLVE] = decide_escalation_resolve,
		[COMMAND_CHASSIS_LOAD] = decide_chassis_load,
		[COMMAND_CHASSIS_UNLOAD] = decide_chassis_unload,
		[COMMAND_CHASSIS_REPORT] = decide_chassis_report,
		[COMMAND_EGRESS_NOTE] = decide_egress_note,
		[COMMAND_CREDENTIAL_MINT] = decide_credential_mint,
		[COMMAND_CREDENTIAL_REVOKE] = decide_credential_revoke,
	};

	return table[type];
}
