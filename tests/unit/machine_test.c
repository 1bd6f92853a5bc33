#include "fabric/machine.h"

#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "core/random_command.h"
#include "core/world.h"
#include "fabric/fold.h"
#include "fabric/govern.h"
#include "fabric/snapshot.h"

static struct world world;

static void begin(void)
{
	world_init(&world, NULL);
}

static void end(void)
{
	world_finish(&world);
}

static void must(int64_t at_ms, const char *text)
{
	ck_assert_msg(world_run(&world, at_ms, text) == OK && !world.waits, "%s: %s", text,
		      buf_str(&world.answer.body));
}

/* `pattern` with its % replaced by a number. */
static const char *numbered(const char *pattern, int number)
{
	static char text[256];
	struct slice rest = slice_of_str(pattern);
	struct slice front = slice_cut(&rest, '%');

	snprintf(text, sizeof(text), "%.*s%d%.*s", (int)front.len, front.ptr, number, (int)rest.len,
		 rest.ptr);
	return text;
}

static void must_numbered(const char *pattern, int number)
{
	must(0, numbered(pattern, number));
}

/* The last event's number, which is the fence when that was a claim. */
static void remember_last_event(const char *name)
{
	struct buf number = { 0 };

	buf_add_u64(&number, world.follower.last_event);
	variable_set(&world.variables, slice_of_str(name), buf_slice(&number));
	buf_finish(&number);
}

/* Submits one that has to wait, under this ticket. */
static void wait_as(uint64_t ticket, const char *pattern, int number)
{
	struct arena arena = { 0 };
	struct buf why = { 0 };
	struct command command;
	const char *text = numbered(pattern, number);

	ck_assert(command_of_text(slice_of_str(text), &world.variables, &arena, &command, &why));
	world_submit(&world, &command, ticket);
	ck_assert_msg(world.waits, "%s", buf_str(&world.answer.body));
	arena_finish(&arena);
}

static bool body_has(const struct buf *body, const char *part)
{
	return slice_find(buf_slice(body), slice_of_str(part)) >= 0;
}

/* The next answer of one that waited is this ticket's and holds `part`. */
static void answered(uint64_t ticket, const char *part)
{
	struct machine_answer answer;

	ck_assert(machine_pop_answer(&world.machine, &answer));
	ck_assert_uint_eq(answer.ticket, ticket);
	ck_assert_msg(body_has(&answer.body, part), "%s", buf_str(&answer.body));
	buf_finish(&answer.body);
}

static void nobody_was_answered(void)
{
	struct machine_answer answer;

	ck_assert(!machine_pop_answer(&world.machine, &answer));
}

/* ---- many that wait ------------------------------------------------------------------------ */

START_TEST(two_hundred_of_a_thousand_swarms_are_served_in_the_order_they_came)
{
	char part[64];

	must(0, "board.create board=demo");
	for (int i = 0; i < 1000; i++)
		must_numbered("swarm.register swarm=s%", i);
	for (int i = 0; i < 200; i++)
		wait_as((uint64_t)i + 1, "task.next swarm=s% wait_ms=50s", i * 5);
	for (int i = 0; i < 100; i++) {
		must_numbered("task.add board=demo task=t%", i);
		ck_assert_uint_eq(world.event_count, 3);
		snprintf(part, sizeof(part), "\"task\":\"t%d\"", i);
		answered((uint64_t)i + 1, part);
	}
	nobody_was_answered();
	/* One step for the rest: a gate opens. */
	must(0, "task.add board=demo task=gate needs=key:gate");
	for (int i = 0; i < 150; i++)
		must_numbered("task.add board=demo task=g% deps=gate", i);
	must(0, "swarm.register swarm=keeper capabilities=key:gate");
	must(0, "task.claim board=demo task=gate swarm=keeper");
	remember_last_event("f");
	must(0, "task.complete board=demo task=gate fence=$f");
	/* Completed, 150 ready, 100 claimed. */
	ck_assert_uint_eq(world.event_count, 251);
	for (int i = 0; i < 100; i++) {
		snprintf(part, sizeof(part), "\"task\":\"g%d\"", i);
		answered((uint64_t)i + 101, part);
	}
	nobody_was_answered();
	ck_assert_uint_eq(world.machine.parked_count, 0);
	world_check(&world);
}
END_TEST

