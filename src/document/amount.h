/*
 * amount - money and time as people write them.
 *
 * Exact: decimal digits are counted in integers, never through floating
 * point.
 */
#ifndef DOCUMENT_AMOUNT_H
#define DOCUMENT_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * A plain decimal number such as 12, -0.5 or 10.250, times 10^9. At most
 * nine decimals that are not zero; no exponent. False when it is none or
 * does not fit.
 */
bool amount_of_decimal(struct slice text, int64_t *ret_nano);

/*
 * Money: 1.5, $1.50, $1,200, USD 3, 3 usd, 0.40 dollars, ~$5, and ranges,
 * of which the upper end counts: $10-12. Never negative.
 */
bool amount_of_money(struct slice text, int64_t *ret_nanousd);

/* True when the text names a currency: $5, USD 3. */
bool amount_is_money(struct slice text);

/* A ratio: 0.7, 1, 70%, at most six decimals of the ratio itself. Its range is the caller's. */
bool amount_of_ratio(struct slice text, int64_t *ret_ppm);

/*
 * Time: 90s, 30m, 1.5h, 2-3h, 1h 30m, 2 hours, 1d, 1w, 250ms. A range counts
 * by its upper end. A day is a working day of eight hours and a week five of
 * them: these are estimates of work. A number without a unit is none.
 */
bool amount_of_time(struct slice text, int64_t *ret_ms);

/*
 * Time of the clock: the same words, no range, a day of 24 hours and a week
 * of seven days. Never negative.
 */
bool amount_of_duration(struct slice text, int64_t *ret_ms);

/*
 * A size: 64KiB, 1.5 MiB, 2 GiB, 100 B. Not MB, which is a million bytes to
 * some and 1,048,576 to others. Whole bytes, never negative.
 */
bool amount_of_size(struct slice text, int64_t *ret_bytes);

#endif
