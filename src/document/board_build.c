#include "document/board_build.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/text.h"
#include "document/board_words.h"

void board_build_init(struct board_build *build, struct arena *arena)
{
	*build = (struct board_build){ .arena = arena, .no_task_hint = "" };
}

void board_build_finish(struct board_build *build)
{
	free(build->tasks);
	message_list_finish(&build->errors);
	message_list_finish(&build->remarks);
	map_finish(&build->by_id);
	*build = (struct board_build){ 0 };
}

void board_error(struct board_build *build, int line, const char *format, ...)
{
	va_list args;

	if (build->over_limit)
		return;
	va_start(args, format);
	message_add(&build->errors, build->arena, line, format, args);
	va_end(args);
}

void board_remark(struct board_build *build, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message_add(&build->remarks, build->arena, line, format, args);
	va_end(args);
}

void board_over_limit(struct board_build *build, int line, const char *what)
{
	if (build->over_limit)
		return;
	build->errors.count = build->errors.unsaid = 0;
	board_error(build, line, "%s", what);
	build->over_limit = true;
}

static bool same_id(const void *context, uint32_t value, const void *key)
{
	const struct board_build *build = context;
	const struct slice *id = key;

	return slice_is(build->tasks[value].id, *id);
}

/* The seed differs from run to run, so that no document can be written to collide. */
static uint32_t hash_of(const struct board_build *build, struct slice id)
{
	return hash_slice((uint64_t)(uintptr_t)build->arena, id);
}

uint32_t board_find(const struct board_build *build, struct slice id)
{
	return map_find(&build->by_id, hash_of(build, id), same_id, build, &id);
}

struct doc_task *board_add_task(struct board_build *build, struct slice id, int line)
{
	struct doc_task *task;
	uint32_t known;

	if (!id_is_valid(id)) {
		board_error(build, line, "\"%.*s\" is no id: 1 to 128 of A-Z a-z 0-9 . _ : @ -",
			    SHOW(id));
		return NULL;
	}
	known = board_find(build, id);
	if (known != MAP_NONE) {
		board_error(build, line, "duplicate id %.*s: it stands on line %d already",
			    SHOW(id), build->tasks[known].line);
		return NULL;
	}
	if (build->task_count == BOARD_DOC_TASKS_MAX) {
		board_over_limit(build, line, "more than 100,000 tasks");
		return NULL;
	}
	build->tasks = alloc_grow(build->tasks, &build->task_capacity, build->task_count + 1,
				  sizeof(*build->tasks));
	task = &build->tasks[build->task_count];
	*task = (struct doc_task){
		.id = arena_copy(build->arena, id),
		.priority = BOARD_DOC_ABSENT,
		.est_cost_nanousd = BOARD_DOC_ABSENT,
		.max_cost_nanousd = BOARD_DOC_ABSENT,
		.est_ms = BOARD_DOC_ABSENT,
		.limit_ms = BOARD_DOC_ABSENT,
		.max_attempts = BOARD_DOC_ABSENT,
		.redundancy = BOARD_DOC_ABSENT,
		.not_before_us = BOARD_DOC_ABSENT,
		.start_by_us = BOARD_DOC_ABSENT,
		.line = line,
	};
	map_add(&build->by_id, hash_of(build, task->id), (uint32_t)build->task_count++);
	return task;
}

void board_rename_task(struct board_build *build, uint32_t task, struct slice id)
{
	map_remove(&build->by_id, hash_of(build, build->tasks[task].id), task);
	build->tasks[task].id = arena_copy(build->arena, id);
	map_add(&build->by_id, hash_of(build, id), task);
}

enum err board_build_result(struct board_build *build, struct board_doc *ret_doc)
{
	*ret_doc = (struct board_doc){ .title = build->title };
	message_hand_over(&build->errors, build->arena, &ret_doc->errors, &ret_doc->error_count);
	message_hand_over(&build->remarks, build->arena, &ret_doc->remarks,
			  &ret_doc->remark_count);
	if (ret_doc->error_count)
		return build->over_limit ? ERR_LIMIT_EXCEEDED : ERR_DOCUMENT_INVALID;
	ret_doc->id = build->id.len ? build->id : word_to_board_id(build->title, build->arena);
	if (ret_doc->id.len == 0)
		ret_doc->id = SLICE("board");
	ret_doc->tasks = arena_zero(build->arena, build->task_count, sizeof(*ret_doc->tasks));
	if (build->task_count)
		memcpy(ret_doc->tasks, build->tasks, build->task_count * sizeof(*build->tasks));
	ret_doc->task_count = build->task_count;
	return OK;
}
