#include "chassis/bucket.h"

#define NS_PER_S INT64_C(1000000000)

static int64_t within(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

struct bucket bucket_make(int64_t calls_per_s, int64_t burst)
{
	struct bucket bucket = { 0 };

	if (calls_per_s <= 0)
		return bucket;
	bucket.interval_ns = NS_PER_S / within(calls_per_s, 1, BUCKET_RATE_MAX);
	bucket.slack_ns = (within(burst, 1, BUCKET_BURST_MAX) - 1) * bucket.interval_ns;
	bucket.full_at_ns = INT64_MIN;
	return bucket;
}

int64_t bucket_wait_ns(const struct bucket *bucket, int64_t now_ns)
{
	int64_t ready_ns;

	if (bucket->interval_ns == 0 || bucket->full_at_ns <= now_ns)
		return 0;
	ready_ns = bucket->full_at_ns - bucket->slack_ns;
	return ready_ns > now_ns ? ready_ns - now_ns : 0;
}

void bucket_take(struct bucket *bucket, int64_t now_ns)
{
	if (bucket->full_at_ns < now_ns)
		bucket->full_at_ns = now_ns;
	bucket->full_at_ns += bucket->interval_ns;
}
