/*
 * WASI preview 1: streams, and files that the contract lets the guest read.
 *
 * A path is asked of the contract by its name and of the system below the
 * folder it was opened under, without following any link; so what is named
 * is what is read.
 */
#include "sandbox/wasi.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sandbox/folder.h"

#define CREATES 0xd	/* of the flags that a path is opened with: create, exclusive, truncate */
#define OPENS_FOLDER 2
#define LISTING_BYTES 4096

static enum wasi_errno number_of(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return WASI_ACCES;
	case EISDIR:
		return WASI_ISDIR;
	case ELOOP:
		return WASI_LOOP;
	case EMFILE:
	case ENFILE:
		return WASI_MFILE;
	case ENAMETOOLONG:
		return WASI_NAMETOOLONG;
	case ENOENT:
		return WASI_NOENT;
	case ENOTDIR:
		return WASI_NOTDIR;
	case EXDEV:
		return WASI_NOTCAPABLE;
	case EINVAL:
		return WASI_INVAL;
	default:
		return WASI_IO;
	}
}

/* ---- streams --------------------------------------------------------------------------------- */

static bool take_output(struct guest *guest, struct slice bytes)
{
	if (guest->output.len + bytes.len > (uint64_t)guest->contract->limits.output_bytes) {
		guest_end(guest, CHASSIS_VERDICT_BAD_RESULT, "too_long",
			  "it printed more than its contract allows");
		return false;
	}
	buf_add_slice(&guest->output, bytes);
	return true;
}

enum host_next wasi_fd_write(struct guest *guest, union host_value *values)
{
	const struct guest_file *file = wasi_file(guest, values[0].u32);
	uint32_t list = values[1].u32, count = values[2].u32, ret_at = values[3].u32, len = 0;
	uint64_t written = 0;
	uint8_t *bytes = NULL;

	if (!file)
		return wasi_answer(values, WASI_BADF);
	if (file->kind != GUEST_STDOUT && file->kind != GUEST_STDERR)
		return wasi_no_write(guest, values);
	if (count > WASI_IOVECS_MAX)
		return wasi_answer(values, WASI_INVAL);
	for (uint32_t i = 0; i < count; i++) {
		if (!wasi_iovec(guest, list, i, &bytes, &len))
			return wasi_answer(values, WASI_FAULT);
		if (guest_is_late(guest))
			return HOST_ENDS;
		if (file->kind == GUEST_STDERR)
			guest_log_stream(guest, slice_of(bytes, len));
		else if (!take_output(guest, slice_of(bytes, len)))
			return HOST_ENDS;
		written += len;
	}
	/* The pieces may overlap; as a number of bytes it counts as far as it can be told. */
	if (written > UINT32_MAX)
		written = UINT32_MAX;
	return wasi_answer(values, wasi_put(guest, ret_at, written, 4) ? WASI_OK : WASI_FAULT);
}

/* At most `len` bytes of a file, from where it stands or from `at` if that is not negative. */
static ssize_t read_piece(struct guest *guest, const struct guest_file *file, uint8_t *ret_bytes,
			  uint32_t len, int64_t at)
{
	struct slice rest;

	if (file->kind == GUEST_PLAIN)
		return at < 0 ? read(file->fd, ret_bytes, len) : pread(file->fd, ret_bytes, len, at);
	rest = slice_head(slice_from(guest->input, guest->input_at), len);
	if (rest.len)
		memcpy(ret_bytes, rest.ptr, rest.len);
	guest->input_at += rest.len;
	return (ssize_t)rest.len;
}

