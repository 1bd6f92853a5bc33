/*
 * egress_rates - when a request may go: the rate of its grant, that of its
 * swarm, that of its rule, and its turn among those that share a server.
 *
 * A request that comes too early waits for its tokens, then in the queue of
 * its server; one that would wait too long is refused at once, and told how
 * long. A server that says 429, or 503 with Retry-After, is left in peace as
 * long as it asks, by all that share it: that is, by requests with the same
 * secret, because servers count by key.
 */
#ifndef SANDBOX_EGRESS_RATES_H
#define SANDBOX_EGRESS_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "chassis/bucket.h"
#include "chassis/fair.h"
#include "sys/loop.h"

#define EGRESS_WAIT_MAX_MS 10000	/* for tokens and turn; callers have patience of their own */
#define EGRESS_PAUSE_MAX_S 60		/* a server that asks for more is asked again before */
#define EGRESS_AT_ONCE 8		/* requests to one server; browsers open six connections */
#define EGRESS_SERVERS_MAX 4096		/* in use at once */
#define EGRESS_SWARMS_MAX 4096

struct egress_rates;
struct egress_server;

struct egress_rates *egress_rates_create(struct loop *loop);
/* Every turn was ended or dropped. Takes NULL. */
void egress_rates_destroy(struct egress_rates *rates);

/*
 * A grant of the swarm begins, and ends. Its swarm may make as many calls, in all its
 * grants together, as the widest of them says. False when there are too many.
 */
MUST_USE bool egress_swarm_enter(struct egress_rates *rates, struct slice swarm,
				 int64_t calls_per_s, int64_t burst, uint32_t *ret_swarm);
void egress_swarm_leave(struct egress_rates *rates, uint32_t swarm);

enum egress_turn_state { TURN_NONE, TURN_RATE, TURN_QUEUE, TURN_RUNS };

/*
 * OK: it may go now, and egress_turn_end has to follow. ERR_RATE_LIMITED: it
 * waited too long.
 */
typedef void egress_turn_fn(void *context, enum err err, int64_t retry_after_ms);

/* Zeroed memory is one that waits for nothing. */
struct egress_turn {
	struct fair_item item;
	struct egress_rates *rates;
	struct egress_server *server;
	struct loop_timer *timer;
	enum egress_turn_state state;
	int64_t until_us;		/* waits no longer than that */
	egress_turn_fn *fn;
	void *context;
};

struct egress_turn_spec {
	uint32_t swarm;
	struct bucket *grant;
	struct bucket *rule;		/* NULL: it has no rate of its own */
	struct slice server;		/* host:port, and whatever else parts those who share it */
};

/* Calls back now or later, once. */
void egress_turn_ask(struct egress_rates *rates, const struct egress_turn_spec *spec,
		     struct egress_turn *turn, egress_turn_fn *fn, void *context);
/* One that ran has ended: the server's status, and what its Retry-After says (0: nothing). */
void egress_turn_end(struct egress_turn *turn, int status, int64_t retry_after_s);
/* In any state: no call back any more. */
void egress_turn_drop(struct egress_turn *turn);

#endif
