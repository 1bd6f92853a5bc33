/*
 * daemon_start - starts and stops the coordinator.
 */
#ifndef CLI_DAEMON_START_H
#define CLI_DAEMON_START_H

#include "cli/cli.h"

#define COORDINATOR_PROGRAM "if-coordinator"
#define COORDINATOR_VARIABLE "IF_COORDINATOR"

/*
 * A program that belongs to this one: beside it, in libexec, or what the variable of the
 * environment names. NULL when there is none.
 */
const char *program_find(struct cli *cli, const char *name, const char *variable);

#endif
