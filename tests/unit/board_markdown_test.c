#include "board_kit.h"

#include <stdio.h>
#include <stdlib.h>

static struct board_doc read(const char *text)
{
	return board_of(BOARD_MARKDOWN, text);
}

/* A table of tasks with the usual columns below a heading. */
#define HEAD                                                       \
	"# Plan\n\n## Group\n\n"                                   \
	"| Task | Owner | Dependencies | Model | Deliverable |\n" \
	"|------|-------|--------------|-------|-------------|\n"

START_TEST(a_row_becomes_a_task)
{
	struct board_doc doc = read(HEAD "| P0.1.1: Event bus | Session 5 (CLI) | None | Haiku | "
			"`a/b.c` (c) |\n");
	const struct doc_task *task = &doc.tasks[0];

	ck_assert_uint_eq(doc.task_count, 1);
	ck_slice_eq(doc.title, "Plan");
	ck_slice_eq(doc.id, "plan");
	ck_slice_eq(task->id, "P0.1.1");
	ck_slice_eq(task->title, "Event bus");
	ck_slice_eq(task->group, "Group");
	ck_slice_eq(task->owner, "session-5-cli");
	ck_slice_eq(task->model, "Haiku");
	ck_slice_eq(task->deliverable, "a/b.c (c)");
	ck_assert_int_eq(task->status, DOC_OPEN);
	ck_assert(!task->filler);
	ck_assert_uint_eq(task->deps.count, 0);
	ck_assert_int_eq(task->line, 7);
	ck_assert_uint_eq(doc.remark_count, 0);
}
END_TEST

START_TEST(ids_are_found_in_every_dress)
{
	struct board_doc doc = read("| Task | Deps |\n|---|---|\n"
				    "| P1: colon | |\n"
				    "| **P2** bold | |\n"
				    "| `P3` code | |\n"
				    "| [P-4](http://x/y) link | |\n"
				    "| **P5: all bold** | |\n"
				    "| [P6] bracket | |\n"
				    "| P-7 - dash | |\n"
				    "| P-8 \xe2\x80\x94 em dash | |\n"
				    "| P.9 blank | |\n"
				    "| \xf0\x9f\x9a\x80 P10: rocket | |\n"
				    "| setup | |\n"
				    "| #12: number | |\n"
				    "| `P13:` code | |\n"
				    "| **[P14](u)**: link | |\n"
				    "| P15<br>break | |\n");
	static const char *const want[][2] = {
		{ "P1", "colon" },   { "P2", "bold" },	  { "P3", "code" },  { "P-4", "link" },
		{ "P5", "all bold" }, { "P6", "bracket" }, { "P-7", "dash" }, { "P-8", "em dash" },
		{ "P.9", "blank" },  { "P10", "rocket" }, { "setup", "setup" },
		{ "12", "number" },  { "P13", "code" },	  { "P14", "link" },
		{ "P15", "break" },
	};

	ck_assert_uint_eq(doc.task_count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_slice_eq(doc.tasks[i].id, want[i][0]);
		ck_slice_eq(doc.tasks[i].title, want[i][1]);
	}
}
END_TEST

START_TEST(an_id_may_have_its_title_in_the_next_column)
{
	struct board_doc doc = read("| ID | What it is | Owner |\n|---|---|---|\n"
			"| T-1 | **Build** it | - |\n");

	ck_slice_eq(doc.tasks[0].title, "Build it");
	ck_assert_uint_eq(doc.remark_count, 0);
	doc = read("| **Id** | Task | Owner |\n|---|---|---|\n| T-1 | T-9: Build | - |\n");
	ck_slice_eq(doc.tasks[0].id, "T-1");
	ck_slice_eq(doc.tasks[0].title, "T-9: Build");
	doc = read("| Task ID | Status | Description |\n|---|---|---|\n"
			"| T-1 | open | Do this<br>and that |\n");
	ck_slice_eq(doc.tasks[0].title, "Do this");
	ck_slice_eq(doc.tasks[0].description, "Do this\nand that");
	doc = read("| # | Task | Deps |\n|--|--|--|\n| 1 | Build it | |\n| 2 | Ship it | 1 |\n");
	ck_slice_eq(doc.tasks[1].id, "2");
	ck_slice_eq(doc.tasks[1].title, "Ship it");
	ck_assert_str_eq(deps_of(&doc, "2"), "1");
	doc = read("| # | Task |\n|--|--|\n| 1 | A-1: Build it |\n| 2 | A-2: Ship it |\n");
	ck_slice_eq(doc.tasks[1].id, "A-2");
}
END_TEST

