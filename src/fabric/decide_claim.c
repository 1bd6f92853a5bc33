/*
 * Who may take a task, and what ends a claim.
 *
 * The order of refusals is part of the contract: unknown task or swarm; not
 * ready, and by whom; breaker; capability; cost; budget; slots; paths.
 */
#include "base/ensure.h"
#include "fabric/decide.h"
#include "fabric/explain.h"

#define OPEN_DEPS_NAMED 5	/* a refusal is read by people; `task why` gives all */

static void tell_holder(struct decision *decision, const struct task *task)
{
	const struct claim *claim = state_claim(decision->state, task->claim);
	struct json_writer *json = &decision->member_json;

	json_put_text(json, "holder", state_swarm(decision->state, claim->swarm)->id);
	json_put_time(json, "until", claim->lease_until_us);
	json_put_i64(json, "holder_fence", (int64_t)claim->fence);
}

static enum err refuse_blocked(struct decision *decision, const struct task *task)
{
	struct buf names = { 0 };
	size_t named = 0;
	enum err err;

	json_key(&decision->member_json, "waits_for");
	json_array(&decision->member_json);
	for (uint32_t i = 0; i < task->dep_count && named < OPEN_DEPS_NAMED; i++) {
		const struct task *on = state_task(decision->state, task->deps[i]);

		if (on->state == TASK_DONE)
			continue;
		if (named++)
			buf_add_lit(&names, ", ");
		buf_add_slice(&names, task_id(on));
		buf_add_lit(&names, " (");
		buf_add_str(&names, task_state_names[on->state]);
		buf_add_lit(&names, ")");
		json_text(&decision->member_json, task_id(on));
	}
	json_array_end(&decision->member_json);
	err = REFUSE(decision, ERR_TASK_BLOCKED, "task {} waits for {}", task_id(task),
		     buf_slice(&names));
	buf_finish(&names);
	return err;
}

static enum err refuse_state(struct decision *decision, const struct task *task, uint32_t swarm)
{
	const struct state *state = decision->state;
	struct slice id = task_id(task);

	/* One that failed while it was held rests first; then only its blocker is left. */
	if (task->blockers_open && !task_has_ended(task) && task->open_deps == 0 &&
	    task->not_before_us <= decision->now_us && task->claim == INDEX_NONE)
		return REFUSE(decision, ERR_TASK_HELD, "task {}", id);
	switch ((enum task_state)task->state) {
	case TASK_READY:
		return OK;
	case TASK_BLOCKED:
		return refuse_blocked(decision, task);
	case TASK_DELAYED:
		json_put_time(&decision->member_json, "until", task->not_before_us);
		return REFUSE(decision, ERR_TASK_DELAYED, "task {} may not start before {}", id,
			      decision_time(decision, task->not_before_us));
	case TASK_CLAIMED: {
		const struct claim *claim = state_claim(state, task->claim);

		if (claim->imported && claim->swarm == swarm)
			return OK;
		tell_holder(decision, task);
		return REFUSE(decision, ERR_TASK_CLAIMED, "task {} is held by {} until {}", id,
			      state_swarm(state, claim->swarm)->id,
			      decision_time(decision, claim->lease_until_us));
	}
	case TASK_HELD:
		if (task_is_held_by_somebody(task))
			tell_holder(decision, task);
		return REFUSE(decision, ERR_TASK_HELD, "task {}", id);
	case TASK_DONE:
	case TASK_FAILED:
	case TASK_CANCELLED:
		return REFUSE(decision, ERR_TASK_ENDED, "task {} is {}", id,
			      slice_of_str(task_state_names[task->state]));
	case TASK_STATE_COUNT:
	default:
		BUG("a task has a state");
	}
}

static struct slice percent_of_ppm(struct decision *decision, int64_t ppm)
{
	return decision_number(decision, ppm / 10000);
}

