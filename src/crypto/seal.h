/*
 * seal - bytes that one key holder can read, and anybody can close.
 *
 * Whoever seals needs the public half of a key only, so a program that takes
 * a secret in can never give one out. X25519, XSalsa20, Poly1305: a sealed
 * box of the library.
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ensure.h"
#include "base/slice.h"

#define SEAL_KEY_BYTES 32

struct seal_key {
	uint8_t bytes[SEAL_KEY_BYTES];
};

/* A new key: the half that opens. Wipe it when it is no longer needed. */
struct seal_key seal_make_key(void);
struct seal_key seal_public_half(const struct seal_key *secret);

/* Appends the bytes, sealed. */
void seal_close(const struct seal_key *public_half, struct slice bytes, struct buf *out);
/* Appends what was sealed; false, and nothing appended, when it was not for this key, or changed. */
MUST_USE bool seal_open(const struct seal_key *secret, struct slice sealed, struct buf *out);

/* Overwrites memory, and no compiler leaves that out. */
void seal_wipe(void *bytes, size_t len);
/* Wipes all that the buffer has room for, and frees it. */
void seal_wipe_buf(struct buf *buf);
/* In a time that does not tell where they differ. */
bool seal_is_same(struct slice a, struct slice b);

#endif
