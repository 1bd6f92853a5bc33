/*
 * host - what a guest can call: the table of host.def, as functions.
 *
 * A guest passes numbers; where they stand for memory, guest_bytes checks
 * them. Whatever it passes, a function answers, or ends the run.
 */
#ifndef SANDBOX_HOST_H
#define SANDBOX_HOST_H

#include "sandbox/guest.h"

/* A number as the engine passes it, in its raw form: 16 bytes, whichever member counts. */
union host_value {
	int32_t i32;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	uint8_t whole[16];
};

enum host_next {
	HOST_GOES_ON,
	HOST_ENDS,		/* guest_end was called, or has_exited is set; else it gave up */
};

/* values[0..] are what it takes; values[0] becomes what it gives. */
typedef enum host_next host_fn(struct guest *guest, union host_value *values);

struct host_function {
	const char *module, *name;
	const char *takes, *gives;	/* one letter for each number: i or I */
	host_fn *fn;
};

extern const struct host_function host_functions[];
extern const size_t host_function_count;

/* NULL when nobody provides it. */
const struct host_function *host_find(struct slice module, struct slice name);

/* Levels of the guest's log; a number that is none of them is the last. */
enum { GUEST_LOG_ERROR, GUEST_LOG_WARN, GUEST_LOG_INFO, GUEST_LOG_DEBUG };

#define HOST(module, name, takes, gives, fn) \
	enum host_next fn(struct guest *guest, union host_value *values);
/* Some rows share a function; declaring it again says nothing new. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "sandbox/host.def"
#pragma GCC diagnostic pop
#undef HOST

#endif
