#include "fabric/govern.h"

#include "base/ensure.h"
#include "base/text.h"

#define ANSWER_MARK '@'		/* T-1@2 is the second answer to T-1 */

/* ---- policies ------------------------------------------------------------------------------ */

void govern_policy_reset(struct state *state)
{
	arena_reset(&state->govern.policy_arena);
	state->govern.policy = policy_default();
}

bool govern_policy_set(struct state *state, struct slice setting, int64_t value)
{
	const struct field *field = schema_find(&policy_settings_schema, setting);

	if (!field || value < field->min || value > field->max)
		return false;
	*field_number(field, &state->govern.policy.settings) = value;
	return true;
}

/* Everything the rule holds is copied behind the others. */
bool govern_policy_add(struct state *state, const struct policy_rule *rule)
{
	struct policy *policy = &state->govern.policy;
	struct arena *arena = &state->govern.policy_arena;
	struct policy_rule *rules;
	struct buf bytes = { 0 };
	bool copied;

	if (policy->rule_count >= POLICY_RULES_MAX)
		return false;
	rules = arena_zero(arena, policy->rule_count + 1, sizeof(*rules));
	for (size_t i = 0; i < policy->rule_count; i++)
		rules[i] = policy->rules[i];
	schema_encode(&policy_rule_schema, rule, &bytes);
	copied = schema_decode(&policy_rule_schema, arena_copy(arena, buf_slice(&bytes)), arena,
			       &rules[policy->rule_count]);
	buf_finish(&bytes);
	policy->rules = rules;
	policy->rule_count += copied;
	return copied;
}

struct breaker_rules govern_breaker_rules(const struct state *state)
{
	const struct policy_settings *settings = &state->govern.policy.settings;

	return (struct breaker_rules){
		.failures_in_row = settings->circuit_breaker_failure_threshold,
		.ratio_ppm = settings->circuit_breaker_failure_ratio,
		.ratio_outcomes = settings->circuit_breaker_window,
		.probe_after_ms = settings->circuit_breaker_probe_after_ms,
	};
}

int64_t govern_least_match(const struct state *state)
{
	const struct policy *policy = &state->govern.policy;
	int64_t least = policy->settings.min_capability_match;

	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].min_match >= 0 && policy->rules[i].min_match < least)
			least = policy->rules[i].min_match;
	return least;
}

uint64_t govern_violation_hash(const struct ev_policy_violated *of)
{
	uint64_t hash = hash_bytes(1, of->board.ptr, of->board.len);

	hash = hash_bytes(hash, of->task.ptr, of->task.len);
	hash = hash_bytes(hash, of->swarm.ptr, of->swarm.len);
	hash = hash_bytes(hash, of->code.ptr, of->code.len);
	return hash_bytes(hash, of->rule.ptr, of->rule.len) & INT64_MAX;
}

/* ---- answers of several swarms ------------------------------------------------------------- */

struct slice govern_answer_id(const struct state *state, uint32_t task, int64_t i,
			      struct arena *arena)
{
	struct buf text = { 0 };
	struct slice id;

	buf_add_slice(&text, task_id(state_task(state, task)));
	buf_add_byte(&text, ANSWER_MARK);
	buf_add_i64(&text, i);
	id = arena_copy(arena, buf_slice(&text));
	buf_finish(&text);
	return id;
}

uint32_t govern_answer_at(const struct state *state, uint32_t task, int64_t i)
{
	struct arena arena = { 0 };
	uint32_t answer = state_find_task(state, state_task(state, task)->board,
					  govern_answer_id(state, task, i, &arena));

	arena_finish(&arena);
	return answer != INDEX_NONE && state_task(state, answer)->answers == task ? answer :
										    INDEX_NONE;
}

/* Whether the swarm works on this answer, or has given it. */
static bool has_answered(const struct state *state, const struct task *answer,
			 const struct swarm *swarm)
{
	struct task_outcome outcome;
	struct arena arena = { 0 };
	bool by_it;

	if (answer->claim != INDEX_NONE)
		return state_swarm(state, state_claim(state, answer->claim)->swarm) == swarm;
	if (answer->state != TASK_DONE)
		return false;
	task_outcome_of(answer, &arena, &outcome);
	by_it = slice_is(outcome.by, swarm->id);
	arena_finish(&arena);
	return by_it;
}

