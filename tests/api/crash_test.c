/*
 * What was acknowledged stays, whatever ends the daemon or fills the disk.
 */
#include "api/keyed.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 10
#define ENDS 8
#define SORTS 6
#define LIFE_MS 300		/* at least, and twice that at most */

static struct fabric fabric;
static struct http_answer answer;
static const char *const small_snapshots[] = { "--snapshot-events", "300", NULL };

static void start(void)
{
	ck_assert_msg(fabric_launch(&fabric, small_snapshots, NULL), "%s", buf_str(&fabric.said));
}

static void begin(void)
{
	fabric_make(&fabric);
	start();
}

static void end(void)
{
	answer_finish(&answer);
	if (fabric.pid)
		fabric_stop(&fabric);
	/* Of the one test that has mounted a disk there. */
	umount2(fabric.folder, MNT_DETACH);
	fabric_remove(&fabric);
}

/* Never twice in the same place. */
static int64_t some_ms(void)
{
	static unsigned seed = 20261122;

	seed = seed * 1103515245 + 12345;
	return LIFE_MS + (seed >> 16) % LIFE_MS;
}

/* ---- digests -------------------------------------------------------------------------------- */

static void read_digest(const char *options, struct buf *ret_digest)
{
	FILE *program = popen(text("%s --digest %s %s", getenv("IF_COORDINATOR"), fabric.ledger,
				   options), "r");
	int byte;

	ck_assert_ptr_nonnull(program);
	while ((byte = getc(program)) != EOF)
		buf_add_byte(ret_digest, (char)byte);
	ck_assert_int_eq(pclose(program), 0);
}

/* The state is the same from the newest snapshot and from the first record. */
static void check_digests(void)
{
	struct buf from_snapshot = { 0 }, from_beginning = { 0 };

	read_digest("", &from_snapshot);
	read_digest("--no-snapshot", &from_beginning);
	ck_assert_uint_gt(from_snapshot.len, 64);
	ck_assert_str_eq(buf_str(&from_snapshot), buf_str(&from_beginning));
	buf_finish(&from_snapshot);
	buf_finish(&from_beginning);
}

/* ---- kill -9 -------------------------------------------------------------------------------- */

START_TEST(what_was_acknowledged_outlives_kill_9)
{
	struct keyed_log *log = keyed_begin(&fabric, 1);
	int64_t snapshots;

	for (int i = 0; i < KILLS; i++) {
		sleep_ms(some_ms());
		fabric_kill(&fabric);
		if (i % 3 == 0)
			check_digests();
		start();
	}
	keyed_stop(log);
	must_get(&fabric, "/v1/status", &answer);
	snapshots = answer_number(&answer, "ledger.snapshot_event", 0);
	printf("%u commands were acknowledged through %d times kill -9\n", keyed_ack_count(log),
	       KILLS);
	ck_assert_int_gt(snapshots, 0);
	ck_assert_uint_gt(keyed_ack_count(log), KEYED_CLIENTS * KILLS);
	fabric_kill(&fabric);
	start();
	keyed_check(&fabric, log);
	fabric_stop(&fabric);
	check_digests();
	start();
	keyed_end(log);
}
END_TEST

/* ---- the end at any time -------------------------------------------------------------------- */

static void open_all_sorts(struct wire wires[SORTS])
{
	static const char *const asked[SORTS] = {
		"GET /v1/events?follow=true HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /v1/witness/export HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /v1/witness/verify HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /v1/swarms/c0/messages?wait_ms=50000 HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /v1/witness/snapshot HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"POST /v1/boards HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"board\":",
	};

	for (size_t i = 0; i < SORTS; i++) {
		wire_open(&wires[i], fabric.socket);
		wire_send(&wires[i], slice_of_str(asked[i]));
	}
}

static void close_all(struct wire wires[SORTS])
{
	for (size_t i = 0; i < SORTS; i++)
		wire_close(&wires[i]);
}

