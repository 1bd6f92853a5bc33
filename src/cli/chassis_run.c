/*
 * `ifctl chassis run`: a module, once, in the sandbox.
 *
 *	files, or chassis.show --> guest_module --> guest_work --> how it ended
 *
 * With --task the run is that of a task: it is claimed (or its token is given), kept alive while the
 * guest works, put on record and completed, or failed, with what came out.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/columns.h"
#include "cli/guest_work.h"
#include "cli/local.h"
#include "cli/print.h"
#include "sandbox/limit.h"
#include "sys/terminal.h"

#define HEARTBEAT_US 15000000
#define RETRY_MS 15000		/* for what must not be lost: a report */
#define EXIT_OF_SIGNAL 128

struct once {
	struct cli *cli;
	const struct args *args;
	struct loop *loop;
	struct guest_host *host;
	struct guest_work *work;
	struct loop_timer *beat_timer;
	struct contract_file file;	/* of --contract */
	struct json_value *claim;	/* the task, when it was claimed here */
	struct slice board, swarm, task;
	int64_t fence;			/* 0: it is no task's */
	bool is_lost;			/* the claim has ended */
	int signal;			/* that stopped us */
	int code;
};

static bool is_of_task(const struct once *once)
{
	return once->task.len > 0;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static struct json_writer call_begin(const struct once *once, struct buf *args)
{
	struct json_writer json;

	buf_clear(args);
	json = json_begin(args);
	json_object(&json);
	json_put_text(&json, "board", once->board);
	json_put_text(&json, "task", once->task);
	if (once->fence)
		json_put_i64(&json, "fence", once->fence);
	return json;
}

/* 0 with the answer in `ret_answer` (which may be NULL), or the exit code with the problem told. */
static int call(struct once *once, const char *name, struct buf *args,
		struct json_value **ret_answer)
{
	struct ifab_reply reply = { 0 };
	int code = (int)command_call_json(once->cli, name, buf_slice(args), &reply);

	if (code != 0)
		code = cli_refuse_reply(once->cli, once->task, &reply);
	else if (ret_answer && cli_parse(once->cli, slice_of(reply.body, reply.body_len),
					 ret_answer) != OK)
		code = IFAB_FAILED;
	ifab_reply_free(&reply);
	return code;
}

static int claim_task(struct once *once)
{
	struct buf args = { 0 };
	struct json_writer json = call_begin(once, &args);
	int code;

	json_put_text(&json, "swarm", once->swarm);
	json_put_i64(&json, "lease_ms", LIMIT_LEASE_DEFAULT_MS);
	json_object_end(&json);
	code = call(once, "task.claim", &args, &once->claim);
	if (code == 0)
		once->fence = member_i64(once->claim, "fence");
	buf_finish(&args);
	return code;
}

/* What its supervisor has claimed. */
static int read_task(struct once *once)
{
	int64_t fence = once->fence;
	struct buf args = { 0 };
	struct json_writer json;
	int code;

	once->fence = 0;
	json = call_begin(once, &args);
	json_object_end(&json);
	code = call(once, "task.show", &args, &once->claim);
	once->fence = fence;
	buf_finish(&args);
	return code;
}

static const char *text_or(const struct args *args, const char *name, const char *otherwise)
{
	return args_has(args, name) ? args_text(args, name).ptr : otherwise;
}

static int take_task(struct once *once)
{
	const struct setting_value *settings = once->cli->config.values;
	const struct args *args = once->args;

	if (!args_has(args, "task"))
		return 0;
	once->task = args_text(args, "task");
	once->board = slice_of_str(text_or(args, "board", settings[SETTING_BOARD].text));
	once->swarm = slice_of_str(text_or(args, "swarm", settings[SETTING_SWARM].text));
	once->fence = args_number(args, "fence");
	if (!once->board.len)
		once->board = SLICE("-");
	if (!once->swarm.len)
		return cli_refuse(once->cli, ERR_USAGE,
				  SLICE("--task goes with --swarm: somebody must hold the task"));
	if (!cli_client(once->cli, &once->code))
		return once->code;
	return once->fence ? read_task(once) : claim_task(once);
}

/* ---- the module ------------------------------------------------------------------------------ */

static int refuse_module(struct once *once, enum err err, struct slice name, struct buf *detail)
{
	struct buf line = { 0 };
	int code;

	buf_add_lit(&line, "module ");
	buf_add_slice(&line, name);
	buf_add_lit(&line, ": ");
	buf_add_slice(&line, buf_slice(detail));
	code = cli_refuse(once->cli, err, buf_slice(&line));
	buf_finish(&line);
	return code;
}

static int find_module(struct once *once, struct slice id, struct guest_module *ret_module)
{
	struct contract_ceiling ceiling;
	struct json_value *answer = NULL;
	struct buf args = { 0 }, detail = { 0 };
	struct json_writer json = json_begin(&args);
	int code = 0;

	json_object(&json);
	json_put_text(&json, "module", id);
	json_object_end(&json);
	if (cli_client(once->cli, &code))
		code = call(once, "chassis.show", &args, &answer);
	if (code == 0)
		code = contract_find_ceiling(once->cli, NULL, &ceiling);
	if (code == 0) {
		enum err err = guest_module_read(once->cli, answer, &ceiling, ret_module, &detail);

		if (err != OK)
			code = refuse_module(once, err, id, &detail);
	}
	if (answer)
		json_free(answer);
	buf_finish(&args);
	buf_finish(&detail);
	return code;
}

static int read_files(struct once *once, struct guest_module *ret_module)
{
	const char *wasm = args_text(once->args, "wasm").ptr;
	struct buf detail = { 0 };
	int code = contract_file_open(once->cli, args_text(once->args, "contract").ptr, NULL,
				      &once->file);
	enum err err = OK;

	if (code == 0 && once->file.err != OK) {
		contract_file_say(&once->file);
		code = cli_refuse(once->cli, ERR_DOCUMENT_INVALID, SLICE("the contract is not right"));
	}
	if (code == 0)
		err = guest_module_of_file(wasm, &once->file.doc.contract, ret_module, &detail);
	if (err != OK)
		code = refuse_module(once, err, slice_of_str(wasm), &detail);
	buf_finish(&detail);
	return code;
}

static int open_module(struct once *once)
{
	const struct args *args = once->args;
	struct guest_module module = { .id = "" };
	struct buf detail = { 0 };
	bool has_files = args_has(args, "wasm") && args_has(args, "contract");
	struct slice name = args_text(args, has_files ? "wasm" : "module");
	enum err err = OK;
	int code;

	if (has_files == args_has(args, "module") ||
	    args_has(args, "wasm") != args_has(args, "contract"))
		return cli_refuse(once->cli, ERR_USAGE,
				  SLICE("name a module that was loaded, or give "
					"--wasm and --contract"));
	code = has_files ? read_files(once, &module) : find_module(once, name, &module);
	if (code == 0)
		err = guest_host_open(once->cli, once->loop, &module, &once->host, &detail);
	if (err != OK)
		code = refuse_module(once, err, name, &detail);
	guest_module_finish(&module);
	buf_finish(&detail);
	return code;
}

/* ---- while it runs --------------------------------------------------------------------------- */

static void on_end(void *context)
{
	loop_stop(((struct once *)context)->loop);
}

static void on_log(void *context, struct slice line)
{
	const struct once *once = context;

	if (!once->cli->as_json)
		cli_say(once->cli, line);
}

static void on_signal(void *context, int number)
{
	struct once *once = context;

	once->signal = number;
	guest_work_kill(once->work);
}

/* A daemon that is away is not waited for: the guest works on, and the report is what counts. */
static void on_beat(void *context)
{
	struct once *once = context;
	struct ifab_reply reply = { 0 };
	struct buf args = { 0 };
	struct json_writer json = call_begin(once, &args);
	enum ifab_status status;

	json_object_end(&json);
	ifab_set_retry(once->cli->client, 0);
	status = command_call_json(once->cli, "task.heartbeat", buf_slice(&args), &reply);
	ifab_set_retry(once->cli->client, RETRY_MS);
	if (status == IFAB_LEASE_LOST || status == IFAB_CONFLICT || status == IFAB_NOT_FOUND) {
		once->is_lost = true;
		once->code = cli_refuse_reply(once->cli, once->task, &reply);
		guest_work_kill(once->work);
	} else {
		loop_timer_set(once->beat_timer, HEARTBEAT_US);
	}
	ifab_reply_free(&reply);
	buf_finish(&args);
}

static struct slice_list environment_of(struct cli *cli, const struct contract *contract)
{
	struct slice *items;
	size_t count = 0;

	while (environ[count])
		count++;
	items = arena_zero(&cli->arena, count + 1, sizeof(*items));
	count = 0;
	for (char **at = environ; *at; at++) {
		struct slice rest = slice_of_str(*at);
		struct slice name = slice_cut(&rest, '=');

		if (slice_list_has(contract->environment, name))
			items[count++] = slice_of_str(*at);
	}
	return (struct slice_list){ items, count };
}

static struct slice_list words_of(struct cli *cli, const struct args *args)
{
	struct slice *items = arena_zero(&cli->arena, args->rest_count + 1, sizeof(*items));

	for (size_t i = 0; i < args->rest_count; i++)
		items[i] = slice_of_str(args->rest[i]);
	return (struct slice_list){ items, args->rest_count };
}

/* What is given goes before what the task brings. */
static void add_input(const struct once *once, struct buf *out)
{
	const struct json_value *payload = json_get(once->claim, SLICE("payload"));

	if (args_has(once->args, "input"))
		buf_add_slice(out, args_text(once->args, "input"));
	else if (payload)
		json_dump(payload, out);
}

static int start_work(struct once *once)
{
	const struct guest_module *module = guest_host_module(once->host);
	struct egress_who who = {
		.swarm = once->swarm.len ? once->swarm : SLICE("native"),
		.board = is_of_task(once) ? once->board : SLICE_EMPTY, .task = once->task,
		.fence = once->fence, .token = member_text(once->claim, "token"),
		.daemon = is_of_task(once) ? slice_of_str(ifab_address(once->cli->client)) :
					     SLICE_EMPTY,
	};
	struct buf input = { 0 }, detail = { 0 };
	struct guest_order order = {
		.args = words_of(once->cli, once->args),
		.environment = environment_of(once->cli, &module->contract),
		.who = &who, .limit_ms = args_number(once->args, "limit_ms"),
		.on_log = on_log, .on_end = on_end, .context = once,
	};
	enum err err;
	int code = 0;

	add_input(once, &input);
	order.input = buf_slice(&input);
	err = guest_work_start(once->host, &order, &once->work, &detail);
	if (err != OK)
		code = cli_refuse(once->cli, err, buf_slice(&detail));
	buf_finish(&input);
	buf_finish(&detail);
	return code;
}

/* ---- when it is over ------------------------------------------------------------------------- */

static void put_ending(struct json_writer *json, const struct guest_end *end, struct slice result)
{
	struct buf text = { 0 };

	if (guest_has_succeeded(end)) {
		json_put_raw(json, "result", result);
	} else {
		guest_add_reason(end, &text);
		json_put_text(json, "reason", buf_slice(&text));
	}
	buf_clear(&text);
	guest_add_evidence(end, &text);
	json_put_raw(json, "evidence", buf_slice(&text));
	buf_finish(&text);
}

/* The run is on record before the task is over; whoever was stopped gives it back. */
static int report(struct once *once, const struct guest_end *end, struct slice result)
{
	struct buf args = { 0 }, members = { 0 };
	struct json_writer json = call_begin(once, &args);
	const char *verb = guest_has_succeeded(end) ? "task.complete" : "task.fail";
	int code = 0;

	guest_add_report(end, &members);
	json_put_text(&json, "swarm", once->swarm);
	json_members(&json, buf_slice(&members));
	json_object_end(&json);
	if (end->outcome->err == OK)
		code = call(once, "chassis.report", &args, NULL);
	if (once->is_lost)
		goto out;
	json = call_begin(once, &args);
	if (once->signal || guest_failure(end) != OK) {
		verb = "task.release";
		json_put_str(&json, "reason", once->signal ? "its supervisor was stopped" :
							     err_info(guest_failure(end))->message);
	} else {
		put_ending(&json, end, result);
	}
	json_object_end(&json);
	if (code == 0 || once->signal)
		code = call(once, verb, &args, NULL);
out:
	buf_finish(&args);
	buf_finish(&members);
	return code;
}

static void write_json(struct once *once, const struct guest_end *end, struct slice result)
{
	const struct runner_info *info = guest_host_info(once->host);
	struct json_writer json = json_begin(&once->cli->out);
	static const char *const names[] = LAYER_NAMES;

	json_object(&json);
	guest_put_end(end, &json);
	if (result.len)
		json_put_raw(&json, "result", result);
	if (is_of_task(once)) {
		json_put_text(&json, "task", once->task);
		json_put_i64(&json, "fence", once->fence);
	}
	json_key(&json, "layers");
	json_array(&json);
	for (unsigned i = 0; i < LAYER_COUNT; i++)
		if (info->layers & LAYER_BIT(i))
			json_str(&json, names[i]);
	json_array_end(&json);
	json_put_i64(&json, "compile_us", info->compile_us);
	json_put_bool(&json, "was_cached", info->was_cached);
	json_object_end(&json);
	buf_add_byte(&once->cli->out, '\n');
}

/* Its result as it came, unless people look at it; all about it on stderr. */
static void show(struct once *once, const struct guest_end *end)
{
	struct slice result = buf_slice(&end->outcome->result);
	struct buf line = { 0 };

	if (terminal_is(STDOUT_FILENO))
		text_add_visible(&once->cli->out, result, true);
	else
		buf_add_slice(&once->cli->out, result);
	if (result.len && result.ptr[result.len - 1] != '\n' && terminal_is(STDOUT_FILENO))
		buf_add_byte(&once->cli->out, '\n');
	guest_add_reason(end, &line);
	buf_add_lit(&line, " [");
	guest_add_resources(end, &line);
	buf_add_byte(&line, ']');
	cli_flush(once->cli);
	cli_say(once->cli, buf_slice(&line));
	buf_finish(&line);
}

static int tell(struct once *once)
{
	struct guest_end end = guest_work_end(once->work);
	struct buf result = { 0 };
	int code = guest_exit_code(&end), told = 0;

	guest_add_result(&end, &result);
	if (is_of_task(once))
		told = report(once, &end, buf_slice(&result));
	if (end.outcome->err != OK)
		code = cli_refuse(once->cli, end.outcome->err, buf_slice(&end.outcome->detail));
	else if (guest_failure(&end) != OK)
		code = cli_refuse(once->cli, guest_failure(&end),
				  SLICE("the one that the module asked has ended"));
	else if (!once->cli->as_json)
		show(once, &end);
	else if (!told && !once->code)
		write_json(once, &end, buf_slice(&result));
	buf_finish(&result);
	if (once->signal)
		return EXIT_OF_SIGNAL + once->signal;
	if (once->code)
		return once->code;
	return told ? told : code;
}

/* ---- the verb -------------------------------------------------------------------------------- */

static int run_in_loop(struct once *once)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	struct loop_signal *signals[ARRAY_LEN(numbers)];
	int code = start_work(once);

	if (code != 0)
		return code;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		signals[i] = loop_signal_open(once->loop, numbers[i], on_signal, once);
	once->beat_timer = loop_timer_open(once->loop, on_beat, once);
	if (is_of_task(once))
		loop_timer_set(once->beat_timer, HEARTBEAT_US);
	loop_run(once->loop);
	loop_timer_close(once->beat_timer);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		loop_signal_close(signals[i]);
	code = tell(once);
	guest_work_destroy(once->work);
	return code;
}

/* The task was claimed, and nothing can be run for it. */
static void give_back(struct once *once)
{
	struct buf args = { 0 };
	struct json_writer json = call_begin(once, &args);

	json_put_str(&json, "reason", "its module could not be run");
	json_object_end(&json);
	if (call(once, "task.release", &args, NULL) != 0)
		cli_say_str(once->cli, "the task goes back when its lease ends");
	buf_finish(&args);
}

int chassis_run_run(struct cli *cli, const struct args *args)
{
	struct once once = { .cli = cli, .args = args };
	enum err err = loop_open(&once.loop);
	int code;

	if (err != OK)
		return cli_refuse(cli, err, SLICE_EMPTY);
	code = open_module(&once);
	if (code == 0)
		code = take_task(&once);
	if (code == 0) {
		code = run_in_loop(&once);
		if (!once.work && is_of_task(&once) && !args_has(args, "fence"))
			give_back(&once);
	}
	guest_host_close(once.host);
	contract_file_close(&once.file);
	if (once.claim)
		json_free(once.claim);
	loop_close(once.loop);
	return code;
}
