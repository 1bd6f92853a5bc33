/*
 * Refusals that take a daemon of their own: because it must be broken, full,
 * too old or too slow, or because there must be none.
 */
#include "api/refusals.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "unit/broken_disk.h"
#include "witness/chain.h"

#define NOTE "/v1/notes/n"
#define PUT_NOTE "note put n 1"
#define CONNECTIONS_MAX 200		/* more than a daemon with so few descriptors takes */

/* ---- a ledger that somebody else looks into ------------------------------------------------- */

static sqlite3 *ledger_open_aside(const struct fabric *fabric)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(fabric->ledger, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, WIRE_PATIENCE_MS);
	return db;
}

static void sql(const struct fabric *fabric, const char *statement)
{
	sqlite3 *db = ledger_open_aside(fabric);
	char *fault = NULL;

	ck_assert_msg(sqlite3_exec(db, statement, NULL, NULL, &fault) == SQLITE_OK, "%s: %s",
		      statement, fault);
	sqlite3_close(db);
}

/* One byte of a record's blob is another one. */
static void alter_record(const struct fabric *fabric, int seq, int offset, const char *hex)
{
	sql(fabric, text("UPDATE record SET bytes = CAST(substr(bytes, 1, %d) || x'%s' ||"
			 " substr(bytes, %d) AS BLOB) WHERE seq = %d", offset, hex, offset + 2, seq));
}

static void put_notes(struct fabric *fabric, int count)
{
	struct http_answer answer = { 0 };

	for (int i = 0; i < count; i++) {
		ask(fabric, "PUT", text("/v1/notes/n.%d", i), "{\"value\":1}", &answer);
		ck_assert_int_eq(answer.status, 200);
	}
	answer_finish(&answer);
}

static void fabric_with_notes(struct fabric *fabric)
{
	fabric_make(fabric);
	fabric_start(fabric);
	put_notes(fabric, 8);
}

/* Another daemon on the fabric's ledger, with a socket of its own. */
static const char *start_words(const struct fabric *fabric)
{
	return text("coordinator start --ledger %s --socket %s/other", fabric->ledger,
		    fabric->folder);
}

/* ---- the connection ------------------------------------------------------------------------- */

static struct fabric slow_fabric;
static struct wire slow_wire;

static void begin_http_timeout(void)
{
	fabric_make(&slow_fabric);
	fabric_start(&slow_fabric);
	wire_open(&slow_wire, slow_fabric.socket);
	wire_send(&slow_wire, SLICE("GET /v1/boards HTTP/1.1\r\nHost: loc"));
}

static void http_timeout(enum err err)
{
	struct http_answer answer = { 0 };
	struct fabric stub;

	ck_assert(wire_answer(&slow_wire, &answer));
	check_problem(err, &answer);
	wire_close(&slow_wire);
	fabric_remove(&slow_fabric);
	stub_begin(&stub, err);
	refused_by_cli(&stub, err, "board list", "by the stub");
	stub_end(&stub);
	answer_finish(&answer);
}

static void origin_denied(enum err err)
{
	struct http_answer answer = { 0 };
	struct fabric fabric, stub;
	struct wire wire;

	fabric_make(&fabric);
	fabric_start(&fabric);
	wire_open_tcp(&wire, fabric_port(&fabric));
	wire_send(&wire, slice_of_str(text("GET /v1/boards HTTP/1.1\r\nHost: localhost:%d\r\n"
					   "Origin: https://example.com\r\n\r\n",
					   fabric_port(&fabric))));
	ck_assert(wire_answer(&wire, &answer));
	check_problem(err, &answer);
	wire_close(&wire);
	fabric_remove(&fabric);
	stub_begin(&stub, err);
	refused_by_cli(&stub, err, "board list", "by the stub");
	stub_end(&stub);
	answer_finish(&answer);
}

