#include "fabric/view.h"

#include "base/ensure.h"

static void put_swarm(const struct state *state, const char *key, uint32_t swarm,
		      struct json_writer *json)
{
	if (swarm != INDEX_NONE)
		json_put_text(json, key, state_swarm(state, swarm)->id);
}

static void view_claim(const struct state *state, const struct claim *claim,
		       struct json_writer *json)
{
	put_swarm(state, "held_by", claim->swarm, json);
	json_put_i64(json, "fence", (int64_t)claim->fence);
	json_put_i64(json, "attempt", claim->attempt);
	json_put_time(json, "claimed_at", claim->claimed_at_us);
	json_put_time(json, "lease_until", claim->lease_until_us);
	json_put_i64(json, "lease_ms", claim->lease_ms);
	json_put_time(json, "claim_until", claim->claim_until_us);
	if (claim->percent >= 0)
		json_put_i64(json, "percent", claim->percent);
	if (claim->note.len)
		json_put_text(json, "progress", claim->note);
	if (claim->progress_at_us)
		json_put_time(json, "progress_at", claim->progress_at_us);
	if (claim->paths.count)
		json_put_texts(json, "reserved", claim->paths);
	if (claim->imported)
		json_put_bool(json, "imported", true);
	if (claim->expected_nanousd > 0) {
		json_key(json, "expected_usd");
		json_money(json, claim->expected_nanousd);
	}
	if (claim->reserved_nanousd) {
		json_key(json, "reserved_usd");
		json_money(json, claim->reserved_nanousd);
	}
	if (claim->reports) {
		json_key(json, "spent_usd");
		json_money(json, claim->spent_nanousd);
	}
	if (claim->stop.len)
		json_put_text(json, "stop", claim->stop);
}

static void view_outcome(const struct task *task, struct arena *arena, struct json_writer *json)
{
	struct task_outcome outcome;

	task_outcome_of(task, arena, &outcome);
	json_put_time(json, "ended_at", task->ended_at_us);
	if (outcome.by.len)
		json_put_text(json, "ended_by", outcome.by);
	if (outcome.reason.len)
		json_put_text(json, "reason", outcome.reason);
	if (outcome.result.len)
		json_put_raw(json, "result", outcome.result);
	if (outcome.evidence.len)
		json_put_raw(json, "evidence", outcome.evidence);
}

static void view_open_deps(const struct state *state, const struct task *task,
			   struct json_writer *json)
{
	json_key(json, "waits_for");
	json_array(json);
	for (uint32_t i = 0; i < task->dep_count; i++) {
		const struct task *on = state_task(state, task->deps[i]);

		if (on->state != TASK_DONE)
			json_text(json, task_id(on));
	}
	json_array_end(json);
}

static void view_task_members(const struct state *state, uint32_t index, int64_t now_us,
			      struct json_writer *json)
{
	const struct task *task = state_task(state, index);
	struct arena *arena = state_scratch(state);
	struct task_spec spec;

	json_put_text(json, "board", state_board(state, task->board)->id);
	json_put_text(json, "task", task_id(task));
	json_put_str(json, "state", task_state_names[task->state]);
	if (task->claim != INDEX_NONE)
		view_claim(state, state_claim(state, task->claim), json);
	if (task->open_deps)
		view_open_deps(state, task, json);
	task_spec_of(task, arena, &spec);
	schema_write_json_set(&task_spec_schema, &spec, json);
	if (spec.wasm.len && task->state != TASK_DONE && !view_knows_module(state, spec.wasm))
		json_put_bool(json, "module_missing", true);
	if (task->kind == TASK_CRITICAL)
		json_put_str(json, "kind", task_kind_names[TASK_CRITICAL]);
	json_put_i64(json, "attempts", task->attempts);
	json_put_i64(json, "failures", task->failures);
	if (task->blockers_open)
		json_put_i64(json, "blockers_open", task->blockers_open);
	if (task->ready_at_us)
		json_put_time(json, "ready_at", task->ready_at_us);
	if (task->not_before_us > now_us && task->not_before_us != spec.not_before)
		json_put_time(json, "next_attempt_at", task->not_before_us);
	if (task_has_ended(task))
		view_outcome(task, arena, json);
}

void view_task(const struct state *state, uint32_t task, int64_t now_us, struct json_writer *json)
{
	json_object(json);
	view_task_members(state, task, now_us, json);
	json_object_end(json);
}

static void view_states(const uint32_t in_state[], struct json_writer *json)
{
	for (int i = 0; i < TASK_STATE_COUNT; i++)
		json_put_i64(json, task_state_names[i], in_state[i]);
}

