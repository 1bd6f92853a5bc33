#include "document/markdown_prepare.h"

#include <stdlib.h>

#include "base/alloc.h"

#define TICKS_MAX 31			/* of a code span in a table; more is a drawing */
#define FRONT_MATTER_LINES_MAX 200	/* a handful in practice */

/* A fenced block of code that is open. */
struct fence {
	char mark;		/* ` or ~; 0 when none is open */
	size_t len;
	size_t indent;		/* of the list item that it stands in */
	bool quoted;
};

struct preparing {
	const struct source *source;
	struct prepared *out;
	struct fence fence;
	size_t run;		/* lines since the last empty one, or since the header */
	bool blank;		/* the last line written is empty */
	size_t header;		/* of the table that we are in: its line, from 1; 0: in none */
	bool raw;		/* the run began with <: HTML, as long as it lasts */
};

static bool is_blank_byte(char c)
{
	return c == ' ' || c == '\t';
}

/* Bytes of indentation and quote marks. */
static size_t prefix_len(struct slice line)
{
	size_t len = 0;

	while (len < line.len && (is_blank_byte(line.ptr[len]) || line.ptr[len] == '>'))
		len++;
	return len;
}

static bool is_quoted(struct slice line)
{
	return slice_find_byte(slice_head(line, prefix_len(line)), '>') >= 0;
}

/* Bytes of the mark of a list item with the blanks behind it, or 0. */
static size_t list_mark_len(struct slice line)
{
	size_t len = 0;

	while (len < line.len && len < 9 && line.ptr[len] >= '0' && line.ptr[len] <= '9')
		len++;
	if (len >= line.len)
		return 0;
	if (len ? (line.ptr[len] != '.' && line.ptr[len] != ')')
		: (line.ptr[len] != '-' && line.ptr[len] != '*' && line.ptr[len] != '+'))
		return 0;
	len++;
	if (len >= line.len || !is_blank_byte(line.ptr[len]))
		return 0;
	while (len < line.len && is_blank_byte(line.ptr[len]))
		len++;
	return len;
}

/* Bytes of prefix and list marks in front of the content. */
static size_t container_len(struct slice line)
{
	size_t len = prefix_len(line);
	size_t mark = list_mark_len(slice_from(line, len));

	while (mark) {
		len += mark;
		len += prefix_len(slice_from(line, len));
		mark = list_mark_len(slice_from(line, len));
	}
	return len;
}

static size_t mark_run(struct slice text, char mark)
{
	size_t len = 0;

	while (len < text.len && text.ptr[len] == mark)
		len++;
	return len;
}

static bool fence_opens(struct slice line, struct fence *ret_fence)
{
	size_t indent = container_len(line);
	struct slice content = slice_from(line, indent);
	char mark = content.len ? content.ptr[0] : '\0';
	size_t len = mark_run(content, mark);

	if ((mark != '`' && mark != '~') || len < 3)
		return false;
	if (mark == '`' && slice_find_byte(slice_from(content, len), '`') >= 0)
		return false;
	*ret_fence = (struct fence){
		.mark = mark,
		.len = len,
		.indent = list_mark_len(slice_from(line, prefix_len(line))) ? indent : 0,
		.quoted = is_quoted(line),
	};
	return true;
}

/* By its own mark, or because the quote or the list item that holds it has ended. */
static bool fence_closes(const struct fence *fence, struct slice line)
{
	size_t indent = prefix_len(line);
	struct slice content = slice_trim(slice_from(line, indent));

	return content.len >= fence->len && mark_run(content, fence->mark) == content.len;
}

static bool fence_is_left(const struct fence *fence, struct slice line)
{
	size_t indent = prefix_len(line);

	return indent < line.len && (indent < fence->indent || (fence->quoted && !is_quoted(line)));
}

static bool is_heading(struct slice content)
{
	size_t len = mark_run(content, '#');

	return len >= 1 && len <= 6 && (len == content.len || is_blank_byte(content.ptr[len]));
}

/* A rule, or the underline of a heading. */
static bool is_rule(struct slice content)
{
	char mark = content.len ? content.ptr[0] : '\0';
	size_t count = 0;

	if (mark != '-' && mark != '*' && mark != '_' && mark != '=')
		return false;
	for (size_t i = 0; i < content.len; i++) {
		if (content.ptr[i] == mark)
			count++;
		else if (!is_blank_byte(content.ptr[i]))
			return false;
	}
	return count >= 3;
}

