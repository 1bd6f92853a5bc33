#include "document/manifest.h"

#include "base/ensure.h"
#include "base/map.h"
#include "base/rfc3339.h"
#include "governor/registry.h"

#define ROW(T, kind, name, flags, min, max, initial, names, help) \
	{ #name, FIELD_##kind, flags, offsetof(struct T, name), min, max, initial, names, help },

static const struct field manifest_fields[] = { MANIFEST(ROW, manifest) };
static const struct field weight_fields[] = { MANIFEST_WEIGHT(ROW, manifest_weight) };
static const struct field kinds_fields[] = { PRICE_KINDS(ROW, price_kinds) };
static const struct field price_row_fields[] = { PRICE_ROW(ROW, price_fields) };

const struct schema manifest_schema = {
	"swarm", manifest_fields, ARRAY_LEN(manifest_fields), sizeof(struct manifest),
};
const struct schema manifest_weight_schema = {
	"weight", weight_fields, ARRAY_LEN(weight_fields), sizeof(struct manifest_weight),
};
const struct schema price_kinds_schema = {
	"price_per_million", kinds_fields, ARRAY_LEN(kinds_fields), sizeof(struct price_kinds),
};
const struct schema price_fields_schema = {
	"price", price_row_fields, ARRAY_LEN(price_row_fields), sizeof(struct price_fields),
};

static const char *const manifest_others[] = { "price_per_million", "weight", NULL };

static bool knows_builtin(const void *context, struct slice name)
{
	(void)context;
	return registry_knows(name);
}
const struct manifest_known manifest_known_builtin = { knows_builtin, NULL };

/* ---- a list of maps, each with a name of its own --------------------------------------------- */

struct named_list {
	struct field_reader *reader;
	struct slice *names;
	int *lines;
	struct map by_name;
};

static void names_init(struct named_list *list, struct field_reader *reader, size_t count)
{
	*list = (struct named_list){
		.reader = reader,
		.names = arena_zero(reader->arena, count, sizeof(*list->names)),
		.lines = arena_zero(reader->arena, count, sizeof(*list->lines)),
	};
}

static bool same_name(const void *context, uint32_t value, const void *key)
{
	const struct named_list *list = context;

	return slice_is(list->names[value], *(const struct slice *)key);
}

/* Tells of a name that an earlier map has. The seed differs from run to run. */
static void names_add(struct named_list *list, const struct tree *map, const char *key,
		      struct slice name, size_t index)
{
	uint32_t hash = hash_slice((uint64_t)(uintptr_t)list->names, name);
	uint32_t before = map_find(&list->by_name, hash, same_name, list, &name);
	const struct tree *member = tree_get(map, slice_of_str(key));

	if (name.len == 0 || !member)
		return;
	if (before != MAP_NONE) {
		fields_error(list->reader, member->line, member->key,
			     "\"%.*s\" occurs twice, first on line %d", SHOW(name),
			     list->lines[before]);
		return;
	}
	list->names[index] = name;
	list->lines[index] = member->line;
	map_add(&list->by_name, hash, (uint32_t)index);
}

/* ---- swarms ---------------------------------------------------------------------------------- */

static void check_capabilities(struct field_reader *reader, const struct tree *map,
			       const struct manifest_known *known)
{
	const struct tree *list = tree_get(map, SLICE("capabilities"));
	const struct tree *item = list && list->kind == TREE_LIST ? list->first : list;
	const char *names[1024];
	size_t count = 0;

	for (; count < registry_builtin_count && count < ARRAY_LEN(names); count++)
		names[count] = registry_builtin[count].name;
	for (size_t i = 0; known && item; i++) {
		bool is_whole = slice_find_byte(item->text, ':') > 0;

		if (item->kind == TREE_TEXT && is_whole && !known->knows(known->context, item->text)) {
			const char *nearest = fields_nearest(item->text, names, count);

			fields_item_error(reader, list, i, item->line,
					  "\"%.*s\" is not a known capability%s%s%s",
					  SHOW(item->text), nearest ? "; did you mean " : "",
					  nearest ? nearest : "", nearest ? "?" : "");
		}
		item = item == list ? NULL : item->next;
	}
}

static void read_price(struct field_reader *reader, const struct tree *map, const char *place,
		       struct manifest *manifest)
{
	const struct tree *tree = fields_member(reader, map, "price_per_million", TREE_MAP);
	struct price_kinds kinds;

	if (!tree)
		return;
	if (tree_get(map, SLICE("rate_usd_per_hour")))
		fields_error(reader, tree->key_line, tree->key,
			     "and rate_usd_per_hour: a swarm has one of them");
	fields_enter(reader, "%s%sprice_per_million", place, place[0] ? "." : "");
	if (!fields_read(reader, tree, &price_kinds_schema, NULL, "price_per_million", &kinds) &&
	    tree->count == 0)
		fields_error(reader, tree->line, SLICE_EMPTY, "names no price");
	fields_enter(reader, "%s", place);
	manifest->has_price = true;
	manifest->price = (struct price){
		{ kinds.input, kinds.output, kinds.cache_read, kinds.cache_write },
	};
}

static void read_weight(struct field_reader *reader, const struct tree *map, const char *place,
			struct manifest *manifest)
{
	const struct tree *tree = fields_member(reader, map, "weight", TREE_MAP);

	if (!tree)
		return;
	fields_enter(reader, "%s%sweight", place, place[0] ? "." : "");
	fields_read(reader, tree, &manifest_weight_schema, NULL, "weight", &manifest->weight);
	fields_enter(reader, "%s", place);
	manifest->has_weight = true;
}

static void check_budget(struct field_reader *reader, const struct tree *map,
			 const struct manifest *manifest)
{
	if (manifest->budget_duration_ms > 0 && !tree_get(map, SLICE("budget_usd")))
		fields_error(reader, map->line, SLICE("budget_duration"),
			     "says nothing without budget_usd");
	if (manifest->budget_usd >= 0 && manifest->soft_budget_usd > manifest->budget_usd)
		fields_error(reader, tree_get(map, SLICE("soft_budget_usd"))->line,
			     SLICE("soft_budget_usd"), "is more than budget_usd");
}

/* `place` is the path of the map: swarms[2], or empty. */
static void read_manifest(struct field_reader *reader, const struct tree *map, const char *place,
			  const struct manifest_known *known, struct manifest *ret_manifest)
{
	fields_enter(reader, "%s", place);
	if (map->kind != TREE_MAP) {
		fields_error(reader, map->line, SLICE_EMPTY, "is %s, not a map",
			     tree_kind_name(map->kind));
		return;
	}
	fields_read(reader, map, &manifest_schema, manifest_others, "a swarm", ret_manifest);
	ret_manifest->line = map->line;
	check_capabilities(reader, map, known);
	check_budget(reader, map, ret_manifest);
	read_price(reader, map, place, ret_manifest);
	read_weight(reader, map, place, ret_manifest);
}

static void read_list(struct field_reader *reader, const struct tree *list, const char *name,
		      const struct manifest_known *known, struct manifest_doc *doc)
{
	struct named_list names;
	size_t index = 0;

	if (list->count == 0 || list->count > MANIFESTS_MAX) {
		fields_error(reader, list->line, slice_of_str(name),
			     "has %zu swarms; 1 to %d are taken", list->count, MANIFESTS_MAX);
		return;
	}
	names_init(&names, reader, list->count);
	doc->manifests = arena_zero(reader->arena, list->count, sizeof(*doc->manifests));
	doc->count = list->count;
	for (const struct tree *map = list->first; map; map = map->next, index++) {
		char place[FIELDS_PLACE_BYTES];

		fields_enter(reader, "%s[%zu]", name, index);
		memcpy(place, reader->place, sizeof(place));
		read_manifest(reader, map, place, known, &doc->manifests[index]);
		names_add(&names, map, "swarm_id", doc->manifests[index].swarm_id, index);
	}
	fields_leave(reader);
	map_finish(&names.by_name);
}

static void read_root(struct field_reader *reader, const struct tree *root,
		      const struct manifest_known *known, struct manifest_doc *doc)
{
	static const struct schema nothing = { "swarms", NULL, 0, 0 };
	static const char *const keys[] = { "swarms", NULL };
	const struct tree *list;

	if (root->kind == TREE_LIST) {
		read_list(reader, root, "", known, doc);
		return;
	}
	if (!tree_get(root, SLICE("swarms"))) {
		doc->manifests = arena_zero(reader->arena, 1, sizeof(*doc->manifests));
		doc->count = 1;
		read_manifest(reader, root, "", known, doc->manifests);
		return;
	}
	fields_read(reader, root, &nothing, keys, "a document with swarms", NULL);
	list = fields_member(reader, root, "swarms", TREE_LIST);
	if (list)
		read_list(reader, list, "swarms", known, doc);
}

enum err manifest_read(struct slice text, enum hand_format format,
		       const struct manifest_known *known, struct arena *arena,
		       struct manifest_doc *ret_doc)
{
	struct manifest_doc doc = { .manifests = NULL };
	struct field_reader reader;
	const struct tree *root;

	fields_init(&reader, arena);
	root = fields_root(&reader, text, format);
	if (root)
		read_root(&reader, root, known, &doc);
	message_hand_over(&reader.errors, arena, &doc.errors, &doc.error_count);
	fields_finish(&reader);
	if (doc.error_count) {
		doc.manifests = NULL;
		doc.count = 0;
	}
	*ret_doc = doc;
	return doc.error_count ? ERR_DOCUMENT_INVALID : OK;
}

/* ---- prices ---------------------------------------------------------------------------------- */

/* Rows are hashed as lines with tabs between their fields. */
static void check_line(struct field_reader *reader, const struct tree *map, const char *key,
		       struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] >= 0x20 && text.ptr[i] != 0x7f)
			continue;
		fields_error(reader, tree_get(map, slice_of_str(key))->line, slice_of_str(key),
			     "holds a tab, the end of a line or another control character");
		return;
	}
}

