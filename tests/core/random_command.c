#include "core/random_command.h"

#include <stdio.h>

#include "base/map.h"
#include "core/command_text.h"

struct random random_of(uint64_t seed)
{
	return (struct random){ hash_bytes(seed, "seed", 4) | 1 };
}

uint64_t random_next(struct random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1dU;
}

uint64_t random_below(struct random *random, uint64_t below)
{
	return below ? (random_next(random) >> 16) % below : 0;
}

struct maker {
	struct random *random;
	const struct random_world *world;
	const struct state *state;
	struct arena *arena;
};

static uint64_t below(struct maker *maker, uint64_t limit)
{
	return random_below(maker->random, limit);
}

static bool chance(struct maker *maker, uint64_t percent)
{
	return random_chance(maker->random, percent);
}

static struct slice name(struct maker *maker, const char *prefix, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%s%u", prefix, (unsigned)number);
	return arena_copy(maker->arena, slice_of_str(text));
}

static struct slice any_board(struct maker *maker)
{
	return chance(maker, 3) ? SLICE("-") : name(maker, "b", below(maker, maker->world->boards));
}

static struct slice any_task(struct maker *maker)
{
	return name(maker, "t", below(maker, maker->world->tasks));
}

static struct slice any_swarm(struct maker *maker)
{
	return name(maker, "s", below(maker, maker->world->swarms));
}

static int64_t any_ms(struct maker *maker)
{
	return 100 + (int64_t)below(maker, (uint64_t)maker->world->delay_ms);
}

static struct slice_list any_list(struct maker *maker, uint64_t most,
				  struct slice (*any)(struct maker *maker))
{
	uint64_t count = below(maker, most + 1);
	struct slice *items = arena_zero(maker->arena, count, sizeof(*items));

	for (uint64_t i = 0; i < count; i++)
		items[i] = any(maker);
	return (struct slice_list){ items, count };
}

static struct slice any_capability(struct maker *maker)
{
	static const char *const names[] = { "code:c", "code:rust", "code:*", "art:oil", "ops:db" };

	return slice_of_str(names[below(maker, 5)]);
}

static struct slice any_path(struct maker *maker)
{
	static const char *const names[] = { "src", "src/a", "src/a/b.c", "src2", "doc/", "doc/x" };

	return slice_of_str(names[below(maker, 6)]);
}

static struct slice any_json(struct maker *maker)
{
	static const char *const values[] = { "1", "{\"a\":[1,2]}", "\"text\"", "null", "" };

	return slice_of_str(values[below(maker, 5)]);
}

static int64_t soon(struct maker *maker)
{
	return maker->state->last_at_us + any_ms(maker) * 1000;
}

/* A few dollars, so that budgets run out; nothing at all, now and then. */
static int64_t any_money(struct maker *maker)
{
	return chance(maker, 15) ? 0 : (int64_t)below(maker, 12) * 500000000 + 1;
}

static int64_t any_ratio(struct maker *maker)
{
	return (int64_t)below(maker, 11) * 100000;
}

/* Only members that were drawn are given, the rest stay as they are. */
static void fill_spec(struct maker *maker, const struct schema *schema, void *object,
		      uint64_t *given)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];

		if (field->flags & FIELD_REQUIRED || !chance(maker, 15))
			continue;
		if (maker->world->plain && (field->kind == FIELD_MONEY ||
					    slice_is_str(SLICE("avoids"), field->name) ||
					    slice_is_str(SLICE("redundancy"), field->name)))
			continue;
		if (given)
			*given |= (uint64_t)1 << i;
		if (slice_is_str(SLICE("deps"), field->name))
			*field_list(field, object) = any_list(maker, 3, any_task);
		else if (field->kind == FIELD_CAPS)
			*field_list(field, object) = any_list(maker, 3, any_capability);
		else if (field->kind == FIELD_PATHS)
			*field_list(field, object) = any_list(maker, 2, any_path);
		else if (slice_is_str(SLICE("prefers"), field->name))
			*field_slice(field, object) = any_swarm(maker);
		else if (field->kind == FIELD_TIME)
			*field_number(field, object) = soon(maker);
		else if (slice_is_str(SLICE("avoids"), field->name))
			*field_list(field, object) = any_list(maker, 2, any_swarm);
		else if (slice_is_str(SLICE("redundancy"), field->name))
			*field_number(field, object) = (int64_t)below(maker, 4);
		else if (field->kind == FIELD_MONEY)
			*field_number(field, object) = any_money(maker);
		else if (slice_is_str(SLICE("est_ms"), field->name))
			*field_number(field, object) = any_ms(maker) * 100;
		else if (slice_is_str(SLICE("priority"), field->name))
			*field_number(field, object) = (int64_t)below(maker, 5) - 2;
		else if (slice_is_str(SLICE("kind"), field->name))
			*field_number(field, object) = TASK_FILLER;
		else if (slice_is_str(SLICE("limit_ms"), field->name))
			*field_number(field, object) = any_ms(maker);
		else if (slice_is_str(SLICE("max_attempts"), field->name))
			*field_number(field, object) = 1 + (int64_t)below(maker, 5);
		else if (field->kind == FIELD_TEXT)
			*field_slice(field, object) = name(maker, "text", below(maker, 9));
	}
}

