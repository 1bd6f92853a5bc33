/* What every bus promises, tried on each of them: see bus/bus.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <check.h>

#include "bus/bus.h"
#include "bus/fault.h"
#include "contract/bus_fixture.h"

#define CALL(name, ...) fixture.bus->ops->name(fixture.bus, __VA_ARGS__)

static struct bus_fixture fixture;
static struct buf detail;
static struct buf got;

/* Checks that fail leave the fixture to the end of their process. */
static void begin(int kind)
{
	bus_fixture_open(&fixture, (enum bus_kind)kind);
}

static void end(void)
{
	bus_fixture_close(&fixture);
	buf_finish(&detail);
	buf_finish(&got);
}

static enum err append_at(uint64_t expected, uint64_t epoch, const char *text)
{
	struct bus_append append = {
		.expected_last_seq = expected, .epoch = epoch, .record = slice_of_str(text),
	};

	return CALL(append, &append, &detail);
}

static struct bus_head head(void)
{
	struct bus_head head;

	ck_assert_int_eq(CALL(head, &head, &detail), OK);
	return head;
}

static void has(uint64_t first, uint64_t last, uint64_t epoch)
{
	struct bus_head now = head();

	ck_assert_uint_eq(now.first_seq, first);
	ck_assert_uint_eq(now.last_seq, last);
	ck_assert_uint_eq(now.epoch, epoch);
}

static void reads(uint64_t seq, const char *text)
{
	ck_assert_int_eq(CALL(read, seq, &got, &detail), OK);
	ck_assert_msg(slice_is_str(buf_slice(&got), text), "%s", buf_str(&got));
}

/* ---- records ---------------------------------------------------------------------------- */

START_TEST(an_empty_bus_has_no_record)
{
	begin(_i);
	has(1, 0, 0);
	ck_assert_int_eq(CALL(read, 1, &got, &detail), ERR_CURSOR_AHEAD);
	end();
}
END_TEST

START_TEST(what_was_appended_is_read_back)
{
	char every_byte[256];
	struct bus_append append = { .epoch = 1, .record = slice_of(every_byte, 256) };

	begin(_i);
	for (int i = 0; i < 256; i++)
		every_byte[i] = (char)i;
	ck_assert_int_eq(CALL(append, &append, &detail), OK);
	ck_assert_int_eq(append_at(1, 1, "two"), OK);
	has(1, 2, 1);
	ck_assert_int_eq(CALL(read, 1, &got, &detail), OK);
	ck_assert(slice_is(buf_slice(&got), append.record));
	reads(2, "two");
	end();
}
END_TEST

START_TEST(a_record_is_kept_only_behind_the_one_it_expects)
{
	begin(_i);
	ck_assert_int_eq(append_at(1, 1, "gap"), ERR_SEQ_CONFLICT);
	ck_assert_int_eq(append_at(0, 1, "one"), OK);
	ck_assert_int_eq(append_at(0, 1, "again"), ERR_SEQ_CONFLICT);
	ck_assert_int_eq(append_at(2, 1, "gap"), ERR_SEQ_CONFLICT);
	has(1, 1, 1);
	reads(1, "one");
	ck_assert_int_eq(append_at(1, 1, "two"), OK);
	has(1, 2, 1);
	end();
}
END_TEST

START_TEST(a_reign_that_is_over_appends_nothing)
{
	begin(_i);
	ck_assert_int_eq(append_at(0, 1, "one"), OK);
	ck_assert_int_eq(append_at(1, 3, "two"), OK);
	ck_assert_int_eq(append_at(2, 2, "zombie"), ERR_SEQ_CONFLICT);
	has(1, 2, 3);
	ck_assert_int_eq(append_at(2, 3, "three"), OK);
	has(1, 3, 3);
	end();
}
END_TEST

