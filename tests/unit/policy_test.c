#include "governor/policy.h"

#include <check.h>
#include <stdlib.h>

#include "base/ensure.h"

#define DOLLAR INT64_C(1000000000)
#define NONE POLICY_NO_RULE

static const struct slice sip_needs[] = { { "telephony:sip", 13 }, { "docs:guide", 10 } };

static struct policy_question question_of(const char *board, const char *task, const char *swarm)
{
	return (struct policy_question){
		.board = slice_of_str(board),
		.task = slice_of_str(task),
		.swarm = slice_of_str(swarm),
		.needs = { sip_needs, ARRAY_LEN(sip_needs) },
		.kind = POLICY_KIND_CRITICAL,
		.expected_cost_nanousd = DOLLAR,
		.overlap_ppm = 1000000,
	};
}

static struct policy_question plain_question(void)
{
	return question_of("demo", "T-1", "alice");
}

static struct policy_answer decide(const struct policy *policy,
				   const struct policy_question *question)
{
	struct policy_answer answer;

	policy_decide(policy, question, &answer);
	return answer;
}

/* One text as a list of one; good for as long as `text` is. */
static struct slice_list one(struct slice *text)
{
	return (struct slice_list){ text, 1 };
}

static struct policy_rule rule_of(const char *name, enum policy_effect effect)
{
	struct policy_rule rule = policy_rule_default();

	rule.name = slice_of_str(name);
	rule.effect = effect;
	return rule;
}

static struct policy policy_of(const struct policy_rule *rules, size_t count)
{
	struct policy policy = policy_default();

	policy.rules = rules;
	policy.rule_count = count;
	return policy;
}

