/*
 * stream - server-sent events, resumed behind the last one when the connection breaks.
 */
#include <string.h>

#include "client/client.h"
#include "client/scan.h"

#define STREAM_PATH_DEFAULT "/v1/events?follow=true"
#define STREAM_LINE_BYTES_MAX (16 * 1024 * 1024)	/* an event has a megabyte at most */
#define STREAM_SILENT_MS 60000		/* the daemon says something every 15 s: four are missing */

struct reading {
	struct ifab_client *client;
	struct ifab_stream *stream;
	struct buf line;		/* that is not whole yet */
	struct buf data;		/* of the event that is not whole yet */
	struct buf kind;
	struct buf problem;		/* an answer that is not a stream */
	int64_t number;
	int64_t heard_ms;
	bool is_connected;
	bool is_silent;
	bool is_over_limit;
	bool has_news;			/* an event came since the last connect */
};

static bool hand_over(struct reading *reading)
{
	struct ifab_event event = {
		.number = reading->number,
		.kind = buf_str(&reading->kind),
		.json = buf_str(&reading->data),
		.json_len = reading->data.len,
	};
	bool goes_on;

	if (reading->data.len == 0)
		return true;
	if (reading->number > 0)
		reading->stream->last_number = reading->number;
	reading->has_news = true;
	goes_on = reading->stream->on_event(reading->stream->context, &event);
	buf_clear(&reading->data);
	buf_clear(&reading->kind);
	reading->number = 0;
	return goes_on;
}

/* One line without its end, as the standard for event streams says. */
static bool take_line(struct reading *reading, struct slice line)
{
	struct slice value = line;
	struct slice name;

	if (line.len == 0)
		return hand_over(reading);
	name = slice_cut(&value, ':');
	if (value.len && value.ptr[0] == ' ')
		value = slice_from(value, 1);
	if (slice_is(name, SLICE("data"))) {
		if (reading->data.len)
			buf_add_byte(&reading->data, '\n');
		buf_add_slice(&reading->data, value);
	} else if (slice_is(name, SLICE("event"))) {
		buf_clear(&reading->kind);
		buf_add_slice(&reading->kind, value);
	} else if (slice_is(name, SLICE("id"))) {
		if (!slice_to_i64(value, &reading->number))
			reading->number = 0;
	}
	return true;
}

static bool take_bytes(struct reading *reading, struct slice bytes)
{
	while (bytes.len) {
		ptrdiff_t end = slice_find_byte(bytes, '\n');
		size_t len = end < 0 ? bytes.len : (size_t)end;

		if (reading->line.len + reading->data.len + len > STREAM_LINE_BYTES_MAX) {
			reading->is_over_limit = true;
			return false;
		}
		buf_add(&reading->line, bytes.ptr, len);
		if (end < 0)
			return true;
		bytes = slice_from(bytes, len + 1);
		if (slice_ends(buf_slice(&reading->line), SLICE("\r")))
			reading->line.len--;
		if (!take_line(reading, buf_slice(&reading->line)))
			return false;
		buf_clear(&reading->line);
	}
	return true;
}

static bool on_body(void *context, int http_status, struct slice bytes)
{
	struct reading *reading = context;

	reading->heard_ms = client_now_ms();
	if (http_status == 200) {
		reading->is_connected = true;
		return take_bytes(reading, bytes);
	}
	if (reading->problem.len + bytes.len <= STREAM_LINE_BYTES_MAX)
		buf_add_slice(&reading->problem, bytes);
	return true;
}

static bool on_tick(void *context)
{
	struct reading *reading = context;
	struct ifab_stream *stream = reading->stream;

	if (client_now_ms() - reading->heard_ms > STREAM_SILENT_MS) {
		reading->is_silent = true;
		return false;
	}
	return !stream->on_tick || stream->on_tick(stream->context, reading->is_connected);
}

