#include "document/executor_doc.h"

#include "base/ensure.h"

static bool is_absolute(struct slice path)
{
	return path.len > 1 && path.ptr[0] == '/' && slice_find(path, SLICE("/../")) < 0 &&
	       slice_find(path, SLICE("/./")) < 0 && slice_find(path, SLICE("//")) < 0 &&
	       path.ptr[path.len - 1] != '/';
}

static void check_path(struct field_reader *reader, const struct tree *map, const char *key,
		       struct slice path)
{
	const struct tree *member = tree_get(map, slice_of_str(key));

	if (member && path.len && !is_absolute(path))
		fields_error(reader, member->line, slice_of_str(key),
			     "\"%.*s\" is not a whole path such as /usr/bin/git", SHOW(path));
}

static void check_variables(struct field_reader *reader, const struct tree *map,
			    struct slice_list names)
{
	for (size_t i = 0; i < names.count; i++)
		if (names.items[i].len == 0 || slice_find_byte(names.items[i], '=') >= 0 ||
		    slice_starts(names.items[i], SLICE("LD_")))
			fields_error(reader, map->line, SLICE("environment"),
				     "\"%.*s\" is not a variable that may be passed on",
				     SHOW(names.items[i]));
}

static void read_args(struct field_reader *reader, const struct tree *map,
		      struct executor_rule *rule)
{
	const struct tree *list = fields_member(reader, map, "args", TREE_LIST);
	struct slice *items;
	size_t index = 0;

	if (!list)
		return;
	if (list->count > EXECUTOR_ARGUMENTS_MAX) {
		fields_error(reader, list->line, SLICE("args"), "there may be %d patterns",
			     EXECUTOR_ARGUMENTS_MAX);
		return;
	}
	items = arena_zero(reader->arena, list->count + 1, sizeof(*items));
	for (const struct tree *item = list->first; item; item = item->next, index++) {
		if (item->kind == TREE_TEXT || item->plain)
			items[index] = item->text;
		else
			fields_item_error(reader, list, index, item->line, "is %s, not a pattern",
					  tree_kind_name(item->kind));
	}
	rule->args = (struct slice_list){ items, list->count };
}

static void read_rule(struct field_reader *reader, const struct tree *map,
		      struct executor_rule *rule)
{
	static const char *const others[] = { "args", NULL };

	fields_read(reader, map, &executor_rule_schema, others, "a rule", rule);
	rule->line = map->line;
	read_args(reader, map, rule);
	check_path(reader, map, "program", rule->program);
	check_path(reader, map, "folder", rule->folder);
	check_variables(reader, map, rule->environment);
}

static void read_rules(struct field_reader *reader, const struct tree *root,
		       struct executor_rules *rules)
{
	static const struct schema nothing = { "rules", NULL, 0, 0 };
	static const char *const keys[] = { "rules", NULL };
	const struct tree *list;

	fields_read(reader, root, &nothing, keys, "a document of rules", NULL);
	list = fields_member(reader, root, "rules", TREE_LIST);
	if (!list)
		return;
	if (list->count > EXECUTOR_RULES_MAX) {
		fields_error(reader, list->line, SLICE("rules"), "there may be %d rules",
			     EXECUTOR_RULES_MAX);
		return;
	}
	rules->items = arena_zero(reader->arena, list->count + 1, sizeof(*rules->items));
	for (const struct tree *item = list->first; item; item = item->next) {
		fields_enter(reader, "rules[%zu]", rules->count);
		if (item->kind == TREE_MAP)
			read_rule(reader, item, &rules->items[rules->count]);
		else
			fields_error(reader, item->line, SLICE_EMPTY, "is %s, not a rule",
				     tree_kind_name(item->kind));
		rules->count++;
		fields_leave(reader);
	}
}

enum err executor_doc_read(struct slice text, enum hand_format format, struct arena *arena,
			   struct executor_doc *ret_doc)
{
	struct executor_doc doc = { .errors = NULL };
	struct field_reader reader;
	const struct tree *root;

	fields_init(&reader, arena);
	root = fields_root(&reader, text, format);
	if (root && root->kind == TREE_MAP)
		read_rules(&reader, root, &doc.rules);
	else if (root)
		fields_error(&reader, root->line, SLICE_EMPTY, "the document is %s, not a map",
			     tree_kind_name(root->kind));
	message_hand_over(&reader.errors, arena, &doc.errors, &doc.error_count);
	fields_finish(&reader);
	if (doc.error_count)
		doc.rules = (struct executor_rules){ 0 };
	*ret_doc = doc;
	return doc.error_count ? ERR_DOCUMENT_INVALID : OK;
}
