/*
 * value - one argument as people type it.
 *
 * 50s, $1.50, +2h and @file become what the daemon takes. Whoever reads a
 * value gets a number, a text or a list, by the kind of its field.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/schema.h"

struct value {
	bool is_given;
	int64_t number;		/* of kinds that are numbers; microseconds, nano-dollars */
	struct slice text;
	struct slice_list list;
};

/*
 * 250ms, 50s, 1m30s, 2h, 1d, 1w: of the clock, so that a day has 24 hours
 * and a week seven days. A bare number has no unit and is refused, but for 0.
 */
MUST_USE bool duration_read(struct slice text, int64_t *ret_ms);
/* 50s, 1 min 40 s, 2 h 5 min, 3 d 2 h: two units at most. */
void duration_write(struct buf *out, int64_t ms);
/* The same for microseconds; below 10 ms with tenths: "0.4 ms". */
void duration_write_us(struct buf *out, int64_t us);

/* RFC 3339, microseconds since 1970, now, +2h (from now) or -2h (ago). */
MUST_USE bool moment_read(struct slice text, int64_t now_us, int64_t *ret_us);

/*
 * Takes one more text for the argument: the value, or one more item of a
 * list. Texts live in `arena`. `takes_unit`: a number of milliseconds that is
 * given as a duration. On refusal `detail` says what is wrong.
 */
MUST_USE enum err value_add(struct value *value, const struct field *field, bool takes_unit,
			    struct slice text, struct arena *arena, struct buf *detail);
/* What can be said only when all of it is there: sizes and ranges. */
MUST_USE enum err value_check(const struct value *value, const struct field *field,
			      struct buf *detail);

/* Writes the member, as the daemon takes it. */
void value_write(const struct value *value, const struct field *field, struct json_writer *json);

#endif
