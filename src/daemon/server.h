/*
 * server - HTTP on a Unix socket and on TCP loopback.
 *
 * Requests come in through on_request with a number, the exchange, by which
 * they are answered: at once or later, in any order, from the loop's
 * thread. The number of an exchange whose client is gone is never used
 * again, so answering it is harmless.
 */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include <sys/types.h>

#include "api/http.h"
#include "sys/loop.h"

struct server;

#define SERVER_STREAM_ROOM_BYTES 262144		/* more waits: SERVER_FULL, then on_drain */
#define SERVER_STREAM_QUEUED_BYTES_MAX 1048576	/* more waits: the reader is disconnected */

struct server_config {
	const char *unix_path;		/* NULL: no Unix socket */
	const char *tcp_address;	/* 127.0.0.1:8700, localhost:8700 or [::1]:8700; NULL: no TCP */
	size_t connections_max;
	int64_t head_timeout_us;	/* from its first byte to its last */
	int64_t body_timeout_us;	/* from the end of the head to its last byte */
	int64_t idle_timeout_us;
	int64_t stall_timeout_us;	/* output waits and none of it is taken */
	int64_t linger_timeout_us;	/* after our last byte, for theirs */
	int64_t stream_ping_us;		/* a quiet stream gets its ping */
};

/* Neither socket; 16,000 connections; 10 s, 30 s, 5 min, 30 s, 2 s, 15 s. */
void server_config_init(struct server_config *config);

struct server_peer {
	bool is_unix;
	uid_t uid;			/* of the process that connected; with TCP: (uid_t)-1 */
	pid_t pid;			/* with TCP: 0 */
};

struct server_ops {
	/* See http_ops. Host, Origin and the like were checked before. May be NULL. */
	enum err (*on_headers)(void *context, const struct http_request *request,
			       const struct server_peer *peer, struct http_admission *admission);
	void (*on_request)(void *context, uint64_t exchange, const struct http_request *request,
			   const struct server_peer *peer);
	/*
	 * The client of an unanswered exchange, or of a stream, sends no more
	 * and may be gone. Still to be answered; what is parked should be
	 * answered now as if its time were over. May be NULL.
	 */
	void (*on_hangup)(void *context, uint64_t exchange, void *attachment);
	/*
	 * The client of an unanswered exchange, or of a stream, is gone, or we
	 * shut down and the stream was ended. Never called from inside another
	 * function of the server but server_close. May be NULL.
	 */
	void (*on_closed)(void *context, uint64_t exchange, void *attachment);
	/* There is room again after SERVER_FULL. May be NULL. */
	void (*on_drain)(void *context, uint64_t exchange, void *attachment);
};

/*
 * Listens. On failure the reason, for people, is appended to `detail`:
 * ERR_USAGE (an address or path that cannot be used), ERR_DAEMON_RUNNING (somebody
 * listens there), ERR_OS.
 */
MUST_USE enum err server_open(struct loop *loop, const struct server_config *config,
			      const struct server_ops *ops, void *context, struct buf *detail,
			      struct server **ret_server);
/* Cuts every connection. on_closed is called for what was unanswered. */
void server_close(struct server *server);

/*
 * Stops listening and closes each connection as soon as its request is
 * answered; ends streams. server_connection_count tells when it is done.
 */
void server_shut_down(struct server *server);
size_t server_connection_count(const struct server *server);
/* The port that TCP listens on, 0 when it does not. */
int server_tcp_port(const struct server *server);

struct server_stats {
	uint64_t accepted;
	uint64_t refused;		/* over the limit */
	uint64_t requests;
	uint64_t timed_out;
	uint64_t overrun;		/* readers that did not keep up */
	uint64_t bytes_in;
	uint64_t bytes_out;
};

const struct server_stats *server_stats(const struct server *server);

/* A pointer that on_hangup, on_closed and on_drain get with this exchange. */
void server_attach(struct server *server, uint64_t exchange, void *attachment);
/* False when the client is gone. */
bool server_is_open(const struct server *server, uint64_t exchange);

/* As http_reply and http_reply_error. Nothing happens when the client is gone. */
void server_reply(struct server *server, uint64_t exchange, int status, const char *content_type,
		  struct slice headers, struct slice body);
void server_reply_error(struct server *server, uint64_t exchange, enum err err,
			struct slice detail, struct slice members);

enum server_room {
	SERVER_ROOM,
	SERVER_FULL,			/* wait for on_drain before writing more */
	SERVER_GONE			/* the exchange is over */
};

/*
 * Answers with a stream: text/event-stream or application/x-ndjson. `ping`, a
 * literal, is written when the stream was quiet for a while, so that a
 * reader that vanished is noticed; empty: never.
 */
enum server_room server_stream_begin(struct server *server, uint64_t exchange,
				     const char *content_type, struct slice headers,
				     struct slice ping);
enum server_room server_stream_write(struct server *server, uint64_t exchange, struct slice bytes);
void server_stream_end(struct server *server, uint64_t exchange);

#endif
