/*
 * Boards and the tasks on them, one at a time. Whole plans are
 * decide_import.c's.
 */
#include "base/ensure.h"
#include "base/graph.h"
#include "base/text.h"
#include "fabric/decide_govern.h"

enum err decide_board_create(struct decision *decision, const struct command *command)
{
	const struct cmd_board_create *args = &command->args.board_create;
	struct ev_board_created *of;

	if (state_find_board(decision->state, args->board) != INDEX_NONE)
		return REFUSE(decision, ERR_BOARD_EXISTS, "board {}", args->board);
	if (decision->state->boards.count >= LIMIT_BOARDS)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED, "there are {} boards, which is the limit",
			      decision_number(decision, LIMIT_BOARDS));
	of = &decision_emit(decision, EVENT_BOARD_CREATED)->of.board_created;
	of->board = args->board;
	of->title = args->title;
	decision->about = ABOUT_BOARD;
	decision->name = args->board;
	return OK;
}

/* Those on tasks that a blocker holds, too. */
static int64_t claims_on(const struct state *state, uint32_t board)
{
	int64_t count = 0;

	for (uint32_t i = 0; i < state->claims.count; i++) {
		uint32_t task = state_claim(state, i)->task;

		count += task != INDEX_NONE && state_task(state, task)->board == board;
	}
	return count;
}

static enum err set_archived(struct decision *decision, struct slice id, bool archived,
			     uint32_t *ret_board)
{
	const struct board *board;
	int64_t claims;
	enum err err = decision_board(decision, id, ret_board);

	if (err != OK)
		return err;
	board = state_board(decision->state, *ret_board);
	if (archived && board->archived)
		return REFUSE(decision, ERR_BOARD_ARCHIVED, "board {}", board->id);
	if (!archived && !board->archived)
		return REFUSE(decision, ERR_BOARD_EXISTS, "board {} is in use", board->id);
	claims = archived ? claims_on(decision->state, *ret_board) : 0;
	if (claims)
		return REFUSE(decision, ERR_BOARD_BUSY, "{} tasks of board {} are claimed",
			      decision_number(decision, claims), board->id);
	decision->about = ABOUT_BOARD;
	decision->name = board->id;
	return OK;
}

enum err decide_board_archive(struct decision *decision, const struct command *command)
{
	const struct cmd_board_archive *args = &command->args.board_archive;
	uint32_t board;
	enum err err = set_archived(decision, args->board, true, &board);

	if (err == OK)
		decision_emit(decision, EVENT_BOARD_ARCHIVED)->of.board_archived =
			(struct ev_board_archived){ decision->name, args->reason };
	return err;
}

enum err decide_board_unarchive(struct decision *decision, const struct command *command)
{
	uint32_t board;
	enum err err = set_archived(decision, command->args.board_unarchive.board, false, &board);

	if (err == OK)
		decision_emit(decision, EVENT_BOARD_UNARCHIVED)->of.board_unarchived.board =
			decision->name;
	return err;
}

/* ---- one task ------------------------------------------------------------------------------ */

/* Whoever runs it must know how. */
static enum err refuse_both(struct decision *decision, const struct task_spec *spec)
{
	if (spec->run.count && spec->wasm.len)
		return REFUSE(decision, ERR_USAGE, "a task runs a command or module {}, not both",
			      spec->wasm);
	return OK;
}

#define COPY_FIELD(T, kind, name, ...) spec.name = args->name;

static struct task_spec spec_of_add(const struct cmd_task_add *args)
{
	struct task_spec spec;

	TASK_SPEC(COPY_FIELD, )
	/* Only rounds and blockers make such tasks. */
	spec.answers = spec.helps = SLICE_EMPTY;
	return spec;
}

/* Open dependencies of a plan for a task; refuses one that is unknown. */
static enum err count_open(struct decision *decision, uint32_t board, struct slice task,
			   struct slice_list deps, size_t *ret_open)
{
	*ret_open = 0;
	for (size_t i = 0; i < deps.count; i++) {
		uint32_t on = state_find_task(decision->state, board, deps.items[i]);

		if (slice_is(deps.items[i], task))
			return REFUSE(decision, ERR_DEPENDENCY_CYCLE, "{} -> {}", task, task);
		if (on == INDEX_NONE)
			return REFUSE(decision, ERR_DEPENDENCY_UNKNOWN, "task {} depends on {}", task,
				      deps.items[i]);
		*ret_open += state_task(decision->state, on)->state != TASK_DONE;
	}
	return OK;
}

