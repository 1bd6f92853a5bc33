#include "sandbox/secret.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/files.h"

#define VALUE "correct horse battery staple"
#define PLACE "https://api.example.com"

static char folder[64], store[96], key_file[96];
static struct secret_place place;
static struct arena arena;
static struct buf detail;

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/secret-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(store, sizeof(store), "%s/secrets.json", folder);
	snprintf(key_file, sizeof(key_file), "%s/secret.key", folder);
	place = (struct secret_place){ store, key_file };
}

static void end(void)
{
	char lock[112];

	snprintf(lock, sizeof(lock), "%s.lock", store);
	unlink(lock);
	unlink(store);
	unlink(key_file);
	ck_assert_msg(rmdir(folder) == 0, "something was left in %s", folder);
	arena_finish(&arena);
	buf_finish(&detail);
}

static enum err set(const char *name, const char *endpoint, const char *value)
{
	return secret_set(&place, slice_of_str(name), slice_of_str(endpoint), slice_of_str(value), 5,
			  &detail);
}

static struct secret_list list(void)
{
	struct secret_list found;

	ck_assert_msg(secret_list_read(&place, &arena, &found, &detail) == OK, "%s",
		      buf_str(&detail));
	return found;
}

static enum err open_one(const char *name, struct buf *ret_value)
{
	struct secret_list found = list();
	const struct secret_info *info = secret_find(&found, slice_of_str(name));
	struct seal_key key;
	enum err err = info ? secret_key_read(&place, NULL, &key, &detail) : ERR_SECRET_UNKNOWN;

	return err == OK ? secret_open(info, &key, ret_value, &detail) : err;
}

START_TEST(what_was_set_is_opened_with_the_key)
{
	struct buf value = { 0 };

	ck_assert_int_eq(set("github", PLACE, VALUE), OK);
	ck_assert_int_eq(open_one("github", &value), OK);
	ck_assert(slice_is_str(buf_slice(&value), VALUE));
	buf_finish(&value);
}
END_TEST

START_TEST(the_files_hold_no_secret_and_are_their_owners_alone)
{
	struct buf text = { 0 };
	struct stat found;

	ck_assert_int_eq(set("github", PLACE, VALUE), OK);
	ck_assert_int_eq(file_read(store, 1 << 20, &text), OK);
	ck_assert(slice_find(buf_slice(&text), SLICE("horse")) < 0);
	ck_assert(slice_find(buf_slice(&text), SLICE("github")) >= 0);
	ck_assert(stat(store, &found) == 0 && (found.st_mode & 0777) == 0600);
	ck_assert(stat(key_file, &found) == 0 && (found.st_mode & 0777) == 0600);
	buf_finish(&text);
}
END_TEST

START_TEST(a_store_that_is_not_there_is_empty)
{
	ck_assert_uint_eq(list().count, 0);
}
END_TEST

START_TEST(a_name_that_is_set_again_has_the_new_value)
{
	struct buf value = { 0 };

	ck_assert_int_eq(set("github", PLACE, VALUE), OK);
	ck_assert_int_eq(set("github", "https://other.example", "another value"), OK);
	ck_assert_uint_eq(list().count, 1);
	ck_assert(slice_is_str(list().items[0].endpoint, "https://other.example"));
	ck_assert_int_eq(open_one("github", &value), OK);
	ck_assert(slice_is_str(buf_slice(&value), "another value"));
	buf_finish(&value);
}
END_TEST

START_TEST(they_are_listed_by_name_and_can_be_taken_away)
{
	ck_assert_int_eq(set("b", PLACE, VALUE), OK);
	ck_assert_int_eq(set("a", PLACE, VALUE), OK);
	ck_assert(slice_is_str(list().items[0].name, "a"));
	ck_assert_int_eq(secret_remove(&place, SLICE("a"), &detail), OK);
	ck_assert_uint_eq(list().count, 1);
	ck_assert_int_eq(secret_remove(&place, SLICE("a"), &detail), ERR_SECRET_UNKNOWN);
}
END_TEST

