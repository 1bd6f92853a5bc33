#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/local.h"
#include "cli/place.h"
#include "client/address.h"
#include "sys/background.h"
#include "sys/files.h"

#define READY_TIMEOUT_MS 120000		/* a ledger of years is verified before the first answer */
#define ARGV_MAX 24
#define LEDGER_NAME "/ledger.db"
#define LOG_NAME "/coordinator.log"

/* What `coordinator start` works out. */
struct plan {
	const char *argv[ARGV_MAX];
	size_t argc;
	const char *socket;
	const char *ledger;		/* NULL: in memory */
	const char *log;
};

static enum err default_socket(struct cli *cli, const char **ret_path, struct buf *detail)
{
	const char *given = cli->config.values[SETTING_SOCKET].text;
	struct buf path = { 0 };
	enum err err = OK;

	if (given && strncmp(given, "unix:", 5) == 0)
		given += 5;
	if (given)
		buf_add_str(&path, given);
	else
		err = address_default_socket(&path, detail);
	*ret_path = arena_copy(&cli->arena, buf_slice(&path)).ptr;
	buf_finish(&path);
	return err;
}

static enum err make_folder_of(struct cli *cli, const char *path, struct buf *detail)
{
	return place_make(place_folder(&cli->arena, path), detail);
}

static void add(struct plan *plan, const char *flag, const char *value)
{
	ENSURE(plan->argc + 3 < ARGV_MAX);
	plan->argv[plan->argc++] = flag;
	if (value)
		plan->argv[plan->argc++] = value;
}

static const char *text_or_null(const struct args *args, const char *name)
{
	return args_has(args, name) ? args_text(args, name).ptr : NULL;
}

static enum err choose_ledger(struct cli *cli, const struct args *args, struct plan *plan,
			      struct buf *detail)
{
	const char *folder = text_or_null(args, "data");

	plan->ledger = text_or_null(args, "ledger");
	plan->log = text_or_null(args, "log");
	if (args_number(args, "memory")) {
		if (!plan->ledger && !folder)
			return OK;
		buf_add_lit(detail, "--memory keeps nothing: it goes with neither --data nor --ledger");
		return ERR_USAGE;
	}
	if (!plan->ledger) {
		if (!folder)
			folder = config_data_folder(&cli->config, &cli->arena);
		if (!folder) {
			buf_add_lit(detail, "name a folder with --data: $HOME is not set");
			return ERR_USAGE;
		}
		plan->ledger = place_join(&cli->arena, folder, LEDGER_NAME);
	}
	if (!plan->log)
		plan->log = place_join(&cli->arena, place_folder(&cli->arena, plan->ledger),
				       LOG_NAME);
	return make_folder_of(cli, plan->ledger, detail);
}

/* What a flag says, else the setting, goes to the daemon as it is. */
static void pass_on(struct cli *cli, const struct args *args, struct plan *plan, const char *name,
		    const char *flag, enum setting setting)
{
	const char *value = text_or_null(args, name);

	if (!value)
		value = cli->config.values[setting].text;
	if (value && value[0])
		add(plan, flag, value);
}

static enum err make_plan(struct cli *cli, const struct args *args, struct plan *plan,
			  struct buf *detail)
{
	const char *daemon = place_program(&cli->arena, PROGRAM_COORDINATOR, detail);
	const char *ceilings[CONFIG_PLACES];
	size_t ceiling_count = config_files("ceiling.yaml", &cli->arena, ceilings);
	enum err err = OK;

	if (!daemon)
		return ERR_OS;
	err = choose_ledger(cli, args, plan, detail);
	if (err == OK)
		err = default_socket(cli, &plan->socket, detail);
	if (err == OK)
		err = make_folder_of(cli, plan->socket, detail);
	/* Now that its folder is there: somebody else may have been quicker to make it. */
	if (err == OK)
		err = default_socket(cli, &plan->socket, detail);
	if (err != OK)
		return err;
	add(plan, daemon, NULL);
	if (plan->ledger)
		add(plan, "--ledger", plan->ledger);
	else
		add(plan, "--memory", NULL);
	add(plan, "--socket", plan->socket);
	pass_on(cli, args, plan, "listen", "--listen", SETTING_LISTEN);
	pass_on(cli, args, plan, "webhook", "--webhook", SETTING_WEBHOOK);
	pass_on(cli, args, plan, "webhook_secret_file", "--webhook-secret-file",
		SETTING_WEBHOOK_SECRET_FILE);
	pass_on(cli, args, plan, "notify_command", "--notify-command", SETTING_NOTIFY_COMMAND);
	/* Read at each load, so one that is not there yet is named as well. */
	for (size_t i = 0; i < ceiling_count; i++)
		add(plan, "--ceiling", ceilings[i]);
	return OK;
}

/* ---- start ----------------------------------------------------------------------------------- */

