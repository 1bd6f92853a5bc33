/*
 * heap - the smallest first.
 *
 * Entries are never removed from the middle: who takes one looks whether
 * it still holds, and drops it otherwise. Entries with equal keys come out
 * in the order of `tie`, so that two daemons agree.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_entry {
	int64_t key;
	uint64_t tie;
	uint32_t value;
	uint32_t what;		/* the owner's: kind of timer, generation, ... */
};

/* Zeroed memory is a valid empty heap. */
struct heap {
	struct heap_entry *entries;
	size_t capacity;
	size_t count;
};

void heap_finish(struct heap *heap);
void heap_push(struct heap *heap, struct heap_entry entry);
/* The smallest, or NULL; valid until the next push or pop. */
static inline const struct heap_entry *heap_first(const struct heap *heap)
{
	return heap->count ? &heap->entries[0] : NULL;
}
void heap_pop(struct heap *heap);	/* must not be empty */

#endif
