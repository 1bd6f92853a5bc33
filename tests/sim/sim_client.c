/*
 * Clients: a boss who brings the plan and clears the way, and workers who
 * claim, work, beat, fail, fall asleep and finish. Whoever gets no answer
 * asks again with the same key, for a while.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "document/json.h"
#include "sim/sim.h"

#define PATIENCE_US 2000000		/* beyond the time it asked to wait */
#define GIVE_UP_US 240000000		/* an answer is remembered for 600 s */

void client_init(struct sim *sim, int number)
{
	struct sim_client *client = &sim->clients[number];

	*client = (struct sim_client){ .number = number };
	snprintf(client->name, sizeof(client->name), number ? "w%d" : "boss", number);
}

/* ---- asking -------------------------------------------------------------------------------- */

static void send_line(struct sim *sim, struct sim_client *client, int64_t wait_us)
{
	struct packet packet = { .client = client->number };

	client->daemon = (int)random_below(&sim->random, (uint64_t)sim->daemon_count);
	/* Most know who leads, as if they had been redirected. */
	if (sim_leader(sim) && sim_chance_ppm(sim, 800000))
		client->daemon = sim_leader(sim)->number;
	client->attempt = ++sim->attempts * SIM_CLIENTS + (uint64_t)client->number;
	client->again_us = sim->now_us + wait_us + PATIENCE_US;
	packet.daemon = client->daemon;
	packet.attempt = client->attempt;
	memcpy(packet.line, client->line, sizeof(packet.line));
	sim_send(sim, packet);
}

/* A new command, with a key of its own unless it only reads. */
__attribute__((format(printf, 4, 5)))
static void ask(struct sim *sim, struct sim_client *client, bool writes, const char *format, ...)
{
	size_t used;
	va_list args;

	va_start(args, format);
	vsnprintf(client->line, sizeof(client->line), format, args);
	va_end(args);
	used = strlen(client->line);
	if (writes)
		snprintf(client->line + used, sizeof(client->line) - used, " #%s-%llu",
			 client->name, (unsigned long long)++client->commands);
	if (sim->verbose)
		printf("%8llu %s asks: %s\n", (unsigned long long)sim->steps, client->name,
		       client->line);
	client->busy = true;
	client->tries = 1;
	client->asked_us = sim->now_us;
	client->give_up_us = sim->now_us + GIVE_UP_US;
	send_line(sim, client, 0);
}

static int64_t wait_of(const struct sim_client *client)
{
	return strstr(client->line, "wait_ms=") ? 20000000 : 0;
}

/* True while it waits for an answer. */
static bool wait_or_ask_again(struct sim *sim, struct sim_client *client)
{
	if (!client->busy)
		return false;
	if (sim_fault(sim, SIM_LOST_CONNECTION, 2000)) {
		daemon_disconnect(sim, &sim->daemons[client->daemon], client->attempt);
		client->again_us = sim->now_us;
	}
	if (sim->now_us < client->again_us)
		return true;
	if (sim->now_us >= client->give_up_us) {
		/* What it did is not known; whatever it held may be somebody else's. */
		client->busy = client->holds = client->registered = false;
		return false;
	}
	client->tries++;
	sim->totals->faults[SIM_REPEATED_REQUEST]++;
	send_line(sim, client, wait_of(client));
	return true;
}

static unsigned long long fresh(struct sim *sim)
{
	return (unsigned long long)++sim->attempts;
}

/* ---- workers ------------------------------------------------------------------------------- */

static void talk(struct sim *sim, struct sim_client *client)
{
	switch (random_below(&sim->random, 4)) {
	case 0:
		ask(sim, client, true, "note.put key=n%d value=%llu",
		    (int)random_below(&sim->random, 3), fresh(sim));
		break;
	case 1:
		ask(sim, client, true, "note.cas key=shared version=%llu value=%llu",
		    (unsigned long long)client->version, fresh(sim));
		break;
	case 2:
		ask(sim, client, true, "message.send to_all body=m%llu", fresh(sim));
		break;
	default:
		ask(sim, client, false, "note.get key=shared");
		break;
	}
}

static void look_for_work(struct sim *sim, struct sim_client *client)
{
	int lease_s = 5 + (int)random_below(&sim->random, 40);

	if (sim->faults && sim_chance_ppm(sim, 100000))
		talk(sim, client);
	else if (sim->faults && sim_chance_ppm(sim, 20000))
		ask(sim, client, true, "task.claim board=b0 task=t%d swarm=%s lease_ms=%ds",
		    (int)random_below(&sim->random, SIM_TASKS), client->name, lease_s);
	else if (sim_chance_ppm(sim, 400000))
		ask(sim, client, true, "task.next swarm=%s lease_ms=%ds wait_ms=20s", client->name,
		    lease_s);
	else
		ask(sim, client, true, "task.next swarm=%s lease_ms=%ds", client->name, lease_s);
}

