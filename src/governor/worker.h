/*
 * worker - what the governor knows of a swarm: what it costs, what it says
 * of itself, how much its answers weigh, and whether it may work at all.
 */
#ifndef GOVERNOR_WORKER_H
#define GOVERNOR_WORKER_H

#include "base/slice.h"
#include "governor/breaker.h"
#include "governor/price.h"
#include "governor/weight.h"

#define WORKER_UNKNOWN (-1)

struct worker {
	/* Durable */
	int64_t rate_nanousd;		/* an hour; WORKER_UNKNOWN, like the next two */
	int64_t usual_cost_nanousd;
	int64_t usual_success_ppm;
	struct price price;
	struct weight_profile profile;
	struct weight weight;
	struct slice tier;		/* owned, like the next three */
	struct slice description;
	struct slice breaker_by;	/* who opened or closed the breaker last */
	struct slice breaker_reason;
	struct breaker breaker;
	int64_t freed_at_us;		/* since when it could have had work */

	/* Volatile */
	uint32_t first_parked;		/* requests of it that wait for a task, or UINT32_MAX */
	uint32_t last_parked;
	uint32_t waiting_place;		/* among the swarms that have such a request */
	int64_t passed_over_us;		/* when work for it first went to others; 0: not yet */
};

#endif
