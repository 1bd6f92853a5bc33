/*
 * message - what is to be said of a document, with lines.
 */
#ifndef DOCUMENT_MESSAGE_H
#define DOCUMENT_MESSAGE_H

#include <stdarg.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/ensure.h"
#include "base/slice.h"

#define MESSAGES_MAX 200	/* more help nobody; the last one says how many were left out */

struct doc_message {
	int line;		/* 0 when it is about the whole document */
	struct slice text;
};

struct message_list {
	struct doc_message *items;	/* owned; the texts live in an arena */
	size_t count, capacity;
	size_t unsaid;			/* past MESSAGES_MAX */
};

/* A slice for "%.*s" in a message: not more of it than a line can bear. */
#define SHOWN_MAX 80
#define SHOW(slice) (int)((slice).len < SHOWN_MAX ? (slice).len : SHOWN_MAX), \
		    ((slice).len ? (slice).ptr : "")

/* What the text quotes from the document is made printable. */
void message_add(struct message_list *list, struct arena *arena, int line, const char *format,
		 va_list args) PRINTF_LIKE(4, 0);

/* In the order of the document, in `arena`. */
void message_hand_over(struct message_list *list, struct arena *arena,
		       struct doc_message **ret_items, size_t *ret_count);
void message_list_finish(struct message_list *list);

#endif
