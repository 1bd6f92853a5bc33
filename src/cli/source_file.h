/*
 * source_file - a document that the command line names, and what is wrong in it.
 */
#ifndef CLI_SOURCE_FILE_H
#define CLI_SOURCE_FILE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Its name for people: "-" is "standard input". */
const char *source_file_shown(const char *file);

/* Reads it, "-" from standard input, at most 8 MiB. On refusal `detail` says which file and why. */
MUST_USE enum err source_file_read(const char *file, struct buf *ret_text, struct buf *detail);

/* FILE:LINE: text on stderr, as editors and people know it from compilers; line 0 is none. */
void source_file_say(const char *file, int64_t line, struct slice text);

#endif
