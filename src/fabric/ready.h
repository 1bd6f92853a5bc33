/*
 * ready - the tasks that could be claimed now, in the order in which they
 * should be.
 *
 * Tasks of one board that need the same capabilities, are of one kind and
 * prefer the same swarm stand in one queue: a worker then looks at the head
 * of each queue it qualifies for, not at each task. A task whose paths are
 * reserved by a claim waits at that claim and comes back when it ends.
 *
 * All of it is volatile: it follows from the tasks.
 */
#ifndef FABRIC_READY_H
#define FABRIC_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/map.h"

struct state;

struct ready_queue {
	uint32_t board;
	uint32_t needs;		/* set of capabilities */
	uint32_t prefers;	/* swarm, or INDEX_NONE */
	uint8_t kind;		/* enum task_kind */
	uint32_t place;		/* in `busy`, or INDEX_NONE while it is empty */
	struct heap tasks;	/* key: -priority, tie: ready_no */
};

struct ready_index {
	struct ready_queue *queues;
	size_t queue_count, queue_capacity;
	struct map by_kind;
	uint32_t *busy;		/* queues with tasks */
	size_t busy_count, busy_capacity;
	uint32_t *fresh;	/* tasks that were queued since the machine last looked */
	size_t fresh_count, fresh_capacity;
};

void ready_finish(struct ready_index *ready);
/* The queue a task belongs to. */
uint32_t ready_queue_of(struct ready_index *ready, uint32_t board, uint8_t kind, uint32_t needs,
			uint32_t prefers);
/* A task that is in state READY and in no queue. */
void ready_add(struct state *state, uint32_t task);
/* Queues the tasks that waited for a claim's paths. */
void ready_wake(struct state *state, uint32_t claim);

struct ready_wish {
	uint32_t swarm;
	uint32_t board;		/* INDEX_NONE: any that the swarm works on */
	bool critical_only;
	int64_t threshold_ppm;
	uint32_t refused;	/* a task that fits but for the governor, or INDEX_NONE */
};

/*
 * The task that the swarm should take: critical before filler, higher
 * priority first, then what prefers this swarm, then what prefers none,
 * then what was ready first. INDEX_NONE when nothing fits.
 */
uint32_t ready_best(const struct state *state, struct ready_wish *wish);

/* Whether a swarm may take tasks of this board at all. */
bool ready_in_scope(const struct state *state, const struct ready_wish *wish, uint32_t board);

#endif
