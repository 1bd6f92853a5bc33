/*
 * source_file - a document that the command line names, and what is wrong in it.
 */
#ifndef CLI_SOURCE_FILE_H
#define CLI_SOURCE_FILE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "document/message.h"

/* Its name for people: "-" is "standard input". */
const char *source_file_shown(const char *file);

/* Reads it, "-" from standard input, at most 8 MiB. On refusal `detail` says which file and why. */
MUST_USE enum err source_file_read(const char *file, struct buf *ret_text, struct buf *detail);

/* FILE:LINE: text on stderr, as editors and people know it from compilers; line 0 is none. */
void source_file_say(const char *file, int64_t line, struct slice text);

/* All that is to be said of it, a line each. */
void source_file_say_all(const char *file, const struct doc_message *messages, size_t count);
/* The same as a member of the open object: a list of {line, text}. */
void source_file_put_all(struct json_writer *json, const char *key,
			 const struct doc_message *messages, size_t count);

struct cli;
/* What differs between two, `count` lines of it, like diff(1): returns 0 when nothing does, else 1. */
int source_file_tell_difference(struct cli *cli, struct slice lines, size_t count);

#endif
