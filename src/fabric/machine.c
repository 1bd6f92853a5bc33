#include "fabric/machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/problem.h"
#include "fabric/fold.h"
#include "fabric/park.h"
#include "fabric/view.h"

void machine_init(struct machine *machine, uint64_t hash_seed, size_t body_bytes_max)
{
	*machine = (struct machine){
		.body_bytes_max = body_bytes_max, .first_parked = INDEX_NONE,
		.last_parked = INDEX_NONE, .free_parked = INDEX_NONE,
	};
	state_init(&machine->state, hash_seed);
}

void machine_finish(struct machine *machine)
{
	struct machine_answer answer;

	while (machine_pop_answer(machine, &answer))
		buf_finish(&answer.body);
	park_finish(machine);
	if (machine->is_ranked)
		rank_finish(&machine->rank);
	state_finish(&machine->state);
	arena_finish(&machine->arena);
	buf_finish(&machine->batch);
	free(machine->answers);
	free(machine->waiting);
}

int64_t machine_time(struct machine *machine, int64_t now_us)
{
	if (now_us > NOW_US_MAX)
		now_us = NOW_US_MAX;
	if (now_us > machine->now_us)
		machine->now_us = now_us;
	if (machine->state.last_at_us > machine->now_us)
		machine->now_us = machine->state.last_at_us;
	return machine->now_us;
}

void machine_batch_taken(struct machine *machine)
{
	buf_clear(&machine->batch);
	machine->batch_count = 0;
}

/* Encodes events from `first` on behind the batch; false, and nothing changed, when they do not fit. */
static bool batch_add(struct machine *machine, const struct event *first)
{
	size_t before = machine->batch.len;
	uint32_t count = 0;

	if (machine->batch_count == 0) {
		machine->batch_at_us = first->at_us;
		machine->batch_first = first->number;
	}
	for (const struct event *event = first; event; event = event->next, count++)
		event_encode(event, machine->batch_at_us, &machine->batch);
	if (machine->batch.len - before > machine->body_bytes_max) {
		machine->batch.len = before;
		return false;
	}
	machine->batch_count += count;
	return true;
}

static void fold_all(struct machine *machine, const struct event *first)
{
	for (const struct event *event = first; event; event = event->next) {
		bool folded = fold_event(&machine->state, event);

		ENSURE(folded);
		park_note(machine, event);
	}
}

bool machine_commit(struct machine *machine, struct decision *decision)
{
	if (decision->dry_run || !decision->first)
		return true;
	if (!batch_add(machine, decision->first))
		return false;
	fold_all(machine, decision->first);
	return true;
}

void machine_write_problem(struct decision *decision, enum err err, struct buf *body)
{
	struct json_writer json;

	buf_clear(body);
	json = json_begin(body);
	problem_write(&json, err, buf_slice(&decision->detail), SLICE_EMPTY,
		      buf_slice(&decision->members));
}

/* What a command with a key was answered goes into the ledger with what it did. */
void machine_remember(struct machine *machine, const struct command *command, int64_t now_us,
		      struct slice body)
{
	struct decision decision;
	struct ev_command_answered *of;

	if (command->key.len == 0)
		return;
	decision_init(&decision, &machine->state, now_us, command->actor, &machine->arena);
	of = &decision_emit(&decision, EVENT_COMMAND_ANSWERED)->of.command_answered;
	of->key = command->key;
	of->fingerprint = (int64_t)command->fingerprint;
	of->code = slice_of_str(err_info(OK)->code);
	of->answer = body;
	if (batch_add(machine, decision.first))
		fold_all(machine, decision.first);
	decision_finish(&decision);
}

static enum err read_only(struct machine *machine, const struct command *command,
			  struct decision *decision, struct buf *body)
{
	struct json_writer json = json_begin(body);
	enum err err;

	(void)machine;
	json_object(&json);
	err = view_of(command->type)(decision, command, &json);
	if (err == OK)
		json_object_end(&json);
	return err;
}

/* What a refusal puts on record; when it does not fit, the refusal is the same. */
void machine_keep(struct machine *machine, struct decision *decision)
{
	if (decision->kept && !decision->dry_run && batch_add(machine, decision->first))
		fold_all(machine, decision->first);
}

enum err machine_execute(struct machine *machine, const struct command *command,
			 struct decision *decision)
{
	enum err err = decide_of(command->type)(decision, command);

