#include "document/policy_doc.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "governor/capability.h"
#include "governor/registry.h"

#define DOLLAR INT64_C(1000000000)

static struct arena arena;

static void teardown(void)
{
	arena_finish(&arena);
}

static enum err read_slice(struct slice text, enum hand_format format, struct policy_doc *ret_doc)
{
	return policy_doc_read(text, format, &arena, ret_doc);
}

/* "12: text" of each message, on lines of their own. */
static const char *lines_of(const struct doc_message *messages, size_t count)
{
	struct buf out = { 0 };
	const char *text;

	for (size_t i = 0; i < count; i++) {
		buf_add_i64(&out, messages[i].line);
		buf_add_lit(&out, ": ");
		buf_add_slice(&out, messages[i].text);
		buf_add_byte(&out, '\n');
	}
	text = arena_copy(&arena, buf_slice(&out)).ptr;
	buf_finish(&out);
	return text;
}

static struct policy_doc good(const char *text)
{
	struct policy_doc doc;
	enum err err = read_slice(slice_of_str(text), HAND_YAML, &doc);

	ck_assert_msg(err == OK, "%s", lines_of(doc.errors, doc.error_count));
	return doc;
}

static const char *wrong_in(enum hand_format format, const char *text)
{
	struct policy_doc doc;

	ck_assert_int_eq(read_slice(slice_of_str(text), format, &doc), ERR_DOCUMENT_INVALID);
	ck_assert_uint_gt(doc.error_count, 0);
	ck_assert(!doc.has_policy && doc.policy.rule_count == 0 && doc.case_count == 0);
	return lines_of(doc.errors, doc.error_count);
}

static const char *wrong(const char *text)
{
	return wrong_in(HAND_YAML, text);
}

#define ck_slice_eq(slice, str) \
	ck_assert_msg(slice_is_str((slice), (str)), "%.*s", (int)(slice).len, (slice).ptr)

/* ---- reading --------------------------------------------------------------------------------- */

START_TEST(the_policy_of_the_plan_is_read)
{
	struct policy_doc doc = good(
		"resource_policy:\n"
		"  max_swarms_per_task: 2\n"
		"  max_cost_per_task: 12.5\n"
		"  min_capability_match: 0.75\n"
		"  circuit_breaker_failure_threshold: 5\n"
		"  enable_budget_enforcement: false\n"
		"  enable_reputation_scoring: true\n");

	ck_assert(doc.has_policy);
	ck_assert_int_eq(doc.policy.settings.max_swarms_per_task, 2);
	ck_assert_int_eq(doc.policy.settings.max_cost_per_task, 12 * DOLLAR + DOLLAR / 2);
	ck_assert_int_eq(doc.policy.settings.min_capability_match, 750000);
	ck_assert_int_eq(doc.policy.settings.circuit_breaker_failure_threshold, 5);
	ck_assert_int_eq(doc.policy.settings.enable_budget_enforcement, 0);
	/* What is not said has its default. */
	ck_assert_int_eq(doc.policy.settings.patience_ms, 600000);
}
END_TEST

START_TEST(amounts_are_read_as_people_write_them)
{
	struct policy_doc doc = good(
		"resource_policy:\n"
		"  max_cost_per_task: $1.50\n"
		"  assumed_cost: 2\n"
		"  min_capability_match: 70%\n"
		"  exploration_share: 0\n"
		"  patience: 1h 30m\n"
		"  circuit_breaker_probe_after: 2d\n"
		"  retry_backoff_ms: 250\n"
		"  circuit_breaker_failure_ratio: 5e-1\n");

	ck_assert_int_eq(doc.policy.settings.max_cost_per_task, DOLLAR + DOLLAR / 2);
	ck_assert_int_eq(doc.policy.settings.assumed_cost, 2 * DOLLAR);
	ck_assert_int_eq(doc.policy.settings.min_capability_match, 700000);
	ck_assert_int_eq(doc.policy.settings.exploration_share, 0);
	ck_assert_int_eq(doc.policy.settings.patience_ms, 90 * 60000);
	ck_assert_int_eq(doc.policy.settings.circuit_breaker_probe_after_ms, 48 * 3600000);
	ck_assert_int_eq(doc.policy.settings.retry_backoff_ms, 250);
	ck_assert_int_eq(doc.policy.settings.circuit_breaker_failure_ratio, 500000);
}
END_TEST

