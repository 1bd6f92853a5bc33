/*
 * board_deps - what people write about dependencies, as tasks.
 *
 * "None", "P0.1.2, P0.1.3", "P0.1.1 to P0.1.4", "P0.5.*", "All above", "All
 * components". Read when all tasks of the document are known, because a task
 * may wait for one that stands further down.
 */
#ifndef DOCUMENT_BOARD_DEPS_H
#define DOCUMENT_BOARD_DEPS_H

#include "document/board_build.h"

/* The tasks of one table, which follow each other. */
struct dep_table {
	uint32_t first;
	uint32_t count;
	bool has_deps;		/* it has a column of dependencies */
	bool filler;
};

/* What one task says. */
struct dep_cell {
	struct slice text;	/* markdown_text's `starred` */
	uint32_t table;
	bool verbatim;		/* ids between commas, nothing else */
};

/*
 * Sets the deps of every task; `cells` has one entry for each. Reports what
 * is not known with the task's line.
 */
void board_resolve_deps(struct board_build *build, const struct dep_cell *cells,
			const struct dep_table *tables, size_t table_count);

#endif
