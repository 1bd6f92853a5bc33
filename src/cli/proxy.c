/*
 * `ifctl proxy`: a command whose requests go out under a contract.
 *
 * It is told of the proxy by the variables that programs look at. That is an
 * offer, not a wall: a program that is not in a sandbox can go around.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/contract_file.h"
#include "cli/local.h"
#include "cli/proxy_link.h"
#include "client/address.h"
#include "crypto/seal.h"
#include "sandbox/egress_http.h"
#include "sys/attached.h"
#include "sys/background.h"
#include "sys/files.h"

#define STOP_TIMEOUT_MS 10000
#define SWARM_OF_NOBODY "native"	/* on record, when no swarm is named */

static struct slice named(const struct args *args, const char *name, const char *variable)
{
	if (args_has(args, name))
		return args_text(args, name);
	return slice_of_str(getenv(variable));
}

/* Whoever acts for a swarm has what it asks for put on record in the ledger. */
static struct slice daemon_of(struct cli *cli)
{
	const char *url = cli->config.values[SETTING_URL].text;
	const char *socket = cli->config.values[SETTING_SOCKET].text;
	struct buf path = { 0 }, detail = { 0 };
	struct slice address = slice_of_str(url ? url : socket);

	if (!address.len && address_default_socket(&path, &detail) == OK)
		address = arena_copy(&cli->arena, buf_slice(&path));
	buf_finish(&path);
	buf_finish(&detail);
	return address;
}

static void who_asks(struct cli *cli, const struct args *args, struct egress_who *ret_who)
{
	const char *swarm = cli->config.values[SETTING_SWARM].text;
	struct egress_who who = {
		.swarm = args_has(args, "swarm") ? args_text(args, "swarm") :
			 slice_of_str(swarm ? swarm : SWARM_OF_NOBODY),
		.board = named(args, "board", "IF_BOARD"),
		.task = named(args, "task", "IF_TASK_ID"),
		.fence = args_number(args, "fence"),
	};

	if (swarm || args_has(args, "swarm"))
		who.daemon = daemon_of(cli);
	if (!args_has(args, "fence") && getenv("IF_FENCE") &&
	    !slice_to_i64(slice_of_str(getenv("IF_FENCE")), &who.fence))
		who.fence = 0;
	*ret_who = who;
}

/* http://if:PASSWORD@127.0.0.1:PORT, of the proxy's answer. */
static bool add_url(struct slice answer, struct buf *out)
{
	static const struct json_limits limits = {
		.bytes_max = 65536, .depth_max = 1, .values_max = 16,
	};
	struct json_value *root = NULL;
	struct slice password;
	int64_t port;
	bool is_read = json_parse(answer, &limits, &root, NULL) == OK &&
		       json_get_text(json_get(root, SLICE("password")), &password) &&
		       json_get_i64(json_get(root, SLICE("port")), &port);

	if (is_read) {
		buf_add_lit(out, "http://" EGRESS_HTTP_USER ":");
		buf_add_slice(out, password);
		buf_add_lit(out, "@127.0.0.1:");
		buf_add_i64(out, port);
	}
	if (root)
		json_free(root);
	return is_read;
}

/* In small letters for curl and its like, which do not look at HTTP_PROXY. */
static void set_variables(const char *url)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		setenv(names[i], url, 1);
	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
}

static int run_under(struct cli *cli, const struct args *args, const struct contract *contract)
{
	struct buf answer = { 0 }, detail = { 0 }, url = { 0 };
	struct egress_who who;
	int fd = -1, code = 0;
	enum err err;

	who_asks(cli, args, &who);
	err = proxy_grant(cli, &who, contract, true, &fd, &answer, &detail);
	if (err == OK && !add_url(buf_slice(&answer), &url)) {
		buf_add_lit(&detail, "the proxy says no port");
		err = ERR_PROXY_UNREACHABLE;
	}
	if (err == OK) {
		set_variables(buf_str(&url));
		cli_flush(cli);
		err = attached_run(args->rest, &code);
		if (err != OK)
			file_describe(&detail, "run", args->rest[0]);
	}
	if (fd >= 0)
		close(fd);
	if (err != OK)
		code = cli_refuse(cli, err, buf_slice(&detail));
	seal_wipe_buf(&answer);
	seal_wipe_buf(&url);
	buf_finish(&detail);
	return code;
}

static int run_named(struct cli *cli, const struct args *args)
{
	struct contract_file contract;
	int code = contract_file_open(cli, args_text(args, "contract").ptr, NULL, &contract);

	if (code == 0 && contract.err != OK) {
		contract_file_say(&contract);
		code = IFAB_USAGE;
	} else if (code == 0) {
		code = run_under(cli, args, &contract.doc.contract);
	}
	contract_file_close(&contract);
	return code;
}

static int stop_proxy(struct cli *cli)
{
	struct buf detail = { 0 };
	const char *socket;
	pid_t pid = 0;
	int code = 0;
	enum err err = proxy_socket(cli, &socket, &detail);

	if (err == OK)
		err = background_find(socket, &pid);
	if (err == ERR_DAEMON_UNREACHABLE) {
		err = ERR_PROXY_UNREACHABLE;
		buf_add_lit(&detail, "nobody listens at ");
		buf_add_str(&detail, socket);
	} else if (err == OK) {
		err = background_stop(pid, STOP_TIMEOUT_MS);
		if (err != OK)
			buf_add_str(&detail, err == ERR_TIMEOUT ? "it has not ended yet" :
								  strerror(errno));
	}
	if (err != OK) {
		code = cli_refuse(cli, err, buf_slice(&detail));
	} else if (cli->as_json) {
		buf_add_lit(&cli->out, "{\"pid\":");
		buf_add_i64(&cli->out, pid);
		buf_add_lit(&cli->out, ",\"stopped\":true}\n");
	} else {
		buf_add_lit(&cli->out, "The egress proxy (pid ");
		buf_add_i64(&cli->out, pid);
		buf_add_lit(&cli->out, ") has stopped.\n");
	}
	buf_finish(&detail);
	return code;
}

int proxy_run(struct cli *cli, const struct args *args)
{
	bool is_command = args->rest_count > 0;

	if (args_number(args, "stop") && !is_command)
		return stop_proxy(cli);
	if (args_number(args, "stop") || !is_command || !args_has(args, "contract"))
		return cli_refuse(cli, ERR_USAGE,
				  SLICE("give --contract and a command behind --, or --stop alone"));
	return run_named(cli, args);
}
