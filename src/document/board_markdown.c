/*
 * board_markdown - boards that people keep as Markdown.
 *
 * A table whose header has a column `Task` or `ID` is one of tasks, and the
 * heading above it is their group. Lists and tables below a heading that
 * ends in "Filler Tasks" are fillers. A section headed by a task's id
 * describes it. All the rest is prose.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/text.h"
#include "document/board_build.h"
#include "document/board_columns.h"
#include "document/board_deps.h"
#include "document/board_row.h"
#include "document/board_words.h"
#include "document/markdown.h"
#include "document/mojibake.h"

struct reading {
	struct board_build *build;
	struct source source;
	struct markdown markdown;
	struct board_place place;
	int headings;			/* seen so far */

	struct dep_cell *deps;		/* one for each task */
	size_t dep_capacity;
	struct dep_table *tables;
	size_t table_count, table_capacity;

	bool *made_up;			/* of each task: its id was not in the document */
	size_t made_up_capacity;
	struct filler_owner *owners;
	size_t owner_count, owner_capacity;
	struct map by_owner;
};

/* How far the ids that are made up for an owner's fillers have come. */
struct filler_owner {
	struct slice owner;
	uint32_t last;
};

static bool same_owner(const void *context, uint32_t value, const void *key)
{
	const struct reading *r = context;

	return slice_is(r->owners[value].owner, *(const struct slice *)key);
}

static struct filler_owner *filler_owner_of(struct reading *r, struct slice owner)
{
	uint32_t hash = hash_slice((uint64_t)(uintptr_t)r, owner);
	uint32_t known = map_find(&r->by_owner, hash, same_owner, r, &owner);

	if (known != MAP_NONE)
		return &r->owners[known];
	r->owners = alloc_grow(r->owners, &r->owner_capacity, r->owner_count + 1,
			       sizeof(*r->owners));
	r->owners[r->owner_count] = (struct filler_owner){ .owner = owner };
	map_add(&r->by_owner, hash, (uint32_t)r->owner_count);
	return &r->owners[r->owner_count++];
}

/* filler-session-1-ndi-1: by its place in the list, so that it is the same at the next import. */
static struct slice make_up_id(struct reading *r, struct slice owner)
{
	struct filler_owner *filler = filler_owner_of(r, owner);
	char id[ID_BYTES_MAX + 32];
	struct slice made;

	do {
		/* 7 for "filler-", 12 for a dash and the number. */
		int owner_len = (int)(owner.len < ID_BYTES_MAX - 19 ? owner.len : ID_BYTES_MAX - 19);
		int len = snprintf(id, sizeof(id), "filler-%.*s%s%u", owner_len,
				   owner.len ? owner.ptr : "", owner.len ? "-" : "",
				   ++filler->last);

		made = slice_of(id, (size_t)len);
	} while (board_find(r->build, made) != MAP_NONE);
	return arena_copy(r->build->arena, made);
}

/* An id in the document has the right of way before one that was made up. */
static void make_way(struct reading *r, struct slice id)
{
	uint32_t holder = board_find(r->build, id);

	if (holder == MAP_NONE || !r->made_up[holder])
		return;
	board_rename_task(r->build, holder, make_up_id(r, r->build->tasks[holder].owner));
}

/* An empty id asks for one to be made up. */
static struct doc_task *add_task(struct reading *r, struct slice id, struct slice owner, int line)
{
	struct board_build *build = r->build;
	bool made_up = id.len == 0;
	struct doc_task *task;

	if (made_up)
		id = make_up_id(r, owner);
	else
		make_way(r, id);
	task = board_add_task(build, id, line);
	if (!task)
		return NULL;
	r->made_up = alloc_grow(r->made_up, &r->made_up_capacity, build->task_count,
				sizeof(*r->made_up));
	r->deps = alloc_grow(r->deps, &r->dep_capacity, build->task_count, sizeof(*r->deps));
	r->made_up[build->task_count - 1] = made_up;
	r->deps[build->task_count - 1] = (struct dep_cell){
		.table = (uint32_t)r->table_count - 1,
	};
	r->tables[r->table_count - 1].count++;
	return task;
}

static void table_begin(struct reading *r, bool has_deps)
{
	r->tables = alloc_grow(r->tables, &r->table_capacity, r->table_count + 1,
			       sizeof(*r->tables));
	r->tables[r->table_count++] = (struct dep_table){
		.first = (uint32_t)r->build->task_count,
		.has_deps = has_deps,
		.filler = r->place.filler,
	};
}

