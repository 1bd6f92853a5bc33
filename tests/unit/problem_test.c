#include "base/problem.h"

#include <check.h>
#include <stdlib.h>

static struct buf text;

static struct json_writer begin(void)
{
	text = (struct buf){ 0 };
	return json_begin(&text);
}

START_TEST(a_problem_says_what_the_catalogue_says)
{
	struct json_writer json = begin();

	problem_write(&json, ERR_TASK_CLAIMED, SLICE("t1 is \"held\""), SLICE("/v1/tasks/t1"),
		      SLICE("\"holder\":\"s2\",\"until_ms\":5"));
	ck_assert_str_eq(buf_str(&text),
			 "{\"type\":\"urn:infrafabric:error:task_claimed\","
			 "\"title\":\"another worker holds the task\",\"status\":409,"
			 "\"code\":\"task_claimed\",\"detail\":\"t1 is \\\"held\\\"\","
			 "\"hint\":\"Take another task with `ifctl task next`.\",\"retryable\":true,"
			 "\"instance\":\"/v1/tasks/t1\",\"holder\":\"s2\",\"until_ms\":5}");
	buf_finish(&text);
}
END_TEST

START_TEST(what_is_not_known_is_left_out)
{
	struct json_writer json = begin();

	problem_write(&json, ERR_JSON_SYNTAX, SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY);
	ck_assert_ptr_null(strstr(buf_str(&text), "detail"));
	ck_assert_ptr_null(strstr(buf_str(&text), "instance"));
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "\"retryable\":false}"));
	buf_finish(&text);
}
END_TEST

START_TEST(members_can_be_added_one_by_one)
{
	struct json_writer json = begin();

	problem_begin(&json, ERR_TIMEOUT, SLICE_EMPTY);
	json_put_i64(&json, "waited_ms", 50);
	problem_end(&json);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "\"retryable\":true,\"waited_ms\":50}"));
	buf_finish(&text);
}
END_TEST

START_TEST(every_entry_of_the_catalogue_makes_a_whole_object)
{
	const enum err err = (enum err)_i;
	struct json_writer json = begin();

	problem_write(&json, err, SLICE("why"), SLICE_EMPTY, SLICE_EMPTY);
	ck_assert_int_eq(json.depth, 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), err_info(err)->code));
	ck_assert_int_ge(err_info(err)->http_status, 400);
	buf_finish(&text);
}
END_TEST

static Suite *problem_suite(void)
{
	Suite *suite = suite_create("problem");
	TCase *tests = tcase_create("problem");

	tcase_add_test(tests, a_problem_says_what_the_catalogue_says);
	tcase_add_test(tests, what_is_not_known_is_left_out);
	tcase_add_test(tests, members_can_be_added_one_by_one);
	tcase_add_loop_test(tests, every_entry_of_the_catalogue_makes_a_whole_object, OK + 1,
			    ERR_COUNT);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(problem_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