static bool is_day(struct slice text)
{
	char moment[32] = "";
	int64_t at_us;

	if (text.len != 10)
		return false;
	memcpy(moment, text.ptr, text.len);
	memcpy(moment + text.len, "T00:00:00Z", sizeof("T00:00:00Z"));
	return rfc3339_read(slice_of_str(moment), &at_us);
}

static void read_row(struct field_reader *reader, const struct tree *map, struct price_row *ret_row)
{
	struct price_fields row;
	uint64_t given = fields_read(reader, map, &price_fields_schema, NULL, "a price", &row);
	const uint64_t kinds = ((uint64_t)1 << TOKEN_KIND_COUNT) - 1;

	/* The kinds stand behind the model. */
	if (!(given >> 1 & kinds) && !tree_get(map, SLICE("input")) &&
	    !tree_get(map, SLICE("output")))
		fields_error(reader, map->line, SLICE_EMPTY, "names no price");
	check_line(reader, map, "model", row.model);
	check_line(reader, map, "source", row.source);
	if (row.date.len && !is_day(row.date))
		fields_error(reader, tree_get(map, SLICE("date"))->line, SLICE("date"),
			     "\"%.*s\" is not a day such as 2025-11-01", SHOW(row.date));
	*ret_row = (struct price_row){
		.model = row.model,
		.price = { { row.input, row.output, row.cache_read, row.cache_write } },
		.date = row.date,
		.source = row.source,
	};
}

