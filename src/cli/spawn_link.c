#include "cli/spawn_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/rfc3339.h"
#include "cli/print.h"
#include "cli/spawn_tell.h"
#include "fabric/limit.h"
#include "sys/clock.h"

#define HEARTBEAT_MS 15000
#define HEARTBEATS_A_LEASE 4		/* of a lease that is shorter than usual */
#define HEARTBEAT_LEAST_MS 20
#define ANSWER_IN_A_HURRY_US 1000000	/* "nothing ready" this early was not waited for */
#define RETRY_MS (1000LL * 60 * 60 * 24 * 365)	/* workers outlive a daemon that is away */

struct spawn_link {
	struct loop *loop;
	struct ifab_client *client;
	struct spawn_link_options options;
	const struct spawn_link_ops *ops;
	void *context;
	struct loop_fd *watched;
	struct loop_timer *beat_timer;
	struct loop_timer *ask_timer;
	struct loop_timer *leave_timer;
	struct ifab_pending *registering;
	struct ifab_pending *asking;
	struct ifab_pending *beating;
	struct ifab_pending *following;
	struct ifab_pending *leaving;
	struct spawn_tell *tell;
	struct buf args;
	struct buf path;
	int64_t asked_at_us;		/* wall clock, like the board's times */
	int64_t wanted_at_us;		/* of the first of the questions that went unanswered */
	int64_t ask_pause_us;
	int64_t beats;
	bool wants_task;
	bool is_registered;
	bool was_registered;
	bool is_connected;
};

static struct json_writer args_begin(struct spawn_link *link)
{
	struct json_writer json;

	buf_clear(&link->args);
	json = json_begin(&link->args);
	json_object(&json);
	json_put_text(&json, "swarm", link->options.swarm);
	return json;
}

static struct ifab_pending *start(struct spawn_link *link, const char *name, ifab_end_fn *on_end)
{
	return ifab_start(link->client, name, buf_str(&link->args), NULL, on_end, link);
}

/* ---- claims ---------------------------------------------------------------------------- */

void spawn_claim_finish(struct spawn_claim *claim)
{
	for (size_t i = 0; claim->run && claim->run[i]; i++)
		free((void *)(uintptr_t)claim->run[i]);
	free(claim->run);
	buf_finish(&claim->payload);
	buf_finish(&claim->token);
	buf_finish(&claim->json);
	*claim = (struct spawn_claim){ 0 };
}

static bool copy_id(char ret_id[IFAB_ID_SIZE], struct slice id)
{
	if (id.len == 0 || id.len >= IFAB_ID_SIZE)
		return false;
	memcpy(ret_id, id.ptr, id.len);
	ret_id[id.len] = '\0';
	return true;
}

static void read_run(const struct json_value *list, struct spawn_claim *claim)
{
	size_t count = json_count(list);
	struct slice word;

	if (count == 0)
		return;
	claim->run = alloc_zero(count + 1, sizeof(*claim->run));
	for (size_t i = 0; i < count; i++) {
		if (!json_get_text(json_at(list, i), &word))
			word = SLICE_EMPTY;
		claim->run[i] = alloc_copy(word.ptr, word.len);
	}
}

bool spawn_claim_read(const struct json_value *answer, struct spawn_claim *ret_claim)
{
	struct spawn_claim claim = { .fence = member_i64(answer, "fence") };

	if (claim.fence <= 0 || !copy_id(claim.board, member_text(answer, "board")) ||
	    !copy_id(claim.task, member_text(answer, "task")))
		return false;
	claim.attempt = member_i64(answer, "attempt");
	claim.limit_ms = member_i64(answer, "limit_ms");
	claim.has_cost_limit = json_get(answer, SLICE("max_cost_usd")) != NULL;
	claim.ready_at_us = member_time(answer, "ready_at");
	read_run(json_get(answer, SLICE("run")), &claim);
	if (!copy_id(claim.wasm, member_text(answer, "wasm")))
		claim.wasm[0] = '\0';
	if (json_get(answer, SLICE("payload")))
		json_dump(json_get(answer, SLICE("payload")), &claim.payload);
	buf_add_slice(&claim.token, member_text(answer, "token"));
	json_dump(answer, &claim.json);
	buf_add_byte(&claim.json, '\n');
	*ret_claim = claim;
	return true;
}

