#include "api/bind_govern.h"

#include <string.h>

#include "api/complaints.h"
#include "document/contract_doc.h"
#include "document/manifest.h"
#include "document/policy_doc.h"

bool bind_takes_hand_document(enum command_type type)
{
	return type == COMMAND_POLICY_APPLY || type == COMMAND_SWARM_IMPORT ||
	       type == COMMAND_PRICE_IMPORT || type == COMMAND_CHASSIS_LOAD;
}

static enum err refuse(const struct doc_message *errors, size_t count, struct slice file,
		       struct buf *ret_detail, struct buf *ret_members)
{
	struct complaints complaints;

	complaints_begin(&complaints, file, ret_detail, ret_members);
	complain_all(&complaints, errors, count);
	complaints_end(&complaints);
	return ERR_DOCUMENT_INVALID;
}

static enum hand_format format_of(int64_t asked, struct slice file, struct slice text)
{
	if (asked != TREE_FORMAT_AUTO)
		return asked == TREE_FORMAT_JSON ? HAND_JSON : HAND_YAML;
	/* Without a name, a brace is JSON's: what is both reads the same. */
	if (file.len == 0 && text.len && text.ptr[0] == '{')
		return HAND_JSON;
	return hand_format_of(file);
}

static enum err bind_policy(struct arena *arena, struct command *command, struct buf *ret_detail,
			    struct buf *ret_members)
{
	const struct cmd_policy_apply *args = &command->args.policy_apply;
	struct policy_doc *doc = arena_zero(arena, 1, sizeof(*doc));
	enum err err = policy_doc_read(args->document,
				       format_of(args->format, args->file, args->document), arena,
				       doc);

	if (err != OK)
		return refuse(doc->errors, doc->error_count, args->file, ret_detail, ret_members);
	command->policy = &doc->policy;
	return OK;
}

static enum err bind_contract(struct arena *arena, struct command *command,
			      struct buf *ret_detail, struct buf *ret_members)
{
	const struct cmd_chassis_load *args = &command->args.chassis_load;
	struct contract_doc *doc = arena_zero(arena, 1, sizeof(*doc));
	enum err err = contract_doc_read(args->document,
					 format_of(args->format, args->file, args->document), NULL,
					 arena, doc);

	if (err != OK)
		return refuse(doc->errors, doc->error_count, args->file, ret_detail, ret_members);
	command->contract = &doc->contract;
	return OK;
}

static void initial_of(const struct schema *schema, void *object)
{
	for (size_t i = 0; i < schema->count; i++)
		if (field_is_number(schema->fields[i].kind))
			*field_number(&schema->fields[i], object) = schema->fields[i].initial;
}

static void take_manifest(const struct manifest *manifest, struct cmd_swarm_register *swarm,
			  struct cmd_budget_set *budget)
{
	initial_of(&command_table[COMMAND_SWARM_REGISTER].args, swarm);
	initial_of(&command_table[COMMAND_BUDGET_SET].args, budget);
	swarm->swarm = manifest->swarm_id;
	swarm->title = manifest->title;
	swarm->capabilities = manifest->capabilities;
	swarm->model = manifest->model;
	swarm->slots = manifest->concurrency;
	swarm->boards = manifest->boards;
	swarm->contract = manifest->contract;
	swarm->rate_usd = manifest->rate_usd_per_hour;
	swarm->usual_cost_usd = manifest->declared_cost_usd;
	swarm->usual_success = manifest->declared_success;
	if (manifest->has_price) {
		swarm->input_usd = manifest->price.nanousd_per_million[TOKEN_INPUT];
		swarm->output_usd = manifest->price.nanousd_per_million[TOKEN_OUTPUT];
		swarm->cache_read_usd = manifest->price.nanousd_per_million[TOKEN_CACHE_READ];
		swarm->cache_write_usd = manifest->price.nanousd_per_million[TOKEN_CACHE_WRITE];
	}
	if (manifest->has_weight) {
		swarm->base_weight = manifest->weight.base_weight;
		swarm->success_bonus = manifest->weight.success_bonus;
		swarm->success_threshold = manifest->weight.success_threshold;
		swarm->tier = manifest->weight.tier;
		swarm->description = manifest->weight.description;
	}
	budget->scope = BUDGET_OF_SWARM;
	budget->swarm = manifest->swarm_id;
	budget->limit_usd = manifest->budget_usd;
	budget->soft_usd = manifest->soft_budget_usd;
	budget->budget_duration_ms = manifest->budget_duration_ms;
	budget->reason = SLICE("its manifest");
}

