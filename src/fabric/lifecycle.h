/*
 * lifecycle - the steps of state.def, looked up by an event's number.
 *
 * Part of the state rather than a variable of its own: the machine keeps
 * nothing outside the state that it is handed.
 */
#ifndef FABRIC_LIFECYCLE_H
#define FABRIC_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ensure.h"
#include "coordinator/task.h"
#include "fabric/event.h"

struct lifecycle {
	uint8_t next[TASK_STATE_COUNT][EVENT_TYPE_END];	/* one past the state; 0: no such step */
};

void lifecycle_init(struct lifecycle *lifecycle);
/* False when there is no such step. */
MUST_USE bool lifecycle_step(const struct lifecycle *lifecycle, enum task_state from,
			     enum event_type event, enum task_state *ret_next);

#endif
