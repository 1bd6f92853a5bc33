#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 100000		/* the kernel's own limit on arguments comes first */
#define TASK_VARIABLE "IF_TASK_ID"	/* set for commands that `swarm spawn` runs */
#define FENCE_VARIABLE "IF_FENCE"

const struct global_flag global_flags[] = {
	{ "json", "", -1, "Print the daemon's answer as it is, on one line" },
	{ "socket", "PATH", SETTING_SOCKET, "Unix socket of the daemon" },
	{ "url", "URL", SETTING_URL, "URL of a daemon on TCP, such as http://127.0.0.1:7433" },
	{ "as", "ID", SETTING_ACTOR, "Who acts, for the record" },
	{ "timeout", "DURATION", SETTING_TIMEOUT, "How long to wait for an answer; 30s at first" },
	{ "key", "KEY", -1, "Idempotency key: the same command with the same key takes effect once" },
	{ "no-color", "", -1, "No colours, as with NO_COLOR set" },
	{ "help", "", -1, "Explain instead of doing" },
	{ "version", "", -1, "Print the version" },
};
const size_t global_flag_count = ARRAY_LEN(global_flags);

struct parser {
	struct cli *cli;
	char *const *words;		/* argv */
	size_t count;
	size_t at;			/* of the next word */
	size_t positional;		/* of verb->fields: the next that has no flag */
	struct args_result *result;
	struct buf *detail;
};

const struct value *args_value(const struct args *args, const char *name)
{
	for (size_t i = 0; i < args->verb->field_count; i++)
		if (strcmp(args->verb->fields[i]->name, name) == 0)
			return &args->values[i];
	return NULL;
}

bool args_has(const struct args *args, const char *name)
{
	const struct value *value = args_value(args, name);

	return value && value->is_given;
}

struct slice args_text(const struct args *args, const char *name)
{
	const struct value *value = args_value(args, name);

	ENSURE(value != NULL);
	return value->text;
}

