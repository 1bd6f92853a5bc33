/*
 * How runs of modules are told: verdicts, reasons, results, and what the ledger takes.
 */
#include "cli/guest_tell.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fabric/limit.h"

static struct buf out;
static struct outcome outcome;
static struct guest_module module;
static struct guest_end end;

static void set_up(void)
{
	out = (struct buf){ 0 };
	outcome = (struct outcome){ .verdict = CHASSIS_VERDICT_RESULT };
	module = (struct guest_module){ .id = "count" };
	end = (struct guest_end){ .module = &module, .outcome = &outcome };
}

static void tear_down(void)
{
	buf_finish(&out);
	buf_finish(&outcome.reason);
	buf_finish(&outcome.detail);
	buf_finish(&outcome.result);
}

static const char *result_of(const char *bytes, size_t len)
{
	buf_clear(&out);
	buf_clear(&outcome.result);
	buf_add(&outcome.result, bytes, len);
	guest_add_result(&end, &out);
	return buf_str(&out);
}

static const char *reason(void)
{
	buf_clear(&out);
	guest_add_reason(&end, &out);
	return buf_str(&out);
}

START_TEST(a_result_that_is_json_stays_as_it_is)
{
	ck_assert_str_eq(result_of(" {\"a\":1}\n", 9), "{\"a\":1}");
	ck_assert_str_eq(result_of("null", 4), "null");
	ck_assert_str_eq(result_of("\"x\"", 3), "\"x\"");
}
END_TEST

START_TEST(any_other_result_is_a_text)
{
	ck_assert_str_eq(result_of("two words\n", 10), "\"two words\\n\"");
	ck_assert_str_eq(result_of("", 0), "\"\"");
	ck_assert_str_eq(result_of("{\"a\":1}{", 8), "\"{\\\"a\\\":1}{\"");
	ck_assert_str_eq(result_of("a\xff", 2), "\"a\xef\xbf\xbd\"");
	ck_assert_str_eq(result_of("a\0b", 3), "\"a\xef\xbf\xbd" "b\"");
}
END_TEST

START_TEST(what_failed_has_no_result)
{
	outcome.verdict = CHASSIS_VERDICT_TRAP;
	ck_assert_str_eq(result_of("[1]", 3), "");
	outcome.verdict = CHASSIS_VERDICT_RESULT;
	outcome.err = ERR_CHASSIS_FAILED;
	ck_assert_str_eq(result_of("[1]", 3), "");
}
END_TEST

START_TEST(exit_codes_follow_the_verdict)
{
	static const int codes[CHASSIS_VERDICT_COUNT] = { 0, 1, 1, 124, 1, 6, 1, 6 };

	for (int i = 0; i < CHASSIS_VERDICT_COUNT; i++) {
		outcome.verdict = (enum chassis_verdict)i;
		ck_assert_int_eq(guest_exit_code(&end), codes[i]);
		ck_assert_int_eq(guest_has_succeeded(&end), i == CHASSIS_VERDICT_RESULT);
	}
	outcome.err = ERR_CHASSIS_FAILED;
	ck_assert_int_eq(guest_exit_code(&end), err_info(ERR_CHASSIS_FAILED)->exit_code);
}
END_TEST

START_TEST(a_reason_is_the_sandboxs_or_the_verdicts)
{
	outcome.verdict = CHASSIS_VERDICT_OUT_OF_FUEL;
	ck_assert_str_eq(reason(), "out_of_fuel: it used up its fuel");
	buf_add_lit(&outcome.reason, "fuel");
	buf_add_lit(&outcome.detail, "too many\x1b[2J steps");
	ck_assert_str_eq(reason(), "out_of_fuel, fuel: too many\\x1b[2J steps");
}
END_TEST

START_TEST(a_run_that_its_task_has_no_time_for_is_out_of_time)
{
	outcome.verdict = CHASSIS_VERDICT_TRAP;
	outcome.was_killed = true;
	ck_assert_int_eq(guest_verdict(&end), CHASSIS_VERDICT_TRAP);
	end.limit_ms = 2000;
	ck_assert_int_eq(guest_verdict(&end), CHASSIS_VERDICT_OUT_OF_TIME);
	ck_assert_int_eq(guest_exit_code(&end), 124);
	ck_assert_str_eq(reason(), "out_of_time, task_limit: its task's time limit of 2 s was over");
}
END_TEST

/* The machine refuses a longer one, and the run would never be on record. */
START_TEST(a_reported_detail_fits_and_is_not_cut_in_a_character)
{
	const struct json_limits limits = { 65536, 4, 64 };
	struct json_value *root = NULL;
	struct buf text = { 0 };
	struct slice detail;

	outcome.verdict = CHASSIS_VERDICT_TRAP;
	for (int i = 0; i < 700; i++)
		buf_add_lit(&outcome.detail, "\xc3\xa9");
	buf_add_byte(&text, '{');
	guest_add_report(&end, &out);
	buf_add_slice(&text, buf_slice(&out));
	buf_add_byte(&text, '}');
	ck_assert_int_eq(json_parse(buf_slice(&text), &limits, &root, NULL), OK);
	ck_assert(json_get_text(json_get(root, SLICE("detail")), &detail));
	ck_assert_uint_le(detail.len, LIMIT_TITLE_BYTES);
	ck_assert_uint_ge(detail.len, LIMIT_TITLE_BYTES - 3);
	ck_assert(text_is_valid(detail));
	json_free(root);
	buf_finish(&text);
}
END_TEST

START_TEST(evidence_is_json_whatever_a_guest_says)
{
	const struct json_limits limits = { 65536, 4, 64 };
	struct json_value *root = NULL;
	struct slice verdict;

	outcome.verdict = CHASSIS_VERDICT_DENIED;
	buf_add(&outcome.reason, "a\0\xff", 3);
	buf_add(&outcome.detail, "\"\\\n\xc3", 4);
	guest_add_evidence(&end, &out);
	ck_assert_int_eq(json_parse(buf_slice(&out), &limits, &root, NULL), OK);
	ck_assert(json_get_text(json_get(root, SLICE("verdict")), &verdict));
	ck_assert(slice_is(verdict, SLICE("denied")));
	json_free(root);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_guest");
	TCase *tcase = tcase_create("tell");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_result_that_is_json_stays_as_it_is);
	tcase_add_test(tcase, any_other_result_is_a_text);
	tcase_add_test(tcase, what_failed_has_no_result);
	tcase_add_test(tcase, exit_codes_follow_the_verdict);
	tcase_add_test(tcase, a_reason_is_the_sandboxs_or_the_verdicts);
	tcase_add_test(tcase, a_run_that_its_task_has_no_time_for_is_out_of_time);
	tcase_add_test(tcase, a_reported_detail_fits_and_is_not_cut_in_a_character);
	tcase_add_test(tcase, evidence_is_json_whatever_a_guest_says);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