START_TEST(the_preferred_one_is_found_among_many)
{
	must(0, "board.create board=demo");
	for (int i = 0; i < 500; i++) {
		must_numbered("swarm.register swarm=s%", i);
		wait_as((uint64_t)i + 1, "task.next swarm=s% wait_ms=50s", i);
	}
	must(0, "task.add board=demo task=T1 prefers=s499");
	answered(500, "\"swarm\":\"s499\"");
	must(0, "task.add board=demo task=T2 prefers=s499");
	answered(1, "\"swarm\":\"s0\"");
	nobody_was_answered();
}
END_TEST

START_TEST(places_of_those_that_wait_are_used_again)
{
	size_t capacity;

	must(0, "board.create board=demo");
	must(0, "swarm.register swarm=s");
	for (int i = 0; i < 20; i++)
		wait_as((uint64_t)i + 1, "task.next swarm=s wait_ms=%s", 10);
	capacity = world.machine.parked_capacity;
	for (int round = 0; round < 1000; round++) {
		world_forget(&world, (uint64_t)round + 1);
		wait_as((uint64_t)round + 21, "task.next swarm=s wait_ms=%s", 10);
	}
	ck_assert_uint_eq(world.machine.parked_capacity, capacity);
	ck_assert_uint_eq(world.machine.parked_count, 20);
	world_forget(&world, 1);
	ck_assert_uint_eq(world.machine.parked_count, 20);
	world.now_us += 10000000;
	world_tick(&world);
	for (int i = 0; i < 20; i++)
		answered((uint64_t)i + 1001, "nothing_ready");
	ck_assert_uint_eq(world.machine.parked_count, 0);
	ck_assert_uint_eq(state_swarm(&world.machine.state, 0)->waiting, 0);
}
END_TEST

START_TEST(more_than_twenty_thousand_do_not_wait)
{
	must(0, "swarm.register swarm=s");
	for (int i = 0; i < LIMIT_PARKED; i++)
		wait_as((uint64_t)i + 1, "task.next swarm=s wait_ms=%s", 50);
	ck_assert_int_eq(world_run(&world, 0, "task.next swarm=s wait_ms=50s"),
			 ERR_LIMIT_EXCEEDED);
	ck_assert(!world.waits);
	ck_assert(body_has(&world.answer.body, "20000 requests wait already"));
	ck_assert_int_eq(world_run(&world, 0, "message.list swarm=s wait_ms=50s"),
			 ERR_LIMIT_EXCEEDED);
	world_hurry(&world, 7);
	answered(7, "nothing_ready");
	wait_as(30000, "task.next swarm=s wait_ms=%s", 50);
}
END_TEST

START_TEST(an_answer_belongs_to_the_batch_that_holds_its_claim)
{
	must(0, "board.create board=demo");
	must(0, "swarm.register swarm=s");
	wait_as(1, "task.next swarm=s wait_ms=%s", 50);
	must(0, "task.add board=demo task=T1");
	/* Added, ready and claimed in one batch; the fence is the last event's number. */
	ck_assert_uint_eq(world.event_count, 3);
	ck_assert_uint_eq(state_claim(&world.follower, 0)->fence, world.follower.last_event);
	answered(1, "\"state\":\"claimed\"");
}
END_TEST

/* ---- limits that take too much to reach ---------------------------------------------------- */

START_TEST(there_are_four_million_tasks_at_most)
{
	struct import_task task = { .id = SLICE("T1") };
	struct command command = command_blank(COMMAND_BOARD_IMPORT);
	uint32_t count;

	must(0, "board.create board=demo");
	count = world.machine.state.tasks.count;
	task.spec.max_attempts = 1;
	command.args.board_import.board = SLICE("demo");
	command.import_tasks = &task;
	command.import_count = 1;
	world.machine.state.tasks.count = (uint32_t)LIMIT_TASKS;
	ck_assert_int_eq(world_run(&world, 0, "task.add board=demo task=T1"), ERR_LIMIT_EXCEEDED);
	world_submit(&world, &command, 1);
	ck_assert_int_eq(world.answer.err, ERR_LIMIT_EXCEEDED);
	world.machine.state.tasks.count = count;
}
END_TEST