/* Each answer is another swarm's; a task with all of its answers under way takes no more. */
static bool may_answer(const struct state *state, uint32_t index, const struct swarm *swarm)
{
	const struct task *task = state_task(state, index);
	uint32_t asked = task->answers == INDEX_NONE ? index : task->answers;
	int64_t begun = 0;

	if ((task->redundancy < 2 || task->claim != INDEX_NONE) && task->answers == INDEX_NONE)
		return true;
	for (int64_t i = 1; i <= state_task(state, asked)->redundancy; i++) {
		uint32_t answer = govern_answer_at(state, asked, i);

		if (answer == INDEX_NONE)
			continue;
		begun++;
		if (answer != index && has_answered(state, state_task(state, answer), swarm))
			return false;
	}
	return asked != index || begun < task->redundancy;
}

/* Whether a task can be added for the next answer: its id may be too long, or another task's. */
static bool answer_fits(const struct state *state, uint32_t index, struct arena *arena)
{
	const struct task *task = state_task(state, index);
	struct slice id;
	int64_t i = 1;

	if (task->redundancy < 2 || task->claim != INDEX_NONE)
		return true;
	while (govern_answer_at(state, index, i) != INDEX_NONE)
		i++;
	id = govern_answer_id(state, index, i, arena);
	return id_is_valid(id) && state_find_task(state, task->board, id) == INDEX_NONE &&
	       state->tasks.count < LIMIT_TASKS;
}

/* ---- judging ------------------------------------------------------------------------------- */

static bool is_avoided(const struct task *task, const struct swarm *swarm, struct arena *arena)
{
	struct task_spec spec;

	if (!(task->traits & TASK_HAS_AVOIDS))
		return false;
	task_spec_of(task, arena, &spec);
	return slice_list_has(spec.avoids, swarm->id);
}

static enum err judge_swarm(const struct state *state, uint32_t index, uint32_t swarm,
			    struct arena *arena)
{
	const struct task *task = state_task(state, index);
	const struct worker *worker = state_worker(state, swarm);

	if (worker->breaker.state == BREAKER_OPEN ||
	    /* One task at a time shows whether it works again. */
	    (worker->breaker.state == BREAKER_HALF_OPEN && state_swarm(state, swarm)->claim_count))
		return ERR_BREAKER_OPEN;
	if (is_avoided(task, state_swarm(state, swarm), arena) ||
	    !may_answer(state, index, state_swarm(state, swarm)))
		return ERR_SWARM_EXCLUDED;
	return answer_fits(state, index, arena) ? OK : ERR_TASK_EXISTS;
}

static int64_t clamped(int64_t nanousd)
{
	return nanousd < BUDGET_NANOUSD_MAX ? nanousd : BUDGET_NANOUSD_MAX;
}

static void expect_cost(const struct state *state, const struct task *task, uint32_t swarm,
			const struct task_spec *spec, struct govern_verdict *verdict)
{
	struct outlook outlook = govern_outlook(state, task, swarm, spec);

	verdict->success_ppm = outlook.success_ppm;
	/* What is learnt of is bounded; what a task says of itself is promised as it says. */
	if (outlook.cost_from == COST_ESTIMATE)
		outlook.cost_nanousd = spec->est_cost_usd;
	verdict->expected_nanousd = outlook.cost_nanousd < 0 ? -1 : clamped(outlook.cost_nanousd);
	verdict->cost_from = govern_cost_from(state, swarm, outlook.cost_from);
}

static struct slice_list needs_of(const struct state *state, const struct task *task,
				  struct arena *arena)
{
	const struct capability_table *table = &state->capabilities;
	const struct capability_set *set = &table->sets[task->needs];
	struct slice *names = arena_zero(arena, set->count + 1U, sizeof(*names));

	for (uint32_t i = 0; i < set->count; i++)
		names[i] = table->names[set->members[i]].name;
	return (struct slice_list){ names, set->count };
}

/* Others that work on the task now: on its other answers. */
static int64_t swarms_on(const struct state *state, uint32_t index)
{
	const struct task *task = state_task(state, index);
	uint32_t asked = task->answers == INDEX_NONE ? index : task->answers;
	int64_t count = 0;

	for (int64_t i = 1; i <= state_task(state, asked)->redundancy; i++) {
		uint32_t answer = govern_answer_at(state, asked, i);

		count += answer != INDEX_NONE && answer != index &&
			 state_task(state, answer)->claim != INDEX_NONE;
	}
	return count;
}