START_TEST(the_longest_record_is_kept)
{
	struct buf record = { 0 };
	struct bus_append append = { .epoch = 1 };

	begin(_i);
	buf_add_repeat(&record, 'x', fixture.bus->ops->record_bytes_max);
	append.record = buf_slice(&record);
	ck_assert_int_eq(CALL(append, &append, &detail), OK);
	ck_assert_int_eq(CALL(read, 1, &got, &detail), OK);
	ck_assert(slice_is(buf_slice(&got), append.record));
	buf_finish(&record);
	end();
}
END_TEST

START_TEST(records_outlive_the_process)
{
	begin(_i);
	ck_assert_int_eq(append_at(0, 1, "one"), OK);
	ck_assert_int_eq(append_at(1, 2, "two"), OK);
	if (bus_fixture_reopen(&fixture)) {
		has(1, 2, 2);
		reads(1, "one");
		ck_assert_int_eq(append_at(2, 2, "three"), OK);
		reads(3, "three");
	}
	end();
}
END_TEST

/* ---- scan ------------------------------------------------------------------------------- */

struct seen {
	uint64_t seqs[32];
	size_t count;
	size_t stop_after;	/* 0: never */
};

static enum err note_seq(void *context, uint64_t seq, struct slice record)
{
	struct seen *seen = context;

	ck_assert_uint_lt(seen->count, 32);
	ck_assert_uint_eq(record.len, 4);
	seen->seqs[seen->count++] = seq;
	return seen->count == seen->stop_after ? ERR_TIMEOUT : OK;
}

static void scans(uint64_t from, struct bus_limit limit, uint64_t first, uint64_t last)
{
	struct seen seen = { 0 };

	ck_assert_int_eq(CALL(scan, from, limit, note_seq, &seen, &detail), OK);
	ck_assert_uint_eq(seen.count, last + 1 - first);
	for (size_t i = 0; i < seen.count; i++)
		ck_assert_uint_eq(seen.seqs[i], first + i);
}

static void append_ten(void)
{
	for (uint64_t i = 0; i < 10; i++)
		ck_assert_int_eq(append_at(i, 1, "four"), OK);
}

START_TEST(a_scan_visits_in_order_and_keeps_its_limits)
{
	struct seen seen = { .stop_after = 3 };
	struct bus_limit all = { .records = UINT64_MAX, .bytes = SIZE_MAX };

	begin(_i);
	scans(1, all, 1, 0);
	append_ten();
	scans(1, all, 1, 10);
	scans(7, all, 7, 10);
	scans(11, all, 1, 0);
	scans(2, (struct bus_limit){ .records = 3, .bytes = SIZE_MAX }, 2, 4);
	scans(2, (struct bus_limit){ .records = 30, .bytes = 1 }, 2, 2);
	scans(2, (struct bus_limit){ .records = 30, .bytes = 8 }, 2, 3);
	scans(2, (struct bus_limit){ .records = 30, .bytes = 9 }, 2, 4);
	ck_assert_int_eq(CALL(scan, 1, all, note_seq, &seen, &detail), ERR_TIMEOUT);
	ck_assert_uint_eq(seen.count, 3);
	/* A scan that was stopped leaves nothing open. */
	ck_assert_int_eq(append_at(10, 1, "next"), OK);
	has(1, 11, 1);
	end();
}
END_TEST

/* ---- trim ------------------------------------------------------------------------------- */

