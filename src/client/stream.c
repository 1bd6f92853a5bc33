/*
 * stream - server-sent events, resumed behind the last one when the connection breaks.
 */
#include "client/reading.h"

struct following {
	struct reading reading;
	bool is_silent;
};

static bool on_tick(void *context)
{
	struct following *following = context;
	struct ifab_stream *stream = following->reading.stream;

	if (reading_is_silent(&following->reading)) {
		following->is_silent = true;
		return false;
	}
	return !stream->on_tick || stream->on_tick(stream->context, following->reading.is_connected);
}

static bool on_body(void *context, int http_status, struct slice bytes)
{
	struct following *following = context;

	return reading_take(&following->reading, http_status, bytes);
}

static enum transport_end read_once(struct following *following, struct transport_answer *answer)
{
	struct ifab_client *client = following->reading.client;
	struct transport_request request;
	enum transport_end end;

	reading_begin(&following->reading, &request);
	request.interrupt_fd = client->interrupt_fd;
	request.on_body = on_body;
	request.on_tick = on_tick;
	request.context = following;
	following->is_silent = false;
	buf_clear(answer->reason);
	end = transport_run(client->transport, &request, answer);
	client->was_reached |= end == TRANSPORT_DONE || end == TRANSPORT_BROKEN;
	return following->is_silent ? TRANSPORT_BROKEN : end;
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
	struct following following = { .reading = { .client = client, .stream = stream } };
	struct reading *reading = &following.reading;
	struct transport_answer answer = { .body = NULL, .reason = &client->reason };
	struct patience patience = patience_begin(client);
	enum ifab_status status;
	enum transport_end end;

	stream->last_number = 0;
	for (;;) {
		end = read_once(&following, &answer);
		if (reading->has_news || reading->is_connected)
			patience = patience_begin(client);
		if (!reading_is_a_break(reading, end, answer.http_status) ||
		    !patience_is_left(&patience))
			break;
		if (!pause_between(reading, patience_take(&patience))) {
			end = TRANSPORT_INTERRUPTED;
			break;
		}
	}
	status = reading_conclude(reading, end, answer.http_status);
	reading_finish(reading);
	return status;
}
