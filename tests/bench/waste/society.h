/*
 * society - a population that is made up: workers of several trades, some of
 * whom are not what they say, and jobs for them.
 *
 *	honest		good at what they declare, each at a price of its own
 *	liars		declare a trade that they have not learnt
 *	late bloomers	fail most of the time until half of the jobs are done, and
 *			then are better than most, and cheap
 *	fading		begin as the best and get worse until the end
 *
 * All of it follows from a seed; what comes of an attempt does not depend on
 * the order of attempts.
 */
#ifndef BENCH_WASTE_SOCIETY_H
#define BENCH_WASTE_SOCIETY_H

#include "waste/play.h"

#define SOCIETY_TRADES 6
#define SOCIETY_WORKERS 36
#define SOCIETY_JOBS 3000

enum character { HONEST, LIAR, LATE_BLOOMER, FADING, CHARACTER_COUNT };
extern const char *const character_names[];

struct member {
	enum character character;
	uint32_t trades[2];
	double quality;		/* success of its best time */
	double price_usd;	/* median of an attempt */
	char name[32];
	char skills[64];
};

struct society {
	uint64_t seed;
	struct member members[SOCIETY_WORKERS];
	struct worker workers[SOCIETY_WORKERS];
	struct job jobs[SOCIETY_JOBS];
	uint32_t trades[SOCIETY_JOBS];	/* that the jobs need */
};

/* The play points into the society. */
struct play society_make(struct society *society, uint64_t seed, uint32_t attempts);

#endif
