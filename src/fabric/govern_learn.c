/*
 * What is learnt from outcomes, and what is expected because of it.
 */
#include "base/ensure.h"
#include "fabric/codec.h"
#include "fabric/govern.h"

void govern_learn(struct state *state, const struct claim *claim, bool success)
{
	(void)state;
	(void)claim;
	(void)success;
}

int64_t govern_outlook(const struct state *state, const struct task *task, uint32_t swarm,
		       int64_t *ret_cost_nanousd)
{
	(void)task;
	(void)ret_cost_nanousd;
	return state_worker(state, swarm)->usual_success_ppm >= 0 ?
		       state_worker(state, swarm)->usual_success_ppm : 500000;
}

struct govern_rank govern_rank_for(const struct state *state, uint32_t swarm, struct slice need)
{
	(void)need;
	return (struct govern_rank){ .overlap_ppm = 1000000, .reputation_ppm = 1000000,
		.success_ppm = 500000, .cost_nanousd = state_worker(state, swarm)->usual_cost_nanousd };
}

bool govern_rank_before(const struct govern_rank *a, const struct govern_rank *b)
{
	return a->score > b->score;
}

void govern_code_learnt(struct codec *codec, struct state *state)
{
	(void)codec;
	(void)state;
}

struct govern_rank govern_rank_of(const struct state *state, uint32_t task, uint32_t swarm,
				  const struct govern_verdict *verdict)
{
	(void)task;
	return (struct govern_rank){ .overlap_ppm = verdict->overlap_ppm, .reputation_ppm = 1000000,
		.success_ppm = verdict->success_ppm, .cost_nanousd = verdict->expected_nanousd,
		.score = state_swarm(state, swarm)->registered };
}

void govern_view_learnt(const struct state *state, uint32_t swarm, struct json_writer *json)
{
	(void)state;
	(void)swarm;
	(void)json;
}
