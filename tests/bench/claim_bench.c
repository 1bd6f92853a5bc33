/*
 * What it costs to hand out tasks, beside other servers that could do it.
 *
 * usage: claim_bench [--json] [--rounds N] [--seconds S] [--clients N,N,...] [--waiting N]
 *                    [--pushes N] [--only claim|push] NAME=ADDRESS,PID...
 *
 * NAME is infrafabric, infrafabric-unix, redis, postgres or beanstalkd, ADDRESS
 * a port of loopback or the path of a socket, PID the server's process. NAME:WORD
 * tells two of one kind apart: two builds of the daemon, say. All of
 * them take turns in every round, so that whatever else the machine does
 * at that time hits them alike; the figures are medians over the rounds.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/ensure.h"
#include "base/json.h"
#include "load/load.h"

#define TARGETS_MAX 8
#define ROUNDS_MAX 32
#define SIZES_MAX 8
#define TRIAL_S 0.2		/* to learn how many tasks a run will take */
#define TASKS_SPARE 1.4		/* as many more than it takes if nothing changes */
#define TASKS_LEAST 600

struct kind {
	const char *name;
	const struct backend *backend;
};

static const struct kind kinds[] = {
	{ "infrafabric", &backend_infrafabric },
	{ "infrafabric-unix", &backend_infrafabric },
	{ "redis", &backend_redis },
	{ "postgres", &backend_postgres },
	{ "beanstalkd", &backend_beanstalkd },
};

/* What DESIGN promises of our figures beside the others'; 0: nothing. */
static double budget_ratio(const char *peer, unsigned clients)
{
	if (strcmp(peer, "redis") == 0)
		return clients == 1 ? 1.2 : clients == 64 ? 1.5 : 0;
	return strcmp(peer, "postgres") == 0 && clients == 64 ? 7 : 0;
}

enum figure { PER_S, P50, P99, CPU, MEMORY, FIGURES };

struct bench {
	struct target targets[TARGETS_MAX];
	double per_s[TARGETS_MAX];	/* as last measured, with as many clients */
	size_t target_count;
	unsigned sizes[SIZES_MAX];
	size_t size_count;
	size_t rounds, waiting, pushes;
	double seconds;
	bool is_json, claims, pushes_too;
	struct buf out;
	struct json_writer json;
};

/* ---- tables -------------------------------------------------------------------------------- */

static void put_figure(struct bench *bench, const char *key, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4f", value);
	json_put_raw(&bench->json, key, slice_of_str(text));
}

static void show_cycles(struct bench *bench, const struct target *target, unsigned clients,
			const double figures[FIGURES], double ratio)
{
	double budget = budget_ratio(target->name, clients);
	char beside[64] = "";

	if (bench->is_json) {
		json_object(&bench->json);
		json_put_str(&bench->json, "server", target->name);
		json_put_i64(&bench->json, "clients", clients);
		put_figure(bench, "cycles_per_s", figures[PER_S]);
		put_figure(bench, "claim_p50_ms", figures[P50]);
		put_figure(bench, "claim_p99_ms", figures[P99]);
		put_figure(bench, "cpu_s_per_1000", figures[CPU]);
		put_figure(bench, "memory_mb", figures[MEMORY]);
		json_put_i64(&bench->json, "tasks", (int64_t)target->task_count);
		put_figure(bench, "infrafabric_ratio", ratio);
		json_object_end(&bench->json);
		return;
	}
	if (budget > 0)
		snprintf(beside, sizeof(beside), "  (budget %.1fx)", budget);
	printf("  %-17s %8.0f   %8.3f %8.3f   %8.4f  %7.1f %8llu   %6.2fx%s\n", target->name,
	       figures[PER_S], figures[P50], figures[P99], figures[CPU], figures[MEMORY],
	       (unsigned long long)target->task_count, ratio, beside);
}

static uint64_t tasks_for(double per_s, double seconds)
{
	return (uint64_t)(per_s * seconds * TASKS_SPARE) + TASKS_LEAST;
}

static void run_size(struct bench *bench, unsigned clients)
{
	static double values[TARGETS_MAX][FIGURES][ROUNDS_MAX];
	double figures[TARGETS_MAX][FIGURES];

	for (size_t i = 0; i < bench->target_count; i++)
		bench->per_s[i] = load_cycles(&bench->targets[i], clients, TRIAL_S,
					      tasks_for(bench->per_s[i], 2 * TRIAL_S)).per_s;
	for (size_t round = 0; round < bench->rounds; round++) {
		for (size_t i = 0; i < bench->target_count; i++) {
			struct cycles cycles = load_cycles(&bench->targets[i], clients,
							   bench->seconds,
							   tasks_for(bench->per_s[i],
								     bench->seconds));

			bench->per_s[i] = cycles.per_s;
			values[i][PER_S][round] = cycles.per_s;
			values[i][P50][round] = cycles.claim_p50_ms;
			values[i][P99][round] = cycles.claim_p99_ms;
			values[i][CPU][round] = cycles.cpu_s_per_1000;
			values[i][MEMORY][round] = cycles.memory_mb;
		}
	}
	if (!bench->is_json)
		printf("claim -> complete, %u client%s\n"
		       "  server           cycles/s  claim p50   p99 ms  CPU s/1000  MB with  tasks"
		       "  ours is\n",
		       clients, clients == 1 ? "" : "s");
	for (size_t i = 0; i < bench->target_count; i++) {
		for (size_t figure = 0; figure < FIGURES; figure++)
			figures[i][figure] = median(values[i][figure], bench->rounds);
		show_cycles(bench, &bench->targets[i], clients, figures[i],
			    figures[0][PER_S] / figures[i][PER_S]);
	}
	fflush(stdout);
}

