#include "cli/standing_view.h"

#include <stdio.h>

#include "cli/columns.h"
#include "cli/print.h"
#include "cli/value.h"
#include "fabric/command.h"

#define US_PER_MS 1000
#define KIB 1024

/* ---- values ---------------------------------------------------------------------------------- */

/* Promises are made in hundredths of a percent: 99.95 %, and not 100 %. */
static void add_ratio(struct buf *out, const struct json_value *ratio)
{
	char text[32];
	double number;

	if (!json_get_double(ratio, &number))
		return;
	snprintf(text, sizeof(text), "%.2f", number * 100);
	buf_add_str(out, text);
	while (out->ptr[out->len - 1] == '0')
		out->len--;
	if (out->ptr[out->len - 1] == '.')
		out->len--;
	buf_add_lit(out, " %");
}

static void add_ms(struct buf *out, const struct json_value *ms)
{
	int64_t number;

	if (json_get_i64(ms, &number))
		duration_write(out, number);
}

static void add_us(struct buf *out, int64_t us)
{
	if (us >= 10 * US_PER_MS || us == 0) {
		duration_write(out, us / US_PER_MS);
		return;
	}
	buf_add_i64(out, us);
	buf_add_lit(out, " us");
}

static void add_bytes(struct buf *out, int64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	int64_t whole = bytes, tenths = 0;
	size_t unit = 0;

	for (; whole >= KIB && unit + 1 < ARRAY_LEN(units); unit++) {
		tenths = whole % KIB * 10 / KIB;
		whole /= KIB;
	}
	buf_add_i64(out, whole);
	if (tenths) {
		buf_add_byte(out, '.');
		buf_add_i64(out, tenths);
	}
	buf_add_byte(out, ' ');
	buf_add_str(out, units[unit]);
}

static void write_table(struct cli *cli, struct table *table)
{
	table_write(table, 0, cli->has_color, &cli->out);
	table_finish(table);
}

/* ---- performance ----------------------------------------------------------------------------- */

static void add_promise(struct table *table, const char *name, const struct json_value *promise,
			void (*add)(struct buf *, const struct json_value *))
{
	struct buf cell = { 0 };
	bool is_kept;

	table_add(table, slice_of_str(name));
	add(&cell, json_get(promise, SLICE("target")));
	table_add(table, cell.len ? buf_slice(&cell) : SLICE("no promise"));
	buf_clear(&cell);
	add(&cell, json_get(promise, SLICE("actual")));
	table_add(table, cell.len ? buf_slice(&cell) : SLICE("not known"));
	if (json_get_bool(json_get(promise, SLICE("kept")), &is_kept))
		table_add(table, is_kept ? SLICE("yes") : SLICE("no"));
	else
		table_add(table, SLICE_EMPTY);
	buf_finish(&cell);
}

static void print_error_budget(struct cli *cli, const struct json_value *answer)
{
	const struct json_value *left = json_get(answer, SLICE("error_budget_left"));

	if (!left)
		return;
	buf_add_lit(&cli->out, "Of the failures that the promise leaves room for, ");
	add_ratio(&cli->out, left);
	print_sentence(&cli->out, " are left. They come {burn_rate} times as fast as they may, "
		       "{burn_rate_1h} times in the last hour.", answer);
}

void print_performance(struct cli *cli, const struct json_value *answer)
{
	static const struct column columns[] = {
		{ "PROMISE", false, false }, { "TARGET", true, false }, { "SO FAR", true, false },
		{ "KEPT", false, false },
	};
	struct table table = { columns, ARRAY_LEN(columns), { 0 }, NULL, 0, 0 };
	bool is_kept = false;

	json_get_bool(json_get(answer, SLICE("compliant")), &is_kept);
	if (!member_text(answer, "contract").len)
		print_sentence(&cli->out, "{swarm} works under no contract.", answer);
	else if (is_kept)
		print_sentence(&cli->out, "{swarm} keeps contract {contract} of module {module}.",
			       answer);
	else
		print_sentence(&cli->out, "{swarm} does not keep contract {contract} of module "
			       "{module}[, since {broken_since}].", answer);
	print_sentence(&cli->out, "{outcomes} outcomes count, {failures} of them failures: the last "
		       "{window_outcomes}, none older than {window_days} days. Its reputation is "
		       "{reputation}.", answer);
	buf_add_byte(&cli->out, '\n');
	add_promise(&table, "success rate", json_get(answer, SLICE("success_rate")), add_ratio);
	add_promise(&table, "p99 latency", json_get(answer, SLICE("p99_latency_ms")), add_ms);
	add_promise(&table, "availability", json_get(answer, SLICE("availability")), add_ratio);
	write_table(cli, &table);
	print_error_budget(cli, answer);
}

