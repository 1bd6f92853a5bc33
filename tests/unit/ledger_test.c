#include "witness/ledger.h"

#include <stdlib.h>

#include <check.h>

#include "base/alloc.h"
#include "bus/fault.h"
#include "bus/memory.h"
#include "unit/witness_kit.h"
#include "witness/snapshot.h"

static struct bus *bus;
static struct ledger ledger;
static struct finding finding;
static struct buf detail;

static void begin(void)
{
	bus = bus_fault_create(bus_memory_create(), NULL);
	ck_assert_int_eq(ledger_open(&ledger, bus, &detail), OK);
	ledger_begin_reign(&ledger);
}

static void end(void)
{
	ledger_close(&ledger);
	bus_close(bus);
	buf_finish(&detail);
}

static void open_again(void)
{
	ledger_close(&ledger);
	ck_assert_msg(ledger_open(&ledger, bus, &detail) == OK, "%s", buf_str(&detail));
}

static void next_append_gets(enum bus_fault fault)
{
	bus_fault_next(bus, BUS_FAULT_AT_APPEND, fault, 1);
}

static void is_whole(uint64_t last_seq)
{
	struct bus_head head;

	ck_assert_int_eq(bus->ops->head(bus, &head, NULL), OK);
	ck_assert_uint_eq(head.last_seq, last_seq);
	ck_assert_uint_eq(ledger.head.seq, last_seq);
	ck_assert_int_eq(kit_verify(bus, &ledger.head.hash, &finding), OK);
}

/* ---- appending -------------------------------------------------------------------------- */

START_TEST(record_1_follows_from_zeros)
{
	struct buf bytes = { 0 };
	struct record record;
	struct hash zeros = { { 0 } };

	ck_assert_int_eq(kit_append(&ledger, "first", NULL), OK);
	ck_assert_int_eq(bus->ops->read(bus, 1, &bytes, NULL), OK);
	ck_assert(record_decode(buf_slice(&bytes), &record, &finding));
	ck_assert_uint_eq(record.seq, 1);
	ck_assert_uint_eq(record.epoch, 1);
	ck_assert_uint_eq(record.first_event, 1);
	ck_assert(hash_is(&record.previous, &zeros));
	ck_assert(hash_is(&record.own, &ledger.head.hash));
	buf_finish(&bytes);
}
END_TEST

START_TEST(a_new_reign_has_the_next_epoch_and_goes_on_from_the_head)
{
	struct chain before;

	kit_fill(&ledger, 5);
	before = ledger.head;
	open_again();
	ck_assert(hash_is(&ledger.head.hash, &before.hash));
	ck_assert_uint_eq(ledger.head.next_event, before.next_event);
	ledger_begin_reign(&ledger);
	ck_assert_uint_eq(ledger.epoch, 2);
	kit_fill(&ledger, 2);
	ck_assert_uint_eq(ledger.head.epoch, 2);
	is_whole(7);
}
END_TEST

START_TEST(a_leader_whose_reign_is_over_is_refused)
{
	struct ledger zombie;

	kit_fill(&ledger, 2);
	ck_assert_int_eq(ledger_open(&zombie, bus, NULL), OK);
	ledger_begin_reign(&zombie);
	ck_assert_uint_eq(zombie.epoch, 2);
	ck_assert_int_eq(kit_append(&zombie, "new leader", NULL), OK);
	ck_assert_int_eq(kit_append(&ledger, "old leader", NULL), ERR_SEQ_CONFLICT);
	/* Even with a fresh head, as after waking up, the old epoch is refused. */
	ledger.head = zombie.head;
	ck_assert_int_eq(kit_append(&ledger, "old leader", NULL), ERR_SEQ_CONFLICT);
	ledger_close(&zombie);
	is_whole(3);
}
END_TEST

START_TEST(a_body_that_is_too_long_is_refused)
{
	struct ledger_entry entry = { .at_us = 1, .event_count = 1 };
	struct buf body = { 0 };

	buf_add_repeat(&body, 'x', ledger_body_bytes_max(&ledger) + 1);
	entry.body = buf_slice(&body);
	ck_assert_int_eq(ledger_append(&ledger, &entry, &detail), ERR_LIMIT_EXCEEDED);
	is_whole(0);
	entry.body.len--;
	ck_assert_int_eq(ledger_append(&ledger, &entry, &detail), OK);
	is_whole(1);
	buf_finish(&body);
}
END_TEST

