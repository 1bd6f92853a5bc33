#include "base/schema.h"

#include <string.h>

#include "base/ensure.h"
#include "base/text.h"

#define VARINT_BYTES_MAX 10	/* 64 bits, 7 a byte */
#define CAPABILITY_BYTES_MAX 128
#define PATH_BYTES_MAX 1024
#define LIST_TEXT_BYTES_MAX 65536	/* one argument of an argv */

bool field_is_list(enum field_kind kind)
{
	return kind >= FIELD_IDS;
}

bool field_is_number(enum field_kind kind)
{
	return kind >= FIELD_INT && kind <= FIELD_RATIO;
}

const struct field *schema_find(const struct schema *schema, struct slice name)
{
	for (size_t i = 0; i < schema->count; i++)
		if (slice_is_str(name, schema->fields[i].name))
			return &schema->fields[i];
	return NULL;
}

void schema_set_initial(const struct schema *schema, size_t first, void *object)
{
	for (size_t i = first; i < schema->count; i++)
		if (field_is_number(schema->fields[i].kind))
			*field_number(&schema->fields[i], object) = schema->fields[i].initial;
}

void varint_add(struct buf *out, uint64_t value)
{
	char *at = buf_reserve(out, VARINT_BYTES_MAX);
	size_t len = 0;

	while (value >= 0x80) {
		at[len++] = (char)(value | 0x80);
		value >>= 7;
	}
	at[len++] = (char)value;
	out->len += len;
}

bool varint_cut_long(struct slice *bytes, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes->len && i < VARINT_BYTES_MAX; i++) {
		uint64_t byte = (unsigned char)bytes->ptr[i];

		if (i == VARINT_BYTES_MAX - 1 && byte > 1)
			return false;
		value |= (byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*bytes = slice_from(*bytes, i + 1);
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static void add_bytes(struct buf *out, struct slice bytes)
{
	varint_add(out, bytes.len);
	buf_add_slice(out, bytes);
}

static bool cut_bytes(struct slice *bytes, struct slice *ret_part)
{
	uint64_t len;

	if (!varint_cut(bytes, &len) || len > bytes->len)
		return false;
	*ret_part = slice_head(*bytes, len);
	*bytes = slice_from(*bytes, len);
	return true;
}

void schema_encode(const struct schema *schema, const void *object, struct buf *out)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];
		const char *at = (const char *)object + field->offset;

		if (field_is_number(field->kind)) {
			varint_add(out, zigzag(*(const int64_t *)(const void *)at));
		} else if (field_is_list(field->kind)) {
			const struct slice_list *list = (const void *)at;

			varint_add(out, list->count);
			for (size_t item = 0; item < list->count; item++)
				add_bytes(out, list->items[item]);
		} else {
			add_bytes(out, *(const struct slice *)(const void *)at);
		}
	}
}

static bool cut_list(struct slice *bytes, struct arena *arena, struct slice_list *ret_list)
{
	struct slice *items;
	uint64_t count;

	/* Every item takes a byte at least: more than that is no list. */
	if (!varint_cut(bytes, &count) || count > bytes->len)
		return false;
	items = count ? arena_zero(arena, count, sizeof(*items)) : NULL;
	for (size_t i = 0; i < count; i++)
		if (!cut_bytes(bytes, &items[i]))
			return false;
	*ret_list = (struct slice_list){ items, count };
	return true;
}

bool schema_decode(const struct schema *schema, struct slice bytes, struct arena *arena,
		   void *ret_object)
{
	memset(ret_object, 0, schema->size);
	for (size_t i = 0; i < schema->count && bytes.len; i++) {
		const struct field *field = &schema->fields[i];
		uint64_t number;

		if (field_is_number(field->kind)) {
			if (!varint_cut(&bytes, &number))
				return false;
			*field_number(field, ret_object) = unzigzag(number);
		} else if (field_is_list(field->kind)) {
			if (!cut_list(&bytes, arena, field_list(field, ret_object)))
				return false;
		} else if (!cut_bytes(&bytes, field_slice(field, ret_object))) {
			return false;
		}
	}
	return true;
}

void schema_pack(const struct schema *schema, const void *object, struct buf *out)
{
	struct buf bytes = { 0 };

	schema_encode(schema, object, &bytes);
	varint_add(out, schema->count);
	varint_add(out, bytes.len);
	buf_add_slice(out, buf_slice(&bytes));
	buf_finish(&bytes);
}

