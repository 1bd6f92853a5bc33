#include "client/transport.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ensure.h"

#define CONNECT_TIMEOUT_MS 5000L	/* a daemon on this machine accepts in microseconds */
#define TICK_US 1000000
#define WAIT_LONGEST_US 60000000	/* what cannot be waited for longer is waited for again */

#define EVENTS_A_TURN 16

/* One request and what has come of it. */
struct exchange {
	struct transport *transport;
	CURL *easy;
	struct curl_slist *headers;
	struct buf url;
	char reason[CURL_ERROR_SIZE];
	struct transport_request request;
	struct transport_answer *answer;
	bool was_stopped;
	bool is_too_long;
	exchange_end_fn *on_end;	/* of one that does not block */
	void *context;
};

struct transport {
	const struct address *address;
	pid_t owner;		/* a child of fork() must not use its parent's connection */

	/* For requests that block: one after the other. */
	CURLM *multi;
	struct exchange blocking;

	/* For those that do not. The descriptor is readable when the timer or a connection is. */
	CURLM *many;
	int epoll_fd;		/* -1: none was ever started */
	int timer_fd;
	int64_t curl_at_us;	/* when libcurl wants to be called; INT64_MAX: never */
	int64_t alarm_at_us;	/* when our caller does */
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* curl_global_init may not run twice at once, and libraries have no main to call it from. */
static bool curl_is_ready(void)
{
	static atomic_flag busy = ATOMIC_FLAG_INIT;
	static bool ready;
	bool was_ready;

	while (atomic_flag_test_and_set(&busy))
		usleep(1000);
	if (!ready)
		ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	was_ready = ready;
	atomic_flag_clear(&busy);
	return was_ready;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	const struct transport_request *request = &exchange->request;
	struct transport_answer *answer = exchange->answer;
	size_t len = size * count;
	long status = 0;

	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->http_status = (int)status;
	if (request->on_body) {
		if (request->on_body(request->context, (int)status, slice_of(bytes, len)))
			return len;
		exchange->was_stopped = true;
		return 0;
	}
	if (answer->body->len + len > TRANSPORT_BODY_BYTES_MAX) {
		exchange->is_too_long = true;
		return 0;
	}
	buf_add(answer->body, bytes, len);
	return len;
}

/*
 * A line of the head; the empty one ends it. Whoever reads a stream is told
 * then: its first byte of content may be long in coming.
 */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	const struct transport_request *request = &exchange->request;
	size_t len = size * count;
	long status = 0;

	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!request->on_body || bytes[0] != '\r' || status < 200 ||
	    request->on_body(request->context, (int)status, SLICE_EMPTY))
		return len;
	exchange->was_stopped = true;
	return 0;
}

static void exchange_close(struct exchange *exchange)
{
	if (exchange->easy)
		curl_easy_cleanup(exchange->easy);
	exchange->easy = NULL;
	curl_slist_free_all(exchange->headers);
	exchange->headers = NULL;
	buf_finish(&exchange->url);
}

static bool exchange_open(struct exchange *exchange, struct transport *transport)
{
	CURL *easy = curl_easy_init();

	exchange->transport = transport;
	exchange->easy = easy;
	if (!easy)
		return false;
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->reason);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	if (transport->address->is_unix)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, transport->address->text.ptr);
	return true;
}

static void drop_handles(struct transport *transport)
{
	exchange_close(&transport->blocking);
	if (transport->multi)
		curl_multi_cleanup(transport->multi);
	transport->multi = NULL;
}

static void close_many(struct transport *transport)
{
	if (transport->many)
		curl_multi_cleanup(transport->many);
	if (transport->epoll_fd >= 0)
		close(transport->epoll_fd);
	if (transport->timer_fd >= 0)
		close(transport->timer_fd);
	transport->many = NULL;
	transport->epoll_fd = transport->timer_fd = -1;
}

static bool make_handles(struct transport *transport)
{
	transport->multi = curl_multi_init();
	transport->owner = getpid();
	if (transport->multi && exchange_open(&transport->blocking, transport))
		return true;
	drop_handles(transport);
	return false;
}

struct transport *transport_open(const struct address *address)
{
	struct transport *transport;

	if (!curl_is_ready())
		return NULL;
	transport = alloc_zero(1, sizeof(*transport));
	transport->address = address;
	transport->epoll_fd = -1;
	transport->timer_fd = -1;
	if (make_handles(transport))
		return transport;
	transport_close(transport);
	return NULL;
}

void transport_close(struct transport *transport)
{
	if (!transport)
		return;
	drop_handles(transport);
	close_many(transport);
	free(transport);
}

static bool add_header(struct exchange *exchange, const char *line)
{
	struct curl_slist *longer = curl_slist_append(exchange->headers, line);

	if (longer)
		exchange->headers = longer;
	return longer != NULL;
}

/* The request's body and what it points to stay the caller's until the end. */
static bool exchange_prepare(struct exchange *exchange, const struct transport_request *request,
			     struct transport_answer *answer)
{
	const struct address *address = exchange->transport->address;
	CURL *easy = exchange->easy;
	bool is_get = strcmp(request->method, "GET") == 0;

