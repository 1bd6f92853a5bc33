/*
 * Reads the tables beside it. One line is one case:
 *
 *	== a live lease cannot be stolen		a new world
 *	at 2m task.claim board=demo task=T1 swarm=b -> task_claimed holder=a
 *
 * Before the arrow: `at` and a time (else the time stays), `name:` of one that
 * may wait, then a command (command_text.h) or tick, reign, restart, trim
 * REASON, quarantine KEY, forget NAME, hurry NAME, delivered $escalation,
 * undelivered $escalation; `repeat N` runs a command
 * N times with % replaced by the count.
 *
 * Behind it: ok, a code of the error catalogue, or waits; then what the
 * answer must hold, as path=value, path~part, path#=length of a list, path=-
 * when it must be absent; path>name remembers it as $name. Behind | the
 * events, all of them in order, as kind(what it must hold). What is refused
 * must append nothing.
 *
 * Below a line: `| row` are rows of an import (`|* N row` for N of them), or
 * lines of the document that governor.policy-apply, swarm.import and
 * cost.import-prices read;
 * `=> name ok ...` is what one that waited was answered.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <check.h>

#include "api/bind_govern.h"
#include "base/alloc.h"
#include "core/world.h"
#include "document/json.h"

#define SCENARIOS_MAX 1000
#define TABLES_MAX 64
#define WAITERS_MAX 64
#define ROWS_MAX 1000

struct scenario {
	const char *file;
	int line;
	struct slice title;
	struct slice body;
};

static struct buf tables[TABLES_MAX];
static size_t table_count;
static struct scenario scenarios[SCENARIOS_MAX];
static size_t scenario_count;
static struct coverage *coverage;

/* Where the reader is, for messages. */
struct place {
	const char *file;
	int line;
	struct slice text;
};

struct run {
	struct world world;
	struct arena arena;
	struct place place;
	struct slice waiters[WAITERS_MAX];	/* the ticket is the position plus one */
	size_t waiter_count;
	uint64_t next_ticket;
};

#define FAIL(run, format, ...)                                                              \
	ck_abort_msg("%s:%d: %.*s\n  " format, (run)->place.file, (run)->place.line,         \
		     (int)(run)->place.text.len, (run)->place.text.ptr, __VA_ARGS__)

/* ---- what was answered --------------------------------------------------------------------- */

static struct json_value *parse(const struct run *run, struct slice text)
{
	struct json_limits limits = { .bytes_max = (size_t)64 << 20, .depth_max = 60,
				      .values_max = 1000000 };
	struct json_fault fault;
	struct json_value *root = NULL;

	if (json_parse(text, &limits, &root, &fault) != OK)
		FAIL(run, "not JSON, %s: %.*s", fault.text, (int)text.len, text.ptr);
	return root;
}

static const struct json_value *follow_path(const struct json_value *value, struct slice path)
{
	while (path.len && value) {
		struct slice name = slice_cut(&path, '.');
		int64_t index;

		value = slice_to_i64(name, &index) ? json_at(value, (size_t)index) :
						      json_get(value, name);
	}
	return value;
}

static void render(const struct json_value *value, struct buf *out)
{
	struct slice text;

	buf_clear(out);
	if (!value) {
		buf_add_lit(out, "-");
	} else if (json_get_text(value, &text)) {
		buf_add_slice(out, text);
	} else if (json_kind(value) == JSON_KIND_LIST) {
		buf_add_lit(out, "[");
		for (size_t i = 0; i < json_count(value); i++) {
			if (i)
				buf_add_lit(out, ",");
			if (json_get_text(json_at(value, i), &text))
				buf_add_slice(out, text);
			else
				json_dump(json_at(value, i), out);
		}
		buf_add_lit(out, "]");
	} else {
		json_dump(value, out);
	}
}

/* +2m is the time two minutes after the clock's zero. */
static void expected_value(struct slice word, struct buf *out)
{
	int64_t ms;

	buf_clear(out);
	if (word.len > 1 && word.ptr[0] == '+' && duration_of_word(slice_from(word, 1), &ms))
		buf_add_time(out, CLOCK_ZERO_US + ms * 1000);
	else
		buf_add_slice(out, word_bare(word));
}

