/*
 * board_same - whether two board documents say the same, for tests and fuzzers.
 */
#ifndef TESTS_BOARD_SAME_H
#define TESTS_BOARD_SAME_H

#include "document/board_doc.h"

static inline bool lists_are_same(struct slice_list a, struct slice_list b)
{
	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++)
		if (!slice_is(a.items[i], b.items[i]))
			return false;
	return true;
}

/* The name of the first field in which they differ, lines aside; NULL when there is none. */
static inline const char *task_difference(const struct doc_task *a, const struct doc_task *b)
{
	struct {
		const char *name;
		bool same;
	} fields[] = {
		{ "id", slice_is(a->id, b->id) },
		{ "title", slice_is(a->title, b->title) },
		{ "group", slice_is(a->group, b->group) },
		{ "filler", a->filler == b->filler },
		{ "status", a->status == b->status },
		{ "owner", slice_is(a->owner, b->owner) },
		{ "holder", slice_is(a->holder, b->holder) },
		{ "model", slice_is(a->model, b->model) },
		{ "deliverable", slice_is(a->deliverable, b->deliverable) },
		{ "description", slice_is(a->description, b->description) },
		{ "payload", slice_is(a->payload, b->payload) },
		{ "deps", lists_are_same(a->deps, b->deps) },
		{ "needs", lists_are_same(a->needs, b->needs) },
		{ "paths", lists_are_same(a->paths, b->paths) },
		{ "run", lists_are_same(a->run, b->run) },
		{ "wasm", slice_is(a->wasm, b->wasm) },
		{ "avoids", lists_are_same(a->avoids, b->avoids) },
		{ "redundancy", a->redundancy == b->redundancy },
		{ "priority", a->priority == b->priority },
		{ "est_cost", a->est_cost_nanousd == b->est_cost_nanousd },
		{ "max_cost", a->max_cost_nanousd == b->max_cost_nanousd },
		{ "est_ms", a->est_ms == b->est_ms },
		{ "limit_ms", a->limit_ms == b->limit_ms },
		{ "max_attempts", a->max_attempts == b->max_attempts },
		{ "not_before", a->not_before_us == b->not_before_us },
		{ "start_by", a->start_by_us == b->start_by_us },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!fields[i].same)
			return fields[i].name;
	return NULL;
}

static inline const char *board_difference(const struct board_doc *a, const struct board_doc *b)
{
	if (!slice_is(a->title, b->title))
		return "title of the board";
	if (!slice_is(a->id, b->id))
		return "id of the board";
	if (a->task_count != b->task_count)
		return "number of tasks";
	for (size_t i = 0; i < a->task_count; i++)
		if (task_difference(&a->tasks[i], &b->tasks[i]))
			return task_difference(&a->tasks[i], &b->tasks[i]);
	return NULL;
}

#endif
