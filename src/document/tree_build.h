/*
 * tree_build - a tree while it is read, for the readers of YAML and JSON.
 *
 * Members are linked to their container as they come; a container is closed
 * when its end is read.
 */
#ifndef DOCUMENT_TREE_BUILD_H
#define DOCUMENT_TREE_BUILD_H

#include "base/map.h"
#include "document/json.h"
#include "document/tree.h"

struct tree_level {
	struct tree *container;
	struct tree *last;		/* member */
	struct slice key;		/* of the next member of a map, once it is read */
	int key_line;
	int repeats_line;
	bool has_key;
	struct map keys;		/* of a map with many members */
	const struct tree **members;	/* what `keys` numbers */
	size_t member_capacity;
};

struct tree_build {
	struct arena *arena;
	const struct tree_limits *limits;
	struct source_fault *fault;	/* filled by whatever fails */
	struct tree *root;
	struct tree_level levels[JSON_READ_DEPTH_MAX + 1];
	size_t depth;
	size_t values;
};

void tree_build_finish(struct tree_build *build);

/* Where the reader stands: inside a map, waiting for a key. */
bool tree_wants_key(const struct tree_build *build);
MUST_USE enum err tree_key(struct tree_build *build, struct slice key, int line);
/* Adds a value where the reader stands. The new node, to be filled; NULL when refused. */
struct tree *tree_add(struct tree_build *build, enum tree_kind kind, int line, enum err *ret_err);
/* Members are added to `container`, the newest node, until tree_close. */
MUST_USE enum err tree_open(struct tree_build *build, struct tree *container);
/* The container that ends, its weight counted. */
struct tree *tree_close(struct tree_build *build);

enum err tree_refuse(struct source_fault *fault, enum err err, int line, const char *format, ...)
	PRINTF_LIKE(4, 5);

#endif
