/*
 * note - a value that workers share under a key.
 */
#ifndef COORDINATOR_NOTE_H
#define COORDINATOR_NOTE_H

#include <stdint.h>

#include "base/slice.h"

struct note {
	/* Durable */
	struct slice key;		/* owned, like value and by */
	struct slice value;		/* one JSON value */
	struct slice by;
	uint64_t version;		/* number of the event that wrote it */
	int64_t written_at_us;
};

#endif
