/*
 * The governor where it works: a daemon with a ledger of its own, workers
 * that wait for tasks, and real claims.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/ensure.h"
#include "infrafabric.h"
#include "load/figures.h"
#include "waste/play.h"

/*
 * A worker waits twice and has room for two tasks, so that it waits already
 * when the next one comes: everybody is always free.
 */
#define WAITS 2
#define WAIT_MS 50000
#define PATIENCE_MS 20000
#define BOARD "waste"

/*
 * An issue that stays open is no fault of whoever tried it, so it opens no
 * breaker. Its next attempt waits longer than it takes to go through the
 * others; when they are through, it is brought forward.
 */
#define POLICY \
	"{\"resource_policy\":{\"circuit_breaker_failure_threshold\":0," \
	"\"retry_backoff_ms\":86400000}}"

struct office;

/* One request for a task. */
struct wait {
	struct office *office;
	uint32_t worker;
	struct ifab_pending *pending;
};

struct office {
	char ledger[256], socket[256];
	pid_t pid;
	struct ifab_client *client;
	const struct play *play;
	struct wait *waits;
	struct buf args;

	/* Who got the task that is out. */
	bool is_taken;
	uint32_t worker;
	int64_t fence;
	char task[IFAB_ID_SIZE];
};

_Noreturn static void refused(struct office *office, const char *what)
{
	const struct ifab_error *error = ifab_last_error(office->client);

	fprintf(stderr, "bench: %s: %s %s\n", what, error->title, error->detail);
	exit(EXIT_FAILURE);
}

static void ask(struct office *office, const char *name)
{
	buf_add_byte(&office->args, '\0');
	if (ifab_command(office->client, name, office->args.ptr, NULL) != IFAB_OK)
		refused(office, name);
	buf_clear(&office->args);
}

/* ---- workers -------------------------------------------------------------------------------- */

static void wait_for_task(struct wait *wait);

static void on_task(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct wait *wait = context;
	struct office *office = wait->office;

	wait->pending = NULL;
	if (status == IFAB_OK) {
		ENSURE(!office->is_taken);
		office->is_taken = true;
		office->worker = wait->worker;
		if (!ifab_reply_int(reply, "fence", &office->fence) ||
		    !ifab_reply_text(reply, "task", office->task, sizeof(office->task)))
			die("a claim without its fencing token");
	} else if (status != IFAB_NOTHING_READY) {
		refused(office, "task.next");
	}
	wait_for_task(wait);
}

static void wait_for_task(struct wait *wait)
{
	char args[256];

	snprintf(args, sizeof(args), "{\"swarm\":\"w%u\",\"board\":\"" BOARD "\",\"wait_ms\":%d}",
		 wait->worker, WAIT_MS);
	wait->pending = ifab_start(wait->office->client, "task.next", args, NULL, on_task, wait);
	if (!wait->pending)
		refused(wait->office, "task.next");
}

/* Lets the calls that wait go on, until one has the task or nothing has come for a long time. */
static void turn_until_taken(struct office *office)
{
	struct pollfd ready = { .fd = ifab_fd(office->client), .events = POLLIN };

	while (!office->is_taken) {
		if (poll(&ready, 1, PATIENCE_MS) <= 0)
			die("nobody got the task");
		ifab_turn(office->client);
	}
}

static void register_workers(struct office *office, const struct play *play)
{
	struct buf *args = &office->args;

	office->play = play;
	office->waits = alloc_zero((size_t)play->worker_count * WAITS, sizeof(struct wait));
	for (uint32_t i = 0; i < play->worker_count; i++) {
		const struct worker *worker = &play->workers[i];
		char number[64];

		snprintf(number, sizeof(number), "{\"swarm\":\"w%u\",\"slots\":%d", i, WAITS);
		buf_add_str(args, number);
		buf_add_lit(args, ",\"presence_ms\":3600000,\"capabilities\":");
		buf_add_str(args, worker->skills);
		if (worker->declared_ppm >= 0) {
			snprintf(number, sizeof(number), ",\"usual_success\":%.6f",
				 (double)worker->declared_ppm / 1e6);
			buf_add_str(args, number);
		}
		buf_add_byte(args, '}');
		ask(office, "swarm.register");
	}
	for (uint32_t i = 0; i < play->worker_count * WAITS; i++) {
		office->waits[i] = (struct wait){ .office = office, .worker = i / WAITS };
		wait_for_task(&office->waits[i]);
	}
	ifab_turn(office->client);
}

/* ---- desk ----------------------------------------------------------------------------------- */

