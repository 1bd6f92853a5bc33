#include "load/load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/clock.h"

#define WARM_UP_US 20000
#define EVENTS_AT_ONCE 256
#define PATIENCE_US 60000000	/* a server that answers nobody for so long is stuck */
#define SETTLE_US 2000		/* between two pushes: everybody waits again */

struct load {
	struct target *target;
	struct client manager;		/* sets up, and creates what is pushed */
	struct client *clients;
	unsigned client_count, busy;
	int epoll;
	bool *claimed;			/* by number of the task, from 1 */
	uint64_t task_count;

	uint64_t completed;
	bool is_counting, is_ending, is_dry;
	struct samples claims;
};

static void watch(const struct load *load, struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
		die("epoll");
}

static void open_client(struct load *load, struct client *client, unsigned number)
{
	client->target = load->target;
	client->number = number;
	load->target->backend->open(client);
	watch(load, client);
}

static void load_open(struct load *load, struct target *target, unsigned clients,
		      uint64_t task_count, bool waits)
{
	*load = (struct load){
		.target = target, .client_count = clients, .task_count = task_count,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
	};
	load->claimed = alloc_zero(task_count + 1, sizeof(*load->claimed));
	load->clients = alloc_zero(clients, sizeof(*load->clients));
	open_client(load, &load->manager, clients);
	target->backend->begin(&load->manager, clients);
	for (unsigned i = 0; i < clients; i++) {
		open_client(load, &load->clients[i], i);
		load->clients[i].waits = waits;
	}
}

static void load_close(struct load *load)
{
	const struct backend *backend = load->target->backend;

	for (unsigned i = 0; i < load->client_count; i++)
		backend->close(&load->clients[i]);
	backend->end(&load->manager);
	backend->close(&load->manager);
	close(load->epoll);
	samples_finish(&load->claims);
	free(load->clients);
	free(load->claimed);
}

static void claim(struct load *load, struct client *client)
{
	client->completes = false;
	client->asked_us = clock_mono_us();
	load->busy++;
	load->target->backend->ask_claim(client);
}

static void complete(struct load *load, struct client *client)
{
	client->completes = true;
	load->busy++;
	load->target->backend->ask_complete(client);
}

/* Exactly once, or the figures compare nothing. */
static void note_claim(struct load *load, const struct client *client)
{
	if (client->task == 0 || client->task > load->task_count || load->claimed[client->task])
		backend_fault(client, SLICE("a task that is unknown or somebody else's"));
	load->claimed[client->task] = true;
}

static void answered(struct load *load, struct client *client, enum answer answer)
{
	load->busy--;
	switch (answer) {
	case ANSWER_TASK:
		note_claim(load, client);
		if (load->is_counting)
			samples_add(&load->claims, clock_mono_us() - client->asked_us);
		complete(load, client);
		break;
	case ANSWER_DONE:
		load->completed += load->is_counting;
		if (!load->is_ending)
			claim(load, client);
		break;
	case ANSWER_EMPTY:
		load->is_dry = true;
		break;
	case ANSWER_CREATED:
	case ANSWER_NONE:
	default:
		backend_fault(client, SLICE("an answer to another question"));
	}
}

/* Clients that have an answer; none when the time is over. */
static int wait_some(const struct load *load, struct epoll_event ready[EVENTS_AT_ONCE],
		     int64_t wait_us)
{
	int found = epoll_wait(load->epoll, ready, EVENTS_AT_ONCE, (int)(wait_us / 1000) + 1);

	return found > 0 ? found : 0;
}

static _Noreturn void give_up(const struct load *load)
{
	backend_fault(&load->manager, SLICE("nothing, for a minute"));
}

static enum answer receive(struct client *client)
{
	/* libpq receives by itself. */
	if (!client->own)
		socket_receive(client, false);
	return client->target->backend->take(client);
}

/* Until the time is over or no task is left. */
static void run_until(struct load *load, int64_t end_us)
{
	struct epoll_event ready[EVENTS_AT_ONCE];
	int64_t now_us;

	while (load->busy && (now_us = clock_mono_us()) < end_us) {
		int found = wait_some(load, ready, end_us - now_us);

		for (int i = 0; i < found; i++) {
			struct client *client = ready[i].data.ptr;
			enum answer answer = receive(client);

			if (answer != ANSWER_NONE)
				answered(load, client, answer);
		}
	}
}

struct cycles load_cycles(struct target *target, unsigned clients, double seconds, uint64_t tasks)
{
	struct load load;
	struct usage before, after;
	struct cycles cycles;
	int64_t begun_us, took_us;

