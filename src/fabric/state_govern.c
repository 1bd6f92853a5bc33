/*
 * What the governor keeps: finding it and adding to it.
 */
#include <stdlib.h>

#include "base/ensure.h"
#include "fabric/state.h"

void govern_init(struct state *state)
{
	struct govern *govern = &state->govern;

	govern->workers.item_size = sizeof(struct worker);
	govern->budgets.item_size = sizeof(struct budget_entry);
	govern->attempts.item_size = sizeof(struct attempt);
	govern->charges.item_size = sizeof(struct charge);
	govern->names.item_size = sizeof(struct slice);
	govern->approvals.item_size = sizeof(struct approval);
	govern->prices.item_size = sizeof(struct price_entry);
	govern->capability_texts.item_size = sizeof(struct capability_text);
	govern->escalations.item_size = sizeof(struct escalation);
	govern->opinions.item_size = sizeof(struct opinion);
	govern->policy = policy_default();
	learn_init(&govern->learning);
}

static void finish_escalation(struct escalation *escalation)
{
	struct slice *texts[] = {
		&escalation->id, &escalation->blocker, &escalation->subject, &escalation->detail,
		&escalation->once, &escalation->acked_by, &escalation->resolved_by,
		&escalation->note,
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		owned_set(texts[i], SLICE_EMPTY);
	for (int i = 0; i < ESCALATION_CHANNEL_COUNT; i++)
		owned_set(&escalation->deliveries[i].error, SLICE_EMPTY);
}

static void finish_texts(struct govern *govern)
{
	for (uint32_t i = 0; i < govern->workers.count; i++) {
		struct worker *worker = slab_at(&govern->workers, i);

		owned_set(&worker->tier, SLICE_EMPTY);
		owned_set(&worker->description, SLICE_EMPTY);
		owned_set(&worker->breaker_by, SLICE_EMPTY);
		owned_set(&worker->breaker_reason, SLICE_EMPTY);
	}
	for (uint32_t i = 0; i < govern->names.count; i++)
		owned_set(slab_at(&govern->names, i), SLICE_EMPTY);
	for (uint32_t i = 0; i < govern->approvals.count; i++) {
		struct approval *approval = slab_at(&govern->approvals, i);

		owned_set(&approval->by, SLICE_EMPTY);
		owned_set(&approval->reason, SLICE_EMPTY);
	}
	for (uint32_t i = 0; i < govern->prices.count; i++) {
		struct price_entry *entry = slab_at(&govern->prices, i);

		owned_set(&entry->model, SLICE_EMPTY);
		owned_set(&entry->source, SLICE_EMPTY);
		owned_set(&entry->date, SLICE_EMPTY);
	}
	for (uint32_t i = 0; i < govern->capability_texts.count; i++) {
		struct capability_text *text = slab_at(&govern->capability_texts, i);

		owned_set(&text->capability, SLICE_EMPTY);
		owned_set(&text->description, SLICE_EMPTY);
	}
	for (uint32_t i = 0; i < govern->escalations.count; i++)
		finish_escalation(slab_at(&govern->escalations, i));
}

void govern_finish(struct state *state)
{
	struct govern *govern = &state->govern;
	struct slab *slabs[] = {
		&govern->workers, &govern->budgets, &govern->attempts, &govern->charges,
		&govern->names, &govern->approvals, &govern->prices, &govern->capability_texts,
		&govern->escalations, &govern->opinions,
	};
	struct map *maps[] = {
		&govern->budget_map, &govern->attempt_map, &govern->task_attempts,
		&govern->name_map, &govern->price_map, &govern->approval_map,
		&govern->escalation_map, &govern->opinion_map,
	};

	finish_texts(govern);
	arena_finish(&govern->policy_arena);
	learn_finish(&govern->learning);
	owned_set(&govern->policy_document, SLICE_EMPTY);
	for (size_t i = 0; i < ARRAY_LEN(slabs); i++)
		slab_finish(slabs[i]);
	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		map_finish(maps[i]);
}

void govern_add_worker(struct state *state)
{
	struct worker *worker = slab_at(&state->govern.workers,
					slab_add(&state->govern.workers));

	worker->rate_nanousd = worker->usual_cost_nanousd = worker->usual_success_ppm =
		WORKER_UNKNOWN;
	for (int i = 0; i < TOKEN_KIND_COUNT; i++)
		worker->price.nanousd_per_million[i] = PRICE_UNKNOWN;
	worker->profile = weight_profile_default();
	worker->weight.now_ppm = worker->profile.base_ppm;
	worker->first_parked = worker->last_parked = INDEX_NONE;
}

/* ---- budgets ------------------------------------------------------------------------------- */

struct budget_key {
	uint32_t scope;
	uint32_t of;
};

static uint32_t budget_hash(struct budget_key key)
{
	return (uint32_t)hash_bytes(0, &key, sizeof(key));
}

static bool same_budget(const void *context, uint32_t value, const void *key)
{
	const struct budget_entry *entry = state_budget(context, value);
	const struct budget_key *want = key;

	return entry->scope == want->scope && entry->of == want->of;
}

uint32_t state_find_budget(const struct state *state, enum budget_scope scope, uint32_t of)
{
	struct budget_key key = { scope, of };

	if (state->govern.budgets.count == 0)
		return INDEX_NONE;
	return map_find(&state->govern.budget_map, budget_hash(key), same_budget, state, &key);
}

uint32_t state_add_budget(struct state *state, enum budget_scope scope, uint32_t of)
{
	uint32_t index = slab_add(&state->govern.budgets);
	struct budget_entry *entry = state_budget(state, index);

	*entry = (struct budget_entry){ .scope = scope, .of = of, .budget = budget_unlimited() };
	map_add(&state->govern.budget_map, budget_hash((struct budget_key){ scope, of }), index);
	return index;
}

size_t state_budgets_of(const struct state *state, uint32_t task, uint32_t swarm,
			uint32_t ret_budgets[BUDGET_SCOPE_COUNT])
{
	const struct budget_key keys[] = {
		{ BUDGET_OF_FABRIC, 0 },
		{ BUDGET_OF_BOARD, task == INDEX_NONE ? 0 : state_task(state, task)->board },
		{ BUDGET_OF_SWARM, swarm },
		{ BUDGET_OF_TASK, task },
	};
	size_t count = 0;

	if (state->govern.budgets.count == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		uint32_t index;

		if (task == INDEX_NONE &&
		    (keys[i].scope == BUDGET_OF_BOARD || keys[i].scope == BUDGET_OF_TASK))
			continue;
		index = state_find_budget(state, (enum budget_scope)keys[i].scope, keys[i].of);
		if (index != INDEX_NONE)
			ret_budgets[count++] = index;
	}
	return count;
}

static bool is_in_scope(const struct state *state, const struct claim *claim,
			enum budget_scope scope, uint32_t of)
{
	switch (scope) {
	case BUDGET_OF_FABRIC: return true;
	case BUDGET_OF_BOARD: return state_task(state, claim->task)->board == of;
	case BUDGET_OF_SWARM: return claim->swarm == of;
	case BUDGET_OF_TASK: return claim->task == of;
	case BUDGET_SCOPE_COUNT:
	default: BUG("a budget is of something");
	}
}

int64_t state_reserved_in(const struct state *state, enum budget_scope scope, uint32_t of)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < state->claims.count; i++) {
		const struct claim *claim = state_claim(state, i);

		if (claim->task != INDEX_NONE && is_in_scope(state, claim, scope, of) &&
		    __builtin_add_overflow(sum, claim->reserved_nanousd, &sum))
			return INT64_MAX;
	}
	return sum;
}