static void expect_member(struct run *run, const struct json_value *root, struct slice word)
{
	struct buf found = { 0 }, expected = { 0 };
	struct slice value = word, path;
	size_t at = 0;
	bool same;

	while (at < word.len && !strchr("=~#>", word.ptr[at]))
		at++;
	if (at == word.len)
		FAIL(run, "no =, ~, # or > in %.*s", (int)word.len, word.ptr);
	path = slice_head(word, at);
	value = slice_from(word, at + 1);
	if (word.ptr[at] == '#') {
		buf_add_u64(&found, json_count(follow_path(root, path)));
		value = slice_from(value, 1);
	} else {
		render(follow_path(root, path), &found);
	}
	if (word.ptr[at] == '>') {
		variable_set(&run->world.variables, value, buf_slice(&found));
		goto out;
	}
	if (value.len && value.ptr[0] == '$')
		value = variable_get(&run->world.variables, slice_from(value, 1));
	expected_value(value, &expected);
	same = word.ptr[at] == '~' ?
		       slice_find(buf_slice(&found), buf_slice(&expected)) >= 0 :
		       slice_is(buf_slice(&found), buf_slice(&expected));
	if (!same)
		FAIL(run, "expected %.*s and found: %s", (int)word.len, word.ptr, buf_str(&found));
out:
	buf_finish(&found);
	buf_finish(&expected);
}

static void expect_answer(struct run *run, const struct machine_answer *answer, bool waits,
			  struct slice text)
{
	const char *code = waits ? "waits" : err_info(answer->err)->code;
	struct json_value *root;
	struct slice word;

	if (!word_cut(&text, &word))
		FAIL(run, "nothing is expected, but it was: %s", code);
	if (!slice_is_str(word, code))
		FAIL(run, "it was: %s %.*s", code, waits ? 0 : (int)answer->body.len,
		     answer->body.ptr);
	if (waits)
		return;
	root = parse(run, buf_slice(&answer->body));
	while (word_cut(&text, &word))
		expect_member(run, root, word);
	json_free(root);
}

/* ---- what was appended --------------------------------------------------------------------- */

static bool some_member_is(const struct json_value *event, struct slice word)
{
	struct json_member member = { 0 };
	struct slice text;

	while (json_next(event, &member))
		if (json_get_text(member.value, &text) && slice_is(text, word))
			return true;
	return false;
}

static void expect_event(struct run *run, const struct json_value *event, struct slice word)
{
	struct slice rest = word;
	struct slice kind = slice_cut(&rest, '(');
	struct slice have;

	if (!json_get_text(json_get(event, SLICE("kind")), &have) || !slice_is(kind, have))
		FAIL(run, "expected %.*s and found these: %s", (int)word.len, word.ptr,
		     buf_str(&run->world.events));
	if (rest.len)
		rest.len--;
	while (rest.len) {
		struct slice part = slice_cut(&rest, ' ');

		if (slice_find_byte(part, '=') >= 0 || slice_find_byte(part, '~') >= 0 ||
		    slice_find_byte(part, '>') >= 0)
			expect_member(run, event, part);
		else if (!some_member_is(event, part))
			FAIL(run, "no %.*s in event %.*s: %s", (int)part.len, part.ptr,
			     (int)kind.len, kind.ptr, buf_str(&run->world.events));
	}
}

static void expect_events(struct run *run, struct slice text)
{
	struct json_value *root = parse(run, buf_slice(&run->world.events));
	struct slice word;
	size_t count = 0;

	while (word_cut(&text, &word)) {
		if (count == json_count(root))
			FAIL(run, "expected also %.*s: %s", (int)word.len, word.ptr,
			     buf_str(&run->world.events));
		expect_event(run, json_at(root, count++), word);
	}
	if (count != json_count(root))
		FAIL(run, "expected %zu events and found these: %s", count,
		     buf_str(&run->world.events));
	json_free(root);
}

