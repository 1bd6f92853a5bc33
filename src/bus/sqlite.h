/*
 * sqlite - records in one SQLite file on this machine.
 *
 * Anybody can look inside with the sqlite3 shell while the daemon runs. A
 * lock file beside it ("<file>-lock") keeps a second daemon away.
 */
#ifndef BUS_SQLITE_H
#define BUS_SQLITE_H

#include "bus/bus.h"

/* Zero means: what was measured to be best. */
struct bus_sqlite_options {
	uint32_t page_bytes;		/* of a new file: a power of two, 512 to 65536 */
	int32_t checkpoint_pages;	/* of log after which an append writes them back */
	int32_t cache_kib;		/* of each connection */
};

/*
 * Opens the file, and makes one when there is none; its folder must exist.
 *
 * ERR_STORAGE_BUSY    another process holds it
 * ERR_LEDGER_FOREIGN  it is a file of something else; it was not changed
 * ERR_LEDGER_TOO_NEW  a newer version wrote it; it was not changed
 * ERR_LEDGER_CORRUPT  SQLite cannot read it
 * ERR_STORAGE_FULL, ERR_STORAGE_IO
 */
MUST_USE enum err bus_sqlite_open(const char *path, const struct bus_sqlite_options *options,
				  struct bus **ret_bus, struct buf *ret_detail);

#endif
