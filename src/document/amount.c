#include "document/amount.h"

#include "base/ensure.h"

#define NANO 1000000000
#define PPM 1000000
#define DECIMALS_MAX 9
#define HOUR_MS (60 * 60 * INT64_C(1000))

static bool byte_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Up to nine digits behind the point, as billionths; further ones must be zero. */
static bool fraction_of(struct slice digits, int64_t *ret_nano)
{
	int64_t nano = 0;

	if (digits.len == 0)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (!byte_is_digit(digits.ptr[i]) || (i >= DECIMALS_MAX && digits.ptr[i] != '0'))
			return false;
		if (i < DECIMALS_MAX)
			nano = nano * 10 + (digits.ptr[i] - '0');
	}
	for (size_t i = digits.len; i < DECIMALS_MAX; i++)
		nano *= 10;
	*ret_nano = nano;
	return true;
}

bool amount_of_decimal(struct slice text, int64_t *ret_nano)
{
	bool negative = text.len && text.ptr[0] == '-';
	bool has_point = slice_find_byte(text, '.') >= 0;
	struct slice fraction = negative ? slice_from(text, 1) : text;
	struct slice whole = slice_cut(&fraction, '.');
	int64_t units = 0, nano = 0, sum;

	if ((whole.len == 0 && !has_point) || (whole.len && !byte_is_digit(whole.ptr[0])))
		return false;
	if (whole.len && !slice_to_i64(whole, &units))
		return false;
	if (has_point && !fraction_of(fraction, &nano))
		return false;
	if (__builtin_mul_overflow(units, NANO, &sum) || __builtin_add_overflow(sum, nano, &sum))
		return false;
	*ret_nano = negative ? -sum : sum;
	return true;
}

bool amount_of_ratio(struct slice text, int64_t *ret_ppm)
{
	int64_t nano, unit = NANO / PPM;

	if (slice_ends(text, SLICE("%"))) {
		text = slice_trim(slice_head(text, text.len - 1));
		unit *= 100;
	}
	if (!amount_of_decimal(text, &nano) || nano % unit)
		return false;
	*ret_ppm = nano / unit;
	return true;
}

struct word {
	const char *text;
	int64_t value;
};

/* Longer words first: the first that starts the text is taken. */
static const struct word time_units[] = {
	{ "milliseconds", 1 },	     { "millisecond", 1 },	{ "msecs", 1 },
	{ "msec", 1 },		     { "ms", 1 },		{ "minutes", 60000 },
	{ "minute", 60000 },	     { "mins", 60000 },		{ "min", 60000 },
	{ "m", 60000 },		     { "seconds", 1000 },	{ "second", 1000 },
	{ "secs", 1000 },	     { "sec", 1000 },		{ "s", 1000 },
	{ "hours", HOUR_MS },	     { "hour", HOUR_MS },	{ "hrs", HOUR_MS },
	{ "hr", HOUR_MS },	     { "h", HOUR_MS },		{ "days", 8 * HOUR_MS },
	{ "day", 8 * HOUR_MS },	     { "d", 8 * HOUR_MS },	{ "weeks", 40 * HOUR_MS },
	{ "week", 40 * HOUR_MS },    { "wks", 40 * HOUR_MS },	{ "wk", 40 * HOUR_MS },
	{ "w", 40 * HOUR_MS },
};
static const struct word size_units[] = {
	{ "bytes", 1 },		{ "byte", 1 },
	{ "kib", 1 << 10 },	{ "mib", 1 << 20 },
	{ "gib", 1 << 30 },	{ "b", 1 },
};
static const struct word currencies[] = {
	{ "us$", 1 },	  { "usd", 1 },	   { "us dollars", 1 },
	{ "dollars", 1 }, { "dollar", 1 }, { "$", 1 },
};
static const struct word range_marks[] = {
	{ "to", 1 },  { "\xe2\x80\x93", 1 }, { "\xe2\x80\x94", 1 },
	{ "...", 1 }, { "..", 1 },	      { "-", 1 },
};
static const struct word approximations[] = {
	{ "~", 1 },	   { "\xe2\x89\x88", 1 }, { "<=", 1 },	   { "\xe2\x89\xa4", 1 },
	{ "<", 1 },	   { "about", 1 },	  { "ca.", 1 },	   { "approx.", 1 },
	{ "up to", 1 },
};

/* Cuts the first word of the list that starts the text, case ignored. 0 when none does. */
static int64_t cut_word(struct slice *text, const struct word *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slice word = slice_of_str(words[i].text);

		if (text->len >= word.len && slice_is_nocase(slice_head(*text, word.len), word)) {
			*text = slice_trim(slice_from(*text, word.len));
			return words[i].value;
		}
	}
	return 0;
}

/*
 * Cuts a number off: digits, commas between groups of three, a point. Any
 * other comma may be a decimal one, and guessing would be wrong by 1,000.
 */