bool schema_unpack(const struct schema *schema, struct slice *bytes, struct arena *arena,
		   void *ret_object)
{
	uint64_t fields, len;

	if (!varint_cut(bytes, &fields) || !varint_cut(bytes, &len) || len > bytes->len ||
	    !schema_decode(schema, slice_head(*bytes, len), arena, ret_object))
		return false;
	*bytes = slice_from(*bytes, len);
	schema_set_initial(schema, fields, ret_object);
	return true;
}

static void write_number(const struct field *field, int64_t value, struct json_writer *json)
{
	json_key(json, field->name);
	switch (field->kind) {
	case FIELD_BOOL:
		json_bool(json, value != 0);
		break;
	case FIELD_ENUM:
		json_str(json, value >= 0 && value <= field->max ? field->names[value] : "?");
		break;
	case FIELD_TIME:
		json_time(json, value);
		break;
	case FIELD_MONEY:
		json_money(json, value);
		break;
	case FIELD_RATIO:
		json_ratio(json, value);
		break;
	case FIELD_INT:
		json_i64(json, value);
		break;
	case FIELD_ID:
	case FIELD_TEXT:
	case FIELD_JSON:
	case FIELD_IDS:
	case FIELD_TEXTS:
	case FIELD_CAPS:
	case FIELD_PATHS:
	default:
		BUG("a number");
	}
}

static void write_field(const struct field *field, const void *object, bool only_set,
			struct json_writer *json)
{
	const char *at = (const char *)object + field->offset;

	if (field_is_number(field->kind)) {
		int64_t value = *(const int64_t *)(const void *)at;

		/* A time that never was, money or a ratio that was not named, is absent. */
		if ((field->kind == FIELD_TIME && value == 0) ||
		    ((field->kind == FIELD_MONEY || field->kind == FIELD_RATIO) && value < 0) ||
		    (only_set && value == field->initial))
			return;
		write_number(field, value, json);
	} else if (field_is_list(field->kind)) {
		const struct slice_list *list = (const void *)at;

		if (list->count)
			json_put_texts(json, field->name, *list);
	} else {
		struct slice text = *(const struct slice *)(const void *)at;

		if (text.len && field->kind == FIELD_JSON)
			json_put_raw(json, field->name, text);
		else if (text.len)
			json_put_text(json, field->name, text);
	}
}

void schema_write_json(const struct schema *schema, const void *object, struct json_writer *json)
{
	for (size_t i = 0; i < schema->count; i++)
		write_field(&schema->fields[i], object, false, json);
}

void schema_write_json_set(const struct schema *schema, const void *object,
			   struct json_writer *json)
{
	for (size_t i = 0; i < schema->count; i++)
		write_field(&schema->fields[i], object, true, json);
}

static enum err refuse(const struct field *field, enum err err, struct buf *ret_detail,
		       const char *what)
{
	buf_add_lit(ret_detail, "argument ");
	buf_add_str(ret_detail, field->name);
	buf_add_lit(ret_detail, ": ");
	buf_add_str(ret_detail, what);
	return err;
}

static enum err check_number(const struct field *field, int64_t value, struct buf *ret_detail)
{
	if (value >= field->min && value <= field->max)
		return OK;
	if (field->kind == FIELD_ENUM || field->kind == FIELD_BOOL)
		return refuse(field, ERR_ARGUMENT_RANGE, ret_detail, "is none of its values");
	refuse(field, ERR_ARGUMENT_RANGE, ret_detail, "is not between ");
	if (field->kind == FIELD_MONEY) {
		buf_add_money(ret_detail, field->min);
		buf_add_lit(ret_detail, " and ");
		buf_add_money(ret_detail, field->max);
		buf_add_lit(ret_detail, " dollars");
	} else if (field->kind == FIELD_RATIO) {
		buf_add_ratio(ret_detail, field->min);
		buf_add_lit(ret_detail, " and ");
		buf_add_ratio(ret_detail, field->max);
	} else {
		buf_add_i64(ret_detail, field->min);
		buf_add_lit(ret_detail, " and ");
		buf_add_i64(ret_detail, field->max);
	}
	return ERR_ARGUMENT_RANGE;
}

