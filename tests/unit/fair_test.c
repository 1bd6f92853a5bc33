#include "chassis/fair.h"

#include <check.h>
#include <stdlib.h>

#define ITEMS 64

static struct fair_item items[ITEMS];
static size_t used;
static struct fair fair;

static void begin(void)
{
	fair = (struct fair){ .running_max = 2 };
	used = 0;
}

static void end(void)
{
	fair_finish(&fair);
}

static struct fair_item *add(uint32_t swarm)
{
	struct fair_item *item = &items[used++];

	item->swarm = swarm;
	ck_assert(fair_add(&fair, item));
	return item;
}

static void expect(uint32_t swarm)
{
	struct fair_item *item = fair_next(&fair);

	ck_assert_ptr_nonnull(item);
	ck_assert_uint_eq(item->swarm, swarm);
}

START_TEST(no_more_run_than_may)
{
	for (int i = 0; i < 3; i++)
		add(1);
	expect(1);
	expect(1);
	ck_assert_ptr_null(fair_next(&fair));
	fair_end(&fair, 1);
	expect(1);
}
END_TEST

START_TEST(whoever_has_fewer_under_way_goes_next)
{
	for (int i = 0; i < 5; i++)
		add(1);
	expect(1);
	add(2);
	expect(2);
	fair_end(&fair, 2);
	add(3);
	expect(3);
}
END_TEST

START_TEST(among_equals_they_take_turns)
{
	for (int i = 0; i < 4; i++) {
		add(1);
		add(2);
		add(3);
	}
	for (int i = 0; i < 4; i++)
		for (uint32_t swarm = 1; swarm <= 3; swarm++) {
			expect(swarm);
			fair_end(&fair, swarm);
		}
	ck_assert(fair_is_idle(&fair));
}
END_TEST

/* One that asks for slow things waits for itself: the others' turns come as if it were alone. */
START_TEST(one_with_slow_requests_holds_one_place)
{
	for (int i = 0; i < 10; i++)
		add(1);
	add(2);
	expect(1);
	expect(2);
	for (int i = 0; i < 8; i++) {
		fair_end(&fair, 2);
		add(2);
		expect(2);
	}
}
END_TEST

START_TEST(a_swarm_is_served_in_the_order_in_which_it_asked)
{
	struct fair_item *first = add(1), *second = add(1), *third = add(1);

	ck_assert_ptr_eq(fair_next(&fair), first);
	fair_remove(&fair, second);
	ck_assert_ptr_eq(fair_next(&fair), third);
	add(1);
	fair_end(&fair, 1);
	expect(1);
}
END_TEST

START_TEST(the_last_of_a_queue_can_leave_it)
{
	struct fair_item *first = add(1), *second = add(1);

	fair_remove(&fair, second);
	second = add(1);
	ck_assert_ptr_eq(fair_next(&fair), first);
	ck_assert_ptr_eq(fair_next(&fair), second);
	ck_assert_ptr_null(fair_next(&fair));
}
END_TEST

START_TEST(queues_are_bounded)
{
	static struct fair_item many[FAIR_WAITING_MAX + 1];
	size_t taken = 0;

	for (size_t i = 0; i < FAIR_WAITING_OF_ONE_MAX + 1; i++)
		taken += fair_add(&fair, &many[i]);
	ck_assert_uint_eq(taken, FAIR_WAITING_OF_ONE_MAX);
	for (size_t i = taken; i < FAIR_WAITING_MAX + 1; i++) {
		many[i].swarm = (uint32_t)i;
		taken += fair_add(&fair, &many[i]);
	}
	ck_assert_uint_eq(taken, FAIR_WAITING_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fair");
	TCase *tcase = tcase_create("turns");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, no_more_run_than_may);
	tcase_add_test(tcase, whoever_has_fewer_under_way_goes_next);
	tcase_add_test(tcase, among_equals_they_take_turns);
	tcase_add_test(tcase, one_with_slow_requests_holds_one_place);
	tcase_add_test(tcase, a_swarm_is_served_in_the_order_in_which_it_asked);
	tcase_add_test(tcase, the_last_of_a_queue_can_leave_it);
	tcase_add_test(tcase, queues_are_bounded);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
