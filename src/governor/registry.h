/*
 * registry - the capabilities that are known from the start.
 */
#ifndef GOVERNOR_REGISTRY_H
#define GOVERNOR_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
