/*
 * call - a verb that is a command of the daemon.
 */
#ifndef CLI_CALL_H
#define CLI_CALL_H

#include "cli/cli.h"

/* Calls, prints the answer or the problem, and returns the exit code. */
int command_run(struct cli *cli, const struct args *args);

/* Calls the command of the verb with its arguments. IFAB_OK, or what went wrong. */
enum ifab_status command_call(struct cli *cli, const struct args *args, struct ifab_reply *reply);
/* The same by name and ready-made arguments. The client must be open. */
enum ifab_status command_call_json(struct cli *cli, const char *name, struct slice args_json,
				   struct ifab_reply *reply);

/* Prints an answer: as it is with --json, else for people. */
int command_print(struct cli *cli, const struct args *args, const struct ifab_reply *reply);
/* Prints what went wrong; returns the exit code. */
int command_refuse(struct cli *cli, const struct args *args, const struct ifab_reply *reply);

#endif
