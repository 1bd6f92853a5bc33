#include "witness/chain.h"

#include "base/le.h"

#define ANCHOR_MAGIC "IFan"
#define ANCHOR_VERSION 1
#define ANCHOR_HEADER_BYTES 8
#define ANCHOR_BYTES (ANCHOR_HEADER_BYTES + CHAIN_BYTES + HASH_BYTES)

_Static_assert(ANCHOR_BYTES <= BUS_ANCHOR_BYTES_MAX, "a bus keeps it");

struct chain chain_genesis(void)
{
	return (struct chain){ .next_event = 1 };
}

struct chain chain_after(const struct record *record)
{
	return (struct chain){
		.seq = record->seq,
		.hash = record->own,
		.epoch = record->epoch,
		.at_us = record->at_us,
		.next_event = record->first_event + record->event_count,
	};
}

static struct finding numbers(enum flaw flaw, uint64_t expected, uint64_t number)
{
	return (struct finding){
		.flaw = flaw, .expected_number = expected, .found_number = number,
	};
}

/* In the order in which a reader would ask: is it the next, then does it fit. */
static struct finding link_check(const struct chain *chain, const struct record *record)
{
	if (record->seq != chain->seq + 1)
		return numbers(FLAW_MISPLACED, chain->seq + 1, record->seq);
	if (!hash_is(&record->previous, &chain->hash))
		return (struct finding){
			.flaw = FLAW_PREVIOUS,
			.expected_hash = chain->hash,
			.found_hash = record->previous,
		};
	if (record->epoch < chain->epoch)
		return numbers(FLAW_EPOCH, chain->epoch, record->epoch);
	if (record->at_us < chain->at_us)
		return numbers(FLAW_TIME, (uint64_t)chain->at_us, (uint64_t)record->at_us);
	if (record->first_event != chain->next_event)
		return numbers(FLAW_EVENTS, chain->next_event, record->first_event);
	return (struct finding){ .flaw = FLAW_NONE };
}

bool chain_follow(struct chain *chain, uint64_t kept_seq, struct slice bytes,
		  struct record *ret_record, struct finding *ret_finding)
{
	struct record record;
	struct finding finding;

	if (kept_seq != chain->seq + 1)
		finding = numbers(FLAW_MISSING, chain->seq + 1, kept_seq);
	else if (record_decode(bytes, &record, &finding))
		finding = link_check(chain, &record);
	if (finding.flaw != FLAW_NONE) {
		finding.seq = chain->seq + 1;
		*ret_finding = finding;
		return false;
	}
	*chain = chain_after(&record);
	*ret_record = record;
	return true;
}

void chain_encode(const struct chain *chain, struct buf *out)
{
	buf_add_le(out, chain->seq, 8);
	buf_add_le(out, chain->epoch, 8);
	buf_add_le(out, (uint64_t)chain->at_us, 8);
	buf_add_le(out, chain->next_event, 8);
	buf_add(out, chain->hash.bytes, HASH_BYTES);
}

struct chain chain_decode(const char bytes[CHAIN_BYTES])
{
	struct chain chain = {
		.seq = le_get_u64(bytes),
		.epoch = le_get_u64(bytes + 8),
		.at_us = (int64_t)le_get_u64(bytes + 16),
		.next_event = le_get_u64(bytes + 24),
	};

	memcpy(chain.hash.bytes, bytes + 32, HASH_BYTES);
	return chain;
}

void anchor_encode(const struct chain *chain, struct buf *out)
{
	size_t start = out->len;
	struct hash hash;

	buf_add_lit(out, ANCHOR_MAGIC);
	buf_add_le(out, ANCHOR_VERSION, 4);
	chain_encode(chain, out);
	hash = hash_of(slice_from(buf_slice(out), start));
	buf_add(out, hash.bytes, HASH_BYTES);
}

bool anchor_decode(struct slice bytes, struct chain *ret_chain)
{
	struct hash hash;

	if (bytes.len != ANCHOR_BYTES || memcmp(bytes.ptr, ANCHOR_MAGIC, 4) != 0 ||
	    le_get_u32(bytes.ptr + 4) != ANCHOR_VERSION)
		return false;
	hash = hash_of(slice_head(bytes, ANCHOR_BYTES - HASH_BYTES));
	if (memcmp(hash.bytes, bytes.ptr + ANCHOR_BYTES - HASH_BYTES, HASH_BYTES) != 0)
		return false;
	*ret_chain = chain_decode(bytes.ptr + ANCHOR_HEADER_BYTES);
	return true;
}
