/*
 * Promises: worked figures, and the same against a window kept the slow way.
 */
#include "chassis/slo.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PPM INT64_C(1000000)
#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)
#define ZERO (SLO_DAY_US * 20000)	/* the beginning of some day */

static struct slo slo;
static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)((random_state >> 33) % limit);
}

static void setup(void)
{
	memset(&slo, 0, sizeof(slo));
	random_state = 42;
}

static void teardown(void)
{
	slo_finish(&slo);
}

static struct slo_facts facts_of(struct slo_targets targets, int64_t now_us)
{
	return slo_measure(&slo, &targets, now_us);
}

static void note_many(int count, int64_t latency_ms, bool succeeded)
{
	for (int i = 0; i < count; i++)
		slo_note(&slo, ZERO, latency_ms, succeeded);
}

START_TEST(an_empty_window_says_nothing)
{
	struct slo_facts facts = facts_of((struct slo_targets){ 0 }, ZERO);

	ck_assert_int_eq(facts.outcomes, 0);
	ck_assert_int_eq(facts.success_ppm, -1);
	ck_assert_int_eq(facts.p99_latency_ms, -1);
	ck_assert_int_eq(facts.availability_ppm, -1);
	ck_assert_int_eq(facts.budget_left_ppm, -1);
}
END_TEST

/* Nearest rank: of 1 to 1,000 it is 990, of 1 to 100 it is 99, of 1 to 10 it is 10. */
START_TEST(the_percentile_is_the_value_that_99_of_100_do_not_pass)
{
	static const int64_t counts[] = { 1, 2, 10, 99, 100, 101, 199, 200, 1000 };
	static const int64_t values[] = { 1, 2, 10, 99, 99, 100, 198, 198, 990 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		slo_finish(&slo);
		for (int64_t at = 0; at < counts[i]; at++)
			/* In some order: the prime has no part in common with any of the counts. */
			slo_note(&slo, ZERO, (at * 7919) % counts[i] + 1, true);
		ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO).p99_latency_ms,
				 values[i]);
	}
}
END_TEST

START_TEST(how_fast_a_failure_was_does_not_count)
{
	note_many(50, 10, true);
	note_many(50, 100000, false);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO).p99_latency_ms, 10);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO).success_ppm, 500000);
}
END_TEST

START_TEST(the_window_holds_the_last_thousand)
{
	note_many(600, 5, false);
	note_many(SLO_OUTCOMES - 1, 7, true);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO).outcomes, SLO_OUTCOMES);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO).failures, 1);
	note_many(1, 7, true);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO).failures, 0);
	ck_assert_uint_le(slo.capacity, SLO_OUTCOMES);
}
END_TEST

START_TEST(what_is_older_than_the_window_does_not_count)
{
	note_many(10, 5, false);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO + SLO_WINDOW_US).outcomes, 10);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO + SLO_WINDOW_US + 1).outcomes, 0);
	slo_note(&slo, ZERO + SLO_WINDOW_US + SECOND, 5, true);
	ck_assert_uint_eq(slo.count, 1);
}
END_TEST

/* 99 % promised, 4 of 200 failed: 2 % against 1 % that may, twice as fast as may be. */
START_TEST(the_budget_burns_as_fast_as_failures_come)
{
	struct slo_targets targets = { .success_ppm = 990000 };
	struct slo_facts facts;

	note_many(196, 5, true);
	note_many(4, 5, false);
	facts = facts_of(targets, ZERO);
	ck_assert_int_eq(facts.burn_ppm, 2 * PPM);
	ck_assert_int_eq(facts.budget_left_ppm, 0);
	note_many(600, 5, true);
	facts = facts_of(targets, ZERO);
	/* 4 of 800: half of what may fail has. */
	ck_assert_int_eq(facts.burn_ppm, PPM / 2);
	ck_assert_int_eq(facts.budget_left_ppm, PPM / 2);
	/* Of the last hour there is nothing two hours later. */
	ck_assert_int_eq(facts.recent_burn_ppm, PPM / 2);
	ck_assert_int_eq(facts_of(targets, ZERO + 2 * HOUR).recent_burn_ppm, 0);
}
END_TEST

