/*
 * Money: charges, budgets, prices.
 */
#include "base/ensure.h"
#include "fabric/decide_chassis.h"
#include "fabric/decide_claim.h"
#include "fabric/decide_govern.h"

/* ---- budgets ------------------------------------------------------------------------------- */

/* What an event says its budget is of. */
#define NAME_BUDGET(decision, entry, named)                                                        \
	do {                                                                                       \
		const struct state *in_ = (decision)->state;                                       \
		(named)->scope = (entry)->scope;                                                   \
		if ((entry)->scope == BUDGET_OF_BOARD)                                             \
			(named)->board = state_board(in_, (entry)->of)->id;                        \
		else if ((entry)->scope == BUDGET_OF_SWARM)                                        \
			(named)->swarm = state_swarm(in_, (entry)->of)->id;                        \
		else if ((entry)->scope == BUDGET_OF_TASK)                                         \
			decision_name_task((decision), (entry)->of, &(named)->board,               \
					   &(named)->task);                                        \
	} while (0)

static bool is_same_budget(const struct budget_entry *a, const struct budget_entry *b)
{
	return a->scope == b->scope && a->of == b->of;
}

static bool draws_on(const struct state *state, const struct claim *claim,
		     const struct budget_entry *entry)
{
	uint32_t budgets[BUDGET_SCOPE_COUNT];
	size_t count = state_budgets_of(state, claim->task, claim->swarm, budgets);

	for (size_t i = 0; i < count; i++)
		if (is_same_budget(state_budget(state, budgets[i]), entry))
			return true;
	return false;
}

/* What its task may cost, when the claim has cost that with `more`; negative: it has not. */
static int64_t task_limit_passed(const struct decision *decision, const struct claim *claim,
				 int64_t more)
{
	const struct task *task = state_task(decision->state, claim->task);
	struct task_spec spec;

	if (!(task->traits & TASK_HAS_COST))
		return -1;
	task_spec_of(task, decision->arena, &spec);
	return claim->spent_nanousd >= spec.max_cost_usd - more ? spec.max_cost_usd : -1;
}

static void ask_to_stop(struct decision *decision, uint32_t task, struct slice reason)
{
	struct ev_claim_stop_asked *of =
		&decision_emit(decision, EVENT_CLAIM_STOP_ASKED)->of.claim_stop_asked;

	NAME_CLAIM(decision, task, of);
	of->reason = reason;
}

/* Everybody who still spends from it is asked to stop. */
static void stop_claims(struct decision *decision, const struct budget_entry *entry,
			struct slice reason, uint32_t except_task)
{
	const struct state *state = decision->state;

	for (uint32_t i = 0; i < state->claims.count; i++) {
		const struct claim *claim = state_claim(state, i);

		if (claim->task != INDEX_NONE && claim->task != except_task &&
		    draws_on(state, claim, entry) && !decide_has_ended(decision, claim) &&
		    !decide_has_asked_to_stop(decision, claim))
			ask_to_stop(decision, claim->task, reason);
	}
}

static void budget_is_spent(struct decision *decision, const struct budget_entry *entry,
			    const struct budget *after, uint32_t except_task)
{
	struct slice reason = TEXT(decision, "the budget of {} is spent: {} of {} dollars",
				   decide_budget_name(decision, entry),
				   decide_money(decision, budget_spent_all(after)),
				   decide_money(decision, after->limit_nanousd));

	if (decision->state->govern.policy.settings.enable_budget_enforcement) {
		if (entry->scope == BUDGET_OF_SWARM &&
		    state_swarm(decision->state, entry->of)->registered &&
		    state_worker(decision->state, entry->of)->breaker.state != BREAKER_OPEN)
			decide_open_breaker(decision, entry->of, BREAKER_BY_BUDGET, reason,
					    SLICE_EMPTY, except_task);
		else
			stop_claims(decision, entry, reason, except_task);
	}
	decide_escalate(decision, &(struct escalation_about){
		.cause = ESCALATION_BUDGET,
		.board = entry->scope == BUDGET_OF_BOARD ? entry->of :
			 entry->scope == BUDGET_OF_TASK ?
				 state_task(decision->state, entry->of)->board : INDEX_NONE,
		.task = entry->scope == BUDGET_OF_TASK ? entry->of : INDEX_NONE,
		.swarm = entry->scope == BUDGET_OF_SWARM ? entry->of : INDEX_NONE,
		.subject = reason,
		.detail = SLICE("no claim that draws on it is granted until it is raised"),
		.once = decide_budget_question(decision, entry),
	});
}

