#include "sys/loop.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"

static struct loop *loop;
static struct buf events;	/* one letter for each call back */

static void begin(void)
{
	events = (struct buf){ 0 };
	ck_assert_int_eq(loop_open(&loop), OK);
}

static void finish(void)
{
	loop_close(loop);
	buf_finish(&events);
}

static void note(void *context)
{
	buf_add_str(&events, context);
}

#define ck_assert_events(text) ck_assert_str_eq(buf_str(&events), (text))

static char letter_a[] = "a", letter_b[] = "b", letter_w[] = "w", letter_s[] = "s";

START_TEST(timers_fire_once_in_the_order_of_their_times)
{
	struct loop_timer *late, *early;

	begin();
	late = loop_timer_open(loop, note, letter_b);
	early = loop_timer_open(loop, note, letter_a);
	loop_timer_set(late, 20000);
	loop_timer_set(early, 1000);
	while (events.len < 2)
		loop_run_once(loop, 100000);
	loop_run_once(loop, 30000);
	ck_assert_events("ab");
	loop_timer_close(late);
	loop_timer_close(early);
	finish();
}
END_TEST

START_TEST(a_timer_can_be_set_again_and_cancelled)
{
	struct loop_timer *timer;

	begin();
	timer = loop_timer_open(loop, note, letter_a);
	loop_timer_set(timer, 1000);
	loop_timer_cancel(timer);
	loop_run_once(loop, 10000);
	ck_assert_events("");
	loop_timer_set(timer, 3600000000LL);
	loop_timer_set(timer, 0);
	loop_run_once(loop, -1);
	ck_assert_events("a");
	loop_timer_set(timer, 0);
	loop_run_once(loop, -1);
	ck_assert_events("aa");
	loop_timer_close(timer);
	loop_timer_close(NULL);
	finish();
}
END_TEST

START_TEST(a_turn_waits_no_longer_than_it_may)
{
	int64_t start_us;

	begin();
	start_us = clock_mono_us();
	loop_run_once(loop, 0);
	loop_run_once(loop, 20000);
	ck_assert_int_ge(clock_mono_us() - start_us, 15000);
	finish();
}
END_TEST

static void on_ready(void *context, unsigned ready)
{
	(void)context;
	buf_add_str(&events, ready & LOOP_READ ? "r" : "w");
}

START_TEST(descriptors_are_watched_for_what_is_asked)
{
	struct loop_fd *watched;
	int pair[2];

	begin();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	watched = loop_fd_open(loop, pair[0], on_ready, NULL);
	loop_run_once(loop, 1000);
	ck_assert_events("");
	loop_fd_watch(watched, LOOP_READ);
	loop_run_once(loop, 1000);
	ck_assert_events("");
	ck_assert_int_eq(write(pair[1], "x", 1), 1);
	loop_run_once(loop, -1);
	loop_run_once(loop, -1);
	ck_assert_events("rr");
	loop_fd_watch(watched, LOOP_WRITE);
	loop_run_once(loop, -1);
	ck_assert_events("rrw");
	loop_fd_watch(watched, 0);
	loop_run_once(loop, 1000);
	ck_assert_events("rrw");
	loop_fd_watch(watched, LOOP_READ);
	close(pair[1]);
	loop_run_once(loop, -1);
	ck_assert_events("rrwr");
	loop_fd_close(watched);
	loop_fd_close(NULL);
	close(pair[0]);
	finish();
}
END_TEST

static struct loop_fd *closes_itself;

static void on_ready_close(void *context, unsigned ready)
{
	(void)context;
	(void)ready;
	buf_add_str(&events, "c");
	loop_fd_close(closes_itself);
}

START_TEST(a_descriptor_may_be_closed_from_its_own_call_back)
{
	int pair[2];

	begin();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	closes_itself = loop_fd_open(loop, pair[0], on_ready_close, NULL);
	/* Ready for both: the second call back must not come. */
	loop_fd_watch(closes_itself, LOOP_READ | LOOP_WRITE);
	ck_assert_int_eq(write(pair[1], "x", 1), 1);
	loop_run_once(loop, -1);
	loop_run_once(loop, 1000);
	ck_assert_events("c");
	close(pair[0]);
	close(pair[1]);
	finish();
}
END_TEST

static bool asks_again;

static bool work(void *context)
{
	bool again = asks_again;

	buf_add_str(&events, context);
	asks_again = false;
	return again;
}

