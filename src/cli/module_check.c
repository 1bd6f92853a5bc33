#include "cli/module_check.h"

#include "cli/guest_module.h"
#include "cli/source_file.h"

static int try_module(struct cli *cli, const struct contract *contract, const char *wasm)
{
	struct guest_module module;
	struct runner *runner = NULL;
	struct buf detail = { 0 };
	enum err err = guest_module_of_file(wasm, contract, &module, &detail);
	int code = 0;

	if (err == OK) {
		buf_add_str(&detail, wasm);
		buf_add_lit(&detail, ": ");
		err = guest_runner_open(cli, &module, &runner, &detail);
	}
	runner_close(runner);
	if (err == ERR_CHASSIS_MISSING)
		cli_say_str(cli, "the sandbox is not built here, so the module was not tried; "
				 "see `ifctl chassis status`");
	else if (err != OK)
		code = cli_refuse(cli, err, buf_slice(&detail));
	guest_module_finish(&module);
	buf_finish(&detail);
	return code;
}

int module_check(struct cli *cli, const char *contract_name, struct slice contract_text,
		 enum hand_format format, const char *wasm)
{
	struct contract_ceiling ceiling;
	struct contract_doc doc;
	int code = contract_find_ceiling(cli, NULL, &ceiling);

	if (code != 0)
		return code;
	/* What is wrong by itself the daemon says, and with lines. */
	if (contract_doc_read(contract_text, format, NULL, &cli->arena, &doc) != OK)
		return 0;
	if (contract_doc_read(contract_text, format, &ceiling, &cli->arena, &doc) != OK) {
		source_file_say_all(contract_name, doc.errors, doc.error_count);
		return cli_refuse(cli, ERR_DOCUMENT_INVALID,
				  SLICE("the contract is above the ceiling of this machine"));
	}
	return wasm ? try_module(cli, &doc.contract, wasm) : 0;
}
