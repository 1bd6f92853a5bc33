#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/problem.h"
#include "daemon/daemon.h"
#include "fabric/park.h"
#include "sys/clock.h"
#include "sys/log.h"

#define TICKS_A_TURN 64			/* timers served before requests get their turn again */
#define TIMER_US 1000			/* the finest that the loop's timers are */
#define REST_US 250000			/* without an append, before the store may tidy up */
#define PROBE_US 1000000		/* between two tries to write while writes are refused */

/* ---- answers ------------------------------------------------------------------------------- */

static struct held_reply *reply_at(const struct daemon *daemon, size_t place)
{
	return &daemon->replies[(daemon->reply_first + place) % daemon->reply_capacity];
}

static void grow_replies(struct daemon *daemon)
{
	size_t capacity = daemon->reply_capacity ? daemon->reply_capacity * 2 : 256;
	struct held_reply *grown = alloc_zero(capacity, sizeof(*grown));

	for (size_t i = 0; i < daemon->reply_capacity; i++)
		grown[i] = *reply_at(daemon, i);
	free(daemon->replies);
	daemon->replies = grown;
	daemon->reply_capacity = capacity;
	daemon->reply_first = 0;
}

static void send_reply(struct daemon *daemon, uint64_t exchange, enum err err, struct slice body)
{
	server_reply(daemon->server, exchange, err_info(err)->http_status,
		     err == OK ? "application/json" : PROBLEM_MEDIA_TYPE, SLICE_EMPTY, body);
}

uint64_t commit_batch(const struct daemon *daemon)
{
	return daemon->machine.batch_count ? daemon->next_batch : daemon->next_batch - 1;
}

void commit_reply(struct daemon *daemon, uint64_t exchange, enum err err, struct buf *body)
{
	uint64_t batch = commit_batch(daemon);
	struct held_reply *reply;
	struct buf spare;

	if (err == OK)
		token_fill(&daemon->tokens, &daemon->machine.state, daemon->machine.now_us, body);
	if (batch <= daemon->durable_batch) {
		send_reply(daemon, exchange, err, buf_slice(body));
		return;
	}
	if (daemon->reply_count == daemon->reply_capacity)
		grow_replies(daemon);
	reply = reply_at(daemon, daemon->reply_count++);
	/* Buffers go round: the one that the place had is the caller's next. */
	spare = reply->body;
	*reply = (struct held_reply){ exchange, batch, err, *body };
	*body = spare;
	buf_clear(body);
}

static void release_replies(struct daemon *daemon)
{
	while (daemon->reply_count) {
		struct held_reply *reply = reply_at(daemon, 0);

		if (reply->batch > daemon->durable_batch)
			break;
		send_reply(daemon, reply->exchange, reply->err, buf_slice(&reply->body));
		daemon->reply_first = (daemon->reply_first + 1) % daemon->reply_capacity;
		daemon->reply_count--;
	}
}

void commit_take_answers(struct daemon *daemon)
{
	struct machine_answer answer;

	while (machine_pop_answer(&daemon->machine, &answer)) {
		commit_reply(daemon, answer.ticket, answer.err, &answer.body);
		buf_finish(&answer.body);
	}
}

void commit_end_waits(struct daemon *daemon)
{
	while (daemon->machine.parked_count)
		machine_hurry(&daemon->machine, machine_first_parked(&daemon->machine),
			      daemon_now_us(daemon));
	commit_take_answers(daemon);
}

/* ---- failing ------------------------------------------------------------------------------- */

static void refuse_reply(struct daemon *daemon, uint64_t exchange, enum err err)
{
	server_reply_error(daemon->server, exchange, err, buf_slice(&daemon->health.detail),
			   SLICE_EMPTY);
}

