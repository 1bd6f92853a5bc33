/*
 * if-coordinator - the daemon, and the offline looks at a ledger.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/openapi.h"
#include "api/reference.h"
#include "daemon/daemon.h"
#include "daemon/offline.h"
#include "sys/background.h"
#include "sys/log.h"

#define NOTIFY_LIMIT_MS_MAX 3600000	/* an hour: whoever is told may be a person */

static const char usage_text[] =
	"usage: if-coordinator (--ledger FILE | --memory) --socket PATH [--listen 127.0.0.1:PORT]\n"
	"                      [--snapshot-events N] [--log-level LEVEL] [--ready-fd FD]\n"
	"                      [--webhook URL --webhook-secret-file FILE]\n"
	"                      [--notify-command PROGRAM|JSON-LIST] [--notify-limit-ms MS]\n"
	"                      [--ceiling FILE]...\n"
	"       if-coordinator --verify FILE [--head HASH] [--json]\n"
	"       if-coordinator --digest FILE [--no-snapshot]\n"
	"       if-coordinator --print-openapi | --print-api-md | --version\n"
	"\n"
	"Started by `ifctl coordinator start`. --ready-fd gets \"ready\", or why not.\n";

enum option_id {
	OPT_LEDGER = 256, OPT_MEMORY, OPT_SOCKET, OPT_LISTEN, OPT_SNAPSHOT_EVENTS, OPT_LOG_LEVEL,
	OPT_READY_FD, OPT_VERIFY, OPT_HEAD, OPT_JSON, OPT_DIGEST, OPT_NO_SNAPSHOT, OPT_OPENAPI,
	OPT_API_MD, OPT_VERSION, OPT_HELP, OPT_WEBHOOK, OPT_WEBHOOK_SECRET_FILE,
	OPT_NOTIFY_COMMAND, OPT_NOTIFY_LIMIT_MS, OPT_CEILING,
};

static const struct option options[] = {
	{ "ledger", required_argument, NULL, OPT_LEDGER },
	{ "memory", no_argument, NULL, OPT_MEMORY },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "snapshot-events", required_argument, NULL, OPT_SNAPSHOT_EVENTS },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "ready-fd", required_argument, NULL, OPT_READY_FD },
	{ "webhook", required_argument, NULL, OPT_WEBHOOK },
	{ "webhook-secret-file", required_argument, NULL, OPT_WEBHOOK_SECRET_FILE },
	{ "notify-command", required_argument, NULL, OPT_NOTIFY_COMMAND },
	{ "notify-limit-ms", required_argument, NULL, OPT_NOTIFY_LIMIT_MS },
	{ "verify", required_argument, NULL, OPT_VERIFY },
	{ "head", required_argument, NULL, OPT_HEAD },
	{ "ceiling", required_argument, NULL, OPT_CEILING },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "digest", required_argument, NULL, OPT_DIGEST },
	{ "no-snapshot", no_argument, NULL, OPT_NO_SNAPSHOT },
	{ "print-openapi", no_argument, NULL, OPT_OPENAPI },
	{ "print-api-md", no_argument, NULL, OPT_API_MD },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct arguments {
	struct daemon_config config;
	bool memory;
	int ready_fd;			/* -1: nobody waits */
	const char *verify, *digest, *head;
	bool json, no_snapshot;
	enum option_id print;		/* 0: nothing */
};

static int usage(const char *what, const char *which)
{
	fprintf(stderr, "if-coordinator: %s%s\n%s", what, which, usage_text);
	return err_info(ERR_USAGE)->exit_code;
}

static bool number_of(const char *text, int64_t most, int64_t *ret_number)
{
	return slice_to_i64(slice_of_str(text), ret_number) && *ret_number >= 0 &&
	       *ret_number <= most;
}

static int take_ceiling(struct daemon_config *config)
{
	if (config->ceiling_count == CEILINGS_MAX)
		return usage("there are too many options like --ceiling ", optarg);
	config->ceilings[config->ceiling_count++] = optarg;
	return 0;
}

static int take_command(struct arguments *arguments)
{
	static struct arena words;
	struct buf detail = { 0 };
	int code = 0;

	if (courier_read_command(slice_of_str(optarg), &words, &arguments->config.courier,
				 &detail) != OK)
		code = usage("--notify-command: ", buf_str(&detail));
	buf_finish(&detail);
	return code;
}

