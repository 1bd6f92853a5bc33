#include "daemon/daemon.h"
#include "fabric/snapshot.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/log.h"
#include "witness/reader.h"
#include "witness/snapshot.h"

#define RECOVER_RECORDS 1024
#define RECOVER_BYTES (4 << 20)

static enum err take_state(void *context, struct slice state)
{
	buf_add_slice(context, state);
	return OK;
}

/* Loads the newest snapshot that can be: a damaged or unreadable one falls back to the one before. */
static enum err load_snapshot(struct machine *machine, struct bus *bus, uint64_t *ret_next_seq,
			      struct buf *ret_detail)
{
	struct snapshot_found found;
	struct buf bytes = { 0 };
	bool any;
	enum err err = snapshot_find(bus, UINT64_MAX, &any, &found, ret_detail);

	*ret_next_seq = 1;
	if (err != OK || !any)
		return err;
	err = snapshot_read_state(bus, &found, take_state, &bytes, ret_detail);
	if (err == OK)
		err = state_load(&machine->state, buf_slice(&bytes));
	if (err == OK && machine->state.last_event + 1 != found.chain.next_event)
		err = ERR_LEDGER_CORRUPT;
	if (err == OK)
		*ret_next_seq = found.chain.seq + 1;
	else
		bus_detail(ret_detail, "the newest snapshot does not load");
	buf_finish(&bytes);
	return err;
}

struct replay {
	struct machine *machine;
	uint64_t to_seq;
};

/* What lies behind the last record is in doubt: it can be seen, and may not be there to stay. */
static enum err replay_record(void *context, const struct record *record)
{
	struct replay *replay = context;

	if (record->seq > replay->to_seq)
		return OK;
	return machine_replay(replay->machine, record->body, record->at_us, record->first_event);
}

static enum err replay(struct machine *machine, struct bus *bus, uint64_t from_seq,
		       uint64_t to_seq, struct buf *ret_detail)
{
	struct replay replay = { machine, to_seq };
	struct bus_limit limit = { RECOVER_RECORDS, RECOVER_BYTES };
	struct ledger_reader reader;
	uint64_t before;
	enum err err = ledger_reader_begin(&reader, bus, from_seq, ret_detail);

	do {
		before = reader.chain.seq;
		if (err == OK)
			err = ledger_reader_next(&reader, limit, replay_record, &replay, ret_detail);
	} while (err == OK && reader.chain.seq > before);
	if ((err == ERR_LEDGER_CORRUPT || err == ERR_LEDGER_TOO_NEW) && ret_detail &&
	    ret_detail->len == 0) {
		bus_detail(ret_detail, "an event of record ");
		buf_add_u64(ret_detail, reader.chain.seq + 1);
		bus_detail(ret_detail, err == ERR_LEDGER_CORRUPT ?
			   " does not follow from those before it" :
			   " is of a kind that this version does not know");
	}
	return err;
}

enum err recover_machine(struct machine *machine, struct bus *bus, uint64_t seed,
			 size_t body_bytes_max, bool use_snapshot, uint64_t to_seq,
			 uint64_t *ret_snapshot_event, struct buf *ret_detail)
{
	uint64_t next_seq = 1;
	enum err err = OK;

	machine_init(machine, seed, body_bytes_max);
	if (use_snapshot)
		err = load_snapshot(machine, bus, &next_seq, ret_detail);
	*ret_snapshot_event = machine->state.last_event;
	if (err == OK)
		err = replay(machine, bus, next_seq, to_seq, ret_detail);
	if (err != OK)
		machine_finish(machine);
	return err;
}

enum err daemon_recover(struct daemon *daemon, struct buf *ret_detail)
{
	int64_t begun_us = clock_mono_us();
	enum err err = recover_machine(&daemon->machine, daemon->bus, entropy_u64(),
				       ledger_body_bytes_max(&daemon->ledger) / 2, true,
				       daemon->ledger.head.seq, &daemon->snapshot_event,
				       ret_detail);

	if (err != OK) {
		/* An empty one, for as long as it takes to stop. */
		machine_init(&daemon->machine, 0, 0);
		return err;
	}
	daemon->durable = daemon->ledger.head;
	log_event(LOG_LEVEL_INFO, "daemon", "state is built",
		  LOG_FIELDS(log_i64("events", (int64_t)daemon->machine.state.last_event),
			     log_i64("snapshot_event", (int64_t)daemon->snapshot_event),
			     log_i64("tasks", daemon->machine.state.tasks.count),
			     log_i64("took_us", clock_mono_us() - begun_us)));
	return OK;
}