static void go_on(struct sim *sim, struct sim_client *client)
{
	uint64_t draw = random_below(&sim->random, 100);
	char about[96];

	snprintf(about, sizeof(about), "board=%s task=%s fence=%llu", client->board, client->task,
		 (unsigned long long)client->fence);
	if (draw < 15)
		ask(sim, client, true, "task.heartbeat %s", about);
	else if (draw < 25)
		ask(sim, client, true, "task.progress %s percent=%d", about, (int)draw);
	else if (draw < 30)
		ask(sim, client, true, "swarm.heartbeat swarm=%s", client->name);
	else if (draw < 34 && sim->faults)
		ask(sim, client, true, "task.release %s", about);
	else if (draw < 40 && sim->faults)
		ask(sim, client, true, "task.fail %s reason=x", about);
	else if (draw < 43 && sim->faults)
		ask(sim, client, true, "blocker.raise %s type=x description=y", about);
	else if (draw < 46 && sim->faults)
		client->next_us = sim->now_us + 90000000;	/* asleep, longer than its lease */
	else if (draw < 70)
		ask(sim, client, true, "task.finish-and-next %s result=%d%s", about, (int)draw,
		    draw < 60 ? " wait_ms=20s" : "");
	else
		ask(sim, client, true, "task.complete %s result=%d", about, (int)draw);
}

static void work(struct sim *sim, struct sim_client *client)
{
	if (!client->registered)
		ask(sim, client, true, "swarm.register swarm=%s slots=1", client->name);
	else if (sim->faults && sim_chance_ppm(sim, 5000))
		ask(sim, client, true, "swarm.leave swarm=%s", client->name);
	else if (client->holds)
		go_on(sim, client);
	else
		look_for_work(sim, client);
}

/* ---- the boss ------------------------------------------------------------------------------ */

static void bring_task(struct sim *sim, struct sim_client *client)
{
	int number = sim->tasks_added;
	int first = (int)random_below(&sim->random, (uint64_t)number + 1);
	int second = (int)random_below(&sim->random, (uint64_t)number + 1);
	char deps[48] = "";

	if (number > 2 && first < number && second < number && sim_chance_ppm(sim, 600000))
		snprintf(deps, sizeof(deps), "deps=t%d,t%d", first, second);
	else if (number > 0 && first < number)
		snprintf(deps, sizeof(deps), "deps=t%d", first);
	ask(sim, client, true, "task.add board=b0 task=t%d %s paths=p%d priority=%d", number, deps,
	    (int)random_below(&sim->random, 6), (int)random_below(&sim->random, 3));
}

static void boss(struct sim *sim, struct sim_client *client)
{
	uint64_t draw = random_below(&sim->random, 100);

	if (!client->registered)
		ask(sim, client, true, "board.create board=b0");
	else if (client->blocker[0])
		ask(sim, client, true, "blocker.resolve blocker=%s", client->blocker);
	else if (client->ended[0])
		ask(sim, client, true, "task.retry board=%s task=%s", client->ended_board,
		    client->ended);
	else if (sim->tasks_added < SIM_TASKS && draw < 60)
		bring_task(sim, client);
	else if (draw < 75)
		ask(sim, client, false, "blocker.list");
	else if (draw < 95)
		ask(sim, client, false, "task.list board=b0 state=%s",
		    draw < 85 ? "failed" : "cancelled");
	else if (sim->faults && sim->tasks_added && draw < 97)
		ask(sim, client, true, "task.cancel board=b0 task=t%d",
		    (int)random_below(&sim->random, (uint64_t)sim->tasks_added));
	else
		client->next_us = sim->now_us + 500000;
}

