#include "cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/problem.h"
#include "base/rfc3339.h"
#include "cli/columns.h"
#include "cli/print.h"
#include "client/address.h"
#include "sys/clock.h"
#include "sys/files.h"

#define ANSWER_BYTES_MAX (256UL * 1024 * 1024)
#define ANSWER_VALUES_MAX 40000000	/* a board of a million tasks with 30 members each */

static const char *address_of(const struct cli *cli)
{
	const char *url = cli->config.values[SETTING_URL].text;

	return url ? url : cli->config.values[SETTING_SOCKET].text;
}

static enum err open_client(struct cli *cli, struct buf *detail)
{
	const char *actor = cli->config.values[SETTING_ACTOR].text;
	const char *timeout = cli->config.values[SETTING_TIMEOUT].text;
	const char *address = address_of(cli);
	struct ifab_error error;
	struct buf path = { 0 };
	int64_t timeout_ms;
	enum err err = OK;

	/* Given explicitly, so that the environment cannot get before a flag or a project's file. */
	if (!address) {
		err = address_default_socket(&path, detail);
		address = buf_str(&path);
	}
	if (err == OK)
		cli->client = ifab_open(address, &error);
	buf_finish(&path);
	if (err == OK && !cli->client) {
		buf_add_str(detail, error.detail);
		return ERR_USAGE;
	}
	if (err != OK)
		return err;
	if (!actor)
		actor = cli->config.values[SETTING_SWARM].text;
	if (actor && ifab_set_actor(cli->client, actor) != IFAB_OK) {
		buf_add_lit(detail, "--as: ");
		buf_add_str(detail, actor);
		return ERR_ID_INVALID;
	}
	if (timeout && !duration_read(slice_of_str(timeout), &timeout_ms)) {
		buf_add_lit(detail, "--timeout: \"");
		buf_add_str(detail, timeout);
		buf_add_lit(detail, "\" is not a duration with its unit, such as 30s");
		return ERR_ARGUMENT_TYPE;
	}
	if (timeout)
		ifab_set_timeout(cli->client, timeout_ms);
	return OK;
}

struct ifab_client *cli_client(struct cli *cli, int *ret_exit)
{
	struct buf detail = { 0 };
	enum err err = OK;

	if (!cli->client)
		err = open_client(cli, &detail);
	if (err != OK) {
		*ret_exit = cli_refuse(cli, err, buf_slice(&detail));
		ifab_close(cli->client);
		cli->client = NULL;
	}
	buf_finish(&detail);
	return cli->client;
}

/*
 * When whoever reads us has gone, there is nobody left to tell: SIGPIPE has
 * ended us, or the error stays without an ear.
 */
void cli_flush(struct cli *cli)
{
	enum err err = file_write_fd(STDOUT_FILENO, buf_slice(&cli->out));

	if (err != OK && errno != EPIPE)
		cli_say_str(cli, "standard output cannot be written");
	buf_clear(&cli->out);
}

static void say(const char *program, struct slice text)
{
	struct buf line = { 0 };
	enum err err;

	buf_add_str(&line, program);
	buf_add_str(&line, program[0] ? ": " : "");
	text_add_visible(&line, text, true);
	buf_add_byte(&line, '\n');
	err = file_write_fd(STDERR_FILENO, buf_slice(&line));
	(void)err;	/* there is nowhere else to say it */
	buf_finish(&line);
}

void cli_say_plain(struct slice text)
{
	say("", text);
}

void cli_say(const struct cli *cli, struct slice text)
{
	say(cli->program, text);
}

void cli_say_str(const struct cli *cli, const char *text)
{
	cli_say(cli, slice_of_str(text));
}

/* ---- problems -------------------------------------------------------------------------------- */

static void add_sentence(struct buf *line, struct slice text)
{
	if (text.len == 0)
		return;
	if (line->len && line->ptr[line->len - 1] != '.' && line->ptr[line->len - 1] != '?')
		buf_add_byte(line, '.');
	if (line->len)
		buf_add_byte(line, ' ');
	buf_add_slice(line, text);
}

static bool mentions(struct slice text, struct slice subject)
{
	return subject.len == 0 || slice_find(text, subject) >= 0;
}

/* "task T-1: another worker holds the task: alice until 12:03:22 (in 1 min 40 s). Take another ..." */
static void say_error(struct cli *cli, const struct ifab_error *error, struct slice subject)
{
	struct slice detail = slice_of_str(error->detail);
	bool is_held = error->holder[0] && strcmp(error->code, "task_claimed") == 0;
	struct buf line = { 0 };

	if (is_held || !mentions(detail, subject)) {
		buf_add_slice(&line, subject);
		buf_add_str(&line, subject.len ? ": " : "");
	}
	buf_add_str(&line, error->title);
	if (is_held) {
		buf_add_lit(&line, ": ");
		buf_add_str(&line, error->holder);
		if (error->until_us) {
			buf_add_lit(&line, " until ");
			print_clock_and_distance(&line, error->until_us, clock_wall_us());
		}
	} else if (detail.len) {
		buf_add_lit(&line, ": ");
		buf_add_slice(&line, detail);
	}
	add_sentence(&line, slice_of_str(error->hint));
	cli_say(cli, buf_slice(&line));
	buf_finish(&line);
}

int cli_refuse(struct cli *cli, enum err err, struct slice detail)
{
	const struct err_info *info = err_info(err);
	struct json_writer json = json_begin(&cli->out);
	struct buf line = { 0 };

	if (cli->as_json) {
		problem_write(&json, err, detail, SLICE_EMPTY, SLICE_EMPTY);
		buf_add_byte(&cli->out, '\n');
	}
	/* A detail about the words of the command line says it all. */
	if (!detail.len || info->exit_code != IFAB_USAGE)
		buf_add_str(&line, info->message);
	if (detail.len) {
		buf_add_str(&line, line.len ? ": " : "");
		buf_add_slice(&line, detail);
	}
	if (info->exit_code != IFAB_USAGE)
		add_sentence(&line, slice_of_str(info->hint));
	cli_say(cli, buf_slice(&line));
	buf_finish(&line);
	return info->exit_code;
}

int cli_refuse_reply(struct cli *cli, struct slice subject, const struct ifab_reply *reply)
{
	const struct ifab_error *error = ifab_last_error(cli->client);
	struct slice body = slice_of(reply->body, reply->body_len);
	enum err err = err_of_code(slice_of_str(error->code));

	if (cli->as_json && body.len) {
		buf_add_slice(&cli->out, slice_trim(body));
		buf_add_byte(&cli->out, '\n');
	} else if (cli->as_json && err != ERR_COUNT && err != OK) {
		struct json_writer json = json_begin(&cli->out);

		problem_write(&json, err, slice_of_str(error->detail), SLICE_EMPTY, SLICE_EMPTY);
		buf_add_byte(&cli->out, '\n');
	}
	say_error(cli, error, subject);
	return (int)error->status;
}

enum err cli_parse(struct cli *cli, struct slice text, struct json_value **ret_root)
{
	const struct json_limits limits = {
		ANSWER_BYTES_MAX, JSON_READ_DEPTH_MAX, ANSWER_VALUES_MAX,
	};
	struct json_fault fault = { 0 };
	enum err err = json_parse(text, &limits, ret_root, &fault);

	if (err != OK) {
		struct buf line = { 0 };

		buf_add_lit(&line, "the answer is not JSON: ");
		buf_add_str(&line, fault.text);
		cli_say(cli, buf_slice(&line));
		buf_finish(&line);
	}
	return err;
}
