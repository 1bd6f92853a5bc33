/*
 * bind - an HTTP request becomes a command, by the command's row.
 *
 * Arguments stand in the path, then in the query string (GET, DELETE) or as
 * members of one JSON object in the body (POST, PUT). What is not in the row
 * is refused, so that a misspelt argument is never silently left out.
 */
#ifndef API_BIND_H
#define API_BIND_H

#include "api/http.h"
#include "api/route.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "fabric/command.h"

#define BIND_JSON_DEPTH_MAX 32		/* leaves an answer that carries the value readable to us */
#define BIND_JSON_VALUES_MAX 65536	/* 4 MB of memory while a body is read */
#define BIND_QUERY_ARGS_MAX 1024	/* name=value pairs: what HTTP_URL_BYTES_MAX has room for */

/* A whole board, and its text with the escapes that a JSON string needs. */
#define BIND_IMPORT_BYTES_MAX (17 * 1024 * 1024)
#define BIND_IMPORT_VALUES_MAX 3000000	/* BOARD_DOC_TASKS_MAX tasks with all that can be said of one */

/*
 * For http_ops.on_headers: refuses unknown paths and methods before a body
 * is read, and says how large it may be and of which type.
 */
MUST_USE enum err bind_admission(const struct router *router, const struct http_request *request,
				 struct http_admission *admission);

/*
 * Fills `ret_command`; nothing in it points into `request`, all of it lives in
 * `arena`. `match` has a row, and came from the path of this request.
 *
 * command.actor is the header IF-Actor, else the `swarm` argument of a
 * worker's command, else empty: the caller's to set. command.key is the
 * header Idempotency-Key, or empty.
 *
 * On refusal `ret_detail` says which argument and why, and `ret_members` may
 * hold further members of the problem: "errors":[{"file":..,"line":..,"text":..}].
 */
MUST_USE enum err bind_command(const struct http_request *request, const struct route_match *match,
			       struct arena *arena, struct command *ret_command,
			       struct buf *ret_detail, struct buf *ret_members);

#endif
