/*
 * Snapshots of the machine's state, and that whatever way a state came
 * about, it is the same and decides the same.
 */
#include "fabric/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "core/random_command.h"
#include "core/world.h"

#define RECORDS_MAX 4000
#define BODY_BYTES_MAX ((size_t)1 << 20)

static const struct random_world small = {
	.boards = 3, .tasks = 40, .swarms = 6, .notes = 6, .delay_ms = 20000, .keys_percent = 20,
};

/* Of several tasks that the governor refuses, the answer of `next` names any one. */
static const struct random_world plain = {
	.boards = 3, .tasks = 40, .swarms = 6, .notes = 6, .delay_ms = 20000, .keys_percent = 20,
	.plain = true,
};

/* What a ledger would hold. */
struct body {
	struct slice bytes;
	int64_t at_us;
	uint64_t first;
};

struct life {
	struct machine machine;
	struct random random;
	const struct random_world *world;
	struct arena arena;
	int64_t now_us;
	uint64_t ticket;
	struct machine_answer answer;
	struct body records[RECORDS_MAX];
	size_t record_count;
	struct arena kept;
};

static void life_begin(struct life *life, uint64_t seed)
{
	*life = (struct life){ .random = random_of(seed), .world = &small,
			       .now_us = CLOCK_ZERO_US, .ticket = 1 };
	machine_init(&life->machine, seed, BODY_BYTES_MAX);
	machine_begin_reign(&life->machine, 1, SLICE("test"), life->now_us);
}

static void life_end(struct life *life)
{
	machine_finish(&life->machine);
	arena_finish(&life->arena);
	arena_finish(&life->kept);
	buf_finish(&life->answer.body);
}

static void keep_batch(struct life *life)
{
	struct machine *machine = &life->machine;

	if (machine->batch_count == 0)
		return;
	ck_assert_uint_lt(life->record_count, RECORDS_MAX);
	life->records[life->record_count++] = (struct body){
		arena_copy(&life->kept, machine_batch(machine)), machine->batch_at_us,
		machine->batch_first,
	};
	machine_batch_taken(machine);
}

static void tick(struct machine *machine, int64_t now_us)
{
	while (machine_tick(machine, now_us))
		;
}

static void pass_time(struct life *life)
{
	life->now_us += (int64_t)random_below(&life->random, 600000);
	if (random_chance(&life->random, 2))
		life->now_us += 40000000;
}

/* Time goes on, timers go off, somebody asks for something. */
static void step(struct life *life)
{
	struct command command;

	pass_time(life);
	tick(&life->machine, life->now_us);
	arena_reset(&life->arena);
	command = random_command(&life->random, life->world, &life->machine.state, &life->arena);
	machine_submit(&life->machine, &command, life->now_us, life->ticket++, &life->answer);
}

static void live(struct life *life, int steps, int commands_a_record)
{
	for (int i = 1; i <= steps; i++) {
		step(life);
		if (i % commands_a_record == 0)
			keep_batch(life);
	}
	keep_batch(life);
}

static void load(struct machine *machine, uint64_t seed, struct slice bytes)
{
	machine_init(machine, seed, BODY_BYTES_MAX);
	ck_assert_int_eq(state_load(&machine->state, bytes), OK);
}

static void replay(struct machine *machine, const struct life *life, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		ck_assert_int_eq(machine_replay(machine, life->records[i].bytes,
						life->records[i].at_us, life->records[i].first),
				 OK);
}

static void same_state(const struct state *a, const struct state *b)
{
	struct buf left = { 0 }, right = { 0 };

	state_bytes(a, &left);
	state_bytes(b, &right);
	ck_assert(slice_is(buf_slice(&left), buf_slice(&right)));
	buf_finish(&left);
	buf_finish(&right);
}

static struct life life;

START_TEST(replaying_all_and_replaying_behind_a_snapshot_give_what_was_lived)
{
	struct machine replayed, resumed;
	struct buf bytes = { 0 };
	size_t middle;

	life_begin(&life, (uint64_t)_i + 100);
	live(&life, 1000, 1 + _i * 3);
	middle = life.record_count;
	state_bytes(&life.machine.state, &bytes);
	live(&life, 1000, 1 + _i * 3);

	machine_init(&replayed, 4711, BODY_BYTES_MAX);
	replay(&replayed, &life, 0, life.record_count);
	same_state(&replayed.state, &life.machine.state);
	load(&resumed, 815, buf_slice(&bytes));
	replay(&resumed, &life, middle, life.record_count);
	same_state(&resumed.state, &life.machine.state);

	machine_finish(&replayed);
	machine_finish(&resumed);
	buf_finish(&bytes);
	life_end(&life);
}
END_TEST

START_TEST(a_loaded_state_decides_like_the_one_that_was_saved)
{
	struct buf bytes = { 0 };

	struct machine_answer answer = { 0 };
	struct machine other;

	life_begin(&life, (uint64_t)_i + 200);
	life.world = &plain;
	live(&life, 800, 5);
	state_bytes(&life.machine.state, &bytes);
	load(&other, 99, buf_slice(&bytes));
	for (uint64_t i = 0; i < 1500; i++) {
		struct command command;

		pass_time(&life);
		tick(&life.machine, life.now_us);
		tick(&other, life.now_us);
		arena_reset(&life.arena);
		command = random_command(&life.random, life.world, &life.machine.state, &life.arena);
		machine_submit(&life.machine, &command, life.now_us, i + 1, &life.answer);
		machine_submit(&other, &command, life.now_us, i + 1, &answer);
		ck_assert_msg(slice_is(buf_slice(&life.answer.body), buf_slice(&answer.body)),
			      "step %d\n%s\n%s", (int)i, buf_str(&life.answer.body),
			      buf_str(&answer.body));
		ck_assert_msg(slice_is(machine_batch(&life.machine), machine_batch(&other)),
			      "other events at step %d", (int)i);
		machine_batch_taken(&life.machine);
		machine_batch_taken(&other);
	}
	same_state(&life.machine.state, &other.state);
	machine_finish(&other);
	buf_finish(&answer.body);
	life_end(&life);
	buf_finish(&bytes);
}
END_TEST