/* A row of nothing but dashes, which some draw between the parts of a table. */
static bool is_ruler(const struct markdown_row *row, size_t columns)
{
	bool any = false;

	for (size_t i = 0; i < columns; i++) {
		struct slice text = row->cells[i].text;

		for (size_t at = 0; at < text.len; at++) {
			if (text.ptr[at] != '-' && text.ptr[at] != ':' && text.ptr[at] != '=')
				return false;
			any = any || text.len >= 3;
		}
	}
	return any;
}

/* "**Total** | | $500": its id cell holds a word that no task is called. */
static bool is_total(struct slice id)
{
	return slice_is_nocase(id, SLICE("total")) || slice_is_nocase(id, SLICE("totals")) ||
	       slice_is_nocase(id, SLICE("sum"));
}

/* Finds the id of a row. False, and said why, when it is no task. An empty id: a filler without. */
static bool read_id(struct reading *r, const struct markdown_row *row,
		    const struct board_columns *columns, struct board_id_cell *ret_id)
{
	const struct markdown_text *cell = board_row_cell(row, columns, COLUMN_ID);

	*ret_id = (struct board_id_cell){ 0 };
	if (cell && board_split_id(cell, ret_id)) {
		if (word_is_verbatim(cell) || !is_total(ret_id->id))
			return true;
		board_remark(r->build, row->line, "a row of totals; it is not read as a task");
		return false;
	}
	if (r->place.filler) {
		*ret_id = (struct board_id_cell){ 0 };
		if (cell)
			ret_id->title = word_plain(cell, &ret_id->status, &ret_id->has_status);
		return true;
	}
	ENSURE(cell);	/* only a table of fillers may lack the column */
	board_error(r->build, row->line, "a row of a task table without an id: \"%.*s\"",
		    SHOW(board_text(r->build, cell->text, ' ')));
	return false;
}

static void read_row(struct reading *r, const struct markdown_row *row,
		     const struct board_columns *columns)
{
	const struct markdown_text *deps = board_row_cell(row, columns, COLUMN_DEPS);
	struct board_id_cell id;
	struct doc_task *task;
	struct slice title;

	if (!read_id(r, row, columns, &id))
		return;
	title = board_row_title(r->build, row, columns, &id);
	if (id.id.len == 0 && title.len == 0)
		return;		/* an empty row below a heading of fillers */
	task = add_task(r, id.id, r->place.owner, row->line);
	if (!task)
		return;
	task->title = title;
	if (id.has_status)
		task->status = id.status;
	board_row_fill(r->build, row, columns, &r->place, task);
	if (deps) {
		r->deps[r->build->task_count - 1].text = deps->starred;
		r->deps[r->build->task_count - 1].verbatim = word_is_verbatim(deps);
	}
}

/* A table of fillers without ids: the first column that is no number is the title. */
static void choose_title(struct board_columns *columns)
{
	if (columns->at[COLUMN_ID] != COLUMN_ABSENT || columns->at[COLUMN_TITLE] != COLUMN_ABSENT)
		return;
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->meaning[i] == COLUMN_UNKNOWN ||
		    columns->meaning[i] == COLUMN_DESCRIPTION) {
			if (columns->meaning[i] == COLUMN_DESCRIPTION)
				columns->at[COLUMN_DESCRIPTION] = COLUMN_ABSENT;
			columns->meaning[i] = COLUMN_TITLE;
			columns->at[COLUMN_TITLE] = i;
			return;
		}
	}
}

static void say_unread_columns(struct reading *r, const struct markdown_block *table,
			       const struct board_columns *columns)
{
	size_t title = columns->at[COLUMN_TITLE] == COLUMN_ABSENT &&
		       columns->at[COLUMN_ID] != COLUMN_ABSENT ? columns->at[COLUMN_ID] + 1 :
								 COLUMN_ABSENT;

	for (size_t i = 0; i < columns->count; i++) {
		struct slice name = table->rows[0].cells[i].text;

		if (name.len && (columns->meaning[i] == COLUMN_IGNORED ||
				 (columns->meaning[i] == COLUMN_UNKNOWN && i != title)))
			board_remark(r->build, table->line, "column \"%.*s\" is not read",
				     SHOW(name));
	}
}

static void read_table(struct reading *r, const struct markdown_block *table)
{
	struct board_columns columns;

	if (table->row_count == 0)
		return;
	board_columns_read(table, &columns);
	if (r->place.filler)
		choose_title(&columns);
	else if (columns.at[COLUMN_ID] == COLUMN_ABSENT)
		return;
	say_unread_columns(r, table, &columns);
	table_begin(r, columns.at[COLUMN_DEPS] != COLUMN_ABSENT);
	for (size_t i = 1; i < table->row_count && !r->build->over_limit; i++)
		if (!is_ruler(&table->rows[i], columns.count))
			read_row(r, &table->rows[i], &columns);
}

