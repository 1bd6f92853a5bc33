/*
 * cost_view - what was spent and may be spent, as a table, CSV or bars.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/columns.h"
#include "cli/cost_plot.h"
#include "cli/local.h"
#include "cli/print.h"
#include "sys/clock.h"
#include "sys/terminal.h"

enum cell { CELL_TEXT, CELL_SUM, CELL_COUNT_OR_NOTHING };

struct cost_column {
	const char *member;	/* of a row; its name in CSV */
	struct column column;
	enum cell cell;
};

struct cost_table {
	enum command_type command;
	const char *rows;	/* the answer's member */
	const char *none;
	struct cost_column columns[TABLE_COLUMNS_MAX];
};

/* Nothing in a column that nobody has anything in, and the table leaves it out. */
#define SPENT_COLUMNS                                                                              \
	{ "cost_usd", { "COST", true, false }, CELL_SUM },                                         \
	{ "wasted_usd", { "WASTED", true, false }, CELL_SUM },                                     \
	{ "input_tokens", { "INPUT", true, false }, CELL_COUNT_OR_NOTHING },                       \
	{ "output_tokens", { "OUTPUT", true, false }, CELL_COUNT_OR_NOTHING },                     \
	{ "cache_read_tokens", { "CACHE READ", true, false }, CELL_COUNT_OR_NOTHING },             \
	{ "cache_write_tokens", { "CACHE WRITE", true, false }, CELL_COUNT_OR_NOTHING },           \
	{ "reports", { "REPORTS", true, false }, CELL_SUM },                                       \
	{ "unpriced", { "UNPRICED", true, false }, CELL_COUNT_OR_NOTHING },

static const struct cost_table tables[] = {
	{ COMMAND_COST_REPORT, "rows", "Nothing was spent. Report what is: ifctl cost charge --help", {
		{ "name", { NULL, false, true }, CELL_TEXT },
		SPENT_COLUMNS
	} },
	{ COMMAND_COST_HISTORY, "rows", "Nothing was spent. Report what is: ifctl cost charge --help", {
		{ "day", { "DAY", false, false }, CELL_TEXT },
		{ "name", { NULL, false, true }, CELL_TEXT },
		SPENT_COLUMNS
	} },
	{ COMMAND_COST_BUDGET, "budgets",
	  "There is no budget. Set one: ifctl cost set-budget --scope fabric --limit 25", {
		{ "scope", { "SCOPE", false, false }, CELL_TEXT },
		{ "of", { "BUDGET OF", false, true }, CELL_TEXT },
		{ "limit_usd", { "LIMIT", true, false }, CELL_TEXT },
		{ "spent_usd", { "SPENT", true, false }, CELL_TEXT },
		{ "reserved_usd", { "RESERVED", true, false }, CELL_TEXT },
		{ "left_usd", { "LEFT", true, false }, CELL_TEXT },
		{ "over_usd", { "OVER", true, false }, CELL_TEXT },
		{ "soft_usd", { "TELL AT", true, false }, CELL_TEXT },
		{ "level", { "LEVEL", false, false }, CELL_TEXT },
		{ "budget_duration_ms", { "EVERY", true, false }, CELL_TEXT },
		{ "resets_at", { "RESETS AT", false, false }, CELL_TEXT },
	} },
};

/* `cost budget --by` and `--period`: what came out of each. */
static const struct cost_table spent_table = {
	COMMAND_COST_BUDGET, "rows", "Nothing was spent of any budget. See them: ifctl cost budget", {
		{ "of", { "BUDGET OF", false, true }, CELL_TEXT },
		{ "name", { NULL, false, true }, CELL_TEXT },
		SPENT_COLUMNS
	}
};

static const struct cost_table *table_of(const struct command_info *command,
					 const struct json_value *answer)
{
	if (command == &command_table[COMMAND_COST_BUDGET] && json_get(answer, SLICE("rows")))
		return &spent_table;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (command == &command_table[tables[i].command])
			return &tables[i];
	BUG("a command that shows costs has a table");
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/* As RFC 4180 has it: quoted, with a quote written twice. */
static void add_csv_text(struct buf *out, struct slice text)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"')
			buf_add_byte(out, '"');
		buf_add_byte(out, text.ptr[i]);
	}
	buf_add_byte(out, '"');
}

/* An amount goes as plain digits: what JSON may write as 1e-09 is no number to everybody. */
static void add_csv_value(struct buf *out, const char *member, const struct json_value *value)
{
	struct slice text;
	int64_t nanousd;

	if (json_get_text(value, &text))
		add_csv_text(out, text);
	else if (slice_ends(slice_of_str(member), SLICE("_usd")) && json_get_money(value, &nanousd))
		buf_add_money(out, nanousd);
	else if (value && !value_is(value, JSON_KIND_NULL))
		json_dump(value, out);
}

/* What rows are by has a column where they are by something. */
static bool has_column(const struct cost_column *column, const struct json_value *answer)
{
	return column->column.heading || member_text(answer, "by").len;
}

static void write_csv(const struct cost_table *cost, const struct json_value *answer,
		      struct buf *out)
{
	const struct json_value *rows = json_get(answer, slice_of_str(cost->rows));

