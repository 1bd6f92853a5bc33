/*
 * bucket - a token bucket: so many calls a second over time, and a few more
 * at once after a pause.
 *
 * Kept as the moment at which the bucket would be full again, so that time
 * is the only thing that is counted and nothing has to be filled up. A call
 * that comes too early may take its token in advance and wait: those that
 * wait are served in the order in which they asked.
 */
#ifndef CHASSIS_BUCKET_H
#define CHASSIS_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_RATE_MAX 1000000000	/* calls a second: one a nanosecond */
#define BUCKET_BURST_MAX 1000000

struct bucket {
	int64_t interval_ns;	/* a token's time; 0: no limit */
	int64_t slack_ns;	/* what a full bucket is worth, but for one token */
	int64_t full_at_ns;	/* monotonic */
};

/* `calls_per_s` of 0: no limit. A burst is at least 1. Begins full. */
struct bucket bucket_make(int64_t calls_per_s, int64_t burst);

/* How long a call that asks now has to wait; 0: not at all. */
int64_t bucket_wait_ns(const struct bucket *bucket, int64_t now_ns);

/* Takes a token, be it in advance. */
void bucket_take(struct bucket *bucket, int64_t now_ns);

/* Takes one only when there is one. */
static inline bool bucket_try(struct bucket *bucket, int64_t now_ns)
{
	if (bucket_wait_ns(bucket, now_ns) > 0)
		return false;
	bucket_take(bucket, now_ns);
	return true;
}

#endif
