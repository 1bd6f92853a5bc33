#include "cli/stream_view.h"

#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/columns.h"
#include "cli/local.h"
#include "cli/print.h"
#include "client/route.h"
#include "fabric/event.h"
#include "sys/clock.h"

#define ACTOR_WIDTH 14
#define KIND_WIDTH 18

/* What each event says, as print_sentence takes it. */
static const struct {
	enum event_type type;
	const char *sentence;
} sentences[] = {
	{ EVENT_REIGN_STARTED, "a daemon leads: reign {epoch}, version {version}" },
	{ EVENT_FEATURE_RAISED, "feature level {level}" },
	{ EVENT_COMMAND_ANSWERED, "the answer to {key} is kept[: {code}]" },
	{ EVENT_COMMAND_QUARANTINED, "command {key} is not run again: {reason}" },
	{ EVENT_BOARD_CREATED, "board {board} began[: {title}]" },
	{ EVENT_BOARD_RETITLED, "board {board} is now called {title}" },
	{ EVENT_BOARD_ARCHIVED, "board {board} was put away[: {reason}]" },
	{ EVENT_BOARD_UNARCHIVED, "board {board} is in use again" },
	{ EVENT_TASK_ADDED, "{task} came onto board {board}[: {spec.title}]" },
	{ EVENT_TASK_CHANGED, "{task} was described anew" },
	{ EVENT_TASK_READY, "{task} is ready[ ({because})]" },
	{ EVENT_TASK_CLAIMED, "{swarm} has {task} until {lease_until}, attempt {attempt}"
			      "[, {waited_ms} after it was ready]" },
	{ EVENT_TASK_EXTENDED, "{swarm} keeps {task} until {lease_until}" },
	{ EVENT_TASK_PROGRESSED, "{swarm} works on {task}[: {percent} %][: {note}]" },
	{ EVENT_TASK_RELEASED, "{swarm} gave {task} back[: {reason}]" },
	{ EVENT_TASK_COMPLETED, "{task} is done[, by {swarm}][: {result}]" },
	{ EVENT_TASK_FAILED, "{swarm} failed at {task}[: {reason}][; next attempt at {not_before}]" },
	{ EVENT_LEASE_LOST, "{swarm} lost {task}[: {reason}]" },
	{ EVENT_TASK_CANCELLED, "{task} was called off[: {reason}]" },
	{ EVENT_TASK_EXPIRED, "nobody had started {task} by {start_by}" },
	{ EVENT_TASK_RETRIED, "{task} is tried again[: {reason}]" },
	{ EVENT_SWARM_REGISTERED, "{swarm} registered[ with {capabilities}]" },
	{ EVENT_SWARM_HEARTBEAT, "{swarm} is alive" },
	{ EVENT_SWARM_ABSENT, "{swarm} gives no sign of life since {last_seen}" },
	{ EVENT_SWARM_OFFERED, "{swarm} offers {spare} hands[ and wants help: {help_wanted}]" },
	{ EVENT_SWARM_LEFT, "{swarm} took leave[: {reason}]" },
	{ EVENT_BLOCKER_RAISED,
	  "blocker {blocker} ({severity}, {type}) holds {task}: {description}" },
	{ EVENT_BLOCKER_RESOLVED, "blocker {blocker} of {task} is resolved[: {note}]" },
	{ EVENT_BLOCKER_WITHDRAWN, "blocker {blocker} of {task} is withdrawn[: {note}]" },
	{ EVENT_MESSAGE_SENT, "{from} wrote[ to {to}][ to board {to_board}][: {subject}]" },
	{ EVENT_MESSAGE_READ, "{swarm} has read up to {cursor}" },
	{ EVENT_NOTE_WRITTEN, "note {key} is {value}" },
	{ EVENT_NOTE_DELETED, "note {key} is gone" },
	{ EVENT_CAPABILITY_DEFINED, "capability {capability}: {description}" },
	{ EVENT_POLICY_APPLIED, "policy[ {name}] is in force" },
	{ EVENT_POLICY_SET, "policy: {setting} has a value of its own" },
	{ EVENT_POLICY_RULED, "policy: rule {rule.name} says {rule.effect}[: {rule.reason}]" },
	{ EVENT_POLICY_VIOLATED, "{swarm} may not have {task}[, by rule {rule}]: {detail}" },
	{ EVENT_CLAIM_APPROVED, "{by} approved {task}[ for {swarm}][: {reason}]" },
	{ EVENT_BUDGET_SET,
	  "budget of {scope}[ {swarm}][ {board}][ {task}]: {limit_usd}[ ({reason})]" },
	{ EVENT_BUDGET_REACHED,
	  "budget of {scope}[ {swarm}][ {board}][ {task}]: {spent_usd} of {limit_usd} spent "
	  "({level})" },
	{ EVENT_BUDGET_RENEWED, "budget of {scope}[ {swarm}][ {board}][ {task}]: a new period" },
	{ EVENT_PRICE_SET, "{model} has a price" },
	{ EVENT_COST_CHARGED, "{swarm} spent {cost_usd}[ on {task}][ with {model}][: {note}]" },
	{ EVENT_CLAIM_STOP_ASKED, "{swarm} is to stop {task}: {reason}" },
	{ EVENT_CLAIM_STOP_LIFTED, "{swarm} may go on with {task}" },
	{ EVENT_BREAKER_OPENED, "{swarm} gets no work any more ({cause})[: {reason}][, by {by}]" },
	{ EVENT_BREAKER_HALF_OPENED, "{swarm} may try one task" },
	{ EVENT_BREAKER_CLOSED, "{swarm} gets work again[, by {by}][: {reason}]" },
	{ EVENT_SWARM_PROFILED, "{swarm} declares[ {rate_usd} an hour][ {usual_cost_usd} a task]" },
	{ EVENT_WEIGHT_CHANGED, "the weight of {swarm} goes from {before} to {after}" },
	{ EVENT_ESCALATION_RAISED, "{escalation} waits for a person: {subject}" },
	{ EVENT_ESCALATION_DELIVERED, "{escalation} was delivered by {channel}" },
	{ EVENT_ESCALATION_UNDELIVERED, "{escalation} did not get through by {channel}: {error}" },
	{ EVENT_ESCALATION_ACKED, "{by} has taken {escalation}[: {note}]" },
	{ EVENT_ESCALATION_RESOLVED, "{escalation} is settled, by {by}[: {note}]" },
	{ EVENT_MODULE_LOADED, "module {module} is known, under contract {contract}" },
	{ EVENT_MODULE_UNLOADED, "module {module} is not known any more[: {reason}]" },
	{ EVENT_RUN_REPORTED, "a run of {swarm} for {task}: {verdict}[ ({detail})]" },
	{ EVENT_EGRESS_NOTED,
	  "{swarm} asked {host}: {method}[ {path}][ for {task}][, answered {status}]" },
	{ EVENT_CREDENTIAL_MINTED, "{swarm} has credential {credential} for {task} until {expires}" },
	{ EVENT_CREDENTIAL_REVOKED, "credential {credential} of {swarm} was revoked[: {reason}]" },
};

