#include "fabric/park.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "fabric/parked.h"
#include "fabric/view.h"

bool park_may_wait(const struct command *command)
{
	switch ((int)command->type) {
	case COMMAND_TASK_NEXT:
		return command->args.task_next.wait_ms > 0;
	case COMMAND_MESSAGE_LIST:
		return command->args.message_list.wait_ms > 0;
	case COMMAND_TASK_FINISH_AND_NEXT:
		return true;
	default:
		return false;
	}
}

static uint32_t ticket_hash(uint64_t ticket)
{
	return (uint32_t)hash_bytes(0, &ticket, sizeof(ticket));
}

static void stop_waiting(struct machine *machine, uint32_t index)
{
	const struct parked *parked = &machine->parked[index];
	struct worker *worker = state_worker(&machine->state, parked->swarm);
	uint32_t last;

	if (parked->previous_of_swarm != INDEX_NONE)
		machine->parked[parked->previous_of_swarm].next_of_swarm = parked->next_of_swarm;
	else
		worker->first_parked = parked->next_of_swarm;
	if (parked->next_of_swarm != INDEX_NONE)
		machine->parked[parked->next_of_swarm].previous_of_swarm =
			parked->previous_of_swarm;
	else
		worker->last_parked = parked->previous_of_swarm;
	if (worker->first_parked != INDEX_NONE)
		return;
	if (machine->is_ranked)
		rank_set_free(&machine->rank, parked->swarm, false);
	last = machine->waiting[--machine->waiting_count];
	machine->waiting[worker->waiting_place] = last;
	state_worker(&machine->state, last)->waiting_place = worker->waiting_place;
}

static void begin_waiting(struct machine *machine, uint32_t index)
{
	struct parked *parked = &machine->parked[index];
	struct worker *worker = state_worker(&machine->state, parked->swarm);

	if (worker->first_parked == INDEX_NONE) {
		machine->waiting = alloc_grow(machine->waiting, &machine->waiting_capacity,
					      machine->waiting_count + 1,
					      sizeof(*machine->waiting));
		worker->waiting_place = (uint32_t)machine->waiting_count;
		machine->waiting[machine->waiting_count++] = parked->swarm;
		worker->first_parked = index;
		if (machine->is_ranked)
			rank_set_free(&machine->rank, parked->swarm, true);
	} else {
		machine->parked[worker->last_parked].next_of_swarm = index;
	}
	parked->next_of_swarm = INDEX_NONE;
	parked->previous_of_swarm = worker->last_parked;
	worker->last_parked = index;
}

static void leave(struct machine *machine, uint32_t index)
{
	struct parked *parked = &machine->parked[index];
	struct swarm *swarm = state_swarm(&machine->state, parked->swarm);

	if (parked->type != COMMAND_MESSAGE_LIST)
		stop_waiting(machine, index);

	if (parked->previous != INDEX_NONE)
		machine->parked[parked->previous].next = parked->next;
	else
		machine->first_parked = parked->next;
	if (parked->next != INDEX_NONE)
		machine->parked[parked->next].previous = parked->previous;
	else
		machine->last_parked = parked->previous;
	swarm->waiting--;
	swarm->heard_at_us = machine->now_us;
	map_remove(&machine->tickets, ticket_hash(parked->ticket), index);
	owned_set(&parked->key, SLICE_EMPTY);
	owned_set(&parked->actor, SLICE_EMPTY);
	*parked = (struct parked){ .next = machine->free_parked };
	machine->free_parked = index;
	machine->parked_count--;
}

void park_finish(struct machine *machine)
{
	while (machine->first_parked != INDEX_NONE)
		leave(machine, machine->first_parked);
	heap_finish(&machine->deadlines);
	map_finish(&machine->tickets);
	free(machine->parked);
	machine->parked = NULL;
}

