#include "document/fields.h"

#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "base/text.h"
#include "document/amount.h"
#include "document/json.h"
#include "document/source.h"

#define PPM_NANO 1000		/* nano-units in a part per million */
#define NAMES_MAX (SCHEMA_FIELDS_MAX * 2)

static const struct tree_limits limits = {
	.bytes_max = HAND_BYTES_MAX,
	.depth_max = 16,
	.values_max = HAND_VALUES_MAX,
	.keeps_repeated = true,
};

enum hand_format hand_format_of(struct slice file_name)
{
	const struct slice json = SLICE(".json");

	return file_name.len >= json.len &&
	       slice_is_nocase(slice_from(file_name, file_name.len - json.len), json) ?
		       HAND_JSON : HAND_YAML;
}

void fields_init(struct field_reader *reader, struct arena *arena)
{
	*reader = (struct field_reader){ .arena = arena };
}

void fields_finish(struct field_reader *reader)
{
	message_list_finish(&reader->errors);
	message_list_finish(&reader->remarks);
}

const struct tree *fields_root(struct field_reader *reader, struct slice text,
			       enum hand_format format)
{
	const struct tree *root = NULL;
	struct source_fault fault;
	enum err err = source_check(text, &text, &fault);

	if (err == OK && format == HAND_JSON)
		err = json_read(text, &limits, reader->arena, &root, &fault);
	else if (err == OK)
		err = yaml_read(text, &limits, reader->arena, &root, &fault);
	if (err) {
		fields_error(reader, fault.line, SLICE_EMPTY, "%s", fault.text);
		return NULL;
	}
	if (root->kind != TREE_MAP && root->kind != TREE_LIST) {
		fields_error(reader, root->line, SLICE_EMPTY, "the document is %s, not a map",
			     tree_kind_name(root->kind));
		return NULL;
	}
	return root;
}

void fields_enter(struct field_reader *reader, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reader->place, sizeof(reader->place), format, args);
	va_end(args);
}

void fields_leave(struct field_reader *reader)
{
	reader->place[0] = '\0';
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static void say_plain(struct message_list *list, struct arena *arena, int line, const char *format,
		      ...) PRINTF_LIKE(4, 5);
static void say_plain(struct message_list *list, struct arena *arena, int line, const char *format,
		      ...)
{
	va_list args;

	va_start(args, format);
	message_add(list, arena, line, format, args);
	va_end(args);
}

static void PRINTF_LIKE(5, 0) say(struct field_reader *reader, struct message_list *list, int line,
				  struct slice key, const char *format, va_list args)
{
	const char *dot = reader->place[0] && key.len ? "." : "";
	const char *colon = reader->place[0] || key.len ? ": " : "";
	char text[640];

	vsnprintf(text, sizeof(text), format, args);
	say_plain(list, reader->arena, line, "%s%s%.*s%s%s", reader->place, dot, SHOW(key), colon,
		  text);
}

void fields_error(struct field_reader *reader, int line, struct slice key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(reader, &reader->errors, line, key, format, args);
	va_end(args);
}

void fields_remark(struct field_reader *reader, int line, struct slice key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(reader, &reader->remarks, line, key, format, args);
	va_end(args);
}

void fields_item_error(struct field_reader *reader, const struct tree *list, size_t index, int line,
		       const char *format, ...)
{
	char key[SHOWN_MAX + 24], text[512];
	va_list args;

	snprintf(key, sizeof(key), "%.*s", SHOW(list->key));
	if (list->kind == TREE_LIST)
		snprintf(key + strlen(key), sizeof(key) - strlen(key), "[%zu]", index);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fields_error(reader, line, slice_of_str(key), "%s", text);
}

static void wrong_kind(struct field_reader *reader, const struct tree *tree, const char *wanted)
{
	static const char *const not_numbers[] = { ".nan", "nan", ".inf", "inf", "infinity" };
	struct slice text = tree->kind == TREE_TEXT ? tree->text : SLICE_EMPTY;

	if (tree->kind == TREE_NULL) {
		fields_error(reader, tree->line, tree->key, "has no value; write %s", wanted);
		return;
	}
	if (text.len && (text.ptr[0] == '-' || text.ptr[0] == '+'))
		text = slice_from(text, 1);
	for (size_t i = 0; i < ARRAY_LEN(not_numbers); i++) {
		if (!slice_is_nocase(text, slice_of_str(not_numbers[i])))
			continue;
		fields_error(reader, tree->line, tree->key, "%.*s is not a finite number",
			     SHOW(tree->text));
		return;
	}
	if (tree->kind == TREE_LIST || tree->kind == TREE_MAP)
		fields_error(reader, tree->line, tree->key, "is %s, not %s",
			     tree_kind_name(tree->kind), wanted);
	else
		fields_error(reader, tree->line, tree->key, "\"%.*s\" is not %s", SHOW(tree->text),
			     wanted);
}

const char *fields_nearest(struct slice name, const char *const *names, size_t count)
{
	const char *nearest = NULL;
	size_t nearest_distance = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		struct slice known = slice_of_str(names[i]);
		size_t distance = text_distance(name, known);

		/* A third of the name may be wrong; of a short one, a letter or two. */
		if (distance == SIZE_MAX || distance * 3 > known.len + 2)
			continue;
		if (distance < nearest_distance) {
			nearest_distance = distance;
			nearest = names[i];
		}
	}
	return nearest;
}