/* Mostly what holds a task now, sometimes what held it, sometimes nonsense. */
static int64_t fence_of(struct maker *maker, struct slice board_id, struct slice task_id_)
{
	uint32_t board = state_find_board(maker->state, board_id);
	uint32_t task = board == INDEX_NONE ? INDEX_NONE :
					      state_find_task(maker->state, board, task_id_);
	uint64_t fence = 1 + below(maker, maker->state->last_event + 1);

	if (task != INDEX_NONE && state_task(maker->state, task)->claim != INDEX_NONE &&
	    !chance(maker, 10))
		fence = state_claim(maker->state, state_task(maker->state, task)->claim)->fence;
	return (int64_t)fence;
}

/* A task that somebody holds, when there is one: else few commands would be about any. */
static void find_claim(struct maker *maker, struct slice *ret_board, struct slice *ret_task)
{
	const struct state *state = maker->state;
	uint32_t count = state->claims.count;
	uint32_t from = (uint32_t)below(maker, count);

	for (uint32_t i = 0; i < count && !chance(maker, 5); i++) {
		const struct claim *claim = state_claim(state, (from + i) % count);

		if (claim->task == INDEX_NONE)
			continue;
		*ret_board = state_board(state, state_task(state, claim->task)->board)->id;
		*ret_task = arena_copy(maker->arena, task_id(state_task(state, claim->task)));
		return;
	}
}

/* A task that is there, mostly one that has not ended. */
static void find_task(struct maker *maker, struct slice *ret_board, struct slice *ret_task)
{
	const struct state *state = maker->state;
	uint32_t count = state->tasks.count;

	for (int tries = 0; tries < 8 && count; tries++) {
		const struct task *task = state_task(state, (uint32_t)below(maker, count));

		if (task_has_ended(task) && !chance(maker, 15))
			continue;
		*ret_board = state_board(state, task->board)->id;
		*ret_task = arena_copy(maker->arena, task_id(task));
		return;
	}
}

static struct slice any_blocker(struct maker *maker)
{
	uint32_t count = maker->state->blockers.count;
	uint32_t last = count > 8 ? 8 : count;

	if (count == 0 || chance(maker, 5))
		return SLICE("b0");
	return state_blocker(maker->state, count - 1 - (uint32_t)below(maker, last))->id;
}

static struct slice any_escalation(struct maker *maker)
{
	uint32_t count = maker->state->govern.escalations.count;
	uint32_t last = count > 8 ? 8 : count;

	if (count == 0 || chance(maker, 5))
		return SLICE("e0");
	return state_escalation(maker->state, count - 1 - (uint32_t)below(maker, last))->id;
}

static struct slice any_endpoint(struct maker *maker)
{
	static const char *const names[] = { "https://api.example.com", "http://localhost:8080",
					     "ftp://nowhere" };

	return slice_of_str(names[below(maker, 3)]);
}

/* One of a live claim, when there is any. */
static struct slice any_credential(struct maker *maker)
{
	uint32_t count = maker->state->chassis.credentials.count;
	char space[CREDENTIAL_ID_BYTES];

