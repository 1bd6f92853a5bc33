#include "sandbox/egress_rates.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sys/clock.h"
#include "sys/entropy.h"

#define MS_US 1000
#define PAUSE_FIRST_S 1		/* after a 429 that says no time; twice as long each time */
#define JITTER_PART 4		/* up to a quarter longer, so that not all come back at once */

struct egress_server {
	struct egress_rates *rates;
	char *name;
	struct fair fair;
	struct loop_timer *timer;	/* ends a pause */
	int64_t paused_until_us;
	int64_t strikes;		/* 429s one after the other */
	size_t holds;			/* turns, and whoever works on it */
	bool is_pumping;
};

struct swarm {
	char *name;			/* NULL: free */
	struct bucket bucket;
	int64_t calls_per_s;
	int64_t burst;
	size_t grants;
};

struct egress_rates {
	struct loop *loop;
	struct egress_server **servers;
	size_t server_count, server_capacity;
	struct swarm *swarms;
	size_t swarm_count, swarm_capacity;
};

static int64_t now_ns(void)
{
	return clock_mono_us() * 1000;
}

/* ---- swarms --------------------------------------------------------------------------------- */

/* Without a grant, and its bucket full again: nothing is lost when it is forgotten. */
static bool is_over(const struct swarm *swarm)
{
	return swarm->grants == 0 && swarm->bucket.full_at_ns <= now_ns();
}

static void swarm_clear(struct swarm *swarm)
{
	free(swarm->name);
	*swarm = (struct swarm){ 0 };
}

/* The place of the swarm, or a free one, or one behind the last. */
static size_t place_of(struct egress_rates *rates, struct slice name)
{
	size_t place = rates->swarm_count;

	for (size_t i = 0; i < rates->swarm_count; i++) {
		struct swarm *swarm = &rates->swarms[i];

		if (swarm->name && slice_is_str(name, swarm->name))
			return i;
		if (swarm->name && is_over(swarm))
			swarm_clear(swarm);
		if (!swarm->name)
			place = i;
	}
	return place;
}

bool egress_swarm_enter(struct egress_rates *rates, struct slice name, int64_t calls_per_s,
			int64_t burst, uint32_t *ret_swarm)
{
	size_t place = place_of(rates, name);
	struct swarm *swarm;
	int64_t full_at_ns;

	if (place == EGRESS_SWARMS_MAX)
		return false;
	if (place == rates->swarm_count) {
		rates->swarms = alloc_grow(rates->swarms, &rates->swarm_capacity, place + 1,
					   sizeof(*rates->swarms));
		rates->swarms[rates->swarm_count++] = (struct swarm){ 0 };
	}
	swarm = &rates->swarms[place];
	if (!swarm->name) {
		swarm->name = alloc_copy(name.ptr, name.len);
		swarm->bucket = bucket_make(calls_per_s, burst);
	}
	/* Another grant does not fill a bucket that was emptied. */
	if (swarm->grants == 0 || calls_per_s > swarm->calls_per_s || burst > swarm->burst) {
		full_at_ns = swarm->bucket.full_at_ns;
		swarm->calls_per_s = calls_per_s > swarm->calls_per_s || swarm->grants == 0 ?
			calls_per_s : swarm->calls_per_s;
		swarm->burst = burst > swarm->burst || swarm->grants == 0 ? burst : swarm->burst;
		swarm->bucket = bucket_make(swarm->calls_per_s, swarm->burst);
		swarm->bucket.full_at_ns = full_at_ns;
	}
	swarm->grants++;
	*ret_swarm = (uint32_t)place;
	return true;
}

void egress_swarm_leave(struct egress_rates *rates, uint32_t swarm)
{
	ENSURE(swarm < rates->swarm_count && rates->swarms[swarm].grants > 0);
	rates->swarms[swarm].grants--;
}

/* ---- servers -------------------------------------------------------------------------------- */

static void pump(struct egress_server *server);

