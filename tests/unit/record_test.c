#include "witness/record.h"

#include <stdlib.h>

#include <check.h>

#include "base/le.h"

static struct buf bytes;
static struct record record;
static struct finding finding;

static struct record sample(void)
{
	return (struct record){
		.seq = 17,
		.epoch = 3,
		.at_us = 1795375443000001,
		.first_event = 40,
		.event_count = 2,
		.previous = hash_of(SLICE("record 16")),
		.body = SLICE("two events"),
	};
}

static void encode_sample(void)
{
	struct record made = sample();

	buf_clear(&bytes);
	record_encode(&made, &bytes);
}

static bool decodes(void)
{
	return record_decode(buf_slice(&bytes), &record, &finding);
}

/* The hash over whatever stands there now, so that only the content can be at fault. */
static void seal_again(void)
{
	struct hash hash = hash_of(slice_head(buf_slice(&bytes), bytes.len - HASH_BYTES));

	memcpy(bytes.ptr + bytes.len - HASH_BYTES, hash.bytes, HASH_BYTES);
}

static void is_refused(enum flaw flaw)
{
	ck_assert(!decodes());
	ck_assert_msg(finding.flaw == flaw, "flaw %d", finding.flaw);
}

START_TEST(what_was_encoded_is_decoded)
{
	struct record made = sample();

	buf_add_str(&bytes, "before");
	record_encode(&made, &bytes);
	buf_drop(&bytes, 6);
	ck_assert_uint_eq(bytes.len, RECORD_BYTES_MIN + 10);
	ck_assert(decodes());
	ck_assert_uint_eq(record.seq, 17);
	ck_assert_uint_eq(record.epoch, 3);
	ck_assert_int_eq(record.at_us, 1795375443000001);
	ck_assert_uint_eq(record.first_event, 40);
	ck_assert_uint_eq(record.event_count, 2);
	ck_assert(hash_is(&record.previous, &made.previous));
	ck_assert(hash_is(&record.own, &made.own));
	ck_assert(slice_is_str(record.body, "two events"));
}
END_TEST

/* Written by another program (Python's struct and hashlib) from the description in record.h. */
START_TEST(the_form_on_disk_never_changes)
{
	static const char golden[] =
		"4946726301000000" "1100000000000000" "0300000000000000" "c1ba846be2600600"
		"2800000000000000" "02000000" "0a000000"
		"2ab6e4a1a47e4d77c955dc5a8659606efff399fda4215a8b9094830d0d7b9319"
		"74776f206576656e7473"
		"63ea419be156b35828ab35650e98cfd88b0964234a145e040ff8373d1d45c53d";
	struct buf hex = { 0 };

	encode_sample();
	buf_add_hex(&hex, bytes.ptr, bytes.len);
	ck_assert_str_eq(buf_str(&hex), golden);
	buf_finish(&hex);
}
END_TEST

START_TEST(a_record_without_events_or_body_is_one)
{
	struct record made = sample();

	made.body = SLICE_EMPTY;
	made.event_count = 0;
	buf_clear(&bytes);
	record_encode(&made, &bytes);
	ck_assert(decodes());
	ck_assert_uint_eq(record.body.len, 0);
}
END_TEST

START_TEST(every_changed_bit_is_noticed)
{
	encode_sample();
	for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
		bytes.ptr[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert_msg(!decodes(), "bit %zu", bit);
		bytes.ptr[bit / 8] ^= (char)(1 << bit % 8);
	}
	ck_assert(decodes());
}
END_TEST

START_TEST(every_shorter_or_longer_form_is_refused)
{
	encode_sample();
	for (size_t len = 0; len < bytes.len; len++)
		ck_assert(!record_decode(slice_head(buf_slice(&bytes), len), &record, &finding));
	buf_add_byte(&bytes, 0);
	is_refused(FLAW_LENGTH);
}
END_TEST

