/*
 * json_dump - a parsed value as text again.
 *
 * Apart from json.c because base/json.h and jansson give the same names to
 * different functions; the header of one hides from the other.
 */
#include "document/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/json.h"

/* An object or a list whose members are being written. */
struct level {
	const struct json_value *value;
	struct json_member member;
	size_t index;
	bool is_object;
};

/* The shortest of 15 to 17 digits that reads as the same number: 0.1, not 0.1000000000000001. */
static void dump_real(struct json_writer *writer, double real)
{
	char digits[40];
	char *comma;

	for (int precision = 15; precision <= 17; precision++) {
		double back;

		snprintf(digits, sizeof(digits) - 2, "%.*g", precision, real);
		back = strtod(digits, NULL);
		/* NOLINTNEXTLINE: bit for bit is what is meant, and NaN is not JSON */
		if (memcmp(&back, &real, sizeof(real)) == 0)
			break;
	}
	comma = strchr(digits, ',');	/* of a locale that writes 0,5 */
	if (comma)
		*comma = '.';
	if (!strpbrk(digits, ".e"))
		memcpy(digits + strlen(digits), ".0", sizeof(".0"));	/* what was no integer stays none */
	json_raw(writer, slice_of_str(digits));
}

/* Writes a scalar, or opens a container and describes it in `ret_level`: then true. */
static bool dump_value(struct json_writer *writer, const struct json_value *value,
		       struct level *ret_level)
{
	struct slice text = SLICE_EMPTY;
	int64_t integer = 0;
	double real = 0;
	bool truth = false;

	switch (json_kind(value)) {
	case JSON_KIND_OBJECT:
		json_object(writer);
		*ret_level = (struct level){ .value = value, .is_object = true };
		return true;
	case JSON_KIND_LIST:
		json_array(writer);
		*ret_level = (struct level){ .value = value };
		return true;
	case JSON_KIND_TEXT:
		json_get_text(value, &text);
		json_text(writer, text);
		return false;
	case JSON_KIND_INT:
		json_get_i64(value, &integer);
		json_i64(writer, integer);
		return false;
	case JSON_KIND_REAL:
		json_get_double(value, &real);
		dump_real(writer, real);
		return false;
	case JSON_KIND_BOOL:
		json_get_bool(value, &truth);
		json_bool(writer, truth);
		return false;
	case JSON_KIND_NULL:
		json_null(writer);
		return false;
	default:
		panic(__FILE__, __LINE__, "json kind");
	}
}

/* The next value of the level, its key written; NULL when there is none. */
static const struct json_value *level_next(struct json_writer *writer, struct level *level)
{
	if (!level->is_object)
		return json_at(level->value, level->index++);
	if (!json_next(level->value, &level->member))
		return NULL;
	json_key_slice(writer, level->member.key);
	return level->member.value;
}

void json_dump(const struct json_value *value, struct buf *out)
{
	struct json_writer writer = json_begin(out);
	struct level levels[JSON_READ_DEPTH_MAX + 1];
	size_t depth = dump_value(&writer, value, &levels[0]) ? 1 : 0;

	while (depth > 0) {
		struct level *level = &levels[depth - 1];
		const struct json_value *next = level_next(&writer, level);

		if (!next) {
			if (level->is_object)
				json_object_end(&writer);
			else
				json_array_end(&writer);
			depth--;
		} else if (dump_value(&writer, next, &levels[depth])) {
			depth++;
			ENSURE(depth <= JSON_READ_DEPTH_MAX);
		}
	}
}