/* What did not go out, got no answer, or whose answer was kept back, was not answered. */
static const char *egress_sentence(const struct json_value *event, const char *answered)
{
	struct slice rule = member_text(event, "rule");
	bool is_denied = false;

	if (json_get_bool(json_get(event, SLICE("denied")), &is_denied) && is_denied)
		return "{swarm} may not ask {host}: {method}[ {path}][ for {task}][, {rule}]";
	if (member_i64(event, "status") == 0)
		return "{swarm} asked {host}: {method}[ {path}][ for {task}], no answer[, {rule}]";
	/* The number of the rule that let it through, or else what went wrong. */
	if (rule.len && (rule.ptr[0] < '0' || rule.ptr[0] > '9'))
		return "{swarm} asked {host}: {method}[ {path}][ for {task}], answered {status} and "
		       "kept back, {rule}";
	return answered;
}

static const char *sentence_of(struct slice kind)
{
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
		const char *name = NULL;

		switch ((int)sentences[i].type) {
#define EVENT(number, NAME, name_, kind_, ...) case EVENT_##NAME: name = kind_; break;
#include "fabric/event.def"
#undef EVENT
		default: break;
		}
		if (name && slice_is_str(kind, name))
			return sentences[i].sentence;
	}
	return NULL;
}

void event_sentence(struct buf *out, const struct json_value *event)
{
	const char *sentence = sentence_of(member_text(event, "kind"));
	bool unpriced = false, soft = false;

	if (slice_is_str(member_text(event, "kind"), "egress.noted"))
		sentence = egress_sentence(event, sentence);
	if (json_get_bool(json_get(event, SLICE("soft")), &soft) && soft)
		sentence = "budget of {scope}[ {swarm}][ {board}][ {task}]: {spent_usd} spent, more "
			   "than its soft limit";
	/* What is not known is not nothing. */
	if (json_get_bool(json_get(event, SLICE("unpriced")), &unpriced) && unpriced)
		sentence = "{swarm} spent what has no price[ on {task}][ with {model}][: {note}]";
	if (sentence) {
		print_sentence(out, sentence, event);
		out->len--;	/* its line end */
	} else {
		json_dump(event, out);
	}
}

