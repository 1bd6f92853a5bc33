#include "chassis/slo.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"

#define PPM INT64_C(1000000)
#define SECOND_US INT64_C(1000000)
#define FIRST_CAPACITY 8U

/* An outcome in eight bytes: seconds, success, milliseconds. */
#define LATENCY_BITS 24
#define SUCCESS_BIT ((uint64_t)1 << LATENCY_BITS)

/* One in a hundred of a full window, rounded up, and the one behind them. */
#define SLOWEST_MAX (SLO_OUTCOMES / 100 + 1)

void slo_finish(struct slo *slo)
{
	free(slo->outcomes);
	slo->outcomes = NULL;
	slo->first = slo->count = slo->capacity = slo->failures = 0;
}

/* ---- outcomes ------------------------------------------------------------------------------ */

static uint64_t pack(const struct slo_outcome *outcome)
{
	int64_t latency_ms = outcome->latency_ms;

	if (latency_ms < 0)
		latency_ms = 0;
	if (latency_ms > SLO_LATENCY_MOST_MS)
		latency_ms = SLO_LATENCY_MOST_MS;
	return (uint64_t)(outcome->at_us / SECOND_US) << (LATENCY_BITS + 1) |
	       (outcome->succeeded ? SUCCESS_BIT : 0) | (uint64_t)latency_ms;
}

static struct slo_outcome unpack(uint64_t packed)
{
	return (struct slo_outcome){
		.at_us = (int64_t)(packed >> (LATENCY_BITS + 1)) * SECOND_US,
		.latency_ms = (int64_t)(packed & (SUCCESS_BIT - 1)),
		.succeeded = (packed & SUCCESS_BIT) != 0,
	};
}

struct slo_outcome slo_outcome_at(const struct slo *slo, uint32_t place)
{
	ENSURE(place < slo->count);
	return unpack(slo->outcomes[(slo->first + place) % slo->capacity]);
}

/* Before it is full nothing has left it but from the front, so it may have to be straightened. */
static void grow(struct slo *slo)
{
	uint32_t capacity = slo->capacity ? slo->capacity * 2 : FIRST_CAPACITY;
	uint64_t *outcomes;

	if (capacity > SLO_OUTCOMES)
		capacity = SLO_OUTCOMES;
	outcomes = alloc_zero(capacity, sizeof(*outcomes));
	for (uint32_t i = 0; i < slo->count && slo->capacity; i++)
		outcomes[i] = slo->outcomes[(slo->first + i) % slo->capacity];
	free(slo->outcomes);
	slo->outcomes = outcomes;
	slo->first = 0;
	slo->capacity = capacity;
}

static void drop_first(struct slo *slo)
{
	slo->failures -= !slo_outcome_at(slo, 0).succeeded;
	slo->first = (slo->first + 1) % slo->capacity;
	slo->count--;
}

void slo_restore(struct slo *slo, const struct slo_outcome *outcome)
{
	if (slo->count == SLO_OUTCOMES)
		drop_first(slo);
	else if (slo->count == slo->capacity)
		grow(slo);
	slo->outcomes[(slo->first + slo->count++) % slo->capacity] = pack(outcome);
	slo->failures += !outcome->succeeded;
}

void slo_forget(struct slo *slo, int64_t at_us)
{
	while (slo->count && slo_outcome_at(slo, 0).at_us < at_us - SLO_WINDOW_US)
		drop_first(slo);
}

void slo_note(struct slo *slo, int64_t at_us, int64_t latency_ms, bool succeeded)
{
	struct slo_outcome outcome = { at_us, latency_ms, succeeded };

	slo_forget(slo, at_us);
	slo_restore(slo, &outcome);
}

/* ---- presence ------------------------------------------------------------------------------ */

static void add_time(struct slo_day *slot, int32_t day, bool present, int64_t us)
{
	uint32_t ms = (uint32_t)(us / 1000);

	if (slot->day != day)
		*slot = (struct slo_day){ .day = day };
	if (present)
		slot->present_ms += ms;
	else
		slot->absent_ms += ms;
}

/* Counts what was so until now, day by day; what is older than the window is left out. */
static void count_until(struct slo *slo, int64_t at_us)
{
	int64_t first_us = (at_us / SLO_DAY_US - SLO_DAYS + 1) * SLO_DAY_US;
	int64_t from_us = slo->since_us > first_us ? slo->since_us : first_us;

	if (slo->since_us == 0)
		return;
	while (from_us < at_us) {
		int64_t day = from_us / SLO_DAY_US;
		int64_t to_us = (day + 1) * SLO_DAY_US < at_us ? (day + 1) * SLO_DAY_US : at_us;

		add_time(&slo->days[day % SLO_DAYS], (int32_t)day, slo->present, to_us - from_us);
		from_us = to_us;
	}
	slo->since_us = at_us;
}

void slo_watch(struct slo *slo, int64_t at_us, bool present)
{
	count_until(slo, at_us);
	slo->since_us = at_us;
	slo->present = present;
}

void slo_unwatch(struct slo *slo, int64_t at_us)
{
	count_until(slo, at_us);
	slo->since_us = 0;
	slo->present = false;
}

static int64_t availability_of(const struct slo *slo, int64_t now_us)
{
	struct slo now = *slo;
	int64_t today = now_us / SLO_DAY_US;
	int64_t present_ms = 0, all_ms = 0;

	count_until(&now, now_us);
	for (int i = 0; i < SLO_DAYS; i++) {
		if (now.days[i].day <= today - SLO_DAYS || now.days[i].day > today)
			continue;
		present_ms += now.days[i].present_ms;
		all_ms += (int64_t)now.days[i].present_ms + now.days[i].absent_ms;
	}
	return all_ms ? present_ms * PPM / all_ms : -1;
}

