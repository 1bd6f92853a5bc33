/*
 * mojibake - text that was encoded twice.
 *
 * UTF-8 that somebody read as Windows-1252 (or Latin-1) and encoded once
 * more: an em dash becomes three characters that begin with a-circumflex.
 */
#ifndef DOCUMENT_MOJIBAKE_H
#define DOCUMENT_MOJIBAKE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

struct mojibake {
	size_t count;		/* runs that were repaired */
	size_t first_at;	/* where the first of them stood in the text */
	struct slice first;	/* as it was; of the text */
};

/*
 * Appends the text to `out` with such runs as they were meant. A run is a
 * longest stretch of characters beyond ASCII, and it is repaired as a whole
 * or left as it is: only if all of its characters stand for bytes of
 * Windows-1252, those bytes are UTF-8 again, and right text is unlikely to
 * look like that. `text` is valid UTF-8. Nothing is appended when nothing
 * was found.
 */
struct mojibake mojibake_repair(struct slice text, struct buf *out);

/* Whether the text holds a run that mojibake_repair might change. */
bool mojibake_suspected(struct slice text);

#endif
