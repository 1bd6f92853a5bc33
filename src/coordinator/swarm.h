/*
 * swarm - one worker identity: an agent session and the helpers behind it.
 */
#ifndef COORDINATOR_SWARM_H
#define COORDINATOR_SWARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "coordinator/task.h"

struct swarm {
	/* Durable */
	struct slice id;		/* owned */
	struct slice_list capabilities;	/* owned, like the next five */
	struct slice_list boards;	/* empty: every board */
	struct slice model;
	struct slice title;
	struct slice help_wanted;
	int64_t slots;
	int64_t spare;
	int64_t presence_ms;
	int64_t registered_at_us;
	int64_t seen_at_us;		/* last event by it */
	uint64_t read_no;		/* messages up to this number were read */
	uint64_t done_count;
	uint64_t failed_count;		/* failed, or lease lost */
	bool registered;		/* false: left, or only named by a task */
	bool absent;
	bool beats;			/* has sent a heartbeat since it registered */

	/* Volatile */
	uint32_t skills;		/* number of its set of capabilities */
	uint32_t first_claim;
	uint32_t claim_count;
	uint32_t held_count;		/* of these, on tasks that a blocker holds: they take no slot */
	uint32_t waiting;		/* requests of it that wait for something: a sign of life */
	int64_t heard_at_us;		/* when the last of them ended */
	int64_t timer_us;		/* of its presence; 0: none is set */
	uint64_t *inbox;		/* numbers of unread messages, rising; owned */
	size_t inbox_capacity;
	size_t inbox_first;		/* those before were read */
	size_t inbox_count;		/* end of the used part */
};

static inline bool swarm_has_slot(const struct swarm *swarm)
{
	return swarm->claim_count - swarm->held_count < (uint64_t)swarm->slots;
}

static inline size_t swarm_unread(const struct swarm *swarm)
{
	return swarm->inbox_count - swarm->inbox_first;
}

/* An empty list of boards means every board. */
static inline bool swarm_works_on(const struct swarm *swarm, struct slice board)
{
	return swarm->boards.count == 0 || slice_list_has(swarm->boards, board);
}

#endif
