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

/* Copies the file to modules/HASH.wasm of the data folder, readable by its owner only. */
MUST_USE enum err module_keep(struct cli *cli, const char *file, struct module_kept *ret_kept,
			      struct buf *detail);

#endif
