#include "document/json_schema.h"

#include "base/json.h"
#include "base/schema.h"
#include "document/contract_read.h"
#include "document/manifest.h"
#include "document/policy_doc.h"

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define ID_PATTERN "^[A-Za-z0-9._:@-]{1,128}$"
#define SELECTOR_PATTERN "^([A-Za-z0-9._:@-]{1,128}\\*?|\\*)$"
#define CAPABILITY_PATTERN "^[A-Za-z0-9._@-]+:([A-Za-z0-9._:@-]+|\\*)$"
#define MONEY_PATTERN "^[~<0-9$Uu][0-9 $.,A-Za-z-]*$"
#define PERCENT_PATTERN "^[0-9]+(\\.[0-9]+)? *%$"
#define SIZE_PATTERN "^[0-9.]+ *([KkMmGg]i)?[Bb](ytes?)?$"
#define DURATION_PATTERN "^([0-9.]+ *[a-z]+ *)+$"
#define HOST_PATTERN "^(\\*\\.)?[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$"
#define NANO 1000000000

/* What texts look like that are neither ids nor free. */
static const struct {
	const char *schema, *field, *pattern;
} text_patterns[] = {
	{ "contract", "module_sha256", "^[0-9a-f]{64}$" },
	{ "http", "host", HOST_PATTERN },
	{ "http", "paths", "^/[^?#\\\\ ]*$" },
	{ "credential", "header", "^[A-Za-z0-9_-]+$" },
	{ "credential", "prefix", "^[ -~]*$" },
	{ "credential", "endpoint", "^https?://[A-Za-z0-9._-]+(:[1-9][0-9]{0,4})?$" },
	{ "determinism", "clock", "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt].*([Zz]|[+-][0-9]{2}:[0-9]{2})$" },
	{ "policy", "version", "^1\\." },
	{ "storage", "uri", "^fs://([^*?#%\\[\\]\\\\]+|([^*?#%\\[\\]\\\\]+/)?\\*{1,2})$" },
	{ "environment", "key", "^[A-Za-z_][A-Za-z0-9_]*$" },
};

/* NULL: any text. */
static const char *pattern_of(const struct schema *schema, const struct field *field)
{
	for (size_t i = 0; i < ARRAY_LEN(text_patterns); i++)
		if (strcmp(text_patterns[i].schema, schema->name) == 0 &&
		    strcmp(text_patterns[i].field, field->name) == 0)
			return text_patterns[i].pattern;
	return NULL;
}

/* ---- types ----------------------------------------------------------------------------------- */

static void put_pattern(struct json_writer *json, const char *pattern)
{
	json_put_str(json, "type", "string");
	json_put_str(json, "pattern", pattern);
}

/* One of two: a number, or a text of this form. */
static void or_pattern(struct json_writer *json, const char *pattern)
{
	json_object_end(json);
	json_object(json);
	put_pattern(json, pattern);
	json_object_end(json);
	json_array_end(json);
}

static void begin_any(struct json_writer *json)
{
	json_key(json, "anyOf");
	json_array(json);
	json_object(json);
}

static void put_money(struct json_writer *json)
{
	begin_any(json);
	json_put_str(json, "type", "number");
	json_put_i64(json, "minimum", 0);
	json_put_i64(json, "maximum", INT64_MAX / NANO);
	or_pattern(json, MONEY_PATTERN);
}

static void put_ratio(struct json_writer *json, const struct field *field)
{
	begin_any(json);
	json_put_str(json, "type", "number");
	json_put_i64(json, "minimum", 0);
	json_key(json, "maximum");
	json_ratio(json, field->max);
	or_pattern(json, PERCENT_PATTERN);
}

static void put_texts(struct json_writer *json, const struct field *field, const char *pattern)
{
	begin_any(json);
	json_put_str(json, "type", "array");
	json_put_i64(json, "maxItems", field->max);
	json_put_bool(json, "uniqueItems", true);
	json_key(json, "items");
	json_object(json);
	put_pattern(json, pattern);
	json_object_end(json);
	or_pattern(json, pattern);
}

static void put_names(struct json_writer *json, const struct field *field)
{
	json_key(json, "enum");
	json_array(json);
	for (size_t i = 0; field->names[i]; i++)
		json_str(json, field->names[i]);
	json_array_end(json);
}

/* Names that are known: a list of them, or one. */
static void put_named_texts(struct json_writer *json, const struct field *field)
{
	begin_any(json);
	json_put_str(json, "type", "array");
	json_put_i64(json, "maxItems", field->max);
	json_put_bool(json, "uniqueItems", true);
	json_key(json, "items");
	json_object(json);
	put_names(json, field);
	json_object_end(json);
	json_object_end(json);
	json_object(json);
	put_names(json, field);
	json_object_end(json);
	json_array_end(json);
}

