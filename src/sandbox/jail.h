/*
 * jail - the walls that the operating system puts around guests.
 *
 * jail_enter is done once, by the process that will start the guests: what
 * it makes holds for all of them. jail_close shuts one guest's process in,
 * after it was forked off. Each says which layers are there; which have to be
 * is for others to say.
 */
#ifndef SANDBOX_JAIL_H
#define SANDBOX_JAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/filter.h"
#include "sandbox/guest.h"

struct jail {
	unsigned layers;		/* bits of enum layer */
	struct filter *zygote;		/* NULL without LAYER_SECCOMP */
	struct filter *guest;
	int landlock;			/* -1 without LAYER_LANDLOCK */
	uint64_t data_bytes;		/* of a guest's process */
	uint64_t cpu_s;
};

/*
 * No new privileges, no core file, and what there is of: a file system that
 * is empty, no network, no other processes. The caller is single-threaded;
 * the next process it forks is the first of its own namespace, and must be
 * the zygote. Granted folders (files of the guest, which may be NULL) have
 * been opened before.
 */
void jail_enter(struct jail *jail, const struct guest *guest);
/* For the zygote, once it is one. False when a layer that was there can not be had after all. */
MUST_USE bool jail_close_zygote(const struct jail *jail);
/* For a guest's process: nothing of the system but what its run needs. The same. */
MUST_USE bool jail_close_guest(const struct jail *jail);
void jail_finish(struct jail *jail);

/*
 * For the compiler's process: CPU seconds, bytes of data, no file, no other
 * process, no network. The filter may be NULL.
 */
MUST_USE bool jail_close_compiler(const struct filter *filter);

#endif
