/*
 * arena - memory that is given back all at once.
 *
 * A request takes what it needs and the arena is reset after the reply.
 * Zeroed memory is a valid empty arena.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;	/* newest first */
	size_t used;			/* of the newest */
};

void arena_finish(struct arena *arena);
/* Everything taken before is gone; one block is kept for the next user. */
void arena_reset(struct arena *arena);
/* Zeroed, aligned for any type. */
void *arena_zero(struct arena *arena, size_t count, size_t size);
/* A copy with a zero byte behind it. */
struct slice arena_copy(struct arena *arena, struct slice slice);

#endif