/* As many as it takes: how many those are is the daemon's to choose. */
static void connections_exhausted(enum err err)
{
	struct wire wires[CONNECTIONS_MAX];
	struct http_answer answer = { 0 };
	struct fabric fabric;
	size_t count = 0;

	fabric_make(&fabric);
	fabric.descriptors_max = 64;
	fabric_start(&fabric);
	while (answer.status != 503 && count < CONNECTIONS_MAX) {
		wire_open(&wires[count], fabric.socket);
		wire_ask(&wires[count], "GET", "/healthz", NULL, SLICE_EMPTY);
		ck_assert(wire_answer(&wires[count++], &answer));
	}
	check_problem(err, &answer);
	refused_by_cli(&fabric, err, "board list", NULL);
	while (count)
		wire_close(&wires[--count]);
	fabric_remove(&fabric);
	answer_finish(&answer);
}

static struct fabric stopping_stub;
static struct run stopping_plain, stopping_json;
static pid_t stopping_pids[2];

/* The client goes on trying for a while: the daemon may be about to start again. */
static void begin_shutting_down(void)
{
	stub_begin(&stopping_stub, ERR_SHUTTING_DOWN);
	stopping_pids[0] = run_begin(&stopping_stub, "board list", &stopping_plain);
	stopping_pids[1] = run_begin(&stopping_stub, "board list --json", &stopping_json);
}

static void shutting_down(enum err err)
{
	struct http_answer answer = { 0 };
	struct fabric fabric;
	struct wire wire;

	fabric_make(&fabric);
	fabric_start(&fabric);
	wire_open(&wire, fabric.socket);
	wire_send(&wire, SLICE("GET /v1/boards HTTP/1.1\r\nHost: loc"));
	/* It must have come in before the signal does. */
	ask(&fabric, "GET", "/healthz", NULL, &answer);
	kill(fabric.pid, SIGTERM);
	ck_assert(wire_answer(&wire, &answer));
	check_problem(err, &answer);
	wire_close(&wire);
	fabric_kill(&fabric);
	fabric_remove(&fabric);

	run_end(stopping_pids[0], &stopping_plain);
	run_end(stopping_pids[1], &stopping_json);
	check_run(err, &stopping_plain, &stopping_json, "by the stub");
	run_finish(&stopping_plain);
	run_finish(&stopping_json);
	stub_end(&stopping_stub);
	answer_finish(&answer);
}

static void daemon_unreachable(enum err err)
{
	struct fabric fabric;

	fabric_make(&fabric);
	refused_by_cli(&fabric, err, "board list", fabric.socket);
	refused_by_cli(&fabric, err, "coordinator stop", fabric.socket);
	fabric_remove(&fabric);
}

static void daemon_running(enum err err)
{
	struct fabric fabric;

	fabric_make(&fabric);
	fabric_start(&fabric);
	refused_by_cli(&fabric, err, "coordinator start", text("pid %d", (int)fabric.pid));
	fabric_remove(&fabric);
}

static void timeout(enum err err)
{
	struct fabric fabric;

	fabric_make(&fabric);
	fabric_start(&fabric);
	kill(fabric.pid, SIGSTOP);
	refused_by_cli(&fabric, err, "board list --timeout 100ms", NULL);
	kill(fabric.pid, SIGCONT);
	fabric_remove(&fabric);
}

/* A snapshot is saved by a process of its own, to which a pipe leads. */
static void no_process_can_be_made(enum err err)
{
	struct http_answer answer = { 0 };
	struct rlimit before, none;
	struct fabric fabric;
	struct wire wire;

	fabric_with_notes(&fabric);
	wire_open(&wire, fabric.socket);
	wire_ask(&wire, "GET", "/healthz", NULL, SLICE_EMPTY);
	ck_assert(wire_answer(&wire, &answer));
	ck_assert_int_eq(prlimit(fabric.pid, RLIMIT_NOFILE, NULL, &before), 0);
	none = (struct rlimit){ 1, before.rlim_max };
	ck_assert_int_eq(prlimit(fabric.pid, RLIMIT_NOFILE, &none, NULL), 0);
	wire_ask(&wire, "POST", "/v1/witness/snapshot", NULL, SLICE_EMPTY);
	ck_assert(wire_answer(&wire, &answer));
	check_problem(err, &answer);
	ck_assert_int_eq(prlimit(fabric.pid, RLIMIT_NOFILE, &before, NULL), 0);
	must_post(&fabric, "/v1/witness/snapshot", NULL, &answer);
	wire_close(&wire);
	fabric_remove(&fabric);
	answer_finish(&answer);
}

