#include "bus/sqlite_db.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sys/data_file.h"

#define APPLICATION_ID 0x49464c47	/* "IFLG" */
#define FORMAT_VERSION 1

/*
 * Measured with tests/bench/bench_ledger. Pages of 4, 8 and 16 KiB and caches
 * of 8 and 64 MiB differ by less than the noise, for records of 1 to 50 KB.
 * How often the log is written back decides the tail: it costs about 10 ms
 * per thousand pages, once. 2000 pages are fewer than one append in a
 * hundred also when an append logs 14 pages (50 KB, 256 clients), so the
 * pause stays out of p99; 3500 doubles the longest pause for nothing, and
 * more would let the log's index grow on a disk that may be full.
 */
#define PAGE_BYTES 4096
#define CACHE_KIB 8192
#define CHECKPOINT_PAGES 2000

/* People look inside with the sqlite3 shell; an append waits that long for their statement. */
#define BUSY_MS 2000

static const char schema_sql[] =
	"BEGIN;\n"
	"CREATE TABLE record (\n"
	"  seq   INTEGER PRIMARY KEY,  -- 1, 2, 3 ... without a hole\n"
	"  epoch INTEGER NOT NULL,     -- the reign of the daemon that appended it\n"
	"  bytes BLOB NOT NULL         -- header, events, and the SHA-256 of both\n"
	") STRICT;\n"
	"CREATE TABLE snapshot (\n"
	"  id    INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	"  seq   INTEGER NOT NULL,     -- the last record it holds\n"
	"  state TEXT NOT NULL CHECK (state IN ('unfinished', 'complete', 'dropped'))\n"
	") STRICT;\n"
	"CREATE TABLE snapshot_chunk (\n"
	"  snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),\n"
	"  number      INTEGER NOT NULL,  -- 0, 1, 2 ...\n"
	"  bytes       BLOB NOT NULL,\n"
	"  UNIQUE (snapshot_id, number)\n"
	") STRICT;\n"
	"CREATE TABLE anchor (\n"
	"  id    INTEGER PRIMARY KEY CHECK (id = 1),\n"
	"  bytes BLOB NOT NULL         -- where the chain stood before the first record\n"
	") STRICT;\n";

static const char *const sql_text[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	/* The question and the answer in one statement: nobody can come between. */
	[SQL_APPEND] = "INSERT INTO record (seq, epoch, bytes) SELECT ?1 + 1, ?2, ?3"
		       " WHERE ?1 = coalesce((SELECT max(seq) FROM record), 0)"
		       " AND ?2 >= coalesce((SELECT epoch FROM record WHERE seq = ?1), 0)",
	[SQL_TRIM] = "DELETE FROM record WHERE seq < ?1",
	[SQL_PUT_ANCHOR] = "INSERT OR REPLACE INTO anchor (id, bytes) VALUES (1, ?1)",
	[SQL_SNAPSHOT] = "INSERT INTO snapshot (seq, state) VALUES (?1, 'unfinished')",
	[SQL_PUT_CHUNK] = "INSERT INTO snapshot_chunk (snapshot_id, number, bytes)"
			  " VALUES (?1, ?2, ?3)",
	[SQL_COMPLETE] = "UPDATE snapshot"
			 " SET state = CASE id WHEN ?1 THEN 'complete' ELSE 'dropped' END"
			 " WHERE id = ?1 OR (state = 'complete'"
			 " AND seq = (SELECT seq FROM snapshot WHERE id = ?1))",
	[SQL_DROP] = "UPDATE snapshot SET state = 'dropped'"
		     " WHERE state = 'complete' AND seq < ?1",
	[SQL_FORGET] = "UPDATE snapshot SET state = 'dropped' WHERE state = 'unfinished'",
	[SQL_CLEAN_CHUNKS] = "DELETE FROM snapshot_chunk WHERE rowid IN"
			     " (SELECT c.rowid FROM snapshot s JOIN snapshot_chunk c"
			     " ON c.snapshot_id = s.id WHERE s.state = 'dropped' LIMIT ?1)",
	[SQL_CLEAN_SNAPSHOTS] = "DELETE FROM snapshot WHERE state = 'dropped' AND NOT EXISTS"
				" (SELECT 1 FROM snapshot_chunk WHERE snapshot_id = id)",
	[SQL_HEAD] = "SELECT coalesce((SELECT min(seq) FROM record), 1),"
		     " coalesce((SELECT max(seq) FROM record), 0),"
		     " coalesce((SELECT epoch FROM record ORDER BY seq DESC LIMIT 1), 0)",
	[SQL_RECORDS] = "SELECT seq, bytes, (SELECT min(seq) FROM record) FROM record"
			" WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
	[SQL_SNAPSHOTS] = "SELECT s.id, s.seq, count(c.number), coalesce(sum(length(c.bytes)), 0)"
			  " FROM (SELECT id, seq FROM snapshot WHERE state = 'complete'"
			  " ORDER BY seq DESC LIMIT ?1) s"
			  " LEFT JOIN snapshot_chunk c ON c.snapshot_id = s.id"
			  " GROUP BY s.id ORDER BY s.seq DESC",
	[SQL_CHUNK] = "SELECT bytes FROM snapshot_chunk WHERE snapshot_id = ?1 AND number = ?2",
	[SQL_ANCHOR] = "SELECT bytes FROM anchor",
	[SQL_SIZE] = "SELECT page_count * page_size, freelist_count * page_size"
		     " FROM pragma_page_count, pragma_page_size, pragma_freelist_count",
};

