/*
 * completion - scripts for bash, zsh and fish, generated from the tables.
 *
 * A script knows parts, verbs, flags and words by heart; ids it gets from
 * `ifctl __ids`, which asks the daemon and gives up quickly.
 */
#include <string.h>

#include "cli/args.h"
#include "cli/call.h"
#include "cli/help.h"
#include "cli/local.h"
#include "cli/print.h"

#define IDS_TIMEOUT_MS 500		/* a person waits for it with a finger on the key */

/* ---- ids ------------------------------------------------------------------------------------- */

static const struct id_list {
	const char *command;
	const char *list;
	const char *member;
} id_lists[ID_SOURCE_COUNT] = {
	[ID_SOURCE_BOARD] = { "board.list", "boards", "board" },
	[ID_SOURCE_TASK] = { "task.list", "tasks", "task" },
	[ID_SOURCE_SWARM] = { "swarm.list", "swarms", "swarm" },
	[ID_SOURCE_BLOCKER] = { "blocker.list", "blockers", "blocker" },
	[ID_SOURCE_NOTE] = { "note.list", "notes", "key" },
	[ID_SOURCE_ESCALATION] = { "escalation.list", "escalations", "escalation" },
	[ID_SOURCE_MODULE] = { "chassis.list", "modules", "module" },
};

static void print_ids(struct cli *cli, const struct id_list *list, const struct json_value *answer)
{
	const struct json_value *rows = json_get(answer, slice_of_str(list->list));

	for (size_t i = 0; i < json_count(rows); i++) {
		buf_add_slice(&cli->out, member_text(json_at(rows, i), list->member));
		buf_add_byte(&cli->out, '\n');
	}
}

/* Silent, whatever happens: it speaks into the middle of somebody's command line. */
int ids_run(struct cli *cli, const struct args *args)
{
	const struct id_list *list = &id_lists[args_number(args, "of")];
	const char *board = args_has(args, "board") ? args_text(args, "board").ptr :
			    cli->config.values[SETTING_BOARD].text;
	const struct json_limits limits = { SIZE_MAX / 2, JSON_READ_DEPTH_MAX, SIZE_MAX / 2 };
	struct ifab_reply reply = { 0 };
	struct json_value *answer;
	struct buf json = { 0 };
	int code = 0;

	if (!cli_client(cli, &code))
		return code;
	ifab_set_timeout(cli->client, IDS_TIMEOUT_MS);
	ifab_set_retry(cli->client, 0);
	buf_add_lit(&json, "{");
	if (board && list == &id_lists[ID_SOURCE_TASK]) {
		buf_add_lit(&json, "\"board\":\"");
		buf_add_str(&json, board);
		buf_add_byte(&json, '"');
	}
	buf_add_byte(&json, '}');
	code = (int)command_call_json(cli, list->command, buf_slice(&json), &reply);
	if (code == 0 &&
	    json_parse(slice_of(reply.body, reply.body_len), &limits, &answer, NULL) == OK) {
		print_ids(cli, list, answer);
		json_free(answer);
	}
	buf_finish(&json);
	ifab_reply_free(&reply);
	return code;
}

/* ---- what a value can be --------------------------------------------------------------------- */

/* The source of ids for a field, or -1. */
static int id_source_of(const struct verb *verb, const struct field *field)
{
	static const struct {
		const char *name;
		enum id_source source;
	} sources[] = {
		{ "board", ID_SOURCE_BOARD }, { "to_board", ID_SOURCE_BOARD },
		{ "boards", ID_SOURCE_BOARD }, { "task", ID_SOURCE_TASK },
		{ "deps", ID_SOURCE_TASK }, { "swarm", ID_SOURCE_SWARM },
		{ "prefers", ID_SOURCE_SWARM }, { "to", ID_SOURCE_SWARM },
		{ "from", ID_SOURCE_SWARM }, { "blocker", ID_SOURCE_BLOCKER },
		{ "key", ID_SOURCE_NOTE }, { "escalation", ID_SOURCE_ESCALATION },
		{ "avoids", ID_SOURCE_SWARM }, { "module", ID_SOURCE_MODULE },
		{ "wasm", ID_SOURCE_MODULE }, { "contract", ID_SOURCE_MODULE },
	};

	(void)verb;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if ((field->kind == FIELD_ID || field->kind == FIELD_IDS) &&
		    strcmp(field->name, sources[i].name) == 0)
			return (int)sources[i].source;
	return -1;
}