/* ---- scalars --------------------------------------------------------------------------------- */

/* A text, or in YAML a plain scalar that looks like something else: model: 4.1. */
static bool text_of(const struct tree *tree, struct slice *ret_text)
{
	bool scalar = tree->kind != TREE_LIST && tree->kind != TREE_MAP;

	if (tree->kind != TREE_TEXT && !(tree->plain && scalar && tree->kind != TREE_NULL))
		return false;
	*ret_text = tree->text;
	return true;
}

static bool has_exponent(struct slice text)
{
	return slice_find_byte(text, 'e') >= 0 || slice_find_byte(text, 'E') >= 0;
}

/* What the number is when it is written with an exponent or a sign; false when it is none. */
static bool decimal_of(const struct tree *tree, int64_t *ret_nano)
{
	struct json_limits one = { .bytes_max = 64, .depth_max = 0, .values_max = 1 };
	struct slice text = tree->text;
	struct json_value *value;
	bool read;

	if (text.len && text.ptr[0] == '+')
		text = slice_from(text, 1);
	/* "1." is a number in YAML. */
	if (tree->kind == TREE_REAL && slice_ends(text, SLICE(".")))
		text = slice_head(text, text.len - 1);
	if (amount_of_decimal(text, ret_nano))
		return true;
	if (tree->kind != TREE_REAL || !has_exponent(text) ||
	    json_parse(text, &one, &value, NULL) != OK)
		return false;
	read = json_get_money(value, ret_nano);
	json_free(value);
	return read;
}

static bool is_number(const struct tree *tree)
{
	return tree->kind == TREE_INT || tree->kind == TREE_REAL;
}

static bool read_money(struct field_reader *reader, const struct tree *tree, int64_t *ret_nanousd)
{
	if (tree->kind == TREE_TEXT && amount_of_money(tree->text, ret_nanousd))
		return true;
	if (is_number(tree) && decimal_of(tree, ret_nanousd))
		return true;
	wrong_kind(reader, tree, "a number of dollars with at most nine decimals");
	return false;
}

static bool read_ratio(struct field_reader *reader, const struct tree *tree, int64_t *ret_ppm)
{
	int64_t nano;

	if (tree->kind == TREE_TEXT && slice_ends(tree->text, SLICE("%")) &&
	    amount_of_ratio(tree->text, ret_ppm))
		return true;
	if (!is_number(tree) || !decimal_of(tree, &nano) || nano % PPM_NANO) {
		wrong_kind(reader, tree, "a ratio such as 0.7 or 70%, with at most six decimals");
		return false;
	}
	*ret_ppm = nano / PPM_NANO;
	return true;
}

static bool read_int(struct field_reader *reader, const struct tree *tree, int64_t *ret_number)
{
	struct slice text = tree->text;

	if (text.len && text.ptr[0] == '+')
		text = slice_from(text, 1);
	if (tree->kind == TREE_INT && slice_to_i64(text, ret_number))
		return true;
	wrong_kind(reader, tree, "an integer of at most 64 bits");
	return false;
}

static bool read_duration(struct field_reader *reader, const struct tree *tree, int64_t *ret_ms)
{
	bool is_zero = tree->kind == TREE_INT && slice_is(tree->text, SLICE("0"));

	if (is_zero)
		*ret_ms = 0;
	if (is_zero || (tree->kind == TREE_TEXT && amount_of_duration(tree->text, ret_ms)))
		return true;
	wrong_kind(reader, tree, "a time with its unit, such as 30s, 10m or 7d");
	return false;
}

