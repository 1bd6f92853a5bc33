/*
 * board - a plan: tasks that depend on each other.
 */
#ifndef COORDINATOR_BOARD_H
#define COORDINATOR_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "coordinator/path.h"
#include "coordinator/task.h"

struct board {
	/* Durable */
	struct slice id;		/* owned */
	struct slice title;		/* owned */
	int64_t created_at_us;
	bool archived;

	/* Volatile */
	uint32_t *tasks;		/* in the order they were added; owned */
	size_t task_capacity;
	size_t task_count;
	uint32_t in_state[TASK_STATE_COUNT];
	struct path_table paths;	/* reserved by live claims */
};

#endif
