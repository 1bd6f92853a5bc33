#include "cli/board_frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/columns.h"
#include "cli/print.h"

#define BAR_COLUMNS 40
#define LEAST_ROWS 3		/* of a section, heading included: with fewer it is left out */
#define BOLD "\033[1m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define RED "\033[31m"
#define PLAIN "\033[0m"

/* ---- what there is ------------------------------------------------------------------------ */

struct progress progress_of(const struct json_value *board)
{
	const struct json_value *counts = json_get(board, SLICE("counts"));
	struct progress progress = {
		.total = member_i64(board, "task_count"),
		.done = member_i64(counts, "done"),
		.active = member_i64(counts, "claimed"),
		.ready = member_i64(counts, "ready"),
		.waiting = member_i64(counts, "blocked") + member_i64(counts, "delayed") +
			   member_i64(counts, "held"),
		.lost = member_i64(counts, "failed") + member_i64(counts, "cancelled"),
	};

	return progress;
}

static bool is_in_state(const struct json_value *task, const char *state)
{
	return slice_is_str(member_text(task, "state"), state);
}

/*
 * Blocked tasks do not keep a board open when nothing that could free them is
 * left: then they wait behind one that failed.
 */
bool progress_is_over(const struct progress *progress, const struct json_value *board)
{
	const struct json_value *counts = json_get(board, SLICE("counts"));

	return progress->total > 0 && progress->active == 0 && progress->ready == 0 &&
	       member_i64(counts, "delayed") == 0 && member_i64(counts, "held") == 0;
}

/* ---- lines -------------------------------------------------------------------------------- */

struct page {
	const struct frame *frame;
	struct buf *out;
	struct buf line;		/* without its end */
	size_t rows_left;
};

/* Ends the line: cuts it to the screen and colours it as a whole. */
static void end_line(struct page *page, const char *color)
{
	struct slice line = text_fit(buf_slice(&page->line), page->frame->width);
	bool has_color = page->frame->has_color && color;

	if (page->rows_left) {
		buf_add_str(page->out, has_color ? color : "");
		buf_add_slice(page->out, line);
		buf_add_str(page->out, has_color ? PLAIN : "");
		buf_add_byte(page->out, '\n');
		page->rows_left--;
	}
	buf_clear(&page->line);
}

static void empty_line(struct page *page)
{
	buf_clear(&page->line);
	end_line(page, NULL);
}

static void add_text(struct page *page, struct slice text)
{
	text_add_visible(&page->line, text, false);
}

static void add_count(struct page *page, int64_t count, const char *what)
{
	if (count == 0)
		return;
	buf_add_lit(&page->line, ", ");
	buf_add_i64(&page->line, count);
	buf_add_byte(&page->line, ' ');
	buf_add_str(&page->line, what);
}

static void add_head(struct page *page)
{
	const struct frame *frame = page->frame;
	struct slice title = member_text(frame->board, "title");
	struct buf clock = { 0 };
	size_t used;

	add_text(page, member_text(frame->board, "board"));
	if (title.len) {
		buf_add_lit(&page->line, ": ");
		add_text(page, title);
	}
	print_clock(&clock, frame->now_us, frame->now_us);
	if (!frame->is_connected)
		buf_add_lit(&clock, " (the daemon does not answer)");
	used = text_width(buf_slice(&page->line));
	if (used + 2 + clock.len <= frame->width)
		buf_add_repeat(&page->line, ' ', frame->width - used - clock.len);
	else
		buf_add_lit(&page->line, "  ");
	buf_add_slice(&page->line, buf_slice(&clock));
	end_line(page, frame->is_connected ? BOLD : RED);
	buf_finish(&clock);
}

