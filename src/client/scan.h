/*
 * scan - picks members out of a JSON object without building a tree.
 *
 * For answers of the daemon, of which a client wants three or four members.
 * It checks the form of everything it steps over, but neither UTF-8 nor
 * members that stand twice (the first one counts); documents are read by
 * document/. The library thereby needs nothing but an HTTP client.
 */
#ifndef CLIENT_SCAN_H
#define CLIENT_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define SCAN_DEPTH_MAX 128	/* twice what any reader of ours takes */

/* Whether the text is one object of JSON and nothing else. */
bool scan_is_object(struct slice text);

/*
 * Members of an object, in their order:
 *	struct scan scan = scan_begin(text);
 *	while (scan_next(&scan))
 * Ends early when the text is no JSON. Items of a list go the same way, with an empty key.
 */
struct scan {
	struct slice rest;
	char end;		/* } or ]; 0: over */
	bool is_first;
	struct slice key;	/* as it stands, without quotes */
	struct slice value;	/* as it stands */
};
struct scan scan_begin(struct slice text);
bool scan_next(struct scan *scan);

/* The value of a member as it stands, or empty. */
struct slice scan_member(struct slice object, const char *name);

/* False, with nothing written, when the value is not of that type. */
bool scan_text(struct slice value, struct buf *out);	/* appends, without escapes */
bool scan_i64(struct slice value, int64_t *ret_value);
bool scan_bool(struct slice value, bool *ret_value);

#endif
