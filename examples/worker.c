/*
 * worker - a complete worker: takes tasks, keeps them alive while it works, completes them.
 *
 *	cc worker.c $(pkg-config --cflags --libs infrafabric) -o worker
 *	./worker alice code:c docs:write
 *
 * It waits for tasks without asking again and again: the daemon answers the
 * moment one is ready. TERM or ^C ends it; what it holds goes back to the board.
 */
#include <infrafabric.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int wake[2];

static void on_signal(int number)
{
	(void)number;
	(void)!write(wake[1], "", 1);
}

/* Ten steps of work, with a sign of life after each. False: stop, the task is somebody else's now. */
static int work_on(struct ifab_client *fabric, struct ifab_task *task)
{
	printf("%s/%s, attempt %d: %s\n", task->board, task->task, (int)task->attempt, task->title);
	for (int step = 1; step <= 10; step++) {
		usleep(20000);
		if (ifab_progress(fabric, task, step * 10, NULL) == IFAB_LEASE_LOST)
			return 0;
	}
	return 1;
}

int main(int argc, char *argv[])
{
	struct ifab_error error;
	struct ifab_client *fabric = ifab_open(NULL, &error);
	struct ifab_swarm me = { .id = argc > 1 ? argv[1] : "example" };
	struct ifab_next_options wait = { .wait_ms = IFAB_FOR_EVER };
	struct ifab_task task = { 0 };
	enum ifab_status status;

	if (!fabric || pipe(wake) != 0) {
		fprintf(stderr, "worker: %s\n", fabric ? "no pipe" : error.detail);
		return 1;
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	ifab_interrupt_on(fabric, wake[0]);
	me.capabilities = (const char *const *)(argv + 2);
	me.capability_count = argc > 2 ? (size_t)argc - 2 : 0;
	status = ifab_register(fabric, &me);
	if (status == IFAB_OK)
		status = ifab_next(fabric, me.id, &wait, &task);
	while (status == IFAB_OK && task.task[0]) {
		if (!work_on(fabric, &task))
			status = ifab_next(fabric, me.id, &wait, &task);
		else
			status = ifab_finish_and_next(fabric, &task, "{\"ok\":true}", NULL, &wait,
						      &task);
	}
	if (status != IFAB_OK && status != IFAB_INTERRUPTED)
		fprintf(stderr, "worker: %s: %s\n", ifab_last_error(fabric)->title,
			ifab_last_error(fabric)->detail);
	/* What is still claimed goes back to the board at once instead of when its lease ends. */
	ifab_interrupt_on(fabric, -1);
	ifab_leave(fabric, me.id, "the worker was stopped");
	ifab_task_free(&task);
	ifab_close(fabric);
	return status == IFAB_OK || status == IFAB_INTERRUPTED ? 0 : (int)status;
}
