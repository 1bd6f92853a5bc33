/*
 * random_command - commands of every kind about a small world, most of them
 * sensible, from a seed.
 */
#ifndef TESTS_CORE_RANDOM_COMMAND_H
#define TESTS_CORE_RANDOM_COMMAND_H

#include "base/arena.h"
#include "fabric/command.h"
#include "fabric/state.h"

/* xorshift64*, so that a seed gives the same numbers everywhere. */
struct random {
	uint64_t state;
};

struct random random_of(uint64_t seed);
uint64_t random_next(struct random *random);
/* 0 to below - 1 */
uint64_t random_below(struct random *random, uint64_t below);
static inline bool random_chance(struct random *random, uint64_t percent)
{
	return random_below(random, 100) < percent;
}

struct random_world {
	unsigned boards, tasks, swarms, notes;
	int64_t delay_ms;	/* leases and pauses are up to this long */
	unsigned keys_percent;	/* commands with an idempotency key, fresh or used */
	bool waits;		/* some may wait */
	bool plain;		/* nothing that the governor could refuse but for capabilities */
};

/*
 * Tokens, blockers and cursors are mostly taken from `state`, which is what
 * a client could know of it. Texts and lists live in `arena`.
 */
struct command random_command(struct random *random, const struct random_world *world,
			      const struct state *state, struct arena *arena);

#endif
