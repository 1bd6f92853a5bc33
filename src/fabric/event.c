#include "fabric/event.h"

#include <string.h>

#include "base/ensure.h"
#include "base/text.h"

/* Rows of event.def end with their names; those that command.def or a policy shares have them sixth. */
#define NAMES_OF_1(names) names
#define NAMES_OF_6(flags, min, max, initial, names, help) names
#define NAMES_BY_COUNT(a, b, c, d, e, f, which, ...) which
#define NAMES_OF(...)                                                                             \
	NAMES_BY_COUNT(__VA_ARGS__, NAMES_OF_6, none, none, none, none, NAMES_OF_1, )(__VA_ARGS__)
#define EVENT_FIELD(T, kind, name, ...)                                            \
	{ #name,     FIELD_##kind, 0, offsetof(struct T, name), INT64_MIN, INT64_MAX, 0, \
	  NAMES_OF(__VA_ARGS__), "" },

static const struct {
	const char *const *names;
	int64_t count;
} enums[] = {
	{ severity_names, SEVERITY_COUNT },
	{ cost_from_names, COST_FROM_COUNT },
	{ policy_effect_names, POLICY_EFFECT_COUNT },
	{ policy_kind_names, POLICY_KIND_COUNT },
	{ budget_scope_names, BUDGET_SCOPE_COUNT },
	{ budget_level_names, BUDGET_LEVEL_COUNT },
	{ breaker_cause_names, BREAKER_CAUSE_COUNT },
	{ escalation_cause_names, ESCALATION_CAUSE_COUNT },
	{ escalation_channel_names, ESCALATION_CHANNEL_COUNT },
	{ task_kind_names, TASK_KIND_COUNT },
	{ chassis_verdict_names, CHASSIS_VERDICT_COUNT },
};

static bool enum_has(const char *const *names, int64_t value)
{
	for (size_t i = 0; i < ARRAY_LEN(enums); i++)
		if (enums[i].names == names)
			return value >= 0 && value < enums[i].count;
	BUG("an enum of events has its number of names here");
}

#define EVENT(number, NAME, name, ...)                         \
	static const struct field fields_of_##name[] = {       \
		FIELDS_##NAME(EVENT_FIELD, ev_##name)          \
	};
#include "fabric/event.def"
#undef EVENT

#define EVENT(number, NAME, name, kind, part, level, meaning)                                   \
	static const struct event_info info_of_##name = {                                       \
		EVENT_##NAME, #NAME, kind, PART_##part, level, meaning,                         \
		{ kind, fields_of_##name, ARRAY_LEN(fields_of_##name), sizeof(struct ev_##name) }, \
		EVENT_##NAME == EVENT_TASK_ADDED || EVENT_##NAME == EVENT_TASK_CHANGED,         \
	};
#include "fabric/event.def"
#undef EVENT

const struct event_info *const event_table[] = {
#define EVENT(number, NAME, name, ...) &info_of_##name,
#include "fabric/event.def"
#undef EVENT
};

const size_t event_count = ARRAY_LEN(event_table);

const struct event_info *event_info(uint64_t type)
{
	static const struct event_info *const by_type[EVENT_TYPE_END] = {
#define EVENT(number, NAME, name, ...) [number] = &info_of_##name,
#include "fabric/event.def"
#undef EVENT
	};

	return type < EVENT_TYPE_END ? by_type[type] : NULL;
}

/* Of an event that this program made or decoded itself. */
static const struct event_info *known_info(const struct event *event)
{
	const struct event_info *info = event_info(event->type);

	ENSURE(info != NULL);
	return info;
}

struct slice event_text(const struct event *event, const char *field)
{
	const struct schema *schema = &known_info(event)->fields;
	const struct field *found = schema_find(schema, slice_of_str(field));

	if (!found || (found->kind != FIELD_ID && found->kind != FIELD_TEXT))
		return SLICE_EMPTY;
	return *(const struct slice *)(const void *)((const char *)&event->of + found->offset);
}

/* So that the sum of a time and a duration is a time. */
static bool number_is_sound(const struct field *field, int64_t value)
{
	size_t len;

	switch ((int)field->kind) {
	case FIELD_TIME:
		return value >= 0 && value <= TIME_US_MAX;
	case FIELD_BOOL:
		return value == 0 || value == 1;
	case FIELD_ENUM:
		return enum_has(field->names, value);
	case FIELD_MONEY:
		return true;
	default:
		if (value >= 0 && value <= DURATION_MS_MAX)
			return value >= field->min;
		len = strlen(field->name);
		if (len > 3 && strcmp(field->name + len - 3, "_ms") == 0)
			return false;
		return value >= field->min;
	}
}

static bool numbers_are_sound(const struct schema *schema, const void *object)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];
		const char *at = (const char *)object + field->offset;

		if (field_is_number(field->kind) &&
		    !number_is_sound(field, *(const int64_t *)(const void *)at))
			return false;
	}
	return true;
}

