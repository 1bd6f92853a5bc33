/*
 * message - text for one swarm, a board's swarms or all of them, kept until
 * each of those it was for has read it.
 */
#ifndef COORDINATOR_MESSAGE_H
#define COORDINATOR_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct message {
	/* Durable */
	uint64_t number;		/* of its event; the cursor that acknowledges it */
	int64_t sent_at_us;
	struct slice from;		/* owned, like the next four */
	struct slice to;
	struct slice to_board;
	struct slice subject;
	struct slice body;
	bool to_all;

	/* Volatile */
	uint32_t unread_by;		/* inboxes it is in */
};

#endif
