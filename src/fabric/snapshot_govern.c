/*
 * What the governor keeps, in a snapshot.
 */
#include "base/ensure.h"
#include "base/text.h"
#include "fabric/codec.h"
#include "fabric/govern.h"

/* Money that may not be known. */
static void code_money(struct codec *codec, int64_t *nanousd)
{
	code_i64(codec, nanousd);
	if (*nanousd < -1)
		codec->bad = true;
}

static void code_price(struct codec *codec, struct price *price)
{
	for (int i = 0; i < TOKEN_KIND_COUNT; i++)
		code_money(codec, &price->nanousd_per_million[i]);
}

static void code_policy(struct codec *codec, struct state *state)
{
	struct govern *govern = &state->govern;
	struct buf bytes = { 0 };
	struct slice coded;

	if (!codec->reading)
		policy_encode(&govern->policy, &bytes);
	coded = buf_slice(&bytes);
	code_bytes(codec, &coded);
	if (codec->reading && !codec->bad)
		codec->bad = !policy_decode(arena_copy(&govern->policy_arena, coded),
					    &govern->policy_arena, &govern->policy);
	buf_finish(&bytes);
	code_owned(codec, &govern->policy_document);
	CODE(codec, govern->policy_no, INT64_MAX);
	CODE(codec, govern->violation_hash, INT64_MAX);
}

static void code_breaker(struct codec *codec, struct breaker *breaker)
{
	int64_t window = (int64_t)breaker->window;

	CODE(codec, breaker->state, BREAKER_STATE_COUNT - 1);
	CODE(codec, breaker->cause, BREAKER_CAUSE_COUNT - 1);
	CODE(codec, breaker->in_row, UINT32_MAX);
	CODE(codec, breaker->trips, UINT32_MAX);
	code_i64(codec, &window);
	breaker->window = (uint64_t)window;
	CODE(codec, breaker->outcomes, BREAKER_WINDOW);
	code_time(codec, &breaker->opened_at_us);
}

static void code_weight(struct codec *codec, struct worker *worker)
{
	CODE(codec, worker->profile.base_ppm, WEIGHT_MOST_PPM);
	CODE(codec, worker->profile.success_bonus_ppm, WEIGHT_MOST_PPM);
	CODE(codec, worker->profile.success_threshold_ppm, INT64_MAX);
	CODE(codec, worker->weight.now_ppm, WEIGHT_MOST_PPM);
	CODE(codec, worker->weight.result_count, UINT32_MAX);
	for (int i = 0; i < WEIGHT_BLOOM_RESULTS; i++)
		CODE(codec, worker->weight.before_ppm[i], WEIGHT_MOST_PPM);
}

static void code_workers(struct codec *codec, struct state *state)
{
	struct breaker_rules rules = govern_breaker_rules(state);

	for (uint32_t i = 0; i < state->swarms.count && !codec->bad; i++) {
		struct worker *worker = state_worker(state, i);
		bool registered = state_swarm(state, i)->registered;
		int64_t probe_us;

		code_money(codec, &worker->rate_nanousd);
		code_money(codec, &worker->usual_cost_nanousd);
		code_money(codec, &worker->usual_success_ppm);
		code_price(codec, &worker->price);
		code_weight(codec, worker);
		code_owned(codec, &worker->tier);
		code_owned(codec, &worker->description);
		code_owned(codec, &worker->breaker_by);
		code_owned(codec, &worker->breaker_reason);
		code_breaker(codec, &worker->breaker);
		code_time(codec, &worker->freed_at_us);
		code_flush(codec, CODEC_SINK_BYTES);
		if (!codec->reading || codec->bad)
			continue;
		state->govern.open_breakers += registered && worker->breaker.state == BREAKER_OPEN;
		probe_us = breaker_probe_at_us(&worker->breaker, &rules);
		if (probe_us != INT64_MAX)
			state_timer(state, TIMER_BREAKER, i, probe_us);
	}
}

