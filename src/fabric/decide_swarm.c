/*
 * Swarms, and what they say to each other: blockers, messages, notes.
 */
#include "base/ensure.h"
#include "fabric/decide_chassis.h"
#include "fabric/decide_govern.h"

static enum err too_many(struct decision *decision, const char *what, int64_t limit)
{
	return REFUSE(decision, ERR_LIMIT_EXCEEDED, "there are {} {} already, which is the limit",
		      decision_number(decision, limit), slice_of_str(what));
}

/* ---- swarms -------------------------------------------------------------------------------- */

#define COPY_PROFILE(T, kind, name, ...) of->name = args->name;

static void emit_profile(struct decision *decision, const struct cmd_swarm_register *args)
{
	struct ev_swarm_profiled *of =
		&decision_emit(decision, EVENT_SWARM_PROFILED)->of.swarm_profiled;

	of->swarm = args->swarm;
	SWARM_PROFILE(COPY_PROFILE, )
}

enum err decide_register(struct decision *decision, const struct cmd_swarm_register *args,
			 bool profiled, const struct cmd_budget_set *budget)
{
	uint32_t known = state_find_swarm(decision->state, args->swarm);
	struct ev_swarm_registered *of;
	struct slice contract = args->contract;
	uint32_t module;
	enum err err = contract.len ? decide_module(decision, contract, &module) : OK;

	if (err != OK)
		return err;
	if (known == INDEX_NONE && decision->state->swarms.count >= LIMIT_SWARMS)
		return too_many(decision, "swarms", LIMIT_SWARMS);
	/* Whoever registers again does not shed its contract by saying nothing of it. */
	if (contract.len == 0 && known != INDEX_NONE &&
	    state_contract_of(decision->state, known))
		contract = state_contract_of(decision->state, known)->id;
	decision->actor = args->swarm;
	of = &decision_emit(decision, EVENT_SWARM_REGISTERED)->of.swarm_registered;
	*of = (struct ev_swarm_registered){
		.swarm = args->swarm, .capabilities = args->capabilities, .slots = args->slots,
		.boards = args->boards, .model = args->model, .title = args->title,
		.presence_ms = args->presence_ms, .contract = contract,
	};
	decision->about = ABOUT_SWARM;
	decision->name = args->swarm;
	if (profiled)
		emit_profile(decision, args);
	if (!budget || budget->limit_usd < 0)
		return OK;
	if (known != INDEX_NONE && state_swarm(decision->state, known)->registered)
		return decide_budget(decision, budget);
	decide_first_budget(decision, budget, args->swarm);
	return OK;
}

#define IS_GIVEN(T, kind, name, ...) || command_has(command, #name)

enum err decide_swarm_register(struct decision *decision, const struct command *command)
{
	bool profiled = false SWARM_PROFILE(IS_GIVEN, );

	return decide_register(decision, &command->args.swarm_register, profiled, NULL);
}

static enum err acting_swarm(struct decision *decision, struct slice id, uint32_t *ret_swarm)
{
	enum err err = decision_swarm(decision, id, ret_swarm);

	if (err == OK) {
		decision->actor = state_swarm(decision->state, *ret_swarm)->id;
		decision->about = ABOUT_SWARM;
		decision->name = decision->actor;
	}
	return err;
}

enum err decide_swarm_heartbeat(struct decision *decision, const struct command *command)
{
	uint32_t swarm;
	enum err err = acting_swarm(decision, command->args.swarm_heartbeat.swarm, &swarm);

	if (err == OK)
		decision_emit(decision, EVENT_SWARM_HEARTBEAT)->of.swarm_heartbeat.swarm =
			decision->actor;
	return err;
}

enum err decide_swarm_offer(struct decision *decision, const struct command *command)
{
	const struct cmd_swarm_offer *args = &command->args.swarm_offer;
	uint32_t swarm;
	enum err err = acting_swarm(decision, args->swarm, &swarm);

