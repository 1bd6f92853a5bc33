/*
 * Calls that block: what goes over the wire, and what comes of it when it breaks.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ensure.h"
#include "infrafabric.h"
#include "unit/stub_server.h"

#define CLAIM                                                                                       \
	"{\"swarm\":\"a\",\"board\":\"demo\",\"task\":\"T-1\",\"state\":\"claimed\",\"fence\":42,"    \
	"\"attempt\":2,\"lease_until\":\"2001-09-09T01:46:40.000000Z\","                              \
	"\"title\":\"say \\\"hi\\\"\",\"payload\":{\"fence\":1,\"deep\":[{\"fence\":2}]}}"
/* The address of a Unix socket has room for 107 bytes. */
#define LONG_PATH                                                        \
	"/a/path/of/a/socket/that/is/longer/than/the/hundred/and/seven/" \
	"bytes/that/the/address/of/a/unix/socket/has/room/for"
#define NOTHING "{\"code\":\"nothing_ready\",\"title\":\"no task is ready\",\"retryable\":true}"

static struct stub stub;
static struct ifab_client *client;

static void begin(const struct stub_step *steps, size_t count)
{
	stub_start(&stub, steps, count);
	client = ifab_open(stub.path, NULL);
	ck_assert_ptr_nonnull(client);
}
#define BEGIN(...)                                                        \
	static const struct stub_step steps[] = { __VA_ARGS__ };          \
	begin(steps, sizeof(steps) / sizeof(steps[0]))

static void end(void)
{
	ifab_close(client);
	stub_stop(&stub);
}

START_TEST(a_claim_brings_its_token_and_times)
{
	struct ifab_task task = { 0 };

	BEGIN({ .status = "200 OK", .body = CLAIM });
	ck_assert_int_eq(ifab_set_actor(client, "orchestrator"), IFAB_OK);
	ck_assert_int_eq(ifab_claim(client, NULL, "T-1", "a", 120000, &task), IFAB_OK);
	ck_assert_str_eq(task.board, "demo");
	ck_assert_str_eq(task.task, "T-1");
	ck_assert_str_eq(task.swarm, "a");
	ck_assert_str_eq(task.title, "say \"hi\"");
	ck_assert_int_eq(task.fence, 42);
	ck_assert_int_eq(task.attempt, 2);
	ck_assert_int_eq(task.lease_until_us, 1000000000000000);
	ck_assert_str_eq(task.json, CLAIM);
	ck_assert(strstr(stub_request(&stub, 0), "POST /v1/boards/-/tasks/T-1/claim HTTP/1.1\r\n"));
	ck_assert(strstr(stub_request(&stub, 0), "{\"swarm\":\"a\",\"lease_ms\":120000}"));
	ck_assert(strstr(stub_request(&stub, 0), "IF-Actor: orchestrator\r\n"));
	ifab_task_free(&task);
	end();
}
END_TEST

START_TEST(a_refusal_names_the_holder)
{
	const struct ifab_error *error;
	struct ifab_task task = { 0 };

	BEGIN({ .status = "409 Conflict",
		.type = "application/problem+json",
		.body = "{\"code\":\"task_claimed\",\"title\":\"another worker holds the task\","
			"\"detail\":\"task T-1 is held by bob\",\"hint\":\"Take another.\","
			"\"retryable\":true,\"holder\":\"bob\",\"until\":\"2001-09-09T01:46:40Z\"}" });
	ck_assert_int_eq(ifab_claim(client, "demo", "T-1", "a", 0, &task), IFAB_CONFLICT);
	ck_assert_str_eq(task.task, "");
	error = ifab_last_error(client);
	ck_assert_int_eq(error->http_status, 409);
	ck_assert_str_eq(error->code, "task_claimed");
	ck_assert_str_eq(error->holder, "bob");
	ck_assert_int_eq(error->until_us, 1000000000000000);
	ck_assert(error->retryable);
	end();
}
END_TEST

