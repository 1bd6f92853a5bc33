/*
 * What the chassis keeps, in a snapshot.
 */
#include "base/ensure.h"
#include "base/text.h"
#include "fabric/codec.h"

#define SECOND_US INT64_C(1000000)

static void code_ppm(struct codec *codec, int64_t *ppm)
{
	CODE(codec, *ppm, REPUTATION_FULL_PPM);
}

static void code_module(struct codec *codec, struct module *module)
{
	CODE(codec, module->loaded, 1);
	code_owned(codec, &module->sha256);
	code_owned(codec, &module->contract);
	code_owned(codec, &module->document);
	code_owned_list(codec, &module->endpoints);
	CODE(codec, module->targets.p99_latency_ms, LIMIT_LEASE_MOST_MS);
	code_ppm(codec, &module->targets.success_ppm);
	code_ppm(codec, &module->targets.availability_ppm);
	CODE(codec, module->bytes, INT64_MAX);
	code_time(codec, &module->loaded_at_us);
	CODE(codec, module->loaded_no, INT64_MAX);
}

static void code_modules(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->chassis.modules.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct slice id = codec->reading ? SLICE_EMPTY : state_module(state, i)->id;

		code_bytes(codec, &id);
		if (codec->reading) {
			if (!id_is_valid(id) || state_find_module(state, id) != INDEX_NONE) {
				codec->bad = true;
				return;
			}
			state_add_module(state, id);
		}
		code_module(codec, state_module(state, i));
		if (codec->reading && !codec->bad)
			state->chassis.loaded_modules += state_module(state, i)->loaded;
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

/* ---- standings ----------------------------------------------------------------------------- */

/* As seconds since the one before it, and what it was: five bytes or so. */
static void code_outcome(struct codec *codec, struct slo_outcome *outcome, int64_t before_us)
{
	int64_t seconds = (outcome->at_us - before_us) / SECOND_US;
	int64_t what = outcome->latency_ms << 1 | outcome->succeeded;

	CODE(codec, seconds, (TIME_US_MAX - before_us) / SECOND_US);
	CODE(codec, what, SLO_LATENCY_MOST_MS << 1 | 1);
	outcome->at_us = before_us + seconds * SECOND_US;
	outcome->latency_ms = what >> 1;
	outcome->succeeded = what & 1;
}

static void code_outcomes(struct codec *codec, struct slo *slo)
{
	uint32_t count = code_count(codec, slo->count);
	int64_t before_us = 0;

	if (count > SLO_OUTCOMES)
		codec->bad = true;
	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct slo_outcome outcome = { 0 };

		if (!codec->reading)
			outcome = slo_outcome_at(slo, i);
		code_outcome(codec, &outcome, before_us);
		before_us = outcome.at_us;
		if (codec->reading && !codec->bad)
			slo_restore(slo, &outcome);
	}
}

static void code_presence(struct codec *codec, struct slo *slo)
{
	CODE(codec, slo->present, 1);
	code_time(codec, &slo->since_us);
	for (int i = 0; i < SLO_DAYS; i++) {
		CODE(codec, slo->days[i].day, INT32_MAX);
		CODE(codec, slo->days[i].present_ms, SLO_DAY_US / 1000);
		CODE(codec, slo->days[i].absent_ms, SLO_DAY_US / 1000);
	}
}

static void code_reputation(struct codec *codec, struct reputation *reputation)
{
	uint32_t count;

	code_time(codec, &reputation->at_us);
	code_ppm(codec, &reputation->ppm);
	count = code_count(codec, reputation->count);
	if (count > REPUTATION_POINTS)
		codec->bad = true;
	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct reputation_point point = { 0 };

		if (!codec->reading)
			point = reputation_point_at(reputation, i);
		code_time(codec, &point.at_us);
		code_ppm(codec, &point.ppm);
		if (codec->reading && !codec->bad)
			reputation_restore(reputation, point);
	}
}

#define CODE_USED(name) CODE(codec, usage->name, INT64_MAX);

/* A verdict that came later has not been seen in an older snapshot. */
static void code_usage(struct codec *codec, struct swarm_usage *usage)
{
	uint32_t verdicts = code_count(codec, CHASSIS_VERDICT_COUNT);

	if (verdicts > CHASSIS_VERDICT_COUNT)
		codec->bad = true;
	for (uint32_t i = 0; i < verdicts && !codec->bad; i++)
		CODE(codec, usage->runs[i], INT64_MAX);
	USAGE_FIELDS(CODE_USED)
}

static void code_standings(struct codec *codec, struct state *state)
{
	for (uint32_t i = 0; i < state->swarms.count && !codec->bad; i++) {
		struct standing *standing = state_standing(state, i);
		uint32_t module = standing->module;

		code_number(codec, &module, state->chassis.modules.count);
		if (codec->reading && module != INDEX_NONE)
			state_bind_contract(state, i, module);
		code_time(codec, &standing->broken_since_us);
		code_outcomes(codec, &standing->slo);
		code_presence(codec, &standing->slo);
		code_reputation(codec, &standing->reputation);
		code_usage(codec, &standing->usage);
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

/* ---- credentials --------------------------------------------------------------------------- */

static void code_credential(struct codec *codec, struct credential *credential)
{
	code_time(codec, &credential->issued_at_us);
	code_time(codec, &credential->expires_at_us);
	CODE(codec, credential->revoked, 1);
	code_owned_list(codec, &credential->endpoints);
}

static uint32_t credential_of(const struct state *state, const struct claim *claim, uint32_t back)
{
	uint32_t at = claim->first_credential;

	while (back--)
		at = state_credential(state, at)->next_of_claim;
	return at;
}

/* Oldest first, so that each comes before those that are there when it is read. */
static void code_credentials(struct codec *codec, struct state *state)
{
	for (uint32_t i = 0; i < state->tasks.count && !codec->bad; i++) {
		uint32_t claim = state_task(state, i)->claim;
		uint32_t count;

		if (claim == INDEX_NONE)
			continue;
		count = code_count(codec, state_count_credentials(state, state_claim(state, claim)));
		for (uint32_t back = count; back-- > 0 && !codec->bad;) {
			uint32_t at = INDEX_NONE;
			uint64_t number = 0;

			if (!codec->reading) {
				at = credential_of(state, state_claim(state, claim), back);
				number = state_credential(state, at)->number;
			}
			CODE(codec, number, INT64_MAX);
			if (number == 0 ||
			    (codec->reading && state_find_credential(state, number) != INDEX_NONE)) {
				codec->bad = true;
				return;
			}
			if (codec->reading)
				at = state_add_credential(state, claim, number);
			code_credential(codec, state_credential(state, at));
		}
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

void code_chassis(struct codec *codec, struct state *state)
{
	code_modules(codec, state);
	code_standings(codec, state);
	code_credentials(codec, state);
}