	if (err == OK)
		decision_emit(decision, EVENT_SWARM_OFFERED)->of.swarm_offered =
			(struct ev_swarm_offered){ decision->actor, args->spare, args->help_wanted };
	return err;
}

enum err decide_swarm_leave(struct decision *decision, const struct command *command)
{
	const struct cmd_swarm_leave *args = &command->args.swarm_leave;
	const struct state *state = decision->state;
	uint32_t swarm;
	enum err err = acting_swarm(decision, args->swarm, &swarm);

	if (err != OK)
		return err;
	for (uint32_t at = state_swarm(state, swarm)->first_claim; at != INDEX_NONE;
	     at = state_claim(state, at)->next_of_swarm)
		decide_emit_released(decision, state_claim(state, at)->task,
				     SLICE("its swarm took leave"), 0);
	decision_emit(decision, EVENT_SWARM_LEFT)->of.swarm_left =
		(struct ev_swarm_left){ decision->actor, args->reason };
	return OK;
}

/* ---- blockers ------------------------------------------------------------------------------ */

static enum err may_raise(struct decision *decision, const struct task *task, int64_t fence)
{
	const struct state *state = decision->state;

	if (task_has_ended(task))
		return REFUSE(decision, ERR_TASK_ENDED, "task {} is {}", task_id(task),
			      slice_of_str(task_state_names[task->state]));
	if (task->claim == INDEX_NONE && fence)
		return REFUSE(decision, ERR_TASK_NOT_CLAIMED, "task {} is {}; token {} is over",
			      task_id(task), slice_of_str(task_state_names[task->state]),
			      decision_number(decision, fence));
	if (task->claim != INDEX_NONE && state_claim(state, task->claim)->fence != (uint64_t)fence)
		return REFUSE(decision, ERR_FENCE_STALE,
			      "task {} is held by {}; only its token can hold it up",
			      task_id(task),
			      state_swarm(state, state_claim(state, task->claim)->swarm)->id);
	if (task->state == TASK_BLOCKED || task->state == TASK_DELAYED)
		return REFUSE(decision, ERR_TASK_BLOCKED, "task {} is {} as it is", task_id(task),
			      slice_of_str(task_state_names[task->state]));
	if (task->blockers_open >= LIMIT_BLOCKERS_OPEN)
		return too_many(decision, "open blockers on this task", LIMIT_BLOCKERS_OPEN);
	return OK;
}

static struct slice blocker_id(struct decision *decision)
{
	struct buf text = { 0 };
	struct slice id;

	buf_add_byte(&text, 'b');
	buf_add_u64(&text, decision->state->last_event + decision->event_count + 1);
	id = arena_copy(decision->arena, buf_slice(&text));
	buf_finish(&text);
	return id;
}

enum err decide_blocker_raise(struct decision *decision, const struct command *command)
{
	const struct cmd_blocker_raise *args = &command->args.blocker_raise;
	const struct task *task;
	struct ev_blocker_raised *of;
	struct slice id;
	uint32_t index;
	enum err err = decision_task(decision, args->board, args->task, &index);

	if (err != OK)
		return err;
	task = state_task(decision->state, index);
	err = may_raise(decision, task, args->fence);
	if (err != OK)
		return err;
	if (task->claim != INDEX_NONE)
		decision->actor = state_swarm(decision->state,
					      state_claim(decision->state, task->claim)->swarm)->id;
	id = blocker_id(decision);
	of = &decision_emit(decision, EVENT_BLOCKER_RAISED)->of.blocker_raised;
	of->blocker = id;
	decision_name_task(decision, index, &of->board, &of->task);
	of->swarm = task->claim == INDEX_NONE ? SLICE_EMPTY : decision->actor;
	of->type = args->type;
	of->description = args->description;
	of->severity = args->severity;
	of->needs = args->needs;
	decide_help(decision, index, id, args->description, args->needs);
	decision->about = ABOUT_BLOCKER;
	decision->name = id;
	return OK;
}

