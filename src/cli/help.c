#include "cli/help.h"

#include <string.h>

#include "cli/args.h"
#include "cli/columns.h"
#include "cli/local.h"
#include "sys/terminal.h"

#define LINE_WIDTH 100			/* longer lines are hard to read on a wide screen too */
#define FLAG_COLUMN 28

const struct exit_code exit_codes[] = {
	{ 0, "it was done" },
	{ 1, "it failed, by the daemon or this machine" },
	{ 2, "the command line or an argument is not right, or a limit was passed" },
	{ 3, "there is no such thing" },
	{ 4, "conflict: somebody else holds it, or it is in another state" },
	{ 5, "nothing is ready" },
	{ 6, "denied" },
	{ 7, "the budget does not cover it" },
	{ 8, "the lease was lost: stop this work" },
	{ 9, "no daemon answers" },
	{ 124, "no answer in time" },
	{ 130, "interrupted" },
};
const size_t exit_code_count = ARRAY_LEN(exit_codes);

static bool is_hidden_board(const struct field *field)
{
	return strcmp(field->name, "board") == 0 && (field->flags & FIELD_IN_PATH);
}

bool help_shows(const struct verb *verb, const struct field *field)
{
	if (field->flags & FIELD_HIDDEN)
		return false;
	/* The command line reads the file and sends its text. */
	return !(strcmp(field->name, "document") == 0 && verb->command &&
		 schema_find(&verb->command->args, SLICE("file")));
}

static void add_upper(struct buf *out, const char *name)
{
	for (size_t i = 0; name[i]; i++)
		buf_add_byte(out, name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i]);
}

void help_argument(struct buf *out, const struct field *field)
{
	char name[FLAG_NAME_SIZE];

	flag_name(field, name);
	if (field->flags & FIELD_POSITIONAL) {
		add_upper(out, name);
		return;
	}
	buf_add_lit(out, "--");
	buf_add_str(out, name);
	if (field->kind != FIELD_BOOL)
		buf_add_byte(out, ' ');
	buf_add_str(out, flag_metavar(field));
}

/* Required ones and words in their order; the rest are [flags]. */
void help_usage(struct buf *out, const struct verb *verb)
{
	size_t flags = 0;

	buf_add_str(out, verb->part);
	buf_add_str(out, verb->verb[0] ? " " : "");
	buf_add_str(out, verb->verb);
	for (size_t i = 0; i < verb->field_count; i++) {
		const struct field *field = verb->fields[i];
		bool is_optional = !(field->flags & FIELD_REQUIRED) || is_hidden_board(field);

		if (!help_shows(verb, field))
			continue;
		if (is_optional && !(field->flags & FIELD_POSITIONAL)) {
			flags++;
			continue;
		}
		buf_add_str(out, is_optional ? " [" : " ");
		help_argument(out, field);
		buf_add_str(out, is_optional ? "]" : "");
	}
	if (flags)
		buf_add_lit(out, " [flags]");
	if (verb->takes_rest)
		buf_add_lit(out, " [-- COMMAND ARGUMENT...]");
}

static void add_number(struct buf *out, const struct field *field, int64_t number)
{
	if (flag_takes_unit(field))
		duration_write(out, number);
	else
		buf_add_i64(out, number);
}

static void add_range(struct buf *out, const struct field *field)
{
	switch (field->kind) {
	case FIELD_INT:
		if (field->max == INT64_MAX) {
			if (field->min > 0) {
				buf_add_lit(out, "at least ");
				add_number(out, field, field->min);
			}
			return;
		}
		add_number(out, field, field->min);
		buf_add_lit(out, " to ");
		/* Longer waits than the daemon's are made of several. */
		add_number(out, field, strcmp(field->name, "wait_ms") == 0 ? LIMIT_DELAY_MOST_MS :
			   field->max);
		return;
	case FIELD_ENUM:
		for (int64_t i = 0; i <= field->max; i++) {
			buf_add_str(out, i ? ", " : "");
			buf_add_str(out, field->names[i]);
		}
		return;
	case FIELD_TEXT:
	case FIELD_JSON:
		buf_add_lit(out, "up to ");
		buf_add_i64(out, field->max);
		buf_add_lit(out, " bytes");
		return;
	case FIELD_IDS:
	case FIELD_TEXTS:
	case FIELD_CAPS:
	case FIELD_PATHS:
		buf_add_lit(out, "up to ");
		buf_add_i64(out, field->max);
		return;
	case FIELD_ID:
	case FIELD_BOOL:
	case FIELD_TIME:
	case FIELD_MONEY:
	case FIELD_RATIO:
	default:
		return;
	}
}