static void view_board_members(const struct state *state, uint32_t index, struct json_writer *json)
{
	const struct board *board = state_board(state, index);

	json_put_text(json, "board", board->id);
	json_put_text(json, "title", board->title);
	json_put_time(json, "created_at", board->created_at_us);
	json_put_bool(json, "archived", board->archived);
	json_put_i64(json, "task_count", (int64_t)board->task_count);
	json_key(json, "counts");
	json_object(json);
	view_states(board->in_state, json);
	json_object_end(json);
}

void view_board(const struct state *state, uint32_t board, struct json_writer *json)
{
	json_object(json);
	view_board_members(state, board, json);
	json_object_end(json);
}

/* Claims whose holder is asked to end the work: for one that was away when that was said. */
static void view_stops(const struct state *state, const struct swarm *swarm,
		       struct json_writer *json)
{
	bool has_any = false;

	for (uint32_t at = swarm->first_claim; at != INDEX_NONE;
	     at = state_claim(state, at)->next_of_swarm) {
		const struct claim *claim = state_claim(state, at);
		const struct task *task = state_task(state, claim->task);

		if (claim->stop.len == 0)
			continue;
		if (!has_any) {
			json_key(json, "stops");
			json_array(json);
			has_any = true;
		}
		json_object(json);
		json_put_text(json, "board", state_board(state, task->board)->id);
		json_put_text(json, "task", task_id(task));
		json_put_i64(json, "fence", (int64_t)claim->fence);
		json_put_text(json, "reason", claim->stop);
		json_object_end(json);
	}
	if (has_any)
		json_array_end(json);
}

static void view_swarm_members(const struct state *state, uint32_t index, int64_t now_us,
			       struct json_writer *json)
{
	const struct swarm *swarm = state_swarm(state, index);

	json_put_text(json, "swarm", swarm->id);
	if (swarm->title.len)
		json_put_text(json, "title", swarm->title);
	json_put_texts(json, "capabilities", swarm->capabilities);
	json_put_i64(json, "slots", swarm->slots);
	if (swarm->boards.count)
		json_put_texts(json, "boards", swarm->boards);
	if (swarm->model.len)
		json_put_text(json, "model", swarm->model);
	json_put_bool(json, "present", swarm->registered && (!swarm->absent || swarm->waiting));
	json_put_time(json, "seen_at", swarm->seen_at_us);
	json_put_i64(json, "seen_ago_ms", (now_us - swarm->seen_at_us) / 1000);
	json_put_i64(json, "presence_ms", swarm->presence_ms);
	json_key(json, "holds");
	json_array(json);
	for (uint32_t at = swarm->first_claim; at != INDEX_NONE;
	     at = state_claim(state, at)->next_of_swarm)
		json_text(json, task_id(state_task(state, state_claim(state, at)->task)));
	json_array_end(json);
	view_stops(state, swarm, json);
	json_put_i64(json, "done", (int64_t)swarm->done_count);
	json_put_i64(json, "failed", (int64_t)swarm->failed_count);
	json_put_i64(json, "unread", (int64_t)swarm_unread(swarm));
	if (swarm->spare)
		json_put_i64(json, "spare", swarm->spare);
	if (swarm->help_wanted.len)
		json_put_text(json, "help_wanted", swarm->help_wanted);
	if (state_contract_of(state, index))
		json_put_text(json, "contract", state_contract_of(state, index)->id);
	view_worker(state, index, json);
}

void view_swarm(const struct state *state, uint32_t swarm, int64_t now_us,
		struct json_writer *json)
{
	json_object(json);
	view_swarm_members(state, swarm, now_us, json);
	json_object_end(json);
}

static void view_blocker_members(const struct state *state, uint32_t index,
				 struct json_writer *json)
{
	const struct blocker *blocker = state_blocker(state, index);
	const struct task *task = state_task(state, blocker->task);

	json_put_text(json, "blocker", blocker->id);
	json_put_text(json, "board", state_board(state, task->board)->id);
	json_put_text(json, "task", task_id(task));
	json_put_str(json, "state", blocker_state_names[blocker->state]);
	json_put_str(json, "severity", severity_names[blocker->severity]);
	json_put_text(json, "type", blocker->type);
	json_put_text(json, "description", blocker->description);
	put_swarm(state, "raised_by", blocker->swarm, json);
	json_put_time(json, "raised_at", blocker->raised_at_us);
	if (blocker->needs.count)
		json_put_texts(json, "needs", blocker->needs);
	if (blocker->state == BLOCKER_OPEN)
		return;
	json_put_time(json, "ended_at", blocker->ended_at_us);
	json_put_text(json, "ended_by", blocker->ended_by);
	if (blocker->note.len)
		json_put_text(json, "note", blocker->note);
}

