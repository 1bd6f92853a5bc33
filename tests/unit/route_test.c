#include "api/route.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/ensure.h"

static struct router router;

static enum err find(const char *method, const char *path, struct route_match *ret_match)
{
	return route_find(&router, slice_of_str(method), slice_of_str(path), ret_match);
}

/* The path of a row with `value` in place of each parameter. */
static size_t write_path(const char *pattern, const char *value, struct buf *out)
{
	size_t count = 0;

	for (const char *at = pattern; *at; at++) {
		if (*at == '{') {
			buf_add_str(out, value);
			at = strchr(at, '}');
			count++;
		} else {
			buf_add_byte(out, *at);
		}
	}
	return count;
}

START_TEST(every_row_is_found_by_its_method_and_path)
{
	static const char *const values[] = { "-", "a", "P0.1.1", "s:1@host_x-y", "notes", "why" };
	static const char *const verbs[] = { "GET", "POST", "PUT", "DELETE" };
	struct route_match match;
	struct buf path = { 0 };

	for (int type = 0; type < COMMAND_COUNT; type++) {
		const struct command_info *info = &command_table[type];

		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			size_t count;

			buf_clear(&path);
			count = write_path(info->path, values[v], &path);
			ck_assert_int_eq(find(verbs[info->method], buf_str(&path), &match), OK);
			ck_assert_ptr_eq(match.info, info);
			ck_assert_int_eq(match.type, type);
			ck_assert_uint_eq(match.arg_count, count);
			for (size_t i = 0; i < count; i++)
				ck_assert(slice_is_str(match.args[i], values[v]));
		}
	}
	buf_finish(&path);
}
END_TEST

START_TEST(values_come_in_the_order_of_the_path)
{
	struct route_match match;

	ck_assert_int_eq(find("POST", "/v1/boards/demo/tasks/T-1/claim", &match), OK);
	ck_assert_int_eq(match.type, COMMAND_TASK_CLAIM);
	ck_assert_uint_eq(match.arg_count, 2);
	ck_assert(slice_is_str(match.args[0], "demo"));
	ck_assert(slice_is_str(match.args[1], "T-1"));
}
END_TEST

START_TEST(a_path_that_no_row_has_is_unknown)
{
	static const char *const paths[] = {
		"", "/", "*", "v1", "/v1", "/v1/", "//", "/v1//boards", "/v1/boards/", "/V1/boards",
		"/v1/boards/demo/", "/v1/boards//tasks", "/v1/boards/demo/task", "/v1/board",
		"/v1/boards/demo/tasks/T/claim/", "/v1/boards/demo/tasks/T/claim/x", "/healthz/",
		"/healthz/x", "/v1/boards/demo/tasks/T/claimx", "/v1/boards/demo/tasks//claim",
		"/v1/watch", "/v1/witness", "/v1/notes/", "/v1/notes/a/b", "x/v1/boards", "boards",
	};
	struct route_match match;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		ck_assert_msg(find("GET", paths[i], &match) == ERR_ROUTE_UNKNOWN, "%s", paths[i]);
}
END_TEST

START_TEST(another_method_is_told_which_are_allowed)
{
	static const struct {
		const char *method, *path, *allow;
	} rows[] = {
		{ "GET", "/v1/next", "Allow: POST, OPTIONS\r\n" },
		{ "HEAD", "/v1/next", "Allow: POST, OPTIONS\r\n" },
		{ "DELETE", "/v1/boards", "Allow: GET, HEAD, POST, OPTIONS\r\n" },
		{ "PATCH", "/v1/notes/k", "Allow: GET, HEAD, PUT, DELETE, OPTIONS\r\n" },
		{ "post", "/v1/boards", "Allow: GET, HEAD, POST, OPTIONS\r\n" },
		{ "", "/healthz", "Allow: GET, HEAD, OPTIONS\r\n" },
	};
	struct route_match match;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ck_assert_int_eq(find(rows[i].method, rows[i].path, &match),
				 ERR_METHOD_NOT_ALLOWED);
		ck_assert_msg(slice_is_str(match.allow, rows[i].allow), "%s %s: %s",
			      rows[i].method, rows[i].path, match.allow.ptr);
	}
}
END_TEST

START_TEST(options_answers_what_is_allowed)
{
	struct route_match match;

	ck_assert_int_eq(find("OPTIONS", "/v1/notes/k", &match), OK);
	ck_assert_ptr_null(match.info);
	ck_assert(slice_is_str(match.allow, "Allow: GET, HEAD, PUT, DELETE, OPTIONS\r\n"));
	ck_assert_int_eq(find("OPTIONS", "*", &match), OK);
	ck_assert(slice_is_str(match.allow, "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"));
	ck_assert_int_eq(find("OPTIONS", "/v1/none", &match), ERR_ROUTE_UNKNOWN);
}
END_TEST

START_TEST(head_finds_what_get_finds)
{
	struct route_match match;

	ck_assert_int_eq(find("HEAD", "/v1/boards/demo", &match), OK);
	ck_assert_int_eq(match.type, COMMAND_BOARD_SHOW);
}
END_TEST

START_TEST(a_literal_wins_over_a_parameter)
{
	struct route_match match;

	/* "watch" is a segment of its own, and a note may still have that name. */
	ck_assert_int_eq(find("GET", "/v1/watch/notes", &match), OK);
	ck_assert_int_eq(match.type, COMMAND_NOTE_WATCH);
	ck_assert_int_eq(find("GET", "/v1/notes/notes", &match), OK);
	ck_assert_int_eq(match.type, COMMAND_NOTE_GET);
	ck_assert_int_eq(find("POST", "/v1/swarms/messages/messages/ack", &match), OK);
	ck_assert_int_eq(match.type, COMMAND_MESSAGE_ACK);
	for (size_t i = 1; i < router.node_count; i++) {
		const struct route_node *node = &router.nodes[i];

		if (node->segment.len == 0)
			ck_assert_uint_eq(node->next_sibling, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("route");
	TCase *tcase = tcase_create("route");
	SRunner *runner = srunner_create(suite);
	int failed;

	router_init(&router);
	tcase_add_test(tcase, every_row_is_found_by_its_method_and_path);
	tcase_add_test(tcase, values_come_in_the_order_of_the_path);
	tcase_add_test(tcase, a_path_that_no_row_has_is_unknown);
	tcase_add_test(tcase, another_method_is_told_which_are_allowed);
	tcase_add_test(tcase, options_answers_what_is_allowed);
	tcase_add_test(tcase, head_finds_what_get_finds);
	tcase_add_test(tcase, a_literal_wins_over_a_parameter);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