static void tell_level(struct decision *decision, const struct budget_entry *entry,
		       const struct budget *after, uint32_t except_task)
{
	enum budget_level level = budget_level_now(after);
	struct ev_budget_reached of = {
		.level = level, .spent_usd = budget_spent_all(after),
		.limit_usd = after->limit_nanousd,
	};

	NAME_BUDGET(decision, entry, &of);
	if (budget_is_soft_over(after) && !after->soft_told) {
		of.soft = 1;
		decision_emit(decision, EVENT_BUDGET_REACHED)->of.budget_reached = of;
	}
	if (level <= after->told)
		return;
	of.soft = 0;
	decision_emit(decision, EVENT_BUDGET_REACHED)->of.budget_reached = of;
	if (level == BUDGET_SPENT)
		budget_is_spent(decision, entry, after, except_task);
}

/* What a charge does to the budgets that pay for it. */
static void tell_budgets(struct decision *decision, uint32_t task, uint32_t swarm,
			 const struct claim *claim, int64_t cost, uint32_t except_task)
{
	const struct state *state = decision->state;
	uint32_t budgets[BUDGET_SCOPE_COUNT];
	size_t count = state_budgets_of(state, task, swarm, budgets);

	for (size_t i = 0; i < count; i++) {
		const struct budget_entry *entry = state_budget(state, budgets[i]);
		struct budget after = entry->budget;
		int64_t reserved = claim ? claim->reserved_nanousd : 0;

		budget_spend(&after, cost, reserved < cost ? reserved : cost);
		tell_level(decision, entry, &after, except_task);
	}
}

static enum err find_scope(struct decision *decision, const struct cmd_budget_set *args,
			   uint32_t *ret_of)
{
	switch (args->scope) {
	case BUDGET_OF_FABRIC:
		*ret_of = 0;
		return OK;
	case BUDGET_OF_BOARD:
		return decision_board(decision, args->board.len ? args->board : SLICE("-"), ret_of);
	case BUDGET_OF_SWARM:
		if (args->swarm.len == 0)
			return REFUSE(decision, ERR_ARGUMENT_MISSING, "name the {}", SLICE("swarm"));
		return decision_swarm(decision, args->swarm, ret_of);
	case BUDGET_OF_TASK:
		if (args->task.len == 0)
			return REFUSE(decision, ERR_ARGUMENT_MISSING, "name the {}", SLICE("task"));
		return decision_task(decision, args->board.len ? args->board : SLICE("-"), args->task,
				     ret_of);
	default:
		BUG("a budget is of something");
	}
}

/* Only whoever set it by itself: a manifest sets many, and answers for all of them. */
static enum err answer_budget(struct decision *decision, const struct cmd_budget_set *args)
{
	struct json_writer *json = &decision->answer_json;
	struct budget_entry entry = { .scope = (enum budget_scope)args->scope };
	enum err err = find_scope(decision, args, &entry.of);

	if (err != OK)
		return err;
	json_put_str(json, "scope", budget_scope_names[entry.scope]);
	json_put_text(json, "of", decide_budget_name(decision, &entry));
	json_key(json, "limit_usd");
	json_money(json, args->limit_usd);
	return OK;
}

/* Whether another of the budgets that a claim draws on is spent. */
static bool is_stopped_by_another(const struct state *state, const struct claim *claim,
				  const struct budget_entry *entry)
{
	uint32_t budgets[BUDGET_SCOPE_COUNT];
	size_t count = state_budgets_of(state, claim->task, claim->swarm, budgets);

	for (size_t i = 0; i < count; i++) {
		const struct budget_entry *other = state_budget(state, budgets[i]);

		if (!is_same_budget(other, entry) &&
		    budget_level_now(&other->budget) == BUDGET_SPENT)
			return true;
	}
	return false;
}

/* Whoever was asked to stop because of this budget, and still works, need not. */
static void let_go_on(struct decision *decision, const struct budget_entry *entry)
{
	const struct state *state = decision->state;

	for (uint32_t i = 0; i < state->claims.count; i++) {
		const struct claim *claim = state_claim(state, i);
		struct ev_claim_stop_lifted *of;

		if (claim->task == INDEX_NONE || claim->stop.len == 0 ||
		    !draws_on(state, claim, entry) ||
		    is_stopped_by_another(state, claim, entry) ||
		    task_limit_passed(decision, claim, 0) >= 0)
			continue;
		of = &decision_emit(decision, EVENT_CLAIM_STOP_LIFTED)->of.claim_stop_lifted;
		NAME_CLAIM(decision, claim->task, of);
	}
}

