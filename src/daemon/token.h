/*
 * token - credentials that somebody can show: JSON Web Tokens (RFC 9068),
 * signed with a key that only this daemon has.
 *
 * A token is made from what the ledger says of its credential, whenever an
 * answer names one, and kept nowhere. The key lies beside the ledger, in a
 * file of its own that nobody else may read; who has both can sign.
 */
#ifndef DAEMON_TOKEN_H
#define DAEMON_TOKEN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "crypto/sign.h"
#include "fabric/state.h"

struct tokens {
	struct sign_key key;
	struct buf key_id;	/* RFC 7638: its thumbprint */
	struct buf issuer;
	struct buf header;	/* of every token, in base64 */
};

/* Reads the key, or makes one. NULL: one for as long as the process lives. */
MUST_USE enum err tokens_open(struct tokens *tokens, const char *path, struct buf *ret_detail);
void tokens_close(struct tokens *tokens);

/* Appends the token of a credential. */
void token_write(const struct tokens *tokens, const struct state *state, uint32_t credential,
		 struct buf *out);
/*
 * Adds the token to an answer that names a live credential in its first
 * member; leaves any other as it is.
 */
void token_fill(const struct tokens *tokens, const struct state *state, int64_t now_us,
		struct buf *body);

/*
 * Whether a token is good for what is asked. The algorithm is not looked for
 * in it: one header is taken, and any other refused. OK: members of an open
 * object say whose it is.
 */
MUST_USE enum err token_check(const struct tokens *tokens, const struct state *state,
			      int64_t now_us, const struct cmd_credential_check *args,
			      struct json_writer *json, struct buf *ret_detail);

/* Members of an open object: a JSON Web Key Set (RFC 7517) of the one key. */
void tokens_put_keys(const struct tokens *tokens, struct json_writer *json);

#endif
