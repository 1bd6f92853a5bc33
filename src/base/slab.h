/*
 * slab - a table that grows in pieces, so that what is in it never moves.
 *
 * Zeroed memory with `item_size` set is a valid empty slab. Items are zeroed.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

#define SLAB_PIECE 256	/* items a piece */

struct slab {
	char **pieces;
	size_t piece_capacity;
	uint32_t count;
	uint32_t item_size;
};

void slab_finish(struct slab *slab);
/* The number of a new item at the end. */
uint32_t slab_add(struct slab *slab);

static inline void *slab_at(const struct slab *slab, uint32_t index)
{
	return slab->pieces[index / SLAB_PIECE] + (size_t)(index % SLAB_PIECE) * slab->item_size;
}

#endif