START_TEST(a_write_is_sent_again_with_its_key_when_the_connection_breaks)
{
	struct ifab_task task = { .board = "demo", .task = "T-1", .fence = 42 };
	char first[64], second[64];

	BEGIN({ .status = NULL }, { .status = NULL }, { .status = "200 OK", .body = "{}" });
	ck_assert_int_eq(ifab_complete(client, &task, "{\"ok\":true}", NULL), IFAB_OK);
	ck_assert_uint_ge(stub_count(&stub), 3);
	stub_header(stub_request(&stub, 0), "Idempotency-Key", first, sizeof(first));
	stub_header(stub_request(&stub, 2), "Idempotency-Key", second, sizeof(second));
	ck_assert_uint_eq(strlen(first), 32);
	ck_assert_str_eq(first, second);
	ck_assert(strstr(stub_request(&stub, 2), "{\"fence\":42,\"result\":{\"ok\":true}}"));
	end();
}
END_TEST

START_TEST(two_writes_have_two_keys_and_one_connection)
{
	char first[64], second[64];

	BEGIN({ .status = "200 OK", .body = "{}" }, { .status = "200 OK", .body = "{}" });
	ck_assert_int_eq(ifab_swarm_heartbeat(client, "a"), IFAB_OK);
	ck_assert_int_eq(ifab_swarm_heartbeat(client, "a"), IFAB_OK);
	stub_header(stub_request(&stub, 0), "Idempotency-Key", first, sizeof(first));
	stub_header(stub_request(&stub, 1), "Idempotency-Key", second, sizeof(second));
	ck_assert_str_ne(first, second);
	end();
}
END_TEST

START_TEST(a_daemon_that_is_stopping_is_waited_for)
{
	BEGIN({ .status = "503 Service Unavailable", .then_cut = 1,
		.body = "{\"code\":\"shutting_down\"}" },
	      { .status = "200 OK", .body = "{}" });
	ck_assert_int_eq(ifab_swarm_heartbeat(client, "a"), IFAB_OK);
	ck_assert_uint_eq(stub_count(&stub), 2);
	end();
}
END_TEST

START_TEST(a_full_disk_is_told_at_once)
{
	BEGIN({ .status = "507 Insufficient Storage",
		.body = "{\"code\":\"storage_full\",\"retryable\":true}" });
	ck_assert_int_eq(ifab_swarm_heartbeat(client, "a"), IFAB_FAILED);
	ck_assert(ifab_last_error(client)->retryable);
	ck_assert_uint_eq(stub_count(&stub), 1);
	end();
}
END_TEST

START_TEST(a_daemon_that_was_never_there_is_not_waited_for)
{
	client = ifab_open("/tmp/no_such_folder/if.sock", NULL);
	ck_assert_int_eq(ifab_swarm_heartbeat(client, "a"), IFAB_UNREACHABLE);
	ck_assert_str_eq(ifab_last_error(client)->code, "daemon_unreachable");
	ck_assert(strstr(ifab_last_error(client)->detail, "/tmp/no_such_folder/if.sock"));
	ifab_close(client);
}
END_TEST

START_TEST(silence_ends_with_the_time)
{
	BEGIN({ .status = "200 OK", .body = "{}", .delay_ms = 5000 });
	ifab_set_timeout(client, 50);
	ck_assert_int_eq(ifab_swarm_heartbeat(client, "a"), IFAB_TIMEOUT);
	end();
}
END_TEST

START_TEST(a_descriptor_interrupts_what_waits)
{
	struct ifab_task task = { 0 };
	struct ifab_next_options options = { .wait_ms = IFAB_FOR_EVER };
	int wake[2];

	BEGIN({ .status = "404 Not Found", .body = NOTHING, .delay_ms = 60000 });
	ck_assert_int_eq(pipe(wake), 0);
	ifab_interrupt_on(client, wake[0]);
	ck_assert_int_eq(write(wake[1], "x", 1), 1);
	ck_assert_int_eq(ifab_next(client, "a", &options, &task), IFAB_INTERRUPTED);
	close(wake[0]);
	close(wake[1]);
	end();
}
END_TEST

