#include "base/rfc3339.h"

#define DECIMALS_MAX 9

/* Cuts `count` digits off the front. */
static bool cut_number(struct slice *text, size_t count, int64_t *ret_value)
{
	int64_t value = 0;

	if (text->len < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		char c = text->ptr[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*text = slice_from(*text, count);
	*ret_value = value;
	return true;
}

static bool cut_byte(struct slice *text, char byte)
{
	if (text->len == 0 || text->ptr[0] != byte)
		return false;
	*text = slice_from(*text, 1);
	return true;
}

/* After the point: microseconds; what is smaller is cut off. */
static bool cut_fraction(struct slice *text, int64_t *ret_us)
{
	int64_t value = 0;
	size_t count = 0;

	while (count < text->len && text->ptr[count] >= '0' && text->ptr[count] <= '9') {
		if (count < 6)
			value = value * 10 + (text->ptr[count] - '0');
		count++;
	}
	if (count == 0 || count > DECIMALS_MAX)
		return false;
	for (size_t i = count; i < 6; i++)
		value *= 10;
	*text = slice_from(*text, count);
	*ret_us = value;
	return true;
}

static bool cut_offset(struct slice *text, int64_t *ret_seconds)
{
	int64_t hours, minutes;
	bool is_west = text->len && text->ptr[0] == '-';

	*ret_seconds = 0;
	if (cut_byte(text, 'Z') || cut_byte(text, 'z'))
		return true;
	if (!cut_byte(text, '-') && !cut_byte(text, '+'))
		return false;
	if (!cut_number(text, 2, &hours) || !cut_byte(text, ':') || !cut_number(text, 2, &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*ret_seconds = (hours * 60 + minutes) * (is_west ? -60 : 60);
	return true;
}

static bool date_is_valid(int64_t year, int64_t month, int64_t day)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leaps = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && leaps);
}

/* The inverse of what buf_add_time does: years begin in March, eras have 400 of them. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month <= 2 ? year - 1 : year;
	int64_t era = shifted / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

bool rfc3339_read(struct slice text, int64_t *ret_us)
{
	int64_t year, month, day, hour, minute, second, fraction = 0, offset;

	if (!cut_number(&text, 4, &year) || !cut_byte(&text, '-') ||
	    !cut_number(&text, 2, &month) || !cut_byte(&text, '-') ||
	    !cut_number(&text, 2, &day) || !date_is_valid(year, month, day))
		return false;
	if (!cut_byte(&text, 'T') && !cut_byte(&text, 't') && !cut_byte(&text, ' '))
		return false;
	if (!cut_number(&text, 2, &hour) || !cut_byte(&text, ':') ||
	    !cut_number(&text, 2, &minute) || !cut_byte(&text, ':') ||
	    !cut_number(&text, 2, &second) || hour > 23 || minute > 59 || second > 60)
		return false;
	if (cut_byte(&text, '.') && !cut_fraction(&text, &fraction))
		return false;
	if (!cut_offset(&text, &offset) || text.len)
		return false;
	second += days_of_date(year, month, day) * 86400 + hour * 3600 + minute * 60 - offset;
	*ret_us = second * 1000000 + fraction;
	return true;
}
