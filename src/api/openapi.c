#include "api/openapi.h"

#include "api/bind_import.h"
#include "api/feed.h"
#include "base/ensure.h"
#include "base/problem.h"
#include "fabric/command.h"

#define ID_PATTERN "^[A-Za-z0-9._:@-]{1,128}$"
#define CAPABILITY_PATTERN "^[A-Za-z0-9._@-][A-Za-z0-9._:@-]*:([A-Za-z0-9._:@-]+|[*])$"

static const char *const verb_keys[] = {
	[HTTP_VERB_GET] = "get", [HTTP_VERB_POST] = "post",
	[HTTP_VERB_PUT] = "put", [HTTP_VERB_DELETE] = "delete",
};
static const char *const role_names[] = {
	[ROLE_READER] = "reader", [ROLE_WORKER] = "worker", [ROLE_ORCHESTRATOR] = "orchestrator",
};

/* ---- schemas of arguments ------------------------------------------------------------------- */

static void put_string(struct json_writer *json, const char *pattern)
{
	json_put_str(json, "type", "string");
	if (pattern)
		json_put_str(json, "pattern", pattern);
}

static void put_list(struct json_writer *json, const struct field *field, const char *pattern)
{
	json_put_str(json, "type", "array");
	json_put_i64(json, "maxItems", field->max);
	json_key(json, "items");
	json_object(json);
	put_string(json, pattern);
	json_object_end(json);
}

static void put_integer(struct json_writer *json, const struct field *field)
{
	json_put_str(json, "type", "integer");
	json_put_i64(json, "minimum", field->min);
	json_put_i64(json, "maximum", field->max);
	/* A number that is out of bounds, such as -1, stands for "not given". */
	if (!(field->flags & FIELD_REQUIRED) && field->initial >= field->min &&
	    field->initial <= field->max)
		json_put_i64(json, "default", field->initial);
}

static void put_enum(struct json_writer *json, const struct field *field)
{
	put_string(json, NULL);
	json_key(json, "enum");
	json_array(json);
	for (int64_t i = 0; i <= field->max; i++)
		json_str(json, field->names[i]);
	json_array_end(json);
	if (field->initial >= 0)
		json_put_str(json, "default", field->names[field->initial]);
}

static void put_types(struct json_writer *json, const char *one, const char *other)
{
	json_key(json, "type");
	json_array(json);
	json_str(json, one);
	json_str(json, other);
	json_array_end(json);
}

static void put_kind(struct json_writer *json, const struct field *field)
{
	switch (field->kind) {
	case FIELD_ID:
		put_string(json, ID_PATTERN);
		return;
	case FIELD_TEXT:
		put_string(json, NULL);
		if (field->min)
			json_put_i64(json, "minLength", field->min);
		json_put_i64(json, "maxLength", field->max);
		return;
	case FIELD_JSON:
		json_put_i64(json, "x-max-bytes", field->max);
		return;
	case FIELD_INT:
		put_integer(json, field);
		return;
	case FIELD_BOOL:
		json_put_str(json, "type", "boolean");
		json_put_bool(json, "default", field->initial != 0);
		return;
	case FIELD_ENUM:
		put_enum(json, field);
		return;
	case FIELD_TIME:
		put_types(json, "string", "integer");
		json_put_str(json, "format", "date-time");
		return;
	case FIELD_MONEY:
		put_types(json, "number", "string");
		json_put_i64(json, "minimum", 0);
		return;
	case FIELD_RATIO:
		json_put_str(json, "type", "number");
		return;
	case FIELD_IDS:
		put_list(json, field, ID_PATTERN);
		return;
	case FIELD_CAPS:
		put_list(json, field, CAPABILITY_PATTERN);
		return;
	case FIELD_TEXTS:
	case FIELD_PATHS:
		put_list(json, field, NULL);
		return;
	default:
		BUG("a kind of field");
	}
}

static void write_schema(struct json_writer *json, const struct field *field)
{
	json_object(json);
	put_kind(json, field);
	json_object_end(json);
}

/* ---- operations ----------------------------------------------------------------------------- */

static bool has_body(const struct command_info *info)
{
	return info->method == HTTP_VERB_POST || info->method == HTTP_VERB_PUT;
}

static bool is_import(const struct command_info *info)
{
	return info == &command_table[COMMAND_BOARD_IMPORT];
}

static void write_parameter(struct json_writer *json, const struct field *field, const char *in)
{
	json_object(json);
	json_put_str(json, "name", field->name);
	json_put_str(json, "in", in);
	if (field->flags & FIELD_REQUIRED)
		json_put_bool(json, "required", true);
	json_put_str(json, "description", field->help);
	json_key(json, "schema");
	write_schema(json, field);
	json_object_end(json);
}

static void write_ref(struct json_writer *json, const char *ref)
{
	json_object(json);
	json_put_str(json, "$ref", ref);
	json_object_end(json);
}

