/*
 * `swarm spawn`: a supervisor that runs a worker process, or a module, for each task.
 *
 *	board --claim-->            spawn_link --> job --> worker --> process
 *	board <--how it ended--     spawn_link <-- job <-- worker <-- its end
 *
 * One thread and one loop. It ends when it is told to, when its last task is
 * done (--once, --tasks), or when there was none for a while (--idle); then
 * its swarm takes leave, and whatever it held goes back to the board.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "cli/columns.h"
#include "cli/local.h"
#include "cli/spawn_cost.h"
#include "cli/spawn_say.h"
#include "cli/spawn_worker.h"
#include "cli/value.h"
#include "sys/files.h"

#define GRACE_MS 5000
#define CHARGES_MAX 8		/* of a job, under way: a worker that says more waits */
#define LEAVE_US 5000000	/* a daemon that is away is not waited for any longer at the end */
#define EXIT_OF_SIGNAL 128

/* What is to be told when the process of a job has ended. */
enum verdict {
	VERDICT_AS_IT_ENDED,
	VERDICT_GIVE_BACK,	/* we are stopping */
	VERDICT_STOPPED,	/* the board asked for it */
	VERDICT_OVER,		/* the claim ended: nothing */
};

struct job {
	struct spawn *spawn;
	struct spawn_claim claim;	/* without a task: the job is free */
	struct worker *worker;		/* NULL: over, and being reported */
	enum verdict verdict;
	bool has_ordered;		/* its report asks for the next task */
	int64_t beat;			/* heartbeats that had been sent when it was claimed */
	int64_t charges;		/* and runs that the board has not answered yet */
	struct buf stop_reason;
};

struct spawn {
	struct cli *cli;
	struct loop *loop;
	struct spawn_link *link;
	struct spawn_link_options link_options;
	struct worker_options worker_options;
	struct loop_signal *signals[3];
	struct loop_timer *idle_timer;
	struct loop_timer *give_up_timer;
	struct job *jobs;
	size_t job_count;
	struct worker *session;		/* the long-lived command */
	bool is_session;
	bool is_asking;			/* a free hand waits for a task */
	int64_t tasks_left;		/* to be claimed; below 0: no limit */
	int64_t idle_us;		/* 0: it waits for ever */
	const char *why_stopping;	/* NULL: it is not */
	int stop_signals;
	bool is_leaving;
	bool was_connected;
	int exit_code;
};

/* ---- what is said ---------------------------------------------------------------------- */

static void say(const struct spawn *spawn, const struct spawn_claim *claim, struct slice text)
{
	spawn_say(spawn->cli, spawn->link_options.swarm, claim, text);
}

static void tell(const struct spawn *spawn, const struct job *job, const char *what,
		 struct slice detail)
{
	spawn_say_event(spawn->cli, spawn->link_options.swarm, &job->claim, job->worker, what, detail);
}

static void tell_and_say(const struct spawn *spawn, const struct job *job, const char *what,
			 struct slice detail)
{
	struct buf text = { 0 };

	tell(spawn, job, what, detail);
	buf_add_str(&text, what);
	if (detail.len) {
		buf_add_lit(&text, ": ");
		buf_add_slice(&text, detail);
	}
	say(spawn, &job->claim, buf_slice(&text));
	buf_finish(&text);
}

/* ---- ending ---------------------------------------------------------------------------- */

static bool job_is_free(const struct job *job)
{
	return !job->claim.task[0];
}

static bool nothing_runs(const struct spawn *spawn)
{
	for (size_t i = 0; i < spawn->job_count; i++)
		if (spawn->jobs[i].worker)
			return false;
	return !spawn->session;
}

static bool all_is_quiet(const struct spawn *spawn)
{
	for (size_t i = 0; i < spawn->job_count; i++)
		if (!job_is_free(&spawn->jobs[i]))
			return false;
	return !spawn->session;
}

static void leave_when_quiet(struct spawn *spawn)
{
	if (!spawn->why_stopping || spawn->is_leaving)
		return;
	/* What cannot be told because the daemon is away keeps nobody who was told to stop. */
	if (spawn->stop_signals && nothing_runs(spawn))
		loop_timer_set(spawn->give_up_timer, LEAVE_US);
	if (!all_is_quiet(spawn))
		return;
	loop_timer_cancel(spawn->give_up_timer);
	spawn->is_leaving = true;
	spawn_link_leave(spawn->link, spawn->why_stopping, LEAVE_US);
}

