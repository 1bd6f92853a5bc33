/*
 * error - the catalogue of answers that are not "yes".
 *
 * Every face looks its status up here: HTTP, the command line, agents'
 * protocols. A refusal is the caller's to mend, a failure is ours or the
 * machine's; a bug is neither and ends in ENSURE.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "base/ensure.h"
#include "base/slice.h"

enum err {
	OK = 0,
#define ERR(name, ...) ERR_##name,
#include "base/error.def"
#undef ERR
	ERR_COUNT
};

enum err_kind { ERR_KIND_NONE, ERR_KIND_REFUSAL, ERR_KIND_FAILURE };

struct err_info {
	const char *name;	/* TASK_UNKNOWN */
	const char *code;	/* task_unknown */
	enum err_kind kind;
	int http_status;
	int exit_code;
	int jsonrpc_code;
	bool retryable;
	const char *message;
	const char *hint;
};

/* Never NULL; `err` must be in the catalogue. OK has status 200 and exit code 0. */
const struct err_info *err_info(enum err err);
/* The entry with this code, or ERR_COUNT. */
enum err err_of_code(struct slice code);

#endif
