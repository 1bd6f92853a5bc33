#include "sandbox/executor.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sandbox/pattern.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "sys/process.h"

#define PATH_OF_COMMANDS "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ENV_MAX 66		/* what a rule may name, PATH, and the end */

/* ---- rules ---------------------------------------------------------------------------------- */

struct compiled {
	const struct executor_rule *rule;
	struct pattern **args;
	struct pattern *rest;		/* NULL: there are no further arguments */
};

struct executor {
	struct compiled *items;
	size_t count;
};

static enum err compile(struct slice text, struct pattern **ret_pattern,
			const struct executor_rule *rule, struct buf *detail)
{
	struct buf reason = { 0 };
	enum err err = pattern_compile(text, ret_pattern, &reason);

	if (err != OK) {
		buf_add_lit(detail, "rule ");
		buf_add_slice(detail, rule->name);
		buf_add_lit(detail, ": ");
		buf_add_slice(detail, buf_slice(&reason));
	}
	buf_finish(&reason);
	return err;
}

static enum err compile_rule(struct compiled *compiled, const struct executor_rule *rule,
			     struct buf *detail)
{
	enum err err = OK;

	compiled->rule = rule;
	compiled->args = alloc_zero(rule->args.count + 1, sizeof(struct pattern *));
	for (size_t i = 0; i < rule->args.count && err == OK; i++)
		err = compile(rule->args.items[i], &compiled->args[i], rule, detail);
	if (err == OK && rule->rest.len)
		err = compile(rule->rest, &compiled->rest, rule, detail);
	return err;
}

enum err executor_open(const struct executor_rules *rules, struct executor **ret_executor,
		       struct buf *detail)
{
	struct executor *executor = alloc_zero(1, sizeof(*executor));
	enum err err = OK;

	executor->items = alloc_zero(rules->count + 1, sizeof(*executor->items));
	for (size_t i = 0; i < rules->count && err == OK; i++)
		err = compile_rule(&executor->items[executor->count++], &rules->items[i], detail);
	if (err == OK)
		*ret_executor = executor;
	else
		executor_close(executor);
	return err;
}

void executor_close(struct executor *executor)
{
	if (!executor)
		return;
	for (size_t i = 0; i < executor->count; i++) {
		struct compiled *compiled = &executor->items[i];

		for (size_t a = 0; a < compiled->rule->args.count; a++)
			pattern_destroy(compiled->args[a]);
		free(compiled->args);
		pattern_destroy(compiled->rest);
	}
	free(executor->items);
	free(executor);
}

/* ---- matching ------------------------------------------------------------------------------- */

static void say(struct buf *reason, const struct executor_rule *rule, const char *what,
		size_t number)
{
	buf_clear(reason);
	buf_add_lit(reason, "rule ");
	buf_add_slice(reason, rule->name);
	buf_add_byte(reason, ' ');
	buf_add_str(reason, what);
	if (number) {
		buf_add_byte(reason, ' ');
		buf_add_u64(reason, number);
	}
}

static bool matches(const struct compiled *compiled, const char *const *argv, size_t argc,
		    struct buf *reason)
{
	size_t fixed = compiled->rule->args.count;
	size_t most = fixed + (compiled->rest ? (size_t)compiled->rule->rest_most : 0);

	if (argc - 1 < fixed || argc - 1 > most) {
		say(reason, compiled->rule, "wants another number of arguments", 0);
		return false;
	}
	for (size_t i = 0; i + 1 < argc; i++) {
		const struct pattern *pattern = i < fixed ? compiled->args[i] : compiled->rest;
		enum pattern_answer answer = pattern_match(pattern, slice_of_str(argv[i + 1]));

		if (answer == PATTERN_YES)
			continue;
		say(reason, compiled->rule,
		    answer == PATTERN_NO ? "does not allow argument" :
					   "has a pattern that is too hard for argument", i + 1);
		return false;
	}
	return true;
}

int executor_rule_of(const struct executor *executor, const char *const *argv, size_t argc,
		     struct buf *reason)
{
	buf_add_lit(reason, "no rule is for this program");
	if (argc == 0 || argc > EXECUTOR_ARGUMENTS_MAX)
		return EXECUTOR_NO_RULE;
	for (size_t i = 0; i < argc; i++) {
		if (strlen(argv[i]) <= EXECUTOR_ARGUMENT_BYTES_MAX)
			continue;
		buf_clear(reason);
		buf_add_lit(reason, "an argument may take 65536 bytes");
		return EXECUTOR_NO_RULE;
	}
	for (size_t i = 0; i < executor->count; i++)
		if (slice_is_str(executor->items[i].rule->program, argv[0]) &&
		    matches(&executor->items[i], argv, argc, reason))
			return (int)i;
	return EXECUTOR_NO_RULE;
}

