/* Boards in YAML and JSON. */
#include "board_kit.h"

#include <stdlib.h>

START_TEST(every_key_of_a_task_is_read)
{
	struct board_doc doc = board_of(
		BOARD_YAML,
		"board: demo\ntitle: A demo\ntasks:\n"
		"  - task: T-1\n    title: First\n    kind: critical\n    group: G\n"
		"    status: done\n"
		"    prefers: s-1\n    model: haiku\n    deliverable: a.c\n    description: |\n"
		"      one\n      two\n"
		"    needs: [code:c, 'docs:*']\n    paths: [src/a.c]\n    run: [make, -C, a b]\n"
		"    priority: -3\n    est_cost_usd: 1.10\n    max_cost_usd: 12\n"
		"    est_ms: 3600000\n"
		"    limit_ms: 60000\n    max_attempts: 5\n    not_before: 2026-11-22T19:34:07Z\n"
		"    avoids: [s-7, s-8]\n    redundancy: 3\n"
		"    start_by: '2026-11-23T00:00:00.5+01:00'\n    payload: {a: [1, 2.50], b: ~}\n"
		"  - {id: 1.10, deps: [T-1, T-1], kind: filler}\n");
	const struct doc_task *task = task_of(&doc, "T-1");

	ck_slice_eq(doc.id, "demo");
	ck_slice_eq(doc.title, "A demo");
	ck_slice_eq(task->title, "First");
	ck_slice_eq(task->group, "G");
	ck_assert_int_eq(task->status, DOC_DONE);
	ck_slice_eq(task->owner, "s-1");
	ck_slice_eq(task->model, "haiku");
	ck_slice_eq(task->deliverable, "a.c");
	ck_slice_eq(task->description, "one\ntwo\n");
	ck_assert_str_eq(list_text(task->needs), "code:c, docs:*");
	ck_assert_str_eq(list_text(task->paths), "src/a.c");
	ck_assert_str_eq(list_text(task->run), "make, -C, a b");
	ck_assert_str_eq(list_text(task->avoids), "s-7, s-8");
	ck_assert_int_eq(task->redundancy, 3);
	ck_assert_int_eq(task->priority, -3);
	ck_assert_int_eq(task->est_cost_nanousd, 1100000000);
	ck_assert_int_eq(task->max_cost_nanousd, INT64_C(12000000000));
	ck_assert_int_eq(task->est_ms, 3600000);
	ck_assert_int_eq(task->limit_ms, 60000);
	ck_assert_int_eq(task->max_attempts, 5);
	ck_assert_int_eq(task->not_before_us, INT64_C(1795376047000000));
	ck_assert_int_eq(task->start_by_us, INT64_C(1795388400500000));
	ck_slice_eq(task->payload, "{\"a\":[1,2.50],\"b\":null}");
	ck_assert_int_eq(task->line, 4);
	ck_assert(!task->filler);
	ck_assert_str_eq(deps_of(&doc, "1.10"), "T-1");
	ck_assert(task_of(&doc, "1.10")->filler);
	ck_assert_int_eq(task_of(&doc, "1.10")->priority, BOARD_DOC_ABSENT);
	comes_back(&doc);
}
END_TEST

START_TEST(a_module_does_it_instead_of_a_command)
{
	struct board_doc doc = board_of(BOARD_YAML, "board: demo\ntasks:\n"
					"  - {task: A, wasm: word-count}\n"
					"  - {task: B, run: {wasm: word-count}}\n");

	ck_slice_eq(task_of(&doc, "A")->wasm, "word-count");
	ck_slice_eq(task_of(&doc, "B")->wasm, "word-count");
	comes_back(&doc);
}
END_TEST

START_TEST(a_module_and_a_command_do_not_go_together)
{
	struct board_doc doc = wrong_board(BOARD_YAML, "board: demo\ntasks:\n"
					   "  - {task: A, wasm: m, run: [make]}\n"
					   "  - {task: B, run: {wasm: m, fuel: 3}}\n"
					   "  - {task: C, run: {}}\n");
	const char *errors = errors_of(&doc);

	ck_has(errors, "3: task A runs a command or a module, not both\n");
	ck_has(errors, "4: run is a list of texts, or a map with the one key wasm\n");
	ck_has(errors, "5: run is a list of texts, or a map with the one key wasm\n");
}
END_TEST

START_TEST(json_is_read_alike)
{
	struct board_doc doc = json_board(
		"{'id':'b','tasks':[\n"
		"{'id':'A','owner':'x','dependencies':['B'],'capabilities':['c:d'],'state':'ready'},\n"
		"{'task':'B','depends_on':'C','max_cost_usd':'0.5'},\n"
		"{'task':'C','est_cost_usd':9000000.000000001,'payload':null,'title':null}]}");

	ck_slice_eq(doc.id, "b");
	ck_slice_eq(task_of(&doc, "A")->owner, "x");
	ck_assert_str_eq(deps_of(&doc, "A"), "B");
	ck_assert_str_eq(list_text(task_of(&doc, "A")->needs), "c:d");
	ck_assert_str_eq(deps_of(&doc, "B"), "C");
	ck_assert_int_eq(task_of(&doc, "B")->max_cost_nanousd, 500000000);
	ck_assert_int_eq(task_of(&doc, "C")->est_cost_nanousd, INT64_C(9000000000000001));
	ck_slice_eq(task_of(&doc, "C")->payload, "null");
	ck_assert_int_eq(task_of(&doc, "B")->line, 3);
	comes_back(&doc);
}
END_TEST

