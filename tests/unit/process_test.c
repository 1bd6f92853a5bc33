#include "sys/process.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"

#define PATIENCE_US 20000000	/* for a machine under load; no test waits this long to pass */

static const char *const plain_env[] = { "PATH=/usr/bin:/bin", "NAME=value", NULL };

static struct loop *loop;

struct run {
	struct process *process;
	struct buf out[2];
	struct process_end end;
	bool has_ended;
};

static void on_output(void *context, enum process_output which, struct slice bytes)
{
	struct run *run = context;

	buf_add_slice(&run->out[which], bytes);
}

static void on_end(void *context, const struct process_end *end)
{
	struct run *run = context;

	ck_assert(!run->has_ended);
	run->has_ended = true;
	run->end = *end;
}

static const struct process_ops ops = { .on_output = on_output, .on_end = on_end };

static void begin(void)
{
	ck_assert_int_eq(loop_open(&loop), OK);
}

static void finish(void)
{
	loop_close(loop);
}

static void start_spec(struct run *run, const struct process_spec *spec)
{
	*run = (struct run){ 0 };
	ck_assert_msg(process_spawn(loop, spec, &ops, run, &run->process) == OK, "%s: %s",
		      spec->argv[0], strerror(errno));
}

static void start_shell(struct run *run, const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct process_spec spec = { .argv = argv, .env = plain_env };

	start_spec(run, &spec);
}

static void wait_end(struct run *run)
{
	int64_t give_up_us = clock_mono_us() + PATIENCE_US;

	while (!run->has_ended) {
		ck_assert_int_lt(clock_mono_us(), give_up_us);
		loop_run_once(loop, 10000);
	}
}

static void wait_output(struct run *run, const char *text)
{
	int64_t give_up_us = clock_mono_us() + PATIENCE_US;

	while (slice_find(buf_slice(&run->out[0]), slice_of_str(text)) < 0) {
		ck_assert_int_lt(clock_mono_us(), give_up_us);
		loop_run_once(loop, 10000);
	}
}

static void forget(struct run *run)
{
	process_destroy(run->process);
	buf_finish(&run->out[0]);
	buf_finish(&run->out[1]);
}

static void run_shell(struct run *run, const char *script)
{
	start_shell(run, script);
	wait_end(run);
}

START_TEST(output_and_exit_status_are_reported)
{
	struct run run;

	begin();
	run_shell(&run, "echo to out; echo to err >&2; exit 7");
	ck_assert_str_eq(buf_str(&run.out[PROCESS_STDOUT]), "to out\n");
	ck_assert_str_eq(buf_str(&run.out[PROCESS_STDERR]), "to err\n");
	ck_assert_int_eq(run.end.exit_status, 7);
	ck_assert_int_eq(run.end.signal, 0);
	ck_assert(!run.end.was_stopped);
	ck_assert(process_has_ended(run.process));
	forget(&run);
	finish();
}
END_TEST

START_TEST(the_signal_that_ended_it_is_reported)
{
	struct run run;

	begin();
	run_shell(&run, "kill -SEGV $$");
	ck_assert_int_eq(run.end.exit_status, -1);
	ck_assert_int_eq(run.end.signal, SIGSEGV);
	forget(&run);
	finish();
}
END_TEST

START_TEST(no_shell_reads_the_arguments)
{
	const char *const argv[] = { "printf", "%s|", "$(id) `id` ; *", "a b", "", NULL };
	const struct process_spec spec = { .argv = argv, .env = plain_env };
	struct run run;

	begin();
	start_spec(&run, &spec);
	wait_end(&run);
	ck_assert_str_eq(buf_str(&run.out[0]), "$(id) `id` ; *|a b||");
	forget(&run);
	finish();
}
END_TEST

