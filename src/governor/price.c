#include "governor/price.h"

#include "base/ensure.h"

#define TOKENS_PRICED 1000000
#define HOUR_MS (60 * 60 * INT64_C(1000))
#define NANO 1000000000

const char *const token_kind_names[] = {
	[TOKEN_INPUT] = "input",
	[TOKEN_OUTPUT] = "output",
	[TOKEN_CACHE_READ] = "cache_read",
	[TOKEN_CACHE_WRITE] = "cache_write",
};

struct listed {
	const char *model;
	const char *dollars[TOKEN_KIND_COUNT];
	const char *date;
	const char *source;
};

static const struct listed builtin[] = {
#define PRICE(model, input, output, cache_read, cache_write, date, source) \
	{ model, { input, output, cache_read, cache_write }, date, source },
#include "governor/price.def"
#undef PRICE
};
const size_t price_builtin_count = ARRAY_LEN(builtin);

/*
 * Adds count x price / unit, whole nano-dollars to `whole` and the rest, in
 * parts of `unit`, to `rest`. Taken apart so that no product is wider than
 * what is known to fit; parts are below unit^2.
 */
static bool add_product(int64_t count, int64_t price, int64_t unit, int64_t *whole, int64_t *rest)
{
	int64_t units = count / unit, part = count % unit, product;

	if (__builtin_mul_overflow(units, price, &product) ||
	    __builtin_add_overflow(*whole, product, whole) ||
	    __builtin_mul_overflow(part, price / unit, &product) ||
	    __builtin_add_overflow(*whole, product, whole))
		return false;
	*rest += part * (price % unit);
	return true;
}

bool price_of(const struct price *price, const int64_t tokens[TOKEN_KIND_COUNT],
	      int64_t *ret_nanousd)
{
	int64_t whole = 0, rest = 0;

	for (int kind = 0; kind < TOKEN_KIND_COUNT; kind++) {
		int64_t each = price->nanousd_per_million[kind];

		ENSURE(tokens[kind] >= 0);
		if (tokens[kind] == 0)
			continue;
		if (each < 0 || !add_product(tokens[kind], each, TOKENS_PRICED, &whole, &rest))
			return false;
	}
	rest = (rest + TOKENS_PRICED - 1) / TOKENS_PRICED;
	if (__builtin_add_overflow(whole, rest, &whole))
		return false;
	*ret_nanousd = whole;
	return true;
}

int64_t price_of_time(int64_t nanousd_per_hour, int64_t ms)
{
	int64_t whole = 0, rest = 0;

	ENSURE(nanousd_per_hour >= 0 && ms >= 0);
	if (!add_product(ms, nanousd_per_hour, HOUR_MS, &whole, &rest) ||
	    __builtin_add_overflow(whole, (rest + HOUR_MS - 1) / HOUR_MS, &whole))
		return INT64_MAX;
	return whole;
}

/* The table is ours, so a text that is no price is a mistake in it. */
static int64_t nanousd_of(const char *dollars)
{
	struct slice fraction = slice_of_str(dollars);
	struct slice whole = slice_cut(&fraction, '.');
	int64_t units, part = 0, scale = NANO;

	if (slice_is_str(whole, "-"))
		return PRICE_UNKNOWN;
	ENSURE(slice_to_i64(whole, &units) && units >= 0 && units < NANO);
	ENSURE(fraction.len == 0 || (slice_to_i64(fraction, &part) && part >= 0));
	for (size_t i = 0; i < fraction.len; i++)
		scale /= 10;
	return units * NANO + part * scale;
}

struct price_row price_builtin(size_t index)
{
	const struct listed *listed = &builtin[index < ARRAY_LEN(builtin) ? index : 0];
	struct price_row row = {
		.model = slice_of_str(listed->model),
		.date = slice_of_str(listed->date),
		.source = slice_of_str(listed->source),
	};

	ENSURE(index < ARRAY_LEN(builtin));
	for (int kind = 0; kind < TOKEN_KIND_COUNT; kind++)
		row.price.nanousd_per_million[kind] = nanousd_of(listed->dollars[kind]);
	return row;
}

/* -20250514, -2024-08-06 */
static bool ends_with_day(struct slice name, size_t *ret_len)
{
	size_t digits = 0, at = name.len;

	while (at > 0 && digits < 8) {
		char c = name.ptr[--at];

		if (c >= '0' && c <= '9')
			digits++;
		else if (c != '-' || (digits != 2 && digits != 4))
			return false;
	}
	*ret_len = name.len - at;
	return digits == 8 && at > 1 && name.ptr[at - 1] == '-' &&
	       (*ret_len == 8 || *ret_len == 10);
}

struct slice price_model(struct slice reported)
{
	const struct slice latest = SLICE("-latest");
	struct slice rest = reported, name = reported;
	size_t len;

	while (rest.len) {
		name = rest;
		slice_cut(&rest, '/');
	}
	if (ends_with_day(name, &len))
		return slice_head(name, name.len - len - 1);
	if (slice_ends(name, latest) && name.len > latest.len)
		return slice_head(name, name.len - latest.len);
	return name;
}

void price_row_write(const struct price_row *row, struct buf *out)
{
	buf_add_slice(out, row->model);
	for (int kind = 0; kind < TOKEN_KIND_COUNT; kind++) {
		int64_t each = row->price.nanousd_per_million[kind];

		buf_add_byte(out, '\t');
		if (each < 0)
			buf_add_byte(out, '-');
		else
			buf_add_money(out, each);
	}
	buf_add_byte(out, '\t');
	buf_add_slice(out, row->date);
	buf_add_byte(out, '\t');
	buf_add_slice(out, row->source);
	buf_add_byte(out, '\n');
}
