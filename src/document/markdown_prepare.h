/*
 * markdown_prepare - Markdown as people write it, made plain for md4c.
 *
 * What GitHub shows as a table, md4c 0.4.8 often does not see: a table right
 * below a line of text, alignment cells of one or two dashes, a heading
 * right below a table, a cell between two pipes that touch. And some of its
 * work grows with the square of the lines of a paragraph. So it gets a copy
 * in which
 *
 *   - an empty line stands before a table and behind it,
 *   - an alignment row has as many cells as the header, of three dashes,
 *   - an empty cell holds a blank, without which md4c drops it,
 *   - YAML at the very start (front matter) is left out,
 *   - empty lines follow each other nowhere, and stretches of text without
 *     one are broken after PREPARE_RUN_MAX lines; the header of a table is
 *     then said again.
 *
 * Nothing of this changes what the document says, and every line of the copy
 * knows the line that it came from.
 */
#ifndef DOCUMENT_MARKDOWN_PREPARE_H
#define DOCUMENT_MARKDOWN_PREPARE_H

#include <stdbool.h>

#include "base/buf.h"
#include "document/source.h"

#define PREPARE_RUN_MAX 500		/* bounds what grows with the square */
#define PREPARE_HEADER_BYTES_MAX 4096	/* said again every PREPARE_RUN_MAX lines */

struct prepared_line {
	size_t start;		/* of the line in the copy */
	int origin;		/* line of the source; 0: inserted; negative: a header again */
};

struct prepared {
	struct buf text;
	struct prepared_line *lines;
	size_t line_count;
	size_t line_capacity;
};

/* Zeroed memory is a valid empty result. */
void markdown_prepare(const struct source *source, struct prepared *ret_prepared);
void prepared_finish(struct prepared *prepared);

/*
 * Whether text that is set below a heading stays what it is and ends at the
 * next heading: it holds no headings, tables and HTML, and every block of code
 * in it is closed. Says no rather once too often.
 */
bool markdown_is_section(struct slice text);

/* Index of the line of the copy that holds this byte of it. */
size_t prepared_line_at(const struct prepared *prepared, size_t at);

#endif