void client_step(struct sim *sim, struct sim_client *client)
{
	if (wait_or_ask_again(sim, client) || sim->now_us < client->next_us)
		return;
	if (client->number == 0)
		boss(sim, client);
	else
		work(sim, client);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void copy_text(const struct json_value *value, char *to, size_t size)
{
	struct slice text;

	to[0] = '\0';
	if (json_get_text(value, &text))
		snprintf(to, size, "%.*s", (int)text.len, text.ptr);
}

static void take_claim(struct sim_client *client, const struct json_value *claim)
{
	int64_t fence;

	client->holds = json_get_i64(json_get(claim, SLICE("fence")), &fence);
	if (!client->holds)
		return;
	client->fence = (uint64_t)fence;
	copy_text(json_get(claim, SLICE("board")), client->board, sizeof(client->board));
	copy_text(json_get(claim, SLICE("task")), client->task, sizeof(client->task));
}

static bool asked(const struct sim_client *client, const char *verb)
{
	size_t len = strlen(verb);

	return strncmp(client->line, verb, len) == 0 &&
	       (client->line[len] == ' ' || client->line[len] == '\0');
}

static void boss_learns(struct sim *sim, struct sim_client *client, const struct json_value *root)
{
	const struct json_value *first;

	if (asked(client, "task.add"))
		sim->tasks_added++;
	if (asked(client, "board.create"))
		client->registered = true;
	if (asked(client, "blocker.list")) {
		first = json_at(json_get(root, SLICE("blockers")), 0);
		copy_text(json_get(first, SLICE("blocker")), client->blocker,
			  sizeof(client->blocker));
	}
	if (asked(client, "task.list")) {
		first = json_at(json_get(root, SLICE("tasks")), 0);
		copy_text(json_get(first, SLICE("task")), client->ended, sizeof(client->ended));
		copy_text(json_get(first, SLICE("board")), client->ended_board,
			  sizeof(client->ended_board));
	}
}

static void worker_learns(struct sim_client *client, const struct json_value *root)
{
	int64_t version;

	if (asked(client, "swarm.register")) {
		client->registered = true;
		client->holds = false;
	} else if (asked(client, "task.next") || asked(client, "task.claim")) {
		take_claim(client, root);
	} else if (asked(client, "task.finish-and-next")) {
		client->holds = false;
		take_claim(client, json_get(root, SLICE("next")));
	} else if (asked(client, "task.complete") || asked(client, "task.release") ||
		   asked(client, "task.fail")) {
		client->holds = false;
	} else if (asked(client, "swarm.leave")) {
		client->registered = client->holds = false;
	}
	if (json_get_i64(json_get(root, SLICE("version")), &version))
		client->version = (uint64_t)version;
}

static void take_refusal(struct sim *sim, struct sim_client *client, enum err err)
{
	sim->totals->refused++;
	client->next_us = sim->now_us + (int64_t)random_below(&sim->random, 300000);
	switch ((int)err) {
	case ERR_FENCE_STALE:
	case ERR_TASK_NOT_CLAIMED:
	case ERR_LEASE_TOO_LONG:
		client->holds = false;
		break;
	case ERR_SLOTS_FULL:
	case ERR_SWARM_UNKNOWN:
		/* An answer was lost: it holds something that it does not know of. */
		client->holds = client->registered = false;
		if (err == ERR_SLOTS_FULL)
			ask(sim, client, true, "swarm.leave swarm=%s", client->name);
		break;
	case ERR_BOARD_EXISTS:
		client->registered = true;
		break;
	case ERR_TASK_EXISTS:
		sim->tasks_added++;
		break;
	case ERR_NOTE_CONFLICT:
	case ERR_NOTE_UNKNOWN:
		client->version = 0;
		break;
	default:
		break;
	}
	client->blocker[0] = client->ended[0] = '\0';
}

void client_take(struct sim *sim, struct sim_client *client, const struct packet *packet)
{
	struct json_limits limits = { 1 << 20, 60, 100000 };
	struct json_value *root = NULL;

	if (!client->busy || packet->attempt != client->attempt)
		return;
	if (sim->verbose)
		printf("%8llu %s gets: %s %.*s\n", (unsigned long long)sim->steps, client->name,
		       err_info(packet->err)->code, (int)packet->body.len, packet->body.ptr);
	/* A failure is not an answer: the same command may still be done. */
	if (err_info(packet->err)->kind == ERR_KIND_FAILURE) {
		client->again_us = sim->now_us + 50000;
		return;
	}
	client->busy = false;
	if (packet->err != OK) {
		take_refusal(sim, client, packet->err);
		return;
	}
	observer_acknowledged(sim, client, buf_slice(&packet->body));
	client->blocker[0] = client->ended[0] = '\0';
	if (json_parse(buf_slice(&packet->body), &limits, &root, NULL) != OK)
		sim_fail(sim, "not JSON: %.*s", (int)packet->body.len, packet->body.ptr);
	if (client->number == 0)
		boss_learns(sim, client, root);
	else
		worker_learns(client, root);
	json_free(root);
	client->next_us = sim->now_us + (int64_t)random_below(&sim->random, 400000);
}