START_TEST(there_are_a_million_unread_messages_at_most)
{
	must(0, "swarm.register swarm=a");
	world.machine.state.live_messages = (uint32_t)LIMIT_MESSAGES;
	ck_assert_int_eq(world_run(&world, 0, "message.send to=a body=x"), ERR_LIMIT_EXCEEDED);
	world.machine.state.live_messages = 0;
}
END_TEST

START_TEST(the_oldest_of_a_hundred_thousand_answers_goes_first)
{
	struct command command = command_blank(COMMAND_NOTE_PUT);
	char key[16];

	command.args.note_put = (struct cmd_note_put){ .key = SLICE("n"), .value = SLICE("1") };
	for (int i = 0; i <= LIMIT_ANSWERS; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		command.key = slice_of_str(key);
		machine_submit(&world.machine, &command, world.now_us, 1, &world.answer);
	}
	world_follow(&world);
	ck_assert_uint_eq(world.machine.state.answer_count, (size_t)LIMIT_ANSWERS);
	ck_assert_ptr_null(state_find_answer(&world.machine.state, SLICE("k0")));
	ck_assert_ptr_nonnull(state_find_answer(&world.machine.state, SLICE("k1")));
	ck_assert_ptr_nonnull(state_find_answer(&world.machine.state, SLICE("k100000")));
	world_check(&world);
}
END_TEST

/* ---- what is left behind ------------------------------------------------------------------- */

START_TEST(neither_heartbeats_nor_short_claims_leave_timers_behind)
{
	size_t timers;

	must(0, "board.create board=demo");
	must(0, "swarm.register swarm=a slots=2");
	must(0, "task.add board=demo task=T1");
	must(0, "task.add board=demo task=T2");
	must(0, "task.claim board=demo task=T1 swarm=a");
	remember_last_event("f");
	timers = world.machine.state.timers.count;
	for (int i = 1; i <= 500; i++) {
		must(i * 1000, "task.heartbeat board=demo task=T1 fence=$f");
		must(i * 1000, "swarm.heartbeat swarm=a");
		must(i * 1000, "swarm.register swarm=a slots=2");
		must(i * 1000, "task.claim board=demo task=T2 swarm=a");
		remember_last_event("g");
		must(i * 1000, "task.release board=demo task=T2 fence=$g");
		world_tick(&world);
	}
	ck_assert_uint_le(world.machine.state.timers.count, timers + 2);
}
END_TEST

/* ---- batches and replaying ----------------------------------------------------------------- */

/* A batch of a board, a task, a swarm and a claim. */
static void fill_batch(struct machine *machine, struct buf *body)
{
	static const char *const lines[] = {
		"board.create board=demo", "task.add board=demo task=T1",
		"swarm.register swarm=a", "task.claim board=demo task=T1 swarm=a #k",
	};
	struct machine_answer answer = { 0 };
	struct buf why = { 0 };
	struct arena arena = { 0 };

	machine_init(machine, 1, 1 << 20);
	machine_begin_reign(machine, 1, SLICE("test"), CLOCK_ZERO_US);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct command command;

		ck_assert(command_of_text(slice_of_str(lines[i]), &world.variables, &arena,
					  &command, &why));
		ck_assert(machine_submit(machine, &command, CLOCK_ZERO_US + (int64_t)i, 1 + i,
					 &answer));
		ck_assert_int_eq(answer.err, OK);
	}
	buf_add_slice(body, machine_batch(machine));
	buf_finish(&answer.body);
	arena_finish(&arena);
}

