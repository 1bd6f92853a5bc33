#include "document/amount.h"

#include "base/ensure.h"

#define NANO 1000000000
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
