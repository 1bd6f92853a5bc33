/*
 * Real sockets, one thread: clients do not block, and while one waits for
 * something the server's loop turns.
 */
#include "daemon/server.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/clock.h"

#define PATIENCE_US 20000000	/* for a machine under load; no test waits this long to pass */
#define PARKED_MAX 64
#define HOST "Host: localhost\r\n"

static struct loop *loop;
static struct server *server;
static struct server_config config;
static char folder[] = "/tmp/server-test-XXXXXX";
static char socket_path[64];

/* ---- the service under test ---- */

static struct {
	uint64_t parked[PARKED_MAX];	/* answered when the test says so */
	size_t parked_count;
	uint64_t due[PARKED_MAX];	/* answered in the WORK phase of their turn */
	size_t due_count;
	uint64_t hung_up, closed, drained;
	void *closed_attachment;
	struct server_peer peer;
	size_t body_len;
} seen;

static int attachment;

static enum err on_headers(void *context, const struct http_request *request,
			   const struct server_peer *peer, struct http_admission *admission)
{
	(void)context;
	(void)peer;
	if (slice_is(request->path, SLICE("/import")))
		admission->body_bytes_max = 8 << 20;
	return slice_is(request->path, SLICE("/unknown")) ? ERR_ROUTE_UNKNOWN : OK;
}

static void reply_text(uint64_t exchange, struct slice text)
{
	server_reply(server, exchange, 200, "text/plain", SLICE_EMPTY, text);
}

static void on_request(void *context, uint64_t exchange, const struct http_request *request,
		       const struct server_peer *peer)
{
	struct slice path = request->path;

	(void)context;
	seen.peer = *peer;
	seen.body_len = request->body.len;
	server_attach(server, exchange, &attachment);
	if (slice_starts(path, SLICE("/later"))) {
		ck_assert_uint_lt(seen.parked_count, PARKED_MAX);
		seen.parked[seen.parked_count++] = exchange;
	} else if (slice_starts(path, SLICE("/due"))) {
		ck_assert_uint_lt(seen.due_count, PARKED_MAX);
		seen.due[seen.due_count++] = exchange;
	} else if (slice_is(path, SLICE("/stream"))) {
		seen.parked[seen.parked_count++] = exchange;
		server_stream_begin(server, exchange, "text/event-stream", SLICE_EMPTY,
				    SLICE(":ping\n\n"));
	} else if (slice_is(path, SLICE("/flood"))) {
		struct buf big = { 0 };

		buf_add_repeat(&big, 'x', 4 << 20);
		reply_text(exchange, buf_slice(&big));
		buf_finish(&big);
	} else {
		reply_text(exchange, path);
	}
}

static void on_hangup(void *context, uint64_t exchange, void *attached)
{
	(void)context;
	(void)attached;
	seen.hung_up = exchange;
}

static void on_closed(void *context, uint64_t exchange, void *attached)
{
	(void)context;
	seen.closed = exchange;
	seen.closed_attachment = attached;
}

static void on_drain(void *context, uint64_t exchange, void *attached)
{
	(void)context;
	(void)attached;
	seen.drained = exchange;
}

static const struct server_ops ops = {
	.on_headers = on_headers,
	.on_request = on_request,
	.on_hangup = on_hangup,
	.on_closed = on_closed,
	.on_drain = on_drain,
};

/* As the daemon does when what came in during a turn is committed. */
static bool on_work(void *context)
{
	(void)context;
	for (size_t i = 0; i < seen.due_count; i++)
		reply_text(seen.due[i], SLICE("committed"));
	seen.due_count = 0;
	return false;
}

static void begin(void)
{
	memset(&seen, 0, sizeof(seen));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(socket_path, sizeof(socket_path), "%s/if.sock", folder);
	ck_assert_int_eq(loop_open(&loop), OK);
	loop_add_hook(loop, LOOP_PHASE_WORK, on_work, NULL);
	server_config_init(&config);
	config.unix_path = socket_path;
	config.tcp_address = "127.0.0.1:0";
}

static void start(void)
{
	struct buf detail = { 0 };
	enum err err = server_open(loop, &config, &ops, NULL, &detail, &server);

	ck_assert_msg(err == OK, "%s", buf_str(&detail));
	buf_finish(&detail);
}

