/*
 * json - reads JSON; the only door to jansson.
 *
 * A parsed document is one tree that belongs to its root: every text and
 * value handed out lives until json_free(root). Nothing is copied on the
 * way out. Refused: a second member of the same name, U+0000, integers past
 * int64, and whatever passes the limits given. Writing is base/json.h's.
 */
#ifndef DOCUMENT_JSON_H
#define DOCUMENT_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

struct json_value;

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOL,
	JSON_KIND_INT,		/* written without fraction and exponent */
	JSON_KIND_REAL,
	JSON_KIND_TEXT,
	JSON_KIND_LIST,
	JSON_KIND_OBJECT,
};

/* Deeper than any payload has reason to be; what base/json.h can write in one value. */
#define JSON_READ_DEPTH_MAX 63

struct json_limits {
	size_t bytes_max;
	int depth_max;		/* 1 to JSON_READ_DEPTH_MAX; a scalar alone has depth 0 */
	size_t values_max;	/* each costs about 50 bytes of memory */
};

struct json_fault {
	int line;		/* from 1; 0 when it is about the whole text */
	int column;		/* where reading stopped, from 1 */
	char text[192];		/* UTF-8 without control characters */
};

/*
 * Parses exactly one value. `text` may go away afterwards.
 * ERR_JSON_SYNTAX and ERR_LIMIT_EXCEEDED fill `ret_fault` (which may be NULL).
 */
MUST_USE enum err json_parse(struct slice text, const struct json_limits *limits,
			     struct json_value **ret_root, struct json_fault *ret_fault);
/* Takes NULL. */
void json_free(struct json_value *root);

enum json_kind json_kind(const struct json_value *value);
/* "an integer", "a list": for messages. */
const char *json_kind_name(enum json_kind kind);

/* The member of this name, or NULL: also when `value` is no object. */
const struct json_value *json_get(const struct json_value *value, struct slice key);
/* Members of an object, items of a list, 0 for anything else. */
size_t json_count(const struct json_value *value);
/* Item of a list; NULL past its end or when `value` is no list. */
const struct json_value *json_at(const struct json_value *value, size_t index);

/* False, and nothing written, when `value` is NULL or of another kind. */
bool json_get_text(const struct json_value *value, struct slice *ret_text);
bool json_get_i64(const struct json_value *value, int64_t *ret_value);
bool json_get_bool(const struct json_value *value, bool *ret_value);
/* Integers too. For ratios; never for money. */
bool json_get_double(const struct json_value *value, double *ret_value);

/*
 * Dollars as a number, or as a text like "10.25", in nano-dollars. Exact for
 * whole numbers and texts over all of int64, and for numbers with a fraction
 * below JSON_MONEY_REAL_MAX dollars; a larger one with a fraction is refused
 * rather than rounded. False for anything else.
 */
#define JSON_MONEY_REAL_MAX (1 << 23)
bool json_get_money(const struct json_value *value, int64_t *ret_nanousd);

/*
 * Members in the order of the text:
 *	struct json_member member = { 0 };
 *	while (json_next(object, &member))
 * Ends at once when `object` is none.
 */
struct json_member {
	struct slice key;
	const struct json_value *value;
	void *position;		/* private */
};
bool json_next(const struct json_value *object, struct json_member *member);

/* Appends the value as compact JSON, members in their order. */
void json_dump(const struct json_value *value, struct buf *out);

#endif
