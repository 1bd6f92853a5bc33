/*
 * board_frame - one look at a board, as lines that fit a screen.
 */
#ifndef CLI_BOARD_FRAME_H
#define CLI_BOARD_FRAME_H

#include "cli/cli.h"
#include "document/board_doc.h"

struct frame {
	const struct json_value *board;		/* as `board show --json` answers */
	const struct board_doc *doc;		/* the same, for the critical path; NULL: not known */
	size_t width;				/* of the screen */
	size_t height;
	int64_t now_us;
	bool has_color;
	bool is_connected;
};

/* Counts of a board by what they mean to somebody who waits for it. */
struct progress {
	int64_t total;
	int64_t done;
	int64_t active;		/* claimed */
	int64_t ready;
	int64_t waiting;	/* blocked, delayed, held */
	int64_t lost;		/* failed, cancelled */
};
struct progress progress_of(const struct json_value *board);
/* No task is left that could still be done by what goes on now. */
bool progress_is_over(const struct progress *progress, const struct json_value *board);

/* Lines, each with its end; never more than `height`, none wider than `width`. */
void frame_write(const struct frame *frame, struct buf *out);

#endif
