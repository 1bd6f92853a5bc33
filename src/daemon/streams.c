/*
 * Streams of events: from wherever the reader wants to begin, out of the
 * ledger, and then as they happen.
 *
 * A stream that has caught up is live: each durable record is shown to it
 * at once, rendered once for all readers of the same form. One whose reader
 * is slower than the events falls back to reading the ledger.
 */
#include <stdlib.h>

#include "api/feed.h"
#include "base/alloc.h"
#include "base/ensure.h"
#include "base/problem.h"
#include "daemon/daemon.h"
#include "witness/reader.h"

#define STREAM_RECORDS 256		/* read for one stream in one turn of the loop */
#define STREAM_BYTES (256 << 10)

enum form { FORM_SSE, FORM_NDJSON, FORM_CSV, FORM_COUNT };

struct stream {
	struct stream *next, *previous;
	uint64_t exchange;
	struct feed_filter filter;
	struct slice owned[6];		/* the filter's texts */
	enum form form;
	bool follow;
	bool is_trace;
	bool live;
	bool from_oldest;		/* no cursor was given: what was trimmed is not missed */
	bool full;			/* the reader has to take some first */
	bool gone;
	int64_t left;			/* events that may still be sent */
	uint64_t next_event;
	struct ledger_reader reader;	/* valid while not live */
	bool reading;
};

static void stream_free(struct daemon *daemon, struct stream *stream)
{
	if (stream->previous)
		stream->previous->next = stream->next;
	else
		daemon->streams = stream->next;
	if (stream->next)
		stream->next->previous = stream->previous;
	for (size_t i = 0; i < ARRAY_LEN(stream->owned); i++)
		owned_set(&stream->owned[i], SLICE_EMPTY);
	free(stream);
}

void streams_closed(struct daemon *daemon, struct stream *stream)
{
	stream_free(daemon, stream);
}

void streams_finish(struct daemon *daemon)
{
	while (daemon->streams)
		stream_free(daemon, daemon->streams);
}

