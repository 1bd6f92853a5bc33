/*
 * Who may take a task.
 *
 * The order of refusals is part of the contract: unknown task or swarm; not
 * ready, and by whom; breaker; capability; cost; budget; slots; paths.
 */
#include "fabric/decide_claim.h"

#include "base/ensure.h"
#include "fabric/decide_chassis.h"
#include "fabric/decide_govern.h"
#include "fabric/explain.h"

#define OPEN_DEPS_NAMED 5	/* a refusal is read by people; `task why` gives all */

void claim_tell_holder(struct decision *decision, const struct task *task)
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
		claim_tell_holder(decision, task);
		return REFUSE(decision, ERR_TASK_CLAIMED, "task {} is held by {} until {}", id,
			      state_swarm(state, claim->swarm)->id,
			      decision_time(decision, claim->lease_until_us));
	}
	case TASK_HELD:
		if (task_is_held_by_somebody(task))
			claim_tell_holder(decision, task);
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

enum err decide_may_claim(struct decision *decision, uint32_t index, uint32_t swarm_index,
			  struct slice_list paths, struct govern_verdict *ret_verdict)
{
	const struct state *state = decision->state;
	const struct task *task = state_task(state, index);
	const struct swarm *swarm = state_swarm(state, swarm_index);
	enum err err = refuse_state(decision, task, swarm_index);

	*ret_verdict = (struct govern_verdict){ .err = err };
	if (err == OK)
		err = decide_judge(decision, index, swarm_index, ret_verdict);
	if (err != OK)
		return err;
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

/* How the swarm asked for it, and what was found. */
struct granted {
	uint32_t task, swarm;
	int64_t lease_ms;
	const struct task_spec *spec;
	struct slice_list paths;
	struct govern_verdict verdict;
};

static void emit_claimed(struct decision *decision, const struct granted *granted)
{
	const struct state *state = decision->state;
	const struct task *task = state_task(state, granted->task);
	const struct swarm *swarm = state_swarm(state, granted->swarm);
	struct slice answer = SLICE_EMPTY;
	struct ev_task_claimed *of;
	struct event *event;

	if (task->redundancy > 1 && task->claim == INDEX_NONE)
		answer = decide_begin_answer(decision, granted->task);
	event = decision_emit(decision, EVENT_TASK_CLAIMED);
	of = &event->of.task_claimed;
	event->actor = swarm->id;
	decision_name_task(decision, granted->task, &of->board, &of->task);
	of->swarm = swarm->id;
	of->attempt = answer.len ? 0 : task->attempts;
	if (task->claim == INDEX_NONE && of->attempt < UINT16_MAX)
		of->attempt++;
	of->lease_ms = granted->lease_ms ? granted->lease_ms : default_lease_ms(swarm);
	of->claim_until = decision->now_us + claim_limit_ms(granted->spec) * 1000;
	of->lease_until = lease_end_us(decision->now_us, of->lease_ms, of->claim_until);
	of->overlap = granted->verdict.overlap_ppm;
	if (answer.len == 0)
		of->paths = granted->paths;
	of->waited_ms = (decision->now_us - task->ready_at_us) / 1000;
	if (of->waited_ms > DURATION_MS_MAX)
		of->waited_ms = DURATION_MS_MAX;
	of->expected_usd = granted->verdict.expected_nanousd;
	of->cost_from = granted->verdict.cost_from;
	of->reserved_usd = granted->verdict.reserve_nanousd;
	of->probe = decision->probe;
	decision->about = ABOUT_TASK;
	decision->index = granted->task;
	if (answer.len) {
		of->task = answer;
		decision->index = task->board;
		decision->name = answer;
	}
	decide_claim_credential(decision, of, event->number, granted->swarm);
}

enum err decide_task_claim(struct decision *decision, const struct command *command)
{
	const struct cmd_task_claim *args = &command->args.task_claim;
	struct granted granted = { .lease_ms = args->lease_ms };
	struct task_spec spec;
	enum err err = decision_task(decision, args->board, args->task, &granted.task);

