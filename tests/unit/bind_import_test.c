/* Documents as they come over HTTP, up to what the machine makes of them. */
#include "api/bind.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "fabric/machine.h"

#define START_US 1800000000000000

struct talk {
	struct machine machine;
	struct arena arena;
	struct command command;
	struct machine_answer answer;
	struct buf detail, members;
	int64_t now_us;
};

static struct router router;

static void talk_init(struct talk *talk)
{
	memset(talk, 0, sizeof(*talk));
	machine_init(&talk->machine, 1, (size_t)8 << 20);
	talk->now_us = START_US;
	machine_begin_reign(&talk->machine, 1, SLICE("0"), talk->now_us);
}

static void talk_finish(struct talk *talk)
{
	machine_finish(&talk->machine);
	arena_finish(&talk->arena);
	buf_finish(&talk->detail);
	buf_finish(&talk->members);
	buf_finish(&talk->answer.body);
}

/* `type` is the body's media type. */
static enum err bind(struct talk *talk, const char *method, const char *target, const char *type,
		     struct slice body)
{
	struct http_header header = { SLICE("Content-Type"), slice_of_str(type) };
	struct slice query = slice_of_str(target);
	struct slice path = slice_cut(&query, '?');
	struct route_match match;

	buf_clear(&talk->detail);
	buf_clear(&talk->members);
	ck_assert_int_eq(route_find(&router, slice_of_str(method), path, &match), OK);
	return bind_command(&(struct http_request){
			.method = slice_of_str(method), .path = path, .query = query, .body = body,
			.headers = &header, .header_count = 1,
		}, &match, &talk->arena, &talk->command, &talk->detail, &talk->members);
}

/* The answer's body; it must be a good one. */
static const char *ask(struct talk *talk, const char *method, const char *target, const char *body)
{
	enum err err = bind(talk, method, target, "application/json", slice_of_str(body));

	ck_assert_msg(err == OK, "%s %s: %s", method, target, buf_str(&talk->detail));
	talk->now_us += 1000;
	ck_assert(machine_submit(&talk->machine, &talk->command, talk->now_us, 1, &talk->answer));
	ck_assert_msg(talk->answer.err == OK, "%s %s: %s", method, target,
		      buf_str(&talk->answer.body));
	machine_batch_taken(&talk->machine);
	return buf_str(&talk->answer.body);
}

static enum err import(struct talk *talk, const char *target, const char *type, const char *body)
{
	return bind(talk, "POST", target, type, slice_of_str(body));
}

#define MARKDOWN                                     \
	"# Plan\n\n"                                 \
	"| Task | Owner | Dependencies | Status |\n" \
	"|---|---|---|---|\n"                        \
	"| A: first | s1 | None | done |\n"          \
	"| B: second | | A | |\n"
#define YAML "board: plan\ntasks:\n  - task: A\n    title: first\n"

static void check_plan(const struct talk *talk, size_t count)
{
	ck_assert(slice_is_str(talk->command.args.board_import.board, "plan"));
	ck_assert_uint_eq(talk->command.import_count, count);
	ck_assert(slice_is_str(talk->command.import_tasks[0].id, "A"));
	ck_assert(slice_is_str(talk->command.import_tasks[0].spec.title, "first"));
}

START_TEST(a_document_is_a_body_as_it_is)
{
	struct talk talk;

	talk_init(&talk);
	ck_assert_int_eq(import(&talk, "/v1/import?file=p.yaml", "text/markdown; charset=utf-8",
				MARKDOWN), OK);
	check_plan(&talk, 2);
	ck_assert(slice_is_str(talk.command.import_title, "Plan"));
	ck_assert_int_eq(talk.command.import_tasks[0].state, TASK_DONE);
	ck_assert(slice_is_str(talk.command.import_tasks[0].spec.prefers, "s1"));
	ck_assert_int_eq(talk.command.import_tasks[1].state, TASK_BLOCKED);
	ck_assert_uint_eq(talk.command.import_tasks[1].spec.deps.count, 1);
	ck_assert_int_eq(talk.command.import_tasks[1].spec.max_attempts, LIMIT_ATTEMPTS_DEFAULT);
	ck_assert_int_eq(talk.command.import_tasks[1].spec.est_cost_usd, -1);
	ck_assert_int_eq(talk.command.args.board_import.dry_run, 0);
	ck_assert_int_eq(import(&talk, "/v1/import?dry_run=true&board=other", "application/yaml",
				YAML), OK);
	ck_assert(slice_is_str(talk.command.args.board_import.board, "other"));
	ck_assert_int_eq(talk.command.args.board_import.dry_run, 1);
	ck_assert_int_eq(import(&talk, "/v1/import?format=yaml", "text/markdown", YAML), OK);
	check_plan(&talk, 1);
	talk_finish(&talk);
}
END_TEST

