#include "witness/hash.h"

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
