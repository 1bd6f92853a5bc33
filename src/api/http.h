/*
 * http - the server's side of HTTP/1.0 and HTTP/1.1, without any I/O.
 *
 * A connection is fed the bytes that came in, calls back with requests, one
 * at a time, and collects the bytes to send. Requests behind one that is
 * not answered yet wait, in order.
 *
 * What two readers of the same bytes could understand differently is
 * refused, because that is how requests are smuggled past a check.
 */
#ifndef API_HTTP_H
#define API_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#define HTTP_HEAD_BYTES_MAX 16384	/* request line and headers; browsers send under 2,000 */
#define HTTP_HEADERS_MAX 64		/* browsers send about 20 */
#define HTTP_URL_BYTES_MAX 8192		/* what common proxies let pass */
#define HTTP_BODY_BYTES_MAX 1048576	/* unless on_headers says otherwise */
#define HTTP_WAITING_BYTES_MAX 65536	/* kept behind an unanswered request, then reading stops */
#define HTTP_QUEUED_BYTES_MAX 262144	/* replies waiting to be sent, then requests wait too */
#define HTTP_SPARE_BUFS_MAX 64		/* kept for the next connection that needs one */
#define HTTP_SPARE_BYTES_MAX 65536	/* bigger ones are given back */

/* A limit's number as text, for the answer that names it. */
#define HTTP_TEXT_OF(limit) HTTP_TEXT_OF_(limit)
#define HTTP_TEXT_OF_(number) #number

struct http_conn;

struct http_header {
	struct slice name;		/* as it was sent: compare without case */
	struct slice value;		/* trimmed */
};

/* Valid during the call back only. */
struct http_request {
	struct slice method;		/* GET */
	struct slice target;		/* of the request line, as it came */
	struct slice path;		/* decoded UTF-8, begins with a slash; "*" with OPTIONS only */
	struct slice query;		/* raw, what stood behind '?' */
	struct slice body;		/* empty in on_headers */
	struct slice host;		/* of the Host header or of an absolute URL */
	const struct http_header *headers;
	size_t header_count;
	bool has_body;			/* one was announced, be it of length 0 */
	bool is_http_1_0;
};

/* The value of the first such header; ptr is NULL when there is none. */
struct slice http_request_header(const struct http_request *request, const char *name);
/* The content type without parameters: application/json. */
struct slice http_request_media_type(const struct http_request *request);

/*
 * Takes the next name=value off a query, decoded into the arena; '+' is a
 * space. OK with a name whose ptr is NULL at the end; ERR_HTTP_SYNTAX for a bad
 * escape, ERR_TEXT_INVALID for what is not UTF-8.
 */
MUST_USE enum err http_query_next(struct slice *rest, struct arena *arena, struct slice *ret_name,
				  struct slice *ret_value);

/* What on_headers decides. Set to the defaults before the call. */
struct http_admission {
	size_t body_bytes_max;		/* HTTP_BODY_BYTES_MAX */
	const char *media_types;	/* taken beside application/json, separated by a space; NULL */
	const char *detail;		/* why it is refused, a literal; NULL */
	struct slice headers;		/* lines for the refusal: Allow, or empty */
};

struct http_ops {
	/* The head is there, the body is not. May be NULL. What is not OK is answered at once. */
	enum err (*on_headers)(struct http_conn *conn, const struct http_request *request,
			       struct http_admission *admission);
	/* The request is whole. Answer now or later. */
	void (*on_request)(struct http_conn *conn, const struct http_request *request);
};

/*
 * What all connections of a service share: work space, so that a connection
 * that is idle needs next to nothing. Not for two threads.
 */
struct http_service {
	const struct http_ops *ops;
	/* Targets are URLs, or host:port; `path` is what came, and bodies are of any type. */
	bool is_proxy;
	struct http_header headers[HTTP_HEADERS_MAX];
	struct buf path;		/* decoded */
	struct buf problem;
	struct buf spare[HTTP_SPARE_BUFS_MAX];
	size_t spare_count;
};

void http_service_init(struct http_service *service, const struct http_ops *ops);
void http_service_finish(struct http_service *service);

enum http_phase {
	HTTP_PHASE_IDLE,		/* nothing of a request has come */
	HTTP_PHASE_HEAD,
	HTTP_PHASE_BODY,
	HTTP_PHASE_REPLY,		/* on_request was called, the answer is awaited */
	HTTP_PHASE_STREAM,		/* the answer is a stream that goes on */
	HTTP_PHASE_CLOSING		/* nothing more is read; close when all is sent */
};

struct http_dechunk;

/* Treat as opaque but for `owner`. */
struct http_conn {
	struct http_service *service;
	void *owner;			/* of whoever feeds it */
	struct buf in;			/* came in, not used up; most often empty */
	struct buf out;			/* to be sent from out_sent on */
	size_t out_sent;
	size_t scanned;			/* bytes of the head that were looked at */
	size_t head_len;		/* 0 until the head is whole */
	size_t body_len;		/* announced, or what was unpacked of chunks so far */
	size_t body_bytes_max;
	struct http_dechunk *dechunk;	/* while a chunked body comes in */
	uint8_t phase;			/* enum http_phase */
	uint8_t line_state;
	uint8_t empty_lines;		/* skipped before this request */
	bool is_head;			/* of the request being answered, as are the next two */
	bool is_http_1_0;
	bool keep_alive;
	bool in_feed;
	bool is_held;			/* input waits for an answer to be given or sent */
	bool input_ended;		/* the other side sends no more */
};

void http_conn_init(struct http_conn *conn, struct http_service *service, void *owner);
void http_conn_finish(struct http_conn *conn);

/*
 * Takes what came in; calls back for each request that it completes, as
 * long as they are answered at once. Call it with nothing to go on after
 * an answer that came later. `bytes` may be the caller's own buffer.
 */
void http_conn_feed(struct http_conn *conn, struct slice bytes);
/* The other side sends no more. What it asked for is still answered. */
void http_conn_end(struct http_conn *conn);
/* False while so much waits behind an unanswered request that reading should pause. */
bool http_conn_wants_input(const struct http_conn *conn);
/* Input is there that http_conn_feed can go on with now. */
bool http_conn_can_resume(const struct http_conn *conn);
enum http_phase http_conn_phase(const struct http_conn *conn);

/* What waits to be sent, and how much of it was. */
struct slice http_conn_output(const struct http_conn *conn);
void http_conn_sent(struct http_conn *conn, size_t len);

/*
 * Answers, for the request that on_request gave. `content_type` is NULL when
 * there is no body; `headers` are further lines, each ended by CR LF.
 */
void http_reply(struct http_conn *conn, int status, const char *content_type, struct slice headers,
		struct slice body);
/* The same with a problem document; `members` as for problem_write. */
void http_reply_error(struct http_conn *conn, enum err err, struct slice detail,
		      struct slice members);
/*
 * Also before a request is whole, for time-outs and the like; then no
 * further request is read.
 */
void http_refuse(struct http_conn *conn, enum err err, struct slice detail, struct slice headers);

/* Answers with a stream. False when it is over at once: the request was HEAD. */
MUST_USE bool http_stream_begin(struct http_conn *conn, const char *content_type,
				struct slice headers);
void http_stream_write(struct http_conn *conn, struct slice bytes);
void http_stream_end(struct http_conn *conn);

/* No request after the one being answered. */
void http_conn_close_after(struct http_conn *conn);

#endif
