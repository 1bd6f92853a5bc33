/*
 * What is generated from the tables: help, man page, completion scripts.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/local.h"

static struct cli cli;

static void set_up(void)
{
	verbs_init();
	cli = (struct cli){ .program = "ifctl" };
}

static void tear_down(void)
{
	buf_finish(&cli.out);
	arena_finish(&cli.arena);
}

static bool there_is(const char *program)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", program);
	return system(command) == 0;
}

/* Runs a command on a file with the text; its output must be empty and its status 0. */
static void check_with(const char *command_format, struct slice text)
{
	char path[] = "/tmp/cli_pages_XXXXXX";
	char command[256], said[1024];
	int fd = mkstemp(path);
	FILE *output;
	size_t len;

	ck_assert_int_eq(write(fd, text.ptr, text.len), (ssize_t)text.len);
	close(fd);
	snprintf(command, sizeof(command), "%s %s 2>&1", command_format, path);
	output = popen(command, "r");
	ck_assert_ptr_nonnull(output);
	len = fread(said, 1, sizeof(said) - 1, output);
	said[len] = '\0';
	ck_assert_msg(pclose(output) == 0 && len == 0, "%s: %s", command, said);
	unlink(path);
}

START_TEST(completion_scripts_are_valid)
{
	static const struct {
		const char *shell;
		const char *command;
	} shells[] = { { "bash", "bash -n" }, { "zsh", "zsh -n" }, { "fish", "fish -n" } };
	struct args args = { .verb = verb_find("completion", NULL) };

	args.values[0] = (struct value){ .is_given = true, .number = _i };
	ck_assert_int_eq(completion_run(&cli, &args), 0);
	ck_assert_uint_gt(cli.out.len, 1000);
	if (there_is(shells[_i].shell))
		check_with(shells[_i].command, buf_slice(&cli.out));
}
END_TEST

START_TEST(completion_knows_every_verb_and_flag)
{
	struct args args = { .verb = verb_find("completion", NULL) };

	args.values[0] = (struct value){ .is_given = true, .number = SHELL_FISH };
	completion_run(&cli, &args);
	for (size_t i = 0; verb_at(i); i++) {
		const struct verb *verb = verb_at(i);
		char text[FLAG_NAME_SIZE + 16], group[GROUP_NAME_SIZE];
		const char *word = verb->verb;

		if (verb_split(verb, group, &word)) {
			snprintf(text, sizeof(text), "-a %s", group);
			ck_assert_msg(strstr(buf_str(&cli.out), text) != NULL, "%s", text);
		}
		snprintf(text, sizeof(text), "-a %s", word);
		if (verb->verb[0])
			ck_assert_msg(strstr(buf_str(&cli.out), text) != NULL, "%s", text);
		for (size_t f = 0; verb->part[0] != '_' && f < verb->field_count; f++) {
			char name[FLAG_NAME_SIZE];

			if ((verb->fields[f]->flags & FIELD_POSITIONAL) ||
			    !help_shows(verb, verb->fields[f]))
				continue;
			flag_name(verb->fields[f], name);
			snprintf(text, sizeof(text), "-l %s", name);
			ck_assert_msg(strstr(buf_str(&cli.out), text) != NULL, "%s", text);
		}
	}
}
END_TEST

/* The shell is started with the script and asked as a person with the tab key would. */
START_TEST(bash_completes_verbs_and_flags)
{
	struct args args = { .verb = verb_find("completion", NULL) };
	static const struct {
		const char *line;
		const char *word;
	} lines[] = {
		{ "ifctl bo", "board" }, { "ifctl task cl", "claim" },
		{ "ifctl --json task cl", "claim" }, { "ifctl task next --wa", "--wait" },
		{ "ifctl task list --state he", "held" }, { "ifctl completion fi", "fish" },
		{ "ifctl board show --format mer", "mermaid" },
		{ "ifctl gov", "governor" }, { "ifctl governor pol", "policy" },
		{ "ifctl governor policy chec", "check" },
		{ "ifctl governor --json policy chec", "check" },
		{ "ifctl governor policy test --pol", "--policy" },
	};
	struct buf script = { 0 };

	if (!there_is("bash"))
		return;
	args.values[0] = (struct value){ .is_given = true, .number = SHELL_BASH };
	completion_run(&cli, &args);
	buf_add_slice(&script, buf_slice(&cli.out));
	buf_add_lit(&script, "\nask() { COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _ifctl;"
			     " [ \"${COMPREPLY[*]}\" = \"$2\" ] || echo \"$1: ${COMPREPLY[*]}\"; }\n");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		buf_add_lit(&script, "ask '");
		buf_add_str(&script, lines[i].line);
		buf_add_lit(&script, "' '");
		buf_add_str(&script, lines[i].word);
		buf_add_lit(&script, "'\n");
	}
	check_with("bash", buf_slice(&script));
	buf_finish(&script);
}
END_TEST

START_TEST(the_man_page_has_no_faults)
{
	ck_assert_int_eq(man_run(&cli, &(struct args){ .verb = verb_find("man", NULL) }), 0);
	ck_assert(strstr(buf_str(&cli.out), ".SS \"task claim TASK") != NULL);
	if (there_is("groff"))
		check_with("groff -man -Tutf8 -ww -z", buf_slice(&cli.out));
}
END_TEST

