/*
 * http_browser - keeps pages of other origins away from a daemon that
 * listens on loopback.
 *
 * Any page may send requests to 127.0.0.1, and a name that its owner
 * points there makes the page and the daemon look like one origin. So the
 * Host must be a loopback one, and the Origin, which pages cannot forge, ours.
 */
#ifndef API_HTTP_BROWSER_H
#define API_HTTP_BROWSER_H

#include "api/http.h"

/* OK or ERR_ORIGIN_DENIED; `ret_detail` is a literal then. `port` is the one we listen on. */
MUST_USE enum err http_check_browser(const struct http_request *request, int port,
				     const char **ret_detail);

#endif
