#include "witness/record.h"

#include "base/le.h"

#define MAGIC "IFrc"

enum at {
	AT_MAGIC = 0,
	AT_VERSION = 4,
	AT_RESERVED = 6,
	AT_SEQ = 8,
	AT_EPOCH = 16,
	AT_TIME = 24,
	AT_FIRST_EVENT = 32,
	AT_EVENT_COUNT = 40,
	AT_BODY_LEN = 44,
	AT_PREVIOUS = 48,
};

_Static_assert(AT_PREVIOUS + HASH_BYTES == RECORD_HEADER_BYTES, "the header ends with a hash");

/* Numbers are kept as signed 64 bits by engines and clients. */
static bool numbers_fit(const struct record *record)
{
	return record->seq >= 1 && record->seq < INT64_MAX && record->epoch >= 1 &&
	       record->epoch < INT64_MAX && record->at_us >= 0 && record->first_event >= 1 &&
	       record->first_event < INT64_MAX - (uint64_t)record->event_count;
}

void record_encode(struct record *record, struct buf *out)
{
	size_t len = RECORD_HEADER_BYTES + record->body.len;
	char *at = buf_reserve(out, len + HASH_BYTES);

	ENSURE(numbers_fit(record) && record->body.len <= RECORD_BODY_BYTES_MAX);
	memcpy(at + AT_MAGIC, MAGIC, 4);
	le_put(at + AT_VERSION, RECORD_VERSION, 2);
	le_put(at + AT_RESERVED, 0, 2);
	le_put(at + AT_SEQ, record->seq, 8);
	le_put(at + AT_EPOCH, record->epoch, 8);
	le_put(at + AT_TIME, (uint64_t)record->at_us, 8);
	le_put(at + AT_FIRST_EVENT, record->first_event, 8);
	le_put(at + AT_EVENT_COUNT, record->event_count, 4);
	le_put(at + AT_BODY_LEN, record->body.len, 4);
	memcpy(at + AT_PREVIOUS, record->previous.bytes, HASH_BYTES);
	if (record->body.len > 0)
		memcpy(at + RECORD_HEADER_BYTES, record->body.ptr, record->body.len);
	record->own = hash_of(slice_of(at, len));
	memcpy(at + len, record->own.bytes, HASH_BYTES);
	out->len += len + HASH_BYTES;
}

static bool found(struct finding *ret_finding, enum flaw flaw, uint64_t expected, uint64_t number)
{
	*ret_finding = (struct finding){
		.flaw = flaw, .expected_number = expected, .found_number = number,
	};
	return false;
}

/* The frame: whether these bytes are one record of a version that we read. */
static bool frame_check(struct slice bytes, struct finding *ret_finding)
{
	uint64_t version, reserved, len;

	if (bytes.len < RECORD_BYTES_MIN)
		return found(ret_finding, FLAW_SHORT, RECORD_BYTES_MIN, bytes.len);
	if (memcmp(bytes.ptr + AT_MAGIC, MAGIC, 4) != 0)
		return found(ret_finding, FLAW_MAGIC, 0, 0);
	version = le_get_u16(bytes.ptr + AT_VERSION);
	if (version != RECORD_VERSION)
		return found(ret_finding, FLAW_VERSION, RECORD_VERSION, version);
	reserved = le_get_u16(bytes.ptr + AT_RESERVED);
	if (reserved != 0)
		return found(ret_finding, FLAW_RESERVED, 0, reserved);
	len = RECORD_BYTES_MIN + (uint64_t)le_get_u32(bytes.ptr + AT_BODY_LEN);
	if (bytes.len != len)
		return found(ret_finding, FLAW_LENGTH, len, bytes.len);
	return true;
}

static bool hash_check(struct slice bytes, struct hash *ret_own, struct finding *ret_finding)
{
	size_t len = bytes.len - HASH_BYTES;
	struct hash computed = hash_of(slice_head(bytes, len));

	memcpy(ret_own->bytes, bytes.ptr + len, HASH_BYTES);
	if (hash_is(&computed, ret_own))
		return true;
	*ret_finding = (struct finding){
		.flaw = FLAW_HASH, .expected_hash = computed, .found_hash = *ret_own,
	};
	return false;
}

bool record_decode(struct slice bytes, struct record *ret_record, struct finding *ret_finding)
{
	struct record record;

	if (!frame_check(bytes, ret_finding) || !hash_check(bytes, &record.own, ret_finding))
		return false;
	record.seq = le_get_u64(bytes.ptr + AT_SEQ);
	record.epoch = le_get_u64(bytes.ptr + AT_EPOCH);
	record.at_us = (int64_t)le_get_u64(bytes.ptr + AT_TIME);
	record.first_event = le_get_u64(bytes.ptr + AT_FIRST_EVENT);
	record.event_count = le_get_u32(bytes.ptr + AT_EVENT_COUNT);
	memcpy(record.previous.bytes, bytes.ptr + AT_PREVIOUS, HASH_BYTES);
	record.body = slice_of(bytes.ptr + RECORD_HEADER_BYTES, bytes.len - RECORD_BYTES_MIN);
	if (!numbers_fit(&record))
		return found(ret_finding, FLAW_RANGE, 0, 0);
	*ret_record = record;
	return true;
}

enum shows { SHOWS_NOTHING, SHOWS_NUMBERS, SHOWS_TIMES, SHOWS_HASHES };

static const struct {
	enum shows shows;
	const char *text;
} flaws[FLAW_COUNT] = {
	[FLAW_NONE] = { SHOWS_NOTHING, "is as it was written" },
#define FLAW(name, shows, text) [FLAW_##name] = { SHOWS_##shows, text },
#include "witness/flaw.def"
#undef FLAW
};

void finding_describe(const struct finding *finding, struct buf *out)
{
	ENSURE(finding->flaw >= FLAW_NONE && finding->flaw < FLAW_COUNT);
	buf_add_lit(out, "record ");
	buf_add_u64(out, finding->seq);
	buf_add_byte(out, ' ');
	buf_add_str(out, flaws[finding->flaw].text);
	switch (flaws[finding->flaw].shows) {
	case SHOWS_NUMBERS:
		buf_add_lit(out, " (expected ");
		buf_add_u64(out, finding->expected_number);
		buf_add_lit(out, ", found ");
		buf_add_u64(out, finding->found_number);
		break;
	case SHOWS_TIMES:
		buf_add_lit(out, " (not before ");
		buf_add_time(out, (int64_t)finding->expected_number);
		buf_add_lit(out, ", found ");
		buf_add_time(out, (int64_t)finding->found_number);
		break;
	case SHOWS_HASHES:
		buf_add_lit(out, " (expected ");
		buf_add_hex(out, finding->expected_hash.bytes, HASH_BYTES);
		buf_add_lit(out, ", found ");
		buf_add_hex(out, finding->found_hash.bytes, HASH_BYTES);
		break;
	case SHOWS_NOTHING:
	default:
		return;
	}
	buf_add_byte(out, ')');
}

enum err finding_err(const struct finding *finding)
{
	if (finding->flaw == FLAW_NONE)
		return OK;
	return finding->flaw == FLAW_VERSION ? ERR_LEDGER_TOO_NEW : ERR_LEDGER_CORRUPT;
}
