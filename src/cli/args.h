/*
 * args - the words of a command line, sorted out by the row of their verb.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "cli/verb.h"

/* What was asked for, besides a verb with all it needs. */
enum args_wish { ARGS_RUN, ARGS_HELP, ARGS_VERSION };

struct args_result {
	enum args_wish wish;
	const char *part;	/* as far as it came; NULL: none was named */
	const char *group;	/* first word of a verb of two, while the second is missing; or NULL */
	const struct verb *verb;
	struct args args;
};

/* Flags that every verb takes. */
struct global_flag {
	const char *name;
	const char *metavar;	/* empty: it takes no value */
	int setting;		/* enum setting, or -1 */
	const char *help;
};
extern const struct global_flag global_flags[];
extern const size_t global_flag_count;

/*
 * Reads argv[1] and further. Settings go to cli->config, so call it before
 * config_load; required arguments are checked by args_complete after it.
 * On refusal `detail` is one line for people.
 */
MUST_USE enum err args_parse(struct cli *cli, int argc, char *const argv[],
			     struct args_result *ret_result, struct buf *detail);

/*
 * Fills what was left out from the settings and the environment of a spawned
 * command (board, swarm, task, fence) and checks that nothing is missing.
 */
MUST_USE enum err args_complete(struct cli *cli, struct args *args, struct buf *detail);

/* The arguments as one JSON object for the daemon: those of its own row only. */
void args_write(const struct args *args, struct buf *out);

#endif
