/*
 * cost - what was spent, kept so that it can be told by anything.
 *
 * An attempt is one claim, or what a swarm spent without one. Its charges are
 * summed up by day, model and operation. What an attempt cost that failed or
 * was lost is waste.
 */
#ifndef GOVERNOR_COST_H
#define GOVERNOR_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "governor/price.h"

#define DAY_US INT64_C(86400000000)

/* Where an expected cost comes from. */
enum cost_from {
	COST_FROM_NOTHING,	/* it is not known */
	COST_FROM_ASSUMED,	/* the policy's assumption */
	COST_FROM_TASK,		/* the task's estimate */
	COST_FROM_RATE,		/* the swarm's rate and the task's time */
	COST_FROM_DECLARED,	/* what the swarm says it usually costs */
	COST_FROM_LEARNT,	/* what it has cost before */
	COST_FROM_USUAL,	/* what swarms of this fleet cost in their first outcomes */
	COST_FROM_COUNT
};
extern const char *const cost_from_names[];

/* What the rows of a report are. */
enum cost_by { COST_BY_SWARM, COST_BY_TASK, COST_BY_BOARD, COST_BY_MODEL, COST_BY_CAPABILITY,
	       COST_BY_OPERATION, COST_BY_COUNT };
extern const char *const cost_by_names[];

enum attempt_end { ATTEMPT_LIVE, ATTEMPT_DONE, ATTEMPT_FAILED, ATTEMPT_LOST, ATTEMPT_GIVEN_BACK,
		   ATTEMPT_END_COUNT };
extern const char *const attempt_end_names[];

struct attempt {
	/* Durable */
	uint32_t task;			/* INDEX_NONE: of no task */
	uint32_t swarm;
	uint64_t fence;			/* 0: without a claim */
	enum attempt_end end;

	/* Volatile */
	uint32_t next_of_task;		/* the one before it, of the same task; else INDEX_NONE */
	uint32_t first_charge;		/* newest first */
};

struct charge {
	/* Durable */
	uint32_t attempt;
	uint32_t model;			/* name's number, or INDEX_NONE */
	uint32_t operation;
	int32_t day;			/* since 1970, UTC */
	int64_t cost_nanousd;
	int64_t tokens[TOKEN_KIND_COUNT];
	uint32_t reports;
	uint32_t unpriced;		/* of these, reports whose price is not known */

	/* Volatile */
	uint32_t next_of_attempt;
};

/* Its charges count as waste. */
static inline bool attempt_is_wasted(const struct attempt *attempt)
{
	return attempt->end == ATTEMPT_FAILED || attempt->end == ATTEMPT_LOST;
}

#endif
