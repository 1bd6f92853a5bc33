#include "fabric/decide_govern.h"

#include "base/ensure.h"
#include "fabric/decide_claim.h"
#include "fabric/standing.h"

#define FLEET_LEAST 4		/* swarms; of fewer, half is no fleet */

/* ---- words --------------------------------------------------------------------------------- */

struct slice decide_text(struct decision *decision, const char *text, const struct slice *words)
{
	struct buf out = { 0 };
	struct slice made;

	for (; *text; text++) {
		if (text[0] == '{' && text[1] == '}') {
			buf_add_slice(&out, *words++);
			text++;
		} else {
			buf_add_byte(&out, *text);
		}
	}
	made = arena_copy(decision->arena, buf_slice(&out));
	buf_finish(&out);
	return made;
}

struct slice decide_money(struct decision *decision, int64_t nanousd)
{
	struct buf out = { 0 };
	struct slice made;

	buf_add_money(&out, nanousd);
	made = arena_copy(decision->arena, buf_slice(&out));
	buf_finish(&out);
	return made;
}

/* ---- refusals ------------------------------------------------------------------------------ */

static enum err refuse_breaker(struct decision *decision, uint32_t swarm)
{
	const struct worker *worker = state_worker(decision->state, swarm);
	struct json_writer *json = &decision->member_json;

	json_put_str(json, "breaker", breaker_state_names[worker->breaker.state]);
	json_put_str(json, "cause", breaker_cause_names[worker->breaker.cause]);
	if (worker->breaker.state == BREAKER_HALF_OPEN)
		return REFUSE(decision, ERR_BREAKER_OPEN,
			      "the breaker of swarm {} is half open; it has the one task that may try",
			      state_swarm(decision->state, swarm)->id);
	return REFUSE(decision, ERR_BREAKER_OPEN, "the breaker of swarm {} is open since {}: {}",
		      state_swarm(decision->state, swarm)->id,
		      decision_time(decision, worker->breaker.opened_at_us),
		      worker->breaker_reason);
}

static struct slice percent_of_ppm(struct decision *decision, int64_t ppm)
{
	return decision_number(decision, ppm / 10000);
}

static struct slice rule_name(const struct decision *decision, const struct policy_answer *answer)
{
	if (answer->rule != POLICY_NO_RULE)
		return decision->state->govern.policy.rules[answer->rule].name;
	return slice_of_str(policy_ground_setting(answer->ground));
}

static enum err refuse_capability(struct decision *decision, const struct task *task,
				  const struct swarm *swarm, const struct govern_verdict *verdict)
{
	struct json_writer *json = &decision->member_json;
	bool by_rule = verdict->answer.rule != POLICY_NO_RULE;
	struct slice rule = rule_name(decision, &verdict->answer);
	struct task_spec spec;
	struct buf missing = { 0 };
	enum err err;

	task_spec_of(task, decision->arena, &spec);
	json_key(json, "overlap");
	json_ratio(json, verdict->overlap_ppm);
	json_key(json, "threshold");
	json_ratio(json, verdict->answer.limit);
	json_put_text(json, "rule", rule);
	json_key(json, "missing");
	json_array(json);
	for (size_t i = 0; i < spec.needs.count; i++) {
		if (capability_covers(&decision->state->capabilities, swarm->skills,
				      spec.needs.items[i]))
			continue;
		if (missing.len)
			buf_add_lit(&missing, ", ");
		buf_add_slice(&missing, spec.needs.items[i]);
		json_text(json, spec.needs.items[i]);
	}
	json_array_end(json);
	err = REFUSE(decision, ERR_CAPABILITY_BELOW,
		     "swarm {} covers {} % of what task {} needs, {} % is the least{}{}; it lacks {}",
		     swarm->id, percent_of_ppm(decision, verdict->overlap_ppm), task_id(task),
		     percent_of_ppm(decision, verdict->answer.limit),
		     by_rule ? SLICE(" by rule ") : SLICE_EMPTY, by_rule ? rule : SLICE_EMPTY,
		     buf_slice(&missing));
	buf_finish(&missing);
	return err;
}

