/* What only the SQLite bus promises: files, locks, full and broken disks, sudden ends. */
#include "bus/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>
#include <sqlite3.h>

#include "contract/bus_fixture.h"
#include "unit/broken_disk.h"
#include "unit/witness_kit.h"
#include "witness/snapshot.h"

#define KILL_ROUNDS 50

static char folder[64];
static char file[96];
static struct bus *bus;
static struct buf detail;

static void begin(void)
{
	scratch_make(folder);
	snprintf(file, sizeof(file), "%s/ledger", folder);
}

static void end(void)
{
	bus_close(bus);
	bus = NULL;
	buf_finish(&detail);
	scratch_remove(folder);
}

static enum err open_bus(void)
{
	buf_clear(&detail);
	return bus_sqlite_open(file, NULL, &bus, &detail);
}

static void must_open(void)
{
	enum err err = open_bus();

	ck_assert_msg(err == OK, "%s", buf_str(&detail));
}

static bool detail_has(const char *text)
{
	return slice_find(buf_slice(&detail), slice_of_str(text)) >= 0;
}

static enum err append_to(struct bus *to, uint64_t expected, struct slice record)
{
	struct bus_append append = {
		.expected_last_seq = expected, .epoch = 1, .record = record,
	};

	buf_clear(&detail);
	return to->ops->append(to, &append, &detail);
}

static uint64_t last_seq(struct bus *of)
{
	struct bus_head head;

	ck_assert_int_eq(of->ops->head(of, &head, &detail), OK);
	return head.last_seq;
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *text = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &text) == SQLITE_OK, "%s", text);
	sqlite3_close(db);
}

static void copy_file(const char *from, const char *to)
{
	char block[65536];
	int in = open(from, O_RDONLY), out;
	ssize_t got;

	if (in < 0)
		return;
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(out, 0);
	while ((got = read(in, block, sizeof(block))) > 0)
		ck_assert_int_eq(write(out, block, (size_t)got), got);
	close(in);
	close(out);
}

/* How many records a restart would find if the process ended now. */
static uint64_t last_seq_after_a_crash(void)
{
	char crash[64], path[120], log[120], to[120];
	struct bus *copy = NULL;
	uint64_t last;

	scratch_make(crash);
	snprintf(path, sizeof(path), "%s/ledger", crash);
	copy_file(file, path);
	snprintf(log, sizeof(log), "%s-wal", file);
	snprintf(to, sizeof(to), "%s-wal", path);
	copy_file(log, to);
	ck_assert_msg(bus_sqlite_open(path, NULL, &copy, &detail) == OK, "%s", buf_str(&detail));
	last = last_seq(copy);
	bus_close(copy);
	scratch_remove(crash);
	return last;
}

/* ---- the file --------------------------------------------------------------------------- */

START_TEST(a_new_file_is_for_its_owner_only)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-lock" };
	mode_t before = umask(0);

	must_open();
	ck_assert_int_eq(append_to(bus, 0, SLICE("one")), OK);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		struct stat found;
		char path[120];

		snprintf(path, sizeof(path), "%s%s", file, suffixes[i]);
		ck_assert_msg(stat(path, &found) == 0, "%s", path);
		ck_assert_int_eq(found.st_mode & 07777, 0600);
	}
	umask(before);
}
END_TEST

START_TEST(a_second_daemon_is_turned_away)
{
	struct bus *second = NULL;
	char link[96], pid[24];

	must_open();
	snprintf(pid, sizeof(pid), "pid %d", (int)getpid());
	ck_assert_int_eq(bus_sqlite_open(file, NULL, &second, &detail), ERR_STORAGE_BUSY);
	ck_assert_msg(detail_has("in use by another process"), "%s", buf_str(&detail));
	ck_assert(detail_has(pid));
	/* Another name of the same file is the same file. */
	snprintf(link, sizeof(link), "%s/link", folder);
	ck_assert_int_eq(symlink(file, link), 0);
	ck_assert_int_eq(bus_sqlite_open(link, NULL, &second, &detail), ERR_STORAGE_BUSY);
	bus_close(bus);
	bus = NULL;
	ck_assert_int_eq(bus_sqlite_open(link, NULL, &second, &detail), OK);
	bus_close(second);
}
END_TEST

