/*
 * http_head - what a request's head means, and which heads are refused.
 */
#ifndef API_HTTP_HEAD_H
#define API_HTTP_HEAD_H

#include "api/http.h"

struct http_head {
	struct http_request request;	/* without its body */
	size_t body_len;		/* announced; 0 when chunked */
	bool is_chunked;
	bool keep_alive;
	bool expects_continue;
};

/*
 * Reads a head, the empty line included. The result points into it, into
 * `headers` and into `path`. `is_proxy`: the target is not read, but kept as it is.
 * When it is refused, `ret_detail` is a literal.
 */
MUST_USE enum err http_head_read(struct slice bytes, struct http_header headers[HTTP_HEADERS_MAX],
				 struct buf *path, bool is_proxy, struct http_head *ret_head,
				 const char **ret_detail);

/*
 * Decodes %XX, and '+' when it means a space, at the end of `out`. False for a
 * bad escape or a NUL.
 */
MUST_USE bool http_decode(struct slice text, bool plus_is_space, struct buf *out);

#endif