static enum err refuse_capability(struct decision *decision, const struct task *task,
				  const struct swarm *swarm, uint32_t overlap_ppm)
{
	struct json_writer *json = &decision->member_json;
	struct task_spec spec;
	struct buf missing = { 0 };
	enum err err;

	task_spec_of(task, decision->arena, &spec);
	json_key(json, "overlap");
	json_ratio(json, overlap_ppm);
	json_key(json, "threshold");
	json_ratio(json, LIMIT_MATCH_THRESHOLD_PPM);
	json_key(json, "missing");
	json_array(json);
	for (size_t i = 0; i < spec.needs.count; i++) {
		if (capability_covers(&decision->state->capabilities, swarm->skills,
				      spec.needs.items[i]))
			continue;
		if (missing.len)
			buf_add_lit(&missing, ", ");
		buf_add_slice(&missing, spec.needs.items[i]);
		json_text(json, spec.needs.items[i]);
	}
	json_array_end(json);
	err = REFUSE(decision, ERR_CAPABILITY_BELOW,
		     "swarm {} covers {} % of what task {} needs, {} % is the least; it lacks {}",
		     swarm->id, percent_of_ppm(decision, overlap_ppm), task_id(task),
		     percent_of_ppm(decision, LIMIT_MATCH_THRESHOLD_PPM), buf_slice(&missing));
	buf_finish(&missing);
	return err;
}

static enum err refuse_paths(struct decision *decision, const struct task *task,
			     struct slice_list paths)
{
	const struct state *state = decision->state;
	const struct board *board = state_board(state, task->board);

	for (size_t i = 0; i < paths.count; i++) {
		const struct path_entry *entry =
			path_table_conflict(&board->paths, paths.items[i]);
		const struct claim *claim;

		if (!entry || entry->claim == task->claim)
			continue;
		claim = state_claim(state, entry->claim);
		json_put_text(&decision->member_json, "path", entry->path);
		json_put_text(&decision->member_json, "holder",
			      state_swarm(state, claim->swarm)->id);
		json_put_text(&decision->member_json, "holder_task",
			      task_id(state_task(state, claim->task)));
		json_put_time(&decision->member_json, "until", claim->lease_until_us);
		return REFUSE(decision, ERR_PATH_CONFLICT,
			      "path {} is reserved by {} for task {} until {}", entry->path,
			      state_swarm(state, claim->swarm)->id,
			      task_id(state_task(state, claim->task)),
			      decision_time(decision, claim->lease_until_us));
	}
	return OK;
}

static uint32_t overlap_of(const struct state *state, const struct task *task,
			   const struct swarm *swarm)
{
	/* The cache of pairs is filled on the way; what it answers does not change. */
	struct state *mutable = (struct state *)(uintptr_t)state;

	return capability_overlap_ppm(&mutable->capabilities, swarm->skills, task->needs);
}

enum err decide_may_claim(struct decision *decision, uint32_t index, uint32_t swarm_index,
			  struct slice_list paths)
{
	const struct state *state = decision->state;
	const struct task *task = state_task(state, index);
	const struct swarm *swarm = state_swarm(state, swarm_index);
	uint32_t overlap_ppm = overlap_of(state, task, swarm);
	enum err err = refuse_state(decision, task, swarm_index);

	if (err != OK)
		return err;
	/* The governor's breaker is asked here, */
	if (overlap_ppm < LIMIT_MATCH_THRESHOLD_PPM)
		return refuse_capability(decision, task, swarm, overlap_ppm);
	/* and its policy on cost and its budgets here. */
	if (task->claim == INDEX_NONE && !swarm_has_slot(swarm))
		return REFUSE(decision, ERR_SLOTS_FULL, "swarm {} holds {} tasks in {} slots",
			      swarm->id,
			      decision_number(decision, swarm->claim_count - swarm->held_count),
			      decision_number(decision, swarm->slots));
	return refuse_paths(decision, task, paths);
}

/* The task's own paths and those that the claim asks for on top, each once. */
static struct slice_list all_paths(struct decision *decision, const struct task_spec *spec,
				   struct slice_list more)
{
	struct slice *items;
	size_t count;

