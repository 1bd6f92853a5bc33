#include "daemon/token.h"

#include <errno.h>

#include "base/ensure.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "document/json.h"
#include "fabric/view.h"
#include "sys/entropy.h"
#include "sys/files.h"

#define KEY_FILE_BYTES (2 * SIGN_SEED_BYTES + 1)	/* hex, and the end of the line */

/* ---- the key ------------------------------------------------------------------------------- */

static void put_key(const struct tokens *tokens, bool all, struct json_writer *json)
{
	struct buf x = { 0 };

	hash_add_base64url(&x, slice_of((const char *)tokens->key.public_half, SIGN_PUBLIC_BYTES));
	/* A thumbprint is of these three, in this order. */
	json_put_str(json, "crv", "Ed25519");
	json_put_str(json, "kty", "OKP");
	json_put_text(json, "x", buf_slice(&x));
	if (all) {
		json_put_str(json, "alg", "EdDSA");
		json_put_str(json, "use", "sig");
		json_put_text(json, "kid", buf_slice(&tokens->key_id));
	}
	buf_finish(&x);
}

static void name_key(struct tokens *tokens)
{
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);
	struct hash thumbprint;

	json_object(&json);
	put_key(tokens, false, &json);
	json_object_end(&json);
	thumbprint = hash_of(buf_slice(&text));
	hash_add_base64url(&tokens->key_id, slice_of((const char *)thumbprint.bytes, HASH_BYTES));
	buf_add_lit(&tokens->issuer, "urn:infrafabric:");
	buf_add_slice(&tokens->issuer, buf_slice(&tokens->key_id));
	buf_clear(&text);
	credential_write_header(buf_slice(&tokens->key_id), &text);
	hash_add_base64url(&tokens->header, buf_slice(&text));
	buf_finish(&text);
}

static enum err make_seed(const char *path, struct hash *ret_seed)
{
	struct buf line = { 0 };
	enum err err = OK;

	entropy_fill(ret_seed->bytes, sizeof(ret_seed->bytes));
	if (!path)
		return OK;
	buf_reserve(&line, KEY_FILE_BYTES);
	buf_add_hex(&line, ret_seed->bytes, SIGN_SEED_BYTES);
	buf_add_byte(&line, '\n');
	err = file_write(path, buf_slice(&line), 0600);
	seal_wipe_buf(&line);
	return err;
}

static enum err read_seed(const char *path, struct hash *ret_seed, struct buf *ret_detail)
{
	struct buf line = { 0 };
	enum err err = file_read_private(path, KEY_FILE_BYTES, &line);

	if (err == OK && (line.len != KEY_FILE_BYTES || line.ptr[KEY_FILE_BYTES - 1] != '\n' ||
			  !hash_from_hex(slice_head(buf_slice(&line), 2 * SIGN_SEED_BYTES),
					 ret_seed))) {
		buf_add_str(ret_detail, path);
		buf_add_lit(ret_detail, " holds no key: 64 hexadecimal digits and the end of a line");
		err = ERR_OS;
	} else if (err != OK && errno == EPERM) {
		buf_add_str(ret_detail, path);
		buf_add_lit(ret_detail,
			    " can be read by others; a key is for its owner alone (mode 0600)");
	} else if (err != OK && errno != ENOENT) {
		file_describe(ret_detail, "read", path);
	}
	seal_wipe_buf(&line);
	return err;
}

enum err tokens_open(struct tokens *tokens, const char *path, struct buf *ret_detail)
{
	struct hash seed = { { 0 } };
	enum err err = ERR_OS;

	errno = ENOENT;
	if (path)
		err = read_seed(path, &seed, ret_detail);
	if (err == ERR_OS && errno == ENOENT && ret_detail->len == 0) {
		err = make_seed(path, &seed);
		if (err != OK)
			file_describe(ret_detail, "write", path);
	}
	if (err == OK) {
		tokens->key = sign_key_of(seed.bytes);
		name_key(tokens);
	}
	seal_wipe(&seed, sizeof(seed));
	return err;
}

void tokens_close(struct tokens *tokens)
{
	sign_key_wipe(&tokens->key);
	buf_finish(&tokens->key_id);
	buf_finish(&tokens->issuer);
	buf_finish(&tokens->header);
}

