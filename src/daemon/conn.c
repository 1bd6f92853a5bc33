#include "daemon/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/http_browser.h"
#include "base/alloc.h"

/* ---- times ---- */

static void timeout_unlink(struct conn *conn)
{
	struct timeout_list *list;

	if (conn->timeout == TIMEOUT_NONE)
		return;
	list = &conn->server->timeouts[conn->timeout];
	*(conn->older ? &conn->older->newer : &list->oldest) = conn->newer;
	*(conn->newer ? &conn->newer->older : &list->newest) = conn->older;
	conn->older = NULL;
	conn->newer = NULL;
	conn->timeout = TIMEOUT_NONE;
}

static void timeout_set(struct conn *conn, enum timeout timeout, bool anew)
{
	struct timeout_list *list;

	if (timeout == conn->timeout && !anew)
		return;
	timeout_unlink(conn);
	if (timeout == TIMEOUT_NONE)
		return;
	list = &conn->server->timeouts[timeout];
	conn->timeout = timeout;
	conn->deadline_us = loop_now_us(conn->server->loop) + list->duration_us;
	conn->older = list->newest;
	*(list->newest ? &list->newest->newer : &list->oldest) = conn;
	list->newest = conn;
}

/* ---- connections ---- */

void conn_mark_dirty(struct conn *conn)
{
	struct server *server = conn->server;

	if (conn->is_dirty || conn == server->feeding)
		return;
	conn->is_dirty = true;
	if (server->last_dirty)
		server->last_dirty->next_dirty = conn;
	else
		server->first_dirty = conn;
	server->last_dirty = conn;
}

void conn_close(struct conn *conn)
{
	struct server *server = conn->server;
	uint64_t exchange = conn->exchange;
	void *attachment = conn->attachment;

	timeout_unlink(conn);
	loop_fd_close(conn->watched);
	conn->watched = NULL;
	close(conn->fd);
	conn->fd = -1;
	conn->exchange = 0;
	http_conn_finish(&conn->http);
	server->slots[conn->slot] = NULL;
	server->free_slots[server->free_count++] = conn->slot;
	server->conn_count--;
	if (!conn->is_dirty)
		free(conn);
	if (exchange && server->ops->on_closed)
		server->ops->on_closed(server->context, exchange, attachment);
}

static uint32_t slot_take(struct server *server)
{
	if (server->free_count)
		return server->free_slots[--server->free_count];
	server->slots = alloc_grow(server->slots, &server->slot_capacity, server->slot_count + 1,
				   sizeof(*server->slots));
	/* Room to give every slot back, so that closing needs no memory. */
	server->free_slots = alloc_grow(server->free_slots, &server->free_capacity,
					server->slot_count + 1, sizeof(*server->free_slots));
	return (uint32_t)server->slot_count++;
}

static void on_conn_ready(void *context, unsigned ready);

static struct server_peer peer_of(const struct server *server, int fd, size_t listener)
{
	struct ucred credentials = { .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t len = sizeof(credentials);
	struct server_peer peer = { .uid = (uid_t)-1 };

	if (!server->listeners[listener].path)
		return peer;
	peer.is_unix = true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) == 0) {
		peer.uid = credentials.uid;
		peer.pid = credentials.pid;
	}
	return peer;
}

struct conn *conn_open(struct server *server, int fd, size_t listener)
{
	struct conn *conn = alloc_zero(1, sizeof(*conn));

	conn->server = server;
	conn->fd = fd;
	conn->timeout = TIMEOUT_NONE;
	conn->slot = slot_take(server);
	conn->peer = peer_of(server, fd, listener);
	server->slots[conn->slot] = conn;
	server->conn_count++;
	http_conn_init(&conn->http, &server->service, conn);
	conn->watched = loop_fd_open(server->loop, fd, on_conn_ready, conn);
	return conn;
}

size_t conn_queued_bytes(const struct conn *conn)
{
	return http_conn_output(&conn->http).len;
}