START_TEST(a_promise_of_all_has_no_budget)
{
	struct slo_targets targets = { .success_ppm = PPM };

	note_many(500, 5, true);
	ck_assert_int_eq(facts_of(targets, ZERO).budget_left_ppm, PPM);
	note_many(1, 5, false);
	ck_assert_int_eq(facts_of(targets, ZERO).burn_ppm, SLO_BURN_MOST_PPM);
	ck_assert_int_eq(facts_of(targets, ZERO).budget_left_ppm, 0);
}
END_TEST

/* 18 of 24 hours. */
START_TEST(availability_is_the_share_of_the_time_that_it_was_there)
{
	slo_watch(&slo, ZERO, true);
	slo_watch(&slo, ZERO + 6 * HOUR, false);
	slo_watch(&slo, ZERO + 12 * HOUR, true);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO + 24 * HOUR).availability_ppm,
			 750000);
	/* To look changes nothing. */
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO + 24 * HOUR).availability_ppm,
			 750000);
}
END_TEST

START_TEST(time_that_nobody_watches_does_not_count)
{
	slo_watch(&slo, ZERO, true);
	slo_unwatch(&slo, ZERO + HOUR);
	slo_watch(&slo, ZERO + 20 * HOUR, false);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO + 21 * HOUR).availability_ppm,
			 500000);
}
END_TEST

START_TEST(days_leave_the_window_one_by_one)
{
	slo_watch(&slo, ZERO, false);
	slo_watch(&slo, ZERO + SLO_DAY_US, true);
	for (int day = 2; day < SLO_DAYS; day++)
		ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO + day * SLO_DAY_US)
					 .availability_ppm, (day - 1) * PPM / day);
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO + SLO_DAYS * SLO_DAY_US)
				 .availability_ppm, PPM);
	/* Years without a look are no more work than a week. */
	ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, ZERO + 3000 * SLO_DAY_US)
				 .availability_ppm, PPM);
}
END_TEST

START_TEST(who_only_fails_keeps_no_promise)
{
	struct slo_targets latency = { .p99_latency_ms = 1000 };
	struct slo_facts facts;

	note_many(1, 5, false);
	facts = facts_of(latency, ZERO);
	ck_assert(!slo_is_kept(&latency, &facts));
	ck_assert(slo_is_kept(&(struct slo_targets){ 0 }, &facts));
}
END_TEST

START_TEST(each_promise_can_be_broken_by_itself)
{
	static const struct {
		struct slo_targets targets;
		bool kept;
	} rows[] = {
		{ { .success_ppm = 750000 }, true }, { { .success_ppm = 750001 }, false },
		{ { .p99_latency_ms = 40 }, true }, { { .p99_latency_ms = 39 }, false },
		{ { .availability_ppm = 500000 }, true }, { { .availability_ppm = 500001 }, false },
	};

	note_many(3, 40, true);
	note_many(1, 5, false);
	slo_watch(&slo, ZERO, true);
	slo_watch(&slo, ZERO + HOUR, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slo_facts facts = facts_of(rows[i].targets, ZERO + 2 * HOUR);

		ck_assert_int_eq(slo_is_kept(&rows[i].targets, &facts), rows[i].kept);
	}
}
END_TEST

START_TEST(a_new_swarm_has_the_benefit_of_the_doubt)
{
	struct slo_targets targets = { 10, 990000, 990000 };
	struct slo_facts facts = facts_of(targets, ZERO);

	ck_assert(slo_is_kept(&targets, &facts));
}
END_TEST

/* ---- against the slow way ------------------------------------------------------------------ */

