/*
 * plot - lines over time, as an SVG that needs nothing else.
 */
#ifndef BENCH_WASTE_PLOT_H
#define BENCH_WASTE_PLOT_H

#include <stdint.h>

#define PLOT_LINES_MOST 8

struct plot_line {
	const char *name;
	const double *values;	/* 0 to 1; as many as the plot has points */
};

struct plot {
	const char *title;
	const char *x_name;
	const char *y_name;
	double x_last;		/* of the last point; the first is 0 */
	uint32_t point_count;
	struct plot_line lines[PLOT_LINES_MOST];
	uint32_t line_count;
};

/* Below one another, in one file. Ends the program when it cannot be written. */
void plot_write(const char *path, const struct plot *plots, uint32_t count);

#endif
