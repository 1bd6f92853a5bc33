#include "bus/sqlite.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "bus/sqlite_db.h"

/*
 * Idle moments write back a tenth of what would make an append wait, so a
 * daemon with pauses never makes one wait.
 */
#define IDLE_PAGES_DIVISOR 10

/* Chunks of dropped snapshots that one idle call removes: up to 4 MiB. */
#define DROP_CHUNKS 16

struct bus_sqlite {
	struct bus bus;
	struct sqlite_db *db;
	/* The writer's. */
	uint64_t unfinished_id;		/* 0 when there is none */
	uint64_t unfinished_chunks;
	bool drops_left;		/* dropped snapshots may have bytes in the file */
};

static struct bus_sqlite *sqlite_of(struct bus *bus)
{
	return (struct bus_sqlite *)bus;
}

static enum err refuse(const struct bus_sqlite *sqlite, enum err err, const char *text,
		       struct buf *ret_detail)
{
	bus_detail(ret_detail, sqlite_db_path(sqlite->db));
	bus_detail(ret_detail, ": ");
	bus_detail(ret_detail, text);
	return err;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Whatever is not an append reports a doubt as a failure; the next write clears it up. */
static enum err write_rest(struct bus_sqlite *sqlite, enum sql sql, struct buf *ret_detail)
{
	enum err err = sql_write(sqlite->db, sql, ret_detail);

	return err == ERR_APPEND_AMBIGUOUS || err == ERR_SEQ_CONFLICT ? ERR_STORAGE_IO : err;
}

static enum err unfinished_forget(struct bus_sqlite *sqlite, struct buf *ret_detail)
{
	sqlite->unfinished_id = 0;
	sqlite->unfinished_chunks = 0;
	sqlite->drops_left = true;
	return write_rest(sqlite, SQL_FORGET, ret_detail);
}

static enum err sqlite_recover(struct bus *bus, struct buf *ret_detail)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);
	enum err err = sqlite_db_reopen(sqlite->db, ret_detail);

	return err == OK ? unfinished_forget(sqlite, ret_detail) : err;
}

/*
 * Before anything is written. A doubt that nobody cleared up is cleared up
 * first: what is then appended is compared with the true head.
 */
static enum err write_begin(struct bus_sqlite *sqlite, struct buf *ret_detail)
{
	enum err err = sqlite_db_check_place(sqlite->db, ret_detail);

	if (err == OK && sqlite_db_in_doubt(sqlite->db))
		err = sqlite_recover(&sqlite->bus, ret_detail);
	if (err == OK)
		sqlite_db_checkpoint(sqlite->db, sqlite_db_checkpoint_pages(sqlite->db));
	return err;
}

static enum err sqlite_append(struct bus *bus, const struct bus_append *append,
			      struct buf *ret_detail)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);
	enum err err;

	ENSURE(append->epoch > 0 && append->record.len > 0);
	ENSURE(append->record.len <= BUS_RECORD_BYTES_MAX);
	err = write_begin(sqlite, ret_detail);
	if (err != OK)
		return err;
	sqlite_db_wait(sqlite->db, !append->at_once);
	sql_bind_u64(sqlite->db, SQL_APPEND, 1, append->expected_last_seq);
	sql_bind_u64(sqlite->db, SQL_APPEND, 2, append->epoch);
	sql_bind_bytes(sqlite->db, SQL_APPEND, 3, append->record);
	err = sql_write(sqlite->db, SQL_APPEND, ret_detail);
	sqlite_db_wait(sqlite->db, true);
	if (err == OK && sql_changes(sqlite->db) == 0)
		err = refuse(sqlite, ERR_SEQ_CONFLICT, "the head is another one", ret_detail);
	return err;
}

/* Removes some bytes of dropped snapshots. */
static enum err drops_clean(struct bus_sqlite *sqlite, struct buf *ret_detail)
{
	enum err err;

	sql_bind_u64(sqlite->db, SQL_CLEAN_CHUNKS, 1, DROP_CHUNKS);
	err = write_rest(sqlite, SQL_CLEAN_CHUNKS, ret_detail);
	if (err != OK || sql_changes(sqlite->db) == DROP_CHUNKS)
		return err;
	err = write_rest(sqlite, SQL_CLEAN_SNAPSHOTS, ret_detail);
	sqlite->drops_left = err != OK;
	return err;
}