static bool read_size(struct field_reader *reader, const struct tree *tree, int64_t *ret_bytes)
{
	bool is_zero = tree->kind == TREE_INT && slice_is(tree->text, SLICE("0"));

	if (is_zero)
		*ret_bytes = 0;
	if (is_zero || (tree->kind == TREE_TEXT && amount_of_size(tree->text, ret_bytes)))
		return true;
	wrong_kind(reader, tree, "a size with its unit, such as 64KiB, 1MiB or 2GiB");
	return false;
}

static bool read_bool(struct field_reader *reader, const struct tree *tree, int64_t *ret_number)
{
	if (tree->kind == TREE_BOOL) {
		*ret_number = slice_is_nocase(tree->text, SLICE("true"));
		return true;
	}
	wrong_kind(reader, tree, "true or false");
	return false;
}

static bool read_enum(struct field_reader *reader, const struct field *field,
		      const struct tree *tree, int64_t *ret_number)
{
	struct slice text = SLICE_EMPTY;
	struct buf names = { 0 };

	for (int64_t i = 0; i <= field->max; i++) {
		buf_add_str(&names, i == 0 ? "" : i == field->max ? " or " : ", ");
		buf_add_str(&names, field->names[i]);
		if (text_of(tree, &text) && slice_is_str(text, field->names[i])) {
			*ret_number = i;
			buf_finish(&names);
			return true;
		}
	}
	wrong_kind(reader, tree, buf_str(&names));
	buf_finish(&names);
	return false;
}

static bool read_text(struct field_reader *reader, const struct tree *tree, struct slice *ret_text)
{
	if (text_of(tree, ret_text))
		return true;
	wrong_kind(reader, tree, "a text");
	return false;
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* field_check speaks of "argument name: ...": here the place is known. */
static struct slice without_name(const struct field *field, struct slice detail)
{
	struct slice name = slice_of_str(field->name);

	if (slice_starts(detail, SLICE("argument ")))
		detail = slice_from(detail, sizeof("argument ") - 1);
	if (slice_starts(detail, name))
		detail = slice_from(detail, name.len + 2);
	return detail;
}

void fields_add_duration(struct buf *out, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" } };

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (ms % units[i].ms || ms == 0)
			continue;
		buf_add_i64(out, ms / units[i].ms);
		buf_add_str(out, units[i].name);
		return;
	}
	buf_add_i64(out, ms);
	buf_add_str(out, ms ? "ms" : "s");
}

void fields_add_size(struct buf *out, int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
	size_t unit = 0;

	while (bytes && bytes % 1024 == 0 && unit + 1 < ARRAY_LEN(units)) {
		bytes /= 1024;
		unit++;
	}
	buf_add_i64(out, bytes);
	buf_add_str(out, units[unit]);
}

/* In words: as it is written under the key's short name. */
static void add_number(struct buf *out, const struct field *field, int64_t value, bool in_words)
{
	struct slice name;

	if (in_words && fields_is_size(field, &name))
		fields_add_size(out, value);
	else if (in_words)
		fields_add_duration(out, value);
	else if (field->kind == FIELD_MONEY)
		buf_add_money(out, value);
	else if (field->kind == FIELD_RATIO)
		buf_add_ratio(out, value);
	else
		buf_add_i64(out, value);
}

void fields_add_number(struct buf *out, const struct field *field, int64_t value)
{
	struct slice name;

	add_number(out, field, value, fields_is_duration(field, &name) || fields_is_size(field, &name));
}

/* A minimum of -1 is for "not said", which nobody writes. */
static bool check_number(struct field_reader *reader, const struct field *field,
			 const struct tree *tree, int64_t value, bool in_words)
{
	int64_t min = field->min == -1 ? 0 : field->min;
	struct buf text = { 0 };

	if (value >= min && value <= field->max)
		return true;
	if (field->max == INT64_MAX || value < 0) {
		buf_add_lit(&text, "is less than ");
		add_number(&text, field, min, in_words);
	} else {
		buf_add_lit(&text, "is not between ");
		add_number(&text, field, min, in_words);
		buf_add_lit(&text, " and ");
		add_number(&text, field, field->max, in_words);
	}
	fields_error(reader, tree->line, tree->key, "%.*s %s", SHOW(tree->text), buf_str(&text));
	buf_finish(&text);
	return false;
}

