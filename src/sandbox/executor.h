/*
 * executor - runs a command for somebody else, if a rule allows it: with a
 * clean environment, a time limit, and its output kept within bounds.
 */
#ifndef SANDBOX_EXECUTOR_H
#define SANDBOX_EXECUTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "chassis/executor.h"

#define EXECUTOR_NO_RULE (-1)
#define EXECUTOR_INPUT_BYTES_MAX (1024 * 1024)

/* Rules with their patterns compiled. */
struct executor;

/* The rules stay the caller's. ERR_DOCUMENT_INVALID: a pattern is wrong; the detail says where. */
MUST_USE enum err executor_open(const struct executor_rules *rules, struct executor **ret_executor,
				struct buf *detail);
/* Takes NULL. */
void executor_close(struct executor *executor);

/*
 * The first rule that allows the command, or EXECUTOR_NO_RULE; `reason` then says
 * how far the rule got that came nearest.
 */
int executor_rule_of(const struct executor *executor, const char *const *argv, size_t argc,
		     struct buf *reason);

struct executor_result {
	int rule;
	int exit_status;		/* -1: a signal ended it */
	int signal;
	bool is_out_of_time;
	bool is_out_of_output;		/* printed more than the rule allows */
	int64_t duration_us;
	struct buf output[2];		/* of stdout and stderr, together within the limit */
};

/*
 * Runs it and waits for its end; nothing that it started in its process group
 * goes on. ERR_COMMAND_DENIED, or ERR_OS when it could not be started, with the detail.
 * Finish the result in any case.
 */
MUST_USE enum err executor_run(const struct executor *executor, const char *const *argv,
			       size_t argc, struct slice input,
			       struct executor_result *ret_result, struct buf *detail);
void executor_result_finish(struct executor_result *result);

#endif
