/*
 * What was spent, on what and how much of it for nothing; budgets and prices.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/sort.h"
#include "fabric/decide_govern.h"
#include "fabric/view.h"

#define DAY_BYTES 10	/* 2026-11-22, and as many digits of a budget's number */

/* ---- reports ------------------------------------------------------------------------------- */

struct cost_row {
	struct slice name;	/* in the arena */
	int64_t cost_nanousd;
	int64_t wasted_nanousd;
	int64_t tokens[TOKEN_KIND_COUNT];
	uint64_t reports, unpriced;
};

/* What a row's name begins with: rows sort by it first. */
enum row_prefix { PREFIX_NONE, PREFIX_DAY, PREFIX_BUDGET };

struct report {
	const struct state *state;
	struct decision *decision;
	struct arena *arena;
	struct cost_row *rows;
	size_t count, capacity;
	struct map by_name;
	struct cost_row all;
	enum row_prefix prefix;
	bool has_names;
};

static bool same_row(const void *context, uint32_t value, const void *key)
{
	const struct report *report = context;

	return slice_is(report->rows[value].name, *(const struct slice *)key);
}

static struct cost_row *row_of(struct report *report, struct slice name)
{
	uint32_t hash = hash_slice(1, name);
	uint32_t index = map_find(&report->by_name, hash, same_row, report, &name);

	if (index == MAP_NONE) {
		index = (uint32_t)report->count;
		report->rows = alloc_grow(report->rows, &report->capacity, report->count + 1,
					  sizeof(*report->rows));
		report->rows[report->count++] =
			(struct cost_row){ .name = arena_copy(report->arena, name) };
		map_add(&report->by_name, hash, index);
	}
	return &report->rows[index];
}

static void add_bounded(int64_t *sum, int64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = INT64_MAX;
}

static void add_to(struct cost_row *row, const struct charge *charge, bool wasted)
{
	add_bounded(&row->cost_nanousd, charge->cost_nanousd);
	if (wasted)
		add_bounded(&row->wasted_nanousd, charge->cost_nanousd);
	for (int i = 0; i < TOKEN_KIND_COUNT; i++)
		add_bounded(&row->tokens[i], charge->tokens[i]);
	row->reports += charge->reports;
	row->unpriced += charge->unpriced;
}

/* What a task needs, as one name: "code:c, docs:api". */
static struct slice needs_text(struct report *report, uint32_t task)
{
	struct task_spec spec;
	struct buf text = { 0 };
	struct slice made;

	task_spec_of(state_task(report->state, task), report->arena, &spec);
	for (size_t i = 0; i < spec.needs.count; i++) {
		if (i)
			buf_add_lit(&text, ", ");
		buf_add_slice(&text, spec.needs.items[i]);
	}
	made = arena_copy(report->arena, buf_slice(&text));
	buf_finish(&text);
	return made;
}

static struct slice name_of(struct report *report, const struct charge *charge, enum cost_by by)
{
	const struct state *state = report->state;
	const struct attempt *attempt = state_attempt(state, charge->attempt);
	const struct task *task = attempt->task == INDEX_NONE ? NULL :
								state_task(state, attempt->task);

	switch (by) {
	case COST_BY_SWARM: return state_swarm(state, attempt->swarm)->id;
	case COST_BY_TASK: return task ? task_id(task) : SLICE_EMPTY;
	case COST_BY_BOARD: return task ? state_board(state, task->board)->id : SLICE_EMPTY;
	case COST_BY_MODEL: return state_name_text(state, charge->model);
	case COST_BY_OPERATION: return state_name_text(state, charge->operation);
	case COST_BY_CAPABILITY: return task ? needs_text(report, attempt->task) : SLICE_EMPTY;
	case COST_BY_COUNT:
	default: BUG("rows of a report are something");
	}
}

struct cost_filter {
	int32_t first_day;
	uint32_t board;		/* INDEX_NONE: any, like swarm */
	uint32_t swarm;
};

static bool is_meant(const struct state *state, const struct charge *charge,
		     const struct cost_filter *filter)
{
	const struct attempt *attempt = state_attempt(state, charge->attempt);

	if (charge->day < filter->first_day ||
	    (filter->swarm != INDEX_NONE && attempt->swarm != filter->swarm))
		return false;
	return filter->board == INDEX_NONE ||
	       (attempt->task != INDEX_NONE &&
		state_task(state, attempt->task)->board == filter->board);
}

