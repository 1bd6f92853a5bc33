/*
 * What guests can call, without an engine: a small memory, and numbers as a guest passes them.
 */
#include "sandbox/host.h"

#include <check.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/le.h"
#include "sandbox/folder.h"
#include "sys/clock.h"
#include "sys/files.h"

#define MEMORY_BYTES 65536
#define FAULT 21
#define BADF 8
#define NOTCAPABLE 76
#define VALUES_MAX 9

static struct contract contract;
static struct contract_storage storage[2];
static struct guest guest;
static uint8_t *memory;

static void begin(void)
{
	contract = contract_default();
	contract.name = SLICE("guest");
	contract.limits.output_bytes = 100;
	contract.limits.log_bytes = 100;
	memory = calloc(1, MEMORY_BYTES);
	guest_init(&guest, &contract);
	guest.memory = memory;
	guest.memory_len = MEMORY_BYTES;
	guest.started_us = clock_mono_us();
	guest.deadline_us = guest.started_us + 60000000;
}

static void end(void)
{
	guest_finish(&guest);
	free(memory);
}

/* Calls the function of this name with `count` numbers; what it gives, or -1000: the run is over. */
static int64_t call(const char *module, const char *name, int count, ...)
{
	const struct host_function *function = host_find(slice_of_str(module), slice_of_str(name));
	union host_value values[VALUES_MAX] = { { 0 } };
	va_list list;

	ck_assert_ptr_nonnull(function);
	ck_assert_uint_eq(strlen(function->takes), (size_t)count);
	va_start(list, count);
	for (int i = 0; i < count; i++)
		values[i].i64 = va_arg(list, int64_t);
	va_end(list);
	if (function->fn(&guest, values) == HOST_ENDS)
		return -1000;
	if (!function->gives[0])
		return 0;
	return function->gives[0] == 'I' ? values[0].i64 : values[0].i32;
}

#define N(number) ((int64_t)(number))
#define abi(...) call("infrafabric", __VA_ARGS__)
#define wasi(...) call("wasi_snapshot_preview1", __VA_ARGS__)

START_TEST(input_comes_in_pieces)
{
	guest.input = SLICE("0123456789");
	ck_assert_int_eq(abi("input_size", 0), 10);
	ck_assert_int_eq(abi("input_read", 3, N(100), N(4), N(0)), 4);
	ck_assert_int_eq(abi("input_read", 3, N(104), N(100), N(4)), 6);
	ck_assert_int_eq(abi("input_read", 3, N(0), N(100), N(10)), 0);
	ck_assert_int_eq(abi("input_read", 3, N(0), N(100), N(0xffffffff)), 0);
	ck_assert_mem_eq(memory + 100, "0123456789", 11);
}
END_TEST

START_TEST(a_pointer_outside_ends_the_run)
{
	ck_assert_int_eq(abi("result", 2, N(MEMORY_BYTES - 4), N(4)), 0);
	ck_assert_int_eq(abi("log", 3, N(0), N(0xffffffff), N(0xffffffff)), -1000);
	ck_assert_int_eq(guest.verdict, CHASSIS_VERDICT_TRAP);
	ck_assert_str_eq(guest.reason, "memory_out_of_bounds");
}
END_TEST

START_TEST(one_result_counts)
{
	memcpy(memory, "{}", 2);
	ck_assert_int_eq(abi("result", 2, N(0), N(2)), 0);
	ck_assert(slice_is_str(buf_slice(&guest.result), "{}"));
	ck_assert_int_eq(abi("result", 2, N(0), N(2)), -1000);
	ck_assert_int_eq(guest.verdict, CHASSIS_VERDICT_BAD_RESULT);
	ck_assert_str_eq(guest.reason, "given_twice");
}
END_TEST

START_TEST(a_long_result_is_a_bad_one)
{
	ck_assert_int_eq(abi("result", 2, N(0), N(101)), -1000);
	ck_assert_str_eq(guest.reason, "too_long");
	ck_assert(!guest.has_result);
}
END_TEST

START_TEST(what_is_logged_beyond_the_limit_is_only_counted)
{
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(abi("log", 3, N(2), N(0), N(60)), 0);
	ck_assert_int_eq(guest.log_bytes, 300);
}
END_TEST

START_TEST(a_request_without_a_grant_is_denied)
{
	ck_assert_int_eq(abi("http_request", 2, N(0), N(2)), -1);
	ck_assert_int_eq(guest.denials, 1);
	ck_assert_str_eq(guest.denied, "http");
	ck_assert(!guest.has_ended);
}
END_TEST

START_TEST(a_seed_gives_the_same_bytes_in_pieces_of_any_size)
{
	uint8_t whole[1000];
	size_t at = 0;

	contract.determinism.seed = 42;
	ck_assert_int_eq(abi("random", 2, N(0), N(1000)), 0);
	memcpy(whole, memory, sizeof(whole));
	guest.random_drawn = 0;
	for (size_t len = 1; at + len <= sizeof(whole); at += len, len++)
		ck_assert_int_eq(abi("random", 2, N(at), N(len)), 0);
	ck_assert_mem_eq(memory, whole, at);
}
END_TEST

