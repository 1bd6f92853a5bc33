#include "fabric/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/text.h"

#define OUTCOME_FIELD(name, kind) \
	{ #name, FIELD_##kind, 0, offsetof(struct task_outcome, name), 0, INT64_MAX, 0, NULL, "" }

static const struct field outcome_fields[] = {
	OUTCOME_FIELD(by, ID),
	OUTCOME_FIELD(reason, TEXT),
	OUTCOME_FIELD(result, JSON),
	OUTCOME_FIELD(evidence, JSON),
};

const struct schema task_outcome_schema = {
	"task_outcome", outcome_fields, ARRAY_LEN(outcome_fields), sizeof(struct task_outcome),
};

void owned_set(struct slice *owned, struct slice value)
{
	char *copy = value.len ? alloc_copy(value.ptr, value.len) : NULL;

	free((void *)(uintptr_t)owned->ptr);
	*owned = slice_of(copy, value.len);
}

void owned_list_free(struct slice_list *owned)
{
	free((void *)(uintptr_t)owned->items);
	*owned = (struct slice_list){ 0 };
}

/* Items and their bytes in one piece of memory. */
void owned_list_set(struct slice_list *owned, struct slice_list value)
{
	size_t bytes = value.count * sizeof(struct slice);
	struct slice *items;
	char *at;

	if (value.count == 0) {
		owned_list_free(owned);
		return;
	}
	for (size_t i = 0; i < value.count; i++)
		bytes += value.items[i].len;
	items = alloc_resize(NULL, 1, bytes);
	at = (char *)(items + value.count);
	for (size_t i = 0; i < value.count; i++) {
		memcpy(at, value.items[i].ptr, value.items[i].len);
		items[i] = slice_of(at, value.items[i].len);
		at += value.items[i].len;
	}
	owned_list_free(owned);
	*owned = (struct slice_list){ items, value.count };
}

void state_init(struct state *state, uint64_t hash_seed)
{
	*state = (struct state){ .hash_seed = hash_seed, .free_claim = INDEX_NONE };
	state->boards.item_size = sizeof(struct board);
	state->tasks.item_size = sizeof(struct task);
	state->swarms.item_size = sizeof(struct swarm);
	state->blockers.item_size = sizeof(struct blocker);
	state->messages.item_size = sizeof(struct message);
	state->quarantined.item_size = sizeof(struct slice);
	state->claims.item_size = sizeof(struct claim);
	govern_init(state);
	chassis_init(state);
	capability_init(&state->capabilities);
	lifecycle_init(&state->lifecycle);
}

static void finish_tasks(struct state *state)
{
	for (uint32_t i = 0; i < state->tasks.count; i++) {
		struct task *task = state_task(state, i);

		free(task->text);
		free(task->outcome);
		free(task->deps);
		free(task->dependents);
	}
	for (uint32_t i = 0; i < state->claims.count; i++) {
		struct claim *claim = state_claim(state, i);

		owned_set(&claim->note, SLICE_EMPTY);
		owned_set(&claim->stop, SLICE_EMPTY);
		owned_list_free(&claim->paths);
		free(claim->waiting);
	}
	for (uint32_t i = 0; i < state->boards.count; i++) {
		struct board *board = state_board(state, i);

		owned_set(&board->id, SLICE_EMPTY);
		owned_set(&board->title, SLICE_EMPTY);
		free(board->tasks);
		path_table_finish(&board->paths);
	}
}

static void finish_swarms(struct state *state)
{
	for (uint32_t i = 0; i < state->swarms.count; i++) {
		struct swarm *swarm = state_swarm(state, i);

		owned_set(&swarm->id, SLICE_EMPTY);
		owned_set(&swarm->model, SLICE_EMPTY);
		owned_set(&swarm->title, SLICE_EMPTY);
		owned_set(&swarm->help_wanted, SLICE_EMPTY);
		owned_list_free(&swarm->capabilities);
		owned_list_free(&swarm->boards);
		free(swarm->inbox);
	}
	for (uint32_t i = 0; i < state->blockers.count; i++) {
		struct blocker *blocker = state_blocker(state, i);

		owned_set(&blocker->id, SLICE_EMPTY);
		owned_set(&blocker->type, SLICE_EMPTY);
		owned_set(&blocker->description, SLICE_EMPTY);
		owned_set(&blocker->note, SLICE_EMPTY);
		owned_set(&blocker->ended_by, SLICE_EMPTY);
		owned_list_free(&blocker->needs);
	}
}

void state_finish(struct state *state)
{
	finish_tasks(state);
	finish_swarms(state);
	govern_finish(state);
	chassis_finish(state);
	for (uint32_t i = 0; i < state->messages.count; i++)
		state_drop_message(state, i);
	while (state->note_count)
		state_note_drop(state, state->note_count - 1);
	state_answers_expire(state, INT64_MAX);
	for (uint32_t i = 0; i < state->quarantined.count; i++)
		owned_set(slab_at(&state->quarantined, i), SLICE_EMPTY);
	slab_finish(&state->boards);
	slab_finish(&state->tasks);
	slab_finish(&state->swarms);
	slab_finish(&state->blockers);
	slab_finish(&state->messages);
	slab_finish(&state->quarantined);
	slab_finish(&state->claims);
	map_finish(&state->board_map);
	map_finish(&state->task_map);
	map_finish(&state->swarm_map);
	map_finish(&state->blocker_map);
	map_finish(&state->message_map);
	map_finish(&state->answer_map);
	heap_finish(&state->timers);
	capability_finish(&state->capabilities);
	ready_finish(&state->ready);
	arena_finish(&state->scratch);
	free(state->answers);
	free(state->notes);
}

/* ---- finding ------------------------------------------------------------------------------- */

static bool same_board(const void *context, uint32_t value, const void *key)
{
	return slice_is(state_board(context, value)->id, *(const struct slice *)key);
}

uint32_t state_find_board(const struct state *state, struct slice id)
{
	return map_find(&state->board_map, hash_slice(state->hash_seed, id), same_board, state, &id);
}

struct task_key {
	uint32_t board;
	struct slice id;
};

static bool same_task(const void *context, uint32_t value, const void *key)
{
	const struct task *task = state_task(context, value);
	const struct task_key *want = key;

	return task->board == want->board && slice_is(task_id(task), want->id);
}

static uint32_t task_hash(const struct state *state, uint32_t board, struct slice id)
{
	return hash_slice(state->hash_seed + board, id);
}

uint32_t state_find_task(const struct state *state, uint32_t board, struct slice id)
{
	struct task_key key = { board, id };

	return map_find(&state->task_map, task_hash(state, board, id), same_task, state, &key);
}

static bool same_swarm(const void *context, uint32_t value, const void *key)
{
	return slice_is(state_swarm(context, value)->id, *(const struct slice *)key);
}

uint32_t state_find_swarm(const struct state *state, struct slice id)
{
	return map_find(&state->swarm_map, hash_slice(state->hash_seed, id), same_swarm, state, &id);
}

static bool same_blocker(const void *context, uint32_t value, const void *key)
{
	return slice_is(state_blocker(context, value)->id, *(const struct slice *)key);
}

uint32_t state_find_blocker(const struct state *state, struct slice id)
{
	return map_find(&state->blocker_map, hash_slice(state->hash_seed, id), same_blocker, state,
			&id);
}

bool state_is_quarantined(const struct state *state, struct slice key)
{
	for (uint32_t i = 0; i < state->quarantined.count; i++)
		if (slice_is(*(struct slice *)slab_at(&state->quarantined, i), key))
			return true;
	return false;
}

void task_spec_of(const struct task *task, struct arena *arena, struct task_spec *ret_spec)
{
	bool known = schema_decode(&task_spec_schema, task_spec_bytes(task), arena, ret_spec);

	ENSURE(known);
}

/* An earliest start that is new counts; else the pause after a failure goes on. */
int64_t task_rests_until(const struct task *task, struct arena *arena, const struct task_spec *spec)
{
	struct task_spec old;

	task_spec_of(task, arena, &old);
	return spec->not_before != old.not_before ? spec->not_before : task->not_before_us;
}

void task_outcome_of(const struct task *task, struct arena *arena, struct task_outcome *ret_outcome)
{
	bool known = schema_decode(&task_outcome_schema,
				   slice_of(task->outcome, task->outcome_len), arena, ret_outcome);

	ENSURE(known);
}

/* ---- adding -------------------------------------------------------------------------------- */

uint32_t state_add_board(struct state *state, struct slice id)
{
	uint32_t index = slab_add(&state->boards);

	owned_set(&state_board(state, index)->id, id);
	map_add(&state->board_map, hash_slice(state->hash_seed, id), index);
	return index;
}

uint32_t state_add_task(struct state *state, uint32_t board, struct slice id)
{
	uint32_t index = slab_add(&state->tasks);
	struct board *on = state_board(state, board);
	struct task *task = state_task(state, index);

	ENSURE(id.len <= ID_BYTES_MAX);
	task->board = board;
	task->id_len = (uint8_t)id.len;
	task->text = alloc_copy(id.ptr, id.len);
	task->claim = INDEX_NONE;
	task->prefers = INDEX_NONE;
	task->queue = INDEX_NONE;
	task->answers = INDEX_NONE;
	task->state = TASK_BLOCKED;
	map_add(&state->task_map, task_hash(state, board, id), index);
	on->tasks = alloc_grow(on->tasks, &on->task_capacity, on->task_count + 1,
			       sizeof(*on->tasks));
	on->tasks[on->task_count++] = index;
	on->in_state[TASK_BLOCKED]++;
	state->in_state[TASK_BLOCKED]++;
	return index;
}

uint32_t state_swarm_of_name(struct state *state, struct slice id)
{
	uint32_t index = state_find_swarm(state, id);
	struct swarm *swarm;

	if (index != INDEX_NONE)
		return index;
	index = slab_add(&state->swarms);
	swarm = state_swarm(state, index);
	owned_set(&swarm->id, id);
	swarm->first_claim = INDEX_NONE;
	swarm->slots = 1;
	swarm->skills = capability_set_of(&state->capabilities, (struct slice_list){ 0 });
	govern_add_worker(state);
	chassis_add_standing(state);
	map_add(&state->swarm_map, hash_slice(state->hash_seed, id), index);
	return index;
}

uint32_t state_add_blocker(struct state *state, struct slice id)
{
	uint32_t index = slab_add(&state->blockers);

	owned_set(&state_blocker(state, index)->id, id);
	map_add(&state->blocker_map, hash_slice(state->hash_seed, id), index);
	return index;
}

void state_timer(struct state *state, enum timer_what what, uint32_t value, int64_t at_us)
{
	heap_push(&state->timers, (struct heap_entry){
		.key = at_us, .tie = (uint64_t)what << 32 | value, .value = value, .what = what,
	});
}

void state_lease_timer(struct state *state, uint32_t index, int64_t at_us)
{
	struct claim *claim = state_claim(state, index);

	if (claim->timer_us && claim->timer_us <= at_us)
		return;
	claim->timer_us = at_us;
	/* The task decides between equal times: a claim's place may differ after a restart. */
	heap_push(&state->timers, (struct heap_entry){
		.key = at_us, .tie = (uint64_t)TIMER_LEASE << 32 | claim->task, .value = index,
		.what = TIMER_LEASE,
	});
}

void state_presence_timer(struct state *state, uint32_t index, int64_t at_us)
{
	struct swarm *swarm = state_swarm(state, index);

	if (swarm->timer_us && swarm->timer_us <= at_us)
		return;
	swarm->timer_us = at_us;
	state_timer(state, TIMER_PRESENCE, index, at_us);
}

/* ---- tasks --------------------------------------------------------------------------------- */

/*
 * Dependents are sorted, so that they become ready in the same order whether
 * the state was folded or loaded. Returns where the first one stands that is
 * not before `dependent`.
 */
static uint32_t dependent_place(const struct task *task, uint32_t dependent)
{
	uint32_t low = 0, high = task->dependent_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (task->dependents[middle] < dependent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_dependent(struct task *task, uint32_t dependent)
{
	uint32_t at = dependent_place(task, dependent);

	ENSURE(at < task->dependent_count && task->dependents[at] == dependent);
	task->dependent_count--;
	memmove(task->dependents + at, task->dependents + at + 1,
		(task->dependent_count - at) * sizeof(uint32_t));
}

/* Powers of two from 4: most tasks have few dependents, a gate may have thousands. */
static void add_dependent(struct task *task, uint32_t dependent)
{
	uint32_t count = task->dependent_count;
	uint32_t at = dependent_place(task, dependent);

	if (count == 0 || (count >= 4 && (count & (count - 1)) == 0))
		task->dependents = alloc_resize(task->dependents, count ? (size_t)count * 2 : 4,
						sizeof(uint32_t));
	memmove(task->dependents + at + 1, task->dependents + at, (count - at) * sizeof(uint32_t));
	task->dependents[at] = dependent;
	task->dependent_count++;
}

static void set_deps(struct state *state, uint32_t index, struct slice_list deps)
{
	struct task *task = state_task(state, index);

	for (uint32_t i = 0; i < task->dep_count; i++)
		remove_dependent(state_task(state, task->deps[i]), index);
	free(task->deps);
	task->deps = deps.count ? alloc_resize(NULL, deps.count, sizeof(uint32_t)) : NULL;
	task->dep_count = (uint16_t)deps.count;
	task->open_deps = 0;
	for (size_t i = 0; i < deps.count; i++) {
		uint32_t on = state_find_task(state, task->board, deps.items[i]);
		struct task *needed;

		ENSURE(on != INDEX_NONE);
		needed = state_task(state, on);
		task->deps[i] = on;
		task->open_deps += needed->state != TASK_DONE;
		add_dependent(needed, index);
	}
}

static uint8_t traits_of(const struct task_spec *spec)
{
	bool has_cost = spec->est_cost_usd >= 0 || spec->max_cost_usd >= 0 || spec->est_ms > 0;

	return (uint8_t)((has_cost ? TASK_HAS_COST : 0) |
			 (spec->avoids.count ? TASK_HAS_AVOIDS : 0) |
			 (spec->helps.len ? TASK_HELPS : 0));
}

void state_spec_apply(struct state *state, uint32_t index, const struct task_spec *spec)
{
	struct task *task = state_task(state, index);

	task->kind = (uint8_t)spec->kind;
	task->priority = (int32_t)spec->priority;
	task->max_attempts = (uint16_t)spec->max_attempts;
	task->needs = capability_set_of(&state->capabilities, spec->needs);
	task->prefers = spec->prefers.len ? state_swarm_of_name(state, spec->prefers) : INDEX_NONE;
	task->traits = traits_of(spec);
	task->redundancy = (uint8_t)(spec->answers.len ? 0 : spec->redundancy);
	task->answers = spec->answers.len ? state_find_task(state, task->board, spec->answers) :
					    INDEX_NONE;
	task->queue = ready_queue_of(&state->ready, task->board, task->kind, task->needs,
				     task->prefers);
	set_deps(state, index, spec->deps);
	if (spec->start_by)
		state_timer(state, TIMER_START_BY, index, spec->start_by);
}

static bool is_empty(const struct field *field, const void *object)
{
	const char *at = (const char *)object + field->offset;

	if (field_is_number(field->kind))
		return *(const int64_t *)(const void *)at == 0;
	if (field_is_list(field->kind))
		return ((const struct slice_list *)(const void *)at)->count == 0;
	return ((const struct slice *)(const void *)at)->len == 0;
}

/*
 * A field that is missing at the end reads as empty: fields that came later
 * are kept only where they say something, so that what an earlier version
 * kept stays as it is, byte for byte.
 */
void task_spec_encode(const struct task_spec *spec, struct buf *out)
{
	const struct field *last = schema_find(&task_spec_schema, SLICE("start_by"));
	size_t first = (size_t)(last - task_spec_schema.fields) + 1;
	struct schema kept = task_spec_schema;

	while (kept.count > first && is_empty(&kept.fields[kept.count - 1], spec))
		kept.count--;
	schema_encode(&kept, spec, out);
}

void state_spec_set(struct state *state, uint32_t index, const struct task_spec *spec)
{
	struct task *task = state_task(state, index);
	char *old = task->text;
	struct buf text = { 0 };

	buf_add(&text, task->text, task->id_len);
	task_spec_encode(spec, &text);
	task->text = alloc_copy(text.ptr, text.len);
	task->spec_len = (uint32_t)(text.len - task->id_len);
	buf_finish(&text);
	state_spec_apply(state, index, spec);
	/* Last: the new specification may point into the old one. */
	free(old);
}

/* Dependents count the tasks they wait for that are not done. */
static void count_done(struct state *state, const struct task *done)
{
	for (uint32_t i = 0; i < done->dependent_count; i++) {
		uint32_t index = done->dependents[i];
		struct task *task = state_task(state, index);

		task->open_deps--;
		if (task->open_deps == 0 && task->state == TASK_BLOCKED && task->not_before_us)
			state_task_move(state, index, TASK_DELAYED);
	}
}

void state_task_move(struct state *state, uint32_t index, enum task_state to)
{
	struct task *task = state_task(state, index);
	struct board *board = state_board(state, task->board);
	enum task_state from = (enum task_state)task->state;

	board->in_state[from]--;
	board->in_state[to]++;
	state->in_state[from]--;
	state->in_state[to]++;
	task->state = (uint8_t)to;
	ENSURE(from != TASK_DONE || to == TASK_DONE);
	if (from != TASK_DONE && to == TASK_DONE)
		count_done(state, task);
	if (task->claim != INDEX_NONE && (from == TASK_HELD) != (to == TASK_HELD)) {
		struct swarm *swarm = state_swarm(state, state_claim(state, task->claim)->swarm);

		swarm->held_count += to == TASK_HELD ? 1 : UINT32_MAX;
	}
	if (to == TASK_DELAYED)
		state_timer(state, TIMER_READY, index, task->not_before_us);
	if (to == TASK_READY)
		ready_add(state, index);
}

/* ---- claims -------------------------------------------------------------------------------- */

static uint32_t claim_place(struct state *state)
{
	uint32_t index = state->free_claim;

	if (index == INDEX_NONE)
		return slab_add(&state->claims);
	state->free_claim = state_claim(state, index)->next_of_swarm;
	return index;
}

uint32_t state_claim_add(struct state *state, uint32_t task_index, uint32_t swarm_index,
			 struct slice_list paths)
{
	uint32_t index = claim_place(state);
	struct claim *claim = state_claim(state, index);
	struct task *task = state_task(state, task_index);
	struct swarm *swarm = state_swarm(state, swarm_index);

	ENSURE(task->claim == INDEX_NONE);
	*claim = (struct claim){
		.task = task_index, .swarm = swarm_index, .percent = -1,
		.next_of_swarm = swarm->first_claim, .previous_of_swarm = INDEX_NONE,
		.first_credential = INDEX_NONE,
		.timer_us = claim->timer_us,
	};
	owned_list_set(&claim->paths, paths);
	for (size_t i = 0; i < claim->paths.count; i++)
		path_table_add(&state_board(state, task->board)->paths, claim->paths.items[i],
			       index);
	if (swarm->first_claim != INDEX_NONE)
		state_claim(state, swarm->first_claim)->previous_of_swarm = index;
	swarm->first_claim = index;
	swarm->claim_count++;
	swarm->held_count += task->state == TASK_HELD;
	task->claim = index;
	state->live_claims++;
	return index;
}

void state_claim_drop(struct state *state, uint32_t index)
{
	struct claim *claim = state_claim(state, index);
	struct task *task = state_task(state, claim->task);
	struct swarm *swarm = state_swarm(state, claim->swarm);

	ENSURE(task->claim == index);
	path_table_remove(&state_board(state, task->board)->paths, claim->paths, index);
	if (claim->previous_of_swarm != INDEX_NONE)
		state_claim(state, claim->previous_of_swarm)->next_of_swarm = claim->next_of_swarm;
	else
		swarm->first_claim = claim->next_of_swarm;
	if (claim->next_of_swarm != INDEX_NONE)
		state_claim(state, claim->next_of_swarm)->previous_of_swarm =
			claim->previous_of_swarm;
	swarm->claim_count--;
	swarm->held_count -= task->state == TASK_HELD;
	state_credentials_drop(state, claim);
	task->claim = INDEX_NONE;
	ready_wake(state, index);
	owned_set(&claim->note, SLICE_EMPTY);
	owned_set(&claim->stop, SLICE_EMPTY);
	owned_list_free(&claim->paths);
	*claim = (struct claim){ .task = INDEX_NONE, .swarm = INDEX_NONE,
				 .next_of_swarm = state->free_claim,
				 .first_credential = INDEX_NONE,
				 .timer_us = claim->timer_us };
	state->free_claim = index;
	state->live_claims--;
}