static void add_default(struct buf *out, const struct field *field)
{
	const char *variable = NULL;

	if (is_hidden_board(field))
		variable = "$IF_BOARD, or the only one";
	else if (strcmp(field->name, "swarm") == 0 && (field->flags & FIELD_REQUIRED))
		variable = "$IF_SWARM_ID";
	else if (strcmp(field->name, "task") == 0 && (field->flags & FIELD_IN_PATH))
		variable = "$IF_TASK_ID";
	else if (strcmp(field->name, "fence") == 0)
		variable = "$IF_FENCE";
	if (!variable && (field->flags & FIELD_REQUIRED))
		return;
	if (!variable && (field->kind != FIELD_INT || field->initial <= 0) &&
	    (field->kind != FIELD_ENUM || field->initial < 0))
		return;
	buf_add_str(out, out->len ? "; default " : "default ");
	if (variable)
		buf_add_str(out, variable);
	else if (field->kind == FIELD_ENUM)
		buf_add_str(out, field->names[field->initial]);
	else
		add_number(out, field, field->initial);
}

void help_about(struct buf *out, const struct field *field)
{
	struct buf range = { 0 };

	add_range(&range, field);
	add_default(&range, field);
	buf_add_str(out, field->help);
	if (range.len) {
		buf_add_lit(out, " (");
		buf_add_slice(out, buf_slice(&range));
		buf_add_byte(out, ')');
	}
	buf_finish(&range);
}

/* ---- layout ---------------------------------------------------------------------------------- */

/* Breaks text at blanks; the first line goes on where the cursor is. */
static void add_wrapped(struct buf *out, struct slice text, size_t indent, size_t width)
{
	size_t column = indent;

	while (text.len) {
		struct slice word = slice_cut(&text, ' ');
		size_t len = text_width(word);

		if (column > indent && column + 1 + len > width) {
			buf_add_byte(out, '\n');
			buf_add_repeat(out, ' ', indent);
			column = indent;
		} else if (column > indent) {
			buf_add_byte(out, ' ');
			column++;
		}
		buf_add_slice(out, word);
		column += len;
	}
	buf_add_byte(out, '\n');
}

static void add_entry(struct buf *out, struct slice name, struct slice about, size_t width)
{
	size_t used = text_width(name) + 2;

	buf_add_lit(out, "  ");
	buf_add_slice(out, name);
	if (used + 2 > FLAG_COLUMN) {
		buf_add_byte(out, '\n');
		used = 0;
	}
	buf_add_repeat(out, ' ', FLAG_COLUMN - used);
	add_wrapped(out, about, FLAG_COLUMN, width);
}

static void add_global_flags(struct buf *out, size_t width)
{
	struct buf name = { 0 };

	for (size_t i = 0; i < global_flag_count; i++) {
		buf_clear(&name);
		buf_add_lit(&name, "--");
		buf_add_str(&name, global_flags[i].name);
		if (global_flags[i].metavar[0])
			buf_add_byte(&name, ' ');
		buf_add_str(&name, global_flags[i].metavar);
		add_entry(out, buf_slice(&name), slice_of_str(global_flags[i].help), width);
	}
	buf_finish(&name);
}

