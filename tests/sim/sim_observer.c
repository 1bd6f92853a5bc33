/*
 * Reads the engine behind all faults and keeps books of its own, from the
 * events alone: it asks nothing of the machine but to replay.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/sim.h"

#define TASKS_MAX 256
#define DEPS_MAX 8
#define KEYS_MAX 20000
#define WORDS_MAX 20000
#define CLAIMS_MAX 20000

struct seen_task {
	char board[16], task[16];
	char deps[DEPS_MAX][16];
	size_t dep_count;
	uint64_t live_fence;	/* 0: nobody has it */
	uint64_t last_fence;
	bool imported;
	bool done;
	bool ended;
};

/* What was answered under a key; finish-and-next that waited was answered twice. */
struct seen_key {
	char key[24];
	uint64_t bodies[2];
	size_t count;
};

struct seen_claim {
	uint64_t fence;
	char swarm[16];
	enum event_type ended;	/* 0: it lives */
};

struct observer {
	struct sim *sim;
	struct ledger_reader reader;
	struct machine machine;
	struct arena arena;
	struct seen_task tasks[TASKS_MAX];
	size_t task_count;
	struct seen_key keys[KEYS_MAX];
	size_t key_count;
	struct seen_claim claims[CLAIMS_MAX];	/* fences rise */
	size_t claim_count;
	uint64_t *words;	/* hashes of values and texts that are written once each; owned */
	size_t word_count, word_capacity;
	int64_t last_at_us;
};

void observer_create(struct sim *sim)
{
	struct observer *observer = alloc_zero(1, sizeof(*observer));

	observer->sim = sim;
	machine_init(&observer->machine, 12345, SIM_BODY_BYTES_MAX);
	SIM_ENSURE(sim, ledger_reader_begin(&observer->reader, sim->engine, 1, NULL) == OK);
	sim->observer = observer;
}

void observer_destroy(struct observer *observer)
{
	machine_finish(&observer->machine);
	arena_finish(&observer->arena);
	free(observer->words);
	free(observer);
}

const struct machine *observer_machine(const struct sim *sim)
{
	return &sim->observer->machine;
}

uint64_t observer_events(const struct sim *sim)
{
	return sim->observer->machine.state.last_event;
}

static void copy_name(char to[16], struct slice name)
{
	ENSURE(name.len < 16);
	memcpy(to, name.ptr, name.len);
	to[name.len] = '\0';
}

static struct seen_task *task_of(struct observer *observer, struct slice board, struct slice task)
{
	for (size_t i = 0; i < observer->task_count; i++)
		if (slice_is_str(board, observer->tasks[i].board) &&
		    slice_is_str(task, observer->tasks[i].task))
			return &observer->tasks[i];
	return NULL;
}

static struct seen_task *known_task(struct observer *observer, const struct event *event)
{
	struct seen_task *task = task_of(observer, event_text(event, "board"),
					 event_text(event, "task"));

	SIM_ENSURE(observer->sim, task != NULL);
	return task;
}

static void take_deps(struct observer *observer, struct seen_task *task,
		      const struct task_spec *spec)
{
	SIM_ENSURE(observer->sim, spec->deps.count <= DEPS_MAX);
	task->dep_count = spec->deps.count;
	for (size_t i = 0; i < spec->deps.count; i++)
		copy_name(task->deps[i], spec->deps.items[i]);
}

static void see_added(struct observer *observer, const struct event *event)
{
	const struct ev_task_added *of = &event->of.task_added;
	struct seen_task *task = &observer->tasks[observer->task_count];

	SIM_ENSURE(observer->sim, observer->task_count < TASKS_MAX);
	SIM_ENSURE(observer->sim, task_of(observer, of->board, of->task) == NULL);
	observer->task_count++;
	copy_name(task->board, of->board);
	copy_name(task->task, of->task);
	take_deps(observer, task, &event->spec);
}