	load_open(&load, target, clients, tasks, false);
	target->backend->fill(&load.manager, 1, tasks);
	target->task_count += tasks;
	for (unsigned i = 0; i < clients; i++)
		claim(&load, &load.clients[i]);
	run_until(&load, clock_mono_us() + WARM_UP_US);

	load.is_counting = true;
	before = family_usage(target->pid);
	begun_us = clock_mono_us();
	run_until(&load, begun_us + (int64_t)(seconds * 1e6));
	took_us = clock_mono_us() - begun_us;
	after = family_usage(target->pid);
	load.is_counting = false;
	load.is_ending = true;

	cycles = (struct cycles){
		.per_s = (double)load.completed * 1e6 / (double)took_us,
		.claim_p50_ms = samples_ms(&load.claims, 0.5),
		.claim_p99_ms = samples_ms(&load.claims, 0.99),
		.cpu_s_per_1000 = load.completed ? (after.cpu_s - before.cpu_s) * 1000 /
							   (double)load.completed : 0,
		.memory_mb = after.memory_mb,
		.ran_dry = load.is_dry,
	};
	run_until(&load, clock_mono_us() + PATIENCE_US);
	if (load.busy)
		give_up(&load);
	load_close(&load);
	return cycles;
}

/* ---- push ---------------------------------------------------------------------------------- */

struct pushing {
	struct load load;
	struct samples samples;
	int64_t created_us;
	uint64_t task;			/* that is on its way */
	bool is_created, is_taken, is_completed;
};

static void pushed(struct pushing *pushing, struct client *client, enum answer answer)
{
	struct load *load = &pushing->load;

	if (client == &load->manager && answer == ANSWER_CREATED) {
		pushing->is_created = true;
	} else if (answer == ANSWER_TASK && client->task == pushing->task) {
		samples_add(&pushing->samples, clock_mono_us() - pushing->created_us);
		note_claim(load, client);
		pushing->is_taken = true;
		complete(load, client);
	} else if (answer == ANSWER_DONE && client == &load->manager) {
		pushing->is_created = true;
	} else if (answer == ANSWER_DONE) {
		pushing->is_completed = true;
		claim(load, client);
	} else {
		backend_fault(client, SLICE("an answer to another question"));
	}
}

static void push_one(struct pushing *pushing)
{
	struct load *load = &pushing->load;
	struct epoll_event ready[EVENTS_AT_ONCE];

	pushing->task++;
	pushing->is_created = pushing->is_taken = pushing->is_completed = false;
	pushing->created_us = clock_mono_us();
	load->target->backend->ask_create(&load->manager, pushing->task);
	while (!pushing->is_created || !pushing->is_taken || !pushing->is_completed) {
		int found = wait_some(load, ready, PATIENCE_US);

		if (found == 0)
			give_up(load);
		for (int i = 0; i < found; i++) {
			struct client *client = ready[i].data.ptr;
			enum answer answer = receive(client);

			if (answer != ANSWER_NONE)
				pushed(pushing, client, answer);
		}
	}
}

/* Whoever is told of a task in vain asks once more: that is to be over before the next. */
static void settle(struct pushing *pushing)
{
	struct epoll_event ready[EVENTS_AT_ONCE];
	int found;

	while ((found = wait_some(&pushing->load, ready, SETTLE_US)) > 0) {
		for (int i = 0; i < found; i++) {
			enum answer answer = receive(ready[i].data.ptr);

			if (answer != ANSWER_NONE)
				pushed(pushing, ready[i].data.ptr, answer);
		}
	}
}

struct push load_push(struct target *target, unsigned waiting, size_t count, double seconds)
{
	struct pushing pushing = { 0 };
	struct push push;
	int64_t end_us;

	load_open(&pushing.load, target, waiting, count, true);
	for (unsigned i = 0; i < waiting; i++)
		claim(&pushing.load, &pushing.load.clients[i]);
	settle(&pushing);
	end_us = clock_mono_us() + (int64_t)(seconds * 1e6);
	while (pushing.samples.count < count && clock_mono_us() < end_us) {
		push_one(&pushing);
		settle(&pushing);
	}
	push = (struct push){
		.p50_ms = samples_ms(&pushing.samples, 0.5),
		.p99_ms = samples_ms(&pushing.samples, 0.99),
		.count = pushing.samples.count,
	};
	samples_finish(&pushing.samples);
	load_close(&pushing.load);
	return push;
}