START_TEST(a_document_is_carried_as_text)
{
	struct talk talk;

	talk_init(&talk);
	ck_assert_int_eq(import(&talk, "/v1/import", "application/json",
				"{\"document\":\"# Plan\\n\\n|Task|\\n|---|\\n|A: first|\\n\"}"), OK);
	check_plan(&talk, 1);
	ck_assert_int_eq(import(&talk, "/v1/import", "application/json",
				"{\"document\":\"board: plan\\ntasks: [{task: A, title: first}]\","
				"\"format\":\"yaml\",\"dry_run\":true}"), OK);
	check_plan(&talk, 1);
	ck_assert_int_eq(talk.command.args.board_import.dry_run, 1);
	ck_assert_int_eq(import(&talk, "/v1/import", "application/json",
				"{\"document\":\"board: plan\\ntasks: [{task: A, title: first}]\","
				"\"file\":\"plan.yml\"}"), OK);
	check_plan(&talk, 1);
	talk_finish(&talk);
}
END_TEST

START_TEST(a_json_board_is_a_document_itself)
{
	struct talk talk;

	talk_init(&talk);
	ck_assert_int_eq(import(&talk, "/v1/import", "application/json",
				"{\"board\":\"plan\",\"dry_run\":true,\"tasks\":[{\"task\":\"A\","
				"\"title\":\"first\",\"payload\":{\"a\":[1, 2]}}]}"), OK);
	check_plan(&talk, 1);
	ck_assert_int_eq(talk.command.args.board_import.dry_run, 1);
	ck_assert(slice_is_str(talk.command.import_tasks[0].spec.payload, "{\"a\":[1,2]}"));
	ck_assert_int_eq(import(&talk, "/v1/import?board=other", "application/json",
				"{\"board\":\"plan\",\"tasks\":[{\"task\":\"A\"}]}"), OK);
	ck_assert(slice_is_str(talk.command.args.board_import.board, "other"));
	ck_assert_int_eq(import(&talk, "/v1/import", "application/json",
				"{\"dry_run\":1,\"tasks\":[{\"task\":\"A\"}]}"), ERR_ARGUMENT_TYPE);
	talk_finish(&talk);
}
END_TEST

START_TEST(every_error_of_a_document_is_said_with_file_and_line)
{
	struct talk talk;

	talk_init(&talk);
	ck_assert_int_eq(import(&talk, "/v1/import?file=p.md", "text/markdown",
				"# Plan\n\n| Task | Dependencies |\n|---|---|\n"
				"| A | X |\n| A | None |\n"), ERR_DOCUMENT_INVALID);
	ck_assert_msg(strstr(buf_str(&talk.detail), "p.md:5: ") != NULL, "%s", talk.detail.ptr);
	ck_assert_msg(strstr(talk.detail.ptr, "\np.md:6: ") != NULL ||
		      slice_starts(buf_slice(&talk.detail), SLICE("p.md:6: ")), "%s",
		      talk.detail.ptr);
	ck_assert(slice_starts(buf_slice(&talk.members),
			       SLICE("\"errors\":[{\"file\":\"p.md\",\"line\":")));
	ck_assert(slice_ends(buf_slice(&talk.members), SLICE("\"}]")));
	ck_assert_int_eq(import(&talk, "/v1/import", "application/json", "{\"tasks\":[]}"),
			 ERR_DOCUMENT_INVALID);
	ck_assert(slice_starts(buf_slice(&talk.detail), SLICE("document")));
	talk_finish(&talk);
}
END_TEST

START_TEST(many_errors_are_counted_and_kept_apart)
{
	struct talk talk;
	struct buf body = { 0 };

	talk_init(&talk);
	buf_add_lit(&body, "# Plan\n\n| Task | Dependencies |\n|---|---|\n");
	for (int i = 0; i < 30; i++) {
		buf_add_lit(&body, "| T");
		buf_add_i64(&body, i);
		buf_add_lit(&body, " | X");
		buf_add_i64(&body, i);
		buf_add_lit(&body, " |\n");
	}
	ck_assert_int_eq(import(&talk, "/v1/import", "text/markdown", buf_str(&body)),
			 ERR_DOCUMENT_INVALID);
	ck_assert_msg(slice_ends(buf_slice(&talk.detail), SLICE("\nand 10 more")), "%s",
		      buf_str(&talk.detail));
	ck_assert_ptr_nonnull(strstr(buf_str(&talk.members), "X29"));
	ck_assert_ptr_null(strstr(buf_str(&talk.detail), "X29"));
	buf_finish(&body);
	talk_finish(&talk);
}
END_TEST