	if (more.count == 0)
		return spec->paths;
	items = arena_zero(decision->arena, spec->paths.count + more.count, sizeof(*items));
	count = spec->paths.count;
	for (size_t i = 0; i < count; i++)
		items[i] = spec->paths.items[i];
	for (size_t i = 0; i < more.count; i++)
		if (!slice_list_has((struct slice_list){ items, count }, more.items[i]))
			items[count++] = more.items[i];
	return (struct slice_list){ items, count };
}

static int64_t claim_limit_ms(const struct task_spec *spec)
{
	return spec->limit_ms ? spec->limit_ms : LIMIT_LEASE_MOST_MS;
}

/* Two minutes for those that send heartbeats, half an hour for those that do not. */
static int64_t default_lease_ms(const struct swarm *swarm)
{
	return swarm->beats ? LIMIT_LEASE_DEFAULT_MS : LIMIT_LEASE_SILENT_MS;
}

static void emit_claimed(struct decision *decision, uint32_t index, uint32_t swarm_index,
			 int64_t lease_ms, const struct task_spec *spec, struct slice_list paths)
{
	const struct state *state = decision->state;
	const struct task *task = state_task(state, index);
	const struct swarm *swarm = state_swarm(state, swarm_index);
	struct event *event = decision_emit(decision, EVENT_TASK_CLAIMED);
	struct ev_task_claimed *of = &event->of.task_claimed;

	event->actor = swarm->id;
	decision_name_task(decision, index, &of->board, &of->task);
	of->swarm = swarm->id;
	of->attempt = task->attempts;
	if (task->claim == INDEX_NONE && task->attempts < UINT16_MAX)
		of->attempt++;
	of->lease_ms = lease_ms ? lease_ms : default_lease_ms(swarm);
	of->claim_until = decision->now_us + claim_limit_ms(spec) * 1000;
	of->lease_until = lease_end_us(decision->now_us, of->lease_ms, of->claim_until);
	of->overlap = overlap_of(state, task, swarm);
	of->paths = paths;
	of->waited_ms = (decision->now_us - task->ready_at_us) / 1000;
	if (of->waited_ms > DURATION_MS_MAX)
		of->waited_ms = DURATION_MS_MAX;
	decision->about = ABOUT_TASK;
	decision->index = index;
}

enum err decide_task_claim(struct decision *decision, const struct command *command)
{
	const struct cmd_task_claim *args = &command->args.task_claim;
	struct slice_list paths;
	struct task_spec spec;
	uint32_t task, swarm;
	enum err err = decision_task(decision, args->board, args->task, &task);

	if (err == OK)
		err = decision_swarm(decision, args->swarm, &swarm);
	if (err == OK)
		err = decision_not_archived(decision, state_task(decision->state, task)->board);
	if (err != OK)
		return err;
	task_spec_of(state_task(decision->state, task), decision->arena, &spec);
	paths = all_paths(decision, &spec, args->paths);
	err = decide_may_claim(decision, task, swarm, paths);
	if (args->why) {
		struct ready_wish wish = decide_wish(decision->state, swarm, INDEX_NONE, false);

		explain_choice(decision, &wish, task,
			       err == OK ? &decision->answer_json : &decision->member_json);
	}
	if (err == OK)
		emit_claimed(decision, task, swarm, args->lease_ms, &spec, paths);
	return err;
}

struct ready_wish decide_wish(const struct state *state, uint32_t swarm, uint32_t board,
			      bool critical_only)
{
	(void)state;
	return (struct ready_wish){
		.swarm = swarm, .board = board, .critical_only = critical_only,
		.threshold_ppm = LIMIT_MATCH_THRESHOLD_PPM,
	};
}

static enum err nothing_ready(struct decision *decision, const struct ready_wish *wish)
{
	const struct state *state = decision->state;
	struct slice swarm = state_swarm(state, wish->swarm)->id;

