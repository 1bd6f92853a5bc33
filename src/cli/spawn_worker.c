#include "cli/spawn_worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "cli/columns.h"
#include "cli/spawn_cost.h"
#include "cli/value.h"
#include "fabric/limit.h"
#include "sys/clock.h"
#include "sys/files.h"

/* Two of them, every byte of both escaped, are less than evidence may have (LIMIT_JSON_BYTES). */
#define TAIL_BYTES 16384
#define LINE_BYTES_MAX 1000	/* of a line that is shown; a pipe takes it whole */

/* Variables of ours that every program may expect; all others must be granted. */
static const char *const inherited[] = { "PATH", "HOME", "USER", "LANG", "TERM", "TMPDIR" };

/* What a stream printed last, or all of it as long as that may be a result. */
struct tail {
	struct buf bytes;
	size_t keep;
	size_t total;
	struct buf line;	/* that is shown when it is whole */
};

struct worker {
	const struct worker_options *options;
	const struct spawn_claim *claim;	/* NULL: a session */
	void (*on_end)(void *context);
	void *context;
	struct process *process;	/* NULL: it is a module */
	struct spawn_guest *guest;	/* NULL: it is a process */
	struct buf result;		/* of a module */
	struct process_end end;
	struct loop_timer *limit_timer;
	int64_t limit_ms;		/* as it was asked for; 0: none */
	int64_t started_us;		/* monotonic */
	int64_t ended_us;
	int64_t handover_us;
	struct tail output, errors;
	FILE *log;
	struct cost_inbox *costs;	/* NULL: none */
	bool is_out_of_time;
	bool has_ended;
};

/* ---- the environment ------------------------------------------------------------------- */

#define ENV_MAX 300		/* grants are limited by local.def */

struct env {
	struct buf text;		/* NAME=VALUE, each with a zero byte */
	const char *list[ENV_MAX + 1];
	size_t count;
};

static bool env_has(const struct env *env, struct slice name)
{
	struct slice rest = buf_slice(&env->text);

	while (rest.len) {
		struct slice text = slice_cut(&rest, '\0');

		if (slice_is(slice_cut(&text, '='), name))
			return true;
	}
	return false;
}

/* The first to name a variable sets it. */
static void env_add(struct env *env, struct slice name, struct slice value)
{
	if (env_has(env, name))
		return;
	ENSURE(env->count < ENV_MAX);
	env->count++;
	buf_add_slice(&env->text, name);
	buf_add_byte(&env->text, '=');
	buf_add_slice(&env->text, value);
	buf_add_byte(&env->text, '\0');
}

/* NAME is ours as it is, when we have it; NAME=VALUE is given. */
static void env_grant(struct env *env, struct slice grant)
{
	struct slice value = grant;
	struct slice name = slice_cut(&value, '=');
	char *text;

	if (name.len < grant.len) {
		env_add(env, name, value);
		return;
	}
	text = alloc_copy(name.ptr, name.len);
	if (getenv(text))
		env_add(env, name, slice_of_str(getenv(text)));
	free(text);
}

static void env_fill(struct env *env, const struct worker_options *options,
		     const struct spawn_claim *claim, const struct cost_inbox *costs)
{
	bool is_url = slice_starts(slice_of_str(options->address), SLICE("http"));
	struct buf fence = { 0 };
	const char *at;

	env_add(env, SLICE("IF_SWARM_ID"), options->swarm);
	env_add(env, is_url ? SLICE("IF_URL") : SLICE("IF_SOCKET"),
		slice_of_str(options->address));
	if (claim) {
		env_add(env, SLICE("IF_BOARD"), slice_of_str(claim->board));
		env_add(env, SLICE("IF_TASK_ID"), slice_of_str(claim->task));
		buf_add_i64(&fence, claim->fence);
		env_add(env, SLICE("IF_FENCE"), buf_slice(&fence));
		buf_finish(&fence);
		if (costs)
			env_add(env, SLICE("IF_COST_FILE"), slice_of_str(cost_inbox_path(costs)));
	} else if (options->board.len) {
		env_add(env, SLICE("IF_BOARD"), options->board);
	}
	for (size_t i = 0; i < options->grants.count; i++)
		env_grant(env, options->grants.items[i]);
	for (size_t i = 0; i < ARRAY_LEN(inherited); i++)
		env_grant(env, slice_of_str(inherited[i]));
	at = env->text.ptr;
	for (size_t i = 0; i < env->count; i++) {
		env->list[i] = at;
		at += strlen(at) + 1;
	}
	env->list[env->count] = NULL;
}