START_TEST(a_file_of_something_else_is_left_as_it_is)
{
	static const char *const contents[] = { "xy", "Dear diary,\n" };
	struct buf big = { 0 };

	for (size_t i = 0; i < 3; i++) {
		struct slice content = i < 2 ? slice_of_str(contents[i]) : SLICE_EMPTY;
		char back[8192];
		int fd;

		if (i == 2) {
			buf_add_repeat(&big, 'z', 5000);
			content = buf_slice(&big);
		}
		fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
		ck_assert_int_eq(write(fd, content.ptr, content.len), (ssize_t)content.len);
		ck_assert_int_eq(open_bus(), ERR_LEDGER_FOREIGN);
		ck_assert_int_eq(pread(fd, back, sizeof(back), 0), (ssize_t)content.len);
		ck_assert_int_eq(memcmp(back, content.ptr, content.len), 0);
		close(fd);
	}
	buf_finish(&big);
}
END_TEST

START_TEST(a_database_of_something_else_is_left_as_it_is)
{
	run_sql(file, "CREATE TABLE shopping (item TEXT); INSERT INTO shopping VALUES ('milk')");
	ck_assert_int_eq(open_bus(), ERR_LEDGER_FOREIGN);
	ck_assert(detail_has("not an InfraFabric ledger"));
	run_sql(file, "INSERT INTO shopping VALUES ('bread')");
	unlink(file);
	run_sql(file, "PRAGMA application_id=7");
	ck_assert_int_eq(open_bus(), ERR_LEDGER_FOREIGN);
}
END_TEST

START_TEST(a_file_of_a_newer_version_is_refused)
{
	must_open();
	bus_close(bus);
	bus = NULL;
	run_sql(file, "PRAGMA user_version=2");
	ck_assert_int_eq(open_bus(), ERR_LEDGER_TOO_NEW);
	run_sql(file, "PRAGMA user_version=1");
	must_open();
}
END_TEST

START_TEST(a_start_that_was_cut_short_is_begun_again)
{
	run_sql(file, "PRAGMA journal_mode=WAL");
	must_open();
	ck_assert_int_eq(append_to(bus, 0, SLICE("one")), OK);
}
END_TEST

START_TEST(a_folder_that_is_missing_is_named)
{
	snprintf(file, sizeof(file), "%s/no/ledger", folder);
	ck_assert_int_eq(open_bus(), ERR_STORAGE_IO);
	ck_assert_msg(detail_has("No such file"), "%s", buf_str(&detail));
}
END_TEST

START_TEST(people_can_look_inside_while_it_runs)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;

	must_open();
	ck_assert_int_eq(append_to(bus, 0, SLICE("one")), OK);
	ck_assert_int_eq(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT seq, epoch, bytes FROM record", -1,
					    &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_int(statement, 0), 1);
	/* In the middle of their reading, too. */
	ck_assert_int_eq(append_to(bus, 1, SLICE("two")), OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_DONE);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}
END_TEST

START_TEST(somebody_who_writes_by_hand_only_delays)
{
	const struct bus_append at_once = {
		.expected_last_seq = 1, .epoch = 1, .record = SLICE("two"), .at_once = true,
	};
	sqlite3 *db = NULL;

	must_open();
	ck_assert_int_eq(append_to(bus, 0, SLICE("one")), OK);
	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(append_to(bus, 1, SLICE("two")), ERR_STORAGE_BUSY);
	ck_assert_int_eq(bus->ops->append(bus, &at_once, NULL), ERR_STORAGE_BUSY);
	ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(append_to(bus, 1, SLICE("two")), OK);
	ck_assert_uint_eq(last_seq(bus), 2);
	sqlite3_close(db);
}
END_TEST

