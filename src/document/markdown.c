#include "document/markdown.h"

#include <stdio.h>
#include <stdlib.h>

#include <md4c.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "document/markdown_prepare.h"

/* A reference link is delivered whole each time it is used: a short text could grow without end. */
#define LINK_BYTES_MAX (64 * 1024 * 1024)
/* What the callbacks answer to make md4c stop: negative, or only its innermost loop does. */
#define STOP_LINKS (-2)
#define STOP_CELLS (-3)

#define NO_BLOCK SIZE_MAX
#define NO_LINE SIZE_MAX

/* Where the text that arrives belongs. */
enum target { TARGET_NONE, TARGET_BLOCK, TARGET_CELL };

struct reading {
	struct arena *arena;
	struct prepared prepared;

	struct markdown_block *blocks;
	size_t block_count, block_capacity;
	struct markdown_row *rows;
	size_t row_count, row_capacity;
	struct markdown_text *cells;
	size_t cell_count, cell_capacity;
	size_t *row_cells;		/* of each row: its first cell; the array may still move */
	size_t row_cells_capacity;

	enum target target;
	size_t block;			/* the text's, or that of the table we are in */
	size_t item;			/* numbered item that we are in, or NO_BLOCK */
	int list_depth;
	bool numbered;			/* the outermost list is */
	bool item_has_text;

	struct buf text, starred;
	size_t head, literal_from, literal_to;
	int span_depth;
	bool in_head;

	size_t first_line, last_line;	/* of the copy: where the current text stood, or NO_LINE */
	size_t next_row_line;		/* of the copy: where the next row must stand, or NO_LINE */
	size_t link_bytes;
};

static void text_begin(struct reading *r, enum target target)
{
	r->target = target;
	buf_clear(&r->text);
	buf_clear(&r->starred);
	r->head = r->literal_from = r->literal_to = 0;
	r->span_depth = 0;
	r->in_head = false;
	r->first_line = r->last_line = NO_LINE;
}

static struct markdown_text text_end(struct reading *r)
{
	struct markdown_text text = {
		.text = r->text.len ? arena_copy(r->arena, buf_slice(&r->text)) : SLICE_EMPTY,
		.head = r->head,
		.literal_from = r->literal_from,
		.literal_to = r->literal_to,
	};

	text.starred = r->starred.len == r->text.len ? text.text :
		       arena_copy(r->arena, buf_slice(&r->starred));
	r->target = TARGET_NONE;
	return text;
}

/* The line of the source that a line of the copy came from, said positive. */
static int origin_of(const struct reading *r, size_t line)
{
	int origin;

	if (line >= r->prepared.line_count)
		return 0;
	origin = r->prepared.lines[line].origin;
	return origin < 0 ? -origin : origin;
}

static void block_begin(struct reading *r, enum markdown_kind kind)
{
	r->blocks = alloc_grow(r->blocks, &r->block_capacity, r->block_count + 1,
			       sizeof(*r->blocks));
	r->block = r->block_count++;
	r->blocks[r->block] = (struct markdown_block){ .kind = kind };
}

/* Gives the text that was gathered to its block. */
static void block_text_end(struct reading *r)
{
	struct markdown_block *block;

	if (r->target != TARGET_BLOCK)
		return;
	block = &r->blocks[r->block];
	block->text = text_end(r);
	block->line = origin_of(r, r->first_line);
	block->text_line = origin_of(r, r->last_line);
	if (block->last_line < block->text_line)
		block->last_line = block->text_line;
}

/*
 * md4c says nothing about lines, but every text it reports is a piece of the
 * input itself, save for the few constants that it uses for line breaks: a
 * pointer into the input is a place in it. Whatever holds no text at all
 * has no line.
 */
static void note_place(struct reading *r, const char *at)
{
	const char *start = r->prepared.text.ptr;
	size_t line;
	int origin;

	if (!start || at < start || at >= start + r->prepared.text.len)
		return;
	line = prepared_line_at(&r->prepared, (size_t)(at - start));
	if (r->target != TARGET_NONE) {
		if (r->first_line == NO_LINE)
			r->first_line = line;
		r->last_line = line;
	}
	origin = origin_of(r, line);
	if (r->item != NO_BLOCK && r->blocks[r->item].last_line < origin)
		r->blocks[r->item].last_line = origin;
}

static void table_begin(struct reading *r, const MD_BLOCK_TABLE_DETAIL *detail)
{
	block_begin(r, MARKDOWN_TABLE);
	r->blocks[r->block].column_count = detail->col_count;
	r->blocks[r->block].rows = NULL;
	r->blocks[r->block].text_line = 0;
	r->next_row_line = NO_LINE;
}

