#include "governor/capability.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"

#define MATCH_UNKNOWN UINT32_MAX
#define PPM 1000000U

void capability_init(struct capability_table *table)
{
	*table = (struct capability_table){ 0 };
	table->cache = alloc_resize(NULL, MATCH_CACHE, sizeof(*table->cache));
	memset(table->cache, 0xff, MATCH_CACHE * sizeof(*table->cache));
}

void capability_finish(struct capability_table *table)
{
	for (size_t i = 0; i < table->name_count; i++)
		free((void *)(uintptr_t)table->names[i].name.ptr);
	for (size_t i = 0; i < table->set_count; i++)
		free(table->sets[i].members);
	free(table->names);
	free(table->sets);
	free(table->cache);
	map_finish(&table->by_name);
	map_finish(&table->by_members);
	*table = (struct capability_table){ 0 };
}

static bool same_name(const void *context, uint32_t value, const void *key)
{
	const struct capability_table *table = context;

	return slice_is(table->names[value].name, *(const struct slice *)key);
}

static uint32_t find_name(const struct capability_table *table, struct slice name)
{
	return map_find(&table->by_name, hash_slice(0, name), same_name, table, &name);
}

static uint32_t add_name(struct capability_table *table, struct slice name)
{
	uint32_t number = (uint32_t)table->name_count;

	table->names = alloc_grow(table->names, &table->name_capacity, table->name_count + 1,
				  sizeof(*table->names));
	table->names[number].name = slice_of(alloc_copy(name.ptr, name.len), name.len);
	table->names[number].any = MAP_NONE;
	table->name_count++;
	map_add(&table->by_name, hash_slice(0, name), number);
	return number;
}

/* `domain:*` of a name, to be freed; a name without a colon has none. */
static struct slice any_of(struct slice name)
{
	ptrdiff_t colon = slice_find_byte(name, ':');
	char *copy;

	if (colon < 0 || slice_is_str(slice_from(name, (size_t)colon), ":*"))
		return SLICE_EMPTY;
	copy = alloc_resize(NULL, (size_t)colon + 2, 1);
	memcpy(copy, name.ptr, (size_t)colon + 1);
	copy[colon + 1] = '*';
	return slice_of(copy, (size_t)colon + 2);
}

static uint32_t number_of_any(struct capability_table *table, struct slice name)
{
	struct slice any = any_of(name);
	uint32_t number;

	if (any.len == 0)
		return MAP_NONE;
	number = find_name(table, any);
	if (number == MAP_NONE)
		number = add_name(table, any);
	free((void *)(uintptr_t)any.ptr);
	return number;
}

static uint32_t name_number(struct capability_table *table, struct slice name)
{
	uint32_t number = find_name(table, name);
	uint32_t any;

	if (number != MAP_NONE)
		return number;
	any = number_of_any(table, name);
	number = add_name(table, name);
	table->names[number].any = any;
	return number;
}

static bool same_members(const void *context, uint32_t value, const void *key)
{
	const struct capability_table *table = context;
	const struct capability_set *have = &table->sets[value];
	const struct capability_set *want = key;

	return have->count == want->count &&
	       (have->count == 0 ||
		memcmp(have->members, want->members, have->count * sizeof(uint32_t)) == 0);
}

/* Sets are short; a sorted insertion also drops what is there already. */
static void set_insert(struct capability_set *set, uint32_t member)
{
	uint32_t at = set->count;

	while (at > 0 && set->members[at - 1] > member)
		at--;
	if (at > 0 && set->members[at - 1] == member)
		return;
	memmove(set->members + at + 1, set->members + at, (set->count - at) * sizeof(uint32_t));
	set->members[at] = member;
	set->count++;
}

uint32_t capability_set_of(struct capability_table *table, struct slice_list names)
{
	struct capability_set set = { 0 };
	uint32_t number;

	set.members = alloc_resize(NULL, names.count, sizeof(uint32_t));
	for (size_t i = 0; i < names.count; i++)
		set_insert(&set, name_number(table, names.items[i]));
	set.hash = (uint32_t)hash_bytes(0, set.members, set.count * sizeof(uint32_t));
	number = map_find(&table->by_members, set.hash, same_members, table, &set);
	if (number != MAP_NONE) {
		free(set.members);
		return number;
	}
	number = (uint32_t)table->set_count;
	table->sets = alloc_grow(table->sets, &table->set_capacity, table->set_count + 1,
				 sizeof(*table->sets));
	table->sets[number] = set;
	table->set_count++;
	map_add(&table->by_members, set.hash, number);
	return number;
}

static bool set_has(const struct capability_set *set, uint32_t member)
{
	uint32_t low = 0, high = set->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (set->members[middle] == member)
			return true;
		if (set->members[middle] < member)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool covers(const struct capability_table *table, const struct capability_set *have,
		   uint32_t need)
{
	uint32_t any = table->names[need].any;

	return set_has(have, need) || (any != MAP_NONE && set_has(have, any));
}

static uint32_t overlap_ppm(const struct capability_table *table, uint32_t have, uint32_t need)
{
	const struct capability_set *needs = &table->sets[need];
	uint32_t covered = 0;

	for (uint32_t i = 0; i < needs->count; i++)
		covered += covers(table, &table->sets[have], needs->members[i]);
	return needs->count ? (uint32_t)((uint64_t)covered * PPM / needs->count) : PPM;
}

uint32_t capability_overlap_ppm(struct capability_table *table, uint32_t have, uint32_t need)
{
	uint32_t place = (have * 2654435761U ^ need * 2246822519U) % MATCH_CACHE;
	struct match_pair *pair = &table->cache[place];

	ENSURE(have < table->set_count && need < table->set_count);
	if (pair->have != have || pair->need != need || pair->overlap_ppm == MATCH_UNKNOWN)
		*pair = (struct match_pair){ have, need, overlap_ppm(table, have, need) };
	return pair->overlap_ppm;
}

bool capability_covers(const struct capability_table *table, uint32_t have, struct slice name)
{
	uint32_t number = find_name(table, name);
	struct slice any;

	if (number != MAP_NONE)
		return covers(table, &table->sets[have], number);
	/*
	 * Which names are known is no part of the state, so one that nobody has
	 * named before is covered as well.
	 */
	any = any_of(name);
	number = find_name(table, any);
	free((void *)(uintptr_t)any.ptr);
	return any.len && number != MAP_NONE && set_has(&table->sets[have], number);
}
