/*
 * source - the text of a document, checked and cut into lines.
 */
#ifndef DOCUMENT_SOURCE_H
#define DOCUMENT_SOURCE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

/* A line ends with LF, CR LF or CR; the ends do not belong to it. */
struct source {
	struct slice text;
	const struct slice *lines;	/* the first is lines[0], line 1 for people */
	size_t line_count;
};

struct source_fault {
	int line;
	char text[192];
};

/*
 * Drops a byte order mark and refuses what is not UTF-8 or holds a NUL,
 * saying which line and, where it can be told, what it is instead.
 * ERR_DOCUMENT_INVALID fills `ret_fault`.
 */
MUST_USE enum err source_check(struct slice text, struct slice *ret_text,
			       struct source_fault *ret_fault);

void source_cut(struct slice text, struct arena *arena, struct source *ret_source);

#endif
