#include "sandbox/egress_upstream.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "chassis/address.h"
#include "crypto/seal.h"

#define CONNECTIONS_KEPT 64L
#define CONNECTIONS_MAX 256L
#define HEAD_LINES_MAX 256		/* servers send about 20 */
#define STALLED_SECONDS 30L		/* less than a byte a second for so long: it hangs */

/* Those that may reach private addresses keep their connections to themselves. */
enum { REACH_PUBLIC, REACH_PRIVATE, REACH_COUNT };

struct pool {
	struct upstream *upstream;
	CURLM *multi;
	struct loop_timer *timer;
};

struct upstream {
	struct loop *loop;
	struct upstream_options options;
	struct curl_slist *resolve;
	struct pool pools[REACH_COUNT];
};

struct upstream_exchange {
	struct pool *pool;
	CURL *easy;
	struct curl_slist *headers;
	char reason[CURL_ERROR_SIZE];
	bool allow_private;
	size_t body_bytes_max, head_bytes_max;
	size_t head_bytes;		/* of all heads, interim ones too */
	size_t head_lines;
	struct buf head, body;
	enum address_kind denied;	/* an address that was not connected to */
	const char *refusal;		/* why the answer was not taken; a literal */
	upstream_end_fn *on_end;
	void *context;
};

/* A socket of libcurl's, as the loop watches it. */
struct watch {
	struct pool *pool;
	struct loop_fd *watched;
	curl_socket_t fd;
};

/* ---- memory: headers hold secrets, so what libcurl gives back is wiped ---------------------- */

static void *take_memory(size_t size)
{
	return malloc(size);
}

static void free_wiped(void *memory)
{
	if (memory)
		seal_wipe(memory, malloc_usable_size(memory));
	free(memory);
}

static void *resize_wiped(void *memory, size_t size)
{
	size_t old = memory ? malloc_usable_size(memory) : 0;
	void *moved;

	if (memory && size <= old)
		return memory;
	moved = malloc(size);
	if (!moved)
		return NULL;
	if (memory)
		memcpy(moved, memory, old < size ? old : size);
	free_wiped(memory);
	return moved;
}

static char *copy_string(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = malloc(len);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

static void *take_zeroed(size_t count, size_t size)
{
	return calloc(count, size);
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void collect(struct pool *pool);

static void act(struct pool *pool, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(pool->multi, fd, events, &running);
	collect(pool);
}

static void on_socket_ready(void *context, unsigned ready)
{
	struct watch *watch = context;
	int events = (ready & LOOP_READ ? CURL_CSELECT_IN : 0) |
		     (ready & LOOP_WRITE ? CURL_CSELECT_OUT : 0);

	act(watch->pool, watch->fd, events);
}

static void on_timer(void *context)
{
	act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int want_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct pool *pool = context;

	(void)multi;
	if (timeout_ms < 0)
		loop_timer_cancel(pool->timer);
	else
		loop_timer_set(pool->timer, (int64_t)timeout_ms * 1000);
	return 0;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *of_socket)
{
	struct pool *pool = context;
	struct watch *watch = of_socket;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch)
			loop_fd_close(watch->watched);
		free(watch);
		curl_multi_assign(pool->multi, fd, NULL);
		return 0;
	}
	if (!watch) {
		watch = alloc_zero(1, sizeof(*watch));
		watch->pool = pool;
		watch->fd = fd;
		watch->watched = loop_fd_open(pool->upstream->loop, fd, on_socket_ready, watch);
		curl_multi_assign(pool->multi, fd, watch);
	}
	loop_fd_watch(watch->watched, (what & CURL_POLL_IN ? LOOP_READ : 0u) |
				      (what & CURL_POLL_OUT ? LOOP_WRITE : 0u));
	return 0;
}

/* ---- addresses ------------------------------------------------------------------------------ */

static enum address_kind kind_of(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	uint8_t bytes[4];

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		memcpy(bytes, &v4.sin_addr, sizeof(bytes));
		return address_kind_v4(bytes);
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		return address_kind_v6(v6.sin6_addr.s6_addr);
	}
	return ADDRESS_RESERVED;
}

/* The last moment before a connection, and the only one at which its address is certain. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct upstream_exchange *exchange = context;
	enum address_kind kind = kind_of(&address->addr);

	if (purpose != CURLSOCKTYPE_IPCXN ||
	    !address_may_be_reached(kind, exchange->allow_private)) {
		exchange->denied = kind;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- answers -------------------------------------------------------------------------------- */

