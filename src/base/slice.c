#include "base/slice.h"

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool ascii_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool slice_is_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return false;
	return true;
}

bool slice_starts(struct slice whole, struct slice start)
{
	return whole.len >= start.len && slice_is(slice_head(whole, start.len), start);
}

bool slice_ends(struct slice whole, struct slice end)
{
	return whole.len >= end.len && slice_is(slice_from(whole, whole.len - end.len), end);
}

int slice_compare(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.ptr, b.ptr, len) : 0;

	if (order == 0)
		order = (a.len > b.len) - (a.len < b.len);
	return (order > 0) - (order < 0);
}

ptrdiff_t slice_find(struct slice whole, struct slice needle)
{
	if (needle.len == 0)
		return 0;
	for (size_t at = 0; at + needle.len <= whole.len; at++)
		if (memcmp(whole.ptr + at, needle.ptr, needle.len) == 0)
			return (ptrdiff_t)at;
	return -1;
}

ptrdiff_t slice_find_byte(struct slice whole, char byte)
{
	const char *found = whole.len ? memchr(whole.ptr, byte, whole.len) : NULL;

	return found ? found - whole.ptr : -1;
}

struct slice slice_trim(struct slice whole)
{
	while (whole.len && ascii_is_space(whole.ptr[0]))
		whole = slice_from(whole, 1);
	while (whole.len && ascii_is_space(whole.ptr[whole.len - 1]))
		whole.len--;
	return whole;
}

struct slice slice_cut(struct slice *rest, char separator)
{
	ptrdiff_t at = slice_find_byte(*rest, separator);
	struct slice head = *rest;

	if (at < 0) {
		*rest = SLICE_EMPTY;
		return head;
	}
	head.len = (size_t)at;
	*rest = slice_from(*rest, (size_t)at + 1);
	return head;
}

bool slice_to_i64(struct slice text, int64_t *ret_value)
{
	bool negative = text.len && text.ptr[0] == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	uint64_t value = 0;

	if (negative)
		text = slice_from(text, 1);
	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)text.ptr[i] - '0';

		if (digit > 9 || value > (limit - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

bool slice_list_has(struct slice_list list, struct slice item)
{
	for (size_t i = 0; i < list.count; i++)
		if (slice_is(list.items[i], item))
			return true;
	return false;
}
