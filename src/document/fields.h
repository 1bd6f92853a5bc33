/*
 * fields - maps of a document, read into structs by the rows of a schema.
 *
 * Everything that is wrong is gathered, each with its line and its path from
 * the root: rules[2].min_match. Nothing is read twice and nothing half.
 *
 *	INT	an integer; with a name in _ms also, under the name without it, a time: 10m;
 *		with a name in _bytes in the same way a size: 64KiB
 *	MONEY	a number of dollars, read digit by digit, or a text: $1.50
 *	RATIO	a number, or a text in percent: 70%
 *	BOOL	true or false
 *	ENUM	one of its names
 *	lists	of texts, each once; one text stands for a list of one
 *
 * A key without a value is an error: somebody meant to write one.
 */
#ifndef DOCUMENT_FIELDS_H
#define DOCUMENT_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/schema.h"
#include "document/message.h"
#include "document/tree.h"

#define FIELDS_PLACE_BYTES 192

/* Of what people write by hand. */
#define HAND_BYTES_MAX (8 * 1024 * 1024)
#define HAND_VALUES_MAX 1000000

enum hand_format { HAND_YAML, HAND_JSON };
/* By the ending of a file name: .json is JSON, all else YAML. */
enum hand_format hand_format_of(struct slice file_name);

struct field_reader {
	struct arena *arena;		/* of what is made */
	struct message_list errors;
	struct message_list remarks;	/* read, but worth saying */
	char place[FIELDS_PLACE_BYTES];	/* path of the map that is read; empty: the root */
};

void fields_init(struct field_reader *reader, struct arena *arena);
void fields_finish(struct field_reader *reader);

/* The root of a document, a map or a list; NULL, and the error told, when it is none. */
const struct tree *fields_root(struct field_reader *reader, struct slice text,
			       enum hand_format format);

/* Names the map that is read next, by its path from the root: rules[2]. */
void fields_enter(struct field_reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);
/* The root again. */
void fields_leave(struct field_reader *reader);

/* About `key` of the map that is read, or about the map when it is empty. */
void fields_error(struct field_reader *reader, int line, struct slice key, const char *format, ...)
	PRINTF_LIKE(4, 5);
void fields_remark(struct field_reader *reader, int line, struct slice key, const char *format,
		   ...) PRINTF_LIKE(4, 5);

/* About one item of a list that is a member of the map, or the text that stands for it. */
void fields_item_error(struct field_reader *reader, const struct tree *list, size_t index, int line,
		       const char *format, ...) PRINTF_LIKE(5, 6);

/*
 * Reads the members of `map` that are fields of the schema; numbers that it
 * does not have get their initial values, the rest is zeroed. `others` are
 * keys that the caller reads (NULL ends them, NULL: none). `what` is what the
 * map is called: "a rule". A schema without fields only looks for keys that
 * are not among the others; then there is no object. Returns a bit for each field that was there and
 * right, by its place in the schema.
 */
uint64_t fields_read(struct field_reader *reader, const struct tree *map,
		     const struct schema *schema, const char *const *others, const char *what,
		     void *ret_object);

/* The member, when it is of the kind; NULL, and the error told, when it is of another. */
const struct tree *fields_member(struct field_reader *reader, const struct tree *map,
				 const char *key, enum tree_kind kind);

/* The name that was likely meant, or NULL. */
const char *fields_nearest(struct slice name, const char *const *names, size_t count);

/* Milliseconds as people write them, exactly: 10m, 7d, 1500ms. */
void fields_add_duration(struct buf *out, int64_t ms);

/* A number of the field as people write it, with its unit. */
void fields_add_number(struct buf *out, const struct field *field, int64_t value);

/* Bytes in the largest unit that divides them: 64KiB, 1000B. */
void fields_add_size(struct buf *out, int64_t bytes);

/* A key as it may also be written: patience for patience_ms. True when it has such a form. */
bool fields_is_duration(const struct field *field, struct slice *ret_short);
/* The same for sizes: memory for memory_bytes. */
bool fields_is_size(const struct field *field, struct slice *ret_short);

#endif