/* The last blocker of a task gives it back to its holder, or to the board. */
static void emit_freed(struct decision *decision, uint32_t index)
{
	const struct task *task = state_task(decision->state, index);

	if (task->blockers_open != 1 || task->claim != INDEX_NONE || task_has_ended(task))
		return;
	if (task->open_deps == 0 && task->not_before_us <= decision->now_us)
		decision_emit_ready(decision, index, SLICE("no blocker is left"));
}

static int64_t fresh_lease_us(const struct decision *decision, const struct task *task)
{
	const struct claim *claim;

	if (task->claim == INDEX_NONE)
		return 0;
	claim = state_claim(decision->state, task->claim);
	return lease_end_us(decision->now_us, claim->lease_ms, claim->claim_until_us);
}

static enum err end_blocker(struct decision *decision, struct slice id, struct slice note,
			    enum event_type type)
{
	const struct state *state = decision->state;
	uint32_t index = state_find_blocker(state, id);
	const struct blocker *blocker;
	struct ev_blocker_resolved *of;

	if (index == INDEX_NONE)
		return REFUSE(decision, ERR_BLOCKER_UNKNOWN, "blocker {}", id);
	blocker = state_blocker(state, index);
	if (blocker->state != BLOCKER_OPEN)
		return REFUSE(decision, ERR_TASK_ENDED, "blocker {} is {} already", id,
			      slice_of_str(blocker_state_names[blocker->state]));
	of = &decision_emit(decision, type)->of.blocker_resolved;
	of->blocker = blocker->id;
	decision_name_task(decision, blocker->task, &of->board, &of->task);
	of->note = note;
	of->lease_until = fresh_lease_us(decision, state_task(state, blocker->task));
	emit_freed(decision, blocker->task);
	decide_help_ends(decision, index);
	decision->about = ABOUT_BLOCKER;
	decision->name = blocker->id;
	return OK;
}

enum err decide_blocker_resolve(struct decision *decision, const struct command *command)
{
	const struct cmd_blocker_resolve *args = &command->args.blocker_resolve;

	return end_blocker(decision, args->blocker, args->note, EVENT_BLOCKER_RESOLVED);
}

enum err decide_blocker_withdraw(struct decision *decision, const struct command *command)
{
	const struct cmd_blocker_withdraw *args = &command->args.blocker_withdraw;

	return end_blocker(decision, args->blocker, args->note, EVENT_BLOCKER_WITHDRAWN);
}

/* ---- messages ------------------------------------------------------------------------------ */

struct audience {
	int64_t readers;
	int64_t full;		/* inboxes that take no more */
};

static void count_reader(struct audience *audience, const struct swarm *swarm)
{
	if (swarm_unread(swarm) >= (size_t)LIMIT_INBOX)
		audience->full++;
	else
		audience->readers++;
}

/* As fold does it: a message to many does not come back to its sender. */
static struct audience audience_of(const struct decision *decision,
				   const struct cmd_message_send *args, struct slice board)
{
	struct audience audience = { 0 };

	for (uint32_t i = 0; i < decision->state->swarms.count; i++) {
		const struct swarm *swarm = state_swarm(decision->state, i);

		if (!swarm->registered)
			continue;
		if (args->to.len ? slice_is(args->to, swarm->id) :
				   !slice_is(decision->actor, swarm->id) &&
					   (args->to_all || swarm_works_on(swarm, board)))
			count_reader(&audience, swarm);
	}
	return audience;
}

enum err decide_message_send(struct decision *decision, const struct command *command)
{
	const struct cmd_message_send *args = &command->args.message_send;
	int ways = (args->to.len != 0) + (args->to_board.len != 0) + (args->to_all != 0);
	struct slice board_id = SLICE_EMPTY;
	struct audience audience;
	uint32_t index;
	enum err err = OK;

