#include "cli/cost_plot.h"

#include "base/rfc3339.h"
#include "cli/columns.h"
#include "cli/print.h"

#define DAY_US INT64_C(86400000000)
/* More empty days than these between two others are one line: a year of nothing shows nothing. */
#define EMPTY_DAYS_MOST 31
#define BAR_LEAST 10	/* columns; narrower says nothing */
#define MONEY_WIDTH 12
#define DAY_WIDTH 10
#define EIGHTHS 8

#define RED "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

static int64_t money_of(const struct json_value *row, const char *member)
{
	int64_t nanousd = 0;

	(void)json_get_money(json_get(row, slice_of_str(member)), &nanousd);
	return nanousd;
}

static struct slice name_of(const struct json_value *row)
{
	struct slice name = member_text(row, "name");

	return name.len ? name : SLICE("(none)");
}

/* Of `whole` columns, in eighths; what is not nothing shows. */
static size_t eighths_of(int64_t part, int64_t most, size_t whole)
{
	size_t eighths;

	if (part <= 0 || most <= 0)
		return 0;
	eighths = (size_t)((double)part / (double)most * (double)(whole * EIGHTHS) + 0.5);
	return eighths ? eighths : 1;
}

static void add_marks(struct buf *out, const char *mark, size_t count, const char *color)
{
	if (count == 0)
		return;
	buf_add_str(out, color);
	for (size_t i = 0; i < count; i++)
		buf_add_str(out, mark);
	buf_add_str(out, color[0] ? PLAIN : "");
}

/* What was well spent, in eighths of a column, then what was wasted, in whole ones. */
static void write_bar(const struct cost_plot *plot, int64_t cost, int64_t wasted, int64_t most,
		      size_t width, struct buf *out)
{
	static const char *const parts[EIGHTHS] = {
		"", "\xe2\x96\x8f", "\xe2\x96\x8e", "\xe2\x96\x8d", "\xe2\x96\x8c", "\xe2\x96\x8b",
		"\xe2\x96\x8a", "\xe2\x96\x89",
	};
	const char *green = plot->has_color ? GREEN : "", *red = plot->has_color ? RED : "";
	size_t all = eighths_of(cost, most, width);
	size_t lost = (eighths_of(wasted, most, width) + EIGHTHS - 1) / EIGHTHS;
	size_t well = all > lost * EIGHTHS ? all - lost * EIGHTHS : 0;

	if (wasted < cost && well == 0)
		well = 1;
	if (plot->has_blocks) {
		add_marks(out, "\xe2\x96\x88", well / EIGHTHS, green);
		add_marks(out, parts[well % EIGHTHS], well % EIGHTHS ? 1 : 0, green);
		add_marks(out, "\xe2\x96\x92", lost, red);
	} else {
		add_marks(out, "#", (well + EIGHTHS - 1) / EIGHTHS, green);
		add_marks(out, "x", lost, red);
	}
}

/* The name stands in front of the bar, in a column of its own when any row has one. */
static void write_day(const struct cost_plot *plot, struct slice day, struct slice name,
		      int64_t cost, int64_t wasted, int64_t most, size_t name_width,
		      struct buf *out)
{
	size_t used = DAY_WIDTH + 2 + MONEY_WIDTH + 2 + name_width;
	size_t width = plot->width > used + BAR_LEAST ? plot->width - used - 1 : BAR_LEAST;
	struct buf money = { 0 };

	print_money(&money, cost);
	buf_add_slice(out, day);
	buf_add_repeat(out, ' ', money.len < MONEY_WIDTH + 2 ? MONEY_WIDTH + 2 - money.len : 1);
	buf_add_slice(out, buf_slice(&money));
	if (name_width) {
		buf_add_lit(out, "  ");
		text_add_visible(out, name, false);
		buf_add_repeat(out, ' ', cost > 0 ? name_width - 2 - text_width(name) : 0);
	}
	if (cost > 0) {
		buf_add_lit(out, "  ");
		write_bar(plot, cost, wasted, most, width, out);
	}
	buf_add_byte(out, '\n');
	buf_finish(&money);
}

static int64_t day_of(const struct json_value *row)
{
	struct buf text = { 0 };
	int64_t at_us = 0;

	buf_add_slice(&text, member_text(row, "day"));
	buf_add_lit(&text, "T00:00:00Z");
	(void)rfc3339_read(buf_slice(&text), &at_us);
	buf_finish(&text);
	return at_us;
}

/* The days between two rows, on which nothing was spent. */
static void write_gap(const struct cost_plot *plot, int64_t from_us, int64_t until_us,
		      struct buf *out)
{
	struct buf text = { 0 };

	if (until_us - from_us > EMPTY_DAYS_MOST * DAY_US) {
		buf_add_lit(out, "...\n");
		return;
	}
	for (int64_t at_us = from_us; at_us < until_us; at_us += DAY_US) {
		buf_clear(&text);
		buf_add_time(&text, at_us);
		write_day(plot, slice_head(buf_slice(&text), DAY_WIDTH), SLICE_EMPTY, 0, 0, 0, 0, out);
	}
	buf_finish(&text);
}

static void write_sums(const struct cost_plot *plot, struct buf *out)
{
	const struct json_value *total = json_get(plot->history, SLICE("total"));
	int64_t cost = money_of(total, "cost_usd"), wasted = money_of(total, "wasted_usd");

	buf_add_byte(out, '\n');
	print_money(out, cost);
	buf_add_lit(out, " in all, ");
	print_money(out, wasted);
	buf_add_lit(out, " of it wasted (");
	buf_add_i64(out, cost > 0 ? (int64_t)((double)wasted / (double)cost * 100 + 0.5) : 0);
	buf_add_lit(out, " %)  ");
	add_marks(out, plot->has_blocks ? "\xe2\x96\x88" : "#", 1, plot->has_color ? GREEN : "");
	buf_add_lit(out, " well spent  ");
	add_marks(out, plot->has_blocks ? "\xe2\x96\x92" : "x", 1, plot->has_color ? RED : "");
	buf_add_lit(out, " wasted\n");
}

void cost_plot_write(const struct cost_plot *plot, struct buf *out)
{
	const struct json_value *rows = json_get(plot->history, SLICE("rows"));
	bool has_names = member_text(plot->history, "by").len > 0;
	int64_t most = 0, next_us = 0;
	size_t name_width = 0;

	for (size_t i = 0; i < json_count(rows); i++) {
		int64_t cost = money_of(json_at(rows, i), "cost_usd");

		most = cost > most ? cost : most;
		if (has_names && text_width(name_of(json_at(rows, i))) + 2 > name_width)
			name_width = text_width(name_of(json_at(rows, i))) + 2;
	}
	for (size_t i = 0; i < json_count(rows); i++) {
		const struct json_value *row = json_at(rows, i);
		int64_t day_us = day_of(row);

		if (i && !has_names)
			write_gap(plot, next_us, day_us, out);
		write_day(plot, member_text(row, "day"), name_of(row), money_of(row, "cost_usd"),
			  money_of(row, "wasted_usd"), most, name_width, out);
		next_us = day_us + DAY_US;
	}
	write_sums(plot, out);
}
