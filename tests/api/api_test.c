/*
 * The API as a whole, against the daemon as it is started: keys, waiting,
 * notes, messages, blockers, paths, and who may come in over TCP.
 */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/fabric.h"

#define WRITERS 32
#define ROUNDS 12
#define SOON_MS 5000	/* of what comes at once: much less, but for a machine under load */

static struct fabric fabric;
static struct http_answer answer;

static void begin(void)
{
	fabric_make(&fabric);
	fabric_start(&fabric);
}

static void end(void)
{
	answer_finish(&answer);
	fabric_remove(&fabric);
}

/* A board with some tasks, and a swarm. */
static void a_board(const char *board, int tasks)
{
	must_post(&fabric, "/v1/boards", text("{\"board\":\"%s\"}", board), &answer);
	for (int i = 1; i <= tasks; i++)
		must_post(&fabric, text("/v1/boards/%s/tasks", board),
			  text("{\"task\":\"T%d\"}", i), &answer);
}

static void a_swarm(const char *swarm, int slots)
{
	must_post(&fabric, "/v1/swarms", text("{\"swarm\":\"%s\",\"slots\":%d}", swarm, slots),
		  &answer);
}

static int64_t claim(const char *board, const char *task, const char *swarm)
{
	must_post(&fabric, text("/v1/boards/%s/tasks/%s/claim", board, task),
		  text("{\"swarm\":\"%s\"}", swarm), &answer);
	return answer_number(&answer, "fence", 0);
}

static void ask_keyed(const char *key, const char *path, const char *body)
{
	ask_with(&fabric, text("Idempotency-Key: %s\r\n", key), "POST", path, body, &answer);
}

/* Begins a request whose answer is read later. */
static void begin_ask(struct wire *wire, const char *path, const char *body)
{
	wire_open(wire, fabric.socket);
	wire_ask(wire, "POST", path, NULL, slice_of_str(body));
}

static void wait_until_waiting(int64_t count)
{
	struct http_answer status = { 0 };
	int64_t until_ms = now_ms() + WIRE_PATIENCE_MS;

	do
		must_get(&fabric, "/v1/status", &status);
	while (answer_number(&status, "work.waiting", -1) != count && now_ms() < until_ms);
	ck_assert_int_eq(answer_number(&status, "work.waiting", -1), count);
	answer_finish(&status);
}

/* ---- keys ----------------------------------------------------------------------------------- */

START_TEST(a_key_gets_the_same_answer_again_also_after_the_daemon_was_killed)
{
	const char *path = "/v1/boards/b/tasks/T1/claim";
	char first[4096];
	int64_t events;

	a_board("b", 1);
	a_swarm("a", 9);
	ask_keyed("k-1", path, "{\"swarm\":\"a\"}");
	ck_assert_int_eq(answer.status, 200);
	snprintf(first, sizeof(first), "%s", buf_str(&answer.body));
	must_get(&fabric, "/v1/witness/head", &answer);
	events = answer_number(&answer, "last_event", -1);

	ask_keyed("k-1", path, "{\"swarm\":\"a\"}");
	ck_assert_str_eq(buf_str(&answer.body), first);
	must_get(&fabric, "/v1/witness/head", &answer);
	ck_assert_int_eq(answer_number(&answer, "last_event", -1), events);
	fabric_kill(&fabric);
	fabric_start(&fabric);
	ask_keyed("k-1", path, "{\"swarm\":\"a\"}");
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(buf_str(&answer.body), first);
	must_get(&fabric, "/v1/boards/b/tasks/T1", &answer);
	ck_assert_int_eq(answer_number(&answer, "attempts", 0), 1);
}
END_TEST

START_TEST(two_requests_with_one_key_that_wait_take_one_task)
{
	struct wire wires[2];
	char first[4096];

	a_board("b", 0);
	a_swarm("a", 9);
	for (int i = 0; i < 2; i++) {
		wire_open(&wires[i], fabric.socket);
		wire_ask(&wires[i], "POST", "/v1/next", "Idempotency-Key: k-1\r\n",
			 SLICE("{\"swarm\":\"a\",\"wait_ms\":50000}"));
	}
	wait_until_waiting(2);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T1\"}", &answer);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T2\"}", &answer);
	ck_assert(wire_answer(&wires[0], &answer));
	ck_assert_int_eq(answer.status, 200);
	snprintf(first, sizeof(first), "%s", buf_str(&answer.body));
	ck_assert(wire_answer(&wires[1], &answer));
	ck_assert_str_eq(buf_str(&answer.body), first);
	must_get(&fabric, "/v1/boards/b/tasks?state=ready", &answer);
	ck_assert_str_eq(answer_text(&answer, "tasks.0.task"), "T2");
	wire_close(&wires[0]);
	wire_close(&wires[1]);
}
END_TEST