START_TEST(a_clock_stands_still_when_the_contract_says_so)
{
	contract.determinism.clock_us = 5;
	ck_assert_int_eq(abi("time_ns", 1, N(0)), 5000);
	ck_assert_int_eq(abi("time_ns", 1, N(1)), 0);
	ck_assert_int_eq(wasi("clock_time_get", 3, N(0), N(0), N(8)), 0);
	ck_assert_uint_eq(le_get_u64(memory + 8), 5000);
	contract.determinism.clock_us = -1;
	ck_assert_int_ge(abi("time_ns", 1, N(0)), INT64_C(1600000000000000000));
}
END_TEST

START_TEST(arguments_are_laid_out_as_a_libc_expects)
{
	struct slice args[] = { SLICE("guest"), SLICE("") };

	guest.args = (struct slice_list){ args, 2 };
	ck_assert_int_eq(wasi("args_sizes_get", 2, N(0), N(4)), 0);
	ck_assert_uint_eq(le_get_u32(memory), 2);
	ck_assert_uint_eq(le_get_u32(memory + 4), 7);
	ck_assert_int_eq(wasi("args_get", 2, N(8), N(100)), 0);
	ck_assert_uint_eq(le_get_u32(memory + 12), 106);
	ck_assert_mem_eq(memory + 100, "guest\0\0", 7);
	ck_assert_int_eq(wasi("args_get", 2, N(8), N(MEMORY_BYTES - 6)), FAULT);
}
END_TEST

static void put_piece(size_t list, uint32_t at, uint32_t len)
{
	le_put(memory + list, at, 4);
	le_put(memory + list + 4, len, 4);
}

START_TEST(a_command_reads_its_input_and_prints_its_result)
{
	guest.input = SLICE("abcdef");
	put_piece(0, 100, 4);
	put_piece(8, 104, 100);
	ck_assert_int_eq(wasi("fd_read", 4, N(0), N(0), N(2), N(16)), 0);
	ck_assert_uint_eq(le_get_u32(memory + 16), 6);
	put_piece(8, 100, 6);
	ck_assert_int_eq(wasi("fd_write", 4, N(1), N(8), N(1), N(16)), 0);
	ck_assert(slice_is_str(buf_slice(&guest.output), "abcdef"));
	ck_assert_int_eq(wasi("fd_read", 4, N(0), N(0), N(1), N(16)), 0);
	ck_assert_uint_eq(le_get_u32(memory + 16), 0);
	ck_assert_int_eq(wasi("fd_read", 4, N(1), N(0), N(1), N(16)), BADF);
	ck_assert_int_eq(wasi("fd_write", 4, N(0), N(8), N(1), N(16)), NOTCAPABLE);
}
END_TEST

