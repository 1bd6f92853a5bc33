/*
 * route - where a command is asked for, from the table that all faces share.
 */
#ifndef CLIENT_ROUTE_H
#define CLIENT_ROUTE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

struct route {
	const char *part;
	const char *verb;
	const char *method;
	const char *path;
	const char *way;	/* READ, WRITE, FEED or DAEMON */
};

/* By "part.verb"; NULL when there is none. */
const struct route *route_of(struct slice name);

/*
 * Appends the path with its query. `args` is an object with plain keys; those
 * that the path does not name go into the query unless the route takes a
 * body. ERR_ARGUMENT_MISSING names what the path lacks.
 */
MUST_USE enum err route_path(const struct route *route, struct slice args, struct buf *out,
			     struct buf *detail);
/* POST and PUT. */
bool route_takes_body(const struct route *route);

#endif