static void put_parameters(struct json_writer *json, const struct command_info *info)
{
	json_key(json, "parameters");
	json_array(json);
	for (size_t i = 0; i < info->args.count; i++) {
		const struct field *field = &info->args.fields[i];

		if (field->flags & FIELD_IN_PATH)
			write_parameter(json, field, "path");
		else if (!has_body(info) ||
			 (is_import(info) && !slice_is_str(SLICE("document"), field->name)))
			write_parameter(json, field, "query");
	}
	if (info->way == WAY_WRITE) {
		write_ref(json, "#/components/parameters/IdempotencyKey");
		write_ref(json, "#/components/parameters/Actor");
	}
	json_array_end(json);
}

/* The members that a body must have; false when there are none. */
static bool body_is_required(const struct command_info *info)
{
	for (size_t i = 0; i < info->args.count; i++)
		if ((info->args.fields[i].flags & (FIELD_IN_PATH | FIELD_REQUIRED)) ==
		    FIELD_REQUIRED)
			return true;
	return is_import(info);
}

static void put_required(struct json_writer *json, const struct command_info *info)
{
	json_key(json, "required");
	json_array(json);
	for (size_t i = 0; i < info->args.count; i++) {
		const struct field *field = &info->args.fields[i];

		if ((field->flags & (FIELD_IN_PATH | FIELD_REQUIRED)) == FIELD_REQUIRED)
			json_str(json, field->name);
	}
	json_array_end(json);
}

static void write_members(struct json_writer *json, const struct command_info *info)
{
	json_object(json);
	json_put_str(json, "type", "object");
	json_put_bool(json, "additionalProperties", false);
	json_key(json, "properties");
	json_object(json);
	for (size_t i = 0; i < info->args.count; i++) {
		const struct field *field = &info->args.fields[i];

		if (field->flags & FIELD_IN_PATH)
			continue;
		json_key(json, field->name);
		json_object(json);
		json_put_str(json, "description", field->help);
		put_kind(json, field);
		json_object_end(json);
	}
	json_object_end(json);
	if (body_is_required(info) && !is_import(info))
		put_required(json, info);
	json_object_end(json);
}

static void put_media_type(struct json_writer *json, struct slice type, const char *schema_type)
{
	json_key_slice(json, type);
	json_object(json);
	json_key(json, "schema");
	json_object(json);
	json_put_str(json, "type", schema_type);
	json_object_end(json);
	json_object_end(json);
}

/* A document as text in an object, or a board that is one. */
static void write_import_schema(struct json_writer *json, const struct command_info *info)
{
	json_object(json);
	json_key(json, "anyOf");
	json_array(json);
	write_members(json, info);
	json_object(json);
	json_put_str(json, "type", "object");
	json_put_str(json, "description", "A board as GET /v1/boards/{board} shows it");
	json_key(json, "required");
	json_array(json);
	json_str(json, "tasks");
	json_array_end(json);
	json_object_end(json);
	json_array_end(json);
	json_object_end(json);
}

static void put_body(struct json_writer *json, const struct command_info *info)
{
	struct slice types = slice_of_str(bind_document_types);

	json_key(json, "requestBody");
	json_object(json);
	json_put_bool(json, "required", body_is_required(info));
	json_key(json, "content");
	json_object(json);
	json_key(json, "application/json");
	json_object(json);
	json_key(json, "schema");
	if (is_import(info))
		write_import_schema(json, info);
	else
		write_members(json, info);
	json_object_end(json);
	while (is_import(info) && types.len)
		put_media_type(json, slice_cut(&types, ' '), "string");
	json_object_end(json);
	json_object_end(json);
}

static void put_responses(struct json_writer *json, const struct command_info *info)
{
	json_key(json, "responses");
	json_object(json);
	json_key(json, "200");
	json_object(json);
	json_put_str(json, "description", info->way == WAY_FEED ? "Events" : "Done");
	json_key(json, "content");
	json_object(json);
	if (info->way == WAY_FEED) {
		put_media_type(json, SLICE(FEED_NDJSON_MEDIA_TYPE), "string");
		put_media_type(json, SLICE(FEED_SSE_MEDIA_TYPE), "string");
		if (info == &command_table[COMMAND_WITNESS_EXPORT])
			put_media_type(json, SLICE("text/csv"), "string");
	} else {
		put_media_type(json, SLICE("application/json"), "object");
	}
	json_object_end(json);
	json_object_end(json);
	json_key(json, "default");
	write_ref(json, "#/components/responses/Problem");
	json_object_end(json);
}

static void put_operation_id(struct json_writer *json, const struct command_info *info)
{
	struct buf id = { 0 };

	buf_add_str(&id, info->part);
	if (info->verb[0]) {
		buf_add_byte(&id, '.');
		for (const char *c = info->verb; *c; c++)
			buf_add_byte(&id, *c == ' ' ? '.' : *c);
	}
	json_put_text(json, "operationId", buf_slice(&id));
	buf_finish(&id);
}

