/*
 * pending - calls and streams that do not block, between their start and their end.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "client/reading.h"

#define NEVER INT64_MAX

struct ifab_pending {
	struct ifab_client *client;
	struct ifab_pending *next;
	struct exchange *exchange;	/* NULL: between two tries */
	struct transport_request wire;
	struct transport_answer answer;
	struct patience patience;
	int64_t time_limit_ms;		/* of one try; 0: none */
	int64_t due_ms;			/* monotonic: the next try, or the end of this one */
	ifab_end_fn *on_end;
	void *context;
	bool is_dropped;		/* from inside its own callback */
	bool is_busy;			/* its own callback runs */

	/* Of a call. */
	struct call_headers headers;
	struct buf path;
	struct buf sent;
	struct buf received;
	struct buf reason;

	/* Of a stream. */
	bool is_stream;
	int stream_status;		/* of the answer that `received` is part of */
	bool was_connected;		/* as on_tick was told */
	struct ifab_stream stream;
	struct reading reading;
};

static void pending_free(struct ifab_client *client, struct ifab_pending *pending)
{
	struct ifab_pending **link = &client->pending;

	exchange_drop(pending->exchange);
	while (*link != pending)
		link = &(*link)->next;
	*link = pending->next;
	buf_finish(&pending->path);
	buf_finish(&pending->sent);
	buf_finish(&pending->received);
	buf_finish(&pending->reason);
	reading_finish(&pending->reading);
	free(pending);
}

/* The alarm goes off for whichever comes first. */
static void set_alarm(struct ifab_client *client)
{
	int64_t due_ms = NEVER;

	for (struct ifab_pending *pending = client->pending; pending; pending = pending->next)
		if (pending->due_ms < due_ms)
			due_ms = pending->due_ms;
	transport_set_alarm(client->transport, due_ms == NEVER ? NEVER : due_ms * 1000);
}

/* The last callback; what was pending is gone after it. */
static void finish(struct ifab_client *client, struct ifab_pending *pending,
		   enum ifab_status status, int http_status)
{
	struct ifab_reply reply = { .http_status = http_status };

	if (http_status && !pending->is_stream) {
		reply.body = buf_str(&pending->received);
		reply.body_len = pending->received.len;
	}
	pending->is_busy = true;
	pending->on_end(pending->context, status, &reply);
	pending_free(client, pending);
}

static void on_exchange_end(void *context, enum transport_end end);

/* libcurl takes no calls from in here, so that what came is read when it has returned. */
static bool keep_bytes(void *context, int http_status, struct slice bytes)
{
	struct ifab_pending *pending = context;

	pending->stream_status = http_status;
	buf_add_slice(&pending->received, bytes);
	pending->due_ms = 0;
	return true;
}

static void try_now(struct ifab_pending *pending)
{
	struct ifab_client *client = pending->client;

	buf_clear(&pending->received);
	buf_clear(&pending->reason);
	if (pending->is_stream) {
		reading_begin(&pending->reading, &pending->wire);
		pending->wire.on_body = keep_bytes;
		pending->wire.context = pending;
	}
	pending->due_ms = pending->time_limit_ms ? client_now_ms() + pending->time_limit_ms : NEVER;
	pending->exchange = exchange_start(client->transport, &pending->wire, &pending->answer,
					   on_exchange_end, pending);
	/* Callbacks run in ifab_turn only, so the failure waits for it. */
	if (!pending->exchange)
		pending->due_ms = 0;
}

static bool is_to_be_tried_again(const struct ifab_pending *pending, enum transport_end end)
{
	int http_status = pending->answer.http_status;

	if (!patience_is_left(&pending->patience))
		return false;
	return pending->is_stream ? reading_is_a_break(&pending->reading, end, http_status) :
	       call_is_worth_another_try(pending->client, end, http_status,
					 buf_slice(&pending->received));
}

static void conclude(struct ifab_client *client, struct ifab_pending *pending,
		     enum transport_end end)
{
	int http_status = end == TRANSPORT_DONE ? pending->answer.http_status : 0;
	enum ifab_status status;

	buf_clear(&client->reason);
	buf_add_slice(&client->reason, buf_slice(&pending->reason));
	status = pending->is_stream ? reading_conclude(&pending->reading, end, http_status) :
		 call_conclude(client, end, http_status, buf_slice(&pending->received));
	finish(client, pending, status, http_status);
}

/* Says whether the connection is there, when that has changed. False: the stream is to end. */
static bool tell_connection(struct ifab_pending *pending)
{
	const struct ifab_stream *stream = &pending->stream;
	bool is_connected = pending->reading.is_connected && pending->exchange;
	bool goes_on = true;

	if (!pending->is_stream || is_connected == pending->was_connected)
		return true;
	pending->was_connected = is_connected;
	pending->is_busy = true;
	if (stream->on_tick)
		goes_on = stream->on_tick(stream->context, is_connected);
	pending->is_busy = false;
	return goes_on;
}