START_TEST(trimming_removes_the_oldest_and_keeps_the_anchor)
{
	struct bus_limit all = { .records = 30, .bytes = 1000 };
	struct seen seen = { 0 };

	begin(_i);
	append_ten();
	ck_assert_int_eq(CALL(anchor, &got, &detail), OK);
	ck_assert_uint_eq(got.len, 0);
	ck_assert_int_eq(CALL(trim, 4, SLICE("anchor of 3"), &detail), OK);
	has(4, 10, 1);
	ck_assert_int_eq(CALL(read, 3, &got, &detail), ERR_CURSOR_TRIMMED);
	reads(4, "four");
	ck_assert_int_eq(CALL(scan, 3, all, note_seq, &seen, &detail), ERR_CURSOR_TRIMMED);
	ck_assert_uint_eq(seen.count, 0);
	scans(4, all, 4, 10);
	ck_assert_int_eq(CALL(trim, 10, SLICE("anchor of 9"), &detail), OK);
	has(10, 10, 1);
	bus_fixture_reopen(&fixture);
	if (fixture.kind == KIND_SQLITE || fixture.kind == KIND_FAULT_SQLITE)
		has(10, 10, 1);
	ck_assert_int_eq(CALL(anchor, &got, &detail), OK);
	ck_assert(slice_is_str(buf_slice(&got), "anchor of 9"));
	ck_assert_int_eq(append_at(10, 1, "next"), OK);
	has(10, 11, 1);
	end();
}
END_TEST

START_TEST(trimming_what_is_gone_changes_nothing)
{
	begin(_i);
	append_ten();
	ck_assert_int_eq(CALL(trim, 1, SLICE("nothing"), &detail), OK);
	has(1, 10, 1);
	ck_assert_int_eq(CALL(trim, 5, SLICE("anchor of 4"), &detail), OK);
	ck_assert_int_eq(CALL(trim, 3, SLICE("anchor of 2"), &detail), OK);
	has(5, 10, 1);
	ck_assert_int_eq(CALL(anchor, &got, &detail), OK);
	ck_assert(slice_is_str(buf_slice(&got), "anchor of 4"));
	end();
}
END_TEST

/* ---- snapshots -------------------------------------------------------------------------- */

static uint64_t snapshot_put(uint64_t seq, const char *first, const char *second)
{
	uint64_t id;

	ck_assert_int_eq(CALL(snapshot_begin, seq, &id, &detail), OK);
	ck_assert_int_eq(CALL(snapshot_add, id, slice_of_str(first), &detail), OK);
	ck_assert_int_eq(CALL(snapshot_add, id, slice_of_str(second), &detail), OK);
	return id;
}

static size_t snapshots(struct bus_snapshot list[BUS_SNAPSHOTS_KEPT])
{
	size_t count;

	ck_assert_int_eq(CALL(snapshot_list, list, &count, &detail), OK);
	return count;
}

static void snapshot_reads(uint64_t id, uint64_t index, const char *text)
{
	ck_assert_int_eq(CALL(snapshot_read, id, index, &got, &detail), OK);
	ck_assert_msg(slice_is_str(buf_slice(&got), text), "%s", buf_str(&got));
}

START_TEST(a_snapshot_is_seen_once_it_is_complete)
{
	struct bus_snapshot list[BUS_SNAPSHOTS_KEPT];
	uint64_t id;

	begin(_i);
	ck_assert_uint_eq(snapshots(list), 0);
	id = snapshot_put(7, "first", "second!");
	ck_assert_uint_eq(snapshots(list), 0);
	snapshot_reads(id, 1, "second!");
	ck_assert_int_eq(CALL(snapshot_commit, id, &detail), OK);
	bus_fixture_reopen(&fixture);
	ck_assert_uint_eq(snapshots(list), 1);
	ck_assert_uint_eq(list[0].id, id);
	ck_assert_uint_eq(list[0].seq, 7);
	ck_assert_uint_eq(list[0].chunk_count, 2);
	ck_assert_uint_eq(list[0].bytes, 12);
	snapshot_reads(id, 0, "first");
	snapshot_reads(id, 1, "second!");
	ck_assert_int_eq(CALL(snapshot_read, id, 2, &got, &detail), ERR_CURSOR_AHEAD);
	end();
}
END_TEST

