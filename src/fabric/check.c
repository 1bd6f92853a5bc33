/*
 * What must be true of every state, whatever made it.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/text.h"
#include "fabric/event.h"
#include "fabric/snapshot.h"

/* Leaves the function with what is not so. */
#define MUST(condition)                    \
	do {                               \
		if (!(condition))          \
			return #condition; \
	} while (0)

static bool is_time(int64_t at_us)
{
	return at_us >= 0 && at_us <= TIME_US_MAX;
}

static bool is_past(const struct state *state, int64_t at_us)
{
	return at_us >= 0 && at_us <= state->last_at_us;
}

static bool is_duration(int64_t ms)
{
	return ms >= 0 && ms <= DURATION_MS_MAX;
}

static const char *task_flaw(const struct state *state, uint32_t index)
{
	const struct task *task = state_task(state, index);
	uint32_t open = 0;

	MUST(task->board < state->boards.count);
	MUST(state_find_task(state, task->board, task_id(task)) == index);
	for (uint32_t i = 0; i < task->dep_count; i++)
		open += state_task(state, task->deps[i])->state != TASK_DONE;
	MUST(open == task->open_deps);
	/* Claimed means held by exactly one live claim; a blocker may keep a claim or not. */
	MUST(task->state != TASK_CLAIMED || task->claim != INDEX_NONE);
	MUST(task->claim == INDEX_NONE || task->state == TASK_CLAIMED || task->state == TASK_HELD);
	MUST(task->state != TASK_CLAIMED || task->blockers_open == 0);
	MUST(task->state != TASK_HELD || task->blockers_open > 0);
	/* Dependency order: what can be worked on waits for nothing. */
	MUST(task->state != TASK_READY || (open == 0 && task->blockers_open == 0));
	MUST(task_has_ended(task) == (task->outcome != NULL));
	MUST(task->added_no <= state->last_event && task->ready_no <= state->last_event);
	MUST(is_past(state, task->ready_at_us) && is_past(state, task->ended_at_us));
	MUST(is_time(task->not_before_us));
	return NULL;
}

static const char *claim_flaw(const struct state *state, uint32_t index)
{
	const struct claim *claim = state_claim(state, index);

	if (claim->task == INDEX_NONE)
		return NULL;
	MUST(claim->task < state->tasks.count && claim->swarm < state->swarms.count);
	MUST(state_task(state, claim->task)->claim == index);
	MUST(claim->fence > 0 && claim->fence <= state->last_event);
	MUST(is_past(state, claim->claimed_at_us) && is_past(state, claim->progress_at_us));
	MUST(is_time(claim->lease_until_us) && is_time(claim->claim_until_us));
	MUST(claim->lease_until_us <= claim->claim_until_us && is_duration(claim->lease_ms));
	/* It goes off in time, or before. */
	MUST(claim->timer_us != 0 && (claim->timer_us <= claim->lease_until_us ||
				      claim->timer_us <= state->grace_until_us ||
				      claim->timer_us <= claim->claim_until_us));
	return NULL;
}

static const char *swarm_flaw(const struct state *state, uint32_t index, uint32_t *claims)
{
	const struct swarm *swarm = state_swarm(state, index);
	uint32_t count = 0, held = 0;

	for (uint32_t at = swarm->first_claim; at != INDEX_NONE;
	     at = state_claim(state, at)->next_of_swarm) {
		const struct claim *claim = state_claim(state, at);

		MUST(claim->swarm == index);
		MUST(++count <= state->live_claims);
		held += state_task(state, claim->task)->state == TASK_HELD;
	}
	MUST(count == swarm->claim_count && held == swarm->held_count);
	*claims += count;
	MUST(swarm->slots >= 1 && is_duration(swarm->presence_ms) &&
	     is_past(state, swarm->seen_at_us));
	MUST(!swarm->registered || swarm->absent || swarm->timer_us != 0);
	for (size_t i = swarm->inbox_first; i < swarm->inbox_count; i++) {
		MUST(i == swarm->inbox_first || swarm->inbox[i] > swarm->inbox[i - 1]);
		MUST(state_find_message(state, swarm->inbox[i]) != INDEX_NONE);
	}
	return NULL;
}

