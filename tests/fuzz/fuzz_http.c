/*
 * Feeds a connection whatever comes. The first byte says how the rest is cut
 * into pieces and when requests are answered; the answers must be the same
 * as when all comes at once.
 */
#include "api/http.h"

#include <stdlib.h>

#include "base/ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct session {
	struct http_conn conn;
	struct buf sent;
	struct buf seen;
	bool answers_later;
	bool streams;
};

static void answer(struct session *session)
{
	if (!session->streams) {
		http_reply(&session->conn, 200, "text/plain", SLICE_EMPTY, SLICE("yes"));
		return;
	}
	if (!http_stream_begin(&session->conn, "application/x-ndjson", SLICE_EMPTY))
		return;
	http_stream_write(&session->conn, SLICE("{}\n"));
	http_stream_end(&session->conn);
}

static void on_request(struct http_conn *conn, const struct http_request *request)
{
	struct session *session = conn->owner;
	struct slice rest = request->query, name, value;
	struct arena arena = { 0 };

	buf_add_slice(&session->seen, request->method);
	buf_add_slice(&session->seen, request->path);
	buf_add_slice(&session->seen, request->body);
	buf_add_slice(&session->seen, http_request_header(request, "X-A"));
	buf_add_slice(&session->seen, http_request_media_type(request));
	while (http_query_next(&rest, &arena, &name, &value) == OK && name.ptr) {
		buf_add_slice(&session->seen, name);
		buf_add_slice(&session->seen, value);
	}
	buf_add_byte(&session->seen, '\n');
	arena_finish(&arena);
	if (!session->answers_later)
		answer(session);
}

static enum err on_headers(struct http_conn *conn, const struct http_request *request,
			   struct http_admission *admission)
{
	(void)conn;
	admission->body_bytes_max = 100;
	admission->media_types = "text/plain";
	return slice_starts(request->path, SLICE("/no")) ? ERR_ROUTE_UNKNOWN : OK;
}

static const struct http_ops ops = { .on_headers = on_headers, .on_request = on_request };

/* Takes all output, gives all answers that are due, until nothing moves. */
static void settle(struct session *session)
{
	for (;;) {
		struct slice out = http_conn_output(&session->conn);

		buf_add_slice(&session->sent, out);
		if (out.len)
			http_conn_sent(&session->conn, out.len);
		if (http_conn_phase(&session->conn) == HTTP_PHASE_REPLY)
			answer(session);
		else if (http_conn_can_resume(&session->conn))
			http_conn_feed(&session->conn, SLICE_EMPTY);
		else if (out.len == 0)
			return;
	}
}

static void run(struct http_service *service, struct session *session, struct slice bytes,
		size_t piece)
{
	http_conn_init(&session->conn, service, session);
	while (bytes.len > 0) {
		struct slice head = slice_head(bytes, piece);
		char *copy = malloc(head.len);

		ENSURE(copy != NULL);
		memcpy(copy, head.ptr, head.len);
		http_conn_feed(&session->conn, slice_of(copy, head.len));
		free(copy);
		settle(session);
		bytes = slice_from(bytes, head.len);
	}
	http_conn_end(&session->conn);
	settle(session);
	ENSURE(http_conn_phase(&session->conn) == HTTP_PHASE_CLOSING);
	http_conn_finish(&session->conn);
}

static void session_finish(struct session *session)
{
	buf_finish(&session->sent);
	buf_finish(&session->seen);
}

/*
 * Whether "100 Continue" is said depends on what had come by then, and
 * rightly so; such sessions are compared by what was asked alone.
 */
static bool says_continue(const struct session *session)
{
	return slice_find(buf_slice(&session->sent), SLICE("100 Continue")) >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session whole = { .answers_later = false }, cut = { .answers_later = false };
	struct http_service service;
	struct slice bytes;

	if (size < 2)
		return 0;
	bytes = slice_of(data + 1, size - 1);
	cut.answers_later = (data[0] & 0x80) != 0;
	whole.streams = cut.streams = (data[0] & 0x40) != 0;
	http_service_init(&service, &ops);
	run(&service, &whole, bytes, bytes.len);
	run(&service, &cut, bytes, (data[0] & 0x3f) + 1u);
	ENSURE(slice_is(buf_slice(&whole.seen), buf_slice(&cut.seen)));
	ENSURE(says_continue(&whole) || says_continue(&cut) ||
	       slice_is(buf_slice(&whole.sent), buf_slice(&cut.sent)));
	session_finish(&whole);
	session_finish(&cut);
	http_service_finish(&service);
	return 0;
}
