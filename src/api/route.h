/*
 * route - which command a method and a path stand for.
 *
 * A tree of path segments, made once from the rows of command.def. A
 * literal segment wins over a parameter: /v1/notes/cas is no note's key if
 * there is a route of that name. Paths that are no commands (/metrics, /) are
 * the caller's to recognise first.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "base/error.h"
#include "base/slice.h"
#include "fabric/command.h"

#define ROUTE_ARGS_MAX 4	/* parameters of one path */
#define ROUTE_NODES_MAX 256	/* segments of all paths; 50 are in use */
#define ROUTE_VERBS 4		/* of enum http_verb */
#define ROUTE_ALLOW_BYTES 64	/* "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS" and CR LF */

struct route_node {
	struct slice segment;		/* empty: a parameter */
	uint16_t first_child;		/* 0: none */
	uint16_t next_sibling;
	uint16_t allow;			/* bit n: verb n is taken */
	uint16_t commands[ROUTE_VERBS];
};

struct router {
	struct route_node nodes[ROUTE_NODES_MAX];	/* the first is the root */
	size_t node_count;
	char allow[1 << ROUTE_VERBS][ROUTE_ALLOW_BYTES];
};

struct route_match {
	const struct command_info *info;	/* NULL: OPTIONS, answer 204 with `allow` */
	enum command_type type;			/* of `info` */
	size_t arg_count;
	struct slice args[ROUTE_ARGS_MAX];	/* of the path, in its order */
	struct slice allow;			/* a header line: "Allow: GET, HEAD, OPTIONS\r\n" */
};

/* The table must be consistent: two rows with one method and path are a bug. */
void router_init(struct router *router);

/*
 * `path` is decoded. HEAD finds the row of GET.
 *
 * ERR_ROUTE_UNKNOWN; ERR_METHOD_NOT_ALLOWED, with `allow` set.
 */
MUST_USE enum err route_find(const struct router *router, struct slice method, struct slice path,
			     struct route_match *ret_match);

#endif