/* The row below a header: cells of dashes, a colon at either end of each, at least one pipe. */
static bool is_alignment(struct slice line)
{
	struct slice rest = slice_trim(slice_from(line, prefix_len(line)));

	if (slice_find_byte(rest, '|') < 0)
		return false;
	if (rest.ptr[0] == '|')
		rest = slice_from(rest, 1);
	if (rest.len && rest.ptr[rest.len - 1] == '|')
		rest.len--;
	if (rest.len == 0)
		return false;
	while (rest.len) {
		bool more = slice_find_byte(rest, '|') >= 0;
		struct slice cell = slice_trim(slice_cut(&rest, '|'));

		if (cell.len && cell.ptr[0] == ':')
			cell = slice_from(cell, 1);
		if (cell.len && cell.ptr[cell.len - 1] == ':')
			cell.len--;
		if (cell.len == 0 || mark_run(cell, '-') != cell.len || (more && rest.len == 0))
			return false;
	}
	return true;
}

/* Cells of a header: pipes that are not escaped, those at both ends left out. */
static size_t count_cells(struct slice line)
{
	struct slice row = slice_trim(slice_from(line, container_len(line)));
	size_t cells = 1;

	for (size_t i = 0; i < row.len; i++) {
		if (row.ptr[i] == '\\')
			i++;
		else if (row.ptr[i] == '|' && i > 0 && i + 1 < row.len)
			cells++;
	}
	return cells;
}

static void add_line(struct preparing *p, struct slice text, int origin)
{
	struct prepared *out = p->out;

	out->lines = alloc_grow(out->lines, &out->line_capacity, out->line_count + 1,
				sizeof(*out->lines));
	out->lines[out->line_count++] = (struct prepared_line){ out->text.len, origin };
	buf_add_slice(&out->text, text);
	buf_add_byte(&out->text, '\n');
	p->blank = prefix_len(text) == text.len;
}

/*
 * Bytes of the code span that starts with `text`, or of its backticks when
 * it has no end. `unclosed` remembers the lengths that were looked for in
 * vain, so that each is looked for once in a line.
 */
static size_t code_len(struct slice text, uint32_t *unclosed)
{
	size_t ticks = mark_run(text, '`');
	size_t at = ticks;

	if (ticks > TICKS_MAX || *unclosed & UINT32_C(1) << ticks)
		return ticks;
	while (at < text.len) {
		size_t run = mark_run(slice_from(text, at), '`');

		if (run == ticks)
			return at + run;
		at += run ? run : 1;
	}
	*unclosed |= UINT32_C(1) << ticks;
	return ticks;
}

/* A row, with a blank in each cell that has nothing at all: md4c drops those and shifts the rest. */
static void add_row(struct preparing *p, struct slice line, int origin)
{
	struct buf row = { 0 };
	uint32_t unclosed = 0;
	size_t at = 0;

	while (at < line.len) {
		char c = line.ptr[at];
		size_t len = c == '\\' ? 2 : 1;

		if (c == '`')
			len = code_len(slice_from(line, at), &unclosed);
		if (len > line.len - at)
			len = line.len - at;
		buf_add(&row, line.ptr + at, len);
		if (c == '|' && at + 1 < line.len && line.ptr[at + 1] == '|')
			buf_add_byte(&row, ' ');
		at += len;
	}
	add_line(p, buf_slice(&row), origin);
	buf_finish(&row);
}

static void add_blank(struct preparing *p)
{
	if (!p->blank)
		add_line(p, SLICE_EMPTY, 0);
	p->run = 0;
	p->raw = false;
}

static void add_alignment(struct preparing *p, struct slice line, size_t cells, int origin)
{
	struct buf row = { 0 };

	buf_add(&row, line.ptr, prefix_len(line));
	buf_add_byte(&row, '|');
	for (size_t i = 0; i < cells; i++)
		buf_add_lit(&row, "---|");
	add_line(p, buf_slice(&row), origin);
	buf_finish(&row);
}

/* Writes the header of line `number` and its alignment row. */
static void add_header(struct preparing *p, size_t number, bool again)
{
	struct slice header = p->source->lines[number - 1];
	int origin = again ? -(int)number : (int)number;

	add_row(p, header, origin);
	add_alignment(p, p->source->lines[number], count_cells(header), again ? 0 : origin + 1);
	p->header = number;
	p->run = 0;
}

/* Whether line `index` and the next one are the head of a table. */
static bool is_header(const struct preparing *p, size_t index)
{
	struct slice line = p->source->lines[index];

	return index + 1 < p->source->line_count && line.len <= PREPARE_HEADER_BYTES_MAX &&
	       slice_find_byte(line, '|') >= 0 && is_alignment(p->source->lines[index + 1]) &&
	       !is_alignment(line) && is_quoted(line) == is_quoted(p->source->lines[index + 1]);
}

