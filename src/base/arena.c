#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"

#define ARENA_BLOCK_BYTES 16384	/* an ordinary request fits into one block */

struct arena_block {
	struct arena_block *next;
	size_t size;
	alignas(max_align_t) char bytes[];
};

static void block_add(struct arena *arena, size_t need)
{
	size_t size = need > ARENA_BLOCK_BYTES ? need : ARENA_BLOCK_BYTES;
	struct arena_block *block = alloc_resize(NULL, 1, sizeof(*block) + size);

	block->next = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->used = 0;
}

void arena_finish(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = 0;
}

void arena_reset(struct arena *arena)
{
	while (arena->blocks && (arena->blocks->next || arena->blocks->size > ARENA_BLOCK_BYTES)) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = 0;
}

void *arena_zero(struct arena *arena, size_t count, size_t size)
{
	size_t align = alignof(max_align_t);
	size_t bytes;
	void *memory;

	ENSURE(!__builtin_mul_overflow(count, size, &bytes) && bytes < SIZE_MAX / 2);
	bytes = (bytes + align - 1) / align * align;
	if (!arena->blocks || arena->blocks->size - arena->used < bytes)
		block_add(arena, bytes);
	memory = arena->blocks->bytes + arena->used;
	arena->used += bytes;
	memset(memory, 0, bytes);
	return memory;
}

struct slice arena_copy(struct arena *arena, struct slice slice)
{
	char *copy = arena_zero(arena, slice.len + 1, 1);

	if (slice.len)
		memcpy(copy, slice.ptr, slice.len);
	return slice_of(copy, slice.len);
}
