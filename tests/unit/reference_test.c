/*
 * Compares docs/API.md with the tables it is made from. To bring it up to
 * date, at the top of the repository:
 *
 *	make test T=unit/reference IF_WRITE_DOCS=1
 */
#include "api/reference.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/command.h"

#define PAGE "docs/API.md"

static void write_page(const struct buf *text)
{
	FILE *file = fopen(PAGE, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text->ptr, 1, text->len, file), text->len);
	ck_assert_int_eq(fclose(file), 0);
}

static void read_page(struct buf *ret_text)
{
	FILE *file = fopen(PAGE, "r");
	size_t len;

	ck_assert_msg(file != NULL, "there is no " PAGE);
	while ((len = fread(buf_reserve(ret_text, 4096), 1, 4096, file)) > 0)
		ret_text->len += len;
	fclose(file);
}

START_TEST(the_page_says_what_the_tables_say)
{
	struct buf made = { 0 }, kept = { 0 };

	reference_write_markdown(&made);
	if (getenv("IF_WRITE_DOCS"))
		write_page(&made);
	read_page(&kept);
	ck_assert_msg(slice_is(buf_slice(&made), buf_slice(&kept)),
		      PAGE " is not up to date: make test T=unit/reference IF_WRITE_DOCS=1");
	buf_finish(&made);
	buf_finish(&kept);
}
END_TEST

START_TEST(every_command_and_problem_is_on_the_page)
{
	struct buf made = { 0 };

	reference_write_markdown(&made);
	buf_str(&made);
	for (int type = 0; type < COMMAND_COUNT; type++) {
		ck_assert_msg(strstr(made.ptr, command_table[type].path) &&
			      strstr(made.ptr, command_table[type].example) &&
			      strstr(made.ptr, command_table[type].summary), "%s",
			      command_table[type].name);
	}
	for (int err = OK + 1; err < ERR_COUNT; err++)
		ck_assert_ptr_nonnull(strstr(made.ptr, err_info((enum err)err)->code));
	buf_finish(&made);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reference");
	TCase *tcase = tcase_create("reference");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, the_page_says_what_the_tables_say);
	tcase_add_test(tcase, every_command_and_problem_is_on_the_page);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
