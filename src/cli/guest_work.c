#include "cli/guest_work.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/columns.h"

#define LOG_TAIL_BYTES 16384	/* of what it logs: as much as is kept of what a command prints */

struct guest_host {
	struct cli *cli;
	struct loop *loop;
	struct guest_module module;
	struct runner *runner;
	struct loop_fd *watched;
	struct guest_work *works;
	guest_open_fn *on_open;		/* NULL: it is open */
	void *context;
	bool is_gone;
};

struct guest_work {
	struct guest_host *host;
	struct guest_work *next;
	struct run *run;
	struct loop_timer *timer;
	struct buf log;
	pid_t proxy;			/* that has its grant; 0: it has none */
	int64_t limit_ms;
	bool is_late;			/* the order's time was over */
	bool is_told;
	bool has_lost_proxy;		/* when it ended */
	void (*on_log)(void *context, struct slice line);
	void (*on_end)(void *context);
	void *context;
};

/* ---- the sandbox ----------------------------------------------------------------------------- */

static struct guest_work *find_untold(const struct guest_host *host)
{
	struct guest_work *work = host->works;

	while (work && (work->is_told || !run_is_over(work->run)))
		work = work->next;
	return work;
}

/* The list may change with each that is told. */
static void tell_ends(struct guest_host *host)
{
	struct guest_work *work = find_untold(host);

	while (work) {
		work->is_told = true;
		work->has_lost_proxy = work->proxy && proxy_running(host->cli) != work->proxy;
		loop_timer_cancel(work->timer);
		work->on_end(work->context);
		work = find_untold(host);
	}
}

/* The last thing that is done with the host: it may be closed inside. */
static void go_on_opening(struct guest_host *host)
{
	guest_open_fn *on_open = host->on_open;
	struct buf detail = { 0 };
	bool is_open = false;
	enum err err = runner_opened(host->runner, &is_open, &detail);

	if (is_open)
		host->on_open = NULL;
	if (is_open || err != OK)
		on_open(host->context, host, err, buf_slice(&detail));
	buf_finish(&detail);
}

static void on_ready(void *context, unsigned ready)
{
	struct guest_host *host = context;

	(void)ready;
	if (host->on_open) {
		go_on_opening(host);
		return;
	}
	runner_step(host->runner);
	tell_ends(host);
}

static struct guest_host *host_create(struct cli *cli, struct loop *loop,
				      struct guest_module *module)
{
	struct guest_host *host = alloc_zero(1, sizeof(*host));

	host->cli = cli;
	host->loop = loop;
	host->module = *module;
	*module = (struct guest_module){ .id = "" };
	return host;
}

static enum err host_watch(struct guest_host *host, enum err err, struct guest_host **ret_host)
{
	if (err != OK) {
		guest_host_close(host);
		return err;
	}
	host->watched = loop_fd_open(host->loop, runner_fd(host->runner), on_ready, host);
	loop_fd_watch(host->watched, LOOP_READ);
	*ret_host = host;
	return OK;
}

enum err guest_host_open(struct cli *cli, struct loop *loop, struct guest_module *module,
			 struct guest_host **ret_host, struct buf *detail)
{
	struct guest_host *host = host_create(cli, loop, module);

	return host_watch(host, guest_runner_open(cli, &host->module, &host->runner, detail),
			  ret_host);
}

enum err guest_host_begin(struct cli *cli, struct loop *loop, struct guest_module *module,
			  guest_open_fn *on_open, void *context, struct guest_host **ret_host,
			  struct buf *detail)
{
	struct guest_host *host = host_create(cli, loop, module);

	host->on_open = on_open;
	host->context = context;
	return host_watch(host, guest_runner_begin(cli, &host->module, &host->runner, detail),
			  ret_host);
}

bool guest_host_is_open(const struct guest_host *host)
{
	return !host->on_open;
}

void guest_host_close(struct guest_host *host)
{
	if (!host)
		return;
	ENSURE(!host->works);
	if (host->watched)
		loop_fd_close(host->watched);
	runner_close(host->runner);
	guest_module_finish(&host->module);
	free(host);
}

