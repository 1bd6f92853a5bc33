/*
 * conn - one connection of a server, and what its connections share.
 *
 * Private to the server: server.c accepts, answers and ends, conn.c reads,
 * sends and keeps the times.
 */
#ifndef DAEMON_CONN_H
#define DAEMON_CONN_H

#include "daemon/server.h"
#include "sys/listener.h"

#define CONN_INPUT_BYTES 65536	/* one recv: a request and what is pipelined behind it */

/* An exchange is a serial number and, below it, the slot of its connection. */
#define CONN_SLOT_BITS 20
#define CONN_SLOT_MASK ((1u << CONN_SLOT_BITS) - 1)

enum timeout {
	TIMEOUT_IDLE,
	TIMEOUT_HEAD,
	TIMEOUT_BODY,
	TIMEOUT_STALL,
	TIMEOUT_LINGER,
	TIMEOUT_PING,
	TIMEOUT_COUNT,
	TIMEOUT_NONE = TIMEOUT_COUNT
};

struct conn {
	struct http_conn http;
	struct server *server;
	struct loop_fd *watched;
	int fd;				/* -1: closed, and freed when it leaves the dirty list */
	uint32_t slot;
	uint64_t exchange;		/* unanswered, or a stream; 0: none */
	void *attachment;
	struct slice ping;
	struct server_peer peer;
	struct conn *older, *newer;	/* in the list of its timeout */
	int64_t deadline_us;
	enum timeout timeout;
	struct conn *next_dirty;
	bool is_dirty;
	bool is_active;			/* something was asked or sent: times start anew */
	bool is_full;			/* the stream's producer waits for on_drain */
	bool is_doomed;			/* did not keep up: to be closed */
	bool is_ending;			/* its stream is to be ended: we shut down */
	bool is_lingering;
	bool hangup_was_told;
};

/* All of one kind take equally long, so the oldest is always the next to end. */
struct timeout_list {
	struct conn *oldest, *newest;
	int64_t duration_us;
};

struct server {
	struct loop *loop;
	const struct server_ops *ops;
	void *context;
	struct http_service service;
	struct listener listeners[2];	/* Unix, TCP */
	struct loop_fd *accepting[2];
	int tcp_port;			/* also after the listener is closed */
	int reserve_fd;			/* given up to accept, and refuse, when there are no more */
	struct loop_timer *tick;
	int64_t tick_us;
	bool is_ticking;
	bool is_shut_down;
	bool is_out_of_fds;
	struct conn **slots;
	uint32_t *free_slots;
	size_t slot_count, free_count, slot_capacity, free_capacity;
	size_t conn_count;
	size_t connections_max;
	uint64_t last_serial;
	struct conn *feeding;		/* is updated anyway when its feed is over */
	struct conn *first_dirty, *last_dirty;
	struct timeout_list timeouts[TIMEOUT_COUNT];
	struct server_stats stats;
	char input[CONN_INPUT_BYTES];
};

extern const struct http_ops conn_http_ops;

/* Takes over `fd`, which came in at that listener. Call conn_update when all is set. */
struct conn *conn_open(struct server *server, int fd, size_t listener);
/* on_closed is called for what was unanswered. `conn` is gone afterwards. */
void conn_close(struct conn *conn);

/*
 * After anything that happened to it: sends what can be sent, and sets what
 * to wait for. May close it.
 */
void conn_update(struct conn *conn);
/* Goes on with requests that waited, and updates. */
void conn_resume(struct conn *conn);
/* Has it updated at the end of this turn: others may be in the midst of something. */
void conn_mark_dirty(struct conn *conn);
/* Its time of whatever kind is over. It is in another list afterwards, later in it, or gone. */
void conn_expire(struct conn *conn);
size_t conn_queued_bytes(const struct conn *conn);

#endif
