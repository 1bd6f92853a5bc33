#include "sandbox/egress_http.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/http.h"
#include "base/alloc.h"
#include "crypto/hash.h"
#include "sandbox/egress.h"
#include "sys/entropy.h"
#include "sys/listener.h"
#include "sys/local_socket.h"

#define READ_BYTES 65536
#define PASSWORD_BYTES 24
/* A worker may keep a connection for its next request, and pause in the midst of one. */
#define PATIENCE_US 120000000

struct conn {
	struct egress_http *of;
	struct conn *next;
	struct http_conn http;
	int fd;
	struct loop_fd *watched;
	struct loop_timer *timer;
	struct arena arena;		/* of the request under way */
	struct buf body;
	struct egress_ask *ask;		/* under way; NULL: none */
	bool is_feeding;
	bool is_gone;
};

struct egress_http {
	struct egress_account *account;
	struct listener listener;
	struct loop_fd *watched;
	struct loop_timer *timer;	/* until there may be descriptors again */
	struct http_service service;
	struct buf password;
	struct buf expected;		/* value of Proxy-Authorization */
	struct conn *conns;
	size_t conn_count;
};

/* ---- connections ---------------------------------------------------------------------------- */

static void conn_close(struct conn *conn)
{
	struct conn **at = &conn->of->conns;

	while (*at != conn)
		at = &(*at)->next;
	*at = conn->next;
	conn->of->conn_count--;
	egress_ask_drop(conn->ask);
	http_conn_finish(&conn->http);
	loop_timer_close(conn->timer);
	loop_fd_close(conn->watched);
	close(conn->fd);
	buf_finish(&conn->body);
	arena_finish(&conn->arena);
	free(conn);
}

/* False: the other end is gone. */
static bool send_some(struct conn *conn)
{
	struct slice out = http_conn_output(&conn->http);
	ssize_t put;

	if (out.len == 0)
		return true;
	do {
		put = write(conn->fd, out.ptr, out.len);
	} while (put < 0 && errno == EINTR);
	if (put < 0)
		return errno == EAGAIN;
	http_conn_sent(&conn->http, (size_t)put);
	return true;
}

static void feed(struct conn *conn, struct slice bytes)
{
	conn->is_feeding = true;
	http_conn_feed(&conn->http, bytes);
	/* What waits behind a request that was answered at once. */
	while (http_conn_can_resume(&conn->http))
		http_conn_feed(&conn->http, SLICE_EMPTY);
	conn->is_feeding = false;
}

static void update(struct conn *conn)
{
	bool has_output, is_over;

	if (conn->is_feeding)
		return;
	if (conn->is_gone || !send_some(conn)) {
		conn_close(conn);
		return;
	}
	has_output = http_conn_output(&conn->http).len > 0;
	is_over = http_conn_phase(&conn->http) == HTTP_PHASE_CLOSING ||
		  (conn->http.input_ended && http_conn_phase(&conn->http) == HTTP_PHASE_IDLE);
	if (is_over && !has_output) {
		conn_close(conn);
		return;
	}
	if (conn->ask)
		loop_timer_cancel(conn->timer);
	else
		loop_timer_set(conn->timer, PATIENCE_US);
	loop_fd_watch(conn->watched,
		      (!conn->http.input_ended && http_conn_wants_input(&conn->http) ? LOOP_READ : 0u) |
			      (has_output ? LOOP_WRITE : 0u));
}

static void receive(struct conn *conn)
{
	char bytes[READ_BYTES];
	ssize_t got = read(conn->fd, bytes, sizeof(bytes));

	if (got > 0)
		feed(conn, slice_of(bytes, (size_t)got));
	else if (got == 0)
		http_conn_end(&conn->http);
	else if (errno != EAGAIN && errno != EINTR)
		conn->is_gone = true;
}

static void on_conn_ready(void *context, unsigned ready)
{
	struct conn *conn = context;

	if (ready & LOOP_READ)
		receive(conn);
	update(conn);
}

