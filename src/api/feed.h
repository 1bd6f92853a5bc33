/*
 * feed - events as streams carry them: which ones, and in what form.
 *
 * Pure: the daemon moves the bytes. One frame serves every reader of the
 * same form, so render an event once, not once a reader.
 */
#ifndef API_FEED_H
#define API_FEED_H

#include <stdbool.h>

#include "base/buf.h"
#include "fabric/command.h"
#include "fabric/event.h"

/* Absent texts are empty, absent numbers -1; zeroed but for `part` and `after` lets all through. */
struct feed_filter {
	int64_t part;			/* enum part, or -1 */
	int64_t after;			/* only events with a higher number; -1: any */
	int64_t since_us;		/* 0: from the beginning */
	int64_t until_us;		/* 0: to the end */
	struct slice kind;		/* task.claimed, or task. for all of tasks */
	struct slice swarm;		/* its own, from, to, or who asked for it */
	struct slice board;
	struct slice task;
	struct slice key_prefix;	/* of notes */
	bool only_notes;
};

/*
 * From the arguments of events.stream, witness.query, witness.export,
 * witness.trace or note.watch. Texts stay where the command has them. That a
 * trace's board is "-" is the caller's to resolve first.
 */
void feed_filter_init(struct feed_filter *filter, const struct command *command);
/* Refuses with ERR_ARGUMENT_RANGE a kind that no event has: a word misspelt would wait for ever. */
MUST_USE enum err feed_filter_check(const struct feed_filter *filter, struct buf *ret_detail);
bool feed_matches(const struct feed_filter *filter, const struct event *event);
/* No event at or after this time, nor any later one, can match. */
bool feed_is_over(const struct feed_filter *filter, int64_t at_us);

#define FEED_SSE_MEDIA_TYPE "text/event-stream"
#define FEED_NDJSON_MEDIA_TYPE "application/x-ndjson"
#define FEED_CSV_MEDIA_TYPE "text/csv; charset=utf-8"
#define FEED_SSE_PING ":\n\n"

/* Each appends one whole event; none holds a line break but where the form has one. */
void feed_write_sse(const struct event *event, struct buf *out);
/* An id without an event: where the stream begins. */
void feed_write_sse_cursor(uint64_t after, struct buf *out);
void feed_write_ndjson(const struct event *event, struct buf *out);
/* RFC 4180. */
void feed_write_csv_header(struct buf *out);
void feed_write_csv(const struct event *event, struct buf *out);

/* An error on a stream that has begun: event "error" with a problem as its data. */
void feed_write_sse_error(enum err err, struct slice detail, struct buf *out);

#endif
