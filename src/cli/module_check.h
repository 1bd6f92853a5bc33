/*
 * module_check - looks at a module and its contract before they are made known.
 */
#ifndef CLI_MODULE_CHECK_H
#define CLI_MODULE_CHECK_H

#include "cli/cli.h"
#include "document/fields.h"

/*
 * The contract must keep below the ceiling of this machine, and its sandbox
 * must take the module: whoever loads it is told, not whoever runs it later.
 * Where there is no sandbox the module is taken unseen, which is said.
 * Returns 0, or the exit code with the problem told. `wasm` is NULL when
 * there is no module.
 */
int module_check(struct cli *cli, const char *contract_name, struct slice contract_text,
		 enum hand_format format, const char *wasm);

#endif