struct policy_question govern_question(const struct state *state, uint32_t index, uint32_t swarm,
				       const struct govern_verdict *verdict, struct arena *arena)
{
	const struct task *task = state_task(state, index);

	return (struct policy_question){
		.board = state_board(state, task->board)->id, .task = task_id(task),
		.swarm = state_swarm(state, swarm)->id, .needs = needs_of(state, task, arena),
		.kind = task->kind == TASK_FILLER ? POLICY_KIND_FILLER : POLICY_KIND_CRITICAL,
		.expected_cost_nanousd = verdict->expected_nanousd,
		.overlap_ppm = verdict->overlap_ppm, .swarms_on_task = swarms_on(state, index),
		.approved = state_is_approved(state, index, swarm),
	};
}

static enum err err_of_answer(const struct policy_answer *answer)
{
	switch (answer->verdict) {
	case POLICY_ALLOW: return OK;
	case POLICY_REQUIRE_APPROVAL: return ERR_APPROVAL_REQUIRED;
	case POLICY_DENY:
		break;
	case POLICY_EFFECT_COUNT:
	default: BUG("a policy has a verdict");
	}
	if (answer->ground == POLICY_GROUND_MATCH)
		return ERR_CAPABILITY_BELOW;
	return answer->ground == POLICY_GROUND_COST ? ERR_COST_OVER_POLICY : ERR_POLICY_DENIED;
}

static enum err judge_budget(const struct state *state, uint32_t task, uint32_t swarm,
			     struct govern_verdict *verdict)
{
	const struct policy_settings *settings = &state->govern.policy.settings;
	uint32_t budgets[BUDGET_SCOPE_COUNT];
	size_t count = state_budgets_of(state, task, swarm, budgets);

	verdict->reserve_nanousd = verdict->expected_nanousd > 0 ? verdict->expected_nanousd : 0;
	if (count && verdict->expected_nanousd < 0) {
		verdict->reserve_nanousd = clamped(settings->assumed_cost);
		verdict->cost_from = COST_FROM_ASSUMED;
	}
	if (count && !settings->enable_budget_enforcement)
		verdict->reserve_nanousd = 0;
	for (size_t i = 0; i < count && settings->enable_budget_enforcement; i++) {
		const struct budget *budget = &state_budget(state, budgets[i])->budget;

		if (budget_has_room(budget, verdict->reserve_nanousd))
			continue;
		verdict->budget = budgets[i];
		return ERR_BUDGET_EXCEEDED;
	}
	return OK;
}

static enum err judge(const struct state *state, uint32_t index, uint32_t swarm,
		      struct govern_verdict *verdict, struct arena *arena)
{
	/* The cache of pairs is filled on the way; what it answers does not change. */
	struct state *mutable = (struct state *)(uintptr_t)state;
	const struct task *task = state_task(state, index);
	struct policy_question question;
	struct task_spec spec;
	enum err err = judge_swarm(state, index, swarm, arena);

	verdict->overlap_ppm = capability_overlap_ppm(&mutable->capabilities,
						      state_swarm(state, swarm)->skills,
						      task->needs);
	if (task->traits & TASK_HAS_COST)
		task_spec_of(task, arena, &spec);
	expect_cost(state, task, swarm, task->traits & TASK_HAS_COST ? &spec : NULL, verdict);
	if (err != OK)
		return err;
	question = govern_question(state, index, swarm, verdict, arena);
	policy_decide(&state->govern.policy, &question, &verdict->answer);
	err = err_of_answer(&verdict->answer);
	if (err != OK)
		return err;
	if ((task->traits & TASK_HAS_COST) && spec.max_cost_usd >= 0 &&
	    verdict->expected_nanousd > spec.max_cost_usd) {
		verdict->task_limit_nanousd = spec.max_cost_usd;
		return ERR_COST_OVER_POLICY;
	}
	return judge_budget(state, index, swarm, verdict);
}

enum err govern_judge(const struct state *state, uint32_t task, uint32_t swarm,
		      struct govern_verdict *ret_verdict)
{
	struct arena arena = { 0 };

	*ret_verdict = (struct govern_verdict){ .budget = INDEX_NONE, .task_limit_nanousd = -1 };
	ret_verdict->err = judge(state, task, swarm, ret_verdict, &arena);
	arena_finish(&arena);
	return ret_verdict->err;
}