START_TEST(a_program_that_cannot_be_run_is_an_error_with_its_reason)
{
	static const char *const missing[] = { "no-such-program-here", "/no/such/program", "",
					       "./no-such-program" };
	struct run run = { 0 };
	char path[] = "/tmp/process-test-XXXXXX";
	const char *argv[] = { NULL, NULL };
	const struct process_spec spec = { .argv = argv, .env = plain_env };
	int fd;

	begin();
	for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
		argv[0] = missing[i];
		errno = 0;
		ck_assert_int_eq(process_spawn(loop, &spec, &ops, &run, &run.process), ERR_OS);
		ck_assert_msg(errno == ENOENT, "'%s': %s", missing[i], strerror(errno));
	}
	argv[0] = "/tmp";
	ck_assert_int_eq(process_spawn(loop, &spec, &ops, &run, &run.process), ERR_OS);
	ck_assert_int_eq(errno, EACCES);
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "echo without a first line\n", 26), 26);
	ck_assert_int_eq(fchmod(fd, 0700), 0);
	close(fd);
	argv[0] = path;
	ck_assert_int_eq(process_spawn(loop, &spec, &ops, &run, &run.process), ERR_OS);
	ck_assert_int_eq(errno, ENOEXEC);
	unlink(path);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	finish();
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_an_error)
{
	const char *const argv[] = { "pwd", NULL };
	struct process_spec spec = { .argv = argv, .env = plain_env, .folder = "/no/such" };
	struct run run = { 0 };

	begin();
	ck_assert_int_eq(process_spawn(loop, &spec, &ops, &run, &run.process), ERR_OS);
	ck_assert_int_eq(errno, ENOENT);
	spec.folder = "/usr";
	start_spec(&run, &spec);
	wait_end(&run);
	ck_assert_str_eq(buf_str(&run.out[0]), "/usr\n");
	forget(&run);
	finish();
}
END_TEST

START_TEST(the_environment_is_what_was_given_and_nothing_else)
{
	const char *const argv[] = { "env", NULL };
	const struct process_spec spec = { .argv = argv, .env = plain_env };
	struct run run;

	begin();
	setenv("SECRET", "1", 1);
	start_spec(&run, &spec);
	wait_end(&run);
	ck_assert_str_eq(buf_str(&run.out[0]), "PATH=/usr/bin:/bin\nNAME=value\n");
	forget(&run);
	finish();
}
END_TEST

START_TEST(no_descriptor_is_inherited)
{
	const char *const argv[] = { "ls", "/proc/self/fd", NULL };
	const struct process_spec spec = { .argv = argv, .env = plain_env };
	struct run run;
	int leaked[8];

	begin();
	/* Without O_CLOEXEC, as a careless library would leave them. */
	for (size_t i = 0; i < ARRAY_LEN(leaked); i++)
		leaked[i] = open("/dev/null", O_RDONLY);
	ck_assert_int_eq(dup2(leaked[0], 700), 700);
	start_spec(&run, &spec);
	wait_end(&run);
	/* 3 is that of ls itself, on the folder. */
	ck_assert_str_eq(buf_str(&run.out[0]), "0\n1\n2\n3\n");
	for (size_t i = 0; i < ARRAY_LEN(leaked); i++)
		close(leaked[i]);
	close(700);
	forget(&run);
	finish();
}
END_TEST

START_TEST(it_works_when_our_own_standard_descriptors_are_closed)
{
	struct run run;

	begin();
	close(0);
	close(1);
	run_shell(&run, "read line; echo got $line; echo err >&2");
	ck_assert_str_eq(buf_str(&run.out[0]), "got\n");
	ck_assert_str_eq(buf_str(&run.out[1]), "err\n");
	forget(&run);
	finish();
}
END_TEST

START_TEST(signals_are_as_in_a_fresh_process)
{
	struct run run;
	sigset_t blocked;

	begin();
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGUSR1);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	/*
	 * Signals 32 and 33 are the C library's own. posix_spawn of whoever
	 * started this test (make does so) leaves them ignored, for good.
	 */
	run_shell(&run, "grep -E '^Sig(Blk|Ign)' /proc/self/status | sed s/0180000000$/0000000000/");
	ck_assert_str_eq(buf_str(&run.out[0]),
			 "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	forget(&run);
	finish();
}
END_TEST

START_TEST(more_input_than_a_pipe_holds_is_written_while_output_is_read)
{
	const char *const argv[] = { "cat", NULL };
	struct buf input = { 0 };
	struct process_spec spec = { .argv = argv, .env = plain_env };
	struct run run;

	begin();
	buf_add_repeat(&input, 'i', 4 << 20);
	spec.input = buf_slice(&input);
	start_spec(&run, &spec);
	buf_finish(&input);
	wait_end(&run);
	ck_assert_uint_eq(run.out[0].len, 4 << 20);
	ck_assert_int_eq(run.end.exit_status, 0);
	forget(&run);
	finish();
}
END_TEST