struct sqlite_db {
	struct data_file file;
	struct bus_sqlite_options options;	/* no zero left */
	sqlite3_stmt *statements[SQL_COUNT];

	/* The writer's. */
	sqlite3 *writer;		/* NULL after a reopen that failed */
	bool doubt;
	bool was_open;			/* it is a ledger, and it is ours */
	int checkpoint_at;		/* length of the log at which the next one is due */
	atomic_int log_pages;
	atomic_int checkpoint_result;	/* of the last one */

	pthread_mutex_t read_lock;	/* over the reader and its statements */
	sqlite3 *reader;		/* NULL after a reopen that failed, if it cannot be read */
	int read_result;		/* of the last step */
};

/* ---- what went wrong -------------------------------------------------------------------- */

static enum err refuse(const struct sqlite_db *db, enum err err, const char *text, int result,
		       struct buf *ret_detail)
{
	if (!ret_detail)
		return err;
	buf_add_str(ret_detail, db->file.path);
	buf_add_lit(ret_detail, ": ");
	buf_add_str(ret_detail, text);
	if (result != SQLITE_OK) {
		buf_add_lit(ret_detail, " (SQLite ");
		buf_add_i64(ret_detail, result);
		buf_add_byte(ret_detail, ')');
	}
	return err;
}

/*
 * SQLite says "full" for ENOSPC only. errno is what the failed call left;
 * sqlite3_system_errno does not know it when the failure was in a commit.
 */
static bool errno_is_full(void)
{
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
}

/*
 * What a failed write left behind. In WAL mode a transaction counts from
 * the moment its last frame is in the log. A write that found no room left
 * no such frame: it is certain that nothing was kept. But after that frame
 * SQLite still syncs the log and extends its index, and when one of these
 * fails it says "failed" while a restart would find the transaction. So
 * every other I/O error is a doubt.
 */
static enum err err_of_write(int result)
{
	switch (result & 0xff) {
	case SQLITE_FULL:
		return ERR_STORAGE_FULL;
	case SQLITE_CONSTRAINT:
		return ERR_SEQ_CONFLICT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_STORAGE_BUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_TOOBIG:
		return ERR_STORAGE_IO;
	case SQLITE_IOERR:
		return result == SQLITE_IOERR_WRITE && errno_is_full() ? ERR_STORAGE_FULL
								       : ERR_APPEND_AMBIGUOUS;
	default:
		return ERR_APPEND_AMBIGUOUS;
	}
}

