#include "sandbox/guest_run.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "sandbox/link.h"
#include "sys/clock.h"

#define EXIT_NOT_SHUT_IN 3
#define EXIT_NO_TASK 4

/* For the handler: a signal brings no context. */
static struct engine *running;

static void on_deadline(int number)
{
	(void)number;
	engine_interrupt(running);
}

/* Neighbours with short tasks are not to wait for one that loops. */
static void on_long_run(int number)
{
	(void)number;
	/* If it cannot, it is no worse than before. */
	(void)setpriority(PRIO_PROCESS, 0, PATIENT_NICE);
}

/* At the deadline, and again, for code that was not yet running then. */
static void set_deadline(const struct guest *guest)
{
	int64_t wall_us = guest->deadline_us - guest->started_us;
	struct itimerval timer = {
		.it_value = { wall_us / 1000000, wall_us % 1000000 },
		.it_interval = { 0, INTERRUPT_AGAIN_US },
	};

	struct itimerval patience = { .it_value = { 0, PATIENT_AFTER_US } };

	setitimer(ITIMER_REAL, &timer, NULL);
	setitimer(ITIMER_PROF, &patience, NULL);
}

static void stop_deadline(void)
{
	struct itimerval none = { .it_value = { 0, 0 } };

	setitimer(ITIMER_REAL, &none, NULL);
	setitimer(ITIMER_PROF, &none, NULL);
}

static void set_handlers(void)
{
	struct sigaction action = { .sa_handler = on_deadline, .sa_flags = SA_ONSTACK };

	sigfillset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = on_long_run;
	sigaction(SIGPROF, &action, NULL);
	signal(SIGCHLD, SIG_DFL);
}

static bool take_task(struct link *link, struct guest *guest, struct arena *arena)
{
	struct wire_frame frame;
	struct wire_task task;

	if (link_wait(link, &frame) != OK || wire_read(&frame, WIRE_TASK, arena, &task) != OK)
		return false;
	if (frame.tail.len > (uint64_t)guest->contract->limits.input_bytes)
		return false;
	guest->args = task.args;
	guest->environment = task.environment;
	guest->input = frame.tail;
	if (task.has_egress)
		guest->egress = link_take_fd(link);
	return true;
}

static void tell_end(const struct guest *guest)
{
	struct wire_end end = {
		.verdict = guest->verdict,
		.reason = slice_of_str(guest->reason),
		.detail = slice_head(buf_slice(&guest->detail), DETAIL_BYTES_MAX),
		.fuel_used = guest->fuel_used,
		.memory_bytes = (int64_t)guest->memory_bytes,
		.wall_us = clock_mono_us() - guest->started_us,
		.host_calls = guest->host_calls,
		.log_bytes = guest->log_bytes,
		.http_requests = guest->http_requests,
		.denials = guest->denials,
	};
	struct buf frame = { 0 };

	wire_add(&frame, WIRE_END, &end, guest->has_result ? buf_slice(&guest->result) : SLICE_EMPTY);
	if (link_send(guest->socket, buf_slice(&frame), NULL, 0) != OK)
		_exit(EXIT_NO_TASK);
}

void guest_run(struct engine *engine, struct guest *guest, const struct jail *jail, int socket)
{
	struct arena arena = { 0 };
	struct link link;

	running = engine;
	set_handlers();
	if (!jail_close_guest(jail))
		_exit(EXIT_NOT_SHUT_IN);
	guest->socket = socket;
	link_init(&link, socket, (size_t)guest->contract->limits.input_bytes);
	if (!take_task(&link, guest, &arena))
		_exit(EXIT_NO_TASK);
	guest->started_us = clock_mono_us();
	guest->deadline_us = guest->started_us + guest->contract->limits.wall_ms * 1000;
	set_deadline(guest);
	engine_run(engine, guest);
	stop_deadline();
	tell_end(guest);
	_exit(0);
}