static enum host_next read_into(struct guest *guest, union host_value *values,
				const struct guest_file *file, int64_t at, uint32_t ret_at)
{
	uint32_t list = values[1].u32, count = values[2].u32, len = 0;
	uint64_t total = 0;
	uint8_t *bytes = NULL;

	if (count > WASI_IOVECS_MAX)
		return wasi_answer(values, WASI_INVAL);
	for (uint32_t i = 0; i < count; i++) {
		ssize_t got;

		if (!wasi_iovec(guest, list, i, &bytes, &len))
			return wasi_answer(values, WASI_FAULT);
		if (guest_is_late(guest))
			return HOST_ENDS;
		got = read_piece(guest, file, bytes, len, at < 0 ? -1 : at + (int64_t)total);
		if (got < 0)
			return wasi_answer(values, number_of(errno));
		total += (uint64_t)got;
		if ((uint64_t)got < len || total > INT32_MAX)
			break;
	}
	return wasi_answer(values, wasi_put(guest, ret_at, total, 4) ? WASI_OK : WASI_FAULT);
}

enum host_next wasi_fd_read(struct guest *guest, union host_value *values)
{
	const struct guest_file *file = wasi_file(guest, values[0].u32);

	if (!file || (file->kind != GUEST_STDIN && file->kind != GUEST_PLAIN))
		return wasi_answer(values, file && file->kind == GUEST_FOLDER ? WASI_ISDIR : WASI_BADF);
	return read_into(guest, values, file, -1, values[3].u32);
}

enum host_next wasi_fd_pread(struct guest *guest, union host_value *values)
{
	const struct guest_file *file = wasi_file(guest, values[0].u32);

	if (!file)
		return wasi_answer(values, WASI_BADF);
	if (file->kind != GUEST_PLAIN)
		return wasi_answer(values, WASI_SPIPE);
	if (values[3].i64 < 0)
		return wasi_answer(values, WASI_INVAL);
	return read_into(guest, values, file, values[3].i64, values[4].u32);
}

/* ---- what a number stands for ---------------------------------------------------------------- */

enum host_next wasi_fd_close(struct guest *guest, union host_value *values)
{
	struct guest_file *file = wasi_file(guest, values[0].u32);

	if (!file)
		return wasi_answer(values, WASI_BADF);
	guest_file_close(file);
	return wasi_answer(values, WASI_OK);
}

enum host_next wasi_fd_sync(struct guest *guest, union host_value *values)
{
	return wasi_answer(values, wasi_file(guest, values[0].u32) ? WASI_OK : WASI_BADF);
}

enum host_next wasi_fd_advise(struct guest *guest, union host_value *values)
{
	return wasi_fd_sync(guest, values);
}

static uint64_t rights_of(enum guest_file_kind kind)
{
	switch (kind) {
	case GUEST_STDIN:
		return WASI_RIGHT_READ | WASI_RIGHT_STAT;
	case GUEST_STDOUT:
	case GUEST_STDERR:
		return WASI_RIGHT_WRITE | WASI_RIGHT_STAT;
	case GUEST_FOLDER:
		return WASI_RIGHT_OPEN | WASI_RIGHT_LIST | WASI_RIGHT_PATH_STAT | WASI_RIGHT_STAT;
	case GUEST_PLAIN:
		return WASI_RIGHT_READ | WASI_RIGHT_SEEK | WASI_RIGHT_TELL | WASI_RIGHT_ADVISE |
		       WASI_RIGHT_STAT;
	case GUEST_NO_FILE:
	default:
		return 0;
	}
}

static enum wasi_filetype type_of(enum guest_file_kind kind)
{
	if (kind == GUEST_FOLDER)
		return WASI_TYPE_FOLDER;
	return kind == GUEST_PLAIN ? WASI_TYPE_PLAIN : WASI_TYPE_UNKNOWN;
}

enum host_next wasi_fd_fdstat_get(struct guest *guest, union host_value *values)
{
	const struct guest_file *file = wasi_file(guest, values[0].u32);
	uint8_t *out = guest_bytes(guest, values[1].u32, 24);
	uint64_t inherits = 0;

	if (!file)
		return wasi_answer(values, WASI_BADF);
	if (!out)
		return wasi_answer(values, WASI_FAULT);
	if (file->kind == GUEST_FOLDER)
		inherits = rights_of(GUEST_FOLDER) | rights_of(GUEST_PLAIN);
	memset(out, 0, 24);
	out[0] = (uint8_t)type_of(file->kind);
	le_put(out + 8, rights_of(file->kind), 8);
	le_put(out + 16, inherits, 8);
	return wasi_answer(values, WASI_OK);
}