static void put_text(struct json_writer *json, const struct schema *schema,
		     const struct field *field)
{
	const char *pattern = pattern_of(schema, field);

	json_put_str(json, "type", "string");
	if (pattern)
		json_put_str(json, "pattern", pattern);
	if (field->min > 0)
		json_put_i64(json, "minLength", field->min);
	json_put_i64(json, "maxLength", field->max);
}

static void put_int(struct json_writer *json, const struct field *field)
{
	json_put_str(json, "type", "integer");
	/* A minimum of -1 is for "not said", which nobody writes. */
	json_put_i64(json, "minimum", field->min == -1 ? 0 : field->min);
	json_put_i64(json, "maximum", field->max);
}

static void put_enum(struct json_writer *json, const struct field *field)
{
	json_key(json, "enum");
	json_array(json);
	for (int64_t i = 0; i <= field->max; i++)
		json_str(json, field->names[i]);
	json_array_end(json);
}

static void put_type(struct json_writer *json, const struct schema *schema,
		     const struct field *field)
{
	const char *pattern = pattern_of(schema, field);

	switch (field->kind) {
	case FIELD_ID: put_pattern(json, ID_PATTERN); return;
	case FIELD_TEXT: put_text(json, schema, field); return;
	case FIELD_INT: put_int(json, field); return;
	case FIELD_BOOL: json_put_str(json, "type", "boolean"); return;
	case FIELD_ENUM: put_enum(json, field); return;
	case FIELD_MONEY: put_money(json); return;
	case FIELD_RATIO: put_ratio(json, field); return;
	case FIELD_IDS: put_texts(json, field, ID_PATTERN); return;
	case FIELD_TEXTS:
		if (field->names)
			put_named_texts(json, field);
		else
			put_texts(json, field, pattern ? pattern : SELECTOR_PATTERN);
		return;
	case FIELD_CAPS: put_texts(json, field, CAPABILITY_PATTERN); return;
	case FIELD_JSON:
	case FIELD_TIME:
	case FIELD_PATHS:
	default:
		panic(__FILE__, __LINE__, "a kind that is written by hand");
	}
}

/* What holds where the key is left out; -1 says that nothing does. */
static void put_default(struct json_writer *json, const struct field *field)
{
	if (!field_is_number(field->kind) || field->initial == -1 ||
	    (field->flags & FIELD_REQUIRED))
		return;
	json_key(json, "default");
	if (field->kind == FIELD_BOOL)
		json_bool(json, field->initial != 0);
	else if (field->kind == FIELD_ENUM)
		json_str(json, field->names[field->initial]);
	else if (field->kind == FIELD_MONEY)
		json_money(json, field->initial);
	else if (field->kind == FIELD_RATIO)
		json_ratio(json, field->initial);
	else
		json_i64(json, field->initial);
}