/* A timer may be a little early by the clock that counts. */
static void on_pause_end(void *context)
{
	struct egress_server *server = context;
	int64_t left_us = server->paused_until_us - clock_mono_us();

	if (left_us > 0)
		loop_timer_set(server->timer, left_us);
	else
		pump(server);
}

static struct egress_server *server_of(struct egress_rates *rates, struct slice name)
{
	struct egress_server *server;

	for (size_t i = 0; i < rates->server_count; i++)
		if (slice_is_str(name, rates->servers[i]->name))
			return rates->servers[i];
	if (rates->server_count == EGRESS_SERVERS_MAX)
		return NULL;
	server = alloc_zero(1, sizeof(*server));
	server->rates = rates;
	server->name = alloc_copy(name.ptr, name.len);
	server->fair.running_max = EGRESS_AT_ONCE;
	server->timer = loop_timer_open(rates->loop, on_pause_end, server);
	rates->servers = alloc_grow(rates->servers, &rates->server_capacity,
				    rates->server_count + 1, sizeof(struct egress_server *));
	rates->servers[rates->server_count++] = server;
	return server;
}

static void server_free(struct egress_server *server)
{
	loop_timer_close(server->timer);
	fair_finish(&server->fair);
	free(server->name);
	free(server);
}

/* A pause is remembered to its end, be it that nobody waits for that. */
static void let_go(struct egress_server *server)
{
	struct egress_rates *rates = server->rates;

	if (--server->holds > 0 || server->paused_until_us > clock_mono_us())
		return;
	for (size_t i = 0; i < rates->server_count; i++) {
		if (rates->servers[i] != server)
			continue;
		rates->servers[i] = rates->servers[--rates->server_count];
		break;
	}
	server_free(server);
}

static struct egress_turn *turn_of(struct fair_item *item)
{
	return (struct egress_turn *)(void *)((char *)item - offsetof(struct egress_turn, item));
}

/* Whoever ends inside of this is seen by the next round of it. */
static void pump(struct egress_server *server)
{
	struct fair_item *item;

	if (server->is_pumping)
		return;
	server->holds++;
	server->is_pumping = true;
	while (server->paused_until_us <= clock_mono_us() && (item = fair_next(&server->fair))) {
		struct egress_turn *turn = turn_of(item);

		loop_timer_close(turn->timer);
		turn->timer = NULL;
		turn->state = TURN_RUNS;
		turn->fn(turn->context, OK, 0);
	}
	server->is_pumping = false;
	let_go(server);
}

static void pause_server(struct egress_server *server, int status, int64_t retry_after_s)
{
	int64_t pause_us;

	if (status != 429 && !(status == 503 && retry_after_s > 0)) {
		server->strikes = 0;
		return;
	}
	if (retry_after_s <= 0)
		retry_after_s = PAUSE_FIRST_S << (server->strikes > 5 ? 5 : server->strikes);
	if (retry_after_s > EGRESS_PAUSE_MAX_S)
		retry_after_s = EGRESS_PAUSE_MAX_S;
	server->strikes++;
	pause_us = retry_after_s * 1000000;
	pause_us += (int64_t)(entropy_u64() % (uint64_t)(pause_us / JITTER_PART));
	if (clock_mono_us() + pause_us <= server->paused_until_us)
		return;
	server->paused_until_us = clock_mono_us() + pause_us;
	loop_timer_set(server->timer, pause_us);
}

/* ---- turns ---------------------------------------------------------------------------------- */

static void turn_clear(struct egress_turn *turn)
{
	struct egress_server *server = turn->server;

	if (turn->timer)
		loop_timer_close(turn->timer);
	*turn = (struct egress_turn){ 0 };
	if (server)
		let_go(server);
}

static void refuse(struct egress_turn *turn, int64_t retry_after_ms)
{
	egress_turn_fn *fn = turn->fn;
	void *context = turn->context;

	turn_clear(turn);
	fn(context, ERR_RATE_LIMITED, retry_after_ms > 0 ? retry_after_ms : 1);
}

