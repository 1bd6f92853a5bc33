/*
 * http_lines - sees that lines are lines, before the parser reads them.
 *
 * Each ends in CR LF; there is no CR or LF elsewhere, no other control
 * character, and no line that continues the one before. Parsers differ in
 * what they make of these, which is how requests are smuggled.
 */
#ifndef API_HTTP_LINES_H
#define API_HTTP_LINES_H

#include <stdint.h>

#include "base/slice.h"

enum http_lines {
	HTTP_LINES_MORE,		/* all was looked at, all was well */
	HTTP_LINES_EMPTY,		/* an empty line ended */
	HTTP_LINES_BAD
};

/*
 * Goes on from `*state`, 0 at the start of a line. `ret_used` bytes were
 * looked at: all of them, or up to the end of the empty line.
 */
enum http_lines http_lines_scan(uint8_t *state, struct slice bytes, size_t *ret_used);

#endif
