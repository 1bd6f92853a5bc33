/*
 * board_watch - a board that redraws itself when something happens.
 *
 * Events are pushed; a look at the whole board follows each batch of them, so
 * that what is shown is always one state of the board. On a pipe each change
 * is one line.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/board_frame.h"
#include "cli/call.h"
#include "cli/local.h"
#include "cli/print.h"
#include "cli/stream_view.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "sys/terminal.h"

#define ENTER "\033[?1049h\033[?25l"	/* the other screen, without a cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"
/* A look that takes long is taken less often: at most this part of the time goes into looking. */
#define LOOKING_PART 4

struct watch {
	struct cli *cli;
	const struct args *args;
	struct ifab_client *stream_client;
	struct arena arena;		/* of the document */
	struct board_doc doc;
	bool has_doc;
	struct json_value *board;	/* the last look */
	struct buf frame;
	bool on_terminal;
	bool is_connected;
	bool is_late;			/* something happened since the last look */
	bool until_done;
	bool is_done;
	int64_t looked_us;		/* when the last look ended, and how long it took */
	int64_t look_took_us;
	int code;			/* when a look failed */
};

/* ---- signals ------------------------------------------------------------------------------ */

static int stop_pipe[2] = { -1, -1 };
static volatile sig_atomic_t is_entered;

static void on_stop(int number)
{
	int before = errno;
	ssize_t written = write(stop_pipe[1], "", 1);

	(void)number;
	(void)written;
	errno = before;
}

/* ^Z gives the screen back; the next frame takes it again. */
static void on_suspend(int number)
{
	int before = errno;
	ssize_t written = is_entered ? write(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1) : 0;

	(void)written;
	is_entered = 0;
	signal(number, SIG_DFL);
	raise(number);
	errno = before;
}

