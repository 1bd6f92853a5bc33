#include "sandbox/egress_proxy.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sandbox/egress_session.h"
#include "sys/files.h"
#include "sys/listener.h"
#include "sys/local_socket.h"
#include "sys/log.h"

#define SIGNAL_TERM 15
#define SIGNAL_INT 2

struct egress_proxy {
	struct egress_proxy_options options;
	struct egress_service service;
	struct listener listener;
	struct loop_fd *watched;
	struct loop_signal *signals[2];
	struct loop_timer *idle_timer;
	struct loop_timer *accept_timer;	/* until there may be descriptors again */
	bool has_waited;		/* a second time, for a coordinator */
	struct egress_session *sessions[EGRESS_SESSIONS_MAX];
	size_t session_count;
};

static void wait_for_somebody(struct egress_proxy *proxy)
{
	if (proxy->options.idle_ms && proxy->session_count == 0)
		loop_timer_set(proxy->idle_timer, proxy->options.idle_ms * 1000);
	else
		loop_timer_cancel(proxy->idle_timer);
}

static void on_over(void *context, struct egress_session *session)
{
	struct egress_proxy *proxy = context;

	for (size_t i = 0; i < proxy->session_count; i++) {
		if (proxy->sessions[i] != session)
			continue;
		proxy->sessions[i] = proxy->sessions[--proxy->session_count];
		break;
	}
	egress_session_close(session);
	loop_fd_watch(proxy->watched, LOOP_READ);
	wait_for_somebody(proxy);
}

static void on_listener_ready(void *context, unsigned ready)
{
	struct egress_proxy *proxy = context;
	int fd;

	(void)ready;
	/* Whoever comes now waits until somebody has gone. */
	if (proxy->session_count == EGRESS_SESSIONS_MAX) {
		loop_fd_watch(proxy->watched, 0);
		return;
	}
	if (!local_socket_accept(proxy->listener.fd, &fd)) {
		loop_fd_watch(proxy->watched, 0);
		loop_timer_set(proxy->accept_timer, LOCAL_SOCKET_PAUSE_US);
		return;
	}
	if (!local_socket_is_ours(fd)) {
		log_event(LOG_LEVEL_WARN, "egress", "a stranger was turned away", LOG_NO_FIELDS);
		close(fd);
		return;
	}
	proxy->sessions[proxy->session_count++] =
		egress_session_open(&proxy->service, fd, on_over, proxy);
	proxy->has_waited = false;
	wait_for_somebody(proxy);
}

static void on_accept_time(void *context)
{
	struct egress_proxy *proxy = context;

	loop_fd_watch(proxy->watched, LOOP_READ);
}

static void on_signal(void *context, int number)
{
	struct egress_proxy *proxy = context;

	(void)number;
	loop_stop(proxy->service.loop);
}

static void on_idle(void *context)
{
	struct egress_proxy *proxy = context;

	/* A coordinator that is away for a while is still to be told; one that is gone is not. */
	if (egress_daemons_are_quiet(proxy->service.daemons) || proxy->has_waited) {
		loop_stop(proxy->service.loop);
	} else {
		proxy->has_waited = true;
		wait_for_somebody(proxy);
	}
}

static enum err open_parts(struct egress_proxy *proxy, struct buf *detail)
{
	struct egress_service *service = &proxy->service;
	enum err err = loop_open(&service->loop);

	if (err == OK) {
		err = egress_notes_open(proxy->options.notes_path, &service->notes);
		if (err != OK)
			file_describe(detail, "append to", proxy->options.notes_path);
	}
	if (err == OK)
		err = upstream_open(service->loop, &proxy->options.upstream, &service->upstream);
	if (err == OK)
		err = listen_unix(proxy->options.socket_path, detail, &proxy->listener);
	return err;
}

enum err egress_proxy_open(const struct egress_proxy_options *options,
			   struct egress_proxy **ret_proxy, struct buf *detail)
{
	struct egress_proxy *proxy = alloc_zero(1, sizeof(*proxy));
	struct egress_service *service = &proxy->service;
	enum err err;

	proxy->options = *options;
	proxy->listener = LISTENER_NONE;
	service->notes.fd = -1;
	service->secrets = options->secrets;
	service->credentials_folder = options->credentials_folder;
	local_socket_raise_limit();
	err = open_parts(proxy, detail);
	if (err != OK) {
		egress_proxy_close(proxy);
		return err;
	}
	service->rates = egress_rates_create(service->loop);
	service->daemons = egress_daemons_create(service->loop);
	proxy->signals[0] = loop_signal_open(service->loop, SIGNAL_TERM, on_signal, proxy);
	proxy->signals[1] = loop_signal_open(service->loop, SIGNAL_INT, on_signal, proxy);
	proxy->idle_timer = loop_timer_open(service->loop, on_idle, proxy);
	proxy->accept_timer = loop_timer_open(service->loop, on_accept_time, proxy);
	proxy->watched = loop_fd_open(service->loop, proxy->listener.fd, on_listener_ready, proxy);
	loop_fd_watch(proxy->watched, LOOP_READ);
	wait_for_somebody(proxy);
	*ret_proxy = proxy;
	return OK;
}

void egress_proxy_run(struct egress_proxy *proxy)
{
	loop_run(proxy->service.loop);
}

void egress_proxy_close(struct egress_proxy *proxy)
{
	if (!proxy)
		return;
	while (proxy->session_count)
		egress_session_close(proxy->sessions[--proxy->session_count]);
	for (size_t i = 0; i < ARRAY_LEN(proxy->signals); i++)
		if (proxy->signals[i])
			loop_signal_close(proxy->signals[i]);
	if (proxy->idle_timer)
		loop_timer_close(proxy->idle_timer);
	if (proxy->accept_timer)
		loop_timer_close(proxy->accept_timer);
	if (proxy->watched)
		loop_fd_close(proxy->watched);
	listener_close(&proxy->listener);
	upstream_close(proxy->service.upstream);
	egress_rates_destroy(proxy->service.rates);
	egress_daemons_destroy(proxy->service.daemons);
	egress_notes_close(&proxy->service.notes);
	if (proxy->service.loop)
		loop_close(proxy->service.loop);
	free(proxy);
}
