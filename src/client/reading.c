#include "client/reading.h"

#define PATH_DEFAULT "/v1/events?follow=true"
#define LINE_BYTES_MAX (16 * 1024 * 1024)	/* an event has a megabyte at most */

static bool hand_over(struct reading *reading)
{
	struct ifab_event event = {
		.number = reading->number,
		.kind = buf_str(&reading->kind),
		.json = buf_str(&reading->data),
		.json_len = reading->data.len,
	};
	bool goes_on;

	/* An id alone says where the stream begins. */
	if (reading->number > 0)
		reading->stream->last_number = reading->number;
	if (reading->data.len == 0)
		return true;
	/* Why the daemon ends the stream: what would have been the answer at its beginning. */
	if (slice_is(buf_slice(&reading->kind), SLICE("error"))) {
		buf_clear(&reading->problem);
		buf_add_slice(&reading->problem, buf_slice(&reading->data));
		reading->has_failed = true;
		return false;
	}
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

		if (reading->line.len + reading->data.len + len > LINE_BYTES_MAX) {
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

/* What came in at once is handed over at once, and then the batch is said to be whole. */
static bool take_batch(struct reading *reading, struct slice bytes)
{
	struct ifab_stream *stream = reading->stream;
	bool had_news = reading->has_news;

	reading->has_news = false;
	if (!take_bytes(reading, bytes))
		return false;
	if (reading->has_news && stream->on_batch && !stream->on_batch(stream->context))
		return false;
	reading->has_news |= had_news;
	return true;
}

bool reading_take(void *context, int http_status, struct slice bytes)
{
	struct reading *reading = context;

	reading->heard_ms = client_now_ms();
	if (http_status == 200) {
		reading->is_connected = true;
		return take_batch(reading, bytes);
	}
	if (reading->problem.len + bytes.len <= LINE_BYTES_MAX)
		buf_add_slice(&reading->problem, bytes);
	return true;
}

bool reading_is_silent(const struct reading *reading)
{
	return client_now_ms() - reading->heard_ms > READING_SILENT_MS;
}

void reading_begin(struct reading *reading, struct transport_request *ret_request)
{
	struct ifab_stream *stream = reading->stream;
	int64_t after = stream->last_number > 0 ? stream->last_number : stream->after;

	*ret_request = (struct transport_request){
		.method = "GET",
		.path = stream->path ? stream->path : PATH_DEFAULT,
		.headers = { reading->client->actor_header.ptr, "Accept: text/event-stream" },
		.header_count = 2,
		.interrupt_fd = -1,
		.on_body = reading_take,
		.context = reading,
	};
	buf_clear(&reading->resume);
	if (after >= 0) {
		buf_add_lit(&reading->resume, "Last-Event-ID: ");
		buf_add_i64(&reading->resume, after);
		ret_request->headers[ret_request->header_count++] = buf_str(&reading->resume);
	}
	buf_clear(&reading->line);
	buf_clear(&reading->data);
	buf_clear(&reading->kind);
	buf_clear(&reading->problem);
	reading->number = 0;
	reading->heard_ms = client_now_ms();
	reading->is_connected = false;
	reading->has_news = false;
}

void reading_finish(struct reading *reading)
{
	buf_finish(&reading->line);
	buf_finish(&reading->data);
	buf_finish(&reading->kind);
	buf_finish(&reading->problem);
	buf_finish(&reading->resume);
}

bool reading_is_a_break(const struct reading *reading, enum transport_end end, int http_status)
{
	if (end == TRANSPORT_BROKEN)
		return true;
	if (end == TRANSPORT_UNREACHABLE)
		return reading->client->was_reached;
	return end == TRANSPORT_DONE && ((http_status == 200 && !reading->stream->has_end) ||
					 http_status == 503);
}

enum ifab_status reading_conclude(struct reading *reading, enum transport_end end, int http_status)
{
	struct ifab_client *client = reading->client;

	if (reading->is_over_limit)
		return client_refuse(client, ERR_LIMIT_EXCEEDED,
				     SLICE("an event is longer than 16 MiB"));
	if (reading->has_failed)
		return client_refuse_reply(client, 0, buf_slice(&reading->problem));
	if (end != TRANSPORT_DONE)
		return client_refuse_end(client, end);
	if (http_status != 200)
		return client_refuse_reply(client, http_status, buf_slice(&reading->problem));
	if (!reading->stream->has_end)
		return client_refuse(client, ERR_DAEMON_UNREACHABLE, SLICE("the stream ended"));
	return IFAB_OK;
}
