/*
 * backend - a server that hands out tasks, spoken to without blocking.
 *
 * A client has one connection and asks one thing at a time. Setting up
 * (opening, filling) may block; asking only sends, and taking only receives.
 * Whatever a server answers that it should not ends the program: a figure
 * from a server that refused its work would be no figure.
 */
#ifndef BENCH_BACKEND_H
#define BENCH_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define BACKEND_LEASE_MS 60000	/* longer than any run: no lease is to end in it */

struct backend;

struct target {
	const struct backend *backend;
	const char *name;
	const char *unix_path;		/* NULL: TCP on loopback */
	int port;
	int pid;			/* of the server, for what it uses */
	unsigned run;			/* tasks of an earlier run are out of the way */
	uint64_t task_count;		/* laid out so far, in all runs */
};

struct client {
	struct target *target;
	unsigned number;		/* from 0 */
	int fd;
	struct buf in;			/* received and not taken yet */
	struct buf out;			/* the question */
	int64_t asked_us;
	bool completes;			/* what was asked: else it claims */
	bool waits;			/* its claim waits for a task */

	/* Of the claim that it holds. */
	uint64_t task;			/* number of the task, as backend_fill counted */
	uint64_t fence;			/* what proves the claim: a token, or a job's id */
	void *own;			/* the backend's */
};

enum answer {
	ANSWER_NONE,			/* not all of it has come */
	ANSWER_TASK,			/* task and fence are set */
	ANSWER_DONE,			/* the task is completed */
	ANSWER_CREATED,			/* the task is there */
	ANSWER_EMPTY			/* no task is left */
};

struct backend {
	/* Connects; sets fd. */
	void (*open)(struct client *client);
	void (*close)(struct client *client);
	/* Begins a run in which `clients` may claim: a new board or queue. */
	void (*begin)(struct client *client, unsigned clients);
	/* Creates tasks `first` .. `first + count - 1`, each with a title, a need and a payload. */
	void (*fill)(struct client *client, uint64_t first, uint64_t count);
	/* Nothing is claimed any more. */
	void (*end)(struct client *client);

	void (*ask_claim)(struct client *client);
	void (*ask_complete)(struct client *client);
	void (*ask_create)(struct client *client, uint64_t task);
	enum answer (*take)(struct client *client);
};

extern const struct backend backend_infrafabric, backend_redis, backend_beanstalkd,
	backend_postgres;
/* Without its library at build time there is none. */
bool backend_postgres_is_there(void);

/* ---- connections, for backends that speak their protocol themselves ------------------------- */

void socket_open(struct client *client);
void socket_close(struct client *client);
/* Sends what stands in `out`. */
void socket_send(struct client *client);
/* Receives what there is into `in`, waiting for it if told to. Dies at the end of the connection. */
void socket_receive(struct client *client, bool waits);
/* Sends the question in `out` and waits until take() has something. */
enum answer socket_ask(struct client *client);

/* What a task carries, the same for every backend. */
void payload_write(uint64_t task, struct buf *out);

/* The server said what it should not. */
_Noreturn void backend_fault(const struct client *client, struct slice said);

#endif
