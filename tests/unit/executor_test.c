#include "sandbox/executor.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "document/executor_doc.h"
#include "sandbox/pattern.h"

static struct arena arena;
static struct buf detail;
static struct executor_doc doc;
static struct executor *executor;
static struct executor_result result;

static void end(void)
{
	executor_result_finish(&result);
	executor_close(executor);
	executor = NULL;
	arena_finish(&arena);
	buf_finish(&detail);
}

static void rules(const char *text)
{
	enum err err = executor_doc_read(slice_of_str(text), HAND_YAML, &arena, &doc);

	ck_assert_msg(err == OK, "%.*s", err == OK ? 0 : (int)doc.errors[0].text.len,
		      err == OK ? "" : doc.errors[0].text.ptr);
	ck_assert_msg(executor_open(&doc.rules, &executor, &detail) == OK, "%s", buf_str(&detail));
}

#define COUNT(...) ARRAY_LEN(((const char *const[]){ __VA_ARGS__ }))
#define RUN(...)                                                                             \
	executor_run(executor, (const char *const[]){ __VA_ARGS__, NULL }, COUNT(__VA_ARGS__), \
		     SLICE("input"), &result, &detail)
#define ALLOWS(...)                                                            \
	(executor_rule_of(executor, (const char *const[]){ __VA_ARGS__, NULL }, \
			  COUNT(__VA_ARGS__), &detail) != EXECUTOR_NO_RULE)

static const char shell[] = "rules: [{name: sh, program: /bin/sh, args: [-c, '(?s).*'],"
			    " timeout: 500ms, output_bytes: 1000, environment: [IF_TEST_PASSED]}]";

/* ---- matching ------------------------------------------------------------------------------- */

START_TEST(a_pattern_is_for_the_whole_of_one_argument)
{
	rules("rules: [{name: a, program: /bin/echo, args: ['[a-z]+', 'x|y']}]");
	ck_assert(ALLOWS("/bin/echo", "abc", "x"));
	ck_assert(ALLOWS("/bin/echo", "abc", "y"));
	ck_assert(!ALLOWS("/bin/echo", "abc1", "x"));
	ck_assert(!ALLOWS("/bin/echo", "1abc", "x"));
	ck_assert(!ALLOWS("/bin/echo", "abc\n", "x"));
	ck_assert(!ALLOWS("/bin/echo", "abc\ndef", "x"));
	ck_assert(!ALLOWS("/bin/echo", "", "x"));
	ck_assert(!ALLOWS("/bin/echo", "abc", "xy"));
	ck_assert(!ALLOWS("/bin/echo", "abc"));
	ck_assert(!ALLOWS("/bin/echo", "abc", "x", "x"));
	ck_assert(!ALLOWS("/bin/echo", "abc x"));
}
END_TEST

START_TEST(a_program_is_its_whole_path)
{
	rules("rules: [{name: a, program: /bin/echo}]");
	ck_assert(ALLOWS("/bin/echo"));
	ck_assert(!ALLOWS("echo"));
	ck_assert(!ALLOWS("/bin/../bin/echo"));
	ck_assert(!ALLOWS("/bin//echo"));
	ck_assert(!ALLOWS("/bin/echo "));
	ck_assert(!ALLOWS("./bin/echo"));
	ck_assert(!ALLOWS(""));
}
END_TEST

START_TEST(further_arguments_have_a_pattern_and_a_number)
{
	rules("rules: [{name: a, program: /bin/echo, args: [x], rest: '[0-9]+', rest_most: 2}]");
	ck_assert(ALLOWS("/bin/echo", "x"));
	ck_assert(ALLOWS("/bin/echo", "x", "1", "22"));
	ck_assert(!ALLOWS("/bin/echo", "x", "1", "2", "3"));
	ck_assert(!ALLOWS("/bin/echo", "x", "1", "-n"));
}
END_TEST

START_TEST(another_rule_may_allow_what_the_first_does_not)
{
	rules("rules: [{name: a, program: /bin/echo, args: [x]},"
	      " {name: b, program: /bin/echo, args: [y]}]");
	ck_assert(ALLOWS("/bin/echo", "y"));
	ck_assert(!ALLOWS("/bin/echo", "z"));
	ck_assert_ptr_nonnull(strstr(buf_str(&detail), "rule b does not allow argument 1"));
}
END_TEST

START_TEST(a_pattern_that_tries_too_much_is_no_match)
{
	struct pattern *pattern;
	char text[64];

	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(pattern_compile(SLICE("(?:(?:a|a)+)+[bc]"), &pattern, &detail), OK);
	ck_assert_int_eq(pattern_match(pattern, slice_of(text, sizeof(text))), PATTERN_TOO_HARD);
	pattern_destroy(pattern);
}
END_TEST

START_TEST(a_pattern_that_is_wrong_is_told)
{
	struct pattern *pattern;

	ck_assert_int_eq(pattern_compile(SLICE("[a-"), &pattern, &detail), ERR_DOCUMENT_INVALID);
	ck_assert_ptr_nonnull(strstr(buf_str(&detail), "wrong at byte 3"));
}
END_TEST

