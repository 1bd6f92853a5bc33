/*
 * A plan that people worked by, if it lies where it is expected: beside this
 * repository. It is not part of it.
 */
#include "board_kit.h"

#include <stdio.h>
#include <stdlib.h>

#define PLAN "../shared/data/boards/phase-0-matrix.md"

static struct slice plan;

static const struct {
	const char *id;
	const char *owner;
	const char *deps;
	const char *model;
} want[] = {
	{ "P0.1.1", "session-5-cli", "", "Haiku" },
	{ "P0.1.2", "session-7-if.bus", "P0.1.1", "Sonnet" },
	{ "P0.1.3", "session-7-if.bus", "P0.1.1", "Sonnet" },
	{ "P0.1.4", "session-5-cli", "P0.1.2, P0.1.3", "Haiku" },
	{ "P0.1.5", "session-4-sip", "P0.1.1, P0.1.2, P0.1.3, P0.1.4", "Sonnet" },
	{ "P0.2.1", "session-5-cli", "", "Haiku" },
	{ "P0.2.2", "session-7-if.bus", "P0.2.1", "Sonnet" },
	{ "P0.2.3", "session-7-if.bus", "", "Sonnet" },
	{ "P0.2.4", "session-7-if.bus", "P0.2.3", "Sonnet" },
	{ "P0.2.5", "session-5-cli", "P0.2.2, P0.2.3", "Sonnet" },
	{ "P0.2.6", "session-4-sip", "P0.2.1, P0.2.2, P0.2.3, P0.2.4, P0.2.5", "Sonnet" },
	{ "P0.3.1", "session-7-if.bus", "", "Sonnet" },
	{ "P0.3.2", "session-7-if.bus", "P0.3.1", "Sonnet" },
	{ "P0.3.3", "session-5-cli", "P0.3.1", "Sonnet" },
	{ "P0.3.4", "session-5-cli", "P0.3.2", "Haiku" },
	{ "P0.3.5", "session-7-if.bus", "P0.3.4", "Sonnet" },
	{ "P0.3.6", "session-4-sip", "P0.3.1, P0.3.2, P0.3.3, P0.3.4, P0.3.5", "Sonnet" },
	{ "P0.4.1", "session-5-cli", "", "Haiku" },
	{ "P0.4.2", "session-5-cli", "P0.2.3", "Haiku" },
	{ "P0.4.3", "session-5-cli", "", "Haiku" },
	{ "P0.4.4", "session-5-cli", "P0.1.2", "Haiku" },
	{ "P0.5.1", "session-1-ndi", "P0.1.5", "Haiku" },
	{ "P0.5.2", "session-2-webrtc", "P0.2.6", "Haiku" },
	{ "P0.5.3", "session-3-h.323", "P0.3.6", "Haiku" },
	{ "P0.5.4", "session-1-ndi", "P0.1.5", "Haiku" },
	{ "P0.5.5", "session-2-webrtc",
	  "P0.1.1, P0.1.2, P0.1.3, P0.1.4, P0.1.5, P0.2.1, P0.2.2, P0.2.3, P0.2.4, P0.2.5, P0.2.6, "
	  "P0.3.1, P0.3.2, P0.3.3, P0.3.4, P0.3.5, P0.3.6, P0.4.1, P0.4.2, P0.4.3, P0.4.4",
	  "Haiku" },
};

START_TEST(critical_tasks_are_as_the_plan_states_them)
{
	struct board_doc doc = board_of_slice(BOARD_MARKDOWN, plan);
	size_t critical = 0;

	for (size_t i = 0; i < doc.task_count; i++)
		critical += !doc.tasks[i].filler;
	ck_assert_uint_eq(critical, 26);
	ck_assert_uint_eq(critical, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_slice_eq(doc.tasks[i].id, want[i].id);
		ck_slice_eq(doc.tasks[i].owner, want[i].owner);
		ck_slice_eq(doc.tasks[i].model, want[i].model);
		ck_assert_str_eq(deps_of(&doc, want[i].id), want[i].deps);
		ck_assert_int_eq(doc.tasks[i].status, DOC_OPEN);
		ck_assert_uint_gt(doc.tasks[i].group.len, 0);
		ck_assert_uint_gt(doc.tasks[i].deliverable.len, 0);
	}
	ck_slice_eq(task_of(&doc, "P0.1.4")->title, "<10ms latency verification");
	ck_assert_int_eq(task_of(&doc, "P0.5.5")->line, 120);
	ck_assert_uint_eq(doc.remark_count, 0);
}
END_TEST