static void os_failure(enum err err)
{
	const char *real = getenv("IF_COORDINATOR");
	char kept[4096];
	struct fabric fabric;

	snprintf(kept, sizeof(kept), "%s", real ? real : "");
	no_process_can_be_made(err);
	fabric_make(&fabric);
	setenv("IF_COORDINATOR", "/nowhere/if-coordinator", 1);
	refused_by_cli(&fabric, err, "coordinator start --memory", "/nowhere/if-coordinator");
	if (real)
		setenv("IF_COORDINATOR", kept, 1);
	else
		unsetenv("IF_COORDINATOR");
	fabric_remove(&fabric);
}

/* ---- the machine ---------------------------------------------------------------------------- */

/*
 * The longest time of a claim passes while the daemon is away; the new reign
 * leaves leases a moment, but not a longer one.
 */
static void lease_too_long(enum err err)
{
	struct http_answer answer = { 0 };
	struct fabric fabric;
	long long fence;

	fabric_make(&fabric);
	fabric_start(&fabric);
	must_post(&fabric, "/v1/boards", "{\"board\":\"b\"}", &answer);
	must_post(&fabric, "/v1/swarms", "{\"swarm\":\"a\"}", &answer);
	must_post(&fabric, "/v1/boards/b/tasks", "{\"task\":\"T1\",\"limit_ms\":3000}", &answer);
	must_post(&fabric, "/v1/boards/b/tasks/T1/claim", "{\"swarm\":\"a\"}", &answer);
	fence = answer_number(&answer, "fence", 0);
	fabric_kill(&fabric);
	sleep_ms(3100);
	fabric_start(&fabric);
	refused_by_http(&fabric, err, "POST", "/v1/boards/b/tasks/T1/heartbeat",
			text("{\"fence\":%lld}", fence));
	refused_by_cli(&fabric, err, text("task heartbeat T1 --board b --fence %lld", fence), "T1");
	fabric_remove(&fabric);
	answer_finish(&answer);
}

/* Two snapshots, and what the older one holds is removed. */
static void cursor_trimmed(enum err err)
{
	struct http_answer answer = { 0 };
	struct fabric fabric;

	fabric_with_notes(&fabric);
	must_post(&fabric, "/v1/witness/snapshot", NULL, &answer);
	put_notes(&fabric, 1);
	must_post(&fabric, "/v1/witness/snapshot", NULL, &answer);
	must_post(&fabric, "/v1/witness/trim", "{\"before\":6}", &answer);
	ck_assert_int_eq(answer_truth(&answer, "all_that_was_asked"), 1);
	refused_by_http(&fabric, err, "GET", "/v1/events?after=1", NULL);
	refused_by_cli(&fabric, err, "events --after 1", NULL);
	fabric_remove(&fabric);
	answer_finish(&answer);
}

/* As if the daemon had ended twice while it decided the command. */
static void command_quarantined(enum err err)
{
	struct command command = { .key = SLICE("evil"), .fingerprint = 1 };
	struct http_answer answer = { 0 };
	struct flight flight;
	struct fabric fabric;

	fabric_make(&fabric);
	for (int crash = 0; crash < 2; crash++) {
		flight_open(&flight, text("%s-flight", fabric.ledger));
		flight_enter(&flight, &command);
		flight_close(&flight);
	}
	fabric_start(&fabric);
	ask_with(&fabric, "Idempotency-Key: evil\r\n", "PUT", NOTE, "{\"value\":1}", &answer);
	check_problem(err, &answer);
	refused_by_cli(&fabric, err, PUT_NOTE " --key evil", "evil");
	ask(&fabric, "PUT", NOTE, "{\"value\":1}", &answer);
	ck_assert_int_eq(answer.status, 200);
	fabric_remove(&fabric);
	answer_finish(&answer);
}

