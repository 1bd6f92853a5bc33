#include "base/rfc3339.h"

#include <check.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/ensure.h"

static int64_t read_or_fail(const char *text)
{
	int64_t at = INT64_MIN;

	ck_assert_msg(rfc3339_read(slice_of_str(text), &at), "%s was refused", text);
	return at;
}

START_TEST(known_times_are_read)
{
	ck_assert_int_eq(read_or_fail("1970-01-01T00:00:00Z"), 0);
	ck_assert_int_eq(read_or_fail("2001-09-09T01:46:40Z"), 1000000000000000);
	ck_assert_int_eq(read_or_fail("2000-02-29T12:00:00.5Z"), 951825600500000);
	ck_assert_int_eq(read_or_fail("2026-11-22t19:34:07.123456789z"),
			 read_or_fail("2026-11-22 19:34:07.123456Z"));
	ck_assert_int_eq(read_or_fail("2001-09-09T03:46:40+02:00"), 1000000000000000);
	ck_assert_int_eq(read_or_fail("2001-09-08T20:16:40-05:30"), 1000000000000000);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
	struct buf text = { 0 };

	for (int64_t at = 1; at < 253402300799000000; at = at * 3 + 86399999999) {
		int64_t back;

		buf_clear(&text);
		buf_add_time(&text, at);
		ck_assert(rfc3339_read(buf_slice(&text), &back));
		ck_assert_int_eq(back, at);
	}
	buf_finish(&text);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
	static const char *const texts[] = {
		"", "now", "2026-11-22", "2026-11-22T19:34:07", "2026-13-01T00:00:00Z",
		"2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
		"2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z",
		"2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00Zx", "1969-12-31T23:59:59Z", "-026-01-01T00:00:00Z",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int64_t at;

		ck_assert_msg(!rfc3339_read(slice_of_str(texts[i]), &at), "%s was read", texts[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rfc3339");
	TCase *tcase = tcase_create("reading");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, known_times_are_read);
	tcase_add_test(tcase, what_is_written_is_read_again);
	tcase_add_test(tcase, what_is_no_time_is_refused);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
