/*
 * Events as they are read from outside: each once and in order, whatever
 * breaks on the way, and without a slow reader being in anybody's way.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/fabric.h"

#define SOON_MS 5000	/* of what comes at once: much less, but for a machine under load */
#define FLOOD_NOTES 120
#define FLOOD_NOTE_BYTES 60000

static struct fabric fabric;
static struct http_answer answer;
static struct buf line;

static void begin(void)
{
	fabric_make(&fabric);
	fabric_start(&fabric);
}

static void end(void)
{
	answer_finish(&answer);
	buf_finish(&line);
	fabric_remove(&fabric);
}

static void put_note(const char *key, int value)
{
	ask(&fabric, "PUT", text("/v1/notes/%s", key), text("{\"value\":%d}", value), &answer);
	ck_assert_int_eq(answer.status, 200);
}

static int64_t last_event(void)
{
	must_get(&fabric, "/v1/witness/head", &answer);
	return answer_number(&answer, "last_event", -1);
}

static void begin_stream(struct wire *wire, const char *path, const char *headers)
{
	wire_open(wire, fabric.socket);
	wire_ask(wire, "GET", path, headers, SLICE_EMPTY);
	ck_assert_msg(wire_stream(wire, &answer), "%s: %s", path, buf_str(&answer.body));
}

/* Lines of a stream that ends; each is an event whose number goes to `numbers`. */
static size_t read_numbers(const char *path, int64_t numbers[], size_t max)
{
	struct wire wire;
	size_t count = 0;

	begin_stream(&wire, path, NULL);
	while (wire_line(&wire, WIRE_PATIENCE_MS, &line)) {
		ck_assert_uint_lt(count, max);
		numbers[count] = json_member_number(buf_slice(&line), "event", -1);
		ck_assert_int_gt(numbers[count++], 0);
	}
	ck_assert(wire.has_ended);
	wire_close(&wire);
	return count;
}

/* ---- each once and in order ----------------------------------------------------------------- */

/* Writes notes until it is ended, through every end of the daemon. */
static void write_for_ever(int writer)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int value = 0;; value++) {
		struct http_answer said = { 0 };
		struct wire wire;

		if (!wire_try_open(&wire, fabric.socket)) {
			sleep_ms(5);
			continue;
		}
		wire_ask(&wire, "PUT", text("/v1/notes/w%d", writer), NULL,
			 slice_of_str(text("{\"value\":%d}", value)));
		wire_answer(&wire, &said);
		wire_close(&wire);
		answer_finish(&said);
	}
}

struct follower {
	struct wire wire;
	bool is_open;
	int64_t last;
};

static void follower_connect(struct follower *follower)
{
	begin_stream(&follower->wire, "/v1/events?follow=true&after=0",
		     text("Accept: text/event-stream\r\nLast-Event-ID: %lld\r\n",
			  (long long)follower->last));
	follower->is_open = true;
}

/* The next `count` events, or until the stream breaks. */
static void follower_read(struct follower *follower, int count)
{
	struct sse event = { 0 };

	while (count-- > 0 && wire_event(&follower->wire, SOON_MS, &event)) {
		ck_assert_int_eq(event.id, follower->last + 1);
		ck_assert_int_eq(json_member_number(buf_slice(&event.data), "event", -1), event.id);
		follower->last = event.id;
	}
	buf_finish(&event.data);
}

START_TEST(a_follower_misses_nothing_and_gets_nothing_twice)
{
	struct follower follower = { 0 };
	pid_t writers[4];
	int64_t expected;

	for (int i = 0; i < 4; i++) {
		writers[i] = fork();
		if (writers[i] == 0)
			write_for_ever(i);
	}
	for (int round = 0; round < 12; round++) {
		follower_connect(&follower);
		follower_read(&follower, 20 + 7 * round);
		if (round % 3 == 2) {
			fabric_kill(&fabric);
			/* What was on its way arrives, or does not. */
			follower_read(&follower, INT32_MAX);
		}
		wire_close(&follower.wire);
		if (round % 3 == 2)
			fabric_start(&fabric);
	}
	for (int i = 0; i < 4; i++) {
		kill(writers[i], SIGKILL);
		waitpid(writers[i], NULL, 0);
	}
	/* Whatever was acknowledged is there, and it ends where the ledger does. */
	expected = last_event();
	follower_connect(&follower);
	follower_read(&follower, (int)(expected - follower.last));
	ck_assert_int_eq(follower.last, expected);
	wire_close(&follower.wire);
	must_get(&fabric, "/v1/witness/verify", &answer);
	ck_assert_int_eq(answer_truth(&answer, "ok"), 1);
}
END_TEST

