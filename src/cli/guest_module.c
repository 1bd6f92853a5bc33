#include "cli/guest_module.h"

#include <string.h>
#include <unistd.h>

#include "cli/module_file.h"
#include "cli/place.h"
#include "cli/print.h"
#include "sys/files.h"

#define FOLDER_BYTES_MAX 4096
#define KEY_NAME "/chassis.key"

/* ---- reading --------------------------------------------------------------------------------- */

static void set_hash(struct guest_module *module)
{
	struct hash hash = hash_of(buf_slice(&module->wasm));
	struct buf hex = { 0 };

	buf_add_hex(&hex, hash.bytes, HASH_BYTES);
	memcpy(module->sha256, hex.ptr, HASH_HEX_BYTES);
	buf_finish(&hex);
}

/* The first line of what is wrong: whoever wants them all checks the contract by itself. */
static void add_first(const struct contract_doc *doc, struct buf *detail)
{
	buf_add_lit(detail, "its contract, line ");
	buf_add_i64(detail, doc->errors[0].line);
	buf_add_lit(detail, ": ");
	buf_add_slice(detail, doc->errors[0].text);
	if (doc->error_count < 2)
		return;
	buf_add_lit(detail, ", and ");
	buf_add_u64(detail, doc->error_count - 1);
	buf_add_lit(detail, " more");
}

static enum err read_contract(struct guest_module *module, struct slice document,
			      const struct contract_ceiling *ceiling, struct buf *detail)
{
	struct contract_doc doc;
	enum hand_format format;
	enum err err;

	buf_add_slice(&module->document, document);
	/* Its file's name is not kept; a brace is JSON's, and what is both reads the same. */
	format = slice_starts(document, SLICE("{")) ? HAND_JSON : HAND_YAML;
	err = contract_doc_read(buf_slice(&module->document), format, ceiling, &module->arena, &doc);
	if (err != OK)
		add_first(&doc, detail);
	else
		module->contract = doc.contract;
	return err;
}

static enum err read_bytes(struct cli *cli, struct guest_module *module, struct slice sha256,
			   struct buf *detail)
{
	const char *path = module_path(cli, sha256, detail);

	if (!path)
		return ERR_USAGE;
	if (file_read(path, (size_t)LIMIT_MODULE_BYTES, &module->wasm) != OK) {
		file_describe(detail, "read", path);
		buf_add_lit(detail, "; load it again on this machine");
		return ERR_MODULE_REFUSED;
	}
	set_hash(module);
	if (slice_is_str(sha256, module->sha256))
		return OK;
	buf_add_str(detail, path);
	buf_add_lit(detail, " has other bytes than those that were loaded; load it again");
	return ERR_MODULE_REFUSED;
}

enum err guest_module_read(struct cli *cli, const struct json_value *answer,
			   const struct contract_ceiling *ceiling, struct guest_module *ret_module,
			   struct buf *detail)
{
	struct guest_module *module = ret_module;
	struct slice id = member_text(answer, "module"), sha256 = member_text(answer, "sha256");
	enum err err;

	*module = (struct guest_module){ .id = "" };
	if (id.len == 0 || id.len >= IFAB_ID_SIZE)
		return ERR_ID_INVALID;
	memcpy(module->id, id.ptr, id.len);
	if (sha256.len != HASH_HEX_BYTES) {
		buf_add_lit(detail, "it was loaded without a module: it is a contract for programs");
		return ERR_MODULE_REFUSED;
	}
	err = read_contract(module, member_text(answer, "document"), ceiling, detail);
	return err == OK ? read_bytes(cli, module, sha256, detail) : err;
}

enum err guest_module_of_file(const char *file, const struct contract *contract,
			      struct guest_module *ret_module, struct buf *detail)
{
	enum err err;

	*ret_module = (struct guest_module){ .contract = *contract };
	err = module_read(file, &ret_module->wasm, detail);
	if (err == OK)
		set_hash(ret_module);
	return err;
}

void guest_module_finish(struct guest_module *module)
{
	buf_finish(&module->wasm);
	buf_finish(&module->document);
	arena_finish(&module->arena);
}

/* ---- its sandbox ----------------------------------------------------------------------------- */

const char *guest_cache_folder(struct cli *cli)
{
	const char *cache = config_cache_folder(&cli->arena);

	return cache ? place_join(&cli->arena, cache, "/modules") : NULL;
}

typedef enum err open_fn(const struct runner_spec *spec, struct runner **ret_runner,
			 struct buf *detail);

static enum err open_with(struct cli *cli, const struct guest_module *module, open_fn *open,
			  struct runner **ret_runner, struct buf *detail)
{
	const char *data = config_user_folder(&cli->arena);
	char folder[FOLDER_BYTES_MAX];
	struct runner_spec spec = {
		.program = place_program(&cli->arena, PROGRAM_CHASSIS, detail),
		.contract = &module->contract,
		.wasm = buf_slice(&module->wasm),
		.folder = folder,
	};

	if (!spec.program)
		return ERR_CHASSIS_MISSING;
	if (!getcwd(folder, sizeof(folder))) {
		file_describe(detail, "open", "the folder that this was started in");
		return ERR_OS;
	}
	/* Without a place for its key, each start compiles. */
	if (data && file_make_folder(data, 0700) == OK) {
		spec.cache = guest_cache_folder(cli);
		spec.key_file = place_join(&cli->arena, data, KEY_NAME);
	}
	return open(&spec, ret_runner, detail);
}

enum err guest_runner_open(struct cli *cli, const struct guest_module *module,
			   struct runner **ret_runner, struct buf *detail)
{
	return open_with(cli, module, runner_open, ret_runner, detail);
}

enum err guest_runner_begin(struct cli *cli, const struct guest_module *module,
			    struct runner **ret_runner, struct buf *detail)
{
	return open_with(cli, module, runner_begin, ret_runner, detail);
}