START_TEST(each_flaw_has_its_name)
{
	encode_sample();
	bytes.ptr[0] = 'i';
	is_refused(FLAW_MAGIC);
	encode_sample();
	bytes.ptr[4] = 2;
	seal_again();
	is_refused(FLAW_VERSION);
	ck_assert_int_eq(finding_err(&finding), ERR_LEDGER_TOO_NEW);
	encode_sample();
	bytes.ptr[6] = 1;
	seal_again();
	is_refused(FLAW_RESERVED);
	encode_sample();
	le_put(bytes.ptr + 44, UINT32_MAX, 4);
	seal_again();
	is_refused(FLAW_LENGTH);
	encode_sample();
	bytes.ptr[RECORD_HEADER_BYTES] ^= 1;
	is_refused(FLAW_HASH);
	ck_assert_int_eq(finding_err(&finding), ERR_LEDGER_CORRUPT);
	buf_clear(&bytes);
	is_refused(FLAW_SHORT);
}
END_TEST

START_TEST(numbers_that_no_record_can_hold_are_refused)
{
	static const struct {
		size_t at;
		uint64_t value;
	} rows[] = {
		{ 8, 0 }, { 8, INT64_MAX }, { 8, UINT64_MAX },	/* seq */
		{ 16, 0 }, { 16, UINT64_MAX },			/* epoch */
		{ 24, UINT64_MAX },				/* a negative time */
		{ 32, 0 }, { 32, INT64_MAX - 2 }, { 32, UINT64_MAX },	/* first event */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		encode_sample();
		le_put(bytes.ptr + rows[i].at, rows[i].value, 8);
		seal_again();
		is_refused(FLAW_RANGE);
	}
	encode_sample();
	le_put(bytes.ptr + 32, INT64_MAX - 3, 8);
	seal_again();
	ck_assert(decodes());
}
END_TEST

START_TEST(a_finding_says_what_and_where)
{
	struct buf text = { 0 };

	encode_sample();
	bytes.ptr[bytes.len - 1] ^= 1;
	ck_assert(!decodes());
	finding.seq = 17;
	finding_describe(&finding, &text);
	ck_assert(slice_starts(buf_slice(&text), SLICE("record 17 was changed: ")));
	ck_assert_int_ge(slice_find(buf_slice(&text), SLICE("expected ")), 0);
	buf_finish(&text);
}
END_TEST

START_TEST(hashes_are_sha_256)
{
	struct hash expected, hash;
	struct hash_state state;

	ck_assert(hash_from_hex(SLICE("ba7816bf8f01cfea414140de5dae2223"
				      "b00361a396177a9cb410ff61f20015AD"), &expected));
	hash = hash_of(SLICE("abc"));
	ck_assert(hash_is(&hash, &expected));
	hash_begin(&state);
	hash_add(&state, SLICE("a"));
	hash_add(&state, SLICE_EMPTY);
	hash_add(&state, SLICE("bc"));
	hash = hash_end(&state);
	ck_assert(hash_is(&hash, &expected));
	ck_assert(!hash_from_hex(SLICE("ba7816"), &expected));
	ck_assert(!hash_from_hex(SLICE("ba7816bf8f01cfea414140de5dae2223"
				       "b00361a396177a9cb410ff61f20015ag"), &expected));
}
END_TEST

static void free_bytes(void)
{
	buf_finish(&bytes);
}

int main(void)
{
	Suite *suite = suite_create("record");
	TCase *tcase = tcase_create("record");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, free_bytes);
	tcase_add_test(tcase, what_was_encoded_is_decoded);
	tcase_add_test(tcase, the_form_on_disk_never_changes);
	tcase_add_test(tcase, a_record_without_events_or_body_is_one);
	tcase_add_test(tcase, every_changed_bit_is_noticed);
	tcase_add_test(tcase, every_shorter_or_longer_form_is_refused);
	tcase_add_test(tcase, each_flaw_has_its_name);
	tcase_add_test(tcase, numbers_that_no_record_can_hold_are_refused);
	tcase_add_test(tcase, a_finding_says_what_and_where);
	tcase_add_test(tcase, hashes_are_sha_256);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