START_TEST(a_piece_outside_is_a_fault)
{
	put_piece(0, MEMORY_BYTES - 1, 2);
	ck_assert_int_eq(wasi("fd_write", 4, N(1), N(0), N(1), N(16)), FAULT);
	ck_assert_int_eq(wasi("fd_write", 4, N(1), N(MEMORY_BYTES - 4), N(1), N(16)), FAULT);
	put_piece(0, 0, 1);
	ck_assert_int_eq(wasi("fd_write", 4, N(1), N(0), N(1), N(MEMORY_BYTES - 3)), FAULT);
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

static const char *place(void)
{
	return getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
}

/* data/: may be read, with all below, but data/private; one.txt may be, alone. */
static void make_files(void)
{
	static const struct slice denied[] = { { "data/private", 12 } };
	struct buf detail = { 0 };

	ck_assert_int_eq(chdir(place()), 0);
	ck_assert_int_eq(file_make_folder("data/private", 0700), OK);
	ck_assert_int_eq(file_make_folder("data/below", 0700), OK);
	ck_assert_int_eq(file_write("data/a.txt", SLICE("granted"), 0600), OK);
	ck_assert_int_eq(file_write("data/below/b.txt", SLICE("below"), 0600), OK);
	ck_assert_int_eq(file_write("data/private/key", SLICE("secret"), 0600), OK);
	ck_assert_int_eq(file_write("one.txt", SLICE("one"), 0600), OK);
	ck_assert_int_eq(file_write("two.txt", SLICE("two"), 0600), OK);
	unlink("data/link");
	unlink("data/pipe");
	ck_assert_int_eq(symlink("../two.txt", "data/link"), 0);
	ck_assert_int_eq(mkfifo("data/pipe", 0600), 0);
	storage[0] = (struct contract_storage){ SLICE("data"), CONTRACT_REACH_TREE };
	storage[1] = (struct contract_storage){ SLICE("one.txt"), CONTRACT_REACH_SELF };
	contract.storage = storage;
	contract.storage_count = 2;
	contract.files_denied = (struct slice_list){ denied, 1 };
	ck_assert_int_eq(folder_open_all(&guest, place(), &detail), OK);
	ck_assert_int_eq(guest.files[3].kind, GUEST_FOLDER);
	ck_assert(slice_is_str(guest.files[4].path, "."));
}

static int64_t open_path(int64_t folder, const char *path)
{
	memcpy(memory + 1000, path, strlen(path));
	return wasi("path_open", 9, folder, N(1), N(1000), N(strlen(path)), N(0), N(2), N(0), N(0),
		    N(2000));
}

static void has_content(const char *content)
{
	put_piece(0, 3000, 100);
	ck_assert_int_eq(wasi("fd_read", 4, N(le_get_u32(memory + 2000)), N(0), N(1), N(16)), 0);
	ck_assert_uint_eq(le_get_u32(memory + 16), strlen(content));
	ck_assert_mem_eq(memory + 3000, content, strlen(content));
	ck_assert_int_eq(wasi("fd_close", 1, N(le_get_u32(memory + 2000))), 0);
}

START_TEST(what_is_granted_can_be_read)
{
	make_files();
	ck_assert_int_eq(open_path(3, "a.txt"), 0);
	has_content("granted");
	ck_assert_int_eq(open_path(3, "./below//b.txt"), 0);
	has_content("below");
	ck_assert_int_eq(open_path(3, "below"), 0);
	ck_assert_int_eq(open_path(N(le_get_u32(memory + 2000)), "b.txt"), 0);
	has_content("below");
	ck_assert_int_eq(open_path(4, "one.txt"), 0);
	has_content("one");
	ck_assert_int_eq(guest.denials, 0);
}
END_TEST

START_TEST(what_is_not_granted_can_not)
{
	static const char *const paths[] = {
		"private/key", "private", "../two.txt", "below/../../two.txt", "/etc/passwd", "link",
		"pipe",
	};

	make_files();
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		ck_assert_msg(open_path(3, paths[i]) != 0, "%s was opened", paths[i]);
	ck_assert_int_eq(open_path(4, "two.txt"), NOTCAPABLE);
	ck_assert_int_eq(open_path(4, "data/private/key"), NOTCAPABLE);
	ck_assert_int_eq(open_path(4, "data/a.txt"), 0);
	ck_assert_str_eq(guest.denied, "storage");
}
END_TEST

START_TEST(a_listing_comes_in_pieces_and_whole)
{
	uint32_t room = 60, used;
	int64_t cookie = 0;
	bool found = false;

	make_files();
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(wasi("fd_readdir", 5, N(3), N(4000), N(room), cookie, N(16)), 0);
		used = le_get_u32(memory + 16);
		if (used < 24)
			break;
		found = found || (le_get_u32(memory + 4016) == 5 &&
				  memcmp(memory + 4024, "a.txt", 5) == 0);
		cookie = (int64_t)le_get_u64(memory + 4000);
	}
	ck_assert(found);
}
END_TEST

START_TEST(numbers_of_files_run_out_and_come_back)
{
	int opened = 0;

	make_files();
	while (open_path(3, "a.txt") == 0)
		opened++;
	ck_assert_int_eq(opened, GUEST_FILES_MAX - 5);
	ck_assert_int_eq(wasi("fd_close", 1, N(10)), 0);
	ck_assert_int_eq(open_path(3, "a.txt"), 0);
	ck_assert_uint_eq(le_get_u32(memory + 2000), 10);
}
END_TEST

START_TEST(waiting_ends_with_the_run)
{
	guest.deadline_us = clock_mono_us() + 20000;
	le_put(memory + 24, INT64_MAX, 8);
	ck_assert_int_eq(wasi("poll_oneoff", 4, N(0), N(100), N(1), N(200)), -1000);
	ck_assert_int_eq(guest.verdict, CHASSIS_VERDICT_OUT_OF_TIME);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guest");
	TCase *tcase = tcase_create("guest");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, input_comes_in_pieces);
	tcase_add_test(tcase, a_pointer_outside_ends_the_run);
	tcase_add_test(tcase, one_result_counts);
	tcase_add_test(tcase, a_long_result_is_a_bad_one);
	tcase_add_test(tcase, what_is_logged_beyond_the_limit_is_only_counted);
	tcase_add_test(tcase, a_request_without_a_grant_is_denied);
	tcase_add_test(tcase, a_seed_gives_the_same_bytes_in_pieces_of_any_size);
	tcase_add_test(tcase, a_clock_stands_still_when_the_contract_says_so);
	tcase_add_test(tcase, arguments_are_laid_out_as_a_libc_expects);
	tcase_add_test(tcase, a_command_reads_its_input_and_prints_its_result);
	tcase_add_test(tcase, a_piece_outside_is_a_fault);
	tcase_add_test(tcase, what_is_granted_can_be_read);
	tcase_add_test(tcase, what_is_not_granted_can_not);
	tcase_add_test(tcase, a_listing_comes_in_pieces_and_whole);
	tcase_add_test(tcase, numbers_of_files_run_out_and_come_back);
	tcase_add_test(tcase, waiting_ends_with_the_run);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
