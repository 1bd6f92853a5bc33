/*
 * Guests run by a supervisor: what they are given, what comes back, several at once.
 */
#include "sandbox/runner.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/egress.h"
#include "unit/guest_kit.h"

#define QUIET_RUNS 50
#define STEPS_MOST 8	/* its messages, their end, its exit, the next process */
#define MANY 20

static struct guest_kit kit;

static void begin(void)
{
	guest_kit_init(&kit);
}

static void end(void)
{
	guest_kit_finish(&kit);
}

#define ck_buf_eq(buf, str)                                                          \
	ck_assert_msg(slice_is_str(buf_slice(buf), (str)), "it is \"%.*s\", not \"%s\"", \
		      (int)(buf)->len, (buf)->ptr ? (buf)->ptr : "", (str))

START_TEST(a_guest_without_a_library_gives_its_result)
{
	const struct outcome *outcome;

	guest_kit_load(&kit, "count");
	outcome = guest_kit_run(&kit, "one two\nthree\n");
	ck_assert_ptr_nonnull(outcome);
	ck_assert_int_eq(outcome->verdict, CHASSIS_VERDICT_RESULT);
	ck_buf_eq(&outcome->result, "{\"lines\":2,\"words\":3,\"bytes\":14}");
	ck_buf_eq(&kit.log, "2 counted\n");
	ck_assert_int_gt(outcome->fuel_used, 100);
	ck_assert_int_ge(outcome->memory_bytes, 65536);
	ck_assert_int_gt(outcome->cpu_us, 0);
	ck_assert_int_gt(outcome->host_calls, 2);
}
END_TEST

START_TEST(a_command_has_arguments_and_the_variables_that_are_granted)
{
	struct slice names[] = { SLICE("UNIT") }, args[] = { SLICE("a"), SLICE("b") };
	struct slice variables[] = { SLICE("UNIT=metre"), SLICE("SECRET=key") };
	struct run_spec spec = { .input = SLICE("1 2 3.5"), .args = { args, 2 },
				 .environment = { variables, 2 }, .egress = -1 };
	const struct outcome *outcome;

	kit.contract.environment = (struct slice_list){ names, 1 };
	guest_kit_load(&kit, "sum");
	outcome = guest_kit_run_spec(&kit, &spec);
	ck_assert_ptr_nonnull(outcome);
	ck_buf_eq(&outcome->result, "{\"sum\":6.5,\"count\":3,\"unit\":\"metre\"}\n");
	ck_buf_eq(&kit.log, "2 added 3 numbers, 2 arguments\n");
	outcome = guest_kit_run(&kit, "1 x");
	ck_assert_int_eq(outcome->verdict, CHASSIS_VERDICT_BAD_RESULT);
	ck_buf_eq(&outcome->reason, "exit_status");
	ck_buf_eq(&kit.log, "2 guest: what comes after 1 numbers is none\n");
}
END_TEST

START_TEST(each_run_begins_anew)
{
	guest_kit_load(&kit, "sum");
	for (int i = 0; i < MANY; i++) {
		const struct outcome *outcome = guest_kit_run(&kit, "2 2");

		ck_buf_eq(&outcome->result, "{\"sum\":4,\"count\":2}\n");
	}
}
END_TEST

START_TEST(the_same_input_takes_the_same_fuel)
{
	int64_t fuel;

	guest_kit_load(&kit, "count");
	fuel = guest_kit_run(&kit, "a b c")->fuel_used;
	ck_assert_int_eq(guest_kit_run(&kit, "a b c")->fuel_used, fuel);
	ck_assert_int_gt(guest_kit_run(&kit, "a b c d")->fuel_used, fuel);
}
END_TEST

START_TEST(several_run_at_once)
{
	struct run *runs[MANY];
	struct buf detail = { 0 };
	char input[MANY][16];

	guest_kit_load(&kit, "echo");
	ck_assert_int_eq(guest_kit_open(&kit), OK);
	for (int i = 0; i < MANY; i++) {
		struct run_spec spec = { .egress = -1 };

		snprintf(input[i], sizeof(input[i]), "input %d", i);
		spec.input = slice_of_str(input[i]);
		ck_assert_int_eq(runner_start(kit.runner, &spec, &runs[i], &detail), OK);
	}
	for (int i = MANY - 1; i >= 0; i--) {
		run_wait(runs[i]);
		ck_assert_int_eq(run_outcome(runs[i])->err, OK);
		ck_buf_eq(&run_outcome(runs[i])->result, input[i]);
		run_destroy(runs[i]);
	}
}
END_TEST

