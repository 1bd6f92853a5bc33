/*
 * files - whole files and folders.
 *
 * Each function leaves the reason in errno when it fails; file_describe
 * turns that into a sentence for people. (Not "file": with -Isrc that would
 * stand in for the system's own <sys/file.h>.)
 */
#ifndef SYS_FILES_H
#define SYS_FILES_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* Appends the content. ERR_LIMIT_EXCEEDED when it is longer than `bytes_max`, ERR_OS otherwise. */
MUST_USE enum err file_read(const char *path, size_t bytes_max, struct buf *ret_content);
/* The same for a descriptor, standard input for one, up to its end. */
MUST_USE enum err file_read_fd(int fd, size_t bytes_max, struct buf *ret_content);

/*
 * As file_read, of a regular file that nobody but its owner, who is us or root, may
 * look at. Otherwise ERR_OS with errno EPERM. The buffer is not moved while it is read.
 */
MUST_USE enum err file_read_private(const char *path, size_t bytes_max, struct buf *ret_content);

/* Opens a file to append to, which is created with mode 0600 when missing. Closed by exec. */
MUST_USE enum err file_open_append(const char *path, int *ret_fd);

/*
 * A reader sees the old content or the new, never a part, and after OK the
 * new one survives a power cut: written beside, synced, renamed, and the
 * folder synced.
 */
MUST_USE enum err file_write(const char *path, struct slice content, mode_t mode);

/* Writes all of it to a descriptor, however often that takes. */
MUST_USE enum err file_write_fd(int fd, struct slice content);

/* One line for whoever reads, or nothing: it never waits for them. At most a page goes whole. */
void file_write_now(int fd, struct slice line);

/*
 * Makes a named pipe that only this user can write to, and opens it for reading without
 * waiting: it has no end, whoever comes and goes as a writer.
 */
MUST_USE enum err file_open_pipe(const char *path, int *ret_fd);

/* The folder a path lies in, without a slash at its end: a part of `path`, "/" or ".". */
struct slice file_folder_of(const char *path);
/* mkdir -p; folders that exist keep their mode. */
MUST_USE enum err file_make_folder(const char *path, mode_t mode);
/* How many files lie in the folder itself, and how long they are together. ERR_OS. */
MUST_USE enum err file_folder_size(const char *path, int64_t *ret_count, int64_t *ret_bytes);
/* Makes a rename or a new file in this folder durable. */
MUST_USE enum err file_sync_folder(const char *path);

/*
 * Takes the lock of a file, which is created when missing, without
 * waiting. ERR_STORAGE_BUSY when somebody holds it. The lock ends when the
 * descriptor is closed, by whatever end the process comes to.
 */
MUST_USE enum err file_lock(const char *path, int *ret_fd);

/* Appends "cannot <verb> <path>: <reason of errno>". */
void file_describe(struct buf *out, const char *verb, const char *path);

#endif