	if (ways != 1)
		return REFUSE(decision, ERR_USAGE,
			      "give exactly one of to, to_board and to_all{}", SLICE_EMPTY);
	if (args->from.len)
		err = decision_swarm(decision, args->from, &index);
	if (err == OK && args->to.len)
		err = decision_swarm(decision, args->to, &index);
	if (err == OK && args->to_board.len)
		err = decision_board(decision, args->to_board, &index);
	if (err != OK)
		return err;
	if (args->to_board.len)
		board_id = state_board(decision->state, index)->id;
	if (args->from.len)
		decision->actor = args->from;
	if (decision->state->live_messages >= LIMIT_MESSAGES)
		return too_many(decision, "unread messages", LIMIT_MESSAGES);
	audience = audience_of(decision, args, board_id);
	if (args->to.len && audience.full)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED,
			      "swarm {} has {} unread messages, which is the limit",
			      args->to, decision_number(decision, LIMIT_INBOX));
	decision_emit(decision, EVENT_MESSAGE_SENT)->of.message_sent = (struct ev_message_sent){
		.from = decision->actor, .to = args->to, .to_board = board_id,
		.to_all = args->to_all, .subject = args->subject, .body = args->body,
	};
	json_put_i64(&decision->answer_json, "message", (int64_t)decision->last->number);
	json_put_i64(&decision->answer_json, "readers", audience.readers);
	json_put_i64(&decision->answer_json, "skipped_full", audience.full);
	return OK;
}

enum err decide_message_ack(struct decision *decision, const struct command *command)
{
	const struct cmd_message_ack *args = &command->args.message_ack;
	uint32_t swarm;
	enum err err = acting_swarm(decision, args->swarm, &swarm);

	if (err != OK)
		return err;
	if ((uint64_t)args->cursor > decision->state->last_event)
		return REFUSE(decision, ERR_CURSOR_AHEAD, "the last event is {}",
			      decision_number(decision, (int64_t)decision->state->last_event));
	decision_emit(decision, EVENT_MESSAGE_READ)->of.message_read =
		(struct ev_message_read){ decision->actor, args->cursor };
	return OK;
}

/* ---- notes --------------------------------------------------------------------------------- */

static enum err write_note(struct decision *decision, struct slice key, struct slice value)
{
	if (!state_find_note(decision->state, key) &&
	    decision->state->note_count >= (size_t)LIMIT_NOTES)
		return too_many(decision, "notes", LIMIT_NOTES);
	decision_emit(decision, EVENT_NOTE_WRITTEN)->of.note_written =
		(struct ev_note_written){ key, value };
	decision->about = ABOUT_NOTE;
	decision->name = key;
	return OK;
}

enum err decide_note_put(struct decision *decision, const struct command *command)
{
	const struct cmd_note_put *args = &command->args.note_put;

	return write_note(decision, args->key, args->value);
}

static enum err refuse_version(struct decision *decision, struct slice key,
			       const struct note *note, int64_t version)
{
	int64_t actual = note ? (int64_t)note->version : 0;

	if (actual == version)
		return OK;
	json_put_i64(&decision->member_json, "version", actual);
	return REFUSE(decision, ERR_NOTE_CONFLICT, "note {} has version {}, not {}", key,
		      decision_number(decision, actual), decision_number(decision, version));
}

enum err decide_note_cas(struct decision *decision, const struct command *command)
{
	const struct cmd_note_cas *args = &command->args.note_cas;
	enum err err = refuse_version(decision, args->key,
				      state_find_note(decision->state, args->key), args->version);

	return err == OK ? write_note(decision, args->key, args->value) : err;
}

enum err decide_note_delete(struct decision *decision, const struct command *command)
{
	const struct cmd_note_delete *args = &command->args.note_delete;
	const struct note *note = state_find_note(decision->state, args->key);
	enum err err = OK;

	if (!note)
		return REFUSE(decision, ERR_NOTE_UNKNOWN, "note {}", args->key);
	if (args->version)
		err = refuse_version(decision, args->key, note, args->version);
	if (err != OK)
		return err;
	decision_emit(decision, EVENT_NOTE_DELETED)->of.note_deleted =
		(struct ev_note_deleted){ args->key };
	json_put_text(&decision->answer_json, "key", args->key);
	json_put_bool(&decision->answer_json, "deleted", true);
	return OK;
}
