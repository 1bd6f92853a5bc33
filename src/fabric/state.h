/*
 * state - everything the fabric knows, folded from the ledger.
 *
 * Only fold_event (fold.h) and state_load (snapshot.h) write it. Things are
 * numbered in the order in which they came and keep their number for ever,
 * so that the same ledger gives the same numbers everywhere.
 */
#ifndef FABRIC_STATE_H
#define FABRIC_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/map.h"
#include "base/slab.h"
#include "chassis/credential.h"
#include "chassis/reputation.h"
#include "chassis/slo.h"
#include "chassis/usage.h"
#include "coordinator/blocker.h"
#include "coordinator/board.h"
#include "coordinator/message.h"
#include "coordinator/note.h"
#include "coordinator/swarm.h"
#include "coordinator/task.h"
#include "fabric/command.h"
#include "fabric/lifecycle.h"
#include "fabric/ready.h"
#include "governor/budget.h"
#include "governor/capability.h"
#include "governor/cost.h"
#include "governor/escalation.h"
#include "governor/learn.h"
#include "governor/policy.h"
#include "governor/worker.h"

enum timer_what {
	TIMER_LEASE,		/* value: claim */
	TIMER_READY,		/* value: delayed task */
	TIMER_START_BY,		/* value: task */
	TIMER_PRESENCE,		/* value: swarm */
	TIMER_BUDGET,		/* value: budget whose next period begins */
	TIMER_BREAKER,		/* value: swarm whose breaker may be probed */
};

/* A budget and what it is of. */
struct budget_entry {
	/* Durable */
	enum budget_scope scope;
	uint32_t of;		/* board, swarm or task; 0 for the fabric */
	struct budget budget;
	int64_t set_at_us;
};

/* A person has allowed a claim. */
struct approval {
	uint32_t task;
	uint32_t swarm;		/* INDEX_NONE: any */
	struct slice by;	/* owned, like reason */
	struct slice reason;
	int64_t at_us;
};

/* What a model's tokens cost, beside the table that the program brings. */
struct price_entry {
	struct slice model;	/* owned, like source and date */
	struct price price;
	struct slice source;
	struct slice date;
};

/* How sure a worker was of its answer, and how much its word counted then. */
struct opinion {
	uint32_t task;			/* the answer */
	int64_t confidence_ppm;
	int64_t weight_ppm;
};

struct capability_text {
	struct slice capability;	/* owned, like description */
	struct slice description;
};

/* What the governor keeps; the parts are its own, what joins them is fabric's. */
struct govern {
	/* Durable */
	struct policy policy;
	struct arena policy_arena;	/* of its rules */
	struct slice policy_document;	/* owned; empty: the default policy */
	uint64_t policy_no;		/* event that applied it; 0: none did */
	struct slab workers;		/* struct worker; numbers are those of swarms */
	struct slab budgets;		/* struct budget_entry */
	struct slab attempts;		/* struct attempt: those that failed or cost something */
	struct slab charges;		/* struct charge */
	struct slab names;		/* struct slice: models and operations; owned */
	struct slab approvals;		/* struct approval */
	struct slab prices;		/* struct price_entry */
	struct slab capability_texts;	/* struct capability_text */
	struct slab escalations;	/* struct escalation */
	struct slab opinions;		/* struct opinion */
	struct learning learning;
	uint64_t violation_hash;	/* of the last refusal that was put on record */

	/* Volatile */
	struct map budget_map, attempt_map, task_attempts, name_map, price_map, approval_map,
		   escalation_map, opinion_map;
	uint32_t open_escalations;
	uint32_t open_breakers;		/* of registered swarms */
};

/* A module that swarms run, and the contract under which they do. */
struct module {
	/* Durable */
	struct slice id;		/* owned, like the next three */
	struct slice sha256;		/* of its bytes, hex; empty: programs run by themselves */
	struct slice contract;		/* its name */
	struct slice document;		/* its text, as it came */
	struct slice_list endpoints;	/* that credentials are for; owned */
	struct slo_targets targets;
	int64_t bytes;
	int64_t loaded_at_us;
	uint64_t loaded_no;		/* event that loaded it */
	bool loaded;

