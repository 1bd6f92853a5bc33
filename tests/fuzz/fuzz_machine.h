/*
 * fuzz_machine - goes on with a machine whose state came from anywhere: it
 * must be sound, save to what loads again, and decide whatever is asked.
 */
#ifndef TESTS_FUZZ_FUZZ_MACHINE_H
#define TESTS_FUZZ_FUZZ_MACHINE_H

#include "base/ensure.h"
#include "fabric/machine.h"
#include "fabric/snapshot.h"

#define FUZZ_BODY_BYTES_MAX ((size_t)1 << 20)
#define FUZZ_ASKED_MOST 32	/* claims, swarms and blockers that are asked about */

static inline void fuzz_take(void *context, struct slice bytes)
{
	buf_add_slice(context, bytes);
}

static inline void fuzz_save_and_load(const struct state *state)
{
	struct buf first = { 0 }, second = { 0 };
	struct state loaded;

	state_save(state, fuzz_take, &first);
	state_init(&loaded, 2);
	ENSURE(state_load(&loaded, buf_slice(&first)) == OK);
	state_save(&loaded, fuzz_take, &second);
	ENSURE(slice_is(buf_slice(&first), buf_slice(&second)));
	state_finish(&loaded);
	buf_finish(&first);
	buf_finish(&second);
}

static inline void fuzz_submit(struct machine *machine, const struct command *command)
{
	struct machine_answer answer = { 0 };

	machine_submit(machine, command, machine->state.last_at_us + 1000, 1, &answer);
	machine_forget(machine, 1);
	buf_finish(&answer.body);
}

static inline void fuzz_ask_swarms(struct machine *machine)
{
	for (uint32_t i = 0; i < machine->state.swarms.count && i < FUZZ_ASKED_MOST; i++) {
		struct slice id = state_swarm(&machine->state, i)->id;
		struct command next = { .type = COMMAND_TASK_NEXT };
		struct command leave = { .type = COMMAND_SWARM_LEAVE };
		struct command show = { .type = COMMAND_SWARM_SHOW };

		next.args.task_next.swarm = id;
		next.args.task_next.why = 1;
		fuzz_submit(machine, &next);
		show.args.swarm_show.swarm = id;
		fuzz_submit(machine, &show);
		leave.args.swarm_leave.swarm = id;
		if (i % 2)
			fuzz_submit(machine, &leave);
	}
}

static inline void fuzz_ask_holders(struct machine *machine)
{
	for (uint32_t i = 0; i < machine->state.claims.count && i < FUZZ_ASKED_MOST; i++) {
		const struct claim *claim = state_claim(&machine->state, i);
		struct command command = { .type = i % 3 ? COMMAND_TASK_COMPLETE :
							   COMMAND_TASK_FAIL };
		struct arena arena = { 0 };
		const struct task *task;

		if (claim->task == INDEX_NONE)
			continue;
		task = state_task(&machine->state, claim->task);
		command.args.task_complete.board = state_board(&machine->state, task->board)->id;
		command.args.task_complete.task = arena_copy(&arena, task_id(task));
		command.args.task_complete.fence = (int64_t)claim->fence;
		fuzz_submit(machine, &command);
		arena_finish(&arena);
	}
}

static inline void fuzz_ask_blockers(struct machine *machine)
{
	for (uint32_t i = 0; i < machine->state.blockers.count && i < FUZZ_ASKED_MOST; i++) {
		struct command command = { .type = COMMAND_BLOCKER_RESOLVE };

		command.args.blocker_resolve.blocker = state_blocker(&machine->state, i)->id;
		fuzz_submit(machine, &command);
	}
}

static inline void fuzz_use(struct machine *machine)
{
	int64_t now_us = machine->state.last_at_us + 3600000000;

	state_check(&machine->state);
	fuzz_save_and_load(&machine->state);
	fuzz_ask_swarms(machine);
	fuzz_ask_holders(machine);
	fuzz_ask_blockers(machine);
	for (int i = 0; i < 1000 && machine_tick(machine, now_us); i++)
		;
	state_check(&machine->state);
	fuzz_save_and_load(&machine->state);
}

#endif
