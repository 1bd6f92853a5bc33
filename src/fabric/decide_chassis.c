/*
 * Modules and their contracts, runs and requests, credentials.
 */
#include "fabric/decide_chassis.h"

#include "base/ensure.h"
#include "fabric/decide_claim.h"
#include "fabric/decide_govern.h"

#define SHA256_HEX_BYTES 64

/* ---- modules ------------------------------------------------------------------------------- */

static bool is_hex(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!((text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
		      (text.ptr[i] >= 'a' && text.ptr[i] <= 'f')))
			return false;
	return true;
}

enum err decide_module(struct decision *decision, struct slice id, uint32_t *ret_module)
{
	uint32_t index = state_find_module(decision->state, id);

	if (index == INDEX_NONE || !state_module(decision->state, index)->loaded)
		return REFUSE(decision, ERR_MODULE_UNKNOWN, "module {}", id);
	*ret_module = index;
	return OK;
}

static enum err refuse_bytes(struct decision *decision, const struct cmd_chassis_load *args,
			     const struct contract *contract)
{
	if (args->sha256.len && (args->sha256.len != SHA256_HEX_BYTES || !is_hex(args->sha256)))
		return REFUSE(decision, ERR_ARGUMENT_TYPE, "sha256 is not 64 digits of 0-9 a-f{}",
			      SLICE_EMPTY);
	if ((args->sha256.len != 0) != (args->bytes != 0))
		return REFUSE(decision, ERR_ARGUMENT_MISSING, "{} go together",
			      SLICE("sha256 and bytes"));
	if (contract->module_sha256.len && !slice_is(contract->module_sha256, args->sha256))
		return REFUSE(decision, ERR_MODULE_MISMATCH, "contract {} is for a module with hash {}",
			      contract->name, contract->module_sha256);
	return OK;
}

/* Several secrets may go to one place. */
static struct slice_list endpoints_of(struct decision *decision, const struct contract *contract)
{
	struct slice *items = arena_zero(decision->arena, contract->credential_count + 1,
					 sizeof(*items));

	for (size_t i = 0; i < contract->credential_count; i++)
		items[i] = contract->credentials[i].endpoint;
	return decision_each_once(decision,
				  (struct slice_list){ items, contract->credential_count });
}

enum err decide_chassis_load(struct decision *decision, const struct command *command)
{
	const struct cmd_chassis_load *args = &command->args.chassis_load;
	const struct contract *contract = command->contract;
	const struct state *state = decision->state;
	uint32_t known = state_find_module(state, args->module);
	enum err err = refuse_bytes(decision, args, contract);

	if (err != OK)
		return err;
	if (known == INDEX_NONE && state->chassis.modules.count >= LIMIT_MODULES)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED,
			      "there are {} modules, which is the limit",
			      decision_number(decision, LIMIT_MODULES));
	decision_emit(decision, EVENT_MODULE_LOADED)->of.module_loaded = (struct ev_module_loaded){
		.module = args->module, .sha256 = args->sha256, .bytes = args->bytes,
		.contract = contract->name, .document = args->document,
		.endpoints = endpoints_of(decision, contract),
		.p99_latency_ms = contract->slos.p99_latency_ms,
		.success_rate = contract->slos.success_rate,
		.availability = contract->slos.availability,
	};
	decision->about = ABOUT_MODULE;
	decision->name = args->module;
	return OK;
}

static enum err refuse_in_use(struct decision *decision, uint32_t module)
{
	const struct state *state = decision->state;

	for (uint32_t i = 0; i < state->swarms.count && state_module(state, module)->swarms; i++)
		if (state_standing(state, i)->module == module &&
		    state_swarm(state, i)->registered)
			return REFUSE(decision, ERR_MODULE_IN_USE,
				      "swarm {} works under the contract of module {}",
				      state_swarm(state, i)->id, state_module(state, module)->id);
	return OK;
}

enum err decide_chassis_unload(struct decision *decision, const struct command *command)
{
	const struct cmd_chassis_unload *args = &command->args.chassis_unload;
	uint32_t module;
	enum err err = decide_module(decision, args->module, &module);

	if (err == OK)
		err = refuse_in_use(decision, module);
	if (err != OK)
		return err;
	decision_emit(decision, EVENT_MODULE_UNLOADED)->of.module_unloaded =
		(struct ev_module_unloaded){ args->module, args->reason };
	json_put_text(&decision->answer_json, "module", args->module);
	json_put_bool(&decision->answer_json, "unloaded", true);
	return OK;
}

/* ---- use ----------------------------------------------------------------------------------- */

