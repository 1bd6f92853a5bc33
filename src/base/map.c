#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"

#define MAP_FIRST_CAPACITY 16

void map_finish(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}

uint32_t map_find(const struct map *map, uint32_t hash, map_same_fn *same, const void *context,
		  const void *key)
{
	size_t mask = map->capacity - 1;

	if (map->capacity == 0)
		return MAP_NONE;
	for (size_t at = hash & mask; map->slots[at].value != MAP_NONE; at = (at + 1) & mask) {
		const struct map_slot *slot = &map->slots[at];

		if (slot->hash == hash && same(context, slot->value, key))
			return slot->value;
	}
	return MAP_NONE;
}

static void place(struct map *map, struct map_slot slot)
{
	size_t mask = map->capacity - 1;
	size_t at = slot.hash & mask;

	while (map->slots[at].value != MAP_NONE)
		at = (at + 1) & mask;
	map->slots[at] = slot;
}

static void grow(struct map *map)
{
	struct map old = *map;

	map->capacity = old.capacity ? old.capacity * 2 : MAP_FIRST_CAPACITY;
	map->slots = alloc_resize(NULL, map->capacity, sizeof(*map->slots));
	memset(map->slots, 0xff, map->capacity * sizeof(*map->slots));
	for (size_t at = 0; at < old.capacity; at++)
		if (old.slots[at].value != MAP_NONE)
			place(map, old.slots[at]);
	free(old.slots);
}

void map_add(struct map *map, uint32_t hash, uint32_t value)
{
	ENSURE(value != MAP_NONE);
	if ((map->count + 1) * 3 > map->capacity * 2)
		grow(map);
	place(map, (struct map_slot){ hash, value });
	map->count++;
}

/*
 * Linear probing without tombstones: what follows the gap moves into it
 * unless that would put it before the place its hash points to.
 */
static void close_gap(struct map *map, size_t gap)
{
	size_t mask = map->capacity - 1;

	for (size_t at = (gap + 1) & mask; map->slots[at].value != MAP_NONE; at = (at + 1) & mask) {
		size_t home = map->slots[at].hash & mask;

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			map->slots[gap] = map->slots[at];
			gap = at;
		}
	}
	map->slots[gap].value = MAP_NONE;
}

void map_remove(struct map *map, uint32_t hash, uint32_t value)
{
	size_t mask = map->capacity - 1;
	size_t at = hash & mask;

	ENSURE(map->capacity != 0);
	while (map->slots[at].value != value) {
		ENSURE(map->slots[at].value != MAP_NONE);
		at = (at + 1) & mask;
	}
	close_gap(map, at);
	map->count--;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t len)
{
	const uint64_t odd = 0x9e3779b97f4a7c15U;	/* 2^64 / golden ratio */
	const char *at = bytes;
	uint64_t hash = seed ^ mix(len + odd, odd);

	while (len > 0) {
		size_t take = len < 8 ? len : 8;
		uint64_t word = 0;

		memcpy(&word, at, take);
		hash = mix(hash ^ word, odd ^ (hash >> 32));
		at += take;
		len -= take;
	}
	return mix(hash ^ odd, 0xd6e8feb86659fd93U);
}