static void on_continue(int number)
{
	(void)number;
	signal(SIGTSTP, on_suspend);
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static bool listen_for_signals(struct watch *watch)
{
	if (pipe(stop_pipe) != 0)
		return false;
	ifab_interrupt_on(watch->stream_client, stop_pipe[0]);
	ifab_set_retry(watch->stream_client, STREAM_PATIENCE_MS);
	handle(SIGINT, on_stop);
	handle(SIGTERM, on_stop);
	handle(SIGHUP, on_stop);
	if (watch->on_terminal) {
		struct sigaction suspend = { .sa_handler = on_suspend, .sa_flags = SA_NODEFER };

		sigemptyset(&suspend.sa_mask);
		sigaction(SIGTSTP, &suspend, NULL);
		handle(SIGCONT, on_continue);
	}
	return true;
}

/* ---- looking ------------------------------------------------------------------------------ */

static void forget_look(struct watch *watch)
{
	json_free(watch->board);
	watch->board = NULL;
	watch->has_doc = false;
	arena_reset(&watch->arena);
}

/* Asks for the whole board. False: it failed, and `code` says how. */
static bool look(struct watch *watch)
{
	struct ifab_reply reply = { 0 };
	int64_t began_us = clock_mono_us();
	struct progress progress;
	bool is_good = false;

	if (command_call(watch->cli, watch->args, &reply) != IFAB_OK) {
		watch->code = (int)ifab_last_error(watch->cli->client)->status;
	} else {
		struct slice body = slice_of(reply.body, reply.body_len);

		forget_look(watch);
		is_good = cli_parse(watch->cli, body, &watch->board) == OK;
		watch->code = is_good ? 0 : IFAB_FAILED;
		/* The answer is read again for its tasks' order: the document copies its texts. */
		body = arena_copy(&watch->arena, body);
		if (is_good && watch->on_terminal)
			watch->has_doc = board_doc_read(body, BOARD_JSON, &watch->arena,
							&watch->doc) == OK;
	}
	if (is_good) {
		progress = progress_of(watch->board);
		watch->is_done = progress_is_over(&progress, watch->board);
	}
	/* What could not be seen is looked at again when the daemon answers. */
	watch->is_late = !is_good;
	watch->looked_us = clock_mono_us();
	watch->look_took_us = watch->looked_us - began_us;
	ifab_reply_free(&reply);
	return is_good;
}

static bool may_look(const struct watch *watch)
{
	return clock_mono_us() - watch->looked_us >= watch->look_took_us * LOOKING_PART;
}

/* ---- on a terminal ------------------------------------------------------------------------ */

static void write_out(struct buf *bytes)
{
	enum err err = file_write_fd(STDOUT_FILENO, buf_slice(bytes));

	(void)err;	/* a terminal that is gone takes us with it by a signal */
	buf_clear(bytes);
}

/* Every line is cleared behind its end instead of the screen before it: nothing flickers. */
static void draw(struct watch *watch, const struct buf *frame)
{
	struct slice rest = buf_slice(frame);
	struct buf out = { 0 };

	if (!is_entered)
		buf_add_lit(&out, ENTER);
	is_entered = 1;
	buf_add_lit(&out, HOME);
	while (rest.len) {
		buf_add_slice(&out, slice_cut(&rest, '\n'));
		buf_add_lit(&out, CLEAR_LINE);
		if (rest.len)
			buf_add_lit(&out, "\r\n");
	}
	buf_add_lit(&out, CLEAR_REST);
	write_out(&out);
	buf_finish(&out);
	(void)watch;
}

static void make_frame(struct watch *watch, size_t height)
{
	struct frame frame = {
		.board = watch->board,
		.doc = watch->has_doc ? &watch->doc : NULL,
		.now_us = clock_wall_us(),
		.has_color = watch->cli->has_color,
		.is_connected = watch->is_connected,
	};
	int columns, rows;

	terminal_size(STDOUT_FILENO, &columns, &rows);
	frame.width = (size_t)columns;
	frame.height = height ? height : (size_t)rows - 1;
	buf_clear(&watch->frame);
	if (watch->board)
		frame_write(&frame, &watch->frame);
}

static void redraw(struct watch *watch)
{
	make_frame(watch, 0);
	draw(watch, &watch->frame);
}

/* ---- on a pipe ---------------------------------------------------------------------------- */

/* Signs of life change nothing on a board. */
static bool is_change(struct slice kind)
{
	static const char *const quiet[] = { "task.extended", "command.answered" };

	for (size_t i = 0; i < ARRAY_LEN(quiet); i++)
		if (slice_is_str(kind, quiet[i]))
			return false;
	return !slice_starts(kind, SLICE("swarm."));
}

static void print_change(struct watch *watch, const struct ifab_event *event)
{
	struct buf *out = &watch->cli->out;
	struct json_value *root;

	if (watch->cli->as_json) {
		buf_add(out, event->json, event->json_len);
		buf_add_byte(out, '\n');
		return;
	}
	if (cli_parse(watch->cli, slice_of(event->json, event->json_len), &root) != OK)
		return;
	print_clock(out, member_time(root, "at"), clock_wall_us());
	buf_add_lit(out, "  ");
	event_sentence(out, root);
	buf_add_byte(out, '\n');
	json_free(root);
}

static void print_counts(struct watch *watch)
{
	struct progress progress = progress_of(watch->board);
	struct buf *out = &watch->cli->out;

	if (watch->cli->as_json)
		return;
	print_clock(out, clock_wall_us(), clock_wall_us());
	buf_add_lit(out, "  ");
	buf_add_slice(out, member_text(watch->board, "board"));
	buf_add_lit(out, ": ");
	buf_add_i64(out, progress.done);
	buf_add_lit(out, " of ");
	buf_add_i64(out, progress.total);
	buf_add_lit(out, " done, ");
	buf_add_i64(out, progress.active);
	buf_add_lit(out, " claimed, ");
	buf_add_i64(out, progress.ready);
	buf_add_lit(out, " ready, ");
	buf_add_i64(out, progress.waiting);
	buf_add_lit(out, " waiting");
	if (progress.lost) {
		buf_add_lit(out, ", ");
		buf_add_i64(out, progress.lost);
		buf_add_lit(out, " failed or cancelled");
	}
	buf_add_byte(out, '\n');
}

/* ---- the stream --------------------------------------------------------------------------- */

static bool on_event(void *context, const struct ifab_event *event)
{
	struct watch *watch = context;

	watch->is_late = true;
	if (!watch->on_terminal && is_change(slice_of_str(event->kind)))
		print_change(watch, event);
	return true;
}

/* True: go on watching. */
static bool look_and_show(struct watch *watch)
{
	/* While the daemon is away the last look stays on the screen. */
	if (!look(watch) && watch->code != IFAB_UNREACHABLE)
		return false;
	if (watch->on_terminal)
		redraw(watch);
	else
		cli_flush(watch->cli);
	return !(watch->until_done && watch->is_done);
}

static bool on_batch(void *context)
{
	struct watch *watch = context;

	watch->is_connected = true;
	if (may_look(watch))
		return look_and_show(watch);
	if (!watch->on_terminal)
		cli_flush(watch->cli);
	return true;
}

static bool on_tick(void *context, bool is_connected)
{
	struct watch *watch = context;

	watch->is_connected = is_connected;
	if (is_connected && watch->is_late)
		return look_and_show(watch);
	if (watch->on_terminal)
		redraw(watch);
	return true;
}

/* The last event before the first look: what comes after it is new. */
static int64_t last_event(struct watch *watch)
{
	struct ifab_reply reply = { 0 };
	struct json_value *status;
	int64_t number = -1;

	if (command_call_json(watch->cli, "witness.head", SLICE("{}"), &reply) == IFAB_OK &&
	    cli_parse(watch->cli, slice_of(reply.body, reply.body_len), &status) == OK) {
		if (!json_get_i64(json_get(status, SLICE("last_event")), &number))
			number = -1;
		json_free(status);
	}
	ifab_reply_free(&reply);
	return number;
}

static int follow(struct watch *watch, int64_t after)
{
	struct ifab_stream stream = {
		.after = after,
		.on_event = on_event,
		.on_batch = on_batch,
		.on_tick = on_tick,
		.context = watch,
	};
	struct buf path = { 0 };
	enum ifab_status status;
	int code = 0;

	buf_add_lit(&path, "/v1/events?follow=true&board=");
	buf_add_slice(&path, member_text(watch->board, "board"));
	stream.path = buf_str(&path);
	status = ifab_events(watch->stream_client, &stream);
	if (watch->code && watch->code != IFAB_UNREACHABLE)
		code = watch->code;
	else if (status != IFAB_OK && status != IFAB_INTERRUPTED)
		code = (int)status;
	buf_finish(&path);
	return code;
}

/* What was on the other screen last stays to be seen on this one. */
static void leave_screen(struct watch *watch)
{
	struct buf out = { 0 };

	if (is_entered)
		buf_add_lit(&out, LEAVE);
	is_entered = 0;
	write_out(&out);
	make_frame(watch, 0);
	buf_add_slice(&watch->cli->out, buf_slice(&watch->frame));
	buf_finish(&out);
}

static int watch_on(struct watch *watch, int64_t after)
{
	int code;

	if (watch->on_terminal)
		redraw(watch);
	else
		print_counts(watch);
	cli_flush(watch->cli);
	code = watch->until_done && watch->is_done ? 0 : follow(watch, after);
	if (watch->on_terminal)
		leave_screen(watch);
	else if (watch->board && watch->until_done)
		print_counts(watch);
	if (code == IFAB_UNREACHABLE)
		cli_say_str(watch->cli, "the daemon does not answer any more");
	return code;
}

int board_watch_run(struct cli *cli, const struct args *args)
{
	/* The whole board is asked for as `board show` does. */
	struct args show = { .verb = verb_find("board", "show") };
	struct watch watch = {
		.cli = cli,
		.args = &show,
		.on_terminal = terminal_is(STDOUT_FILENO) && !args_number(args, "plain") &&
			       !cli->as_json,
		.is_connected = true,
		.until_done = args_number(args, "until_done"),
	};
	int64_t after;
	int code = 0;

	show.values[0] = *args_value(args, "board");
	if (!cli_client(cli, &code))
		return code;
	after = last_event(&watch);
	if (!look(&watch)) {
		code = cli_refuse_reply(cli, SLICE_EMPTY, &(struct ifab_reply){ 0 });
	} else {
		/* The stream does the waiting: a look that waits would hold up the screen. */
		ifab_set_retry(cli->client, 0);
		watch.stream_client = ifab_open(ifab_address(cli->client), NULL);
		if (!watch.stream_client || !listen_for_signals(&watch))
			code = cli_refuse(cli, ERR_OS, slice_of_str(strerror(errno)));
		else
			code = watch_on(&watch, after);
	}
	ifab_close(watch.stream_client);
	forget_look(&watch);
	arena_finish(&watch.arena);
	buf_finish(&watch.frame);
	return code;
}
