/*
 * buf - bytes that grow at the end.
 *
 * Zeroed memory is a valid empty buffer.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
	char *ptr;
	size_t len;
	size_t capacity;
};

void buf_finish(struct buf *buf);		/* frees; the buffer is empty again */
static inline void buf_clear(struct buf *buf) { buf->len = 0; }
static inline struct slice buf_slice(const struct buf *buf) { return slice_of(buf->ptr, buf->len); }

/* As buf_reserve, when there is not enough room. */
char *buf_grow(struct buf *buf, size_t len);

/* Room for `len` more bytes; returns where they go, without counting them. */
static inline char *buf_reserve(struct buf *buf, size_t len)
{
	if (!buf->ptr || buf->capacity - buf->len < len)
		return buf_grow(buf, len);
	return buf->ptr + buf->len;
}

static inline void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_reserve(buf, len), bytes, len);
	buf->len += len;
}

static inline void buf_add_slice(struct buf *buf, struct slice slice)
{
	buf_add(buf, slice.ptr, slice.len);
}

static inline void buf_add_str(struct buf *buf, const char *str)
{
	buf_add(buf, str, strlen(str));
}

static inline void buf_add_byte(struct buf *buf, char byte)
{
	*buf_reserve(buf, 1) = byte;
	buf->len++;
}

void buf_add_repeat(struct buf *buf, char byte, size_t count);
void buf_add_i64(struct buf *buf, int64_t value);
void buf_add_u64(struct buf *buf, uint64_t value);
void buf_add_hex(struct buf *buf, const void *bytes, size_t len);	/* lower case */
/* RFC 3339, UTC, microseconds: 2026-11-22T19:34:07.123456Z. */
void buf_add_time(struct buf *buf, int64_t at_us);
/* Dollars with as many of nine decimals as are not zero, at least two: 12.50. */
void buf_add_money(struct buf *buf, int64_t nanousd);
/* Ppm as a ratio with six decimals at most, at least one: 0.7. */
void buf_add_ratio(struct buf *buf, int64_t ppm);
/* Removes the first `len` bytes. */
void buf_drop(struct buf *buf, size_t len);
/* A zero byte behind the content, not counted in len. Returns ptr. */
char *buf_str(struct buf *buf);

#define buf_add_lit(buf, literal) buf_add((buf), "" literal, sizeof(literal) - 1)

#endif
