/*
 * egress_session - one connection to the proxy's socket: a grant, and the
 * requests that are made under it.
 */
#ifndef SANDBOX_EGRESS_SESSION_H
#define SANDBOX_EGRESS_SESSION_H

#include "sandbox/egress_ask.h"

#define EGRESS_GRANT_BYTES_MAX (1UL << 20)	/* of a grant; a contract has some KB */
#define EGRESS_GRANT_WAIT_US 10000000		/* whoever connects says what it wants */

struct egress_session;

/* The other end is gone, or broke the rules: the session can be closed, also inside the call. */
typedef void egress_session_over_fn(void *context, struct egress_session *session);

/* The descriptor is the session's from now on; it does not block. */
struct egress_session *egress_session_open(struct egress_service *service, int fd,
					   egress_session_over_fn *on_over, void *context);
/* Ends what is under way. */
void egress_session_close(struct egress_session *session);

#endif
