#include "fabric/fold_chassis.h"

#include "base/ensure.h"
#include "base/text.h"
#include "fabric/fold_task.h"
#include "fabric/standing.h"

/* Before its time nothing was compared: a state from an old snapshot knows as little. */
static bool has_chassis(const struct state *state)
{
	return state->feature_level >= FEATURE_CHASSIS;
}

/* ---- promises ------------------------------------------------------------------------------ */

/* What was noted last, or what is promised, has changed. */
static void judge(struct state *state, uint32_t swarm, int64_t at_us)
{
	struct standing *standing = state_standing(state, swarm);
	struct slo_targets targets = state_targets_of(state, swarm);
	struct slo_facts facts;

	slo_forget(&standing->slo, at_us);
	facts = slo_judge(&standing->slo, &targets, at_us);
	if (slo_is_kept(&targets, &facts))
		standing->broken_since_us = 0;
	else if (standing->broken_since_us == 0)
		standing->broken_since_us = at_us;
	if (facts.outcomes)
		reputation_note(&standing->reputation, at_us, reputation_of(&targets, &facts));
}

void chassis_claim_ends(struct state *state, uint32_t index, enum attempt_end end, int64_t at_us)
{
	const struct claim *claim = state_claim(state, index);
	struct slo_outcome outcome = standing_outcome(claim, end, at_us);

	/* What gave no result says nothing of the swarm. */
	if (!has_chassis(state) || end == ATTEMPT_GIVEN_BACK || end == ATTEMPT_LIVE)
		return;
	slo_note(&state_standing(state, claim->swarm)->slo, at_us, outcome.latency_ms,
		 outcome.succeeded);
	judge(state, claim->swarm, at_us);
}

/* ---- presence ------------------------------------------------------------------------------ */

void chassis_watch(struct state *state, uint32_t swarm, int64_t at_us, bool present)
{
	if (has_chassis(state) && state_swarm(state, swarm)->registered)
		slo_watch(&state_standing(state, swarm)->slo, at_us, present);
}

void chassis_left(struct state *state, uint32_t swarm, int64_t at_us)
{
	if (has_chassis(state))
		slo_unwatch(&state_standing(state, swarm)->slo, at_us);
}

void chassis_begin(struct state *state, int64_t at_us)
{
	for (uint32_t i = 0; i < state->swarms.count; i++)
		if (state_swarm(state, i)->registered)
			slo_watch(&state_standing(state, i)->slo, at_us,
				  !state_swarm(state, i)->absent);
}

/* ---- contracts ----------------------------------------------------------------------------- */

static uint32_t loaded_module(const struct state *state, struct slice id)
{
	uint32_t index = state_find_module(state, id);

	return index != INDEX_NONE && state_module(state, index)->loaded ? index : INDEX_NONE;
}

bool chassis_has_contract(const struct state *state, struct slice contract)
{
	return contract.len == 0 || loaded_module(state, contract) != INDEX_NONE;
}

void chassis_registered(struct state *state, uint32_t swarm, struct slice contract, int64_t at_us)
{
	uint32_t module = contract.len ? loaded_module(state, contract) : INDEX_NONE;
	bool changes = module != state_standing(state, swarm)->module;

	if (!has_chassis(state))
		return;
	slo_watch(&state_standing(state, swarm)->slo, at_us, true);
	if (!changes)
		return;
	state_bind_contract(state, swarm, module);
	judge(state, swarm, at_us);
}

static bool is_promise(int64_t ppm)
{
	return ppm >= -1 && ppm <= REPUTATION_FULL_PPM;
}

static bool contract_is_sound(const struct ev_module_loaded *of)
{
	return id_is_valid(of->module) && of->bytes >= 0 &&
	       (of->sha256.len != 0) == (of->bytes != 0) &&
	       of->endpoints.count <= (size_t)LIMIT_ENDPOINTS && of->p99_latency_ms >= 0 &&
	       of->p99_latency_ms <= LIMIT_LEASE_MOST_MS && is_promise(of->success_rate) &&
	       is_promise(of->availability);
}

bool fold_module_loaded(struct state *state, const struct event *event)
{
	const struct ev_module_loaded *of = &event->of.module_loaded;
	uint32_t index = state_find_module(state, of->module);
	struct module *module;

	if (!has_chassis(state) || !contract_is_sound(of))
		return false;
	if (index == INDEX_NONE)
		index = state_add_module(state, of->module);
	module = state_module(state, index);
	state->chassis.loaded_modules += !module->loaded;
	module->loaded = true;
	module->bytes = of->bytes;
	module->loaded_at_us = event->at_us;
	module->loaded_no = event->number;
	module->targets = (struct slo_targets){
		.p99_latency_ms = of->p99_latency_ms,
		.success_ppm = of->success_rate > 0 ? of->success_rate : 0,
		.availability_ppm = of->availability > 0 ? of->availability : 0,
	};
	owned_set(&module->sha256, of->sha256);
	owned_set(&module->contract, of->contract);
	owned_set(&module->document, of->document);
	owned_list_set(&module->endpoints, of->endpoints);
	for (uint32_t i = 0; i < state->swarms.count && module->swarms; i++)
		if (state_standing(state, i)->module == index)
			judge(state, i, event->at_us);
	return true;
}