static void put_stat(uint8_t out[64], const struct stat *stat)
{
	memset(out, 0, 64);
	le_put(out + 8, stat->st_ino, 8);
	out[16] = S_ISDIR(stat->st_mode) ? WASI_TYPE_FOLDER :
		  S_ISREG(stat->st_mode) ? WASI_TYPE_PLAIN : WASI_TYPE_UNKNOWN;
	le_put(out + 24, stat->st_nlink, 8);
	le_put(out + 32, (uint64_t)stat->st_size, 8);
	for (unsigned i = 0; i < 3; i++)
		le_put(out + 40 + 8 * (size_t)i, (uint64_t)stat->st_mtim.tv_sec * 1000000000 +
		       (uint64_t)stat->st_mtim.tv_nsec, 8);
}

/* Not the library's: that asks with a path, which the second filter does not let through. */
static bool stat_of(int fd, struct stat *ret_stat)
{
	return syscall(SYS_fstat, fd, ret_stat) == 0;
}

enum host_next wasi_fd_filestat_get(struct guest *guest, union host_value *values)
{
	const struct guest_file *file = wasi_file(guest, values[0].u32);
	uint8_t *out = guest_bytes(guest, values[1].u32, 64);
	struct stat stat = { .st_mode = 0 };

	if (!file)
		return wasi_answer(values, WASI_BADF);
	if (!out)
		return wasi_answer(values, WASI_FAULT);
	if (file->fd >= 0 && !stat_of(file->fd, &stat))
		return wasi_answer(values, number_of(errno));
	put_stat(out, &stat);
	return wasi_answer(values, WASI_OK);
}

static enum host_next seek(struct guest *guest, union host_value *values, int64_t offset, int whence,
			   uint32_t ret_at)
{
	const struct guest_file *file = wasi_file(guest, values[0].u32);
	off_t now;

	if (!file)
		return wasi_answer(values, WASI_BADF);
	if (file->kind != GUEST_PLAIN)
		return wasi_answer(values, WASI_SPIPE);
	now = lseek(file->fd, offset, whence);
	if (now < 0)
		return wasi_answer(values, number_of(errno));
	return wasi_answer(values, wasi_put(guest, ret_at, (uint64_t)now, 8) ? WASI_OK : WASI_FAULT);
}

enum host_next wasi_fd_seek(struct guest *guest, union host_value *values)
{
	static const int whences[] = { SEEK_SET, SEEK_CUR, SEEK_END };

	if (values[2].u32 >= ARRAY_LEN(whences))
		return wasi_answer(values, WASI_INVAL);
	return seek(guest, values, values[1].i64, whences[values[2].u32], values[3].u32);
}

enum host_next wasi_fd_tell(struct guest *guest, union host_value *values)
{
	return seek(guest, values, 0, SEEK_CUR, values[1].u32);
}

/* ---- folders --------------------------------------------------------------------------------- */

static const struct guest_file *granted(struct guest *guest, uint32_t number)
{
	const struct guest_file *file = wasi_file(guest, number);

	return file && file->is_granted ? file : NULL;
}

enum host_next wasi_fd_prestat_get(struct guest *guest, union host_value *values)
{
	const struct guest_file *file = granted(guest, values[0].u32);
	uint32_t at = values[1].u32;

	/* How a libc finds out where its folders end. */
	if (!file)
		return wasi_answer(values, WASI_BADF);
	return wasi_answer(values, wasi_put(guest, at, 0, 8) &&
				   wasi_put(guest, at + 4, file->path.len, 4) ? WASI_OK : WASI_FAULT);
}

enum host_next wasi_fd_prestat_dir_name(struct guest *guest, union host_value *values)
{
	const struct guest_file *file = granted(guest, values[0].u32);
	uint8_t *out;