/* A budget that was spent and has room again: those whom it stopped go on. */
static void budget_has_room_again(struct decision *decision, const struct budget_entry *entry,
				  struct slice by)
{
	const struct state *state = decision->state;

	decide_settle(decision, decide_budget_question(decision, entry), by,
		      SLICE("the budget has room again"));
	if (entry->scope == BUDGET_OF_SWARM && by.len &&
	    state_worker(state, entry->of)->breaker.state == BREAKER_OPEN &&
	    state_worker(state, entry->of)->breaker.cause == BREAKER_BY_BUDGET)
		decide_close_breaker(decision, entry->of, by, SLICE("its budget was raised"));
	let_go_on(decision, entry);
}

/*
 * The stated time is one at which a period begins: the one that runs now
 * began whole periods before. Without one, periods of the same length go on
 * as they are.
 */
static int64_t period_start_us(const struct cmd_budget_set *args, const struct budget *before,
			       int64_t now_us)
{
	int64_t period_us = args->budget_duration_ms * 1000;

	if (args->reset_at == 0 || period_us == 0)
		return period_us && period_us == before->period_us ? before->period_start_us :
								     now_us;
	return args->reset_at - ((args->reset_at - now_us) / period_us + 1) * period_us;
}

enum err decide_budget(struct decision *decision, const struct cmd_budget_set *args)
{
	const struct state *state = decision->state;
	struct budget_entry entry = { .scope = (enum budget_scope)args->scope,
				      .budget = budget_unlimited() };
	struct ev_budget_set *of;
	int64_t reserved;
	uint32_t index;
	enum err err = find_scope(decision, args, &entry.of);

	if (err != OK)
		return err;
	reserved = state_reserved_in(state, entry.scope, entry.of);
	index = state_find_budget(state, entry.scope, entry.of);
	if (index != INDEX_NONE)
		entry = *state_budget(state, index);
	else if (state->govern.budgets.count >= LIMIT_BUDGETS)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED, "there are {} budgets, which is the limit",
			      decision_number(decision, LIMIT_BUDGETS));
	if (args->limit_usd < reserved)
		return REFUSE(decision, ERR_BUDGET_COMMITTED,
			      "live claims of {} have reserved {} dollars",
			      decide_budget_name(decision, &entry), decide_money(decision, reserved));
	of = &decision_emit(decision, EVENT_BUDGET_SET)->of.budget_set;
	NAME_BUDGET(decision, &entry, of);
	of->limit_usd = args->limit_usd;
	of->soft_usd = args->soft_usd;
	of->period_ms = args->budget_duration_ms;
	of->period_start = period_start_us(args, &entry.budget, decision->now_us);
	of->reason = args->reason;
	entry.budget.reserved_nanousd = reserved;
	budget_set_limit(&entry.budget, args->limit_usd);
	if (budget_level_now(&entry.budget) != BUDGET_SPENT)
		budget_has_room_again(decision, &entry, decision->actor);
	return OK;
}

void decide_first_budget(struct decision *decision, const struct cmd_budget_set *args,
			 struct slice swarm)
{
	decision_emit(decision, EVENT_BUDGET_SET)->of.budget_set = (struct ev_budget_set){
		.scope = BUDGET_OF_SWARM, .swarm = swarm, .limit_usd = args->limit_usd,
		.soft_usd = args->soft_usd, .period_ms = args->budget_duration_ms,
		.period_start = decision->now_us, .reason = args->reason,
	};
}

/* Whoever raises a limit does not mean that its period and its soft limit are to go. */
static enum err keep_rest(struct decision *decision, const struct command *command,
			  struct cmd_budget_set *args)
{
	const struct budget *before;
	uint32_t of, index;
	enum err err = find_scope(decision, args, &of);

	if (err != OK)
		return err;
	index = state_find_budget(decision->state, (enum budget_scope)args->scope, of);
	if (index == INDEX_NONE)
		return OK;
	before = &state_budget(decision->state, index)->budget;
	if (!command_has(command, "soft_usd") && before->soft_nanousd != BUDGET_NO_LIMIT)
		args->soft_usd = before->soft_nanousd;
	if (!command_has(command, "budget_duration_ms"))
		args->budget_duration_ms = before->period_us / 1000;
	return OK;
}

enum err decide_budget_set(struct decision *decision, const struct command *command)
{
	struct cmd_budget_set merged = command->args.budget_set;
	const struct cmd_budget_set *args = &merged;
	enum err err;

