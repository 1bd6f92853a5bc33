#include "sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "bus/memory.h"
#include "core/command_text.h"

#define SAFETY_STEPS 900
#define LIVENESS_STEPS_MAX 12000
#define COMPARE_EVERY 300

static const char *const fault_names[] = {
	[SIM_CRASH] = "crash",
	[SIM_CRASH_IN_APPEND] = "crash in append",
	[SIM_TAKEOVER] = "takeover",
	[SIM_CLOCK_JUMP] = "clock jump",
	[SIM_LOST_REQUEST] = "lost request",
	[SIM_LOST_REPLY] = "lost reply",
	[SIM_LOST_CONNECTION] = "lost connection",
	[SIM_REPEATED_REQUEST] = "repeated request",
};

void sim_fail(const struct sim *sim, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "IF_SIM_SEED=%llu fails at step %llu: ", (unsigned long long)sim->seed,
		(unsigned long long)sim->steps);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

void sim_send(struct sim *sim, struct packet packet)
{
	if (sim_fault(sim, packet.is_reply ? SIM_LOST_REPLY : SIM_LOST_REQUEST, 30000)) {
		buf_finish(&packet.body);
		return;
	}
	/* Mostly quick, sometimes so late that the client has asked again. */
	packet.due_us = sim->now_us + (int64_t)random_below(&sim->random, 20000);
	if (sim->faults && sim_chance_ppm(sim, 30000))
		packet.due_us += (int64_t)random_below(&sim->random, 8000000);
	sim->packets = alloc_grow(sim->packets, &sim->packet_capacity, sim->packet_count + 1,
				  sizeof(*sim->packets));
	sim->packets[sim->packet_count++] = packet;
}

static void deliver(struct sim *sim)
{
	for (size_t i = 0; i < sim->packet_count;) {
		struct packet packet = sim->packets[i];

		if (packet.due_us > sim->now_us) {
			i++;
			continue;
		}
		/* In whatever order: networks promise none between connections. */
		sim->packets[i] = sim->packets[--sim->packet_count];
		if (packet.is_reply)
			client_take(sim, &sim->clients[packet.client], &packet);
		else
			daemon_take(sim, &sim->daemons[packet.daemon], &packet);
		buf_finish(&packet.body);
	}
}

/* Milliseconds mostly, seconds sometimes, and now and then nothing happens for minutes. */
static void pass_time(struct sim *sim)
{
	sim->now_us += (int64_t)random_below(&sim->random, 10000);
	if (sim_chance_ppm(sim, 50000))
		sim->now_us += (int64_t)random_below(&sim->random, 4000000);
	if (sim_chance_ppm(sim, 4000))
		sim->now_us += (int64_t)random_below(&sim->random, 100000000);
}

static void jump_clock(struct sim *sim)
{
	struct sim_daemon *daemon =
		&sim->daemons[random_below(&sim->random, (uint64_t)sim->daemon_count)];

	if (sim_fault(sim, SIM_CLOCK_JUMP, 3000))
		daemon->skew_us = (int64_t)random_below(&sim->random, 120000000) - 60000000;
}

static void step(struct sim *sim)
{
	sim->steps++;
	pass_time(sim);
	jump_clock(sim);
	deliver(sim);
	for (int i = 0; i < SIM_CLIENTS; i++)
		if (sim_chance_ppm(sim, 500000))
			client_step(sim, &sim->clients[i]);
	for (int i = 0; i < sim->daemon_count; i++)
		daemon_step(sim, &sim->daemons[i]);
	if (sim->steps % 16 == 0)
		observer_look(sim);
}

static void begin(struct sim *sim)
{
	struct bus_fault_plan plan = {
		.seed = sim->seed,
		.ppm = {
			[BUS_FAULT_AT_APPEND] = {
				[BUS_FAULT_LOST_ACK] = 15000, [BUS_FAULT_LATE_COMMIT] = 15000,
				[BUS_FAULT_LOST] = 10000, [BUS_FAULT_WRONG_SEQ] = 5000,
				[BUS_FAULT_FULL] = 8000, [BUS_FAULT_IO] = 8000,
			},
			[BUS_FAULT_AT_RECOVER] = { [BUS_FAULT_IO] = 100000 },
			[BUS_FAULT_AT_SNAPSHOT] = { [BUS_FAULT_FULL] = 10000,
						    [BUS_FAULT_IO] = 10000 },
			[BUS_FAULT_AT_TRIM] = { [BUS_FAULT_IO] = 100000 },
			[BUS_FAULT_AT_READ] = { [BUS_FAULT_IO] = 5000,
						[BUS_FAULT_DIFFERS] = 3000 },
		},
	};

	sim->random = random_of(sim->seed);
	sim->now_us = CLOCK_ZERO_US;
	sim->faults = true;
	sim->engine = bus_memory_create();
	sim->bus = bus_fault_create(sim->engine, &plan);
	sim->daemon_count = 1 + (int)(sim->seed % SIM_DAEMONS_MAX);
	observer_create(sim);
	for (int i = 0; i < sim->daemon_count; i++)
		daemon_init(sim, i);
	for (int i = 0; i < SIM_CLIENTS; i++)
		client_init(sim, i);
}

static void end(struct sim *sim)
{
	struct sim_totals *totals = sim->totals;

	for (int i = 0; i < sim->daemon_count; i++)
		daemon_finish(&sim->daemons[i]);
	for (size_t i = 0; i < sim->packet_count; i++)
		buf_finish(&sim->packets[i].body);
	free(sim->packets);
	totals->seeds++;
	totals->sim_us += (uint64_t)(sim->now_us - CLOCK_ZERO_US);
	totals->steps += sim->steps;
	totals->events += observer_events(sim);
	for (int i = 0; i < BUS_FAULT_COUNT; i++)
		totals->bus_faults[i] += bus_fault_struck(sim->bus, (enum bus_fault)i);
	observer_destroy(sim->observer);
	bus_close(sim->bus);
}

void sim_run(uint64_t seed, bool verbose, struct sim_totals *totals)
{
	static struct sim sim;
	uint64_t from;

	sim = (struct sim){ .seed = seed, .verbose = verbose, .totals = totals };
	begin(&sim);
	while (sim.steps < SAFETY_STEPS) {
		step(&sim);
		if (sim.steps % COMPARE_EVERY == 0)
			daemons_compare(&sim);
	}
	sim.faults = false;
	bus_fault_pause(sim.bus, true);
	for (int i = 0; i < sim.daemon_count; i++)
		sim.daemons[i].skew_us = 0;
	for (from = sim.steps; !observer_all_done(&sim); step(&sim))
		if (sim.steps - from > LIVENESS_STEPS_MAX)
			sim_fail(&sim, "the work is not done after %d steps without faults",
				 LIVENESS_STEPS_MAX);
	daemons_compare(&sim);
	if (verbose)
		for (int i = 0; i < SIM_FAULT_COUNT; i++)
			printf("%s: %llu\n", fault_names[i],
			       (unsigned long long)totals->faults[i]);
	end(&sim);
}