static void add_bar(struct page *page, const struct progress *progress)
{
	size_t columns = page->frame->width < BAR_COLUMNS + 30 ? 20 : BAR_COLUMNS;
	size_t full = progress->total ?
		(size_t)(progress->done * (int64_t)columns / progress->total) : 0;

	buf_add_byte(&page->line, '[');
	for (size_t i = 0; i < columns; i++)
		buf_add_str(&page->line, i < full ? "\xe2\x96\x88" : "\xe2\x96\x91");
	buf_add_lit(&page->line, "] ");
	buf_add_i64(&page->line, progress->done);
	buf_add_lit(&page->line, " of ");
	buf_add_i64(&page->line, progress->total);
	buf_add_lit(&page->line, " done");
	if (progress->total) {
		buf_add_lit(&page->line, " (");
		buf_add_i64(&page->line, progress->done * 100 / progress->total);
		buf_add_lit(&page->line, " %)");
	}
	end_line(page, GREEN);
	add_count(page, progress->active, "claimed");
	add_count(page, progress->ready, "ready");
	add_count(page, progress->waiting, "waiting");
	add_count(page, progress->lost, "failed or cancelled");
	if (page->line.len > 2)
		buf_drop(&page->line, 2);
	end_line(page, progress->lost ? RED : NULL);
}

/* ---- sections ----------------------------------------------------------------------------- */

struct section {
	const char *heading;
	const char *color;
	bool (*belongs)(const struct json_value *task);
	void (*add)(struct page *page, const struct json_value *task);
};

static bool is_claimed(const struct json_value *task)
{
	return is_in_state(task, "claimed");
}

static bool is_held(const struct json_value *task)
{
	return is_in_state(task, "held");
}

static bool is_waiting(const struct json_value *task)
{
	return is_in_state(task, "blocked") || is_in_state(task, "delayed");
}

static bool is_ready(const struct json_value *task)
{
	return is_in_state(task, "ready");
}

static bool is_lost(const struct json_value *task)
{
	return is_in_state(task, "failed") || is_in_state(task, "cancelled");
}

static void add_id(struct page *page, const struct json_value *task)
{
	buf_add_lit(&page->line, "  ");
	add_text(page, member_text(task, "task"));
	buf_add_lit(&page->line, "  ");
}

static void add_title(struct page *page, const struct json_value *task)
{
	struct slice title = member_text(task, "title");

	if (title.len) {
		buf_add_lit(&page->line, "  ");
		add_text(page, title);
	}
}

/* Whole ones: what is redrawn every second has no use for less. */
static void add_seconds(struct page *page, int64_t us)
{
	duration_write(&page->line, us > 0 ? us / 1000000 * 1000 : 0);
}

/* T-1  alice for 1 min 20 s, lease 40 s more, 60 %  title */
static void add_worker(struct page *page, const struct json_value *task)
{
	int64_t now_us = page->frame->now_us;
	int64_t since_us = member_time(task, "claimed_at");
	int64_t until_us = member_time(task, "lease_until");
	int64_t percent;

	add_id(page, task);
	add_text(page, member_text(task, "held_by"));
	if (since_us) {
		buf_add_lit(&page->line, " for ");
		add_seconds(page, now_us - since_us);
	}
	if (until_us) {
		buf_add_lit(&page->line, ", lease ");
		add_seconds(page, until_us - now_us);
	}
	if (json_get_i64(json_get(task, SLICE("percent")), &percent)) {
		buf_add_lit(&page->line, ", ");
		buf_add_i64(&page->line, percent);
		buf_add_lit(&page->line, " %");
	}
	add_title(page, task);
}

static void add_waiting(struct page *page, const struct json_value *task)
{
	const struct json_value *waits = json_get(task, SLICE("waits_for"));
	int64_t at_us = member_time(task, "next_attempt_at");

	add_id(page, task);
	if (!at_us)
		at_us = member_time(task, "not_before");
	if (json_count(waits)) {
		buf_add_lit(&page->line, "waits for ");
		print_value(&page->line, "waits_for", waits, page->frame->now_us);
	} else if (at_us) {
		buf_add_lit(&page->line, "not before ");
		print_clock(&page->line, at_us, page->frame->now_us);
	}
	add_title(page, task);
}

static void add_held(struct page *page, const struct json_value *task)
{
	int64_t count = member_i64(task, "blockers_open");

	add_id(page, task);
	buf_add_i64(&page->line, count);
	buf_add_str(&page->line, count == 1 ? " blocker is open" : " blockers are open");
	if (member_text(task, "held_by").len) {
		buf_add_lit(&page->line, ", with ");
		add_text(page, member_text(task, "held_by"));
	}
	add_title(page, task);
}

