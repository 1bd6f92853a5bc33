#include "document/policy_doc.h"

#include "base/ensure.h"
#include "governor/registry.h"

const char *const policy_case_kind_names[] = { "critical", "filler" };

#define ROW(T, kind, name, flags, min, max, initial, names, help) \
	{ #name, FIELD_##kind, flags, offsetof(struct T, name), min, max, initial, names, help },

static const struct field case_fields[] = { POLICY_CASE(ROW, policy_case) };

const struct schema policy_case_schema = {
	"case", case_fields, ARRAY_LEN(case_fields), sizeof(struct policy_case),
};

/* The root has no fields of its own but the name. */
struct root {
	struct slice name;
};
static const struct field root_fields[] = {
	{ "name", FIELD_TEXT, 0, offsetof(struct root, name), 1, POLICY_NAME_BYTES_MAX, 0, NULL,
	  "What the policy is called" },
};
static const struct schema root_schema = {
	"policy", root_fields, ARRAY_LEN(root_fields), sizeof(struct root),
};
static const char *const root_others[] = { "resource_policy", "rules", "cases", NULL };

/* ---- rules ----------------------------------------------------------------------------------- */

static void check_patterns(struct field_reader *reader, const struct tree *map, const char *key)
{
	const struct tree *list = tree_get(map, slice_of_str(key));
	const struct tree *item = list && list->kind == TREE_LIST ? list->first : list;

	for (size_t i = 0; item; i++) {
		bool is_text = item->kind != TREE_LIST && item->kind != TREE_MAP;

		if (is_text && !policy_pattern_is_valid(item->text))
			fields_item_error(reader, list, i, item->line,
					  "\"%.*s\" is neither an id nor the start of one and *",
					  SHOW(item->text));
		item = item == list ? NULL : item->next;
	}
}

static void check_name(struct field_reader *reader, const struct tree *map,
		       const struct policy_rule *rules, const int *lines, size_t index)
{
	const struct tree *name = tree_get(map, SLICE("name"));

	for (size_t i = 0; name && rules[index].name.len && i < index; i++) {
		if (!slice_is(rules[i].name, rules[index].name))
			continue;
		fields_error(reader, name->line, name->key,
			     "another rule is called \"%.*s\", on line %d", SHOW(name->text),
			     lines[i]);
		return;
	}
}

static bool takes_everything(const struct policy_rule *rule)
{
	return rule->boards.count + rule->tasks.count + rule->swarms.count +
	       rule->capabilities.count == 0 && rule->kind == POLICY_KIND_ANY;
}

static void read_rules(struct field_reader *reader, const struct tree *list, struct policy *policy)
{
	struct policy_rule *rules;
	const char *last = NULL;	/* a rule behind which none can speak */
	size_t index = 0;
	int *lines;

	if (list->count > POLICY_RULES_MAX) {
		fields_error(reader, list->key_line, list->key, "has %zu rules; the limit is %d",
			     list->count, POLICY_RULES_MAX);
		return;
	}
	rules = arena_zero(reader->arena, list->count, sizeof(*rules));
	lines = arena_zero(reader->arena, list->count, sizeof(*lines));
	for (const struct tree *map = list->first; map; map = map->next, index++) {
		fields_enter(reader, "rules[%zu]", index);
		lines[index] = map->line;
		if (map->kind != TREE_MAP) {
			fields_error(reader, map->line, SLICE_EMPTY, "is %s, not a map",
				     tree_kind_name(map->kind));
			continue;
		}
		fields_read(reader, map, &policy_rule_schema, NULL, "a rule", &rules[index]);
		check_patterns(reader, map, "boards");
		check_patterns(reader, map, "tasks");
		check_patterns(reader, map, "swarms");
		check_name(reader, map, rules, lines, index);
		if (last)
			fields_remark(reader, map->line, SLICE_EMPTY,
				      "never speaks: rule %s before it takes every claim", last);
		else if (takes_everything(&rules[index]))
			last = arena_copy(reader->arena, rules[index].name).ptr;
	}
	fields_leave(reader);
	policy->rules = rules;
	policy->rule_count = list->count;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static const struct policy_rule *find_rule(const struct policy *policy, struct slice name)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (slice_is(policy->rules[i].name, name))
			return &policy->rules[i];
	return NULL;
}

static bool is_limit(struct slice name)
{
	for (int ground = POLICY_GROUND_MATCH; ground < POLICY_GROUND_COUNT; ground++)
		if (slice_is_str(name, policy_ground_setting((enum policy_ground)ground)))
			return true;
	return false;
}

static void check_case(struct field_reader *reader, const struct tree *map,
		       const struct policy_doc *doc, const struct policy_case *one)
{
	const struct tree *rule = tree_get(map, SLICE("rule"));

	if (!rule || !one->rule.len || !doc->has_policy || is_limit(one->rule) ||
	    find_rule(&doc->policy, one->rule))
		return;
	fields_error(reader, rule->line, rule->key,
		     "no rule is called \"%.*s\", nor is it a setting that refuses",
		     SHOW(one->rule));
}

static void read_cases(struct field_reader *reader, const struct tree *list, struct policy_doc *doc)
{
	const struct field *capabilities = schema_find(&policy_case_schema, SLICE("capabilities"));
	size_t index = 0;

	if (list->count > POLICY_CASES_MAX) {
		fields_error(reader, list->key_line, list->key, "has %zu cases; the limit is %d",
			     list->count, POLICY_CASES_MAX);
		return;
	}
	doc->cases = arena_zero(reader->arena, list->count, sizeof(*doc->cases));
	doc->case_count = list->count;
	for (const struct tree *map = list->first; map; map = map->next, index++) {
		struct policy_case *one = &doc->cases[index];
		uint64_t given;

		fields_enter(reader, "cases[%zu]", index);
		if (map->kind != TREE_MAP) {
			fields_error(reader, map->line, SLICE_EMPTY, "is %s, not a map",
				     tree_kind_name(map->kind));
			continue;
		}
		given = fields_read(reader, map, &policy_case_schema, NULL, "a case", one);
		one->covers_all = !(given >> (capabilities - policy_case_schema.fields) & 1);
		one->line = map->line;
		check_case(reader, map, doc, one);
	}
	fields_leave(reader);
}

/* ---- the document ---------------------------------------------------------------------------- */

static void read_root(struct field_reader *reader, const struct tree *root, struct policy_doc *doc)
{
	const struct tree *settings, *rules, *cases;
	struct root named;

	if (root->kind != TREE_MAP) {
		fields_error(reader, root->line, SLICE_EMPTY, "the document is %s, not a map",
			     tree_kind_name(root->kind));
		return;
	}
	fields_read(reader, root, &root_schema, root_others, "a policy", &named);
	doc->policy.name = named.name;
	settings = fields_member(reader, root, "resource_policy", TREE_MAP);
	rules = fields_member(reader, root, "rules", TREE_LIST);
	cases = fields_member(reader, root, "cases", TREE_LIST);
	doc->has_policy = settings || rules;
	if (settings) {
		fields_enter(reader, "resource_policy");
		fields_read(reader, settings, &policy_settings_schema, NULL, "resource_policy",
			    &doc->policy.settings);
		fields_leave(reader);
	}
	if (rules)
		read_rules(reader, rules, &doc->policy);
	if (cases)
		read_cases(reader, cases, doc);
	if (!tree_get(root, SLICE("resource_policy")) && !tree_get(root, SLICE("rules")) &&
	    !tree_get(root, SLICE("cases")))
		fields_error(reader, 0, SLICE_EMPTY,
			     "the document has none of resource_policy, rules and cases");
}

enum err policy_doc_read(struct slice text, enum hand_format format, struct arena *arena,
			 struct policy_doc *ret_doc)
{
	struct policy_doc doc = { .policy = policy_default() };
	struct field_reader reader;
	const struct tree *root;

	fields_init(&reader, arena);
	root = fields_root(&reader, text, format);
	if (root)
		read_root(&reader, root, &doc);
	message_hand_over(&reader.errors, arena, &doc.errors, &doc.error_count);
	message_hand_over(&reader.remarks, arena, &doc.remarks, &doc.remark_count);
	fields_finish(&reader);
	if (doc.error_count) {
		doc.policy = policy_default();
		doc.has_policy = false;
		doc.cases = NULL;
		doc.case_count = 0;
		/* They are about what has to be mended first. */
		doc.remark_count = 0;
	}
	*ret_doc = doc;
	return doc.error_count ? ERR_DOCUMENT_INVALID : OK;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static struct policy_question question_of(const struct policy_case *one)
{
	return (struct policy_question){
		.board = one->board,
		.task = one->task,
		.swarm = one->swarm,
		.needs = one->needs,
		.kind = (enum policy_kind)(POLICY_KIND_CRITICAL + one->kind),
		.expected_cost_nanousd = one->expected_cost,
		.overlap_ppm = one->covers_all ? 1000000 :
				capability_names_overlap_ppm(one->capabilities, one->needs),
		.swarms_on_task = one->swarms_on_task,
		.approved = one->approved,
	};
}

static struct slice maker_of(const struct policy *policy, const struct policy_answer *answer)
{
	if (answer->rule >= 0)
		return policy->rules[answer->rule].name;
	return slice_of_str(policy_ground_setting(answer->ground));
}

bool policy_case_run(const struct policy *policy, const struct policy_case *one,
		     struct policy_answer *ret_answer)
{
	struct policy_question question = question_of(one);

	policy_decide(policy, &question, ret_answer);
	return (int64_t)ret_answer->verdict == one->expect &&
	       (one->rule.len == 0 || slice_is(one->rule, maker_of(policy, ret_answer)));
}

void policy_case_explain(const struct policy *policy, const struct policy_case *one,
			 const struct policy_answer *answer, struct buf *out)
{
	struct policy_question question = question_of(one);

	buf_add_str(out, policy_effect_names[answer->verdict]);
	if (answer->verdict != POLICY_ALLOW) {
		buf_add_lit(out, ", ");
		policy_explain(policy, &question, answer, out);
	} else if (answer->rule >= 0) {
		buf_add_lit(out, ", rule ");
		buf_add_slice(out, policy->rules[answer->rule].name);
	}
}