	if (args->limit_usd < 0)
		return REFUSE(decision, ERR_ARGUMENT_MISSING, "give the limit in {}", SLICE("dollars"));
	err = keep_rest(decision, command, &merged);
	if (err != OK)
		return err;
	if (args->reset_at && args->budget_duration_ms == 0)
		return REFUSE(decision, ERR_ARGUMENT_MISSING,
			      "a budget that is reset at a time needs a {}",
			      SLICE("budget_duration_ms"));
	if (args->reset_at && args->reset_at < decision->now_us)
		return REFUSE(decision, ERR_ARGUMENT_RANGE, "reset_at {} is past",
			      decision_time(decision, args->reset_at));
	if (args->reset_at > NOW_US_MAX)
		return REFUSE(decision, ERR_ARGUMENT_RANGE, "reset_at {} is too far away",
			      decision_time(decision, args->reset_at));
	err = decide_budget(decision, args);
	if (err == OK)
		err = answer_budget(decision, args);
	return err;
}

void decide_period(struct decision *decision, uint32_t index, int64_t at_us)
{
	const struct budget_entry *entry = state_budget(decision->state, index);
	const struct budget *budget = &entry->budget;
	struct ev_budget_renewed *of;

	/* It was set anew since the timer was. */
	if (budget->period_us == 0 || at_us <= budget->period_start_us ||
	    (at_us - budget->period_start_us) % budget->period_us)
		return;
	of = &decision_emit(decision, EVENT_BUDGET_RENEWED)->of.budget_renewed;
	NAME_BUDGET(decision, entry, of);
	/* The one that runs now: several may have passed since the timer's. */
	of->period_start = at_us + (decision->now_us - at_us) / budget->period_us *
					   budget->period_us;
	budget_has_room_again(decision, entry, SLICE_EMPTY);
}

/* ---- prices -------------------------------------------------------------------------------- */

enum err decide_price_set(struct decision *decision, const struct command *command)
{
	const struct cmd_price_set *args = &command->args.price_set;

	if (args->input_usd < 0 && args->output_usd < 0 && args->cache_read_usd < 0 &&
	    args->cache_write_usd < 0)
		return REFUSE(decision, ERR_ARGUMENT_MISSING, "give at least one price of model {}",
			      args->model);
	if (state_find_own_price(decision->state, args->model) == INDEX_NONE &&
	    decision->state->govern.prices.count >= LIMIT_PRICES)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED, "there are {} prices, which is the limit",
			      decision_number(decision, LIMIT_PRICES));
	decision_emit(decision, EVENT_PRICE_SET)->of.price_set = (struct ev_price_set){
		.model = args->model, .input_usd = args->input_usd, .output_usd = args->output_usd,
		.cache_read_usd = args->cache_read_usd, .cache_write_usd = args->cache_write_usd,
		.source = args->source, .date = args->date,
	};
	json_put_text(&decision->answer_json, "model", args->model);
	return OK;
}

enum err decide_price_import(struct decision *decision, const struct command *command)
{
	const struct state *state = decision->state;
	int64_t more = 0;

	for (size_t i = 0; i < command->price_count; i++)
		more += state_find_own_price(state, command->prices[i].model) == INDEX_NONE;
	if (more + (int64_t)state->govern.prices.count > LIMIT_PRICES)
		return REFUSE(decision, ERR_LIMIT_EXCEEDED,
			      "with {} more prices there would be over {}, which is the limit",
			      decision_number(decision, more),
			      decision_number(decision, LIMIT_PRICES));
	for (size_t i = 0; i < command->price_count; i++) {
		const struct price_row *row = &command->prices[i];
		const int64_t *prices = row->price.nanousd_per_million;

		decision_emit(decision, EVENT_PRICE_SET)->of.price_set = (struct ev_price_set){
			.model = row->model, .input_usd = prices[TOKEN_INPUT],
			.output_usd = prices[TOKEN_OUTPUT],
			.cache_read_usd = prices[TOKEN_CACHE_READ],
			.cache_write_usd = prices[TOKEN_CACHE_WRITE],
			.source = row->source, .date = row->date,
		};
	}
	json_put_i64(&decision->answer_json, "prices", (int64_t)command->price_count);
	return OK;
}

/* ---- charges ------------------------------------------------------------------------------- */

/* One charge as it will be on record. */
struct asked_charge {
	uint32_t task;		/* INDEX_NONE: on none */
	uint32_t swarm;
	const struct claim *claim;	/* NULL: over, or none */
	struct ev_cost_charged of;
};

