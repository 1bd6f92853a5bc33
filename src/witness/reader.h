/*
 * reader - goes through a ledger and believes nothing that does not chain.
 *
 * A reader belongs to one thread and needs only the bus, so that one can
 * work beside the thread that appends. All work is in bounded slices: a
 * server does one between requests.
 */
#ifndef WITNESS_READER_H
#define WITNESS_READER_H

#include "bus/bus.h"
#include "witness/chain.h"

struct ledger_reader {
	struct bus *bus;		/* not owned */
	struct chain chain;		/* of what was read; the next record is chain.seq + 1 */
	struct finding finding;		/* when reading ended in corruption */
};

/*
 * A reader whose first record is `from_seq`, 1 to the last one plus 1. What
 * stands before it (the record, or the anchor of what was trimmed) is read
 * and believed, so that the first record is checked too.
 *
 * ERR_CURSOR_TRIMMED, ERR_CURSOR_AHEAD, ERR_LEDGER_CORRUPT (see finding),
 * ERR_LEDGER_TOO_NEW, ERR_STORAGE_*.
 */
MUST_USE enum err ledger_reader_begin(struct ledger_reader *reader, struct bus *bus,
				      uint64_t from_seq, struct buf *ret_detail);

/* The body is valid during the call. Must not call the bus. Not OK ends the reading. */
typedef enum err ledger_visit_fn(void *context, const struct record *record);

/*
 * Visits the next records within `limit`; none when there is none. A record
 * that does not chain is not visited: ERR_LEDGER_CORRUPT or
 * ERR_LEDGER_TOO_NEW, with the finding kept and described in `ret_detail`.
 * A record whose visit was not OK is the next one again.
 */
MUST_USE enum err ledger_reader_next(struct ledger_reader *reader, struct bus_limit limit,
				     ledger_visit_fn *visit, void *context,
				     struct buf *ret_detail);

/* The record that holds this event, at least 1. Errors as above. */
MUST_USE enum err ledger_find_event(struct bus *bus, uint64_t event, uint64_t *ret_seq,
				    struct buf *ret_detail);

struct ledger_verify {
	struct ledger_reader reader;
	uint64_t to_seq;
	bool has_expected;
	bool expected_seen;
	struct hash expected;
	uint64_t records;	/* verified so far, with their events and bytes */
	uint64_t events;
	uint64_t bytes;
};

/*
 * Prepares to verify records from_seq (0: the first that is kept) to to_seq
 * (0: the last one now). With `expected_head`, a hash that was noted when it
 * was the head's, the ledger must still hold the record that carries it: a
 * ledger that was shortened is whole in itself, and only this tells.
 */
MUST_USE enum err ledger_verify_begin(struct ledger_verify *verify, struct bus *bus,
				      uint64_t from_seq, uint64_t to_seq,
				      const struct hash *expected_head, struct buf *ret_detail);

/* One slice. When all is verified, *ret_done is true; corruption is in reader.finding. */
MUST_USE enum err ledger_verify_step(struct ledger_verify *verify, struct bus_limit limit,
				     bool *ret_done, struct buf *ret_detail);

#endif
