#include "base/graph.h"

#include <string.h>

enum colour { NOT_SEEN, ON_PATH, LEFT };

/*
 * Depth first, with the path kept by hand: `path` is the chain of nodes
 * being looked at, `at` the next target of each. A target that is on the
 * path closes a cycle.
 */
struct walk {
	const struct graph *graph;
	uint8_t *colour;
	uint32_t *path;
	uint32_t *at;
	size_t depth;
};

static void enter(struct walk *walk, uint32_t node)
{
	walk->colour[node] = ON_PATH;
	walk->at[node] = walk->graph->first[node];
	walk->path[walk->depth++] = node;
}

/* The position on the path where a cycle begins, or SIZE_MAX when the path was left. */
static size_t walk_from(struct walk *walk, uint32_t root)
{
	enter(walk, root);
	while (walk->depth) {
		uint32_t node = walk->path[walk->depth - 1];
		uint32_t target;

		if (walk->at[node] == walk->graph->first[node + 1]) {
			walk->colour[node] = LEFT;
			walk->depth--;
			continue;
		}
		target = walk->graph->targets[walk->at[node]++];
		if (walk->colour[target] == NOT_SEEN)
			enter(walk, target);
		else if (walk->colour[target] == ON_PATH)
			for (size_t start = 0; start < walk->depth; start++)
				if (walk->path[start] == target)
					return start;
	}
	return SIZE_MAX;
}

size_t graph_find_cycle(const struct graph *graph, struct arena *arena, uint32_t **ret_nodes)
{
	struct walk walk = {
		.graph = graph,
		.colour = arena_zero(arena, graph->node_count, 1),
		.path = arena_zero(arena, graph->node_count, sizeof(uint32_t)),
		.at = arena_zero(arena, graph->node_count, sizeof(uint32_t)),
	};

	for (size_t node = 0; node < graph->node_count; node++) {
		size_t start;

		if (walk.colour[node] != NOT_SEEN)
			continue;
		start = walk_from(&walk, (uint32_t)node);
		if (start != SIZE_MAX) {
			*ret_nodes = walk.path + start;
			return walk.depth - start;
		}
	}
	return 0;
}
