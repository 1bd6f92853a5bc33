#include "coordinator/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static struct slice bare(struct slice path)
{
	if (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	return path;
}

/*
 * A slash sorts before every other byte, so that a folder is followed at
 * once by all that lies in it.
 */
static int path_compare(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < len; i++) {
		int left = a.ptr[i] == '/' ? 0 : (unsigned char)a.ptr[i] + 1;
		int right = b.ptr[i] == '/' ? 0 : (unsigned char)b.ptr[i] + 1;

		if (left != right)
			return left - right;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static size_t first_not_before(const struct path_table *table, struct slice path)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_compare(table->entries[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool lies_in(struct slice path, struct slice folder)
{
	return path.len > folder.len && path.ptr[folder.len] == '/' && slice_starts(path, folder);
}

void path_table_finish(struct path_table *table)
{
	free(table->entries);
	*table = (struct path_table){ 0 };
}

const struct path_entry *path_table_conflict(const struct path_table *table, struct slice path)
{
	size_t at;

	if (table->count == 0)
		return NULL;
	path = bare(path);
	at = first_not_before(table, path);
	if (at < table->count && (slice_is(table->entries[at].path, path) ||
				  lies_in(table->entries[at].path, path)))
		return &table->entries[at];
	for (size_t len = 1; len < path.len; len++) {
		struct slice folder = slice_head(path, len);

		if (path.ptr[len] != '/')
			continue;
		at = first_not_before(table, folder);
		if (at < table->count && slice_is(table->entries[at].path, folder))
			return &table->entries[at];
	}
	return NULL;
}

void path_table_add(struct path_table *table, struct slice path, uint32_t claim)
{
	size_t at;

	path = bare(path);
	at = first_not_before(table, path);
	table->entries = alloc_grow(table->entries, &table->capacity, table->count + 1,
				    sizeof(*table->entries));
	memmove(table->entries + at + 1, table->entries + at,
		(table->count - at) * sizeof(*table->entries));
	table->entries[at] = (struct path_entry){ path, claim };
	table->count++;
}

void path_table_remove(struct path_table *table, struct slice_list paths, uint32_t claim)
{
	for (size_t i = 0; i < paths.count; i++) {
		struct slice path = bare(paths.items[i]);
		size_t at = first_not_before(table, path);

		while (at < table->count && slice_is(table->entries[at].path, path) &&
		       table->entries[at].claim != claim)
			at++;
		if (at == table->count || !slice_is(table->entries[at].path, path))
			continue;
		table->count--;
		memmove(table->entries + at, table->entries + at + 1,
			(table->count - at) * sizeof(*table->entries));
	}
}
