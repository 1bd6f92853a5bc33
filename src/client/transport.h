/*
 * transport - HTTP requests over connections that are kept: one at a time
 * that blocks, and any number that do not.
 *
 * The only door to libcurl. An address is where requests go, a URL with a path
 * of its own included: what a request names as path is put behind it.
 */
#ifndef CLIENT_TRANSPORT_H
#define CLIENT_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "client/address.h"

struct transport;

enum transport_end {
	TRANSPORT_DONE,		/* an answer came, whatever its status */
	TRANSPORT_UNREACHABLE,	/* nobody listens: nothing was sent */
	TRANSPORT_BROKEN,	/* the connection broke before the answer was whole */
	TRANSPORT_TIMEOUT,
	TRANSPORT_INTERRUPTED,	/* by the descriptor, or a call back that said stop */
	TRANSPORT_REFUSED,	/* an answer that is no HTTP, or too long */
};

#define TRANSPORT_BODY_BYTES_MAX (256 * 1024 * 1024)	/* a board of 100,000 tasks has 60 MB */
#define TRANSPORT_HEADERS_MAX 8

struct transport_request {
	const char *method;
	const char *path;
	struct slice body;		/* ptr is NULL: none */
	const char *headers[TRANSPORT_HEADERS_MAX];	/* whole lines without CR LF */
	size_t header_count;
	bool takes_proxy;		/* that http_proxy and https_proxy name: not to a daemon */
	/*
	 * May be NULL. A false ends the request. Called without bytes when the
	 * head of the answer has come.
	 */
	bool (*on_body)(void *context, int http_status, struct slice bytes);	/* else into `body` */
	void *context;
	/* Only for one that blocks; whoever starts another kind has a loop for these. */
	int64_t timeout_us;		/* 0: none */
	int interrupt_fd;		/* -1: none */
	bool (*on_tick)(void *context);		/* once a second; may be NULL; false ends it */
};

struct transport_answer {
	int http_status;		/* 0: none came */
	struct buf *body;		/* appended to, when there is no on_body */
	struct buf *reason;		/* for people, when it did not go well */
};

/* NULL when libcurl cannot be had. `address` stays the caller's and must outlive it. */
struct transport *transport_open(const struct address *address);
void transport_close(struct transport *transport);

enum transport_end transport_run(struct transport *transport, const struct transport_request *request,
				 struct transport_answer *answer);

/* ---- without blocking ----------------------------------------------------------------------- */

struct exchange;

typedef void exchange_end_fn(void *context, enum transport_end end);

/* Readable when transport_turn has something to do; -1 when it cannot be had. */
int transport_fd(struct transport *transport);
/* Moves what can be moved, never waits, and calls back for each exchange that has ended. */
void transport_turn(struct transport *transport);
/* The descriptor becomes readable at this monotonic time, too; INT64_MAX: never. */
void transport_set_alarm(struct transport *transport, int64_t at_us);

/*
 * NULL when there is no memory or descriptor. The body, the answer and its
 * buffers must stay until the end; the rest of the request is copied.
 */
struct exchange *exchange_start(struct transport *transport, const struct transport_request *request,
				struct transport_answer *answer, exchange_end_fn *on_end,
				void *context);
/* Ends it without a call back. Takes NULL. Not from inside its on_body. */
void exchange_drop(struct exchange *exchange);

#endif
