#include "daemon/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/conn.h"
#include "sys/log.h"

#define ACCEPTS_A_TURN_MAX 256		/* then those that are connected get their turn */
#define REFUSED_MAX 64			/* over the limit and told so at the same time */
#define DESCRIPTORS_KEPT 128		/* for the ledger, logs, pipes and libraries */
#define TICK_US_MAX 1000000
#define TICK_US_MIN 5000

/* ---- turns ---- */

static void tick_start(struct server *server)
{
	if (!server->is_ticking)
		loop_timer_set(server->tick, server->tick_us);
	server->is_ticking = true;
}

static void accept_again(struct server *server)
{
	if (!server->is_out_of_fds)
		return;
	server->is_out_of_fds = false;
	for (size_t i = 0; i < ARRAY_LEN(server->accepting); i++) {
		if (server->accepting[i])
			loop_fd_watch(server->accepting[i], LOOP_READ);
	}
}

static void on_tick(void *context)
{
	struct server *server = context;
	int64_t now_us = loop_now_us(server->loop);

	server->is_ticking = false;
	accept_again(server);
	for (size_t i = 0; i < TIMEOUT_COUNT; i++) {
		struct timeout_list *list = &server->timeouts[i];

		/* Each call moves the oldest to a later deadline, another list, or its end. */
		while (list->oldest && list->oldest->deadline_us <= now_us)
			conn_expire(list->oldest);
	}
	if (server->conn_count)
		tick_start(server);
}

/* Sends what was answered in this turn. Requests that waited for that come now. */
static bool on_turn_over(void *context)
{
	struct server *server = context;
	struct conn *conn = server->first_dirty;

	server->first_dirty = NULL;
	server->last_dirty = NULL;
	while (conn) {
		struct conn *next = conn->next_dirty;

		conn->next_dirty = NULL;
		conn->is_dirty = false;
		if (conn->fd < 0)
			free(conn);
		else if (http_conn_can_resume(&conn->http))
			conn_resume(conn);
		else
			conn_update(conn);
		conn = next;
	}
	return server->first_dirty != NULL;
}

/* ---- accepting ---- */

/* Accepts with the reserve descriptor, to say no instead of leaving the client waiting. */
static void refuse_without_fds(struct server *server, int listener_fd)
{
	static const char answer[] =
		"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
	int fd;

	log_event(LOG_LEVEL_WARN, "server", "out of descriptors", LOG_NO_FIELDS);
	server->stats.refused++;
	if (server->reserve_fd >= 0) {
		close(server->reserve_fd);
		fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			ssize_t put = send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);

			(void)put;
			close(fd);
		}
		server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	/* A pause until the next tick: the listener stays ready and would keep us busy. */
	server->is_out_of_fds = true;
	for (size_t i = 0; i < ARRAY_LEN(server->accepting); i++) {
		if (server->accepting[i])
			loop_fd_watch(server->accepting[i], 0);
	}
	tick_start(server);
}

static void conn_accepted(struct server *server, int fd, size_t listener)
{
	struct conn *conn;

	server->stats.accepted++;
	if (server->conn_count >= server->connections_max + REFUSED_MAX) {
		server->stats.refused++;
		close(fd);
		return;
	}
	conn = conn_open(server, fd, listener);
	tick_start(server);
	if (server->conn_count > server->connections_max) {
		server->stats.refused++;
		log_event(LOG_LEVEL_WARN, "server", "too many connections",
			  LOG_FIELDS(log_i64("connections_max", (int64_t)server->connections_max)));
		http_refuse(&conn->http, ERR_CONNECTIONS_EXHAUSTED, SLICE_EMPTY,
			    SLICE("Retry-After: 1\r\n"));
	}
	conn_update(conn);
}

