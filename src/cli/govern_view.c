#include "cli/govern_view.h"

#include "cli/columns.h"
#include "cli/print.h"
#include "sys/clock.h"

static const struct list ranking = { "swarms", "No swarm may have it.", {
	{ "swarm", { "SWARM", false, false } },
	{ "score", { "SCORE", true, false } },
	{ "%overlap", { "OVERLAP", true, false } },
	{ "missing", { "MISSING", false, true } },
	{ "%success", { "SUCCESS", true, false } },
	{ "%reputation", { "REPUTATION", true, false } },
	{ "expected_cost_usd", { "COST", true, false } },
	{ "cost_from", { "FROM", false, false } },
	{ "budget_left_usd", { "BUDGET LEFT", true, false } },
	{ "breaker", { "BREAKER", false, false } },
	{ "weight", { "WEIGHT", true, false } },
	{ "{holds}/{slots}", { "LOAD", true, false } },
	{ "waits", { "WAITS", false, false } },
} };

/* A reason is for reading: it goes on over the edge of the screen. */
static const struct list excluded = { "swarms", "Every swarm may have it.", {
	{ "swarm", { "EXCLUDED", false, false } },
	{ "%overlap", { "OVERLAP", true, false } },
	{ "breaker", { "BREAKER", false, false } },
	{ "reason", { "REASON", false, false } },
} };

static const struct list given_answers = { "answers", "Nobody has answered.", {
	{ "swarm", { "SWARM", false, false } },
	{ "task", { "TASK", false, false } },
	{ "state", { "STATE", false, false } },
	{ "%confidence", { "CONFIDENCE", true, false } },
	{ "weight", { "WEIGHT", true, false } },
	{ "score", { "SCORE", true, false } },
	{ "result", { "OTHER RESULT", false, true } },
} };

static void say_sentence(struct cli *cli, const char *sentence, const struct json_value *object)
{
	struct buf text = { 0 };

	print_sentence(&text, sentence, object);
	cli_say(cli, slice_trim(buf_slice(&text)));
	buf_finish(&text);
}

void print_match(struct cli *cli, const struct args *args, const struct json_value *answer)
{
	const struct json_value *swarms = json_get(answer, SLICE("swarms"));
	int64_t considered = member_i64(answer, "considered");
	size_t shown;

	print_sentence(&cli->out, "{task} is {state}[ and needs {needs}]", answer);
	buf_add_byte(&cli->out, '\n');
	if (considered == 0) {
		cli_say_str(cli, "No swarm is registered. Register one: ifctl swarm register ID");
		return;
	}
	shown = print_list(cli, &ranking, swarms, "can_claim", true);
	if (args_number(args, "why")) {
		if (shown)
			buf_add_byte(&cli->out, '\n');
		print_list(cli, &excluded, swarms, "can_claim", false);
	} else if ((int64_t)shown < considered) {
		say_sentence(cli, "{considered} swarms were considered; those who may "
			     "not have it are shown with --why, more of them with --limit.",
			     answer);
	}
}

void print_coordinate(struct cli *cli, const struct json_value *answer)
{
	const struct json_value *best = json_get(answer, SLICE("best"));

	if (!value_is(best, JSON_KIND_OBJECT)) {
		say_sentence(cli, "Nobody may have {task}. See who and why: "
			     "ifctl governor match {task} --why", answer);
		return;
	}
	print_sentence(&cli->out, "{best.swarm} is the best for {task}, by {rule}: score "
		       "{best.score}, weight {best.weight}[, {best.expected_cost_usd} expected].",
		       answer);
}

void print_rounds(struct cli *cli, const struct json_value *answer)
{
	const struct json_value *rounds = json_get(answer, SLICE("rounds"));

	if (json_count(rounds) == 0)
		cli_say_str(cli, "There was no round. Ask several swarms at once: "
				 "ifctl task add ID --redundancy 3");
	for (size_t i = 0; i < json_count(rounds); i++) {
		const struct json_value *round = json_at(rounds, i);
		const struct json_value *ended = json_get(round, SLICE("round"));

		if (i)
			buf_add_byte(&cli->out, '\n');
		print_sentence(&cli->out, "{task} of board {board}, for {redundancy} swarms, is "
			       "{state}[: {winner} wins by {round.rule}][ with {result}]", round);
		print_list(cli, &given_answers, json_get(ended ? ended : round, SLICE("answers")),
			   NULL, false);
	}
}

static bool is_unpriced(const struct json_value *answer)
{
	bool unpriced = false;

	return json_get_bool(json_get(answer, SLICE("unpriced")), &unpriced) && unpriced;
}

/* A plan may be written before its tools are; that this is so is said early. */
static bool lacks_module(const struct json_value *answer)
{
	bool is_missing = false;

	return json_get_bool(json_get(answer, SLICE("module_missing")), &is_missing) && is_missing;
}

void print_advice(struct cli *cli, const struct command_info *command,
		  const struct json_value *answer)
{
	if (command == &command_table[COMMAND_GOVERNOR_BREAKERS] && member_i64(answer, "open"))
		say_sentence(cli, "{open} of {swarms} swarms get no work. Let one work again: ifctl "
			     "governor reset-circuit-breaker SWARM --by NAME --reason TEXT", answer);
	else if (command == &command_table[COMMAND_COST_CHARGE] && is_unpriced(answer))
		cli_say_str(cli, "These tokens have no price, so nothing was added to what was "
				 "spent. Set one for what follows: ifctl cost set-price MODEL "
				 "--input USD --output USD");
	else if (lacks_module(answer))
		say_sentence(cli, "Nobody can do {task} yet: there is no module {wasm}. Load it: ifctl "
			     "chassis load {wasm} --wasm FILE --contract FILE", answer);
	else if (command == &command_table[COMMAND_PRICE_LIST])
		say_sentence(cli, "Prices are in {unit}.", answer);
	else if (command == &command_table[COMMAND_ESCALATION_LIST] && member_i64(answer, "open"))
		cli_say_str(cli, "Take one: ifctl escalation ack ID --by NAME; settle it: ifctl "
				 "escalation resolve ID --by NAME --note TEXT");
	else if (command == &command_table[COMMAND_ESCALATION_SHOW] &&
		 slice_is_str(member_text(answer, "state"), "open"))
		say_sentence(cli, "Take it: ifctl escalation ack {escalation} --by NAME", answer);
}
