/*
 * infrafabric.h - talks to an InfraFabric daemon: a board of tasks that
 * workers share.
 *
 * The loop of a worker:
 *
 *	struct ifab_client *fabric = ifab_open(NULL, &error);
 *	struct ifab_swarm me = { .id = "alice", .capabilities = skills, .capability_count = 1 };
 *	struct ifab_next_options wait = { .wait_ms = IFAB_FOR_EVER };
 *	struct ifab_task task = { 0 };
 *
 *	ifab_register(fabric, &me);
 *	while (ifab_next(fabric, "alice", &wait, &task) == IFAB_OK) {
 *		... work; call ifab_heartbeat every 15 s ...
 *		ifab_complete(fabric, &task, "{\"ok\":true}", NULL);
 *	}
 *
 * Calls block, but for those at the end of this file, which are for event
 * loops. A handle belongs to one thread at a time; any number of handles may
 * live in any number of threads. A handle keeps its connection open from call
 * to call and opens a new one after fork().
 *
 * Writes are safe to repeat: every one carries an idempotency key of the
 * library's own making, and when the connection breaks before the answer
 * has come, the same command is sent again with the same key, and the
 * daemon gives its first answer. So each command takes effect once.
 *
 * Texts are UTF-8 and end with a zero byte. Ids are 1 to 128 bytes of
 * [A-Za-z0-9._:@-]. Durations are milliseconds, times are microseconds since
 * 1970 UTC. A board "-" (or NULL where a board is asked for) is the only board
 * there is. Texts that go in are read during the call only.
 */
#ifndef INFRAFABRIC_H
#define INFRAFABRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#define IFAB_MUST_CHECK __attribute__((warn_unused_result))
#else
#define IFAB_MUST_CHECK
#endif

#define IFAB_ID_SIZE 129	/* an id and its zero byte */
#define IFAB_FOR_EVER (-1)	/* as a wait_ms */

struct ifab_client;

/* How a call ended: the exit codes of the `if` command, too. */
enum ifab_status {
	IFAB_OK = 0,
	IFAB_FAILED = 1,	/* the daemon, or this machine, could not do it */
	IFAB_USAGE = 2,		/* arguments that are not right, or a limit passed */
	IFAB_NOT_FOUND = 3,
	IFAB_CONFLICT = 4,	/* held by another, wrong state, wrong version */
	IFAB_NOTHING_READY = 5,
	IFAB_DENIED = 6,
	IFAB_BUDGET = 7,
	IFAB_LEASE_LOST = 8,	/* stop this work: somebody else may have the task */
	IFAB_UNREACHABLE = 9,	/* no daemon answers */
	IFAB_TIMEOUT = 124,
	IFAB_INTERRUPTED = 130	/* see ifab_interrupt_on; a stream whose callback said stop */
};

/* What went wrong. Texts are never NULL and may be empty. */
struct ifab_error {
	enum ifab_status status;
	int http_status;	/* 0: no answer came */
	bool retryable;		/* the same command may succeed later without a change */
	char code[48];		/* for programs, such as task_claimed */
	char title[256];	/* for people, the same for every error of this code */
	char detail[1024];	/* for people, about this very case */
	char hint[256];		/* the next step */
	char holder[IFAB_ID_SIZE];	/* of a conflict: who has it */
	int64_t until_us;	/* of a conflict: until when; 0 when that is not known */
};

/* An answer. Zeroed memory is a valid empty one. */
struct ifab_reply {
	int http_status;
	char *body;		/* most often one JSON object; a zero byte stands behind it */
	size_t body_len;
	size_t body_size;	/* private */
};

/* A claimed task. Zeroed memory is a valid empty one. */
struct ifab_task {
	char board[IFAB_ID_SIZE];
	char task[IFAB_ID_SIZE];	/* empty: there is none */
	char swarm[IFAB_ID_SIZE];	/* that claimed it */
	int64_t fence;		/* fencing token: goes with every later write about this claim */
	int64_t lease_until_us;	/* the claim ends then, unless a heartbeat comes */
	int64_t claim_until_us;	/* the claim ends then, heartbeats or not */
	int64_t attempt;	/* 1 for the first */
	char *title;		/* owned */
	char *json;		/* the whole answer with every field of the task; owned */
	size_t json_len;
};

/* ---- a client ------------------------------------------------------------------------------ */