static size_t stop(struct upstream_exchange *exchange, const char *why)
{
	exchange->refusal = why;
	return 0;
}

static size_t on_head(char *bytes, size_t size, size_t count, void *context)
{
	struct upstream_exchange *exchange = context;
	struct slice line = slice_of(bytes, size * count);

	exchange->head_bytes += line.len;
	if (exchange->head_bytes > exchange->head_bytes_max)
		return stop(exchange, "egress_head_bytes_max: its head is longer than 64 KiB");
	if (++exchange->head_lines > HEAD_LINES_MAX)
		return stop(exchange, "its head has more than 256 lines");
	/* Interim answers and trailers: the last head counts. */
	if (slice_starts(line, SLICE("HTTP/")))
		buf_clear(&exchange->head);
	else if (!slice_ends(line, SLICE("\n")) || memchr(line.ptr, '\0', line.len))
		return stop(exchange, "its head holds a line that is none");
	else if (slice_trim(line).len) {
		buf_add_slice(&exchange->head, slice_trim(line));
		buf_add_lit(&exchange->head, "\r\n");
	}
	return line.len;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct upstream_exchange *exchange = context;
	size_t len = size * count;

	if (len > exchange->body_bytes_max - exchange->body.len)
		return stop(exchange, "response_bytes: its body is longer than the rule allows");
	buf_add(&exchange->body, bytes, len);
	return len;
}

static enum err outcome_of(const struct upstream_exchange *exchange, CURLcode result,
			   struct buf *reason)
{
	if (result == CURLE_OK)
		return OK;
	if (exchange->refusal) {
		buf_add_str(reason, exchange->refusal);
		return ERR_UPSTREAM_REFUSED;
	}
	if (exchange->denied != ADDRESS_PUBLIC && result == CURLE_COULDNT_CONNECT) {
		buf_add_lit(reason, "it is ");
		buf_add_str(reason, address_kind_names[exchange->denied]);
		buf_add_lit(reason, " address");
		return ERR_ADDRESS_DENIED;
	}
	buf_add_str(reason, exchange->reason[0] ? exchange->reason : curl_easy_strerror(result));
	if (result == CURLE_OPERATION_TIMEDOUT)
		return ERR_UPSTREAM_TIMEOUT;
	if (result == CURLE_WEIRD_SERVER_REPLY || result == CURLE_UNSUPPORTED_PROTOCOL ||
	    result == CURLE_FILESIZE_EXCEEDED || result == CURLE_BAD_CONTENT_ENCODING)
		return ERR_UPSTREAM_REFUSED;
	return ERR_UPSTREAM_FAILED;
}

static void exchange_free(struct upstream_exchange *exchange)
{
	curl_easy_cleanup(exchange->easy);
	curl_slist_free_all(exchange->headers);
	seal_wipe_buf(&exchange->head);
	seal_wipe_buf(&exchange->body);
	free(exchange);
}

static void end(struct upstream_exchange *exchange, CURLcode result)
{
	struct buf reason = { 0 };
	struct upstream_answer answer = {
		.err = outcome_of(exchange, result, &reason),
		.head = buf_slice(&exchange->head),
		.body = buf_slice(&exchange->body),
	};
	char *address = NULL;
	long status = 0;
	curl_off_t retry_after_s = 0;

	curl_easy_getinfo(exchange->easy, CURLINFO_PRIMARY_IP, &address);
	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	answer.status = (int)status;
	answer.retry_after_s = retry_after_s;
	answer.address = slice_of_str(address);
	answer.reason = buf_slice(&reason);
	curl_multi_remove_handle(exchange->pool->multi, exchange->easy);
	exchange->on_end(exchange->context, &answer);
	buf_finish(&reason);
	exchange_free(exchange);
}

static void collect(struct pool *pool)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(pool->multi, &left))) {
		struct upstream_exchange *exchange = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
		end(exchange, message->data.result);
	}
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool add_header(struct upstream_exchange *exchange, const char *line)
{
	struct curl_slist *longer = curl_slist_append(exchange->headers, line);

	if (longer)
		exchange->headers = longer;
	return longer != NULL;
}

