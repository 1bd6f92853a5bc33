/* The governor's functions without a daemon: everybody is always free. */
#include <stdlib.h>

#include "base/alloc.h"
#include "governor/rank.h"
#include "waste/play.h"

#define PPM 1000000
#define SHARE_PPM 50000		/* of exploration: the policy's default */

struct model {
	struct learning learning;
	struct rank_index rank;
	const struct play *play;
	const struct job *job;
	const bool *tried;
	uint32_t set_up;	/* workers that the index knows */
	bool probe;
};

/* Needs are told apart by their text, as the daemon tells sets of capabilities. */
static uint32_t number_of(const struct play *play, const char *needs)
{
	for (uint32_t i = 0; i < play->job_count; i++)
		if (play->jobs[i].needs == needs)
			return i;
	return 0;
}

static bool describe(const void *context, uint32_t swarm, uint32_t needs,
		     struct candidate *ret_candidate)
{
	const struct model *model = context;
	const struct play *play = model->play;

	*ret_candidate = (struct candidate){
		.overlap_ppm = PPM, .reputation_ppm = PPM,
		.promise = { play->workers[swarm].declared_ppm, LEARN_UNKNOWN },
	};
	return !play->fits || play->fits(play->context, swarm, &play->jobs[needs]);
}

static bool has_not_tried(void *context, uint32_t swarm)
{
	return !((const struct model *)context)->tried[swarm];
}

static uint32_t give(void *context, const struct play *play, uint32_t at, uint32_t failed,
		     const bool *tried)
{
	struct model *model = context;
	uint32_t needs = number_of(play, play->jobs[at].needs);
	uint32_t worker;

	model->play = play;
	model->tried = tried;
	for (; model->set_up < play->worker_count; model->set_up++)
		rank_set_free(&model->rank, model->set_up, true);
	worker = rank_probe(&model->rank, needs, failed, has_not_tried, model);
	model->probe = worker != RANK_NONE;
	if (!model->probe)
		worker = rank_best(&model->rank, needs, failed, has_not_tried, model);
	return worker == RANK_NONE ? NOBODY : worker;
}

static void tell(void *context, const struct play *play, uint32_t at, uint32_t failed,
		 uint32_t worker, const struct attempt *attempt)
{
	struct model *model = context;
	uint32_t needs = number_of(play, play->jobs[at].needs);
	const struct promise promise = { play->workers[worker].declared_ppm, LEARN_UNKNOWN };
	struct outlook outlook = learn_outlook(&model->learning, worker, needs, failed, &promise,
					       LEARN_UNKNOWN);

	learn_note_claim(&model->learning, worker, model->probe, outlook.cost_nanousd, SHARE_PPM);
	learn_note(&model->learning, &(struct outcome){
		.swarm = worker, .needs = needs, .failed_before = failed,
		.succeeded = attempt->resolved, .cost_nanousd = attempt->cost_nanousd,
	});
	rank_changed(&model->rank, worker);
}

struct model *model_open(void)
{
	struct model *model = alloc_zero(1, sizeof(*model));

	learn_init(&model->learning);
	rank_init(&model->rank, &model->learning, describe, model);
	return model;
}

struct desk desk_of_model(struct model *model)
{
	return (struct desk){ .give = give, .tell = tell, .context = model };
}

void model_close(struct model *model)
{
	if (!model)
		return;
	rank_finish(&model->rank);
	learn_finish(&model->learning);
	free(model);
}
