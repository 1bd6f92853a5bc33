#include "cli/verb.h"

#include <string.h>

#include "base/text.h"
#include "cli/call.h"
#include "cli/local.h"

#include "cli/local.def"

const char *const shell_names[] = {
	[SHELL_BASH] = "bash", [SHELL_ZSH] = "zsh", [SHELL_FISH] = "fish",
};
const char *const id_source_names[] = {
	[ID_SOURCE_BOARD] = "board", [ID_SOURCE_TASK] = "task", [ID_SOURCE_SWARM] = "swarm",
	[ID_SOURCE_BLOCKER] = "blocker", [ID_SOURCE_NOTE] = "note",
	[ID_SOURCE_ESCALATION] = "escalation", [ID_SOURCE_MODULE] = "module",
};
const char *const view_names[] = {
	[VIEW_TABLE] = "table", [VIEW_MARKDOWN] = "markdown", [VIEW_JSON] = "json",
	[VIEW_DOT] = "dot", [VIEW_MERMAID] = "mermaid",
};
const char *const cost_form_names[] = {
	[COST_FORM_TABLE] = "table", [COST_FORM_JSON] = "json", [COST_FORM_CSV] = "csv",
	[COST_FORM_PLOT] = "plot",
};

#define LOCAL_FIELD(kind, name, flags, min, max, initial, names, help) \
	{ #name, FIELD_##kind, flags, 0, min, max, initial, names, help },

/* A closing row: an array may not be empty. */
#define LOCAL(name, ...) \
	static const struct field fields_of_##name[] = { LOCAL_ARGS_##name(LOCAL_FIELD){ 0 } };
#define EXTRA(NAME, run) \
	static const struct field extra_of_##NAME[] = { EXTRA_ARGS_##NAME(LOCAL_FIELD){ 0 } };
#include "cli/local.def"
#undef LOCAL
#undef EXTRA

static const struct local_row {
	const char *part;
	const char *verb;
	verb_fn *run;
	bool takes_rest;
	const char *summary;
	const char *example;
	const struct field *fields;
} local_rows[] = {
#define LOCAL(name, part, verb, run, takes_rest, summary, example) \
	{ part, verb, run, takes_rest, summary, example, fields_of_##name },
#include "cli/local.def"
#undef LOCAL
};

static const struct extra_row {
	verb_fn *run;
	const struct field *fields;
} extra_rows[COMMAND_COUNT] = {
#define EXTRA(NAME, run) [COMMAND_##NAME] = { run, extra_of_##NAME },
#include "cli/local.def"
#undef EXTRA
};

static const struct part_row {
	const char *name;
	const char *summary;
} parts[] = {
	{ "coordinator", "The daemon: start, stop, how it fares" },
	{ "governor", "Who may do what: matches, policy, capabilities, circuit breakers" },
	{ "cost", "Money: what was spent, budgets, prices of models" },
	{ "escalation", "What waits for a person" },
	{ "chassis", "Where guests run: what their contracts grant" },
	{ "board", "Boards: import a plan, look at it, watch it" },
	{ "task", "Tasks: claim, work, complete" },
	{ "swarm", "Swarms: who works, with which capabilities" },
	{ "blocker", "Blockers: what is in a task's way" },
	{ "message", "Messages between swarms" },
	{ "note", "Notes: a small shared space of keys and values" },
	{ "events", "Everything that happens, as it happens" },
	{ "witness", "The ledger: search, trace, verify, export" },
	{ "proxy", "The way out: requests that a contract grants" },
	{ "secret", "Secrets that the proxy puts into requests" },
	{ "executor", "Commands that rules allow, with limits" },
	{ "config", "Settings" },
	{ "completion", "Completion scripts for shells" },
	{ "limits", "Every limit" },
	{ "errors", "Every error" },
	{ "man", "The man page" },
	{ "version", "The version" },
	{ "help", "Help" },
};

/* Names of commands as the client library takes them: task.claim. */
#define NAME_SIZE 64
static char names[COMMAND_COUNT][NAME_SIZE];
static struct verb verbs[VERBS_MAX];
static size_t verb_count;

#define GROUPS_MAX 64
static struct group {
	const char *part;
	char name[GROUP_NAME_SIZE];
} groups[GROUPS_MAX];
static size_t group_count;

static void add_fields(struct verb *verb, const struct field *fields)
{
	for (size_t i = 0; fields && fields[i].name; i++) {
		ENSURE(verb->field_count < SCHEMA_FIELDS_MAX);
		verb->fields[verb->field_count++] = &fields[i];
	}
}

static bool has_rest_field(const struct verb *verb)
{
	for (size_t i = 0; i < verb->field_count; i++)
		if (verb->fields[i]->kind == FIELD_TEXTS)
			return true;
	return false;
}

static void add_command(enum command_type type)
{
	const struct command_info *info = &command_table[type];
	const struct extra_row *extra = &extra_rows[type];
	struct verb *verb = &verbs[verb_count++];
	struct buf name = { 0 };

	buf_add_str(&name, info->part);
	if (info->verb[0])
		buf_add_byte(&name, '.');
	buf_add_str(&name, info->verb);
	ENSURE(name.len < NAME_SIZE);
	memcpy(names[type], buf_str(&name), name.len + 1);
	for (char *c = names[type]; *c; c++)
		*c = *c == ' ' ? '.' : *c;
	buf_finish(&name);
	*verb = (struct verb){
		.part = info->part,
		.verb = info->verb,
		.name = names[type],
		.summary = info->summary,
		.example = info->example,
		.command = info,
		.run = extra->run ? extra->run : command_run,
	};
	for (size_t i = 0; i < info->args.count; i++)
		verb->fields[verb->field_count++] = &info->args.fields[i];
	add_fields(verb, extra->fields);
	verb->takes_rest = has_rest_field(verb);
}

static void add_local(const struct local_row *row)
{
	struct verb *verb = &verbs[verb_count++];

	*verb = (struct verb){
		.part = row->part,
		.verb = row->verb,
		.summary = row->summary,
		.example = row->example,
		.takes_rest = row->takes_rest,
		.run = row->run,
	};
	add_fields(verb, row->fields);
}

static void add_group(const struct verb *verb)
{
	char name[GROUP_NAME_SIZE];
	const char *word;

	if (!verb_split(verb, name, &word) || group_exists(verb->part, name))
		return;
	ENSURE(group_count < GROUPS_MAX);
	groups[group_count].part = verb->part;
	memcpy(groups[group_count].name, name, sizeof(name));
	group_count++;
}

void verbs_init(void)
{
	if (verb_count)
		return;
	ENSURE(COMMAND_COUNT + ARRAY_LEN(local_rows) <= VERBS_MAX);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		add_command((enum command_type)i);
	for (size_t i = 0; i < ARRAY_LEN(local_rows); i++)
		add_local(&local_rows[i]);
	for (size_t i = 0; i < verb_count; i++)
		add_group(&verbs[i]);
	/* Help, completion and the man page go by the parts: a verb of another would be lost. */
	for (size_t i = 0; i < verb_count; i++)
		ENSURE(verbs[i].part[0] == '_' || part_summary(verbs[i].part));
}

const struct verb *verb_at(size_t index)
{
	return index < verb_count ? &verbs[index] : NULL;
}

const struct verb *verb_find(const char *part, const char *verb)
{
	for (size_t i = 0; i < verb_count; i++)
		if (strcmp(verbs[i].part, part) == 0 && strcmp(verbs[i].verb, verb ? verb : "") == 0)
			return &verbs[i];
	return NULL;
}

bool verb_split(const struct verb *verb, char ret_group[GROUP_NAME_SIZE], const char **ret_word)
{
	const char *blank = strchr(verb->verb, ' ');
	size_t len = blank ? (size_t)(blank - verb->verb) : 0;

	ENSURE(len < GROUP_NAME_SIZE);
	if (!blank)
		return false;
	memcpy(ret_group, verb->verb, len);
	ret_group[len] = '\0';
	*ret_word = blank + 1;
	return true;
}

const struct verb *verb_find_pair(const char *part, const char *group, const char *word)
{
	char name[GROUP_NAME_SIZE];
	const char *second;

	for (size_t i = 0; i < verb_count; i++)
		if (strcmp(verbs[i].part, part) == 0 && verb_split(&verbs[i], name, &second) &&
		    strcmp(name, group) == 0 && strcmp(second, word) == 0)
			return &verbs[i];
	return NULL;
}

bool group_exists(const char *part, const char *group)
{
	for (size_t i = 0; i < group_count; i++)
		if (strcmp(groups[i].part, part) == 0 && strcmp(groups[i].name, group) == 0)
			return true;
	return false;
}

bool group_at(size_t index, const char **ret_part, const char **ret_group)
{
	if (index >= group_count)
		return false;
	*ret_part = groups[index].part;
	*ret_group = groups[index].name;
	return true;
}

bool part_exists(const char *part)
{
	for (size_t i = 0; i < verb_count; i++)
		if (strcmp(verbs[i].part, part) == 0)
			return true;
	return false;
}

bool part_stands_alone(const char *part)
{
	return verb_find(part, NULL) != NULL;
}

const char *part_at(size_t index)
{
	return index < ARRAY_LEN(parts) ? parts[index].name : NULL;
}

const char *part_summary(const char *part)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strcmp(parts[i].name, part) == 0)
			return parts[i].summary;
	return NULL;
}