/* ---- what was spent ------------------------------------------------------------------------ */

struct attempt_key {
	uint64_t fence;
	uint32_t task;
	uint32_t swarm;
};

static bool same_attempt(const void *context, uint32_t value, const void *key)
{
	const struct attempt *attempt = state_attempt(context, value);
	const struct attempt_key *want = key;

	return attempt->fence == want->fence && attempt->task == want->task &&
	       attempt->swarm == want->swarm;
}

static uint32_t attempt_hash(struct attempt_key key)
{
	return (uint32_t)hash_bytes(0, &key, sizeof(key));
}

uint32_t state_find_attempt(const struct state *state, uint32_t task, uint32_t swarm,
			    uint64_t fence)
{
	struct attempt_key key = { fence, task, swarm };

	return map_find(&state->govern.attempt_map, attempt_hash(key), same_attempt, state, &key);
}

static bool same_task(const void *context, uint32_t value, const void *key)
{
	return state_attempt(context, value)->task == *(const uint32_t *)key;
}

uint32_t state_first_attempt(const struct state *state, uint32_t task)
{
	return map_find(&state->govern.task_attempts,
			(uint32_t)hash_bytes(0, &task, sizeof(task)), same_task, state, &task);
}

/* The map names the newest attempt of each task; older ones hang on it. */
void state_link_attempt(struct state *state, uint32_t index)
{
	struct attempt *attempt = state_attempt(state, index);
	struct attempt_key key = { attempt->fence, attempt->task, attempt->swarm };
	uint32_t hash = (uint32_t)hash_bytes(0, &attempt->task, sizeof(attempt->task));

	map_add(&state->govern.attempt_map, attempt_hash(key), index);
	attempt->first_charge = INDEX_NONE;
	attempt->next_of_task = INDEX_NONE;
	if (attempt->task == INDEX_NONE)
		return;
	attempt->next_of_task = state_first_attempt(state, attempt->task);
	if (attempt->next_of_task != INDEX_NONE)
		map_remove(&state->govern.task_attempts, hash, attempt->next_of_task);
	map_add(&state->govern.task_attempts, hash, index);
}

