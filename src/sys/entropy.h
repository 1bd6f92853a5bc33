/*
 * entropy - bytes nobody can guess, from the kernel.
 */
#ifndef SYS_ENTROPY_H
#define SYS_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

/* Waits, early in boot, until the kernel has gathered enough. */
void entropy_fill(void *ret_bytes, size_t len);
uint64_t entropy_u64(void);

#endif
