/*
 * offline - looks at a ledger that no daemon has open.
 *
 * Both print to standard output and return an exit code.
 */
#ifndef DAEMON_OFFLINE_H
#define DAEMON_OFFLINE_H

#include <stdbool.h>

/* Walks the chain; `head` is the hash that some record must have, or NULL. */
int offline_verify(const char *path, const char *head, bool json);
/* The digest of the state that the ledger folds to, from its snapshot or from its beginning. */
int offline_digest(const char *path, bool use_snapshot);

#endif