/* The task's holder by its token; or, when the claim is over, the swarm that is named. */
static enum err find_runner(struct decision *decision, const struct cmd_chassis_report *args,
			    uint32_t task, uint32_t *ret_swarm, const struct claim **ret_claim)
{
	const struct state *state = decision->state;
	uint32_t at = state_task(state, task)->claim;
	enum err err = OK;

	*ret_claim = NULL;
	if (at != INDEX_NONE && state_claim(state, at)->fence == (uint64_t)args->fence) {
		*ret_claim = state_claim(state, at);
		*ret_swarm = (*ret_claim)->swarm;
		if (args->swarm.len && !slice_is(args->swarm, state_swarm(state, *ret_swarm)->id))
			err = REFUSE(decision, ERR_FENCE_STALE, "token {} is that of swarm {}",
				     decision_number(decision, args->fence),
				     state_swarm(state, *ret_swarm)->id);
		return err;
	}
	if (args->swarm.len == 0 || (uint64_t)args->fence > state->last_event)
		return REFUSE(decision, ERR_FENCE_STALE,
			      "token {} is not that of the live claim of task {}; "
			      "name the swarm if it was",
			      decision_number(decision, args->fence), args->task);
	return decision_swarm(decision, args->swarm, ret_swarm);
}

#define COPY_NUMBER(T, kind, name, ...) of->name = args->name;

enum err decide_chassis_report(struct decision *decision, const struct command *command)
{
	const struct cmd_chassis_report *args = &command->args.chassis_report;
	const struct state *state = decision->state;
	const struct claim *claim = NULL;
	struct ev_run_reported *of;
	uint32_t task, swarm = INDEX_NONE;
	enum err err = decision_task(decision, args->board, args->task, &task);

	if (err == OK)
		err = find_runner(decision, args, task, &swarm, &claim);
	if (err != OK)
		return err;
	decision->actor = state_swarm(state, swarm)->id;
	of = &decision_emit(decision, EVENT_RUN_REPORTED)->of.run_reported;
	decision_name_task(decision, task, &of->board, &of->task);
	of->swarm = decision->actor;
	of->fence = args->fence;
	of->verdict = args->verdict;
	of->detail = args->detail;
	RUN_NUMBERS(COPY_NUMBER, )
	decide_charge_run(decision, task, swarm, claim, args->fence, args->wall_us);
	json_put_text(&decision->answer_json, "swarm", decision->actor);
	json_put_str(&decision->answer_json, "verdict", chassis_verdict_names[args->verdict]);
	return OK;
}

enum err decide_egress_note(struct decision *decision, const struct command *command)
{
	const struct cmd_egress_note *args = &command->args.egress_note;
	struct ev_egress_noted *of;
	uint32_t swarm, task = INDEX_NONE;
	/* The proxy tells as soon as it can, which may be after the swarm's work is over. */
	enum err err = decision_any_swarm(decision, args->swarm, &swarm);

	if (err == OK && args->task.len)
		err = decision_task(decision, args->board, args->task, &task);
	if (err != OK)
		return err;
	decision->actor = state_swarm(decision->state, swarm)->id;
	of = &decision_emit(decision, EVENT_EGRESS_NOTED)->of.egress_noted;
	*of = (struct ev_egress_noted){
		.swarm = decision->actor, .host = args->host, .method = args->method,
		.path = args->path, .status = args->status, .bytes = args->bytes,
		.duration_ms = args->duration_ms, .rule = args->rule, .denied = args->denied,
	};
	if (task != INDEX_NONE)
		decision_name_task(decision, task, &of->board, &of->task);
	json_put_text(&decision->answer_json, "swarm", decision->actor);
	return OK;
}

/* ---- credentials --------------------------------------------------------------------------- */

void decide_mint(struct decision *decision, const struct credential_order *order)
{
	struct ev_credential_minted *of;
	char space[CREDENTIAL_ID_BYTES];
	struct event *event = decision_emit(decision, EVENT_CREDENTIAL_MINTED);

	of = &event->of.credential_minted;
	of->credential = arena_copy(decision->arena, credential_id(event->number, space));
	of->board = order->board;
	of->task = order->task;
	of->swarm = order->swarm;
	of->fence = order->fence;
	of->endpoints = order->endpoints;
	of->expires = credential_end_us(decision->now_us, order->ttl_ms, order->most_us);
}

/* The live claim of this task by this swarm. */
static enum err find_claim(struct decision *decision, const struct cmd_credential_mint *args,
			   uint32_t *ret_claim)
{
	const struct state *state = decision->state;
	uint32_t task, swarm, claim;
	enum err err = decision_swarm(decision, args->swarm, &swarm);

	if (err == OK)
		err = decision_task(decision, args->board, args->task, &task);
	if (err != OK)
		return err;
	claim = state_task(state, task)->claim;
	if (claim == INDEX_NONE || state_claim(state, claim)->swarm != swarm)
		return REFUSE(decision, ERR_TASK_NOT_CLAIMED, "swarm {} does not hold task {}",
			      args->swarm, args->task);
	*ret_claim = claim;
	return OK;
}