/* Swarms that took leave forget its contract; those that are there keep a module from going. */
bool fold_module_unloaded(struct state *state, const struct event *event)
{
	uint32_t index = loaded_module(state, event->of.module_unloaded.module);
	struct module *module;

	if (index == INDEX_NONE)
		return false;
	module = state_module(state, index);
	for (uint32_t i = 0; i < state->swarms.count && module->swarms; i++) {
		if (state_standing(state, i)->module != index)
			continue;
		if (state_swarm(state, i)->registered)
			return false;
		state_bind_contract(state, i, INDEX_NONE);
		judge(state, i, event->at_us);
	}
	module->loaded = false;
	module->bytes = 0;
	module->targets = (struct slo_targets){ 0 };
	owned_set(&module->sha256, SLICE_EMPTY);
	owned_set(&module->contract, SLICE_EMPTY);
	owned_set(&module->document, SLICE_EMPTY);
	owned_list_free(&module->endpoints);
	state->chassis.loaded_modules--;
	return true;
}

/* ---- use ----------------------------------------------------------------------------------- */

bool fold_run_reported(struct state *state, const struct event *event)
{
	const struct ev_run_reported *of = &event->of.run_reported;
	uint32_t swarm = state_find_swarm(state, of->swarm);
	struct usage_run run = {
		.verdict = (enum chassis_verdict)of->verdict, .wall_us = of->wall_us,
		.cpu_us = of->cpu_us, .fuel = of->fuel, .memory_bytes = of->memory_bytes,
		.output_bytes = of->output_bytes, .http_requests = of->http_requests,
	};

	if (!has_chassis(state) || swarm == INDEX_NONE ||
	    fold_task_of(state, of->board, of->task) == INDEX_NONE || of->wall_us < 0 ||
	    of->cpu_us < 0 || of->fuel < 0 || of->memory_bytes < 0 || of->output_bytes < 0 ||
	    of->http_requests < 0)
		return false;
	usage_add_run(&state_standing(state, swarm)->usage, &run);
	return true;
}

bool fold_egress_noted(struct state *state, const struct event *event)
{
	const struct ev_egress_noted *of = &event->of.egress_noted;
	uint32_t swarm = state_find_swarm(state, of->swarm);
	struct usage_request request = {
		.denied = of->denied != 0, .status = of->status, .bytes = of->bytes,
		.duration_ms = of->duration_ms,
	};

	if (!has_chassis(state) || swarm == INDEX_NONE || of->status < 0 || of->bytes < 0 ||
	    of->duration_ms < 0 ||
	    (of->task.len && fold_task_of(state, of->board, of->task) == INDEX_NONE))
		return false;
	usage_add_request(&state_standing(state, swarm)->usage, &request);
	return true;
}

/* ---- credentials --------------------------------------------------------------------------- */

bool fold_credential_minted(struct state *state, const struct event *event)
{
	const struct ev_credential_minted *of = &event->of.credential_minted;
	uint32_t task = fold_task_of(state, of->board, of->task);
	struct credential *credential;
	const struct claim *claim;
	uint32_t at;

	if (!has_chassis(state) || task == INDEX_NONE ||
	    state_task(state, task)->claim == INDEX_NONE ||
	    credential_number(of->credential) != event->number || of->endpoints.count == 0 ||
	    of->endpoints.count > (size_t)LIMIT_ENDPOINTS)
		return false;
	at = state_task(state, task)->claim;
	claim = state_claim(state, at);
	if (claim->fence != (uint64_t)of->fence ||
	    claim->swarm != state_find_swarm(state, of->swarm) ||
	    of->expires > claim->claim_until_us)
		return false;
	credential = state_credential(state, state_add_credential(state, at, event->number));
	credential->issued_at_us = event->at_us - event->at_us % 1000000;
	credential->expires_at_us = of->expires;
	owned_list_set(&credential->endpoints, of->endpoints);
	return true;
}

bool fold_credential_revoked(struct state *state, const struct event *event)
{
	uint32_t index = state_find_credential(
		state, credential_number(event->of.credential_revoked.credential));

	if (index == INDEX_NONE || state_credential(state, index)->revoked)
		return false;
	state_credential(state, index)->revoked = true;
	return true;
}