/* ---- running -------------------------------------------------------------------------------- */

struct run {
	struct loop *loop;
	struct process *process;
	const struct executor_rule *rule;
	struct executor_result *result;
};

static void on_output(void *context, enum process_output which, struct slice bytes)
{
	struct run *run = context;
	struct executor_result *result = run->result;
	size_t used = result->output[0].len + result->output[1].len;
	size_t left = (size_t)run->rule->output_bytes - used;

	if (bytes.len > left && !result->is_out_of_output) {
		result->is_out_of_output = true;
		process_kill(run->process);
	}
	buf_add_slice(&result->output[which == PROCESS_STDERR], slice_head(bytes, left));
}

static void on_end(void *context, const struct process_end *end)
{
	struct run *run = context;

	run->result->exit_status = end->exit_status;
	run->result->signal = end->signal;
	loop_stop(run->loop);
}

/* Whoever overstays gets no time to clean up: it had its time. */
static void on_limit(void *context)
{
	struct run *run = context;

	run->result->is_out_of_time = true;
	process_kill(run->process);
}

static void env_fill(const struct executor_rule *rule, const char *env[ENV_MAX], struct buf *texts)
{
	size_t count = 0;
	const char *at;

	buf_add_lit(texts, PATH_OF_COMMANDS);
	buf_add_byte(texts, '\0');
	for (size_t i = 0; i < rule->environment.count; i++) {
		char *name = alloc_copy(rule->environment.items[i].ptr, rule->environment.items[i].len);
		const char *value = getenv(name);

		if (value && strcmp(name, "PATH") != 0) {
			buf_add_str(texts, name);
			buf_add_byte(texts, '=');
			buf_add_str(texts, value);
			buf_add_byte(texts, '\0');
		}
		free(name);
	}
	for (at = texts->ptr; at < texts->ptr + texts->len; at += strlen(at) + 1) {
		ENSURE(count + 1 < ENV_MAX);
		env[count++] = at;
	}
	env[count] = NULL;
}

static enum err run_rule(struct run *run, const char *const *argv, struct slice input,
			 struct buf *detail)
{
	static const struct process_ops ops = { .on_output = on_output, .on_end = on_end };
	struct buf texts = { 0 }, folder = { 0 };
	const char *env[ENV_MAX];
	struct process_spec spec = {
		.argv = argv, .env = env, .input = input, .dies_with_parent = true, .no_core = true,
	};
	struct loop_timer *timer;
	int64_t begun_us = clock_mono_us();
	enum err err = loop_open(&run->loop);

	if (err != OK)
		return err;
	env_fill(run->rule, env, &texts);
	buf_add_slice(&folder, run->rule->folder.len ? run->rule->folder : SLICE("/"));
	spec.folder = buf_str(&folder);
	timer = loop_timer_open(run->loop, on_limit, run);
	err = process_spawn(run->loop, &spec, &ops, run, &run->process);
	if (err == OK) {
		loop_timer_set(timer, run->rule->timeout_ms * 1000);
		loop_run(run->loop);
		process_destroy(run->process);
	} else {
		file_describe(detail, "run", argv[0]);
	}
	run->result->duration_us = clock_mono_us() - begun_us;
	loop_timer_close(timer);
	loop_close(run->loop);
	buf_finish(&texts);
	buf_finish(&folder);
	return err;
}

enum err executor_run(const struct executor *executor, const char *const *argv, size_t argc,
		      struct slice input, struct executor_result *ret_result, struct buf *detail)
{
	struct buf reason = { 0 };
	struct run run = { .result = ret_result };
	enum err err = OK;

	*ret_result = (struct executor_result){ .exit_status = -1 };
	ret_result->rule = executor_rule_of(executor, argv, argc, &reason);
	if (ret_result->rule == EXECUTOR_NO_RULE) {
		buf_add_slice(detail, buf_slice(&reason));
		err = ERR_COMMAND_DENIED;
	} else {
		run.rule = executor->items[ret_result->rule].rule;
		err = run_rule(&run, argv, input, detail);
	}
	buf_finish(&reason);
	return err;
}

void executor_result_finish(struct executor_result *result)
{
	buf_finish(&result->output[0]);
	buf_finish(&result->output[1]);
}
