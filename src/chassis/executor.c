#include "chassis/executor.h"

#define ROW(T, kind, name, flags, min, max, initial, names, help) \
	{ #name, FIELD_##kind, flags, offsetof(struct T, name), min, max, initial, names, help },

static const struct field rule_fields[] = { EXECUTOR_RULE(ROW, executor_rule) };

const struct schema executor_rule_schema = {
	"rule", rule_fields, ARRAY_LEN(rule_fields), sizeof(struct executor_rule),
};
