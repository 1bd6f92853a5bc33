/*
 * Picking members out of answers, compared with the reader of documents.
 */
#include "client/scan.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "document/json.h"

#define OBJECT SLICE("{ \"a\" : 1 , \"b\":\"x\\u00e9\\ud83d\\ude00\\\"\\n\", \"c\":[{\"a\":2},[]],\n" \
		     "\"d\":{\"a\":3},\"e\":true,\"f\":null,\"g\":-1.5e+3}")

START_TEST(members_are_found_at_the_first_level)
{
	int64_t number = 0;
	bool truth = false;

	ck_assert(scan_is_object(OBJECT));
	ck_assert(scan_i64(scan_member(OBJECT, "a"), &number));
	ck_assert_int_eq(number, 1);
	ck_assert(scan_bool(scan_member(OBJECT, "e"), &truth));
	ck_assert(truth);
	ck_assert(slice_is_str(scan_member(OBJECT, "c"), "[{\"a\":2},[]]"));
	ck_assert(slice_is_str(scan_member(OBJECT, "g"), "-1.5e+3"));
	ck_assert_uint_eq(scan_member(OBJECT, "h").len, 0);
	ck_assert(!scan_i64(scan_member(OBJECT, "g"), &number));
	ck_assert(!scan_bool(scan_member(OBJECT, "a"), &truth));
}
END_TEST

START_TEST(escapes_become_characters)
{
	struct buf text = { 0 };

	ck_assert(scan_text(scan_member(OBJECT, "b"), &text));
	ck_assert_str_eq(buf_str(&text), "x\xc3\xa9\xf0\x9f\x98\x80\"\n");
	ck_assert(!scan_text(SLICE("\"\\ud83d\""), &text));
	ck_assert(!scan_text(SLICE("\"\\u0000\""), &text));
	ck_assert(!scan_text(SLICE("\"\\q\""), &text));
	ck_assert(!scan_text(SLICE("12"), &text));
	buf_finish(&text);
}
END_TEST

START_TEST(lists_are_gone_through_in_order)
{
	struct scan scan = scan_begin(SLICE(" [1, \"two\" ,[3] , {}]"));
	static const char *const items[] = { "1", "\"two\"", "[3]", "{}" };

	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		ck_assert(scan_next(&scan));
		ck_assert(slice_is_str(scan.value, items[i]));
	}
	ck_assert(!scan_next(&scan));
}
END_TEST

/* Each is read by one exactly when it is read by the other. */
START_TEST(what_is_json_is_agreed_on)
{
	static const char *const texts[] = {
		"{}", "{\"a\":1}", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}", "{a:1}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":[1,2,[3,{\"b\":[]}]]}", "{\"a\":[1,]}", "{\"a\":[,1]}",
		"{\"a\":[1 2]}", "{\"a\":01}",
		"{\"a\":-}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":1e5}", "{\"a\":tru}",
		"{\"a\":truex}", "{\"a\":\"x}", "{\"a\":\"\\\"}", "{\"a\":\"\\\\\"}", "{\"a\":\"\n\"}",
		"{\"a\":{}", "{\"a\":{}}}", "{\"a\":[}]}", "{\"a\":nul}", "{} x", " {} ", "",
		"{\"a\":[[[[]]]]}",
	};
	const struct json_limits limits = { 1 << 20, JSON_READ_DEPTH_MAX, 1 << 20 };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct json_value *root = NULL;
		bool is_json = json_parse(slice_of_str(texts[i]), &limits, &root, NULL) == OK;

		ck_assert_msg(scan_is_object(slice_of_str(texts[i])) == is_json, "%s", texts[i]);
		json_free(root);
	}
}
END_TEST

START_TEST(depth_has_a_limit)
{
	char text[4 * SCAN_DEPTH_MAX] = "";

	for (size_t i = 0; i < 2 * SCAN_DEPTH_MAX; i++)
		text[i] = '[';
	ck_assert(!scan_is_object(slice_of_str(text)));
	ck_assert(!scan_next(&(struct scan){ .rest = slice_of_str(text), .end = ']',
					     .is_first = true }));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("client_scan");
	TCase *tcase = tcase_create("scanning");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, members_are_found_at_the_first_level);
	tcase_add_test(tcase, escapes_become_characters);
	tcase_add_test(tcase, lists_are_gone_through_in_order);
	tcase_add_test(tcase, what_is_json_is_agreed_on);
	tcase_add_test(tcase, depth_has_a_limit);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