static enum err refuse_policy(struct decision *decision, uint32_t task, uint32_t swarm,
			      const struct govern_verdict *verdict)
{
	const struct state *state = decision->state;
	struct policy_question question =
		govern_question(state, task, swarm, verdict, decision->arena);
	struct buf why = { 0 };
	enum err err;

	json_put_text(&decision->member_json, "rule", rule_name(decision, &verdict->answer));
	if (verdict->expected_nanousd >= 0) {
		json_key(&decision->member_json, "expected_cost_usd");
		json_money(&decision->member_json, verdict->expected_nanousd);
	}
	policy_explain(&state->govern.policy, &question, &verdict->answer, &why);
	err = REFUSE(decision, verdict->err, "task {} for swarm {}: {}",
		     task_id(state_task(state, task)), state_swarm(state, swarm)->id,
		     buf_slice(&why));
	buf_finish(&why);
	return err;
}

static enum err refuse_cost(struct decision *decision, uint32_t task, uint32_t swarm,
			    const struct govern_verdict *verdict)
{
	if (verdict->task_limit_nanousd < 0)
		return refuse_policy(decision, task, swarm, verdict);
	json_key(&decision->member_json, "expected_cost_usd");
	json_money(&decision->member_json, verdict->expected_nanousd);
	return REFUSE(decision, ERR_COST_OVER_POLICY,
		      "task {} may cost {} dollars; swarm {} is expected to cost {}",
		      task_id(state_task(decision->state, task)),
		      decide_money(decision, verdict->task_limit_nanousd),
		      state_swarm(decision->state, swarm)->id,
		      decide_money(decision, verdict->expected_nanousd));
}

struct slice decide_budget_name(struct decision *decision, const struct budget_entry *entry)
{
	const struct state *state = decision->state;

	switch (entry->scope) {
	case BUDGET_OF_FABRIC: return SLICE("the fabric");
	case BUDGET_OF_BOARD: return TEXT(decision, "board {}", state_board(state, entry->of)->id);
	case BUDGET_OF_SWARM: return TEXT(decision, "swarm {}", state_swarm(state, entry->of)->id);
	case BUDGET_OF_TASK: return TEXT(decision, "task {}", task_id(state_task(state, entry->of)));
	case BUDGET_SCOPE_COUNT:
	default: BUG("a budget is of something");
	}
}

static enum err refuse_budget(struct decision *decision, const struct govern_verdict *verdict)
{
	const struct budget_entry *entry = state_budget(decision->state, verdict->budget);
	struct json_writer *json = &decision->member_json;

	json_put_str(json, "budget", budget_scope_names[entry->scope]);
	json_key(json, "limit_usd");
	json_money(json, entry->budget.limit_nanousd);
	json_key(json, "left_usd");
	json_money(json, budget_left(&entry->budget));
	json_key(json, "needed_usd");
	json_money(json, verdict->reserve_nanousd);
	return REFUSE(decision, ERR_BUDGET_EXCEEDED,
		      "the budget of {} has {} of {} dollars left, {} reserved; this needs {} ({})",
		      decide_budget_name(decision, entry),
		      decide_money(decision, budget_left(&entry->budget)),
		      decide_money(decision, entry->budget.limit_nanousd),
		      decide_money(decision, entry->budget.reserved_nanousd),
		      decide_money(decision, verdict->reserve_nanousd),
		      slice_of_str(cost_from_names[verdict->cost_from]));
}

enum err decide_judge(struct decision *decision, uint32_t task, uint32_t swarm,
		      struct govern_verdict *ret_verdict)
{
	const struct state *state = decision->state;
	enum err err = govern_judge(state, task, swarm, ret_verdict);

	switch ((int)err) {
	case OK:
		return OK;
	case ERR_BREAKER_OPEN:
		return refuse_breaker(decision, swarm);
	case ERR_SWARM_EXCLUDED:
		return REFUSE(decision, err, "task {} may not go to swarm {}",
			      task_id(state_task(state, task)), state_swarm(state, swarm)->id);
	case ERR_TASK_EXISTS:
		return REFUSE(decision, err, "no task can be added for another answer to {}",
			      task_id(state_task(state, task)));
	case ERR_CAPABILITY_BELOW:
		return refuse_capability(decision, state_task(state, task),
					 state_swarm(state, swarm), ret_verdict);
	case ERR_COST_OVER_POLICY:
		return refuse_cost(decision, task, swarm, ret_verdict);
	case ERR_BUDGET_EXCEEDED:
		return refuse_budget(decision, ret_verdict);
	default:
		return refuse_policy(decision, task, swarm, ret_verdict);
	}
}

