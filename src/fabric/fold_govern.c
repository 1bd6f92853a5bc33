#include "fabric/fold_govern.h"

#include "base/ensure.h"
#include "base/text.h"
#include "fabric/fold_task.h"
#include "fabric/govern.h"

static uint32_t swarm_of(const struct state *state, struct slice id)
{
	uint32_t index = state_find_swarm(state, id);

	return index != INDEX_NONE && state_swarm(state, index)->registered ? index : INDEX_NONE;
}

/* Money or a ratio that may not be known. */
static bool is_known_or_not(int64_t value)
{
	return value >= -1 && value <= BUDGET_NANOUSD_MAX;
}

static bool is_money(int64_t nanousd)
{
	return nanousd >= 0 && nanousd <= BUDGET_NANOUSD_MAX;
}

/* ---- claims -------------------------------------------------------------------------------- */

bool govern_claim_begins(struct state *state, uint32_t index, const struct ev_task_claimed *of)
{
	struct claim *claim = state_claim(state, index);
	uint32_t budgets[BUDGET_SCOPE_COUNT];
	size_t count = state_budgets_of(state, claim->task, claim->swarm, budgets);

	if (of->reserved_usd < 0 || of->reserved_usd > BUDGET_NANOUSD_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		if (of->reserved_usd > budget_left(&state_budget(state, budgets[i])->budget))
			return false;
	for (size_t i = 0; i < count; i++)
		budget_reserve(&state_budget(state, budgets[i])->budget, of->reserved_usd);
	if (state->feature_level >= FEATURE_GOVERNOR)
		learn_note_claim(&state->govern.learning, claim->swarm, of->probe != 0,
				 of->expected_usd,
				 state->govern.policy.settings.exploration_share);
	claim->expected_nanousd = of->expected_usd;
	claim->reserved_nanousd = of->reserved_usd;
	return true;
}

static void release_rest(struct state *state, struct claim *claim)
{
	uint32_t budgets[BUDGET_SCOPE_COUNT];
	size_t count = state_budgets_of(state, claim->task, claim->swarm, budgets);

	for (size_t i = 0; i < count; i++)
		budget_release(&state_budget(state, budgets[i])->budget, claim->reserved_nanousd);
	claim->reserved_nanousd = 0;
}

/* What gave no result says nothing of the swarm. */
static void learn(struct state *state, const struct claim *claim, enum attempt_end end,
		  int64_t at_us)
{
	struct worker *worker = state_worker(state, claim->swarm);
	bool failed = end == ATTEMPT_FAILED || end == ATTEMPT_LOST;

	if (end != ATTEMPT_DONE && !failed)
		return;
	if (!govern_is_same_loss(state, claim->swarm, end == ATTEMPT_LOST, at_us))
		breaker_count(&worker->breaker, failed);
	govern_learn(state, claim, !failed);
}

void govern_claim_ends(struct state *state, uint32_t index, enum attempt_end end, int64_t at_us)
{
	struct claim *claim = state_claim(state, index);

	/* Before its time nothing was learnt: a state from an old snapshot knows as little. */
	if (state->feature_level < FEATURE_GOVERNOR)
		return;
	release_rest(state, claim);
	learn(state, claim, end, at_us);
	if (claim->reports || end == ATTEMPT_FAILED || end == ATTEMPT_LOST) {
		uint32_t attempt = state_attempt_of(state, claim->task, claim->swarm, claim->fence);

		state_attempt(state, attempt)->end = end;
	}
	state_worker(state, claim->swarm)->freed_at_us = at_us;
}

/* ---- capabilities and policy --------------------------------------------------------------- */

static struct capability_text *capability_text_of(struct state *state, struct slice capability)
{
	struct slab *texts = &state->govern.capability_texts;
	uint32_t at;

	for (at = 0; at < texts->count; at++) {
		struct capability_text *text = slab_at(texts, at);

		if (slice_is(text->capability, capability))
			return text;
	}
	at = slab_add(texts);
	owned_set(&((struct capability_text *)slab_at(texts, at))->capability, capability);
	return slab_at(texts, at);
}

bool fold_capability_defined(struct state *state, const struct event *event)
{
	const struct ev_capability_defined *of = &event->of.capability_defined;

	if (of->capability.len == 0)
		return false;
	owned_set(&capability_text_of(state, of->capability)->description, of->description);
	return true;
}

static void set_probe_timer(struct state *state, uint32_t swarm)
{
	struct breaker_rules rules = govern_breaker_rules(state);
	int64_t at_us = breaker_probe_at_us(&state_worker(state, swarm)->breaker, &rules);

	if (at_us != INT64_MAX)
		state_timer(state, TIMER_BREAKER, swarm, at_us);
}

/* A breaker that is open waits as long as the policy says now. */
static void set_probe_timers(struct state *state)
{
	for (uint32_t i = 0; i < state->swarms.count && state->govern.open_breakers; i++)
		set_probe_timer(state, i);
}

bool fold_policy_applied(struct state *state, const struct event *event)
{
	const struct ev_policy_applied *of = &event->of.policy_applied;
	struct govern *govern = &state->govern;

	govern_policy_reset(state);
	govern->policy.name = arena_copy(&govern->policy_arena, of->name);
	owned_set(&govern->policy_document, of->document);
	govern->policy_no = event->number;
	set_probe_timers(state);
	return true;
}

bool fold_policy_set(struct state *state, const struct event *event)
{
	const struct ev_policy_set *of = &event->of.policy_set;

	if (!govern_policy_set(state, of->setting, of->value))
		return false;
	set_probe_timers(state);
	return true;
}

bool fold_policy_ruled(struct state *state, const struct event *event)
{
	const struct ev_policy_ruled *of = &event->of.policy_ruled;
	struct policy_rule rule = {
		.name = of->name, .effect = of->effect, .boards = of->boards, .tasks = of->tasks,
		.swarms = of->swarms, .capabilities = of->capabilities, .kind = of->kind,
		.max_cost = of->max_cost, .min_match = of->min_match,
		.max_swarms = of->max_swarms, .reason = of->reason,
	};

	return rule.name.len && rule.max_cost >= -1 && rule.min_match >= -1 &&
	       rule.max_swarms >= 0 && govern_policy_add(state, &rule);
}

bool fold_policy_violated(struct state *state, const struct event *event)
{
	const struct ev_policy_violated *of = &event->of.policy_violated;

	if (fold_task_of(state, of->board, of->task) == INDEX_NONE)
		return false;
	state->govern.violation_hash = govern_violation_hash(of);
	return true;
}

bool fold_claim_approved(struct state *state, const struct event *event)
{
	const struct ev_claim_approved *of = &event->of.claim_approved;
	uint32_t task = fold_task_of(state, of->board, of->task);
	uint32_t swarm = of->swarm.len ? state_find_swarm(state, of->swarm) : INDEX_NONE;
	struct approval *approval;
	uint32_t index;

	if (task == INDEX_NONE || (of->swarm.len && swarm == INDEX_NONE))
		return false;
	index = slab_add(&state->govern.approvals);
	approval = slab_at(&state->govern.approvals, index);
	approval->task = task;
	approval->swarm = swarm;
	approval->at_us = event->at_us;
	owned_set(&approval->by, of->by);
	owned_set(&approval->reason, of->reason);
	state_link_approval(state, index);
	return true;
}

/* ---- budgets ------------------------------------------------------------------------------- */

static bool scope_of(const struct state *state, int64_t scope, struct slice board,
		     struct slice task, struct slice swarm, uint32_t *ret_of)
{
	uint32_t of = INDEX_NONE;

	switch (scope) {
	case BUDGET_OF_FABRIC: of = 0; break;
	case BUDGET_OF_BOARD: of = state_find_board(state, board); break;
	case BUDGET_OF_SWARM: of = state_find_swarm(state, swarm); break;
	case BUDGET_OF_TASK: of = fold_task_of(state, board, task); break;
	default: break;
	}
	*ret_of = of;
	return of != INDEX_NONE;
}

bool fold_budget_set(struct state *state, const struct event *event)
{
	const struct ev_budget_set *of = &event->of.budget_set;
	struct budget_entry *entry;
	uint32_t index, on;

	if (!is_money(of->limit_usd) || (of->soft_usd >= 0 && !is_money(of->soft_usd)) ||
	    !scope_of(state, of->scope, of->board, of->task, of->swarm, &on))
		return false;
	index = state_find_budget(state, (enum budget_scope)of->scope, on);
	if (of->limit_usd < state_reserved_in(state, (enum budget_scope)of->scope, on))
		return false;
	if (index == INDEX_NONE) {
		index = state_add_budget(state, (enum budget_scope)of->scope, on);
		state_budget(state, index)->budget.reserved_nanousd =
			state_reserved_in(state, (enum budget_scope)of->scope, on);
	}
	entry = state_budget(state, index);
	entry->set_at_us = event->at_us;
	entry->budget.soft_nanousd = of->soft_usd < 0 ? BUDGET_NO_LIMIT : of->soft_usd;
	entry->budget.soft_told = false;
	entry->budget.period_us = of->period_ms * 1000;
	entry->budget.period_start_us = of->period_start;
	budget_set_limit(&entry->budget, of->limit_usd);
	if (of->period_ms)
		state_timer(state, TIMER_BUDGET, index,
			    budget_next_period_us(&entry->budget, event->at_us));
	return true;
}

bool fold_budget_reached(struct state *state, const struct event *event)
{
	const struct ev_budget_reached *of = &event->of.budget_reached;
	struct budget *budget;
	uint32_t index, on;

	if (of->level >= BUDGET_LEVEL_COUNT ||
	    !scope_of(state, of->scope, of->board, of->task, of->swarm, &on))
		return false;
	index = state_find_budget(state, (enum budget_scope)of->scope, on);
	if (index == INDEX_NONE)
		return false;
	budget = &state_budget(state, index)->budget;
	if (of->soft)
		budget->soft_told = true;
	else
		budget->told = (enum budget_level)of->level;
	return true;
}

bool fold_budget_renewed(struct state *state, const struct event *event)
{
	const struct ev_budget_renewed *of = &event->of.budget_renewed;
	struct budget *budget;
	uint32_t index, on;

	if (!scope_of(state, of->scope, of->board, of->task, of->swarm, &on))
		return false;
	index = state_find_budget(state, (enum budget_scope)of->scope, on);
	if (index == INDEX_NONE)
		return false;
	budget = &state_budget(state, index)->budget;
	if (budget->period_us == 0 || of->period_start > event->at_us)
		return false;
	budget_begin_period(budget, of->period_start);
	state_timer(state, TIMER_BUDGET, index, budget_next_period_us(budget, event->at_us));
	return true;
}

/* ---- costs --------------------------------------------------------------------------------- */

bool fold_price_set(struct state *state, const struct event *event)
{
	const struct ev_price_set *of = &event->of.price_set;
	uint32_t index = state_find_own_price(state, of->model);
	struct price_entry *entry;

	if (of->model.len == 0 || !is_known_or_not(of->input_usd) ||
	    !is_known_or_not(of->output_usd) || !is_known_or_not(of->cache_read_usd) ||
	    !is_known_or_not(of->cache_write_usd))
		return false;
	if (index == INDEX_NONE) {
		index = slab_add(&state->govern.prices);
		entry = slab_at(&state->govern.prices, index);
		owned_set(&entry->model, of->model);
		map_add(&state->govern.price_map, hash_slice(state->hash_seed, of->model), index);
	}
	entry = slab_at(&state->govern.prices, index);
	entry->price = (struct price){ .nanousd_per_million = {
		[TOKEN_INPUT] = of->input_usd, [TOKEN_OUTPUT] = of->output_usd,
		[TOKEN_CACHE_READ] = of->cache_read_usd, [TOKEN_CACHE_WRITE] = of->cache_write_usd,
	} };
	owned_set(&entry->source, of->source);
	owned_set(&entry->date, of->date);
	return true;
}

/* A live claim pays out of its reservation first. */
static void pay(struct state *state, uint32_t task, uint32_t swarm, struct claim *claim,
		int64_t cost)
{
	uint32_t budgets[BUDGET_SCOPE_COUNT];
	size_t count = state_budgets_of(state, task, swarm, budgets);
	int64_t reserved = 0;

	if (claim) {
		reserved = cost < claim->reserved_nanousd ? cost : claim->reserved_nanousd;
		claim->reserved_nanousd -= reserved;
		claim->spent_nanousd += cost < BUDGET_NANOUSD_MAX - claim->spent_nanousd ?
						cost : BUDGET_NANOUSD_MAX - claim->spent_nanousd;
	}
	for (size_t i = 0; i < count; i++)
		budget_spend(&state_budget(state, budgets[i])->budget, cost, reserved);
}

static void add_up(struct charge *charge, const struct ev_cost_charged *of)
{
	const int64_t tokens[TOKEN_KIND_COUNT] = {
		[TOKEN_INPUT] = of->input_tokens, [TOKEN_OUTPUT] = of->output_tokens,
		[TOKEN_CACHE_READ] = of->cache_read_tokens,
		[TOKEN_CACHE_WRITE] = of->cache_write_tokens,
	};

	if (__builtin_add_overflow(charge->cost_nanousd, of->cost_usd, &charge->cost_nanousd))
		charge->cost_nanousd = INT64_MAX;
	for (int i = 0; i < TOKEN_KIND_COUNT; i++)
		if (__builtin_add_overflow(charge->tokens[i], tokens[i], &charge->tokens[i]))
			charge->tokens[i] = INT64_MAX;
	charge->reports++;
	charge->unpriced += of->unpriced != 0;
}

static bool tokens_are_sound(const struct ev_cost_charged *of)
{
	return of->input_tokens >= 0 && of->output_tokens >= 0 && of->cache_read_tokens >= 0 &&
	       of->cache_write_tokens >= 0;
}

bool fold_cost_charged(struct state *state, const struct event *event)
{
	const struct ev_cost_charged *of = &event->of.cost_charged;
	uint32_t swarm = state_find_swarm(state, of->swarm);
	uint32_t task = INDEX_NONE, attempt, model, operation;
	struct claim *claim = NULL;

	if (swarm == INDEX_NONE || of->fence < 0 || !is_money(of->cost_usd) ||
	    !tokens_are_sound(of) || (of->unpriced && of->cost_usd))
		return false;
	if (of->task.len) {
		task = fold_task_of(state, of->board, of->task);
		if (task == INDEX_NONE)
			return false;
		if (of->fence && state_task(state, task)->claim != INDEX_NONE &&
		    state_claim(state, state_task(state, task)->claim)->fence ==
			    (uint64_t)of->fence)
			claim = state_claim(state, state_task(state, task)->claim);
	}
	if (claim && claim->swarm != swarm)
		return false;
	attempt = state_attempt_of(state, task, swarm, (uint64_t)of->fence);
	/* One after the other: names are numbered in the order in which they come. */
	model = state_name(state, of->model);
	operation = state_name(state, of->operation);
	add_up(state_charge_of(state, attempt, (int32_t)(event->at_us / DAY_US), model, operation),
	       of);
	if (claim)
		claim->reports++;
	pay(state, task, swarm, claim, of->cost_usd);
	return true;
}

/* The live claim with this token, or NULL. */
static struct claim *claim_of(struct state *state, struct slice board, struct slice id,
			      int64_t fence)
{
	uint32_t task = fold_task_of(state, board, id);
	struct claim *claim;

	if (task == INDEX_NONE || state_task(state, task)->claim == INDEX_NONE)
		return NULL;
	claim = state_claim(state, state_task(state, task)->claim);
	return claim->fence == (uint64_t)fence ? claim : NULL;
}

bool fold_claim_stop_asked(struct state *state, const struct event *event)
{
	const struct ev_claim_stop_asked *of = &event->of.claim_stop_asked;
	struct claim *claim = claim_of(state, of->board, of->task, of->fence);

	if (!claim || of->reason.len == 0)
		return false;
	owned_set(&claim->stop, of->reason);
	return true;
}

bool fold_claim_stop_lifted(struct state *state, const struct event *event)
{
	const struct ev_claim_stop_lifted *of = &event->of.claim_stop_lifted;
	struct claim *claim = claim_of(state, of->board, of->task, of->fence);

	if (!claim || claim->stop.len == 0)
		return false;
	owned_set(&claim->stop, SLICE_EMPTY);
	return true;
}

/* ---- breakers ------------------------------------------------------------------------------ */

bool fold_breaker_opened(struct state *state, const struct event *event)
{
	const struct ev_breaker_opened *of = &event->of.breaker_opened;
	uint32_t swarm = swarm_of(state, of->swarm);
	struct worker *worker;

	if (swarm == INDEX_NONE || of->cause >= BREAKER_CAUSE_COUNT)
		return false;
	worker = state_worker(state, swarm);
	if (!breaker_may_become(worker->breaker.state, BREAKER_OPEN))
		return false;
	state->govern.open_breakers++;
	breaker_trip(&worker->breaker, (enum breaker_cause)of->cause, event->at_us);
	owned_set(&worker->breaker_reason, of->reason);
	owned_set(&worker->breaker_by, of->by);
	set_probe_timer(state, swarm);
	return true;
}

bool fold_breaker_half_opened(struct state *state, const struct event *event)
{
	uint32_t swarm = swarm_of(state, event->of.breaker_half_opened.swarm);
	struct worker *worker;

	if (swarm == INDEX_NONE)
		return false;
	worker = state_worker(state, swarm);
	if (!breaker_may_become(worker->breaker.state, BREAKER_HALF_OPEN))
		return false;
	breaker_half_open(&worker->breaker);
	state->govern.open_breakers--;
	return true;
}

bool fold_breaker_closed(struct state *state, const struct event *event)
{
	const struct ev_breaker_closed *of = &event->of.breaker_closed;
	uint32_t swarm = state_find_swarm(state, of->swarm);
	struct worker *worker;

	if (swarm == INDEX_NONE)
		return false;
	worker = state_worker(state, swarm);
	if (!breaker_may_become(worker->breaker.state, BREAKER_CLOSED))
		return false;
	state->govern.open_breakers -= worker->breaker.state == BREAKER_OPEN &&
				       state_swarm(state, swarm)->registered;
	breaker_close(&worker->breaker);
	state_standing(state, swarm)->broken_since_us = 0;
	owned_set(&worker->breaker_by, of->by);
	owned_set(&worker->breaker_reason, of->reason);
	return true;
}

/* ---- profiles and weights ------------------------------------------------------------------ */

static bool profile_is_sound(const struct ev_swarm_profiled *of)
{
	return is_known_or_not(of->rate_usd) && is_known_or_not(of->usual_cost_usd) &&
	       is_known_or_not(of->usual_success) && is_known_or_not(of->input_usd) &&
	       is_known_or_not(of->output_usd) && is_known_or_not(of->cache_read_usd) &&
	       is_known_or_not(of->cache_write_usd) && of->base_weight >= 0 &&
	       of->base_weight <= WEIGHT_MOST_PPM && of->success_bonus >= 0 &&
	       of->success_bonus <= WEIGHT_MOST_PPM && of->success_threshold >= 0;
}

bool fold_swarm_profiled(struct state *state, const struct event *event)
{
	const struct ev_swarm_profiled *of = &event->of.swarm_profiled;
	uint32_t swarm = swarm_of(state, of->swarm);
	struct worker *worker;
	bool is_first;

	if (swarm == INDEX_NONE || !profile_is_sound(of))
		return false;
	worker = state_worker(state, swarm);
	is_first = worker->weight.result_count == 0;
	worker->rate_nanousd = of->rate_usd;
	worker->usual_cost_nanousd = of->usual_cost_usd;
	worker->usual_success_ppm = of->usual_success;
	worker->price = (struct price){ .nanousd_per_million = {
		[TOKEN_INPUT] = of->input_usd, [TOKEN_OUTPUT] = of->output_usd,
		[TOKEN_CACHE_READ] = of->cache_read_usd, [TOKEN_CACHE_WRITE] = of->cache_write_usd,
	} };
	worker->profile = (struct weight_profile){
		.base_ppm = of->base_weight, .success_bonus_ppm = of->success_bonus,
		.success_threshold_ppm = of->success_threshold,
	};
	if (is_first)
		worker->weight.now_ppm = of->base_weight;
	owned_set(&worker->tier, of->tier);
	owned_set(&worker->description, of->description);
	return true;
}

static void note_opinion(struct state *state, uint32_t task, const struct ev_weight_changed *of)
{
	struct opinion *opinion;
	uint32_t index;

	if (task == INDEX_NONE || state_task(state, task)->answers == INDEX_NONE ||
	    state_find_opinion(state, task))
		return;
	index = slab_add(&state->govern.opinions);
	opinion = slab_at(&state->govern.opinions, index);
	*opinion = (struct opinion){ task, of->confidence, of->before };
	state_link_opinion(state, index);
}

bool fold_weight_changed(struct state *state, const struct event *event)
{
	const struct ev_weight_changed *of = &event->of.weight_changed;
	uint32_t swarm = state_find_swarm(state, of->swarm);

	if (swarm == INDEX_NONE || of->confidence < 0 || of->before < 0 ||
	    of->before > WEIGHT_MOST_PPM ||
	    of->after < 0 || of->after > WEIGHT_MOST_PPM ||
	    state_worker(state, swarm)->weight.now_ppm != of->before)
		return false;
	weight_note(&state_worker(state, swarm)->weight, of->before, of->after);
	note_opinion(state, fold_task_of(state, of->board, of->task), of);
	return true;
}

/* ---- escalations --------------------------------------------------------------------------- */

bool fold_escalation_raised(struct state *state, const struct event *event)
{
	const struct ev_escalation_raised *of = &event->of.escalation_raised;
	uint32_t board = of->board.len ? state_find_board(state, of->board) : INDEX_NONE;
	uint32_t swarm = of->swarm.len ? state_find_swarm(state, of->swarm) : INDEX_NONE;
	uint32_t task = INDEX_NONE;
	struct escalation *escalation;

	if (!id_is_valid(of->escalation) || of->cause >= ESCALATION_CAUSE_COUNT ||
	    state_find_escalation(state, of->escalation) != INDEX_NONE ||
	    (of->board.len && board == INDEX_NONE) || (of->swarm.len && swarm == INDEX_NONE))
		return false;
	if (of->task.len)
		task = board == INDEX_NONE ? INDEX_NONE :
					     fold_task_of(state, of->board, of->task);
	if (of->task.len && task == INDEX_NONE)
		return false;
	escalation = state_escalation(state, state_add_escalation(state, of->escalation));
	escalation->cause = (enum escalation_cause)of->cause;
	escalation->board = board;
	escalation->task = task;
	escalation->swarm = swarm;
	escalation->raised_at_us = event->at_us;
	owned_set(&escalation->blocker, of->blocker);
	owned_set(&escalation->subject, of->subject);
	owned_set(&escalation->detail, of->detail);
	owned_set(&escalation->once, of->once);
	state->govern.open_escalations++;
	return true;
}

/* NULL when there is none of this id. */
static struct escalation *escalation_of(const struct state *state, struct slice id)
{
	uint32_t index = state_find_escalation(state, id);

	return index == INDEX_NONE ? NULL : state_escalation(state, index);
}

bool fold_escalation_delivered(struct state *state, const struct event *event)
{
	const struct ev_escalation_delivered *of = &event->of.escalation_delivered;
	struct escalation *escalation = escalation_of(state, of->escalation);

	if (!escalation || of->channel >= ESCALATION_CHANNEL_COUNT)
		return false;
	escalation->deliveries[of->channel].delivered = true;
	owned_set(&escalation->deliveries[of->channel].error, SLICE_EMPTY);
	return true;
}

bool fold_escalation_undelivered(struct state *state, const struct event *event)
{
	const struct ev_escalation_undelivered *of = &event->of.escalation_undelivered;
	struct escalation *escalation = escalation_of(state, of->escalation);
	struct escalation_delivery *delivery;

	if (!escalation || of->channel >= ESCALATION_CHANNEL_COUNT)
		return false;
	delivery = &escalation->deliveries[of->channel];
	delivery->attempts++;
	delivery->next_attempt_us = of->next_attempt;
	owned_set(&delivery->error, of->error);
	return true;
}

bool fold_escalation_acked(struct state *state, const struct event *event)
{
	const struct ev_escalation_acked *of = &event->of.escalation_acked;
	struct escalation *escalation = escalation_of(state, of->escalation);

	if (!escalation || escalation->state == ESCALATION_RESOLVED)
		return false;
	escalation->state = ESCALATION_ACKED;
	escalation->acked_at_us = event->at_us;
	owned_set(&escalation->acked_by, of->by);
	owned_set(&escalation->note, of->note);
	return true;
}

bool fold_escalation_resolved(struct state *state, const struct event *event)
{
	const struct ev_escalation_resolved *of = &event->of.escalation_resolved;
	struct escalation *escalation = escalation_of(state, of->escalation);

	if (!escalation || escalation->state == ESCALATION_RESOLVED)
		return false;
	escalation->state = ESCALATION_RESOLVED;
	escalation->resolved_at_us = event->at_us;
	owned_set(&escalation->resolved_by, of->by);
	owned_set(&escalation->note, of->note);
	state->govern.open_escalations--;
	return true;
}
