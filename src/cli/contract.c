/*
 * contract - says what a contract grants, and what two of them differ in.
 */
#include "cli/contract_file.h"
#include "cli/local.h"
#include "cli/source_file.h"

static int open_named(struct cli *cli, const struct args *args, const char *name,
		      struct contract_file *ret_contract)
{
	const char *ceiling = args_has(args, "ceiling") ? args_text(args, "ceiling").ptr : NULL;

	return contract_file_open(cli, args_text(args, name).ptr, ceiling, ret_contract);
}

static void write_contract(struct cli *cli, const struct contract_file *contract)
{
	const struct contract_doc *doc = &contract->doc;
	struct json_writer json = json_begin(&cli->out);
	struct buf canonical = { 0 };

	json_object(&json);
	json_put_str(&json, "file", contract->shown);
	json_put_bool(&json, "ok", contract->err == OK);
	if (contract->err == OK) {
		contract_write_json(&doc->contract, &canonical);
		json_put_raw(&json, "contract", buf_slice(&canonical));
	}
	source_file_put_all(&json, "errors", doc->errors, doc->error_count);
	source_file_put_all(&json, "remarks", doc->remarks, doc->remark_count);
	json_object_end(&json);
	buf_add_byte(&cli->out, '\n');
	buf_finish(&canonical);
}

/* Tells all of it, whether it is right or not. Returns the exit code. */
static int tell_contract(struct cli *cli, const struct contract_file *contract)
{
	if (cli->as_json) {
		write_contract(cli, contract);
	} else {
		contract_file_say(contract);
		if (contract->err == OK) {
			buf_add_str(&cli->out, contract->shown);
			buf_add_lit(&cli->out, ": the contract is right\n");
			contract_doc_explain(&contract->doc.contract, &cli->out);
		}
	}
	return contract->err == OK ? 0 : IFAB_USAGE;
}

int chassis_check_run(struct cli *cli, const struct args *args)
{
	struct contract_file contract;
	int code = open_named(cli, args, "file", &contract);

	if (code == 0)
		code = tell_contract(cli, &contract);
	contract_file_close(&contract);
	return code;
}

static int tell_difference(struct cli *cli, const struct contract *from, const struct contract *to)
{
	struct buf lines = { 0 };
	size_t count = contract_doc_diff(from, to, &lines);
	int code = source_file_tell_difference(cli, buf_slice(&lines), count);

	buf_finish(&lines);
	return code;
}

int chassis_diff_run(struct cli *cli, const struct args *args)
{
	struct contract_file from = { .err = OK }, to;
	int code = open_named(cli, args, "file", &to);

	if (code == 0)
		code = open_named(cli, args, "from", &from);
	if (code == 0 && to.err != OK)
		code = tell_contract(cli, &to);
	else if (code == 0 && from.err != OK)
		code = tell_contract(cli, &from);
	else if (code == 0)
		code = tell_difference(cli, &from.doc.contract, &to.doc.contract);
	contract_file_close(&from);
	contract_file_close(&to);
	return code;
}
