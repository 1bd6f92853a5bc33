#include "witness/snapshot.h"

#include <stdlib.h>

#include <check.h>

#include "bus/fault.h"
#include "contract/bus_fixture.h"
#include "unit/witness_kit.h"

static struct bus_fixture fixture;
static struct bus *bus;
static struct ledger ledger;
static struct buf detail;
static struct buf state;

static void begin(int kind)
{
	bus_fixture_open(&fixture, (enum bus_kind)kind);
	bus = fixture.bus;
	ck_assert_int_eq(ledger_open(&ledger, bus, NULL), OK);
	ledger_begin_reign(&ledger);
}

static void end(void)
{
	ledger_close(&ledger);
	bus_fixture_close(&fixture);
	buf_finish(&detail);
	buf_finish(&state);
}

/* As after the end of the process, where the bus outlives it. */
static void restart(void)
{
	ledger_close(&ledger);
	bus_fixture_reopen(&fixture);
	bus = fixture.bus;
	ck_assert_msg(ledger_open(&ledger, bus, &detail) == OK, "%s", buf_str(&detail));
	ledger_begin_reign(&ledger);
}

/* Some state that is different for every length and place. */
static void state_make(size_t len)
{
	buf_clear(&state);
	for (size_t i = 0; i < len; i++)
		buf_add_byte(&state, (char)((i * 2654435761u) >> 13));
}

static enum err compare_all(struct snapshot_writer *writer, uint64_t chunks_max)
{
	bool done = false;
	enum err err = OK;

	while (err == OK && !done)
		err = snapshot_compare_step(writer, chunks_max, &done, &detail);
	return err;
}

/* The state in pieces of `piece` bytes. */
static enum err write_pieces(struct snapshot_writer *writer, size_t piece)
{
	struct slice rest = buf_slice(&state);
	enum err err = snapshot_begin(writer, bus, &ledger.head, &detail);

	while (err == OK && rest.len > 0) {
		err = snapshot_add(writer, slice_head(rest, piece), &detail);
		rest = slice_from(rest, slice_head(rest, piece).len);
	}
	if (err == OK)
		err = snapshot_seal(writer, &detail);
	return err;
}

static enum err write_all(size_t piece)
{
	struct snapshot_writer writer;
	enum err err = write_pieces(&writer, piece);

	if (err == OK)
		err = compare_all(&writer, 1);
	if (err == OK)
		err = snapshot_commit(&writer, &detail);
	snapshot_finish(&writer);
	return err;
}

static enum err collect(void *context, struct slice part)
{
	buf_add_slice(context, part);
	return OK;
}

static void loads(uint64_t below_seq, uint64_t seq)
{
	struct snapshot_found found;
	struct buf read = { 0 };
	bool any = false;

	buf_clear(&detail);
	ck_assert_msg(snapshot_find(bus, below_seq, &any, &found, &detail) == OK, "%s",
		      buf_str(&detail));
	ck_assert(any);
	ck_assert_uint_eq(found.chain.seq, seq);
	ck_assert_uint_eq(found.state_bytes, state.len);
	ck_assert_int_eq(snapshot_read_state(bus, &found, collect, &read, &detail), OK);
	ck_assert(slice_is(buf_slice(&read), buf_slice(&state)));
	buf_finish(&read);
}

START_TEST(a_state_of_any_length_comes_back)
{
	static const size_t lengths[] = {
		0, 1, BUS_CHUNK_BYTES_MAX - 112, BUS_CHUNK_BYTES_MAX - 111,
		BUS_CHUNK_BYTES_MAX - 72, BUS_CHUNK_BYTES_MAX - 71, BUS_CHUNK_BYTES_MAX,
		3 * BUS_CHUNK_BYTES_MAX - 100, 1000000,
	};

	begin(_i);
	kit_fill(&ledger, 1);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		kit_fill(&ledger, 1);
		state_make(lengths[i]);
		ck_assert_int_eq(write_all(i % 2 ? 4096 : 300000), OK);
		loads(UINT64_MAX, ledger.head.seq);
	}
	restart();
	loads(UINT64_MAX, ledger.head.seq);
	end();
}
END_TEST

