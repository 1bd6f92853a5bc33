/*
 * budget - money that may be spent, reserved before work and settled after.
 *
 * A reservation counts from the moment it is folded, so two claims can never
 * be promised the same dollar: spent + reserved <= limit holds at every
 * event. What a claim costs beyond its reservation is taken from what nobody
 * has reserved; where that is not enough the rest is `over`: money that is
 * gone although nobody allowed it. It is counted apart, so that it is seen,
 * and a budget that is over takes no new work.
 */
#ifndef GOVERNOR_BUDGET_H
#define GOVERNOR_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define BUDGET_NO_LIMIT INT64_MAX
#define BUDGET_NANOUSD_MAX INT64_C(1000000000000000000)	/* a billion dollars: sums of two fit */

enum budget_scope { BUDGET_OF_FABRIC, BUDGET_OF_BOARD, BUDGET_OF_SWARM, BUDGET_OF_TASK,
		    BUDGET_SCOPE_COUNT };
extern const char *const budget_scope_names[];

/* How full a budget is: each level is told once a period. */
enum budget_level { BUDGET_FINE, BUDGET_WARN_80, BUDGET_WARN_95, BUDGET_SPENT, BUDGET_LEVEL_COUNT };
extern const char *const budget_level_names[];

struct budget {
	int64_t limit_nanousd;		/* 0 to BUDGET_NANOUSD_MAX, or BUDGET_NO_LIMIT */
	int64_t soft_nanousd;		/* warns when passed and stops nothing; BUDGET_NO_LIMIT */
	int64_t reserved_nanousd;	/* held by live claims */
	int64_t spent_nanousd;		/* settled in this period, within the limit */
	int64_t over_nanousd;		/* spent in this period beyond it */
	int64_t period_us;		/* 0: one period for ever */
	int64_t period_start_us;
	enum budget_level told;		/* the highest that was told this period */
	bool soft_told;
};

/* No limit, nothing spent. */
struct budget budget_unlimited(void);

/*
 * Whether work that is expected to cost so much may begin: it fits into what
 * is left, and the budget is not used up. A budget of 0 takes work that
 * costs nothing. Amounts are 0 to BUDGET_NANOUSD_MAX everywhere.
 */
bool budget_has_room(const struct budget *budget, int64_t amount_nanousd);
/* The amount must fit into what is left. */
void budget_reserve(struct budget *budget, int64_t amount_nanousd);
/* Gives a reservation back, all of it or what is left of it. */
void budget_release(struct budget *budget, int64_t amount_nanousd);
/*
 * Money was spent: `reserved` of it (at most the cost) comes out of a
 * reservation, the rest out of what is left. Never refused: it is gone.
 */
void budget_spend(struct budget *budget, int64_t cost_nanousd, int64_t reserved_nanousd);
/* Another limit, not below what is reserved; what was spent beyond it is `over`. */
void budget_set_limit(struct budget *budget, int64_t limit_nanousd);

/* What may still be reserved; BUDGET_NO_LIMIT without a limit, never negative. */
int64_t budget_left(const struct budget *budget);
/* All that was spent this period. */
int64_t budget_spent_all(const struct budget *budget);
/* The level that what is spent has reached. A budget of 0 is spent when anything is. */
enum budget_level budget_level_now(const struct budget *budget);
/* Spent has passed the soft limit. */
bool budget_is_soft_over(const struct budget *budget);

/*
 * Periods follow one another from the first start without a gap. Returns
 * when the one after `now_us` begins; INT64_MAX when there is one for ever.
 */
int64_t budget_next_period_us(const struct budget *budget, int64_t now_us);
/* A new period: nothing is spent, reservations of live claims stay. */
void budget_begin_period(struct budget *budget, int64_t start_us);

#endif
