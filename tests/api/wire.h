/*
 * wire - HTTP from the client's side, byte by byte, for tests.
 *
 * It takes nothing for granted: what is malformed fails the test that asked.
 */
#ifndef TESTS_API_WIRE_H
#define TESTS_API_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#define WIRE_PATIENCE_MS 60000	/* for a machine under load; no test waits this long to pass */

struct json_value;

struct wire {
	int fd;
	struct buf in;			/* read and not used yet */
	struct buf rest;		/* of the stream: the beginning of a line */
	bool is_chunked;		/* of the stream that is being read */
	bool has_ended;			/* the stream, or the connection */
	size_t chunk_left;
};

struct http_answer {
	int status;			/* 0: the connection ended without one */
	struct buf head;		/* status line and headers */
	struct buf body;
	struct json_value *json;	/* of the body; NULL until asked for, or when it is none */
};

void wire_open(struct wire *wire, const char *socket_path);
void wire_open_tcp(struct wire *wire, int port);
/* False when nobody listens. */
bool wire_try_open(struct wire *wire, const char *socket_path);
void wire_close(struct wire *wire);

void wire_send(struct wire *wire, struct slice bytes);
/* Composes a request; `headers` (lines with CR LF) and `body` may be NULL. */
void wire_ask(struct wire *wire, const char *method, const char *path, const char *headers,
	      struct slice body);
/* False, and status 0, when the connection ended before an answer came. */
bool wire_answer(struct wire *wire, struct http_answer *answer);

/* ---- streams -------------------------------------------------------------------------------- */

/* Reads the head of an answer whose body is a stream. */
bool wire_stream(struct wire *wire, struct http_answer *answer);
/* The next line without its end; false when the stream is over, or after `patience_ms`. */
bool wire_line(struct wire *wire, int64_t patience_ms, struct buf *ret_line);

struct sse {
	int64_t id;
	char event[64];
	struct buf data;
};
/* The next event; comments and cursors are passed over. False as wire_line. */
bool wire_event(struct wire *wire, int64_t patience_ms, struct sse *ret_event);

/* ---- what an answer says -------------------------------------------------------------------- */

void answer_finish(struct http_answer *answer);
/*
 * A member of the body, or of what is in it: "code", "work.waiting",
 * "tasks.0.task". The empty text, or `absent`, when it is not there.
 */
const char *answer_text(struct http_answer *answer, const char *path);
int64_t answer_number(struct http_answer *answer, const char *path, int64_t absent);
/* -1: not there. */
int answer_truth(struct http_answer *answer, const char *path);
const struct json_value *answer_at(struct http_answer *answer, const char *path);
/* The value of a header, or the empty text. */
struct slice answer_header(const struct http_answer *answer, const char *name);
/* Member of a JSON text, as answer_text and answer_number. The text is copied to `ret_text`. */
bool json_member_text(struct slice json, const char *path, char *ret_text, size_t size);
int64_t json_member_number(struct slice json, const char *path, int64_t absent);

#endif
