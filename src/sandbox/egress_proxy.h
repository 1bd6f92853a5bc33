/*
 * egress_proxy - the socket of the proxy and the connections to it.
 *
 * Only processes of our own user are let in. When nobody has been there for
 * a while the proxy ends; whoever needs one starts it again.
 */
#ifndef SANDBOX_EGRESS_PROXY_H
#define SANDBOX_EGRESS_PROXY_H

#include "sandbox/egress_upstream.h"
#include "sandbox/secret.h"

#define EGRESS_SESSIONS_MAX 4096

struct egress_proxy_options {
	const char *socket_path;
	const char *notes_path;
	struct secret_place secrets;
	const char *credentials_folder;	/* of systemd, or NULL */
	struct upstream_options upstream;
	int64_t idle_ms;		/* 0: stays for ever */
};

struct egress_proxy;

MUST_USE enum err egress_proxy_open(const struct egress_proxy_options *options,
				    struct egress_proxy **ret_proxy, struct buf *detail);
/* Until TERM or INT, or nobody was there for long. */
void egress_proxy_run(struct egress_proxy *proxy);
/* Takes NULL. */
void egress_proxy_close(struct egress_proxy *proxy);

#endif