static enum err find_filter(struct decision *decision, int64_t period_ms, struct slice board,
			    struct slice swarm, struct cost_filter *ret_filter)
{
	int64_t from_us = decision->now_us - period_ms * 1000;
	enum err err = OK;

	*ret_filter = (struct cost_filter){ .board = INDEX_NONE, .swarm = INDEX_NONE };
	if (period_ms && from_us > 0)
		ret_filter->first_day = (int32_t)(from_us / DAY_US);
	if (board.len)
		err = decision_board(decision, board, &ret_filter->board);
	if (err == OK && swarm.len)
		err = decision_swarm(decision, swarm, &ret_filter->swarm);
	return err;
}

/* The most expensive first; equal ones by their names. */
static int compare_rows(const void *a, const void *b)
{
	const struct cost_row *left = a, *right = b;

	if (left->cost_nanousd != right->cost_nanousd)
		return left->cost_nanousd > right->cost_nanousd ? -1 : 1;
	return slice_compare(left->name, right->name);
}

static int compare_names(const void *a, const void *b)
{
	const struct cost_row *left = a, *right = b;

	return slice_compare(left->name, right->name);
}

/* Of what nobody has a price for the cost is not known, which is not nothing. */
static void put_known(struct json_writer *json, const char *key, const struct cost_row *row,
		      int64_t nanousd)
{
	json_key(json, key);
	if (row->unpriced && row->unpriced == row->reports)
		json_null(json);
	else
		json_money(json, nanousd);
}

static void view_row(const struct cost_row *row, struct json_writer *json)
{
	static const char *const names[TOKEN_KIND_COUNT] = {
		[TOKEN_INPUT] = "input_tokens", [TOKEN_OUTPUT] = "output_tokens",
		[TOKEN_CACHE_READ] = "cache_read_tokens", [TOKEN_CACHE_WRITE] = "cache_write_tokens",
	};

	put_known(json, "cost_usd", row, row->cost_nanousd);
	put_known(json, "wasted_usd", row, row->wasted_nanousd);
	for (int i = 0; i < TOKEN_KIND_COUNT; i++)
		json_put_i64(json, names[i], row->tokens[i]);
	json_put_i64(json, "reports", (int64_t)row->reports);
	json_put_i64(json, "unpriced", (int64_t)row->unpriced);
}

static void view_names(const struct report *report, struct slice name, struct json_writer *json)
{
	struct slice prefix = slice_head(name, report->prefix == PREFIX_NONE ? 0 : DAY_BYTES);
	const struct slab *budgets = &report->state->govern.budgets;
	int64_t number;

	if (report->prefix == PREFIX_DAY)
		json_put_text(json, "day", prefix);
	if (report->prefix == PREFIX_BUDGET && slice_to_i64(prefix, &number))
		json_put_text(json, "of", decide_budget_name(report->decision,
							     slab_at(budgets, (uint32_t)number)));
	if (report->has_names)
		json_put_text(json, "name", slice_from(name, prefix.len));
}

static void view_report(struct report *report, sort_compare_fn *compare, struct json_writer *json)
{
	sort_items(report->rows, report->count, sizeof(*report->rows), compare);
	json_key(json, "rows");
	json_array(json);
	for (size_t i = 0; i < report->count; i++) {
		json_object(json);
		view_names(report, report->rows[i].name, json);
		view_row(&report->rows[i], json);
		json_object_end(json);
	}
	json_array_end(json);
	/* What counts in several budgets has no sum over them. */
	if (report->prefix != PREFIX_BUDGET) {
		json_key(json, "total");
		json_object(json);
		view_row(&report->all, json);
		json_object_end(json);
	}
	/* A sum without these is not the whole truth, and says so. */
	if (report->all.unpriced)
		json_put_str(json, "incomplete", "some reports name a model without a price; "
						 "their cost is not in the sums");
	free(report->rows);
	map_finish(&report->by_name);
}

