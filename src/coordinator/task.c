#include "coordinator/task.h"

#include "base/ensure.h"

const char *const task_state_names[] = {
#define STATE(NAME, name) [TASK_##NAME] = #name,
#include "coordinator/state.def"
#undef STATE
};

const char *const task_kind_names[] = {
	[TASK_CRITICAL] = "critical",
	[TASK_FILLER] = "filler",
};

static const struct task_step {
	enum task_state from;
	const char *event;
	enum task_state to;
} steps[] = {
#define STEP(FROM, event, TO) { TASK_##FROM, #event, TASK_##TO },
#include "coordinator/state.def"
#undef STEP
};

bool task_has_ended(const struct task *task)
{
	return task->state == TASK_DONE || task->state == TASK_FAILED ||
	       task->state == TASK_CANCELLED;
}

bool task_step(enum task_state state, const char *event, enum task_state *ret_next)
{
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (steps[i].from != state || !slice_is_str(slice_of_str(event), steps[i].event))
			continue;
		*ret_next = steps[i].to;
		return true;
	}
	return false;
}

int64_t task_backoff_ms(unsigned failures, int64_t first_ms, int64_t most_ms, uint64_t spread)
{
	int64_t wait_ms = first_ms;

	for (unsigned i = 1; i < failures && wait_ms < most_ms; i++)
		wait_ms *= 2;
	if (wait_ms > most_ms)
		wait_ms = most_ms;
	return wait_ms - (int64_t)(spread % 1024) * wait_ms / 8192;
}

int64_t lease_end_us(int64_t now_us, int64_t lease_ms, int64_t claim_until_us)
{
	int64_t end_us = now_us + lease_ms * 1000;

	return end_us < claim_until_us ? end_us : claim_until_us;
}
