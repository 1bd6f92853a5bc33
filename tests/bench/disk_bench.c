/*
 * What the disk takes to make 4 KiB durable, where a file grows by them and
 * where they are written over: whoever answers after an fsync waits for it.
 *
 * usage: disk_bench FOLDER
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/clock.h"

#define BLOCK_BYTES 4096
#define SYNCS 400		/* some tenths of a second on a disk, some seconds on a slow one */

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* In microseconds; negative when the disk did not take it. */
static int64_t median_us(int fd)
{
	static const char block[BLOCK_BYTES];
	int64_t took_us[SYNCS];

	for (int i = 0; i < SYNCS; i++) {
		int64_t begun_us = clock_mono_us();

		if (pwrite(fd, block, sizeof(block), (off_t)i * BLOCK_BYTES) != BLOCK_BYTES ||
		    fdatasync(fd) != 0)
			return -1;
		took_us[i] = clock_mono_us() - begun_us;
	}
	qsort(took_us, SYNCS, sizeof(*took_us), compare);
	return took_us[SYNCS / 2];
}

int main(int argc, char **argv)
{
	char path[4096];
	int64_t grown_us, over_us;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: disk_bench FOLDER\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/disk-XXXXXX", argv[1]);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	unlink(path);
	grown_us = median_us(fd);
	over_us = median_us(fd);
	close(fd);
	if (grown_us < 0 || over_us < 0) {
		perror("disk_bench");
		return 1;
	}
	printf("4 KiB and fdatasync take %.3f ms where the file grows, %.3f ms where it is written"
	       " over (medians of %d)\n",
	       (double)grown_us / 1000, (double)over_us / 1000, SYNCS);
	return 0;
}
