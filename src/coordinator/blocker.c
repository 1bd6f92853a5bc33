#include "coordinator/blocker.h"

const char *const severity_names[] = {
	[SEVERITY_LOW] = "low",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_CRITICAL] = "critical",
};

const char *const blocker_state_names[] = {
	[BLOCKER_OPEN] = "open",
	[BLOCKER_RESOLVED] = "resolved",
	[BLOCKER_WITHDRAWN] = "withdrawn",
};