START_TEST(rules_keep_their_order_and_everything_they_say)
{
	struct policy_doc doc = good(
		"name: night shift\n"
		"rules:\n"
		"  - name: releases\n"
		"    boards: [release-*, \"hot:fix\"]\n"
		"    effect: require_approval\n"
		"    reason: a person signs\n"
		"  - name: lawyers\n"
		"    capabilities: contract-review:*\n"
		"    kind: critical\n"
		"    max_cost: 0\n"
		"    min_match: 1\n"
		"    max_swarms: 1\n");
	const struct policy_rule *rules = doc.policy.rules;

	ck_slice_eq(doc.policy.name, "night shift");
	ck_assert_uint_eq(doc.policy.rule_count, 2);
	ck_slice_eq(rules[0].name, "releases");
	ck_assert_int_eq(rules[0].effect, POLICY_REQUIRE_APPROVAL);
	ck_assert_uint_eq(rules[0].boards.count, 2);
	ck_slice_eq(rules[0].boards.items[1], "hot:fix");
	ck_assert_int_eq(rules[0].max_cost, -1);
	ck_assert_int_eq(rules[0].min_match, -1);
	ck_slice_eq(rules[1].capabilities.items[0], "contract-review:*");
	ck_assert_int_eq(rules[1].effect, POLICY_ALLOW);
	ck_assert_int_eq(rules[1].kind, POLICY_KIND_CRITICAL);
	ck_assert_int_eq(rules[1].max_cost, 0);
	ck_assert_int_eq(rules[1].min_match, 1000000);
	ck_assert_int_eq(rules[1].max_swarms, 1);
}
END_TEST

START_TEST(json_is_read_alike)
{
	struct policy_doc doc;
	const char *text = "{\"resource_policy\": {\"max_cost_per_task\": 10.0, \"patience\": \"5m\"},"
			   " \"rules\": [{\"name\": \"r\", \"effect\": \"deny\"}]}";

	ck_assert_int_eq(read_slice(slice_of_str(text), HAND_JSON, &doc), OK);
	ck_assert_int_eq(doc.policy.settings.max_cost_per_task, 10 * DOLLAR);
	ck_assert_int_eq(doc.policy.settings.patience_ms, 300000);
	ck_assert_int_eq(doc.policy.rules[0].effect, POLICY_DENY);
	ck_assert_int_eq(hand_format_of(SLICE("a/b.JSON")), HAND_JSON);
	ck_assert_int_eq(hand_format_of(SLICE("a.yaml")), HAND_YAML);
	ck_assert_int_eq(hand_format_of(SLICE("-")), HAND_YAML);
}
END_TEST

/* ---- what is wrong --------------------------------------------------------------------------- */

