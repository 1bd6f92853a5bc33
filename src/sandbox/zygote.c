#include "sandbox/zygote.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sandbox/guest_run.h"
#include "sandbox/link.h"

struct child {
	pid_t pid;		/* 0: free */
	int64_t number;
};

struct serving {
	const struct zygote *zygote;
	struct engine *engine;
	struct link link;
	struct child children[GUESTS_MAX];
};

static void on_child(int number)
{
	(void)number;
}

/* The signal only interrupts the wait in serve; it is let through nowhere else. */
static void hold_signals(sigset_t *ret_while_waiting)
{
	struct sigaction action = { .sa_handler = on_child };
	sigset_t child;

	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, ret_while_waiting);
}

static int64_t micros(struct timeval time)
{
	return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static struct child *child_of(struct serving *serving, pid_t pid)
{
	for (size_t i = 0; i < GUESTS_MAX; i++)
		if (serving->children[i].pid == pid)
			return &serving->children[i];
	return NULL;
}

static bool tell_exit(struct serving *serving, struct child *child, int status,
		      const struct rusage *used)
{
	struct wire_exited exited = {
		.number = child->number,
		.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.cpu_us = micros(used->ru_utime) + micros(used->ru_stime),
		.resident_bytes = used->ru_maxrss * INT64_C(1024),
	};

	child->pid = 0;
	return link_say(serving->zygote->control, WIRE_EXITED, &exited) == OK;
}

static bool reap(struct serving *serving)
{
	struct rusage used;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
		struct child *child = child_of(serving, pid);

		if (child && !tell_exit(serving, child, status, &used))
			return false;
	}
	return true;
}

__attribute__((noreturn)) static void become_guest(struct serving *serving, int socket,
						   const sigset_t *mask)
{
	const struct zygote *zygote = serving->zygote;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(zygote->control);
	sigprocmask(SIG_SETMASK, mask, NULL);
	guest_run(serving->engine, zygote->guest, zygote->jail, socket);
}

static bool hand_over(struct serving *serving, struct child *child, int socket)
{
	struct wire_guest guest = { .number = child->number };
	int fds[2] = { socket, pidfd_open(child->pid, 0) };
	struct buf frame = { 0 };
	enum err err = ERR_OS;

	wire_add(&frame, WIRE_GUEST, &guest, SLICE_EMPTY);
	if (fds[1] >= 0)
		err = link_send(serving->zygote->control, buf_slice(&frame), fds, 2);
	if (fds[1] >= 0)
		close(fds[1]);
	buf_finish(&frame);
	return err == OK;
}

/* A guest that cannot be started is one that ended at once. */
static bool tell_no_guest(struct serving *serving, int64_t number)
{
	struct wire_exited exited = { .number = number, .exit_status = -1 };

	return link_say(serving->zygote->control, WIRE_EXITED, &exited) == OK;
}

static bool start_guest(struct serving *serving, int64_t number, const sigset_t *mask)
{
	struct child *child = child_of(serving, 0);
	int ends[2];
	bool is_well;

	if (!child || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return tell_no_guest(serving, number);
	child->number = number;
	child->pid = fork();
	if (child->pid == 0) {
		close(ends[0]);
		become_guest(serving, ends[1], mask);
	}
	close(ends[1]);
	if (child->pid > 0) {
		is_well = hand_over(serving, child, ends[0]);
	} else {
		child->pid = 0;
		is_well = tell_no_guest(serving, number);
	}
	close(ends[0]);
	return is_well;
}

/* False when the supervisor is gone, or is none. */
static bool take_starts(struct serving *serving, const sigset_t *mask)
{
	struct arena arena = { 0 };
	struct wire_frame frame;
	struct wire_start start;
	bool is_well;

	is_well = link_receive(&serving->link) == OK && !serving->link.has_ended;
	while (is_well) {
		is_well = link_next(&serving->link, &frame) == OK;
		if (!is_well || frame.kind == WIRE_NONE)
			break;
		is_well = wire_read(&frame, WIRE_START, &arena, &start) == OK &&
			  start_guest(serving, start.number, mask);
		arena_reset(&arena);
	}
	arena_finish(&arena);
	return is_well;
}

static int serve(struct serving *serving)
{
	struct pollfd ready = { .fd = serving->zygote->control, .events = POLLIN };
	sigset_t waiting;
	bool is_well = true;

	hold_signals(&waiting);
	while (is_well) {
		int got = ppoll(&ready, 1, NULL, &waiting);

		if (got < 0 && errno != EINTR)
			return 1;
		is_well = reap(serving) && (got <= 0 || take_starts(serving, &waiting));
	}
	return 0;
}

static int refuse(const struct zygote *zygote, enum err err, struct slice detail)
{
	struct wire_refused refused = { slice_of_str(err_info(err)->code),
					slice_head(detail, DETAIL_BYTES_MAX) };

	return link_say(zygote->control, WIRE_REFUSED, &refused) == OK ? 0 : 1;
}

int zygote_run(struct zygote *zygote)
{
	struct serving *serving;
	struct buf detail = { 0 };
	enum err err;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	serving = alloc_zero(1, sizeof(*serving));
	serving->zygote = zygote;
	serving->engine = engine_create(zygote->config);
	if (!jail_close_zygote(zygote->jail))
		return refuse(zygote, ERR_CHASSIS_FAILED, SLICE("a layer cannot be had after all"));
	err = engine_load(serving->engine, zygote->artifact,
			  zygote->guest->contract->limits.memory_bytes, &detail);
	if (err != OK) {
		status = refuse(zygote, err, buf_slice(&detail));
	} else {
		link_init(&serving->link, zygote->control, 0);
		status = 1;
		if (link_say(zygote->control, WIRE_READY, &zygote->ready) == OK)
			status = serve(serving);
		link_finish(&serving->link);
	}
	buf_finish(&detail);
	engine_destroy(serving->engine);
	free(serving);
	return status;
}
