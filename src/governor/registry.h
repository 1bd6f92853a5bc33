/*
 * registry - the capabilities that are known from the start.
 */
#ifndef GOVERNOR_REGISTRY_H
#define GOVERNOR_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct registered {
	const char *name;		/* domain:skill */
	const char *description;
};

/* In the order of capability.def, domains together. */
extern const struct registered registry_builtin[];
extern const size_t registry_builtin_count;

/* NULL when there is none; `domain:*` is never one. */
const struct registered *registry_find(struct slice name);
/* Whether it is one, or `domain:*` of a domain that has one. */
bool registry_knows(struct slice name);

/* What stands before the colon; empty when there is none. */
struct slice capability_domain(struct slice name);
/* Whether it is `domain:*`. */
bool capability_is_any(struct slice name);

/*
 * |have and needs| / |needs| in parts per million, of names as they were
 * written, each once; 0 of 0 is all of it. For a few: the machine has a table.
 */
int64_t capability_names_overlap_ppm(struct slice_list have, struct slice_list needs);

#endif
