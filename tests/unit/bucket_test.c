#include "chassis/bucket.h"

#include <check.h>
#include <stdlib.h>

#include "base/ensure.h"

#define MS INT64_C(1000000)
#define S INT64_C(1000000000)

START_TEST(a_full_bucket_gives_its_burst_at_once)
{
	struct bucket bucket = bucket_make(10, 5);

	for (int i = 0; i < 5; i++)
		ck_assert(bucket_try(&bucket, 7 * S));
	ck_assert(!bucket_try(&bucket, 7 * S));
	ck_assert_int_eq(bucket_wait_ns(&bucket, 7 * S), 100 * MS);
}
END_TEST

START_TEST(a_token_comes_back_in_its_time)
{
	struct bucket bucket = bucket_make(10, 1);

	ck_assert(bucket_try(&bucket, 0));
	ck_assert(!bucket_try(&bucket, 100 * MS - 1));
	ck_assert(bucket_try(&bucket, 100 * MS));
	ck_assert(!bucket_try(&bucket, 100 * MS));
}
END_TEST

START_TEST(a_pause_fills_no_more_than_the_bucket)
{
	struct bucket bucket = bucket_make(10, 3);
	int given = 0;

	bucket_take(&bucket, 0);
	while (bucket_try(&bucket, 3600 * S))
		given++;
	ck_assert_int_eq(given, 3);
}
END_TEST

/* However often one asks: over a long time no more than the rate and one burst. */
START_TEST(over_time_there_is_the_rate_and_no_more)
{
	static const int64_t rates[] = { 1, 3, 10, 1000, 10000 };

	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		struct bucket bucket = bucket_make(rates[i], 7);
		int64_t given = 0;

		for (int64_t at = 0; at < 10 * S; at += 37777)
			given += bucket_try(&bucket, at);
		ck_assert_int_le(given, 10 * rates[i] + 7);
		ck_assert_int_ge(given, 10 * rates[i] - 1);
	}
}
END_TEST

START_TEST(those_that_wait_are_served_in_order)
{
	struct bucket bucket = bucket_make(10, 1);

	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(bucket_wait_ns(&bucket, 0), i * 100 * MS);
		bucket_take(&bucket, 0);
	}
}
END_TEST

START_TEST(a_rate_of_zero_is_no_limit)
{
	struct bucket bucket = bucket_make(0, 0);

	for (int i = 0; i < 1000; i++)
		ck_assert(bucket_try(&bucket, 0));
}
END_TEST

START_TEST(extremes_are_taken_for_what_they_can_be)
{
	struct bucket fast = bucket_make(INT64_MAX, INT64_MAX);
	struct bucket none = bucket_make(1, INT64_MIN);

	ck_assert(bucket_try(&fast, INT64_MAX / 2));
	ck_assert(bucket_try(&none, 0));
	ck_assert(!bucket_try(&none, 0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bucket");
	TCase *tcase = tcase_create("tokens");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_full_bucket_gives_its_burst_at_once);
	tcase_add_test(tcase, a_token_comes_back_in_its_time);
	tcase_add_test(tcase, a_pause_fills_no_more_than_the_bucket);
	tcase_add_test(tcase, over_time_there_is_the_rate_and_no_more);
	tcase_add_test(tcase, those_that_wait_are_served_in_order);
	tcase_add_test(tcase, a_rate_of_zero_is_no_limit);
	tcase_add_test(tcase, extremes_are_taken_for_what_they_can_be);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