START_TEST(those_that_are_set_at_once_are_all_kept)
{
	pid_t writers[8];

	for (int i = 0; i < 8; i++) {
		writers[i] = fork();
		ck_assert_int_ge(writers[i], 0);
		if (writers[i] == 0) {
			char name[] = { (char)('a' + i), '\0' };

			_exit(set(name, PLACE, VALUE) == OK ? 0 : 1);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;

		ck_assert_int_eq(waitpid(writers[i], &status, 0), writers[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(list().count, 8);
}
END_TEST

START_TEST(what_cannot_be_a_secret_is_refused)
{
	static char long_one[SECRET_BYTES_MAX + 2];

	memset(long_one, 'x', sizeof(long_one) - 1);
	ck_assert_int_eq(set("a", PLACE, "short"), ERR_ARGUMENT_RANGE);
	ck_assert_int_eq(set("a", PLACE, long_one), ERR_ARGUMENT_RANGE);
	ck_assert_int_eq(set("a", PLACE, "two lines\nX-Evil: 1"), ERR_TEXT_INVALID);
	ck_assert_int_eq(set("a", PLACE, "a control \x01 character"), ERR_TEXT_INVALID);
	ck_assert_int_eq(set("a b", PLACE, VALUE), ERR_ID_INVALID);
	ck_assert_int_eq(set("a", "api.example.com", VALUE), ERR_USAGE);
	ck_assert_int_eq(set("a", "https://api.example.com/path", VALUE), ERR_USAGE);
	ck_assert_int_eq(set("a", "https://*.example.com", VALUE), ERR_USAGE);
	ck_assert_int_eq(set("a", "ftp://api.example.com", VALUE), ERR_USAGE);
	ck_assert_uint_eq(list().count, 0);
}
END_TEST

/* Usage: replace one text of the store by another of the same length. */
static void tamper(const char *from, const char *to)
{
	struct buf text = { 0 };
	ptrdiff_t at;

	ck_assert_uint_eq(strlen(from), strlen(to));
	ck_assert_int_eq(file_read(store, 1 << 20, &text), OK);
	at = slice_find(buf_slice(&text), slice_of_str(from));
	ck_assert_int_ge(at, 0);
	memcpy(text.ptr + at, to, strlen(to));
	ck_assert_int_eq(file_write(store, buf_slice(&text), 0600), OK);
	buf_finish(&text);
}

START_TEST(name_and_place_cannot_be_exchanged_in_the_file)
{
	struct buf value = { 0 };

	ck_assert_int_eq(set("github", PLACE, VALUE), OK);
	tamper("api.example.com", "evil.example.co");
	ck_assert_int_eq(open_one("github", &value), ERR_SECRET_STORE);
	tamper("evil.example.co", "api.example.com");
	ck_assert_int_eq(open_one("github", &value), OK);
	buf_clear(&value);
	tamper("\"github\"", "\"gitlab\"");
	ck_assert_int_eq(open_one("gitlab", &value), ERR_SECRET_STORE);
	ck_assert_uint_eq(value.len, 0);
	buf_finish(&value);
}
END_TEST

START_TEST(a_key_that_others_may_read_is_not_used)
{
	struct seal_key key;

	ck_assert_int_eq(set("github", PLACE, VALUE), OK);
	ck_assert_int_eq(chmod(key_file, 0640), 0);
	ck_assert_int_eq(secret_key_read(&place, NULL, &key, &detail), ERR_SECRET_STORE);
	ck_assert(slice_find(buf_slice(&detail), SLICE("chmod 600")) >= 0);
}
END_TEST

START_TEST(a_key_of_systemd_goes_before_the_file)
{
	char credential[96];
	struct buf value = { 0 };
	struct seal_key key;

	ck_assert_int_eq(set("github", PLACE, VALUE), OK);
	snprintf(credential, sizeof(credential), "%s/" SECRET_CREDENTIAL_NAME, folder);
	ck_assert_int_eq(rename(key_file, credential), 0);
	ck_assert_int_eq(secret_key_read(&place, NULL, &key, &detail), ERR_SECRET_STORE);
	ck_assert_int_eq(secret_key_read(&place, folder, &key, &detail), OK);
	/* Whoever sets another needs the public half only. */
	ck_assert_int_eq(set("gitlab", PLACE, VALUE), OK);
	ck_assert_int_ne(access(key_file, F_OK), 0);
	ck_assert_int_eq(secret_open(&list().items[1], &key, &value, &detail), OK);
	unlink(credential);
	buf_finish(&value);
}
END_TEST

START_TEST(another_key_opens_nothing)
{
	struct buf value = { 0 };
	struct seal_key other = seal_make_key();

	ck_assert_int_eq(set("github", PLACE, VALUE), OK);
	ck_assert_int_eq(secret_open(&list().items[0], &other, &value, &detail), ERR_SECRET_STORE);
	ck_assert_uint_eq(value.len, 0);
	buf_finish(&value);
}
END_TEST

START_TEST(what_is_no_store_is_refused)
{
	static const char *const texts[] = {
		"", "{}", "[]", "{\"version\":2,\"key\":\"\",\"secrets\":[]}",
		"{\"version\":1,\"key\":\"\",\"secrets\":[{\"name\":\"a b\"}]}",
		"{\"version\":1,\"key\":\"\",\"secrets\":[1]}",
	};
	struct secret_list found;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		ck_assert_int_eq(file_write(store, slice_of_str(texts[i]), 0600), OK);
		ck_assert_msg(secret_list_read(&place, &arena, &found, &detail) == ERR_SECRET_STORE,
			      "%s", texts[i]);
	}
}
END_TEST

START_TEST(a_secret_is_found_in_what_repeats_it)
{
	static const char *const texts[] = {
		"-a/b+c\"d\\e-", "xx-612f622b6322645c65-", "-612F622B6322645C65",
		"-a%2Fb%2Bc%22d%5Ce", "-a%2fb%2bc%22d%5ce", "{\"t\":\"a\\/b+c\\\"d\\\\e\"}",
		"{\"t\":\"a/b+c\\\"d\\\\e\"}", "YS9iK2MiZFxl", "eGEvYitjImRcZQ==", "eHhhL2IrYyJkXGU=",
	};
	static const char *const others[] = { "", "a/b+c", "YS9iK2Mi", "612f622b6322645c", "a%2Fb" };
	struct slice value = SLICE("a/b+c\"d\\e");

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_msg(secret_is_in(slice_of_str(texts[i]), value), "%s", texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		ck_assert_msg(!secret_is_in(slice_of_str(others[i]), value), "%s", others[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tcase = tcase_create("store");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, what_was_set_is_opened_with_the_key);
	tcase_add_test(tcase, the_files_hold_no_secret_and_are_their_owners_alone);
	tcase_add_test(tcase, a_store_that_is_not_there_is_empty);
	tcase_add_test(tcase, a_name_that_is_set_again_has_the_new_value);
	tcase_add_test(tcase, they_are_listed_by_name_and_can_be_taken_away);
	tcase_add_test(tcase, those_that_are_set_at_once_are_all_kept);
	tcase_add_test(tcase, what_cannot_be_a_secret_is_refused);
	tcase_add_test(tcase, name_and_place_cannot_be_exchanged_in_the_file);
	tcase_add_test(tcase, a_key_that_others_may_read_is_not_used);
	tcase_add_test(tcase, a_key_of_systemd_goes_before_the_file);
	tcase_add_test(tcase, another_key_opens_nothing);
	tcase_add_test(tcase, what_is_no_store_is_refused);
	tcase_add_test(tcase, a_secret_is_found_in_what_repeats_it);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