static void add_task(struct office *office, const struct play *play, uint32_t at)
{
	char head[128];

	snprintf(head, sizeof(head), "{\"board\":\"" BOARD "\",\"task\":\"t%u\",\"max_attempts\":%u,"
		 "\"needs\":", at, play->attempts);
	buf_add_str(&office->args, head);
	buf_add_str(&office->args, play->jobs[at].needs);
	buf_add_byte(&office->args, '}');
	ask(office, "task.add");
}

static void try_again(struct office *office, uint32_t at)
{
	char text[128];

	snprintf(text, sizeof(text), "{\"board\":\"" BOARD "\",\"task\":\"t%u\"}", at);
	buf_add_str(&office->args, text);
	ask(office, "task.retry");
}

static uint32_t give(void *context, const struct play *play, uint32_t at, uint32_t failed,
		     const bool *tried)
{
	struct office *office = context;

	if (office->play != play)
		register_workers(office, play);
	if (failed == 0)
		add_task(office, play, at);
	else
		try_again(office, at);
	turn_until_taken(office);
	if (tried[office->worker])
		fprintf(stderr, "bench: w%u got the same task again\n", office->worker);
	return office->worker;
}

static void tell(void *context, const struct play *play, uint32_t at, uint32_t failed,
		 uint32_t worker, const struct attempt *attempt)
{
	struct office *office = context;
	char text[256];

	(void)play;
	(void)at;
	(void)failed;
	ENSURE(office->is_taken && worker == office->worker);
	snprintf(text, sizeof(text),
		 "{\"board\":\"" BOARD "\",\"task\":\"%s\",\"fence\":%lld,\"cost_usd\":%lld.%09lld}",
		 office->task, (long long)office->fence,
		 (long long)(attempt->cost_nanousd / 1000000000),
		 (long long)(attempt->cost_nanousd % 1000000000));
	buf_add_str(&office->args, text);
	office->is_taken = false;
	ask(office, attempt->resolved ? "task.complete" : "task.fail");
}

/* ---- the daemon ----------------------------------------------------------------------------- */

static void start(struct office *office, const char *coordinator)
{
	char ready[64] = "", fd_text[16];
	int channel[2];

	if (pipe2(channel, 0) != 0)
		die("pipe");
	office->pid = fork();
	if (office->pid == 0) {
		close(channel[0]);
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		snprintf(fd_text, sizeof(fd_text), "%d", channel[1]);
		execl(coordinator, "if-coordinator", "--ledger", office->ledger, "--socket",
		      office->socket, "--log-level", "warn", "--ready-fd", fd_text, (char *)NULL);
		_exit(127);
	}
	close(channel[1]);
	if (read(channel[0], ready, sizeof(ready)) < 5 || memcmp(ready, "ready", 5) != 0)
		die("the daemon did not start");
	close(channel[0]);
}

struct office *office_open(const char *coordinator, const char *folder)
{
	struct office *office = alloc_zero(1, sizeof(*office));

	snprintf(office->ledger, sizeof(office->ledger), "%s/waste.db", folder);
	snprintf(office->socket, sizeof(office->socket), "%s/waste.sock", folder);
	start(office, coordinator);
	office->client = ifab_open(office->socket, NULL);
	if (!office->client)
		die("ifab_open");
	buf_add_lit(&office->args, "{\"format\":\"json\",\"document\":\"");
	for (const char *at = POLICY; *at; at++) {
		if (*at == '"')
			buf_add_byte(&office->args, '\\');
		buf_add_byte(&office->args, *at);
	}
	buf_add_lit(&office->args, "\"}");
	ask(office, "governor.policy.apply");
	buf_add_lit(&office->args, "{\"board\":\"" BOARD "\"}");
	ask(office, "board.create");
	return office;
}

struct desk desk_of_office(struct office *office)
{
	return (struct desk){ .give = give, .tell = tell, .context = office };
}

/* What the ledger left goes with it: each play begins with nothing. */
void office_close(struct office *office)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".lock" };
	char path[300];
	int status;

	if (!office)
		return;
	for (uint32_t i = 0; office->play && i < office->play->worker_count * WAITS; i++)
		ifab_drop(office->waits[i].pending);
	ifab_close(office->client);
	kill(office->pid, SIGTERM);
	if (waitpid(office->pid, &status, 0) < 0)
		die("waitpid");
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", office->ledger, ends[i]);
		(void)unlink(path);
	}
	buf_finish(&office->args);
	free(office->waits);
	free(office);
}