static bool is_path(const struct field *field)
{
	const char *metavar = flag_metavar(field);

	return strcmp(metavar, "FILE") == 0 || strcmp(metavar, "FOLDER") == 0 ||
	       field->kind == FIELD_PATHS;
}

/* Words of an enum, each behind a blank. */
static void add_words(struct buf *out, const struct field *field)
{
	for (int64_t i = 0; i <= field->max; i++) {
		buf_add_str(out, i ? " " : "");
		buf_add_str(out, field->names[i]);
	}
}

static bool is_visible(const struct verb *verb)
{
	return verb->part[0] != '_';
}

/* The first word without a flag, or NULL. */
static const struct field *first_positional(const struct verb *verb)
{
	for (size_t i = 0; i < verb->field_count; i++)
		if ((verb->fields[i]->flags & FIELD_POSITIONAL) && help_shows(verb, verb->fields[i]))
			return verb->fields[i];
	return NULL;
}

static void add_flags(struct buf *out, const struct verb *verb)
{
	char name[FLAG_NAME_SIZE];

	for (size_t i = 0; i < verb->field_count; i++) {
		if ((verb->fields[i]->flags & FIELD_POSITIONAL) || !help_shows(verb, verb->fields[i]))
			continue;
		flag_name(verb->fields[i], name);
		buf_add_lit(out, "--");
		buf_add_str(out, name);
		buf_add_byte(out, ' ');
	}
}

static void add_global_flags(struct buf *out)
{
	for (size_t i = 0; i < global_flag_count; i++) {
		buf_add_str(out, i ? " --" : "--");
		buf_add_str(out, global_flags[i].name);
	}
}

static void add_word(struct buf *out, const char *word, bool *is_first)
{
	buf_add_str(out, *is_first ? "" : " ");
	buf_add_str(out, word);
	*is_first = false;
}

/* What may stand behind the part, or behind a group of it (NULL: none): the words of its verbs. */
static void add_verbs(struct buf *out, const char *part, const char *group)
{
	char name[GROUP_NAME_SIZE];
	const char *word, *group_part, *group_name;
	bool is_first = true;

	for (size_t i = 0; verb_at(i); i++) {
		const struct verb *verb = verb_at(i);
		bool is_pair = verb_split(verb, name, &word);

		if (strcmp(verb->part, part) != 0 || !verb->verb[0])
			continue;
		if (is_pair && group && strcmp(name, group) == 0)
			add_word(out, word, &is_first);
		else if (!is_pair && !group && !group_exists(part, verb->verb))
			add_word(out, verb->verb, &is_first);
	}
	for (size_t i = 0; !group && group_at(i, &group_part, &group_name); i++)
		if (strcmp(group_part, part) == 0)
			add_word(out, group_name, &is_first);
}

/* 'governor policy' | 'governor budget': a pattern that fits the groups; none when there is none. */
static void add_group_pattern(struct buf *out)
{
	const char *part, *group;

	for (size_t i = 0; group_at(i, &part, &group); i++) {
		buf_add_str(out, i ? " | '" : "'");
		buf_add_str(out, part);
		buf_add_byte(out, ' ');
		buf_add_str(out, group);
		buf_add_byte(out, '\'');
	}
	buf_add_str(out, group_at(0, &part, &group) ? "" : "''");
}

static void add_parts(struct buf *out)
{
	for (size_t i = 0; part_at(i); i++) {
		buf_add_str(out, i ? " " : "");
		buf_add_str(out, part_at(i));
	}
}

/* ---- bash and zsh ---------------------------------------------------------------------------- */

/* Both have case, so one body serves: how words are offered is a function of each. */

