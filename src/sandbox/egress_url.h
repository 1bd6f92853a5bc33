/*
 * egress_url - what a URL means: a seam to libcurl's own parser.
 *
 * The parser that takes a URL apart here is the one that would connect, so
 * no two readers can differ. And a URL has to be written as it is understood:
 * what the parser would have to mend (numbers in octal, escapes in the host,
 * an at sign) is refused.
 */
#ifndef SANDBOX_EGRESS_URL_H
#define SANDBOX_EGRESS_URL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "chassis/contract.h"

#define EGRESS_URL_BYTES_MAX 8192	/* what common servers let pass */

struct egress_url {
	enum contract_scheme scheme;
	uint16_t port;
	struct buf host;	/* lower case */
	struct buf path;	/* begins with a slash */
	struct buf whole;	/* as it is sent: scheme://host:port/path?query */
};

/* ERR_EGRESS_REQUEST with the reason; then nothing has to be finished. */
MUST_USE enum err egress_url_read(struct slice text, struct egress_url *ret_url,
				  struct buf *detail);
void egress_url_finish(struct egress_url *url);

#endif
