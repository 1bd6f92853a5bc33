/*
 * view - state as JSON: what commands answer. Never writes.
 */
#ifndef FABRIC_VIEW_H
#define FABRIC_VIEW_H

#include "base/json.h"
#include "fabric/decide.h"
#include "fabric/state.h"

/* Objects. */
void view_task(const struct state *state, uint32_t task, int64_t now_us, struct json_writer *json);
void view_board(const struct state *state, uint32_t board, struct json_writer *json);
void view_swarm(const struct state *state, uint32_t swarm, int64_t now_us,
		struct json_writer *json);
void view_blocker(const struct state *state, uint32_t blocker, struct json_writer *json);
void view_note(const struct note *note, struct json_writer *json);

/* Members of an open object: how much of what there is. */
void view_counts(const struct state *state, struct json_writer *json);

/* Writes the members of an open object, or refuses like a decision does. */
typedef enum err view_fn(struct decision *decision, const struct command *command,
			 struct json_writer *json);

/* The function of a command that only reads, NULL for others. */
view_fn *view_of(enum command_type type);
view_fn view_why;
view_fn view_capability_list, view_governor_match, view_governor_coordinate, view_governor_manifest,
	view_governor_performance, view_governor_breakers, view_policy_show;
view_fn view_cost_report, view_cost_history, view_cost_budget, view_price_list;
view_fn view_escalation_list, view_escalation_show;
view_fn view_chassis_list, view_chassis_show, view_chassis_performance, view_chassis_reputation,
	view_chassis_resources, view_credential_list;

/* Members of an open object: what the governor knows of a swarm. */
void view_worker(const struct state *state, uint32_t swarm, struct json_writer *json);
void view_escalation_members(const struct state *state, uint32_t escalation,
			     struct json_writer *json);

/*
 * The member that names a credential whose token is to be given with the
 * answer: always its first one, so that whoever adds the token need not look
 * for it among what others have written.
 */
#define VIEW_CREDENTIAL "credential"
void view_credential_members(const struct state *state, uint32_t credential, int64_t now_us,
			     struct json_writer *json);
/* The newest of the task's claim; nothing when it has none. */
void view_claim_credential(const struct state *state, uint32_t task, struct json_writer *json);
/* Whether it is loaded. */
bool view_knows_module(const struct state *state, struct slice id);
void view_module_members(const struct state *state, uint32_t module, struct json_writer *json);

/* The task that an answer is about. */
uint32_t view_index(const struct decision *decision);
/* What a decision's answer is about, after its events are folded. */
void view_answer(const struct decision *decision, struct json_writer *json);

#endif
