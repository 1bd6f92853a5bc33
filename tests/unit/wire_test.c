/*
 * The messages between a supervisor and if-chassis: whole ones come back, and nothing else does.
 */
#include "sandbox/wire.h"

#include <check.h>

#include "base/le.h"

static struct arena arena;

static enum err cut(const struct buf *frame, size_t len, size_t tail_max, struct wire_frame *ret)
{
	size_t bytes = 0;
	enum err err = wire_cut(slice_head(buf_slice(frame), len), tail_max, ret, &bytes);

	if (err == OK && bytes == 0)
		ret->kind = WIRE_NONE;
	return err;
}

START_TEST(a_message_comes_back_whole)
{
	struct slice args[] = { SLICE("name"), SLICE(""), SLICE("third") };
	struct wire_task task = { .args = { args, 3 }, .has_egress = 1 }, read;
	struct wire_frame frame;
	struct buf out = { 0 };

	wire_add(&out, WIRE_TASK, &task, SLICE("input"));
	ck_assert_int_eq(cut(&out, out.len, 5, &frame), OK);
	ck_assert_int_eq(frame.kind, WIRE_TASK);
	ck_assert_int_eq(wire_read(&frame, WIRE_TASK, &arena, &read), OK);
	ck_assert_uint_eq(read.args.count, 3);
	ck_assert(slice_is_str(read.args.items[2], "third"));
	ck_assert_uint_eq(read.environment.count, 0);
	ck_assert_int_eq(read.has_egress, 1);
	ck_assert(slice_is_str(frame.tail, "input"));
	buf_finish(&out);
}
END_TEST

START_TEST(half_of_a_message_is_none_yet)
{
	struct wire_log log = { .level = 2 };
	struct wire_frame frame;
	struct buf out = { 0 };

	wire_add(&out, WIRE_LOG, &log, SLICE("text"));
	for (size_t len = 0; len < out.len; len++) {
		ck_assert_int_eq(cut(&out, len, 100, &frame), OK);
		ck_assert_int_eq(frame.kind, WIRE_NONE);
	}
	buf_finish(&out);
}
END_TEST

START_TEST(a_tail_that_is_too_long_is_refused_before_it_has_come)
{
	struct wire_log log = { .level = 2 };
	struct wire_frame frame;
	struct buf out = { 0 };

	wire_add(&out, WIRE_LOG, &log, SLICE("text"));
	ck_assert_int_eq(cut(&out, WIRE_HEAD_BYTES, 3, &frame), ERR_LIMIT_EXCEEDED);
	buf_finish(&out);
}
END_TEST

START_TEST(lengths_that_contradict_each_other_are_refused)
{
	struct wire_start start = { .number = 1 };
	struct wire_frame frame;
	struct buf out = { 0 };

	wire_add(&out, WIRE_START, &start, SLICE_EMPTY);
	le_put(out.ptr + 5, 1000, 4);
	ck_assert_int_eq(cut(&out, out.len, 100, &frame), ERR_ARGUMENT_TYPE);
	le_put(out.ptr, 3, 4);
	ck_assert_int_eq(cut(&out, out.len, 100, &frame), ERR_ARGUMENT_TYPE);
	le_put(out.ptr, UINT32_MAX, 4);
	le_put(out.ptr + 5, UINT32_MAX - 5, 4);
	ck_assert_int_eq(cut(&out, out.len, 100, &frame), ERR_LIMIT_EXCEEDED);
	out.ptr[4] = 99;
	ck_assert_int_eq(cut(&out, out.len, 100, &frame), ERR_ARGUMENT_TYPE);
	buf_finish(&out);
}
END_TEST

START_TEST(numbers_out_of_their_range_are_refused)
{
	struct wire_end end = { .verdict = CHASSIS_VERDICT_COUNT };
	struct wire_exited exited = { .number = 1, .exit_status = 256 };
	struct wire_frame frame;
	struct buf out = { 0 };

	wire_add(&out, WIRE_END, &end, SLICE_EMPTY);
	ck_assert_int_eq(cut(&out, out.len, 0, &frame), OK);
	ck_assert_int_eq(wire_read(&frame, WIRE_END, &arena, &end), ERR_ARGUMENT_RANGE);
	ck_assert_int_eq(wire_read(&frame, WIRE_LOG, &arena, &end), ERR_ARGUMENT_TYPE);
	buf_clear(&out);
	wire_add(&out, WIRE_EXITED, &exited, SLICE_EMPTY);
	ck_assert_int_eq(cut(&out, out.len, 0, &frame), OK);
	ck_assert_int_eq(wire_read(&frame, WIRE_EXITED, &arena, &exited), ERR_ARGUMENT_RANGE);
	buf_finish(&out);
}
END_TEST

static void finish(void)
{
	arena_finish(&arena);
}

int main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tcase = tcase_create("wire");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, finish);
	tcase_add_test(tcase, a_message_comes_back_whole);
	tcase_add_test(tcase, half_of_a_message_is_none_yet);
	tcase_add_test(tcase, a_tail_that_is_too_long_is_refused_before_it_has_come);
	tcase_add_test(tcase, lengths_that_contradict_each_other_are_refused);
	tcase_add_test(tcase, numbers_out_of_their_range_are_refused);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