/* For everything that is no append: opening, reading, checkpoints. */
static enum err err_of_rest(int result)
{
	switch (result & 0xff) {
	case SQLITE_NOTADB:
		return ERR_LEDGER_FOREIGN;
	case SQLITE_CORRUPT:
	case SQLITE_ERROR:	/* our tables are not what they were */
	case SQLITE_SCHEMA:
		return ERR_LEDGER_CORRUPT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_STORAGE_BUSY;
	case SQLITE_FULL:
		return ERR_STORAGE_FULL;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		return errno_is_full() ? ERR_STORAGE_FULL : ERR_STORAGE_IO;
	default:
		return ERR_STORAGE_IO;
	}
}

static enum err rest_check(struct sqlite_db *db, sqlite3 *connection, int result,
			   struct buf *ret_detail)
{
	if (result == SQLITE_OK)
		return OK;
	return refuse(db, err_of_rest(result), sqlite3_errmsg(connection), result, ret_detail);
}

/* ---- opening and closing ---------------------------------------------------------------- */

static int on_commit(void *context, sqlite3 *connection, const char *name, int log_pages)
{
	struct sqlite_db *db = context;

	(void)connection;
	(void)name;
	/* A log that became shorter was begun anew: all that was in it is written back. */
	if (log_pages < atomic_load(&db->log_pages))
		db->checkpoint_at = db->options.checkpoint_pages;
	atomic_store(&db->log_pages, log_pages);
	return SQLITE_OK;
}

static enum err exec(struct sqlite_db *db, sqlite3 *connection, const char *sql,
		     struct buf *ret_detail)
{
	errno = 0;
	return rest_check(db, connection, sqlite3_exec(connection, sql, NULL, NULL, NULL),
			  ret_detail);
}

/* "name=value", or "name" alone to ask; the first column of the answer, if there is one. */
static enum err pragma(struct sqlite_db *db, sqlite3 *connection, const char *what,
		       int64_t *ret_number, struct buf *ret_text, struct buf *ret_detail)
{
	struct buf sql = { 0 };
	sqlite3_stmt *statement = NULL;
	int result;

	buf_add_lit(&sql, "PRAGMA ");
	buf_add_str(&sql, what);
	errno = 0;
	result = sqlite3_prepare_v2(connection, buf_str(&sql), -1, &statement, NULL);
	buf_finish(&sql);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW && ret_number)
		*ret_number = sqlite3_column_int64(statement, 0);
	if (result == SQLITE_ROW && ret_text)
		buf_add(ret_text, sqlite3_column_text(statement, 0),
			(size_t)sqlite3_column_bytes(statement, 0));
	if (result == SQLITE_ROW || result == SQLITE_DONE)
		result = SQLITE_OK;
	sqlite3_finalize(statement);
	return rest_check(db, connection, result, ret_detail);
}

static enum err pragma_set(struct sqlite_db *db, sqlite3 *connection, const char *name,
			   int64_t value, struct buf *ret_detail)
{
	struct buf what = { 0 };
	enum err err;

	buf_add_str(&what, name);
	buf_add_byte(&what, '=');
	buf_add_i64(&what, value);
	err = pragma(db, connection, buf_str(&what), NULL, NULL, ret_detail);
	buf_finish(&what);
	return err;
}

/* Nothing is written before this has answered OK. */
static enum err identity_check(struct sqlite_db *db, bool *ret_empty, struct buf *ret_detail)
{
	int64_t application = 0, version = 0, pages = 0;
	enum err err = pragma(db, db->writer, "application_id", &application, NULL, ret_detail);

	if (err == OK)
		err = pragma(db, db->writer, "user_version", &version, NULL, ret_detail);
	if (err == OK)
		err = pragma(db, db->writer, "page_count", &pages, NULL, ret_detail);
	if (err != OK)
		return err;
	/* A start that was cut short leaves at most one page, without any table. */
	*ret_empty = application == 0 && version == 0 && pages <= 1;
	if (*ret_empty)
		return OK;
	if (application != APPLICATION_ID)
		return refuse(db, ERR_LEDGER_FOREIGN, "is not an InfraFabric ledger", SQLITE_OK,
			      ret_detail);
	if (version > FORMAT_VERSION)
		return refuse(db, ERR_LEDGER_TOO_NEW, "its form is not known here", SQLITE_OK,
			      ret_detail);
	return OK;
}

/* One transaction: a file has all of it or is still empty. */
static enum err schema_create(struct sqlite_db *db, struct buf *ret_detail)
{
	enum err err = exec(db, db->writer, schema_sql, ret_detail);

