/*
 * Redis: a sorted set of ready tasks, a sorted set of leases, a hash per
 * task, and scripts that claim and complete with a fencing token. A worker
 * that waits for a task is served by BLMOVE, which leaves the task in a list
 * of taken ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "load/backend.h"

#define TASKS_AT_ONCE 500

/* KEYS: ready, leases, fence, task prefix. ARGV: holder, now, lease until. */
static const char claim_script[] =
	"local late = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, 1) "
	"if late[1] then redis.call('ZREM', KEYS[2], late[1]) "
	"  redis.call('ZADD', KEYS[1], 0, late[1]) end "
	"local best = redis.call('ZPOPMIN', KEYS[1]) "
	"if not best[1] then return false end "
	"local fence = redis.call('INCR', KEYS[3]) "
	"redis.call('ZADD', KEYS[2], ARGV[3], best[1]) "
	"redis.call('HSET', KEYS[4] .. best[1], 'state', 'claimed', 'holder', ARGV[1], "
	"  'fence', fence) "
	"return {best[1], fence, redis.call('HGET', KEYS[4] .. best[1], 'payload')}";
/* KEYS: leases, task. ARGV: id, fence, result. */
static const char complete_script[] =
	"if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] or "
	"  redis.call('HGET', KEYS[2], 'state') ~= 'claimed' then return 0 end "
	"redis.call('ZREM', KEYS[1], ARGV[1]) "
	"redis.call('HSET', KEYS[2], 'state', 'done', 'result', ARGV[3]) "
	"return 1";
/* KEYS: list, task. ARGV: id, payload. */
static const char create_script[] =
	"redis.call('HSET', KEYS[2], 'state', 'ready', 'payload', ARGV[2]) "
	"redis.call('LPUSH', KEYS[1], ARGV[1]) "
	"return 2";
/* KEYS: taken list, task. ARGV: id, result. */
static const char finish_script[] =
	"if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end "
	"redis.call('HSET', KEYS[2], 'state', 'done', 'result', ARGV[2]) "
	"return 1";

enum script { CLAIM, COMPLETE, CREATE, FINISH, SCRIPTS };
static const char *const scripts[SCRIPTS] = { claim_script, complete_script, create_script,
					      finish_script };
static char hashes[SCRIPTS][41];

/* ---- questions ----------------------------------------------------------------------------- */

static void words(struct client *client, unsigned count)
{
	buf_add_byte(&client->out, '*');
	buf_add_u64(&client->out, count);
	buf_add_lit(&client->out, "\r\n");
}

static void word(struct client *client, const char *text)
{
	size_t len = strlen(text);

	buf_add_byte(&client->out, '$');
	buf_add_u64(&client->out, len);
	buf_add_lit(&client->out, "\r\n");
	buf_add(&client->out, text, len);
	buf_add_lit(&client->out, "\r\n");
}

static void word_of(struct client *client, const char *prefix, uint64_t number)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%llu", prefix, (unsigned long long)number);
	word(client, text);
}

/* Keys of one run: run-<run>:<what><number>. */
static void key(struct client *client, const char *what, const char *number)
{
	char text[96];

	snprintf(text, sizeof(text), "run-%u:%s%s", client->target->run, what, number);
	word(client, text);
}

static void task_key(struct client *client, uint64_t task)
{
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)task);
	key(client, "task:", number);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* A line at the front of `rest`, without its end; false when it is not all there. */
static bool take_line(struct slice *rest, struct slice *ret_line)
{
	const char *end = rest->len ? memmem(rest->ptr, rest->len, "\r\n", 2) : NULL;

	if (!end)
		return false;
	*ret_line = slice_of(rest->ptr, (size_t)(end - rest->ptr));
	*rest = slice_from(*rest, ret_line->len + 2);
	return true;
}

/* :number, $bulk or +status; a bulk's bytes are the value. */
static bool take_value(struct slice *rest, struct slice *ret_value)
{
	struct slice line;
	size_t len;

	if (!take_line(rest, &line))
		return false;
	*ret_value = slice_from(line, 1);
	if (line.ptr[0] != '$' || line.ptr[1] == '-')
		return true;
	len = strtoul(line.ptr + 1, NULL, 10);
	if (rest->len < len + 2)
		return false;
	*ret_value = slice_head(*rest, len);
	*rest = slice_from(*rest, len + 2);
	return true;
}

/* *3: id, fence, payload. */
static bool take_claim(struct client *client, struct slice *rest)
{
	struct slice line, values[3];

	(void)take_line(rest, &line);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (!take_value(rest, &values[i]))
			return false;
	client->task = strtoull(values[0].ptr, NULL, 10);
	client->fence = strtoull(values[1].ptr, NULL, 10);
	return true;
}