/* ---- flags ----------------------------------------------------------------------------------- */

bool flag_takes_unit(const struct field *field)
{
	return field->kind == FIELD_INT && slice_ends(slice_of_str(field->name), SLICE("_ms"));
}

void flag_name(const struct field *field, char ret_name[FLAG_NAME_SIZE])
{
	size_t len = strlen(field->name);

	if (flag_takes_unit(field))
		len -= strlen("_ms");
	else if (field->kind == FIELD_MONEY && slice_ends(slice_of_str(field->name), SLICE("_usd")))
		len -= strlen("_usd");
	ENSURE(len < FLAG_NAME_SIZE);
	for (size_t i = 0; i < len; i++)
		ret_name[i] = field->name[i] == '_' ? '-' : field->name[i];
	ret_name[len] = '\0';
}

const char *flag_metavar(const struct field *field)
{
	switch (field->kind) {
	case FIELD_ID: return "ID";
	case FIELD_JSON: return "JSON";
	case FIELD_INT: return flag_takes_unit(field) ? "DURATION" : "NUMBER";
	case FIELD_BOOL: return "";
	case FIELD_ENUM: return "WORD";
	case FIELD_TIME: return "TIME";
	case FIELD_MONEY: return "DOLLARS";
	case FIELD_RATIO: return "RATIO";
	case FIELD_IDS: return "ID,...";
	case FIELD_CAPS: return "DOMAIN:SKILL,...";
	case FIELD_PATHS: return "PATH,...";
	case FIELD_TEXTS: return "TEXT...";
	case FIELD_TEXT:
	default:
		break;
	}
	return strcmp(field->name, "file") == 0 || strcmp(field->name, "ledger") == 0 ||
	       strcmp(field->name, "contract") == 0 || strcmp(field->name, "rules") == 0 ||
	       strcmp(field->name, "log") == 0 || strcmp(field->name, "wasm") == 0 ? "FILE" :
	       strcmp(field->name, "data") == 0 ? "FOLDER" : "TEXT";
}