static void record_violation(struct decision *decision, uint32_t task, uint32_t swarm,
			     const struct govern_verdict *verdict)
{
	struct ev_policy_violated of = {
		.swarm = state_swarm(decision->state, swarm)->id,
		.code = slice_of_str(err_info(verdict->err)->code),
		.rule = rule_name(decision, &verdict->answer),
		.detail = arena_copy(decision->arena, buf_slice(&decision->detail)),
	};

	decision_name_task(decision, task, &of.board, &of.task);
	/* Who asks again and again is told again and again; the ledger need not grow with it. */
	if (govern_violation_hash(&of) == decision->state->govern.violation_hash)
		return;
	decision_emit(decision, EVENT_POLICY_VIOLATED)->of.policy_violated = of;
	decision->kept = true;
}

static void ask_for_approval(struct decision *decision, uint32_t task, uint32_t swarm)
{
	const struct state *state = decision->state;
	struct slice board = state_board(state, state_task(state, task)->board)->id;
	struct slice id = task_id(state_task(state, task));

	decide_escalate(decision, &(struct escalation_about){
		.cause = ESCALATION_APPROVAL, .board = state_task(state, task)->board,
		.task = task, .swarm = swarm,
		.subject = TEXT(decision, "task {} of board {} waits for approval", id, board),
		.detail = arena_copy(decision->arena, buf_slice(&decision->detail)),
		.once = TEXT(decision, "approval:{}/{}", board, id),
	});
}

struct slice decide_budget_question(struct decision *decision, const struct budget_entry *entry)
{
	return TEXT(decision, "budget:{}:{}", slice_of_str(budget_scope_names[entry->scope]),
		    decide_budget_name(decision, entry));
}

/* When live claims may still give money back, nobody need be asked yet. */
static void ask_for_money(struct decision *decision, uint32_t task, uint32_t index)
{
	const struct budget_entry *entry = state_budget(decision->state, index);

	if (entry->budget.reserved_nanousd)
		return;
	decide_escalate(decision, &(struct escalation_about){
		.cause = ESCALATION_BUDGET,
		.board = task == INDEX_NONE ? INDEX_NONE : state_task(decision->state, task)->board,
		.task = task, .swarm = entry->scope == BUDGET_OF_SWARM ? entry->of : INDEX_NONE,
		.subject = TEXT(decision, "the budget of {} has no room for work that waits",
				decide_budget_name(decision, entry)),
		.detail = arena_copy(decision->arena, buf_slice(&decision->detail)),
		.once = decide_budget_question(decision, entry),
	});
}

void decide_record_refusal(struct decision *decision, uint32_t task, uint32_t swarm,
			   const struct govern_verdict *verdict)
{
	switch ((int)verdict->err) {
	case ERR_APPROVAL_REQUIRED:
		record_violation(decision, task, swarm, verdict);
		ask_for_approval(decision, task, swarm);
		break;
	case ERR_POLICY_DENIED:
	case ERR_COST_OVER_POLICY:
	case ERR_CAPABILITY_BELOW:
		record_violation(decision, task, swarm, verdict);
		break;
	case ERR_BUDGET_EXCEEDED:
		ask_for_money(decision, task, verdict->budget);
		break;
	default:
		break;
	}
}

/* ---- people -------------------------------------------------------------------------------- */

static bool asked_already(const struct decision *decision, struct slice once)
{
	if (state_find_open_escalation(decision->state, once) != INDEX_NONE)
		return true;
	for (const struct event *event = decision->first; event; event = event->next)
		if (event->type == EVENT_ESCALATION_RAISED &&
		    slice_is(event->of.escalation_raised.once, once))
			return true;
	return false;
}

void decide_escalate(struct decision *decision, const struct escalation_about *about)
{
	const struct state *state = decision->state;
	struct ev_escalation_raised *of;
	struct slice id;

	if (asked_already(decision, about->once) ||
	    state->govern.open_escalations >= LIMIT_ESCALATIONS_OPEN)
		return;
	id = TEXT(decision, "e{}", decision_number(decision, (int64_t)(state->last_event +
								       decision->event_count + 1)));
	of = &decision_emit(decision, EVENT_ESCALATION_RAISED)->of.escalation_raised;
	*of = (struct ev_escalation_raised){
		.escalation = id, .cause = about->cause, .blocker = about->blocker,
		.subject = about->subject, .detail = about->detail, .once = about->once,
	};
	if (about->board != INDEX_NONE)
		of->board = state_board(state, about->board)->id;
	if (about->task != INDEX_NONE)
		of->task = arena_copy(decision->arena, task_id(state_task(state, about->task)));
	if (about->swarm != INDEX_NONE)
		of->swarm = state_swarm(state, about->swarm)->id;
	decision->kept = true;
}

