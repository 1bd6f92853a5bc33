/*
 * Whether an answer repeats a secret, in the forms in which servers repeat
 * what they were sent: as it is, and in the encodings of debug pages.
 */
#include <string.h>

#include "crypto/hash.h"
#include "sandbox/secret.h"

static bool holds(struct slice bytes, struct slice form)
{
	return bytes.len >= form.len && memmem(bytes.ptr, bytes.len, form.ptr, form.len) != NULL;
}

/* The form is used up. */
static bool has(struct slice bytes, struct buf *form)
{
	bool is_in = holds(bytes, buf_slice(form));

	seal_wipe(form->ptr, form->len);
	buf_clear(form);
	return is_in;
}

/*
 * Base64 of a text that begins anywhere: three offsets, and of each the
 * characters that depend on the secret alone.
 */
static bool is_in_base64(struct slice bytes, struct slice value, struct buf *form)
{
	struct buf shifted = { 0 };
	bool is_in = false;

	buf_reserve(&shifted, value.len + 2);
	buf_reserve(form, 2 * value.len + 8);
	for (size_t offset = 0; offset < 3 && !is_in; offset++) {
		/* 0, 2 and 3 characters depend on what stands before it. */
		size_t first = offset ? offset + 1 : 0;
		size_t last = (offset + value.len) * 8 / 6;

		buf_clear(&shifted);
		buf_add_repeat(&shifted, 'x', offset);
		buf_add_slice(&shifted, value);
		hash_add_base64(form, buf_slice(&shifted));
		form->len = last;
		buf_drop(form, first);
		is_in = holds(bytes, buf_slice(form));
		for (size_t i = 0; i < form->len; i++)
			if (form->ptr[i] == '+' || form->ptr[i] == '/')
				form->ptr[i] = form->ptr[i] == '+' ? '-' : '_';
		is_in = has(bytes, form) || is_in;
	}
	seal_wipe_buf(&shifted);
	return is_in;
}

static bool is_in_hex(struct slice bytes, struct slice value, struct buf *form)
{
	bool is_in;

	buf_add_hex(form, value.ptr, value.len);
	is_in = holds(bytes, buf_slice(form));
	for (size_t i = 0; i < form->len; i++)
		if (form->ptr[i] >= 'a')
			form->ptr[i] = (char)(form->ptr[i] - 'a' + 'A');
	return has(bytes, form) || is_in;
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static void add_percent(struct buf *out, char c, const char *digits)
{
	buf_add_byte(out, '%');
	buf_add_byte(out, digits[(unsigned char)c >> 4]);
	buf_add_byte(out, digits[(unsigned char)c & 15]);
}

static bool is_in_percent(struct slice bytes, struct slice value, struct buf *form)
{
	static const char *const digits[] = { "0123456789ABCDEF", "0123456789abcdef" };
	bool is_in = false;

	for (size_t set = 0; set < 2 && !is_in; set++) {
		buf_reserve(form, 3 * value.len);
		for (size_t i = 0; i < value.len; i++)
			if (is_unreserved(value.ptr[i]))
				buf_add_byte(form, value.ptr[i]);
			else
				add_percent(form, value.ptr[i], digits[set]);
		is_in = has(bytes, form);
	}
	return is_in;
}

/* "\/" and "\"", as writers of JSON have it. */
static bool is_in_json(struct slice bytes, struct slice value, struct buf *form, bool escapes_slash)
{
	buf_reserve(form, 2 * value.len);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c == '"' || c == '\\' || (c == '/' && escapes_slash))
			buf_add_byte(form, '\\');
		buf_add_byte(form, c);
	}
	return has(bytes, form);
}

bool secret_is_in(struct slice bytes, struct slice value)
{
	struct buf form = { 0 };
	bool is_in;

	if (value.len < SECRET_BYTES_MIN)
		return false;
	buf_reserve(&form, 3 * value.len + 8);
	is_in = holds(bytes, value) || is_in_base64(bytes, value, &form) ||
		is_in_hex(bytes, value, &form) || is_in_percent(bytes, value, &form) ||
		is_in_json(bytes, value, &form, true) || is_in_json(bytes, value, &form, false);
	seal_wipe_buf(&form);
	return is_in;
}