static enum err sqlite_snapshot_begin(struct bus *bus, uint64_t seq, uint64_t *ret_id,
				      struct buf *ret_detail)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);
	enum err err = write_begin(sqlite, ret_detail);

	if (err == OK)
		err = unfinished_forget(sqlite, ret_detail);
	if (err != OK)
		return err;
	sql_bind_u64(sqlite->db, SQL_SNAPSHOT, 1, seq);
	err = write_rest(sqlite, SQL_SNAPSHOT, ret_detail);
	if (err != OK)
		return err;
	sqlite->unfinished_id = sql_last_id(sqlite->db);
	*ret_id = sqlite->unfinished_id;
	return OK;
}

/* As write_begin, for an operation on the unfinished snapshot. */
static enum err snapshot_write_begin(struct bus_sqlite *sqlite, uint64_t id,
				     struct buf *ret_detail)
{
	enum err err = write_begin(sqlite, ret_detail);

	if (err == OK && (id == 0 || id != sqlite->unfinished_id))
		err = refuse(sqlite, ERR_STORAGE_IO, "the snapshot was given up", ret_detail);
	return err;
}

static enum err sqlite_snapshot_add(struct bus *bus, uint64_t id, struct slice chunk,
				    struct buf *ret_detail)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);
	enum err err = snapshot_write_begin(sqlite, id, ret_detail);

	ENSURE(chunk.len > 0 && chunk.len <= BUS_CHUNK_BYTES_MAX);
	/* A new one takes the room of dropped ones instead of making the file longer. */
	if (err == OK && sqlite->drops_left)
		err = drops_clean(sqlite, ret_detail);
	if (err != OK)
		return err;
	sql_bind_u64(sqlite->db, SQL_PUT_CHUNK, 1, id);
	sql_bind_u64(sqlite->db, SQL_PUT_CHUNK, 2, sqlite->unfinished_chunks);
	sql_bind_bytes(sqlite->db, SQL_PUT_CHUNK, 3, chunk);
	err = write_rest(sqlite, SQL_PUT_CHUNK, ret_detail);
	if (err == OK)
		sqlite->unfinished_chunks++;
	return err;
}

static enum err sqlite_snapshot_commit(struct bus *bus, uint64_t id, struct buf *ret_detail)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);
	enum err err = snapshot_write_begin(sqlite, id, ret_detail);

	if (err != OK)
		return err;
	sql_bind_u64(sqlite->db, SQL_COMPLETE, 1, id);
	err = write_rest(sqlite, SQL_COMPLETE, ret_detail);
	if (err == OK)
		sqlite->unfinished_id = 0;
	sqlite->drops_left = true;
	return err;
}

static enum err sqlite_snapshot_drop(struct bus *bus, uint64_t before_seq, struct buf *ret_detail)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);
	enum err err = write_begin(sqlite, ret_detail);

	if (err != OK)
		return err;
	sql_bind_u64(sqlite->db, SQL_DROP, 1, before_seq);
	sqlite->drops_left = true;
	return write_rest(sqlite, SQL_DROP, ret_detail);
}

static enum err trim_transaction(struct bus_sqlite *sqlite, uint64_t before_seq,
				 struct slice anchor, struct buf *ret_detail)
{
	enum err err = write_rest(sqlite, SQL_BEGIN, ret_detail);

	if (err != OK)
		return err;
	sql_bind_u64(sqlite->db, SQL_TRIM, 1, before_seq);
	err = write_rest(sqlite, SQL_TRIM, ret_detail);
	if (err != OK)
		return err;
	sql_bind_bytes(sqlite->db, SQL_PUT_ANCHOR, 1, anchor);
	err = write_rest(sqlite, SQL_PUT_ANCHOR, ret_detail);
	return err == OK ? write_rest(sqlite, SQL_COMMIT, ret_detail) : err;
}

static enum err sqlite_trim(struct bus *bus, uint64_t before_seq, struct slice anchor,
			    struct buf *ret_detail)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);
	struct bus_head head;
	enum err err;

	ENSURE(anchor.len > 0 && anchor.len <= BUS_ANCHOR_BYTES_MAX);
	err = write_begin(sqlite, ret_detail);
	if (err == OK)
		err = bus->ops->head(bus, &head, ret_detail);
	if (err != OK)
		return err;
	ENSURE(before_seq <= head.last_seq);
	if (before_seq <= head.first_seq)
		return OK;
	return trim_transaction(sqlite, before_seq, anchor, ret_detail);
}

