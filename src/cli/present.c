/*
 * present - how each answer is shown: lists as tables, writes as a sentence.
 */
#include <stdio.h>
#include <string.h>

#include "cli/columns.h"
#include "cli/govern_view.h"
#include "cli/place.h"
#include "cli/print.h"
#include "cli/standing_view.h"
#include "cli/verb.h"
#include "sys/clock.h"
#include "sys/terminal.h"

/* ---- lists ----------------------------------------------------------------------------------- */

static const struct list lists[] = {
	{ "boards", "There is no board.", {
		{ "board", { "BOARD", false, false } },
		{ "task_count", { "TASKS", true, false } },
		{ "counts.ready", { "READY", true, false } },
		{ "counts.claimed", { "CLAIMED", true, false } },
		{ "counts.blocked", { "BLOCKED", true, false } },
		{ "counts.held", { "HELD", true, false } },
		{ "counts.done", { "DONE", true, false } },
		{ "counts.failed", { "FAILED", true, false } },
		{ "archived", { "ARCHIVED", false, false } },
		{ "title", { "TITLE", false, true } },
	} },
	{ "tasks", "There is no such task.", {
		{ "task", { "TASK", false, false } },
		{ "state", { "STATE", false, false } },
		{ "kind", { "KIND", false, false } },
		{ "held_by", { "HELD BY", false, false } },
		{ "lease_until", { "UNTIL", false, false } },
		{ "percent", { "%", true, false } },
		{ "prefers", { "PREFERS", false, true } },
		{ "needs", { "NEEDS", false, true } },
		{ "waits_for", { "WAITS FOR", false, true } },
		{ "title", { "TITLE", false, true } },
	} },
	{ "swarms", "There is no such swarm.", {
		{ "swarm", { "SWARM", false, false } },
		{ "present", { "PRESENT", false, false } },
		{ "seen_ago_ms", { "SEEN AGO", true, false } },
		{ "holds", { "HOLDS", false, true } },
		{ "slots", { "SLOTS", true, false } },
		{ "done", { "DONE", true, false } },
		{ "failed", { "FAILED", true, false } },
		{ "unread", { "UNREAD", true, false } },
		{ "capabilities", { "CAPABILITIES", false, true } },
		{ "spare", { "SPARE", true, false } },
		{ "help_wanted", { "HELP WANTED", false, true } },
	} },
	{ "blockers", "There is no open blocker.", {
		{ "blocker", { "BLOCKER", false, false } },
		{ "task", { "TASK", false, false } },
		{ "severity", { "SEVERITY", false, false } },
		{ "type", { "TYPE", false, false } },
		{ "state", { "STATE", false, false } },
		{ "raised_by", { "RAISED BY", false, false } },
		{ "raised_at", { "AT", false, false } },
		{ "needs", { "NEEDS", false, true } },
		{ "description", { "DESCRIPTION", false, true } },
	} },
	{ "messages", "There is no unread message.", {
		{ "message", { "MESSAGE", true, false } },
		{ "sent_at", { "AT", false, false } },
		{ "from", { "FROM", false, false } },
		{ "subject", { "SUBJECT", false, true } },
		{ "body", { "TEXT", false, true } },
	} },
	{ "notes", "There is no such note.", {
		{ "key", { "KEY", false, false } },
		{ "version", { "VERSION", true, false } },
		{ "written_at", { "AT", false, false } },
		{ "by", { "BY", false, false } },
		{ "value", { "VALUE", false, true } },
	} },
	{ "escalations", "Nothing waits for a person.", {
		{ "escalation", { "ESCALATION", false, false } },
		{ "state", { "STATE", false, false } },
		{ "cause", { "CAUSE", false, false } },
		{ "raised_at", { "AT", false, false } },
		{ "acked_by", { "TAKEN BY", false, false } },
		{ "board", { "BOARD", false, true } },
		{ "task", { "TASK", false, false } },
		{ "swarm", { "SWARM", false, true } },
		{ "subject", { "SUBJECT", false, true } },
	} },
	{ "breakers", "No circuit breaker is open. See all of them with --all.", {
		{ "swarm", { "SWARM", false, false } },
		{ "breaker", { "BREAKER", false, false } },
		{ "cause", { "CAUSE", false, false } },
		{ "opened_at", { "SINCE", false, false } },
		{ "failures_in_row", { "FAILED IN A ROW", true, false } },
		{ "%failure_ratio", { "FAILED OF LAST", true, false } },
		{ "breaker_by", { "BY", false, true } },
		{ "breaker_reason", { "REASON", false, true } },
	} },
	{ "swarms", "There is no such swarm.", {
		{ "swarm", { "SWARM", false, false } },
		{ "done", { "DONE", true, false } },
		{ "failed", { "FAILED", true, false } },
		{ "%expected_success", { "EXPECTED SUCCESS", true, false } },
		{ "expected_cost_usd", { "EXPECTED COST", true, false } },
		{ "weight", { "WEIGHT", true, false } },
		{ "answers", { "ANSWERS", true, false } },
		{ "late_bloomer", { "LATE BLOOMER", false, false } },
		{ "breaker", { "BREAKER", false, false } },
		{ "cause", { "CAUSE", false, false } },
	} },
	{ "capabilities", "No capability is described there. Describe one: "
			  "ifctl governor capability define domain:skill --description TEXT", {
		{ "capability", { "CAPABILITY", false, false } },
		{ "description", { "DESCRIPTION", false, true } },
		{ "defined_here", { "DEFINED HERE", false, false } },
	} },
	{ "prices", "No model has a price. Set one: ifctl cost set-price MODEL --input USD", {
		{ "model", { "MODEL", false, false } },
		{ "input_usd", { "INPUT", true, false } },
		{ "output_usd", { "OUTPUT", true, false } },
		{ "cache_read_usd", { "CACHE READ", true, false } },
		{ "cache_write_usd", { "CACHE WRITE", true, false } },
		{ "date", { "DATE", false, false } },
		{ "source", { "SOURCE", false, true } },
		{ "set_here", { "SET HERE", false, false } },
	} },
	{ "modules", "No module is known. Load one: "
		     "ifctl chassis load ID --wasm FILE --contract FILE", {
		{ "module", { "MODULE", false, false } },
		{ "contract", { "CONTRACT", false, true } },
		{ "bytes", { "BYTES", true, false } },
		{ "loaded_at", { "LOADED AT", false, false } },
		{ "swarms", { "SWARMS", true, false } },
		{ "%slos.success_rate", { "SUCCESS", true, false } },
		{ "slos.p99_latency_ms", { "P99", true, false } },
		{ "%slos.availability", { "AVAILABLE", true, false } },
		{ "endpoints", { "ENDPOINTS", false, true } },
	} },
	{ "credentials", "There is no live credential.", {
		{ "credential", { "CREDENTIAL", false, false } },
		{ "swarm", { "SWARM", false, true } },
		{ "board", { "BOARD", false, true } },
		{ "task", { "TASK", false, false } },
		{ "state", { "STATE", false, false } },
		{ "expires_at", { "EXPIRES AT", false, false } },
		{ "endpoints", { "ENDPOINTS", false, true } },
	} },
};

