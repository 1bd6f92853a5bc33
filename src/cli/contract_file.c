#include "cli/contract_file.h"

#include <errno.h>

#include "cli/source_file.h"
#include "sys/files.h"

#define CEILING_BYTES_MAX 65536

/* Lowers `ceiling` by what the file says. 0, or the exit code with the problem told. */
static int add_ceiling(struct cli *cli, const char *file, bool may_be_missing,
		       struct contract_ceiling *ceiling)
{
	struct buf text = { 0 }, detail = { 0 };
	enum err err = file_read(file, CEILING_BYTES_MAX, &text);
	struct ceiling_doc doc;
	int code = 0;

	if (err == ERR_OS && may_be_missing && (errno == ENOENT || errno == ENOTDIR))
		goto out;
	if (err == ERR_LIMIT_EXCEEDED) {
		buf_add_str(&detail, file);
		buf_add_lit(&detail, " is longer than 64 KiB");
		code = cli_refuse(cli, err, buf_slice(&detail));
	} else if (err != OK) {
		/* One that is there and cannot be read still holds: nothing goes on without it. */
		file_describe(&detail, "read", file);
		code = cli_refuse(cli, ERR_USAGE, buf_slice(&detail));
	} else if (ceiling_doc_read(buf_slice(&text), hand_format_of(slice_of_str(file)), &cli->arena,
				    &doc) != OK) {
		source_file_say_all(file, doc.errors, doc.error_count);
		code = IFAB_USAGE;
	} else {
		contract_ceiling_lower(ceiling, &doc.ceiling);
	}
out:
	buf_finish(&text);
	buf_finish(&detail);
	return code;
}

int contract_find_ceiling(struct cli *cli, const char *named, struct contract_ceiling *ret_ceiling)
{
	const char *paths[CONFIG_PLACES];
	size_t count = config_files("ceiling.yaml", &cli->arena, paths);
	int code = 0;

	*ret_ceiling = contract_ceiling_default();
	for (size_t i = 0; code == 0 && i < count; i++)
		code = add_ceiling(cli, paths[i], true, ret_ceiling);
	if (code == 0 && named)
		code = add_ceiling(cli, named, false, ret_ceiling);
	return code;
}

int contract_file_open(struct cli *cli, const char *file, const char *ceiling,
		       struct contract_file *ret_contract)
{
	struct contract_file contract = { .shown = source_file_shown(file) };
	struct contract_ceiling most;
	struct buf detail = { 0 };
	int code = contract_find_ceiling(cli, ceiling, &most);
	enum err err = OK;

	if (code == 0)
		err = source_file_read(file, &contract.text, &detail);
	if (err != OK)
		code = cli_refuse(cli, err, buf_slice(&detail));
	else if (code == 0)
		contract.err = contract_doc_read(buf_slice(&contract.text),
						 hand_format_of(slice_of_str(file)), &most,
						 &cli->arena, &contract.doc);
	buf_finish(&detail);
	*ret_contract = contract;
	return code;
}

void contract_file_close(struct contract_file *contract)
{
	buf_finish(&contract->text);
}

void contract_file_say(const struct contract_file *contract)
{
	const struct contract_doc *doc = &contract->doc;

	source_file_say_all(contract->shown, doc->errors, doc->error_count);
	source_file_say_all(contract->shown, doc->remarks, doc->remark_count);
}
