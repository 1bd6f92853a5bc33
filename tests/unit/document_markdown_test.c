#include "document/markdown.h"

#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "base/buf.h"
#include "document/markdown_prepare.h"

static struct arena arena;
static struct source_fault fault;

static struct markdown parse(const char *text)
{
	struct source source;
	struct markdown markdown = { 0 };

	source_cut(arena_copy(&arena, slice_of_str(text)), &arena, &source);
	ck_assert_int_eq(markdown_parse(&source, &arena, &markdown, &fault), OK);
	return markdown;
}

static void clear(void)
{
	arena_finish(&arena);
}

#define ck_text(slice, str)                                                          \
	ck_assert_msg(slice_is_str((slice), (str)), "\"%.*s\" is not \"%s\"",       \
		      (int)(slice).len, (slice).ptr ? (slice).ptr : "", (str))

/* "heading 1-1, table 3-5, ..." */
static const char *outline(const struct markdown *markdown)
{
	static const char *const names[] = { "heading", "table", "item", "paragraph" };
	struct buf text = { 0 };
	const char *copy;

	for (size_t i = 0; i < markdown->block_count; i++) {
		const struct markdown_block *block = &markdown->blocks[i];
		char part[64];

		snprintf(part, sizeof(part), "%s%s %d-%d", i ? ", " : "", names[block->kind],
			 block->line, block->last_line);
		buf_add_str(&text, part);
	}
	copy = arena_copy(&arena, buf_slice(&text)).ptr;
	buf_finish(&text);
	return copy;
}

START_TEST(every_block_knows_its_lines)
{
	struct markdown markdown = parse("# One\n"
					 "text\nmore\n"
					 "| a | b |\n|-|-|\n| c | d |\n"
					 "\nTwo\nlines\n===\n"
					 "1. item\n   goes on\n\n   - nested\n     text\n2. next\n"
					 "\n"
					 "```\n# code\n```\n"
					 "> ### Quoted\n"
					 "\n<!--\n# comment\n-->\n"
					 "## Last");

	ck_assert_str_eq(outline(&markdown),
			 "heading 1-1, paragraph 2-3, table 4-6, heading 8-9, item 11-15, item "
			 "16-16, "
			 "heading 21-21, heading 26-26");
}
END_TEST

START_TEST(every_row_knows_its_line)
{
	struct markdown markdown = parse("\n\n| a | `b` |\r\n|---|---|\r\n| | |\r\n| 1 |\r\n"
			"|| x |\r\n");
	const struct markdown_block *table = &markdown.blocks[0];

	ck_assert_uint_eq(table->row_count, 4);
	ck_assert_uint_eq(table->column_count, 2);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(table->rows[i].line, i == 0 ? 3 : i + 4);
	ck_text(table->rows[0].cells[1].text, "b");
	ck_text(table->rows[1].cells[0].text, "");
	ck_text(table->rows[2].cells[1].text, "");
	ck_text(table->rows[3].cells[1].text, "x");
}
END_TEST

static struct markdown_text cell_of(const char *cell)
{
	char text[512];
	struct markdown markdown;

	snprintf(text, sizeof(text), "| a |\n|---|\n| %s |\n", cell);
	markdown = parse(text);
	ck_assert_uint_eq(markdown.block_count, 1);
	ck_assert_uint_eq(markdown.blocks[0].row_count, 2);
	return markdown.blocks[0].rows[1].cells[0];
}

START_TEST(cells_without_anything_keep_their_place)
{
	struct markdown markdown = parse("|a||c|\n|-|-|-|\n|| x ||\n|x||\\|| y\n| `1||2` |||\n");
	const struct markdown_row *rows = markdown.blocks[0].rows;

	ck_text(rows[0].cells[2].text, "c");
	ck_text(rows[1].cells[0].text, "");
	ck_text(rows[1].cells[1].text, "x");
	ck_text(rows[2].cells[0].text, "x");
	ck_text(rows[2].cells[1].text, "");
	ck_text(rows[2].cells[2].text, "|");
	ck_text(rows[3].cells[0].text, "1||2");
}
END_TEST

