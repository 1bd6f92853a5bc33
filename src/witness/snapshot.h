/*
 * snapshot - the machine's state after a record, so that a start need not
 * fold everything again and old records can be trimmed.
 *
 * To the ledger the state is bytes. They are kept with the place in the
 * chain they belong to and a SHA-256 over all:
 *
 *	"IFsn", version (4 bytes), chain (64), state, length of the state (8), SHA-256 (32)
 *
 * cut into chunks. A snapshot counts only after all of it was read back and
 * compared; two are kept.
 */
#ifndef WITNESS_SNAPSHOT_H
#define WITNESS_SNAPSHOT_H

#include "bus/bus.h"
#include "witness/chain.h"

struct snapshot_writer {
	struct bus *bus;	/* not owned */
	uint64_t id;
	struct chain chain;
	uint64_t state_bytes;
	struct buf chunk;
	struct hash_state writing;
	struct hash_state reading;
	struct hash written;	/* hash of every byte that was handed to the bus */
	uint64_t chunks;
	uint64_t chunks_read;
	bool sealed;
	bool compared;
};

/*
 * The steps in order: begin, add ..., seal, compare_step until done, commit;
 * each is bounded, and appends may go between any two. Whatever fails, call
 * finish and begin again later: the ledger is not touched.
 *
 * `chain` is the ledger's head at the moment that the state is of.
 */
MUST_USE enum err snapshot_begin(struct snapshot_writer *writer, struct bus *bus,
				 const struct chain *chain, struct buf *ret_detail);
MUST_USE enum err snapshot_add(struct snapshot_writer *writer, struct slice state,
			       struct buf *ret_detail);
MUST_USE enum err snapshot_seal(struct snapshot_writer *writer, struct buf *ret_detail);
/* Reads some chunks back. ERR_STORAGE_IO when they are not what was written. */
MUST_USE enum err snapshot_compare_step(struct snapshot_writer *writer, uint64_t chunks_max,
					bool *ret_done, struct buf *ret_detail);
/* Makes it one of the two that count and drops older ones. */
MUST_USE enum err snapshot_commit(struct snapshot_writer *writer, struct buf *ret_detail);
void snapshot_finish(struct snapshot_writer *writer);

struct snapshot_found {
	struct bus_snapshot kept;
	struct chain chain;
	uint64_t state_bytes;
	uint64_t quick;			/* a cheap hash of all of it, for reading it again */
};

/*
 * The newest valid snapshot of a record before `below_seq` (UINT64_MAX: of
 * any). One that is damaged is passed over, and `ret_detail` says so.
 * *ret_any is false when there is none and all records are there to be
 * folded from the first.
 *
 * ERR_LEDGER_CORRUPT when a whole snapshot and the ledger contradict each
 * other (the ledger was shortened or replaced), or when there is no valid
 * one and records were trimmed.
 */
MUST_USE enum err snapshot_find(struct bus *bus, uint64_t below_seq, bool *ret_any,
				struct snapshot_found *ret_found, struct buf *ret_detail);

/* Gets the state in order, in pieces. Anything but OK ends the reading. */
typedef enum err snapshot_sink_fn(void *context, struct slice state);

/* ERR_LEDGER_CORRUPT when it reads otherwise now: the pieces are then not to be used. */
MUST_USE enum err snapshot_read_state(struct bus *bus, const struct snapshot_found *found,
				      snapshot_sink_fn *sink, void *context,
				      struct buf *ret_detail);

#endif
