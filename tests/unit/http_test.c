/* Talks to a connection the way a client does; each case is a transcript. */
#include "api/http.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/http_browser.h"

/* ---- a service that tells what it was asked ---- */

static struct {
	struct buf seen;		/* one line for each request */
	bool answers_later;
	bool streams;
	size_t body_bytes_max;
	const char *media_types;
	enum err refusal;
} service_state;

static void note_request(const struct http_request *request)
{
	struct buf *seen = &service_state.seen;

	buf_add_slice(seen, request->method);
	buf_add_byte(seen, ' ');
	buf_add_slice(seen, request->path);
	if (request->query.len) {
		buf_add_byte(seen, '?');
		buf_add_slice(seen, request->query);
	}
	if (request->body.len) {
		buf_add_byte(seen, ' ');
		buf_add_slice(seen, request->body);
	}
	buf_add_byte(seen, '\n');
}

static void answer(struct http_conn *conn)
{
	http_reply(conn, 200, "text/plain", SLICE_EMPTY, SLICE("yes"));
}

static void on_request(struct http_conn *conn, const struct http_request *request)
{
	note_request(request);
	if (service_state.streams) {
		if (!http_stream_begin(conn, "text/event-stream", SLICE_EMPTY))
			return;
		http_stream_write(conn, SLICE("data: one\n\n"));
		http_stream_write(conn, SLICE_EMPTY);
		http_stream_write(conn, SLICE("data: and a second one\n\n"));
		http_stream_end(conn);
	} else if (!service_state.answers_later) {
		answer(conn);
	}
}

static enum err on_headers(struct http_conn *conn, const struct http_request *request,
			   struct http_admission *admission)
{
	(void)conn;
	(void)request;
	if (service_state.body_bytes_max)
		admission->body_bytes_max = service_state.body_bytes_max;
	admission->media_types = service_state.media_types;
	if (service_state.refusal)
		admission->headers = SLICE("Allow: GET\r\n");
	return service_state.refusal;
}

static const struct http_ops ops = { .on_headers = on_headers, .on_request = on_request };

static struct http_service service;
static struct http_conn conn;
static struct buf sent;			/* what the client got */

static void begin(void)
{
	memset(&service_state, 0, sizeof(service_state));
	sent = (struct buf){ 0 };
	http_service_init(&service, &ops);
	http_conn_init(&conn, &service, NULL);
}

static void finish(void)
{
	http_conn_finish(&conn);
	http_service_finish(&service);
	buf_finish(&service_state.seen);
	buf_finish(&sent);
}

static void restart(void)
{
	http_conn_finish(&conn);
	http_conn_init(&conn, &service, NULL);
	buf_clear(&service_state.seen);
	buf_clear(&sent);
}

/* Takes the output as a socket would, then lets held requests go on. */
static void drain(void)
{
	for (int round = 0; round < 1000; round++) {
		struct slice out = http_conn_output(&conn);

		buf_add_slice(&sent, out);
		if (out.len)
			http_conn_sent(&conn, out.len);
		if (!http_conn_can_resume(&conn))
			return;
		http_conn_feed(&conn, SLICE_EMPTY);
	}
	ck_abort_msg("the connection goes on without end");
}

