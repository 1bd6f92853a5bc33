/*
 * standing_view - a swarm's promises, its reputation and what it has used, for people.
 */
#ifndef CLI_STANDING_VIEW_H
#define CLI_STANDING_VIEW_H

#include "cli/cli.h"

/* Each promise beside what is so; the error budget and how fast it burns. */
void print_performance(struct cli *cli, const struct json_value *answer);
/* As it is now, where it comes from, and its history. */
void print_reputation(struct cli *cli, const struct json_value *answer);
/* How its runs ended, and what they and its requests took, with units. */
void print_resources(struct cli *cli, const struct json_value *answer);

#endif
