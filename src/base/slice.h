/*
 * slice - bytes that belong to somebody else.
 *
 * A slice never owns what it points to. An empty slice may have a NULL
 * pointer; no function here reads through it.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *ptr;
	size_t len;
};

struct slice_list {
	const struct slice *items;
	size_t count;
};

/* A slice over a string literal. */
#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_EMPTY ((struct slice){ NULL, 0 })

static inline struct slice slice_of(const void *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

static inline struct slice slice_of_str(const char *str)
{
	return (struct slice){ str, str ? strlen(str) : 0 };
}

static inline bool slice_is(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_is_str(struct slice a, const char *str)
{
	return slice_is(a, slice_of_str(str));
}

/* ASCII case is ignored. */
bool slice_is_nocase(struct slice a, struct slice b);
bool slice_starts(struct slice whole, struct slice start);
bool slice_ends(struct slice whole, struct slice end);

/* Byte order, shorter first when one starts the other: -1, 0 or 1. */
int slice_compare(struct slice a, struct slice b);

/* Position of the first `needle`, or -1. */
ptrdiff_t slice_find(struct slice whole, struct slice needle);
ptrdiff_t slice_find_byte(struct slice whole, char byte);

/* From `start` (at most len) to the end. */
static inline struct slice slice_from(struct slice whole, size_t start)
{
	if (start > whole.len)
		start = whole.len;
	return start ? slice_of(whole.ptr + start, whole.len - start) : whole;
}

/* At most `len` bytes from the start. */
static inline struct slice slice_head(struct slice whole, size_t len)
{
	return slice_of(whole.ptr, len < whole.len ? len : whole.len);
}

/* Without ASCII space, tab, CR and LF at both ends. */
struct slice slice_trim(struct slice whole);
/*
 * Cuts `rest` at the first `separator`: returns what stood before it and
 * leaves what stood after it; without one, returns all and leaves nothing.
 */
struct slice slice_cut(struct slice *rest, char separator);

/* Decimal int64, whole slice, optional minus. False when it is none or does not fit. */
bool slice_to_i64(struct slice text, int64_t *ret_value);

bool slice_list_has(struct slice_list list, struct slice item);

#endif
