/*
 * Every refusal of the catalogue, through HTTP and through the command line.
 *
 * All in one process, without forks between: the rows share one daemon, and
 * what takes its time is begun before everything else.
 */
#include "api/refusals.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/problem.h"
#include "document/json.h"

#define TABLE "tests/api/refusals.txt"
#define VARIABLES_MAX 8
#define SECTION_BYTES_MAX 4096

static struct buf table;
static struct fabric fabric;

/* ---- checking ------------------------------------------------------------------------------- */

static void check_same(enum err err, const char *what, const char *is, const char *should)
{
	ck_assert_msg(strcmp(is, should) == 0, "%s: %s is \"%s\", not \"%s\"",
		      err_info(err)->code, what, is, should);
}

void check_problem(enum err err, struct http_answer *answer)
{
	const struct err_info *info = err_info(err);
	struct slice media_type = answer_header(answer, "Content-Type");

	check_same(err, "code", answer_text(answer, "code"), info->code);
	ck_assert_msg(answer->status == info->http_status, "%s: status %d, not %d", info->code,
		      answer->status, info->http_status);
	ck_assert_int_eq(answer_number(answer, "status", 0), info->http_status);
	ck_assert(slice_is(media_type, SLICE(PROBLEM_MEDIA_TYPE)));
	check_same(err, "title", answer_text(answer, "title"), info->message);
	check_same(err, "hint", answer_text(answer, "hint"), info->hint);
	ck_assert_int_eq(answer_truth(answer, "retryable"), info->retryable);
}

void refused_by_http(struct fabric *of, enum err err, const char *method, const char *path,
		     const char *body)
{
	struct http_answer answer = { 0 };

	ask(of, method, path, body, &answer);
	check_problem(err, &answer);
	answer_finish(&answer);
}

static void check_code(enum err err, struct run *run)
{
	ck_assert_msg(run->code == err_info(err)->exit_code, "%s: exit code %d, not %d: %s%s",
		      err_info(err)->code, run->code, err_info(err)->exit_code,
		      buf_str(&run->err), buf_str(&run->out));
}

/* What is wrong with the words themselves is told by their own name, and where to read on. */
static void check_said(enum err err, struct run *run, const char *says)
{
	const struct err_info *info = err_info(err);
	const char *said = buf_str(&run->err);
	const char *last = said;
	bool is_about_words = info->exit_code == 2 && strstr(said, "See `ifctl");

	/* Each flaw of a document has a line of its own, as compilers print them, before that. */
	while (err == ERR_DOCUMENT_INVALID && strchr(last, '\n') && strchr(last, '\n')[1])
		last = strchr(last, '\n') + 1;
	ck_assert_msg(strncmp(last, "ifctl: ", 7) == 0, "%s: says \"%s\"", info->code, said);
	ck_assert_msg(strchr(last, '\n') == said + strlen(said) - 1, "%s: not one line: \"%s\"",
		      info->code, said);
	ck_assert_msg(is_about_words || strstr(said, info->message),
		      "%s: does not say what: \"%s\"", info->code, said);
	ck_assert_msg(is_about_words || strstr(said, info->hint),
		      "%s: does not say what to do: \"%s\"", info->code, said);
	ck_assert_msg(!says || strstr(said, says), "%s: does not say \"%s\": \"%s\"", info->code,
		      says, said);
}

void check_run(enum err err, struct run *plain, struct run *json, const char *says)
{
	const struct err_info *info = err_info(err);
	struct slice problem = slice_trim(buf_slice(&json->out));
	char found[512];

	check_code(err, plain);
	check_said(err, plain, says);
	ck_assert_msg(plain->out.len == 0, "%s: prints \"%s\"", info->code, buf_str(&plain->out));
	check_code(err, json);
	check_said(err, json, says);
	ck_assert_msg(json_member_text(problem, "code", found, sizeof(found)),
		      "%s: prints no problem: \"%s\"", info->code, buf_str(&json->out));
	check_same(err, "printed code", found, info->code);
	ck_assert_int_eq(json_member_number(problem, "status", 0), info->http_status);
	ck_assert(json_member_text(problem, "title", found, sizeof(found)));
	check_same(err, "printed title", found, info->message);
	ck_assert(json_member_text(problem, "hint", found, sizeof(found)));
	check_same(err, "printed hint", found, info->hint);
	ck_assert_int_lt(slice_find_byte(problem, '\n'), 0);
}

