/*
 * sign - signatures that the holder of a key makes and everybody can check: Ed25519.
 *
 * The same bytes and the same key give the same signature, so whoever keeps
 * the key need not keep what was signed.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ensure.h"
#include "base/slice.h"

#define SIGN_SEED_BYTES 32
#define SIGN_PUBLIC_BYTES 32
#define SIGN_BYTES 64

struct sign_key {
	uint8_t secret[64];
	uint8_t public_half[SIGN_PUBLIC_BYTES];
};

/* The key that these secret bytes stand for. */
struct sign_key sign_key_of(const uint8_t seed[SIGN_SEED_BYTES]);
void sign_key_wipe(struct sign_key *key);

void sign_bytes(const struct sign_key *key, struct slice bytes, uint8_t ret_signature[SIGN_BYTES]);
/* False for any other signature, also one of another length or another form of the same numbers. */
MUST_USE bool sign_fits(const uint8_t public_half[SIGN_PUBLIC_BYTES], struct slice bytes,
			struct slice signature);

#endif
