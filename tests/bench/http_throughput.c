/*
 * What HTTP costs by itself: a handler that answers 200 bytes, asked by many
 * connections that each wait for their answer before asking again.
 *
 *   http_throughput [unix|tcp] [connections] [seconds] [now|turn]
 *
 * "turn" answers in the WORK phase, as commands are that wait for a commit.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/server.h"
#include "sys/clock.h"

#define CONNECTIONS_MAX 8192
#define ANSWER_BYTES 200

static void fail(const char *what)
{
	fprintf(stderr, "http_throughput: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- the server ---- */

static struct {
	struct server *server;
	struct loop *loop;
	uint64_t due[CONNECTIONS_MAX];
	size_t due_count;
	bool answers_after_turn;
	char answer[ANSWER_BYTES];
} daemon_state;

static void answer(uint64_t exchange)
{
	server_reply(daemon_state.server, exchange, 200, "application/json", SLICE_EMPTY,
		     slice_of(daemon_state.answer, sizeof(daemon_state.answer)));
}

static void on_request(void *context, uint64_t exchange, const struct http_request *request,
		       const struct server_peer *peer)
{
	(void)context;
	(void)request;
	(void)peer;
	if (daemon_state.answers_after_turn)
		daemon_state.due[daemon_state.due_count++] = exchange;
	else
		answer(exchange);
}

static bool on_work(void *context)
{
	(void)context;
	for (size_t i = 0; i < daemon_state.due_count; i++)
		answer(daemon_state.due[i]);
	daemon_state.due_count = 0;
	return false;
}

static void on_term(void *context, int signal_number)
{
	(void)context;
	(void)signal_number;
	loop_stop(daemon_state.loop);
}

static void serve(const struct server_config *config, int port_fd)
{
	static const struct server_ops ops = { .on_request = on_request };
	struct buf detail = { 0 };
	struct loop_signal *term;
	int port;

	memset(daemon_state.answer, 'a', sizeof(daemon_state.answer));
	if (loop_open(&daemon_state.loop) != OK)
		fail("loop");
	loop_add_hook(daemon_state.loop, LOOP_PHASE_WORK, on_work, NULL);
	term = loop_signal_open(daemon_state.loop, SIGTERM, on_term, NULL);
	if (server_open(daemon_state.loop, config, &ops, NULL, &detail, &daemon_state.server) != OK)
		fail(buf_str(&detail));
	port = server_tcp_port(daemon_state.server);
	if (write(port_fd, &port, sizeof(port)) != (ssize_t)sizeof(port))
		fail("pipe");
	loop_run(daemon_state.loop);
	server_close(daemon_state.server);
	loop_signal_close(term);
	loop_close(daemon_state.loop);
	exit(EXIT_SUCCESS);
}

/* ---- the clients ---- */

struct client {
	int fd;
	int64_t asked_us;
};

static struct {
	struct slice request;
	uint64_t answers;
	int64_t *latencies_us;
	size_t latency_count, latency_room;
} load;

