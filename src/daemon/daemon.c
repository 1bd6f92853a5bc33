#include "daemon/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "bus/memory.h"
#include "bus/sqlite.h"
#include "sys/clock.h"
#include "sys/log.h"

#define DRAIN_US 5000000	/* for answers to reach their clients when stopping */

static void on_signal(void *context, int signal_number)
{
	struct daemon *daemon = context;

	log_event(LOG_LEVEL_INFO, "daemon", "stopping",
		  LOG_FIELDS(log_i64("signal", signal_number)));
	daemon->stopping = true;
	loop_stop(daemon->loop);
}

/* The hook after the turn does the work; the timer only sees to it that there is a turn. */
static void on_timer(void *context)
{
	(void)context;
}

static enum err open_bus(struct daemon *daemon, struct buf *ret_detail)
{
	if (!daemon->config.ledger_path) {
		daemon->bus = bus_memory_create();
		return OK;
	}
	return bus_sqlite_open(daemon->config.ledger_path, NULL, &daemon->bus, ret_detail);
}

static void open_flight(struct daemon *daemon)
{
	struct buf path = { 0 };

	if (!daemon->config.ledger_path)
		return;
	buf_add_str(&path, daemon->config.ledger_path);
	buf_add_lit(&path, "-flight");
	flight_open(&daemon->flight, buf_str(&path));
	buf_finish(&path);
}

/* After the ledger: whoever has its lock is alone with what lies beside it. */
static enum err open_tokens(struct daemon *daemon, struct buf *ret_detail)
{
	struct buf path = { 0 };
	enum err err;

	if (daemon->config.ledger_path) {
		buf_add_str(&path, daemon->config.ledger_path);
		buf_add_lit(&path, "-key");
	}
	err = tokens_open(&daemon->tokens, path.len ? buf_str(&path) : NULL, ret_detail);
	buf_finish(&path);
	return err;
}

static void begin_reign(struct daemon *daemon)
{
	struct slice culprit = flight_culprit(&daemon->flight);
	int64_t now_us = daemon_now_us(daemon);

	ledger_begin_reign(&daemon->ledger);
	machine_begin_reign(&daemon->machine, daemon->ledger.epoch, slice_of_str(IF_VERSION),
			    now_us);
	if (culprit.len == 0)
		return;
	log_event(LOG_LEVEL_ERROR, "daemon", "a command stopped the daemon twice and is quarantined",
		  LOG_FIELDS(log_text("command", culprit)));
	machine_quarantine(&daemon->machine, culprit, now_us);
}

static enum err open_ledger(struct daemon *daemon, struct buf *ret_detail)
{
	enum err err = open_bus(daemon, ret_detail);

	if (err == OK)
		err = ledger_open(&daemon->ledger, daemon->bus, ret_detail);
	if (err == OK)
		err = daemon_recover(daemon, ret_detail);
	if (err == OK)
		err = open_tokens(daemon, ret_detail);
	if (err != OK)
		return err;
	open_flight(daemon);
	begin_reign(daemon);
	commit_now(daemon);
	if (daemon->health.err != OK)
		buf_add_slice(ret_detail, buf_slice(&daemon->health.detail));
	return daemon->health.err;
}

static enum err open_server(struct daemon *daemon, struct buf *ret_detail)
{
	struct server_config config;

	server_config_init(&config);
	config.unix_path = daemon->config.socket_path;
	config.tcp_address = daemon->config.tcp_address;
	return server_open(daemon->loop, &config, &request_ops, daemon, ret_detail,
			   &daemon->server);
}

static enum err open_loop(struct daemon *daemon)
{
	enum err err = loop_open(&daemon->loop);

	/* A file that may not grow is an error of the write, not the end of the process. */
	signal(SIGXFSZ, SIG_IGN);
	if (err != OK)
		return err;
	daemon->timer = loop_timer_open(daemon->loop, on_timer, daemon);
	daemon->probe = loop_timer_open(daemon->loop, commit_probe, daemon);
	daemon->rest = loop_timer_open(daemon->loop, commit_rest, daemon);
	daemon->terminate = loop_signal_open(daemon->loop, SIGTERM, on_signal, daemon);
	daemon->interrupt = loop_signal_open(daemon->loop, SIGINT, on_signal, daemon);
	return writer_open(daemon->loop, &daemon->writer);
}

enum err daemon_open(struct daemon *daemon, const struct daemon_config *config,
		     struct buf *ret_detail)
{
	enum err err;

	*daemon = (struct daemon){
		.config = *config, .next_batch = 1, .started_us = clock_mono_us(),
	};
	router_init(&daemon->router);
	err = open_loop(daemon);
	/* Listening first: who finds the socket in use must not touch the ledger. */
	if (err == OK)
		err = open_server(daemon, ret_detail);
	if (err == OK)
		err = notify_open(daemon, ret_detail);
	if (err == OK)
		err = open_ledger(daemon, ret_detail);
	if (err == OK)
		notify_rebuilt(daemon);
	if (err == OK)
		loop_add_hook(daemon->loop, LOOP_PHASE_WORK, commit_work, daemon);
	return err;
}

void daemon_run(struct daemon *daemon)
{
	int64_t until_us;

	loop_run(daemon->loop);
	/* Those who wait are told, what was decided is appended, what was answered is sent. */
	commit_end_waits(daemon);
	commit_now(daemon);
	server_shut_down(daemon->server);
	until_us = clock_mono_us() + DRAIN_US;
	while (server_connection_count(daemon->server) && clock_mono_us() < until_us)
		loop_run_once(daemon->loop, 100000);
	commit_now(daemon);
}

static void close_loop(struct daemon *daemon)
{
	if (!daemon->loop)
		return;
	loop_timer_close(daemon->timer);
	loop_timer_close(daemon->probe);
	loop_timer_close(daemon->rest);
	loop_signal_close(daemon->terminate);
	loop_signal_close(daemon->interrupt);
	loop_close(daemon->loop);
}

void daemon_close(struct daemon *daemon)
{
	if (daemon->loop)
		loop_remove_hook(daemon->loop, LOOP_PHASE_WORK, commit_work, daemon);
	if (daemon->server)
		server_close(daemon->server);
	streams_finish(daemon);
	control_finish(daemon);
	notify_close(daemon);
	writer_close(daemon->writer);
	snapshots_finish(daemon);
	trim_finish(daemon);
	if (daemon->machine.state.boards.item_size)
		machine_finish(&daemon->machine);
	if (daemon->ledger.bus)
		ledger_close(&daemon->ledger);
	bus_close(daemon->bus);
	flight_close(&daemon->flight);
	tokens_close(&daemon->tokens);
	commit_finish(daemon);
	arena_finish(&daemon->arena);
	buf_finish(&daemon->detail);
	buf_finish(&daemon->members);
	close_loop(daemon);
}
