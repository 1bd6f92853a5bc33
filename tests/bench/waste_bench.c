/*
 * How much money is wasted on attempts that resolve nothing.
 *
 * usage: waste_bench [--model] IF_COORDINATOR FOLDER SVG [DATA]
 *
 * DATA is a table of what real workers did with real tasks (waste/runs.h).
 * The tasks come one at a time, in 30 random orders, to a daemon that knows
 * nothing at first and to which the workers were registered in the table's
 * order; whoever gets a task reports what the table says of it. One that
 * failed comes again, to somebody else, behind those that nobody has tried. A population
 * that is made up follows (waste/society.h), and a plot of it goes to SVG.
 * With --model the governor's functions decide without a daemon, and the
 * figures are the same.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "load/figures.h"
#include "waste/plot.h"
#include "waste/runs.h"
#include "waste/society.h"

#define ORDERS 30
#define RANDOM_ROUNDS 10	/* of chance, for each order: its mean is what counts */
#define HINDSIGHT_MOST 40	/* agents of which every order of three is tried */
#define SEED 20251222
#define WINDOW 200		/* jobs that a point of the plot looks back on */
#define POINTS 150

static struct {
	const char *coordinator, *folder;
	bool is_model;
} setting;

static const double limits[ATTEMPTS_MOST + 1] = { [1] = 0.075, [3] = 0.12 };

/* ---- any play ------------------------------------------------------------------------------- */

static struct tally govern(const struct play *play, bool is_model, attempt_fn *on_attempt,
			   void *context)
{
	struct model *model = NULL;
	struct office *office = NULL;
	struct tally tally;
	struct desk desk;

	if (is_model) {
		model = model_open();
		desk = desk_of_model(model);
	} else {
		office = office_open(setting.coordinator, setting.folder);
		desk = desk_of_office(office);
	}
	tally = play_through(play, &desk, on_attempt, context);
	model_close(model);
	office_close(office);
	return tally;
}

static struct tally leave_to_chance(const struct play *play, uint64_t seed, uint32_t rounds,
				    attempt_fn *on_attempt, void *context)
{
	struct chance chance = { .state = seed };
	struct desk desk = desk_of_chance(&chance);
	struct tally sum = { 0 };

	for (uint32_t i = 0; i < rounds; i++) {
		struct tally one = play_through(play, &desk, on_attempt, context);

		tally_add(&sum, &one);
	}
	sum.spent_usd /= rounds;
	sum.wasted_usd /= rounds;
	sum.resolved /= rounds;
	return sum;
}

static void write_head(void)
{
	printf("%-36s %8s %8s %9s %9s %11s\n", "", "spent $", "wasted $", "of random", "resolved",
	       "$/resolved");
}

static void write_row(const char *name, const struct tally *sum, const struct tally *random,
		      double plays)
{
	printf("%-36s %8.2f %8.2f %7.1f %% %9.1f %11.4f\n", name, sum->spent_usd / plays,
	       sum->wasted_usd / plays, 100 * sum->wasted_usd / random->spent_usd,
	       sum->resolved / plays, sum->resolved > 0 ? sum->spent_usd / sum->resolved : 0.0);
}

/* ---- what real workers did ------------------------------------------------------------------ */

static struct attempt look_up(const void *context, uint32_t worker, const struct job *job,
			      uint32_t at)
{
	(void)at;
	return *runs_at(context, job->task, worker);
}

/* The same table with its agents in another order. */
struct shuffled {
	const struct runs *runs;
	uint32_t *agents;
};

static struct attempt look_up_shuffled(const void *context, uint32_t worker, const struct job *job,
				       uint32_t at)
{
	const struct shuffled *shuffled = context;

	(void)at;
	return *runs_at(shuffled->runs, job->task, shuffled->agents[worker]);
}

