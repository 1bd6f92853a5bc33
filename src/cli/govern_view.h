/*
 * govern_view - the governor's answers, for people.
 */
#ifndef CLI_GOVERN_VIEW_H
#define CLI_GOVERN_VIEW_H

#include "cli/cli.h"

/* Who may have a task, the best first; with --why the others below, each with its reason. */
void print_match(struct cli *cli, const struct args *args, const struct json_value *answer);
void print_coordinate(struct cli *cli, const struct json_value *answer);
/* Rounds in which several swarms answered one task. */
void print_rounds(struct cli *cli, const struct json_value *answer);
/* What can be done about what the answer shows; on stderr. */
void print_advice(struct cli *cli, const struct command_info *command,
		  const struct json_value *answer);

#endif