static void row_begin(struct reading *r)
{
	r->rows = alloc_grow(r->rows, &r->row_capacity, r->row_count + 1, sizeof(*r->rows));
	r->row_cells = alloc_grow(r->row_cells, &r->row_cells_capacity, r->row_count + 1,
				  sizeof(*r->row_cells));
	r->rows[r->row_count] = (struct markdown_row){ 0 };
	r->row_cells[r->row_count] = r->cell_count;
	r->row_count++;
	r->blocks[r->block].row_count++;
}

static int cell_end(struct reading *r)
{
	struct markdown_row *row = &r->rows[r->row_count - 1];
	size_t line = r->first_line;

	if (r->cell_count >= MARKDOWN_CELLS_MAX)
		return STOP_CELLS;
	r->cells = alloc_grow(r->cells, &r->cell_capacity, r->cell_count + 1, sizeof(*r->cells));
	r->cells[r->cell_count++] = text_end(r);
	if (line != NO_LINE && row->line == 0) {
		row->line = origin_of(r, line);
		r->next_row_line = line;
	}
	return 0;
}

/*
 * The rows of a table are consecutive lines, and the alignment row, which is
 * not reported, is the second: so a row without any text has its line from
 * the row before.
 */
static void row_end(struct reading *r)
{
	struct markdown_block *table = &r->blocks[r->block];
	struct markdown_row *row = &r->rows[r->row_count - 1];

	if (row->line == 0)
		row->line = origin_of(r, r->next_row_line);
	if (r->next_row_line != NO_LINE)
		r->next_row_line += table->row_count == 1 ? 2 : 1;
	if (table->line == 0)
		table->line = row->line;
	table->last_line = row->line;
}

/* A table whose header was said again goes on with the table before it. */
static void table_end(struct reading *r)
{
	struct markdown_block *table = &r->blocks[r->block];
	size_t first = r->row_count - table->row_count;
	size_t line = r->next_row_line;
	struct markdown_block *before;

	if (line == NO_LINE || line < table->row_count + 1 || r->block == 0)
		return;
	line -= table->row_count + 1;	/* of the header */
	before = table - 1;
	if (r->prepared.lines[line].origin >= 0 || before->kind != MARKDOWN_TABLE ||
	    before->column_count != table->column_count)
		return;
	for (size_t i = first + 1; i < r->row_count; i++) {
		r->rows[i - 1] = r->rows[i];
		r->row_cells[i - 1] = r->row_cells[i];
	}
	r->row_count--;
	before->row_count += table->row_count - 1;
	before->last_line = table->last_line;
	r->block_count--;
}

static void item_begin(struct reading *r, const MD_BLOCK_LI_DETAIL *detail)
{
	if (r->list_depth != 1)
		return;
	r->item = NO_BLOCK;
	if (!r->numbered)
		return;
	block_begin(r, MARKDOWN_NUMBERED);
	if (detail->is_task)
		r->blocks[r->block].box =
			detail->task_mark == ' ' ? MARKDOWN_BOX_OPEN : MARKDOWN_BOX_DONE;
	r->item = r->block;
	r->item_has_text = false;
	text_begin(r, TARGET_BLOCK);
}

/* An item's own text ends where another block begins in it. */
static void item_text_end(struct reading *r)
{
	if (r->item != NO_BLOCK && r->target == TARGET_BLOCK && r->block == r->item)
		block_text_end(r);
}

static void paragraph_begin(struct reading *r)
{
	if (r->item != NO_BLOCK && r->target == TARGET_BLOCK && r->text.len == 0)
		return;		/* the first one of a loose item is its text */
	item_text_end(r);
	if (r->list_depth > 0)
		return;
	block_begin(r, MARKDOWN_PARAGRAPH);
	text_begin(r, TARGET_BLOCK);
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *userdata)
{
	struct reading *r = userdata;

	if (type != MD_BLOCK_P)
		item_text_end(r);
	switch (type) {
	case MD_BLOCK_UL:
	case MD_BLOCK_OL:
		if (r->list_depth++ == 0)
			r->numbered = type == MD_BLOCK_OL;
		break;
	case MD_BLOCK_LI:
		item_begin(r, detail);
		break;
	case MD_BLOCK_H:
		block_begin(r, MARKDOWN_HEADING);
		r->blocks[r->block].level = (int)((const MD_BLOCK_H_DETAIL *)detail)->level;
		text_begin(r, TARGET_BLOCK);
		break;
	case MD_BLOCK_P:
		paragraph_begin(r);
		break;
	case MD_BLOCK_TABLE:
		table_begin(r, detail);
		break;
	case MD_BLOCK_TR:
		row_begin(r);
		break;
	case MD_BLOCK_TH:
	case MD_BLOCK_TD:
		text_begin(r, TARGET_CELL);
		break;
	case MD_BLOCK_DOC:
	case MD_BLOCK_QUOTE:
	case MD_BLOCK_HR:
	case MD_BLOCK_CODE:
	case MD_BLOCK_HTML:
	case MD_BLOCK_THEAD:
	case MD_BLOCK_TBODY:
	default:
		break;
	}
	return 0;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *userdata)
{
	struct reading *r = userdata;

	(void)detail;
	switch (type) {
	case MD_BLOCK_UL:
	case MD_BLOCK_OL:
		r->list_depth--;
		break;
	case MD_BLOCK_LI:
		item_text_end(r);
		if (r->list_depth == 1)
			r->item = NO_BLOCK;
		break;
	case MD_BLOCK_H:
	case MD_BLOCK_P:
		block_text_end(r);
		break;
	case MD_BLOCK_TH:
	case MD_BLOCK_TD:
		return cell_end(r);
	case MD_BLOCK_TR:
		row_end(r);
		break;
	case MD_BLOCK_TABLE:
		table_end(r);
		break;
	case MD_BLOCK_DOC:
	case MD_BLOCK_QUOTE:
	case MD_BLOCK_HR:
	case MD_BLOCK_CODE:
	case MD_BLOCK_HTML:
	case MD_BLOCK_THEAD:
	case MD_BLOCK_TBODY:
	default:
		break;
	}
	return 0;
}