START_TEST(a_batch_replays_to_the_same_state)
{
	struct machine live, replayed;
	struct buf body = { 0 }, a = { 0 }, b = { 0 };

	fill_batch(&live, &body);
	ck_assert_uint_eq(live.batch_first, 1);
	ck_assert_uint_eq(live.batch_count, live.state.last_event);
	ck_assert_int_eq(live.batch_at_us, CLOCK_ZERO_US);
	machine_init(&replayed, 77, 1 << 20);
	ck_assert_int_eq(machine_replay(&replayed, buf_slice(&body), live.batch_at_us, 1), OK);
	state_bytes(&live.state, &a);
	state_bytes(&replayed.state, &b);
	ck_assert(slice_is(buf_slice(&a), buf_slice(&b)));
	machine_batch_taken(&live);
	ck_assert_uint_eq(machine_batch(&live).len, 0);
	machine_finish(&live);
	machine_finish(&replayed);
	buf_finish(&body);
	buf_finish(&a);
	buf_finish(&b);
}
END_TEST

START_TEST(what_does_not_follow_is_not_replayed)
{
	struct machine live, replayed;
	struct buf body = { 0 }, event = { 0 };
	struct event of = { .type = EVENT_FEATURE_RAISED, .at_us = CLOCK_ZERO_US };

	fill_batch(&live, &body);
	machine_init(&replayed, 77, 1 << 20);
	ck_assert_int_eq(machine_replay(&replayed, buf_slice(&body), live.batch_at_us, 2),
			 ERR_LEDGER_CORRUPT);
	ck_assert_int_eq(machine_replay(&replayed, slice_head(buf_slice(&body), body.len - 1),
					live.batch_at_us, 1), ERR_LEDGER_CORRUPT);
	machine_finish(&replayed);

	machine_init(&replayed, 77, 1 << 20);
	ck_assert_int_eq(machine_replay(&replayed, SLICE("\x7f\x01z"), 1, 1), ERR_LEDGER_TOO_NEW);
	of.of.feature_raised.level = FEATURE_LEVEL + 1;
	event_encode(&of, CLOCK_ZERO_US, &event);
	ck_assert_int_eq(machine_replay(&replayed, buf_slice(&event), CLOCK_ZERO_US, 1),
			 ERR_LEDGER_TOO_NEW);
	machine_finish(&replayed);
	machine_finish(&live);
	buf_finish(&body);
	buf_finish(&event);
}
END_TEST

START_TEST(a_command_without_a_key_has_its_fingerprint_for_an_id)
{
	char space[MACHINE_COMMAND_ID_BYTES];
	struct command command = command_blank(COMMAND_NOTE_PUT);

	command.fingerprint = 0x1234abcd;
	ck_assert(slice_is(machine_command_id(&command, space), SLICE("fp-000000001234abcd")));
	command.key = SLICE("k");
	ck_assert(slice_is(machine_command_id(&command, space), SLICE("k")));
	command.key = SLICE_EMPTY;
	command.args.note_put = (struct cmd_note_put){ .key = SLICE("n"), .value = SLICE("1") };
	machine_quarantine(&world.machine, machine_command_id(&command, space), world.now_us);
	world_submit(&world, &command, 1);
	ck_assert_int_eq(world.answer.err, ERR_COMMAND_QUARANTINED);
}
END_TEST

/* ---- the life cycle ------------------------------------------------------------------------ */

/* How a task T1 comes into each state; those with a claim and a blocker have both. */
static const struct {
	enum task_state state;
	const char *lines[8];
} ways[] = {
	{ TASK_BLOCKED, { "task.add board=demo task=T0", "task.add board=demo task=T1 deps=T0" } },
	{ TASK_DELAYED, { "task.add board=demo task=T1 not_before=+1h" } },
	{ TASK_READY, { "task.add board=demo task=T1" } },
	{ TASK_CLAIMED, { "task.add board=demo task=T1",
			  "task.claim board=demo task=T1 swarm=a" } },
	{ TASK_HELD, { "task.add board=demo task=T1",
		       "blocker.raise board=demo task=T1 type=x description=y" } },
	{ TASK_DONE, { "task.add board=demo task=T1", "task.claim board=demo task=T1 swarm=a",
		       "task.complete board=demo task=T1 fence=$f" } },
	{ TASK_FAILED, { "task.add board=demo task=T1", "task.claim board=demo task=T1 swarm=a",
			 "task.fail board=demo task=T1 fence=$f final" } },
	{ TASK_CANCELLED, { "task.add board=demo task=T1", "task.cancel board=demo task=T1" } },
};

