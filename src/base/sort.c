#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Two runs that stand one behind the other become one. */
static void merge(char *to, const char *from, size_t low, size_t middle, size_t high, size_t size,
		  sort_compare_fn *compare)
{
	size_t left = low, right = middle;

	for (size_t at = low; at < high; at++) {
		bool takes_left = left < middle &&
				  (right == high ||
				   compare(from + left * size, from + right * size) <= 0);

		memcpy(to + at * size, from + (takes_left ? left++ : right++) * size, size);
	}
}

void sort_items(void *items, size_t count, size_t size, sort_compare_fn *compare)
{
	char *spare, *from = items, *to;

	if (count < 2)
		return;
	spare = alloc_resize(NULL, count, size);
	to = spare;
	for (size_t width = 1; width < count; width *= 2) {
		char *merged = to;

		for (size_t low = 0; low < count; low += 2 * width)
			merge(to, from, low, least(low + width, count),
			      least(low + 2 * width, count), size, compare);
		to = from;
		from = merged;
	}
	if (from != items)
		memcpy(items, from, count * size);
	free(spare);
}