START_TEST(columns_come_in_any_order_and_under_many_names)
{
	struct board_doc doc = read(
		"| PRIORITY | status | Est. (h) | Blocked by | **Assignee** | task | Cost | Notes "
		"| Max cost |\n"
		"|---|---|---|---|---|---|---|---|---|\n"
		"| high | Done | 1.5 | | Zo\xc3\xab & Bob | A-1: a | $1,200.50 | see x | USD 3 |\n"
		"| -7 | \xf0\x9f\x9f\xa1 | 2-3 | A-1 | @carol | A-2: b | $10-12 (guess) | | 3 usd "
		"|\n"
		"| P0 | in progress | 1d | `A-1`; [A-2](u) | TBD | A-3: c | | - | |\n"
		"| | | $5 | **A-1** | | A-4: d | | | |\n");
	const struct doc_task *a1 = task_of(&doc, "A-1"), *a2 = task_of(&doc, "A-2");
	const struct doc_task *a3 = task_of(&doc, "A-3"), *a4 = task_of(&doc, "A-4");

	ck_assert_int_eq(a1->priority, 10);
	ck_assert_int_eq(a1->status, DOC_DONE);
	ck_assert_int_eq(a1->est_ms, 5400000);
	ck_assert_int_eq(a1->est_cost_nanousd, INT64_C(1200500000000));
	ck_assert_int_eq(a1->max_cost_nanousd, INT64_C(3000000000));
	ck_slice_eq(a1->owner, "zo-bob");
	ck_slice_eq(a1->description, "see x");
	ck_assert_int_eq(a2->priority, -7);
	ck_assert_int_eq(a2->status, DOC_CLAIMED);
	ck_assert_int_eq(a2->est_ms, 10800000);
	ck_assert_int_eq(a2->est_cost_nanousd, INT64_C(12000000000));
	ck_slice_eq(a2->owner, "@carol");
	ck_assert_int_eq(a3->priority, 20);
	ck_assert_int_eq(a3->est_ms, 28800000);
	ck_assert_str_eq(deps_of(&doc, "A-3"), "A-1, A-2");
	ck_slice_eq(a3->owner, "");
	ck_slice_eq(a3->description, "");
	ck_assert_int_eq(a4->est_cost_nanousd, INT64_C(5000000000));
	ck_assert_int_eq(a4->est_ms, BOARD_DOC_ABSENT);
	ck_assert_int_eq(a4->priority, BOARD_DOC_ABSENT);
	ck_assert_str_eq(deps_of(&doc, "A-4"), "A-1");
}
END_TEST

