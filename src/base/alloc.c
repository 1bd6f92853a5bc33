#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"

void *alloc_zero(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	ENSURE(memory != NULL);
	return memory;
}

void *alloc_resize(void *old, size_t count, size_t size)
{
	size_t bytes;
	void *memory;

	ENSURE(!__builtin_mul_overflow(count, size, &bytes));
	memory = realloc(old, bytes ? bytes : 1);
	ENSURE(memory != NULL);
	return memory;
}

char *alloc_copy(const void *bytes, size_t len)
{
	char *copy = alloc_resize(NULL, len + 1, 1);

	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

void *alloc_grow(void *array, size_t *capacity, size_t need, size_t size)
{
	size_t room = *capacity ? *capacity : 16;

	if (need <= *capacity)
		return array;
	while (room < need)
		room *= 2;
	*capacity = room;
	return alloc_resize(array, room, size);
}