/* An event of this type about T1 that nothing but the state stands against. */
static void set_member(struct event *event, const char *name, struct slice text, int64_t number)
{
	const struct event_info *info = event_info(event->type);
	const struct field *field = schema_find(&info->fields, slice_of_str(name));

	if (field && field_is_number(field->kind))
		*field_number(field, &event->of) = number;
	else if (field)
		*field_slice(field, &event->of) = text;
}

static struct event plausible_event(enum event_type type, const struct state *state)
{
	struct event event = { .type = type, .number = state->last_event + 1,
			       .at_us = state->last_at_us };
	uint32_t task = state_find_task(state, 0, SLICE("T1"));
	const struct claim *claim = state_task(state, task)->claim == INDEX_NONE ?
					    NULL : state_claim(state, state_task(state, task)->claim);

	set_member(&event, "board", SLICE("demo"), 0);
	set_member(&event, "task", SLICE("T1"), 0);
	set_member(&event, "swarm", SLICE("a"), 0);
	set_member(&event, "fence", SLICE_EMPTY, claim ? (int64_t)claim->fence : 0);
	set_member(&event, "quarantined", SLICE_EMPTY, 1);
	set_member(&event, "lease_until", SLICE_EMPTY, claim ? claim->lease_until_us : 1);
	set_member(&event, "claim_until", SLICE_EMPTY, claim ? claim->claim_until_us : 1);
	set_member(&event, "blocker", state->blockers.count && type != EVENT_BLOCKER_RAISED ?
					      state_blocker(state, 0)->id : SLICE("b99"), 0);
	event.spec.max_attempts = 3;
	return event;
}

START_TEST(an_event_without_a_step_in_the_life_cycle_does_not_fold)
{
	struct state before;
	struct buf bytes = { 0 };

	must(0, "board.create board=demo");
	must(0, "swarm.register swarm=a");
	for (size_t line = 0; ways[_i].lines[line]; line++) {
		remember_last_event("f");
		must(0, ways[_i].lines[line]);
	}
	ck_assert_int_eq(state_task(&world.follower, world.follower.tasks.count - 1)->state,
			 ways[_i].state);
	state_bytes(&world.follower, &bytes);
	for (size_t i = 0; i < event_count; i++) {
		const struct event_info *info = event_table[i];
		struct event event;
		enum task_state next;

		/* What the governor tells of a task moves none. */
		if (info->part != PART_COORDINATOR || !schema_find(&info->fields, SLICE("task")) ||
		    task_step(ways[_i].state, info->kind, &next))
			continue;
		state_init(&before, 9);
		ck_assert_int_eq(state_load(&before, buf_slice(&bytes)), OK);
		event = plausible_event(info->type, &before);
		ck_assert_msg(!fold_event(&before, &event), "%s folds in %s", info->kind,
			      task_state_names[ways[_i].state]);
		state_finish(&before);
	}
	buf_finish(&bytes);
}
END_TEST

/* ---- events that nobody decided ------------------------------------------------------------ */

static struct slice pick(struct random *random, const char *const *names, size_t count)
{
	return slice_of_str(names[random_below(random, count)]);
}

static int64_t pick_number(struct random *random, const struct field *field,
			   const struct state *state)
{
	struct slice name = slice_of_str(field->name);
	uint32_t claim = (uint32_t)random_below(random, state->claims.count + 1U);

	if (slice_is_str(name, "fence") && claim < state->claims.count)
		return (int64_t)state_claim(state, claim)->fence;
	if (field->kind == FIELD_TIME)
		return random_chance(random, 30) ? 0 :
			       state->last_at_us + (int64_t)random_below(random, 20000000);
	if (field->kind == FIELD_BOOL)
		return (int64_t)random_below(random, 2);
	if (field->kind == FIELD_ENUM)
		return (int64_t)random_below(random, (uint64_t)field->max + 1);
	if (random_chance(random, 3))
		return INT64_MAX - (int64_t)random_below(random, 2);
	return (int64_t)random_below(random, random_chance(random, 80) ? 6 : 100000) - 1;
}

