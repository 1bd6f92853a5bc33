/*
 * What comes through the proxy's socket is read or refused, and what was
 * read is sound: a URL is as it was written, a header is one line, and what
 * is written of an answer is one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document/json.h"
#include "sandbox/egress.h"
#include "sandbox/egress_message.h"
#include "sandbox/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what, struct slice which)
{
	fprintf(stderr, "%s: %.*s\n", what, (int)which.len, which.ptr);
	abort();
}

static void check_url(const struct egress_url *url)
{
	struct slice host = buf_slice(&url->host), whole = buf_slice(&url->whole), rest = whole;
	struct egress_url again;
	struct buf detail = { 0 };

	if (host.len == 0 || url->port == 0 || url->path.len == 0 || url->path.ptr[0] != '/')
		fail("a URL without its parts", whole);
	for (size_t i = 0; i < whole.len; i++)
		if ((unsigned char)whole.ptr[i] <= 0x20 || (unsigned char)whole.ptr[i] >= 0x7f)
			fail("a byte that must be escaped", whole);
	/* What is sent means the same when it is read again. */
	if (egress_url_read(whole, &again, &detail) != OK)
		fail(buf_str(&detail), whole);
	if (!slice_is(buf_slice(&again.whole), whole) || !slice_is(buf_slice(&again.host), host) ||
	    again.port != url->port || again.scheme != url->scheme)
		fail("read again it is another URL", whole);
	slice_cut(&rest, '/');
	slice_cut(&rest, '/');
	if (!slice_starts(rest, host))
		fail("another host than is written", whole);
	egress_url_finish(&again);
	buf_finish(&detail);
}

static void check_request(struct slice text)
{
	struct arena arena = { 0 };
	struct buf body = { 0 }, detail = { 0 };
	struct egress_asked asked;

	if (egress_read_request(text, 1000, &arena, &body, &asked, &detail) == OK) {
		check_url(&asked.url);
		for (size_t i = 0; i < asked.header_count; i++)
			if (slice_find_byte(asked.headers[i].value, '\n') >= 0 ||
			    slice_find_byte(asked.headers[i].value, '\r') >= 0 ||
			    slice_find_byte(asked.headers[i].name, ':') >= 0)
				fail("a header of two lines", asked.headers[i].name);
		if (asked.body.len > 1000 + 3)
			fail("a body above its limit", SLICE_EMPTY);
	} else if (detail.len == 0) {
		fail("refused without a reason", text);
	}
	egress_asked_finish(&asked);
	arena_finish(&arena);
	buf_finish(&body);
	buf_finish(&detail);
}

static void check_grant(struct slice text)
{
	struct arena arena = { 0 };
	struct buf detail = { 0 }, again = { 0 };
	struct egress_grant grant, second;

	if (egress_read_grant(text, &arena, &grant, &detail) == OK) {
		egress_write_grant(&grant.who, &grant.contract, grant.listen, &again);
		if (egress_read_grant(buf_slice(&again), &arena, &second, &detail) != OK)
			fail("a grant that cannot be read again", buf_slice(&again));
	} else if (detail.len == 0) {
		fail("refused without a reason", text);
	}
	arena_finish(&arena);
	buf_finish(&detail);
	buf_finish(&again);
}

/* A head and a body of a server, parted by an empty line. */
static void check_reply(struct slice text)
{
	static const struct json_limits limits = {
		.bytes_max = 1 << 24, .depth_max = 2, .values_max = 100000,
	};
	ptrdiff_t at = slice_find(text, SLICE("\r\n\r\n"));
	struct slice head = at < 0 ? text : slice_head(text, (size_t)at + 2);
	struct slice body = at < 0 ? SLICE_EMPTY : slice_from(text, (size_t)at + 4);
	struct json_value *root = NULL;
	struct json_fault fault;
	struct buf out = { 0 };

	egress_write_reply(200, head, body, &out);
	if (json_parse(buf_slice(&out), &limits, &root, &fault) != OK)
		fail(fault.text, buf_slice(&out));
	json_free(root);
	/* Whatever it is, looking for a secret in it ends, and finds one that is there. */
	if (text.len >= 2 * SECRET_BYTES_MIN && text.len < 4096 &&
	    !secret_is_in(text, slice_of(text.ptr + text.len / 2 - SECRET_BYTES_MIN / 2,
					 SECRET_BYTES_MIN)))
		fail("a secret was not found", text);
	buf_finish(&out);
}

static void check_text_of_url(struct slice text)
{
	struct buf detail = { 0 };
	struct egress_url url;

	if (egress_url_read(text, &url, &detail) == OK) {
		check_url(&url);
		egress_url_finish(&url);
	} else if (detail.len == 0) {
		fail("refused without a reason", text);
	}
	buf_finish(&detail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);

	/* The first byte says what it is: u a URL, g a grant, r a request, s a server's answer. */
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'u': check_text_of_url(slice_from(text, 1)); break;
	case 'g': check_grant(slice_from(text, 1)); break;
	case 's': check_reply(slice_from(text, 1)); break;
	default: check_request(text.ptr[0] == 'r' ? slice_from(text, 1) : text); break;
	}
	return 0;
}