static void tell_started(struct cli *cli, const struct plan *plan, pid_t pid)
{
	struct json_writer json = json_begin(&cli->out);

	if (cli->as_json) {
		json_object(&json);
		json_put_i64(&json, "pid", pid);
		json_put_str(&json, "socket", plan->socket);
		if (plan->ledger)
			json_put_str(&json, "ledger", plan->ledger);
		if (plan->log)
			json_put_str(&json, "log", plan->log);
		json_object_end(&json);
		buf_add_byte(&cli->out, '\n');
		return;
	}
	buf_add_lit(&cli->out, "The coordinator runs (pid ");
	buf_add_i64(&cli->out, pid);
	buf_add_lit(&cli->out, ") on ");
	buf_add_str(&cli->out, plan->socket);
	if (plan->ledger) {
		buf_add_lit(&cli->out, " with ledger ");
		buf_add_str(&cli->out, plan->ledger);
	} else {
		buf_add_lit(&cli->out, " with its ledger in memory");
	}
	buf_add_byte(&cli->out, '\n');
}

/* The daemon says why in its last words; the code by its exit status. */
static int tell_failed(struct cli *cli, const struct plan *plan, struct background *program)
{
	struct slice said = slice_trim(buf_slice(&program->said));
	struct slice reason = said;
	struct slice code = slice_cut(&reason, ':');
	enum err err = err_of_code(code);
	struct buf detail = { 0 };
	int exit_code;

	if (err == ERR_COUNT || err == OK) {
		err = ERR_OS;
		reason = said;
	}
	buf_add_slice(&detail, slice_trim(reason));
	if (said.len == 0) {
		buf_add_lit(&detail, "the coordinator ended before it was ready");
		if (plan->log) {
			buf_add_lit(&detail, "; see ");
			buf_add_str(&detail, plan->log);
		}
	}
	exit_code = cli_refuse(cli, err, buf_slice(&detail));
	buf_finish(&detail);
	return exit_code;
}

static int start_in_background(struct cli *cli, struct plan *plan)
{
	struct background program;
	struct buf detail = { 0 };
	enum err err;
	int code = 0;

	add(plan, "--ready-fd", "3");
	err = background_start(plan->argv, plan->log, READY_TIMEOUT_MS, &program, &detail);
	if (err != OK)
		code = cli_refuse(cli, err, buf_slice(&detail));
	else if (slice_starts(buf_slice(&program.said), SLICE("ready")))
		tell_started(cli, plan, program.pid);
	else
		code = tell_failed(cli, plan, &program);
	buf_finish(&program.said);
	buf_finish(&detail);
	return code;
}

static int start_in_foreground(struct cli *cli, struct plan *plan)
{
	struct buf detail = { 0 };
	int code;

	cli_flush(cli);
	execv(plan->argv[0], (char *const *)(uintptr_t)plan->argv);
	buf_add_lit(&detail, "cannot run ");
	buf_add_str(&detail, plan->argv[0]);
	buf_add_lit(&detail, ": ");
	buf_add_str(&detail, strerror(errno));
	code = cli_refuse(cli, ERR_OS, buf_slice(&detail));
	buf_finish(&detail);
	return code;
}

int coordinator_start_run(struct cli *cli, const struct args *args)
{
	struct plan plan = { 0 };
	struct buf detail = { 0 };
	pid_t pid;
	int code;
	enum err err = make_plan(cli, args, &plan, &detail);

	if (err == OK && background_find(plan.socket, &pid) == OK) {
		buf_add_lit(&detail, "pid ");
		buf_add_i64(&detail, pid);
		buf_add_lit(&detail, " listens on ");
		buf_add_str(&detail, plan.socket);
		err = ERR_DAEMON_RUNNING;
	}
	if (err != OK)
		code = cli_refuse(cli, err, buf_slice(&detail));
	else if (args_number(args, "foreground"))
		code = start_in_foreground(cli, &plan);
	else
		code = start_in_background(cli, &plan);
	buf_finish(&detail);
	return code;
}

/* ---- stop ------------------------------------------------------------------------------------ */

int coordinator_stop_run(struct cli *cli, const struct args *args)
{
	struct buf detail = { 0 };
	const char *socket;
	pid_t pid = 0;
	int code = 0;
	enum err err = default_socket(cli, &socket, &detail);

	if (err == OK)
		err = background_find(socket, &pid);
	if (err == ERR_DAEMON_UNREACHABLE) {
		buf_add_lit(&detail, "nobody listens at ");
		buf_add_str(&detail, socket);
	}
	if (err == OK) {
		err = background_stop(pid, args_number(args, "wait_ms"));
		if (err != OK) {
			buf_add_lit(&detail, "pid ");
			buf_add_i64(&detail, pid);
			buf_add_str(&detail, err == ERR_TIMEOUT ? " has not ended yet" : ": ");
			buf_add_str(&detail, err == ERR_TIMEOUT ? "" : strerror(errno));
		}
	}
	if (err != OK) {
		code = cli_refuse(cli, err, buf_slice(&detail));
	} else if (cli->as_json) {
		struct json_writer json = json_begin(&cli->out);

		json_object(&json);
		json_put_i64(&json, "pid", pid);
		json_put_bool(&json, "stopped", true);
		json_object_end(&json);
		buf_add_byte(&cli->out, '\n');
	} else {
		buf_add_lit(&cli->out, "The coordinator (pid ");
		buf_add_i64(&cli->out, pid);
		buf_add_lit(&cli->out, ") has stopped.\n");
	}
	buf_finish(&detail);
	return code;
}
