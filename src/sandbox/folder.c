#include "sandbox/folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

#define FIRST_FOLDER 3

/* Folder of what is granted: of a single file, the one it lies in. */
static struct slice folder_of(const struct contract_storage *storage)
{
	size_t len = storage->path.len;

	if (storage->reach != CONTRACT_REACH_SELF)
		return storage->path;
	while (len && storage->path.ptr[len - 1] != '/')
		len--;
	if (len == 0)
		return SLICE(".");
	return slice_head(storage->path, len > 1 ? len - 1 : 1);
}

static bool is_there(const struct guest *guest, size_t count, struct slice path)
{
	for (size_t i = FIRST_FOLDER; i < count; i++)
		if (slice_is(guest->files[i].path, path))
			return true;
	return false;
}

enum err folder_open_all(struct guest *guest, const char *base, struct buf *detail)
{
	const struct contract *contract = guest->contract;
	size_t count = FIRST_FOLDER;
	int base_fd = open(base[0] ? base : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < contract->storage_count; i++) {
		struct slice path = folder_of(&contract->storage[i]);
		char *name;
		int fd;

		if (is_there(guest, count, path))
			continue;
		name = alloc_copy(path.ptr, path.len);
		fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		free(name);
		if (fd >= 0 && count == GUEST_FILES_MAX / 2) {
			close(fd);
			close(base_fd);
			buf_add_lit(detail, "its storage lies in more than ");
			buf_add_u64(detail, GUEST_FILES_MAX / 2 - FIRST_FOLDER);
			buf_add_lit(detail, " folders");
			return ERR_LIMIT_EXCEEDED;
		}
		if (fd >= 0)
			guest->files[count++] = (struct guest_file){ GUEST_FOLDER, true, fd, path };
	}
	if (base_fd >= 0)
		close(base_fd);
	return OK;
}

void guest_file_close(struct guest_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->fd >= 0 && !file->is_granted)
		free((void *)(uintptr_t)file->path.ptr);
	*file = (struct guest_file){ .kind = GUEST_NO_FILE, .fd = -1 };
}

bool folder_join(struct slice folder, struct slice path, struct buf *ret_name)
{
	size_t start = ret_name->len;

	if ((path.len && path.ptr[0] == '/') || slice_find_byte(path, '\0') >= 0)
		return false;
	if (!slice_is_str(folder, "."))
		buf_add_slice(ret_name, folder);
	while (path.len) {
		struct slice part = slice_cut(&path, '/');

		if (part.len == 0 || slice_is_str(part, "."))
			continue;
		if (slice_is_str(part, ".."))
			return false;
		if (ret_name->len > start && ret_name->ptr[ret_name->len - 1] != '/')
			buf_add_byte(ret_name, '/');
		buf_add_slice(ret_name, part);
	}
	if (ret_name->len == start)
		buf_add_byte(ret_name, '.');
	return true;
}

const char *folder_below(struct slice folder, const char *name)
{
	size_t len = slice_is_str(folder, ".") ? 0 : folder.len;

	name += len;
	while (*name == '/')
		name++;
	return *name ? name : ".";
}
