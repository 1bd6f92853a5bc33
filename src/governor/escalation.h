/*
 * escalation - something that only a person can decide.
 *
 * Durable before anybody is told, and told until somebody has taken it: each
 * channel gets it at least once, with growing pauses between tries.
 */
#ifndef GOVERNOR_ESCALATION_H
#define GOVERNOR_ESCALATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum escalation_cause {
	ESCALATION_BUDGET,	/* one is spent, or has no room for work that waits */
	ESCALATION_HELP,	/* nobody is there who could help with a blocker */
	ESCALATION_APPROVAL,	/* a claim wants a person's approval */
	ESCALATION_BREAKER,	/* one opened */
	ESCALATION_FLEET,	/* more than half of all breakers are open */
	ESCALATION_TASK,	/* one failed for good */
	ESCALATION_CAUSE_COUNT
};
extern const char *const escalation_cause_names[];

enum escalation_state { ESCALATION_OPEN, ESCALATION_ACKED, ESCALATION_RESOLVED,
			ESCALATION_STATE_COUNT };
extern const char *const escalation_state_names[];

enum escalation_channel { ESCALATION_WEBHOOK, ESCALATION_COMMAND, ESCALATION_CHANNEL_COUNT };
extern const char *const escalation_channel_names[];

struct escalation_delivery {
	bool delivered;
	uint32_t attempts;		/* that failed */
	int64_t next_attempt_us;	/* 0: at once */
	struct slice error;		/* of the last one; owned */
};

struct escalation {
	struct slice id;		/* owned, like every text */
	enum escalation_cause cause;
	enum escalation_state state;
	uint32_t board;			/* numbers, or INDEX_NONE */
	uint32_t task;
	uint32_t swarm;
	struct slice blocker;
	struct slice subject;
	struct slice detail;
	struct slice once;		/* while it is open, no other with the same key is raised */
	int64_t raised_at_us;
	int64_t acked_at_us;
	int64_t resolved_at_us;
	struct slice acked_by;
	struct slice resolved_by;
	struct slice note;
	struct escalation_delivery deliveries[ESCALATION_CHANNEL_COUNT];
};

#endif