	json_put_i64(&decision->member_json, "ready", state->in_state[TASK_READY]);
	json_put_i64(&decision->member_json, "blocked", state->in_state[TASK_BLOCKED]);
	json_put_i64(&decision->member_json, "claimed", state->in_state[TASK_CLAIMED]);
	return REFUSE(decision, ERR_NOTHING_READY,
		      "of {} ready tasks none is for swarm {}; {} are claimed, {} blocked",
		      decision_number(decision, state->in_state[TASK_READY]), swarm,
		      decision_number(decision, state->in_state[TASK_CLAIMED]),
		      decision_number(decision, state->in_state[TASK_BLOCKED]));
}

enum err decide_task_next(struct decision *decision, const struct command *command)
{
	const struct cmd_task_next *args = &command->args.task_next;
	uint32_t board = INDEX_NONE;
	uint32_t swarm, task;
	struct ready_wish wish;
	struct task_spec spec;
	enum err err = decision_swarm(decision, args->swarm, &swarm);

	if (err == OK && args->board.len)
		err = decision_open_board(decision, args->board, &board);
	if (err != OK)
		return err;
	wish = decide_wish(decision->state, swarm, board, args->critical_only != 0);
	if (!swarm_has_slot(state_swarm(decision->state, swarm)))
		return REFUSE(decision, ERR_SLOTS_FULL, "swarm {} holds as many tasks as it has slots",
			      args->swarm);
	task = ready_best(decision->state, &wish);
	if (args->why)
		explain_choice(decision, &wish, task,
			       task == INDEX_NONE ? &decision->member_json :
						    &decision->answer_json);
	if (task == INDEX_NONE)
		return nothing_ready(decision, &wish);
	task_spec_of(state_task(decision->state, task), decision->arena, &spec);
	err = decide_may_claim(decision, task, swarm, spec.paths);
	if (err == OK)
		emit_claimed(decision, task, swarm, args->lease_ms, &spec, spec.paths);
	return err;
}

/* ---- the holder's commands ----------------------------------------------------------------- */

/* The fencing token is checked before anything else that a holder says. */
static enum err held_task(struct decision *decision, struct slice board, struct slice id,
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
		tell_holder(decision, task);
		return REFUSE(decision, ERR_FENCE_STALE, "task {} is held by {} now; token {} is over",
			      id, state_swarm(state, state_claim(state, task->claim)->swarm)->id,
			      decision_number(decision, fence));
	}
	decision->actor = state_swarm(state, state_claim(state, task->claim)->swarm)->id;
	decision->about = ABOUT_TASK;
	decision->index = *ret_task;
	return OK;
}

/* The first four fields of every event about a claim. */
#define NAME_CLAIM(decision, task_index, of)                                                       \
	do {                                                                                       \
		const struct claim *named_ = state_claim(                                          \
			(decision)->state, state_task((decision)->state, (task_index))->claim);    \
		decision_name_task((decision), (task_index), &(of)->board, &(of)->task);           \
		(of)->swarm = state_swarm((decision)->state, named_->swarm)->id;                   \
		(of)->fence = (int64_t)named_->fence;                                              \
	} while (0)

enum err decide_task_heartbeat(struct decision *decision, const struct command *command)
{
	const struct cmd_task_heartbeat *args = &command->args.task_heartbeat;
	struct ev_task_extended *of;
	const struct claim *claim;
	uint32_t task;
	enum err err = held_task(decision, args->board, args->task, args->fence, &task);

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
	enum err err = held_task(decision, args->board, args->task, args->fence, &task);

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

/* A task that was claimed has no open dependency, unless its plan changed meanwhile. */
static bool is_free_again(const struct decision *decision, const struct task *task,
			  int64_t not_before_us)
{
	return task->open_deps == 0 && task->blockers_open == 0 &&
	       not_before_us <= decision->now_us;
}

void decide_emit_released(struct decision *decision, uint32_t task, struct slice reason,
			  int64_t not_before_us)
{
	struct ev_task_released *of = &decision_emit(decision, EVENT_TASK_RELEASED)->of.task_released;

	NAME_CLAIM(decision, task, of);
	of->reason = reason;
	of->not_before = not_before_us;
	if (is_free_again(decision, state_task(decision->state, task), not_before_us))
		decision_emit_ready(decision, task, SLICE("released"));
}

enum err decide_task_release(struct decision *decision, const struct command *command)
{
	const struct cmd_task_release *args = &command->args.task_release;
	uint32_t task;
	enum err err = held_task(decision, args->board, args->task, args->fence, &task);