static uint32_t place(struct machine *machine)
{
	uint32_t index = machine->free_parked;

	if (index != INDEX_NONE) {
		machine->free_parked = machine->parked[index].next;
		return index;
	}
	/* Without free places the used ones are 0 to parked_count - 1. */
	machine->parked = alloc_grow(machine->parked, &machine->parked_capacity,
				     machine->parked_count + 1U, sizeof(*machine->parked));
	return machine->parked_count;
}

static enum err enter(struct machine *machine, const struct parked *wish, struct decision *decision)
{
	struct parked *parked;
	uint32_t index;

	if (machine->parked_count >= LIMIT_PARKED)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED,
			      "{} requests wait already, which is the limit",
			      decision_number(decision, LIMIT_PARKED));
	index = place(machine);
	parked = &machine->parked[index];
	*parked = *wish;
	parked->key = parked->actor = SLICE_EMPTY;
	owned_set(&parked->key, wish->key);
	owned_set(&parked->actor, wish->actor);
	parked->next = INDEX_NONE;
	parked->previous = machine->last_parked;
	if (machine->last_parked != INDEX_NONE)
		machine->parked[machine->last_parked].next = index;
	else
		machine->first_parked = index;
	machine->last_parked = index;
	machine->parked_count++;
	state_swarm(&machine->state, parked->swarm)->waiting++;
	if (parked->type != COMMAND_MESSAGE_LIST)
		begin_waiting(machine, index);
	map_add(&machine->tickets, ticket_hash(parked->ticket), index);
	heap_push(&machine->deadlines, (struct heap_entry){
		.key = parked->deadline_us, .tie = parked->ticket, .value = index,
	});
	return OK;
}

/* ---- answering ----------------------------------------------------------------------------- */

static struct machine_answer *new_answer(struct machine *machine, uint64_t ticket)
{
	struct machine_answer *answer;

	machine->answers = alloc_grow(machine->answers, &machine->answer_capacity,
				      machine->answer_count + 1, sizeof(*machine->answers));
	answer = &machine->answers[machine->answer_count++];
	*answer = (struct machine_answer){ .ticket = ticket };
	return answer;
}

bool machine_pop_answer(struct machine *machine, struct machine_answer *ret_answer)
{
	if (machine->answer_first == machine->answer_count) {
		machine->answer_first = machine->answer_count = 0;
		return false;
	}
	*ret_answer = machine->answers[machine->answer_first++];
	return true;
}

static struct command command_of(const struct machine *machine, const struct parked *parked)
{
	struct command command = {
		.type = parked->type, .actor = parked->actor, .key = parked->key,
		.fingerprint = parked->fingerprint,
	};
	struct slice swarm = state_swarm(&machine->state, parked->swarm)->id;

	if (parked->type == COMMAND_MESSAGE_LIST) {
		command.args.message_list.swarm = swarm;
		command.args.message_list.limit = parked->limit;
		return command;
	}
	command.args.task_next = (struct cmd_task_next){
		.swarm = swarm, .critical_only = parked->critical_only,
		.lease_ms = parked->lease_ms, .why = parked->why,
	};
	if (parked->board != INDEX_NONE)
		command.args.task_next.board = state_board(&machine->state, parked->board)->id;
	return command;
}

/* {"completed":{...},"next":{...}}: `next` is null when there is none. */
static void write_finished(const struct machine *machine, const struct parked *parked,
			   const struct command *command, const struct decision *next,
			   struct buf *body)
{
	struct json_writer json = json_begin(body);

	json_object(&json);
	if (next && next->about == ABOUT_TASK)
		view_claim_credential(&machine->state, view_index(next), &json);
	json_key(&json, "completed");
	view_task(&machine->state, parked->finished, machine->state.last_at_us, &json);
	json_key(&json, "next");
	if (next)
		machine_write_answer(command, next, &json);
	else
		json_null(&json);
	json_object_end(&json);
}

static void write_next(const struct machine *machine, const struct parked *parked,
		       const struct command *command, const struct decision *decision,
		       struct buf *body)
{
	struct json_writer json = json_begin(body);