	if (err == OK)
		err = pragma_set(db, db->writer, "application_id", APPLICATION_ID, ret_detail);
	if (err == OK)
		err = pragma_set(db, db->writer, "user_version", FORMAT_VERSION, ret_detail);
	if (err == OK)
		err = exec(db, db->writer, "COMMIT", ret_detail);
	return err;
}

static enum err log_mode_set(struct sqlite_db *db, struct buf *ret_detail)
{
	struct buf mode = { 0 };
	enum err err = pragma(db, db->writer, "journal_mode=WAL", NULL, &mode, ret_detail);

	if (err == OK && !slice_is_str(buf_slice(&mode), "wal"))
		err = refuse(db, ERR_STORAGE_IO, "this file system cannot hold a SQLite log",
			     SQLITE_OK, ret_detail);
	buf_finish(&mode);
	return err;
}

/*
 * synchronous=FULL      a commit that is acknowledged is on the disk; with
 *                       NORMAL a power cut lost 343 of 600
 * wal_autocheckpoint=0  we choose the moment, see sqlite_db_checkpoint
 * journal_size_limit    a log that a long reader let grow is cut back
 * secure_delete=FAST    trimmed records are not zeroed at the price of
 *                       writing each of their pages again
 * cell_size_check, trusted_schema: a damaged or doctored file is an error,
 *                       not undefined behaviour
 * No mmap_size: an I/O error would then be a signal instead of an answer.
 */
static const char writer_sql[] =
	"PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
	" PRAGMA journal_size_limit=16777216; PRAGMA secure_delete=FAST;"
	" PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY";

static enum err connection_open(struct sqlite_db *db, int flags, sqlite3 **ret_connection,
				struct buf *ret_detail)
{
	int result;

	errno = 0;
	result = sqlite3_open_v2(db->file.path, ret_connection,
				 flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	ENSURE(*ret_connection);
	if (result == SQLITE_OK)
		result = sqlite3_busy_timeout(*ret_connection, BUSY_MS);
	return rest_check(db, *ret_connection, result, ret_detail);
}

static enum err statements_prepare(struct sqlite_db *db, sqlite3 *connection, int from, int to,
				   struct buf *ret_detail)
{
	enum err err = OK;

	for (int i = from; i < to && err == OK; i++)
		err = rest_check(db, connection,
				 sqlite3_prepare_v3(connection, sql_text[i], -1,
						    SQLITE_PREPARE_PERSISTENT,
						    &db->statements[i], NULL),
				 ret_detail);
	return err;
}

/*
 * Everything that the log holds goes into the file and both are synced. A
 * process that ended between writing and syncing may have left a record
 * that this machine shows but its disk does not hold; writing it again is
 * what makes it durable, a sync alone after a failed one would not.
 */
static enum err log_settle(struct sqlite_db *db, struct buf *ret_detail)
{
	int result;

	errno = 0;
	result = sqlite3_wal_checkpoint_v2(db->writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
					   NULL);
	atomic_store(&db->checkpoint_result, result);
	atomic_store(&db->log_pages, 0);
	db->checkpoint_at = db->options.checkpoint_pages;
	return rest_check(db, db->writer, result, ret_detail);
}

static enum err writer_open(struct sqlite_db *db, struct buf *ret_detail)
{
	bool empty = false;
	enum err err = connection_open(db, SQLITE_OPEN_READWRITE, &db->writer, ret_detail);

	if (err == OK)
		err = identity_check(db, &empty, ret_detail);
	if (err == OK && empty)
		err = pragma_set(db, db->writer, "page_size", db->options.page_bytes, ret_detail);
	if (err == OK)
		err = pragma_set(db, db->writer, "cache_size", -db->options.cache_kib, ret_detail);
	if (err == OK)
		err = log_mode_set(db, ret_detail);
	if (err == OK)
		err = exec(db, db->writer, writer_sql, ret_detail);
	if (err == OK && empty)
		err = schema_create(db, ret_detail);
	if (err == OK)
		err = log_settle(db, ret_detail);
	if (err == OK)
		err = statements_prepare(db, db->writer, 0, SQL_READ_FIRST, ret_detail);
	if (err == OK)
		sqlite3_wal_hook(db->writer, on_commit, db);
	return err;
}

static enum err reader_open(struct sqlite_db *db, struct buf *ret_detail)
{
	enum err err = connection_open(db, SQLITE_OPEN_READONLY, &db->reader, ret_detail);

