#include "sandbox/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "crypto/hash.h"
#include "sandbox/link.h"
#include "sandbox/outcome.h"
#include "sys/clock.h"
#include "sys/companion.h"

#define OPEN_PATIENCE_MS (COMPILE_WALL_MS + 10000)
#define PROBE_PATIENCE_MS 10000
#define CLOSE_PATIENCE_MS 1000
#define RECEIVES_A_STEP_MAX 64	/* a guest that logs without end must not hold its supervisor */

/* A process that waits for a task, or has one. */
struct guest_process {
	int64_t number;
	int socket;		/* -1: it has not come yet */
	int pidfd;
};

struct run {
	struct runner *runner;
	struct run *next;
	struct guest_process process;
	struct link link;
	struct buf task;		/* frame that waits for its process */
	int egress;			/* our copy, until it is sent */
	int64_t kill_at_us;		/* 0: not yet under way */
	int64_t log_left;		/* bytes that are still told */
	bool has_end;
	bool is_late;			/* we killed it at its deadline */
	bool is_over;
	void (*on_log)(void *context, int level, struct slice text);
	void *context;
	struct outcome outcome;
};

struct runner {
	struct companion chassis;
	struct link link;
	int poller;
	int timer;
	struct arena arena;
	struct contract contract;	/* points into contract_bytes and the arena */
	struct buf contract_bytes;
	struct runner_info info;
	struct guest_process spare;
	int64_t last_number;
	struct run *runs;
	bool is_gone;			/* if-chassis */
};

/* ---- one process ------------------------------------------------------------------------------ */

static void process_close(struct guest_process *process)
{
	if (process->socket >= 0)
		close(process->socket);
	if (process->pidfd >= 0)
		close(process->pidfd);
	*process = (struct guest_process){ 0, -1, -1 };
}

static void process_kill(const struct guest_process *process)
{
	/* Its own end may have come first: nothing to be killed, then. */
	if (process->pidfd >= 0 && pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0) != 0)
		return;
}

