#include "cli/proxy_link.h"

#include "cli/place.h"
#include "client/address.h"
#include "sandbox/egress.h"
#include "sys/background.h"
#include "sys/files.h"

#define READY_TIMEOUT_MS 20000
#define GRANT_TIMEOUT_MS 20000

enum err proxy_secret_place(struct cli *cli, struct secret_place *ret_place, struct buf *detail)
{
	const char *folder = config_user_folder(&cli->arena);

	if (!folder) {
		buf_add_lit(detail, "secrets lie below $HOME, and that is not set");
		return ERR_USAGE;
	}
	ret_place->store = place_join(&cli->arena, folder, "/secrets.json");
	ret_place->key = place_join(&cli->arena, folder, "/secret.key");
	return place_make(folder, detail);
}

enum err proxy_socket(struct cli *cli, const char **ret_path, struct buf *detail)
{
	const char *given = cli->config.values[SETTING_PROXY_SOCKET].text;
	struct buf path = { 0 };
	enum err err = OK;

	if (given) {
		*ret_path = given;
		return OK;
	}
	err = address_default_socket(&path, detail);
	if (err == OK)
		*ret_path = place_join(&cli->arena, place_folder(&cli->arena, buf_str(&path)),
				       "/proxy.sock");
	buf_finish(&path);
	return err;
}

pid_t proxy_running(struct cli *cli)
{
	struct buf ignored = { 0 };
	const char *socket;
	pid_t pid = 0;

	if (proxy_socket(cli, &socket, &ignored) != OK || background_find(socket, &pid) != OK)
		pid = 0;
	buf_finish(&ignored);
	return pid;
}

/* Two that start one at once: the second finds that it runs. */
static bool is_started(struct slice said)
{
	return slice_starts(said, SLICE("ready")) ||
	       slice_starts(said, slice_of_str(err_info(ERR_DAEMON_RUNNING)->code));
}

static enum err start_proxy(struct cli *cli, const char *socket, struct buf *detail)
{
	struct background started;
	struct secret_place place;
	const char *program = NULL, *folder = NULL;
	enum err err = proxy_secret_place(cli, &place, detail);

	if (err == OK) {
		program = place_program(&cli->arena, PROGRAM_PROXY, detail);
		folder = place_folder(&cli->arena, place.store);
		err = program ? place_make(place_folder(&cli->arena, socket), detail) : ERR_OS;
	}
	if (err == OK) {
		const char *argv[] = {
			program, "--socket", socket, "--secrets", place.store, "--key", place.key,
			"--notes", place_join(&cli->arena, folder, "/egress.log"),
			"--ready-fd", "3", NULL,
		};

		err = background_start(argv, place_join(&cli->arena, folder, "/proxy.log"),
				       READY_TIMEOUT_MS, &started, detail);
	}
	if (err != OK)
		return err;
	if (!is_started(buf_slice(&started.said))) {
		buf_add_lit(detail, "the proxy did not start: ");
		buf_add_slice(detail, slice_trim(buf_slice(&started.said)));
		err = ERR_PROXY_UNREACHABLE;
	}
	buf_finish(&started.said);
	return err;
}

/* The proxy's reason, of the error that it answered with. */
static void add_reason(struct slice answer, struct buf *detail)
{
	static const struct json_limits limits = {
		.bytes_max = EGRESS_HEAD_BYTES_MAX, .depth_max = 3, .values_max = 64,
	};
	struct json_value *root = NULL;
	struct slice text;

	if (json_parse(answer, &limits, &root, NULL) != OK)
		return;
	if (json_get_text(json_get(json_get(root, SLICE("error")), SLICE("detail")), &text))
		buf_add_slice(detail, text);
	json_free(root);
}

enum err proxy_grant(struct cli *cli, const struct egress_who *who,
		     const struct contract *contract, bool listen, int *ret_fd,
		     struct buf *ret_answer, struct buf *detail)
{
	struct buf grant = { 0 };
	const char *socket;
	enum err err = proxy_socket(cli, &socket, detail);

	if (err != OK)
		return err;
	egress_write_grant(who, contract, listen, &grant);
	err = egress_open(socket, buf_slice(&grant), GRANT_TIMEOUT_MS, ret_fd, ret_answer);
	if (err == ERR_PROXY_UNREACHABLE) {
		buf_clear(ret_answer);
		err = start_proxy(cli, socket, detail);
		if (err == OK)
			err = egress_open(socket, buf_slice(&grant), GRANT_TIMEOUT_MS, ret_fd,
					  ret_answer);
	}
	if (err == ERR_EGRESS_GRANT)
		add_reason(buf_slice(ret_answer), detail);
	else if (err != OK && !detail->len)
		buf_add_slice(detail, buf_slice(ret_answer));
	buf_finish(&grant);
	return err;
}