void decide_settle(struct decision *decision, struct slice once, struct slice by,
		   struct slice note)
{
	uint32_t index = state_find_open_escalation(decision->state, once);

	if (index == INDEX_NONE)
		return;
	decision_emit(decision, EVENT_ESCALATION_RESOLVED)->of.escalation_resolved =
		(struct ev_escalation_resolved){ state_escalation(decision->state, index)->id, by,
						 note };
}

/* ---- what the decision itself has done ------------------------------------------------------ */

static int64_t ended_fence(const struct event *event)
{
	switch ((int)event->type) {
	case EVENT_TASK_RELEASED: return event->of.task_released.fence;
	case EVENT_TASK_COMPLETED: return event->of.task_completed.fence;
	case EVENT_TASK_FAILED: return event->of.task_failed.fence;
	case EVENT_TASK_CANCELLED: return event->of.task_cancelled.fence;
	case EVENT_LEASE_LOST: return event->of.lease_lost.fence;
	default: return 0;
	}
}

bool decide_has_ended(const struct decision *decision, const struct claim *claim)
{
	for (const struct event *event = decision->first; event; event = event->next)
		if (ended_fence(event) == (int64_t)claim->fence)
			return true;
	return false;
}

bool decide_has_asked_to_stop(const struct decision *decision, const struct claim *claim)
{
	if (claim->stop.len)
		return true;
	for (const struct event *event = decision->first; event; event = event->next)
		if (event->type == EVENT_CLAIM_STOP_ASKED &&
		    event->of.claim_stop_asked.fence == (int64_t)claim->fence)
			return true;
	return false;
}

static bool has_opened(const struct decision *decision, uint32_t swarm)
{
	for (const struct event *event = decision->first; event; event = event->next)
		if (event->type == EVENT_BREAKER_OPENED &&
		    slice_is(event->of.breaker_opened.swarm,
			     state_swarm(decision->state, swarm)->id))
			return true;
	return false;
}

/* ---- breakers ------------------------------------------------------------------------------ */

static struct slice breaker_question(struct decision *decision, uint32_t swarm)
{
	return TEXT(decision, "breaker:{}", state_swarm(decision->state, swarm)->id);
}

/* One alarm for all, when most of them fail: something else is wrong. */
static void tell_of_breaker(struct decision *decision, uint32_t swarm, enum breaker_cause cause,
			    struct slice reason)
{
	const struct state *state = decision->state;
	uint32_t open = state->govern.open_breakers + 1;

	if (state->registered_swarms >= FLEET_LEAST && open > state->registered_swarms / 2) {
		decide_escalate(decision, &(struct escalation_about){
			.cause = ESCALATION_FLEET, .board = INDEX_NONE, .task = INDEX_NONE,
			.swarm = INDEX_NONE,
			.subject = TEXT(decision, "the breakers of {} of {} swarms are open",
					decision_number(decision, open),
					decision_number(decision, state->registered_swarms)),
			.detail = TEXT(decision, "the last one: swarm {}: {}",
				       state_swarm(state, swarm)->id, reason),
			.once = SLICE("fleet"),
		});
		return;
	}
	/* A person is asked for money, and that closes it. */
	if (cause == BREAKER_BY_BUDGET)
		return;
	decide_escalate(decision, &(struct escalation_about){
		.cause = ESCALATION_BREAKER, .board = INDEX_NONE, .task = INDEX_NONE,
		.swarm = swarm,
		.subject = TEXT(decision, "the breaker of swarm {} has opened",
				state_swarm(state, swarm)->id),
		.detail = reason, .once = breaker_question(decision, swarm),
	});
}

void decide_open_breaker(struct decision *decision, uint32_t swarm, enum breaker_cause cause,
			 struct slice reason, struct slice by, uint32_t except_task)
{
	const struct state *state = decision->state;