START_TEST(a_row_removed_by_hand_is_noticed)
{
	struct buf record = { 0 };
	struct finding finding;
	struct ledger ledger;

	must_open();
	ck_assert_int_eq(ledger_open(&ledger, bus, NULL), OK);
	ledger_begin_reign(&ledger);
	kit_fill(&ledger, 9);
	run_sql(file, "DELETE FROM record WHERE seq = 5");
	ck_assert_int_eq(bus->ops->read(bus, 5, &record, &detail), ERR_LEDGER_CORRUPT);
	ck_assert_int_eq(kit_verify(bus, NULL, &finding), ERR_LEDGER_CORRUPT);
	ck_assert_int_eq(finding.flaw, FLAW_MISSING);
	ck_assert_uint_eq(finding.seq, 5);
	run_sql(file, "DELETE FROM record WHERE seq < 5");
	ck_assert_int_eq(kit_verify(bus, NULL, &finding), ERR_LEDGER_CORRUPT);
	ck_assert_int_eq(finding.flaw, FLAW_ANCHOR);
	ledger_close(&ledger);
	bus_close(bus);
	bus = NULL;
	run_sql(file, "DROP TABLE record");
	ck_assert_int_eq(open_bus(), ERR_LEDGER_CORRUPT);
	buf_finish(&record);
}
END_TEST

START_TEST(the_log_does_not_grow_for_ever)
{
	struct bus_sqlite_options options = { .checkpoint_pages = 100 };
	struct buf record = { 0 };
	struct stat found;
	char log[120];

	ck_assert_int_eq(bus_sqlite_open(file, &options, &bus, &detail), OK);
	snprintf(log, sizeof(log), "%s-wal", file);
	buf_add_repeat(&record, 'x', 20000);
	for (uint64_t i = 0; i < 300; i++)
		ck_assert_int_eq(append_to(bus, i, buf_slice(&record)), OK);
	ck_assert_int_eq(stat(log, &found), 0);
	ck_assert_int_lt(found.st_size, 130 * 4200);
	buf_finish(&record);
}
END_TEST

/* ---- broken disks ----------------------------------------------------------------------- */

START_TEST(no_room_at_any_write_keeps_nothing)
{
	struct buf record = { 0 };
	uint64_t last = 1;
	int skip;

	must_open();
	ck_assert_int_eq(append_to(bus, 0, SLICE("one")), OK);
	buf_add_repeat(&record, 'x', 20000);
	for (skip = 0; skip < 100; skip++) {
		enum err err;

		broken_disk_set(DISK_WRITE_FULL, skip, 1);
		err = append_to(bus, last, buf_slice(&record));
		if (broken_disk_failed() == 0)
			break;
		ck_assert_int_eq(err, ERR_STORAGE_FULL);
		ck_assert_uint_eq(last_seq_after_a_crash(), last);
		ck_assert_uint_eq(last_seq(bus), last);
		/* Room again: writes go on by themselves. */
		ck_assert_int_eq(append_to(bus, last++, SLICE("next")), OK);
		ck_assert_uint_eq(last_seq_after_a_crash(), last);
	}
	ck_assert_int_gt(skip, 5);
	buf_finish(&record);
}
END_TEST

/* After a doubt: recovery, a crash and a restart all tell the same. */
static uint64_t settled(void)
{
	uint64_t last;

	broken_disk_set(DISK_WORKS, 0, 0);
	buf_clear(&detail);
	ck_assert_msg(bus->ops->recover(bus, &detail) == OK, "%s", buf_str(&detail));
	last = last_seq(bus);
	ck_assert_uint_eq(last_seq_after_a_crash(), last);
	return last;
}

START_TEST(an_error_at_any_write_or_sync_is_a_doubt_that_recovery_ends)
{
	static const enum disk_fault faults[] = { DISK_WRITE_ERROR, DISK_SYNC_ERROR };
	static const int times[] = { 1, 1000 };
	struct buf record = { 0 };
	int doubts = 0;

	must_open();
	ck_assert_int_eq(append_to(bus, 0, SLICE("one")), OK);
	buf_add_repeat(&record, 'x', 9000);
	for (int i = 0; i < 4 * 12; i++) {
		uint64_t before = last_seq(bus);
		enum err err;

		broken_disk_set(faults[i % 2], i / 4, times[i / 2 % 2]);
		err = append_to(bus, before, buf_slice(&record));
		if (broken_disk_failed() == 0)
			continue;
		ck_assert_int_eq(err, ERR_APPEND_AMBIGUOUS);
		doubts++;
		ck_assert_uint_le(settled() - before, 1);
		ck_assert_int_eq(append_to(bus, last_seq(bus), SLICE("next")), OK);
	}
	ck_assert_int_gt(doubts, 10);
	buf_finish(&record);
}
END_TEST

