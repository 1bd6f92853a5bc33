/*
 * text - what may come in from outside: ids and UTF-8.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>

#include "base/slice.h"

#define ID_BYTES_MAX 128	/* fits a line of a terminal and a file name */

/*
 * 1 to ID_BYTES_MAX of [A-Za-z0-9._:@-]. No slash: an id can then never be
 * the prefix of another one's path. A single "-" stands for "the only one"
 * in paths and is no id.
 */
bool id_is_valid(struct slice id);

/* Well-formed UTF-8 (no surrogates, nothing over-long), no NUL. */
bool text_is_valid(struct slice text);

/*
 * Bytes of the character that starts at text.ptr, 1 to 4, and its code
 * point; 0 when it is not well-formed. `text` is not empty.
 */
size_t text_decode(struct slice text, uint32_t *ret_code_point);
/* Writes a code point as UTF-8 into 4 bytes; returns how many. */
size_t text_encode(uint32_t code_point, char ret_bytes[4]);

/*
 * How many bytes must be changed, added or left out to make one name of the
 * other (Levenshtein). SIZE_MAX when one is longer than TEXT_DISTANCE_BYTES_MAX:
 * for guessing what somebody meant to type.
 */
#define TEXT_DISTANCE_BYTES_MAX 64
size_t text_distance(struct slice a, struct slice b);

#endif
