/*
 * Snapshots while work goes on: a copy of the process writes the state into
 * a pipe, and the writer puts what arrives into the ledger's store in its
 * free moments.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/daemon.h"
#include "fabric/snapshot.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "witness/snapshot.h"

#define SNAPSHOT_READ_BYTES (256 << 10)	/* one job of the writer */
#define SNAPSHOT_COMPARE_CHUNKS 4

struct snapshot_job {
	struct daemon *daemon;
	struct child child;
	struct loop_fd *watched;
	struct snapshot_writer writer;
	struct chain chain;
	uint64_t last_event;
	int64_t begun_us;
	char *bytes;
	size_t len;
	bool begun, sealed, compared, committed;
	bool readable, ended;
	enum err err;
	struct buf detail;
};

static void to_pipe(void *context, struct slice bytes)
{
	int *fd = context;

	if (*fd >= 0 && !child_write(*fd, bytes))
		*fd = -1;
}

static bool save(void *context, int fd)
{
	state_save(context, to_pipe, &fd);
	return fd >= 0;
}

static void snapshot_free(struct daemon *daemon)
{
	struct snapshot_job *job = daemon->snapshot;

	if (job->watched)
		loop_fd_close(job->watched);
	if (job->begun)
		snapshot_finish(&job->writer);
	child_finish(&job->child, true);
	buf_finish(&job->detail);
	free(job->bytes);
	free(job);
	daemon->snapshot = NULL;
}

/* Whoever asked for it learns what became of it. */
static void tell(struct daemon *daemon, enum err err, struct slice detail, int64_t event)
{
	struct buf body = { 0 };
	struct json_writer json = json_begin(&body);
	uint64_t exchange = daemon->snapshot_awaited;

	daemon->snapshot_awaited = 0;
	if (!exchange)
		return;
	if (err != OK) {
		server_reply_error(daemon->server, exchange, err, detail, SLICE_EMPTY);
		return;
	}
	json_object(&json);
	json_put_bool(&json, "kept", true);
	json_put_i64(&json, "event", event);
	json_object_end(&json);
	server_reply(daemon->server, exchange, 200, "application/json", SLICE_EMPTY,
		     buf_slice(&body));
	buf_finish(&body);
}

void snapshots_request(struct daemon *daemon, uint64_t exchange)
{
	if (daemon->snapshot_wanted)
		server_reply_error(daemon->server, exchange, ERR_STORAGE_BUSY,
				   SLICE("a snapshot was asked for already"), SLICE_EMPTY);
	else
		daemon->snapshot_wanted = exchange;
}

void snapshots_finish(struct daemon *daemon)
{
	if (daemon->snapshot)
		snapshot_free(daemon);
}

static void has_bytes(void *context, unsigned ready)
{
	struct snapshot_job *job = context;

	(void)ready;
	job->readable = true;
	loop_fd_watch(job->watched, 0);
}

static void start(struct daemon *daemon)
{
	struct snapshot_job *job;

	daemon->snapshot_awaited = daemon->snapshot_wanted;
	daemon->snapshot_wanted = 0;
	/* What is folded ahead of the ledger is not to be in it: everything is appended first. */
	commit_now(daemon);
	if (daemon->health.err != OK || daemon->machine.batch_count) {
		tell(daemon, ERR_STORAGE_IO, SLICE("the ledger cannot be written"), 0);
		return;
	}
	job = alloc_zero(1, sizeof(*job));
	*job = (struct snapshot_job){
		.daemon = daemon, .chain = daemon->durable,
		.last_event = daemon->machine.state.last_event,
		.begun_us = clock_mono_us(),
	};
	/* Tried again after as many events if it fails. */
	daemon->snapshot_event = job->last_event;
	if (child_start(save, &daemon->machine.state, &job->child) != OK) {
		log_event(LOG_LEVEL_WARN, "snapshot", "no process could be made", LOG_NO_FIELDS);
		tell(daemon, ERR_OS, SLICE("no process could be made"), 0);
		free(job);
		return;
	}
	job->bytes = alloc_resize(NULL, SNAPSHOT_READ_BYTES, 1);
	job->watched = loop_fd_open(daemon->loop, job->child.fd, has_bytes, job);
	loop_fd_watch(job->watched, LOOP_READ);
	daemon->snapshot = job;
}

