#include "waste/play.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"

void tally_add(struct tally *sum, const struct tally *more)
{
	sum->spent_usd += more->spent_usd;
	sum->wasted_usd += more->wasted_usd;
	sum->resolved += more->resolved;
}

struct turn {
	const struct play *play;
	const struct desk *desk;
	attempt_fn *on_attempt;
	void *context;
};

/* Whether no other attempt follows. */
static bool try_once(const struct turn *turn, uint32_t at, uint32_t failed, bool *tried,
		     struct tally *tally)
{
	const struct play *play = turn->play;
	const struct desk *desk = turn->desk;
	uint32_t worker = desk->give(desk->context, play, at, failed, tried);
	struct attempt attempt;
	double usd;

	if (worker == NOBODY)
		return true;
	attempt = play->attempt(play->context, worker, &play->jobs[at], at);
	usd = (double)attempt.cost_nanousd / 1e9;
	tried[worker] = true;
	tally->spent_usd += usd;
	tally->wasted_usd += attempt.resolved ? 0 : usd;
	tally->resolved += attempt.resolved;
	if (desk->tell)
		desk->tell(desk->context, play, at, failed, worker, &attempt);
	if (turn->on_attempt)
		turn->on_attempt(turn->context, at, worker, &attempt);
	return attempt.resolved;
}

struct tally play_through(const struct play *play, const struct desk *desk, attempt_fn *on_attempt,
			  void *context)
{
	bool *tried = alloc_zero((size_t)play->worker_count * play->job_count, sizeof(*tried));
	bool *is_over = alloc_zero(play->job_count, sizeof(*is_over));
	uint32_t rounds = play->retries_wait ? play->attempts : 1;
	const struct turn turn = { play, desk, on_attempt, context };
	struct tally tally = { 0 };

	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t at = 0; at < play->job_count; at++) {
			uint32_t last = play->retries_wait ? round + 1 : play->attempts;

			for (uint32_t failed = round; failed < last && !is_over[at]; failed++)
				is_over[at] = try_once(&turn, at, failed,
						       tried + (size_t)at * play->worker_count,
						       &tally);
		}
	}
	free(tried);
	free(is_over);
	return tally;
}

/* ---- chance --------------------------------------------------------------------------------- */

static uint32_t chance_bits(struct chance *chance)
{
	chance->state = chance->state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(chance->state >> 32);
}

uint32_t chance_below(struct chance *chance, uint32_t limit)
{
	return (uint32_t)((uint64_t)chance_bits(chance) * limit >> 32);
}

double chance_unit(struct chance *chance)
{
	return chance_bits(chance) / 4294967296.0;
}

double chance_normal(struct chance *chance)
{
	double far = sqrt(-2 * log(1 - chance_unit(chance)));

	return far * cos(6.283185307179586 * chance_unit(chance));
}

void chance_shuffle(struct chance *chance, uint32_t *numbers, uint32_t count)
{
	for (uint32_t left = count; left > 1; left--) {
		uint32_t other = chance_below(chance, left);
		uint32_t kept = numbers[left - 1];

		numbers[left - 1] = numbers[other];
		numbers[other] = kept;
	}
}

/* ---- desks that know nothing, or everything --------------------------------------------------- */

static bool may_try(const struct play *play, uint32_t at, uint32_t worker, const bool *tried)
{
	return !tried[worker] &&
	       (!play->fits || play->fits(play->context, worker, &play->jobs[at]));
}

static uint32_t give_anybody(void *context, const struct play *play, uint32_t at, uint32_t failed,
			     const bool *tried)
{
	uint32_t count = 0, which;

	(void)failed;
	for (uint32_t i = 0; i < play->worker_count; i++)
		count += !tried[i];
	if (count == 0)
		return NOBODY;
	/* Whoever is idle: whether it fits is not asked. */
	(void)at;
	which = chance_below(context, count);
	for (uint32_t i = 0; i < play->worker_count; i++)
		if (!tried[i] && which-- == 0)
			return i;
	BUG("one of those counted is there");
}

struct desk desk_of_chance(struct chance *chance)
{
	return (struct desk){ .give = give_anybody, .context = chance };
}

static uint32_t give_by_future(void *context, const struct play *play, uint32_t at,
			       uint32_t failed, const bool *tried)
{
	struct attempt best = { 0 };
	uint32_t worker = NOBODY;

	(void)context;
	/* What nobody can do is left alone. */
	for (uint32_t i = 0; i < play->worker_count && failed == 0; i++) {
		struct attempt attempt = play->attempt(play->context, i, &play->jobs[at], at);

		if (!attempt.resolved || !may_try(play, at, i, tried))
			continue;
		if (worker == NOBODY || attempt.cost_nanousd < best.cost_nanousd) {
			worker = i;
			best = attempt;
		}
	}
	return worker;
}

struct desk desk_of_oracle(void)
{
	return (struct desk){ .give = give_by_future };
}

static uint32_t give_by_order(void *context, const struct play *play, uint32_t at, uint32_t failed,
			      const bool *tried)
{
	(void)play;
	(void)at;
	(void)tried;
	return ((const uint32_t *)context)[failed];
}

struct desk desk_of_order(const uint32_t *order)
{
	return (struct desk){ .give = give_by_order, .context = (void *)(uintptr_t)order };
}