/* Reads what a stream has brought. False: that has ended the stream. */
static bool digest(struct ifab_client *client, struct ifab_pending *pending)
{
	bool goes_on;

	pending->due_ms = client_now_ms() + READING_SILENT_MS + 1;
	pending->is_busy = true;
	goes_on = reading_take(&pending->reading, pending->stream_status,
			       buf_slice(&pending->received));
	buf_clear(&pending->received);
	goes_on = goes_on && !pending->is_dropped && tell_connection(pending);
	pending->is_busy = false;
	if (goes_on && !pending->is_dropped)
		return true;
	if (pending->is_dropped)
		pending_free(client, pending);
	else
		conclude(client, pending, TRANSPORT_INTERRUPTED);
	return false;
}

static void end_try(struct ifab_client *client, struct ifab_pending *pending,
		    enum transport_end end)
{
	pending->exchange = NULL;
	client->was_reached |= end == TRANSPORT_DONE || end == TRANSPORT_BROKEN;
	if (pending->is_stream && pending->received.len && !digest(client, pending))
		return;
	if (pending->is_stream && (pending->reading.is_connected || pending->reading.has_news))
		pending->patience = patience_begin(client);
	if (!tell_connection(pending))
		end = TRANSPORT_INTERRUPTED;
	if (pending->is_dropped)
		pending_free(client, pending);
	else if (end != TRANSPORT_INTERRUPTED && is_to_be_tried_again(pending, end))
		pending->due_ms = client_now_ms() + patience_take(&pending->patience);
	else
		conclude(client, pending, end);
}

static void on_exchange_end(void *context, enum transport_end end)
{
	struct ifab_pending *pending = context;

	end_try(pending->client, pending, end);
}

/* What is due: bytes to be read, the next try, or the end of one that took too long. */
static void serve_due(struct ifab_client *client, struct ifab_pending *pending)
{
	if (pending->is_stream && pending->received.len) {
		digest(client, pending);
		return;
	}
	if (!pending->exchange && pending->due_ms) {
		try_now(pending);
		return;
	}
	if (!pending->exchange) {
		buf_add_lit(&pending->reason, "there is no memory or descriptor for a connection");
		conclude(client, pending, TRANSPORT_REFUSED);
		return;
	}
	exchange_drop(pending->exchange);
	pending->exchange = NULL;
	/* A stream that is silent is broken: the connection died without a word. */
	end_try(client, pending, pending->is_stream ? TRANSPORT_BROKEN : TRANSPORT_TIMEOUT);
}

int ifab_fd(struct ifab_client *client)
{
	return transport_fd(client->transport);
}

void ifab_turn(struct ifab_client *client)
{
	struct ifab_pending *pending;
	int64_t now_ms;

	transport_turn(client->transport);
	now_ms = client_now_ms();
	/* A callback may drop any of them, so each one that is served begins the search anew. */
	do {
		pending = client->pending;
		while (pending && pending->due_ms > now_ms)
			pending = pending->next;
		if (pending)
			serve_due(client, pending);
	} while (pending);
	set_alarm(client);
}

static struct ifab_pending *pending_create(struct ifab_client *client, ifab_end_fn *on_end,
					   void *context)
{
	struct ifab_pending *pending = alloc_zero(1, sizeof(*pending));

	pending->client = client;
	pending->on_end = on_end;
	pending->context = context;
	pending->answer = (struct transport_answer){
		.body = &pending->received, .reason = &pending->reason,
	};
	pending->patience = patience_begin(client);
	pending->next = client->pending;
	client->pending = pending;
	return pending;
}

struct ifab_pending *ifab_start(struct ifab_client *client, const char *name, const char *args_json,
				const char *idempotency_key, ifab_end_fn *on_end, void *context)
{
	struct ifab_request request;
	struct ifab_pending *pending;

	if (command_prepare(client, name, args_json, &request) != IFAB_OK)
		return NULL;
	pending = pending_create(client, on_end, context);
	request.idempotency_key = idempotency_key;
	if (!call_prepare(client, &request, &pending->headers, &pending->wire)) {
		pending_free(client, pending);
		return NULL;
	}
	buf_add_str(&pending->path, request.path);
	pending->wire.path = buf_str(&pending->path);
	if (pending->wire.body.ptr) {
		buf_add_slice(&pending->sent, pending->wire.body);
		pending->wire.body = slice_of(buf_str(&pending->sent), pending->sent.len);
	}
	pending->time_limit_ms = pending->wire.timeout_us / 1000;
	try_now(pending);
	set_alarm(client);
	return pending;
}

struct ifab_pending *ifab_follow(struct ifab_client *client, const struct ifab_stream *stream,
				 ifab_end_fn *on_end, void *context)
{
	struct ifab_pending *pending = pending_create(client, on_end, context);

	pending->is_stream = true;
	pending->stream = *stream;
	pending->stream.last_number = 0;
	if (stream->path) {
		buf_add_str(&pending->path, stream->path);
		pending->stream.path = buf_str(&pending->path);
	}
	pending->reading = (struct reading){ .client = client, .stream = &pending->stream };
	pending->time_limit_ms = READING_SILENT_MS;
	try_now(pending);
	set_alarm(client);
	return pending;
}

void ifab_drop(struct ifab_pending *pending)
{
	if (!pending)
		return;
	if (pending->is_busy)
		pending->is_dropped = true;
	else
		pending_free(pending->client, pending);
}

void pending_drop_all(struct ifab_client *client)
{
	for (struct ifab_pending *pending = client->pending, *next; pending; pending = next) {
		next = pending->next;
		pending_free(client, pending);
	}
}