	for (int tries = 0; tries < 8 && count; tries++) {
		const struct credential *credential =
			state_credential(maker->state, (uint32_t)below(maker, count));

		if (credential->number)
			return arena_copy(maker->arena, credential_id(credential->number, space));
	}
	return SLICE("c0");
}

/* Sets what arguments of the same name mean in every command. */
static void fill_argument(struct maker *maker, const struct field *field, void *object,
			  struct slice board, struct slice task)
{
	struct slice named = slice_of_str(field->name);

	if (slice_is_str(named, "board") && field->kind == FIELD_ID)
		*field_slice(field, object) = board;
	else if (slice_is_str(named, "task"))
		*field_slice(field, object) = task;
	else if (slice_is_str(named, "swarm") || slice_is_str(named, "from") ||
		 slice_is_str(named, "to"))
		*field_slice(field, object) = any_swarm(maker);
	else if (slice_is_str(named, "to_board"))
		*field_slice(field, object) = board;
	else if (slice_is_str(named, "blocker"))
		*field_slice(field, object) = any_blocker(maker);
	else if (slice_is_str(named, "escalation"))
		*field_slice(field, object) = any_escalation(maker);
	else if (slice_is_str(named, "capability") && field->kind == FIELD_TEXT)
		*field_slice(field, object) = any_capability(maker);
	else if (slice_is_str(named, "model"))
		*field_slice(field, object) = name(maker, "m", below(maker, 3));
	else if (slice_is_str(named, "scope"))
		*field_number(field, object) = (int64_t)below(maker, BUDGET_SCOPE_COUNT);
	else if (slice_ends(named, SLICE("_tokens")))
		*field_number(field, object) = (int64_t)below(maker, 1000000);
	else if (slice_is_str(named, "reset_at"))
		*field_number(field, object) = soon(maker);
	else if (field->kind == FIELD_MONEY)
		*field_number(field, object) = any_money(maker);
	else if (field->kind == FIELD_RATIO)
		*field_number(field, object) = any_ratio(maker);
	else if (slice_is_str(named, "key"))
		*field_slice(field, object) = name(maker, "n", below(maker, maker->world->notes));
	else if (slice_is_str(named, "fence"))
		*field_number(field, object) = fence_of(maker, board, task);
	else if (slice_is_str(named, "version") && maker->state->note_count && chance(maker, 70))
		*field_number(field, object) =
			(int64_t)maker->state->notes[below(maker, maker->state->note_count)]->version;
	else if (slice_is_str(named, "cursor") || slice_is_str(named, "version"))
		*field_number(field, object) =
			1 + (int64_t)below(maker, maker->state->last_event + 2);
	else if (slice_is_str(named, "wait_ms"))
		*field_number(field, object) = maker->world->waits ? any_ms(maker) : 0;
	else if (slice_is_str(named, "slots"))
		*field_number(field, object) = 1 + (int64_t)below(maker, 3);
	else if (slice_is_str(named, "percent") || slice_is_str(named, "spare"))
		*field_number(field, object) = (int64_t)below(maker, 101);
	else if (slice_is_str(named, "presence_ms"))
		*field_number(field, object) = 1000 + any_ms(maker);
	else if (slice_is_str(named, "module") || slice_is_str(named, "contract") ||
		 slice_is_str(named, "wasm"))
		*field_slice(field, object) = name(maker, "mod", below(maker, 3));
	else if (slice_is_str(named, "credential"))
		*field_slice(field, object) = any_credential(maker);
	else if (slice_is_str(named, "endpoint"))
		*field_list(field, object) = any_list(maker, 2, any_endpoint);
	else if (slice_is_str(named, "ttl_ms"))
		*field_number(field, object) = 1000 + any_ms(maker);
	else if (slice_is_str(named, "verdict"))
		*field_number(field, object) = (int64_t)below(maker, CHASSIS_VERDICT_COUNT);
	else if (slice_is_str(named, "sha256"))
		*field_slice(field, object) = SLICE("");
	else if (slice_ends(named, SLICE("_us")) || slice_is_str(named, "fuel"))
		*field_number(field, object) = (int64_t)below(maker, 1000000);
	else if (slice_is_str(named, "boards"))
		*field_list(field, object) = any_list(maker, 2, any_board);
	else if (field->kind == FIELD_CAPS)
		*field_list(field, object) = any_list(maker, 4, any_capability);
	else if (field->kind == FIELD_PATHS)
		*field_list(field, object) = any_list(maker, 2, any_path);
	else if (field->kind == FIELD_JSON)
		*field_slice(field, object) = field->flags & FIELD_REQUIRED ? SLICE("[1]") :
									      any_json(maker);
	else if (field->kind == FIELD_TEXT)
		*field_slice(field, object) = name(maker, "text", below(maker, 9));
	else if (slice_is_str(named, "limit"))
		*field_number(field, object) = 1 + (int64_t)below(maker, 5);
	else if (field->kind == FIELD_INT && slice_ends(named, SLICE("_ms")))
		*field_number(field, object) = any_ms(maker);
	else if (field->kind == FIELD_BOOL)
		*field_number(field, object) = chance(maker, 50);
}