	if (parked->type == COMMAND_TASK_FINISH_AND_NEXT)
		write_finished(machine, parked, command, decision, body);
	else
		machine_write_answer(command, decision, &json);
}

/* Claims the best task for it. OK: `body` holds the answer. */
static enum err try_next(struct machine *machine, const struct parked *parked, int64_t now_us,
			 struct decision *decision, struct buf *body)
{
	struct command command = command_of(machine, parked);
	enum err err = decide_task_next(decision, &command);

	if (err != OK) {
		machine_keep(machine, decision);
		return err;
	}
	if (!machine_commit(machine, decision))
		return ERR_LIMIT_EXCEEDED;
	write_next(machine, parked, &command, decision, body);
	machine_remember(machine, &command, now_us, buf_slice(body));
	return OK;
}

/*
 * Its key was used while it waited. By the same command, because its client
 * asked again: then the answer is that one's. By another: then it is refused.
 */
static bool serve_by_key(struct machine *machine, uint32_t index, int64_t now_us)
{
	struct parked *parked = &machine->parked[index];
	const struct answer *known;
	struct machine_answer *answer;
	struct decision decision;

	/* What finish-and-next has under its key is its own completion. */
	if (parked->type != COMMAND_TASK_NEXT || parked->key.len == 0)
		return false;
	known = state_find_answer(&machine->state, parked->key);
	if (!known)
		return false;
	answer = new_answer(machine, parked->ticket);
	if (known->fingerprint == parked->fingerprint) {
		buf_add_slice(&answer->body, known->body);
	} else {
		decision_init(&decision, &machine->state, now_us, SLICE_EMPTY, &machine->arena);
		answer->err = REFUSE(&decision, ERR_KEY_REUSED, "key {}", parked->key);
		machine_write_problem(&decision, answer->err, &answer->body);
		decision_finish(&decision);
	}
	leave(machine, index);
	return true;
}

/* Those that wait with a key that has just been answered. */
void parked_serve_twins(struct machine *machine, int64_t now_us)
{
	uint32_t at = machine->has_twins ? machine->first_parked : INDEX_NONE;

	while (at != INDEX_NONE) {
		uint32_t next = machine->parked[at].next;

		serve_by_key(machine, at, now_us);
		at = next;
	}
	machine->has_twins = false;
}

/* One that waits for a task looks again; true when it was answered. */
bool parked_serve(struct machine *machine, uint32_t index, bool probe, int64_t now_us)
{
	struct parked *parked = &machine->parked[index];
	struct buf body = { 0 };
	struct decision decision;
	enum err err;

	if (serve_by_key(machine, index, now_us))
		return true;
	decision_init(&decision, &machine->state, now_us, SLICE_EMPTY, &machine->arena);
	decision.probe = probe;
	err = try_next(machine, parked, now_us, &decision, &body);
	if (err == OK) {
		struct machine_answer *answer = new_answer(machine, parked->ticket);

		answer->body = body;
		machine->has_twins = machine->has_twins ||
				     (parked->key.len &&
				      state_swarm(&machine->state, parked->swarm)->waiting > 1);
		leave(machine, index);
	} else {
		buf_finish(&body);
	}
	decision_finish(&decision);
	return err == OK;
}

static enum err list_messages(struct machine *machine, const struct parked *parked,
			      struct decision *decision, struct buf *body)
{
	struct command command = command_of(machine, parked);
	struct json_writer json = json_begin(body);
	enum err err;

	json_object(&json);
	err = view_of(COMMAND_MESSAGE_LIST)(decision, &command, &json);
	if (err == OK)
		json_object_end(&json);
	return err;
}

void parked_answer_messages(struct machine *machine, uint32_t index, int64_t now_us)
{
	struct parked *parked = &machine->parked[index];
	struct machine_answer *answer = new_answer(machine, parked->ticket);
	struct decision decision;

	decision_init(&decision, &machine->state, now_us, SLICE_EMPTY, &machine->arena);
	answer->err = list_messages(machine, parked, &decision, &answer->body);
	if (answer->err != OK)
		machine_write_problem(&decision, answer->err, &answer->body);
	decision_finish(&decision);
	leave(machine, index);
}

