/*
 * le - numbers as little-endian bytes, whatever the machine.
 */
#ifndef BASE_LE_H
#define BASE_LE_H

#include <stdint.h>

#include "base/buf.h"

static inline void le_put(void *at, uint64_t value, unsigned bytes)
{
	unsigned char *byte = (unsigned char *)at;

	for (unsigned i = 0; i < bytes; i++)
		byte[i] = (unsigned char)(value >> (8 * i));
}

static inline uint64_t le_get(const void *at, unsigned bytes)
{
	const unsigned char *byte = (const unsigned char *)at;
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)byte[i] << (8 * i);
	return value;
}

static inline uint16_t le_get_u16(const void *at) { return (uint16_t)le_get(at, 2); }
static inline uint32_t le_get_u32(const void *at) { return (uint32_t)le_get(at, 4); }
static inline uint64_t le_get_u64(const void *at) { return le_get(at, 8); }

static inline void buf_add_le(struct buf *buf, uint64_t value, unsigned bytes)
{
	le_put(buf_reserve(buf, bytes), value, bytes);
	buf->len += bytes;
}

#endif