/* One live claim at a time, tokens that rise, and nothing before what it depends on. */
static void see_claimed(struct observer *observer, const struct event *event)
{
	struct seen_task *task = known_task(observer, event);
	const struct sim *sim = observer->sim;

	SIM_ENSURE(sim, !task->ended);
	SIM_ENSURE(sim, task->live_fence == 0 || task->imported);
	SIM_ENSURE(sim, event->number > task->last_fence);
	for (size_t i = 0; i < task->dep_count; i++) {
		const struct seen_task *on = task_of(observer, slice_of_str(task->board),
						     slice_of_str(task->deps[i]));

		SIM_ENSURE(sim, on != NULL && on->done);
	}
	SIM_ENSURE(sim, observer->claim_count < CLAIMS_MAX);
	observer->claims[observer->claim_count].fence = event->number;
	copy_name(observer->claims[observer->claim_count++].swarm, event->of.task_claimed.swarm);
	task->live_fence = task->last_fence = event->number;
	task->imported = event->of.task_claimed.imported != 0;
}

static struct seen_claim *claim_of(struct observer *observer, uint64_t fence)
{
	for (size_t i = observer->claim_count; i-- > 0;)
		if (observer->claims[i].fence == fence)
			return &observer->claims[i];
	return NULL;
}

/* What a holder did carries the live token; what ends a claim ends the live one. */
static void see_holder(struct observer *observer, const struct event *event, uint64_t fence,
		       bool ends_claim)
{
	struct seen_task *task = known_task(observer, event);

	SIM_ENSURE(observer->sim, fence != 0 && fence == task->live_fence);
	if (ends_claim) {
		task->live_fence = 0;
		claim_of(observer, fence)->ended = event->type;
	}
}

static void see_end(struct observer *observer, const struct event *event, bool done)
{
	struct seen_task *task = known_task(observer, event);

	SIM_ENSURE(observer->sim, !task->ended && !task->done);
	task->ended = true;
	task->done = done;
	task->live_fence = 0;
}

static void see_word(struct observer *observer, struct slice word)
{
	uint64_t hash = hash_bytes(1, word.ptr, word.len);

	for (size_t i = 0; i < observer->word_count; i++)
		SIM_ENSURE(observer->sim, observer->words[i] != hash);
	SIM_ENSURE(observer->sim, observer->word_count < WORDS_MAX);
	observer->words = alloc_grow(observer->words, &observer->word_capacity,
				     observer->word_count + 1, sizeof(*observer->words));
	observer->words[observer->word_count++] = hash;
}

static struct seen_key *key_of(struct observer *observer, struct slice key)
{
	for (size_t i = observer->key_count; i-- > 0;)
		if (slice_is_str(key, observer->keys[i].key))
			return &observer->keys[i];
	return NULL;
}

/* Once for each key, and once more when finish-and-next got what it waited for. */
static void see_answered(struct observer *observer, const struct event *event)
{
	const struct ev_command_answered *of = &event->of.command_answered;
	struct seen_key *key = key_of(observer, of->key);

	if (!key) {
		SIM_ENSURE(observer->sim, observer->key_count < KEYS_MAX && of->key.len < 24);
		key = &observer->keys[observer->key_count++];
		memcpy(key->key, of->key.ptr, of->key.len);
	}
	SIM_ENSURE(observer->sim,
		   key->count == 0 || (key->count == 1 && slice_starts(of->answer,
								       SLICE("{\"completed\":"))));
	key->bodies[key->count++] = hash_bytes(2, of->answer.ptr, of->answer.len);
}

static void see(struct observer *observer, const struct event *event)
{
	uint64_t fence;

	SIM_ENSURE(observer->sim, event->at_us >= observer->last_at_us);
	observer->last_at_us = event->at_us;
	switch ((int)event->type) {
	case EVENT_TASK_ADDED:
		see_added(observer, event);
		break;
	case EVENT_TASK_CHANGED:
		take_deps(observer, known_task(observer, event), &event->spec);
		break;
	case EVENT_TASK_CLAIMED:
		see_claimed(observer, event);
		break;
	case EVENT_TASK_EXTENDED:
	case EVENT_TASK_PROGRESSED:
		see_holder(observer, event, (uint64_t)event->of.task_extended.fence, false);
		break;
	case EVENT_TASK_RELEASED:
		see_holder(observer, event, (uint64_t)event->of.task_released.fence, true);
		break;
	case EVENT_LEASE_LOST:
		see_holder(observer, event, (uint64_t)event->of.lease_lost.fence, true);
		known_task(observer, event)->ended = event->of.lease_lost.quarantined;
		break;
	case EVENT_TASK_FAILED:
		see_holder(observer, event, (uint64_t)event->of.task_failed.fence, true);
		known_task(observer, event)->ended = event->of.task_failed.quarantined;
		break;
	case EVENT_TASK_COMPLETED:
		fence = (uint64_t)event->of.task_completed.fence;
		see_holder(observer, event, fence, true);
		see_end(observer, event, true);
		break;
	case EVENT_TASK_CANCELLED:
		see_end(observer, event, false);
		break;
	case EVENT_TASK_RETRIED:
		known_task(observer, event)->ended = false;
		break;
	case EVENT_MESSAGE_SENT:
		see_word(observer, event->of.message_sent.body);
		break;
	case EVENT_NOTE_WRITTEN:
		see_word(observer, event->of.note_written.value);
		break;
	case EVENT_COMMAND_ANSWERED:
		see_answered(observer, event);
		break;
	default:
		break;
	}
}