START_TEST(while_the_disk_fails_the_doubt_stays_and_reading_goes_on)
{
	struct buf record = { 0 };
	uint64_t last;

	must_open();
	ck_assert_int_eq(append_to(bus, 0, SLICE("one")), OK);
	broken_disk_set(DISK_SYNC_ERROR, 0, 1000);
	ck_assert_int_eq(append_to(bus, 1, SLICE("doubt")), ERR_APPEND_AMBIGUOUS);
	ck_assert_int_eq(bus->ops->recover(bus, &detail), ERR_STORAGE_IO);
	ck_assert_int_eq(bus->ops->read(bus, 1, &record, &detail), OK);
	ck_assert(slice_is(buf_slice(&record), SLICE("one")));
	ck_assert_int_eq(append_to(bus, 1, SLICE("blind")), ERR_STORAGE_IO);
	bus->ops->idle(bus);
	ck_assert_int_eq(bus->ops->read(bus, 1, &record, &detail), OK);
	last = settled();
	ck_assert_int_eq(append_to(bus, last, SLICE("next")), OK);
	buf_finish(&record);
}
END_TEST

/*
 * The case that makes "failed" a doubt: the whole record is in the log when
 * SQLite says that it failed, and a restart finds it.
 */
START_TEST(an_index_that_cannot_grow_leaves_a_doubt)
{
	struct buf record = { 0 };
	uint64_t crashed;

	must_open();
	ck_assert_int_eq(append_to(bus, 0, SLICE("one")), OK);
	buf_add_repeat(&record, 'x', BUS_RECORD_BYTES_MAX);
	broken_disk_set(DISK_INDEX_FULL, 0, 1000);
	ck_assert_int_eq(append_to(bus, 1, buf_slice(&record)), ERR_APPEND_AMBIGUOUS);
	broken_disk_set(DISK_WORKS, 0, 0);
	crashed = last_seq_after_a_crash();
	ck_assert_uint_eq(crashed, 2);
	ck_assert_uint_ge(settled(), 1);
	ck_assert_int_eq(append_to(bus, last_seq(bus), SLICE("next")), OK);
	buf_finish(&record);
}
END_TEST

START_TEST(a_doubt_about_a_snapshot_is_cleared_up_by_the_next_append)
{
	uint64_t id;

	must_open();
	ck_assert_int_eq(append_to(bus, 0, SLICE("one")), OK);
	ck_assert_int_eq(bus->ops->snapshot_begin(bus, 1, &id, &detail), OK);
	broken_disk_set(DISK_SYNC_ERROR, 0, 1);
	ck_assert_int_eq(bus->ops->snapshot_add(bus, id, SLICE("state"), &detail), ERR_STORAGE_IO);
	ck_assert_int_eq(append_to(bus, 1, SLICE("two")), OK);
	ck_assert_uint_eq(last_seq_after_a_crash(), 2);
	ck_assert_int_eq(bus->ops->snapshot_commit(bus, id, &detail), ERR_STORAGE_IO);
}
END_TEST

/* Appends until there is no room; then everything acknowledged is there, and readable. */
static uint64_t fill_up(struct ledger *ledger)
{
	struct finding finding;
	enum err err = OK;

	for (int i = 0; i < 100000 && err == OK; i++)
		err = kit_append(ledger, "another record on a small disk", &detail);
	ck_assert_msg(err == ERR_STORAGE_FULL, "%s", buf_str(&detail));
	ck_assert_int_eq(kit_append(ledger, "still none", &detail), ERR_STORAGE_FULL);
	ck_assert_int_eq(kit_verify(bus, &ledger->head.hash, &finding), OK);
	ck_assert_uint_eq(last_seq(bus), ledger->head.seq);
	return ledger->head.seq;
}

static void goes_on_after(struct ledger *ledger, uint64_t full_at)
{
	struct finding finding;

	buf_clear(&detail);
	ck_assert_msg(kit_append(ledger, "room again", &detail) == OK, "%s", buf_str(&detail));
	ck_assert_uint_eq(ledger->head.seq, full_at + 1);
	bus_close(bus);
	must_open();
	ck_assert_int_eq(kit_verify(bus, &ledger->head.hash, &finding), OK);
}

