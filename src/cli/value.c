#include "cli/value.h"

#include <string.h>

#include "base/rfc3339.h"
#include "document/amount.h"
#include "document/json.h"
#include "fabric/limit.h"
#include "sys/clock.h"
#include "sys/files.h"

#define MS_PER_SECOND 1000
#define MS_PER_MINUTE 60000
#define MS_PER_HOUR 3600000
#define MS_PER_DAY 86400000
#define NANOUSD_PER_USD INT64_C(1000000000)
#define DURATION_DIGITS_MAX 12		/* of one number: more is no time that anybody waits */
#define STDIN_NAME "-"
/* A text of more room than a line may come from a file; a title that begins with @ is a title. */
#define LINE_BYTES_MAX 1024

static const struct unit {
	const char *name;
	int64_t ms;
} units[] = {
	{ "ms", 1 }, { "s", MS_PER_SECOND }, { "sec", MS_PER_SECOND }, { "m", MS_PER_MINUTE },
	{ "min", MS_PER_MINUTE }, { "h", MS_PER_HOUR }, { "d", MS_PER_DAY },
	{ "w", 7 * (int64_t)MS_PER_DAY },
};

static size_t run_of(struct slice text, char first, char last)
{
	size_t len = 0;

	while (len < text.len && text.ptr[len] >= first && text.ptr[len] <= last)
		len++;
	return len;
}

/* One number with its unit off the front: 1.5h, 30s. */
static bool cut_duration(struct slice *text, int64_t *ret_ms)
{
	size_t whole = run_of(*text, '0', '9');
	struct slice rest = slice_from(*text, whole);
	int64_t number, tenths = 0;
	size_t letters;

	if (whole == 0 || whole > DURATION_DIGITS_MAX ||
	    !slice_to_i64(slice_head(*text, whole), &number))
		return false;
	if (rest.len > 1 && rest.ptr[0] == '.' && run_of(slice_from(rest, 1), '0', '9') == 1) {
		tenths = rest.ptr[1] - '0';
		rest = slice_from(rest, 2);
	}
	letters = run_of(rest, 'a', 'z');
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		int64_t ms = units[i].ms;

		if (!slice_is_str(slice_head(rest, letters), units[i].name))
			continue;
		if (__builtin_mul_overflow(number, ms, &number))
			return false;
		*ret_ms = number + tenths * ms / 10;
		*text = slice_trim(slice_from(rest, letters));
		return true;
	}
	return false;
}

bool duration_read(struct slice text, int64_t *ret_ms)
{
	int64_t total = 0, part;

	text = slice_trim(text);
	if (slice_is_str(text, "0")) {
		*ret_ms = 0;
		return true;
	}
	if (text.len == 0)
		return false;
	while (text.len)
		if (!cut_duration(&text, &part) || __builtin_add_overflow(total, part, &total))
			return false;
	*ret_ms = total;
	return true;
}

static void write_two(struct buf *out, int64_t high, const char *high_unit, int64_t low,
		      const char *low_unit)
{
	buf_add_i64(out, high);
	buf_add_str(out, high_unit);
	if (low == 0)
		return;
	buf_add_byte(out, ' ');
	buf_add_i64(out, low);
	buf_add_str(out, low_unit);
}

void duration_write(struct buf *out, int64_t ms)
{
	int64_t s;

	if (ms < 0) {
		buf_add_byte(out, '-');
		ms = ms == INT64_MIN ? INT64_MAX : -ms;
	}
	s = ms / MS_PER_SECOND;
	if (ms < 10 * MS_PER_SECOND && ms % MS_PER_SECOND) {
		if (ms >= MS_PER_SECOND) {
			buf_add_i64(out, s);
			buf_add_byte(out, '.');
			buf_add_i64(out, ms % MS_PER_SECOND / 100);
			buf_add_lit(out, " s");
		} else {
			buf_add_i64(out, ms);
			buf_add_lit(out, " ms");
		}
	} else if (s < 60) {
		buf_add_i64(out, s);
		buf_add_lit(out, " s");
	} else if (s < 3600) {
		write_two(out, s / 60, " min", s % 60, " s");
	} else if (s < 86400) {
		write_two(out, s / 3600, " h", s % 3600 / 60, " min");
	} else {
		write_two(out, s / 86400, " d", s % 86400 / 3600, " h");
	}
}

void duration_write_us(struct buf *out, int64_t us)
{
	if (us < 0 || us >= 10000) {
		duration_write(out, us / 1000);
		return;
	}
	buf_add_i64(out, us / 1000);
	buf_add_byte(out, '.');
	buf_add_i64(out, us % 1000 / 100);
	buf_add_lit(out, " ms");
}