	decision_emit(decision, EVENT_BREAKER_OPENED)->of.breaker_opened =
		(struct ev_breaker_opened){ state_swarm(state, swarm)->id, cause, reason, by };
	for (uint32_t at = state_swarm(state, swarm)->first_claim; at != INDEX_NONE;
	     at = state_claim(state, at)->next_of_swarm)
		if (state_claim(state, at)->task != except_task &&
		    !decide_has_ended(decision, state_claim(state, at)))
			decide_emit_released(decision, state_claim(state, at)->task,
					     SLICE("the breaker of its swarm has opened"), 0);
	if (cause != BREAKER_BY_HAND)
		tell_of_breaker(decision, swarm, cause, reason);
}

void decide_close_breaker(struct decision *decision, uint32_t swarm, struct slice by,
			  struct slice reason)
{
	const struct state *state = decision->state;
	uint32_t was_open = state_worker(state, swarm)->breaker.state == BREAKER_OPEN;

	decision_emit(decision, EVENT_BREAKER_CLOSED)->of.breaker_closed =
		(struct ev_breaker_closed){ state_swarm(state, swarm)->id, by, reason };
	decide_settle(decision, breaker_question(decision, swarm), by, reason);
	if (state->govern.open_breakers - was_open <= state->registered_swarms / 2)
		decide_settle(decision, SLICE("fleet"), by, reason);
}

static struct slice why_it_trips(struct decision *decision, const struct breaker *breaker,
				 enum breaker_cause cause)
{
	if (cause == BREAKER_BY_FAILURES)
		return TEXT(decision, "{} failures in a row",
			    decision_number(decision, breaker->in_row));
	return TEXT(decision, "{} % of the last {} outcomes failed",
		    decision_number(decision, breaker_ratio_ppm(breaker) / 10000),
		    decision_number(decision, breaker->outcomes));
}

/* A promise that is broken once is no reason; one that stays broken is. */
static void open_for_contract(struct decision *decision, uint32_t swarm, uint32_t index,
			      enum attempt_end end)
{
	const struct state *state = decision->state;
	const struct claim *claim = state_claim(state, state_task(state, index)->claim);
	struct slo_outcome next = standing_outcome(claim, end, decision->now_us);

	if (standing_trips(state, swarm, &next))
		decide_open_breaker(decision, swarm, BREAKER_BY_SLO,
				    TEXT(decision, "its contract {} is broken since {}",
					 state_contract_of(state, swarm)->contract,
					 decision_time(decision, state_standing(state, swarm)
									->broken_since_us)),
				    SLICE_EMPTY, index);
}

void decide_outcome(struct decision *decision, uint32_t index, enum attempt_end end)
{
	const struct state *state = decision->state;
	uint32_t swarm = state_claim(state, state_task(state, index)->claim)->swarm;
	struct breaker breaker = state_worker(state, swarm)->breaker;
	struct breaker_rules rules = govern_breaker_rules(state);
	bool failed = end != ATTEMPT_DONE;
	enum breaker_cause cause;

	/* What the attempt cost may have opened it already: that is not closed by a success. */
	if (!state_swarm(state, swarm)->registered || has_opened(decision, swarm) ||
	    govern_is_same_loss(state, swarm, end == ATTEMPT_LOST, decision->now_us))
		return;
	breaker_count(&breaker, failed);
	if (breaker.state == BREAKER_HALF_OPEN && failed)
		decide_open_breaker(decision, swarm, breaker.cause, SLICE("the probe failed"),
				    SLICE_EMPTY, index);
	else if (breaker.state == BREAKER_HALF_OPEN)
		decide_close_breaker(decision, swarm, SLICE_EMPTY, SLICE("the probe succeeded"));
	else if (failed && breaker_should_trip(&breaker, &rules, &cause))
		decide_open_breaker(decision, swarm, cause, why_it_trips(decision, &breaker, cause),
				    SLICE_EMPTY, index);
	else if (breaker.state == BREAKER_CLOSED)
		open_for_contract(decision, swarm, index, end);
}

void decide_probe(struct decision *decision, uint32_t swarm, int64_t at_us)
{
	const struct state *state = decision->state;
	const struct worker *worker = state_worker(state, swarm);
	struct breaker_rules rules = govern_breaker_rules(state);

	if (!state_swarm(state, swarm)->registered ||
	    breaker_probe_at_us(&worker->breaker, &rules) != at_us)
		return;
	decision_emit(decision, EVENT_BREAKER_HALF_OPENED)->of.breaker_half_opened.swarm =
		state_swarm(state, swarm)->id;
}

