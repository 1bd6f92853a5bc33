#include "sandbox/egress_message.h"

#include <check.h>
#include <stdlib.h>

#include "sandbox/egress.h"

static struct arena arena;
static struct buf detail, body, out;

static void end(void)
{
	arena_finish(&arena);
	buf_finish(&detail);
	buf_finish(&body);
	buf_finish(&out);
}

/* ---- URLs ----------------------------------------------------------------------------------- */

static const struct url_row {
	const char *text;
	const char *whole;		/* NULL: refused */
} url_rows[] = {
	{ "https://api.example.com/v1/items?q=a%20b", "https://api.example.com:443/v1/items?q=a%20b" },
	{ "http://API.example.com", "http://api.example.com:80/" },
	{ "https://api.example.com?q", "https://api.example.com:443/?q" },
	{ "https://api.example.com:8443/a/../b", "https://api.example.com:8443/a/../b" },
	{ "HTTPS://api.example.com/", "https://api.example.com:443/" },
	{ "https://127.0.0.1/", "https://127.0.0.1:443/" },
	{ "https://api.example.com/%2e%2e", "https://api.example.com:443/%2e%2e" },
	{ "https://user@api.example.com/", NULL },
	{ "https://user:pass@api.example.com/", NULL },
	{ "https://@api.example.com/", NULL },
	{ "https://api.example.com#fragment", NULL },
	{ "https://api.example.com\\@evil.example/", NULL },
	{ "https://api.example.com /", NULL },
	{ "https://api.example.com/\r\nX: y", NULL },
	{ "https://127.1/", NULL },
	{ "https://0177.0.0.1/", NULL },
	{ "https://0x7f000001/", NULL },
	{ "https://2130706433/", NULL },
	{ "https://api%2eexample.com/", NULL },
	{ "https://api.example.com:0/", NULL },
	{ "https://api.example.com:00443/", NULL },
	{ "https://api.example.com:65536/", NULL },
	{ "https://api.example.com:443x/", NULL },
	{ "https:api.example.com", NULL },
	{ "https:/api.example.com", NULL },
	{ "https:///api.example.com", NULL },
	{ "api.example.com", NULL },
	{ "//api.example.com", NULL },
	{ "file:///etc/passwd", NULL },
	{ "gopher://api.example.com/", NULL },
	{ "ws://api.example.com/", NULL },
	{ "https://", NULL },
	{ "", NULL },
	{ "https://\xc3\xa4.example/", NULL },
};

START_TEST(a_url_means_what_is_written_or_is_refused)
{
	const struct url_row *row = &url_rows[_i];
	struct egress_url url;
	enum err err = egress_url_read(slice_of_str(row->text), &url, &detail);

	ck_assert_msg(err == (row->whole ? OK : ERR_EGRESS_REQUEST), "%s: %s", row->text,
		      buf_str(&detail));
	if (!row->whole) {
		ck_assert_uint_gt(detail.len, 0);
		return;
	}
	ck_assert_msg(slice_is_str(buf_slice(&url.whole), row->whole), "%s", buf_str(&url.whole));
	egress_url_finish(&url);
}
END_TEST

START_TEST(a_url_that_is_too_long_is_refused)
{
	struct buf text = { 0 };
	struct egress_url url;

	buf_add_lit(&text, "https://api.example.com/");
	buf_add_repeat(&text, 'a', EGRESS_URL_BYTES_MAX);
	ck_assert_int_eq(egress_url_read(buf_slice(&text), &url, &detail), ERR_EGRESS_REQUEST);
	buf_finish(&text);
}
END_TEST

/* ---- requests ------------------------------------------------------------------------------- */

START_TEST(a_request_is_read)
{
	struct egress_asked asked;
	struct slice text = SLICE("{\"method\":\"POST\",\"url\":\"https://a.example/x\","
				  "\"headers\":{\"X-A\":\"1\",\"X-B\":\"\"},\"body\":\"AAEC\"}");

	ck_assert_int_eq(egress_read_request(text, 100, &arena, &body, &asked, &detail), OK);
	ck_assert(slice_is(asked.method, SLICE("POST")));
	ck_assert(slice_is(buf_slice(&asked.url.host), SLICE("a.example")));
	ck_assert_uint_eq(asked.header_count, 2);
	ck_assert(slice_is(asked.headers[1].name, SLICE("X-B")));
	ck_assert(slice_is(asked.body, slice_of("\0\1\2", 3)));
	egress_asked_finish(&asked);
}
END_TEST

START_TEST(a_request_may_say_the_url_alone)
{
	struct egress_asked asked;

	ck_assert_int_eq(egress_read_request(SLICE("{\"url\":\"https://a.example\"}"), 0, &arena, &body,
					     &asked, &detail), OK);
	ck_assert(slice_is(asked.method, SLICE("GET")));
	ck_assert_uint_eq(asked.body.len, 0);
	egress_asked_finish(&asked);
}
END_TEST