static void run_claims(struct bench *bench)
{
	if (bench->is_json) {
		json_key(&bench->json, "claim");
		json_array(&bench->json);
	}
	for (size_t i = 0; i < bench->size_count; i++)
		run_size(bench, bench->sizes[i]);
	if (bench->is_json)
		json_array_end(&bench->json);
}

static void show_push(struct bench *bench, const struct target *target, size_t count, double p50_ms,
		      double p99_ms)
{
	if (!bench->is_json) {
		printf("  %-17s %8.3f %8.3f   %7zu\n", target->name, p50_ms, p99_ms, count);
		return;
	}
	json_object(&bench->json);
	json_put_str(&bench->json, "server", target->name);
	json_put_i64(&bench->json, "waiting", (int64_t)bench->waiting);
	json_put_i64(&bench->json, "pushes", (int64_t)count);
	put_figure(bench, "p50_ms", p50_ms);
	put_figure(bench, "p99_ms", p99_ms);
	json_object_end(&bench->json);
}

static void run_pushes(struct bench *bench)
{
	static double p50[TARGETS_MAX][ROUNDS_MAX], p99[TARGETS_MAX][ROUNDS_MAX];
	size_t counts[TARGETS_MAX] = { 0 };

	for (size_t round = 0; round < bench->rounds; round++) {
		for (size_t i = 0; i < bench->target_count; i++) {
			struct push push = load_push(&bench->targets[i], (unsigned)bench->waiting,
						     bench->pushes, bench->seconds * 2);

			p50[i][round] = push.p50_ms;
			p99[i][round] = push.p99_ms;
			counts[i] += push.count;
		}
	}
	if (bench->is_json) {
		json_key(&bench->json, "push");
		json_array(&bench->json);
	} else {
		printf("push: a task is created -> one of %zu waiting workers has it, durable\n"
		       "  server              p50 ms   p99 ms    pushes   (budget: p99 0.6 ms)\n",
		       bench->waiting);
	}
	for (size_t i = 0; i < bench->target_count; i++)
		show_push(bench, &bench->targets[i], counts[i], median(p50[i], bench->rounds),
			  median(p99[i], bench->rounds));
	if (bench->is_json)
		json_array_end(&bench->json);
}

/* ---- arguments ----------------------------------------------------------------------------- */

static _Noreturn void usage(const char *what)
{
	fprintf(stderr, "claim_bench: %s; see the head of tests/bench/claim_bench.c\n", what);
	exit(2);
}

static void add_target(struct bench *bench, char *text)
{
	char *address = strchr(text, '='), *pid = address ? strchr(address, ',') : NULL;
	struct target *target = &bench->targets[bench->target_count];

	if (!pid || bench->target_count == TARGETS_MAX)
		usage("a server is NAME=ADDRESS,PID");
	*address++ = '\0';
	*pid++ = '\0';
	target->name = text;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strlen(kinds[i].name) == strcspn(text, ":") &&
		    strncmp(kinds[i].name, text, strlen(kinds[i].name)) == 0)
			target->backend = kinds[i].backend;
	if (!target->backend)
		usage(text);
	target->unix_path = address[0] == '/' ? address : NULL;
	target->port = atoi(address);
	target->pid = atoi(pid);
	if (!target->backend->open) {
		fprintf(stderr, "skip - %s: its client library was not there at build time\n", text);
		*target = (struct target){ 0 };
		return;
	}
	bench->target_count++;
}

static void take_sizes(struct bench *bench, char *text)
{
	bench->size_count = 0;
	for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		int size = atoi(word);

		if (size < 1 || size > 4096 || bench->size_count == SIZES_MAX)
			usage("--clients takes up to 8 numbers from 1 to 4096");
		bench->sizes[bench->size_count++] = (unsigned)size;
	}
}

static size_t number(const char *text, size_t least, size_t most)
{
	size_t value = strtoul(text, NULL, 10);

	if (value < least || value > most)
		usage("a number is out of range");
	return value;
}

static void parse(struct bench *bench, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "rounds", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ "clients", required_argument, NULL, 'c' },
		{ "waiting", required_argument, NULL, 'w' },
		{ "pushes", required_argument, NULL, 'p' },
		{ "only", required_argument, NULL, 'o' }, { NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'j': bench->is_json = true; break;
		case 'r': bench->rounds = number(optarg, 1, ROUNDS_MAX); break;
		case 's': bench->seconds = strtod(optarg, NULL); break;
		case 'c': take_sizes(bench, optarg); break;
		case 'w': bench->waiting = number(optarg, 1, 1000); break;
		case 'p': bench->pushes = number(optarg, 1, 100000); break;
		case 'o':
			bench->claims = strcmp(optarg, "claim") == 0;
			bench->pushes_too = strcmp(optarg, "push") == 0;
			break;
		default: usage("an option is not known");
		}
	}
	while (optind < argc)
		add_target(bench, argv[optind++]);
	if (bench->target_count == 0 || !(bench->seconds > 0))
		usage("nothing to measure");
}

int main(int argc, char **argv)
{
	static struct bench bench = {
		.sizes = { 1, 16, 64, 256 }, .size_count = 4, .rounds = 3, .waiting = 200,
		.pushes = 200, .seconds = 1.2, .claims = true, .pushes_too = true,
	};
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	parse(&bench, argc, argv);
	bench.json = json_begin(&bench.out);
	json_object(&bench.json);
	if (bench.claims)
		run_claims(&bench);
	if (bench.pushes_too)
		run_pushes(&bench);
	json_object_end(&bench.json);
	if (bench.is_json)
		printf("%s\n", buf_str(&bench.out));
	buf_finish(&bench.out);
	return EXIT_SUCCESS;
}