const struct guest_module *guest_host_module(const struct guest_host *host)
{
	return &host->module;
}

const struct runner_info *guest_host_info(const struct guest_host *host)
{
	return runner_info(host->runner);
}

bool guest_host_is_idle(const struct guest_host *host)
{
	return !host->works && guest_host_is_open(host);
}

bool guest_host_is_gone(const struct guest_host *host)
{
	return host->is_gone;
}

/* ---- one run --------------------------------------------------------------------------------- */

static void on_log(void *context, int level, struct slice text)
{
	struct guest_work *work = context;
	struct buf line = { 0 };

	(void)level;
	text_add_visible(&line, text, false);
	buf_add_slice(&work->log, buf_slice(&line));
	buf_add_byte(&work->log, '\n');
	if (work->log.len > 2 * LOG_TAIL_BYTES)
		buf_drop(&work->log, work->log.len - LOG_TAIL_BYTES);
	if (work->on_log)
		work->on_log(work->context, buf_slice(&line));
	buf_finish(&line);
}

static void on_limit(void *context)
{
	struct guest_work *work = context;

	work->is_late = true;
	run_kill(work->run);
}

/* A contract that grants no request needs no proxy. */
static enum err open_way_out(struct guest_host *host, const struct egress_who *who, int *ret_fd,
			     struct buf *detail)
{
	struct buf answer = { 0 };
	enum err err = OK;

	*ret_fd = -1;
	if (host->module.contract.http_count)
		err = proxy_grant(host->cli, who, &host->module.contract, false, ret_fd, &answer,
				  detail);
	buf_finish(&answer);
	return err;
}

enum err guest_work_start(struct guest_host *host, const struct guest_order *order,
			  struct guest_work **ret_work, struct buf *detail)
{
	struct guest_work *work = alloc_zero(1, sizeof(*work));
	struct run_spec spec = {
		.input = order->input, .args = order->args, .environment = order->environment,
		.on_log = on_log, .context = work,
	};
	enum err err = open_way_out(host, order->who, &spec.egress, detail);

	if (err == OK) {
		err = runner_start(host->runner, &spec, &work->run, detail);
		host->is_gone = err == ERR_CHASSIS_FAILED;
	}
	if (spec.egress >= 0)
		close(spec.egress);
	if (err != OK) {
		free(work);
		return err;
	}
	work->host = host;
	work->proxy = spec.egress >= 0 ? proxy_running(host->cli) : 0;
	work->limit_ms = order->limit_ms;
	work->on_log = order->on_log;
	work->on_end = order->on_end;
	work->context = order->context;
	work->timer = loop_timer_open(host->loop, on_limit, work);
	if (work->limit_ms)
		loop_timer_set(work->timer, work->limit_ms * 1000);
	work->next = host->works;
	host->works = work;
	*ret_work = work;
	return OK;
}

void guest_work_kill(struct guest_work *work)
{
	loop_timer_cancel(work->timer);
	run_kill(work->run);
}

void guest_work_destroy(struct guest_work *work)
{
	struct guest_work **at;

	if (!work)
		return;
	at = &work->host->works;
	while (*at != work)
		at = &(*at)->next;
	*at = work->next;
	run_destroy(work->run);
	loop_timer_close(work->timer);
	buf_finish(&work->log);
	free(work);
}

/* Whole lines, where there are any. */
static struct slice tail_of(const struct guest_work *work)
{
	struct slice all = buf_slice(&work->log), rest;

	if (all.len <= LOG_TAIL_BYTES)
		return all;
	all = slice_from(all, all.len - LOG_TAIL_BYTES);
	rest = all;
	slice_cut(&rest, '\n');
	return rest.len ? rest : all;
}

struct guest_end guest_work_end(const struct guest_work *work)
{
	return (struct guest_end){
		.module = &work->host->module,
		.outcome = run_outcome(work->run),
		.limit_ms = work->is_late ? work->limit_ms : 0,
		.has_lost_proxy = work->has_lost_proxy,
		.log = tail_of(work),
	};
}
