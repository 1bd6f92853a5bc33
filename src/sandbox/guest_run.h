/*
 * guest_run - the process of one guest: takes its task, runs it, tells how it ended.
 */
#ifndef SANDBOX_GUEST_RUN_H
#define SANDBOX_GUEST_RUN_H

#include "sandbox/engine.h"
#include "sandbox/jail.h"

/*
 * Shuts this process in, waits for a TASK on the socket, and ends with the
 * END of its run. `guest` has the contract and the granted folders; nothing
 * else of the zygote is open.
 */
__attribute__((noreturn)) void guest_run(struct engine *engine, struct guest *guest,
					 const struct jail *jail, int socket);

#endif