/* Its time is over, or it is asked to come to an end. */
void parked_answer_empty(struct machine *machine, uint32_t index, int64_t now_us)
{
	struct parked *parked = &machine->parked[index];
	struct machine_answer *answer;
	struct decision decision;
	struct command command;

	if (parked->type == COMMAND_MESSAGE_LIST) {
		parked_answer_messages(machine, index, now_us);
		return;
	}
	command = command_of(machine, parked);
	answer = new_answer(machine, parked->ticket);
	decision_init(&decision, &machine->state, now_us, SLICE_EMPTY, &machine->arena);
	if (parked->type == COMMAND_TASK_FINISH_AND_NEXT) {
		write_finished(machine, parked, &command, NULL, &answer->body);
	} else {
		answer->err = decide_task_next(&decision, &command);
		ENSURE(answer->err != OK);
		machine_write_problem(&decision, answer->err, &answer->body);
	}
	decision_finish(&decision);
	leave(machine, index);
}

bool park_expire(struct machine *machine, int64_t now_us)
{
	const struct heap_entry *first;

	while ((first = heap_first(&machine->deadlines)) != NULL && first->key <= now_us) {
		uint32_t index = first->value;
		bool waits = machine->parked[index].ticket == first->tie;

		heap_pop(&machine->deadlines);
		if (!waits)
			continue;
		arena_reset(&machine->arena);
		/* What it waits for may have come in this very moment. */
		if (machine->parked[index].type == COMMAND_MESSAGE_LIST ||
		    !parked_serve(machine, index, false, now_us))
			parked_answer_empty(machine, index, now_us);
		parked_serve_twins(machine, now_us);
		return true;
	}
	return false;
}

uint64_t machine_first_parked(const struct machine *machine)
{
	return machine->first_parked == INDEX_NONE ? 0 :
						     machine->parked[machine->first_parked].ticket;
}

static bool same_ticket(const void *context, uint32_t value, const void *key)
{
	const struct machine *machine = context;

	return machine->parked[value].ticket == *(const uint64_t *)key;
}

/* INDEX_NONE when it does not wait. */
static uint32_t find_ticket(const struct machine *machine, uint64_t ticket)
{
	return map_find(&machine->tickets, ticket_hash(ticket), same_ticket, machine, &ticket);
}

void machine_forget(struct machine *machine, uint64_t ticket)
{
	uint32_t index = find_ticket(machine, ticket);

	if (index != INDEX_NONE)
		leave(machine, index);
}

void machine_hurry(struct machine *machine, uint64_t ticket, int64_t now_us)
{
	uint32_t index = find_ticket(machine, ticket);

	if (index == INDEX_NONE)
		return;
	now_us = machine_time(machine, now_us);
	arena_reset(&machine->arena);
	if (machine->parked[index].type == COMMAND_MESSAGE_LIST ||
	    !parked_serve(machine, index, false, now_us))
		parked_answer_empty(machine, index, now_us);
	parked_serve_twins(machine, now_us);
}

/* ---- submitting ---------------------------------------------------------------------------- */

static struct parked parked_next(const struct command *command, const struct decision *decision,
				 uint64_t ticket)
{
	const struct cmd_task_next *args = &command->args.task_next;

	return (struct parked){
		.ticket = ticket, .type = COMMAND_TASK_NEXT,
		.swarm = state_find_swarm(decision->state, args->swarm),
		.board = args->board.len ? state_find_board(decision->state, args->board) :
					   INDEX_NONE,
		.finished = INDEX_NONE, .critical_only = args->critical_only != 0,
		.why = args->why != 0, .lease_ms = args->lease_ms,
		.deadline_us = decision->now_us + args->wait_ms * 1000,
		.fingerprint = command->fingerprint, .key = command->key, .actor = command->actor,
	};
}

