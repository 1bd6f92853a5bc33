#include "daemon/daemon.h"
#include "sys/clock.h"

/* Of drift that is caught up with in one go; no lease is shorter than what this could end early. */
#define NOW_SLACK_US 50000

/*
 * The ledger's time follows the wall clock but is not led by its jumps: it
 * runs at most twice as fast as time really passes, so that setting the
 * clock an hour ahead does not end every lease at once, and it never runs
 * back. Where the last process stopped is where it starts: then the wall
 * clock is believed.
 */
int64_t daemon_now_us(struct daemon *daemon)
{
	int64_t wall_us = clock_wall_us();
	int64_t mono_us = clock_mono_us();

	if (daemon->stamp_us) {
		int64_t most_us = daemon->stamp_us +
				  2 * (mono_us - daemon->stamp_mono_us) + NOW_SLACK_US;

		if (wall_us > most_us)
			wall_us = most_us;
	}
	if (wall_us < daemon->stamp_us)
		wall_us = daemon->stamp_us;
	if (wall_us > daemon->stamp_us) {
		daemon->stamp_us = wall_us;
		daemon->stamp_mono_us = mono_us;
	}
	return wall_us;
}