void refused_by_cli(struct fabric *of, enum err err, const char *words, const char *says)
{
	struct run plain = { 0 }, json = { 0 };

	run(of, words, &plain);
	run(of, text("%s --json", words), &json);
	check_run(err, &plain, &json, says);
	run_finish(&plain);
	run_finish(&json);
}

/* ---- a daemon that says no ------------------------------------------------------------------ */

static void answer_for_ever(int listener, struct slice bytes)
{
	char request[65536];

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		/* A request comes in one piece; what matters is that it was read before the close. */
		if (fd < 0 || recv(fd, request, sizeof(request), 0) < 0 ||
		    send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL) < 0)
			continue;
		shutdown(fd, SHUT_WR);
		while (recv(fd, request, sizeof(request), 0) > 0)
			;
		close(fd);
	}
}

static void add_answer(struct buf *out, enum err err)
{
	struct buf body = { 0 };
	struct json_writer json = json_begin(&body);

	problem_write(&json, err, SLICE("by the stub"), SLICE_EMPTY, SLICE_EMPTY);
	buf_add_str(out, text("HTTP/1.1 %d No\r\nConnection: close\r\nContent-Type: %s\r\n"
			      "Content-Length: %zu\r\n\r\n", err_info(err)->http_status,
			      PROBLEM_MEDIA_TYPE, body.len));
	buf_add_slice(out, buf_slice(&body));
	buf_finish(&body);
}

void stub_begin(struct fabric *stub, enum err err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct buf bytes = { 0 };

	fabric_make(stub);
	strcpy(address.sun_path, stub->socket);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 16), 0);
	add_answer(&bytes, err);
	stub->pid = fork();
	ck_assert_int_ge(stub->pid, 0);
	if (stub->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer_for_ever(listener, buf_slice(&bytes));
	}
	close(listener);
	buf_finish(&bytes);
}

void stub_end(struct fabric *stub)
{
	fabric_kill(stub);
	fabric_remove(stub);
}

static void refused_by_stub(enum err err)
{
	struct fabric stub;

	stub_begin(&stub, err);
	refused_by_cli(&stub, err, "board list", "by the stub");
	stub_end(&stub);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* The lines below "== code", or a slice without a pointer. */
static struct slice section_of(const char *code)
{
	struct slice rest = buf_slice(&table);
	struct slice found = SLICE_EMPTY;

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');

		if (!slice_starts(line, SLICE("== ")))
			continue;
		if (found.ptr)
			return slice_of(found.ptr, (size_t)(line.ptr - found.ptr));
		if (slice_is_str(slice_from(line, 3), code))
			found = rest;
	}
	return found;
}

struct variables {
	char names[VARIABLES_MAX][32];
	char values[VARIABLES_MAX][1024];	/* a token is as long */
	size_t count;
};

static void add_value(const struct variables *variables, struct slice *rest, struct buf *out)
{
	size_t len = 1;

	while (len < rest->len && ((rest->ptr[len] >= 'a' && rest->ptr[len] <= 'z')))
		len++;
	for (size_t i = 0; i < variables->count; i++) {
		if (slice_is_str(slice_of(rest->ptr + 1, len - 1), variables->names[i])) {
			buf_add_str(out, variables->values[i]);
			*rest = slice_from(*rest, len);
			return;
		}
	}
	ck_abort_msg("no variable %.*s", (int)len, rest->ptr);
}

/* <129 a> */
static void add_repeated(struct slice *rest, struct buf *out)
{
	struct slice inner = slice_from(*rest, 1);
	struct slice what = slice_cut(&inner, '>');
	struct slice count = slice_cut(&what, ' ');
	int64_t times;

	ck_assert(slice_to_i64(count, &times) && what.len == 1);
	buf_add_repeat(out, what.ptr[0], (size_t)times);
	*rest = inner;
}