/* Cuts at " | " outside quotes and brackets. */
static bool cut_events(struct slice *text, struct slice *ret_events)
{
	struct slice rest = *text, word;

	while (word_cut(&rest, &word)) {
		if (!slice_is_str(word, "|"))
			continue;
		*ret_events = rest;
		text->len = (size_t)(word.ptr - text->ptr);
		return true;
	}
	return false;
}

static void expect(struct run *run, struct slice text, bool has_answer)
{
	struct slice events;
	bool told = cut_events(&text, &events);

	if (has_answer)
		expect_answer(run, &run->world.answer, run->world.waits, text);
	if (told)
		expect_events(run, events);
	else if (has_answer && !run->world.waits && run->world.answer.err != OK)
		expect_events(run, SLICE_EMPTY);
}

/* ---- one line ------------------------------------------------------------------------------ */

static uint64_t ticket_of(struct run *run, struct slice name)
{
	for (size_t i = 0; i < run->waiter_count; i++)
		if (slice_is(run->waiters[i], name))
			return i + 1;
	if (run->waiter_count == WAITERS_MAX)
		FAIL(run, "more than %d names", WAITERS_MAX);
	run->waiters[run->waiter_count++] = name;
	return run->waiter_count;
}

/* What is below the line: rows of an import, or a document. */
struct below {
	struct import_task *rows;
	size_t row_count;
	struct slice document;
};

/* As the daemon reads it: one that is not right does not come to the machine. */
static void read_document(struct run *run, struct slice document, struct command *command)
{
	struct buf detail = { 0 }, members = { 0 };

	if (command->type == COMMAND_POLICY_APPLY)
		command->args.policy_apply.document = document;
	else if (command->type == COMMAND_CHASSIS_LOAD)
		command->args.chassis_load.document = document;
	else
		command->args.swarm_import.document = document;
	if (bind_hand_document(&run->arena, command, &detail, &members) != OK)
		FAIL(run, "%s", buf_str(&detail));
	buf_finish(&detail);
	buf_finish(&members);
}

static void submit(struct run *run, struct slice text, const struct below *below,
		   struct slice waiter)
{
	struct buf why = { 0 };
	struct command command;

	if (!command_of_text(text, &run->world.variables, &run->arena, &command, &why))
		FAIL(run, "%s", buf_str(&why));
	command.import_tasks = below->rows;
	command.import_count = below->row_count;
	if (bind_takes_hand_document(command.type))
		read_document(run, below->document, &command);
	if (command.type == COMMAND_BOARD_IMPORT)
		command.import_title = command.args.board_import.file;
	world_decide(&run->world, &command,
		     waiter.len ? ticket_of(run, waiter) : WAITERS_MAX + run->next_ticket++);
	buf_finish(&why);
}

/* `text` with % replaced by a number. */
static struct slice numbered(struct arena *arena, struct slice text, int64_t number)
{
	struct buf line = { 0 };
	struct slice copy;

	for (size_t at = 0; at < text.len; at++)
		if (text.ptr[at] == '%')
			buf_add_i64(&line, number);
		else
			buf_add_byte(&line, text.ptr[at]);
	copy = arena_copy(arena, buf_slice(&line));
	buf_finish(&line);
	return copy;
}

static int64_t take_count(struct run *run, struct slice *text)
{
	struct slice number;
	int64_t count = 0;

	if (!word_cut(text, &number) || !slice_to_i64(number, &count))
		FAIL(run, "%s", "how often?");
	return count;
}

static void repeat(struct run *run, struct slice text, const struct below *below)
{
	int64_t count = take_count(run, &text);

	for (int64_t i = 1; i <= count; i++) {
		/* A document is the same each time, and lies there. */
		if (below->document.len == 0)
			arena_reset(&run->arena);
		submit(run, numbered(&run->arena, text, i), below, SLICE_EMPTY);
		if (run->world.waits || (i < count && run->world.answer.err != OK))
			FAIL(run, "number %d was refused: %.*s", (int)i,
			     (int)run->world.answer.body.len, run->world.answer.body.ptr);
	}
	world_follow(&run->world);
}

