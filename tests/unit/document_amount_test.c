#include "document/amount.h"

#include <stdlib.h>

#include <check.h>

#include "base/ensure.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

START_TEST(decimals_are_exact)
{
	static const struct {
		const char *text;
		int64_t nano;
	} want[] = {
		{ "0", 0 },
		{ "12", INT64_C(12000000000) },
		{ "-0.5", -500000000 },
		{ ".5", 500000000 },
		{ "10.250", INT64_C(10250000000) },
		{ "0.000000001", 1 },
		{ "0.0000000010", 1 },
		{ "9223372036.854775807", INT64_MAX },
	};
	static const char *const wrong[] = {
		"", "-", ".", "1.", "1.2.3", "1e3", "+1", "1 ", " 1", "--1", "-.", "0.0000000001",
		"9223372036.854775808", "99999999999999999999", "1,5", "0x1", "1-", "-1-1",
	};
	int64_t nano;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_assert_msg(amount_of_decimal(slice_of_str(want[i].text), &nano), "%s",
				want[i].text);
		ck_assert_int_eq(nano, want[i].nano);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(!amount_of_decimal(slice_of_str(wrong[i]), &nano), "%s", wrong[i]);
}
END_TEST

START_TEST(money_is_read_as_people_write_it)
{
	static const struct {
		const char *text;
		int64_t cents;
	} want[] = {
		{ "$1.50", 150 },	{ "1.5", 150 },		{ "$10-12", 1200 },
		{ "$10 \xe2\x80\x93 $12", 1200 }, { "USD 3", 300 }, { "3 usd", 300 },
		{ "$1,200", 120000 },	{ "1,234,567.25", 123456725 }, { "~$5", 500 },
		{ "about 0.40 dollars", 40 }, { "up to $7", 700 }, { " $ 2 ", 200 },
		{ "$1 to $2", 200 },	{ "US$4", 400 },	{ "$0", 0 },
		{ "1..2", 200 },	{ "$5-5", 500 },
	};
	static const char *const wrong[] = {
		"", "$", "free", "-1", "$-1", "5 EUR", "1,5", "1,23,456", "1,2345", "$12-10",
		"$1/h",
		"1 2", "$1-", "1-2-3", ",5", "$1.2.3", "1,200.5,0",
	};
	int64_t nanousd;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_assert_msg(amount_of_money(slice_of_str(want[i].text), &nanousd), "%s",
				want[i].text);
		ck_assert_msg(nanousd == want[i].cents * 10000000, "%s", want[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(!amount_of_money(slice_of_str(wrong[i]), &nanousd), "%s", wrong[i]);
}
END_TEST

START_TEST(money_is_told_from_time)
{
	ck_assert(amount_is_money(SLICE("$5")));
	ck_assert(amount_is_money(SLICE("~ USD 3")));
	ck_assert(amount_is_money(SLICE("3.50 usd")));
	ck_assert(amount_is_money(SLICE("10-12 dollars")));
	ck_assert(!amount_is_money(SLICE("5")));
	ck_assert(!amount_is_money(SLICE("2h")));
	ck_assert(!amount_is_money(SLICE("")));
}
END_TEST

START_TEST(time_is_read_as_people_write_it)
{
	static const struct {
		const char *text;
		int64_t ms;
	} want[] = {
		{ "2h", 2 * HOUR },	      { "30m", 30 * MINUTE },	 { "1.5h", 90 * MINUTE },
		{ "2-3h", 3 * HOUR },	      { "2h-3h", 3 * HOUR },	 { "2..3 h", 3 * HOUR },
		{ "30-45 min", 45 * MINUTE }, { "1h 30m", 90 * MINUTE }, { "1h30m", 90 * MINUTE },
		{ "90s", 90 * SECOND },	      { "250ms", 250 },		 { "2 hours", 2 * HOUR },
		{ "1 hour to 2 hours", 2 * HOUR }, { "1d", 8 * HOUR },	 { "1 week", 40 * HOUR },
		{ "~1h", HOUR },	      { "0m", 0 },		 { "2 Hrs", 2 * HOUR },
		{ "1d 2h", 10 * HOUR },	      { "0.001s", 1 },		 { "6-8h", 8 * HOUR },
	};
	static const char *const wrong[] = {
		"", "2", "h", "2 h x", "soon", "-2h", "1-2", "2h 3", "3 months", "1h-2", "$5",
		"99999999999999h", "1,5h",
	};
	int64_t ms;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_assert_msg(amount_of_time(slice_of_str(want[i].text), &ms), "%s", want[i].text);
		ck_assert_msg(ms == want[i].ms, "%s", want[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(!amount_of_time(slice_of_str(wrong[i]), &ms), "%s", wrong[i]);
}
END_TEST

START_TEST(a_size_has_a_unit_that_means_one_thing)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} want[] = {
		{ "64KiB", 65536 }, { "1.5 MiB", 1572864 }, { "2 GiB", INT64_C(2147483648) },
		{ "100 B", 100 }, { "1 byte", 1 }, { "0B", 0 }, { "1,024 bytes", 1024 },
		{ " 1kib ", 1024 }, { "0.5KiB", 512 },
		{ "8589934591GiB", INT64_C(9223372035781033984) },
	};
	static const char *const wrong[] = {
		"", "64", "KiB", "64MB", "64M", "64K", "1.5B", "-1KiB", "1KiB 2B", "1KiBx", "0x1KiB",
		"1e3B", "8589934592GiB", "99999999999999999999B", "0.0001KiB",
	};
	int64_t bytes;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_assert_msg(amount_of_size(slice_of_str(want[i].text), &bytes), "%s", want[i].text);
		ck_assert_msg(bytes == want[i].bytes, "%s", want[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(!amount_of_size(slice_of_str(wrong[i]), &bytes), "%s", wrong[i]);
}
END_TEST

START_TEST(a_ratio_is_a_part_or_percent)
{
	static const struct {
		const char *text;
		int64_t ppm;
	} want[] = {
		{ "0", 0 }, { "1", 1000000 }, { "0.7", 700000 }, { "70%", 700000 }, { "70 %", 700000 },
		{ "0.000001", 1 }, { "0.0001%", 1 }, { "2", 2000000 }, { "-0.5", -500000 },
		{ "0.7000000", 700000 },
	};
	static const char *const wrong[] = { "", "%", "x", "0.0000001", "0.00001%", "1e-1", "7/10" };
	int64_t ppm;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_assert_msg(amount_of_ratio(slice_of_str(want[i].text), &ppm), "%s", want[i].text);
		ck_assert_int_eq(ppm, want[i].ppm);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(!amount_of_ratio(slice_of_str(wrong[i]), &ppm), "%s", wrong[i]);
}
END_TEST

START_TEST(a_duration_is_time_of_the_clock)
{
	static const struct {
		const char *text;
		int64_t ms;
	} want[] = {
		{ "0s", 0 }, { "250ms", 250 }, { "90s", 90 * SECOND }, { "1h 30m", 90 * MINUTE },
		{ "1d", 24 * HOUR }, { "1w", 168 * HOUR }, { "2 days", 48 * HOUR },
		{ "1.5d", 36 * HOUR }, { "8h", 8 * HOUR }, { "40h", 40 * HOUR },
	};
	static const char *const wrong[] = {
		"", "1", "s", "-1s", "1-2h", "~1h", "1 fortnight", "1h 30", "1e3s", "1,5h",
		"99999999999999999999s", "9000000000w 9000000000w",
	};
	int64_t ms;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_assert_msg(amount_of_duration(slice_of_str(want[i].text), &ms), "%s", want[i].text);
		ck_assert_int_eq(ms, want[i].ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(!amount_of_duration(slice_of_str(wrong[i]), &ms), "%s", wrong[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("document/amount");
	TCase *cases = tcase_create("amount");
	SRunner *runner;
	int failed;

	tcase_add_test(cases, decimals_are_exact);
	tcase_add_test(cases, money_is_read_as_people_write_it);
	tcase_add_test(cases, money_is_told_from_time);
	tcase_add_test(cases, time_is_read_as_people_write_it);
	tcase_add_test(cases, a_duration_is_time_of_the_clock);
	tcase_add_test(cases, a_size_has_a_unit_that_means_one_thing);
	tcase_add_test(cases, a_ratio_is_a_part_or_percent);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