/* ---- names that are almost right ------------------------------------------------------------- */

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t distance = text_distance(slice_of_str(nearest->wanted), slice_of_str(name));
	size_t wanted_len = strlen(nearest->wanted);
	bool is_start = wanted_len >= 2 && strncmp(nearest->wanted, name, wanted_len) == 0;

	if (is_start)
		distance = 1;
	if (distance > 2 || distance * 2 > strlen(name))
		return;
	if (!nearest->name || distance < nearest->distance) {
		nearest->name = name;
		nearest->distance = distance;
	}
}

/* Words that may stand behind a part, or behind a group of it. */
static void offer_words(struct nearest *nearest, const char *part, const char *group)
{
	char name[GROUP_NAME_SIZE];
	const char *word;

	for (size_t i = 0; i < verb_count; i++) {
		if (strcmp(verbs[i].part, part) != 0)
			continue;
		if (verb_split(&verbs[i], name, &word)) {
			if (group && strcmp(group, name) == 0)
				nearest_offer(nearest, word);
		} else if (!group) {
			nearest_offer(nearest, verbs[i].verb);
		}
	}
	for (size_t i = 0; !group && i < group_count; i++)
		if (strcmp(groups[i].part, part) == 0)
			nearest_offer(nearest, groups[i].name);
}

void verb_write_unknown(const char *part, const char *group, const char *verb, struct buf *out)
{
	bool is_verb = part_exists(part) && verb;
	struct nearest nearest = { .wanted = is_verb ? verb : part };

	if (is_verb)
		offer_words(&nearest, part, group);
	for (size_t i = 0; !is_verb && part_at(i); i++)
		nearest_offer(&nearest, part_at(i));
	buf_add_str(out, is_verb ? part : "there is no command");
	if (is_verb && group) {
		buf_add_byte(out, ' ');
		buf_add_str(out, group);
	}
	buf_add_str(out, is_verb ? " has no verb \"" : " \"");
	buf_add_str(out, nearest.wanted);
	buf_add_byte(out, '"');
	if (nearest.name) {
		buf_add_lit(out, "; did you mean \"");
		buf_add_str(out, nearest.name);
		buf_add_lit(out, "\"?");
	}
}