	exchange->request = *request;
	exchange->answer = answer;
	exchange->was_stopped = false;
	exchange->is_too_long = false;
	exchange->reason[0] = '\0';
	answer->http_status = 0;
	buf_clear(&exchange->url);
	if (address->is_unix)
		buf_add_lit(&exchange->url, "http://localhost");
	else
		buf_add_slice(&exchange->url, buf_slice(&address->text));
	buf_add_str(&exchange->url, request->path);
	curl_easy_setopt(easy, CURLOPT_URL, buf_str(&exchange->url));
	/* The daemon is never behind the proxy that http_proxy names. */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, request->takes_proxy ? NULL : "*");
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (!is_get && request->body.ptr) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.ptr);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_get ? NULL : request->method);
	curl_slist_free_all(exchange->headers);
	exchange->headers = NULL;
	/* Without this a body of more than a megabyte waits a second for leave to be sent. */
	if (!add_header(exchange, "Expect:"))
		return false;
	for (size_t i = 0; i < request->header_count; i++)
		if (!add_header(exchange, request->headers[i]))
			return false;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
	return true;
}

static enum transport_end end_of(const struct exchange *exchange, CURLcode code)
{
	switch ((int)code) {
	case CURLE_OK:
		return TRANSPORT_DONE;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_OPERATION_TIMEDOUT:	/* only connecting has a time limit of its own */
		return TRANSPORT_UNREACHABLE;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return TRANSPORT_BROKEN;
	case CURLE_WRITE_ERROR:
		if (exchange->was_stopped)
			return TRANSPORT_INTERRUPTED;
		return TRANSPORT_REFUSED;
	default:
		return TRANSPORT_REFUSED;
	}
}

static enum transport_end exchange_conclude(struct exchange *exchange, CURLcode code)
{
	enum transport_end end = end_of(exchange, code);
	struct transport_answer *answer = exchange->answer;
	long status = 0;

	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->http_status = (int)status;
	if (end != TRANSPORT_DONE)
		buf_add_str(answer->reason, exchange->is_too_long ? "the answer is too long" :
			    exchange->reason[0] ? exchange->reason : curl_easy_strerror(code));
	return end;
}

/* ---- requests that block --------------------------------------------------------------------- */

/* How long to wait for bytes: to the next tick or the end of the time, whichever is sooner. */
static int poll_ms(const struct transport_request *request, int64_t now, int64_t tick_at,
		   int64_t deadline)
{
	int64_t until = now + WAIT_LONGEST_US;

	if (request->on_tick && tick_at < until)
		until = tick_at;
	if (request->timeout_us && deadline < until)
		until = deadline;
	return until <= now ? 0 : (int)((until - now + 999) / 1000);
}

static enum transport_end turn(struct transport *transport)
{
	const struct transport_request *request = &transport->blocking.request;
	int64_t deadline = now_us() + request->timeout_us;
	int64_t tick_at = now_us() + TICK_US;
	int running = 1;

	while (curl_multi_perform(transport->multi, &running) == CURLM_OK && running) {
		struct curl_waitfd wake = { .fd = request->interrupt_fd, .events = CURL_WAIT_POLLIN };
		int64_t now = now_us();

		if (request->timeout_us && now >= deadline)
			return TRANSPORT_TIMEOUT;
		if (curl_multi_poll(transport->multi, &wake, request->interrupt_fd >= 0,
				    poll_ms(request, now, tick_at, deadline), NULL) != CURLM_OK)
			return TRANSPORT_REFUSED;
		if (wake.revents)
			return TRANSPORT_INTERRUPTED;
		if (request->on_tick && now_us() >= tick_at) {
			tick_at += TICK_US;
			if (!request->on_tick(request->context))
				return TRANSPORT_INTERRUPTED;
		}
	}
	return TRANSPORT_DONE;
}

static enum transport_end run(struct transport *transport)
{
	enum transport_end end = turn(transport);
	CURLMsg *message;
	int left;

	if (end != TRANSPORT_DONE)
		return end;
	message = curl_multi_info_read(transport->multi, &left);
	if (!message)
		return TRANSPORT_REFUSED;
	return exchange_conclude(&transport->blocking, message->data.result);
}

enum transport_end transport_run(struct transport *transport, const struct transport_request *request,
				 struct transport_answer *answer)
{
	struct exchange *exchange = &transport->blocking;
	enum transport_end end;

	answer->http_status = 0;
	if (transport->owner != getpid())
		drop_handles(transport);
	if ((!exchange->easy && !make_handles(transport)) ||
	    !exchange_prepare(exchange, request, answer)) {
		buf_add_lit(answer->reason, "there is no memory for a connection");
		return TRANSPORT_REFUSED;
	}
	if (curl_multi_add_handle(transport->multi, exchange->easy) != CURLM_OK)
		return TRANSPORT_REFUSED;
	end = run(transport);
	curl_multi_remove_handle(transport->multi, exchange->easy);
	exchange->answer = NULL;
	return end;
}