static void emit_charge(struct decision *decision, struct asked_charge *charge,
			uint32_t except_task)
{
	const struct state *state = decision->state;
	struct ev_cost_charged *of = &charge->of;

	of->swarm = state_swarm(state, charge->swarm)->id;
	if (charge->task != INDEX_NONE)
		decision_name_task(decision, charge->task, &of->board, &of->task);
	decision_emit(decision, EVENT_COST_CHARGED)->of.cost_charged = *of;
	tell_budgets(decision, charge->task, charge->swarm, charge->claim, of->cost_usd,
		     except_task);
}

void decide_charge_holder(struct decision *decision, uint32_t task, int64_t cost_nanousd)
{
	const struct state *state = decision->state;
	const struct claim *claim = state_claim(state, state_task(state, task)->claim);
	struct asked_charge charge = { .task = task, .swarm = claim->swarm, .claim = claim };

	if (cost_nanousd < 0)
		return;
	charge.of.fence = (int64_t)claim->fence;
	charge.of.cost_usd = cost_nanousd;
	charge.of.model = state_swarm(state, claim->swarm)->model;
	/* Whoever reports with the result ends the claim in the same step. */
	emit_charge(decision, &charge, task);
}

/* The task's holder, whoever had this token, or the swarm that is named. */
static enum err find_payer(struct decision *decision, const struct cmd_cost_charge *args,
			   struct asked_charge *charge)
{
	const struct state *state = decision->state;
	const struct task *task = charge->task == INDEX_NONE ? NULL :
							       state_task(state, charge->task);
	enum err err;

	charge->swarm = INDEX_NONE;
	if (args->swarm.len) {
		err = decision_swarm(decision, args->swarm, &charge->swarm);
		if (err != OK)
			return err;
	}
	if (!task || task->claim == INDEX_NONE)
		goto out;
	if (args->fence ? state_claim(state, task->claim)->fence == (uint64_t)args->fence :
			  charge->swarm == INDEX_NONE ||
				  state_claim(state, task->claim)->swarm == charge->swarm)
		charge->claim = state_claim(state, task->claim);
	if (charge->claim && charge->swarm != INDEX_NONE && charge->claim->swarm != charge->swarm)
		return REFUSE(decision, ERR_FENCE_STALE, "token {} is that of swarm {}",
			      decision_number(decision, args->fence),
			      state_swarm(state, charge->claim->swarm)->id);
	if (charge->claim)
		charge->swarm = charge->claim->swarm;
out:
	if (charge->swarm == INDEX_NONE)
		return REFUSE(decision, ERR_ARGUMENT_MISSING,
			      "name the swarm: {}", SLICE("the claim is over, or there is none"));
	charge->of.fence = charge->claim ? (int64_t)charge->claim->fence : args->fence;
	return OK;
}

static uint64_t hash_of_row(uint64_t hash, const struct price_row *row)
{
	struct buf line = { 0 };

	price_row_write(row, &line);
	hash = hash_bytes(hash, line.ptr, line.len);
	buf_finish(&line);
	return hash;
}

/* Of every price there is, as sixteen digits: what was charged can be checked against a table. */
static struct slice table_hash(struct decision *decision)
{
	static const char digits[] = "0123456789abcdef";
	const struct slab *prices = &decision->state->govern.prices;
	char *text = arena_zero(decision->arena, 16, 1);
	uint64_t hash = 1;

	for (size_t i = 0; i < price_builtin_count; i++) {
		struct price_row row = price_builtin(i);

		hash = hash_of_row(hash, &row);
	}
	for (uint32_t i = 0; i < prices->count; i++) {
		const struct price_entry *entry = slab_at(prices, i);
		struct price_row row = { entry->model, entry->price, entry->date, entry->source };

		hash = hash_of_row(hash, &row);
	}
	for (int i = 15; i >= 0; i--, hash >>= 4)
		text[i] = digits[hash & 15];
	return slice_of(text, 16);
}

/* The swarm's own price goes before the tables. */
static bool price_tokens(const struct decision *decision, uint32_t swarm, struct slice model,
			 const int64_t tokens[TOKEN_KIND_COUNT], int64_t *ret_nanousd)
{
	const struct state *state = decision->state;
	struct price price;

	if (price_of(&state_worker(state, swarm)->price, tokens, ret_nanousd) &&
	    slice_is(model, state_swarm(state, swarm)->model))
		return true;
	return state_find_price(state, model, &price) && price_of(&price, tokens, ret_nanousd);
}