START_TEST(a_key_that_is_none_is_refused)
{
	ask_keyed("with blank", "/v1/boards", "{\"board\":\"b\"}");
	ck_assert_str_eq(answer_text(&answer, "code"), "argument_type");
	ask_keyed(text("%0129d", 0), "/v1/boards", "{\"board\":\"b\"}");
	ck_assert_str_eq(answer_text(&answer, "code"), "limit_exceeded");
	ck_assert_ptr_nonnull(strstr(answer_text(&answer, "detail"), "128"));
	ask_keyed(text("%0128d", 0), "/v1/boards", "{\"board\":\"b\"}");
	ck_assert_int_eq(answer.status, 200);
}
END_TEST

/* ---- waiting -------------------------------------------------------------------------------- */

START_TEST(whoever_waits_is_answered_the_moment_a_task_is_added_elsewhere)
{
	struct wire wire;
	int64_t added_ms;

	a_board("b", 0);
	a_swarm("a", 1);
	begin_ask(&wire, "/v1/next", "{\"swarm\":\"a\",\"wait_ms\":50000}");
	wait_until_waiting(1);
	added_ms = now_ms();
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T1\"}", &answer);
	ck_assert(wire_answer(&wire, &answer));
	ck_assert_int_lt(now_ms() - added_ms, SOON_MS);
	ck_assert_str_eq(answer_text(&answer, "task"), "T1");
	ck_assert_str_eq(answer_text(&answer, "held_by"), "a");
	wire_close(&wire);
}
END_TEST

START_TEST(whoever_waits_is_answered_when_what_was_in_the_way_ends)
{
	struct wire wire;
	int64_t fence;

	a_board("b", 0);
	a_swarm("a", 9);
	a_swarm("w", 9);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T1\",\"paths\":[\"src/x\"]}",
		  &answer);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T2\",\"paths\":[\"src\"]}", &answer);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T3\",\"deps\":[\"T1\",\"T2\"]}",
		  &answer);
	fence = claim("b", "T1", "a");

	/* A path that another claim has reserved. */
	begin_ask(&wire, "/v1/next", "{\"swarm\":\"w\",\"wait_ms\":50000}");
	wait_until_waiting(1);
	must_post(&fabric, "/v1/boards/b/tasks/T1/complete", text("{\"fence\":%lld}",
							       (long long)fence), &answer);
	ck_assert(wire_answer(&wire, &answer));
	ck_assert_str_eq(answer_text(&answer, "task"), "T2");
	fence = answer_number(&answer, "fence", 0);
	wire_close(&wire);

	/* A dependency. */
	begin_ask(&wire, "/v1/next", "{\"swarm\":\"a\",\"wait_ms\":50000}");
	wait_until_waiting(1);
	must_post(&fabric, "/v1/boards/b/tasks/T2/complete", text("{\"fence\":%lld}",
							       (long long)fence), &answer);
	ck_assert(wire_answer(&wire, &answer));
	ck_assert_str_eq(answer_text(&answer, "task"), "T3");
	wire_close(&wire);
}
END_TEST

START_TEST(waiting_ends_with_its_time_and_with_its_client)
{
	struct wire wire;
	int64_t begun_ms = now_ms();

	a_board("b", 0);
	a_swarm("a", 1);
	must_get(&fabric, "/v1/status", &answer);
	ask(&fabric, "POST", "/v1/next", "{\"swarm\":\"a\",\"wait_ms\":300}", &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "nothing_ready");
	ck_assert_int_ge(now_ms() - begun_ms, 300);

	/* Half closed: what there is is answered at once. */
	begin_ask(&wire, "/v1/next", "{\"swarm\":\"a\",\"wait_ms\":50000}");
	wait_until_waiting(1);
	shutdown(wire.fd, SHUT_WR);
	ck_assert(wire_answer(&wire, &answer));
	ck_assert_str_eq(answer_text(&answer, "code"), "nothing_ready");
	wire_close(&wire);

	/* Gone: a task that comes then is nobody's. */
	begin_ask(&wire, "/v1/next", "{\"swarm\":\"a\",\"wait_ms\":50000}");
	wait_until_waiting(1);
	wire_close(&wire);
	wait_until_waiting(0);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T1\"}", &answer);
	ck_assert_str_eq(answer_text(&answer, "state"), "ready");
}
END_TEST

