#include "witness/reader.h"

/* A binary search halves what is left: 64 bits are used up after 64 probes. */
#define FIND_PROBES_MAX 64

static enum err corrupt(const struct finding *finding, struct buf *ret_detail)
{
	if (ret_detail)
		finding_describe(finding, ret_detail);
	return finding_err(finding);
}

/* One record on its own: whole, and kept under its own number. */
static enum err record_read(struct bus *bus, uint64_t seq, struct buf *bytes,
			    struct record *ret_record, struct finding *ret_finding,
			    struct buf *ret_detail)
{
	struct finding finding = { .flaw = FLAW_NONE };
	enum err err = bus->ops->read(bus, seq, bytes, ret_detail);

	if (err != OK)
		return err;
	if (record_decode(buf_slice(bytes), ret_record, &finding) && ret_record->seq != seq)
		finding = (struct finding){
			.flaw = FLAW_MISPLACED,
			.expected_number = seq,
			.found_number = ret_record->seq,
		};
	finding.seq = seq;
	*ret_finding = finding;
	return finding.flaw == FLAW_NONE ? OK : corrupt(&finding, ret_detail);
}

static enum err anchor_read(struct ledger_reader *reader, uint64_t from_seq,
			    struct buf *ret_detail)
{
	struct buf bytes = { 0 };
	enum err err = reader->bus->ops->anchor(reader->bus, &bytes, ret_detail);

	if (err == OK && (!anchor_decode(buf_slice(&bytes), &reader->chain) ||
			  reader->chain.seq != from_seq - 1)) {
		reader->finding = (struct finding){ .flaw = FLAW_ANCHOR, .seq = from_seq };
		err = corrupt(&reader->finding, ret_detail);
	}
	buf_finish(&bytes);
	return err;
}

static enum err predecessor_read(struct ledger_reader *reader, uint64_t from_seq,
				 struct buf *ret_detail)
{
	struct buf bytes = { 0 };
	struct record record;
	enum err err = record_read(reader->bus, from_seq - 1, &bytes, &record, &reader->finding,
				   ret_detail);

	if (err == OK)
		reader->chain = chain_after(&record);
	buf_finish(&bytes);
	return err;
}

enum err ledger_reader_begin(struct ledger_reader *reader, struct bus *bus, uint64_t from_seq,
			     struct buf *ret_detail)
{
	struct bus_head head;
	enum err err = bus->ops->head(bus, &head, ret_detail);

	*reader = (struct ledger_reader){ .bus = bus, .chain = chain_genesis() };
	if (err != OK)
		return err;
	if (from_seq < head.first_seq)
		return ERR_CURSOR_TRIMMED;
	if (from_seq > head.last_seq + 1)
		return ERR_CURSOR_AHEAD;
	if (from_seq == 1)
		return OK;
	if (from_seq == head.first_seq)
		return anchor_read(reader, from_seq, ret_detail);
	return predecessor_read(reader, from_seq, ret_detail);
}

struct visit {
	struct ledger_reader *reader;
	ledger_visit_fn *visit;
	void *context;
};

static enum err visit_checked(void *context, uint64_t seq, struct slice bytes)
{
	struct visit *visit = context;
	struct ledger_reader *reader = visit->reader;
	struct chain next = reader->chain;
	struct record record;
	enum err err;

	if (!chain_follow(&next, seq, bytes, &record, &reader->finding))
		return finding_err(&reader->finding);
	err = visit->visit(visit->context, &record);
	if (err == OK)
		reader->chain = next;
	return err;
}

enum err ledger_reader_next(struct ledger_reader *reader, struct bus_limit limit,
			    ledger_visit_fn *visit, void *context, struct buf *ret_detail)
{
	struct visit checked = { .reader = reader, .visit = visit, .context = context };
	struct bus *bus = reader->bus;
	enum err err;

	reader->finding = (struct finding){ .flaw = FLAW_NONE };
	err = bus->ops->scan(bus, reader->chain.seq + 1, limit, visit_checked, &checked,
			     ret_detail);
	return reader->finding.flaw == FLAW_NONE ? err : corrupt(&reader->finding, ret_detail);
}

/* Where the search goes on: the last record in [low, high] whose first event is not after it. */
static enum err find_record(struct bus *bus, uint64_t event, uint64_t low, uint64_t high,
			    struct record *ret_record, struct buf *ret_detail)
{
	struct buf bytes = { 0 };
	struct record record;
	struct finding finding;
	enum err err = OK;
	bool any = false;

