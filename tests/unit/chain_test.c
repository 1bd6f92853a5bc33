/* Tampering with a ledger, in every way that leaves its bytes readable. */
#include "witness/chain.h"

#include <stdlib.h>

#include <check.h>

#include "base/alloc.h"
#include "bus/memory.h"
#include "unit/witness_kit.h"

#define RECORDS 8

static struct slice items[RECORDS];
static size_t count;
static struct hash head_hash;
static struct finding finding;

static void begin(void)
{
	struct bus *bus = bus_memory_create();
	struct ledger ledger;

	ck_assert_int_eq(ledger_open(&ledger, bus, NULL), OK);
	ledger_begin_reign(&ledger);
	kit_fill(&ledger, RECORDS);
	head_hash = ledger.head.hash;
	count = kit_copy(bus, items, RECORDS);
	ledger_close(&ledger);
	bus_close(bus);
}

static void end(void)
{
	for (size_t i = 0; i < RECORDS; i++)
		free((void *)(uintptr_t)items[i].ptr);
	memset(items, 0, sizeof(items));
}

static enum err verify_items(const struct slice *records, size_t n)
{
	struct bus *bus = kit_bus_of(records, n, 1);
	enum err err = kit_verify(bus, NULL, &finding);

	bus_close(bus);
	return err;
}

static void is_convicted(const struct slice *records, size_t n, uint64_t seq, enum flaw flaw)
{
	ck_assert_int_eq(verify_items(records, n), ERR_LEDGER_CORRUPT);
	ck_assert_msg(finding.flaw == flaw, "flaw %d", finding.flaw);
	ck_assert_uint_eq(finding.seq, seq);
}

/* Record `at` (from 0) with one thing changed and its own hash made right again. */
static void forge(size_t at, void (*change)(struct record *record))
{
	struct record record;
	struct buf bytes = { 0 };

	ck_assert(record_decode(items[at], &record, &finding));
	change(&record);
	record_encode(&record, &bytes);
	free((void *)(uintptr_t)items[at].ptr);
	items[at] = slice_of(alloc_copy(bytes.ptr, bytes.len), bytes.len);
	buf_finish(&bytes);
}

START_TEST(an_untouched_ledger_verifies)
{
	ck_assert_int_eq(verify_items(items, count), OK);
	ck_assert_int_eq(verify_items(items, 0), OK);
}
END_TEST

START_TEST(every_changed_byte_is_noticed_in_its_record)
{
	for (size_t i = 0; i < count; i++) {
		char *bytes = (char *)(uintptr_t)items[i].ptr;

		for (size_t at = 0; at < items[i].len; at++) {
			bytes[at] ^= 0x40;
			ck_assert_int_ne(verify_items(items, count), OK);
			ck_assert_uint_eq(finding.seq, i + 1);
			bytes[at] ^= 0x40;
		}
	}
	ck_assert_int_eq(verify_items(items, count), OK);
}
END_TEST

START_TEST(two_swapped_records_are_noticed)
{
	for (size_t a = 0; a < count; a++) {
		for (size_t b = a + 1; b < count; b++) {
			struct slice kept = items[a];

			items[a] = items[b];
			items[b] = kept;
			is_convicted(items, count, a + 1, FLAW_MISPLACED);
			items[b] = items[a];
			items[a] = kept;
		}
	}
}
END_TEST

START_TEST(a_dropped_record_is_noticed)
{
	struct slice rest[RECORDS];

	for (size_t gone = 0; gone + 1 < count; gone++) {
		memcpy(rest, items, gone * sizeof(*items));
		memcpy(rest + gone, items + gone + 1, (count - gone - 1) * sizeof(*items));
		is_convicted(rest, count - 1, gone + 1, FLAW_MISPLACED);
	}
}
END_TEST

START_TEST(a_doubled_record_is_noticed)
{
	struct slice more[RECORDS + 1];

	for (size_t twice = 0; twice < count; twice++) {
		memcpy(more, items, (twice + 1) * sizeof(*items));
		memcpy(more + twice + 1, items + twice, (count - twice) * sizeof(*items));
		is_convicted(more, count + 1, twice + 2, FLAW_MISPLACED);
	}
}
END_TEST

START_TEST(only_the_expected_head_convicts_a_shortened_ledger)
{
	for (size_t n = 0; n <= count; n++) {
		struct bus *bus = kit_bus_of(items, n, 1);

		ck_assert_int_eq(kit_verify(bus, NULL, &finding), OK);
		if (n == count) {
			ck_assert_int_eq(kit_verify(bus, &head_hash, &finding), OK);
		} else {
			ck_assert_int_eq(kit_verify(bus, &head_hash, &finding), ERR_LEDGER_CORRUPT);
			ck_assert_int_eq(finding.flaw, FLAW_HEAD);
			ck_assert_uint_eq(finding.seq, n);
		}
		bus_close(bus);
	}
}
END_TEST