/* The daemon is the sanitizers' build in `make check`: a leak is another exit code. */
START_TEST(a_daemon_that_is_asked_to_end_leaves_nothing_behind)
{
	struct keyed_log *log = keyed_begin(&fabric, 100);
	struct wire wires[SORTS];

	for (int i = 0; i < ENDS; i++) {
		int status;

		sleep_ms(some_ms() / 2);
		open_all_sorts(wires);
		sleep_ms(i % 3);
		kill(fabric.pid, i % 2 ? SIGINT : SIGTERM);
		/* Most clients go when they are told to; who does not is waited for only so long. */
		if (i != 3)
			close_all(wires);
		ck_assert_int_eq(waitpid(fabric.pid, &status, 0), fabric.pid);
		fabric.pid = 0;
		ck_assert_int_eq(status, 0);
		close_all(wires);
		start();
	}
	keyed_stop(log);
	keyed_check(&fabric, log);
	keyed_end(log);
}
END_TEST

START_TEST(a_daemon_that_is_asked_to_end_while_it_starts_ends)
{
	fabric_stop(&fabric);
	for (int i = 0; i < 8; i++) {
		sigset_t term, before;
		int status;
		pid_t pid;

		/* Not before exec: the handler that a test has is no business of the daemon's. */
		sigemptyset(&term);
		sigaddset(&term, SIGTERM);
		sigprocmask(SIG_BLOCK, &term, &before);
		pid = fork();
		if (pid == 0) {
			signal(SIGTERM, SIG_DFL);
			sigprocmask(SIG_SETMASK, &before, NULL);
			execl(getenv("IF_COORDINATOR"), "if-coordinator", "--ledger", fabric.ledger,
			      "--socket", fabric.socket, "--log-level", "error", NULL);
			_exit(127);
		}
		sigprocmask(SIG_SETMASK, &before, NULL);
		sleep_ms(i * 12);
		kill(pid, SIGTERM);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		/* Before it listens to signals it just ends. */
		ck_assert(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM));
	}
	start();
	must_get(&fabric, "/v1/witness/verify", &answer);
}
END_TEST

/* ---- a full disk ---------------------------------------------------------------------------- */

/* Whoever is not root may be it in a name space of its own. */
static bool become_root_here(void)
{
	const char *users = text("0 %u 1", (unsigned)getuid());
	const char *groups = text("0 %u 1", (unsigned)getgid());

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	write_file("/proc/self/setgroups", SLICE("deny"));
	write_file("/proc/self/uid_map", slice_of_str(users));
	write_file("/proc/self/gid_map", slice_of_str(groups));
	return true;
}

/* A small disk over the fabric's folder that only this process and its children see. */
static bool mount_small_disk(void)
{
	if (unshare(CLONE_NEWNS) != 0 && !become_root_here())
		return false;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	return mount("if-test", fabric.folder, "tmpfs", 0, "size=4m,mode=700") == 0;
}

static bool resize_disk(const char *size)
{
	return mount("if-test", fabric.folder, "tmpfs", MS_REMOUNT, text("size=%s", size)) == 0;
}

static void wait_for_health(int status)
{
	int64_t until_ms = now_ms() + WIRE_PATIENCE_MS;

	do {
		sleep_ms(20);
		ask(&fabric, "GET", "/healthz", NULL, &answer);
	} while (answer.status != status && now_ms() < until_ms);
	ck_assert_int_eq(answer.status, status);
}

