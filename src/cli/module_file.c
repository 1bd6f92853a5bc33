#include "cli/module_file.h"

#include "cli/place.h"
#include "fabric/limit.h"
#include "sys/files.h"

#define MAGIC "\0asm"		/* with which every module begins */
#define MAGIC_BYTES 4

enum err module_read(const char *file, struct buf *bytes, struct buf *detail)
{
	enum err err = file_read(file, (size_t)LIMIT_MODULE_BYTES, bytes);

	if (err == ERR_LIMIT_EXCEEDED) {
		buf_add_str(detail, file);
		buf_add_lit(detail, " is longer than ");
		buf_add_i64(detail, LIMIT_MODULE_BYTES);
		buf_add_lit(detail, " bytes, the most that a module may have");
	} else if (err != OK) {
		file_describe(detail, "read", file);
	} else if (!slice_starts(buf_slice(bytes), slice_of(MAGIC, MAGIC_BYTES))) {
		buf_add_str(detail, file);
		buf_add_lit(detail, " is no WebAssembly module; text (.wat) is to be compiled first");
		err = ERR_DOCUMENT_INVALID;
	}
	return err;
}

/* FOLDER/SHA256.wasm */
static const char *path_in(struct cli *cli, const char *folder, struct slice sha256)
{
	struct buf name = { 0 };
	const char *path;

	buf_add_byte(&name, '/');
	buf_add_slice(&name, sha256);
	buf_add_lit(&name, ".wasm");
	path = place_join(&cli->arena, folder, buf_str(&name));
	buf_finish(&name);
	return path;
}

static const char *folder_of_modules(struct cli *cli, struct buf *detail)
{
	const char *folder = config_data_folder(&cli->config, &cli->arena);

	if (folder)
		return place_join(&cli->arena, folder, "/modules");
	buf_add_lit(detail, "name a folder with IF_DATA: $HOME is not set");
	return NULL;
}

const char *module_path(struct cli *cli, struct slice sha256, struct buf *detail)
{
	const char *folder = folder_of_modules(cli, detail);

	return folder ? path_in(cli, folder, sha256) : NULL;
}

static enum err keep(struct cli *cli, struct slice bytes, const char *sha256, struct buf *detail)
{
	const char *folder = folder_of_modules(cli, detail), *path = folder;
	enum err err;

	if (!folder)
		return ERR_USAGE;
	err = file_make_folder(folder, 0700);
	if (err == OK) {
		path = path_in(cli, folder, slice_of_str(sha256));
		err = file_write(path, bytes, 0600);
	}
	if (err != OK)
		file_describe(detail, "write", path);
	return err;
}

enum err module_keep(struct cli *cli, const char *file, struct module_kept *ret_kept,
		     struct buf *detail)
{
	struct module_kept kept = { .bytes = 0 };
	struct buf bytes = { 0 }, hex = { 0 };
	struct hash hash;
	enum err err = module_read(file, &bytes, detail);

	if (err == OK) {
		hash = hash_of(buf_slice(&bytes));
		buf_add_hex(&hex, hash.bytes, HASH_BYTES);
		memcpy(kept.sha256, hex.ptr, HASH_HEX_BYTES);
		kept.bytes = (int64_t)bytes.len;
		err = keep(cli, buf_slice(&bytes), kept.sha256, detail);
	}
	if (err == OK)
		*ret_kept = kept;
	buf_finish(&bytes);
	buf_finish(&hex);
	return err;
}
