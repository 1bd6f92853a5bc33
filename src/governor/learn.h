/*
 * learn - how likely each swarm is to succeed, and what it costs, from what came of its attempts.
 *
 * Nothing here decides: an outlook says what to expect of a swarm on a task,
 * and rank.h compares outlooks. All numbers are integers, ratios are parts
 * per million, money is nano-dollars.
 */
#ifndef GOVERNOR_LEARN_H
#define GOVERNOR_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

#define LEARN_UNKNOWN INT64_C(-1)
#define LEARN_COST_MOST INT64_C(1000000000000000)	/* of one attempt: a million dollars */
#define LEARN_KINDS 3		/* of attempts: nobody has failed the task before, one has, more have */

/*
 * What came of the attempts of one swarm: of all of them, or of those on
 * tasks that need one set of capabilities. Every field is durable, and a new
 * one goes to the end of this list.
 */
#define LEARN_TRACK_FIELDS(X)                                                      \
	X(trials_ppm)		/* weight of the outcomes: old ones fade, retries count less */ \
	X(wins_ppm)		/* weight of the successes among them */            \
	X(priced_ppm)		/* weight of the outcomes whose cost is known */    \
	X(cost_nanousd)		/* of those, by their weight, as of first attempts */ \
	X(heard_at)		/* fleet.outcomes at the last one */               \
	X(outcomes)		/* counts, which do not fade */                    \
	X(successes)                                                               \
	X(claimed_at)		/* fleet.claims at the last claim */

/* The fleet as a whole. Durable, like a track. */
#define LEARN_FLEET_FIELDS(X)                                                      \
	X(outcomes)		/* of all swarms */                                \
	X(known)		/* swarms that have had one */                     \
	X(fresh_trials_ppm)	/* what swarms did in their first outcomes: what to expect of */ \
	X(fresh_wins_ppm)	/* one of whom nothing is known */                 \
	X(fresh_priced_ppm)                                                        \
	X(fresh_cost_nanousd)                                                      \
	X(edition)		/* of the next three, which follow the above in steps, */ \
	X(usual_success_ppm)	/* so that what was computed from them holds for a while */ \
	X(usual_cost_nanousd)	/* LEARN_UNKNOWN: no cost was ever reported */     \
	X(hope_ppm)		/* how many times cheaper than usual a new swarm may be */ \
	X(claims)                                                                  \
	X(probe_ppm)		/* share of claims that probes may still take */   \
	X(probe_nanousd)	/* share of the money that they may still cost */

#define LEARN_MEMBER(name) int64_t name;
struct track {
	LEARN_TRACK_FIELDS(LEARN_MEMBER)
};
struct fleet {
	LEARN_FLEET_FIELDS(LEARN_MEMBER)
};

struct pair_track {
	uint32_t swarm;
	uint32_t needs;
	struct track track;
};

struct learning {
	/* Durable */
	struct fleet fleet;
	struct track *swarms;		/* by number; zeroed: nothing is known */
	size_t swarm_count, swarm_capacity;
	struct pair_track *pairs;	/* in the order in which they came */
	size_t pair_count, pair_capacity;

	/* Volatile */
	struct map by_pair;
};

struct outcome {
	uint32_t swarm;
	uint32_t needs;			/* number of the set of capabilities that the task needs */
	uint32_t failed_before;		/* how many attempts at the task had failed before this one */
	bool succeeded;
	int64_t cost_nanousd;		/* LEARN_UNKNOWN: nobody said */
};

/* What a swarm says of itself. LEARN_UNKNOWN: nothing. */
struct promise {
	int64_t success_ppm;
	int64_t cost_nanousd;		/* of a task: its rate x the hours that tasks take */
};

enum cost_source {
	COST_UNKNOWN,			/* no figure at all */
	COST_USUAL,			/* what swarms of this fleet cost in their first outcomes */
	COST_ESTIMATE,			/* the task's */
	COST_DECLARED,			/* the swarm's own */
	COST_LEARNT,			/* its outcomes */
	COST_SOURCE_COUNT
};
extern const char *const cost_source_names[];

struct outlook {
	int64_t success_ppm;
	int64_t cost_nanousd;		/* expected; LEARN_UNKNOWN when from COST_UNKNOWN */
	enum cost_source cost_from;
	int64_t hoped_nanousd;		/* the same for ranking: who is not known may be cheap */
	int64_t loss_nanousd;		/* what a failure costs besides: another attempt, or a person */
	int64_t outcomes;		/* how many of its own this rests on */
};

void learn_init(struct learning *learning);
void learn_finish(struct learning *learning);

/* Folds what came of an attempt. Costs above LEARN_COST_MOST count as that. */
void learn_note(struct learning *learning, const struct outcome *outcome);

/*
 * Folds a claim: the share of exploration that it adds, and, for a probe,
 * what it takes. A cost that is LEARN_UNKNOWN counts as nothing.
 */
void learn_note_claim(struct learning *learning, uint32_t swarm, bool probe, int64_t cost_nanousd,
		      int64_t share_ppm);

/* The track of a swarm, or of a swarm with a set of needs; NULL: no outcome yet. */
const struct track *learn_swarm(const struct learning *learning, uint32_t swarm);
const struct track *learn_pair(const struct learning *learning, uint32_t swarm, uint32_t needs);

/* For who loads a snapshot: the track, zeroed when it is new. */
struct track *learn_restore_swarm(struct learning *learning, uint32_t swarm);
struct track *learn_restore_pair(struct learning *learning, uint32_t swarm, uint32_t needs);

/*
 * What to expect when `swarm` takes a task with these needs that
 * `failed_before` attempts have failed. `estimate_nanousd` is the task's
 * own, or LEARN_UNKNOWN.
 */
struct outlook learn_outlook(const struct learning *learning, uint32_t swarm, uint32_t needs,
			     uint32_t failed_before, const struct promise *promise,
			     int64_t estimate_nanousd);

/* a * b / c without overflow between; all of them >= 0 and c > 0, b <= 10^9. Saturates. */
int64_t learn_scale(int64_t a, int64_t b, int64_t c);

#endif
