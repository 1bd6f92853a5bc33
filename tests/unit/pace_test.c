#include <check.h>
#include <stdlib.h>

#include "daemon/pace.h"

static struct pace pace;

static void setup(void)
{
	pace = (struct pace){ 0 };
}

static void settle(uint64_t commands, int64_t took_us)
{
	for (int i = 0; i < 200; i++)
		pace_note(&pace, commands, took_us);
}

START_TEST(a_command_that_is_alone_is_appended_on_the_loop)
{
	ck_assert(pace_is_quick(&pace));
	settle(1, 150);
	ck_assert(pace_is_quick(&pace));
}
END_TEST

START_TEST(a_slow_disk_is_waited_for_by_the_thread)
{
	settle(1, 5000);
	ck_assert(!pace_is_quick(&pace));
	settle(1, 150);
	ck_assert(pace_is_quick(&pace));
}
END_TEST

START_TEST(commands_that_take_longer_than_the_append_are_decided_meanwhile)
{
	settle(64, 150);
	ck_assert(!pace_is_quick(&pace));
	settle(4, 150);
	ck_assert(pace_is_quick(&pace));
}
END_TEST

START_TEST(one_slow_append_changes_little)
{
	settle(1, 150);
	pace_note(&pace, 1, 1000000);
	ck_assert_int_lt(pace.append_us, 250);
}
END_TEST

START_TEST(a_quick_disk_waits_for_nobody)
{
	settle(8, 150);
	pace_answered(&pace, 8, 1, 1000);
	ck_assert_int_eq(pace_gather_us(&pace, 1, 1000), 0);
}
END_TEST

START_TEST(a_slow_disk_waits_for_those_who_were_answered)
{
	settle(8, 4000);
	pace_answered(&pace, 8, 8, 1000);
	ck_assert_int_gt(pace_gather_us(&pace, 8, 1100), 0);
	ck_assert_int_gt(pace_gather_us(&pace, 11, 1100), 0);
	ck_assert_int_eq(pace_gather_us(&pace, 12, 1100), 0);
}
END_TEST

START_TEST(nobody_is_waited_for_longer_than_a_quarter_of_an_append)
{
	settle(8, 4000);
	pace_answered(&pace, 8, 8, 1000);
	ck_assert_int_eq(pace_gather_us(&pace, 8, 2000), 0);
	settle(8, 1000000);
	pace_answered(&pace, 8, 8, 0);
	ck_assert_int_eq(pace_gather_us(&pace, 8, 0), 2000);
}
END_TEST

START_TEST(whoever_is_alone_waits_for_nobody)
{
	settle(1, 4000);
	pace_answered(&pace, 1, 0, 1000);
	ck_assert_int_eq(pace_gather_us(&pace, 1, 1001), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pace");
	TCase *tests = tcase_create("pace");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, a_command_that_is_alone_is_appended_on_the_loop);
	tcase_add_test(tests, a_slow_disk_is_waited_for_by_the_thread);
	tcase_add_test(tests, commands_that_take_longer_than_the_append_are_decided_meanwhile);
	tcase_add_test(tests, one_slow_append_changes_little);
	tcase_add_test(tests, a_quick_disk_waits_for_nobody);
	tcase_add_test(tests, a_slow_disk_waits_for_those_who_were_answered);
	tcase_add_test(tests, nobody_is_waited_for_longer_than_a_quarter_of_an_append);
	tcase_add_test(tests, whoever_is_alone_waits_for_nobody);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
