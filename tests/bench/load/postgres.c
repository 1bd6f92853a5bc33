/*
 * PostgreSQL: one table; a claim is an UPDATE of the first row that nobody
 * has locked. Whoever waits listens, and claims when it is told.
 */
#include "load/backend.h"
#include "load/figures.h"

#ifdef HAVE_LIBPQ
#include <libpq-fe.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char schema_sql[] =
	"DROP TABLE IF EXISTS task;"
	"DROP SEQUENCE IF EXISTS token;"
	"CREATE SEQUENCE token;"
	"CREATE TABLE task (id bigint PRIMARY KEY, priority int NOT NULL DEFAULT 0,"
	" state text NOT NULL DEFAULT 'ready', holder text, token bigint, lease_until timestamptz,"
	" payload jsonb NOT NULL, result jsonb);"
	"CREATE INDEX task_ready ON task (priority DESC, id) WHERE state = 'ready';";
static const char fill_sql[] =
	"INSERT INTO task (id, payload) SELECT n, jsonb_build_object('number', n, 'goal',"
	" 'make the parser refuse what it cannot read', 'files', '[\"src/parser.c\"]'::jsonb)"
	" FROM generate_series($1::bigint, $2::bigint) n";
static const char claim_sql[] =
	"UPDATE task SET state = 'claimed', holder = $1, token = nextval('token'),"
	" lease_until = now() + interval '1 minute'"
	" WHERE id = (SELECT id FROM task WHERE state = 'ready' ORDER BY priority DESC, id"
	" FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id, token, payload";
static const char complete_sql[] =
	"UPDATE task SET state = 'done', result = '{\"ok\": true}', lease_until = NULL"
	" WHERE id = $1 AND token = $2 AND state = 'claimed'";
static const char create_sql[] =
	"WITH made AS (INSERT INTO task (id, payload) VALUES ($1::bigint, jsonb_build_object("
	" 'number', $1::bigint, 'goal', 'make the parser refuse what it cannot read',"
	" 'files', '[\"src/parser.c\"]'::jsonb)) RETURNING id)"
	" SELECT pg_notify('task', id::text) FROM made";

struct postgres {
	PGconn *connection;
	bool is_listening;
	bool is_claiming;	/* a claim was sent and not answered */
	bool was_told;		/* of a task, since the last claim was sent */
	enum answer answer;	/* came, but the query is not over yet */
};

bool backend_postgres_is_there(void)
{
	return true;
}

static _Noreturn void fault(const struct client *client)
{
	const struct postgres *own = client->own;

	backend_fault(client, slice_of_str(PQerrorMessage(own->connection)));
}

static void check(const struct client *client, PGresult *result, ExecStatusType wanted)
{
	if (PQresultStatus(result) != wanted)
		fault(client);
	PQclear(result);
}

static void prepare(struct client *client, const char *name, const char *sql)
{
	struct postgres *own = client->own;

	check(client, PQprepare(own->connection, name, sql, 0, NULL), PGRES_COMMAND_OK);
}

static void prepare_all(struct client *client)
{
	prepare(client, "fill", fill_sql);
	prepare(client, "claim", claim_sql);
	prepare(client, "complete", complete_sql);
	prepare(client, "create", create_sql);
}

static void silent(void *context, const char *notice)
{
	(void)context;
	(void)notice;
}

static void open_client(struct client *client)
{
	const struct target *target = client->target;
	struct postgres *own = calloc(1, sizeof(*own));
	char conninfo[256];

	snprintf(conninfo, sizeof(conninfo), "host=%s port=%d dbname=postgres user=bench",
		 target->unix_path ? target->unix_path : "127.0.0.1", target->port);
	client->own = own;
	own->connection = PQconnectdb(conninfo);
	if (PQstatus(own->connection) != CONNECTION_OK)
		fault(client);
	PQsetNoticeProcessor(own->connection, silent, NULL);
	client->fd = PQsocket(own->connection);
	if (target->run)
		prepare_all(client);
}

static void close_client(struct client *client)
{
	struct postgres *own = client->own;

	PQfinish(own->connection);
	free(own);
}

static void begin(struct client *client, unsigned clients)
{
	struct postgres *own = client->own;

	(void)clients;
	check(client, PQexec(own->connection, "DEALLOCATE ALL"), PGRES_COMMAND_OK);
	check(client, PQexec(own->connection, schema_sql), PGRES_COMMAND_OK);
	client->target->run++;
	prepare_all(client);
}

