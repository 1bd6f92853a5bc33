#include "document/contract_doc.h"

#include "base/ensure.h"
#include "base/rfc3339.h"
#include "document/contract_read.h"

#define EXCESS_MAX 64

/* A map whose members are the fields; without it they have their initial values. */
static uint64_t read_part(struct field_reader *reader, const struct tree *root,
			  const struct schema *schema, void *ret_object)
{
	static const struct tree absent = { .kind = TREE_MAP };
	const struct tree *map = fields_member(reader, root, schema->name, TREE_MAP);
	uint64_t given;

	fields_enter(reader, "%s", schema->name);
	given = fields_read(reader, map ? map : &absent, schema, NULL, schema->name, ret_object);
	fields_leave(reader);
	return given;
}

/* ---- parts of a contract --------------------------------------------------------------------- */

static void check_module(struct field_reader *reader, const struct tree *root, struct slice sha256)
{
	bool is_hex = sha256.len == 64;

	for (size_t i = 0; is_hex && i < sha256.len; i++)
		is_hex = (sha256.ptr[i] >= '0' && sha256.ptr[i] <= '9') ||
			 (sha256.ptr[i] >= 'a' && sha256.ptr[i] <= 'f');
	if (sha256.len && !is_hex)
		fields_error(reader, tree_get(root, SLICE("module_sha256"))->line,
			     SLICE("module_sha256"),
			     "\"%.*s\" is not 64 hex digits in lower case, as sha256sum prints them",
			     SHOW(sha256));
}

/* The clock in its one spelling. */
static void read_clock(struct field_reader *reader, const struct tree *root,
		       struct contract_determinism *determinism)
{
	const struct tree *map = tree_get(root, SLICE("determinism"));
	struct buf clock = { 0 };

	determinism->clock_us = -1;
	if (determinism->clock.len == 0)
		return;
	if (!rfc3339_read(determinism->clock, &determinism->clock_us)) {
		fields_enter(reader, "determinism");
		fields_error(reader, tree_get(map, SLICE("clock"))->line, SLICE("clock"),
			     "\"%.*s\" is not a time such as 2025-11-01T00:00:00Z",
			     SHOW(determinism->clock));
		fields_leave(reader);
		return;
	}
	buf_add_time(&clock, determinism->clock_us);
	determinism->clock = arena_copy(reader->arena, buf_slice(&clock));
	buf_finish(&clock);
}

/* The policy has a word for memory, too. */
static void settle_memory(struct field_reader *reader, const struct tree *root,
			  const struct policy_grants *grants, struct contract *contract)
{
	const struct tree *limits = tree_get(root, SLICE("limits"));
	bool is_said = tree_get(limits, SLICE("memory")) || tree_get(limits, SLICE("memory_bytes"));

	if (grants->memory_bytes == 0)
		return;
	if (is_said && contract->limits.memory_bytes != grants->memory_bytes) {
		fields_enter(reader, "policy.permissions.resources");
		fields_error(reader, grants->memory_line, SLICE("memory"),
			     "is not the same as limits.memory; write one of them");
		fields_leave(reader);
	}
	contract->limits.memory_bytes = grants->memory_bytes;
}

/* ---- the ceiling ----------------------------------------------------------------------------- */

/* The member that says it, under either of its names; NULL: none does. */
static const struct tree *said_by(const struct tree *map, const struct field *field)
{
	const struct tree *member = tree_get(map, slice_of_str(field->name));
	struct slice name;

	if (!member && (fields_is_size(field, &name) || fields_is_duration(field, &name)))
		member = tree_get(map, name);
	return member;
}

static const struct tree *map_of(const struct tree *root, const struct contract_excess *excess)
{
	const struct tree *map = tree_get(root, slice_of_str(excess->part));

	if (map && map->kind == TREE_LIST) {
		map = map->first;
		for (size_t i = 0; map && i < excess->index; i++)
			map = map->next;
	}
	return map;
}

static void tell_excess(struct field_reader *reader, const struct tree *root,
			const struct contract_excess *excess)
{
	const struct tree *map = map_of(root, excess);
	const struct tree *member = said_by(map, excess->field);
	struct slice key = member ? member->key : slice_of_str(excess->field->name);
	const struct tree *around = map ? map : root;
	int line = member ? member->line : around->key.len ? around->key_line : around->line;
	struct buf value = { 0 }, most = { 0 };

	if (map && tree_get(root, slice_of_str(excess->part))->kind == TREE_LIST)
		fields_enter(reader, "%s[%zu]", excess->part, excess->index);
	else
		fields_enter(reader, "%s", excess->part);
	fields_add_number(&value, excess->field, excess->value);
	fields_add_number(&most, excess->field, excess->most);
	if (excess->field->kind == FIELD_BOOL)
		fields_error(reader, line, key, "the operator's ceiling does not allow it");
	else if (member)
		fields_error(reader, line, key, "%s is above the operator's ceiling, %s",
			     buf_str(&value), buf_str(&most));
	else
		fields_error(reader, line, key,
			     "%s, which holds where nothing is said, is above the operator's ceiling, "
			     "%s; write it", buf_str(&value), buf_str(&most));
	fields_leave(reader);
	buf_finish(&value);
	buf_finish(&most);
}

