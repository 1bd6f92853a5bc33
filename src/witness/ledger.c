#include "witness/ledger.h"

#include "witness/reader.h"

static enum err corrupt(const struct finding *finding, struct buf *ret_detail)
{
	if (ret_detail)
		finding_describe(finding, ret_detail);
	return finding_err(finding);
}

static enum err visit_nothing(void *context, const struct record *record)
{
	(void)context;
	(void)record;
	return OK;
}

enum err ledger_open(struct ledger *ledger, struct bus *bus, struct buf *ret_detail)
{
	struct ledger_reader reader;
	struct bus_head head;
	struct bus_limit one = { .records = 1, .bytes = 1 };
	enum err err;

	*ledger = (struct ledger){ .bus = bus, .head = chain_genesis() };
	err = bus->ops->head(bus, &head, ret_detail);
	if (err != OK)
		return err;
	if (head.last_seq < head.first_seq)
		return OK;
	err = ledger_reader_begin(&reader, bus, head.last_seq, ret_detail);
	if (err == OK)
		err = ledger_reader_next(&reader, one, visit_nothing, NULL, ret_detail);
	if (err != OK)
		return err;
	if (reader.chain.seq != head.last_seq || reader.chain.epoch != head.epoch) {
		struct finding finding = {
			.flaw = reader.chain.seq != head.last_seq ? FLAW_MISSING : FLAW_EPOCH,
			.seq = head.last_seq,
			.expected_number = head.epoch,
			.found_number = reader.chain.epoch,
		};

		return corrupt(&finding, ret_detail);
	}
	ledger->head = reader.chain;
	return OK;
}

void ledger_close(struct ledger *ledger)
{
	buf_finish(&ledger->bytes);
	*ledger = (struct ledger){ 0 };
}

void ledger_begin_reign(struct ledger *ledger)
{
	ledger->epoch = ledger->head.epoch + 1;
}

size_t ledger_body_bytes_max(const struct ledger *ledger)
{
	return ledger->bus->ops->record_bytes_max - RECORD_BYTES_MIN;
}

/* Encodes the record that would follow the head; returns where the chain then stands. */
static struct chain record_build(struct ledger *ledger, const struct ledger_entry *entry)
{
	struct record record = {
		.seq = ledger->head.seq + 1,
		.epoch = ledger->epoch,
		.at_us = entry->at_us,
		.first_event = ledger->head.next_event,
		.event_count = entry->event_count,
		.previous = ledger->head.hash,
		.body = entry->body,
	};

	buf_clear(&ledger->bytes);
	record_encode(&record, &ledger->bytes);
	return chain_after(&record);
}

enum err ledger_append(struct ledger *ledger, const struct ledger_entry *entry,
		       struct buf *ret_detail)
{
	struct bus *bus = ledger->bus;
	struct bus_append append;
	struct chain next;
	bool kept = false;
	enum err err;

	ENSURE(ledger->epoch > 0 && entry->at_us >= ledger->head.at_us);
	if (ledger->in_doubt)
		return ERR_APPEND_AMBIGUOUS;
	if (entry->body.len > ledger_body_bytes_max(ledger)) {
		bus_detail(ret_detail, "the record is longer than the bus takes");
		return ERR_LIMIT_EXCEEDED;
	}
	next = record_build(ledger, entry);
	append = (struct bus_append){
		.expected_last_seq = ledger->head.seq,
		.epoch = ledger->epoch,
		.record = buf_slice(&ledger->bytes),
		.at_once = entry->at_once,
	};
	err = bus->ops->append(bus, &append, ret_detail);
	if (err == OK) {
		ledger->head = next;
		return OK;
	}
	if (err != ERR_APPEND_AMBIGUOUS)
		return err;
	ledger->in_doubt = true;
	ledger->doubtful = next;
	err = ledger_resolve(ledger, &kept, ret_detail);
	if (err == OK)
		return kept ? OK : ERR_STORAGE_IO;
	return err == ERR_SEQ_CONFLICT ? err : ERR_APPEND_AMBIGUOUS;
}

/* Whether the record kept in the doubtful one's place is that one, by its hash. */
static enum err doubtful_compare(struct ledger *ledger, bool *ret_same, struct buf *ret_detail)
{
	struct buf bytes = { 0 };
	struct record record;
	struct finding finding;
	enum err err = ledger->bus->ops->read(ledger->bus, ledger->doubtful.seq, &bytes,
					      ret_detail);

	if (err == OK) {
		if (record_decode(buf_slice(&bytes), &record, &finding)) {
			*ret_same = hash_is(&record.own, &ledger->doubtful.hash);
		} else {
			finding.seq = ledger->doubtful.seq;
			err = corrupt(&finding, ret_detail);
		}
	}
	buf_finish(&bytes);
	return err;
}

