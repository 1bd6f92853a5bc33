/*
 * command_text - commands as one line of text, for tests that read like a
 * transcript.
 *
 *	task.claim board=demo task=T1 swarm=alice paths=src/a,src/b #key @caller
 *
 * Verbs of two words are written with a - between them: governor.policy-apply.
 * Argument names and kinds are those of command.def. Values: a word, "words
 * in quotes", a JSON value, lists with commas; numbers may end in s, m, h or
 * d and are then milliseconds; times are written +5s, since CLOCK_ZERO_US.
 * `name` alone means name=1. $name is what an earlier answer held.
 */
#ifndef TESTS_CORE_COMMAND_TEXT_H
#define TESTS_CORE_COMMAND_TEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "fabric/command.h"

#define CLOCK_ZERO_US INT64_C(1800000000000000)	/* 2027-01-15T08:00:00Z */

#define VARIABLES_MAX 64

struct variable {
	char name[32];
	char value[160];
};

struct variables {
	struct variable items[VARIABLES_MAX];
	size_t count;
};

/* Empty when there is none of that name. */
struct slice variable_get(const struct variables *variables, struct slice name);
void variable_set(struct variables *variables, struct slice name, struct slice value);

/* Cuts the next word off: brackets and quotes hold it together. False at the end. */
bool word_cut(struct slice *text, struct slice *ret_word);
/* Without quotes around it. */
struct slice word_bare(struct slice word);
/* "2m" is 120000. False when it is no number. */
bool duration_of_word(struct slice word, int64_t *ret_ms);

/* A command without arguments given: numbers have their initial values. */
struct command command_blank(enum command_type type);

/*
 * Lists and copies live in `arena`, other texts point into `text`. False:
 * `ret_why` says what is wrong.
 */
bool command_of_text(struct slice text, const struct variables *variables, struct arena *arena,
		     struct command *ret_command, struct buf *ret_why);

/* "T1 deps=T0 state=done prefers=alice": one row of a document. */
bool import_task_of_text(struct slice text, struct arena *arena, struct import_task *ret_task,
			 struct buf *ret_why);

#endif