START_TEST(input_that_is_not_read_is_no_failure)
{
	const char *const argv[] = { "true", NULL };
	struct buf input = { 0 };
	struct process_spec spec = { .argv = argv, .env = plain_env };
	struct run run;

	begin();
	buf_add_repeat(&input, 'i', 4 << 20);
	spec.input = buf_slice(&input);
	start_spec(&run, &spec);
	wait_end(&run);
	ck_assert_int_eq(run.end.exit_status, 0);
	buf_finish(&input);
	forget(&run);
	finish();
}
END_TEST

START_TEST(without_input_it_reads_the_end)
{
	struct run run;

	begin();
	run_shell(&run, "cat; echo end");
	ck_assert_str_eq(buf_str(&run.out[0]), "end\n");
	forget(&run);
	finish();
}
END_TEST

START_TEST(it_leads_a_group_of_its_own)
{
	struct run run;
	char expected[64];

	begin();
	run_shell(&run, "cut -d' ' -f5 /proc/$$/stat");
	snprintf(expected, sizeof(expected), "%d\n", (int)process_pid(run.process));
	ck_assert_str_eq(buf_str(&run.out[0]), expected);
	forget(&run);
	finish();
}
END_TEST

START_TEST(stop_is_a_request_that_can_be_heeded)
{
	struct run run;

	begin();
	start_shell(&run, "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
	wait_output(&run, "ready");
	process_stop(run.process, 10000000);
	wait_end(&run);
	ck_assert_str_eq(buf_str(&run.out[0]), "ready\nbye\n");
	ck_assert_int_eq(run.end.exit_status, 3);
	ck_assert(run.end.was_stopped);
	forget(&run);
	finish();
}
END_TEST

START_TEST(who_does_not_heed_it_is_killed_after_the_grace)
{
	struct run run;
	int64_t stopped_us;

	begin();
	start_shell(&run, "trap '' TERM; echo ready; while :; do sleep 0.05; done");
	wait_output(&run, "ready");
	stopped_us = clock_mono_us();
	process_stop(run.process, 200000);
	wait_end(&run);
	ck_assert_int_eq(run.end.signal, SIGKILL);
	ck_assert_int_ge(clock_mono_us() - stopped_us, 190000);
	forget(&run);
	finish();
}
END_TEST

/* Whether a process is there and not only waiting to be reaped by whoever inherited it. */
static bool is_alive(pid_t pid)
{
	char path[64], state = 'Z';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	fclose(file);
	return state != 'Z' && state != 'X';
}

static void wait_gone(pid_t pid)
{
	int64_t give_up_us = clock_mono_us() + PATIENCE_US;

	ck_assert_int_gt(pid, 1);
	while (is_alive(pid)) {
		ck_assert_int_lt(clock_mono_us(), give_up_us);
		usleep(1000);
	}
}

START_TEST(killing_reaches_the_whole_group)
{
	struct run run;
	pid_t grandchild;

	begin();
	start_shell(&run, "sleep 1000 & echo $!; echo started; wait");
	wait_output(&run, "started");
	grandchild = (pid_t)atoi(buf_str(&run.out[0]));
	ck_assert(is_alive(grandchild));
	process_kill(run.process);
	wait_end(&run);
	ck_assert_int_eq(run.end.signal, SIGKILL);
	wait_gone(grandchild);
	forget(&run);
	finish();
}
END_TEST

START_TEST(what_it_left_running_neither_delays_its_end_nor_outlives_it)
{
	struct run run;
	pid_t grandchild;
	int64_t started_us = clock_mono_us();

	begin();
	run_shell(&run, "sleep 1000 & echo $!; exit 5");
	ck_assert_int_eq(run.end.exit_status, 5);
	ck_assert_int_lt(clock_mono_us() - started_us, PATIENCE_US);
	grandchild = (pid_t)atoi(buf_str(&run.out[0]));
	ck_assert(is_alive(grandchild));
	forget(&run);
	wait_gone(grandchild);
	finish();
}
END_TEST

START_TEST(destroying_ends_what_runs_and_leaves_no_zombie)
{
	struct run run;
	pid_t pid;

	begin();
	start_shell(&run, "sleep 1000");
	pid = process_pid(run.process);
	forget(&run);
	ck_assert(!run.has_ended);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
	process_destroy(NULL);
	finish();
}
END_TEST

static struct process *ended_inside;

static void destroy_inside(void *context, const struct process_end *end)
{
	bool *has_ended = context;

	(void)end;
	process_destroy(ended_inside);
	*has_ended = true;
}

START_TEST(it_may_be_destroyed_when_its_end_is_told)
{
	const struct process_ops destroying = { .on_end = destroy_inside };
	const char *const argv[] = { "sh", "-c", "echo much; echo more >&2", NULL };
	const struct process_spec spec = { .argv = argv, .env = plain_env };
	bool has_ended = false;

	begin();
	ck_assert_int_eq(process_spawn(loop, &spec, &destroying, &has_ended, &ended_inside), OK);
	while (!has_ended)
		loop_run_once(loop, 10000);
	finish();
}
END_TEST

START_TEST(output_without_end_does_not_hold_the_loop)
{
	struct run run;
	int turns = 0;

	begin();
	start_shell(&run, "yes");
	while (run.out[0].len < 1 << 20) {
		loop_run_once(loop, 10000);
		turns++;
	}
	ck_assert_int_ge(turns, 10);
	process_kill(run.process);
	wait_end(&run);
	forget(&run);
	finish();
}
END_TEST

START_TEST(no_core_is_left_when_none_is_wanted)
{
	const char *const argv[] = { "sh", "-c", "ulimit -c", NULL };
	const struct process_spec spec = { .argv = argv, .env = plain_env, .no_core = true };
	struct rlimit limit;
	struct run run;

	begin();
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_CORE, &limit), 0);
	start_spec(&run, &spec);
	wait_end(&run);
	ck_assert_str_eq(buf_str(&run.out[0]), "0\n");
	forget(&run);
	finish();
}
END_TEST

