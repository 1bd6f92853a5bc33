/*
 * markdown - reads Markdown; the only door to md4c.
 *
 * A document becomes a flat list of what documents of ours are made of:
 * headings, tables, numbered lists and paragraphs, each with its line. Code
 * blocks, HTML and comments are left out; whoever wants source text takes it
 * by line numbers.
 */
#ifndef DOCUMENT_MARKDOWN_H
#define DOCUMENT_MARKDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "document/source.h"

#define MARKDOWN_LINE_BYTES_MAX (1024 * 1024)	/* md4c is slow on longer ones */
#define MARKDOWN_CELLS_MAX 2000000		/* 100,000 tasks with 20 columns */

/* Stands for <br>: a byte that occurs in no UTF-8. */
#define MARKDOWN_BREAK '\xff'

/*
 * Text without decoration: bold, code, links and tags are gone, character
 * references are resolved, <br> is MARKDOWN_BREAK.
 */
struct markdown_text {
	struct slice text;
	struct slice starred;	/* the same, each mark of emphasis kept as a star: P0.5.* */
	size_t head;		/* bytes of the code, bold or link it starts with, or 0 */
	/* From the first to the last character that was written as a reference (&#65;). */
	size_t literal_from, literal_to;
};

struct markdown_row {
	int line;
	const struct markdown_text *cells;	/* as many as the table has columns */
};

enum markdown_kind {
	MARKDOWN_HEADING,
	MARKDOWN_TABLE,
	MARKDOWN_NUMBERED,	/* one item of a numbered list that stands in no other list */
	MARKDOWN_PARAGRAPH,	/* outside of lists; only these keep their ends of lines */
};

enum markdown_box { MARKDOWN_NO_BOX, MARKDOWN_BOX_OPEN, MARKDOWN_BOX_DONE };

struct markdown_block {
	enum markdown_kind kind;
	int line;
	int last_line;			/* of its text; of an item: with what is nested in it */
	int level;			/* of a heading: 1 to 6 */
	enum markdown_box box;		/* of an item */
	int text_line;			/* last line of an item's own first paragraph */
	struct markdown_text text;
	size_t column_count;		/* of a table */
	size_t row_count;		/* with the header */
	const struct markdown_row *rows;
};

struct markdown {
	const struct markdown_block *blocks;
	size_t block_count;
};

/* ERR_LIMIT_EXCEEDED fills `ret_fault`. Everything lives in `arena`. */
MUST_USE enum err markdown_parse(const struct source *source, struct arena *arena,
				 struct markdown *ret_markdown, struct source_fault *ret_fault);

#endif
