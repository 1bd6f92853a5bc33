/*
 * What is learnt from outcomes, and what is expected because of it.
 */
#include "base/ensure.h"
#include "fabric/codec.h"
#include "fabric/govern.h"
#include "fabric/standing.h"

#define TASK_USUAL_MS 900000		/* of whose time nothing is said: a rate is an hour's */

/* A rate is for the task's time; without one, the task's own estimate says more than the usual time. */
static struct promise promise_of(const struct worker *worker, int64_t est_ms, bool is_estimated)
{
	struct promise promise = { worker->usual_success_ppm, worker->usual_cost_nanousd };

	if (promise.cost_nanousd < 0 && worker->rate_nanousd >= 0 &&
	    (est_ms > 0 || !is_estimated || worker->rate_nanousd == 0))
		promise.cost_nanousd = price_of_time(worker->rate_nanousd,
						     est_ms > 0 ? est_ms : TASK_USUAL_MS);
	if (promise.cost_nanousd > LEARN_COST_MOST)
		promise.cost_nanousd = LEARN_COST_MOST;
	return promise;
}

void govern_learn(struct state *state, const struct claim *claim, bool success)
{
	const struct task *task = state_task(state, claim->task);
	struct outcome outcome = {
		.swarm = claim->swarm, .needs = task->needs, .failed_before = task->failures,
		.succeeded = success,
		.cost_nanousd = claim->reports ? claim->spent_nanousd : LEARN_UNKNOWN,
	};

	learn_note(&state->govern.learning, &outcome);
}

struct outlook govern_outlook(const struct state *state, const struct task *task, uint32_t swarm,
			      const struct task_spec *spec)
{
	bool is_estimated = spec && spec->est_cost_usd >= 0;
	struct promise promise = promise_of(state_worker(state, swarm), spec ? spec->est_ms : 0,
					    is_estimated);

	return learn_outlook(&state->govern.learning, swarm, task->needs, task->failures, &promise,
			     is_estimated ? spec->est_cost_usd : LEARN_UNKNOWN);
}

enum cost_from govern_cost_from(const struct state *state, uint32_t swarm, enum cost_source source)
{
	switch (source) {
	case COST_LEARNT: return COST_FROM_LEARNT;
	case COST_ESTIMATE: return COST_FROM_TASK;
	case COST_USUAL: return COST_FROM_USUAL;
	case COST_DECLARED:
		return state_worker(state, swarm)->usual_cost_nanousd >= 0 ? COST_FROM_DECLARED :
									    COST_FROM_RATE;
	case COST_UNKNOWN:
	case COST_SOURCE_COUNT:
	default: return COST_FROM_NOTHING;
	}
}

/* ---- ranks --------------------------------------------------------------------------------- */

bool govern_describe(const void *context, uint32_t swarm, uint32_t needs,
		     struct candidate *ret_candidate)
{
	const struct state *state = context;
	/* The cache of pairs is filled on the way; what it answers does not change. */
	struct state *mutable = (struct state *)(uintptr_t)state;

	if (!state_swarm(state, swarm)->registered)
		return false;
	*ret_candidate = (struct candidate){
		.overlap_ppm = capability_overlap_ppm(&mutable->capabilities,
						      state_swarm(state, swarm)->skills, needs),
		.reputation_ppm = standing_reputation(state, swarm),
		.promise = promise_of(state_worker(state, swarm), 0, false),
		.only_promised = !state->govern.policy.settings.enable_reputation_scoring,
	};
	return ret_candidate->overlap_ppm > 0;
}

static struct score score_of(const struct state *state, uint32_t swarm, uint32_t needs,
			     uint32_t failures)
{
	struct candidate candidate = { .reputation_ppm = REPUTATION_FULL_PPM };

	(void)govern_describe(state, swarm, needs, &candidate);
	return rank_score(&state->govern.learning, swarm, needs, failures, &candidate,
			  LEARN_UNKNOWN);
}

struct score govern_score(const struct state *state, const struct task *task, uint32_t swarm)
{
	return score_of(state, swarm, task->needs, task->failures);
}

struct score govern_score_for(const struct state *state, uint32_t swarm, struct slice need)
{
	struct state *mutable = (struct state *)(uintptr_t)state;
	uint32_t needs = capability_set_of(&mutable->capabilities, (struct slice_list){ &need, 1 });