/*
 * Makes a client; no connection is opened yet.
 *
 * `address`: the path of a Unix socket (/run/if.sock, unix:/run/if.sock), or
 * http://127.0.0.1:7433. NULL: $IF_URL, else $IF_SOCKET, else if.sock below
 * $XDG_RUNTIME_DIR/infrafabric, /run/user/UID/infrafabric, or
 * /tmp/infrafabric-UID, the first whose parent there is; the last only when it
 * belongs to this user and nobody else can write to it.
 *
 * Returns NULL, and fills `ret_error` (which may be NULL), when the address is
 * none (IFAB_USAGE) or there is no memory (IFAB_FAILED). Close it with ifab_close.
 */
IFAB_MUST_CHECK struct ifab_client *ifab_open(const char *address, struct ifab_error *ret_error);

/* Closes the connection and frees the client. Takes NULL. */
void ifab_close(struct ifab_client *client);

/*
 * Who acts, for the record. Without it: $IF_SWARM_ID, else the user's name.
 * IFAB_USAGE when it is not an id.
 */
enum ifab_status ifab_set_actor(struct ifab_client *client, const char *actor);

/*
 * How long a call may take beyond the time it asks the daemon to wait:
 * 30,000 at first. 0: as long as it takes. Then the call ends with IFAB_TIMEOUT.
 */
void ifab_set_timeout(struct ifab_client *client, int64_t timeout_ms);

/*
 * How long a call goes on trying when the connection breaks, the daemon is
 * stopping, or a daemon that has answered before is not there: 15,000 at
 * first. 0: one try. A daemon that this handle never reached is not waited for.
 */
void ifab_set_retry(struct ifab_client *client, int64_t retry_ms);

/*
 * Calls, also those that wait, end with IFAB_INTERRUPTED as soon as `fd` is
 * readable; nothing is read from it. Give it a pipe that a signal handler
 * writes to, or a signalfd. -1 turns it off. A write that was interrupted may
 * have taken effect. The descriptor stays the caller's.
 */
void ifab_interrupt_on(struct ifab_client *client, int fd);

/* About the last call that did not return IFAB_OK. Valid until the next call; never NULL. */
const struct ifab_error *ifab_last_error(const struct ifab_client *client);

/* Where the client connects: a path or a URL. Valid as long as the client. */
const char *ifab_address(const struct ifab_client *client);

/* The version of this library, such as "0.1.0". */
const char *ifab_version(void);

/* ---- any command --------------------------------------------------------------------------- */

/*
 * Runs a command by its name, `part.verb` as on the command line: "task.claim",
 * "board.list", "task.finish-and-next", with dots for blanks
 * ("governor.policy.apply"); "events" and others that stream give
 * what there is now. `args_json`: one JSON object with the command's
 * arguments, those of the path included; NULL for none.
 *
 *	ifab_command(client, "task.claim",
 *		     "{\"board\":\"-\",\"task\":\"T-1\",\"swarm\":\"alice\"}", &reply);
 *
 * `reply` must be zeroed or used before; what it held is freed or reused. It
 * is filled with whatever answer came, problems included, and is empty when
 * none came. NULL: not wanted. IFAB_USAGE when there is no such command or the
 * arguments are not a JSON object.
 */
enum ifab_status ifab_command(struct ifab_client *client, const char *name, const char *args_json,
			      struct ifab_reply *reply);

/*
 * The same with an idempotency key of the caller's: the same command with the
 * same key, sent again within ten minutes and be it by another process, takes
 * effect once and gets its first answer. NULL: one is made.
 */
enum ifab_status ifab_command_once(struct ifab_client *client, const char *name,
				   const char *args_json, const char *idempotency_key,
				   struct ifab_reply *reply);

/* One HTTP request, for whatever the functions below do not cover. */
struct ifab_request {
	const char *method;		/* GET, POST, PUT or DELETE */
	const char *path;		/* /v1/boards?archived=true: percent-encoded */
	const char *body;		/* JSON, or NULL */
	size_t body_len;
	const char *idempotency_key;	/* NULL: one is made for whatever is not a GET */
	const char *accept;		/* NULL: application/json */
	int64_t wait_ms;		/* the daemon was asked to wait; lengthens the timeout */
};

/* As ifab_command. */
enum ifab_status ifab_call(struct ifab_client *client, const struct ifab_request *request,
			   struct ifab_reply *reply);

/*
 * As ifab_call, for answers that are too long to keep: the body of a 2xx answer
 * is handed over as it comes, and `on_bytes` returns false to end it (then
 * IFAB_INTERRUPTED). It is not asked for again once a part of it was handed over.
 */
