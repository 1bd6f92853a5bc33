/*
 * board_row - one row of a table of tasks, cell by cell.
 */
#ifndef DOCUMENT_BOARD_ROW_H
#define DOCUMENT_BOARD_ROW_H

#include "document/board_build.h"
#include "document/board_columns.h"
#include "document/markdown.h"

/* What stands around a row. */
struct board_place {
	struct slice group;	/* heading above */
	bool filler;		/* below a heading of filler tasks */
	struct slice owner;	/* of those */
};

/* A cell of the row, or NULL when the table has no such column. */
const struct markdown_text *board_row_cell(const struct markdown_row *row,
					   const struct board_columns *columns,
					   enum board_column column);

/*
 * The title of a row: what stands behind the id, in the title's column, or
 * in the column right of the id when that has no meaning of its own.
 */
struct slice board_row_title(struct board_build *build, const struct markdown_row *row,
			     const struct board_columns *columns,
			     const struct board_id_cell *id);

/* Fills everything but id, title and deps. What cannot be read becomes a remark. */
void board_row_fill(struct board_build *build, const struct markdown_row *row,
		    const struct board_columns *columns, const struct board_place *place,
		    struct doc_task *task);

/* Text with its breaks as `replacement`. */
struct slice board_text(struct board_build *build, struct slice text, char replacement);

#endif
