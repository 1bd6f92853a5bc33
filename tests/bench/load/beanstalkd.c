/* beanstalkd: put, reserve, delete. A reservation is not in its log; a delete is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/backend.h"

#define PUTS_AT_ONCE 200	/* answers of that many fit into a socket's buffer */

static bool starts(struct slice line, const char *word)
{
	return slice_starts(line, slice_of_str(word));
}

/* RESERVED <id> <bytes>, and the body on the next line. */
static enum answer take_reserved(struct client *client, size_t line_len)
{
	unsigned long long id;
	size_t bytes;
	const char *at;

	if (sscanf(client->in.ptr, "RESERVED %llu %zu", &id, &bytes) != 2)
		backend_fault(client, buf_slice(&client->in));
	if (client->in.len < line_len + bytes + 2)
		return ANSWER_NONE;
	at = memmem(client->in.ptr + line_len, bytes, "\"number\":", 9);
	client->task = at ? strtoull(at + 9, NULL, 10) : 0;
	client->fence = id;
	buf_drop(&client->in, line_len + bytes + 2);
	return ANSWER_TASK;
}

static enum answer take(struct client *client)
{
	const char *end = memmem(client->in.ptr, client->in.len, "\r\n", 2);
	struct slice line;
	enum answer answer = ANSWER_DONE;

	if (!end)
		return ANSWER_NONE;
	line = slice_of(client->in.ptr, (size_t)(end - client->in.ptr) + 2);
	if (starts(line, "RESERVED "))
		return take_reserved(client, line.len);
	if (starts(line, "TIMED_OUT"))
		answer = ANSWER_EMPTY;
	else if (starts(line, "INSERTED "))
		answer = ANSWER_CREATED;
	else if (!starts(line, "DELETED") && !starts(line, "USING ") && !starts(line, "WATCHING "))
		backend_fault(client, line);
	buf_drop(&client->in, line.len);
	return answer;
}

static void say(struct client *client, const char *word, unsigned run)
{
	char line[64];

	snprintf(line, sizeof(line), "%s run-%u\r\n", word, run);
	buf_add_str(&client->out, line);
	(void)socket_ask(client);
}

/* Each run has a tube of its own. */
static void enter(struct client *client)
{
	say(client, "use", client->target->run);
	say(client, "watch", client->target->run);
	buf_add_lit(&client->out, "ignore default\r\n");
	(void)socket_ask(client);
}

static void open_client(struct client *client)
{
	socket_open(client);
	if (client->target->run)
		enter(client);
}

static void begin(struct client *client, unsigned clients)
{
	(void)clients;
	client->target->run++;
	enter(client);
}

static void write_put(uint64_t task, struct buf *out)
{
	struct buf body = { 0 };

	payload_write(task, &body);
	buf_add_lit(out, "put 0 0 60 ");
	buf_add_u64(out, body.len);
	buf_add_lit(out, "\r\n");
	buf_add_slice(out, buf_slice(&body));
	buf_add_lit(out, "\r\n");
	buf_finish(&body);
}

static void fill(struct client *client, uint64_t first, uint64_t count)
{
	while (count) {
		uint64_t now = count < PUTS_AT_ONCE ? count : PUTS_AT_ONCE;

		for (uint64_t i = 0; i < now; i++)
			write_put(first + i, &client->out);
		for (uint64_t i = 0; i < now; i++)
			(void)socket_ask(client);
		first += now;
		count -= now;
	}
}

static void end(struct client *client)
{
	(void)client;
}

static void ask_claim(struct client *client)
{
	buf_add_str(&client->out, client->waits ? "reserve\r\n" : "reserve-with-timeout 0\r\n");
	socket_send(client);
}

static void ask_complete(struct client *client)
{
	buf_add_lit(&client->out, "delete ");
	buf_add_u64(&client->out, client->fence);
	buf_add_lit(&client->out, "\r\n");
	socket_send(client);
}

static void ask_create(struct client *client, uint64_t task)
{
	write_put(task, &client->out);
	socket_send(client);
}

const struct backend backend_beanstalkd = {
	.open = open_client, .close = socket_close, .begin = begin, .fill = fill, .end = end,
	.ask_claim = ask_claim, .ask_complete = ask_complete, .ask_create = ask_create,
	.take = take,
};
