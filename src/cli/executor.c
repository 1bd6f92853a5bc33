/*
 * `ifctl executor`: commands that rules allow, for whoever may not run more.
 */
#include <string.h>
#include <unistd.h>

#include "cli/columns.h"
#include "cli/local.h"
#include "cli/source_file.h"
#include "cli/value.h"
#include "document/executor_doc.h"
#include "sandbox/executor.h"
#include "sys/files.h"
#include "sys/terminal.h"

#define RULES_NAME "executor.yaml"

struct book {
	const char *file;
	struct buf text;
	struct executor_doc doc;
	struct executor *executor;	/* NULL: it could not be read */
};

/* The file that is named, else the operator's: the first of the places that has one. */
static const char *find_file(struct cli *cli, const struct args *args)
{
	const char *paths[CONFIG_PLACES];
	size_t count = config_files(RULES_NAME, &cli->arena, paths);

	if (args_has(args, "rules"))
		return args_text(args, "rules").ptr;
	for (size_t i = 0; i < count; i++)
		if (access(paths[i], F_OK) == 0)
			return paths[i];
	return NULL;
}

static int no_rules(struct cli *cli)
{
	const char *paths[CONFIG_PLACES];
	struct buf detail = { 0 };
	int code;

	config_files(RULES_NAME, &cli->arena, paths);
	buf_add_lit(&detail, "there are no rules: write ");
	buf_add_str(&detail, paths[0]);
	buf_add_lit(&detail, ", or name a file with --rules");
	code = cli_refuse(cli, ERR_USAGE, buf_slice(&detail));
	buf_finish(&detail);
	return code;
}

/* 0, or the exit code with the problem told. Closing is always right. */
static int book_open(struct cli *cli, const struct args *args, struct book *ret_book)
{
	struct book *book = ret_book;
	struct buf detail = { 0 };
	enum err err;
	int code = 0;

	*book = (struct book){ .file = find_file(cli, args) };
	if (!book->file)
		return no_rules(cli);
	err = source_file_read(book->file, &book->text, &detail);
	if (err == OK)
		err = executor_doc_read(buf_slice(&book->text),
					hand_format_of(slice_of_str(book->file)), &cli->arena,
					&book->doc);
	if (err == ERR_DOCUMENT_INVALID) {
		source_file_say_all(book->file, book->doc.errors, book->doc.error_count);
		code = IFAB_USAGE;
	} else if (err == OK) {
		err = executor_open(&book->doc.rules, &book->executor, &detail);
	}
	if (err != OK && !code)
		code = cli_refuse(cli, err, buf_slice(&detail));
	buf_finish(&detail);
	return code;
}

static void book_close(struct book *book)
{
	executor_close(book->executor);
	buf_finish(&book->text);
}

/* ---- run ------------------------------------------------------------------------------------ */

static void add_output(struct json_writer *json, const char *key, struct slice bytes)
{
	struct buf text = { 0 };

	/* Programs print what they like; JSON is text. */
	text_add_visible(&text, bytes, true);
	json_put_text(json, key, buf_slice(&text));
	buf_finish(&text);
}

static void write_result(struct cli *cli, const struct book *book,
			 const struct executor_result *result)
{
	struct json_writer json = json_begin(&cli->out);

	json_object(&json);
	json_put_text(&json, "rule", book->doc.rules.items[result->rule].name);
	json_put_i64(&json, "exit_status", result->exit_status);
	json_put_i64(&json, "signal", result->signal);
	json_put_bool(&json, "out_of_time", result->is_out_of_time);
	json_put_bool(&json, "out_of_output", result->is_out_of_output);
	json_put_i64(&json, "duration_ms", result->duration_us / 1000);
	add_output(&json, "stdout", buf_slice(&result->output[0]));
	add_output(&json, "stderr", buf_slice(&result->output[1]));
	json_object_end(&json);
	buf_add_byte(&cli->out, '\n');
}

/* As the command would have been, had it been run here. */
static int show_result(struct cli *cli, const struct book *book,
		       const struct executor_result *result)
{
	const struct executor_rule *rule = &book->doc.rules.items[result->rule];
	struct buf text = { 0 };

	buf_add_slice(&cli->out, buf_slice(&result->output[0]));
	if (file_write_fd(STDERR_FILENO, buf_slice(&result->output[1])) != OK)
		return IFAB_FAILED;
	if (result->is_out_of_time) {
		buf_add_lit(&text, "it was ended after ");
		duration_write(&text, rule->timeout_ms);
	} else if (result->is_out_of_output) {
		buf_add_lit(&text, "it was ended because it printed more than output_bytes: ");
		buf_add_i64(&text, rule->output_bytes);
	}
	if (text.len)
		cli_say(cli, buf_slice(&text));
	buf_finish(&text);
	return 0;
}

