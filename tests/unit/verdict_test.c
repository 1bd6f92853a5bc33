/*
 * Verdicts have one name each, which leads back to them.
 */
#include "chassis/verdict.h"

#include <check.h>

START_TEST(a_name_leads_back_to_its_verdict)
{
	for (int i = 0; i < CHASSIS_VERDICT_COUNT; i++) {
		enum chassis_verdict verdict = (enum chassis_verdict)i, found = CHASSIS_VERDICT_COUNT;

		ck_assert(chassis_verdict_of(slice_of_str(chassis_verdict_name(verdict)), &found));
		ck_assert_int_eq(found, verdict);
		ck_assert_uint_gt(strlen(chassis_verdict_meaning(verdict)), 5);
	}
}
END_TEST

START_TEST(another_name_is_none)
{
	enum chassis_verdict found = CHASSIS_VERDICT_TRAP;

	ck_assert(!chassis_verdict_of(SLICE("Result"), &found));
	ck_assert(!chassis_verdict_of(SLICE_EMPTY, &found));
	ck_assert_int_eq(found, CHASSIS_VERDICT_TRAP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verdict");
	TCase *tcase = tcase_create("verdict");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_name_leads_back_to_its_verdict);
	tcase_add_test(tcase, another_name_is_none);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
