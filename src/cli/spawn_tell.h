/*
 * spawn_tell - what is to be told of claims, until the board knows it.
 *
 * Of one claim, one thing at a time and in order: what it has cost stands
 * on record before it is over. Nothing here blocks; a daemon that is away
 * is told when it is back.
 */
#ifndef CLI_SPAWN_TELL_H
#define CLI_SPAWN_TELL_H

#include "cli/spawn_link.h"

#define SPAWN_PAUSE_FIRST_US 250000	/* before the next try of what was refused for now */
#define SPAWN_PAUSE_MOST_US 15000000

#define SPAWN_TELL_RELEASE "task.release"
#define SPAWN_TELL_CHARGE "cost.charge"
#define SPAWN_TELL_RUN "chassis.report"

struct spawn_tell;

/* Ends of reports go to ops->on_reported, those of charges and runs to ops->on_charged. */
struct spawn_tell *spawn_tell_open(struct loop *loop, struct ifab_client *client,
				   const struct spawn_link_ops *ops, void *context);
/* Forgets what was not said yet. Takes NULL. */
void spawn_tell_close(struct spawn_tell *tell);

/* `verb` is a literal; `args` is taken. */
void spawn_tell_add(struct spawn_tell *tell, const struct spawn_claim *claim, const char *verb,
		    struct buf *args, void *about);

/* Refused for now: a full disk, a daemon that is busy or stops. */
bool spawn_is_passing(struct ifab_client *client, enum ifab_status status);
/* NULL when it is no JSON. */
struct json_value *spawn_parse(const char *text, size_t len);

#endif
