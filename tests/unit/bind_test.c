#include "api/bind.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"

/* One request, and what it becomes: its arguments as JSON, or the detail of its refusal. */
struct row {
	const char *method;
	const char *target;		/* path, and query behind '?' */
	const char *body;
	enum err err;
	const char *says;
};

struct bound {
	struct arena arena;
	struct command command;
	struct buf detail, members, text;
	enum err err;
};

static struct router router;

static void bound_finish(struct bound *bound)
{
	arena_finish(&bound->arena);
	buf_finish(&bound->detail);
	buf_finish(&bound->members);
	buf_finish(&bound->text);
}

/* Binds, then overwrites the request: a command may not point into it. */
static void bind(struct bound *bound, const char *method, struct slice target, struct slice body,
		 const struct http_header *headers, size_t header_count)
{
	struct slice query, path;
	struct route_match match;
	struct buf copy = { 0 };

	memset(bound, 0, sizeof(*bound));
	buf_add_slice(&copy, target);
	buf_add_slice(&copy, body);
	query = slice_of(copy.ptr, target.len);
	path = slice_cut(&query, '?');
	bound->err = route_find(&router, slice_of_str(method), path, &match);
	ck_assert_int_eq(bound->err, OK);
	bound->err = bind_command(&(struct http_request){
			.method = slice_of_str(method), .path = path, .query = query,
			.body = slice_of(copy.ptr + target.len, body.len),
			.headers = headers, .header_count = header_count,
		}, &match, &bound->arena, &bound->command, &bound->detail, &bound->members);
	memset(copy.ptr, 'X', copy.len);
	buf_finish(&copy);
	if (bound->err == OK) {
		struct json_writer json = json_begin(&bound->text);

		json_object(&json);
		schema_write_json_set(&command_table[bound->command.type].args,
				      &bound->command.args, &json);
		json_object_end(&json);
	} else {
		buf_add_slice(&bound->text, buf_slice(&bound->detail));
	}
	buf_str(&bound->text);
}

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct bound bound;

		bind(&bound, row->method, slice_of_str(row->target),
		     row->body ? slice_of_str(row->body) : SLICE_EMPTY, NULL, 0);
		ck_assert_msg(bound.err == row->err && strcmp(bound.text.ptr, row->says) == 0,
			      "%s %s %s\n  is  %s %s\n  not %s %s", row->method, row->target,
			      row->body ? row->body : "", err_info(bound.err)->code,
			      bound.text.ptr, err_info(row->err)->code, row->says);
		bound_finish(&bound);
	}
}