enum ifab_status ifab_download(struct ifab_client *client, const struct ifab_request *request,
			       bool (*on_bytes)(void *context, const char *bytes, size_t len),
			       void *context);

/* Frees what a reply holds; it is empty again. */
void ifab_reply_free(struct ifab_reply *reply);

/*
 * A member of the object that the reply is. Copies a text, without escapes
 * and cut to `size`, with its zero byte; ifab_reply_json copies any value as it
 * stands. False, and an empty text, when there is no such member, it is of
 * another type, or it does not fit.
 */
bool ifab_reply_text(const struct ifab_reply *reply, const char *member, char *ret_text,
		     size_t size);
bool ifab_reply_json(const struct ifab_reply *reply, const char *member, char *ret_json,
		     size_t size);
bool ifab_reply_int(const struct ifab_reply *reply, const char *member, int64_t *ret_value);
bool ifab_reply_bool(const struct ifab_reply *reply, const char *member, bool *ret_value);
/* A time, from its RFC 3339 text. */
bool ifab_reply_time(const struct ifab_reply *reply, const char *member, int64_t *ret_us);

/* ---- a worker ------------------------------------------------------------------------------ */

/* Zero or NULL: the daemon's default. */
struct ifab_swarm {
	const char *id;
	const char *const *capabilities;	/* domain:skill, such as "code:c" */
	size_t capability_count;
	const char *const *boards;		/* that it works on; none: every one */
	size_t board_count;
	int64_t slots;				/* tasks it may hold at once */
	int64_t presence_ms;			/* absent after this long without a sign of life */
	const char *model;
	const char *title;
};

/* Registers a swarm, or changes what it can do. */
enum ifab_status ifab_register(struct ifab_client *client, const struct ifab_swarm *swarm);

/* Keeps the swarm present and all of its claims alive. IFAB_NOT_FOUND: register it first. */
enum ifab_status ifab_swarm_heartbeat(struct ifab_client *client, const char *swarm);

/* Takes leave; what the swarm holds goes back to the board. `reason` may be NULL. */
enum ifab_status ifab_leave(struct ifab_client *client, const char *swarm, const char *reason);

/* Zeroed: any board, fillers too, the daemon's lease, no waiting. */
struct ifab_next_options {
	const char *board;
	bool critical_only;
	int64_t lease_ms;
	/*
	 * Wait this long for a task to become ready; the answer comes the
	 * moment one does. Any length: the library asks again where the daemon
	 * waits 50 s at most. IFAB_FOR_EVER: until there is one.
	 */
	int64_t wait_ms;
};

/*
 * Claims the best task for the swarm. IFAB_NOTHING_READY when there was none in
 * time. `options` may be NULL. `task` must be zeroed or used before; it is
 * written only on IFAB_OK. Free it with ifab_task_free.
 */
enum ifab_status ifab_next(struct ifab_client *client, const char *swarm,
			   const struct ifab_next_options *options, struct ifab_task *task);

/*
 * Claims one task by its id, for `lease_ms` (0: the daemon's default).
 * IFAB_CONFLICT: see holder and until_us of the error.
 */
enum ifab_status ifab_claim(struct ifab_client *client, const char *board, const char *task_id,
			    const char *swarm, int64_t lease_ms, struct ifab_task *task);

/*
 * All of these need the claim that ifab_next or ifab_claim returned, and answer
 * IFAB_LEASE_LOST when it is no longer the live one: stop the work then.
 * JSON texts are one value each and may be NULL, as may `reason` and `note`.
 */

/* Keeps the claim alive; sets lease_until_us. Every 15 s is right for the default lease. */
enum ifab_status ifab_heartbeat(struct ifab_client *client, struct ifab_task *task);
/* Says how far the work is, and keeps the claim alive. `percent` below 0: not known. */
enum ifab_status ifab_progress(struct ifab_client *client, struct ifab_task *task, int percent,
			       const char *note);
/* Completes the task. */
enum ifab_status ifab_complete(struct ifab_client *client, const struct ifab_task *task,
			       const char *result_json, const char *evidence_json);
/*
 * Completes the task and claims the next one in one step. IFAB_OK: the task is
 * complete; `next` holds the claim, or next->task is empty when nothing was
 * ready in time. `next` may be the same as `task`. Options as for ifab_next; a
 * wait beyond 50 s goes on with ifab_next.
 */