START_TEST(without_a_snapshot_there_is_none)
{
	struct snapshot_found found;
	bool any = true;

	begin(_i);
	kit_fill(&ledger, 3);
	ck_assert_int_eq(snapshot_find(bus, UINT64_MAX, &any, &found, &detail), OK);
	ck_assert(!any);
	end();
}
END_TEST

START_TEST(appends_go_between_the_steps_and_the_state_stays_that_of_its_record)
{
	struct snapshot_writer writer;
	uint64_t seq;

	begin(_i);
	kit_fill(&ledger, 3);
	seq = ledger.head.seq;
	state_make(600000);
	ck_assert_int_eq(snapshot_begin(&writer, bus, &ledger.head, &detail), OK);
	for (size_t at = 0; at < state.len; at += 60000) {
		kit_fill(&ledger, 1);
		ck_assert_int_eq(snapshot_add(&writer, slice_of(state.ptr + at, 60000), &detail),
				 OK);
	}
	ck_assert_int_eq(snapshot_seal(&writer, &detail), OK);
	kit_fill(&ledger, 1);
	ck_assert_int_eq(compare_all(&writer, 1), OK);
	ck_assert_int_eq(snapshot_commit(&writer, &detail), OK);
	snapshot_finish(&writer);
	loads(UINT64_MAX, seq);
	end();
}
END_TEST

START_TEST(two_are_kept_and_the_older_one_can_be_asked_for)
{
	begin(_i);
	state_make(1000);
	for (int i = 0; i < 4; i++) {
		kit_fill(&ledger, 2);
		ck_assert_int_eq(write_all(100), OK);
	}
	loads(UINT64_MAX, 8);
	loads(8, 6);
	{
		struct snapshot_found found;
		bool any = true;

		ck_assert_int_eq(snapshot_find(bus, 6, &any, &found, &detail), OK);
		ck_assert(!any);
	}
	end();
}
END_TEST

START_TEST(a_damaged_snapshot_is_passed_over)
{
	struct snapshot_found found;
	bool any = false;

	begin(KIND_FAULT_MEMORY);
	state_make(1000);
	kit_fill(&ledger, 2);
	ck_assert_int_eq(write_all(100), OK);
	kit_fill(&ledger, 2);
	ck_assert_int_eq(write_all(100), OK);
	/* Wherever the bit is: the list is the first read, the newest one's chunk the second. */
	for (int i = 0; i < 2000; i++) {
		bus_fault_next(bus, BUS_FAULT_AT_READ, BUS_FAULT_DIFFERS, 2);
		buf_clear(&detail);
		ck_assert_int_eq(snapshot_find(bus, UINT64_MAX, &any, &found, &detail), OK);
		ck_assert(any);
		ck_assert_uint_eq(found.chain.seq, 2);
		ck_assert_int_ge(slice_find(buf_slice(&detail), SLICE("record 4 is damaged")), 0);
	}
	end();
}
END_TEST

static enum err drop_piece(void *context, struct slice piece)
{
	(void)context;
	(void)piece;
	return OK;
}

/* Found by the simulator: it was checked when it was found, and read once more to be loaded. */
START_TEST(what_reads_otherwise_the_second_time_is_not_loaded)
{
	struct snapshot_found found;
	bool any = false;

	begin(KIND_FAULT_MEMORY);
	state_make(1000);
	kit_fill(&ledger, 2);
	ck_assert_int_eq(write_all(100), OK);
	ck_assert_int_eq(snapshot_find(bus, UINT64_MAX, &any, &found, &detail), OK);
	ck_assert(any);
	ck_assert_int_eq(snapshot_read_state(bus, &found, drop_piece, NULL, &detail), OK);
	for (int i = 0; i < 2000; i++) {
		bus_fault_next(bus, BUS_FAULT_AT_READ, BUS_FAULT_DIFFERS, 1);
		ck_assert_int_eq(snapshot_read_state(bus, &found, drop_piece, NULL, NULL),
				 ERR_LEDGER_CORRUPT);
	}
	end();
}
END_TEST