START_TEST(hooks_run_after_all_that_was_ready_work_before_send)
{
	struct loop_timer *first, *second;

	begin();
	loop_add_hook(loop, LOOP_PHASE_SEND, work, letter_s);
	loop_add_hook(loop, LOOP_PHASE_WORK, work, letter_w);
	first = loop_timer_open(loop, note, letter_a);
	second = loop_timer_open(loop, note, letter_a);
	loop_timer_set(first, 0);
	loop_timer_set(second, 0);
	usleep(1000);
	loop_run_once(loop, -1);
	ck_assert_events("aaws");
	loop_remove_hook(loop, LOOP_PHASE_WORK, work, letter_w);
	loop_run_once(loop, 0);
	ck_assert_events("aawss");
	loop_timer_close(first);
	loop_timer_close(second);
	finish();
}
END_TEST

START_TEST(a_hook_that_left_something_gets_another_turn_at_once)
{
	int64_t start_us;

	begin();
	loop_add_hook(loop, LOOP_PHASE_WORK, work, letter_w);
	asks_again = true;
	loop_run_once(loop, 0);
	start_us = clock_mono_us();
	loop_run_once(loop, 3600000000LL);
	ck_assert_int_lt(clock_mono_us() - start_us, 3600000000LL);
	ck_assert_events("ww");
	finish();
}
END_TEST

static void on_signal(void *context, int signal_number)
{
	(void)context;
	buf_add_str(&events, signal_number == SIGUSR1 ? "1" : "2");
}

START_TEST(signals_are_called_back_in_a_turn)
{
	struct loop_signal *first, *second;

	begin();
	first = loop_signal_open(loop, SIGUSR1, on_signal, NULL);
	second = loop_signal_open(loop, SIGUSR2, on_signal, NULL);
	raise(SIGUSR2);
	ck_assert_events("");
	loop_run_once(loop, -1);
	raise(SIGUSR1);
	loop_run_once(loop, -1);
	ck_assert_events("21");
	loop_signal_close(first);
	loop_signal_close(second);
	loop_signal_close(NULL);
	finish();
}
END_TEST

static void stop(void *context)
{
	buf_add_str(&events, "!");
	loop_stop(context);
}

static void *send_wake(void *context)
{
	loop_wake_send(context);
	return NULL;
}

START_TEST(another_thread_can_wake_the_loop)
{
	struct loop_wake *wake;
	pthread_t thread;

	begin();
	ck_assert_int_eq(loop_wake_open(loop, stop, loop, &wake), OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, send_wake, wake), 0);
	loop_run(loop);
	ck_assert(loop_is_stopped(loop));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	loop_wake_send(wake);
	loop_wake_send(wake);
	loop_run_once(loop, -1);
	loop_run_once(loop, 1000);
	ck_assert_events("!!");
	loop_wake_close(wake);
	loop_wake_close(NULL);
	finish();
}
END_TEST

START_TEST(time_stands_still_within_a_turn)
{
	int64_t first_us;

	begin();
	first_us = loop_now_us(loop);
	usleep(2000);
	ck_assert_int_eq(loop_now_us(loop), first_us);
	loop_run_once(loop, 0);
	ck_assert_int_ge(loop_now_us(loop), first_us + 2000);
	finish();
}
END_TEST

START_TEST(a_broken_pipe_is_an_error_and_no_end)
{
	int pair[2];

	begin();
	ck_assert_int_eq(pipe(pair), 0);
	close(pair[0]);
	ck_assert_int_eq(write(pair[1], "x", 1), -1);
	close(pair[1]);
	finish();
}
END_TEST

static Suite *loop_suite(void)
{
	Suite *suite = suite_create("loop");
	TCase *tests = tcase_create("loop");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, timers_fire_once_in_the_order_of_their_times);
	tcase_add_test(tests, a_timer_can_be_set_again_and_cancelled);
	tcase_add_test(tests, a_turn_waits_no_longer_than_it_may);
	tcase_add_test(tests, descriptors_are_watched_for_what_is_asked);
	tcase_add_test(tests, a_descriptor_may_be_closed_from_its_own_call_back);
	tcase_add_test(tests, hooks_run_after_all_that_was_ready_work_before_send);
	tcase_add_test(tests, a_hook_that_left_something_gets_another_turn_at_once);
	tcase_add_test(tests, signals_are_called_back_in_a_turn);
	tcase_add_test(tests, another_thread_can_wake_the_loop);
	tcase_add_test(tests, time_stands_still_within_a_turn);
	tcase_add_test(tests, a_broken_pipe_is_an_error_and_no_end);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(loop_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
