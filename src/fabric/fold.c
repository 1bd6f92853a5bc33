#include "fabric/fold.h"

#include "base/ensure.h"
#include "base/text.h"
#include "fabric/fold_chassis.h"
#include "fabric/fold_govern.h"
#include "fabric/fold_task.h"

/* ---- ledger -------------------------------------------------------------------------------- */

/*
 * A new reign may begin long after the last one ended: workers that did
 * nothing wrong get time to be heard again before their leases are judged.
 */
static bool fold_reign_started(struct state *state, const struct event *event)
{
	const struct ev_reign_started *of = &event->of.reign_started;

	if (of->epoch <= (int64_t)state->epoch)
		return false;
	state->epoch = (uint64_t)of->epoch;
	state->grace_until_us = event->at_us + of->grace_ms * 1000;
	return true;
}

static bool fold_feature_raised(struct state *state, const struct event *event)
{
	/* It rises only: what was kept by a higher one could not be kept by a lower. */
	if (event->of.feature_raised.level > FEATURE_LEVEL ||
	    event->of.feature_raised.level < state->feature_level)
		return false;
	if (state->feature_level < FEATURE_CHASSIS &&
	    event->of.feature_raised.level >= FEATURE_CHASSIS)
		chassis_begin(state, event->at_us);
	state->feature_level = event->of.feature_raised.level;
	return true;
}

static bool fold_command_answered(struct state *state, const struct event *event)
{
	const struct ev_command_answered *of = &event->of.command_answered;
	struct answer answer = {
		.key = of->key, .code = of->code, .body = of->answer,
		.fingerprint = (uint64_t)of->fingerprint, .at_us = event->at_us,
	};

	if (of->key.len == 0)
		return false;
	state_answer_add(state, &answer);
	return true;
}

static bool fold_command_quarantined(struct state *state, const struct event *event)
{
	uint32_t index = slab_add(&state->quarantined);

	owned_set(slab_at(&state->quarantined, index), event->of.command_quarantined.key);
	return true;
}

/* Records are the ledger's; that somebody removed them is for the record. */
static bool fold_ledger_trimmed(struct state *state, const struct event *event)
{
	return event->of.ledger_trimmed.before <= (int64_t)state->last_event;
}

/* ---- boards -------------------------------------------------------------------------------- */

static bool fold_board_created(struct state *state, const struct event *event)
{
	const struct ev_board_created *of = &event->of.board_created;
	uint32_t index;

	if (!id_is_valid(of->board) || state_find_board(state, of->board) != INDEX_NONE)
		return false;
	index = state_add_board(state, of->board);
	owned_set(&state_board(state, index)->title, of->title);
	state_board(state, index)->created_at_us = event->at_us;
	return true;
}

static bool fold_board_retitled(struct state *state, const struct event *event)
{
	uint32_t index = state_find_board(state, event->of.board_retitled.board);

	if (index == INDEX_NONE)
		return false;
	owned_set(&state_board(state, index)->title, event->of.board_retitled.title);
	return true;
}

static bool set_archived(struct state *state, struct slice board, bool archived)
{
	uint32_t index = state_find_board(state, board);

	if (index == INDEX_NONE || state_board(state, index)->archived == archived)
		return false;
	state_board(state, index)->archived = archived;
	return true;
}

static bool fold_board_archived(struct state *state, const struct event *event)
{
	return set_archived(state, event->of.board_archived.board, true);
}

static bool fold_board_unarchived(struct state *state, const struct event *event)
{
	return set_archived(state, event->of.board_unarchived.board, false);
}

/* ---- swarms -------------------------------------------------------------------------------- */

static uint32_t registered_swarm(const struct state *state, struct slice id)
{
	uint32_t index = state_find_swarm(state, id);

	return index != INDEX_NONE && state_swarm(state, index)->registered ? index : INDEX_NONE;
}

static bool fold_swarm_registered(struct state *state, const struct event *event)
{
	const struct ev_swarm_registered *of = &event->of.swarm_registered;
	struct swarm *swarm;
	uint32_t index;

	if (!id_is_valid(of->swarm) || of->slots < 1 || of->presence_ms < 1 ||
	    !chassis_has_contract(state, of->contract))
		return false;
	index = state_swarm_of_name(state, of->swarm);
	swarm = state_swarm(state, index);
	if (!swarm->registered) {
		state->registered_swarms++;
		swarm->registered = true;
		swarm->registered_at_us = event->at_us;
		swarm->beats = false;
		if (state->feature_level >= FEATURE_GOVERNOR)
			state_worker(state, index)->freed_at_us = event->at_us;
		state->govern.open_breakers +=
			state_worker(state, index)->breaker.state == BREAKER_OPEN;
	}
	owned_list_set(&swarm->capabilities, of->capabilities);
	owned_list_set(&swarm->boards, of->boards);
	owned_set(&swarm->model, of->model);
	owned_set(&swarm->title, of->title);
	swarm->slots = of->slots;
	swarm->presence_ms = of->presence_ms;
	swarm->skills = capability_set_of(&state->capabilities, of->capabilities);
	swarm->absent = false;
	swarm->seen_at_us = event->at_us;
	state_presence_timer(state, index, event->at_us + of->presence_ms * 1000);
	chassis_registered(state, index, of->contract, event->at_us);
	return true;
}