/* ---- the ledger ----------------------------------------------------------------------------- */

/* Whether the daemon's files may grow. */
static void give_room(const struct fabric *fabric, bool has_room)
{
	struct rlimit limit;

	ck_assert_int_eq(prlimit(fabric->pid, RLIMIT_FSIZE, NULL, &limit), 0);
	limit.rlim_cur = has_room ? limit.rlim_max : 4096;
	ck_assert_int_eq(prlimit(fabric->pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

/* What could not be appended is void; the state without it has to come from the ledger. */
static void stops_when_the_ledger_cannot_be_read_back(enum err err)
{
	struct fabric fabric;
	int status;

	fabric_with_notes(&fabric);
	alter_record(&fabric, 3, 90, "aa");
	give_room(&fabric, false);
	refused_by_http(&fabric, ERR_STORAGE_FULL, "PUT", NOTE, "{\"value\":1}");
	ck_assert_int_eq(waitpid(fabric.pid, &status, 0), fabric.pid);
	fabric.pid = 0;
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), err_info(err)->exit_code);
	fabric_remove(&fabric);
}

static void ledger_corrupt(enum err err)
{
	struct fabric fabric;
	struct run said = { 0 };

	fabric_with_notes(&fabric);
	alter_record(&fabric, 3, 90, "aa");
	refused_by_http(&fabric, err, "GET", "/v1/witness/verify", NULL);
	refused_by_cli(&fabric, err, "witness verify", "record 3");
	fabric_stop(&fabric);
	run(&fabric, text("witness verify --ledger %s", fabric.ledger), &said);
	ck_assert_int_eq(said.code, err_info(err)->exit_code);
	ck_assert_ptr_nonnull(strstr(buf_str(&said.out), "record 3"));
	refused_by_cli(&fabric, err, start_words(&fabric), "record 3");
	run_finish(&said);
	fabric_remove(&fabric);
	stops_when_the_ledger_cannot_be_read_back(err);
}

static void ledger_too_new(enum err err)
{
	struct fabric fabric;

	fabric_with_notes(&fabric);
	alter_record(&fabric, 3, 4, "63");
	refused_by_http(&fabric, err, "GET", "/v1/witness/verify", NULL);
	refused_by_cli(&fabric, err, "witness verify", "record 3");
	fabric_stop(&fabric);
	sql(&fabric, "PRAGMA user_version = 99");
	refused_by_cli(&fabric, err, start_words(&fabric), fabric.ledger);
	fabric_remove(&fabric);
}

static void ledger_foreign(enum err err)
{
	struct fabric fabric;
	struct buf before = { 0 };

	fabric_make(&fabric);
	buf_add_repeat(&before, 'x', 8192);
	write_file(fabric.ledger, buf_slice(&before));
	refused_by_cli(&fabric, err, start_words(&fabric), fabric.ledger);
	unlink(fabric.ledger);
	sql(&fabric, "CREATE TABLE theirs (a)");
	refused_by_cli(&fabric, err, start_words(&fabric), fabric.ledger);
	sql(&fabric, "INSERT INTO theirs VALUES (1)");
	buf_finish(&before);
	fabric_remove(&fabric);
}

/* Until the daemon says by itself that it takes writes again. */
static void wait_until_healthy(struct fabric *fabric)
{
	struct http_answer answer = { 0 };
	int64_t until_ms = now_ms() + WIRE_PATIENCE_MS;

	do {
		sleep_ms(50);
		ask(fabric, "GET", "/healthz", NULL, &answer);
	} while (answer.status != 200 && now_ms() < until_ms);
	ck_assert_int_eq(answer.status, 200);
	ask(fabric, "PUT", NOTE, "{\"value\":1}", &answer);
	ck_assert_int_eq(answer.status, 200);
	answer_finish(&answer);
}

/* Writes are refused, health says why, reads go on. */
static void check_degraded(struct fabric *fabric, enum err err)
{
	struct http_answer answer = { 0 };

	ask(fabric, "GET", "/healthz", NULL, &answer);
	ck_assert_int_eq(answer.status, 503);
	ck_assert_str_eq(answer_text(&answer, "status"), "degraded");
	ck_assert_str_eq(answer_text(&answer, "code"), err_info(err)->code);
	must_get(fabric, "/v1/notes/n.0", &answer);
	must_get(fabric, "/v1/witness/verify", &answer);
	answer_finish(&answer);
}

static void storage_full(enum err err)
{
	struct fabric fabric;

	fabric_with_notes(&fabric);
	give_room(&fabric, false);
	refused_by_http(&fabric, err, "PUT", NOTE, "{\"value\":1}");
	check_degraded(&fabric, err);
	refused_by_cli(&fabric, err, PUT_NOTE, NULL);
	give_room(&fabric, true);
	wait_until_healthy(&fabric);
	fabric_remove(&fabric);
}

/* A transaction of somebody else's is waited for, and then no longer. */
static void storage_busy(enum err err)
{
	struct fabric fabric;
	sqlite3 *db;

	fabric_with_notes(&fabric);
	db = ledger_open_aside(&fabric);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	refused_by_http(&fabric, err, "PUT", NOTE, "{\"value\":1}");
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	wait_until_healthy(&fabric);
	refused_by_cli(&fabric, err, start_words(&fabric), text("pid %d", (int)fabric.pid));
	fabric_remove(&fabric);
}

/* A record that follows from the last one, as only a second daemon could write it. */
static void append_aside(const struct fabric *fabric)
{
	sqlite3 *db = ledger_open_aside(fabric);
	sqlite3_stmt *statement;
	struct record last, next;
	struct finding finding;
	struct buf bytes = { 0 };

	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT bytes FROM record ORDER BY seq DESC LIMIT 1",
					    -1, &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	ck_assert(record_decode(slice_of(sqlite3_column_blob(statement, 0),
					 (size_t)sqlite3_column_bytes(statement, 0)),
				&last, &finding));
	next = (struct record){
		.seq = last.seq + 1, .epoch = last.epoch, .at_us = last.at_us,
		.first_event = last.first_event + last.event_count, .previous = last.own,
	};
	record_encode(&next, &bytes);
	sqlite3_finalize(statement);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "INSERT INTO record VALUES (?, ?, ?)", -1,
					    &statement, NULL), SQLITE_OK);
	sqlite3_bind_int64(statement, 1, (int64_t)next.seq);
	sqlite3_bind_int64(statement, 2, (int64_t)next.epoch);
	sqlite3_bind_blob(statement, 3, bytes.ptr, (int)bytes.len, SQLITE_STATIC);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_DONE);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	buf_finish(&bytes);
}

