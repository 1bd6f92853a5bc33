#include "governor/breaker.h"

#define PPM 1000000
#define PROBE_DOUBLINGS_MAX 4

const char *const breaker_state_names[] = {
	[BREAKER_CLOSED] = "closed",
	[BREAKER_OPEN] = "open",
	[BREAKER_HALF_OPEN] = "half_open",
};

const char *const breaker_cause_names[] = {
	[BREAKER_BY_FAILURES] = "failures",
	[BREAKER_BY_RATIO] = "ratio",
	[BREAKER_BY_BUDGET] = "budget",
	[BREAKER_BY_SLO] = "slo",
	[BREAKER_BY_HAND] = "hand",
};

static const bool steps[BREAKER_STATE_COUNT][BREAKER_STATE_COUNT] = {
#define STEP(FROM, event, TO, why) [BREAKER_##FROM][BREAKER_##TO] = true,
#include "governor/breaker.def"
#undef STEP
};

bool breaker_may_become(enum breaker_state from, enum breaker_state to)
{
	return steps[from][to];
}

void breaker_count(struct breaker *breaker, bool failed)
{
	breaker->window = breaker->window << 1 | failed;
	if (breaker->outcomes < BREAKER_WINDOW)
		breaker->outcomes++;
	breaker->in_row = failed ? breaker->in_row + 1 : 0;
	if (!failed)
		breaker->trips = 0;
}

static int64_t ones_of(uint64_t bits)
{
	int64_t ones = 0;

	for (; bits; bits &= bits - 1)
		ones++;
	return ones;
}

int64_t breaker_ratio_ppm(const struct breaker *breaker)
{
	uint64_t seen = breaker->outcomes == BREAKER_WINDOW ?
				UINT64_MAX : ((uint64_t)1 << breaker->outcomes) - 1;

	if (breaker->outcomes == 0)
		return 0;
	return ones_of(breaker->window & seen) * PPM / (int64_t)breaker->outcomes;
}

bool breaker_should_trip(const struct breaker *breaker, const struct breaker_rules *rules,
			 enum breaker_cause *ret_cause)
{
	if (breaker->state != BREAKER_CLOSED)
		return false;
	if (rules->failures_in_row > 0 && (int64_t)breaker->in_row >= rules->failures_in_row) {
		*ret_cause = BREAKER_BY_FAILURES;
		return true;
	}
	if (rules->ratio_ppm > 0 && (int64_t)breaker->outcomes >= rules->ratio_outcomes &&
	    breaker_ratio_ppm(breaker) > rules->ratio_ppm) {
		*ret_cause = BREAKER_BY_RATIO;
		return true;
	}
	return false;
}

void breaker_trip(struct breaker *breaker, enum breaker_cause cause, int64_t at_us)
{
	breaker->state = BREAKER_OPEN;
	breaker->cause = cause;
	breaker->opened_at_us = at_us;
	breaker->trips++;
}

void breaker_close(struct breaker *breaker)
{
	breaker->state = BREAKER_CLOSED;
	breaker->in_row = 0;
	breaker->window = 0;
	breaker->outcomes = 0;
}

void breaker_half_open(struct breaker *breaker)
{
	breaker->state = BREAKER_HALF_OPEN;
}

int64_t breaker_probe_at_us(const struct breaker *breaker, const struct breaker_rules *rules)
{
	uint32_t doublings = breaker->trips > 1 ? breaker->trips - 1 : 0;

	if (breaker->state != BREAKER_OPEN || rules->probe_after_ms <= 0 ||
	    breaker->cause == BREAKER_BY_BUDGET || breaker->cause == BREAKER_BY_HAND)
		return INT64_MAX;
	if (doublings > PROBE_DOUBLINGS_MAX)
		doublings = PROBE_DOUBLINGS_MAX;
	return breaker->opened_at_us + (rules->probe_after_ms << doublings) * 1000;
}
