/*
 * What time does by itself: leases, delays, presence, periods.
 */
#include "base/ensure.h"
#include "fabric/decide_claim.h"
#include "fabric/decide_govern.h"

static void emit_lease_lost(struct decision *decision, uint32_t index, const struct claim *claim)
{
	const struct task *task = state_task(decision->state, index);
	struct event *event = decision_emit(decision, EVENT_LEASE_LOST);
	struct ev_lease_lost *of = &event->of.lease_lost;

	event->actor = SLICE_EMPTY;
	NAME_CLAIM(decision, index, of);
	of->reason = claim->claim_until_us <= decision->now_us ?
			     SLICE("its longest time was over") :
			     SLICE("no heartbeat came in time");
	of->quarantined = task->failures + 1 >= task->max_attempts;
	if (!of->quarantined && claim_leaves_free(decision, task, 0))
		decision_emit_ready(decision, index, SLICE("lease lost"));
	decide_outcome(decision, index, ATTEMPT_LOST);
	decide_attempt_over(decision, index, of->quarantined != 0, of->reason);
}

/* When the lease is really over: a heartbeat since then, a blocker or a new reign give more time. */
static int64_t lease_over_us(const struct state *state, const struct claim *claim)
{
	int64_t over_us = claim->lease_until_us;

	if (state_task(state, claim->task)->state == TASK_HELD)
		over_us = claim->claim_until_us;
	return over_us > state->grace_until_us ? over_us : state->grace_until_us;
}

/*
 * Timers are judged by the time that they are for and not by now: several
 * that are over then end in the order of their times, whatever heartbeats
 * and restarts did to the heap before.
 */
static void tick_lease(struct decision *decision, struct state *state,
		       const struct heap_entry *timer)
{
	struct claim *claim = state_claim(state, timer->value);
	int64_t over_us;

	if (claim->timer_us != timer->key)
		return;
	claim->timer_us = 0;
	if (claim->task == INDEX_NONE)
		return;
	over_us = lease_over_us(state, claim);
	if (over_us > timer->key || timer->tie != ((uint64_t)TIMER_LEASE << 32 | claim->task))
		state_lease_timer(state, timer->value, over_us);
	else
		emit_lease_lost(decision, claim->task, claim);
}

static void tick_ready(struct decision *decision, uint32_t index, int64_t at_us)
{
	const struct task *task = state_task(decision->state, index);

	if (task->not_before_us == at_us &&
	    (task->state == TASK_DELAYED || task->state == TASK_BLOCKED) &&
	    claim_leaves_free(decision, task, task->not_before_us))
		decision_emit_ready(decision, index, SLICE("its time has come"));
}

/*
 * Asks the task alone, not how often a timer went off: a task that was ever
 * claimed has been started, and stays so when it comes back.
 */
static void tick_start_by(struct decision *decision, uint32_t index, int64_t at_us)
{
	const struct task *task = state_task(decision->state, index);
	struct task_spec spec;
	struct ev_task_expired *of;

	task_spec_of(task, decision->arena, &spec);
	if (spec.start_by != at_us || task->attempts || task_has_ended(task) ||
	    govern_answer_at(decision->state, index, 1) != INDEX_NONE)
		return;
	of = &decision_emit(decision, EVENT_TASK_EXPIRED)->of.task_expired;
	decision_name_task(decision, index, &of->board, &of->task);
	of->start_by = spec.start_by;
}

/* Whoever waits for an answer is there, and was until it got one. */
static int64_t absent_us(const struct state *state, const struct swarm *swarm, int64_t now_us)
{
	int64_t heard_us = swarm->waiting ? now_us : swarm->seen_at_us;
	int64_t over_us;

	if (heard_us < swarm->heard_at_us)
		heard_us = swarm->heard_at_us;
	over_us = heard_us + swarm->presence_ms * 1000;
	return over_us > state->grace_until_us ? over_us : state->grace_until_us;
}

static void tick_presence(struct decision *decision, struct state *state,
			  const struct heap_entry *timer)
{
	struct swarm *swarm = state_swarm(state, timer->value);
	struct ev_swarm_absent *of;
	int64_t over_us;

	if (swarm->timer_us != timer->key)
		return;
	swarm->timer_us = 0;
	if (!swarm->registered || swarm->absent)
		return;
	over_us = absent_us(state, swarm, decision->now_us);
	if (over_us > timer->key) {
		state_presence_timer(state, timer->value, over_us);
		return;
	}
	of = &decision_emit(decision, EVENT_SWARM_ABSENT)->of.swarm_absent;
	of->swarm = swarm->id;
	of->last_seen = swarm->seen_at_us;
}

static void tick_one(struct decision *decision, struct state *state, struct heap_entry timer)
{
	switch ((enum timer_what)timer.what) {
	case TIMER_LEASE:
		tick_lease(decision, state, &timer);
		break;
	case TIMER_READY:
		tick_ready(decision, timer.value, timer.key);
		break;
	case TIMER_START_BY:
		tick_start_by(decision, timer.value, timer.key);
		break;
	case TIMER_PRESENCE:
		tick_presence(decision, state, &timer);
		break;
	case TIMER_BUDGET:
		decide_period(decision, timer.value, timer.key);
		break;
	case TIMER_BREAKER:
		decide_probe(decision, timer.value, timer.key);
		break;
	default:
		BUG("a timer is for something");
	}
}

size_t decide_tick(struct decision *decision, struct state *state)
{
	const struct heap_entry *first;
	size_t taken = 0;

	while ((first = heap_first(&state->timers)) != NULL && first->key <= decision->now_us &&
	       decision->event_count == 0 && taken < (size_t)LIMIT_TICK_EVENTS) {
		struct heap_entry timer = *first;

		heap_pop(&state->timers);
		taken++;
		tick_one(decision, state, timer);
	}
	return taken;
}
