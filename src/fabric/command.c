#include "fabric/command.h"

#include "base/ensure.h"

const char *const board_format_names[] = { "markdown", "yaml", "json" };
const char *const tree_format_names[] = {
	[TREE_FORMAT_AUTO] = "auto", [TREE_FORMAT_YAML] = "yaml", [TREE_FORMAT_JSON] = "json",
};
const char *const export_format_names[] = { [EXPORT_JSONL] = "jsonl", [EXPORT_CSV] = "csv" };
const char *const part_names[] = {
	[PART_COORDINATOR] = "coordinator",
	[PART_GOVERNOR] = "governor",
	[PART_CHASSIS] = "chassis",
	[PART_WITNESS] = "witness",
};

#define COMMAND_FIELD(T, kind, name, flags, min, max, initial, names, help) \
	{ #name, FIELD_##kind, flags, offsetof(struct T, name), min, max, initial, names, help },

static const struct field task_spec_fields[] = { TASK_SPEC(COMMAND_FIELD, task_spec) };

const struct schema task_spec_schema = {
	"task_spec", task_spec_fields, ARRAY_LEN(task_spec_fields), sizeof(struct task_spec),
};

/* A closing row without a name: a command may have no argument, an array may not be empty. */
#define COMMAND(NAME, name, ...)                           \
	static const struct field fields_of_##name[] = {   \
		ARGS_##NAME(COMMAND_FIELD, cmd_##name){ 0 } \
	};
#include "fabric/command.def"
#undef COMMAND

const struct command_info command_table[COMMAND_COUNT] = {
#define COMMAND(NAME, name, part, verb, METHOD, path, role, way, summary, example)             \
	[COMMAND_##NAME] = { #NAME, part, verb, HTTP_VERB_##METHOD, path, ROLE_##role,         \
			     WAY_##way, summary, example,                                      \
			     { #name, fields_of_##name, ARRAY_LEN(fields_of_##name) - 1,       \
			       sizeof(struct cmd_##name) } },
#include "fabric/command.def"
#undef COMMAND
};

bool command_has(const struct command *command, const char *name)
{
	const struct schema *schema = &command_table[command->type].args;
	const struct field *field = schema_find(schema, slice_of_str(name));

	ENSURE(field != NULL);
	return command->args.given & field_bit(schema, field);
}