/* A task counts its open blockers. */
static const char *blockers_flaw(const struct state *state, uint32_t *open)
{
	uint32_t all_open = 0;

	for (uint32_t i = 0; i < state->blockers.count; i++) {
		const struct blocker *blocker = state_blocker(state, i);

		MUST(blocker->task < state->tasks.count);
		MUST(blocker->swarm == INDEX_NONE || blocker->swarm < state->swarms.count);
		MUST(state_find_blocker(state, blocker->id) == i);
		open[blocker->task] += blocker->state == BLOCKER_OPEN;
		all_open += blocker->state == BLOCKER_OPEN;
	}
	MUST(all_open == state->open_blockers);
	for (uint32_t i = 0; i < state->tasks.count; i++)
		MUST(open[i] == state_task(state, i)->blockers_open);
	return NULL;
}

static const char *counts_flaw(const struct state *state)
{
	uint32_t in_state[TASK_STATE_COUNT] = { 0 };
	uint32_t unread = 0;

	for (uint32_t i = 0; i < state->tasks.count; i++)
		in_state[state_task(state, i)->state]++;
	for (int i = 0; i < TASK_STATE_COUNT; i++)
		MUST(in_state[i] == state->in_state[i]);
	for (uint32_t i = 0; i < state->messages.count; i++) {
		const struct message *message = slab_at(&state->messages, i);

		MUST((message->number != 0) == (message->unread_by != 0));
		MUST(message->number <= state->last_event);
		unread += message->number != 0;
	}
	MUST(unread == state->live_messages);
	for (size_t i = 1; i < state->note_count; i++)
		MUST(slice_compare(state->notes[i - 1]->key, state->notes[i]->key) < 0);
	MUST(state->last_at_us >= 0 && state->last_at_us <= NOW_US_MAX);
	MUST(is_time(state->grace_until_us));
	return NULL;
}

/* ---- the governor -------------------------------------------------------------------------- */

static const char *budget_flaw(const struct budget_entry *entry, int64_t reserved)
{
	const struct budget *budget = &entry->budget;

	MUST(entry->scope < BUDGET_SCOPE_COUNT && budget->told < BUDGET_LEVEL_COUNT);
	MUST(budget->limit_nanousd >= 0 && budget->spent_nanousd >= 0 && budget->over_nanousd >= 0);
	/* No dollar is promised that live claims do not hold, nor one twice. */
	MUST(budget->reserved_nanousd == reserved);
	MUST(budget->reserved_nanousd <= budget->limit_nanousd);
	MUST(budget->spent_nanousd <= budget->limit_nanousd - budget->reserved_nanousd);
	return NULL;
}

/* Adds what each live claim has reserved to every budget that it draws on. */
static const char *add_reserved(const struct state *state, int64_t *reserved)
{
	for (uint32_t i = 0; i < state->claims.count; i++) {
		const struct claim *claim = state_claim(state, i);
		uint32_t budgets[BUDGET_SCOPE_COUNT];
		size_t count;

		if (claim->task == INDEX_NONE)
			continue;
		MUST(claim->reserved_nanousd >= 0 && claim->spent_nanousd >= 0);
		count = state_budgets_of(state, claim->task, claim->swarm, budgets);
		for (size_t at = 0; at < count; at++)
			MUST(!__builtin_add_overflow(reserved[budgets[at]], claim->reserved_nanousd,
						     &reserved[budgets[at]]));
	}
	return NULL;
}

static const char *budgets_flaw(const struct state *state)
{
	int64_t *reserved = alloc_zero(state->govern.budgets.count, sizeof(*reserved));
	const char *flaw = add_reserved(state, reserved);

	for (uint32_t i = 0; i < state->govern.budgets.count && !flaw; i++)
		flaw = budget_flaw(state_budget(state, i), reserved[i]);
	free(reserved);
	return flaw;
}

static const char *workers_flaw(const struct state *state)
{
	uint32_t open = 0;

	MUST(state->govern.workers.count == state->swarms.count);
	for (uint32_t i = 0; i < state->swarms.count; i++) {
		const struct worker *worker = state_worker(state, i);

		MUST(worker->breaker.state < BREAKER_STATE_COUNT);
		MUST(worker->breaker.outcomes <= BREAKER_WINDOW);
		MUST(worker->weight.now_ppm >= 0 && worker->weight.now_ppm <= WEIGHT_MOST_PPM);
		open += state_swarm(state, i)->registered && worker->breaker.state == BREAKER_OPEN;
	}
	MUST(open == state->govern.open_breakers);
	return NULL;
}

