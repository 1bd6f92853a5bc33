/*
 * Reputation: the formula's figures, doubt, time, and its history.
 */
#include "chassis/reputation.h"

#include <check.h>
#include <string.h>

#define PPM REPUTATION_FULL_PPM
#define ZERO (SLO_DAY_US * 20000)

static struct reputation reputation;

static void setup(void)
{
	memset(&reputation, 0, sizeof(reputation));
}

static void teardown(void)
{
	reputation_finish(&reputation);
}

static struct slo_facts facts(int64_t outcomes, int64_t failures, int64_t p99_ms)
{
	return (struct slo_facts){
		.outcomes = outcomes, .failures = failures,
		.success_ppm = outcomes ? (outcomes - failures) * PPM / outcomes : -1,
		.p99_latency_ms = p99_ms,
	};
}

/* Each worked out by hand. */
START_TEST(the_formula_gives_these_figures)
{
	static const struct {
		struct slo_targets targets;
		int64_t outcomes, failures, p99_ms;
		int64_t ppm;
	} rows[] = {
		/* Nothing is known. */
		{ { 100, 990000, 0 }, 0, 0, -1, 1000000 },
		/* Every promise is kept: what is left is the success. */
		{ { 100, 950000, 0 }, 100, 0, 100, 1000000 },
		{ { 100, 950000, 0 }, 100, 5, 100, 950000 },
		/* 0.9 against 0.95: 1 - 2 x 0.05 = 0.9, times 0.9. */
		{ { 100, 950000, 0 }, 100, 10, 100, 810000 },
		/* 0.5 against 0.95: 0.3 at most, so 0.7 times 0.5. */
		{ { 100, 950000, 0 }, 100, 50, 100, 350000 },
		/* Half as slow again: 1 - 0.2 x 0.5 = 0.9. */
		{ { 100, 950000, 0 }, 100, 0, 150, 900000 },
		/* Ten times as slow: 0.2 at most. */
		{ { 100, 950000, 0 }, 100, 0, 1000, 800000 },
		/* Both, at their most: 0.5 times 0.5. */
		{ { 100, 950000, 0 }, 100, 50, 1000, 250000 },
		/* Without promises there is only the success. */
		{ { 0, 0, 0 }, 100, 25, 1000, 750000 },
		/* Whoever only fails has none. */
		{ { 100, 950000, 0 }, 100, 100, -1, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slo_facts found = facts(rows[i].outcomes, rows[i].failures, rows[i].p99_ms);

		ck_assert_int_eq(reputation_of(&rows[i].targets, &found), rows[i].ppm);
	}
}
END_TEST

/* The first of all failed: a tenth of the distance for each outcome. */
START_TEST(the_first_failures_count_in_part)
{
	struct slo_targets targets = { 0, 950000, 0 };

	for (int64_t count = 1; count <= REPUTATION_KNOWN; count++) {
		struct slo_facts found = facts(count, count, -1);

		ck_assert_int_eq(reputation_of(&targets, &found),
				 PPM - count * PPM / REPUTATION_KNOWN);
	}
}
END_TEST

START_TEST(it_stays_within_its_range_and_more_success_is_never_worse)
{
	for (int64_t target = 0; target <= PPM; target += 50000) {
		for (int64_t outcomes = 1; outcomes <= 40; outcomes++) {
			int64_t before = PPM;

			for (int64_t failures = 0; failures <= outcomes; failures++) {
				struct slo_targets targets = { 100, target, 0 };
				struct slo_facts found = facts(outcomes, failures, 170);
				int64_t ppm = reputation_of(&targets, &found);

				ck_assert(ppm >= 0 && ppm <= PPM);
				ck_assert_int_le(ppm, before);
				before = ppm;
			}
		}
	}
}
END_TEST

/* 0.2 is 0.8 away: 0.4 after a week, 0.2 after two. */
START_TEST(half_of_the_distance_is_forgotten_every_week)
{
	reputation_note(&reputation, ZERO, 200000);
	ck_assert_int_eq(reputation_now(&reputation, ZERO), 200000);
	ck_assert_int_eq(reputation_now(&reputation, ZERO + SLO_DAY_US - 1), 200000);
	ck_assert_int_eq(reputation_now(&reputation, ZERO + 7 * SLO_DAY_US), 600000);
	ck_assert_int_eq(reputation_now(&reputation, ZERO + 14 * SLO_DAY_US), 800000);
	ck_assert_int_eq(reputation_now(&reputation, ZERO + SLO_DAY_US),
			 PPM - (800000 - 800000 / 14));
	ck_assert_int_eq(reputation_now(&reputation, ZERO + 1000 * SLO_DAY_US), PPM);
}
END_TEST

START_TEST(to_look_twice_is_to_look_once)
{
	for (int64_t ppm = 0; ppm <= PPM; ppm += 31250) {
		int64_t before = ppm;

		reputation_note(&reputation, ZERO, ppm);
		for (int day = 0; day < 200; day++) {
			int64_t at_us = ZERO + day * SLO_DAY_US;
			int64_t once = reputation_now(&reputation, at_us);

			ck_assert_int_eq(reputation_now(&reputation, at_us), once);
			ck_assert(once >= before && once <= PPM);
			before = once;
		}
	}
}
END_TEST

START_TEST(nothing_is_known_of_who_was_never_found_out)
{
	ck_assert_int_eq(reputation_now(&reputation, ZERO), PPM);
	ck_assert_uint_eq(reputation.count, 0);
}
END_TEST

START_TEST(a_step_makes_a_point_of_history)
{
	reputation_note(&reputation, ZERO, PPM);
	reputation_note(&reputation, ZERO + 1, PPM - REPUTATION_STEP_PPM + 1);
	ck_assert_uint_eq(reputation.count, 0);
	reputation_note(&reputation, ZERO + 2, PPM - REPUTATION_STEP_PPM);
	reputation_note(&reputation, ZERO + 3, PPM - REPUTATION_STEP_PPM - 1);
	ck_assert_uint_eq(reputation.count, 1);
	ck_assert_int_eq(reputation_point_at(&reputation, 0).at_us, ZERO + 2);
}
END_TEST

START_TEST(history_keeps_its_last_points)
{
	for (int i = 1; i <= 250; i++)
		reputation_note(&reputation, ZERO + i, i % 2 ? 0 : i);
	ck_assert_uint_eq(reputation.count, 1);
	for (int i = 1; i <= 250; i++)
		reputation_note(&reputation, ZERO + 250 + i, i % 2 ? 500000 : 0);
	ck_assert_uint_eq(reputation.count, REPUTATION_POINTS);
	ck_assert_int_eq(reputation_point_at(&reputation, REPUTATION_POINTS - 1).at_us, ZERO + 500);
	ck_assert_int_eq(reputation_point_at(&reputation, 0).at_us,
			 ZERO + 500 - REPUTATION_POINTS + 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reputation");
	TCase *tcase = tcase_create("reputation");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, the_formula_gives_these_figures);
	tcase_add_test(tcase, the_first_failures_count_in_part);
	tcase_add_test(tcase, it_stays_within_its_range_and_more_success_is_never_worse);
	tcase_add_test(tcase, half_of_the_distance_is_forgotten_every_week);
	tcase_add_test(tcase, to_look_twice_is_to_look_once);
	tcase_add_test(tcase, nothing_is_known_of_who_was_never_found_out);
	tcase_add_test(tcase, a_step_makes_a_point_of_history);
	tcase_add_test(tcase, history_keeps_its_last_points);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