START_TEST(a_part_of_a_snapshot_is_none)
{
	struct buf bytes = { 0 };

	life_begin(&life, 300);
	live(&life, 150, 1);
	state_bytes(&life.machine.state, &bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		/* Its own memory, so that reading past its end shows. */
		char *part = malloc(len + 1);
		struct state state;

		memcpy(part, bytes.ptr, len);
		part = realloc(part, len ? len : 1);
		state_init(&state, 1);
		ck_assert_int_eq(state_load(&state, slice_of(part, len)), ERR_LEDGER_CORRUPT);
		state_finish(&state);
		free(part);
	}
	buf_finish(&bytes);
	life_end(&life);
}
END_TEST

/* Goes on with a state that may be strange, but contradicts itself nowhere. */
static void use(struct machine *machine, uint64_t seed)
{
	struct random random = random_of(seed);
	struct machine_answer answer = { 0 };
	struct arena arena = { 0 };
	struct buf bytes = { 0 };
	int64_t now_us = machine->state.last_at_us;

	for (int i = 0; i < 30; i++) {
		struct command command;

		now_us += (int64_t)random_below(&random, 5000000);
		for (int ticks = 0; ticks < 1000 && machine_tick(machine, now_us); ticks++)
			;
		arena_reset(&arena);
		command = random_command(&random, &small, &machine->state, &arena);
		machine_submit(machine, &command, now_us, (uint64_t)i + 1, &answer);
	}
	state_check(&machine->state);
	state_bytes(&machine->state, &bytes);
	buf_finish(&bytes);
	buf_finish(&answer.body);
	arena_finish(&arena);
}

START_TEST(a_flipped_bit_is_refused_or_does_no_harm)
{
	struct random random = random_of((uint64_t)_i + 400);
	struct buf bytes = { 0 };
	int loaded = 0, refused = 0;

	life_begin(&life, (uint64_t)_i + 400);
	live(&life, 300, 1);
	state_bytes(&life.machine.state, &bytes);
	for (int i = 0; i < 500; i++) {
		size_t at = random_below(&random, bytes.len);
		char was = bytes.ptr[at];
		struct machine machine;
		enum err err;

		bytes.ptr[at] = (char)(was ^ 1 << random_below(&random, 8));
		machine_init(&machine, 1, BODY_BYTES_MAX);
		err = state_load(&machine.state, buf_slice(&bytes));
		ck_assert(err == OK || err == ERR_LEDGER_CORRUPT || err == ERR_LEDGER_TOO_NEW);
		if (err == OK)
			use(&machine, (uint64_t)i);
		loaded += err == OK;
		refused += err != OK;
		machine_finish(&machine);
		bytes.ptr[at] = was;
	}
	ck_assert_int_gt(loaded, 0);
	ck_assert_int_gt(refused, 0);
	buf_finish(&bytes);
	life_end(&life);
}
END_TEST

START_TEST(a_snapshot_of_a_newer_version_says_so)
{
	struct buf bytes = { 0 };
	struct state state;

	state_init(&state, 1);
	state_bytes(&state, &bytes);
	/* Length, magic, version as a zig-zag varint. */
	ck_assert_int_eq(bytes.ptr[7], 2 * SNAPSHOT_VERSION_FIRST);
	bytes.ptr[7] = 2 * (SNAPSHOT_VERSION + 1);
	ck_assert_int_eq(state_load(&state, buf_slice(&bytes)), ERR_LEDGER_TOO_NEW);
	state_finish(&state);
	buf_finish(&bytes);
}
END_TEST

START_TEST(an_empty_state_is_one)
{
	struct buf bytes = { 0 };
	struct state empty, loaded;

	state_init(&empty, 1);
	state_init(&loaded, 2);
	state_bytes(&empty, &bytes);
	ck_assert_int_eq(state_load(&loaded, buf_slice(&bytes)), OK);
	same_state(&empty, &loaded);
	state_finish(&empty);
	state_finish(&loaded);
	buf_finish(&bytes);
}
END_TEST

static void tell(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

int main(void)
{
	Suite *suite = suite_create("machine_snapshot");
	TCase *tests = tcase_create("snapshot");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests,
			    replaying_all_and_replaying_behind_a_snapshot_give_what_was_lived, 0,
			    8);
	tcase_add_loop_test(tests, a_loaded_state_decides_like_the_one_that_was_saved, 0, 12);
	tcase_add_test(tests, a_part_of_a_snapshot_is_none);
	tcase_add_loop_test(tests, a_flipped_bit_is_refused_or_does_no_harm, 0, 6);
	tcase_add_test(tests, a_snapshot_of_a_newer_version_says_so);
	tcase_add_test(tests, an_empty_state_is_one);
	suite_add_tcase(suite, tests);
	panic_set_handler(tell);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
