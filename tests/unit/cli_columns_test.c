/*
 * Text on a screen.
 */
#include "cli/columns.h"

#include <check.h>
#include <stdlib.h>

#include "base/ensure.h"

static struct buf out;

static void set_up(void)
{
	out = (struct buf){ 0 };
}

static void tear_down(void)
{
	buf_finish(&out);
}

START_TEST(width_counts_columns_and_not_bytes)
{
	ck_assert_uint_eq(text_width(SLICE("plain")), 5);
	ck_assert_uint_eq(text_width(SLICE("na\xc3\xafve")), 5);
	ck_assert_uint_eq(text_width(SLICE("e\xcc\x81")), 1);
	ck_assert_uint_eq(text_width(SLICE("\xe6\x97\xa5\xe6\x9c\xac")), 4);
	ck_assert_uint_eq(text_width(SLICE("\xf0\x9f\x94\xb5 done")), 7);
	ck_assert_uint_eq(text_width(SLICE("\xff")), 1);
}
END_TEST

START_TEST(a_cut_never_halves_a_character)
{
	struct slice wide = SLICE("\xe6\x97\xa5\xe6\x9c\xac");

	ck_assert_uint_eq(text_fit(wide, 4).len, 6);
	ck_assert_uint_eq(text_fit(wide, 3).len, 3);
	ck_assert_uint_eq(text_fit(wide, 1).len, 0);
}
END_TEST

START_TEST(others_texts_cannot_steer_the_terminal)
{
	text_add_visible(&out, SLICE("a\033[2Jb\x7f\xc2\x9b" "c\nd\te\xff\xe2\x80\xae"), false);
	ck_assert_str_eq(buf_str(&out), "a\\x1b[2Jb\\x7f\\x9bc d e\\xff\\u202e");
	buf_clear(&out);
	text_add_visible(&out, SLICE("a\r\nb"), true);
	ck_assert_str_eq(buf_str(&out), "a\nb");
}
END_TEST

static const struct column columns[] = {
	{ "ID", false, false }, { "N", true, false }, { "EMPTY", false, false },
	{ "TITLE", false, true },
};

static void fill(struct table *table)
{
	static const char *const cells[] = {
		"T-1", "5", "", "\xf0\x9f\x94\xb5 blue",
		"T-100", "12", "", "a title that is longer than the screen",
	};

	*table = (struct table){ columns, ARRAY_LEN(columns), { 0 }, NULL, 0, 0 };
	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		table_add(table, slice_of_str(cells[i]));
}

START_TEST(columns_are_aligned_by_width)
{
	struct table table;

	fill(&table);
	table_write(&table, 0, false, &out);
	ck_assert_str_eq(buf_str(&out),
			 "ID      N  TITLE\n"
			 "T-1     5  \xf0\x9f\x94\xb5 blue\n"
			 "T-100  12  a title that is longer than the screen\n");
	table_finish(&table);
}
END_TEST

START_TEST(a_narrow_screen_cuts_what_may_shrink)
{
	struct table table;

	fill(&table);
	table_write(&table, 25, false, &out);
	ck_assert_str_eq(buf_str(&out),
			 "ID      N  TITLE\n"
			 "T-1     5  \xf0\x9f\x94\xb5 blue\n"
			 "T-100  12  a title that \xe2\x80\xa6\n");
	table_finish(&table);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_columns");
	TCase *tcase = tcase_create("text");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, width_counts_columns_and_not_bytes);
	tcase_add_test(tcase, a_cut_never_halves_a_character);
	tcase_add_test(tcase, others_texts_cannot_steer_the_terminal);
	tcase_add_test(tcase, columns_are_aligned_by_width);
	tcase_add_test(tcase, a_narrow_screen_cuts_what_may_shrink);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