/* 0, or the exit code of a refusal. */
static int take_option(struct arguments *arguments, int option)
{
	enum log_level level;
	int64_t number;

	switch (option) {
	case OPT_LEDGER: arguments->config.ledger_path = optarg; return 0;
	case OPT_MEMORY: arguments->memory = true; return 0;
	case OPT_SOCKET: arguments->config.socket_path = optarg; return 0;
	case OPT_LISTEN: arguments->config.tcp_address = optarg; return 0;
	case OPT_VERIFY: arguments->verify = optarg; return 0;
	case OPT_HEAD: arguments->head = optarg; return 0;
	case OPT_JSON: arguments->json = true; return 0;
	case OPT_DIGEST: arguments->digest = optarg; return 0;
	case OPT_NO_SNAPSHOT: arguments->no_snapshot = true; return 0;
	case OPT_OPENAPI:
	case OPT_API_MD:
	case OPT_VERSION:
	case OPT_HELP: arguments->print = (enum option_id)option; return 0;
	case OPT_SNAPSHOT_EVENTS:
		if (!number_of(optarg, INT64_MAX, &number))
			return usage("--snapshot-events takes a number, not ", optarg);
		arguments->config.snapshot_events = (uint64_t)number;
		return 0;
	case OPT_WEBHOOK: arguments->config.courier.webhook_url = optarg; return 0;
	case OPT_WEBHOOK_SECRET_FILE: arguments->config.courier.secret_file = optarg; return 0;
	case OPT_NOTIFY_COMMAND: return take_command(arguments);
	case OPT_CEILING: return take_ceiling(&arguments->config);
	case OPT_NOTIFY_LIMIT_MS:
		if (!number_of(optarg, NOTIFY_LIMIT_MS_MAX, &number))
			return usage("--notify-limit-ms takes milliseconds, not ", optarg);
		arguments->config.courier.limit_ms = number;
		return 0;
	case OPT_READY_FD:
		if (!number_of(optarg, 1024, &number))
			return usage("--ready-fd takes a descriptor, not ", optarg);
		arguments->ready_fd = (int)number;
		return 0;
	case OPT_LOG_LEVEL:
		if (!log_level_of(slice_of_str(optarg), &level))
			return usage("--log-level takes error, warn, info or debug, not ", optarg);
		log_set_level(level);
		return 0;
	default:
		return usage("an option is not known", "");
	}
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int code = take_option(arguments, option);

		if (code)
			return code;
	}
	if (optind < argc)
		return usage("takes no argument like ", argv[optind]);
	return 0;
}

static void log_panic(const char *file, int line, const char *what)
{
	log_event(LOG_LEVEL_ERROR, "daemon", "a bug: what must be true is not",
		  LOG_FIELDS(log_str("what", what), log_str("file", file), log_i64("line", line)));
}

static int serve(const struct arguments *arguments)
{
	static struct daemon daemon;
	struct buf detail = { 0 };
	enum err err;

	panic_set_handler(log_panic);
	err = daemon_open(&daemon, &arguments->config, &detail);
	if (err == OK) {
		background_tell(arguments->ready_fd, OK, SLICE_EMPTY);
		log_event(LOG_LEVEL_INFO, "daemon", "ready",
			  LOG_FIELDS(log_str("version", IF_VERSION), log_i64("pid", getpid())));
		daemon_run(&daemon);
		err = daemon.fatal;
		daemon_close(&daemon);
	} else {
		log_event(LOG_LEVEL_ERROR, "daemon", "did not start",
			  LOG_FIELDS(log_err(err), log_text("detail", buf_slice(&detail))));
		daemon_close(&daemon);
		/* Last: who then starts another finds neither the socket nor the ledger in use. */
		background_tell(arguments->ready_fd, err, buf_slice(&detail));
	}
	buf_finish(&detail);
	return err_info(err)->exit_code;
}

static int print(enum option_id what)
{
	struct buf out = { 0 };

	if (what == OPT_OPENAPI)
		openapi_write(slice_of_str(IF_VERSION), &out);
	else if (what == OPT_API_MD)
		reference_write_markdown(&out);
	else if (what == OPT_HELP)
		buf_add_str(&out, usage_text);
	else
		buf_add_lit(&out, "if-coordinator " IF_VERSION "\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_finish(&out);
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.config.snapshot_events = SNAPSHOT_EVENTS_DEFAULT, .ready_fd = -1,
	};
	int code = parse(argc, argv, &arguments);

	if (code)
		return code;
	if (arguments.print)
		return print(arguments.print);
	if (arguments.verify)
		return offline_verify(arguments.verify, arguments.head, arguments.json);
	if (arguments.digest)
		return offline_digest(arguments.digest, !arguments.no_snapshot);
	if (arguments.memory == (arguments.config.ledger_path != NULL))
		return usage("give either --ledger or --memory", "");
	if (!arguments.config.socket_path && !arguments.config.tcp_address)
		return usage("give --socket or --listen", "");
	return serve(&arguments);
}
