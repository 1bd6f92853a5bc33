#include "cli/columns.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/text.h"

#define GAP 2			/* blanks between columns */
#define HEADING_ON "\033[1m"
#define COLOR_OFF "\033[0m"

struct range {
	uint32_t first, last;
};

/* Unicode's combining marks, joiners and variation selectors, as far as terminals know them. */
static const struct range zero_width[] = {
	{ 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd }, { 0x610, 0x61a }, { 0x64b, 0x65f },
	{ 0x6d6, 0x6dc }, { 0x93c, 0x93c }, { 0x941, 0x948 }, { 0xe31, 0xe31 }, { 0xe34, 0xe3a },
	{ 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x20d0, 0x20f0 },
	{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0x1f3fb, 0x1f3ff },
	{ 0xe0001, 0xe01ef },
};

/* East Asian Width W and F, and the emoji that terminals draw wide. */
static const struct range double_width[] = {
	{ 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x23e9, 0x23ec }, { 0x23f0, 0x23f0 },
	{ 0x23f3, 0x23f3 }, { 0x25fd, 0x25fe }, { 0x2614, 0x2615 }, { 0x2648, 0x2653 },
	{ 0x267f, 0x267f }, { 0x2693, 0x2693 }, { 0x26a1, 0x26a1 }, { 0x26aa, 0x26ab },
	{ 0x26bd, 0x26be }, { 0x26c4, 0x26c5 }, { 0x26ce, 0x26ce }, { 0x26d4, 0x26d4 },
	{ 0x26ea, 0x26ea }, { 0x26f2, 0x26f3 }, { 0x26f5, 0x26f5 }, { 0x26fa, 0x26fa },
	{ 0x26fd, 0x26fd }, { 0x2705, 0x2705 }, { 0x270a, 0x270b }, { 0x2728, 0x2728 },
	{ 0x274c, 0x274c }, { 0x274e, 0x274e }, { 0x2753, 0x2755 }, { 0x2757, 0x2757 },
	{ 0x2795, 0x2797 }, { 0x27b0, 0x27b0 }, { 0x2b1b, 0x2b1c }, { 0x2b50, 0x2b50 },
	{ 0x2b55, 0x2b55 }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
	{ 0x4e00, 0x9fff }, { 0xa000, 0xa4cf }, { 0xa960, 0xa97f }, { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 },
	{ 0x1f004, 0x1f004 }, { 0x1f0cf, 0x1f0cf }, { 0x1f18e, 0x1f18e }, { 0x1f191, 0x1f19a },
	{ 0x1f200, 0x1f320 }, { 0x1f32d, 0x1f335 }, { 0x1f337, 0x1f37c }, { 0x1f37e, 0x1f393 },
	{ 0x1f3a0, 0x1f3ca }, { 0x1f3cf, 0x1f3d3 }, { 0x1f3e0, 0x1f3f0 }, { 0x1f3f4, 0x1f3f4 },
	{ 0x1f3f8, 0x1f43e }, { 0x1f440, 0x1f440 }, { 0x1f442, 0x1f4fc }, { 0x1f4ff, 0x1f53d },
	{ 0x1f54b, 0x1f567 }, { 0x1f57a, 0x1f57a }, { 0x1f595, 0x1f596 }, { 0x1f5a4, 0x1f5a4 },
	{ 0x1f5fb, 0x1f64f }, { 0x1f680, 0x1f6c5 }, { 0x1f6cc, 0x1f6cc }, { 0x1f6d0, 0x1f6d2 },
	{ 0x1f6d5, 0x1f6d7 }, { 0x1f6dc, 0x1f6df }, { 0x1f6eb, 0x1f6ec }, { 0x1f6f4, 0x1f6fc },
	{ 0x1f7e0, 0x1f7eb }, { 0x1f7f0, 0x1f7f0 }, { 0x1f90c, 0x1f93a }, { 0x1f93c, 0x1f945 },
	{ 0x1f947, 0x1f9ff }, { 0x1fa70, 0x1faff }, { 0x20000, 0x3fffd },
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code > ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && code >= ranges[low].first;
}

static size_t width_of(uint32_t code)
{
	if (code < 0x300)
		return 1;
	if (is_in(zero_width, ARRAY_LEN(zero_width), code))
		return 0;
	return is_in(double_width, ARRAY_LEN(double_width), code) ? 2 : 1;
}

/* The next character; a byte that is none counts as one column. */
static size_t next_character(struct slice text, size_t *ret_width)
{
	uint32_t code = 0;
	size_t len = text_decode(text, &code);

	*ret_width = len ? width_of(code) : 1;
	return len ? len : 1;
}

size_t text_width(struct slice text)
{
	size_t total = 0, width;

	while (text.len) {
		text = slice_from(text, next_character(text, &width));
		total += width;
	}
	return total;
}

struct slice text_fit(struct slice text, size_t width)
{
	size_t used = 0, at = 0, step;

	while (at < text.len) {
		size_t len = next_character(slice_from(text, at), &step);

		if (used + step > width)
			break;
		used += step;
		at += len;
	}
	return slice_head(text, at);
}

