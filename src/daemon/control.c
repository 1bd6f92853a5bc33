/*
 * What the daemon itself answers: how it fares, and whether its ledger is whole.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/problem.h"
#include "daemon/daemon.h"
#include "fabric/view.h"
#include "sys/clock.h"
#include "witness/reader.h"

#define VERIFY_RECORDS 512		/* checked in one turn of the loop */
#define VERIFY_BYTES (1 << 20)

struct verify_job {
	struct verify_job *next;
	uint64_t exchange;
	struct ledger_verify verify;
};

static void put_hash(struct json_writer *json, const char *key, const struct hash *hash)
{
	struct buf hex = { 0 };

	buf_add_hex(&hex, hash->bytes, HASH_BYTES);
	json_put_text(json, key, buf_slice(&hex));
	buf_finish(&hex);
}

static void put_head(const struct daemon *daemon, struct json_writer *json)
{
	json_put_i64(json, "seq", (int64_t)daemon->durable.seq);
	put_hash(json, "hash", &daemon->durable.hash);
	json_put_i64(json, "epoch", (int64_t)daemon->durable.epoch);
	json_put_time(json, "at", daemon->durable.at_us);
	json_put_i64(json, "last_event", (int64_t)daemon->durable.next_event - 1);
}

static void put_health(const struct daemon *daemon, struct json_writer *json)
{
	const struct health *health = &daemon->health;

	json_put_str(json, "status", health->err == OK ? "ok" : "degraded");
	json_put_bool(json, "reads", true);
	json_put_bool(json, "writes", health->err == OK);
	if (health->err == OK)
		return;
	json_put_str(json, "code", err_info(health->err)->code);
	json_put_str(json, "title", err_info(health->err)->message);
	json_put_str(json, "hint", err_info(health->err)->hint);
	json_put_text(json, "detail", buf_slice(&health->detail));
	json_put_time(json, "since", health->since_us);
}

static void put_ledger(const struct daemon *daemon, struct json_writer *json)
{
	struct buf about = { 0 };

	json_key(json, "ledger");
	json_object(json);
	json_put_str(json, "engine", daemon->bus->ops->name);
	daemon->bus->ops->describe(daemon->bus, &about);
	json_put_text(json, "about", buf_slice(&about));
	put_head(daemon, json);
	json_put_i64(json, "snapshot_event", (int64_t)daemon->snapshot_event);
	json_object_end(json);
	buf_finish(&about);
}

static void put_work(const struct daemon *daemon, struct json_writer *json)
{
	const struct server_stats *server = server_stats(daemon->server);

	json_key(json, "work");
	json_object(json);
	json_put_i64(json, "connections", (int64_t)server_connection_count(daemon->server));
	json_put_i64(json, "requests", (int64_t)server->requests);
	json_put_i64(json, "commands", (int64_t)daemon->stats.commands);
	json_put_i64(json, "refusals", (int64_t)daemon->stats.refusals);
	json_put_i64(json, "records", (int64_t)daemon->stats.records);
	json_put_i64(json, "events", (int64_t)daemon->stats.events);
	json_put_i64(json, "snapshots", (int64_t)daemon->stats.snapshots);
	json_put_i64(json, "waiting", daemon->machine.parked_count);
	json_put_i64(json, "append_us", daemon->pace.append_us);
	json_put_i64(json, "append_us_max", daemon->stats.append_us_max);
	json_put_i64(json, "write_failures", (int64_t)daemon->health.failures);
	json_object_end(json);
}

static void answer(struct daemon *daemon, uint64_t exchange, int status, struct buf *body)
{
	server_reply(daemon->server, exchange, status, "application/json", SLICE_EMPTY,
		     buf_slice(body));
	buf_finish(body);
}

static void status(struct daemon *daemon, uint64_t exchange)
{
	struct buf body = { 0 };
	struct json_writer json = json_begin(&body);

	json_object(&json);
	put_health(daemon, &json);
	json_put_str(&json, "version", IF_VERSION);
	json_put_i64(&json, "pid", getpid());
	if (daemon->config.socket_path)
		json_put_str(&json, "socket", daemon->config.socket_path);
	if (server_tcp_port(daemon->server))
		json_put_i64(&json, "tcp_port", server_tcp_port(daemon->server));
	json_put_i64(&json, "uptime_ms", (clock_mono_us() - daemon->started_us) / 1000);
	view_counts(&daemon->machine.state, &json);
	notify_put(daemon, &json);
	put_ledger(daemon, &json);
	put_work(daemon, &json);
	json_object_end(&json);
	answer(daemon, exchange, 200, &body);
}

static void health(struct daemon *daemon, uint64_t exchange)
{
	struct buf body = { 0 };
	struct json_writer json = json_begin(&body);

	json_object(&json);
	put_health(daemon, &json);
	json_object_end(&json);
	answer(daemon, exchange, daemon->health.err == OK ? 200 : 503, &body);
}

static void head(struct daemon *daemon, uint64_t exchange)
{
	struct buf body = { 0 };
	struct json_writer json = json_begin(&body);

	json_object(&json);
	put_head(daemon, &json);
	json_object_end(&json);
	answer(daemon, exchange, 200, &body);
}

/* ---- credentials --------------------------------------------------------------------------- */