static void give_up(void *context)
{
	struct spawn *spawn = context;

	say(spawn, NULL, SLICE("the daemon is away; what it held goes back when its leases end"));
	if (!spawn->exit_code)
		spawn->exit_code = IFAB_UNREACHABLE;
	loop_stop(spawn->loop);
}

/* No more tasks; those that are worked on go on to their end. */
static void stop_taking(struct spawn *spawn, const char *why)
{
	if (spawn->why_stopping)
		return;
	spawn->why_stopping = why;
	spawn->is_asking = false;
	spawn_link_stop_asking(spawn->link);
	loop_timer_cancel(spawn->idle_timer);
	leave_when_quiet(spawn);
}

static void stop_job(struct job *job, enum verdict verdict)
{
	if (!job->worker || job->verdict == VERDICT_OVER)
		return;
	job->verdict = verdict;
	worker_stop(job->worker);
}

static void on_signal(void *context, int number)
{
	struct spawn *spawn = context;
	bool is_urgent = spawn->stop_signals++ > 0;

	(void)number;
	say(spawn, NULL, is_urgent ? SLICE("killing what still runs") : SLICE("stopping"));
	stop_taking(spawn, "its supervisor was stopped");
	for (size_t i = 0; i < spawn->job_count; i++) {
		struct job *job = &spawn->jobs[i];

		if (is_urgent && job->worker)
			worker_kill(job->worker);
		else
			stop_job(job, VERDICT_GIVE_BACK);
	}
	if (spawn->session && is_urgent)
		worker_kill(spawn->session);
	else if (spawn->session)
		worker_stop(spawn->session);
	/* The daemon may be away: a third one asks for nothing but an end. */
	if (spawn->stop_signals > 2)
		loop_stop(spawn->loop);
}

static void on_idle(void *context)
{
	stop_taking(context, "there was nothing to do");
}

/* ---- jobs ------------------------------------------------------------------------------ */

static struct job *free_job(struct spawn *spawn)
{
	for (size_t i = 0; i < spawn->job_count; i++)
		if (job_is_free(&spawn->jobs[i]))
			return &spawn->jobs[i];
	return NULL;
}

/* Whether one more task may be asked for, beside those that are under way. */
static bool may_order(const struct spawn *spawn)
{
	int64_t ordered = spawn->is_asking;

	for (size_t i = 0; i < spawn->job_count; i++)
		ordered += spawn->jobs[i].has_ordered;
	return !spawn->why_stopping && (spawn->tasks_left < 0 || spawn->tasks_left > ordered);
}

/* Asks for another task when there is a hand for it, and wonders whether it is time to go. */
static void carry_on(struct spawn *spawn)
{
	if (!spawn->why_stopping && spawn->tasks_left == 0 && all_is_quiet(spawn))
		stop_taking(spawn, "it has done its tasks");
	if (!spawn->is_asking && may_order(spawn) && free_job(spawn)) {
		spawn->is_asking = true;
		spawn_link_ask(spawn->link);
	}
	if (spawn->is_asking && spawn->idle_us && all_is_quiet(spawn))
		loop_timer_set(spawn->idle_timer, spawn->idle_us);
	leave_when_quiet(spawn);
}

static void job_clear(struct job *job)
{
	worker_destroy(job->worker);
	spawn_claim_finish(&job->claim);
	buf_finish(&job->stop_reason);
	*job = (struct job){ .spawn = job->spawn };
}

static void add_refusal(struct buf *text, const struct ifab_error *refusal)
{
	buf_add_str(text, refusal->title);
	if (!refusal->detail[0])
		return;
	buf_add_lit(text, ": ");
	buf_add_str(text, refusal->detail);
}

static void report(struct job *job, enum spawn_report how, struct slice reason)
{
	struct spawn *spawn = job->spawn;
	struct buf evidence = { 0 };
	struct slice result = SLICE_EMPTY;

	if (job->worker) {
		worker_add_evidence(job->worker, &evidence);
		result = worker_result(job->worker);
	}
	spawn_link_report(spawn->link, &job->claim, how, reason, result, buf_slice(&evidence), job);
	buf_finish(&evidence);
	worker_destroy(job->worker);
	job->worker = NULL;
	leave_when_quiet(spawn);
}