/* C0, DEL, C1, and marks that turn the writing direction of what follows. */
static bool steers(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

void text_add_visible(struct buf *out, struct slice text, bool keep_lines)
{
	while (text.len) {
		uint32_t code = 0;
		size_t len = text_decode(text, &code);

		if (len == 0) {
			buf_add_lit(out, "\\x");
			buf_add_hex(out, text.ptr, 1);
			len = 1;
		} else if (code == '\n' || code == '\t') {
			buf_add_byte(out, keep_lines ? (char)code : ' ');
		} else if (code == '\r') {
			;	/* of a line end that others write */
		} else if (steers(code)) {
			buf_add_str(out, code < 0x100 ? "\\x" : "\\u");
			if (code >= 0x100)
				buf_add_hex(out, (const char[]){ (char)(code >> 8) }, 1);
			buf_add_hex(out, (const char[]){ (char)code }, 1);
		} else {
			buf_add(out, text.ptr, len);
		}
		text = slice_from(text, len);
	}
}

void text_add_valid(struct buf *out, struct slice bytes)
{
	while (bytes.len) {
		uint32_t code_point = 0;
		size_t len = text_decode(bytes, &code_point);

		if (len == 0 || code_point == 0)
			buf_add_lit(out, "\xef\xbf\xbd");
		else
			buf_add(out, bytes.ptr, len);
		bytes = slice_from(bytes, len ? len : 1);
	}
}

/* ---- tables ---------------------------------------------------------------------------------- */

void table_add(struct table *table, struct slice cell)
{
	ENSURE(table->count > 0 && table->count <= TABLE_COLUMNS_MAX);
	text_add_visible(&table->text, cell, false);
	table->ends = alloc_grow(table->ends, &table->cell_capacity, table->cell_count + 1,
				 sizeof(*table->ends));
	table->ends[table->cell_count++] = table->text.len;
}

static struct slice cell_at(const struct table *table, size_t row, size_t column)
{
	size_t index = row * table->count + column;
	size_t start = index ? table->ends[index - 1] : 0;

	return slice_of(table->text.ptr + start, table->ends[index] - start);
}

static size_t row_count(const struct table *table)
{
	ENSURE(table->count > 0);
	return table->cell_count / table->count;
}

/* Width of each column; 0: nothing is in it, and it is left out. */
static void measure(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
{
	for (size_t column = 0; column < table->count; column++) {
		size_t widest = 0;

		for (size_t row = 0; row < row_count(table); row++) {
			size_t width = text_width(cell_at(table, row, column));

			widest = width > widest ? width : widest;
		}
		if (widest && text_width(slice_of_str(table->columns[column].heading)) > widest)
			widest = text_width(slice_of_str(table->columns[column].heading));
		widths[column] = widest;
	}
}

/* Takes from the widest column that may shrink until the table fits, or nothing is left to take. */
static void shrink(const struct table *table, size_t widths[TABLE_COLUMNS_MAX], size_t screen)
{
	size_t total = 0;

	for (size_t i = 0; i < table->count; i++)
		total += widths[i] ? widths[i] + GAP : 0;
	while (screen && total > screen + GAP) {
		size_t widest = table->count;

		for (size_t i = 0; i < table->count; i++)
			if (table->columns[i].may_shrink && widths[i] > TABLE_SHRUNK_LEAST &&
			    (widest == table->count || widths[i] > widths[widest]))
				widest = i;
		if (widest == table->count)
			return;
		widths[widest]--;
		total--;
	}
}

static void write_cell(struct buf *out, struct slice cell, size_t width, bool to_the_right,
		       bool is_last)
{
	size_t actual = text_width(cell);
	bool is_cut = actual > width;

	if (is_cut) {
		cell = text_fit(cell, width - 1);
		actual = text_width(cell) + 1;
	}
	if (to_the_right)
		buf_add_repeat(out, ' ', width - actual);
	buf_add_slice(out, cell);
	if (is_cut)
		buf_add_lit(out, "\xe2\x80\xa6");
	if (!is_last)
		buf_add_repeat(out, ' ', GAP + (to_the_right ? 0 : width - actual));
}

void table_write(const struct table *table, size_t width, bool has_color, struct buf *out)
{
	size_t widths[TABLE_COLUMNS_MAX];
	size_t last = 0;

	measure(table, widths);
	shrink(table, widths, width);
	for (size_t i = 0; i < table->count; i++)
		last = widths[i] ? i : last;
	if (has_color)
		buf_add_lit(out, HEADING_ON);
	for (size_t i = 0; i < table->count; i++)
		if (widths[i])
			write_cell(out, slice_of_str(table->columns[i].heading), widths[i],
				   table->columns[i].is_number, i == last);
	if (has_color)
		buf_add_lit(out, COLOR_OFF);
	buf_add_byte(out, '\n');
	for (size_t row = 0; row < row_count(table); row++) {
		for (size_t i = 0; i < table->count; i++)
			if (widths[i])
				write_cell(out, cell_at(table, row, i), widths[i],
					   table->columns[i].is_number, i == last);
		while (out->len && out->ptr[out->len - 1] == ' ')
			out->len--;
		buf_add_byte(out, '\n');
	}
}

void table_finish(struct table *table)
{
	buf_finish(&table->text);
	free(table->ends);
	table->ends = NULL;
	table->cell_count = table->cell_capacity = 0;
}