START_TEST(what_is_worth_saying_goes_with_the_answer)
{
	struct talk talk;

	talk_init(&talk);
	ck_assert_int_eq(import(&talk, "/v1/import", "text/markdown",
				"# Plan\n\n| Task | Status |\n|---|---|\n| A: x | \xc3\xb0\xc5\xb8"
				"\xe2\x80\x9d\xc2\xb5 |\n"), OK);
	ck_assert(slice_starts(talk.command.import_remarks, SLICE("[{")));
	ck_assert(slice_ends(talk.command.import_remarks, SLICE("}]")));
	ck_assert_int_eq(import(&talk, "/v1/import", "text/markdown",
				"# Plan\n\n| Task |\n|---|\n| A: x |\n"), OK);
	ck_assert_uint_eq(talk.command.import_remarks.len, 0);
	talk_finish(&talk);
}
END_TEST

START_TEST(an_import_without_a_board_is_refused)
{
	static const struct {
		const char *target, *type, *body;
		enum err err;
		const char *detail;
	} rows[] = {
		{ "/v1/import", "", "", ERR_ARGUMENT_MISSING, "argument document: is missing" },
		{ "/v1/import", "application/json", "{\"dry_run\":true}", ERR_ARGUMENT_MISSING,
		  "argument document: is missing" },
		{ "/v1/import", "text/markdown", "", ERR_DOCUMENT_INVALID,
		  "document: the document is empty" },
		{ "/v1/import", "application/json", "{\"document\":\"\",\"file\":\"e.md\"}",
		  ERR_DOCUMENT_INVALID, "e.md: the document is empty" },
		{ "/v1/import?boards=b", "text/markdown", MARKDOWN, ERR_ARGUMENT_UNKNOWN,
		  "argument boards: is not known here; did you mean board?" },
		{ "/v1/import?board=a/b", "text/markdown", MARKDOWN, ERR_ID_INVALID,
		  "argument board: is not 1 to 128 of A-Z a-z 0-9 . _ : @ -" },
		{ "/v1/import?document=x", "text/markdown", MARKDOWN, ERR_USAGE,
		  "argument document: is given twice" },
		{ "/v1/import?board=a", "application/json",
		  "{\"board\":\"b\",\"document\":\"\"}", ERR_USAGE, "argument board: is given twice" },
		{ "/v1/import", "application/json", "{\"document\":1}", ERR_ARGUMENT_TYPE,
		  "argument document: takes a text, not an integer" },
		{ "/v1/import", "application/json", "{\"tasks\":", ERR_JSON_SYNTAX,
		  "the body: line 1, column 9: the text ends too early" },
	};
	struct talk talk;

	talk_init(&talk);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum err err = import(&talk, rows[i].target, rows[i].type, rows[i].body);

		ck_assert_msg(err == rows[i].err && strcmp(buf_str(&talk.detail), rows[i].detail) == 0,
			      "%s %s: %s: %s", rows[i].target, rows[i].body, err_info(err)->code,
			      buf_str(&talk.detail));
	}
	talk_finish(&talk);
}
END_TEST

START_TEST(a_document_has_a_largest_size)
{
	struct talk talk;
	struct buf body = { 0 };

	talk_init(&talk);
	buf_add_repeat(&body, 'x', 8388609);
	ck_assert_int_eq(bind(&talk, "POST", "/v1/import", "text/markdown", buf_slice(&body)),
			 ERR_LIMIT_EXCEEDED);
	ck_assert_str_eq(buf_str(&talk.detail),
			 "argument document: has 8388609 bytes; the limit is 8388608");
	buf_finish(&body);
	talk_finish(&talk);
}
END_TEST

/* A board in every state that a task can be in, claimed, held, failed and all. */
static void play(struct talk *talk)
{
	ask(talk, "POST", "/v1/import",
	    "{\"board\":\"plan\",\"title\":\"Plan\",\"tasks\":["
	    "{\"task\":\"done\",\"title\":\"it's \\\"done\\\"\",\"needs\":[\"code:c\"],"
	    "\"est_cost_usd\":0.000000001,\"payload\":{\"deep\":[[null,1.5]]}},"
	    "{\"task\":\"claimed\",\"paths\":[\"src/\"],\"est_ms\":60000},"
	    "{\"task\":\"held\"},{\"task\":\"waits\",\"deps\":[\"claimed\",\"held\"]},"
	    "{\"task\":\"failed\",\"max_attempts\":1},{\"task\":\"cancelled\"},"
	    "{\"task\":\"again\",\"run\":[\"make\",\"-j\"]},{\"task\":\"filler\",\"kind\":\"filler\"},"
	    "{\"task\":\"later\",\"not_before\":\"2040-01-01T00:00:00Z\"}]}");
	ask(talk, "POST", "/v1/swarms",
	    "{\"swarm\":\"s1\",\"capabilities\":[\"code:*\"],\"slots\":9}");
	for (const char *const *id = (const char *const[]){ "done", "claimed", "held", "failed",
							    "again", NULL }; *id; id++) {
		char target[64] = "/v1/boards/plan/tasks/";

		strcat(strcat(target, *id), "/claim");
		ask(talk, "POST", target, "{\"swarm\":\"s1\"}");
	}
}

