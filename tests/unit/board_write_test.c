/* Boards that are written, and read again. */
#include "board_kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

/* Texts that Markdown, or our reader of it, would like to take for something else. */
static const char *const hard_texts[] = {
	"plain",
	"a | b || c",
	"`code` and ``more``",
	"ends with a backslash \\",
	"\\| \\` \\\\",
	"two\nlines\n\nand more",
	"\nfirst and last\n",
	"  blanks around  ",
	"\ttab\there\t",
	"carriage\rreturn\r\n",
	"**bold** _it_ __x__ a_b_c _ *",
	"~~struck~~ ~x~",
	"[link](url) ![img](u) [ref][x] [x]",
	"[x] done",
	"[ ] open",
	"<b>html</b> <br> <!-- c --> <http://x.y> a < b > c",
	"&amp; &#65; &lt & &x;",
	"# heading",
	"## T1: heading",
	"- item\n- [ ] box\n1. one",
	"| Task | x |\n|---|---|\n| Q | y |",
	"```\nunclosed",
	"~~~\n# x\n~~~",
	"text\n===\nmore\n---",
	"---",
	"-",
	"none",
	"None",
	"N/A",
	"\xe2\x80\x94",
	"\xf0\x9f\x94\xb5",
	"\xf0\x9f\x9f\xa2 done \xf0\x9f\x9f\xa2",
	"\xef\xb8\x8f\xe2\x80\x8d",
	"\xe2\x9c\x85",
	"\xc2\xa0nbsp\xc2\xa0",
	"\xc3\xa2\xe2\x82\xac\xe2\x80\x9d looks encoded twice \xc3\xa2\xe2\x82\xac\xe2\x80\x9d",
	"caf\xc3\x83\xc2\xa9 \xc3\x83\xc2\xa9t\xc3\x83\xc2\xa9",
	"\x01\x02\x1b\x7f",
	"\xef\xbb\xbf mark",
	"All above",
	"Session 5 Filler Tasks",
	"1. one",
	"T2: x",
	"T2",
	"Board: other",
	"**Board:** `other`",
	": - | .",
	"$5",
	"2h",
	"{\"a\": \"|`\"}",
	"C# and F#",
	"#",
	"http://x.y/_a_?b=c&d=e#f",
	"a@b.c",
	"\"quoted\" 'too'",
	"trailing spaces in   \nthe middle",
	"    indented\ncode",
	"> quote\n> more",
	"x\n\n\n\ny",
	"* * *",
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 family",
	"Total",
};

