/*
 * breaker - keeps work away from a swarm that fails.
 *
 * breaker.def says what may follow from what.
 *
 * A budget trip and one by hand never probe: a person closes them.
 */
#ifndef GOVERNOR_BREAKER_H
#define GOVERNOR_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN, BREAKER_STATE_COUNT };
extern const char *const breaker_state_names[];

enum breaker_cause {
	BREAKER_BY_FAILURES,	/* in a row */
	BREAKER_BY_RATIO,	/* over the window */
	BREAKER_BY_BUDGET,
	BREAKER_BY_SLO,
	BREAKER_BY_HAND,
	BREAKER_CAUSE_COUNT
};
extern const char *const breaker_cause_names[];

#define BREAKER_WINDOW 64	/* outcomes the ratio looks at: one bit each */

struct breaker_rules {
	int64_t failures_in_row;	/* trips at; 0: never */
	int64_t ratio_ppm;		/* trips above; 0: never */
	int64_t ratio_outcomes;		/* fewer than these say nothing; 1 to BREAKER_WINDOW */
	int64_t probe_after_ms;		/* 0: no probe, a person resets it */
};

struct breaker {
	enum breaker_state state;
	enum breaker_cause cause;	/* of the last trip */
	uint32_t in_row;		/* failures since the last success */
	uint32_t trips;			/* in a row without a success between: waits grow with them */
	uint64_t window;		/* newest outcome in bit 0; 1: failed */
	uint32_t outcomes;		/* of them in the window, at most BREAKER_WINDOW */
	int64_t opened_at_us;
};

/* Counts an outcome. The state changes only by the functions below. */
void breaker_count(struct breaker *breaker, bool failed);
/* Whether what was counted trips a closed breaker, and by what. */
bool breaker_should_trip(const struct breaker *breaker, const struct breaker_rules *rules,
			 enum breaker_cause *ret_cause);

void breaker_trip(struct breaker *breaker, enum breaker_cause cause, int64_t at_us);
/* Whether breaker.def has such a step. */
bool breaker_may_become(enum breaker_state from, enum breaker_state to);
/* By a person, or by a probe that succeeded: what was counted is forgotten. */
void breaker_close(struct breaker *breaker);
/* One task may try whether it works again. */
void breaker_half_open(struct breaker *breaker);

/* When it may be probed; INT64_MAX: never by itself. Doubles with each trip up to 16 times. */
int64_t breaker_probe_at_us(const struct breaker *breaker, const struct breaker_rules *rules);
/* Failures in the window, in parts per million; 0 without outcomes. */
int64_t breaker_ratio_ppm(const struct breaker *breaker);

#endif