static void pick_text(struct random *random, const struct field *field, void *object,
		      const struct state *state)
{
	static const char *const boards[] = { "b0", "b1" };
	static const char *const tasks[] = { "t0", "t1", "t2", "t3", "t4", "t5" };
	static const char *const swarms[] = { "s0", "s1", "s2", "", "not an id" };
	struct slice *text = field_slice(field, object);
	struct slice name = slice_of_str(field->name);

	if (slice_is_str(name, "board"))
		*text = pick(random, boards, 2);
	else if (slice_is_str(name, "task"))
		*text = pick(random, tasks, 6);
	else if (slice_is_str(name, "blocker") && state->blockers.count &&
		 random_chance(random, 60))
		*text = state_blocker(state, (uint32_t)random_below(random,
								    state->blockers.count))->id;
	else if (field->kind == FIELD_JSON)
		*text = SLICE("1");
	else
		*text = pick(random, swarms, 5);
}

static void pick_fields(struct random *random, const struct schema *schema, void *object,
			const struct state *state)
{
	static const struct slice tasks[] = { { "t0", 2 }, { "t3", 2 }, { "t0", 2 }, { "t9", 2 } };

	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];

		if (field_is_number(field->kind))
			*field_number(field, object) = pick_number(random, field, state);
		else if (!field_is_list(field->kind))
			pick_text(random, field, object, state);
		else if (field->kind == FIELD_IDS)
			*field_list(field, object) =
				(struct slice_list){ tasks + random_below(random, 2),
						     random_below(random, 3) };
	}
}

/* Any type, with members that mostly name what is there; as bytes, as a ledger would hold it. */
static bool random_event(struct random *random, const struct state *state, struct arena *arena,
			 struct buf *bytes, struct event *ret_event)
{
	const struct event_info *info = event_table[random_below(random, event_count)];
	struct event event = { .type = info->type };
	struct slice body;

	pick_fields(random, &info->fields, &event.of, state);
	if (info->has_spec)
		pick_fields(random, &task_spec_schema, &event.spec, state);
	buf_clear(bytes);
	varint_add(bytes, (uint64_t)event.type);
	{
		struct buf rest = { 0 };

		varint_add(&rest, zigzag((int64_t)random_below(random, 1000000)));
		varint_add(&rest, 0);
		schema_encode(&info->fields, &event.of, &rest);
		if (info->has_spec)
			schema_encode(&task_spec_schema, &event.spec, &rest);
		varint_add(bytes, rest.len);
		buf_add_slice(bytes, buf_slice(&rest));
		buf_finish(&rest);
	}
	body = buf_slice(bytes);
	return event_decode(&body, state->last_at_us, arena, ret_event) == OK;
}

START_TEST(whatever_folds_leaves_a_sound_state)
{
	struct random random = random_of((uint64_t)_i + 900);
	struct buf bytes = { 0 }, saved = { 0 };
	struct state state, tried;
	int folded = 0;

	state_init(&state, 1);
	for (int i = 0; i < 4000; i++) {
		struct arena arena = { 0 };
		struct event event;

		if (!random_event(&random, &state, &arena, &bytes, &event)) {
			arena_finish(&arena);
			continue;
		}
		state_bytes(&state, &saved);
		state_init(&tried, 2);
		ck_assert_int_eq(state_load(&tried, buf_slice(&saved)), OK);
		event.number = tried.last_event + 1;
		if (fold_event(&tried, &event)) {
			ck_assert_msg(state_flaw(&tried) == NULL, "after %s: %s",
				      event_info(event.type)->kind, state_flaw(&tried));
			ck_assert(fold_event(&state, &event));
			folded++;
		}
		state_finish(&tried);
		arena_finish(&arena);
	}
	ck_assert_int_gt(folded, 300);
	state_bytes(&state, &saved);
	state_init(&tried, 2);
	ck_assert_int_eq(state_load(&tried, buf_slice(&saved)), OK);
	state_finish(&tried);
	state_finish(&state);
	buf_finish(&bytes);
	buf_finish(&saved);
}
END_TEST

/* ---- at random ----------------------------------------------------------------------------- */