static void add_lost(struct page *page, const struct json_value *task)
{
	add_id(page, task);
	add_text(page, member_text(task, "state"));
	if (member_text(task, "reason").len) {
		buf_add_lit(&page->line, ": ");
		add_text(page, member_text(task, "reason"));
	}
	add_title(page, task);
}

static void add_ready(struct page *page, const struct json_value *task)
{
	add_id(page, task);
	if (member_text(task, "prefers").len) {
		buf_add_lit(&page->line, "best for ");
		add_text(page, member_text(task, "prefers"));
	}
	add_title(page, task);
}

static const struct section sections[] = {
	{ "Working", NULL, is_claimed, add_worker },
	{ "Held by a blocker", RED, is_held, add_held },
	{ "Lost", RED, is_lost, add_lost },
	{ "Ready", YELLOW, is_ready, add_ready },
	{ "Waiting", NULL, is_waiting, add_waiting },
};

static size_t count_of(const struct section *section, const struct json_value *tasks)
{
	size_t count = 0;

	for (size_t i = 0; i < json_count(tasks); i++)
		count += section->belongs(json_at(tasks, i));
	return count;
}

/* With fewer rows than tasks the last row says how many are not shown. */
static void add_section(struct page *page, const struct section *section,
			const struct json_value *tasks, size_t count, size_t rows)
{
	size_t shown = 0;
	size_t room = rows - 2;

	empty_line(page);
	buf_add_str(&page->line, section->heading);
	end_line(page, BOLD);
	for (size_t i = 0; i < json_count(tasks) && shown < count; i++) {
		if (!section->belongs(json_at(tasks, i)))
			continue;
		if (shown + 1 == room && count > room) {
			buf_add_lit(&page->line, "  and ");
			buf_add_u64(&page->line, count - shown);
			buf_add_lit(&page->line, " more");
			end_line(page, NULL);
			return;
		}
		section->add(page, json_at(tasks, i));
		end_line(page, section->color);
		shown++;
	}
}

/* Rows for each section: what it wants, as long as there is room, the first ones first. */
static void add_sections(struct page *page, size_t reserve)
{
	const struct json_value *tasks = json_get(page->frame->board, SLICE("tasks"));

	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		size_t count = count_of(&sections[i], tasks);
		size_t room = page->rows_left > reserve ? page->rows_left - reserve : 0;
		/* No section takes more than half of what is left, so that each can be seen. */
		size_t most = i + 1 < ARRAY_LEN(sections) ? room / 2 + LEAST_ROWS : room;
		size_t rows = count + 2 < most ? count + 2 : most;

		if (rows > room)
			rows = room;
		if (count && rows >= LEAST_ROWS)
			add_section(page, &sections[i], tasks, count, rows);
	}
}

/* ---- the critical path -------------------------------------------------------------------- */

static void add_path(struct page *page, const size_t *path, size_t count)
{
	const struct board_doc *doc = page->frame->doc;
	int64_t left_ms = 0;

	for (size_t i = 0; i < count; i++)
		if (doc->tasks[path[i]].est_ms > 0)
			left_ms += doc->tasks[path[i]].est_ms;
	empty_line(page);
	buf_add_lit(&page->line, "Critical path: ");
	buf_add_u64(&page->line, count);
	buf_add_str(&page->line, count == 1 ? " task left" : " tasks left");
	if (left_ms) {
		buf_add_lit(&page->line, ", estimated ");
		duration_write(&page->line, left_ms);
	}
	end_line(page, BOLD);
	buf_add_lit(&page->line, "  ");
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_add_lit(&page->line, " > ");
		add_text(page, doc->tasks[path[i]].id);
	}
	end_line(page, NULL);
}

void frame_write(const struct frame *frame, struct buf *out)
{
	struct page page = { .frame = frame, .out = out, .rows_left = frame->height };
	struct progress progress = progress_of(frame->board);
	struct arena arena = { 0 };
	size_t *path = NULL;
	size_t count = frame->doc ? board_doc_critical_path(frame->doc, &arena, &path) : 0;

	add_head(&page);
	add_bar(&page, &progress);
	add_sections(&page, count ? 3 : 0);
	if (count)
		add_path(&page, path, count);
	buf_finish(&page.line);
	arena_finish(&arena);
}
