#include <check.h>
#include <stdlib.h>

#include "governor/learn.h"

#define PPM 1000000
#define DOLLAR INT64_C(1000000000)

static struct learning learning;
static const struct promise no_promise = { LEARN_UNKNOWN, LEARN_UNKNOWN };

static void setup(void)
{
	learn_init(&learning);
}

static void teardown(void)
{
	learn_finish(&learning);
}

static void note(uint32_t swarm, uint32_t needs, bool succeeded, int64_t cost_nanousd)
{
	learn_note(&learning, &(struct outcome){
		.swarm = swarm, .needs = needs, .succeeded = succeeded,
		.cost_nanousd = cost_nanousd,
	});
}

static void note_many(uint32_t swarm, uint32_t needs, int count, bool succeeded, int64_t cost)
{
	for (int i = 0; i < count; i++)
		note(swarm, needs, succeeded, cost);
}

static struct outlook look(uint32_t swarm, uint32_t needs, uint32_t failed_before)
{
	return learn_outlook(&learning, swarm, needs, failed_before, &no_promise, LEARN_UNKNOWN);
}

START_TEST(of_nobody_anything_is_known_at_first)
{
	struct outlook outlook = look(5, 0, 0);

	ck_assert_int_eq(outlook.success_ppm, PPM / 2);
	ck_assert_int_eq(outlook.cost_nanousd, LEARN_UNKNOWN);
	ck_assert_int_eq(outlook.hoped_nanousd, LEARN_UNKNOWN);
	ck_assert_int_eq(outlook.cost_from, COST_UNKNOWN);
	ck_assert_int_eq(outlook.outcomes, 0);
	ck_assert_ptr_null(learn_swarm(&learning, 5));
	ck_assert_ptr_null(learn_pair(&learning, 5, 0));
}
END_TEST

START_TEST(many_outcomes_outweigh_every_prior)
{
	note_many(0, 0, 60, true, DOLLAR);
	note_many(1, 0, 60, false, 5 * DOLLAR);
	ck_assert_int_gt(look(0, 0, 0).success_ppm, 940000);
	ck_assert_int_lt(look(1, 0, 0).success_ppm, 60000);
	ck_assert_int_ge(look(0, 0, 0).cost_nanousd, 995 * DOLLAR / 1000);
	ck_assert_int_le(look(0, 0, 0).cost_nanousd, 1020 * DOLLAR / 1000);
	ck_assert_int_eq(look(0, 0, 0).cost_from, COST_LEARNT);
	ck_assert_int_eq(look(0, 0, 0).outcomes, 60);
}
END_TEST

START_TEST(a_liar_is_found_out)
{
	const struct promise boast = { PPM, DOLLAR / 100 };
	struct outlook outlook = learn_outlook(&learning, 0, 0, 0, &boast, LEARN_UNKNOWN);

	ck_assert_int_eq(outlook.success_ppm, 980000);
	ck_assert_int_eq(outlook.cost_nanousd, DOLLAR / 100);
	ck_assert_int_eq(outlook.cost_from, COST_DECLARED);
	note_many(0, 0, 10, false, DOLLAR);
	outlook = learn_outlook(&learning, 0, 0, 0, &boast, LEARN_UNKNOWN);
	ck_assert_int_lt(outlook.success_ppm, 200000);
	ck_assert_int_gt(outlook.cost_nanousd, DOLLAR * 9 / 10);
	ck_assert_int_eq(outlook.cost_from, COST_LEARNT);
}
END_TEST

START_TEST(an_estimate_serves_until_something_is_learnt)
{
	struct outlook outlook;

	note_many(0, 0, 3, true, DOLLAR);
	outlook = learn_outlook(&learning, 1, 0, 0, &no_promise, 7 * DOLLAR);
	ck_assert_int_eq(outlook.cost_nanousd, 7 * DOLLAR);
	ck_assert_int_eq(outlook.cost_from, COST_ESTIMATE);
	ck_assert_int_eq(look(1, 0, 0).cost_from, COST_USUAL);
	ck_assert_int_ge(look(1, 0, 0).cost_nanousd, DOLLAR * 99 / 100);
	ck_assert_int_le(look(1, 0, 0).cost_nanousd, DOLLAR);
	outlook = learn_outlook(&learning, 0, 0, 0, &no_promise, 7 * DOLLAR);
	ck_assert_int_eq(outlook.cost_from, COST_LEARNT);
}
END_TEST

