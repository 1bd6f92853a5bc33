#include "fabric/ready.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "fabric/govern.h"
#include "fabric/state.h"

#define LOOKED_MOST 1024	/* tasks of a queue that the governor is asked about at once */

void ready_finish(struct ready_index *ready)
{
	for (size_t i = 0; i < ready->queue_count; i++)
		heap_finish(&ready->queues[i].tasks);
	free(ready->queues);
	free(ready->busy);
	free(ready->fresh);
	map_finish(&ready->by_kind);
	*ready = (struct ready_index){ 0 };
}

static bool same_queue(const void *context, uint32_t value, const void *key)
{
	const struct ready_index *ready = context;
	const struct ready_queue *have = &ready->queues[value];
	const uint32_t *want = key;

	return have->board == want[0] && have->kind == want[1] && have->needs == want[2] &&
	       have->prefers == want[3];
}

uint32_t ready_queue_of(struct ready_index *ready, uint32_t board, uint8_t kind, uint32_t needs,
			uint32_t prefers)
{
	uint32_t key[4] = { board, kind, needs, prefers };
	uint32_t hash = (uint32_t)hash_bytes(0, key, sizeof(key));
	uint32_t number = map_find(&ready->by_kind, hash, same_queue, ready, key);

	if (number != MAP_NONE)
		return number;
	number = (uint32_t)ready->queue_count;
	ready->queues = alloc_grow(ready->queues, &ready->queue_capacity, ready->queue_count + 1,
				   sizeof(*ready->queues));
	ready->queues[number] = (struct ready_queue){
		.board = board, .kind = kind, .needs = needs, .prefers = prefers,
		.place = INDEX_NONE,
	};
	ready->queue_count++;
	map_add(&ready->by_kind, hash, number);
	return number;
}

void ready_add(struct state *state, uint32_t index)
{
	struct ready_index *ready = &state->ready;
	const struct task *task = state_task(state, index);
	struct ready_queue *queue = &ready->queues[task->queue];

	ENSURE(task->state == TASK_READY);
	heap_push(&queue->tasks, (struct heap_entry){
		.key = -(int64_t)task->priority, .tie = task->ready_no, .value = index,
	});
	if (queue->place == INDEX_NONE) {
		ready->busy = alloc_grow(ready->busy, &ready->busy_capacity, ready->busy_count + 1,
					 sizeof(*ready->busy));
		queue->place = (uint32_t)ready->busy_count;
		ready->busy[ready->busy_count++] = task->queue;
	}
	ready->fresh = alloc_grow(ready->fresh, &ready->fresh_capacity, ready->fresh_count + 1,
				  sizeof(*ready->fresh));
	ready->fresh[ready->fresh_count++] = index;
}

void ready_wake(struct state *state, uint32_t claim)
{
	struct claim *ended = state_claim(state, claim);

	for (size_t i = 0; i < ended->waiting_count; i++)
		if (state_task(state, ended->waiting[i])->state == TASK_READY)
			ready_add(state, ended->waiting[i]);
	free(ended->waiting);
	ended->waiting = NULL;
	ended->waiting_count = ended->waiting_capacity = 0;
}

static void wait_at_claim(const struct state *state, uint32_t task, uint32_t claim)
{
	struct claim *holder = state_claim(state, claim);

	holder->waiting = alloc_grow(holder->waiting, &holder->waiting_capacity,
				     holder->waiting_count + 1, sizeof(*holder->waiting));
	holder->waiting[holder->waiting_count++] = task;
}

/* A claim that has reserved what the task would need, or INDEX_NONE. */
static uint32_t claim_in_the_way(const struct state *state, const struct task *task)
{
	const struct board *board = state_board(state, task->board);
	struct task_spec spec;
	uint32_t claim = INDEX_NONE;

	if (board->paths.count == 0)
		return INDEX_NONE;
	task_spec_of(task, state_scratch(state), &spec);
	for (size_t i = 0; i < spec.paths.count && claim == INDEX_NONE; i++) {
		const struct path_entry *entry =
			path_table_conflict(&board->paths, spec.paths.items[i]);

		claim = entry ? entry->claim : INDEX_NONE;
	}
	return claim;
}

static void queue_emptied(struct ready_index *ready, struct ready_queue *queue)
{
	uint32_t last = ready->busy[--ready->busy_count];

	ready->busy[queue->place] = last;
	ready->queues[last].place = queue->place;
	queue->place = INDEX_NONE;
}

/*
 * The first task of a queue that can be had now. Entries of tasks that are
 * no longer ready, or were queued again since, are dropped on the way.
 */
static const struct heap_entry *first_of(const struct state *state, struct ready_index *ready,
					 struct ready_queue *queue)
{
	const struct heap_entry *entry;