static int exit_code_of(const struct executor_result *result)
{
	if (result->is_out_of_time)
		return err_info(ERR_TIMEOUT)->exit_code;
	if (result->signal)
		return 128 + result->signal;
	return result->exit_status;
}

/* What comes through a pipe is its input; a terminal's is nobody's. */
static enum err read_input(struct buf *ret_input, struct buf *detail)
{
	enum err err = OK;

	if (!terminal_is(STDIN_FILENO))
		err = file_read_fd(STDIN_FILENO, EXECUTOR_INPUT_BYTES_MAX, ret_input);
	if (err == ERR_LIMIT_EXCEEDED)
		buf_add_lit(detail, "executor_input_bytes_max: the input may take 1 MiB");
	else if (err != OK)
		file_describe(detail, "read", "standard input");
	return err;
}

static int run_command(struct cli *cli, const struct args *args, const struct book *book)
{
	struct executor_result result;
	struct buf input = { 0 }, detail = { 0 };
	enum err err = read_input(&input, &detail);
	int code;

	if (err != OK) {
		code = cli_refuse(cli, err, buf_slice(&detail));
		goto out;
	}
	err = executor_run(book->executor, args->rest, args->rest_count, buf_slice(&input), &result,
			   &detail);
	if (err != OK) {
		code = cli_refuse(cli, err, buf_slice(&detail));
	} else {
		code = exit_code_of(&result);
		if (cli->as_json)
			write_result(cli, book, &result);
		else if (show_result(cli, book, &result) != 0)
			code = IFAB_FAILED;
	}
	executor_result_finish(&result);
out:
	buf_finish(&input);
	buf_finish(&detail);
	return code;
}

int executor_run_run(struct cli *cli, const struct args *args)
{
	struct book book = { .file = NULL };
	int code;

	if (!args->rest_count)
		return cli_refuse(cli, ERR_USAGE, SLICE("name a command behind --"));
	code = book_open(cli, args, &book);
	if (code == 0)
		code = run_command(cli, args, &book);
	book_close(&book);
	return code;
}

/* ---- check ---------------------------------------------------------------------------------- */

static void list_rules(struct cli *cli, const struct book *book)
{
	struct json_writer json = json_begin(&cli->out);

	if (cli->as_json) {
		json_object(&json);
		json_key(&json, "rules");
		json_array(&json);
	}
	for (size_t i = 0; i < book->doc.rules.count; i++) {
		const struct executor_rule *rule = &book->doc.rules.items[i];

		if (cli->as_json) {
			json_object(&json);
			json_put_text(&json, "name", rule->name);
			json_put_text(&json, "program", rule->program);
			json_put_texts(&json, "args", rule->args);
			json_object_end(&json);
			continue;
		}
		buf_add_slice(&cli->out, rule->name);
		buf_add_lit(&cli->out, ": ");
		buf_add_slice(&cli->out, rule->program);
		for (size_t a = 0; a < rule->args.count; a++) {
			buf_add_byte(&cli->out, ' ');
			text_add_visible(&cli->out, rule->args.items[a], false);
		}
		if (rule->rest.len) {
			buf_add_lit(&cli->out, " [");
			text_add_visible(&cli->out, rule->rest, false);
			buf_add_lit(&cli->out, "]...");
		}
		buf_add_byte(&cli->out, '\n');
	}
	if (cli->as_json) {
		json_array_end(&json);
		json_object_end(&json);
		buf_add_byte(&cli->out, '\n');
	}
}

static int check_command(struct cli *cli, const struct args *args, const struct book *book)
{
	struct json_writer json = json_begin(&cli->out);
	struct buf reason = { 0 };
	int rule = executor_rule_of(book->executor, args->rest, args->rest_count, &reason);
	int code = 0;

	if (rule == EXECUTOR_NO_RULE) {
		code = cli_refuse(cli, ERR_COMMAND_DENIED, buf_slice(&reason));
	} else if (cli->as_json) {
		json_object(&json);
		json_put_text(&json, "rule", book->doc.rules.items[rule].name);
		json_object_end(&json);
		buf_add_byte(&cli->out, '\n');
	} else {
		buf_add_lit(&cli->out, "Rule ");
		buf_add_slice(&cli->out, book->doc.rules.items[rule].name);
		buf_add_lit(&cli->out, " allows it.\n");
	}
	buf_finish(&reason);
	return code;
}

int executor_check_run(struct cli *cli, const struct args *args)
{
	struct book book = { .file = NULL };
	int code = book_open(cli, args, &book);

	if (code == 0 && args->rest_count)
		code = check_command(cli, args, &book);
	else if (code == 0)
		list_rules(cli, &book);
	book_close(&book);
	return code;
}