enum ifab_status ifab_finish_and_next(struct ifab_client *client, const struct ifab_task *task,
				      const char *result_json, const char *evidence_json,
				      const struct ifab_next_options *options,
				      struct ifab_task *next);
/* Says that this attempt failed. It is tried again later, unless `is_final` or out of attempts. */
enum ifab_status ifab_fail(struct ifab_client *client, const struct ifab_task *task,
			   const char *reason, const char *evidence_json, bool is_final);
/* Gives the task back unfinished, not ready again before `delay_ms` have passed. */
enum ifab_status ifab_release(struct ifab_client *client, const struct ifab_task *task,
			      const char *reason, int64_t delay_ms);

/* Frees what a task holds; it is empty again. */
void ifab_task_free(struct ifab_task *task);

/* ---- events -------------------------------------------------------------------------------- */

/* Valid during the callback only. */
struct ifab_event {
	int64_t number;		/* 0: the stream gave none */
	const char *kind;	/* task.claimed */
	const char *json;	/* the whole event, one JSON object */
	size_t json_len;
};

struct ifab_stream {
	const char *path;	/* NULL: /v1/events?follow=true */
	/* Begin behind this event. 0: from the first one; below 0: as the path says. */
	int64_t after;
	/* The path names what comes to an end. Else an end is a break, and the library goes on. */
	bool has_end;
	/* Returns false to end the stream, which then ends with IFAB_INTERRUPTED. */
	bool (*on_event)(void *context, const struct ifab_event *event);
	/* After the last of the events that came at once; for whoever redraws. May be NULL. */
	bool (*on_batch)(void *context);
	/* Called once a second at least, connected or not; returns as on_event. May be NULL. */
	bool (*on_tick)(void *context, bool is_connected);
	void *context;
	int64_t last_number;	/* set by ifab_events: the last event that was handed over */
};

/*
 * Hands over events as they come, each once and in order, until the daemon
 * ends the stream (IFAB_OK), a callback returns false, or ifab_interrupt_on
 * fires. When the connection breaks it is opened again and goes on behind the
 * last event, for as long as ifab_set_retry says (each time anew).
 * IFAB_NOT_FOUND with code cursor_trimmed: events behind `after` are gone,
 * begin again. Callbacks must not use this client; another handle is fine.
 */
enum ifab_status ifab_events(struct ifab_client *client, struct ifab_stream *stream);

/* ---- calls that do not block ---------------------------------------------------------------- */

/*
 * For programs that wait for other things, too. Start any number of calls,
 * wait until ifab_fd is readable, by poll() or an event loop, and call
 * ifab_turn; it calls back what has come. The calls above go on to work
 * beside these and block as ever. ifab_interrupt_on is not for these: drop them.
 */

/* A call that has been started and has not ended. */
struct ifab_pending;

/*
 * How it ended: as the call that blocks would have returned. `reply` is valid
 * during the callback only, never NULL, and empty when no answer came.
 */
typedef void ifab_end_fn(void *context, enum ifab_status status, const struct ifab_reply *reply);

/* Readable when ifab_turn has something to do. The client's; -1 when it cannot be had. */
int ifab_fd(struct ifab_client *client);

/*
 * Goes on with all that was started and calls back; never waits. Callbacks
 * run in here and nowhere else. They may start and drop calls, but not close
 * the client.
 */
void ifab_turn(struct ifab_client *client);

/*
 * Starts a command, as ifab_command. With an `idempotency_key` the caller may
 * start it again, say after IFAB_TIMEOUT, without taking effect twice; NULL: one
 * is made for this call and its retries. NULL, with the last error set, when
 * it cannot be started.
 */
IFAB_MUST_CHECK struct ifab_pending *ifab_start(struct ifab_client *client, const char *name,
						const char *args_json, const char *idempotency_key,
						ifab_end_fn *on_end, void *context);

/*
 * Follows events, as ifab_events; `stream` is copied. Its on_tick is called
 * when the connection has been made, and when it breaks, and not otherwise.
 */
IFAB_MUST_CHECK struct ifab_pending *ifab_follow(struct ifab_client *client,
						 const struct ifab_stream *stream,
						 ifab_end_fn *on_end, void *context);

/*
 * Forgets a call that has not ended: no callback follows. A write may take
 * effect nonetheless. Takes NULL.
 */
void ifab_drop(struct ifab_pending *pending);

#ifdef __cplusplus
}
#endif

#endif
