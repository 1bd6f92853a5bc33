/*
 * What the chassis keeps: finding it and adding to it.
 */
#include "base/ensure.h"
#include "fabric/state.h"

void chassis_init(struct state *state)
{
	struct chassis *chassis = &state->chassis;

	chassis->modules.item_size = sizeof(struct module);
	chassis->standings.item_size = sizeof(struct standing);
	chassis->credentials.item_size = sizeof(struct credential);
	chassis->free_credential = INDEX_NONE;
}

void chassis_finish(struct state *state)
{
	struct chassis *chassis = &state->chassis;

	for (uint32_t i = 0; i < chassis->modules.count; i++) {
		struct module *module = state_module(state, i);

		owned_set(&module->id, SLICE_EMPTY);
		owned_set(&module->sha256, SLICE_EMPTY);
		owned_set(&module->contract, SLICE_EMPTY);
		owned_set(&module->document, SLICE_EMPTY);
		owned_list_free(&module->endpoints);
	}
	for (uint32_t i = 0; i < chassis->standings.count; i++) {
		slo_finish(&state_standing(state, i)->slo);
		reputation_finish(&state_standing(state, i)->reputation);
	}
	for (uint32_t i = 0; i < chassis->credentials.count; i++)
		owned_list_free(&state_credential(state, i)->endpoints);
	slab_finish(&chassis->modules);
	slab_finish(&chassis->standings);
	slab_finish(&chassis->credentials);
	map_finish(&chassis->module_map);
	map_finish(&chassis->credential_map);
}

void chassis_add_standing(struct state *state)
{
	uint32_t index = slab_add(&state->chassis.standings);

	state_standing(state, index)->module = INDEX_NONE;
}

/* ---- modules ------------------------------------------------------------------------------- */

static bool same_module(const void *context, uint32_t value, const void *key)
{
	return slice_is(state_module(context, value)->id, *(const struct slice *)key);
}

uint32_t state_find_module(const struct state *state, struct slice id)
{
	if (state->chassis.modules.count == 0)
		return INDEX_NONE;
	return map_find(&state->chassis.module_map, hash_slice(state->hash_seed, id), same_module,
			state, &id);
}

uint32_t state_add_module(struct state *state, struct slice id)
{
	uint32_t index = slab_add(&state->chassis.modules);

	owned_set(&state_module(state, index)->id, id);
	map_add(&state->chassis.module_map, hash_slice(state->hash_seed, id), index);
	return index;
}

const struct module *state_contract_of(const struct state *state, uint32_t swarm)
{
	uint32_t module = state_standing(state, swarm)->module;

	return module == INDEX_NONE ? NULL : state_module(state, module);
}

struct slo_targets state_targets_of(const struct state *state, uint32_t swarm)
{
	const struct module *module = state_contract_of(state, swarm);

	return module ? module->targets : (struct slo_targets){ 0 };
}

void state_bind_contract(struct state *state, uint32_t swarm, uint32_t module)
{
	struct standing *standing = state_standing(state, swarm);

	if (standing->module != INDEX_NONE)
		state_module(state, standing->module)->swarms--;
	if (module != INDEX_NONE)
		state_module(state, module)->swarms++;
	standing->module = module;
}

/* ---- credentials --------------------------------------------------------------------------- */

static uint32_t number_hash(uint64_t number)
{
	return (uint32_t)hash_bytes(0, &number, sizeof(number));
}

static bool same_number(const void *context, uint32_t value, const void *key)
{
	return state_credential(context, value)->number == *(const uint64_t *)key;
}

uint32_t state_find_credential(const struct state *state, uint64_t number)
{
	if (number == 0 || state->chassis.live_credentials == 0)
		return INDEX_NONE;
	return map_find(&state->chassis.credential_map, number_hash(number), same_number, state,
			&number);
}

static uint32_t credential_place(struct chassis *chassis)
{
	uint32_t index = chassis->free_credential;

	if (index == INDEX_NONE)
		return slab_add(&chassis->credentials);
	chassis->free_credential =
		((struct credential *)slab_at(&chassis->credentials, index))->next_of_claim;
	return index;
}

uint32_t state_add_credential(struct state *state, uint32_t claim_index, uint64_t number)
{
	struct claim *claim = state_claim(state, claim_index);
	uint32_t index = credential_place(&state->chassis);

	*state_credential(state, index) = (struct credential){
		.number = number, .task = claim->task, .next_of_claim = claim->first_credential,
	};
	claim->first_credential = index;
	map_add(&state->chassis.credential_map, number_hash(number), index);
	state->chassis.live_credentials++;
	return index;
}

uint32_t state_count_credentials(const struct state *state, const struct claim *claim)
{
	uint32_t count = 0;

	for (uint32_t at = claim->first_credential; at != INDEX_NONE;
	     at = state_credential(state, at)->next_of_claim)
		count++;
	return count;
}

void state_credentials_drop(struct state *state, struct claim *claim)
{
	while (claim->first_credential != INDEX_NONE) {
		uint32_t index = claim->first_credential;
		struct credential *credential = state_credential(state, index);

		claim->first_credential = credential->next_of_claim;
		map_remove(&state->chassis.credential_map, number_hash(credential->number), index);
		owned_list_free(&credential->endpoints);
		*credential = (struct credential){
			.next_of_claim = state->chassis.free_credential };
		state->chassis.free_credential = index;
		state->chassis.live_credentials--;
	}
}
