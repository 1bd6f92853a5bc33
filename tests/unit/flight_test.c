/*
 * flight - a command that was being decided at two crashes is named.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/flight.h"
#include "fabric/machine.h"

static char folder[64];
static char path[96];
static struct flight flight;

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/if-flight-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/flight", folder);
}

static void teardown(void)
{
	unlink(path);
	rmdir(folder);
}

static struct command command_with_key(const char *key)
{
	return (struct command){ .key = slice_of_str(key), .fingerprint = 0x1234 };
}

/* A process that decides the command and ends in the middle of it. */
static void crash_with(const char *key)
{
	struct command command = command_with_key(key);

	flight_open(&flight, path);
	flight_enter(&flight, &command);
	flight_close(&flight);
}

static void assert_culprit(const char *expected)
{
	struct slice culprit;

	flight_open(&flight, path);
	culprit = flight_culprit(&flight);
	ck_assert_msg(slice_is_str(culprit, expected), "culprit is '%.*s', not '%s'",
		      (int)culprit.len, culprit.len ? culprit.ptr : "", expected);
	flight_close(&flight);
}

START_TEST(one_crash_condemns_nobody)
{
	crash_with("k1");
	assert_culprit("");
}
END_TEST

START_TEST(the_second_crash_names_the_command)
{
	crash_with("k1");
	crash_with("k1");
	assert_culprit("k1");
	assert_culprit("");	/* named once */
}
END_TEST

START_TEST(two_commands_with_one_crash_each_are_not_named)
{
	crash_with("k1");
	crash_with("k2");
	assert_culprit("");
}
END_TEST

START_TEST(a_command_that_ended_is_no_suspect)
{
	struct command command = command_with_key("k1");

	for (int i = 0; i < 3; i++) {
		flight_open(&flight, path);
		flight_enter(&flight, &command);
		flight_leave(&flight);
		flight_close(&flight);
	}
	assert_culprit("");
}
END_TEST

START_TEST(a_command_without_a_key_is_known_by_its_fingerprint)
{
	crash_with("");
	crash_with("");
	assert_culprit("fp-0000000000001234");
}
END_TEST

START_TEST(many_suspects_push_out_the_least)
{
	char key[16];

	crash_with("worst");
	for (int i = 0; i < 3 * FLIGHT_SUSPECTS; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		crash_with(key);
	}
	flight_open(&flight, path);
	ck_assert_uint_eq(flight_culprit(&flight).len, 0);
	flight_close(&flight);
	crash_with("k47");
	assert_culprit("k47");
}
END_TEST

START_TEST(rubbish_in_the_file_is_begun_anew)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < 1000; i++)
		fputs("rubbish ", file);
	fclose(file);
	assert_culprit("");
	crash_with("k1");
	crash_with("k1");
	assert_culprit("k1");
}
END_TEST

START_TEST(without_a_file_nothing_is_recorded)
{
	struct command command = command_with_key("k1");

	flight_open(&flight, "/nonexistent/folder/flight");
	flight_enter(&flight, &command);
	flight_leave(&flight);
	ck_assert_uint_eq(flight_culprit(&flight).len, 0);
	flight_close(&flight);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flight");
	TCase *tcase = tcase_create("flight");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, one_crash_condemns_nobody);
	tcase_add_test(tcase, the_second_crash_names_the_command);
	tcase_add_test(tcase, two_commands_with_one_crash_each_are_not_named);
	tcase_add_test(tcase, a_command_that_ended_is_no_suspect);
	tcase_add_test(tcase, a_command_without_a_key_is_known_by_its_fingerprint);
	tcase_add_test(tcase, many_suspects_push_out_the_least);
	tcase_add_test(tcase, rubbish_in_the_file_is_begun_anew);
	tcase_add_test(tcase, without_a_file_nothing_is_recorded);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
