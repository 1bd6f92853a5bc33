/*
 * loop - waits for descriptors, timers and signals, and calls back.
 *
 * One thread runs it. A turn is: wait, serve everything that was ready,
 * then run the hooks of each phase. What the ready descriptors brought is
 * thereby committed as one group, and what was committed is sent at once.
 */
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct loop;
struct loop_fd;
struct loop_timer;
struct loop_signal;
struct loop_wake;

/* From here on SIGPIPE is ignored: a client that is gone is an error of send. */
MUST_USE enum err loop_open(struct loop **ret_loop);
/* Everything opened on it must be closed before. */
void loop_close(struct loop *loop);

/* Turns until loop_stop. */
void loop_run(struct loop *loop);
/* One turn. Waits for something to be ready at most `wait_us`; below 0: as long as it takes. */
void loop_run_once(struct loop *loop, int64_t wait_us);
/* loop_run returns after this turn. Only from the loop's thread; others send a wake. */
void loop_stop(struct loop *loop);
bool loop_is_stopped(const struct loop *loop);
/* Monotonic time; the clock is asked once a turn. */
int64_t loop_now_us(struct loop *loop);

/*
 * Hooks run once after each turn, WORK before SEND: the daemon commits in
 * WORK, the server sends in SEND. A hook returns true when it left something
 * to do, and the next turn then does not wait.
 */
enum loop_phase { LOOP_PHASE_WORK, LOOP_PHASE_SEND, LOOP_PHASE_COUNT };

#define LOOP_HOOKS_MAX 4	/* in each phase; two are in use */

typedef bool loop_hook_fn(void *context);
void loop_add_hook(struct loop *loop, enum loop_phase phase, loop_hook_fn *fn, void *context);
void loop_remove_hook(struct loop *loop, enum loop_phase phase, loop_hook_fn *fn, void *context);

/* Descriptors: level triggered. Errors and hang-ups count as ready for both. */
enum { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void loop_fd_fn(void *context, unsigned ready);
/* Nothing is watched yet. */
struct loop_fd *loop_fd_open(struct loop *loop, int fd, loop_fd_fn *fn, void *context);
/* `interest` is LOOP_READ | LOOP_WRITE or less. Cheap when nothing changes. */
void loop_fd_watch(struct loop_fd *watched, unsigned interest);
/* Before the descriptor itself is closed. No call back follows. May be called from its call back. */
void loop_fd_close(struct loop_fd *watched);

/* Timers: one shot, monotonic. */
typedef void loop_timer_fn(void *context);
struct loop_timer *loop_timer_open(struct loop *loop, loop_timer_fn *fn, void *context);
/* Fires once, `delay_us` from now; replaces an earlier setting. */
void loop_timer_set(struct loop_timer *timer, int64_t delay_us);
void loop_timer_cancel(struct loop_timer *timer);
void loop_timer_close(struct loop_timer *timer);

/* Signals are called back between other events, never inside one. */
typedef void loop_signal_fn(void *context, int signal);
struct loop_signal *loop_signal_open(struct loop *loop, int signal, loop_signal_fn *fn, void *context);
void loop_signal_close(struct loop_signal *watched);

/* Wakes: the way for another thread, or a signal handler, to be heard. */
typedef void loop_wake_fn(void *context);
MUST_USE enum err loop_wake_open(struct loop *loop, loop_wake_fn *fn, void *context,
				 struct loop_wake **ret_wake);
/* From any thread. Several sends may arrive as one call. */
void loop_wake_send(struct loop_wake *wake);
void loop_wake_close(struct loop_wake *wake);

#endif