static void code_claims(struct codec *codec, struct state *state)
{
	for (uint32_t i = 0; i < state->tasks.count && !codec->bad; i++) {
		uint32_t at = state_task(state, i)->claim;
		struct claim *claim;

		if (at == INDEX_NONE)
			continue;
		claim = state_claim(state, at);
		code_i64(codec, &claim->expected_nanousd);
		CODE(codec, claim->reserved_nanousd, BUDGET_NANOUSD_MAX);
		CODE(codec, claim->spent_nanousd, BUDGET_NANOUSD_MAX);
		CODE(codec, claim->reports, UINT32_MAX);
		code_owned(codec, &claim->stop);
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

static void code_budget(struct codec *codec, struct budget *budget)
{
	CODE(codec, budget->limit_nanousd, BUDGET_NO_LIMIT);
	CODE(codec, budget->soft_nanousd, BUDGET_NO_LIMIT);
	CODE(codec, budget->reserved_nanousd, INT64_MAX);
	CODE(codec, budget->spent_nanousd, INT64_MAX);
	CODE(codec, budget->over_nanousd, INT64_MAX);
	CODE(codec, budget->period_us, DURATION_MS_MAX * 1000);
	code_time(codec, &budget->period_start_us);
	CODE(codec, budget->told, BUDGET_LEVEL_COUNT - 1);
	CODE(codec, budget->soft_told, 1);
	/* Whoever sets the limit anew says the same soft limit, which an event must be able to. */
	if (budget->soft_nanousd > BUDGET_NANOUSD_MAX && budget->soft_nanousd != BUDGET_NO_LIMIT)
		codec->bad = true;
}

static uint32_t count_of(const struct state *state, enum budget_scope scope)
{
	switch (scope) {
	case BUDGET_OF_FABRIC: return 1;
	case BUDGET_OF_BOARD: return state->boards.count;
	case BUDGET_OF_SWARM: return state->swarms.count;
	case BUDGET_OF_TASK: return state->tasks.count;
	case BUDGET_SCOPE_COUNT:
	default: return 0;
	}
}

static void code_budgets(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->govern.budgets.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct budget_entry coded = { 0 };
		struct budget_entry *entry = codec->reading ? &coded : state_budget(state, i);

		CODE(codec, entry->scope, BUDGET_SCOPE_COUNT - 1);
		CODE(codec, entry->of, UINT32_MAX);
		if (codec->bad || entry->of >= count_of(state, entry->scope)) {
			codec->bad = true;
			return;
		}
		if (codec->reading) {
			if (state_find_budget(state, entry->scope, entry->of) != INDEX_NONE) {
				codec->bad = true;
				return;
			}
			entry = state_budget(state, state_add_budget(state, coded.scope, coded.of));
		}
		code_budget(codec, &entry->budget);
		code_time(codec, &entry->set_at_us);
		if (codec->reading && !codec->bad && entry->budget.period_us)
			state_timer(state, TIMER_BUDGET, i,
				    budget_next_period_us(&entry->budget, state->last_at_us));
	}
}

static void code_names(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->govern.names.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct slice name = codec->reading ? SLICE_EMPTY : state_name_text(state, i);

		code_bytes(codec, &name);
		if (codec->reading && !codec->bad && state_name(state, name) != i)
			codec->bad = true;
	}
}

static void code_attempts(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->govern.attempts.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct attempt *attempt;

		if (codec->reading)
			slab_add(&state->govern.attempts);
		attempt = state_attempt(state, i);
		code_number(codec, &attempt->task, state->tasks.count);
		CODE(codec, attempt->swarm, UINT32_MAX);
		CODE(codec, attempt->fence, INT64_MAX);
		CODE(codec, attempt->end, ATTEMPT_END_COUNT - 1);
		if (attempt->swarm >= state->swarms.count)
			codec->bad = true;
		if (codec->reading && !codec->bad)
			state_link_attempt(state, i);
		code_flush(codec, CODEC_SINK_BYTES);
	}
	count = code_count(codec, state->govern.charges.count);
	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct charge *charge;
		uint32_t names = state->govern.names.count;

		if (codec->reading)
			slab_add(&state->govern.charges);
		charge = state_charge(state, i);
		CODE(codec, charge->attempt, UINT32_MAX);
		code_number(codec, &charge->model, names);
		code_number(codec, &charge->operation, names);
		CODE(codec, charge->day, INT32_MAX);
		CODE(codec, charge->cost_nanousd, INT64_MAX);
		for (int kind = 0; kind < TOKEN_KIND_COUNT; kind++)
			CODE(codec, charge->tokens[kind], INT64_MAX);
		CODE(codec, charge->reports, UINT32_MAX);
		CODE(codec, charge->unpriced, UINT32_MAX);
		if (charge->attempt >= state->govern.attempts.count)
			codec->bad = true;
		if (codec->reading && !codec->bad)
			state_link_charge(state, i);
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

