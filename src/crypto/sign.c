#include "crypto/sign.h"

#include <sodium.h>

_Static_assert(crypto_sign_SEEDBYTES == SIGN_SEED_BYTES, "a seed");
_Static_assert(crypto_sign_PUBLICKEYBYTES == SIGN_PUBLIC_BYTES, "the public half");
_Static_assert(crypto_sign_BYTES == SIGN_BYTES, "a signature");
_Static_assert(crypto_sign_SECRETKEYBYTES == sizeof(((struct sign_key *)0)->secret), "a key");

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

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

void sign_add_base64(struct buf *out, struct slice bytes)
{
	size_t size = sodium_base64_encoded_len(bytes.len, BASE64);
	char *text = buf_reserve(out, size);

	ENSURE(sodium_bin2base64(text, size, bytes_of(bytes), bytes.len, BASE64) != NULL);
	out->len += size - 1;	/* it ends with a zero byte */
}

bool sign_from_base64(struct slice text, struct buf *out)
{
	unsigned char *bytes = (unsigned char *)buf_reserve(out, text.len + 1);
	size_t len;

	if (sodium_base642bin(bytes, text.len + 1, text.ptr, text.len, NULL, &len, NULL,
			      BASE64) != 0)
		return false;
	out->len += len;
	return true;
}
