#include "client/transport.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ensure.h"

#define CONNECT_TIMEOUT_MS 5000L	/* a daemon on this machine accepts in microseconds */
#define TICK_US 1000000
#define WAIT_LONGEST_US 60000000	/* what cannot be waited for longer is waited for again */

struct transport {
	const struct address *address;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	struct buf url;
	char reason[CURL_ERROR_SIZE];
	pid_t owner;		/* a child of fork() must not use its parent's connection */

	/* Of the request that runs. */
	const struct transport_request *request;
	struct transport_answer *answer;
	bool was_stopped;
	bool is_too_long;
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
	struct transport *transport = context;
	const struct transport_request *request = transport->request;
	struct transport_answer *answer = transport->answer;
	size_t len = size * count;
	long status = 0;

	curl_easy_getinfo(transport->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->http_status = (int)status;
	if (request->on_body) {
		if (request->on_body(request->context, (int)status, slice_of(bytes, len)))
			return len;
		transport->was_stopped = true;
		return 0;
	}
	if (answer->body->len + len > TRANSPORT_BODY_BYTES_MAX) {
		transport->is_too_long = true;
		return 0;
	}
	buf_add(answer->body, bytes, len);
	return len;
}

static void set_up(struct transport *transport)
{
	CURL *easy = transport->easy;

	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transport->reason);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* The daemon is never behind the proxy that http_proxy names. */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transport);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transport);
	if (transport->address->is_unix)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, transport->address->text.ptr);
}

static void drop_handles(struct transport *transport)
{
	if (transport->easy)
		curl_easy_cleanup(transport->easy);
	if (transport->multi)
		curl_multi_cleanup(transport->multi);
	transport->easy = NULL;
	transport->multi = NULL;
}

static bool make_handles(struct transport *transport)
{
	transport->multi = curl_multi_init();
	transport->easy = curl_easy_init();
	transport->owner = getpid();
	if (!transport->multi || !transport->easy) {
		drop_handles(transport);
		return false;
	}
	set_up(transport);
	return true;
}

struct transport *transport_open(const struct address *address)
{
	struct transport *transport;

	if (!curl_is_ready())
		return NULL;
	transport = alloc_zero(1, sizeof(*transport));
	transport->address = address;
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
	curl_slist_free_all(transport->headers);
	buf_finish(&transport->url);
	free(transport);
}

static bool add_header(struct transport *transport, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transport->headers, line);

	if (longer)
		transport->headers = longer;
	return longer != NULL;
}

static bool prepare(struct transport *transport, const struct transport_request *request)
{
	CURL *easy = transport->easy;
	bool is_get = strcmp(request->method, "GET") == 0;

	buf_clear(&transport->url);
	if (transport->address->is_unix)
		buf_add_lit(&transport->url, "http://localhost");
	else
		buf_add_slice(&transport->url, buf_slice(&transport->address->text));
	buf_add_str(&transport->url, request->path);
	curl_easy_setopt(easy, CURLOPT_URL, buf_str(&transport->url));
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (!is_get && request->body.ptr) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.ptr);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_get ? NULL : request->method);
	curl_slist_free_all(transport->headers);
	transport->headers = NULL;
	/* Without this a body of more than a megabyte waits a second for leave to be sent. */
	if (!add_header(transport, "Expect:"))
		return false;
	for (size_t i = 0; i < request->header_count; i++)
		if (!add_header(transport, request->headers[i]))
			return false;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transport->headers);
	return true;
}

static enum transport_end end_of(struct transport *transport, CURLcode code)
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
		if (transport->was_stopped)
			return TRANSPORT_INTERRUPTED;
		return TRANSPORT_REFUSED;
	default:
		return TRANSPORT_REFUSED;
	}
}

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
	const struct transport_request *request = transport->request;
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
	struct transport_answer *answer = transport->answer;
	CURLMsg *message;
	long status = 0;
	int left;

	if (end != TRANSPORT_DONE)
		return end;
	message = curl_multi_info_read(transport->multi, &left);
	if (!message)
		return TRANSPORT_REFUSED;
	end = end_of(transport, message->data.result);
	curl_easy_getinfo(transport->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->http_status = (int)status;
	if (end != TRANSPORT_DONE)
		buf_add_str(answer->reason, transport->is_too_long ? "the answer is too long" :
			    transport->reason[0] ? transport->reason :
			    curl_easy_strerror(message->data.result));
	return end;
}

enum transport_end transport_run(struct transport *transport, const struct transport_request *request,
				 struct transport_answer *answer)
{
	enum transport_end end;

	answer->http_status = 0;
	if (transport->owner != getpid())
		drop_handles(transport);
	if ((!transport->easy && !make_handles(transport)) || !prepare(transport, request)) {
		buf_add_lit(answer->reason, "there is no memory for a connection");
		return TRANSPORT_REFUSED;
	}
	transport->request = request;
	transport->answer = answer;
	transport->was_stopped = false;
	transport->is_too_long = false;
	transport->reason[0] = '\0';
	if (curl_multi_add_handle(transport->multi, transport->easy) != CURLM_OK)
		return TRANSPORT_REFUSED;
	end = run(transport);
	curl_multi_remove_handle(transport->multi, transport->easy);
	transport->request = NULL;
	transport->answer = NULL;
	return end;
}
