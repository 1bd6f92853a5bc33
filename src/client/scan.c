#include "client/scan.h"

#include "base/ensure.h"
#include "base/text.h"

static bool byte_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool byte_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip_space(struct slice *rest)
{
	size_t at = 0;

	while (at < rest->len && byte_is_space(rest->ptr[at]))
		at++;
	*rest = slice_from(*rest, at);
}

static bool cut_byte(struct slice *rest, char byte)
{
	if (rest->len == 0 || rest->ptr[0] != byte)
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

static bool cut_string(struct slice *rest, struct slice *ret_inside)
{
	for (size_t at = 1; at < rest->len && rest->ptr[0] == '"'; at++) {
		char c = rest->ptr[at];

		if ((unsigned char)c < 0x20)
			return false;
		if (c == '\\') {
			at++;
		} else if (c == '"') {
			*ret_inside = slice_of(rest->ptr + 1, at - 1);
			*rest = slice_from(*rest, at + 1);
			return true;
		}
	}
	return false;
}

static size_t digits_at(struct slice text, size_t at)
{
	size_t count = 0;

	while (at + count < text.len && byte_is_digit(text.ptr[at + count]))
		count++;
	return count;
}

/* Length of the number at the front, 0 when there is none. */
static size_t number_len(struct slice text)
{
	size_t at = text.len && text.ptr[0] == '-';
	size_t count = digits_at(text, at);

	if (count == 0 || (count > 1 && text.ptr[at] == '0'))
		return 0;
	at += count;
	if (at < text.len && text.ptr[at] == '.') {
		count = digits_at(text, at + 1);
		if (count == 0)
			return 0;
		at += 1 + count;
	}
	if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
		at++;
		at += at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+');
		count = digits_at(text, at);
		if (count == 0)
			return 0;
		at += count;
	}
	return at;
}

/* A value that is no list and no object. */
static bool skip_scalar(struct slice *rest)
{
	static const struct slice words[] = {
		{ "true", 4 }, { "false", 5 }, { "null", 4 },
	};
	struct slice inside;
	size_t len;

	if (rest->len && rest->ptr[0] == '"')
		return cut_string(rest, &inside);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_starts(*rest, words[i])) {
			*rest = slice_from(*rest, words[i].len);
			return true;
		}
	len = number_len(*rest);
	*rest = slice_from(*rest, len);
	return len > 0;
}

/* Inside an object: the next member's name and its colon. */
static bool skip_key(struct slice *rest)
{
	struct slice key;

	skip_space(rest);
	if (!cut_string(rest, &key))
		return false;
	skip_space(rest);
	return cut_byte(rest, ':');
}

/* Steps over one value. `open` holds the brackets that are to be closed, outermost first. */
static bool skip_value(struct slice *rest)
{
	char open[SCAN_DEPTH_MAX];
	size_t depth = 0;

	for (;;) {
		bool opened;

		skip_space(rest);
		if (rest->len == 0)
			return false;
		opened = rest->ptr[0] == '{' || rest->ptr[0] == '[';
		if (opened) {
			if (depth == SCAN_DEPTH_MAX)
				return false;
			open[depth++] = rest->ptr[0] == '{' ? '}' : ']';
			*rest = slice_from(*rest, 1);
			skip_space(rest);
			if (rest->len && rest->ptr[0] != open[depth - 1]) {
				if (open[depth - 1] == '}' && !skip_key(rest))
					return false;
				continue;
			}
		} else if (!skip_scalar(rest)) {
			return false;
		}
		/* A value has ended: what it stands in goes on, or ends too. */
		skip_space(rest);
		while (depth && cut_byte(rest, open[depth - 1])) {
			depth--;
			skip_space(rest);
		}
		if (depth == 0)
			return true;
		if (!cut_byte(rest, ',') || (open[depth - 1] == '}' && !skip_key(rest)))
			return false;
	}
}

bool scan_is_object(struct slice text)
{
	skip_space(&text);
	return text.len && text.ptr[0] == '{' && skip_value(&text) && text.len == 0;
}

struct scan scan_begin(struct slice text)
{
	struct scan scan = { .rest = text, .is_first = true };

