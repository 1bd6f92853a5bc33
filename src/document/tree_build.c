#include "document/tree_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/text.h"

/* Below this many members looking at each is quicker than hashing. */
#define FEW_MEMBERS 16

enum err tree_refuse(struct source_fault *fault, enum err err, int line, const char *format, ...)
{
	va_list args;

	fault->line = line;
	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return err;
}

static void level_finish(struct tree_level *level)
{
	map_finish(&level->keys);
	free(level->members);
	*level = (struct tree_level){ 0 };
}

void tree_build_finish(struct tree_build *build)
{
	while (build->depth)
		level_finish(&build->levels[--build->depth]);
}

bool tree_wants_key(const struct tree_build *build)
{
	const struct tree_level *level = build->depth ? &build->levels[build->depth - 1] : NULL;

	return level && level->container->kind == TREE_MAP && !level->has_key;
}

static bool same_key(const void *context, uint32_t value, const void *key)
{
	const struct tree_level *level = context;

	return slice_is(level->members[value]->key, *(const struct slice *)key);
}

static uint32_t hash_of(const struct tree_level *level, struct slice key)
{
	return hash_slice((uint64_t)(uintptr_t)level->container, key);
}

static const struct tree *find_key(const struct tree_level *level, struct slice key)
{
	uint32_t index;

	if (level->container->count <= FEW_MEMBERS)
		return tree_get(level->container, key);
	index = map_find(&level->keys, hash_of(level, key), same_key, level, &key);
	return index == MAP_NONE ? NULL : level->members[index];
}

/* Remembers the newest member by its key, once there are many. */
static void index_keys(struct tree_level *level)
{
	const struct tree *member = level->last;
	size_t count = level->container->count;

	if (count <= FEW_MEMBERS)
		return;
	level->members = alloc_grow(level->members, &level->member_capacity, count,
				    sizeof(const struct tree *));
	if (count == FEW_MEMBERS + 1) {
		size_t i = 0;

		for (member = level->container->first; member; member = member->next) {
			level->members[i] = member;
			map_add(&level->keys, hash_of(level, member->key), (uint32_t)i++);
		}
		return;
	}
	level->members[count - 1] = member;
	map_add(&level->keys, hash_of(level, member->key), (uint32_t)(count - 1));
}

enum err tree_key(struct tree_build *build, struct slice key, int line)
{
	struct tree_level *level = &build->levels[build->depth - 1];
	const struct tree *before = find_key(level, key);
	int shown = key.len < 60 ? (int)key.len : 60;

	if (before && !build->limits->keeps_repeated)
		return tree_refuse(build->fault, ERR_DOCUMENT_INVALID, line,
				   "the key \"%.*s\" occurs twice, first on line %d", shown,
				   key.ptr, before->key_line);
	level->key = key;
	level->key_line = line;
	level->repeats_line = before ? before->key_line : 0;
	level->has_key = true;
	return OK;
}

struct tree *tree_add(struct tree_build *build, enum tree_kind kind, int line, enum err *ret_err)
{
	struct tree_level *level = build->depth ? &build->levels[build->depth - 1] : NULL;
	struct tree *node;

	if (++build->values > build->limits->values_max) {
		*ret_err = tree_refuse(build->fault, ERR_LIMIT_EXCEEDED, line,
				       "more than %zu values", build->limits->values_max);
		return NULL;
	}
	*ret_err = OK;
	node = arena_zero(build->arena, 1, sizeof(*node));
	*node = (struct tree){ .kind = kind, .line = line, .weight = 1 };
	if (!level) {
		build->root = node;
		return node;
	}
	node->key = level->key;
	node->key_line = level->key_line;
	node->repeats_line = level->repeats_line;
	level->has_key = false;
	if (level->last)
		level->last->next = node;
	else
		level->container->first = node;
	level->last = node;
	level->container->count++;
	if (level->container->kind == TREE_MAP)
		index_keys(level);
	return node;
}

enum err tree_open(struct tree_build *build, struct tree *container)
{
	if (build->depth >= (size_t)build->limits->depth_max)
		return tree_refuse(build->fault, ERR_LIMIT_EXCEEDED, container->line,
				   "nested more than %d deep", build->limits->depth_max);
	build->levels[build->depth++] = (struct tree_level){ .container = container };
	return OK;
}

struct tree *tree_close(struct tree_build *build)
{
	struct tree_level *level = &build->levels[--build->depth];
	struct tree *container = level->container;

	for (const struct tree *member = container->first; member; member = member->next) {
		container->weight += member->weight;
		if (container->height <= member->height)
			container->height = member->height + 1;
	}
	level_finish(level);
	return container;
}
