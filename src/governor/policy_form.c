/*
 * policy_form - a policy as bytes and as JSON.
 *
 * Each object goes with the number of its fields: what a later program adds
 * has its default in older bytes, not zero.
 */
#include <stdint.h>

#include "base/ensure.h"
#include "governor/policy.h"

#define RULE_BYTES_MIN 2	/* a number of fields and a length */
#define SETTINGS_FIRST 13	/* with which policies began: up to assumed_cost */

/*
 * Settings that came later are written only where they are not as they begin,
 * so that a policy which does not know them has the bytes that it always had.
 */
static struct schema settings_said(const struct policy_settings *settings)
{
	struct schema said = policy_settings_schema;
	struct policy_settings all = *settings;

	while (said.count > SETTINGS_FIRST &&
	       *field_number(&said.fields[said.count - 1], &all) ==
		       said.fields[said.count - 1].initial)
		said.count--;
	return said;
}

void policy_encode(const struct policy *policy, struct buf *out)
{
	struct schema said = settings_said(&policy->settings);

	varint_add(out, policy->name.len);
	buf_add_slice(out, policy->name);
	schema_pack(&said, &policy->settings, out);
	varint_add(out, policy->rule_count);
	for (size_t i = 0; i < policy->rule_count; i++)
		schema_pack(&policy_rule_schema, &policy->rules[i], out);
}

bool policy_decode(struct slice bytes, struct arena *arena, struct policy *ret_policy)
{
	struct policy policy = { .digest = SLICE_EMPTY };
	struct policy_rule *rules;
	uint64_t len, count;

	if (!varint_cut(&bytes, &len) || len > POLICY_NAME_BYTES_MAX || len > bytes.len)
		return false;
	policy.name = slice_head(bytes, len);
	bytes = slice_from(bytes, len);
	if (!schema_unpack(&policy_settings_schema, &bytes, arena, &policy.settings) ||
	    !varint_cut(&bytes, &count) || count > POLICY_RULES_MAX ||
	    count > bytes.len / RULE_BYTES_MIN)
		return false;
	rules = arena_zero(arena, count, sizeof(*rules));
	for (size_t i = 0; i < count; i++)
		if (!schema_unpack(&policy_rule_schema, &bytes, arena, &rules[i]))
			return false;
	if (bytes.len)
		return false;
	policy.rules = rules;
	policy.rule_count = count;
	*ret_policy = policy;
	return true;
}

void policy_write_json(const struct policy *policy, struct json_writer *json)
{
	if (policy->name.len)
		json_put_text(json, "name", policy->name);
	json_key(json, "resource_policy");
	json_object(json);
	schema_write_json(&policy_settings_schema, &policy->settings, json);
	json_object_end(json);
	json_key(json, "rules");
	json_array(json);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		json_object(json);
		schema_write_json_set(&policy_rule_schema, rule, json);
		/* Said even when it is the default: it is what a rule is about. */
		if (rule->effect == POLICY_ALLOW)
			json_put_str(json, "effect", policy_effect_names[rule->effect]);
		json_object_end(json);
	}
	json_array_end(json);
	if (policy->digest.len)
		json_put_text(json, "digest", policy->digest);
}
