#include "waste/plot.h"

#include <stdio.h>

#include "load/figures.h"

#define WIDTH 860
#define HEIGHT 300		/* of one plot */
#define LEFT 64
#define RIGHT 170		/* room for the names of lines */
#define TOP 40
#define BOTTOM 44
#define GRID 5

/* Told apart also by those who do not see every colour. */
static const char *const colours[PLOT_LINES_MOST] = {
	"#d55e00", "#e69f00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#f0e442", "#000000",
};

static double x_of(const struct plot *plot, uint32_t point)
{
	return LEFT + (double)point * (WIDTH - LEFT - RIGHT) /
		      (plot->point_count > 1 ? plot->point_count - 1 : 1);
}

static double y_of(uint32_t place, double value)
{
	return place * HEIGHT + TOP + (1 - value) * (HEIGHT - TOP - BOTTOM);
}

static void write_axes(FILE *file, const struct plot *plot, uint32_t place)
{
	fprintf(file, "<text x='%d' y='%u' class='title'>%s</text>\n", LEFT, place * HEIGHT + 24,
		plot->title);
	for (int i = 0; i <= GRID; i++) {
		double value = (double)i / GRID, y = y_of(place, value);
		double x = LEFT + value * (WIDTH - LEFT - RIGHT);

		fprintf(file, "<path d='M%d %.1fH%d' class='grid'/>"
			"<text x='%d' y='%.1f' class='y'>%.0f %%</text>\n",
			LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, 100 * value);
		fprintf(file, "<text x='%.1f' y='%.1f' class='x'>%.0f</text>\n", x,
			y_of(place, 0) + 18, value * plot->x_last);
	}
	fprintf(file, "<text x='%d' y='%.1f' class='x'>%s</text>\n",
		LEFT + (WIDTH - LEFT - RIGHT) / 2, y_of(place, 0) + 36, plot->x_name);
	fprintf(file, "<text transform='translate(14 %.1f) rotate(-90)' class='x'>%s</text>\n",
		y_of(place, 0.5), plot->y_name);
}

static void write_lines(FILE *file, const struct plot *plot, uint32_t place)
{
	for (uint32_t i = 0; i < plot->line_count; i++) {
		const struct plot_line *line = &plot->lines[i];

		fprintf(file, "<polyline stroke='%s' points='", colours[i]);
		for (uint32_t j = 0; j < plot->point_count; j++)
			fprintf(file, "%.1f,%.1f ", x_of(plot, j), y_of(place, line->values[j]));
		fprintf(file, "'/><text x='%d' y='%u' fill='%s'>%s</text>\n", WIDTH - RIGHT + 10,
			place * HEIGHT + TOP + 12 + 18 * i, colours[i], line->name);
	}
}

void plot_write(const char *path, const struct plot *plots, uint32_t count)
{
	FILE *file = fopen(path, "we");

	if (!file)
		die(path);
	fprintf(file, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %u'>\n"
		"<style>text{font:12px sans-serif}.title{font-weight:bold}.x{text-anchor:middle}"
		".y{text-anchor:end}.grid{stroke:#ddd}polyline{fill:none;stroke-width:2}</style>\n"
		"<rect width='100%%' height='100%%' fill='white'/>\n", WIDTH, count * HEIGHT);
	for (uint32_t i = 0; i < count; i++) {
		write_axes(file, &plots[i], i);
		write_lines(file, &plots[i], i);
	}
	fprintf(file, "</svg>\n");
	if (fclose(file) != 0)
		die(path);
}
