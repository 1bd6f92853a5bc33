#include "governor/policy.h"

#include "base/ensure.h"
#include "base/text.h"

#define PPM 1000000

const char *const policy_effect_names[] = {
	[POLICY_ALLOW] = "allow",
	[POLICY_DENY] = "deny",
	[POLICY_REQUIRE_APPROVAL] = "require_approval",
};

const char *const policy_kind_names[] = {
	[POLICY_KIND_ANY] = "any",
	[POLICY_KIND_CRITICAL] = "critical",
	[POLICY_KIND_FILLER] = "filler",
};

const char *const policy_ground_names[] = {
	[POLICY_GROUND_NONE] = "none",	   [POLICY_GROUND_EFFECT] = "effect",
	[POLICY_GROUND_MATCH] = "match",   [POLICY_GROUND_COST] = "cost",
	[POLICY_GROUND_SWARMS] = "swarms",
};

#define ROW(T, kind, name, flags, min, max, initial, names, help) \
	{ #name, FIELD_##kind, flags, offsetof(struct T, name), min, max, initial, names, help },

static const struct field settings_fields[] = { POLICY_SETTINGS(ROW, policy_settings) };
static const struct field rule_fields[] = { POLICY_RULE(ROW, policy_rule) };

const struct schema policy_settings_schema = {
	"resource_policy", settings_fields, ARRAY_LEN(settings_fields),
	sizeof(struct policy_settings),
};
const struct schema policy_rule_schema = {
	"rule", rule_fields, ARRAY_LEN(rule_fields), sizeof(struct policy_rule),
};

struct policy policy_default(void)
{
	struct policy policy = { .rules = NULL };

	schema_set_initial(&policy_settings_schema, 0, &policy.settings);
	return policy;
}

struct policy_rule policy_rule_default(void)
{
	struct policy_rule rule = { .name = SLICE_EMPTY };

	schema_set_initial(&policy_rule_schema, 0, &rule);
	return rule;
}

bool policy_selects(struct slice pattern, struct slice id)
{
	if (pattern.len && pattern.ptr[pattern.len - 1] == '*')
		return slice_starts(id, slice_head(pattern, pattern.len - 1));
	return slice_is(pattern, id);
}

bool policy_pattern_is_valid(struct slice pattern)
{
	if (pattern.len && pattern.ptr[pattern.len - 1] == '*')
		return pattern.len == 1 || id_is_valid(slice_head(pattern, pattern.len - 1));
	return id_is_valid(pattern);
}

static bool list_selects(struct slice_list patterns, struct slice id)
{
	for (size_t i = 0; i < patterns.count; i++)
		if (policy_selects(patterns.items[i], id))
			return true;
	return patterns.count == 0;
}

static bool needs_one_of(struct slice_list needs, struct slice_list capabilities)
{
	for (size_t i = 0; i < needs.count; i++)
		if (list_selects(capabilities, needs.items[i]))
			return true;
	return false;
}

static bool rule_takes_task(const struct policy_rule *rule, const struct policy_question *question)
{
	return (rule->kind == POLICY_KIND_ANY || rule->kind == (int64_t)question->kind) &&
	       list_selects(rule->boards, question->board) &&
	       list_selects(rule->tasks, question->task) &&
	       (rule->capabilities.count == 0 ||
		needs_one_of(question->needs, rule->capabilities));
}

void policy_narrow(const struct policy *policy, const struct policy_question *question,
		   struct policy_choice *ret_choice)
{
	ENSURE(policy->rule_count <= POLICY_RULES_MAX);
	ret_choice->count = 0;
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (!rule_takes_task(&policy->rules[i], question))
			continue;
		ret_choice->rules[ret_choice->count++] = (uint16_t)i;
		if (policy->rules[i].swarms.count == 0)
			return;
	}
}

static int rule_that_speaks(const struct policy *policy, const struct policy_choice *choice,
			    struct slice swarm)
{
	for (size_t i = 0; i < choice->count; i++)
		if (list_selects(policy->rules[choice->rules[i]].swarms, swarm))
			return choice->rules[i];
	return POLICY_NO_RULE;
}

static void refuse(struct policy_answer *answer, enum policy_ground ground, int64_t limit,
		   bool rule_set_it)
{
	answer->verdict = POLICY_DENY;
	answer->ground = ground;
	answer->limit = limit;
	answer->rule = rule_set_it ? answer->matched : POLICY_NO_RULE;
}

static bool costs_too_much(int64_t expected_nanousd, int64_t limit_nanousd)
{
	return expected_nanousd < 0 ? limit_nanousd == 0 : expected_nanousd > limit_nanousd;
}

