#include "crypto/seal.h"

#include <sodium.h>

#include "base/ensure.h"

_Static_assert(crypto_box_PUBLICKEYBYTES == SEAL_KEY_BYTES, "public half");
_Static_assert(crypto_box_SECRETKEYBYTES == SEAL_KEY_BYTES, "secret half");

static const unsigned char *bytes_of(struct slice slice)
{
	return (const unsigned char *)(slice.ptr ? slice.ptr : "");
}

struct seal_key seal_make_key(void)
{
	struct seal_key secret, public_half;

	ENSURE(sodium_init() >= 0);
	ENSURE(crypto_box_keypair(public_half.bytes, secret.bytes) == 0);
	return secret;
}

struct seal_key seal_public_half(const struct seal_key *secret)
{
	struct seal_key public_half;

	ENSURE(crypto_scalarmult_base(public_half.bytes, secret->bytes) == 0);
	return public_half;
}

void seal_close(const struct seal_key *public_half, struct slice bytes, struct buf *out)
{
	unsigned char *at = (unsigned char *)buf_reserve(out, bytes.len + crypto_box_SEALBYTES);

	ENSURE(sodium_init() >= 0);
	ENSURE(crypto_box_seal(at, bytes_of(bytes), bytes.len, public_half->bytes) == 0);
	out->len += bytes.len + crypto_box_SEALBYTES;
}

bool seal_open(const struct seal_key *secret, struct slice sealed, struct buf *out)
{
	struct seal_key public_half = seal_public_half(secret);
	unsigned char *at;

	if (sealed.len < crypto_box_SEALBYTES)
		return false;
	at = (unsigned char *)buf_reserve(out, sealed.len);
	if (crypto_box_seal_open(at, bytes_of(sealed), sealed.len, public_half.bytes,
				 secret->bytes) != 0)
		return false;
	out->len += sealed.len - crypto_box_SEALBYTES;
	return true;
}

void seal_wipe(void *bytes, size_t len)
{
	sodium_memzero(bytes, len);
}

void seal_wipe_buf(struct buf *buf)
{
	if (buf->ptr)
		sodium_memzero(buf->ptr, buf->capacity);
	buf_finish(buf);
}

bool seal_is_same(struct slice a, struct slice b)
{
	return a.len == b.len && sodium_memcmp(bytes_of(a), bytes_of(b), a.len) == 0;
}