static void put_property(struct json_writer *json, const struct schema *schema,
			 const struct field *field)
{
	struct slice short_name;

	bool is_size = fields_is_size(field, &short_name);

	if (is_size || fields_is_duration(field, &short_name)) {
		json_key_slice(json, short_name);
		json_object(json);
		json_put_str(json, "description", field->help);
		begin_any(json);
		json_key(json, "const");
		json_i64(json, 0);
		or_pattern(json, is_size ? SIZE_PATTERN : DURATION_PATTERN);
		json_object_end(json);
	}
	json_key(json, field->name);
	json_object(json);
	json_put_str(json, "description", field->help);
	put_type(json, schema, field);
	put_default(json, field);
	json_object_end(json);
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* Of an open object: a map whose keys are the fields; further properties go behind it. */
static void begin_map(struct json_writer *json, const struct schema *schema)
{
	json_put_str(json, "type", "object");
	json_put_bool(json, "additionalProperties", false);
	json_key(json, "required");
	json_array(json);
	for (size_t i = 0; i < schema->count; i++)
		if (schema->fields[i].flags & FIELD_REQUIRED)
			json_str(json, schema->fields[i].name);
	json_array_end(json);
	json_key(json, "properties");
	json_object(json);
	for (size_t i = 0; i < schema->count; i++)
		put_property(json, schema, &schema->fields[i]);
}

static void put_map(struct json_writer *json, const char *key, const struct schema *schema)
{
	json_key(json, key);
	json_object(json);
	begin_map(json, schema);
	json_object_end(json);
	json_object_end(json);
}

static void put_list(struct json_writer *json, const char *key, const struct schema *schema,
		     int64_t max)
{
	json_key(json, key);
	json_object(json);
	json_put_str(json, "type", "array");
	json_put_i64(json, "maxItems", max);
	json_key(json, "items");
	json_object(json);
	begin_map(json, schema);
	json_object_end(json);
	json_object_end(json);
	json_object_end(json);
}

static void put_ref_list(struct json_writer *json, const char *ref)
{
	json_put_str(json, "type", "array");
	json_put_i64(json, "minItems", 1);
	json_put_i64(json, "maxItems", MANIFESTS_MAX);
	json_key(json, "items");
	json_object(json);
	json_put_str(json, "$ref", ref);
	json_object_end(json);
}

/* ---- documents ------------------------------------------------------------------------------- */

/* Two blanks a level, each member on a line of its own. */
static void add_indented(struct buf *out, struct slice json)
{
	bool in_text = false;
	size_t depth = 0;

	for (size_t i = 0; i < json.len; i++) {
		char c = json.ptr[i];
		bool opens = !in_text && (c == '{' || c == '[');
		bool closes = !in_text && (c == '}' || c == ']');
		bool is_empty = opens && i + 1 < json.len && json.ptr[i + 1] == (c == '{' ? '}' : ']');

		if (closes && json.ptr[i - 1] != (c == '}' ? '{' : '[')) {
			buf_add_byte(out, '\n');
			buf_add_repeat(out, ' ', 2 * (depth - 1));
		}
		depth -= closes;
		depth += opens;
		buf_add_byte(out, c);
		if (in_text && c == '\\')
			buf_add_byte(out, json.ptr[++i]);
		else if (c == '"')
			in_text = !in_text;
		else if (!in_text && c == ':')
			buf_add_byte(out, ' ');
		if ((opens && !is_empty) || (!in_text && c == ',')) {
			buf_add_byte(out, '\n');
			buf_add_repeat(out, ' ', 2 * depth);
		}
	}
	buf_add_byte(out, '\n');
}

static void begin_document(struct json_writer *json, const char *title, const char *description)
{
	json_object(json);
	json_put_str(json, "$schema", DIALECT);
	json_put_str(json, "title", title);
	json_put_str(json, "description", description);
}

static void end_document(struct json_writer *json, struct buf *text, struct buf *out)
{
	json_object_end(json);
	add_indented(out, buf_slice(text));
	buf_finish(text);
}

void json_schema_of_policy(struct buf *out)
{
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);

	begin_document(&json, "InfraFabric policy",
		       "Settings and rules of the governor, and cases that test them; read by "
		       "ifctl governor policy");
	json_put_str(&json, "type", "object");
	json_put_bool(&json, "additionalProperties", false);
	json_put_i64(&json, "minProperties", 1);
	json_key(&json, "properties");
	json_object(&json);
	json_key(&json, "name");
	json_object(&json);
	json_put_str(&json, "type", "string");
	json_put_i64(&json, "minLength", 1);
	json_put_i64(&json, "maxLength", POLICY_NAME_BYTES_MAX);
	json_object_end(&json);
	put_map(&json, "resource_policy", &policy_settings_schema);
	put_list(&json, "rules", &policy_rule_schema, POLICY_RULES_MAX);
	put_list(&json, "cases", &policy_case_schema, POLICY_CASES_MAX);
	json_object_end(&json);
	end_document(&json, &text, out);
}

void json_schema_of_manifest(struct buf *out)
{
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);

	begin_document(&json, "InfraFabric swarm manifest",
		       "One swarm, a list of them, or a map with a list of swarms");
	json_key(&json, "anyOf");
	json_array(&json);
	json_object(&json);
	json_put_str(&json, "$ref", "#/$defs/swarm");
	json_object_end(&json);
	json_object(&json);
	put_ref_list(&json, "#/$defs/swarm");
	json_object_end(&json);
	json_object(&json);
	json_put_str(&json, "type", "object");
	json_put_bool(&json, "additionalProperties", false);
	json_key(&json, "required");
	json_texts(&json, (struct slice_list){ (struct slice[]){ SLICE("swarms") }, 1 });
	json_key(&json, "properties");
	json_object(&json);
	json_key(&json, "swarms");
	json_object(&json);
	put_ref_list(&json, "#/$defs/swarm");
	json_object_end(&json);
	json_object_end(&json);
	json_object_end(&json);
	json_array_end(&json);
	json_key(&json, "$defs");
	json_object(&json);
	json_key(&json, "swarm");
	json_object(&json);
	begin_map(&json, &manifest_schema);
	put_map(&json, "price_per_million", &price_kinds_schema);
	put_map(&json, "weight", &manifest_weight_schema);
	json_object_end(&json);
	/* One kind of rate. */
	json_key(&json, "not");
	json_object(&json);
	json_key(&json, "required");
	json_texts(&json, (struct slice_list){ (struct slice[]){ SLICE("rate_usd_per_hour"),
								 SLICE("price_per_million") }, 2 });
	json_object_end(&json);
	json_object_end(&json);
	json_object_end(&json);
	end_document(&json, &text, out);
}