static enum err refuse_endpoints(struct decision *decision, const struct claim *claim,
				 struct slice_list endpoints)
{
	const struct module *module = state_contract_of(decision->state, claim->swarm);

	if (endpoints.count == 0)
		return REFUSE(decision, ERR_ARGUMENT_MISSING, "name at least one {}",
			      SLICE("endpoint"));
	for (size_t i = 0; i < endpoints.count; i++) {
		if (!credential_endpoint_is_valid(endpoints.items[i]))
			return REFUSE(decision, ERR_ARGUMENT_TYPE,
				      "endpoint {} is not like https://api.example.com",
				      endpoints.items[i]);
		if (module && !slice_list_has(module->endpoints, endpoints.items[i]))
			return REFUSE(decision, ERR_CREDENTIAL_SCOPE,
				      "contract {} of swarm {} has no credential for {}",
				      module->contract,
				      state_swarm(decision->state, claim->swarm)->id,
				      endpoints.items[i]);
	}
	return OK;
}

static enum err refuse_more(struct decision *decision, const struct claim *claim)
{
	if (state_count_credentials(decision->state, claim) >= LIMIT_CLAIM_CREDENTIALS)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED,
			      "the claim has {} credentials, which is the limit",
			      decision_number(decision, LIMIT_CLAIM_CREDENTIALS));
	if (decision->state->chassis.live_credentials >= LIMIT_CREDENTIALS)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED,
			      "there are {} credentials, which is the limit",
			      decision_number(decision, LIMIT_CREDENTIALS));
	return OK;
}

enum err decide_credential_mint(struct decision *decision, const struct command *command)
{
	const struct cmd_credential_mint *args = &command->args.credential_mint;
	struct credential_order order = { .ttl_ms = args->ttl_ms };
	const struct claim *claim;
	uint32_t index = INDEX_NONE;
	enum err err = find_claim(decision, args, &index);

	if (err != OK)
		return err;
	claim = state_claim(decision->state, index);
	err = refuse_endpoints(decision, claim, args->endpoint);
	if (err == OK)
		err = refuse_more(decision, claim);
	if (err != OK)
		return err;
	if (credential_end_us(decision->now_us, args->ttl_ms, claim->claim_until_us) <=
	    decision->now_us)
		return REFUSE(decision, ERR_LEASE_TOO_LONG, "task {} was claimed at {}", args->task,
			      decision_time(decision, claim->claimed_at_us));
	decision_name_task(decision, claim->task, &order.board, &order.task);
	order.swarm = state_swarm(decision->state, claim->swarm)->id;
	order.fence = (int64_t)claim->fence;
	order.most_us = claim->claim_until_us;
	order.endpoints = decision_each_once(decision, args->endpoint);
	decide_mint(decision, &order);
	decision->about = ABOUT_CREDENTIAL;
	decision->name = decision->last->of.credential_minted.credential;
	return OK;
}

void decide_claim_credential(struct decision *decision, const struct ev_task_claimed *of,
			     uint64_t fence, uint32_t swarm)
{
	const struct module *module = state_contract_of(decision->state, swarm);
	struct credential_order order = {
		.board = of->board, .task = of->task, .swarm = of->swarm, .fence = (int64_t)fence,
		.ttl_ms = LIMIT_CREDENTIAL_MS, .most_us = of->claim_until,
	};

	if (!module || module->endpoints.count == 0 ||
	    decision->state->chassis.live_credentials >= LIMIT_CREDENTIALS ||
	    credential_end_us(decision->now_us, order.ttl_ms, order.most_us) <= decision->now_us)
		return;
	order.endpoints = module->endpoints;
	decide_mint(decision, &order);
}

enum err decide_credential_revoke(struct decision *decision, const struct command *command)
{
	const struct cmd_credential_revoke *args = &command->args.credential_revoke;
	uint32_t index = state_find_credential(decision->state,
					       credential_number(args->credential));
	struct ev_credential_revoked *of;
	uint32_t task;

	if (index == INDEX_NONE)
		return REFUSE(decision, ERR_CREDENTIAL_UNKNOWN, "credential {}", args->credential);
	if (state_credential(decision->state, index)->revoked)
		return REFUSE(decision, ERR_CREDENTIAL_REVOKED, "credential {}", args->credential);
	task = state_credential(decision->state, index)->task;
	of = &decision_emit(decision, EVENT_CREDENTIAL_REVOKED)->of.credential_revoked;
	of->credential = args->credential;
	NAME_CLAIM(decision, task, of);
	of->reason = args->reason;
	json_put_text(&decision->answer_json, "revoked", args->credential);
	return OK;
}
