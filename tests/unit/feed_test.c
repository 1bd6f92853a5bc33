#include "api/feed.h"

#include <check.h>
#include <stdlib.h>

#include "base/ensure.h"

#define AT_US 1800000000000000

static struct event claimed(void)
{
	struct event event = { .type = EVENT_TASK_CLAIMED, .number = 42, .at_us = AT_US,
			       .actor = SLICE("alice") };

	event.of.task_claimed.board = SLICE("demo");
	event.of.task_claimed.task = SLICE("T-1");
	event.of.task_claimed.swarm = SLICE("s1");
	event.of.task_claimed.overlap = 1000000;
	return event;
}

static struct event note(const char *key, const char *value)
{
	struct event event = { .type = EVENT_NOTE_WRITTEN, .number = 7, .at_us = AT_US };

	event.of.note_written.key = slice_of_str(key);
	event.of.note_written.value = slice_of_str(value);
	return event;
}

static struct event message(void)
{
	struct event event = { .type = EVENT_MESSAGE_SENT, .number = 9, .at_us = AT_US };

	event.of.message_sent.from = SLICE("s1");
	event.of.message_sent.to = SLICE("s2");
	event.of.message_sent.to_board = SLICE("demo");
	event.of.message_sent.body = SLICE("it's \"done\",\nall of it");
	return event;
}

static struct feed_filter open_filter(void)
{
	return (struct feed_filter){ .part = -1, .after = -1 };
}

static bool matches(struct event event, struct feed_filter filter)
{
	return feed_matches(&filter, &event);
}

#define MATCHES(event, ...) \
	matches(event, (struct feed_filter){ .part = -1, .after = -1, __VA_ARGS__ })

#define SAYS(write, event_made, expected)                                                 \
	do {                                                                              \
		struct buf out_ = { 0 };                                                  \
		struct event event_ = event_made;                                         \
		write(&event_, &out_);                                                    \
		ck_assert_str_eq(buf_str(&out_), expected);                               \
		buf_finish(&out_);                                                        \
	} while (0)

START_TEST(an_open_filter_lets_everything_through)
{
	struct feed_filter filter = open_filter();
	struct event events[] = { claimed(), note("k", "1"), message() };

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		ck_assert(feed_matches(&filter, &events[i]));
}
END_TEST

START_TEST(a_kind_is_whole_or_ends_in_a_dot)
{
	ck_assert(MATCHES(claimed(), .kind = SLICE("task.claimed")));
	ck_assert(MATCHES(claimed(), .kind = SLICE("task.")));
	ck_assert(!MATCHES(claimed(), .kind = SLICE("task")));
	ck_assert(!MATCHES(claimed(), .kind = SLICE("task.claime")));
	ck_assert(!MATCHES(claimed(), .kind = SLICE("swarm.")));
	ck_assert(!MATCHES(claimed(), .kind = SLICE("task.claimed.")));
}
END_TEST

START_TEST(a_swarm_is_found_wherever_it_stands)
{
	ck_assert(MATCHES(claimed(), .swarm = SLICE("s1")));
	ck_assert(MATCHES(claimed(), .swarm = SLICE("alice")));
	ck_assert(!MATCHES(claimed(), .swarm = SLICE("s2")));
	ck_assert(MATCHES(message(), .swarm = SLICE("s1")));
	ck_assert(MATCHES(message(), .swarm = SLICE("s2")));
	ck_assert(!MATCHES(message(), .swarm = SLICE("s")));
	ck_assert(!MATCHES(note("s1", "1"), .swarm = SLICE("s1")));
}
END_TEST

START_TEST(board_and_task_must_both_be_right)
{
	ck_assert(MATCHES(claimed(), .board = SLICE("demo"), .task = SLICE("T-1")));
	ck_assert(!MATCHES(claimed(), .board = SLICE("demo"), .task = SLICE("T-2")));
	ck_assert(!MATCHES(claimed(), .board = SLICE("other"), .task = SLICE("T-1")));
	ck_assert(MATCHES(message(), .board = SLICE("demo")));
	ck_assert(!MATCHES(note("demo", "1"), .board = SLICE("demo")));
}
END_TEST