uint32_t state_attempt_of(struct state *state, uint32_t task, uint32_t swarm, uint64_t fence)
{
	uint32_t index = state_find_attempt(state, task, swarm, fence);

	if (index != INDEX_NONE)
		return index;
	index = slab_add(&state->govern.attempts);
	*state_attempt(state, index) = (struct attempt){
		.task = task, .swarm = swarm, .fence = fence,
	};
	state_link_attempt(state, index);
	return index;
}

void state_link_charge(struct state *state, uint32_t index)
{
	struct charge *charge = state_charge(state, index);
	struct attempt *attempt = state_attempt(state, charge->attempt);

	charge->next_of_attempt = attempt->first_charge;
	attempt->first_charge = index;
}

struct charge *state_charge_of(struct state *state, uint32_t attempt, int32_t day, uint32_t model,
			       uint32_t operation)
{
	uint32_t at = state_attempt(state, attempt)->first_charge;
	struct charge *charge;

	for (; at != INDEX_NONE; at = charge->next_of_attempt) {
		charge = state_charge(state, at);
		if (charge->day != day)
			break;
		if (charge->model == model && charge->operation == operation)
			return charge;
	}
	at = slab_add(&state->govern.charges);
	charge = state_charge(state, at);
	*charge = (struct charge){
		.attempt = attempt, .day = day, .model = model, .operation = operation,
	};
	state_link_charge(state, at);
	return charge;
}

static bool same_name(const void *context, uint32_t value, const void *key)
{
	return slice_is(state_name_text(context, value), *(const struct slice *)key);
}

uint32_t state_name(struct state *state, struct slice name)
{
	uint32_t hash = hash_slice(state->hash_seed, name);
	uint32_t index;

	if (name.len == 0)
		return INDEX_NONE;
	index = map_find(&state->govern.name_map, hash, same_name, state, &name);
	if (index != INDEX_NONE)
		return index;
	index = slab_add(&state->govern.names);
	owned_set(slab_at(&state->govern.names, index), name);
	map_add(&state->govern.name_map, hash, index);
	return index;
}

struct slice state_name_text(const struct state *state, uint32_t name)
{
	return name == INDEX_NONE ? SLICE_EMPTY :
				    *(const struct slice *)slab_at(&state->govern.names, name);
}

/* ---- prices, approvals, escalations -------------------------------------------------------- */

static bool same_price(const void *context, uint32_t value, const void *key)
{
	const struct state *state = context;
	const struct price_entry *entry = slab_at(&state->govern.prices, value);

	return slice_is(entry->model, *(const struct slice *)key);
}

uint32_t state_find_own_price(const struct state *state, struct slice model)
{
	return map_find(&state->govern.price_map, hash_slice(state->hash_seed, model), same_price,
			state, &model);
}