	for (int probe = 0; probe <= FIND_PROBES_MAX && low <= high; probe++) {
		uint64_t middle = low + (high - low) / 2;

		err = record_read(bus, middle, &bytes, &record, &finding, ret_detail);
		if (err != OK)
			break;
		if (record.first_event <= event) {
			any = true;
			*ret_record = record;
			ret_record->body = SLICE_EMPTY;
			low = middle + 1;
		} else {
			high = middle - 1;
		}
	}
	buf_finish(&bytes);
	if (err != OK)
		return err;
	return any ? OK : ERR_CURSOR_TRIMMED;
}

enum err ledger_find_event(struct bus *bus, uint64_t event, uint64_t *ret_seq,
			   struct buf *ret_detail)
{
	struct bus_head head;
	struct record record;
	enum err err;

	ENSURE(event > 0);
	err = bus->ops->head(bus, &head, ret_detail);
	if (err != OK)
		return err;
	if (head.last_seq < head.first_seq)
		return ERR_CURSOR_AHEAD;
	err = find_record(bus, event, head.first_seq, head.last_seq, &record, ret_detail);
	if (err != OK)
		return err;
	if (event >= record.first_event + record.event_count)
		return ERR_CURSOR_AHEAD;
	*ret_seq = record.seq;
	return OK;
}

static void expected_compare(struct ledger_verify *verify, const struct hash *hash)
{
	if (verify->has_expected && hash_is(hash, &verify->expected))
		verify->expected_seen = true;
}

enum err ledger_verify_begin(struct ledger_verify *verify, struct bus *bus, uint64_t from_seq,
			     uint64_t to_seq, const struct hash *expected_head,
			     struct buf *ret_detail)
{
	struct bus_head head;
	enum err err = bus->ops->head(bus, &head, ret_detail);

	*verify = (struct ledger_verify){ 0 };
	if (err != OK)
		return err;
	if (to_seq > head.last_seq)
		return ERR_CURSOR_AHEAD;
	verify->to_seq = to_seq ? to_seq : head.last_seq;
	if (expected_head) {
		verify->has_expected = true;
		verify->expected = *expected_head;
	}
	err = ledger_reader_begin(&verify->reader, bus, from_seq ? from_seq : head.first_seq,
				  ret_detail);
	/* The head may have been noted when it was what is now the record before. */
	expected_compare(verify, &verify->reader.chain.hash);
	return err;
}

static enum err verify_visit(void *context, const struct record *record)
{
	struct ledger_verify *verify = context;

	expected_compare(verify, &record->own);
	verify->records++;
	verify->events += record->event_count;
	verify->bytes += RECORD_BYTES_MIN + record->body.len;
	return OK;
}

/* Everything up to to_seq was walked through, or there was nothing to walk through. */
static enum err verify_end(struct ledger_verify *verify, struct buf *ret_detail)
{
	struct ledger_reader *reader = &verify->reader;

	if (!verify->has_expected || verify->expected_seen)
		return OK;
	reader->finding = (struct finding){
		.flaw = FLAW_HEAD,
		.seq = reader->chain.seq,
		.expected_hash = verify->expected,
		.found_hash = reader->chain.hash,
	};
	return corrupt(&reader->finding, ret_detail);
}

enum err ledger_verify_step(struct ledger_verify *verify, struct bus_limit limit, bool *ret_done,
			    struct buf *ret_detail)
{
	struct ledger_reader *reader = &verify->reader;
	uint64_t before = reader->chain.seq;
	enum err err;

	*ret_done = before >= verify->to_seq;
	if (*ret_done)
		return verify_end(verify, ret_detail);
	if (limit.records > verify->to_seq - before)
		limit.records = verify->to_seq - before;
	err = ledger_reader_next(reader, limit, verify_visit, verify, ret_detail);
	if (err != OK)
		return err;
	*ret_done = reader->chain.seq >= verify->to_seq;
	if (*ret_done)
		return verify_end(verify, ret_detail);
	if (reader->chain.seq > before)
		return OK;
	/* It was there when this began. */
	reader->finding = (struct finding){
		.flaw = FLAW_MISSING,
		.seq = before + 1,
		.expected_number = before + 1,
		.found_number = 0,
	};
	return corrupt(&reader->finding, ret_detail);
}
