/*
 * usage - what the runs and the requests of a swarm have used, all together.
 *
 * Sums stay at their most instead of running over.
 */
#ifndef CHASSIS_USAGE_H
#define CHASSIS_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "chassis/verdict.h"

/* Durable, in this order; a new one goes to the end. */
#define USAGE_FIELDS(X)                                                  \
	X(wall_us)                                                       \
	X(cpu_us)                                                        \
	X(fuel)			/* steps of computing */                 \
	X(memory_bytes)		/* the most that one run had */          \
	X(output_bytes)                                                  \
	X(http_requests)	/* as the runs reported them */          \
	X(requests)		/* that the proxy saw, let out or not */ \
	X(denied)		/* of them, not let out */               \
	X(failed)		/* let out, and without an answer */     \
	X(transferred_bytes)	/* by the proxy, both ways */            \
	X(waited_ms)		/* for answers */

#define USAGE_MEMBER(name) int64_t name;
struct swarm_usage {
	int64_t runs[CHASSIS_VERDICT_COUNT];	/* by how they ended */
	USAGE_FIELDS(USAGE_MEMBER)
};

/* What one run used, or one request; no number is negative. */
struct usage_run {
	enum chassis_verdict verdict;
	int64_t wall_us, cpu_us, fuel, memory_bytes, output_bytes, http_requests;
};
struct usage_request {
	bool denied;
	int64_t status;		/* 0: no answer came */
	int64_t bytes;
	int64_t duration_ms;
};

void usage_add_run(struct swarm_usage *usage, const struct usage_run *run);
void usage_add_request(struct swarm_usage *usage, const struct usage_request *request);

#endif
