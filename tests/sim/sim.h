/*
 * sim - clients, daemons, an engine and clocks, all from one seed.
 *
 * The safety phase has faults: appends whose answer is lost, that arrive
 * late or not at all, full and failing disks, bits that differ when read;
 * daemons that crash anywhere, depose each other and misread the clock;
 * clients whose requests and answers are lost and who ask again with the
 * same key. An observer, who reads the engine behind all faults, checks every
 * record and every answer. Then faults rest, and everything must come to an
 * end in a bounded number of steps: the liveness phase.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>

#include "bus/fault.h"
#include "core/random_command.h"
#include "fabric/machine.h"
#include "witness/ledger.h"
#include "witness/reader.h"

#define SIM_DAEMONS_MAX 3
#define SIM_CLIENTS 7		/* the first one is the boss, who has the plan */
#define SIM_TASKS 24
#define SIM_LINE_BYTES 400
#define SIM_BODY_BYTES_MAX ((size_t)1 << 20)

enum sim_fault {
	SIM_CRASH,		/* a daemon, between two of its steps */
	SIM_CRASH_IN_APPEND,	/* before it knew whether the record was kept */
	SIM_TAKEOVER,		/* while another one leads */
	SIM_CLOCK_JUMP,
	SIM_LOST_REQUEST,
	SIM_LOST_REPLY,
	SIM_LOST_CONNECTION,
	SIM_REPEATED_REQUEST,	/* same key, sent again */
	SIM_FAULT_COUNT
};

struct sim_totals {
	uint64_t seeds, sim_us, steps, records, events, acknowledged, refused, replays, snapshots,
		trims;
	uint64_t faults[SIM_FAULT_COUNT];
	uint64_t bus_faults[BUS_FAULT_COUNT];
};

/* Goes through both phases. What does not hold ends the process, naming the seed. */
void sim_run(uint64_t seed, bool verbose, struct sim_totals *totals);

/* ---- inside -------------------------------------------------------------------------------- */

struct sim;

struct held {
	int client;
	uint64_t attempt;
	uint64_t batch;
	enum err err;
	struct buf body;
};

struct held_list {
	struct held *items;
	size_t count, capacity;
};

struct sim_daemon {
	int number;
	bool up;
	bool leads;
	bool has_machine;
	int64_t skew_us;
	struct machine machine;
	struct ledger ledger;
	struct ledger_reader reader;	/* of one that stands by */
	struct held_list held;
	uint64_t next_batch, durable_batch;
	struct buf writing;		/* a batch that was taken and is not appended yet */
	uint32_t writing_count;
	int64_t writing_at_us;
};

struct sim_client {
	int number;
	char name[8];
	bool registered;
	bool holds;
	char board[16], task[16];
	uint64_t fence;
	uint64_t version;		/* of the note it has read */
	char blocker[24];		/* the boss's next one to resolve */
	char ended[16], ended_board[16];	/* the boss's next one to try again */

	bool busy;			/* waits for an answer */
	char line[SIM_LINE_BYTES];
	uint64_t attempt;		/* of this try; answers to others are dropped */
	int tries;
	int daemon;			/* whom it asked */
	int64_t asked_us, give_up_us, again_us;
	int64_t next_us;		/* does nothing before */
	uint64_t commands;		/* its keys count these */
};

struct packet {
	int64_t due_us;
	bool is_reply;
	int daemon, client;
	uint64_t attempt;
	enum err err;
	char line[SIM_LINE_BYTES];
	struct buf body;
};

struct observer;

struct sim {
	uint64_t seed;
	bool verbose;
	bool faults;			/* the safety phase */
	struct random random;
	int64_t now_us;
	uint64_t steps;
	struct bus *engine;		/* what is really kept */
	struct bus *bus;		/* the same, with faults */
	struct sim_daemon daemons[SIM_DAEMONS_MAX];
	int daemon_count;
	struct sim_client clients[SIM_CLIENTS];
	uint64_t attempts;
	int tasks_added;
	struct packet *packets;
	size_t packet_count, packet_capacity;
	struct observer *observer;
	struct sim_totals *totals;
};

__attribute__((noreturn, format(printf, 2, 3)))
void sim_fail(const struct sim *sim, const char *format, ...);
#define SIM_ENSURE(sim, condition)                                                    \
	do {                                                                          \
		if (!(condition))                                                     \
			sim_fail((sim), "%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

static inline bool sim_chance_ppm(struct sim *sim, uint64_t ppm)
{
	return random_below(&sim->random, 1000000) < ppm;
}
/* The same in the safety phase, never in the liveness phase. */
static inline bool sim_fault(struct sim *sim, enum sim_fault fault, uint64_t ppm)
{
	bool strikes = sim->faults && sim_chance_ppm(sim, ppm);

	sim->totals->faults[fault] += strikes;
	return strikes;
}

void sim_send(struct sim *sim, struct packet packet);

/* sim_daemon.c */
void daemon_init(struct sim *sim, int number);
void daemon_step(struct sim *sim, struct sim_daemon *daemon);
void daemon_take(struct sim *sim, struct sim_daemon *daemon, const struct packet *packet);
void daemon_disconnect(struct sim *sim, struct sim_daemon *daemon, uint64_t attempt);
void daemon_finish(struct sim_daemon *daemon);
/* The one that leads, or NULL. */
struct sim_daemon *sim_leader(struct sim *sim);
/* Brings all to the same record and compares their states with the observer's. */
void daemons_compare(struct sim *sim);

/* sim_client.c */
void client_init(struct sim *sim, int number);
void client_step(struct sim *sim, struct sim_client *client);
void client_take(struct sim *sim, struct sim_client *client, const struct packet *packet);

/* sim_observer.c */
void observer_create(struct sim *sim);
void observer_destroy(struct observer *observer);
/* Reads what is new in the engine and checks it. */
void observer_look(struct sim *sim);
/* An answer that a client got: it must be in the ledger. */
void observer_acknowledged(struct sim *sim, const struct sim_client *client, struct slice body);
const struct machine *observer_machine(const struct sim *sim);
bool observer_all_done(const struct sim *sim);
uint64_t observer_events(const struct sim *sim);

#endif
