#include "sys/clock.h"

#include <time.h>

#include "base/ensure.h"

static int64_t read_us(clockid_t clock)
{
	struct timespec now;

	ENSURE(clock_gettime(clock, &now) == 0);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

void clock_sleep_us(int64_t wait_us)
{
	struct timespec wait = { wait_us / 1000000, wait_us % 1000000 * 1000 };

	if (wait_us > 0)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
}