static void end(struct daemon *daemon, struct stream *stream)
{
	uint64_t exchange = stream->exchange;

	server_attach(daemon->server, exchange, NULL);
	stream_free(daemon, stream);
	server_stream_end(daemon->server, exchange);
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum form form_of(const struct http_request *request, const struct command *command)
{
	if (command->type == COMMAND_WITNESS_EXPORT)
		return command->args.witness_export.format == EXPORT_CSV ? FORM_CSV : FORM_NDJSON;
	return slice_find(http_request_header(request, "Accept"), SLICE(FEED_SSE_MEDIA_TYPE)) >= 0 &&
			       http_request_header(request, "Accept").len ?
		       FORM_SSE : FORM_NDJSON;
}

static const char *media_type_of(enum form form)
{
	return form == FORM_SSE ? FEED_SSE_MEDIA_TYPE :
	       form == FORM_CSV ? FEED_CSV_MEDIA_TYPE : FEED_NDJSON_MEDIA_TYPE;
}

static void own(struct stream *stream, size_t place, struct slice *text)
{
	owned_set(&stream->owned[place], *text);
	*text = stream->owned[place];
}

/* A trace names a task that exists, and begins where it does. */
static enum err resolve(struct decision *decision, const struct command *command,
			struct feed_filter *filter)
{
	uint32_t index;
	enum err err;

	if (command->type != COMMAND_WITNESS_TRACE)
		return OK;
	err = decision_task(decision, filter->board, filter->task, &index);
	if (err != OK)
		return err;
	decision_name_task(decision, index, &filter->board, &filter->task);
	filter->after = (int64_t)state_task(decision->state, index)->added_no - 1;
	return OK;
}

static enum err where_to_begin(struct daemon *daemon, const struct http_request *request,
			       struct stream *stream)
{
	struct slice last_id = http_request_header(request, "Last-Event-ID");
	uint64_t last_event = daemon->durable.next_event - 1;

	if (last_id.len && (!slice_to_i64(last_id, &stream->filter.after) ||
			    stream->filter.after < 0)) {
		buf_add_lit(&daemon->detail, "Last-Event-ID is not the number of an event");
		return ERR_ARGUMENT_TYPE;
	}
	/* A trace names a task, not a cursor, wherever the task began. */
	stream->from_oldest = stream->filter.after < 0 || stream->is_trace;
	if (stream->filter.after < 0)
		stream->filter.after = stream->follow && stream->filter.since_us == 0 ?
					       (int64_t)last_event : 0;
	if ((uint64_t)stream->filter.after > last_event) {
		buf_add_lit(&daemon->detail, "the last event is ");
		buf_add_u64(&daemon->detail, last_event);
		return ERR_CURSOR_AHEAD;
	}
	stream->next_event = (uint64_t)stream->filter.after + 1;
	stream->live = stream->follow && stream->next_event > last_event;
	return OK;
}

static enum err oldest_record(struct daemon *daemon, uint64_t *ret_seq)
{
	struct bus_head head;
	enum err err = daemon->bus->ops->head(daemon->bus, &head, &daemon->detail);

	if (err == OK)
		*ret_seq = head.first_seq;
	return err;
}

static enum err begin_reading(struct daemon *daemon, struct stream *stream)
{
	uint64_t seq = daemon->durable.seq + 1;
	enum err err = OK;

	if (stream->next_event < daemon->durable.next_event)
		err = ledger_find_event(daemon->bus, stream->next_event, &seq, &daemon->detail);
	if (err == ERR_CURSOR_TRIMMED && stream->from_oldest) {
		buf_clear(&daemon->detail);
		err = oldest_record(daemon, &seq);
	}
	if (err == OK)
		err = ledger_reader_begin(&stream->reader, daemon->bus, seq, &daemon->detail);
	stream->reading = err == OK;
	return err;
}

static void set_up(struct stream *stream, const struct command *command)
{
	stream->left = INT64_MAX;
	if (command->type == COMMAND_WITNESS_QUERY)
		stream->left = command->args.witness_query.limit;
	if (command->type == COMMAND_GOVERNOR_VIOLATIONS)
		stream->left = command->args.governor_violations.limit;
	stream->is_trace = command->type == COMMAND_WITNESS_TRACE;
	if (stream->is_trace)
		stream->left = LIMIT_TRACE_MOST;
	stream->follow = command->type == COMMAND_NOTE_WATCH ||
			 (command->type == COMMAND_EVENTS_STREAM &&
			  command->args.events_stream.follow);
}

static void link_stream(struct daemon *daemon, struct stream *stream)
{
	stream->next = daemon->streams;
	if (daemon->streams)
		daemon->streams->previous = stream;
	daemon->streams = stream;
}

static void begin_sending(struct daemon *daemon, struct stream *stream)
{
	struct slice ping = stream->form == FORM_SSE ? SLICE(FEED_SSE_PING) :
			    stream->follow ? SLICE("\n") : SLICE_EMPTY;
	struct buf header = { 0 };
	enum server_room room;

	server_attach(daemon->server, stream->exchange, stream);
	room = server_stream_begin(daemon->server, stream->exchange, media_type_of(stream->form),
				   SLICE("Cache-Control: no-cache\r\n"), ping);
	if (room == SERVER_GONE) {
		/* A HEAD request, or nobody: there is nothing to stream to. */
		stream_free(daemon, stream);
		return;
	}
	if (stream->form == FORM_CSV)
		feed_write_csv_header(&header);
	/* Who is cut off before the first event knows by this where to go on. */
	if (stream->form == FORM_SSE && stream->follow)
		feed_write_sse_cursor((uint64_t)stream->filter.after, &header);
	if (header.len)
		server_stream_write(daemon->server, stream->exchange, buf_slice(&header));
	buf_finish(&header);
}

void streams_open(struct daemon *daemon, uint64_t exchange, const struct http_request *request,
		  const struct command *command)
{
	struct stream *stream = alloc_zero(1, sizeof(*stream));
	struct decision decision;
	enum err err;

	stream->exchange = exchange;
	stream->form = form_of(request, command);
	link_stream(daemon, stream);
	feed_filter_init(&stream->filter, command);
	set_up(stream, command);
	decision_init(&decision, &daemon->machine.state, daemon_now_us(daemon), command->actor,
		      &daemon->arena);
	err = resolve(&decision, command, &stream->filter);
	buf_add_slice(&daemon->detail, buf_slice(&decision.detail));
	decision_finish(&decision);
	own(stream, 0, &stream->filter.kind);
	own(stream, 1, &stream->filter.swarm);
	own(stream, 2, &stream->filter.board);
	own(stream, 3, &stream->filter.task);
	own(stream, 4, &stream->filter.key_prefix);
	if (err == OK)
		err = feed_filter_check(&stream->filter, &daemon->detail);
	if (err == OK)
		err = where_to_begin(daemon, request, stream);
	if (err == OK && !stream->live)
		err = begin_reading(daemon, stream);
	if (err == OK) {
		begin_sending(daemon, stream);
		return;
	}
	stream_free(daemon, stream);
	server_reply_error(daemon->server, exchange, err, buf_slice(&daemon->detail), SLICE_EMPTY);
}

/* ---- sending ------------------------------------------------------------------------------- */

static void render(enum form form, const struct event *event, struct buf *out)
{
	switch (form) {
	case FORM_SSE:
		feed_write_sse(event, out);
		break;
	case FORM_NDJSON:
		feed_write_ndjson(event, out);
		break;
	case FORM_CSV:
		feed_write_csv(event, out);
		break;
	case FORM_COUNT:
	default:
		BUG("a stream has a form");
	}
}

static void send_bytes(struct daemon *daemon, struct stream *stream, struct slice bytes)
{
	enum server_room room = server_stream_write(daemon->server, stream->exchange, bytes);

	stream->full = room == SERVER_FULL;
	stream->gone = room == SERVER_GONE;
}

/* One record for one stream that reads the ledger. */
struct reading {
	struct daemon *daemon;
	struct stream *stream;
	struct buf out;
	struct arena arena;
};

static enum err read_record(void *context, const struct record *record)
{
	struct reading *reading = context;
	struct stream *stream = reading->stream;
	struct slice body = record->body;
	struct event event;

	for (uint64_t number = record->first_event; body.len && stream->left > 0; number++) {
		enum err err = event_decode(&body, record->at_us, &reading->arena, &event);

		if (err != OK)
			return err;
		event.number = number;
		if (number < stream->next_event)
			continue;
		/* Not acknowledged yet, or in doubt: read again when it is there to stay. */
		if (number >= reading->daemon->durable.next_event)
			break;
		stream->next_event = number + 1;
		if (!feed_matches(&stream->filter, &event))
			continue;
		render(stream->form, &event, &reading->out);
		stream->left--;
	}
	arena_reset(&reading->arena);
	return OK;
}

static void tell_error(struct daemon *daemon, struct stream *stream, enum err err)
{
	struct buf out = { 0 };

	if (stream->form == FORM_SSE)
		feed_write_sse_error(err, buf_slice(&daemon->detail), &out);
	if (stream->form == FORM_NDJSON) {
		struct json_writer json = json_begin(&out);

		problem_write(&json, err, buf_slice(&daemon->detail), SLICE_EMPTY, SLICE_EMPTY);
		buf_add_byte(&out, '\n');
	}
	send_bytes(daemon, stream, buf_slice(&out));
	buf_finish(&out);
}

/* True when the stream has more to read at once. The stream may be gone after it. */
static bool read_on(struct daemon *daemon, struct stream *stream)
{
	struct reading reading = { .daemon = daemon, .stream = stream };
	struct bus_limit limit = { STREAM_RECORDS, STREAM_BYTES };
	uint64_t before;
	bool more = false;
	enum err err = OK;

	buf_clear(&daemon->detail);
	if (!stream->reading)
		err = begin_reading(daemon, stream);
	before = stream->reader.chain.seq;
	if (err == OK)
		err = ledger_reader_next(&stream->reader, limit, read_record, &reading,
					 &daemon->detail);
	if (reading.out.len)
		send_bytes(daemon, stream, buf_slice(&reading.out));
	buf_finish(&reading.out);
	arena_finish(&reading.arena);
	if (stream->gone)
		return false;
	if (err != OK) {
		tell_error(daemon, stream, err);
		end(daemon, stream);
		return false;
	}
	more = stream->reader.chain.seq > before;
	if (stream->left <= 0 || feed_is_over(&stream->filter, stream->reader.chain.at_us) ||
	    (!more && !stream->follow)) {
		end(daemon, stream);
		return false;
	}
	if (!more) {
		stream->live = stream->next_event >= daemon->durable.next_event;
		stream->reading = false;
	}
	return more && !stream->full;
}

bool streams_work(struct daemon *daemon)
{
	struct stream *stream = daemon->streams;
	bool more = false;

	while (stream) {
		struct stream *next = stream->next;

		if (!stream->live && !stream->full && !stream->gone)
			more = read_on(daemon, stream) || more;
		stream = next;
	}
	return more;
}

void streams_drained(struct stream *stream)
{
	stream->full = false;
}

/* ---- live ---------------------------------------------------------------------------------- */

struct frame {
	struct buf bytes[FORM_COUNT];
	bool made[FORM_COUNT];
};

static void show(struct daemon *daemon, const struct event *event, struct frame *frame)
{
	for (struct stream *stream = daemon->streams; stream; stream = stream->next) {
		struct buf *bytes = &frame->bytes[stream->form];

		if (!stream->live || stream->gone || event->number < stream->next_event)
			continue;
		/*
		 * It goes on from next_event, out of the ledger: when there is room, or at
		 * once after a record that was in doubt and turned out to be kept.
		 */
		if (stream->full || event->number > stream->next_event) {
			stream->live = false;
			stream->reading = false;
			continue;
		}
		stream->next_event = event->number + 1;
		if (!feed_matches(&stream->filter, event))
			continue;
		if (!frame->made[stream->form]) {
			buf_clear(bytes);
			render(stream->form, event, bytes);
			frame->made[stream->form] = true;
		}
		send_bytes(daemon, stream, buf_slice(bytes));
	}
}

void streams_publish(struct daemon *daemon, struct slice body, int64_t at_us, uint64_t first_event)
{
	struct frame frame = { 0 };
	struct arena arena = { 0 };
	uint64_t number = first_event;
	struct event event;

	if (!daemon->streams)
		return;
	while (body.len) {
		enum err err = event_decode(&body, at_us, &arena, &event);

		ENSURE(err == OK);
		event.number = number++;
		for (int form = 0; form < FORM_COUNT; form++)
			frame.made[form] = false;
		show(daemon, &event, &frame);
		arena_reset(&arena);
	}
	for (int form = 0; form < FORM_COUNT; form++)
		buf_finish(&frame.bytes[form]);
	arena_finish(&arena);
}
