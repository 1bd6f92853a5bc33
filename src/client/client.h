/*
 * client - what the parts of the library share about a handle.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "base/buf.h"
#include "base/error.h"
#include "client/transport.h"
#include "infrafabric.h"

#define CLIENT_TIMEOUT_MS 30000		/* far beyond a slow disk; a daemon that hangs is told of */
#define CLIENT_RETRY_MS 15000		/* a restart with a million tasks takes three seconds */
#define CLIENT_BACKOFF_FIRST_MS 20
#define CLIENT_BACKOFF_MOST_MS 1000
#define CLIENT_WAIT_MOST_MS 50000	/* what the daemon waits at most (LIMIT_WAIT_MOST_MS) */
#define CLIENT_KEY_BYTES 16		/* of chance in an idempotency key: never twice */

struct ifab_pending;

struct ifab_client {
	struct address address;
	struct transport *transport;
	struct buf actor_header;	/* IF-Actor: alice */
	int64_t timeout_ms;
	int64_t retry_ms;
	int interrupt_fd;
	bool was_reached;		/* a daemon has answered: it is worth waiting for */
	struct ifab_error error;	/* of the last call that failed */
	struct ifab_reply reply;	/* of calls whose answer the caller does not want */
	struct buf body;		/* of the request that is being made */
	struct buf path;
	struct buf reason;		/* of what went wrong on the way */
	struct ifab_pending *pending;	/* calls that do not block; the newest first */
};

int64_t client_now_ms(void);		/* monotonic */
/* Waits, or less when the descriptor that interrupts is readable: then false. */
bool client_pause(const struct ifab_client *client, int64_t pause_ms);

/* Sets the last error; returns its status. */
enum ifab_status client_refuse(struct ifab_client *client, enum err err, struct slice detail);
/* From a problem document, or from the status alone when the body is none. */
enum ifab_status client_refuse_reply(struct ifab_client *client, int http_status, struct slice body);
/* From a request that brought no answer. */
enum ifab_status client_refuse_end(struct ifab_client *client, enum transport_end end);

/* ---- what calls that block and calls that do not have in common ---- */

/* What is left of the time for trying again, and how long to wait before. */
struct patience {
	int64_t until_ms;
	int64_t pause_ms;
};
struct patience patience_begin(const struct ifab_client *client);
bool patience_is_left(const struct patience *patience);
/* The pause before the next try, in milliseconds; the one after it is longer. */
int64_t patience_take(struct patience *patience);

/* A header's name, a value and a zero byte; keys of callers are cut by the daemon's limit. */
#define CALL_HEADER_SIZE 288
struct call_headers {
	char key[CALL_HEADER_SIZE];
	char accept[CALL_HEADER_SIZE];
};

/* False, with the last error set. `ret_wire` points into `request` and `headers`. */
bool call_prepare(struct ifab_client *client, const struct ifab_request *request,
		  struct call_headers *headers, struct transport_request *ret_wire);
bool call_is_worth_another_try(const struct ifab_client *client, enum transport_end end,
			       int http_status, struct slice body);
enum ifab_status call_conclude(struct ifab_client *client, enum transport_end end, int http_status,
			       struct slice body);

/* Fills `ret_request` for a command; it points into the client's path and body buffers. */
enum ifab_status command_prepare(struct ifab_client *client, const char *name,
				 const char *args_json, struct ifab_request *ret_request);

/* Forgets all calls that do not block, when the client is closed. */
void pending_drop_all(struct ifab_client *client);

/* Fills `error`, for calls that have no client yet. */
void error_fill(struct ifab_error *error, enum err err, struct slice detail);

/* Copies as much as fits, with a zero byte, and never cuts a character. */
void copy_text(char *ret_text, size_t size, struct slice text);

/* Adds text with everything but unreserved characters percent-encoded. */
void path_add_encoded(struct buf *path, struct slice text);

#endif
