#include "governor/weight.h"

struct weight_profile weight_profile_default(void)
{
	return (struct weight_profile){
		.base_ppm = 1000000, .success_bonus_ppm = 300000, .success_threshold_ppm = 700000,
	};
}

int64_t weight_after(const struct weight_profile *profile, int64_t weight_ppm,
		     int64_t confidence_ppm)
{
	int64_t after;

	if (confidence_ppm >= profile->success_threshold_ppm) {
		after = profile->base_ppm + profile->success_bonus_ppm;
		return after < WEIGHT_MOST_PPM ? after : WEIGHT_MOST_PPM;
	}
	after = weight_ppm - WEIGHT_LOSS_PPM;
	return after > 0 ? after : 0;
}

void weight_note(struct weight *weight, int64_t before_ppm, int64_t after_ppm)
{
	weight->before_ppm[weight->result_count % WEIGHT_BLOOM_RESULTS] = (uint32_t)before_ppm;
	weight->result_count++;
	weight->now_ppm = after_ppm;
}

bool weight_is_late_bloomer(const struct weight *weight)
{
	uint32_t oldest = weight->result_count < WEIGHT_BLOOM_RESULTS ?
				  0 : weight->result_count % WEIGHT_BLOOM_RESULTS;

	return weight->result_count > 0 && weight->before_ppm[oldest] < WEIGHT_BLOOM_FROM_PPM &&
	       weight->now_ppm > WEIGHT_BLOOM_TO_PPM;
}
