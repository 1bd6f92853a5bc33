#include "sys/log.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

static int ends[2];
static struct buf written;

static void begin(void)
{
	written = (struct buf){ 0 };
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	log_set_fd(ends[1]);
}

static void finish(void)
{
	log_set_fd(STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
	buf_finish(&written);
}

/* What was logged since the last call. */
static const char *take(void)
{
	ssize_t got;

	buf_clear(&written);
	while ((got = read(ends[0], buf_reserve(&written, 65536), 65536)) > 0)
		written.len += (size_t)got;
	return buf_str(&written);
}

static size_t lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

START_TEST(an_event_is_one_line_of_logfmt)
{
	const char *line;

	begin();
	log_event(LOG_LEVEL_WARN, "bus", "append conflict",
		  LOG_FIELDS(log_i64("seq", 812), log_i64("low", INT64_MIN), log_str("path", "/a/b"),
			     log_err(ERR_STORAGE_IO)));
	line = take();
	ck_assert_uint_eq(lines(line), 1);
	ck_assert_ptr_eq(strstr(line, "level=warn part=bus msg=\"append conflict\" seq=812 "
				      "low=-9223372036854775808 path=/a/b code=storage_io at=2"),
			 line);
	ck_assert_ptr_nonnull(strstr(line, "Z\n"));
	log_event(LOG_LEVEL_ERROR, "x", "alone", LOG_NO_FIELDS);
	ck_assert_ptr_nonnull(strstr(take(), "level=error part=x msg=alone at="));
	finish();
}
END_TEST

START_TEST(no_value_breaks_the_line)
{
	const char *line;

	begin();
	log_event(LOG_LEVEL_ERROR, "x", "y",
		  LOG_FIELDS(log_str("a", "two\nlines \"quoted\" back\\slash"), log_str("b", ""),
			     log_text("c", SLICE("nul\0and\x1b[31m")), log_str("d", "k=v")));
	line = take();
	ck_assert_uint_eq(lines(line), 1);
	ck_assert_ptr_nonnull(strstr(line, "a=\"two\\x0alines \\\"quoted\\\" back\\\\slash\" b=\"\" "
					   "c=\"nul\\x00and\\x1b[31m\" d=\"k=v\" at="));
	finish();
}
END_TEST

START_TEST(a_line_of_great_length_is_cut_and_still_one_line)
{
	struct log_field fields[100];
	static char value[2000];
	const char *line;

	memset(value, 'v', sizeof(value) - 1);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		fields[i] = log_str("key", value);
	begin();
	log_event(LOG_LEVEL_ERROR, "x", "long", (struct log_fields){ fields, ARRAY_LEN(fields) });
	line = take();
	ck_assert_uint_eq(lines(line), 1);
	ck_assert_uint_le(strlen(line), 4096);
	ck_assert_uint_ge(strlen(line), 4000);
	finish();
}
END_TEST

START_TEST(what_is_less_urgent_than_the_level_is_not_written)
{
	enum log_level level;

	begin();
	log_event(LOG_LEVEL_DEBUG, "x", "hidden", LOG_NO_FIELDS);
	ck_assert_str_eq(take(), "");
	log_set_level(LOG_LEVEL_DEBUG);
	log_event(LOG_LEVEL_DEBUG, "x", "shown", LOG_NO_FIELDS);
	ck_assert_ptr_nonnull(strstr(take(), "level=debug"));
	ck_assert(log_level_of(SLICE("warn"), &level));
	log_set_level(level);
	log_event(LOG_LEVEL_INFO, "x", "hidden again", LOG_NO_FIELDS);
	ck_assert_str_eq(take(), "");
	ck_assert(!log_level_of(SLICE("loud"), &level));
	ck_assert(!log_level_of(SLICE_EMPTY, &level));
	finish();
}
END_TEST

START_TEST(the_same_line_again_and_again_is_held_back)
{
	begin();
	for (int i = 0; i < 100; i++)
		log_event(LOG_LEVEL_WARN, "x", "storm", LOG_FIELDS(log_i64("i", i)));
	log_event(LOG_LEVEL_WARN, "x", "another", LOG_NO_FIELDS);
	take();
	ck_assert_uint_eq(lines(buf_str(&written)), 11);
	ck_assert_ptr_nonnull(strstr(buf_str(&written), "msg=another"));
	finish();
}
END_TEST

START_TEST(a_reader_that_stands_still_does_not_hold_us_up)
{
	static const char *const messages[] = { "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7" };
	static char value[512];
	const char *text;

	memset(value, 'v', sizeof(value) - 1);
	begin();
	/* A blocking pipe, as stderr is, and as small as it gets. */
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
	ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	for (size_t i = 0; i < 80; i++)
		log_event(LOG_LEVEL_WARN, "x", messages[i % 8],
			  LOG_FIELDS(log_str("a", value), log_str("b", value), log_str("c", value),
				     log_str("d", value)));
	text = take();
	ck_assert_uint_lt(lines(text), 80);
	log_event(LOG_LEVEL_WARN, "x", "after", LOG_NO_FIELDS);
	text = take();
	ck_assert_ptr_nonnull(strstr(text, "dropped="));
	log_event(LOG_LEVEL_WARN, "x", "later", LOG_NO_FIELDS);
	ck_assert_ptr_null(strstr(take(), "dropped="));
	finish();
}
END_TEST

static Suite *log_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");

	tcase_add_test(tests, an_event_is_one_line_of_logfmt);
	tcase_add_test(tests, no_value_breaks_the_line);
	tcase_add_test(tests, a_line_of_great_length_is_cut_and_still_one_line);
	tcase_add_test(tests, what_is_less_urgent_than_the_level_is_not_written);
	tcase_add_test(tests, the_same_line_again_and_again_is_held_back);
	tcase_add_test(tests, a_reader_that_stands_still_does_not_hold_us_up);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(log_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
