/*
 * Calls that do not block, against a server of a few lines in another process.
 */
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "infrafabric.h"

#define TURNS_MAX 2000
#define REQUEST_BYTES 4096
#define SWARM_A "{\"swarm\":\"a\"}"

static char folder[64];
static char path[96];
static pid_t server;
static struct ifab_client *client;

/* ---- the server: one process for each connection ---- */

static void say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		_exit(0);
}

static void say_json(int fd, const char *status, const char *json)
{
	char head[256];

	snprintf(head, sizeof(head),
		 "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status,
		 strlen(json));
	say(fd, head);
	say(fd, json);
}

/* A file stands for "this has happened before": processes share nothing else. */
static bool is_first_time(const char *what)
{
	char name[160];
	FILE *file;

	snprintf(name, sizeof(name), "%s/%s", folder, what);
	if (access(name, F_OK) == 0)
		return false;
	file = fopen(name, "w");
	if (file)
		fclose(file);
	return true;
}

#define EVENTS_HEAD                                                          \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"            \
	"Connection: close\r\n\r\n: hello\n\n"

static void say_events(int fd, const char *request)
{
	/* In one piece: with its third event the reader ends, before it is told of the connection. */
	if (strstr(request, "Last-Event-ID: 8")) {
		say(fd, EVENTS_HEAD "id: 9\nevent: task.cancelled\ndata: {\"event\":9}\n\n");
		pause();
	}
	say(fd, EVENTS_HEAD);
	say(fd, "id: 7\nevent: task.ready\ndata: {\"event\":7}\n\nid: 8\nevent: task.clai");
	usleep(20000);
	say(fd, "med\ndata: {\"event\":8}\n\n");
}

static void answer(int fd, char *request)
{
	char *key = strstr(request, "Idempotency-Key: ");
	char body[256];

	if (strncmp(request, "GET /v1/events", 14) == 0) {
		say_events(fd, request);
		_exit(0);
	} else if (strncmp(request, "POST /v1/next", 13) == 0) {
		usleep(150000);
		say_json(fd, "200 OK", "{\"task\":\"T-1\",\"fence\":7}");
	} else if (strstr(request, "/heartbeat")) {
		key[17 + 8] = '\0';
		if (is_first_time(key + 17))
			_exit(0);
		snprintf(body, sizeof(body), "{\"key\":\"%s\"}", key + 17);
		say_json(fd, "200 OK", body);
	} else if (strstr(request, "/leave")) {
		pause();
	} else {
		say_json(fd, "409 Conflict", "{\"code\":\"fence_stale\",\"title\":\"stale\"}");
	}
}

static void serve_connection(int fd)
{
	char request[REQUEST_BYTES + 1];

	for (;;) {
		size_t len = 0;
		char *body;

		do {
			ssize_t got = read(fd, request + len, REQUEST_BYTES - len);

			if (got <= 0)
				_exit(0);
			len += (size_t)got;
			request[len] = '\0';
			body = strstr(request, "\r\n\r\n");
		} while (!body || (strstr(request, "Content-Length") && !strchr(body, '}')));
		answer(fd, request);
	}
}

static pid_t start_server(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	strcpy(address.sun_path, path);
	unlink(path);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 16), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		setpgid(0, 0);
		for (;;) {
			int fd = accept(listener, NULL, NULL);
			pid_t parent = getpid();

			if (fork() == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				if (getppid() != parent)	/* it has died already */
					_exit(0);
				serve_connection(fd);
			}
			close(fd);
		}
	}
	close(listener);
	return pid;
}

static void stop_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void setup(void)
{
	strcpy(folder, "/tmp/pending.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/if.sock", folder);
	server = start_server();
	client = ifab_open(path, NULL);
	ck_assert_ptr_nonnull(client);
}

