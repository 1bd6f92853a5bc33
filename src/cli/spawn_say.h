/*
 * spawn_say - what a supervisor says of its work: sentences on standard
 * error for people, or a line of JSON on standard output for each event.
 */
#ifndef CLI_SPAWN_SAY_H
#define CLI_SPAWN_SAY_H

#include "cli/cli.h"
#include "cli/spawn_worker.h"

/* "ifctl: alice: T-1 completed in 2 s", unless it is to be JSON; nobody has to read it. */
void spawn_say(const struct cli *cli, struct slice swarm, const struct spawn_claim *claim,
	       struct slice text);
/* With --json only: one thing that happened to a claim, whose worker may be gone. */
void spawn_say_event(struct cli *cli, struct slice swarm, const struct spawn_claim *claim,
		     const struct worker *worker, const char *what, struct slice detail);

#endif
