/* InfraFabric: HTTP/1.1 and JSON, over TCP or the Unix socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/backend.h"

#define IMPORT_TASKS 20000	/* of one document: 4 of its 8 MB */
#define BOARD_BYTES 32
#define REGISTERED_LEAST 1000	/* swarms that are there, waiting or not */

/* TCP and the Unix socket lead to one server: each has boards of its own. */
static void name_board(const struct client *client, char name[BOARD_BYTES])
{
	snprintf(name, BOARD_BYTES, "%s-%u", client->target->unix_path ? "unix" : "tcp",
		 client->target->run);
}

static void write_request(struct client *client, const char *path, struct slice body)
{
	struct buf *out = &client->out;

	buf_add_lit(out, "POST ");
	buf_add_str(out, path);
	buf_add_lit(out, " HTTP/1.1\r\nHost: 127.0.0.1:");
	buf_add_i64(out, client->target->port);
	buf_add_lit(out, "\r\nContent-Type: application/json\r\nContent-Length: ");
	buf_add_u64(out, body.len);
	buf_add_lit(out, "\r\n\r\n");
	buf_add_slice(out, body);
}

/* What a number behind this key says, 0 when there is none. */
static uint64_t number_behind(struct slice body, struct slice key)
{
	const char *at = memmem(body.ptr, body.len, key.ptr, key.len);

	return at ? strtoull(at + key.len, NULL, 10) : 0;
}

/* The body of a whole answer at the front of `in`; its length with the head, 0 if it is not whole. */
static size_t whole_answer(struct client *client, int *ret_status, struct slice *ret_body)
{
	const char *end = memmem(client->in.ptr, client->in.len, "\r\n\r\n", 4);
	struct slice head;
	uint64_t length;
	size_t head_len;

	if (!end)
		return 0;
	head_len = (size_t)(end - client->in.ptr) + 4;
	head = slice_of(client->in.ptr, head_len);
	length = number_behind(head, SLICE("\r\nContent-Length: "));
	if (client->in.len < head_len + length)
		return 0;
	*ret_status = (int)number_behind(head, SLICE("HTTP/1.1 "));
	*ret_body = slice_of(client->in.ptr + head_len, length);
	return head_len + length;
}

static enum answer take(struct client *client)
{
	struct slice body;
	int status;
	size_t len = whole_answer(client, &status, &body);
	enum answer answer = ANSWER_DONE;

	if (!len)
		return ANSWER_NONE;
	if (status == 404 && memmem(body.ptr, body.len, "\"nothing_ready\"", 15)) {
		answer = ANSWER_EMPTY;
	} else if (status != 200) {
		backend_fault(client, body);
	} else if (memmem(body.ptr, body.len, "\"state\":\"claimed\"", 17)) {
		client->task = number_behind(body, SLICE("\"task\":\"t"));
		client->fence = number_behind(body, SLICE("\"fence\":"));
		answer = ANSWER_TASK;
	}
	buf_drop(&client->in, len);
	return answer;
}

/* ---- setting up ---------------------------------------------------------------------------- */

static void ask_now(struct client *client, const char *path, struct buf *body)
{
	write_request(client, path, buf_slice(body));
	(void)socket_ask(client);
	buf_clear(body);
}

static void write_task(uint64_t task, struct buf *body)
{
	buf_add_lit(body, "{\"id\":\"t");
	buf_add_u64(body, task);
	buf_add_lit(body, "\",\"title\":\"Mend the parser\",\"needs\":[\"code:c\"],\"payload\":");
	payload_write(task, body);
	buf_add_byte(body, '}');
}

static void fill(struct client *client, uint64_t first, uint64_t count)
{
	struct buf body = { 0 };
	char board[BOARD_BYTES];

	name_board(client, board);
	while (count) {
		uint64_t now = count < IMPORT_TASKS ? count : IMPORT_TASKS;

		buf_add_lit(&body, "{\"id\":\"");
		buf_add_str(&body, board);
		buf_add_lit(&body, "\",\"title\":\"run\",\"tasks\":[");
		for (uint64_t i = 0; i < now; i++) {
			if (i)
				buf_add_byte(&body, ',');
			write_task(first + i, &body);
		}
		buf_add_lit(&body, "]}");
		ask_now(client, "/v1/import", &body);
		first += now;
		count -= now;
	}
	buf_finish(&body);
}

static void write_swarm(unsigned number, struct buf *out)
{
	buf_add_lit(out, "\"swarm\":\"w-");
	buf_add_u64(out, number);
	buf_add_byte(out, '"');
}

static void begin(struct client *client, unsigned clients)
{
	unsigned count = clients > REGISTERED_LEAST ? clients : REGISTERED_LEAST;
	struct buf body = { 0 };
	char board[BOARD_BYTES];

	client->target->run++;
	name_board(client, board);
	buf_add_lit(&body, "{\"board\":\"");
	buf_add_str(&body, board);
	buf_add_lit(&body, "\"}");
	ask_now(client, "/v1/boards", &body);
	for (unsigned i = 0; client->target->run == 1 && i < count; i++) {
		buf_add_byte(&body, '{');
		write_swarm(i, &body);
		buf_add_lit(&body, ",\"capabilities\":[\"code:c\"],\"presence_ms\":14400000}");
		ask_now(client, "/v1/swarms", &body);
	}
	buf_finish(&body);
}

/* What is left of a run is not to be offered in the next one. */
static void end(struct client *client)
{
	char board[BOARD_BYTES], path[64];
	struct buf body = { 0 };

	name_board(client, board);
	snprintf(path, sizeof(path), "/v1/boards/%s/archive", board);
	buf_add_lit(&body, "{}");
	ask_now(client, path, &body);
	buf_finish(&body);
}

/* ---- running ------------------------------------------------------------------------------- */

static void ask_claim(struct client *client)
{
	char board[BOARD_BYTES], body[128];
	int len;

	name_board(client, board);
	len = snprintf(body, sizeof(body), "{\"swarm\":\"w-%u\",\"board\":\"%s\"%s}",
		       client->number, board, client->waits ? ",\"wait_ms\":50000" : "");
	write_request(client, "/v1/next", slice_of(body, (size_t)len));
	socket_send(client);
}

static void ask_complete(struct client *client)
{
	char board[BOARD_BYTES], path[96], body[96];
	int len = snprintf(body, sizeof(body), "{\"fence\":%llu,\"result\":{\"ok\":true}}",
			   (unsigned long long)client->fence);

	name_board(client, board);
	snprintf(path, sizeof(path), "/v1/boards/%s/tasks/t%llu/complete", board,
		 (unsigned long long)client->task);
	write_request(client, path, slice_of(body, (size_t)len));
	socket_send(client);
}

static void ask_create(struct client *client, uint64_t task)
{
	char board[BOARD_BYTES], path[64];
	struct buf body = { 0 };

	name_board(client, board);
	snprintf(path, sizeof(path), "/v1/boards/%s/tasks", board);
	buf_add_lit(&body, "{\"task\":\"t");
	buf_add_u64(&body, task);
	buf_add_lit(&body, "\",\"title\":\"Mend the parser\",\"needs\":[\"code:c\"],\"payload\":");
	payload_write(task, &body);
	buf_add_byte(&body, '}');
	write_request(client, path, buf_slice(&body));
	buf_finish(&body);
	socket_send(client);
}

const struct backend backend_infrafabric = {
	.open = socket_open, .close = socket_close, .begin = begin, .fill = fill, .end = end,
	.ask_claim = ask_claim, .ask_complete = ask_complete, .ask_create = ask_create,
	.take = take,
};
