/*
 * board_columns - what the columns of a table mean, by its header.
 */
#ifndef DOCUMENT_BOARD_COLUMNS_H
#define DOCUMENT_BOARD_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "document/board_doc.h"
#include "document/markdown.h"

#define BOARD_COLUMNS_MAX 64		/* what stands further right is not read */

enum board_column {
	COLUMN_UNKNOWN,
	COLUMN_ID,
	COLUMN_NUMBER,		/* # */
	COLUMN_IGNORED,		/* a known name for something else */
	COLUMN_TITLE,
	COLUMN_KIND,
	COLUMN_GROUP,
	COLUMN_STATUS,
	COLUMN_OWNER,
	COLUMN_DEPS,
	COLUMN_MODEL,
	COLUMN_DELIVERABLE,
	COLUMN_PRIORITY,
	COLUMN_EST,
	COLUMN_COST,
	COLUMN_MAX_COST,
	COLUMN_LIMIT,
	COLUMN_ATTEMPTS,
	COLUMN_NOT_BEFORE,
	COLUMN_START_BY,
	COLUMN_NEEDS,
	COLUMN_PATHS,
	COLUMN_RUN,
	COLUMN_WASM,
	COLUMN_AVOIDS,
	COLUMN_REDUNDANCY,
	COLUMN_PAYLOAD,
	COLUMN_DESCRIPTION,
	COLUMN_COUNT,
};

#define COLUMN_ABSENT SIZE_MAX

struct board_columns {
	size_t at[COLUMN_COUNT];	/* the column of each meaning, or COLUMN_ABSENT */
	enum board_column meaning[BOARD_COLUMNS_MAX];
	size_t count;
	const char *est_unit;		/* of bare numbers, from headers like "Est (h)"; or "" */
};

/*
 * Reads the header and, to tell ids from titles, the rows. at[COLUMN_ID] is
 * COLUMN_ABSENT when the table is none of tasks; below a heading of filler
 * tasks, whoever calls takes it all the same.
 */
void board_columns_read(const struct markdown_block *table, struct board_columns *ret_columns);

/* The name of the column that the writer uses. */
const char *board_column_name(enum board_column column);

/*
 * Splits "P0.1.1: title" and its like. `ret_title` is what remains, maybe
 * empty. `mark` is set from pictures or a box around the id.
 */
struct board_id_cell {
	struct slice id;
	struct slice title;
	enum doc_status status;
	bool has_status;
};
bool board_split_id(const struct markdown_text *cell, struct board_id_cell *ret_cell);

/*
 * What a heading may name as an id, likeliest first: "P0.1.1: title",
 * "[P0.1.1] title", "Task P0.1.1", "Setup". Returns how many.
 */
#define HEADING_IDS_MAX 4
size_t board_heading_ids(struct slice text, struct slice ret_ids[HEADING_IDS_MAX]);

/* True when a heading ends in "Filler Tasks"; what stands before is the name of their owner. */
bool board_heading_is_filler(struct slice text, struct slice *ret_owner);

#endif