/* Source lines with LF between them and without the indentation they share. */
static struct slice source_text(struct reading *r, int from, int to)
{
	size_t shared = SIZE_MAX;
	struct buf text = { 0 };
	struct slice copy;

	for (int line = from; line <= to; line++) {
		struct slice content = r->source.lines[line - 1];
		size_t indent = 0;

		while (indent < content.len && content.ptr[indent] == ' ')
			indent++;
		if (indent < content.len && indent < shared)
			shared = indent;
	}
	for (int line = from; line <= to; line++) {
		buf_add_slice(&text, slice_from(r->source.lines[line - 1], shared));
		buf_add_byte(&text, '\n');
	}
	copy = text.len ? arena_copy(r->build->arena, buf_slice(&text)) : SLICE_EMPTY;
	buf_finish(&text);
	return copy;
}

/* Without empty lines at both ends; the first line keeps its indentation. */
static struct slice trim_lines(struct slice text)
{
	for (;;) {
		struct slice rest = text;
		struct slice line = slice_cut(&rest, '\n');

		if (text.len == 0 || slice_trim(line).len)
			break;
		text = rest;
	}
	while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == ' ' ||
			    text.ptr[text.len - 1] == '\t'))
		text.len--;
	return text;
}

static void read_item(struct reading *r, const struct markdown_block *item)
{
	struct board_id_cell id = { 0 };
	struct doc_task *task;
	bool has_digit = false;

	if (!r->place.filler || item->text.text.len == 0)
		return;
	if (r->table_count == 0 || r->tables[r->table_count - 1].count ||
	    r->tables[r->table_count - 1].has_deps)
		table_begin(r, false);
	/* "T-9: clean up" brings its id along; "Note: clean up" does not. */
	if (board_split_id(&item->text, &id) && id.title.len)
		for (size_t i = 0; i < id.id.len; i++)
			has_digit = has_digit || (id.id.ptr[i] >= '0' && id.id.ptr[i] <= '9');
	if (!has_digit) {
		id = (struct board_id_cell){ 0 };
		id.title = word_plain(&item->text, &id.status, &id.has_status);
	}
	task = add_task(r, id.id, r->place.owner, item->line);
	if (!task)
		return;
	task->title = board_text(r->build, id.title, ' ');
	task->group = r->place.group;
	task->filler = true;
	task->owner = r->place.owner;
	task->status = id.has_status ? id.status : DOC_OPEN;
	if (item->box == MARKDOWN_BOX_DONE)
		task->status = DOC_DONE;
	if (item->last_line > item->text_line)
		task->description =
			trim_lines(source_text(r, item->text_line + 1, item->last_line));
}

static void read_heading(struct reading *r, const struct markdown_block *heading)
{
	struct slice text = board_text(r->build, word_plain(&heading->text, NULL, NULL), ' ');
	struct slice owner;

	if (r->headings++ == 0)
		r->build->title = text;
	r->place = (struct board_place){ .group = text };
	if (!board_heading_is_filler(text, &owner))
		return;
	r->place.filler = true;
	r->place.owner = word_to_id(owner, r->build->arena);
}

/* A line "Board: phase-0" near the title names the board. */
static void read_paragraph(struct reading *r, const struct markdown_block *paragraph)
{
	struct slice rest = paragraph->text.text;

	/* An empty line in the middle of a table, or an alignment row that is none. */
	if (rest.len > 1 && rest.ptr[0] == '|' && slice_find_byte(slice_from(rest, 1), '|') >= 0)
		board_remark(r->build, paragraph->line,
			     "this looks like a row, but no table goes on here; it is not read");
	while (r->headings < 2 && rest.len && r->build->id.len == 0) {
		struct slice line = slice_trim(slice_cut(&rest, '\n'));

		if (word_cut(&line, "board:") && id_is_valid(line))
			r->build->id = line;
	}
}

static void read_blocks(struct reading *r)
{
	for (size_t i = 0; i < r->markdown.block_count && !r->build->over_limit; i++) {
		const struct markdown_block *block = &r->markdown.blocks[i];

		switch (block->kind) {
		case MARKDOWN_HEADING: read_heading(r, block); break;
		case MARKDOWN_TABLE: read_table(r, block); break;
		case MARKDOWN_NUMBERED: read_item(r, block); break;
		case MARKDOWN_PARAGRAPH: read_paragraph(r, block); break;
		default: panic(__FILE__, __LINE__, "markdown kind");
		}
	}
}