/* What a module has used stands on record before its task is over, however that ends. */
static void note_run(struct job *job)
{
	struct buf members = { 0 };

	if (worker_add_run(job->worker, &members)) {
		job->charges++;
		spawn_link_note_run(job->spawn->link, &job->claim, buf_slice(&members));
	}
	buf_finish(&members);
}

static void report_end(struct job *job)
{
	int64_t took_ms = worker_duration_ms(job->worker);
	struct spawn *spawn = job->spawn;
	struct buf text = { 0 };

	if (worker_is_to_go_back(job->worker)) {
		worker_add_reason(job->worker, &text);
		tell_and_say(spawn, job, "given back", buf_slice(&text));
		report(job, SPAWN_RELEASE_LATER, buf_slice(&text));
	} else if (worker_has_succeeded(job->worker)) {
		buf_add_lit(&text, "completed in ");
		duration_write(&text, took_ms ? took_ms : 1);	/* nothing is done in no time */
		tell(spawn, job, "completed", SLICE_EMPTY);
		say(spawn, &job->claim, buf_slice(&text));
		job->has_ordered = may_order(spawn);
		report(job, job->has_ordered ? SPAWN_COMPLETE_AND_NEXT : SPAWN_COMPLETE, SLICE_EMPTY);
	} else {
		worker_add_reason(job->worker, &text);
		tell_and_say(spawn, job, "failed", buf_slice(&text));
		report(job, SPAWN_FAIL, buf_slice(&text));
	}
	buf_finish(&text);
}

/* What it has cost is told before the job is forgotten. */
static void clear_when_charged(struct job *job)
{
	if (job->charges)
		return;
	job_clear(job);
	carry_on(job->spawn);
}

static void on_worker_end(void *context)
{
	struct job *job = context;

	note_run(job);
	/* It may have ended a moment before it was told to. */
	if ((job->verdict == VERDICT_GIVE_BACK || job->verdict == VERDICT_STOPPED) &&
	    !worker_end(job->worker)->was_stopped)
		job->verdict = VERDICT_AS_IT_ENDED;
	switch (job->verdict) {
	case VERDICT_AS_IT_ENDED:
		report_end(job);
		break;
	case VERDICT_GIVE_BACK:
		tell_and_say(job->spawn, job, "given back", SLICE_EMPTY);
		report(job, SPAWN_RELEASE, SLICE("its supervisor was stopped"));
		break;
	case VERDICT_STOPPED:
		tell_and_say(job->spawn, job, "given back", buf_slice(&job->stop_reason));
		/* A spent budget refuses the next claim; a task's own limit is that of each claim. */
		report(job, job->claim.has_cost_limit ? SPAWN_RELEASE_LATER : SPAWN_RELEASE,
		       buf_slice(&job->stop_reason));
		break;
	case VERDICT_OVER:
	default:
		worker_destroy(job->worker);
		job->worker = NULL;
		clear_when_charged(job);
		break;
	}
}

/* ---- what it costs --------------------------------------------------------------------- */

static void on_cost(void *context, struct slice line)
{
	struct job *job = context;
	struct buf members = { 0 }, reason = { 0 };

	if (cost_line_read(line, &members, &reason)) {
		job->charges++;
		spawn_link_charge(job->spawn->link, &job->claim, buf_slice(&members));
	} else {
		tell_and_say(job->spawn, job, "not charged", buf_slice(&reason));
	}
	if (job->charges >= CHARGES_MAX)
		worker_pause_costs(job->worker, true);
	buf_finish(&members);
	buf_finish(&reason);
}

static struct job *job_of(struct spawn *spawn, struct slice board, struct slice task, int64_t fence)
{
	for (size_t i = 0; i < spawn->job_count; i++) {
		struct job *job = &spawn->jobs[i];

		if (fence == job->claim.fence && slice_is_str(board, job->claim.board) &&
		    slice_is_str(task, job->claim.task))
			return job;
	}
	return NULL;
}

