/* The boards that come along. Run from the root of the repository, as make does. */
#include "board_kit.h"

#include <stdio.h>
#include <stdlib.h>

static struct board_doc read_file(const char *name)
{
	struct buf text = { 0 };
	FILE *file = fopen(name, "rb");
	struct board_doc doc;
	size_t len = 1;

	ck_assert_msg(file != NULL, "%s cannot be opened", name);
	while (len > 0) {
		len = fread(buf_reserve(&text, 4096), 1, 4096, file);
		text.len += len;
	}
	fclose(file);
	doc = board_of_slice(board_format_of(slice_of_str(name)), buf_slice(&text));
	buf_finish(&text);
	return doc;
}

START_TEST(phase_0_has_work_for_seven_swarms)
{
	struct board_doc doc = read_file("examples/phase-0.md");
	struct slice owners[8];
	size_t owner_count = 0, fillers = 0;

	for (size_t i = 0; i < doc.task_count; i++) {
		const struct doc_task *task = &doc.tasks[i];

		fillers += task->filler;
		ck_assert_int_eq(task->status, DOC_OPEN);
		ck_assert_uint_gt(task->owner.len, 0);
		if (slice_list_has((struct slice_list){ owners, owner_count }, task->owner))
			continue;
		ck_assert_uint_lt(owner_count, 7);
		owners[owner_count++] = task->owner;
	}
	ck_slice_eq(doc.id, "phase-0");
	ck_assert_uint_eq(owner_count, 7);
	ck_assert_uint_eq(doc.task_count - fillers, 26);
	ck_assert_uint_eq(fillers, 10);
	ck_assert_uint_eq(doc.remark_count, 0);
	ck_assert_str_eq(deps_of(&doc, "X0.5"), "X0.1, X0.2, X0.3, X0.4");
	ck_assert_str_eq(deps_of(&doc, "U0.3"), "C0.2, C0.3, C0.4");
	ck_assert_uint_eq(task_of(&doc, "D0.5")->deps.count, 21);
	ck_has(task_of(&doc, "C0.2")->description.ptr, "- [ ] the refusals come in a documented "
			"order");
	comes_back(&doc);
}
END_TEST

START_TEST(the_smallest_board_is_the_same_in_yaml_and_json)
{
	struct board_doc yaml = read_file("examples/minimal.yaml");
	struct board_doc json = read_file("examples/minimal.json");

	ck_assert_uint_eq(yaml.task_count, 4);
	is_same_board(&yaml, &json);
	comes_back(&yaml);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("document/board_examples");
	TCase *cases = tcase_create("examples");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, NULL, board_kit_clear);
	tcase_add_test(cases, phase_0_has_work_for_seven_swarms);
	tcase_add_test(cases, the_smallest_board_is_the_same_in_yaml_and_json);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
