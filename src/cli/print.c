#include "cli/print.h"

#include <stdio.h>
#include <string.h>

#include "base/rfc3339.h"
#include "cli/columns.h"
#include "sys/local_time.h"

#define DEPTH_MAX 16		/* answers nest five deep at most; deeper is printed as JSON */
#define INDENT 2
#define FIELD_NAME_SIZE 64
#define NANOUSD_PER_USD UINT64_C(1000000000)

bool value_is(const struct json_value *value, enum json_kind kind)
{
	return value && json_kind(value) == kind;
}

struct slice member_text(const struct json_value *object, const char *name)
{
	struct slice text = SLICE_EMPTY;

	json_get_text(json_get(object, slice_of_str(name)), &text);
	return text;
}

int64_t member_i64(const struct json_value *object, const char *name)
{
	int64_t value = 0;

	json_get_i64(json_get(object, slice_of_str(name)), &value);
	return value;
}

int64_t member_time(const struct json_value *object, const char *name)
{
	int64_t at_us = 0;

	return rfc3339_read(member_text(object, name), &at_us) ? at_us : 0;
}

void print_clock(struct buf *out, int64_t at_us, int64_t now_us)
{
	struct local_time at = local_time_of(at_us);
	struct local_time now = local_time_of(now_us);
	bool is_today = at.year == now.year && at.month == now.month && at.day == now.day;
	char text[32];

	if (is_today)
		snprintf(text, sizeof(text), "%02d:%02d:%02d", at.hour, at.minute, at.second);
	else
		snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d", at.year % 10000, at.month,
			 at.day, at.hour, at.minute);
	buf_add_str(out, text);
}

void print_clock_and_distance(struct buf *out, int64_t at_us, int64_t now_us)
{
	int64_t distance_ms = (at_us - now_us) / 1000;

	print_clock(out, at_us, now_us);
	if (distance_ms >= 0) {
		buf_add_lit(out, " (in ");
		duration_write(out, distance_ms);
		buf_add_byte(out, ')');
	} else {
		buf_add_lit(out, " (");
		duration_write(out, -distance_ms);
		buf_add_lit(out, " ago)");
	}
}

static bool is_in(const char *key, const char *unit)
{
	return slice_ends(slice_of_str(key), slice_of_str(unit));
}

/* Cents are enough for dollars; below them four digits, and for the smallest all nine. */
void print_money(struct buf *out, int64_t nanousd)
{
	uint64_t amount = nanousd < 0 ? 0 - (uint64_t)nanousd : (uint64_t)nanousd;
	int digits = amount == 0 || amount >= NANOUSD_PER_USD ? 2 :
		     amount >= NANOUSD_PER_USD / 1000 ? 4 : 9;
	uint64_t unit = 1;	/* of the last digit that is shown */
	char text[64];

	for (int i = digits; i < 9; i++)
		unit *= 10;
	amount = (amount + unit / 2) / unit;
	snprintf(text, sizeof(text), "%s$%llu.%0*llu", nanousd < 0 ? "-" : "",
		 (unsigned long long)(amount / (NANOUSD_PER_USD / unit)), digits,
		 (unsigned long long)(amount % (NANOUSD_PER_USD / unit)));
	buf_add_str(out, text);
	for (; digits > 2 && out->ptr[out->len - 1] == '0'; digits--)
		out->len--;
}

/* Scores are for comparing: three digits that say something, and one behind the point at least. */
static void print_score(struct buf *out, int64_t billionths)
{
	int digits = billionths >= 10 * INT64_C(1000000000) ? 1 : 2;
	char text[64];

	for (int64_t least = 1000000000; billionths > 0 && billionths < least && digits < 9;
	     least /= 10)
		digits++;
	snprintf(text, sizeof(text), "%.*f", digits, (double)billionths / 1e9);
	buf_add_str(out, text);
	for (; digits > 1 && out->ptr[out->len - 1] == '0'; digits--)
		out->len--;
}

static void print_scalar(struct buf *out, const char *key, const struct json_value *value,
			 int64_t now_us)
{
	struct slice text;
	int64_t number;
	bool truth;

	if (json_get_text(value, &text)) {
		if (rfc3339_read(text, &number))
			print_clock_and_distance(out, number, now_us);
		else
			text_add_visible(out, text, false);
	} else if (is_in(key, "_ms") && json_get_i64(value, &number)) {
		duration_write(out, number);
	} else if (is_in(key, "_us") && json_get_i64(value, &number)) {
		duration_write_us(out, number);
	} else if (is_in(key, "_usd") && json_get_money(value, &number)) {
		print_money(out, number);
	} else if (json_get_bool(value, &truth)) {
		buf_add_str(out, truth ? "yes" : "no");
	} else if (value_is(value, JSON_KIND_NULL)) {
		buf_add_byte(out, '-');
	} else if (is_in(key, "score")) {
		/* Whoever costs nothing comes before all others, beyond any number of dollars. */
		if (json_get_money(value, &number))
			print_score(out, number);
		else
			buf_add_lit(out, "free");
	} else {
		json_dump(value, out);
	}
}

