#include "core/command_text.h"

#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "base/map.h"

struct slice variable_get(const struct variables *variables, struct slice name)
{
	for (size_t i = 0; i < variables->count; i++)
		if (slice_is_str(name, variables->items[i].name))
			return slice_of_str(variables->items[i].value);
	return SLICE_EMPTY;
}

void variable_set(struct variables *variables, struct slice name, struct slice value)
{
	struct variable *variable = &variables->items[variables->count];

	for (size_t i = 0; i < variables->count; i++)
		if (slice_is_str(name, variables->items[i].name))
			variable = &variables->items[i];
	ENSURE(variables->count < VARIABLES_MAX && name.len < sizeof(variable->name) &&
	       value.len < sizeof(variable->value));
	if (variable == &variables->items[variables->count])
		variables->count++;
	snprintf(variable->name, sizeof(variable->name), "%.*s", (int)name.len, name.ptr);
	snprintf(variable->value, sizeof(variable->value), "%.*s", (int)value.len, value.ptr);
}

bool word_cut(struct slice *text, struct slice *ret_word)
{
	bool quoted = false;
	int depth = 0;
	size_t at = 0;

	*text = slice_trim(*text);
	if (text->len == 0)
		return false;
	for (; at < text->len; at++) {
		char c = text->ptr[at];

		if (c == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		if (c == '{' || c == '[' || c == '(')
			depth++;
		if (c == '}' || c == ']' || c == ')')
			depth--;
		if (depth == 0 && c == ' ')
			break;
	}
	*ret_word = slice_head(*text, at);
	*text = slice_trim(slice_from(*text, at));
	return true;
}

struct slice word_bare(struct slice word)
{
	if (word.len >= 2 && word.ptr[0] == '"' && word.ptr[word.len - 1] == '"')
		return slice_of(word.ptr + 1, word.len - 2);
	return word;
}

bool duration_of_word(struct slice word, int64_t *ret_ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	int64_t factor = 1;

	for (size_t i = 0; i < ARRAY_LEN(units) && word.len; i++) {
		if (word.ptr[word.len - 1] != units[i].unit)
			continue;
		factor = units[i].ms;
		word.len--;
		break;
	}
	if (!slice_to_i64(word, ret_ms))
		return false;
	*ret_ms *= factor;
	return true;
}

static void set_initials(const struct schema *schema, void *object)
{
	for (size_t i = 0; i < schema->count; i++)
		if (field_is_number(schema->fields[i].kind))
			*field_number(&schema->fields[i], object) = schema->fields[i].initial;
}

struct command command_blank(enum command_type type)
{
	struct command command = { .type = type };

	set_initials(&command_table[type].args, &command.args);
	return command;
}

static bool number_of_word(const struct field *field, struct slice word, int64_t *ret_number)
{
	if (field->kind == FIELD_ENUM) {
		for (int64_t i = 0; i <= field->max; i++)
			if (slice_is_str(word, field->names[i])) {
				*ret_number = i;
				return true;
			}
		return false;
	}
	if (field->kind == FIELD_TIME && word.len && word.ptr[0] == '+') {
		if (!duration_of_word(slice_from(word, 1), ret_number))
			return false;
		*ret_number = CLOCK_ZERO_US + *ret_number * 1000;
		return true;
	}
	return duration_of_word(word, ret_number);
}

static struct slice_list list_of_word(struct slice word, struct arena *arena)
{
	struct slice *items = arena_zero(arena, word.len + 1, sizeof(*items));
	size_t count = 0;

	while (word.len)
		items[count++] = slice_cut(&word, ',');
	return (struct slice_list){ items, count };
}

static bool field_set(const struct schema *schema, void *object, struct slice name,
		      struct slice word, struct arena *arena, const struct field **ret_field)
{
	const struct field *field = schema_find(schema, name);

	*ret_field = field;
	if (!field)
		return false;
	if (field_is_number(field->kind))
		return number_of_word(field, word, field_number(field, object));
	if (field_is_list(field->kind))
		*field_list(field, object) = list_of_word(word_bare(word), arena);
	else
		*field_slice(field, object) = field->kind == FIELD_JSON ? word : word_bare(word);
	return true;
}

static bool complain(struct buf *ret_why, const char *what, struct slice word)
{
	buf_add_str(ret_why, what);
	buf_add_lit(ret_why, ": ");
	buf_add_slice(ret_why, word);
	return false;
}

/* A verb of two words has a - between them here. */
static bool is_verb(struct slice word, const char *verb)
{
	size_t at = 0;

	while (at < word.len && verb[at] && (verb[at] == ' ' ? '-' : verb[at]) == word.ptr[at])
		at++;
	return at == word.len && verb[at] == '\0';
}

static enum command_type type_of_word(struct slice word)
{
	for (int type = 0; type < COMMAND_COUNT; type++) {
		const struct command_info *info = &command_table[type];
		struct slice rest = word;

		if (slice_is_str(slice_cut(&rest, '.'), info->part) && is_verb(rest, info->verb))
			return (enum command_type)type;
	}
	return COMMAND_COUNT;
}

bool command_of_text(struct slice text, const struct variables *variables, struct arena *arena,
		     struct command *ret_command, struct buf *ret_why)
{
	const struct schema *schema;
	uint64_t fingerprint = 0;
	struct slice word, value;
	enum command_type type;

	if (!word_cut(&text, &word) || (type = type_of_word(word)) == COMMAND_COUNT)
		return complain(ret_why, "no such command", word);
	*ret_command = command_blank(type);
	schema = &command_table[type].args;
	while (word_cut(&text, &word)) {
		const struct field *field;
		struct slice name;

		if (word.ptr[0] == '#' || word.ptr[0] == '@') {
			*(word.ptr[0] == '#' ? &ret_command->key : &ret_command->actor) =
				slice_from(word, 1);
			continue;
		}
		fingerprint = hash_bytes(fingerprint, word.ptr, word.len);
		value = word;
		name = slice_cut(&value, '=');
		if (name.len == word.len)
			value = SLICE("1");
		if (value.len && value.ptr[0] == '$')
			value = arena_copy(arena, variable_get(variables, slice_from(value, 1)));
		if (!field_set(schema, &ret_command->args, name, value, arena, &field))
			return complain(ret_why, "no such argument or value", word);
		ret_command->args.given |= field_bit(schema, field);
	}
	ret_command->fingerprint = fingerprint ^ (uint64_t)type;
	return true;
}

static bool state_of_word(struct slice word, enum task_state *ret_state)
{
	for (int i = 0; i < TASK_STATE_COUNT; i++)
		if (slice_is_str(word, task_state_names[i])) {
			*ret_state = (enum task_state)i;
			return true;
		}
	return false;
}

bool import_task_of_text(struct slice text, struct arena *arena, struct import_task *ret_task,
			 struct buf *ret_why)
{
	const struct field *field;
	struct slice word;

	*ret_task = (struct import_task){ .state = TASK_BLOCKED };
	set_initials(&task_spec_schema, &ret_task->spec);
	if (!word_cut(&text, &ret_task->id))
		return complain(ret_why, "a row without an id", text);
	while (word_cut(&text, &word)) {
		struct slice value = word;
		struct slice name = slice_cut(&value, '=');

		if (slice_is_str(name, "state") ? !state_of_word(value, &ret_task->state) :
						  !field_set(&task_spec_schema, &ret_task->spec,
							     name, value, arena, &field))
			return complain(ret_why, "no such member or value", word);
	}
	return true;
}
