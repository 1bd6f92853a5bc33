/*
 * egress_message - what is said through the proxy's socket: grants,
 * requests, replies.
 *
 * See sandbox/egress.h for their form. Keys that are not known are refused:
 * somebody meant something by them.
 */
#ifndef SANDBOX_EGRESS_MESSAGE_H
#define SANDBOX_EGRESS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "chassis/contract.h"
#include "sandbox/egress_url.h"

#define EGRESS_HEADERS_MAX 64

/* ---- grants: written by supervisors, read by the proxy -------------------------------------- */

struct egress_who {
	struct slice swarm;
	struct slice board;		/* empty: the work is nobody's task */
	struct slice task;
	int64_t fence;
	/*
	 * Scoped to the claim. When there is one, requests that carry a secret are made as
	 * long as the coordinator says that it holds, and no longer.
	 */
	struct slice token;
	struct slice daemon;		/* the coordinator's address; empty: nobody is told */
};

struct egress_grant {
	struct egress_who who;
	struct contract contract;
	bool listen;			/* serve HTTP on a port of this machine, too */
};

/* Members of an object: whose work it is, with its token. */
void egress_put_who(const struct egress_who *who, struct json_writer *json);
/* Texts of the grant point into what is written. */
void egress_write_grant(const struct egress_who *who, const struct contract *contract, bool listen,
			struct buf *out);
/* Everything lives in `arena`. ERR_EGRESS_GRANT with the reason. */
MUST_USE enum err egress_read_grant(struct slice text, struct arena *arena,
				    struct egress_grant *ret_grant, struct buf *detail);

/* ---- requests ------------------------------------------------------------------------------- */

struct egress_header {
	struct slice name;
	struct slice value;
};

struct egress_asked {
	struct slice method;
	struct egress_url url;
	struct egress_header headers[EGRESS_HEADERS_MAX];
	size_t header_count;
	struct slice body;
};

/* Texts live in `arena`, the body in `body`. ERR_EGRESS_REQUEST or ERR_LIMIT_EXCEEDED. */
MUST_USE enum err egress_read_request(struct slice text, size_t body_bytes_max,
				      struct arena *arena, struct buf *body,
				      struct egress_asked *ret_asked, struct buf *detail);
/* What every request is checked for, whichever way it came. `url` is read into it. */
MUST_USE enum err egress_check_request(struct slice url, struct egress_asked *asked,
				       struct buf *detail);
/* What egress_check_request has made. */
void egress_asked_finish(struct egress_asked *asked);

/* ---- replies -------------------------------------------------------------------------------- */

/* The lines of `head`, each ended by CR LF, as an object; then the body. */
void egress_write_reply(int status, struct slice head, struct slice body, struct buf *out);
void egress_write_error(enum err err, struct slice detail, int64_t retry_after_ms,
			struct buf *out);

#endif