/* ---- requests that do not block -------------------------------------------------------------- */

static void set_timer(struct transport *transport)
{
	int64_t at_us = transport->curl_at_us < transport->alarm_at_us ? transport->curl_at_us :
			transport->alarm_at_us;
	struct itimerspec when = { 0 };

	/* All zeroes turn the timer off, and every time that is past is as good as any other. */
	if (at_us != INT64_MAX) {
		at_us = at_us > 0 ? at_us : 1;
		when.it_value.tv_sec = at_us / 1000000;
		when.it_value.tv_nsec = at_us % 1000000 * 1000;
	}
	timerfd_settime(transport->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void transport_set_alarm(struct transport *transport, int64_t at_us)
{
	transport->alarm_at_us = at_us;
	if (transport->timer_fd >= 0)
		set_timer(transport);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct transport *transport = context;

	(void)multi;
	transport->curl_at_us = timeout_ms < 0 ? INT64_MAX : now_us() + timeout_ms * 1000;
	set_timer(transport);
	return 0;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *of_socket)
{
	struct transport *transport = context;
	struct epoll_event event = { .data.fd = fd };

	(void)easy;
	(void)of_socket;
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	/* libcurl may have closed one before it says so, and then a new one has its number. */
	if (what == CURL_POLL_REMOVE)
		epoll_ctl(transport->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(transport->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
		epoll_ctl(transport->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	return 0;
}

static bool open_many(struct transport *transport)
{
	struct epoll_event event = { .events = EPOLLIN };

	transport->curl_at_us = transport->alarm_at_us = INT64_MAX;
	transport->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	transport->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	transport->many = curl_multi_init();
	if (transport->epoll_fd < 0 || transport->timer_fd < 0 || !transport->many)
		return false;
	event.data.fd = transport->timer_fd;
	if (epoll_ctl(transport->epoll_fd, EPOLL_CTL_ADD, transport->timer_fd, &event) != 0)
		return false;
	curl_multi_setopt(transport->many, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(transport->many, CURLMOPT_SOCKETDATA, transport);
	curl_multi_setopt(transport->many, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(transport->many, CURLMOPT_TIMERDATA, transport);
	return true;
}

int transport_fd(struct transport *transport)
{
	if (transport->epoll_fd >= 0)
		return transport->epoll_fd;
	if (!open_many(transport))
		close_many(transport);
	return transport->epoll_fd;
}

struct exchange *exchange_start(struct transport *transport, const struct transport_request *request,
				struct transport_answer *answer, exchange_end_fn *on_end,
				void *context)
{
	struct exchange *exchange;

	if (transport_fd(transport) < 0)
		return NULL;
	exchange = alloc_zero(1, sizeof(*exchange));
	exchange->on_end = on_end;
	exchange->context = context;
	if (exchange_open(exchange, transport) && exchange_prepare(exchange, request, answer) &&
	    curl_multi_add_handle(transport->many, exchange->easy) == CURLM_OK)
		return exchange;
	exchange_close(exchange);
	free(exchange);
	return NULL;
}

void exchange_drop(struct exchange *exchange)
{
	if (!exchange)
		return;
	curl_multi_remove_handle(exchange->transport->many, exchange->easy);
	exchange_close(exchange);
	free(exchange);
}

static void move_bytes(struct transport *transport)
{
	struct epoll_event events[EVENTS_A_TURN];
	int count = epoll_wait(transport->epoll_fd, events, EVENTS_A_TURN, 0);
	uint64_t ignored;
	int running;

	for (int i = 0; i < count; i++) {
		int what = 0;

		if (events[i].data.fd == transport->timer_fd) {
			/* Only to make it silent: what it was set for is told by the clock. */
			if (read(transport->timer_fd, &ignored, sizeof(ignored)) < 0)
				continue;
			continue;
		}
		if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			what |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			what |= CURL_CSELECT_OUT;
		if (events[i].events & EPOLLERR)
			what |= CURL_CSELECT_ERR;
		curl_multi_socket_action(transport->many, events[i].data.fd, what, &running);
	}
	if (transport->curl_at_us <= now_us()) {
		transport->curl_at_us = INT64_MAX;
		curl_multi_socket_action(transport->many, CURL_SOCKET_TIMEOUT, 0, &running);
	}
}

void transport_turn(struct transport *transport)
{
	CURLMsg *message;
	int left;

	if (transport->epoll_fd < 0)
		return;
	move_bytes(transport);
	while ((message = curl_multi_info_read(transport->many, &left)) != NULL) {
		struct exchange *exchange = NULL;
		exchange_end_fn *on_end;
		enum transport_end end;
		void *context;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
		end = exchange_conclude(exchange, message->data.result);
		on_end = exchange->on_end;
		context = exchange->context;
		exchange_drop(exchange);
		on_end(context, end);
	}
	set_timer(transport);
}