/* Everybody whose answer stood on the record that failed, and those who waited in the machine. */
static void refuse_held(struct daemon *daemon, enum err err)
{
	while (daemon->reply_count) {
		refuse_reply(daemon, reply_at(daemon, 0)->exchange, err);
		daemon->reply_first = (daemon->reply_first + 1) % daemon->reply_capacity;
		daemon->reply_count--;
	}
	while (daemon->machine.parked_count) {
		uint64_t ticket = machine_first_parked(&daemon->machine);

		machine_forget(&daemon->machine, ticket);
		refuse_reply(daemon, ticket, err);
	}
}

static void set_health(struct daemon *daemon, enum err err, struct slice detail)
{
	if (err != OK && daemon->health.err == OK)
		daemon->health.since_us = clock_wall_us();
	if (err != OK)
		daemon->health.failures++;
	daemon->health.err = err;
	buf_clear(&daemon->health.detail);
	buf_add_slice(&daemon->health.detail, detail);
}

/* Nothing can be read either: there is no state to go on with. */
static void give_up(struct daemon *daemon, enum err err, struct slice detail)
{
	log_event(LOG_LEVEL_ERROR, "daemon", "the ledger cannot be read back; stopping",
		  LOG_FIELDS(log_err(err), log_text("detail", detail)));
	daemon->fatal = err;
	daemon->stopping = true;
	loop_stop(daemon->loop);
}

/* Somebody else has appended: what is kept is the ledger, and only a new reign may go on with it. */
static enum err catch_up(struct daemon *daemon, struct buf *detail)
{
	enum err err;

	ledger_close(&daemon->ledger);
	err = ledger_open(&daemon->ledger, daemon->bus, detail);
	if (err == OK)
		ledger_begin_reign(&daemon->ledger);
	return err;
}

/* The state again, from what is known to be kept. */
static enum err rebuild(struct daemon *daemon, bool catches_up, struct buf *detail)
{
	enum err err = OK;

	if (catches_up)
		err = catch_up(daemon, detail);
	if (err == OK) {
		machine_finish(&daemon->machine);
		err = daemon_recover(daemon, detail);
	}
	if (err == OK)
		notify_rebuilt(daemon);
	else
		give_up(daemon, err, buf_slice(detail));
	return err;
}

/*
 * What was decided ahead of the ledger is void. The state is built again
 * from what is known to be kept, so that reads go on; writes are refused
 * until one gets through.
 */
static void fall_back(struct daemon *daemon, enum err err)
{
	struct buf detail = { 0 };
	enum err rebuilt;

	log_event(LOG_LEVEL_ERROR, "ledger", "append failed; writes are refused",
		  LOG_FIELDS(log_err(err), log_text("detail", buf_slice(&daemon->append_detail))));
	set_health(daemon, err, buf_slice(&daemon->append_detail));
	refuse_held(daemon, err);
	rebuilt = rebuild(daemon, err == ERR_SEQ_CONFLICT, &detail);
	(void)rebuilt;	/* without a state we stop */
	buf_finish(&detail);
	daemon->durable_batch = daemon->next_batch - 1;
	daemon->batch_commands = 0;
	loop_timer_set(daemon->probe, PROBE_US);
}

/* ---- appending ----------------------------------------------------------------------------- */

static void append_job(void *context)
{
	struct daemon *daemon = context;
	struct ledger_entry entry = {
		.body = buf_slice(&daemon->writing),
		.event_count = daemon->writing_count,
		.at_us = daemon->writing_at_us,
		.at_once = daemon->append_at_once,
	};
	int64_t begun_us = clock_mono_us();

	buf_clear(&daemon->append_detail);
	daemon->append_err = ledger_append(&daemon->ledger, &entry, &daemon->append_detail);
	daemon->append_took_us = clock_mono_us() - begun_us;
}

static void note_time(struct daemon *daemon)
{
	pace_note(&daemon->pace, daemon->writing_commands, daemon->append_took_us);
	if (daemon->append_took_us > daemon->stats.append_us_max)
		daemon->stats.append_us_max = daemon->append_took_us;
}