	if (!file)
		return wasi_answer(values, WASI_BADF);
	if (values[2].u32 < file->path.len)
		return wasi_answer(values, WASI_NAMETOOLONG);
	out = guest_bytes(guest, values[1].u32, file->path.len);
	if (!out)
		return wasi_answer(values, WASI_FAULT);
	memcpy(out, file->path.ptr, file->path.len);
	return wasi_answer(values, WASI_OK);
}

/*
 * The path that a guest names below one of its folders: its name for the
 * contract in `ret_path`, and where its part below the folder begins.
 */
static enum wasi_errno path_of(struct guest *guest, uint32_t number, uint32_t at, uint32_t len,
			       const struct guest_file **ret_folder, struct buf *ret_path)
{
	const struct guest_file *folder = wasi_file(guest, number);
	const uint8_t *bytes = guest_bytes(guest, at, len);

	if (!folder)
		return WASI_BADF;
	if (folder->kind != GUEST_FOLDER)
		return WASI_NOTDIR;
	if (!bytes)
		return WASI_FAULT;
	if (len > PATH_BYTES_MOST)
		return WASI_NAMETOOLONG;
	*ret_folder = folder;
	if (folder_join(folder->path, slice_of(bytes, len), ret_path))
		return WASI_OK;
	guest_deny(guest, "storage", slice_of(bytes, len));
	return WASI_NOTCAPABLE;
}

static int open_below(const struct guest_file *folder, struct buf *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	const char *below = folder_below(folder->path, buf_str(path));

	return (int)syscall(SYS_openat2, folder->fd, below, &how, sizeof(how));
}

static struct guest_file *free_file(struct guest *guest, uint32_t *ret_number)
{
	for (uint32_t i = 3; i < GUEST_FILES_MAX; i++) {
		if (guest->files[i].kind == GUEST_NO_FILE) {
			*ret_number = i;
			return &guest->files[i];
		}
	}
	return NULL;
}

/* Takes over the descriptor. Devices and pipes are no files of a guest, whatever their names. */
static enum wasi_errno keep(struct guest *guest, int fd, struct slice path, uint32_t *ret_number)
{
	struct guest_file *file = free_file(guest, ret_number);
	struct stat stat;
	enum wasi_errno number = WASI_OK;

	if (!stat_of(fd, &stat))
		number = number_of(errno);
	else if (!S_ISREG(stat.st_mode) && !S_ISDIR(stat.st_mode))
		number = WASI_NOTCAPABLE;
	else if (!file)
		number = WASI_MFILE;
	if (number != WASI_OK) {
		close(fd);
		return number;
	}
	file->kind = S_ISDIR(stat.st_mode) ? GUEST_FOLDER : GUEST_PLAIN;
	file->is_granted = false;
	file->fd = fd;
	file->path = slice_of(alloc_copy(path.ptr, path.len), path.len);
	return WASI_OK;
}

static enum wasi_errno open_path(struct guest *guest, const struct guest_file *folder,
				 struct buf *path, uint32_t how, uint32_t *ret_number)
{
	int fd;

	if (!contract_may_read(guest->contract, buf_slice(path))) {
		guest_deny(guest, "storage", buf_slice(path));
		return WASI_NOTCAPABLE;
	}
	fd = open_below(folder, path, O_RDONLY | (how & OPENS_FOLDER ? O_DIRECTORY : 0));
	if (fd < 0)
		return number_of(errno);
	return keep(guest, fd, buf_slice(path), ret_number);
}

enum host_next wasi_path_open(struct guest *guest, union host_value *values)
{
	const struct guest_file *folder = NULL;
	uint32_t how = values[4].u32, ret_at = values[8].u32, opened = 0;
	struct buf path = { 0 };
	enum wasi_errno number;

	if ((how & CREATES) || (values[5].u64 & WASI_RIGHT_WRITE))
		return wasi_no_write(guest, values);
	if (!guest_bytes(guest, ret_at, 4))
		return wasi_answer(values, WASI_FAULT);
	number = path_of(guest, values[0].u32, values[2].u32, values[3].u32, &folder, &path);
	if (number == WASI_OK)
		number = open_path(guest, folder, &path, how, &opened);
	if (number == WASI_OK && !wasi_put(guest, ret_at, opened, 4))
		number = WASI_FAULT;
	buf_finish(&path);
	return wasi_answer(values, number);
}