static void seq_conflict(enum err err)
{
	struct fabric fabric, stub;

	fabric_with_notes(&fabric);
	append_aside(&fabric);
	refused_by_http(&fabric, err, "PUT", NOTE, "{\"value\":1}");
	/* It catches up with what was appended and goes on behind it. */
	wait_until_healthy(&fabric);
	refused_by_http(&fabric, ERR_NOTE_UNKNOWN, "GET", "/v1/notes/nothing", NULL);
	fabric_remove(&fabric);
	stub_begin(&stub, err);
	refused_by_cli(&stub, err, PUT_NOTE, "by the stub");
	stub_end(&stub);
}

/* ---- a daemon whose disk fails when it is told to ------------------------------------------- */

static void on_signal(int number)
{
	if (number == SIGUSR1)
		broken_disk_set(DISK_WRITE_ERROR, 0, INT32_MAX);
	else if (number == SIGUSR2)
		broken_disk_set(DISK_SYNC_ERROR, 0, INT32_MAX);
	else
		broken_disk_set(DISK_WORKS, 0, 0);
}

static void serve_on_a_broken_disk(const struct fabric *fabric, int ready)
{
	static struct daemon daemon;
	const struct daemon_config config = {
		.ledger_path = fabric->ledger, .socket_path = fabric->socket,
	};
	struct buf detail = { 0 };
	enum err err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen(fabric->log, "a", stderr))
		_exit(127);
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	signal(SIGHUP, on_signal);
	broken_disk_install();
	err = daemon_open(&daemon, &config, &detail);
	if (write(ready, &err, sizeof(err)) < 0 || err != OK)
		_exit(1);
	daemon_run(&daemon);
	daemon_close(&daemon);
	buf_finish(&detail);
	_exit(0);
}

