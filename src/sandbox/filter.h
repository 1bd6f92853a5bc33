/*
 * filter - which system calls a process can still make: the seam to libseccomp.
 *
 * Lists of what is allowed; anything else kills the process at once. Two
 * stages: what the zygote and the compiler need, which make code executable
 * and start processes; and what a guest's process needs, which does neither.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <stdbool.h>

enum filter_stage {
	FILTER_ZYGOTE,
	FILTER_COMPILER,
	FILTER_GUEST,
	FILTER_GUEST_WITH_FILES,	/* it may also open files; which, others see to */
};

struct filter;

/* Made once, set in any number of processes. NULL when the system has no such filters. */
struct filter *filter_create(enum filter_stage stage);
void filter_destroy(struct filter *filter);
/* For this process and all that come of it, for good. After no_new_privs. */
bool filter_set(const struct filter *filter);

#endif