START_TEST(what_reads_back_as_something_else_is_not_committed)
{
	struct snapshot_writer writer;
	struct snapshot_found found;
	bool any = true;

	begin(KIND_FAULT_MEMORY);
	state_make(1000);
	kit_fill(&ledger, 2);
	ck_assert_int_eq(write_pieces(&writer, 100), OK);
	bus_fault_next(bus, BUS_FAULT_AT_READ, BUS_FAULT_DIFFERS, 1);
	ck_assert_int_eq(compare_all(&writer, 1), ERR_STORAGE_IO);
	snapshot_finish(&writer);
	ck_assert_int_eq(snapshot_find(bus, UINT64_MAX, &any, &found, &detail), OK);
	ck_assert(!any);
	end();
}
END_TEST

START_TEST(a_disk_that_is_full_spoils_only_the_snapshot)
{
	begin(_i);
	state_make(600000);
	kit_fill(&ledger, 2);
	for (uint64_t i = 0; i < 3; i++) {
		struct snapshot_writer writer;

		bus_fault_next(bus, BUS_FAULT_AT_SNAPSHOT, BUS_FAULT_FULL, 1);
		ck_assert_int_eq(write_pieces(&writer, 1000), ERR_STORAGE_FULL);
		snapshot_finish(&writer);
		kit_fill(&ledger, 1);
	}
	ck_assert_int_eq(write_all(1000), OK);
	loads(UINT64_MAX, 5);
	end();
}
END_TEST

/* ---- trimming --------------------------------------------------------------------------- */

static uint64_t first_seq(void)
{
	struct bus_head head;

	ck_assert_int_eq(bus->ops->head(bus, &head, NULL), OK);
	return head.first_seq;
}

static void trim_all(uint64_t before_seq)
{
	bool more = true;

	for (int i = 0; i < 100 && more; i++)
		ck_assert_int_eq(ledger_trim(&ledger, before_seq, 3, &more, &detail), OK);
	ck_assert(!more);
}

START_TEST(nothing_is_trimmed_that_the_older_snapshot_does_not_hold)
{
	struct finding finding;

	begin(_i);
	state_make(1000);
	kit_fill(&ledger, 10);
	trim_all(8);
	ck_assert_uint_eq(first_seq(), 1);
	ck_assert_int_eq(write_all(100), OK);
	trim_all(8);
	ck_assert_uint_eq(first_seq(), 1);
	kit_fill(&ledger, 10);
	ck_assert_int_eq(write_all(100), OK);
	trim_all(8);
	ck_assert_uint_eq(first_seq(), 8);
	trim_all(UINT64_MAX);
	ck_assert_uint_eq(first_seq(), 11);
	ck_assert_int_eq(kit_verify(bus, &ledger.head.hash, &finding), OK);
	loads(UINT64_MAX, 20);
	loads(20, 10);
	end();
}
END_TEST

START_TEST(a_trimmed_ledger_opens_grows_and_verifies)
{
	struct finding finding;
	struct ledger_reader reader;
	struct hash trimmed_head;

	begin(_i);
	state_make(10);
	kit_fill(&ledger, 4);
	trimmed_head = ledger.head.hash;
	ck_assert_int_eq(write_all(100), OK);
	/* The second snapshot is of the last record, which therefore stays. */
	kit_fill(&ledger, 1);
	ck_assert_int_eq(write_all(100), OK);
	trim_all(UINT64_MAX);
	ck_assert_uint_eq(first_seq(), 5);
	restart();
	ck_assert_uint_eq(ledger.head.seq, 5);
	kit_fill(&ledger, 5);
	ck_assert_int_eq(kit_verify(bus, &ledger.head.hash, &finding), OK);
	ck_assert_int_eq(kit_verify(bus, &trimmed_head, &finding), OK);
	ck_assert_int_eq(ledger_reader_begin(&reader, bus, 4, NULL), ERR_CURSOR_TRIMMED);
	ck_assert_int_eq(ledger_reader_begin(&reader, bus, 5, NULL), OK);
	ck_assert_uint_eq(reader.chain.seq, 4);
	end();
}
END_TEST

