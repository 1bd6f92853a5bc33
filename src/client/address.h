/*
 * address - where a daemon is.
 */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/* What names a daemon: the path of a Unix socket, or http://HOST:PORT. */
struct address {
	bool is_unix;
	struct buf text;	/* the path or the URL, with a zero byte, without a slash at the end */
};

/*
 * Reads an address; NULL or an empty one is the default, see ifab_open.
 * ERR_USAGE with the reason in `detail`.
 */
MUST_USE enum err address_read(const char *text, struct address *ret_address, struct buf *detail);
void address_finish(struct address *address);

/*
 * The default socket's path, whatever $IF_URL and $IF_SOCKET say. ERR_USAGE when
 * the folder below /tmp belongs to somebody else.
 */
MUST_USE enum err address_default_socket(struct buf *out, struct buf *detail);

#endif