	if (err != OK) {
		machine_keep(machine, decision);
		return err;
	}
	if (!machine_commit(machine, decision))
		return REFUSE(decision, ERR_LIMIT_EXCEEDED,
			      "what it would change is longer than {} bytes, the limit of one record",
			      decision_number(decision, (int64_t)machine->body_bytes_max));
	return OK;
}

static bool is_claim(enum command_type type)
{
	return type == COMMAND_TASK_CLAIM || type == COMMAND_TASK_NEXT ||
	       type == COMMAND_TASK_FINISH_AND_NEXT;
}

void machine_write_answer(const struct command *command, const struct decision *decision,
			  struct json_writer *json)
{
	json_object(json);
	if (is_claim(command->type) && decision->about == ABOUT_TASK) {
		const struct task *task = state_task(decision->state, view_index(decision));

		view_claim_credential(decision->state, view_index(decision), json);
		if (task->claim != INDEX_NONE)
			json_put_text(json, "swarm",
				      state_swarm(decision->state,
						  state_claim(decision->state, task->claim)
							  ->swarm)->id);
	}
	view_answer(decision, json);
	json_object_end(json);
}

static enum err write_only(struct machine *machine, const struct command *command,
			   struct decision *decision, struct buf *body)
{
	struct json_writer json = json_begin(body);
	enum err err = machine_execute(machine, command, decision);

	if (err != OK)
		return err;
	machine_write_answer(command, decision, &json);
	if (!decision->dry_run)
		machine_remember(machine, command, decision->now_us, buf_slice(body));
	return OK;
}