static bool waits_for_answers(const struct state *state, uint32_t task)
{
	for (int64_t i = 1; i <= state_task(state, task)->redundancy; i++) {
		uint32_t answer = govern_answer_at(state, task, i);

		if (answer == INDEX_NONE || !task_has_ended(state_task(state, answer)))
			return true;
	}
	return false;
}

/* What must be so between commands, and not in the midst of one. */
static void nothing_is_stuck(const struct state *state)
{
	for (uint32_t i = 0; i < state->tasks.count; i++) {
		const struct task *task = state_task(state, i);

		ck_assert_msg(task->state != TASK_BLOCKED || task->open_deps || task->blockers_open,
			      "task %u waits for nothing", i);
		ck_assert_msg(task->state != TASK_DELAYED || task->blockers_open ||
				      task->not_before_us > state->last_at_us - 60000000,
			      "task %u rests for ever", i);
		ck_assert_msg(task->redundancy < 2 || task_has_ended(task) ||
				      task->claim != INDEX_NONE || waits_for_answers(state, i),
			      "task %u has all of its answers", i);
	}
}

/* A world of few tasks meets itself often, one of many goes further. */
START_TEST(random_commands_keep_every_promise)
{
	struct random random = random_of((uint64_t)_i + 1);
	struct random_world small = { .boards = 2 + (unsigned)_i % 3, .tasks = 20 + 12 * (unsigned)_i,
				      .swarms = 5, .notes = 5, .delay_ms = 20000,
				      .keys_percent = 20, .waits = true };
	struct arena arena = { 0 };
	struct machine_answer answer;
	struct command command;

	for (uint64_t step = 1; step <= 1500; step++) {
		arena_reset(&arena);
		world.now_us += (int64_t)random_below(&random, 400000);
		if (random_chance(&random, 2))
			world.now_us += 30000000;
		world_tick(&world);
		command = random_command(&random, &small, &world.machine.state, &arena);
		world_submit(&world, &command, step);
		if (step % 20 == 0)
			world_check(&world);
		nothing_is_stuck(&world.machine.state);
		if (random_chance(&random, 1))
			machine_forget(&world.machine, step - random_below(&random, 20));
		if (random_chance(&random, 1))
			world_hurry(&world, step - random_below(&random, 20));
		if (random_chance(&random, 1))
			world_restart(&world);
		if (random_below(&random, 500) == 0)
			world_reign(&world);
		while (machine_pop_answer(&world.machine, &answer))
			buf_finish(&answer.body);
	}
	world_check(&world);
	ck_assert_uint_gt(world.follower.last_event, 500);
	arena_finish(&arena);
}
END_TEST

static void tell(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *tests = tcase_create("machine");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, two_hundred_of_a_thousand_swarms_are_served_in_the_order_they_came);
	tcase_add_test(tests, the_preferred_one_is_found_among_many);
	tcase_add_test(tests, places_of_those_that_wait_are_used_again);
	tcase_add_test(tests, more_than_twenty_thousand_do_not_wait);
	tcase_add_test(tests, an_answer_belongs_to_the_batch_that_holds_its_claim);
	tcase_add_test(tests, there_are_four_million_tasks_at_most);
	tcase_add_test(tests, there_are_a_million_unread_messages_at_most);
	tcase_add_test(tests, the_oldest_of_a_hundred_thousand_answers_goes_first);
	tcase_add_test(tests, neither_heartbeats_nor_short_claims_leave_timers_behind);
	tcase_add_test(tests, a_batch_replays_to_the_same_state);
	tcase_add_test(tests, what_does_not_follow_is_not_replayed);
	tcase_add_test(tests, a_command_without_a_key_has_its_fingerprint_for_an_id);
	tcase_add_loop_test(tests, an_event_without_a_step_in_the_life_cycle_does_not_fold, 0,
			    (int)ARRAY_LEN(ways));
	tcase_add_loop_test(tests, whatever_folds_leaves_a_sound_state, 0, 8);
	tcase_add_loop_test(tests, random_commands_keep_every_promise, 0, 10);
	suite_add_tcase(suite, tests);
	panic_set_handler(tell);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