static enum answer meaning(struct client *client, char type, struct slice value)
{
	if (type == ':' && slice_is(value, SLICE("1")))
		return ANSWER_DONE;
	if (type == ':' && slice_is(value, SLICE("2")))
		return ANSWER_CREATED;
	if (type == '$' && slice_is(value, SLICE("-1")))
		return ANSWER_EMPTY;
	if (type == '+')
		return ANSWER_DONE;
	if (type == '$' && client->waits && value.len && value.len < 20) {
		client->task = strtoull(value.ptr, NULL, 10);
		return ANSWER_TASK;
	}
	backend_fault(client, value);
}

static enum answer take(struct client *client)
{
	struct slice rest = buf_slice(&client->in), value;
	char type = rest.len ? rest.ptr[0] : 0;
	enum answer answer = ANSWER_TASK;
	bool whole = type == '*' ? take_claim(client, &rest) : take_value(&rest, &value);

	if (!whole)
		return ANSWER_NONE;
	if (type != '*')
		answer = meaning(client, type, value);
	buf_drop(&client->in, client->in.len - rest.len);
	return answer;
}

/* ---- setting up ---------------------------------------------------------------------------- */

static void load_script(struct client *client, enum script script)
{
	struct slice rest, hash;

	words(client, 3);
	word(client, "SCRIPT");
	word(client, "LOAD");
	word(client, scripts[script]);
	socket_send(client);
	do {
		socket_receive(client, true);
		rest = buf_slice(&client->in);
	} while (!take_value(&rest, &hash));
	if (hash.len != 40)
		backend_fault(client, hash);
	memcpy(hashes[script], hash.ptr, 40);
	buf_clear(&client->in);
}

static void begin(struct client *client, unsigned clients)
{
	(void)clients;
	client->target->run++;
	for (enum script script = 0; script < SCRIPTS; script++)
		load_script(client, script);
}

/* A hash and a place in the sorted set for each: two answers a task. */
static void write_task(struct client *client, uint64_t task)
{
	struct buf payload = { 0 };

	payload_write(task, &payload);
	words(client, 6);
	word(client, "HMSET");
	task_key(client, task);
	word(client, "state");
	word(client, "ready");
	word(client, "payload");
	word(client, buf_str(&payload));
	words(client, 4);
	word(client, "ZADD");
	key(client, "ready", "");
	word(client, "0");
	word_of(client, "", task);
	buf_finish(&payload);
}

static void fill(struct client *client, uint64_t first, uint64_t count)
{
	while (count) {
		uint64_t now = count < TASKS_AT_ONCE ? count : TASKS_AT_ONCE;

		for (uint64_t i = 0; i < now; i++)
			write_task(client, first + i);
		for (uint64_t i = 0; i < 2 * now; i++)
			(void)socket_ask(client);
		first += now;
		count -= now;
	}
}

static void end(struct client *client)
{
	(void)client;
}

/* ---- running ------------------------------------------------------------------------------- */

static void script(struct client *client, enum script which, unsigned keys, unsigned arguments)
{
	words(client, 3 + keys + arguments);
	word(client, "EVALSHA");
	word(client, hashes[which]);
	word_of(client, "", keys);
}

static void ask_claim(struct client *client)
{
	uint64_t now_ms = (uint64_t)client->asked_us / 1000;

	if (client->waits) {
		words(client, 6);
		word(client, "BLMOVE");
		key(client, "list", "");
		key(client, "taken", "");
		word(client, "RIGHT");
		word(client, "LEFT");
		word(client, "0");
	} else {
		script(client, CLAIM, 4, 3);
		key(client, "ready", "");
		key(client, "leases", "");
		key(client, "fence", "");
		key(client, "task:", "");
		word_of(client, "w-", client->number);
		word_of(client, "", now_ms);
		word_of(client, "", now_ms + BACKEND_LEASE_MS);
	}
	socket_send(client);
}

static void ask_complete(struct client *client)
{
	if (client->waits) {
		script(client, FINISH, 2, 2);
		key(client, "taken", "");
		task_key(client, client->task);
		word_of(client, "", client->task);
	} else {
		script(client, COMPLETE, 2, 3);
		key(client, "leases", "");
		task_key(client, client->task);
		word_of(client, "", client->task);
		word_of(client, "", client->fence);
	}
	word(client, "{\"ok\":true}");
	socket_send(client);
}

static void ask_create(struct client *client, uint64_t task)
{
	struct buf payload = { 0 };

	payload_write(task, &payload);
	script(client, CREATE, 2, 2);
	key(client, "list", "");
	task_key(client, task);
	word_of(client, "", task);
	word(client, buf_str(&payload));
	buf_finish(&payload);
	socket_send(client);
}

const struct backend backend_redis = {
	.open = socket_open, .close = socket_close, .begin = begin, .fill = fill, .end = end,
	.ask_claim = ask_claim, .ask_complete = ask_complete, .ask_create = ask_create,
	.take = take,
};
