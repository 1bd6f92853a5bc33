#include "api/keyed.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/map.h"

#define BOARD "/v1/boards/load"

struct client {
	struct fabric *fabric;
	struct keyed_log *log;
	struct keyed_client *noted;
	int id;
	unsigned serial;
	struct wire wire;
	struct http_answer answer;
	char task[24];		/* that it works on */
	long long fence;	/* 0: it holds none */
};

/* The log keeps short bodies: an @ stands for the padding. */
static struct slice padded(const char *body, unsigned padding)
{
	static char whole[KEYED_PADDING_MAX + 256];
	const char *at = strchr(body, '@');

	if (!at)
		return slice_of_str(body);
	snprintf(whole, sizeof(whole), "%.*s%0*d%s", (int)(at - body), body, (int)padding, 0, at + 1);
	return slice_of_str(whole);
}

static uint64_t answer_hash(const struct http_answer *answer)
{
	return hash_bytes(1, answer->body.ptr, answer->body.len);
}

/* ---- one command ---------------------------------------------------------------------------- */

/* False when the connection broke before the answer. */
static bool try_call(struct client *client, const char *method, const char *path, const char *key,
		     const char *body)
{
	bool is_open = client->wire.fd >= 0 ||
		       wire_try_open(&client->wire, client->fabric->socket);

	if (!is_open) {
		sleep_ms(2);
		return false;
	}
	wire_ask(&client->wire, method, path, text("Idempotency-Key: %s\r\n", key),
		 padded(body, client->log->padding));
	if (wire_answer(&client->wire, &client->answer))
		return true;
	wire_close(&client->wire);
	return false;
}

static void note_ack(struct client *client, const char *method, const char *path, const char *key,
		     const char *body)
{
	struct keyed_client *noted = client->noted;
	unsigned count = atomic_load(&noted->ack_count);
	struct keyed_ack *ack = &noted->acks[count];

	ck_assert_int_lt(snprintf(ack->path, sizeof(ack->path), "%s", path), sizeof(ack->path));
	ck_assert_int_lt(snprintf(ack->body, sizeof(ack->body), "%s", body), sizeof(ack->body));
	snprintf(ack->method, sizeof(ack->method), "%s", method);
	snprintf(ack->key, sizeof(ack->key), "%s", key);
	ack->answer_hash = answer_hash(&client->answer);
	atomic_store(&noted->ack_count, count + 1);
}

/* True when it was done. */
static bool call(struct client *client, const char *method, const char *path, const char *body)
{
	char key[24];
	bool is_answered = false;

	snprintf(key, sizeof(key), "c%d-%u", client->id, client->serial++);
	while (!is_answered)
		is_answered = try_call(client, method, path, key, body);
	if (client->answer.status == 200) {
		note_ack(client, method, path, key, body);
		return true;
	}
	atomic_fetch_add(&client->log->refused[err_of_code(slice_of_str(
				 answer_text(&client->answer, "code")))], 1);
	if (client->answer.status >= 500)
		sleep_ms(10);
	return false;
}

/* ---- work ----------------------------------------------------------------------------------- */

static void claim_another(struct client *client)
{
	char task[24];

	snprintf(task, sizeof(task), "t%d-%u", client->id, client->serial);
	client->fence = 0;
	if (!call(client, "POST", BOARD "/tasks", text("{\"task\":\"%s\"}", task)) ||
	    !call(client, "POST", text(BOARD "/tasks/%s/claim", task),
		  text("{\"swarm\":\"c%d\"}", client->id)))
		return;
	client->fence = answer_number(&client->answer, "fence", 0);
	snprintf(client->task, sizeof(client->task), "%s", task);
}

static void holder_says(struct client *client, const char *verb)
{
	if (client->fence)
		call(client, "POST", text(BOARD "/tasks/%s/%s", client->task, verb),
		     text("{\"fence\":%lld}", client->fence));
}

static void work_once(struct client *client)
{
	claim_another(client);
	holder_says(client, "progress");
	holder_says(client, client->serial % 3 ? "complete" : "finish-and-next");
	call(client, "PUT", text("/v1/notes/c%d", client->id),
	     text("{\"value\":\"%u @\"}", client->serial));
	call(client, "POST", "/v1/messages",
	     text("{\"to\":\"c%d\",\"body\":\"%u\"}", (client->id + 1) % KEYED_CLIENTS,
		  client->serial));
	claim_another(client);
	holder_says(client, "release");
	call(client, "POST", text("/v1/swarms/c%d/heartbeat", client->id), "{}");
}

static void run_client(struct fabric *fabric, struct keyed_log *log, int id)
{
	struct client client = {
		.fabric = fabric, .log = log, .noted = &log->clients[id], .id = id,
		.wire = { .fd = -1 },
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load(&log->stop) &&
	       atomic_load(&client.noted->ack_count) + 16 < KEYED_ACKS_MAX)
		work_once(&client);
	_exit(0);
}

