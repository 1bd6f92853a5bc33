/*
 * What a sandbox costs: of itself, and beside other ways to run somebody's program for one task.
 *
 * usage: chassis_bench IF_CHASSIS GUESTS FOLDER
 *
 * The first part calls the engine in this process; the second goes the whole way, with every layer
 * that this machine has. The others are started for the same task: input in, input out.
 */
#include <signal.h>
#include <spawn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chassis/bucket.h"
#include "load/figures.h"
#include "sandbox/engine.h"
#include "sandbox/runner.h"
#include "sys/clock.h"
#include "sys/files.h"

#define INSTANCES 20000
#define INSTANCES_AT_ONCE 20	/* the clock tells microseconds */
#define CALLS 10000000.0
#define BUCKETS 10000000
#define STEPS_ROUNDS 5
#define ROUNDS 1000
#define WARM_ROUNDS 50
#define KILLS 40
#define KILL_WALL_MS 20
#define STARTS 20
#define NEIGHBOURS 10
#define NEIGHBOUR_ROUNDS 100
#define INPUT "{\"task\":\"T-1\"}"

static const char *chassis, *guests;
static char cache[4096], key_file[4096];

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

static double part_of(double *values, size_t count, double part)
{
	qsort(values, count, sizeof(*values), compare);
	return values[(size_t)((double)(count - 1) * part)];
}

static void say(const char *what, double value, const char *unit, double budget)
{
	printf("  %-46s %9.3f %-3s", what, value, unit);
	if (budget > 0)
		printf("  (at most %g: %s)", budget, value <= budget ? "yes" : "NO");
	printf("\n");
}

static void load(const char *name, struct buf *ret_wasm)
{
	char path[4096];

	buf_clear(ret_wasm);
	snprintf(path, sizeof(path), "%s/%s.wasm", guests, name);
	if (file_read(path, 16UL * MIB, ret_wasm) != OK)
		die(path);
}

/* ---- the engine, in this process ------------------------------------------------------------- */

static struct engine *make_engine(const char *name, bool is_unmetered, struct guest *guest,
				  const struct contract *contract, double *ret_compile_us,
				  size_t *ret_bytes)
{
	struct engine_config config = { .stack_bytes = 512 * KIB, .is_unmetered = is_unmetered };
	struct engine *engine = engine_create(&config);
	struct buf wasm = { 0 }, artifact = { 0 }, detail = { 0 };
	int64_t started_us;

	load(name, &wasm);
	started_us = clock_mono_us();
	if (engine_compile(engine, buf_slice(&wasm), &artifact, &detail) != OK ||
	    engine_load(engine, buf_slice(&artifact), INT64_MAX, &detail) != OK)
		die(buf_str(&detail));
	*ret_compile_us = (double)(clock_mono_us() - started_us);
	*ret_bytes = wasm.len;
	guest_init(guest, contract);
	guest->input = SLICE("0123456789012345678901234567890123456789012345678901234567890123");
	guest->deadline_us = INT64_MAX;
	buf_finish(&wasm);
	buf_finish(&artifact);
	return engine;
}

static double seconds_of(const char *name, bool is_unmetered, const struct contract *contract)
{
	struct guest guest;
	double compile_us, seconds;
	size_t bytes;
	struct engine *engine = make_engine(name, is_unmetered, &guest, contract, &compile_us, &bytes);
	int64_t started_us = clock_mono_us();

	engine_run(engine, &guest);
	seconds = (double)(clock_mono_us() - started_us) / 1e6;
	guest_finish(&guest);
	engine_destroy(engine);
	return seconds;
}

static void measure_instances(const struct contract *contract)
{
	static double us[INSTANCES / INSTANCES_AT_ONCE];
	struct guest guest;
	double compile_us;
	size_t bytes;
	struct engine *engine = make_engine("echo", false, &guest, contract, &compile_us, &bytes);

	engine_instantiate(engine, &guest, INSTANCES_AT_ONCE);
	for (size_t i = 0; i < ARRAY_LEN(us); i++) {
		int64_t started_us = clock_mono_us();

		engine_instantiate(engine, &guest, INSTANCES_AT_ONCE);
		us[i] = (double)(clock_mono_us() - started_us) / INSTANCES_AT_ONCE;
	}
	say("instance with limits, pooled, p50", part_of(us, ARRAY_LEN(us), 0.5), "us", 3);
	say("instance with limits, pooled, p99", part_of(us, ARRAY_LEN(us), 0.99), "us", 0);
	guest_finish(&guest);
	engine_destroy(engine);
}

static double bucket_ns(void)
{
	struct bucket bucket = bucket_make(BUCKET_RATE_MAX, BUCKET_BURST_MAX);
	int64_t started_us = clock_mono_us(), taken = 0;

	for (int64_t i = 0; i < BUCKETS; i++)
		taken += bucket_try(&bucket, i * 2);
	if (taken != BUCKETS)
		die("a bucket without a limit was empty");
	return (double)(clock_mono_us() - started_us) * 1e3 / BUCKETS;
}