enum err ledger_resolve(struct ledger *ledger, bool *ret_kept, struct buf *ret_detail)
{
	struct bus *bus = ledger->bus;
	struct bus_head head;
	bool same = false;
	enum err err;

	ENSURE(ledger->in_doubt);
	err = bus->ops->recover(bus, ret_detail);
	if (err == OK)
		err = bus->ops->head(bus, &head, ret_detail);
	if (err != OK)
		return err;
	if (head.last_seq < ledger->head.seq) {
		struct finding finding = {
			.flaw = FLAW_MISSING,
			.seq = ledger->head.seq,
			.expected_number = ledger->head.seq,
			.found_number = head.last_seq,
		};

		return corrupt(&finding, ret_detail);
	}
	if (head.last_seq == ledger->head.seq) {
		ledger->in_doubt = false;
		*ret_kept = false;
		return OK;
	}
	err = doubtful_compare(ledger, &same, ret_detail);
	if (err != OK)
		return err;
	ledger->in_doubt = false;
	/* Whoever went on after ours knows more than our state does. */
	if (!same || head.last_seq > ledger->doubtful.seq)
		return ERR_SEQ_CONFLICT;
	ledger->head = ledger->doubtful;
	*ret_kept = true;
	return OK;
}

/* The first record that has to stay: what the older of two snapshots needs after it. */
static enum err trim_limit(struct ledger *ledger, uint64_t *ret_seq, struct buf *ret_detail)
{
	struct bus *bus = ledger->bus;
	struct bus_snapshot list[BUS_SNAPSHOTS_KEPT];
	size_t count;
	enum err err = bus->ops->snapshot_list(bus, list, &count, ret_detail);

	if (err != OK)
		return err;
	*ret_seq = count == BUS_SNAPSHOTS_KEPT ? list[count - 1].seq + 1 : 1;
	if (*ret_seq > ledger->head.seq)
		*ret_seq = ledger->head.seq;
	return OK;
}

/*
 * What is trimmed cannot be verified any more, so it is verified now, with
 * the link from the last of it to the first that stays.
 */
static enum err stretch_verify(struct bus *bus, uint64_t first_seq, uint64_t end_seq,
			       struct chain *ret_chain, struct buf *ret_detail)
{
	struct bus_limit stretch = { .records = end_seq - first_seq, .bytes = SIZE_MAX };
	struct bus_limit one = { .records = 1, .bytes = 1 };
	struct ledger_reader reader;
	enum err err = ledger_reader_begin(&reader, bus, first_seq, ret_detail);

	if (err == OK)
		err = ledger_reader_next(&reader, stretch, visit_nothing, NULL, ret_detail);
	if (err != OK)
		return err;
	*ret_chain = reader.chain;
	err = ledger_reader_next(&reader, one, visit_nothing, NULL, ret_detail);
	if (err == OK && reader.chain.seq != end_seq) {
		struct finding finding = {
			.flaw = FLAW_MISSING,
			.seq = reader.chain.seq + 1,
			.expected_number = reader.chain.seq + 1,
		};

		return corrupt(&finding, ret_detail);
	}
	return err;
}

static enum err trim_stretch(struct bus *bus, uint64_t first_seq, uint64_t end_seq,
			     struct buf *ret_detail)
{
	struct buf anchor = { 0 };
	struct chain chain;
	enum err err = stretch_verify(bus, first_seq, end_seq, &chain, ret_detail);

	if (err == OK) {
		anchor_encode(&chain, &anchor);
		err = bus->ops->trim(bus, end_seq, buf_slice(&anchor), ret_detail);
	}
	buf_finish(&anchor);
	return err;
}

enum err ledger_trim(struct ledger *ledger, uint64_t before_seq, uint64_t records_max,
		     bool *ret_more, struct buf *ret_detail)
{
	struct bus *bus = ledger->bus;
	struct bus_head head;
	uint64_t limit_seq, end_seq;
	enum err err;

	ENSURE(records_max > 0);
	*ret_more = false;
	err = bus->ops->head(bus, &head, ret_detail);
	if (err == OK)
		err = trim_limit(ledger, &limit_seq, ret_detail);
	if (err != OK)
		return err;
	if (before_seq > limit_seq)
		before_seq = limit_seq;
	if (before_seq <= head.first_seq)
		return OK;
	end_seq = before_seq;
	if (end_seq - head.first_seq > records_max)
		end_seq = head.first_seq + records_max;
	*ret_more = end_seq < before_seq;
	return trim_stretch(bus, head.first_seq, end_seq, ret_detail);
}
