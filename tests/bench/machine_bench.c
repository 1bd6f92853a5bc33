/*
 * What the machine takes by itself: commands decided and folded, and the
 * record hashed, without HTTP, JSON or a disk.
 *
 * usage: machine_bench [TASKS [COMMANDS_A_RECORD]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "fabric/machine.h"
#include "load/figures.h"
#include "sys/clock.h"
#include "crypto/hash.h"

#define SWARMS 64
#define NOW_US 1700000000000000

static struct machine machine;
static struct machine_answer answer;
static int64_t now_us = NOW_US;

static void submit(const struct command *command)
{
	now_us += 10;
	if (!machine_submit(&machine, command, now_us, 1, &answer) || answer.err != OK)
		die("the machine refused");
}

static struct slice named(const char *prefix, size_t number, char text[32])
{
	snprintf(text, 32, "%s%zu", prefix, number);
	return slice_of_str(text);
}

static void add_swarms(void)
{
	struct slice skill = SLICE("code:c");
	char text[32];

	for (size_t i = 0; i < SWARMS; i++)
		submit(&(struct command){
			.type = COMMAND_SWARM_REGISTER, .actor = SLICE("bench"),
			.args.swarm_register = { .swarm = named("w-", i, text),
						 .capabilities = { &skill, 1 }, .slots = 1,
						 .presence_ms = LIMIT_LEASE_MOST_MS },
		});
}

static void add_tasks(size_t count)
{
	struct slice need = SLICE("code:c");
	char text[32];

	submit(&(struct command){ .type = COMMAND_BOARD_CREATE, .actor = SLICE("bench"),
				  .args.board_create.board = SLICE("b") });
	for (size_t i = 0; i < count; i++)
		submit(&(struct command){
			.type = COMMAND_TASK_ADD, .actor = SLICE("bench"),
			.args.task_add = { .board = SLICE("b"), .task = named("t", i, text),
					   .title = SLICE("Mend the parser"), .needs = { &need, 1 },
					   .est_cost_usd = -1, .max_cost_usd = -1,
					   .max_attempts = LIMIT_ATTEMPTS_DEFAULT },
		});
}

/* The number behind a key of the last answer. */
static struct slice member(const char *key)
{
	struct slice body = buf_slice(&answer.body);
	const char *at = memmem(body.ptr, body.len, key, strlen(key));

	if (!at)
		die("the answer lacks a member");
	return slice_from(body, (size_t)(at - body.ptr) + strlen(key));
}

static void cycle(size_t number)
{
	char swarm[32], task[128];
	struct slice rest;
	int64_t fence;

	submit(&(struct command){ .type = COMMAND_TASK_NEXT, .actor = SLICE("bench"),
				  .args.task_next = { .swarm = named("w-", number % SWARMS, swarm),
						      .board = SLICE("b") } });
	rest = member("\"task\":\"");
	rest = slice_cut(&rest, '"');
	memcpy(task, rest.ptr, rest.len);
	fence = strtoll(member("\"fence\":").ptr, NULL, 10);
	submit(&(struct command){ .type = COMMAND_TASK_COMPLETE, .actor = SLICE("bench"),
				  .args.task_complete = { .board = SLICE("b"),
							  .task = slice_of(task, rest.len),
							  .fence = fence, .cost_usd = -1,
							  .confidence = -1,
							  .result = SLICE("{\"ok\":true}") } });
}

/* ---- ranks ---------------------------------------------------------------------------------- */

#define WAITING 10000
#define ASSIGNED 100000
#define RANKED 1000

/* One of many that wait asks again as soon as it is done. */
static void ask(size_t swarm)
{
	char text[32];

	now_us += 10;
	if (machine_submit(&machine, &(struct command){
		    .type = COMMAND_TASK_NEXT, .actor = SLICE("bench"),
		    .args.task_next = { .swarm = named("r-", swarm, text),
					.wait_ms = LIMIT_WAIT_MOST_MS, .board = SLICE("r") } },
		    now_us, swarm + 2, &answer))
		die("nothing was to be had yet");
}

