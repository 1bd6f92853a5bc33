/*
 * A whole plan at once: what is new is added, what changed in the document
 * changes on the board, and nobody's claim is touched.
 */
#include <string.h>

#include "base/ensure.h"
#include "base/graph.h"
#include "base/map.h"
#include "base/text.h"
#include "fabric/decide_govern.h"

/* What becomes of one task: those of the board first, then those the document adds. */
struct node {
	struct slice id;
	uint32_t task;				/* INDEX_NONE: new */
	const struct import_task *import;	/* NULL: not in the document */
	struct task_spec spec;			/* as it will be, when it is in the document */
	struct slice_list deps;			/* as they will be */
	bool changed;
	bool done;				/* after the import */
	bool done_now;				/* by it */
	bool ended;
	bool own;				/* the fabric's: an answer, or help with a blocker */
};

struct import {
	struct decision *decision;
	uint32_t board;				/* INDEX_NONE: new */
	struct slice board_id;
	struct node *nodes;
	size_t count;
	size_t old_count;
	struct map by_id;
	size_t unchanged;
};

static bool same_node(const void *context, uint32_t value, const void *key)
{
	const struct import *import = context;

	return slice_is(import->nodes[value].id, *(const struct slice *)key);
}

static uint32_t find_node(const struct import *import, struct slice id)
{
	return map_find(&import->by_id, hash_slice(import->decision->state->hash_seed, id),
			same_node, import, &id);
}

static void add_node(struct import *import, struct node node)
{
	map_add(&import->by_id, hash_slice(import->decision->state->hash_seed, node.id),
		(uint32_t)import->count);
	import->nodes[import->count++] = node;
}

static void take_board(struct import *import)
{
	const struct state *state = import->decision->state;
	const struct board *board = state_board(state, import->board);

	for (size_t i = 0; i < board->task_count; i++) {
		const struct task *task = state_task(state, board->tasks[i]);
		struct slice *deps = arena_zero(import->decision->arena, task->dep_count,
						sizeof(*deps));

		for (uint32_t dep = 0; dep < task->dep_count; dep++)
			deps[dep] = task_id(state_task(state, task->deps[dep]));
		/* A copy: once task.changed is folded, the id lies elsewhere. */
		add_node(import, (struct node){
			.id = arena_copy(import->decision->arena, task_id(task)),
			.task = board->tasks[i],
			.deps = { deps, task->dep_count },
			.done = task->state == TASK_DONE, .ended = task_has_ended(task),
			.own = task->answers != INDEX_NONE || (task->traits & TASK_HELPS),
		});
	}
	import->old_count = import->count;
}

static bool spec_differs(const struct task *task, const struct task_spec *spec)
{
	struct buf bytes = { 0 };
	bool differs;

	task_spec_encode(spec, &bytes);
	differs = !slice_is(buf_slice(&bytes), task_spec_bytes(task));
	buf_finish(&bytes);
	return differs;
}

/* What a task helps with is not for documents to say, nor how many answers once there is one. */
static void keep_machines_own(struct import *import, struct node *node)
{
	const struct state *state = import->decision->state;
	struct task_spec old = { .helps = SLICE_EMPTY };

	if (node->task != INDEX_NONE)
		task_spec_of(state_task(state, node->task), import->decision->arena, &old);
	node->spec.answers = SLICE_EMPTY;
	node->spec.helps = old.helps;
	if (node->task != INDEX_NONE && govern_answer_at(state, node->task, 1) != INDEX_NONE)
		node->spec.redundancy = old.redundancy;
}

/* Answers come and go with the task that they are to. */
static bool is_answer(const struct import *import, uint32_t node)
{
	return node != MAP_NONE && import->nodes[node].task != INDEX_NONE &&
	       state_task(import->decision->state, import->nodes[node].task)->answers !=
		       INDEX_NONE;
}

static enum err take_document(struct import *import, const struct command *command)
{
	struct decision *decision = import->decision;

