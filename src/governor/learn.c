#include "governor/learn.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"

#define PPM INT64_C(1000000)

/*
 * What one kind of attempt is worth and what it asks for. A task that others
 * have failed is harder: of 261 real issues and 24 agents, those that one
 * good agent had failed were resolved 0.45 times as often by the others and
 * cost 1.35 times as much; after two, 0.25 times and 1.45 times.
 */
struct kind {
	int64_t trial_ppm;	/* how often it succeeds, and so counts, against a first attempt */
	int64_t dearer_ppm;	/* what it costs against a first attempt */
	int64_t prior_ppm;	/* trials that the prior's success counts for */
	int64_t priced_ppm;	/* trials that the usual cost counts for */
	int64_t hope_ppm;	/* of the fleet's hope, that a new swarm is cheaper than usual */
	int64_t loss_ppm;	/* of the usual cost: what its failure costs besides */
	int power;		/* of the success: the harder, the more the strong stand out */
	int64_t fewer_ppm;	/* and that power times this is how often it succeeds */
};

/*
 * The rest was chosen with `make bench PART=waste` on those issues, on sets
 * drawn from them at random, and with the agents in other orders. On a task
 * that two have failed, nearly everybody looks alike: the usual success
 * counts for so much there that what it costs decides, until a swarm has
 * shown often that it is worse.
 */
static const struct kind kinds[LEARN_KINDS] = {
	{ 1000000, 1000000, 2000000, 150000, 1000000, 0, 1, 1000000 },
	{ 450000, 1350000, 8000000, 150000, 1300000, 100000, 1, 450000 },
	{ 250000, 1450000, 40000000, 150000, 500000, 500000, 2, 450000 },
};

#define MEMORY_SHIFT 6		/* one part in 64 fades at each outcome, so 64 trials at most count */
#define FADE_TURNS 16		/* half fades when every known swarm could have had so many since */
#define FRESH_OUTCOMES 2	/* of each swarm tell what to expect of a new one */
#define FRESH_SHIFT 8
#define FRESH_PRIOR_TRIALS 4	/* before them: one attempt in two succeeds */
#define DECLARED_PPM PPM	/* what a swarm says of its cost counts for one trial */
#define ELSEWHERE_PPM (3 * PPM)	/* what it did on other tasks counts for three trials at most */
#define HOPE_PPM (10 * PPM)	/* a new swarm may be as many times cheaper than usual ... */
#define HOPE_KNOWN 7		/* ... but half as many once seven are known, and so on */
#define SUCCESS_LEAST_PPM 1000	/* nobody is hopeless, and nobody is certain */
#define SUCCESS_MOST_PPM 980000
#define EDITION_SHIFT 4		/* a new edition when a value is off by one part in 16 */
#define PROBES_MOST 2		/* that may be saved up */

const char *const cost_source_names[] = {
	[COST_UNKNOWN] = "unknown", [COST_USUAL] = "usual", [COST_ESTIMATE] = "estimate",
	[COST_DECLARED] = "declared", [COST_LEARNT] = "learnt",
};

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t learn_scale(int64_t a, int64_t b, int64_t c)
{
	int64_t whole, rest;

	ENSURE(a >= 0 && b >= 0 && b <= 1000 * PPM && c > 0);
	if (__builtin_mul_overflow(a / c, b, &whole))
		return INT64_MAX;
	/* Keeps the product of the rest below 2^63 by halving both, which costs the last digits. */
	rest = a % c;
	while (rest > INT64_MAX / (1000 * PPM)) {
		rest /= 2;
		c /= 2;
	}
	return __builtin_add_overflow(whole, rest * b / c, &whole) ? INT64_MAX : whole;
}

void learn_init(struct learning *learning)
{
	*learning = (struct learning){
		.fleet = { .usual_success_ppm = PPM / 2, .usual_cost_nanousd = LEARN_UNKNOWN,
			   .hope_ppm = HOPE_PPM },
	};
}

void learn_finish(struct learning *learning)
{
	free(learning->swarms);
	free(learning->pairs);
	map_finish(&learning->by_pair);
	*learning = (struct learning){ 0 };
}

/* ---- tracks --------------------------------------------------------------------------------- */