static void code_approvals(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->govern.approvals.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct approval *approval;

		if (codec->reading)
			slab_add(&state->govern.approvals);
		approval = slab_at(&state->govern.approvals, i);
		CODE(codec, approval->task, UINT32_MAX);
		code_number(codec, &approval->swarm, state->swarms.count);
		code_owned(codec, &approval->by);
		code_owned(codec, &approval->reason);
		code_time(codec, &approval->at_us);
		if (approval->task >= state->tasks.count)
			codec->bad = true;
		if (codec->reading && !codec->bad)
			state_link_approval(state, i);
	}
}

static void code_prices(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->govern.prices.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct price_entry *entry;

		if (codec->reading)
			slab_add(&state->govern.prices);
		entry = slab_at(&state->govern.prices, i);
		code_owned(codec, &entry->model);
		code_price(codec, &entry->price);
		code_owned(codec, &entry->source);
		code_owned(codec, &entry->date);
		if (codec->reading && !codec->bad)
			map_add(&state->govern.price_map,
				hash_slice(state->hash_seed, entry->model), i);
	}
	count = code_count(codec, state->govern.capability_texts.count);
	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct capability_text *text;

		if (codec->reading)
			slab_add(&state->govern.capability_texts);
		text = slab_at(&state->govern.capability_texts, i);
		code_owned(codec, &text->capability);
		code_owned(codec, &text->description);
	}
}

static void code_deliveries(struct codec *codec, struct escalation *escalation)
{
	for (int i = 0; i < ESCALATION_CHANNEL_COUNT; i++) {
		struct escalation_delivery *delivery = &escalation->deliveries[i];

		CODE(codec, delivery->delivered, 1);
		CODE(codec, delivery->attempts, UINT32_MAX);
		code_time(codec, &delivery->next_attempt_us);
		code_owned(codec, &delivery->error);
	}
}

static void code_escalations(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->govern.escalations.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct slice id = codec->reading ? SLICE_EMPTY : state_escalation(state, i)->id;
		struct escalation *escalation;

		code_bytes(codec, &id);
		if (codec->bad || !id_is_valid(id)) {
			codec->bad = true;
			return;
		}
		if (codec->reading)
			state_add_escalation(state, id);
		escalation = state_escalation(state, i);
		CODE(codec, escalation->cause, ESCALATION_CAUSE_COUNT - 1);
		CODE(codec, escalation->state, ESCALATION_STATE_COUNT - 1);
		code_number(codec, &escalation->board, state->boards.count);
		code_number(codec, &escalation->task, state->tasks.count);
		code_number(codec, &escalation->swarm, state->swarms.count);
		code_owned(codec, &escalation->blocker);
		code_owned(codec, &escalation->subject);
		code_owned(codec, &escalation->detail);
		code_owned(codec, &escalation->once);
		code_time(codec, &escalation->raised_at_us);
		code_time(codec, &escalation->acked_at_us);
		code_time(codec, &escalation->resolved_at_us);
		code_owned(codec, &escalation->acked_by);
		code_owned(codec, &escalation->resolved_by);
		code_owned(codec, &escalation->note);
		code_deliveries(codec, escalation);
		state->govern.open_escalations += codec->reading && !codec->bad &&
						  escalation->state != ESCALATION_RESOLVED;
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

static void code_opinions(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->govern.opinions.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct opinion *opinion;

		if (codec->reading)
			slab_add(&state->govern.opinions);
		opinion = slab_at(&state->govern.opinions, i);
		CODE(codec, opinion->task, UINT32_MAX);
		CODE(codec, opinion->confidence_ppm, INT64_MAX);
		CODE(codec, opinion->weight_ppm, WEIGHT_MOST_PPM);
		if (opinion->task >= state->tasks.count)
			codec->bad = true;
		if (codec->reading && !codec->bad)
			state_link_opinion(state, i);
	}
}

void code_govern(struct codec *codec, struct state *state)
{
	code_policy(codec, state);
	code_workers(codec, state);
	code_claims(codec, state);
	code_budgets(codec, state);
	code_names(codec, state);
	code_attempts(codec, state);
	code_approvals(codec, state);
	code_prices(codec, state);
	code_escalations(codec, state);
	code_opinions(codec, state);
	govern_code_learnt(codec, state);
}