	if (err == OK)
		decide_emit_released(decision, task, args->reason,
				     args->delay_ms ? decision->now_us + args->delay_ms * 1000 : 0);
	return err;
}

/* Tasks that waited for this one only. */
static void emit_dependents_ready(struct decision *decision, const struct task *done)
{
	for (uint32_t i = 0; i < done->dependent_count; i++) {
		const struct task *task = state_task(decision->state, done->dependents[i]);

		if (task->open_deps == 1 && task->blockers_open == 0 &&
		    (task->state == TASK_BLOCKED || task->state == TASK_DELAYED) &&
		    task->not_before_us <= decision->now_us)
			decision_emit_ready(decision, done->dependents[i], task_id(done));
	}
}

enum err decide_task_complete(struct decision *decision, const struct command *command)
{
	/* finish-and-next begins with the same arguments. */
	const struct cmd_task_complete *args = &command->args.task_complete;
	struct ev_task_completed *of;
	uint32_t task;
	enum err err = held_task(decision, args->board, args->task, args->fence, &task);

	if (err != OK)
		return err;
	of = &decision_emit(decision, EVENT_TASK_COMPLETED)->of.task_completed;
	NAME_CLAIM(decision, task, of);
	of->result = args->result;
	of->evidence = args->evidence;
	emit_dependents_ready(decision, state_task(decision->state, task));
	return OK;
}

static uint64_t spread_of(const struct decision *decision, const struct task *task)
{
	struct slice id = task_id(task);

	return hash_bytes(decision->state->last_event, id.ptr, id.len);
}

enum err decide_task_fail(struct decision *decision, const struct command *command)
{
	const struct cmd_task_fail *args = &command->args.task_fail;
	const struct task *task;
	struct ev_task_failed *of;
	uint32_t index;
	enum err err = held_task(decision, args->board, args->task, args->fence, &index);

