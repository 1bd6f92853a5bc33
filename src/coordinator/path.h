/*
 * path - files and folders of a board that live claims have reserved.
 *
 * Two reservations conflict when one is the other or a folder above it:
 * `src` conflicts with `src/a.c`, and neither with `src2`. A slash at the
 * end says nothing.
 */
#ifndef COORDINATOR_PATH_H
#define COORDINATOR_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct path_entry {
	struct slice path;	/* without a slash at the end; belongs to the claim */
	uint32_t claim;
};

/* Sorted by path. Zeroed memory is a valid empty table. */
struct path_table {
	struct path_entry *entries;	/* owned */
	size_t capacity;
	size_t count;
};

void path_table_finish(struct path_table *table);
/* An entry that conflicts with `path`, or NULL. */
const struct path_entry *path_table_conflict(const struct path_table *table, struct slice path);
/* The path must not conflict with another claim's; one claim may hold a folder and a file in it. */
void path_table_add(struct path_table *table, struct slice path, uint32_t claim);
/* Removes everything that `claim` has reserved of `paths`. */
void path_table_remove(struct path_table *table, struct slice_list paths, uint32_t claim);

#endif