static enum transport_end read_once(struct reading *reading, struct transport_answer *answer)
{
	struct ifab_client *client = reading->client;
	struct ifab_stream *stream = reading->stream;
	int64_t after = stream->last_number > 0 ? stream->last_number : stream->after;
	struct buf resume = { 0 };
	enum transport_end end;
	struct transport_request request = {
		.method = "GET",
		.path = stream->path ? stream->path : STREAM_PATH_DEFAULT,
		.headers = { client->actor_header.ptr, "Accept: text/event-stream" },
		.header_count = 2,
		.interrupt_fd = client->interrupt_fd,
		.on_body = on_body,
		.on_tick = on_tick,
		.context = reading,
	};

	if (after >= 0) {
		buf_add_lit(&resume, "Last-Event-ID: ");
		buf_add_i64(&resume, after);
		request.headers[request.header_count++] = buf_str(&resume);
	}
	buf_clear(&reading->line);
	buf_clear(&reading->data);
	buf_clear(&reading->kind);
	buf_clear(&reading->problem);
	buf_clear(answer->reason);
	reading->number = 0;
	reading->heard_ms = client_now_ms();
	reading->is_connected = false;
	reading->is_silent = false;
	reading->has_news = false;
	end = transport_run(client->transport, &request, answer);
	client->was_reached |= end == TRANSPORT_DONE || end == TRANSPORT_BROKEN;
	buf_finish(&resume);
	return reading->is_silent ? TRANSPORT_BROKEN : end;
}

/* Whether what ended is to be opened again. */
static bool is_a_break(const struct reading *reading, enum transport_end end, int http_status)
{
	if (end == TRANSPORT_BROKEN)
		return true;
	if (end == TRANSPORT_UNREACHABLE)
		return reading->client->was_reached;
	return end == TRANSPORT_DONE && ((http_status == 200 && !reading->stream->has_end) ||
					 http_status == 503);
}

static bool pause_between(struct reading *reading, int64_t pause_ms)
{
	struct ifab_stream *stream = reading->stream;

	if (stream->on_tick && !stream->on_tick(stream->context, false))
		return false;
	return client_pause(reading->client, pause_ms);
}

enum ifab_status ifab_events(struct ifab_client *client, struct ifab_stream *stream)
{
	struct reading reading = { .client = client, .stream = stream };
	struct transport_answer answer = { .body = NULL, .reason = &client->reason };
	int64_t until_ms = client_now_ms() + client->retry_ms;
	int64_t pause_ms = CLIENT_BACKOFF_FIRST_MS;
	enum ifab_status status = IFAB_OK;
	enum transport_end end;

	stream->last_number = 0;
	for (;;) {
		end = read_once(&reading, &answer);
		if (reading.has_news || reading.is_connected) {
			until_ms = client_now_ms() + client->retry_ms;
			pause_ms = CLIENT_BACKOFF_FIRST_MS;
		}
		if (!is_a_break(&reading, end, answer.http_status) ||
		    client_now_ms() + pause_ms > until_ms)
			break;
		if (!pause_between(&reading, pause_ms)) {
			end = TRANSPORT_INTERRUPTED;
			break;
		}
		pause_ms = pause_ms * 2 < CLIENT_BACKOFF_MOST_MS ? pause_ms * 2 :
			   CLIENT_BACKOFF_MOST_MS;
	}
	if (reading.is_over_limit)
		status = client_refuse(client, ERR_LIMIT_EXCEEDED,
				       SLICE("an event is longer than 16 MiB"));
	else if (end != TRANSPORT_DONE)
		status = client_refuse_end(client, end);
	else if (answer.http_status != 200)
		status = client_refuse_reply(client, answer.http_status, buf_slice(&reading.problem));
	else if (!stream->has_end)
		status = client_refuse(client, ERR_DAEMON_UNREACHABLE, SLICE("the stream ended"));
	buf_finish(&reading.line);
	buf_finish(&reading.data);
	buf_finish(&reading.kind);
	buf_finish(&reading.problem);
	return status;
}