/* 5 to 8 are about claims, and 6 and 7 about what governs them. */
static bool may_end_with(const struct verb *verb, int code)
{
	bool is_governed = strcmp(verb->part, "governor") == 0 || strcmp(verb->part, "cost") == 0;

	if (code < 5 || code > 8 || strcmp(verb->part, "task") == 0 ||
	    strcmp(verb->part, "blocker") == 0)
		return true;
	return is_governed && (code == 6 || code == 7);
}

static void add_exit_codes(struct buf *out, const struct verb *verb, size_t width)
{
	struct buf name = { 0 };

	buf_add_lit(out, "\nExit codes\n");
	for (size_t i = 0; i < exit_code_count; i++) {
		if (!may_end_with(verb, exit_codes[i].code))
			continue;
		buf_clear(&name);
		buf_add_i64(&name, exit_codes[i].code);
		add_entry(out, buf_slice(&name), slice_of_str(exit_codes[i].meaning), width);
	}
	buf_finish(&name);
}

/* What a command that is started has, and may say. */
static void add_worker_variables(struct buf *out, size_t width)
{
	static const struct {
		const char *name, *about;
	} rows[] = {
		{ "standard input", "The task, as JSON" },
		{ "standard output",
		  "One JSON value and nothing else is the task's result; all is evidence" },
		{ "$IF_TASK_ID, $IF_FENCE",
		  "The task and its token; also IF_BOARD, IF_SWARM_ID and IF_SOCKET or IF_URL" },
		{ "$IF_COST_FILE",
		  "What it has spent goes here while it works, one line of JSON each time: "
		  "{\"cost_usd\": 0.12}, or {\"model\": \"m\", \"input_tokens\": 900, "
		  "\"output_tokens\": 120}. When a budget is spent, the command is ended and "
		  "the task goes back to the board" },
	};

	buf_add_lit(out, "\nWhat the command has\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		add_entry(out, slice_of_str(rows[i].name), slice_of_str(rows[i].about), width);
}

static void help_verb(const struct cli *cli, const struct verb *verb, struct buf *out,
		      size_t width)
{
	struct buf name = { 0 }, about = { 0 };

	buf_add_str(out, verb->summary);
	buf_add_lit(out, ".\n\nUsage\n  ");
	buf_add_str(out, cli->program);
	buf_add_byte(out, ' ');
	help_usage(out, verb);
	buf_add_lit(out, "\n\nExample\n  ");
	buf_add_str(out, verb->example);
	buf_add_lit(out, "\n");
	if (verb->field_count)
		buf_add_lit(out, "\nArguments\n");
	for (size_t i = 0; i < verb->field_count; i++) {
		if (!help_shows(verb, verb->fields[i]))
			continue;
		buf_clear(&name);
		buf_clear(&about);
		help_argument(&name, verb->fields[i]);
		help_about(&about, verb->fields[i]);
		add_entry(out, buf_slice(&name), buf_slice(&about), width);
	}
	if (verb->takes_rest && strcmp(verb->part, "swarm") == 0)
		add_worker_variables(out, width);
	buf_add_lit(out, "\nFor every command\n");
	add_global_flags(out, width);
	add_exit_codes(out, verb, width);
	if (verb->command) {
		static const char *const methods[] = {
			[HTTP_VERB_GET] = "GET", [HTTP_VERB_POST] = "POST",
			[HTTP_VERB_PUT] = "PUT", [HTTP_VERB_DELETE] = "DELETE",
		};

		buf_add_lit(out, "\nOver HTTP\n  ");
		buf_add_str(out, methods[verb->command->method]);
		buf_add_byte(out, ' ');
		buf_add_str(out, verb->command->path);
		buf_add_byte(out, '\n');
	}
	buf_finish(&name);
	buf_finish(&about);
}

static bool is_of_group(const struct verb *verb, const char *group)
{
	char name[GROUP_NAME_SIZE];
	const char *word;

	return !group || (verb_split(verb, name, &word) && strcmp(name, group) == 0);
}

static void help_part(const struct cli *cli, const char *part, const char *group, struct buf *out,
		      size_t width)
{
	struct buf name = { 0 };

	buf_add_str(out, part_summary(part));
	buf_add_lit(out, ".\n\n");
	for (size_t i = 0; verb_at(i); i++) {
		const struct verb *verb = verb_at(i);

		if (strcmp(verb->part, part) != 0 || !is_of_group(verb, group))
			continue;
		buf_clear(&name);
		buf_add_str(&name, part);
		buf_add_str(&name, verb->verb[0] ? " " : "");
		buf_add_str(&name, verb->verb);
		add_entry(out, buf_slice(&name), slice_of_str(verb->summary), width);
	}
	buf_add_lit(out, "\n`");
	buf_add_str(out, cli->program);
	buf_add_byte(out, ' ');
	buf_add_str(out, part);
	buf_add_str(out, group ? " " : "");
	buf_add_str(out, group ? group : "");
	buf_add_lit(out, " VERB --help` tells more.\n");
	buf_finish(&name);
}

static void help_all(const struct cli *cli, struct buf *out, size_t width)
{
	buf_add_lit(out, "InfraFabric: a board of tasks that workers share.\n\nUsage\n  ");
	buf_add_str(out, cli->program);
	buf_add_lit(out, " PART VERB [ARGUMENT...] [--flag VALUE...]\n\nParts\n");
	for (size_t i = 0; part_at(i); i++)
		add_entry(out, slice_of_str(part_at(i)),
			  slice_of_str(part_summary(part_at(i))), width);
	buf_add_lit(out, "\nFor every command\n");
	add_global_flags(out, width);
	buf_add_lit(out, "\nA day's work\n"
		    "  ifctl coordinator start\n"
		    "  ifctl board import plan.md\n"
		    "  ifctl swarm register alice --capability code:c\n"
		    "  ifctl task next --swarm alice --wait 50s\n"
		    "  ifctl task complete T-1 --fence 42\n"
		    "  ifctl board watch\n\n`");
	buf_add_str(out, cli->program);
	buf_add_lit(out, " PART --help` lists the verbs of a part, and `");
	buf_add_str(out, cli->program);
	buf_add_lit(out, " PART VERB --help` explains one.\n"
		    "`if` is the same command; it is a word of every shell, so type \\if.\n");
}

void help_write(const struct cli *cli, const char *part, const char *group,
		const struct verb *verb, struct buf *out)
{
	int columns, rows;
	size_t width;

	terminal_size(1, &columns, &rows);
	width = columns > LINE_WIDTH ? LINE_WIDTH : columns < FLAG_COLUMN + 20 ? FLAG_COLUMN + 20 :
		(size_t)columns;
	if (verb)
		help_verb(cli, verb, out, width);
	else if (part)
		help_part(cli, part, group, out, width);
	else
		help_all(cli, out, width);
}

/* ---- help, version, limits, errors ----------------------------------------------------------- */

/* The verb of these words, one or two, or NULL; a first word that needs another is a group. */
static const struct verb *verb_of_words(const char *part, const char *word, const char *second,
					const char **ret_group)
{
	*ret_group = NULL;
	if (!word)
		return part_stands_alone(part) ? verb_find(part, NULL) : NULL;
	if (second)
		return verb_find_pair(part, word, second);
	if (!verb_find(part, word) && group_exists(part, word))
		*ret_group = word;
	return verb_find(part, word);
}

int help_run(struct cli *cli, const struct args *args)
{
	const char *part = args_has(args, "part") ? args_text(args, "part").ptr : NULL;
	const char *word = args_has(args, "verb") ? args_text(args, "verb").ptr : NULL;
	const char *second = args_has(args, "second") ? args_text(args, "second").ptr : NULL;
	const char *group = NULL;
	const struct verb *verb = part ? verb_of_words(part, word, second, &group) : NULL;
	struct buf detail = { 0 };
	int code;

	if (!part || (part_exists(part) && (verb || group || !word))) {
		help_write(cli, part, group, verb, &cli->out);
		return 0;
	}
	if (second && group_exists(part, word))
		verb_write_unknown(part, word, second, &detail);
	else
		verb_write_unknown(part, NULL, word, &detail);
	code = cli_refuse(cli, ERR_USAGE, buf_slice(&detail));
	buf_finish(&detail);
	return code;
}

int version_run(struct cli *cli, const struct args *args)
{
	(void)args;
	if (cli->as_json) {
		struct json_writer json = json_begin(&cli->out);

		json_object(&json);
		json_put_str(&json, "version", ifab_version());
		json_object_end(&json);
	} else {
		buf_add_lit(&cli->out, "ifctl ");
		buf_add_str(&cli->out, ifab_version());
	}
	buf_add_byte(&cli->out, '\n');
	return 0;
}

static void write_table(struct cli *cli, struct table *table)
{
	int width = 0, rows;

	if (terminal_is(1))
		terminal_size(1, &width, &rows);
	table_write(table, (size_t)width, cli->has_color, &cli->out);
	table_finish(table);
}

int limits_run(struct cli *cli, const struct args *args)
{
	static const struct column columns[] = {
		{ "LIMIT", false, false }, { "VALUE", true, false }, { "WHY", false, true },
	};
	struct table table = { columns, ARRAY_LEN(columns), { 0 }, NULL, 0, 0 };
	struct json_writer json = json_begin(&cli->out);
	struct buf value = { 0 };

	(void)args;
	if (cli->as_json) {
		json_object(&json);
		for (size_t i = 0; i < limit_count; i++)
			json_put_i64(&json, limit_table[i].name, limit_table[i].value);
		json_object_end(&json);
		buf_add_byte(&cli->out, '\n');
		return 0;
	}
	for (size_t i = 0; i < limit_count; i++) {
		buf_clear(&value);
		if (slice_ends(slice_of_str(limit_table[i].name), SLICE("_MS")))
			duration_write(&value, limit_table[i].value);
		else
			buf_add_i64(&value, limit_table[i].value);
		table_add(&table, slice_of_str(limit_table[i].name));
		table_add(&table, buf_slice(&value));
		table_add(&table, slice_of_str(limit_table[i].reason));
	}
	write_table(cli, &table);
	buf_finish(&value);
	return 0;
}

static void write_error(struct json_writer *json, const struct err_info *info)
{
	json_object(json);
	json_put_str(json, "code", info->code);
	json_put_str(json, "kind", info->kind == ERR_KIND_REFUSAL ? "refusal" : "failure");
	json_put_i64(json, "exit", info->exit_code);
	json_put_i64(json, "status", info->http_status);
	json_put_bool(json, "retryable", info->retryable);
	json_put_str(json, "title", info->message);
	json_put_str(json, "hint", info->hint);
	json_object_end(json);
}

int errors_run(struct cli *cli, const struct args *args)
{
	static const struct column columns[] = {
		{ "CODE", false, false }, { "EXIT", true, false }, { "HTTP", true, false },
		{ "MEANING", false, true }, { "WHAT TO DO", false, true },
	};
	struct table table = { columns, ARRAY_LEN(columns), { 0 }, NULL, 0, 0 };
	struct json_writer json = json_begin(&cli->out);
	struct buf number = { 0 };

	(void)args;
	if (cli->as_json) {
		json_object(&json);
		json_key(&json, "errors");
		json_array(&json);
		for (int err = OK + 1; err < ERR_COUNT; err++)
			write_error(&json, err_info((enum err)err));
		json_array_end(&json);
		json_object_end(&json);
		buf_add_byte(&cli->out, '\n');
		return 0;
	}
	for (int err = OK + 1; err < ERR_COUNT; err++) {
		const struct err_info *info = err_info((enum err)err);
		const int numbers[] = { info->exit_code, info->http_status };

		table_add(&table, slice_of_str(info->code));
		for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
			buf_clear(&number);
			buf_add_i64(&number, numbers[i]);
			table_add(&table, buf_slice(&number));
		}
		table_add(&table, slice_of_str(info->message));
		table_add(&table, slice_of_str(info->hint));
	}
	write_table(cli, &table);
	buf_finish(&number);
	return 0;
}