static enum err price_charge(struct decision *decision, const struct cmd_cost_charge *args,
			     struct asked_charge *charge)
{
	const int64_t tokens[TOKEN_KIND_COUNT] = {
		[TOKEN_INPUT] = args->input_tokens, [TOKEN_OUTPUT] = args->output_tokens,
		[TOKEN_CACHE_READ] = args->cache_read_tokens,
		[TOKEN_CACHE_WRITE] = args->cache_write_tokens,
	};
	struct ev_cost_charged *of = &charge->of;
	int64_t sum = 0;

	of->model = args->model.len ? args->model : state_swarm(decision->state, charge->swarm)->model;
	of->operation = args->operation;
	of->note = args->note;
	of->input_tokens = tokens[TOKEN_INPUT];
	of->output_tokens = tokens[TOKEN_OUTPUT];
	of->cache_read_tokens = tokens[TOKEN_CACHE_READ];
	of->cache_write_tokens = tokens[TOKEN_CACHE_WRITE];
	for (int i = 0; i < TOKEN_KIND_COUNT; i++)
		sum += tokens[i];
	if (args->cost_usd >= 0) {
		of->cost_usd = args->cost_usd;
		return OK;
	}
	if (sum == 0)
		return REFUSE(decision, ERR_ARGUMENT_MISSING, "give {}, or tokens and their model",
			      SLICE("cost_usd"));
	of->price_table = table_hash(decision);
	of->unpriced = !price_tokens(decision, charge->swarm, of->model, tokens, &of->cost_usd) ||
		       of->cost_usd > BUDGET_NANOUSD_MAX;
	if (of->unpriced)
		of->cost_usd = 0;
	return OK;
}

static void stop_at_task_limit(struct decision *decision, const struct asked_charge *charge)
{
	int64_t limit;

	if (!charge->claim || decide_has_ended(decision, charge->claim) ||
	    decide_has_asked_to_stop(decision, charge->claim))
		return;
	limit = task_limit_passed(decision, charge->claim, charge->of.cost_usd);
	if (limit >= 0)
		ask_to_stop(decision, charge->task,
			    TEXT(decision, "task {} has cost the {} dollars it may cost",
				 task_id(state_task(decision->state, charge->task)),
				 decide_money(decision, limit)));
}

enum err decide_cost_charge(struct decision *decision, const struct command *command)
{
	const struct cmd_cost_charge *args = &command->args.cost_charge;
	struct asked_charge charge = { .task = INDEX_NONE };
	struct json_writer *json = &decision->answer_json;
	enum err err = OK;

	if (args->task.len)
		err = decision_task(decision, args->board.len ? args->board : SLICE("-"), args->task,
				    &charge.task);
	else if (args->fence)
		err = REFUSE(decision, ERR_ARGUMENT_MISSING, "name the {}", SLICE("task"));
	if (err == OK)
		err = find_payer(decision, args, &charge);
	if (err == OK)
		err = price_charge(decision, args, &charge);
	if (err != OK)
		return err;
	decision->actor = state_swarm(decision->state, charge.swarm)->id;
	emit_charge(decision, &charge, INDEX_NONE);
	stop_at_task_limit(decision, &charge);
	json_put_text(json, "swarm", decision->actor);
	json_put_bool(json, "unpriced", charge.of.unpriced);
	if (!charge.of.unpriced) {
		json_key(json, "cost_usd");
		json_money(json, charge.of.cost_usd);
	}
	if (charge.of.price_table.len)
		json_put_text(json, "price_table", charge.of.price_table);
	return OK;
}

void decide_charge_run(struct decision *decision, uint32_t task, uint32_t swarm,
		       const struct claim *claim, int64_t fence, int64_t wall_us)
{
	int64_t rate = state_worker(decision->state, swarm)->rate_nanousd;
	struct asked_charge charge = { .task = task, .swarm = swarm, .claim = claim };
	int64_t cost = rate > 0 ? price_of_time(rate, wall_us / 1000) : 0;

	if (cost == 0)
		return;
	charge.of.fence = fence;
	charge.of.cost_usd = cost < BUDGET_NANOUSD_MAX ? cost : BUDGET_NANOUSD_MAX;
	charge.of.model = state_swarm(decision->state, swarm)->model;
	charge.of.operation = SLICE("run");
	emit_charge(decision, &charge, INDEX_NONE);
	stop_at_task_limit(decision, &charge);
}
