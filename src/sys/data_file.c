#include "sys/data_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/files.h"

#define LOCK_SUFFIX "-lock"
#define PID_BYTES_MAX 24

static enum err refuse(const char *verb, const char *path, struct buf *ret_detail)
{
	enum err err = errno == ENOSPC || errno == EDQUOT ? ERR_STORAGE_FULL : ERR_STORAGE_IO;

	if (ret_detail)
		file_describe(ret_detail, verb, path);
	return err;
}

/* Free with free(). */
static char *folder_of(const char *path)
{
	struct slice folder = file_folder_of(path);

	return alloc_copy(folder.ptr, folder.len);
}

/* Like realpath, for a file that need not exist in a folder that must. NULL with errno. */
static char *path_resolve(const char *path)
{
	char *resolved = realpath(path, NULL);
	struct buf whole = { 0 };
	const char *slash;
	char *folder;

	if (resolved || errno != ENOENT)
		return resolved;
	slash = strrchr(path, '/');
	folder = folder_of(path);
	resolved = realpath(folder, NULL);
	free(folder);
	if (!resolved)
		return NULL;
	buf_add_str(&whole, resolved);
	buf_add_byte(&whole, '/');
	buf_add_str(&whole, slash ? slash + 1 : path);
	free(resolved);
	return buf_str(&whole);
}

static void add_holder(const char *lock_path, const char *path, struct buf *ret_detail)
{
	struct buf pid = { 0 };

	if (!ret_detail)
		return;
	buf_add_str(ret_detail, path);
	buf_add_lit(ret_detail, " is in use by another process");
	if (file_read(lock_path, PID_BYTES_MAX, &pid) == OK && pid.len > 1) {
		buf_add_lit(ret_detail, " (pid ");
		buf_add_slice(ret_detail, slice_trim(buf_slice(&pid)));
		buf_add_lit(ret_detail, ")");
	}
	buf_finish(&pid);
}

/* Who holds it is a courtesy to whoever is turned away; the lock does not depend on it. */
static void write_pid(int fd)
{
	struct buf pid = { 0 };

	buf_add_i64(&pid, getpid());
	buf_add_byte(&pid, '\n');
	if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.ptr, pid.len, 0) < 0)
		errno = 0;
	buf_finish(&pid);
}

static enum err lock_take(struct data_file *file, struct buf *ret_detail)
{
	struct buf name = { 0 };
	enum err err;

	buf_add_str(&name, file->path);
	buf_add_lit(&name, LOCK_SUFFIX);
	err = file_lock(buf_str(&name), &file->lock_fd);
	if (err == OK)
		write_pid(file->lock_fd);
	else if (err == ERR_STORAGE_BUSY)
		add_holder(name.ptr, file->path, ret_detail);
	else
		err = refuse("lock", name.ptr, ret_detail);
	buf_finish(&name);
	return err;
}

/* A new file is only as durable as the folder's entry for it. */
static enum err folder_sync(const char *path, struct buf *ret_detail)
{
	char *folder = folder_of(path);
	enum err err = file_sync_folder(folder);

	if (err != OK)
		err = refuse("sync", folder, ret_detail);
	free(folder);
	return err;
}

static enum err create_if_missing(const char *path, struct buf *ret_detail)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? OK : refuse("create", path, ret_detail);
	close(fd);
	return folder_sync(path, ret_detail);
}

static enum err remember(struct data_file *file, struct buf *ret_detail)
{
	struct stat about;

	if (stat(file->path, &about) != 0)
		return refuse("look at", file->path, ret_detail);
	file->device = about.st_dev;
	file->inode = about.st_ino;
	return OK;
}

bool data_file_is_in_place(const struct data_file *file)
{
	struct stat about;

	return stat(file->path, &about) == 0 && about.st_dev == file->device &&
	       about.st_ino == file->inode;
}

enum err data_file_hold(struct data_file *file, const char *path, struct buf *ret_detail)
{
	enum err err;

	*file = (struct data_file){ .lock_fd = -1 };
	file->path = path_resolve(path);
	if (!file->path)
		return refuse("find the folder of", path, ret_detail);
	err = lock_take(file, ret_detail);
	if (err == OK)
		err = create_if_missing(file->path, ret_detail);
	if (err == OK)
		err = remember(file, ret_detail);
	if (err != OK)
		data_file_release(file);
	return err;
}

void data_file_release(struct data_file *file)
{
	if (file->lock_fd >= 0)
		close(file->lock_fd);
	free(file->path);
	*file = (struct data_file){ .lock_fd = -1 };
}
