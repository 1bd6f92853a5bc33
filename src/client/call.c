/*
 * call - one request and its answer, sent again when the connection breaks.
 */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "client/scan.h"

#define KEY_HEADER "Idempotency-Key: "
#define ACCEPT_HEADER "Accept: "
#define PROBLEM_BYTES_MAX 1048576	/* of what explains why there is no answer */

struct patience patience_begin(const struct ifab_client *client)
{
	return (struct patience){ client_now_ms() + client->retry_ms, CLIENT_BACKOFF_FIRST_MS };
}

bool patience_is_left(const struct patience *patience)
{
	return client_now_ms() + patience->pause_ms <= patience->until_ms;
}

int64_t patience_take(struct patience *patience)
{
	int64_t pause_ms = patience->pause_ms;

	patience->pause_ms *= 2;
	if (patience->pause_ms > CLIENT_BACKOFF_MOST_MS)
		patience->pause_ms = CLIENT_BACKOFF_MOST_MS;
	return pause_ms;
}

static bool write_key(char header[CALL_HEADER_SIZE], const char *key)
{
	unsigned char chance[CLIENT_KEY_BYTES];
	struct buf text = { 0 };

	buf_add_lit(&text, KEY_HEADER);
	if (key) {
		buf_add_str(&text, key);
	} else {
		if (getentropy(chance, sizeof(chance)) != 0)
			return false;
		buf_add_hex(&text, chance, sizeof(chance));
	}
	copy_text(header, CALL_HEADER_SIZE, buf_slice(&text));
	buf_finish(&text);
	return strpbrk(header, "\r\n") == NULL;
}

/*
 * A write may be repeated because its key makes the daemon give the first
 * answer; a daemon that this handle never reached is not waited for, because
 * most likely nobody has started one.
 */
bool call_is_worth_another_try(const struct ifab_client *client, enum transport_end end,
			       int http_status, struct slice body)
{
	struct slice code = scan_member(body, "code");

	if (end == TRANSPORT_BROKEN)
		return true;
	if (end == TRANSPORT_UNREACHABLE)
		return client->was_reached;
	return end == TRANSPORT_DONE && http_status == 503 &&
	       slice_is(code, SLICE("\"shutting_down\""));
}

bool call_prepare(struct ifab_client *client, const struct ifab_request *request,
		  struct call_headers *headers, struct transport_request *ret_wire)
{
	bool is_get = strcmp(request->method, "GET") == 0;
	bool takes_body = strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0;
	struct transport_request wire = {
		.method = request->method,
		.path = request->path,
		.interrupt_fd = client->interrupt_fd,
		.timeout_us = client->timeout_ms ? (client->timeout_ms + request->wait_ms) * 1000 : 0,
	};

	wire.headers[wire.header_count++] = client->actor_header.ptr;
	if (request->accept) {
		copy_text(headers->accept, sizeof(headers->accept), SLICE(ACCEPT_HEADER));
		copy_text(headers->accept + strlen(ACCEPT_HEADER),
			  sizeof(headers->accept) - strlen(ACCEPT_HEADER),
			  slice_of_str(request->accept));
		wire.headers[wire.header_count++] = headers->accept;
	}
	if (!is_get || request->idempotency_key) {
		if (!write_key(headers->key, request->idempotency_key)) {
			client_refuse(client, ERR_USAGE,
				      SLICE("the idempotency key has a line break"));
			return false;
		}
		wire.headers[wire.header_count++] = headers->key;
	}
	if (takes_body) {
		wire.body = request->body ? slice_of(request->body, request->body_len) : SLICE("{}");
		wire.headers[wire.header_count++] = "Content-Type: application/json";
	}
	*ret_wire = wire;
	return true;
}

enum ifab_status call_conclude(struct ifab_client *client, enum transport_end end, int http_status,
			       struct slice body)
{
	if (end != TRANSPORT_DONE)
		return client_refuse_end(client, end);
	if (http_status < 200 || http_status > 299)
		return client_refuse_reply(client, http_status, body);
	return IFAB_OK;
}

/* ---- calls that block ------------------------------------------------------------------------ */

