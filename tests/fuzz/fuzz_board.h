/*
 * fuzz_board - what every reader of boards must hold, whatever it is given:
 * it ends; what it refuses, it says why; and what it takes, it takes again
 * unchanged after it was written as Markdown and as JSON.
 */
#ifndef TESTS_FUZZ_BOARD_H
#define TESTS_FUZZ_BOARD_H

#include <stdio.h>
#include <stdlib.h>

#include "../unit/board_same.h"
#include "base/text.h"

static inline void fuzz_fail(const char *what, const char *more, const struct buf *text)
{
	fprintf(stderr, "%s: %s\n", what, more);
	if (text)
		fwrite(text->ptr, 1, text->len, stderr);
	abort();
}

static inline void fuzz_again(const struct board_doc *doc, const struct buf *text,
			      enum board_format format)
{
	struct arena arena = { 0 };
	struct board_doc again;
	enum err err = board_doc_read(buf_slice(text), format, &arena, &again);

	/* What is written may be longer than what was read. */
	if (err == ERR_LIMIT_EXCEEDED) {
		arena_finish(&arena);
		return;
	}
	if (err)
		fuzz_fail("what was written is refused", again.errors[0].text.ptr, text);
	if (board_difference(doc, &again))
		fuzz_fail("not the same after writing", board_difference(doc, &again), text);
	arena_finish(&arena);
}

static inline void fuzz_messages(const struct doc_message *messages, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (messages[i].text.len == 0 || !text_is_valid(messages[i].text) ||
		    messages[i].line < 0)
			fuzz_fail("message", "is empty or no UTF-8", NULL);
}

static inline int fuzz_board(const uint8_t *data, size_t size, enum board_format format)
{
	struct arena arena = { 0 };
	struct board_doc doc;
	struct buf text = { 0 };
	size_t *path;
	enum err err = board_doc_read(slice_of(data, size), format, &arena, &doc);

	fuzz_messages(doc.errors, doc.error_count);
	fuzz_messages(doc.remarks, doc.remark_count);
	if ((err == OK) != (doc.error_count == 0))
		fuzz_fail("errors", "and the answer disagree", NULL);
	if (err == OK) {
		board_doc_critical_path(&doc, &arena, &path);
		board_doc_write_markdown(&doc, &text);
		fuzz_again(&doc, &text, BOARD_MARKDOWN);
		buf_clear(&text);
		board_doc_write_json(&doc, &text);
		fuzz_again(&doc, &text, BOARD_JSON);
		buf_clear(&text);
		board_doc_write_dot(&doc, &text);
		board_doc_write_mermaid(&doc, &text);
	}
	buf_finish(&text);
	arena_finish(&arena);
	return 0;
}

#endif
