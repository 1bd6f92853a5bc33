#include "sys/files.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/entropy.h"

static char folder[] = "/tmp/files-test-XXXXXX";
static char path[64];

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
}

static void finish(void)
{
	unlink(path);
	ck_assert_msg(rmdir(folder) == 0, "something was left in %s", folder);
}

START_TEST(a_path_lies_in_its_folder)
{
	static const struct { const char *path, *folder; } cases[] = {
		{ "/a/b/c", "/a/b" }, { "/a", "/" }, { "/", "/" }, { "a/b", "a" }, { "a", "." },
		{ "", "." }, { "a/", "a" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_msg(slice_is_str(file_folder_of(cases[i].path), cases[i].folder), "%s",
			      cases[i].path);
}
END_TEST

START_TEST(what_was_written_is_read_back)
{
	struct buf content = { 0 };
	struct stat found;

	begin();
	ck_assert_int_eq(file_write(path, SLICE("one\0two"), 0640), OK);
	ck_assert_int_eq(file_read(path, 7, &content), OK);
	ck_assert(slice_is(buf_slice(&content), SLICE("one\0two")));
	ck_assert_int_eq(stat(path, &found), 0);
	ck_assert_uint_eq(found.st_mode & 07777, 0640);
	ck_assert_int_eq(file_write(path, SLICE("new"), 0600), OK);
	ck_assert_int_eq(file_read(path, 100, &content), OK);
	ck_assert(slice_is(buf_slice(&content), SLICE("one\0twonew")));
	ck_assert_int_eq(stat(path, &found), 0);
	ck_assert_uint_eq(found.st_mode & 07777, 0600);
	buf_finish(&content);
	finish();
}
END_TEST

START_TEST(a_file_over_the_limit_is_not_read)
{
	struct buf big = { 0 }, content = { 0 };

	begin();
	buf_add_repeat(&big, 'b', 100000);
	ck_assert_int_eq(file_write(path, buf_slice(&big), 0600), OK);
	ck_assert_int_eq(file_read(path, 99999, &content), ERR_LIMIT_EXCEEDED);
	ck_assert_uint_eq(content.len, 0);
	ck_assert_int_eq(file_read(path, 100000, &content), OK);
	ck_assert_uint_eq(content.len, 100000);
	buf_finish(&big);
	buf_finish(&content);
	finish();
}
END_TEST

START_TEST(an_empty_file_reads_as_nothing)
{
	struct buf content = { 0 };

	begin();
	ck_assert_int_eq(file_write(path, SLICE_EMPTY, 0600), OK);
	ck_assert_int_eq(file_read(path, 0, &content), OK);
	ck_assert_uint_eq(content.len, 0);
	buf_finish(&content);
	finish();
}
END_TEST

START_TEST(a_failed_write_leaves_the_old_file_and_no_rubbish)
{
	struct buf content = { 0 };
	char below[80];

	begin();
	ck_assert_int_eq(file_write(path, SLICE("old"), 0600), OK);
	snprintf(below, sizeof(below), "%s/below", path);
	ck_assert_int_eq(file_write(below, SLICE("new"), 0600), ERR_OS);
	ck_assert_int_eq(errno, ENOTDIR);
	/* A folder cannot be replaced by a file. */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(file_write(path, SLICE("new"), 0600), ERR_OS);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(rmdir(path), 0);
	buf_finish(&content);
	finish();
}
END_TEST

START_TEST(reasons_are_told)
{
	struct buf text = { 0 };

	begin();
	ck_assert_int_eq(file_read(path, 10, &text), ERR_OS);
	file_describe(&text, "read", path);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "cannot read "));
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "file: No such file or directory"));
	buf_finish(&text);
	finish();
}
END_TEST

START_TEST(folders_are_made_with_those_above)
{
	char deep[128];
	struct stat found;

	begin();
	snprintf(deep, sizeof(deep), "%s/a//b/c/", folder);
	ck_assert_int_eq(file_make_folder(deep, 0700), OK);
	ck_assert_int_eq(file_make_folder(deep, 0755), OK);
	ck_assert_int_eq(stat(deep, &found), 0);
	ck_assert_uint_eq(found.st_mode & 07777, 0700);
	ck_assert_int_eq(file_sync_folder(deep), OK);
	ck_assert_int_eq(file_make_folder("", 0700), ERR_OS);
	ck_assert_int_eq(file_write(path, SLICE("x"), 0600), OK);
	ck_assert_int_eq(file_make_folder(path, 0700), ERR_OS);
	ck_assert_int_eq(errno, ENOTDIR);
	ck_assert_int_eq(rmdir(deep), 0);
	snprintf(deep, sizeof(deep), "%s/a/b", folder);
	ck_assert_int_eq(rmdir(deep), 0);
	snprintf(deep, sizeof(deep), "%s/a", folder);
	ck_assert_int_eq(rmdir(deep), 0);
	finish();
}
END_TEST

START_TEST(a_lock_is_held_by_one)
{
	int first, second;

	begin();
	ck_assert_int_eq(file_lock(path, &first), OK);
	ck_assert_int_eq(file_lock(path, &second), ERR_STORAGE_BUSY);
	close(first);
	ck_assert_int_eq(file_lock(path, &second), OK);
	close(second);
	finish();
}
END_TEST

static void *drain_slowly(void *context)
{
	const int *fd = context;
	char bytes[10000];
	size_t total = 0;
	ssize_t got;

	while ((got = read(*fd, bytes, sizeof(bytes))) > 0) {
		total += (size_t)got;
		usleep(100);
	}
	return total == 1 << 20 ? context : NULL;
}

START_TEST(all_is_written_to_a_descriptor_that_does_not_block)
{
	struct buf big = { 0 };
	pthread_t thread;
	void *all_came;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	buf_add_repeat(&big, 'b', 1 << 20);
	ck_assert_int_eq(pthread_create(&thread, NULL, drain_slowly, &ends[0]), 0);
	ck_assert_int_eq(file_write_fd(ends[1], buf_slice(&big)), OK);
	close(ends[1]);
	ck_assert_int_eq(pthread_join(thread, &all_came), 0);
	ck_assert_ptr_nonnull(all_came);
	close(ends[0]);
	buf_finish(&big);
}
END_TEST

START_TEST(clocks_and_entropy_do_what_they_say)
{
	int64_t before_us = clock_mono_us();
	uint64_t first = entropy_u64();
	char bytes[1000] = { 0 };
	size_t zeros = 0;

	ck_assert_uint_ne(first, entropy_u64());
	entropy_fill(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		zeros += bytes[i] == 0;
	ck_assert_uint_lt(zeros, 100);
	ck_assert_int_ge(clock_mono_us(), before_us);
	ck_assert_int_gt(clock_wall_us(), 1700000000000000);
}
END_TEST

static Suite *files_suite(void)
{
	Suite *suite = suite_create("files");
	TCase *tests = tcase_create("files");

	tcase_add_test(tests, a_path_lies_in_its_folder);
	tcase_add_test(tests, what_was_written_is_read_back);
	tcase_add_test(tests, a_file_over_the_limit_is_not_read);
	tcase_add_test(tests, an_empty_file_reads_as_nothing);
	tcase_add_test(tests, a_failed_write_leaves_the_old_file_and_no_rubbish);
	tcase_add_test(tests, reasons_are_told);
	tcase_add_test(tests, folders_are_made_with_those_above);
	tcase_add_test(tests, a_lock_is_held_by_one);
	tcase_add_test(tests, all_is_written_to_a_descriptor_that_does_not_block);
	tcase_add_test(tests, clocks_and_entropy_do_what_they_say);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(files_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