START_TEST(one_that_loops_does_not_hold_the_others)
{
	struct run_spec spec = { .input = SLICE("short"), .egress = -1 };
	struct guest_kit loop;
	struct run *run = NULL;

	guest_kit_init(&loop);
	guest_kit_load(&loop, "loop_by_time");
	loop.contract.limits.wall_ms = 60000;
	loop.contract.limits.fuel = INT64_MAX;
	ck_assert_int_eq(guest_kit_open(&loop), OK);
	ck_assert_int_eq(runner_start(loop.runner, &spec, &run, &loop.detail), OK);
	guest_kit_load(&kit, "echo");
	for (int i = 0; i < MANY; i++)
		ck_buf_eq(&guest_kit_run(&kit, "short")->result, "short");
	runner_step(loop.runner);
	ck_assert(!run_is_over(run));
	run_kill(run);
	run_wait(run);
	ck_assert(run_outcome(run)->was_killed);
	run_destroy(run);
	guest_kit_finish(&loop);
}
END_TEST

START_TEST(a_run_that_is_killed_before_it_began_ends_too)
{
	struct run_spec spec = { .egress = -1 };
	struct run *run = NULL;

	guest_kit_load(&kit, "echo");
	ck_assert_int_eq(guest_kit_open(&kit), OK);
	ck_assert_int_eq(runner_start(kit.runner, &spec, &run, &kit.detail), OK);
	run_kill(run);
	run_wait(run);
	ck_buf_eq(&run_outcome(run)->reason, "killed");
	run_destroy(run);
	ck_buf_eq(&guest_kit_run(&kit, "after")->result, "after");
}
END_TEST

START_TEST(whoever_has_a_loop_waits_on_the_descriptor)
{
	struct run_spec spec = { .input = SLICE("looped"), .egress = -1 };
	struct pollfd ready = { .events = POLLIN };
	struct run *run = NULL;

	guest_kit_load(&kit, "echo");
	ck_assert_int_eq(guest_kit_open(&kit), OK);
	ck_assert_int_eq(runner_start(kit.runner, &spec, &run, &kit.detail), OK);
	ready.fd = runner_fd(kit.runner);
	while (!run_is_over(run)) {
		ck_assert_int_eq(poll(&ready, 1, 20000), 1);
		runner_step(kit.runner);
	}
	ck_buf_eq(&run_outcome(run)->result, "looped");
	run_destroy(run);
	/* What is left to be said is that the spare one is there; then it is quiet. */
	for (int i = 0; i < 10 && poll(&ready, 1, 200) == 1; i++)
		runner_step(kit.runner);
	ck_assert_int_eq(poll(&ready, 1, 0), 0);
}
END_TEST

/* Until a guest's exit was told, its closed socket woke its supervisor over and over. */
START_TEST(a_supervisor_has_little_to_do_for_a_run)
{
	struct run_spec spec = { .input = SLICE("quiet"), .egress = -1 };
	struct pollfd ready = { .events = POLLIN };
	int steps = 0;

	guest_kit_load(&kit, "echo");
	ck_assert_int_eq(guest_kit_open(&kit), OK);
	ready.fd = runner_fd(kit.runner);
	for (int i = 0; i < QUIET_RUNS; i++) {
		struct run *run = NULL;

		ck_assert_int_eq(runner_start(kit.runner, &spec, &run, &kit.detail), OK);
		for (; !run_is_over(run); steps++) {
			ck_assert_int_eq(poll(&ready, 1, 20000), 1);
			runner_step(kit.runner);
		}
		run_destroy(run);
	}
	ck_assert_int_le(steps, QUIET_RUNS * STEPS_MOST);
}
END_TEST

START_TEST(input_beyond_the_contract_is_refused)
{
	char large[1001];

	memset(large, 'x', sizeof(large) - 1);
	large[1000] = '\0';
	kit.contract.limits.input_bytes = 999;
	guest_kit_load(&kit, "echo");
	ck_assert_ptr_null(guest_kit_run(&kit, large));
	ck_buf_eq(&kit.detail, "its input has 1000 bytes; its contract allows 999");
	large[999] = '\0';
	ck_assert_int_eq(guest_kit_run(&kit, large)->verdict, CHASSIS_VERDICT_RESULT);
}
END_TEST

START_TEST(arguments_beyond_the_limit_are_refused)
{
	static struct slice args[300];
	struct run_spec spec = { .args = { args, 300 }, .egress = -1 };

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = SLICE("x");
	guest_kit_load(&kit, "echo");
	ck_assert_ptr_null(guest_kit_run_spec(&kit, &spec));
	ck_assert_ptr_nonnull(strstr(buf_str(&kit.detail), "arguments and variables"));
	/* Variables that are not granted do not count: a supervisor passes on all that it has. */
	spec.args.count = 0;
	spec.environment = (struct slice_list){ args, 300 };
	ck_assert_ptr_nonnull(guest_kit_run_spec(&kit, &spec));
}
END_TEST