START_TEST(all_that_is_wrong_is_told_at_once_with_line_and_path)
{
	ck_assert_str_eq(
		wrong("name: x\n"
		      "resource_policy:\n"
		      "  max_cost_per_tsak: 10\n"
		      "  min_capability_match: 1.5\n"
		      "  max_swarms_per_task: many\n"
		      "  enable_budget_enforcement: yes\n"
		      "  patience: 10\n"
		      "  assumed_cost: -1\n"
		      "  max_cost_per_task: 1\n"
		      "  max_cost_per_task: 2\n"
		      "  retry_backoff:\n"
		      "ruels: []\n"
		      "rules:\n"
		      "  - effect: forbid\n"
		      "    boards: [a b, ok, ok]\n"
		      "    capabilities: [nodomain]\n"
		      "  - name: twice\n"
		      "  - name: twice\n"
		      "  - 7\n"
		      "cases:\n"
		      "  - name: c\n"
		      "    expect: maybe\n"
		      "    board: {}\n"),
		"3: resource_policy.max_cost_per_tsak: resource_policy has no such key; "
		"did you mean max_cost_per_task?\n"
		"4: resource_policy.min_capability_match: 1.5 is not between 0.0 and 1.0\n"
		"5: resource_policy.max_swarms_per_task: \"many\" is not an integer of at most 64 "
		"bits\n"
		"6: resource_policy.enable_budget_enforcement: \"yes\" is not true or false\n"
		"7: resource_policy.patience: \"10\" is not a time with its unit, such as 30s, 10m "
		"or 7d\n"
		"8: resource_policy.assumed_cost: -1 is less than 0.00\n"
		"10: resource_policy.max_cost_per_task: occurs twice, first on line 9\n"
		"11: resource_policy.retry_backoff: has no value; write a time with its unit, such "
		"as 30s, 10m or 7d\n"
		"12: ruels: a policy has no such key; did you mean rules?\n"
		"14: rules[0].effect: \"forbid\" is not allow, deny or require_approval\n"
		"14: rules[0].name: is missing\n"
		"15: rules[0].boards[2]: \"ok\" occurs twice\n"
		"15: rules[0].boards[0]: \"a b\" is neither an id nor the start of one and *\n"
		"16: rules[0].capabilities[0]: \"nodomain\" holds a capability that is not "
		"domain:skill\n"
		"18: rules[2].name: another rule is called \"twice\", on line 17\n"
		"19: rules[3]: is an integer, not a map\n"
		"22: cases[0].expect: \"maybe\" is not allow, deny or require_approval\n"
		"23: cases[0].board: is a map, not a text\n");
}
END_TEST

START_TEST(what_is_no_finite_number_is_refused)
{
	static const char *const texts[] = { ".nan", ".inf", "-.inf", "+.Inf", "NaN", "Infinity",
					     "1e999", "1e400", "0x10", "1_000", "1,5" };
	static const char *const keys[] = { "max_cost_per_task", "min_capability_match",
					    "max_swarms_per_task", "patience_ms" };

	for (size_t key = 0; key < ARRAY_LEN(keys); key++)
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			char text[128];

			snprintf(text, sizeof(text), "resource_policy:\n  %s: %s\n", keys[key],
				 texts[i]);
			ck_assert_msg(strncmp(wrong(text), "2: ", 3) == 0, "%s", text);
		}
	ck_assert_ptr_nonnull(strstr(wrong("resource_policy:\n  assumed_cost: .nan\n"),
				     "is not a finite number"));
	wrong_in(HAND_JSON, "{\"resource_policy\": {\"assumed_cost\": NaN}}");
	wrong_in(HAND_JSON, "{\"resource_policy\": {\"assumed_cost\": 1e999}}");
	wrong_in(HAND_JSON, "{\"resource_policy\": {\"assumed_cost\": 1, \"assumed_cost\": 1}}");
}
END_TEST

START_TEST(numbers_at_the_ends_of_64_bits_are_exact_or_refused)
{
	struct policy_doc doc = good("resource_policy:\n  max_cost_per_task: 9223372036.854775807\n");

	ck_assert_int_eq(doc.policy.settings.max_cost_per_task, INT64_MAX);
	wrong("resource_policy:\n  max_cost_per_task: 9223372036.854775808\n");
	wrong("resource_policy:\n  max_cost_per_task: 0.0000000001\n");
	wrong("resource_policy:\n  min_capability_match: 0.0000001\n");
	wrong("resource_policy:\n  patience_ms: 9223372036854775808\n");
	wrong("resource_policy:\n  patience: 200000000000w\n");
	wrong("resource_policy:\n  circuit_breaker_window: 65\n");
	wrong("resource_policy:\n  circuit_breaker_window: 0\n");
	good("resource_policy:\n  circuit_breaker_failure_threshold: 0\n  min_capability_match: 0\n"
	     "  max_cost_per_task: 0\n");
	good("resource_policy:\n  min_capability_match: 1\n");
}
END_TEST

START_TEST(a_setting_is_said_once_in_one_form)
{
	ck_assert_str_eq(wrong("resource_policy:\n  patience: 1m\n  patience_ms: 60000\n"),
			 "3: resource_policy.patience_ms: says the same as patience_ms in other "
			 "words\n");
}
END_TEST

