/*
 * Policies, capabilities, and swarms by the manifest.
 */
#include "base/ensure.h"
#include "fabric/decide_govern.h"
#include "governor/registry.h"

static bool is_defined(const struct state *state, struct slice capability)
{
	for (uint32_t i = 0; i < state->govern.capability_texts.count; i++) {
		const struct capability_text *text = slab_at(&state->govern.capability_texts, i);

		if (slice_is(text->capability, capability))
			return true;
	}
	return false;
}

enum err decide_capability_define(struct decision *decision, const struct command *command)
{
	const struct cmd_capability_define *args = &command->args.capability_define;
	ptrdiff_t colon = slice_find_byte(args->capability, ':');

	if (colon < 1 || (size_t)colon + 1 == args->capability.len ||
	    capability_is_any(args->capability))
		return REFUSE(decision, ERR_ARGUMENT_TYPE, "{} is not domain:skill", args->capability);
	if (decision->state->govern.capability_texts.count >= LIMIT_CAPABILITIES_DEFINED &&
	    !is_defined(decision->state, args->capability))
		return REFUSE(decision, ERR_LIMIT_EXCEEDED,
			      "{} capabilities are defined, which is the limit",
			      decision_number(decision, LIMIT_CAPABILITIES_DEFINED));
	decision_emit(decision, EVENT_CAPABILITY_DEFINED)->of.capability_defined =
		(struct ev_capability_defined){ args->capability, args->description };
	json_put_text(&decision->answer_json, "capability", args->capability);
	json_put_text(&decision->answer_json, "description", args->description);
	return OK;
}

static void emit_settings(struct decision *decision, const struct policy_settings *settings)
{
	const struct schema *schema = &policy_settings_schema;

	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];
		/* Reading through the schema's accessor changes nothing. */
		int64_t value = *field_number(field, (void *)(uintptr_t)settings);

		if (value != field->initial)
			decision_emit(decision, EVENT_POLICY_SET)->of.policy_set =
				(struct ev_policy_set){ slice_of_str(field->name), value };
	}
}

enum err decide_policy_apply(struct decision *decision, const struct command *command)
{
	const struct policy *policy = command->policy;
	struct event *applied;

	ENSURE(policy != NULL && policy->rule_count <= POLICY_RULES_MAX);
	applied = decision_emit(decision, EVENT_POLICY_APPLIED);
	applied->of.policy_applied = (struct ev_policy_applied){
		.name = policy->name, .document = command->args.policy_apply.document,
		.rules = (int64_t)policy->rule_count,
	};
	emit_settings(decision, &policy->settings);
	applied->of.policy_applied.settings = (int64_t)decision->event_count - 1;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		decision_emit(decision, EVENT_POLICY_RULED)->of.policy_ruled =
			(struct ev_policy_ruled){
				.name = rule->name, .effect = rule->effect, .boards = rule->boards,
				.tasks = rule->tasks, .swarms = rule->swarms,
				.capabilities = rule->capabilities, .kind = rule->kind,
				.max_cost = rule->max_cost, .min_match = rule->min_match,
				.max_swarms = rule->max_swarms, .reason = rule->reason,
			};
	}
	json_put_text(&decision->answer_json, "name", policy->name);
	json_put_i64(&decision->answer_json, "version", (int64_t)applied->number);
	json_put_i64(&decision->answer_json, "rules", (int64_t)policy->rule_count);
	return OK;
}

static bool is_known(const struct state *state, struct slice capability)
{
	if (registry_knows(capability))
		return true;
	for (uint32_t i = 0; i < state->govern.capability_texts.count; i++) {
		const struct capability_text *text = slab_at(&state->govern.capability_texts, i);

		if (slice_is(text->capability, capability) ||
		    (capability_is_any(capability) &&
		     slice_is(capability_domain(text->capability), capability_domain(capability))))
			return true;
	}
	return false;
}

static void complain(struct decision *decision, const struct command *command, size_t i,
		     struct slice capability, size_t errors)
{
	struct json_writer *json = &decision->member_json;
	struct slice file = command->args.swarm_import.file;
	struct slice text = TEXT(decision, "swarms[{}].capabilities: {} is not a known capability",
				 decision_number(decision, (int64_t)i), capability);

	if (errors)
		buf_add_byte(&decision->detail, '\n');
	buf_add_slice(&decision->detail,
		      TEXT(decision, "{}:{}: {}", file.len ? file : SLICE("document"),
			   decision_number(decision, command->swarm_lines[i]), text));
	json_object(json);
	json_put_i64(json, "line", command->swarm_lines[i]);
	json_put_text(json, "text", text);
	json_object_end(json);
}

/* All at once, and nothing is registered. */
static enum err check_capabilities(struct decision *decision, const struct command *command)
{
	struct json_writer *json = &decision->member_json;
	size_t errors = 0;

	json_key(json, "errors");
	json_array(json);
	for (size_t i = 0; i < command->swarm_count; i++) {
		struct slice_list have = command->swarms[i].capabilities;

		for (size_t at = 0; at < have.count; at++)
			if (!is_known(decision->state, have.items[at]))
				complain(decision, command, i, have.items[at], errors++);
	}
	json_array_end(json);
	return errors ? ERR_DOCUMENT_INVALID : OK;
}

enum err decide_swarm_import(struct decision *decision, const struct command *command)
{
	enum err err = check_capabilities(decision, command);

	struct json_writer *json = &decision->answer_json;
	struct slice actor = decision->actor;

	if (err != OK)
		return err;
	for (size_t i = 0; i < command->swarm_count; i++) {
		err = decide_register(decision, &command->swarms[i], true,
					       &command->swarm_budgets[i]);

		if (err != OK)
			return err;
	}
	decision->actor = actor;
	json_key(json, "swarms");
	json_array(json);
	for (size_t i = 0; i < command->swarm_count; i++)
		json_text(json, command->swarms[i].swarm);
	json_array_end(json);
	decision->about = ABOUT_NOTHING;
	return OK;
}