static bool builtin_price(struct slice model, struct price *ret_price)
{
	for (size_t i = 0; i < price_builtin_count; i++) {
		struct price_row row = price_builtin(i);

		if (!slice_is(row.model, model))
			continue;
		*ret_price = row.price;
		return true;
	}
	return false;
}

static bool price_by_name(const struct state *state, struct slice model, struct price *ret_price)
{
	uint32_t own = state_find_own_price(state, model);

	if (own == INDEX_NONE)
		return builtin_price(model, ret_price);
	*ret_price = ((const struct price_entry *)slab_at(&state->govern.prices, own))->price;
	return true;
}

bool state_find_price(const struct state *state, struct slice model, struct price *ret_price)
{
	return price_by_name(state, model, ret_price) ||
	       price_by_name(state, price_model(model), ret_price);
}

struct approval_key {
	uint32_t task;
	uint32_t swarm;
};

static bool same_approval(const void *context, uint32_t value, const void *key)
{
	const struct state *state = context;
	const struct approval *approval = slab_at(&state->govern.approvals, value);
	const struct approval_key *want = key;

	return approval->task == want->task && approval->swarm == want->swarm;
}

static bool has_approval(const struct state *state, struct approval_key key)
{
	return map_find(&state->govern.approval_map, (uint32_t)hash_bytes(0, &key, sizeof(key)),
			same_approval, state, &key) != MAP_NONE;
}

bool state_is_approved(const struct state *state, uint32_t task, uint32_t swarm)
{
	if (state->govern.approvals.count == 0)
		return false;
	return has_approval(state, (struct approval_key){ task, INDEX_NONE }) ||
	       has_approval(state, (struct approval_key){ task, swarm });
}

void state_link_approval(struct state *state, uint32_t index)
{
	const struct approval *approval = slab_at(&state->govern.approvals, index);
	struct approval_key key = { approval->task, approval->swarm };

	map_add(&state->govern.approval_map, (uint32_t)hash_bytes(0, &key, sizeof(key)), index);
}

static bool same_opinion(const void *context, uint32_t value, const void *key)
{
	const struct state *state = context;
	const struct opinion *opinion = slab_at(&state->govern.opinions, value);

	return opinion->task == *(const uint32_t *)key;
}

const struct opinion *state_find_opinion(const struct state *state, uint32_t answer)
{
	uint32_t index = map_find(&state->govern.opinion_map,
				  (uint32_t)hash_bytes(0, &answer, sizeof(answer)), same_opinion,
				  state, &answer);

	return index == MAP_NONE ? NULL : slab_at(&state->govern.opinions, index);
}

void state_link_opinion(struct state *state, uint32_t index)
{
	const struct opinion *opinion = slab_at(&state->govern.opinions, index);

	map_add(&state->govern.opinion_map,
		(uint32_t)hash_bytes(0, &opinion->task, sizeof(opinion->task)), index);
}

static bool same_escalation(const void *context, uint32_t value, const void *key)
{
	return slice_is(state_escalation(context, value)->id, *(const struct slice *)key);
}

uint32_t state_find_escalation(const struct state *state, struct slice id)
{
	return map_find(&state->govern.escalation_map, hash_slice(state->hash_seed, id),
			same_escalation, state, &id);
}

uint32_t state_add_escalation(struct state *state, struct slice id)
{
	uint32_t index = slab_add(&state->govern.escalations);
	struct escalation *escalation = state_escalation(state, index);

	owned_set(&escalation->id, id);
	escalation->board = escalation->task = escalation->swarm = INDEX_NONE;
	map_add(&state->govern.escalation_map, hash_slice(state->hash_seed, id), index);
	return index;
}

/* From the newest: what is open is mostly new. */
uint32_t state_find_open_escalation(const struct state *state, struct slice once)
{
	uint32_t open = state->govern.open_escalations;

	for (uint32_t i = state->govern.escalations.count; i-- > 0 && open > 0;) {
		const struct escalation *escalation = state_escalation(state, i);

		if (escalation->state == ESCALATION_RESOLVED)
			continue;
		if (slice_is(escalation->once, once))
			return i;
		open--;
	}
	return INDEX_NONE;
}