/* In the environment that workers get. */
static bool can_run(const struct worker_options *options, const char *program, struct buf *reason)
{
	struct env env = { 0 };
	bool can;

	env_fill(&env, options, NULL, NULL);
	can = process_can_run(program, env.list);
	if (!can)
		file_describe(reason, "run", program);
	buf_finish(&env.text);
	return can;
}

static bool grants_are_names(struct slice_list grants, struct buf *detail)
{
	for (size_t i = 0; i < grants.count; i++) {
		struct slice rest = grants.items[i];
		struct slice name = slice_cut(&rest, '=');

		if (name.len && !slice_starts(name, SLICE("IF_")))
			continue;
		buf_add_lit(detail, "--env ");
		buf_add_slice(detail, grants.items[i]);
		buf_add_lit(detail, ": the name may not be empty, nor begin with IF_");
		return false;
	}
	return true;
}

enum err worker_check_options(const struct worker_options *options, bool is_session,
			      struct buf *detail)
{
	if (!grants_are_names(options->grants, detail))
		return ERR_USAGE;
	if (options->wasm.len && (is_session || options->command)) {
		buf_add_lit(detail, "--wasm goes with neither --session nor a command behind --");
		return ERR_USAGE;
	}
	if (is_session && !options->command) {
		buf_add_lit(detail, "--session needs a command behind --");
		return ERR_USAGE;
	}
	if (options->command && !can_run(options, options->command[0], detail))
		return ERR_OS;
	if (options->log_folder && file_make_folder(options->log_folder, 0777) != OK) {
		file_describe(detail, "make", options->log_folder);
		return ERR_OS;
	}
	return OK;
}

/* ---- output ---------------------------------------------------------------------------- */

static void tail_finish(struct tail *tail)
{
	buf_finish(&tail->bytes);
	buf_finish(&tail->line);
}

static void tail_add(struct tail *tail, struct slice bytes)
{
	tail->total += bytes.len;
	/* What is longer than a result may be is none, and of the rest the end is enough. */
	if (tail->total > tail->keep)
		tail->keep = TAIL_BYTES;
	buf_add_slice(&tail->bytes, bytes);
	if (tail->bytes.len > 2 * tail->keep)
		buf_drop(&tail->bytes, tail->bytes.len - tail->keep);
}

static struct slice tail_end(const struct tail *tail)
{
	struct slice all = buf_slice(&tail->bytes);
	size_t from = all.len > TAIL_BYTES ? all.len - TAIL_BYTES : 0;

	/* Not in the middle of a character. */
	while (from && from < all.len && ((unsigned char)all.ptr[from] & 0xc0) == 0x80)
		from++;
	return slice_from(all, from);
}

static bool tail_is_cut(const struct tail *tail)
{
	return tail->total > TAIL_BYTES;
}

static void show_text(const struct worker *worker, const char *mark, struct slice text)
{
	struct buf line = { 0 };

	buf_add_str(&line, worker->claim->task);
	buf_add_str(&line, mark);
	text_add_visible(&line, text, false);
	buf_add_byte(&line, '\n');
	/* Whoever does not read what is shown must not hold the supervisor up. */
	file_write_now(STDERR_FILENO, buf_slice(&line));
	buf_finish(&line);
}

static void show_line(struct worker *worker, struct tail *tail)
{
	show_text(worker, tail == &worker->errors ? " ! " : " | ", buf_slice(&tail->line));
	buf_clear(&tail->line);
}

static void show(struct worker *worker, struct tail *tail, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] != '\n')
			buf_add_byte(&tail->line, bytes.ptr[i]);
		if (bytes.ptr[i] == '\n' || tail->line.len == LINE_BYTES_MAX)
			show_line(worker, tail);
	}
}

static void on_output(void *context, enum process_output which, struct slice bytes)
{
	struct worker *worker = context;
	struct tail *tail = which == PROCESS_STDOUT ? &worker->output : &worker->errors;

	tail_add(tail, bytes);
	if (worker->options->is_verbose)
		show(worker, tail, bytes);
	if (worker->log)
		fwrite(bytes.ptr, 1, bytes.len, worker->log);
}

/* Ids have no slash, so the file lies in the folder. Without one the work goes on all the same. */
static FILE *open_log(const char *folder, const struct spawn_claim *claim)
{
	struct buf path = { 0 };
	FILE *log;

	buf_add_str(&path, folder);
	buf_add_byte(&path, '/');
	buf_add_str(&path, claim->board);
	buf_add_byte(&path, '.');
	buf_add_str(&path, claim->task);
	buf_add_byte(&path, '.');
	buf_add_i64(&path, claim->attempt);
	buf_add_lit(&path, ".log");
	log = fopen(buf_str(&path), "ae");
	buf_finish(&path);
	return log;
}

