/*
 * schema - structs that describe themselves.
 *
 * Commands and events are rows of a table (fabric/command.def, event.def).
 * From a row come the struct, its binary form, its JSON form, its checks,
 * its command-line flags and its documentation; none of them is written
 * twice.
 *
 * Binary form: fields in order, each a varint (LEB128; signed values
 * zig-zag) or a varint length and bytes. Fields may be added at the end
 * only; a field that is missing reads as zero.
 */
#ifndef BASE_SCHEMA_H
#define BASE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/slice.h"

enum field_kind {
	FIELD_ID,	/* struct slice: id_is_valid */
	FIELD_TEXT,	/* struct slice: UTF-8 of min..max bytes */
	FIELD_JSON,	/* struct slice: one JSON value of at most max bytes */
	FIELD_INT,	/* int64_t, min..max */
	FIELD_BOOL,	/* int64_t, 0 or 1 */
	FIELD_ENUM,	/* int64_t, index into names[0..max] */
	FIELD_TIME,	/* int64_t, microseconds since 1970, UTC; RFC 3339 in JSON */
	FIELD_MONEY,	/* int64_t, nano-dollars, negative when not known; dollars in JSON */
	FIELD_RATIO,	/* int64_t, parts per million; a number in JSON */
	FIELD_IDS,	/* struct slice_list of ids, at most max */
	FIELD_TEXTS,	/* struct slice_list of texts, at most max */
	FIELD_CAPS,	/* struct slice_list of capabilities `domain:skill`, at most max */
	FIELD_PATHS,	/* struct slice_list of relative paths, at most max */
};

#define TIME_US_MAX INT64_C(253402300799999999)	/* the end of the year 9999 */
#define DURATION_MS_MAX INT64_C(31622400000)	/* a leap year */
/* So that a time of an event and some durations make a time. */
#define NOW_US_MAX (TIME_US_MAX - 4 * DURATION_MS_MAX * 1000)

enum field_flag {
	FIELD_REQUIRED = 1,
	FIELD_IN_PATH = 2,	/* of the URL */
	FIELD_POSITIONAL = 4,	/* on the command line: without a flag name */
	FIELD_HIDDEN = 8,	/* not offered in help */
};

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;			/* of enum field_flag */
	size_t offset;
	int64_t min;
	int64_t max;
	int64_t initial;		/* of numbers that are not given */
	const char *const *names;	/* of an enum; of texts that are each one of them, up to NULL */
	const char *help;
};

#define SCHEMA_FIELDS_MAX 64		/* one bit each in `given` */

struct schema {
	const char *name;
	const struct field *fields;
	size_t count;
	size_t size;			/* of the struct */
};

/* The C type of each kind, for structs that are made from rows. */
#define FIELD_C_ID struct slice
#define FIELD_C_TEXT struct slice
#define FIELD_C_JSON struct slice
#define FIELD_C_INT int64_t
#define FIELD_C_BOOL int64_t
#define FIELD_C_ENUM int64_t
#define FIELD_C_TIME int64_t
#define FIELD_C_MONEY int64_t
#define FIELD_C_RATIO int64_t
#define FIELD_C_IDS struct slice_list
#define FIELD_C_TEXTS struct slice_list
#define FIELD_C_CAPS struct slice_list
#define FIELD_C_PATHS struct slice_list

bool field_is_number(enum field_kind kind);	/* an int64_t */
bool field_is_list(enum field_kind kind);	/* a struct slice_list */

static inline int64_t *field_number(const struct field *field, void *object)
{
	return (int64_t *)(void *)((char *)object + field->offset);
}
static inline struct slice *field_slice(const struct field *field, void *object)
{
	return (struct slice *)(void *)((char *)object + field->offset);
}
static inline struct slice_list *field_list(const struct field *field, void *object)
{
	return (struct slice_list *)(void *)((char *)object + field->offset);
}

/* NULL when there is none. */
const struct field *schema_find(const struct schema *schema, struct slice name);

/* Numbers from the field at place `first` on get their initial values. */
void schema_set_initial(const struct schema *schema, size_t first, void *object);

/*
 * Checks one value against its row: ids, UTF-8, sizes, ranges. On refusal
 * `ret_detail` says which argument, what is wrong, and the limit.
 */
MUST_USE enum err field_check(const struct field *field, const void *object,
			      struct buf *ret_detail);

/* `object` is the struct. Appends to `out`. */
void schema_encode(const struct schema *schema, const void *object, struct buf *out);
/*
 * Texts point into `bytes`; lists live in `arena`. False when the bytes are
 * not of this schema; bytes behind the last known field are ignored.
 */
MUST_USE bool schema_decode(const struct schema *schema, struct slice bytes, struct arena *arena,
			    void *ret_object);
/*
 * The same behind the number of fields and the length: bytes that know where
 * they end, and in which what a later program adds has its initial value, not
 * zero. Unpacking cuts them off the front.
 */
void schema_pack(const struct schema *schema, const void *object, struct buf *out);
MUST_USE bool schema_unpack(const struct schema *schema, struct slice *bytes, struct arena *arena,
			    void *ret_object);
/* Members of an object; texts, lists and raw JSON that are empty are left out. */
void schema_write_json(const struct schema *schema, const void *object, struct json_writer *json);
/* The same without numbers that have their initial value. */
void schema_write_json_set(const struct schema *schema, const void *object,
			   struct json_writer *json);

/* Varints, for those who build on the binary form. */
void varint_add(struct buf *out, uint64_t value);
/* As varint_cut, of any length. */
MUST_USE bool varint_cut_long(struct slice *bytes, uint64_t *ret_value);
/* Cuts a varint off the front. False when there is none. */
MUST_USE static inline bool varint_cut(struct slice *bytes, uint64_t *ret_value)
{
	/* Most are lengths and small numbers. */
	if (bytes->len == 0 || (unsigned char)bytes->ptr[0] >= 0x80)
		return varint_cut_long(bytes, ret_value);
	*ret_value = (unsigned char)bytes->ptr[0];
	bytes->ptr++;
	bytes->len--;
	return true;
}
static inline uint64_t zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}
static inline int64_t unzigzag(uint64_t value)
{
	return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

#endif