/* False when the client is gone. */
static bool send_output(struct conn *conn)
{
	struct slice out = http_conn_output(&conn->http);
	ssize_t put;

	if (out.len == 0)
		return true;
	do {
		put = send(conn->fd, out.ptr, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (put < 0 && errno == EINTR);
	if (put < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK;
	http_conn_sent(&conn->http, (size_t)put);
	conn->server->stats.bytes_out += (uint64_t)put;
	conn->is_active = true;
	return true;
}

static enum timeout timeout_of(const struct conn *conn)
{
	if (conn_queued_bytes(conn))
		return TIMEOUT_STALL;
	if (conn->is_lingering)
		return TIMEOUT_LINGER;
	switch (http_conn_phase(&conn->http)) {
	case HTTP_PHASE_IDLE: return TIMEOUT_IDLE;
	case HTTP_PHASE_HEAD: return TIMEOUT_HEAD;
	case HTTP_PHASE_BODY: return TIMEOUT_BODY;
	case HTTP_PHASE_STREAM: return conn->ping.len ? TIMEOUT_PING : TIMEOUT_NONE;
	case HTTP_PHASE_REPLY:
	case HTTP_PHASE_CLOSING:
		break;
	}
	return TIMEOUT_NONE;
}

static unsigned interest_of(const struct conn *conn)
{
	unsigned interest = 0;

	if (!conn->http.input_ended &&
	    (conn->is_lingering || http_conn_wants_input(&conn->http)))
		interest |= LOOP_READ;
	if (conn_queued_bytes(conn))
		interest |= LOOP_WRITE;
	return interest;
}

/*
 * Closing at once would make the kernel reset a connection on which bytes
 * are still coming in, and the client might never see our last answer.
 */
static bool linger(struct conn *conn)
{
	if (conn->http.input_ended)
		return false;
	if (!conn->is_lingering && shutdown(conn->fd, SHUT_WR) != 0)
		return false;
	conn->is_lingering = true;
	return true;
}

static void tell_hangup(struct conn *conn)
{
	struct server *server = conn->server;

	if (!conn->http.input_ended || conn->hangup_was_told || !conn->exchange)
		return;
	conn->hangup_was_told = true;
	if (server->ops->on_hangup)
		server->ops->on_hangup(server->context, conn->exchange, conn->attachment);
}

static void tell_drain(struct conn *conn)
{
	struct server *server = conn->server;

	if (!conn->is_full || conn_queued_bytes(conn) > SERVER_STREAM_ROOM_BYTES / 2 || !conn->exchange)
		return;
	conn->is_full = false;
	if (server->ops->on_drain)
		server->ops->on_drain(server->context, conn->exchange, conn->attachment);
}

static void end_stream(struct conn *conn)
{
	struct server *server = conn->server;
	uint64_t exchange = conn->exchange;

	conn->is_ending = false;
	if (http_conn_phase(&conn->http) != HTTP_PHASE_STREAM || !exchange)
		return;
	conn->exchange = 0;
	http_conn_close_after(&conn->http);
	http_stream_end(&conn->http);
	if (server->ops->on_closed)
		server->ops->on_closed(server->context, exchange, conn->attachment);
}

void conn_update(struct conn *conn)
{
	if (conn->is_ending)
		end_stream(conn);
	if (conn->is_doomed || !send_output(conn)) {
		conn_close(conn);
		return;
	}
	if (http_conn_phase(&conn->http) == HTTP_PHASE_CLOSING && conn_queued_bytes(conn) == 0 &&
	    !linger(conn)) {
		conn_close(conn);
		return;
	}
	timeout_set(conn, timeout_of(conn), conn->is_active);
	conn->is_active = false;
	loop_fd_watch(conn->watched, interest_of(conn));
	/* What these bring is for the next round, when it is its turn again. */
	if (http_conn_can_resume(&conn->http))
		conn_mark_dirty(conn);
	tell_hangup(conn);
	tell_drain(conn);
}

static void conn_feed(struct conn *conn, struct slice bytes)
{
	struct server *server = conn->server;

	server->feeding = conn;
	http_conn_feed(&conn->http, bytes);
	server->feeding = NULL;
	conn_update(conn);
}

void conn_resume(struct conn *conn)
{
	conn_feed(conn, SLICE_EMPTY);
}

/* Whether the other side has closed in both directions, as far as can be told. */
static bool is_gone(int fd)
{
	struct pollfd state = { .fd = fd };

	return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR));
}

static void conn_read(struct conn *conn)
{
	struct server *server = conn->server;
	ssize_t got;

	do {
		got = recv(conn->fd, server->input, sizeof(server->input), MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	if (got < 0) {
		conn_close(conn);
		return;
	}
	if (got == 0) {
		if (is_gone(conn->fd)) {
			conn_close(conn);
			return;
		}
		http_conn_end(&conn->http);
		conn_update(conn);
		return;
	}
	server->stats.bytes_in += (uint64_t)got;
	if (!conn->is_lingering)
		conn_feed(conn, slice_of(server->input, (size_t)got));
}

static void on_conn_ready(void *context, unsigned ready)
{
	struct conn *conn = context;

	if (ready & LOOP_READ)
		conn_read(conn);
	else
		conn_update(conn);
}

/* ---- requests ---- */

static enum err on_headers(struct http_conn *http, const struct http_request *request,
			   struct http_admission *admission)
{
	const struct conn *conn = http->owner;
	const struct server *server = conn->server;
	enum err err = OK;

	if (!conn->peer.is_unix)
		err = http_check_browser(request, server_tcp_port(server), &admission->detail);
	if (!err && server->ops->on_headers)
		err = server->ops->on_headers(server->context, request, &conn->peer, admission);
	return err;
}

static void on_request(struct http_conn *http, const struct http_request *request)
{
	struct conn *conn = http->owner;
	struct server *server = conn->server;

	conn->exchange = ++server->last_serial << CONN_SLOT_BITS | conn->slot;
	conn->attachment = NULL;
	conn->hangup_was_told = false;
	conn->is_full = false;
	conn->is_active = true;
	conn->ping = SLICE_EMPTY;
	server->stats.requests++;
	if (server->is_shut_down)
		http_conn_close_after(http);
	server->ops->on_request(server->context, conn->exchange, request, &conn->peer);
}

const struct http_ops conn_http_ops = { .on_headers = on_headers, .on_request = on_request };

/* ---- the end of a time ---- */

void conn_expire(struct conn *conn)
{
	struct server *server = conn->server;

	/* Something happened to it in this turn that it was not updated for yet. */
	if (conn->timeout != timeout_of(conn)) {
		conn_update(conn);
		return;
	}
	switch (conn->timeout) {
	case TIMEOUT_HEAD:
	case TIMEOUT_BODY:
		server->stats.timed_out++;
		http_refuse(&conn->http, ERR_HTTP_TIMEOUT, SLICE_EMPTY, SLICE_EMPTY);
		break;
	case TIMEOUT_PING:
		http_stream_write(&conn->http, conn->ping);
		break;
	case TIMEOUT_STALL:
		server->stats.timed_out++;
		conn->is_doomed = true;
		break;
	case TIMEOUT_IDLE:
	case TIMEOUT_LINGER:
		conn->is_doomed = true;
		break;
	case TIMEOUT_NONE:
		ENSURE(conn->timeout != TIMEOUT_NONE);
	}
	conn_update(conn);
}

