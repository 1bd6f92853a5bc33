/*
 * guest_module - a module with its contract, both checked, and a sandbox for it.
 *
 * What the ledger knows of a module is its contract's text and its hash.
 * The bytes are read from the data folder and compared with that hash, and
 * the contract is read below the ceiling that holds here: what somebody
 * changed on the disk, or let through elsewhere, does not run.
 */
#ifndef CLI_GUEST_MODULE_H
#define CLI_GUEST_MODULE_H

#include "cli/cli.h"
#include "cli/contract_file.h"
#include "crypto/hash.h"
#include "sandbox/runner.h"

struct guest_module {
	char id[IFAB_ID_SIZE];		/* empty: it comes from files */
	char sha256[HASH_HEX_BYTES + 1];
	struct contract contract;	/* its texts live in what follows */
	struct arena arena;
	struct buf document;
	struct buf wasm;
};

/*
 * Of the answer to chassis.show. ERR_MODULE_REFUSED when it has no bytes, these are not here or
 * are others; ERR_DOCUMENT_INVALID when the contract is not right below this ceiling. The
 * detail says what is the matter. Finishing is always right.
 */
MUST_USE enum err guest_module_read(struct cli *cli, const struct json_value *answer,
				    const struct contract_ceiling *ceiling,
				    struct guest_module *ret_module, struct buf *detail);
/* The same of a file and a contract that was read; the contract must outlive it. */
MUST_USE enum err guest_module_of_file(const char *file, const struct contract *contract,
				       struct guest_module *ret_module, struct buf *detail);
void guest_module_finish(struct guest_module *module);

/* Where compiled modules are kept: infrafabric/modules in the user's cache folder. NULL: nowhere. */
const char *guest_cache_folder(struct cli *cli);

/*
 * As runner_open, and as runner_begin. Files that its contract grants are looked for below
 * the folder that we were started in.
 */
MUST_USE enum err guest_runner_open(struct cli *cli, const struct guest_module *module,
				    struct runner **ret_runner, struct buf *detail);
MUST_USE enum err guest_runner_begin(struct cli *cli, const struct guest_module *module,
				     struct runner **ret_runner, struct buf *detail);

#endif