static void measure_calls(const struct contract *contract)
{
	double empty_ns = seconds_of("bench_calls", false, contract) * 1e9 / CALLS;
	double copy_ns = seconds_of("bench_copies", false, contract) * 1e9 / CALLS;
	double taken_ns = bucket_ns();
	double plain_s = 1e9, metered_s = 1e9;

	/* In turns, and the best of each: what else runs here only ever makes one slower. */
	for (int i = 0; i < STEPS_ROUNDS; i++) {
		plain_s = fmin(plain_s, seconds_of("bench_steps", true, contract));
		metered_s = fmin(metered_s, seconds_of("bench_steps", false, contract));
	}
	say("call of the host", empty_ns, "ns", 20);
	say("call that copies 64 bytes, checked", copy_ns, "ns", 0);
	say("  with a token from a rate's bucket", copy_ns + taken_ns, "ns", 100);
	say("200 million steps without fuel and deadline", plain_s, "s", 0);
	say("  with both, times that", metered_s / plain_s, "x", 0);
}

static void measure_compiling(const struct contract *contract)
{
	static const char *const names[] = { "echo", "count", "sum" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct guest guest;
		double us;
		size_t bytes;
		char what[80];
		struct engine *engine = make_engine(names[i], false, &guest, contract, &us, &bytes);

		snprintf(what, sizeof(what), "compile and load %s, %.1f KiB, a KiB", names[i],
			 (double)bytes / KIB);
		say(what, us / 1e3 / ((double)bytes / KIB), "ms", 0);
		guest_finish(&guest);
		engine_destroy(engine);
	}
}

/* ---- the whole way --------------------------------------------------------------------------- */

static struct runner *open_runner(const char *name, const struct contract *contract)
{
	struct buf wasm = { 0 }, detail = { 0 };
	struct runner_spec spec = { .program = chassis, .contract = contract, .folder = "/",
				    .cache = cache, .key_file = key_file };
	struct runner *runner = NULL;

	load(name, &wasm);
	spec.wasm = buf_slice(&wasm);
	if (runner_open(&spec, &runner, &detail) != OK)
		die(buf_str(&detail));
	buf_finish(&wasm);
	return runner;
}

/* One task, and how long it took in microseconds. */
static double run_once(struct runner *runner, enum chassis_verdict expected)
{
	struct run_spec spec = { .input = SLICE(INPUT), .egress = -1 };
	struct buf detail = { 0 };
	struct run *run = NULL;
	int64_t started_us = clock_mono_us();
	double us;

	if (runner_start(runner, &spec, &run, &detail) != OK)
		die(buf_str(&detail));
	run_wait(run);
	us = (double)(clock_mono_us() - started_us);
	if (run_outcome(run)->err != OK || run_outcome(run)->verdict != expected)
		die("a run did not end as it should");
	run_destroy(run);
	return us;
}

static double measure_tasks(const struct contract *contract)
{
	static double us[ROUNDS];
	static const char *const names[] = LAYER_NAMES;
	int64_t started_us = clock_mono_us();
	struct runner *runner = open_runner("echo", contract);
	double p50;

	say("start it, compile, first task", (double)(clock_mono_us() - started_us) / 1e3, "ms", 0);
	printf("  layers:");
	for (unsigned i = 0; i < LAYER_COUNT; i++)
		if (runner_info(runner)->layers & LAYER_BIT(i))
			printf(" %s", names[i]);
	printf("\n");
	for (int i = 0; i < WARM_ROUNDS; i++)
		run_once(runner, CHASSIS_VERDICT_RESULT);
	for (size_t i = 0; i < ROUNDS; i++)
		us[i] = run_once(runner, CHASSIS_VERDICT_RESULT) / 1e3;
	p50 = part_of(us, ROUNDS, 0.5);
	say("task there and back, a process each, p50", p50, "ms", 0.8);
	say("task there and back, a process each, p99", part_of(us, ROUNDS, 0.99), "ms", 2);
	runner_close(runner);
	started_us = clock_mono_us();
	runner = open_runner("echo", contract);
	run_once(runner, CHASSIS_VERDICT_RESULT);
	say("start it, kept code, first task", (double)(clock_mono_us() - started_us) / 1e3, "ms", 0);
	runner_close(runner);
	return p50;
}

static void measure_kills(struct contract contract)
{
	static double ms[KILLS];
	struct runner *runner;

	contract.limits.wall_ms = KILL_WALL_MS;
	contract.limits.fuel = INT64_MAX;
	runner = open_runner("loop_by_time", &contract);
	for (size_t i = 0; i < KILLS; i++)
		ms[i] = run_once(runner, CHASSIS_VERDICT_OUT_OF_TIME) / 1e3 - KILL_WALL_MS;
	say("end of a loop after its deadline, p50", part_of(ms, KILLS, 0.5), "ms", 2);
	say("end of a loop after its deadline, p99", part_of(ms, KILLS, 0.99), "ms", 0);
	runner_close(runner);
}

