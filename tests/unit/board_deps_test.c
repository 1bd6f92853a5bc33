/* What people write into the column of dependencies. */
#include "board_kit.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Three tables (A with four tasks, B with three, one without dependencies)
 * and a task X in a fourth whose dependencies are `cell`.
 */
static struct slice plan(const char *cell)
{
	static char text[2048];
	int len = snprintf(text, sizeof(text),
			   "# A\n| Task | Deps |\n|---|---|\n| P0.1.1: a | |\n| P0.1.2: b | |\n"
			   "| P0.1.3: c | |\n| P0.1.4: d | |\n\n"
			   "# B\n| Task | Deps |\n|---|---|\n| P0.2.1: e | |\n| P0.2.2: f | |\n"
			   "| T-1: g | |\n\n"
			   "# C\n| Task | Note |\n|---|---|\n| C1: h | |\n\n"
			   "# F Filler Tasks\n| Task | Deps |\n|---|---|\n| F1: h | |\n\n"
			   "# D\n| Task | Deps |\n|---|---|\n| D1: i | |\n| D2: j | |\n"
			   "| X: k | %s |\n| D3: l | |\n",
			   cell);

	return slice_of(text, (size_t)len);
}

struct row {
	const char *cell;
	const char *deps;	/* of X */
};

static const struct row rows[] = {
	{ "", "" },
	{ "None", "" },
	{ "none", "" },
	{ "**None**", "" },
	{ "-", "" },
	{ "\xe2\x80\x94", "" },
	{ "\xe2\x80\x93", "" },
	{ "n/a", "" },
	{ "N/A", "" },
	{ "None (start here)", "" },
	{ "P0.1.1", "P0.1.1" },
	{ "`P0.1.1`", "P0.1.1" },
	{ "**P0.1.1**", "P0.1.1" },
	{ "*P0.1.1*", "P0.1.1" },
	{ "_P0.1.1_", "P0.1.1" },
	{ "[P0.1.1](#p011)", "P0.1.1" },
	{ "\xe2\x9c\x85 P0.1.1", "P0.1.1" },
	{ "#P0.1.1", "P0.1.1" },
	{ "(P0.1.1)", "P0.1.1" },
	{ "P0.1.1.", "P0.1.1" },
	{ "P0.1.2, P0.1.3", "P0.1.2, P0.1.3" },
	{ "P0.1.2; P0.1.3", "P0.1.2, P0.1.3" },
	{ "P0.1.2 and P0.1.3", "P0.1.2, P0.1.3" },
	{ "P0.1.1, P0.1.2, and P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.2 & P0.1.3", "P0.1.2, P0.1.3" },
	{ "P0.1.2 + P0.1.3", "P0.1.2, P0.1.3" },
	{ "P0.1.2/P0.1.3", "P0.1.2, P0.1.3" },
	{ "P0.1.2<br>P0.1.3", "P0.1.2, P0.1.3" },
	{ "P0.1.2 P0.1.3", "P0.1.2, P0.1.3" },
	{ "`P0.1.2`, [P0.1.3](u)", "P0.1.2, P0.1.3" },
	{ "P0.1.3, P0.1.2, P0.1.3", "P0.1.3, P0.1.2" },
	{ "P0.1.2 (CAS, atomic), P0.1.3 (pub/sub)", "P0.1.2, P0.1.3" },
	{ "P0.1.1: event bus", "P0.1.1" },
	{ "after P0.1.1 is done", "P0.1.1" },
	{ "All above", "D1, D2" },
	{ "all above", "D1, D2" },
	{ "All of the above", "D1, D2" },
	{ "**All above tasks**", "D1, D2" },
	{ "All previous", "D1, D2" },
	{ "All above, P0.1.1", "D1, D2, P0.1.1" },
	{ "All components", "P0.1.1, P0.1.2, P0.1.3, P0.1.4, P0.2.1, P0.2.2, T-1" },
	{ "All other components", "P0.1.1, P0.1.2, P0.1.3, P0.1.4, P0.2.1, P0.2.2, T-1" },
	{ "All", "P0.1.1, P0.1.2, P0.1.3, P0.1.4, P0.2.1, P0.2.2, T-1, C1, D1, D2, D3" },
	{ "All other tasks", "P0.1.1, P0.1.2, P0.1.3, P0.1.4, P0.2.1, P0.2.2, T-1, C1, D1, D2, "
			"D3" },
	{ "P0.1.1-P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1 - P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1\xe2\x80\x93P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1 \xe2\x80\x94 P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1..P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1...P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1\xe2\x80\xa6P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1 to P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1 through P0.1.3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "`P0.1.1` to `P0.1.3`", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1-3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.1..3", "P0.1.1, P0.1.2, P0.1.3" },
	{ "P0.1.3-P0.2.1", "P0.1.3, P0.1.4, P0.2.1" },
	{ "tasks P0.1.1-P0.1.2, T-1", "P0.1.1, P0.1.2, T-1" },
	{ "T-1", "T-1" },
	{ "P0.1.*", "P0.1.1, P0.1.2, P0.1.3, P0.1.4" },
	{ "`P0.1.*`", "P0.1.1, P0.1.2, P0.1.3, P0.1.4" },
	{ "P0.1.\\*", "P0.1.1, P0.1.2, P0.1.3, P0.1.4" },
	{ "P0.1.*, P0.2.*", "P0.1.1, P0.1.2, P0.1.3, P0.1.4, P0.2.1, P0.2.2" },
	{ "P0.1.* and P0.2.*", "P0.1.1, P0.1.2, P0.1.3, P0.1.4, P0.2.1, P0.2.2" },
	{ "All P0.1.*", "P0.1.1, P0.1.2, P0.1.3, P0.1.4" },
	{ "P0.*.1", "P0.1.1, P0.2.1" },
	{ "P0.2.x", "P0.2.1, P0.2.2" },
	{ "D*", "D1, D2, D3" },
};

