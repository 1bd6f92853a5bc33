/*
 * spawn_cost - what a worker says it has spent, while it works.
 *
 * It writes a line of JSON into the file that IF_COST_FILE names, each time
 * it knows more: {"cost_usd": 0.12}, or {"model": "m", "input_tokens": 900,
 * "output_tokens": 120}. The file is a named pipe in a private folder: a
 * line is heard at once, so that a budget which is spent stops the work.
 */
#ifndef CLI_SPAWN_COST_H
#define CLI_SPAWN_COST_H

#include "base/buf.h"
#include "sys/loop.h"

struct cost_inbox;

typedef void cost_line_fn(void *context, struct slice line);

/* NULL when there is no place or descriptor for it: errno says why. */
struct cost_inbox *cost_inbox_open(struct loop *loop, cost_line_fn *on_line, void *context);
/* Removes the file and its folder. Takes NULL. */
void cost_inbox_close(struct cost_inbox *inbox);

const char *cost_inbox_path(const struct cost_inbox *inbox);
/* Leaves in the pipe what comes, which holds the writer up when it is full; or reads on. */
void cost_inbox_pause(struct cost_inbox *inbox, bool is_paused);
/* Reads what is there, paused or not, a last line without an end included. */
void cost_inbox_drain(struct cost_inbox *inbox);

/*
 * Appends the arguments of cost.charge that a line stands for, as members of an object.
 * False with the reason when it is no cost.
 */
bool cost_line_read(struct slice line, struct buf *ret_members, struct buf *ret_reason);

#endif