/* One heartbeat keeps every claim of the swarm alive. */
static bool fold_swarm_heartbeat(struct state *state, const struct event *event)
{
	uint32_t index = registered_swarm(state, event->of.swarm_heartbeat.swarm);
	struct swarm *swarm;

	if (index == INDEX_NONE)
		return false;
	swarm = state_swarm(state, index);
	swarm->beats = true;
	for (uint32_t at = swarm->first_claim; at != INDEX_NONE;) {
		struct claim *claim = state_claim(state, at);
		int64_t end_us = lease_end_us(event->at_us, claim->lease_ms, claim->claim_until_us);

		if (end_us > claim->lease_until_us)
			claim->lease_until_us = end_us;
		at = claim->next_of_swarm;
	}
	return true;
}

static bool fold_swarm_absent(struct state *state, const struct event *event)
{
	uint32_t index = registered_swarm(state, event->of.swarm_absent.swarm);

	if (index == INDEX_NONE)
		return false;
	state_swarm(state, index)->absent = true;
	chassis_watch(state, index, event->at_us, false);
	return true;
}

static bool fold_swarm_offered(struct state *state, const struct event *event)
{
	const struct ev_swarm_offered *of = &event->of.swarm_offered;
	uint32_t index = registered_swarm(state, of->swarm);

	if (index == INDEX_NONE)
		return false;
	state_swarm(state, index)->spare = of->spare;
	owned_set(&state_swarm(state, index)->help_wanted, of->help_wanted);
	return true;
}

static bool fold_swarm_left(struct state *state, const struct event *event)
{
	uint32_t index = registered_swarm(state, event->of.swarm_left.swarm);
	struct swarm *swarm;

	if (index == INDEX_NONE || state_swarm(state, index)->claim_count)
		return false;
	swarm = state_swarm(state, index);
	state_inbox_read(state, index, UINT64_MAX);
	swarm->read_no = event->number;
	swarm->registered = false;
	swarm->absent = false;
	swarm->spare = 0;
	owned_set(&swarm->help_wanted, SLICE_EMPTY);
	state->registered_swarms--;
	state->govern.open_breakers -= state_worker(state, index)->breaker.state == BREAKER_OPEN;
	chassis_left(state, index, event->at_us);
	return true;
}

/* ---- blockers ------------------------------------------------------------------------------ */

static bool fold_blocker_raised(struct state *state, const struct event *event)
{
	const struct ev_blocker_raised *of = &event->of.blocker_raised;
	uint32_t task_index = fold_task_of(state, of->board, of->task);
	struct blocker *blocker;
	uint32_t index;

	if (task_index == INDEX_NONE || !id_is_valid(of->blocker) ||
	    state_find_blocker(state, of->blocker) != INDEX_NONE ||
	    (of->swarm.len && !id_is_valid(of->swarm)) ||
	    state_task(state, task_index)->blockers_open >= LIMIT_BLOCKERS_OPEN ||
	    !fold_task_step(state, task_index, event))
		return false;
	index = state_add_blocker(state, of->blocker);
	blocker = state_blocker(state, index);
	blocker->task = task_index;
	blocker->swarm = of->swarm.len ? state_swarm_of_name(state, of->swarm) : INDEX_NONE;
	blocker->severity = (enum severity)of->severity;
	blocker->raised_at_us = event->at_us;
	owned_set(&blocker->type, of->type);
	owned_set(&blocker->description, of->description);
	owned_list_set(&blocker->needs, of->needs);
	state_task(state, task_index)->blockers_open++;
	state->open_blockers++;
	return true;
}

/* With the last blocker gone the worker goes on, with a fresh lease, or the task waits for one. */
static bool end_blocker(struct state *state, const struct event *event, enum blocker_state how)
{
	const struct ev_blocker_resolved *of = &event->of.blocker_resolved;
	uint32_t index = state_find_blocker(state, of->blocker);
	enum task_state next;
	struct blocker *blocker;
	struct task *task;

	if (index == INDEX_NONE || state_blocker(state, index)->state != BLOCKER_OPEN)
		return false;
	blocker = state_blocker(state, index);
	task = state_task(state, blocker->task);
	if (task->claim != INDEX_NONE &&
	    (of->lease_until == 0 ||
	     of->lease_until > state_claim(state, task->claim)->claim_until_us))
		return false;
	if (!lifecycle_step(&state->lifecycle, (enum task_state)task->state, event->type, &next))
		return false;
	blocker->state = how;
	blocker->ended_at_us = event->at_us;
	owned_set(&blocker->note, of->note);
	owned_set(&blocker->ended_by, event->actor);
	task->blockers_open--;
	state->open_blockers--;
	if (task->blockers_open || task->state != TASK_HELD)
		return true;
	if (task->claim == INDEX_NONE) {
		/* It was given back while it was held, perhaps with a time before which it rests. */
		bool rests = task->open_deps == 0 && task->not_before_us > event->at_us;

		state_task_move(state, blocker->task, rests ? TASK_DELAYED : TASK_BLOCKED);
		return true;
	}
	state_claim(state, task->claim)->lease_until_us = of->lease_until;
	state_lease_timer(state, task->claim, of->lease_until);
	state_task_move(state, blocker->task, TASK_CLAIMED);
	return true;
}

