#include "crypto/hash.h"

#include <sodium.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct hash_state), "room for the state");
_Static_assert(crypto_hash_sha256_BYTES == HASH_BYTES, "SHA-256");

static crypto_hash_sha256_state *library_state(struct hash_state *state)
{
	return (crypto_hash_sha256_state *)(void *)state->opaque;
}

static const unsigned char *bytes_of(struct slice slice)
{
	return (const unsigned char *)slice.ptr;
}

void hash_begin(struct hash_state *state)
{
	ENSURE(crypto_hash_sha256_init(library_state(state)) == 0);
}

void hash_add(struct hash_state *state, struct slice bytes)
{
	if (bytes.len > 0)
		ENSURE(crypto_hash_sha256_update(library_state(state), bytes_of(bytes),
						 bytes.len) == 0);
}

struct hash hash_end(struct hash_state *state)
{
	struct hash hash;

	ENSURE(crypto_hash_sha256_final(library_state(state), hash.bytes) == 0);
	return hash;
}

struct hash hash_of(struct slice bytes)
{
	struct hash_state state;

	hash_begin(&state);
	hash_add(&state, bytes);
	return hash_end(&state);
}

struct hash hash_hmac(struct slice key, const struct slice *parts, size_t count)
{
	crypto_auth_hmacsha256_state state;
	struct hash hash;

	ENSURE(crypto_auth_hmacsha256_init(&state, bytes_of(key.len ? key : SLICE("")),
					   key.len) == 0);
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0)
			ENSURE(crypto_auth_hmacsha256_update(&state, bytes_of(parts[i]),
							     parts[i].len) == 0);
	ENSURE(crypto_auth_hmacsha256_final(&state, hash.bytes) == 0);
	sodium_memzero(&state, sizeof(state));
	return hash;
}

static void add_base64(struct buf *out, struct slice bytes, int variant)
{
	size_t size = sodium_base64_encoded_len(bytes.len, variant);
	char *text = buf_reserve(out, size);

	ENSURE(sodium_bin2base64(text, size, bytes_of(bytes), bytes.len, variant) != NULL);
	out->len += size - 1;	/* it ends with a zero byte */
}

static bool from_base64(struct slice text, struct buf *out, int variant)
{
	unsigned char *bytes = (unsigned char *)buf_reserve(out, text.len + 1);
	size_t len;

	if (sodium_base642bin(bytes, text.len + 1, text.ptr, text.len, NULL, &len, NULL, variant) != 0)
		return false;
	out->len += len;
	return true;
}

void hash_add_base64(struct buf *out, struct slice bytes)
{
	add_base64(out, bytes, sodium_base64_VARIANT_ORIGINAL);
}

bool hash_from_base64(struct slice text, struct buf *out)
{
	return from_base64(text, out, sodium_base64_VARIANT_ORIGINAL);
}

void hash_add_base64url(struct buf *out, struct slice bytes)
{
	add_base64(out, bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool hash_from_base64url(struct slice text, struct buf *out)
{
	return from_base64(text, out, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hash_from_hex(struct slice text, struct hash *ret_hash)
{
	struct hash hash;

	if (text.len != HASH_HEX_BYTES)
		return false;
	for (size_t i = 0; i < HASH_BYTES; i++) {
		int high = hex_digit(text.ptr[2 * i]);
		int low = hex_digit(text.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		hash.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret_hash = hash;
	return true;
}
