/*
 * `ifctl chassis show` and `status`: what a module may do, in plain words, and what this machine has to
 * hold guests in with.
 */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/columns.h"
#include "cli/guest_module.h"
#include "cli/local.h"
#include "cli/place.h"
#include "cli/print.h"
#include "cli/proxy_link.h"
#include "sandbox/limit.h"
#include "sys/background.h"
#include "sys/files.h"

/* ---- show ------------------------------------------------------------------------------------ */

/* Whether it could be run on this machine, as far as that is known without trying. */
static void say_if_not_here(struct cli *cli, const struct json_value *answer,
			    const struct contract_ceiling *ceiling)
{
	struct guest_module module = { .id = "" };
	struct buf line = { 0 }, detail = { 0 };

	if (member_text(answer, "sha256").len &&
	    guest_module_read(cli, answer, ceiling, &module, &detail) != OK) {
		buf_add_lit(&line, "it does not run on this machine: ");
		buf_add_slice(&line, buf_slice(&detail));
		cli_say(cli, buf_slice(&line));
	}
	guest_module_finish(&module);
	buf_finish(&line);
	buf_finish(&detail);
}

static int show_module(struct cli *cli, const struct json_value *answer)
{
	struct slice document = member_text(answer, "document");
	struct contract_ceiling ceiling;
	struct contract_doc doc;
	int64_t swarms = member_i64(answer, "swarms");
	int code = contract_find_ceiling(cli, NULL, &ceiling);

	if (code != 0)
		return code;
	print_sentence(&cli->out, "Module {module}[, {bytes} bytes with SHA-256 {sha256}], loaded at "
		       "{loaded_at} under contract {contract}", answer);
	if (swarms) {
		buf_add_i64(&cli->out, swarms);
		buf_add_str(&cli->out, swarms == 1 ? " swarm works under it\n" :
						     " swarms work under it\n");
	}
	if (contract_doc_read(document, slice_starts(document, SLICE("{")) ? HAND_JSON : HAND_YAML,
			      NULL, &cli->arena, &doc) == OK)
		contract_doc_explain(&doc.contract, &cli->out);
	say_if_not_here(cli, answer, &ceiling);
	return 0;
}

int chassis_show_run(struct cli *cli, const struct args *args)
{
	struct ifab_reply reply = { 0 };
	struct json_value *answer = NULL;
	int code = 0;

	if (!cli_client(cli, &code))
		return code;
	if (command_call(cli, args, &reply) != IFAB_OK)
		code = command_refuse(cli, args, &reply);
	else if (cli->as_json)
		code = command_print(cli, args, &reply);
	else if (cli_parse(cli, slice_of(reply.body, reply.body_len), &answer) != OK)
		code = IFAB_FAILED;
	else
		code = show_module(cli, answer);
	if (answer)
		json_free(answer);
	ifab_reply_free(&reply);
	return code;
}

/* ---- status ---------------------------------------------------------------------------------- */

struct status {
	const char *program;		/* NULL: none */
	enum err err;			/* of the sandbox */
	struct buf detail;
	struct runner_walls walls;
	const char *cache;		/* NULL: none */
	int64_t cached, cache_bytes;
	const char *proxy;
	pid_t proxy_pid;		/* 0: none runs */
};

static const struct layer_words {
	const char *name;
	const char *there;
	const char *missing;
} layer_words[LAYER_COUNT] = {
	[LAYER_LIMITS] = { "limits", "the system's own limits, no new privileges, no core file",
			   "only the engine limits what a guest uses" },
	[LAYER_NAMESPACES] = { "namespaces", "no network, no other process, an empty root folder",
			       "a guest that broke out of the engine could see the network and "
			       "other processes" },
	[LAYER_SECCOMP] = { "seccomp", "a short list of system calls, and no other",
			    "a guest that broke out of the engine could make any system call" },
	[LAYER_LANDLOCK] = { "landlock", "no file but those that are granted",
			     "a guest that broke out of the engine could open this user's files" },
};

static void look(struct cli *cli, struct status *ret_status)
{
	struct buf ignored = { 0 };
	struct status status = {
		.err = ERR_CHASSIS_MISSING, .cache = guest_cache_folder(cli),
	};

	status.program = place_program(&cli->arena, PROGRAM_CHASSIS, &status.detail);
	if (status.program)
		status.err = runner_probe(status.program, &status.walls, &status.detail);
	/* A folder that is not there is an empty one. */
	if (status.cache && file_folder_size(status.cache, &status.cached, &status.cache_bytes) != OK)
		status.cached = status.cache_bytes = 0;
	if (proxy_socket(cli, &status.proxy, &ignored) == OK &&
	    background_find(status.proxy, &status.proxy_pid) != OK)
		status.proxy_pid = 0;
	buf_finish(&ignored);
	*ret_status = status;
}

