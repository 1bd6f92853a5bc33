/*
 * Input that is malformed, or more than there may be, is refused by name and
 * changes nothing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/fabric.h"
#include "base/map.h"
#include "fabric/limit.h"

#define TASK "/v1/boards/b/tasks/T1"
#define FLOOD 64			/* requests on the way at once */

static struct fabric fabric;
static struct http_answer answer;

static void begin(void)
{
	fabric_make(&fabric);
	fabric_start(&fabric);
	must_post(&fabric, "/v1/boards", "{\"board\":\"b\"}", &answer);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T1\"}", &answer);
	must_post(&fabric, "/v1/swarms", "{\"swarm\":\"a\"}", &answer);
}

static void end(void)
{
	answer_finish(&answer);
	fabric_remove(&fabric);
}

static int64_t last_event(void)
{
	must_get(&fabric, "/v1/witness/head", &answer);
	return answer_number(&answer, "last_event", -1);
}

/* ---- malformed ------------------------------------------------------------------------------ */

static const struct hostile {
	const char *method, *path, *body;
	const char *code;
} hostiles[] = {
	/* Ids. */
	{ "POST", "/v1/boards", "{\"board\":\"\"}", "id_invalid" },
	{ "POST", "/v1/boards", "{\"board\":\"a b\"}", "id_invalid" },
	{ "POST", "/v1/boards", "{\"board\":\"a/b\"}", "id_invalid" },
	{ "POST", "/v1/boards", "{\"board\":\"a\\nb\"}", "id_invalid" },
	{ "POST", "/v1/boards", "{\"board\":\"\u00fc\"}", "id_invalid" },
	{ "POST", "/v1/boards", "{\"board\":\"a%2Fb\"}", "id_invalid" },
	{ "POST", "/v1/boards", "{\"board\":\"-\"}", "id_invalid" },
	{ "POST", "/v1/boards", "{\"board\":null}", "argument_type" },
	{ "POST", "/v1/boards", "{\"board\":7}", "argument_type" },
	{ "POST", "/v1/boards", "{\"board\":[\"b\"]}", "argument_type" },
	{ "POST", "/v1/boards/b/tasks", "{\"task\":\"T 2\"}", "id_invalid" },
	{ "POST", "/v1/boards/b/tasks", "{\"task\":\"T2\",\"deps\":[\"T1\",\"\"]}", "id_invalid" },
	{ "POST", "/v1/swarms", "{\"swarm\":\"a*\"}", "id_invalid" },
	{ "POST", "/v1/swarms", "{\"swarm\":\"x\",\"capabilities\":[\"code\"]}", "argument_type" },
	{ "POST", "/v1/swarms", "{\"swarm\":\"x\",\"capabilities\":[\":c\"]}", "argument_type" },
	{ "GET", "/v1/boards/a%20b", NULL, "id_invalid" },
	{ "GET", "/v1/boards/%C3%BC", NULL, "id_invalid" },
	{ "GET", "/v1/boards/a%2Fb", NULL, "http_syntax" },
	{ "GET", "/v1/boards/%00", NULL, "http_syntax" },
	{ "GET", "/v1/boards/%zz", NULL, "http_syntax" },
	{ "GET", "/v1/boards/%ff", NULL, "text_invalid" },
	{ "GET", "/v1/boards//", NULL, "route_unknown" },
	{ "GET", "/v1/boards/b/", NULL, "route_unknown" },
	{ "GET", "/v1/boards/../boards", NULL, "route_unknown" },
	{ "GET", "/v1/swarms/a/messages/", NULL, "route_unknown" },
	{ "GET", "/v1/notes/a/b", NULL, "route_unknown" },
	{ "GET", "//v1/boards", NULL, "route_unknown" },
	{ "PATCH", "/v1/boards", "{}", "method_not_allowed" },
	/* JSON. */
	{ "POST", "/v1/boards", "", "argument_missing" },
	{ "POST", "/v1/boards", "{", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\"}}", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\"} {}", "json_syntax" },
	{ "POST", "/v1/boards", "\xef\xbb\xbf{\"board\":\"c\"}", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\",}", "json_syntax" },
	{ "POST", "/v1/boards", "{'board':'c'}", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\",\"board\":\"d\"}", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\",\"title\":\"\xff\"}", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\",\"title\":\"\xc0\xaf\"}", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\",\"title\":\"\xed\xa0\x80\"}", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\",\"title\":\"\\ud800\"}", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\",\"title\":\"\\u0000\"}", "json_syntax" },
	{ "POST", "/v1/boards", "{\"board\":\"c\",\"title\":\"a\tb\"}", "json_syntax" },
	{ "POST", "/v1/boards", "[]", "argument_type" },
	{ "POST", "/v1/boards", "\"b\"", "argument_type" },
	{ "POST", "/v1/boards", "null", "argument_type" },
	{ "PUT", "/v1/notes/n", "{\"value\":NaN}", "json_syntax" },
	{ "PUT", "/v1/notes/n", "{\"value\":1e999}", "json_syntax" },
	{ "PUT", "/v1/notes/n", "{\"value\":99999999999999999999}", "json_syntax" },
	{ "PUT", "/v1/notes/n", "{\"value\":0x10}", "json_syntax" },
	{ "PUT", "/v1/notes/n", "{\"value\":01}", "json_syntax" },
	{ "PUT", "/v1/notes/n", "{\"value\":{\"a\":1,\"a\":2}}", "json_syntax" },
	/* Numbers, times, words. */
	{ "POST", TASK "/heartbeat", "{\"fence\":0}", "argument_range" },
	{ "POST", TASK "/heartbeat", "{\"fence\":-1}", "argument_range" },
	{ "POST", TASK "/heartbeat", "{\"fence\":1.5}", "argument_type" },
	{ "POST", TASK "/heartbeat", "{\"fence\":1e3}", "argument_type" },
	{ "POST", TASK "/heartbeat", "{\"fence\":\"1\"}", "argument_type" },
	{ "POST", TASK "/heartbeat", "{\"fence\":true}", "argument_type" },
	{ "POST", TASK "/heartbeat", "{\"fence\":9223372036854775808}", "json_syntax" },
	{ "POST", TASK "/update", "{\"max_cost_usd\":-1}", "argument_range" },
	{ "POST", TASK "/update", "{\"max_cost_usd\":1e30}", "argument_type" },
	{ "POST", TASK "/update", "{\"max_cost_usd\":\"1.0000000001\"}", "argument_type" },
	{ "POST", TASK "/update", "{\"not_before\":\"tomorrow\"}", "argument_type" },
	{ "POST", TASK "/update", "{\"not_before\":\"2026-02-30T00:00:00Z\"}", "argument_type" },
	{ "POST", TASK "/update", "{\"kind\":\"urgent\"}", "argument_range" },
	{ "POST", TASK "/update", "{\"kind\":1}", "argument_type" },
	{ "POST", TASK "/update", "{\"paths\":[\"/etc\"]}", "argument_type" },
	{ "POST", TASK "/update", "{\"paths\":[\"a/../b\"]}", "argument_type" },
	{ "POST", TASK "/update", "{\"paths\":[\"\"]}", "argument_type" },
	{ "POST", TASK "/update", "{\"paths\":\"src\"}", "argument_type" },
	{ "POST", TASK "/update", "{\"deps\":[\"T1\"]}", "dependency_cycle" },
	{ "POST", "/v1/next", "{\"swarm\":\"a\",\"wait_ms\":-1}", "argument_range" },
	{ "POST", "/v1/next", "{\"swarm\":\"a\",\"board\":\"\"}", "id_invalid" },
	/* The query. */
	{ "GET", "/v1/boards/b/tasks?limit=0", NULL, "argument_range" },
	{ "GET", "/v1/boards/b/tasks?limit=many", NULL, "argument_type" },
	{ "GET", "/v1/boards/b/tasks?limit=1&limit=2", NULL, "usage" },
	{ "GET", "/v1/boards/b/tasks?state=gone", NULL, "argument_range" },
	{ "GET", "/v1/boards/b/tasks?stat=ready", NULL, "argument_unknown" },
	{ "GET", "/v1/boards/b/tasks?state=%zz", NULL, "http_syntax" },
	{ "GET", "/v1/boards/b/tasks?board=b", NULL, "argument_unknown" },
	{ "GET", "/v1/boards", "{}", "usage" },
	{ "POST", "/v1/boards?board=c", "{\"board\":\"c\"}", "argument_unknown" },
	{ "GET", "/v1/witness/verify?head=1234", NULL, "argument_type" },
	{ "GET", "/v1/events?after=-2", NULL, "argument_range" },
	{ "GET", "/v1/events?after=0&follow=perhaps", NULL, "argument_type" },
	/* Documents. */
	{ "POST", "/v1/import", "{}", "argument_missing" },
	{ "POST", "/v1/import", "{\"document\":\"\"}", "document_invalid" },
	{ "POST", "/v1/import", "{\"tasks\":7}", "document_invalid" },
	{ "POST", "/v1/import", "{\"tasks\":[{\"task\":\"a b\"}]}", "document_invalid" },
	{ "POST", "/v1/import", "{\"tasks\":[{\"task\":\"X\",\"deps\":[\"X\"]}]}", "document_invalid" },
	{ "POST", "/v1/import?board=y",
	  "{\"format\":\"yaml\",\"document\":\"tasks: &t [*t, *t]\"}", "document_invalid" },
	{ "POST", "/v1/import?board=y",
	  "{\"format\":\"yaml\",\"document\":\"tasks: [{task: X, title: !!binary AA==}]\"}",
	  "document_invalid" },
};