/* ---- registering ----------------------------------------------------------------------- */

static void beat(struct spawn_link *link);
static void follow(struct spawn_link *link);
static void ask(struct spawn_link *link);
static void begin(struct spawn_link *link);

static void refuse(struct spawn_link *link, enum ifab_status status)
{
	link->ops->on_refused(link->context, status);
}

static void on_left_behind(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct spawn_link *link = context;

	(void)reply;
	link->registering = NULL;
	if (status == IFAB_OK || status == IFAB_NOT_FOUND)
		begin(link);
	else
		refuse(link, status);
}

/* What an earlier supervisor of this name held is nobody's work: our heartbeats would keep it so. */
static bool gives_back(struct spawn_link *link, const struct ifab_reply *reply)
{
	struct json_value *root = spawn_parse(reply->body, reply->body_len);
	bool holds = json_count(json_get(root, SLICE("holds"))) > 0;
	struct json_writer json;

	json_free(root);
	if (!holds || link->was_registered || link->options.keeps_claims)
		return false;
	json = args_begin(link);
	json_put_str(&json, "reason", "its supervisor was started again");
	json_object_end(&json);
	link->registering = start(link, "swarm.leave", on_left_behind);
	return link->registering != NULL;
}

static void on_registered(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct spawn_link *link = context;
	bool is_first = !link->was_registered;

	link->registering = NULL;
	if (status != IFAB_OK && link->was_registered && spawn_is_passing(link->client, status)) {
		loop_timer_set(link->beat_timer, SPAWN_PAUSE_MOST_US);
		return;
	}
	if (status != IFAB_OK) {
		refuse(link, status);
		return;
	}
	if (gives_back(link, reply))
		return;
	link->is_registered = link->was_registered = true;
	/* From here on a daemon that is away is waited for. */
	ifab_set_retry(link->client, RETRY_MS);
	if (!link->following)
		follow(link);
	beat(link);
	if (is_first)
		link->ops->on_ready(link->context);
	ask(link);
}

static void begin(struct spawn_link *link)
{
	const struct spawn_link_options *options = &link->options;
	struct json_writer json;

	if (link->registering)
		return;
	json = args_begin(link);
	link->is_registered = false;
	if (options->capabilities.count)
		json_put_texts(&json, "capabilities", options->capabilities);
	json_put_i64(&json, "slots", options->slots);
	if (options->board.len) {
		json_key(&json, "boards");
		json_array(&json);
		json_text(&json, options->board);
		json_array_end(&json);
	}
	if (options->model.len)
		json_put_text(&json, "model", options->model);
	if (options->contract.len)
		json_put_text(&json, "contract", options->contract);
	json_object_end(&json);
	link->registering = start(link, "swarm.register", on_registered);
	if (!link->registering)
		refuse(link, ifab_last_error(link->client)->status);
}

/* ---- staying alive --------------------------------------------------------------------- */

static int64_t beat_us(const struct spawn_link *link)
{
	int64_t beat_ms = link->options.lease_ms / HEARTBEATS_A_LEASE;

	if (beat_ms > HEARTBEAT_MS)
		beat_ms = HEARTBEAT_MS;
	return (beat_ms < HEARTBEAT_LEAST_MS ? HEARTBEAT_LEAST_MS : beat_ms) * 1000;
}

static void tell_stop(struct spawn_link *link, const struct json_value *stop)
{
	link->ops->on_stop(link->context, member_text(stop, "board"), member_text(stop, "task"),
			   member_i64(stop, "fence"), member_text(stop, "reason"));
}

/* The event may have come while nobody heard it. */
static void tell_stops(struct spawn_link *link, const struct json_value *stops)
{
	for (size_t i = 0; i < json_count(stops); i++)
		tell_stop(link, json_at(stops, i));
}