	/* Volatile */
	uint32_t swarms;		/* registered ones that work under its contract */
};

/* What a swarm has promised, how it keeps it, and what it used. */
struct standing {
	/* Durable */
	uint32_t module;		/* whose contract holds for it, or INDEX_NONE */
	int64_t broken_since_us;	/* 0: the contract is kept */
	struct slo slo;
	struct reputation reputation;
	struct swarm_usage usage;
};

/* What the chassis keeps; the parts are its own, what joins them is fabric's. */
struct chassis {
	/* Durable */
	struct slab modules;		/* struct module */
	struct slab standings;		/* struct standing; numbers are those of swarms */
	struct slab credentials;	/* struct credential; those that are over are empty */

	/* Volatile */
	struct map module_map, credential_map;
	uint32_t free_credential;	/* chain through next_of_claim */
	uint32_t live_credentials;
	uint32_t loaded_modules;
};

/* The remembered answer of a command that came with an idempotency key. */
struct answer {
	struct slice key;	/* owned, like body */
	struct slice code;	/* of the error, or ok */
	struct slice body;
	uint64_t fingerprint;
	int64_t at_us;
};

struct state {
	/* Durable */
	uint64_t last_event;		/* number of the last event folded */
	int64_t last_at_us;
	uint64_t epoch;
	int64_t feature_level;
	int64_t grace_until_us;		/* no lease ends before this */
	struct slab boards;		/* struct board */
	struct slab tasks;		/* struct task */
	struct slab swarms;		/* struct swarm */
	struct slab blockers;		/* struct blocker */
	struct slab messages;		/* struct message; those that were read are empty */
	struct slab quarantined;	/* struct slice: keys of commands that are not run again */
	struct answer *answers;		/* ring, oldest first; owned */
	size_t answer_first, answer_count, answer_capacity;
	struct note **notes;		/* sorted by key; owned */
	size_t note_count, note_capacity;

	struct govern govern;
	struct chassis chassis;

	/* Volatile */
	uint64_t hash_seed;
	struct slab claims;		/* struct claim */
	uint32_t free_claim;		/* chain through next_of_swarm */
	uint32_t live_claims;
	uint32_t free_message;		/* first place that may be empty */
	uint32_t live_messages;
	uint32_t open_blockers;
	uint32_t registered_swarms;
	uint32_t in_state[TASK_STATE_COUNT];
	struct map board_map, task_map, swarm_map, blocker_map, message_map, answer_map;
	struct heap timers;
	struct capability_table capabilities;
	struct lifecycle lifecycle;
	struct ready_index ready;
	struct arena scratch;		/* of one fold or one view */
};

/* Its scratch memory, empty: what is in there is nobody's state. Not for two at once. */
static inline struct arena *state_scratch(const struct state *state)
{
	struct arena *scratch = &((struct state *)(uintptr_t)state)->scratch;

	arena_reset(scratch);
	return scratch;
}

void state_init(struct state *state, uint64_t hash_seed);
void state_finish(struct state *state);

static inline struct board *state_board(const struct state *state, uint32_t index)
{
	return slab_at(&state->boards, index);
}
static inline struct task *state_task(const struct state *state, uint32_t index)
{
	return slab_at(&state->tasks, index);
}
static inline struct swarm *state_swarm(const struct state *state, uint32_t index)
{
	return slab_at(&state->swarms, index);
}
static inline struct claim *state_claim(const struct state *state, uint32_t index)
{
	return slab_at(&state->claims, index);
}
static inline struct blocker *state_blocker(const struct state *state, uint32_t index)
{
	return slab_at(&state->blockers, index);
}

/* Numbers, or INDEX_NONE. */
uint32_t state_find_board(const struct state *state, struct slice id);
uint32_t state_find_task(const struct state *state, uint32_t board, struct slice id);
/* Also finds names that only a task mentions: look at `registered`. */
uint32_t state_find_swarm(const struct state *state, struct slice id);
uint32_t state_find_blocker(const struct state *state, struct slice id);
uint32_t state_find_message(const struct state *state, uint64_t number);
/* NULL when there is none. */
const struct answer *state_find_answer(const struct state *state, struct slice key);
/* Position of the first note whose key is not before `key`. */
size_t state_note_position(const struct state *state, struct slice key);
const struct note *state_find_note(const struct state *state, struct slice key);
bool state_is_quarantined(const struct state *state, struct slice key);