/* ---- grants --------------------------------------------------------------------------------- */

START_TEST(a_grant_is_read_as_it_was_written)
{
	static const struct slice hosts[] = { { "api.example.com", 15 } };
	struct contract_http http = contract_http_default();
	struct contract contract = contract_default();
	const struct egress_who who = {
		.swarm = SLICE("alice"), .board = SLICE("demo"), .task = SLICE("T-1"), .fence = 7,
		.token = SLICE("a.b.c"), .daemon = SLICE("/run/if.sock"),
	};
	struct egress_grant grant;

	http.host = hosts[0];
	contract.name = SLICE("test");
	contract.http = &http;
	contract.http_count = 1;
	egress_write_grant(&who, &contract, true, &out);
	ck_assert_msg(egress_read_grant(buf_slice(&out), &arena, &grant, &detail) == OK, "%s",
		      buf_str(&detail));
	ck_assert(slice_is(grant.who.swarm, who.swarm) && slice_is(grant.who.task, who.task));
	ck_assert(slice_is(grant.who.board, who.board) && slice_is(grant.who.token, who.token));
	ck_assert(slice_is(grant.who.daemon, who.daemon));
	ck_assert_int_eq(grant.who.fence, 7);
	ck_assert(grant.listen);
	ck_assert_uint_eq(grant.contract.http_count, 1);
	ck_assert(slice_is(grant.contract.http[0].host, hosts[0]));
}
END_TEST

START_TEST(what_is_no_grant_is_refused)
{
	static const char *const texts[] = {
		"", "{}", "[]", "null", "{\"swarm\":\"a\"}", "{\"swarm\":\"a b\",\"contract\":\"\"}",
		"{\"swarm\":\"a\",\"contract\":\"AAAA\"}", "{\"swarm\":\"a\",\"contract\":5}",
		"{\"swarm\":\"a\",\"fence\":-1}", "{\"swarm\":\"a\",\"token\":\"a.b.c\"}",
		"{\"swarm\":\"a\",\"http\":[]}",
	};
	struct egress_grant grant;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		buf_clear(&detail);
		ck_assert_msg(egress_read_grant(slice_of_str(texts[i]), &arena, &grant, &detail) ==
				      ERR_EGRESS_GRANT, "%s", texts[i]);
		ck_assert_uint_gt(detail.len, 0);
	}
}
END_TEST

/* ---- replies -------------------------------------------------------------------------------- */

START_TEST(headers_of_one_name_become_one_text)
{
	egress_write_reply(200, SLICE("A: 1\r\nb: x\r\na:  2 \r\nSet-Cookie: s=1\r\nset-cookie: t=2\r\n"
				      "no colon\r\n: empty\r\nx y: z\r\nB:\r\n"), SLICE("hi"), &out);
	ck_assert_str_eq(buf_str(&out), "{\"status\":200,\"headers\":{\"a\":\"1, 2\",\"b\":\"x, \","
					"\"set-cookie\":\"s=1\\nt=2\"},\"body\":\"aGk=\"}");
}
END_TEST

START_TEST(an_error_says_what_to_do)
{
	egress_write_error(ERR_RATE_LIMITED, SLICE("later"), 250, &out);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "{\"error\":{\"code\":\"rate_limited\","
						    "\"status\":429,"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "\"detail\":\"later\""));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "\"retryable\":true,\"retry_after_ms\":250}}"));
}
END_TEST

START_TEST(a_length_goes_before_a_message)
{
	egress_add_length(&out, 0x01020304);
	ck_assert_uint_eq(out.len, EGRESS_LENGTH_BYTES);
	ck_assert(slice_is(buf_slice(&out), slice_of("\4\3\2\1", 4)));
	ck_assert_uint_eq(egress_length(out.ptr), 0x01020304);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("egress_message");
	TCase *tcase = tcase_create("messages");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, end);
	tcase_add_loop_test(tcase, a_url_means_what_is_written_or_is_refused, 0,
			    (int)ARRAY_LEN(url_rows));
	tcase_add_test(tcase, a_url_that_is_too_long_is_refused);
	tcase_add_test(tcase, a_request_is_read);
	tcase_add_test(tcase, a_request_may_say_the_url_alone);
	tcase_add_test(tcase, a_grant_is_read_as_it_was_written);
	tcase_add_test(tcase, what_is_no_grant_is_refused);
	tcase_add_test(tcase, headers_of_one_name_become_one_text);
	tcase_add_test(tcase, an_error_says_what_to_do);
	tcase_add_test(tcase, a_length_goes_before_a_message);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