START_TEST(what_is_no_policy_is_refused)
{
	static const char *const texts[] = {
		"", "- a\n", "7\n", "{}\n", "name: x\n", "resource_policy: 7\n", "rules: {}\n",
		"cases: x\n", "a: [\n", "resource_policy: {}\n---\nresource_policy: {}\n",
		"resource_policy: !tag {}\n", "rules: [\xff]\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_uint_gt(strlen(wrong(texts[i])), 3);
	good("resource_policy: {}\n");
	good("rules: []\n");
}
END_TEST

START_TEST(too_many_rules_are_refused)
{
	struct buf text = { 0 };
	struct policy_doc doc;

	buf_add_lit(&text, "rules:\n");
	for (int i = 0; i < POLICY_RULES_MAX; i++) {
		buf_add_lit(&text, "  - name: r");
		buf_add_i64(&text, i);
		buf_add_lit(&text, "\n    boards: [b]\n");
	}
	ck_assert_int_eq(read_slice(buf_slice(&text), HAND_YAML, &doc), OK);
	buf_add_lit(&text, "  - name: one too many\n");
	ck_assert_str_eq(wrong(buf_str(&text)), "1: rules: has 257 rules; the limit is 256\n");
	buf_finish(&text);
}
END_TEST

START_TEST(a_rule_that_can_never_speak_is_told_of)
{
	struct policy_doc doc = good("rules:\n"
				     "  - name: all\n"
				     "  - name: late\n"
				     "    effect: deny\n");

	ck_assert_str_eq(lines_of(doc.remarks, doc.remark_count),
			 "3: rules[1]: never speaks: rule all before it takes every claim\n");
}
END_TEST

/* ---- cases ----------------------------------------------------------------------------------- */

#define POLICY_TEXT                                                      \
	"resource_policy:\n"                                             \
	"  max_cost_per_task: 10\n"                                      \
	"rules:\n"                                                       \
	"  - name: nights\n"                                             \
	"    boards: [night-*]\n"                                        \
	"    effect: deny\n"                                             \
	"    reason: nobody watches\n"                                   \
	"  - name: calls\n"                                              \
	"    capabilities: [telephony:*]\n"                              \
	"    max_cost: 20\n"

START_TEST(cases_say_whether_the_policy_answers_as_expected)
{
	static const struct {
		const char *text;
		bool passed;
		const char *said;
	} cases[] = {
		{ "board: night-1\n    expect: deny\n    rule: nights\n", true,
		  "deny, rule nights: denied (nobody watches)" },
		{ "board: night-1\n    expect: allow\n", false,
		  "deny, rule nights: denied (nobody watches)" },
		{ "board: night-1\n    expect: deny\n    rule: calls\n", false,
		  "deny, rule nights: denied (nobody watches)" },
		{ "expected_cost: 10.01\n    expect: deny\n    rule: max_cost_per_task\n", true,
		  "deny, max_cost_per_task: it is expected to cost 10.01 dollars; "
		  "the most is 10.00" },
		{ "needs: telephony:sip\n    expected_cost: 20\n    expect: allow\n"
		  "    rule: calls\n", true, "allow, rule calls" },
		{ "needs: [a:b, c:d]\n    capabilities: [a:*]\n    expect: deny\n", true,
		  "deny, min_capability_match: it covers 0.5 of the needs; the least is 0.7" },
		{ "needs: [a:b]\n    capabilities: []\n    expect: deny\n", true,
		  "deny, min_capability_match: it covers 0.0 of the needs; the least is 0.7" },
		{ "needs: [a:b]\n    expect: allow\n", true, "allow" },
		{ "swarms_on_task: 3\n    expect: deny\n    rule: max_swarms_per_task\n", true,
		  "deny, max_swarms_per_task: 3 swarms work on it; the most is 3" },
	};
	struct buf out = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct policy_answer answer;
		struct policy_doc doc;
		char text[1024];

		snprintf(text, sizeof(text), POLICY_TEXT "cases:\n  - name: c\n    %s",
			 cases[i].text);
		doc = good(text);
		ck_assert_uint_eq(doc.case_count, 1);
		ck_assert_msg(policy_case_run(&doc.policy, &doc.cases[0], &answer) == cases[i].passed,
			      "%s", cases[i].text);
		buf_clear(&out);
		policy_case_explain(&doc.policy, &doc.cases[0], &answer, &out);
		ck_assert_str_eq(buf_str(&out), cases[i].said);
		ck_assert_int_eq(doc.cases[0].line, 12);
	}
	buf_finish(&out);
}
END_TEST

