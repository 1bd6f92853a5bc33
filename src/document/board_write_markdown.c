/*
 * board_write_markdown - a board as Markdown that reads again to the same.
 *
 * What the reader would take for decoration or for something else is written
 * as a character reference, which the reader takes letter by letter: blanks
 * and pictures at the ends of a cell, line feeds, words such as "none".
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "document/board_columns.h"
#include "document/board_words.h"
#include "document/markdown_prepare.h"
#include "document/mojibake.h"

struct writing {
	const struct board_doc *doc;
	struct buf *out;
	struct slice heading;		/* the last one written */
	struct slice *ids;		/* of all tasks, sorted */
	struct arena arena;
};

/* One table: tasks that follow each other and share a group. */
struct run {
	const struct doc_task *tasks;
	size_t count;
	bool columns[COLUMN_COUNT];
};

static void add_reference(struct buf *out, uint32_t code_point)
{
	buf_add_lit(out, "&#");
	buf_add_u64(out, code_point);
	buf_add_byte(out, ';');
}

static bool byte_is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* An underscore between letters marks nothing. */
static bool needs_backslash(struct slice text, size_t at)
{
	char c = text.ptr[at];

	if (c == '_')
		return at == 0 || at + 1 == text.len || !byte_is_alnum(text.ptr[at - 1]) ||
		       !byte_is_alnum(text.ptr[at + 1]);
	if (c == '&')
		return at + 1 < text.len &&
		       (text.ptr[at + 1] == '#' || byte_is_alnum(text.ptr[at + 1]));
	return strchr("\\`*[]<|~#", c) != NULL;
}

static size_t run_of_non_ascii(struct slice text)
{
	size_t len = 0;

	while (len < text.len && (unsigned char)text.ptr[len] >= 0x80)
		len++;
	return len;
}

static bool is_blank(uint32_t c)
{
	return c <= ' ' || c == 0xa0 || c == 0x3000;
}

enum how {
	ON_ONE_LINE = 0,
	WITH_BREAKS = 1,	/* line feeds as <br> */
	VERBATIM = 2,		/* the first character as a reference */
};

static void add_text(struct buf *out, struct slice text, unsigned how)
{
	size_t checked = 0;	/* up to here no run looks encoded twice */

	for (size_t at = 0; at < text.len;) {
		uint32_t c;
		size_t len = text_decode(slice_from(text, at), &c);
		bool end = at == 0 || at + len >= text.len;
		bool reference = c < ' ' || c == 0x7f || (at == 0 && (how & VERBATIM)) ||
				 (end && (is_blank(c) || word_is_picture(c)));

		if (c >= 0x80 && at >= checked) {
			size_t run = run_of_non_ascii(slice_from(text, at));

			reference = reference ||
				    mojibake_suspected(slice_of(text.ptr + at, run));
			checked = at + run;
		}
		if (c == '\n' && (how & WITH_BREAKS) && !end)
			buf_add_lit(out, "<br>");
		else if (reference)
			add_reference(out, c);
		else if (needs_backslash(text, at))
			buf_add(out, (const char[]){ '\\', text.ptr[at] }, 2);
		else
			buf_add(out, text.ptr + at, len);
		at += len;
	}
}

/* JSON reads best as code, where that leaves it as it is. */
static void add_json(struct buf *out, struct slice json)
{
	bool code = !mojibake_suspected(json) && slice_find_byte(json, '`') < 0 &&
		    slice_find_byte(json, '|') < 0;

	if (!code) {
		add_text(out, json, ON_ONE_LINE);
		return;
	}
	buf_add_byte(out, '`');
	buf_add_slice(out, json);
	buf_add_byte(out, '`');
}

static bool is_simple_item(struct slice item)
{
	for (size_t i = 0; i < item.len; i++)
		if (item.ptr[i] <= ' ' || item.ptr[i] >= 0x7f || strchr(",;", item.ptr[i]))
			return false;
	return item.len > 0 && item.ptr[0] != '[' && !word_is_nothing(item);
}