static void add_padded(struct buf *out, struct slice text, size_t width)
{
	size_t before = out->len;
	size_t used;

	text_add_visible(out, text, false);
	used = text_width(slice_from(buf_slice(out), before));
	buf_add_repeat(out, ' ', used < width ? width - used : 0);
	buf_add_lit(out, "  ");
}

/* 12:03:22  #42  alice  task.claimed  alice has T-1 ... */
static bool print_line(struct stream_reader *reader, const struct json_value *event)
{
	struct buf *out = &reader->cli->out;
	struct buf number = { 0 };
	const bool *shows_answers = reader->context;

	/* Kept for retries; they say nothing that the event before them did not. */
	if (!*shows_answers && slice_is_str(member_text(event, "kind"), "command.answered"))
		return true;
	print_clock(out, member_time(event, "at"), clock_wall_us());
	buf_add_lit(&number, "#");
	buf_add_i64(&number, member_i64(event, "event"));
	buf_add_lit(out, "  ");
	add_padded(out, buf_slice(&number), 7);
	add_padded(out, member_text(event, "by"), ACTOR_WIDTH);
	add_padded(out, member_text(event, "kind"), KIND_WIDTH);
	event_sentence(out, event);
	buf_add_byte(out, '\n');
	buf_finish(&number);
	return true;
}

/* ---- streams --------------------------------------------------------------------------------- */

static bool on_event(void *context, const struct ifab_event *event)
{
	struct stream_reader *reader = context;
	struct json_value *root;
	bool goes_on;

	reader->count++;
	if (reader->cli->as_json) {
		buf_add(&reader->cli->out, event->json, event->json_len);
		buf_add_byte(&reader->cli->out, '\n');
		return true;
	}
	if (cli_parse(reader->cli, slice_of(event->json, event->json_len), &root) != OK)
		return true;
	goes_on = reader->on_event(reader, root);
	json_free(root);
	return goes_on;
}

/* A pipe that reads along sees every event at once, and many of them in one write. */
static bool on_batch(void *context)
{
	struct stream_reader *reader = context;

	cli_flush(reader->cli);
	return true;
}

int stream_run(struct stream_reader *reader, const struct args *args, bool has_end)
{
	struct ifab_stream stream = {
		.after = -1,
		.has_end = has_end,
		.on_event = on_event,
		.on_batch = on_batch,
		.context = reader,
	};
	struct buf json = { 0 }, path = { 0 }, detail = { 0 };
	int code = 0;
	enum err err;

	if (!cli_client(reader->cli, &code))
		return code;
	args_write(args, &json);
	err = route_path(route_of(slice_of_str(args->verb->name)), buf_slice(&json), &path,
			 &detail);
	if (err != OK) {
		code = cli_refuse(reader->cli, err, buf_slice(&detail));
	} else {
		stream.path = buf_str(&path);
		if (!has_end)
			ifab_set_retry(reader->cli->client, STREAM_PATIENCE_MS);
		if (ifab_events(reader->cli->client, &stream) != IFAB_OK)
			code = cli_refuse_reply(reader->cli, SLICE_EMPTY, &(struct ifab_reply){ 0 });
	}
	buf_finish(&json);
	buf_finish(&path);
	buf_finish(&detail);
	return code;
}

