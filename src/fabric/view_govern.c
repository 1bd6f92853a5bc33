/*
 * What the governor knows, for people: matches, breakers, performance,
 * policy, escalations.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/sort.h"
#include "fabric/decide_govern.h"
#include "fabric/view.h"
#include "governor/registry.h"

static void put_money(struct json_writer *json, const char *key, int64_t nanousd)
{
	json_key(json, key);
	if (nanousd < 0)
		json_null(json);
	else
		json_money(json, nanousd);
}

static void put_ratio(struct json_writer *json, const char *key, int64_t ppm)
{
	json_key(json, key);
	if (ppm < 0)
		json_null(json);
	else
		json_ratio(json, ppm);
}

static void view_breaker(const struct worker *worker, struct json_writer *json)
{
	json_put_str(json, "breaker", breaker_state_names[worker->breaker.state]);
	if (worker->breaker.state != BREAKER_CLOSED) {
		json_put_str(json, "cause", breaker_cause_names[worker->breaker.cause]);
		json_put_time(json, "opened_at", worker->breaker.opened_at_us);
	}
	if (worker->breaker_reason.len)
		json_put_text(json, "breaker_reason", worker->breaker_reason);
	if (worker->breaker_by.len)
		json_put_text(json, "breaker_by", worker->breaker_by);
}

void view_worker(const struct state *state, uint32_t swarm, struct json_writer *json)
{
	const struct worker *worker = state_worker(state, swarm);
	uint32_t budget = state_find_budget(state, BUDGET_OF_SWARM, swarm);

	if (worker->rate_nanousd >= 0)
		put_money(json, "rate_usd", worker->rate_nanousd);
	if (worker->usual_cost_nanousd >= 0)
		put_money(json, "usual_cost_usd", worker->usual_cost_nanousd);
	if (worker->usual_success_ppm >= 0)
		put_ratio(json, "usual_success", worker->usual_success_ppm);
	if (worker->tier.len)
		json_put_text(json, "tier", worker->tier);
	if (worker->description.len)
		json_put_text(json, "description", worker->description);
	put_ratio(json, "weight", worker->weight.now_ppm);
	if (budget != INDEX_NONE)
		put_money(json, "budget_left_usd", budget_left(&state_budget(state, budget)->budget));
	view_breaker(worker, json);
}

/* ---- matching ------------------------------------------------------------------------------ */

struct ranked {
	uint32_t swarm;
	struct govern_verdict verdict;
	struct score score;
};

/* Those who may have the task first, by rank; then the others. Equal ones in their order. */
static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	if ((left->verdict.err == OK) != (right->verdict.err == OK))
		return left->verdict.err == OK ? -1 : 1;
	return rank_before(left->score.value, left->swarm, right->score.value, right->swarm) ? -1 :
											       1;
}

static struct ranked *rank_all(const struct state *state, uint32_t task, size_t *ret_count)
{
	struct ranked *all = alloc_zero(state->swarms.count + 1U, sizeof(*all));
	size_t count = 0;

	for (uint32_t i = 0; i < state->swarms.count; i++) {
		if (!state_swarm(state, i)->registered)
			continue;
		all[count].swarm = i;
		govern_judge(state, task, i, &all[count].verdict);
		all[count].score = govern_score(state, state_task(state, task), i);
		count++;
	}
	sort_items(all, count, sizeof(*all), compare_ranked);
	*ret_count = count;
	return all;
}

static void view_missing(const struct state *state, const struct task_spec *spec, uint32_t swarm,
			 struct json_writer *json)
{
	json_key(json, "missing");
	json_array(json);
	for (size_t i = 0; i < spec->needs.count; i++)
		if (!capability_covers(&state->capabilities, state_swarm(state, swarm)->skills,
				       spec->needs.items[i]))
			json_text(json, spec->needs.items[i]);
	json_array_end(json);
}

static void view_budgets_left(const struct state *state, uint32_t task, uint32_t swarm,
			      struct json_writer *json)
{
	uint32_t budgets[BUDGET_SCOPE_COUNT];
	size_t count = state_budgets_of(state, task, swarm, budgets);
	int64_t left = BUDGET_NO_LIMIT;

	for (size_t i = 0; i < count; i++)
		if (budget_left(&state_budget(state, budgets[i])->budget) < left)
			left = budget_left(&state_budget(state, budgets[i])->budget);
	if (left != BUDGET_NO_LIMIT)
		put_money(json, "budget_left_usd", left);
}