/* The task's specification; lists and texts live in `arena` and in the task. */
void task_spec_of(const struct task *task, struct arena *arena, struct task_spec *ret_spec);
/* The bytes that a task keeps of a specification. */
void task_spec_encode(const struct task_spec *spec, struct buf *out);

/* Before when it may not start once it has this specification. */
int64_t task_rests_until(const struct task *task, struct arena *arena,
			 const struct task_spec *spec);

/* How it ended: kept with a task that has. */
struct task_outcome {
	struct slice by;	/* swarm, or who called */
	struct slice reason;
	struct slice result;	/* one JSON value, or empty */
	struct slice evidence;	/* one JSON value, or empty */
};
extern const struct schema task_outcome_schema;
/* All empty when there is none. */
void task_outcome_of(const struct task *task, struct arena *arena,
		     struct task_outcome *ret_outcome);

/* For fold and load. */
uint32_t state_add_board(struct state *state, struct slice id);
uint32_t state_add_task(struct state *state, uint32_t board, struct slice id);
uint32_t state_swarm_of_name(struct state *state, struct slice id);
uint32_t state_add_blocker(struct state *state, struct slice id);
uint32_t state_add_message(struct state *state, uint64_t number);
void state_drop_message(struct state *state, uint32_t index);
/* Takes out of the specification what the task's volatile fields hold. */
void state_spec_apply(struct state *state, uint32_t task, const struct task_spec *spec);
/* The same, and the task keeps the specification. */
void state_spec_set(struct state *state, uint32_t task, const struct task_spec *spec);
void state_task_move(struct state *state, uint32_t task, enum task_state to);
/* A claim on `task` by `swarm`, in both of their lists; paths are copied and reserved. */
uint32_t state_claim_add(struct state *state, uint32_t task, uint32_t swarm,
			 struct slice_list paths);
/* Ends it: paths are free again, and what waited for them is queued. */
void state_claim_drop(struct state *state, uint32_t claim);
/* A second answer to the same key (what was parked is served) takes the first one's place. */
void state_answer_add(struct state *state, const struct answer *answer);
void state_answers_expire(struct state *state, int64_t before_us);
struct note *state_note_add(struct state *state, struct slice key);
void state_note_drop(struct state *state, size_t position);
void state_inbox_add(struct state *state, uint32_t swarm, uint32_t message);
void state_inbox_read(struct state *state, uint32_t swarm, uint64_t cursor);
void state_timer(struct state *state, enum timer_what what, uint32_t value, int64_t at_us);
/*
 * One timer for each place of a claim and for each swarm. When it goes off
 * too early, because a heartbeat came since, it is set anew: so that neither
 * heartbeats nor short claims leave timers behind.
 */
void state_lease_timer(struct state *state, uint32_t claim, int64_t at_us);
void state_presence_timer(struct state *state, uint32_t swarm, int64_t at_us);

/* ---- the governor's (state_govern.c) ---- */

static inline struct worker *state_worker(const struct state *state, uint32_t swarm)
{
	return slab_at(&state->govern.workers, swarm);
}
static inline struct budget_entry *state_budget(const struct state *state, uint32_t index)
{
	return slab_at(&state->govern.budgets, index);
}
static inline struct attempt *state_attempt(const struct state *state, uint32_t index)
{
	return slab_at(&state->govern.attempts, index);
}
static inline struct charge *state_charge(const struct state *state, uint32_t index)
{
	return slab_at(&state->govern.charges, index);
}
static inline struct escalation *state_escalation(const struct state *state, uint32_t index)
{
	return slab_at(&state->govern.escalations, index);
}

void govern_init(struct state *state);
void govern_finish(struct state *state);
/* With every swarm. */
void govern_add_worker(struct state *state);

