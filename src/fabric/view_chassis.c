/*
 * Modules, promises, reputation, what was used, and credentials, as JSON.
 */
#include "base/ensure.h"
#include "fabric/decide_chassis.h"
#include "fabric/standing.h"
#include "fabric/view.h"

static void put_ratio(struct json_writer *json, const char *key, int64_t ppm)
{
	json_key(json, key);
	json_ratio(json, ppm);
}

/* ---- modules ------------------------------------------------------------------------------- */

static void put_targets(const struct slo_targets *targets, struct json_writer *json)
{
	if (!slo_promises(targets))
		return;
	json_key(json, "slos");
	json_object(json);
	if (targets->p99_latency_ms)
		json_put_i64(json, "p99_latency_ms", targets->p99_latency_ms);
	if (targets->success_ppm)
		put_ratio(json, "success_rate", targets->success_ppm);
	if (targets->availability_ppm)
		put_ratio(json, "availability", targets->availability_ppm);
	json_object_end(json);
}

bool view_knows_module(const struct state *state, struct slice id)
{
	uint32_t index = state_find_module(state, id);

	return index != INDEX_NONE && state_module(state, index)->loaded;
}

void view_module_members(const struct state *state, uint32_t index, struct json_writer *json)
{
	const struct module *module = state_module(state, index);

	json_put_text(json, "module", module->id);
	json_put_text(json, "contract", module->contract);
	if (module->sha256.len) {
		json_put_text(json, "sha256", module->sha256);
		json_put_i64(json, "bytes", module->bytes);
	}
	json_put_time(json, "loaded_at", module->loaded_at_us);
	json_put_i64(json, "swarms", module->swarms);
	put_targets(&module->targets, json);
	if (module->endpoints.count)
		json_put_texts(json, "endpoints", module->endpoints);
}

enum err view_chassis_list(struct decision *decision, const struct command *command,
			   struct json_writer *json)
{
	const struct state *state = decision->state;

	(void)command;
	json_key(json, "modules");
	json_array(json);
	for (uint32_t i = 0; i < state->chassis.modules.count; i++) {
		if (!state_module(state, i)->loaded)
			continue;
		json_object(json);
		view_module_members(state, i, json);
		json_object_end(json);
	}
	json_array_end(json);
	return OK;
}

enum err view_chassis_show(struct decision *decision, const struct command *command,
			   struct json_writer *json)
{
	uint32_t index;
	enum err err = decide_module(decision, command->args.chassis_show.module, &index);

	if (err != OK)
		return err;
	view_module_members(decision->state, index, json);
	json_put_text(json, "document", state_module(decision->state, index)->document);
	return OK;
}

/* ---- promises ------------------------------------------------------------------------------ */

/* One promise: what was said, what is so, and whether it is kept. */
static void put_promise(struct json_writer *json, const char *key, int64_t target, int64_t actual,
			bool is_kept, bool is_ratio)
{
	json_key(json, key);
	json_object(json);
	if (target) {
		json_key(json, "target");
		if (is_ratio)
			json_ratio(json, target);
		else
			json_i64(json, target);
	}
	if (actual >= 0) {
		json_key(json, "actual");
		if (is_ratio)
			json_ratio(json, actual);
		else
			json_i64(json, actual);
	}
	if (target && actual >= 0)
		json_put_bool(json, "kept", is_kept);
	json_object_end(json);
}

static void put_promises(const struct slo_targets *targets, const struct slo_facts *facts,
			 struct json_writer *json)
{
	put_promise(json, "success_rate", targets->success_ppm, facts->success_ppm,
		    facts->success_ppm >= targets->success_ppm, true);
	put_promise(json, "p99_latency_ms", targets->p99_latency_ms, facts->p99_latency_ms,
		    facts->p99_latency_ms <= targets->p99_latency_ms, false);
	put_promise(json, "availability", targets->availability_ppm, facts->availability_ppm,
		    facts->availability_ppm >= targets->availability_ppm, true);
}

static void put_budget(const struct slo_facts *facts, struct json_writer *json)
{
	if (facts->burn_ppm < 0)
		return;
	put_ratio(json, "error_budget_left", facts->budget_left_ppm);
	put_ratio(json, "burn_rate", facts->burn_ppm);
	put_ratio(json, "burn_rate_1h", facts->recent_burn_ppm);
}

enum err view_chassis_performance(struct decision *decision, const struct command *command,
				  struct json_writer *json)
{
	const struct state *state = decision->state;
	const struct standing *standing;
	const struct module *module;
	struct slo_targets targets;
	struct slo_facts facts;
	uint32_t swarm;
	enum err err = decision_any_swarm(decision, command->args.chassis_performance.swarm, &swarm);

	if (err != OK)
		return err;
	standing = state_standing(state, swarm);
	module = state_contract_of(state, swarm);
	targets = state_targets_of(state, swarm);
	facts = slo_measure(&standing->slo, &targets, decision->now_us);
	json_put_text(json, "swarm", state_swarm(state, swarm)->id);
	if (module) {
		json_put_text(json, "module", module->id);
		json_put_text(json, "contract", module->contract);
	}
	json_put_bool(json, "compliant", slo_is_kept(&targets, &facts));
	if (standing->broken_since_us)
		json_put_time(json, "broken_since", standing->broken_since_us);
	json_put_i64(json, "outcomes", facts.outcomes);
	json_put_i64(json, "failures", facts.failures);
	json_put_i64(json, "window_outcomes", SLO_OUTCOMES);
	json_put_i64(json, "window_days", SLO_DAYS);
	put_promises(&targets, &facts, json);
	put_budget(&facts, json);
	put_ratio(json, "reputation", reputation_now(&standing->reputation, state->last_at_us));
	return OK;
}