static void start_on_a_broken_disk(struct fabric *fabric)
{
	int ready[2];
	enum err err = ERR_OS;

	fabric_make(fabric);
	ck_assert_int_eq(pipe(ready), 0);
	fabric->pid = fork();
	ck_assert_int_ge(fabric->pid, 0);
	if (fabric->pid == 0)
		serve_on_a_broken_disk(fabric, ready[1]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &err, sizeof(err)), sizeof(err));
	ck_assert_int_eq(err, OK);
	close(ready[0]);
	put_notes(fabric, 8);
}

/* What is written to a file that has lost its name is gone with the daemon. */
static void refuses_to_write_into_nothing(enum err err)
{
	struct fabric fabric;

	fabric_with_notes(&fabric);
	ck_assert_int_eq(rename(fabric.ledger, text("%s.away", fabric.ledger)), 0);
	refused_by_http(&fabric, err, "PUT", NOTE, "{\"value\":1}");
	check_degraded(&fabric, err);
	refused_by_cli(&fabric, err, PUT_NOTE, "was removed or replaced");
	ck_assert_int_eq(rename(text("%s.away", fabric.ledger), fabric.ledger), 0);
	wait_until_healthy(&fabric);
	fabric_remove(&fabric);
}

static void storage_io(enum err err)
{
	struct fabric fabric;

	refuses_to_write_into_nothing(err);
	start_on_a_broken_disk(&fabric);
	kill(fabric.pid, SIGUSR1);
	refused_by_http(&fabric, err, "PUT", NOTE, "{\"value\":1}");
	check_degraded(&fabric, err);
	refused_by_cli(&fabric, err, PUT_NOTE, NULL);
	kill(fabric.pid, SIGHUP);
	wait_until_healthy(&fabric);
	fabric_remove(&fabric);
}

static void append_ambiguous(enum err err)
{
	struct http_answer answer = { 0 };
	struct fabric fabric;

	start_on_a_broken_disk(&fabric);
	kill(fabric.pid, SIGUSR2);
	refused_by_http(&fabric, err, "PUT", NOTE, "{\"value\":1}");
	ask(&fabric, "GET", "/healthz", NULL, &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), err_info(err)->code);
	must_get(&fabric, "/v1/notes/n.0", &answer);
	refused_by_cli(&fabric, err, PUT_NOTE, NULL);
	kill(fabric.pid, SIGHUP);
	wait_until_healthy(&fabric);
	fabric_remove(&fabric);
	answer_finish(&answer);
}

/* ---- all of them ---------------------------------------------------------------------------- */

const struct own_refusal own_refusals[] = {
	{ "http_timeout", http_timeout, true },
	{ "origin_denied", origin_denied, false },
	{ "connections_exhausted", connections_exhausted, false },
	{ "shutting_down", shutting_down, true },
	{ "daemon_unreachable", daemon_unreachable, false },
	{ "daemon_running", daemon_running, false },
	{ "timeout", timeout, false },
	{ "os_failure", os_failure, false },
	{ "lease_too_long", lease_too_long, false },
	{ "cursor_trimmed", cursor_trimmed, false },
	{ "command_quarantined", command_quarantined, false },
	{ "ledger_corrupt", ledger_corrupt, false },
	{ "ledger_too_new", ledger_too_new, false },
	{ "ledger_foreign", ledger_foreign, false },
	{ "storage_full", storage_full, false },
	{ "storage_io", storage_io, false },
	{ "storage_busy", storage_busy, false },
	{ "seq_conflict", seq_conflict, false },
	{ "append_ambiguous", append_ambiguous, false },
};
const size_t own_refusal_count = ARRAY_LEN(own_refusals);

void own_refusals_begin(void)
{
	begin_http_timeout();
	begin_shutting_down();
}