START_TEST(owners_become_swarm_ids)
{
	static const char *const want[][2] = {
		{ "Session 5 (CLI)", "session-5-cli" },
		{ "Session 7 (IF.bus)", "session-7-if.bus" },
		{ "Session 3 (H.323)", "session-3-h.323" },
		{ "**Alice**", "alice" },
		{ "`bot_1`", "bot_1" },
		{ "\xf0\x9f\xa4\x96 Robot", "robot" },
		{ "a -- b", "a-b" },
		{ "None", "" },
		{ "Unassigned", "" },
		{ "\xe2\x80\x94", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		char text[256];
		struct board_doc doc;

		snprintf(text, sizeof(text), "| Task | Owner |\n|---|---|\n| T1: x | %s |\n",
			 want[i][0]);
		doc = read(text);
		ck_slice_eq(doc.tasks[0].owner, want[i][1]);
	}
}
END_TEST

START_TEST(status_words_and_marks_are_honoured)
{
	static const struct {
		const char *text;
		enum doc_status status;
		const char *holder;	/* the owner is o */
	} want[] = {
		{ "", DOC_OPEN, "" },
		{ "\xf0\x9f\x94\xb5", DOC_OPEN, "" },
		{ "\xf0\x9f\x9f\xa1", DOC_CLAIMED, "" },
		{ "\xf0\x9f\x9f\xa2", DOC_DONE, "" },
		{ "\xf0\x9f\x94\xb4", DOC_BLOCKED, "" },
		{ "\xe2\x9c\x85", DOC_DONE, "" },
		{ "\xe2\x9c\x94\xef\xb8\x8f", DOC_DONE, "" },
		{ "\xe2\x9d\x8c", DOC_FAILED, "" },
		{ "\xe2\x8f\xb3", DOC_CLAIMED, "" },
		{ "[x]", DOC_DONE, "" },
		{ "[ ]", DOC_OPEN, "" },
		{ "\xf0\x9f\x94\xb5 Available", DOC_OPEN, "" },
		{ "**AVAILABLE**", DOC_OPEN, "" },
		{ "In progress", DOC_CLAIMED, "" },
		{ "claimed by session-5-cli", DOC_CLAIMED, "session-5-cli" },
		{ "\xf0\x9f\x9f\xa1 Claimed by Session 5 (CLI)", DOC_CLAIMED, "session-5-cli" },
		{ "Claimed by Bob since 14:30", DOC_CLAIMED, "bob" },
		{ "completed", DOC_DONE, "" },
		{ "Done by bob", DOC_DONE, "" },
		{ "done (2 h)", DOC_DONE, "" },
		{ "Not started", DOC_OPEN, "" },
		{ "not done", DOC_OPEN, "" },
		{ "blocked on x", DOC_BLOCKED, "" },
		{ "blocked by T0", DOC_BLOCKED, "" },
		{ ":white_check_mark: Done", DOC_DONE, "" },
		{ "failed", DOC_FAILED, "" },
		{ "Cancelled", DOC_CANCELLED, "" },
		{ "canceled", DOC_CANCELLED, "" },
		{ "\xe2\x80\x94", DOC_OPEN, "" },
		{ "\xf0\x9f\x9f\xa2 Available", DOC_OPEN, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		char text[256];
		struct board_doc doc;

		snprintf(text, sizeof(text),
			 "| Task | Owner | Status |\n|---|---|---|\n"
			 "| T1: x | o | %s |\n", want[i].text);
		doc = read(text);
		ck_assert_msg(doc.tasks[0].status == want[i].status, "%s", want[i].text);
		ck_slice_eq(doc.tasks[0].owner, "o");
		ck_slice_eq(doc.tasks[0].holder, want[i].holder);
		ck_assert_uint_eq(doc.remark_count, 0);
	}
}
END_TEST

START_TEST(who_has_claimed_a_task_owns_it_where_nobody_else_does)
{
	struct board_doc doc = read("| Task | Status |\n|---|---|\n"
			"| T1: a | Claimed by Session 5 (CLI) |\n"
				    "| T2: b | Done by Bob |\n");

	ck_slice_eq(task_of(&doc, "T1")->owner, "session-5-cli");
	ck_slice_eq(task_of(&doc, "T1")->holder, "");
	ck_slice_eq(task_of(&doc, "T2")->owner, "bob");
	doc = read("| Task | Status | Owner |\n|---|---|---|\n| T1: a | claimed by Bob | |\n"
		   "| T2: b | claimed by Bob | \xe2\x80\x94 |\n| T3: c | claimed by Bob | bob |\n");
	ck_slice_eq(task_of(&doc, "T1")->owner, "bob");
	ck_slice_eq(task_of(&doc, "T2")->owner, "");
	ck_slice_eq(task_of(&doc, "T2")->holder, "bob");
	ck_slice_eq(task_of(&doc, "T3")->holder, "");
	comes_back(&doc);
}
END_TEST

START_TEST(an_unknown_status_is_open_and_said_so)
{
	struct board_doc doc = read("| Task | Status |\n|---|---|\n| T1: x | Reticulating |\n");

	ck_assert_int_eq(doc.tasks[0].status, DOC_OPEN);
	ck_has(remarks_of(&doc), "3: status \"Reticulating\" is not known");
}
END_TEST

START_TEST(a_mark_beside_the_id_is_a_status)
{
	struct board_doc doc = read("| Task | x |\n|---|---|\n| \xf0\x9f\x9f\xa2 T1: a | |\n"
				    "| [x] T2: b | |\n| T3: c \xf0\x9f\x94\xb4 | |\n"
				    "| [ ] T4: d | |\n");

	ck_assert_int_eq(task_of(&doc, "T1")->status, DOC_DONE);
	ck_assert_int_eq(task_of(&doc, "T2")->status, DOC_DONE);
	ck_assert_int_eq(task_of(&doc, "T3")->status, DOC_BLOCKED);
	ck_assert_int_eq(task_of(&doc, "T4")->status, DOC_OPEN);
	ck_slice_eq(task_of(&doc, "T3")->title, "c");
}
END_TEST

START_TEST(only_tables_of_tasks_count)
{
	struct board_doc doc = read("| Session | Branch |\n|---|---|\n| 1 | x |\n\n"
				    "| Milestone | Time |\n|---|---|\n| a | P9 |\n\n"
				    "| Component | Owner |\n|---|---|\n| b | c |\n\n"
				    "- [ ] T7: no\n- [x] T8: no\n\n1. T9: no\n\n"
				    "<!--\n\n| Task | x |\n|---|---|\n| T2 | y |\n\n-->\n\n"
				    "```\n| Task | x |\n|---|---|\n| T3 | y |\n```\n\n"
				    "~~~ md\n| Task | x |\n|---|---|\n| T4 | y |\n~~~\n\n"
				    "    | Task | x |\n    |---|---|\n    | T5 | y |\n\n"
				    "| Task | x |\n\nno table\n\n"
				    "| Task | x |\n|---|---|\n| T1 | y |\n");

	ck_assert_uint_eq(doc.task_count, 1);
	ck_slice_eq(doc.tasks[0].id, "T1");
	ck_assert_int_eq(doc.tasks[0].line, 48);
}
END_TEST

START_TEST(tables_are_read_as_github_shows_them)
{
	struct board_doc doc = read("text right above\n| Task | Deps |\n|:-|-:|\n| A1 | |\n# Next\n"
				    "Task | Deps\n-|-\nB1 | A1\nB2 | B1\n\n"
				    " | Task | Deps |\n |----|:----:|\n | C1: x\\|y | |\n"
				    " | C2: `a\\|b` | |\n\n"
				    "> | Task |\n> |---|\n> | D1 |\n\n"
				    "1. item\n   | Task | Deps |\n   |---|---|\n   | E1 | |\n\n"
				    "| Task | Deps |\n|---|\n| F1 | A1 |\n"
				    "```\n| G1 | x |\n```\n");

	ck_assert_uint_eq(doc.task_count, 8);
	ck_assert_int_eq(task_of(&doc, "A1")->line, 4);
	ck_slice_eq(task_of(&doc, "B1")->group, "Next");
	ck_assert_int_eq(task_of(&doc, "B2")->line, 9);
	ck_slice_eq(task_of(&doc, "C1")->title, "x|y");
	ck_slice_eq(task_of(&doc, "C2")->title, "a|b");
	ck_assert_int_eq(task_of(&doc, "C2")->line, 14);
	ck_assert_int_eq(task_of(&doc, "D1")->line, 18);
	ck_assert_int_eq(task_of(&doc, "E1")->line, 23);
	ck_assert_str_eq(deps_of(&doc, "F1"), "A1");
}
END_TEST

START_TEST(a_table_of_thousands_of_rows_is_one_table)
{
	struct buf text = { 0 };
	struct board_doc doc;

	buf_add_lit(&text, "# x\n| Task | Deps |\n|---|---|\n");
	for (int i = 1; i <= 3000; i++) {
		char row[64];

		buf_add(&text, row,
			(size_t)snprintf(row, sizeof(row), "| T%d: t | %s |\n", i,
					 i == 900 ? "All above" : ""));
	}
	doc = board_of_slice(BOARD_MARKDOWN, buf_slice(&text));
	ck_assert_uint_eq(doc.task_count, 3000);
	ck_assert_int_eq(doc.tasks[2999].line, 3003);
	ck_slice_eq(doc.tasks[2999].id, "T3000");
	ck_assert_uint_eq(task_of(&doc, "T900")->deps.count, 899);
	buf_finish(&text);
}
END_TEST

START_TEST(rulers_and_totals_are_no_tasks)
{
	struct board_doc doc = read("| Task | Cost |\n|---|---|\n| T1 | $5 |\n| --- | --- |\n"
				    "| T2 | $6 |\n| **Total** | $11 |\n");

	ck_assert_uint_eq(doc.task_count, 2);
	ck_assert_uint_eq(doc.remark_count, 1);
	ck_has(remarks_of(&doc), "6: a row of totals");
}
END_TEST

START_TEST(several_tables_share_a_group)
{
	struct board_doc doc = read("# B\n| Task | x |\n|---|---|\n| T1 | |\n\n"
			"## G `one` **two** \xf0\x9f\x9a\x80\n"
				    "| Task | x |\n|---|---|\n| T2 | |\n\ntext\n\n| Task | y |\n"
				    "|---|---|\n| T3 | |\n"
				    "\nUnderlined\n===\n| Task | y |\n|---|---|\n| T4 | |\n");

	ck_slice_eq(task_of(&doc, "T1")->group, "B");
	ck_slice_eq(task_of(&doc, "T2")->group, "G one two");
	ck_slice_eq(task_of(&doc, "T3")->group, "G one two");
	ck_slice_eq(task_of(&doc, "T4")->group, "Underlined");
}
END_TEST

START_TEST(lists_below_filler_tasks_become_fillers)
{
	struct board_doc doc = read(
		"# P\n| Task | Owner |\n|---|---|\n| T1: a | x |\n\n"
		"## Filler Tasks (see below)\n1. no\n\n"
		"### Pick a Filler Task\n1. no\n\n"
		"#### Session 1 (NDI) Filler Tasks\n**Filler tasks:**\n"
		"1. Improve `docs/a.md`\n2. Make **this**\n   over two lines\n3. [x] That\n"
		"   - nested\n   - more\n"
		"- no bullet\n\n"
		"#### Bob's Filler Tasks:\n1) one\n\n2) two\n\n   more\n\n"
		"#### Session 1 (NDI) Filler Tasks\n1. again\n5. F-7: own id\n6. Note: none\n"
		"   1. nested\n\n## End\n1. no\n");

	ck_assert_uint_eq(doc.task_count, 9);
	ck_slice_eq(task_of(&doc, "filler-session-1-ndi-1")->title, "Improve docs/a.md");
	ck_slice_eq(task_of(&doc, "filler-session-1-ndi-1")->owner, "session-1-ndi");
	ck_slice_eq(task_of(&doc, "filler-session-1-ndi-1")->group, "Session 1 (NDI) Filler Tasks");
	ck_assert(task_of(&doc, "filler-session-1-ndi-1")->filler);
	ck_assert_int_eq(task_of(&doc, "filler-session-1-ndi-1")->line, 14);
	ck_slice_eq(task_of(&doc, "filler-session-1-ndi-2")->title, "Make this over two lines");
	ck_assert_int_eq(task_of(&doc, "filler-session-1-ndi-3")->status, DOC_DONE);
	ck_slice_eq(task_of(&doc, "filler-session-1-ndi-3")->description, "- nested\n- more");
	ck_slice_eq(task_of(&doc, "filler-bob-2")->description, "more");
	ck_slice_eq(task_of(&doc, "filler-session-1-ndi-4")->title, "again");
	ck_slice_eq(task_of(&doc, "F-7")->title, "own id");
	ck_slice_eq(task_of(&doc, "filler-session-1-ndi-5")->title, "Note: none");
	ck_assert(!task_of(&doc, "T1")->filler);
}
END_TEST

START_TEST(tables_below_filler_tasks_become_fillers)
{
	struct board_doc doc = read(
		"## Session 5 (CLI) Filler Tasks\n"
		"| # | What | Est |\n|---|---|---|\n| 1 | Write help | 1h |\n| 2 | Draw | 2h |\n\n"
		"| Task | Owner |\n|---|---|\n| Plain words here | |\n| F-1: named | bob |\n| | |\n"
		"## Filler tasks\n| Task |\n|---|\n| X-1: nobody's |\n");

	ck_assert_uint_eq(doc.task_count, 5);
	ck_slice_eq(task_of(&doc, "filler-session-5-cli-1")->title, "Write help");
	ck_assert_int_eq(task_of(&doc, "filler-session-5-cli-2")->est_ms, 7200000);
	ck_slice_eq(task_of(&doc, "filler-session-5-cli-3")->title, "Plain words here");
	ck_slice_eq(task_of(&doc, "filler-session-5-cli-3")->owner, "session-5-cli");
	ck_slice_eq(task_of(&doc, "F-1")->owner, "bob");
	ck_slice_eq(task_of(&doc, "X-1")->owner, "");
	for (size_t i = 0; i < doc.task_count; i++)
		ck_assert(doc.tasks[i].filler);
}
END_TEST

START_TEST(ids_that_are_made_up_make_way)
{
	struct board_doc doc = read("## A Filler Tasks\n1. one\n2. two\n\n## Other\n"
				    "| ID | Title |\n|---|---|\n| filler-a-1 | mine |\n"
				    "| filler-a-3 | too |\n");

	ck_slice_eq(task_of(&doc, "filler-a-1")->title, "mine");
	ck_slice_eq(task_of(&doc, "filler-a-2")->title, "two");
	ck_slice_eq(task_of(&doc, "filler-a-3")->title, "too");
	ck_assert_uint_eq(doc.task_count, 4);
}
END_TEST

START_TEST(a_section_headed_by_an_id_describes_the_task)
{
	struct board_doc doc = read(
		"# Plan\n| Task | x |\n|---|---|\n| P1.1: a | |\n| P1.2: b | |\n| setup: c | |\n"
		"| 1: d | |\n\n"
		"### P1.1: a\n\n**Do** it:\n\n- [ ] first\n- [x] second\n\n```sh\n# no heading\n"
		"make\n```\n\n"
		"#### Details\n\nmore\n\n---\n\n"
		"### `P1.2` \xe2\x80\x94 b\ntext\r\n  indented\r\n"
		"\n## Setup guide\nprose\n\n## 1. Introduction\nprose\n\n"
		"Task setup: how\n---\nunderlined\n\n"
		"## P9.9: unknown\nprose\n");

	ck_slice_eq(task_of(&doc, "P1.1")->description,
		    "**Do** it:\n\n- [ ] first\n- [x] second\n\n```sh\n# no heading\nmake\n```\n\n"
		    "#### Details\n\nmore");
	ck_slice_eq(task_of(&doc, "P1.2")->description, "text\n  indented");
	ck_slice_eq(task_of(&doc, "setup")->description, "underlined");
	ck_slice_eq(task_of(&doc, "1")->description, "");
}
END_TEST

START_TEST(errors_come_all_at_once_with_their_lines)
{
	struct board_doc doc = wrong_board(
		BOARD_MARKDOWN,
		HEAD "| P1: a | x | P9 | | |\n| P2: b | x | P3 | | |\n| P3: c | x | P2 | | |\n"
		     "| P1: d | x | None | | |\n| no id here | x | None | | |\n|  | x | | | |\n"
		     "| P4: e | x | P4 | | |\n| P5: f | x | P1 to P8, Q.* | | |\n"
		     "| P6: g | x | P5 to P4 | | |\n");
	const char *errors = errors_of(&doc);

	ck_has(errors, "7: unknown dependency \"P9\" of P1\n");
	ck_has(errors, "8: dependency cycle: P2 -> P3 -> P2\n");
	ck_has(errors, "10: duplicate id P1: it stands on line 7 already\n");
	ck_has(errors, "11: a row of a task table without an id: \"no id here\"\n");
	ck_has(errors, "12: a row of a task table without an id: \"\"\n");
	ck_has(errors, "13: dependency cycle: P4 -> P4\n");
	ck_has(errors, "14: unknown dependency \"P1 to P8\" of P5\n");
	ck_has(errors, "14: unknown dependency Q.* of P5: no task has such an id\n");
	ck_has(errors, "15: the range P5 to P4 runs backwards\n");
	ck_assert_uint_eq(doc.error_count, 9);
	for (size_t i = 1; i < doc.error_count; i++)
		ck_assert_int_le(doc.errors[i - 1].line, doc.errors[i].line);
}
END_TEST

START_TEST(a_long_cycle_is_told_from_its_first_task)
{
	struct board_doc doc = wrong_board(BOARD_MARKDOWN, "| Task | Deps |\n|---|---|\n| A | C |\n"
							   "| B | A |\n| C | B |\n| D | A |\n");

	ck_assert_str_eq(errors_of(&doc), "3: dependency cycle: A -> C -> B -> A\n");
}
END_TEST

START_TEST(a_document_without_a_task_is_refused)
{
	struct board_doc doc = wrong_board(BOARD_MARKDOWN, "# Prose\n\n| Session | x |\n"
			"|---|---|\n| 1 | 2 |\n");

	ck_assert_str_eq(errors_of(&doc),
			 "0: the document holds no task: a table of tasks has a column Task or "
			 "ID\n");
	doc = wrong_board(BOARD_MARKDOWN, "");
	ck_has(errors_of(&doc), "holds no task");
}
END_TEST

START_TEST(what_passes_the_machines_bounds_is_named_with_its_line)
{
	struct buf text = { 0 };
	struct board_doc doc;

	buf_add_lit(&text, "| Task | Needs | Paths | Attempts | Payload |\n|---|---|---|---|---|\n"
			"| T1: ");
	buf_add_repeat(&text, 'x', 1025);
	buf_add_lit(&text, " | c:d e | ../up | 0 | {\"a\": |\n");
	doc = wrong_board(BOARD_MARKDOWN, buf_str(&text));
	ck_has(errors_of(&doc), "3: task T1: title: has 1025 bytes; the limit is 1024\n");
	ck_has(errors_of(&doc), "needs: ");
	ck_has(errors_of(&doc), "paths: ");
	ck_has(errors_of(&doc), "max_attempts: ");
	ck_has(errors_of(&doc), "3: the payload of T1 cannot be read: not JSON");
	buf_finish(&text);
}
END_TEST

START_TEST(text_that_was_encoded_twice_is_read_as_it_was_meant)
{
	struct board_doc doc = read("# Plan \xc3\xa2\xe2\x82\xac\xe2\x80\x9d one\n\n"
			"| Task | Status |\n|---|---|\n"
				    "| T1: a | \xc3\xb0\xc5\xb8\xc5\xb8\xc2\xa2 |\n"
				    "| T2: b | \xc3\xb0\xc5\xb8\xe2\x80\x9d\xc2\xb5 |\n");

	ck_slice_eq(doc.title, "Plan \xe2\x80\x94 one");
	ck_assert_int_eq(task_of(&doc, "T1")->status, DOC_DONE);
	ck_assert_int_eq(task_of(&doc, "T2")->status, DOC_OPEN);
	ck_assert_uint_eq(doc.remark_count, 1);
	ck_has(remarks_of(&doc), "1: text was encoded twice");
	doc = read("# \xc3\xa2me\n| Task |\n|---|\n| T1: \xc3\xa2 |\n");
	ck_assert_uint_eq(doc.remark_count, 0);
	ck_slice_eq(doc.tasks[0].title, "\xc3\xa2");
}
END_TEST

START_TEST(other_encodings_are_refused_clearly)
{
	struct arena arena = { 0 };
	struct board_doc doc = wrong_board(BOARD_MARKDOWN, "# a\n\nb \xe9 c\n");

	ck_has(errors_of(&doc), "3: byte 0xe9 is not UTF-8 (is it Latin-1");
	ck_assert_int_eq(board_doc_read(SLICE("\xff\xfe#\0 \0"), BOARD_MARKDOWN, &arena, &doc),
			 ERR_DOCUMENT_INVALID);
	ck_has(errors_of(&doc), "1: the text is UTF-16");
	ck_assert_int_eq(board_doc_read(SLICE("# a\n\0"), BOARD_MARKDOWN, &arena, &doc),
			 ERR_DOCUMENT_INVALID);
	ck_has(errors_of(&doc), "2: a NUL byte");
	arena_finish(&arena);
}
END_TEST

START_TEST(line_ends_tabs_and_marks_of_all_systems_are_read)
{
	struct board_doc doc = read("\xef\xbb\xbf# Plan\r\n\r\n|\tTask\t|\tDeps\t|\r\n"
			"|---|---|\r\n|\tT1: a\t|\t|\r\n|T2: b|T1|\r\n");

	ck_slice_eq(doc.title, "Plan");
	ck_assert_int_eq(task_of(&doc, "T2")->line, 6);
	ck_assert_str_eq(deps_of(&doc, "T2"), "T1");
	doc = read("# Plan\r\r| Task |\r|---|\r| T1 |\r");
	ck_assert_int_eq(task_of(&doc, "T1")->line, 5);
}
END_TEST

START_TEST(the_board_may_name_itself)
{
	struct board_doc doc = read("# Plan\n\n**Board:** `my-board`\n\n| Task |\n|---|\n| T1 |\n");

	ck_slice_eq(doc.id, "my-board");
	doc = read("# Plan\n**Status:** good\n**Board:** `b-1`\n**Cost:** $5\n| Task |\n|---|\n"
			"| T1 |\n");
	ck_slice_eq(doc.id, "b-1");
	doc = read("# Plan: S\xc2\xb2 & more!\n\n**Board:** see elsewhere\n\n| Task |\n|---|\n"
			"| T1 |\n");
	ck_slice_eq(doc.id, "plan-s-more");
	doc = read("| Task |\n|---|\n| T1 |\n");
	ck_slice_eq(doc.id, "board");
}
END_TEST

START_TEST(columns_that_are_not_read_are_named)
{
	struct board_doc doc = read("| Task | Owner | Sprint |\n|---|---|---|\n"
			"| T1: a | b | 4 |\n");

	ck_assert_str_eq(remarks_of(&doc), "1: column \"Sprint\" is not read\n");
}
END_TEST

START_TEST(needs_are_capabilities_or_what_others_mean_by_them)
{
	struct board_doc doc = read("| Task | Needs |\n|---|---|\n| T-1: a | code:c, docs:* |\n"
			"| T-2: b | - |\n");

	ck_assert_str_eq(list_text(task_of(&doc, "T-1")->needs), "code:c, docs:*");
	doc = read("| Task | Needs |\n|---|---|\n| T-1: a | - |\n| T-2: b | T-1 |\n");
	ck_assert_str_eq(deps_of(&doc, "T-2"), "T-1");
	ck_assert_uint_eq(task_of(&doc, "T-2")->needs.count, 0);
	doc = read("| Task | Needs |\n|---|---|\n| T-1: a | a GPU |\n");
	ck_assert_uint_eq(doc.tasks[0].needs.count, 0);
	ck_has(remarks_of(&doc), "1: column \"Needs\" is not read");
}
END_TEST

START_TEST(rows_outside_of_tables_are_named)
{
	struct board_doc doc = read("| Task | Owner |\n|---|---|\n| T1: a | b |\n\n"
			"| T2: a | b |\n");

	ck_assert_uint_eq(doc.task_count, 1);
	ck_has(remarks_of(&doc), "5: this looks like a row, but no table goes on here");
}
END_TEST

START_TEST(front_matter_is_no_heading)
{
	struct board_doc doc = read("---\ntitle: x\ntags: [a]\n---\n\n# Plan\n| Task |\n|---|\n"
			"| T1 |\n");

	ck_slice_eq(doc.title, "Plan");
	ck_assert_int_eq(doc.tasks[0].line, 9);
	doc = read("---\n\nText\n---\n| Task |\n|---|\n| T1 |\n");
	ck_slice_eq(doc.title, "Text");
}
END_TEST

START_TEST(lists_in_cells_are_words_or_json)
{
	struct board_doc doc = read("| Task | Needs | Paths | Run |\n|---|---|---|---|\n"
				    "| T1: a | code:c, docs:* | `src/a.c`<br>src/b c.c | make  "
				    "test |\n"
				    "| T2: b | - | [\"a,b\"] | `[\"sh\", \"-c\", \"a b\"]` |\n");

	ck_assert_str_eq(list_text(task_of(&doc, "T1")->needs), "code:c, docs:*");
	ck_assert_str_eq(list_text(task_of(&doc, "T1")->paths), "src/a.c, src/b c.c");
	ck_assert_str_eq(list_text(task_of(&doc, "T1")->run), "make, test");
	ck_assert_str_eq(list_text(task_of(&doc, "T2")->needs), "");
	ck_assert_str_eq(list_text(task_of(&doc, "T2")->paths), "a,b");
	ck_assert_str_eq(list_text(task_of(&doc, "T2")->run), "sh, -c, a b");
	ck_assert_uint_eq(task_of(&doc, "T2")->run.count, 3);
}
END_TEST

/* What grows with the square of its length takes minutes at this size, and the rest no time. */
#define RUBBISH_BYTES (1 << 20)

START_TEST(rubbish_of_a_megabyte_does_not_take_for_ever)
{
	static const char *const pieces[] = {
		"[a](\n", "[a]: <\n", "[x] ", "- ", "> ", "\n", "|", "| Task | a |\n|---|---|\n",
		"`", "*a **b ", "1. a\n", "| a | b |\n", "# T1: a\n", "&#1;", "P.*, ", "<!-- ",
		"```\n",
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct buf text = { 0 };
		struct board_doc doc;

		buf_add_lit(&text, "| Task | Deps |\n|---|---|\n| T1 | ");
		while (text.len + strlen(pieces[i]) <= RUBBISH_BYTES)
			buf_add_str(&text, pieces[i]);
		(void)!board_doc_read(buf_slice(&text), BOARD_MARKDOWN, &arena, &doc);
		buf_finish(&text);
		arena_finish(&arena);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("document/board_markdown");
	TCase *cases = tcase_create("markdown");
	TCase *slow = tcase_create("limits");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, NULL, board_kit_clear);
	tcase_add_checked_fixture(slow, NULL, board_kit_clear);
	tcase_set_timeout(slow, 600);
	tcase_add_test(cases, a_row_becomes_a_task);
	tcase_add_test(cases, ids_are_found_in_every_dress);
	tcase_add_test(cases, an_id_may_have_its_title_in_the_next_column);
	tcase_add_test(cases, columns_come_in_any_order_and_under_many_names);
	tcase_add_test(cases, owners_become_swarm_ids);
	tcase_add_test(cases, status_words_and_marks_are_honoured);
	tcase_add_test(cases, who_has_claimed_a_task_owns_it_where_nobody_else_does);
	tcase_add_test(cases, an_unknown_status_is_open_and_said_so);
	tcase_add_test(cases, a_mark_beside_the_id_is_a_status);
	tcase_add_test(cases, only_tables_of_tasks_count);
	tcase_add_test(cases, tables_are_read_as_github_shows_them);
	tcase_add_test(cases, a_table_of_thousands_of_rows_is_one_table);
	tcase_add_test(cases, rulers_and_totals_are_no_tasks);
	tcase_add_test(cases, several_tables_share_a_group);
	tcase_add_test(cases, lists_below_filler_tasks_become_fillers);
	tcase_add_test(cases, tables_below_filler_tasks_become_fillers);
	tcase_add_test(cases, ids_that_are_made_up_make_way);
	tcase_add_test(cases, a_section_headed_by_an_id_describes_the_task);
	tcase_add_test(cases, errors_come_all_at_once_with_their_lines);
	tcase_add_test(cases, a_long_cycle_is_told_from_its_first_task);
	tcase_add_test(cases, a_document_without_a_task_is_refused);
	tcase_add_test(cases, what_passes_the_machines_bounds_is_named_with_its_line);
	tcase_add_test(cases, text_that_was_encoded_twice_is_read_as_it_was_meant);
	tcase_add_test(cases, other_encodings_are_refused_clearly);
	tcase_add_test(cases, line_ends_tabs_and_marks_of_all_systems_are_read);
	tcase_add_test(cases, the_board_may_name_itself);
	tcase_add_test(cases, columns_that_are_not_read_are_named);
	tcase_add_test(cases, needs_are_capabilities_or_what_others_mean_by_them);
	tcase_add_test(cases, rows_outside_of_tables_are_named);
	tcase_add_test(cases, front_matter_is_no_heading);
	tcase_add_test(cases, lists_in_cells_are_words_or_json);
	tcase_add_test(slow, rubbish_of_a_megabyte_does_not_take_for_ever);
	suite_add_tcase(suite, cases);
	suite_add_tcase(suite, slow);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