static void on_charged(void *context, const struct spawn_claim *claim, bool is_run,
		       const struct ifab_error *refusal)
{
	struct spawn *spawn = context;
	struct job *job = job_of(spawn, slice_of_str(claim->board), slice_of_str(claim->task),
				 claim->fence);
	struct buf text = { 0 };

	if (!job)
		return;
	if (refusal) {
		add_refusal(&text, refusal);
		tell_and_say(spawn, job, is_run ? "not on record" : "not charged",
			     buf_slice(&text));
		buf_finish(&text);
	}
	job->charges--;
	if (job->worker && job->charges < CHARGES_MAX)
		worker_pause_costs(job->worker, false);
	if (job->verdict == VERDICT_OVER && !job->worker)
		clear_when_charged(job);
}

/* The work stops at once, and the task goes back to the board: nobody has failed. */
static void on_stop(void *context, struct slice board, struct slice task, int64_t fence,
		    struct slice reason)
{
	struct job *job = job_of(context, board, task, fence);

	if (!job || !job->worker || job->verdict != VERDICT_AS_IT_ENDED)
		return;
	tell_and_say(job->spawn, job, "asked to stop", reason);
	buf_add_slice(&job->stop_reason, reason);
	stop_job(job, VERDICT_STOPPED);
}

static void begin_job(struct job *job, struct spawn_claim *claim)
{
	struct spawn *spawn = job->spawn;
	struct buf reason = { 0 };

	loop_timer_cancel(spawn->idle_timer);
	if (spawn->tasks_left > 0)
		spawn->tasks_left--;
	job->claim = *claim;
	job->beat = spawn_link_beats(spawn->link);
	job->worker = worker_start(&spawn->worker_options, &job->claim, on_worker_end, job, &reason);
	if (job->worker) {
		tell_and_say(spawn, job, "started", SLICE_EMPTY);
	} else {
		tell_and_say(spawn, job, "failed", buf_slice(&reason));
		report(job, SPAWN_FAIL, buf_slice(&reason));
	}
	buf_finish(&reason);
}

static void on_claim(void *context, struct spawn_claim *claim)
{
	struct spawn *spawn = context;
	struct job *job = free_job(spawn);

	ENSURE(job != NULL);
	spawn->is_asking = false;
	begin_job(job, claim);
	carry_on(spawn);
}

static void on_reported(void *context, void *about, const struct ifab_error *refusal,
			struct spawn_claim *next)
{
	struct spawn *spawn = context;
	struct job *job = about;
	struct buf text = { 0 };

	if (refusal) {
		add_refusal(&text, refusal);
		tell_and_say(job->spawn, job, "came too late", buf_slice(&text));
		buf_finish(&text);
	}
	job_clear(job);
	if (next && spawn->why_stopping) {
		job->claim = *next;
		report(job, SPAWN_RELEASE, slice_of_str(spawn->why_stopping));
	} else if (next) {
		begin_job(job, next);
	}
	carry_on(spawn);
}

/* ---- claims that end without us -------------------------------------------------------- */

/*
 * The worker may have said by itself how it went; then it is left to end in
 * peace. Otherwise the work is nobody's, or somebody else's, and stops here.
 */
static void lose(struct job *job, struct slice kind, struct slice reason)
{
	bool is_its_own = slice_is(kind, SLICE("task.completed")) ||
			  slice_is(kind, SLICE("task.failed"));
	struct buf text = { 0 };

	if (!job->worker || job->verdict == VERDICT_OVER)
		return;
	buf_add_slice(&text, kind);
	if (reason.len) {
		buf_add_lit(&text, ", ");
		buf_add_slice(&text, reason);
	}
	tell_and_say(job->spawn, job, is_its_own ? "told by itself" : "ended",
		     buf_slice(&text));
	buf_finish(&text);
	if (!is_its_own)
		stop_job(job, VERDICT_OVER);
	job->verdict = VERDICT_OVER;
}

static void on_over(void *context, struct slice board, struct slice task, int64_t fence,
		    struct slice kind, struct slice reason)
{
	struct spawn *spawn = context;

	for (size_t i = 0; i < spawn->job_count; i++) {
		struct job *job = &spawn->jobs[i];

		/* A cancelled task need not say whose token it was. */
		if (slice_is_str(board, job->claim.board) && slice_is_str(task, job->claim.task) &&
		    (fence == 0 || fence == job->claim.fence))
			lose(job, kind, reason);
	}
}

