#include "base/text.h"

bool id_is_valid(struct slice id)
{
	if (id.len == 0 || id.len > ID_BYTES_MAX || slice_is(id, SLICE("-")))
		return false;
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool digit = c >= '0' && c <= '9';
		bool mark = c == '.' || c == '_' || c == ':' || c == '@' || c == '-';

		if (!letter && !digit && !mark)
			return false;
	}
	return true;
}

/* Length and lowest code point by the number of leading ones of the first byte (RFC 3629). */
size_t text_decode(struct slice text, uint32_t *ret_code_point)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text.ptr;
	size_t len = byte[0] < 0x80 ? 1 : byte[0] >> 5 == 6 ? 2 : byte[0] >> 4 == 14 ? 3 :
		     byte[0] >> 3 == 30 ? 4 : 0;
	uint32_t code_point;

	if (len == 0 || len > text.len)
		return 0;
	code_point = len == 1 ? byte[0] : byte[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		code_point = code_point << 6 | (byte[i] & 0x3f);
	}
	if (code_point < lowest[len] || code_point > 0x10ffff ||
	    (code_point >= 0xd800 && code_point <= 0xdfff))
		return 0;
	*ret_code_point = code_point;
	return len;
}

size_t text_encode(uint32_t code_point, char ret_bytes[4])
{
	size_t len = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;

	if (len == 1) {
		ret_bytes[0] = (char)code_point;
		return 1;
	}
	for (size_t i = len - 1; i > 0; i--) {
		ret_bytes[i] = (char)(0x80 | (code_point & 0x3f));
		code_point >>= 6;
	}
	ret_bytes[0] = (char)((0xf00U >> len & 0xf0) | code_point);
	return len;
}

bool text_is_valid(struct slice text)
{
	size_t at = 0;

	while (at < text.len) {
		uint32_t code_point;
		size_t len;

		if (text.ptr[at] > 0) {	/* ASCII, the common case */
			at++;
			continue;
		}
		len = text_decode(slice_from(text, at), &code_point);
		if (len == 0 || code_point == 0)
			return false;
		at += len;
	}
	return true;
}

size_t text_distance(struct slice a, struct slice b)
{
	size_t row[TEXT_DISTANCE_BYTES_MAX + 1];

	if (a.len > TEXT_DISTANCE_BYTES_MAX || b.len > TEXT_DISTANCE_BYTES_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b.len; j++) {
			size_t best = diagonal + (a.ptr[i] != b.ptr[j]);

			diagonal = row[j + 1];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[b.len];
}