static void enter_queue(struct egress_turn *turn)
{
	struct egress_server *server = turn->server;
	int64_t pause_us = server->paused_until_us - clock_mono_us();
	int64_t left_us = turn->until_us - clock_mono_us();

	if (pause_us > left_us) {
		refuse(turn, pause_us / MS_US + 1);
	} else if (!fair_add(&server->fair, &turn->item)) {
		refuse(turn, EGRESS_WAIT_MAX_MS);
	} else {
		turn->state = TURN_QUEUE;
		loop_timer_set(turn->timer, left_us > 0 ? left_us : 0);
		pump(server);
	}
}

static void on_turn_timer(void *context)
{
	struct egress_turn *turn = context;

	if (turn->state == TURN_RATE) {
		enter_queue(turn);
		return;
	}
	fair_remove(&turn->server->fair, &turn->item);
	refuse(turn, EGRESS_WAIT_MAX_MS);
}

static int64_t longest_wait_ns(struct bucket *const *buckets, size_t count, int64_t at_ns)
{
	int64_t longest = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t wait_ns = buckets[i] ? bucket_wait_ns(buckets[i], at_ns) : 0;

		longest = wait_ns > longest ? wait_ns : longest;
	}
	return longest;
}

void egress_turn_ask(struct egress_rates *rates, const struct egress_turn_spec *spec,
		     struct egress_turn *turn, egress_turn_fn *fn, void *context)
{
	struct bucket *const buckets[] = { &rates->swarms[spec->swarm].bucket, spec->grant,
					   spec->rule };
	int64_t at_ns = now_ns();
	int64_t wait_us = (longest_wait_ns(buckets, ARRAY_LEN(buckets), at_ns) + 999) / 1000;

	*turn = (struct egress_turn){
		.item.swarm = spec->swarm, .rates = rates, .fn = fn, .context = context,
		.until_us = at_ns / 1000 + (int64_t)EGRESS_WAIT_MAX_MS * MS_US,
	};
	turn->server = wait_us <= EGRESS_WAIT_MAX_MS * MS_US ? server_of(rates, spec->server) : NULL;
	if (!turn->server) {
		refuse(turn, wait_us / MS_US);
		return;
	}
	turn->server->holds++;
	for (size_t i = 0; i < ARRAY_LEN(buckets); i++)
		if (buckets[i])
			bucket_take(buckets[i], at_ns);
	turn->timer = loop_timer_open(rates->loop, on_turn_timer, turn);
	turn->state = TURN_RATE;
	if (wait_us > 0)
		loop_timer_set(turn->timer, wait_us);
	else
		enter_queue(turn);
}

void egress_turn_end(struct egress_turn *turn, int status, int64_t retry_after_s)
{
	struct egress_server *server = turn->server;

	ENSURE(turn->state == TURN_RUNS);
	server->holds++;
	pause_server(server, status, retry_after_s);
	fair_end(&server->fair, turn->item.swarm);
	turn_clear(turn);
	pump(server);
	let_go(server);
}

void egress_turn_drop(struct egress_turn *turn)
{
	struct egress_server *server = turn->server;

	if (turn->state == TURN_NONE)
		return;
	server->holds++;
	if (turn->state == TURN_QUEUE)
		fair_remove(&server->fair, &turn->item);
	else if (turn->state == TURN_RUNS)
		fair_end(&server->fair, turn->item.swarm);
	turn_clear(turn);
	pump(server);
	let_go(server);
}

/* ---- all of it ------------------------------------------------------------------------------ */

struct egress_rates *egress_rates_create(struct loop *loop)
{
	struct egress_rates *rates = alloc_zero(1, sizeof(*rates));

	rates->loop = loop;
	return rates;
}

void egress_rates_destroy(struct egress_rates *rates)
{
	if (!rates)
		return;
	for (size_t i = 0; i < rates->server_count; i++)
		server_free(rates->servers[i]);
	for (size_t i = 0; i < rates->swarm_count; i++)
		free(rates->swarms[i].name);
	free(rates->servers);
	free(rates->swarms);
	free(rates);
}
