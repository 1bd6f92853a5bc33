/*
 * stream_view - events on a line each, and streams of them.
 */
#ifndef CLI_STREAM_VIEW_H
#define CLI_STREAM_VIEW_H

#include "cli/cli.h"

/* How long a stream that is followed waits for a daemon that has gone: people restart them. */
#define STREAM_PATIENCE_MS 60000

/*
 * One line without its end about what an event says: "alice has T-1 until
 * 12:03:22". Without time and actor.
 */
void event_sentence(struct buf *out, const struct json_value *event);

/* Somebody who reads a stream. */
struct stream_reader {
	struct cli *cli;
	/* Prints one event; false ends the stream. */
	bool (*on_event)(struct stream_reader *reader, const struct json_value *event);
	void *context;
	size_t count;
};

/*
 * Follows the verb's stream to its end, with --follow for ever. With --json
 * each event is printed as it is. Returns the exit code.
 */
int stream_run(struct stream_reader *reader, const struct args *args, bool has_end);

#endif
