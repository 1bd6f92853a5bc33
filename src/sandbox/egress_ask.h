/*
 * egress_ask - one request on its way: whether the grant covers it, when it
 * may go, with which secrets, and what may come back of the answer.
 */
#ifndef SANDBOX_EGRESS_ASK_H
#define SANDBOX_EGRESS_ASK_H

#include <stdbool.h>

#include "sandbox/egress_daemon.h"
#include "sandbox/egress_message.h"
#include "sandbox/egress_note.h"
#include "sandbox/egress_rates.h"
#include "sandbox/egress_upstream.h"
#include "sandbox/secret.h"

/* What all grants share. */
struct egress_service {
	struct loop *loop;
	struct egress_rates *rates;
	struct upstream *upstream;
	struct egress_daemons *daemons;
	struct egress_notes notes;
	struct secret_place secrets;
	const char *credentials_folder;	/* of systemd, or NULL */
};

/* A grant that is in force. */
struct egress_account {
	struct egress_service *service;
	struct arena arena;
	struct egress_grant grant;
	struct egress_daemon *daemon;	/* NULL: nobody is told */
	uint32_t swarm;			/* of egress_rates */
	struct bucket bucket;
	struct bucket rules[CONTRACT_HTTP_MAX];
};

/* Reads the grant. Nothing has to be closed when it is refused. */
MUST_USE enum err egress_account_open(struct egress_service *service, struct slice grant,
				      struct egress_account *ret_account, struct buf *detail);
/* Its requests were dropped before. */
void egress_account_close(struct egress_account *account);
/* The largest body that any rule lets through. */
size_t egress_account_request_bytes(const struct egress_account *account);

/* Valid during the call back only. */
struct egress_answer {
	enum err err;			/* OK: the server answered */
	struct slice detail;
	int64_t retry_after_ms;		/* 0: nothing is said */
	int status;
	struct slice head;		/* lines ended by CR LF, without those of one hop */
	struct slice body;
};

typedef void egress_answer_fn(void *context, const struct egress_answer *answer);

struct egress_ask;

/*
 * Calls back once, now or later. `asked` is moved from the caller: what its
 * texts and body point to must stay until then. `ret_ask` is where the caller
 * keeps it, and is NULL again when it was answered.
 */
void egress_ask_start(struct egress_account *account, struct egress_asked *asked,
		      egress_answer_fn *fn, void *context, struct egress_ask **ret_ask);
/* Ends it without a call back. Takes NULL. */
void egress_ask_drop(struct egress_ask *ask);
/*
 * The same for one that could not even be read: it goes on record and costs
 * a token, too, or a guest in a loop would flood us with nonsense.
 */
void egress_ask_refuse(struct egress_account *account, struct egress_asked *asked, enum err err,
		       struct slice detail, egress_answer_fn *fn, void *context,
		       struct egress_ask **ret_ask);

#endif