/* The task that a heading names, or MAP_NONE. `title`: no other heading came before. */
static uint32_t task_of_heading(struct reading *r, const struct markdown_block *heading, bool title)
{
	struct slice ids[HEADING_IDS_MAX];
	struct slice text = word_plain(&heading->text, NULL, NULL);
	size_t count = title && heading->level == 1 ? 0 : board_heading_ids(text, ids);

	for (size_t i = 0; i < count; i++) {
		uint32_t task = board_find(r->build, ids[i]);

		if (task != MAP_NONE && !r->made_up[task])
			return task;
	}
	return MAP_NONE;
}

/* The first line below a heading: an underlined one has its underline between. */
static int first_line_below(const struct reading *r, const struct markdown_block *heading)
{
	struct slice line = r->source.lines[heading->text_line - 1];

	while (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t' || line.ptr[0] == '>'))
		line = slice_from(line, 1);
	return heading->text_line + (line.len && line.ptr[0] == '#' ? 1 : 2);
}

/* The rule that some draw before the next heading belongs to nobody. */
static struct slice without_rule(struct slice text)
{
	for (;;) {
		size_t start = text.len;
		struct slice line;

		while (start > 0 && text.ptr[start - 1] != '\n')
			start--;
		line = slice_trim(slice_from(text, start));
		if (line.len < 3 || (!slice_is(line, SLICE("---")) && !slice_is(line, SLICE("***")) &&
				     !slice_is(line, SLICE("___"))))
			return text;
		text = trim_lines(slice_head(text, start));
	}
}

static void add_description(struct reading *r, uint32_t index, struct slice text, int line)
{
	struct doc_task *task = &r->build->tasks[index];
	struct buf both = { 0 };

	if (task->description.len == 0) {
		task->description = text;
		return;
	}
	board_remark(r->build, line, "%.*s is described twice; both are kept", SHOW(task->id));
	buf_add_slice(&both, task->description);
	buf_add_lit(&both, "\n\n");
	buf_add_slice(&both, text);
	task->description = arena_copy(r->build->arena, buf_slice(&both));
	buf_finish(&both);
}

/*
 * A description reaches from its heading to the next one that is as high, or
 * that names another task: lower ones belong to it.
 */
static void read_descriptions(struct reading *r)
{
	uint32_t task = MAP_NONE;
	int level = INT32_MAX, from = 0;
	bool title = true;

	for (size_t i = 0; i <= r->markdown.block_count; i++) {
		const struct markdown_block *block =
			i < r->markdown.block_count ? &r->markdown.blocks[i] : NULL;
		uint32_t next = MAP_NONE;
		int end = (int)r->source.line_count;

		if (block) {
			if (block->kind != MARKDOWN_HEADING)
				continue;
			next = block->text.text.len ? task_of_heading(r, block, title) : MAP_NONE;
			title = false;
			if (block->text.text.len == 0 || (block->level > level && next == MAP_NONE))
				continue;
			end = block->line - 1;
		}
		if (task != MAP_NONE) {
			struct slice text = source_text(r, from, end);

			text = without_rule(trim_lines(text));
			if (text.len)
				add_description(r, task, text, from - 1);
		}
		task = next;
		level = next != MAP_NONE ? block->level : INT32_MAX;
		if (next != MAP_NONE)
			from = first_line_below(r, block);
	}
}

static struct slice repair(struct board_build *build, struct slice text)
{
	struct buf repaired = { 0 }, first = { 0 };
	struct mojibake found = mojibake_repair(text, &repaired);
	struct source before;

	if (found.count == 0) {
		buf_finish(&repaired);
		return text;
	}
	source_cut(slice_head(text, found.first_at + 1), build->arena, &before);
	mojibake_repair(found.first, &first);
	board_remark(build, (int)before.line_count,
		     "text was encoded twice (UTF-8 read as Windows-1252) and is read as it was "
		     "meant: \"%.*s\" as \"%.*s\", %zu times",
		     SHOW(found.first), SHOW(buf_slice(&first)), found.count);
	text = arena_copy(build->arena, buf_slice(&repaired));
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))	/* a byte order mark that was, too */
		text = slice_from(text, 3);
	buf_finish(&repaired);
	buf_finish(&first);
	return text;
}

void board_read_markdown(struct board_build *build, struct slice text)
{
	struct reading r = { .build = build };
	struct source_fault fault;

	build->no_task_hint = ": a table of tasks has a column Task or ID";
	source_cut(repair(build, text), build->arena, &r.source);
	if (markdown_parse(&r.source, build->arena, &r.markdown, &fault) != OK) {
		board_over_limit(build, fault.line, fault.text);
		return;
	}
	read_blocks(&r);
	if (!build->over_limit)
		read_descriptions(&r);
	if (!build->over_limit)
		board_resolve_deps(build, r.deps, r.tables, r.table_count);
	free(r.deps);
	free(r.tables);
	free(r.made_up);
	free(r.owners);
	map_finish(&r.by_owner);
}
