#include "sys/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

struct hook {
	loop_hook_fn *fn;
	void *context;
};

struct loop {
	struct event_base *base;
	struct event limit;		/* ends a turn that waited long enough */
	struct hook hooks[LOOP_PHASE_COUNT][LOOP_HOOKS_MAX];
	size_t hook_count[LOOP_PHASE_COUNT];
	int64_t now_us;			/* 0: not asked in this turn */
	bool again;			/* a hook left something to do */
	bool is_stopped;
};

struct loop_fd {
	struct loop *loop;
	loop_fd_fn *fn;
	void *context;
	unsigned interest;
	struct event read;
	struct event write;
};

struct loop_timer {
	struct loop *loop;
	loop_timer_fn *fn;
	void *context;
	struct event event;
};

struct loop_signal {
	loop_signal_fn *fn;
	void *context;
	struct event event;
};

struct loop_wake {
	int fd;
	loop_wake_fn *fn;
	void *context;
	struct loop_fd *watched;
};

static void on_library_message(int severity, const char *message)
{
	log_event(severity >= EVENT_LOG_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "loop",
		  "message of the event library", LOG_FIELDS(log_str("text", message)));
}

static void on_library_failure(int code)
{
	(void)code;
	panic(__FILE__, __LINE__, "the event library cannot go on");
}

static void on_limit(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	(void)context;
}

static struct event_base *base_open(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (!config)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

enum err loop_open(struct loop **ret_loop)
{
	struct loop *loop;
	struct event_base *base;

	event_set_log_callback(on_library_message);
	event_set_fatal_callback(on_library_failure);
	base = base_open();
	if (!base)
		return ERR_OS;
	signal(SIGPIPE, SIG_IGN);
	loop = alloc_zero(1, sizeof(*loop));
	loop->base = base;
	ENSURE(evtimer_assign(&loop->limit, base, on_limit, loop) == 0);
	*ret_loop = loop;
	return OK;
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	evtimer_del(&loop->limit);
	event_base_free(loop->base);
	free(loop);
}

static struct timeval timeval_of_us(int64_t us)
{
	if (us < 0)
		us = 0;
	return (struct timeval){ .tv_sec = us / 1000000, .tv_usec = us % 1000000 };
}

static void run_hooks(struct loop *loop)
{
	bool again = false;

	for (size_t phase = 0; phase < LOOP_PHASE_COUNT; phase++) {
		for (size_t i = 0; i < loop->hook_count[phase]; i++) {
			const struct hook *hook = &loop->hooks[phase][i];

			again |= hook->fn(hook->context);
		}
	}
	loop->again = again;
}

void loop_run_once(struct loop *loop, int64_t wait_us)
{
	bool waits = wait_us != 0 && !loop->again;
	bool is_limited = waits && wait_us > 0;

	if (is_limited) {
		struct timeval limit = timeval_of_us(wait_us);

		evtimer_add(&loop->limit, &limit);
	}
	loop->now_us = 0;
	event_base_loop(loop->base,
			waits ? EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY : EVLOOP_NONBLOCK);
	if (is_limited)
		evtimer_del(&loop->limit);
	run_hooks(loop);
	loop->now_us = 0;
}

void loop_run(struct loop *loop)
{
	loop->is_stopped = false;
	while (!loop->is_stopped)
		loop_run_once(loop, -1);
}

void loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
}

bool loop_is_stopped(const struct loop *loop)
{
	return loop->is_stopped;
}

int64_t loop_now_us(struct loop *loop)
{
	if (!loop->now_us)
		loop->now_us = clock_mono_us();
	return loop->now_us;
}

void loop_add_hook(struct loop *loop, enum loop_phase phase, loop_hook_fn *fn, void *context)
{
	ENSURE(phase < LOOP_PHASE_COUNT && loop->hook_count[phase] < LOOP_HOOKS_MAX);
	loop->hooks[phase][loop->hook_count[phase]++] = (struct hook){ fn, context };
}

void loop_remove_hook(struct loop *loop, enum loop_phase phase, loop_hook_fn *fn, void *context)
{
	struct hook *hooks = loop->hooks[phase];
	size_t kept = 0;

	for (size_t i = 0; i < loop->hook_count[phase]; i++) {
		if (hooks[i].fn != fn || hooks[i].context != context)
			hooks[kept++] = hooks[i];
	}
	loop->hook_count[phase] = kept;
}

static void on_fd_read(evutil_socket_t fd, short what, void *context)
{
	struct loop_fd *watched = context;

	(void)fd;
	(void)what;
	watched->fn(watched->context, LOOP_READ);
}