START_TEST(a_file_size_limit_refuses_writes_until_it_is_lifted)
{
	struct rlimit limit = { .rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY };
	struct rlimit before;
	struct ledger ledger;
	uint64_t full_at;

	signal(SIGXFSZ, SIG_IGN);
	must_open();
	ck_assert_int_eq(ledger_open(&ledger, bus, NULL), OK);
	ledger_begin_reign(&ledger);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit.rlim_max = before.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	full_at = fill_up(&ledger);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	goes_on_after(&ledger, full_at);
	ledger_close(&ledger);
}
END_TEST

/* A small disk of our own, which goes when this process ends. */
static bool small_disk_mount(void)
{
	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	return mount("tmpfs", folder, "tmpfs", 0, "size=2m") == 0;
}

START_TEST(a_full_disk_refuses_writes_until_there_is_room)
{
	char ballast[96], block[4096] = { 0 };
	struct ledger ledger;
	uint64_t full_at;
	int fd;

	if (!small_disk_mount()) {
		printf("skipped: a_full_disk_refuses_writes_until_there_is_room: no right to mount\n");
		return;
	}
	snprintf(ballast, sizeof(ballast), "%s/ballast", folder);
	fd = open(ballast, O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 128; i++)
		ck_assert_int_eq(write(fd, block, sizeof(block)), (ssize_t)sizeof(block));
	close(fd);
	must_open();
	ck_assert_int_eq(ledger_open(&ledger, bus, NULL), OK);
	ledger_begin_reign(&ledger);
	full_at = fill_up(&ledger);
	ck_assert_int_eq(unlink(ballast), 0);
	goes_on_after(&ledger, full_at);
	ledger_close(&ledger);
	bus_close(bus);
	bus = NULL;
	scratch_remove(folder);
	ck_assert_int_eq(umount(folder), 0);
}
END_TEST

/* ---- damage ----------------------------------------------------------------------------- */

START_TEST(a_changed_byte_anywhere_in_the_file_is_noticed_or_harmless)
{
	struct ledger ledger;
	struct hash head;
	struct stat found;
	char damaged[120];
	int noticed = 0;

	must_open();
	ck_assert_int_eq(ledger_open(&ledger, bus, NULL), OK);
	ledger_begin_reign(&ledger);
	kit_fill(&ledger, 40);
	head = ledger.head.hash;
	ledger_close(&ledger);
	bus_close(bus);
	bus = NULL;
	ck_assert_int_eq(stat(file, &found), 0);
	snprintf(damaged, sizeof(damaged), "%s/damaged", folder);
	for (off_t at = 3; at < found.st_size; at += 149) {
		struct finding finding;
		struct bus *copy = NULL;
		char byte;
		int fd;

		copy_file(file, damaged);
		fd = open(damaged, O_RDWR);
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		byte = (char)(byte ^ 0x21);
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		close(fd);
		buf_clear(&detail);
		if (bus_sqlite_open(damaged, NULL, &copy, &detail) != OK ||
		    kit_verify(copy, &head, &finding) != OK)
			noticed++;
		bus_close(copy);
	}
	ck_assert_int_gt(noticed, 10);
}
END_TEST

/* ---- sudden ends ------------------------------------------------------------------------ */

#define STATE_BYTES 300000

static enum err snapshot_all(struct ledger *ledger)
{
	static char state[STATE_BYTES];
	struct snapshot_writer writer;
	bool done = false;
	enum err err = snapshot_begin(&writer, bus, &ledger->head, NULL);

	if (err == OK)
		err = snapshot_add(&writer, slice_of(state, sizeof(state)), NULL);
	if (err == OK)
		err = snapshot_seal(&writer, NULL);
	while (err == OK && !done)
		err = snapshot_compare_step(&writer, 1, &done, NULL);
	if (err == OK)
		err = snapshot_commit(&writer, NULL);
	snapshot_finish(&writer);
	return err;
}