/* By dollars per success; for tables with too many agents to try all orders. */
static uint32_t shortlist(const struct runs *runs, uint32_t *agents)
{
	double *usd = alloc_zero(runs->agent_count, sizeof(*usd));
	uint32_t count = 0;

	for (uint32_t agent = 0; agent < runs->agent_count; agent++) {
		double spent = 0, resolved = 0.01;
		uint32_t at = count < HINDSIGHT_MOST ? count++ : count - 1;

		for (uint32_t task = 0; task < runs->task_count; task++) {
			spent += (double)runs_at(runs, task, agent)->cost_nanousd;
			resolved += runs_at(runs, task, agent)->resolved;
		}
		usd[agent] = spent / resolved;
		if (at == HINDSIGHT_MOST - 1 && agent > at && usd[agents[at]] <= usd[agent])
			continue;
		for (; at > 0 && usd[agents[at - 1]] > usd[agent]; at--)
			agents[at] = agents[at - 1];
		agents[at] = agent;
	}
	free(usd);
	return count;
}

static struct tally follow(const struct runs *runs, const uint32_t *order, uint32_t attempts)
{
	struct tally tally = { 0 };

	for (uint32_t task = 0; task < runs->task_count; task++) {
		for (uint32_t i = 0; i < attempts; i++) {
			const struct attempt *attempt = runs_at(runs, task, order[i]);
			double usd = (double)attempt->cost_nanousd / 1e9;

			tally.spent_usd += usd;
			tally.resolved += attempt->resolved;
			if (attempt->resolved)
				break;
			tally.wasted_usd += usd;
		}
	}
	return tally;
}

/* The fixed order that wastes least of those that resolve as much as chance does. */
static struct tally hindsight(const struct runs *runs, uint32_t attempts, double resolved)
{
	uint32_t agents[HINDSIGHT_MOST], count = shortlist(runs, agents);
	uint32_t combinations = attempts == 1 ? count : count * count * count;
	struct tally best = { 0 };

	for (uint32_t i = 0; i < combinations; i++) {
		uint32_t order[ATTEMPTS_MOST] = {
			agents[i % count], agents[i / count % count], agents[i / count / count],
		};
		struct tally tally;

		if (attempts > 1 && (order[0] == order[1] || order[0] == order[2] ||
				     order[1] == order[2]))
			continue;
		tally = follow(runs, order, attempts);
		if (tally.resolved >= resolved &&
		    (best.resolved < 1 || tally.wasted_usd < best.wasted_usd))
			best = tally;
	}
	return best;
}

struct real {
	struct tally random, governed, shuffled, oracle;
};

static void replay_order(const struct runs *runs, struct play *play, uint64_t seed,
			 struct real *sums)
{
	struct chance chance = { .state = seed };
	struct shuffled shuffled = { runs, alloc_zero(runs->agent_count, sizeof(uint32_t)) };
	struct desk oracle = desk_of_oracle();
	struct tally tally = leave_to_chance(play, seed, RANDOM_ROUNDS, NULL, NULL);

	tally_add(&sums->random, &tally);
	tally = govern(play, setting.is_model, NULL, NULL);
	tally_add(&sums->governed, &tally);
	tally = play_through(play, &oracle, NULL, NULL);
	tally_add(&sums->oracle, &tally);
	for (uint32_t i = 0; i < runs->agent_count; i++)
		shuffled.agents[i] = i;
	chance_shuffle(&chance, shuffled.agents, runs->agent_count);
	play->attempt = look_up_shuffled;
	play->context = &shuffled;
	tally = govern(play, true, NULL, NULL);
	tally_add(&sums->shuffled, &tally);
	play->attempt = look_up;
	play->context = runs;
	free(shuffled.agents);
}

static void judge(const struct real *sums, uint32_t attempts)
{
	double part = sums->governed.wasted_usd / sums->random.spent_usd;
	bool is_held = part <= limits[attempts] &&
		       sums->governed.resolved >= sums->random.resolved;

	printf("  wasted %.1f %% of what random spends (limit %.1f %%), resolved %+.1f against it: "
	       "%s\n", 100 * part, 100 * limits[attempts],
	       (sums->governed.resolved - sums->random.resolved) / ORDERS,
	       is_held ? "held" : "NOT HELD");
}