START_TEST(its_lists_are_fillers)
{
	static const struct {
		const char *owner;
		size_t count;
	} owners[] = {
		{ "session-1-ndi", 4 }, { "session-2-webrtc", 4 }, { "session-3-h.323", 4 },
		{ "session-4-sip", 5 }, { "session-5-cli", 6 },	   { "session-7-if.bus", 5 },
	};
	struct board_doc doc = board_of_slice(BOARD_MARKDOWN, plan);
	size_t all = 0;

	for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
		size_t count = 0;

		for (size_t task = 0; task < doc.task_count; task++)
			count += doc.tasks[task].filler &&
				 slice_is_str(doc.tasks[task].owner, owners[i].owner);
		ck_assert_uint_eq(count, owners[i].count);
		all += count;
	}
	ck_assert_uint_eq(all, 28);
	ck_assert_uint_eq(doc.task_count, 26 + 28);
	ck_slice_eq(task_of(&doc, "filler-session-1-ndi-4")->title,
			"Review and improve NOVICE-ONBOARDING.md");
}
END_TEST

START_TEST(it_comes_back)
{
	struct board_doc doc = board_of_slice(BOARD_MARKDOWN, plan);

	comes_back(&doc);
}
END_TEST

START_TEST(the_same_plan_encoded_twice_is_the_same_plan)
{
	struct board_doc doc = board_of_slice(BOARD_MARKDOWN, plan);
	struct buf twice = { 0 };
	struct board_doc again;

	/* As Latin-1: every byte becomes the character of that number. */
	for (size_t i = 0; i < plan.len; i++) {
		unsigned char byte = (unsigned char)plan.ptr[i];

		if (byte >= 0x80)
			buf_add_byte(&twice, (char)(0xc0 | byte >> 6));
		buf_add_byte(&twice, (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3f)));
	}
	again = board_of_slice(BOARD_MARKDOWN, buf_slice(&twice));
	ck_assert_uint_eq(again.task_count, doc.task_count);
	ck_assert_uint_eq(again.remark_count, 1);
	ck_has(remarks_of(&again), "encoded twice");
	for (size_t i = 0; i < doc.task_count; i++)
		ck_assert(slice_is(again.tasks[i].title, doc.tasks[i].title) &&
			  slice_is(again.tasks[i].group, doc.tasks[i].group));
	buf_finish(&twice);
}
END_TEST

static bool plan_read(struct buf *text)
{
	FILE *file = fopen(PLAN, "rb");
	size_t len = 1;

	if (!file)
		return false;
	while (len > 0) {
		len = fread(buf_reserve(text, 4096), 1, 4096, file);
		text->len += len;
	}
	fclose(file);
	plan = buf_slice(text);
	return plan.len > 0;
}

int main(void)
{
	struct buf text = { 0 };
	Suite *suite;
	TCase *cases;
	SRunner *runner;
	int failed;

	if (!plan_read(&text)) {
		printf("skip - unit/board_real: there is no " PLAN "\n");
		buf_finish(&text);
		return EXIT_SUCCESS;
	}
	suite = suite_create("document/board_real");
	cases = tcase_create("real");
	tcase_add_checked_fixture(cases, NULL, board_kit_clear);
	tcase_add_test(cases, critical_tasks_are_as_the_plan_states_them);
	tcase_add_test(cases, its_lists_are_fillers);
	tcase_add_test(cases, it_comes_back);
	tcase_add_test(cases, the_same_plan_encoded_twice_is_the_same_plan);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	buf_finish(&text);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