static void fill(struct client *client, uint64_t first, uint64_t count)
{
	struct postgres *own = client->own;
	char from[24], to[24];
	const char *values[2] = { from, to };

	snprintf(from, sizeof(from), "%llu", (unsigned long long)first);
	snprintf(to, sizeof(to), "%llu", (unsigned long long)(first + count - 1));
	check(client, PQexecPrepared(own->connection, "fill", 2, values, NULL, NULL, 0),
	      PGRES_COMMAND_OK);
	check(client, PQexec(own->connection, "ANALYZE task"), PGRES_COMMAND_OK);
}

static void end(struct client *client)
{
	(void)client;
}

static void send_query(struct client *client, const char *name, int count,
		       const char *const values[])
{
	struct postgres *own = client->own;

	if (!PQsendQueryPrepared(own->connection, name, count, values, NULL, NULL, 0) ||
	    PQflush(own->connection) != 0)
		fault(client);
}

static void send_claim(struct client *client)
{
	struct postgres *own = client->own;
	char holder[24];
	const char *values[1] = { holder };

	snprintf(holder, sizeof(holder), "w-%u", client->number);
	own->is_claiming = true;
	own->was_told = false;
	send_query(client, "claim", 1, values);
}

static void ask_claim(struct client *client)
{
	struct postgres *own = client->own;

	if (client->waits && !own->is_listening) {
		check(client, PQexec(own->connection, "LISTEN task"), PGRES_COMMAND_OK);
		own->is_listening = true;
	}
	/* Also the one that waits: a task may have come while it was busy. */
	send_claim(client);
}

static void ask_complete(struct client *client)
{
	char id[24], token[24];
	const char *values[2] = { id, token };

	snprintf(id, sizeof(id), "%llu", (unsigned long long)client->task);
	snprintf(token, sizeof(token), "%llu", (unsigned long long)client->fence);
	send_query(client, "complete", 2, values);
}

static void ask_create(struct client *client, uint64_t task)
{
	char id[24];
	const char *values[1] = { id };

	snprintf(id, sizeof(id), "%llu", (unsigned long long)task);
	send_query(client, "create", 1, values);
}

static enum answer answer_of(struct client *client, PGresult *result)
{
	struct postgres *own = client->own;

	if (!own->is_claiming && PQresultStatus(result) == PGRES_TUPLES_OK)
		return ANSWER_CREATED;
	if (PQresultStatus(result) == PGRES_COMMAND_OK && atoi(PQcmdTuples(result)) == 1)
		return ANSWER_DONE;
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fault(client);
	own->is_claiming = false;
	if (PQntuples(result) == 0)
		return ANSWER_EMPTY;
	client->task = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
	client->fence = strtoull(PQgetvalue(result, 0, 1), NULL, 10);
	return ANSWER_TASK;
}

static void take_notes(struct postgres *own)
{
	PGnotify *note;

	while ((note = PQnotifies(own->connection)) != NULL) {
		PQfreemem(note);
		own->was_told = true;
	}
}

static enum answer take_result(struct client *client)
{
	struct postgres *own = client->own;
	enum answer answer;

	while (!PQisBusy(own->connection)) {
		PGresult *result = PQgetResult(own->connection);

		if (!result) {
			answer = own->answer;
			own->answer = ANSWER_NONE;
			return answer;
		}
		own->answer = answer_of(client, result);
		PQclear(result);
	}
	return ANSWER_NONE;
}

static enum answer take(struct client *client)
{
	struct postgres *own = client->own;
	enum answer answer;

	if (!PQconsumeInput(own->connection))
		fault(client);
	answer = take_result(client);
	take_notes(own);
	if (!client->waits || client->completes)
		return answer;
	if (answer == ANSWER_EMPTY)
		answer = ANSWER_NONE;
	if (answer == ANSWER_NONE && own->was_told && !own->is_claiming)
		send_claim(client);
	return answer;
}

const struct backend backend_postgres = {
	.open = open_client, .close = close_client, .begin = begin, .fill = fill, .end = end,
	.ask_claim = ask_claim, .ask_complete = ask_complete, .ask_create = ask_create,
	.take = take,
};

#else

const struct backend backend_postgres = { 0 };

bool backend_postgres_is_there(void)
{
	return false;
}

#endif