START_TEST(a_lost_acknowledgement_is_found_out)
{
	kit_fill(&ledger, 2);
	next_append_gets(BUS_FAULT_LOST_ACK);
	ck_assert_int_eq(kit_append(&ledger, "kept", &detail), OK);
	is_whole(3);
	next_append_gets(BUS_FAULT_LATE_COMMIT);
	ck_assert_int_eq(kit_append(&ledger, "kept late", &detail), OK);
	is_whole(4);
}
END_TEST

START_TEST(an_append_that_was_lost_is_not_sent_again)
{
	kit_fill(&ledger, 2);
	next_append_gets(BUS_FAULT_LOST);
	ck_assert_int_eq(kit_append(&ledger, "lost", &detail), ERR_STORAGE_IO);
	is_whole(2);
	ck_assert_int_eq(kit_append(&ledger, "next", &detail), OK);
	is_whole(3);
}
END_TEST

START_TEST(a_refused_append_may_be_tried_again)
{
	next_append_gets(BUS_FAULT_FULL);
	ck_assert_int_eq(kit_append(&ledger, "a", &detail), ERR_STORAGE_FULL);
	next_append_gets(BUS_FAULT_IO);
	ck_assert_int_eq(kit_append(&ledger, "a", &detail), ERR_STORAGE_IO);
	ck_assert_int_eq(kit_append(&ledger, "a", &detail), OK);
	is_whole(1);
}
END_TEST

START_TEST(a_doubt_stays_until_it_is_resolved)
{
	static const struct {
		enum bus_fault fault;
		bool kept;
	} rows[] = { { BUS_FAULT_LOST_ACK, true }, { BUS_FAULT_LOST, false } };
	uint64_t last = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool kept = !rows[i].kept;

		next_append_gets(rows[i].fault);
		bus_fault_next(bus, BUS_FAULT_AT_RECOVER, BUS_FAULT_IO, 2);
		ck_assert_int_eq(kit_append(&ledger, "doubt", &detail), ERR_APPEND_AMBIGUOUS);
		ck_assert_int_eq(kit_append(&ledger, "blind", &detail), ERR_APPEND_AMBIGUOUS);
		ck_assert_int_eq(ledger_resolve(&ledger, &kept, &detail), ERR_STORAGE_IO);
		ck_assert_int_eq(ledger_resolve(&ledger, &kept, &detail), OK);
		ck_assert(kept == rows[i].kept);
		last += kept;
		is_whole(last);
		ck_assert_int_eq(kit_append(&ledger, "sure", &detail), OK);
		is_whole(++last);
	}
}
END_TEST

START_TEST(a_record_of_somebody_else_in_the_doubtful_place_is_a_conflict)
{
	struct ledger other;
	bool kept;

	kit_fill(&ledger, 1);
	ck_assert_int_eq(ledger_open(&other, bus, NULL), OK);
	ledger_begin_reign(&other);
	next_append_gets(BUS_FAULT_LOST);
	bus_fault_next(bus, BUS_FAULT_AT_RECOVER, BUS_FAULT_IO, 1);
	ck_assert_int_eq(kit_append(&ledger, "mine", &detail), ERR_APPEND_AMBIGUOUS);
	ck_assert_int_eq(kit_append(&other, "theirs", &detail), OK);
	ck_assert_int_eq(ledger_resolve(&ledger, &kept, &detail), ERR_SEQ_CONFLICT);
	ledger_close(&other);
	open_again();
	is_whole(2);
}
END_TEST

/* Whatever happens, exactly what was answered OK is there, in order. */
START_TEST(under_a_storm_of_faults_the_answers_are_true)
{
	struct bus_fault_plan plan = { .seed = (uint64_t)_i };
	uint64_t told_ok = 0, refused = 0;

	end();
	plan.ppm[BUS_FAULT_AT_APPEND][BUS_FAULT_LOST_ACK] = 80000;
	plan.ppm[BUS_FAULT_AT_APPEND][BUS_FAULT_LATE_COMMIT] = 80000;
	plan.ppm[BUS_FAULT_AT_APPEND][BUS_FAULT_LOST] = 80000;
	plan.ppm[BUS_FAULT_AT_APPEND][BUS_FAULT_FULL] = 80000;
	plan.ppm[BUS_FAULT_AT_APPEND][BUS_FAULT_IO] = 80000;
	plan.ppm[BUS_FAULT_AT_RECOVER][BUS_FAULT_IO] = 300000;
	plan.ppm[BUS_FAULT_AT_READ][BUS_FAULT_IO] = 100000;
	plan.ppm[BUS_FAULT_AT_READ][BUS_FAULT_DIFFERS] = 50000;
	bus = bus_fault_create(bus_memory_create(), &plan);
	bus_fault_pause(bus, true);
	ck_assert_int_eq(ledger_open(&ledger, bus, NULL), OK);
	bus_fault_pause(bus, false);
	ledger_begin_reign(&ledger);
	for (int i = 0; i < 500; i++) {
		enum err err = kit_append(&ledger, "storm", NULL);
		bool kept = false;

		for (int tries = 0; tries < 100 && ledger.in_doubt; tries++)
			err = ledger_resolve(&ledger, &kept, NULL);
		ck_assert(!ledger.in_doubt);
		if (err == OK && ledger.head.seq == told_ok + 1)
			told_ok++;
		else
			refused++;
		ck_assert_uint_eq(ledger.head.seq, told_ok);
	}
	bus_fault_pause(bus, true);
	is_whole(told_ok);
	ck_assert_uint_gt(told_ok, 100);
	ck_assert_uint_gt(refused, 50);
}
END_TEST

