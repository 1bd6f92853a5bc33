/*
 * overview - lists over all boards, settings, and checking a ledger.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/call.h"
#include "cli/columns.h"
#include "cli/local.h"
#include "cli/print.h"
#include "client/address.h"

/* ---- swarms and tasks ------------------------------------------------------------------------ */

int coordinator_swarms_run(struct cli *cli, const struct args *args)
{
	struct args all = { .verb = verb_find("swarm", "list") };

	(void)args;
	return command_run(cli, &all);
}

/* The tasks of one board, as a table below its name, or as one line of JSON. */
static int print_tasks_of(struct cli *cli, const struct json_value *board, const struct args *args)
{
	struct args list = { .verb = verb_find("task", "list") };
	struct slice id = member_text(board, "board");

	for (size_t i = 0; i < list.verb->field_count; i++) {
		const char *name = list.verb->fields[i]->name;

		if (strcmp(name, "board") == 0)
			list.values[i] = (struct value){ .is_given = true, .text = id };
		if (strcmp(name, "state") == 0 && args_has(args, "state"))
			list.values[i] = *args_value(args, "state");
	}
	if (!cli->as_json)
		print_sentence(&cli->out, "{board}[: {title}]", board);
	return command_run(cli, &list);
}

int coordinator_tasks_run(struct cli *cli, const struct args *args)
{
	struct ifab_reply reply = { 0 };
	struct json_value *answer;
	int code = 0;

	if (!cli_client(cli, &code))
		return code;
	if (command_call_json(cli, "board.list", SLICE("{}"), &reply) != IFAB_OK) {
		code = command_refuse(cli, NULL, &reply);
	} else if (cli_parse(cli, slice_of(reply.body, reply.body_len), &answer) == OK) {
		const struct json_value *boards = json_get(answer, SLICE("boards"));

		for (size_t i = 0; code == 0 && i < json_count(boards); i++) {
			code = print_tasks_of(cli, json_at(boards, i), args);
			if (!cli->as_json && i + 1 < json_count(boards))
				buf_add_byte(&cli->out, '\n');
		}
		json_free(answer);
	} else {
		code = IFAB_FAILED;
	}
	ifab_reply_free(&reply);
	return code;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* What is in force where nothing was set. */
static const char *default_of(struct cli *cli, enum setting setting)
{
	struct buf text = { 0 }, detail = { 0 };
	const char *copy = "";

	switch ((int)setting) {
	case SETTING_SOCKET:
		if (cli->config.values[SETTING_URL].text)
			return "";
		if (address_default_socket(&text, &detail) == OK)
			copy = arena_copy(&cli->arena, buf_slice(&text)).ptr;
		break;
	case SETTING_BOARD:
		copy = "-";
		break;
	case SETTING_TIMEOUT:
		copy = "30s";
		break;
	case SETTING_DATA:
		copy = config_data_folder(&cli->config, &cli->arena);
		break;
	default:
		break;
	}
	buf_finish(&text);
	buf_finish(&detail);
	return copy ? copy : "";
}

static void write_settings(struct cli *cli, bool with_origin)
{
	struct json_writer json = json_begin(&cli->out);

	json_object(&json);
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_value *value = &cli->config.values[i];
		const char *text = value->text ? value->text : default_of(cli, (enum setting)i);

		json_key(&json, setting_table[i].key);
		if (with_origin) {
			json_object(&json);
			json_put_str(&json, "value", text);
			json_put_str(&json, "origin", value->text ? value->origin : "default");
			json_object_end(&json);
		} else {
			json_str(&json, text);
		}
	}
	json_object_end(&json);
	buf_add_byte(&cli->out, '\n');
}

int config_show_run(struct cli *cli, const struct args *args)
{
	static const struct column columns[] = {
		{ "SETTING", false, false }, { "VALUE", false, false }, { "ORIGIN", false, false },
		{ "WHAT IT IS", false, false },
	};
	struct table table = { columns, ARRAY_LEN(columns), { 0 }, NULL, 0, 0 };
	bool with_origin = args_number(args, "origin");

	if (cli->as_json) {
		write_settings(cli, with_origin);
		return 0;
	}
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_value *value = &cli->config.values[i];
		const char *origin = value->text ? value->origin : "default";

		table_add(&table, slice_of_str(setting_table[i].key));
		table_add(&table, slice_of_str(value->text ? value->text :
					       default_of(cli, (enum setting)i)));
		table_add(&table, slice_of_str(with_origin ? origin : ""));
		table_add(&table, slice_of_str(with_origin ? "" : setting_table[i].help));
	}
	table_write(&table, 0, cli->has_color, &cli->out);
	table_finish(&table);
	return 0;
}