static const struct json_value *member_at(const struct json_value *object, struct slice path)
{
	while (object && path.len)
		object = json_get(object, slice_cut(&path, '.'));
	return object;
}

void print_percent(struct buf *out, const struct json_value *ratio)
{
	char text[32];
	double number;

	if (!json_get_double(ratio, &number))
		return;
	snprintf(text, sizeof(text), "%.0f %%", number * 100);
	buf_add_str(out, text);
}

/* In a table a time is the clock alone, and "no" is nothing. */
static void add_cell(struct table *table, const struct json_value *row, const char *member,
		     const char *no, int64_t now_us)
{
	bool is_ratio = member[0] == '%';
	const struct json_value *value = member_at(row, slice_of_str(member + is_ratio));
	struct buf cell = { 0 };
	int64_t at_us = member_time(row, member);
	bool truth;

	if (member[0] == '{') {
		print_sentence(&cell, member, row);
		cell.len--;	/* its line end */
	} else if (at_us) {
		print_clock(&cell, at_us, now_us);
	} else if (is_ratio) {
		print_percent(&cell, value);
	} else if (json_get_bool(value, &truth)) {
		buf_add_str(&cell, truth ? "yes" : no);
	} else {
		print_value(&cell, member, value, now_us);
	}
	table_add(table, buf_slice(&cell));
	buf_finish(&cell);
}