void view_blocker(const struct state *state, uint32_t blocker, struct json_writer *json)
{
	json_object(json);
	view_blocker_members(state, blocker, json);
	json_object_end(json);
}

static void view_note_members(const struct note *note, struct json_writer *json)
{
	json_put_text(json, "key", note->key);
	json_put_raw(json, "value", note->value);
	json_put_i64(json, "version", (int64_t)note->version);
	json_put_time(json, "written_at", note->written_at_us);
	if (note->by.len)
		json_put_text(json, "by", note->by);
}

void view_note(const struct note *note, struct json_writer *json)
{
	json_object(json);
	view_note_members(note, json);
	json_object_end(json);
}

void view_counts(const struct state *state, struct json_writer *json)
{
	json_put_i64(json, "boards", state->boards.count);
	json_key(json, "tasks");
	json_object(json);
	json_put_i64(json, "all", state->tasks.count);
	view_states(state->in_state, json);
	json_object_end(json);
	json_put_i64(json, "swarms", state->registered_swarms);
	json_put_i64(json, "claims", state->live_claims);
	json_put_i64(json, "open_blockers", state->open_blockers);
	json_put_i64(json, "unread_messages", state->live_messages);
	json_put_i64(json, "notes", (int64_t)state->note_count);
	json_put_i64(json, "open_escalations", state->govern.open_escalations);
	json_put_i64(json, "open_breakers", state->govern.open_breakers);
	json_put_i64(json, "modules", state->chassis.loaded_modules);
	json_put_i64(json, "live_credentials", state->chassis.live_credentials);
}

uint32_t view_index(const struct decision *decision)
{
	/* A task that the decision made is known by the board it came onto. */
	if (decision->name.len)
		return state_find_task(decision->state, decision->index, decision->name);
	return decision->index;
}

void view_answer(const struct decision *decision, struct json_writer *json)
{
	const struct state *state = decision->state;

	switch (decision->about) {
	case ABOUT_TASK:
		view_task_members(state, view_index(decision), decision->now_us, json);
		break;
	case ABOUT_BOARD:
		view_board_members(state, state_find_board(state, decision->name), json);
		break;
	case ABOUT_SWARM:
		view_swarm_members(state, state_find_swarm(state, decision->name),
				   decision->now_us, json);
		break;
	case ABOUT_BLOCKER:
		view_blocker_members(state, state_find_blocker(state, decision->name), json);
		break;
	case ABOUT_NOTE:
		view_note_members(state_find_note(state, decision->name), json);
		break;
	case ABOUT_ESCALATION:
		view_escalation_members(state, state_find_escalation(state, decision->name), json);
		break;
	case ABOUT_MODULE:
		view_module_members(state, state_find_module(state, decision->name), json);
		break;
	case ABOUT_CREDENTIAL:
		view_credential_members(state,
					state_find_credential(state,
							      credential_number(decision->name)),
					decision->now_us, json);
		break;
	case ABOUT_NOTHING:
		break;
	default:
		BUG("an answer is about something");
	}
	if (decision->answer.len)
		json_members(json, buf_slice(&decision->answer));
}

/* ---- commands that read -------------------------------------------------------------------- */

#define VIEW(name) \
	static enum err view_##name(struct decision *decision, const struct command *command, \
				    struct json_writer *json)

VIEW(board_list)
{
	const struct state *state = decision->state;

	json_key(json, "boards");
	json_array(json);
	for (uint32_t i = 0; i < state->boards.count; i++)
		if (command->args.board_list.archived || !state_board(state, i)->archived)
			view_board(state, i, json);
	json_array_end(json);
	return OK;
}

VIEW(board_show)
{
	const struct state *state = decision->state;
	const struct board *board;
	uint32_t index;
	enum err err = decision_board(decision, command->args.board_show.board, &index);

	if (err != OK)
		return err;
	board = state_board(state, index);
	view_board_members(state, index, json);
	json_key(json, "tasks");
	json_array(json);
	for (size_t i = 0; i < board->task_count; i++)
		view_task(state, board->tasks[i], decision->now_us, json);
	json_array_end(json);
	return OK;
}

static bool is_listed(const struct state *state, const struct task *task,
		      const struct cmd_task_list *args)
{
	if ((args->state >= 0 && task->state != args->state) ||
	    (args->kind >= 0 && task->kind != args->kind))
		return false;
	return args->swarm.len == 0 ||
	       (task->claim != INDEX_NONE &&
		slice_is(state_swarm(state, state_claim(state, task->claim)->swarm)->id,
			 args->swarm));
}