static void on_beaten(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct spawn_link *link = context;
	struct json_value *root;

	link->beating = NULL;
	loop_timer_set(link->beat_timer, beat_us(link));
	if (status == IFAB_NOT_FOUND) {
		begin(link);
		return;
	}
	root = status == IFAB_OK ? spawn_parse(reply->body, reply->body_len) : NULL;
	if (root) {
		link->ops->on_holds(link->context, link->beats, json_get(root, SLICE("holds")));
		tell_stops(link, json_get(root, SLICE("stops")));
	}
	json_free(root);
}

static void beat(struct spawn_link *link)
{
	struct json_writer json;

	if (link->beating || link->leaving)
		return;
	json = args_begin(link);
	json_object_end(&json);
	link->beats++;
	link->beating = start(link, "swarm.heartbeat", on_beaten);
}

static void on_beat_time(void *context)
{
	struct spawn_link *link = context;

	if (link->is_registered && !link->following)
		follow(link);
	if (link->is_registered)
		beat(link);
	else
		begin(link);
}

int64_t spawn_link_beats(const struct spawn_link *link)
{
	return link->beats;
}

/* ---- asking for tasks ------------------------------------------------------------------ */

static void ask_later(struct spawn_link *link)
{
	loop_timer_set(link->ask_timer, link->ask_pause_us);
	link->ask_pause_us *= 2;
	if (link->ask_pause_us > SPAWN_PAUSE_MOST_US)
		link->ask_pause_us = SPAWN_PAUSE_MOST_US;
}

static bool ended_in_a_hurry(const struct spawn_link *link)
{
	return clock_wall_us() - link->asked_at_us < ANSWER_IN_A_HURRY_US;
}

static void take_claim(struct spawn_link *link, const struct ifab_reply *reply)
{
	struct json_value *root = spawn_parse(reply->body, reply->body_len);
	struct spawn_claim claim;
	bool is_claim = spawn_claim_read(root, &claim);

	json_free(root);
	if (!is_claim) {
		ask_later(link);
		return;
	}
	claim.wanted_at_us = link->wanted_at_us;
	link->wants_task = false;
	link->ops->on_claim(link->context, &claim);
}

static void on_asked(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct spawn_link *link = context;
	const char *code = ifab_last_error(link->client)->code;

	link->asking = NULL;
	if (status == IFAB_OK || (status == IFAB_NOTHING_READY && !ended_in_a_hurry(link)))
		link->ask_pause_us = SPAWN_PAUSE_FIRST_US;
	if (status == IFAB_OK)
		take_claim(link, reply);
	else if (status == IFAB_NOTHING_READY && !ended_in_a_hurry(link))
		ask(link);
	else if (status == IFAB_NOTHING_READY || spawn_is_passing(link->client, status) ||
		 strcmp(code, "slots_full") == 0)
		ask_later(link);
	else if (strcmp(code, "swarm_unknown") == 0)
		begin(link);
	else
		refuse(link, status);
}

static void ask(struct spawn_link *link)
{
	struct json_writer json;

	if (!link->wants_task || link->asking || !link->is_registered || link->leaving)
		return;
	json = args_begin(link);
	if (link->options.board.len)
		json_put_text(&json, "board", link->options.board);
	if (link->options.critical_only)
		json_put_bool(&json, "critical_only", true);
	json_put_i64(&json, "lease_ms", link->options.lease_ms);
	json_put_i64(&json, "wait_ms", LIMIT_WAIT_MOST_MS);
	json_object_end(&json);
	link->asked_at_us = clock_wall_us();
	link->asking = start(link, "task.next", on_asked);
	if (!link->asking)
		refuse(link, ifab_last_error(link->client)->status);
}

static void on_ask_time(void *context)
{
	ask(context);
}

void spawn_link_ask(struct spawn_link *link)
{
	if (!link->wants_task)
		link->wanted_at_us = clock_wall_us();
	link->wants_task = true;
	ask(link);
}

