/*
 * policy - checks a policy's document, asks it its cases, and tells what it
 * would change.
 */
#include <string.h>

#include "cli/call.h"
#include "cli/local.h"
#include "cli/source_file.h"
#include "document/policy_doc.h"

/* A file that was read as a policy. */
struct paper {
	const char *file;
	const char *shown;
	struct buf text;
	struct policy_doc doc;
	enum err err;		/* of the document, once the file could be read */
};

/* 0, or the exit code with the problem told. What is in the paper lives as long as `cli`. */
static int paper_open(struct cli *cli, const char *file, struct paper *ret_paper)
{
	struct paper paper = { .file = file, .shown = source_file_shown(file) };
	struct buf detail = { 0 };
	enum err err = source_file_read(file, &paper.text, &detail);
	int code = 0;

	if (err != OK)
		code = cli_refuse(cli, err, buf_slice(&detail));
	else
		paper.err = policy_doc_read(buf_slice(&paper.text), hand_format_of(slice_of_str(file)),
					    &cli->arena, &paper.doc);
	buf_finish(&detail);
	*ret_paper = paper;
	return code;
}

static void paper_close(struct paper *paper)
{
	buf_finish(&paper->text);
}

static void add_count(struct buf *out, size_t count, const char *what)
{
	buf_add_lit(out, ", ");
	buf_add_u64(out, count);
	buf_add_byte(out, ' ');
	buf_add_str(out, what);
	buf_add_str(out, count == 1 ? "" : "s");
}

/* ---- check ----------------------------------------------------------------------------------- */

static void put_paper(struct json_writer *json, const struct paper *paper)
{
	const struct policy_doc *doc = &paper->doc;

	json_put_str(json, "file", paper->shown);
	json_put_bool(json, "ok", paper->err == OK);
	if (paper->err == OK) {
		json_put_text(json, "name", doc->policy.name);
		json_put_i64(json, "rules", (int64_t)doc->policy.rule_count);
		json_put_i64(json, "cases", (int64_t)doc->case_count);
	}
	source_file_put_all(json, "errors", doc->errors, doc->error_count);
	source_file_put_all(json, "remarks", doc->remarks, doc->remark_count);
}

static void write_paper(struct cli *cli, const struct paper *paper)
{
	struct json_writer json = json_begin(&cli->out);

	json_object(&json);
	put_paper(&json, paper);
	json_object_end(&json);
	buf_add_byte(&cli->out, '\n');
}

/* "policy.yaml: the policy is right, 3 rules, 7 cases" */
static void tell_paper(struct cli *cli, const struct paper *paper)
{
	const struct policy_doc *doc = &paper->doc;

	source_file_say_all(paper->shown, doc->errors, doc->error_count);
	source_file_say_all(paper->shown, doc->remarks, doc->remark_count);
	if (paper->err != OK)
		return;
	buf_add_str(&cli->out, paper->shown);
	buf_add_str(&cli->out, doc->has_policy ? ": the policy is right" : ": the cases are right");
	if (doc->has_policy)
		add_count(&cli->out, doc->policy.rule_count, "rule");
	add_count(&cli->out, doc->case_count, "case");
	buf_add_byte(&cli->out, '\n');
}

int policy_check_run(struct cli *cli, const struct args *args)
{
	struct paper paper;
	int code = paper_open(cli, args_text(args, "file").ptr, &paper);

	if (code == 0) {
		if (cli->as_json)
			write_paper(cli, &paper);
		else
			tell_paper(cli, &paper);
		code = paper.err == OK ? 0 : IFAB_USAGE;
	}
	paper_close(&paper);
	return code;
}

/* ---- test ------------------------------------------------------------------------------------ */

struct trial {
	struct cli *cli;
	const struct paper *cases;
	const struct policy *policy;
	struct json_writer json;
	size_t failed;
};

static void add_expected(struct buf *out, const struct policy_case *one)
{
	buf_add_lit(out, "expected ");
	buf_add_str(out, policy_effect_names[one->expect]);
	if (one->rule.len) {
		buf_add_lit(out, " by ");
		buf_add_slice(out, one->rule);
	}
}