	for (size_t i = 0; i < command->import_count; i++) {
		const struct import_task *task = &command->import_tasks[i];
		uint32_t known = find_node(import, task->id);
		struct node *node;

		if (is_answer(import, known))
			continue;
		if (known == MAP_NONE) {
			add_node(import, (struct node){ .id = task->id, .task = INDEX_NONE });
			known = (uint32_t)import->count - 1;
		}
		node = &import->nodes[known];
		if (node->import)
			return REFUSE(decision, ERR_TASK_EXISTS, "task {} is in the document twice",
				      task->id);
		node->import = task;
		node->spec = task->spec;
		node->spec.deps = decision_each_once(decision, task->spec.deps);
		node->deps = node->spec.deps;
		keep_machines_own(import, node);
		if (node->task != INDEX_NONE)
			node->changed = spec_differs(state_task(decision->state, node->task),
						     &node->spec);
	}
	return OK;
}

static enum err refuse_unknown_deps(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		const struct node *node = &import->nodes[i];

		for (size_t dep = 0; dep < node->deps.count; dep++)
			if (find_node(import, node->deps.items[dep]) == MAP_NONE)
				return REFUSE(import->decision, ERR_DEPENDENCY_UNKNOWN,
					      "task {} depends on {}", node->id,
					      node->deps.items[dep]);
	}
	return OK;
}

static enum err refuse_cycles(struct import *import)
{
	struct arena *arena = import->decision->arena;
	uint32_t *first = arena_zero(arena, import->count + 1, sizeof(*first));
	struct buf text = { 0 };
	uint32_t *targets, *cycle = NULL;
	size_t edges = 0, length;
	enum err err = OK;

	for (size_t i = 0; i < import->count; i++)
		edges += import->nodes[i].deps.count;
	targets = arena_zero(arena, edges, sizeof(*targets));
	edges = 0;
	for (size_t i = 0; i < import->count; i++) {
		const struct node *node = &import->nodes[i];

		first[i] = (uint32_t)edges;
		for (size_t dep = 0; dep < node->deps.count; dep++)
			targets[edges++] = find_node(import, node->deps.items[dep]);
	}
	first[import->count] = (uint32_t)edges;
	length = graph_find_cycle(&(struct graph){ import->count, first, targets }, arena, &cycle);
	for (size_t i = 0; i <= length && length; i++) {
		if (i)
			buf_add_lit(&text, " -> ");
		buf_add_slice(&text, import->nodes[cycle[i % length]].id);
	}
	if (length)
		err = REFUSE(import->decision, ERR_DEPENDENCY_CYCLE, "{}", buf_slice(&text));
	buf_finish(&text);
	return err;
}

/* ---- events -------------------------------------------------------------------------------- */

static void emit_board(struct import *import, struct slice title)
{
	struct decision *decision = import->decision;

	if (import->board == INDEX_NONE)
		decision_emit(decision, EVENT_BOARD_CREATED)->of.board_created =
			(struct ev_board_created){ import->board_id, title };
	else if (title.len && !slice_is(title, state_board(decision->state, import->board)->title))
		decision_emit(decision, EVENT_BOARD_RETITLED)->of.board_retitled =
			(struct ev_board_retitled){ import->board_id, title };
}

static void emit_spec(struct import *import, const struct node *node, enum event_type type,
		      struct slice_list deps)
{
	struct event *event = decision_emit(import->decision, type);

	/* Both kinds of event begin with board and task. */
	event->of.task_added.board = import->board_id;
	event->of.task_added.task = node->id;
	event->spec = node->spec;
	event->spec.deps = deps;
}

/* The dependencies of node `at` that are there when it is added: those in front of it. */
static struct slice_list deps_so_far(const struct import *import, size_t at)
{
	const struct node *node = &import->nodes[at];
	struct slice *items = arena_zero(import->decision->arena, node->deps.count, sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i < node->deps.count; i++)
		if (find_node(import, node->deps.items[i]) < at)
			items[count++] = node->deps.items[i];
	return (struct slice_list){ items, count };
}

