/*
 * egress_http - the same door for programs that speak HTTP: a proxy on a
 * port of this machine, for as long as its grant lives.
 *
 * Requests name the whole URL, https:// ones too: the proxy speaks TLS for
 * them. CONNECT is refused, because method and path could not be seen
 * through a tunnel. Every request carries the grant's password, since any
 * user of this machine can reach a port.
 */
#ifndef SANDBOX_EGRESS_HTTP_H
#define SANDBOX_EGRESS_HTTP_H

#include "sandbox/egress_ask.h"

#define EGRESS_HTTP_CONNECTIONS_MAX 64	/* of one grant */
#define EGRESS_HTTP_USER "if"		/* http://if:PASSWORD@127.0.0.1:PORT */

struct egress_http;

/* The account stays the caller's, and open as long as this is. */
MUST_USE enum err egress_http_open(struct egress_account *account, struct egress_http **ret_http,
				   struct buf *detail);
/* Takes NULL. */
void egress_http_close(struct egress_http *http);
int egress_http_port(const struct egress_http *http);
struct slice egress_http_password(const struct egress_http *http);

#endif
