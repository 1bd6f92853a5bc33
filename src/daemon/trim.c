/*
 * Removing old records, a stretch at a time between appends. Only what the
 * older of two kept snapshots holds can go; the chain's anchor stays, so
 * that what is left still verifies.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/daemon.h"
#include "sys/log.h"
#include "witness/reader.h"

#define TRIM_RECORDS 2000	/* one stretch: some ten milliseconds of the writer */

struct trim_job {
	struct daemon *daemon;
	uint64_t exchange;
	uint64_t before_seq;
	bool more;
	enum err err;
	struct buf detail;
};

static void trim_free(struct daemon *daemon)
{
	buf_finish(&daemon->trim->detail);
	free(daemon->trim);
	daemon->trim = NULL;
}

void trim_finish(struct daemon *daemon)
{
	if (daemon->trim)
		trim_free(daemon);
}

static void answer(struct daemon *daemon, const struct trim_job *job)
{
	struct bus_head head = { 0 };
	struct buf body = { 0 };
	struct json_writer json = json_begin(&body);

	if (job->err != OK || daemon->bus->ops->head(daemon->bus, &head, NULL) != OK) {
		server_reply_error(daemon->server, job->exchange,
				   job->err != OK ? job->err : ERR_STORAGE_IO,
				   buf_slice(&job->detail), SLICE_EMPTY);
		return;
	}
	json_object(&json);
	json_put_i64(&json, "first_record", (int64_t)head.first_seq);
	json_put_i64(&json, "last_record", (int64_t)head.last_seq);
	json_put_bool(&json, "all_that_was_asked", head.first_seq >= job->before_seq);
	json_object_end(&json);
	server_reply(daemon->server, job->exchange, 200, "application/json", SLICE_EMPTY,
		     buf_slice(&body));
	buf_finish(&body);
}

static void trim_stretch(void *context)
{
	struct trim_job *job = context;

	job->err = ledger_trim(&job->daemon->ledger, job->before_seq, TRIM_RECORDS, &job->more,
			       &job->detail);
}

static void trimmed(void *context)
{
	struct trim_job *job = context;
	struct daemon *daemon = job->daemon;

	if (job->err == OK && job->more)
		return;
	if (job->err != OK)
		log_event(LOG_LEVEL_WARN, "ledger", "trim failed",
			  LOG_FIELDS(log_err(job->err), log_text("detail", buf_slice(&job->detail))));
	answer(daemon, job);
	trim_free(daemon);
}

/* Appends go first: a stretch begins only when the writer has nothing else to do. */
void trim_work(struct daemon *daemon)
{
	if (daemon->trim && !writer_is_busy(daemon->writer) && daemon->machine.batch_count == 0)
		writer_start(daemon->writer, trim_stretch, trimmed, daemon->trim);
}

static enum err find_record(struct daemon *daemon, uint64_t before, uint64_t *ret_seq)
{
	if (before >= daemon->durable.next_event) {
		buf_add_lit(&daemon->detail, "the last event is ");
		buf_add_u64(&daemon->detail, daemon->durable.next_event - 1);
		return ERR_CURSOR_AHEAD;
	}
	return ledger_find_event(daemon->bus, before, ret_seq, &daemon->detail);
}

void trim_request(struct daemon *daemon, uint64_t exchange, const struct command *command)
{
	const struct cmd_witness_trim *args = &command->args.witness_trim;
	uint64_t before_seq = 0;
	enum err err = daemon->health.err;

	if (err == OK && daemon->trim) {
		buf_add_lit(&daemon->detail, "records are being removed already");
		err = ERR_STORAGE_BUSY;
	}
	if (err == OK)
		err = find_record(daemon, (uint64_t)args->before, &before_seq);
	if (err != OK) {
		server_reply_error(daemon->server, exchange, err, buf_slice(&daemon->detail),
				   SLICE_EMPTY);
		return;
	}
	machine_note_trim(&daemon->machine, (uint64_t)args->before, args->reason, command->actor,
			  daemon_now_us(daemon));
	daemon->trim = alloc_zero(1, sizeof(*daemon->trim));
	*daemon->trim = (struct trim_job){
		.daemon = daemon, .exchange = exchange, .before_seq = before_seq,
	};
}