	skip_space(&scan.rest);
	if (cut_byte(&scan.rest, '{'))
		scan.end = '}';
	else if (cut_byte(&scan.rest, '['))
		scan.end = ']';
	return scan;
}

static bool next_of(struct scan *scan)
{
	struct slice from;

	skip_space(&scan->rest);
	if (scan->end == 0 || cut_byte(&scan->rest, scan->end))
		return false;
	if (!scan->is_first && !cut_byte(&scan->rest, ','))
		return false;
	scan->is_first = false;
	skip_space(&scan->rest);
	scan->key = SLICE_EMPTY;
	if (scan->end == '}') {
		if (!cut_string(&scan->rest, &scan->key))
			return false;
		skip_space(&scan->rest);
		if (!cut_byte(&scan->rest, ':'))
			return false;
		skip_space(&scan->rest);
	}
	from = scan->rest;
	if (!skip_value(&scan->rest))
		return false;
	scan->value = slice_trim(slice_head(from, from.len - scan->rest.len));
	return true;
}

bool scan_next(struct scan *scan)
{
	if (next_of(scan))
		return true;
	scan->end = 0;
	return false;
}

struct slice scan_member(struct slice object, const char *name)
{
	struct scan scan = scan_begin(object);

	while (scan.end == '}' && scan_next(&scan))
		if (slice_is_str(scan.key, name))
			return scan.value;
	return SLICE_EMPTY;
}

static bool hex_of(struct slice text, uint32_t *ret_value)
{
	uint32_t value = 0;

	if (text.len < 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		char c = text.ptr[i];
		char lower = (char)(c | 0x20);

		if (!byte_is_digit(c) && (lower < 'a' || lower > 'f'))
			return false;
		value = value << 4 | (uint32_t)(byte_is_digit(c) ? c - '0' : lower - 'a' + 10);
	}
	*ret_value = value;
	return true;
}

/* Behind "\u": four digits, or two such escapes that make one character. Bytes used, or 0. */
static size_t add_unicode(struct slice text, struct buf *out)
{
	uint32_t code, low;
	char bytes[4];
	size_t used = 4;
	size_t len;

	if (!hex_of(text, &code))
		return 0;
	if (code >= 0xdc00 && code <= 0xdfff)
		return 0;
	if (code >= 0xd800 && code <= 0xdbff) {
		if (!slice_starts(slice_from(text, 4), SLICE("\\u")) ||
		    !hex_of(slice_from(text, 6), &low) || low < 0xdc00 || low > 0xdfff)
			return 0;
		code = 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff));
		used = 10;
	}
	if (code == 0)
		return 0;
	len = text_encode(code, bytes);
	buf_add(out, bytes, len);
	return used;
}

static char escape_of(char c)
{
	switch (c) {
	case 'n': return '\n';
	case 't': return '\t';
	case 'r': return '\r';
	case 'b': return '\b';
	case 'f': return '\f';
	case '"': case '\\': case '/': return c;
	default: return 0;
	}
}

bool scan_text(struct slice value, struct buf *out)
{
	size_t before = out->len;
	struct slice inside;

	if (!cut_string(&value, &inside) || value.len)
		return false;
	while (inside.len) {
		ptrdiff_t at = slice_find_byte(inside, '\\');
		size_t plain = at < 0 ? inside.len : (size_t)at;
		size_t used = 1;
		char c;

		buf_add_slice(out, slice_head(inside, plain));
		inside = slice_from(inside, plain);
		if (inside.len == 0)
			break;
		inside = slice_from(inside, 1);
		c = escape_of(inside.ptr[0]);
		if (c)
			buf_add_byte(out, c);
		else if (inside.ptr[0] == 'u')
			used = add_unicode(slice_from(inside, 1), out) + 1;
		if (!c && used == 1) {
			out->len = before;
			return false;
		}
		inside = slice_from(inside, used);
	}
	return true;
}

bool scan_i64(struct slice value, int64_t *ret_value)
{
	return slice_to_i64(value, ret_value);
}

bool scan_bool(struct slice value, bool *ret_value)
{
	if (!slice_is(value, SLICE("true")) && !slice_is(value, SLICE("false")))
		return false;
	*ret_value = value.ptr[0] == 't';
	return true;
}