static void on_patience_end(void *context)
{
	conn_close(context);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void on_answer(void *context, const struct egress_answer *answer)
{
	struct conn *conn = context;
	struct buf members = { 0 };

	if (answer->err == OK) {
		http_reply(&conn->http, answer->status, NULL, answer->head, answer->body);
	} else {
		if (answer->retry_after_ms) {
			buf_add_lit(&members, "\"retry_after_ms\":");
			buf_add_i64(&members, answer->retry_after_ms);
		}
		http_reply_error(&conn->http, answer->err, answer->detail, buf_slice(&members));
	}
	buf_finish(&members);
	buf_finish(&conn->body);
	arena_reset(&conn->arena);
	if (conn->is_feeding)
		return;
	feed(conn, SLICE_EMPTY);
	update(conn);
}

/* Headers that end here: of the hop between the worker and us. */
static bool is_of_this_hop(struct slice name)
{
	static const char *const names[] = {
		"connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization",
		"proxy-connection", "transfer-encoding",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is_nocase(name, slice_of_str(names[i])))
			return true;
	return false;
}

static void take_request(struct conn *conn, const struct http_request *request)
{
	struct egress_account *account = conn->of->account;
	struct egress_asked asked = { .method = arena_copy(&conn->arena, request->method) };
	struct buf detail = { 0 };
	enum err err;

	for (size_t i = 0; i < request->header_count; i++)
		if (!is_of_this_hop(request->headers[i].name))
			asked.headers[asked.header_count++] = (struct egress_header){
				arena_copy(&conn->arena, request->headers[i].name),
				arena_copy(&conn->arena, request->headers[i].value),
			};
	buf_add_slice(&conn->body, request->body);
	asked.body = buf_slice(&conn->body);
	if (slice_is(request->method, SLICE("CONNECT"))) {
		buf_add_lit(&detail,
			    "a tunnel would hide the method and the path, which the grant is about");
		err = ERR_PROXY_CONNECT;
	} else {
		err = egress_check_request(request->target, &asked, &detail);
	}
	if (err == OK)
		egress_ask_start(account, &asked, on_answer, conn, &conn->ask);
	else
		egress_ask_refuse(account, &asked, err, buf_slice(&detail), on_answer, conn,
				  &conn->ask);
	buf_finish(&detail);
}

static void on_request(struct http_conn *http, const struct http_request *request)
{
	take_request(http->owner, request);
}

static enum err on_headers(struct http_conn *http, const struct http_request *request,
			   struct http_admission *admission)
{
	const struct conn *conn = http->owner;
	struct slice given = http_request_header(request, "Proxy-Authorization");

	admission->body_bytes_max = egress_account_request_bytes(conn->of->account);
	if (seal_is_same(given, buf_slice(&conn->of->expected)))
		return OK;
	admission->headers = SLICE("Proxy-Authenticate: Basic realm=\"infrafabric\"\r\n");
	return ERR_PROXY_AUTH;
}

static const struct http_ops ops = { .on_headers = on_headers, .on_request = on_request };

/* ---- the port ------------------------------------------------------------------------------- */

static void on_listener_ready(void *context, unsigned ready)
{
	struct egress_http *http = context;
	struct conn *conn;
	int fd;

	(void)ready;
	if (!local_socket_accept(http->listener.fd, &fd)) {
		loop_fd_watch(http->watched, 0);
		loop_timer_set(http->timer, LOCAL_SOCKET_PAUSE_US);
		return;
	}
	if (http->conn_count == EGRESS_HTTP_CONNECTIONS_MAX) {
		close(fd);
		return;
	}
	conn = alloc_zero(1, sizeof(*conn));
	conn->of = http;
	conn->fd = fd;
	conn->next = http->conns;
	http->conns = conn;
	http->conn_count++;
	http_conn_init(&conn->http, &http->service, conn);
	conn->timer = loop_timer_open(http->account->service->loop, on_patience_end, conn);
	conn->watched = loop_fd_open(http->account->service->loop, fd, on_conn_ready, conn);
	update(conn);
}

static void on_accept_time(void *context)
{
	struct egress_http *http = context;

	loop_fd_watch(http->watched, LOOP_READ);
}

static void make_password(struct egress_http *http)
{
	unsigned char bytes[PASSWORD_BYTES];
	struct buf pair = { 0 };

	entropy_fill(bytes, sizeof(bytes));
	buf_add_hex(&http->password, bytes, sizeof(bytes));
	buf_add_lit(&pair, EGRESS_HTTP_USER ":");
	buf_add_slice(&pair, buf_slice(&http->password));
	buf_add_lit(&http->expected, "Basic ");
	hash_add_base64(&http->expected, buf_slice(&pair));
	seal_wipe(bytes, sizeof(bytes));
	seal_wipe_buf(&pair);
}

enum err egress_http_open(struct egress_account *account, struct egress_http **ret_http,
			  struct buf *detail)
{
	struct egress_http *http = alloc_zero(1, sizeof(*http));
	enum err err = listen_tcp("127.0.0.1:0", detail, &http->listener);

	if (err != OK) {
		free(http);
		return err;
	}
	http->account = account;
	http_service_init(&http->service, &ops);
	http->service.is_proxy = true;
	make_password(http);
	http->timer = loop_timer_open(account->service->loop, on_accept_time, http);
	http->watched = loop_fd_open(account->service->loop, http->listener.fd, on_listener_ready,
				     http);
	loop_fd_watch(http->watched, LOOP_READ);
	*ret_http = http;
	return OK;
}

void egress_http_close(struct egress_http *http)
{
	if (!http)
		return;
	while (http->conns)
		conn_close(http->conns);
	loop_timer_close(http->timer);
	loop_fd_close(http->watched);
	listener_close(&http->listener);
	http_service_finish(&http->service);
	seal_wipe_buf(&http->password);
	seal_wipe_buf(&http->expected);
	free(http);
}

int egress_http_port(const struct egress_http *http)
{
	return http->listener.port;
}

struct slice egress_http_password(const struct egress_http *http)
{
	return buf_slice(&http->password);
}