VIEW(task_list)
{
	const struct cmd_task_list *args = &command->args.task_list;
	const struct state *state = decision->state;
	const struct board *board;
	bool begun = args->after.len == 0;
	int64_t rows = 0;
	uint32_t index;
	size_t i;
	enum err err = decision_board(decision, args->board, &index);

	if (err != OK)
		return err;
	board = state_board(state, index);
	json_key(json, "tasks");
	json_array(json);
	for (i = 0; i < board->task_count && rows < args->limit; i++) {
		const struct task *task = state_task(state, board->tasks[i]);

		if (begun && is_listed(state, task, args)) {
			view_task(state, board->tasks[i], decision->now_us, json);
			rows++;
		}
		begun = begun || slice_is(task_id(task), args->after);
	}
	json_array_end(json);
	json_put_bool(json, "more", i < board->task_count);
	return OK;
}

VIEW(task_show)
{
	const struct cmd_task_show *args = &command->args.task_show;
	const struct state *state = decision->state;
	uint32_t index;
	enum err err = decision_task(decision, args->board, args->task, &index);

	if (err != OK)
		return err;
	view_task_members(state, index, decision->now_us, json);
	json_key(json, "blockers");
	json_array(json);
	for (uint32_t i = 0; i < state->blockers.count; i++)
		if (state_blocker(state, i)->task == index)
			view_blocker(state, i, json);
	json_array_end(json);
	return OK;
}

static bool has_all(const struct state *state, const struct swarm *swarm, struct slice_list wanted)
{
	for (size_t i = 0; i < wanted.count; i++)
		if (!capability_covers(&state->capabilities, swarm->skills, wanted.items[i]))
			return false;
	return true;
}

VIEW(swarm_list)
{
	const struct cmd_swarm_list *args = &command->args.swarm_list;
	const struct state *state = decision->state;
	bool begun = args->after.len == 0;
	int64_t rows = 0;
	uint32_t i;

	json_key(json, "swarms");
	json_array(json);
	for (i = 0; i < state->swarms.count && rows < args->limit; i++) {
		const struct swarm *swarm = state_swarm(state, i);

		if (begun && swarm->registered && has_all(state, swarm, args->capability) &&
		    (!args->help_wanted || swarm->help_wanted.len) &&
		    (!args->spare || swarm->spare)) {
			view_swarm(state, i, decision->now_us, json);
			rows++;
		}
		begun = begun || slice_is(swarm->id, args->after);
	}
	json_array_end(json);
	json_put_bool(json, "more", i < state->swarms.count);
	return OK;
}

VIEW(swarm_show)
{
	uint32_t index;
	enum err err = decision_swarm(decision, command->args.swarm_show.swarm, &index);

	if (err == OK)
		view_swarm_members(decision->state, index, decision->now_us, json);
	return err;
}

VIEW(blocker_list)
{
	const struct cmd_blocker_list *args = &command->args.blocker_list;
	const struct state *state = decision->state;
	uint32_t board = INDEX_NONE;
	int64_t rows = 0;
	enum err err = OK;

	if (args->board.len)
		err = decision_board(decision, args->board, &board);
	if (err != OK)
		return err;
	json_key(json, "blockers");
	json_array(json);
	for (uint32_t i = state->blockers.count; i-- > 0 && rows < args->limit;) {
		const struct blocker *blocker = state_blocker(state, i);

		if ((blocker->state != BLOCKER_OPEN && !args->all) ||
		    (board != INDEX_NONE && state_task(state, blocker->task)->board != board))
			continue;
		view_blocker(state, i, json);
		rows++;
	}
	json_array_end(json);
	return OK;
}

VIEW(blocker_show)
{
	struct slice id = command->args.blocker_show.blocker;
	uint32_t index = state_find_blocker(decision->state, id);

	if (index == INDEX_NONE)
		return REFUSE(decision, ERR_BLOCKER_UNKNOWN, "blocker {}", id);
	view_blocker_members(decision->state, index, json);
	return OK;
}

static void view_message(const struct message *message, struct json_writer *json)
{
	json_object(json);
	json_put_i64(json, "message", (int64_t)message->number);
	json_put_time(json, "sent_at", message->sent_at_us);
	json_put_text(json, "from", message->from);
	if (message->to.len)
		json_put_text(json, "to", message->to);
	if (message->to_board.len)
		json_put_text(json, "to_board", message->to_board);
	if (message->to_all)
		json_put_bool(json, "to_all", true);
	if (message->subject.len)
		json_put_text(json, "subject", message->subject);
	json_put_text(json, "body", message->body);
	json_object_end(json);
}

