/*
 * cache - compiled modules on disk, so that each is compiled once.
 *
 * What lies there becomes code of ours, so a file counts only with the
 * MAC of this user's own key, over the very bytes that are used and over what
 * they were made from. Anything else is as if it were not there.
 */
#ifndef SANDBOX_CACHE_H
#define SANDBOX_CACHE_H

#include <stdbool.h>

#include "base/buf.h"
#include "crypto/hash.h"

struct cache {
	const char *folder;		/* not owned */
	struct buf key;			/* empty: nothing is kept */
};

/*
 * Without a folder, without a key file that is nobody else's, nothing is kept;
 * why not goes to `trouble`. The key is made when there is none.
 */
void cache_open(struct cache *cache, const char *folder, const char *key_file, struct buf *trouble);
/* Wipes the key. */
void cache_close(struct cache *cache);

/* The name of what is made of a module with an engine of this fingerprint on a machine like this. */
struct hash cache_name(struct slice wasm, struct slice fingerprint);

/* Appends the artifact; false when there is none that counts. */
MUST_USE bool cache_get(const struct cache *cache, const struct hash *name, struct buf *ret_artifact);
/* Failing to keep it costs time later, and nothing else. */
void cache_put(const struct cache *cache, const struct hash *name, struct slice artifact,
	       struct buf *trouble);

#endif