static void add_value_case(struct buf *out, const struct verb *verb, const struct field *field,
			   const char *flag)
{
	int source = id_source_of(verb, field);

	if (field->kind != FIELD_ENUM && source < 0 && !is_path(field))
		return;
	buf_add_lit(out, "\t'");
	buf_add_str(out, verb->part);
	buf_add_byte(out, ' ');
	buf_add_str(out, verb->verb);
	buf_add_byte(out, ' ');
	buf_add_str(out, flag);
	buf_add_lit(out, "') ");
	if (field->kind == FIELD_ENUM) {
		buf_add_lit(out, "_ifctl_words '");
		add_words(out, field);
		buf_add_lit(out, "'");
	} else if (source >= 0) {
		buf_add_lit(out, "_ifctl_ids ");
		buf_add_str(out, id_source_names[source]);
	} else {
		buf_add_lit(out, "_ifctl_files");
	}
	buf_add_lit(out, "; return ;;\n");
}

static void add_value_cases(struct buf *out)
{
	char name[FLAG_NAME_SIZE + 2] = "--";

	for (size_t i = 0; verb_at(i); i++) {
		const struct verb *verb = verb_at(i);

		for (size_t f = 0; is_visible(verb) && f < verb->field_count; f++) {
			if (verb->fields[f]->flags & FIELD_POSITIONAL)
				continue;
			flag_name(verb->fields[f], name + 2);
			add_value_case(out, verb, verb->fields[f], name);
		}
	}
}

static void add_flag_cases(struct buf *out)
{
	for (size_t i = 0; verb_at(i); i++) {
		if (!is_visible(verb_at(i)) || verb_at(i)->field_count == 0)
			continue;
		buf_add_lit(out, "\t\t'");
		buf_add_str(out, verb_at(i)->part);
		buf_add_byte(out, ' ');
		buf_add_str(out, verb_at(i)->verb);
		buf_add_lit(out, "') flags='");
		add_flags(out, verb_at(i));
		buf_add_lit(out, "' ;;\n");
	}
}

static void add_verb_case(struct buf *out, const char *part, const char *group)
{
	buf_add_lit(out, "\t\t'");
	buf_add_str(out, part);
	buf_add_byte(out, ' ');
	buf_add_str(out, group ? group : "");
	buf_add_lit(out, "') _ifctl_words '");
	add_verbs(out, part, group);
	buf_add_lit(out, "'; return ;;\n");
}

static void add_verb_cases(struct buf *out)
{
	const char *part, *group;

	for (size_t i = 0; part_at(i); i++)
		if (!part_stands_alone(part_at(i)))
			add_verb_case(out, part_at(i), NULL);
	for (size_t i = 0; group_at(i, &part, &group); i++)
		add_verb_case(out, part, group);
}

static void add_positional_cases(struct buf *out)
{
	for (size_t i = 0; verb_at(i); i++) {
		const struct field *field = first_positional(verb_at(i));

		if (field && is_visible(verb_at(i)))
			add_value_case(out, verb_at(i), field, "");
	}
}

/* What both shells do: `part`, `group` or `verb`, `cur` and `prev` are set. */
static void add_body(struct buf *out)
{
	buf_add_lit(out, "\tcase \"$part $verb $prev\" in\n");
	add_value_cases(out);
	buf_add_lit(out, "\tesac\n\tcase \"$prev\" in\n"
		    "\t--socket) _ifctl_files; return ;;\n"
		    "\t--as) _ifctl_ids swarm; return ;;\n"
		    "\tesac\n\tcase \"$cur\" in\n\t-*)\n\t\tlocal flags=\n"
		    "\t\tcase \"$part $verb\" in\n");
	add_flag_cases(out);
	buf_add_lit(out, "\t\tesac\n\t\t_ifctl_words \"$flags");
	add_global_flags(out);
	buf_add_lit(out, "\"\n\t\treturn ;;\n\tesac\n\tif [ -z \"$part\" ]; then\n"
		    "\t\t_ifctl_words '");
	add_parts(out);
	buf_add_lit(out, "'\n\t\treturn\n\tfi\n\tif [ -z \"$verb\" ]; then\n"
		    "\t\tcase \"$part $group\" in\n");
	add_verb_cases(out);
	buf_add_lit(out, "\t\tesac\n\tfi\n\tcase \"$part $verb \" in\n");
	add_positional_cases(out);
	buf_add_lit(out, "\tesac\n");
}