/* $escalation, through the webhook. */
static void deliver(struct run *run, struct slice name, bool delivered)
{
	struct slice id = variable_get(&run->world.variables, slice_from(name, 1));
	uint32_t index = state_find_escalation(&run->world.machine.state, id);

	if (index == INDEX_NONE)
		FAIL(run, "no escalation %.*s", (int)id.len, id.ptr);
	world_deliver(&run->world, index, delivered ? SLICE_EMPTY : SLICE("refused"));
}

/* True when the line was a step of the world and not a command. */
static bool run_step(struct run *run, struct slice text)
{
	struct slice rest = text, word;

	if (!word_cut(&rest, &word))
		FAIL(run, "%s", "an empty line");
	if (slice_is_str(word, "tick"))
		world_tick(&run->world);
	else if (slice_is_str(word, "reign"))
		world_reign(&run->world);
	else if (slice_is_str(word, "restart"))
		world_restart(&run->world);
	else if (slice_is_str(word, "quarantine"))
		world_quarantine(&run->world, rest);
	else if (slice_is_str(word, "trim"))
		world_trim(&run->world, rest);
	else if (slice_is_str(word, "forget"))
		world_forget(&run->world, ticket_of(run, rest));
	else if (slice_is_str(word, "hurry"))
		world_hurry(&run->world, ticket_of(run, rest));
	else if (slice_is_str(word, "delivered") || slice_is_str(word, "undelivered"))
		deliver(run, rest, slice_is_str(word, "delivered"));
	else
		return false;
	return true;
}

static struct slice take_time(struct run *run, struct slice text)
{
	struct slice rest = text, word;
	int64_t ms;

	if (!word_cut(&rest, &word) || !slice_is_str(word, "at"))
		return text;
	if (!word_cut(&rest, &word) || !duration_of_word(word, &ms))
		FAIL(run, "at %s", "when?");
	run->world.now_us = CLOCK_ZERO_US + ms * 1000;
	return rest;
}

static struct slice take_waiter(struct slice text, struct slice *ret_waiter)
{
	struct slice rest = text, word;

	*ret_waiter = SLICE_EMPTY;
	if (!word_cut(&rest, &word) || word.ptr[word.len - 1] != ':')
		return text;
	*ret_waiter = slice_head(word, word.len - 1);
	return rest;
}

static void run_line(struct run *run, struct slice line, const struct below *below)
{
	ptrdiff_t arrow = slice_find(line, SLICE(" -> "));
	struct slice text = arrow < 0 ? line : slice_head(line, (size_t)arrow);
	struct slice expected = arrow < 0 ? SLICE_EMPTY : slice_from(line, (size_t)arrow + 4);
	struct slice waiter;

	text = slice_trim(take_time(run, text));
	text = take_waiter(text, &waiter);
	if (slice_starts(text, SLICE("repeat "))) {
		repeat(run, slice_from(text, 7), below);
		expect(run, expected, true);
	} else if (run_step(run, text)) {
		if (arrow >= 0)
			expect(run, expected, false);
	} else {
		submit(run, text, below, waiter);
		world_follow(&run->world);
		expect(run, expected, true);
	}
}

static void run_waiter_line(struct run *run, struct slice line)
{
	struct machine_answer answer;
	struct slice name;

	if (!machine_pop_answer(&run->world.machine, &answer))
		FAIL(run, "%s", "nobody was answered");
	if (!word_cut(&line, &name) || ticket_of(run, name) != answer.ticket)
		FAIL(run, "ticket %d was answered: %s", (int)answer.ticket, buf_str(&answer.body));
	expect_answer(run, &answer, false, line);
	run->world.coverage->expired[answer.err] = true;
	buf_finish(&answer.body);
}

static void nobody_else_was_answered(struct run *run)
{
	struct machine_answer answer;

	if (machine_pop_answer(&run->world.machine, &answer))
		FAIL(run, "ticket %d was answered too: %s", (int)answer.ticket,
		     buf_str(&answer.body));
}

