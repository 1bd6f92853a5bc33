/*
 * Who gets a task of those that wait for one, and what wakes whom.
 */
#include "fabric/govern.h"
#include "fabric/parked.h"

/* Whether this request asks for such a task. */
static bool is_asked_for(const struct machine *machine, const struct parked *parked,
			 const struct task *task)
{
	struct ready_wish wish = { .swarm = parked->swarm, .board = parked->board };

	return !(parked->critical_only && task->kind == TASK_FILLER) &&
	       ready_in_scope(&machine->state, &wish, task->board);
}

/* The first request of the swarm that the task would answer, or INDEX_NONE. */
static uint32_t request_for(const struct machine *machine, uint32_t index, uint32_t swarm)
{
	const struct task *task = state_task(&machine->state, index);
	uint32_t at = INDEX_NONE;

	if (state_swarm(&machine->state, swarm)->registered &&
	    swarm_has_slot(state_swarm(&machine->state, swarm)))
		at = state_worker(&machine->state, swarm)->first_parked;
	while (at != INDEX_NONE && !is_asked_for(machine, &machine->parked[at], task))
		at = machine->parked[at].next_of_swarm;
	return at;
}

/* ---- who gets it --------------------------------------------------------------------------- */

static struct rank_index *ranked(struct machine *machine)
{
	if (machine->is_ranked)
		return &machine->rank;
	rank_init(&machine->rank, &machine->state.govern.learning, govern_describe,
		  &machine->state);
	machine->is_ranked = true;
	machine->ranked_day = machine->state.last_at_us / SLO_DAY_US;
	for (uint32_t i = 0; i < machine->state.swarms.count; i++)
		rank_changed(&machine->rank, i);
	for (size_t i = 0; i < machine->waiting_count; i++)
		rank_set_free(&machine->rank, machine->waiting[i], true);
	return &machine->rank;
}

void park_note(struct machine *machine, const struct event *event)
{
	uint32_t swarm;

	if (!machine->is_ranked)
		return;
	if (event->at_us / SLO_DAY_US != machine->ranked_day) {
		machine->ranked_day = event->at_us / SLO_DAY_US;
		rank_all_changed(&machine->rank);
	}
	switch ((int)event->type) {
	case EVENT_POLICY_APPLIED:
	case EVENT_POLICY_SET:
	case EVENT_MODULE_LOADED:
	case EVENT_MODULE_UNLOADED:
		rank_all_changed(&machine->rank);
		break;
	case EVENT_SWARM_REGISTERED:
	case EVENT_SWARM_PROFILED:
	case EVENT_SWARM_LEFT:
	case EVENT_TASK_COMPLETED:
	case EVENT_TASK_FAILED:
	case EVENT_LEASE_LOST:
		swarm = state_find_swarm(&machine->state, event_text(event, "swarm"));
		if (swarm != INDEX_NONE)
			rank_changed(&machine->rank, swarm);
		break;
	default:
		break;
	}
}

/* A task that wants a worker, and what is asked of whoever waits for one. */
struct vacancy {
	const struct machine *machine;
	uint32_t task;
	bool fresh_only;	/* no swarm that has failed it already */
	bool passed_only;	/* only those that were passed over for too long */
	int64_t now_us;
};

static bool has_failed(const struct state *state, uint32_t task, uint32_t swarm)
{
	uint32_t at = state_task(state, task)->failures ? state_first_attempt(state, task) :
							  INDEX_NONE;

	for (; at != INDEX_NONE; at = state_attempt(state, at)->next_of_task)
		if (state_attempt(state, at)->swarm == swarm &&
		    attempt_is_wasted(state_attempt(state, at)))
			return true;
	return false;
}

static bool is_out_of_patience(const struct state *state, uint32_t swarm, int64_t now_us)
{
	int64_t patience_ms = state->govern.policy.settings.patience_ms;
	int64_t since_us = state_worker(state, swarm)->passed_over_us;

	return patience_ms && since_us && now_us - since_us > patience_ms * 1000;
}

static bool may_have(void *context, uint32_t swarm)
{
	const struct vacancy *vacancy = context;
	const struct state *state = &vacancy->machine->state;
	struct govern_verdict verdict;

	return !(vacancy->fresh_only && has_failed(state, vacancy->task, swarm)) &&
	       !(vacancy->passed_only && !is_out_of_patience(state, swarm, vacancy->now_us)) &&
	       request_for(vacancy->machine, vacancy->task, swarm) != INDEX_NONE &&
	       govern_judge(state, vacancy->task, swarm, &verdict) == OK;
}