START_TEST(nothing_ready_is_an_answer_of_its_own)
{
	struct ifab_task task = { 0 };
	struct ifab_next_options options = {
		.board = "demo", .critical_only = true, .wait_ms = 1500,
	};

	BEGIN({ .status = "404 Not Found", .body = NOTHING });
	ck_assert_int_eq(ifab_next(client, "a", &options, &task), IFAB_NOTHING_READY);
	ck_assert(strstr(stub_request(&stub, 0), "{\"swarm\":\"a\",\"board\":\"demo\","
						 "\"critical_only\":true,\"wait_ms\":1500}"));
	end();
}
END_TEST

START_TEST(finishing_brings_the_next_task_or_none)
{
	struct ifab_task task = { 0 };

	BEGIN({ .status = "200 OK", .body = CLAIM },
	      { .status = "200 OK", .body = "{\"completed\":{},\"next\":" CLAIM "}" },
	      { .status = "200 OK", .body = "{\"completed\":{},\"next\":null}" });
	ck_assert_int_eq(ifab_claim(client, "demo", "T-1", "a", 0, &task), IFAB_OK);
	ck_assert_int_eq(ifab_finish_and_next(client, &task, NULL, NULL, NULL, &task), IFAB_OK);
	ck_assert_int_eq(task.fence, 42);
	ck_assert_int_eq(ifab_finish_and_next(client, &task, NULL, NULL, NULL, &task), IFAB_OK);
	ck_assert_str_eq(task.task, "");
	ifab_task_free(&task);
	end();
}
END_TEST

START_TEST(commands_go_by_their_names)
{
	struct ifab_reply reply = { 0 };
	int64_t count = 0;

	BEGIN({ .status = "200 OK", .body = "{\"count\":3,\"name\":\"a\\u00e9\\n\",\"list\":[1]}" },
	      { .status = "200 OK", .body = "{}" }, { .status = "200 OK", .body = "{}" });
	ck_assert_int_eq(ifab_command(client, "task.list",
				      "{\"board\":\"demo\",\"state\":\"ready\",\"limit\":5}", &reply),
			 IFAB_OK);
	ck_assert(strstr(stub_request(&stub, 0),
			 "GET /v1/boards/demo/tasks?state=ready&limit=5 HTTP/1.1\r\n"));
	ck_assert(strstr(stub_request(&stub, 0), "Idempotency-Key") == NULL);
	ck_assert(ifab_reply_int(&reply, "count", &count));
	ck_assert_int_eq(count, 3);
	ck_assert_int_eq(ifab_command(client, "swarm.list",
				      "{\"capability\":[\"a:b\",\"c:*\"],\"spare\":true}", &reply),
			 IFAB_OK);
	ck_assert(strstr(stub_request(&stub, 1),
			 "GET /v1/swarms?capability=a:b&capability=c:%2a&spare=true "));
	ck_assert_int_eq(ifab_command(client, "note.put", "{\"key\":\"k\",\"value\":{\"a\":[1]}}",
				      &reply), IFAB_OK);
	ck_assert(strstr(stub_request(&stub, 2), "PUT /v1/notes/k HTTP/1.1\r\n"));
	ck_assert(strstr(stub_request(&stub, 2), "{\"value\":{\"a\":[1]}}"));
	ifab_reply_free(&reply);
	end();
}
END_TEST