/* In the writer's thread: one bounded step. */
static void step(void *context)
{
	struct snapshot_job *job = context;

	buf_clear(&job->detail);
	if (!job->begun) {
		job->err = snapshot_begin(&job->writer, job->daemon->bus, &job->chain, &job->detail);
		job->begun = job->err == OK;
	} else if (job->len) {
		job->err = snapshot_add(&job->writer, slice_of(job->bytes, job->len),
					&job->detail);
		job->len = 0;
	} else if (!job->sealed) {
		job->err = snapshot_seal(&job->writer, &job->detail);
		job->sealed = true;
	} else if (!job->compared) {
		job->err = snapshot_compare_step(&job->writer, SNAPSHOT_COMPARE_CHUNKS,
						 &job->compared, &job->detail);
	} else {
		job->err = snapshot_commit(&job->writer, &job->detail);
		job->committed = job->err == OK;
	}
}

static void stepped(void *context)
{
	struct snapshot_job *job = context;
	struct daemon *daemon = job->daemon;

	if (job->err != OK) {
		log_event(LOG_LEVEL_WARN, "snapshot", "not kept; the ledger is whole without it",
			  LOG_FIELDS(log_err(job->err), log_text("detail", buf_slice(&job->detail))));
		tell(daemon, job->err, buf_slice(&job->detail), 0);
		snapshot_free(daemon);
		return;
	}
	if (!job->committed)
		return;
	daemon->stats.snapshots++;
	log_event(LOG_LEVEL_INFO, "snapshot", "kept",
		  LOG_FIELDS(log_i64("event", (int64_t)job->last_event),
			     log_i64("bytes", (int64_t)job->writer.state_bytes),
			     log_i64("took_us", clock_mono_us() - job->begun_us)));
	tell(daemon, OK, SLICE_EMPTY, (int64_t)job->last_event);
	snapshot_free(daemon);
}

/* What the copy has written so far; false when there is nothing to do now. */
static bool take_bytes(struct snapshot_job *job)
{
	if (job->ended)
		return true;
	if (!job->readable)
		return false;
	job->err = child_read(&job->child, job->bytes, SNAPSHOT_READ_BYTES, &job->len, &job->ended);
	if (job->err == OK && !job->ended && job->len == 0) {
		job->readable = false;
		loop_fd_watch(job->watched, LOOP_READ);
		return false;
	}
	if (!job->ended)
		return true;
	loop_fd_close(job->watched);
	job->watched = NULL;
	return true;
}

/*
 * A large state takes long to write and little longer to replay half as many
 * events as it has tasks: then snapshots are further apart.
 */
static bool is_due(const struct daemon *daemon)
{
	const struct state *state = &daemon->machine.state;
	uint64_t apart = daemon->config.snapshot_events;

	if (apart < state->tasks.count / 2 && apart)
		apart = state->tasks.count / 2;
	return daemon->health.err == OK && apart &&
	       state->last_event >= daemon->snapshot_event + apart;
}

/* Work goes on by itself when the writer says that it is done, so no turn has to be hurried. */
bool snapshots_work(struct daemon *daemon)
{
	struct snapshot_job *job = daemon->snapshot;

	if (!job) {
		if ((is_due(daemon) || daemon->snapshot_wanted) && !daemon->stopping)
			start(daemon);
		job = daemon->snapshot;
	}
	if (!job || writer_is_busy(daemon->writer))
		return false;
	if (job->begun && !take_bytes(job))
		return false;
	writer_start(daemon->writer, step, stepped, job);
	return false;
}