size_t print_list(struct cli *cli, const struct list *list, const struct json_value *rows,
		  const char *only, bool truth)
{
	int64_t now_us = clock_wall_us();
	struct column columns[TABLE_COLUMNS_MAX];
	struct table table = { .columns = columns };
	int width = 0, height;
	size_t count = 0;

	while (table.count < TABLE_COLUMNS_MAX && list->columns[table.count].member) {
		columns[table.count] = list->columns[table.count].column;
		table.count++;
	}
	for (size_t row = 0; row < json_count(rows); row++) {
		bool is_so = false;

		if (only)
			json_get_bool(json_get(json_at(rows, row), slice_of_str(only)), &is_so);
		if (only && is_so != truth)
			continue;
		for (size_t i = 0; i < table.count; i++)
			add_cell(&table, json_at(rows, row), list->columns[i].member, "", now_us);
		count++;
	}
	if (terminal_is(1))
		terminal_size(1, &width, &height);
	if (count)
		table_write(&table, (size_t)width, cli->has_color, &cli->out);
	else
		cli_say_str(cli, list->none);
	table_finish(&table);
	return count;
}

static const struct list *list_of(const struct command_info *command)
{
	static const enum command_type types[] = {
		COMMAND_BOARD_LIST, COMMAND_TASK_LIST, COMMAND_SWARM_LIST, COMMAND_BLOCKER_LIST,
		COMMAND_MESSAGE_LIST, COMMAND_NOTE_LIST, COMMAND_ESCALATION_LIST,
		COMMAND_GOVERNOR_BREAKERS, COMMAND_GOVERNOR_PERFORMANCE, COMMAND_CAPABILITY_LIST,
		COMMAND_PRICE_LIST, COMMAND_CHASSIS_LIST, COMMAND_CREDENTIAL_LIST,
	};

	_Static_assert(ARRAY_LEN(types) == ARRAY_LEN(lists), "one row for each list");
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (command == &command_table[types[i]])
			return &lists[i];
	return NULL;
}

bool print_rows(struct cli *cli, const char *member, const struct json_value *answer)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (strcmp(lists[i].member, member) == 0) {
			print_list(cli, &lists[i], json_get(answer, slice_of_str(member)), NULL,
				   false);
			return true;
		}
	return false;
}

/* ---- sentences ------------------------------------------------------------------------------- */

