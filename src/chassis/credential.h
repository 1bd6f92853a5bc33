/*
 * credential - leave to ask for something, for one claim and a short time.
 *
 * The ledger has its number, what it is for and until when. The token that
 * shows it is made from these by whoever holds the key, and the same one as
 * often as it is asked for: it is kept nowhere. A credential ends when its
 * time is over, when it is revoked, and with its claim, whichever comes first.
 */
#ifndef CHASSIS_CREDENTIAL_H
#define CHASSIS_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define CREDENTIAL_ID_BYTES 24		/* c and a number */

struct credential {
	/* Durable */
	uint64_t number;		/* of the event that minted it; 0: the place is free */
	uint32_t task;			/* whose claim it is for */
	int64_t issued_at_us;		/* whole seconds, like the next: tokens tell no less */
	int64_t expires_at_us;
	bool revoked;
	struct slice_list endpoints;	/* scheme://host or scheme://host:port; owned */

	/* Volatile */
	uint32_t next_of_claim;
};

enum credential_state { CREDENTIAL_LIVE, CREDENTIAL_EXPIRED, CREDENTIAL_REVOKED };

/* At its very end it is over. */
enum credential_state credential_state_at(const struct credential *credential, int64_t now_us);

/* Its id, c and its number, in `space`. */
struct slice credential_id(uint64_t number, char space[CREDENTIAL_ID_BYTES]);
/* 0 when it is no such id. */
uint64_t credential_number(struct slice id);

/* When one ends that is asked for now: in whole seconds, no later than `most_us`. */
int64_t credential_end_us(int64_t now_us, int64_t ttl_ms, int64_t most_us);

/* scheme://host or scheme://host:port of http and https, in small letters: one spelling. */
bool credential_endpoint_is_valid(struct slice endpoint);

/* What a token says, and the order in which it says it. */
struct credential_terms {
	struct slice issuer;
	struct slice id;
	struct slice swarm;
	struct slice board, task;
	int64_t fence;
	int64_t issued_at_us;
	int64_t expires_at_us;
	struct slice_list endpoints;
};

/*
 * The claims of a JSON Web Token (RFC 9068): the same bytes for the same
 * terms. One endpoint is a text, several are a list.
 */
void credential_write_claims(const struct credential_terms *terms, struct buf *out);
/* The one header that is ever made or taken: EdDSA, at+jwt, this key. */
void credential_write_header(struct slice key_id, struct buf *out);

#endif