static void fill(struct maker *maker, struct command *command)
{
	const struct schema *schema = &command_table[command->type].args;
	struct slice board = any_board(maker), task = any_task(maker);

	if (!chance(maker, 20) && command->type != COMMAND_TASK_ADD)
		find_task(maker, &board, &task);
	if (schema_find(schema, SLICE("fence")) && !chance(maker, 20))
		find_claim(maker, &board, &task);
	if (command->type == COMMAND_BOARD_CREATE)
		board = name(maker, "b", below(maker, maker->world->boards));
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];

		if (!(field->flags & FIELD_REQUIRED) && !chance(maker, 35))
			continue;
		if (maker->world->plain && field->kind == FIELD_MONEY)
			continue;
		fill_argument(maker, field, &command->args, board, task);
		command->args.given |= field_bit(schema, field);
	}
	if (command->type == COMMAND_BUDGET_SET) {
		command->args.budget_set.board = board;
		command->args.budget_set.task = task;
		command->args.budget_set.swarm = any_swarm(maker);
	}
	if (command->type == COMMAND_TASK_ADD || command->type == COMMAND_TASK_UPDATE)
		fill_spec(maker, schema, &command->args, &command->args.given);
}

static void fill_import(struct maker *maker, struct command *command)
{
	static const enum task_state states[] = { TASK_BLOCKED, TASK_BLOCKED, TASK_BLOCKED,
						  TASK_CLAIMED, TASK_DONE, TASK_FAILED,
						  TASK_CANCELLED };
	uint64_t count = 1 + below(maker, 5);
	struct import_task *tasks = arena_zero(maker->arena, count, sizeof(*tasks));
	struct slice board = name(maker, "b", below(maker, maker->world->boards));

	for (uint64_t i = 0; i < count; i++) {
		for (size_t at = 0; at < task_spec_schema.count; at++)
			if (field_is_number(task_spec_schema.fields[at].kind))
				*field_number(&task_spec_schema.fields[at], &tasks[i].spec) =
					task_spec_schema.fields[at].initial;
		tasks[i].id = any_task(maker);
		if (i && chance(maker, 50))
			find_task(maker, &board, &tasks[i].id);
		tasks[i].state = states[below(maker, 7)];
		fill_spec(maker, &task_spec_schema, &tasks[i].spec, NULL);
	}
	command->import_tasks = tasks;
	command->import_count = count;
	command->import_title = name(maker, "title", below(maker, 3));
	command->args.board_import.board = board;
	command->args.board_import.dry_run = chance(maker, 10);
}