/* "ok - a case", or "policy.yaml:12: not ok - a case: expected deny; it is allow, rule nights" */
static void tell_case(struct trial *trial, const struct policy_case *one, bool passed,
		      struct slice said)
{
	struct buf *out = &trial->cli->out;

	if (!passed) {
		buf_add_str(out, trial->cases->shown);
		buf_add_byte(out, ':');
		buf_add_i64(out, one->line);
		buf_add_lit(out, ": not ");
	}
	buf_add_lit(out, "ok - ");
	buf_add_slice(out, one->name);
	if (!passed) {
		buf_add_lit(out, ": ");
		add_expected(out, one);
		buf_add_lit(out, "; it is ");
		buf_add_slice(out, said);
	}
	buf_add_byte(out, '\n');
}

static void put_case(struct trial *trial, const struct policy_case *one, bool passed,
		     const struct policy_answer *answer, struct slice said)
{
	struct json_writer *json = &trial->json;

	json_object(json);
	json_put_text(json, "name", one->name);
	json_put_i64(json, "line", one->line);
	json_put_bool(json, "ok", passed);
	json_put_str(json, "expected", policy_effect_names[one->expect]);
	json_put_str(json, "answer", policy_effect_names[answer->verdict]);
	if (answer->rule >= 0)
		json_put_text(json, "rule", trial->policy->rules[answer->rule].name);
	else if (answer->ground != POLICY_GROUND_NONE)
		json_put_str(json, "rule", policy_ground_setting(answer->ground));
	json_put_text(json, "said", said);
	json_object_end(json);
}

static void try_case(struct trial *trial, const struct policy_case *one)
{
	struct policy_answer answer;
	struct buf said = { 0 };
	bool passed = policy_case_run(trial->policy, one, &answer);

	trial->failed += !passed;
	policy_case_explain(trial->policy, one, &answer, &said);
	if (trial->cli->as_json)
		put_case(trial, one, passed, &answer, buf_slice(&said));
	else
		tell_case(trial, one, passed, buf_slice(&said));
	buf_finish(&said);
}

static int try_cases(struct cli *cli, const struct paper *cases, const struct policy *policy)
{
	struct trial trial = {
		.cli = cli, .cases = cases, .policy = policy, .json = json_begin(&cli->out),
	};
	size_t count = cases->doc.case_count;

	if (cli->as_json) {
		json_object(&trial.json);
		json_put_str(&trial.json, "file", cases->shown);
		json_key(&trial.json, "cases");
		json_array(&trial.json);
	}
	for (size_t i = 0; i < count; i++)
		try_case(&trial, &cases->doc.cases[i]);
	if (cli->as_json) {
		json_array_end(&trial.json);
		json_put_i64(&trial.json, "passed", (int64_t)(count - trial.failed));
		json_put_i64(&trial.json, "failed", (int64_t)trial.failed);
		json_object_end(&trial.json);
	} else {
		buf_add_u64(&cli->out, count - trial.failed);
		buf_add_lit(&cli->out, " of ");
		buf_add_u64(&cli->out, count);
		buf_add_str(&cli->out, count == 1 ? " case" : " cases");
		buf_add_lit(&cli->out, " as expected");
	}
	buf_add_byte(&cli->out, '\n');
	return trial.failed ? IFAB_FAILED : 0;
}

static int refuse_paper(struct cli *cli, const struct paper *paper)
{
	if (cli->as_json)
		write_paper(cli, paper);
	else
		tell_paper(cli, paper);
	return IFAB_USAGE;
}

/* The cases of one file and the policy of another, or of the same. */
static int test_papers(struct cli *cli, const struct paper *cases, const struct paper *policy)
{
	struct buf detail = { 0 };
	int code;

	if (cases->err != OK)
		return refuse_paper(cli, cases);
	if (policy->err != OK)
		return refuse_paper(cli, policy);
	if (cases->doc.case_count && policy->doc.has_policy)
		return try_cases(cli, cases, &policy->doc.policy);
	buf_add_str(&detail, cases->doc.case_count ? policy->shown : cases->shown);
	if (!cases->doc.case_count)
		buf_add_lit(&detail, " holds no cases");
	else if (cases == policy)
		buf_add_lit(&detail, " holds no policy: name one with --policy FILE");
	else
		buf_add_lit(&detail, " holds no policy");
	code = cli_refuse(cli, ERR_USAGE, buf_slice(&detail));
	buf_finish(&detail);
	return code;
}