#define ck_answer(answer, want_verdict, want_ground, want_rule)     \
	do {                                                        \
		struct policy_answer got = (answer);                \
		ck_assert_int_eq(got.verdict, POLICY_##want_verdict); \
		ck_assert_int_eq(got.ground, POLICY_GROUND_##want_ground); \
		ck_assert_int_eq(got.rule, want_rule);              \
	} while (0)

START_TEST(the_defaults_are_those_of_the_plan)
{
	struct policy policy = policy_default();

	ck_assert_int_eq(policy.settings.max_swarms_per_task, 3);
	ck_assert_int_eq(policy.settings.max_cost_per_task, 10 * DOLLAR);
	ck_assert_int_eq(policy.settings.min_capability_match, 700000);
	ck_assert_int_eq(policy.settings.circuit_breaker_failure_threshold, 3);
	ck_assert_int_eq(policy.settings.enable_budget_enforcement, 1);
	ck_assert_int_eq(policy.settings.enable_reputation_scoring, 1);
}
END_TEST

START_TEST(without_rules_the_settings_speak_alone)
{
	static const struct {
		int64_t overlap_ppm, cost_nanousd, swarms;
		enum policy_effect verdict;
		enum policy_ground ground;
		int64_t limit;
	} cases[] = {
		{ 1000000, DOLLAR, 0, POLICY_ALLOW, POLICY_GROUND_NONE, 0 },
		{ 700000, 10 * DOLLAR, 2, POLICY_ALLOW, POLICY_GROUND_NONE, 0 },
		{ 699999, 0, 0, POLICY_DENY, POLICY_GROUND_MATCH, 700000 },
		{ 1000000, 10 * DOLLAR + 1, 0, POLICY_DENY, POLICY_GROUND_COST, 10 * DOLLAR },
		{ 1000000, INT64_MAX, 0, POLICY_DENY, POLICY_GROUND_COST, 10 * DOLLAR },
		{ 1000000, -1, 2, POLICY_ALLOW, POLICY_GROUND_NONE, 0 },
		{ 1000000, 0, 3, POLICY_DENY, POLICY_GROUND_SWARMS, 3 },
		/* More than one: the order of refusals. */
		{ 0, INT64_MAX, 9, POLICY_DENY, POLICY_GROUND_MATCH, 700000 },
		{ 1000000, INT64_MAX, 9, POLICY_DENY, POLICY_GROUND_COST, 10 * DOLLAR },
	};
	struct policy policy = policy_default();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct policy_question question = plain_question();
		struct policy_answer answer;

		question.overlap_ppm = cases[i].overlap_ppm;
		question.expected_cost_nanousd = cases[i].cost_nanousd;
		question.swarms_on_task = cases[i].swarms;
		answer = decide(&policy, &question);
		ck_assert_msg(answer.verdict == cases[i].verdict &&
				      answer.ground == cases[i].ground &&
				      answer.limit == cases[i].limit,
			      "case %zu: verdict %d, ground %d", i, (int)answer.verdict,
			      (int)answer.ground);
		ck_assert_int_eq(answer.rule, NONE);
		ck_assert_int_eq(answer.matched, NONE);
	}
}
END_TEST

START_TEST(a_threshold_of_0_takes_everybody_and_1_only_full_matches)
{
	struct policy policy = policy_default();
	struct policy_question question = plain_question();

	policy.settings.min_capability_match = 0;
	question.overlap_ppm = 0;
	ck_answer(decide(&policy, &question), ALLOW, NONE, NONE);
	policy.settings.min_capability_match = 1000000;
	question.overlap_ppm = 999999;
	ck_answer(decide(&policy, &question), DENY, MATCH, NONE);
	question.overlap_ppm = 1000000;
	ck_answer(decide(&policy, &question), ALLOW, NONE, NONE);
}
END_TEST

START_TEST(a_task_without_needs_is_matched_by_everybody)
{
	struct policy policy = policy_default();
	struct policy_question question = plain_question();

	policy.settings.min_capability_match = 1000000;
	question.needs = (struct slice_list){ NULL, 0 };
	question.overlap_ppm = 0;
	ck_answer(decide(&policy, &question), ALLOW, NONE, NONE);
}
END_TEST

START_TEST(an_unknown_cost_passes_every_limit_but_0)
{
	struct policy policy = policy_default();
	struct policy_question question = plain_question();

	question.expected_cost_nanousd = -1;
	policy.settings.max_cost_per_task = 1;
	ck_answer(decide(&policy, &question), ALLOW, NONE, NONE);
	policy.settings.max_cost_per_task = 0;
	ck_answer(decide(&policy, &question), DENY, COST, NONE);
	question.expected_cost_nanousd = 0;
	ck_answer(decide(&policy, &question), ALLOW, NONE, NONE);
	question.expected_cost_nanousd = 1;
	ck_answer(decide(&policy, &question), DENY, COST, NONE);
}
END_TEST

START_TEST(the_first_rule_whose_selectors_all_match_speaks)
{
	struct slice boards = SLICE("release-*"), swarms = SLICE("alice"), tasks = SLICE("*");
	struct policy_rule rules[] = {
		rule_of("not alice", POLICY_DENY),
		rule_of("releases", POLICY_REQUIRE_APPROVAL),
		rule_of("rest", POLICY_ALLOW),
		rule_of("never reached", POLICY_DENY),
	};
	struct policy policy = policy_of(rules, ARRAY_LEN(rules));
	struct policy_question question;

	rules[0].boards = one(&boards);
	rules[0].swarms = one(&swarms);
	rules[1].boards = one(&boards);
	rules[2].tasks = one(&tasks);

	question = question_of("release-7", "T-1", "alice");
	ck_answer(decide(&policy, &question), DENY, EFFECT, 0);
	question = question_of("release-7", "T-1", "bob");
	ck_answer(decide(&policy, &question), REQUIRE_APPROVAL, EFFECT, 1);
	question.approved = true;
	ck_answer(decide(&policy, &question), ALLOW, EFFECT, 1);
	question = question_of("demo", "T-1", "alice");
	ck_answer(decide(&policy, &question), ALLOW, EFFECT, 2);
}
END_TEST

START_TEST(selectors_are_ids_or_the_start_of_one)
{
	static const struct {
		const char *pattern;
		const char *id;
		bool selected;
	} cases[] = {
		{ "release", "release", true },	    { "release", "release-7", false },
		{ "release-*", "release-7", true }, { "release-*", "release-", true },
		{ "release-*", "release", false },  { "*", "anything", true },
		{ "a", "A", false },		    { "", "a", false },
	};
	static const char *const valid[] = { "*", "a", "a*", "P0.1.*", "team:*" };
	static const char *const invalid[] = { "", "**", "a*b", "a b", "-", "a/*", "-*" };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_msg(policy_selects(slice_of_str(cases[i].pattern),
					     slice_of_str(cases[i].id)) == cases[i].selected,
			      "%s and %s", cases[i].pattern, cases[i].id);
	for (size_t i = 0; i < ARRAY_LEN(valid); i++)
		ck_assert_msg(policy_pattern_is_valid(slice_of_str(valid[i])), "%s", valid[i]);
	for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
		ck_assert_msg(!policy_pattern_is_valid(slice_of_str(invalid[i])), "%s", invalid[i]);
}
END_TEST

START_TEST(capabilities_select_tasks_that_need_one_of_them)
{
	static const struct {
		const char *capability;
		bool selected;
	} cases[] = {
		{ "telephony:sip", true }, { "telephony:*", true }, { "docs:*", true },
		{ "telephony:h323", false }, { "tele:*", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice capability = slice_of_str(cases[i].capability);
		struct policy_rule rule = rule_of("calls", POLICY_DENY);
		struct policy policy = policy_of(&rule, 1);
		struct policy_question question = plain_question();

		rule.capabilities = one(&capability);
		ck_assert_msg((decide(&policy, &question).verdict == POLICY_DENY) ==
				      cases[i].selected,
			      "%s", cases[i].capability);
		question.needs.count = 0;
		ck_answer(decide(&policy, &question), ALLOW, NONE, NONE);
	}
}
END_TEST

START_TEST(a_rule_may_be_for_one_kind_of_task)
{
	struct policy_rule rule = rule_of("no filler", POLICY_DENY);
	struct policy policy = policy_of(&rule, 1);
	struct policy_question question = plain_question();

	rule.kind = POLICY_KIND_FILLER;
	ck_answer(decide(&policy, &question), ALLOW, NONE, NONE);
	question.kind = POLICY_KIND_FILLER;
	ck_answer(decide(&policy, &question), DENY, EFFECT, 0);
}
END_TEST

START_TEST(limits_of_the_rule_go_before_those_of_the_settings)
{
	struct policy_rule rule = rule_of("generous", POLICY_ALLOW);
	struct policy policy = policy_of(&rule, 1);
	struct policy_question question = plain_question();
	struct policy_answer answer;

	rule.max_cost = 50 * DOLLAR;
	rule.min_match = 0;
	rule.max_swarms = 10;
	question.expected_cost_nanousd = 50 * DOLLAR;
	question.overlap_ppm = 0;
	question.swarms_on_task = 9;
	answer = decide(&policy, &question);
	ck_answer(answer, ALLOW, EFFECT, 0);
	ck_assert_int_eq(answer.max_cost_nanousd, 50 * DOLLAR);
	ck_assert_int_eq(answer.min_match_ppm, 0);
	ck_assert_int_eq(answer.max_swarms, 10);

	question.swarms_on_task = 10;
	ck_answer(decide(&policy, &question), DENY, SWARMS, 0);
	question.expected_cost_nanousd++;
	ck_answer(decide(&policy, &question), DENY, COST, 0);
}
END_TEST

START_TEST(a_setting_that_the_rule_leaves_alone_still_refuses)
{
	struct policy_rule rule = rule_of("cheap", POLICY_ALLOW);
	struct policy policy = policy_of(&rule, 1);
	struct policy_question question = plain_question();
	struct policy_answer answer;

	rule.max_cost = 50 * DOLLAR;
	question.overlap_ppm = 0;
	answer = decide(&policy, &question);
	ck_answer(answer, DENY, MATCH, NONE);
	ck_assert_int_eq(answer.matched, 0);
}
END_TEST

START_TEST(an_approval_lifts_no_limit_and_no_denial)
{
	struct policy_rule rule = rule_of("ask", POLICY_REQUIRE_APPROVAL);
	struct policy policy = policy_of(&rule, 1);
	struct policy_question question = plain_question();

	question.approved = true;
	question.expected_cost_nanousd = 11 * DOLLAR;
	ck_answer(decide(&policy, &question), DENY, COST, NONE);
	rule.effect = POLICY_DENY;
	ck_answer(decide(&policy, &question), DENY, EFFECT, 0);
}
END_TEST

START_TEST(both_ways_to_decide_agree)
{
	struct slice texts[] = { SLICE("a*"), SLICE("b*"), SLICE("alice"), SLICE("docs:*") };
	struct slice ids[] = { SLICE("a1"), SLICE("b1"), SLICE("alice"), SLICE("x") };
	struct policy_rule rules[16];
	struct policy policy = policy_of(rules, ARRAY_LEN(rules));
	size_t answers[POLICY_EFFECT_COUNT] = { 0 };

	for (unsigned i = 0; i < ARRAY_LEN(rules); i++) {
		unsigned bits = i + 1;

		rules[i] = rule_of("r", (bits + 2) % POLICY_EFFECT_COUNT);
		rules[i].boards = bits & 1 ? one(&texts[bits / 2 % 2]) : (struct slice_list){ 0 };
		rules[i].swarms = bits & 2 ? one(&texts[bits / 4 % 3]) : (struct slice_list){ 0 };
		rules[i].capabilities = bits & 4 ? one(&texts[3]) : (struct slice_list){ 0 };
		rules[i].kind = bits & 8 ? POLICY_KIND_FILLER : POLICY_KIND_ANY;
	}
	for (unsigned i = 0; i < 4 * 4 * 2; i++) {
		struct policy_question question = plain_question();
		struct policy_answer whole, stepped;
		struct policy_choice choice;

		question.board = ids[i % 4];
		question.swarm = ids[i / 4 % 4];
		question.kind = i / 16 ? POLICY_KIND_FILLER : POLICY_KIND_CRITICAL;
		policy_decide(&policy, &question, &whole);
		policy_narrow(&policy, &question, &choice);
		policy_decide_among(&policy, &choice, &question, &stepped);
		ck_assert_int_eq(whole.verdict, stepped.verdict);
		ck_assert_int_eq(whole.rule, stepped.rule);
		answers[whole.verdict]++;
		/* What decides is the first that matches, found the slow way. */
		for (int r = 0; r < whole.matched; r++) {
			struct policy alone = policy_of(&rules[r], 1);

			ck_assert_int_eq(decide(&alone, &question).matched, NONE);
		}
	}
	ck_assert_uint_gt(answers[POLICY_ALLOW], 0);
	ck_assert_uint_gt(answers[POLICY_DENY], 0);
}
END_TEST

START_TEST(every_refusal_names_what_made_it)
{
	struct policy_rule rule = rule_of("releases", POLICY_REQUIRE_APPROVAL);
	struct policy policy = policy_of(&rule, 1);
	struct policy_question question = plain_question();
	struct policy_answer answer = decide(&policy, &question);
	struct buf out = { 0 };

	rule.reason = SLICE("ask Ada");
	policy_explain(&policy, &question, &answer, &out);
	ck_assert_str_eq(buf_str(&out), "rule releases: a person must approve it (ask Ada)");
	buf_clear(&out);

	question.overlap_ppm = 500000;
	answer = decide(&policy, &question);
	policy_explain(&policy, &question, &answer, &out);
	ck_assert_str_eq(buf_str(&out), "min_capability_match: it covers 0.5 of the needs; "
					"the least is 0.7");
	buf_clear(&out);

	question.overlap_ppm = 1000000;
	rule.max_cost = 0;
	question.expected_cost_nanousd = -1;
	answer = decide(&policy, &question);
	policy_explain(&policy, &question, &answer, &out);
	ck_assert_str_eq(buf_str(&out), "rule releases: what it costs is not known; "
					"the most is 0.00 (ask Ada)");
	buf_finish(&out);
}
END_TEST

START_TEST(a_policy_comes_back_from_its_bytes)
{
	struct slice boards[] = { SLICE("a*"), SLICE("b") };
	struct policy_rule rules[] = { rule_of("one", POLICY_DENY), rule_of("two", POLICY_ALLOW) };
	struct policy policy = policy_of(rules, ARRAY_LEN(rules));
	struct buf bytes = { 0 }, again = { 0 };
	struct arena arena = { 0 };
	struct policy back;

	policy.name = SLICE("night");
	policy.settings.min_capability_match = 0;
	rules[0].boards = (struct slice_list){ boards, 2 };
	rules[1].max_cost = 0;
	rules[1].reason = SLICE("because");
	policy_encode(&policy, &bytes);
	ck_assert(policy_decode(buf_slice(&bytes), &arena, &back));
	ck_assert_uint_eq(back.rule_count, 2);
	ck_assert_int_eq(back.rules[0].max_cost, -1);
	ck_assert_int_eq(back.rules[1].max_cost, 0);
	ck_assert(slice_is_str(back.rules[0].boards.items[1], "b"));
	policy_encode(&back, &again);
	ck_assert(slice_is(buf_slice(&bytes), buf_slice(&again)));
	for (size_t len = 0; len < bytes.len; len++)
		ck_assert(!policy_decode(slice_head(buf_slice(&bytes), len), &arena, &back));
	buf_finish(&bytes);
	buf_finish(&again);
	arena_finish(&arena);
}
END_TEST

START_TEST(a_setting_that_older_bytes_do_not_have_is_its_default)
{
	struct buf bytes = { 0 };
	struct arena arena = { 0 };
	struct policy back;

	/* No name; one setting in one byte: max_swarms_per_task 5; no rule. */
	buf_add_lit(&bytes, "\0\1\1\12\0");
	ck_assert(policy_decode(buf_slice(&bytes), &arena, &back));
	ck_assert_int_eq(back.settings.max_swarms_per_task, 5);
	ck_assert_int_eq(back.settings.min_capability_match, 700000);
	ck_assert_int_eq(back.settings.assumed_cost, DOLLAR);
	buf_finish(&bytes);
	arena_finish(&arena);
}
END_TEST

START_TEST(its_json_says_what_is_set)
{
	struct policy_rule rule = rule_of("all", POLICY_ALLOW);
	struct policy policy = policy_of(&rule, 1);
	struct buf out = { 0 };
	struct json_writer json = json_begin(&out);

	policy.digest = SLICE("abc");
	json_object(&json);
	policy_write_json(&policy, &json);
	json_object_end(&json);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "\"max_cost_per_task\":10.00"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"rules\":[{\"name\":\"all\",\"effect\":\"allow\"}]"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"digest\":\"abc\""));
	buf_finish(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *deciding = tcase_create("deciding"), *form = tcase_create("form");
	SRunner *runner;
	int failed;

	tcase_add_test(deciding, the_defaults_are_those_of_the_plan);
	tcase_add_test(deciding, without_rules_the_settings_speak_alone);
	tcase_add_test(deciding, a_threshold_of_0_takes_everybody_and_1_only_full_matches);
	tcase_add_test(deciding, a_task_without_needs_is_matched_by_everybody);
	tcase_add_test(deciding, an_unknown_cost_passes_every_limit_but_0);
	tcase_add_test(deciding, the_first_rule_whose_selectors_all_match_speaks);
	tcase_add_test(deciding, selectors_are_ids_or_the_start_of_one);
	tcase_add_test(deciding, capabilities_select_tasks_that_need_one_of_them);
	tcase_add_test(deciding, a_rule_may_be_for_one_kind_of_task);
	tcase_add_test(deciding, limits_of_the_rule_go_before_those_of_the_settings);
	tcase_add_test(deciding, a_setting_that_the_rule_leaves_alone_still_refuses);
	tcase_add_test(deciding, an_approval_lifts_no_limit_and_no_denial);
	tcase_add_test(deciding, both_ways_to_decide_agree);
	tcase_add_test(deciding, every_refusal_names_what_made_it);
	tcase_add_test(form, a_policy_comes_back_from_its_bytes);
	tcase_add_test(form, a_setting_that_older_bytes_do_not_have_is_its_default);
	tcase_add_test(form, its_json_says_what_is_set);
	suite_add_tcase(suite, deciding);
	suite_add_tcase(suite, form);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
