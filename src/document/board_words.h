/*
 * board_words - the words and marks that people use in the cells of a board.
 */
#ifndef DOCUMENT_BOARD_WORDS_H
#define DOCUMENT_BOARD_WORDS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "document/board_doc.h"
#include "document/markdown.h"

/*
 * A name as a swarm id: lower case, each run of what no id may hold becomes
 * one dash: "Session 5 (CLI)" is session-5-cli. Empty when nothing remains.
 */
struct slice word_to_id(struct slice text, struct arena *arena);
/* The same for a title, of which only letters, digits, dots and underscores stay. */
struct slice word_to_board_id(struct slice text, struct arena *arena);

/* What stands for nothing: empty, dashes, "none", "n/a". */
bool word_is_nothing(struct slice text);
/* The same for an owner: also "any", "unassigned", "tbd" and the like. */
bool word_is_nobody(struct slice text);

/* True when the text starts with `word` as a whole word, case ignored; cuts it off. */
bool word_cut(struct slice *text, const char *word);

/*
 * The text without blanks and pictures (emoji) at its ends. What was written
 * as a character reference is meant as it is and stays. `ret_status` (may be
 * NULL) is set when one of the pictures, or a [x] in front, says a status.
 */
struct slice word_plain(const struct markdown_text *text, enum doc_status *ret_status,
			bool *ret_has_status);

/* True when the text begins with a character reference: it is to be taken letter by letter. */
bool word_is_verbatim(const struct markdown_text *text);

/* Whether word_plain would take this character away from an end. */
bool word_is_picture(uint32_t code_point);

/*
 * "In progress", "claimed by Session 5", "done (2 h)". False when the words
 * are not known. `ret_by` is the name behind "by", or empty.
 */
bool word_to_status(struct slice text, enum doc_status *ret_status, struct slice *ret_by);

/* "high", "P1", "-3". Higher goes first. */
bool word_to_priority(struct slice text, int64_t *ret_priority);

#endif