START_TEST(a_new_swarm_may_be_cheaper_than_usual)
{
	struct outlook outlook;

	note(0, 0, true, DOLLAR);
	outlook = look(1, 0, 0);
	ck_assert_int_eq(outlook.cost_nanousd, DOLLAR);
	ck_assert_int_lt(outlook.hoped_nanousd, DOLLAR / 2);
	note_many(1, 0, 20, true, DOLLAR);
	ck_assert_int_gt(look(1, 0, 0).hoped_nanousd, DOLLAR * 9 / 10);
}
END_TEST

START_TEST(hope_sinks_with_those_who_are_known_but_stays)
{
	int64_t before = learning.fleet.hope_ppm;

	for (uint32_t swarm = 0; swarm < 2000; swarm++)
		note(swarm, 0, true, DOLLAR);
	ck_assert_int_lt(learning.fleet.hope_ppm, before / 4);
	ck_assert_int_ge(learning.fleet.hope_ppm, PPM);
}
END_TEST

START_TEST(what_is_learnt_is_told_apart_by_needs)
{
	note_many(0, 1, 30, true, DOLLAR);
	note_many(0, 2, 30, false, DOLLAR);
	ck_assert_int_gt(look(0, 1, 0).success_ppm, 800000);
	ck_assert_int_lt(look(0, 2, 0).success_ppm, 200000);
	ck_assert_int_gt(look(0, 3, 0).success_ppm, 350000);
	ck_assert_int_lt(look(0, 3, 0).success_ppm, 650000);
	ck_assert_int_eq(learn_pair(&learning, 0, 1)->outcomes, 30);
	ck_assert_int_eq(learn_swarm(&learning, 0)->outcomes, 60);
}
END_TEST

START_TEST(a_task_that_others_failed_is_harder_and_dearer)
{
	note_many(0, 0, 30, true, DOLLAR);
	for (uint32_t failed = 1; failed < LEARN_KINDS; failed++) {
		ck_assert_int_lt(look(0, 0, failed).success_ppm,
				 look(0, 0, failed - 1).success_ppm);
		ck_assert_int_gt(look(0, 0, failed).cost_nanousd,
				 look(0, 0, failed - 1).cost_nanousd);
	}
	ck_assert_int_eq(look(0, 0, 2).success_ppm, look(0, 0, UINT32_MAX).success_ppm);
}
END_TEST

START_TEST(failing_a_hard_task_counts_for_less)
{
	struct outcome hard = { .failed_before = 2, .cost_nanousd = DOLLAR };

	learn_note(&learning, &hard);
	note(1, 0, false, DOLLAR);
	ck_assert_int_gt(look(0, 0, 0).success_ppm, look(1, 0, 0).success_ppm);
}
END_TEST

START_TEST(what_gets_better_is_seen)
{
	note_many(0, 0, 300, false, DOLLAR);
	ck_assert_int_lt(look(0, 0, 0).success_ppm, 30000);
	note_many(0, 0, 60, true, DOLLAR);
	ck_assert_int_gt(look(0, 0, 0).success_ppm, 500000);
}
END_TEST

START_TEST(the_silent_are_judged_less_by_what_is_long_ago)
{
	note_many(0, 0, 20, false, DOLLAR);
	note_many(1, 0, 10000, true, DOLLAR);
	note(0, 0, true, DOLLAR);
	ck_assert_int_gt(look(0, 0, 0).success_ppm, 600000);
}
END_TEST

START_TEST(an_unknown_cost_is_not_counted_as_nothing)
{
	note_many(0, 0, 10, true, DOLLAR);
	note_many(0, 0, 10, true, LEARN_UNKNOWN);
	ck_assert_int_ge(look(0, 0, 0).cost_nanousd, DOLLAR * 99 / 100);
	note_many(1, 0, 5, true, LEARN_UNKNOWN);
	ck_assert_int_eq(look(1, 0, 0).cost_from, COST_USUAL);
}
END_TEST

START_TEST(who_costs_nothing_is_known_to)
{
	note_many(0, 0, 10, true, 0);
	ck_assert_int_eq(look(0, 0, 0).cost_nanousd, 0);
	ck_assert_int_eq(look(0, 0, 0).hoped_nanousd, 0);
	ck_assert_int_eq(look(0, 0, 0).cost_from, COST_LEARNT);
	ck_assert_int_eq(look(1, 0, 0).cost_from, COST_USUAL);
}
END_TEST