void spawn_link_stop_asking(struct spawn_link *link)
{
	link->wants_task = false;
	loop_timer_cancel(link->ask_timer);
	ifab_drop(link->asking);
	link->asking = NULL;
}

/* ---- hearing of claims that end -------------------------------------------------------- */

static bool ends_a_claim(struct slice kind)
{
	return slice_is(kind, SLICE("lease.lost")) || slice_is(kind, SLICE("task.cancelled")) ||
	       slice_is(kind, SLICE("task.released")) || slice_is(kind, SLICE("task.completed")) ||
	       slice_is(kind, SLICE("task.failed"));
}

static bool on_event(void *context, const struct ifab_event *event)
{
	struct spawn_link *link = context;
	struct slice kind = slice_of_str(event->kind);
	struct json_value *root;

	bool is_stop = slice_is(kind, SLICE("claim.stop_asked"));

	if (!is_stop && !ends_a_claim(kind))
		return true;
	root = spawn_parse(event->json, event->json_len);
	if (!root || !slice_is(member_text(root, "swarm"), link->options.swarm))
		goto out;
	if (is_stop)
		tell_stop(link, root);
	else
		link->ops->on_over(link->context, member_text(root, "board"),
				   member_text(root, "task"), member_i64(root, "fence"), kind,
				   member_text(root, "reason"));
out:
	json_free(root);
	return true;
}

static bool on_connection(void *context, bool is_connected)
{
	struct spawn_link *link = context;

	/* What happened in between may have been missed; the answer tells what is still held. */
	if (is_connected)
		beat(link);
	link->is_connected = is_connected;
	link->ops->on_connection(link->context, is_connected);
	return true;
}

/* Only a cursor that the daemon does not know, of a ledger that began anew, ends a stream for good. */
static void on_followed(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct spawn_link *link = context;

	(void)status;
	(void)reply;
	link->following = NULL;
	loop_timer_set(link->beat_timer, SPAWN_PAUSE_FIRST_US);
}

static void follow(struct spawn_link *link)
{
	struct ifab_stream stream = {
		.after = -1, .on_event = on_event, .on_tick = on_connection, .context = link,
	};

	buf_clear(&link->path);
	/* An id has nothing that a query would have to encode. */
	buf_add_lit(&link->path, "/v1/events?follow=true&swarm=");
	buf_add_slice(&link->path, link->options.swarm);
	stream.path = buf_str(&link->path);
	link->following = ifab_follow(link->client, &stream, on_followed, link);
}

/* ---- telling how it went --------------------------------------------------------------- */

static struct json_writer report_begin(struct buf *out, const struct spawn_claim *claim)
{
	struct json_writer json = json_begin(out);

	json_object(&json);
	json_put_str(&json, "board", claim->board);
	json_put_str(&json, "task", claim->task);
	json_put_i64(&json, "fence", claim->fence);
	return json;
}

void spawn_link_report(struct spawn_link *link, const struct spawn_claim *claim,
		       enum spawn_report report, struct slice reason, struct slice result,
		       struct slice evidence, void *about)
{
	static const char *const verbs[] = {
		[SPAWN_COMPLETE] = "task.complete",
		[SPAWN_COMPLETE_AND_NEXT] = "task.finish-and-next",
		[SPAWN_FAIL] = "task.fail",
		[SPAWN_RELEASE] = SPAWN_TELL_RELEASE,
		[SPAWN_RELEASE_LATER] = SPAWN_TELL_RELEASE,
	};
	bool is_complete = report == SPAWN_COMPLETE || report == SPAWN_COMPLETE_AND_NEXT;
	struct buf args = { 0 };
	struct json_writer json = report_begin(&args, claim);

