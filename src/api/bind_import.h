/*
 * bind_import - the document of POST /v1/import becomes tasks.
 *
 * The body is a document as it is (text/markdown, application/yaml, with
 * board, file, format and dry_run in the query), a JSON object that carries one
 * as text, or a JSON board, known by its member "tasks".
 */
#ifndef API_BIND_IMPORT_H
#define API_BIND_IMPORT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "fabric/command.h"

/* Media types of bodies that are documents, beside application/json; separated by spaces. */
extern const char bind_document_types[];

/* Of a media type from that list. */
int64_t bind_document_format(struct slice media_type);

/*
 * Reads command->args.board_import.document and sets what an import needs:
 * the board's id, title, tasks, remarks. On ERR_DOCUMENT_INVALID and
 * ERR_LIMIT_EXCEEDED `ret_members` has all errors.
 */
MUST_USE enum err bind_document(struct arena *arena, struct command *command,
				struct buf *ret_detail, struct buf *ret_members);

#endif