static bool list_has(const struct json_value *list, const char *id)
{
	struct slice item;

	for (size_t i = 0; i < json_count(list); i++)
		if (json_get_text(json_at(list, i), &item) && slice_is_str(item, id))
			return true;
	return false;
}

static void on_holds(void *context, int64_t beat, const struct json_value *holds)
{
	struct spawn *spawn = context;

	for (size_t i = 0; i < spawn->job_count; i++) {
		struct job *job = &spawn->jobs[i];

		if (!job_is_free(job) && beat > job->beat && !list_has(holds, job->claim.task))
			lose(job, SLICE("lease.lost"), SLICE("the board says it is not ours"));
	}
}

static void on_connection(void *context, bool is_connected)
{
	struct spawn *spawn = context;

	if (is_connected != spawn->was_connected)
		say(spawn, NULL, is_connected ? SLICE("the daemon is there") :
		    SLICE("the daemon is away; work goes on"));
	spawn->was_connected = is_connected;
}

/* ---- sessions -------------------------------------------------------------------------- */

static void on_session_end(void *context)
{
	struct spawn *spawn = context;
	const struct process_end *end = worker_end(spawn->session);
	struct buf text = { 0 };

	/* Whoever was told to stop, and did, has done as it should. */
	if (spawn->stop_signals && (end->exit_status == 0 || end->signal == SIGTERM))
		spawn->exit_code = 0;
	else if (end->signal)
		spawn->exit_code = EXIT_OF_SIGNAL + end->signal;
	else
		spawn->exit_code = end->exit_status;
	if (spawn->exit_code) {
		buf_add_lit(&text, "the session ended: ");
		worker_add_reason(spawn->session, &text);
		say(spawn, NULL, buf_slice(&text));
		buf_finish(&text);
	}
	worker_destroy(spawn->session);
	spawn->session = NULL;
	stop_taking(spawn, "its session ended");
	leave_when_quiet(spawn);
}

static void start_session(struct spawn *spawn)
{
	struct buf reason = { 0 };

	spawn->session = worker_start(&spawn->worker_options, NULL, on_session_end, spawn, &reason);
	if (!spawn->session) {
		spawn->exit_code = cli_refuse(spawn->cli, ERR_OS, buf_slice(&reason));
		stop_taking(spawn, "its session could not be started");
	}
	buf_finish(&reason);
}

/* ---- the swarm ------------------------------------------------------------------------- */

static void on_ready(void *context)
{
	struct spawn *spawn = context;

	spawn->was_connected = true;
	if (spawn->is_session)
		start_session(spawn);
	else
		carry_on(spawn);
}

static void on_left(void *context, bool is_done)
{
	struct spawn *spawn = context;

	if (is_done)
		loop_stop(spawn->loop);
	else
		give_up(spawn);
}

static void on_refused(void *context, enum ifab_status status)
{
	struct spawn *spawn = context;
	struct ifab_reply none = { 0 };

	if (spawn->why_stopping)
		return;
	spawn->exit_code = cli_refuse_reply(spawn->cli, spawn->link_options.swarm, &none);
	if (!spawn->exit_code)
		spawn->exit_code = (int)status;
	spawn->why_stopping = "the board refused it";
	/* Before there was a swarm there is nothing to take leave of. */
	if (all_is_quiet(spawn) && !spawn->was_connected) {
		loop_stop(spawn->loop);
		return;
	}
	for (size_t i = 0; i < spawn->job_count; i++)
		stop_job(&spawn->jobs[i], VERDICT_GIVE_BACK);
	leave_when_quiet(spawn);
}

static const struct spawn_link_ops link_ops = {
	.on_ready = on_ready,
	.on_claim = on_claim,
	.on_over = on_over,
	.on_holds = on_holds,
	.on_reported = on_reported,
	.on_charged = on_charged,
	.on_stop = on_stop,
	.on_connection = on_connection,
	.on_left = on_left,
	.on_refused = on_refused,
};

/* ---- the verb -------------------------------------------------------------------------- */

static int64_t number_or(const struct args *args, const char *name, int64_t otherwise)
{
	return args_has(args, name) ? args_number(args, name) : otherwise;
}