START_TEST(dependencies_are_what_people_mean)
{
	struct board_doc doc = board_of_slice(BOARD_MARKDOWN, plan(rows[_i].cell));

	ck_assert_msg(strcmp(deps_of(&doc, "X"), rows[_i].deps) == 0, "\"%s\" is %s", rows[_i].cell,
		      deps_of(&doc, "X"));
	ck_assert_uint_eq(task_of(&doc, "D3")->deps.count, 0);
	ck_assert_uint_eq(doc.remark_count, 0);
}
END_TEST

static const struct row wrong[] = {
	{ "P9", "unknown dependency \"P9\" of X" },
	{ "P0.1.1, P9", "unknown dependency \"P9\" of X" },
	{ "P0.1.1 or P0.1.2", "unknown dependency \"P0.1.1 or P0.1.2\" of X" },
	{ "after P9.9 and P0.1.1", "unknown dependency \"after P9.9\" of X" },
	{ "P0.1.1-P0.1.9", "unknown dependency \"P0.1.1-P0.1.9\" of X" },
	{ "P0.1.3-P0.1.1", "the range P0.1.3 to P0.1.1 runs backwards" },
	{ "Q.*", "unknown dependency Q.* of X: no task has such an id" },
	{ "All below", "unknown dependency \"All below\" of X" },
	{ "X", "dependency cycle: X -> X" },
	{ "someone", "unknown dependency \"someone\" of X" },
	{ "p0.1.1", "unknown dependency \"p0.1.1\" of X" },
};

START_TEST(what_is_not_known_is_refused)
{
	char text[2048];
	struct slice document = plan(wrong[_i].cell);
	struct board_doc doc;

	snprintf(text, sizeof(text), "%.*s", (int)document.len, document.ptr);
	doc = wrong_board(BOARD_MARKDOWN, text);
	ck_assert_uint_eq(doc.error_count, 1);
	ck_assert_int_eq(doc.errors[0].line, 31);
	ck_slice_eq(doc.errors[0].text, wrong[_i].deps);
}
END_TEST

START_TEST(too_many_dependencies_are_an_error_that_names_the_limit)
{
	struct buf text = { 0 };
	struct board_doc doc;

	buf_add_lit(&text, "| Task | Deps |\n|---|---|\n");
	for (int i = 0; i <= BOARD_DOC_DEPS_MAX; i++) {
		char row[64];

		buf_add(&text, row, (size_t)snprintf(row, sizeof(row), "| A%d: x | |\n", i));
	}
	buf_add_lit(&text, "| B: x | All above |\n");
	doc = wrong_board(BOARD_MARKDOWN, buf_str(&text));
	ck_assert_str_eq(errors_of(&doc), "1028: B has more than 1024 dependencies\n");
	buf_finish(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("document/board_deps");
	TCase *cases = tcase_create("deps");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, NULL, board_kit_clear);
	tcase_add_loop_test(cases, dependencies_are_what_people_mean, 0, (int)ARRAY_LEN(rows));
	tcase_add_loop_test(cases, what_is_not_known_is_refused, 0, (int)ARRAY_LEN(wrong));
	tcase_add_test(cases, too_many_dependencies_are_an_error_that_names_the_limit);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
