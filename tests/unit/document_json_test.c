#include "document/json.h"

#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "base/alloc.h"

static const struct json_limits wide = {
	.bytes_max = 1 << 20, .depth_max = JSON_READ_DEPTH_MAX, .values_max = 100000,
};

static struct json_fault fault;

static struct json_value *parse(const char *text)
{
	struct json_value *root = NULL;
	enum err err = json_parse(slice_of_str(text), &wide, &root, &fault);

	ck_assert_msg(err == OK, "%s: %s", text, fault.text);
	return root;
}

static void refuse(struct slice text, int line, const char *part)
{
	struct json_value *root = NULL;

	ck_assert_int_eq(json_parse(text, &wide, &root, &fault), ERR_JSON_SYNTAX);
	ck_assert_ptr_null(root);
	ck_assert_int_eq(fault.line, line);
	ck_assert_int_ge(fault.column, 1);
	ck_assert_msg(strstr(fault.text, part) != NULL, "%s", fault.text);
}

static void refuse_limit(const char *text, struct json_limits limits, const char *part)
{
	struct json_value *root = NULL;

	ck_assert_int_eq(json_parse(slice_of_str(text), &limits, &root, &fault),
			ERR_LIMIT_EXCEEDED);
	ck_assert_msg(strstr(fault.text, part) != NULL, "%s", fault.text);
}

static void same_after_dump(const char *text, const char *want)
{
	struct json_value *root = parse(text);
	struct buf out = { 0 };

	json_dump(root, &out);
	ck_assert_str_eq(buf_str(&out), want);
	buf_finish(&out);
	json_free(root);
}

static int64_t money(const char *text)
{
	struct json_value *root = parse(text);
	int64_t nanousd = -1;

	ck_assert_msg(json_get_money(root, &nanousd), "%s", text);
	json_free(root);
	return nanousd;
}

static void no_money(const char *text)
{
	struct json_value *root = parse(text);
	int64_t nanousd = 77;

	ck_assert_msg(!json_get_money(root, &nanousd), "%s", text);
	ck_assert_int_eq(nanousd, 77);
	json_free(root);
}

START_TEST(members_are_found_by_name_and_kept_in_order)
{
	struct json_value *root = parse("{\"b\":1,\"a\":[true,\"x\\u00e9\"],\"\":null}");
	struct json_member member = { 0 };
	struct slice text;
	int64_t one;
	bool truth;

	ck_assert_int_eq(json_kind(root), JSON_KIND_OBJECT);
	ck_assert_uint_eq(json_count(root), 3);
	ck_assert(json_get_i64(json_get(root, SLICE("b")), &one) && one == 1);
	ck_assert(json_get_bool(json_at(json_get(root, SLICE("a")), 0), &truth) && truth);
	ck_assert(json_get_text(json_at(json_get(root, SLICE("a")), 1), &text));
	ck_assert(slice_is(text, SLICE("x\xc3\xa9")));
	ck_assert_ptr_null(json_at(json_get(root, SLICE("a")), 2));
	ck_assert_ptr_null(json_get(root, SLICE("c")));
	ck_assert_ptr_null(json_get(json_get(root, SLICE("b")), SLICE("c")));
	ck_assert(json_next(root, &member) && slice_is(member.key, SLICE("b")));
	ck_assert(json_next(root, &member) && slice_is(member.key, SLICE("a")));
	ck_assert_uint_eq(json_count(member.value), 2);
	ck_assert(json_next(root, &member) && member.key.len == 0);
	ck_assert(!json_next(root, &member));
	json_free(root);
}
END_TEST

START_TEST(getters_refuse_another_kind_and_write_nothing)
{
	struct json_value *root = parse("[1.0, \"1\", 1, {}]");
	struct slice text = SLICE("before");
	struct json_member member = { 0 };
	int64_t number = 5;
	bool truth = true;

	ck_assert(!json_get_i64(json_at(root, 0), &number));
	ck_assert(!json_get_i64(json_at(root, 1), &number));
	ck_assert(!json_get_i64(NULL, &number));
	ck_assert(!json_get_text(json_at(root, 2), &text));
	ck_assert(!json_get_bool(json_at(root, 2), &truth));
	ck_assert(!json_next(root, &member));
	ck_assert(!json_next(NULL, &member));
	ck_assert_uint_eq(json_count(json_at(root, 0)), 0);
	ck_assert_int_eq(number, 5);
	ck_assert(truth && slice_is(text, SLICE("before")));
	json_free(root);
}
END_TEST

START_TEST(the_whole_range_of_int64_is_read)
{
	struct json_value *root = parse("[9223372036854775807,-9223372036854775808]");
	int64_t high, low;

	ck_assert(json_get_i64(json_at(root, 0), &high) && high == INT64_MAX);
	ck_assert(json_get_i64(json_at(root, 1), &low) && low == INT64_MIN);
	json_free(root);
	refuse(SLICE("9223372036854775808"), 1, "too large");
	refuse(SLICE("[1e999]"), 1, "too large");
}
END_TEST

