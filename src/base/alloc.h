/*
 * alloc - memory that is there or the process ends.
 *
 * Sizes are bounded by the named limits of whoever calls, so running out
 * of memory is a fault of the machine, not an answer to a request.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* Zeroed. Free with free(). */
void *alloc_zero(size_t count, size_t size);
/* Like realloc; a NULL pointer allocates. New bytes are not set. */
void *alloc_resize(void *old, size_t count, size_t size);
/* A copy of `len` bytes with a zero byte behind them. */
char *alloc_copy(const void *bytes, size_t len);

/*
 * Makes room for `need` items in a growing array: doubles `*capacity`
 * from 16. Returns the array, which may have moved.
 */
void *alloc_grow(void *array, size_t *capacity, size_t need, size_t size);

#endif
