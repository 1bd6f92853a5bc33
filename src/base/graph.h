/*
 * graph - who waits for whom, and whether that can end.
 */
#ifndef BASE_GRAPH_H
#define BASE_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Node n waits for targets[first[n]] up to targets[first[n + 1] - 1]. */
struct graph {
	size_t node_count;
	const uint32_t *first;		/* node_count + 1 of them */
	const uint32_t *targets;
};

/*
 * The nodes of one cycle, each waiting for the next and the last for the
 * first, in `arena`; 0 when there is none.
 */
size_t graph_find_cycle(const struct graph *graph, struct arena *arena, uint32_t **ret_nodes);

#endif
