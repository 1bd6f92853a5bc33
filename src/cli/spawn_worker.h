/*
 * spawn_worker - one process that works on one task, from its start to what
 * is told of it; or a run of a module in the sandbox.
 *
 * It reads the task as JSON on stdin, and has an environment of its own: a
 * few variables of ours, those that were granted, and IF_*. What it prints
 * is evidence; if stdout is one JSON value and nothing else, that is its result.
 */
#ifndef CLI_SPAWN_WORKER_H
#define CLI_SPAWN_WORKER_H

#include "cli/spawn_guest.h"
#include "cli/spawn_link.h"
#include "sys/process.h"

struct worker;

/* The same for every worker of a supervisor. */
struct worker_options {
	struct loop *loop;
	const char *const *command;	/* ends with NULL; NULL: only tasks' own */
	bool runs_tasks;		/* a task's own command goes before ours */
	struct spawn_guests *guests;	/* a task's own module goes before everything */
	struct slice wasm;		/* module for tasks that have none; empty: none */
	struct slice_list grants;	/* NAME or NAME=VALUE */
	struct slice swarm;
	struct slice board;		/* empty: none; else of sessions, tasks bring their own */
	const char *address;		/* of the daemon */
	int64_t limit_ms;		/* 0: none but the task's own */
	int64_t grace_us;		/* between TERM and KILL */
	const char *log_folder;		/* NULL: none */
	/* A line that it wrote into IF_COST_FILE, for the context of worker_start. */
	void (*on_cost)(void *context, struct slice line);
	bool is_verbose;
};

/*
 * Starts it. `claim` NULL: a session, which has no task and writes to our
 * stdout and stderr. Both must stay until the end, which `on_end` tells; the worker
 * is to be destroyed then. NULL, with the reason for people in `reason`, when
 * it cannot be run.
 */
struct worker *worker_start(const struct worker_options *options, const struct spawn_claim *claim,
			    void (*on_end)(void *context), void *context, struct buf *reason);
/* Costs are not heard for now, or again. */
void worker_pause_costs(struct worker *worker, bool is_paused);
/* TERM to all of its group, and KILL after the grace. */
void worker_stop(struct worker *worker);
void worker_kill(struct worker *worker);
/* Kills what is left. Takes NULL. */
void worker_destroy(struct worker *worker);

/*
 * How long it took until the process ran, from when there was both: the task,
 * ready, and a hand that was free. 0 when that is not known.
 */
int64_t worker_handover_us(const struct worker *worker);
/* The hand was there first: the task was pushed. */
bool worker_was_waiting(const struct worker *worker);

/* After the end. */
const struct process_end *worker_end(const struct worker *worker);
bool worker_has_succeeded(const struct worker *worker);
int64_t worker_duration_ms(const struct worker *worker);
/* "exit code 3", "killed by SIGSEGV", "time limit of 2 s". */
void worker_add_reason(const struct worker *worker, struct buf *out);
/* It is a module, and has run: `out` gets the arguments of chassis.report. */
bool worker_add_run(const struct worker *worker, struct buf *out);
/* It could not run, for which neither the task nor what it runs is to blame. */
bool worker_is_to_go_back(const struct worker *worker);
/* One JSON object, or nothing when it has not run. */
void worker_add_evidence(const struct worker *worker, struct buf *out);
/* Empty when stdout is not one JSON value; a module's result is always one. */
struct slice worker_result(const struct worker *worker);

/* What would fail each task had better be said before the first. */
MUST_USE enum err worker_check_options(const struct worker_options *options, bool is_session,
				       struct buf *detail);

#endif