static void end_some(struct talk *talk)
{
	static const struct {
		const char *task, *verb, *more;
	} ends[] = {
		{ "done", "complete", ",\"result\":{\"ok\":true},\"evidence\":[\"log\"]" },
		{ "claimed", "progress", ",\"percent\":40,\"note\":\"so far\"" },
		{ "held", "blockers", ",\"type\":\"access\",\"description\":\"no key\"" },
		{ "failed", "fail", ",\"reason\":\"cannot\"" },
		{ "again", "fail", ",\"reason\":\"not yet\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char target[80] = "/v1/boards/plan/tasks/", body[160] = "{\"fence\":";
		struct buf fence = { 0 };
		const char *shown, *at;

		strcat(target, ends[i].task);
		shown = ask(talk, "GET", target, "");
		at = strstr(shown, "\"fence\":");
		ck_assert_ptr_nonnull(at);
		at += strlen("\"fence\":");
		buf_add(&fence, at, strcspn(at, ",}"));
		strcat(body, buf_str(&fence));
		strcat(strcat(body, ends[i].more), "}");
		buf_finish(&fence);
		strcat(strcat(target, "/"), ends[i].verb);
		ask(talk, "POST", target, body);
	}
	ask(talk, "POST", "/v1/boards/plan/tasks/cancelled/cancel", "{}");
}

START_TEST(what_a_daemon_shows_of_a_board_is_a_document)
{
	static const enum task_state states[] = {
		TASK_DONE, TASK_CLAIMED, TASK_CLAIMED, TASK_BLOCKED, TASK_FAILED, TASK_CANCELLED,
		TASK_BLOCKED, TASK_BLOCKED, TASK_BLOCKED,
	};
	struct talk first, second;
	struct buf shown = { 0 };
	enum err err;

	talk_init(&first);
	talk_init(&second);
	play(&first);
	end_some(&first);
	buf_add_str(&shown, ask(&first, "GET", "/v1/boards/plan", ""));
	err = import(&second, "/v1/import", "application/json", buf_str(&shown));
	ck_assert_msg(err == OK, "%s\n%s", buf_str(&second.detail), shown.ptr);
	ck_assert_uint_eq(second.command.import_count, ARRAY_LEN(states));
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		ck_assert_int_eq(second.command.import_tasks[i].state, states[i]);

	/* On another machine it is the same plan; here it changes nothing. */
	ask(&second, "POST", "/v1/import", shown.ptr);
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct task_spec specs[2];
		const struct talk *talks[] = { &first, &second };

		for (size_t side = 0; side < 2; side++) {
			const struct state *state = &talks[side]->machine.state;

			task_spec_of(state_task(state, (uint32_t)i), &first.arena, &specs[side]);
		}
		ck_assert(specs[0].title.len == specs[1].title.len);
		ck_assert(specs[0].est_cost_usd == specs[1].est_cost_usd);
		ck_assert(slice_is(specs[0].payload, specs[1].payload));
		ck_assert(specs[0].not_before == specs[1].not_before);
	}
	ck_assert_ptr_nonnull(strstr(ask(&first, "POST", "/v1/import", shown.ptr),
				     "\"created\":[],\"changed\":[],\"completed\":[],"
				     "\"not_in_document\":[],\"unchanged\":9}"));
	buf_finish(&shown);
	talk_finish(&first);
	talk_finish(&second);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bind_import");
	TCase *tcase = tcase_create("bind_import");
	SRunner *runner = srunner_create(suite);
	int failed;

	router_init(&router);
	tcase_add_test(tcase, a_document_is_a_body_as_it_is);
	tcase_add_test(tcase, a_document_is_carried_as_text);
	tcase_add_test(tcase, a_json_board_is_a_document_itself);
	tcase_add_test(tcase, every_error_of_a_document_is_said_with_file_and_line);
	tcase_add_test(tcase, many_errors_are_counted_and_kept_apart);
	tcase_add_test(tcase, what_is_worth_saying_goes_with_the_answer);
	tcase_add_test(tcase, an_import_without_a_board_is_refused);
	tcase_add_test(tcase, a_document_has_a_largest_size);
	tcase_add_test(tcase, what_a_daemon_shows_of_a_board_is_a_document);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