enum err decide_task_add(struct decision *decision, const struct command *command)
{
	const struct cmd_task_add *args = &command->args.task_add;
	struct event *event;
	uint32_t board;
	size_t open;
	struct task_spec spec;
	enum err err = decision_open_board(decision, args->board, &board);

	if (err != OK)
		return err;
	if (state_find_task(decision->state, board, args->task) != INDEX_NONE)
		return REFUSE(decision, ERR_TASK_EXISTS, "task {}", args->task);
	if (decision->state->tasks.count >= LIMIT_TASKS)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED, "there are {} tasks, which is the limit",
			      decision_number(decision, LIMIT_TASKS));
	spec = spec_of_add(args);
	err = refuse_both(decision, &spec);
	if (err != OK)
		return err;
	spec.deps = decision_each_once(decision, spec.deps);
	err = count_open(decision, board, args->task, spec.deps, &open);
	if (err != OK)
		return err;
	event = decision_emit(decision, EVENT_TASK_ADDED);
	event->of.task_added.board = state_board(decision->state, board)->id;
	event->of.task_added.task = args->task;
	event->spec = spec;
	if (open == 0 && spec.not_before <= decision->now_us)
		decision_emit(decision, EVENT_TASK_READY)->of.task_ready = (struct ev_task_ready){
			event->of.task_added.board, args->task, SLICE("nothing is in its way"),
		};
	decision->about = ABOUT_TASK;
	decision->index = board;
	decision->name = args->task;
	return OK;
}

