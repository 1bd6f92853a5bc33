/*
 * board_kit - what tests of boards share: reading, looking up, comparing.
 */
#ifndef TESTS_BOARD_KIT_H
#define TESTS_BOARD_KIT_H

#include <check.h>

#include "document/board_doc.h"

/* Reads a document that must be right. It lives until board_kit_clear. */
struct board_doc board_of(enum board_format format, const char *text);
struct board_doc board_of_slice(enum board_format format, struct slice text);
/* JSON that is easier on the eye: every ' stands for a ". */
struct board_doc json_board(const char *text);
/* The same replacement, for comparing. It lives until board_kit_clear. */
const char *quoted(const char *text);
/* Reads one that must be refused. */
struct board_doc wrong_board(enum board_format format, const char *text);
void board_kit_clear(void);

/* The task of this id, which must be there. */
const struct doc_task *task_of(const struct board_doc *doc, const char *id);
/* "a, b": the dependencies of a task. */
const char *deps_of(const struct board_doc *doc, const char *id);
const char *list_text(struct slice_list list);

/* "12: text" of each message, on lines of their own. */
const char *errors_of(const struct board_doc *doc);
const char *remarks_of(const struct board_doc *doc);

/* Fails unless both say the same. */
void is_same_board(const struct board_doc *a, const struct board_doc *b);
/* Fails unless the board is the same after it was written and read again, in every format. */
void comes_back(const struct board_doc *doc);

#define ck_slice_eq(slice, str)                                                                \
	ck_assert_msg(slice_is_str((slice), (str)), "%s is \"%.*s\", not \"%s\"", #slice,     \
		      (int)(slice).len, (slice).ptr ? (slice).ptr : "", (str))
#define ck_has(text, part) \
	ck_assert_msg(strstr((text), (part)) != NULL, "\"%s\" is not in:\n%s", (part), (text))
#define ck_has_not(text, part) \
	ck_assert_msg(strstr((text), (part)) == NULL, "\"%s\" is in:\n%s", (part), (text))

#endif
