#include "crypto/sign.h"

#include <sodium.h>

_Static_assert(crypto_sign_SEEDBYTES == SIGN_SEED_BYTES, "a seed");
_Static_assert(crypto_sign_PUBLICKEYBYTES == SIGN_PUBLIC_BYTES, "the public half");
_Static_assert(crypto_sign_BYTES == SIGN_BYTES, "a signature");
_Static_assert(crypto_sign_SECRETKEYBYTES == sizeof(((struct sign_key *)0)->secret), "a key");

static const unsigned char *bytes_of(struct slice slice)
{
	return (const unsigned char *)slice.ptr;
}

struct sign_key sign_key_of(const uint8_t seed[SIGN_SEED_BYTES])
{
	struct sign_key key;

	ENSURE(crypto_sign_seed_keypair(key.public_half, key.secret, seed) == 0);
	return key;
}

void sign_key_wipe(struct sign_key *key)
{
	sodium_memzero(key, sizeof(*key));
}

void sign_bytes(const struct sign_key *key, struct slice bytes, uint8_t ret_signature[SIGN_BYTES])
{
	ENSURE(crypto_sign_detached(ret_signature, NULL, bytes_of(bytes), bytes.len,
				    key->secret) == 0);
}

bool sign_fits(const uint8_t public_half[SIGN_PUBLIC_BYTES], struct slice bytes,
	       struct slice signature)
{
	return signature.len == SIGN_BYTES &&
	       crypto_sign_verify_detached(bytes_of(signature), bytes_of(bytes), bytes.len,
					   public_half) == 0;
}