START_TEST(money_is_exact_to_the_nano_dollar)
{
	ck_assert_int_eq(money("10.25"), INT64_C(10250000000));
	ck_assert_int_eq(money("0.1"), 100000000);
	ck_assert_int_eq(money("-0.000000001"), -1);
	ck_assert_int_eq(money("1e-9"), 1);
	ck_assert_int_eq(money("8388607.999999999"), INT64_C(8388607999999999));
	ck_assert_int_eq(money("4194304.000000001"), INT64_C(4194304000000001));
	ck_assert_int_eq(money("9223372036"), INT64_C(9223372036000000000));
	ck_assert_int_eq(money("\"9223372036.854775807\""), INT64_MAX);
	ck_assert_int_eq(money("\"10.2500000000\""), INT64_C(10250000000));
	no_money("8388608.5");
	no_money("9223372037");
	no_money("\"9223372036.854775808\"");
	no_money("\"1e3\"");
	no_money("\"0.0000000001\"");
	no_money("\"\"");
	no_money("\".\"");
	no_money("\"--1\"");
	no_money("true");
}
END_TEST

/* Every nano-dollar of a stretch near the limit, where doubles lie farthest apart. */
START_TEST(money_survives_the_way_through_a_double)
{
	for (int i = 0; i < 20000; i++) {
		char text[64];
		int64_t want = INT64_C(8388607000000000) + i * INT64_C(49999);

		snprintf(text, sizeof(text), "%lld.%09lld", (long long)(want / 1000000000),
			 (long long)(want % 1000000000));
		ck_assert_int_eq(money(text), want);
	}
}
END_TEST

START_TEST(what_is_not_json_is_refused_with_its_line)
{
	refuse(SLICE(""), 1, "too early");
	refuse(SLICE("{\n\"a\": 1,\n}"), 3, "near '}'");
	refuse(SLICE("{\"a\":1,\"a\":2}"), 1, "duplicate");
	refuse(SLICE("[1] 2"), 1, "end of file expected");
	refuse(SLICE("[\"\\u0000\"]"), 1, "U+0000");
	refuse(SLICE("{\"a\\u0000\":1}"), 1, "U+0000");
	refuse(SLICE("[\"\x01\"]"), 1, "control character");
	refuse(SLICE("[\"\xff\"]"), 1, "decode");
	refuse(SLICE("[\"\xed\xa0\x80\"]"), 1, "decode");
	refuse(SLICE("\0"), 1, "");
	refuse(SLICE("[1]\0"), 1, "");
	refuse(SLICE("[NaN]"), 1, "");
	refuse(SLICE("'a'"), 1, "");
	refuse(slice_of("{\"a\":6\0}", 8), 1, "zero byte");
}
END_TEST

START_TEST(limits_are_named)
{
	struct json_limits tight = { .bytes_max = 20, .depth_max = 2, .values_max = 4 };
	struct json_value *root = NULL;

	refuse_limit("[1,                            2]", tight, "20 bytes");
	refuse_limit("[[[1]]]", tight, "2 deep");
	ck_assert_int_eq(fault.column, 3);
	refuse_limit("[1,2,3,4]", tight, "4 values");
	ck_assert_int_eq(json_parse(SLICE("[\"[[[,,,\\\"[[\"]"), &tight, &root, NULL), OK);
	json_free(root);
}
END_TEST

START_TEST(brackets_without_end_do_not_exhaust_the_stack)
{
	size_t len = 1 << 20;
	char *text = alloc_copy("", 0);
	struct json_value *root = NULL;

	text = alloc_resize(text, len, 1);
	memset(text, '[', len);
	ck_assert_int_eq(json_parse(slice_of(text, len), &wide, &root, &fault), ERR_LIMIT_EXCEEDED);
	free(text);
}
END_TEST

START_TEST(a_dump_is_compact_and_in_order)
{
	same_after_dump(" { \"b\" : [ 1 , 2.50 , -0.0, 1e3, 1e300 ] , \"a\" : { } , \"c\" : [ ] } ",
			"{\"b\":[1,2.5,-0.0,1000.0,1e+300],\"a\":{},\"c\":[]}");
	same_after_dump("0.1", "0.1");
	same_after_dump("0.30000000000000004", "0.30000000000000004");
	same_after_dump("[true,false,null,\"\\\"\\\\\\n\\u20ac\"]",
			"[true,false,null,\"\\\"\\\\\\n\xe2\x82\xac\"]");
}
END_TEST

START_TEST(the_deepest_value_that_is_read_can_be_dumped)
{
	char text[2 * JSON_READ_DEPTH_MAX + 1];

	memset(text, '[', JSON_READ_DEPTH_MAX);
	memset(text + JSON_READ_DEPTH_MAX, ']', JSON_READ_DEPTH_MAX);
	text[2 * JSON_READ_DEPTH_MAX] = '\0';
	same_after_dump(text, text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("document/json");
	TCase *cases = tcase_create("json");
	SRunner *runner;
	int failed;

	tcase_add_test(cases, members_are_found_by_name_and_kept_in_order);
	tcase_add_test(cases, getters_refuse_another_kind_and_write_nothing);
	tcase_add_test(cases, the_whole_range_of_int64_is_read);
	tcase_add_test(cases, money_is_exact_to_the_nano_dollar);
	tcase_add_test(cases, money_survives_the_way_through_a_double);
	tcase_add_test(cases, what_is_not_json_is_refused_with_its_line);
	tcase_add_test(cases, limits_are_named);
	tcase_add_test(cases, brackets_without_end_do_not_exhaust_the_stack);
	tcase_add_test(cases, a_dump_is_compact_and_in_order);
	tcase_add_test(cases, the_deepest_value_that_is_read_can_be_dumped);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