/* Numbers, or INDEX_NONE. `of` is 0 for the fabric. */
uint32_t state_find_budget(const struct state *state, enum budget_scope scope, uint32_t of);
uint32_t state_add_budget(struct state *state, enum budget_scope scope, uint32_t of);
/* The budgets that a claim of this task by this swarm draws on; returns how many. */
size_t state_budgets_of(const struct state *state, uint32_t task, uint32_t swarm,
			uint32_t ret_budgets[BUDGET_SCOPE_COUNT]);
/* What live claims have reserved in this scope. */
int64_t state_reserved_in(const struct state *state, enum budget_scope scope, uint32_t of);

uint32_t state_find_attempt(const struct state *state, uint32_t task, uint32_t swarm,
			    uint64_t fence);
/* Finds it, or makes it: live. */
uint32_t state_attempt_of(struct state *state, uint32_t task, uint32_t swarm, uint64_t fence);
/* The last attempt at the task that is kept, or INDEX_NONE; then next_of_task. */
uint32_t state_first_attempt(const struct state *state, uint32_t task);
/* Adds to the attempt's charge of this day, model and operation. */
struct charge *state_charge_of(struct state *state, uint32_t attempt, int32_t day, uint32_t model,
			       uint32_t operation);
void state_link_attempt(struct state *state, uint32_t attempt);
void state_link_charge(struct state *state, uint32_t charge);
/* The number of a model's or operation's name; INDEX_NONE for an empty one. */
uint32_t state_name(struct state *state, struct slice name);
struct slice state_name_text(const struct state *state, uint32_t name);

/* False when neither the user nor the program knows the model. */
bool state_find_price(const struct state *state, struct slice model, struct price *ret_price);
uint32_t state_find_own_price(const struct state *state, struct slice model);
bool state_is_approved(const struct state *state, uint32_t task, uint32_t swarm);
void state_link_approval(struct state *state, uint32_t approval);
/* NULL when it is no answer, or not given yet. */
const struct opinion *state_find_opinion(const struct state *state, uint32_t answer);
void state_link_opinion(struct state *state, uint32_t opinion);
uint32_t state_find_escalation(const struct state *state, struct slice id);
uint32_t state_add_escalation(struct state *state, struct slice id);
/* One that is not resolved and has this key, or INDEX_NONE. */
uint32_t state_find_open_escalation(const struct state *state, struct slice once);

/* ---- the chassis's (state_chassis.c) ---- */

static inline struct module *state_module(const struct state *state, uint32_t index)
{
	return slab_at(&state->chassis.modules, index);
}
static inline struct standing *state_standing(const struct state *state, uint32_t swarm)
{
	return slab_at(&state->chassis.standings, swarm);
}
static inline struct credential *state_credential(const struct state *state, uint32_t index)
{
	return slab_at(&state->chassis.credentials, index);
}

void chassis_init(struct state *state);
void chassis_finish(struct state *state);
/* With every swarm. */
void chassis_add_standing(struct state *state);

/* Numbers, or INDEX_NONE. Also finds modules that were unloaded: look at `loaded`. */
uint32_t state_find_module(const struct state *state, struct slice id);
uint32_t state_add_module(struct state *state, struct slice id);
/* The module whose contract holds for the swarm, or NULL. */
const struct module *state_contract_of(const struct state *state, uint32_t swarm);
/* What it promises; nothing without a contract. */
struct slo_targets state_targets_of(const struct state *state, uint32_t swarm);
/* From now on the swarm, which is registered, works under this one, or INDEX_NONE. */
void state_bind_contract(struct state *state, uint32_t swarm, uint32_t module);

uint32_t state_find_credential(const struct state *state, uint64_t number);
/* The newest of the claim. */
uint32_t state_add_credential(struct state *state, uint32_t claim, uint64_t number);
uint32_t state_count_credentials(const struct state *state, const struct claim *claim);
void state_credentials_drop(struct state *state, struct claim *claim);

/* Owned copies, as the structs hold them. */
void owned_set(struct slice *owned, struct slice value);
void owned_list_set(struct slice_list *owned, struct slice_list value);
void owned_list_free(struct slice_list *owned);

#endif
