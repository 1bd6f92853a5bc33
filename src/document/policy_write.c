/*
 * policy_write - a policy as YAML, and what differs between two.
 */
#include <string.h>

#include "base/ensure.h"
#include "base/text.h"
#include "document/policy_doc.h"

/* ---- YAML ------------------------------------------------------------------------------------ */

static bool is_plain_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-' || c == '*';
}

/* What means the same with quotes and without, also inside of [ ]. */
static bool is_plain(struct slice text)
{
	static const char *const words[] = { "true", "false", "null" };

	if (text.len == 0 || !((text.ptr[0] >= 'a' && text.ptr[0] <= 'z') ||
			       (text.ptr[0] >= 'A' && text.ptr[0] <= 'Z')))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is_nocase(text, slice_of_str(words[i])))
			return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_plain_byte(text.ptr[i]) &&
		    !(text.ptr[i] == ' ' && i + 1 < text.len))
			return false;
	return true;
}

/* Quotes, controls, and what YAML takes for the end of a line or no character at all. */
static bool is_escaped(uint32_t code_point)
{
	return code_point < 0x20 || code_point == '"' || code_point == '\\' ||
	       (code_point >= 0x7f && code_point < 0xa0) || code_point == 0x2028 ||
	       code_point == 0x2029 || code_point == 0xfeff || code_point == 0xfffe ||
	       code_point == 0xffff;
}

static void add_text(struct buf *out, struct slice text)
{
	if (is_plain(text)) {
		buf_add_slice(out, text);
		return;
	}
	buf_add_byte(out, '"');
	while (text.len) {
		uint32_t code_point;
		size_t len = text_decode(text, &code_point);

		ENSURE(len > 0);
		if (is_escaped(code_point)) {
			char bytes[2] = { (char)(code_point >> 8), (char)code_point };

			buf_add_lit(out, "\\u");
			buf_add_hex(out, bytes, sizeof(bytes));
		} else {
			buf_add(out, text.ptr, len);
		}
		text = slice_from(text, len);
	}
	buf_add_byte(out, '"');
}

static void add_list(struct buf *out, struct slice_list list)
{
	buf_add_byte(out, '[');
	for (size_t i = 0; i < list.count; i++) {
		buf_add_str(out, i ? ", " : "");
		add_text(out, list.items[i]);
	}
	buf_add_byte(out, ']');
}

static void add_value(struct buf *out, const struct field *field, const void *object)
{
	const char *at = (const char *)object + field->offset;
	const int64_t *number = (const void *)at;
	struct slice name;

	if (field_is_list(field->kind))
		add_list(out, *(const struct slice_list *)(const void *)at);
	else if (!field_is_number(field->kind))
		add_text(out, *(const struct slice *)(const void *)at);
	else if (field->kind == FIELD_BOOL)
		buf_add_str(out, *number ? "true" : "false");
	else if (field->kind == FIELD_ENUM)
		buf_add_str(out, field->names[*number]);
	else if (field->kind == FIELD_MONEY)
		buf_add_money(out, *number);
	else if (field->kind == FIELD_RATIO)
		buf_add_ratio(out, *number);
	else if (fields_is_duration(field, &name))
		fields_add_duration(out, *number);
	else
		buf_add_i64(out, *number);
}

static void add_key(struct buf *out, const struct field *field)
{
	struct slice name;

	if (!fields_is_duration(field, &name))
		name = slice_of_str(field->name);
	buf_add_slice(out, name);
}

/* Whether the field says something that its absence does not. */
static bool is_set(const struct field *field, const void *object)
{
	const char *at = (const char *)object + field->offset;

	if (field_is_list(field->kind))
		return ((const struct slice_list *)(const void *)at)->count > 0;
	if (field_is_number(field->kind))
		return *(const int64_t *)(const void *)at != field->initial ||
		       strcmp(field->name, "effect") == 0;
	return ((const struct slice *)(const void *)at)->len > 0;
}

static void write_rule(const struct policy_rule *rule, struct buf *out)
{
	const char *indent = "  - ";

	for (size_t i = 0; i < policy_rule_schema.count; i++) {
		const struct field *field = &policy_rule_schema.fields[i];

		if (!is_set(field, rule))
			continue;
		buf_add_str(out, indent);
		add_key(out, field);
		buf_add_lit(out, ": ");
		add_value(out, field, rule);
		buf_add_byte(out, '\n');
		indent = "    ";
	}
}

void policy_doc_write_yaml(const struct policy *policy, struct buf *out)
{
	if (policy->name.len) {
		buf_add_lit(out, "name: ");
		add_text(out, policy->name);
		buf_add_byte(out, '\n');
	}
	buf_add_lit(out, "resource_policy:\n");
	for (size_t i = 0; i < policy_settings_schema.count; i++) {
		const struct field *field = &policy_settings_schema.fields[i];

		buf_add_lit(out, "  ");
		add_key(out, field);
		buf_add_lit(out, ": ");
		add_value(out, field, &policy->settings);
		buf_add_byte(out, '\n');
	}
	if (policy->rule_count)
		buf_add_lit(out, "rules:\n");
	for (size_t i = 0; i < policy->rule_count; i++)
		write_rule(&policy->rules[i], out);
}

/* ---- differences ----------------------------------------------------------------------------- */