static enum err check_fields(const struct schema *schema, void *object, struct buf *text)
{
	enum err err = OK;

	/* What is left out stands outside of the bounds. */
	for (size_t i = 0; i < schema->count && err == OK; i++) {
		const struct field *field = &schema->fields[i];

		if (field_is_number(field->kind) ? *field_number(field, object) == field->initial :
		    field_is_list(field->kind)	 ? field_list(field, object)->count == 0 :
						   field_slice(field, object)->len == 0)
			continue;
		err = field_check(field, object, text);
	}
	return err;
}

/* The machine's bounds, which may be narrower than the document's. */
static enum err check_swarms(struct command *command, struct cmd_swarm_register *swarms,
			     struct cmd_budget_set *budgets, const int *lines,
			     struct buf *ret_detail, struct buf *ret_members)
{
	struct complaints complaints;
	size_t before = ret_members->len;
	struct buf text = { 0 };
	enum err err = OK;

	complaints_begin(&complaints, command->args.swarm_import.file, ret_detail, ret_members);
	for (size_t i = 0; i < command->swarm_count; i++) {
		buf_clear(&text);
		if (check_fields(&command_table[COMMAND_SWARM_REGISTER].args, &swarms[i], &text) !=
			    OK ||
		    check_fields(&command_table[COMMAND_BUDGET_SET].args, &budgets[i], &text) != OK) {
			complain(&complaints, lines[i], buf_slice(&text));
			err = ERR_DOCUMENT_INVALID;
		}
	}
	complaints_end(&complaints);
	if (err == OK)
		ret_members->len = before;
	buf_finish(&text);
	return err;
}

static enum err bind_manifests(struct arena *arena, struct command *command,
			       struct buf *ret_detail, struct buf *ret_members)
{
	const struct cmd_swarm_import *args = &command->args.swarm_import;
	struct cmd_swarm_register *swarms;
	struct cmd_budget_set *budgets;
	struct manifest_doc doc;
	int *lines;
	enum err err = manifest_read(args->document,
				     format_of(args->format, args->file, args->document), NULL,
				     arena, &doc);

	if (err != OK)
		return refuse(doc.errors, doc.error_count, args->file, ret_detail, ret_members);
	swarms = arena_zero(arena, doc.count, sizeof(*swarms));
	budgets = arena_zero(arena, doc.count, sizeof(*budgets));
	lines = arena_zero(arena, doc.count, sizeof(*lines));
	for (size_t i = 0; i < doc.count; i++) {
		take_manifest(&doc.manifests[i], &swarms[i], &budgets[i]);
		lines[i] = doc.manifests[i].line;
	}
	command->swarms = swarms;
	command->swarm_budgets = budgets;
	command->swarm_lines = lines;
	command->swarm_count = doc.count;
	return check_swarms(command, swarms, budgets, lines, ret_detail, ret_members);
}

static enum err bind_prices(struct arena *arena, struct command *command, struct buf *ret_detail,
			    struct buf *ret_members)
{
	const struct cmd_price_import *args = &command->args.price_import;
	struct price_doc doc;
	enum err err = price_doc_read(args->document,
				      format_of(args->format, args->file, args->document), arena,
				      &doc);

	if (err != OK)
		return refuse(doc.errors, doc.error_count, args->file, ret_detail, ret_members);
	command->prices = doc.rows;
	command->price_count = doc.count;
	return OK;
}

enum err bind_hand_document(struct arena *arena, struct command *command, struct buf *ret_detail,
			    struct buf *ret_members)
{
	if (command->type == COMMAND_POLICY_APPLY)
		return bind_policy(arena, command, ret_detail, ret_members);
	if (command->type == COMMAND_PRICE_IMPORT)
		return bind_prices(arena, command, ret_detail, ret_members);
	if (command->type == COMMAND_CHASSIS_LOAD)
		return bind_contract(arena, command, ret_detail, ret_members);
	return bind_manifests(arena, command, ret_detail, ret_members);
}