/* The body of both shells' loop over the words before the cursor. */
static void add_take_word(struct buf *out)
{
	buf_add_lit(out,
		"\t\tcase \"$word\" in\n"
		"\t\t--socket | --url | --as | --timeout | --key) ((i++)); continue ;;\n"
		"\t\t-*) continue ;;\n"
		"\t\tesac\n"
		"\t\tif [ -z \"$part\" ]; then part=$word; continue; fi\n"
		"\t\tif [ -n \"$group\" ]; then verb=\"$group $word\"; break; fi\n"
		"\t\tcase \"$part $word\" in\n\t\t");
	add_group_pattern(out);
	buf_add_lit(out, ") group=$word ;;\n\t\t*) verb=$word; break ;;\n\t\tesac\n\tdone\n");
}

static void write_bash(struct buf *out)
{
	buf_add_lit(out,
		"# bash completion for ifctl and if; generated by `ifctl completion bash`\n"
		"_ifctl_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$cur\")); }\n"
		"_ifctl_ids() { _ifctl_words \"$(command ifctl __ids \"$1\" 2>/dev/null)\"; }\n"
		"_ifctl_files() {\n"
		"\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
		"\tcompopt -o filenames 2>/dev/null\n"
		"}\n"
		"_ifctl()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal part= group= verb= word i\n"
		"\tCOMPREPLY=()\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tword=${COMP_WORDS[i]}\n");
	add_take_word(out);
	add_body(out);
	buf_add_lit(out, "}\n"
		"# `if` is a word of the shell: \\if gets to the command and its completion.\n"
		"complete -F _ifctl ifctl\n"
		"complete -F _ifctl '\\if'\n");
}

static void write_zsh(struct buf *out)
{
	buf_add_lit(out,
		"#compdef ifctl\n"
		"# zsh completion for ifctl; generated by `ifctl completion zsh`\n"
		"_ifctl_words() { compadd -- ${=1}; }\n"
		"_ifctl_ids() { compadd -- ${(f)\"$(command ifctl __ids \"$1\" 2>/dev/null)\"}; }\n"
		"_ifctl_files() { _files; }\n"
		"_ifctl()\n{\n"
		"\tlocal cur=$words[CURRENT] prev=$words[CURRENT-1] part= group= verb= word\n"
		"\tlocal -i i\n"
		"\tfor ((i = 2; i < CURRENT; i++)); do\n"
		"\t\tword=$words[i]\n");
	add_take_word(out);
	add_body(out);
	buf_add_lit(out, "}\nif [ \"$funcstack[1]\" = _ifctl ]; then\n\t_ifctl \"$@\"\nelse\n"
		    "\tcompdef _ifctl ifctl\nfi\n");
}

/* ---- fish ------------------------------------------------------------------------------------ */

/* Between single quotes fish knows two escapes. */
static void add_fish_text(struct buf *out, const char *text)
{
	buf_add_byte(out, '\'');
	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '\'' || text[i] == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, text[i]);
	}
	buf_add_byte(out, '\'');
}

static void begin_fish(struct buf *out, const struct verb *verb)
{
	buf_add_lit(out, "complete -c ifctl -n '__ifctl_at ");
	buf_add_str(out, verb->part);
	buf_add_byte(out, ' ');
	buf_add_str(out, verb->verb[0] ? verb->verb : "''");
	buf_add_byte(out, '\'');
}

static void add_fish_values(struct buf *out, const struct verb *verb, const struct field *field)
{
	int source = id_source_of(verb, field);

	if (is_path(field)) {
		buf_add_lit(out, " -F");
		return;
	}
	if (field->kind == FIELD_ENUM) {
		buf_add_lit(out, " -a '");
		add_words(out, field);
		buf_add_lit(out, "'");
	} else if (source >= 0) {
		buf_add_lit(out, " -a '(command ifctl __ids ");
		buf_add_str(out, id_source_names[source]);
		buf_add_lit(out, " 2>/dev/null)'");
	}
}

/* The verb, or the second word of it behind the first. */
static void add_fish_word(struct buf *out, const struct verb *verb)
{
	char group[GROUP_NAME_SIZE] = "";
	const char *word = verb->verb;

	buf_add_lit(out, "complete -c ifctl -n '__ifctl_needs_verb ");
	buf_add_str(out, verb->part);
	if (verb_split(verb, group, &word)) {
		buf_add_byte(out, ' ');
		buf_add_str(out, group);
	}
	buf_add_lit(out, "' -a ");
	buf_add_str(out, word);
	buf_add_lit(out, " -d ");
	add_fish_text(out, verb->summary);
	buf_add_byte(out, '\n');
}