START_TEST(times_and_numbers_bound_a_feed)
{
	struct feed_filter filter = open_filter();

	ck_assert(MATCHES(claimed(), .since_us = AT_US));
	ck_assert(!MATCHES(claimed(), .since_us = AT_US + 1));
	ck_assert(MATCHES(claimed(), .until_us = AT_US + 1));
	ck_assert(!MATCHES(claimed(), .until_us = AT_US));
	ck_assert(matches(claimed(), (struct feed_filter){ .part = -1, .after = 41 }));
	ck_assert(!matches(claimed(), (struct feed_filter){ .part = -1, .after = 42 }));
	ck_assert(matches(claimed(),
			   (struct feed_filter){ .part = PART_COORDINATOR, .after = -1 }));
	ck_assert(!matches(claimed(),
			   (struct feed_filter){ .part = PART_WITNESS, .after = -1 }));
	ck_assert(!feed_is_over(&filter, INT64_MAX));
	filter.until_us = AT_US;
	ck_assert(!feed_is_over(&filter, AT_US - 1));
	ck_assert(feed_is_over(&filter, AT_US));
}
END_TEST

START_TEST(watching_notes_shows_nothing_else)
{
	ck_assert(MATCHES(note("build.status", "1"), .only_notes = true));
	ck_assert(MATCHES(note("build.status", "1"), .only_notes = true,
			  .key_prefix = SLICE("build.")));
	ck_assert(!MATCHES(note("builds", "1"), .only_notes = true, .key_prefix = SLICE("build.")));
	ck_assert(!MATCHES(claimed(), .only_notes = true));
}
END_TEST

START_TEST(a_kind_that_no_event_has_is_refused)
{
	static const char *const kinds[] = { "", "task.claimed", "task.", "run.reported" };
	static const char *const others[] = { "nope", "task", "task.claim", ".", "task.claimed " };
	struct buf detail = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		ck_assert_int_eq(feed_filter_check(&(struct feed_filter){
			.kind = slice_of_str(kinds[i]) }, &detail), OK);
	ck_assert_uint_eq(detail.len, 0);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		ck_assert_int_eq(feed_filter_check(&(struct feed_filter){
			.kind = slice_of_str(others[i]) }, &detail), ERR_ARGUMENT_RANGE);
	ck_assert(slice_starts(buf_slice(&detail), SLICE("argument kind: no event is a nope; ")));
	buf_finish(&detail);
}
END_TEST

START_TEST(filters_come_from_the_arguments_of_every_feed)
{
	struct command command = { .type = COMMAND_WITNESS_TRACE };
	struct feed_filter filter;

	command.args.witness_trace.board = SLICE("demo");
	command.args.witness_trace.task = SLICE("T-1");
	feed_filter_init(&filter, &command);
	ck_assert(slice_is_str(filter.board, "demo") && slice_is_str(filter.task, "T-1"));
	ck_assert(filter.part == -1 && filter.after == -1 && !filter.only_notes);

	command = (struct command){ .type = COMMAND_GOVERNOR_VIOLATIONS };
	command.args.governor_violations.swarm = SLICE("s1");
	command.args.governor_violations.after = -1;
	feed_filter_init(&filter, &command);
	ck_assert(slice_is_str(filter.kind, "policy.violated") && slice_is_str(filter.swarm, "s1"));
	ck_assert(filter.part == -1 && filter.after == -1);

	command = (struct command){ .type = COMMAND_NOTE_WATCH };
	command.args.note_watch.prefix = SLICE("build.");
	command.args.note_watch.after = 5;
	feed_filter_init(&filter, &command);
	ck_assert(filter.only_notes && filter.after == 5);
	ck_assert(slice_is_str(filter.key_prefix, "build."));

	command = (struct command){ .type = COMMAND_WITNESS_EXPORT };
	command.args.witness_export = (struct cmd_witness_export){
		.part = PART_WITNESS, .kind = SLICE("task."), .swarm = SLICE("s1"),
		.board = SLICE("b"), .task = SLICE("t"), .since = 1, .until = 2, .after = 3,
	};
	feed_filter_init(&filter, &command);
	ck_assert(filter.part == PART_WITNESS && filter.since_us == 1 && filter.until_us == 2 &&
		  filter.after == 3 && !filter.only_notes);
	ck_assert(slice_is_str(filter.kind, "task.") && slice_is_str(filter.swarm, "s1") &&
		  slice_is_str(filter.board, "b") && slice_is_str(filter.task, "t"));
}
END_TEST

