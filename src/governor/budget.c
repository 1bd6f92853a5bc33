#include "governor/budget.h"

#include "base/ensure.h"

/* Parts of a limit at which somebody is told, in percent. */
#define WARN_FIRST 80
#define WARN_SECOND 95

const char *const budget_scope_names[] = {
	[BUDGET_OF_FABRIC] = "fabric",
	[BUDGET_OF_BOARD] = "board",
	[BUDGET_OF_SWARM] = "swarm",
	[BUDGET_OF_TASK] = "task",
};

const char *const budget_level_names[] = {
	[BUDGET_FINE] = "fine",
	[BUDGET_WARN_80] = "warn_80",
	[BUDGET_WARN_95] = "warn_95",
	[BUDGET_SPENT] = "spent",
};

/* Sums of what was really spent stop at the largest number instead of wrapping. */
static int64_t add_bounded(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

struct budget budget_unlimited(void)
{
	return (struct budget){
		.limit_nanousd = BUDGET_NO_LIMIT, .soft_nanousd = BUDGET_NO_LIMIT,
	};
}

int64_t budget_left(const struct budget *budget)
{
	int64_t used = add_bounded(budget->spent_nanousd, budget->reserved_nanousd);

	if (budget->limit_nanousd == BUDGET_NO_LIMIT)
		return BUDGET_NO_LIMIT;
	return used < budget->limit_nanousd ? budget->limit_nanousd - used : 0;
}

int64_t budget_spent_all(const struct budget *budget)
{
	return add_bounded(budget->spent_nanousd, budget->over_nanousd);
}

bool budget_has_room(const struct budget *budget, int64_t amount_nanousd)
{
	ENSURE(amount_nanousd >= 0);
	/* One that is used up takes no work at all, not even work that is said to cost nothing. */
	return budget_level_now(budget) != BUDGET_SPENT && amount_nanousd <= budget_left(budget);
}

void budget_reserve(struct budget *budget, int64_t amount_nanousd)
{
	ENSURE(amount_nanousd >= 0 && amount_nanousd <= budget_left(budget));
	budget->reserved_nanousd = add_bounded(budget->reserved_nanousd, amount_nanousd);
}

void budget_release(struct budget *budget, int64_t amount_nanousd)
{
	ENSURE(amount_nanousd >= 0 && amount_nanousd <= budget->reserved_nanousd);
	budget->reserved_nanousd -= amount_nanousd;
}

void budget_spend(struct budget *budget, int64_t cost_nanousd, int64_t reserved_nanousd)
{
	int64_t rest = cost_nanousd - reserved_nanousd;
	int64_t left;

	ENSURE(cost_nanousd >= 0 && reserved_nanousd >= 0 && rest >= 0);
	budget_release(budget, reserved_nanousd);
	budget->spent_nanousd = add_bounded(budget->spent_nanousd, reserved_nanousd);
	left = budget_left(budget);
	if (rest > left) {
		budget->over_nanousd = add_bounded(budget->over_nanousd, rest - left);
		rest = left;
	}
	budget->spent_nanousd = add_bounded(budget->spent_nanousd, rest);
}

void budget_set_limit(struct budget *budget, int64_t limit_nanousd)
{
	int64_t spent = budget_spent_all(budget);
	int64_t room;

	ENSURE(limit_nanousd >= budget->reserved_nanousd);
	budget->limit_nanousd = limit_nanousd;
	room = limit_nanousd - budget->reserved_nanousd;
	budget->spent_nanousd = spent < room ? spent : room;
	budget->over_nanousd = spent - budget->spent_nanousd;
	budget->told = budget_level_now(budget);
}

/* used / limit >= percent / 100, without a product that could overflow. */
static bool has_reached(int64_t used, int64_t limit, int percent)
{
	int64_t hundredth = limit / 100;
	int64_t rest = limit % 100;

	return used >= hundredth * percent + (rest * percent + 99) / 100;
}

enum budget_level budget_level_now(const struct budget *budget)
{
	int64_t limit = budget->limit_nanousd;
	int64_t spent = budget_spent_all(budget);

	if (limit == BUDGET_NO_LIMIT || spent == 0)
		return BUDGET_FINE;
	if (spent >= limit)
		return BUDGET_SPENT;
	if (has_reached(spent, limit, WARN_SECOND))
		return BUDGET_WARN_95;
	return has_reached(spent, limit, WARN_FIRST) ? BUDGET_WARN_80 : BUDGET_FINE;
}

bool budget_is_soft_over(const struct budget *budget)
{
	return budget->soft_nanousd != BUDGET_NO_LIMIT &&
	       budget_spent_all(budget) > budget->soft_nanousd;
}

int64_t budget_next_period_us(const struct budget *budget, int64_t now_us)
{
	int64_t passed;

	if (budget->period_us <= 0)
		return INT64_MAX;
	if (now_us < budget->period_start_us)
		return budget->period_start_us;
	passed = (now_us - budget->period_start_us) / budget->period_us + 1;
	return budget->period_start_us + passed * budget->period_us;
}

void budget_begin_period(struct budget *budget, int64_t start_us)
{
	budget->period_start_us = start_us;
	budget->spent_nanousd = 0;
	budget->over_nanousd = 0;
	budget->told = BUDGET_FINE;
	budget->soft_told = false;
}
