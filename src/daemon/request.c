/*
 * One request: from the route to the machine, and its answer to the queue.
 */
#include "api/bind.h"
#include "api/openapi.h"
#include "base/ensure.h"
#include "base/problem.h"
#include "daemon/daemon.h"
#include "fabric/view.h"

/* What clients are made from: no command, and the same for everybody. */
static bool is_description(const struct http_request *request)
{
	return slice_is(request->path, SLICE("/openapi.json")) &&
	       (slice_is(request->method, SLICE("GET")) ||
		slice_is(request->method, SLICE("HEAD")));
}

static void describe(struct daemon *daemon, uint64_t exchange)
{
	struct buf body = { 0 };

	openapi_write(slice_of_str(IF_VERSION), &body);
	server_reply(daemon->server, exchange, 200, "application/json", SLICE_EMPTY,
		     buf_slice(&body));
	buf_finish(&body);
}

static enum err on_headers(void *context, const struct http_request *request,
			   const struct server_peer *peer, struct http_admission *admission)
{
	struct daemon *daemon = context;

	(void)peer;
	if (is_description(request))
		return OK;
	return bind_admission(&daemon->router, request, admission);
}

/* Who called, when the request does not say: by user, or over TCP nobody in particular. */
static struct slice default_actor(struct daemon *daemon, const struct server_peer *peer)
{
	struct buf text = { 0 };
	struct slice actor;

	if (!peer->is_unix)
		return SLICE("tcp");
	buf_add_lit(&text, "uid-");
	buf_add_u64(&text, peer->uid);
	actor = arena_copy(&daemon->arena, buf_slice(&text));
	buf_finish(&text);
	return actor;
}

static void refuse(struct daemon *daemon, uint64_t exchange, enum err err)
{
	daemon->stats.refusals++;
	server_reply_error(daemon->server, exchange, err, buf_slice(&daemon->detail),
			   buf_slice(&daemon->members));
}

static void run_command(struct daemon *daemon, uint64_t exchange, const struct command *command)
{
	struct machine_answer *answer = &daemon->scratch;
	bool answered;

	if (daemon->machine.batch.len > daemon->machine.body_bytes_max)
		commit_now(daemon);
	daemon->stats.commands++;
	daemon->batch_commands++;
	flight_enter(&daemon->flight, command);
	answered = machine_submit(&daemon->machine, command, daemon_now_us(daemon), exchange,
				  answer);
	flight_leave(&daemon->flight);
	if (answered) {
		daemon->stats.refusals += answer->err != OK;
		commit_reply(daemon, exchange, answer->err, &answer->body);
	}
	commit_take_answers(daemon);
}

/* With the ledger out of order what would wait for a record is refused; reading goes on. */
static bool must_refuse(const struct daemon *daemon, const struct command *command)
{
	enum command_way way = command_table[command->type].way;

	return daemon->health.err != OK && way == WAY_WRITE;
}

static void on_request(void *context, uint64_t exchange, const struct http_request *request,
		       const struct server_peer *peer)
{
	struct daemon *daemon = context;
	struct route_match match;
	struct command command;
	enum err err;

	arena_reset(&daemon->arena);
	buf_clear(&daemon->detail);
	buf_clear(&daemon->members);
	if (is_description(request)) {
		describe(daemon, exchange);
		return;
	}
	err = route_find(&daemon->router, request->method, request->path, &match);
	if (err != OK) {
		refuse(daemon, exchange, err);
		return;
	}
	if (!match.info) {
		server_reply(daemon->server, exchange, 204, NULL, match.allow, SLICE_EMPTY);
		return;
	}
	err = bind_command(request, &match, &daemon->arena, &command, &daemon->detail,
			   &daemon->members);
	if (err == OK && command.type == COMMAND_CHASSIS_LOAD)
		err = ceiling_check(daemon, command.contract);
	if (err != OK) {
		refuse(daemon, exchange, err);
		return;
	}
	if (command.actor.len == 0)
		command.actor = default_actor(daemon, peer);
	if (must_refuse(daemon, &command)) {
		server_reply_error(daemon->server, exchange, daemon->health.err,
				   buf_slice(&daemon->health.detail), SLICE_EMPTY);
		return;
	}
	switch (match.info->way) {
	case WAY_WRITE:
	case WAY_READ:
		run_command(daemon, exchange, &command);
		break;
	case WAY_FEED:
		streams_open(daemon, exchange, request, &command);
		break;
	case WAY_DAEMON:
		control_request(daemon, exchange, &command);
		break;
	default:
		BUG("a command goes some way");
	}
}

static void on_closed(void *context, uint64_t exchange, void *attachment)
{
	struct daemon *daemon = context;

	if (attachment)
		streams_closed(daemon, attachment);
	machine_forget(&daemon->machine, exchange);
	control_closed(daemon, exchange);
}

/* Whoever sends no more and waits gets what there is. */
static void on_hangup(void *context, uint64_t exchange, void *attachment)
{
	struct daemon *daemon = context;

	if (attachment)
		return;
	machine_hurry(&daemon->machine, exchange, daemon_now_us(daemon));
	commit_take_answers(daemon);
}

static void on_drain(void *context, uint64_t exchange, void *attachment)
{
	(void)context;
	(void)exchange;
	if (attachment)
		streams_drained(attachment);
}

const struct server_ops request_ops = {
	.on_headers = on_headers,
	.on_request = on_request,
	.on_hangup = on_hangup,
	.on_closed = on_closed,
	.on_drain = on_drain,
};
