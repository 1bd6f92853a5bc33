/*
 * egress - how a guest asks the world: the protocol between whoever runs
 * one, the guest's process, and if-proxy.
 *
 *	supervisor --grant--> if-proxy          once, on a connection of its own
 *	guest      --request--> if-proxy        any number, one at a time
 *	guest      <--reply---- if-proxy
 *
 * A supervisor connects, says what is granted, and hands the connected
 * descriptor on: whoever holds that can make requests under the grant, and
 * nothing else. When it is closed the grant is over. The socket itself can
 * be used by its owner only.
 *
 * A message is its length, 4 bytes little-endian, and one JSON object.
 *
 *	grant	{"swarm":"alice","board":"demo","task":"T-1","fence":7,"token":"...",
 *		 "daemon":"/run/user/1000/infrafabric/if.sock","listen":true,
 *		 "contract":"<its bytes, in base64>"}
 *	answer	{"ok":true}, or {"ok":true,"port":40123,"password":"..."} after "listen", or an error
 *	request	{"method":"POST","url":"https://api.example.com/v1/items",
 *		 "headers":{"Content-Type":"application/json"},"body":"e30="}
 *	reply	{"status":200,"headers":{"content-type":"application/json"},"body":"W10="}
 *	error	{"error":{"code":"egress_denied","title":"...","detail":"...","hint":"...",
 *		 "status":403,"retryable":false,"retry_after_ms":250}}
 *
 * Bodies are base64 (RFC 4648, with padding); an empty one may be left out.
 * `headers` are an object of texts; a header that came more than once is
 * one text, its values parted by ", " (Set-Cookie by a line feed). A
 * redirect is a reply like any other: to follow it is a request of its own,
 * and checked as one.
 *
 * A guest's process needs no JSON of its own: the guest writes its request,
 * egress_call carries it, and the reply goes back as it came.
 */
#ifndef SANDBOX_EGRESS_H
#define SANDBOX_EGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#define EGRESS_BODY_BYTES_MAX (64UL * 1024 * 1024)	/* either way; most contracts say less */
#define EGRESS_HEAD_BYTES_MAX 65536UL			/* headers of either way, all of them */
/* What a body of that size takes in base64, with its head. */
#define EGRESS_MESSAGE_BYTES_MAX (90UL * 1024 * 1024)
#define EGRESS_LENGTH_BYTES 4

/*
 * Connects to the proxy's socket and sends the grant. The descriptor is
 * blocking and closed by exec. `ret_answer` gets the proxy's answer, which is
 * an error's object when the code is ERR_EGRESS_GRANT; a sentence otherwise.
 * ERR_PROXY_UNREACHABLE when nobody listens, ERR_TIMEOUT.
 */
MUST_USE enum err egress_open(const char *socket_path, struct slice grant, int64_t timeout_ms,
			      int *ret_fd, struct buf *ret_answer);

/*
 * Sends one request and waits for its reply, which is appended. The process
 * ignores SIGPIPE; of the system it needs poll, read and write. Negative
 * timeout: none. ERR_LIMIT_EXCEEDED: the request is too long, or the reply is
 * longer than `reply_bytes_max`; after that, as after ERR_TIMEOUT and ERR_OS
 * (the proxy is gone), the descriptor is of no more use.
 */
MUST_USE enum err egress_call(int fd, struct slice request, size_t reply_bytes_max,
			      int64_t timeout_ms, struct buf *ret_reply);

/* The length that goes before a message, and what one says. */
void egress_add_length(struct buf *out, size_t len);
size_t egress_length(const void *bytes);

#endif
