/*
 * cost_plot - what was spent day by day, as bars.
 */
#ifndef CLI_COST_PLOT_H
#define CLI_COST_PLOT_H

#include "base/buf.h"
#include "document/json.h"

struct cost_plot {
	const struct json_value *history;	/* as `cost history --json` answers */
	size_t width;				/* of the screen */
	bool has_blocks;			/* else the bars are of ASCII */
	bool has_color;
};

/* A line for each day, also for those on which nothing was spent. */
void cost_plot_write(const struct cost_plot *plot, struct buf *out);

#endif