/* The text against its row, as if it were the only member of its struct. */
static bool check_text(struct field_reader *reader, const struct field *field,
		       const struct tree *tree, struct slice text)
{
	struct field alone = *field;
	struct buf detail = { 0 };
	bool right;

	if (text.len == 0 && field->min > 0) {
		fields_error(reader, tree->line, tree->key, "is empty");
		return false;
	}
	alone.offset = 0;
	right = field_check(&alone, &text, &detail) == OK;
	if (!right) {
		struct slice why = without_name(field, buf_slice(&detail));

		fields_error(reader, tree->line, tree->key, "\"%.*s\" %.*s", SHOW(text),
			     (int)why.len, why.ptr);
	}
	buf_finish(&detail);
	return right;
}

/* One item of a list: its own rules. Sizes are checked with the whole. */
static bool check_item(struct field_reader *reader, const struct field *field,
		       const struct tree *list, const struct tree *item, size_t index,
		       struct slice text)
{
	struct field alone = *field;
	struct slice_list one = { &text, 1 };
	struct buf detail = { 0 };
	bool right;

	alone.offset = 0;
	alone.max = 1;
	right = field_check(&alone, &one, &detail) == OK;
	if (!right) {
		struct slice why = without_name(field, buf_slice(&detail));

		fields_item_error(reader, list, index, item->line, "\"%.*s\" %.*s", SHOW(text),
				  (int)why.len, why.ptr);
	}
	buf_finish(&detail);
	return right;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static bool read_item(struct field_reader *reader, const struct field *field,
		      const struct tree *list, const struct tree *item, size_t index,
		      struct slice_list *before)
{
	struct slice text;