bool task_spec_is_sound(const struct task_spec *spec)
{
	return numbers_are_sound(&task_spec_schema, spec) &&
	       spec->priority <= LIMIT_PRIORITY_MOST && spec->max_attempts <= LIMIT_ATTEMPTS_MOST &&
	       spec->deps.count <= (size_t)LIMIT_DEPS && spec->redundancy <= LIMIT_REDUNDANCY &&
	       (spec->prefers.len == 0 || id_is_valid(spec->prefers));
}

void event_encode(const struct event *event, int64_t record_at_us, struct buf *out)
{
	const struct event_info *info = known_info(event);
	size_t before, len;

	/* What could not be replayed must not get into the ledger. */
	ENSURE(numbers_are_sound(&info->fields, &event->of) &&
	       (!info->has_spec || task_spec_is_sound(&event->spec)));
	varint_add(out, (uint64_t)event->type);
	before = out->len;
	/* The length goes in front and is known last: three bytes hold up to 2 MiB. */
	buf_reserve(out, 4);
	out->len += 4;
	varint_add(out, zigzag(event->at_us - record_at_us));
	varint_add(out, event->actor.len);
	buf_add_slice(out, event->actor);
	schema_encode(&info->fields, &event->of, out);
	if (info->has_spec)
		schema_encode(&task_spec_schema, &event->spec, out);
	len = out->len - before - 4;
	ENSURE(len < (1U << 28));
	for (size_t i = 0; i < 4; i++)
		out->ptr[before + i] = (char)((len >> (7 * i) & 0x7f) | (i < 3 ? 0x80 : 0));
}

/* Steps over the fields of `schema`, to where the specification begins. */
static bool skip_fields(const struct schema *schema, struct slice *bytes)
{
	for (size_t i = 0; i < schema->count; i++) {
		uint64_t len;

		if (!varint_cut(bytes, &len))
			return false;
		if (field_is_number(schema->fields[i].kind))
			continue;
		if (field_is_list(schema->fields[i].kind) || len > bytes->len)
			return false;
		*bytes = slice_from(*bytes, len);
	}
	return true;
}

enum err event_decode(struct slice *body, int64_t record_at_us, struct arena *arena,
		      struct event *ret_event)
{
	const struct event_info *info;
	uint64_t type, len, at, actor_len;
	struct slice bytes;

	if (!varint_cut(body, &type) || !varint_cut(body, &len) || len > body->len)
		return ERR_LEDGER_CORRUPT;
	info = event_info(type);
	if (!info)
		return ERR_LEDGER_TOO_NEW;
	bytes = slice_head(*body, len);
	*body = slice_from(*body, len);
	if (!varint_cut(&bytes, &at) || !varint_cut(&bytes, &actor_len) || actor_len > bytes.len)
		return ERR_LEDGER_CORRUPT;
	ret_event->type = info->type;
	ret_event->number = 0;
	ret_event->next = NULL;
	ret_event->at_us = (int64_t)((uint64_t)record_at_us + (uint64_t)unzigzag(at));
	ret_event->actor = slice_head(bytes, actor_len);
	bytes = slice_from(bytes, actor_len);
	if (ret_event->at_us < 0 || ret_event->at_us > NOW_US_MAX ||
	    !schema_decode(&info->fields, bytes, arena, &ret_event->of) ||
	    !numbers_are_sound(&info->fields, &ret_event->of))
		return ERR_LEDGER_CORRUPT;
	if (!info->has_spec)
		return OK;
	return skip_fields(&info->fields, &bytes) &&
	       schema_decode(&task_spec_schema, bytes, arena, &ret_event->spec) &&
	       task_spec_is_sound(&ret_event->spec) ?
		OK : ERR_LEDGER_CORRUPT;
}

void event_write_json(const struct event *event, struct json_writer *json)
{
	const struct event_info *info = known_info(event);

	json_object(json);
	json_put_i64(json, "event", (int64_t)event->number);
	json_put_time(json, "at", event->at_us);
	json_put_str(json, "kind", info->kind);
	json_put_str(json, "part", part_names[info->part]);
	/* Some say by themselves whose decision it was, which need not be who typed it. */
	if (event->actor.len)
		json_put_text(json, schema_find(&info->fields, SLICE("by")) ? "actor" : "by",
			      event->actor);
	/* An object of its own: a task has a kind as well as an event, and so has a rule. */
	if (schema_find(&info->fields, SLICE("kind"))) {
		json_key(json, "rule");
		json_object(json);
		schema_write_json(&info->fields, &event->of, json);
		json_object_end(json);
	} else {
		schema_write_json(&info->fields, &event->of, json);
	}
	if (info->has_spec) {
		json_key(json, "spec");
		json_object(json);
		schema_write_json_set(&task_spec_schema, &event->spec, json);
		json_object_end(json);
	}
	json_object_end(json);
}