static void add_list(struct buf *out, struct slice_list list, const char *between)
{
	struct buf json = { 0 };
	struct json_writer writer = json_begin(&json);
	bool simple = true;

	for (size_t i = 0; i < list.count; i++)
		simple = simple && is_simple_item(list.items[i]);
	if (simple) {
		for (size_t i = 0; i < list.count; i++) {
			buf_add_str(out, i ? between : "");
			add_text(out, list.items[i], ON_ONE_LINE);
		}
		return;
	}
	json_texts(&writer, list);
	add_json(out, buf_slice(&json));
	buf_finish(&json);
}

static void add_time(struct buf *out, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = { { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" } };
	size_t i = 0;

	while (ms % units[i].ms)
		i++;
	buf_add_i64(out, ms / units[i].ms);
	buf_add_str(out, units[i].unit);
}

static void add_money(struct buf *out, int64_t nanousd)
{
	buf_add_byte(out, '$');
	buf_add_money(out, nanousd);
}

static void add_status(struct buf *out, enum doc_status status, struct slice holder,
		       struct arena *arena)
{
	static const char *const words[] = {
		[DOC_OPEN] = "\xf0\x9f\x94\xb5 available",
		[DOC_CLAIMED] = "\xf0\x9f\x9f\xa1 claimed",
		[DOC_DONE] = "\xf0\x9f\x9f\xa2 done",
		[DOC_BLOCKED] = "\xf0\x9f\x94\xb4 blocked",
		[DOC_FAILED] = "\xe2\x9d\x8c failed",
		[DOC_CANCELLED] = "\xe2\x9a\xab cancelled",
	};

	ENSURE((size_t)status < ARRAY_LEN(words));
	buf_add_str(out, words[status]);
	if (holder.len == 0)
		return;
	buf_add_lit(out, " by ");
	add_text(out, holder,
		 slice_is(word_to_id(holder, arena), holder) ? ON_ONE_LINE : VERBATIM);
}

static void add_owner(struct buf *out, struct slice owner, struct arena *arena)
{
	if (owner.len == 0)
		buf_add_lit(out, "\xe2\x80\x94");
	else if (word_is_nobody(owner) || !slice_is(word_to_id(owner, arena), owner))
		add_text(out, owner, VERBATIM);
	else
		add_text(out, owner, ON_ONE_LINE);
}

/* What the reader of ids would cut off or pass over. */
static bool id_is_doubtful(struct slice id)
{
	return strchr(":.", id.ptr[id.len - 1]) || slice_is_nocase(id, SLICE("total")) ||
	       slice_is_nocase(id, SLICE("totals")) || slice_is_nocase(id, SLICE("sum"));
}

static void add_word(struct buf *out, struct slice text, unsigned how)
{
	add_text(out, text, word_is_nothing(text) ? how | VERBATIM : how);
}

static bool has_section(const struct doc_task *task)
{
	return markdown_is_section(task->description) && !mojibake_suspected(task->description);
}

static void add_deps(struct buf *out, const struct doc_task *task)
{
	if (task->deps.count == 0)
		buf_add_lit(out, "\xe2\x80\x94");	/* a task may be called "None" */
	for (size_t i = 0; i < task->deps.count; i++) {
		buf_add_str(out, i ? ", " : "");
		add_text(out, task->deps.items[i], ON_ONE_LINE);
	}
}

/* `arena` is for what is needed in between. */
static void add_cell(struct buf *out, const struct doc_task *task, enum board_column column,
		     struct arena *arena)
{
	switch (column) {
	case COLUMN_ID:
		add_text(out, task->id, id_is_doubtful(task->id) ? VERBATIM : ON_ONE_LINE);
		return;
	case COLUMN_TITLE: add_text(out, task->title, ON_ONE_LINE); return;
	case COLUMN_KIND: buf_add_str(out, task->filler ? "filler" : "critical"); return;
	case COLUMN_GROUP: add_text(out, task->group, ON_ONE_LINE); return;
	case COLUMN_STATUS: add_status(out, task->status, task->holder, arena); return;
	case COLUMN_OWNER: add_owner(out, task->owner, arena); return;
	case COLUMN_DEPS: add_deps(out, task); return;
	case COLUMN_MODEL: add_word(out, task->model, ON_ONE_LINE); return;
	case COLUMN_DELIVERABLE: add_word(out, task->deliverable, ON_ONE_LINE); return;
	case COLUMN_PRIORITY: buf_add_i64(out, task->priority); return;
	case COLUMN_EST: add_time(out, task->est_ms); return;
	case COLUMN_COST: add_money(out, task->est_cost_nanousd); return;
	case COLUMN_MAX_COST: add_money(out, task->max_cost_nanousd); return;
	case COLUMN_LIMIT: add_time(out, task->limit_ms); return;
	case COLUMN_ATTEMPTS: buf_add_i64(out, task->max_attempts); return;
	case COLUMN_NOT_BEFORE: buf_add_time(out, task->not_before_us); return;
	case COLUMN_START_BY: buf_add_time(out, task->start_by_us); return;
	case COLUMN_NEEDS: add_list(out, task->needs, ", "); return;
	case COLUMN_PATHS: add_list(out, task->paths, ", "); return;
	case COLUMN_RUN: add_list(out, task->run, " "); return;
	case COLUMN_WASM: add_word(out, task->wasm, ON_ONE_LINE); return;
	case COLUMN_AVOIDS: add_list(out, task->avoids, ", "); return;
	case COLUMN_REDUNDANCY: buf_add_i64(out, task->redundancy); return;
	case COLUMN_PAYLOAD: add_json(out, task->payload); return;
	case COLUMN_DESCRIPTION: add_word(out, task->description, WITH_BREAKS); return;
	case COLUMN_UNKNOWN:
	case COLUMN_NUMBER:
	case COLUMN_IGNORED:
	case COLUMN_COUNT:
	default:
		panic(__FILE__, __LINE__, "a column that is written");
	}
}

/* Whether the task has something to say in an optional column. */
static bool says(const struct doc_task *task, enum board_column column)
{
	switch (column) {
	case COLUMN_MODEL: return task->model.len > 0;
	case COLUMN_DELIVERABLE: return task->deliverable.len > 0;
	case COLUMN_PRIORITY: return task->priority != BOARD_DOC_ABSENT;
	case COLUMN_EST: return task->est_ms != BOARD_DOC_ABSENT;
	case COLUMN_COST: return task->est_cost_nanousd != BOARD_DOC_ABSENT;
	case COLUMN_MAX_COST: return task->max_cost_nanousd != BOARD_DOC_ABSENT;
	case COLUMN_LIMIT: return task->limit_ms != BOARD_DOC_ABSENT;
	case COLUMN_ATTEMPTS: return task->max_attempts != BOARD_DOC_ABSENT;
	case COLUMN_NOT_BEFORE: return task->not_before_us != BOARD_DOC_ABSENT;
	case COLUMN_START_BY: return task->start_by_us != BOARD_DOC_ABSENT;
	case COLUMN_NEEDS: return task->needs.count > 0;
	case COLUMN_PATHS: return task->paths.count > 0;
	case COLUMN_RUN: return task->run.count > 0;
	case COLUMN_WASM: return task->wasm.len > 0;
	case COLUMN_AVOIDS: return task->avoids.count > 0;
	case COLUMN_REDUNDANCY: return task->redundancy != BOARD_DOC_ABSENT;
	case COLUMN_PAYLOAD: return task->payload.len > 0;
	case COLUMN_DESCRIPTION: return task->description.len > 0 && !has_section(task);
	case COLUMN_ID:
	case COLUMN_TITLE:
	case COLUMN_STATUS:
	case COLUMN_OWNER:
	case COLUMN_DEPS:
		return true;
	case COLUMN_KIND: return task->filler;
	case COLUMN_GROUP:
	case COLUMN_UNKNOWN:
	case COLUMN_NUMBER:
	case COLUMN_IGNORED:
	case COLUMN_COUNT:
	default:
		return false;
	}
}

static void add_table(struct writing *w, const struct run *run)
{
	for (int column = 0; column < COLUMN_COUNT; column++) {
		if (!run->columns[column])
			continue;
		buf_add_lit(w->out, "| ");
		buf_add_str(w->out, board_column_name((enum board_column)column));
		buf_add_byte(w->out, ' ');
	}
	buf_add_lit(w->out, "|\n");
	for (int column = 0; column < COLUMN_COUNT; column++)
		if (run->columns[column])
			buf_add_lit(w->out, "|---");
	buf_add_lit(w->out, "|\n");
	for (size_t i = 0; i < run->count; i++) {
		const struct doc_task *task = &run->tasks[i];

		for (int column = 0; column < COLUMN_COUNT; column++) {
			bool always = column == COLUMN_KIND || column == COLUMN_GROUP;

			if (!run->columns[column])
				continue;
			buf_add_lit(w->out, "| ");
			if (always || says(task, (enum board_column)column))
				add_cell(w->out, task, (enum board_column)column, &w->arena);
			buf_add_byte(w->out, ' ');
		}
		buf_add_lit(w->out, "|\n");
	}
	buf_add_byte(w->out, '\n');
}

static bool is_task_id(const struct writing *w, struct slice id)
{
	size_t low = 0, high = w->doc->task_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_compare(w->ids[middle], id);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* A heading that names a task would be read as the task's description. */
static bool can_be_heading(const struct writing *w, struct slice group)
{
	struct slice ids[HEADING_IDS_MAX];
	size_t count = board_heading_ids(group, ids);

	for (size_t i = 0; i < count; i++)
		if (is_task_id(w, ids[i]))
			return false;
	return group.len > 0;
}

static void add_run(struct writing *w, const struct doc_task *tasks, size_t count)
{
	struct run run = { .tasks = tasks, .count = count };
	struct slice group = tasks[0].group, owner;

	if (!slice_is(group, w->heading)) {
		if (can_be_heading(w, group)) {
			buf_add_lit(w->out, "## ");
			add_text(w->out, group, ON_ONE_LINE);
			buf_add_lit(w->out, "\n\n");
			w->heading = group;
		} else {
			run.columns[COLUMN_GROUP] = true;
		}
	}
	for (int column = 0; column < COLUMN_COUNT; column++)
		for (size_t i = 0; i < count && !run.columns[column]; i++)
			run.columns[column] = says(&tasks[i], (enum board_column)column);
	if (board_heading_is_filler(w->heading, &owner))
		run.columns[COLUMN_KIND] = true;
	add_table(w, &run);
}

static void add_section(struct writing *w, const struct doc_task *task)
{
	struct slice owner;

	if (!has_section(task))
		return;
	buf_add_lit(w->out, "## ");
	add_text(w->out, task->id, ON_ONE_LINE);
	buf_add_byte(w->out, ':');
	/* Lists below "... Filler Tasks" would be read as such. */
	if (task->title.len && !board_heading_is_filler(task->title, &owner)) {
		buf_add_byte(w->out, ' ');
		add_text(w->out, task->title, ON_ONE_LINE);
	}
	buf_add_lit(w->out, "\n\n");
	buf_add_slice(w->out, task->description);
	buf_add_lit(w->out, "\n\n");
}

static int compare_ids(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

void board_doc_write_markdown(const struct board_doc *doc, struct buf *out)
{
	struct writing w = { .doc = doc, .out = out, .heading = doc->title };
	size_t start = 0;

	w.ids = arena_zero(&w.arena, doc->task_count, sizeof(*w.ids));
	for (size_t i = 0; i < doc->task_count; i++)
		w.ids[i] = doc->tasks[i].id;
	if (doc->task_count)
		qsort(w.ids, doc->task_count, sizeof(*w.ids), compare_ids);
	buf_add_byte(out, '#');
	if (doc->title.len) {
		buf_add_byte(out, ' ');
		add_text(out, doc->title, ON_ONE_LINE);
	}
	buf_add_lit(out, "\n\n**Board:** `");
	buf_add_slice(out, doc->id);
	buf_add_lit(out, "`\n\n");
	for (size_t i = 1; i <= doc->task_count; i++) {
		if (i < doc->task_count && slice_is(doc->tasks[i].group, doc->tasks[start].group))
			continue;
		add_run(&w, doc->tasks + start, i - start);
		start = i;
	}
	for (size_t i = 0; i < doc->task_count; i++)
		add_section(&w, &doc->tasks[i]);
	while (out->len > 1 && out->ptr[out->len - 1] == '\n' && out->ptr[out->len - 2] == '\n')
		out->len--;
	arena_finish(&w.arena);
}