/* ---- opening ---------------------------------------------------------------------------- */

static struct bus *tampered(size_t shorten, size_t at, size_t byte)
{
	struct slice items[16];
	size_t count = kit_copy(bus, items, 16);
	struct bus *copy;

	if (at < count)
		((char *)(uintptr_t)items[at].ptr)[byte] ^= 1;
	copy = kit_bus_of(items, count - shorten, ledger.epoch);
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)items[i].ptr);
	return copy;
}

START_TEST(a_damaged_last_record_is_noticed_on_opening)
{
	struct ledger opened;
	struct bus *copy;

	kit_fill(&ledger, 4);
	copy = tampered(0, 3, 90);
	ck_assert_int_eq(ledger_open(&opened, copy, &detail), ERR_LEDGER_CORRUPT);
	ck_assert(slice_starts(buf_slice(&detail), SLICE("record 4 was changed")));
	bus_close(copy);
	/* The one before it cannot vouch for it either. */
	copy = tampered(0, 2, 90);
	ck_assert_int_eq(ledger_open(&opened, copy, &detail), ERR_LEDGER_CORRUPT);
	bus_close(copy);
}
END_TEST

START_TEST(an_epoch_that_only_the_bus_names_is_noticed_on_opening)
{
	struct slice items[4];
	size_t count;
	struct ledger opened;
	struct bus *copy;

	kit_fill(&ledger, 3);
	count = kit_copy(bus, items, 4);
	copy = kit_bus_of(items, count, 9);
	ck_assert_int_eq(ledger_open(&opened, copy, &detail), ERR_LEDGER_CORRUPT);
	bus_close(copy);
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)items[i].ptr);
}
END_TEST

START_TEST(a_record_of_a_newer_version_is_not_called_corrupt)
{
	struct ledger opened;
	struct bus *copy;

	kit_fill(&ledger, 2);
	copy = tampered(0, 1, 4);
	ck_assert_int_eq(ledger_open(&opened, copy, &detail), ERR_LEDGER_TOO_NEW);
	bus_close(copy);
}
END_TEST

/* ---- reading ---------------------------------------------------------------------------- */

struct seen {
	uint64_t first;
	uint64_t count;
	uint64_t stop_after;
};

static enum err note(void *context, const struct record *record)
{
	struct seen *seen = context;

	if (seen->count == 0)
		seen->first = record->seq;
	ck_assert_uint_eq(record->seq, seen->first + seen->count);
	seen->count++;
	return seen->count == seen->stop_after ? ERR_TIMEOUT : OK;
}

START_TEST(a_reader_goes_on_where_it_stopped)
{
	struct bus_limit two = { .records = 2, .bytes = SIZE_MAX };
	struct ledger_reader reader;
	struct seen seen = { 0 };
	struct seen stopped = { .stop_after = 2 };

	kit_fill(&ledger, 7);
	ck_assert_int_eq(ledger_reader_begin(&reader, bus, 3, NULL), OK);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(ledger_reader_next(&reader, two, note, &seen, NULL), OK);
	ck_assert_uint_eq(seen.first, 3);
	ck_assert_uint_eq(seen.count, 5);
	kit_fill(&ledger, 1);
	ck_assert_int_eq(ledger_reader_next(&reader, two, note, &seen, NULL), OK);
	ck_assert_uint_eq(seen.count, 6);
	/* A record whose visit failed is not passed over. */
	ck_assert_int_eq(ledger_reader_begin(&reader, bus, 1, NULL), OK);
	ck_assert_int_eq(ledger_reader_next(&reader, KIT_LIMIT, note, &stopped, NULL),
			 ERR_TIMEOUT);
	ck_assert_uint_eq(reader.chain.seq, 1);
	ck_assert_int_eq(ledger_reader_begin(&reader, bus, 9, NULL), OK);
	ck_assert_int_eq(ledger_reader_begin(&reader, bus, 10, NULL), ERR_CURSOR_AHEAD);
}
END_TEST