START_TEST(tasks_that_the_fabric_made_are_left_out)
{
	struct board_doc doc = json_board(
		"{'board':'b','tasks':[{'task':'A','state':'ready','redundancy':2},\n"
		"{'task':'A.1','state':'claimed','held_by':'x','answers':'A','avoids':['y'],"
		"'expected_usd':1.5},\n"
		"{'task':'b7.1','state':'ready','helps':'b7'}]}");

	ck_assert_uint_eq(doc.task_count, 1);
	ck_assert_int_eq(task_of(&doc, "A")->redundancy, 2);
	ck_assert_uint_eq(doc.remark_count, 2);
	comes_back(&doc);
}
END_TEST

START_TEST(what_the_daemon_says_of_money_is_passed_over)
{
	struct board_doc doc = json_board(
		"{'tasks':[{'task':'A','state':'claimed','held_by':'x','expected_usd':1.5,"
		"'reserved_usd':1.5,'spent_usd':0.25,'stop':'the budget is spent'}]}");

	ck_assert_uint_eq(doc.task_count, 1);
	comes_back(&doc);
}
END_TEST

START_TEST(an_answer_of_the_daemon_is_a_board)
{
	struct board_doc doc = json_board(
		"{'board':'b','title':'T','created_at':'2026-11-22T19:34:07Z','archived':false,"
		"'task_count':3,'counts':{'ready':1},'tasks':["
		"{'board':'b','task':'A','state':'claimed','held_by':'s-2','fence':7,'attempt':1,"
		"'claimed_at':'x','lease_until':'x','lease_ms':1,'claim_until':'x','percent':5,"
		"'progress':'p','prefers':'s-1','kind':'critical','attempts':1,'failures':0},"
		"{'task':'B','state':'held','held_by':'s-3','waits_for':['A'],'deps':['A']},"
		"{'task':'C','state':'delayed','next_attempt_at':'x','result':{},'evidence':[1]}]}");

	ck_assert_int_eq(task_of(&doc, "A")->status, DOC_CLAIMED);
	ck_slice_eq(task_of(&doc, "A")->owner, "s-1");
	ck_slice_eq(task_of(&doc, "A")->holder, "s-2");
	ck_assert_int_eq(task_of(&doc, "B")->status, DOC_CLAIMED);
	ck_slice_eq(task_of(&doc, "B")->owner, "");
	ck_slice_eq(task_of(&doc, "B")->holder, "s-3");
	ck_slice_eq(task_of(&doc, "C")->holder, "");
	ck_assert_int_eq(task_of(&doc, "C")->status, DOC_OPEN);
	ck_assert_uint_eq(doc.remark_count, 0);
	comes_back(&doc);
}
END_TEST

START_TEST(every_state_of_the_machine_is_a_status)
{
	static const struct {
		const char *word;
		enum doc_status status;
	} want[] = {
		{ "blocked", DOC_BLOCKED }, { "delayed", DOC_OPEN }, { "ready", DOC_OPEN },
		{ "claimed", DOC_CLAIMED }, { "held", DOC_BLOCKED }, { "done", DOC_DONE },
		{ "failed", DOC_FAILED },   { "cancelled", DOC_CANCELLED },
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		struct buf text = { 0 };
		struct board_doc doc;

		buf_add_lit(&text, "tasks: [{id: A, status: ");
		buf_add_str(&text, want[i].word);
		buf_add_lit(&text, "}]");
		doc = board_of(BOARD_YAML, buf_str(&text));
		ck_assert_msg(doc.tasks[0].status == want[i].status, "%s", want[i].word);
		buf_finish(&text);
	}
}
END_TEST