static uint32_t pair_hash(uint32_t swarm, uint32_t needs)
{
	const uint32_t both[] = { swarm, needs };

	return (uint32_t)hash_bytes(0, both, sizeof(both));
}

static bool same_pair(const void *context, uint32_t value, const void *key)
{
	const struct pair_track *pair = &((const struct learning *)context)->pairs[value];
	const uint32_t *both = key;

	return pair->swarm == both[0] && pair->needs == both[1];
}

static uint32_t find_pair(const struct learning *learning, uint32_t swarm, uint32_t needs)
{
	const uint32_t both[] = { swarm, needs };

	return map_find(&learning->by_pair, pair_hash(swarm, needs), same_pair, learning, both);
}

const struct track *learn_swarm(const struct learning *learning, uint32_t swarm)
{
	if (swarm >= learning->swarm_count || learning->swarms[swarm].outcomes == 0)
		return NULL;
	return &learning->swarms[swarm];
}

const struct track *learn_pair(const struct learning *learning, uint32_t swarm, uint32_t needs)
{
	uint32_t number = find_pair(learning, swarm, needs);

	return number == MAP_NONE ? NULL : &learning->pairs[number].track;
}

struct track *learn_restore_swarm(struct learning *learning, uint32_t swarm)
{
	size_t count = learning->swarm_count;

	ENSURE(swarm != UINT32_MAX);
	if (swarm >= count) {
		learning->swarms = alloc_grow(learning->swarms, &learning->swarm_capacity,
					      (size_t)swarm + 1, sizeof(*learning->swarms));
		memset(learning->swarms + count, 0, (swarm + 1 - count) * sizeof(struct track));
		learning->swarm_count = (size_t)swarm + 1;
	}
	return &learning->swarms[swarm];
}

struct track *learn_restore_pair(struct learning *learning, uint32_t swarm, uint32_t needs)
{
	uint32_t number = find_pair(learning, swarm, needs);

	if (number == MAP_NONE) {
		ENSURE(learning->pair_count < MAP_NONE);
		learning->pairs = alloc_grow(learning->pairs, &learning->pair_capacity,
					     learning->pair_count + 1, sizeof(*learning->pairs));
		number = (uint32_t)learning->pair_count++;
		learning->pairs[number] = (struct pair_track){ .swarm = swarm, .needs = needs };
		map_add(&learning->by_pair, pair_hash(swarm, needs), number);
	}
	return &learning->pairs[number].track;
}

/* ---- outcomes ------------------------------------------------------------------------------- */

static void fade(struct track *track, int64_t halvings)
{
	int by = (int)least(halvings, 62);

	track->trials_ppm >>= by;
	track->wins_ppm >>= by;
	track->priced_ppm >>= by;
	track->cost_nanousd >>= by;
}

/* The old gives way, so that what a track holds is bounded and a change is seen. */
static void note_track(struct track *track, const struct outcome *outcome,
		       const struct fleet *fleet)
{
	const struct kind *kind = &kinds[least(outcome->failed_before, LEARN_KINDS - 1)];

	if (track->outcomes)
		fade(track, (fleet->outcomes - track->heard_at) /
				    (FADE_TURNS * most(fleet->known, 1)));
	track->trials_ppm -= track->trials_ppm >> MEMORY_SHIFT;
	track->wins_ppm -= track->wins_ppm >> MEMORY_SHIFT;
	track->trials_ppm += kind->trial_ppm;
	track->wins_ppm += outcome->succeeded ? PPM : 0;
	if (outcome->cost_nanousd >= 0) {
		track->priced_ppm -= track->priced_ppm >> MEMORY_SHIFT;
		track->cost_nanousd -= track->cost_nanousd >> MEMORY_SHIFT;
		track->priced_ppm += PPM;
		track->cost_nanousd += learn_scale(least(outcome->cost_nanousd, LEARN_COST_MOST),
						   PPM, kind->dearer_ppm);
	}
	track->heard_at = fleet->outcomes;
	track->outcomes++;
	track->successes += outcome->succeeded;
}

