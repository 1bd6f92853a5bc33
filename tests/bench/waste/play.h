/*
 * play - work that is given out, one attempt at a time, and what comes of it.
 *
 * A play says who there is, what there is to do, and what would happen if
 * one of them tried it. A desk gives each attempt to somebody: the governor
 * in a daemon, the governor's functions alone, chance, or somebody who knows
 * the future.
 */
#ifndef BENCH_WASTE_PLAY_H
#define BENCH_WASTE_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATTEMPTS_MOST 3
#define NOBODY UINT32_MAX

struct attempt {
	bool resolved;
	int64_t cost_nanousd;
};

struct worker {
	const char *name;
	const char *skills;	/* as a JSON array */
	int64_t declared_ppm;	/* success that it declares; below 0: none */
};

struct job {
	uint32_t task;		/* of the play */
	const char *needs;	/* as a JSON array */
};

struct play {
	const struct worker *workers;
	uint32_t worker_count;
	const struct job *jobs;		/* in the order in which they come */
	uint32_t job_count;
	uint32_t attempts;		/* at each, by different workers */
	bool retries_wait;		/* until all others have had as many */
	/* What comes of it when the worker tries the job; `at` is the job's place in the order. */
	struct attempt (*attempt)(const void *context, uint32_t worker, const struct job *job,
				  uint32_t at);
	/* Whether it has what the job needs; NULL: everybody has. */
	bool (*fits)(const void *context, uint32_t worker, const struct job *job);
	const void *context;
};

struct tally {
	double spent_usd, wasted_usd;
	double resolved;
};

/* Told of every attempt, for whoever plots them. May be NULL. */
typedef void attempt_fn(void *context, uint32_t at, uint32_t worker, const struct attempt *attempt);

/* Who gives out work. One desk serves one play from its first job to its last. */
struct desk {
	/* Who is to try the job; `tried` has a true for each that has failed it. */
	uint32_t (*give)(void *context, const struct play *play, uint32_t at, uint32_t failed,
			 const bool *tried);
	/* What came of that. May be NULL. */
	void (*tell)(void *context, const struct play *play, uint32_t at, uint32_t failed,
		     uint32_t worker, const struct attempt *attempt);
	void *context;
};

struct tally play_through(const struct play *play, const struct desk *desk, attempt_fn *on_attempt,
			  void *context);
void tally_add(struct tally *sum, const struct tally *more);

/* The same numbers for the same seed, on every machine. */
struct chance {
	uint64_t state;
};
uint32_t chance_below(struct chance *chance, uint32_t limit);
double chance_unit(struct chance *chance);	/* 0 <= x < 1 */
double chance_normal(struct chance *chance);	/* mean 0, deviation 1 */
void chance_shuffle(struct chance *chance, uint32_t *numbers, uint32_t count);

/* ---- desks ---- */

/* Anybody who fits; the context is a struct chance. */
struct desk desk_of_chance(struct chance *chance);
/* The cheapest that will resolve it, and otherwise the cheapest; context: none. */
struct desk desk_of_oracle(void);
/* In a fixed order, which is the context: as many numbers as there are attempts. */
struct desk desk_of_order(const uint32_t *order);

/* The governor's functions, without a daemon. */
struct model;
struct model *model_open(void);
struct desk desk_of_model(struct model *model);
void model_close(struct model *model);

/* A daemon of its own, with its ledger in `folder`: real claims. */
struct office;
struct office *office_open(const char *coordinator, const char *folder);
struct desk desk_of_office(struct office *office);
void office_close(struct office *office);

#endif
