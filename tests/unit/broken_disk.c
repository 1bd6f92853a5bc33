#include "unit/broken_disk.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <sqlite3.h>

#include "base/ensure.h"

struct disk_file {
	sqlite3_file base;
	bool is_log;
	sqlite3_file *real;	/* lies behind this struct */
};

static sqlite3_vfs *real_disk;
static sqlite3_vfs disk;
static enum disk_fault now;
static int skip_left, times_left, failed;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct disk_file *)(void *)file)->real;
}

static bool strikes(enum disk_fault fault)
{
	if (now != fault || times_left == 0)
		return false;
	if (skip_left > 0) {
		skip_left--;
		return false;
	}
	times_left--;
	failed++;
	return true;
}

static int disk_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int disk_read(sqlite3_file *file, void *to, int len, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), to, len, at);
}

static int disk_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 at)
{
	sqlite3_file *real = real_of(file);
	bool is_log = ((struct disk_file *)(void *)file)->is_log;

	if (is_log && strikes(DISK_WRITE_FULL)) {
		real->pMethods->xWrite(real, from, len / 2, at);
		return SQLITE_FULL;
	}
	if (is_log && strikes(DISK_WRITE_ERROR)) {
		real->pMethods->xWrite(real, from, len / 2, at);
		errno = EIO;
		return SQLITE_IOERR_WRITE;
	}
	return real->pMethods->xWrite(real, from, len, at);
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 len)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), len);
}

static int disk_sync(sqlite3_file *file, int flags)
{
	bool is_log = ((struct disk_file *)(void *)file)->is_log;

	if (is_log && strikes(DISK_SYNC_ERROR)) {
		errno = EIO;
		return SQLITE_IOERR_FSYNC;
	}
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *ret_len)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), ret_len);
}

static int disk_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int disk_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int disk_check_lock(sqlite3_file *file, int *ret_locked)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_locked);
}

static int disk_control(sqlite3_file *file, int what, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), what, arg);
}

static int disk_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int disk_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int disk_shm_map(sqlite3_file *file, int region, int len, int extend, void volatile **ret)
{
	if (extend && region > 0 && strikes(DISK_INDEX_FULL)) {
		errno = ENOSPC;
		return SQLITE_IOERR_SHMSIZE;
	}
	return real_of(file)->pMethods->xShmMap(real_of(file), region, len, extend, ret);
}

static int disk_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void disk_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int disk_shm_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods disk_methods = {
	.iVersion = 2,
	.xClose = disk_close,
	.xRead = disk_read,
	.xWrite = disk_write,
	.xTruncate = disk_truncate,
	.xSync = disk_sync,
	.xFileSize = disk_size,
	.xLock = disk_lock,
	.xUnlock = disk_unlock,
	.xCheckReservedLock = disk_check_lock,
	.xFileControl = disk_control,
	.xSectorSize = disk_sector,
	.xDeviceCharacteristics = disk_traits,
	.xShmMap = disk_shm_map,
	.xShmLock = disk_shm_lock,
	.xShmBarrier = disk_shm_barrier,
	.xShmUnmap = disk_shm_unmap,
};

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		     int *ret_flags)
{
	struct disk_file *opened = (struct disk_file *)(void *)file;
	int result;

	(void)vfs;
	opened->is_log = flags & SQLITE_OPEN_WAL;
	opened->real = (sqlite3_file *)(void *)(opened + 1);
	result = real_disk->xOpen(real_disk, name, opened->real, flags, ret_flags);
	opened->base.pMethods = opened->real->pMethods ? &disk_methods : NULL;
	return result;
}

void broken_disk_install(void)
{
	real_disk = sqlite3_vfs_find(NULL);
	ENSURE(real_disk);
	disk = *real_disk;
	disk.zName = "broken";
	disk.szOsFile = (int)sizeof(struct disk_file) + real_disk->szOsFile;
	disk.xOpen = disk_open;
	ENSURE(sqlite3_vfs_register(&disk, 1) == SQLITE_OK);
}

void broken_disk_set(enum disk_fault fault, int skip, int times)
{
	now = fault;
	skip_left = skip;
	times_left = times;
	failed = 0;
}

int broken_disk_failed(void)
{
	return failed;
}
