/*
 * capability - what a swarm can do and what a task needs, as `domain:skill`.
 *
 * Names are numbered once, and so is every set of them that occurs, so that
 * a match of two sets is a merge of two sorted runs of small numbers, done
 * once per pair of sets.
 */
#ifndef GOVERNOR_CAPABILITY_H
#define GOVERNOR_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/slice.h"

#define MATCH_CACHE 8192	/* pairs: more than the kinds of swarms x tasks of a large board */

struct capability {
	struct slice name;	/* owned */
	uint32_t any;		/* number of `domain:*`, or MAP_NONE when it is one itself */
};

struct capability_set {
	uint32_t *members;	/* numbers, rising, each once; owned */
	uint32_t count;
	uint32_t hash;
};

struct match_pair {
	uint32_t have;
	uint32_t need;
	uint32_t overlap_ppm;	/* MATCH_UNKNOWN: the place is free */
};

struct capability_table {
	struct capability *names;
	size_t name_count, name_capacity;
	struct capability_set *sets;
	size_t set_count, set_capacity;
	struct map by_name;
	struct map by_members;
	struct match_pair *cache;
};

void capability_init(struct capability_table *table);
void capability_finish(struct capability_table *table);

/* The number of the set with these names; order and repetition do not count. */
uint32_t capability_set_of(struct capability_table *table, struct slice_list names);

/*
 * |have and need| / |need| in parts per million; 0 of 0 is all of it. A
 * `domain:*` in `have` covers every skill of its domain.
 */
uint32_t capability_overlap_ppm(struct capability_table *table, uint32_t have, uint32_t need);

/* Whether one needed name is covered. */
bool capability_covers(const struct capability_table *table, uint32_t have, struct slice name);

#endif
