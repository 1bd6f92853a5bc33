#include "chassis/reputation.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"

#define PPM REPUTATION_FULL_PPM
#define SUCCESS_PENALTY_MOST_PPM 300000
#define LATENCY_PENALTY_MOST_PPM 200000
#define HALVINGS_MOST 20		/* of a million: then nothing is left of it */
#define FIRST_CAPACITY 4U

void reputation_finish(struct reputation *reputation)
{
	free(reputation->points);
	*reputation = (struct reputation){ 0 };
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t success_penalty(const struct slo_targets *targets, const struct slo_facts *facts)
{
	if (facts->success_ppm >= targets->success_ppm)
		return 0;
	return least(2 * (targets->success_ppm - facts->success_ppm), SUCCESS_PENALTY_MOST_PPM);
}

static int64_t latency_penalty(const struct slo_targets *targets, const struct slo_facts *facts)
{
	int64_t target = targets->p99_latency_ms;

	if (target == 0 || facts->p99_latency_ms <= target)
		return 0;
	/* A fifth of what it is over, in parts of the target. */
	return least((facts->p99_latency_ms - target) * PPM / target / 5, LATENCY_PENALTY_MOST_PPM);
}

int64_t reputation_of(const struct slo_targets *targets, const struct slo_facts *facts)
{
	int64_t ppm;

	if (facts->outcomes == 0)
		return PPM;
	ppm = PPM - success_penalty(targets, facts) - latency_penalty(targets, facts);
	ppm = ppm * facts->success_ppm / PPM;
	if (facts->outcomes < REPUTATION_KNOWN)
		ppm = PPM - (PPM - ppm) * facts->outcomes / REPUTATION_KNOWN;
	return ppm;
}

/* ---- history ------------------------------------------------------------------------------- */

struct reputation_point reputation_point_at(const struct reputation *reputation, uint32_t place)
{
	ENSURE(place < reputation->count);
	return reputation->points[(reputation->first + place) % reputation->capacity];
}

static void grow(struct reputation *reputation)
{
	uint32_t capacity = reputation->capacity ? reputation->capacity * 2 : FIRST_CAPACITY;
	struct reputation_point *points;

	if (capacity > REPUTATION_POINTS)
		capacity = REPUTATION_POINTS;
	points = alloc_zero(capacity, sizeof(*points));
	for (uint32_t i = 0; i < reputation->count; i++)
		points[i] = reputation_point_at(reputation, i);
	free(reputation->points);
	reputation->points = points;
	reputation->first = 0;
	reputation->capacity = capacity;
}

void reputation_restore(struct reputation *reputation, struct reputation_point point)
{
	if (reputation->count == REPUTATION_POINTS) {
		reputation->first = (reputation->first + 1) % reputation->capacity;
		reputation->count--;
	} else if (reputation->count == reputation->capacity) {
		grow(reputation);
	}
	reputation->points[(reputation->first + reputation->count++) % reputation->capacity] =
		point;
}

void reputation_note(struct reputation *reputation, int64_t at_us, int64_t ppm)
{
	int64_t last = reputation->count ?
		reputation_point_at(reputation, reputation->count - 1).ppm : PPM;

	reputation->at_us = at_us;
	reputation->ppm = ppm;
	if (ppm - last >= REPUTATION_STEP_PPM || last - ppm >= REPUTATION_STEP_PPM)
		reputation_restore(reputation, (struct reputation_point){ at_us, ppm });
}

/* ---- time ---------------------------------------------------------------------------------- */

int64_t reputation_now(const struct reputation *reputation, int64_t now_us)
{
	int64_t days = now_us / SLO_DAY_US - reputation->at_us / SLO_DAY_US;
	int64_t distance = PPM - reputation->ppm;

	if (reputation->at_us == 0)
		return PPM;
	if (days <= 0)
		return reputation->ppm;
	if (days / REPUTATION_HALF_LIFE_DAYS >= HALVINGS_MOST)
		return PPM;
	distance >>= days / REPUTATION_HALF_LIFE_DAYS;
	/* Between two halvings in a straight line. */
	distance -= distance * (days % REPUTATION_HALF_LIFE_DAYS) /
		    (2 * REPUTATION_HALF_LIFE_DAYS);
	return PPM - distance;
}