START_TEST(commands_that_cannot_be_are_not_sent)
{
	BEGIN({ .status = "200 OK", .body = "{}" });
	ck_assert_int_eq(ifab_command(client, "task.frobnicate", NULL, NULL), IFAB_NOT_FOUND);
	ck_assert_int_eq(ifab_command(client, "task.claim", "[1]", NULL), IFAB_USAGE);
	ck_assert_int_eq(ifab_command(client, "task.claim", "{\"swarm\":\"a\"}", NULL), IFAB_USAGE);
	ck_assert(strstr(ifab_last_error(client)->detail, "task"));
	ck_assert_int_eq(ifab_command(client, "task.list", "{\"a&b\":1}", NULL), IFAB_USAGE);
	ck_assert_uint_eq(stub_count(&stub), 0);
	end();
}
END_TEST

/* ---- events ---------------------------------------------------------------------------------- */

static char heard[256];

static bool hear(void *context, const struct ifab_event *event)
{
	char one[96];

	snprintf(one, sizeof(one), "%d %s %s;", (int)event->number, event->kind, event->json);
	strcat(heard, one);
	return strcmp(event->kind, *(const char **)context) != 0;
}

START_TEST(a_stream_goes_on_behind_the_last_event)
{
	const char *last = "task.completed";
	struct ifab_stream stream = { .after = 5, .on_event = hear, .context = &last };
	char resume[32];

	BEGIN({ .status = "200 OK", .type = "text/event-stream", .no_length = 1,
		.body = ": hello\n\nid: 6\nevent: task.ready\ndata: {\"a\":\ndata: 1}\n\n"
			"id: 7\nevent: t" },
	      { .status = "200 OK", .type = "text/event-stream", .no_length = 1,
		.body = "id: 7\r\nevent: task.completed\r\ndata: {}\r\n\r\n"
			"id: 8\nevent: late\ndata: {}\n\n" });
	heard[0] = '\0';
	ck_assert_int_eq(ifab_events(client, &stream), IFAB_INTERRUPTED);
	ck_assert_str_eq(heard, "6 task.ready {\"a\":\n1};7 task.completed {};");
	ck_assert_int_eq(stream.last_number, 7);
	stub_header(stub_request(&stub, 0), "Last-Event-ID", resume, sizeof(resume));
	ck_assert_str_eq(resume, "5");
	stub_header(stub_request(&stub, 1), "Last-Event-ID", resume, sizeof(resume));
	ck_assert_str_eq(resume, "6");
	end();
}
END_TEST

START_TEST(a_stream_with_an_end_ends)
{
	const char *last = "never";
	struct ifab_stream stream = {
		.path = "/v1/events", .after = -1, .has_end = true, .on_event = hear, .context = &last,
	};

	BEGIN({ .status = "200 OK", .type = "text/event-stream", .no_length = 1,
		.body = "id: 1\nevent: a.b\ndata: {}\n\n" });
	heard[0] = '\0';
	ck_assert_int_eq(ifab_events(client, &stream), IFAB_OK);
	ck_assert_str_eq(heard, "1 a.b {};");
	ck_assert(strstr(stub_request(&stub, 0), "Last-Event-ID") == NULL);
	end();
}
END_TEST

START_TEST(a_break_before_the_first_event_loses_none)
{
	const char *last = "task.ready";
	struct ifab_stream stream = { .after = -1, .on_event = hear, .context = &last };
	char resume[32];

	BEGIN({ .status = "200 OK", .type = "text/event-stream", .no_length = 1, .body = "id: 41\n\n" },
	      { .status = "200 OK", .type = "text/event-stream", .no_length = 1,
		.body = "id: 41\n\nid: 42\nevent: task.ready\ndata: {}\n\n" });
	heard[0] = '\0';
	ck_assert_int_eq(ifab_events(client, &stream), IFAB_INTERRUPTED);
	ck_assert_str_eq(heard, "42 task.ready {};");
	stub_header(stub_request(&stub, 1), "Last-Event-ID", resume, sizeof(resume));
	ck_assert_str_eq(resume, "41");
	end();
}
END_TEST