	if (err == OK)
		err = decision_swarm(decision, args->swarm, &granted.swarm);
	if (err == OK)
		err = decision_not_archived(decision,
					    state_task(decision->state, granted.task)->board);
	if (err != OK)
		return err;
	task_spec_of(state_task(decision->state, granted.task), decision->arena, &spec);
	granted.spec = &spec;
	granted.paths = all_paths(decision, &spec, args->paths);
	err = decide_may_claim(decision, granted.task, granted.swarm, granted.paths,
			       &granted.verdict);
	if (args->why) {
		struct ready_wish wish =
			decide_wish(decision->state, granted.swarm, INDEX_NONE, false);

		explain_choice(decision, &wish, granted.task,
			       err == OK ? &decision->answer_json : &decision->member_json);
	}
	if (err == OK)
		emit_claimed(decision, &granted);
	else
		decide_record_refusal(decision, granted.task, granted.swarm, &granted.verdict);
	return err;
}

struct ready_wish decide_wish(const struct state *state, uint32_t swarm, uint32_t board,
			      bool critical_only)
{
	return (struct ready_wish){
		.swarm = swarm, .board = board, .critical_only = critical_only,
		.threshold_ppm = govern_least_match(state), .refused = INDEX_NONE,
	};
}

/*
 * Work is there, and the governor does not let this swarm have it: why, and
 * who could change that. The reason is for the refusal's own words.
 */
static struct slice tell_refused(struct decision *decision, const struct ready_wish *wish)
{
	struct slice because;
	struct decision probe;
	struct govern_verdict verdict;
	enum err err;

	if (wish->refused == INDEX_NONE)
		return SLICE_EMPTY;
	decision_init(&probe, decision->state, decision->now_us, decision->actor, decision->arena);
	err = decide_judge(&probe, wish->refused, wish->swarm, &verdict);
	json_put_str(&decision->member_json, "refused", err_info(err)->code);
	because = arena_copy(decision->arena, buf_slice(&probe.detail));
	json_put_text(&decision->member_json, "refused_because", because);
	if (err == ERR_APPROVAL_REQUIRED || err == ERR_BUDGET_EXCEEDED) {
		buf_clear(&decision->detail);
		buf_add_slice(&decision->detail, buf_slice(&probe.detail));
		decide_record_refusal(decision, wish->refused, wish->swarm, &verdict);
	}
	decision_finish(&probe);
	return because;
}

static enum err nothing_ready(struct decision *decision, const struct ready_wish *wish)
{
	const struct state *state = decision->state;
	struct slice swarm = state_swarm(state, wish->swarm)->id;
	struct slice because;

	json_put_i64(&decision->member_json, "ready", state->in_state[TASK_READY]);
	json_put_i64(&decision->member_json, "blocked", state->in_state[TASK_BLOCKED]);
	json_put_i64(&decision->member_json, "claimed", state->in_state[TASK_CLAIMED]);
	because = tell_refused(decision, wish);
	return REFUSE(decision, ERR_NOTHING_READY,
		      "of {} ready tasks none is for swarm {}; {} are claimed, {} blocked{}{}",
		      decision_number(decision, state->in_state[TASK_READY]), swarm,
		      decision_number(decision, state->in_state[TASK_CLAIMED]),
		      decision_number(decision, state->in_state[TASK_BLOCKED]),
		      because.len ? SLICE("; ") : SLICE_EMPTY, because);
}

enum err decide_task_next(struct decision *decision, const struct command *command)
{
	const struct cmd_task_next *args = &command->args.task_next;
	uint32_t board = INDEX_NONE;
	uint32_t swarm, task;
	struct ready_wish wish;
	struct task_spec spec;
	struct granted granted = { .lease_ms = args->lease_ms };
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
	granted.task = task;
	granted.swarm = swarm;
	granted.spec = &spec;
	granted.paths = spec.paths;
	err = decide_may_claim(decision, task, swarm, spec.paths, &granted.verdict);
	if (err == OK)
		emit_claimed(decision, &granted);
	return err;
}
