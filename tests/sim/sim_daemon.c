/*
 * A daemon as it runs for real: decide, append in batches, answer when
 * durable; after a failure, throw the machine away and build another one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "core/command_text.h"
#include "core/world.h"
#include "fabric/snapshot.h"
#include "sim/sim.h"
#include "witness/snapshot.h"

#define BATCH_BYTES 65536

static int64_t daemon_now(const struct sim *sim, const struct sim_daemon *daemon)
{
	return sim->now_us + daemon->skew_us;
}

void daemon_init(struct sim *sim, int number)
{
	sim->daemons[number] = (struct sim_daemon){ .number = number };
}

static void drop_held(struct sim_daemon *daemon)
{
	for (size_t i = 0; i < daemon->held.count; i++)
		buf_finish(&daemon->held.items[i].body);
	daemon->held.count = 0;
}

static void drop_machine(struct sim_daemon *daemon)
{
	if (daemon->has_machine) {
		machine_finish(&daemon->machine);
		ledger_close(&daemon->ledger);
	}
	daemon->has_machine = daemon->leads = false;
	buf_clear(&daemon->writing);
	daemon->writing_count = 0;
}

/* As if the process were gone: nobody hears of it. */
static void crash(struct sim_daemon *daemon)
{
	drop_held(daemon);
	drop_machine(daemon);
	daemon->up = false;
}

void daemon_finish(struct sim_daemon *daemon)
{
	crash(daemon);
	free(daemon->held.items);
	buf_finish(&daemon->writing);
}

struct sim_daemon *sim_leader(struct sim *sim)
{
	for (int i = 0; i < sim->daemon_count; i++)
		if (sim->daemons[i].up && sim->daemons[i].leads)
			return &sim->daemons[i];
	return NULL;
}

/* ---- answers ------------------------------------------------------------------------------- */

static void reply(struct sim *sim, struct sim_daemon *daemon, int client, uint64_t attempt,
		  enum err err, struct slice body)
{
	struct packet packet = { .is_reply = true, .daemon = daemon->number, .client = client,
				 .attempt = attempt, .err = err };

	buf_add_slice(&packet.body, body);
	sim_send(sim, packet);
}

static uint64_t batch_of_now(const struct sim_daemon *daemon)
{
	return daemon->machine.batch_count ? daemon->next_batch : daemon->next_batch - 1;
}

/* Sent when everything it stands on is durable. */
static void hold_reply(struct sim *sim, struct sim_daemon *daemon, uint64_t ticket, enum err err,
		       struct slice body)
{
	struct held held = { .client = (int)(ticket % SIM_CLIENTS), .attempt = ticket,
			     .batch = batch_of_now(daemon), .err = err };

	if (held.batch <= daemon->durable_batch) {
		reply(sim, daemon, held.client, ticket, err, body);
		return;
	}
	buf_add_slice(&held.body, body);
	daemon->held.items = alloc_grow(daemon->held.items, &daemon->held.capacity,
					daemon->held.count + 1, sizeof(held));
	daemon->held.items[daemon->held.count++] = held;
}

static void take_answers(struct sim *sim, struct sim_daemon *daemon)
{
	struct machine_answer answer;

	while (machine_pop_answer(&daemon->machine, &answer)) {
		hold_reply(sim, daemon, answer.ticket, answer.err, buf_slice(&answer.body));
		buf_finish(&answer.body);
	}
}

static void release_replies(struct sim *sim, struct sim_daemon *daemon)
{
	size_t kept = 0;

	for (size_t i = 0; i < daemon->held.count; i++) {
		struct held *held = &daemon->held.items[i];

		if (held->batch > daemon->durable_batch) {
			daemon->held.items[kept++] = *held;
			continue;
		}
		reply(sim, daemon, held->client, held->attempt, held->err, buf_slice(&held->body));
		buf_finish(&held->body);
	}
	daemon->held.count = kept;
}

