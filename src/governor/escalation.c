#include "governor/escalation.h"

const char *const escalation_cause_names[] = {
	[ESCALATION_BUDGET] = "budget",
	[ESCALATION_HELP] = "help",
	[ESCALATION_APPROVAL] = "approval",
	[ESCALATION_BREAKER] = "breaker",
	[ESCALATION_FLEET] = "fleet",
	[ESCALATION_TASK] = "task",
};

const char *const escalation_state_names[] = {
	[ESCALATION_OPEN] = "open",
	[ESCALATION_ACKED] = "acked",
	[ESCALATION_RESOLVED] = "resolved",
};

const char *const escalation_channel_names[] = {
	[ESCALATION_WEBHOOK] = "webhook",
	[ESCALATION_COMMAND] = "command",
};