START_TEST(a_reader_passes_on_nothing_that_differs_once)
{
	struct ledger_reader reader;
	struct seen seen = { 0 };

	kit_fill(&ledger, 7);
	ck_assert_int_eq(ledger_reader_begin(&reader, bus, 1, NULL), OK);
	bus_fault_next(bus, BUS_FAULT_AT_READ, BUS_FAULT_DIFFERS, 1);
	ck_assert_int_ne(ledger_reader_next(&reader, KIT_LIMIT, note, &seen, NULL), OK);
	ck_assert_uint_eq(reader.finding.seq, 1);
	ck_assert_uint_eq(seen.count, 0);
	/* Read again, it may be what it was. */
	ck_assert_int_eq(ledger_reader_next(&reader, KIT_LIMIT, note, &seen, NULL), OK);
	ck_assert_uint_eq(seen.count, 7);
}
END_TEST

START_TEST(every_event_is_found_in_its_record)
{
	struct ledger_entry empty = { .body = SLICE("reign"), .event_count = 0 };
	uint64_t event = 1, seq;

	ck_assert_int_eq(ledger_find_event(bus, 1, &seq, NULL), ERR_CURSOR_AHEAD);
	for (int i = 0; i < 20; i++) {
		kit_fill(&ledger, 1);
		empty.at_us = ledger.head.at_us;
		if (i % 4 == 0)
			ck_assert_int_eq(ledger_append(&ledger, &empty, NULL), OK);
	}
	for (uint64_t record = 1; record <= ledger.head.seq; record++) {
		struct buf bytes = { 0 };
		struct record read;

		ck_assert_int_eq(bus->ops->read(bus, record, &bytes, NULL), OK);
		ck_assert(record_decode(buf_slice(&bytes), &read, &finding));
		for (uint32_t i = 0; i < read.event_count; i++, event++) {
			ck_assert_int_eq(ledger_find_event(bus, event, &seq, NULL), OK);
			ck_assert_uint_eq(seq, record);
		}
		buf_finish(&bytes);
	}
	ck_assert_uint_eq(event, ledger.head.next_event);
	ck_assert_int_eq(ledger_find_event(bus, event, &seq, NULL), ERR_CURSOR_AHEAD);
}
END_TEST

START_TEST(a_part_of_a_ledger_can_be_verified)
{
	struct ledger_verify verify;
	bool done = false;

	kit_fill(&ledger, 9);
	ck_assert_int_eq(ledger_verify_begin(&verify, bus, 4, 6, NULL, NULL), OK);
	ck_assert_int_eq(ledger_verify_step(&verify, KIT_LIMIT, &done, NULL), OK);
	ck_assert(done);
	ck_assert_uint_eq(verify.records, 3);
	ck_assert_uint_eq(verify.reader.chain.seq, 6);
	ck_assert_int_eq(ledger_verify_begin(&verify, bus, 4, 10, NULL, NULL), ERR_CURSOR_AHEAD);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger");
	TCase *tcase = tcase_create("ledger");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, record_1_follows_from_zeros);
	tcase_add_test(tcase, a_new_reign_has_the_next_epoch_and_goes_on_from_the_head);
	tcase_add_test(tcase, a_leader_whose_reign_is_over_is_refused);
	tcase_add_test(tcase, a_body_that_is_too_long_is_refused);
	tcase_add_test(tcase, a_lost_acknowledgement_is_found_out);
	tcase_add_test(tcase, an_append_that_was_lost_is_not_sent_again);
	tcase_add_test(tcase, a_refused_append_may_be_tried_again);
	tcase_add_test(tcase, a_doubt_stays_until_it_is_resolved);
	tcase_add_test(tcase, a_record_of_somebody_else_in_the_doubtful_place_is_a_conflict);
	tcase_add_loop_test(tcase, under_a_storm_of_faults_the_answers_are_true, 0, 20);
	tcase_add_test(tcase, a_damaged_last_record_is_noticed_on_opening);
	tcase_add_test(tcase, an_epoch_that_only_the_bus_names_is_noticed_on_opening);
	tcase_add_test(tcase, a_record_of_a_newer_version_is_not_called_corrupt);
	tcase_add_test(tcase, a_reader_goes_on_where_it_stopped);
	tcase_add_test(tcase, a_reader_passes_on_nothing_that_differs_once);
	tcase_add_test(tcase, every_event_is_found_in_its_record);
	tcase_add_test(tcase, a_part_of_a_ledger_can_be_verified);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