enum err view_cost_report(struct decision *decision, const struct command *command,
			  struct json_writer *json)
{
	const struct cmd_cost_report *args = &command->args.cost_report;
	const struct state *state = decision->state;
	struct report report = { .state = state, .arena = decision->arena, .has_names = true };
	struct cost_filter filter;
	enum err err = find_filter(decision, args->period_ms, args->board, args->swarm, &filter);

	if (err != OK)
		return err;
	for (uint32_t i = 0; i < state->govern.charges.count; i++) {
		const struct charge *charge = state_charge(state, i);
		bool wasted = attempt_is_wasted(state_attempt(state, charge->attempt));

		if (!is_meant(state, charge, &filter))
			continue;
		add_to(row_of(&report, name_of(&report, charge, (enum cost_by)args->by)), charge,
		       wasted);
		add_to(&report.all, charge, wasted);
	}
	json_put_str(json, "by", cost_by_names[args->by]);
	view_report(&report, compare_rows, json);
	return OK;
}

/* The day, and right behind it what the row is of: so rows sort by both. */
static struct slice day_text(struct report *report, const struct charge *charge, int64_t by)
{
	struct buf text = { 0 };
	struct slice made;

	buf_add_time(&text, (int64_t)charge->day * DAY_US);
	text.len = DAY_BYTES;
	if (by >= 0)
		buf_add_slice(&text, name_of(report, charge, (enum cost_by)by));
	made = arena_copy(report->arena, buf_slice(&text));
	buf_finish(&text);
	return made;
}

enum err view_cost_history(struct decision *decision, const struct command *command,
			   struct json_writer *json)
{
	const struct cmd_cost_history *args = &command->args.cost_history;
	const struct state *state = decision->state;
	struct report report = {
		.state = state, .arena = decision->arena, .prefix = PREFIX_DAY,
		.has_names = args->by >= 0,
	};
	struct cost_filter filter;
	enum err err = find_filter(decision, args->period_ms, args->board, args->swarm, &filter);

	if (err != OK)
		return err;
	for (uint32_t i = 0; i < state->govern.charges.count; i++) {
		const struct charge *charge = state_charge(state, i);
		bool wasted = attempt_is_wasted(state_attempt(state, charge->attempt));

		if (!is_meant(state, charge, &filter))
			continue;
		add_to(row_of(&report, day_text(&report, charge, args->by)), charge, wasted);
		add_to(&report.all, charge, wasted);
	}
	if (args->by >= 0)
		json_put_str(json, "by", cost_by_names[args->by]);
	view_report(&report, compare_names, json);
	return OK;
}

/* ---- budgets and prices -------------------------------------------------------------------- */

static void view_budget(struct decision *decision, const struct budget_entry *entry,
			struct json_writer *json)
{
	const struct budget *budget = &entry->budget;

	json_object(json);
	json_put_str(json, "scope", budget_scope_names[entry->scope]);
	json_put_text(json, "of", decide_budget_name(decision, entry));
	json_key(json, "limit_usd");
	json_money(json, budget->limit_nanousd);
	json_key(json, "spent_usd");
	json_money(json, budget_spent_all(budget));
	json_key(json, "reserved_usd");
	json_money(json, budget->reserved_nanousd);
	json_key(json, "left_usd");
	json_money(json, budget_left(budget));
	if (budget->over_nanousd) {
		json_key(json, "over_usd");
		json_money(json, budget->over_nanousd);
	}
	if (budget->soft_nanousd != BUDGET_NO_LIMIT) {
		json_key(json, "soft_usd");
		json_money(json, budget->soft_nanousd);
	}
	json_put_str(json, "level", budget_level_names[budget_level_now(budget)]);
	if (budget->period_us) {
		json_put_i64(json, "budget_duration_ms", budget->period_us / 1000);
		json_put_time(json, "resets_at",
			      budget_next_period_us(budget, decision->now_us));
	}
	json_object_end(json);
}

static struct slice budget_text(struct report *report, uint32_t budget,
				const struct charge *charge, int64_t by)
{
	struct buf text = { 0 };
	struct slice made;

	for (uint64_t digit = 1000000000; digit > 0; digit /= 10)
		buf_add_byte(&text, (char)('0' + budget / digit % 10));
	if (by >= 0)
		buf_add_slice(&text, name_of(report, charge, (enum cost_by)by));
	made = arena_copy(report->arena, buf_slice(&text));
	buf_finish(&text);
	return made;
}