static void replay(const struct runs *runs, const struct worker *workers, uint32_t attempts)
{
	struct chance chance = { .state = SEED };
	uint32_t *order = alloc_zero(runs->task_count, sizeof(*order));
	struct job *jobs = alloc_zero(runs->task_count, sizeof(*jobs));
	struct play play = {
		.workers = workers, .worker_count = runs->agent_count,
		.jobs = jobs, .job_count = runs->task_count, .attempts = attempts,
			.attempt = look_up, .context = runs, .retries_wait = true,
	};
	struct real sums = { 0 };
	struct tally fixed;

	for (uint32_t i = 0; i < runs->task_count; i++)
		order[i] = i;
	for (uint32_t round = 0; round < ORDERS; round++) {
		chance_shuffle(&chance, order, runs->task_count);
		for (uint32_t i = 0; i < runs->task_count; i++)
			jobs[i] = (struct job){ .task = order[i], .needs = "[]" };
		replay_order(runs, &play, SEED + round, &sums);
	}
	fixed = hindsight(runs, attempts, sums.random.resolved / ORDERS);
	printf("\n%u attempt%s, mean of %d orders\n", attempts, attempts == 1 ? "" : "s", ORDERS);
	write_head();
	write_row("random", &sums.random, &sums.random, ORDERS);
	write_row(setting.is_model ? "governor (functions)" : "governor (daemon)", &sums.governed,
		  &sums.random, ORDERS);
	write_row("  the same, workers shuffled", &sums.shuffled, &sums.random, ORDERS);
	fixed.spent_usd *= ORDERS;
	fixed.wasted_usd *= ORDERS;
	fixed.resolved *= ORDERS;
	write_row("best fixed order, of hindsight", &fixed, &sums.random, ORDERS);
	write_row("oracle", &sums.oracle, &sums.random, ORDERS);
	judge(&sums, attempts);
	free(order);
	free(jobs);
}

static void replay_real(const char *path)
{
	struct worker *workers;
	struct runs runs;

	runs_load(&runs, path);
	printf("%u tasks, %u agents", runs.task_count, runs.agent_count);
	if (runs.dropped)
		printf("; %u tasks were left out, because not every agent has tried them",
		       runs.dropped);
	printf("\n");
	workers = alloc_zero(runs.agent_count, sizeof(*workers));
	for (uint32_t i = 0; i < runs.agent_count; i++)
		workers[i] = (struct worker){ .name = runs.agents[i], .skills = "[]",
					      .declared_ppm = -1 };
	replay(&runs, workers, 1);
	replay(&runs, workers, ATTEMPTS_MOST);
	free(workers);
	runs_finish(&runs);
}

/* ---- a population that is made up ----------------------------------------------------------- */

/* What each job cost, and to which kind of worker its first attempt went. */
struct history {
	const struct society *society;
	double spent[SOCIETY_JOBS], wasted[SOCIETY_JOBS];
	enum character first[SOCIETY_JOBS];
	bool is_given[SOCIETY_JOBS];
};

static void note_history(void *context, uint32_t at, uint32_t worker, const struct attempt *attempt)
{
	struct history *history = context;
	double usd = (double)attempt->cost_nanousd / 1e9;

	if (!history->is_given[at])
		history->first[at] = history->society->members[worker].character;
	history->is_given[at] = true;
	history->spent[at] += usd;
	history->wasted[at] += attempt->resolved ? 0 : usd;
}

static uint32_t place_of(uint32_t point)
{
	return point * (SOCIETY_JOBS - 1) / (POINTS - 1);
}

static void wasted_part(const struct history *history, double values[POINTS])
{
	for (uint32_t point = 0; point < POINTS; point++) {
		uint32_t last = place_of(point);
		double spent = 1e-9, wasted = 0;

		for (uint32_t at = last < WINDOW ? 0 : last - WINDOW; at <= last; at++) {
			spent += history->spent[at];
			wasted += history->wasted[at];
		}
		values[point] = wasted / spent;
	}
}

static void part_of(const struct history *history, enum character character, double values[POINTS])
{
	for (uint32_t point = 0; point < POINTS; point++) {
		uint32_t last = place_of(point), first = last < WINDOW ? 0 : last - WINDOW;
		double count = 0;

		for (uint32_t at = first; at <= last; at++)
			count += history->first[at] == character;
		values[point] = count / (last - first + 1);
	}
}

