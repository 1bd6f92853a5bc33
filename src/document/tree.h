/*
 * tree - what YAML and JSON have in common: maps, lists and scalars.
 *
 * Every value knows its line. Maps keep the order of the document; a key
 * occurs once.
 */
#ifndef DOCUMENT_TREE_H
#define DOCUMENT_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "document/source.h"

enum tree_kind { TREE_NULL, TREE_BOOL, TREE_INT, TREE_REAL, TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree {
	enum tree_kind kind;
	bool plain;			/* a YAML scalar without quotes: good as a text, too */
	int line;
	struct slice key;		/* in a map */
	int key_line;
	int repeats_line;		/* the key was there before, on this line; 0: it was not */
	struct slice text;		/* of a scalar; of a number as it was written */
	const struct tree *first;	/* member of a map or a list */
	const struct tree *next;	/* in the same map or list */
	size_t count;			/* of members */
	size_t weight;			/* values in all, aliases spelt out */
	int height;			/* 0: no members */
};

struct tree_limits {
	size_t bytes_max;
	int depth_max;			/* 1 to JSON_READ_DEPTH_MAX */
	size_t values_max;
	bool keeps_repeated;		/* YAML only: keys that occur again are members */
};

/*
 * One document. Anchors and aliases are spelt out; `<<` is a key like any
 * other. Refused: a second document, tags, duplicate keys, keys that are no
 * scalars. ERR_DOCUMENT_INVALID or ERR_LIMIT_EXCEEDED fill `ret_fault`.
 */
MUST_USE enum err yaml_read(struct slice text, const struct tree_limits *limits,
			    struct arena *arena, const struct tree **ret_root,
			    struct source_fault *ret_fault);

/* The same from JSON. */
MUST_USE enum err json_read(struct slice text, const struct tree_limits *limits,
			    struct arena *arena, const struct tree **ret_root,
			    struct source_fault *ret_fault);

/* "an integer", "a list": for messages. */
const char *tree_kind_name(enum tree_kind kind);

/* The member of this name, or NULL: also when `map` is none. */
const struct tree *tree_get(const struct tree *map, struct slice key);

/* Appends the value as compact JSON. */
void tree_write_json(const struct tree *tree, struct buf *out);

#endif