START_TEST(it_dies_with_its_parent_when_asked_to)
{
	const char *const argv[] = { "sleep", "1000", NULL };
	const struct process_spec spec = { .argv = argv, .env = plain_env,
					   .dies_with_parent = true };
	int report[2];
	pid_t parent, child = 0;

	ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
	parent = fork();
	ck_assert_int_ge(parent, 0);
	if (parent == 0) {
		struct run run;

		begin();
		start_spec(&run, &spec);
		child = process_pid(run.process);
		_exit(write(report[1], &child, sizeof(child)) == sizeof(child) ? 0 : 1);
	}
	ck_assert_int_eq(read(report[0], &child, sizeof(child)), sizeof(child));
	ck_assert_int_eq(waitpid(parent, NULL, 0), parent);
	wait_gone(child);
	close(report[0]);
	close(report[1]);
}
END_TEST

static Suite *process_suite(void)
{
	Suite *suite = suite_create("process");
	TCase *tests = tcase_create("process");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, output_and_exit_status_are_reported);
	tcase_add_test(tests, the_signal_that_ended_it_is_reported);
	tcase_add_test(tests, no_shell_reads_the_arguments);
	tcase_add_test(tests, a_program_that_cannot_be_run_is_an_error_with_its_reason);
	tcase_add_test(tests, a_folder_that_is_not_there_is_an_error);
	tcase_add_test(tests, the_environment_is_what_was_given_and_nothing_else);
	tcase_add_test(tests, no_descriptor_is_inherited);
	tcase_add_test(tests, it_works_when_our_own_standard_descriptors_are_closed);
	tcase_add_test(tests, signals_are_as_in_a_fresh_process);
	tcase_add_test(tests, more_input_than_a_pipe_holds_is_written_while_output_is_read);
	tcase_add_test(tests, input_that_is_not_read_is_no_failure);
	tcase_add_test(tests, without_input_it_reads_the_end);
	tcase_add_test(tests, it_leads_a_group_of_its_own);
	tcase_add_test(tests, stop_is_a_request_that_can_be_heeded);
	tcase_add_test(tests, who_does_not_heed_it_is_killed_after_the_grace);
	tcase_add_test(tests, killing_reaches_the_whole_group);
	tcase_add_test(tests, what_it_left_running_neither_delays_its_end_nor_outlives_it);
	tcase_add_test(tests, destroying_ends_what_runs_and_leaves_no_zombie);
	tcase_add_test(tests, it_may_be_destroyed_when_its_end_is_told);
	tcase_add_test(tests, output_without_end_does_not_hold_the_loop);
	tcase_add_test(tests, no_core_is_left_when_none_is_wanted);
	tcase_add_test(tests, it_dies_with_its_parent_when_asked_to);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(process_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