START_TEST(a_head_that_was_noted_earlier_is_still_found)
{
	struct bus *bus = kit_bus_of(items, count, 1);
	struct record record;

	for (size_t i = 0; i < count; i++) {
		ck_assert(record_decode(items[i], &record, &finding));
		ck_assert_int_eq(kit_verify(bus, &record.own, &finding), OK);
	}
	bus_close(bus);
}
END_TEST

static void change_body(struct record *record)
{
	record->body = SLICE("another story");
}

static void change_previous(struct record *record)
{
	record->previous.bytes[5] ^= 1;
}

static void raise_epoch(struct record *record)
{
	record->epoch = 2;
}

static void change_time(struct record *record)
{
	record->at_us -= 3600000000;
}

static void change_events(struct record *record)
{
	record->first_event++;
}

static void change_seq(struct record *record)
{
	record->seq++;
}

START_TEST(a_forged_record_breaks_the_link_behind_it)
{
	forge(3, change_body);
	is_convicted(items, count, 5, FLAW_PREVIOUS);
}
END_TEST

START_TEST(each_broken_link_has_its_name)
{
	/* The last record: nothing behind it can give it away. */
	forge(count - 1, change_previous);
	is_convicted(items, count, count, FLAW_PREVIOUS);
	end();
	begin();
	forge(count - 1, change_time);
	is_convicted(items, count, count, FLAW_TIME);
	end();
	begin();
	forge(count - 1, change_events);
	is_convicted(items, count, count, FLAW_EVENTS);
	end();
	begin();
	forge(count - 1, change_seq);
	is_convicted(items, count, count, FLAW_MISPLACED);
}
END_TEST

/* What a leader whose reign is over would write, had the bus let it. */
START_TEST(an_earlier_reign_cannot_come_back)
{
	struct chain chain = chain_genesis();
	struct record record;
	struct buf bytes = { 0 };

	forge(0, raise_epoch);
	ck_assert(chain_follow(&chain, 1, items[0], &record, &finding));
	ck_assert(record_decode(items[1], &record, &finding));
	ck_assert_uint_eq(record.epoch, 1);
	record.previous = chain.hash;
	record_encode(&record, &bytes);
	ck_assert(!chain_follow(&chain, 2, buf_slice(&bytes), &record, &finding));
	buf_finish(&bytes);
	ck_assert_int_eq(finding.flaw, FLAW_EPOCH);
	ck_assert_uint_eq(finding.seq, 2);
	ck_assert_uint_eq(chain.seq, 1);
}
END_TEST

START_TEST(a_gap_in_the_numbers_is_a_missing_record)
{
	struct chain chain = chain_genesis();
	struct record record;

	ck_assert(chain_follow(&chain, 1, items[0], &record, &finding));
	ck_assert(!chain_follow(&chain, 3, items[2], &record, &finding));
	ck_assert_int_eq(finding.flaw, FLAW_MISSING);
	ck_assert_uint_eq(finding.seq, 2);
	ck_assert_uint_eq(chain.seq, 1);
	ck_assert(chain_follow(&chain, 2, items[1], &record, &finding));
}
END_TEST

START_TEST(an_anchor_is_whole_or_none)
{
	struct chain chain = {
		.seq = 9, .hash = head_hash, .epoch = 4, .at_us = 123, .next_event = 77,
	};
	struct chain back;
	struct buf bytes = { 0 };

	anchor_encode(&chain, &bytes);
	ck_assert(anchor_decode(buf_slice(&bytes), &back));
	ck_assert_uint_eq(back.seq, 9);
	ck_assert_uint_eq(back.epoch, 4);
	ck_assert_int_eq(back.at_us, 123);
	ck_assert_uint_eq(back.next_event, 77);
	ck_assert(hash_is(&back.hash, &head_hash));
	for (size_t at = 0; at < bytes.len; at++) {
		bytes.ptr[at] ^= 1;
		ck_assert(!anchor_decode(buf_slice(&bytes), &back));
		bytes.ptr[at] ^= 1;
	}
	ck_assert(!anchor_decode(slice_head(buf_slice(&bytes), bytes.len - 1), &back));
	ck_assert(!anchor_decode(SLICE_EMPTY, &back));
	buf_finish(&bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chain");
	TCase *tcase = tcase_create("chain");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, an_untouched_ledger_verifies);
	tcase_add_test(tcase, every_changed_byte_is_noticed_in_its_record);
	tcase_add_test(tcase, two_swapped_records_are_noticed);
	tcase_add_test(tcase, a_dropped_record_is_noticed);
	tcase_add_test(tcase, a_doubled_record_is_noticed);
	tcase_add_test(tcase, only_the_expected_head_convicts_a_shortened_ledger);
	tcase_add_test(tcase, a_head_that_was_noted_earlier_is_still_found);
	tcase_add_test(tcase, a_forged_record_breaks_the_link_behind_it);
	tcase_add_test(tcase, each_broken_link_has_its_name);
	tcase_add_test(tcase, an_earlier_reign_cannot_come_back);
	tcase_add_test(tcase, a_gap_in_the_numbers_is_a_missing_record);
	tcase_add_test(tcase, an_anchor_is_whole_or_none);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
