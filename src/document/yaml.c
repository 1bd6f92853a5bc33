/*
 * yaml - the only door to libyaml.
 */
#include <stdio.h>
#include <stdlib.h>

#include <yaml.h>

#include "base/alloc.h"
#include "document/tree_build.h"

#define ANCHORS_MAX 1000	/* looked through one by one */

struct anchor {
	struct slice name;
	const struct tree *node;	/* NULL while it is being read */
};

struct reading {
	struct tree_build build;
	yaml_parser_t parser;
	struct anchor anchors[ANCHORS_MAX];
	size_t anchor_count;
	/* Of each open container: its anchor's index plus 1, or 0. */
	size_t level_anchor[JSON_READ_DEPTH_MAX + 1];
	bool ended;
};

static int line_of(const yaml_event_t *event)
{
	return (int)event->start_mark.line + 1;
}

static bool is_number(struct slice text, bool *ret_real)
{
	size_t at = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+') ? 1 : 0;
	size_t digits = 0;
	bool point = false, exponent = false;

	for (; at < text.len; at++) {
		char c = text.ptr[at];

		if (c >= '0' && c <= '9') {
			digits++;
		} else if (c == '.' && !point && !exponent) {
			point = true;
		} else if ((c == 'e' || c == 'E') && digits && !exponent) {
			exponent = true;
			digits = 0;
			if (at + 1 < text.len && (text.ptr[at + 1] == '-' || text.ptr[at + 1] == '+'))
				at++;
		} else {
			return false;
		}
	}
	*ret_real = point || exponent;
	return digits > 0;
}

/*
 * What a scalar without quotes means, by YAML 1.2's core schema without its
 * rarities: yes, no, on and off are texts, as is 0x1f.
 */
static enum tree_kind kind_of(struct slice text)
{
	bool real;

	if (text.len == 0 || slice_is(text, SLICE("~")) || slice_is_nocase(text, SLICE("null")))
		return TREE_NULL;
	if (slice_is_nocase(text, SLICE("true")) || slice_is_nocase(text, SLICE("false")))
		return TREE_BOOL;
	if (is_number(text, &real))
		return real ? TREE_REAL : TREE_INT;
	return TREE_TEXT;
}

/* Texts are limited by the whole; what libyaml hands out is its own and must be copied. */
static struct slice copy(struct reading *r, const yaml_char_t *bytes, size_t len)
{
	return len ? arena_copy(r->build.arena, slice_of(bytes, len)) : SLICE_EMPTY;
}

static enum err add_anchor(struct reading *r, const yaml_char_t *name, int line, size_t *ret_index)
{
	struct slice text = slice_of_str((const char *)name);

	*ret_index = 0;
	if (!name)
		return OK;
	if (r->anchor_count == ANCHORS_MAX)
		return tree_refuse(r->build.fault, ERR_LIMIT_EXCEEDED, line,
				   "more than %d anchors", ANCHORS_MAX);
	r->anchors[r->anchor_count] = (struct anchor){
		.name = arena_copy(r->build.arena, text),
	};
	*ret_index = ++r->anchor_count;
	return OK;
}

static enum err refuse_tag(struct reading *r, const yaml_char_t *tag, int line)
{
	if (!tag)
		return OK;
	return tree_refuse(r->build.fault, ERR_DOCUMENT_INVALID, line, "tags (%.40s) are not read",
			   (const char *)tag);
}

static enum err read_scalar(struct reading *r, const yaml_event_t *event)
{
	int line = line_of(event);
	struct slice text = copy(r, event->data.scalar.value, event->data.scalar.length);
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct tree *node;
	size_t anchor;
	enum err err = refuse_tag(r, event->data.scalar.tag, line);

	if (err)
		return err;
	if (memchr(event->data.scalar.value, '\0', event->data.scalar.length))
		return tree_refuse(r->build.fault, ERR_DOCUMENT_INVALID, line,
				   "a text holds U+0000");
	if (tree_wants_key(&r->build)) {
		if (event->data.scalar.anchor)
			return tree_refuse(r->build.fault, ERR_DOCUMENT_INVALID, line,
					   "an anchor on a key");
		return tree_key(&r->build, text, line);
	}
	err = add_anchor(r, event->data.scalar.anchor, line, &anchor);
	if (err)
		return err;
	node = tree_add(&r->build, plain ? kind_of(text) : TREE_TEXT, line, &err);
	if (!node)
		return err;
	node->text = text;
	node->plain = plain;
	if (anchor)
		r->anchors[anchor - 1].node = node;
	return OK;
}

static enum err open_container(struct reading *r, enum tree_kind kind, const yaml_char_t *name,
			       const yaml_char_t *tag, int line)
{
	struct tree *node;
	size_t anchor;
	enum err err = refuse_tag(r, tag, line);

	if (err)
		return err;
	if (tree_wants_key(&r->build))
		return tree_refuse(r->build.fault, ERR_DOCUMENT_INVALID, line,
				   "a key is a list or a map");
	err = add_anchor(r, name, line, &anchor);
	if (err)
		return err;
	node = tree_add(&r->build, kind, line, &err);
	if (!node)
		return err;
	err = tree_open(&r->build, node);
	if (err)
		return err;
	r->level_anchor[r->build.depth - 1] = anchor;
	return OK;
}

