/*
 * runner - runs guests of one module, for a supervisor.
 *
 *	runner_open --> if-chassis, with the module compiled and loaded
 *	runner_start -> a process of its own for each run
 *	outcome <------ how it ended, and what it used
 *
 * One thread. Whoever has a loop waits on runner_fd and calls runner_step
 * whenever it is readable; whoever has none calls run_wait. All limits are
 * the contract's, and hold whatever this side does; only the last of them,
 * that a process which does not end at its deadline is killed, is kept here.
 */
#ifndef SANDBOX_RUNNER_H
#define SANDBOX_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "chassis/contract.h"
#include "chassis/verdict.h"

struct runner;
struct run;

struct runner_spec {
	const char *program;		/* if-chassis */
	const struct contract *contract;	/* copied; checked again */
	struct slice wasm;		/* must be what the contract's hash says, if it has one */
	const char *folder;		/* absolute; relative paths of the contract lie below it */
	const char *cache;		/* folder for compiled modules; NULL: none is kept */
	const char *key_file;		/* for their MAC; made when missing */
};

/* What holds guests in on this machine. */
struct runner_walls {
	unsigned layers;		/* bits, 1 << enum layer (sandbox/limit.h) */
	bool has_meter;			/* tells a refusal of memory from what came of it */
	char engine[32];		/* "48.0.8" */
};

struct runner_info {
	unsigned layers;
	bool was_cached;
	int64_t compile_us;		/* 0 when it was cached */
	struct buf cache_trouble;	/* why compiled modules are not kept; empty: they are */
};

/*
 * Starts if-chassis and waits until it has compiled and loaded the module.
 * ERR_CHASSIS_MISSING, ERR_MODULE_REFUSED, ERR_LAYER_MISSING,
 * ERR_CHASSIS_FAILED; the detail says what is the matter.
 */
MUST_USE enum err runner_open(const struct runner_spec *spec, struct runner **ret_runner,
			      struct buf *detail);
/*
 * The same in two steps, for whoever must not wait for a compiler. When runner_fd
 * is readable, runner_opened says whether it is open (else it is asked again),
 * or why it is not: then only runner_close may follow. Until it is open nothing
 * else may be called.
 */
MUST_USE enum err runner_begin(const struct runner_spec *spec, struct runner **ret_runner,
			       struct buf *detail);
MUST_USE enum err runner_opened(struct runner *runner, bool *ret_is_open, struct buf *detail);
/* Kills what still runs. Every run must have been destroyed. Takes NULL. */
void runner_close(struct runner *runner);
const struct runner_info *runner_info(const struct runner *runner);

/* Readable when runner_step has something to do. */
int runner_fd(const struct runner *runner);
void runner_step(struct runner *runner);

struct run_spec {
	struct slice input;
	struct slice_list args;		/* after the name of the module */
	struct slice_list environment;	/* NAME=value; only what the contract grants is passed on */
	int egress;			/* a grant's connection, see egress.h; -1: none. Copied */
	/* A line that it logs, as bytes from outside. NULL: nobody wants to know. */
	void (*on_log)(void *context, int level, struct slice text);
	void *context;
};

struct outcome {
	enum err err;			/* not OK: the sandbox failed, and the rest says nothing */
	enum chassis_verdict verdict;
	struct buf reason;		/* a trap's, a limit's or a grant's name: "unreachable" */
	struct buf detail;		/* for people; may hold names that the module chose */
	struct buf result;		/* also of some runs that failed: what they had printed */
	bool was_killed;		/* by run_kill */
	int64_t fuel_used;
	int64_t memory_bytes;		/* linear memory, at most */
	int64_t wall_us;
	int64_t cpu_us;			/* of its process, from its fork on */
	int64_t resident_bytes;		/* at most, with what the zygote shares */
	int64_t host_calls;
	int64_t log_bytes;
	int64_t http_requests;
	int64_t denials;
};

/*
 * Begins a run. ERR_LIMIT_EXCEEDED when input or arguments are longer than
 * they may be; ERR_CHASSIS_FAILED when if-chassis is gone: open another.
 */
MUST_USE enum err runner_start(struct runner *runner, const struct run_spec *spec,
			       struct run **ret_run, struct buf *detail);
bool run_is_over(const struct run *run);
/* Steps the runner until it is. */
void run_wait(struct run *run);
/* Of one that is over. */
const struct outcome *run_outcome(const struct run *run);
/* It is over soon after, if it was not. */
void run_kill(struct run *run);
/* Kills it, if need be. Takes NULL. */
void run_destroy(struct run *run);

/* What this machine has, without any module. ERR_CHASSIS_MISSING, ERR_CHASSIS_FAILED. */
MUST_USE enum err runner_probe(const char *program, struct runner_walls *ret_walls,
			       struct buf *detail);

#endif
