/*
 * bus - where records are kept.
 *
 * A bus does one hard thing: it keeps record N+1 if and only if N is the
 * last one. What a record means is not its business; to it a record is a
 * number, an epoch and bytes. Snapshots are kept beside the records, because
 * whoever loses one must be able to begin again from the other.
 *
 * Threads. Operations marked [writer] are called by one thread at a time;
 * the daemon may hand that role from one thread to another. Operations
 * marked [any] may be called by any thread at any time between open and
 * close, also while the writer is inside an operation. close is called when
 * no other operation runs.
 *
 * Every operation that can fail takes `ret_detail`: text for a person is
 * added to it (which file or server, what it said). It may be NULL.
 */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

/*
 * One import of a board is one record, all or nothing: 16 MiB holds some
 * ten thousand tasks with long descriptions. A bus whose engine takes less
 * (etcd 1.5 MB, JetStream 1 MB unless told otherwise) says so in
 * `record_bytes_max`.
 */
#define BUS_RECORD_BYTES_MAX ((size_t)16 << 20)

/* Small enough that an append which waits behind a chunk waits a few milliseconds. */
#define BUS_CHUNK_BYTES_MAX ((size_t)256 << 10)

/* The newest may turn out to be damaged, so the one before it is kept too. */
#define BUS_SNAPSHOTS_KEPT 2

/* What was trimmed leaves this much behind, at most. */
#define BUS_ANCHOR_BYTES_MAX 256

/* An empty bus has first_seq 1, last_seq 0 and epoch 0. */
struct bus_head {
	uint64_t first_seq;	/* the oldest record that is kept */
	uint64_t last_seq;	/* first_seq - 1 when none is kept */
	uint64_t epoch;		/* of the last record */
};

struct bus_append {
	uint64_t expected_last_seq;
	uint64_t epoch;		/* at least 1 */
	struct slice record;	/* 1 to record_bytes_max bytes */
	bool at_once;		/* ERR_STORAGE_BUSY rather than wait for another process */
};

/* A scan ends after `records` records, or after the one that reaches `bytes`. Both at least 1. */
struct bus_limit {
	uint64_t records;
	size_t bytes;
};

struct bus_snapshot {
	uint64_t id;		/* names it in snapshot_read; never used for another */
	uint64_t seq;		/* of the last record it holds */
	uint64_t chunk_count;
	uint64_t bytes;
};

/*
 * `record` is valid during the call only. Must not call the bus. Anything
 * but OK ends the scan and is what the scan returns.
 */
typedef enum err bus_visit_fn(void *context, uint64_t seq, struct slice record);

struct bus;

struct bus_ops {
	const char *name;		/* of the engine */
	size_t record_bytes_max;

	/* [any] All three numbers are of one moment. */
	enum err (*head)(struct bus *bus, struct bus_head *ret_head, struct buf *ret_detail);

	/*
	 * [writer] Keeps the record as number expected_last_seq + 1.
	 *
	 * OK                    it is durable: it survives the end of the
	 *                       process and of the machine
	 * ERR_SEQ_CONFLICT      nothing was kept: another record is the last
	 *                       one, or the last one has a higher epoch (the
	 *                       caller's reign is over)
	 * ERR_STORAGE_FULL      it is certain that nothing was kept, now and
	 * ERR_STORAGE_IO        after a restart
	 * ERR_STORAGE_BUSY
	 * ERR_APPEND_AMBIGUOUS  anything else. The caller must call recover
	 *                       before it decides on anything
	 */
	enum err (*append)(struct bus *bus, const struct bus_append *append,
			   struct buf *ret_detail);

	/*
	 * [writer] After OK the head is the truth: whatever was appended is
	 * there and durable, or will never be. Nothing that was reported
	 * ambiguous may appear later. Any other answer leaves it as unknown
	 * as before, and recover is called again.
	 */
	enum err (*recover)(struct bus *bus, struct buf *ret_detail);

	/*
	 * [any] Replaces the content of `ret_record`. ERR_CURSOR_TRIMMED before
	 * the first record, ERR_CURSOR_AHEAD after the last, ERR_LEDGER_CORRUPT
	 * when it should be there and is not.
	 */
	enum err (*read)(struct bus *bus, uint64_t seq, struct buf *ret_record,
			 struct buf *ret_detail);

	/*
	 * [any] Visits records in order from `from_seq` (at least 1), all of one moment.
	 * OK with no visit when from_seq is after the last record;
	 * ERR_CURSOR_TRIMMED when it is before the first. A hole is not looked
	 * for: who reads checks that numbers follow one another.
	 */
	enum err (*scan)(struct bus *bus, uint64_t from_seq, struct bus_limit limit,
			 bus_visit_fn *visit, void *context, struct buf *ret_detail);

	/*
	 * [writer] Snapshots are put in pieces, so that appends can go between:
	 * begin, add ..., commit. A begin forgets an unfinished one, and so do
	 * recover and the next open. An unfinished one can be read by its id
	 * and is in no list. Commit is durable when it answers OK and replaces
	 * a complete one of the same seq.
	 */
	enum err (*snapshot_begin)(struct bus *bus, uint64_t seq, uint64_t *ret_id,
				   struct buf *ret_detail);
	enum err (*snapshot_add)(struct bus *bus, uint64_t id, struct slice chunk,
				 struct buf *ret_detail);
	enum err (*snapshot_commit)(struct bus *bus, uint64_t id, struct buf *ret_detail);

	/* [writer] Drops the complete ones of a lower seq. Their bytes may go later, in idle. */
	enum err (*snapshot_drop)(struct bus *bus, uint64_t before_seq, struct buf *ret_detail);

	/* [any] The newest complete ones, highest seq first. */
	enum err (*snapshot_list)(struct bus *bus, struct bus_snapshot ret_list[BUS_SNAPSHOTS_KEPT],
				  size_t *ret_count, struct buf *ret_detail);

	/*
	 * [any] Replaces the content of `ret_chunk`. `index` counts from 0;
	 * ERR_CURSOR_AHEAD after the last chunk or when there is no such id.
	 */
	enum err (*snapshot_read)(struct bus *bus, uint64_t id, uint64_t index,
				  struct buf *ret_chunk, struct buf *ret_detail);

	/*
	 * [writer] Removes the records before `before_seq` and keeps `anchor`
	 * in one step. The last record always stays: before_seq is at most
	 * last_seq. Who wants short pauses trims in short stretches.
	 */
	enum err (*trim)(struct bus *bus, uint64_t before_seq, struct slice anchor,
			 struct buf *ret_detail);

	/* [any] Replaces `ret_anchor` with what the last trim left; empty when there was none. */
	enum err (*anchor)(struct bus *bus, struct buf *ret_anchor, struct buf *ret_detail);

	/*
	 * [writer] Housekeeping that would otherwise be paid by an append, one
	 * bounded piece. Called when nothing waits; may be left out.
	 */
	void (*idle)(struct bus *bus);

	/* [any] Adds "key=value" words for status and logs: engine, place, sizes. */
	void (*describe)(struct bus *bus, struct buf *out);

	/* Frees the bus. What was acknowledged stays; an unfinished snapshot goes. */
	void (*close)(struct bus *bus);
};

struct bus {
	const struct bus_ops *ops;
};

/* Takes NULL. */
static inline void bus_close(struct bus *bus)
{
	if (bus)
		bus->ops->close(bus);
}

/* Adds `text` when somebody wants to read it. */
static inline void bus_detail(struct buf *ret_detail, const char *text)
{
	if (ret_detail)
		buf_add_str(ret_detail, text);
}

#endif
