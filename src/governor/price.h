/*
 * price - what tokens of a model cost, and hours of a swarm.
 *
 * Integer arithmetic, rounded up to the next nano-dollar, so that many small
 * charges never cost less than one large one.
 */
#ifndef GOVERNOR_PRICE_H
#define GOVERNOR_PRICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum token_kind { TOKEN_INPUT, TOKEN_OUTPUT, TOKEN_CACHE_READ, TOKEN_CACHE_WRITE, TOKEN_KIND_COUNT };
extern const char *const token_kind_names[];

#define PRICE_UNKNOWN (-1)	/* this model has no price for this kind */

struct price {
	int64_t nanousd_per_million[TOKEN_KIND_COUNT];	/* PRICE_UNKNOWN, or 0 and more */
};

struct price_row {
	struct slice model;
	struct price price;
	struct slice date;		/* from which it is the price: 2025-09-29; may be empty */
	struct slice source;		/* whose list it is; may be empty */
};

/*
 * False when a kind that was used has no price, or the sum would pass
 * INT64_MAX: the charge is then unpriced, never zero. Counts are 0 or more.
 */
bool price_of(const struct price *price, const int64_t tokens[TOKEN_KIND_COUNT],
	      int64_t *ret_nanousd);

/* Dollars an hour for some time, both 0 or more. At most INT64_MAX. */
int64_t price_of_time(int64_t nanousd_per_hour, int64_t ms);

/* The rows of price.def. */
extern const size_t price_builtin_count;
struct price_row price_builtin(size_t index);

/*
 * A model's own name. Publishers sell one model under several, so what was
 * reported may have the publisher or place in front and the day of its making
 * or `latest` behind: vendor/claude-sonnet-4-20250514, gpt-4o-2024-08-06.
 * Nothing else is guessed. A row with the whole name goes first.
 */
struct slice price_model(struct slice reported);

/*
 * One line, the same for the same row whatever program wrote it: what is
 * hashed. Model, four prices in dollars or "-", date and source, with tabs
 * between them. None of the texts holds a tab or the end of a line.
 */
void price_row_write(const struct price_row *row, struct buf *out);

#endif