/* A task comes, the best of those who wait gets it, completes it for a dime and waits again. */
static void assign(size_t number)
{
	struct slice need = SLICE("code:rank");
	struct machine_answer given;
	char text[32], task[128];
	struct slice rest;
	int64_t fence;

	submit(&(struct command){
		.type = COMMAND_TASK_ADD, .actor = SLICE("bench"),
		.args.task_add = { .board = SLICE("r"), .task = named("t", number, text),
				   .needs = { &need, 1 }, .est_cost_usd = -1, .max_cost_usd = -1,
				   .max_attempts = LIMIT_ATTEMPTS_DEFAULT } });
	if (!machine_pop_answer(&machine, &given))
		die("nobody got the task");
	buf_clear(&answer.body);
	buf_add_slice(&answer.body, buf_slice(&given.body));
	rest = member("\"task\":\"");
	rest = slice_cut(&rest, '"');
	memcpy(task, rest.ptr, rest.len);
	fence = strtoll(member("\"fence\":").ptr, NULL, 10);
	submit(&(struct command){ .type = COMMAND_TASK_COMPLETE, .actor = SLICE("bench"),
				  .args.task_complete = { .board = SLICE("r"),
							  .task = slice_of(task, rest.len),
							  .fence = fence, .cost_usd = 100000000,
							  .confidence = -1 } });
	ask(given.ticket - 2);
	buf_finish(&given.body);
}

/* The whole order of them, and who is the best of it, each time after an outcome has changed it. */
static void rank_whole(void)
{
	static uint32_t order[WAITING];
	struct slice need = SLICE("code:rank");
	uint32_t needs = capability_set_of(&machine.state.capabilities,
					   (struct slice_list){ &need, 1 });
	int64_t order_us = 0, best_us = 0, begun_us;

	for (size_t i = 1; i <= RANKED; i++) {
		assign(ASSIGNED + i);
		begun_us = clock_mono_us();
		if (rank_best(&machine.rank, needs, 0, NULL, NULL) == RANK_NONE)
			die("nobody is the best");
		best_us += clock_mono_us() - begun_us;
		begun_us = clock_mono_us();
		if (rank_list(&machine.rank, needs, 0, order, WAITING) != WAITING)
			die("not all are ranked");
		order_us += clock_mono_us() - begun_us;
	}
	printf("  %d swarms ranked for a task: the best in %.2f us, all in order in %.1f us\n",
	       WAITING, (double)best_us / RANKED, (double)order_us / RANKED);
}

static void rank(void)
{
	struct slice skill = SLICE("code:rank");
	int64_t begun_us, left_us = 0;
	char text[32];

	submit(&(struct command){ .type = COMMAND_BOARD_CREATE, .actor = SLICE("bench"),
				  .args.board_create.board = SLICE("r") });
	for (size_t i = 0; i < WAITING; i++) {
		submit(&(struct command){
			.type = COMMAND_SWARM_REGISTER, .actor = SLICE("bench"),
			.args.swarm_register = { .swarm = named("r-", i, text),
						 .capabilities = { &skill, 1 }, .slots = 1,
						 .presence_ms = LIMIT_LEASE_MOST_MS },
		});
		ask(i);
	}
	assign(0);
	begun_us = clock_mono_us();
	for (size_t i = 1; i <= ASSIGNED; i++) {
		assign(i);
		if (i % 64 == 0)
			machine_batch_taken(&machine);
	}
	left_us = clock_mono_us() - begun_us;
	printf("  of %d that wait, the best gets each task: %.0f assignments/s, %.2f us from "
	       "task to wait\n", WAITING, ASSIGNED * 1e6 / (double)left_us,
	       (double)left_us / ASSIGNED);
	rank_whole();
}

static void take_batch(void)
{
	(void)hash_of(machine_batch(&machine));
	machine_batch_taken(&machine);
}

int main(int argc, char **argv)
{
	size_t tasks = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
	size_t a_record = argc > 2 ? strtoul(argv[2], NULL, 10) : 64;
	int64_t begun_us;
	double took_s;

	if (tasks == 0 || a_record == 0)
		die("numbers from 1");
	machine_init(&machine, 1, SIZE_MAX);
	machine_begin_reign(&machine, 1, SLICE("bench"), now_us);
	add_swarms();
	begun_us = clock_mono_us();
	add_tasks(tasks);
	took_s = (double)(clock_mono_us() - begun_us) / 1e6;
	printf("machine, %zu tasks\n  add task          %9.0f /s  %6.2f us\n", tasks,
	       (double)tasks / took_s, took_s * 1e6 / (double)tasks);
	take_batch();
	begun_us = clock_mono_us();
	for (size_t i = 0; i < tasks; i++) {
		cycle(i);
		if (i % a_record == 0)
			take_batch();
	}
	took_s = (double)(clock_mono_us() - begun_us) / 1e6;
	printf("  claim -> complete %9.0f /s  %6.2f us\n", (double)tasks / took_s,
	       took_s * 1e6 / (double)tasks);
	rank();
	machine_finish(&machine);
	buf_finish(&answer.body);
	return EXIT_SUCCESS;
}
