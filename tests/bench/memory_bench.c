/*
 * What a large fabric takes: memory with a million tasks and ten thousand
 * swarms, and the time to start again with them.
 *
 * usage: memory_bench IF_COORDINATOR FOLDER [TASKS [SWARMS]]
 *
 * FOLDER holds the ledger; it is to be on a disk of the kind that matters.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load/backend.h"
#include "load/figures.h"
#include "sys/clock.h"

#define BOARD_TASKS 10000
#define SNAPSHOT_PATIENCE_US 60000000
#define MEMORY_BUDGET_MB 400
#define START_BUDGET_S 3.0

static struct {
	const char *coordinator;
	char ledger[256], socket[256];
	pid_t pid;
	struct target target;
	struct client client;
} daemon_run;

/* Starts the daemon and waits until it says that it is ready; returns how long that took. */
static double start(void)
{
	int64_t begun_us = clock_mono_us();
	char ready[64], fd_text[16];
	int channel[2];

	if (pipe(channel) != 0)
		die("pipe");
	daemon_run.pid = fork();
	if (daemon_run.pid == 0) {
		close(channel[0]);
		snprintf(fd_text, sizeof(fd_text), "%d", channel[1]);
		execl(daemon_run.coordinator, "if-coordinator", "--ledger", daemon_run.ledger,
		      "--socket", daemon_run.socket, "--log-level", "warn", "--ready-fd", fd_text,
		      (char *)NULL);
		_exit(127);
	}
	close(channel[1]);
	if (read(channel[0], ready, sizeof(ready)) < 5 || memcmp(ready, "ready", 5) != 0)
		die("the daemon did not start");
	close(channel[0]);
	daemon_run.target = (struct target){
		.backend = &backend_infrafabric, .name = "infrafabric",
		.unix_path = daemon_run.socket, .pid = daemon_run.pid,
	};
	daemon_run.client.target = &daemon_run.target;
	socket_open(&daemon_run.client);
	return (double)(clock_mono_us() - begun_us) / 1e6;
}

static void stop(void)
{
	int status;

	socket_close(&daemon_run.client);
	kill(daemon_run.pid, SIGTERM);
	if (waitpid(daemon_run.pid, &status, 0) < 0 || status != 0)
		die("the daemon did not stop well");
}

static void ask(const char *method, const char *path, struct buf *body)
{
	struct buf *out = &daemon_run.client.out;

	buf_add_str(out, method);
	buf_add_byte(out, ' ');
	buf_add_str(out, path);
	buf_add_lit(out, " HTTP/1.1\r\nHost: localhost\r\n");
	if (body->len) {
		buf_add_lit(out, "Content-Type: application/json\r\nContent-Length: ");
		buf_add_u64(out, body->len);
		buf_add_lit(out, "\r\n");
	}
	buf_add_lit(out, "\r\n");
	buf_add_slice(out, buf_slice(body));
	if (socket_ask(&daemon_run.client) != ANSWER_DONE)
		die("the daemon refused");
	buf_clear(body);
}

/* Every second task waits for the one before it. */
static void write_task(unsigned number, struct buf *body)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "%s{\"id\":\"P%u.%u\",\"title\":\"Write part %u of the parser and its tests\","
		 "\"needs\":[\"code:c\"]",
		 number ? "," : "", number / 100, number % 100, number);
	buf_add_str(body, text);
	if (number % 2) {
		snprintf(text, sizeof(text), ",\"deps\":[\"P%u.%u\"]", (number - 1) / 100,
			 (number - 1) % 100);
		buf_add_str(body, text);
	}
	buf_add_byte(body, '}');
}

static void add_tasks(unsigned count)
{
	struct buf body = { 0 };
	char text[96];

	for (unsigned board = 0; count; board++) {
		unsigned now = count < BOARD_TASKS ? count : BOARD_TASKS;

		snprintf(text, sizeof(text), "{\"id\":\"b%u\",\"title\":\"Board %u\",\"tasks\":[",
			 board, board);
		buf_add_str(&body, text);
		for (unsigned i = 0; i < now; i++)
			write_task(i, &body);
		buf_add_lit(&body, "]}");
		ask("POST", "/v1/import", &body);
		count -= now;
	}
	buf_finish(&body);
}

static void add_swarms(unsigned count)
{
	struct buf body = { 0 };
	char text[128];

	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text),
			 "{\"swarm\":\"session-%u\","
			 "\"capabilities\":[\"code:c\",\"docs:md\"]}", i);
		buf_add_str(&body, text);
		ask("POST", "/v1/swarms", &body);
	}
	buf_finish(&body);
}

/* A snapshot is written by a child of the daemon: none is left when all are done. */
static void wait_for_snapshot(void)
{
	int64_t until_us = clock_mono_us() + SNAPSHOT_PATIENCE_US;
	char path[64];
	char children[16];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", daemon_run.pid, daemon_run.pid);
	while (clock_mono_us() < until_us) {
		FILE *file = fopen(path, "re");
		size_t len = file ? fread(children, 1, sizeof(children), file) : 0;

		if (file)
			fclose(file);
		if (len == 0)
			return;
		usleep(50000);
	}
	die("the snapshot was not finished");
}

int main(int argc, char **argv)
{
	unsigned tasks = argc > 3 ? (unsigned)atoi(argv[3]) : 1000000;
	unsigned swarms = argc > 4 ? (unsigned)atoi(argv[4]) : 10000;
	int64_t begun_us;
	double filled_s, memory_mb, start_s, started_mb;

	if (argc < 3 || tasks == 0) {
		fprintf(stderr, "usage: memory_bench IF_COORDINATOR FOLDER [TASKS [SWARMS]]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	daemon_run.coordinator = argv[1];
	snprintf(daemon_run.ledger, sizeof(daemon_run.ledger), "%s/memory.db", argv[2]);
	snprintf(daemon_run.socket, sizeof(daemon_run.socket), "%s/memory.sock", argv[2]);
	(void)start();
	begun_us = clock_mono_us();
	add_swarms(swarms);
	add_tasks(tasks);
	filled_s = (double)(clock_mono_us() - begun_us) / 1e6;
	wait_for_snapshot();
	memory_mb = family_usage(daemon_run.pid).memory_mb;
	stop();
	start_s = start();
	started_mb = family_usage(daemon_run.pid).memory_mb;
	stop();
	printf("%u tasks, %u swarms (laid out in %.1f s)\n"
	       "  memory            %7.1f MB  (budget: %d MB)\n"
	       "  start again       %7.2f s   (budget: %.0f s)\n"
	       "  memory after that %7.1f MB\n",
	       tasks, swarms, filled_s, memory_mb, MEMORY_BUDGET_MB, start_s, START_BUDGET_S,
	       started_mb);
	return EXIT_SUCCESS;
}
