/*
 * Many processes want the same tasks, and some of them, and the daemon, are
 * killed on the way.
 *
 * IF_RACE_TASKS says how many tasks there are to race for, and a quarter of
 * them to be handed on.
 */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/story.h"
#include "sys/clock.h"

#define RACERS 64
#define TASKS_DEFAULT 1000
#define TASKS_MAX 4000
#define TOGETHER 20		/* tasks between two moments at which all are level again */
#define SLOTS 1000
#define KILLS 120
#define REIGNS 5
#define LEASE_MS 250
#define PATIENCE_MS 120000

/* What all processes see. */
struct board_of_race {
	pthread_barrier_t level;
	atomic_int winner[TASKS_MAX];		/* racer + 1 */
	_Atomic int64_t fence[TASKS_MAX];	/* of the winner */
	uint8_t told[RACERS][TASKS_MAX];	/* racer + 1 that is said to hold it */
	_Atomic int64_t acknowledged[TASKS_MAX];	/* fence of the completion that was answered */
	struct {
		_Atomic int64_t task, fence;	/* that a racer held when it was killed */
	} held[RACERS];
	atomic_int stale_refused, completions;
};

static struct board_of_race *shared;
static unsigned task_count;
static struct fabric fabric;

static void setup(void)
{
	const char *wanted = getenv("IF_RACE_TASKS");

	task_count = wanted ? (unsigned)atoi(wanted) : TASKS_DEFAULT;
	ck_assert_uint_ge(task_count, RACERS);
	ck_assert_uint_lt(task_count, TASKS_MAX);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	fabric_make(&fabric);
	fabric_start(&fabric);
}

static void teardown(void)
{
	fabric_remove(&fabric);
	munmap(shared, sizeof(*shared));
}

static void lay_out(const char *board, unsigned count)
{
	struct http_answer answer = { 0 };
	struct buf body = { 0 };

	buf_add_str(&body, text("{\"id\":\"%s\",\"title\":\"race\",\"tasks\":[", board));
	for (unsigned i = 0; i < count; i++)
		buf_add_str(&body, text("%s{\"id\":\"t%u\",\"max_attempts\":1000}", i ? "," : "", i));
	buf_add_lit(&body, "]}");
	must_post(&fabric, "/v1/import", buf_str(&body), &answer);
	buf_finish(&body);
	answer_finish(&answer);
}

/* ---- a racer -------------------------------------------------------------------------------- */

struct racer {
	unsigned number;
	unsigned asked;		/* requests, for their keys */
	unsigned short dice[3];
	struct wire wire;
	struct http_answer answer;
};

typedef void race_fn(struct racer *racer);

static pid_t start_racer(unsigned number, race_fn *race)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct racer racer = { .number = number, .dice = { 1, 2, (unsigned short)getpid() } };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		wire_open(&racer.wire, fabric.socket);
		race(&racer);
		_exit(0);
	}
	return pid;
}

/*
 * Asks until there is an answer, also of the daemon's next reign: the key
 * makes it one command, however often it is sent.
 */
static int say(struct racer *racer, const char *path, const char *body)
{
	const char *key = text("Idempotency-Key: %u-%d-%u\r\n", racer->number, getpid(),
			       racer->asked++);
	int64_t until_ms = now_ms() + PATIENCE_MS;

	for (;;) {
		if (racer->wire.fd >= 0) {
			wire_ask(&racer->wire, "POST", path, key, slice_of_str(body));
			if (wire_answer(&racer->wire, &racer->answer))
				return racer->answer.status;
			wire_close(&racer->wire);
		}
		ck_assert_int_lt(now_ms(), until_ms);
		if (!wire_try_open(&racer->wire, fabric.socket))
			sleep_ms(5);
	}
}

static void must_say(struct racer *racer, const char *path, const char *body)
{
	int status = say(racer, path, body);

	ck_assert_msg(status == 200, "%s %s: %s", path, body, buf_str(&racer->answer.body));
}

static int about_task(struct racer *racer, const char *board, int64_t task, const char *verb,
		      int64_t fence)
{
	return say(racer, text("/v1/boards/%s/tasks/t%lld/%s", board, (long long)task, verb),
		   text("{\"fence\":%lld}", (long long)fence));
}

