/*
 * board_path - finds tasks of a finished document, and its critical path.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "document/board_build.h"

static bool same_id(const void *context, uint32_t value, const void *key)
{
	const struct board_index *index = context;

	return slice_is(index->doc->tasks[value].id, *(const struct slice *)key);
}

static uint32_t hash_of(const struct board_index *index, struct slice id)
{
	return hash_slice((uint64_t)(uintptr_t)index->doc, id);
}

void board_index_init(struct board_index *index, const struct board_doc *doc)
{
	*index = (struct board_index){ .doc = doc };
	for (size_t i = 0; i < doc->task_count; i++)
		map_add(&index->by_id, hash_of(index, doc->tasks[i].id), (uint32_t)i);
}

void board_index_finish(struct board_index *index)
{
	map_finish(&index->by_id);
}

uint32_t board_index_find(const struct board_index *index, struct slice id)
{
	return map_find(&index->by_id, hash_of(index, id), same_id, index, &id);
}

/* The longest chain that ends with a task: by time, then by number of tasks. */
struct chain {
	int64_t ms;
	uint32_t tasks;
	uint32_t before;	/* the task before it in the chain, or MAP_NONE */
	uint32_t waits_for;	/* dependencies whose chain is not known yet */
};

struct finding {
	const struct board_doc *doc;
	struct board_index index;
	struct chain *chains;
	uint32_t *queue;	/* tasks whose chain is known, in an order that respects dependencies */
	size_t queued;
	uint32_t *first;	/* dependents of task i: dependents[first[i]] up to first[i + 1] */
	uint32_t *dependents;
};

static bool counts(const struct doc_task *task)
{
	return task->status != DOC_DONE && task->status != DOC_CANCELLED && !task->filler;
}

/* Index of a dependency that counts, or MAP_NONE. */
static uint32_t dep_of(const struct finding *f, const struct doc_task *task, size_t dep)
{
	uint32_t found = board_index_find(&f->index, task->deps.items[dep]);

	return found != MAP_NONE && counts(&f->doc->tasks[found]) ? found : MAP_NONE;
}

/* Turns dependencies around: who waits for each task. */
static void turn_around(struct finding *f)
{
	size_t count = f->doc->task_count;
	uint32_t *filled = alloc_zero(count + 1, sizeof(*filled));

	f->first = alloc_zero(count + 1, sizeof(*f->first));
	for (size_t pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < count; i++) {
			const struct doc_task *task = &f->doc->tasks[i];

			for (size_t dep = 0; counts(task) && dep < task->deps.count; dep++) {
				uint32_t on = dep_of(f, task, dep);

				if (on == MAP_NONE)
					continue;
				if (pass == 0)
					f->first[on + 1]++;
				else
					f->dependents[f->first[on] + filled[on]++] = i;
				f->chains[i].waits_for += pass == 0;
			}
		}
		if (pass == 1)
			break;
		for (size_t i = 0; i < count; i++)
			f->first[i + 1] += f->first[i];
		f->dependents = alloc_zero(f->first[count], sizeof(*f->dependents));
	}
	free(filled);
}

static bool is_longer(const struct chain *a, const struct chain *b)
{
	return a->ms != b->ms ? a->ms > b->ms : a->tasks > b->tasks;
}

static void follow(struct finding *f, uint32_t task)
{
	const struct chain *chain = &f->chains[task];

	for (uint32_t i = f->first[task]; i < f->first[task + 1]; i++) {
		uint32_t next = f->dependents[i];
		struct chain *best = &f->chains[next];
		int64_t own = f->doc->tasks[next].est_ms > 0 ? f->doc->tasks[next].est_ms : 0;
		struct chain longer = {
			.tasks = chain->tasks + 1,
			.before = task,
			.waits_for = best->waits_for - 1,
		};

		if (__builtin_add_overflow(chain->ms, own, &longer.ms))
			longer.ms = INT64_MAX;
		if (is_longer(&longer, best))
			*best = longer;
		else
			best->waits_for--;
		if (best->waits_for == 0)
			f->queue[f->queued++] = next;
	}
}

size_t board_doc_critical_path(const struct board_doc *doc, struct arena *arena, size_t **ret_path)
{
	struct finding f = { .doc = doc };
	uint32_t best = MAP_NONE;
	size_t len;

	board_index_init(&f.index, doc);
	f.chains = alloc_zero(doc->task_count, sizeof(*f.chains));
	f.queue = alloc_zero(doc->task_count, sizeof(*f.queue));
	turn_around(&f);
	for (uint32_t i = 0; i < doc->task_count; i++) {
		const struct doc_task *task = &doc->tasks[i];

		f.chains[i].ms = task->est_ms > 0 ? task->est_ms : 0;
		f.chains[i].tasks = 1;
		f.chains[i].before = MAP_NONE;
		if (counts(task) && f.chains[i].waits_for == 0)
			f.queue[f.queued++] = i;
	}
	for (size_t i = 0; i < f.queued; i++) {
		follow(&f, f.queue[i]);
		if (best == MAP_NONE || is_longer(&f.chains[f.queue[i]], &f.chains[best]))
			best = f.queue[i];
	}
	len = best == MAP_NONE ? 0 : f.chains[best].tasks;
	*ret_path = arena_zero(arena, len, sizeof(**ret_path));
	for (size_t i = len; i > 0; i--) {
		(*ret_path)[i - 1] = best;
		best = f.chains[best].before;
	}
	board_index_finish(&f.index);
	free(f.chains);
	free(f.queue);
	free(f.first);
	free(f.dependents);
	return len;
}
