/*
 * json_tree - JSON as a tree with lines.
 *
 * jansson says what the values are, but not where they stood. So the text,
 * which is known to be valid by then, is walked along with its values: every
 * value is where the last one ended, behind a comma, a colon or a bracket.
 */
#include "document/tree.h"

#include <string.h>

#include "base/ensure.h"
#include "document/json.h"
#include "document/tree_build.h"

struct reading {
	struct tree_build build;
	struct slice text;
	size_t at;
	int line;
};

/* What is being read of one container. */
struct level {
	const struct json_value *value;
	struct json_member member;
	size_t index;
	bool is_object;
};

static void skip_between(struct reading *r)
{
	for (; r->at < r->text.len; r->at++) {
		char c = r->text.ptr[r->at];

		if (c == '\n')
			r->line++;
		else if (c != ' ' && c != '\t' && c != '\r' && c != ',' && c != ':')
			return;
	}
}

static void skip_text(struct reading *r)
{
	for (r->at++; r->at < r->text.len && r->text.ptr[r->at] != '"'; r->at++)
		if (r->text.ptr[r->at] == '\\')
			r->at++;
	r->at++;
}

static struct slice cut_word(struct reading *r)
{
	size_t start = r->at;

	while (r->at < r->text.len && !strchr(" \t\r\n,:]}", r->text.ptr[r->at]))
		r->at++;
	return slice_of(r->text.ptr + start, r->at - start);
}

static enum tree_kind kind_of(const struct json_value *value)
{
	switch (json_kind(value)) {
	case JSON_KIND_NULL: return TREE_NULL;
	case JSON_KIND_BOOL: return TREE_BOOL;
	case JSON_KIND_INT: return TREE_INT;
	case JSON_KIND_REAL: return TREE_REAL;
	case JSON_KIND_TEXT: return TREE_TEXT;
	case JSON_KIND_LIST: return TREE_LIST;
	case JSON_KIND_OBJECT: return TREE_MAP;
	default: panic(__FILE__, __LINE__, "json kind");
	}
}

/* Adds the value at which the text stands. `ret_level` is set when it has members. */
static enum err read_value(struct reading *r, const struct json_value *value,
			   struct level *ret_level, bool *ret_opened)
{
	enum tree_kind kind = kind_of(value);
	struct slice text;
	struct tree *node;
	enum err err;

	skip_between(r);
	node = tree_add(&r->build, kind, r->line, &err);
	if (!node)
		return err;
	*ret_opened = kind == TREE_MAP || kind == TREE_LIST;
	if (*ret_opened) {
		r->at++;
		*ret_level = (struct level){ .value = value, .is_object = kind == TREE_MAP };
		return tree_open(&r->build, node);
	}
	if (kind == TREE_TEXT) {
		ENSURE(json_get_text(value, &text));
		node->text = text.len ? arena_copy(r->build.arena, text) : SLICE_EMPTY;
		skip_text(r);
	} else {
		node->text = arena_copy(r->build.arena, cut_word(r));
	}
	return OK;
}

/* The next member of the level, its key read; NULL when there is none. */
static const struct json_value *level_next(struct reading *r, struct level *level, enum err *ret_err)
{
	*ret_err = OK;
	if (!level->is_object)
		return json_at(level->value, level->index++);
	if (!json_next(level->value, &level->member))
		return NULL;
	skip_between(r);
	*ret_err = tree_key(&r->build,
			    level->member.key.len ?
				    arena_copy(r->build.arena, level->member.key) : SLICE_EMPTY,
			    r->line);
	skip_text(r);
	return level->member.value;
}

static enum err read_all(struct reading *r, const struct json_value *root)
{
	struct level levels[JSON_READ_DEPTH_MAX + 1];
	size_t depth = 0;
	bool opened = false;
	enum err err = read_value(r, root, &levels[0], &opened);

	depth = opened;
	while (err == OK && depth > 0) {
		const struct json_value *next = level_next(r, &levels[depth - 1], &err);

		if (err)
			break;
		if (!next) {
			skip_between(r);
			r->at++;
			tree_close(&r->build);
			depth--;
			continue;
		}
		err = read_value(r, next, &levels[depth], &opened);
		depth += opened;
	}
	return err;
}

enum err json_read(struct slice text, const struct tree_limits *limits, struct arena *arena,
		   const struct tree **ret_root, struct source_fault *ret_fault)
{
	const struct json_limits json_limits = {
		.bytes_max = limits->bytes_max,
		.depth_max = limits->depth_max,
		.values_max = limits->values_max,
	};
	struct reading r = {
		.build = { .arena = arena, .limits = limits, .fault = ret_fault },
		.text = text,
		.line = 1,
	};
	struct json_fault fault;
	struct json_value *root;
	enum err err = json_parse(text, &json_limits, &root, &fault);

	if (err == ERR_LIMIT_EXCEEDED)
		return tree_refuse(ret_fault, err, fault.line, "%s", fault.text);
	if (err)
		return tree_refuse(ret_fault, ERR_DOCUMENT_INVALID, fault.line,
				   "not JSON: %s, column %d", fault.text, fault.column);
	err = read_all(&r, root);
	if (err == OK)
		*ret_root = r.build.root;
	tree_build_finish(&r.build);
	json_free(root);
	return err;
}
