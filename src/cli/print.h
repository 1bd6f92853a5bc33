/*
 * print - answers as people read them.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "cli/cli.h"
#include "cli/columns.h"

/* 20:34:07, or 2026-11-22 20:34 when it is not today. */
void print_clock(struct buf *out, int64_t at_us, int64_t now_us);
/* 20:34:07 (in 1 min 40 s), 20:34:07 (2 s ago). */
void print_clock_and_distance(struct buf *out, int64_t at_us, int64_t now_us);

/* $12.50; below a dollar $0.1234. Rounded: JSON has the exact amount. */
void print_money(struct buf *out, int64_t nanousd);

/* One scalar or list of scalars on one line; times, durations and money are told by `key` and form. */
void print_value(struct buf *out, const char *key, const struct json_value *value, int64_t now_us);

/* `key: value` for each member; objects and lists below are indented. */
void print_object(struct buf *out, const struct json_value *object, int64_t now_us);

/* The answer of a command as a table, a sentence or an object, by what it is. */
void print_answer(struct cli *cli, const struct args *args, const struct json_value *answer);

/* A ratio as "83 %"; nothing when there is none. */
void print_percent(struct buf *out, const struct json_value *ratio);

/*
 * `member` may be counts.ready, a member of a member; %overlap, a ratio shown
 * in percent; or a sentence with members in braces, as print_sentence takes it.
 */
struct list_column {
	const char *member;
	struct column column;
};

struct list {
	const char *member;		/* of the answer */
	const char *none;		/* said when it is empty, to stderr */
	struct list_column columns[TABLE_COLUMNS_MAX];
};

/*
 * A table with a line for each row, or of those alone whose member `only` (if
 * it is not NULL) is `truth`. Returns how many there were.
 */
size_t print_list(struct cli *cli, const struct list *list, const struct json_value *rows,
		  const char *only, bool truth);

/* The rows of a list that has a table of its own: boards, tasks, swarms, blockers, notes. */
bool print_rows(struct cli *cli, const char *member, const struct json_value *answer);

/* The member `why` that --why brings, of an answer or of a refusal. */
void print_explanation(struct cli *cli, const struct json_value *why, bool was_refused);

/*
 * One line from an object: {member} is replaced; what stands in [] is left
 * out when a member in it is missing or empty.
 */
void print_sentence(struct buf *out, const char *sentence, const struct json_value *object);

/* Also when there is no value. */
bool value_is(const struct json_value *value, enum json_kind kind);
/* A member that is a text, else empty; a number, else 0. */
struct slice member_text(const struct json_value *object, const char *name);
int64_t member_i64(const struct json_value *object, const char *name);
/* A time, from its text; 0 when there is none. */
int64_t member_time(const struct json_value *object, const char *name);

#endif