static void must_be_stale(struct racer *racer, const char *board, int64_t task, const char *verb,
			  int64_t fence)
{
	int status = about_task(racer, board, task, verb, fence);
	const char *code = answer_text(&racer->answer, "code");

	ck_assert_msg(status == 409 && (strcmp(code, "fence_stale") == 0 ||
					strcmp(code, "task_not_claimed") == 0),
		      "%s with token %lld: %s", verb, (long long)fence,
		      buf_str(&racer->answer.body));
	atomic_fetch_add(&shared->stale_refused, 1);
}

static void all_are_stale(struct racer *racer, const char *board, int64_t task, int64_t fence)
{
	must_be_stale(racer, board, task, "complete", fence);
	must_be_stale(racer, board, task, "heartbeat", fence);
	must_be_stale(racer, board, task, "progress", fence);
}

static void register_racer(struct racer *racer, unsigned slots)
{
	must_say(racer, "/v1/swarms", text("{\"swarm\":\"r%u\",\"slots\":%u}", racer->number, slots));
}

static void wait_for(const pid_t pids[RACERS])
{
	for (unsigned i = 0; i < RACERS; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "racer %u ended with %d",
			      i, status);
	}
}

/* ---- one winner ------------------------------------------------------------------------------ */

static void race_for(struct racer *racer, unsigned task)
{
	int status = say(racer, text("/v1/boards/race/tasks/t%u/claim", task),
			 text("{\"swarm\":\"r%u\"}", racer->number));

	if (status == 200) {
		ck_assert_int_eq(atomic_exchange(&shared->winner[task], (int)racer->number + 1), 0);
		shared->fence[task] = answer_number(&racer->answer, "fence", 0);
		return;
	}
	ck_assert_msg(strcmp(answer_text(&racer->answer, "code"), "task_claimed") == 0, "%s",
		      buf_str(&racer->answer.body));
	shared->told[racer->number][task] =
		(uint8_t)(atoi(answer_text(&racer->answer, "holder") + 1) + 1);
}

static void race_for_all(struct racer *racer)
{
	register_racer(racer, SLOTS);
	for (unsigned task = 0; task < task_count; task++) {
		if (task % TOGETHER == 0)
			pthread_barrier_wait(&shared->level);
		race_for(racer, task);
	}
	pthread_barrier_wait(&shared->level);
	for (unsigned task = racer->number; task < task_count; task += RACERS)
		all_are_stale(racer, "race", task, shared->fence[task] - 1);
	pthread_barrier_wait(&shared->level);
	for (unsigned task = 0; task < task_count; task++) {
		if (shared->winner[task] != (int)racer->number + 1)
			continue;
		ck_assert_int_eq(about_task(racer, "race", task, "complete", shared->fence[task]),
				 200);
		/* Said once more it is a new command, with a token that is over. */
		must_be_stale(racer, "race", task, "complete", shared->fence[task]);
	}
}

START_TEST(every_task_has_one_winner_and_every_loser_is_told_who_won)
{
	static struct story story;
	pthread_barrierattr_t between;
	pid_t pids[RACERS];

	pthread_barrierattr_init(&between);
	pthread_barrierattr_setpshared(&between, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->level, &between, RACERS);
	lay_out("race", task_count);
	for (unsigned i = 0; i < RACERS; i++)
		pids[i] = start_racer(i, race_for_all);
	wait_for(pids);
	story_read(&fabric, "race", &story);
	for (unsigned task = 0; task < task_count; task++) {
		int winner = shared->winner[task];

		ck_assert_int_ne(winner, 0);
		for (unsigned i = 0; i < RACERS; i++)
			ck_assert_int_eq(shared->told[i][task], (int)i + 1 == winner ? 0 : winner);
		ck_assert_uint_eq(story.tasks[task].claims, 1);
		ck_assert_int_eq(story.tasks[task].last_fence, shared->fence[task]);
		ck_assert_int_eq(story.tasks[task].done_fence, shared->fence[task]);
	}
	printf("%d processes raced for %u tasks: %u losers knew who won, %d stale writes refused\n",
	       RACERS, task_count, (RACERS - 1) * task_count, atomic_load(&shared->stale_refused));
}
END_TEST

