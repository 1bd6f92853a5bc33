/*
 * load - many clients in one thread, each asking again when it was answered.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "load/backend.h"
#include "load/figures.h"

struct cycles {
	double per_s;
	double claim_p50_ms, claim_p99_ms;
	double cpu_s_per_1000;		/* of the server */
	double memory_mb;		/* of the server, while the clients are connected */
	bool ran_dry;			/* the tasks were not enough for the whole time */
};

/*
 * Claims and completes with `clients` connections for `seconds`, after a
 * short time that does not count. Every task is to be claimed at most once.
 */
struct cycles load_cycles(struct target *target, unsigned clients, double seconds, uint64_t tasks);

struct push {
	double p50_ms, p99_ms;		/* from asking for a task's creation to a worker having it */
	size_t count;
};

/* Creates tasks one by one, at most `count` in at most `seconds`, while `waiting` workers wait. */
struct push load_push(struct target *target, unsigned waiting, size_t count, double seconds);

#endif