	if (!text_of(item, &text)) {
		fields_item_error(reader, list, index, item->line, "is %s, not a text",
				  tree_kind_name(item->kind));
		return false;
	}
	if (!check_item(reader, field, list, item, index, text))
		return false;
	if (slice_list_has(*before, text)) {
		fields_item_error(reader, list, index, item->line, "\"%.*s\" occurs twice",
				  SHOW(text));
		return false;
	}
	((struct slice *)(uintptr_t)before->items)[before->count++] = text;
	return true;
}

static bool read_list(struct field_reader *reader, const struct field *field,
		      const struct tree *tree, struct slice_list *ret_list)
{
	struct slice *items;
	struct slice_list list;
	size_t index = 0;
	bool right = true;

	if (tree->kind != TREE_LIST && tree->kind != TREE_TEXT) {
		wrong_kind(reader, tree, "a list of texts");
		return false;
	}
	if (tree->kind == TREE_LIST && tree->count > (size_t)field->max) {
		fields_error(reader, tree->key_line, tree->key, "has %zu items; the limit is %lld",
			     tree->count, (long long)field->max);
		return false;
	}
	items = arena_zero(reader->arena, tree->count + 1, sizeof(*items));
	list = (struct slice_list){ items, 0 };
	if (tree->kind == TREE_TEXT)
		right = read_item(reader, field, tree, tree, 0, &list);
	for (const struct tree *item = tree->first; item; item = item->next)
		right = read_item(reader, field, tree, item, index++, &list) && right;
	*ret_list = list;
	return right;
}

/* ---- members --------------------------------------------------------------------------------- */

static bool has_unit(const struct field *field, struct slice unit, struct slice *ret_short)
{
	struct slice name = slice_of_str(field->name);

	if (field->kind != FIELD_INT || !slice_ends(name, unit))
		return false;
	*ret_short = slice_head(name, name.len - unit.len);
	return true;
}

bool fields_is_duration(const struct field *field, struct slice *ret_short)
{
	return has_unit(field, SLICE("_ms"), ret_short);
}

bool fields_is_size(const struct field *field, struct slice *ret_short)
{
	return has_unit(field, SLICE("_bytes"), ret_short);
}

static bool short_name_of(const struct field *field, struct slice *ret_short)
{
	return fields_is_duration(field, ret_short) || fields_is_size(field, ret_short);
}

static const struct field *find_field(const struct schema *schema, struct slice key,
				      bool *ret_in_words)
{
	struct slice name;

	*ret_in_words = false;
	for (size_t i = 0; i < schema->count; i++) {
		if (slice_is_str(key, schema->fields[i].name))
			return &schema->fields[i];
		*ret_in_words = short_name_of(&schema->fields[i], &name) && slice_is(key, name);
		if (*ret_in_words)
			return &schema->fields[i];
	}
	return NULL;
}

static bool read_number(struct field_reader *reader, const struct field *field,
			const struct tree *tree, bool in_words, int64_t *ret_number)
{
	struct slice name;

	if (!in_words)
		return read_int(reader, tree, ret_number);
	if (fields_is_size(field, &name))
		return read_size(reader, tree, ret_number);
	return read_duration(reader, tree, ret_number);
}

static bool read_field(struct field_reader *reader, const struct field *field,
		       const struct tree *tree, bool in_words, void *object)
{
	int64_t *number = field_is_number(field->kind) ? field_number(field, object) : NULL;
	bool right;

	switch (field->kind) {
	case FIELD_ID:
	case FIELD_TEXT:
		return read_text(reader, tree, field_slice(field, object)) &&
		       check_text(reader, field, tree, *field_slice(field, object));
	case FIELD_IDS:
	case FIELD_TEXTS:
	case FIELD_CAPS:
	case FIELD_PATHS:
		return read_list(reader, field, tree, field_list(field, object));
	case FIELD_INT:
		right = read_number(reader, field, tree, in_words, number);
		break;
	case FIELD_MONEY:
		right = read_money(reader, tree, number);
		break;
	case FIELD_RATIO:
		right = read_ratio(reader, tree, number);
		break;
	case FIELD_BOOL:
		return read_bool(reader, tree, number);
	case FIELD_ENUM:
		return read_enum(reader, field, tree, number);
	case FIELD_JSON:
	case FIELD_TIME:
	default:
		panic(__FILE__, __LINE__, "a kind that is written by hand");
	}
	ENSURE(number);
	return right && check_number(reader, field, tree, *number, in_words);
}

static void unknown_key(struct field_reader *reader, const struct tree *member,
			const struct schema *schema, const char *const *others, const char *what)
{
	const char *names[NAMES_MAX];
	const char *nearest;
	size_t count = 0;

	for (size_t i = 0; i < schema->count; i++) {
		struct slice name;

		names[count++] = schema->fields[i].name;
		if (short_name_of(&schema->fields[i], &name))
			names[count++] = arena_copy(reader->arena, name).ptr;
	}
	for (size_t i = 0; others && others[i] && count < NAMES_MAX; i++)
		names[count++] = others[i];
	nearest = fields_nearest(member->key, names, count);
	fields_error(reader, member->key_line, member->key, "%s has no such key%s%s%s", what,
		     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static bool is_other(struct slice key, const char *const *others)
{
	for (size_t i = 0; others && others[i]; i++)
		if (slice_is_str(key, others[i]))
			return true;
	return false;
}

uint64_t fields_read(struct field_reader *reader, const struct tree *map,
		     const struct schema *schema, const char *const *others, const char *what,
		     void *ret_object)
{
	uint64_t seen = 0, right = 0;

	ENSURE(schema->count <= SCHEMA_FIELDS_MAX);
	if (schema->size)
		memset(ret_object, 0, schema->size);
	schema_set_initial(schema, 0, ret_object);
	for (const struct tree *member = map->first; member; member = member->next) {
		bool in_words;
		const struct field *field = find_field(schema, member->key, &in_words);
		uint64_t bit = field ? (uint64_t)1 << (field - schema->fields) : 0;

		if (member->repeats_line)
			fields_error(reader, member->key_line, member->key,
				     "occurs twice, first on line %d", member->repeats_line);
		else if (seen & bit)
			fields_error(reader, member->key_line, member->key,
				     "says the same as %s in other words", field->name);
		else if (field && read_field(reader, field, member, in_words, ret_object))
			right |= bit;
		else if (!field && !is_other(member->key, others))
			unknown_key(reader, member, schema, others, what);
		seen |= bit;
	}
	for (size_t i = 0; i < schema->count; i++)
		if ((schema->fields[i].flags & FIELD_REQUIRED) && !(seen >> i & 1))
			fields_error(reader, map->line, slice_of_str(schema->fields[i].name),
				     "is missing");
	return right;
}

const struct tree *fields_member(struct field_reader *reader, const struct tree *map,
				 const char *key, enum tree_kind kind)
{
	const struct tree *member = tree_get(map, slice_of_str(key));

	if (!member || member->kind == kind)
		return member;
	wrong_kind(reader, member, kind == TREE_LIST ? "a list" :
				   kind == TREE_MAP ? "a map" : "a text");
	return NULL;
}
