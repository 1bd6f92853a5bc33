/*
 * spawn_link - the board's side of a supervisor: registers its swarm, waits
 * for tasks, keeps it alive, hears of claims that ended, tells how work went.
 *
 * Nothing here blocks. When the daemon is away, everything waits and is said
 * when it is back; a claim that has ended meanwhile is told then.
 */
#ifndef CLI_SPAWN_LINK_H
#define CLI_SPAWN_LINK_H

#include "base/buf.h"
#include "document/json.h"
#include "infrafabric.h"
#include "sys/loop.h"

struct spawn_link;

/* A claim, as the answer told it. */
struct spawn_claim {
	char board[IFAB_ID_SIZE];
	char task[IFAB_ID_SIZE];
	int64_t fence;
	int64_t attempt;
	int64_t limit_ms;		/* of this attempt; 0: it has none */
	bool has_cost_limit;		/* of its own, beside those of budgets */
	int64_t ready_at_us;		/* since when somebody could have had it */
	int64_t wanted_at_us;		/* since when we had a hand for it */
	const char **run;		/* its own command, ends with NULL; or NULL; owned */
	char wasm[IFAB_ID_SIZE];	/* module that does it; empty: none */
	struct buf payload;		/* JSON, or empty */
	struct buf token;		/* scoped to the claim, or empty */
	struct buf json;		/* the whole answer */
};
void spawn_claim_finish(struct spawn_claim *claim);
/* False when the answer is no claim. */
bool spawn_claim_read(const struct json_value *answer, struct spawn_claim *ret_claim);

struct spawn_link_options {
	struct slice swarm;
	struct slice board;		/* empty: every one */
	struct slice model;
	struct slice_list capabilities;
	struct slice contract;		/* module whose contract it works under; empty: as it is */
	int64_t slots;
	int64_t lease_ms;
	bool critical_only;
	bool keeps_claims;		/* claims from before go on; else they go back to the board */
};

/* How a piece of work ended, for the board. */
enum spawn_report {
	SPAWN_COMPLETE,
	SPAWN_COMPLETE_AND_NEXT,	/* the hand that is free takes another task in the same step */
	SPAWN_FAIL,
	SPAWN_RELEASE,
	SPAWN_RELEASE_LATER,		/* nobody is to have it again at once */
};

struct spawn_link_ops {
	/* The swarm is registered, for the first time. */
	void (*on_ready)(void *context);
	/* Answers spawn_link_ask. The claim is the callee's. */
	void (*on_claim)(void *context, struct spawn_claim *claim);
	/* A claim of this swarm ended, by whomever; `kind` of the event: lease.lost. */
	void (*on_over)(void *context, struct slice board, struct slice task, int64_t fence,
			struct slice kind, struct slice reason);
	/* The board asks that the work on a claim ends: it costs too much. More than once, perhaps. */
	void (*on_stop)(void *context, struct slice board, struct slice task, int64_t fence,
			struct slice reason);
	/* What the swarm held when heartbeat number `beat` was answered: ids of tasks. */
	void (*on_holds)(void *context, int64_t beat, const struct json_value *holds);
	/*
	 * The board knows; or nothing can be told about this claim any more: then
	 * `refusal`. `next` is what the hand has got instead, and the callee's, or NULL.
	 */
	void (*on_reported)(void *context, void *about, const struct ifab_error *refusal,
			    struct spawn_claim *next);
	/* Answers spawn_link_charge and _note_run (`is_run`); `claim` is only what names it. */
	void (*on_charged)(void *context, const struct spawn_claim *claim, bool is_run,
			   const struct ifab_error *refusal);
	/* The daemon went away, or came back. */
	void (*on_connection)(void *context, bool is_connected);
	/* spawn_link_leave is done, or could not be. */
	void (*on_left)(void *context, bool is_done);
	/* There is no sense in going on: ifab_last_error says why. */
	void (*on_refused)(void *context, enum ifab_status status);
};

/* Begins to register. NULL when there are no descriptors. `client` must outlive it. */
struct spawn_link *spawn_link_open(struct loop *loop, struct ifab_client *client,
				   const struct spawn_link_options *options,
				   const struct spawn_link_ops *ops, void *context);
/* Forgets whatever was not said yet. Takes NULL. */
void spawn_link_close(struct spawn_link *link);

/* Waits for one task. Does nothing while it waits already. */
void spawn_link_ask(struct spawn_link *link);
void spawn_link_stop_asking(struct spawn_link *link);

/* Heartbeats that were sent so far: a claim is told by the answer to a later one. */
int64_t spawn_link_beats(const struct spawn_link *link);

/*
 * Tells how it ended, as often as it takes. `reason` may be empty, `result` and
 * `evidence` are JSON or empty. on_reported follows with `about`.
 */
void spawn_link_report(struct spawn_link *link, const struct spawn_claim *claim,
		       enum spawn_report report, struct slice reason, struct slice result,
		       struct slice evidence, void *about);

/*
 * Tells what a claim has cost: `members` are arguments of cost.charge, as members of an
 * object. Stands on record before a report that follows. on_charged follows.
 */
void spawn_link_charge(struct spawn_link *link, const struct spawn_claim *claim,
		       struct slice members);

/* The same for the run of a module: `members` are arguments of chassis.report. */
void spawn_link_note_run(struct spawn_link *link, const struct spawn_claim *claim,
			 struct slice members);

/* Takes leave; on_left follows. Gives up after `limit_us`. */
void spawn_link_leave(struct spawn_link *link, const char *reason, int64_t limit_us);

#endif