START_TEST(a_case_names_a_rule_that_exists)
{
	ck_assert_str_eq(wrong(POLICY_TEXT
			       "cases:\n  - name: c\n    expect: deny\n    rule: night\n"),
			 "14: cases[0].rule: no rule is called \"night\", nor is it a setting that "
			 "refuses\n");
	/* Cases alone are for a policy in another file. */
	ck_assert(!good("cases:\n  - name: c\n    expect: deny\n    rule: night\n").has_policy);
}
END_TEST

START_TEST(cases_match_capabilities_as_claims_do)
{
	static const struct slice names[] = { SLICE("a:b"), SLICE("a:c"), SLICE("a:*"),
					      SLICE("d:e"), SLICE("d:*") };
	struct capability_table table;

	capability_init(&table);
	for (unsigned have_bits = 0; have_bits < 32; have_bits++)
		for (unsigned need_bits = 0; need_bits < 32; need_bits++) {
			struct slice have[5], need[5];
			struct slice_list haves = { have, 0 }, needs = { need, 0 };

			for (unsigned i = 0; i < 5; i++) {
				if (have_bits >> i & 1)
					have[haves.count++] = names[i];
				if (need_bits >> i & 1)
					need[needs.count++] = names[i];
			}
			ck_assert_int_eq(capability_names_overlap_ppm(haves, needs),
					 capability_overlap_ppm(&table,
								capability_set_of(&table, haves),
								capability_set_of(&table, needs)));
		}
	capability_finish(&table);
}
END_TEST

/* ---- writing --------------------------------------------------------------------------------- */

static void comes_back(const struct policy *policy)
{
	struct buf text = { 0 }, before = { 0 }, after = { 0 };
	struct policy_doc doc;

	policy_doc_write_yaml(policy, &text);
	doc = good(buf_str(&text));
	policy_encode(policy, &before);
	policy_encode(&doc.policy, &after);
	ck_assert_msg(slice_is(buf_slice(&before), buf_slice(&after)), "%s", text.ptr);
	buf_finish(&text);
	buf_finish(&before);
	buf_finish(&after);
}

START_TEST(what_is_written_reads_again_to_the_same)
{
	struct policy_doc doc = good(POLICY_TEXT);
	struct policy policy = policy_default();
	struct slice odd[] = { SLICE("*"), SLICE("true"), SLICE("1.5"), SLICE("a:"), SLICE("x*") };
	struct policy_rule rule = policy_rule_default();

	comes_back(&doc.policy);
	comes_back(&policy);
	rule.name = SLICE("null");
	rule.boards = (struct slice_list){ odd, ARRAY_LEN(odd) };
	rule.reason = SLICE("\"quotes\", \\, # hash\n\xc2\x85\xe2\x80\xa8\x7f\xef\xbb\xbf "
			    "\xf0\x9f\x90\x8c ");
	rule.max_cost = 0;
	policy.name = SLICE("- odd: name");
	policy.settings.patience_ms = 0;
	policy.settings.retry_backoff_ms = 1001;
	policy.settings.max_cost_per_task = INT64_MAX;
	policy.settings.exploration_share = 1;
	policy.rules = &rule;
	policy.rule_count = 1;
	comes_back(&policy);
}
END_TEST

START_TEST(its_json_is_a_document_too)
{
	struct policy_doc doc = good("name: x\n" POLICY_TEXT), again;
	struct buf text = { 0 }, before = { 0 }, after = { 0 };
	struct json_writer json = json_begin(&text);

	json_object(&json);
	policy_write_json(&doc.policy, &json);
	json_object_end(&json);
	ck_assert_int_eq(read_slice(buf_slice(&text), HAND_JSON, &again), OK);
	policy_encode(&doc.policy, &before);
	policy_encode(&again.policy, &after);
	ck_assert_msg(slice_is(buf_slice(&before), buf_slice(&after)), "%s", buf_str(&text));
	buf_finish(&text);
	buf_finish(&before);
	buf_finish(&after);
}
END_TEST

