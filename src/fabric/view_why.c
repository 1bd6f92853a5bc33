/*
 * Why a task waits, by what chain, and who could take it.
 */
#include "base/ensure.h"
#include "fabric/decide_govern.h"
#include "fabric/govern.h"
#include "fabric/view.h"

#define WHY_CHAIN_MOST 1000	/* longer chains are told by their first part */
#define WHY_SWARMS_MOST 1000

/* The first dependency that is not done, or INDEX_NONE. */
static uint32_t first_open_dep(const struct state *state, const struct task *task)
{
	for (uint32_t i = 0; i < task->dep_count; i++)
		if (state_task(state, task->deps[i])->state != TASK_DONE)
			return task->deps[i];
	return INDEX_NONE;
}

static void write_link(const struct state *state, const struct task *task,
		       struct json_writer *json)
{
	json_object(json);
	json_put_text(json, "task", task_id(task));
	json_put_str(json, "state", task_state_names[task->state]);
	if (task->claim != INDEX_NONE) {
		const struct claim *claim = state_claim(state, task->claim);

		json_put_text(json, "held_by", state_swarm(state, claim->swarm)->id);
		json_put_time(json, "lease_until", claim->lease_until_us);
	}
	json_object_end(json);
}

/* From the task down to what can be worked on now, or to what stopped for good. */
static void write_chain(const struct state *state, const struct task *task,
			struct json_writer *json)
{
	json_key(json, "chain");
	json_array(json);
	for (int links = 0; links < WHY_CHAIN_MOST; links++) {
		uint32_t next = first_open_dep(state, task);

		if (next == INDEX_NONE)
			break;
		task = state_task(state, next);
		write_link(state, task, json);
	}
	json_array_end(json);
}

static void write_waits_for(const struct state *state, const struct task *task,
			    struct json_writer *json)
{
	json_key(json, "waits_for");
	json_array(json);
	for (uint32_t i = 0; i < task->dep_count; i++) {
		const struct task *on = state_task(state, task->deps[i]);

		if (on->state != TASK_DONE)
			write_link(state, on, json);
	}
	json_array_end(json);
}

/* One swarm's answer: it could have the task, or the one reason why not. */
static void write_swarm(struct decision *decision, uint32_t task, uint32_t swarm,
			struct json_writer *json)
{
	const struct state *state = decision->state;
	struct state *mutable = (struct state *)(uintptr_t)state;
	struct govern_verdict verdict;
	struct decision probe;
	struct task_spec spec;
	enum err err;

	decision_init(&probe, state, decision->now_us, decision->actor, decision->arena);
	task_spec_of(state_task(state, task), decision->arena, &spec);
	err = decide_may_claim(&probe, task, swarm, spec.paths, &verdict);
	json_object(json);
	json_put_text(json, "swarm", state_swarm(state, swarm)->id);
	json_put_bool(json, "can_claim", err == OK);
	/* A refusal for want of capabilities brings its own, with what is missing. */
	if (err != ERR_CAPABILITY_BELOW) {
		json_key(json, "overlap");
		json_ratio(json, capability_overlap_ppm(&mutable->capabilities,
							state_swarm(state, swarm)->skills,
							state_task(state, task)->needs));
	}
	json_put_bool(json, "preferred", state_task(state, task)->prefers == swarm);
	if (err != OK) {
		json_put_str(json, "code", err_info(err)->code);
		json_put_text(json, "reason", buf_slice(&probe.detail));
		if (probe.members.len)
			json_members(json, buf_slice(&probe.members));
	}
	json_object_end(json);
	decision_finish(&probe);
}

static void write_because(struct decision *decision, const struct task *task,
			  struct json_writer *json)
{
	static const char *const because[TASK_STATE_COUNT] = {
		[TASK_BLOCKED] = "it waits for other tasks",
		[TASK_DELAYED] = "its time has not come",
		[TASK_READY] = "nothing is in its way; it waits for a worker",
		[TASK_CLAIMED] = "a worker has it",
		[TASK_HELD] = "a blocker is open",
		[TASK_DONE] = "it is done",
		[TASK_FAILED] = "it failed for good",
		[TASK_CANCELLED] = "it was cancelled",
	};
	struct task_spec spec;

	task_spec_of(task, decision->arena, &spec);
	if (task->state == TASK_READY && spec.wasm.len &&
	    !view_knows_module(decision->state, spec.wasm))
		json_put_text(json, "because",
			      TEXT(decision, "module {}, which is to do it, is not known; whoever "
				   "takes it fails", spec.wasm));
	else
		json_put_str(json, "because", because[task->state]);
	if (task->state == TASK_DELAYED)
		json_put_time(json, "until", task->not_before_us);
	if (task->claim != INDEX_NONE) {
		const struct claim *claim = state_claim(decision->state, task->claim);

		json_put_text(json, "held_by", state_swarm(decision->state, claim->swarm)->id);
		json_put_time(json, "lease_until", claim->lease_until_us);
	}
}

enum err view_why(struct decision *decision, const struct command *command,
		  struct json_writer *json)
{
	const struct cmd_task_why *args = &command->args.task_why;
	const struct state *state = decision->state;
	uint32_t index, only = INDEX_NONE;
	const struct task *task;
	int told = 0;
	enum err err = decision_task(decision, args->board, args->task, &index);

	if (err == OK && args->swarm.len)
		err = decision_swarm(decision, args->swarm, &only);
	if (err != OK)
		return err;
	task = state_task(state, index);
	json_put_text(json, "board", state_board(state, task->board)->id);
	json_put_text(json, "task", task_id(task));
	json_put_str(json, "state", task_state_names[task->state]);
	write_because(decision, task, json);
	write_waits_for(state, task, json);
	write_chain(state, task, json);
	json_key(json, "blockers");
	json_array(json);
	for (uint32_t i = 0; i < state->blockers.count && task->blockers_open; i++)
		if (state_blocker(state, i)->task == index &&
		    state_blocker(state, i)->state == BLOCKER_OPEN)
			view_blocker(state, i, json);
	json_array_end(json);
	json_key(json, "swarms");
	json_array(json);
	for (uint32_t i = 0; i < state->swarms.count && told < WHY_SWARMS_MOST; i++) {
		if (!state_swarm(state, i)->registered || (only != INDEX_NONE && only != i))
			continue;
		write_swarm(decision, index, i, json);
		told++;
	}
	json_array_end(json);
	return OK;
}