static void put_operation(struct json_writer *json, const struct command_info *info)
{
	json_key(json, verb_keys[info->method]);
	json_object(json);
	put_operation_id(json, info);
	json_put_str(json, "summary", info->summary);
	json_key(json, "tags");
	json_array(json);
	json_str(json, info->part);
	json_array_end(json);
	json_put_str(json, "x-role", role_names[info->role]);
	json_put_str(json, "x-command-line", info->example);
	put_parameters(json, info);
	if (has_body(info))
		put_body(json, info);
	put_responses(json, info);
	json_object_end(json);
}

static bool is_same_path(int one, int other)
{
	return slice_is_str(slice_of_str(command_table[one].path), command_table[other].path);
}

static bool is_first_of_path(int type)
{
	for (int before = 0; before < type; before++)
		if (is_same_path(before, type))
			return false;
	return true;
}

static void put_paths(struct json_writer *json)
{
	json_key(json, "paths");
	json_object(json);
	for (int type = 0; type < COMMAND_COUNT; type++) {
		if (!is_first_of_path(type))
			continue;
		json_key(json, command_table[type].path);
		json_object(json);
		for (int other = type; other < COMMAND_COUNT; other++)
			if (is_same_path(type, other))
				put_operation(json, &command_table[other]);
		json_object_end(json);
	}
	json_object_end(json);
}

/* ---- what operations share ------------------------------------------------------------------ */

static void put_header(struct json_writer *json, const char *key, const char *name,
		       const char *description, const char *pattern)
{
	json_key(json, key);
	json_object(json);
	json_put_str(json, "name", name);
	json_put_str(json, "in", "header");
	json_put_str(json, "description", description);
	json_key(json, "schema");
	json_object(json);
	put_string(json, pattern);
	json_object_end(json);
	json_object_end(json);
}

static void put_property(struct json_writer *json, const char *name, const char *type)
{
	json_key(json, name);
	json_object(json);
	json_put_str(json, "type", type);
	json_object_end(json);
}

static void put_problem_schema(struct json_writer *json)
{
	json_key(json, "Problem");
	json_object(json);
	json_put_str(json, "type", "object");
	json_key(json, "required");
	json_array(json);
	json_str(json, "type");
	json_str(json, "title");
	json_str(json, "status");
	json_str(json, "code");
	json_str(json, "retryable");
	json_array_end(json);
	json_key(json, "properties");
	json_object(json);
	put_property(json, "type", "string");
	put_property(json, "title", "string");
	put_property(json, "status", "integer");
	json_key(json, "code");
	json_object(json);
	put_string(json, NULL);
	json_key(json, "enum");
	json_array(json);
	for (int err = OK + 1; err < ERR_COUNT; err++)
		json_str(json, err_info((enum err)err)->code);
	json_array_end(json);
	json_object_end(json);
	put_property(json, "detail", "string");
	put_property(json, "hint", "string");
	put_property(json, "retryable", "boolean");
	json_object_end(json);
	json_object_end(json);
}

static void put_components(struct json_writer *json)
{
	json_key(json, "components");
	json_object(json);
	json_key(json, "parameters");
	json_object(json);
	put_header(json, "IdempotencyKey", "Idempotency-Key",
		   "A command that comes again with the same key is answered as the first time",
		   "^[!-~]{1,128}$");
	put_header(json, "Actor", "IF-Actor", "Who acts, for the record", ID_PATTERN);
	json_object_end(json);
	json_key(json, "schemas");
	json_object(json);
	put_problem_schema(json);
	json_object_end(json);
	json_key(json, "responses");
	json_object(json);
	json_key(json, "Problem");
	json_object(json);
	json_put_str(json, "description", "Refused, or failed; see x-problems");
	json_key(json, "content");
	json_object(json);
	json_key(json, PROBLEM_MEDIA_TYPE);
	json_object(json);
	json_key(json, "schema");
	write_ref(json, "#/components/schemas/Problem");
	json_object_end(json);
	json_object_end(json);
	json_object_end(json);
	json_object_end(json);
	json_object_end(json);
}

static void put_problems(struct json_writer *json)
{
	json_key(json, "x-problems");
	json_array(json);
	for (int err = OK + 1; err < ERR_COUNT; err++) {
		const struct err_info *info = err_info((enum err)err);

		json_object(json);
		json_put_str(json, "code", info->code);
		json_put_i64(json, "status", info->http_status);
		json_put_i64(json, "exit", info->exit_code);
		json_put_bool(json, "retryable", info->retryable);
		json_put_str(json, "title", info->message);
		json_object_end(json);
	}
	json_array_end(json);
}

void openapi_write(struct slice version, struct buf *out)
{
	struct json_writer json = json_begin(out);

	json_object(&json);
	json_put_str(&json, "openapi", "3.1.0");
	json_key(&json, "info");
	json_object(&json);
	json_put_str(&json, "title", "InfraFabric");
	json_put_text(&json, "version", version);
	json_put_str(&json, "summary", "A board of dependent tasks that many workers share");
	json_object_end(&json);
	put_paths(&json);
	put_components(&json);
	put_problems(&json);
	json_object_end(&json);
}