enum err decide_breaker_trip(struct decision *decision, const struct command *command)
{
	const struct cmd_breaker_trip *args = &command->args.breaker_trip;
	uint32_t swarm;
	enum err err = decision_swarm(decision, args->swarm, &swarm);

	if (err != OK)
		return err;
	if (state_worker(decision->state, swarm)->breaker.state == BREAKER_OPEN)
		return refuse_breaker(decision, swarm);
	decide_open_breaker(decision, swarm, BREAKER_BY_HAND, args->reason, args->by, INDEX_NONE);
	decision->about = ABOUT_SWARM;
	decision->name = state_swarm(decision->state, swarm)->id;
	return OK;
}

enum err decide_breaker_reset(struct decision *decision, const struct command *command)
{
	const struct cmd_breaker_reset *args = &command->args.breaker_reset;
	uint32_t swarm;
	enum err err = decision_swarm(decision, args->swarm, &swarm);

	if (err != OK)
		return err;
	if (state_worker(decision->state, swarm)->breaker.state == BREAKER_CLOSED)
		return REFUSE(decision, ERR_BREAKER_CLOSED, "swarm {}", args->swarm);
	decide_close_breaker(decision, swarm, args->by, args->reason);
	decision->about = ABOUT_SWARM;
	decision->name = state_swarm(decision->state, swarm)->id;
	return OK;
}

/* ---- escalations and approvals ------------------------------------------------------------- */

static enum err open_escalation(struct decision *decision, struct slice id, uint32_t *ret_index)
{
	*ret_index = state_find_escalation(decision->state, id);
	if (*ret_index == INDEX_NONE)
		return REFUSE(decision, ERR_ESCALATION_UNKNOWN, "escalation {}", id);
	if (state_escalation(decision->state, *ret_index)->state == ESCALATION_RESOLVED)
		return REFUSE(decision, ERR_ESCALATION_ENDED, "escalation {} was settled by {}", id,
			      state_escalation(decision->state, *ret_index)->resolved_by);
	decision->about = ABOUT_ESCALATION;
	decision->name = state_escalation(decision->state, *ret_index)->id;
	return OK;
}

enum err decide_escalation_ack(struct decision *decision, const struct command *command)
{
	const struct cmd_escalation_ack *args = &command->args.escalation_ack;
	uint32_t index;
	enum err err = open_escalation(decision, args->escalation, &index);

	if (err == OK)
		decision_emit(decision, EVENT_ESCALATION_ACKED)->of.escalation_acked =
			(struct ev_escalation_acked){ decision->name, args->by, args->note };
	return err;
}

enum err decide_escalation_resolve(struct decision *decision, const struct command *command)
{
	const struct cmd_escalation_resolve *args = &command->args.escalation_resolve;
	uint32_t index;
	enum err err = open_escalation(decision, args->escalation, &index);

	if (err == OK)
		decision_emit(decision, EVENT_ESCALATION_RESOLVED)->of.escalation_resolved =
			(struct ev_escalation_resolved){ decision->name, args->by, args->note };
	return err;
}

enum err decide_claim_approve(struct decision *decision, const struct command *command)
{
	const struct cmd_claim_approve *args = &command->args.claim_approve;
	const struct state *state = decision->state;
	struct ev_claim_approved *of;
	uint32_t task, swarm;
	enum err err = decision_task(decision, args->board, args->task, &task);

	if (err == OK && args->swarm.len)
		err = decision_swarm(decision, args->swarm, &swarm);
	if (err != OK)
		return err;
	if (task_has_ended(state_task(state, task)))
		return REFUSE(decision, ERR_TASK_ENDED, "task {} is {}", args->task,
			      slice_of_str(task_state_names[state_task(state, task)->state]));
	if (state->govern.approvals.count >= LIMIT_APPROVALS)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED,
			      "there are {} approvals, which is the limit",
			      decision_number(decision, LIMIT_APPROVALS));
	of = &decision_emit(decision, EVENT_CLAIM_APPROVED)->of.claim_approved;
	decision_name_task(decision, task, &of->board, &of->task);
	of->swarm = args->swarm;
	of->by = args->by;
	of->reason = args->reason;
	decide_settle(decision, TEXT(decision, "approval:{}/{}", of->board, of->task), args->by,
		      args->reason);
	decision->about = ABOUT_TASK;
	decision->index = task;
	return OK;
}
