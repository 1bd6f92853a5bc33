/*
 * if, ifctl - one command for people and scripts.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/help.h"
#include "sys/terminal.h"

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The problem, and where the right words are told. */
static int refuse_words(struct cli *cli, const struct args_result *result, enum err err,
			struct buf *detail)
{
	const struct verb *verb = result->verb;

	buf_add_str(detail, detail->len && detail->ptr[detail->len - 1] == '?' ? " See `" : ". See `");
	buf_add_str(detail, cli->program);
	if (result->part && part_exists(result->part)) {
		buf_add_byte(detail, ' ');
		buf_add_str(detail, result->part);
		if (verb ? verb->verb[0] != '\0' : result->group != NULL) {
			buf_add_byte(detail, ' ');
			buf_add_str(detail, verb ? verb->verb : result->group);
		}
		buf_add_lit(detail, " --help`");
	} else {
		buf_add_lit(detail, " help`");
	}
	return cli_refuse(cli, err, buf_slice(detail));
}

static int run(struct cli *cli, int argc, char *const argv[])
{
	const struct verb *version = verb_find("version", NULL);
	struct args_result result;
	struct buf detail = { 0 };
	int code;
	enum err err = args_parse(cli, argc, argv, &result, &detail);

	if (err == OK && result.wish == ARGS_VERSION) {
		code = version->run(cli, &(struct args){ .verb = version });
	} else if (err == OK && (result.wish == ARGS_HELP || !result.part)) {
		help_write(cli, result.part, result.group, result.verb, &cli->out);
		code = result.wish == ARGS_HELP ? 0 : IFAB_USAGE;
	} else if (err == OK && !result.verb) {
		help_write(cli, result.part, result.group, NULL, &cli->out);
		code = IFAB_USAGE;
	} else {
		if (err == OK)
			err = config_load(&cli->config, &cli->arena, &detail);
		if (err == OK)
			err = args_complete(cli, &result.args, &detail);
		code = err == OK ? result.verb->run(cli, &result.args) :
		       refuse_words(cli, &result, err, &detail);
	}
	buf_finish(&detail);
	return code;
}

int main(int argc, char *argv[])
{
	struct cli cli = {
		.program = argc > 0 ? name_of(argv[0]) : "ifctl",
		.path = argc > 0 ? argv[0] : "ifctl",
	};
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	int code;

	cli.has_color = terminal_is(STDOUT_FILENO) && !(no_color && no_color[0]) &&
			!(term && strcmp(term, "dumb") == 0);
	verbs_init();
	code = run(&cli, argc, argv);
	cli_flush(&cli);
	ifab_close(cli.client);
	buf_finish(&cli.out);
	arena_finish(&cli.arena);
	return code;
}
