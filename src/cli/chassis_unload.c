/*
 * `ifctl chassis unload`: a module is forgotten, and so are its bytes, unless another id has the same.
 */
#include <unistd.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/local.h"
#include "cli/module_file.h"
#include "cli/print.h"

/* The answer to a question that may fail without harm; NULL then. */
static struct json_value *ask(struct cli *cli, const char *name, struct slice args)
{
	struct ifab_reply reply = { 0 };
	struct json_value *answer = NULL;

	if (command_call_json(cli, name, args, &reply) == IFAB_OK &&
	    cli_parse(cli, slice_of(reply.body, reply.body_len), &answer) != OK)
		answer = NULL;
	ifab_reply_free(&reply);
	return answer;
}

/* In the arena; empty for a contract without a module. */
static struct slice hash_of_module(struct cli *cli, struct slice module)
{
	struct slice sha256 = SLICE_EMPTY;
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);
	struct json_value *answer;

	json_object(&json);
	json_put_text(&json, "module", module);
	json_object_end(&json);
	answer = ask(cli, "chassis.show", buf_slice(&text));
	if (answer) {
		sha256 = arena_copy(&cli->arena, member_text(answer, "sha256"));
		json_free(answer);
	}
	buf_finish(&text);
	return sha256;
}

/* When it cannot be told who else has them, they stay: that costs room, and the other way a run. */
static bool is_used(struct cli *cli, struct slice sha256)
{
	struct json_value *answer = ask(cli, "chassis.list", SLICE("{}"));
	const struct json_value *modules = answer ? json_get(answer, SLICE("modules")) : NULL;
	bool is_one = !answer;

	for (size_t i = 0; i < json_count(modules) && !is_one; i++)
		is_one = slice_is(member_text(json_at(modules, i), "sha256"), sha256);
	if (answer)
		json_free(answer);
	return is_one;
}

int chassis_unload_run(struct cli *cli, const struct args *args)
{
	struct ifab_reply reply = { 0 };
	struct buf ignored = { 0 };
	struct slice sha256;
	const char *path;
	int code = 0;

	if (!cli_client(cli, &code))
		return code;
	sha256 = hash_of_module(cli, args_text(args, "module"));
	if (command_call(cli, args, &reply) != IFAB_OK) {
		code = command_refuse(cli, args, &reply);
	} else {
		code = command_print(cli, args, &reply);
		path = sha256.len == HASH_HEX_BYTES && !is_used(cli, sha256) ?
			       module_path(cli, sha256, &ignored) : NULL;
		if (path)
			unlink(path);
	}
	ifab_reply_free(&reply);
	buf_finish(&ignored);
	return code;
}
