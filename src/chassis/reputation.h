/*
 * reputation - how far a swarm is to be trusted with work, by what came of it.
 *
 *	no outcome	1
 *	else		(1 - min(2 (target - success), 0.3)
 *			   - min(0.2 (p99 / target - 1), 0.2)) x success
 *
 * Each part counts only when its promise is broken. Of a swarm with fewer
 * than REPUTATION_KNOWN outcomes only that part of the distance to 1 is held
 * against it: the first failure ruins nobody.
 *
 * With time it is forgotten: half of the distance to 1 every
 * REPUTATION_HALF_LIFE_DAYS. What is kept is the value and when it was
 * found; what it is now follows from both and is never written back, so that
 * to look twice is to look once. It changes by whole days, so that whoever
 * has compared swarms need not do it again before the day is over.
 */
#ifndef CHASSIS_REPUTATION_H
#define CHASSIS_REPUTATION_H

#include <stdint.h>

#include "chassis/slo.h"

#define REPUTATION_FULL_PPM INT64_C(1000000)
#define REPUTATION_KNOWN 10		/* outcomes: one failure is then a tenth */
#define REPUTATION_HALF_LIFE_DAYS 7	/* as the window: when that is empty, half is forgotten */
#define REPUTATION_POINTS 100		/* of its history */
#define REPUTATION_STEP_PPM 10000	/* a change that makes a point: what people would call one */

struct reputation_point {
	int64_t at_us;
	int64_t ppm;
};

struct reputation {
	/* Durable */
	int64_t at_us;			/* when it was found; 0: never */
	int64_t ppm;			/* and what it was then */
	struct reputation_point *points;	/* ring, oldest first; owned */
	uint32_t first, count, capacity;
};

/* Zeroed memory is that of a swarm of which nothing is known. */
void reputation_finish(struct reputation *reputation);

/* What these facts make of it, 0 to REPUTATION_FULL_PPM. */
int64_t reputation_of(const struct slo_targets *targets, const struct slo_facts *facts);

/* It was found to be this; a step away from the last point of the history is a new one. */
void reputation_note(struct reputation *reputation, int64_t at_us, int64_t ppm);

/* What it is at a time that is not before at_us. */
int64_t reputation_now(const struct reputation *reputation, int64_t now_us);

/* Point `place`, from the oldest; for snapshots, and reputation_restore to put one behind them. */
struct reputation_point reputation_point_at(const struct reputation *reputation, uint32_t place);
void reputation_restore(struct reputation *reputation, struct reputation_point point);

#endif
