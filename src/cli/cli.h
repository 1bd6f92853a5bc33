/*
 * cli - what all parts of the `if` command share.
 *
 * Answers go to stdout, everything about them to stderr. Nothing ever asks
 * a question. Exit codes are the catalogue's (base/error.def).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/config.h"
#include "cli/value.h"
#include "document/json.h"
#include "fabric/command.h"
#include "infrafabric.h"

struct cli {
	const char *program;		/* if or ifctl: as it was called */
	const char *path;		/* argv[0] */
	struct config config;
	struct ifab_client *client;	/* opened when it is first needed */
	struct buf out;			/* for stdout; written by cli_flush */
	struct arena arena;		/* lives as long as the program */
	bool as_json;
	bool has_color;			/* stdout is a terminal that may show colours */
	const char *idempotency_key;	/* --key, or NULL */
};

struct verb;

/* The arguments of one verb; values[i] belongs to verb->fields[i]. */
struct args {
	const struct verb *verb;
	struct value values[SCHEMA_FIELDS_MAX];
	const char *const *rest;	/* behind "--", ends with NULL; NULL when there was none */
	size_t rest_count;
};

/* NULL when the verb has no such argument. */
const struct value *args_value(const struct args *args, const char *name);
bool args_has(const struct args *args, const char *name);
/* Of an argument that the verb has: empty and 0 when it was not given. */
struct slice args_text(const struct args *args, const char *name);
int64_t args_number(const struct args *args, const char *name);

/* The client, or NULL with the problem printed and the exit code in `ret_exit`. */
struct ifab_client *cli_client(struct cli *cli, int *ret_exit);

/* Writes what has gathered in cli->out to stdout. */
void cli_flush(struct cli *cli);

/* The line alone on stderr: FILE:LINE: ... */
void cli_say_plain(struct slice text);
/* One line on stderr, "ifctl: ...". Controls in `text` are made visible. */
void cli_say(const struct cli *cli, struct slice text);
void cli_say_str(const struct cli *cli, const char *text);

/* Prints an error and returns its exit code: detail may be empty. */
int cli_refuse(struct cli *cli, enum err err, struct slice detail);
/* The same for what a call of the client brought; `subject` such as "task T-1", or empty. */
int cli_refuse_reply(struct cli *cli, struct slice subject, const struct ifab_reply *reply);

/* Reads an answer into a tree; prints the problem when it is none. */
MUST_USE enum err cli_parse(struct cli *cli, struct slice text, struct json_value **ret_root);

#endif
