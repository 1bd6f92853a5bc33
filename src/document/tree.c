#include "document/tree.h"

#include "base/ensure.h"
#include "base/json.h"
#include "document/json.h"

const char *tree_kind_name(enum tree_kind kind)
{
	static const char *const names[] = {
		[TREE_NULL] = "nothing",	     [TREE_BOOL] = "true or false",
		[TREE_INT] = "an integer",	     [TREE_REAL] = "a number with a fraction",
		[TREE_TEXT] = "a text",		     [TREE_LIST] = "a list",
		[TREE_MAP] = "a map",
	};

	ENSURE((size_t)kind < ARRAY_LEN(names));
	return names[kind];
}

const struct tree *tree_get(const struct tree *map, struct slice key)
{
	const struct tree *member = map && map->kind == TREE_MAP ? map->first : NULL;

	while (member && !slice_is(member->key, key))
		member = member->next;
	return member;
}

/* JSON knows no .5 and 007: what is not written as JSON writes it goes out as a text. */
static bool is_json_number(struct slice text)
{
	struct json_limits limits = { .bytes_max = 64, .depth_max = 0, .values_max = 1 };
	struct json_value *value;
	enum json_kind kind;

	if (json_parse(text, &limits, &value, NULL) != OK)
		return false;
	kind = json_kind(value);
	json_free(value);
	return kind == JSON_KIND_INT || kind == JSON_KIND_REAL;
}

static void write_scalar(struct json_writer *json, const struct tree *tree)
{
	struct slice text;

	switch (tree->kind) {
	case TREE_NULL:
		json_null(json);
		return;
	case TREE_BOOL:
		json_bool(json, slice_is_nocase(tree->text, SLICE("true")));
		return;
	case TREE_INT:
	case TREE_REAL:
		text = tree->text.ptr[0] == '+' ? slice_from(tree->text, 1) : tree->text;
		if (is_json_number(text))
			json_raw(json, text);
		else
			json_text(json, tree->text);
		return;
	case TREE_TEXT:
		json_text(json, tree->text);
		return;
	case TREE_LIST:
	case TREE_MAP:
	default:
		panic(__FILE__, __LINE__, "a scalar");
	}
}

void tree_write_json(const struct tree *tree, struct buf *out)
{
	struct json_writer json = json_begin(out);
	const struct tree *open[JSON_READ_DEPTH_MAX + 1];	/* whose members are being written */
	const struct tree *next[JSON_READ_DEPTH_MAX + 1];
	size_t depth = 0;
	const struct tree *value = tree;

	for (;;) {
		if (value && value->kind != TREE_MAP && value->kind != TREE_LIST) {
			write_scalar(&json, value);
		} else if (value) {
			ENSURE(depth <= JSON_READ_DEPTH_MAX);
			if (value->kind == TREE_MAP)
				json_object(&json);
			else
				json_array(&json);
			open[depth] = value;
			next[depth++] = value->first;
		} else {
			ENSURE(depth > 0);
			/* NOLINTNEXTLINE: below `depth`, every place holds what was opened there */
			if (open[--depth]->kind == TREE_MAP)
				json_object_end(&json);
			else
				json_array_end(&json);
		}
		if (depth == 0)
			return;
		value = next[depth - 1];
		if (!value)
			continue;
		next[depth - 1] = value->next;
		if (open[depth - 1]->kind == TREE_MAP)
			json_key_slice(&json, value->key);
	}
}