/* The one that was passed over first; there are few, or none. */
static uint32_t longest_passed(struct machine *machine, struct vacancy *vacancy)
{
	int64_t patience_us = machine->state.govern.policy.settings.patience_ms * 1000;
	uint32_t longest = INDEX_NONE;

	/* Mostly nobody has waited for so long. */
	if (patience_us == 0 || machine->passed_since_us == 0 ||
	    vacancy->now_us - machine->passed_since_us <= patience_us)
		return INDEX_NONE;

	for (size_t i = 0; i < machine->waiting_count; i++) {
		uint32_t swarm = machine->waiting[i];

		if (!is_out_of_patience(&machine->state, swarm, vacancy->now_us) ||
		    !may_have(vacancy, swarm))
			continue;
		if (longest == INDEX_NONE ||
		    state_worker(&machine->state, swarm)->passed_over_us <
			    state_worker(&machine->state, longest)->passed_over_us)
			longest = swarm;
	}
	return longest;
}

/*
 * The swarm that the task prefers; one that was passed over for longer than
 * the policy's patience; one of whom too little is known, when such a probe
 * is due; else the best, of those first that have not failed it yet.
 */
static uint32_t swarm_for(struct machine *machine, uint32_t index, int64_t now_us, bool *ret_probe)
{
	const struct task *task = state_task(&machine->state, index);
	struct rank_index *rank = ranked(machine);
	struct vacancy vacancy = { .machine = machine, .task = index, .now_us = now_us };
	uint32_t swarm;

	*ret_probe = false;
	if (task->prefers != INDEX_NONE && may_have(&vacancy, task->prefers))
		return task->prefers;
	vacancy.fresh_only = task->failures > 0;
	swarm = longest_passed(machine, &vacancy);
	if (swarm != INDEX_NONE)
		return swarm;
	swarm = rank_probe(rank, task->needs, task->failures, may_have, &vacancy);
	*ret_probe = swarm != RANK_NONE;
	if (swarm == RANK_NONE)
		swarm = rank_best(rank, task->needs, task->failures, may_have, &vacancy);
	if (swarm != RANK_NONE || !vacancy.fresh_only)
		return swarm;
	vacancy.fresh_only = false;
	return rank_best(rank, task->needs, task->failures, may_have, &vacancy);
}

#define SWEEP_US 1000000	/* who is passed over is noted this often: patience is minutes */

/* Work went to one of them: the others that could have had it are passed over from now on. */
static bool could_have(struct machine *machine, uint32_t index, uint32_t swarm)
{
	struct state *state = &machine->state;
	const struct task *task = state_task(state, index);

	return task->prefers == INDEX_NONE && request_for(machine, index, swarm) != INDEX_NONE &&
	       capability_overlap_ppm(&state->capabilities, state_swarm(state, swarm)->skills,
				      task->needs) >= govern_least_match(state);
}

static void note_passed_over(struct machine *machine, uint32_t index, int64_t now_us)
{
	int64_t since_us = INT64_MAX;

	if (now_us - machine->swept_at_us < SWEEP_US)
		return;
	machine->swept_at_us = now_us;
	for (size_t i = 0; i < machine->waiting_count; i++) {
		uint32_t swarm = machine->waiting[i];
		struct worker *worker = state_worker(&machine->state, swarm);

		if (worker->passed_over_us == 0 && could_have(machine, index, swarm))
			worker->passed_over_us = now_us;
		if (worker->passed_over_us && worker->passed_over_us < since_us)
			since_us = worker->passed_over_us;
	}
	machine->passed_since_us = since_us == INT64_MAX ? 0 : since_us;
}

/* A waiter that fits takes its best, be it this task or another; false when there is none. */
static bool serve_task(struct machine *machine, uint32_t index, int64_t now_us)
{
	bool probe;
	uint32_t swarm = swarm_for(machine, index, now_us, &probe);
	uint32_t waiter;

	if (swarm == INDEX_NONE)
		return false;
	waiter = request_for(machine, index, swarm);
	if (waiter == INDEX_NONE || !parked_serve(machine, waiter, probe, now_us))
		return false;
	state_worker(&machine->state, swarm)->passed_over_us = 0;
	note_passed_over(machine, index, now_us);
	return true;
}

static void serve_fresh(struct machine *machine, int64_t now_us)
{
	struct ready_index *ready = &machine->state.ready;

	for (size_t i = 0; i < ready->fresh_count && machine->parked_count; i++) {
		uint32_t index = ready->fresh[i];

		while (state_task(&machine->state, index)->state == TASK_READY &&
		       serve_task(machine, index, now_us))
			;
	}
	ready->fresh_count = 0;
}

