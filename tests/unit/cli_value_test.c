/*
 * Arguments as people type them.
 */
#include "cli/value.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fabric/command.h"

static struct arena arena;
static struct buf detail;

static void set_up(void)
{
	arena = (struct arena){ 0 };
	detail = (struct buf){ 0 };
}

static void tear_down(void)
{
	arena_finish(&arena);
	buf_finish(&detail);
}

static const struct field *field_of(enum command_type type, const char *name)
{
	const struct field *field = schema_find(&command_table[type].args, slice_of_str(name));

	ck_assert_msg(field != NULL, "there is no argument %s", name);
	return field;
}

static enum err add(struct value *value, const struct field *field, const char *text)
{
	buf_clear(&detail);
	return value_add(value, field, false, slice_of_str(text), &arena, &detail);
}

START_TEST(durations_have_units)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "0", 0 }, { "250ms", 250 }, { "50s", 50000 }, { "2m", 120000 }, { "2min", 120000 },
		{ "1m30s", 90000 }, { "1h 30m", 5400000 }, { "1.5h", 5400000 }, { "0.5s", 500 },
		{ "1d", 86400000 }, { "1w", 604800000 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t ms = -1;

		ck_assert_msg(duration_read(slice_of_str(cases[i].text), &ms), "%s", cases[i].text);
		ck_assert_int_eq(ms, cases[i].ms);
	}
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
	static const char *const texts[] = {
		"", "50", "s", "5x", "-5s", "5 5", "1.55s", "1.s", ".5s", "9999999999999s",
		"999999999999w", "5s!",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int64_t ms;

		ck_assert_msg(!duration_read(slice_of_str(texts[i]), &ms), "%s was read", texts[i]);
	}
}
END_TEST

START_TEST(durations_are_written_in_two_units_at_most)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0 s" }, { 250, "250 ms" }, { 1500, "1.5 s" }, { 59999, "59 s" },
		{ 100000, "1 min 40 s" }, { 120000, "2 min" }, { 7500000, "2 h 5 min" },
		{ 90000000, "1 d 1 h" }, { -2000, "-2 s" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&detail);
		duration_write(&detail, cases[i].ms);
		ck_assert_str_eq(buf_str(&detail), cases[i].text);
	}
}
END_TEST

START_TEST(short_durations_have_tenths_of_a_millisecond)
{
	static const struct { int64_t us; const char *text; } cases[] = {
		{ 0, "0.0 ms" }, { 449, "0.4 ms" }, { 9999, "9.9 ms" }, { 10000, "10 ms" },
		{ 1500000, "1.5 s" }, { -2000000, "-2 s" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&detail);
		duration_write_us(&detail, cases[i].us);
		ck_assert_str_eq(buf_str(&detail), cases[i].text);
	}
}
END_TEST

START_TEST(moments_are_absolute_or_from_now)
{
	int64_t at = 0;

	ck_assert(moment_read(SLICE("2001-09-09T01:46:40Z"), 0, &at));
	ck_assert_int_eq(at, 1000000000000000);
	ck_assert(moment_read(SLICE("+2h"), 1000, &at));
	ck_assert_int_eq(at, 7200001000);
	ck_assert(moment_read(SLICE("-1s"), 5000000, &at));
	ck_assert_int_eq(at, 4000000);
	ck_assert(moment_read(SLICE("now"), 77, &at));
	ck_assert_int_eq(at, 77);
	ck_assert(!moment_read(SLICE("tomorrow"), 0, &at));
	ck_assert(!moment_read(SLICE("+2"), 0, &at));
}
END_TEST

static enum err read_duration(enum command_type type, const char *name, const char *text,
			      int64_t *ret_ms)
{
	struct value value = { 0 };
	enum err err = value_add(&value, field_of(type, name), true, slice_of_str(text), &arena,
				 &detail);

	*ret_ms = value.number;
	return err;
}

/* Found with the plan's own command, `ifctl chassis credentials ... --ttl 300`. */
START_TEST(a_time_to_live_without_a_unit_is_in_seconds)
{
	int64_t ms = 0;

	ck_assert_int_eq(read_duration(COMMAND_CREDENTIAL_MINT, "ttl_ms", "300", &ms), OK);
	ck_assert_int_eq(ms, 300000);
	ck_assert_int_eq(read_duration(COMMAND_CREDENTIAL_MINT, "ttl_ms", "5m", &ms), OK);
	ck_assert_int_eq(ms, 300000);
	ck_assert_int_ne(read_duration(COMMAND_CREDENTIAL_MINT, "ttl_ms", "9223372036854775807",
				       &ms), OK);
	ck_assert_int_ne(read_duration(COMMAND_TASK_CLAIM, "lease_ms", "300", &ms), OK);
}
END_TEST

START_TEST(lists_take_commas_and_repetition)
{
	const struct field *needs = field_of(COMMAND_TASK_ADD, "needs");
	struct value value = { 0 };

	ck_assert_int_eq(add(&value, needs, "code:c, docs:write"), OK);
	ck_assert_int_eq(add(&value, needs, "test:*"), OK);
	ck_assert_uint_eq(value.list.count, 3);
	ck_assert(slice_is_str(value.list.items[1], "docs:write"));
	ck_assert(slice_is_str(value.list.items[2], "test:*"));
	ck_assert_int_eq(value_check(&value, needs, &detail), OK);
	ck_assert_int_eq(add(&value, needs, "nonsense"), OK);
	ck_assert_int_eq(value_check(&value, needs, &detail), ERR_ARGUMENT_TYPE);
}
END_TEST

