/*
 * import - documents that the daemon reads: boards, policies, manifests of swarms.
 *
 * The file is read here and its text sent; what is wrong in it comes back
 * with lines.
 */
#include "cli/args.h"
#include "cli/call.h"
#include "cli/local.h"
#include "cli/module_check.h"
#include "cli/module_file.h"
#include "cli/print.h"
#include "cli/source_file.h"
#include "document/board_doc.h"
#include "document/source.h"

static bool is_board(const struct args *args)
{
	return args->verb->command == &command_table[COMMAND_BOARD_IMPORT];
}

static const char *name_of_format(const struct args *args, const char *file)
{
	if (args_has(args, "format"))
		return board_format_names[args_number(args, "format")];
	return board_format_names[board_format_of(slice_of_str(file))];
}

static void say_lines(const char *file, const struct json_value *lines)
{
	for (size_t i = 0; i < json_count(lines); i++) {
		const struct json_value *one = json_at(lines, i);

		source_file_say(file, member_i64(one, "line"), member_text(one, "text"));
	}
}

static void print_ids(struct cli *cli, const char *heading, const struct json_value *ids)
{
	if (json_count(ids) == 0)
		return;
	buf_add_str(&cli->out, heading);
	print_value(&cli->out, "ids", ids, 0);
	buf_add_byte(&cli->out, '\n');
}

/* "Board demo: 26 critical and 28 filler tasks; 54 created, 0 changed, 0 unchanged." */
static void print_import(struct cli *cli, const struct json_value *answer)
{
	const struct json_value *created = json_get(answer, SLICE("created"));
	const struct json_value *changed = json_get(answer, SLICE("changed"));
	bool is_dry = false;

	print_sentence(&cli->out,
		       "Board {board}[ ({title})]: {critical} critical and {filler} filler tasks",
		       answer);
	cli->out.len--;
	buf_add_lit(&cli->out, "; ");
	buf_add_u64(&cli->out, json_count(created));
	buf_add_lit(&cli->out, " created, ");
	buf_add_u64(&cli->out, json_count(changed));
	buf_add_lit(&cli->out, " changed, ");
	buf_add_i64(&cli->out, member_i64(answer, "unchanged"));
	buf_add_lit(&cli->out, " unchanged.\n");
	print_ids(cli, "changed: ", changed);
	print_ids(cli, "completed: ", json_get(answer, SLICE("completed")));
	print_ids(cli, "on the board, not in the document: ",
		  json_get(answer, SLICE("not_in_document")));
	if (json_get_bool(json_get(answer, SLICE("dry_run")), &is_dry) && is_dry)
		buf_add_lit(&cli->out, "Nothing was changed: this was a dry run.\n");
}

/* The lines say it all: the problem's detail, which has them too, is left out. */
static int refuse_document(struct cli *cli, const char *file, const struct json_value *problem)
{
	struct buf line = { 0 };

	say_lines(file, json_get(problem, SLICE("errors")));
	buf_add_slice(&line, member_text(problem, "title"));
	buf_add_lit(&line, ". ");
	buf_add_slice(&line, member_text(problem, "hint"));
	cli_say(cli, buf_slice(&line));
	buf_finish(&line);
	return err_info(ERR_DOCUMENT_INVALID)->exit_code;
}

/* The answer of an import, or the lines that were refused, or any other problem. */
static int print_imported(struct cli *cli, const struct args *args, const char *file,
			  const struct ifab_reply *reply, enum ifab_status status)
{
	struct json_value *answer;
	bool has_lines;
	int code = 0;

	if (reply->body_len == 0)
		return command_refuse(cli, args, reply);
	if (cli_parse(cli, slice_of(reply->body, reply->body_len), &answer) != OK)
		return IFAB_FAILED;
	has_lines = json_count(json_get(answer, SLICE("errors"))) > 0;
	if (status != IFAB_OK && !has_lines) {
		code = command_refuse(cli, args, reply);
	} else if (cli->as_json) {
		buf_add_slice(&cli->out, slice_trim(slice_of(reply->body, reply->body_len)));
		buf_add_byte(&cli->out, '\n');
	}
	if (has_lines)
		code = refuse_document(cli, file, answer);
	if (status == IFAB_OK)
		say_lines(file, json_get(answer, SLICE("remarks")));
	if (status == IFAB_OK && !cli->as_json && is_board(args))
		print_import(cli, answer);
	else if (status == IFAB_OK && !cli->as_json)
		code = command_print(cli, args, reply);
	json_free(answer);
	return code;
}