/* What was in the way is gone in the very moment in which the client leaves. */
START_TEST(a_client_that_leaves_while_a_task_comes_does_no_harm)
{
	struct wire wires[40];
	int64_t fences[40];

	a_board("b", 40);
	for (int i = 0; i < 40; i++) {
		a_swarm(text("s%d", i), 1);
		fences[i] = claim("b", text("T%d", i + 1), text("s%d", i));
		begin_ask(&wires[i], "/v1/next",
			  text("{\"swarm\":\"s%d\",\"wait_ms\":50000}", i));
	}
	wait_until_waiting(40);
	for (int i = 0; i < 40; i++) {
		struct wire release;

		begin_ask(&release, text("/v1/boards/b/tasks/T%d/release", i + 1),
			  text("{\"fence\":%lld}", (long long)fences[i]));
		if (i % 2)
			shutdown(wires[i].fd, SHUT_WR);
		else
			wire_close(&wires[i]);
		ck_assert(wire_answer(&release, &answer));
		wire_close(&release);
	}
	for (int i = 1; i < 40; i += 2) {
		ck_assert(wire_answer(&wires[i], &answer));
		wire_close(&wires[i]);
	}
	wait_until_waiting(0);
	fabric_check_alive(&fabric);
}
END_TEST

START_TEST(whoever_waits_is_told_when_the_daemon_ends)
{
	struct wire wire;

	a_board("b", 0);
	a_swarm("a", 1);
	begin_ask(&wire, "/v1/next", "{\"swarm\":\"a\",\"wait_ms\":50000}");
	wait_until_waiting(1);
	fabric_stop(&fabric);
	ck_assert(wire_answer(&wire, &answer));
	ck_assert_str_eq(answer_text(&answer, "code"), "nothing_ready");
	wire_close(&wire);
}
END_TEST

/* ---- notes ---------------------------------------------------------------------------------- */

struct contest {
	pthread_barrier_t start;
	int64_t versions[ROUNDS + 1];
	unsigned winners[ROUNDS];
	unsigned losers[ROUNDS];
};

static void contend(struct contest *contest, int writer)
{
	struct http_answer said = { 0 };
	struct wire wire;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	wire_open(&wire, fabric.socket);
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&contest->start);
		wire_ask(&wire, "POST", "/v1/notes/n/cas", NULL,
			 slice_of_str(text("{\"value\":%d,\"version\":%lld}", writer,
					   (long long)contest->versions[round])));
		ck_assert(wire_answer(&wire, &said));
		if (said.status == 200) {
			contest->versions[round + 1] = answer_number(&said, "version", -1);
			__atomic_add_fetch(&contest->winners[round], 1, __ATOMIC_SEQ_CST);
		} else if (strcmp(answer_text(&said, "code"), "note_conflict") == 0) {
			__atomic_add_fetch(&contest->losers[round], 1, __ATOMIC_SEQ_CST);
		}
		pthread_barrier_wait(&contest->start);
	}
	_exit(0);
}

START_TEST(of_many_who_write_a_note_at_once_one_wins)
{
	struct contest *contest = mmap(NULL, sizeof(*contest), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;

	ck_assert(contest != MAP_FAILED);
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&contest->start, &shared, WRITERS);
	for (int writer = 0; writer < WRITERS; writer++)
		if (fork() == 0)
			contend(contest, writer);
	for (int writer = 0; writer < WRITERS; writer++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		ck_assert_uint_eq(contest->winners[round], 1);
		ck_assert_uint_eq(contest->losers[round], WRITERS - 1);
	}
	must_get(&fabric, "/v1/notes/n", &answer);
	ck_assert_int_eq(answer_number(&answer, "version", -1), contest->versions[ROUNDS]);
	munmap(contest, sizeof(*contest));
}
END_TEST

