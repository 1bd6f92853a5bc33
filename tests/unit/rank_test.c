#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "governor/rank.h"

#define PPM 1000000
#define DOLLAR INT64_C(1000000000)
#define SWARMS 300
#define MANY 10000

static struct learning learning;
static struct rank_index rank;
static struct candidate candidates[MANY];
static bool is_there[MANY];
static bool is_free[MANY];
static bool may_not[MANY];
static uint32_t swarm_count;
static uint64_t random_state;
static uint32_t asked;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)((random_state >> 33) % limit);
}

static bool describe(const void *context, uint32_t swarm, uint32_t needs,
		     struct candidate *ret_candidate)
{
	if (context != candidates || swarm >= swarm_count || !is_there[swarm] ||
	    (needs == 7 && swarm % 2))
		return false;
	*ret_candidate = candidates[swarm];
	return true;
}

static bool may(void *context, uint32_t swarm)
{
	++*(uint32_t *)context;
	return !may_not[swarm];
}

static void setup(void)
{
	learn_init(&learning);
	rank_init(&rank, &learning, describe, candidates);
	memset(is_there, 0, sizeof(is_there));
	memset(is_free, 0, sizeof(is_free));
	memset(may_not, 0, sizeof(may_not));
	swarm_count = asked = 0;
	random_state = 42;
}

static void teardown(void)
{
	rank_finish(&rank);
	learn_finish(&learning);
}

static uint32_t add(int64_t overlap_ppm, int64_t success_ppm, int64_t cost_nanousd)
{
	uint32_t swarm = swarm_count++;

	candidates[swarm] = (struct candidate){
		.overlap_ppm = overlap_ppm, .reputation_ppm = PPM,
		.promise = { success_ppm, cost_nanousd },
	};
	is_there[swarm] = is_free[swarm] = true;
	rank_changed(&rank, swarm);
	rank_set_free(&rank, swarm, true);
	return swarm;
}

static void set_free(uint32_t swarm, bool value)
{
	is_free[swarm] = value;
	rank_set_free(&rank, swarm, value);
}

static int64_t value_of(uint32_t swarm, uint32_t needs, uint32_t failed_before)
{
	return rank_score(&learning, swarm, needs, failed_before, &candidates[swarm],
			  LEARN_UNKNOWN).value;
}

START_TEST(nobody_is_best_among_none)
{
	ck_assert_uint_eq(rank_best(&rank, 0, 0, NULL, NULL), RANK_NONE);
	ck_assert_uint_eq(rank_list(&rank, 0, 0, NULL, 0), 0);
	ck_assert_uint_eq(rank_probe(&rank, 0, 0, NULL, NULL), RANK_NONE);
}
END_TEST

START_TEST(the_cheaper_of_two_alike_is_better)
{
	add(PPM, 500000, 2 * DOLLAR);
	add(PPM, 500000, DOLLAR);
	ck_assert_uint_eq(rank_best(&rank, 0, 0, NULL, NULL), 1);
}
END_TEST

START_TEST(who_covers_half_of_the_needs_is_worth_half)
{
	struct score all, half;

	add(PPM, 500000, DOLLAR);
	add(PPM / 2, 500000, DOLLAR);
	all = rank_score(&learning, 0, 0, 0, &candidates[0], LEARN_UNKNOWN);
	half = rank_score(&learning, 1, 0, 0, &candidates[1], LEARN_UNKNOWN);
	ck_assert_int_eq(all.worth_ppm, 500000);
	ck_assert_int_eq(half.worth_ppm, 250000);
	ck_assert_int_eq(all.value, 500000);
	ck_assert_int_eq(half.value, 250000);
}
END_TEST

START_TEST(a_bad_reputation_costs_the_place)
{
	add(PPM, 500000, DOLLAR);
	add(PPM, 500000, DOLLAR);
	candidates[0].reputation_ppm = 900000;
	rank_changed(&rank, 0);
	ck_assert_uint_eq(rank_best(&rank, 0, 0, NULL, NULL), 1);
}
END_TEST

START_TEST(who_costs_nothing_comes_first_and_by_worth)
{
	uint32_t list[3];

	add(PPM, 900000, 1);
	add(PPM / 2, 500000, 0);
	add(PPM, 500000, 0);
	ck_assert_uint_eq(rank_list(&rank, 0, 0, list, 3), 3);
	ck_assert_uint_eq(list[0], 2);
	ck_assert_uint_eq(list[1], 1);
	ck_assert_uint_eq(list[2], 0);
}
END_TEST