static void add_board(struct buf *text, const char *hard, const char *group)
{
	struct slice_list list = { (const struct slice[]){ slice_of_str(hard), SLICE("b c"),
			SLICE("d,e") }, 3 };
	struct json_writer json = json_begin(text);

	json_object(&json);
	json_put_str(&json, "title", hard);
	json_put_str(&json, "board", "b");
	json_key(&json, "tasks");
	json_array(&json);
	for (int i = 1; i <= 3; i++) {
		char id[8];

		snprintf(id, sizeof(id), "T%d", i);
		json_object(&json);
		json_put_str(&json, "task", id);
		json_put_str(&json, "title", i == 2 ? "" : hard);
		json_put_str(&json, "group", i == 3 ? "" : group);
		json_put_str(&json, "kind", i == 1 ? "filler" : "critical");
		json_put_str(&json, "model", hard);
		json_put_str(&json, "deliverable", hard);
		json_put_str(&json, "description", hard);
		json_put_texts(&json, "run", list);
		json_key(&json, "payload");
		json_array(&json);
		json_str(&json, hard);
		json_array_end(&json);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
}

START_TEST(hard_texts_come_back)
{
	struct buf text = { 0 };
	struct board_doc doc;

	add_board(&text, hard_texts[_i], hard_texts[_i]);
	doc = board_of_slice(BOARD_JSON, buf_slice(&text));
	comes_back(&doc);
	buf_clear(&text);
	add_board(&text, hard_texts[_i], "Group");
	doc = board_of_slice(BOARD_JSON, buf_slice(&text));
	comes_back(&doc);
	buf_finish(&text);
}
END_TEST

START_TEST(hard_ids_and_owners_come_back)
{
	struct board_doc doc = board_of(
		BOARD_YAML,
		"tasks:\n"
		"- {id: 'a:', prefers: None, deps: [and, None, 'b.']}\n"
		"- {id: 'b.', prefers: Session-5}\n"
		"- {id: None, prefers: any}\n"
		"- {id: and, prefers: '@x', deps: [None, 'b.']}\n"
		"- {id: Total, prefers: 'a--b', deps: [to]}\n"
		"- {id: to, prefers: '-x-'}\n"
		"- {id: _x_, prefers: '.', group: _x_}\n"
		"- {id: 'A-B', deps: [A, B, _x_]}\n"
		"- {id: A, deps: [P1..P3]}\n"
		"- {id: B, group: 'A: x'}\n"
		"- {id: P1..P3, group: 'x Filler Tasks'}\n"
		"- {id: '007', kind: filler, group: 'x Filler Tasks'}\n"
		"- {id: 'a', description: short}\n"
		"- {id: h1, status: claimed, prefers: x, held_by: y}\n"
		"- {id: h2, status: claimed, held_by: Y-Z}\n"
		"- {id: h3, status: held, held_by: any, prefers: any}\n"
		"- {id: '1', description: \"- [ ] box\\n\\n```\\n# code\\n```\\n\\n1. one\"}\n");

	comes_back(&doc);
}
END_TEST

START_TEST(numbers_at_their_bounds_come_back)
{
	struct board_doc doc = json_board(
		"{'tasks':[{'id':'A','priority':-1000000,'est_cost_usd':9223372036.854775807,"
		"'max_cost_usd':0.000000001,'est_ms':2592000000,'limit_ms':14400000,"
		"'max_attempts':1000,'not_before':'1970-01-01T00:00:00Z',"
		"'start_by':'9999-12-31T23:59:59.999999Z'},"
		"{'id':'B','priority':0,'est_cost_usd':0,'est_ms':0,'limit_ms':1,'payload':'',"
		"'needs':['a:b','c:*'],'paths':['none','a b','c/']},"
		"{'id':'C','est_ms':90000,'payload':-1.50e3,'paths':['-'],'run':['[']}]}");

	ck_assert_int_eq(task_of(&doc, "A")->est_cost_nanousd, INT64_MAX);
	comes_back(&doc);
}
END_TEST

START_TEST(markdown_is_what_people_would_write)
{
	struct board_doc doc = board_of(
		BOARD_YAML,
		"board: demo\ntitle: A demo\ntasks:\n"
		"- {id: T-1, title: Write | it, group: Parser, prefers: s-1, est_ms: 5400000, "
		"est_cost_usd: 1.5, status: done}\n"
		"- {id: T-2, title: Test it, group: Parser, deps: [T-1], description: \"- [ ] all "
		"of it\"}\n"
		"- {id: F-1, title: Tidy, kind: filler, group: Rest, needs: ['code:c'], run: "
		"[make, tidy]}\n");
	struct buf text = { 0 };

	board_doc_write_markdown(&doc, &text);
	ck_assert_str_eq(buf_str(&text),
			 "# A demo\n\n**Board:** `demo`\n\n## Parser\n\n"
			 "| ID | Title | Status | Owner | Dependencies | Est | Cost |\n"
			 "|---|---|---|---|---|---|---|\n"
			 "| T-1 | Write \\| it | \xf0\x9f\x9f\xa2 done | s-1 | \xe2\x80\x94 | 90m "
			 "| $1.50 |\n"
			 "| T-2 | Test it | \xf0\x9f\x94\xb5 available | \xe2\x80\x94 | T-1 |  |  "
			 "|\n\n"
			 "## Rest\n\n"
			 "| ID | Title | Kind | Status | Owner | Dependencies | Needs | Run |\n"
			 "|---|---|---|---|---|---|---|---|\n"
			 "| F-1 | Tidy | filler | \xf0\x9f\x94\xb5 available | \xe2\x80\x94 | "
			 "\xe2\x80\x94 | code:c | make tidy |\n\n"
			 "## T-2: Test it\n\n- [ ] all of it\n");
	buf_finish(&text);
}
END_TEST

START_TEST(json_has_the_documented_shape)
{
	struct board_doc doc = board_of(
		BOARD_YAML,
		"board: demo\ntitle: A demo\ntasks:\n"
		"- {id: T-1, title: One, prefers: s, payload: {a: 1.0}, est_cost_usd: 1.5}\n"
		"- {id: T-2, kind: filler, deps: [T-1], status: failed}\n");
	struct buf text = { 0 };

	board_doc_write_json(&doc, &text);
	ck_assert_str_eq(buf_str(&text),
			 quoted("{'board':'demo','title':'A demo','tasks':["
				"{'task':'T-1','kind':'critical','status':'ready','title':'One',"
				"'prefers':'s','payload':{'a':1.0},'est_cost_usd':1.50},"
				"{'task':'T-2','kind':'filler','status':'failed','deps':['T-1']}]}\n"));
	buf_finish(&text);
}
END_TEST

START_TEST(graphs_are_drawn)
{
	struct board_doc doc = board_of(BOARD_YAML,
					"board: demo\ntasks:\n"
					"- {id: T-1, title: 'Say \"hi\" <b>', group: G}\n"
					"- {id: T-2, deps: [T-1], kind: filler, status: done}\n");
	struct buf text = { 0 };

	board_doc_write_dot(&doc, &text);
	ck_has(buf_str(&text), "digraph \"demo\" {\n");
	ck_has(buf_str(&text), "\tsubgraph cluster_0 {\n\tlabel=\"G\";\n");
	ck_has(buf_str(&text), "\t\"T-1\" [label=\"T-1\\nSay \\\"hi\\\" <b>\"");
	ck_has(buf_str(&text), "\t\"T-1\" -> \"T-2\";\n}\n");
	buf_clear(&text);
	board_doc_write_mermaid(&doc, &text);
	ck_has(buf_str(&text), "flowchart LR\n");
	ck_has(buf_str(&text), "    subgraph g0 [\"G\"]\n");
	ck_has(buf_str(&text), "    t0[\"T-1<br/>Say #34;hi#34; #60;b#62;\"]:::ready\n    end\n");
	ck_has(buf_str(&text), "    t1([\"T-2\"]):::done\n");
	ck_has(buf_str(&text), "    t0 --> t1\n");
	buf_finish(&text);
}
END_TEST

static void path_is(const char *yaml, const char *want)
{
	struct board_doc doc = board_of(BOARD_YAML, yaml);
	struct arena arena = { 0 };
	struct slice ids[16];
	size_t *path;
	size_t len = board_doc_critical_path(&doc, &arena, &path);

	for (size_t i = 0; i < len; i++)
		ids[i] = doc.tasks[path[i]].id;
	ck_assert_str_eq(list_text((struct slice_list){ ids, len }), want);
	arena_finish(&arena);
}

START_TEST(the_critical_path_is_the_longest_that_is_left)
{
	path_is("tasks: [{id: A}, {id: B, deps: [A]}, {id: C, deps: [A]}, {id: D, deps: [C]}]",
		"A, C, D");
	path_is("tasks: [{id: A, est_ms: 1}, {id: B, deps: [A], est_ms: 9}, {id: C, deps: [A]}, "
		"{id: D, deps: [C]}]",
		"A, B");
	path_is("tasks: [{id: A, status: done}, {id: B, deps: [A]}, {id: C, deps: [B], status: "
			"cancelled}]", "B");
	path_is("tasks: [{id: A, status: done}]", "");
	path_is("tasks: [{id: A, kind: filler, est_ms: 99}, {id: B, deps: [C]}, {id: C}]", "C, B");
	path_is("tasks: [{id: D, deps: [B, C]}, {id: C, deps: [A]}, {id: B, deps: [C]}, {id: A}]",
		"A, C, B, D");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("document/board_write");
	TCase *cases = tcase_create("write");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, NULL, board_kit_clear);
	tcase_add_loop_test(cases, hard_texts_come_back, 0, (int)ARRAY_LEN(hard_texts));
	tcase_add_test(cases, hard_ids_and_owners_come_back);
	tcase_add_test(cases, numbers_at_their_bounds_come_back);
	tcase_add_test(cases, markdown_is_what_people_would_write);
	tcase_add_test(cases, json_has_the_documented_shape);
	tcase_add_test(cases, graphs_are_drawn);
	tcase_add_test(cases, the_critical_path_is_the_longest_that_is_left);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