static void read_rows(struct field_reader *reader, const struct tree *list, struct price_doc *doc)
{
	struct named_list names;
	size_t index = 0;

	if (list->count > PRICE_ROWS_MAX) {
		fields_error(reader, list->key_line, list->key, "has %zu rows; the limit is %d",
			     list->count, PRICE_ROWS_MAX);
		return;
	}
	names_init(&names, reader, list->count);
	doc->rows = arena_zero(reader->arena, list->count, sizeof(*doc->rows));
	doc->count = list->count;
	for (const struct tree *map = list->first; map; map = map->next, index++) {
		fields_enter(reader, "prices[%zu]", index);
		if (map->kind != TREE_MAP) {
			fields_error(reader, map->line, SLICE_EMPTY, "is %s, not a map",
				     tree_kind_name(map->kind));
			continue;
		}
		read_row(reader, map, &doc->rows[index]);
		names_add(&names, map, "model", doc->rows[index].model, index);
	}
	fields_leave(reader);
	map_finish(&names.by_name);
}

static void read_prices(struct field_reader *reader, const struct tree *root, struct price_doc *doc)
{
	static const struct schema nothing = { "prices", NULL, 0, 0 };
	static const char *const keys[] = { "prices", NULL };
	const struct tree *list;

	if (root->kind != TREE_MAP) {
		fields_error(reader, root->line, SLICE_EMPTY, "the document is %s, not a map",
			     tree_kind_name(root->kind));
		return;
	}
	fields_read(reader, root, &nothing, keys, "a price table", NULL);
	list = fields_member(reader, root, "prices", TREE_LIST);
	if (list)
		read_rows(reader, list, doc);
	else if (!tree_get(root, SLICE("prices")))
		fields_error(reader, 0, SLICE_EMPTY, "the document has no key prices");
}

enum err price_doc_read(struct slice text, enum hand_format format, struct arena *arena,
			struct price_doc *ret_doc)
{
	struct price_doc doc = { .rows = NULL };
	struct field_reader reader;
	const struct tree *root;

	fields_init(&reader, arena);
	root = fields_root(&reader, text, format);
	if (root)
		read_prices(&reader, root, &doc);
	message_hand_over(&reader.errors, arena, &doc.errors, &doc.error_count);
	fields_finish(&reader);
	if (doc.error_count) {
		doc.rows = NULL;
		doc.count = 0;
	}
	*ret_doc = doc;
	return doc.error_count ? ERR_DOCUMENT_INVALID : OK;
}