static bool is_scalar(const struct json_value *value)
{
	return json_kind(value) != JSON_KIND_LIST && json_kind(value) != JSON_KIND_OBJECT;
}

/* A list whose items go on one line. */
static bool is_flat(const struct json_value *value)
{
	for (size_t i = 0; i < json_count(value); i++)
		if (json_kind(value) == JSON_KIND_OBJECT || !is_scalar(json_at(value, i)))
			return false;
	return true;
}

void print_value(struct buf *out, const char *key, const struct json_value *value, int64_t now_us)
{
	if (!value)
		return;
	if (json_kind(value) != JSON_KIND_LIST || !is_flat(value)) {
		print_scalar(out, key, value, now_us);
		return;
	}
	for (size_t i = 0; i < json_count(value); i++) {
		if (i)
			buf_add_lit(out, ", ");
		print_scalar(out, key, json_at(value, i), now_us);
	}
}

/* ---- objects --------------------------------------------------------------------------------- */

/* A value whose members are being printed. */
struct level {
	const struct json_value *value;
	struct json_member member;	/* of an object */
	size_t index;			/* of a list */
};

/* lease_until is "lease until", limit_ms is "limit", cost_usd is "cost". */
static void print_key(struct buf *out, struct slice key)
{
	if (slice_ends(key, SLICE("_ms")) || slice_ends(key, SLICE("_us")))
		key = slice_head(key, key.len - 3);
	if (slice_ends(key, SLICE("_usd")))
		key = slice_head(key, key.len - 4);
	for (size_t i = 0; i < key.len; i++)
		text_add_visible(out, key.ptr[i] == '_' ? SLICE(" ") : slice_of(key.ptr + i, 1), false);
	buf_add_byte(out, ':');
}

static void print_lines(struct buf *out, struct slice text, size_t indent)
{
	buf_add_byte(out, '\n');
	while (text.len) {
		struct slice line = slice_cut(&text, '\n');

		buf_add_repeat(out, ' ', line.len ? indent : 0);
		text_add_visible(out, line, false);
		buf_add_byte(out, '\n');
	}
}

/* Prints what fits on a line and returns false; true when the value needs a level of its own. */
static bool opens_level(struct buf *out, const char *key, const struct json_value *value,
			size_t depth, int64_t now_us)
{
	struct slice text;

	if (json_get_text(value, &text) && slice_find_byte(text, '\n') >= 0) {
		print_lines(out, text, depth * INDENT);
		return false;
	}
	if (is_scalar(value) || (json_kind(value) == JSON_KIND_LIST && is_flat(value)) ||
	    json_count(value) == 0 || depth == DEPTH_MAX) {
		bool is_nothing = is_scalar(value) ? json_get_text(value, &text) && text.len == 0 :
						     json_count(value) == 0;

		buf_add_byte(out, ' ');
		if (!is_nothing)
			print_value(out, key, value, now_us);
		else
			buf_add_byte(out, '-');
		buf_add_byte(out, '\n');
		return false;
	}
	buf_add_byte(out, '\n');
	return true;
}

/* The next member of a level, or NULL; its name goes to `ret_key`, which may be empty. */
static const struct json_value *next_of(struct level *level, struct slice *ret_key)
{
	*ret_key = SLICE_EMPTY;
	if (json_kind(level->value) == JSON_KIND_LIST)
		return json_at(level->value, level->index++);
	if (!json_next(level->value, &level->member))
		return NULL;
	*ret_key = level->member.key;
	return level->member.value;
}

void print_object(struct buf *out, const struct json_value *object, int64_t now_us)
{
	struct level levels[DEPTH_MAX + 1] = { { .value = object } };
	size_t depth = 1;
	bool in_item = false;	/* the first member of a list's item stands behind its dash */

	while (depth) {
		struct slice key;
		const struct json_value *value = next_of(&levels[depth - 1], &key);
		char name[FIELD_NAME_SIZE] = "";

		if (!value) {
			depth--;
			in_item = false;
			continue;
		}
		if (!in_item)
			buf_add_repeat(out, ' ', (depth - 1) * INDENT);
		in_item = false;
		if (key.ptr) {
			print_key(out, key);
			memcpy(name, key.ptr, key.len < sizeof(name) ? key.len : sizeof(name) - 1);
		} else if (!is_scalar(value) && json_count(value) && depth < DEPTH_MAX) {
			buf_add_lit(out, "- ");
			in_item = true;
			levels[depth++] = (struct level){ .value = value };
			continue;
		} else {
			buf_add_byte(out, '-');
		}
		if (opens_level(out, name, value, depth, now_us))
			levels[depth++] = (struct level){ .value = value };
	}
}
