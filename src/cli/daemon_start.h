/*
 * daemon_start - starts and stops the coordinator.
 */
#ifndef CLI_DAEMON_START_H
#define CLI_DAEMON_START_H

#include "cli/cli.h"

/* The daemon's program that belongs to this one: beside it, in libexec. NULL when there is none. */
const char *daemon_find(struct cli *cli);

#endif
