/*
 * reading - an event stream while it is read: server-sent events, each handed over once.
 */
#ifndef CLIENT_READING_H
#define CLIENT_READING_H

#include "client/client.h"

#define READING_SILENT_MS 60000		/* the daemon says something every 15 s: four are missing */

struct reading {
	struct ifab_client *client;
	struct ifab_stream *stream;
	struct buf line;		/* that is not whole yet */
	struct buf data;		/* of the event that is not whole yet */
	struct buf kind;
	struct buf problem;		/* an answer that is not a stream */
	struct buf resume;		/* header */
	int64_t number;
	int64_t heard_ms;
	bool is_connected;
	bool is_over_limit;
	bool has_failed;		/* `problem` says why the daemon ended it */
	bool has_news;			/* an event came since the last connect */
};

/*
 * Begins to read, behind the last event that was handed over: fills in what
 * `ret_request` needs, which points into `reading`.
 */
void reading_begin(struct reading *reading, struct transport_request *ret_request);
void reading_finish(struct reading *reading);

/* The call back for the request's body. */
bool reading_take(void *context, int http_status, struct slice bytes);
bool reading_is_silent(const struct reading *reading);

/* Whether what ended is to be opened again. */
bool reading_is_a_break(const struct reading *reading, enum transport_end end, int http_status);
/* How it ended, when it is not opened again. */
enum ifab_status reading_conclude(struct reading *reading, enum transport_end end, int http_status);

#endif