static void accept_all(struct server *server, size_t listener)
{
	int listener_fd = server->listeners[listener].fd;

	for (int i = 0; i < ACCEPTS_A_TURN_MAX; i++) {
		int fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			conn_accepted(server, fd, listener);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
			   errno == ENOBUFS) {
			refuse_without_fds(server, listener_fd);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

static void on_accept_unix(void *context, unsigned ready)
{
	(void)ready;
	accept_all(context, 0);
}

static void on_accept_tcp(void *context, unsigned ready)
{
	(void)ready;
	accept_all(context, 1);
}

/* ---- opening and closing ---- */

void server_config_init(struct server_config *config)
{
	*config = (struct server_config){
		.connections_max = 16000,
		.head_timeout_us = 10 * 1000000,
		.body_timeout_us = 30 * 1000000,
		.idle_timeout_us = 300 * 1000000LL,
		.stall_timeout_us = 30 * 1000000,
		.linger_timeout_us = 2 * 1000000,
		.stream_ping_us = 15 * 1000000,
	};
}

/* As many descriptors as we may have; returns how many connections that is good for. */
static size_t raise_descriptor_limit(size_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return wanted;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
			return wanted;
	}
	if (limit.rlim_cur >= wanted + DESCRIPTORS_KEPT)
		return wanted;
	return limit.rlim_cur > 2 * DESCRIPTORS_KEPT ? (size_t)limit.rlim_cur - DESCRIPTORS_KEPT
						     : (size_t)limit.rlim_cur / 2;
}

static void set_times(struct server *server, const struct server_config *config)
{
	struct timeout_list *lists = server->timeouts;

	lists[TIMEOUT_IDLE].duration_us = config->idle_timeout_us;
	lists[TIMEOUT_HEAD].duration_us = config->head_timeout_us;
	lists[TIMEOUT_BODY].duration_us = config->body_timeout_us;
	lists[TIMEOUT_STALL].duration_us = config->stall_timeout_us;
	lists[TIMEOUT_LINGER].duration_us = config->linger_timeout_us;
	lists[TIMEOUT_PING].duration_us = config->stream_ping_us;
	server->tick_us = TICK_US_MAX;
	for (size_t i = 0; i < TIMEOUT_COUNT; i++) {
		ENSURE(lists[i].duration_us > 0);
		if (lists[i].duration_us / 4 < server->tick_us)
			server->tick_us = lists[i].duration_us / 4;
	}
	if (server->tick_us < TICK_US_MIN)
		server->tick_us = TICK_US_MIN;
}

static enum err open_listeners(struct server *server, const struct server_config *config,
			       struct buf *detail)
{
	static loop_fd_fn *const on_accept[] = { on_accept_unix, on_accept_tcp };
	enum err err = OK;

	if (config->unix_path)
		err = listen_unix(config->unix_path, detail, &server->listeners[0]);
	if (!err && config->tcp_address)
		err = listen_tcp(config->tcp_address, detail, &server->listeners[1]);
	server->tcp_port = server->listeners[1].port;
	for (size_t i = 0; !err && i < ARRAY_LEN(server->listeners); i++) {
		if (server->listeners[i].fd < 0)
			continue;
		server->accepting[i] = loop_fd_open(server->loop, server->listeners[i].fd,
						    on_accept[i], server);
		loop_fd_watch(server->accepting[i], LOOP_READ);
	}
	return err;
}

static void close_listeners(struct server *server)
{
	for (size_t i = 0; i < ARRAY_LEN(server->listeners); i++) {
		loop_fd_close(server->accepting[i]);
		server->accepting[i] = NULL;
		listener_close(&server->listeners[i]);
	}
}

enum err server_open(struct loop *loop, const struct server_config *config,
		     const struct server_ops *ops, void *context, struct buf *detail,
		     struct server **ret_server)
{
	struct server *server = alloc_zero(1, sizeof(*server));
	enum err err;

	server->loop = loop;
	server->ops = ops;
	server->context = context;
	server->listeners[0] = LISTENER_NONE;
	server->listeners[1] = LISTENER_NONE;
	server->connections_max = raise_descriptor_limit(config->connections_max);
	ENSURE(server->connections_max + REFUSED_MAX <= CONN_SLOT_MASK);
	if (server->connections_max < config->connections_max)
		log_event(LOG_LEVEL_INFO, "server", "fewer connections than configured",
			  LOG_FIELDS(log_i64("connections_max", (int64_t)server->connections_max),
				     log_str("why", "RLIMIT_NOFILE")));
	http_service_init(&server->service, &conn_http_ops);
	set_times(server, config);
	server->tick = loop_timer_open(loop, on_tick, server);
	server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	loop_add_hook(loop, LOOP_PHASE_SEND, on_turn_over, server);
	err = open_listeners(server, config, detail);
	if (err) {
		server_close(server);
		return err;
	}
	*ret_server = server;
	return OK;
}

void server_close(struct server *server)
{
	if (!server)
		return;
	close_listeners(server);
	for (size_t i = 0; i < server->slot_count; i++) {
		if (server->slots[i])
			conn_close(server->slots[i]);
	}
	while (server->first_dirty) {
		struct conn *conn = server->first_dirty;

		server->first_dirty = conn->next_dirty;
		free(conn);
	}
	loop_remove_hook(server->loop, LOOP_PHASE_SEND, on_turn_over, server);
	loop_timer_close(server->tick);
	http_service_finish(&server->service);
	if (server->reserve_fd >= 0)
		close(server->reserve_fd);
	free(server->slots);
	free(server->free_slots);
	free(server);
}

void server_shut_down(struct server *server)
{
	server->is_shut_down = true;
	close_listeners(server);
	for (size_t i = 0; i < server->slot_count; i++) {
		struct conn *conn = server->slots[i];

		if (!conn)
			continue;
		switch (http_conn_phase(&conn->http)) {
		case HTTP_PHASE_HEAD:
		case HTTP_PHASE_BODY:
			http_refuse(&conn->http, ERR_SHUTTING_DOWN, SLICE_EMPTY, SLICE_EMPTY);
			break;
		case HTTP_PHASE_STREAM:
			conn->is_ending = true;
			break;
		case HTTP_PHASE_IDLE:
			conn->is_doomed = conn_queued_bytes(conn) == 0;
			http_conn_close_after(&conn->http);
			break;
		case HTTP_PHASE_REPLY:
			http_conn_close_after(&conn->http);
			break;
		case HTTP_PHASE_CLOSING:
			break;
		}
		conn_mark_dirty(conn);
	}
}

size_t server_connection_count(const struct server *server)
{
	return server->conn_count;
}

int server_tcp_port(const struct server *server)
{
	return server->tcp_port;
}

const struct server_stats *server_stats(const struct server *server)
{
	return &server->stats;
}

/* ---- answers ---- */

static struct conn *conn_of(const struct server *server, uint64_t exchange)
{
	size_t slot = exchange & CONN_SLOT_MASK;
	struct conn *conn = slot < server->slot_count ? server->slots[slot] : NULL;

	return conn && exchange && conn->exchange == exchange && !conn->is_doomed ? conn : NULL;
}

void server_attach(struct server *server, uint64_t exchange, void *attachment)
{
	struct conn *conn = conn_of(server, exchange);

	if (conn)
		conn->attachment = attachment;
}

bool server_is_open(const struct server *server, uint64_t exchange)
{
	return conn_of(server, exchange) != NULL;
}

void server_reply(struct server *server, uint64_t exchange, int status, const char *content_type,
		  struct slice headers, struct slice body)
{
	struct conn *conn = conn_of(server, exchange);

	if (!conn)
		return;
	conn->exchange = 0;
	http_reply(&conn->http, status, content_type, headers, body);
	conn_mark_dirty(conn);
}

void server_reply_error(struct server *server, uint64_t exchange, enum err err,
			struct slice detail, struct slice members)
{
	struct conn *conn = conn_of(server, exchange);

	if (!conn)
		return;
	conn->exchange = 0;
	http_reply_error(&conn->http, err, detail, members);
	conn_mark_dirty(conn);
}

static enum server_room room_of(struct conn *conn)
{
	conn->is_full = conn_queued_bytes(conn) > SERVER_STREAM_ROOM_BYTES;
	return conn->is_full ? SERVER_FULL : SERVER_ROOM;
}

enum server_room server_stream_begin(struct server *server, uint64_t exchange,
				     const char *content_type, struct slice headers,
				     struct slice ping)
{
	struct conn *conn = conn_of(server, exchange);

	if (!conn)
		return SERVER_GONE;
	conn_mark_dirty(conn);
	if (!http_stream_begin(&conn->http, content_type, headers)) {
		conn->exchange = 0;
		return SERVER_GONE;
	}
	conn->ping = ping;
	return room_of(conn);
}

enum server_room server_stream_write(struct server *server, uint64_t exchange, struct slice bytes)
{
	struct conn *conn = conn_of(server, exchange);

	if (!conn)
		return SERVER_GONE;
	conn_mark_dirty(conn);
	if (conn_queued_bytes(conn) > SERVER_STREAM_QUEUED_BYTES_MAX) {
		server->stats.overrun++;
		log_event(LOG_LEVEL_WARN, "server", "a reader of a stream did not keep up",
			  LOG_FIELDS(log_i64("pid", conn->peer.pid),
				     log_i64("queued_bytes", (int64_t)conn_queued_bytes(conn))));
		conn->is_doomed = true;
		return SERVER_GONE;
	}
	http_stream_write(&conn->http, bytes);
	return room_of(conn);
}

void server_stream_end(struct server *server, uint64_t exchange)
{
	struct conn *conn = conn_of(server, exchange);

	if (!conn)
		return;
	conn->exchange = 0;
	http_stream_end(&conn->http);
	conn_mark_dirty(conn);
}