static void fill_policy(struct maker *maker, struct command *command)
{
	struct policy *policy = arena_zero(maker->arena, 1, sizeof(*policy));
	uint64_t count = below(maker, 3);
	struct policy_rule *rules = arena_zero(maker->arena, count, sizeof(*rules));

	*policy = policy_default();
	policy->settings.circuit_breaker_failure_threshold = (int64_t)below(maker, 4);
	policy->settings.circuit_breaker_failure_ratio = any_ratio(maker);
	policy->settings.circuit_breaker_probe_after_ms = (int64_t)below(maker, 3) * 5000;
	policy->settings.min_capability_match = any_ratio(maker);
	policy->settings.max_cost_per_task = any_money(maker);
	policy->settings.max_swarms_per_task = 1 + (int64_t)below(maker, 4);
	policy->settings.enable_budget_enforcement = chance(maker, 80);
	policy->settings.retry_backoff_ms = any_ms(maker);
	policy->settings.assumed_cost = any_money(maker);
	policy->settings.slo_breaker_after_ms = (int64_t)below(maker, 3) * 10000;
	policy->settings.slo_breaker_outcomes = 1 + (int64_t)below(maker, 5);
	policy->settings.enable_reputation_scoring = chance(maker, 80);
	for (uint64_t i = 0; i < count; i++) {
		rules[i] = policy_rule_default();
		rules[i].name = name(maker, "rule", i);
		rules[i].boards = any_list(maker, 1, any_board);
		rules[i].swarms = any_list(maker, 2, any_swarm);
		rules[i].capabilities = any_list(maker, 1, any_capability);
		rules[i].effect = chance(maker, 70) ? POLICY_ALLOW :
						      1 + (int64_t)below(maker, 2);
	}
	policy->name = name(maker, "policy", below(maker, 9));
	policy->rules = rules;
	policy->rule_count = count;
	command->policy = policy;
}

static void fill_contract(struct maker *maker, struct command *command)
{
	struct contract *contract = arena_zero(maker->arena, 1, sizeof(*contract));
	struct contract_credential *credentials = arena_zero(maker->arena, 2, sizeof(*credentials));

	*contract = contract_default();
	contract->name = name(maker, "contract", below(maker, 3));
	contract->slos.p99_latency_ms = chance(maker, 50) ? any_ms(maker) : 0;
	contract->slos.success_rate = chance(maker, 70) ? any_ratio(maker) : -1;
	contract->slos.availability = chance(maker, 30) ? any_ratio(maker) : -1;
	credentials[0].endpoint = SLICE("https://api.example.com");
	credentials[1].endpoint = SLICE("http://localhost:8080");
	contract->credentials = credentials;
	contract->credential_count = below(maker, 3);
	command->contract = contract;
	command->args.chassis_load.sha256 = SLICE_EMPTY;
	command->args.chassis_load.bytes = 0;
}

static void fill_manifests(struct maker *maker, struct command *command)
{
	uint64_t count = 1 + below(maker, 2);
	struct cmd_swarm_register *swarms = arena_zero(maker->arena, count, sizeof(*swarms));
	struct cmd_budget_set *budgets = arena_zero(maker->arena, count, sizeof(*budgets));

	for (uint64_t i = 0; i < count; i++) {
		struct command swarm = command_blank(COMMAND_SWARM_REGISTER);
		struct command budget = command_blank(COMMAND_BUDGET_SET);

		fill(maker, &swarm);
		fill(maker, &budget);
		swarms[i] = swarm.args.swarm_register;
		/* Capabilities of this world are its own, which a manifest may not name. */
		swarms[i].capabilities = (struct slice_list){ 0 };
		swarms[i].swarm = name(maker, "s", (below(maker, maker->world->swarms) & ~1U) + i);
		budgets[i] = budget.args.budget_set;
		budgets[i].scope = BUDGET_OF_SWARM;
		budgets[i].swarm = swarms[i].swarm;
		budgets[i].reset_at = 0;
		if (chance(maker, 50))
			budgets[i].limit_usd = -1;
	}
	command->swarms = swarms;
	command->swarm_budgets = budgets;
	command->swarm_count = count;
	command->swarm_lines = arena_zero(maker->arena, count, sizeof(int));
}

