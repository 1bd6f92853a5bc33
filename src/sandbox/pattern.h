/*
 * pattern - regular expressions for whole texts: the seam to PCRE2.
 *
 * A pattern is anchored at both ends, whatever it says. Matching is bounded:
 * one that would try too much is no match, and says so.
 */
#ifndef SANDBOX_PATTERN_H
#define SANDBOX_PATTERN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

struct pattern;

enum pattern_answer { PATTERN_NO, PATTERN_YES, PATTERN_TOO_HARD };

/* ERR_DOCUMENT_INVALID with the reason: what is wrong, and where. */
MUST_USE enum err pattern_compile(struct slice text, struct pattern **ret_pattern,
				  struct buf *detail);
/* Takes NULL. */
void pattern_destroy(struct pattern *pattern);
enum pattern_answer pattern_match(const struct pattern *pattern, struct slice text);

#endif