void policy_decide_among(const struct policy *policy, const struct policy_choice *choice,
			 const struct policy_question *question,
			 struct policy_answer *ret_answer)
{
	static const struct policy_rule nothing_set = { .max_cost = -1, .min_match = -1 };
	const struct policy_settings *settings = &policy->settings;
	int speaks = rule_that_speaks(policy, choice, question->swarm);
	const struct policy_rule *rule = speaks >= 0 ? &policy->rules[speaks] : &nothing_set;

	*ret_answer = (struct policy_answer){
		.verdict = POLICY_ALLOW,
		.ground = speaks >= 0 ? POLICY_GROUND_EFFECT : POLICY_GROUND_NONE,
		.rule = speaks,
		.matched = speaks,
		.min_match_ppm = rule->min_match >= 0 ? rule->min_match :
							settings->min_capability_match,
		.max_cost_nanousd = rule->max_cost >= 0 ? rule->max_cost :
							  settings->max_cost_per_task,
		.max_swarms = rule->max_swarms > 0 ? rule->max_swarms :
						     settings->max_swarms_per_task,
	};
	if (rule->effect == POLICY_DENY)
		ret_answer->verdict = POLICY_DENY;
	else if (question->needs.count && question->overlap_ppm < ret_answer->min_match_ppm)
		refuse(ret_answer, POLICY_GROUND_MATCH, ret_answer->min_match_ppm,
		       rule->min_match >= 0);
	else if (costs_too_much(question->expected_cost_nanousd, ret_answer->max_cost_nanousd))
		refuse(ret_answer, POLICY_GROUND_COST, ret_answer->max_cost_nanousd,
		       rule->max_cost >= 0);
	else if (question->swarms_on_task >= ret_answer->max_swarms)
		refuse(ret_answer, POLICY_GROUND_SWARMS, ret_answer->max_swarms,
		       rule->max_swarms > 0);
	else if (rule->effect == POLICY_REQUIRE_APPROVAL && !question->approved)
		ret_answer->verdict = POLICY_REQUIRE_APPROVAL;
}

void policy_decide(const struct policy *policy, const struct policy_question *question,
		   struct policy_answer *ret_answer)
{
	struct policy_choice choice;

	policy_narrow(policy, question, &choice);
	policy_decide_among(policy, &choice, question, ret_answer);
}

const char *policy_ground_setting(enum policy_ground ground)
{
	switch (ground) {
	case POLICY_GROUND_MATCH: return "min_capability_match";
	case POLICY_GROUND_COST: return "max_cost_per_task";
	case POLICY_GROUND_SWARMS: return "max_swarms_per_task";
	case POLICY_GROUND_NONE:
	case POLICY_GROUND_EFFECT: return "";
	case POLICY_GROUND_COUNT:
	default: BUG("a ground");
	}
}

static void explain_limit(const struct policy_question *question,
			  const struct policy_answer *answer, struct buf *out)
{
	if (answer->ground == POLICY_GROUND_MATCH) {
		buf_add_lit(out, "it covers ");
		buf_add_ratio(out, question->overlap_ppm);
		buf_add_lit(out, " of the needs; the least is ");
		buf_add_ratio(out, answer->limit);
	} else if (answer->ground == POLICY_GROUND_COST) {
		if (question->expected_cost_nanousd < 0) {
			buf_add_lit(out, "what it costs is not known");
		} else {
			buf_add_lit(out, "it is expected to cost ");
			buf_add_money(out, question->expected_cost_nanousd);
			buf_add_lit(out, " dollars");
		}
		buf_add_lit(out, "; the most is ");
		buf_add_money(out, answer->limit);
	} else {
		buf_add_i64(out, question->swarms_on_task);
		buf_add_lit(out, " swarms work on it; the most is ");
		buf_add_i64(out, answer->limit);
	}
}

void policy_explain(const struct policy *policy, const struct policy_question *question,
		    const struct policy_answer *answer, struct buf *out)
{
	const struct policy_rule *rule = answer->rule >= 0 ? &policy->rules[answer->rule] : NULL;

	if (answer->verdict == POLICY_ALLOW)
		return;
	if (rule) {
		buf_add_lit(out, "rule ");
		buf_add_slice(out, rule->name);
	} else {
		buf_add_str(out, policy_ground_setting(answer->ground));
	}
	buf_add_lit(out, ": ");
	if (answer->ground != POLICY_GROUND_EFFECT)
		explain_limit(question, answer, out);
	else if (answer->verdict == POLICY_DENY)
		buf_add_lit(out, "denied");
	else
		buf_add_lit(out, "a person must approve it");
	if (rule && rule->reason.len) {
		buf_add_lit(out, " (");
		buf_add_slice(out, rule->reason);
		buf_add_byte(out, ')');
	}
}