START_TEST(events_that_were_trimmed_are_said_to_be)
{
	uint64_t seq;

	begin(_i);
	state_make(10);
	kit_fill(&ledger, 4);
	ck_assert_int_eq(write_all(100), OK);
	kit_fill(&ledger, 4);
	ck_assert_int_eq(write_all(100), OK);
	trim_all(UINT64_MAX);
	ck_assert_int_eq(ledger_find_event(bus, 1, &seq, NULL), ERR_CURSOR_TRIMMED);
	ck_assert_int_eq(ledger_find_event(bus, ledger.head.next_event - 1, &seq, NULL), OK);
	ck_assert_uint_eq(seq, 8);
	end();
}
END_TEST

START_TEST(what_does_not_verify_is_not_trimmed)
{
	bool more;

	begin(KIND_FAULT_MEMORY);
	state_make(10);
	kit_fill(&ledger, 4);
	ck_assert_int_eq(write_all(100), OK);
	kit_fill(&ledger, 4);
	ck_assert_int_eq(write_all(100), OK);
	/* Reads: head, snapshot list, head, and then the scan. */
	bus_fault_next(bus, BUS_FAULT_AT_READ, BUS_FAULT_DIFFERS, 4);
	ck_assert_int_ne(ledger_trim(&ledger, 4, 100, &more, &detail), OK);
	ck_assert_uint_eq(first_seq(), 1);
	bus_fault_next(bus, BUS_FAULT_AT_TRIM, BUS_FAULT_IO, 1);
	ck_assert_int_eq(ledger_trim(&ledger, 4, 100, &more, &detail), ERR_STORAGE_IO);
	ck_assert_uint_eq(first_seq(), 1);
	end();
}
END_TEST

START_TEST(a_trimmed_ledger_without_a_whole_snapshot_does_not_start)
{
	struct snapshot_found found;
	bool any;

	begin(KIND_FAULT_MEMORY);
	state_make(10);
	kit_fill(&ledger, 4);
	ck_assert_int_eq(write_all(100), OK);
	kit_fill(&ledger, 4);
	ck_assert_int_eq(write_all(100), OK);
	trim_all(3);
	/* Reads: the list, and one chunk of each. */
	bus_fault_next(bus, BUS_FAULT_AT_READ, BUS_FAULT_DIFFERS, 3);
	ck_assert_int_eq(snapshot_find(bus, UINT64_MAX, &any, &found, &detail),
			 ERR_LEDGER_CORRUPT);
	ck_assert_int_eq(snapshot_find(bus, UINT64_MAX, &any, &found, &detail), OK);
	ck_assert(any);
	end();
}
END_TEST

/* ---- what a snapshot knows about its ledger ----------------------------------------------- */

/* A bus with the first `count` records of this one and its newest snapshot. */
static struct bus *bus_without_the_rest(size_t count)
{
	struct slice items[32];
	size_t all = kit_copy(bus, items, 32);
	struct bus *copy = kit_bus_of(items, count, 1);
	struct bus_snapshot list[BUS_SNAPSHOTS_KEPT];
	struct buf chunk = { 0 };
	size_t snapshots;
	uint64_t id;