	if (err != OK)
		return err;
	task = state_task(decision->state, index);
	of = &decision_emit(decision, EVENT_TASK_FAILED)->of.task_failed;
	NAME_CLAIM(decision, index, of);
	of->reason = args->reason;
	of->evidence = args->evidence;
	of->quarantined = args->final || task->failures + 1 >= task->max_attempts;
	if (!of->quarantined)
		of->not_before = decision->now_us +
				 task_backoff_ms(task->failures + 1U, LIMIT_BACKOFF_FIRST_MS,
						 LIMIT_BACKOFF_MOST_MS, spread_of(decision, task)) *
					 1000;
	return OK;
}

/* ---- time ---------------------------------------------------------------------------------- */

static void emit_lease_lost(struct decision *decision, uint32_t index, const struct claim *claim)
{
	const struct task *task = state_task(decision->state, index);
	struct event *event = decision_emit(decision, EVENT_LEASE_LOST);
	struct ev_lease_lost *of = &event->of.lease_lost;

	event->actor = SLICE_EMPTY;
	NAME_CLAIM(decision, index, of);
	of->reason = claim->claim_until_us <= decision->now_us ?
			     SLICE("its longest time was over") :
			     SLICE("no heartbeat came in time");
	of->quarantined = task->failures + 1 >= task->max_attempts;
	if (!of->quarantined && is_free_again(decision, task, 0))
		decision_emit_ready(decision, index, SLICE("lease lost"));
}

/* When the lease is really over: a heartbeat since then, a blocker or a new reign give more time. */
static int64_t lease_over_us(const struct state *state, const struct claim *claim)
{
	int64_t over_us = claim->lease_until_us;

	if (state_task(state, claim->task)->state == TASK_HELD)
		over_us = claim->claim_until_us;
	return over_us > state->grace_until_us ? over_us : state->grace_until_us;
}

/*
 * Timers are judged by the time that they are for and not by now: several
 * that are over then end in the order of their times, whatever heartbeats
 * and restarts did to the heap before.
 */
static void tick_lease(struct decision *decision, struct state *state,
		       const struct heap_entry *timer)
{
	struct claim *claim = state_claim(state, timer->value);
	int64_t over_us;

	if (claim->timer_us != timer->key)
		return;
	claim->timer_us = 0;
	if (claim->task == INDEX_NONE)
		return;
	over_us = lease_over_us(state, claim);
	if (over_us > timer->key || timer->tie != ((uint64_t)TIMER_LEASE << 32 | claim->task))
		state_lease_timer(state, timer->value, over_us);
	else
		emit_lease_lost(decision, claim->task, claim);
}

static void tick_ready(struct decision *decision, uint32_t index, int64_t at_us)
{
	const struct task *task = state_task(decision->state, index);

	if (task->not_before_us == at_us &&
	    (task->state == TASK_DELAYED || task->state == TASK_BLOCKED) &&
	    is_free_again(decision, task, task->not_before_us))
		decision_emit_ready(decision, index, SLICE("its time has come"));
}

/*
 * Asks the task alone, not how often a timer went off: a task that was ever
 * claimed has been started, and stays so when it comes back.
 */
static void tick_start_by(struct decision *decision, uint32_t index, int64_t at_us)
{
	const struct task *task = state_task(decision->state, index);
	struct task_spec spec;
	struct ev_task_expired *of;

	task_spec_of(task, decision->arena, &spec);
	if (spec.start_by != at_us || task->attempts || task_has_ended(task))
		return;
	of = &decision_emit(decision, EVENT_TASK_EXPIRED)->of.task_expired;
	decision_name_task(decision, index, &of->board, &of->task);
	of->start_by = spec.start_by;
}

/* Whoever waits for an answer is there, and was until it got one. */
static int64_t absent_us(const struct state *state, const struct swarm *swarm, int64_t now_us)
{
	int64_t heard_us = swarm->waiting ? now_us : swarm->seen_at_us;
	int64_t over_us;

	if (heard_us < swarm->heard_at_us)
		heard_us = swarm->heard_at_us;
	over_us = heard_us + swarm->presence_ms * 1000;
	return over_us > state->grace_until_us ? over_us : state->grace_until_us;
}

static void tick_presence(struct decision *decision, struct state *state,
			  const struct heap_entry *timer)
{
	struct swarm *swarm = state_swarm(state, timer->value);
	struct ev_swarm_absent *of;
	int64_t over_us;

	if (swarm->timer_us != timer->key)
		return;
	swarm->timer_us = 0;
	if (!swarm->registered || swarm->absent)
		return;
	over_us = absent_us(state, swarm, decision->now_us);
	if (over_us > timer->key) {
		state_presence_timer(state, timer->value, over_us);
		return;
	}
	of = &decision_emit(decision, EVENT_SWARM_ABSENT)->of.swarm_absent;
	of->swarm = swarm->id;
	of->last_seen = swarm->seen_at_us;
}

static void tick_one(struct decision *decision, struct state *state, struct heap_entry timer)
{
	switch ((enum timer_what)timer.what) {
	case TIMER_LEASE:
		tick_lease(decision, state, &timer);
		break;
	case TIMER_READY:
		tick_ready(decision, timer.value, timer.key);
		break;
	case TIMER_START_BY:
		tick_start_by(decision, timer.value, timer.key);
		break;
	case TIMER_PRESENCE:
		tick_presence(decision, state, &timer);
		break;
	default:
		BUG("a timer is for something");
	}
}

size_t decide_tick(struct decision *decision, struct state *state)
{
	const struct heap_entry *first;
	size_t taken = 0;

	while ((first = heap_first(&state->timers)) != NULL && first->key <= decision->now_us &&
	       decision->event_count == 0 && taken < (size_t)LIMIT_TICK_EVENTS) {
		struct heap_entry timer = *first;

		heap_pop(&state->timers);
		taken++;
		tick_one(decision, state, timer);
	}
	return taken;
}
