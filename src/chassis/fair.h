/*
 * fair - who goes next to a server that several swarms share.
 *
 * A server takes so many requests at once. Whoever has the fewest under way
 * there goes next; among equals, whoever was served longest ago. So a swarm
 * that floods or asks for slow things waits for itself, and for nobody else.
 * Queues are bounded, in all and for each swarm.
 */
#ifndef CHASSIS_FAIR_H
#define CHASSIS_FAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ensure.h"

#define FAIR_WAITING_MAX 1024		/* of one server; at 10 a second each a hundred swarms' worth */
#define FAIR_WAITING_OF_ONE_MAX 64	/* of one swarm at one server */

/* One that waits; embedded in whatever it stands for. */
struct fair_item {
	struct fair_item *next;		/* private */
	uint32_t swarm;
};

struct fair_flow {
	uint32_t swarm;
	size_t running;
	size_t waiting;
	uint64_t served_at;		/* a count, not a time */
	struct fair_item *first, *last;
};

/* Zeroed memory but for running_max is a valid one. */
struct fair {
	size_t running_max;
	size_t running;
	size_t waiting;
	uint64_t served;
	struct fair_flow *flows;	/* of swarms that have something running or waiting */
	size_t flow_count;
	size_t flow_capacity;
};

void fair_finish(struct fair *fair);
/* False when the queue has no room for it. */
MUST_USE bool fair_add(struct fair *fair, struct fair_item *item);
/* The next that may run, which counts as running from now on; NULL: none. */
struct fair_item *fair_next(struct fair *fair);
/* One of the swarm's that ran has ended. */
void fair_end(struct fair *fair, uint32_t swarm);
/* Takes one out that waits. */
void fair_remove(struct fair *fair, struct fair_item *item);
static inline bool fair_is_idle(const struct fair *fair) { return fair->flow_count == 0; }

#endif