/* `name` ends with the colon. */
static bool has_header(const struct upstream_request *request, struct slice name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		struct slice line = slice_of_str(request->headers[i]);

		if (slice_is_nocase(slice_head(line, name.len), name))
			return true;
	}
	return false;
}

/* "Name:" leaves out what libcurl would add by itself. */
static bool set_headers(struct upstream_exchange *exchange, const struct upstream_request *request)
{
	static const char *const own[] = { "Expect:", "Accept:", "Content-Type:" };
	bool is_set = true;

	for (size_t i = 0; i < ARRAY_LEN(own) && is_set; i++)
		if (!has_header(request, slice_of_str(own[i])))
			is_set = add_header(exchange, own[i]);
	for (size_t h = 0; h < request->header_count && is_set; h++)
		is_set = add_header(exchange, request->headers[h]);
	curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
	return is_set;
}

static void set_body(CURL *easy, const struct upstream_request *request)
{
	bool is_head = strcmp(request->method, "HEAD") == 0;
	bool has_body = request->body.len > 0 || strcmp(request->method, "POST") == 0 ||
			strcmp(request->method, "PUT") == 0 || strcmp(request->method, "PATCH") == 0;

	if (is_head) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (has_body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.ptr ? request->body.ptr : "");
	}
	if (!is_head)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_rules(struct upstream_exchange *exchange, const struct upstream_options *options)
{
	CURL *easy = exchange->easy;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "infrafabric/" IF_VERSION);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->reason);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	if (options->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
	if (exchange->pool->upstream->resolve)
		curl_easy_setopt(easy, CURLOPT_RESOLVE, exchange->pool->upstream->resolve);
}

struct upstream_exchange *upstream_start(struct upstream *upstream,
					 const struct upstream_request *request,
					 upstream_end_fn *on_end, void *context)
{
	struct upstream_exchange *exchange = alloc_zero(1, sizeof(*exchange));

	exchange->pool = &upstream->pools[request->allow_private ? REACH_PRIVATE : REACH_PUBLIC];
	exchange->easy = curl_easy_init();
	exchange->allow_private = request->allow_private;
	exchange->body_bytes_max = request->body_bytes_max;
	exchange->head_bytes_max = request->head_bytes_max;
	exchange->on_end = on_end;
	exchange->context = context;
	if (!exchange->easy || !set_headers(exchange, request))
		goto failed;
	set_rules(exchange, &upstream->options);
	set_body(exchange->easy, request);
	if (curl_easy_setopt(exchange->easy, CURLOPT_URL, request->url) != CURLE_OK ||
	    curl_multi_add_handle(exchange->pool->multi, exchange->easy) != CURLM_OK)
		goto failed;
	return exchange;
failed:
	exchange_free(exchange);
	return NULL;
}

void upstream_drop(struct upstream_exchange *exchange)
{
	if (!exchange)
		return;
	curl_multi_remove_handle(exchange->pool->multi, exchange->easy);
	exchange_free(exchange);
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool open_pool(struct upstream *upstream, struct pool *pool)
{
	pool->upstream = upstream;
	pool->timer = loop_timer_open(upstream->loop, on_timer, pool);
	pool->multi = curl_multi_init();
	if (!pool->multi)
		return false;
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
	curl_multi_setopt(pool->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, CONNECTIONS_MAX);
	return true;
}

enum err upstream_open(struct loop *loop, const struct upstream_options *options,
		       struct upstream **ret_upstream)
{
	struct upstream *upstream;
	bool is_open = true;

	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, take_memory, free_wiped, resize_wiped,
				 copy_string, take_zeroed) != CURLE_OK)
		return ERR_OS;
	upstream = alloc_zero(1, sizeof(*upstream));
	upstream->loop = loop;
	upstream->options = *options;
	if (options->resolve)
		upstream->resolve = curl_slist_append(NULL, options->resolve);
	for (size_t i = 0; i < REACH_COUNT; i++)
		is_open = open_pool(upstream, &upstream->pools[i]) && is_open;
	if (is_open)
		*ret_upstream = upstream;
	else
		upstream_close(upstream);
	return is_open ? OK : ERR_OS;
}

void upstream_close(struct upstream *upstream)
{
	if (!upstream)
		return;
	for (size_t i = 0; i < REACH_COUNT; i++) {
		curl_multi_cleanup(upstream->pools[i].multi);
		loop_timer_close(upstream->pools[i].timer);
	}
	curl_slist_free_all(upstream->resolve);
	free(upstream);
}