static const char *const sentences[COMMAND_COUNT] = {
	[COMMAND_BOARD_CREATE] = "Board {board} is there.",
	[COMMAND_BOARD_ARCHIVE] = "Board {board} is archived.",
	[COMMAND_BOARD_UNARCHIVE] = "Board {board} is in use again.",
	[COMMAND_TASK_ADD] = "{task} is on board {board}: {state}[, waits for {waits_for}].",
	[COMMAND_TASK_UPDATE] = "{task} is as you said: {state}[, waits for {waits_for}].",
	[COMMAND_TASK_CLAIM] = "{task} is yours until {lease_until} (fence {fence})[: {title}]",
	[COMMAND_TASK_NEXT] = "{task} is yours until {lease_until} (fence {fence})[: {title}]",
	[COMMAND_TASK_HEARTBEAT] = "{task} is yours until {lease_until}.",
	[COMMAND_TASK_PROGRESS] = "{task}[: {percent} %], yours until {lease_until}.",
	[COMMAND_TASK_RELEASE] = "{task} is back on the board: {state}.",
	[COMMAND_TASK_COMPLETE] = "{task} is done.",
	[COMMAND_TASK_FAIL] = "{task} is {state} after failure {failures}[ of {max_attempts}]"
			      "[; next attempt at {next_attempt_at}].",
	[COMMAND_TASK_CANCEL] = "{task} is cancelled.",
	[COMMAND_TASK_RETRY] = "{task} is {state} again.",
	[COMMAND_SWARM_REGISTER] = "{swarm} is registered[, with {capabilities}].",
	[COMMAND_SWARM_HEARTBEAT] = "{swarm} is present[ and holds {holds}].",
	[COMMAND_SWARM_OFFER] = "{swarm} is as you said.[ Hands to spare: {spare}.]"
				"[ Help wanted: {help_wanted}.]",
	[COMMAND_SWARM_LEAVE] = "{swarm} took leave.",
	[COMMAND_BLOCKER_RAISE] = "Blocker {blocker} holds {task}.",
	[COMMAND_BLOCKER_RESOLVE] = "Blocker {blocker} of {task} is resolved.",
	[COMMAND_BLOCKER_WITHDRAW] = "Blocker {blocker} of {task} is withdrawn.",
	[COMMAND_MESSAGE_SEND] = "Message {message} is kept; readers: {readers}.",
	[COMMAND_MESSAGE_ACK] = "{swarm} has {unread} unread messages.",
	[COMMAND_NOTE_PUT] = "{key} is {value} (version {version}).",
	[COMMAND_NOTE_CAS] = "{key} is {value} (version {version}).",
	[COMMAND_NOTE_DELETE] = "{key} is gone.",
	[COMMAND_CAPABILITY_DEFINE] = "{capability}: {description}",
	[COMMAND_CLAIM_APPROVE] = "{task} may be claimed as far as the policy goes; it is {state}.",
	[COMMAND_PRICE_IMPORT] = "{prices} models have a price.",
	[COMMAND_PRICE_SET] = "The tokens of {model} have a price.",
	[COMMAND_SWARM_IMPORT] = "Registered: {swarms}.",
	[COMMAND_COST_CHARGE] = "What {swarm} spent is noted[: {cost_usd}].",
	[COMMAND_BUDGET_SET] = "The budget of {of} is {limit_usd}.",
	[COMMAND_POLICY_APPLY] = "The policy[ {name}] is in force, with {rules} rules.",
	[COMMAND_BREAKER_TRIP] = "{swarm} gets no work: its circuit breaker is {breaker}.",
	[COMMAND_BREAKER_RESET] = "{swarm} may work again: its circuit breaker is {breaker}.",
	[COMMAND_ESCALATION_ACK] = "{acked_by} has taken {escalation}: {subject}",
	[COMMAND_ESCALATION_RESOLVE] = "{escalation} is settled, by {resolved_by}: {subject}",
	[COMMAND_CHASSIS_LOAD] = "Module {module} is known[, {bytes} bytes], "
				 "under contract {contract}.",
	[COMMAND_CHASSIS_UNLOAD] = "Module {module} is not known any more.",
	[COMMAND_CHASSIS_REPORT] = "What {swarm} ran is noted: {verdict}.",
	[COMMAND_EGRESS_NOTE] = "The request of {swarm} is noted.",
	[COMMAND_CREDENTIAL_MINT] = "[{token}]",
	[COMMAND_CREDENTIAL_REVOKE] = "Credential {revoked} is revoked.",
	[COMMAND_CREDENTIAL_CHECK] = "Credential {credential} of {swarm} is good for {task} "
				     "until {expires_at}.",
};

/* Appends a member's value; false when there is none, or it is empty. */
static bool add_member(struct buf *out, const struct json_value *answer, struct slice member,
		       int64_t now_us)
{
	const struct json_value *value = member_at(answer, member);
	size_t before = out->len;
	char name[64] = "";
	int64_t at_us;

	if (!value)
		return false;
	memcpy(name, member.ptr, member.len < sizeof(name) ? member.len : sizeof(name) - 1);
	at_us = member_time(answer, name);
	if (at_us)
		print_clock(out, at_us, now_us);
	else
		print_value(out, name, value, now_us);
	return out->len > before;
}

/* Text without brackets; false when a member was missing. */
static bool fill(struct buf *out, struct slice text, const struct json_value *answer,
		 int64_t now_us)
{
	bool has_all = true;

	while (text.len) {
		buf_add_slice(out, slice_cut(&text, '{'));
		if (text.len && !add_member(out, answer, slice_cut(&text, '}'), now_us))
			has_all = false;
	}
	return has_all;
}

void print_sentence(struct buf *out, const char *sentence, const struct json_value *object)
{
	struct slice rest = slice_of_str(sentence);
	int64_t now_us = clock_wall_us();

	while (rest.len) {
		size_t before;

		(void)fill(out, slice_cut(&rest, '['), object, now_us);
		before = out->len;
		if (!fill(out, slice_cut(&rest, ']'), object, now_us))
			out->len = before;
	}
	buf_add_byte(out, '\n');
}

/* ---- answers with a form of their own -------------------------------------------------------- */