START_TEST(good_bodies_become_arguments)
{
	static const struct row rows[] = {
		{ "POST", "/v1/boards/-/tasks/T-1/claim", "{\"swarm\":\"s1\"}", OK,
		  "{\"board\":\"-\",\"task\":\"T-1\",\"swarm\":\"s1\"}" },
		{ "POST", "/v1/boards/b/tasks/T-1/claim",
		  " { \"why\" : true, \"lease_ms\":5000, \"paths\":[\"src/a.c\",\"doc/\"],"
		  "\"swarm\":\"s\" } ",
		  OK, "{\"board\":\"b\",\"task\":\"T-1\",\"swarm\":\"s\",\"lease_ms\":5000,"
		  "\"paths\":[\"src/a.c\",\"doc/\"],\"why\":true}" },
		{ "POST", "/v1/boards/b/tasks/T/complete",
		  "{\"fence\":9223372036854775807,\"result\":{ \"ok\" : [1, 2.5, null, \"\\u00e4\"] },"
		  "\"evidence\":null}", OK,
		  "{\"board\":\"b\",\"task\":\"T\",\"fence\":9223372036854775807,"
		  "\"result\":{\"ok\":[1,2.5,null,\"\xc3\xa4\"]},\"evidence\":null}" },
		{ "POST", "/v1/boards/b/archive", NULL, OK, "{\"board\":\"b\"}" },
		{ "POST", "/v1/boards/b/archive", "{}", OK, "{\"board\":\"b\"}" },
		{ "POST", "/v1/boards/b/archive", "{\"reason\":\"\"}", OK, "{\"board\":\"b\"}" },
		{ "PUT", "/v1/notes/build.status", "{\"value\":\"green\"}", OK,
		  "{\"key\":\"build.status\",\"value\":\"green\"}" },
		{ "PUT", "/v1/notes/k", "{\"value\":0}", OK, "{\"key\":\"k\",\"value\":0}" },
		{ "POST", "/v1/boards/b/tasks",
		  "{\"task\":\"T\",\"kind\":\"filler\",\"priority\":-3,"
		  "\"needs\":[\"code:c\",\"doc:*\"],\"deps\":[],\"run\":[\"make\",\"-j 2\",\"\"],"
		  "\"est_cost_usd\":0.000000001,\"max_cost_usd\":\"12.345678901\","
		  "\"not_before\":\"2027-01-15T08:00:00Z\","
		  "\"start_by\":1800000000000001}", OK,
		  "{\"board\":\"b\",\"task\":\"T\",\"kind\":\"filler\",\"priority\":-3,"
		  "\"needs\":[\"code:c\",\"doc:*\"],\"run\":[\"make\",\"-j 2\",\"\"],"
		  "\"est_cost_usd\":0.000000001,\"max_cost_usd\":12.345678901,"
		  "\"not_before\":\"2027-01-15T08:00:00.000000Z\","
		  "\"start_by\":\"2027-01-15T08:00:00.000001Z\"}" },
		{ "POST", "/v1/next",
		  "{\"swarm\":\"s\",\"wait_ms\":50000,\"critical_only\":false}", OK,
		  "{\"swarm\":\"s\",\"wait_ms\":50000}" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(good_queries_become_arguments)
{
	static const struct row rows[] = {
		{ "GET", "/v1/boards", NULL, OK, "{}" },
		{ "HEAD", "/v1/boards?archived=true", NULL, OK, "{\"archived\":true}" },
		{ "GET", "/v1/boards?archived=0&", NULL, OK, "{}" },
		{ "GET", "/v1/boards/-/tasks?state=ready&kind=filler&limit=7&after=T-1", NULL, OK,
		  "{\"board\":\"-\",\"state\":\"ready\",\"kind\":\"filler\",\"after\":\"T-1\","
		  "\"limit\":7}" },
		{ "GET", "/v1/swarms?capability=code:c,code:go&capability=doc%3Aen", NULL, OK,
		  "{\"capability\":[\"code:c\",\"code:go\",\"doc:en\"]}" },
		{ "GET", "/v1/notes?prefix=", NULL, OK, "{}" },
		{ "GET", "/v1/notes?prefix=a.", NULL, OK, "{\"prefix\":\"a.\"}" },
		{ "GET", "/v1/events?since=2027-01-15T09:00:00%2B01:00&until=1800000000000001&after=0"
		  "&follow=1&kind=task.&part=witness", NULL, OK,
		  "{\"part\":\"witness\",\"kind\":\"task.\",\"since\":\"2027-01-15T08:00:00.000000Z\","
		  "\"until\":\"2027-01-15T08:00:00.000001Z\",\"after\":0,\"follow\":true}" },
		{ "DELETE", "/v1/notes/k?version=12", NULL, OK, "{\"key\":\"k\",\"version\":12}" },
		{ "GET", "/v1/witness/verify?head=a+b%20c", NULL, OK, "{\"head\":\"a b c\"}" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

#define CLAIM "POST", "/v1/boards/b/tasks/T/claim"
#define ADD "POST", "/v1/boards/b/tasks"

START_TEST(bad_bodies_are_refused_with_the_reason)
{
	static const struct row rows[] = {
		{ CLAIM, "", ERR_ARGUMENT_MISSING, "argument swarm: is missing" },
		{ CLAIM, "{}", ERR_ARGUMENT_MISSING, "argument swarm: is missing" },
		{ CLAIM, "{", ERR_JSON_SYNTAX, "the body: line 1, column 1: the text ends too early" },
		{ CLAIM, "[]", ERR_ARGUMENT_TYPE, "the body: takes an object, not a list" },
		{ CLAIM, "\"s\"", ERR_ARGUMENT_TYPE, "the body: takes an object, not a text" },
		{ CLAIM, "{\"swarm\":\"a\",\"swarm\":\"b\"}", ERR_JSON_SYNTAX,
		  "the body: line 1, column 20: duplicate object key near '\"swarm\"'" },
		{ CLAIM, "{\"swarn\":\"a\"}", ERR_ARGUMENT_UNKNOWN,
		  "argument swarn: is not known here; did you mean swarm?" },
		{ CLAIM, "{\"lease\":1,\"swarm\":\"s\"}", ERR_ARGUMENT_UNKNOWN,
		  "argument lease: is not known here" },
		{ CLAIM, "{\"swarm\":\"s\",\"board\":\"b\"}", ERR_ARGUMENT_UNKNOWN,
		  "argument board: stands in the path" },
		{ CLAIM, "{\"swarm\":7}", ERR_ARGUMENT_TYPE,
		  "argument swarm: takes an id, not an integer" },
		{ CLAIM, "{\"swarm\":null}", ERR_ARGUMENT_TYPE,
		  "argument swarm: takes an id, not null" },
		{ CLAIM, "{\"swarm\":\"\"}", ERR_ID_INVALID,
		  "argument swarm: is not 1 to 128 of A-Z a-z 0-9 . _ : @ -" },
		{ CLAIM, "{\"swarm\":\"-\"}", ERR_ID_INVALID,
		  "argument swarm: is not 1 to 128 of A-Z a-z 0-9 . _ : @ -" },
		{ CLAIM, "{\"swarm\":\"a/b\"}", ERR_ID_INVALID,
		  "argument swarm: is not 1 to 128 of A-Z a-z 0-9 . _ : @ -" },
		{ CLAIM, "{\"swarm\":\"s\",\"lease_ms\":\"5s\"}", ERR_ARGUMENT_TYPE,
		  "argument lease_ms: takes an integer, not a text" },
		{ CLAIM, "{\"swarm\":\"s\",\"lease_ms\":5000.0}", ERR_ARGUMENT_TYPE,
		  "argument lease_ms: takes an integer, not a number with a fraction" },
		{ CLAIM, "{\"swarm\":\"s\",\"lease_ms\":99}", ERR_ARGUMENT_RANGE,
		  "argument lease_ms: is not between 100 and 14400000" },
		{ CLAIM, "{\"swarm\":\"s\",\"lease_ms\":9223372036854775808}", ERR_JSON_SYNTAX,
		  "the body: line 1, column 43: a number is too large" },
		{ CLAIM, "{\"swarm\":\"s\",\"why\":1}", ERR_ARGUMENT_TYPE,
		  "argument why: takes true or false, not an integer" },
		{ CLAIM, "{\"swarm\":\"s\",\"paths\":\"a\"}", ERR_ARGUMENT_TYPE,
		  "argument paths: takes a list of relative paths, not a text" },
		{ CLAIM, "{\"swarm\":\"s\",\"paths\":[\"a\",1]}", ERR_ARGUMENT_TYPE,
		  "argument paths: takes a list of relative paths, not an integer" },
		{ CLAIM, "{\"swarm\":\"s\",\"paths\":[\"../a\"]}", ERR_ARGUMENT_TYPE,
		  "argument paths: holds a path that is not relative and without . or .. parts" },
		{ ADD, "{\"task\":\"T\",\"kind\":\"urgent\"}", ERR_ARGUMENT_RANGE,
		  "argument kind: urgent is none of critical, filler" },
		{ ADD, "{\"task\":\"T\",\"kind\":0}", ERR_ARGUMENT_TYPE,
		  "argument kind: takes one of critical, filler, not an integer" },
		{ ADD, "{\"task\":\"T\",\"deps\":[\"a b\"]}", ERR_ID_INVALID,
		  "argument deps: is not 1 to 128 of A-Z a-z 0-9 . _ : @ -" },
		{ ADD, "{\"task\":\"T\",\"needs\":[\"c\"]}", ERR_ARGUMENT_TYPE,
		  "argument needs: holds a capability that is not domain:skill" },
		{ ADD, "{\"task\":\"T\",\"est_cost_usd\":-1}", ERR_ARGUMENT_RANGE,
		  "argument est_cost_usd: is not between 0.00 and 9223372036.854775807 dollars" },
		{ ADD, "{\"task\":\"T\",\"est_cost_usd\":\"$5\"}", ERR_ARGUMENT_TYPE,
		  "argument est_cost_usd: takes dollars such as 12.50, to nine decimals, not a text" },
		{ ADD, "{\"task\":\"T\",\"not_before\":\"tomorrow\"}", ERR_ARGUMENT_TYPE,
		  "argument not_before: takes a time such as 2026-11-22T19:34:07Z, or microseconds "
		  "since 1970" },
		{ ADD, "{\"task\":\"T\",\"not_before\":[]}", ERR_ARGUMENT_TYPE,
		  "argument not_before: takes a time such as 2026-11-22T19:34:07Z, or microseconds "
		  "since 1970, not a list" },
		{ ADD, "{\"task\":\"T\",\"not_before\":-1}", ERR_ARGUMENT_RANGE,
		  "argument not_before: is not between 0 and 9223372036854775807" },
		{ ADD, "{\"task\":\"T\",\"title\":{}}", ERR_ARGUMENT_TYPE,
		  "argument title: takes a text, not an object" },
		{ "POST", "/v1/boards/b/tasks/T/blockers", "{\"type\":\"\",\"description\":\"d\"}",
		  ERR_ARGUMENT_RANGE, "argument type: is empty" },
		{ "POST", "/v1/boards/b/archive?reason=x", NULL, ERR_ARGUMENT_UNKNOWN,
		  "argument reason: stands in the query; this method takes it in the body" },
		{ "POST", "/v1/boards/a%20b/archive", NULL, ERR_ID_INVALID,
		  "argument board: is not 1 to 128 of A-Z a-z 0-9 . _ : @ -" },
		{ "POST", "/v1/boards/b/tasks/-/cancel", NULL, ERR_ID_INVALID,
		  "argument task: is not 1 to 128 of A-Z a-z 0-9 . _ : @ -" },
		{ "PUT", "/v1/notes/k", "{}", ERR_ARGUMENT_MISSING, "argument value: is missing" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(bad_queries_are_refused_with_the_reason)
{
	static const struct row rows[] = {
		{ "GET", "/v1/boards?archive=true", NULL, ERR_ARGUMENT_UNKNOWN,
		  "argument archive: is not known here; did you mean archived?" },
		{ "GET", "/v1/boards?=1", NULL, ERR_ARGUMENT_UNKNOWN, "argument : is not known here" },
		{ "GET", "/v1/boards?archived=yes", NULL, ERR_ARGUMENT_TYPE,
		  "argument archived: takes true or false" },
		{ "GET", "/v1/boards?archived", NULL, ERR_ARGUMENT_TYPE,
		  "argument archived: takes true or false" },
		{ "GET", "/v1/boards?archived=1&archived=1", NULL, ERR_USAGE,
		  "argument archived: is given twice" },
		{ "GET", "/v1/boards?archived=%zz", NULL, ERR_HTTP_SYNTAX, "the query is not valid" },
		{ "GET", "/v1/boards?archived=%ff", NULL, ERR_TEXT_INVALID, "the query is not valid" },
		{ "GET", "/v1/boards", "{}", ERR_USAGE,
		  "this method takes its arguments in the query" },
		{ "GET", "/v1/boards/b/tasks?state=lost", NULL, ERR_ARGUMENT_RANGE,
		  "argument state: lost is none of blocked, delayed, ready, claimed, held, done, "
		  "failed, cancelled" },
		{ "GET", "/v1/boards/b/tasks?limit=ten", NULL, ERR_ARGUMENT_TYPE,
		  "argument limit: takes an integer" },
		{ "GET", "/v1/boards/b/tasks?limit=0", NULL, ERR_ARGUMENT_RANGE,
		  "argument limit: is not between 1 and 10000" },
		{ "GET", "/v1/swarms?capability=,", NULL, ERR_ARGUMENT_TYPE,
		  "argument capability: holds a capability that is not domain:skill" },
		{ "GET", "/v1/events?since=now", NULL, ERR_ARGUMENT_TYPE,
		  "argument since: takes a time such as 2026-11-22T19:34:07Z, or microseconds "
		  "since 1970" },
		{ "DELETE", "/v1/notes/k?version=-1", NULL, ERR_ARGUMENT_RANGE,
		  "argument version: is not between 0 and 9223372036854775807" },
		{ "GET", "/v1/boards/b?board=c", NULL, ERR_ARGUMENT_UNKNOWN,
		  "argument board: stands in the path" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_is_given_is_known_apart_from_what_is_initial)
{
	struct bound bound;

	bind(&bound, "POST", SLICE("/v1/boards/b/tasks/T/update"), SLICE("{\"priority\":0}"),
	     NULL, 0);
	ck_assert_int_eq(bound.err, OK);
	ck_assert(command_has(&bound.command, "board"));
	ck_assert(command_has(&bound.command, "priority"));
	ck_assert(!command_has(&bound.command, "title"));
	ck_assert(!command_has(&bound.command, "max_attempts"));
	ck_assert_int_eq(bound.command.args.task_update.max_attempts, LIMIT_ATTEMPTS_DEFAULT);
	ck_assert_int_eq(bound.command.args.task_update.est_cost_usd, -1);
	bound_finish(&bound);
}
END_TEST

/* ---- limits ---------------------------------------------------------------------------------- */

static void check_too_large(struct slice body, const char *detail)
{
	struct bound bound;

	bind(&bound, "POST", SLICE("/v1/boards/b/tasks/T/complete"), body, NULL, 0);
	ck_assert_int_eq(bound.err, ERR_LIMIT_EXCEEDED);
	ck_assert_str_eq(bound.text.ptr, detail);
	bound_finish(&bound);
}

START_TEST(what_passes_a_limit_is_told_the_limit)
{
	struct buf body = { 0 };

	buf_add_lit(&body, "{\"fence\":1,\"result\":");
	buf_add_repeat(&body, '[', 32);
	buf_add_repeat(&body, ']', 32);
	buf_add_lit(&body, "}");
	check_too_large(buf_slice(&body),
			"the body: line 1, column 52: nested more than 32 deep");
	buf_clear(&body);
	buf_add_lit(&body, "{\"fence\":1,\"result\":[0");
	for (int i = 0; i < BIND_JSON_VALUES_MAX; i++)
		buf_add_lit(&body, ",0");
	buf_add_lit(&body, "]}");
	check_too_large(buf_slice(&body),
			"the body: line 1, column 131087: more than 65536 values");
	buf_clear(&body);
	buf_add_lit(&body, "{\"fence\":1,\"result\":\"");
	buf_add_repeat(&body, 'x', 262143);
	buf_add_lit(&body, "\"}");
	check_too_large(buf_slice(&body),
			"argument result: has 262145 bytes; the limit is 262144");
	buf_finish(&body);
}
END_TEST

START_TEST(a_list_has_as_many_items_as_its_row_allows)
{
	struct buf target = { 0 };
	struct bound bound;

	buf_add_lit(&target, "/v1/swarms?capability=a:0");
	for (int i = 1; i <= 64; i++)
		buf_add_str(&target, i % 2 ? "&capability=a:1" : ",a:2");
	bind(&bound, "GET", buf_slice(&target), SLICE_EMPTY, NULL, 0);
	ck_assert_int_eq(bound.err, ERR_LIMIT_EXCEEDED);
	ck_assert_str_eq(bound.text.ptr, "argument capability: has 65 items; the limit is 64");
	bound_finish(&bound);
	buf_finish(&target);
}
END_TEST

START_TEST(a_message_shows_no_more_than_a_line_of_what_came)
{
	struct buf body = { 0 };
	struct bound bound;

	buf_add_lit(&body, "{\"");
	buf_add_repeat(&body, 'x', 79);
	for (int i = 0; i < 1000; i++)
		buf_add_lit(&body, "\xc3\xa4");
	buf_add_lit(&body, "\":1}");
	bind(&bound, "POST", SLICE("/v1/next"), buf_slice(&body), NULL, 0);
	ck_assert_int_eq(bound.err, ERR_ARGUMENT_UNKNOWN);
	ck_assert_str_eq(bound.text.ptr,
			 "argument xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			 "xxxxxxxxxxxxxxxxxxxxxxx...: is not known here");
	bound_finish(&bound);
	buf_finish(&body);
}
END_TEST

/* ---- headers ---------------------------------------------------------------------------------- */

#define CLAIM_TARGET SLICE("/v1/boards/b/tasks/T/claim")
#define CLAIM_BODY SLICE("{\"swarm\":\"s1\"}")

static enum err bind_header(struct bound *bound, const char *name, struct slice value)
{
	struct http_header header = { slice_of_str(name), value };

	bind(bound, "POST", CLAIM_TARGET, CLAIM_BODY, &header, 1);
	return bound->err;
}

START_TEST(keys_are_visible_ascii_of_bounded_length)
{
	static const struct {
		const char *value, *key;
		enum err err;
	} rows[] = {
		{ "abc", "abc", OK },
		{ "\"a-1\"", "a-1", OK },
		{ "\"", "\"", OK },
		{ "", NULL, ERR_ARGUMENT_TYPE },
		{ "\"\"", NULL, ERR_ARGUMENT_TYPE },
		{ "a b", NULL, ERR_ARGUMENT_TYPE },
		{ "\xc3\xa4", NULL, ERR_ARGUMENT_TYPE },
	};
	struct bound bound;
	char longest[130];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ck_assert_int_eq(bind_header(&bound, "idempotency-key",
					     slice_of_str(rows[i].value)), rows[i].err);
		if (rows[i].key)
			ck_assert(slice_is_str(bound.command.key, rows[i].key));
		bound_finish(&bound);
	}
	memset(longest, 'k', sizeof(longest));
	ck_assert_int_eq(bind_header(&bound, "Idempotency-Key", slice_of(longest, 128)), OK);
	bound_finish(&bound);
	ck_assert_int_eq(bind_header(&bound, "Idempotency-Key", slice_of(longest, 129)),
			 ERR_LIMIT_EXCEEDED);
	ck_assert_str_eq(bound.text.ptr, "header Idempotency-Key: the limit is 128 bytes");
	bound_finish(&bound);
}
END_TEST

START_TEST(who_acts_is_the_header_or_the_swarm_of_a_worker)
{
	struct bound bound;

	ck_assert_int_eq(bind_header(&bound, "if-actor", SLICE("bob")), OK);
	ck_assert(slice_is_str(bound.command.actor, "bob"));
	bound_finish(&bound);
	ck_assert_int_eq(bind_header(&bound, "If-Actor", SLICE("b b")), ERR_ID_INVALID);
	bound_finish(&bound);
	bind(&bound, "POST", CLAIM_TARGET, CLAIM_BODY, NULL, 0);
	ck_assert(slice_is_str(bound.command.actor, "s1"));
	ck_assert_uint_eq(bound.command.key.len, 0);
	bound_finish(&bound);
	/* The swarm that a reader asks about is not the one that asks. */
	bind(&bound, "GET", SLICE("/v1/swarms/s1"), SLICE_EMPTY, NULL, 0);
	ck_assert_uint_eq(bound.command.actor.len, 0);
	bound_finish(&bound);
}
END_TEST

static uint64_t fingerprint_of(const char *method, const char *target, const char *body)
{
	struct bound bound;
	uint64_t fingerprint;

	bind(&bound, method, slice_of_str(target), slice_of_str(body), NULL, 0);
	fingerprint = bound.command.fingerprint;
	bound_finish(&bound);
	return fingerprint;
}

START_TEST(a_fingerprint_tells_commands_apart)
{
	uint64_t prints[] = {
		fingerprint_of("POST", "/v1/boards/b/tasks/T/claim", "{\"swarm\":\"s1\"}"),
		fingerprint_of("POST", "/v1/boards/b/tasks/T/claim", "{\"swarm\":\"s2\"}"),
		fingerprint_of("POST", "/v1/boards/b/tasks/U/claim", "{\"swarm\":\"s1\"}"),
		fingerprint_of("POST", "/v1/boards/c/tasks/T/claim", "{\"swarm\":\"s1\"}"),
		fingerprint_of("DELETE", "/v1/notes/k", ""),
		fingerprint_of("GET", "/v1/notes/k", ""),
		fingerprint_of("DELETE", "/v1/notes/k?version=1", ""),
	};

	ck_assert_uint_eq(prints[0], fingerprint_of("POST", "/v1/boards/b/tasks/T/claim",
						    "{\"swarm\":\"s1\"}"));
	for (size_t i = 0; i < ARRAY_LEN(prints); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(prints[i], prints[j]);
}
END_TEST

START_TEST(heads_are_judged_before_their_body_is_read)
{
	struct http_admission admission = { .body_bytes_max = HTTP_BODY_BYTES_MAX };
	struct http_request request = { .method = SLICE("POST"), .path = SLICE("/v1/none") };

	ck_assert_int_eq(bind_admission(&router, &request, &admission), ERR_ROUTE_UNKNOWN);
	request.path = SLICE("/v1/notes/k");
	ck_assert_int_eq(bind_admission(&router, &request, &admission), ERR_METHOD_NOT_ALLOWED);
	ck_assert(slice_is_str(admission.headers, "Allow: GET, HEAD, PUT, DELETE, OPTIONS\r\n"));
	admission.headers = SLICE_EMPTY;
	request.path = SLICE("/v1/next");
	ck_assert_int_eq(bind_admission(&router, &request, &admission), OK);
	ck_assert_uint_eq(admission.body_bytes_max, HTTP_BODY_BYTES_MAX);
	ck_assert_ptr_null(admission.media_types);
	request.path = SLICE("/v1/import");
	ck_assert_int_eq(bind_admission(&router, &request, &admission), OK);
	ck_assert_uint_eq(admission.body_bytes_max, BIND_IMPORT_BYTES_MAX);
	ck_assert_ptr_nonnull(strstr(admission.media_types, "text/markdown"));
	request.method = SLICE("OPTIONS");
	ck_assert_int_eq(bind_admission(&router, &request, &admission), OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bind");
	TCase *tcase = tcase_create("bind");
	SRunner *runner = srunner_create(suite);
	int failed;

	router_init(&router);
	tcase_add_test(tcase, good_bodies_become_arguments);
	tcase_add_test(tcase, good_queries_become_arguments);
	tcase_add_test(tcase, bad_bodies_are_refused_with_the_reason);
	tcase_add_test(tcase, bad_queries_are_refused_with_the_reason);
	tcase_add_test(tcase, what_is_given_is_known_apart_from_what_is_initial);
	tcase_add_test(tcase, what_passes_a_limit_is_told_the_limit);
	tcase_add_test(tcase, a_list_has_as_many_items_as_its_row_allows);
	tcase_add_test(tcase, a_message_shows_no_more_than_a_line_of_what_came);
	tcase_add_test(tcase, keys_are_visible_ascii_of_bounded_length);
	tcase_add_test(tcase, who_acts_is_the_header_or_the_swarm_of_a_worker);
	tcase_add_test(tcase, a_fingerprint_tells_commands_apart);
	tcase_add_test(tcase, heads_are_judged_before_their_body_is_read);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
