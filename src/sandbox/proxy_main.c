/*
 * if-proxy - the egress proxy: the only process that goes out for guests,
 * and the only one that opens secrets.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/egress_proxy.h"
#include "sys/background.h"
#include "sys/log.h"
#include "sys/secrecy.h"

#define TIME_MS_MAX 3600000

static const char usage_text[] =
	"usage: if-proxy --socket PATH --secrets FILE --key FILE --notes FILE\n"
	"                [--ca-file FILE] [--resolve HOST:PORT:ADDRESS] [--timeout-ms MS]\n"
	"                [--connect-timeout-ms MS] [--idle-ms MS] [--log-level LEVEL] [--ready-fd FD]\n"
	"       if-proxy --version\n"
	"\n"
	"Started when it is needed. $CREDENTIALS_DIRECTORY/infrafabric.key goes before --key.\n"
	"--resolve names the address of a host, which is checked like any other. --ready-fd gets\n"
	"\"ready\", or why not.\n";

enum option_id {
	OPT_SOCKET = 256, OPT_SECRETS, OPT_KEY, OPT_NOTES, OPT_CA_FILE, OPT_RESOLVE, OPT_TIMEOUT,
	OPT_CONNECT_TIMEOUT, OPT_IDLE, OPT_LOG_LEVEL, OPT_READY_FD, OPT_VERSION, OPT_HELP,
};

static const struct option options[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "secrets", required_argument, NULL, OPT_SECRETS },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "notes", required_argument, NULL, OPT_NOTES },
	{ "ca-file", required_argument, NULL, OPT_CA_FILE },
	{ "resolve", required_argument, NULL, OPT_RESOLVE },
	{ "timeout-ms", required_argument, NULL, OPT_TIMEOUT },
	{ "connect-timeout-ms", required_argument, NULL, OPT_CONNECT_TIMEOUT },
	{ "idle-ms", required_argument, NULL, OPT_IDLE },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "ready-fd", required_argument, NULL, OPT_READY_FD },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct arguments {
	struct egress_proxy_options proxy;
	int64_t ready_fd;		/* -1: nobody waits */
	enum option_id print;		/* 0: nothing */
};

static int usage(const char *what, const char *which)
{
	fprintf(stderr, "if-proxy: %s%s\n%s", what, which, usage_text);
	return err_info(ERR_USAGE)->exit_code;
}

static int take_number(int64_t most, int64_t *ret_number)
{
	int64_t number;

	if (!slice_to_i64(slice_of_str(optarg), &number) || number < 0 || number > most)
		return usage("this is no number that could be meant: ", optarg);
	*ret_number = number;
	return 0;
}

/* 0, or the exit code of a refusal. */
static int take_option(struct arguments *arguments, int option)
{
	struct egress_proxy_options *proxy = &arguments->proxy;
	enum log_level level;

	switch (option) {
	case OPT_SOCKET: proxy->socket_path = optarg; return 0;
	case OPT_SECRETS: proxy->secrets.store = optarg; return 0;
	case OPT_KEY: proxy->secrets.key = optarg; return 0;
	case OPT_NOTES: proxy->notes_path = optarg; return 0;
	case OPT_CA_FILE: proxy->upstream.ca_file = optarg; return 0;
	case OPT_RESOLVE: proxy->upstream.resolve = optarg; return 0;
	case OPT_TIMEOUT: return take_number(TIME_MS_MAX, &proxy->upstream.timeout_ms);
	case OPT_CONNECT_TIMEOUT:
		return take_number(TIME_MS_MAX, &proxy->upstream.connect_timeout_ms);
	case OPT_IDLE: return take_number(TIME_MS_MAX, &proxy->idle_ms);
	case OPT_READY_FD: return take_number(1024, &arguments->ready_fd);
	case OPT_VERSION:
	case OPT_HELP: arguments->print = (enum option_id)option; return 0;
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
	log_event(LOG_LEVEL_ERROR, "egress", "a bug: what must be true is not",
		  LOG_FIELDS(log_str("what", what), log_str("file", file), log_i64("line", line)));
}

static int serve(const struct arguments *arguments)
{
	struct egress_proxy *proxy = NULL;
	struct buf detail = { 0 };
	enum err err = secrecy_begin();

	panic_set_handler(log_panic);
	if (err == OK)
		err = egress_proxy_open(&arguments->proxy, &proxy, &detail);
	background_tell((int)arguments->ready_fd, err, buf_slice(&detail));
	if (err == OK) {
		log_event(LOG_LEVEL_INFO, "egress", "ready",
			  LOG_FIELDS(log_str("version", IF_VERSION), log_i64("pid", getpid())));
		egress_proxy_run(proxy);
	} else {
		log_event(LOG_LEVEL_ERROR, "egress", "did not start",
			  LOG_FIELDS(log_err(err), log_text("detail", buf_slice(&detail))));
	}
	egress_proxy_close(proxy);
	buf_finish(&detail);
	return err_info(err)->exit_code;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.proxy.upstream = {
			.ca_file = getenv("SSL_CERT_FILE"),
			.connect_timeout_ms = 10000,
			.timeout_ms = 60000,
		},
		.proxy.credentials_folder = getenv("CREDENTIALS_DIRECTORY"),
		.proxy.idle_ms = 600000,	/* secrets need no keeper when nobody asks */
		.ready_fd = -1,
	};
	int code = parse(argc, argv, &arguments);

	if (code)
		return code;
	/* Variables that libraries look at could send names elsewhere, or keys of TLS into a file. */
	clearenv();
	if (arguments.print) {
		fputs(arguments.print == OPT_HELP ? usage_text : "if-proxy " IF_VERSION "\n", stdout);
		return 0;
	}
	if (!arguments.proxy.socket_path || !arguments.proxy.secrets.store ||
	    !arguments.proxy.secrets.key || !arguments.proxy.notes_path)
		return usage("give --socket, --secrets, --key and --notes", "");
	return serve(&arguments);
}