START_TEST(every_verb_has_help_that_fits)
{
	for (size_t i = 0; verb_at(i); i++) {
		const struct verb *verb = verb_at(i);
		struct slice rest;

		buf_clear(&cli.out);
		help_write(&cli, verb->part, NULL, verb, &cli.out);
		ck_assert(strstr(buf_str(&cli.out), "Usage\n  ifctl ") != NULL);
		ck_assert(strstr(buf_str(&cli.out), verb->example) != NULL);
		rest = buf_slice(&cli.out);
		while (rest.len) {
			struct slice line = slice_cut(&rest, '\n');
			bool is_verbatim = slice_starts(slice_trim(line), SLICE("ifctl "));

			ck_assert_msg(is_verbatim || line.len <= 100, "%.*s", (int)line.len, line.ptr);
		}
	}
}
END_TEST

START_TEST(every_verb_stands_in_the_help_of_its_part)
{
	for (size_t i = 0; verb_at(i); i++) {
		const struct verb *verb = verb_at(i);
		char line[128];

		if (verb->part[0] == '_')
			continue;
		cli.out.len = 0;
		help_write(&cli, NULL, NULL, NULL, &cli.out);
		snprintf(line, sizeof(line), "\n  %s ", verb->part);
		ck_assert_msg(strstr(buf_str(&cli.out), line) != NULL, "%s", line);
		cli.out.len = 0;
		help_write(&cli, verb->part, NULL, NULL, &cli.out);
		snprintf(line, sizeof(line), "  %s%s%s", verb->part, verb->verb[0] ? " " : "",
			 verb->verb);
		ck_assert_msg(strstr(buf_str(&cli.out), line) != NULL, "%s", line);
	}
}
END_TEST

START_TEST(every_example_is_a_right_command_line)
{
	for (size_t i = 0; verb_at(i); i++) {
		const struct verb *verb = verb_at(i);
		char start[FLAG_NAME_SIZE + 32];

		snprintf(start, sizeof(start), "ifctl %s%s%s", verb->part, verb->verb[0] ? " " : "",
			 verb->verb);
		ck_assert_msg(strncmp(verb->example, start, strlen(start)) == 0, "%s", verb->example);
	}
}
END_TEST

START_TEST(verbs_of_two_words_have_help_of_their_own)
{
	help_write(&cli, "governor", NULL, NULL, &cli.out);
	ck_assert(strstr(buf_str(&cli.out), "  governor policy check ") != NULL);
	buf_clear(&cli.out);
	help_write(&cli, "governor", "policy", NULL, &cli.out);
	ck_assert(strstr(buf_str(&cli.out), "  governor policy check ") != NULL);
	ck_assert(strstr(cli.out.ptr, "ifctl governor policy VERB --help") != NULL);
	buf_clear(&cli.out);
	help_write(&cli, "governor", "no such group", NULL, &cli.out);
	ck_assert(strstr(buf_str(&cli.out), "  governor policy check ") == NULL);
}
END_TEST

/* As bash above; fish asks itself. */
START_TEST(fish_completes_verbs_of_one_and_two_words)
{
	struct args args = { .verb = verb_find("completion", NULL) };
	static const struct {
		const char *line;
		const char *word;
	} lines[] = {
		{ "ifctl bo", "board" }, { "ifctl task cl", "claim" },
		{ "ifctl task list --state he", "held" }, { "ifctl governor pol", "policy" },
		{ "ifctl governor policy chec", "check" },
		{ "ifctl governor policy test --pol", "--policy" },
	};
	struct buf script = { 0 };

	if (!there_is("fish"))
		return;
	args.values[0] = (struct value){ .is_given = true, .number = SHELL_FISH };
	completion_run(&cli, &args);
	buf_add_slice(&script, buf_slice(&cli.out));
	buf_add_lit(&script, "\nfunction ask\n\tset -l said (complete -C $argv[1] | string replace -r "
			     "'\\t.*' '')\n\ttest \"$said\" = \"$argv[2]\"; or echo "
			     "\"$argv[1]: $said\"\nend\n");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		buf_add_lit(&script, "ask '");
		buf_add_str(&script, lines[i].line);
		buf_add_lit(&script, "' '");
		buf_add_str(&script, lines[i].word);
		buf_add_lit(&script, "'\n");
	}
	check_with("fish --no-config", buf_slice(&script));
	buf_finish(&script);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_pages");
	TCase *tcase = tcase_create("pages");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, completion_scripts_are_valid, 0, SHELL_COUNT);
	tcase_add_test(tcase, every_verb_stands_in_the_help_of_its_part);
	tcase_add_test(tcase, completion_knows_every_verb_and_flag);
	tcase_add_test(tcase, bash_completes_verbs_and_flags);
	tcase_add_test(tcase, fish_completes_verbs_of_one_and_two_words);
	tcase_add_test(tcase, the_man_page_has_no_faults);
	tcase_add_test(tcase, every_verb_has_help_that_fits);
	tcase_add_test(tcase, every_example_is_a_right_command_line);
	tcase_add_test(tcase, verbs_of_two_words_have_help_of_their_own);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