static const char *expand(struct slice line, const struct variables *variables)
{
	static char expanded[SECTION_BYTES_MAX];
	struct buf out = { 0 };

	while (line.len) {
		if (line.ptr[0] == '$') {
			add_value(variables, &line, &out);
		} else if (line.ptr[0] == '<') {
			add_repeated(&line, &out);
		} else if (slice_starts(line, SLICE("\\x"))) {
			buf_add_byte(&out, (char)strtol(text("%.2s", line.ptr + 2), NULL, 16));
			line = slice_from(line, 4);
		} else {
			buf_add_byte(&out, line.ptr[0]);
			line = slice_from(line, 1);
		}
	}
	ck_assert_uint_lt(out.len, sizeof(expanded));
	memcpy(expanded, buf_str(&out), out.len + 1);
	buf_finish(&out);
	return text("%s", expanded);
}

struct row {
	enum err err;
	struct variables variables;
	struct buf headers;
	const char *words, *says;
	bool has_http, has_cli;
};

static void ask_line(const struct row *row, const char *line, struct http_answer *answer)
{
	const char *path = strchr(line, ' ') + 1;
	const char *body = strchr(path, ' ');
	struct buf headers = row->headers;

	ask_with(&fabric, headers.len ? buf_str(&headers) : NULL,
		 text("%.*s", (int)(path - line - 1), line),
		 body ? text("%.*s", (int)(body - path), path) : path, body ? body + 1 : NULL,
		 answer);
}

static void do_setup(struct row *row, const char *line)
{
	struct http_answer answer = { 0 };
	const char *keep = strstr(line, " > ");
	size_t at = row->variables.count;

	ask_line(row, keep ? text("%.*s", (int)(keep - line), line) : line, &answer);
	ck_assert_msg(answer.status == 200, "%s: %s", line, buf_str(&answer.body));
	if (keep) {
		char member[32];
		struct slice value;

		ck_assert_uint_lt(at, VARIABLES_MAX);
		ck_assert_int_eq(sscanf(keep, " > %31[a-z]=%31s", row->variables.names[at], member),
				 2);
		if (!json_get_text(answer_at(&answer, member), &value))
			value = slice_of_str(text("%lld", (long long)answer_number(&answer, member,
										   -1)));
		snprintf(row->variables.values[at], sizeof(row->variables.values[at]), "%.*s",
			 (int)value.len, value.ptr);
		row->variables.count++;
	}
	answer_finish(&answer);
}

static void do_http(struct row *row, const char *line)
{
	struct http_answer answer = { 0 };

	row->has_http = true;
	if (strncmp(line, "never, ", 7) == 0)
		return;
	if (strncmp(line, "raw ", 4) == 0) {
		struct wire wire;

		wire_open(&wire, fabric.socket);
		wire_send(&wire, slice_of_str(line + 4));
		ck_assert(wire_answer(&wire, &answer));
		wire_close(&wire);
	} else {
		ask_line(row, line, &answer);
	}
	check_problem(row->err, &answer);
	answer_finish(&answer);
}

static void do_file(const char *line)
{
	const char *space = strchr(line, ' ');

	write_file(text("%s/%.*s", fabric.folder, (int)(space - line), line),
		   slice_of_str(space + 1));
}

static const struct own_refusal *own_refusal(struct slice name)
{
	for (size_t i = 0; i < own_refusal_count; i++)
		if (slice_is_str(name, own_refusals[i].name))
			return &own_refusals[i];
	ck_abort_msg("nobody provokes %.*s", (int)name.len, name.ptr);
	return NULL;
}

/* The words of the last `cli`, with what was asked of the answer behind them. */
static void do_cli(struct row *row)
{
	if (row->words && strcmp(row->words, "stub") == 0)
		refused_by_stub(row->err);
	else if (row->words)
		refused_by_cli(&fabric, row->err, row->words, row->says);
	row->words = NULL;
	row->says = NULL;
}

static void take_line(struct row *row, struct slice line)
{
	struct slice rest = line;
	struct slice word = slice_cut(&rest, ' ');
	const char *expanded = expand(rest, &row->variables);

	if (line.len == 0 || line.ptr[0] == ';')
		return;
	if (slice_is_str(word, "by")) {
		own_refusal(rest)->provoke(row->err);
		row->has_http = row->has_cli = true;
	} else if (slice_is_str(word, "header")) {
		buf_add_str(&row->headers, text("%s\r\n", expanded));
	} else if (slice_is_str(word, "file")) {
		do_file(expanded);
	} else if (slice_is_str(word, "http")) {
		do_http(row, expanded);
	} else if (slice_is_str(word, "says")) {
		row->says = expanded;
	} else if (slice_is_str(word, "cli")) {
		do_cli(row);
		row->has_cli = true;
		if (strncmp(expanded, "never, ", 7) != 0)
			row->words = expanded;
	} else {
		do_setup(row, expand(line, &row->variables));
	}
}