static void print_link(struct buf *out, const struct json_value *link, int64_t now_us)
{
	int64_t until_us = member_time(link, "lease_until");

	text_add_visible(out, member_text(link, "task"), false);
	buf_add_lit(out, " (");
	text_add_visible(out, member_text(link, "state"), false);
	if (member_text(link, "held_by").len) {
		buf_add_lit(out, " by ");
		text_add_visible(out, member_text(link, "held_by"), false);
	}
	if (until_us) {
		buf_add_lit(out, " until ");
		print_clock(out, until_us, now_us);
	}
	buf_add_byte(out, ')');
}

static void print_links(struct buf *out, const char *heading, const char *between,
			const struct json_value *links, int64_t now_us)
{
	if (json_count(links) == 0)
		return;
	buf_add_str(out, heading);
	for (size_t i = 0; i < json_count(links); i++) {
		if (i)
			buf_add_str(out, between);
		print_link(out, json_at(links, i), now_us);
	}
	buf_add_byte(out, '\n');
}

static void print_candidates(struct cli *cli, const struct json_value *swarms, int64_t now_us)
{
	static const struct column columns[] = {
		{ "SWARM", false, false }, { "COULD CLAIM", false, false },
		{ "OVERLAP", true, false }, { "PREFERRED", false, false }, { "WHY NOT", false, true },
	};
	static const char *const members[] = { "swarm", "can_claim", "overlap", "preferred", "reason" };
	struct table table = { columns, ARRAY_LEN(columns), { 0 }, NULL, 0, 0 };
	int width = 0, height;

	if (json_count(swarms) == 0)
		return;
	for (size_t row = 0; row < json_count(swarms); row++)
		for (size_t i = 0; i < ARRAY_LEN(members); i++)
			add_cell(&table, json_at(swarms, row), members[i], "no", now_us);
	if (terminal_is(1))
		terminal_size(1, &width, &height);
	table_write(&table, (size_t)width, cli->has_color, &cli->out);
	table_finish(&table);
}

/* "T-3 is blocked: it waits for other tasks", then by what chain, then who could take it. */
static void print_why(struct cli *cli, const struct json_value *answer)
{
	int64_t now_us = clock_wall_us();

	print_sentence(&cli->out, "{task} is {state}: {because}[ ({held_by} until {lease_until})]"
		       "[ until {until}]", answer);
	print_links(&cli->out, "waits for: ", ", ", json_get(answer, SLICE("waits_for")), now_us);
	print_links(&cli->out, "chain: ", " <- ", json_get(answer, SLICE("chain")), now_us);
	if (json_count(json_get(answer, SLICE("blockers"))))
		print_rows(cli, "blockers", answer);
	print_candidates(cli, json_get(answer, SLICE("swarms")), now_us);
}

static void add_choice(struct table *table, const struct json_value *choice, const char *verdict,
		       int64_t now_us)
{
	static const char *const members[] = {
		"task", "kind", "priority", "overlap", "preferred", "ready_for_ms",
	};

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		add_cell(table, choice, members[i], "", now_us);
	table_add(table, verdict ? slice_of_str(verdict) : member_text(choice, "reason"));
}

/* What stood for and against each task that was ready. */
void print_explanation(struct cli *cli, const struct json_value *why, bool was_refused)
{
	static const struct column columns[] = {
		{ "TASK", false, false }, { "KIND", false, false }, { "PRIORITY", true, false },
		{ "OVERLAP", true, false }, { "PREFERRED", false, false },
		{ "READY FOR", true, false }, { "VERDICT", false, true },
	};
	struct table table = { columns, ARRAY_LEN(columns), { 0 }, NULL, 0, 0 };
	const struct json_value *others = json_get(why, SLICE("others"));
	const struct json_value *chosen = json_get(why, SLICE("chosen"));
	int64_t now_us = clock_wall_us();
	int width = 0, height;

	if (value_is(chosen, JSON_KIND_OBJECT))
		add_choice(&table, chosen, was_refused ? "asked for, and refused" : "chosen", now_us);
	for (size_t i = 0; i < json_count(others); i++)
		add_choice(&table, json_at(others, i), NULL, now_us);
	if (terminal_is(1))
		terminal_size(1, &width, &height);
	if (table.cell_count)
		table_write(&table, (size_t)width, cli->has_color, &cli->out);
	print_sentence(&cli->out, "A swarm must cover {threshold} of what a task needs.", why);
	table_finish(&table);
}

