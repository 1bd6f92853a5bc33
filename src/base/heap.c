#include "base/heap.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"

static bool before(const struct heap_entry *a, const struct heap_entry *b)
{
	return a->key != b->key ? a->key < b->key : a->tie < b->tie;
}

void heap_finish(struct heap *heap)
{
	free(heap->entries);
	*heap = (struct heap){ 0 };
}

void heap_push(struct heap *heap, struct heap_entry entry)
{
	size_t at = heap->count++;

	heap->entries = alloc_grow(heap->entries, &heap->capacity, heap->count, sizeof(entry));
	while (at > 0) {
		size_t parent = (at - 1) / 2;

		if (!before(&entry, &heap->entries[parent]))
			break;
		heap->entries[at] = heap->entries[parent];
		at = parent;
	}
	heap->entries[at] = entry;
}

void heap_pop(struct heap *heap)
{
	struct heap_entry last;
	size_t at = 0;

	ENSURE(heap->count > 0);
	last = heap->entries[--heap->count];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count &&
		    before(&heap->entries[child + 1], &heap->entries[child]))
			child++;
		if (!before(&heap->entries[child], &last))
			break;
		heap->entries[at] = heap->entries[child];
		at = child;
	}
	if (heap->count)
		heap->entries[at] = last;
}
