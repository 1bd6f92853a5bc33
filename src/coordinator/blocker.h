/*
 * blocker - something in a task's way, which somebody has to clear.
 */
#ifndef COORDINATOR_BLOCKER_H
#define COORDINATOR_BLOCKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL, SEVERITY_COUNT };
extern const char *const severity_names[];

enum blocker_state { BLOCKER_OPEN, BLOCKER_RESOLVED, BLOCKER_WITHDRAWN, BLOCKER_STATE_COUNT };
extern const char *const blocker_state_names[];

struct blocker {
	/* Durable */
	struct slice id;		/* b and the number of the event that raised it; owned */
	uint32_t task;
	uint32_t swarm;			/* who raised it, or INDEX_NONE */
	enum severity severity;
	enum blocker_state state;
	int64_t raised_at_us;
	int64_t ended_at_us;
	struct slice type;		/* owned, like the next four */
	struct slice description;
	struct slice note;		/* how it was resolved */
	struct slice ended_by;
	struct slice_list needs;
};

#endif
