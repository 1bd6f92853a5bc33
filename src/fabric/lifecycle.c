#include "fabric/lifecycle.h"

void lifecycle_init(struct lifecycle *lifecycle)
{
	*lifecycle = (struct lifecycle){ 0 };
	for (int state = 0; state < TASK_STATE_COUNT; state++) {
		for (size_t i = 0; i < event_count; i++) {
			enum task_state to;

			if (task_step((enum task_state)state, event_table[i]->kind, &to))
				lifecycle->next[state][event_table[i]->type] = (uint8_t)(to + 1);
		}
	}
}

bool lifecycle_step(const struct lifecycle *lifecycle, enum task_state from, enum event_type event,
		    enum task_state *ret_next)
{
	uint8_t next = lifecycle->next[from][event];

	if (next == 0)
		return false;
	*ret_next = (enum task_state)(next - 1);
	return true;
}