/* The reply's memory is used again from call to call. */
static struct buf reply_take(struct ifab_reply *reply)
{
	struct buf body = { reply->body, 0, reply->body_size };

	*reply = (struct ifab_reply){ 0 };
	return body;
}

static void reply_put(struct ifab_reply *reply, struct buf *body, int http_status)
{
	buf_str(body);
	*reply = (struct ifab_reply){ http_status, body->ptr, body->len, body->capacity };
}

/* False when there is no more patience, or somebody interrupts. */
static bool wait_to_retry(struct ifab_client *client, struct patience *patience,
			  enum transport_end *ret_end)
{
	if (!patience_is_left(patience))
		return false;
	if (client_pause(client, patience_take(patience)))
		return true;
	*ret_end = TRANSPORT_INTERRUPTED;
	return false;
}

static enum transport_end run_with_retries(struct ifab_client *client,
					   const struct transport_request *request,
					   struct transport_answer *answer)
{
	struct patience patience = patience_begin(client);
	enum transport_end end;

	do {
		buf_clear(answer->body);
		buf_clear(answer->reason);
		end = transport_run(client->transport, request, answer);
		client->was_reached |= end == TRANSPORT_DONE || end == TRANSPORT_BROKEN;
	} while (call_is_worth_another_try(client, end, answer->http_status,
					   buf_slice(answer->body)) &&
		 wait_to_retry(client, &patience, &end));
	return end;
}

enum ifab_status ifab_call(struct ifab_client *client, const struct ifab_request *request,
			   struct ifab_reply *reply)
{
	struct call_headers headers;
	struct transport_request wire;
	struct buf body;
	struct transport_answer answer = { .body = &body, .reason = &client->reason };
	enum transport_end end;

	if (!call_prepare(client, request, &headers, &wire))
		return client->error.status;
	if (!reply)
		reply = &client->reply;
	body = reply_take(reply);
	end = run_with_retries(client, &wire, &answer);
	if (end != TRANSPORT_DONE)
		buf_clear(&body);
	reply_put(reply, &body, end == TRANSPORT_DONE ? answer.http_status : 0);
	return call_conclude(client, end, answer.http_status, buf_slice(&body));
}

/* ---- answers that are handed over as they come ----------------------------------------------- */

struct download {
	bool (*on_bytes)(void *context, const char *bytes, size_t len);
	void *context;
	struct buf problem;
	bool has_begun;
};

static bool take_bytes(void *context, int http_status, struct slice bytes)
{
	struct download *download = context;

	if (http_status >= 200 && http_status <= 299) {
		if (bytes.len == 0)
		return true;
	download->has_begun = true;
		return download->on_bytes(download->context, bytes.ptr, bytes.len);
	}
	if (download->problem.len + bytes.len <= PROBLEM_BYTES_MAX)
		buf_add_slice(&download->problem, bytes);
	return true;
}

enum ifab_status ifab_download(struct ifab_client *client, const struct ifab_request *request,
			       bool (*on_bytes)(void *context, const char *bytes, size_t len),
			       void *context)
{
	struct download download = { .on_bytes = on_bytes, .context = context };
	struct transport_answer answer = { .body = &download.problem, .reason = &client->reason };
	struct patience patience = patience_begin(client);
	struct call_headers headers;
	struct transport_request wire;
	enum transport_end end;
	enum ifab_status status;

	if (!call_prepare(client, request, &headers, &wire))
		return client->error.status;
	wire.on_body = take_bytes;
	wire.context = &download;
	do {
		buf_clear(&download.problem);
		buf_clear(answer.reason);
		end = transport_run(client->transport, &wire, &answer);
		client->was_reached |= end == TRANSPORT_DONE || end == TRANSPORT_BROKEN;
	} while (!download.has_begun &&
		 call_is_worth_another_try(client, end, answer.http_status,
					   buf_slice(&download.problem)) &&
		 wait_to_retry(client, &patience, &end));
	status = call_conclude(client, end, answer.http_status, buf_slice(&download.problem));
	buf_finish(&download.problem);
	return status;
}