static void feed(struct slice bytes)
{
	/* From memory of its own, so that a read beyond its end is seen. */
	char *copy = malloc(bytes.len ? bytes.len : 1);

	ck_assert_ptr_nonnull(copy);
	if (bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	http_conn_feed(&conn, slice_of(copy, bytes.len));
	free(copy);
	drain();
}

static void feed_str(const char *bytes)
{
	feed(slice_of_str(bytes));
}

static bool got(const char *text)
{
	return slice_find(buf_slice(&sent), slice_of_str(text)) >= 0;
}

static int got_status(void)
{
	return sent.len > 12 ? atoi(buf_str(&sent) + 9) : 0;
}

#define ck_assert_seen(text) ck_assert_str_eq(buf_str(&service_state.seen), (text))

/* ---- transcripts: the same answer however the bytes arrive ---- */

struct transcript {
	const char *name;
	const char *input;
	size_t input_len;		/* 0: up to its NUL */
	int status;			/* of the first answer; 0: none yet */
	const char *seen;
	const char *has;		/* in the output, or NULL */
	bool closes;
};

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"
#define CHUNKED "POST /x HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n"

static const struct transcript transcripts[] = {
	{ "a plain request", "GET /v1/tasks?x=1&y=%20 HTTP/1.1\r\n" HOST "\r\n", 0, 200,
	  "GET /v1/tasks?x=1&y=%20\n", "Content-Length: 3\r\n\r\nyes", false },
	{ "a body", "POST /v1/a HTTP/1.1\r\n" HOST JSON "Content-Length: 7\r\n\r\n{\"a\":1}", 0, 200,
	  "POST /v1/a {\"a\":1}\n", NULL, false },
	{ "half a head", "GET / HTTP/1.1\r\nHo", 0, 0, "", NULL, false },
	{ "half a body", "POST / HTTP/1.1\r\n" HOST JSON "Content-Length: 7\r\n\r\n{\"a", 0, 0, "",
	  NULL, false },
	{ "an empty body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0, 200, "POST /\n",
	  NULL, false },
	{ "empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0, 200, "GET /\n", NULL,
	  false },
	{ "nothing but empty lines", "\r\n\r\n\r\n\r\n\r\n\r\n", 0, 400, "", "http_syntax", true },
	{ "three in one", "GET /1 HTTP/1.1\r\n" HOST "\r\nPOST /2 HTTP/1.1\r\n" HOST JSON
	  "Content-Length: 2\r\n\r\n{}GET /3 HTTP/1.1\r\n" HOST "\r\n", 0, 200,
	  "GET /1\nPOST /2 {}\nGET /3\n", NULL, false },
	{ "chunks", CHUNKED "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n", 0, 200, "POST /x {\"a\":1}\n", NULL,
	  false },
	{ "chunks with extension and trailer",
	  CHUNKED "2;name=value\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n", 0, 200,
	  "POST /x {}\nGET /2\n", NULL, false },
	{ "two bodies in chunks",
	  CHUNKED "1\r\n1\r\n0\r\n\r\n" CHUNKED "1\r\n2\r\n1\r\n3\r\n0\r\n\r\n", 0, 200,
	  "POST /x 1\nPOST /x 23\n", NULL, false },
	{ "close when asked", "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /2 HTTP/1.1\r\n",
	  0, 200, "GET /\n", "Connection: close\r\n", true },
	{ "1.0 closes", "GET / HTTP/1.0\r\n\r\n", 0, 200, "GET /\n", "Connection: close\r\n", true },
	{ "1.0 stays when asked", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0, 200, "GET /\n",
	  "Connection: keep-alive\r\n", false },
	{ "an absolute URL", "GET http://localhost:80/a?b HTTP/1.1\r\nHost: other\r\n\r\n", 0, 200,
	  "GET /a?b\n", NULL, false },
	{ "an absolute URL without path", "GET http://localhost HTTP/1.1\r\n" HOST "\r\n", 0, 200,
	  "GET /\n", NULL, false },
	{ "options of all", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0, 200, "OPTIONS *\n", NULL, false },
	{ "an escaped path", "GET /v1/%E2%9C%93%20a HTTP/1.1\r\n" HOST "\r\n", 0, 200,
	  "GET /v1/\xe2\x9c\x93 a\n", NULL, false },
	{ "an upgrade is passed over", "GET / HTTP/1.1\r\n" HOST
	  "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n", 0, 200,
	  "GET /\nGET /2\n", NULL, false },
	{ "a body of unknown type", "POST / HTTP/1.1\r\n" HOST
	  "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 0, 415, "", "media_type", true },
	{ "a body without type", "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 0, 415, "",
	  "media_type", true },
	{ "a type with parameter", "POST / HTTP/1.1\r\n" HOST
	  "content-type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}", 0, 200,
	  "POST / {}\n", NULL, false },

	{ "HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 505, "", "HTTP/2 is not spoken", true },
	{ "HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 0, 505, "", "http_version", true },
	{ "HTTP/3.0", "GET / HTTP/3.0\r\n" HOST "\r\n", 0, 505, "", "http_version", true },
	{ "a version that is none", "GET / HTTP/x.1\r\n" HOST "\r\n", 0, 505, "", "http_version",
	  true },
	{ "another protocol", "HELO example.org\r\n\r\n", 0, 400, "", "http_syntax", true },
	{ "TLS", "\x16\x03\x01\x02\x00\x01", 6, 400, "", "http_syntax", true },
	{ "no host", "GET / HTTP/1.1\r\n\r\n", 0, 400, "", "needs a Host", true },
	{ "two hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 0, 400, "", "Host is given", true },
	{ "bare LF", "GET / HTTP/1.1\nHost: localhost\n\n", 0, 400, "", "CR LF", true },
	{ "bare LF at the end", "GET / HTTP/1.1\r\n" HOST "\n", 0, 400, "", "CR LF", true },
	{ "bare CR", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 0, 400, "", "CR LF", true },
	{ "NUL", "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29, 400, "", "control", true },
	{ "a continued line", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 0, 400, "", "continued",
	  true },
	{ "a space before the colon", "GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 0, 400, "",
	  "http_syntax", true },
	{ "no colon", "GET / HTTP/1.1\r\n" HOST "Xa\r\n\r\n", 0, 400, "", "http_syntax", true },
	{ "no name", "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 0, 400, "", "http_syntax", true },
	{ "a name that is no token", "GET / HTTP/1.1\r\n" HOST "X(a): a\r\n\r\n", 0, 400, "",
	  "http_syntax", true },
	{ "a space at the start", " GET / HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "http_syntax", true },
	{ "no URL", "GET HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "http_syntax", true },
	{ "an unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "http_syntax", true },
	{ "CONNECT", "CONNECT localhost:1 HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "http_syntax", true },
	{ "a URL of another scheme", "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "http_syntax",
	  true },
	{ "a user in the URL", "GET http://u@localhost/ HTTP/1.1\r\n" HOST "\r\n", 0, 400, "",
	  "http_syntax", true },
	{ "a star", "GET * HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "http_syntax", true },
	{ "a bad escape", "GET /%4 HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "bad escape", true },
	{ "no escape", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "bad escape", true },
	{ "an escaped NUL", "GET /%00 HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "bad escape", true },
	{ "an escaped slash", "GET /a%2fb HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "slash", true },
	{ "a path that is not UTF-8", "GET /%ff HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "text_invalid",
	  true },
	{ "a raw byte in the URL", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 0, 400, "", "http_syntax",
	  true },
	{ "another expectation", "POST / HTTP/1.1\r\n" HOST JSON
	  "Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}", 0, 417, "", "expectation_failed", true },

	{ "two lengths", "POST / HTTP/1.1\r\n" HOST JSON
	  "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 0, 400, "", "http_syntax", true },
	{ "lengths in a list", "POST / HTTP/1.1\r\n" HOST JSON "Content-Length: 2, 2\r\n\r\n{}", 0, 400,
	  "", "http_syntax", true },
	{ "a negative length", "POST / HTTP/1.1\r\n" HOST JSON "Content-Length: -2\r\n\r\n{}", 0, 400,
	  "", "http_syntax", true },
	{ "a signed length", "POST / HTTP/1.1\r\n" HOST JSON "Content-Length: +2\r\n\r\n{}", 0, 400,
	  "", "http_syntax", true },
	{ "a length in hex", "POST / HTTP/1.1\r\n" HOST JSON "Content-Length: 0x2\r\n\r\n{}", 0, 400,
	  "", "http_syntax", true },
	{ "an empty length", "POST / HTTP/1.1\r\n" HOST JSON "Content-Length:\r\n\r\n{}", 0, 400,
	  "", "http_syntax", true },
	{ "a length beyond numbers", "POST / HTTP/1.1\r\n" HOST JSON
	  "Content-Length: 99999999999999999999999\r\n\r\n{}", 0, 400, "", "http_syntax", true },
	{ "a length beyond the limit", "POST / HTTP/1.1\r\n" HOST JSON
	  "Content-Length: 1048577\r\n\r\n{}", 0, 413, "", "1048576 bytes", true },
	{ "length and chunks", "POST / HTTP/1.1\r\n" HOST JSON
	  "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400, "", "http_syntax",
	  true },
	{ "chunks and length", "POST / HTTP/1.1\r\n" HOST JSON
	  "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", 0, 400, "", "http_syntax",
	  true },
	{ "two encodings", "POST / HTTP/1.1\r\n" HOST JSON
	  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400, "",
	  "http_syntax", true },
	{ "another encoding", "POST / HTTP/1.1\r\n" HOST JSON
	  "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0, 400, "", "http_syntax", true },
	{ "identity", "POST / HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: identity\r\n\r\n{}", 0, 400,
	  "", "http_syntax", true },
	{ "an encoding in disguise", "POST / HTTP/1.1\r\n" HOST JSON
	  "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 400, "", "http_syntax", true },
	{ "chunks in 1.0", "POST / HTTP/1.0\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
	  400, "", "http_syntax", true },
	{ "a chunk size that is none", CHUNKED "x\r\n{}\r\n0\r\n\r\n", 0, 400, "", "chunk", true },
	{ "an empty chunk size", CHUNKED "\r\n{}\r\n0\r\n\r\n", 0, 400, "", "chunk", true },
	{ "a negative chunk size", CHUNKED "-1\r\n{}\r\n0\r\n\r\n", 0, 400, "", "chunk", true },
	{ "a chunk size beyond numbers", CHUNKED "fffffffffffffffff\r\n{}\r\n", 0, 400, "", "chunk",
	  true },
	{ "a chunk longer than said", CHUNKED "1\r\n{}\r\n0\r\n\r\n", 0, 400, "", "chunk", true },
	{ "a chunk line with bare LF", CHUNKED "2\n{}\r\n0\r\n\r\n", 0, 400, "", "chunk", true },
	{ "a chunk ended with bare LF", CHUNKED "2\r\n{}\n0\r\n\r\n", 0, 400, "", "chunk", true },
	{ "a chunk extension with bare CR", CHUNKED "2;a\rb\r\n{}\r\n0\r\n\r\n", 0, 400, "", "chunk",
	  true },
	{ "an end with bare LF", CHUNKED "2\r\n{}\r\n0\n\r\n", 0, 400, "", "chunk", true },
	{ "a trailer with bare LF", CHUNKED "2\r\n{}\r\n0\r\nA: b\n\r\n", 0, 400, "", "chunk", true },
};

static void check_outcome(const struct transcript *script, const char *how, size_t at)
{
	ck_assert_msg(got_status() == script->status, "%s (%s %zu): status %d, not %d:\n%s",
		      script->name, how, at, got_status(), script->status, buf_str(&sent));
	ck_assert_msg(strcmp(buf_str(&service_state.seen), script->seen) == 0,
		      "%s (%s %zu): saw %s", script->name, how, at, buf_str(&service_state.seen));
	ck_assert_msg(!script->has || got(script->has), "%s (%s %zu): no '%s' in\n%s", script->name,
		      how, at, script->has, buf_str(&sent));
	ck_assert_msg((http_conn_phase(&conn) == HTTP_PHASE_CLOSING) == script->closes,
		      "%s (%s %zu): phase %d", script->name, how, at, (int)http_conn_phase(&conn));
}

static struct slice input_of(const struct transcript *script)
{
	return script->input_len ? slice_of(script->input, script->input_len)
				 : slice_of_str(script->input);
}

START_TEST(each_transcript_ends_alike_however_its_bytes_are_cut)
{
	const struct transcript *script = &transcripts[_i];
	struct slice input = input_of(script);

	begin();
	feed(input);
	check_outcome(script, "whole", 0);
	for (size_t at = 1; at < input.len; at++) {
		restart();
		feed(slice_head(input, at));
		feed(slice_from(input, at));
		check_outcome(script, "cut at", at);
	}
	restart();
	for (size_t at = 0; at < input.len; at++)
		feed(slice_of(input.ptr + at, 1));
	check_outcome(script, "by bytes", 0);
	finish();
}
END_TEST

/* ---- answers ---- */

START_TEST(head_is_answered_without_a_body)
{
	begin();
	feed_str("HEAD / HTTP/1.1\r\n" HOST "\r\n");
	ck_assert(got("Content-Length: 3\r\n\r\n"));
	ck_assert(!got("yes"));
	buf_clear(&sent);
	feed_str("nonsense\r\n\r\n");
	ck_assert_msg(got("\"code\":\"http_syntax\""), "an error after HEAD has its body");
	finish();
}
END_TEST

START_TEST(an_answer_may_come_later_and_what_is_behind_it_waits)
{
	begin();
	service_state.answers_later = true;
	feed_str("GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\nGET /3 HT");
	ck_assert_seen("GET /1\n");
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_REPLY);
	ck_assert_uint_eq(sent.len, 0);
	answer(&conn);
	drain();
	ck_assert_seen("GET /1\nGET /2\n");
	feed_str("TP/1.1\r\n" HOST "\r\n");
	ck_assert_seen("GET /1\nGET /2\n");
	answer(&conn);
	drain();
	ck_assert_seen("GET /1\nGET /2\nGET /3\n");
	answer(&conn);
	drain();
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_IDLE);
	ck_assert_uint_eq(conn.in.capacity, 0);
	finish();
}
END_TEST

START_TEST(reading_stops_when_too_much_waits_behind_a_request)
{
	static char filler[HTTP_WAITING_BYTES_MAX];

	memset(filler, 'a', sizeof(filler));
	begin();
	service_state.answers_later = true;
	feed_str("GET /1 HTTP/1.1\r\n" HOST "\r\n");
	ck_assert(http_conn_wants_input(&conn));
	feed(slice_of(filler, sizeof(filler) - 1));
	ck_assert(http_conn_wants_input(&conn));
	feed_str("a");
	ck_assert(!http_conn_wants_input(&conn));
	finish();
}
END_TEST

START_TEST(requests_wait_while_replies_are_not_taken)
{
	struct buf requests = { 0 };
	size_t answered;

	begin();
	for (int i = 0; i < 8000; i++)
		buf_add_lit(&requests, "GET /1 HTTP/1.1\r\n" HOST "\r\n");
	http_conn_feed(&conn, buf_slice(&requests));
	ck_assert_uint_ge(http_conn_output(&conn).len, HTTP_QUEUED_BYTES_MAX);
	ck_assert_uint_le(http_conn_output(&conn).len, HTTP_QUEUED_BYTES_MAX + 1024);
	ck_assert(!http_conn_can_resume(&conn));
	answered = service_state.seen.len / strlen("GET /1\n");
	ck_assert_uint_lt(answered, 8000);
	drain();
	ck_assert_uint_eq(service_state.seen.len / strlen("GET /1\n"), 8000);
	buf_finish(&requests);
	finish();
}
END_TEST

START_TEST(continue_is_said_when_the_body_is_waited_for)
{
	begin();
	feed_str("POST / HTTP/1.1\r\n" HOST JSON "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	ck_assert_str_eq(buf_str(&sent), "HTTP/1.1 100 Continue\r\n\r\n");
	feed_str("{}");
	ck_assert_seen("POST / {}\n");
	ck_assert(got("HTTP/1.1 200 OK"));
	finish();
}
END_TEST

START_TEST(continue_is_not_said_to_what_is_refused)
{
	begin();
	feed_str("POST / HTTP/1.1\r\n" HOST JSON
		 "Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n");
	ck_assert_int_eq(got_status(), 413);
	ck_assert(!got("100 Continue"));
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_CLOSING);
	finish();
}
END_TEST

START_TEST(a_refusal_before_the_body_tells_why_and_closes)
{
	begin();
	service_state.refusal = ERR_METHOD_NOT_ALLOWED;
	feed_str("POST / HTTP/1.1\r\n" HOST JSON "Content-Length: 2\r\n\r\n{}");
	ck_assert_int_eq(got_status(), 405);
	ck_assert(got("Allow: GET\r\n"));
	ck_assert(got("Connection: close\r\n"));
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_CLOSING);
	ck_assert_seen("");
	finish();
}
END_TEST

START_TEST(a_refusal_without_a_body_keeps_the_connection)
{
	begin();
	service_state.refusal = ERR_ROUTE_UNKNOWN;
	feed_str("GET / HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(got_status(), 404);
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_IDLE);
	service_state.refusal = OK;
	feed_str("GET / HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_seen("GET /\n");
	finish();
}
END_TEST

START_TEST(the_limit_of_a_body_is_the_callers_to_set)
{
	begin();
	service_state.body_bytes_max = 4;
	feed_str("POST / HTTP/1.1\r\n" HOST JSON "Content-Length: 4\r\n\r\n1234");
	ck_assert_int_eq(got_status(), 200);
	restart();
	feed_str("POST / HTTP/1.1\r\n" HOST JSON "Content-Length: 5\r\n\r\n12345");
	ck_assert_int_eq(got_status(), 413);
	restart();
	feed_str(CHUNKED "4\r\n1234\r\n0\r\n\r\n");
	ck_assert_int_eq(got_status(), 200);
	restart();
	feed_str(CHUNKED "4\r\n1234\r\n1\r\n5\r\n0\r\n\r\n");
	ck_assert_int_eq(got_status(), 413);
	ck_assert(got("http_body_bytes_max"));
	finish();
}
END_TEST

START_TEST(other_media_types_are_taken_where_they_are_named)
{
	begin();
	service_state.media_types = "text/markdown application/yaml";
	feed_str("POST / HTTP/1.1\r\n" HOST
		 "Content-Type: application/yaml\r\nContent-Length: 2\r\n\r\na:");
	ck_assert_int_eq(got_status(), 200);
	restart();
	feed_str("POST / HTTP/1.1\r\n" HOST "Content-Type: text/html\r\nContent-Length: 2\r\n\r\na:");
	ck_assert_int_eq(got_status(), 415);
	finish();
}
END_TEST

/* ---- limits ---- */

static void feed_request_of(size_t url_len, size_t headers, size_t value_len)
{
	struct buf request = { 0 };

	buf_add_lit(&request, "GET /");
	buf_add_repeat(&request, 'u', url_len - 1);
	buf_add_lit(&request, " HTTP/1.1\r\n" HOST);
	for (size_t i = 1; i < headers; i++) {
		buf_add_lit(&request, "X-Filler: ");
		buf_add_repeat(&request, 'v', value_len);
		buf_add_lit(&request, "\r\n");
	}
	buf_add_lit(&request, "\r\n");
	feed(buf_slice(&request));
	buf_finish(&request);
}

START_TEST(what_is_just_within_the_limits_is_taken)
{
	begin();
	feed_request_of(HTTP_URL_BYTES_MAX, 1, 0);
	ck_assert_int_eq(got_status(), 200);
	restart();
	feed_request_of(1, HTTP_HEADERS_MAX, 10);
	ck_assert_int_eq(got_status(), 200);
	restart();
	/* The request line takes 16 bytes, Host 17, a filler 12 and its value, the end 2. */
	feed_request_of(1, 2, HTTP_HEAD_BYTES_MAX - 16 - 17 - 12 - 2);
	ck_assert_int_eq(got_status(), 200);
	finish();
}
END_TEST

START_TEST(what_is_just_beyond_the_limits_is_refused_by_name)
{
	begin();
	feed_request_of(HTTP_URL_BYTES_MAX + 1, 1, 0);
	ck_assert_int_eq(got_status(), 413);
	ck_assert(got("http_url_bytes_max"));
	restart();
	feed_request_of(1, HTTP_HEADERS_MAX + 1, 10);
	ck_assert_int_eq(got_status(), 413);
	ck_assert(got("http_headers_max"));
	restart();
	feed_request_of(1, 2, HTTP_HEAD_BYTES_MAX - 16 - 17 - 12 - 2 + 1);
	ck_assert_int_eq(got_status(), 413);
	ck_assert(got("http_head_bytes_max"));
	finish();
}
END_TEST

START_TEST(a_head_without_end_is_refused_at_the_limit)
{
	struct buf head = { 0 };

	begin();
	buf_add_lit(&head, "GET / HTTP/1.1\r\nX: ");
	buf_add_repeat(&head, 'x', HTTP_HEAD_BYTES_MAX - head.len);
	feed(buf_slice(&head));
	ck_assert_uint_eq(sent.len, 0);
	feed_str("x");
	ck_assert_int_eq(got_status(), 413);
	buf_finish(&head);
	finish();
}
END_TEST

START_TEST(chunks_that_are_all_framing_are_refused)
{
	begin();
	feed_str(CHUNKED);
	for (int i = 0; i < 5000 && sent.len == 0; i++)
		feed_str("1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n1\r\n");
	ck_assert_int_eq(got_status(), 400);
	finish();
}
END_TEST

START_TEST(a_body_in_chunks_of_one_byte_is_taken)
{
	begin();
	feed_str(CHUNKED);
	for (int i = 0; i < 20000; i++)
		feed_str("1\r\n1\r\n");
	feed_str("0\r\n\r\n");
	ck_assert_int_eq(got_status(), 200);
	ck_assert_uint_eq(service_state.seen.len, strlen("POST /x \n") + 20000);
	finish();
}
END_TEST

/* ---- ends ---- */

START_TEST(a_client_that_ends_its_side_is_answered_first)
{
	begin();
	service_state.answers_later = true;
	feed_str("GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n");
	http_conn_end(&conn);
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_REPLY);
	answer(&conn);
	drain();
	ck_assert_seen("GET /1\nGET /2\n");
	answer(&conn);
	drain();
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_CLOSING);
	finish();
}
END_TEST

START_TEST(a_client_that_ends_in_the_midst_is_told)
{
	begin();
	feed_str("GET / HTTP/1.1\r\nHost");
	http_conn_end(&conn);
	drain();
	ck_assert_int_eq(got_status(), 400);
	ck_assert(got("ended before it was whole"));
	restart();
	feed_str("POST / HTTP/1.1\r\n" HOST JSON "Content-Length: 5\r\n\r\n12");
	http_conn_end(&conn);
	drain();
	ck_assert_int_eq(got_status(), 400);
	restart();
	http_conn_end(&conn);
	drain();
	ck_assert_uint_eq(sent.len, 0);
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_CLOSING);
	finish();
}
END_TEST

START_TEST(a_refusal_in_between_ends_the_connection)
{
	begin();
	feed_str("GET / HTTP/1.1\r\nHo");
	http_refuse(&conn, ERR_HTTP_TIMEOUT, SLICE_EMPTY, SLICE_EMPTY);
	drain();
	ck_assert_int_eq(got_status(), 408);
	feed_str("st: localhost\r\n\r\n");
	ck_assert_seen("");
	finish();
}
END_TEST

START_TEST(nothing_is_read_after_a_reply_that_closes)
{
	begin();
	service_state.answers_later = true;
	feed_str("GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n");
	http_conn_close_after(&conn);
	answer(&conn);
	drain();
	ck_assert(got("Connection: close\r\n"));
	ck_assert_seen("GET /1\n");
	ck_assert_uint_eq(conn.in.capacity, 0);
	finish();
}
END_TEST

/* ---- streams ---- */

START_TEST(a_stream_comes_in_chunks)
{
	begin();
	service_state.streams = true;
	feed_str("GET / HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_str_eq(buf_str(&sent),
			 "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n"
			 "b\r\ndata: one\n\n\r\n18\r\ndata: and a second one\n\n\r\n0\r\n\r\n");
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_IDLE);
	finish();
}
END_TEST

START_TEST(a_stream_to_http_1_0_ends_with_the_connection)
{
	begin();
	service_state.streams = true;
	feed_str("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	ck_assert_str_eq(buf_str(&sent),
			 "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			 "Connection: close\r\n\r\ndata: one\n\ndata: and a second one\n\n");
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_CLOSING);
	finish();
}
END_TEST

START_TEST(head_of_a_stream_is_its_head)
{
	begin();
	service_state.streams = true;
	feed_str("HEAD / HTTP/1.1\r\n" HOST "\r\n");
	ck_assert(got("Transfer-Encoding: chunked\r\n\r\n"));
	ck_assert(!got("data"));
	ck_assert_int_eq(http_conn_phase(&conn), HTTP_PHASE_IDLE);
	finish();
}
END_TEST

START_TEST(an_idle_connection_holds_no_buffer)
{
	begin();
	feed_str("GET /1 HTTP/1.1\r\n");
	ck_assert_uint_gt(conn.in.capacity, 0);
	feed_str(HOST "\r\n");
	ck_assert_uint_eq(conn.in.capacity, 0);
	ck_assert_uint_eq(conn.out.capacity, 0);
	ck_assert_uint_le(sizeof(conn), 192);
	finish();
}
END_TEST

/* ---- what a request holds ---- */

START_TEST(headers_are_found_without_case)
{
	const struct http_header headers[] = { { SLICE("IF-Actor"), SLICE("s1") },
					       { SLICE("X-Empty"), SLICE_EMPTY },
					       { SLICE("if-actor"), SLICE("s2") } };
	const struct http_request request = { .headers = headers, .header_count = 3 };

	ck_assert(slice_is(http_request_header(&request, "if-actor"), SLICE("s1")));
	ck_assert_ptr_nonnull(http_request_header(&request, "x-empty").ptr);
	ck_assert_ptr_null(http_request_header(&request, "x-other").ptr);
}
END_TEST

START_TEST(a_query_comes_apart_decoded)
{
	struct slice rest = SLICE("a=1&&b=x+y%26z&flag&c=&%C3%A4=%3d"), name, value;
	static const char *const expected[][2] = { { "a", "1" }, { "b", "x y&z" }, { "flag", "" },
						   { "c", "" }, { "\xc3\xa4", "=" } };
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		ck_assert_int_eq(http_query_next(&rest, &arena, &name, &value), OK);
		ck_assert(slice_is_str(name, expected[i][0]));
		ck_assert(slice_is_str(value, expected[i][1]));
	}
	ck_assert_int_eq(http_query_next(&rest, &arena, &name, &value), OK);
	ck_assert_ptr_null(name.ptr);
	rest = SLICE("a=%g0");
	ck_assert_int_eq(http_query_next(&rest, &arena, &name, &value), ERR_HTTP_SYNTAX);
	rest = SLICE("a=%00");
	ck_assert_int_eq(http_query_next(&rest, &arena, &name, &value), ERR_HTTP_SYNTAX);
	rest = SLICE("a=%ff");
	ck_assert_int_eq(http_query_next(&rest, &arena, &name, &value), ERR_TEXT_INVALID);
	arena_finish(&arena);
}
END_TEST

/* ---- pages of other origins ---- */

static enum err check_browser(const char *host, const char *origin)
{
	const struct http_header header = { SLICE("Origin"), slice_of_str(origin) };
	const struct http_request request = { .host = slice_of_str(host),
					      .headers = &header,
					      .header_count = origin ? 1 : 0 };
	const char *detail;

	return http_check_browser(&request, 8700, &detail);
}

START_TEST(only_loopback_hosts_with_our_port_are_ours)
{
	static const char *const ours[] = { "localhost:8700", "LocalHost:8700", "127.0.0.1:8700",
					    "127.1.2.3:8700", "[::1]:8700" };
	static const char *const others[] = { "", "localhost", "localhost:80", "localhost:87000",
					      "localhost:", "localhost:8700x", "example.org:8700",
					      "127.0.0.1.example.org:8700", "127.0.0.256:8700",
					      "127.0.0:8700", "localhost.example.org:8700",
					      "[::2]:8700",
					      "[::1", "::1:8700", "10.0.0.1:8700" };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		ck_assert_msg(check_browser(ours[i], NULL) == OK, "%s", ours[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		ck_assert_msg(check_browser(others[i], NULL) == ERR_ORIGIN_DENIED, "%s", others[i]);
}
END_TEST

START_TEST(only_our_origin_may_call)
{
	static const char *const others[] = { "null", "", "http://example.org", "http://localhost",
					      "https://localhost:8700", "http://localhost:3000",
					      "http://localhost:8700.example.org",
					      "http://example.org:8700" };

	ck_assert_int_eq(check_browser("localhost:8700", "http://localhost:8700"), OK);
	ck_assert_int_eq(check_browser("localhost:8700", "http://127.0.0.1:8700"), OK);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		ck_assert_msg(check_browser("localhost:8700", others[i]) == ERR_ORIGIN_DENIED, "%s",
			      others[i]);
}
END_TEST

static Suite *http_suite(void)
{
	Suite *suite = suite_create("http");
	TCase *transcript_case = tcase_create("transcripts");
	TCase *tests = tcase_create("http");

	tcase_add_loop_test(transcript_case, each_transcript_ends_alike_however_its_bytes_are_cut, 0,
			    (int)ARRAY_LEN(transcripts));
	suite_add_tcase(suite, transcript_case);
	tcase_add_test(tests, head_is_answered_without_a_body);
	tcase_add_test(tests, an_answer_may_come_later_and_what_is_behind_it_waits);
	tcase_add_test(tests, reading_stops_when_too_much_waits_behind_a_request);
	tcase_add_test(tests, requests_wait_while_replies_are_not_taken);
	tcase_add_test(tests, continue_is_said_when_the_body_is_waited_for);
	tcase_add_test(tests, continue_is_not_said_to_what_is_refused);
	tcase_add_test(tests, a_refusal_before_the_body_tells_why_and_closes);
	tcase_add_test(tests, a_refusal_without_a_body_keeps_the_connection);
	tcase_add_test(tests, the_limit_of_a_body_is_the_callers_to_set);
	tcase_add_test(tests, other_media_types_are_taken_where_they_are_named);
	tcase_add_test(tests, what_is_just_within_the_limits_is_taken);
	tcase_add_test(tests, what_is_just_beyond_the_limits_is_refused_by_name);
	tcase_add_test(tests, a_head_without_end_is_refused_at_the_limit);
	tcase_add_test(tests, chunks_that_are_all_framing_are_refused);
	tcase_add_test(tests, a_body_in_chunks_of_one_byte_is_taken);
	tcase_add_test(tests, a_client_that_ends_its_side_is_answered_first);
	tcase_add_test(tests, a_client_that_ends_in_the_midst_is_told);
	tcase_add_test(tests, a_refusal_in_between_ends_the_connection);
	tcase_add_test(tests, nothing_is_read_after_a_reply_that_closes);
	tcase_add_test(tests, a_stream_comes_in_chunks);
	tcase_add_test(tests, a_stream_to_http_1_0_ends_with_the_connection);
	tcase_add_test(tests, head_of_a_stream_is_its_head);
	tcase_add_test(tests, an_idle_connection_holds_no_buffer);
	tcase_add_test(tests, headers_are_found_without_case);
	tcase_add_test(tests, a_query_comes_apart_decoded);
	tcase_add_test(tests, only_loopback_hosts_with_our_port_are_ours);
	tcase_add_test(tests, only_our_origin_may_call);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(http_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