int64_t args_number(const struct args *args, const char *name)
{
	const struct value *value = args_value(args, name);

	ENSURE(value != NULL);
	return value->number;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void name_field(struct buf *detail, const struct field *field)
{
	char name[FLAG_NAME_SIZE];

	flag_name(field, name);
	if (!(field->flags & FIELD_POSITIONAL))
		buf_add_lit(detail, "--");
	for (size_t i = 0; name[i]; i++)
		buf_add_byte(detail, (field->flags & FIELD_POSITIONAL) && name[i] >= 'a' ?
			     (char)(name[i] - 32) : name[i]);
}

static enum err take_value(struct parser *parser, size_t index, bool with_unit, struct slice text)
{
	const struct field *field = parser->result->verb->fields[index];
	struct value *value = &parser->result->args.values[index];
	struct buf reason = { 0 };
	enum err err = value_add(value, field, with_unit, text, &parser->cli->arena, &reason);

	if (err != OK) {
		name_field(parser->detail, field);
		buf_add_lit(parser->detail, ": ");
		buf_add_slice(parser->detail, buf_slice(&reason));
	}
	buf_finish(&reason);
	return err;
}

/* The value of a flag: behind its "=", or the next word. */
static enum err flag_value(struct parser *parser, struct slice flag, bool has_value,
			   struct slice *value)
{
	const char *next = parser->at < parser->count ? parser->words[parser->at] : NULL;

	if (has_value)
		return OK;
	/* A flag that lost its value would otherwise swallow the next flag. */
	if (!next || (next[0] == '-' && next[1] == '-')) {
		buf_add_lit(parser->detail, "--");
		buf_add_slice(parser->detail, flag);
		buf_add_lit(parser->detail, " needs a value behind it");
		return ERR_ARGUMENT_MISSING;
	}
	*value = slice_of_str(next);
	parser->at++;
	return OK;
}

/* ---- flags that every verb takes ------------------------------------------------------------- */

static const struct global_flag *find_global(struct slice flag)
{
	for (size_t i = 0; i < global_flag_count; i++)
		if (slice_is_str(flag, global_flags[i].name))
			return &global_flags[i];
	return NULL;
}

static enum err take_global(struct parser *parser, const struct global_flag *global,
			    struct slice flag, bool has_value, struct slice value)
{
	struct cli *cli = parser->cli;
	const char *text;

	if (!global->metavar[0]) {
		if (has_value) {
			buf_add_lit(parser->detail, "--");
			buf_add_slice(parser->detail, flag);
			buf_add_lit(parser->detail, " takes no value");
			return ERR_USAGE;
		}
		if (slice_is(flag, SLICE("json")))
			cli->as_json = true;
		else if (slice_is(flag, SLICE("no-color")))
			cli->has_color = false;
		else
			parser->result->wish = slice_is(flag, SLICE("help")) ? ARGS_HELP : ARGS_VERSION;
		return OK;
	}
	if (flag_value(parser, flag, has_value, &value) != OK)
		return ERR_ARGUMENT_MISSING;
	text = arena_copy(&cli->arena, value).ptr;
	if (global->setting >= 0)
		config_set_flag(&cli->config, (enum setting)global->setting, text);
	else
		cli->idempotency_key = text;
	return OK;
}

/* ---- flags of the verb ----------------------------------------------------------------------- */

/* `capabilities` is also given as --capability, one at a time. */
static bool is_singular_of(struct slice flag, struct slice name)
{
	if (slice_ends(name, SLICE("ies")))
		return flag.len + 2 == name.len && slice_ends(flag, SLICE("y")) &&
		       slice_is(slice_head(flag, flag.len - 1), slice_head(name, name.len - 3));
	return slice_ends(name, SLICE("s")) && slice_is(flag, slice_head(name, name.len - 1));
}

/* wait_ms is --wait 50s, and --wait-ms 50000 for programs; likewise est_cost_usd. */
static bool is_whole_name(struct slice flag, const char *name)
{
	size_t len = strlen(name);

	if (flag.len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (flag.ptr[i] != (name[i] == '_' ? '-' : name[i]))
			return false;
	return true;
}

/* Index of the field, or the verb's count of fields. `ret_with_unit`: given as a duration. */
static size_t find_field(const struct verb *verb, struct slice flag, bool *ret_with_unit)
{
	char name[FLAG_NAME_SIZE];

	for (size_t i = 0; i < verb->field_count; i++) {
		flag_name(verb->fields[i], name);
		*ret_with_unit = flag_takes_unit(verb->fields[i]);
		if (slice_is_str(flag, name))
			return i;
		*ret_with_unit = false;
		if (is_whole_name(flag, verb->fields[i]->name))
			return i;
	}
	for (size_t i = 0; i < verb->field_count; i++) {
		flag_name(verb->fields[i], name);
		if (field_is_list(verb->fields[i]->kind) &&
		    is_singular_of(flag, slice_of_str(name)))
			return i;
	}
	return verb->field_count;
}

static enum err refuse_flag(struct parser *parser, struct slice flag)
{
	const struct verb *verb = parser->result->verb;
	struct nearest nearest = { .wanted = arena_copy(&parser->cli->arena, flag).ptr };
	char names[SCHEMA_FIELDS_MAX][FLAG_NAME_SIZE];

	for (size_t i = 0; verb && i < verb->field_count; i++) {
		flag_name(verb->fields[i], names[i]);
		nearest_offer(&nearest, names[i]);
	}
	for (size_t i = 0; i < global_flag_count; i++)
		nearest_offer(&nearest, global_flags[i].name);
	if (verb) {
		buf_add_byte(parser->detail, '`');
		buf_add_str(parser->detail, verb->part);
		buf_add_str(parser->detail, verb->verb[0] ? " " : "");
		buf_add_str(parser->detail, verb->verb);
		buf_add_lit(parser->detail, "` takes no flag --");
	} else {
		buf_add_lit(parser->detail, "there is no flag --");
	}
	buf_add_slice(parser->detail, flag);
	if (nearest.name) {
		buf_add_lit(parser->detail, "; did you mean --");
		buf_add_str(parser->detail, nearest.name);
		buf_add_byte(parser->detail, '?');
	}
	return ERR_ARGUMENT_UNKNOWN;
}

static enum err take_field(struct parser *parser, size_t index, bool with_unit, struct slice flag,
			   bool has_value, struct slice value)
{
	const struct field *field = parser->result->verb->fields[index];
	enum err err;

	if (field->kind == FIELD_BOOL)
		return take_value(parser, index, false, has_value ? value : SLICE("true"));
	err = flag_value(parser, flag, has_value, &value);
	return err == OK ? take_value(parser, index, with_unit, value) : err;
}

static enum err take_flag(struct parser *parser, struct slice flag)
{
	const struct verb *verb = parser->result->verb;
	struct slice value = flag;
	bool has_value = slice_find_byte(flag, '=') >= 0;
	const struct global_flag *global;
	bool with_unit = false;
	size_t index;

	flag = slice_cut(&value, '=');
	/* What stands alone needs no verb: `events --follow`. */
	global = find_global(flag);
	if (!verb && !global && parser->result->part && part_stands_alone(parser->result->part))
		verb = parser->result->verb = verb_find(parser->result->part, NULL);
	index = verb ? find_field(verb, flag, &with_unit) : 0;
	/* A word that needs no flag leaves its name to the flag that every verb takes: --key. */
	if (verb && index < verb->field_count &&
	    !(global && (verb->fields[index]->flags & FIELD_POSITIONAL)))
		return take_field(parser, index, with_unit, flag, has_value, value);
	if (global)
		return take_global(parser, global, flag, has_value, value);
	if (verb && !has_value && slice_starts(flag, SLICE("no-"))) {
		index = find_field(verb, slice_from(flag, 3), &with_unit);
		if (index < verb->field_count && verb->fields[index]->kind == FIELD_BOOL)
			return take_value(parser, index, false, SLICE("false"));
	}
	return refuse_flag(parser, flag);
}

/* ---- words without a flag -------------------------------------------------------------------- */

static enum err take_part(struct parser *parser, const char *word)
{
	parser->result->part = word;
	if (part_exists(word))
		return OK;
	verb_write_unknown(word, NULL, NULL, parser->detail);
	return ERR_USAGE;
}

/*
 * A verb may be two words, with flags between them. A word that is a verb and
 * the first of two as well is the latter when the next word fits.
 */
static enum err take_verb(struct parser *parser, const char *word)
{
	struct args_result *result = parser->result;
	const char *next = parser->at < parser->count ? parser->words[parser->at] : "";

	if (result->group) {
		result->verb = verb_find_pair(result->part, result->group, word);
		if (!result->verb) {
			verb_write_unknown(result->part, result->group, word, parser->detail);
			return ERR_USAGE;
		}
		result->group = NULL;
		return OK;
	}
	result->verb = verb_find_pair(result->part, word, next);
	if (result->verb) {
		parser->at++;
		return OK;
	}
	result->verb = verb_find(result->part, word);
	if (result->verb)
		return OK;
	if (group_exists(result->part, word)) {
		result->group = word;
		return OK;
	}
	verb_write_unknown(result->part, NULL, word, parser->detail);
	return ERR_USAGE;
}

static enum err take_positional(struct parser *parser, const char *word)
{
	const struct verb *verb = parser->result->verb;

	while (parser->positional < verb->field_count) {
		size_t index = parser->positional++;

		if ((verb->fields[index]->flags & FIELD_POSITIONAL) &&
		    !parser->result->args.values[index].is_given)
			return take_value(parser, index, flag_takes_unit(verb->fields[index]),
					  slice_of_str(word));
	}
	buf_add_lit(parser->detail, "this is one word too many: \"");
	buf_add_str(parser->detail, word);
	buf_add_byte(parser->detail, '"');
	return ERR_USAGE;
}

static enum err take_word(struct parser *parser, const char *word)
{
	if (!parser->result->part)
		return take_part(parser, word);
	if (!parser->result->verb && part_stands_alone(parser->result->part))
		parser->result->verb = verb_find(parser->result->part, NULL);
	else if (!parser->result->verb)
		return take_verb(parser, word);
	return take_positional(parser, word);
}

/* Behind "--": the command that a task or a worker runs, else plain words. */
static enum err take_rest(struct parser *parser)
{
	const struct verb *verb = parser->result->verb;
	struct args *args = &parser->result->args;
	enum err err = OK;
	size_t index = 0;

	if (verb && verb->takes_rest && !verb->command) {
		args->rest = (const char *const *)&parser->words[parser->at];
		args->rest_count = parser->count - parser->at;
		parser->at = parser->count;
		return OK;
	}
	while (verb && index < verb->field_count && verb->fields[index]->kind != FIELD_TEXTS)
		index++;
	while (err == OK && parser->at < parser->count) {
		const char *word = parser->words[parser->at++];

		if (verb && index < verb->field_count)
			err = take_value(parser, index, false, slice_of_str(word));
		else
			err = take_word(parser, word);
	}
	return err;
}

static bool is_flag(const char *word)
{
	return word[0] == '-' && word[1] && (word[1] < '0' || word[1] > '9');
}

static enum err take_next(struct parser *parser)
{
	const char *word = parser->words[parser->at++];

	if (strcmp(word, "--") == 0)
		return take_rest(parser);
	if (!is_flag(word))
		return take_word(parser, word);
	if (word[1] == '-')
		return take_flag(parser, slice_of_str(word + 2));
	if (strcmp(word, "-h") == 0)
		return take_flag(parser, SLICE("help"));
	if (strcmp(word, "-V") == 0)
		return take_flag(parser, SLICE("version"));
	buf_add_lit(parser->detail, "there is no flag ");
	buf_add_str(parser->detail, word);
	return ERR_ARGUMENT_UNKNOWN;
}

/* Whoever reads JSON reads it also when a word before the flag is wrong. */
static void look_for_json(struct parser *parser)
{
	for (size_t i = 1; i < parser->count && strcmp(parser->words[i], "--") != 0; i++)
		if (strcmp(parser->words[i], "--json") == 0)
			parser->cli->as_json = true;
}

enum err args_parse(struct cli *cli, int argc, char *const argv[], struct args_result *ret_result,
		    struct buf *detail)
{
	struct parser parser = {
		.cli = cli,
		.words = argv,
		.count = argc > 0 ? (size_t)argc : 0,
		.at = 1,
		.result = ret_result,
		.detail = detail,
	};
	enum err err = OK;

	*ret_result = (struct args_result){ .wish = ARGS_RUN };
	look_for_json(&parser);
	for (size_t i = 0; i < WORDS_MAX && err == OK && parser.at < parser.count &&
			   ret_result->wish == ARGS_RUN; i++)
		err = take_next(&parser);
	if (!ret_result->verb && ret_result->part && part_exists(ret_result->part) &&
	    part_stands_alone(ret_result->part))
		ret_result->verb = verb_find(ret_result->part, NULL);
	ret_result->args.verb = ret_result->verb;
	return err;
}

/* ---- what was left out ----------------------------------------------------------------------- */

static const char *default_of(const struct cli *cli, const struct args *args,
			      const struct field *field)
{
	bool is_required = field->flags & FIELD_REQUIRED;
	bool is_in_path = field->flags & FIELD_IN_PATH;
	const char *task = getenv(TASK_VARIABLE);

	if (strcmp(field->name, "board") == 0 && is_in_path)
		return cli->config.values[SETTING_BOARD].text ?
			cli->config.values[SETTING_BOARD].text : "-";
	if (strcmp(field->name, "board") == 0 &&
	    args->verb->command == &command_table[COMMAND_TASK_NEXT])
		return cli->config.values[SETTING_BOARD].text;
	/* Elsewhere a board narrows what is meant, except beside a task, which is of some board. */
	if (strcmp(field->name, "board") == 0 && args_has(args, "task") &&
	    (args->verb->command == &command_table[COMMAND_COST_CHARGE] ||
	     args->verb->command == &command_table[COMMAND_BUDGET_SET]))
		return cli->config.values[SETTING_BOARD].text;
	if (strcmp(field->name, "swarm") == 0 && is_required)
		return cli->config.values[SETTING_SWARM].text;
	if (strcmp(field->name, "task") == 0 && is_in_path)
		return task;
	/* A token is that of the task in the environment, and of no other. */
	if (strcmp(field->name, "fence") == 0 && task && args_value(args, "task") &&
	    slice_is_str(args_text(args, "task"), task))
		return getenv(FENCE_VARIABLE);
	return NULL;
}

static enum err check_value(const struct value *value, const struct field *field,
			    struct buf *detail)
{
	struct field shown = *field;
	struct buf reason = { 0 };
	struct slice text;
	enum err err;

	/* Longer waits are asked for in pieces. */
	if (strcmp(field->name, "wait_ms") == 0)
		shown.max = LIMIT_DELAY_MOST_MS;
	/* "-" is no id, but it names a board. */
	if (field->kind == FIELD_ID && (field->flags & FIELD_IN_PATH) &&
	    strcmp(field->name, "board") == 0 && slice_is_str(value->text, "-"))
		return OK;
	err = value_check(value, &shown, &reason);
	if (err == OK)
		return OK;
	name_field(detail, field);
	buf_add_lit(detail, ": ");
	if (err == ERR_ARGUMENT_RANGE && flag_takes_unit(field)) {
		buf_add_lit(detail, "is not between ");
		duration_write(detail, shown.min);
		buf_add_lit(detail, " and ");
		duration_write(detail, shown.max);
	} else {
		/* The reason begins with "argument NAME: ", which stands there already. */
		text = buf_slice(&reason);
		slice_cut(&text, ':');
		buf_add_slice(detail, slice_trim(text));
	}
	buf_finish(&reason);
	return err;
}

static enum err complete_field(struct cli *cli, struct args *args, size_t index,
			       struct buf *detail)
{
	const struct field *field = args->verb->fields[index];
	struct value *value = &args->values[index];
	const char *text = value->is_given ? NULL : default_of(cli, args, field);
	enum err err = OK;

	if (text && text[0])
		err = value_add(value, field, false, slice_of_str(text), &cli->arena, detail);
	if (err == OK && !value->is_given && (field->flags & FIELD_REQUIRED)) {
		name_field(detail, field);
		buf_add_lit(detail, " is missing: ");
		buf_add_str(detail, field->help);
		return ERR_ARGUMENT_MISSING;
	}
	if (err == OK && value->is_given)
		err = check_value(value, field, detail);
	return err;
}

enum err args_complete(struct cli *cli, struct args *args, struct buf *detail)
{
	enum err err = OK;

	/* An argument that was not given has its initial value; that of lists and texts is none. */
	for (size_t i = 0; i < args->verb->field_count; i++)
		if (!args->values[i].is_given)
			args->values[i].number = args->verb->fields[i]->initial;
	for (size_t i = 0; err == OK && i < args->verb->field_count; i++)
		err = complete_field(cli, args, i, detail);
	return err;
}

void args_write(const struct args *args, struct buf *out)
{
	struct json_writer json = json_begin(out);
	const struct schema *schema = &args->verb->command->args;

	json_object(&json);
	for (size_t i = 0; i < schema->count; i++)
		if (args->values[i].is_given)
			value_write(&args->values[i], &schema->fields[i], &json);
	json_object_end(&json);
}