struct keyed_log *keyed_begin(struct fabric *fabric, unsigned padding)
{
	struct http_answer answer = { 0 };
	struct keyed_log *log = mmap(NULL, sizeof(*log), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert(log != MAP_FAILED);
	log->padding = padding;
	must_post(fabric, "/v1/boards", "{\"board\":\"load\"}", &answer);
	for (int id = 0; id < KEYED_CLIENTS; id++)
		must_post(fabric, "/v1/swarms", text("{\"swarm\":\"c%d\",\"slots\":1000}", id),
			  &answer);
	answer_finish(&answer);
	for (int id = 0; id < KEYED_CLIENTS; id++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			run_client(fabric, log, id);
		log->clients[id].pid = pid;
	}
	return log;
}

unsigned keyed_ack_count(const struct keyed_log *log)
{
	unsigned count = 0;

	for (int id = 0; id < KEYED_CLIENTS; id++)
		count += atomic_load(&log->clients[id].ack_count);
	return count;
}

void keyed_stop(struct keyed_log *log)
{
	atomic_store(&log->stop, true);
	for (int id = 0; id < KEYED_CLIENTS; id++) {
		int status;

		ck_assert_int_eq(waitpid(log->clients[id].pid, &status, 0), log->clients[id].pid);
		ck_assert_int_eq(status, 0);
	}
}

void keyed_end(struct keyed_log *log)
{
	munmap(log, sizeof(*log));
}

/* ---- checking ------------------------------------------------------------------------------- */

static void check_answered_again(struct wire *wire, const struct keyed_ack *ack, unsigned padding,
				 struct http_answer *answer)
{
	wire_ask(wire, ack->method, ack->path, text("Idempotency-Key: %s\r\n", ack->key),
		 padded(ack->body, padding));
	ck_assert(wire_answer(wire, answer));
	ck_assert_msg(answer->status == 200 && answer_hash(answer) == ack->answer_hash,
		      "%s %s %s with key %s was acknowledged, and is now answered otherwise: %d %s",
		      ack->method, ack->path, ack->body, ack->key, answer->status,
		      buf_str(&answer->body));
}

/* Marks each key of the ledger; none comes twice. */
static unsigned read_keys(struct fabric *fabric, uint8_t *seen)
{
	struct http_answer answer = { 0 };
	struct buf line = { 0 };
	struct wire wire;
	unsigned count = 0;
	char key[64];

	wire_open(&wire, fabric->socket);
	wire_ask(&wire, "GET", "/v1/witness/export?kind=command.answered", NULL, SLICE_EMPTY);
	ck_assert(wire_stream(&wire, &answer));
	while (wire_line(&wire, WIRE_PATIENCE_MS, &line)) {
		unsigned id, serial;
		uint8_t *place;

		ck_assert(json_member_text(buf_slice(&line), "key", key, sizeof(key)));
		ck_assert_int_eq(sscanf(key, "c%u-%u", &id, &serial), 2);
		ck_assert_uint_lt(id, KEYED_CLIENTS);
		ck_assert_uint_lt(serial, 2 * KEYED_ACKS_MAX);
		place = &seen[id * 2 * KEYED_ACKS_MAX + serial];
		ck_assert_msg(*place == 0, "%s was done twice", key);
		*place = 1;
		count++;
	}
	wire_close(&wire);
	buf_finish(&line);
	answer_finish(&answer);
	return count;
}

void keyed_check(struct fabric *fabric, struct keyed_log *log)
{
	uint8_t *seen = calloc(KEYED_CLIENTS, (size_t)2 * KEYED_ACKS_MAX);
	struct http_answer answer = { 0 };
	unsigned kept, acknowledged = keyed_ack_count(log);
	struct wire wire;

	ck_assert_ptr_nonnull(seen);
	wire_open(&wire, fabric->socket);
	for (unsigned id = 0; id < KEYED_CLIENTS; id++)
		for (unsigned i = 0; i < atomic_load(&log->clients[id].ack_count); i++)
			check_answered_again(&wire, &log->clients[id].acks[i], log->padding,
					     &answer);
	wire_close(&wire);
	kept = read_keys(fabric, seen);
	for (unsigned id = 0; id < KEYED_CLIENTS; id++)
		for (unsigned i = 0; i < atomic_load(&log->clients[id].ack_count); i++) {
			unsigned serial;

			sscanf(log->clients[id].acks[i].key, "c%*u-%u", &serial);
			ck_assert_msg(seen[id * 2 * KEYED_ACKS_MAX + serial], "%s is not in the ledger",
				      log->clients[id].acks[i].key);
		}
	ck_assert_uint_ge(kept, acknowledged);
	ck_assert_uint_le(kept, acknowledged + KEYED_CLIENTS);
	must_get(fabric, "/v1/witness/verify", &answer);
	ck_assert_int_eq(answer_truth(&answer, "ok"), 1);
	free(seen);
	answer_finish(&answer);
}