static void read_options(struct spawn *spawn, const struct args *args)
{
	const char *board = spawn->cli->config.values[SETTING_BOARD].text;
	int64_t count = number_or(args, "count", 1);

	spawn->is_session = args_number(args, "session") != 0;
	spawn->job_count = spawn->is_session ? 0 : (size_t)count;
	spawn->jobs = alloc_zero((size_t)count, sizeof(*spawn->jobs));
	for (size_t i = 0; i < spawn->job_count; i++)
		spawn->jobs[i].spawn = spawn;
	spawn->tasks_left = number_or(args, "tasks", args_number(args, "once") ? 1 : -1);
	spawn->idle_us = args_number(args, "idle_ms") * 1000;
	spawn->link_options = (struct spawn_link_options){
		.swarm = args_text(args, "swarm"),
		.board = args_has(args, "board") ? args_text(args, "board") : slice_of_str(board),
		.model = args_text(args, "model"),
		.contract = args_text(args, "contract"),
		.capabilities = args_value(args, "capabilities")->list,
		.slots = count,
		.lease_ms = number_or(args, "lease_ms", LIMIT_LEASE_DEFAULT_MS),
		.critical_only = args_number(args, "critical_only") != 0,
		.keeps_claims = spawn->is_session,
	};
	spawn->worker_options = (struct worker_options){
		.loop = spawn->loop,
		.command = args->rest_count ? args->rest : NULL,
		.runs_tasks = args_number(args, "run_tasks") != 0,
		.grants = args_value(args, "env")->list,
		.swarm = spawn->link_options.swarm,
		.board = spawn->link_options.board,
		.limit_ms = args_number(args, "limit_ms"),
		.grace_us = number_or(args, "grace_ms", GRACE_MS) * 1000,
		.wasm = args_text(args, "wasm"),
		.log_folder = args_text(args, "log_folder").ptr,
		.is_verbose = args_number(args, "verbose") != 0,
		.on_cost = on_cost,
	};
}

static void run_loop(struct spawn *spawn)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		spawn->signals[i] = loop_signal_open(spawn->loop, numbers[i], on_signal, spawn);
	spawn->idle_timer = loop_timer_open(spawn->loop, on_idle, spawn);
	spawn->give_up_timer = loop_timer_open(spawn->loop, give_up, spawn);
	spawn->link = spawn_link_open(spawn->loop, spawn->cli->client, &spawn->link_options, &link_ops,
				      spawn);
	if (spawn->link)
		loop_run(spawn->loop);
	else
		spawn->exit_code = cli_refuse(spawn->cli, ERR_OS, SLICE("no descriptor is left"));
	for (size_t i = 0; i < spawn->job_count; i++) {
		worker_destroy(spawn->jobs[i].worker);
		spawn_claim_finish(&spawn->jobs[i].claim);
		buf_finish(&spawn->jobs[i].stop_reason);
	}
	worker_destroy(spawn->session);
	spawn_link_close(spawn->link);
	loop_timer_close(spawn->idle_timer);
	loop_timer_close(spawn->give_up_timer);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		loop_signal_close(spawn->signals[i]);
}

int spawn_run(struct cli *cli, const struct args *args)
{
	struct spawn spawn = { .cli = cli };
	struct ifab_client *client = cli_client(cli, &spawn.exit_code);
	struct buf detail = { 0 };
	enum err err;

	if (!client)
		return spawn.exit_code;
	err = loop_open(&spawn.loop);
	if (err != OK)
		return cli_refuse(cli, err, SLICE_EMPTY);
	read_options(&spawn, args);
	spawn.worker_options.address = ifab_address(client);
	err = worker_check_options(&spawn.worker_options, spawn.is_session, &detail);
	if (err != OK)
		spawn.exit_code = cli_refuse(cli, err, buf_slice(&detail));
	else
		spawn.exit_code = spawn_guests_open(cli, spawn.loop, spawn.worker_options.wasm,
						    &spawn.link_options,
						    &spawn.worker_options.guests);
	if (err == OK && spawn.exit_code == 0)
		run_loop(&spawn);
	spawn_guests_close(spawn.worker_options.guests);
	free(spawn.jobs);
	buf_finish(&detail);
	loop_close(spawn.loop);
	return spawn.exit_code;
}
