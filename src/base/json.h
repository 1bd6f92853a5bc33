/*
 * json - writes JSON into a buffer, commas and escapes included.
 *
 * Writing only: JSON is read in document/. Nesting is checked, so a
 * finished writer always holds one whole value.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct json_writer {
	struct buf *out;	/* not owned */
	int depth;
	bool comma;		/* the next value follows another */
};

static inline struct json_writer json_begin(struct buf *out)
{
	return (struct json_writer){ .out = out };
}

void json_object(struct json_writer *json);
void json_object_end(struct json_writer *json);
void json_array(struct json_writer *json);
void json_array_end(struct json_writer *json);
/* `key` is plain ASCII without quotes or backslashes. */
void json_key(struct json_writer *json, const char *key);
/* A key that came from outside. */
void json_key_slice(struct json_writer *json, struct slice key);

void json_text(struct json_writer *json, struct slice text);
void json_str(struct json_writer *json, const char *str);
void json_i64(struct json_writer *json, int64_t value);
void json_bool(struct json_writer *json, bool value);
void json_null(struct json_writer *json);
/* One JSON value that is known to be valid; an empty slice writes null. */
void json_raw(struct json_writer *json, struct slice value);
/* Ready-made members of the open object, as another writer left them without an object. */
void json_members(struct json_writer *json, struct slice members);
void json_time(struct json_writer *json, int64_t at_us);	/* RFC 3339; 0 writes null */
void json_money(struct json_writer *json, int64_t nanousd);	/* a number of dollars */
void json_ratio(struct json_writer *json, int64_t ppm);		/* a number */
void json_texts(struct json_writer *json, struct slice_list list);

/* Key and value in one call. */
void json_put_text(struct json_writer *json, const char *key, struct slice text);
void json_put_str(struct json_writer *json, const char *key, const char *str);
void json_put_i64(struct json_writer *json, const char *key, int64_t value);
void json_put_bool(struct json_writer *json, const char *key, bool value);
void json_put_time(struct json_writer *json, const char *key, int64_t at_us);
void json_put_raw(struct json_writer *json, const char *key, struct slice value);
void json_put_texts(struct json_writer *json, const char *key, struct slice_list list);

#endif