/* What was decided ahead of the ledger is void, and those who wait for it are told. */
static void fall_back(struct sim *sim, struct sim_daemon *daemon, enum err err)
{
	for (size_t i = 0; i < daemon->held.count; i++)
		reply(sim, daemon, daemon->held.items[i].client, daemon->held.items[i].attempt, err,
		      SLICE_EMPTY);
	drop_held(daemon);
	while (daemon->machine.parked_count) {
		uint64_t ticket = machine_first_parked(&daemon->machine);

		machine_forget(&daemon->machine, ticket);
		reply(sim, daemon, (int)(ticket % SIM_CLIENTS), ticket, err, SLICE_EMPTY);
	}
	drop_machine(daemon);
}

/* ---- appending ----------------------------------------------------------------------------- */

static void take_batch(struct sim_daemon *daemon)
{
	buf_clear(&daemon->writing);
	buf_add_slice(&daemon->writing, machine_batch(&daemon->machine));
	daemon->writing_count = daemon->machine.batch_count;
	daemon->writing_at_us = daemon->machine.batch_at_us;
	machine_batch_taken(&daemon->machine);
	daemon->next_batch++;
}

static void append(struct sim *sim, struct sim_daemon *daemon)
{
	struct ledger_entry entry = {
		.body = buf_slice(&daemon->writing), .event_count = daemon->writing_count,
		.at_us = daemon->writing_at_us,
	};
	enum err err = ledger_append(&daemon->ledger, &entry, NULL);

	if (err != OK && sim_fault(sim, SIM_CRASH_IN_APPEND, 300000)) {
		crash(daemon);
		return;
	}
	if (err != OK) {
		fall_back(sim, daemon, err);
		return;
	}
	daemon->writing_count = 0;
	daemon->durable_batch++;
	if (sim_fault(sim, SIM_CRASH, 3000)) {
		crash(daemon);
		return;
	}
	release_replies(sim, daemon);
}

/* While a batch is being written the next one fills: both happen in steps of their own. */
static void write_step(struct sim *sim, struct sim_daemon *daemon)
{
	if (daemon->writing_count) {
		if (sim_chance_ppm(sim, 600000))
			append(sim, daemon);
		return;
	}
	if (daemon->machine.batch_count && sim_chance_ppm(sim, 700000))
		take_batch(daemon);
}

/* ---- starting, standing by, leading -------------------------------------------------------- */

static enum err take_state(void *context, struct slice bytes)
{
	buf_add_slice(context, bytes);
	return OK;
}

static enum err load_snapshot(struct machine *machine, struct bus *bus, uint64_t *ret_next_seq)
{
	struct snapshot_found found;
	struct buf bytes = { 0 };
	bool any;
	enum err err = snapshot_find(bus, UINT64_MAX, &any, &found, NULL);

	*ret_next_seq = 1;
	if (err != OK || !any)
		return err;
	err = snapshot_read_state(bus, &found, take_state, &bytes, NULL);
	if (err == OK)
		err = state_load(&machine->state, buf_slice(&bytes));
	if (err == OK && machine->state.last_event + 1 != found.chain.next_event)
		err = ERR_LEDGER_CORRUPT;
	*ret_next_seq = found.chain.seq + 1;
	buf_finish(&bytes);
	return err;
}

static enum err replay_record(void *context, const struct record *record)
{
	return machine_replay(context, record->body, record->at_us, record->first_event);
}

static enum err catch_up(struct machine *machine, struct ledger_reader *reader)
{
	struct bus_limit limit = { .records = 16, .bytes = 1 << 20 };
	uint64_t before;
	enum err err;

	do {
		before = reader->chain.seq;
		err = ledger_reader_next(reader, limit, replay_record, machine, NULL);
	} while (err == OK && reader->chain.seq > before);
	return err;
}

/* A machine from the newest snapshot and the records behind it. */
static enum err build(struct bus *bus, uint64_t hash_seed, struct machine *machine,
		      struct ledger_reader *reader)
{
	uint64_t next_seq;
	enum err err;

