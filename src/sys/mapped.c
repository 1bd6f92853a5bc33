#include "sys/mapped.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void *mapped_open(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *memory = MAP_FAILED;

	if (fd < 0)
		return NULL;
	/* Room that is really there: a full disk must not become a SIGBUS later. */
	if (posix_fallocate(fd, 0, (off_t)size) == 0)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

void mapped_close(void *memory, size_t size)
{
	munmap(memory, size);
}
