#include "sandbox/outcome.h"

#include <signal.h>

#include "base/buf.h"

void outcome_take_end(struct outcome *outcome, const struct wire_end *end, struct slice result)
{
	outcome->verdict = (enum chassis_verdict)end->verdict;
	buf_add_slice(&outcome->reason, end->reason);
	buf_add_slice(&outcome->detail, end->detail);
	buf_add_slice(&outcome->result, result);
	outcome->fuel_used = end->fuel_used;
	outcome->memory_bytes = end->memory_bytes;
	outcome->wall_us = end->wall_us;
	outcome->host_calls = end->host_calls;
	outcome->log_bytes = end->log_bytes;
	outcome->http_requests = end->http_requests;
	outcome->denials = end->denials;
}

static void set(struct outcome *outcome, enum chassis_verdict verdict, const char *reason,
		const char *detail)
{
	outcome->verdict = verdict;
	buf_add_str(&outcome->reason, reason);
	buf_add_str(&outcome->detail, detail);
}

void outcome_take_breach(struct outcome *outcome)
{
	set(outcome, CHASSIS_VERDICT_TRAP, "protocol", "its process did not keep to the protocol");
}

/* It ended without a word. */
static void judge_silence(struct outcome *outcome, const struct wire_exited *exited, bool was_late)
{
	if (was_late || exited->signal == SIGXCPU) {
		set(outcome, CHASSIS_VERDICT_OUT_OF_TIME, was_late ? "wall" : "cpu",
		    "it ran longer than its contract allows");
	} else if (outcome->was_killed) {
		set(outcome, CHASSIS_VERDICT_TRAP, "killed", "it was stopped from outside");
	} else if (exited->signal == SIGKILL) {
		set(outcome, CHASSIS_VERDICT_OUT_OF_MEMORY, "machine",
		    "the system killed it, as it does when the machine's memory runs out");
	} else if (exited->signal == SIGSYS) {
		set(outcome, CHASSIS_VERDICT_DENIED, "system_call",
		    "its process made a system call that no guest may make");
	} else if (exited->signal) {
		set(outcome, CHASSIS_VERDICT_TRAP, "signal", "its process was ended by signal ");
		buf_add_i64(&outcome->detail, exited->signal);
	} else {
		outcome->err = ERR_CHASSIS_FAILED;
		buf_add_lit(&outcome->detail, "its process could not be started and shut in");
	}
}

void outcome_take_exit(struct outcome *outcome, const struct wire_exited *exited, bool has_end,
		       bool was_late)
{
	outcome->cpu_us = exited->cpu_us;
	outcome->resident_bytes = exited->resident_bytes;
	if (!has_end)
		judge_silence(outcome, exited, was_late);
}

void outcome_finish(struct outcome *outcome)
{
	buf_finish(&outcome->reason);
	buf_finish(&outcome->detail);
	buf_finish(&outcome->result);
}