/* Rows below an import, which are read before it runs. */
static size_t take_rows(struct run *run, struct slice *body, struct import_task *rows, int *line)
{
	size_t count = 0;

	while (body->len) {
		struct slice rest = *body;
		struct slice row = slice_trim(slice_cut(&rest, '\n'));
		bool many = slice_starts(row, SLICE("|*"));
		struct buf why = { 0 };
		int64_t copies;

		if (row.len == 0 || row.ptr[0] != '|')
			break;
		row = slice_from(row, many ? 2 : 1);
		copies = many ? take_count(run, &row) : 1;
		for (int64_t i = 1; i <= copies; i++)
			if (count == ROWS_MAX ||
			    !import_task_of_text(numbered(&run->arena, row, i), &run->arena,
						 &rows[count++], &why))
				FAIL(run, "%s", buf_str(&why));
		*body = rest;
		(*line)++;
	}
	return count;
}

/* The lines of a document, as they stand behind their bar and a space. */
static struct slice take_document(struct run *run, struct slice *body, int *line)
{
	struct buf text = { 0 };
	struct slice document;

	while (body->len) {
		struct slice rest = *body;
		struct slice row = slice_cut(&rest, '\n');

		if (!slice_starts(row, SLICE("| ")))
			break;
		buf_add_slice(&text, slice_from(row, 2));
		buf_add_byte(&text, '\n');
		*body = rest;
		(*line)++;
	}
	document = arena_copy(&run->arena, buf_slice(&text));
	buf_finish(&text);
	return document;
}

static bool takes_document(struct slice text)
{
	return slice_find(text, SLICE("policy-apply")) >= 0 ||
	       slice_find(text, SLICE("chassis.load")) >= 0 ||
	       slice_find(text, SLICE("swarm.import")) >= 0 ||
	       slice_find(text, SLICE("import-prices")) >= 0;
}

START_TEST(the_scenario_holds)
{
	const struct scenario *scenario = &scenarios[_i];
	struct slice body = scenario->body;
	static struct import_task rows[ROWS_MAX];
	static struct run run;
	struct below below;
	int line = scenario->line;

	run = (struct run){ .place = { scenario->file, line, scenario->title }, .next_ticket = 1 };
	world_init(&run.world, coverage);
	while (body.len) {
		struct slice text = slice_trim(slice_cut(&body, '\n'));

		line++;
		if (text.len == 0 || text.ptr[0] == ';')
			continue;
		run.place.line = line;
		run.place.text = text;
		if (slice_starts(text, SLICE("=> "))) {
			run_waiter_line(&run, slice_from(text, 3));
			continue;
		}
		nobody_else_was_answered(&run);
		arena_reset(&run.arena);
		below = (struct below){ .rows = rows };
		if (takes_document(text))
			below.document = take_document(&run, &body, &line);
		else
			below.row_count = take_rows(&run, &body, rows, &line);
		run_line(&run, text, &below);
		world_check(&run.world);
	}
	nobody_else_was_answered(&run);
	world_finish(&run.world);
	arena_finish(&run.arena);
}
END_TEST

/* ---- what the tables covered --------------------------------------------------------------- */

/* Every refusal that a command can give, in the order in which they come. */
static const struct refusals {
	enum command_type command;
	enum err errs[24];
} refusals[] = {
#define REFUSALS(NAME, ...) { COMMAND_##NAME, { __VA_ARGS__ } },
#include "core/refusals.def"
#undef REFUSALS
};

static bool is_listed(const struct refusals *row, enum err err)
{
	/* These two come before any decision. */
	if (err == ERR_KEY_REUSED || err == ERR_COMMAND_QUARANTINED)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(row->errs) && row->errs[i]; i++)
		if (row->errs[i] == err)
			return true;
	return false;
}

