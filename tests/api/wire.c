#include "api/wire.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "document/json.h"
#include "sys/clock.h"

#define READ_BYTES 65536
#define HEX_DIGITS_MAX 16

/* ---- connections ---------------------------------------------------------------------------- */

bool wire_try_open(struct wire *wire, const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	ck_assert_uint_lt(strlen(socket_path), sizeof(address.sun_path));
	memcpy(address.sun_path, socket_path, strlen(socket_path));
	*wire = (struct wire){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	ck_assert_int_ge(wire->fd, 0);
	if (connect(wire->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return true;
	close(wire->fd);
	wire->fd = -1;
	return false;
}

void wire_open(struct wire *wire, const char *socket_path)
{
	ck_assert_msg(wire_try_open(wire, socket_path), "%s: %s", socket_path, strerror(errno));
}

void wire_open_tcp(struct wire *wire, int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	*wire = (struct wire){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	ck_assert_int_ge(wire->fd, 0);
	ck_assert_int_eq(connect(wire->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

void wire_close(struct wire *wire)
{
	if (wire->fd >= 0)
		close(wire->fd);
	buf_finish(&wire->in);
	buf_finish(&wire->rest);
	*wire = (struct wire){ .fd = -1 };
}

/* What is not taken any more is no fault of the sender: the answer says why. */
void wire_send(struct wire *wire, struct slice bytes)
{
	while (bytes.len) {
		ssize_t sent = send(wire->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return;
		bytes = slice_from(bytes, (size_t)sent);
	}
}

void wire_ask(struct wire *wire, const char *method, const char *path, const char *headers,
	      struct slice body)
{
	struct buf out = { 0 };

	buf_add_str(&out, method);
	buf_add_byte(&out, ' ');
	buf_add_str(&out, path);
	buf_add_lit(&out, " HTTP/1.1\r\nHost: localhost\r\n");
	if (headers)
		buf_add_str(&out, headers);
	if (body.ptr) {
		if (!headers || !strstr(headers, "Content-Type:"))
			buf_add_lit(&out, "Content-Type: application/json\r\n");
		buf_add_lit(&out, "Content-Length: ");
		buf_add_u64(&out, body.len);
		buf_add_lit(&out, "\r\n");
	}
	buf_add_lit(&out, "\r\n");
	buf_add_slice(&out, body);
	wire_send(wire, buf_slice(&out));
	buf_finish(&out);
}

/* Reads more; false at the end of the connection or of the time. */
static bool read_more(struct wire *wire, int64_t until_us)
{
	int64_t left_us = until_us - clock_mono_us();
	struct pollfd wait = { .fd = wire->fd, .events = POLLIN };
	ssize_t len;

	if (wire->fd < 0 || poll(&wait, 1, left_us > 0 ? (int)(left_us / 1000) + 1 : 0) <= 0)
		return false;
	len = recv(wire->fd, buf_reserve(&wire->in, READ_BYTES), READ_BYTES, 0);
	if (len <= 0) {
		wire->has_ended = true;
		return false;
	}
	wire->in.len += (size_t)len;
	return true;
}

static int64_t patience_us(int64_t ms)
{
	return clock_mono_us() + ms * 1000;
}

/* ---- answers -------------------------------------------------------------------------------- */

void answer_finish(struct http_answer *answer)
{
	json_free(answer->json);
	buf_finish(&answer->head);
	buf_finish(&answer->body);
	*answer = (struct http_answer){ 0 };
}

static void answer_begin(struct http_answer *answer)
{
	json_free(answer->json);
	answer->json = NULL;
	answer->status = 0;
	buf_clear(&answer->head);
	buf_clear(&answer->body);
}

struct slice answer_header(const struct http_answer *answer, const char *name)
{
	struct slice rest = buf_slice(&answer->head);

	while (rest.len) {
		struct slice value = slice_trim(slice_cut(&rest, '\n'));
		struct slice key = slice_cut(&value, ':');

		if (slice_is_nocase(key, slice_of_str(name)))
			return slice_trim(value);
	}
	return SLICE_EMPTY;
}

static bool read_head(struct wire *wire, int64_t until_us, struct http_answer *answer)
{
	int64_t status;
	ptrdiff_t end;

	answer_begin(answer);
	while ((end = slice_find(buf_slice(&wire->in), SLICE("\r\n\r\n"))) < 0)
		if (!read_more(wire, until_us)) {
			ck_assert_msg(wire->has_ended, "no answer came");
			return false;
		}
	buf_add(&answer->head, wire->in.ptr, (size_t)end + 2);
	buf_drop(&wire->in, (size_t)end + 4);
	ck_assert(slice_starts(buf_slice(&answer->head), SLICE("HTTP/1.1 ")));
	ck_assert(slice_to_i64(slice_of(answer->head.ptr + 9, 3), &status));
	answer->status = (int)status;
	return true;
}

/* What is left of the chunk after its first line; false when there is no chunk any more. */
static bool next_chunk(struct wire *wire, int64_t until_us)
{
	struct slice line, rest;
	size_t len = 0;
	ptrdiff_t end;

	while ((end = slice_find(buf_slice(&wire->in), SLICE("\r\n"))) < 0)
		if (!read_more(wire, until_us))
			return false;
	line = rest = slice_head(buf_slice(&wire->in), (size_t)end);
	ck_assert_uint_gt(line.len, 0);
	ck_assert_uint_le(line.len, HEX_DIGITS_MAX);
	while (rest.len) {
		const char *digits = "0123456789abcdef";
		const char *digit = strchr(digits, rest.ptr[0] | 0x20);

		ck_assert_ptr_nonnull(digit);
		len = len * 16 + (size_t)(digit - digits);
		rest = slice_from(rest, 1);
	}
	buf_drop(&wire->in, (size_t)end + 2);
	wire->chunk_left = len;
	if (len == 0)
		wire->has_ended = true;
	return len > 0;
}

/* Moves some of the stream's bytes to `out`; false at its end or that of the time. */
static bool take_some(struct wire *wire, int64_t until_us, struct buf *out)
{
	size_t len;

	if (wire->is_chunked && wire->chunk_left == 0 && !next_chunk(wire, until_us))
		return false;
	if (wire->in.len == 0 && !read_more(wire, until_us))
		return false;
	len = wire->in.len;
	if (wire->is_chunked && len > wire->chunk_left)
		len = wire->chunk_left;
	buf_add(out, wire->in.ptr, len);
	buf_drop(&wire->in, len);
	if (!wire->is_chunked)
		return true;
	wire->chunk_left -= len;
	if (wire->chunk_left > 0)
		return true;
	while (wire->in.len < 2)
		if (!read_more(wire, until_us))
			return true;
	ck_assert(slice_starts(buf_slice(&wire->in), SLICE("\r\n")));
	buf_drop(&wire->in, 2);
	return true;
}

static void read_body(struct wire *wire, int64_t until_us, struct http_answer *answer)
{
	struct slice length = answer_header(answer, "Content-Length");
	int64_t len = 0;

	wire->is_chunked = slice_is(answer_header(answer, "Transfer-Encoding"), SLICE("chunked"));
	if (wire->is_chunked) {
		wire->has_ended = false;
		while (take_some(wire, until_us, &answer->body))
			;
		ck_assert_msg(wire->has_ended, "a chunked answer did not end");
		wire->has_ended = false;
		if (slice_starts(buf_slice(&wire->in), SLICE("\r\n")))
			buf_drop(&wire->in, 2);
		return;
	}
	ck_assert(length.len == 0 || slice_to_i64(length, &len));
	while (wire->in.len < (size_t)len)
		ck_assert_msg(read_more(wire, until_us), "an answer broke off");
	buf_add(&answer->body, wire->in.ptr, (size_t)len);
	buf_drop(&wire->in, (size_t)len);
}

bool wire_answer(struct wire *wire, struct http_answer *answer)
{
	int64_t until_us = patience_us(WIRE_PATIENCE_MS);

	if (!read_head(wire, until_us, answer))
		return false;
	read_body(wire, until_us, answer);
	return true;
}

/* ---- streams -------------------------------------------------------------------------------- */

bool wire_stream(struct wire *wire, struct http_answer *answer)
{
	if (!read_head(wire, patience_us(WIRE_PATIENCE_MS), answer))
		return false;
	if (answer->status != 200) {
		read_body(wire, patience_us(WIRE_PATIENCE_MS), answer);
		return false;
	}
	wire->is_chunked = slice_is(answer_header(answer, "Transfer-Encoding"), SLICE("chunked"));
	buf_clear(&answer->body);
	return true;
}

bool wire_line(struct wire *wire, int64_t patience_ms, struct buf *ret_line)
{
	int64_t until_us = patience_us(patience_ms);

	buf_clear(ret_line);
	for (;;) {
		ptrdiff_t end = slice_find_byte(buf_slice(&wire->rest), '\n');

		if (end >= 0) {
			buf_add(ret_line, wire->rest.ptr, (size_t)end);
			buf_drop(&wire->rest, (size_t)end + 1);
			return true;
		}
		if (wire->has_ended || !take_some(wire, until_us, &wire->rest))
			return false;
	}
}

bool wire_event(struct wire *wire, int64_t patience_ms, struct sse *ret_event)
{
	struct buf line = { 0 };

	ret_event->id = 0;
	ret_event->event[0] = '\0';
	buf_clear(&ret_event->data);
	while (wire_line(wire, patience_ms, &line)) {
		struct slice value = buf_slice(&line);
		struct slice name = slice_cut(&value, ':');

		value = slice_trim(value);
		/* Without data it is only a cursor, or a sign of life. */
		if (line.len == 0 && ret_event->data.len) {
			buf_finish(&line);
			return true;
		}
		if (slice_is_str(name, "id"))
			ck_assert(slice_to_i64(value, &ret_event->id));
		else if (slice_is_str(name, "data"))
			buf_add_slice(&ret_event->data, value);
		else if (slice_is_str(name, "event"))
			snprintf(ret_event->event, sizeof(ret_event->event), "%.*s",
				 (int)value.len, value.ptr);
	}
	buf_finish(&line);
	return false;
}

/* ---- what an answer says -------------------------------------------------------------------- */

static struct json_value *parse(struct slice text)
{
	const struct json_limits limits = { SIZE_MAX / 2, JSON_READ_DEPTH_MAX, SIZE_MAX / 128 };
	struct json_value *root;

	return json_parse(text, &limits, &root, NULL) == OK ? root : NULL;
}

static const struct json_value *value_at(const struct json_value *value, const char *path)
{
	struct slice rest = slice_of_str(path);

	while (value && rest.len) {
		struct slice name = slice_cut(&rest, '.');
		int64_t index;

		if (slice_to_i64(name, &index) && json_kind(value) == JSON_KIND_LIST)
			value = json_at(value, (size_t)index);
		else
			value = json_get(value, name);
	}
	return value;
}

const struct json_value *answer_at(struct http_answer *answer, const char *path)
{
	if (!answer->json)
		answer->json = parse(buf_slice(&answer->body));
	return value_at(answer->json, path);
}

const char *answer_text(struct http_answer *answer, const char *path)
{
	struct slice found;

	/* A zero byte stands behind every text of jansson's. */
	return json_get_text(answer_at(answer, path), &found) ? found.ptr : "";
}

int64_t answer_number(struct http_answer *answer, const char *path, int64_t absent)
{
	int64_t found;

	return json_get_i64(answer_at(answer, path), &found) ? found : absent;
}

int answer_truth(struct http_answer *answer, const char *path)
{
	bool found;

	return json_get_bool(answer_at(answer, path), &found) ? found : -1;
}

bool json_member_text(struct slice json, const char *path, char *ret_text, size_t size)
{
	struct json_value *root = parse(json);
	struct slice found = SLICE_EMPTY;
	bool is_there = json_get_text(value_at(root, path), &found) && found.len < size;

	ret_text[0] = '\0';
	if (is_there) {
		memcpy(ret_text, found.ptr, found.len);
		ret_text[found.len] = '\0';
	}
	json_free(root);
	return is_there;
}

int64_t json_member_number(struct slice json, const char *path, int64_t absent)
{
	struct json_value *root = parse(json);
	int64_t found = absent;

	json_get_i64(value_at(root, path), &found);
	json_free(root);
	return found;
}
