/*
 * Command lines, as a table: the words, and what the daemon is asked or why nothing is.
 */
#include "cli/args.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 32

struct run {
	struct cli cli;
	struct args_result result;
	struct buf detail;
	struct buf json;
	enum err err;
	char words[512];
	char *argv[WORDS_MAX];
};

/* Words are separated by one blank; a tilde stands for a blank inside of one. */
static struct run *run_words(const char *words)
{
	struct run *run = calloc(1, sizeof(*run));
	int argc = 0;

	ck_assert(strlen(words) < sizeof(run->words));
	strcpy(run->words, words);
	for (char *word = strtok(run->words, " "); word; word = strtok(NULL, " ")) {
		ck_assert_int_lt(argc, WORDS_MAX - 1);
		for (char *c = word; *c; c++)
			*c = *c == '~' ? ' ' : *c;
		run->argv[argc++] = word;
	}
	run->cli.program = "ifctl";
	run->err = args_parse(&run->cli, argc, run->argv, &run->result, &run->detail);
	if (run->err == OK && run->result.verb && run->result.wish == ARGS_RUN)
		run->err = args_complete(&run->cli, &run->result.args, &run->detail);
	if (run->err == OK && run->result.verb && run->result.verb->command)
		args_write(&run->result.args, &run->json);
	return run;
}

static void finish(struct run *run)
{
	arena_finish(&run->cli.arena);
	buf_finish(&run->detail);
	buf_finish(&run->json);
	free(run);
}