/* Ten that share the machine, one task each at a time; how long the slowest of a hundred takes. */
static double p99_of_ten(struct runner *runners[NEIGHBOURS])
{
	static double ms[NEIGHBOURS * NEIGHBOUR_ROUNDS];
	struct run_spec spec = { .input = SLICE(INPUT), .egress = -1 };
	struct run *runs[NEIGHBOURS];
	struct buf detail = { 0 };
	size_t count = 0;

	for (size_t round = 0; round < NEIGHBOUR_ROUNDS; round++) {
		for (size_t i = 0; i < NEIGHBOURS; i++) {
			int64_t started_us = clock_mono_us();

			if (runner_start(runners[i], &spec, &runs[i], &detail) != OK)
				die(buf_str(&detail));
			run_wait(runs[i]);
			ms[count++] = (double)(clock_mono_us() - started_us) / 1e3;
			run_destroy(runs[i]);
		}
	}
	return part_of(ms, count, 0.99);
}

static void measure_neighbours(const struct contract *contract)
{
	struct runner *runners[NEIGHBOURS], *looping;
	struct run_spec spec = { .input = SLICE(INPUT), .egress = -1 };
	struct contract endless = *contract;
	struct buf detail = { 0 };
	struct run *loop = NULL;
	double alone_ms, beside_ms;

	for (size_t i = 0; i < NEIGHBOURS; i++)
		runners[i] = open_runner("echo", contract);
	p99_of_ten(runners);
	alone_ms = p99_of_ten(runners);
	endless.limits.wall_ms = 600000;
	looping = open_runner("loop_by_time", &endless);
	if (runner_start(looping, &spec, &loop, &detail) != OK)
		die(buf_str(&detail));
	runner_step(looping);
	clock_sleep_us(200000);
	runner_step(looping);
	beside_ms = p99_of_ten(runners);
	say("ten honest guests alone, p99", alone_ms, "ms", 0);
	say("  beside one in an endless loop, times that", beside_ms / alone_ms, "x", 1.5);
	run_destroy(loop);
	runner_close(looping);
	for (size_t i = 0; i < NEIGHBOURS; i++)
		runner_close(runners[i]);
}

/* ---- others ---------------------------------------------------------------------------------- */

/* Starts the program with the input on a pipe, and waits for its output and its end. */
static double start_once(char *const argv[])
{
	posix_spawn_file_actions_t actions;
	int in[2], out[2], status = 1;
	int64_t started_us = clock_mono_us();
	char bytes[256];
	ssize_t got, len = 0;
	pid_t pid;

	if (pipe(in) != 0 || pipe(out) != 0)
		die("no descriptor is left");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_addclose(&actions, in[1]);
	posix_spawn_file_actions_addclose(&actions, out[0]);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
		die(argv[0]);
	close(in[0]);
	close(out[1]);
	if (write(in[1], INPUT, strlen(INPUT)) < 0)
		die("the program does not read");
	close(in[1]);
	while ((got = read(out[0], bytes, sizeof(bytes))) > 0)
		len += got;
	close(out[0]);
	waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	if (status != 0 || len < (ssize_t)strlen(INPUT))
		return -1;
	return (double)(clock_mono_us() - started_us) / 1e3;
}

static void measure_other(const char *what, char *const argv[], double ours_ms)
{
	double ms[STARTS];
	char text[80];

	for (size_t i = 0; i < STARTS; i++) {
		ms[i] = start_once(argv);
		if (ms[i] < 0) {
			printf("  %s: not on this machine\n", what);
			return;
		}
	}
	snprintf(text, sizeof(text), "%s started for the task, p50", what);
	say(text, part_of(ms, STARTS, 0.5), "ms", 0);
	snprintf(text, sizeof(text), "  times ours");
	say(text, part_of(ms, STARTS, 0.5) / ours_ms, "x", 0);
}

static void measure_others(double ours_ms)
{
	static char script[] = "process.stdin.on('data', d => process.stdout.write(d))";
	static char program[] = "import sys; sys.stdout.write(sys.stdin.read())";

	measure_other("cat", (char *[]){ (char[]){ "cat" }, NULL }, ours_ms);
	measure_other("node", (char *[]){ (char[]){ "node" }, (char[]){ "-e" }, script, NULL },
		      ours_ms);
	measure_other("python3", (char *[]){ (char[]){ "python3" }, (char[]){ "-c" }, program, NULL },
		      ours_ms);
}

int main(int argc, char **argv)
{
	struct contract contract = contract_default();

	if (argc != 4) {
		fprintf(stderr, "usage: chassis_bench IF_CHASSIS GUESTS FOLDER\n");
		return 2;
	}
	chassis = argv[1];
	guests = argv[2];
	snprintf(cache, sizeof(cache), "%s/modules", argv[3]);
	snprintf(key_file, sizeof(key_file), "%s/chassis.key", argv[3]);
	signal(SIGPIPE, SIG_IGN);
	contract.name = SLICE("bench");
	contract.limits.fuel = INT64_MAX;
	printf("chassis\n");
	measure_instances(&contract);
	measure_calls(&contract);
	measure_compiling(&contract);
	measure_kills(contract);
	measure_neighbours(&contract);
	measure_others(measure_tasks(&contract));
	return 0;
}