/* ---- messages ------------------------------------------------------------------------------- */

START_TEST(messages_are_kept_until_they_are_read_also_when_the_daemon_is_killed)
{
	int64_t second;

	a_board("b", 0);
	a_swarm("a", 1);
	a_swarm("c", 1);
	must_post(&fabric, "/v1/messages", "{\"from\":\"c\",\"to\":\"a\",\"body\":\"one\"}",
		  &answer);
	must_post(&fabric, "/v1/messages", "{\"from\":\"c\",\"to_board\":\"b\",\"body\":\"two\"}",
		  &answer);
	second = answer_number(&answer, "message", 0);
	must_post(&fabric, "/v1/messages", "{\"from\":\"c\",\"to_all\":true,\"body\":\"three\"}",
		  &answer);
	fabric_kill(&fabric);
	fabric_start(&fabric);
	must_get(&fabric, "/v1/swarms/a/messages", &answer);
	ck_assert_str_eq(answer_text(&answer, "messages.0.body"), "one");
	ck_assert_str_eq(answer_text(&answer, "messages.1.body"), "two");
	ck_assert_str_eq(answer_text(&answer, "messages.2.body"), "three");

	must_post(&fabric, "/v1/swarms/a/messages/ack",
		  text("{\"cursor\":%lld}", (long long)second), &answer);
	fabric_kill(&fabric);
	fabric_start(&fabric);
	must_get(&fabric, "/v1/swarms/a/messages", &answer);
	ck_assert_str_eq(answer_text(&answer, "messages.0.body"), "three");
	ck_assert_ptr_null(answer_at(&answer, "messages.1"));
	/* What is sent to many does not come back to its sender. */
	must_get(&fabric, "/v1/swarms/c/messages", &answer);
	ck_assert_ptr_null(answer_at(&answer, "messages.0"));
}
END_TEST

START_TEST(a_message_reaches_whoever_waits_for_one)
{
	struct wire wire;

	a_swarm("a", 1);
	wire_open(&wire, fabric.socket);
	wire_ask(&wire, "GET", "/v1/swarms/a/messages?wait_ms=50000", NULL, SLICE_EMPTY);
	wait_until_waiting(1);
	must_post(&fabric, "/v1/messages", "{\"to\":\"a\",\"body\":\"now\"}", &answer);
	ck_assert(wire_answer(&wire, &answer));
	ck_assert_str_eq(answer_text(&answer, "messages.0.body"), "now");
	wire_close(&wire);
}
END_TEST

/* The neighbour's id begins with ours: nothing of its is ours. */
START_TEST(a_swarm_gets_no_messages_of_its_neighbours)
{
	a_swarm("session-1", 1);
	a_swarm("session-10", 1);
	must_post(&fabric, "/v1/messages", "{\"to\":\"session-10\",\"body\":\"not yours\"}",
		  &answer);
	must_get(&fabric, "/v1/swarms/session-1/messages", &answer);
	ck_assert_ptr_null(answer_at(&answer, "messages.0"));
	must_get(&fabric, "/v1/swarms/session-10/messages", &answer);
	ck_assert_ptr_nonnull(answer_at(&answer, "messages.0"));
}
END_TEST

/* ---- blockers and paths --------------------------------------------------------------------- */

START_TEST(a_blocker_reaches_a_follower_at_once)
{
	struct sse event = { 0 };
	struct wire wire;
	int64_t raised_ms;
	char found[64];

	a_board("b", 1);
	wire_open(&wire, fabric.socket);
	wire_ask(&wire, "GET", "/v1/events?follow=true&kind=blocker.",
		 "Accept: text/event-stream\r\n", SLICE_EMPTY);
	ck_assert(wire_stream(&wire, &answer));
	raised_ms = now_ms();
	must_post(&fabric, "/v1/boards/b/tasks/T1/blockers",
		  "{\"type\":\"access\",\"description\":\"no key\",\"severity\":\"high\","
		  "\"needs\":[\"ops:vault\"]}", &answer);
	ck_assert(wire_event(&wire, SOON_MS, &event));
	ck_assert_int_lt(now_ms() - raised_ms, SOON_MS);
	ck_assert_str_eq(event.event, "blocker.raised");
	ck_assert(json_member_text(buf_slice(&event.data), "description", found, sizeof(found)));
	ck_assert_str_eq(found, "no key");
	buf_finish(&event.data);
	wire_close(&wire);
}
END_TEST