static void forget_environment(void)
{
	static const char *const names[] = { "IF_BOARD", "IF_SWARM_ID", "IF_TASK_ID", "IF_FENCE" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	verbs_init();
}

static const struct {
	const char *words;
	const char *json;
} good[] = {
	{ "ifctl board list", "{}" },
	{ "ifctl task claim T-1 --swarm alice",
	  "{\"board\":\"-\",\"task\":\"T-1\",\"swarm\":\"alice\"}" },
	{ "ifctl task claim --swarm=alice T-1 --board demo",
	  "{\"board\":\"demo\",\"task\":\"T-1\",\"swarm\":\"alice\"}" },
	{ "ifctl task claim --task T-1 --swarm alice --lease 2m --why",
	  "{\"board\":\"-\",\"task\":\"T-1\",\"swarm\":\"alice\",\"lease_ms\":120000,\"why\":true}" },
	{ "ifctl task next --swarm a --wait 50s", "{\"swarm\":\"a\",\"wait_ms\":50000}" },
	{ "ifctl task next --swarm a --wait-ms 50", "{\"swarm\":\"a\",\"wait_ms\":50}" },
	{ "ifctl task next --swarm a --wait 10m", "{\"swarm\":\"a\",\"wait_ms\":600000}" },
	{ "ifctl task next --swarm a --no-why", "{\"swarm\":\"a\",\"why\":false}" },
	{ "ifctl task next --swarm a --why=false", "{\"swarm\":\"a\",\"why\":false}" },
	{ "ifctl task add T-1 --need code:c --need test:* --dep T-0,T-9 --max-cost 2.5",
	  "{\"board\":\"-\",\"task\":\"T-1\",\"deps\":[\"T-0\",\"T-9\"],"
	  "\"needs\":[\"code:c\",\"test:*\"],\"max_cost_usd\":2.50}" },
	{ "ifctl task add T-1 -- make -j2 a,b",
	  "{\"board\":\"-\",\"task\":\"T-1\",\"run\":[\"make\",\"-j2\",\"a,b\"]}" },
	{ "ifctl task add T-1 --priority -5", "{\"board\":\"-\",\"task\":\"T-1\",\"priority\":-5}" },
	{ "ifctl swarm register a --capability code:c --capability docs:*",
	  "{\"swarm\":\"a\",\"capabilities\":[\"code:c\",\"docs:*\"]}" },
	{ "ifctl swarm register a --usual-success 0.9 --base-weight 150%",
	  "{\"swarm\":\"a\",\"usual_success\":0.9,\"base_weight\":1.5}" },
	{ "ifctl note put k -5", "{\"key\":\"k\",\"value\":-5}" },
	{ "ifctl note put k \"a~b\"", "{\"key\":\"k\",\"value\":\"a b\"}" },
	{ "ifctl board show -", "{\"board\":\"-\"}" },
	{ "ifctl events --follow --kind task.", "{\"kind\":\"task.\",\"follow\":true}" },
	{ "ifctl --json --socket /s task show T", "{\"board\":\"-\",\"task\":\"T\"}" },
	{ "ifctl board show demo --format dot", "{\"board\":\"demo\"}" },
};

START_TEST(right_words_become_a_request)
{
	struct run *run = run_words(good[_i].words);

	ck_assert_msg(run->err == OK, "%s: %s", good[_i].words, buf_str(&run->detail));
	ck_assert_str_eq(buf_str(&run->json), good[_i].json);
	finish(run);
}
END_TEST

static const struct {
	const char *words;
	enum err err;
	const char *says;
} bad[] = {
	{ "ifctl tsk list", ERR_USAGE, "did you mean \"task\"?" },
	{ "ifctl task clam T", ERR_USAGE, "did you mean \"claim\"?" },
	{ "ifctl frobnicate", ERR_USAGE, "there is no command" },
	{ "ifctl governor polcy", ERR_USAGE,
	  "governor has no verb \"polcy\"; did you mean \"policy\"?" },
	{ "ifctl governor policy chekc", ERR_USAGE,
	  "governor policy has no verb \"chekc\"; did you mean \"check\"?" },
	{ "ifctl governor check p.yaml", ERR_USAGE, "governor has no verb \"check\"" },
	{ "ifctl governor policy check", ERR_ARGUMENT_MISSING, "FILE is missing" },
	{ "ifctl governor policy check a b", ERR_USAGE, "one word too many" },
	{ "ifctl governor policy test a --polcy b", ERR_ARGUMENT_UNKNOWN,
	  "`governor policy test` takes no flag --polcy; did you mean --policy?" },
	{ "ifctl --jsn task list", ERR_ARGUMENT_UNKNOWN, "did you mean --json?" },
	{ "ifctl -x", ERR_ARGUMENT_UNKNOWN, "-x" },
	{ "ifctl task claim", ERR_ARGUMENT_MISSING, "TASK is missing" },
	{ "ifctl task claim T-1", ERR_ARGUMENT_MISSING, "--swarm is missing" },
	{ "ifctl task claim T-1 T-2 --swarm a", ERR_USAGE, "one word too many" },
	{ "ifctl task claim T-1 --swam a", ERR_ARGUMENT_UNKNOWN, "did you mean --swarm?" },
	{ "ifctl task claim T-1 --swarm", ERR_ARGUMENT_MISSING, "--swarm needs a value" },
	{ "ifctl task claim T-1 --swarm --json", ERR_ARGUMENT_MISSING, "--swarm needs a value" },
	{ "ifctl task claim T-1 --swarm a --swarm b", ERR_USAGE, "given twice" },
	{ "ifctl task claim T~1 --swarm a", ERR_ID_INVALID, "TASK: is not 1 to 128" },
	{ "ifctl task next --swarm a --wait 50", ERR_ARGUMENT_TYPE, "with its unit" },
	{ "ifctl task next --swarm a --wait 40d", ERR_ARGUMENT_RANGE, "between 0 s and 30 d" },
	{ "ifctl task claim T --swarm a --lease 1ms", ERR_ARGUMENT_RANGE, "between 100 ms and 4 h" },
	{ "ifctl task progress T --fence 1 --percent 101", ERR_ARGUMENT_RANGE, "0 and 100" },
	{ "ifctl task progress T --fence x", ERR_ARGUMENT_TYPE, "a whole number" },
	{ "ifctl task list --state asleep", ERR_ARGUMENT_RANGE, "one of blocked" },
	{ "ifctl task add T --est-cost much", ERR_ARGUMENT_TYPE, "dollars" },
	{ "ifctl task add T --need C", ERR_ARGUMENT_TYPE, "domain:skill" },
	{ "ifctl task add T --paths ../x", ERR_ARGUMENT_TYPE, "relative" },
	{ "ifctl task add T --start-by soon", ERR_ARGUMENT_TYPE, "a time such as" },
	{ "ifctl swarm register a --usual-success 90", ERR_ARGUMENT_RANGE, "between 0.0 and 1.0" },
	{ "ifctl swarm register a --usual-success much", ERR_ARGUMENT_TYPE, "0.7 or 70%" },
	{ "ifctl note put k green", ERR_ARGUMENT_TYPE, "is not JSON" },
	{ "ifctl board show --json=1", ERR_USAGE, "takes no value" },
	{ "ifctl task next --swarm a --no-wait", ERR_ARGUMENT_UNKNOWN, "--no-wait" },
	{ "ifctl board show b --format pdf", ERR_ARGUMENT_RANGE, "table, markdown" },
};

START_TEST(wrong_words_are_refused_and_named)
{
	struct run *run = run_words(bad[_i].words);

	ck_assert_msg(run->err == bad[_i].err, "%s: %d, %s", bad[_i].words, run->err,
		      buf_str(&run->detail));
	ck_assert_msg(strstr(buf_str(&run->detail), bad[_i].says) != NULL, "%s: %s", bad[_i].words,
		      buf_str(&run->detail));
	ck_assert_int_eq(err_info(run->err)->exit_code, IFAB_USAGE);
	finish(run);
}
END_TEST

START_TEST(a_spawned_command_need_not_name_its_task)
{
	struct run *run;

	setenv("IF_TASK_ID", "T-7", 1);
	setenv("IF_FENCE", "42", 1);
	run = run_words("ifctl task progress --percent 60");
	ck_assert_int_eq(run->err, OK);
	ck_assert_str_eq(buf_str(&run->json),
			 "{\"board\":\"-\",\"task\":\"T-7\",\"fence\":42,\"percent\":60}");
	finish(run);
}
END_TEST

START_TEST(a_token_is_not_used_for_another_task)
{
	struct run *run;

	setenv("IF_TASK_ID", "T-7", 1);
	setenv("IF_FENCE", "42", 1);
	run = run_words("ifctl task complete T-8");
	ck_assert_int_eq(run->err, ERR_ARGUMENT_MISSING);
	ck_assert(strstr(buf_str(&run->detail), "--fence") != NULL);
	finish(run);
}
END_TEST

START_TEST(help_is_given_for_what_was_named_so_far)
{
	struct run *run = run_words("ifctl task claim T-1 --help --nonsense");

	ck_assert_int_eq(run->err, OK);
	ck_assert_int_eq(run->result.wish, ARGS_HELP);
	ck_assert_str_eq(run->result.verb->verb, "claim");
	finish(run);
	run = run_words("ifctl task --help");
	ck_assert_int_eq(run->result.wish, ARGS_HELP);
	ck_assert_str_eq(run->result.part, "task");
	ck_assert(run->result.verb == NULL);
	finish(run);
	run = run_words("ifctl --version");
	ck_assert_int_eq(run->result.wish, ARGS_VERSION);
	finish(run);
}
END_TEST

START_TEST(a_verb_may_be_two_words)
{
	static const char *const lines[] = {
		"ifctl governor policy check p.yaml",
		"ifctl --json governor policy check p.yaml",
		"ifctl governor --json policy check p.yaml",
		"ifctl governor policy --json check p.yaml",
		"ifctl governor policy check -- p.yaml",
	};
	struct run *run;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		run = run_words(lines[i]);
		ck_assert_msg(run->err == OK, "%s: %s", lines[i], buf_str(&run->detail));
		ck_assert_str_eq(run->result.verb->verb, "policy check");
		ck_assert(slice_is_str(args_text(&run->result.args, "file"), "p.yaml"));
		finish(run);
	}
	run = run_words("ifctl governor policy --help");
	ck_assert_int_eq(run->result.wish, ARGS_HELP);
	ck_assert_str_eq(run->result.group, "policy");
	ck_assert(run->result.verb == NULL);
	finish(run);
	run = run_words("ifctl governor policy");
	ck_assert_int_eq(run->err, OK);
	ck_assert(run->result.verb == NULL);
	finish(run);
}
END_TEST