static int connect_to(const char *unix_path, int port)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct sockaddr_in remote = { .sin_family = AF_INET };
	const int on = 1;
	int fd = socket(unix_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int connected;

	if (unix_path) {
		snprintf(local.sun_path, sizeof(local.sun_path), "%s", unix_path);
		connected = connect(fd, (struct sockaddr *)&local, sizeof(local));
	} else {
		remote.sin_port = htons((uint16_t)port);
		remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		connected = connect(fd, (struct sockaddr *)&remote, sizeof(remote));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	if (connected != 0)
		fail("connect");
	return fd;
}

static void ask(struct client *client)
{
	client->asked_us = clock_mono_us();
	if (send(client->fd, load.request.ptr, load.request.len, MSG_NOSIGNAL) !=
	    (ssize_t)load.request.len)
		fail("send");
}

/* An answer of this size on loopback comes in one piece. */
static void take(struct client *client)
{
	char bytes[4096];
	ssize_t got = recv(client->fd, bytes, sizeof(bytes), 0);

	if (got < ANSWER_BYTES || memcmp(bytes, "HTTP/1.1 200", 12) != 0)
		fail("answer");
	load.answers++;
	if (load.latency_count < load.latency_room)
		load.latencies_us[load.latency_count++] = clock_mono_us() - client->asked_us;
}

static int compare(const void *a, const void *b)
{
	const int64_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

static void run_load(const char *unix_path, int port, size_t count, int64_t duration_us)
{
	static struct client clients[CONNECTIONS_MAX];
	static struct epoll_event ready[CONNECTIONS_MAX];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int64_t end_us;

	for (size_t i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &clients[i] };

		clients[i].fd = connect_to(unix_path, port);
		epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event);
	}
	end_us = clock_mono_us() + duration_us;
	for (size_t i = 0; i < count; i++)
		ask(&clients[i]);
	while (clock_mono_us() < end_us) {
		int found = epoll_wait(epoll, ready, CONNECTIONS_MAX, 100);

		for (int i = 0; i < found; i++) {
			take(ready[i].data.ptr);
			ask(ready[i].data.ptr);
		}
	}
	for (size_t i = 0; i < count; i++)
		close(clients[i].fd);
	close(epoll);
}

int main(int argc, char **argv)
{
	bool is_unix = argc > 1 && strcmp(argv[1], "unix") == 0;
	size_t count = argc > 2 ? (size_t)atoi(argv[2]) : 64;
	int64_t duration_us = (argc > 3 ? atoi(argv[3]) : 5) * 1000000LL;
	char folder[] = "/tmp/http-throughput-XXXXXX", path[64];
	struct server_config config;
	struct rusage usage;
	struct buf request = { 0 };
	int port, channel[2];
	double cpu_us;
	pid_t server;

	if (count == 0 || count > CONNECTIONS_MAX || !mkdtemp(folder) || pipe(channel) != 0)
		fail("arguments");
	daemon_state.answers_after_turn = argc > 4 && strcmp(argv[4], "turn") == 0;
	snprintf(path, sizeof(path), "%s/sock", folder);
	server_config_init(&config);
	config.unix_path = is_unix ? path : NULL;
	config.tcp_address = is_unix ? NULL : "127.0.0.1:0";
	server = fork();
	if (server == 0)
		serve(&config, channel[1]);
	if (read(channel[0], &port, sizeof(port)) != (ssize_t)sizeof(port))
		fail("server");
	buf_add_lit(&request, "POST /v1/tasks/t1/claim HTTP/1.1\r\nHost: 127.0.0.1:");
	buf_add_i64(&request, port);
	buf_add_lit(&request, "\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
			      "IF-Actor: session-1\r\nContent-Length: 33\r\n\r\n"
			      "{\"swarm\":\"session-1\",\"board\":\"b\"}");
	load.request = buf_slice(&request);
	load.latency_room = 4 << 20;
	load.latencies_us = alloc_zero(load.latency_room, sizeof(int64_t));
	run_load(is_unix ? path : NULL, port, count, duration_us);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	getrusage(RUSAGE_CHILDREN, &usage);
	cpu_us = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
		 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	qsort(load.latencies_us, load.latency_count, sizeof(int64_t), compare);
	printf("%s, %zu connections, %s: %.0f requests/s; server CPU %.2f us/request (user %.2f), "
	       "%.0f requests/s per core; p50 %lld us, p99 %lld us\n",
	       is_unix ? "unix" : "tcp", count, daemon_state.answers_after_turn ? "turn" : "now",
	       (double)load.answers * 1e6 / (double)duration_us, cpu_us / (double)load.answers,
	       ((double)usage.ru_utime.tv_sec * 1e6 + (double)usage.ru_utime.tv_usec) /
		       (double)load.answers,
	       (double)load.answers * 1e6 / cpu_us,
	       (long long)load.latencies_us[load.latency_count / 2],
	       (long long)load.latencies_us[load.latency_count * 99 / 100]);
	unlink(path);
	buf_finish(&request);
	snprintf(path, sizeof(path), "%s/sock.lock", folder);
	unlink(path);
	rmdir(folder);
	free(load.latencies_us);
	return EXIT_SUCCESS;
}
