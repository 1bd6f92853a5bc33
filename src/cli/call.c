#include "cli/call.h"

#include <string.h>

#include "cli/args.h"
#include "cli/print.h"
#include "cli/local.h"
#include "cli/verb.h"
#include "sys/clock.h"

#define PIECE_MS LIMIT_WAIT_MOST_MS	/* longer waits are asked for in pieces */

enum ifab_status command_call_json(struct cli *cli, const char *name, struct slice args_json,
				   struct ifab_reply *reply)
{
	struct buf text = { 0 };
	enum ifab_status status;

	buf_add_slice(&text, args_json);
	status = ifab_command_once(cli->client, name, buf_str(&text), cli->idempotency_key, reply);
	buf_finish(&text);
	return status;
}

enum ifab_status command_call(struct cli *cli, const struct args *args, struct ifab_reply *reply)
{
	struct buf json = { 0 };
	enum ifab_status status;

	args_write(args, &json);
	status = command_call_json(cli, args->verb->name, buf_slice(&json), reply);
	buf_finish(&json);
	return status;
}

/* With --why a refusal brings its reasons. */
static void explain(struct cli *cli, const struct args *args, const struct ifab_reply *reply)
{
	const struct value *why = args ? args_value(args, "why") : NULL;
	struct json_value *problem;

	if (cli->as_json || !why || !why->is_given || !why->number || reply->body_len == 0 ||
	    cli_parse(cli, slice_of(reply->body, reply->body_len), &problem) != OK)
		return;
	if (value_is(json_get(problem, SLICE("why")), JSON_KIND_OBJECT))
		print_explanation(cli, json_get(problem, SLICE("why")), true);
	json_free(problem);
}

int command_refuse(struct cli *cli, const struct args *args, const struct ifab_reply *reply)
{
	const struct value *task = args ? args_value(args, "task") : NULL;
	struct buf subject = { 0 };
	int code;

	if (task && task->is_given) {
		buf_add_lit(&subject, "task ");
		buf_add_slice(&subject, task->text);
	}
	code = cli_refuse_reply(cli, buf_slice(&subject), reply);
	explain(cli, args, reply);
	buf_finish(&subject);
	return code;
}

int command_print(struct cli *cli, const struct args *args, const struct ifab_reply *reply)
{
	struct slice body = slice_of(reply->body, reply->body_len);
	struct json_value *answer;

	if (cli->as_json) {
		buf_add_slice(&cli->out, slice_trim(body));
		buf_add_byte(&cli->out, '\n');
		return 0;
	}
	if (cli_parse(cli, body, &answer) != OK)
		return IFAB_FAILED;
	print_answer(cli, args, answer);
	json_free(answer);
	return 0;
}

typedef enum ifab_status call_fn(struct cli *cli, const struct args *args,
				 struct ifab_reply *reply);

static int run_with(struct cli *cli, const struct args *args, call_fn *call)
{
	struct ifab_reply reply = { 0 };
	int code = 0;

	if (!cli_client(cli, &code))
		return code;
	if (call(cli, args, &reply) == IFAB_OK)
		code = command_print(cli, args, &reply);
	else
		code = command_refuse(cli, args, &reply);
	ifab_reply_free(&reply);
	return code;
}

int command_run(struct cli *cli, const struct args *args)
{
	return run_with(cli, args, command_call);
}

/* ---- waits that are longer than the daemon's ------------------------------------------------- */

/* The arguments with another wait. */
static struct args with_wait(const struct args *args, int64_t wait_ms)
{
	struct args copy = *args;

	for (size_t i = 0; i < args->verb->field_count; i++)
		if (strcmp(args->verb->fields[i]->name, "wait_ms") == 0)
			copy.values[i] = (struct value){ .is_given = wait_ms > 0, .number = wait_ms };
	return copy;
}

/* Whether the answer is that there is nothing, be it a refusal or an empty list. */
static bool is_nothing(const struct args *args, enum ifab_status status,
		       const struct ifab_reply *reply)
{
	char messages[8];

	if (args->verb->command == &command_table[COMMAND_MESSAGE_LIST])
		return status == IFAB_OK &&
		       ifab_reply_json(reply, "messages", messages, sizeof(messages)) &&
		       strcmp(messages, "[]") == 0;
	return status == IFAB_NOTHING_READY;
}

static enum ifab_status call_patiently(struct cli *cli, const struct args *args,
				       struct ifab_reply *reply)
{
	int64_t until_us = clock_mono_us() + args_number(args, "wait_ms") * 1000;
	enum ifab_status status;
	int64_t left_ms;

	do {
		struct args piece;

		left_ms = (until_us - clock_mono_us()) / 1000;
		left_ms = left_ms < 0 ? 0 : left_ms;
		piece = with_wait(args, left_ms < PIECE_MS ? left_ms : PIECE_MS);
		status = command_call(cli, &piece, reply);
	} while (left_ms > PIECE_MS && is_nothing(args, status, reply));
	return status;
}

static int run_patiently(struct cli *cli, const struct args *args)
{
	return run_with(cli, args, call_patiently);
}

int task_next_run(struct cli *cli, const struct args *args)
{
	return run_patiently(cli, args);
}

int message_list_run(struct cli *cli, const struct args *args)
{
	return run_patiently(cli, args);
}

/* The wait goes to the daemon as far as it takes it: what is completed cannot be completed again. */
int task_finish_and_next_run(struct cli *cli, const struct args *args)
{
	int64_t wait_ms = args_number(args, "wait_ms");
	struct args piece = with_wait(args, wait_ms < PIECE_MS ? wait_ms : PIECE_MS);

	return command_run(cli, &piece);
}