static void finish(void)
{
	char lock[80];

	server_close(server);
	loop_close(loop);
	snprintf(lock, sizeof(lock), "%s.lock", socket_path);
	unlink(lock);
	unlink(socket_path);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* ---- clients ---- */

struct client {
	int fd;
	struct buf got;
	bool ended;			/* the server closed its side, in order */
	bool was_reset;
};

static void turn(void)
{
	loop_run_once(loop, 1000);
}

static void turns(int count)
{
	for (int i = 0; i < count; i++)
		turn();
}

static int connect_unix(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int connect_tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	address.sin_port = htons((uint16_t)server_tcp_port(server));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static struct client client_of(int fd)
{
	return (struct client){ .fd = fd };
}

static void hang_up(struct client *client)
{
	close(client->fd);
	buf_finish(&client->got);
	client->fd = -1;
}

static void take(struct client *client)
{
	ssize_t got;

	do {
		char *at = buf_reserve(&client->got, 65536);

		got = recv(client->fd, at, 65536, 0);
		if (got > 0)
			client->got.len += (size_t)got;
	} while (got > 0);
	client->ended |= got == 0;
	client->was_reset |= got < 0 && errno == ECONNRESET;
}

static void say(struct client *client, struct slice bytes)
{
	int64_t give_up_us = clock_mono_us() + PATIENCE_US;

	while (bytes.len > 0) {
		ssize_t put = send(client->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		ck_assert_msg(put > 0 || errno == EAGAIN, "send: %s", strerror(errno));
		ck_assert_int_lt(clock_mono_us(), give_up_us);
		if (put > 0)
			bytes = slice_from(bytes, (size_t)put);
		if (bytes.len)
			turn();
	}
}

static void say_str(struct client *client, const char *text)
{
	say(client, slice_of_str(text));
}

static bool has(const struct client *client, const char *text)
{
	return slice_find(buf_slice(&client->got), slice_of_str(text)) >= 0;
}

/* Turns the loop until the client got this. */
static void expect(struct client *client, const char *text)
{
	int64_t give_up_us = clock_mono_us() + PATIENCE_US;

	while (take(client), !has(client, text)) {
		ck_assert_msg(clock_mono_us() < give_up_us && !client->ended && !client->was_reset,
			      "no '%s' in '%s'%s", text, buf_str(&client->got),
			      client->ended ? ", and it was closed" : "");
		turn();
	}
}

static void expect_end(struct client *client)
{
	int64_t give_up_us = clock_mono_us() + PATIENCE_US;

	while (take(client), !client->ended) {
		ck_assert_msg(!client->was_reset, "reset, after '%s'", buf_str(&client->got));
		ck_assert_msg(clock_mono_us() < give_up_us, "not closed, after '%s'",
			      buf_str(&client->got));
		turn();
	}
}

/* Turns until something is so. */
#define until(condition)                                                       \
	do {                                                                   \
		int64_t give_up_us_ = clock_mono_us() + PATIENCE_US;           \
		while (!(condition)) {                                         \
			ck_assert_msg(clock_mono_us() < give_up_us_, #condition); \
			turn();                                                \
		}                                                              \
	} while (0)

static void forget(struct client *client)
{
	buf_clear(&client->got);
}

static void say_host(struct client *client, const char *first_lines)
{
	char text[512];

	snprintf(text, sizeof(text), "%sHost: 127.0.0.1:%d\r\n\r\n", first_lines,
		 server_tcp_port(server));
	say_str(client, text);
}

/* ---- listening ---- */

START_TEST(both_sockets_are_answered)
{
	struct client local, remote;

	begin();
	start();
	local = client_of(connect_unix());
	remote = client_of(connect_tcp());
	say_str(&local, "GET /one HTTP/1.1\r\n" HOST "\r\n");
	say_host(&remote, "GET /two HTTP/1.1\r\n");
	expect(&local, "/one");
	expect(&remote, "/two");
	forget(&local);
	say_str(&local, "GET /again HTTP/1.1\r\n" HOST "\r\n");
	expect(&local, "/again");
	hang_up(&local);
	hang_up(&remote);
	until(server_connection_count(server) == 0);
	finish();
}
END_TEST

START_TEST(the_socket_is_its_owners_alone_and_peers_are_known)
{
	struct client client;
	struct stat found;

	begin();
	start();
	ck_assert_int_eq(stat(socket_path, &found), 0);
	ck_assert_uint_eq(found.st_mode & 07777, 0600);
	client = client_of(connect_unix());
	say_str(&client, "GET /a HTTP/1.1\r\n" HOST "\r\n");
	expect(&client, "/a");
	ck_assert(seen.peer.is_unix);
	ck_assert_uint_eq(seen.peer.uid, getuid());
	ck_assert_int_eq(seen.peer.pid, getpid());
	hang_up(&client);
	client = client_of(connect_tcp());
	say_host(&client, "GET /b HTTP/1.1\r\n");
	expect(&client, "/b");
	ck_assert(!seen.peer.is_unix);
	ck_assert_uint_eq(seen.peer.uid, (uid_t)-1);
	hang_up(&client);
	finish();
}
END_TEST

static enum err open_second(struct buf *detail)
{
	struct server *second = NULL;
	enum err err = server_open(loop, &config, &ops, NULL, detail, &second);

	server_close(second);
	return err;
}

START_TEST(a_live_socket_is_not_replaced)
{
	struct buf detail = { 0 };
	struct client client;

	begin();
	start();
	config.tcp_address = NULL;
	ck_assert_int_eq(open_second(&detail), ERR_DAEMON_RUNNING);
	ck_assert_ptr_nonnull(strstr(buf_str(&detail), socket_path));
	client = client_of(connect_unix());
	say_str(&client, "GET /still HTTP/1.1\r\n" HOST "\r\n");
	expect(&client, "/still");
	hang_up(&client);
	buf_finish(&detail);
	finish();
}
END_TEST

/* A socket file of another program, which knows nothing of our lock. */
static int listen_plainly(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

START_TEST(only_a_dead_socket_file_is_replaced)
{
	struct buf detail = { 0 };
	struct client client;
	int fd;

	begin();
	config.tcp_address = NULL;
	fd = listen_plainly();
	ck_assert_int_eq(open_second(&detail), ERR_DAEMON_RUNNING);
	close(fd);
	start();
	client = client_of(connect_unix());
	say_str(&client, "GET /new HTTP/1.1\r\n" HOST "\r\n");
	expect(&client, "/new");
	hang_up(&client);
	buf_finish(&detail);
	finish();
}
END_TEST

START_TEST(a_file_that_is_no_socket_stays)
{
	struct buf detail = { 0 };
	struct stat found;
	int fd;

	begin();
	config.tcp_address = NULL;
	server = NULL;
	fd = open(socket_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(open_second(&detail), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(buf_str(&detail), "not a socket"));
	ck_assert_int_eq(stat(socket_path, &found), 0);
	buf_finish(&detail);
	finish();
}
END_TEST

START_TEST(addresses_that_cannot_be_used_are_refused_with_the_reason)
{
	static const char *const beyond[] = { "0.0.0.0:8700", "192.168.1.1:8700", "[::]:8700",
					      "8.8.8.8:80", "[fe80::1]:80", "[::ffff:127.0.0.1]:80" };
	static const char *const malformed[] = { "", ":", "localhost", "127.0.0.1", "127.0.0.1:x",
						 "127.0.0.1:65536", "127.0.0.1:-1", "::1:8700",
						 "example.org:80", "[::1:80", "[]:80", "127.0.0.1:" };
	char long_path[200];
	struct buf detail = { 0 };

	begin();
	server = NULL;
	config.unix_path = NULL;
	for (size_t i = 0; i < ARRAY_LEN(beyond); i++) {
		buf_clear(&detail);
		config.tcp_address = beyond[i];
		ck_assert_int_eq(open_second(&detail), ERR_USAGE);
		ck_assert_msg(strstr(buf_str(&detail), "loopback") != NULL, "%s", beyond[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
		config.tcp_address = malformed[i];
		ck_assert_msg(open_second(&detail) == ERR_USAGE, "%s", malformed[i]);
	}
	config.tcp_address = NULL;
	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	config.unix_path = long_path;
	buf_clear(&detail);
	ck_assert_int_eq(open_second(&detail), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(buf_str(&detail), "107 bytes"));
	buf_finish(&detail);
	finish();
}
END_TEST

START_TEST(a_port_that_is_taken_is_said_to_be)
{
	struct buf detail = { 0 };
	char address[32];

	begin();
	start();
	snprintf(address, sizeof(address), "127.0.0.1:%d", server_tcp_port(server));
	config.unix_path = NULL;
	config.tcp_address = address;
	ck_assert_int_eq(open_second(&detail), ERR_DAEMON_RUNNING);
	buf_finish(&detail);
	finish();
}
END_TEST

/* ---- answers ---- */

START_TEST(what_is_committed_in_a_turn_is_answered_in_it)
{
	struct client first, second;

	begin();
	start();
	first = client_of(connect_unix());
	second = client_of(connect_unix());
	turns(3);
	say_str(&first, "POST /due HTTP/1.1\r\n" HOST "\r\n");
	say_str(&second, "POST /due HTTP/1.1\r\n" HOST "\r\n");
	turn();
	take(&first);
	take(&second);
	ck_assert(has(&first, "committed"));
	ck_assert(has(&second, "committed"));
	hang_up(&first);
	hang_up(&second);
	finish();
}
END_TEST

START_TEST(answers_go_to_their_own_clients_in_any_order)
{
	struct client clients[10];
	char text[80];

	begin();
	start();
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		clients[i] = client_of(connect_unix());
		say_str(&clients[i], "GET /later HTTP/1.1\r\n" HOST "\r\n");
		until(seen.parked_count == i + 1);
	}
	for (size_t i = ARRAY_LEN(clients); i-- > 0;) {
		snprintf(text, sizeof(text), "answer %zu.", i);
		reply_text(seen.parked[i], slice_of_str(text));
	}
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		snprintf(text, sizeof(text), "answer %zu.", i);
		expect(&clients[i], text);
		hang_up(&clients[i]);
	}
	finish();
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	struct client client;
	const char *at;

	begin();
	start();
	client = client_of(connect_unix());
	say_str(&client, "GET /1 HTTP/1.1\r\n" HOST "\r\nGET /later HTTP/1.1\r\n" HOST
			 "\r\nGET /due HTTP/1.1\r\n" HOST "\r\nGET /4 HTTP/1.1\r\n" HOST "\r\n");
	expect(&client, "/1");
	until(seen.parked_count == 1);
	turns(3);
	ck_assert(!has(&client, "committed"));
	reply_text(seen.parked[0], SLICE("parked"));
	expect(&client, "/4");
	at = strstr(buf_str(&client.got), "parked");
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(strstr(at, "committed"));
	hang_up(&client);
	finish();
}
END_TEST

START_TEST(thousands_of_pipelined_requests_are_all_answered)
{
	struct buf requests = { 0 };
	struct client client;

	begin();
	start();
	client = client_of(connect_unix());
	for (int i = 0; i < 5000; i++)
		buf_add_lit(&requests, "GET /a HTTP/1.1\r\n" HOST "\r\n");
	buf_add_lit(&requests, "GET /the-last HTTP/1.1\r\n" HOST "\r\n");
	say(&client, buf_slice(&requests));
	expect(&client, "/the-last");
	ck_assert_uint_eq(server_stats(server)->requests, 5001);
	hang_up(&client);
	buf_finish(&requests);
	finish();
}
END_TEST

START_TEST(an_answer_to_a_client_that_vanished_harms_nobody)
{
	struct client gone, next;
	uint64_t stale;

	begin();
	start();
	gone = client_of(connect_unix());
	say_str(&gone, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	until(seen.parked_count == 1);
	stale = seen.parked[0];
	ck_assert(server_is_open(server, stale));
	hang_up(&gone);
	until(seen.closed == stale);
	ck_assert_ptr_eq(seen.closed_attachment, &attachment);
	ck_assert(!server_is_open(server, stale));
	/* The next client gets the same slot, and must not get the other's answer. */
	next = client_of(connect_unix());
	say_str(&next, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	until(seen.parked_count == 2);
	ck_assert_uint_ne(seen.parked[1], stale);
	reply_text(stale, SLICE("not for you"));
	server_reply_error(server, stale, ERR_TIMEOUT, SLICE_EMPTY, SLICE_EMPTY);
	server_stream_end(server, stale);
	ck_assert_int_eq(server_stream_write(server, stale, SLICE("x")), SERVER_GONE);
	reply_text(seen.parked[1], SLICE("for you"));
	reply_text(seen.parked[1], SLICE("twice"));
	expect(&next, "for you");
	turns(3);
	take(&next);
	ck_assert(!has(&next, "not for you"));
	ck_assert(!has(&next, "twice"));
	hang_up(&next);
	finish();
}
END_TEST

START_TEST(errors_are_problem_documents)
{
	struct client client;

	begin();
	start();
	client = client_of(connect_unix());
	say_str(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	until(seen.parked_count == 1);
	server_reply_error(server, seen.parked[0], ERR_TASK_CLAIMED, SLICE("s2 holds it"),
			   SLICE("\"holder\":\"s2\""));
	expect(&client, "\"holder\":\"s2\"}");
	ck_assert(has(&client, "HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\n"));
	ck_assert(has(&client, "\"type\":\"urn:infrafabric:error:task_claimed\""));
	ck_assert(has(&client, "\"status\":409,\"code\":\"task_claimed\",\"detail\":\"s2 holds it\""));
	ck_assert(has(&client, "\"retryable\":true"));
	forget(&client);
	say_str(&client, "GET /unknown HTTP/1.1\r\n" HOST "\r\n");
	expect(&client, "\"code\":\"route_unknown\"");
	hang_up(&client);
	finish();
}
END_TEST

/* ---- clients that are slow, or end halfway ---- */

START_TEST(a_client_that_sends_byte_by_byte_is_served)
{
	const char *request = "POST /slow HTTP/1.1\r\n" HOST
			      "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
	struct client client;

	begin();
	start();
	client = client_of(connect_unix());
	for (size_t i = 0; request[i]; i++) {
		say(&client, slice_of(request + i, 1));
		turn();
	}
	expect(&client, "/slow");
	ck_assert_uint_eq(seen.body_len, 2);
	hang_up(&client);
	finish();
}
END_TEST

START_TEST(a_head_that_does_not_end_times_out)
{
	struct client slow, other;

	begin();
	config.head_timeout_us = 100000;
	start();
	slow = client_of(connect_unix());
	say_str(&slow, "GET / HTTP/1.1\r\nHost");
	other = client_of(connect_unix());
	say_str(&other, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	expect_end(&slow);
	ck_assert(has(&slow, "HTTP/1.1 408 "));
	ck_assert(has(&slow, "\"code\":\"http_timeout\""));
	ck_assert_uint_eq(server_stats(server)->timed_out, 1);
	ck_assert_msg(server_is_open(server, seen.parked[0]), "one that waits for us has time");
	hang_up(&slow);
	hang_up(&other);
	finish();
}
END_TEST

START_TEST(dripping_bytes_do_not_buy_a_head_more_time)
{
	struct client slow;
	int64_t give_up_us, drip_us = 0;

	begin();
	config.head_timeout_us = 100000;
	start();
	slow = client_of(connect_unix());
	say_str(&slow, "GET / HTTP/1.1\r\nX: ");
	give_up_us = clock_mono_us() + PATIENCE_US;
	while (take(&slow), !has(&slow, "408")) {
		ck_assert_msg(clock_mono_us() < give_up_us, "no 408 in '%s'", buf_str(&slow.got));
		turn();
		/* Slowly, or a fast machine fills the head before its time is over. */
		if (clock_mono_us() < drip_us)
			continue;
		if (send(slow.fd, "x", 1, MSG_NOSIGNAL) < 0)
			ck_assert(errno == EAGAIN || errno == EPIPE);
		drip_us = clock_mono_us() + 1000;
	}
	hang_up(&slow);
	finish();
}
END_TEST

START_TEST(a_body_that_does_not_end_times_out)
{
	struct client slow;

	begin();
	config.body_timeout_us = 100000;
	start();
	slow = client_of(connect_unix());
	say_str(&slow, "POST / HTTP/1.1\r\n" HOST
		       "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
	expect_end(&slow);
	ck_assert(has(&slow, "HTTP/1.1 408 "));
	hang_up(&slow);
	finish();
}
END_TEST

START_TEST(an_idle_connection_is_closed_without_a_word)
{
	struct client idle;

	begin();
	config.idle_timeout_us = 100000;
	start();
	idle = client_of(connect_unix());
	say_str(&idle, "GET /a HTTP/1.1\r\n" HOST "\r\n");
	expect(&idle, "/a");
	forget(&idle);
	expect_end(&idle);
	ck_assert_uint_eq(idle.got.len, 0);
	ck_assert_uint_eq(server_connection_count(server), 0);
	hang_up(&idle);
	finish();
}
END_TEST

static void check_half_closed(struct client client, bool has_host)
{
	if (has_host)
		say_str(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	else
		say_host(&client, "GET /later HTTP/1.1\r\n");
	ck_assert_int_eq(shutdown(client.fd, SHUT_WR), 0);
	until(seen.parked_count == 1 && seen.hung_up == seen.parked[0]);
	ck_assert_uint_eq(seen.closed, 0);
	reply_text(seen.parked[0], SLICE("still for you"));
	expect_end(&client);
	ck_assert(has(&client, "still for you"));
	hang_up(&client);
	until(server_connection_count(server) == 0);
}

START_TEST(a_half_closed_client_is_answered)
{
	begin();
	start();
	check_half_closed(client_of(connect_unix()), true);
	finish();
}
END_TEST

START_TEST(a_half_closed_client_is_answered_over_tcp)
{
	begin();
	start();
	check_half_closed(client_of(connect_tcp()), false);
	finish();
}
END_TEST

START_TEST(a_tcp_client_that_vanished_hangs_up_first_and_is_closed_when_answered)
{
	struct client client;

	begin();
	start();
	client = client_of(connect_tcp());
	say_host(&client, "GET /stream HTTP/1.1\r\n");
	/* With something unread it would be a reset at once. */
	expect(&client, "\r\n\r\n");
	hang_up(&client);
	until(seen.hung_up == seen.parked[0]);
	/* The first write is answered with a reset, which the second one meets. */
	for (int i = 0; i < 1000 && !seen.closed; i++) {
		server_stream_write(server, seen.parked[0], SLICE("data: x\n\n"));
		turn();
	}
	ck_assert_uint_eq(seen.closed, seen.parked[0]);
	finish();
}
END_TEST

START_TEST(a_large_body_is_taken_where_it_is_allowed)
{
	struct buf body = { 0 };
	struct client client;

	begin();
	start();
	client = client_of(connect_unix());
	buf_add_repeat(&body, 'b', 8 << 20);
	say_str(&client, "POST /import HTTP/1.1\r\n" HOST
			 "Content-Type: application/json\r\nContent-Length: 8388608\r\n\r\n");
	say(&client, buf_slice(&body));
	expect(&client, "/import");
	ck_assert_uint_eq(seen.body_len, 8 << 20);
	hang_up(&client);
	buf_finish(&body);
	finish();
}
END_TEST

START_TEST(a_refusal_reaches_a_client_that_is_still_sending)
{
	struct buf body = { 0 };
	struct client client;

	begin();
	start();
	client = client_of(connect_tcp());
	buf_add_lit(&body, "POST /other HTTP/1.1\r\nHost: 127.0.0.1:");
	buf_add_i64(&body, server_tcp_port(server));
	buf_add_lit(&body, "\r\nContent-Type: application/json\r\nContent-Length: 8388608\r\n\r\n");
	buf_add_repeat(&body, 'b', 8 << 20);
	say(&client, buf_slice(&body));
	shutdown(client.fd, SHUT_WR);
	expect_end(&client);
	ck_assert(has(&client, "HTTP/1.1 413 "));
	ck_assert(has(&client, "http_body_bytes_max"));
	hang_up(&client);
	buf_finish(&body);
	until(server_connection_count(server) == 0);
	finish();
}
END_TEST

START_TEST(who_is_refused_and_does_not_go_is_closed)
{
	struct client client;

	begin();
	config.linger_timeout_us = 50000;
	start();
	client = client_of(connect_unix());
	say_str(&client, "nonsense\r\n\r\n");
	expect_end(&client);
	ck_assert(has(&client, "HTTP/1.1 400 "));
	until(server_connection_count(server) == 0);
	hang_up(&client);
	finish();
}
END_TEST

/* ---- streams and readers that do not read ---- */

START_TEST(a_stream_goes_on_until_it_is_ended)
{
	struct client client;

	begin();
	start();
	client = client_of(connect_unix());
	say_str(&client, "GET /stream HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n" HOST "\r\n");
	expect(&client, "text/event-stream");
	ck_assert_int_eq(server_stream_write(server, seen.parked[0], SLICE("data: 1\n\n")),
			 SERVER_ROOM);
	expect(&client, "data: 1\n\n");
	server_stream_write(server, seen.parked[0], SLICE("data: 2\n\n"));
	server_stream_end(server, seen.parked[0]);
	ck_assert_int_eq(server_stream_write(server, seen.parked[0], SLICE("data: 3\n\n")),
			 SERVER_GONE);
	expect(&client, "/next");
	ck_assert(has(&client, "data: 2\n\n\r\n0\r\n\r\n"));
	ck_assert(!has(&client, "data: 3"));
	hang_up(&client);
	ck_assert_uint_eq(seen.closed, 0);
	finish();
}
END_TEST

START_TEST(a_quiet_stream_gets_pings)
{
	struct client client;

	begin();
	config.stream_ping_us = 40000;
	start();
	client = client_of(connect_unix());
	say_str(&client, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	expect(&client, ":ping\n\n");
	forget(&client);
	expect(&client, ":ping\n\n");
	hang_up(&client);
	until(seen.closed == seen.parked[0]);
	finish();
}
END_TEST

START_TEST(a_producer_waits_until_its_reader_has_read)
{
	static char piece[32768];
	struct client client;
	size_t written = 0;

	memset(piece, 'p', sizeof(piece));
	begin();
	start();
	client = client_of(connect_unix());
	say_str(&client, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	until(seen.parked_count == 1);
	while (server_stream_write(server, seen.parked[0], slice_of(piece, sizeof(piece))) ==
	       SERVER_ROOM) {
		written += sizeof(piece);
		ck_assert_uint_lt(written, 64 << 20);
		turn();
	}
	turns(3);
	ck_assert_uint_eq(seen.drained, 0);
	ck_assert(server_is_open(server, seen.parked[0]));
	until((take(&client), seen.drained == seen.parked[0]));
	ck_assert_int_eq(server_stream_write(server, seen.parked[0], SLICE("end")), SERVER_ROOM);
	expect(&client, "end");
	hang_up(&client);
	finish();
}
END_TEST

START_TEST(a_reader_that_never_reads_is_disconnected_and_harms_nobody)
{
	static char piece[32768];
	struct client lazy, other;
	uint64_t stream;

	begin();
	start();
	lazy = client_of(connect_unix());
	say_str(&lazy, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	until(seen.parked_count == 1);
	stream = seen.parked[0];
	other = client_of(connect_unix());
	for (int i = 0; i < 10000; i++) {
		if (server_stream_write(server, stream, slice_of(piece, sizeof(piece))) ==
		    SERVER_GONE)
			break;
		if (i % 8 == 0) {
			forget(&other);
			say_str(&other, "GET /other HTTP/1.1\r\n" HOST "\r\n");
			expect(&other, "/other");
		}
	}
	ck_assert_int_eq(server_stream_write(server, stream, SLICE("x")), SERVER_GONE);
	until(seen.closed == stream);
	ck_assert_uint_eq(server_stats(server)->overrun, 1);
	hang_up(&lazy);
	hang_up(&other);
	finish();
}
END_TEST

START_TEST(a_reader_that_takes_nothing_for_long_is_disconnected)
{
	struct client lazy;

	begin();
	config.stall_timeout_us = 100000;
	start();
	lazy = client_of(connect_unix());
	say_str(&lazy, "GET /flood HTTP/1.1\r\n" HOST "\r\n");
	until(server_connection_count(server) == 1);
	until(server_connection_count(server) == 0);
	ck_assert_uint_eq(server_stats(server)->timed_out, 1);
	hang_up(&lazy);
	finish();
}
END_TEST

START_TEST(a_large_reply_arrives_whole_at_a_slow_reader)
{
	struct client client;

	begin();
	start();
	client = client_of(connect_unix());
	say_str(&client, "GET /flood HTTP/1.1\r\n" HOST "\r\nGET /after HTTP/1.1\r\n" HOST "\r\n");
	turns(20);
	expect(&client, "/after");
	ck_assert_uint_gt(client.got.len, 4 << 20);
	hang_up(&client);
	finish();
}
END_TEST

/* ---- many connections ---- */

static size_t resident_bytes(void)
{
	unsigned long long pages[2] = { 0, 0 };
	FILE *file = fopen("/proc/self/statm", "re");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%llu %llu", &pages[0], &pages[1]), 2);
	fclose(file);
	return (size_t)pages[1] * (size_t)sysconf(_SC_PAGESIZE);
}

#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_IS_PADDED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY_IS_PADDED 1
#endif
#endif
#ifndef MEMORY_IS_PADDED
#define MEMORY_IS_PADDED 0
#endif

START_TEST(ten_thousand_idle_connections_cost_little_and_slow_nobody)
{
	enum { WANTED = 10000, LEAST = 400 };
	static struct client idle[WANTED];
	struct rlimit limit;
	struct client busy;
	size_t count = WANTED, before;

	begin();
	start();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	/* Both ends are ours. */
	if (limit.rlim_cur < 2 * WANTED + 200)
		count = limit.rlim_cur / 2 - 100;
	ck_assert_uint_ge(count, LEAST);
	before = resident_bytes();
	for (size_t i = 0; i < count; i++) {
		idle[i] = client_of(connect_unix());
		/* Each has been used before it is idle, one in ten is in the midst of a head. */
		say_str(&idle[i], "GET /a HTTP/1.1\r\n" HOST "\r\n");
		if (i % 10 == 0)
			say_str(&idle[i], "GET /b HT");
		if (i % 64 == 0)
			turn();
	}
	until(server_stats(server)->requests == count && server_connection_count(server) == count);
	printf("%zu idle connections: %zu bytes each\n", count,
	       (resident_bytes() - before) / count);
	if (!MEMORY_IS_PADDED)
		ck_assert_uint_lt((resident_bytes() - before) / count, 5000);
	busy = client_of(connect_unix());
	for (int i = 0; i < 100; i++) {
		forget(&busy);
		say_str(&busy, "GET /busy HTTP/1.1\r\n" HOST "\r\n");
		expect(&busy, "/busy");
	}
	for (size_t i = 0; i < count; i++)
		hang_up(&idle[i]);
	until(server_connection_count(server) == 1);
	hang_up(&busy);
	finish();
}
END_TEST

START_TEST(one_connection_too_many_is_told_so)
{
	struct client clients[4], extra;

	begin();
	config.connections_max = 4;
	start();
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		clients[i] = client_of(connect_unix());
		until(server_connection_count(server) == i + 1);
	}
	extra = client_of(connect_unix());
	say_str(&extra, "GET / HTTP/1.1\r\n" HOST "\r\n");
	expect_end(&extra);
	ck_assert(has(&extra, "HTTP/1.1 503 "));
	ck_assert(has(&extra, "\"code\":\"connections_exhausted\""));
	ck_assert(has(&extra, "Retry-After: 1\r\n"));
	hang_up(&extra);
	hang_up(&clients[0]);
	until(server_connection_count(server) == 3);
	extra = client_of(connect_unix());
	say_str(&extra, "GET /room HTTP/1.1\r\n" HOST "\r\n");
	expect(&extra, "/room");
	hang_up(&extra);
	for (size_t i = 1; i < ARRAY_LEN(clients); i++)
		hang_up(&clients[i]);
	finish();
}
END_TEST

START_TEST(running_out_of_descriptors_passes)
{
	struct client waiting[3];
	struct rlimit before, low;
	int lowest;

	begin();
	start();
	for (size_t i = 0; i < ARRAY_LEN(waiting); i++)
		waiting[i] = client_of(connect_unix());
	lowest = dup(0);
	ck_assert_int_ge(lowest, 0);
	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	expect_end(&waiting[0]);
	ck_assert(has(&waiting[0], "HTTP/1.1 503 "));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	say_str(&waiting[2], "GET /back HTTP/1.1\r\n" HOST "\r\n");
	expect(&waiting[2], "/back");
	for (size_t i = 0; i < ARRAY_LEN(waiting); i++)
		hang_up(&waiting[i]);
	finish();
}
END_TEST

/* ---- pages of other origins ---- */

static void check_denied(const char *lines, bool is_denied)
{
	struct client client = client_of(connect_tcp());

	say_str(&client, lines);
	expect(&client, is_denied ? "\"code\":\"origin_denied\"" : "HTTP/1.1 200 OK");
	hang_up(&client);
}

START_TEST(pages_of_other_origins_are_denied_over_tcp)
{
	char text[256];
	struct client client;

	begin();
	start();
	check_denied("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", true);
	check_denied("GET / HTTP/1.0\r\n\r\n", true);
	snprintf(text, sizeof(text),
		 "GET / HTTP/1.1\r\nHost: localhost:%d\r\nOrigin: http://example.org\r\n\r\n",
		 server_tcp_port(server));
	check_denied(text, true);
	snprintf(text, sizeof(text),
		 "GET / HTTP/1.1\r\nHost: localhost:%d\r\nOrigin: http://localhost:%d\r\n\r\n",
		 server_tcp_port(server), server_tcp_port(server));
	check_denied(text, false);
	client = client_of(connect_unix());
	say_str(&client, "GET /local HTTP/1.1\r\nHost: anything\r\n\r\n");
	expect(&client, "/local");
	hang_up(&client);
	finish();
}
END_TEST

/* ---- the end ---- */

START_TEST(shutting_down_finishes_what_was_asked)
{
	struct client idle, waiting, streaming, half;
	struct stat found;

	begin();
	start();
	idle = client_of(connect_unix());
	say_str(&idle, "GET /a HTTP/1.1\r\n" HOST "\r\n");
	expect(&idle, "/a");
	forget(&idle);
	waiting = client_of(connect_unix());
	say_str(&waiting, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	until(seen.parked_count == 1);
	streaming = client_of(connect_unix());
	say_str(&streaming, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	until(seen.parked_count == 2);
	half = client_of(connect_unix());
	say_str(&half, "GET /half HTT");
	until(server_connection_count(server) == 4);
	turns(3);
	server_shut_down(server);
	expect_end(&idle);
	ck_assert_uint_eq(idle.got.len, 0);
	expect_end(&half);
	ck_assert(has(&half, "\"code\":\"shutting_down\""));
	expect_end(&streaming);
	ck_assert(has(&streaming, "\r\n0\r\n\r\n"));
	ck_assert_uint_eq(seen.closed, seen.parked[1]);
	ck_assert_int_ne(stat(socket_path, &found), 0);
	reply_text(seen.parked[0], SLICE("the last"));
	expect_end(&waiting);
	ck_assert(has(&waiting, "the last"));
	ck_assert(has(&waiting, "Connection: close\r\n"));
	hang_up(&idle);
	hang_up(&waiting);
	hang_up(&streaming);
	hang_up(&half);
	until(server_connection_count(server) == 0);
	finish();
}
END_TEST

START_TEST(closing_tells_of_everything_unanswered)
{
	struct client client;

	begin();
	start();
	client = client_of(connect_unix());
	say_str(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	until(seen.parked_count == 1);
	server_close(server);
	ck_assert_uint_eq(seen.closed, seen.parked[0]);
	server = NULL;
	hang_up(&client);
	finish();
}
END_TEST

static Suite *server_suite(void)
{
	Suite *suite = suite_create("server");
	TCase *tests = tcase_create("server");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, both_sockets_are_answered);
	tcase_add_test(tests, the_socket_is_its_owners_alone_and_peers_are_known);
	tcase_add_test(tests, a_live_socket_is_not_replaced);
	tcase_add_test(tests, only_a_dead_socket_file_is_replaced);
	tcase_add_test(tests, a_file_that_is_no_socket_stays);
	tcase_add_test(tests, addresses_that_cannot_be_used_are_refused_with_the_reason);
	tcase_add_test(tests, a_port_that_is_taken_is_said_to_be);
	tcase_add_test(tests, what_is_committed_in_a_turn_is_answered_in_it);
	tcase_add_test(tests, answers_go_to_their_own_clients_in_any_order);
	tcase_add_test(tests, pipelined_requests_are_answered_in_order);
	tcase_add_test(tests, thousands_of_pipelined_requests_are_all_answered);
	tcase_add_test(tests, an_answer_to_a_client_that_vanished_harms_nobody);
	tcase_add_test(tests, errors_are_problem_documents);
	tcase_add_test(tests, a_client_that_sends_byte_by_byte_is_served);
	tcase_add_test(tests, a_head_that_does_not_end_times_out);
	tcase_add_test(tests, dripping_bytes_do_not_buy_a_head_more_time);
	tcase_add_test(tests, a_body_that_does_not_end_times_out);
	tcase_add_test(tests, an_idle_connection_is_closed_without_a_word);
	tcase_add_test(tests, a_half_closed_client_is_answered);
	tcase_add_test(tests, a_half_closed_client_is_answered_over_tcp);
	tcase_add_test(tests, a_tcp_client_that_vanished_hangs_up_first_and_is_closed_when_answered);
	tcase_add_test(tests, a_large_body_is_taken_where_it_is_allowed);
	tcase_add_test(tests, a_refusal_reaches_a_client_that_is_still_sending);
	tcase_add_test(tests, who_is_refused_and_does_not_go_is_closed);
	tcase_add_test(tests, a_stream_goes_on_until_it_is_ended);
	tcase_add_test(tests, a_quiet_stream_gets_pings);
	tcase_add_test(tests, a_producer_waits_until_its_reader_has_read);
	tcase_add_test(tests, a_reader_that_never_reads_is_disconnected_and_harms_nobody);
	tcase_add_test(tests, a_reader_that_takes_nothing_for_long_is_disconnected);
	tcase_add_test(tests, a_large_reply_arrives_whole_at_a_slow_reader);
	tcase_add_test(tests, ten_thousand_idle_connections_cost_little_and_slow_nobody);
	tcase_add_test(tests, one_connection_too_many_is_told_so);
	tcase_add_test(tests, running_out_of_descriptors_passes);
	tcase_add_test(tests, pages_of_other_origins_are_denied_over_tcp);
	tcase_add_test(tests, shutting_down_finishes_what_was_asked);
	tcase_add_test(tests, closing_tells_of_everything_unanswered);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(server_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
