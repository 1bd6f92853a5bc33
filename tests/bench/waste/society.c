#include "waste/society.h"

#include <math.h>
#include <stdio.h>

#include "base/map.h"

#define DECLARED_PPM 900000	/* what everybody says of itself */
#define LIE 0.08		/* success of a liar, and of a late bloomer before its time */
#define UNFIT 0.02		/* of who has not even declared the trade */
#define COST_SPREAD 0.6		/* of the logarithm, from attempt to attempt */

const char *const character_names[] = {
	[HONEST] = "honest", [LIAR] = "liars", [LATE_BLOOMER] = "late bloomers",
	[FADING] = "fading",
};

static const char *const needs[SOCIETY_TRADES] = {
	"[\"code:c\"]", "[\"docs:writing\"]", "[\"testing:fuzzing\"]", "[\"infra:linux\"]",
	"[\"security:review\"]", "[\"telephony:sip\"]",
};

static const char *const skills[SOCIETY_TRADES] = {
	"code:c", "docs:writing", "testing:fuzzing", "infra:linux", "security:review",
	"telephony:sip",
};

static bool fits(const void *context, uint32_t worker, const struct job *job)
{
	const struct society *society = context;
	const struct member *member = &society->members[worker];
	uint32_t trade = society->trades[job->task];

	return member->trades[0] == trade || member->trades[1] == trade;
}

static double quality_at(const struct member *member, double time)
{
	switch (member->character) {
	case LIAR: return LIE;
	case LATE_BLOOMER: return time < 0.5 ? LIE : 0.95;
	case FADING: return member->quality * (1 - time) + LIE * time;
	case HONEST:
	case CHARACTER_COUNT:
	default: return member->quality;
	}
}

static struct attempt try_it(const void *context, uint32_t worker, const struct job *job,
			     uint32_t at)
{
	const struct society *society = context;
	const struct member *member = &society->members[worker];
	const uint32_t who[] = { worker, job->task };
	struct chance chance = { .state = hash_bytes(society->seed, who, sizeof(who)) };
	double quality = fits(context, worker, job) ?
			 quality_at(member, (double)at / SOCIETY_JOBS) : UNFIT;
	double usd;

	(void)chance_unit(&chance);
	usd = member->price_usd * exp(COST_SPREAD * chance_normal(&chance));
	return (struct attempt){
		.resolved = chance_unit(&chance) < quality,
		.cost_nanousd = (int64_t)llround(usd * 1e9),
	};
}

static enum character character_of(uint32_t number)
{
	switch (number % 9) {
	case 2:
	case 5: return LIAR;
	case 4: return LATE_BLOOMER;
	case 7: return FADING;
	default: return HONEST;
	}
}

static void make_member(struct society *society, uint32_t number, struct chance *chance)
{
	struct member *member = &society->members[number];

	member->character = character_of(number);
	member->trades[0] = number % SOCIETY_TRADES;
	member->trades[1] = chance_below(chance, SOCIETY_TRADES);
	member->quality = 0.4 + 0.5 * chance_unit(chance);
	member->price_usd = 0.3 * exp(0.9 * chance_normal(chance));
	if (member->character == FADING)
		member->quality = 0.95;
	if (member->character == LATE_BLOOMER)
		member->price_usd = 0.1;
	snprintf(member->name, sizeof(member->name), "w%u", number);
	snprintf(member->skills, sizeof(member->skills),
		 member->trades[0] == member->trades[1] ? "[\"%s\"]" : "[\"%s\",\"%s\"]",
		 skills[member->trades[0]], skills[member->trades[1]]);
	society->workers[number] = (struct worker){
		.name = member->name, .skills = member->skills, .declared_ppm = DECLARED_PPM,
	};
}

struct play society_make(struct society *society, uint64_t seed, uint32_t attempts)
{
	struct chance chance = { .state = seed };

	society->seed = seed;
	for (uint32_t i = 0; i < SOCIETY_WORKERS; i++)
		make_member(society, i, &chance);
	for (uint32_t i = 0; i < SOCIETY_JOBS; i++) {
		society->trades[i] = chance_below(&chance, SOCIETY_TRADES);
		society->jobs[i] = (struct job){ .task = i, .needs = needs[society->trades[i]] };
	}
	return (struct play){
		.workers = society->workers, .worker_count = SOCIETY_WORKERS,
		.jobs = society->jobs, .job_count = SOCIETY_JOBS, .attempts = attempts,
		.attempt = try_it, .fits = fits, .context = society,
	};
}
