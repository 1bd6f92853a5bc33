/*
 * executor - which commands may be run for somebody else: rules, as data.
 *
 * A rule names one program by its whole path, and a pattern for each
 * argument that has to match all of it. There is no shell and no string
 * that is cut into words, so an argument stays what it is.
 */
#ifndef CHASSIS_EXECUTOR_H
#define CHASSIS_EXECUTOR_H

#include <stddef.h>

#include "base/schema.h"

#define EXECUTOR_RULES_MAX 256		/* more than a person can keep apart */
#define EXECUTOR_ARGUMENTS_MAX 256	/* of one command */
#define EXECUTOR_ARGUMENT_BYTES_MAX 65536

/* The list of arguments is read by hand: two of them may be the same. */
#define EXECUTOR_RULE(F, T)                                                                      \
	F(T, ID, name, FIELD_REQUIRED, 1, 128, 0, NULL, "What people and records call it")       \
	F(T, TEXT, program, FIELD_REQUIRED, 2, 4096, 0, NULL, "The program, by its whole path")  \
	F(T, TEXT, rest, 0, 1, 4096, 0, NULL,                                                    \
	  "Pattern for every further argument; left out: there are none")                        \
	F(T, INT, rest_most, 0, 1, EXECUTOR_ARGUMENTS_MAX, 16, NULL, "Most further arguments")   \
	F(T, TEXTS, environment, 0, 0, 64, 0, NULL,                                              \
	  "Variables that it gets as they are; it has PATH and nothing else otherwise")          \
	F(T, TEXT, folder, 0, 1, 4096, 0, NULL, "Where it runs, by the whole path; left out: /") \
	F(T, INT, timeout_ms, 0, 1, 3600000, 60000, NULL, "Longest time; then all it started ends") \
	F(T, INT, output_bytes, 0, 0, 16777216, 262144, NULL,                                    \
	  "Most that it may print; more ends it")

#define EXECUTOR_MEMBER(T, kind, name, ...) FIELD_C_##kind name;

struct executor_rule {
	EXECUTOR_RULE(EXECUTOR_MEMBER, )
	struct slice_list args;		/* a pattern for each */
	int line;			/* of the document */
};

extern const struct schema executor_rule_schema;

struct executor_rules {
	struct executor_rule *items;	/* in the order in which they are tried */
	size_t count;
};

#endif