	machine_init(machine, hash_seed, SIM_BODY_BYTES_MAX);
	err = load_snapshot(machine, bus, &next_seq);
	if (err == OK)
		err = ledger_reader_begin(reader, bus, next_seq, NULL);
	if (err == OK)
		err = catch_up(machine, reader);
	if (err != OK)
		machine_finish(machine);
	return err;
}

static void start(struct sim *sim, struct sim_daemon *daemon)
{
	enum err err = sim->bus->ops->recover(sim->bus, NULL);

	if (err == OK)
		err = ledger_open(&daemon->ledger, sim->bus, NULL);
	if (err != OK) {
		ledger_close(&daemon->ledger);
		return;
	}
	err = build(sim->bus, random_next(&sim->random), &daemon->machine, &daemon->reader);
	if (err != OK) {
		ledger_close(&daemon->ledger);
		return;
	}
	sim->totals->replays++;
	daemon->up = daemon->has_machine = true;
	daemon->next_batch = daemon->durable_batch + 1;
}

static void lead(struct sim *sim, struct sim_daemon *daemon)
{
	enum err err = catch_up(&daemon->machine, &daemon->reader);

	ledger_close(&daemon->ledger);
	if (err == OK)
		err = ledger_open(&daemon->ledger, sim->bus, NULL);
	/* Somebody may have appended between the two. */
	if (err == OK && daemon->ledger.head.seq != daemon->reader.chain.seq)
		err = ERR_SEQ_CONFLICT;
	if (err != OK) {
		drop_machine(daemon);
		return;
	}
	SIM_ENSURE(sim, hash_is(&daemon->ledger.head.hash, &daemon->reader.chain.hash));
	SIM_ENSURE(sim, daemon->machine.state.last_event + 1 == daemon->ledger.head.next_event);
	ledger_begin_reign(&daemon->ledger);
	machine_begin_reign(&daemon->machine, daemon->ledger.epoch, SLICE("sim"),
			    daemon_now(sim, daemon));
	daemon->leads = true;
	daemon->next_batch = daemon->durable_batch + 1;
}

static void stand_by(struct sim *sim, struct sim_daemon *daemon)
{
	bool nobody_leads = sim_leader(sim) == NULL;

	if (catch_up(&daemon->machine, &daemon->reader) != OK) {
		drop_machine(daemon);
		daemon->up = false;
		return;
	}
	if (nobody_leads ? sim_chance_ppm(sim, 200000) : sim_fault(sim, SIM_TAKEOVER, 2000))
		lead(sim, daemon);
}

/* ---- snapshots ----------------------------------------------------------------------------- */

struct saving {
	struct snapshot_writer writer;
	enum err err;
};

static void save_piece(void *context, struct slice bytes)
{
	struct saving *saving = context;

	if (saving->err == OK)
		saving->err = snapshot_add(&saving->writer, bytes, NULL);
}

/* Only when the state is of a record: nothing was decided since. */
static void snapshot(struct sim *sim, struct sim_daemon *daemon)
{
	struct saving saving = { 0 };
	bool done = false;

	if (daemon->machine.batch_count || daemon->writing_count)
		return;
	saving.err = snapshot_begin(&saving.writer, sim->bus, &daemon->ledger.head, NULL);
	if (saving.err != OK)
		return;
	state_save(&daemon->machine.state, save_piece, &saving);
	if (saving.err == OK)
		saving.err = snapshot_seal(&saving.writer, NULL);
	while (saving.err == OK && !done)
		saving.err = snapshot_compare_step(&saving.writer, 4, &done, NULL);
	if (saving.err == OK)
		saving.err = snapshot_commit(&saving.writer, NULL);
	snapshot_finish(&saving.writer);
	sim->totals->snapshots += saving.err == OK;
}

static void trim(struct sim *sim, struct sim_daemon *daemon)
{
	bool more;

	/* The observer must have read what goes. */
	observer_look(sim);
	if (ledger_trim(&daemon->ledger, daemon->ledger.head.seq, 50, &more, NULL) == OK)
		sim->totals->trims++;
}