START_TEST(an_unfinished_snapshot_is_forgotten)
{
	struct bus_snapshot list[BUS_SNAPSHOTS_KEPT];
	uint64_t lost, id;

	begin(_i);
	lost = snapshot_put(7, "a", "b");
	id = snapshot_put(8, "c", "d");
	ck_assert_int_eq(CALL(snapshot_add, lost, SLICE("e"), &detail), ERR_STORAGE_IO);
	ck_assert_int_eq(CALL(snapshot_commit, lost, &detail), ERR_STORAGE_IO);
	ck_assert_int_eq(CALL(recover, &detail), OK);
	ck_assert_int_eq(CALL(snapshot_commit, id, &detail), ERR_STORAGE_IO);
	ck_assert_uint_eq(snapshots(list), 0);
	id = snapshot_put(9, "f", "g");
	if (bus_fixture_reopen(&fixture))
		ck_assert_int_eq(CALL(snapshot_commit, id, &detail), ERR_STORAGE_IO);
	ck_assert_uint_eq(snapshots(list), 0);
	end();
}
END_TEST

START_TEST(the_two_newest_snapshots_are_listed_and_older_ones_dropped)
{
	struct bus_snapshot list[BUS_SNAPSHOTS_KEPT];
	uint64_t ids[3];

	begin(_i);
	for (int i = 0; i < 3; i++) {
		ids[i] = snapshot_put(5 + (uint64_t)i, "a", "b");
		ck_assert_int_eq(CALL(snapshot_commit, ids[i], &detail), OK);
	}
	ck_assert_uint_eq(snapshots(list), 2);
	ck_assert_uint_eq(list[0].id, ids[2]);
	ck_assert_uint_eq(list[1].id, ids[1]);
	ck_assert_int_eq(CALL(snapshot_drop, 7, &detail), OK);
	ck_assert_uint_eq(snapshots(list), 1);
	ck_assert_uint_eq(list[0].id, ids[2]);
	for (int i = 0; i < 3; i++)
		fixture.bus->ops->idle(fixture.bus);
	snapshot_reads(ids[2], 1, "b");
	ck_assert_int_eq(CALL(snapshot_read, ids[0], 0, &got, &detail), ERR_CURSOR_AHEAD);
	end();
}
END_TEST

START_TEST(a_snapshot_replaces_the_one_of_the_same_record)
{
	struct bus_snapshot list[BUS_SNAPSHOTS_KEPT];
	uint64_t first, second;

	begin(_i);
	first = snapshot_put(5, "a", "b");
	ck_assert_int_eq(CALL(snapshot_commit, first, &detail), OK);
	second = snapshot_put(5, "c", "d");
	ck_assert_uint_eq(snapshots(list), 1);
	ck_assert_uint_eq(list[0].id, first);
	ck_assert_int_eq(CALL(snapshot_commit, second, &detail), OK);
	ck_assert_uint_eq(snapshots(list), 1);
	ck_assert_uint_eq(list[0].id, second);
	snapshot_reads(second, 0, "c");
	end();
}
END_TEST

START_TEST(appends_go_between_the_chunks_of_a_snapshot)
{
	struct bus_snapshot list[BUS_SNAPSHOTS_KEPT];
	struct buf chunk = { 0 };
	uint64_t id;

	begin(_i);
	buf_add_repeat(&chunk, 'c', BUS_CHUNK_BYTES_MAX);
	ck_assert_int_eq(append_at(0, 1, "one"), OK);
	ck_assert_int_eq(CALL(snapshot_begin, 1, &id, &detail), OK);
	for (uint64_t i = 0; i < 30; i++) {
		ck_assert_int_eq(CALL(snapshot_add, id, buf_slice(&chunk), &detail), OK);
		ck_assert_int_eq(append_at(1 + i, 1, "more"), OK);
	}
	ck_assert_int_eq(CALL(snapshot_commit, id, &detail), OK);
	has(1, 31, 1);
	ck_assert_uint_eq(snapshots(list), 1);
	ck_assert_uint_eq(list[0].bytes, 30 * BUS_CHUNK_BYTES_MAX);
	ck_assert_int_eq(CALL(snapshot_read, id, 29, &got, &detail), OK);
	ck_assert(slice_is(buf_slice(&got), buf_slice(&chunk)));
	buf_finish(&chunk);
	end();
}
END_TEST

