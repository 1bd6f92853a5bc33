/*
 * columns - text laid out on a screen: how wide it is, and tables of it.
 */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include <stdbool.h>

#include "base/buf.h"

/* Columns on a terminal: 2 for wide characters, 0 for marks that combine. */
size_t text_width(struct slice text);
/* As much from the start as fits into `width` columns. */
struct slice text_fit(struct slice text, size_t width);
/*
 * Appends text that came from somebody else: what could steer a terminal is
 * made visible (\x1b). Line ends become blanks, or stay with `keep_lines`.
 */
void text_add_visible(struct buf *out, struct slice text, bool keep_lines);

/* Appends bytes as UTF-8 without NUL, for JSON: a replacement character for each that is none. */
void text_add_valid(struct buf *out, struct slice bytes);

struct column {
	const char *heading;
	bool is_number;		/* aligned to the right */
	bool may_shrink;	/* cut when the screen is too narrow */
};

#define TABLE_COLUMNS_MAX 16
#define TABLE_SHRUNK_LEAST 8	/* narrower says nothing */

/* Zeroed but for `columns` and `count`: an empty table. */
struct table {
	const struct column *columns;
	size_t count;
	struct buf text;		/* of all cells, one behind the other */
	size_t *ends;			/* of each cell in `text` */
	size_t cell_count;
	size_t cell_capacity;
};

/* Cells go in row by row. The text is made visible. */
void table_add(struct table *table, struct slice cell);
/* `width`: of the screen; 0: as wide as it needs. Columns without any content are left out. */
void table_write(const struct table *table, size_t width, bool has_color, struct buf *out);
void table_finish(struct table *table);

#endif