static void plot_society(const char *path, const struct history *random,
			 const struct history *governed)
{
	static double waste[2][POINTS], shares[CHARACTER_COUNT][POINTS];
	struct plot plots[2] = {
		{ .title = "Money that is wasted", .x_name = "jobs",
		  .y_name = "of the last 200 jobs' money", .x_last = SOCIETY_JOBS,
		  .point_count = POINTS, .line_count = 2,
		  .lines = { { "random", waste[0] }, { "governor", waste[1] } } },
		{ .title = "Who is given the jobs by the governor", .x_name = "jobs",
		  .y_name = "of the last 200 jobs", .x_last = SOCIETY_JOBS,
		  .point_count = POINTS, .line_count = CHARACTER_COUNT },
	};

	wasted_part(random, waste[0]);
	wasted_part(governed, waste[1]);
	for (uint32_t i = 0; i < CHARACTER_COUNT; i++) {
		part_of(governed, i, shares[i]);
		plots[1].lines[i] = (struct plot_line){ character_names[i], shares[i] };
	}
	plot_write(path, plots, 2);
}

static double half_of(const struct history *history, enum character character, uint32_t half)
{
	double count = 0;

	for (uint32_t i = 0; i < SOCIETY_JOBS / 2; i++)
		count += history->first[half * (SOCIETY_JOBS / 2) + i] == character;
	return 100 * count / (SOCIETY_JOBS / 2);
}

/* Dollars more than the oracle would have paid for what was resolved. */
static double regret_of(const struct tally *tally, const struct tally *oracle)
{
	return tally->spent_usd - tally->resolved * oracle->spent_usd / oracle->resolved;
}

static void run_society(uint32_t attempts, const char *svg)
{
	static struct society society;
	static struct history random_history, governed_history;
	struct play play = society_make(&society, SEED, attempts);
	struct desk oracle_desk = desk_of_oracle();
	struct tally random, governed, oracle;

	random_history = governed_history = (struct history){ .society = &society };
	random = leave_to_chance(&play, SEED, 1, note_history, &random_history);
	governed = govern(&play, setting.is_model, note_history, &governed_history);
	oracle = play_through(&play, &oracle_desk, NULL, NULL);
	printf("\nA made-up population: %d workers, %d jobs of %d trades, %u attempt%s\n",
	       SOCIETY_WORKERS, SOCIETY_JOBS, SOCIETY_TRADES, attempts, attempts == 1 ? "" : "s");
	write_head();
	write_row("random, without the governor", &random, &random, 1);
	write_row("governor", &governed, &random, 1);
	write_row("oracle", &oracle, &random, 1);
	printf("  wasted of its own money: %.1f %% without, %.1f %% with the governor\n"
	       "  regret, dollars beyond the oracle's for the same: $%.0f without, $%.0f with\n",
	       100 * random.wasted_usd / random.spent_usd,
	       100 * governed.wasted_usd / governed.spent_usd, regret_of(&random, &oracle),
	       regret_of(&governed, &oracle));
	for (uint32_t i = 0; i < CHARACTER_COUNT; i++)
		printf("  jobs that go to %-14s %5.1f %% of the first half, %5.1f %% of the second\n",
		       character_names[i], half_of(&governed_history, i, 0),
		       half_of(&governed_history, i, 1));
	if (svg) {
		plot_society(svg, &random_history, &governed_history);
		printf("  plot: %s\n", svg);
	}
}

int main(int argc, char **argv)
{
	const char *data;

	if (argc > 1 && strcmp(argv[1], "--model") == 0) {
		setting.is_model = true;
		argc--;
		argv++;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: waste_bench [--model] IF_COORDINATOR FOLDER SVG [DATA]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	setting.coordinator = argv[1];
	setting.folder = argv[2];
	data = argc > 4 ? argv[4] : NULL;
	if (data)
		replay_real(data);
	run_society(1, NULL);
	run_society(ATTEMPTS_MOST, argv[3]);
	return EXIT_SUCCESS;
}