START_TEST(a_follower_without_a_cursor_begins_now_and_with_one_behind_it)
{
	struct wire now, from;
	struct sse event = { 0 };
	int64_t last;

	put_note("n", 1);
	last = last_event();
	begin_stream(&now, "/v1/events?follow=true", "Accept: text/event-stream\r\n");
	begin_stream(&from, text("/v1/events?follow=true&after=%lld", (long long)last - 1),
		     "Accept: text/event-stream\r\n");
	ck_assert(wire_event(&from, SOON_MS, &event));
	ck_assert_int_eq(event.id, last);
	put_note("n", 2);
	ck_assert(wire_event(&now, SOON_MS, &event));
	ck_assert_int_eq(event.id, last + 1);
	ck_assert(wire_event(&from, SOON_MS, &event));
	ck_assert_int_eq(event.id, last + 1);
	buf_finish(&event.data);
	wire_close(&now);
	wire_close(&from);
}
END_TEST

START_TEST(a_cursor_that_is_none_is_refused)
{
	ask_with(&fabric, "Last-Event-ID: soon\r\n", "GET", "/v1/events?follow=true", NULL,
		  &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "argument_type");
	ask_with(&fabric, "Last-Event-ID: -1\r\n", "GET", "/v1/events?follow=true", NULL, &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "argument_type");
	ask_with(&fabric, "Last-Event-ID: 999999999\r\n", "GET", "/v1/events?follow=true", NULL,
		 &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "cursor_ahead");
}
END_TEST

START_TEST(the_head_of_a_stream_is_no_stream)
{
	struct wire wire;

	wire_open(&wire, fabric.socket);
	wire_ask(&wire, "HEAD", "/v1/events?follow=true", NULL, SLICE_EMPTY);
	ck_assert(wire_stream(&wire, &answer));
	/* The connection is free for the next request. */
	wire_ask(&wire, "GET", "/healthz", NULL, SLICE_EMPTY);
	ck_assert(wire_answer(&wire, &answer));
	ck_assert_int_eq(answer.status, 200);
	wire_close(&wire);
}
END_TEST

START_TEST(an_event_is_pushed_in_milliseconds)
{
	struct sse event = { 0 };
	struct wire wire;
	int64_t worst_ms = 0, sum_ms = 0;

	begin_stream(&wire, "/v1/events?follow=true", "Accept: text/event-stream\r\n");
	for (int i = 0; i < 50; i++) {
		int64_t begun_ms = now_ms(), took_ms;

		put_note("n", i);
		ck_assert(wire_event(&wire, SOON_MS, &event));
		took_ms = now_ms() - begun_ms;
		sum_ms += took_ms;
		worst_ms = took_ms > worst_ms ? took_ms : worst_ms;
	}
	printf("from the request that caused it to its event: mean %lld ms, worst %lld ms\n",
	       (long long)sum_ms / 50, (long long)worst_ms);
	buf_finish(&event.data);
	wire_close(&wire);
}
END_TEST

/* ---- forms ---------------------------------------------------------------------------------- */

/* One of every part, with texts that try to break out of their lines. */
static void a_little_history(void)
{
	long long fence;

	must_post(&fabric, "/v1/boards", "{\"board\":\"b\",\"title\":\"a \\\"plan\\\", my own\"}",
		  &answer);
	must_post(&fabric, "/v1/boards", "{\"board\":\"other\"}", &answer);
	must_post(&fabric, "/v1/swarms", "{\"swarm\":\"a\",\"slots\":9}", &answer);
	must_post(&fabric, "/v1/boards/b/tasks",
		  "{\"task\":\"T1\",\"description\":\"one\\nid: 7\\n\\ndata: {}\\r\\ntwo\"}",
			  &answer);
	must_post(&fabric, "/v1/boards/other/tasks", "{\"task\":\"T1\"}", &answer);
	must_post(&fabric, "/v1/boards/b/tasks/T1/claim", "{\"swarm\":\"a\"}", &answer);
	fence = answer_number(&answer, "fence", 0);
	must_post(&fabric, "/v1/boards/b/tasks/T1/fail",
		  text("{\"fence\":%lld,\"reason\":\"a, \\\"b\\\"\\nc\"}", fence), &answer);
	put_note("n.1", 1);
}