static void note_fresh(struct fleet *fleet, const struct outcome *outcome)
{
	const struct kind *kind = &kinds[least(outcome->failed_before, LEARN_KINDS - 1)];
	int64_t cost;

	fleet->fresh_trials_ppm -= fleet->fresh_trials_ppm >> FRESH_SHIFT;
	fleet->fresh_wins_ppm -= fleet->fresh_wins_ppm >> FRESH_SHIFT;
	fleet->fresh_trials_ppm += kind->trial_ppm;
	fleet->fresh_wins_ppm += outcome->succeeded ? PPM : 0;
	if (outcome->cost_nanousd < 0)
		return;
	cost = learn_scale(least(outcome->cost_nanousd, LEARN_COST_MOST), PPM, kind->dearer_ppm);
	fleet->fresh_priced_ppm -= fleet->fresh_priced_ppm >> FRESH_SHIFT;
	fleet->fresh_cost_nanousd -= fleet->fresh_cost_nanousd >> FRESH_SHIFT;
	fleet->fresh_priced_ppm += kind->trial_ppm;
	fleet->fresh_cost_nanousd += learn_scale(cost, kind->trial_ppm, PPM);
}

static bool is_off(int64_t value, int64_t published)
{
	int64_t difference = value > published ? value - published : published - value;

	return difference > published >> EDITION_SHIFT;
}

/*
 * Every score rests on these three. They move in steps, so that an index of
 * scores is made anew a few times while a fleet is young, and then hardly ever.
 */
static void publish(struct fleet *fleet)
{
	int64_t trials = fleet->fresh_trials_ppm + FRESH_PRIOR_TRIALS * PPM;
	int64_t wins = fleet->fresh_wins_ppm + FRESH_PRIOR_TRIALS * PPM / 2;
	int64_t success = least(learn_scale(wins, PPM, trials), SUCCESS_MOST_PPM);
	int64_t hope = most(learn_scale(HOPE_PPM, HOPE_KNOWN, HOPE_KNOWN + fleet->known), PPM);
	int64_t cost = LEARN_UNKNOWN;

	if (fleet->fresh_priced_ppm)
		cost = learn_scale(fleet->fresh_cost_nanousd, PPM, fleet->fresh_priced_ppm);
	if (!is_off(success, fleet->usual_success_ppm) && !is_off(hope, fleet->hope_ppm) &&
	    !is_off(cost, fleet->usual_cost_nanousd))
		return;
	fleet->usual_success_ppm = success;
	fleet->usual_cost_nanousd = cost;
	fleet->hope_ppm = hope;
	fleet->edition++;
}

void learn_note(struct learning *learning, const struct outcome *outcome)
{
	struct fleet *fleet = &learning->fleet;
	struct track *track = learn_restore_swarm(learning, outcome->swarm);

	fleet->outcomes++;
	fleet->known += track->outcomes == 0;
	if (track->outcomes < FRESH_OUTCOMES) {
		note_fresh(fleet, outcome);
		publish(fleet);
	}
	note_track(track, outcome, fleet);
	note_track(learn_restore_pair(learning, outcome->swarm, outcome->needs), outcome, fleet);
}

void learn_note_claim(struct learning *learning, uint32_t swarm, bool probe, int64_t cost_nanousd,
		      int64_t share_ppm)
{
	struct fleet *fleet = &learning->fleet;
	int64_t cost = least(most(cost_nanousd, 0), LEARN_COST_MOST);
	int64_t share = least(most(share_ppm, 0), PPM);

	fleet->claims++;
	learn_restore_swarm(learning, swarm)->claimed_at = fleet->claims;
	if (probe) {
		fleet->probe_ppm = most(fleet->probe_ppm - PPM, 0);
		fleet->probe_nanousd = most(fleet->probe_nanousd - cost, 0);
		return;
	}
	fleet->probe_ppm = least(fleet->probe_ppm + share, PROBES_MOST * PPM);
	fleet->probe_nanousd = least(fleet->probe_nanousd + learn_scale(cost, share, PPM),
				     PROBES_MOST * LEARN_COST_MOST);
}

/* ---- outlook -------------------------------------------------------------------------------- */

/* What is known of a swarm on such tasks, and a bounded part of what it did on others. */
static struct track known_of(const struct learning *learning, uint32_t swarm, uint32_t needs)
{
	const struct track *all = learn_swarm(learning, swarm);
	const struct track *here = learn_pair(learning, swarm, needs);
	struct track known = here ? *here : (struct track){ 0 };
	int64_t trials, priced, part;

