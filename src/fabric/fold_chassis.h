/*
 * fold_chassis - what the chassis's events, the ends of claims and the
 * presence of swarms do to the state.
 */
#ifndef FABRIC_FOLD_CHASSIS_H
#define FABRIC_FOLD_CHASSIS_H

#include "fabric/event.h"
#include "fabric/state.h"

typedef bool fold_fn(struct state *state, const struct event *event);

fold_fn fold_module_loaded, fold_module_unloaded, fold_run_reported, fold_egress_noted,
	fold_credential_minted, fold_credential_revoked;

/* The feature level that knows of it begins: who is there is watched from here on. */
void chassis_begin(struct state *state, int64_t at_us);
/* A claim ends like this: its swarm's promises are compared with the outcome. */
void chassis_claim_ends(struct state *state, uint32_t claim, enum attempt_end end, int64_t at_us);

/* Whether a swarm can register under this contract; empty: under none. */
bool chassis_has_contract(const struct state *state, struct slice contract);
void chassis_registered(struct state *state, uint32_t swarm, struct slice contract, int64_t at_us);
void chassis_left(struct state *state, uint32_t swarm, int64_t at_us);
/* A registered swarm is there from now on, or is not. */
void chassis_watch(struct state *state, uint32_t swarm, int64_t at_us, bool present);

#endif