/* A line that is no row although no empty line stands before it. */
static bool ends_table(struct slice line)
{
	struct slice content = slice_from(line, prefix_len(line));
	struct fence fence;

	return is_heading(content) || is_rule(content) || fence_opens(line, &fence) ||
	       (content.len && content.ptr[0] == '<');
}

static void add_fenced(struct preparing *p, struct slice line, int number)
{
	if (fence_closes(&p->fence, line))
		p->fence.mark = '\0';
	add_line(p, line, number);
}

/* Returns how many lines of the source it has written. */
static size_t add_text(struct preparing *p, size_t index)
{
	struct slice line = p->source->lines[index];
	struct slice content = slice_from(line, prefix_len(line));

	if (p->header && ends_table(line)) {
		add_blank(p);
		p->header = 0;
	}
	if (!p->header && is_header(p, index)) {
		if (!p->raw)
			add_blank(p);
		add_header(p, index + 1, false);
		return 2;
	}
	if (p->run == 0)
		p->raw = content.len && content.ptr[0] == '<';
	if (fence_opens(line, &p->fence) || is_heading(content))
		p->run = 0;
	if (p->header)
		add_row(p, line, (int)index + 1);
	else
		add_line(p, line, (int)index + 1);
	return 1;
}

static void break_run(struct preparing *p)
{
	size_t header = p->header;

	add_blank(p);
	if (header)
		add_header(p, header, true);
}

/* An empty line of a quote does not end the quote, but every table in it. */
static void add_empty(struct preparing *p, struct slice line, int number)
{
	if (!is_quoted(line))
		add_blank(p);
	else if (!p->blank)
		add_line(p, line, number);
	p->header = 0;
}

/*
 * Lines of YAML between two rules at the very start, which Markdown itself
 * would take for a heading. Returns how many, with the rules.
 */
static size_t front_matter(const struct source *source)
{
	if (source->line_count < 3 || !slice_is_str(source->lines[0], "---"))
		return 0;
	for (size_t i = 1; i < source->line_count && i <= FRONT_MATTER_LINES_MAX; i++) {
		if (slice_is_str(source->lines[i], "---") || slice_is_str(source->lines[i], "..."))
			return i + 1;
		if (slice_trim(source->lines[i]).len == 0)
			return 0;
	}
	return 0;
}

void markdown_prepare(const struct source *source, struct prepared *ret_prepared)
{
	struct preparing p = { .source = source, .out = ret_prepared, .blank = true };
	size_t index = front_matter(source);

	while (index < source->line_count) {
		struct slice line = source->lines[index];

		if (p.fence.mark && fence_is_left(&p.fence, line))
			p.fence.mark = '\0';
		if (prefix_len(line) == line.len) {
			add_empty(&p, line, (int)index + 1);
			index++;
			continue;
		}
		if (++p.run > PREPARE_RUN_MAX)
			break_run(&p);
		if (p.fence.mark) {
			add_fenced(&p, line, (int)index + 1);
			index++;
		} else {
			index += add_text(&p, index);
		}
	}
}

/* A line of text that may turn into something else, or make something of its neighbours. */
static bool is_doubtful(struct slice line)
{
	struct slice content = slice_trim(slice_from(line, container_len(line)));
	char mark = content.len ? content.ptr[0] : 'x';

	if (is_heading(content) || is_alignment(line) || mark == '<' || mark == '`' || mark == '~')
		return true;
	return (mark == '=' || mark == '-') && mark_run(content, mark) == content.len;
}

bool markdown_is_section(struct slice text)
{
	struct fence fence = { 0 };

	if (text.len == 0 || is_blank_byte(text.ptr[0]) || text.ptr[0] == '\n' ||
	    is_blank_byte(text.ptr[text.len - 1]) || text.ptr[text.len - 1] == '\n')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];

		if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
			return false;
	}
	while (text.len) {
		struct slice line = slice_cut(&text, '\n');

		if (fence.mark) {
			if (fence_closes(&fence, line))
				fence.mark = '\0';
		} else if (prefix_len(line) == 0 && container_len(line) == 0 &&
			   fence_opens(line, &fence)) {
			continue;
		} else if (is_doubtful(line) || is_rule(line)) {
			return false;
		}
	}
	return fence.mark == '\0';
}

void prepared_finish(struct prepared *prepared)
{
	buf_finish(&prepared->text);
	free(prepared->lines);
	*prepared = (struct prepared){ 0 };
}

size_t prepared_line_at(const struct prepared *prepared, size_t at)
{
	size_t low = 0, high = prepared->line_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (prepared->lines[middle].start <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}
