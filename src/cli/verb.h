/*
 * verb - everything that `if` can be asked: the rows of command.def, and
 * those of local.def, which need no command of their own on the daemon.
 */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "cli/cli.h"

#define VERBS_MAX 256

enum shell { SHELL_BASH, SHELL_ZSH, SHELL_FISH, SHELL_COUNT };
extern const char *const shell_names[];
/* What completion scripts can ask the daemon to name. */
enum id_source {
	ID_SOURCE_BOARD, ID_SOURCE_TASK, ID_SOURCE_SWARM, ID_SOURCE_BLOCKER, ID_SOURCE_NOTE,
	ID_SOURCE_ESCALATION, ID_SOURCE_MODULE,
	ID_SOURCE_COUNT
};
extern const char *const id_source_names[];
/* How a board can be shown. */
enum view { VIEW_TABLE, VIEW_MARKDOWN, VIEW_JSON, VIEW_DOT, VIEW_MERMAID, VIEW_COUNT };
extern const char *const view_names[];
/* How costs can be shown; only a history can be plotted. */
enum cost_form {
	COST_FORM_TABLE, COST_FORM_JSON, COST_FORM_CSV, COST_FORM_PLOT, COST_FORM_COUNT
};
extern const char *const cost_form_names[];

typedef int verb_fn(struct cli *cli, const struct args *args);

struct verb {
	const char *part;		/* task */
	const char *verb;		/* claim; policy check; may be empty: events */
	const char *name;		/* task.claim, as the client calls it; NULL for local verbs */
	const char *summary;
	const char *example;
	const struct command_info *command;	/* NULL for local verbs */
	const struct field *fields[SCHEMA_FIELDS_MAX];
	size_t field_count;
	bool takes_rest;		/* words behind "--" */
	verb_fn *run;
};

/* Made once, at the start. */
void verbs_init(void);
const struct verb *verb_at(size_t index);	/* NULL behind the last */

/* NULL when there is none. `verb` may be NULL: the verb without a name. */
const struct verb *verb_find(const char *part, const char *verb);
/*
 * Some verbs are two words: `governor policy check`. The first of them is a
 * group, within its part; it may be a verb of its own as well.
 */
const struct verb *verb_find_pair(const char *part, const char *group, const char *word);
bool group_exists(const char *part, const char *group);
/* The group of a verb of two words and the word behind it; false when it is one word. */
#define GROUP_NAME_SIZE 32
bool verb_split(const struct verb *verb, char ret_group[GROUP_NAME_SIZE], const char **ret_word);
/* Groups of all parts, each once, in the order of their verbs. False behind the last. */
bool group_at(size_t index, const char **ret_part, const char **ret_group);
bool part_exists(const char *part);
/* Whether the part does something without a verb behind it. */
bool part_stands_alone(const char *part);

/* Parts in the order of help; NULL behind the last. */
const char *part_at(size_t index);
/* One line about a part. */
const char *part_summary(const char *part);

/* The name of an argument as a flag, without dashes: wait_ms is "wait", est_cost_usd "est-cost". */
#define FLAG_NAME_SIZE 64
void flag_name(const struct field *field, char ret_name[FLAG_NAME_SIZE]);
/* Whether the flag is given as a duration with a unit. */
bool flag_takes_unit(const struct field *field);
/* What stands for the value in help: ID, TEXT, DURATION, FILE. */
const char *flag_metavar(const struct field *field);

/* The nearest of the names that were offered, when it is near enough to be meant. */
struct nearest {
	const char *wanted;
	const char *name;	/* NULL: none is near */
	size_t distance;
};
void nearest_offer(struct nearest *nearest, const char *name);

/*
 * Says that there is no such part, or that a part has no such verb, and what
 * may be meant. `group` is the first word of a verb of two, or NULL.
 */
void verb_write_unknown(const char *part, const char *group, const char *verb, struct buf *out);

#endif
