/*
 * zygote - holds one loaded module, and forks a process off for each guest.
 *
 * A guest that was asked for waits, shut in, until its task comes; so a run
 * costs no more than a message there and back.
 */
#ifndef SANDBOX_ZYGOTE_H
#define SANDBOX_ZYGOTE_H

#include "sandbox/engine.h"
#include "sandbox/jail.h"
#include "sandbox/wire.h"

struct zygote {
	int control;			/* to the supervisor */
	const struct engine_config *config;
	struct guest *guest;		/* what each guest begins as */
	const struct jail *jail;
	struct slice artifact;		/* ours, verified */
	struct wire_ready ready;	/* to be said when it is */
};

/*
 * Loads the module, says READY or REFUSED, then serves until the supervisor's
 * end is closed. Exit status of the process.
 */
int zygote_run(struct zygote *zygote);

#endif
