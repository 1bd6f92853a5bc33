/*
 * Rounds: several swarms answer one task, and the best answer counts.
 *
 * Task T with `redundancy` N is never claimed itself: whoever claims it gets
 * an answer to it, T@1 to T@N, which is a task like any other. When all of
 * them have ended, T is done with the answer of the highest confidence x
 * weight; the first of equals wins.
 */
#include "base/ensure.h"
#include "fabric/decide_claim.h"
#include "fabric/decide_govern.h"

struct slice decide_begin_answer(struct decision *decision, uint32_t task)
{
	const struct state *state = decision->state;
	struct event *added;
	struct slice id;
	int64_t i = 1;

	while (govern_answer_at(state, task, i) != INDEX_NONE)
		i++;
	ENSURE(i <= state_task(state, task)->redundancy);
	id = govern_answer_id(state, task, i, decision->arena);
	added = decision_emit(decision, EVENT_TASK_ADDED);
	decision_name_task(decision, task, &added->of.task_added.board, &added->of.task_added.task);
	task_spec_of(state_task(state, task), decision->arena, &added->spec);
	added->spec.answers = added->of.task_added.task;
	added->of.task_added.task = id;
	added->spec.redundancy = 0;
	added->spec.deps = added->spec.paths = (struct slice_list){ 0 };
	added->spec.prefers = SLICE_EMPTY;
	added->spec.not_before = added->spec.start_by = 0;
	decision_emit(decision, EVENT_TASK_READY)->of.task_ready = (struct ev_task_ready){
		added->of.task_added.board, id, SLICE("an answer is wanted"),
	};
	return id;
}

#define ROUND_MOST 16	/* LIMIT_REDUNDANCY, which is no constant expression */

/* One answer of a round that is over. */
struct answer_given {
	uint32_t task;
	struct slice swarm;
	struct slice result;
	int64_t confidence_ppm;
	int64_t weight_ppm;
};

struct round {
	struct answer_given given[ROUND_MOST];
	size_t count;
};

/* The answer that ends now is not folded yet: the caller knows it. */
static bool add_answer(const struct decision *decision, uint32_t answer,
		       const struct answer_given *now, struct round *round)
{
	const struct state *state = decision->state;
	const struct task *task = state_task(state, answer);
	const struct opinion *opinion;
	struct task_outcome outcome;

	if (answer == now->task) {
		if (now->confidence_ppm >= 0)
			round->given[round->count++] = *now;
		return true;
	}
	if (!task_has_ended(task))
		return false;
	opinion = state_find_opinion(state, answer);
	if (task->state != TASK_DONE || !opinion)
		return true;
	task_outcome_of(task, decision->arena, &outcome);
	round->given[round->count++] = (struct answer_given){
		answer, outcome.by, outcome.result, opinion->confidence_ppm, opinion->weight_ppm,
	};
	return true;
}

/* True when no answer is missing any more. */
static bool gather(const struct decision *decision, uint32_t asked, const struct answer_given *now,
		   struct round *round)
{
	const struct state *state = decision->state;

	for (int64_t i = 1; i <= state_task(state, asked)->redundancy; i++) {
		uint32_t answer = govern_answer_at(state, asked, i);

		if (answer == INDEX_NONE || !add_answer(decision, answer, now, round))
			return false;
	}
	return true;
}

/* Both are at most a few millions. */
static int64_t score_of(const struct answer_given *given)
{
	return given->confidence_ppm * given->weight_ppm / 1000000;
}

static size_t best_of(const struct round *round)
{
	size_t best = 0;

	for (size_t i = 1; i < round->count; i++)
		if (score_of(&round->given[i]) > score_of(&round->given[best]))
			best = i;
	return best;
}

static struct slice manifest_of(struct decision *decision, const struct round *round, size_t best)
{
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);
	struct slice manifest;

	json_object(&json);
	json_put_str(&json, "rule", "confidence x weight");
	json_put_text(&json, "winner", round->given[best].swarm);
	json_key(&json, "answers");
	json_array(&json);
	for (size_t i = 0; i < round->count; i++) {
		const struct answer_given *given = &round->given[i];

		json_object(&json);
		json_put_text(&json, "task", task_id(state_task(decision->state, given->task)));
		json_put_text(&json, "swarm", given->swarm);
		json_key(&json, "confidence");
		json_ratio(&json, given->confidence_ppm);
		json_key(&json, "weight");
		json_ratio(&json, given->weight_ppm);
		json_key(&json, "score");
		json_ratio(&json, score_of(given));
		if (i != best && given->result.len)
			json_put_raw(&json, "result", given->result);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	manifest = arena_copy(decision->arena, buf_slice(&text));
	buf_finish(&text);
	return manifest;
}