static bool fold_blocker_resolved(struct state *state, const struct event *event)
{
	return end_blocker(state, event, BLOCKER_RESOLVED);
}

static bool fold_blocker_withdrawn(struct state *state, const struct event *event)
{
	return end_blocker(state, event, BLOCKER_WITHDRAWN);
}

/* ---- messages and notes -------------------------------------------------------------------- */

static bool is_reader(const struct state *state, const struct ev_message_sent *of,
		      const struct swarm *swarm)
{
	if (!swarm->registered || swarm_unread(swarm) >= (size_t)LIMIT_INBOX)
		return false;
	if (of->to.len)
		return slice_is(of->to, swarm->id);
	if (slice_is(of->from, swarm->id))
		return false;
	(void)state;
	return of->to_all || swarm_works_on(swarm, of->to_board);
}

static bool fold_message_sent(struct state *state, const struct event *event)
{
	const struct ev_message_sent *of = &event->of.message_sent;
	uint32_t only = of->to.len ? state_find_swarm(state, of->to) : INDEX_NONE;
	uint32_t index = state_add_message(state, event->number);
	struct message *message = slab_at(&state->messages, index);

	message->sent_at_us = event->at_us;
	message->to_all = of->to_all != 0;
	owned_set(&message->from, of->from);
	owned_set(&message->to, of->to);
	owned_set(&message->to_board, of->to_board);
	owned_set(&message->subject, of->subject);
	owned_set(&message->body, of->body);
	if (only != INDEX_NONE && is_reader(state, of, state_swarm(state, only)))
		state_inbox_add(state, only, index);
	for (uint32_t i = 0; of->to.len == 0 && i < state->swarms.count; i++)
		if (is_reader(state, of, state_swarm(state, i)))
			state_inbox_add(state, i, index);
	if (message->unread_by == 0)
		state_drop_message(state, index);
	return true;
}

static bool fold_message_read(struct state *state, const struct event *event)
{
	uint32_t index = registered_swarm(state, event->of.message_read.swarm);
	int64_t cursor = event->of.message_read.cursor;

	if (index == INDEX_NONE || cursor < 0 || (uint64_t)cursor > state->last_event)
		return false;
	state_inbox_read(state, index, (uint64_t)cursor);
	return true;
}

static bool fold_note_written(struct state *state, const struct event *event)
{
	const struct ev_note_written *of = &event->of.note_written;
	struct note *note;

	if (!id_is_valid(of->key) || of->value.len == 0)
		return false;
	note = state_note_add(state, of->key);
	owned_set(&note->value, of->value);
	owned_set(&note->by, event->actor);
	note->version = event->number;
	note->written_at_us = event->at_us;
	return true;
}

static bool fold_note_deleted(struct state *state, const struct event *event)
{
	if (!state_find_note(state, event->of.note_deleted.key))
		return false;
	state_note_drop(state, state_note_position(state, event->of.note_deleted.key));
	return true;
}

/* ---- all of them --------------------------------------------------------------------------- */

static fold_fn *const folds[EVENT_TYPE_END] = {
#define EVENT(number, NAME, name, ...) [number] = fold_##name,
#include "fabric/event.def"
#undef EVENT
};

/* Whatever a swarm does is a sign of life. */
static void note_presence(struct state *state, const struct event *event)
{
	uint32_t index;
	struct swarm *swarm;

	if (event->actor.len == 0 || event->type == EVENT_SWARM_ABSENT)
		return;
	index = state_find_swarm(state, event->actor);
	if (index == INDEX_NONE)
		return;
	swarm = state_swarm(state, index);
	swarm->seen_at_us = event->at_us;
	if (swarm->absent) {
		swarm->absent = false;
		chassis_watch(state, index, event->at_us, true);
		state_presence_timer(state, index, event->at_us + swarm->presence_ms * 1000);
	}
}

bool fold_event(struct state *state, const struct event *event)
{
	if (event->number != state->last_event + 1 || event->at_us < state->last_at_us ||
	    !folds[event->type](state, event))
		return false;
	note_presence(state, event);
	state->last_event = event->number;
	state->last_at_us = event->at_us;
	state_answers_expire(state, event->at_us - LIMIT_ANSWER_KEEP_MS * 1000);
	return true;
}