static bool cut_number(struct slice *text, int64_t *ret_nano)
{
	char digits[40];
	size_t len = 0, at = 0, group = 0;
	bool grouped = false, point = false;

	for (; at < text->len && len < sizeof(digits); at++) {
		char c = text->ptr[at];

		if (c == ',') {
			if (point || (grouped && group != 3) || len == 0)
				return false;
			grouped = true;
			group = 0;
			continue;
		}
		/* Two points are a range: 2..3h. */
		if (c == '.' && (point || (at + 1 < text->len && text->ptr[at + 1] == '.')))
			break;
		if (c != '.' && !byte_is_digit(c))
			break;
		if (c == '.' && grouped && group != 3)
			return false;
		point = point || c == '.';
		group += !point;
		digits[len++] = c;
	}
	if ((grouped && !point && group != 3) || !amount_of_decimal(slice_of(digits, len), ret_nano))
		return false;
	*text = slice_trim(slice_from(*text, at));
	return true;
}

/* How often a text may go on; "1w 2d 3h 4m 5s" to the same again is the longest that makes sense. */
#define PARTS_MAX 16

bool amount_of_money(struct slice text, int64_t *ret_nanousd)
{
	int64_t value = -1, low = -1;
	bool range = false;

	text = slice_trim(text);
	cut_word(&text, approximations, ARRAY_LEN(approximations));
	for (int part = 0; part < PARTS_MAX && text.len; part++) {
		if (cut_word(&text, currencies, ARRAY_LEN(currencies)))
			continue;
		if (value >= 0 && !range &&
		    cut_word(&text, range_marks, ARRAY_LEN(range_marks))) {
			range = true;
			low = value;
			value = -1;
			continue;
		}
		if (value >= 0 || !cut_number(&text, &value))
			return false;
	}
	if (text.len || value < 0 || value < low)
		return false;
	*ret_nanousd = value;
	return true;
}

bool amount_is_money(struct slice text)
{
	text = slice_trim(text);
	cut_word(&text, approximations, ARRAY_LEN(approximations));
	if (cut_word(&text, currencies, ARRAY_LEN(currencies)))
		return true;
	while (text.len && (byte_is_digit(text.ptr[0]) || text.ptr[0] == '.' || text.ptr[0] == ',' ||
			    text.ptr[0] == '-' || text.ptr[0] == ' '))
		text = slice_from(text, 1);
	return cut_word(&text, currencies, ARRAY_LEN(currencies)) != 0;
}

/* Adds nano x unit milliseconds. */
static bool add_time(int64_t *sum_ms, int64_t nano, int64_t unit_ms)
{
	int64_t whole;

	return !__builtin_mul_overflow(nano / NANO, unit_ms, &whole) &&
	       !__builtin_add_overflow(*sum_ms, whole, sum_ms) &&
	       !__builtin_add_overflow(*sum_ms, nano % NANO * unit_ms / NANO, sum_ms);
}

/* A working day has eight hours, one of the clock 24; weeks likewise. */
static int64_t unit_of_clock(int64_t unit_ms)
{
	if (unit_ms == 8 * HOUR_MS)
		return 24 * HOUR_MS;
	return unit_ms == 40 * HOUR_MS ? 7 * 24 * HOUR_MS : unit_ms;
}

bool amount_of_duration(struct slice text, int64_t *ret_ms)
{
	int64_t sum_ms = 0;

	text = slice_trim(text);
	if (text.len == 0)
		return false;
	for (int part = 0; part < PARTS_MAX && text.len; part++) {
		int64_t nano, unit_ms;

		if (!cut_number(&text, &nano) || nano < 0)
			return false;
		unit_ms = cut_word(&text, time_units, ARRAY_LEN(time_units));
		if (unit_ms == 0 || !add_time(&sum_ms, nano, unit_of_clock(unit_ms)))
			return false;
	}
	if (text.len)
		return false;
	*ret_ms = sum_ms;
	return true;
}

bool amount_of_time(struct slice text, int64_t *ret_ms)
{
	int64_t sum_ms = 0, nano = -1;
	bool range = false, said = false;

	text = slice_trim(text);
	cut_word(&text, approximations, ARRAY_LEN(approximations));
	for (int part = 0; part < PARTS_MAX && text.len; part++) {
		int64_t unit_ms;

		if (!range && (said || nano >= 0) &&
		    cut_word(&text, range_marks, ARRAY_LEN(range_marks))) {
			range = true;	/* the lower end does not count */
			said = false;
			sum_ms = 0;
			nano = -1;
			continue;
		}
		if (nano < 0) {
			if (!cut_number(&text, &nano) || nano < 0)
				return false;
			continue;
		}
		unit_ms = cut_word(&text, time_units, ARRAY_LEN(time_units));
		if (unit_ms == 0 || !add_time(&sum_ms, nano, unit_ms))
			return false;
		nano = -1;
		said = true;
	}
	if (text.len || nano >= 0 || !said)
		return false;
	*ret_ms = sum_ms;
	return true;
}

bool amount_of_size(struct slice text, int64_t *ret_bytes)
{
	int64_t nano, unit, whole, part;

	text = slice_trim(text);
	if (!cut_number(&text, &nano) || nano < 0)
		return false;
	unit = cut_word(&text, size_units, ARRAY_LEN(size_units));
	if (unit == 0 || text.len || __builtin_mul_overflow(nano / NANO, unit, &whole))
		return false;
	part = nano % NANO * unit;
	if (part % NANO || __builtin_add_overflow(whole, part / NANO, &whole))
		return false;
	*ret_bytes = whole;
	return true;
}