/* ---- doubt ------------------------------------------------------------------------------ */

START_TEST(recovery_changes_nothing_that_was_certain)
{
	begin(_i);
	ck_assert_int_eq(append_at(0, 1, "one"), OK);
	ck_assert_int_eq(CALL(recover, &detail), OK);
	has(1, 1, 1);
	reads(1, "one");
	ck_assert_int_eq(append_at(1, 1, "two"), OK);
	ck_assert_int_eq(CALL(recover, &detail), OK);
	has(1, 2, 1);
	end();
}
END_TEST

START_TEST(after_recovery_the_head_is_the_truth)
{
	static const struct {
		enum bus_fault fault;
		bool kept;
	} rows[] = {
		{ BUS_FAULT_LOST_ACK, true },
		{ BUS_FAULT_LATE_COMMIT, true },
		{ BUS_FAULT_LOST, false },
	};
	uint64_t last = 1;

	begin(_i);
	if (kind_has_faults(fixture.kind))
		ck_assert_int_eq(append_at(0, 1, "one"), OK);
	for (size_t i = 0; i < ARRAY_LEN(rows) && kind_has_faults(fixture.kind); i++) {
		bus_fault_next(fixture.bus, BUS_FAULT_AT_APPEND, rows[i].fault, 1);
		ck_assert_int_eq(append_at(last, 1, "doubt"), ERR_APPEND_AMBIGUOUS);
		ck_assert_int_eq(CALL(recover, &detail), OK);
		last += rows[i].kept;
		has(1, last, 1);
		/* Nothing comes later either. */
		ck_assert_int_eq(append_at(last++, 1, "sure"), OK);
		ck_assert_int_eq(CALL(recover, &detail), OK);
		has(1, last, 1);
		reads(last, "sure");
	}
	end();
}
END_TEST

START_TEST(an_append_that_arrives_late_never_replaces_another)
{
	begin(_i);
	if (kind_has_faults(fixture.kind)) {
		bus_fault_next(fixture.bus, BUS_FAULT_AT_APPEND, BUS_FAULT_LATE_COMMIT, 1);
		ck_assert_int_eq(append_at(0, 1, "late"), ERR_APPEND_AMBIGUOUS);
		/* Deciding again without recovery is refused when the first one was kept. */
		ck_assert_int_eq(append_at(0, 1, "blind"), ERR_SEQ_CONFLICT);
		reads(1, "late");
	}
	end();
}
END_TEST

START_TEST(what_is_refused_is_not_kept)
{
	begin(_i);
	if (kind_has_faults(fixture.kind)) {
		bus_fault_next(fixture.bus, BUS_FAULT_AT_APPEND, BUS_FAULT_FULL, 1);
		ck_assert_int_eq(append_at(0, 1, "full"), ERR_STORAGE_FULL);
		bus_fault_next(fixture.bus, BUS_FAULT_AT_APPEND, BUS_FAULT_IO, 1);
		ck_assert_int_eq(append_at(0, 1, "io"), ERR_STORAGE_IO);
		bus_fault_next(fixture.bus, BUS_FAULT_AT_APPEND, BUS_FAULT_WRONG_SEQ, 1);
		ck_assert_int_eq(append_at(0, 1, "wrong"), ERR_SEQ_CONFLICT);
		has(1, 0, 0);
		ck_assert_int_eq(append_at(0, 1, "one"), OK);
		has(1, 1, 1);
		ck_assert_uint_eq(bus_fault_struck(fixture.bus, BUS_FAULT_FULL), 1);
		ck_assert_uint_eq(bus_fault_struck(fixture.bus, BUS_FAULT_WRONG_SEQ), 1);
	}
	end();
}
END_TEST

/* ---- threads ---------------------------------------------------------------------------- */

#define THREAD_APPENDS 300

struct reader_thread {
	struct bus *bus;
	atomic_bool stop;
	uint64_t rounds;
	const char *complaint;
};

