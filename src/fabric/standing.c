#include "fabric/standing.h"

struct slo_outcome standing_outcome(const struct claim *claim, enum attempt_end end, int64_t at_us)
{
	return (struct slo_outcome){
		.at_us = at_us, .latency_ms = (at_us - claim->claimed_at_us) / 1000,
		.succeeded = end == ATTEMPT_DONE,
	};
}

int64_t standing_reputation(const struct state *state, uint32_t swarm)
{
	const struct standing *standing = state_standing(state, swarm);

	if (standing->module == INDEX_NONE ||
	    !state->govern.policy.settings.enable_reputation_scoring)
		return REPUTATION_FULL_PPM;
	return reputation_now(&standing->reputation, state->last_at_us);
}

bool standing_trips(const struct state *state, uint32_t swarm, const struct slo_outcome *next)
{
	const struct standing *standing = state_standing(state, swarm);
	const struct policy_settings *settings = &state->govern.policy.settings;
	struct slo_targets targets;
	struct slo_facts facts;

	if (standing->broken_since_us == 0 || settings->slo_breaker_after_ms == 0 ||
	    next->at_us - standing->broken_since_us < settings->slo_breaker_after_ms * 1000)
		return false;
	targets = state_targets_of(state, swarm);
	facts = slo_judge_next(&standing->slo, &targets, next);
	return facts.outcomes >= settings->slo_breaker_outcomes && !slo_is_kept(&targets, &facts);
}