static void watch(const struct runner *runner, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	ENSURE(epoll_ctl(runner->poller, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void ask_for_process(struct runner *runner, struct guest_process *process)
{
	struct wire_start start = { .number = ++runner->last_number };

	*process = (struct guest_process){ start.number, -1, -1 };
	if (link_say(runner->link.fd, WIRE_START, &start) != OK)
		runner->is_gone = true;
}

/* ---- runs ------------------------------------------------------------------------------------- */

static void set_timer(struct runner *runner)
{
	struct itimerspec at = { .it_value = { 0, 0 } };
	int64_t first_us = INT64_MAX;

	for (const struct run *run = runner->runs; run; run = run->next)
		if (run->kill_at_us && !run->is_over && !run->is_late && run->kill_at_us < first_us)
			first_us = run->kill_at_us;
	if (first_us != INT64_MAX)
		at.it_value = (struct timespec){ first_us / 1000000, first_us % 1000000 * 1000 };
	timerfd_settime(runner->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* The process is there: it gets its task, and its time runs. */
static void send_task(struct run *run)
{
	struct runner *runner = run->runner;
	int64_t wall_us = runner->contract.limits.wall_ms * 1000;

	watch(runner, run->process.socket);
	run->link.fd = run->process.socket;
	/* It may be gone already; then its EXITED says so. */
	if (link_send(run->process.socket, buf_slice(&run->task), &run->egress, run->egress >= 0) != OK)
		run->has_end = false;
	if (run->egress >= 0)
		close(run->egress);
	run->egress = -1;
	buf_finish(&run->task);
	run->kill_at_us = clock_mono_us() + wall_us + KILL_GRACE_MS * 1000;
	set_timer(runner);
}

static void take_log(struct run *run, const struct wire_frame *frame, struct arena *arena)
{
	struct wire_log log;

	if (wire_read(frame, WIRE_LOG, arena, &log) != OK)
		return;
	if (run->log_left <= 0 || !run->on_log)
		return;
	run->log_left -= (int64_t)frame->tail.len;
	run->on_log(run->context, (int)log.level, frame->tail);
}

static void take_frame(struct run *run, const struct wire_frame *frame)
{
	struct arena arena = { 0 };
	struct wire_end end;

	if (frame->kind == WIRE_LOG) {
		take_log(run, frame, &arena);
	} else if (!run->has_end && wire_read(frame, WIRE_END, &arena, &end) == OK) {
		outcome_take_end(&run->outcome, &end, frame->tail);
		run->has_end = true;
	}
	arena_finish(&arena);
}

/*
 * A closed socket is always readable: whoever goes on watching it spins until
 * the exit is told, and takes the CPU from if-chassis, which is to tell it.
 */
static void close_ears(struct run *run)
{
	(void)epoll_ctl(run->runner->poller, EPOLL_CTL_DEL, run->link.fd, NULL);
	run->link.fd = -1;
}

/* Its process says what is no message: whoever speaks there, it is not our code any more. */
static void break_off(struct run *run)
{
	if (!run->has_end)
		outcome_take_breach(&run->outcome);
	run->has_end = true;
	close_ears(run);
	process_kill(&run->process);
}

/* What has come on the run's socket. `all`: its process is gone, so there is an end to it. */
static void read_run(struct run *run, bool all)
{
	struct wire_frame frame;

	for (int i = 0; run->link.fd >= 0 && (all || i < RECEIVES_A_STEP_MAX); i++) {
		size_t before = run->link.come.len - run->link.taken;

		if (link_receive(&run->link) != OK)
			return;
		if (run->link.has_ended)
			close_ears(run);
		if (run->link.come.len == before)
			return;
		while (link_next(&run->link, &frame) == OK && frame.kind != WIRE_NONE)
			take_frame(run, &frame);
		if (link_next(&run->link, &frame) != OK) {
			break_off(run);
			return;
		}
	}
}

static void end_run(struct run *run)
{
	run->is_over = true;
	if (run->process.socket >= 0)
		(void)epoll_ctl(run->runner->poller, EPOLL_CTL_DEL, run->process.socket, NULL);
	process_close(&run->process);
	run->link.fd = -1;
	set_timer(run->runner);
}

static void fail_run(struct run *run)
{
	if (run->is_over)
		return;
	read_run(run, true);
	run->outcome.err = run->has_end ? OK : ERR_CHASSIS_FAILED;
	if (!run->has_end)
		buf_add_lit(&run->outcome.detail, "if-chassis has ended");
	end_run(run);
}

/* ---- what if-chassis says --------------------------------------------------------------------- */

static struct run *run_of(struct runner *runner, int64_t number)
{
	for (struct run *run = runner->runs; run; run = run->next)
		if (run->process.number == number && !run->is_over)
			return run;
	return NULL;
}

static void take_guest(struct runner *runner, const struct wire_frame *frame)
{
	struct wire_guest guest;
	struct guest_process *process = NULL;
	struct run *run = NULL;
	int socket = link_take_fd(&runner->link), pidfd = link_take_fd(&runner->link);

	if (wire_read(frame, WIRE_GUEST, &runner->arena, &guest) == OK) {
		run = run_of(runner, guest.number);
		if (run)
			process = &run->process;
		else if (guest.number == runner->spare.number)
			process = &runner->spare;
	}
	if (!process || socket < 0 || pidfd < 0 || fcntl(socket, F_SETFL, O_NONBLOCK) != 0) {
		process = &(struct guest_process){ 0, socket, pidfd };
		process_kill(process);
		process_close(process);
		return;
	}
	process->socket = socket;
	process->pidfd = pidfd;
	if (!run)
		return;
	send_task(run);
	if (run->outcome.was_killed)
		process_kill(process);
}

static void take_exited(struct runner *runner, const struct wire_frame *frame)
{
	struct wire_exited exited;
	struct run *run;

	if (wire_read(frame, WIRE_EXITED, &runner->arena, &exited) != OK)
		return;
	if (exited.number == runner->spare.number) {
		process_close(&runner->spare);
		return;
	}
	run = run_of(runner, exited.number);
	if (!run)
		return;
	read_run(run, true);
	outcome_take_exit(&run->outcome, &exited, run->has_end, run->is_late);
	end_run(run);
}

static void read_control(struct runner *runner)
{
	struct wire_frame frame;
	enum err err = link_receive(&runner->link);

	while (err == OK) {
		err = link_next(&runner->link, &frame);
		if (err != OK || frame.kind == WIRE_NONE)
			break;
		if (frame.kind == WIRE_GUEST)
			take_guest(runner, &frame);
		else if (frame.kind == WIRE_EXITED)
			take_exited(runner, &frame);
	}
	if (err != OK || runner->link.has_ended)
		runner->is_gone = true;
}

static void kill_late(struct runner *runner)
{
	int64_t now_us = clock_mono_us();

	for (struct run *run = runner->runs; run; run = run->next) {
		if (run->is_over || run->is_late || !run->kill_at_us || run->kill_at_us > now_us)
			continue;
		run->is_late = true;
		process_kill(&run->process);
	}
	set_timer(runner);
}

void runner_step(struct runner *runner)
{
	uint64_t times;

	if (!runner->is_gone)
		read_control(runner);
	for (struct run *run = runner->runs; run; run = run->next)
		if (!run->is_over)
			read_run(run, false);
	if (read(runner->timer, &times, sizeof(times)) > 0)
		kill_late(runner);
	if (!runner->is_gone)
		return;
	(void)epoll_ctl(runner->poller, EPOLL_CTL_DEL, runner->link.fd, NULL);
	for (struct run *run = runner->runs; run; run = run->next)
		fail_run(run);
}

int runner_fd(const struct runner *runner)
{
	return runner->poller;
}

/* ---- opening ---------------------------------------------------------------------------------- */

/* Waits for the one answer to PROBE or OPEN. */
static enum err wait_for_answer(struct link *link, int64_t patience_ms, struct wire_frame *ret_frame)
{
	int64_t until_us = clock_mono_us() + patience_ms * 1000;
	struct pollfd ready = { .fd = link->fd, .events = POLLIN };
	enum err err = link_next(link, ret_frame);

	while (err == OK && ret_frame->kind == WIRE_NONE) {
		int64_t left_ms = (until_us - clock_mono_us()) / 1000;

		if (left_ms <= 0 || link->has_ended)
			return ERR_CHASSIS_FAILED;
		if (poll(&ready, 1, (int)left_ms) == 1)
			err = link_receive(link);
		if (err == OK)
			err = link_next(link, ret_frame);
	}
	return err == OK ? OK : ERR_CHASSIS_FAILED;
}

static enum err start_chassis(const char *program, struct companion *ret_chassis, struct buf *detail)
{
	if (companion_start(program, ret_chassis) == OK)
		return OK;
	buf_add_lit(detail, "cannot start ");
	buf_add_str(detail, program);
	buf_add_lit(detail, ": ");
	buf_add_str(detail, strerror(errno));
	return errno == ENOENT ? ERR_CHASSIS_MISSING : ERR_CHASSIS_FAILED;
}

static enum err take_refusal(const struct wire_frame *frame, struct arena *arena, struct buf *detail)
{
	struct wire_refused refused;
	enum err err;

	if (wire_read(frame, WIRE_REFUSED, arena, &refused) != OK) {
		buf_add_lit(detail, "if-chassis did not say how it went");
		return ERR_CHASSIS_FAILED;
	}
	buf_add_slice(detail, refused.detail);
	err = err_of_code(refused.code);
	return err == OK || err == ERR_COUNT ? ERR_CHASSIS_FAILED : err;
}

/* What is compiled must be what was agreed on. */
static enum err check_hash(const struct runner_spec *spec, struct buf *detail)
{
	struct hash wanted, hash = hash_of(spec->wasm);

	if (!spec->contract->module_sha256.len)
		return OK;
	if (hash_from_hex(spec->contract->module_sha256, &wanted) && hash_is(&hash, &wanted))
		return OK;
	buf_add_lit(detail, "its SHA-256 is ");
	buf_add_hex(detail, hash.bytes, HASH_BYTES);
	buf_add_lit(detail, ", not that of its contract");
	return ERR_MODULE_REFUSED;
}

static enum err say_open(struct runner *runner, const struct runner_spec *spec)
{
	struct wire_open open = {
		.contract = buf_slice(&runner->contract_bytes),
		.folder = slice_of_str(spec->folder),
		.cache = slice_of_str(spec->cache),
		.key_file = slice_of_str(spec->key_file),
	};
	struct buf frame = { 0 };
	enum err err;

	wire_add(&frame, WIRE_OPEN, &open, spec->wasm);
	err = link_send(runner->link.fd, buf_slice(&frame), NULL, 0);
	buf_finish(&frame);
	return err;
}

static enum err take_ready(struct runner *runner, const struct wire_frame *frame, struct buf *detail)
{
	struct wire_ready ready;

	if (frame->kind != WIRE_READY)
		return take_refusal(frame, &runner->arena, detail);
	if (wire_read(frame, WIRE_READY, &runner->arena, &ready) != OK)
		return ERR_CHASSIS_FAILED;
	runner->info.layers = (unsigned)ready.layers;
	runner->info.was_cached = ready.was_cached;
	runner->info.compile_us = ready.compile_us;
	buf_add_slice(&runner->info.cache_trouble, ready.cache_trouble);
	ENSURE(fcntl(runner->link.fd, F_SETFL, O_NONBLOCK) == 0);
	watch(runner, runner->timer);
	ask_for_process(runner, &runner->spare);
	return OK;
}

static enum err fail_silent(struct buf *detail)
{
	buf_add_lit(detail, "if-chassis did not answer");
	return ERR_CHASSIS_FAILED;
}

static enum err open_on(struct runner *runner, const struct runner_spec *spec, struct buf *detail)
{
	enum err err = check_hash(spec, detail);

	if (err != OK)
		return err;
	if (spec->wasm.len > MODULE_BYTES_MAX) {
		buf_add_lit(detail, "it has more than ");
		buf_add_u64(detail, MODULE_BYTES_MAX);
		buf_add_lit(detail, " bytes");
		return ERR_MODULE_REFUSED;
	}
	contract_encode(spec->contract, &runner->contract_bytes);
	if (!contract_decode(buf_slice(&runner->contract_bytes), &runner->arena, &runner->contract)) {
		buf_add_lit(detail, "its contract does not keep to the rules of contracts");
		return ERR_MODULE_REFUSED;
	}
	err = start_chassis(spec->program, &runner->chassis, detail);
	if (err != OK)
		return err;
	link_init(&runner->link, runner->chassis.fd, 0);
	/* It may refuse before it has read all: then it says why. */
	if (say_open(runner, spec) != OK && errno != EPIPE)
		return ERR_CHASSIS_FAILED;
	watch(runner, runner->link.fd);
	return OK;
}

enum err runner_begin(const struct runner_spec *spec, struct runner **ret_runner, struct buf *detail)
{
	struct runner *runner = alloc_zero(1, sizeof(*runner));
	enum err err;

	runner->spare = (struct guest_process){ 0, -1, -1 };
	runner->poller = epoll_create1(EPOLL_CLOEXEC);
	runner->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	link_init(&runner->link, -1, 0);
	if (runner->poller < 0 || runner->timer < 0) {
		buf_add_lit(detail, "no descriptor is left");
		err = ERR_OS;
	} else {
		err = open_on(runner, spec, detail);
	}
	if (err != OK) {
		runner_close(runner);
		return err;
	}
	*ret_runner = runner;
	return OK;
}

enum err runner_opened(struct runner *runner, bool *ret_is_open, struct buf *detail)
{
	struct wire_frame frame = { .kind = WIRE_NONE };
	enum err err = link_receive(&runner->link);

	*ret_is_open = false;
	if (err == OK)
		err = link_next(&runner->link, &frame);
	if (err != OK || (frame.kind == WIRE_NONE && runner->link.has_ended))
		return fail_silent(detail);
	if (frame.kind == WIRE_NONE)
		return OK;
	err = take_ready(runner, &frame, detail);
	*ret_is_open = err == OK;
	return err;
}

enum err runner_open(const struct runner_spec *spec, struct runner **ret_runner, struct buf *detail)
{
	struct runner *runner;
	struct wire_frame frame;
	enum err err = runner_begin(spec, &runner, detail);

	if (err != OK)
		return err;
	err = wait_for_answer(&runner->link, OPEN_PATIENCE_MS, &frame);
	err = err == OK ? take_ready(runner, &frame, detail) : fail_silent(detail);
	if (err == OK)
		*ret_runner = runner;
	else
		runner_close(runner);
	return err;
}

void runner_close(struct runner *runner)
{
	if (!runner)
		return;
	ENSURE(!runner->runs);
	process_close(&runner->spare);
	link_finish(&runner->link);
	companion_end(&runner->chassis, CLOSE_PATIENCE_MS);
	if (runner->poller >= 0)
		close(runner->poller);
	if (runner->timer >= 0)
		close(runner->timer);
	buf_finish(&runner->contract_bytes);
	buf_finish(&runner->info.cache_trouble);
	arena_finish(&runner->arena);
	free(runner);
}

const struct runner_info *runner_info(const struct runner *runner)
{
	return &runner->info;
}

enum err runner_probe(const char *program, struct runner_walls *ret_walls, struct buf *detail)
{
	struct wire_probe probe = { 0 };
	struct companion chassis = { 0, -1 };
	struct wire_layers layers;
	struct wire_frame frame;
	struct arena arena = { 0 };
	struct link link;
	enum err err = start_chassis(program, &chassis, detail);

	if (err != OK)
		return err;
	link_init(&link, chassis.fd, 0);
	err = link_say(chassis.fd, WIRE_PROBE, &probe);
	if (err == OK)
		err = wait_for_answer(&link, PROBE_PATIENCE_MS, &frame);
	if (err == OK)
		err = wire_read(&frame, WIRE_LAYERS, &arena, &layers);
	if (err == OK) {
		*ret_walls = (struct runner_walls){ (unsigned)layers.layers, layers.has_meter, "" };
		memcpy(ret_walls->engine, layers.engine.ptr,
		       slice_head(layers.engine, sizeof(ret_walls->engine) - 1).len);
	} else {
		buf_add_lit(detail, "if-chassis did not say what there is");
		err = ERR_CHASSIS_FAILED;
	}
	arena_finish(&arena);
	link_finish(&link);
	companion_end(&chassis, CLOSE_PATIENCE_MS);
	return err;
}

/* ---- starting --------------------------------------------------------------------------------- */

static size_t bytes_of(struct slice_list list)
{
	size_t bytes = 0;

	for (size_t i = 0; i < list.count; i++)
		bytes += list.items[i].len + 1;
	return bytes;
}

static enum err check_input(const struct runner *runner, const struct run_spec *spec,
			    struct buf *detail)
{
	if (spec->input.len > (uint64_t)runner->contract.limits.input_bytes) {
		buf_add_lit(detail, "its input has ");
		buf_add_u64(detail, spec->input.len);
		buf_add_lit(detail, " bytes; its contract allows ");
		buf_add_i64(detail, runner->contract.limits.input_bytes);
		return ERR_LIMIT_EXCEEDED;
	}
	return OK;
}

/* Whatever a supervisor has of variables, only what is granted counts and goes further. */
static size_t take_granted(const struct contract *contract, struct slice_list all,
			   struct slice ret_granted[ARGS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < all.count && count < ARGS_MAX; i++) {
		struct slice rest = all.items[i];

		if (contract_may_see_variable(contract, slice_cut(&rest, '=')))
			ret_granted[count++] = all.items[i];
	}
	return count;
}

static enum err write_task(const struct contract *contract, const struct run_spec *spec,
			   struct buf *ret_frame, struct buf *detail)
{
	struct slice args[ARGS_MAX], granted[ARGS_MAX];
	struct wire_task task = { .args = { args, 1 }, .environment = { granted, 0 },
				  .has_egress = spec->egress >= 0 };

	args[0] = contract->name;
	for (size_t i = 0; i < spec->args.count && task.args.count < ARGS_MAX; i++)
		args[task.args.count++] = spec->args.items[i];
	task.environment.count = take_granted(contract, spec->environment, granted);
	if (spec->args.count >= ARGS_MAX ||
	    bytes_of(task.args) + bytes_of(task.environment) > ARGS_BYTES_MAX) {
		buf_add_lit(detail, "its arguments and variables are more than ");
		buf_add_u64(detail, ARGS_MAX - 1);
		buf_add_lit(detail, " or have more than ");
		buf_add_u64(detail, ARGS_BYTES_MAX);
		buf_add_lit(detail, " bytes");
		return ERR_LIMIT_EXCEEDED;
	}
	wire_add(ret_frame, WIRE_TASK, &task, spec->input);
	return OK;
}

static size_t tail_max(const struct contract *contract)
{
	int64_t most = contract->limits.output_bytes;

	return most > LOG_LINE_BYTES_MAX ? (size_t)most : LOG_LINE_BYTES_MAX;
}

enum err runner_start(struct runner *runner, const struct run_spec *spec, struct run **ret_run,
		      struct buf *detail)
{
	enum err err = check_input(runner, spec, detail);
	struct buf task = { 0 };
	struct run *run;

	if (err == OK)
		err = write_task(&runner->contract, spec, &task, detail);
	if (err != OK)
		return err;
	if (runner->is_gone) {
		buf_add_lit(detail, "if-chassis has ended");
		buf_finish(&task);
		return ERR_CHASSIS_FAILED;
	}
	run = alloc_zero(1, sizeof(*run));
	run->task = task;
	run->runner = runner;
	run->egress = spec->egress >= 0 ? fcntl(spec->egress, F_DUPFD_CLOEXEC, 3) : -1;
	run->on_log = spec->on_log;
	run->context = spec->context;
	run->log_left = runner->contract.limits.log_bytes;
	link_init(&run->link, -1, tail_max(&runner->contract));
	run->next = runner->runs;
	runner->runs = run;
	if (runner->spare.number) {
		run->process = runner->spare;
		if (run->process.socket >= 0)
			send_task(run);
	} else {
		ask_for_process(runner, &run->process);
	}
	ask_for_process(runner, &runner->spare);
	*ret_run = run;
	return OK;
}

bool run_is_over(const struct run *run)
{
	return run->is_over;
}

void run_wait(struct run *run)
{
	struct pollfd ready = { .fd = run->runner->poller, .events = POLLIN };

	while (!run->is_over) {
		if (poll(&ready, 1, -1) < 0)
			ENSURE(errno == EINTR);
		runner_step(run->runner);
	}
}

const struct outcome *run_outcome(const struct run *run)
{
	ENSURE(run->is_over);
	return &run->outcome;
}

void run_kill(struct run *run)
{
	if (run->is_over)
		return;
	run->outcome.was_killed = true;
	process_kill(&run->process);
}

void run_destroy(struct run *run)
{
	if (!run)
		return;
	run_kill(run);
	for (struct run **at = &run->runner->runs; *at; at = &(*at)->next) {
		if (*at == run) {
			*at = run->next;
			break;
		}
	}
	if (!run->is_over)
		end_run(run);
	if (run->egress >= 0)
		close(run->egress);
	link_finish(&run->link);
	buf_finish(&run->task);
	outcome_finish(&run->outcome);
	free(run);
}
