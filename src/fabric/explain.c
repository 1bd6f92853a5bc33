#include "fabric/explain.h"

#include "base/ensure.h"
#include "fabric/govern.h"

#define EXPLAIN_OTHERS 20	/* tasks told of: a screen */
#define EXPLAIN_LOOKED 10000	/* tasks looked at: a few milliseconds */

static uint32_t overlap_of(const struct state *state, uint32_t task, uint32_t swarm)
{
	/* Filling the cache of pairs changes no answer. */
	struct state *mutable = (struct state *)(uintptr_t)state;

	return capability_overlap_ppm(&mutable->capabilities, state_swarm(state, swarm)->skills,
				      state_task(state, task)->needs);
}

static void write_fit(const struct decision *decision, const struct ready_wish *wish,
		      uint32_t index, struct json_writer *json)
{
	const struct task *task = state_task(decision->state, index);

	json_put_text(json, "task", task_id(task));
	json_put_str(json, "kind", task_kind_names[task->kind]);
	json_put_i64(json, "priority", task->priority);
	json_key(json, "overlap");
	json_ratio(json, overlap_of(decision->state, index, wish->swarm));
	json_put_bool(json, "preferred", task->prefers == wish->swarm);
	json_put_i64(json, "ready_for_ms", (decision->now_us - task->ready_at_us) / 1000);
}

/* What puts `other` behind `chosen` for this swarm, in the order that ready_best compares. */
static const char *what_is_behind(const struct state *state, const struct ready_wish *wish,
				  uint32_t chosen, uint32_t other)
{
	const struct task *first = state_task(state, chosen);
	const struct task *task = state_task(state, other);

	if (task->kind != first->kind)
		return "fillers come after critical tasks";
	if (task->priority != first->priority)
		return "it has a lower priority";
	if (first->prefers == wish->swarm && task->prefers != wish->swarm)
		return "it does not prefer this swarm";
	if (task->prefers != INDEX_NONE && task->prefers != wish->swarm)
		return "it prefers another swarm";
	return "it became ready later";
}

static void write_other(struct decision *decision, const struct ready_wish *wish, uint32_t chosen,
			uint32_t other, struct json_writer *json)
{
	struct govern_verdict verdict;
	struct decision probe;
	struct task_spec spec;
	enum err err;

	decision_init(&probe, decision->state, decision->now_us, decision->actor, decision->arena);
	task_spec_of(state_task(decision->state, other), decision->arena, &spec);
	err = decide_may_claim(&probe, other, wish->swarm, spec.paths, &verdict);
	json_object(json);
	write_fit(decision, wish, other, json);
	if (err != OK) {
		json_put_str(json, "code", err_info(err)->code);
		json_put_text(json, "reason", buf_slice(&probe.detail));
	} else if (!ready_in_scope(decision->state, wish,
				   state_task(decision->state, other)->board)) {
		json_put_str(json, "reason", "its board is not one that was asked for");
	} else if (chosen != INDEX_NONE) {
		json_put_str(json, "reason", what_is_behind(decision->state, wish, chosen, other));
	} else {
		json_put_str(json, "reason", "only critical tasks were asked for");
	}
	json_object_end(json);
	decision_finish(&probe);
}

void explain_choice(struct decision *decision, const struct ready_wish *wish, uint32_t chosen,
		    struct json_writer *json)
{
	const struct state *state = decision->state;
	int told = 0;

	json_key(json, "why");
	json_object(json);
	json_key(json, "threshold");
	json_ratio(json, wish->threshold_ppm);
	json_key(json, "chosen");
	if (chosen == INDEX_NONE) {
		json_null(json);
	} else {
		json_object(json);
		write_fit(decision, wish, chosen, json);
		json_object_end(json);
	}
	json_key(json, "others");
	json_array(json);
	for (uint32_t i = 0; i < state->tasks.count && i < EXPLAIN_LOOKED && told < EXPLAIN_OTHERS;
	     i++) {
		if (i == chosen || state_task(state, i)->state != TASK_READY)
			continue;
		write_other(decision, wish, chosen, i, json);
		told++;
	}
	json_array_end(json);
	json_object_end(json);
}
