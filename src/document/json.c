#include "document/json.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "document/amount.h"

/*
 * struct json_value is jansson's json_t under a name that the rest of the
 * program may know. These two are the only places that say so.
 */
static const json_t *node_of(const struct json_value *value)
{
	return (const json_t *)value;
}

static const struct json_value *value_of(const json_t *node)
{
	return (const struct json_value *)node;
}

/* jansson's iterators take a mutable object but change nothing in it. */
static json_t *mutable_of(const json_t *node)
{
	union {
		const json_t *in;
		json_t *out;
	} same = { .in = node };

	return same.out;
}

static void fault_set(struct json_fault *fault, int line, int column, const char *text)
{
	if (!fault)
		return;
	fault->line = line;
	fault->column = column;
	snprintf(fault->text, sizeof(fault->text), "%s", text);
}

static void fault_set_at(struct json_fault *fault, struct slice text, size_t at, const char *what)
{
	int line = 1;
	size_t line_start = 0;

	if (!fault)
		return;
	for (size_t i = 0; i < at && i < text.len; i++) {
		if (text.ptr[i] == '\n') {
			line++;
			line_start = i + 1;
		}
	}
	fault_set(fault, line, (int)(at - line_start) + 1, what);
}

struct scan {
	size_t at;		/* where it stopped */
	size_t values;		/* upper bound */
	int depth;
	bool too_deep;
	bool too_many;
};

/*
 * Depth and number of values before anything is built: jansson recurses and
 * allocates per value, so what is too much must not reach it. Counting every
 * opening bracket and comma outside of texts can only count too many, and
 * only in text that is no JSON.
 */
static struct scan scan_text(struct slice text, const struct json_limits *limits)
{
	struct scan scan = { .values = 1 };
	bool quoted = false;

	for (; scan.at < text.len; scan.at++) {
		char c = text.ptr[scan.at];

		if (quoted) {
			if (c == '\\')
				scan.at++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			scan.values++;
			scan.too_deep = ++scan.depth > limits->depth_max;
		} else if (c == '}' || c == ']') {
			scan.depth--;
		} else if (c == ',') {
			scan.values++;
		}
		scan.too_many = scan.values > limits->values_max;
		if (scan.too_deep || scan.too_many)
			break;
	}
	return scan;
}

/*
 * True when even every bracket and comma, be it inside of a text, would be
 * within the limits: so for nearly every request, at a tenth of the cost of
 * telling what stands inside of texts.
 */
static bool is_surely_within(struct slice text, const struct json_limits *limits)
{
	size_t opened = 0, commas = 0;

	for (size_t i = 0; i < text.len; i++) {
		opened += (text.ptr[i] | 0x20) == '{';	/* and [, which differs in this bit */
		commas += text.ptr[i] == ',';
	}
	return opened <= (size_t)limits->depth_max && opened + commas < limits->values_max;
}

static enum err check_limits(struct slice text, const struct json_limits *limits,
			     struct json_fault *ret_fault)
{
	char what[96];
	struct scan scan;

	if (text.len > limits->bytes_max) {
		snprintf(what, sizeof(what), "more than %zu bytes", limits->bytes_max);
		fault_set(ret_fault, 0, 0, what);
		return ERR_LIMIT_EXCEEDED;
	}
	if (is_surely_within(text, limits))
		return OK;
	scan = scan_text(text, limits);
	if (!scan.too_deep && !scan.too_many)
		return OK;
	if (scan.too_deep)
		snprintf(what, sizeof(what), "nested more than %d deep", limits->depth_max);
	else
		snprintf(what, sizeof(what), "more than %zu values", limits->values_max);
	fault_set_at(ret_fault, text, scan.at, what);
	return ERR_LIMIT_EXCEEDED;
}

/* jansson quotes the text near the fault, which may be anything at all. */
static void make_printable(char *text)
{
	bool valid = text_is_valid(slice_of_str(text));

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !valid))
			*text = '?';
	}
}

static void fault_from(const json_error_t *error, struct json_fault *ret_fault)
{
	const char *what = error->text;
	enum json_error_code code = json_error_code(error);

	if (!ret_fault)
		return;
	if (code == json_error_null_character || code == json_error_null_byte_in_key)
		what = "a text holds U+0000";
	else if (code == json_error_premature_end_of_input)
		what = "the text ends too early";
	else if (code == json_error_numeric_overflow)
		what = "a number is too large";
	fault_set(ret_fault, error->line, error->column > 0 ? error->column : 1, what);
	make_printable(ret_fault->text);
}

enum err json_parse(struct slice text, const struct json_limits *limits,
		    struct json_value **ret_root, struct json_fault *ret_fault)
{
	ptrdiff_t zero = slice_find_byte(text, '\0');
	json_error_t error;
	json_t *root;
	enum err err;

