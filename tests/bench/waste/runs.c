#include "waste/runs.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/slice.h"
#include "load/figures.h"

#define COLUMNS_MOST 64
#define COST_MOST_USD 1e6

enum column { TASK, AGENT, RESOLVED, COST, COLUMN_COUNT };

static const char *const column_names[] = {
	[TASK] = "task", [AGENT] = "agent", [RESOLVED] = "resolved", [COST] = "cost_usd",
};

/* Names in the order in which they came. */
struct names {
	char **items;
	size_t count, capacity;
	struct map by_name;
};

struct row {
	uint32_t task, agent;
	struct attempt attempt;
};

struct table {
	const char *path;
	uint32_t line;
	int places[COLUMN_COUNT];
	struct names tasks, agents;
	struct row *rows;
	size_t count, capacity;
};

_Noreturn static void fault(const struct table *table, const char *what)
{
	fprintf(stderr, "bench: %s:%u: %s\n", table->path, table->line, what);
	exit(EXIT_FAILURE);
}

static bool same_name(const void *context, uint32_t value, const void *key)
{
	return slice_is_str(*(const struct slice *)key, ((const struct names *)context)->items[value]);
}

static uint32_t number_of(struct names *names, struct slice name)
{
	uint32_t hash = hash_slice(0, name);
	uint32_t number = map_find(&names->by_name, hash, same_name, names, &name);

	if (number != MAP_NONE)
		return number;
	names->items = alloc_grow(names->items, &names->capacity, names->count + 1, sizeof(char *));
	names->items[names->count] = alloc_copy(name.ptr, name.len);
	number = (uint32_t)names->count++;
	map_add(&names->by_name, hash, number);
	return number;
}

/* Cuts a line into its fields; quotes around one are taken off. */
static int cut(struct slice line, struct slice fields[COLUMNS_MOST])
{
	int count = 0;

	while (count < COLUMNS_MOST) {
		struct slice field = slice_trim(slice_cut(&line, ','));

		if (field.len >= 2 && field.ptr[0] == '"' && field.ptr[field.len - 1] == '"')
			field = slice_of(field.ptr + 1, field.len - 2);
		fields[count++] = field;
		if (line.len == 0)
			break;
	}
	return count;
}

static void read_head(struct table *table, struct slice line)
{
	struct slice fields[COLUMNS_MOST];
	int count = cut(line, fields);

	for (int column = 0; column < COLUMN_COUNT; column++) {
		table->places[column] = -1;
		for (int i = 0; i < count; i++)
			if (slice_is_str(fields[i], column_names[column]))
				table->places[column] = i;
		if (table->places[column] < 0)
			fault(table, "its columns are not task, agent, resolved, cost_usd");
	}
}

static int64_t cost_of(const struct table *table, struct slice field)
{
	char *text = alloc_copy(field.ptr, field.len);
	char *end;
	double usd;

	errno = 0;
	usd = strtod(text, &end);
	if (field.len == 0 || *end || errno || !isfinite(usd) || usd < 0 || usd > COST_MOST_USD)
		fault(table, "the cost is not a number of dollars");
	free(text);
	return (int64_t)llround(usd * 1e9);
}

static void read_row(struct table *table, struct slice line)
{
	struct slice fields[COLUMNS_MOST], resolved;
	struct row row;

	int count = cut(line, fields);

	for (int column = 0; column < COLUMN_COUNT; column++)
		if (table->places[column] >= count)
			fault(table, "the line is too short");
	resolved = fields[table->places[RESOLVED]];
	if (!slice_is_str(resolved, "0") && !slice_is_str(resolved, "1"))
		fault(table, "resolved is neither 0 nor 1");
	row.attempt.resolved = slice_is_str(resolved, "1");
	row.attempt.cost_nanousd = cost_of(table, fields[table->places[COST]]);
	row.task = number_of(&table->tasks, fields[table->places[TASK]]);
	row.agent = number_of(&table->agents, fields[table->places[AGENT]]);
	if (row.task >= RUNS_TASKS_MOST || row.agent >= RUNS_AGENTS_MOST)
		fault(table, "more tasks or agents than this reads");
	table->rows = alloc_grow(table->rows, &table->capacity, table->count + 1, sizeof(row));
	table->rows[table->count++] = row;
}

static void read_table(struct table *table)
{
	FILE *file = fopen(table->path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file)
		die(table->path);
	while ((len = getline(&text, &size, file)) >= 0) {
		struct slice line = slice_trim(slice_of(text, (size_t)len));

		table->line++;
		if (table->line == 1)
			read_head(table, line);
		else if (line.len)
			read_row(table, line);
	}
	free(text);
	fclose(file);
	if (table->count == 0)
		fault(table, "there are no attempts in it");
}

/* Only what everybody has tried can be given to anybody. */
static void keep_whole(struct runs *runs, struct table *table)
{
	uint32_t *tried = alloc_zero(table->tasks.count, sizeof(*tried));
	uint32_t *places = alloc_zero(table->tasks.count, sizeof(*places));
	uint8_t *seen = alloc_zero(table->tasks.count * table->agents.count, 1);

	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];
		uint8_t *is_seen = &seen[row->task * table->agents.count + row->agent];

		tried[row->task] += !*is_seen;
		*is_seen = 1;
	}
	runs->tasks = alloc_zero(table->tasks.count, sizeof(char *));
	for (uint32_t i = 0; i < table->tasks.count; i++) {
		places[i] = runs->task_count;
		if (tried[i] < table->agents.count)
			free(table->tasks.items[i]);
		else
			runs->tasks[runs->task_count++] = table->tasks.items[i];
	}
	runs->attempts = alloc_zero((size_t)runs->task_count * runs->agent_count,
				    sizeof(*runs->attempts));
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];

		if (tried[row->task] == runs->agent_count)
			runs->attempts[(size_t)places[row->task] * runs->agent_count + row->agent] =
				row->attempt;
	}
	runs->dropped = (uint32_t)table->tasks.count - runs->task_count;
	free(tried);
	free(places);
	free(seen);
}

void runs_load(struct runs *runs, const char *path)
{
	struct table table = { .path = path };

	*runs = (struct runs){ 0 };
	read_table(&table);
	runs->agents = table.agents.items;
	runs->agent_count = (uint32_t)table.agents.count;
	keep_whole(runs, &table);
	if (runs->task_count == 0 || runs->agent_count < ATTEMPTS_MOST)
		fault(&table, "there is nothing that at least three agents have tried");
	free(table.tasks.items);
	free(table.rows);
	map_finish(&table.tasks.by_name);
	map_finish(&table.agents.by_name);
}

void runs_finish(struct runs *runs)
{
	for (uint32_t i = 0; i < runs->task_count; i++)
		free(runs->tasks[i]);
	for (uint32_t i = 0; i < runs->agent_count; i++)
		free(runs->agents[i]);
	free(runs->tasks);
	free(runs->agents);
	free(runs->attempts);
	*runs = (struct runs){ 0 };
}