START_TEST(decoration_is_taken_off)
{
	static const char *const want[][2] = {
		{ "**b** _i_ ~~s~~ `c`", "b i s c" },
		{ "[link](u \"t\") ![alt](v) <http://x>", "link alt http://x" },
		{ "\\*no\\* \\| \\\\", "*no* | \\" },
		{ "`a\\|b` `` x`y ``", "a|b x`y" },
		{ "&amp; &lt; &#65; &#x1F535; &nope; &#0; &#xD800;",
		  "& < A \xf0\x9f\x94\xb5 &nope; &#0; &#xD800;" },
		{ "a<b>c</b><!-- d --> e < f", "ac e < f" },
		{ "one<br>two<BR/>three", "one\xfftwo\xff" "three" },
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		ck_text(cell_of(want[i][0]).text, want[i][1]);
}
END_TEST

START_TEST(stars_of_emphasis_can_be_had_back)
{
	ck_text(cell_of("P0.1.*, P0.2.*").starred, "P0.1.*, P0.2.*");
	ck_text(cell_of("**P0.5.***").starred, "P0.5.*");
	ck_text(cell_of("*x*").starred, "*x*");
	ck_text(cell_of("*x*").text, "x");
}
END_TEST

START_TEST(the_span_in_front_and_what_is_literal_are_told)
{
	struct markdown_text text = cell_of("**`P1`** rest");

	ck_assert_uint_eq(text.head, 2);
	ck_assert_uint_eq(text.literal_to, 0);
	ck_assert_uint_eq(cell_of("x **P1**").head, 0);
	text = cell_of("a&#45;b&amp;c");
	ck_text(text.text, "a-b&c");
	ck_assert_uint_eq(text.literal_from, 1);
	ck_assert_uint_eq(text.literal_to, 4);
}
END_TEST

START_TEST(items_know_their_boxes)
{
	struct markdown markdown = parse("1. [ ] open\n2. [x] done\n3. none\n\n- [x] bullet\n");

	ck_assert_uint_eq(markdown.block_count, 3);
	ck_assert_int_eq(markdown.blocks[0].box, MARKDOWN_BOX_OPEN);
	ck_assert_int_eq(markdown.blocks[1].box, MARKDOWN_BOX_DONE);
	ck_assert_int_eq(markdown.blocks[2].box, MARKDOWN_NO_BOX);
	ck_text(markdown.blocks[1].text.text, "done");
}
END_TEST

START_TEST(long_tables_and_paragraphs_are_broken_where_nobody_sees_it)
{
	struct buf text = { 0 };
	struct markdown markdown;

	buf_add_lit(&text, "| a | b |\n|---|---|\n");
	for (int i = 0; i < 4 * PREPARE_RUN_MAX; i++)
		buf_add_lit(&text, "| x | y |\n");
	buf_add_lit(&text, "\n| a | b |\n|---|---|\n| z | |\n");
	markdown = parse(buf_str(&text));
	ck_assert_uint_eq(markdown.block_count, 2);
	ck_assert_uint_eq(markdown.blocks[0].row_count, 4 * PREPARE_RUN_MAX + 1);
	ck_assert_int_eq(markdown.blocks[0].last_line, 4 * PREPARE_RUN_MAX + 2);
	ck_assert_int_eq(markdown.blocks[1].line, 4 * PREPARE_RUN_MAX + 4);
	for (size_t i = 1; i < markdown.blocks[0].row_count; i++)
		ck_assert_int_eq(markdown.blocks[0].rows[i].line, (int)i + 2);
	buf_finish(&text);
}
END_TEST

START_TEST(what_would_take_too_long_is_refused)
{
	struct markdown markdown;
	struct source source;
	struct buf text = { 0 };

	buf_add_repeat(&text, 'x', MARKDOWN_LINE_BYTES_MAX + 1);
	source_cut(buf_slice(&text), &arena, &source);
	ck_assert_int_eq(markdown_parse(&source, &arena, &markdown, &fault), ERR_LIMIT_EXCEEDED);
	ck_assert_int_eq(fault.line, 1);
	buf_clear(&text);
	buf_add_lit(&text, "[x]: ");
	buf_add_repeat(&text, 'u', 100000);
	buf_add_byte(&text, '\n');
	for (int i = 0; i < 1000; i++)
		buf_add_lit(&text, "\n[x]\n");
	source_cut(buf_slice(&text), &arena, &source);
	ck_assert_int_eq(markdown_parse(&source, &arena, &markdown, &fault), ERR_LIMIT_EXCEEDED);
	ck_assert(strstr(fault.text, "64 MB") != NULL);
	buf_finish(&text);
}
END_TEST

START_TEST(a_section_is_what_stays_what_it_is)
{
	static const char *const yes[] = {
		"text", "a\n\n- [ ] b\n  c\n\n1. d", "```c\n# x\n| a |\n|---|\n```", "> quote",
		"a | b", "~~~\n```\n~~~", "\xe2\x80\x94 dash",
	};
	static const char *const no[] = {
		"", " text", "text ", "text\n", "a\n# b", "a\n> # b", "a\n- # b", "a\n---", "a\n=",
		"| a |\n|---|", "<b>", "```\nopen", "- ```\n  x\n"
		"  ```", "    ```", "a\rb", "a\x01" "b",
		"* * *",
	};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		ck_assert_msg(markdown_is_section(slice_of_str(yes[i])), "%s", yes[i]);
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		ck_assert_msg(!markdown_is_section(slice_of_str(no[i])), "%s", no[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("document/markdown");
	TCase *cases = tcase_create("markdown");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, NULL, clear);
	tcase_add_test(cases, every_block_knows_its_lines);
	tcase_add_test(cases, every_row_knows_its_line);
	tcase_add_test(cases, cells_without_anything_keep_their_place);
	tcase_add_test(cases, decoration_is_taken_off);
	tcase_add_test(cases, stars_of_emphasis_can_be_had_back);
	tcase_add_test(cases, the_span_in_front_and_what_is_literal_are_told);
	tcase_add_test(cases, items_know_their_boxes);
	tcase_add_test(cases, long_tables_and_paragraphs_are_broken_where_nobody_sees_it);
	tcase_add_test(cases, what_would_take_too_long_is_refused);
	tcase_add_test(cases, a_section_is_what_stays_what_it_is);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