struct slice machine_command_id(const struct command *command,
				char space[MACHINE_COMMAND_ID_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t rest = command->fingerprint;

	if (command->key.len)
		return command->key;
	memcpy(space, "fp-", 3);
	for (int i = 18; i >= 3; i--, rest >>= 4)
		space[i] = digits[rest & 15];
	return slice_of(space, 19);
}

/* A key that was used: the same command gets its answer again, another one is refused. */
static bool answered_before(struct machine *machine, const struct command *command,
			    struct decision *decision, struct machine_answer *ret_answer)
{
	char space[MACHINE_COMMAND_ID_BYTES];
	const struct answer *answer;

	if (machine->state.quarantined.count &&
	    state_is_quarantined(&machine->state, machine_command_id(command, space))) {
		ret_answer->err = REFUSE(decision, ERR_COMMAND_QUARANTINED, "command {}",
					 machine_command_id(command, space));
		return true;
	}
	if (command->key.len == 0)
		return false;
	answer = state_find_answer(&machine->state, command->key);
	if (!answer)
		return false;
	if (answer->fingerprint != command->fingerprint) {
		ret_answer->err = REFUSE(decision, ERR_KEY_REUSED, "key {}", command->key);
		return true;
	}
	ret_answer->err = OK;
	buf_add_slice(&ret_answer->body, answer->body);
	return true;
}

bool machine_submit(struct machine *machine, const struct command *command, int64_t now_us,
		    uint64_t ticket, struct machine_answer *ret_answer)
{
	struct decision decision;
	bool answered = true;

	arena_reset(&machine->arena);
	decision_init(&decision, &machine->state, machine_time(machine, now_us), command->actor,
		      &machine->arena);
	buf_clear(&ret_answer->body);
	ret_answer->ticket = ticket;
	if (answered_before(machine, command, &decision, ret_answer))
		goto out;
	if (park_may_wait(command))
		answered = park_submit(machine, command, &decision, ticket, ret_answer);
	else if (view_of(command->type))
		ret_answer->err = read_only(machine, command, &decision, &ret_answer->body);
	else
		ret_answer->err = write_only(machine, command, &decision, &ret_answer->body);
	if (ret_answer->err == OK)
		park_serve(machine, decision.dry_run ? NULL : decision.first, decision.now_us);
out:
	if (answered && ret_answer->err != OK)
		machine_write_problem(&decision, ret_answer->err, &ret_answer->body);
	decision_finish(&decision);
	return answered;
}

bool machine_tick(struct machine *machine, int64_t now_us)
{
	struct decision decision;
	size_t taken;

	now_us = machine_time(machine, now_us);
	if (park_expire(machine, now_us))
		return true;
	arena_reset(&machine->arena);
	decision_init(&decision, &machine->state, now_us, SLICE_EMPTY, &machine->arena);
	taken = decide_tick(&decision, &machine->state);
	if (decision.first) {
		bool fits = machine_commit(machine, &decision);

		ENSURE(fits);
		park_serve(machine, decision.first, now_us);
	}
	decision_finish(&decision);
	return taken > 0;
}

int64_t machine_next_timer_us(const struct machine *machine)
{
	const struct heap_entry *timer = heap_first(&machine->state.timers);
	const struct heap_entry *deadline = heap_first(&machine->deadlines);
	int64_t first_us = timer ? timer->key : INT64_MAX;

	return deadline && deadline->key < first_us ? deadline->key : first_us;
}

static void commit_one(struct machine *machine, struct decision *decision)
{
	bool fits = machine_commit(machine, decision);

	ENSURE(fits);
	decision_finish(decision);
}

void machine_begin_reign(struct machine *machine, uint64_t epoch, struct slice version,
			 int64_t now_us)
{
	struct decision decision;

	arena_reset(&machine->arena);
	decision_init(&decision, &machine->state, machine_time(machine, now_us), SLICE_EMPTY,
		      &machine->arena);
	decision_emit(&decision, EVENT_REIGN_STARTED)->of.reign_started = (struct ev_reign_started){
		(int64_t)epoch,
		/* A ledger that begins has nobody to be patient with. */
		machine->state.last_event ? LIMIT_GRACE_MS : 0, version,
	};
	if (machine->state.feature_level < FEATURE_LEVEL)
		decision_emit(&decision, EVENT_FEATURE_RAISED)->of.feature_raised.level =
			FEATURE_LEVEL;
	commit_one(machine, &decision);
}

void machine_note_trim(struct machine *machine, uint64_t before, struct slice reason,
		       struct slice actor, int64_t now_us)
{
	struct decision decision;

	arena_reset(&machine->arena);
	decision_init(&decision, &machine->state, machine_time(machine, now_us), actor,
		      &machine->arena);
	decision_emit(&decision, EVENT_LEDGER_TRIMMED)->of.ledger_trimmed =
		(struct ev_ledger_trimmed){ (int64_t)before, reason };
	commit_one(machine, &decision);
}

void machine_note_delivery(struct machine *machine, uint32_t index, enum escalation_channel channel,
			   struct slice error, int64_t now_us)
{
	const struct escalation *escalation = state_escalation(&machine->state, index);
	uint32_t attempt = escalation->deliveries[channel].attempts + 1;
	struct decision decision;

	arena_reset(&machine->arena);
	now_us = machine_time(machine, now_us);
	decision_init(&decision, &machine->state, now_us, SLICE_EMPTY, &machine->arena);
	if (error.len)
		decision_emit(&decision, EVENT_ESCALATION_UNDELIVERED)->of.escalation_undelivered =
			(struct ev_escalation_undelivered){
				escalation->id, channel, error, attempt,
				now_us + task_backoff_ms(attempt, LIMIT_NOTIFY_FIRST_MS,
							 LIMIT_NOTIFY_MOST_MS, index) * 1000,
			};
	else
		decision_emit(&decision, EVENT_ESCALATION_DELIVERED)->of.escalation_delivered =
			(struct ev_escalation_delivered){ escalation->id, channel };
	commit_one(machine, &decision);
}

void machine_quarantine(struct machine *machine, struct slice key, int64_t now_us)
{
	struct decision decision;

	arena_reset(&machine->arena);
	decision_init(&decision, &machine->state, machine_time(machine, now_us), SLICE_EMPTY,
		      &machine->arena);
	decision_emit(&decision, EVENT_COMMAND_QUARANTINED)->of.command_quarantined =
		(struct ev_command_quarantined){ key, SLICE("it stopped the daemon twice") };
	commit_one(machine, &decision);
}

enum err machine_replay(struct machine *machine, struct slice body, int64_t at_us,
			uint64_t first_event)
{
	struct event event;

	if (first_event != machine->state.last_event + 1)
		return ERR_LEDGER_CORRUPT;
	while (body.len) {
		enum err err;

		arena_reset(&machine->arena);
		err = event_decode(&body, at_us, &machine->arena, &event);
		if (err != OK)
			return err;
		event.number = machine->state.last_event + 1;
		if (event.type == EVENT_FEATURE_RAISED &&
		    event.of.feature_raised.level > FEATURE_LEVEL)
			return ERR_LEDGER_TOO_NEW;
		if (!fold_event(&machine->state, &event))
			return ERR_LEDGER_CORRUPT;
	}
	/* Nobody waits while the past is told. */
	machine->state.ready.fresh_count = 0;
	return OK;
}
