/*
 * runs - what real workers did with real tasks, from a table.
 *
 * One line an attempt: task, agent, resolved (0 or 1) and cost_usd, in any
 * order of columns, as the first line names them; others are passed over.
 */
#ifndef BENCH_WASTE_RUNS_H
#define BENCH_WASTE_RUNS_H

#include <stdint.h>

#include "waste/play.h"

#define RUNS_TASKS_MOST 100000
#define RUNS_AGENTS_MOST 1000

struct runs {
	char **tasks;		/* those that every agent has tried */
	uint32_t task_count;
	char **agents;		/* in the order in which the table names them first */
	uint32_t agent_count;
	struct attempt *attempts;	/* by task, then by agent */
	uint32_t dropped;	/* tasks that somebody has not tried */
};

/* Ends the program, with the line, when the table is none. */
void runs_load(struct runs *runs, const char *path);
void runs_finish(struct runs *runs);

static inline const struct attempt *runs_at(const struct runs *runs, uint32_t task, uint32_t agent)
{
	return &runs->attempts[(uint64_t)task * runs->agent_count + agent];
}

#endif