struct differ {
	const struct policy *from, *to;
	struct buf *out;
	size_t lines;
};

static bool same_value(const struct field *field, const void *a, const void *b)
{
	struct buf left = { 0 }, right = { 0 };
	bool same;

	/* What is not said has no form of its own. */
	if (is_set(field, a) != is_set(field, b))
		return false;
	if (!is_set(field, a))
		return true;
	add_value(&left, field, a);
	add_value(&right, field, b);
	same = slice_is(buf_slice(&left), buf_slice(&right));
	buf_finish(&left);
	buf_finish(&right);
	return same;
}

static void add_side(struct differ *differ, const struct field *field, const void *object,
		     bool always)
{
	if (always || is_set(field, object))
		add_value(differ->out, field, object);
	else
		buf_add_lit(differ->out, "(not set)");
}

/* "KEY: old -> new" for each field that differs, behind `start`. */
static void diff_fields(struct differ *differ, const struct schema *schema, struct slice start,
			const void *from, const void *to, bool always)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];

		if (same_value(field, from, to))
			continue;
		buf_add_slice(differ->out, start);
		add_key(differ->out, field);
		buf_add_lit(differ->out, ": ");
		add_side(differ, field, from, always);
		buf_add_lit(differ->out, " -> ");
		add_side(differ, field, to, always);
		buf_add_byte(differ->out, '\n');
		differ->lines++;
	}
}

static const struct policy_rule *rule_named(const struct policy *policy, struct slice name)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (slice_is(policy->rules[i].name, name))
			return &policy->rules[i];
	return NULL;
}

/* "- rule nights (2 of 3): effect deny, boards [a]" */
static void tell_rule(struct differ *differ, char sign, const struct policy *policy, size_t index)
{
	const struct policy_rule *rule = &policy->rules[index];
	const char *comma = ": ";

	buf_add_byte(differ->out, sign);
	buf_add_lit(differ->out, " rule ");
	buf_add_slice(differ->out, rule->name);
	buf_add_lit(differ->out, " (");
	buf_add_u64(differ->out, index + 1);
	buf_add_lit(differ->out, " of ");
	buf_add_u64(differ->out, policy->rule_count);
	buf_add_byte(differ->out, ')');
	for (size_t i = 1; i < policy_rule_schema.count; i++) {
		const struct field *field = &policy_rule_schema.fields[i];

		if (!is_set(field, rule))
			continue;
		buf_add_str(differ->out, comma);
		add_key(differ->out, field);
		buf_add_byte(differ->out, ' ');
		add_value(differ->out, field, rule);
		comma = ", ";
	}
	buf_add_byte(differ->out, '\n');
	differ->lines++;
}

static void tell_order(struct buf *out, const struct policy *policy, const struct policy *other)
{
	const char *comma = "";

	for (size_t i = 0; i < policy->rule_count; i++) {
		if (!rule_named(other, policy->rules[i].name))
			continue;
		buf_add_str(out, comma);
		buf_add_slice(out, policy->rules[i].name);
		comma = ", ";
	}
}

/* Rules that both have, in another order: the first that matches speaks, so it counts. */
static void diff_order(struct differ *differ)
{
	struct buf from = { 0 }, to = { 0 };

	tell_order(&from, differ->from, differ->to);
	tell_order(&to, differ->to, differ->from);
	if (!slice_is(buf_slice(&from), buf_slice(&to))) {
		buf_add_lit(differ->out, "order of rules: ");
		buf_add_slice(differ->out, buf_slice(&from));
		buf_add_lit(differ->out, " -> ");
		buf_add_slice(differ->out, buf_slice(&to));
		buf_add_byte(differ->out, '\n');
		differ->lines++;
	}
	buf_finish(&from);
	buf_finish(&to);
}

static void diff_rules(struct differ *differ)
{
	struct buf start = { 0 };

	for (size_t i = 0; i < differ->from->rule_count; i++)
		if (!rule_named(differ->to, differ->from->rules[i].name))
			tell_rule(differ, '-', differ->from, i);
	for (size_t i = 0; i < differ->to->rule_count; i++) {
		const struct policy_rule *to = &differ->to->rules[i];
		const struct policy_rule *from = rule_named(differ->from, to->name);

		if (!from) {
			tell_rule(differ, '+', differ->to, i);
			continue;
		}
		buf_clear(&start);
		buf_add_lit(&start, "rule ");
		buf_add_slice(&start, to->name);
		buf_add_lit(&start, ": ");
		diff_fields(differ, &policy_rule_schema, buf_slice(&start), from, to, false);
	}
	buf_finish(&start);
}

size_t policy_doc_diff(const struct policy *from, const struct policy *to, struct buf *out)
{
	struct differ differ = { .from = from, .to = to, .out = out };

	if (!slice_is(from->name, to->name)) {
		buf_add_lit(out, "name: ");
		add_text(out, from->name);
		buf_add_lit(out, " -> ");
		add_text(out, to->name);
		buf_add_byte(out, '\n');
		differ.lines++;
	}
	diff_fields(&differ, &policy_settings_schema, SLICE_EMPTY, &from->settings, &to->settings,
		    true);
	diff_rules(&differ);
	diff_order(&differ);
	return differ.lines;
}