#define COPY_GIVEN(T, kind, name, ...)           \
	if (command_has(command, #name))         \
		spec.name = args->name;

static struct task_spec spec_of_update(struct decision *decision, const struct command *command,
				       const struct task *task)
{
	const struct cmd_task_update *args = &command->args.task_update;
	struct task_spec spec, old;

	task_spec_of(task, decision->arena, &old);
	spec = old;
	TASK_SPEC(COPY_GIVEN, )
	spec.answers = old.answers;
	spec.helps = old.helps;
	return spec;
}

/* Whether `from` waits, by whatever chain, for `to`. */
static bool waits_for(struct decision *decision, uint32_t from, uint32_t to)
{
	const struct state *state = decision->state;
	uint8_t *seen = arena_zero(decision->arena, state->tasks.count, 1);
	uint32_t *queue = arena_zero(decision->arena, state->tasks.count, sizeof(*queue));
	size_t first = 0, last = 0;

	queue[last++] = from;
	seen[from] = 1;
	while (first < last) {
		const struct task *task = state_task(state, queue[first++]);

		for (uint32_t i = 0; i < task->dep_count; i++) {
			if (task->deps[i] == to)
				return true;
			if (!seen[task->deps[i]]) {
				seen[task->deps[i]] = 1;
				queue[last++] = task->deps[i];
			}
		}
	}
	return false;
}

static enum err refuse_cycle(struct decision *decision, uint32_t index, struct slice_list deps)
{
	const struct task *task = state_task(decision->state, index);

	for (size_t i = 0; i < deps.count; i++) {
		uint32_t on = state_find_task(decision->state, task->board, deps.items[i]);

		if (waits_for(decision, on, index))
			return REFUSE(decision, ERR_DEPENDENCY_CYCLE,
				      "{} -> {} -> ... -> {}", task_id(task), deps.items[i],
				      task_id(task));
	}
	return OK;
}

enum err decide_task_update(struct decision *decision, const struct command *command)
{
	const struct cmd_task_update *args = &command->args.task_update;
	const struct task *task;
	struct task_spec spec;
	struct event *event;
	uint32_t index;
	size_t open = 0;
	enum err err = decision_task(decision, args->board, args->task, &index);

	if (err != OK)
		return err;
	task = state_task(decision->state, index);
	spec = spec_of_update(decision, command, task);
	err = refuse_both(decision, &spec);
	if (err != OK)
		return err;
	if (spec.redundancy != task->redundancy && govern_answer_at(decision->state, index, 1) !=
							    INDEX_NONE)
		return REFUSE(decision, ERR_ARGUMENT_RANGE,
			      "task {} has answers already; it stays with {} of them",
			      task_id(task), decision_number(decision, task->redundancy));
	if (command_has(command, "deps")) {
		spec.deps = decision_each_once(decision, spec.deps);
		err = count_open(decision, task->board, args->task, spec.deps, &open);
		if (err == OK)
			err = refuse_cycle(decision, index, spec.deps);
		if (err != OK)
			return err;
	} else {
		open = task->open_deps;
	}
	event = decision_emit(decision, EVENT_TASK_CHANGED);
	decision_name_task(decision, index, &event->of.task_changed.board,
			   &event->of.task_changed.task);
	event->spec = spec;
	decision->about = ABOUT_TASK;
	decision->index = index;
	if (task->state != TASK_BLOCKED && task->state != TASK_DELAYED && task->state != TASK_READY)
		return OK;
	if (open == 0 && task->blockers_open == 0 &&
	    task_rests_until(task, decision->arena, &spec) <= decision->now_us)
		decision_emit_ready(decision, index, SLICE("changed"));
	return OK;
}

void decide_emit_cancelled(struct decision *decision, uint32_t index, struct slice reason)
{
	const struct state *state = decision->state;
	const struct task *task = state_task(state, index);
	struct ev_task_cancelled *of =
		&decision_emit(decision, EVENT_TASK_CANCELLED)->of.task_cancelled;

	decision_name_task(decision, index, &of->board, &of->task);
	of->reason = reason;
	if (task->claim == INDEX_NONE)
		return;
	of->swarm = state_swarm(state, state_claim(state, task->claim)->swarm)->id;
	of->fence = (int64_t)state_claim(state, task->claim)->fence;
}

enum err decide_task_cancel(struct decision *decision, const struct command *command)
{
	const struct cmd_task_cancel *args = &command->args.task_cancel;
	const struct task *task;
	uint32_t index;
	enum err err = decision_task(decision, args->board, args->task, &index);

	if (err != OK)
		return err;
	task = state_task(decision->state, index);
	if (task_has_ended(task))
		return REFUSE(decision, ERR_TASK_ENDED, "task {} is {}", task_id(task),
			      slice_of_str(task_state_names[task->state]));
	decide_emit_cancelled(decision, index, args->reason);
	decide_round_cancelled(decision, index, args->reason);
	decision->about = ABOUT_TASK;
	decision->index = index;
	return OK;
}

/* Who tries a task again after its time to start has passed does so in spite of it. */
static void emit_start_by_lifted(struct decision *decision, uint32_t index)
{
	struct task_spec spec;
	struct event *event;

	task_spec_of(state_task(decision->state, index), decision->arena, &spec);
	if (spec.start_by == 0 || spec.start_by > decision->now_us)
		return;
	spec.start_by = 0;
	event = decision_emit(decision, EVENT_TASK_CHANGED);
	decision_name_task(decision, index, &event->of.task_changed.board,
			   &event->of.task_changed.task);
	event->spec = spec;
}

void decide_emit_retried(struct decision *decision, uint32_t index, struct slice reason)
{
	const struct task *task = state_task(decision->state, index);
	struct ev_task_retried *of =
		&decision_emit(decision, EVENT_TASK_RETRIED)->of.task_retried;

	decision_name_task(decision, index, &of->board, &of->task);
	of->reason = reason;
	if (task->open_deps == 0 && task->blockers_open == 0)
		decision_emit_ready(decision, index, SLICE("tried again"));
}

/* After a failure or as it was given back, and not because it was to begin later. */
static bool is_pausing(const struct decision *decision, const struct task *task)
{
	struct task_spec spec;

	if (task->state != TASK_DELAYED)
		return false;
	task_spec_of(task, decision->arena, &spec);
	return spec.not_before <= decision->now_us;
}

enum err decide_task_retry(struct decision *decision, const struct command *command)
{
	const struct cmd_task_retry *args = &command->args.task_retry;
	const struct task *task;
	uint32_t index;
	enum err err = decision_task(decision, args->board, args->task, &index);

	if (err != OK)
		return err;
	task = state_task(decision->state, index);
	if (task->state != TASK_FAILED && task->state != TASK_CANCELLED &&
	    !is_pausing(decision, task))
		return REFUSE(decision, ERR_TASK_NOT_ENDED, "task {} is {}", task_id(task),
			      slice_of_str(task_state_names[task->state]));
	emit_start_by_lifted(decision, index);
	decide_emit_retried(decision, index, args->reason);
	decide_round_retried(decision, index, args->reason);
	decision->about = ABOUT_TASK;
	decision->index = index;
	return OK;
}
