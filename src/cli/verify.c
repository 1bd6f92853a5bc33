/*
 * verify - checks the ledger, by the daemon or without one.
 */
#include <unistd.h>

#include "cli/call.h"
#include "cli/local.h"
#include "cli/place.h"
#include "cli/print.h"
#include "sys/files.h"

/* The program that keeps ledgers also checks them: this one knows nothing of their form. */
static int verify_offline(struct cli *cli, const struct args *args)
{
	struct buf detail = { 0 };
	const char *argv[8] = {
		place_program(&cli->arena, PROGRAM_COORDINATOR, &detail), "--verify",
		args_text(args, "ledger").ptr,
	};
	size_t argc = 3;
	int code;

	if (args_has(args, "head")) {
		argv[argc++] = "--head";
		argv[argc++] = args_text(args, "head").ptr;
	}
	if (cli->as_json)
		argv[argc++] = "--json";
	if (argv[0]) {
		execv(argv[0], (char *const *)(uintptr_t)argv);
		file_describe(&detail, "run", argv[0]);
	}
	code = cli_refuse(cli, ERR_OS, buf_slice(&detail));
	buf_finish(&detail);
	return code;
}

/* The same line as if-coordinator --verify prints. */
static void tell_whole(struct cli *cli, const struct ifab_reply *reply)
{
	int64_t records = 0, events = 0;
	char hash[80] = "";

	ifab_reply_int(reply, "records", &records);
	ifab_reply_int(reply, "events", &events);
	ifab_reply_text(reply, "hash", hash, sizeof(hash));
	buf_add_lit(&cli->out, "witness verify: ok, ");
	buf_add_i64(&cli->out, records);
	buf_add_lit(&cli->out, " records, ");
	buf_add_i64(&cli->out, events);
	buf_add_lit(&cli->out, " events, head ");
	buf_add_str(&cli->out, hash);
	buf_add_byte(&cli->out, '\n');
}

int witness_verify_run(struct cli *cli, const struct args *args)
{
	struct ifab_reply reply = { 0 };
	bool is_whole = true;
	int code = 0;

	if (args_has(args, "ledger"))
		return verify_offline(cli, args);
	if (!cli_client(cli, &code))
		return code;
	/* However long the ledger is, it is read to its end. */
	ifab_set_timeout(cli->client, 0);
	if (command_call(cli, args, &reply) != IFAB_OK) {
		code = command_refuse(cli, args, &reply);
	} else {
		if (cli->as_json)
			code = command_print(cli, args, &reply);
		else
			tell_whole(cli, &reply);
		if (ifab_reply_bool(&reply, "ok", &is_whole) && !is_whole)
			code = IFAB_FAILED;
	}
	ifab_reply_free(&reply);
	return code;
}
