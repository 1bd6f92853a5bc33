/*
 * config - settings, by the first place that has them:
 *
 *   a flag, the environment (IF_*), .infrafabric/config of the project,
 *   infrafabric/config below $XDG_CONFIG_HOME, /etc/infrafabric/config
 *
 * A file has lines `key = value`; # begins a comment. The project is the
 * nearest folder from here upwards that has a .infrafabric.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/* SETTING(NAME, key, variable, help) */
#define SETTINGS(SETTING)                                                                   \
	SETTING(SOCKET, "socket", "IF_SOCKET", "Unix socket of the daemon")                 \
	SETTING(URL, "url", "IF_URL", "URL of a daemon on TCP; goes before socket")         \
	SETTING(BOARD, "board", "IF_BOARD", "Board that is meant when none is named")       \
	SETTING(SWARM, "swarm", "IF_SWARM_ID", "Swarm that is meant when none is named")    \
	SETTING(ACTOR, "as", "IF_ACTOR", "Who acts, for the record; by default swarm or user") \
	SETTING(TIMEOUT, "timeout", "IF_TIMEOUT", "How long to wait for an answer")         \
	SETTING(DATA, "data", "IF_DATA", "Folder where `coordinator start` keeps the ledger") \
	SETTING(LISTEN, "listen", "IF_LISTEN", "Address on which `coordinator start` listens on TCP") \
	SETTING(WEBHOOK, "webhook", "IF_WEBHOOK", "URL to which escalations are sent")      \
	SETTING(WEBHOOK_SECRET_FILE, "webhook-secret-file", "IF_WEBHOOK_SECRET_FILE",       \
		"File with the secrets that sign for the webhook, one a line")              \
	SETTING(PROXY_SOCKET, "proxy-socket", "IF_PROXY_SOCKET",                            \
		"Unix socket of the egress proxy; by default proxy.sock beside the daemon's") \
	SETTING(NOTIFY_COMMAND, "notify-command", "IF_NOTIFY_COMMAND",                      \
		"Command that reads each escalation on its standard input")

enum setting {
#define SETTING(NAME, ...) SETTING_##NAME,
	SETTINGS(SETTING)
#undef SETTING
	SETTING_COUNT
};

struct setting_value {
	const char *text;	/* NULL: not set */
	const char *origin;	/* --socket, IF_SOCKET, or a file's name and line */
};

struct config {
	struct setting_value values[SETTING_COUNT];
};

struct setting_info {
	const char *key;
	const char *variable;
	const char *help;
};
extern const struct setting_info setting_table[SETTING_COUNT];

/* Flags come first, then this, which fills what they left open. Texts live in `arena`. */
void config_set_flag(struct config *config, enum setting setting, const char *text);
/* ERR_USAGE, with file and line in `detail`, when a file has something else than settings. */
MUST_USE enum err config_load(struct config *config, struct arena *arena, struct buf *detail);

/*
 * A file of this name in the user's config folder and in /etc/infrafabric: what the operator has
 * written. Not in the project's, which may come from anybody. In `arena`; they need not exist.
 */
#define CONFIG_PLACES 2
size_t config_files(const char *name, struct arena *arena, const char *ret_paths[CONFIG_PLACES]);

/* The user's own data folder, whatever the project says: for what must not lie in a project. */
const char *config_user_folder(struct arena *arena);
/* The user's own folder for what can be made again. */
const char *config_cache_folder(struct arena *arena);

/* The data folder: the setting, else the project's .infrafabric, else the user's. In `arena`. */
const char *config_data_folder(const struct config *config, struct arena *arena);

#endif