static void print_finished(struct cli *cli, const struct json_value *answer)
{
	const struct json_value *next = json_get(answer, SLICE("next"));

	print_sentence(&cli->out, sentences[COMMAND_TASK_COMPLETE],
		       json_get(answer, SLICE("completed")));
	if (value_is(next, JSON_KIND_OBJECT))
		print_sentence(&cli->out, sentences[COMMAND_TASK_NEXT], next);
	else
		buf_add_lit(&cli->out, "Nothing else is ready.\n");
}

/* Messages have lines: a table would press them flat. */
static void print_messages(struct cli *cli, const struct args *args,
			   const struct json_value *answer)
{
	const struct json_value *messages = json_get(answer, SLICE("messages"));

	if (json_count(messages) == 0) {
		cli_say_str(cli, "There is no unread message.");
		return;
	}
	for (size_t i = 0; i < json_count(messages); i++) {
		const struct json_value *message = json_at(messages, i);

		print_sentence(&cli->out, "{message} from {from} at {sent_at}[: {subject}]", message);
		text_add_visible(&cli->out, member_text(message, "body"), true);
		buf_add_lit(&cli->out, "\n\n");
	}
	buf_add_lit(&cli->out, "Read? ifctl message ack ");
	buf_add_slice(&cli->out, args_text(args, "swarm"));
	print_sentence(&cli->out, " --cursor {cursor}", answer);
}

/* What waits for a person is not to be looked for among all the numbers. */
static void print_status(struct cli *cli, const struct json_value *answer)
{
	int64_t open = member_i64(answer, "open_escalations");

	print_object(&cli->out, answer, clock_wall_us());
	buf_add_str(&cli->out, place_program(&cli->arena, PROGRAM_CHASSIS, NULL) ?
		    "sandbox here: built; ifctl chassis status\n" :
		    "sandbox here: not built; ifctl chassis status\n");
	if (open <= 0)
		return;
	buf_add_byte(&cli->out, '\n');
	buf_add_i64(&cli->out, open);
	buf_add_str(&cli->out, open == 1 ? " escalation waits" : " escalations wait");
	buf_add_lit(&cli->out, " for a person: ifctl escalation list\n");
}

void print_answer(struct cli *cli, const struct args *args, const struct json_value *answer)
{
	const struct command_info *command = args->verb->command;
	const struct list *list = list_of(command);
	const char *sentence = sentences[command - command_table];
	bool has_more = false;

	if (command == &command_table[COMMAND_TASK_WHY])
		print_why(cli, answer);
	else if (command == &command_table[COMMAND_TASK_FINISH_AND_NEXT])
		print_finished(cli, answer);
	else if (command == &command_table[COMMAND_COORDINATOR_STATUS])
		print_status(cli, answer);
	else if (command == &command_table[COMMAND_GOVERNOR_MATCH])
		print_match(cli, args, answer);
	else if (command == &command_table[COMMAND_GOVERNOR_COORDINATE])
		print_coordinate(cli, answer);
	else if (command == &command_table[COMMAND_GOVERNOR_MANIFEST])
		print_rounds(cli, answer);
	else if (command == &command_table[COMMAND_CHASSIS_PERFORMANCE])
		print_performance(cli, answer);
	else if (command == &command_table[COMMAND_CHASSIS_REPUTATION])
		print_reputation(cli, answer);
	else if (command == &command_table[COMMAND_CHASSIS_RESOURCES])
		print_resources(cli, answer);
	else if (command == &command_table[COMMAND_MESSAGE_LIST])
		print_messages(cli, args, answer);
	else if (list)
		print_list(cli, list, json_get(answer, slice_of_str(list->member)), NULL, false);
	else if (sentence)
		print_sentence(&cli->out, sentence, answer);
	else
		print_object(&cli->out, answer, clock_wall_us());
	print_advice(cli, command, answer);
	if (json_get_bool(json_get(answer, SLICE("more")), &has_more) && has_more)
		cli_say_str(cli, "There are more; continue with --after.");
	if (sentence && value_is(json_get(answer, SLICE("why")), JSON_KIND_OBJECT))
		print_explanation(cli, json_get(answer, SLICE("why")), false);
}