	for (size_t i = 0; cost->columns[i].member; i++) {
		if (!has_column(&cost->columns[i], answer))
			continue;
		buf_add_str(out, i ? "," : "");
		buf_add_str(out, cost->columns[i].member);
	}
	buf_add_lit(out, "\r\n");
	for (size_t row = 0; row < json_count(rows); row++) {
		for (size_t i = 0; cost->columns[i].member; i++) {
			const char *member = cost->columns[i].member;

			if (!has_column(&cost->columns[i], answer))
				continue;
			buf_add_str(out, i ? "," : "");
			add_csv_value(out, member,
				      json_get(json_at(rows, row), slice_of_str(member)));
		}
		buf_add_lit(out, "\r\n");
	}
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void add_cost_cell(struct table *table, const struct json_value *row,
			  const struct cost_column *column, int64_t now_us)
{
	const struct json_value *value = json_get(row, slice_of_str(column->member));
	int64_t at_us = member_time(row, column->member);
	struct slice text;
	struct buf cell = { 0 };

	if (at_us)
		print_clock(&cell, at_us, now_us);
	else if (column->cell == CELL_COUNT_OR_NOTHING && member_i64(row, column->member) == 0)
		;
	else if (json_get_text(value, &text) && text.len == 0)
		buf_add_lit(&cell, "(none)");
	else
		print_value(&cell, column->member, value, now_us);
	table_add(table, buf_slice(&cell));
	buf_finish(&cell);
}

static void add_total(struct table *table, const struct cost_table *cost,
		      const struct json_value *total, int64_t now_us)
{
	for (size_t i = 0; i < table->count; i++) {
		if (cost->columns[i].cell == CELL_TEXT)
			table_add(table, i ? SLICE_EMPTY : SLICE("in all"));
		else
			add_cost_cell(table, total, &cost->columns[i], now_us);
	}
}

static void write_table(struct cli *cli, const struct cost_table *cost,
			const struct json_value *answer)
{
	const struct json_value *rows = json_get(answer, slice_of_str(cost->rows));
	const struct json_value *total = json_get(answer, SLICE("total"));
	struct column columns[TABLE_COLUMNS_MAX];
	struct table table = { .columns = columns };
	int64_t now_us = clock_wall_us();
	struct buf heading = { 0 };
	int width = 0, height;

	buf_add_slice(&heading, member_text(answer, "by"));
	for (size_t i = 0; i < heading.len; i++)
		if (heading.ptr[i] >= 'a' && heading.ptr[i] <= 'z')
			heading.ptr[i] = (char)(heading.ptr[i] - 'a' + 'A');
	for (; cost->columns[table.count].member; table.count++) {
		columns[table.count] = cost->columns[table.count].column;
		if (!columns[table.count].heading)
			columns[table.count].heading = buf_str(&heading);
	}
	for (size_t row = 0; row < json_count(rows); row++)
		for (size_t i = 0; i < table.count; i++)
			add_cost_cell(&table, json_at(rows, row), &cost->columns[i], now_us);
	if (total)
		add_total(&table, cost, total, now_us);
	if (terminal_is(1))
		terminal_size(1, &width, &height);
	table_write(&table, (size_t)width, cli->has_color, &cli->out);
	table_finish(&table);
	buf_finish(&heading);
}

/* ---- bars ------------------------------------------------------------------------------------ */

/* By the first of the variables that says anything, as the C library has it. */
static bool terminal_has_blocks(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static void write_plot(struct cli *cli, const struct json_value *answer)
{
	struct cost_plot plot = {
		.history = answer,
		.has_blocks = terminal_has_blocks(),
		.has_color = cli->has_color,
	};
	int width, height;

	terminal_size(1, &width, &height);
	plot.width = (size_t)width;
	cost_plot_write(&plot, &cli->out);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static enum cost_form form_of(const struct cli *cli, const struct args *args)
{
	if (cli->as_json)
		return COST_FORM_JSON;
	if (args_has(args, "format"))
		return (enum cost_form)args_number(args, "format");
	return args->verb->command == &command_table[COMMAND_COST_HISTORY] && terminal_is(1) ?
		       COST_FORM_PLOT : COST_FORM_TABLE;
}

static int print_cost(struct cli *cli, const struct args *args, struct slice body)
{
	const struct cost_table *cost;
	enum cost_form form = form_of(cli, args);
	const struct json_value *rows;
	struct json_value *answer;

	if (form == COST_FORM_JSON) {
		buf_add_slice(&cli->out, slice_trim(body));
		buf_add_byte(&cli->out, '\n');
		return 0;
	}
	if (cli_parse(cli, body, &answer) != OK)
		return IFAB_FAILED;
	cost = table_of(args->verb->command, answer);
	rows = json_get(answer, slice_of_str(cost->rows));
	if (form == COST_FORM_CSV)
		write_csv(cost, answer, &cli->out);
	else if (json_count(rows) == 0)
		cli_say_str(cli, cost->none);
	else if (form == COST_FORM_PLOT)
		write_plot(cli, answer);
	else
		write_table(cli, cost, answer);
	if (member_text(answer, "incomplete").len) {
		struct buf note = { 0 };

		print_sentence(&note, "This is incomplete: {incomplete}.", answer);
		cli_say(cli, slice_trim(buf_slice(&note)));
		buf_finish(&note);
	}
	json_free(answer);
	return 0;
}

int cost_run(struct cli *cli, const struct args *args)
{
	struct ifab_reply reply = { 0 };
	int code = 0;

	if (!cli_client(cli, &code))
		return code;
	if (command_call(cli, args, &reply) == IFAB_OK)
		code = print_cost(cli, args, slice_of(reply.body, reply.body_len));
	else
		code = command_refuse(cli, args, &reply);
	ifab_reply_free(&reply);
	return code;
}
