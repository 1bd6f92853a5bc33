/*
 * ledger - appends to the chain, and always knows whether it did.
 *
 * Synchronous: an append returns when its record is durable or when it is
 * certain that it is not kept. Who owns a ledger is the bus's writer.
 */
#ifndef WITNESS_LEDGER_H
#define WITNESS_LEDGER_H

#include "bus/bus.h"
#include "witness/chain.h"

struct ledger {
	struct bus *bus;	/* not owned */
	struct chain head;	/* of the last record that is known to be kept */
	uint64_t epoch;		/* of this reign; 0 until ledger_begin_reign */
	bool in_doubt;		/* an append is neither known to be kept nor to be lost */
	struct chain doubtful;	/* where the chain stands if it was kept */
	struct buf bytes;	/* of the record that is being appended */
};

struct ledger_entry {
	struct slice body;
	uint32_t event_count;
	int64_t at_us;		/* not before head.at_us: the leader stamps monotone time */
	bool at_once;		/* as in struct bus_append */
};

/*
 * Reads the head and checks the last record: whole, in its place, linked to
 * the one before it (or to the anchor of what was trimmed), of the epoch
 * that the bus names.
 *
 * ERR_LEDGER_CORRUPT, ERR_LEDGER_TOO_NEW, ERR_STORAGE_*. ledger_close after
 * a failure is allowed.
 */
MUST_USE enum err ledger_open(struct ledger *ledger, struct bus *bus, struct buf *ret_detail);
/* The bus stays open. */
void ledger_close(struct ledger *ledger);

/* The next appends belong to a new reign, one after the last record's. */
void ledger_begin_reign(struct ledger *ledger);

/*
 * OK                    durable; head is this record
 * ERR_LIMIT_EXCEEDED    the body is longer than the bus takes; nothing was kept
 * ERR_STORAGE_*         certainly not kept; the same may be tried again
 * ERR_SEQ_CONFLICT      not kept: somebody else appended. What was decided
 *                       on this head is void; open the ledger again
 * ERR_APPEND_AMBIGUOUS  not known, because even reading back failed. Every
 *                       append answers this until ledger_resolve succeeds
 */
MUST_USE enum err ledger_append(struct ledger *ledger, const struct ledger_entry *entry,
				struct buf *ret_detail);

/*
 * Clears up a doubt. OK with whether the record was kept (then head is that
 * record); ERR_SEQ_CONFLICT as for an append; otherwise it is still unknown.
 */
MUST_USE enum err ledger_resolve(struct ledger *ledger, bool *ret_kept, struct buf *ret_detail);

/* The longest body that this bus takes. */
size_t ledger_body_bytes_max(const struct ledger *ledger);

/*
 * Verifies and then trims records before `before_seq`, at most `records_max`
 * of them in one call, and never more than what the older of two kept
 * snapshots holds. *ret_more says that another call would trim more.
 */
MUST_USE enum err ledger_trim(struct ledger *ledger, uint64_t before_seq, uint64_t records_max,
			      bool *ret_more, struct buf *ret_detail);

#endif
