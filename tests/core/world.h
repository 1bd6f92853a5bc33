/*
 * world - a machine, and beside it a state that is folded from what the
 * machine would have appended.
 *
 * After every step both must be the same, byte for byte, and both must pass
 * state_check.
 */
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H

#include "core/command_text.h"
#include "fabric/machine.h"

#define WORLD_BODY_BYTES_MAX ((size_t)32 << 10)

/* What was ever tried, shared by all tests of a program, forked or not. */
struct coverage {
	bool steps[TASK_STATE_COUNT][EVENT_TYPE_END];
	bool events[EVENT_TYPE_END];
	bool answers[COMMAND_COUNT][ERR_COUNT];
	bool expired[ERR_COUNT];	/* of those that waited */
};

struct world {
	struct machine machine;
	struct state follower;
	struct arena arena;		/* of what was read of the ledger */
	struct variables variables;
	int64_t now_us;
	uint64_t epoch;
	struct coverage *coverage;	/* may be NULL */

	struct machine_answer answer;	/* of the last command */
	bool waits;			/* it has none yet */
	struct buf events;		/* of the last step: a JSON list */
	size_t event_count;
};

void world_init(struct world *world, struct coverage *coverage);
void world_finish(struct world *world);

/* One step, with what it appends. Ticks take all timers that are over. */
void world_submit(struct world *world, const struct command *command, uint64_t ticket);
/* The same, and world_follow is the caller's: one batch for many commands. */
void world_decide(struct world *world, const struct command *command, uint64_t ticket);
void world_tick(struct world *world);
void world_reign(struct world *world);
void world_quarantine(struct world *world, struct slice key);
/* Before the last event. */
void world_trim(struct world *world, struct slice reason);
/* A try to send an escalation through the webhook; with an error it failed. */
void world_deliver(struct world *world, uint32_t escalation, struct slice error);
void world_forget(struct world *world, uint64_t ticket);
void world_hurry(struct world *world, uint64_t ticket);
/* Another machine from a snapshot; whoever waited is gone. */
void world_restart(struct world *world);
/* Takes the batch into the follower; for steps of one's own. */
void world_follow(struct world *world);

/* Same bytes, sound, and the same bytes again after loading. */
void world_check(struct world *world);

/* All of a state's durable content. Replaces `ret_bytes`. */
void state_bytes(const struct state *state, struct buf *ret_bytes);

/* Submits text; fails the test when it is no command. Time is `at_ms` after CLOCK_ZERO_US. */
enum err world_run(struct world *world, int64_t at_ms, const char *text);

#endif