	ENSURE(limits->depth_max >= 0 && limits->depth_max <= JSON_READ_DEPTH_MAX);
	err = check_limits(text, limits, ret_fault);
	if (err)
		return err;
	/* jansson takes a zero byte behind a number for nothing at all. */
	if (zero >= 0) {
		fault_set_at(ret_fault, text, (size_t)zero, "a zero byte is no JSON");
		return ERR_JSON_SYNTAX;
	}
	root = json_loadb(text.len ? text.ptr : "", text.len,
			  JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		ENSURE(json_error_code(&error) != json_error_out_of_memory);
		fault_from(&error, ret_fault);
		return ERR_JSON_SYNTAX;
	}
	*ret_root = (struct json_value *)root;
	return OK;
}

void json_free(struct json_value *root)
{
	json_decref((json_t *)root);
}

enum json_kind json_kind(const struct json_value *value)
{
	ENSURE(value != NULL);
	switch (json_typeof(node_of(value))) {
	case JSON_OBJECT: return JSON_KIND_OBJECT;
	case JSON_ARRAY: return JSON_KIND_LIST;
	case JSON_STRING: return JSON_KIND_TEXT;
	case JSON_INTEGER: return JSON_KIND_INT;
	case JSON_REAL: return JSON_KIND_REAL;
	case JSON_TRUE:
	case JSON_FALSE: return JSON_KIND_BOOL;
	case JSON_NULL: return JSON_KIND_NULL;
	default: panic(__FILE__, __LINE__, "json kind");
	}
}

const char *json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_KIND_NULL] = "null",
		[JSON_KIND_BOOL] = "true or false",
		[JSON_KIND_INT] = "an integer",
		[JSON_KIND_REAL] = "a number with a fraction",
		[JSON_KIND_TEXT] = "a text",
		[JSON_KIND_LIST] = "a list",
		[JSON_KIND_OBJECT] = "an object",
	};

	ENSURE((size_t)kind < ARRAY_LEN(names));
	return names[kind];
}

const struct json_value *json_get(const struct json_value *value, struct slice key)
{
	if (!value || !key.ptr)
		return NULL;
	return value_of(json_object_getn(node_of(value), key.ptr, key.len));
}

size_t json_count(const struct json_value *value)
{
	const json_t *node = node_of(value);

	return json_is_array(node) ? json_array_size(node) : json_object_size(node);
}

const struct json_value *json_at(const struct json_value *value, size_t index)
{
	return value_of(json_array_get(node_of(value), index));
}

bool json_get_text(const struct json_value *value, struct slice *ret_text)
{
	const json_t *node = node_of(value);

	if (!json_is_string(node))
		return false;
	*ret_text = slice_of(json_string_value(node), json_string_length(node));
	return true;
}

bool json_get_i64(const struct json_value *value, int64_t *ret_value)
{
	_Static_assert(sizeof(json_int_t) == sizeof(int64_t), "jansson built without 64 bit integers");

	if (!json_is_integer(node_of(value)))
		return false;
	*ret_value = json_integer_value(node_of(value));
	return true;
}

bool json_get_bool(const struct json_value *value, bool *ret_value)
{
	if (!json_is_boolean(node_of(value)))
		return false;
	*ret_value = json_is_true(node_of(value));
	return true;
}

bool json_get_double(const struct json_value *value, double *ret_value)
{
	if (!json_is_number(node_of(value)))
		return false;
	*ret_value = json_number_value(node_of(value));
	return true;
}

/*
 * Below 2^23 dollars neighbouring doubles are less than one nano-dollar
 * apart (2^-30), so the double nearest to a decimal of nine places lies less
 * than 0.47 nano-dollars from it, and rounding finds it again. The whole
 * part and what remains are exact in binary; only the remainder is scaled,
 * which adds less than a millionth.
 */
static bool nano_of_double(double dollars, int64_t *ret_nano)
{
	int64_t whole;
	double rest;

	if (!(dollars > -JSON_MONEY_REAL_MAX && dollars < JSON_MONEY_REAL_MAX))
		return false;
	whole = (int64_t)dollars;
	rest = (dollars - (double)whole) * 1e9;
	*ret_nano = whole * 1000000000 + (int64_t)(rest + (rest < 0 ? -0.5 : 0.5));
	return true;
}

bool json_get_money(const struct json_value *value, int64_t *ret_nanousd)
{
	struct slice text;
	int64_t dollars, nanousd;

	if (json_get_text(value, &text))
		return amount_of_decimal(text, ret_nanousd);
	if (json_is_real(node_of(value)))
		return nano_of_double(json_real_value(node_of(value)), ret_nanousd);
	if (!json_get_i64(value, &dollars) || __builtin_mul_overflow(dollars, 1000000000, &nanousd))
		return false;
	*ret_nanousd = nanousd;
	return true;
}

bool json_next(const struct json_value *object, struct json_member *member)
{
	json_t *node = mutable_of(node_of(object));
	void *next = member->position ? json_object_iter_next(node, member->position)
				      : json_object_iter(node);

	if (!next)
		return false;
	member->position = next;
	member->key = slice_of(json_object_iter_key(next), json_object_iter_key_len(next));
	member->value = value_of(json_object_iter_value(next));
	return true;
}
