/*
 * data_file - a file that one process at a time may work on.
 *
 * The lock lies on a file of its own beside it, because the engine that
 * opens the data file locks parts of that file itself, and closing any
 * descriptor of a file lets go of all locks that the process has on it.
 */
#ifndef SYS_DATA_FILE_H
#define SYS_DATA_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

struct data_file {
	char *path;	/* links resolved: two names of one file are one lock */
	int lock_fd;
	dev_t device;	/* which file the path named when it was taken */
	ino_t inode;
};

/*
 * Takes the lock, and creates the file, empty and readable by its owner
 * only, when there is none. ERR_STORAGE_BUSY when another process (or this
 * one) holds it; ERR_STORAGE_FULL, ERR_STORAGE_IO with the reason in
 * `ret_detail`, which may be NULL.
 */
MUST_USE enum err data_file_hold(struct data_file *file, const char *path, struct buf *ret_detail);

/*
 * False when the path names nothing, or another file: what is written to
 * the one that was taken would be gone with the process.
 */
bool data_file_is_in_place(const struct data_file *file);

/* The file and its lock file stay; a lock file without a holder says nothing. */
void data_file_release(struct data_file *file);

#endif