static void view_ranked(struct decision *decision, uint32_t task, const struct task_spec *spec,
			const struct ranked *ranked, struct json_writer *json)
{
	const struct state *state = decision->state;
	const struct swarm *swarm = state_swarm(state, ranked->swarm);

	json_object(json);
	json_put_text(json, "swarm", swarm->id);
	json_put_bool(json, "can_claim", ranked->verdict.err == OK);
	put_ratio(json, "score", ranked->score.value);
	put_ratio(json, "overlap", ranked->verdict.overlap_ppm);
	view_missing(state, spec, ranked->swarm, json);
	put_ratio(json, "reputation", ranked->score.candidate.reputation_ppm);
	put_ratio(json, "success", ranked->score.outlook.success_ppm);
	json_put_i64(json, "outcomes", ranked->score.outlook.outcomes);
	put_money(json, "expected_cost_usd", ranked->verdict.expected_nanousd);
	json_put_str(json, "cost_from", cost_from_names[ranked->verdict.cost_from]);
	view_budgets_left(state, task, ranked->swarm, json);
	json_put_str(json, "breaker",
		     breaker_state_names[state_worker(state, ranked->swarm)->breaker.state]);
	put_ratio(json, "weight", state_worker(state, ranked->swarm)->weight.now_ppm);
	json_put_i64(json, "holds", swarm->claim_count);
	json_put_i64(json, "slots", swarm->slots);
	json_put_bool(json, "waits", swarm->waiting != 0);
	if (ranked->verdict.err != OK) {
		struct govern_verdict verdict;
		struct decision probe;
		enum err err;

		decision_init(&probe, state, decision->now_us, decision->actor, decision->arena);
		err = decide_judge(&probe, task, ranked->swarm, &verdict);
		json_put_str(json, "code", err_info(err)->code);
		json_put_text(json, "reason", buf_slice(&probe.detail));
		decision_finish(&probe);
	}
	json_object_end(json);
}

enum err view_governor_match(struct decision *decision, const struct command *command,
			     struct json_writer *json)
{
	const struct cmd_governor_match *args = &command->args.governor_match;
	const struct state *state = decision->state;
	struct task_spec spec;
	struct ranked *all;
	uint32_t task;
	size_t count;
	enum err err = decision_task(decision, args->board, args->task, &task);

	if (err != OK)
		return err;
	task_spec_of(state_task(state, task), decision->arena, &spec);
	json_put_text(json, "board", state_board(state, state_task(state, task)->board)->id);
	json_put_text(json, "task", task_id(state_task(state, task)));
	json_put_str(json, "state", task_state_names[state_task(state, task)->state]);
	json_put_texts(json, "needs", spec.needs);
	all = rank_all(state, task, &count);
	json_put_i64(json, "considered", (int64_t)count);
	json_key(json, "swarms");
	json_array(json);
	for (size_t i = 0; i < count && (int64_t)i < args->limit; i++)
		if (args->why || all[i].verdict.err == OK)
			view_ranked(decision, task, &spec, &all[i], json);
	json_array_end(json);
	free(all);
	return OK;
}

enum err view_governor_coordinate(struct decision *decision, const struct command *command,
				  struct json_writer *json)
{
	const struct cmd_governor_coordinate *args = &command->args.governor_coordinate;
	const struct state *state = decision->state;
	int64_t best_score = -1;
	size_t best = SIZE_MAX, count;
	struct task_spec spec;
	struct ranked *all;
	uint32_t task;
	enum err err = decision_task(decision, args->board, args->task, &task);

	if (err != OK)
		return err;
	task_spec_of(state_task(state, task), decision->arena, &spec);
	all = rank_all(state, task, &count);
	for (size_t i = 0; i < count && all[i].verdict.err == OK; i++) {
		int64_t score;

		if (__builtin_mul_overflow(all[i].score.value,
					   state_worker(state, all[i].swarm)->weight.now_ppm,
					   &score))
			score = INT64_MAX;
		if (score <= best_score)
			continue;
		best_score = score;
		best = i;
	}
	json_put_text(json, "task", task_id(state_task(state, task)));
	json_put_str(json, "rule", "rank x weight");
	json_key(json, "best");
	if (best == SIZE_MAX)
		json_null(json);
	else
		view_ranked(decision, task, &spec, &all[best], json);
	free(all);
	return OK;
}

/* ---- rounds and performance ---------------------------------------------------------------- */

static void view_round(const struct decision *decision, uint32_t index, struct json_writer *json)
{
	const struct state *state = decision->state;
	const struct task *task = state_task(state, index);
	struct task_outcome outcome;

	json_object(json);
	json_put_text(json, "board", state_board(state, task->board)->id);
	json_put_text(json, "task", task_id(task));
	json_put_str(json, "state", task_state_names[task->state]);
	json_put_i64(json, "redundancy", task->redundancy);
	if (task_has_ended(task)) {
		task_outcome_of(task, state_scratch(state), &outcome);
		json_put_time(json, "ended_at", task->ended_at_us);
		if (outcome.by.len)
			json_put_text(json, "winner", outcome.by);
		if (outcome.result.len)
			json_put_raw(json, "result", outcome.result);
		if (outcome.evidence.len)
			json_put_raw(json, "round", outcome.evidence);
	} else {
		json_key(json, "answers");
		json_array(json);
		for (int64_t i = 1; i <= task->redundancy; i++) {
			uint32_t answer = govern_answer_at(state, index, i);

			if (answer == INDEX_NONE)
				continue;
			json_object(json);
			json_put_text(json, "task", task_id(state_task(state, answer)));
			json_put_str(json, "state",
				     task_state_names[state_task(state, answer)->state]);
			json_object_end(json);
		}
		json_array_end(json);
	}
	json_object_end(json);
}