START_TEST(equals_go_by_their_number)
{
	for (int i = 0; i < 5; i++)
		add(PPM, 500000, DOLLAR);
	ck_assert_uint_eq(rank_best(&rank, 0, 0, NULL, NULL), 0);
	set_free(0, false);
	ck_assert_uint_eq(rank_best(&rank, 0, 0, NULL, NULL), 1);
}
END_TEST

START_TEST(the_best_that_may_is_asked_in_order)
{
	for (int i = 0; i < 10; i++)
		add(PPM, 500000, (i + 1) * DOLLAR);
	may_not[0] = may_not[1] = may_not[2] = true;
	ck_assert_uint_eq(rank_best(&rank, 0, 0, may, &asked), 3);
	ck_assert_uint_eq(asked, 4);
	memset(may_not, 1, sizeof(may_not));
	ck_assert_uint_eq(rank_best(&rank, 0, 0, may, &asked), RANK_NONE);
}
END_TEST

START_TEST(the_busy_are_ranked_but_not_chosen)
{
	uint32_t list[2];

	add(PPM, 500000, DOLLAR);
	add(PPM, 500000, 2 * DOLLAR);
	set_free(0, false);
	ck_assert_uint_eq(rank_best(&rank, 0, 0, NULL, NULL), 1);
	ck_assert_uint_eq(rank_list(&rank, 0, 0, list, 2), 2);
	ck_assert_uint_eq(list[0], 0);
}
END_TEST

START_TEST(a_probe_is_due_when_its_share_is_saved_up)
{
	struct outcome outcome = { .succeeded = true, .cost_nanousd = DOLLAR };

	add(PPM, 500000, LEARN_UNKNOWN);
	add(PPM, 500000, LEARN_UNKNOWN);
	for (uint32_t swarm = 0; swarm < 2; swarm++) {
		outcome.swarm = swarm;
		learn_note_claim(&learning, swarm, false, DOLLAR, 0);
		learn_note(&learning, &outcome);
		rank_changed(&rank, swarm);
	}
	for (int i = 0; i < 9; i++) {
		ck_assert_uint_eq(rank_probe(&rank, 0, 0, NULL, NULL), RANK_NONE);
		learn_note_claim(&learning, 0, false, 10 * DOLLAR, 120000);
	}
	ck_assert_uint_eq(rank_probe(&rank, 0, 0, NULL, NULL), 1);
	ck_assert_uint_eq(rank_probe(&rank, 0, 1, NULL, NULL), RANK_NONE);
	learn_note_claim(&learning, 1, true, DOLLAR, 120000);
	ck_assert_uint_eq(rank_probe(&rank, 0, 0, NULL, NULL), RANK_NONE);
}
END_TEST

START_TEST(a_probe_costs_no_more_than_its_share)
{
	add(PPM, 500000, DOLLAR);
	add(PPM, 500000, 50 * DOLLAR);
	for (int i = 0; i < 20; i++)
		learn_note_claim(&learning, 0, false, DOLLAR, 100000);
	ck_assert_int_ge(learning.fleet.probe_ppm, PPM);
	ck_assert_uint_eq(rank_probe(&rank, 0, 0, NULL, NULL), 0);
}
END_TEST

/* ---- against a look at all of them ----------------------------------------------------------- */

static uint32_t slow_best(uint32_t needs, uint32_t failed_before)
{
	uint32_t best = RANK_NONE;

	for (uint32_t swarm = 0; swarm < swarm_count; swarm++) {
		struct candidate ignored;

		if (!describe(candidates, swarm, needs, &ignored) || !is_free[swarm] ||
		    may_not[swarm])
			continue;
		if (best == RANK_NONE || rank_before(value_of(swarm, needs, failed_before), swarm,
						     value_of(best, needs, failed_before), best))
			best = swarm;
	}
	return best;
}

static void check_list(uint32_t needs, uint32_t failed_before)
{
	uint32_t list[SWARMS], expected = 0;
	size_t count = rank_list(&rank, needs, failed_before, list, SWARMS);

	for (uint32_t swarm = 0; swarm < swarm_count; swarm++) {
		struct candidate ignored;

		expected += describe(candidates, swarm, needs, &ignored);
	}
	ck_assert_uint_eq(count, expected);
	for (size_t i = 1; i < count; i++)
		ck_assert(rank_before(value_of(list[i - 1], needs, failed_before), list[i - 1],
				      value_of(list[i], needs, failed_before), list[i]));
}

