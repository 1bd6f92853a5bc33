/*
 * Verdicts have one name each, and say what they mean.
 */
#include "chassis/verdict.h"

#include <check.h>
#include <string.h>

START_TEST(each_has_a_name_of_its_own_and_a_meaning)
{
	for (int i = 0; i < CHASSIS_VERDICT_COUNT; i++) {
		const char *name = chassis_verdict_name((enum chassis_verdict)i);

		ck_assert_str_eq(name, chassis_verdict_names[i]);
		ck_assert_uint_gt(strlen(chassis_verdict_meaning((enum chassis_verdict)i)), 5);
		for (int other = 0; other < i; other++)
			ck_assert_str_ne(name, chassis_verdict_names[other]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verdict");
	TCase *tcase = tcase_create("verdict");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, each_has_a_name_of_its_own_and_a_meaning);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