bool moment_read(struct slice text, int64_t now_us, int64_t *ret_us)
{
	bool is_past = slice_starts(text, SLICE("-"));
	int64_t ms;

	if (slice_is_str(text, "now")) {
		*ret_us = now_us;
		return true;
	}
	if (rfc3339_read(text, ret_us))
		return true;
	if (is_past || slice_starts(text, SLICE("+"))) {
		if (!duration_read(slice_from(text, 1), &ms) || ms > LIMIT_DELAY_MOST_MS * 100)
			return false;
		*ret_us = now_us + (is_past ? -ms : ms) * 1000;
		return true;
	}
	return slice_to_i64(text, ret_us) && *ret_us >= 0;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool may_come_from_file(const struct field *field)
{
	return field->kind == FIELD_JSON || (field->kind == FIELD_TEXT && field->max > LINE_BYTES_MAX);
}

/*
 * @file and - stand for a content; @@ is a text that begins with @. One line
 * end is dropped: editors and echo put it there.
 */
static enum err read_content(struct slice text, const struct field *field, struct arena *arena,
			     struct slice *ret_text, struct buf *detail)
{
	struct buf content = { 0 };
	struct slice whole;
	enum err err;

	if (slice_is_str(text, STDIN_NAME)) {
		err = file_read_fd(0, (size_t)field->max + 2, &content);
		if (err != OK)
			file_describe(detail, "read", "standard input");
	} else {
		const char *path = arena_copy(arena, slice_from(text, 1)).ptr;

		err = file_read(path, (size_t)field->max + 2, &content);
		if (err != OK)
			file_describe(detail, "read", path);
	}
	if (err == ERR_LIMIT_EXCEEDED) {
		buf_clear(detail);
		buf_add_lit(detail, "the content is longer than ");
		buf_add_i64(detail, field->max);
		buf_add_lit(detail, " bytes");
	}
	whole = buf_slice(&content);
	if (slice_ends(whole, SLICE("\n")))
		whole.len--;
	*ret_text = arena_copy(arena, whole);
	buf_finish(&content);
	return err == ERR_OS ? ERR_USAGE : err;
}

static enum err check_json(struct slice text, const struct field *field, struct buf *detail)
{
	const struct json_limits limits = {
		(size_t)field->max, JSON_READ_DEPTH_MAX, (size_t)field->max,
	};
	struct json_value *root;
	struct json_fault fault = { 0 };
	enum err err = json_parse(text, &limits, &root, &fault);

	if (err == OK) {
		json_free(root);
		return OK;
	}
	buf_add_lit(detail, "is not JSON: ");
	buf_add_str(detail, fault.text);
	if (err == ERR_JSON_SYNTAX && fault.line) {
		buf_add_lit(detail, " (line ");
		buf_add_i64(detail, fault.line);
		buf_add_lit(detail, ", column ");
		buf_add_i64(detail, fault.column);
		buf_add_lit(detail, ")");
	}
	return err == ERR_JSON_SYNTAX ? ERR_ARGUMENT_TYPE : err;
}

static enum err take_text(struct value *value, const struct field *field, struct slice text,
			  struct arena *arena, struct buf *detail)
{
	enum err err = OK;

	if (may_come_from_file(field) && slice_starts(text, SLICE("@@")))
		text = slice_from(text, 1);
	else if (may_come_from_file(field) &&
		 (slice_starts(text, SLICE("@")) || slice_is_str(text, STDIN_NAME)))
		err = read_content(text, field, arena, &text, detail);
	if (err == OK && field->kind == FIELD_JSON)
		err = check_json(text, field, detail);
	value->text = arena_copy(arena, text);
	return err;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static enum err refuse(struct buf *detail, struct slice text, const char *what)
{
	buf_add_byte(detail, '"');
	buf_add_slice(detail, text);
	buf_add_lit(detail, "\" is not ");
	buf_add_str(detail, what);
	return ERR_ARGUMENT_TYPE;
}

static enum err take_enum(struct value *value, const struct field *field, struct slice text,
			  struct buf *detail)
{
	for (int64_t i = 0; i <= field->max; i++)
		if (slice_is_str(text, field->names[i])) {
			value->number = i;
			return OK;
		}
	refuse(detail, text, "one of");
	for (int64_t i = 0; i <= field->max; i++) {
		buf_add_str(detail, i ? ", " : " ");
		buf_add_str(detail, field->names[i]);
	}
	return ERR_ARGUMENT_RANGE;
}

static enum err take_bool(struct value *value, struct slice text, struct buf *detail)
{
	bool is_true = slice_is_str(text, "true") || slice_is_str(text, "yes");

	if (!is_true && !slice_is_str(text, "false") && !slice_is_str(text, "no"))
		return refuse(detail, text, "true or false");
	value->number = is_true;
	return OK;
}

static enum err take_number(struct value *value, const struct field *field, bool takes_unit,
			    struct slice text, struct buf *detail)
{
	switch (field->kind) {
	case FIELD_BOOL:
		return take_bool(value, text, detail);
	case FIELD_ENUM:
		return take_enum(value, field, text, detail);
	case FIELD_TIME:
		return moment_read(text, clock_wall_us(), &value->number) ? OK :
			refuse(detail, text, "a time such as 2026-11-22T18:00:00Z, +2h or -30m");
	case FIELD_MONEY:
		return amount_of_money(text, &value->number) ? OK :
			refuse(detail, text, "an amount of dollars such as 1.50");
	case FIELD_RATIO:
		return amount_of_ratio(text, &value->number) ? OK :
			refuse(detail, text, "a ratio such as 0.7 or 70%");
	case FIELD_INT:
	case FIELD_ID:
	case FIELD_TEXT:
	case FIELD_JSON:
	case FIELD_IDS:
	case FIELD_TEXTS:
	case FIELD_CAPS:
	case FIELD_PATHS:
	default:
		break;
	}
	/* What tokens and names in DNS live is told in seconds everywhere else. */
	if (takes_unit && strcmp(field->name, "ttl_ms") == 0 && slice_to_i64(text, &value->number))
		return __builtin_mul_overflow(value->number, MS_PER_SECOND, &value->number) ?
			       refuse(detail, text, "a number of seconds") : OK;
	if (takes_unit)
		return duration_read(text, &value->number) ? OK :
			refuse(detail, text, "a duration with its unit, such as 500ms, 50s or 2m");
	return slice_to_i64(text, &value->number) ? OK : refuse(detail, text, "a whole number");
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void append(struct value *value, struct slice item, struct arena *arena)
{
	struct slice *items = arena_zero(arena, value->list.count + 1, sizeof(*items));

	if (value->list.count)
		memcpy(items, value->list.items, value->list.count * sizeof(*items));
	items[value->list.count] = arena_copy(arena, item);
	value->list = (struct slice_list){ items, value->list.count + 1 };
}

/* Arguments of a command may hold commas; names may not. An empty text is an empty list. */
static void take_items(struct value *value, const struct field *field, struct slice text,
		       struct arena *arena)
{
	if (field->kind == FIELD_TEXTS) {
		append(value, text, arena);
		return;
	}
	while (text.len) {
		struct slice item = slice_trim(slice_cut(&text, ','));

		if (item.len)
			append(value, item, arena);
	}
}

/* ---- all of them ----------------------------------------------------------------------------- */

enum err value_add(struct value *value, const struct field *field, bool takes_unit,
		   struct slice text, struct arena *arena, struct buf *detail)
{
	if (value->is_given && !field_is_list(field->kind)) {
		buf_add_lit(detail, "is given twice");
		return ERR_USAGE;
	}
	value->is_given = true;
	if (field_is_number(field->kind))
		return take_number(value, field, takes_unit, text, detail);
	if (!field_is_list(field->kind))
		return take_text(value, field, text, arena, detail);
	take_items(value, field, text, arena);
	return OK;
}

enum err value_check(const struct value *value, const struct field *field, struct buf *detail)
{
	struct field alone = *field;

	if (!value->is_given)
		return OK;
	alone.offset = 0;
	if (field_is_number(field->kind))
		return field_check(&alone, &value->number, detail);
	if (field_is_list(field->kind))
		return field_check(&alone, &value->list, detail);
	return field_check(&alone, &value->text, detail);
}

/* From where a number with a fraction is not exact any more, readers take a text. */
static void write_money(struct json_writer *json, int64_t nanousd)
{
	struct buf text = { 0 };

	if (nanousd / NANOUSD_PER_USD < JSON_MONEY_REAL_MAX) {
		json_money(json, nanousd);
		return;
	}
	buf_add_money(&text, nanousd);
	json_text(json, buf_slice(&text));
	buf_finish(&text);
}

void value_write(const struct value *value, const struct field *field, struct json_writer *json)
{
	json_key(json, field->name);
	switch (field->kind) {
	case FIELD_BOOL:
		json_bool(json, value->number != 0);
		break;
	case FIELD_ENUM:
		json_str(json, field->names[value->number]);
		break;
	case FIELD_TIME:
		json_time(json, value->number);
		break;
	case FIELD_MONEY:
		write_money(json, value->number);
		break;
	case FIELD_RATIO:
		json_ratio(json, value->number);
		break;
	case FIELD_INT:
		json_i64(json, value->number);
		break;
	case FIELD_JSON:
		json_raw(json, value->text);
		break;
	case FIELD_IDS:
	case FIELD_TEXTS:
	case FIELD_CAPS:
	case FIELD_PATHS:
		json_texts(json, value->list);
		break;
	case FIELD_ID:
	case FIELD_TEXT:
	default:
		json_text(json, value->text);
	}
}
