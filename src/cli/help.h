/*
 * help - explains, from the tables, what can be asked.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/verb.h"

/*
 * `part` NULL: everything; `verb` NULL: the part, or when `group` is given its
 * verbs of two words that begin with it.
 */
void help_write(const struct cli *cli, const char *part, const char *group,
		const struct verb *verb, struct buf *out);

/* "--wait DURATION": how the argument is given; positional ones stand in their place. */
void help_argument(struct buf *out, const struct field *field);
/* What it takes and does: "0 to 50 s. Wait this long ...". */
void help_about(struct buf *out, const struct field *field);
/* `task claim TASK --swarm ID [flags]` */
void help_usage(struct buf *out, const struct verb *verb);
/* Offered to people: not what only programs send. */
bool help_shows(const struct verb *verb, const struct field *field);

struct exit_code {
	int code;
	const char *meaning;
};
extern const struct exit_code exit_codes[];
extern const size_t exit_code_count;

#endif
