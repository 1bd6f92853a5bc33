/*
 * weight - how much a swarm's word counts among several.
 *
 * The rule of the original plan: a result whose confidence reaches the
 * profile's threshold sets the weight to base + bonus, at most 2.0; any other
 * result takes 0.2 off it, down to 0. A weight of 0 is not for ever: the
 * share of probes that exploration gives also reaches silent swarms.
 *
 * All ratios are parts per million.
 */
#ifndef GOVERNOR_WEIGHT_H
#define GOVERNOR_WEIGHT_H

#include <stdbool.h>
#include <stdint.h>

#define WEIGHT_MOST_PPM 2000000
#define WEIGHT_LOSS_PPM 200000
#define WEIGHT_BLOOM_RESULTS 10		/* a late bloomer shows within so many results: */
#define WEIGHT_BLOOM_FROM_PPM 300000	/* the first weight before is below this, */
#define WEIGHT_BLOOM_TO_PPM 700000	/* the last one after is above this */

struct weight_profile {
	int64_t base_ppm;		/* 0 to WEIGHT_MOST_PPM */
	int64_t success_bonus_ppm;
	int64_t success_threshold_ppm;
};

struct weight {
	int64_t now_ppm;
	/* Weights before each of the last results, oldest first in a ring. */
	uint32_t before_ppm[WEIGHT_BLOOM_RESULTS];
	uint32_t result_count;		/* all of them; its remainder is the ring's place */
};

/* Base 1.0, bonus 0.3, threshold 0.7. */
struct weight_profile weight_profile_default(void);
/* The weight after a result of this confidence. */
int64_t weight_after(const struct weight_profile *profile, int64_t weight_ppm,
		     int64_t confidence_ppm);
/* Notes a result: from `before` to `after`, as they were. */
void weight_note(struct weight *weight, int64_t before_ppm, int64_t after_ppm);
bool weight_is_late_bloomer(const struct weight *weight);

#endif