START_TEST(what_is_malformed_is_refused_by_name_and_changes_nothing)
{
	int64_t before = last_event();

	for (size_t i = 0; i < ARRAY_LEN(hostiles); i++) {
		const struct hostile *it = &hostiles[i];

		ask(&fabric, it->method, it->path, it->body, &answer);
		ck_assert_msg(strcmp(answer_text(&answer, "code"), it->code) == 0,
			      "%s %s %s is answered with %d %s, not %s", it->method, it->path,
			      it->body ? it->body : "", answer.status, buf_str(&answer.body),
			      it->code);
	}
	ck_assert_int_eq(last_event(), before);
	fabric_check_alive(&fabric);
}
END_TEST

/* Noise from one seed, with enough of JSON and HTTP in it to get somewhere. */
START_TEST(noise_is_refused_and_changes_nothing)
{
	static const char *const words[] = {
		"{", "}", "[", "]", ":", ",", "\"", "\"board\"", "\"c\"", "null", "-", "1e5",
		"\\u00", "\xc3", "\x01", "  ", "true",
	};
	int64_t before = last_event();
	uint64_t seed = 7;
	struct wire wire;

	wire_open(&wire, fabric.socket);
	for (int i = 0; i < 3000; i++) {
		char body[256] = "";

		for (int word = 0; word < 12; word++) {
			seed = hash_bytes(seed, &word, sizeof(word));
			strcat(body, words[seed % ARRAY_LEN(words)]);
		}
		wire_ask(&wire, "POST", i % 2 ? "/v1/boards" : "/v1/import", NULL,
			 slice_of_str(body));
		ck_assert(wire_answer(&wire, &answer));
		ck_assert_int_ge(answer.status, 400);
		ck_assert_int_lt(answer.status, 500);
	}
	wire_close(&wire);
	ck_assert_int_eq(last_event(), before);
}
END_TEST