START_TEST(a_worker_s_command_keeps_its_own_flags)
{
	struct run *run = run_words("ifctl swarm spawn a -- ./work --json -x");

	ck_assert_int_eq(run->err, OK);
	ck_assert(!run->cli.as_json);
	ck_assert_uint_eq(run->result.args.rest_count, 3);
	ck_assert_str_eq(run->result.args.rest[1], "--json");
	finish(run);
}
END_TEST

/* Two arguments of one verb may not be given by the same flag. */
START_TEST(every_flag_of_a_verb_is_its_own)
{
	for (size_t v = 0; verb_at(v); v++) {
		const struct verb *verb = verb_at(v);

		for (size_t a = 0; a < verb->field_count; a++)
			for (size_t b = a + 1; b < verb->field_count; b++) {
				char one[FLAG_NAME_SIZE], other[FLAG_NAME_SIZE];

				flag_name(verb->fields[a], one);
				flag_name(verb->fields[b], other);
				ck_assert_msg(strcmp(one, other) != 0, "%s %s: --%s", verb->part,
					      verb->verb, one);
			}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_args");
	TCase *tcase = tcase_create("words");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, forget_environment, NULL);
	tcase_add_loop_test(tcase, right_words_become_a_request, 0, (int)ARRAY_LEN(good));
	tcase_add_loop_test(tcase, wrong_words_are_refused_and_named, 0, (int)ARRAY_LEN(bad));
	tcase_add_test(tcase, a_verb_may_be_two_words);
	tcase_add_test(tcase, a_spawned_command_need_not_name_its_task);
	tcase_add_test(tcase, a_token_is_not_used_for_another_task);
	tcase_add_test(tcase, help_is_given_for_what_was_named_so_far);
	tcase_add_test(tcase, a_worker_s_command_keeps_its_own_flags);
	tcase_add_test(tcase, every_flag_of_a_verb_is_its_own);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