static void provoke(enum err err, struct slice section)
{
	struct row row = { .err = err, .variables = { .names = { "dir" }, .count = 1 } };

	snprintf(row.variables.values[0], sizeof(row.variables.values[0]), "%s", fabric.folder);
	while (section.len)
		take_line(&row, slice_cut(&section, '\n'));
	do_cli(&row);
	buf_finish(&row.headers);
	ck_assert_msg(row.has_http, "%s: " TABLE " does not say how, through HTTP",
		      err_info(err)->code);
	ck_assert_msg(row.has_cli, "%s: " TABLE " does not say how, through the command line",
		      err_info(err)->code);
}

static bool is_slow(enum err err)
{
	struct slice section = section_of(err_info(err)->code);

	if (!slice_starts(section, SLICE("by ")))
		return false;
	section = slice_from(section, 3);
	return own_refusal(slice_cut(&section, '\n'))->is_slow;
}

/* Those that take their time come last. */
static enum err err_in_order(int index)
{
	int place = 0;

	for (int slow = 0; slow < 2; slow++)
		for (int err = 1; err < ERR_COUNT; err++)
			if (is_slow((enum err)err) == slow && place++ == index)
				return (enum err)err;
	return OK;
}

START_TEST(a_refusal_is_the_same_through_http_and_the_command_line)
{
	enum err err = err_in_order(_i);
	struct slice section = section_of(err_info(err)->code);

	ck_assert_msg(section.ptr != NULL, "%s: " TABLE " does not provoke it",
		      err_info(err)->code);
	provoke(err, section);
	fabric_check_alive(&fabric);
}
END_TEST

START_TEST(the_table_names_nothing_that_is_not_in_the_catalogue)
{
	struct slice rest = buf_slice(&table);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');

		if (slice_starts(line, SLICE("== ")))
			ck_assert_msg(err_of_code(slice_from(line, 3)) != ERR_COUNT, "%.*s",
				      (int)line.len, line.ptr);
	}
}
END_TEST

START_TEST(the_command_line_prints_the_catalogue)
{
	struct run said = { 0 };
	char found[512];

	run(&fabric, "errors --json", &said);
	ck_assert_int_eq(said.code, 0);
	for (int err = 1; err < ERR_COUNT; err++) {
		const struct err_info *info = err_info((enum err)err);

		ck_assert(json_member_text(buf_slice(&said.out), text("errors.%d.code", err - 1), found,
					   sizeof(found)));
		check_same((enum err)err, "listed code", found, info->code);
		ck_assert_int_eq(json_member_number(buf_slice(&said.out),
						    text("errors.%d.exit", err - 1), -1),
				 info->exit_code);
	}
	run_finish(&said);
}
END_TEST

/* ---- all of it ------------------------------------------------------------------------------ */

static void begin(void)
{
	own_refusals_begin();
	fabric_make(&fabric);
	fabric_start(&fabric);
}

static void end(void)
{
	fabric_remove(&fabric);
}

static bool read_table(void)
{
	FILE *file = fopen(TABLE, "r");

	if (!file)
		return false;
	for (int byte = getc(file); byte != EOF; byte = getc(file))
		buf_add_byte(&table, (char)byte);
	fclose(file);
	return table.len > 0;
}

int main(void)
{
	Suite *suite = suite_create("refusals");
	TCase *rows = tcase_create("rows");
	SRunner *runner;
	int failed;

	if (!read_table()) {
		perror(TABLE);
		return 1;
	}
	tcase_add_unchecked_fixture(rows, begin, end);
	tcase_add_test(rows, the_table_names_nothing_that_is_not_in_the_catalogue);
	tcase_add_test(rows, the_command_line_prints_the_catalogue);
	tcase_add_loop_test(rows, a_refusal_is_the_same_through_http_and_the_command_line, 0,
			    ERR_COUNT - 1);
	suite_add_tcase(suite, rows);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	buf_finish(&table);
	/* A row that failed has left behind what it had; that is not worth a word. */
	if (failed) {
		fflush(stdout);
		_exit(1);
	}
	return 0;
}