static void emit_specs(struct import *import)
{
	for (size_t i = import->old_count; i < import->count; i++)
		emit_spec(import, &import->nodes[i], EVENT_TASK_ADDED, deps_so_far(import, i));
	for (size_t i = 0; i < import->count; i++) {
		const struct node *node = &import->nodes[i];
		bool is_new = node->task == INDEX_NONE;

		if (is_new ? deps_so_far(import, i).count < node->deps.count : node->changed)
			emit_spec(import, node, EVENT_TASK_CHANGED, node->deps);
		if (!is_new && node->import && !node->changed)
			import->unchanged++;
	}
}

static bool is_open_and_free(const struct import *import, const struct node *node)
{
	const struct task *task;

	if (node->task == INDEX_NONE)
		return true;
	task = state_task(import->decision->state, node->task);
	return !node->ended && task->claim == INDEX_NONE && task->state != TASK_HELD;
}

static struct slice holder_of(const struct import_task *task)
{
	return task->holder.len ? task->holder : task->spec.prefers;
}

static void emit_end(struct import *import, struct node *node)
{
	struct decision *decision = import->decision;
	const struct import_task *task = node->import;

	if (task->state == TASK_DONE) {
		struct ev_task_completed *of =
			&decision_emit(decision, EVENT_TASK_COMPLETED)->of.task_completed;

		of->board = import->board_id;
		of->task = node->id;
		of->swarm = holder_of(task);
		node->done = node->done_now = true;
	} else if (task->state == TASK_CANCELLED) {
		struct ev_task_cancelled *of =
			&decision_emit(decision, EVENT_TASK_CANCELLED)->of.task_cancelled;

		of->board = import->board_id;
		of->task = node->id;
		of->reason = SLICE("the document says so");
	} else {
		struct ev_task_failed *of =
			&decision_emit(decision, EVENT_TASK_FAILED)->of.task_failed;

		of->board = import->board_id;
		of->task = node->id;
		of->swarm = holder_of(task);
		of->reason = SLICE("the document says so");
		of->quarantined = true;
	}
	node->ended = true;
}

/* A new task may come failed or cancelled; one that is on the board already can only be done. */
static void emit_ends(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		struct node *node = &import->nodes[i];
		bool ends;

		if (!node->import || !is_open_and_free(import, node))
			continue;
		ends = node->import->state == TASK_DONE ||
		       node->import->state == TASK_CANCELLED ||
		       (node->import->state == TASK_FAILED && node->task == INDEX_NONE);
		if (!ends)
			continue;
		emit_end(import, node);
		if (node->task != INDEX_NONE)
			decide_round_cancelled(import->decision, node->task,
					       SLICE("the document says that its task has ended"));
	}
}

static int64_t rests_until(const struct import *import, const struct node *node)
{
	struct decision *decision = import->decision;
	const struct task *task;

	if (node->task == INDEX_NONE)
		return node->spec.not_before;
	task = state_task(decision->state, node->task);
	return node->changed ? task_rests_until(task, decision->arena, &node->spec) :
			       task->not_before_us;
}

/* Whether a task that is open becomes ready by this import. */
static bool becomes_ready(const struct import *import, const struct node *node)
{
	const struct state *state = import->decision->state;
	const struct task *task = node->task == INDEX_NONE ? NULL : state_task(state, node->task);
	bool touched = !task || node->changed;

	if (node->ended || !is_open_and_free(import, node))
		return false;
	for (size_t i = 0; i < node->deps.count; i++) {
		const struct node *on = &import->nodes[find_node(import, node->deps.items[i])];

		if (!on->done)
			return false;
		touched = touched || on->done_now;
	}
	return touched && rests_until(import, node) <= import->decision->now_us &&
	       (!task || task->blockers_open == 0);
}

/* A claim that stands in the document: its owner takes it up by claiming the task. */
static void emit_imported_claim(struct import *import, const struct node *node)
{
	struct decision *decision = import->decision;
	struct ev_task_claimed *of = &decision_emit(decision, EVENT_TASK_CLAIMED)->of.task_claimed;

	of->board = import->board_id;
	of->task = node->id;
	of->swarm = holder_of(node->import);
	of->attempt = 1;
	of->lease_ms = LIMIT_LEASE_SILENT_MS;
	of->claim_until = decision->now_us + LIMIT_LEASE_MOST_MS * 1000;
	of->lease_until = decision->now_us + LIMIT_LEASE_SILENT_MS * 1000;
	of->overlap = 1000000;
	of->expected_usd = -1;
	of->imported = true;
}

