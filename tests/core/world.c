#include "core/world.h"

#include <check.h>

#include "fabric/fold.h"
#include "fabric/snapshot.h"

void world_init(struct world *world, struct coverage *coverage)
{
	*world = (struct world){ .now_us = CLOCK_ZERO_US, .coverage = coverage };
	machine_init(&world->machine, 1, WORLD_BODY_BYTES_MAX);
	/* Another seed: nothing that is folded may depend on it. */
	state_init(&world->follower, 2);
	world_reign(world);
}

void world_finish(struct world *world)
{
	machine_finish(&world->machine);
	state_finish(&world->follower);
	arena_finish(&world->arena);
	buf_finish(&world->answer.body);
	buf_finish(&world->events);
}

static void note_coverage(struct world *world, const struct event *event)
{
	struct slice board = event_text(event, "board");
	struct slice task = event_text(event, "task");
	uint32_t index;

	if (!world->coverage)
		return;
	world->coverage->events[event->type] = true;
	/* What the governor or the chassis says of a task is no step in its life. */
	if (task.len == 0 || event_info(event->type)->part == PART_GOVERNOR ||
	    event_info(event->type)->part == PART_CHASSIS)
		return;
	index = state_find_board(&world->follower, board);
	if (index != INDEX_NONE)
		index = state_find_task(&world->follower, index, task);
	if (index != INDEX_NONE)
		world->coverage->steps[state_task(&world->follower, index)->state][event->type] =
			true;
}

/* Small enough to be looked at after each event. */
static bool is_small(const struct state *state)
{
	return state->tasks.count + state->swarms.count + state->messages.count +
		       state->note_count + state->boards.count < 300;
}

void world_follow(struct world *world)
{
	struct slice body = machine_batch(&world->machine);
	struct json_writer json;

	buf_clear(&world->events);
	json = json_begin(&world->events);
	json_array(&json);
	world->event_count = 0;
	while (body.len) {
		struct event event;

		arena_reset(&world->arena);
		ck_assert_int_eq(event_decode(&body, world->machine.batch_at_us, &world->arena,
					      &event), OK);
		event.number = world->follower.last_event + 1;
		note_coverage(world, &event);
		event_write_json(&event, &json);
		ck_assert_msg(fold_event(&world->follower, &event), "event %s does not fold",
			      event_info(event.type)->kind);
		if (is_small(&world->follower))
			state_check(&world->follower);
		world->event_count++;
	}
	json_array_end(&json);
	ck_assert_uint_eq(world->event_count, world->machine.batch_count);
	machine_batch_taken(&world->machine);
}

static void sink_into(void *context, struct slice bytes)
{
	buf_add_slice(context, bytes);
}

void state_bytes(const struct state *state, struct buf *ret_bytes)
{
	buf_clear(ret_bytes);
	state_save(state, sink_into, ret_bytes);
}

void world_check(struct world *world)
{
	struct buf leader = { 0 }, follower = { 0 };
	struct state loaded;

	state_check(&world->machine.state);
	state_check(&world->follower);
	state_bytes(&world->machine.state, &leader);
	state_bytes(&world->follower, &follower);
	ck_assert_msg(slice_is(buf_slice(&leader), buf_slice(&follower)),
		      "leader and follower differ");
	state_init(&loaded, 3);
	ck_assert_int_eq(state_load(&loaded, buf_slice(&leader)), OK);
	state_check(&loaded);
	state_bytes(&loaded, &follower);
	ck_assert_msg(slice_is(buf_slice(&leader), buf_slice(&follower)),
		      "a loaded state saves other bytes");
	state_finish(&loaded);
	buf_finish(&leader);
	buf_finish(&follower);
}

void world_decide(struct world *world, const struct command *command, uint64_t ticket)
{
	world->waits = !machine_submit(&world->machine, command, world->now_us, ticket,
				       &world->answer);
	if (world->coverage && !world->waits)
		world->coverage->answers[command->type][world->answer.err] = true;
}

void world_submit(struct world *world, const struct command *command, uint64_t ticket)
{
	world_decide(world, command, ticket);
	world_follow(world);
}

void world_tick(struct world *world)
{
	while (machine_tick(&world->machine, world->now_us))
		;
	ck_assert_int_gt(machine_next_timer_us(&world->machine), world->now_us);
	world_follow(world);
}

void world_reign(struct world *world)
{
	machine_begin_reign(&world->machine, ++world->epoch, SLICE("test"), world->now_us);
	world_follow(world);
}

void world_quarantine(struct world *world, struct slice key)
{
	machine_quarantine(&world->machine, key, world->now_us);
	world_follow(world);
}

void world_trim(struct world *world, struct slice reason)
{
	machine_note_trim(&world->machine, world->machine.state.last_event, reason, SLICE("boss"),
			  world->now_us);
	world_follow(world);
}

void world_deliver(struct world *world, uint32_t escalation, struct slice error)
{
	machine_note_delivery(&world->machine, escalation, ESCALATION_WEBHOOK, error,
			      world->now_us);
	world_follow(world);
}

void world_forget(struct world *world, uint64_t ticket)
{
	machine_forget(&world->machine, ticket);
	world_follow(world);
}

void world_hurry(struct world *world, uint64_t ticket)
{
	machine_hurry(&world->machine, ticket, world->now_us);
	world_follow(world);
}

void world_restart(struct world *world)
{
	struct buf bytes = { 0 };

	state_bytes(&world->follower, &bytes);
	machine_finish(&world->machine);
	machine_init(&world->machine, 5, WORLD_BODY_BYTES_MAX);
	ck_assert_int_eq(state_load(&world->machine.state, buf_slice(&bytes)), OK);
	buf_finish(&bytes);
}

enum err world_run(struct world *world, int64_t at_ms, const char *text)
{
	static uint64_t ticket = 1000000;
	struct arena arena = { 0 };
	struct buf why = { 0 };
	struct command command;

	world->now_us = CLOCK_ZERO_US + at_ms * 1000;
	ck_assert_msg(command_of_text(slice_of_str(text), &world->variables, &arena, &command,
				      &why), "%s: %s", text, buf_str(&why));
	world_submit(world, &command, ticket++);
	arena_finish(&arena);
	buf_finish(&why);
	return world->answer.err;
}