START_TEST(lines_and_rows_hold_every_event)
{
	int64_t numbers[64], last;
	struct wire wire;
	size_t rows = 0;
	bool is_quoted = false;

	a_little_history();
	last = last_event();
	ck_assert_uint_eq(read_numbers("/v1/witness/export", numbers, 64), (size_t)last);
	for (int64_t i = 0; i < last; i++)
		ck_assert_int_eq(numbers[i], i + 1);
	ck_assert_uint_eq(read_numbers("/v1/events", numbers, 64), (size_t)last);

	begin_stream(&wire, "/v1/witness/export?format=csv", NULL);
	ck_assert(slice_starts(answer_header(&answer, "Content-Type"), SLICE("text/csv")));
	ck_assert(wire_line(&wire, SOON_MS, &line));
	ck_assert(slice_starts(buf_slice(&line), SLICE("event,at,kind,")));
	/* A line break within quotes does not end a row. */
	while (wire_line(&wire, SOON_MS, &line)) {
		if (!is_quoted)
			ck_assert_int_eq(strtoll(buf_str(&line), NULL, 10), (int64_t)++rows);
		for (size_t i = 0; i < line.len; i++)
			is_quoted ^= line.ptr[i] == '"';
	}
	ck_assert_uint_eq(rows, (size_t)last);
	wire_close(&wire);
}
END_TEST

/* How many events the filter lets through, all of them of the kind that begins so. */
static size_t count_kind(const char *query, const char *kind)
{
	struct wire wire;
	size_t count = 0;
	char found[64];

	begin_stream(&wire, text("/v1/events?%s", query), NULL);
	while (wire_line(&wire, SOON_MS, &line)) {
		ck_assert(json_member_text(buf_slice(&line), "kind", found, sizeof(found)));
		ck_assert_msg(strncmp(found, kind, strlen(kind)) == 0, "%s: %s", query, found);
		count++;
	}
	wire_close(&wire);
	return count;
}

START_TEST(filters_let_through_what_they_name)
{
	char since[64];

	a_little_history();
	ck_assert_uint_eq(count_kind("kind=board.created", "board.created"), 2);
	ck_assert_uint_eq(count_kind("kind=board.", "board."), 2);
	ck_assert_uint_eq(count_kind("kind=task.claimed&swarm=a", "task.claimed"), 1);
	ck_assert_uint_eq(count_kind("swarm=nobody", ""), 0);
	ck_assert_uint_eq(count_kind("board=other&kind=task.", "task."), 2);
	ck_assert_uint_eq(count_kind("board=b&task=T1&kind=task.failed", "task.failed"), 1);
	ck_assert_uint_eq(count_kind("kind=note.written", "note.written"), 1);
	ck_assert_uint_eq(count_kind("part=witness&kind=task.", ""), 0);
	ck_assert_uint_eq(count_kind("since=2199-01-01T00:00:00Z", ""), 0);
	ck_assert_uint_eq(count_kind("until=2001-01-01T00:00:00Z", ""), 0);
	ck_assert_uint_eq(count_kind(text("after=%lld", (long long)last_event() - 1), ""), 1);
	must_get(&fabric, "/v1/boards/b/tasks/T1/trace", &answer);
	ck_assert_ptr_nonnull(strstr(buf_str(&answer.body), "task.failed"));
	ck_assert_ptr_null(strstr(buf_str(&answer.body), "\"other\""));
	sleep_ms(20);
	must_get(&fabric, "/v1/witness/head", &answer);
	snprintf(since, sizeof(since), "%s", answer_text(&answer, "at"));
	sleep_ms(20);
	put_note("n.2", 1);
	ck_assert_uint_eq(count_kind(text("since=%s&kind=note.&after=0", since), "note."), 2);
	ck_assert_uint_eq(count_kind(text("until=%s&kind=note.", since), "note."), 0);
}
END_TEST

