#include "base/json.h"

#include "base/ensure.h"

#define JSON_DEPTH_MAX 64	/* what we write nests less than ten deep */

static void separate(struct json_writer *json)
{
	if (json->comma)
		buf_add_byte(json->out, ',');
	json->comma = true;
}

static void open_with(struct json_writer *json, char bracket)
{
	separate(json);
	buf_add_byte(json->out, bracket);
	json->comma = false;
	json->depth++;
	ENSURE(json->depth < JSON_DEPTH_MAX);
}

static void close_with(struct json_writer *json, char bracket)
{
	ENSURE(json->depth > 0);
	json->depth--;
	buf_add_byte(json->out, bracket);
	json->comma = true;
}

void json_object(struct json_writer *json) { open_with(json, '{'); }
void json_object_end(struct json_writer *json) { close_with(json, '}'); }
void json_array(struct json_writer *json) { open_with(json, '['); }
void json_array_end(struct json_writer *json) { close_with(json, ']'); }

void json_key(struct json_writer *json, const char *key)
{
	size_t len = strlen(key);
	char *at = buf_reserve(json->out, len + 4);

	/* In one go: half of what an answer holds are keys. */
	if (json->comma)
		*at++ = ',';
	*at++ = '"';
	memcpy(at, key, len);
	memcpy(at + len, "\":", 2);
	json->out->len = (size_t)(at + len + 2 - json->out->ptr);
	json->comma = false;
}

static bool byte_is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f;
}

/* How many bytes from the start need no escape. */
static size_t plain_len(struct slice text)
{
	size_t len = 0;

	while (len < text.len && byte_is_plain((unsigned char)text.ptr[len]))
		len++;
	return len;
}

static void add_escaped(struct buf *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char escape[] = "\\u0000";

	switch (byte) {
	case '"': buf_add_lit(out, "\\\""); return;
	case '\\': buf_add_lit(out, "\\\\"); return;
	case '\n': buf_add_lit(out, "\\n"); return;
	case '\r': buf_add_lit(out, "\\r"); return;
	case '\t': buf_add_lit(out, "\\t"); return;
	default:
		escape[4] = digits[byte >> 4];
		escape[5] = digits[byte & 15];
		buf_add(out, escape, 6);
	}
}

static void add_quoted(struct buf *out, struct slice text)
{
	buf_reserve(out, text.len + 2);
	buf_add_byte(out, '"');
	while (text.len) {
		size_t plain = plain_len(text);

		buf_add(out, text.ptr, plain);
		if (plain == text.len)
			break;
		add_escaped(out, (unsigned char)text.ptr[plain]);
		text = slice_from(text, plain + 1);
	}
	buf_add_byte(out, '"');
}

void json_key_slice(struct json_writer *json, struct slice key)
{
	separate(json);
	add_quoted(json->out, key);
	buf_add_byte(json->out, ':');
	json->comma = false;
}

void json_text(struct json_writer *json, struct slice text)
{
	separate(json);
	add_quoted(json->out, text);
}

void json_str(struct json_writer *json, const char *str)
{
	json_text(json, slice_of_str(str));
}

void json_i64(struct json_writer *json, int64_t value)
{
	separate(json);
	buf_add_i64(json->out, value);
}

void json_bool(struct json_writer *json, bool value)
{
	separate(json);
	buf_add_str(json->out, value ? "true" : "false");
}

void json_null(struct json_writer *json)
{
	separate(json);
	buf_add_lit(json->out, "null");
}

void json_raw(struct json_writer *json, struct slice value)
{
	if (value.len == 0) {
		json_null(json);
		return;
	}
	separate(json);
	buf_add_slice(json->out, value);
}

void json_members(struct json_writer *json, struct slice members)
{
	if (members.len == 0)
		return;
	separate(json);
	buf_add_slice(json->out, members);
}

void json_time(struct json_writer *json, int64_t at_us)
{
	if (at_us == 0) {
		json_null(json);
		return;
	}
	separate(json);
	buf_add_byte(json->out, '"');
	buf_add_time(json->out, at_us);
	buf_add_byte(json->out, '"');
}

void json_money(struct json_writer *json, int64_t nanousd)
{
	separate(json);
	buf_add_money(json->out, nanousd);
}

void json_ratio(struct json_writer *json, int64_t ppm)
{
	separate(json);
	buf_add_ratio(json->out, ppm);
}

void json_texts(struct json_writer *json, struct slice_list list)
{
	json_array(json);
	for (size_t i = 0; i < list.count; i++)
		json_text(json, list.items[i]);
	json_array_end(json);
}

void json_put_text(struct json_writer *json, const char *key, struct slice text)
{
	json_key(json, key);
	json_text(json, text);
}

void json_put_str(struct json_writer *json, const char *key, const char *str)
{
	json_key(json, key);
	json_str(json, str);
}

void json_put_i64(struct json_writer *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_i64(json, value);
}

void json_put_bool(struct json_writer *json, const char *key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}

void json_put_time(struct json_writer *json, const char *key, int64_t at_us)
{
	json_key(json, key);
	json_time(json, at_us);
}

void json_put_raw(struct json_writer *json, const char *key, struct slice value)
{
	json_key(json, key);
	json_raw(json, value);
}

void json_put_texts(struct json_writer *json, const char *key, struct slice_list list)
{
	json_key(json, key);
	json_texts(json, list);
}