/* ---- handing on ------------------------------------------------------------------------------ */

static unsigned handed_count(void)
{
	return task_count / 4;
}

static bool all_are_done(struct racer *racer, const char *board)
{
	wire_ask(&racer->wire, "GET", "/v1/boards", NULL, SLICE_EMPTY);
	if (!wire_answer(&racer->wire, &racer->answer)) {
		wire_close(&racer->wire);
		return false;
	}
	for (int i = 0; i < 4; i++)
		if (strcmp(answer_text(&racer->answer, text("boards.%d.board", i)), board) == 0)
			return answer_number(&racer->answer, text("boards.%d.counts.done", i), 0) ==
			       handed_count();
	return false;
}

static void complete(struct racer *racer, const char *board, int64_t task, int64_t fence)
{
	if (about_task(racer, board, task, "complete", fence) == 200) {
		ck_assert_int_eq(atomic_exchange(&shared->acknowledged[task], fence), 0);
		atomic_fetch_add(&shared->completions, 1);
		return;
	}
	all_are_stale(racer, board, task, fence);
}

/* True when there was a task; what was done with it is a matter of luck. */
static bool work(struct racer *racer, const char *board, int lease_ms)
{
	int64_t task, fence;
	int status = say(racer, "/v1/next",
			 text("{\"swarm\":\"r%u\",\"board\":\"%s\",\"lease_ms\":%d,\"wait_ms\":300}",
			      racer->number, board, lease_ms));

	if (status != 200)
		return false;
	task = atoi(answer_text(&racer->answer, "task") + 1);
	fence = answer_number(&racer->answer, "fence", 0);
	shared->held[racer->number].task = task;
	shared->held[racer->number].fence = fence;
	switch (nrand48(racer->dice) % 8) {
	case 0:
		/* Its lease runs out, unless somebody is slower than that. */
		if (lease_ms == LEASE_MS)
			sleep_ms(LEASE_MS * 2);
		complete(racer, board, task, fence);
		break;
	case 1:
		if (about_task(racer, board, task, "release", fence) == 200)
			all_are_stale(racer, board, task, fence);
		break;
	case 2:
		about_task(racer, board, task, "heartbeat", fence);
		about_task(racer, board, task, "progress", fence);
		complete(racer, board, task, fence);
		break;
	case 3:
		sleep_ms(20);
		complete(racer, board, task, fence);
		break;
	default:
		complete(racer, board, task, fence);
	}
	shared->held[racer->number].fence = 0;
	return true;
}

static void work_with_leases(struct racer *racer)
{
	register_racer(racer, 1);
	while (work(racer, "hand", LEASE_MS) || !all_are_done(racer, "hand"))
		;
}

/* Its claims of an earlier life go back to the board; that life's token is over. */
static void work_after_leave(struct racer *racer)
{
	int64_t fence = shared->held[racer->number].fence;

	register_racer(racer, 1);
	must_say(racer, text("/v1/swarms/r%u/leave", racer->number), "{}");
	register_racer(racer, 1);
	if (fence)
		all_are_stale(racer, "reign", shared->held[racer->number].task, fence);
	shared->held[racer->number].fence = 0;
	while (work(racer, "reign", 60000) || !all_are_done(racer, "reign"))
		;
}

struct killer {
	pid_t pids[RACERS];
	unsigned running, kills, reigns;
	unsigned short dice[3];
};

static void reap(struct killer *killer)
{
	for (unsigned i = 0; i < RACERS; i++) {
		int status;

		if (!killer->pids[i] || waitpid(killer->pids[i], &status, WNOHANG) != killer->pids[i])
			continue;
		killer->pids[i] = 0;
		killer->running--;
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "racer %u ended with %d",
			      i, status);
	}
}