/* Stands in for the proxy: reads one request, gives one reply. */
static pid_t start_proxy(int fd, const char *reply)
{
	pid_t pid = fork();
	unsigned char length[EGRESS_LENGTH_BYTES];
	struct buf answer = { 0 };
	char request[4096];
	size_t len;

	if (pid != 0)
		return pid;
	if (recv(fd, length, sizeof(length), MSG_WAITALL) != (ssize_t)sizeof(length))
		_exit(1);
	len = egress_length(length);
	if (len > sizeof(request) || recv(fd, request, len, MSG_WAITALL) != (ssize_t)len)
		_exit(1);
	egress_add_length(&answer, strlen(reply));
	buf_add_str(&answer, reply);
	_exit(send(fd, answer.ptr, answer.len, 0) != (ssize_t)answer.len);
}

static const struct outcome *run_with_reply(const char *reply)
{
	const struct outcome *outcome;
	struct run_spec spec = { .input = SLICE("{\"method\":\"GET\"}") };
	int ends[2], status = 1;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	guest_kit_load(&kit, "fetch");
	pid = start_proxy(ends[1], reply);
	spec.egress = ends[0];
	outcome = guest_kit_run_spec(&kit, &spec);
	close(ends[0]);
	close(ends[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	return outcome;
}

START_TEST(a_request_goes_through_the_descriptor_of_its_grant)
{
	const struct outcome *outcome = run_with_reply("{\"status\":200,\"body\":\"W10=\"}");

	ck_buf_eq(&outcome->result, "{\"status\":200,\"body\":\"W10=\"}");
	ck_assert_int_eq(outcome->http_requests, 1);
	ck_assert_int_eq(outcome->denials, 0);
	outcome = run_with_reply("{\"error\":{\"code\":\"egress_denied\"}}");
	ck_assert_int_eq(outcome->verdict, CHASSIS_VERDICT_RESULT);
	ck_assert_int_eq(outcome->denials, 1);
}
END_TEST

START_TEST(a_proxy_that_does_not_answer_ends_with_the_run)
{
	struct run_spec spec = { .input = SLICE("{}") };
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	kit.contract.limits.wall_ms = 50;
	guest_kit_load(&kit, "fetch");
	spec.egress = ends[0];
	ck_assert_int_eq(guest_kit_run_spec(&kit, &spec)->verdict, CHASSIS_VERDICT_OUT_OF_TIME);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(a_chassis_that_is_not_there_is_named)
{
	struct runner_spec spec = { .program = "/nowhere/if-chassis", .contract = &kit.contract,
				    .folder = "/" };
	struct runner *runner = NULL;

	guest_kit_load(&kit, "echo");
	spec.wasm = buf_slice(&kit.wasm);
	ck_assert_int_eq(runner_open(&spec, &runner, &kit.detail), ERR_CHASSIS_MISSING);
	ck_assert_ptr_nonnull(strstr(buf_str(&kit.detail), "/nowhere/if-chassis"));
	buf_clear(&kit.detail);
	/* A program that is none of ours says nothing. */
	spec.program = "/bin/true";
	ck_assert_int_eq(runner_open(&spec, &runner, &kit.detail), ERR_CHASSIS_FAILED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("runner");
	TCase *tcase = tcase_create("runner");
	SRunner *runner;
	int failed;

	if (!guest_kit_program()) {
		printf("skip - runner: the sandbox is not built on this machine\n");
		return 0;
	}
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_guest_without_a_library_gives_its_result);
	tcase_add_test(tcase, a_command_has_arguments_and_the_variables_that_are_granted);
	tcase_add_test(tcase, each_run_begins_anew);
	tcase_add_test(tcase, the_same_input_takes_the_same_fuel);
	tcase_add_test(tcase, several_run_at_once);
	tcase_add_test(tcase, one_that_loops_does_not_hold_the_others);
	tcase_add_test(tcase, a_run_that_is_killed_before_it_began_ends_too);
	tcase_add_test(tcase, whoever_has_a_loop_waits_on_the_descriptor);
	tcase_add_test(tcase, a_supervisor_has_little_to_do_for_a_run);
	tcase_add_test(tcase, input_beyond_the_contract_is_refused);
	tcase_add_test(tcase, arguments_beyond_the_limit_are_refused);
	tcase_add_test(tcase, a_request_goes_through_the_descriptor_of_its_grant);
	tcase_add_test(tcase, a_proxy_that_does_not_answer_ends_with_the_run);
	tcase_add_test(tcase, a_chassis_that_is_not_there_is_named);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