enum err view_chassis_reputation(struct decision *decision, const struct command *command,
				 struct json_writer *json)
{
	const struct state *state = decision->state;
	const struct reputation *reputation;
	uint32_t swarm;
	enum err err = decision_any_swarm(decision, command->args.chassis_reputation.swarm, &swarm);

	if (err != OK)
		return err;
	reputation = &state_standing(state, swarm)->reputation;
	json_put_text(json, "swarm", state_swarm(state, swarm)->id);
	put_ratio(json, "reputation", reputation_now(reputation, state->last_at_us));
	put_ratio(json, "in_the_match", standing_reputation(state, swarm));
	if (reputation->at_us) {
		put_ratio(json, "found", reputation->ppm);
		json_put_time(json, "found_at", reputation->at_us);
	}
	json_put_i64(json, "half_life_days", REPUTATION_HALF_LIFE_DAYS);
	json_key(json, "history");
	json_array(json);
	for (uint32_t i = 0; i < reputation->count; i++) {
		struct reputation_point point = reputation_point_at(reputation, i);

		json_object(json);
		json_put_time(json, "at", point.at_us);
		put_ratio(json, "reputation", point.ppm);
		json_object_end(json);
	}
	json_array_end(json);
	return OK;
}

#define PUT_USED(name) json_put_i64(json, #name, usage->name);

enum err view_chassis_resources(struct decision *decision, const struct command *command,
				struct json_writer *json)
{
	const struct state *state = decision->state;
	const struct swarm_usage *usage;
	int64_t runs = 0;
	uint32_t swarm;
	enum err err = decision_any_swarm(decision, command->args.chassis_resources.swarm, &swarm);

	if (err != OK)
		return err;
	usage = &state_standing(state, swarm)->usage;
	json_put_text(json, "swarm", state_swarm(state, swarm)->id);
	json_key(json, "runs");
	json_object(json);
	for (int i = 0; i < CHASSIS_VERDICT_COUNT; i++) {
		json_put_i64(json, chassis_verdict_names[i], usage->runs[i]);
		runs += usage->runs[i];
	}
	json_put_i64(json, "all", runs);
	json_object_end(json);
	USAGE_FIELDS(PUT_USED)
	return OK;
}

/* ---- credentials --------------------------------------------------------------------------- */

static const char *const state_words[] = {
	[CREDENTIAL_LIVE] = "live",
	[CREDENTIAL_EXPIRED] = "expired",
	[CREDENTIAL_REVOKED] = "revoked",
};

/* Its id comes first: before anything that somebody else has written. */
void view_credential_members(const struct state *state, uint32_t index, int64_t now_us,
			     struct json_writer *json)
{
	const struct credential *credential = state_credential(state, index);
	const struct task *task = state_task(state, credential->task);
	const struct claim *claim = state_claim(state, task->claim);
	char space[CREDENTIAL_ID_BYTES];

	json_put_text(json, VIEW_CREDENTIAL, credential_id(credential->number, space));
	json_put_text(json, "swarm", state_swarm(state, claim->swarm)->id);
	json_put_text(json, "board", state_board(state, task->board)->id);
	json_put_text(json, "task", task_id(task));
	json_put_i64(json, "fence", (int64_t)claim->fence);
	json_put_str(json, "state", state_words[credential_state_at(credential, now_us)]);
	json_put_texts(json, "endpoints", credential->endpoints);
	json_put_time(json, "issued_at", credential->issued_at_us);
	json_put_time(json, "expires_at", credential->expires_at_us);
}

void view_claim_credential(const struct state *state, uint32_t task, struct json_writer *json)
{
	uint32_t claim = state_task(state, task)->claim;
	char space[CREDENTIAL_ID_BYTES];
	uint32_t at;

	if (claim == INDEX_NONE || state_claim(state, claim)->first_credential == INDEX_NONE)
		return;
	at = state_claim(state, claim)->first_credential;
	json_put_text(json, VIEW_CREDENTIAL,
		      credential_id(state_credential(state, at)->number, space));
}

enum err view_credential_list(struct decision *decision, const struct command *command,
			      struct json_writer *json)
{
	const struct cmd_credential_list *args = &command->args.credential_list;
	const struct state *state = decision->state;
	uint32_t only = INDEX_NONE;
	int64_t rows = 0;
	enum err err = args->swarm.len ? decision_swarm(decision, args->swarm, &only) : OK;

	if (err != OK)
		return err;
	json_key(json, "credentials");
	json_array(json);
	for (uint32_t i = 0; i < state->chassis.credentials.count && rows < args->limit; i++) {
		const struct credential *credential = state_credential(state, i);
		const struct task *task;

		if (credential->number == 0)
			continue;
		task = state_task(state, credential->task);
		if (only != INDEX_NONE && state_claim(state, task->claim)->swarm != only)
			continue;
		json_object(json);
		view_credential_members(state, i, decision->now_us, json);
		json_object_end(json);
		rows++;
	}
	json_array_end(json);
	return OK;
}
