#include "api/bind_value.h"

#include "api/bind.h"
#include "base/rfc3339.h"
#include "document/amount.h"

#define QUOTE_BYTES_MAX 80	/* a line of a terminal */
#define PPM 1000000

void bind_write_quote(struct slice text, struct buf *out)
{
	size_t len = text.len;

	if (len > QUOTE_BYTES_MAX) {
		len = QUOTE_BYTES_MAX;
		/* Not in the middle of a character. */
		while (len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
			len--;
	}
	buf_add(out, text.ptr, len);
	if (len < text.len)
		buf_add_lit(out, "...");
}

void bind_write_refusal(const struct field *field, const char *what, struct buf *out)
{
	buf_add_lit(out, "argument ");
	buf_add_str(out, field->name);
	buf_add_lit(out, ": ");
	buf_add_str(out, what);
}

static void write_names(const struct field *field, struct buf *out)
{
	for (int64_t i = 0; i <= field->max; i++) {
		if (i)
			buf_add_lit(out, ", ");
		buf_add_str(out, field->names[i]);
	}
}

void bind_write_kind(const struct field *field, struct buf *out)
{
	static const char *const kinds[] = {
		[FIELD_ID] = "an id",
		[FIELD_TEXT] = "a text",
		[FIELD_JSON] = "any JSON",
		[FIELD_INT] = "an integer",
		[FIELD_BOOL] = "true or false",
		[FIELD_ENUM] = "one of ",
		[FIELD_TIME] = "a time such as 2026-11-22T19:34:07Z, or microseconds since 1970",
		[FIELD_MONEY] = "dollars such as 12.50, to nine decimals",
		[FIELD_RATIO] = "a number",
		[FIELD_IDS] = "a list of ids",
		[FIELD_TEXTS] = "a list of texts",
		[FIELD_CAPS] = "a list of capabilities such as code:c",
		[FIELD_PATHS] = "a list of relative paths",
	};

	buf_add_str(out, kinds[field->kind]);
	if (field->kind == FIELD_ENUM)
		write_names(field, out);
}

static enum err refuse_kind(const struct field *field, const char *got, struct buf *ret_detail)
{
	bind_write_refusal(field, "takes ", ret_detail);
	bind_write_kind(field, ret_detail);
	if (got) {
		buf_add_lit(ret_detail, ", not ");
		buf_add_str(ret_detail, got);
	}
	return ERR_ARGUMENT_TYPE;
}

static enum err refuse_name(const struct field *field, struct slice name, struct buf *ret_detail)
{
	bind_write_refusal(field, "", ret_detail);
	bind_write_quote(name, ret_detail);
	buf_add_lit(ret_detail, " is none of ");
	write_names(field, ret_detail);
	return ERR_ARGUMENT_RANGE;
}

enum err bind_check(const struct field *field, const void *object, struct buf *ret_detail)
{
	const struct slice *text = (const void *)((const char *)object + field->offset);

	if (field->kind == FIELD_ID &&
	    ((text->len == 0 && field->min == 0) ||
	     (field->flags & FIELD_IN_PATH && slice_is(*text, SLICE("-")) &&
	      slice_is_str(SLICE("board"), field->name))))
		return OK;
	if (field->kind == FIELD_TEXT && (int64_t)text->len < field->min) {
		bind_write_refusal(field, "is empty", ret_detail);
		return ERR_ARGUMENT_RANGE;
	}
	return field_check(field, object, ret_detail);
}

/* ---- from JSON ------------------------------------------------------------------------------ */

static bool find_name(const struct field *field, struct slice name, int64_t *ret_index)
{
	for (int64_t i = 0; i <= field->max; i++) {
		if (slice_is_str(name, field->names[i])) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static bool ratio_of_nano(int64_t nano, int64_t *ret_ppm)
{
	*ret_ppm = nano / (1000000000 / PPM);
	return nano % (1000000000 / PPM) == 0;
}

/* False: not of this kind. */
static bool number_of_json(const struct field *field, const struct json_value *value,
			   int64_t *ret_number)
{
	struct slice text;
	int64_t nano;
	bool truth;

	switch (field->kind) {
	case FIELD_INT:
		return json_get_i64(value, ret_number);
	case FIELD_BOOL:
		if (!json_get_bool(value, &truth))
			return false;
		*ret_number = truth;
		return true;
	case FIELD_TIME:
		if (json_get_text(value, &text))
			return rfc3339_read(text, ret_number);
		return json_get_i64(value, ret_number);
	case FIELD_MONEY:
		return json_get_money(value, ret_number);
	case FIELD_RATIO:
		return json_kind(value) != JSON_KIND_TEXT && json_get_money(value, &nano) &&
		       ratio_of_nano(nano, ret_number);
	case FIELD_ENUM:
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

static enum err set_number(const struct field *field, const struct json_value *value,
			   void *object, struct buf *ret_detail)
{
	int64_t *number = field_number(field, object);
	struct slice name;

	if (field->kind == FIELD_ENUM) {
		if (!json_get_text(value, &name))
			return refuse_kind(field, json_kind_name(json_kind(value)), ret_detail);
		return find_name(field, name, number) ? OK : refuse_name(field, name, ret_detail);
	}
	if (number_of_json(field, value, number))
		return bind_check(field, object, ret_detail);
	/* "a time, not a text" would not help whoever sent the text of a time. */
	return refuse_kind(field, json_kind(value) == JSON_KIND_TEXT && field->kind == FIELD_TIME ?
			   NULL : json_kind_name(json_kind(value)), ret_detail);
}

static enum err set_list(const struct field *field, const struct json_value *value,
			 struct arena *arena, void *object, struct buf *ret_detail)
{
	size_t count = json_count(value);
	struct slice *items;

	if (json_kind(value) != JSON_KIND_LIST)
		return refuse_kind(field, json_kind_name(json_kind(value)), ret_detail);
	items = count ? arena_zero(arena, count, sizeof(*items)) : NULL;
	for (size_t i = 0; i < count; i++) {
		const struct json_value *item = json_at(value, i);

		if (!json_get_text(item, &items[i]))
			return refuse_kind(field, json_kind_name(json_kind(item)), ret_detail);
		items[i] = arena_copy(arena, items[i]);
	}
	*field_list(field, object) = (struct slice_list){ items, count };
	return bind_check(field, object, ret_detail);
}

static struct slice compact(const struct json_value *value, struct arena *arena)
{
	struct buf text = { 0 };
	struct slice copy;

	json_dump(value, &text);
	copy = arena_copy(arena, buf_slice(&text));
	buf_finish(&text);
	return copy;
}

enum err bind_json_value(const struct field *field, const struct json_value *value,
			 struct arena *arena, void *object, struct buf *ret_detail)
{
	struct slice text;

	if (field_is_number(field->kind))
		return set_number(field, value, object, ret_detail);
	if (field_is_list(field->kind))
		return set_list(field, value, arena, object, ret_detail);
	if (field->kind == FIELD_JSON) {
		*field_slice(field, object) = compact(value, arena);
	} else {
		if (!json_get_text(value, &text))
			return refuse_kind(field, json_kind_name(json_kind(value)), ret_detail);
		*field_slice(field, object) = arena_copy(arena, text);
	}
	return bind_check(field, object, ret_detail);
}

/* ---- from text ------------------------------------------------------------------------------ */

static bool number_of_text(const struct field *field, struct slice text, int64_t *ret_number)
{
	int64_t nano;

	switch (field->kind) {
	case FIELD_INT:
		return slice_to_i64(text, ret_number);
	case FIELD_BOOL:
		*ret_number = slice_is(text, SLICE("true")) || slice_is(text, SLICE("1"));
		return *ret_number || slice_is(text, SLICE("false")) || slice_is(text, SLICE("0"));
	case FIELD_TIME:
		return rfc3339_read(text, ret_number) || slice_to_i64(text, ret_number);
	case FIELD_MONEY:
		return amount_of_decimal(text, ret_number);
	case FIELD_RATIO:
		return amount_of_decimal(text, &nano) && ratio_of_nano(nano, ret_number);
	case FIELD_ENUM:
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

static enum err grow_list(const struct field *field, struct slice text, struct arena *arena,
			  void *object, struct buf *ret_detail)
{
	bool has_commas = field->kind == FIELD_IDS || field->kind == FIELD_CAPS;
	struct slice_list *list = field_list(field, object);
	size_t count = list->count + 1;
	struct slice *items;

	for (size_t i = 0; i < text.len && has_commas; i++)
		count += text.ptr[i] == ',';
	items = arena_zero(arena, count, sizeof(*items));
	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	for (size_t i = list->count; i < count; i++)
		items[i] = has_commas ? slice_cut(&text, ',') : text;
	*list = (struct slice_list){ items, count };
	return bind_check(field, object, ret_detail);
}

static enum err set_json(const struct field *field, struct slice text, struct arena *arena,
			 void *object, struct buf *ret_detail)
{
	const struct json_limits limits = { (size_t)field->max, BIND_JSON_DEPTH_MAX,
					    BIND_JSON_VALUES_MAX };
	struct json_value *root;
	struct json_fault fault;
	enum err err = json_parse(text, &limits, &root, &fault);

	if (err != OK) {
		bind_write_refusal(field, fault.text, ret_detail);
		return err;
	}
	*field_slice(field, object) = compact(root, arena);
	json_free(root);
	return bind_check(field, object, ret_detail);
}

enum err bind_text_value(const struct field *field, struct slice text, struct arena *arena,
			 void *object, struct buf *ret_detail)
{
	if (field->kind == FIELD_ENUM)
		return find_name(field, text, field_number(field, object)) ?
			       OK : refuse_name(field, text, ret_detail);
	if (field_is_number(field->kind))
		return number_of_text(field, text, field_number(field, object)) ?
			       bind_check(field, object, ret_detail) :
			       refuse_kind(field, NULL, ret_detail);
	if (field_is_list(field->kind))
		return grow_list(field, text, arena, object, ret_detail);
	if (field->kind == FIELD_JSON)
		return set_json(field, text, arena, object, ret_detail);
	*field_slice(field, object) = text;
	return bind_check(field, object, ret_detail);
}