/* ---- life ------------------------------------------------------------------------------ */

static void on_process_end(void *context, const struct process_end *end)
{
	struct worker *worker = context;

	worker->end = *end;
	worker->ended_us = clock_mono_us();
	worker->has_ended = true;
	loop_timer_cancel(worker->limit_timer);
	if (worker->output.line.len)
		show_line(worker, &worker->output);
	if (worker->errors.line.len)
		show_line(worker, &worker->errors);
	if (worker->log)
		fflush(worker->log);
	if (worker->costs)
		cost_inbox_drain(worker->costs);
	worker->on_end(worker->context);
}

static void on_cost(void *context, struct slice line)
{
	struct worker *worker = context;

	worker->options->on_cost(worker->context, line);
}

static const struct process_ops process_ops = { .on_output = on_output, .on_end = on_process_end };

static void on_limit(void *context)
{
	struct worker *worker = context;

	worker->is_out_of_time = true;
	worker_stop(worker);
}

#define LIMIT_MARGIN_PART 20
#define LIMIT_MARGIN_LEAST_MS 20
#define LIMIT_MARGIN_MOST_MS 5000

/*
 * The board ends the claim when the task's own limit passes, and takes no
 * report after that: so the process ends a twentieth earlier, to be able to
 * say what it had done.
 */
static int64_t limit_of(struct worker *worker)
{
	int64_t limit_ms = worker->claim ? worker->claim->limit_ms : 0;
	int64_t margin_ms = limit_ms / LIMIT_MARGIN_PART;

	worker->limit_ms = limit_ms;
	if (margin_ms < LIMIT_MARGIN_LEAST_MS)
		margin_ms = LIMIT_MARGIN_LEAST_MS;
	if (margin_ms > LIMIT_MARGIN_MOST_MS)
		margin_ms = LIMIT_MARGIN_MOST_MS;
	if (limit_ms)
		limit_ms = limit_ms > 2 * margin_ms ? limit_ms - margin_ms : limit_ms / 2 + 1;
	if (worker->options->limit_ms && (!limit_ms || worker->options->limit_ms < limit_ms))
		limit_ms = worker->limit_ms = worker->options->limit_ms;
	return limit_ms;
}

/* ---- modules --------------------------------------------------------------------------- */

static void on_guest_log(void *context, struct slice line)
{
	struct worker *worker = context;

	if (worker->options->is_verbose)
		show_text(worker, " ! ", slice_head(line, LINE_BYTES_MAX));
	if (worker->log && fwrite(line.ptr, 1, line.len, worker->log) == line.len)
		fputc('\n', worker->log);
}

static void on_guest_end(void *context)
{
	struct worker *worker = context;

	worker->ended_us = clock_mono_us();
	worker->has_ended = true;
	if (worker->log)
		fflush(worker->log);
	if (spawn_guest_has_run(worker->guest)) {
		struct guest_end end = spawn_guest_end(worker->guest);

		worker->is_out_of_time = end.limit_ms != 0;
		guest_add_result(&end, &worker->result);
	}
	worker->on_end(worker->context);
}

/* A task's own module, else the supervisor's; empty when it is to be a process. */
static struct slice module_of(const struct worker_options *options, const struct spawn_claim *claim)
{
	if (!claim || !options->guests)
		return SLICE_EMPTY;
	return claim->wasm[0] ? slice_of_str(claim->wasm) : options->wasm;
}

static void start_guest(struct worker *worker, struct slice module)
{
	struct slice variables[ENV_MAX];
	struct env env = { 0 };
	struct spawn_guest_order order = {
		.module = module, .swarm = worker->options->swarm,
		.environment = { variables, 0 }, .limit_ms = limit_of(worker),
		.on_log = on_guest_log, .on_end = on_guest_end, .context = worker,
	};

	env_fill(&env, worker->options, worker->claim, NULL);
	for (size_t i = 0; i < env.count; i++)
		variables[i] = slice_of_str(env.list[i]);
	order.environment.count = env.count;
	worker->guest = spawn_guest_start(worker->options->guests, worker->claim, &order);
	buf_finish(&env.text);
}

/* ---- processes ------------------------------------------------------------------------- */

static const char *const *command_of(const struct worker_options *options,
				     const struct spawn_claim *claim)
{
	if (claim && claim->run && (options->runs_tasks || !options->command))
		return claim->run;
	return options->command;
}