static void on_fd_write(evutil_socket_t fd, short what, void *context)
{
	struct loop_fd *watched = context;

	(void)fd;
	(void)what;
	watched->fn(watched->context, LOOP_WRITE);
}

struct loop_fd *loop_fd_open(struct loop *loop, int fd, loop_fd_fn *fn, void *context)
{
	struct loop_fd *watched = alloc_zero(1, sizeof(*watched));

	watched->loop = loop;
	watched->fn = fn;
	watched->context = context;
	ENSURE(event_assign(&watched->read, loop->base, fd, EV_READ | EV_PERSIST, on_fd_read,
			    watched) == 0);
	ENSURE(event_assign(&watched->write, loop->base, fd, EV_WRITE | EV_PERSIST, on_fd_write,
			    watched) == 0);
	return watched;
}

void loop_fd_watch(struct loop_fd *watched, unsigned interest)
{
	unsigned changed = watched->interest ^ interest;

	/* Only what epoll cannot watch at all is refused: a plain file. */
	if (changed & LOOP_READ)
		ENSURE((interest & LOOP_READ ? event_add(&watched->read, NULL)
					     : event_del(&watched->read)) == 0);
	if (changed & LOOP_WRITE)
		ENSURE((interest & LOOP_WRITE ? event_add(&watched->write, NULL)
					      : event_del(&watched->write)) == 0);
	watched->interest = interest;
}

void loop_fd_close(struct loop_fd *watched)
{
	if (!watched)
		return;
	loop_fd_watch(watched, 0);
	free(watched);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct loop_timer *timer = context;

	(void)fd;
	(void)what;
	timer->fn(timer->context);
}

struct loop_timer *loop_timer_open(struct loop *loop, loop_timer_fn *fn, void *context)
{
	struct loop_timer *timer = alloc_zero(1, sizeof(*timer));

	timer->loop = loop;
	timer->fn = fn;
	timer->context = context;
	ENSURE(evtimer_assign(&timer->event, loop->base, on_timer, timer) == 0);
	return timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_us)
{
	struct timeval delay = timeval_of_us(delay_us);

	ENSURE(evtimer_add(&timer->event, &delay) == 0);
}

void loop_timer_cancel(struct loop_timer *timer)
{
	evtimer_del(&timer->event);
}

void loop_timer_close(struct loop_timer *timer)
{
	if (!timer)
		return;
	evtimer_del(&timer->event);
	free(timer);
}

static void on_signal(evutil_socket_t signal_number, short what, void *context)
{
	struct loop_signal *watched = context;

	(void)what;
	watched->fn(watched->context, (int)signal_number);
}

struct loop_signal *loop_signal_open(struct loop *loop, int signal_number, loop_signal_fn *fn,
				     void *context)
{
	struct loop_signal *watched = alloc_zero(1, sizeof(*watched));

	watched->fn = fn;
	watched->context = context;
	ENSURE(evsignal_assign(&watched->event, loop->base, signal_number, on_signal, watched) ==
	       0);
	ENSURE(evsignal_add(&watched->event, NULL) == 0);
	return watched;
}

void loop_signal_close(struct loop_signal *watched)
{
	if (!watched)
		return;
	evsignal_del(&watched->event);
	free(watched);
}

static void on_wake(void *context, unsigned ready)
{
	struct loop_wake *wake = context;
	uint64_t count;

	(void)ready;
	/* Nothing to read: another call has taken it already. */
	if (read(wake->fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		wake->fn(wake->context);
}

enum err loop_wake_open(struct loop *loop, loop_wake_fn *fn, void *context,
			struct loop_wake **ret_wake)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct loop_wake *wake;

	if (fd < 0)
		return ERR_OS;
	wake = alloc_zero(1, sizeof(*wake));
	wake->fd = fd;
	wake->fn = fn;
	wake->context = context;
	wake->watched = loop_fd_open(loop, fd, on_wake, wake);
	loop_fd_watch(wake->watched, LOOP_READ);
	*ret_wake = wake;
	return OK;
}

void loop_wake_send(struct loop_wake *wake)
{
	uint64_t one = 1;
	ssize_t put = write(wake->fd, &one, sizeof(one));

	/* It fails only when the counter is full: then a wake is on its way. */
	(void)put;
}

void loop_wake_close(struct loop_wake *wake)
{
	if (!wake)
		return;
	loop_fd_close(wake->watched);
	close(wake->fd);
	free(wake);
}
