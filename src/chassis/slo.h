/*
 * slo - what a swarm has promised, and what came of its latest attempts.
 *
 * A window holds the last SLO_OUTCOMES outcomes, none of them older than
 * SLO_WINDOW_US, eight bytes each: 8 KB for a swarm that fills it, 80 MB for
 * 10,000 of them, and as little as was needed for those that do not. Times of
 * presence are kept by the day, as many days as the window has.
 *
 * Everything is exact over the window, in integers: the 99th percentile is
 * the value that 99 of 100 successes do not pass (nearest rank), in whole
 * milliseconds. How fast a failure was is nobody's promise and counts for
 * nothing. Ratios are parts per million.
 */
#ifndef CHASSIS_SLO_H
#define CHASSIS_SLO_H

#include <stdbool.h>
#include <stdint.h>

#define SLO_OUTCOMES 1000
#define SLO_DAYS 7
#define SLO_DAY_US INT64_C(86400000000)
#define SLO_WINDOW_US (SLO_DAYS * SLO_DAY_US)
#define SLO_RECENT_US INT64_C(3600000000)	/* an hour: how fast the budget burns right now */
#define SLO_LATENCY_MOST_MS INT64_C(16777215)	/* 4 h 39 min; no claim lives as long */
#define SLO_BURN_MOST_PPM INT64_C(1000000000000)	/* a million times as fast as may be */

/* What was promised; 0: nothing. */
struct slo_targets {
	int64_t p99_latency_ms;
	int64_t success_ppm;
	int64_t availability_ppm;
};

/* How long a swarm was there, and how long it should have been and was not. */
struct slo_day {
	int32_t day;			/* since 1970 */
	uint32_t present_ms;
	uint32_t absent_ms;
};

struct slo {
	/* Durable */
	uint64_t *outcomes;		/* ring, oldest first; owned */
	uint32_t first, count, capacity;
	bool present;
	int64_t since_us;		/* counted up to here; 0: nobody watches */
	struct slo_day days[SLO_DAYS];	/* by day modulo SLO_DAYS */

	/* Volatile */
	uint32_t failures;		/* of the outcomes */
};

struct slo_outcome {
	int64_t at_us;			/* whole seconds */
	int64_t latency_ms;
	bool succeeded;
};

/* What a window shows. -1: there is nothing to tell it by. */
struct slo_facts {
	int64_t outcomes;
	int64_t failures;
	int64_t success_ppm;
	int64_t p99_latency_ms;
	int64_t availability_ppm;
	/*
	 * Of the failures that the promised success rate leaves room for: what is
	 * left, 0 when it is used up; and how many times as fast as may be it was
	 * used, over the window and in the last hour, in parts per million.
	 */
	int64_t budget_left_ppm;
	int64_t burn_ppm;
	int64_t recent_burn_ppm;
};

/* Zeroed memory is an empty window. */
void slo_finish(struct slo *slo);

/* What is older than the window at this time. */
void slo_forget(struct slo *slo, int64_t at_us);
/* An attempt ended at `at_us`, no earlier than those before it. */
void slo_note(struct slo *slo, int64_t at_us, int64_t latency_ms, bool succeeded);
/* From here on it is watched, and is there or not; what was until now is counted. */
void slo_watch(struct slo *slo, int64_t at_us, bool present);
/* From here on nobody watches. */
void slo_unwatch(struct slo *slo, int64_t at_us);

struct slo_facts slo_measure(const struct slo *slo, const struct slo_targets *targets,
			     int64_t now_us);
/*
 * The same right after slo_forget at this time, and only what the targets are
 * about: takes no longer for a full window, unless it is about latency.
 */
struct slo_facts slo_judge(const struct slo *slo, const struct slo_targets *targets,
			   int64_t at_us);
/* The same as if this outcome were noted. */
struct slo_facts slo_judge_next(const struct slo *slo, const struct slo_targets *targets,
				const struct slo_outcome *next);

/*
 * Whether every promise is kept, as far as it can be told. Whoever has only
 * failed keeps none, whatever was promised. Without a promise there is none
 * to break.
 */
bool slo_is_kept(const struct slo_targets *targets, const struct slo_facts *facts);
bool slo_promises(const struct slo_targets *targets);

/* Outcome `place`, from the oldest; for snapshots, and slo_restore to put one behind the others. */
struct slo_outcome slo_outcome_at(const struct slo *slo, uint32_t place);
void slo_restore(struct slo *slo, const struct slo_outcome *outcome);

#endif