VIEW(message_list)
{
	const struct cmd_message_list *args = &command->args.message_list;
	const struct state *state = decision->state;
	const struct swarm *swarm;
	uint64_t cursor;
	int64_t rows = 0;
	uint32_t index;
	enum err err = decision_swarm(decision, args->swarm, &index);

	if (err != OK)
		return err;
	swarm = state_swarm(state, index);
	cursor = swarm->read_no;
	json_key(json, "messages");
	json_array(json);
	for (size_t i = swarm->inbox_first; i < swarm->inbox_count && rows < args->limit; i++) {
		cursor = swarm->inbox[i];
		view_message(slab_at(&state->messages, state_find_message(state, cursor)), json);
		rows++;
	}
	json_array_end(json);
	json_put_i64(json, "cursor", (int64_t)cursor);
	json_put_i64(json, "unread", (int64_t)swarm_unread(swarm));
	return OK;
}

VIEW(note_get)
{
	const struct note *note = state_find_note(decision->state, command->args.note_get.key);

	if (!note)
		return REFUSE(decision, ERR_NOTE_UNKNOWN, "note {}", command->args.note_get.key);
	view_note_members(note, json);
	return OK;
}

VIEW(note_list)
{
	const struct cmd_note_list *args = &command->args.note_list;
	const struct state *state = decision->state;
	struct slice from = slice_compare(args->after, args->prefix) > 0 ? args->after :
									     args->prefix;
	int64_t rows = 0;
	size_t i = state_note_position(state, from);

	if (args->after.len && i < state->note_count && slice_is(state->notes[i]->key, args->after))
		i++;
	json_key(json, "notes");
	json_array(json);
	for (; i < state->note_count && rows < args->limit &&
	       slice_starts(state->notes[i]->key, args->prefix); i++, rows++)
		view_note(state->notes[i], json);
	json_array_end(json);
	json_put_bool(json, "more", i < state->note_count &&
		      slice_starts(state->notes[i]->key, args->prefix));
	return OK;
}

view_fn *view_of(enum command_type type)
{
	static view_fn *const table[COMMAND_COUNT] = {
		[COMMAND_BOARD_LIST] = view_board_list,
		[COMMAND_BOARD_SHOW] = view_board_show,
		[COMMAND_TASK_LIST] = view_task_list,
		[COMMAND_TASK_SHOW] = view_task_show,
		[COMMAND_TASK_WHY] = view_why,
		[COMMAND_SWARM_LIST] = view_swarm_list,
		[COMMAND_SWARM_SHOW] = view_swarm_show,
		[COMMAND_BLOCKER_LIST] = view_blocker_list,
		[COMMAND_BLOCKER_SHOW] = view_blocker_show,
		[COMMAND_MESSAGE_LIST] = view_message_list,
		[COMMAND_NOTE_GET] = view_note_get,
		[COMMAND_NOTE_LIST] = view_note_list,
		[COMMAND_CAPABILITY_LIST] = view_capability_list,
		[COMMAND_GOVERNOR_MATCH] = view_governor_match,
		[COMMAND_GOVERNOR_COORDINATE] = view_governor_coordinate,
		[COMMAND_GOVERNOR_MANIFEST] = view_governor_manifest,
		[COMMAND_GOVERNOR_PERFORMANCE] = view_governor_performance,
		[COMMAND_GOVERNOR_BREAKERS] = view_governor_breakers,
		[COMMAND_POLICY_SHOW] = view_policy_show,
		[COMMAND_COST_REPORT] = view_cost_report,
		[COMMAND_COST_HISTORY] = view_cost_history,
		[COMMAND_COST_BUDGET] = view_cost_budget,
		[COMMAND_PRICE_LIST] = view_price_list,
		[COMMAND_ESCALATION_LIST] = view_escalation_list,
		[COMMAND_ESCALATION_SHOW] = view_escalation_show,
		[COMMAND_CHASSIS_LIST] = view_chassis_list,
		[COMMAND_CHASSIS_SHOW] = view_chassis_show,
		[COMMAND_CHASSIS_PERFORMANCE] = view_chassis_performance,
		[COMMAND_CHASSIS_REPUTATION] = view_chassis_reputation,
		[COMMAND_CHASSIS_RESOURCES] = view_chassis_resources,
		[COMMAND_CREDENTIAL_LIST] = view_credential_list,
	};

	return table[type];
}