START_TEST(a_full_disk_is_said_and_survived)
{
	struct keyed_log *log;
	unsigned before;

	fabric_stop(&fabric);
	if (!mount_small_disk()) {
		printf("skip - a_full_disk_is_said_and_survived: no tmpfs can be mounted here: %s\n",
		       strerror(errno));
		start();
		return;
	}
	start();
	log = keyed_begin(&fabric, 20000);
	for (int round = 0; round < 2; round++) {
		wait_for_health(503);
		ck_assert_str_eq(answer_text(&answer, "code"), "storage_full");
		ask(&fabric, "PUT", "/v1/notes/n", "{\"value\":1}", &answer);
		ck_assert_str_eq(answer_text(&answer, "code"), "storage_full");
		must_get(&fabric, "/v1/boards/load", &answer);
		must_get(&fabric, "/v1/notes/c0", &answer);
		must_get(&fabric, "/v1/witness/verify", &answer);
		before = keyed_ack_count(log);
		ck_assert(resize_disk(round ? "64m" : "8m"));
		wait_for_health(200);
		while (keyed_ack_count(log) < before + 10 * KEYED_CLIENTS)
			sleep_ms(10);
	}
	keyed_stop(log);
	ck_assert_uint_gt(atomic_load(&log->refused[ERR_STORAGE_FULL]), 0);
	ck_assert_uint_eq(atomic_load(&log->refused[ERR_STORAGE_IO]), 0);
	printf("%u commands were acknowledged, %u refused for want of room\n",
	       keyed_ack_count(log), atomic_load(&log->refused[ERR_STORAGE_FULL]));
	fabric_kill(&fabric);
	start();
	keyed_check(&fabric, log);
	fabric_stop(&fabric);
	check_digests();
	start();
	keyed_end(log);
}
END_TEST

/* ---- a ledger that cannot be written for a while ------------------------------------------ */

START_TEST(a_wait_for_messages_ends_in_its_time_also_while_writes_are_refused)
{
	const char *away = text("%s.away", fabric.ledger);

	must_post(&fabric, "/v1/swarms", "{\"swarm\":\"a\"}", &answer);
	ck_assert_int_eq(rename(fabric.ledger, away), 0);
	ask(&fabric, "PUT", "/v1/notes/n", "{\"value\":1}", &answer);
	ck_assert_str_eq(answer_text(&answer, "code"), "storage_io");
	must_get(&fabric, "/v1/swarms/a/messages?wait_ms=200", &answer);
	ck_assert_int_eq(answer_number(&answer, "unread", -1), 0);
	ck_assert_int_eq(rename(away, fabric.ledger), 0);
	wait_for_health(200);
}
END_TEST

/* False: the other one's transaction was no longer waited for. */
static bool is_told_of_health_meanwhile(sqlite3 *other)
{
	struct wire wire;

	ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	wire_open(&wire, fabric.socket);
	wire_ask(&wire, "PUT", "/v1/notes/n", NULL, SLICE("{\"value\":1}"));
	/* So that the note has come before the question. */
	must_get(&fabric, "/openapi.json", &answer);
	ask(&fabric, "GET", "/healthz", NULL, &answer);
	ck_assert_int_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	if (answer.status == 200) {
		ck_assert(wire_answer(&wire, &answer));
		ck_assert_int_eq(answer.status, 200);
		wire_close(&wire);
		return true;
	}
	wire_close(&wire);
	wait_for_health(200);
	return false;
}

/* It waits as long as it is ready to, and a slow machine may need longer to ask. */
START_TEST(nobody_else_waits_for_a_transaction_of_another_process)
{
	sqlite3 *other;
	int tries = 0;

	ck_assert_int_eq(sqlite3_open(fabric.ledger, &other), SQLITE_OK);
	sqlite3_busy_timeout(other, WIRE_PATIENCE_MS);
	while (!is_told_of_health_meanwhile(other))
		ck_assert_int_lt(++tries, 5);
	sqlite3_close(other);
}
END_TEST

/* ---- all of it ------------------------------------------------------------------------------ */

int main(void)
{
	Suite *suite = suite_create("crash");
	TCase *tcase = tcase_create("crash");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, what_was_acknowledged_outlives_kill_9);
	tcase_add_test(tcase, a_daemon_that_is_asked_to_end_leaves_nothing_behind);
	tcase_add_test(tcase, a_daemon_that_is_asked_to_end_while_it_starts_ends);
	tcase_add_test(tcase, a_full_disk_is_said_and_survived);
	tcase_add_test(tcase, a_wait_for_messages_ends_in_its_time_also_while_writes_are_refused);
	tcase_add_test(tcase, nobody_else_waits_for_a_transaction_of_another_process);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