static void sqlite_idle(struct bus *bus)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);
	int pages = sqlite_db_checkpoint_pages(sqlite->db);

	if (sqlite_db_in_doubt(sqlite->db))
		return;
	if (sqlite->drops_left && drops_clean(sqlite, NULL) != OK)
		return;
	sqlite_db_checkpoint(sqlite->db, pages / IDLE_PAGES_DIVISOR);
}

/* ---- reading ---------------------------------------------------------------------------- */

static enum err sqlite_head(struct bus *bus, struct bus_head *ret_head, struct buf *ret_detail)
{
	struct sqlite_db *db = sqlite_of(bus)->db;

	if (!sql_read_begin(db, ret_detail))
		return ERR_STORAGE_IO;
	if (sql_row(db, SQL_HEAD))
		*ret_head = (struct bus_head){
			.first_seq = sql_u64(db, SQL_HEAD, 0),
			.last_seq = sql_u64(db, SQL_HEAD, 1),
			.epoch = sql_u64(db, SQL_HEAD, 2),
		};
	return sql_read_end(db, SQL_HEAD, OK, ret_detail);
}

static enum err sqlite_read(struct bus *bus, uint64_t seq, struct buf *ret_record,
			    struct buf *ret_detail)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);
	struct sqlite_db *db = sqlite->db;
	enum err err = OK;

	if (!sql_read_begin(db, ret_detail))
		return ERR_STORAGE_IO;
	sql_bind_u64(db, SQL_RECORDS, 1, seq);
	sql_bind_u64(db, SQL_RECORDS, 2, 1);
	if (!sql_row(db, SQL_RECORDS)) {
		err = ERR_CURSOR_AHEAD;
	} else if (sql_u64(db, SQL_RECORDS, 0) == seq) {
		buf_clear(ret_record);
		buf_add_slice(ret_record, sql_bytes(db, SQL_RECORDS, 1));
	} else if (seq < sql_u64(db, SQL_RECORDS, 2)) {
		err = ERR_CURSOR_TRIMMED;
	} else {
		err = refuse(sqlite, ERR_LEDGER_CORRUPT, "a record is missing", ret_detail);
	}
	return sql_read_end(db, SQL_RECORDS, err, ret_detail);
}

static enum err sqlite_scan(struct bus *bus, uint64_t from_seq, struct bus_limit limit,
			    bus_visit_fn *visit, void *context, struct buf *ret_detail)
{
	struct sqlite_db *db = sqlite_of(bus)->db;
	enum err err = OK;
	size_t bytes = 0;

	ENSURE(from_seq > 0 && limit.records > 0 && limit.bytes > 0);
	if (!sql_read_begin(db, ret_detail))
		return ERR_STORAGE_IO;
	sql_bind_u64(db, SQL_RECORDS, 1, from_seq);
	sql_bind_u64(db, SQL_RECORDS, 2, limit.records < INT64_MAX ? limit.records : INT64_MAX);
	while (err == OK && bytes < limit.bytes && sql_row(db, SQL_RECORDS)) {
		struct slice record = sql_bytes(db, SQL_RECORDS, 1);

		if (from_seq < sql_u64(db, SQL_RECORDS, 2)) {
			err = ERR_CURSOR_TRIMMED;
			break;
		}
		bytes += record.len;
		err = visit(context, sql_u64(db, SQL_RECORDS, 0), record);
	}
	return sql_read_end(db, SQL_RECORDS, err, ret_detail);
}

static enum err sqlite_snapshot_list(struct bus *bus,
				     struct bus_snapshot ret_list[BUS_SNAPSHOTS_KEPT],
				     size_t *ret_count, struct buf *ret_detail)
{
	struct sqlite_db *db = sqlite_of(bus)->db;
	size_t count = 0;

	if (!sql_read_begin(db, ret_detail))
		return ERR_STORAGE_IO;
	sql_bind_u64(db, SQL_SNAPSHOTS, 1, BUS_SNAPSHOTS_KEPT);
	while (count < BUS_SNAPSHOTS_KEPT && sql_row(db, SQL_SNAPSHOTS))
		ret_list[count++] = (struct bus_snapshot){
			.id = sql_u64(db, SQL_SNAPSHOTS, 0),
			.seq = sql_u64(db, SQL_SNAPSHOTS, 1),
			.chunk_count = sql_u64(db, SQL_SNAPSHOTS, 2),
			.bytes = sql_u64(db, SQL_SNAPSHOTS, 3),
		};
	*ret_count = count;
	return sql_read_end(db, SQL_SNAPSHOTS, OK, ret_detail);
}