/* An answer was given, or will not be: the task that it is to may be done with that. */
static void end_round(struct decision *decision, const struct answer_given *now)
{
	const struct state *state = decision->state;
	uint32_t asked = state_task(state, now->task)->answers;
	struct round round = { .count = 0 };
	struct slice board, id;
	size_t best;

	ENSURE(LIMIT_REDUNDANCY <= ROUND_MOST);
	if (asked == INDEX_NONE || task_has_ended(state_task(state, asked)) ||
	    state_task(state, asked)->claim != INDEX_NONE || !gather(decision, asked, now, &round))
		return;
	decision_name_task(decision, asked, &board, &id);
	if (round.count == 0) {
		decision_emit(decision, EVENT_TASK_FAILED)->of.task_failed = (struct ev_task_failed){
			.board = board, .task = id, .reason = SLICE("no swarm gave an answer"),
			.quarantined = 1,
		};
		return;
	}
	best = best_of(&round);
	decision_emit(decision, EVENT_TASK_COMPLETED)->of.task_completed = (struct ev_task_completed){
		.board = board, .task = id, .swarm = round.given[best].swarm,
		.result = round.given[best].result,
		.evidence = manifest_of(decision, &round, best),
	};
	decision_emit_dependents_ready(decision, asked);
}

void decide_answered(struct decision *decision, uint32_t index, int64_t confidence_ppm,
		     struct slice result)
{
	const struct state *state = decision->state;
	uint32_t swarm = state_claim(state, state_task(state, index)->claim)->swarm;
	const struct worker *worker = state_worker(state, swarm);
	struct answer_given now = { index, state_swarm(state, swarm)->id, result, confidence_ppm,
				    worker->weight.now_ppm };
	struct ev_weight_changed *of;

	if (confidence_ppm < 0)
		return;
	of = &decision_emit(decision, EVENT_WEIGHT_CHANGED)->of.weight_changed;
	decision_name_task(decision, index, &of->board, &of->task);
	of->swarm = now.swarm;
	of->confidence = confidence_ppm;
	of->before = now.weight_ppm;
	of->after = weight_after(&worker->profile, now.weight_ppm, confidence_ppm);
	end_round(decision, &now);
}

void decide_attempt_over(struct decision *decision, uint32_t index, bool for_good,
			 struct slice reason)
{
	const struct state *state = decision->state;
	struct answer_given none = { .task = index, .confidence_ppm = -1 };
	struct slice board, id;

	if (!for_good)
		return;
	end_round(decision, &none);
	decision_name_task(decision, index, &board, &id);
	decide_escalate(decision, &(struct escalation_about){
		.cause = ESCALATION_TASK, .board = state_task(state, index)->board, .task = index,
		.swarm = state_claim(state, state_task(state, index)->claim)->swarm,
		.subject = TEXT(decision, "task {} of board {} has failed for good", id, board),
		.detail = reason, .once = TEXT(decision, "task:{}/{}", board, id),
	});
}

void decide_round_cancelled(struct decision *decision, uint32_t index, struct slice reason)
{
	const struct state *state = decision->state;
	struct answer_given none = { .task = index, .confidence_ppm = -1 };

	for (int64_t i = 1; i <= state_task(state, index)->redundancy; i++) {
		uint32_t answer = govern_answer_at(state, index, i);

		if (answer != INDEX_NONE && !task_has_ended(state_task(state, answer)))
			decide_emit_cancelled(decision, answer, reason);
	}
	end_round(decision, &none);
}

void decide_round_retried(struct decision *decision, uint32_t index, struct slice reason)
{
	const struct state *state = decision->state;

	for (int64_t i = 1; i <= state_task(state, index)->redundancy; i++) {
		uint32_t answer = govern_answer_at(state, index, i);

		if (answer != INDEX_NONE && task_has_ended(state_task(state, answer)) &&
		    state_task(state, answer)->state != TASK_DONE)
			decide_emit_retried(decision, answer, reason);
	}
}