	while ((entry = heap_first(&queue->tasks)) != NULL) {
		const struct task *task = state_task(state, entry->value);
		uint32_t claim;

		if (task->state != TASK_READY || task->ready_no != entry->tie ||
		    -(int64_t)task->priority != entry->key ||
		    &ready->queues[task->queue] != queue) {
			heap_pop(&queue->tasks);
			continue;
		}
		claim = claim_in_the_way(state, task);
		if (claim == INDEX_NONE)
			return entry;
		wait_at_claim(state, entry->value, claim);
		heap_pop(&queue->tasks);
	}
	queue_emptied(ready, queue);
	return NULL;
}

bool ready_in_scope(const struct state *state, const struct ready_wish *wish, uint32_t board)
{
	const struct board *found = state_board(state, board);

	if (found->archived || (wish->board != INDEX_NONE && wish->board != board))
		return false;
	return swarm_works_on(state_swarm(state, wish->swarm), found->id);
}

static int preference(const struct ready_queue *queue, uint32_t swarm)
{
	return queue->prefers == swarm ? 0 : queue->prefers == INDEX_NONE ? 1 : 2;
}

struct head {
	uint32_t task;
	uint8_t kind;
	int preference;
	int64_t key;
	uint64_t tie;
};

static bool goes_before(const struct head *a, const struct head *b)
{
	if (b->task == INDEX_NONE)
		return true;
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (a->key != b->key)
		return a->key < b->key;
	if (a->preference != b->preference)
		return a->preference < b->preference;
	return a->tie < b->tie;
}

/* Entries of a heap that may come next, the smallest first. */
struct frontier {
	struct heap places;	/* value: place in the queue's heap */
};

static void frontier_add(struct frontier *frontier, const struct heap *heap, size_t place)
{
	if (place >= heap->count)
		return;
	heap_push(&frontier->places, (struct heap_entry){
		.key = heap->entries[place].key, .tie = heap->entries[place].tie,
		.value = (uint32_t)place,
	});
}

static bool is_current(const struct state *state, const struct ready_queue *queue,
		       const struct heap_entry *entry)
{
	const struct task *task = state_task(state, entry->value);

	return task->state == TASK_READY && task->ready_no == entry->tie &&
	       -(int64_t)task->priority == entry->key &&
	       &state->ready.queues[task->queue] == queue &&
	       claim_in_the_way(state, task) == INDEX_NONE;
}

/*
 * The first task of the queue that the governor lets this swarm have. Others
 * may have those before it, so they stay where they are.
 */
static const struct heap_entry *first_allowed(const struct state *state, struct ready_wish *wish,
					      const struct ready_queue *queue)
{
	const struct heap *heap = &queue->tasks;
	const struct heap_entry *found = NULL;
	struct frontier frontier = { 0 };
	struct govern_verdict first;
	int looked = 0;

	/* Mostly the governor says yes. */
	if (govern_judge(state, heap->entries[0].value, wish->swarm, &first) == OK)
		return &heap->entries[0];
	frontier_add(&frontier, heap, 0);
	while (!found && frontier.places.count && looked < LOOKED_MOST) {
		size_t place = heap_first(&frontier.places)->value;
		const struct heap_entry *entry = &heap->entries[place];
		struct govern_verdict verdict;
		enum err err;

		heap_pop(&frontier.places);
		frontier_add(&frontier, heap, 2 * place + 1);
		frontier_add(&frontier, heap, 2 * place + 2);
		if (!is_current(state, queue, entry))
			continue;
		looked++;
		err = govern_judge(state, entry->value, wish->swarm, &verdict);
		if (err == OK)
			found = entry;
		else if (wish->refused == INDEX_NONE || err == ERR_APPROVAL_REQUIRED)
			wish->refused = entry->value;
		/* What holds for the swarm holds for the rest as well. */
		if (err == ERR_BREAKER_OPEN)
			break;
	}
	heap_finish(&frontier.places);
	return found;
}

uint32_t ready_best(const struct state *state, struct ready_wish *wish)
{
	/* Taking out what no longer holds does not change what the index says. */
	struct state *mutable = (struct state *)(uintptr_t)state;
	struct ready_index *ready = &mutable->ready;
	uint32_t skills = state_swarm(state, wish->swarm)->skills;
	struct head best = { .task = INDEX_NONE };
	size_t at = 0;

	while (at < ready->busy_count) {
		struct ready_queue *queue = &ready->queues[ready->busy[at]];
		const struct heap_entry *first;
		struct head candidate;

		if ((wish->critical_only && queue->kind == TASK_FILLER) ||
		    (best.task != INDEX_NONE && queue->kind > best.kind) ||
		    !ready_in_scope(state, wish, queue->board) ||
		    capability_overlap_ppm(&mutable->capabilities, skills, queue->needs) <
			    wish->threshold_ppm) {
			at++;
			continue;
		}
		first = first_of(state, ready, queue);
		if (!first)
			continue;	/* another queue has taken its place in `busy` */
		first = first_allowed(state, wish, queue);
		if (!first) {
			at++;
			continue;
		}
		candidate = (struct head){ first->value, queue->kind,
						preference(queue, wish->swarm), first->key,
						first->tie };
		if (goes_before(&candidate, &best))
			best = candidate;
		at++;
	}
	return best.task;
}
