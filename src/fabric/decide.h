/*
 * decide - what a command leads to: events, or a refusal. Never writes.
 *
 * Refusals come in the order that the function shows, then all events are
 * given at once. Events say what is so after those before them, so a
 * decision works out what its own first events will change.
 */
#ifndef FABRIC_DECIDE_H
#define FABRIC_DECIDE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "fabric/event.h"
#include "fabric/state.h"

/* What an answer shows once the events are folded. */
enum about {
	ABOUT_NOTHING,
	ABOUT_TASK,
	ABOUT_BOARD,
	ABOUT_SWARM,
	ABOUT_BLOCKER,
	ABOUT_NOTE,
	ABOUT_ESCALATION,
	ABOUT_MODULE,
	ABOUT_CREDENTIAL,
};

struct decision {
	const struct state *state;
	int64_t now_us;
	struct slice actor;
	struct arena *arena;

	struct event *first, *last;
	uint64_t event_count;

	enum about about;
	uint32_t index;			/* of what the answer is about */
	struct slice name;		/* of what the answer is about and the events will make */
	bool dry_run;			/* the events are not to be folded */
	bool probe;			/* a claim that it grants is to find out about the swarm */
	bool kept;			/* its events are to be folded although it refuses */
	struct buf detail;		/* why not, for people */
	struct buf members;		/* why not, for programs: JSON members */
	struct buf answer;		/* JSON members beside what the answer is about */
	struct json_writer member_json;
	struct json_writer answer_json;
};

void decision_init(struct decision *decision, const struct state *state, int64_t now_us,
		   struct slice actor, struct arena *arena);
void decision_finish(struct decision *decision);

/* A new event at the end; its number is known already. */
struct event *decision_emit(struct decision *decision, enum event_type type);

/* Says why: each {} of `text` is replaced by the next slice. Returns `err`. */
enum err decision_refuse(struct decision *decision, enum err err, const char *text,
			 const struct slice *words);
#define REFUSE(decision, err, text, ...) \
	decision_refuse((decision), (err), (text), (struct slice[]){ __VA_ARGS__ })

/* A number or time as words of a refusal, in the decision's arena. */
struct slice decision_number(struct decision *decision, int64_t number);
struct slice decision_time(struct decision *decision, int64_t at_us);

/* Lookups that refuse. The board may be "-", the only one there is. */
MUST_USE enum err decision_board(struct decision *decision, struct slice id, uint32_t *ret_board);
MUST_USE enum err decision_not_archived(struct decision *decision, uint32_t board);
MUST_USE enum err decision_open_board(struct decision *decision, struct slice id,
				      uint32_t *ret_board);
MUST_USE enum err decision_task(struct decision *decision, struct slice board, struct slice task,
				uint32_t *ret_task);
MUST_USE enum err decision_swarm(struct decision *decision, struct slice id, uint32_t *ret_swarm);
/* Also one that has taken leave: what came of its work is still so. */
MUST_USE enum err decision_any_swarm(struct decision *decision, struct slice id,
				     uint32_t *ret_swarm);

/* Emits task.ready, `because` of what. */
void decision_emit_ready(struct decision *decision, uint32_t task, struct slice because);
/* The same for tasks that waited for this one only, which is about to be done. */
void decision_emit_dependents_ready(struct decision *decision, uint32_t task);
/* Each once, in their order. */
struct slice_list decision_each_once(struct decision *decision, struct slice_list ids);
/* A task's swarm-less events: board and task id. */
void decision_name_task(const struct decision *decision, uint32_t task, struct slice *ret_board,
			struct slice *ret_id);

typedef enum err decide_fn(struct decision *decision, const struct command *command);

/* One for every row of command.def that writes. */
decide_fn decide_board_create, decide_board_import, decide_board_archive, decide_board_unarchive;
decide_fn decide_task_add, decide_task_update, decide_task_claim, decide_task_next,
	decide_task_heartbeat, decide_task_progress, decide_task_release, decide_task_complete,
	decide_task_fail, decide_task_cancel, decide_task_retry;
decide_fn decide_swarm_register, decide_swarm_heartbeat, decide_swarm_offer, decide_swarm_leave;
decide_fn decide_blocker_raise, decide_blocker_resolve, decide_blocker_withdraw;
decide_fn decide_message_send, decide_message_ack;
decide_fn decide_note_put, decide_note_cas, decide_note_delete;
decide_fn decide_swarm_import, decide_capability_define, decide_breaker_trip, decide_breaker_reset,
	decide_claim_approve, decide_policy_apply;
decide_fn decide_budget_set, decide_cost_charge, decide_price_set, decide_price_import;
decide_fn decide_escalation_ack, decide_escalation_resolve;
decide_fn decide_chassis_load, decide_chassis_unload, decide_chassis_report, decide_egress_note,
	decide_credential_mint, decide_credential_revoke;

/* Of a command that writes, NULL for others. finish-and-next is two decisions: complete, next. */
decide_fn *decide_of(enum command_type type);

/* What `next` looks for. */
struct ready_wish decide_wish(const struct state *state, uint32_t swarm, uint32_t board,
			      bool critical_only);
/* Whether the swarm may take the task now: the refusals of a claim, in their order. */
struct govern_verdict;
MUST_USE enum err decide_may_claim(struct decision *decision, uint32_t task, uint32_t swarm,
				   struct slice_list paths, struct govern_verdict *ret_verdict);
/* task.cancelled, and what ends with it; task.retried, and task.ready when nothing is in its way. */
void decide_emit_cancelled(struct decision *decision, uint32_t task, struct slice reason);
void decide_emit_retried(struct decision *decision, uint32_t task, struct slice reason);
/* Ends a claim by an event for every end that gives the task back; `because` goes into task.ready. */
void decide_emit_released(struct decision *decision, uint32_t task, struct slice reason,
			  int64_t not_before_us);

/*
 * Timers that are over at `now_us`: takes them off the state's heap until one
 * has given events, so that each is judged by what those before it changed.
 * Returns how many it took.
 */
size_t decide_tick(struct decision *decision, struct state *state);

#endif
