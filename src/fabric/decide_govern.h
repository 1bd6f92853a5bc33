/*
 * decide_govern - what the governor adds to decisions: refusals with their
 * reasons, breakers, money, help and people.
 */
#ifndef FABRIC_DECIDE_GOVERN_H
#define FABRIC_DECIDE_GOVERN_H

#include "fabric/decide.h"
#include "fabric/govern.h"

/*
 * Whether the governor lets the swarm have the task: the verdict, and why not
 * in words.
 */
MUST_USE enum err decide_judge(struct decision *decision, uint32_t task, uint32_t swarm,
			       struct govern_verdict *ret_verdict);
/*
 * A refusal goes on record when the policy made it, and a person is asked when
 * one is needed; both once. The decision is then kept although it refuses.
 */
void decide_record_refusal(struct decision *decision, uint32_t task, uint32_t swarm,
			   const struct govern_verdict *verdict);

/* An answer to a task is a task of its own: adds it, and says its id. */
struct slice decide_begin_answer(struct decision *decision, uint32_t task);
/* After the event that ends the claim of a task by its holder: breakers open or close. */
void decide_outcome(struct decision *decision, uint32_t task, enum attempt_end end);
/* After task.completed: the holder's weight; the task that this was an answer to. */
void decide_answered(struct decision *decision, uint32_t task, int64_t confidence_ppm,
		     struct slice result);
/*
 * A task was cancelled: answers to it are called off; one that was itself an
 * answer will not be given. Tried again, answers that were not given are, too.
 */
void decide_round_cancelled(struct decision *decision, uint32_t task, struct slice reason);
void decide_round_retried(struct decision *decision, uint32_t task, struct slice reason);
/* After an attempt that failed or was lost; for good, a person is told, and an answer is missing. */
void decide_attempt_over(struct decision *decision, uint32_t task, bool for_good,
			 struct slice reason);

/* Money that a claim's holder reports with its result; negative: nothing. */
void decide_charge_holder(struct decision *decision, uint32_t task, int64_t cost_nanousd);

/*
 * Whether what the decision has given so far ends this claim, or asks its
 * holder to stop: one charge can spend several budgets at once.
 */
bool decide_has_ended(const struct decision *decision, const struct claim *claim);
bool decide_has_asked_to_stop(const struct decision *decision, const struct claim *claim);

/* Opens the breaker of a swarm and gives its claims back, all but the one on `except`. */
void decide_open_breaker(struct decision *decision, uint32_t swarm, enum breaker_cause cause,
			 struct slice reason, struct slice by, uint32_t except_task);
void decide_close_breaker(struct decision *decision, uint32_t swarm, struct slice by,
			  struct slice reason);

/* Asks a person, once while the same question is open. */
struct escalation_about {
	enum escalation_cause cause;
	uint32_t board, task, swarm;	/* INDEX_NONE: not about one */
	struct slice blocker;
	struct slice subject;
	struct slice detail;
	struct slice once;		/* the question */
};
void decide_escalate(struct decision *decision, const struct escalation_about *about);
/* The question has an answer. */
void decide_settle(struct decision *decision, struct slice once, struct slice by,
		   struct slice note);
/* Texts in the decision's arena: each {} is replaced. */
struct slice decide_text(struct decision *decision, const char *text, const struct slice *words);
#define TEXT(decision, text, ...) \
	decide_text((decision), (text), (struct slice[]){ __VA_ARGS__ })
/* "board demo", "the fabric"; and what a person is asked when it is spent. */
struct slice decide_budget_name(struct decision *decision, const struct budget_entry *entry);
struct slice decide_budget_question(struct decision *decision, const struct budget_entry *entry);
struct slice decide_money(struct decision *decision, int64_t nanousd);

/* As swarm.register and cost set-budget; a NULL budget or one without a limit is none. */
MUST_USE enum err decide_register(struct decision *decision, const struct cmd_swarm_register *args,
				  bool profiled, const struct cmd_budget_set *budget);
MUST_USE enum err decide_budget(struct decision *decision, const struct cmd_budget_set *args);
/* An event's budget.set for a swarm that the decision registers. */
void decide_first_budget(struct decision *decision, const struct cmd_budget_set *args,
			 struct slice swarm);

/* After blocker.raised: swarms are asked to help, or a person is. */
void decide_help(struct decision *decision, uint32_t task, struct slice blocker,
		 struct slice description, struct slice_list needs);
/* With the end of a blocker: help that has not ended is called off. */
void decide_help_ends(struct decision *decision, uint32_t blocker);

/* A timer: true when it gave an event. */
void decide_period(struct decision *decision, uint32_t budget, int64_t at_us);
void decide_probe(struct decision *decision, uint32_t swarm, int64_t at_us);

#endif
