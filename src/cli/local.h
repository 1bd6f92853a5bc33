/*
 * local - what the verbs of local.def run. Each returns the exit code.
 *
 * spawn_run (spawn.c): `swarm spawn`; the command line it runs is args->rest.
 */
#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

#include "cli/verb.h"

#include "cli/local.def"

/* A verb may stand for two rows. */
#define LOCAL(name, part, verb, run, ...) verb_fn run;
#include "cli/local.def"
#undef LOCAL

int board_show_run(struct cli *cli, const struct args *args);
int document_import_run(struct cli *cli, const struct args *args);
int cost_run(struct cli *cli, const struct args *args);
int chassis_show_run(struct cli *cli, const struct args *args);
int chassis_unload_run(struct cli *cli, const struct args *args);
int policy_show_run(struct cli *cli, const struct args *args);
int task_next_run(struct cli *cli, const struct args *args);
int task_finish_and_next_run(struct cli *cli, const struct args *args);
int message_list_run(struct cli *cli, const struct args *args);
int events_run(struct cli *cli, const struct args *args);
int witness_trace_run(struct cli *cli, const struct args *args);
int witness_export_run(struct cli *cli, const struct args *args);
int witness_verify_run(struct cli *cli, const struct args *args);

#endif