static void start_clock(struct worker *worker)
{
	/* A module's sandbox keeps its time. */
	int64_t limit_ms = worker->guest ? 0 : limit_of(worker);

	worker->started_us = clock_mono_us();
	if (worker->claim && worker->claim->ready_at_us)
		worker->handover_us = clock_wall_us() -
				      (worker_was_waiting(worker) ? worker->claim->ready_at_us :
				       worker->claim->wanted_at_us);
	worker->limit_timer = loop_timer_open(worker->options->loop, on_limit, worker);
	if (limit_ms)
		loop_timer_set(worker->limit_timer, limit_ms * 1000);
}

static enum err start_process(struct worker *worker, const char *const *command)
{
	const struct worker_options *options = worker->options;
	struct process_spec spec = {
		.argv = command,
		.dies_with_parent = true,
		.inherits_output = !worker->claim,
	};
	struct env env = { 0 };
	enum err err;

	/* Without it the work goes on all the same, and its cost is told by other means. */
	if (worker->claim)
		worker->costs = cost_inbox_open(options->loop, on_cost, worker);
	worker->output.keep = LIMIT_JSON_BYTES;
	worker->errors.keep = TAIL_BYTES;
	env_fill(&env, options, worker->claim, worker->costs);
	spec.env = env.list;
	if (worker->claim)
		spec.input = buf_slice(&worker->claim->json);
	err = process_spawn(options->loop, &spec, &process_ops, worker, &worker->process);
	buf_finish(&env.text);
	return err;
}

struct worker *worker_start(const struct worker_options *options, const struct spawn_claim *claim,
			    void (*on_end)(void *context), void *context, struct buf *reason)
{
	const char *const *command = command_of(options, claim);
	struct slice module = module_of(options, claim);
	struct worker *worker;

	if (!command && !module.len) {
		buf_add_lit(reason, "cannot run: no command was given, and the task has none");
		return NULL;
	}
	worker = alloc_zero(1, sizeof(*worker));
	worker->options = options;
	worker->claim = claim;
	worker->on_end = on_end;
	worker->context = context;
	if (module.len) {
		start_guest(worker, module);
	} else if (start_process(worker, command) != OK) {
		file_describe(reason, "run", command[0]);
		worker_destroy(worker);
		return NULL;
	}
	start_clock(worker);
	if (claim && options->log_folder)
		worker->log = open_log(options->log_folder, claim);
	return worker;
}

void worker_pause_costs(struct worker *worker, bool is_paused)
{
	if (worker->costs && !worker->has_ended)
		cost_inbox_pause(worker->costs, is_paused);
}

/* A guest has no way to hear of a stop: it is killed, and nothing of it is left. */
static void stop_guest(struct worker *worker)
{
	worker->end.was_stopped = !worker->has_ended;
	spawn_guest_kill(worker->guest);
}

void worker_stop(struct worker *worker)
{
	loop_timer_cancel(worker->limit_timer);
	if (worker->guest)
		stop_guest(worker);
	else
		process_stop(worker->process, worker->options->grace_us);
}

void worker_kill(struct worker *worker)
{
	if (worker->guest)
		stop_guest(worker);
	else
		process_kill(worker->process);
}

void worker_destroy(struct worker *worker)
{
	if (!worker)
		return;
	process_destroy(worker->process);
	spawn_guest_destroy(worker->guest);
	buf_finish(&worker->result);
	cost_inbox_close(worker->costs);
	if (worker->limit_timer)
		loop_timer_close(worker->limit_timer);
	if (worker->log)
		fclose(worker->log);
	tail_finish(&worker->output);
	tail_finish(&worker->errors);
	free(worker);
}

/* ---- what is told of it ---------------------------------------------------------------- */

int64_t worker_handover_us(const struct worker *worker)
{
	return worker->handover_us;
}

bool worker_was_waiting(const struct worker *worker)
{
	return worker->claim && worker->claim->wanted_at_us <= worker->claim->ready_at_us;
}

const struct process_end *worker_end(const struct worker *worker)
{
	return &worker->end;
}

/* How its module ended; false when it is no module, or has not run. */
static bool guest_end_of(const struct worker *worker, struct guest_end *ret_end)
{
	if (!worker->guest || !worker->has_ended || !spawn_guest_has_run(worker->guest))
		return false;
	*ret_end = spawn_guest_end(worker->guest);
	return true;
}

bool worker_add_run(const struct worker *worker, struct buf *out)
{
	struct guest_end end;
	bool has_run = guest_end_of(worker, &end);

	if (has_run)
		guest_add_report(&end, out);
	return has_run;
}