int events_run(struct cli *cli, const struct args *args)
{
	bool shows_answers = args_has(args, "kind");
	struct stream_reader reader = { cli, print_line, &shows_answers, 0 };
	bool follows = args->verb->command == &command_table[COMMAND_NOTE_WATCH] ||
		       (args_has(args, "follow") && args_number(args, "follow"));

	int code = stream_run(&reader, args, !follows);

	if (code == 0 && !follows && reader.count == 0 && !cli->as_json)
		cli_say_str(cli, args->verb->command == &command_table[COMMAND_GOVERNOR_VIOLATIONS] ?
				 "The policy has refused nothing." : "There is no such event.");
	return code;
}

/* ---- the story of a task --------------------------------------------------------------------- */

/* What was said along with it and does not stand in the sentence. */
static void add_details(struct buf *out, const struct json_value *event)
{
	static const char *const details[] = { "evidence", "paths", "needs", "deps" };

	for (size_t i = 0; i < ARRAY_LEN(details); i++) {
		const struct json_value *value = json_get(event, slice_of_str(details[i]));

		if (!value)
			continue;
		buf_add_repeat(out, ' ', 12);
		buf_add_str(out, details[i]);
		buf_add_lit(out, ": ");
		print_value(out, details[i], value, clock_wall_us());
		buf_add_byte(out, '\n');
	}
}

static bool tell(struct stream_reader *reader, const struct json_value *event)
{
	struct buf *out = &reader->cli->out;
	int64_t at_us = member_time(event, "at");
	int64_t *begun_us = reader->context;
	struct slice by = member_text(event, "by");

	if (*begun_us == 0)
		*begun_us = at_us;
	print_clock(out, at_us, clock_wall_us());
	buf_add_lit(out, "  ");
	event_sentence(out, event);
	buf_add_lit(out, "  [");
	if (by.len) {
		buf_add_lit(out, "by ");
		text_add_visible(out, by, false);
		buf_add_lit(out, ", ");
	}
	buf_add_byte(out, '+');
	duration_write(out, (at_us - *begun_us) / 1000);
	buf_add_lit(out, ", #");
	buf_add_i64(out, member_i64(event, "event"));
	buf_add_lit(out, "]\n");
	add_details(out, event);
	return true;
}

int witness_trace_run(struct cli *cli, const struct args *args)
{
	int64_t begun_us = 0;
	struct stream_reader reader = { .cli = cli, .on_event = tell, .context = &begun_us };

	return stream_run(&reader, args, true);
}

/* ---- export ---------------------------------------------------------------------------------- */

static bool on_bytes(void *context, const char *bytes, size_t len)
{
	struct cli *cli = context;

	buf_add(&cli->out, bytes, len);
	cli_flush(cli);
	return true;
}

int witness_export_run(struct cli *cli, const struct args *args)
{
	struct ifab_request request = { .method = "GET" };
	struct buf json = { 0 }, path = { 0 }, detail = { 0 };
	int code = 0;
	enum err err;

	if (!cli_client(cli, &code))
		return code;
	args_write(args, &json);
	err = route_path(route_of(slice_of_str(args->verb->name)), buf_slice(&json), &path,
			 &detail);
	if (err != OK) {
		code = cli_refuse(cli, err, buf_slice(&detail));
	} else {
		request.path = buf_str(&path);
		request.accept = args_number(args, "format") == EXPORT_CSV ? "text/csv" :
				 "application/x-ndjson";
		if (ifab_download(cli->client, &request, on_bytes, cli) != IFAB_OK)
			code = cli_refuse_reply(cli, SLICE_EMPTY, &(struct ifab_reply){ 0 });
	}
	buf_finish(&json);
	buf_finish(&path);
	buf_finish(&detail);
	return code;
}