	return score_of(state, swarm, needs, 0);
}

void govern_view_learnt(const struct state *state, uint32_t swarm, struct json_writer *json)
{
	const struct track *track = learn_swarm(&state->govern.learning, swarm);
	struct promise promise = promise_of(state_worker(state, swarm), 0, false);
	struct outlook outlook;

	if (!track)
		return;
	outlook = learn_outlook(&state->govern.learning, swarm, UINT32_MAX, 0, &promise,
				LEARN_UNKNOWN);
	json_put_i64(json, "outcomes", track->outcomes);
	json_put_i64(json, "successes", track->successes);
	json_key(json, "expected_success");
	json_ratio(json, outlook.success_ppm);
	if (outlook.cost_nanousd >= 0) {
		json_key(json, "expected_cost_usd");
		json_money(json, outlook.cost_nanousd);
	}
}

/* ---- snapshots ----------------------------------------------------------------------------- */

static void code_value(struct codec *codec, int64_t *value)
{
	code_i64(codec, value);
	if (*value < LEARN_UNKNOWN)
		codec->bad = true;
}

#define CODE_VALUE(name) code_value(codec, &object->name);

static void code_track(struct codec *codec, struct track *object)
{
	LEARN_TRACK_FIELDS(CODE_VALUE)
}

static void code_fleet(struct codec *codec, struct fleet *object)
{
	LEARN_FLEET_FIELDS(CODE_VALUE)
}

/* By the alphabet: the set's own order is that of numbers. Sets are short. */
static struct slice_list names_of(const struct state *state, uint32_t needs, struct arena *arena)
{
	const struct capability_set *set = &state->capabilities.sets[needs];
	struct slice *names = arena_zero(arena, set->count + 1U, sizeof(*names));

	for (uint32_t i = 0; i < set->count; i++) {
		struct slice name = state->capabilities.names[set->members[i]].name;
		uint32_t at = i;

		for (; at > 0 && slice_compare(names[at - 1], name) > 0; at--)
			names[at] = names[at - 1];
		names[at] = name;
	}
	return (struct slice_list){ names, set->count };
}

/* Sets of capabilities are told by their names: numbers may differ after a restart. */
static void code_needs(struct codec *codec, struct state *state, uint32_t *needs)
{
	struct arena arena = { 0 };
	struct slice_list names = { 0 };
	struct slice *items;
	uint32_t count;

	if (!codec->reading)
		names = names_of(state, *needs, &arena);
	count = code_count(codec, names.count);
	items = arena_zero(&arena, count + 1U, sizeof(*items));
	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		if (!codec->reading && names.items)
			items[i] = names.items[i];
		code_bytes(codec, &items[i]);
	}
	if (codec->reading && !codec->bad)
		*needs = capability_set_of(&state->capabilities,
					   (struct slice_list){ items, count });
	arena_finish(&arena);
}

static void code_pairs(struct codec *codec, struct state *state)
{
	struct learning *learning = &state->govern.learning;
	uint32_t count = code_count(codec, learning->pair_count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		uint32_t swarm = codec->reading ? 0 : learning->pairs[i].swarm;
		uint32_t needs = codec->reading ? 0 : learning->pairs[i].needs;
		struct track track = { 0 };

		if (!codec->reading)
			track = learning->pairs[i].track;
		CODE(codec, swarm, UINT32_MAX);
		code_needs(codec, state, &needs);
		code_track(codec, &track);
		if (swarm >= state->swarms.count)
			codec->bad = true;
		if (codec->reading && !codec->bad)
			*learn_restore_pair(learning, swarm, needs) = track;
		code_flush(codec, CODEC_SINK_BYTES);
	}
	if (codec->reading && learning->pair_count != count)
		codec->bad = true;
}

void govern_code_learnt(struct codec *codec, struct state *state)
{
	struct learning *learning = &state->govern.learning;
	uint32_t count = code_count(codec, learning->swarm_count);

	code_fleet(codec, &learning->fleet);
	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		if (i >= state->swarms.count) {
			codec->bad = true;
			return;
		}
		code_track(codec, learn_restore_swarm(learning, i));
		code_flush(codec, CODEC_SINK_BYTES);
	}
	code_pairs(codec, state);
}