/* ---- measuring ----------------------------------------------------------------------------- */

struct tally {
	int64_t outcomes, failures;
	int64_t recent_outcomes, recent_failures;
	uint32_t first;			/* place of the first outcome that is not too old */
};

static struct tally tally_of(const struct slo *slo, int64_t now_us)
{
	struct tally tally = { .first = slo->count };

	for (uint32_t i = 0; i < slo->count; i++) {
		struct slo_outcome outcome = slo_outcome_at(slo, i);

		if (outcome.at_us < now_us - SLO_WINDOW_US)
			continue;
		if (tally.first == slo->count)
			tally.first = i;
		tally.outcomes++;
		tally.failures += !outcome.succeeded;
		if (outcome.at_us < now_us - SLO_RECENT_US)
			continue;
		tally.recent_outcomes++;
		tally.recent_failures += !outcome.succeeded;
	}
	return tally;
}

/* The slowest hundredth and one more are kept in order, slowest first: the last of them is it. */
static int64_t p99_of(const struct slo *slo, uint32_t first, int64_t successes)
{
	int64_t slowest[SLOWEST_MAX];
	int64_t want = successes - (successes * 99 + 99) / 100 + 1;
	int64_t have = 0;

	if (successes == 0)
		return -1;
	ENSURE(want >= 1 && want <= SLOWEST_MAX);
	for (uint32_t i = first; i < slo->count; i++) {
		struct slo_outcome outcome = slo_outcome_at(slo, i);
		int64_t at;

		if (!outcome.succeeded ||
		    (have == want && outcome.latency_ms <= slowest[want - 1]))
			continue;
		have += have < want;
		for (at = have - 1; at > 0 && slowest[at - 1] < outcome.latency_ms; at--)
			slowest[at] = slowest[at - 1];
		slowest[at] = outcome.latency_ms;
	}
	ENSURE(have == want);
	return slowest[want - 1];
}

/* The share that failed against the share that may. */
static int64_t burn_of(int64_t failures, int64_t outcomes, int64_t success_ppm)
{
	int64_t burn;

	if (outcomes == 0)
		return 0;
	/* Nothing may fail: one failure burns as fast as can be said. */
	if (success_ppm >= PPM)
		return failures ? SLO_BURN_MOST_PPM : 0;
	burn = failures * PPM * PPM / outcomes / (PPM - success_ppm);
	return burn < SLO_BURN_MOST_PPM ? burn : SLO_BURN_MOST_PPM;
}

struct slo_facts slo_measure(const struct slo *slo, const struct slo_targets *targets,
			     int64_t now_us)
{
	struct tally tally = tally_of(slo, now_us);
	struct slo_facts facts = {
		.outcomes = tally.outcomes, .failures = tally.failures,
		.success_ppm = tally.outcomes ?
			(tally.outcomes - tally.failures) * PPM / tally.outcomes : -1,
		.p99_latency_ms = p99_of(slo, tally.first, tally.outcomes - tally.failures),
		.availability_ppm = availability_of(slo, now_us),
		.budget_left_ppm = -1, .burn_ppm = -1, .recent_burn_ppm = -1,
	};

	if (targets->success_ppm == 0)
		return facts;
	facts.burn_ppm = burn_of(tally.failures, tally.outcomes, targets->success_ppm);
	facts.recent_burn_ppm = burn_of(tally.recent_failures, tally.recent_outcomes,
					targets->success_ppm);
	facts.budget_left_ppm = facts.burn_ppm < PPM ? PPM - facts.burn_ppm : 0;
	return facts;
}

struct slo_facts slo_judge(const struct slo *slo, const struct slo_targets *targets,
			   int64_t at_us)
{
	int64_t successes = (int64_t)slo->count - slo->failures;

	return (struct slo_facts){
		.outcomes = slo->count, .failures = slo->failures,
		.success_ppm = slo->count ? successes * PPM / slo->count : -1,
		.p99_latency_ms = targets->p99_latency_ms ? p99_of(slo, 0, successes) : -1,
		.availability_ppm = targets->availability_ppm ? availability_of(slo, at_us) : -1,
		.budget_left_ppm = -1, .burn_ppm = -1, .recent_burn_ppm = -1,
	};
}

struct slo_facts slo_judge_next(const struct slo *slo, const struct slo_targets *targets,
				const struct slo_outcome *next)
{
	struct slo copy = *slo;
	struct slo_facts facts;

	copy.outcomes = NULL;
	copy.first = copy.count = copy.capacity = copy.failures = 0;
	for (uint32_t i = 0; i < slo->count; i++) {
		struct slo_outcome outcome = slo_outcome_at(slo, i);

		slo_restore(&copy, &outcome);
	}
	slo_note(&copy, next->at_us, next->latency_ms, next->succeeded);
	facts = slo_judge(&copy, targets, next->at_us);
	slo_finish(&copy);
	return facts;
}

bool slo_promises(const struct slo_targets *targets)
{
	return targets->p99_latency_ms || targets->success_ppm || targets->availability_ppm;
}

bool slo_is_kept(const struct slo_targets *targets, const struct slo_facts *facts)
{
	if (!slo_promises(targets))
		return true;
	if (facts->outcomes && facts->failures == facts->outcomes)
		return false;
	if (targets->success_ppm && facts->success_ppm >= 0 &&
	    facts->success_ppm < targets->success_ppm)
		return false;
	if (targets->p99_latency_ms && facts->p99_latency_ms > targets->p99_latency_ms)
		return false;
	return !targets->availability_ppm || facts->availability_ppm < 0 ||
	       facts->availability_ppm >= targets->availability_ppm;
}