/* ---- limits --------------------------------------------------------------------------------- */

/* A text that has `%` where so many x belong, one more than allowed. */
struct beyond {
	const char *method, *path, *body;
	int64_t count;			/* of what `%` stands for */
	const char *item;		/* what it stands for; # is its number */
	int64_t named;			/* the limit that the answer names */
};

#define BYTES(limit) (limit) + 1, "x", limit
#define ITEMS(limit, item) (limit), "," item, limit

static const struct beyond beyonds[] = {
	{ "POST", "/v1/boards", "{\"board\":\"%\"}", BYTES(128) },
	{ "GET", "/v1/boards/%", NULL, BYTES(128) },
	{ "PUT", "/v1/notes/%", "{\"value\":1}", BYTES(128) },
	{ "POST", "/v1/boards", "{\"board\":\"c\",\"title\":\"%\"}", BYTES(LIMIT_TITLE_BYTES) },
	{ "POST", TASK "/update", "{\"group\":\"%\"}", BYTES(LIMIT_WORD_BYTES) },
	{ "POST", TASK "/update", "{\"description\":\"%\"}", BYTES(LIMIT_TEXT_BYTES) },
	{ "POST", TASK "/update", "{\"payload\":\"%\"}", BYTES(LIMIT_JSON_BYTES) },
	{ "PUT", "/v1/notes/n", "{\"value\":\"%\"}", BYTES(LIMIT_NOTE_BYTES) },
	{ "POST", "/v1/messages", "{\"to\":\"a\",\"body\":\"%\"}", BYTES(LIMIT_TEXT_BYTES) },
	{ "POST", TASK "/update", "{\"deps\":[\"T1\"%]}", ITEMS(LIMIT_DEPS, "\"D#\"") },
	{ "POST", TASK "/update", "{\"needs\":[\"a:a\"%]}", ITEMS(LIMIT_NEEDS, "\"a:#\"") },
	{ "POST", TASK "/update", "{\"paths\":[\"a\"%]}", ITEMS(LIMIT_PATHS, "\"p#\"") },
	{ "POST", TASK "/update", "{\"run\":[\"a\"%]}", ITEMS(LIMIT_ARGV, "\"-#\"") },
	{ "POST", "/v1/swarms", "{\"swarm\":\"x\",\"capabilities\":[\"a:a\"%]}",
	  ITEMS(LIMIT_CAPABILITIES, "\"a:#\"") },
	/* Numbers say between which they may be. */
	{ "POST", "/v1/swarms", "{\"swarm\":\"x\",\"slots\":1001}", 0, "", LIMIT_SLOTS },
	{ "POST", "/v1/next", "{\"swarm\":\"a\",\"wait_ms\":50001}", 0, "", LIMIT_WAIT_MOST_MS },
	{ "POST", TASK "/claim", "{\"swarm\":\"a\",\"lease_ms\":99}", 0, "", LIMIT_LEASE_LEAST_MS },
	{ "POST", TASK "/claim", "{\"swarm\":\"a\",\"lease_ms\":14400001}", 0, "",
	  LIMIT_LEASE_MOST_MS },
	{ "POST", TASK "/update", "{\"max_attempts\":1001}", 0, "", LIMIT_ATTEMPTS_MOST },
	{ "POST", TASK "/update", "{\"priority\":1000001}", 0, "", LIMIT_PRIORITY_MOST },
	{ "POST", TASK "/update", "{\"est_ms\":2592000001}", 0, "", LIMIT_DELAY_MOST_MS },
	{ "GET", "/v1/boards/b/tasks?limit=10001", NULL, 0, "", LIMIT_LIST_MOST },
	/* Of HTTP and JSON. */
	{ "GET", "/v1/notes?prefix=%", NULL, BYTES(8192) },
	{ "GET", "/v1/swarms?%", NULL, 65, "capability=a:#&", 64 },
	{ "POST", "/v1/boards", "{\"board\":\"%\"}", BYTES(1048576) },
	{ "PUT", "/v1/notes/n", "{\"value\":%", 40, "[", 32 },
	{ "PUT", "/v1/notes/n", "{\"value\":%", 1000000, "[", 32 },
	{ "PUT", "/v1/notes/n", "{\"value\":[1%]}", 65536, ",1", 65536 },
	{ "POST", "/v1/import", "{\"document\":\"%\"}", BYTES(8388608) },
};