	ck_assert_int_eq(bus->ops->snapshot_list(bus, list, &snapshots, NULL), OK);
	ck_assert_uint_ge(snapshots, 1);
	ck_assert_int_eq(copy->ops->snapshot_begin(copy, list[0].seq, &id, NULL), OK);
	for (uint64_t i = 0; i < list[0].chunk_count; i++) {
		ck_assert_int_eq(bus->ops->snapshot_read(bus, list[0].id, i, &chunk, NULL), OK);
		ck_assert_int_eq(copy->ops->snapshot_add(copy, id, buf_slice(&chunk), NULL), OK);
	}
	ck_assert_int_eq(copy->ops->snapshot_commit(copy, id, NULL), OK);
	buf_finish(&chunk);
	for (size_t i = 0; i < all; i++)
		free((void *)(uintptr_t)items[i].ptr);
	return copy;
}

START_TEST(a_snapshot_convicts_a_shortened_ledger)
{
	struct snapshot_found found;
	struct bus *copy;
	bool any;

	begin(KIND_MEMORY);
	state_make(100);
	kit_fill(&ledger, 8);
	ck_assert_int_eq(write_all(100), OK);
	copy = bus_without_the_rest(8);
	ck_assert_int_eq(snapshot_find(copy, UINT64_MAX, &any, &found, &detail), OK);
	bus_close(copy);
	copy = bus_without_the_rest(7);
	ck_assert_int_eq(snapshot_find(copy, UINT64_MAX, &any, &found, &detail),
			 ERR_LEDGER_CORRUPT);
	bus_close(copy);
	ck_assert_int_ge(slice_find(buf_slice(&detail), SLICE("shortened")), 0);
	end();
}
END_TEST

START_TEST(a_snapshot_convicts_a_ledger_that_was_written_anew)
{
	struct snapshot_found found;
	struct ledger other;
	struct bus *copy;
	bool any;

	begin(KIND_MEMORY);
	state_make(100);
	kit_fill(&ledger, 8);
	ck_assert_int_eq(write_all(100), OK);
	copy = bus_without_the_rest(7);
	ck_assert_int_eq(ledger_open(&other, copy, NULL), OK);
	ledger_begin_reign(&other);
	ck_assert_int_eq(kit_append(&other, "another story", NULL), OK);
	ck_assert_int_eq(snapshot_find(copy, UINT64_MAX, &any, &found, &detail),
			 ERR_LEDGER_CORRUPT);
	ledger_close(&other);
	bus_close(copy);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("snapshot");
	TCase *tcase = tcase_create("snapshot");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, a_state_of_any_length_comes_back, 0, KIND_COUNT);
	tcase_add_loop_test(tcase, without_a_snapshot_there_is_none, 0, KIND_COUNT);
	tcase_add_loop_test(tcase,
			    appends_go_between_the_steps_and_the_state_stays_that_of_its_record, 0,
			    KIND_COUNT);
	tcase_add_loop_test(tcase, two_are_kept_and_the_older_one_can_be_asked_for, 0, KIND_COUNT);
	tcase_add_test(tcase, a_damaged_snapshot_is_passed_over);
	tcase_add_test(tcase, what_reads_back_as_something_else_is_not_committed);
	tcase_add_test(tcase, what_reads_otherwise_the_second_time_is_not_loaded);
	tcase_add_loop_test(tcase, a_disk_that_is_full_spoils_only_the_snapshot, KIND_FAULT_MEMORY,
			    KIND_COUNT);
	tcase_add_loop_test(tcase, nothing_is_trimmed_that_the_older_snapshot_does_not_hold, 0,
			    KIND_COUNT);
	tcase_add_loop_test(tcase, a_trimmed_ledger_opens_grows_and_verifies, 0, KIND_COUNT);
	tcase_add_loop_test(tcase, events_that_were_trimmed_are_said_to_be, 0, KIND_COUNT);
	tcase_add_test(tcase, what_does_not_verify_is_not_trimmed);
	tcase_add_test(tcase, a_trimmed_ledger_without_a_whole_snapshot_does_not_start);
	tcase_add_test(tcase, a_snapshot_convicts_a_shortened_ledger);
	tcase_add_test(tcase, a_snapshot_convicts_a_ledger_that_was_written_anew);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