static void appended(void *context)
{
	struct daemon *daemon = context;
	size_t held;

	if (daemon->append_err != OK) {
		fall_back(daemon, daemon->append_err);
		return;
	}
	daemon->durable = daemon->ledger.head;
	daemon->durable_batch++;
	daemon->stats.records++;
	daemon->stats.events += daemon->writing_count;
	commit_plan_rest(daemon);
	note_time(daemon);
	held = daemon->reply_count;
	release_replies(daemon);
	pace_answered(&daemon->pace, held - daemon->reply_count, daemon->batch_commands,
		      clock_mono_us());
	streams_publish(daemon, buf_slice(&daemon->writing), daemon->writing_at_us,
			daemon->writing_first);
}

static void take_batch(struct daemon *daemon)
{
	struct machine *machine = &daemon->machine;
	struct buf spare = daemon->writing;

	daemon->writing = machine->batch;
	daemon->writing_count = machine->batch_count;
	daemon->writing_at_us = machine->batch_at_us;
	daemon->writing_first = machine->batch_first;
	machine->batch = spare;
	machine_batch_taken(machine);
	daemon->next_batch++;
	daemon->writing_commands = daemon->batch_commands;
	daemon->batch_commands = 0;
}

static void append_here(struct daemon *daemon)
{
	daemon->append_at_once = true;
	append_job(daemon);
	daemon->append_at_once = false;
	/* Another process writes into the ledger's file: the thread waits for it. */
	if (daemon->append_err == ERR_STORAGE_BUSY)
		writer_start(daemon->writer, append_job, appended, daemon);
	else
		appended(daemon);
}

/* Returns how long it should wait for more commands; 0 when it did not. */
static int64_t start_append(struct daemon *daemon)
{
	int64_t wait_us = pace_gather_us(&daemon->pace, daemon->batch_commands, clock_mono_us());

	if (wait_us)
		return wait_us;
	take_batch(daemon);
	if (pace_is_quick(&daemon->pace))
		append_here(daemon);
	else
		writer_start(daemon->writer, append_job, appended, daemon);
	return 0;
}

void commit_now(struct daemon *daemon)
{
	writer_wait(daemon->writer);
	if (daemon->machine.batch_count == 0 || daemon->health.err != OK)
		return;
	take_batch(daemon);
	append_here(daemon);
	writer_wait(daemon->writer);
}

/*
 * While writes are refused time stands still for leases, as nothing could be
 * recorded. Who waits then waits for messages, and that ends in its time.
 */
static int64_t next_timer_us(const struct daemon *daemon)
{
	const struct heap_entry *wait = heap_first(&daemon->machine.deadlines);

	if (daemon->health.err == OK)
		return machine_next_timer_us(&daemon->machine);
	return wait ? wait->key : INT64_MAX;
}

static bool tick(struct daemon *daemon)
{
	int64_t now_us;
	int ticks = 0;
	bool more;

	if (next_timer_us(daemon) > (now_us = daemon_now_us(daemon)))
		return false;
	do {
		more = daemon->health.err == OK ? machine_tick(&daemon->machine, now_us) :
						  park_expire(&daemon->machine, now_us);
	} while (more && ++ticks < TICKS_A_TURN);
	commit_take_answers(daemon);
	return more;
}

/* For the machine's next timer, or for a record that waits for more commands (0: none does). */
static void set_timer(struct daemon *daemon, int64_t gather_us)
{
	int64_t next_us = next_timer_us(daemon);
	int64_t delay_us = gather_us;

	if (next_us != INT64_MAX) {
		delay_us = next_us - daemon_now_us(daemon);
		if (gather_us && gather_us < delay_us)
			delay_us = gather_us;
	} else if (!gather_us) {
		return;
	}
	loop_timer_set(daemon->timer, delay_us > 0 ? delay_us : 0);
}