static void fill(struct buf *out, const char *pattern, const struct beyond *it)
{
	for (; *pattern; pattern++) {
		if (*pattern != '%') {
			buf_add_byte(out, *pattern);
			continue;
		}
		for (int64_t i = 0; i < it->count; i++)
			for (const char *c = it->item; *c; c++) {
				if (*c == '#')
					buf_add_i64(out, i);
				else
					buf_add_byte(out, *c);
			}
	}
}

static void go_beyond(const struct beyond *it)
{
	struct buf path = { 0 }, body = { 0 };
	struct wire wire;
	const char *code;

	fill(&path, it->path, it);
	if (it->body)
		fill(&body, it->body, it);
	wire_open(&wire, fabric.socket);
	wire_ask(&wire, it->method, buf_str(&path), NULL, buf_slice(&body));
	ck_assert(wire_answer(&wire, &answer));
	wire_close(&wire);
	code = answer_text(&answer, "code");
	ck_assert_msg(strcmp(code, it->count ? "limit_exceeded" : "argument_range") == 0 &&
			      strstr(answer_text(&answer, "detail"),
				     text("%lld", (long long)it->named)),
		      "%s %s %s beyond %lld is answered with %d %s", it->method, it->path,
		      it->body ? it->body : "", (long long)it->named, answer.status,
		      buf_str(&answer.body));
	buf_finish(&path);
	buf_finish(&body);
}

START_TEST(going_over_a_limit_is_refused_by_its_name)
{
	int64_t before = last_event();

	for (size_t i = 0; i < ARRAY_LEN(beyonds); i++)
		go_beyond(&beyonds[i]);
	ck_assert_int_eq(last_event(), before);
}
END_TEST