	if (!all)
		return known;
	trials = most(all->trials_ppm - known.trials_ppm, 0);
	if (trials) {
		part = least(trials, ELSEWHERE_PPM);
		known.wins_ppm += learn_scale(most(all->wins_ppm - known.wins_ppm, 0), part, trials);
		known.trials_ppm += part;
	}
	priced = most(all->priced_ppm - known.priced_ppm, 0);
	if (priced) {
		part = least(priced, ELSEWHERE_PPM);
		known.cost_nanousd += learn_scale(most(all->cost_nanousd - known.cost_nanousd, 0),
						  part, priced);
		known.priced_ppm += part;
	}
	known.outcomes = all->outcomes;
	return known;
}

static int64_t success_of(const struct fleet *fleet, const struct track *known,
			  const struct kind *kind, const struct promise *promise)
{
	int64_t prior = promise->success_ppm < 0 ? fleet->usual_success_ppm : promise->success_ppm;
	int64_t wins = known->wins_ppm + learn_scale(least(prior, PPM), kind->prior_ppm, PPM);
	int64_t success = learn_scale(wins, PPM, known->trials_ppm + kind->prior_ppm);
	int64_t each = most(least(success, SUCCESS_MOST_PPM), SUCCESS_LEAST_PPM);

	success = each;
	for (int i = 1; i < kind->power; i++)
		success = success * each / PPM;
	return most(success * kind->fewer_ppm / PPM, 1);
}

/* The mean of what was paid and of a prior that counts for `weight_ppm` trials. */
static int64_t cost_of(const struct track *known, int64_t prior_nanousd, int64_t weight_ppm)
{
	int64_t sum = known->cost_nanousd + learn_scale(prior_nanousd, weight_ppm, PPM);

	return learn_scale(sum, PPM, known->priced_ppm + weight_ppm);
}

/* Where the expected cost comes from is what it rests on most. */
static void expect_cost(const struct fleet *fleet, const struct track *known,
			const struct kind *kind, int64_t declared, int64_t estimate,
			struct outlook *ret_outlook)
{
	int64_t prior = declared, weight = DECLARED_PPM, hoped = declared;
	enum cost_source from = COST_DECLARED;

	if (declared < 0) {
		int64_t hope = most(learn_scale(fleet->hope_ppm, kind->hope_ppm, PPM), PPM);

		weight = kind->priced_ppm;
		from = fleet->usual_cost_nanousd < 0 ? COST_UNKNOWN : COST_USUAL;
		prior = most(fleet->usual_cost_nanousd, 0);
		hoped = learn_scale(prior, PPM, hope);
	}
	if (known->priced_ppm)
		from = COST_LEARNT;
	ret_outlook->hoped_nanousd = from == COST_UNKNOWN ? LEARN_UNKNOWN :
		learn_scale(cost_of(known, hoped, weight), kind->dearer_ppm, PPM);
	if (!known->priced_ppm && declared < 0 && estimate >= 0) {
		ret_outlook->cost_nanousd = estimate;
		ret_outlook->cost_from = COST_ESTIMATE;
		return;
	}
	ret_outlook->cost_nanousd = from == COST_UNKNOWN ? LEARN_UNKNOWN :
		learn_scale(cost_of(known, prior, weight), kind->dearer_ppm, PPM);
	ret_outlook->cost_from = from;
}

struct outlook learn_outlook(const struct learning *learning, uint32_t swarm, uint32_t needs,
			     uint32_t failed_before, const struct promise *promise,
			     int64_t estimate_nanousd)
{
	const struct kind *kind = &kinds[least(failed_before, LEARN_KINDS - 1)];
	const struct fleet *fleet = &learning->fleet;
	struct track known = known_of(learning, swarm, needs);
	int64_t declared = least(promise->cost_nanousd, LEARN_COST_MOST);
	struct outlook outlook = { .outcomes = known.outcomes };

	outlook.success_ppm = success_of(fleet, &known, kind, promise);
	expect_cost(fleet, &known, kind, declared, least(estimate_nanousd, LEARN_COST_MOST),
		    &outlook);
	outlook.loss_nanousd = learn_scale(most(fleet->usual_cost_nanousd, 0), kind->loss_ppm, PPM);
	return outlook;
}