static enum err sqlite_snapshot_read(struct bus *bus, uint64_t id, uint64_t index,
				     struct buf *ret_chunk, struct buf *ret_detail)
{
	struct sqlite_db *db = sqlite_of(bus)->db;
	enum err err = OK;

	if (!sql_read_begin(db, ret_detail))
		return ERR_STORAGE_IO;
	sql_bind_u64(db, SQL_CHUNK, 1, id);
	sql_bind_u64(db, SQL_CHUNK, 2, index);
	if (sql_row(db, SQL_CHUNK)) {
		buf_clear(ret_chunk);
		buf_add_slice(ret_chunk, sql_bytes(db, SQL_CHUNK, 0));
	} else {
		err = ERR_CURSOR_AHEAD;
	}
	return sql_read_end(db, SQL_CHUNK, err, ret_detail);
}

static enum err sqlite_anchor(struct bus *bus, struct buf *ret_anchor, struct buf *ret_detail)
{
	struct sqlite_db *db = sqlite_of(bus)->db;

	if (!sql_read_begin(db, ret_detail))
		return ERR_STORAGE_IO;
	buf_clear(ret_anchor);
	if (sql_row(db, SQL_ANCHOR))
		buf_add_slice(ret_anchor, sql_bytes(db, SQL_ANCHOR, 0));
	return sql_read_end(db, SQL_ANCHOR, OK, ret_detail);
}

static void sqlite_describe(struct bus *bus, struct buf *out)
{
	struct sqlite_db *db = sqlite_of(bus)->db;

	buf_add_lit(out, "engine=sqlite file=\"");
	buf_add_str(out, sqlite_db_path(db));
	buf_add_lit(out, "\" ");
	sqlite_db_describe(db, out);
	if (!sql_read_begin(db, NULL)) {
		buf_add_lit(out, " state=\"waiting for recovery\"");
		return;
	}
	if (sql_row(db, SQL_SIZE)) {
		buf_add_lit(out, " bytes=");
		buf_add_u64(out, sql_u64(db, SQL_SIZE, 0));
		buf_add_lit(out, " free_bytes=");
		buf_add_u64(out, sql_u64(db, SQL_SIZE, 1));
	}
	(void)sql_read_end(db, SQL_SIZE, OK, NULL);
}

static void sqlite_close(struct bus *bus)
{
	struct bus_sqlite *sqlite = sqlite_of(bus);

	sqlite_db_close(sqlite->db);
	free(sqlite);
}

static const struct bus_ops sqlite_ops = {
	.name = "sqlite",
	.record_bytes_max = BUS_RECORD_BYTES_MAX,
	.head = sqlite_head,
	.append = sqlite_append,
	.recover = sqlite_recover,
	.read = sqlite_read,
	.scan = sqlite_scan,
	.snapshot_begin = sqlite_snapshot_begin,
	.snapshot_add = sqlite_snapshot_add,
	.snapshot_commit = sqlite_snapshot_commit,
	.snapshot_drop = sqlite_snapshot_drop,
	.snapshot_list = sqlite_snapshot_list,
	.snapshot_read = sqlite_snapshot_read,
	.trim = sqlite_trim,
	.anchor = sqlite_anchor,
	.idle = sqlite_idle,
	.describe = sqlite_describe,
	.close = sqlite_close,
};

enum err bus_sqlite_open(const char *path, const struct bus_sqlite_options *options,
			 struct bus **ret_bus, struct buf *ret_detail)
{
	struct bus_sqlite *sqlite = alloc_zero(1, sizeof(*sqlite));
	enum err err;

	sqlite->bus.ops = &sqlite_ops;
	err = sqlite_db_open(path, options, &sqlite->db, ret_detail);
	if (err == OK)
		err = unfinished_forget(sqlite, ret_detail);
	if (err == OK) {
		*ret_bus = &sqlite->bus;
		return OK;
	}
	sqlite_db_close(sqlite->db);
	free(sqlite);
	return err;
}