static void write_sandbox(const struct status *status, struct json_writer *json)
{
	json_put_bool(json, "ready", status->err == OK);
	if (status->program)
		json_put_str(json, "program", status->program);
	if (status->err != OK) {
		json_put_str(json, "code", err_info(status->err)->code);
		json_put_text(json, "detail", buf_slice(&status->detail));
		json_put_str(json, "hint", err_info(status->err)->hint);
		return;
	}
	json_put_str(json, "engine", status->walls.engine);
	json_put_bool(json, "meter", status->walls.has_meter);
	json_key(json, "layers");
	json_object(json);
	for (unsigned i = 0; i < LAYER_COUNT; i++)
		json_put_bool(json, layer_words[i].name, status->walls.layers & LAYER_BIT(i));
	json_object_end(json);
}

static void write_status(struct cli *cli, const struct status *status)
{
	struct json_writer json = json_begin(&cli->out);

	json_object(&json);
	write_sandbox(status, &json);
	if (status->cache) {
		json_key(&json, "cache");
		json_object(&json);
		json_put_str(&json, "folder", status->cache);
		json_put_i64(&json, "modules", status->cached);
		json_put_i64(&json, "bytes", status->cache_bytes);
		json_object_end(&json);
	}
	json_key(&json, "proxy");
	json_object(&json);
	json_put_bool(&json, "running", status->proxy_pid != 0);
	if (status->proxy)
		json_put_str(&json, "socket", status->proxy);
	if (status->proxy_pid)
		json_put_i64(&json, "pid", status->proxy_pid);
	json_object_end(&json);
	json_object_end(&json);
	buf_add_byte(&cli->out, '\n');
}

static void say_layers(struct cli *cli, const struct runner_walls *walls)
{
	for (unsigned i = 0; i < LAYER_COUNT; i++) {
		bool is_there = walls->layers & LAYER_BIT(i);

		buf_add_lit(&cli->out, "  ");
		buf_add_str(&cli->out, layer_words[i].name);
		buf_add_str(&cli->out, is_there ? ": " : " is MISSING: ");
		buf_add_str(&cli->out, is_there ? layer_words[i].there : layer_words[i].missing);
		buf_add_byte(&cli->out, '\n');
	}
	if (!walls->has_meter)
		buf_add_lit(&cli->out,
			    "  This build of the engine does not tell when it refuses memory: "
			    "such a guest ends as its own code takes it.\n");
	if (walls->layers != LAYERS_ALL)
		buf_add_lit(&cli->out,
			    "Guests run all the same; a contract that `requires` a layer that "
			    "is missing is refused.\n");
}

static void say_sandbox(struct cli *cli, const struct status *status)
{
	if (status->err == OK) {
		buf_add_lit(&cli->out, "The sandbox is there, with wasmtime ");
		buf_add_str(&cli->out, status->walls.engine);
		buf_add_lit(&cli->out, ". Guests are held in by the engine and by\n");
		say_layers(cli, &status->walls);
		return;
	}
	buf_add_str(&cli->out, status->err == ERR_CHASSIS_MISSING ? "The sandbox is not built: " :
								    "The sandbox does not work: ");
	text_add_visible(&cli->out, buf_slice(&status->detail), false);
	buf_add_lit(&cli->out, ". ");
	buf_add_str(&cli->out, err_info(status->err)->hint);
	buf_add_lit(&cli->out, "\nAll else works; tasks that name a module go back to the board.\n");
}

static void say_status(struct cli *cli, const struct status *status)
{
	say_sandbox(cli, status);
	if (status->cache) {
		buf_add_lit(&cli->out, "Compiled modules: ");
		buf_add_i64(&cli->out, status->cached);
		buf_add_lit(&cli->out, ", ");
		buf_add_i64(&cli->out, status->cache_bytes / KIB);
		buf_add_lit(&cli->out, " KiB in ");
		buf_add_str(&cli->out, status->cache);
		buf_add_byte(&cli->out, '\n');
	}
	buf_add_lit(&cli->out, "Egress proxy: ");
	if (status->proxy_pid) {
		buf_add_lit(&cli->out, "runs (pid ");
		buf_add_i64(&cli->out, status->proxy_pid);
		buf_add_lit(&cli->out, ") on ");
		buf_add_str(&cli->out, status->proxy);
		buf_add_byte(&cli->out, '\n');
	} else {
		buf_add_lit(&cli->out, "none runs; it is started when a contract grants requests\n");
	}
}

int chassis_status_run(struct cli *cli, const struct args *args)
{
	struct status status;
	int code;

	(void)args;
	look(cli, &status);
	if (cli->as_json)
		write_status(cli, &status);
	else
		say_status(cli, &status);
	code = status.err == OK ? 0 : err_info(status.err)->exit_code;
	buf_finish(&status.detail);
	return code;
}