void tokens_put_keys(const struct tokens *tokens, struct json_writer *json)
{
	json_key(json, "keys");
	json_array(json);
	json_object(json);
	put_key(tokens, true, json);
	json_object_end(json);
	json_array_end(json);
}

/* ---- making one ---------------------------------------------------------------------------- */

static void write_claims(const struct tokens *tokens, const struct state *state, uint32_t index,
			 struct buf *out)
{
	const struct credential *credential = state_credential(state, index);
	const struct task *task = state_task(state, credential->task);
	const struct claim *claim = state_claim(state, task->claim);
	char space[CREDENTIAL_ID_BYTES];
	struct credential_terms terms = {
		.issuer = buf_slice(&tokens->issuer), .id = credential_id(credential->number, space),
		.swarm = state_swarm(state, claim->swarm)->id,
		.board = state_board(state, task->board)->id, .task = task_id(task),
		.fence = (int64_t)claim->fence, .issued_at_us = credential->issued_at_us,
		.expires_at_us = credential->expires_at_us, .endpoints = credential->endpoints,
	};

	credential_write_claims(&terms, out);
}

void token_write(const struct tokens *tokens, const struct state *state, uint32_t credential,
		 struct buf *out)
{
	uint8_t signature[SIGN_BYTES];
	struct buf claims = { 0 };
	size_t start = out->len;

	write_claims(tokens, state, credential, &claims);
	buf_add_slice(out, buf_slice(&tokens->header));
	buf_add_byte(out, '.');
	hash_add_base64url(out, buf_slice(&claims));
	sign_bytes(&tokens->key, slice_from(buf_slice(out), start), signature);
	buf_add_byte(out, '.');
	hash_add_base64url(out, slice_of((const char *)signature, SIGN_BYTES));
	buf_finish(&claims);
}

void token_fill(const struct tokens *tokens, const struct state *state, int64_t now_us,
		struct buf *body)
{
	struct slice rest = buf_slice(body);
	struct slice first = SLICE("{\"" VIEW_CREDENTIAL "\":\"");
	struct buf filled = { 0 };
	uint32_t credential;

	if (state->chassis.live_credentials == 0 || !slice_starts(rest, first))
		return;
	rest = slice_from(rest, first.len);
	credential = state_find_credential(state, credential_number(slice_cut(&rest, '"')));
	if (credential == INDEX_NONE ||
	    credential_state_at(state_credential(state, credential), now_us) != CREDENTIAL_LIVE)
		return;
	buf_add_slice(&filled, slice_head(buf_slice(body), body->len - rest.len));
	buf_add_lit(&filled, ",\"token\":\"");
	token_write(tokens, state, credential, &filled);
	buf_add_byte(&filled, '"');
	buf_add_slice(&filled, rest);
	buf_finish(body);
	*body = filled;
}

/* ---- checking one -------------------------------------------------------------------------- */

static enum err refuse(struct buf *detail, enum err err, const char *what)
{
	buf_clear(detail);
	buf_add_str(detail, what);
	return err;
}

/* The id that its claims give; they are signed, so they are ours. */
static bool id_of(struct slice claims, struct arena *arena, struct slice *ret_id)
{
	static const struct json_limits limits = {
		.bytes_max = LIMIT_TOKEN_BYTES, .depth_max = 3, .values_max = 128,
	};
	struct json_value *root = NULL;
	struct slice id;
	bool found = json_parse(claims, &limits, &root, NULL) == OK &&
		     json_get_text(json_get(root, SLICE("jti")), &id);

	if (found)
		*ret_id = arena_copy(arena, id);
	json_free(root);
	return found;
}

/* Three parts, our header, our signature: OK, and `claims` is what was signed. */
static enum err open_token(const struct tokens *tokens, struct slice token, struct buf *claims,
			   struct buf *detail)
{
	struct slice rest = token;
	struct slice header = slice_cut(&rest, '.');
	struct slice body = slice_cut(&rest, '.');
	struct slice signed_part = slice_head(token, header.len + 1 + body.len);
	struct buf signature = { 0 };
	bool fits;