static int count_link(struct reading *r, MD_SPANTYPE type, const void *detail)
{
	const MD_SPAN_A_DETAIL *link = detail;
	const MD_SPAN_IMG_DETAIL *image = detail;

	if (type == MD_SPAN_A)
		r->link_bytes += (size_t)link->href.size + link->title.size;
	else if (type == MD_SPAN_IMG)
		r->link_bytes += (size_t)image->src.size + image->title.size;
	return r->link_bytes > LINK_BYTES_MAX ? STOP_LINKS : 0;
}

static int enter_span(MD_SPANTYPE type, void *detail, void *userdata)
{
	struct reading *r = userdata;

	if (r->target != TARGET_NONE) {
		if (type == MD_SPAN_EM)
			buf_add_byte(&r->starred, '*');
		if (r->span_depth++ == 0 && r->text.len == 0)
			r->in_head = true;
	}
	return count_link(r, type, detail);
}

static int leave_span(MD_SPANTYPE type, void *detail, void *userdata)
{
	struct reading *r = userdata;

	(void)detail;
	if (r->target == TARGET_NONE)
		return 0;
	if (type == MD_SPAN_EM)
		buf_add_byte(&r->starred, '*');
	if (--r->span_depth == 0 && r->in_head) {
		r->in_head = false;
		r->head = r->text.len;
	}
	return 0;
}

static void add_text(struct reading *r, struct slice text)
{
	buf_add_slice(&r->text, text);
	buf_add_slice(&r->starred, text);
}

/* In a table a pipe is escaped even inside code, where nothing else is. */
static void add_code(struct reading *r, struct slice code)
{
	if (r->target != TARGET_CELL) {
		add_text(r, code);
		return;
	}
	for (size_t i = 0; i < code.len; i++)
		if (code.ptr[i] != '\\' || i + 1 >= code.len || code.ptr[i + 1] != '|')
			add_text(r, slice_of(code.ptr + i, 1));
}

static bool number_of(struct slice digits, uint32_t base, uint32_t *ret_code_point)
{
	uint32_t value = 0;

	if (digits.len == 0)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.ptr[i];
		uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') :
				 c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 :
				 c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10 : base;

		if (digit >= base)
			return false;
		value = value * base + digit;
		if (value > 0x10ffff)
			return false;
	}
	*ret_code_point = value;
	return value > 0 && (value < 0xd800 || value > 0xdfff);
}

/* `name` is what stands between & and ; */
static bool reference_of(struct slice name, uint32_t *ret_code_point)
{
	static const struct {
		const char *name;
		uint32_t code_point;
	} known[] = {
		{ "amp", '&' },	     { "lt", '<' },	  { "gt", '>' },
		{ "quot", '"' },     { "apos", '\'' },	  { "nbsp", 0xa0 },
		{ "ndash", 0x2013 }, { "mdash", 0x2014 }, { "hellip", 0x2026 },
		{ "rarr", 0x2192 },  { "vert", '|' },	  { "ast", '*' },
		{ "grave", '`' },    { "check", 0x2713 },
	};

	if (slice_starts(name, SLICE("#x")) || slice_starts(name, SLICE("#X")))
		return number_of(slice_from(name, 2), 16, ret_code_point);
	if (slice_starts(name, SLICE("#")))
		return number_of(slice_from(name, 1), 10, ret_code_point);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (slice_is_str(name, known[i].name)) {
			*ret_code_point = known[i].code_point;
			return true;
		}
	}
	return false;
}

