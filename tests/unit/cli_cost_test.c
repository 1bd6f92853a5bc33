/*
 * Money as people read it, and bars of it.
 */
#include "cli/cost_plot.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "cli/print.h"

static struct buf out;

static void set_up(void)
{
	out = (struct buf){ 0 };
}

static void tear_down(void)
{
	buf_finish(&out);
}

static const char *money(int64_t nanousd)
{
	buf_clear(&out);
	print_money(&out, nanousd);
	return buf_str(&out);
}

START_TEST(dollars_have_cents_and_small_amounts_more)
{
	ck_assert_str_eq(money(0), "$0.00");
	ck_assert_str_eq(money(12500000000), "$12.50");
	ck_assert_str_eq(money(1995000000), "$2.00");
	ck_assert_str_eq(money(310000000), "$0.31");
	ck_assert_str_eq(money(999999999), "$1.00");
	ck_assert_str_eq(money(210000), "$0.00021");
	ck_assert_str_eq(money(1), "$0.000000001");
	ck_assert_str_eq(money(-1500000000), "-$1.50");
	ck_assert_str_eq(money(INT64_MAX), "$9223372036.85");
	ck_assert_str_eq(money(INT64_MIN), "-$9223372036.85");
}
END_TEST

/* What the rows of a history look like as bars. */
static const char *plot(const char *rows, size_t width, bool has_blocks)
{
	static const struct json_limits limits = { 65536, 16, 1000 };
	struct cost_plot plot = { .width = width, .has_blocks = has_blocks };
	struct json_value *history;
	struct buf text = { 0 };

	buf_add_lit(&text, "{\"total\":{\"cost_usd\":3,\"wasted_usd\":1},\"rows\":[");
	buf_add_str(&text, rows);
	buf_add_lit(&text, "]}");
	ck_assert_int_eq(json_parse(buf_slice(&text), &limits, &history, NULL), OK);
	plot.history = history;
	buf_clear(&out);
	cost_plot_write(&plot, &out);
	json_free(history);
	buf_finish(&text);
	return buf_str(&out);
}

#define DAY(day, cost, wasted) \
	"{\"day\":\"" day "\",\"cost_usd\":" cost ",\"wasted_usd\":" wasted "}"
#define SUMS "\n$3.00 in all, $1.00 of it wasted (33 %)  "

START_TEST(the_dearest_day_fills_the_screen_and_waste_is_marked)
{
	ck_assert_str_eq(plot(DAY("2026-01-30", "2", "0") "," DAY("2026-01-31", "1", "1"), 47, false),
			 "2026-01-30         $2.00  ####################\n"
			 "2026-01-31         $1.00  xxxxxxxxxx\n"
			 SUMS "# well spent  x wasted\n");
	ck_assert_str_eq(plot(DAY("2026-01-30", "2", "1"), 47, false),
			 "2026-01-30         $2.00  ##########xxxxxxxxxx\n"
			 SUMS "# well spent  x wasted\n");
}
END_TEST

START_TEST(days_without_costs_are_lines_without_a_bar)
{
	ck_assert_str_eq(plot(DAY("2026-01-31", "2", "0") "," DAY("2026-02-02", "2", "0"), 0, false),
			 "2026-01-31         $2.00  ##########\n"
			 "2026-02-01         $0.00\n"
			 "2026-02-02         $2.00  ##########\n"
			 SUMS "# well spent  x wasted\n");
	ck_assert_ptr_nonnull(strstr(plot(DAY("2025-01-31", "2", "0") ","
					  DAY("2026-02-02", "2", "0"), 0, false), "\n...\n"));
}
END_TEST

START_TEST(the_smallest_amount_still_shows)
{
	ck_assert_ptr_nonnull(strstr(plot(DAY("2026-01-30", "8", "0") ","
					  DAY("2026-01-31", "0.0001", "0"), 47, false),
				     "2026-01-31       $0.0001  #\n"));
	ck_assert_ptr_nonnull(strstr(plot(DAY("2026-01-30", "16", "0") ","
					  DAY("2026-01-31", "0.1", "0"), 47, true),
				     "$0.10  \xe2\x96\x8f\n"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_cost");
	TCase *tcase = tcase_create("cost");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, dollars_have_cents_and_small_amounts_more);
	tcase_add_test(tcase, the_dearest_day_fills_the_screen_and_waste_is_marked);
	tcase_add_test(tcase, days_without_costs_are_lines_without_a_bar);
	tcase_add_test(tcase, the_smallest_amount_still_shows);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