/* Charges are kept by the day, so a period that began within one has all of it. */
static int32_t first_day_of(const struct budget *budget, int64_t now_us, int64_t period_ms)
{
	int64_t from_us = period_ms ? now_us - period_ms * 1000 :
			  budget->period_us ? budget->period_start_us : 0;

	return from_us > 0 ? (int32_t)(from_us / DAY_US) : 0;
}

/* What came out of each budget, by what it was spent on. */
static void view_spent_from(struct decision *decision, const struct cmd_cost_budget *args,
			    struct json_writer *json)
{
	const struct state *state = decision->state;
	struct report report = {
		.state = state, .decision = decision, .arena = decision->arena,
		.prefix = PREFIX_BUDGET, .has_names = args->by >= 0,
	};

	for (uint32_t i = 0; i < state->govern.charges.count; i++) {
		const struct charge *charge = state_charge(state, i);
		const struct attempt *attempt = state_attempt(state, charge->attempt);
		uint32_t budgets[BUDGET_SCOPE_COUNT];
		size_t count = state_budgets_of(state, attempt->task, attempt->swarm, budgets);

		for (size_t at = 0; at < count; at++) {
			const struct budget_entry *entry = state_budget(state, budgets[at]);

			if ((args->scope >= 0 && (int64_t)entry->scope != args->scope) ||
			    charge->day < first_day_of(&entry->budget, decision->now_us,
						       args->period_ms))
				continue;
			add_to(row_of(&report, budget_text(&report, budgets[at], charge, args->by)),
			       charge, attempt_is_wasted(attempt));
			add_to(&report.all, charge, false);
		}
	}
	if (args->by >= 0)
		json_put_str(json, "by", cost_by_names[args->by]);
	view_report(&report, compare_names, json);
}

enum err view_cost_budget(struct decision *decision, const struct command *command,
			  struct json_writer *json)
{
	const struct cmd_cost_budget *args = &command->args.cost_budget;
	const struct state *state = decision->state;

	json_key(json, "budgets");
	json_array(json);
	for (uint32_t i = 0; i < state->govern.budgets.count; i++)
		if (args->scope < 0 || (int64_t)state_budget(state, i)->scope == args->scope)
			view_budget(decision, state_budget(state, i), json);
	json_array_end(json);
	if (args->by >= 0 || args->period_ms)
		view_spent_from(decision, args, json);
	return OK;
}

static void view_price(const struct price_row *row, bool own, struct json_writer *json)
{
	static const char *const names[TOKEN_KIND_COUNT] = {
		[TOKEN_INPUT] = "input_usd", [TOKEN_OUTPUT] = "output_usd",
		[TOKEN_CACHE_READ] = "cache_read_usd", [TOKEN_CACHE_WRITE] = "cache_write_usd",
	};

	json_object(json);
	json_put_text(json, "model", row->model);
	for (int i = 0; i < TOKEN_KIND_COUNT; i++) {
		json_key(json, names[i]);
		if (row->price.nanousd_per_million[i] < 0)
			json_null(json);
		else
			json_money(json, row->price.nanousd_per_million[i]);
	}
	if (row->date.len)
		json_put_text(json, "date", row->date);
	if (row->source.len)
		json_put_text(json, "source", row->source);
	json_put_bool(json, "set_here", own);
	json_object_end(json);
}

enum err view_price_list(struct decision *decision, const struct command *command,
			 struct json_writer *json)
{
	const struct state *state = decision->state;

	(void)command;
	json_key(json, "prices");
	json_array(json);
	for (size_t i = 0; i < price_builtin_count; i++) {
		struct price_row row = price_builtin(i);

		if (state_find_own_price(state, row.model) == INDEX_NONE)
			view_price(&row, false, json);
	}
	for (uint32_t i = 0; i < state->govern.prices.count; i++) {
		const struct price_entry *entry = slab_at(&state->govern.prices, i);
		struct price_row row = { entry->model, entry->price, entry->date, entry->source };

		view_price(&row, true, json);
	}
	json_array_end(json);
	json_put_str(json, "unit", "dollars per million tokens");
	return OK;
}
