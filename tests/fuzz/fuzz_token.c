/*
 * Tokens that come from outside: as they are, and as the claims of one that
 * is signed as it should be, which then tells what it likes.
 */
#include <stdlib.h>

#include "base/ensure.h"
#include "crypto/hash.h"
#include "daemon/token.h"

static struct tokens tokens;
static struct state state;

static enum err check(struct slice token)
{
	struct cmd_credential_check args = { .token = token, .endpoint = SLICE("https://x.org") };
	struct buf answer = { 0 }, detail = { 0 };
	struct json_writer json = json_begin(&answer);
	enum err err;

	json_object(&json);
	err = token_check(&tokens, &state, 0, &args, &json, &detail);
	json_object_end(&json);
	/* Nothing was ever minted: none is good, and each is told why. */
	ENSURE(err != OK && detail.len > 0);
	buf_finish(&answer);
	buf_finish(&detail);
	return err;
}

static void check_signed(struct slice claims)
{
	uint8_t signature[SIGN_BYTES];
	struct buf token = { 0 };

	buf_add_slice(&token, buf_slice(&tokens.header));
	buf_add_byte(&token, '.');
	hash_add_base64url(&token, claims);
	sign_bytes(&tokens.key, buf_slice(&token), signature);
	buf_add_byte(&token, '.');
	hash_add_base64url(&token, slice_of((const char *)signature, SIGN_BYTES));
	check(buf_slice(&token));
	buf_finish(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct buf detail = { 0 };

	if (!tokens.header.len) {
		if (tokens_open(&tokens, NULL, &detail) != OK)
			abort();
		state_init(&state, 1);
	}
	check(input);
	if (size <= (size_t)LIMIT_TOKEN_BYTES)
		check_signed(input);
	return 0;
}