START_TEST(rules_that_are_wrong_are_refused)
{
	static const char *const texts[] = {
		"rules: [{name: a}]",
		"rules: [{program: /bin/true}]",
		"rules: [{name: a, program: true}]",
		"rules: [{name: a, program: bin/true}]",
		"rules: [{name: a, program: /bin/../bin/true}]",
		"rules: [{name: a, program: /bin/true, args: x}]",
		"rules: [{name: a, program: /bin/true, shell: x}]",
		"rules: [{name: a, program: /bin/true, environment: [LD_PRELOAD]}]",
		"rules: [{name: a, program: /bin/true, environment: ['A=b']}]",
		"rules: [{name: a, program: /bin/true, folder: tmp}]",
		"rules: [{name: a, program: /bin/true, args: [[x]]}]",
		"rules: {}",
		"[]",
		"rule: []",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_msg(executor_doc_read(slice_of_str(texts[i]), HAND_YAML, &arena, &doc) ==
				      ERR_DOCUMENT_INVALID && doc.error_count > 0, "%s", texts[i]);
}
END_TEST

/* ---- running -------------------------------------------------------------------------------- */

START_TEST(output_and_exit_code_come_back)
{
	rules(shell);
	ck_assert_int_eq(RUN("/bin/sh", "-c", "cat; echo oops >&2; exit 3"), OK);
	ck_assert(slice_is(buf_slice(&result.output[0]), SLICE("input")));
	ck_assert(slice_is(buf_slice(&result.output[1]), SLICE("oops\n")));
	ck_assert_int_eq(result.exit_status, 3);
}
END_TEST

START_TEST(the_environment_is_clean)
{
	setenv("IF_TEST_SECRET", "x", 1);
	setenv("IF_TEST_PASSED", "yes", 1);
	rules(shell);
	ck_assert_int_eq(RUN("/bin/sh", "-c", "env | sort | grep -v '^\\(_\\|PWD\\)='"), OK);
	ck_assert_str_eq(buf_str(&result.output[0]), "IF_TEST_PASSED=yes\nPATH=/usr/local/sbin:"
						     "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
}
END_TEST

START_TEST(nothing_that_it_started_outlives_its_time)
{
	struct buf text = { 0 };

	rules(shell);
	ck_assert_int_eq(RUN("/bin/sh", "-c", "sleep 1000 & echo $!; trap '' TERM; wait"), OK);
	ck_assert(result.is_out_of_time);
	ck_assert_int_eq(result.signal, SIGKILL);
	ck_assert_int_lt(result.duration_us, 30000000);
	buf_add_slice(&text, slice_trim(buf_slice(&result.output[0])));
	ck_assert_int_gt(atoi(buf_str(&text)), 0);
	for (int i = 0; i < 500 && kill(atoi(buf_str(&text)), 0) == 0; i++) {
		char path[64], line[256] = "";
		FILE *stat;

		/* What init has not reaped yet is dead, too. */
		snprintf(path, sizeof(path), "/proc/%d/stat", atoi(buf_str(&text)));
		stat = fopen(path, "re");
		if (stat && fgets(line, sizeof(line), stat) && strstr(line, ") Z"))
			i = 500;
		if (stat)
			fclose(stat);
		if (i == 499)
			ck_abort_msg("it lives: %s", line);
		usleep(10000);
	}
	buf_finish(&text);
}
END_TEST

START_TEST(what_prints_too_much_is_ended)
{
	rules(shell);
	ck_assert_int_eq(RUN("/bin/sh", "-c", "while :; do echo yyyyyyyyyyyyyyyyyyyyyy; done"), OK);
	ck_assert(result.is_out_of_output);
	ck_assert(!result.is_out_of_time);
	ck_assert_uint_eq(result.output[0].len + result.output[1].len, 1000);
}
END_TEST

START_TEST(what_no_rule_allows_is_not_run)
{
	rules(shell);
	ck_assert_int_eq(RUN("/bin/rm", "-rf", "/nonexistent"), ERR_COMMAND_DENIED);
	ck_assert_int_eq(RUN("/bin/sh", "-x", "true"), ERR_COMMAND_DENIED);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_told)
{
	rules("rules: [{name: a, program: /nonexistent/program}]");
	ck_assert_int_eq(RUN("/nonexistent/program"), ERR_OS);
	ck_assert_ptr_nonnull(strstr(buf_str(&detail), "No such file"));
}
END_TEST

START_TEST(shells_see_no_more_than_an_argument)
{
	rules("rules: [{name: a, program: /bin/echo, args: ['.*']}]");
	ck_assert_int_eq(RUN("/bin/echo", "$(id); `id` && rm -rf /nonexistent | cat"), OK);
	ck_assert_str_eq(buf_str(&result.output[0]), "$(id); `id` && rm -rf /nonexistent | cat\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("executor");
	TCase *tcase = tcase_create("commands");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, end);
	tcase_add_test(tcase, a_pattern_is_for_the_whole_of_one_argument);
	tcase_add_test(tcase, a_program_is_its_whole_path);
	tcase_add_test(tcase, further_arguments_have_a_pattern_and_a_number);
	tcase_add_test(tcase, another_rule_may_allow_what_the_first_does_not);
	tcase_add_test(tcase, a_pattern_that_tries_too_much_is_no_match);
	tcase_add_test(tcase, a_pattern_that_is_wrong_is_told);
	tcase_add_test(tcase, rules_that_are_wrong_are_refused);
	tcase_add_test(tcase, output_and_exit_code_come_back);
	tcase_add_test(tcase, the_environment_is_clean);
	tcase_add_test(tcase, nothing_that_it_started_outlives_its_time);
	tcase_add_test(tcase, what_prints_too_much_is_ended);
	tcase_add_test(tcase, what_no_rule_allows_is_not_run);
	tcase_add_test(tcase, a_program_that_is_not_there_is_told);
	tcase_add_test(tcase, shells_see_no_more_than_an_argument);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