bool worker_is_to_go_back(const struct worker *worker)
{
	return worker->guest && spawn_guest_is_to_go_back(worker->guest);
}

bool worker_has_succeeded(const struct worker *worker)
{
	struct guest_end end;

	if (worker->guest)
		return guest_end_of(worker, &end) && guest_has_succeeded(&end) &&
		       worker->result.len <= LIMIT_JSON_BYTES;
	return worker->has_ended && !worker->is_out_of_time && worker->end.exit_status == 0;
}

int64_t worker_duration_ms(const struct worker *worker)
{
	return (worker->ended_us - worker->started_us) / 1000;
}

static void add_signal(struct buf *out, int number)
{
	const char *name = sigabbrev_np(number);

	if (name) {
		buf_add_lit(out, "SIG");
		buf_add_str(out, name);
	} else {
		buf_add_lit(out, "signal ");
		buf_add_i64(out, number);
	}
}

static void add_guest_reason(const struct worker *worker, struct buf *out)
{
	struct guest_end end;

	if (!guest_end_of(worker, &end) || !guest_has_succeeded(&end)) {
		spawn_guest_add_reason(worker->guest, out);
		return;
	}
	buf_add_lit(out, "its result has ");
	buf_add_u64(out, worker->result.len);
	buf_add_lit(out, " bytes, and that of a task at most ");
	buf_add_i64(out, LIMIT_JSON_BYTES);
}

void worker_add_reason(const struct worker *worker, struct buf *out)
{
	if (worker->guest) {
		add_guest_reason(worker, out);
	} else if (worker->is_out_of_time) {
		buf_add_lit(out, "time limit of ");
		duration_write(out, worker->limit_ms);
	} else if (worker->end.signal) {
		buf_add_lit(out, "killed by ");
		add_signal(out, worker->end.signal);
	} else {
		buf_add_lit(out, "exit code ");
		buf_add_i64(out, worker->end.exit_status);
	}
}

static void add_tail(struct json_writer *json, const char *key, const struct tail *tail)
{
	struct buf text = { 0 };

	text_add_valid(&text, tail_end(tail));
	json_put_text(json, key, buf_slice(&text));
	buf_finish(&text);
}

static void put_duration(const struct worker *worker, struct json_writer *json)
{
	json_put_i64(json, "duration_ms", worker_duration_ms(worker));
	if (worker->handover_us <= 0)
		return;
	json_put_i64(json, "handover_us", worker->handover_us);
	json_put_bool(json, "was_waiting", worker_was_waiting(worker));
}

static void add_guest_evidence(const struct worker *worker, struct buf *out)
{
	struct json_writer json = json_begin(out);
	struct guest_end end;

	if (!guest_end_of(worker, &end))
		return;
	json_object(&json);
	guest_put_end(&end, &json);
	put_duration(worker, &json);
	json_object_end(&json);
}

void worker_add_evidence(const struct worker *worker, struct buf *out)
{
	struct json_writer json = json_begin(out);
	struct buf name = { 0 };

	if (worker->guest) {
		add_guest_evidence(worker, out);
		return;
	}
	json_object(&json);
	json_key(&json, "exit_code");
	if (worker->end.signal)
		json_null(&json);
	else
		json_i64(&json, worker->end.exit_status);
	if (worker->end.signal) {
		add_signal(&name, worker->end.signal);
		json_put_text(&json, "signal", buf_slice(&name));
		buf_finish(&name);
	}
	put_duration(worker, &json);
	add_tail(&json, "stdout_tail", &worker->output);
	add_tail(&json, "stderr_tail", &worker->errors);
	json_put_bool(&json, "truncated", tail_is_cut(&worker->output) || tail_is_cut(&worker->errors));
	json_object_end(&json);
}

struct slice worker_result(const struct worker *worker)
{
	const struct json_limits limits = {
		.bytes_max = LIMIT_JSON_BYTES, .depth_max = JSON_READ_DEPTH_MAX - 8,
		.values_max = LIMIT_JSON_BYTES,
	};
	struct slice text = slice_trim(buf_slice(&worker->output.bytes));
	struct json_value *root;

	if (worker->guest)
		return worker->result.len <= LIMIT_JSON_BYTES ? buf_slice(&worker->result) :
								SLICE_EMPTY;
	if (worker->output.total != worker->output.bytes.len || text.len == 0 ||
	    json_parse(text, &limits, &root, NULL) != OK)
		return SLICE_EMPTY;
	json_free(root);
	return text;
}
