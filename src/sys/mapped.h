/*
 * mapped - a small file as memory that outlives the process.
 */
#ifndef SYS_MAPPED_H
#define SYS_MAPPED_H

#include <stddef.h>

/* Makes the file (mode 0600) or takes it as it is, at least `size` bytes long. NULL when it cannot. */
void *mapped_open(const char *path, size_t size);
void mapped_close(void *memory, size_t size);

#endif
