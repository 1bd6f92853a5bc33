/*
 * fuzz_hand - what every reader of documents written by hand must hold.
 */
#ifndef TESTS_FUZZ_HAND_H
#define TESTS_FUZZ_HAND_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "document/fields.h"

static inline void fuzz_fail(const char *what, struct slice text)
{
	fprintf(stderr, "%s: %.*s\n", what, (int)text.len, text.ptr ? text.ptr : "");
	abort();
}

/* Messages are lines for people, and there is one exactly when nothing was read. */
static inline void fuzz_messages(enum err err, const struct doc_message *messages, size_t count)
{
	if ((err == OK) != (count == 0))
		fuzz_fail("errors and the answer disagree", SLICE_EMPTY);
	for (size_t i = 0; i < count; i++)
		if (messages[i].text.len == 0 || !text_is_valid(messages[i].text) ||
		    messages[i].line < 0 || slice_find_byte(messages[i].text, '\n') >= 0)
			fuzz_fail("a message is no line", messages[i].text);
}

static inline enum hand_format fuzz_format(struct slice text)
{
	return text.len && (text.ptr[0] == '{' || text.ptr[0] == '[') ? HAND_JSON : HAND_YAML;
}

#endif