static void emit_ready_and_claimed(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		const struct node *node = &import->nodes[i];

		if (!becomes_ready(import, node))
			continue;
		decision_emit(import->decision, EVENT_TASK_READY)->of.task_ready =
			(struct ev_task_ready){ import->board_id, node->id,
						SLICE("imported") };
		if (node->task == INDEX_NONE && node->import->state == TASK_CLAIMED &&
		    holder_of(node->import).len)
			emit_imported_claim(import, node);
	}
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void tell_ids(struct import *import, const char *key,
		     bool (*is_one)(const struct node *node))
{
	struct json_writer *json = &import->decision->answer_json;

	json_key(json, key);
	json_array(json);
	for (size_t i = 0; i < import->count; i++)
		if (is_one(&import->nodes[i]))
			json_text(json, import->nodes[i].id);
	json_array_end(json);
}

static bool was_created(const struct node *node) { return node->task == INDEX_NONE; }
static bool was_changed(const struct node *node) { return node->changed; }
static bool was_completed(const struct node *node) { return node->done_now; }

/* No document has the fabric's own tasks, so nothing is amiss without them. */
static bool is_missing(const struct node *node)
{
	return !node->import && !node->ended && !node->own;
}

static void tell(struct import *import, const struct command *command)
{
	struct json_writer *json = &import->decision->answer_json;
	size_t fillers = 0;

	for (size_t i = 0; i < command->import_count; i++)
		fillers += command->import_tasks[i].spec.kind == TASK_FILLER;
	json_put_text(json, "board", import->board_id);
	json_put_text(json, "title", command->import_title);
	json_put_bool(json, "dry_run", import->decision->dry_run);
	json_put_i64(json, "critical", (int64_t)(command->import_count - fillers));
	json_put_i64(json, "filler", (int64_t)fillers);
	tell_ids(import, "created", was_created);
	tell_ids(import, "changed", was_changed);
	tell_ids(import, "completed", was_completed);
	tell_ids(import, "not_in_document", is_missing);
	json_put_i64(json, "unchanged", (int64_t)import->unchanged);
	if (command->import_remarks.len)
		json_put_raw(json, "remarks", command->import_remarks);
}

static enum err decide_parts(struct import *import, const struct command *command)
{
	struct decision *decision = import->decision;
	enum err err = take_document(import, command);

	if (err == OK && (int64_t)(decision->state->tasks.count + import->count -
				   import->old_count) > LIMIT_TASKS)
		err = REFUSE(decision, ERR_LIMIT_EXCEEDED, "it would be more than {} tasks",
			     decision_number(decision, LIMIT_TASKS));
	if (err == OK)
		err = refuse_unknown_deps(import);
	if (err == OK)
		err = refuse_cycles(import);
	if (err != OK)
		return err;
	emit_board(import, command->import_title);
	emit_specs(import);
	emit_ends(import);
	emit_ready_and_claimed(import);
	tell(import, command);
	return OK;
}

enum err decide_board_import(struct decision *decision, const struct command *command)
{
	const struct cmd_board_import *args = &command->args.board_import;
	struct import import = { .decision = decision, .board_id = args->board };
	size_t most = command->import_count;
	enum err err = OK;

	if (!id_is_valid(args->board))
		return REFUSE(decision, ERR_ID_INVALID, "board {}", args->board);
	decision->dry_run = args->dry_run != 0;
	import.board = state_find_board(decision->state, args->board);
	if (import.board != INDEX_NONE) {
		err = decision_not_archived(decision, import.board);
		most += state_board(decision->state, import.board)->task_count;
	}
	if (err != OK)
		return err;
	import.nodes = arena_zero(decision->arena, most, sizeof(*import.nodes));
	if (import.board != INDEX_NONE)
		take_board(&import);
	err = decide_parts(&import, command);
	map_finish(&import.by_id);
	return err;
}
