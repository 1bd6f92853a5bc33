/*
 * bind_value - one argument, as JSON or as text, becomes a member of a struct.
 */
#ifndef API_BIND_VALUE_H
#define API_BIND_VALUE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/schema.h"
#include "document/json.h"

/*
 * Sets the member of `object` and checks it. Texts are copied into `arena`.
 * ERR_ARGUMENT_TYPE says in `ret_detail` what the argument takes; also what
 * field_check answers.
 */
MUST_USE enum err bind_json_value(const struct field *field, const struct json_value *value,
				  struct arena *arena, void *object, struct buf *ret_detail);

/*
 * The same from a query string. Lists grow by what is given, at commas too where
 * items cannot hold one. `text` must live as long as `object`.
 */
MUST_USE enum err bind_text_value(const struct field *field, struct slice text,
				  struct arena *arena, void *object, struct buf *ret_detail);

/* field_check, where a parameter of a path may be "-" and an id that may be empty is. */
MUST_USE enum err bind_check(const struct field *field, const void *object,
			     struct buf *ret_detail);

/* What an argument of this row takes: "an integer", "one of critical, filler". */
void bind_write_kind(const struct field *field, struct buf *out);

/* "argument NAME: WHAT" */
void bind_write_refusal(const struct field *field, const char *what, struct buf *out);

/* What came from outside, for a message: not more of it than a line can bear. */
void bind_write_quote(struct slice text, struct buf *out);

#endif