static void close_container(struct reading *r)
{
	struct tree *node = tree_close(&r->build);
	size_t anchor = r->level_anchor[r->build.depth];

	if (anchor)
		r->anchors[anchor - 1].node = node;
}

/*
 * The alias becomes a node of its own that shares the members of what it
 * stands for. The weight keeps account of what that amounts to when somebody
 * walks through it: a few lines can stand for billions of values.
 */
static enum err read_alias(struct reading *r, const yaml_event_t *event)
{
	struct slice name = slice_of_str((const char *)event->data.alias.anchor);
	int line = line_of(event);
	const struct tree *meant = NULL;
	struct tree *node;
	enum err err;

	for (size_t i = r->anchor_count; i > 0 && !meant; i--)
		if (slice_is(r->anchors[i - 1].name, name))
			meant = r->anchors[i - 1].node;
	if (!meant || tree_wants_key(&r->build))
		return tree_refuse(r->build.fault, ERR_DOCUMENT_INVALID, line,
				   "the alias *%.60s stands for nothing here", name.ptr);
	if (meant->weight > r->build.limits->values_max - r->build.values)
		return tree_refuse(r->build.fault, ERR_LIMIT_EXCEEDED, line,
				   "aliases that stand for more than %zu values",
				   r->build.limits->values_max);
	if ((int)r->build.depth + meant->height > r->build.limits->depth_max)
		return tree_refuse(r->build.fault, ERR_LIMIT_EXCEEDED, line,
				   "nested more than %d deep", r->build.limits->depth_max);
	r->build.values += meant->weight;
	node = tree_add(&r->build, meant->kind, line, &err);
	if (!node)
		return err;
	node->text = meant->text;
	node->plain = meant->plain;
	node->first = meant->first;
	node->count = meant->count;
	node->weight = meant->weight;
	node->height = meant->height;
	return OK;
}

static enum err read_event(struct reading *r, const yaml_event_t *event)
{
	int line = line_of(event);

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->build.root)
			return tree_refuse(r->build.fault, ERR_DOCUMENT_INVALID, line,
					   "a second document");
		return OK;
	case YAML_SCALAR_EVENT:
		return read_scalar(r, event);
	case YAML_ALIAS_EVENT:
		return read_alias(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_container(r, TREE_LIST, event->data.sequence_start.anchor,
				      event->data.sequence_start.tag, line);
	case YAML_MAPPING_START_EVENT:
		return open_container(r, TREE_MAP, event->data.mapping_start.anchor,
				      event->data.mapping_start.tag, line);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_container(r);
		return OK;
	case YAML_STREAM_END_EVENT:
		r->ended = true;
		return OK;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	default:
		return OK;
	}
}

/* libyaml's words are for programmers; its place is what helps. */
static enum err parser_fault(const struct reading *r)
{
	const yaml_parser_t *parser = &r->parser;
	bool in_text = parser->error == YAML_READER_ERROR;

	ENSURE(parser->error != YAML_MEMORY_ERROR);
	if (in_text)
		return tree_refuse(r->build.fault, ERR_DOCUMENT_INVALID, (int)parser->mark.line + 1,
				   "not YAML: a control character or what is not UTF-8");
	return tree_refuse(r->build.fault, ERR_DOCUMENT_INVALID,
			   (int)parser->problem_mark.line + 1, "not YAML: %s%s%s, column %zu",
			   parser->context ? parser->context : "", parser->context ? ": " : "",
			   parser->problem ? parser->problem : "",
			   parser->problem_mark.column + 1);
}

static enum err read_events(struct reading *r)
{
	enum err err = OK;

	while (err == OK && !r->ended) {
		yaml_event_t event;

		if (!yaml_parser_parse(&r->parser, &event))
			return parser_fault(r);
		err = read_event(r, &event);
		yaml_event_delete(&event);
	}
	return err;
}

enum err yaml_read(struct slice text, const struct tree_limits *limits, struct arena *arena,
		   const struct tree **ret_root, struct source_fault *ret_fault)
{
	struct reading *r;
	enum err err;

	ENSURE(limits->depth_max >= 1 && limits->depth_max <= JSON_READ_DEPTH_MAX);
	if (text.len > limits->bytes_max)
		return tree_refuse(ret_fault, ERR_LIMIT_EXCEEDED, 0, "more than %zu bytes",
				   limits->bytes_max);
	r = alloc_zero(1, sizeof(*r));
	r->build.arena = arena;
	r->build.limits = limits;
	r->build.fault = ret_fault;
	ENSURE(yaml_parser_initialize(&r->parser));
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)(text.len ? text.ptr : ""),
				     text.len);
	err = read_events(r);
	yaml_parser_delete(&r->parser);
	if (err == OK && !r->build.root)
		err = tree_refuse(ret_fault, ERR_DOCUMENT_INVALID, 0, "the document is empty");
	if (err == OK)
		*ret_root = r->build.root;
	tree_build_finish(&r->build);
	free(r);
	return err;
}
