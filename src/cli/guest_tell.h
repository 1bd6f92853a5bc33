/*
 * guest_tell - how a run of a module ended: for people, for programs, for the board.
 */
#ifndef CLI_GUEST_TELL_H
#define CLI_GUEST_TELL_H

#include "cli/guest_module.h"

/* One run that is over. What it refers to must stay. */
struct guest_end {
	const struct guest_module *module;
	const struct outcome *outcome;
	int64_t limit_ms;		/* not 0: it was stopped because this time was over */
	bool has_lost_proxy;		/* the one that had its grant was gone at the end */
	struct slice log;		/* the end of what it logged; text */
};

/*
 * OK, or what failed it that was none of its doing: the sandbox, or the proxy
 * that it had asked. Nobody is blamed for such a run.
 */
enum err guest_failure(const struct guest_end *end);

/* The verdict, of a run that the sandbox itself did not fail. */
enum chassis_verdict guest_verdict(const struct guest_end *end);
bool guest_has_succeeded(const struct guest_end *end);
/* 0 for a result, 124 out of time, 6 denied, else 1; of the sandbox's own failures, theirs. */
int guest_exit_code(const struct guest_end *end);

/* "out_of_fuel, fuel: it took more steps than its contract allows". */
void guest_add_reason(const struct guest_end *end, struct buf *out);
/* "3 ms, 2 ms of a processor, 1.2 million steps, 128 KiB" */
void guest_add_resources(const struct guest_end *end, struct buf *out);
/*
 * Its result as JSON: as it is when it is one value, else as a text. Nothing when
 * there was none.
 */
void guest_add_result(const struct guest_end *end, struct buf *out);
/* Members of the open object: module, sha256, verdict, reason, detail, resources, log_tail. */
void guest_put_end(const struct guest_end *end, struct json_writer *json);
/* The same as a whole object, which is a task's evidence. */
void guest_add_evidence(const struct guest_end *end, struct buf *out);
/* Arguments of chassis.report about the run itself, as members. */
void guest_add_report(const struct guest_end *end, struct buf *out);

#endif