int policy_test_run(struct cli *cli, const struct args *args)
{
	bool is_apart = args_has(args, "policy");
	struct paper cases, policy;
	int code = paper_open(cli, args_text(args, "file").ptr, &cases);

	if (code == 0 && is_apart) {
		code = paper_open(cli, args_text(args, "policy").ptr, &policy);
		if (code == 0)
			code = test_papers(cli, &cases, &policy);
		paper_close(&policy);
	} else if (code == 0) {
		code = test_papers(cli, &cases, &cases);
	}
	paper_close(&cases);
	return code;
}

/* ---- diff ------------------------------------------------------------------------------------ */

/* The policy in force is answered as a document with more members around it. */
static bool read_answer(struct cli *cli, struct slice body, struct policy_doc *ret_doc)
{
	static const char *const keys[] = { "name", "resource_policy", "rules" };
	struct buf text = { 0 }, part = { 0 };
	struct json_writer json = json_begin(&text);
	struct json_value *answer;
	bool read;

	if (cli_parse(cli, body, &answer) != OK)
		return false;
	json_object(&json);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct json_value *member = json_get(answer, slice_of_str(keys[i]));

		buf_clear(&part);
		if (!member)
			continue;
		json_dump(member, &part);
		json_put_raw(&json, keys[i], buf_slice(&part));
	}
	json_object_end(&json);
	read = policy_doc_read(arena_copy(&cli->arena, buf_slice(&text)), HAND_JSON, &cli->arena,
			       ret_doc) == OK;
	if (!read)
		source_file_say_all("the policy in force", ret_doc->errors, ret_doc->error_count);
	json_free(answer);
	buf_finish(&text);
	buf_finish(&part);
	return read;
}

/* 0, or the exit code with the problem told. */
static int policy_in_force(struct cli *cli, struct policy_doc *ret_doc)
{
	struct ifab_reply reply = { 0 };
	int code = 0;

	if (!cli_client(cli, &code))
		return code;
	if (command_call_json(cli, "governor.policy.show", SLICE("{}"), &reply) != IFAB_OK)
		code = command_refuse(cli, NULL, &reply);
	else if (!read_answer(cli, slice_of(reply.body, reply.body_len), ret_doc))
		code = IFAB_FAILED;
	ifab_reply_free(&reply);
	return code;
}

/* As a file that `policy apply` takes, so that it can be changed and put in force again. */
int policy_show_run(struct cli *cli, const struct args *args)
{
	struct policy_doc doc;
	int code;

	if (cli->as_json)
		return command_run(cli, args);
	code = policy_in_force(cli, &doc);
	if (code == 0)
		policy_doc_write_yaml(&doc.policy, &cli->out);
	return code;
}

static int tell_difference(struct cli *cli, const struct policy *from, const struct policy *to)
{
	struct buf lines = { 0 };
	size_t count = policy_doc_diff(from, to, &lines);
	int code = source_file_tell_difference(cli, buf_slice(&lines), count);

	buf_finish(&lines);
	return code;
}

int policy_diff_run(struct cli *cli, const struct args *args)
{
	struct paper from = { .err = OK }, to;
	int code = paper_open(cli, args_text(args, "file").ptr, &to);

	if (code == 0 && args_has(args, "from"))
		code = paper_open(cli, args_text(args, "from").ptr, &from);
	if (code == 0 && to.err != OK)
		code = refuse_paper(cli, &to);
	else if (code == 0 && from.err != OK)
		code = refuse_paper(cli, &from);
	else if (code == 0 && !args_has(args, "from"))
		code = policy_in_force(cli, &from.doc);
	if (code == 0)
		code = tell_difference(cli, &from.doc.policy, &to.doc.policy);
	paper_close(&from);
	paper_close(&to);
	return code;
}
