/*
 * hash - SHA-256 and what is made of it: the seam to the library that
 * computes it.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/ensure.h"
#include "base/slice.h"

#define HASH_BYTES 32
#define HASH_HEX_BYTES (2 * HASH_BYTES)

struct hash {
	uint8_t bytes[HASH_BYTES];
};

/* Room for the library's own state, which only hash.c knows. */
struct hash_state {
	_Alignas(16) uint8_t opaque[128];
};

void hash_begin(struct hash_state *state);
void hash_add(struct hash_state *state, struct slice bytes);
struct hash hash_end(struct hash_state *state);

/* The hash of one run of bytes. */
struct hash hash_of(struct slice bytes);

/* Hashes in a ledger are no secret, so comparing them may take a varying time. */
static inline bool hash_is(const struct hash *a, const struct hash *b)
{
	return memcmp(a->bytes, b->bytes, HASH_BYTES) == 0;
}

/* HMAC-SHA256 (RFC 2104) of parts that follow each other; a key of any length, also none. */
struct hash hash_hmac(struct slice key, const struct slice *parts, size_t count);

/* Appends bytes as base64, with padding. */
void hash_add_base64(struct buf *out, struct slice bytes);
/* Appends what base64 stands for; false, and nothing appended, when it is none. */
MUST_USE bool hash_from_base64(struct slice text, struct buf *out);
/* The same with - and _ and without padding (RFC 4648, 5), as web tokens have it: one spelling only. */
void hash_add_base64url(struct buf *out, struct slice bytes);
MUST_USE bool hash_from_base64url(struct slice text, struct buf *out);

/* Exactly HASH_HEX_BYTES hexadecimal digits, either case. */
MUST_USE bool hash_from_hex(struct slice text, struct hash *ret_hash);

#endif
