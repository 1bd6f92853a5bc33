/*
 * Runs the simulator over many seeds: IF_SIM_SEEDS says how many,
 * IF_SIM_SEED=n runs one and tells everything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <check.h>

#include "sim/sim.h"

#define SEEDS_DEFAULT 200
#define SEEDS_A_TEST 10

static struct sim_totals *totals;
static uint64_t seed_count = SEEDS_DEFAULT;

static void tell(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

START_TEST(every_seed_is_safe_and_comes_to_an_end)
{
	uint64_t first = (uint64_t)_i * SEEDS_A_TEST;

	for (uint64_t seed = first; seed < first + SEEDS_A_TEST && seed < seed_count; seed++)
		sim_run(seed, false, totals);
}
END_TEST

static void print_totals(void)
{
	static const char *const bus_names[] = {
		[BUS_FAULT_LOST_ACK] = "lost acknowledgements",
		[BUS_FAULT_LATE_COMMIT] = "late commits",
		[BUS_FAULT_LOST] = "lost appends", [BUS_FAULT_WRONG_SEQ] = "wrong numbers",
		[BUS_FAULT_FULL] = "full", [BUS_FAULT_IO] = "I/O errors",
		[BUS_FAULT_DIFFERS] = "flipped bits",
	};
	static const char *const names[] = {
		[SIM_CRASH] = "crashes", [SIM_CRASH_IN_APPEND] = "crashes in doubt",
		[SIM_TAKEOVER] = "takeovers", [SIM_CLOCK_JUMP] = "clock jumps",
		[SIM_LOST_REQUEST] = "lost requests", [SIM_LOST_REPLY] = "lost answers",
		[SIM_LOST_CONNECTION] = "lost connections",
		[SIM_REPEATED_REQUEST] = "repeated requests",
	};

	printf("%llu seeds, %.1f simulated hours, %llu steps: %llu records, %llu events, "
	       "%llu acknowledged, %llu refused, %llu rebuilt, %llu snapshots, %llu trims\n",
	       (unsigned long long)totals->seeds, (double)totals->sim_us / 3.6e9,
	       (unsigned long long)totals->steps, (unsigned long long)totals->records,
	       (unsigned long long)totals->events, (unsigned long long)totals->acknowledged,
	       (unsigned long long)totals->refused, (unsigned long long)totals->replays,
	       (unsigned long long)totals->snapshots, (unsigned long long)totals->trims);
	for (int i = 0; i < SIM_FAULT_COUNT; i++)
		printf("%s%llu %s", i ? ", " : "faults: ",
		       (unsigned long long)totals->faults[i], names[i]);
	for (int i = 0; i < BUS_FAULT_COUNT; i++)
		if (i < (int)ARRAY_LEN(bus_names) && bus_names[i])
			printf(", %llu %s", (unsigned long long)totals->bus_faults[i],
			       bus_names[i]);
	putchar('\n');
}

int main(void)
{
	const char *one = getenv("IF_SIM_SEED");
	const char *many = getenv("IF_SIM_SEEDS");
	Suite *suite = suite_create("sim");
	TCase *tests = tcase_create("seeds");
	SRunner *runner;
	int failed;

	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (totals == MAP_FAILED)
		return 1;
	panic_set_handler(tell);
	if (one) {
		sim_run(strtoull(one, NULL, 10), true, totals);
		print_totals();
		return 0;
	}
	if (many)
		seed_count = strtoull(many, NULL, 10);
	tcase_add_loop_test(tests, every_seed_is_safe_and_comes_to_an_end, 0,
			    (int)((seed_count + SEEDS_A_TEST - 1) / SEEDS_A_TEST));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	print_totals();
	return failed != 0 || seed_count == 0;
}
