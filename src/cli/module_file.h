/*
 * module_file - a module's bytes, kept in the data folder under their hash.
 *
 * The ledger knows a module by the hash of its bytes; whoever runs it reads
 * them here and compares.
 */
#ifndef CLI_MODULE_FILE_H
#define CLI_MODULE_FILE_H

#include "cli/cli.h"
#include "crypto/hash.h"

struct module_kept {
	char sha256[HASH_HEX_BYTES + 1];
	int64_t bytes;		/* 0: there is no module */
};

/* Reads a file that must be a module. */
MUST_USE enum err module_read(const char *file, struct buf *ret_bytes, struct buf *detail);
/* Where the bytes with this hash are kept, in the arena. NULL: nowhere, the detail says why. */
const char *module_path(struct cli *cli, struct slice sha256, struct buf *detail);
/* Copies the file to modules/HASH.wasm of the data folder, readable by its owner only. */
MUST_USE enum err module_keep(struct cli *cli, const char *file, struct module_kept *ret_kept,
			      struct buf *detail);

#endif