	if (report == SPAWN_COMPLETE_AND_NEXT && link->options.critical_only)
		json_put_bool(&json, "critical_only", true);
	if (report == SPAWN_COMPLETE_AND_NEXT)
		json_put_i64(&json, "lease_ms", link->options.lease_ms);
	if (reason.len && !is_complete)
		json_put_text(&json, "reason", reason);
	if (result.len && is_complete)
		json_put_raw(&json, "result", result);
	if (evidence.len && (is_complete || report == SPAWN_FAIL))
		json_put_raw(&json, "evidence", evidence);
	if (report == SPAWN_RELEASE_LATER)
		json_put_i64(&json, "delay_ms", LIMIT_BACKOFF_FIRST_MS);
	json_object_end(&json);
	spawn_tell_add(link->tell, claim, verbs[report], &args, about);
}

/* Stands on record before what is told next. */
static void put_on_record(struct spawn_link *link, const struct spawn_claim *claim,
			  const char *verb, struct slice members)
{
	struct buf args = { 0 };
	struct json_writer json = report_begin(&args, claim);

	/* The claim may be over when it is told: then it is the swarm's. */
	json_put_text(&json, "swarm", link->options.swarm);
	json_members(&json, members);
	json_object_end(&json);
	spawn_tell_add(link->tell, claim, verb, &args, NULL);
}

void spawn_link_charge(struct spawn_link *link, const struct spawn_claim *claim,
		       struct slice members)
{
	put_on_record(link, claim, SPAWN_TELL_CHARGE, members);
}

void spawn_link_note_run(struct spawn_link *link, const struct spawn_claim *claim,
			 struct slice members)
{
	put_on_record(link, claim, SPAWN_TELL_RUN, members);
}

/* ---- leaving --------------------------------------------------------------------------- */

static void on_left(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct spawn_link *link = context;

	(void)reply;
	link->leaving = NULL;
	link->ops->on_left(link->context, status == IFAB_OK || status == IFAB_NOT_FOUND);
}

static void on_leave_time(void *context)
{
	struct spawn_link *link = context;

	ifab_drop(link->leaving);
	link->leaving = NULL;
	link->ops->on_left(link->context, false);
}

void spawn_link_leave(struct spawn_link *link, const char *reason, int64_t limit_us)
{
	struct json_writer json;

	spawn_link_stop_asking(link);
	loop_timer_cancel(link->beat_timer);
	json = args_begin(link);
	json_put_str(&json, "reason", reason);
	json_object_end(&json);
	loop_timer_set(link->leave_timer, limit_us);
	link->leaving = start(link, "swarm.leave", on_left);
}

/* ---- opening and closing --------------------------------------------------------------- */

static void on_ready(void *context, unsigned ready)
{
	struct spawn_link *link = context;

	(void)ready;
	ifab_turn(link->client);
}

struct spawn_link *spawn_link_open(struct loop *loop, struct ifab_client *client,
				   const struct spawn_link_options *options,
				   const struct spawn_link_ops *ops, void *context)
{
	struct spawn_link *link;
	int fd = ifab_fd(client);

	if (fd < 0)
		return NULL;
	link = alloc_zero(1, sizeof(*link));
	link->loop = loop;
	link->client = client;
	link->options = *options;
	link->ops = ops;
	link->context = context;
	link->ask_pause_us = SPAWN_PAUSE_FIRST_US;
	link->watched = loop_fd_open(loop, fd, on_ready, link);
	loop_fd_watch(link->watched, LOOP_READ);
	link->beat_timer = loop_timer_open(loop, on_beat_time, link);
	link->ask_timer = loop_timer_open(loop, on_ask_time, link);
	link->tell = spawn_tell_open(loop, client, ops, context);
	link->leave_timer = loop_timer_open(loop, on_leave_time, link);
	begin(link);
	return link;
}

void spawn_link_close(struct spawn_link *link)
{
	if (!link)
		return;
	spawn_tell_close(link->tell);
	ifab_drop(link->registering);
	ifab_drop(link->asking);
	ifab_drop(link->beating);
	ifab_drop(link->following);
	ifab_drop(link->leaving);
	loop_timer_close(link->beat_timer);
	loop_timer_close(link->ask_timer);
	loop_timer_close(link->leave_timer);
	loop_fd_close(link->watched);
	buf_finish(&link->args);
	buf_finish(&link->path);
	free(link);
}