static const char *govern_flaw(const struct state *state)
{
	const struct govern *govern = &state->govern;
	uint32_t open = 0;

	for (uint32_t i = 0; i < govern->escalations.count; i++)
		open += state_escalation(state, i)->state != ESCALATION_RESOLVED;
	MUST(open == govern->open_escalations);
	for (uint32_t i = 0; i < govern->opinions.count; i++)
		MUST(((const struct opinion *)slab_at(&govern->opinions, i))->task <
		     state->tasks.count);
	for (uint32_t i = 0; i < govern->attempts.count; i++)
		MUST(state_attempt(state, i)->swarm < state->swarms.count);
	return NULL;
}

/* ---- the chassis --------------------------------------------------------------------------- */

static const char *standing_flaw(const struct state *state, uint32_t index, uint32_t *bound)
{
	const struct standing *standing = state_standing(state, index);
	const struct slo *slo = &standing->slo;
	uint32_t failures = 0;

	if (standing->module != INDEX_NONE) {
		MUST(standing->module < state->chassis.modules.count);
		bound[standing->module]++;
	}
	MUST(slo->count <= SLO_OUTCOMES && slo->count <= slo->capacity);
	for (uint32_t i = 0; i < slo->count; i++)
		failures += !slo_outcome_at(slo, i).succeeded;
	MUST(failures == slo->failures);
	/* Whoever is registered is watched, and nobody else is. */
	MUST(state->feature_level < FEATURE_CHASSIS ||
	     (slo->since_us != 0) == state_swarm(state, index)->registered);
	MUST(is_past(state, slo->since_us) && is_past(state, standing->broken_since_us));
	MUST(is_past(state, standing->reputation.at_us));
	MUST(standing->reputation.ppm >= 0 && standing->reputation.ppm <= REPUTATION_FULL_PPM);
	return NULL;
}

static const char *standings_flaw(const struct state *state)
{
	uint32_t *bound = alloc_zero(state->chassis.modules.count, sizeof(*bound));
	const char *flaw = NULL;

	for (uint32_t i = 0; i < state->swarms.count && !flaw; i++)
		flaw = standing_flaw(state, i, bound);
	for (uint32_t i = 0; i < state->chassis.modules.count && !flaw; i++)
		if (bound[i] != state_module(state, i)->swarms)
			flaw = "a module counts the swarms that are bound to its contract";
	free(bound);
	return flaw;
}

/* A credential lives with its claim, in that claim's list and no other. */
static const char *credentials_flaw(const struct state *state)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < state->claims.count; i++) {
		const struct claim *claim = state_claim(state, i);

		if (claim->task == INDEX_NONE)
			continue;
		for (uint32_t at = claim->first_credential; at != INDEX_NONE;
		     at = state_credential(state, at)->next_of_claim) {
			const struct credential *credential = state_credential(state, at);

			MUST(++count <= state->chassis.live_credentials);
			MUST(credential->task == claim->task && credential->number > claim->fence);
			MUST(state_find_credential(state, credential->number) == at);
			MUST(credential->expires_at_us <= claim->claim_until_us);
			MUST(credential->endpoints.count > 0);
		}
	}
	MUST(count == state->chassis.live_credentials);
	return NULL;
}

static const char *chassis_flaw(const struct state *state)
{
	uint32_t loaded = 0;
	const char *flaw;

	MUST(state->chassis.standings.count == state->swarms.count);
	for (uint32_t i = 0; i < state->chassis.modules.count; i++)
		loaded += state_module(state, i)->loaded;
	MUST(loaded == state->chassis.loaded_modules);
	flaw = standings_flaw(state);
	return flaw ? flaw : credentials_flaw(state);
}

const char *state_flaw(const struct state *state)
{
	uint32_t *open = alloc_zero(state->tasks.count, sizeof(*open));
	const char *flaw = blockers_flaw(state, open);
	uint32_t claims = 0;

	free(open);
	for (uint32_t i = 0; i < state->tasks.count && !flaw; i++)
		flaw = task_flaw(state, i);
	for (uint32_t i = 0; i < state->claims.count && !flaw; i++)
		flaw = claim_flaw(state, i);
	for (uint32_t i = 0; i < state->swarms.count && !flaw; i++)
		flaw = swarm_flaw(state, i, &claims);
	if (!flaw && claims != state->live_claims)
		flaw = "every claim is some swarm's";
	if (!flaw)
		flaw = counts_flaw(state);
	if (!flaw)
		flaw = budgets_flaw(state);
	if (!flaw)
		flaw = workers_flaw(state);
	if (!flaw)
		flaw = govern_flaw(state);
	return flaw ? flaw : chassis_flaw(state);
}

void state_check(const struct state *state)
{
	const char *flaw = state_flaw(state);

	if (flaw)
		BUG(flaw);
}
