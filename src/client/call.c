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
/* A key, its header's name and a zero byte; keys of callers are cut by the daemon's limit. */
#define KEY_HEADER_SIZE (sizeof(KEY_HEADER) + 256)

/* What is left of the time for trying again, and how long to wait before. */
struct patience {
	int64_t until_ms;
	int64_t pause_ms;
};

static bool write_key(char header[KEY_HEADER_SIZE], const char *key)
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
	copy_text(header, KEY_HEADER_SIZE, buf_slice(&text));
	buf_finish(&text);
	return strpbrk(header, "\r\n") == NULL;
}

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

/*
 * A write may be repeated because its key makes the daemon give the first
 * answer; a daemon that this handle never reached is not waited for, because
 * most likely nobody has started one.
 */
static bool is_worth_another_try(const struct ifab_client *client, enum transport_end end,
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

/* False when there is no more patience, or somebody interrupts. */
static bool wait_to_retry(struct ifab_client *client, struct patience *patience,
			  enum transport_end *ret_end)
{
	if (client_now_ms() + patience->pause_ms > patience->until_ms)
		return false;
	if (!client_pause(client, patience->pause_ms)) {
		*ret_end = TRANSPORT_INTERRUPTED;
		return false;
	}
	patience->pause_ms *= 2;
	if (patience->pause_ms > CLIENT_BACKOFF_MOST_MS)
		patience->pause_ms = CLIENT_BACKOFF_MOST_MS;
	return true;
}

static enum transport_end run_with_retries(struct ifab_client *client,
					   const struct transport_request *request,
					   struct transport_answer *answer)
{
	struct patience patience = {
		client_now_ms() + client->retry_ms, CLIENT_BACKOFF_FIRST_MS,
	};
	enum transport_end end;

	do {
		buf_clear(answer->body);
		buf_clear(answer->reason);
		end = transport_run(client->transport, request, answer);
		client->was_reached |= end == TRANSPORT_DONE || end == TRANSPORT_BROKEN;
	} while (is_worth_another_try(client, end, answer->http_status, buf_slice(answer->body)) &&
		 wait_to_retry(client, &patience, &end));
	return end;
}

enum ifab_status ifab_call(struct ifab_client *client, const struct ifab_request *request,
			   struct ifab_reply *reply)
{
	bool is_get = strcmp(request->method, "GET") == 0;
	bool takes_body = strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0;
	char key[KEY_HEADER_SIZE];
	char accept[128];
	struct buf body;
	struct transport_request wire = {
		.method = request->method,
		.path = request->path,
		.interrupt_fd = client->interrupt_fd,
		.timeout_us = client->timeout_ms ? (client->timeout_ms + request->wait_ms) * 1000 : 0,
	};
	struct transport_answer answer = { .body = &body, .reason = &client->reason };
	enum transport_end end;

	wire.headers[wire.header_count++] = client->actor_header.ptr;
	if (request->accept) {
		copy_text(accept, sizeof(accept), SLICE("Accept: "));
		copy_text(accept + 8, sizeof(accept) - 8, slice_of_str(request->accept));
		wire.headers[wire.header_count++] = accept;
	}
	if (!is_get || request->idempotency_key) {
		if (!write_key(key, request->idempotency_key))
			return client_refuse(client, ERR_USAGE,
					     SLICE("the idempotency key has a line break"));
		wire.headers[wire.header_count++] = key;
	}
	if (takes_body) {
		wire.body = request->body ? slice_of(request->body, request->body_len) : SLICE("{}");
		wire.headers[wire.header_count++] = "Content-Type: application/json";
	}
	if (!reply)
		reply = &client->reply;
	body = reply_take(reply);
	end = run_with_retries(client, &wire, &answer);
	if (end != TRANSPORT_DONE)
		buf_clear(&body);
	reply_put(reply, &body, end == TRANSPORT_DONE ? answer.http_status : 0);
	if (end != TRANSPORT_DONE)
		return client_refuse_end(client, end);
	if (answer.http_status < 200 || answer.http_status > 299)
		return client_refuse_reply(client, answer.http_status, buf_slice(&body));
	return IFAB_OK;
}
