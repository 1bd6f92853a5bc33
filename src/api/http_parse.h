/*
 * http_parse - the seam to the HTTP parser library.
 *
 * Heads come whole and with well-formed lines (http_lines), so what the
 * parser finds are slices of the caller's bytes.
 */
#ifndef API_HTTP_PARSE_H
#define API_HTTP_PARSE_H

#include "api/http.h"

struct http_parsed {
	struct slice target;		/* of the request line */
	size_t header_count;
	int major;
	int minor;
	bool keep_alive;
	bool is_chunked;
};

/*
 * Reads a head, the empty line included. ERR_HTTP_SYNTAX, ERR_HTTP_VERSION for a
 * version that the parser does not know, or ERR_LIMIT_EXCEEDED for too many
 * headers; `ret_detail` is a literal then.
 */
MUST_USE enum err http_parse_head(struct slice head, struct http_header headers[HTTP_HEADERS_MAX],
				  struct http_parsed *ret_parsed, const char **ret_detail);

/* Unpacks the body of one request that came in chunks. */
struct http_dechunk;

enum http_dechunk_result { HTTP_DECHUNK_MORE, HTTP_DECHUNK_DONE, HTTP_DECHUNK_BAD };

struct http_dechunk *http_dechunk_create(void);
void http_dechunk_destroy(struct http_dechunk *dechunk);

/* Data of a chunk, a slice of what was fed; what lies before it is not read again. */
typedef void http_dechunk_fn(void *context, struct slice data);
/* `ret_used` is all, or up to the end of the body when that is done. */
enum http_dechunk_result http_dechunk_feed(struct http_dechunk *dechunk, struct slice bytes,
					   http_dechunk_fn *fn, void *context, size_t *ret_used);

#endif
