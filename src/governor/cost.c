#include "governor/cost.h"

const char *const cost_from_names[] = {
	[COST_FROM_NOTHING] = "unknown",
	[COST_FROM_ASSUMED] = "assumed",
	[COST_FROM_TASK] = "estimate",
	[COST_FROM_RATE] = "rate",
	[COST_FROM_DECLARED] = "declared",
	[COST_FROM_LEARNT] = "learnt",
	[COST_FROM_USUAL] = "usual",
};

const char *const cost_by_names[] = {
	[COST_BY_SWARM] = "swarm",
	[COST_BY_TASK] = "task",
	[COST_BY_BOARD] = "board",
	[COST_BY_MODEL] = "model",
	[COST_BY_CAPABILITY] = "capability",
	[COST_BY_OPERATION] = "operation",
};

const char *const attempt_end_names[] = {
	[ATTEMPT_LIVE] = "live",
	[ATTEMPT_DONE] = "done",
	[ATTEMPT_FAILED] = "failed",
	[ATTEMPT_LOST] = "lost",
	[ATTEMPT_GIVEN_BACK] = "given_back",
};