	if (err == OK)
		err = pragma_set(db, db->reader, "cache_size", -db->options.cache_kib, ret_detail);
	if (err == OK)
		err = exec(db, db->reader, "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF",
			   ret_detail);
	if (err == OK)
		err = statements_prepare(db, db->reader, SQL_READ_FIRST, SQL_COUNT, ret_detail);
	return err;
}

static void connections_close(struct sqlite_db *db)
{
	for (int i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(db->statements[i]);
	memset(db->statements, 0, sizeof(db->statements));
	/* The last one to close writes the log back and removes it; a failure leaves it there. */
	ENSURE(sqlite3_close(db->reader) == SQLITE_OK);
	ENSURE(sqlite3_close(db->writer) == SQLITE_OK);
	db->reader = NULL;
	db->writer = NULL;
}

enum err sqlite_db_check_place(const struct sqlite_db *db, struct buf *ret_detail)
{
	if (data_file_is_in_place(&db->file))
		return OK;
	return refuse(db, ERR_STORAGE_IO, "was removed or replaced while it is in use", SQLITE_OK,
		      ret_detail);
}

enum err sqlite_db_reopen(struct sqlite_db *db, struct buf *ret_detail)
{
	enum err err;

	err = sqlite_db_check_place(db, ret_detail);
	if (err != OK)
		return err;
	ENSURE(pthread_mutex_lock(&db->read_lock) == 0);
	connections_close(db);
	err = writer_open(db, ret_detail);
	if (err == OK)
		err = reader_open(db, ret_detail);
	if (err != OK)
		connections_close(db);
	/* A disk that takes nothing may still be read. */
	if (err != OK && db->was_open && reader_open(db, NULL) != OK)
		connections_close(db);
	db->was_open |= err == OK;
	db->doubt = err != OK;
	ENSURE(pthread_mutex_unlock(&db->read_lock) == 0);
	return err;
}

enum err sqlite_db_open(const char *path, const struct bus_sqlite_options *options,
			struct sqlite_db **ret_db, struct buf *ret_detail)
{
	struct sqlite_db *db = alloc_zero(1, sizeof(*db));
	enum err err;

	if (options)
		db->options = *options;
	if (db->options.page_bytes == 0)
		db->options.page_bytes = PAGE_BYTES;
	if (db->options.cache_kib == 0)
		db->options.cache_kib = CACHE_KIB;
	if (db->options.checkpoint_pages == 0)
		db->options.checkpoint_pages = CHECKPOINT_PAGES;
	ENSURE(pthread_mutex_init(&db->read_lock, NULL) == 0);
	err = data_file_hold(&db->file, path, ret_detail);
	if (err == OK)
		err = sqlite_db_reopen(db, ret_detail);
	if (err == OK)
		*ret_db = db;
	else
		sqlite_db_close(db);
	return err;
}

void sqlite_db_close(struct sqlite_db *db)
{
	if (!db)
		return;
	connections_close(db);
	data_file_release(&db->file);
	pthread_mutex_destroy(&db->read_lock);
	free(db);
}

/* ---- writing ---------------------------------------------------------------------------- */

bool sqlite_db_in_doubt(const struct sqlite_db *db)
{
	return db->doubt;
}

void sql_bind_u64(struct sqlite_db *db, enum sql sql, int at, uint64_t value)
{
	ENSURE(value <= INT64_MAX);
	ENSURE(sqlite3_bind_int64(db->statements[sql], at, (sqlite3_int64)value) == SQLITE_OK);
}

void sql_bind_bytes(struct sqlite_db *db, enum sql sql, int at, struct slice bytes)
{
	ENSURE(sqlite3_bind_blob64(db->statements[sql], at, bytes.ptr, bytes.len,
				   SQLITE_STATIC) == SQLITE_OK);
}

enum err sql_write(struct sqlite_db *db, enum sql sql, struct buf *ret_detail)
{
	sqlite3_stmt *statement = db->statements[sql];
	int result;
	enum err err = OK;

	ENSURE(sql < SQL_READ_FIRST && !db->doubt);
	errno = 0;
	result = sqlite3_step(statement);
	if (result != SQLITE_DONE)
		err = refuse(db, err_of_write(result), sqlite3_errmsg(db->writer), result,
			     ret_detail);
	db->doubt = err == ERR_APPEND_AMBIGUOUS;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	if (err != OK && !sqlite3_get_autocommit(db->writer) &&
	    sqlite3_exec(db->writer, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
		db->doubt = true;
	return err;
}

void sqlite_db_wait(struct sqlite_db *db, bool waits)
{
	ENSURE(sqlite3_busy_timeout(db->writer, waits ? BUSY_MS : 0) == SQLITE_OK);
}

uint64_t sql_changes(const struct sqlite_db *db)
{
	return (uint64_t)sqlite3_changes64(db->writer);
}

uint64_t sql_last_id(const struct sqlite_db *db)
{
	return (uint64_t)sqlite3_last_insert_rowid(db->writer);
}

/*
 * PASSIVE waits for nobody. When a reader keeps part of the log in use, the
 * next attempt is due after as many pages again. A failure loses nothing,
 * for the log still holds everything; describe shows it.
 */
void sqlite_db_checkpoint(struct sqlite_db *db, int pages)
{
	int log_pages = atomic_load(&db->log_pages);
	int result;

	if (log_pages < db->checkpoint_at - db->options.checkpoint_pages + pages)
		return;
	result = sqlite3_wal_checkpoint_v2(db->writer, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	atomic_store(&db->checkpoint_result, result);
	db->checkpoint_at = log_pages + db->options.checkpoint_pages;
}

int sqlite_db_checkpoint_pages(const struct sqlite_db *db)
{
	return db->options.checkpoint_pages;
}

/* ---- reading ---------------------------------------------------------------------------- */

bool sql_read_begin(struct sqlite_db *db, struct buf *ret_detail)
{
	ENSURE(pthread_mutex_lock(&db->read_lock) == 0);
	if (db->reader)
		return true;
	ENSURE(pthread_mutex_unlock(&db->read_lock) == 0);
	(void)refuse(db, ERR_STORAGE_IO, "not open since it failed", SQLITE_OK, ret_detail);
	return false;
}

bool sql_row(struct sqlite_db *db, enum sql sql)
{
	ENSURE(sql >= SQL_READ_FIRST);
	errno = 0;
	db->read_result = sqlite3_step(db->statements[sql]);
	return db->read_result == SQLITE_ROW;
}

uint64_t sql_u64(struct sqlite_db *db, enum sql sql, int at)
{
	return (uint64_t)sqlite3_column_int64(db->statements[sql], at);
}

struct slice sql_bytes(struct sqlite_db *db, enum sql sql, int at)
{
	const void *bytes = sqlite3_column_blob(db->statements[sql], at);

	/* Without memory for it there are no bytes, but still a length. */
	return slice_of(bytes, bytes ? (size_t)sqlite3_column_bytes(db->statements[sql], at) : 0);
}

enum err sql_read_end(struct sqlite_db *db, enum sql sql, enum err err, struct buf *ret_detail)
{
	int result = db->read_result;

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		err = rest_check(db, db->reader, result, ret_detail);
	sqlite3_reset(db->statements[sql]);
	ENSURE(pthread_mutex_unlock(&db->read_lock) == 0);
	return err;
}

const char *sqlite_db_path(const struct sqlite_db *db)
{
	return db->file.path;
}

void sqlite_db_describe(const struct sqlite_db *db, struct buf *out)
{
	int result = atomic_load(&db->checkpoint_result);

	buf_add_lit(out, "log_pages=");
	buf_add_i64(out, atomic_load(&db->log_pages));
	if (result != SQLITE_OK) {
		buf_add_lit(out, " checkpoint=\"");
		buf_add_str(out, sqlite3_errstr(result));
		buf_add_byte(out, '"');
	}
}
