/*
 * broken_disk - a disk for SQLite that fails when told to.
 *
 * It stands between SQLite and the file system as SQLite's default one. Only
 * the log (-wal) and its index (-shm) fail.
 */
#ifndef TESTS_UNIT_BROKEN_DISK_H
#define TESTS_UNIT_BROKEN_DISK_H

enum disk_fault {
	DISK_WORKS,
	DISK_WRITE_FULL,	/* ENOSPC, after half of the bytes */
	DISK_WRITE_ERROR,	/* EIO, after half of the bytes */
	DISK_SYNC_ERROR,	/* the bytes are in memory; whether on the disk, nobody knows */
	DISK_INDEX_FULL,	/* the index cannot grow */
};

/* Once, before SQLite opens anything. */
void broken_disk_install(void);

/* After `skip` operations of that kind, the next `times` fail. */
void broken_disk_set(enum disk_fault fault, int skip, int times);

/* How many have failed since. */
int broken_disk_failed(void);

#endif