START_TEST(a_stream_that_the_daemon_gives_up_says_why)
{
	const char *last = "never";
	struct ifab_stream stream = { .after = 1, .on_event = hear, .context = &last };

	BEGIN({ .status = "200 OK", .type = "text/event-stream", .no_length = 1,
		.body = "event: error\ndata: {\"code\":\"cursor_trimmed\",\"title\":\"gone\"}\n\n" });
	heard[0] = '\0';
	ck_assert_int_eq(ifab_events(client, &stream), IFAB_NOT_FOUND);
	ck_assert_str_eq(ifab_last_error(client)->title, "gone");
	ck_assert_str_eq(heard, "");
	end();
}
END_TEST

START_TEST(a_trimmed_cursor_is_an_error)
{
	const char *last = "never";
	struct ifab_stream stream = { .after = 5, .on_event = hear, .context = &last };

	BEGIN({ .status = "410 Gone", .type = "application/problem+json",
		.body = "{\"code\":\"cursor_trimmed\",\"title\":\"trimmed\"}" });
	ck_assert_int_eq(ifab_events(client, &stream), IFAB_NOT_FOUND);
	ck_assert_str_eq(ifab_last_error(client)->code, "cursor_trimmed");
	end();
}
END_TEST

static bool gather(void *context, const char *bytes, size_t len)
{
	strncat(context, bytes, len);
	return true;
}

START_TEST(a_download_is_handed_over_as_it_comes)
{
	const struct ifab_request request = { .method = "GET", .path = "/v1/witness/export" };
	char text[64] = "";

	BEGIN({ .status = NULL },
	      { .status = "200 OK", .type = "text/csv", .body = "a,b\n1,2\n", .no_length = 1 });
	ck_assert_int_eq(ifab_download(client, &request, gather, text), IFAB_OK);
	ck_assert_str_eq(text, "a,b\n1,2\n");
	end();
}
END_TEST

START_TEST(addresses_that_are_none_are_refused)
{
	static const char *const addresses[] = {
		"http://", "http://host/path", "http://user@host",
		LONG_PATH,
	};

	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct ifab_error error = { 0 };

		ck_assert_ptr_null(ifab_open(addresses[i], &error));
		ck_assert_int_eq(error.status, IFAB_USAGE);
		ck_assert_str_ne(error.detail, "");
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("client_call");
	TCase *tcase = tcase_create("calls");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_claim_brings_its_token_and_times);
	tcase_add_test(tcase, a_refusal_names_the_holder);
	tcase_add_test(tcase, a_write_is_sent_again_with_its_key_when_the_connection_breaks);
	tcase_add_test(tcase, two_writes_have_two_keys_and_one_connection);
	tcase_add_test(tcase, a_daemon_that_is_stopping_is_waited_for);
	tcase_add_test(tcase, a_full_disk_is_told_at_once);
	tcase_add_test(tcase, a_daemon_that_was_never_there_is_not_waited_for);
	tcase_add_test(tcase, silence_ends_with_the_time);
	tcase_add_test(tcase, a_descriptor_interrupts_what_waits);
	tcase_add_test(tcase, nothing_ready_is_an_answer_of_its_own);
	tcase_add_test(tcase, finishing_brings_the_next_task_or_none);
	tcase_add_test(tcase, commands_go_by_their_names);
	tcase_add_test(tcase, commands_that_cannot_be_are_not_sent);
	tcase_add_test(tcase, a_stream_goes_on_behind_the_last_event);
	tcase_add_test(tcase, a_stream_with_an_end_ends);
	tcase_add_test(tcase, a_break_before_the_first_event_loses_none);
	tcase_add_test(tcase, a_stream_that_the_daemon_gives_up_says_why);
	tcase_add_test(tcase, a_trimmed_cursor_is_an_error);
	tcase_add_test(tcase, a_download_is_handed_over_as_it_comes);
	tcase_add_test(tcase, addresses_that_are_none_are_refused);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