START_TEST(a_frame_has_its_number_and_kind)
{
	SAYS(feed_write_sse, note("k", "{\"a\":1}"),
	     "id: 7\nevent: note.written\ndata: "
	     "{\"event\":7,\"at\":\"2027-01-15T08:00:00.000000Z\",\"kind\":\"note.written\","
	     "\"part\":\"coordinator\",\"key\":\"k\",\"value\":{\"a\":1}}\n\n");
}
END_TEST

START_TEST(no_value_can_break_out_of_its_line)
{
	SAYS(feed_write_ndjson, note("k", "[1,\r\n\n2]"),
	     "{\"event\":7,\"at\":\"2027-01-15T08:00:00.000000Z\",\"kind\":\"note.written\","
	     "\"part\":\"coordinator\",\"key\":\"k\",\"value\":[1,   2]}\n");
}
END_TEST

START_TEST(a_row_quotes_what_needs_quotes)
{
	SAYS(feed_write_csv, message(),
	     "9,2027-01-15T08:00:00.000000Z,message.sent,coordinator,,,,,,"
	     "\"{\"\"from\"\":\"\"s1\"\",\"\"to\"\":\"\"s2\"\",\"\"to_board\"\":\"\"demo\"\","
	     "\"\"to_all\"\":false,\"\"body\"\":\"\"it's \\\"\"done\\\"\",\\nall of it\"\"}\"\r\n");
}
END_TEST

START_TEST(the_row_of_a_claim_shows_its_token)
{
	struct buf out = { 0 };
	struct event event = claimed();

	feed_write_csv(&event, &out);
	ck_assert(slice_starts(buf_slice(&out), SLICE("42,2027-01-15T08:00:00.000000Z,task.claimed,"
						      "coordinator,alice,demo,T-1,s1,42,\"{")));
	event = (struct event){ .type = EVENT_TASK_RELEASED, .number = 50, .at_us = AT_US };
	event.of.task_released = (struct ev_task_released){
		.board = SLICE("demo"), .task = SLICE("T-1"), .swarm = SLICE("s1"), .fence = 42,
	};
	buf_clear(&out);
	feed_write_csv(&event, &out);
	ck_assert(slice_starts(buf_slice(&out), SLICE("50,2027-01-15T08:00:00.000000Z,task.released,"
						      "coordinator,,demo,T-1,s1,42,\"{")));
	buf_clear(&out);
	feed_write_csv_header(&out);
	ck_assert(slice_is_str(buf_slice(&out),
			       "event,at,kind,part,by,board,task,swarm,fence,detail\r\n"));
	buf_finish(&out);
}
END_TEST

START_TEST(an_error_ends_a_stream_as_a_frame)
{
	struct buf out = { 0 };

	feed_write_sse_error(ERR_CURSOR_TRIMMED, SLICE("events before 17 are gone"), &out);
	ck_assert(slice_starts(buf_slice(&out), SLICE("event: error\ndata: {\"type\":")));
	ck_assert(slice_find(buf_slice(&out), SLICE("\"code\":\"cursor_trimmed\"")) > 0);
	ck_assert(slice_ends(buf_slice(&out), SLICE("}\n\n")));
	buf_finish(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("feed");
	TCase *tcase = tcase_create("feed");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, an_open_filter_lets_everything_through);
	tcase_add_test(tcase, a_kind_is_whole_or_ends_in_a_dot);
	tcase_add_test(tcase, a_swarm_is_found_wherever_it_stands);
	tcase_add_test(tcase, board_and_task_must_both_be_right);
	tcase_add_test(tcase, times_and_numbers_bound_a_feed);
	tcase_add_test(tcase, watching_notes_shows_nothing_else);
	tcase_add_test(tcase, a_kind_that_no_event_has_is_refused);
	tcase_add_test(tcase, filters_come_from_the_arguments_of_every_feed);
	tcase_add_test(tcase, a_frame_has_its_number_and_kind);
	tcase_add_test(tcase, no_value_can_break_out_of_its_line);
	tcase_add_test(tcase, a_row_quotes_what_needs_quotes);
	tcase_add_test(tcase, the_row_of_a_claim_shows_its_token);
	tcase_add_test(tcase, an_error_ends_a_stream_as_a_frame);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