static enum err see_record(void *context, const struct record *record)
{
	struct observer *observer = context;
	struct slice body = record->body;
	uint64_t number = record->first_event;
	struct event event;

	observer->sim->totals->records++;
	while (body.len) {
		arena_reset(&observer->arena);
		SIM_ENSURE(observer->sim, event_decode(&body, record->at_us, &observer->arena,
						       &event) == OK);
		event.number = number++;
		see(observer, &event);
	}
	SIM_ENSURE(observer->sim, number == record->first_event + record->event_count);
	SIM_ENSURE(observer->sim, machine_replay(&observer->machine, record->body, record->at_us,
						 record->first_event) == OK);
	return OK;
}

void observer_look(struct sim *sim)
{
	struct bus_limit limit = { .records = 64, .bytes = 1 << 20 };
	struct observer *observer = sim->observer;
	uint64_t before;

	/* The chain's rules are the reader's: hashes, epochs, times, numbers. */
	do {
		before = observer->reader.chain.seq;
		SIM_ENSURE(sim, ledger_reader_next(&observer->reader, limit, see_record, observer,
						   NULL) == OK);
	} while (observer->reader.chain.seq > before);
}

/* Only who holds the claim is told that it did something about it. */
static void holder_acknowledged(struct sim *sim, const struct sim_client *client)
{
	static const struct {
		const char *verb;
		enum event_type ended;
	} ends[] = {
		{ "task.complete", EVENT_TASK_COMPLETED },
		{ "task.finish-and-next", EVENT_TASK_COMPLETED },
		{ "task.release", EVENT_TASK_RELEASED },
		{ "task.fail", EVENT_TASK_FAILED },
	};
	const char *fence = strstr(client->line, " fence=");
	const struct seen_claim *claim;

	if (!fence)
		return;
	claim = claim_of(sim->observer, strtoull(fence + 7, NULL, 10));
	if (!claim || strcmp(claim->swarm, client->name) != 0)
		sim_fail(sim, "acknowledged without a claim: %s", client->line);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_starts(slice_of_str(client->line), slice_of_str(ends[i].verb)) &&
		    claim->ended != ends[i].ended)
			sim_fail(sim, "acknowledged with a stale token: %s", client->line);
}

void observer_acknowledged(struct sim *sim, const struct sim_client *client, struct slice body)
{
	ptrdiff_t at = slice_find(slice_of_str(client->line), SLICE(" #"));
	struct slice rest, key_text;
	const struct seen_key *key;
	uint64_t hash = hash_bytes(2, body.ptr, body.len);

	observer_look(sim);
	sim->totals->acknowledged++;
	holder_acknowledged(sim, client);
	if (at < 0)
		return;
	rest = slice_from(slice_of_str(client->line), (size_t)at + 2);
	key_text = slice_cut(&rest, ' ');
	key = key_of(sim->observer, key_text);
	if (!key)
		sim_fail(sim, "acknowledged and not in the ledger: %s", client->line);
	if (hash != key->bodies[0] && (key->count < 2 || hash != key->bodies[1]))
		sim_fail(sim, "acknowledged otherwise than recorded: %s\n%.*s", client->line,
			 (int)body.len, body.ptr);
}

bool observer_all_done(const struct sim *sim)
{
	const struct observer *observer = sim->observer;

	for (size_t i = 0; i < observer->task_count; i++)
		if (!observer->tasks[i].done)
			return false;
	return observer->task_count >= SIM_TASKS;
}