/* ---- steps --------------------------------------------------------------------------------- */

static void tick(struct sim *sim, struct sim_daemon *daemon)
{
	int64_t now_us = daemon_now(sim, daemon);
	int ticks = 0;

	while (machine_next_timer_us(&daemon->machine) <= now_us && ticks++ < 64 &&
	       machine_tick(&daemon->machine, now_us))
		;
	take_answers(sim, daemon);
}

void daemon_step(struct sim *sim, struct sim_daemon *daemon)
{
	if (!daemon->up || !daemon->has_machine) {
		if (sim_chance_ppm(sim, 150000))
			start(sim, daemon);
		return;
	}
	if (sim_fault(sim, SIM_CRASH, 3000)) {
		crash(daemon);
		return;
	}
	if (!daemon->leads) {
		stand_by(sim, daemon);
		return;
	}
	tick(sim, daemon);
	write_step(sim, daemon);
	if (daemon->leads && sim_chance_ppm(sim, 8000))
		snapshot(sim, daemon);
	if (daemon->leads && sim_chance_ppm(sim, 4000))
		trim(sim, daemon);
}

void daemon_take(struct sim *sim, struct sim_daemon *daemon, const struct packet *packet)
{
	static struct machine_answer answer;
	struct variables none = { .count = 0 };
	struct arena arena = { 0 };
	struct buf why = { 0 };
	struct command command;

	if (!daemon->up)
		return;
	if (!daemon->leads || !daemon->has_machine ||
	    daemon->machine.batch.len > BATCH_BYTES) {
		reply(sim, daemon, packet->client, packet->attempt, ERR_SHUTTING_DOWN, SLICE_EMPTY);
		return;
	}
	if (!command_of_text(slice_of_str(packet->line), &none, &arena, &command, &why))
		sim_fail(sim, "%s: %s", packet->line, buf_str(&why));
	command.actor = slice_of_str(sim->clients[packet->client].name);
	if (machine_submit(&daemon->machine, &command, daemon_now(sim, daemon), packet->attempt,
			   &answer))
		hold_reply(sim, daemon, packet->attempt, answer.err, buf_slice(&answer.body));
	take_answers(sim, daemon);
	arena_finish(&arena);
}

void daemon_disconnect(struct sim *sim, struct sim_daemon *daemon, uint64_t attempt)
{
	(void)sim;
	if (daemon->up && daemon->has_machine && daemon->leads)
		machine_forget(&daemon->machine, attempt);
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void compare(const struct sim *sim, const struct state *state, const char *what)
{
	struct buf ours = { 0 }, theirs = { 0 };

	state_check(state);
	state_bytes(state, &ours);
	state_bytes(&observer_machine(sim)->state, &theirs);
	if (!slice_is(buf_slice(&ours), buf_slice(&theirs)))
		sim_fail(sim, "%s is not what a full replay gives", what);
	buf_finish(&ours);
	buf_finish(&theirs);
}

void daemons_compare(struct sim *sim)
{
	struct ledger_reader reader;
	struct machine fresh;

	observer_look(sim);
	if (build(sim->engine, sim->seed, &fresh, &reader) != OK)
		sim_fail(sim, "%s", "snapshot and tail cannot be read");
	compare(sim, &fresh.state, "snapshot and tail");
	machine_finish(&fresh);
	for (int i = 0; i < sim->daemon_count; i++) {
		struct sim_daemon *daemon = &sim->daemons[i];

		if (!daemon->up || !daemon->has_machine)
			continue;
		state_check(&daemon->machine.state);
		/* A leader that was deposed or has undecided events is elsewhere, rightly. */
		if (daemon->machine.state.last_event ==
		    observer_machine(sim)->state.last_event && daemon->machine.batch_count == 0 &&
		    daemon->writing_count == 0)
			compare(sim, &daemon->machine.state, daemon->leads ? "the leader's state" :
									     "a follower's state");
	}
}