static void teardown(void)
{
	char command[128];

	ifab_close(client);
	stop_server();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* ---- what was called back ---- */

struct seen {
	int ends;
	enum ifab_status status;
	char text[64];
	int events;
	int64_t last_number;
	int connects, breaks;
	int stop_after;			/* events; 0: never */
	struct ifab_pending *drop;	/* from inside a callback */
	struct ifab_pending *started;
};

static void on_end(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct seen *seen = context;

	seen->ends++;
	seen->status = status;
	ck_assert_ptr_nonnull(reply);
	if (!ifab_reply_text(reply, "task", seen->text, sizeof(seen->text)))
		ifab_reply_text(reply, "key", seen->text, sizeof(seen->text));
	ifab_drop(seen->drop);
	seen->drop = NULL;
}

static void start(const char *name, const char *args, struct seen *seen)
{
	struct ifab_pending *pending = ifab_start(client, name, args, NULL, on_end, seen);

	ck_assert_ptr_nonnull(pending);
}

static bool on_event(void *context, const struct ifab_event *event)
{
	struct seen *seen = context;

	ck_assert_int_gt(event->number, seen->last_number);
	seen->last_number = event->number;
	seen->events++;
	if (seen->drop) {
		ifab_drop(seen->drop);
		seen->drop = NULL;
		seen->started = ifab_start(client, "task.next", SWARM_A, NULL, on_end, seen);
	}
	return seen->events != seen->stop_after;
}

static bool on_tick(void *context, bool is_connected)
{
	struct seen *seen = context;

	if (is_connected)
		seen->connects++;
	else
		seen->breaks++;
	return true;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Turns until `count` says enough; it fails after ten seconds. */
static void turn_until(const int *count, int enough)
{
	struct pollfd ready = { .fd = ifab_fd(client), .events = POLLIN };
	int64_t until = now_ms() + 10000;

	ck_assert_int_ge(ready.fd, 0);
	for (int i = 0; *count < enough; i++) {
		ck_assert_int_lt(i, TURNS_MAX);
		ck_assert_int_lt(now_ms(), until);
		poll(&ready, 1, 1000);
		ifab_turn(client);
	}
}

START_TEST(a_call_ends_in_a_turn_and_never_blocks)
{
	struct seen seen = { 0 };

	start("task.next", SWARM_A, &seen);
	ck_assert_int_eq(seen.ends, 0);
	turn_until(&seen.ends, 1);
	ck_assert_int_eq(seen.status, IFAB_OK);
	ck_assert_str_eq(seen.text, "T-1");
}
END_TEST

START_TEST(calls_wait_beside_each_other)
{
	struct seen never = { 0 };
	struct seen seen = { 0 };

	start("swarm.leave", SWARM_A, &never);
	for (int i = 0; i < 8; i++)
		start("task.next", SWARM_A, &seen);
	turn_until(&seen.ends, 8);
	ck_assert_int_eq(never.ends, 0);
}
END_TEST

START_TEST(a_refusal_is_told_with_its_problem)
{
	struct seen seen = { 0 };

	start("task.complete", "{\"task\":\"T-1\",\"fence\":3}", &seen);
	turn_until(&seen.ends, 1);
	ck_assert_int_eq(seen.status, IFAB_LEASE_LOST);
	ck_assert_str_eq(ifab_last_error(client)->code, "fence_stale");
}
END_TEST

START_TEST(a_broken_call_is_sent_again_with_the_same_key)
{
	struct seen seen = { 0 };

	ck_assert_ptr_nonnull(ifab_start(client, "swarm.heartbeat", SWARM_A, "key-four-and-more",
					 on_end, &seen));
	turn_until(&seen.ends, 1);
	ck_assert_int_eq(seen.status, IFAB_OK);
	ck_assert_str_eq(seen.text, "key-four");
}
END_TEST

START_TEST(a_call_that_takes_too_long_ends)
{
	struct seen seen = { 0 };

	ifab_set_timeout(client, 100);
	start("swarm.leave", SWARM_A, &seen);
	turn_until(&seen.ends, 1);
	ck_assert_int_eq(seen.status, IFAB_TIMEOUT);
}
END_TEST

START_TEST(a_daemon_that_was_never_there_is_told_at_once)
{
	struct seen seen = { 0 };
	struct ifab_client *other = client;

	client = ifab_open("/nonexistent/if.sock", NULL);
	start("swarm.leave", SWARM_A, &seen);
	ck_assert_int_eq(seen.ends, 0);
	turn_until(&seen.ends, 1);
	ck_assert_int_eq(seen.status, IFAB_UNREACHABLE);
	ifab_close(client);
	client = other;
}
END_TEST

START_TEST(a_daemon_that_comes_back_gets_the_call)
{
	struct seen seen = { 0 };

	start("task.next", SWARM_A, &seen);
	turn_until(&seen.ends, 1);
	stop_server();
	start("task.next", SWARM_A, &seen);
	for (int64_t until = now_ms() + 200; now_ms() < until;) {
		struct pollfd ready = { .fd = ifab_fd(client), .events = POLLIN };

		poll(&ready, 1, 20);
		ifab_turn(client);
	}
	ck_assert_int_eq(seen.ends, 1);
	server = start_server();
	turn_until(&seen.ends, 2);
	ck_assert_int_eq(seen.status, IFAB_OK);
}
END_TEST

START_TEST(a_stream_goes_on_behind_its_last_event)
{
	struct seen seen = { .stop_after = 3 };
	struct ifab_stream stream = {
		.after = -1, .on_event = on_event, .on_tick = on_tick, .context = &seen,
	};

	ck_assert_ptr_nonnull(ifab_follow(client, &stream, on_end, &seen));
	turn_until(&seen.ends, 1);
	ck_assert_int_eq(seen.status, IFAB_INTERRUPTED);
	ck_assert_int_eq(seen.events, 3);
	ck_assert_int_eq(seen.last_number, 9);
	ck_assert_int_eq(seen.connects, 1);
	ck_assert_int_eq(seen.breaks, 1);
}
END_TEST

START_TEST(callbacks_may_drop_and_start_calls)
{
	struct seen seen = { .stop_after = 3 };
	struct seen never = { 0 };
	struct ifab_stream stream = { .after = -1, .on_event = on_event, .context = &seen };

	seen.drop = ifab_start(client, "task.next", SWARM_A, NULL, on_end, &never);
	ck_assert_ptr_nonnull(ifab_follow(client, &stream, on_end, &seen));
	turn_until(&seen.ends, 2);
	ck_assert_int_eq(never.ends, 0);
	ck_assert_ptr_nonnull(seen.started);
}
END_TEST

START_TEST(a_call_may_drop_itself_while_it_ends)
{
	struct seen seen = { 0 };

	seen.drop = ifab_start(client, "task.next", SWARM_A, NULL, on_end, &seen);
	turn_until(&seen.ends, 1);
	ck_assert_int_eq(seen.status, IFAB_OK);
}
END_TEST

START_TEST(a_client_that_is_closed_forgets_its_calls)
{
	struct seen seen = { 0 };
	struct ifab_stream stream = { .after = -1, .on_event = on_event, .context = &seen };

	start("swarm.leave", SWARM_A, &seen);
	ck_assert_ptr_nonnull(ifab_follow(client, &stream, on_end, &seen));
	turn_until(&seen.events, 1);
	ifab_close(client);
	client = NULL;
	ck_assert_int_eq(seen.ends, 0);
}
END_TEST

START_TEST(what_is_no_command_cannot_be_started)
{
	struct seen seen = { 0 };

	ck_assert_ptr_null(ifab_start(client, "task.eat", NULL, NULL, on_end, &seen));
	ck_assert_int_eq(ifab_last_error(client)->status, IFAB_NOT_FOUND);
	ck_assert_ptr_null(ifab_start(client, "task.next", "[]", NULL, on_end, &seen));
	ck_assert_ptr_null(ifab_start(client, "task.next", "{}", "a\r\nb", on_end, &seen));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("client_pending");
	TCase *tcase = tcase_create("client_pending");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_call_ends_in_a_turn_and_never_blocks);
	tcase_add_test(tcase, calls_wait_beside_each_other);
	tcase_add_test(tcase, a_refusal_is_told_with_its_problem);
	tcase_add_test(tcase, a_broken_call_is_sent_again_with_the_same_key);
	tcase_add_test(tcase, a_call_that_takes_too_long_ends);
	tcase_add_test(tcase, a_daemon_that_was_never_there_is_told_at_once);
	tcase_add_test(tcase, a_daemon_that_comes_back_gets_the_call);
	tcase_add_test(tcase, a_stream_goes_on_behind_its_last_event);
	tcase_add_test(tcase, callbacks_may_drop_and_start_calls);
	tcase_add_test(tcase, a_call_may_drop_itself_while_it_ends);
	tcase_add_test(tcase, a_client_that_is_closed_forgets_its_calls);
	tcase_add_test(tcase, what_is_no_command_cannot_be_started);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