/* Appends until it is killed, and says which records were acknowledged. */
static _Noreturn void work_until_killed(int out)
{
	struct ledger ledger;
	bool more;

	if (open_bus() != OK || ledger_open(&ledger, bus, NULL) != OK)
		_exit(3);
	ledger_begin_reign(&ledger);
	for (;;) {
		kit_fill(&ledger, 1);
		if (write(out, &ledger.head.seq, 8) != 8)
			_exit(4);
		if (ledger.head.seq % 40 == 0 && snapshot_all(&ledger) != OK)
			_exit(5);
		if (ledger.head.seq % 100 == 0 &&
		    ledger_trim(&ledger, ledger.head.seq - 50, 1000, &more, NULL) != OK)
			_exit(6);
		bus->ops->idle(bus);
	}
}

/* The last record that the child acknowledged before the signal reached it. */
static uint64_t round_of_work(uint64_t appends)
{
	uint64_t acknowledged = 0, seq;
	int ends[2], status;
	pid_t child;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		close(ends[0]);
		work_until_killed(ends[1]);
	}
	close(ends[1]);
	for (uint64_t i = 0; i < appends && read(ends[0], &seq, 8) == 8; i++)
		acknowledged = seq;
	kill(child, SIGKILL);
	while (read(ends[0], &seq, 8) == 8)
		acknowledged = seq;
	close(ends[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFSIGNALED(status), "the worker ended with %d", WEXITSTATUS(status));
	return acknowledged;
}

START_TEST(kill_9_loses_nothing_that_was_acknowledged)
{
	uint64_t rounds_with_snapshot = 0;

	for (uint64_t i = 0; i < KILL_ROUNDS; i++) {
		uint64_t acknowledged = round_of_work(i * 7 % 31);
		struct snapshot_found found;
		struct finding finding;
		struct ledger ledger;
		bool any = false;

		must_open();
		ck_assert_int_eq(ledger_open(&ledger, bus, &detail), OK);
		ck_assert_uint_ge(ledger.head.seq, acknowledged);
		ck_assert_int_eq(kit_verify(bus, &ledger.head.hash, &finding), OK);
		ck_assert_msg(snapshot_find(bus, UINT64_MAX, &any, &found, &detail) == OK, "%s",
			      buf_str(&detail));
		ck_assert(!any || found.state_bytes == STATE_BYTES);
		rounds_with_snapshot += any;
		ledger_close(&ledger);
		bus_close(bus);
		bus = NULL;
	}
	ck_assert_uint_gt(rounds_with_snapshot, KILL_ROUNDS / 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sqlite");
	TCase *tcase = tcase_create("sqlite");
	SRunner *runner;
	int failed;

	broken_disk_install();
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_new_file_is_for_its_owner_only);
	tcase_add_test(tcase, a_second_daemon_is_turned_away);
	tcase_add_test(tcase, a_file_of_something_else_is_left_as_it_is);
	tcase_add_test(tcase, a_database_of_something_else_is_left_as_it_is);
	tcase_add_test(tcase, a_file_of_a_newer_version_is_refused);
	tcase_add_test(tcase, a_start_that_was_cut_short_is_begun_again);
	tcase_add_test(tcase, a_folder_that_is_missing_is_named);
	tcase_add_test(tcase, people_can_look_inside_while_it_runs);
	tcase_add_test(tcase, somebody_who_writes_by_hand_only_delays);
	tcase_add_test(tcase, a_row_removed_by_hand_is_noticed);
	tcase_add_test(tcase, the_log_does_not_grow_for_ever);
	tcase_add_test(tcase, no_room_at_any_write_keeps_nothing);
	tcase_add_test(tcase, an_error_at_any_write_or_sync_is_a_doubt_that_recovery_ends);
	tcase_add_test(tcase, while_the_disk_fails_the_doubt_stays_and_reading_goes_on);
	tcase_add_test(tcase, an_index_that_cannot_grow_leaves_a_doubt);
	tcase_add_test(tcase, a_doubt_about_a_snapshot_is_cleared_up_by_the_next_append);
	tcase_add_test(tcase, a_file_size_limit_refuses_writes_until_it_is_lifted);
	tcase_add_test(tcase, a_full_disk_refuses_writes_until_there_is_room);
	tcase_add_test(tcase, a_changed_byte_anywhere_in_the_file_is_noticed_or_harmless);
	tcase_add_test(tcase, kill_9_loses_nothing_that_was_acknowledged);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
