#include "cli/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/place.h"
#include "sys/files.h"

#define CONFIG_BYTES_MAX 65536
#define CONFIG_LINES_MAX 1000
#define FOLDERS_UP_MAX 64		/* from here to the root */
#define PATH_BYTES_MAX 4096

const struct setting_info setting_table[SETTING_COUNT] = {
#define SETTING(NAME, key, variable, help) [SETTING_##NAME] = { key, variable, help },
	SETTINGS(SETTING)
#undef SETTING
};

void config_set_flag(struct config *config, enum setting setting, const char *text)
{
	static const char *const origins[SETTING_COUNT] = {
#define SETTING(NAME, key, ...) [SETTING_##NAME] = "--" key,
		SETTINGS(SETTING)
#undef SETTING
	};

	config->values[setting] = (struct setting_value){ text, origins[setting] };
}

static void set_if_open(struct config *config, enum setting setting, const char *text,
			const char *origin)
{
	if (!config->values[setting].text && text && text[0])
		config->values[setting] = (struct setting_value){ text, origin };
}

/* url and socket name the same thing: one that comes from nearer hides the other. */
static void settle_address(struct config *config)
{
	const struct setting_value *values = config->values;

	if (values[SETTING_URL].text && !values[SETTING_SOCKET].text)
		config->values[SETTING_SOCKET].origin = values[SETTING_URL].origin;
	if (values[SETTING_SOCKET].text && !values[SETTING_URL].text)
		config->values[SETTING_URL].origin = values[SETTING_SOCKET].origin;
}

static bool address_is_settled(const struct config *config, enum setting setting)
{
	return (setting == SETTING_URL || setting == SETTING_SOCKET) &&
	       config->values[setting].origin != NULL;
}

static const char *origin_of(struct arena *arena, const char *path, int64_t line)
{
	struct buf origin = { 0 };
	const char *copy;

	buf_add_str(&origin, path);
	buf_add_byte(&origin, ':');
	buf_add_i64(&origin, line);
	copy = arena_copy(arena, buf_slice(&origin)).ptr;
	buf_finish(&origin);
	return copy;
}

static enum err take_line(struct config *config, struct slice line, const char *origin,
			  struct arena *arena, struct buf *detail)
{
	struct slice value = line;
	struct slice key = slice_trim(slice_cut(&value, '='));

	value = slice_trim(value);
	if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
		value = slice_of(value.ptr + 1, value.len - 2);
	for (enum setting i = 0; i < SETTING_COUNT; i++) {
		if (!slice_is_str(key, setting_table[i].key))
			continue;
		if (!address_is_settled(config, i))
			set_if_open(config, i, arena_copy(arena, value).ptr, origin);
		return OK;
	}
	buf_add_str(detail, origin);
	buf_add_lit(detail, ": there is no setting \"");
	buf_add_slice(detail, key);
	buf_add_lit(detail, "\"; see `ifctl config show`");
	return ERR_USAGE;
}

/* A file that is not there is no error: most people have none. */
static enum err load_file(struct config *config, const char *path, struct arena *arena,
			  struct buf *detail)
{
	struct buf content = { 0 };
	enum err err = file_read(path, CONFIG_BYTES_MAX, &content);
	struct slice rest = buf_slice(&content);

	if (err != OK) {
		bool is_missing = err == ERR_OS &&
				  (errno == ENOENT || errno == ENOTDIR || errno == EACCES);

		if (!is_missing)
			file_describe(detail, "read", path);
		buf_finish(&content);
		return is_missing ? OK : ERR_USAGE;
	}
	for (int64_t line = 1; err == OK && rest.len && line <= CONFIG_LINES_MAX; line++) {
		struct slice text = slice_trim(slice_cut(&rest, '\n'));

		if (text.len && text.ptr[0] != '#')
			err = take_line(config, text, origin_of(arena, path, line), arena, detail);
	}
	settle_address(config);
	buf_finish(&content);
	return err;
}

/* The nearest .infrafabric from here upwards, or NULL. */
static const char *project_folder(struct arena *arena)
{
	char here[PATH_BYTES_MAX];

	if (!getcwd(here, sizeof(here)))
		return NULL;
	for (size_t i = 0; i < FOLDERS_UP_MAX; i++) {
		const char *folder = place_join(arena, here, "/.infrafabric");
		char *slash = strrchr(here, '/');

		if (access(folder, X_OK) == 0)
			return folder;
		if (!slash || here[0] == '\0')
			return NULL;
		*slash = '\0';
	}
	return NULL;
}

/* $VARIABLE, or a folder below $HOME. NULL when neither is known. */
static const char *xdg_folder(const char *variable, const char *below_home, struct arena *arena)
{
	const char *folder = getenv(variable);
	const char *home = getenv("HOME");

	if (folder && folder[0] == '/')
		return place_join(arena, folder, "/infrafabric");
	if (home && home[0] == '/')
		return place_join(arena, place_join(arena, home, below_home), "/infrafabric");
	return NULL;
}

enum err config_load(struct config *config, struct arena *arena, struct buf *detail)
{
	const char *project = project_folder(arena);
	const char *user = xdg_folder("XDG_CONFIG_HOME", "/.config", arena);
	enum err err = OK;

	settle_address(config);
	for (enum setting i = 0; i < SETTING_COUNT; i++)
		if (!address_is_settled(config, i))
			set_if_open(config, i, getenv(setting_table[i].variable),
				    setting_table[i].variable);
	settle_address(config);
	if (project)
		err = load_file(config, place_join(arena, project, "/config"), arena, detail);
	if (err == OK && user)
		err = load_file(config, place_join(arena, user, "/config"), arena, detail);
	if (err == OK)
		err = load_file(config, "/etc/infrafabric/config", arena, detail);
	return err;
}

const char *config_user_folder(struct arena *arena)
{
	return xdg_folder("XDG_DATA_HOME", "/.local/share", arena);
}

const char *config_cache_folder(struct arena *arena)
{
	return xdg_folder("XDG_CACHE_HOME", "/.cache", arena);
}

const char *config_data_folder(const struct config *config, struct arena *arena)
{
	const char *folder = config->values[SETTING_DATA].text;

	if (!folder)
		folder = project_folder(arena);
	if (!folder)
		folder = config_user_folder(arena);
	return folder;
}

size_t config_files(const char *name, struct arena *arena, const char *ret_paths[CONFIG_PLACES])
{
	const char *user = xdg_folder("XDG_CONFIG_HOME", "/.config", arena);
	size_t count = 0;

	if (user)
		ret_paths[count++] = place_join(arena, place_join(arena, user, "/"), name);
	ret_paths[count++] = place_join(arena, "/etc/infrafabric/", name);
	return count;
}