static enum err check_size(const struct field *field, size_t size, int64_t max, const char *unit,
			   struct buf *ret_detail)
{
	if ((int64_t)size <= max)
		return OK;
	refuse(field, ERR_LIMIT_EXCEEDED, ret_detail, "has ");
	buf_add_u64(ret_detail, size);
	buf_add_str(ret_detail, unit);
	buf_add_lit(ret_detail, "; the limit is ");
	buf_add_i64(ret_detail, max);
	return ERR_LIMIT_EXCEEDED;
}

static bool capability_is_valid(struct slice capability)
{
	ptrdiff_t colon = slice_find_byte(capability, ':');
	struct slice skill = slice_from(capability, (size_t)(colon + 1));

	if (colon <= 0 || skill.len == 0 || capability.len > CAPABILITY_BYTES_MAX)
		return false;
	if (slice_is(skill, SLICE("*")))
		return id_is_valid(slice_head(capability, (size_t)colon));
	return id_is_valid(capability);
}

/* Relative, normal (no empty, `.` or `..` part), no control characters. */
static bool path_is_valid(struct slice path)
{
	if (path.len == 0 || path.len > PATH_BYTES_MAX || path.ptr[0] == '/' ||
	    !text_is_valid(path))
		return false;
	if (path.ptr[path.len - 1] == '/')
		path.len--;
	while (path.len) {
		struct slice part = slice_cut(&path, '/');

		if (part.len == 0 || slice_is_str(part, ".") || slice_is_str(part, ".."))
			return false;
		for (size_t i = 0; i < part.len; i++)
			if ((unsigned char)part.ptr[i] < 0x20)
				return false;
	}
	return true;
}

static enum err check_named(const struct field *field, struct slice item, struct buf *ret_detail)
{
	for (size_t i = 0; field->names[i]; i++)
		if (slice_is_str(item, field->names[i]))
			return OK;
	refuse(field, ERR_ARGUMENT_RANGE, ret_detail, "is none of ");
	for (size_t i = 0; field->names[i]; i++) {
		buf_add_str(ret_detail, i ? ", " : "");
		buf_add_str(ret_detail, field->names[i]);
	}
	return ERR_ARGUMENT_RANGE;
}

static enum err check_item(const struct field *field, struct slice item, struct buf *ret_detail)
{
	enum err err;

	switch (field->kind) {
	case FIELD_ID:
	case FIELD_IDS:
		err = check_size(field, item.len, ID_BYTES_MAX, " bytes", ret_detail);
		if (err == OK && !id_is_valid(item))
			err = refuse(field, ERR_ID_INVALID, ret_detail,
				     "is not 1 to 128 of A-Z a-z 0-9 . _ : @ -");
		return err;
	case FIELD_CAPS:
		return capability_is_valid(item) ? OK :
			refuse(field, ERR_ARGUMENT_TYPE, ret_detail,
			       "holds a capability that is not domain:skill");
	case FIELD_PATHS:
		return path_is_valid(item) ? OK :
			refuse(field, ERR_ARGUMENT_TYPE, ret_detail,
			       "holds a path that is not relative and without . or .. parts");
	case FIELD_TEXTS:
		err = check_size(field, item.len, LIST_TEXT_BYTES_MAX, " bytes", ret_detail);
		if (err == OK && !text_is_valid(item))
			err = refuse(field, ERR_TEXT_INVALID, ret_detail, "is not valid UTF-8");
		return err || !field->names ? err : check_named(field, item, ret_detail);
	case FIELD_TEXT:
	case FIELD_JSON:
		err = check_size(field, item.len, field->max, " bytes", ret_detail);
		if (err == OK && !text_is_valid(item))
			err = refuse(field, ERR_TEXT_INVALID, ret_detail, "is not valid UTF-8");
		return err;
	case FIELD_INT:
	case FIELD_BOOL:
	case FIELD_ENUM:
	case FIELD_TIME:
	case FIELD_MONEY:
	case FIELD_RATIO:
	default:
		BUG("a text");
	}
}

enum err field_check(const struct field *field, const void *object, struct buf *ret_detail)
{
	const char *at = (const char *)object + field->offset;
	enum err err = OK;

	if (field_is_number(field->kind))
		return check_number(field, *(const int64_t *)(const void *)at, ret_detail);
	if (field_is_list(field->kind)) {
		const struct slice_list *list = (const void *)at;

		err = check_size(field, list->count, field->max, " items", ret_detail);
		for (size_t i = 0; err == OK && i < list->count; i++)
			err = check_item(field, list->items[i], ret_detail);
		return err;
	}
	return check_item(field, *(const struct slice *)(const void *)at, ret_detail);
}