/* How often each comes, so that there is always something to claim and to finish. */
static const struct {
	enum command_type type;
	unsigned weight;
} weights[] = {
	{ COMMAND_BOARD_CREATE, 4 },	{ COMMAND_BOARD_IMPORT, 6 },
	{ COMMAND_BOARD_ARCHIVE, 1 },	{ COMMAND_BOARD_UNARCHIVE, 2 },
	{ COMMAND_TASK_ADD, 20 },	{ COMMAND_TASK_UPDATE, 8 },
	{ COMMAND_TASK_CLAIM, 20 },	{ COMMAND_TASK_NEXT, 25 },
	{ COMMAND_TASK_HEARTBEAT, 8 },	{ COMMAND_TASK_PROGRESS, 5 },
	{ COMMAND_TASK_RELEASE, 6 },	{ COMMAND_TASK_COMPLETE, 14 },
	{ COMMAND_TASK_FINISH_AND_NEXT, 10 }, { COMMAND_TASK_FAIL, 6 },
	{ COMMAND_TASK_CANCEL, 4 },	{ COMMAND_TASK_RETRY, 6 },
	{ COMMAND_SWARM_REGISTER, 12 }, { COMMAND_SWARM_HEARTBEAT, 6 },
	{ COMMAND_SWARM_OFFER, 2 },	{ COMMAND_SWARM_LEAVE, 2 },
	{ COMMAND_BLOCKER_RAISE, 8 },	{ COMMAND_BLOCKER_RESOLVE, 8 },
	{ COMMAND_BLOCKER_WITHDRAW, 3 }, { COMMAND_MESSAGE_SEND, 5 },
	{ COMMAND_MESSAGE_LIST, 4 },	{ COMMAND_MESSAGE_ACK, 4 },
	{ COMMAND_NOTE_PUT, 4 },	{ COMMAND_NOTE_CAS, 3 },
	{ COMMAND_NOTE_DELETE, 2 },	{ COMMAND_TASK_WHY, 1 },
	{ COMMAND_BOARD_SHOW, 1 },	{ COMMAND_SWARM_LIST, 1 },
	{ COMMAND_BUDGET_SET, 8 },	{ COMMAND_COST_CHARGE, 14 },
	{ COMMAND_PRICE_SET, 2 },	{ COMMAND_POLICY_APPLY, 3 },
	{ COMMAND_SWARM_IMPORT, 2 },	{ COMMAND_CAPABILITY_DEFINE, 1 },
	{ COMMAND_BREAKER_TRIP, 2 },	{ COMMAND_BREAKER_RESET, 6 },
	{ COMMAND_CLAIM_APPROVE, 4 },	{ COMMAND_ESCALATION_ACK, 2 },
	{ COMMAND_ESCALATION_RESOLVE, 3 }, { COMMAND_GOVERNOR_MATCH, 1 },
	{ COMMAND_GOVERNOR_MANIFEST, 1 }, { COMMAND_COST_REPORT, 1 },
	{ COMMAND_CHASSIS_LOAD, 3 },	{ COMMAND_CHASSIS_UNLOAD, 1 },
	{ COMMAND_CHASSIS_REPORT, 8 },	{ COMMAND_EGRESS_NOTE, 4 },
	{ COMMAND_CREDENTIAL_MINT, 8 }, { COMMAND_CREDENTIAL_REVOKE, 3 },
	{ COMMAND_CREDENTIAL_LIST, 1 }, { COMMAND_CHASSIS_PERFORMANCE, 2 },
	{ COMMAND_CHASSIS_REPUTATION, 1 }, { COMMAND_CHASSIS_RESOURCES, 1 },
};

static enum command_type any_type(struct maker *maker)
{
	uint64_t sum = 0, at;
	size_t i = 0;

	for (size_t row = 0; row < ARRAY_LEN(weights); row++)
		if (!maker->world->plain || weights[row].type < COMMAND_SWARM_IMPORT)
			sum += weights[row].weight;
	for (at = below(maker, sum); at >= weights[i].weight; i++)
		at -= weights[i].weight;
	return weights[i].type;
}

struct command random_command(struct random *random, const struct random_world *world,
			      const struct state *state, struct arena *arena)
{
	struct maker maker = { random, world, state, arena };
	struct command command = command_blank(any_type(&maker));

	fill(&maker, &command);
	if (command.type == COMMAND_BOARD_IMPORT)
		fill_import(&maker, &command);
	if (command.type == COMMAND_POLICY_APPLY)
		fill_policy(&maker, &command);
	if (command.type == COMMAND_SWARM_IMPORT)
		fill_manifests(&maker, &command);
	if (command.type == COMMAND_CHASSIS_LOAD)
		fill_contract(&maker, &command);
	command.actor = any_swarm(&maker);
	command.fingerprint = below(&maker, 3) ? 1 : random_next(random);
	if (chance(&maker, world->keys_percent) &&
	    command_table[command.type].way == WAY_WRITE)
		command.key = name(&maker, "k", below(&maker, 200));
	return command;
}