/* ---- reputation ------------------------------------------------------------------------------ */

void print_reputation(struct cli *cli, const struct json_value *answer)
{
	static const struct list history = { "history", "It has not changed yet.", {
		{ "at", { "AT", false, false } },
		{ "reputation", { "REPUTATION", true, false } },
	} };

	print_sentence(&cli->out, "The reputation of {swarm} is {reputation}[; it was found to be "
		       "{found} at {found_at}].", answer);
	print_sentence(&cli->out, "In the match it counts as {in_the_match}. Half of what is "
		       "missing to 1 is forgotten every {half_life_days} days.", answer);
	if (json_count(json_get(answer, SLICE("history"))))
		buf_add_byte(&cli->out, '\n');
	print_list(cli, &history, json_get(answer, SLICE("history")), NULL, false);
}

/* ---- resources ------------------------------------------------------------------------------- */

enum used_form { USED_US, USED_MS, USED_BYTES, USED_COUNT };

static const struct used {
	const char *member;
	const char *name;
	enum used_form form;
} used_rows[] = {
	{ "wall_us", "time on the clock", USED_US },
	{ "cpu_us", "processor time", USED_US },
	{ "fuel", "steps of computing", USED_COUNT },
	{ "memory_bytes", "memory, at most in one run", USED_BYTES },
	{ "output_bytes", "results", USED_BYTES },
	{ "http_requests", "requests, as the runs count them", USED_COUNT },
	{ "requests", "requests, as the proxy counts them", USED_COUNT },
	{ "denied", "not let out", USED_COUNT },
	{ "failed", "let out, without an answer", USED_COUNT },
	{ "transferred_bytes", "sent and received", USED_BYTES },
	{ "waited_ms", "waited for answers", USED_MS },
};

static void print_runs(struct cli *cli, const struct json_value *runs)
{
	static const struct column columns[] = {
		{ "RUNS THAT ENDED AS", false, false }, { "COUNT", true, false },
	};
	struct table table = { columns, ARRAY_LEN(columns), { 0 }, NULL, 0, 0 };

	for (int i = 0; i < CHASSIS_VERDICT_COUNT; i++) {
		int64_t count = member_i64(runs, chassis_verdict_names[i]);
		struct buf cell = { 0 };

		if (count == 0)
			continue;
		buf_add_i64(&cell, count);
		table_add(&table, slice_of_str(chassis_verdict_names[i]));
		table_add(&table, buf_slice(&cell));
		buf_finish(&cell);
	}
	if (table.cell_count) {
		write_table(cli, &table);
		buf_add_byte(&cli->out, '\n');
	}
}

void print_resources(struct cli *cli, const struct json_value *answer)
{
	static const struct column columns[] = {
		{ "USED", false, false }, { "IN ALL", true, false },
	};
	struct table table = { columns, ARRAY_LEN(columns), { 0 }, NULL, 0, 0 };

	print_sentence(&cli->out, "{swarm} has {runs.all} runs.", answer);
	buf_add_byte(&cli->out, '\n');
	print_runs(cli, json_get(answer, SLICE("runs")));
	for (size_t i = 0; i < ARRAY_LEN(used_rows); i++) {
		int64_t amount = member_i64(answer, used_rows[i].member);
		struct buf cell = { 0 };

		switch (used_rows[i].form) {
		case USED_US: add_us(&cell, amount); break;
		case USED_MS: duration_write(&cell, amount); break;
		case USED_BYTES: add_bytes(&cell, amount); break;
		case USED_COUNT:
		default: buf_add_i64(&cell, amount); break;
		}
		table_add(&table, slice_of_str(used_rows[i].name));
		table_add(&table, buf_slice(&cell));
		buf_finish(&cell);
	}
	write_table(cli, &table);
}