	if (header.len + body.len + rest.len + 2 != token.len || body.len == 0 || rest.len == 0)
		return refuse(detail, ERR_CREDENTIAL_INVALID,
			      "it is not of three parts with points between");
	if (!slice_is(header, buf_slice(&tokens->header)))
		return refuse(detail, ERR_CREDENTIAL_INVALID,
			      "its header is not that of this fabric's tokens, with its key");
	fits = hash_from_base64url(rest, &signature) &&
	       sign_fits(tokens->key.public_half, signed_part, buf_slice(&signature));
	buf_finish(&signature);
	if (!fits)
		return refuse(detail, ERR_CREDENTIAL_INVALID, "its signature does not fit");
	if (!hash_from_base64url(body, claims))
		return refuse(detail, ERR_CREDENTIAL_INVALID, "its claims are not in base64");
	return OK;
}

static enum err find(const struct tokens *tokens, const struct state *state, int64_t now_us,
		     struct slice claims, uint32_t *ret_credential, struct buf *detail)
{
	struct arena arena = { 0 };
	struct buf expected = { 0 };
	uint32_t index = INDEX_NONE;
	struct slice id = SLICE_EMPTY;
	enum err err = OK;

	if (!id_of(claims, &arena, &id) || credential_number(id) == 0)
		err = refuse(detail, ERR_CREDENTIAL_INVALID, "its claims are none of this fabric");
	else
		index = state_find_credential(state, credential_number(id));
	if (err == OK && index == INDEX_NONE)
		err = refuse(detail, ERR_CREDENTIAL_EXPIRED, "the claim that it was for is over");
	if (err == OK)
		write_claims(tokens, state, index, &expected);
	/* The same key beside another ledger, or an older copy of this one. */
	if (err == OK && !slice_is(buf_slice(&expected), claims))
		err = refuse(detail, ERR_CREDENTIAL_INVALID,
			     "the ledger knows this credential otherwise");
	if (err == OK &&
	    credential_state_at(state_credential(state, index), now_us) == CREDENTIAL_REVOKED)
		err = refuse(detail, ERR_CREDENTIAL_REVOKED, "it was revoked");
	if (err == OK &&
	    credential_state_at(state_credential(state, index), now_us) == CREDENTIAL_EXPIRED)
		err = refuse(detail, ERR_CREDENTIAL_EXPIRED, "its time is over");
	if (err == OK)
		*ret_credential = index;
	buf_finish(&expected);
	arena_finish(&arena);
	return err;
}

/* Whatever is asked for besides must be what it is bound to. */
static enum err refuse_scope(const struct state *state, uint32_t index,
			     const struct cmd_credential_check *args, struct buf *detail)
{
	const struct credential *credential = state_credential(state, index);
	const struct task *task = state_task(state, credential->task);
	const struct claim *claim = state_claim(state, task->claim);

	if (!slice_list_has(credential->endpoints, args->endpoint))
		return refuse(detail, ERR_CREDENTIAL_SCOPE, "it is not for this endpoint");
	if (args->swarm.len && !slice_is(args->swarm, state_swarm(state, claim->swarm)->id))
		return refuse(detail, ERR_CREDENTIAL_SCOPE, "it is another swarm's");
	if ((args->task.len && !slice_is(args->task, task_id(task))) ||
	    (args->board.len && !slice_is(args->board, SLICE("-")) &&
	     !slice_is(args->board, state_board(state, task->board)->id)))
		return refuse(detail, ERR_CREDENTIAL_SCOPE, "it is for another task");
	if (args->fence && args->fence != (int64_t)claim->fence)
		return refuse(detail, ERR_CREDENTIAL_SCOPE, "it is for another claim of the task");
	return OK;
}

enum err token_check(const struct tokens *tokens, const struct state *state, int64_t now_us,
		     const struct cmd_credential_check *args, struct json_writer *json,
		     struct buf *ret_detail)
{
	struct buf claims = { 0 };
	uint32_t index = INDEX_NONE;
	enum err err = open_token(tokens, args->token, &claims, ret_detail);

	if (err == OK)
		err = find(tokens, state, now_us, buf_slice(&claims), &index, ret_detail);
	if (err == OK)
		err = refuse_scope(state, index, args, ret_detail);
	if (err == OK) {
		json_put_bool(json, "active", true);
		view_credential_members(state, index, now_us, json);
	}
	buf_finish(&claims);
	return err;
}