static void check_ceiling(struct field_reader *reader, const struct tree *root,
			  const struct contract *contract, const struct contract_ceiling *ceiling)
{
	struct contract_excess all[EXCESS_MAX];
	size_t count = contract_over_ceiling(contract, ceiling, all, EXCESS_MAX);

	for (size_t i = 0; i < count && i < EXCESS_MAX; i++)
		tell_excess(reader, root, &all[i]);
	if (count > EXCESS_MAX)
		fields_error(reader, 0, SLICE_EMPTY, "%zu more are above the operator's ceiling",
			     count - EXCESS_MAX);
}

/* ---- the document ---------------------------------------------------------------------------- */

static bool is_map(struct field_reader *reader, const struct tree *root)
{
	if (root->kind != TREE_MAP)
		fields_error(reader, root->line, SLICE_EMPTY, "the document is %s, not a map",
			     tree_kind_name(root->kind));
	return root->kind == TREE_MAP;
}

static void read_root(struct field_reader *reader, const struct tree *root,
		      struct contract *contract)
{
	static const char *const others[] = {
		"policy", "limits", "rates", "http", "credentials", "slos", "determinism", NULL,
	};
	struct policy_grants grants = { .host_count = 0 };
	const struct tree *policy;

	fields_read(reader, root, &contract_root_schema, others, "a contract", contract);
	contract->capabilities = contract_sorted(reader, contract->capabilities);
	contract->requires = contract_sorted(reader, contract->requires);
	check_module(reader, root, contract->module_sha256);
	read_part(reader, root, &contract_limits_schema, &contract->limits);
	read_part(reader, root, &contract_rates_schema, &contract->rates);
	read_part(reader, root, &contract_slos_schema, &contract->slos);
	read_part(reader, root, &contract_determinism_schema, &contract->determinism);
	read_clock(reader, root, &contract->determinism);
	policy = fields_member(reader, root, "policy", TREE_MAP);
	if (policy)
		contract_policy_read(reader, policy, contract, &grants);
	settle_memory(reader, root, &grants, contract);
	contract_http_read(reader, root, contract, &grants);
	contract_credentials_read(reader, root, contract);
}

enum err contract_doc_read(struct slice text, enum hand_format format,
			   const struct contract_ceiling *ceiling, struct arena *arena,
			   struct contract_doc *ret_doc)
{
	struct contract_doc doc = { .contract = contract_default() };
	struct field_reader reader;
	const struct tree *root;

	fields_init(&reader, arena);
	root = fields_root(&reader, text, format);
	if (root && is_map(&reader, root)) {
		read_root(&reader, root, &doc.contract);
		if (ceiling)
			check_ceiling(&reader, root, &doc.contract, ceiling);
	}
	message_hand_over(&reader.errors, arena, &doc.errors, &doc.error_count);
	message_hand_over(&reader.remarks, arena, &doc.remarks, &doc.remark_count);
	fields_finish(&reader);
	if (doc.error_count) {
		doc.contract = contract_default();
		/* They are about what has to be mended first. */
		doc.remark_count = 0;
	}
	*ret_doc = doc;
	return doc.error_count ? ERR_DOCUMENT_INVALID : OK;
}

/* What was not given is as high as the rows allow. */
static void read_top(struct field_reader *reader, const struct tree *root,
		     const struct schema *schema, void *ret_object)
{
	uint64_t given = read_part(reader, root, schema, ret_object);

	for (size_t i = 0; i < schema->count; i++)
		if (!(given >> i & 1))
			*field_number(&schema->fields[i], ret_object) = schema->fields[i].max;
}

enum err ceiling_doc_read(struct slice text, enum hand_format format, struct arena *arena,
			  struct ceiling_doc *ret_doc)
{
	static const struct schema nothing = { "ceiling", NULL, 0, 0 };
	static const char *const keys[] = { "limits", "rates", "http", NULL };
	struct ceiling_doc doc = { .errors = NULL };
	struct field_reader reader;
	const struct tree *root;

	fields_init(&reader, arena);
	root = fields_root(&reader, text, format);
	if (root && is_map(&reader, root)) {
		fields_read(&reader, root, &nothing, keys, "a ceiling", NULL);
		read_top(&reader, root, &contract_limits_schema, &doc.ceiling.limits);
		read_top(&reader, root, &contract_rates_schema, &doc.ceiling.rates);
		read_top(&reader, root, &contract_http_ceiling_schema, &doc.ceiling.http);
	}
	message_hand_over(&reader.errors, arena, &doc.errors, &doc.error_count);
	fields_finish(&reader);
	*ret_doc = doc;
	return doc.error_count ? ERR_DOCUMENT_INVALID : OK;
}
