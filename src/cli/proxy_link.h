/*
 * proxy_link - the egress proxy, found or started, and grants at it.
 */
#ifndef CLI_PROXY_LINK_H
#define CLI_PROXY_LINK_H

#include <sys/types.h>

#include "cli/cli.h"
#include "sandbox/egress_message.h"
#include "sandbox/secret.h"

/* Where the user's secrets lie; the folder is made. ERR_USAGE or ERR_OS with the detail. */
MUST_USE enum err proxy_secret_place(struct cli *cli, struct secret_place *ret_place,
				     struct buf *detail);
/* The proxy's socket: as it is set, else beside the daemon's. In the arena. */
MUST_USE enum err proxy_socket(struct cli *cli, const char **ret_path, struct buf *detail);

/* The proxy that runs there now; 0 when none does. */
pid_t proxy_running(struct cli *cli);

/*
 * Starts the proxy when there is none, and opens a grant. Whoever holds the
 * descriptor can make requests under it (sandbox/egress.h). `ret_answer` gets the
 * proxy's answer; on refusal `detail` says why.
 */
MUST_USE enum err proxy_grant(struct cli *cli, const struct egress_who *who,
			      const struct contract *contract, bool listen, int *ret_fd,
			      struct buf *ret_answer, struct buf *detail);

#endif
