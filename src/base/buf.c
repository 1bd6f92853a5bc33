#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"

void buf_finish(struct buf *buf)
{
	free(buf->ptr);
	*buf = (struct buf){ 0 };
}

char *buf_grow(struct buf *buf, size_t len)
{
	buf->ptr = alloc_grow(buf->ptr, &buf->capacity, buf->len + len + 64, 1);
	return buf->ptr + buf->len;
}

void buf_add_repeat(struct buf *buf, char byte, size_t count)
{
	memset(buf_reserve(buf, count), byte, count);
	buf->len += count;
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buf_add(buf, digits + at, sizeof(digits) - at);
}

void buf_add_i64(struct buf *buf, int64_t value)
{
	if (value < 0)
		buf_add_byte(buf, '-');
	buf_add_u64(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void buf_add_hex(struct buf *buf, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *byte = bytes;
	char *out = buf_reserve(buf, 2 * len);

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[byte[i] >> 4];
		out[2 * i + 1] = digits[byte[i] & 15];
	}
	buf->len += 2 * len;
}

static void put_digits(char *at, int64_t value, int count)
{
	while (count-- > 0) {
		at[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* Two digits of a number below 100. */
static void put_pair(char *at, unsigned value)
{
	at[0] = (char)('0' + value / 10);
	at[1] = (char)('0' + value % 10);
}

/*
 * Days since 1970-01-01 to a civil date, by counting eras of 400 years of
 * 146,097 days that begin on the first of March, so that the leap day is
 * the last of its year.
 */
static void civil_of_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * day_of_year + 2) / 153;

	*ret_day = day_of_year - (153 * march_month + 2) / 5 + 1;
	*ret_month = march_month < 10 ? march_month + 3 : march_month - 9;
	*ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

void buf_add_time(struct buf *buf, int64_t at_us)
{
	char text[] = "0000-00-00T00:00:00.000000Z";
	int64_t micros = at_us % 1000000;
	int64_t seconds = at_us / 1000000;
	int64_t days, year, month, day;
	unsigned second, micro;

	if (micros < 0) {
		micros += 1000000;
		seconds--;
	}
	days = seconds / 86400 - (seconds % 86400 < 0);
	second = (unsigned)(seconds - days * 86400);
	micro = (unsigned)micros;
	civil_of_days(days, &year, &month, &day);
	put_digits(text, year, 4);
	put_pair(text + 5, (unsigned)month);
	put_pair(text + 8, (unsigned)day);
	put_pair(text + 11, second / 3600);
	put_pair(text + 14, second / 60 % 60);
	put_pair(text + 17, second % 60);
	put_pair(text + 20, micro / 10000);
	put_pair(text + 22, micro / 100 % 100);
	put_pair(text + 24, micro % 100);
	buf_add(buf, text, sizeof(text) - 1);
}

static void add_decimal(struct buf *buf, int64_t value, uint64_t unit, int decimals, int least)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[20];
	int shown = decimals;

	if (value < 0)
		buf_add_byte(buf, '-');
	buf_add_u64(buf, magnitude / unit);
	put_digits(digits, (int64_t)(magnitude % unit), decimals);
	while (shown > least && digits[shown - 1] == '0')
		shown--;
	buf_add_byte(buf, '.');
	buf_add(buf, digits, (size_t)shown);
}

void buf_add_money(struct buf *buf, int64_t nanousd)
{
	add_decimal(buf, nanousd, 1000000000, 9, 2);
}

void buf_add_ratio(struct buf *buf, int64_t ppm)
{
	add_decimal(buf, ppm, 1000000, 6, 1);
}

void buf_drop(struct buf *buf, size_t len)
{
	ENSURE(len <= buf->len);
	buf->len -= len;
	if (buf->len)
		memmove(buf->ptr, buf->ptr + len, buf->len);
}

char *buf_str(struct buf *buf)
{
	*buf_reserve(buf, 1) = '\0';
	return buf->ptr;
}
