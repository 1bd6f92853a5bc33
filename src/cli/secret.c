/*
 * `ifctl secret`: what opens doors elsewhere, taken in and never given out.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/columns.h"
#include "cli/local.h"
#include "cli/print.h"
#include "cli/proxy_link.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "sys/terminal.h"

/* From standard input up to its end, without the line's end; from a terminal one hidden line. */
static enum err read_value(struct buf *ret_value, struct buf *detail)
{
	enum err err;

	if (terminal_is(STDIN_FILENO)) {
		err = terminal_read_hidden(STDIN_FILENO, "Secret: ", SECRET_BYTES_MAX + 1, ret_value);
	} else {
		/* A buffer that moved would leave a copy of what it held. */
		buf_reserve(ret_value, 2 * SECRET_BYTES_MAX + 16384);
		err = file_read_fd(STDIN_FILENO, SECRET_BYTES_MAX + 2, ret_value);
	}
	if (err == ERR_OS) {
		buf_add_lit(detail, "cannot read the secret: ");
		buf_add_str(detail, strerror(errno));
	} else if (err == ERR_LIMIT_EXCEEDED) {
		buf_add_lit(detail, "secret_bytes_max: a secret has 8192 bytes at most");
	}
	if (ret_value->len && ret_value->ptr[ret_value->len - 1] == '\n')
		ret_value->len--;
	if (ret_value->len && ret_value->ptr[ret_value->len - 1] == '\r')
		ret_value->len--;
	return err;
}

static int tell(struct cli *cli, enum err err, struct slice detail, struct slice name,
		const char *what)
{
	struct json_writer json = json_begin(&cli->out);

	if (err != OK)
		return cli_refuse(cli, err, detail);
	if (cli->as_json) {
		json_object(&json);
		json_put_text(&json, "name", name);
		json_put_bool(&json, what, true);
		json_object_end(&json);
	} else {
		buf_add_lit(&cli->out, "The secret ");
		buf_add_slice(&cli->out, name);
		buf_add_lit(&cli->out, " is ");
		buf_add_str(&cli->out, what);
		buf_add_byte(&cli->out, '.');
	}
	buf_add_byte(&cli->out, '\n');
	return 0;
}

int secret_set_run(struct cli *cli, const struct args *args)
{
	struct slice name = args_text(args, "name");
	struct buf value = { 0 }, detail = { 0 };
	struct secret_place place;
	enum err err = proxy_secret_place(cli, &place, &detail);
	int code;

	if (err == OK)
		err = read_value(&value, &detail);
	if (err == OK)
		err = secret_set(&place, name, args_text(args, "endpoint"), buf_slice(&value),
				 clock_wall_us(), &detail);
	seal_wipe_buf(&value);
	code = tell(cli, err, buf_slice(&detail), name, "set");
	buf_finish(&detail);
	return code;
}

int secret_remove_run(struct cli *cli, const struct args *args)
{
	struct slice name = args_text(args, "name");
	struct buf detail = { 0 };
	struct secret_place place;
	enum err err = proxy_secret_place(cli, &place, &detail);
	int code;

	if (err == OK)
		err = secret_remove(&place, name, &detail);
	code = tell(cli, err, buf_slice(&detail), name, "removed");
	buf_finish(&detail);
	return code;
}

static void write_list(struct cli *cli, const struct secret_list *list)
{
	struct json_writer json = json_begin(&cli->out);

	json_object(&json);
	json_key(&json, "secrets");
	json_array(&json);
	for (size_t i = 0; i < list->count; i++) {
		json_object(&json);
		json_put_text(&json, "name", list->items[i].name);
		json_put_text(&json, "endpoint", list->items[i].endpoint);
		json_put_time(&json, "set_at", list->items[i].set_at_us);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	buf_add_byte(&cli->out, '\n');
}

/* The same rows as a table. */
static void show_list(struct cli *cli)
{
	static const struct list columns = {
		"secrets", "There are no secrets; set one with `ifctl secret set`.",
		{ { "name", { "NAME", false, false } }, { "endpoint", { "ENDPOINT", false, true } },
		  { "set_at", { "SET", false, false } } },
	};
	struct buf text = cli->out;
	struct json_value *root;

	cli->out = (struct buf){ 0 };
	if (cli_parse(cli, buf_slice(&text), &root) == OK) {
		print_list(cli, &columns, json_get(root, SLICE("secrets")), NULL, false);
		json_free(root);
	}
	buf_finish(&text);
}

int secret_list_run(struct cli *cli, const struct args *args)
{
	struct buf detail = { 0 };
	struct secret_place place;
	struct secret_list list;
	enum err err = proxy_secret_place(cli, &place, &detail);
	int code = 0;

	(void)args;
	if (err == OK)
		err = secret_list_read(&place, &cli->arena, &list, &detail);
	if (err == OK)
		write_list(cli, &list);
	else
		code = cli_refuse(cli, err, buf_slice(&detail));
	if (err == OK && !cli->as_json)
		show_list(cli);
	buf_finish(&detail);
	return code;
}