START_TEST(words_of_a_command_keep_their_commas)
{
	struct value value = { 0 };

	ck_assert_int_eq(add(&value, field_of(COMMAND_TASK_ADD, "run"), "a,b"), OK);
	ck_assert_uint_eq(value.list.count, 1);
	ck_assert(slice_is_str(value.list.items[0], "a,b"));
}
END_TEST

START_TEST(a_single_value_is_given_once)
{
	const struct field *title = field_of(COMMAND_TASK_ADD, "title");
	struct value value = { 0 };

	ck_assert_int_eq(add(&value, title, "one"), OK);
	ck_assert_int_eq(add(&value, title, "two"), ERR_USAGE);
}
END_TEST

START_TEST(json_is_checked_before_it_is_sent)
{
	const struct field *payload = field_of(COMMAND_TASK_ADD, "payload");
	struct value good = { 0 }, bad = { 0 };

	ck_assert_int_eq(add(&good, payload, "{\"a\":[1,2]}"), OK);
	ck_assert_int_eq(add(&bad, payload, "green"), ERR_ARGUMENT_TYPE);
	ck_assert(slice_find(buf_slice(&detail), SLICE("line 1")) >= 0);
}
END_TEST

START_TEST(contents_come_from_files)
{
	const struct field *payload = field_of(COMMAND_TASK_ADD, "payload");
	struct value value = { 0 }, missing = { 0 };
	char path[] = "/tmp/cli_value_XXXXXX";
	int fd = mkstemp(path);
	char at_path[64];

	ck_assert_int_eq(write(fd, "{\"a\":1}\n", 8), 8);
	close(fd);
	snprintf(at_path, sizeof(at_path), "@%s", path);
	ck_assert_int_eq(add(&value, payload, at_path), OK);
	ck_assert(slice_is_str(value.text, "{\"a\":1}"));
	unlink(path);
	ck_assert_int_eq(add(&missing, payload, at_path), ERR_USAGE);
	ck_assert(slice_find(buf_slice(&detail), slice_of_str(path)) >= 0);
}
END_TEST

START_TEST(a_text_may_begin_with_an_at_sign)
{
	struct value body = { 0 }, title = { 0 };

	ck_assert_int_eq(add(&body, field_of(COMMAND_MESSAGE_SEND, "body"), "@@bob look"), OK);
	ck_assert(slice_is_str(body.text, "@bob look"));
	ck_assert_int_eq(add(&title, field_of(COMMAND_TASK_ADD, "title"), "@bob"), OK);
	ck_assert(slice_is_str(title.text, "@bob"));
}
END_TEST

START_TEST(values_are_written_as_the_daemon_takes_them)
{
	struct buf out = { 0 };
	struct json_writer json = json_begin(&out);
	const struct field *cost = field_of(COMMAND_TASK_ADD, "max_cost_usd");
	const struct field *kind = field_of(COMMAND_TASK_ADD, "kind");
	const struct field *start = field_of(COMMAND_TASK_ADD, "start_by");
	struct value money = { 0 }, word = { 0 }, time = { 0 };

	ck_assert_int_eq(add(&money, cost, "$1.50"), OK);
	ck_assert_int_eq(add(&word, kind, "filler"), OK);
	ck_assert_int_eq(add(&time, start, "2001-09-09T01:46:40Z"), OK);
	json_object(&json);
	value_write(&money, cost, &json);
	value_write(&word, kind, &json);
	value_write(&time, start, &json);
	json_object_end(&json);
	ck_assert_str_eq(buf_str(&out), "{\"max_cost_usd\":1.50,\"kind\":\"filler\","
			 "\"start_by\":\"2001-09-09T01:46:40.000000Z\"}");
	buf_finish(&out);
}
END_TEST

START_TEST(a_word_that_is_none_is_answered_with_those_that_are)
{
	struct value value = { 0 };

	ck_assert_int_eq(add(&value, field_of(COMMAND_TASK_LIST, "state"), "sleeping"),
			 ERR_ARGUMENT_RANGE);
	ck_assert(slice_find(buf_slice(&detail), SLICE("blocked, delayed, ready")) >= 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_value");
	TCase *tcase = tcase_create("values");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, durations_have_units);
	tcase_add_test(tcase, what_is_no_duration_is_refused);
	tcase_add_test(tcase, durations_are_written_in_two_units_at_most);
	tcase_add_test(tcase, short_durations_have_tenths_of_a_millisecond);
	tcase_add_test(tcase, moments_are_absolute_or_from_now);
	tcase_add_test(tcase, a_time_to_live_without_a_unit_is_in_seconds);
	tcase_add_test(tcase, lists_take_commas_and_repetition);
	tcase_add_test(tcase, words_of_a_command_keep_their_commas);
	tcase_add_test(tcase, a_single_value_is_given_once);
	tcase_add_test(tcase, json_is_checked_before_it_is_sent);
	tcase_add_test(tcase, contents_come_from_files);
	tcase_add_test(tcase, a_text_may_begin_with_an_at_sign);
	tcase_add_test(tcase, values_are_written_as_the_daemon_takes_them);
	tcase_add_test(tcase, a_word_that_is_none_is_answered_with_those_that_are);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
