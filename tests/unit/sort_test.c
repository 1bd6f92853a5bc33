/*
 * Sorting: every length, and equal ones stay as they were.
 */
#include "base/sort.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#define MOST 300

struct item {
	uint32_t key;
	uint32_t place;
};

static int compare(const void *a, const void *b)
{
	const struct item *left = a, *right = b;

	return left->key < right->key ? -1 : left->key > right->key;
}

START_TEST(items_come_in_order_and_equal_ones_stay)
{
	struct item items[MOST];
	uint32_t random = 7;

	for (size_t count = 0; count <= MOST; count++) {
		for (size_t i = 0; i < count; i++) {
			random = random * 1664525U + 1013904223U;
			items[i] = (struct item){ random >> 28, (uint32_t)i };
		}
		sort_items(items, count, sizeof(*items), compare);
		for (size_t i = 1; i < count; i++)
			ck_assert(items[i - 1].key < items[i].key ||
				  (items[i - 1].key == items[i].key &&
				   items[i - 1].place < items[i].place));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sort");
	TCase *tests = tcase_create("sort");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, items_come_in_order_and_equal_ones_stay);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