static const char *difference(const char *from, const char *to)
{
	struct policy_doc a = good(from), b = good(to);
	struct buf out = { 0 };
	const char *text;
	size_t lines = policy_doc_diff(&a.policy, &b.policy, &out), seen = 0;

	for (size_t i = 0; i < out.len; i++)
		seen += out.ptr[i] == '\n';
	ck_assert_uint_eq(lines, seen);
	text = arena_copy(&arena, buf_slice(&out)).ptr;
	buf_finish(&out);
	return text;
}

START_TEST(a_difference_is_told_setting_by_setting_and_rule_by_rule)
{
	ck_assert_str_eq(difference(POLICY_TEXT, POLICY_TEXT), "");
	ck_assert_str_eq(
		difference(POLICY_TEXT,
			   "name: new\n"
			   "resource_policy:\n"
			   "  patience: 5m\n"
			   "rules:\n"
			   "  - name: calls\n"
			   "    capabilities: [telephony:sip]\n"
			   "    max_cost: 20\n"
			   "  - name: nights\n"
			   "    boards: [night-*]\n"
			   "    effect: deny\n"
			   "    max_swarms: 1\n"
			   "    reason: nobody watches\n"
			   "  - name: rest\n"
			   "    effect: require_approval\n"),
		"name: \"\" -> new\n"
		"patience: 10m -> 5m\n"
		"rule calls: capabilities: [\"telephony:*\"] -> [\"telephony:sip\"]\n"
		"rule nights: max_swarms: (not set) -> 1\n"
		"+ rule rest (3 of 3): effect require_approval\n"
		"order of rules: nights, calls -> calls, nights\n");
	ck_assert_str_eq(difference(POLICY_TEXT, "resource_policy: {}\n"),
			 "- rule nights (1 of 2): effect deny, boards [night-*], "
			 "reason nobody watches\n"
			 "- rule calls (2 of 2): effect allow, capabilities [\"telephony:*\"], "
			 "max_cost 20.00\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy_doc");
	TCase *reading = tcase_create("reading"), *wrongs = tcase_create("wrong");
	TCase *cases = tcase_create("cases"), *writing = tcase_create("writing");
	SRunner *runner;
	int failed;

	tcase_add_test(reading, the_policy_of_the_plan_is_read);
	tcase_add_test(reading, amounts_are_read_as_people_write_them);
	tcase_add_test(reading, rules_keep_their_order_and_everything_they_say);
	tcase_add_test(reading, json_is_read_alike);
	tcase_add_test(wrongs, all_that_is_wrong_is_told_at_once_with_line_and_path);
	tcase_add_test(wrongs, what_is_no_finite_number_is_refused);
	tcase_add_test(wrongs, numbers_at_the_ends_of_64_bits_are_exact_or_refused);
	tcase_add_test(wrongs, a_setting_is_said_once_in_one_form);
	tcase_add_test(wrongs, what_is_no_policy_is_refused);
	tcase_add_test(wrongs, too_many_rules_are_refused);
	tcase_add_test(wrongs, a_rule_that_can_never_speak_is_told_of);
	tcase_add_test(cases, cases_say_whether_the_policy_answers_as_expected);
	tcase_add_test(cases, a_case_names_a_rule_that_exists);
	tcase_add_test(cases, cases_match_capabilities_as_claims_do);
	tcase_add_test(writing, what_is_written_reads_again_to_the_same);
	tcase_add_test(writing, its_json_is_a_document_too);
	tcase_add_test(writing, a_difference_is_told_setting_by_setting_and_rule_by_rule);
	suite_add_tcase(suite, reading);
	suite_add_tcase(suite, wrongs);
	suite_add_tcase(suite, cases);
	suite_add_tcase(suite, writing);
	for (size_t i = 0; i < 4; i++)
		tcase_add_checked_fixture((TCase *[]){ reading, wrongs, cases, writing }[i], NULL,
					  teardown);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