enum host_next wasi_path_filestat_get(struct guest *guest, union host_value *values)
{
	const struct guest_file *folder = NULL;
	uint8_t *out = guest_bytes(guest, values[4].u32, 64);
	struct buf path = { 0 };
	struct stat stat;
	enum wasi_errno number;
	int fd = -1;

	number = path_of(guest, values[0].u32, values[2].u32, values[3].u32, &folder, &path);
	if (number == WASI_OK && !out)
		number = WASI_FAULT;
	if (number == WASI_OK && !contract_may_read(guest->contract, buf_slice(&path))) {
		guest_deny(guest, "storage", buf_slice(&path));
		number = WASI_NOTCAPABLE;
	}
	if (number == WASI_OK) {
		fd = open_below(folder, &path, O_PATH);
		number = fd >= 0 && stat_of(fd, &stat) ? WASI_OK : number_of(errno);
	}
	if (number == WASI_OK)
		put_stat(out, &stat);
	if (fd >= 0)
		close(fd);
	buf_finish(&path);
	return wasi_answer(values, number);
}

/* ---- listing --------------------------------------------------------------------------------- */

/* As the kernel writes it. */
struct kernel_entry {
	uint64_t inode;
	int64_t next;
	uint16_t len;
	uint8_t type;
	char name[];
};

/* Appends one entry, cut off where the room ends; a guest that gets half of one asks again. */
static void add_entry(uint8_t *out, uint32_t room, uint32_t *used, const struct kernel_entry *entry)
{
	size_t name_len = strlen(entry->name);
	uint8_t head[24] = { 0 };
	uint32_t part;

	le_put(head, (uint64_t)entry->next, 8);
	le_put(head + 8, entry->inode, 8);
	le_put(head + 16, name_len, 4);
	head[20] = entry->type == DT_DIR ? WASI_TYPE_FOLDER :
		   entry->type == DT_REG ? WASI_TYPE_PLAIN :
		   entry->type == DT_LNK ? WASI_TYPE_LINK : WASI_TYPE_UNKNOWN;
	part = room - *used < sizeof(head) ? room - *used : sizeof(head);
	memcpy(out + *used, head, part);
	*used += part;
	part = room - *used < name_len ? room - *used : (uint32_t)name_len;
	memcpy(out + *used, entry->name, part);
	*used += part;
}

enum host_next wasi_fd_readdir(struct guest *guest, union host_value *values)
{
	const struct guest_file *file = wasi_file(guest, values[0].u32);
	uint32_t room = values[2].u32, ret_at = values[4].u32, used = 0;
	uint8_t *out = guest_bytes(guest, values[1].u32, room);
	_Alignas(struct kernel_entry) char listing[LISTING_BYTES];
	ssize_t got = 1;

	if (!file)
		return wasi_answer(values, WASI_BADF);
	if (file->kind != GUEST_FOLDER)
		return wasi_answer(values, WASI_NOTDIR);
	if (!out)
		return wasi_answer(values, WASI_FAULT);
	if (!contract_may_read(guest->contract, file->path)) {
		guest_deny(guest, "storage", file->path);
		return wasi_answer(values, WASI_NOTCAPABLE);
	}
	if (lseek(file->fd, values[3].i64, SEEK_SET) < 0)
		return wasi_answer(values, number_of(errno));
	while (used < room && got > 0) {
		if (guest_is_late(guest))
			return HOST_ENDS;
		got = syscall(SYS_getdents64, file->fd, listing, sizeof(listing));
		if (got < 0)
			return wasi_answer(values, number_of(errno));
		for (ssize_t at = 0; at < got && used < room;) {
			const struct kernel_entry *entry = (const void *)(listing + at);

			add_entry(out, room, &used, entry);
			at += entry->len;
		}
	}
	return wasi_answer(values, wasi_put(guest, ret_at, used, 4) ? WASI_OK : WASI_FAULT);
}
