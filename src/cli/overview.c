/*
 * overview - lists over all boards, and the settings.
 */
#include <stdlib.h>

#include "base/alloc.h"
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

/* All tasks of a board, however many answers that takes; each stays until the end. */
struct task_pages {
	struct json_value **pages;
	size_t count;
	size_t capacity;
};

static void pages_finish(struct task_pages *pages)
{
	for (size_t i = 0; i < pages->count; i++)
		json_free(pages->pages[i]);
	free(pages->pages);
}

static void write_list_args(const struct args *args, struct slice board, struct slice after,
			    struct buf *out)
{
	struct json_writer json = json_begin(out);

	buf_clear(out);
	json_object(&json);
	json_put_text(&json, "board", board);
	json_put_i64(&json, "limit", LIMIT_LIST_MOST);
	if (after.len)
		json_put_text(&json, "after", after);
	if (args_has(args, "state"))
		json_put_str(&json, "state", task_state_names[args_number(args, "state")]);
	json_object_end(&json);
}

/* 0, or an exit code, with the problem printed. */
static int fetch_pages(struct cli *cli, const struct args *args, struct slice board,
		       struct task_pages *pages)
{
	struct ifab_reply reply = { 0 };
	struct slice after = SLICE_EMPTY;
	struct buf json = { 0 };
	bool has_more = true;
	int code = 0;

	while (has_more && code == 0) {
		const struct json_value *tasks;
		struct json_value *page;

		has_more = false;
		write_list_args(args, board, after, &json);
		if (command_call_json(cli, "task.list", buf_slice(&json), &reply) != IFAB_OK) {
			code = command_refuse(cli, NULL, &reply);
			continue;
		}
		if (cli_parse(cli, slice_of(reply.body, reply.body_len), &page) != OK) {
			code = IFAB_FAILED;
			continue;
		}
		pages->pages = alloc_grow(pages->pages, &pages->capacity, pages->count + 1,
					  sizeof(*pages->pages));
		pages->pages[pages->count++] = page;
		tasks = json_get(page, SLICE("tasks"));
		if (json_count(tasks) == 0)
			continue;
		after = member_text(json_at(tasks, json_count(tasks) - 1), "task");
		json_get_bool(json_get(page, SLICE("more")), &has_more);
	}
	buf_finish(&json);
	ifab_reply_free(&reply);
	return code;
}

/* A table below the board's name; in JSON, more items of the one list. */
static void print_pages(struct cli *cli, const struct json_value *board,
			const struct task_pages *pages, struct json_writer *json)
{
	struct buf item = { 0 };

	if (!cli->as_json)
		print_sentence(&cli->out, "{board}[: {title}]", board);
	for (size_t page = 0; page < pages->count; page++) {
		const struct json_value *tasks = json_get(pages->pages[page], SLICE("tasks"));

		if (!cli->as_json)
			print_rows(cli, "tasks", pages->pages[page]);
		for (size_t i = 0; cli->as_json && i < json_count(tasks); i++) {
			buf_clear(&item);
			json_dump(json_at(tasks, i), &item);
			json_raw(json, buf_slice(&item));
		}
	}
	if (!cli->as_json)
		buf_add_byte(&cli->out, '\n');
	buf_finish(&item);
}

static int print_boards(struct cli *cli, const struct args *args, const struct json_value *boards)
{
	struct buf whole = { 0 };	/* a part of an answer is none */
	struct json_writer json = json_begin(&whole);
	int code = 0;

	json_object(&json);
	json_key(&json, "tasks");
	json_array(&json);
	for (size_t i = 0; code == 0 && i < json_count(boards); i++) {
		const struct json_value *board = json_at(boards, i);
		struct task_pages pages = { 0 };

		code = fetch_pages(cli, args, member_text(board, "board"), &pages);
		if (code == 0)
			print_pages(cli, board, &pages, &json);
		pages_finish(&pages);
	}
	json_array_end(&json);
	json_object_end(&json);
	buf_add_byte(&whole, '\n');
	if (cli->as_json && code == 0)
		buf_add_slice(&cli->out, buf_slice(&whole));
	buf_finish(&whole);
	return code;
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
		code = print_boards(cli, args, json_get(answer, SLICE("boards")));
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