START_TEST(the_greatest_numbers_do_not_overflow)
{
	const struct promise most = { INT64_MAX, INT64_MAX };
	struct outlook outlook;

	for (int i = 0; i < 1000; i++)
		learn_note(&learning, &(struct outcome){
			.failed_before = UINT32_MAX, .succeeded = true, .cost_nanousd = INT64_MAX,
		});
	outlook = learn_outlook(&learning, 0, 0, 0, &most, INT64_MAX);
	ck_assert_int_ge(outlook.cost_nanousd, LEARN_COST_MOST / 2);
	ck_assert_int_le(outlook.cost_nanousd, LEARN_COST_MOST * 2);
	ck_assert_int_le(outlook.success_ppm, PPM);
	for (int i = 0; i < 10; i++)
		learn_note_claim(&learning, 0, false, INT64_MAX, INT64_MAX);
	ck_assert_int_gt(learning.fleet.probe_nanousd, 0);
	learn_note_claim(&learning, 0, true, INT64_MAX, INT64_MIN);
	ck_assert_int_ge(learning.fleet.probe_nanousd, 0);
}
END_TEST

START_TEST(scaling_is_exact_and_saturates)
{
	ck_assert_int_eq(learn_scale(7, 3, 2), 10);
	ck_assert_int_eq(learn_scale(INT64_C(123456789012345678), PPM, PPM),
			 INT64_C(123456789012345678));
	ck_assert_int_eq(learn_scale(INT64_MAX, PPM, 1), INT64_MAX);
	ck_assert_int_eq(learn_scale(0, PPM, INT64_MAX), 0);
	ck_assert_int_eq(learn_scale(INT64_MAX, 1000 * PPM, INT64_MAX), 1000 * PPM);
}
END_TEST

START_TEST(usual_values_change_in_steps)
{
	int64_t edition;

	note(0, 0, true, DOLLAR);
	edition = learning.fleet.edition;
	ck_assert_int_gt(edition, 0);
	note_many(0, 0, 500, false, 3 * DOLLAR);
	ck_assert_int_le(learning.fleet.edition, edition + 1);
	for (uint32_t swarm = 0; swarm < 10000; swarm++)
		note(swarm, 0, swarm % 2, DOLLAR + swarm % 7);
	ck_assert_int_lt(learning.fleet.edition, 200);
}
END_TEST

START_TEST(tracks_that_are_restored_are_the_same)
{
	struct learning copy;
	struct outlook before, after;

	for (int i = 0; i < 200; i++)
		note((uint32_t)i % 5, (uint32_t)i % 3, i % 4, i * 1000);
	learn_init(&copy);
	copy.fleet = learning.fleet;
	for (uint32_t swarm = 0; swarm < learning.swarm_count; swarm++)
		*learn_restore_swarm(&copy, swarm) = learning.swarms[swarm];
	for (size_t i = learning.pair_count; i-- > 0;)
		*learn_restore_pair(&copy, learning.pairs[i].swarm, learning.pairs[i].needs) =
			learning.pairs[i].track;
	for (uint32_t i = 0; i < 45; i++) {
		before = look(i % 5, i / 5 % 3, i / 15);
		after = learn_outlook(&copy, i % 5, i / 5 % 3, i / 15, &no_promise, LEARN_UNKNOWN);
		ck_assert_int_eq(before.success_ppm, after.success_ppm);
		ck_assert_int_eq(before.hoped_nanousd, after.hoped_nanousd);
		ck_assert_int_eq(before.cost_nanousd, after.cost_nanousd);
	}
	learn_finish(&copy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("learn");
	TCase *tcase = tcase_create("learn");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, of_nobody_anything_is_known_at_first);
	tcase_add_test(tcase, many_outcomes_outweigh_every_prior);
	tcase_add_test(tcase, a_liar_is_found_out);
	tcase_add_test(tcase, an_estimate_serves_until_something_is_learnt);
	tcase_add_test(tcase, a_new_swarm_may_be_cheaper_than_usual);
	tcase_add_test(tcase, hope_sinks_with_those_who_are_known_but_stays);
	tcase_add_test(tcase, what_is_learnt_is_told_apart_by_needs);
	tcase_add_test(tcase, a_task_that_others_failed_is_harder_and_dearer);
	tcase_add_test(tcase, failing_a_hard_task_counts_for_less);
	tcase_add_test(tcase, what_gets_better_is_seen);
	tcase_add_test(tcase, the_silent_are_judged_less_by_what_is_long_ago);
	tcase_add_test(tcase, an_unknown_cost_is_not_counted_as_nothing);
	tcase_add_test(tcase, who_costs_nothing_is_known_to);
	tcase_add_test(tcase, the_greatest_numbers_do_not_overflow);
	tcase_add_test(tcase, scaling_is_exact_and_saturates);
	tcase_add_test(tcase, usual_values_change_in_steps);
	tcase_add_test(tcase, tracks_that_are_restored_are_the_same);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