enum err view_governor_manifest(struct decision *decision, const struct command *command,
				struct json_writer *json)
{
	const struct cmd_governor_manifest *args = &command->args.governor_manifest;
	const struct state *state = decision->state;
	uint32_t board = INDEX_NONE;
	int64_t rows = 0;
	enum err err = OK;

	if (args->board.len)
		err = decision_board(decision, args->board, &board);
	if (err != OK)
		return err;
	json_key(json, "rounds");
	json_array(json);
	for (uint32_t i = 0; i < state->tasks.count && rows < args->limit; i++) {
		if (state_task(state, i)->redundancy < 2 ||
		    (board != INDEX_NONE && state_task(state, i)->board != board))
			continue;
		view_round(decision, i, json);
		rows++;
	}
	json_array_end(json);
	return OK;
}

enum err view_governor_performance(struct decision *decision, const struct command *command,
				   struct json_writer *json)
{
	const struct cmd_governor_performance *args = &command->args.governor_performance;
	const struct state *state = decision->state;
	uint32_t only = INDEX_NONE;
	int64_t rows = 0;
	enum err err = OK;

	if (args->swarm.len)
		err = decision_swarm(decision, args->swarm, &only);
	if (err != OK)
		return err;
	json_key(json, "swarms");
	json_array(json);
	for (uint32_t i = 0; i < state->swarms.count && rows < args->limit; i++) {
		const struct worker *worker = state_worker(state, i);
		bool blooms = weight_is_late_bloomer(&worker->weight);

		if (!state_swarm(state, i)->registered || (only != INDEX_NONE && only != i) ||
		    (args->late_bloomers && !blooms))
			continue;
		json_object(json);
		json_put_text(json, "swarm", state_swarm(state, i)->id);
		json_put_i64(json, "done", (int64_t)state_swarm(state, i)->done_count);
		json_put_i64(json, "failed", (int64_t)state_swarm(state, i)->failed_count);
		put_ratio(json, "weight", worker->weight.now_ppm);
		json_put_i64(json, "answers", worker->weight.result_count);
		json_put_bool(json, "late_bloomer", blooms);
		govern_view_learnt(state, i, json);
		view_breaker(worker, json);
		json_object_end(json);
		rows++;
	}
	json_array_end(json);
	return OK;
}

enum err view_governor_breakers(struct decision *decision, const struct command *command,
				struct json_writer *json)
{
	const struct state *state = decision->state;

	json_key(json, "breakers");
	json_array(json);
	for (uint32_t i = 0; i < state->swarms.count; i++) {
		const struct worker *worker = state_worker(state, i);

		if (!state_swarm(state, i)->registered ||
		    (worker->breaker.state == BREAKER_CLOSED && !command->args.governor_breakers.all))
			continue;
		json_object(json);
		json_put_text(json, "swarm", state_swarm(state, i)->id);
		view_breaker(worker, json);
		json_put_i64(json, "failures_in_row", worker->breaker.in_row);
		put_ratio(json, "failure_ratio", breaker_ratio_ppm(&worker->breaker));
		json_object_end(json);
	}
	json_array_end(json);
	json_put_i64(json, "open", state->govern.open_breakers);
	json_put_i64(json, "swarms", state->registered_swarms);
	return OK;
}

/* ---- capabilities and policy --------------------------------------------------------------- */

static void view_capability(struct slice capability, struct slice description, bool own,
			    struct json_writer *json)
{
	json_object(json);
	json_put_text(json, "capability", capability);
	json_put_text(json, "description", description);
	json_put_bool(json, "defined_here", own);
	json_object_end(json);
}

static const struct capability_text *own_text(const struct state *state, struct slice name)
{
	for (uint32_t i = 0; i < state->govern.capability_texts.count; i++) {
		const struct capability_text *text = slab_at(&state->govern.capability_texts, i);

		if (slice_is(text->capability, name))
			return text;
	}
	return NULL;
}

static bool is_of(struct slice capability, struct slice domain)
{
	return domain.len == 0 || slice_is(capability_domain(capability), domain);
}

enum err view_capability_list(struct decision *decision, const struct command *command,
			      struct json_writer *json)
{
	const struct state *state = decision->state;
	struct slice domain = command->args.capability_list.domain;