static bool is_module(const struct args *args)
{
	return args->verb->command == &command_table[COMMAND_CHASSIS_LOAD];
}

/* Boards have a format of their own; of the others the daemon tells by the name, or by the text. */
static void write_import(const struct args *args, const char *file, struct slice text,
			 const struct module_kept *kept, struct buf *out)
{
	struct json_writer json = json_begin(out);

	json_object(&json);
	if (args_has(args, "board"))
		json_put_text(&json, "board", args_text(args, "board"));
	if (args_has(args, "dry_run"))
		json_put_bool(&json, "dry_run", args_number(args, "dry_run") != 0);
	json_put_text(&json, "document", text);
	if (is_module(args))
		json_put_text(&json, "module", args_text(args, "module"));
	if (kept->bytes) {
		json_put_str(&json, "sha256", kept->sha256);
		json_put_i64(&json, "bytes", kept->bytes);
	}
	if (is_board(args))
		json_put_str(&json, "format", name_of_format(args, file));
	else if (args_has(args, "format"))
		json_put_str(&json, "format", tree_format_names[args_number(args, "format")]);
	if (is_board(args) || source_file_shown(file) == file)
		json_put_str(&json, "file", source_file_shown(file));
	json_object_end(&json);
}

/* JSON cannot carry what is not text: the file is looked at before it is sent. */
static bool is_text(const char *file, struct slice text, struct buf *detail)
{
	struct source_fault fault;
	struct slice checked;

	if (source_check(text, &checked, &fault) == OK)
		return true;
	buf_add_str(detail, file);
	buf_add_byte(detail, ':');
	buf_add_i64(detail, fault.line);
	buf_add_lit(detail, ": ");
	buf_add_str(detail, fault.text);
	return false;
}

static const char *file_of(const struct args *args)
{
	const char *name = is_module(args) ? "contract" : "file";

	return args_has(args, name) ? args_text(args, name).ptr : "-";
}

static int check_module(struct cli *cli, const struct args *args, const char *shown,
			struct slice text)
{
	enum hand_format format = hand_format_of(slice_of_str(shown));

	if (args_has(args, "format") && args_number(args, "format") != TREE_FORMAT_AUTO)
		format = args_number(args, "format") == TREE_FORMAT_JSON ? HAND_JSON : HAND_YAML;
	return module_check(cli, shown, text, format,
			    args_has(args, "wasm") ? args_text(args, "wasm").ptr : NULL);
}

int document_import_run(struct cli *cli, const struct args *args)
{
	const char *file = file_of(args);
	struct module_kept kept = { .bytes = 0 };
	const char *shown = source_file_shown(file);
	struct buf text = { 0 }, json = { 0 }, detail = { 0 };
	struct ifab_reply reply = { 0 };
	enum err err = source_file_read(file, &text, &detail);
	int code = 0;

	if (err == OK && !is_text(shown, buf_slice(&text), &detail))
		err = ERR_DOCUMENT_INVALID;
	if (err == OK && is_module(args))
		code = check_module(cli, args, shown, buf_slice(&text));
	if (err == OK && code == 0 && is_module(args) && args_has(args, "wasm"))
		err = module_keep(cli, args_text(args, "wasm").ptr, &kept, &detail);
	if (err != OK) {
		code = cli_refuse(cli, err, buf_slice(&detail));
	} else if (code == 0 && cli_client(cli, &code)) {
		write_import(args, file, buf_slice(&text), &kept, &json);
		code = print_imported(cli, args, shown, &reply,
				      command_call_json(cli, args->verb->name, buf_slice(&json),
							&reply));
	}
	ifab_reply_free(&reply);
	buf_finish(&text);
	buf_finish(&json);
	buf_finish(&detail);
	return code;
}