static enum err visit_in_order(void *context, uint64_t seq, struct slice record)
{
	uint64_t *last = context;
	uint64_t number;

	if (record.len != sizeof(number))
		return ERR_LEDGER_CORRUPT;
	memcpy(&number, record.ptr, sizeof(number));
	if (number != seq || seq != *last + 1)
		return ERR_LEDGER_CORRUPT;
	*last = seq;
	return OK;
}

/* Whatever the reader sees is a beginning of what was written, and never shrinks. */
static const char *read_round(struct bus *bus, uint64_t *last_seq)
{
	struct bus_limit limit = { .records = UINT64_MAX, .bytes = SIZE_MAX };
	struct bus_head head;
	uint64_t last = 0;

	if (bus->ops->head(bus, &head, NULL) != OK)
		return "head";
	if (head.last_seq < *last_seq)
		return "the head went back";
	*last_seq = head.last_seq;
	if (bus->ops->scan(bus, 1, limit, visit_in_order, &last, NULL) != OK)
		return "scan";
	return last < head.last_seq ? "a scan after the head saw less" : NULL;
}

static void *reader_run(void *context)
{
	struct reader_thread *thread = context;
	uint64_t last_seq = 0;

	/* At least one round, however late this thread comes to run. */
	do {
		thread->complaint = read_round(thread->bus, &last_seq);
		thread->rounds++;
	} while (!thread->complaint && !atomic_load(&thread->stop));
	return NULL;
}

START_TEST(another_thread_reads_while_the_writer_works)
{
	struct reader_thread thread = { 0 };
	pthread_t id;

	begin(_i);
	thread.bus = fixture.bus;
	ck_assert_int_eq(pthread_create(&id, NULL, reader_run, &thread), 0);
	for (uint64_t i = 0; i < THREAD_APPENDS; i++) {
		uint64_t number = i + 1;
		struct bus_append append = {
			.expected_last_seq = i, .epoch = 1, .record = slice_of(&number, 8),
		};

		ck_assert_int_eq(CALL(append, &append, &detail), OK);
		if (i % 100 == 50)
			ck_assert_int_eq(CALL(recover, &detail), OK);
		if (i % 10 == 0)
			fixture.bus->ops->idle(fixture.bus);
	}
	atomic_store(&thread.stop, true);
	ck_assert_int_eq(pthread_join(id, NULL), 0);
	ck_assert_msg(!thread.complaint, "%s", thread.complaint);
	ck_assert_uint_gt(thread.rounds, 0);
	end();
}
END_TEST

START_TEST(a_bus_describes_itself)
{
	begin(_i);
	fixture.bus->ops->describe(fixture.bus, &got);
	ck_assert(slice_starts(buf_slice(&got), SLICE("engine=")));
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus contract");
	TCase *tcase = tcase_create("every bus");
	const TTest *tests[] = {
		an_empty_bus_has_no_record,
		what_was_appended_is_read_back,
		a_record_is_kept_only_behind_the_one_it_expects,
		a_reign_that_is_over_appends_nothing,
		the_longest_record_is_kept,
		records_outlive_the_process,
		a_scan_visits_in_order_and_keeps_its_limits,
		trimming_removes_the_oldest_and_keeps_the_anchor,
		trimming_what_is_gone_changes_nothing,
		a_snapshot_is_seen_once_it_is_complete,
		an_unfinished_snapshot_is_forgotten,
		the_two_newest_snapshots_are_listed_and_older_ones_dropped,
		a_snapshot_replaces_the_one_of_the_same_record,
		appends_go_between_the_chunks_of_a_snapshot,
		recovery_changes_nothing_that_was_certain,
		after_recovery_the_head_is_the_truth,
		an_append_that_arrives_late_never_replaces_another,
		what_is_refused_is_not_kept,
		another_thread_reads_while_the_writer_works,
		a_bus_describes_itself,
	};
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_loop_test(tcase, tests[i], 0, KIND_COUNT);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