void json_schema_of_prices(struct buf *out)
{
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);

	begin_document(&json, "InfraFabric price table", "Dollars for a million tokens, by model");
	json_put_str(&json, "type", "object");
	json_put_bool(&json, "additionalProperties", false);
	json_key(&json, "required");
	json_texts(&json, (struct slice_list){ (struct slice[]){ SLICE("prices") }, 1 });
	json_key(&json, "properties");
	json_object(&json);
	put_list(&json, "prices", &price_fields_schema, PRICE_ROWS_MAX);
	json_object_end(&json);
	end_document(&json, &text, out);
}

/* ---- contracts ------------------------------------------------------------------------------- */

static void begin_object(struct json_writer *json, const char *key, bool is_closed)
{
	json_key(json, key);
	json_object(json);
	json_put_str(json, "type", "object");
	json_put_bool(json, "additionalProperties", !is_closed);
	json_key(json, "properties");
	json_object(json);
}

static void end_object(struct json_writer *json)
{
	json_object_end(json);
	json_object_end(json);
}

/* A list of maps, or null. */
static void put_entries(struct json_writer *json, const char *key, const struct schema *schema,
			int64_t max)
{
	json_key(json, key);
	json_object(json);
	json_key(json, "type");
	json_texts(json, (struct slice_list){ (struct slice[]){ SLICE("array"), SLICE("null") }, 2 });
	json_put_i64(json, "maxItems", max);
	json_key(json, "items");
	json_object(json);
	begin_map(json, schema);
	json_object_end(json);
	json_object_end(json);
	json_object_end(json);
}

/* What of microsoft/policy-mcp, version 1, the chassis can hold. */
static void put_policy(struct json_writer *json)
{
	json_key(json, "policy");
	json_object(json);
	json_put_str(json, "description", "A microsoft/policy-mcp document of version 1");
	begin_map(json, &policy_head_schema);
	begin_object(json, "permissions", true);
	begin_object(json, "storage", true);
	put_entries(json, "allow", &policy_storage_schema, CONTRACT_STORAGE_MAX);
	put_entries(json, "deny", &policy_storage_schema, CONTRACT_FILES_DENIED_MAX);
	end_object(json);
	begin_object(json, "network", true);
	put_entries(json, "allow", &policy_network_schema, CONTRACT_HTTP_MAX);
	put_entries(json, "deny", &policy_network_schema, CONTRACT_HOSTS_DENIED_MAX);
	end_object(json);
	begin_object(json, "environment", true);
	put_entries(json, "allow", &policy_variable_schema, CONTRACT_ENVIRONMENT_MAX);
	end_object(json);
	put_map(json, "resources", &policy_resources_schema);
	/* Read by the program, which says why it holds none of them. */
	begin_object(json, "runtime", false);
	end_object(json);
	begin_object(json, "ipc", false);
	end_object(json);
	end_object(json);
	json_object_end(json);
	json_object_end(json);
}

static void put_ports(struct json_writer *json)
{
	json_key(json, "ports");
	json_object(json);
	json_put_str(json, "description", "Ports; left out: 443 for https, 80 for http");
	begin_any(json);
	json_put_str(json, "type", "array");
	json_put_i64(json, "maxItems", CONTRACT_PORTS_MAX);
	json_put_bool(json, "uniqueItems", true);
	json_key(json, "items");
	json_object(json);
	json_put_str(json, "type", "integer");
	json_put_i64(json, "minimum", 1);
	json_put_i64(json, "maximum", UINT16_MAX);
	json_object_end(json);
	json_object_end(json);
	json_object(json);
	json_put_str(json, "type", "integer");
	json_put_i64(json, "minimum", 1);
	json_put_i64(json, "maximum", UINT16_MAX);
	json_object_end(json);
	json_array_end(json);
	json_object_end(json);
}

void json_schema_of_contract(struct buf *out)
{
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);

	begin_document(&json, "InfraFabric contract",
		       "What a guest of the chassis may do and use, and what it promises; read by "
		       "ifctl chassis check");
	begin_map(&json, &contract_root_schema);
	put_policy(&json);
	put_map(&json, "limits", &contract_limits_schema);
	put_map(&json, "rates", &contract_rates_schema);
	json_key(&json, "http");
	json_object(&json);
	json_put_str(&json, "type", "array");
	json_put_i64(&json, "maxItems", CONTRACT_HTTP_MAX);
	json_key(&json, "items");
	json_object(&json);
	begin_map(&json, &contract_http_schema);
	put_ports(&json);
	json_object_end(&json);
	json_object_end(&json);
	json_object_end(&json);
	put_list(&json, "credentials", &contract_credential_schema, CONTRACT_CREDENTIALS_MAX);
	put_map(&json, "slos", &contract_slos_schema);
	put_map(&json, "determinism", &contract_determinism_schema);
	json_object_end(&json);
	end_document(&json, &text, out);
}
