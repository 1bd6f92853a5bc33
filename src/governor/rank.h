/*
 * rank - which swarm should have a task.
 *
 *	score = overlap x reputation x success / (cost + failure x loss)
 *
 * successes per dollar in parts per million, with success and cost as
 * learn.h expects them; loss is what a failure costs besides. Who costs
 * nothing comes before who costs something. Equals: the lower number.
 *
 * An index keeps, for every kind of task that was asked for, the score of
 * every swarm and a tree of winners among the free ones, so that a choice is
 * a look at its root and a change is one path up to it. It can be thrown
 * away at any time: all of it follows from what learn.h holds and from what
 * the owner says of the swarms.
 */
#ifndef GOVERNOR_RANK_H
#define GOVERNOR_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/map.h"
#include "governor/learn.h"

#define RANK_NONE UINT32_MAX
#define RANK_VIEWS_MAX 192	/* kinds of tasks indexed at once: 25 MB of them for 10,000 swarms */
#define RANK_CHANGES 4096	/* that a view may be behind: past that it is cheaper to make it anew */
#define RANK_MOVED_MAX 64	/* swarms that may be out of place in a list */

/* What the owner knows of a swarm for tasks with one set of needs. */
struct candidate {
	int64_t overlap_ppm;
	int64_t reputation_ppm;
	struct promise promise;
	bool only_promised;	/* what came of its work is not to count */
};

/* A score and what it is made of. */
struct score {
	struct candidate candidate;
	struct outlook outlook;
	int64_t worth_ppm;	/* overlap x reputation x success */
	int64_t divisor_nanousd;	/* cost + failure x loss; LEARN_UNKNOWN: no cost is known */
	int64_t value;		/* what is compared: the more the better; never negative */
};

/* `estimate_nanousd` is the task's or LEARN_UNKNOWN; it does not change the value. */
struct score rank_score(const struct learning *learning, uint32_t swarm, uint32_t needs,
			uint32_t failed_before, const struct candidate *candidate,
			int64_t estimate_nanousd);

/* Whether the first comes before the second. */
static inline bool rank_before(int64_t value, uint32_t swarm, int64_t than_value, uint32_t than)
{
	return value != than_value ? value > than_value : swarm < than;
}

/* ---- index ---------------------------------------------------------------------------------- */

/* False: the swarm is not there, or nothing that it has is needed. */
typedef bool rank_describe_fn(const void *context, uint32_t swarm, uint32_t needs,
			      struct candidate *ret_candidate);
/* Whether this swarm may take the task in question. */
typedef bool rank_may_fn(void *context, uint32_t swarm);

/* One kind of task: a set of needs and how often it failed, as learn.h counts. */
struct rank_view {
	uint32_t needs;
	uint32_t kind;
	uint64_t used;			/* when it was asked last */
	uint64_t seen;			/* changes up to this one are in it */
	int64_t edition;		/* of the usual values; another one makes all of it stale */
	uint32_t count;			/* swarms that it holds; 0: it has to be made anew */
	uint32_t capacity;		/* a power of two, of values and winners */
	int64_t *values;		/* by swarm; negative: not there */
	uint32_t *winners;		/* a tree: [1] is the best free one of all */
	uint32_t *order;		/* all that are there, best first, apart from the moved */
	uint32_t order_count;
	bool ordered;
	uint32_t moved[RANK_MOVED_MAX];
	uint32_t moved_count;
};

struct rank_index {
	const struct learning *learning;
	rank_describe_fn *describe;
	const void *context;
	uint32_t swarm_count;		/* swarms are the numbers below */
	bool *is_free;
	size_t free_capacity;
	bool *is_moved;			/* of the view whose list is put in order right now */
	size_t moved_capacity;
	struct rank_view *views;	/* RANK_VIEWS_MAX */
	uint32_t view_count;
	struct map by_key;
	int64_t probe_at;		/* no probe is looked for before the fleet has so many claims */
	uint64_t now;			/* counts requests */
	uint64_t changed;		/* counts changes; the last RANK_CHANGES are kept */
	uint32_t *changes;
	struct heap heap;		/* of a search; kept for its memory */
	uint32_t *spare;		/* room for a sort; as many as swarms */
	size_t spare_capacity;
};

void rank_init(struct rank_index *index, const struct learning *learning,
	       rank_describe_fn *describe, const void *context);
void rank_finish(struct rank_index *index);

/*
 * To be called when what is known of a swarm has changed: after an outcome
 * of it, and when it came, left, or describes itself otherwise. New numbers
 * are added by the first call.
 */
void rank_changed(struct rank_index *index, uint32_t swarm);
/* When what is known of any number of them has changed. */
void rank_all_changed(struct rank_index *index);
/* Only free ones are chosen; a new one is not. */
void rank_set_free(struct rank_index *index, uint32_t swarm, bool is_free);

/*
 * The best free swarm for which `may` is true (NULL: any), or RANK_NONE. Asks
 * in the order of rank, so that the first yes ends it.
 */
uint32_t rank_best(struct rank_index *index, uint32_t needs, uint32_t failed_before,
		   rank_may_fn *may, void *context);

/*
 * A probe, or RANK_NONE when none is due: the free swarm that has waited
 * longest for a claim, of those that `may` take the task and whose cost the
 * share of exploration covers. Whoever claims by it says so in learn_note_claim.
 */
uint32_t rank_probe(struct rank_index *index, uint32_t needs, uint32_t failed_before,
		    rank_may_fn *may, void *context);

/* The first `max` of all swarms, free or not, best first. Returns how many. */
size_t rank_list(struct rank_index *index, uint32_t needs, uint32_t failed_before,
		 uint32_t *ret_swarms, size_t max);

#endif