static void change_something(void)
{
	uint32_t swarm = random_below(swarm_count);

	switch (random_below(6)) {
	case 0:
		if (swarm_count < SWARMS)
			add(random_below(4) * 250000, 300000 + random_below(700000),
			    (int64_t)random_below(5) * DOLLAR - 1);
		break;
	case 1:
		is_there[swarm] = random_below(5) > 0;
		rank_changed(&rank, swarm);
		break;
	case 2:
		may_not[swarm] = random_below(3) == 0;
		break;
	case 3:
		learn_note(&learning, &(struct outcome){
			.swarm = swarm, .needs = random_below(10), .failed_before = random_below(4),
			.succeeded = random_below(2), .cost_nanousd = random_below(100000),
		});
		rank_changed(&rank, swarm);
		break;
	default:
		set_free(swarm, !is_free[swarm]);
	}
}

START_TEST(the_index_says_what_a_look_at_all_of_them_says)
{
	add(PPM, 500000, DOLLAR);
	for (int i = 0; i < 30000; i++) {
		uint32_t needs = random_below(10), failed_before = random_below(4);

		change_something();
		if (random_below(3))
			continue;
		ck_assert_uint_eq(rank_best(&rank, needs, failed_before, may, &asked),
				  slow_best(needs, failed_before));
		if (random_below(20) == 0)
			check_list(needs, failed_before);
	}
	ck_assert_uint_eq(swarm_count, SWARMS);
}
END_TEST

START_TEST(more_kinds_of_tasks_than_views_are_ranked_alike)
{
	for (int i = 0; i < 50; i++)
		add(PPM, 300000 + random_below(700000), random_below(100000));
	for (uint32_t round = 0; round < 3; round++)
		for (uint32_t needs = 0; needs < 2 * RANK_VIEWS_MAX; needs++) {
			set_free(random_below(50), random_below(2));
			ck_assert_uint_eq(rank_best(&rank, needs, 0, NULL, NULL),
					  slow_best(needs, 0));
		}
}
END_TEST

START_TEST(a_view_that_is_far_behind_is_right_again)
{
	for (int i = 0; i < 100; i++)
		add(PPM, 300000 + random_below(700000), random_below(100000));
	ck_assert_uint_eq(rank_best(&rank, 0, 0, NULL, NULL), slow_best(0, 0));
	for (int i = 0; i < 3 * RANK_CHANGES; i++) {
		uint32_t swarm = random_below(100);

		set_free(swarm, random_below(2));
		candidates[swarm].reputation_ppm = random_below(PPM);
		rank_changed(&rank, swarm);
	}
	ck_assert_uint_eq(rank_best(&rank, 0, 0, NULL, NULL), slow_best(0, 0));
	for (uint32_t swarm = 0; swarm < 100; swarm++)
		candidates[swarm].reputation_ppm = random_below(PPM);
	rank_all_changed(&rank);
	ck_assert_uint_eq(rank_best(&rank, 0, 0, NULL, NULL), slow_best(0, 0));
}
END_TEST

START_TEST(scores_at_the_limits_are_defined)
{
	static const int64_t edges[] = { INT64_MIN, -1, 0, 1, PPM, 2 * PPM, INT64_MAX };

	for (size_t i = 0; i < 7 * 7 * 7 * 7; i++) {
		struct candidate candidate = {
			.overlap_ppm = edges[i % 7], .reputation_ppm = edges[i / 7 % 7],
			.promise = { edges[i / 49 % 7], edges[i / 343] },
		};
		struct score score = rank_score(&learning, 0, 0, 0, &candidate, edges[i % 7]);

		ck_assert_int_ge(score.value, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rank");
	TCase *tcase = tcase_create("rank");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, nobody_is_best_among_none);
	tcase_add_test(tcase, the_cheaper_of_two_alike_is_better);
	tcase_add_test(tcase, who_covers_half_of_the_needs_is_worth_half);
	tcase_add_test(tcase, a_bad_reputation_costs_the_place);
	tcase_add_test(tcase, who_costs_nothing_comes_first_and_by_worth);
	tcase_add_test(tcase, equals_go_by_their_number);
	tcase_add_test(tcase, the_best_that_may_is_asked_in_order);
	tcase_add_test(tcase, the_busy_are_ranked_but_not_chosen);
	tcase_add_test(tcase, a_probe_is_due_when_its_share_is_saved_up);
	tcase_add_test(tcase, a_probe_costs_no_more_than_its_share);
	tcase_add_test(tcase, the_index_says_what_a_look_at_all_of_them_says);
	tcase_add_test(tcase, more_kinds_of_tasks_than_views_are_ranked_alike);
	tcase_add_test(tcase, a_view_that_is_far_behind_is_right_again);
	tcase_add_test(tcase, scores_at_the_limits_are_defined);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