static void kill_one(struct killer *killer, race_fn *again)
{
	unsigned i = (unsigned)nrand48(killer->dice) % RACERS;

	if (!killer->pids[i])
		return;
	kill(killer->pids[i], SIGKILL);
	waitpid(killer->pids[i], NULL, 0);
	killer->kills++;
	killer->pids[i] = start_racer(i, again);
}

/* Kills racers, and at equal distances the daemon, until the board is done. */
static void run_with_kills(struct killer *killer, race_fn *race, unsigned kills, unsigned reigns)
{
	int64_t until_ms = now_ms() + PATIENCE_MS;

	killer->running = RACERS;
	for (unsigned i = 0; i < RACERS; i++)
		killer->pids[i] = start_racer(i, race);
	while (killer->running) {
		sleep_ms(5);
		reap(killer);
		if (killer->kills < kills)
			kill_one(killer, race);
		if (killer->reigns < reigns &&
		    atomic_load(&shared->completions) >=
			    (int)(handed_count() * (killer->reigns + 1) / (reigns + 1))) {
			fabric_kill(&fabric);
			fabric_start(&fabric);
			killer->reigns++;
		}
		ck_assert_int_lt(now_ms(), until_ms);
	}
}

/* Every task was completed, once; whoever was told so was told the truth. */
static void check_story(const char *board)
{
	static struct story story;
	unsigned handed_on = 0;

	story_read(&fabric, board, &story);
	for (unsigned task = 0; task < handed_count(); task++) {
		ck_assert_int_ne(story.tasks[task].done_fence, 0);
		if (shared->acknowledged[task])
			ck_assert_int_eq(story.tasks[task].done_fence, shared->acknowledged[task]);
		handed_on += story.tasks[task].handed_on;
	}
	ck_assert_uint_gt(handed_on, 0);
	ck_assert_int_gt(atomic_load(&shared->stale_refused), 0);
	printf("%s: %u tasks, %u claims handed on, %d completions answered, %d stale writes refused\n",
	       board, handed_count(), handed_on, atomic_load(&shared->completions),
	       atomic_load(&shared->stale_refused));
}

static void tool(const char *arguments, char *ret_said, size_t room)
{
	const char *program = getenv("IF_COORDINATOR");
	FILE *pipe = popen(text("%s %s", program ? program :
				"build/asan/libexec/infrafabric/if-coordinator", arguments), "r");
	size_t len;

	ck_assert_ptr_nonnull(pipe);
	len = fread(ret_said, 1, room - 1, pipe);
	ret_said[len] = '\0';
	ck_assert_msg(pclose(pipe) == 0, "%s: %s", arguments, ret_said);
}

static void check_ledger(void)
{
	char verified[1024], from_snapshot[1024], from_first[1024];

	fabric_stop(&fabric);
	tool(text("--verify %s", fabric.ledger), verified, sizeof(verified));
	tool(text("--digest %s", fabric.ledger), from_snapshot, sizeof(from_snapshot));
	tool(text("--digest %s --no-snapshot", fabric.ledger), from_first, sizeof(from_first));
	ck_assert_str_eq(from_snapshot, from_first);
}

START_TEST(leases_hand_on_what_killed_workers_held)
{
	struct killer killer = { .dice = { 3, 2, 1 } };

	lay_out("hand", handed_count());
	run_with_kills(&killer, work_with_leases, KILLS, 0);
	check_story("hand");
	check_ledger();
}
END_TEST

START_TEST(nothing_is_lost_or_done_twice_when_the_daemon_is_killed)
{
	struct killer killer = { .dice = { 1, 2, 3 } };

	lay_out("reign", handed_count());
	run_with_kills(&killer, work_after_leave, KILLS, REIGNS);
	ck_assert_uint_eq(killer.reigns, REIGNS);
	check_story("reign");
	check_ledger();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("race");
	TCase *tests = tcase_create("race");
	SRunner *runner;
	int failed;

	/* What is printed before a test forks would be printed again by each of its children. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, every_task_has_one_winner_and_every_loser_is_told_who_won);
	tcase_add_test(tests, leases_hand_on_what_killed_workers_held);
	tcase_add_test(tests, nothing_is_lost_or_done_twice_when_the_daemon_is_killed);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
