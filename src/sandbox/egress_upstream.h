/*
 * egress_upstream - requests to servers: a seam to libcurl, driven by the loop.
 *
 * What is said here was checked before, but for one thing that only whoever
 * opens the connection can check: the address. Each socket is opened after
 * a look at the address it is for, so whatever a name means a moment later
 * changes nothing. Connections are kept for the next request, apart for
 * those that may lead to private addresses and those that may not.
 *
 * No redirect is followed, no cookie kept, no proxy of the environment used,
 * nothing unpacked; only HTTP/1.1, only http and https; certificates are
 * verified.
 */
#ifndef SANDBOX_EGRESS_UPSTREAM_H
#define SANDBOX_EGRESS_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "sys/loop.h"

struct upstream;
struct upstream_exchange;

struct upstream_options {
	const char *ca_file;		/* NULL: the system's */
	const char *resolve;		/* HOST:PORT:ADDRESS of the operator's, or NULL */
	int64_t connect_timeout_ms;
	int64_t timeout_ms;		/* for all of it */
};

struct upstream_request {
	const char *method;
	const char *url;
	const char *const *headers;	/* whole lines without CR LF */
	size_t header_count;
	struct slice body;
	bool allow_private;
	size_t body_bytes_max;		/* of the answer */
	size_t head_bytes_max;
};

/* Valid during the call back only. */
struct upstream_answer {
	enum err err;			/* OK, ADDRESS_DENIED, UPSTREAM_FAILED, _TIMEOUT, _REFUSED */
	int status;			/* 0: none came */
	int64_t retry_after_s;		/* what its Retry-After says; 0: it has none */
	struct slice head;		/* lines of the last head, each ended by CR LF, but the first */
	struct slice body;
	struct slice reason;		/* when it did not go well */
	struct slice address;		/* connected to; empty: none was */
};

typedef void upstream_end_fn(void *context, const struct upstream_answer *answer);

MUST_USE enum err upstream_open(struct loop *loop, const struct upstream_options *options,
				struct upstream **ret_upstream);
void upstream_close(struct upstream *upstream);

/*
 * NULL when there is no memory or descriptor. The body must stay until the
 * end; the rest is copied. The call back never comes from inside.
 */
struct upstream_exchange *upstream_start(struct upstream *upstream,
					 const struct upstream_request *request,
					 upstream_end_fn *on_end, void *context);
/* Ends it without a call back. Takes NULL. */
void upstream_drop(struct upstream_exchange *exchange);

#endif