static void check_credential(struct daemon *daemon, uint64_t exchange,
			     const struct cmd_credential_check *args)
{
	struct buf body = { 0 };
	struct json_writer json = json_begin(&body);
	enum err err;

	json_object(&json);
	err = token_check(&daemon->tokens, &daemon->machine.state, daemon_now_us(daemon), args,
			  &json, &daemon->detail);
	json_object_end(&json);
	if (err == OK) {
		answer(daemon, exchange, 200, &body);
		return;
	}
	daemon->stats.refusals++;
	server_reply_error(daemon->server, exchange, err, buf_slice(&daemon->detail), SLICE_EMPTY);
	buf_finish(&body);
}

static void show_keys(struct daemon *daemon, uint64_t exchange)
{
	struct buf body = { 0 };
	struct json_writer json = json_begin(&body);

	json_object(&json);
	tokens_put_keys(&daemon->tokens, &json);
	json_object_end(&json);
	answer(daemon, exchange, 200, &body);
}

/* ---- verify -------------------------------------------------------------------------------- */

static void begin_verify(struct daemon *daemon, uint64_t exchange, struct slice head_hex)
{
	struct verify_job *job = alloc_zero(1, sizeof(*job));
	struct hash expected;
	enum err err = OK;

	job->exchange = exchange;
	if (head_hex.len && !hash_from_hex(head_hex, &expected)) {
		buf_add_lit(&daemon->detail, "argument head: is not 64 hexadecimal digits");
		err = ERR_ARGUMENT_TYPE;
	}
	if (err == OK)
		err = ledger_verify_begin(&job->verify, daemon->bus, 0, 0,
					  head_hex.len ? &expected : NULL, &daemon->detail);
	if (err != OK) {
		server_reply_error(daemon->server, exchange, err, buf_slice(&daemon->detail),
				   SLICE_EMPTY);
		free(job);
		return;
	}
	job->next = daemon->verifies;
	daemon->verifies = job;
}

static void answer_verified(struct daemon *daemon, const struct verify_job *job)
{
	const struct ledger_verify *verify = &job->verify;
	struct buf body = { 0 };
	struct json_writer json = json_begin(&body);

	json_object(&json);
	json_put_bool(&json, "ok", true);
	json_put_i64(&json, "records", (int64_t)verify->records);
	json_put_i64(&json, "events", (int64_t)verify->events);
	json_put_i64(&json, "bytes", (int64_t)verify->bytes);
	json_put_i64(&json, "seq", (int64_t)verify->reader.chain.seq);
	put_hash(&json, "hash", &verify->reader.chain.hash);
	json_object_end(&json);
	answer(daemon, job->exchange, 200, &body);
}

static void answer_flawed(struct daemon *daemon, const struct verify_job *job, enum err err)
{
	struct buf members = { 0 };
	struct json_writer json = json_begin(&members);

	json_put_bool(&json, "ok", false);
	json_put_i64(&json, "record", (int64_t)job->verify.reader.finding.seq);
	json_put_i64(&json, "records", (int64_t)job->verify.records);
	server_reply_error(daemon->server, job->exchange, err, buf_slice(&daemon->detail),
			   buf_slice(&members));
	buf_finish(&members);
}

/* A slice of each; true while there is one that is not finished. */
bool control_work(struct daemon *daemon)
{
	struct verify_job **place = &daemon->verifies;

	while (*place) {
		struct bus_limit limit = { VERIFY_RECORDS, VERIFY_BYTES };
		struct verify_job *job = *place;
		bool done = false;
		enum err err;

		buf_clear(&daemon->detail);
		err = ledger_verify_step(&job->verify, limit, &done, &daemon->detail);
		if (err == OK && !done) {
			place = &job->next;
			continue;
		}
		if (err == OK)
			answer_verified(daemon, job);
		else
			answer_flawed(daemon, job, err);
		*place = job->next;
		free(job);
	}
	return daemon->verifies != NULL;
}

void control_closed(struct daemon *daemon, uint64_t exchange)
{
	for (struct verify_job **place = &daemon->verifies; *place; place = &(*place)->next) {
		struct verify_job *job = *place;

		if (job->exchange != exchange)
			continue;
		*place = job->next;
		free(job);
		return;
	}
}

void control_finish(struct daemon *daemon)
{
	while (daemon->verifies)
		control_closed(daemon, daemon->verifies->exchange);
}

void control_request(struct daemon *daemon, uint64_t exchange, const struct command *command)
{
	switch ((int)command->type) {
	case COMMAND_COORDINATOR_STATUS:
		status(daemon, exchange);
		break;
	case COMMAND_COORDINATOR_HEALTH:
		health(daemon, exchange);
		break;
	case COMMAND_WITNESS_HEAD:
		head(daemon, exchange);
		break;
	case COMMAND_CREDENTIAL_CHECK:
		check_credential(daemon, exchange, &command->args.credential_check);
		break;
	case COMMAND_CREDENTIAL_KEYS:
		show_keys(daemon, exchange);
		break;
	case COMMAND_WITNESS_SNAPSHOT:
		snapshots_request(daemon, exchange);
		break;
	case COMMAND_WITNESS_TRIM:
		trim_request(daemon, exchange, command);
		break;
	case COMMAND_WITNESS_VERIFY:
		begin_verify(daemon, exchange, command->args.witness_verify.head);
		break;
	default:
		BUG("a command of the daemon");
	}
}
