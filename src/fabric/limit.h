/*
 * limit - the limits of limit.def as constants: LIMIT_TASKS and so on.
 */
#ifndef FABRIC_LIMIT_H
#define FABRIC_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#define LIMIT(name, value, reason) static const int64_t __attribute__((unused)) LIMIT_##name = value;
#include "fabric/limit.def"
#undef LIMIT

struct limit_info {
	const char *name;
	int64_t value;
	const char *reason;
};

extern const struct limit_info limit_table[];
extern const size_t limit_count;

#endif
