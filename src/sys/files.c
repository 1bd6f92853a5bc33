#include "sys/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/entropy.h"

#define READ_BYTES 16384	/* grows with the buffer after that */

enum err file_read_fd(int fd, size_t bytes_max, struct buf *ret_content)
{
	size_t before = ret_content->len;

	for (;;) {
		/* One byte more than is allowed, to see that there is more. */
		size_t room = bytes_max - (ret_content->len - before) + 1;
		char *at = buf_reserve(ret_content, room < READ_BYTES ? room : READ_BYTES);
		size_t free_bytes = ret_content->capacity - ret_content->len;
		ssize_t got = read(fd, at, room < free_bytes ? room : free_bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_OS;
		if (got == 0)
			return OK;
		ret_content->len += (size_t)got;
		if (ret_content->len - before > bytes_max) {
			ret_content->len = before;
			errno = EFBIG;
			return ERR_LIMIT_EXCEEDED;
		}
	}
}

enum err file_read(const char *path, size_t bytes_max, struct buf *ret_content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err err;
	int saved;

	if (fd < 0)
		return ERR_OS;
	err = file_read_fd(fd, bytes_max, ret_content);
	saved = errno;
	close(fd);
	errno = saved;
	return err;
}

static bool is_private(int fd)
{
	struct stat found;

	if (fstat(fd, &found) != 0)
		return false;
	if (S_ISREG(found.st_mode) && (found.st_mode & 077) == 0 &&
	    (found.st_uid == geteuid() || found.st_uid == 0))
		return true;
	errno = EPERM;
	return false;
}

enum err file_read_private(const char *path, size_t bytes_max, struct buf *ret_content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum err err = ERR_OS;
	int saved;

	if (fd < 0)
		return ERR_OS;
	/* What would be moved would leave a copy behind. */
	buf_reserve(ret_content, bytes_max + 1 > READ_BYTES ? bytes_max + 1 : READ_BYTES);
	if (is_private(fd))
		err = file_read_fd(fd, bytes_max, ret_content);
	saved = errno;
	close(fd);
	errno = saved;
	return err;
}

enum err file_open_append(const char *path, int *ret_fd)
{
	*ret_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return *ret_fd < 0 ? ERR_OS : OK;
}

static void wait_writable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	/* Whatever it ends with, the next write tells. */
	(void)poll(&ready, 1, -1);
}

enum err file_write_fd(int fd, struct slice content)
{
	size_t done = 0;

	while (done < content.len) {
		ssize_t put = write(fd, content.ptr + done, content.len - done);

		/* Whoever shares the descriptor with us may have made it non-blocking. */
		if (put < 0 && errno == EAGAIN)
			wait_writable(fd);
		else if (put < 0 && errno != EINTR)
			return ERR_OS;
		if (put > 0)
			done += (size_t)put;
	}
	return OK;
}

void file_write_now(int fd, struct slice line)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	/* A pipe that is writable takes a page without waiting. */
	if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) && write(fd, line.ptr, line.len) < 0)
		return;
}

struct slice file_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return SLICE(".");
	return slash == path ? SLICE("/") : slice_of(path, (size_t)(slash - path));
}

enum err file_folder_size(const char *path, int64_t *ret_count, int64_t *ret_bytes)
{
	DIR *folder = opendir(path);
	int64_t count = 0, bytes = 0;
	const struct dirent *entry;
	struct stat stat;

	if (!folder)
		return ERR_OS;
	/* cppcheck-suppress readdirCalled ; nobody else reads this stream */
	while ((entry = readdir(folder)) != NULL) {
		/* One that went away since then is not there. */
		if (fstatat(dirfd(folder), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(stat.st_mode))
			continue;
		count++;
		bytes += stat.st_size;
	}
	closedir(folder);
	*ret_count = count;
	*ret_bytes = bytes;
	return OK;
}

enum err file_sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int synced, saved;

	if (fd < 0)
		return ERR_OS;
	synced = fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	/* Some file systems know no sync of folders, and need none. */
	return synced == 0 || saved == EINVAL ? OK : ERR_OS;
}

static enum err write_and_sync(int fd, struct slice content)
{
	enum err err = file_write_fd(fd, content);

	if (!err && fsync(fd) != 0)
		err = ERR_OS;
	return err;
}

enum err file_write(const char *path, struct slice content, mode_t mode)
{
	char folder[PATH_MAX], beside[PATH_MAX];
	struct slice parent = file_folder_of(path);
	enum err err;
	int fd, saved, len;

	len = snprintf(beside, sizeof(beside), "%s.%016llx.new", path,
		       (unsigned long long)entropy_u64());
	if (len < 0 || (size_t)len >= sizeof(beside)) {
		errno = ENAMETOOLONG;
		return ERR_OS;
	}
	memcpy(folder, parent.ptr, parent.len);		/* no longer than `beside`, which had room */
	folder[parent.len] = '\0';
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return ERR_OS;
	err = write_and_sync(fd, content);
	saved = errno;
	if (close(fd) != 0 && !err) {
		saved = errno;
		err = ERR_OS;
	}
	if (!err && rename(beside, path) != 0) {
		saved = errno;
		err = ERR_OS;
	}
	if (err) {
		unlink(beside);
		errno = saved;
		return err;
	}
	return file_sync_folder(folder);
}

static enum err make_one_folder(const char *path, mode_t mode)
{
	struct stat found;

	if (mkdir(path, mode) == 0)
		return OK;
	if (errno != EEXIST)
		return ERR_OS;
	if (stat(path, &found) != 0)
		return ERR_OS;
	if (!S_ISDIR(found.st_mode)) {
		errno = ENOTDIR;
		return ERR_OS;
	}
	return OK;
}

enum err file_open_pipe(const char *path, int *ret_fd)
{
	/* Being a writer, too, keeps the end of the others from being the end of the pipe. */
	int fd = mkfifo(path, 0600) == 0 ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;

	if (fd < 0)
		return ERR_OS;
	*ret_fd = fd;
	return OK;
}

enum err file_make_folder(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part)) {
		errno = len ? ENAMETOOLONG : ENOENT;
		return ERR_OS;
	}
	memcpy(part, path, len + 1);
	for (size_t i = 1; i < len; i++) {
		enum err err;

		if (part[i] != '/' || part[i - 1] == '/')
			continue;
		part[i] = '\0';
		err = make_one_folder(part, mode);
		part[i] = '/';
		if (err)
			return err;
	}
	return make_one_folder(part, mode);
}

enum err file_lock(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int saved;

	if (fd < 0)
		return ERR_OS;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		*ret_fd = fd;
		return OK;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return saved == EWOULDBLOCK ? ERR_STORAGE_BUSY : ERR_OS;
}

void file_describe(struct buf *out, const char *verb, const char *path)
{
	char reason[128];
	const char *text = strerror_r(errno, reason, sizeof(reason));

	buf_add_lit(out, "cannot ");
	buf_add_str(out, verb);
	buf_add_byte(out, ' ');
	buf_add_str(out, path);
	buf_add_lit(out, ": ");
	buf_add_str(out, text);
}