static void add_reference(struct reading *r, struct slice text)
{
	uint32_t code_point;
	char bytes[4];

	if (text.len < 3 || !reference_of(slice_of(text.ptr + 1, text.len - 2), &code_point)) {
		add_text(r, text);
		return;
	}
	if (r->literal_to == 0)
		r->literal_from = r->text.len;
	add_text(r, slice_of(bytes, text_encode(code_point, bytes)));
	r->literal_to = r->text.len;
}

static int add(MD_TEXTTYPE type, const MD_CHAR *at, MD_SIZE size, void *userdata)
{
	struct reading *r = userdata;
	struct slice text = slice_of(at, size);

	note_place(r, at);
	if (r->target == TARGET_NONE)
		return 0;
	switch (type) {
	case MD_TEXT_NORMAL:
		add_text(r, text);
		break;
	case MD_TEXT_CODE:
	case MD_TEXT_LATEXMATH:
		add_code(r, text);
		break;
	case MD_TEXT_ENTITY:
		add_reference(r, text);
		break;
	case MD_TEXT_HTML:
		if (slice_is_nocase(slice_head(text, 3), SLICE("<br")))
			add_text(r, slice_of((const char[]){ MARKDOWN_BREAK }, 1));
		break;
	case MD_TEXT_BR:
	case MD_TEXT_SOFTBR:
		add_text(r, r->blocks[r->block].kind == MARKDOWN_PARAGRAPH ? SLICE("\n") :
									    SLICE(" "));
		break;
	case MD_TEXT_NULLCHAR:
	default:
		break;
	}
	return 0;
}

/* Rows and cells stop moving: their pointers can be set. */
static void settle(struct reading *r, struct markdown *ret_markdown)
{
	struct markdown_block *blocks = arena_zero(r->arena, r->block_count, sizeof(*blocks));
	struct markdown_row *rows = arena_zero(r->arena, r->row_count, sizeof(*rows));
	struct markdown_text *cells = arena_zero(r->arena, r->cell_count, sizeof(*cells));
	size_t row = 0;

	if (r->cell_count)
		memcpy(cells, r->cells, r->cell_count * sizeof(*cells));
	for (size_t i = 0; i < r->row_count; i++) {
		rows[i] = r->rows[i];
		rows[i].cells = cells + r->row_cells[i];
	}
	for (size_t i = 0; i < r->block_count; i++) {
		blocks[i] = r->blocks[i];
		if (blocks[i].kind == MARKDOWN_TABLE) {
			blocks[i].rows = rows + row;
			row += blocks[i].row_count;
		}
	}
	*ret_markdown = (struct markdown){ .blocks = blocks, .block_count = r->block_count };
}

static enum err refuse(struct source_fault *ret_fault, int line, const char *what)
{
	ret_fault->line = line;
	snprintf(ret_fault->text, sizeof(ret_fault->text), "%s", what);
	return ERR_LIMIT_EXCEEDED;
}

static enum err run(struct reading *r, struct source_fault *ret_fault)
{
	const MD_PARSER parser = {
		.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS,
		.enter_block = enter_block,
		.leave_block = leave_block,
		.enter_span = enter_span,
		.leave_span = leave_span,
		.text = add,
	};
	/* md4c looks for the ends of lines with strcspn: a zero byte stands behind the last one. */
	int status = md_parse(buf_str(&r->prepared.text), (MD_SIZE)r->prepared.text.len, &parser,
			      r);

	ENSURE(status != -1);	/* md4c fails only when memory does */
	if (status == STOP_LINKS)
		return refuse(ret_fault, 0, "reference links that stand for more than 64 MB of text");
	if (status == STOP_CELLS)
		return refuse(ret_fault, 0, "tables with more than 2,000,000 cells");
	return OK;
}

enum err markdown_parse(const struct source *source, struct arena *arena,
			struct markdown *ret_markdown, struct source_fault *ret_fault)
{
	struct reading r = { .arena = arena, .item = NO_BLOCK, .next_row_line = NO_LINE };
	enum err err;

	for (size_t i = 0; i < source->line_count; i++)
		if (source->lines[i].len > MARKDOWN_LINE_BYTES_MAX)
			return refuse(ret_fault, (int)i + 1, "a line of more than 1 MB");
	markdown_prepare(source, &r.prepared);
	err = run(&r, ret_fault);
	if (err == OK)
		settle(&r, ret_markdown);
	prepared_finish(&r.prepared);
	buf_finish(&r.text);
	buf_finish(&r.starred);
	free(r.blocks);
	free(r.rows);
	free(r.row_cells);
	free(r.cells);
	return err;
}