bool commit_work(void *context)
{
	struct daemon *daemon = context;
	bool more = tick(daemon);
	int64_t gather_us = 0;

	notify_note(daemon);
	if (daemon->machine.batch_count && !writer_is_busy(daemon->writer) &&
	    daemon->health.err == OK)
		gather_us = start_append(daemon);
	/* Timers are as fine as a millisecond: a shorter wait is spent looking. */
	if (gather_us && gather_us < TIMER_US)
		more = true;
	release_replies(daemon);
	more = streams_work(daemon) || more;
	more = control_work(daemon) || more;
	more = snapshots_work(daemon) || more;
	trim_work(daemon);
	notify_work(daemon);
	set_timer(daemon, gather_us);
	return more;
}

/* ---- recovering ---------------------------------------------------------------------------- */

/* A record without events: it changes nothing and shows that the ledger can be written. */
static enum err write_mark(struct daemon *daemon)
{
	struct ledger_entry mark = { .at_us = daemon->machine.state.last_at_us, .at_once = true };

	buf_clear(&daemon->append_detail);
	if (mark.at_us < daemon->ledger.head.at_us)
		mark.at_us = daemon->ledger.head.at_us;
	return ledger_append(&daemon->ledger, &mark, &daemon->append_detail);
}

static enum err clear_doubt(struct daemon *daemon)
{
	bool kept = false;
	enum err err;

	if (!daemon->ledger.in_doubt)
		return OK;
	buf_clear(&daemon->append_detail);
	err = ledger_resolve(&daemon->ledger, &kept, &daemon->append_detail);
	if (err != OK && err != ERR_SEQ_CONFLICT)
		return err;
	/* While it was in doubt the state was that without it. */
	commit_end_waits(daemon);
	return rebuild(daemon, err == ERR_SEQ_CONFLICT, &daemon->append_detail);
}

void commit_probe(void *context)
{
	struct daemon *daemon = context;
	enum err err;

	if (daemon->health.err == OK || daemon->stopping)
		return;
	err = clear_doubt(daemon);
	if (err == OK)
		err = write_mark(daemon);
	if (err != OK) {
		set_health(daemon, err, buf_slice(&daemon->append_detail));
		loop_timer_set(daemon->probe, PROBE_US);
		return;
	}
	daemon->durable = daemon->ledger.head;
	/* Heartbeats were refused meanwhile: a new reign gives their leases a grace. */
	ledger_begin_reign(&daemon->ledger);
	machine_begin_reign(&daemon->machine, daemon->ledger.epoch, slice_of_str(IF_VERSION),
			    daemon_now_us(daemon));
	log_event(LOG_LEVEL_INFO, "ledger", "writes are taken again",
		  LOG_FIELDS(log_i64("refused_us", clock_wall_us() - daemon->health.since_us)));
	set_health(daemon, OK, SLICE_EMPTY);
}

/* ---- resting ------------------------------------------------------------------------------- */

static void rest_job(void *context)
{
	struct daemon *daemon = context;

	if (daemon->bus->ops->idle)
		daemon->bus->ops->idle(daemon->bus);
}

static void rested(void *context)
{
	(void)context;
}

/* When nothing was appended for a while, the store tidies up what an append would else pay for. */
void commit_rest(void *context)
{
	struct daemon *daemon = context;
	bool quiet = daemon->rest_records == daemon->stats.records;

	daemon->rest_records = daemon->stats.records;
	daemon->rest_is_set = false;
	if (quiet && !writer_is_busy(daemon->writer) && daemon->health.err == OK)
		writer_start(daemon->writer, rest_job, rested, daemon);
	else
		commit_plan_rest(daemon);
}

void commit_plan_rest(struct daemon *daemon)
{
	if (daemon->rest_is_set)
		return;
	daemon->rest_is_set = true;
	loop_timer_set(daemon->rest, REST_US);
}

void commit_finish(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->reply_capacity; i++)
		buf_finish(&daemon->replies[i].body);
	free(daemon->replies);
	buf_finish(&daemon->writing);
	buf_finish(&daemon->append_detail);
	buf_finish(&daemon->health.detail);
	buf_finish(&daemon->scratch.body);
}