/* Those of one swarm, or of every swarm when it is INDEX_NONE, look again, in their order. */
static void look_again(struct machine *machine, uint32_t swarm, int64_t now_us)
{
	uint32_t at = machine->first_parked;

	while (at != INDEX_NONE) {
		uint32_t next = machine->parked[at].next;

		if ((swarm == INDEX_NONE || machine->parked[at].swarm == swarm) &&
		    machine->parked[at].type != COMMAND_MESSAGE_LIST)
			parked_serve(machine, at, false, now_us);
		at = next;
	}
}

/* Much may be allowed that was not: tasks choose first, then whoever is left looks for himself. */
static void offer_all(struct machine *machine, int64_t now_us)
{
	struct ready_index *ready = &machine->state.ready;

	for (size_t i = 0; i < ready->busy_count && machine->waiting_count; i++) {
		const struct ready_queue *queue = &ready->queues[ready->busy[i]];
		const struct heap_entry *first;

		while ((first = heap_first(&queue->tasks)) != NULL &&
		       state_task(&machine->state, first->value)->state == TASK_READY &&
		       state_task(&machine->state, first->value)->ready_no == first->tie &&
		       serve_task(machine, first->value, now_us))
			;
	}
	look_again(machine, INDEX_NONE, now_us);
}

static void deliver_messages(struct machine *machine, int64_t now_us)
{
	uint32_t at = machine->first_parked;

	while (at != INDEX_NONE) {
		uint32_t next = machine->parked[at].next;

		if (machine->parked[at].type == COMMAND_MESSAGE_LIST &&
		    swarm_unread(state_swarm(&machine->state, machine->parked[at].swarm)))
			parked_answer_messages(machine, at, now_us);
		at = next;
	}
}

/* A swarm that has changed, or has a slot again, may fit what it did not before. */
static void serve_swarm(struct machine *machine, struct slice id, int64_t now_us)
{
	uint32_t swarm = state_find_swarm(&machine->state, id);

	if (swarm != INDEX_NONE && state_swarm(&machine->state, swarm)->waiting)
		look_again(machine, swarm, now_us);
}

/* Who has left waits for nothing. */
static void dismiss_swarm(struct machine *machine, struct slice id, int64_t now_us)
{
	uint32_t swarm = state_find_swarm(&machine->state, id);
	uint32_t at = machine->first_parked;

	while (at != INDEX_NONE) {
		uint32_t next = machine->parked[at].next;

		if (machine->parked[at].swarm == swarm)
			parked_answer_empty(machine, at, now_us);
		at = next;
	}
}

static void serve_event(struct machine *machine, const struct event *event, int64_t now_us)
{
	switch ((int)event->type) {
	case EVENT_SWARM_REGISTERED:
	case EVENT_TASK_COMPLETED:
	case EVENT_TASK_RELEASED:
	case EVENT_TASK_FAILED:
	case EVENT_TASK_CANCELLED:
	case EVENT_LEASE_LOST:
	case EVENT_BLOCKER_RAISED:
		serve_swarm(machine, event_text(event, "swarm"), now_us);
		break;
	case EVENT_SWARM_LEFT:
		dismiss_swarm(machine, event->of.swarm_left.swarm, now_us);
		break;
	/* What was refused may be allowed now. */
	case EVENT_POLICY_RULED:
	case EVENT_POLICY_SET:
	case EVENT_POLICY_APPLIED:
	case EVENT_CLAIM_APPROVED:
	case EVENT_BUDGET_SET:
	case EVENT_BUDGET_RENEWED:
	case EVENT_BREAKER_CLOSED:
	case EVENT_BREAKER_HALF_OPENED:
	case EVENT_SWARM_PROFILED:
	case EVENT_BOARD_UNARCHIVED:
		offer_all(machine, now_us);
		break;
	case EVENT_MESSAGE_SENT:
		deliver_messages(machine, now_us);
		break;
	default:
		break;
	}
}

void park_serve(struct machine *machine, const struct event *events, int64_t now_us)
{
	if (machine->parked_count) {
		serve_fresh(machine, now_us);
		for (const struct event *event = events; event && machine->parked_count;
		     event = event->next)
			serve_event(machine, event, now_us);
		parked_serve_twins(machine, now_us);
	}
	machine->state.ready.fresh_count = 0;
}
