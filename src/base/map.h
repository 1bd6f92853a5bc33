/*
 * map - finds the number of a thing by the hash of its name.
 *
 * Holds 32-bit values only; the things live in their owner's table. The
 * caller says whether the thing behind a value is the one looked for, so
 * keys are stored once, where they belong.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define MAP_NONE UINT32_MAX

struct map_slot {
	uint32_t hash;
	uint32_t value;		/* MAP_NONE: free */
};

/* Zeroed memory is a valid empty map. */
struct map {
	struct map_slot *slots;
	size_t capacity;	/* power of two, or 0 */
	size_t count;
};

/* True when `value` stands for the thing that `key` describes. */
typedef bool map_same_fn(const void *context, uint32_t value, const void *key);

void map_finish(struct map *map);
/* The value, or MAP_NONE. */
uint32_t map_find(const struct map *map, uint32_t hash, map_same_fn *same, const void *context,
		  const void *key);
/* `value` must not be in the map, nor be MAP_NONE. */
void map_add(struct map *map, uint32_t hash, uint32_t value);
/* `value` must be in the map under `hash`. */
void map_remove(struct map *map, uint32_t hash, uint32_t value);

/* Not cryptographic: mixes eight bytes at a time by 64 x 64 bit multiplication. */
uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t len);
static inline uint32_t hash_slice(uint64_t seed, struct slice slice)
{
	return (uint32_t)hash_bytes(seed, slice.ptr, slice.len);
}

#endif