START_TEST(a_path_conflict_names_who_holds_it_for_what_until_when)
{
	a_swarm("a", 1);
	a_swarm("c", 1);
	a_board("b", 0);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T1\",\"paths\":[\"src/api/\"]}",
		  &answer);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T2\",\"paths\":[\"src/api/http.c\"]}",
		  &answer);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T3\",\"paths\":[\"src/apiary\"]}",
		  &answer);
	claim("b", "T1", "a");
	ask(&fabric, "POST", "/v1/boards/b/tasks/T2/claim", "{\"swarm\":\"c\"}", &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "path_conflict");
	ck_assert_str_eq(answer_text(&answer, "holder"), "a");
	ck_assert_str_eq(answer_text(&answer, "holder_task"), "T1");
	ck_assert_uint_gt(strlen(answer_text(&answer, "until")), 19);
	/* A name that begins alike is another path. */
	claim("b", "T3", "c");
}
END_TEST

/* ---- TCP ------------------------------------------------------------------------------------ */

static const char *code_over_tcp(const char *host, const char *origin)
{
	struct wire wire;

	wire_open_tcp(&wire, fabric_port(&fabric));
	wire_send(&wire, slice_of_str(text("GET /healthz HTTP/1.1\r\nHost: %s\r\n%s\r\n", host,
					   origin ? text("Origin: %s\r\n", origin) : "")));
	ck_assert(wire_answer(&wire, &answer));
	wire_close(&wire);
	return answer.status == 200 ? "ok" : answer_text(&answer, "code");
}

START_TEST(over_tcp_only_our_own_name_and_pages_come_in)
{
	int port = fabric_port(&fabric);
	const char *here = text("127.0.0.1:%d", port);

	ck_assert_str_eq(code_over_tcp(here, NULL), "ok");
	ck_assert_str_eq(code_over_tcp(text("localhost:%d", port), NULL), "ok");
	ck_assert_str_eq(code_over_tcp(here, text("http://127.0.0.1:%d", port)), "ok");
	ck_assert_str_eq(code_over_tcp("example.com", NULL), "origin_denied");
	ck_assert_str_eq(code_over_tcp(text("example.com:%d", port), NULL), "origin_denied");
	ck_assert_str_eq(code_over_tcp("127.0.0.1", NULL), "origin_denied");
	ck_assert_str_eq(code_over_tcp(here, "null"), "origin_denied");
	ck_assert_str_eq(code_over_tcp(here, "http://example.com"), "origin_denied");
	ck_assert_str_eq(code_over_tcp(here, text("http://127.0.0.1:%d.example.com", port)),
			 "origin_denied");
}
END_TEST

/* ---- all of it ------------------------------------------------------------------------------ */

int main(void)
{
	Suite *suite = suite_create("api");
	TCase *tcase = tcase_create("api");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_key_gets_the_same_answer_again_also_after_the_daemon_was_killed);
	tcase_add_test(tcase, two_requests_with_one_key_that_wait_take_one_task);
	tcase_add_test(tcase, a_key_that_is_none_is_refused);
	tcase_add_test(tcase, whoever_waits_is_answered_the_moment_a_task_is_added_elsewhere);
	tcase_add_test(tcase, whoever_waits_is_answered_when_what_was_in_the_way_ends);
	tcase_add_test(tcase, waiting_ends_with_its_time_and_with_its_client);
	tcase_add_test(tcase, a_client_that_leaves_while_a_task_comes_does_no_harm);
	tcase_add_test(tcase, whoever_waits_is_told_when_the_daemon_ends);
	tcase_add_test(tcase, of_many_who_write_a_note_at_once_one_wins);
	tcase_add_test(tcase, messages_are_kept_until_they_are_read_also_when_the_daemon_is_killed);
	tcase_add_test(tcase, a_message_reaches_whoever_waits_for_one);
	tcase_add_test(tcase, a_swarm_gets_no_messages_of_its_neighbours);
	tcase_add_test(tcase, a_blocker_reaches_a_follower_at_once);
	tcase_add_test(tcase, a_path_conflict_names_who_holds_it_for_what_until_when);
	tcase_add_test(tcase, over_tcp_only_our_own_name_and_pages_come_in);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
