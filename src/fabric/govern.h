/*
 * govern - whether the governor lets a swarm have a task, and at what price.
 *
 * Joins what its parts say: breaker, exclusions, capability, policy, budget.
 * Changes nothing.
 */
#ifndef FABRIC_GOVERN_H
#define FABRIC_GOVERN_H

#include "fabric/event.h"
#include "fabric/state.h"
#include "governor/rank.h"

struct codec;

struct govern_verdict {
	enum err err;			/* OK: it may have it, as far as the governor is asked */
	uint32_t overlap_ppm;
	int64_t expected_nanousd;	/* negative: not known */
	enum cost_from cost_from;
	int64_t reserve_nanousd;	/* what a claim would reserve */
	int64_t success_ppm;		/* expected */
	int64_t task_limit_nanousd;	/* the task's own, that the cost passes; else negative */
	uint32_t budget;		/* that has no room, or INDEX_NONE */
	struct policy_answer answer;
};

/* The refusals of a claim from the breaker to the budget, in their order. */
enum err govern_judge(const struct state *state, uint32_t task, uint32_t swarm,
		      struct govern_verdict *ret_verdict);

/* What the claim of this task by this swarm asks the policy; lists live in `arena`. */
struct policy_question govern_question(const struct state *state, uint32_t task, uint32_t swarm,
				       const struct govern_verdict *verdict, struct arena *arena);

/* Leases of one swarm that run out at one moment are one failure: it went away once. */
static inline bool govern_is_same_loss(const struct state *state, uint32_t swarm, bool lost,
				       int64_t at_us)
{
	return lost && state_worker(state, swarm)->freed_at_us == at_us;
}

/* The least match that any rule or setting asks for: below it no swarm need look. */
int64_t govern_least_match(const struct state *state);
struct breaker_rules govern_breaker_rules(const struct state *state);

/* ---- what was learnt (govern_learn.c) ---- */

/* How a swarm ranks for a task, and for something that needs one capability. */
struct score govern_score(const struct state *state, const struct task *task, uint32_t swarm);
struct score govern_score_for(const struct state *state, uint32_t swarm, struct slice need);
/* Members of an open object: what was learnt of a swarm. */
void govern_view_learnt(const struct state *state, uint32_t swarm, struct json_writer *json);
/* What to expect of a swarm on a task; the specification may be NULL when it says nothing of cost. */
struct outlook govern_outlook(const struct state *state, const struct task *task, uint32_t swarm,
			      const struct task_spec *spec);
enum cost_from govern_cost_from(const struct state *state, uint32_t swarm, enum cost_source source);
/* For a rank_index whose context is the state. */
bool govern_describe(const void *state, uint32_t swarm, uint32_t needs,
		     struct candidate *ret_candidate);
void govern_code_learnt(struct codec *codec, struct state *state);
/* The outcome of a claim that ends. */
void govern_learn(struct state *state, const struct claim *claim, bool success);

/* Answer number `i`, from 1, to a task that several swarms answer; INDEX_NONE: nobody has begun it. */
uint32_t govern_answer_at(const struct state *state, uint32_t task, int64_t i);
struct slice govern_answer_id(const struct state *state, uint32_t task, int64_t i,
			      struct arena *arena);

/* Policies, piece by piece. False: there is no such setting, or the value cannot be. */
void govern_policy_reset(struct state *state);
bool govern_policy_set(struct state *state, struct slice setting, int64_t value);
bool govern_policy_add(struct state *state, const struct policy_rule *rule);

/* A hash of what was refused to whom, to notice it when it repeats. */
uint64_t govern_violation_hash(const struct ev_policy_violated *of);

#endif