START_TEST(all_errors_come_at_once_with_their_lines)
{
	struct board_doc doc = wrong_board(
		BOARD_YAML, "board: a/b\ntitel: x\ntasks:\n"
			    "- id: A\n  title: [1]\n  priority: high\n  est_ms: 1.5\n"
			    "- title: no id\n"
			    "- id: A\n"
			    "- id: B\n  bogus: 1\n  kind: other\n  status: odd\n  needs: {a: b}\n"
			    "  paths: [[x]]\n"
			    "- id: C\n  owner: x\n  prefers: y\n  deps: [D, Q]\n"
			    "  max_cost_usd: 0.1234567891\n"
			    "- id: D\n  deps: [C]\n  not_before: tomorrow\n"
			    "- just text\n"
			    "- id: sp ace\n");
	const char *errors = errors_of(&doc);

	ck_has(errors, "1: the board's id is not valid");
	ck_has(errors, "2: a board has no key \"titel\"\n");
	ck_has(errors, "5: title is a list, not a text\n");
	ck_has(errors, "6: priority is a text, not an integer");
	ck_has(errors, "7: est_ms is a number with a fraction, not an integer");
	ck_has(errors, "8: a task without an id\n");
	ck_has(errors, "9: duplicate id A: it stands on line 4 already\n");
	ck_has(errors, "11: a task has no key \"bogus\"\n");
	ck_has(errors, "12: kind is neither critical nor filler\n");
	ck_has(errors, "13: status \"odd\" is not known\n");
	ck_has(errors, "14: needs is a map, not a list of texts\n");
	ck_has(errors, "15: paths holds a list, not only texts\n");
	ck_has(errors, "17: prefers and owner say the same\n");
	ck_has(errors, "16: unknown dependency Q of C\n");
	ck_has(errors, "16: dependency cycle: C -> D -> C\n");
	ck_has(errors, "20: max_cost_usd is a number with a fraction, not a number of dollars");
	ck_has(errors, "23: not_before is a text, not a time such as");
	ck_has(errors, "24: a task is a text, not a map\n");
	ck_has(errors, "25: \"sp ace\" is no id");
	ck_assert_uint_eq(doc.error_count, 19);
}
END_TEST

START_TEST(a_document_of_another_shape_is_refused)
{
	struct board_doc doc = wrong_board(BOARD_JSON, "[1]");

	ck_assert_str_eq(errors_of(&doc), "1: a board is a list, not a map\n");
	doc = wrong_board(BOARD_JSON, "{\"tasks\":{}}");
	ck_has(errors_of(&doc), "1: tasks is a map, not a list of tasks\n");
	doc = wrong_board(BOARD_YAML, "title: x\n");
	ck_has(errors_of(&doc), "0: the board has no key \"tasks\"\n");
	doc = wrong_board(BOARD_YAML, "tasks: []\n");
	ck_has(errors_of(&doc), "0: the document holds no task\n");
	doc = wrong_board(BOARD_JSON, "{\"tasks\":[}");
	ck_has(errors_of(&doc), "1: not JSON: ");
}
END_TEST

START_TEST(a_limit_is_the_only_error)
{
	struct arena arena = { 0 };
	struct buf text = { 0 };
	struct board_doc doc;

	buf_add_lit(&text, "{\"tasks\":[{\"bad\":1},{\"id\":\"A\",\"payload\":");
	buf_add_repeat(&text, '[', 80);
	buf_add_repeat(&text, ']', 80);
	buf_add_lit(&text, "}]}");
	ck_assert_int_eq(board_doc_read(buf_slice(&text), BOARD_JSON, &arena, &doc),
			 ERR_LIMIT_EXCEEDED);
	ck_assert_str_eq(errors_of(&doc), "1: nested more than 59 deep\n");
	buf_clear(&text);
	buf_add_repeat(&text, 'x', BOARD_DOC_BYTES_MAX + 1);
	ck_assert_int_eq(board_doc_read(buf_slice(&text), BOARD_YAML, &arena, &doc),
			 ERR_LIMIT_EXCEEDED);
	ck_assert_str_eq(errors_of(&doc), "0: a document of more than 8 MB\n");
	buf_finish(&text);
	arena_finish(&arena);
}
END_TEST

START_TEST(a_files_name_tells_its_format)
{
	ck_assert_int_eq(board_format_of(SLICE("a.md")), BOARD_MARKDOWN);
	ck_assert_int_eq(board_format_of(SLICE("a.markdown")), BOARD_MARKDOWN);
	ck_assert_int_eq(board_format_of(SLICE("dir.json/a.YML")), BOARD_YAML);
	ck_assert_int_eq(board_format_of(SLICE("a.yaml")), BOARD_YAML);
	ck_assert_int_eq(board_format_of(SLICE("a.json")), BOARD_JSON);
	ck_assert_int_eq(board_format_of(SLICE("json")), BOARD_MARKDOWN);
	ck_assert_int_eq(board_format_of(SLICE("")), BOARD_MARKDOWN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("document/board_tree");
	TCase *cases = tcase_create("tree");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, NULL, board_kit_clear);
	tcase_add_test(cases, tasks_that_the_fabric_made_are_left_out);
	tcase_add_test(cases, what_the_daemon_says_of_money_is_passed_over);
	tcase_add_test(cases, every_key_of_a_task_is_read);
	tcase_add_test(cases, a_module_does_it_instead_of_a_command);
	tcase_add_test(cases, a_module_and_a_command_do_not_go_together);
	tcase_add_test(cases, json_is_read_alike);
	tcase_add_test(cases, an_answer_of_the_daemon_is_a_board);
	tcase_add_test(cases, every_state_of_the_machine_is_a_status);
	tcase_add_test(cases, all_errors_come_at_once_with_their_lines);
	tcase_add_test(cases, a_document_of_another_shape_is_refused);
	tcase_add_test(cases, a_limit_is_the_only_error);
	tcase_add_test(cases, a_files_name_tells_its_format);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