START_TEST(every_refusal_of_every_command_was_given_and_no_other)
{
	bool listed[COMMAND_COUNT] = { false };

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusals *row = &refusals[i];

		listed[row->command] = true;
		ck_assert_msg(coverage->answers[row->command][OK], "%s was never answered ok",
			      command_table[row->command].name);
		for (size_t at = 0; at < ARRAY_LEN(row->errs) && row->errs[at]; at++)
			ck_assert_msg(coverage->answers[row->command][row->errs[at]],
				      "%s was never refused with %s",
				      command_table[row->command].name,
				      err_info(row->errs[at])->code);
		for (int err = OK + 1; err < ERR_COUNT; err++)
			ck_assert_msg(!coverage->answers[row->command][err] ||
					      is_listed(row, (enum err)err),
				      "%s was refused with %s, which is not listed",
				      command_table[row->command].name,
				      err_info((enum err)err)->code);
	}
	for (int type = 0; type < COMMAND_COUNT; type++)
		ck_assert_msg(listed[type] || command_table[type].way != WAY_WRITE,
			      "%s is not listed", command_table[type].name);
}
END_TEST

START_TEST(every_event_was_seen)
{
	for (size_t i = 0; i < event_count; i++)
		ck_assert_msg(coverage->events[event_table[i]->type], "%s was never seen",
			      event_table[i]->kind);
}
END_TEST

START_TEST(every_step_of_the_life_cycle_was_taken_and_no_other)
{
	for (int state = 0; state < TASK_STATE_COUNT; state++)
		for (size_t i = 0; i < event_count; i++) {
			const struct event_info *info = event_table[i];
			enum task_state next;
			bool known = task_step((enum task_state)state, info->kind, &next);

			ck_assert_msg(known == coverage->steps[state][info->type],
				      "%s, %s: %s", task_state_names[state], info->kind,
				      known ? "never tried" : "has no step");
		}
}
END_TEST

/* ---- reading the tables -------------------------------------------------------------------- */

static void read_table(const char *path)
{
	struct buf *text = &tables[table_count++];
	size_t before = scenario_count;
	struct slice rest;
	FILE *file = fopen(path, "r");
	int line = 0;

	if (!file || table_count == TABLES_MAX)
		abort();
	buf_reserve(text, 1);
	for (int byte = getc(file); byte != EOF; byte = getc(file))
		buf_add_byte(text, (char)byte);
	fclose(file);
	rest = buf_slice(text);
	while (rest.len) {
		struct slice row = slice_cut(&rest, '\n');
		struct scenario *scenario = &scenarios[scenario_count ? scenario_count - 1 : 0];

		line++;
		if (!slice_starts(row, SLICE("== "))) {
			if (scenario_count > before)
				scenario->body.len = (size_t)(row.ptr + row.len -
							      scenario->body.ptr);
			continue;
		}
		if (scenario_count == SCENARIOS_MAX)
			abort();
		scenarios[scenario_count++] = (struct scenario){
			path, line, slice_from(row, 3), slice_of(rest.ptr, 0),
		};
	}
}

static int is_table(const struct dirent *entry)
{
	return slice_ends(slice_of_str(entry->d_name), SLICE(".txt"));
}

static void read_tables(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_table, alphasort);

	for (int i = 0; i < count; i++) {
		struct buf path = { 0 };

		buf_add_str(&path, folder);
		buf_add_byte(&path, '/');
		buf_add_str(&path, entries[i]->d_name);
		read_table(buf_str(&path));	/* the path stays for messages */
		free(entries[i]);
	}
	if (count > 0)
		free(entries);
}

int main(void)
{
	Suite *suite = suite_create("core");
	TCase *tables_hold = tcase_create("tables");
	TCase *covered = tcase_create("covered");
	SRunner *runner;
	int failed;

	coverage = mmap(NULL, sizeof(*coverage), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (coverage == MAP_FAILED)
		abort();
	read_tables("tests/core");
	/* A hundred thousand of something, under a sanitizer on a busy machine. */
	tcase_set_timeout(tables_hold, 60);
	tcase_add_loop_test(tables_hold, the_scenario_holds, 0, (int)scenario_count);
	suite_add_tcase(suite, tables_hold);
	tcase_add_test(covered, every_refusal_of_every_command_was_given_and_no_other);
	tcase_add_test(covered, every_event_was_seen);
	tcase_add_test(covered, every_step_of_the_life_cycle_was_taken_and_no_other);
	suite_add_tcase(suite, covered);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner) || scenario_count == 0;
	srunner_free(runner);
	return failed;
}