static void add_fish_groups(struct buf *out)
{
	const char *part, *group;

	for (size_t i = 0; group_at(i, &part, &group); i++) {
		buf_add_lit(out, "complete -c ifctl -n '__ifctl_needs_verb ");
		buf_add_str(out, part);
		buf_add_lit(out, "' -a ");
		buf_add_str(out, group);
		buf_add_lit(out, " -d '");
		add_verbs(out, part, group);
		buf_add_lit(out, "'\n");
	}
}

static void add_fish_verb(struct buf *out, const struct verb *verb)
{
	const struct field *first = first_positional(verb);
	char name[FLAG_NAME_SIZE];

	if (verb->verb[0])
		add_fish_word(out, verb);
	for (size_t i = 0; i < verb->field_count; i++) {
		const struct field *field = verb->fields[i];

		if ((field->flags & FIELD_POSITIONAL) || !help_shows(verb, field))
			continue;
		flag_name(field, name);
		begin_fish(out, verb);
		buf_add_lit(out, " -l ");
		buf_add_str(out, name);
		if (field->kind != FIELD_BOOL)
			buf_add_lit(out, " -r");
		add_fish_values(out, verb, field);
		buf_add_lit(out, " -d ");
		add_fish_text(out, field->help);
		buf_add_byte(out, '\n');
	}
	if (first && (first->kind == FIELD_ENUM || is_path(first) || id_source_of(verb, first) >= 0)) {
		begin_fish(out, verb);
		add_fish_values(out, verb, first);
		buf_add_byte(out, '\n');
	}
}

static void write_fish(struct buf *out)
{
	buf_add_lit(out,
		"# fish completion for ifctl; generated by `ifctl completion fish`\n"
		"function __ifctl_words\n"
		"\tset -l words (commandline -opc)\n"
		"\tset -e words[1]\n"
		"\tstring match -v -- '-*' $words\n"
		"end\n"
		"function __ifctl_at\n"
		"\tset -l words (__ifctl_words)\n"
		"\ttest \"$words[1]\" = \"$argv[1]\"; and begin\n"
		"\t\ttest -z \"$argv[2]\"; or test \"$words[2]\" = \"$argv[2]\"\n"
		"\tend; and begin\n"
		"\t\ttest -z \"$argv[3]\"; or test \"$words[3]\" = \"$argv[3]\"\n"
		"\tend\n"
		"end\n"
		"function __ifctl_needs_part\n"
		"\ttest (count (__ifctl_words)) -eq 0\n"
		"end\n"
		"function __ifctl_needs_verb\n"
		"\tset -l words (__ifctl_words)\n"
		"\ttest \"$words\" = \"$argv\"\n"
		"end\n"
		"complete -c ifctl -f\n");
	for (size_t i = 0; part_at(i); i++) {
		buf_add_lit(out, "complete -c ifctl -n __ifctl_needs_part -a ");
		buf_add_str(out, part_at(i));
		buf_add_lit(out, " -d ");
		add_fish_text(out, part_summary(part_at(i)));
		buf_add_byte(out, '\n');
	}
	for (size_t i = 0; i < global_flag_count; i++) {
		buf_add_lit(out, "complete -c ifctl -l ");
		buf_add_str(out, global_flags[i].name);
		if (global_flags[i].metavar[0])
			buf_add_lit(out, " -r");
		buf_add_lit(out, " -d ");
		add_fish_text(out, global_flags[i].help);
		buf_add_byte(out, '\n');
	}
	add_fish_groups(out);
	for (size_t i = 0; verb_at(i); i++)
		if (is_visible(verb_at(i)))
			add_fish_verb(out, verb_at(i));
}

int completion_run(struct cli *cli, const struct args *args)
{
	static void (*const writers[SHELL_COUNT])(struct buf *out) = {
		[SHELL_BASH] = write_bash, [SHELL_ZSH] = write_zsh, [SHELL_FISH] = write_fish,
	};

	writers[args_number(args, "shell")](&cli->out);
	return 0;
}