START_TEST(a_watch_shows_the_notes_of_its_prefix_only)
{
	struct sse event = { 0 };
	struct wire wire;
	char found[64];

	begin_stream(&wire, "/v1/watch/notes?prefix=build.", "Accept: text/event-stream\r\n");
	put_note("builder", 1);
	put_note("build.one", 2);
	ask(&fabric, "DELETE", "/v1/notes/build.one", NULL, &answer);
	ck_assert(wire_event(&wire, SOON_MS, &event));
	ck_assert_str_eq(event.event, "note.written");
	ck_assert(json_member_text(buf_slice(&event.data), "key", found, sizeof(found)));
	ck_assert_str_eq(found, "build.one");
	ck_assert(wire_event(&wire, SOON_MS, &event));
	ck_assert_str_eq(event.event, "note.deleted");
	buf_finish(&event.data);
	wire_close(&wire);
}
END_TEST

/* ---- readers that do not read --------------------------------------------------------------- */

static int64_t resident_kib(void)
{
	FILE *file = fopen(text("/proc/%d/statm", (int)fabric.pid), "r");
	long long pages = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%*s %lld", &pages), 1);
	fclose(file);
	return pages * 4;
}

static void flood(void)
{
	struct buf body = { 0 };
	struct wire wire;

	buf_add_lit(&body, "{\"value\":\"");
	buf_add_repeat(&body, 'x', FLOOD_NOTE_BYTES);
	buf_add_lit(&body, "\"}");
	wire_open(&wire, fabric.socket);
	for (int i = 0; i < FLOOD_NOTES; i++) {
		wire_ask(&wire, "PUT", text("/v1/notes/flood.%d", i), NULL, buf_slice(&body));
		ck_assert(wire_answer(&wire, &answer));
		ck_assert_int_eq(answer.status, 200);
	}
	wire_close(&wire);
	buf_finish(&body);
}

START_TEST(readers_that_never_drain_their_stream_are_in_nobodys_way)
{
	struct wire stuck[8];
	struct follower follower = { 0 };
	int64_t before_kib, worst_ms = 0;

	for (int i = 0; i < 8; i++) {
		wire_open(&stuck[i], fabric.socket);
		wire_ask(&stuck[i], "GET", "/v1/events?follow=true&after=0",
			 i % 2 ? "Accept: text/event-stream\r\n" : NULL, SLICE_EMPTY);
	}
	put_note("n", 0);
	before_kib = resident_kib();
	flood();
	for (int i = 0; i < 50; i++) {
		int64_t begun_ms = now_ms();

		put_note("n", i);
		if (now_ms() - begun_ms > worst_ms)
			worst_ms = now_ms() - begun_ms;
	}
	printf("beside 8 readers that do not read %d MB: worst write %lld ms, %lld KiB more memory\n",
	       FLOOD_NOTES * FLOOD_NOTE_BYTES / 1000000, (long long)worst_ms,
	       (long long)(resident_kib() - before_kib));
	/* The state holds the notes, what waits for the readers is bounded; the rest is ASan's. */
	ck_assert_int_lt(resident_kib() - before_kib, 400 * 1024);

	/* Another one reads all of it, and so does one that was stuck, as long as it is there. */
	follower_connect(&follower);
	follower_read(&follower, (int)last_event());
	ck_assert_int_eq(follower.last, last_event());
	wire_close(&follower.wire);
	follower = (struct follower){ .wire = stuck[1], .is_open = true };
	ck_assert(wire_stream(&follower.wire, &answer));
	follower_read(&follower, (int)last_event());
	ck_assert_int_eq(follower.last, last_event());
	stuck[1] = follower.wire;
	for (int i = 0; i < 8; i++)
		wire_close(&stuck[i]);
}
END_TEST

/* ---- all of it ------------------------------------------------------------------------------ */

int main(void)
{
	Suite *suite = suite_create("events");
	TCase *tcase = tcase_create("events");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_follower_misses_nothing_and_gets_nothing_twice);
	tcase_add_test(tcase, a_follower_without_a_cursor_begins_now_and_with_one_behind_it);
	tcase_add_test(tcase, a_cursor_that_is_none_is_refused);
	tcase_add_test(tcase, the_head_of_a_stream_is_no_stream);
	tcase_add_test(tcase, an_event_is_pushed_in_milliseconds);
	tcase_add_test(tcase, lines_and_rows_hold_every_event);
	tcase_add_test(tcase, filters_let_through_what_they_name);
	tcase_add_test(tcase, a_watch_shows_the_notes_of_its_prefix_only);
	tcase_add_test(tcase, readers_that_never_drain_their_stream_are_in_nobodys_way);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
