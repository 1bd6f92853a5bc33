/*
 * sqlite_db - the seam to SQLite: one file, two connections, and every SQL
 * statement this program knows, by name.
 *
 * One connection writes and checkpoints. The other reads, in transactions
 * as short as one call, behind a lock: so a long reader can neither block an
 * append nor keep the log from being written back.
 */
#ifndef BUS_SQLITE_DB_H
#define BUS_SQLITE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "bus/sqlite.h"

enum sql {
	/* On the writer's connection. */
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_APPEND,		/* expected seq, epoch, bytes */
	SQL_TRIM,		/* before seq */
	SQL_PUT_ANCHOR,		/* bytes */
	SQL_SNAPSHOT,		/* seq */
	SQL_PUT_CHUNK,		/* snapshot id, number, bytes */
	SQL_COMPLETE,		/* snapshot id */
	SQL_DROP,		/* before seq */
	SQL_FORGET,
	SQL_CLEAN_CHUNKS,	/* how many */
	SQL_CLEAN_SNAPSHOTS,
	/* On the reader's. */
	SQL_HEAD,		/* -> first seq, last seq, epoch */
	SQL_RECORDS,		/* from seq, how many -> seq, bytes, first seq */
	SQL_SNAPSHOTS,		/* how many -> id, seq, chunks, bytes */
	SQL_CHUNK,		/* snapshot id, number -> bytes */
	SQL_ANCHOR,		/* -> bytes */
	SQL_SIZE,		/* -> bytes, free bytes */
	SQL_COUNT
};
#define SQL_READ_FIRST SQL_HEAD

struct sqlite_db;

/* As bus_sqlite_open. What the file shows afterwards is on the disk, and stays. */
MUST_USE enum err sqlite_db_open(const char *path, const struct bus_sqlite_options *options,
				 struct sqlite_db **ret_db, struct buf *ret_detail);
/* Takes NULL. */
void sqlite_db_close(struct sqlite_db *db);

/*
 * [writer] Closes both connections and opens them again, so that SQLite
 * finds out from the disk alone what was kept. When it fails, reading goes on
 * if it can, and shows what may not be there to stay, until a later call
 * succeeds.
 */
MUST_USE enum err sqlite_db_reopen(struct sqlite_db *db, struct buf *ret_detail);

/*
 * [writer] Refuses with ERR_STORAGE_IO when the file was removed or replaced: SQLite would go on
 * to write into what nobody will find again.
 */
MUST_USE enum err sqlite_db_check_place(const struct sqlite_db *db, struct buf *ret_detail);

/* [writer] A write failed in a way that only sqlite_db_reopen can clear up. */
bool sqlite_db_in_doubt(const struct sqlite_db *db);

void sql_bind_u64(struct sqlite_db *db, enum sql sql, int at, uint64_t value);
/* The bytes must stay until the statement has run. */
void sql_bind_bytes(struct sqlite_db *db, enum sql sql, int at, struct slice bytes);

/*
 * [writer] Runs one statement; by itself it is a durable transaction. After
 * a failure no transaction is open. ERR_SEQ_CONFLICT when the row exists,
 * ERR_APPEND_AMBIGUOUS when it leaves a doubt; the others mean that it is
 * certain that nothing was kept.
 */
MUST_USE enum err sql_write(struct sqlite_db *db, enum sql sql, struct buf *ret_detail);
/* [writer] Whether a write waits when another process writes; it does unless it is told not to. */
void sqlite_db_wait(struct sqlite_db *db, bool waits);
/* Rows that the last one changed, and the id that the last insert chose. */
uint64_t sql_changes(const struct sqlite_db *db);
uint64_t sql_last_id(const struct sqlite_db *db);

/* [writer] Writes logged pages back when `pages` were logged since the last time. */
void sqlite_db_checkpoint(struct sqlite_db *db, int pages);
/* [writer] After this many an append should not wait any longer; after fewer, an idle moment. */
int sqlite_db_checkpoint_pages(const struct sqlite_db *db);

/*
 * [any] Takes the reader. False when there is none since a failed reopen;
 * otherwise sql_read_end gives it back.
 */
MUST_USE bool sql_read_begin(struct sqlite_db *db, struct buf *ret_detail);
/* True with a row, until there is none or it fails; sql_read_end knows which. */
bool sql_row(struct sqlite_db *db, enum sql sql);
uint64_t sql_u64(struct sqlite_db *db, enum sql sql, int at);
/* Valid until the next sql_row or sql_read_end. */
struct slice sql_bytes(struct sqlite_db *db, enum sql sql, int at);
/* Answers `err` unless SQLite failed. */
enum err sql_read_end(struct sqlite_db *db, enum sql sql, enum err err, struct buf *ret_detail);

/* [any] The file, with links resolved. */
const char *sqlite_db_path(const struct sqlite_db *db);
/* [any] Adds words about the log to `out`. */
void sqlite_db_describe(const struct sqlite_db *db, struct buf *out);

#endif
