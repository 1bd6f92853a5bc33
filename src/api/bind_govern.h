/*
 * bind_govern - documents that people write: a policy, manifests of swarms,
 * prices, a contract.
 *
 * The body is the document as it is (application/yaml, or a JSON document),
 * or a JSON object with the member "document", a text.
 */
#ifndef API_BIND_GOVERN_H
#define API_BIND_GOVERN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "fabric/command.h"

/* Whether the command takes such a document. */
bool bind_takes_hand_document(enum command_type type);
/*
 * Reads the command's document into what the machine takes. On
 * ERR_DOCUMENT_INVALID `ret_members` has all errors.
 */
MUST_USE enum err bind_hand_document(struct arena *arena, struct command *command,
				     struct buf *ret_detail, struct buf *ret_members);

#endif