#define MANY 3000

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static int64_t slow_p99(const struct slo_outcome *all, int count, int64_t now_us)
{
	int64_t latencies[SLO_OUTCOMES];
	size_t found = 0;

	for (int i = count > SLO_OUTCOMES ? count - SLO_OUTCOMES : 0; i < count; i++)
		if (all[i].succeeded && all[i].at_us >= now_us - SLO_WINDOW_US)
			latencies[found++] = all[i].latency_ms;
	if (found == 0)
		return -1;
	qsort(latencies, found, sizeof(*latencies), compare);
	return latencies[(found * 99 + 99) / 100 - 1];
}

START_TEST(the_percentile_is_exact_whatever_comes)
{
	static struct slo_outcome all[MANY];
	int64_t now_us = ZERO;

	for (int i = 0; i < MANY; i++) {
		now_us += random_below(20) * 60 * SECOND;
		all[i] = (struct slo_outcome){
			now_us, random_below(random_below(3) ? 50 : 100000), random_below(10) != 0 };
		slo_note(&slo, now_us, all[i].latency_ms, all[i].succeeded);
		ck_assert_int_eq(facts_of((struct slo_targets){ 0 }, now_us).p99_latency_ms,
				 slow_p99(all, i + 1, now_us));
	}
}
END_TEST

START_TEST(a_window_that_was_kept_is_the_same_window)
{
	struct slo copy = { 0 };

	for (int i = 0; i < 1700; i++)
		slo_note(&slo, ZERO + i * SECOND, random_below(100000), random_below(3) != 0);
	for (uint32_t i = 0; i < slo.count; i++) {
		struct slo_outcome outcome = slo_outcome_at(&slo, i);

		slo_restore(&copy, &outcome);
	}
	ck_assert_uint_eq(copy.count, slo.count);
	for (uint32_t i = 0; i < slo.count; i++) {
		struct slo_outcome a = slo_outcome_at(&slo, i), b = slo_outcome_at(&copy, i);

		ck_assert(a.at_us == b.at_us && a.latency_ms == b.latency_ms &&
			  a.succeeded == b.succeeded);
	}
	slo_finish(&copy);
}
END_TEST

START_TEST(no_latency_and_no_time_is_too_long_to_keep)
{
	int64_t end_of_time = INT64_C(253402300799000000);

	slo_note(&slo, end_of_time, INT64_MAX, true);
	slo_note(&slo, end_of_time, -5, true);
	ck_assert_int_eq(slo_outcome_at(&slo, 0).at_us, end_of_time);
	ck_assert_int_eq(slo_outcome_at(&slo, 0).latency_ms, SLO_LATENCY_MOST_MS);
	ck_assert_int_eq(slo_outcome_at(&slo, 1).latency_ms, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slo");
	TCase *tcase = tcase_create("slo");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, an_empty_window_says_nothing);
	tcase_add_test(tcase, the_percentile_is_the_value_that_99_of_100_do_not_pass);
	tcase_add_test(tcase, how_fast_a_failure_was_does_not_count);
	tcase_add_test(tcase, the_window_holds_the_last_thousand);
	tcase_add_test(tcase, what_is_older_than_the_window_does_not_count);
	tcase_add_test(tcase, the_budget_burns_as_fast_as_failures_come);
	tcase_add_test(tcase, a_promise_of_all_has_no_budget);
	tcase_add_test(tcase, availability_is_the_share_of_the_time_that_it_was_there);
	tcase_add_test(tcase, time_that_nobody_watches_does_not_count);
	tcase_add_test(tcase, days_leave_the_window_one_by_one);
	tcase_add_test(tcase, who_only_fails_keeps_no_promise);
	tcase_add_test(tcase, each_promise_can_be_broken_by_itself);
	tcase_add_test(tcase, a_new_swarm_has_the_benefit_of_the_doubt);
	tcase_add_test(tcase, the_percentile_is_exact_whatever_comes);
	tcase_add_test(tcase, a_window_that_was_kept_is_the_same_window);
	tcase_add_test(tcase, no_latency_and_no_time_is_too_long_to_keep);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
