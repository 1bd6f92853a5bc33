/*
 * guest_work - runs of a module in a loop: a warm sandbox, and a piece of work for each run.
 */
#ifndef CLI_GUEST_WORK_H
#define CLI_GUEST_WORK_H

#include "cli/guest_tell.h"
#include "cli/proxy_link.h"
#include "sys/loop.h"

struct guest_host;
struct guest_work;

/*
 * Opens a sandbox for the module, which waits until that is compiled (see
 * runner_open for the errors). The module is taken, also on failure.
 */
MUST_USE enum err guest_host_open(struct cli *cli, struct loop *loop, struct guest_module *module,
				  struct guest_host **ret_host, struct buf *detail);
/*
 * The same without waiting: `on_open` tells later how it went, with the reason when it could not
 * be; then the host is to be closed, inside or afterwards. Until then nothing can be started.
 */
typedef void guest_open_fn(void *context, struct guest_host *host, enum err err,
			   struct slice detail);
MUST_USE enum err guest_host_begin(struct cli *cli, struct loop *loop, struct guest_module *module,
				   guest_open_fn *on_open, void *context,
				   struct guest_host **ret_host, struct buf *detail);
bool guest_host_is_open(const struct guest_host *host);
/* All of its work must have been destroyed. Takes NULL. */
void guest_host_close(struct guest_host *host);
const struct guest_module *guest_host_module(const struct guest_host *host);
const struct runner_info *guest_host_info(const struct guest_host *host);
/* It is open, and nothing runs there. */
bool guest_host_is_idle(const struct guest_host *host);
/* It has failed, and starts nothing any more: open another. */
bool guest_host_is_gone(const struct guest_host *host);

struct guest_order {
	struct slice input;
	struct slice_list args;
	struct slice_list environment;	/* NAME=value; only what the contract grants gets through */
	const struct egress_who *who;	/* for the way out, if the contract grants one */
	int64_t limit_ms;		/* beside the contract's own; 0: none */
	/* A line that it logs, made visible. NULL: nobody wants to know. */
	void (*on_log)(void *context, struct slice line);
	/* It is over. guest_work_destroy is allowed inside. */
	void (*on_end)(void *context);
	void *context;
};

/*
 * Starts a run. ERR_CHASSIS_FAILED when the sandbox is gone, ERR_LIMIT_EXCEEDED when
 * it is given too much, or what proxy_grant says.
 */
MUST_USE enum err guest_work_start(struct guest_host *host, const struct guest_order *order,
				   struct guest_work **ret_work, struct buf *detail);
/* It ends at once, and on_end follows. */
void guest_work_kill(struct guest_work *work);
/* Kills it, if need be; on_end does not follow. Takes NULL. */
void guest_work_destroy(struct guest_work *work);

/* After its end; lives as long as the work. */
struct guest_end guest_work_end(const struct guest_work *work);

#endif