START_TEST(a_head_of_too_many_bytes_or_headers_is_refused_by_its_limit)
{
	struct buf headers = { 0 };

	buf_add_lit(&headers, "X-Long: ");
	buf_add_repeat(&headers, 'x', 17000);
	buf_add_lit(&headers, "\r\n");
	ask_with(&fabric, buf_str(&headers), "GET", "/healthz", NULL, &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "limit_exceeded");
	ck_assert_ptr_nonnull(strstr(answer_text(&answer, "detail"), "16384"));
	buf_clear(&headers);
	for (int i = 0; i < 65; i++)
		buf_add_str(&headers, text("X-%d: x\r\n", i));
	ask_with(&fabric, buf_str(&headers), "GET", "/healthz", NULL, &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "limit_exceeded");
	ck_assert_ptr_nonnull(strstr(answer_text(&answer, "detail"), "64"));
	buf_finish(&headers);
}
END_TEST

START_TEST(open_blockers_of_a_task_are_limited)
{
	const char *body = "{\"type\":\"t\",\"description\":\"d\"}";

	for (int i = 0; i < LIMIT_BLOCKERS_OPEN; i++)
		must_post(&fabric, TASK "/blockers", body, &answer);
	ask(&fabric, "POST", TASK "/blockers", body, &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "limit_exceeded");
	ck_assert_ptr_nonnull(strstr(answer_text(&answer, "detail"), "64 open blockers"));
}
END_TEST

/* The same request so often, over many connections so that commits are shared. */
static void flood(const char *path, const char *format, int count)
{
	struct wire wires[FLOOD];

	for (int i = 0; i < FLOOD; i++)
		wire_open(&wires[i], fabric.socket);
	for (int i = 0; i < count + FLOOD; i++) {
		struct wire *wire = &wires[i % FLOOD];

		if (i >= FLOOD) {
			ck_assert(wire_answer(wire, &answer));
			ck_assert_msg(answer.status == 200, "%s", buf_str(&answer.body));
		}
		if (i < count)
			wire_ask(wire, "POST", path, NULL,
				 slice_of_str(text("{%s%d\"}", format, i)));
	}
	for (int i = 0; i < FLOOD; i++)
		wire_close(&wires[i]);
}

START_TEST(unread_messages_of_a_swarm_are_limited_and_go_on_to_others)
{
	must_post(&fabric, "/v1/swarms", "{\"swarm\":\"c\"}", &answer);
	flood("/v1/messages", "\"to\":\"a\",\"body\":\"", LIMIT_INBOX);
	ask(&fabric, "POST", "/v1/messages", "{\"to\":\"a\",\"body\":\"one more\"}", &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "limit_exceeded");
	ck_assert_ptr_nonnull(strstr(answer_text(&answer, "detail"), "10000 unread messages"));
	/* Who shouts to all is told whom it did not reach. */
	must_post(&fabric, "/v1/messages", "{\"to_all\":true,\"body\":\"one more\"}", &answer);
	ck_assert_int_eq(answer_number(&answer, "readers", -1), 1);
	ck_assert_int_eq(answer_number(&answer, "skipped_full", -1), 1);
	/* Room returns with reading. */
	must_post(&fabric, "/v1/swarms/a/messages/ack",
		  text("{\"cursor\":%lld}", (long long)last_event()), &answer);
	must_post(&fabric, "/v1/messages", "{\"to\":\"a\",\"body\":\"one more\"}", &answer);
}
END_TEST

START_TEST(boards_are_limited)
{
	flood("/v1/boards", "\"board\":\"n", LIMIT_BOARDS - 1);
	ask(&fabric, "POST", "/v1/boards", "{\"board\":\"one-more\"}", &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "limit_exceeded");
	ck_assert_ptr_nonnull(strstr(answer_text(&answer, "detail"), "10000 boards"));
}
END_TEST

/* ---- all of it ------------------------------------------------------------------------------ */

int main(void)
{
	Suite *suite = suite_create("hostile");
	TCase *tcase = tcase_create("hostile");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, what_is_malformed_is_refused_by_name_and_changes_nothing);
	tcase_add_test(tcase, noise_is_refused_and_changes_nothing);
	tcase_add_test(tcase, going_over_a_limit_is_refused_by_its_name);
	tcase_add_test(tcase, a_head_of_too_many_bytes_or_headers_is_refused_by_its_limit);
	tcase_add_test(tcase, open_blockers_of_a_task_are_limited);
	tcase_add_test(tcase, unread_messages_of_a_swarm_are_limited_and_go_on_to_others);
	tcase_add_test(tcase, boards_are_limited);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