	json_key(json, "capabilities");
	json_array(json);
	for (size_t i = 0; i < registry_builtin_count; i++) {
		struct slice name = slice_of_str(registry_builtin[i].name);

		if (is_of(name, domain) && !own_text(state, name))
			view_capability(name, slice_of_str(registry_builtin[i].description), false,
					json);
	}
	for (uint32_t i = 0; i < state->govern.capability_texts.count; i++) {
		const struct capability_text *text = slab_at(&state->govern.capability_texts, i);

		if (is_of(text->capability, domain))
			view_capability(text->capability, text->description, true, json);
	}
	json_array_end(json);
	return OK;
}

enum err view_policy_show(struct decision *decision, const struct command *command,
			  struct json_writer *json)
{
	const struct govern *govern = &decision->state->govern;

	(void)command;
	json_put_i64(json, "version", (int64_t)govern->policy_no);
	policy_write_json(&govern->policy, json);
	if (govern->policy_document.len)
		json_put_text(json, "document", govern->policy_document);
	return OK;
}

/* ---- escalations --------------------------------------------------------------------------- */

static void view_deliveries(const struct escalation *escalation, struct json_writer *json)
{
	json_key(json, "deliveries");
	json_array(json);
	for (int i = 0; i < ESCALATION_CHANNEL_COUNT; i++) {
		const struct escalation_delivery *delivery = &escalation->deliveries[i];

		if (!delivery->delivered && delivery->attempts == 0)
			continue;
		json_object(json);
		json_put_str(json, "channel", escalation_channel_names[i]);
		json_put_bool(json, "delivered", delivery->delivered);
		json_put_i64(json, "failed_attempts", delivery->attempts);
		if (delivery->error.len)
			json_put_text(json, "error", delivery->error);
		if (!delivery->delivered && delivery->next_attempt_us)
			json_put_time(json, "next_attempt_at", delivery->next_attempt_us);
		json_object_end(json);
	}
	json_array_end(json);
}

static void view_ends(const struct escalation *escalation, struct json_writer *json)
{
	if (escalation->acked_at_us) {
		json_put_time(json, "acked_at", escalation->acked_at_us);
		json_put_text(json, "acked_by", escalation->acked_by);
	}
	if (escalation->resolved_at_us) {
		json_put_time(json, "resolved_at", escalation->resolved_at_us);
		json_put_text(json, "resolved_by", escalation->resolved_by);
	}
	if (escalation->note.len)
		json_put_text(json, "note", escalation->note);
}

void view_escalation_members(const struct state *state, uint32_t index, struct json_writer *json)
{
	const struct escalation *escalation = state_escalation(state, index);

	json_put_text(json, "escalation", escalation->id);
	json_put_str(json, "state", escalation_state_names[escalation->state]);
	json_put_str(json, "cause", escalation_cause_names[escalation->cause]);
	json_put_text(json, "subject", escalation->subject);
	if (escalation->detail.len)
		json_put_text(json, "detail", escalation->detail);
	if (escalation->board != INDEX_NONE)
		json_put_text(json, "board", state_board(state, escalation->board)->id);
	if (escalation->task != INDEX_NONE)
		json_put_text(json, "task", task_id(state_task(state, escalation->task)));
	if (escalation->swarm != INDEX_NONE)
		json_put_text(json, "swarm", state_swarm(state, escalation->swarm)->id);
	if (escalation->blocker.len)
		json_put_text(json, "blocker", escalation->blocker);
	json_put_time(json, "raised_at", escalation->raised_at_us);
	view_ends(escalation, json);
	view_deliveries(escalation, json);
}

enum err view_escalation_list(struct decision *decision, const struct command *command,
			      struct json_writer *json)
{
	const struct cmd_escalation_list *args = &command->args.escalation_list;
	const struct state *state = decision->state;
	int64_t rows = 0;

	json_key(json, "escalations");
	json_array(json);
	for (uint32_t i = state->govern.escalations.count; i-- > 0 && rows < args->limit;) {
		if (state_escalation(state, i)->state == ESCALATION_RESOLVED && !args->all)
			continue;
		json_object(json);
		view_escalation_members(state, i, json);
		json_object_end(json);
		rows++;
	}
	json_array_end(json);
	json_put_i64(json, "open", state->govern.open_escalations);
	return OK;
}

enum err view_escalation_show(struct decision *decision, const struct command *command,
			      struct json_writer *json)
{
	struct slice id = command->args.escalation_show.escalation;
	uint32_t index = state_find_escalation(decision->state, id);

	if (index == INDEX_NONE)
		return REFUSE(decision, ERR_ESCALATION_UNKNOWN, "escalation {}", id);
	view_escalation_members(decision->state, index, json);
	return OK;
}
