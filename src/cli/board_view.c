/*
 * board_view - a board as a table, or as a document.
 */
#include <string.h>

#include "cli/args.h"
#include "cli/call.h"
#include "cli/local.h"
#include "cli/print.h"
#include "document/board_doc.h"

/* ---- show ------------------------------------------------------------------------------------ */

static void print_header(struct cli *cli, const struct json_value *board)
{
	const struct json_value *counts = json_get(board, SLICE("counts"));
	struct json_member member = { 0 };
	bool is_first = true;
	int64_t count;

	print_sentence(&cli->out, "{board}[: {title}]", board);
	while (json_next(counts, &member)) {
		if (!json_get_i64(member.value, &count) || count == 0)
			continue;
		buf_add_str(&cli->out, is_first ? "" : ", ");
		is_first = false;
		buf_add_i64(&cli->out, count);
		buf_add_byte(&cli->out, ' ');
		buf_add_slice(&cli->out, member.key);
	}
	buf_add_str(&cli->out, is_first ? "" : "\n\n");
}

static int print_table(struct cli *cli, struct slice answer)
{
	struct json_value *board;

	if (cli_parse(cli, answer, &board) != OK)
		return IFAB_FAILED;
	print_header(cli, board);
	print_rows(cli, "tasks", board);
	json_free(board);
	return 0;
}

/* The answer is a board's document with more members, so its reader reads it. */
static int print_document(struct cli *cli, struct slice answer, enum view view)
{
	struct arena arena = { 0 };
	struct board_doc doc;
	enum err err = board_doc_read(answer, BOARD_JSON, &arena, &doc);
	int code = 0;

	if (err != OK) {
		code = cli_refuse(cli, err, doc.error_count ? doc.errors[0].text : SLICE_EMPTY);
	} else {
		switch (view) {
		case VIEW_MARKDOWN:
			board_doc_write_markdown(&doc, &cli->out);
			break;
		case VIEW_JSON:
			board_doc_write_json(&doc, &cli->out);
			break;
		case VIEW_DOT:
			board_doc_write_dot(&doc, &cli->out);
			break;
		case VIEW_MERMAID:
			board_doc_write_mermaid(&doc, &cli->out);
			break;
		case VIEW_TABLE:
		case VIEW_COUNT:
		default:
			ENSURE(!"a form of document");
		}
	}
	arena_finish(&arena);
	return code;
}

int board_show_run(struct cli *cli, const struct args *args)
{
	enum view view = (enum view)args_number(args, "format");
	struct ifab_reply reply = { 0 };
	int code = 0;

	if (!cli_client(cli, &code))
		return code;
	if (command_call(cli, args, &reply) != IFAB_OK)
		code = command_refuse(cli, args, &reply);
	else if (cli->as_json)
		code = command_print(cli, args, &reply);
	else if (view == VIEW_TABLE)
		code = print_table(cli, slice_of(reply.body, reply.body_len));
	else
		code = print_document(cli, slice_of(reply.body, reply.body_len), view);
	ifab_reply_free(&reply);
	return code;
}
