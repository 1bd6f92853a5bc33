#include "base/slab.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"

void slab_finish(struct slab *slab)
{
	for (uint32_t first = 0; first < slab->count; first += SLAB_PIECE)
		free(slab->pieces[first / SLAB_PIECE]);
	free(slab->pieces);
	*slab = (struct slab){ .item_size = slab->item_size };
}

uint32_t slab_add(struct slab *slab)
{
	uint32_t piece = slab->count / SLAB_PIECE;

	ENSURE(slab->item_size > 0 && slab->count < UINT32_MAX - 1);
	if (slab->count % SLAB_PIECE == 0) {
		slab->pieces = alloc_grow(slab->pieces, &slab->piece_capacity, piece + 1,
					  sizeof(*slab->pieces));
		slab->pieces[piece] = alloc_zero(SLAB_PIECE, slab->item_size);
	}
	return slab->count++;
}
