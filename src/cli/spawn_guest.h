/*
 * spawn_guest - tasks that a supervisor gives to modules.
 *
 *	claim --chassis.show--> module, as it is known now --sandbox, kept warm--> run
 *
 * The board is asked for the module before each run, so that one which was
 * loaded anew, or forgotten, counts from the next task on. A sandbox is opened
 * when its module is first needed and serves all later runs of it.
 */
#ifndef CLI_SPAWN_GUEST_H
#define CLI_SPAWN_GUEST_H

#include "cli/guest_work.h"
#include "cli/spawn_link.h"

#define SPAWN_HOSTS_MAX 16	/* sandboxes that are kept warm: each is a process of a few MiB */

struct spawn_guests;
struct spawn_guest;

/*
 * Before there is anything in the loop. A `module` that is not empty gets its sandbox at once, before
 * there is any task that would have to wait for it; the swarm then works under its contract, and, if
 * it has none, with the capabilities of that (in cli's arena). 0, or the exit code with the problem
 * told. Closing is always right; all work must have been destroyed.
 */
int spawn_guests_open(struct cli *cli, struct loop *loop, struct slice module,
		      struct spawn_link_options *options, struct spawn_guests **ret_guests);
void spawn_guests_close(struct spawn_guests *guests);

struct spawn_guest_order {
	struct slice module;
	struct slice swarm;
	struct slice_list environment;	/* NAME=value; copied */
	int64_t limit_ms;		/* 0: none beside the contract's */
	void (*on_log)(void *context, struct slice line);
	void (*on_end)(void *context);
	void *context;
};

/* Begins; on_end follows, not before this has returned. The claim must stay until then. */
struct spawn_guest *spawn_guest_start(struct spawn_guests *guests, const struct spawn_claim *claim,
				      const struct spawn_guest_order *order);
/* It ends at once, and on_end follows. */
void spawn_guest_kill(struct spawn_guest *guest);
/* Takes NULL. */
void spawn_guest_destroy(struct spawn_guest *guest);

/* ---- after its end --------------------------------------------------------------------- */

/* False: it has not run, and spawn_guest_add_reason says why. */
bool spawn_guest_has_run(const struct spawn_guest *guest);
/* Only when it has run. */
struct guest_end spawn_guest_end(const struct spawn_guest *guest);
/* It could not run, or not to its end, and that is the fault of neither the task nor its module. */
bool spawn_guest_is_to_go_back(const struct spawn_guest *guest);
void spawn_guest_add_reason(const struct spawn_guest *guest, struct buf *out);

#endif
