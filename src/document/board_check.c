/*
 * board_check - what must hold for every board, however it was written.
 */
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/graph.h"
#include "document/board_build.h"

#define TITLE_BYTES_MAX 1024
#define WORD_BYTES_MAX 256
#define TEXT_BYTES_MAX 65536
#define JSON_BYTES_MAX 262144
#define AVOIDS_MAX 64
#define REDUNDANCY_MAX 16
#define CYCLES_SHOWN_MAX 20	/* each of them is an error of its own */
#define CYCLE_IDS_SHOWN_MAX 40	/* a longer chain does not help more */

/*
 * The bounds are those of the machine's own limits (fabric/limit.def), which
 * this room does not see: here they come with the line that breaks them.
 */
#define FIELD(name, kind, member, min, max) \
	{ name, FIELD_##kind, 0, offsetof(struct doc_task, member), min, max, 0, NULL, "" }

static const struct field task_fields[] = {
	FIELD("title", TEXT, title, 0, TITLE_BYTES_MAX),
	FIELD("group", TEXT, group, 0, WORD_BYTES_MAX),
	FIELD("priority", INT, priority, -1000000, 1000000),
	FIELD("prefers", ID, owner, 1, 128),
	FIELD("held_by", ID, holder, 1, 128),
	FIELD("model", TEXT, model, 0, WORD_BYTES_MAX),
	FIELD("deliverable", TEXT, deliverable, 0, TITLE_BYTES_MAX),
	FIELD("description", TEXT, description, 0, TEXT_BYTES_MAX),
	FIELD("payload", JSON, payload, 0, JSON_BYTES_MAX),
	FIELD("deps", IDS, deps, 0, BOARD_DOC_DEPS_MAX),
	FIELD("needs", CAPS, needs, 0, 64),
	FIELD("paths", PATHS, paths, 0, 256),
	FIELD("run", TEXTS, run, 0, 256),
	FIELD("wasm", ID, wasm, 1, 128),
	FIELD("avoids", IDS, avoids, 0, AVOIDS_MAX),
	FIELD("redundancy", INT, redundancy, 0, REDUNDANCY_MAX),
	FIELD("est_cost_usd", MONEY, est_cost_nanousd, 0, INT64_MAX),
	FIELD("max_cost_usd", MONEY, max_cost_nanousd, 0, INT64_MAX),
	FIELD("est_ms", INT, est_ms, 0, INT64_C(2592000000)),
	FIELD("limit_ms", INT, limit_ms, 0, 14400000),
	FIELD("max_attempts", INT, max_attempts, 1, 1000),
	FIELD("not_before", TIME, not_before_us, 0, INT64_MAX),
	FIELD("start_by", TIME, start_by_us, 0, INT64_MAX),
};

const struct schema board_task_schema = {
	.name = "task",
	.fields = task_fields,
	.count = ARRAY_LEN(task_fields),
	.size = sizeof(struct doc_task),
};

bool board_field_is_absent(const struct field *field, const struct doc_task *task)
{
	const char *at = (const char *)task + field->offset;

	if (field_is_number(field->kind))
		return *(const int64_t *)(const void *)at == BOARD_DOC_ABSENT;
	if (field_is_list(field->kind))
		return ((const struct slice_list *)(const void *)at)->count == 0;
	return ((const struct slice *)(const void *)at)->len == 0;
}

/* field_check speaks of "argument title: ..."; in a document there are no arguments. */
static void check_fields(struct board_build *build, const struct doc_task *task, struct buf *detail)
{
	for (size_t i = 0; i < ARRAY_LEN(task_fields); i++) {
		struct slice text;

		buf_clear(detail);
		if (board_field_is_absent(&task_fields[i], task) ||
		    field_check(&task_fields[i], task, detail) == OK)
			continue;
		text = buf_slice(detail);
		if (slice_starts(text, SLICE("argument ")))
			text = slice_from(text, sizeof("argument ") - 1);
		board_error(build, task->line, "task %.*s: %.*s", SHOW(task->id), (int)text.len,
			    text.ptr);
	}
	if (task->run.count && task->wasm.len)
		board_error(build, task->line, "task %.*s runs a command or a module, not both",
			    SHOW(task->id));
}

/* The dependencies of all tasks as indices; those that are not known are reported and left out. */
static void make_graph(struct board_build *build, struct arena *arena, uint32_t **ret_first,
		       uint32_t **ret_targets)
{
	size_t total = 0, at = 0;
	uint32_t *first = arena_zero(arena, build->task_count + 1, sizeof(*first));
	uint32_t *targets;

	for (size_t i = 0; i < build->task_count; i++)
		total += build->tasks[i].deps.count;
	targets = arena_zero(arena, total, sizeof(*targets));
	for (size_t i = 0; i < build->task_count; i++) {
		const struct doc_task *task = &build->tasks[i];

		first[i] = (uint32_t)at;
		for (size_t dep = 0; dep < task->deps.count; dep++) {
			uint32_t to = board_find(build, task->deps.items[dep]);

			if (to != MAP_NONE)
				targets[at++] = to;
			else
				board_error(build, task->line, "unknown dependency %.*s of %.*s",
					    SHOW(task->deps.items[dep]), SHOW(task->id));
		}
	}
	first[build->task_count] = (uint32_t)at;
	*ret_first = first;
	*ret_targets = targets;
}

/* Told from its first task in the document, which is returned. */
static uint32_t show_cycle(struct board_build *build, const uint32_t *cycle, size_t len)
{
	struct buf text = { 0 };
	size_t start = 0;

	ENSURE(len > 0);
	for (size_t i = 0; i < len; i++)
		if (cycle[i] < cycle[start])
			start = i;
	for (size_t i = 0; i <= len; i++) {
		if (i == CYCLE_IDS_SHOWN_MAX && i < len) {
			buf_add_lit(&text, " -> ...");
			i = len;
		}
		if (i)
			buf_add_lit(&text, " -> ");
		buf_add_slice(&text, build->tasks[cycle[(start + i) % len]].id);
	}
	board_error(build, build->tasks[cycle[start]].line, "dependency cycle: %s",
		    buf_str(&text));
	buf_finish(&text);
	return cycle[start];
}

/* Shows one cycle, takes its first task's dependencies away, and looks for the next one. */
static void check_cycles(struct board_build *build, uint32_t *first, uint32_t *targets)
{
	struct arena arena = { 0 };

	for (int shown = 0; shown < CYCLES_SHOWN_MAX; shown++) {
		struct graph graph = { build->task_count, first, targets };
		uint32_t *cycle;
		size_t len = graph_find_cycle(&graph, &arena, &cycle);
		uint32_t task, gone;

		if (len == 0)
			break;
		task = show_cycle(build, cycle, len);
		gone = first[task + 1] - first[task];
		memmove(targets + first[task], targets + first[task + 1],
			(first[build->task_count] - first[task + 1]) * sizeof(*targets));
		for (size_t i = task + 1; i <= build->task_count; i++)
			first[i] -= gone;
		arena_reset(&arena);
	}
	arena_finish(&arena);
}

void board_check(struct board_build *build)
{
	struct buf detail = { 0 };
	struct arena arena = { 0 };
	uint32_t *first, *targets;

	if (build->over_limit)
		return;
	if (build->title.len > TITLE_BYTES_MAX)
		board_error(build, 0, "the board's title has %zu bytes; the limit is %d",
			    build->title.len, TITLE_BYTES_MAX);
	/* Rows that were refused are reason enough; "no task" would lead astray. */
	if (build->task_count == 0 && build->errors.count == 0)
		board_error(build, 0, "the document holds no task%s", build->no_task_hint);
	for (size_t i = 0; i < build->task_count; i++)
		check_fields(build, &build->tasks[i], &detail);
	buf_finish(&detail);
	make_graph(build, &arena, &first, &targets);
	check_cycles(build, first, targets);
	arena_finish(&arena);
}
