/*
 * sort - puts items in order; equal ones stay as they were.
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stdbool.h>
#include <stddef.h>

/* Negative: a goes first; 0: equal. */
typedef int sort_compare_fn(const void *a, const void *b);

/* Merges runs of rising width; needs as much memory again. */
void sort_items(void *items, size_t count, size_t size, sort_compare_fn *compare);

#endif