static bool submit_next(struct machine *machine, const struct command *command,
			struct decision *decision, uint64_t ticket,
			struct machine_answer *ret_answer)
{
	struct json_writer json = json_begin(&ret_answer->body);
	struct parked parked;

	ret_answer->err = machine_execute(machine, command, decision);
	if (ret_answer->err == OK) {
		machine_write_answer(command, decision, &json);
		machine_remember(machine, command, decision->now_us,
				 buf_slice(&ret_answer->body));
		return true;
	}
	if (ret_answer->err != ERR_NOTHING_READY && ret_answer->err != ERR_SLOTS_FULL)
		return true;
	parked = parked_next(command, decision, ticket);
	ret_answer->err = enter(machine, &parked, decision);
	return ret_answer->err != OK;
}

/*
 * The completion is there to stay before the next task is looked for; a
 * retry with the same key therefore finds an answer at any time.
 */
static bool submit_finish(struct machine *machine, const struct command *command,
			  struct decision *decision, uint64_t ticket,
			  struct machine_answer *ret_answer)
{
	const struct cmd_task_finish_and_next *args = &command->args.task_finish_and_next;
	struct parked parked = {
		.ticket = ticket, .type = COMMAND_TASK_FINISH_AND_NEXT, .board = INDEX_NONE,
		.critical_only = args->critical_only != 0, .lease_ms = args->lease_ms,
		.deadline_us = decision->now_us + args->wait_ms * 1000,
		.fingerprint = command->fingerprint, .key = command->key, .actor = command->actor,
	};
	struct decision next;
	enum err err;

	ret_answer->err = machine_execute(machine, command, decision);
	if (ret_answer->err != OK)
		return true;
	parked.finished = decision->index;
	parked.swarm = state_find_swarm(decision->state, decision->actor);
	decision_init(&next, &machine->state, decision->now_us, SLICE_EMPTY, &machine->arena);
	err = try_next(machine, &parked, decision->now_us, &next, &ret_answer->body);
	decision_finish(&next);
	if (err == OK)
		return true;
	write_finished(machine, &parked, command, NULL, &ret_answer->body);
	machine_remember(machine, command, decision->now_us, buf_slice(&ret_answer->body));
	return args->wait_ms == 0 || err != ERR_NOTHING_READY ||
	       enter(machine, &parked, decision) != OK;
}

static bool submit_messages(struct machine *machine, const struct command *command,
			    struct decision *decision, uint64_t ticket,
			    struct machine_answer *ret_answer)
{
	const struct cmd_message_list *args = &command->args.message_list;
	struct parked parked = {
		.ticket = ticket, .type = COMMAND_MESSAGE_LIST, .board = INDEX_NONE,
		.limit = args->limit, .deadline_us = decision->now_us + args->wait_ms * 1000,
	};

	ret_answer->err = decision_swarm(decision, args->swarm, &parked.swarm);
	if (ret_answer->err != OK)
		return true;
	if (swarm_unread(state_swarm(&machine->state, parked.swarm))) {
		ret_answer->err = list_messages(machine, &parked, decision, &ret_answer->body);
		return true;
	}
	ret_answer->err = enter(machine, &parked, decision);
	return ret_answer->err != OK;
}

bool park_submit(struct machine *machine, const struct command *command, struct decision *decision,
		 uint64_t ticket, struct machine_answer *ret_answer)
{
	switch ((int)command->type) {
	case COMMAND_TASK_NEXT:
		return submit_next(machine, command, decision, ticket, ret_answer);
	case COMMAND_TASK_FINISH_AND_NEXT:
		return submit_finish(machine, command, decision, ticket, ret_answer);
	case COMMAND_MESSAGE_LIST:
		return submit_messages(machine, command, decision, ticket, ret_answer);
	default:
		BUG("a command that may wait");
	}
}
