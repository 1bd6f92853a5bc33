#include "sandbox/egress_daemon.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "client/address.h"
#include "client/transport.h"
#include "document/json.h"
#include "sys/log.h"

#define TRY_AGAIN_US 1000000
#define ANSWER_US 10000000
#define ANSWER_BYTES_MAX 65536

struct note {
	struct note *next;
	struct buf path, body;
};

struct egress_daemon {
	struct egress_daemons *of;
	struct address address;
	struct transport *transport;
	struct loop_fd *watched;
	struct loop_timer *timer;	/* tries again, or gives an answer up */
	struct note *first, *last;	/* the first is under way when there is an exchange */
	size_t note_count;
	struct exchange *exchange;
	struct transport_answer answer;
	struct buf answer_body, reason;
};

struct egress_daemons {
	struct loop *loop;
	struct egress_daemon *items[EGRESS_DAEMONS_MAX];
	size_t count;
};

struct egress_check {
	struct exchange *exchange;
	struct loop_timer *timer;
	struct transport_answer answer;
	struct buf request, body, reason;
	egress_check_fn *fn;
	void *context;
};

/* ---- what answers say ----------------------------------------------------------------------- */

/* The problem of an answer: its code when it is one of ours, and a sentence. */
static enum err read_problem(const struct transport_answer *answer, struct buf *detail)
{
	static const struct json_limits limits = {
		.bytes_max = ANSWER_BYTES_MAX, .depth_max = 8, .values_max = 1000,
	};
	struct json_value *root = NULL;
	struct slice text;
	enum err err = ERR_EGRESS_DENIED;

	if (json_parse(buf_slice(answer->body), &limits, &root, NULL) != OK)
		root = NULL;
	if (root && json_get_text(json_get(root, SLICE("code")), &text) &&
	    err_of_code(text) != ERR_COUNT)
		err = err_of_code(text);
	if (root && json_get_text(json_get(root, SLICE("detail")), &text))
		buf_add_slice(detail, text);
	if (root)
		json_free(root);
	return err;
}

static bool is_taken(enum transport_end end, const struct transport_answer *answer)
{
	return end == TRANSPORT_DONE && answer->http_status >= 200 && answer->http_status < 300;
}

/* ---- notes ---------------------------------------------------------------------------------- */

static void send_first(struct egress_daemon *daemon);

static void forget_first(struct egress_daemon *daemon)
{
	struct note *note = daemon->first;

	daemon->first = note->next;
	if (!daemon->first)
		daemon->last = NULL;
	daemon->note_count--;
	buf_finish(&note->path);
	buf_finish(&note->body);
	free(note);
}

static void on_noted(void *context, enum transport_end end)
{
	struct egress_daemon *daemon = context;
	struct buf detail = { 0 };

	daemon->exchange = NULL;
	loop_timer_cancel(daemon->timer);
	if (end != TRANSPORT_DONE || daemon->answer.http_status >= 500) {
		loop_timer_set(daemon->timer, TRY_AGAIN_US);
		return;
	}
	if (!is_taken(end, &daemon->answer)) {
		enum err err = read_problem(&daemon->answer, &detail);

		log_event(LOG_LEVEL_WARN, "egress", "a request is not in the ledger",
			  LOG_FIELDS(log_err(err), log_text("detail", buf_slice(&detail))));
	}
	buf_finish(&detail);
	forget_first(daemon);
	send_first(daemon);
}

static void send_first(struct egress_daemon *daemon)
{
	struct transport_request request = {
		.method = "POST", .headers = { "content-type: application/json" }, .header_count = 1,
	};

	if (daemon->exchange || !daemon->first)
		return;
	buf_clear(&daemon->answer_body);
	buf_clear(&daemon->reason);
	daemon->answer = (struct transport_answer){
		.body = &daemon->answer_body, .reason = &daemon->reason,
	};
	request.path = buf_str(&daemon->first->path);
	request.body = buf_slice(&daemon->first->body);
	daemon->exchange = exchange_start(daemon->transport, &request, &daemon->answer, on_noted,
					  daemon);
	loop_timer_set(daemon->timer, daemon->exchange ? ANSWER_US : TRY_AGAIN_US);
}

/* An answer that does not come, or the time to try again. */
static void on_note_timer(void *context)
{
	struct egress_daemon *daemon = context;

	exchange_drop(daemon->exchange);
	daemon->exchange = NULL;
	send_first(daemon);
}

void egress_daemon_note(struct egress_daemon *daemon, struct slice swarm, struct slice body)
{
	struct note *note;

	if (daemon->note_count == EGRESS_DAEMON_NOTES_MAX) {
		log_event(LOG_LEVEL_WARN, "egress",
			  "the coordinator is away; requests are missing in its ledger", LOG_NO_FIELDS);
		return;
	}
	note = alloc_zero(1, sizeof(*note));
	/* An id needs no escapes. */
	buf_add_lit(&note->path, "/v1/swarms/");
	buf_add_slice(&note->path, swarm);
	buf_add_lit(&note->path, "/requests");
	buf_add_slice(&note->body, body);
	if (daemon->last)
		daemon->last->next = note;
	else
		daemon->first = note;
	daemon->last = note;
	daemon->note_count++;
	if (daemon->note_count == 1)
		send_first(daemon);
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void check_free(struct egress_check *check)
{
	loop_timer_close(check->timer);
	buf_finish(&check->request);
	buf_finish(&check->body);
	buf_finish(&check->reason);
	free(check);
}

static void end_check(struct egress_check *check, enum err err, struct buf *detail)
{
	egress_check_fn *fn = check->fn;
	void *context = check->context;

	check_free(check);
	fn(context, err, buf_slice(detail));
	buf_finish(detail);
}

static void on_checked(void *context, enum transport_end end)
{
	struct egress_check *check = context;
	struct buf detail = { 0 };
	enum err err = OK;

	if (end != TRANSPORT_DONE) {
		buf_add_lit(&detail, "the token cannot be checked: ");
		buf_add_slice(&detail, buf_slice(&check->reason));
		err = ERR_DAEMON_UNREACHABLE;
	} else if (!is_taken(end, &check->answer)) {
		err = read_problem(&check->answer, &detail);
	}
	end_check(check, err, &detail);
}

static void on_check_timer(void *context)
{
	struct egress_check *check = context;
	struct buf detail = { 0 };

	exchange_drop(check->exchange);
	buf_add_lit(&detail, "the token could not be checked in time");
	end_check(check, ERR_DAEMON_UNREACHABLE, &detail);
}

struct egress_check *egress_check_start(struct egress_daemon *daemon, struct slice body,
					egress_check_fn *fn, void *context)
{
	struct egress_check *check = alloc_zero(1, sizeof(*check));
	struct transport_request request = {
		.method = "POST", .path = "/v1/credentials/check",
		.headers = { "content-type: application/json" }, .header_count = 1,
	};

	check->fn = fn;
	check->context = context;
	check->timer = loop_timer_open(daemon->of->loop, on_check_timer, check);
	buf_add_slice(&check->request, body);
	request.body = buf_slice(&check->request);
	check->answer = (struct transport_answer){ .body = &check->body, .reason = &check->reason };
	check->exchange = exchange_start(daemon->transport, &request, &check->answer, on_checked,
					 check);
	if (!check->exchange) {
		check_free(check);
		return NULL;
	}
	loop_timer_set(check->timer, ANSWER_US);
	return check;
}

void egress_check_drop(struct egress_check *check)
{
	if (!check)
		return;
	exchange_drop(check->exchange);
	check_free(check);
}

/* ---- coordinators --------------------------------------------------------------------------- */

static void on_transport(void *context, unsigned ready)
{
	struct egress_daemon *daemon = context;

	(void)ready;
	transport_turn(daemon->transport);
}

static void daemon_destroy(struct egress_daemon *daemon)
{
	exchange_drop(daemon->exchange);
	while (daemon->first)
		forget_first(daemon);
	if (daemon->watched)
		loop_fd_close(daemon->watched);
	if (daemon->timer)
		loop_timer_close(daemon->timer);
	transport_close(daemon->transport);
	address_finish(&daemon->address);
	buf_finish(&daemon->answer_body);
	buf_finish(&daemon->reason);
	free(daemon);
}

/* The address is the daemon's from now on. */
static enum err daemon_open(struct egress_daemons *daemons, const struct address *address,
			    struct egress_daemon **ret_daemon, struct buf *detail)
{
	struct egress_daemon *daemon = alloc_zero(1, sizeof(*daemon));

	daemon->of = daemons;
	daemon->address = *address;
	daemon->transport = transport_open(&daemon->address);
	if (!daemon->transport || transport_fd(daemon->transport) < 0) {
		buf_add_lit(detail, "there is no memory or descriptor for the coordinator");
		daemon_destroy(daemon);
		return ERR_OS;
	}
	daemon->timer = loop_timer_open(daemons->loop, on_note_timer, daemon);
	daemon->watched = loop_fd_open(daemons->loop, transport_fd(daemon->transport), on_transport,
				       daemon);
	loop_fd_watch(daemon->watched, LOOP_READ);
	*ret_daemon = daemon;
	return OK;
}

static struct egress_daemon *find_daemon(const struct egress_daemons *daemons, struct slice address)
{
	for (size_t i = 0; i < daemons->count; i++)
		if (slice_is(buf_slice(&daemons->items[i]->address.text), address))
			return daemons->items[i];
	return NULL;
}

enum err egress_daemon_at(struct egress_daemons *daemons, struct slice text,
			  struct egress_daemon **ret_daemon, struct buf *detail)
{
	struct address address = { 0 };
	char *copy = alloc_copy(text.ptr, text.len);
	enum err err = address_read(copy, &address, detail);

	free(copy);
	if (err != OK)
		return err;
	*ret_daemon = find_daemon(daemons, buf_slice(&address.text));
	if (*ret_daemon || daemons->count == EGRESS_DAEMONS_MAX) {
		address_finish(&address);
		if (*ret_daemon)
			return OK;
		buf_add_lit(detail, "egress_daemons_max: the proxy knows 64 coordinators");
		return ERR_LIMIT_EXCEEDED;
	}
	err = daemon_open(daemons, &address, ret_daemon, detail);
	if (err == OK)
		daemons->items[daemons->count++] = *ret_daemon;
	return err;
}

bool egress_daemons_are_quiet(const struct egress_daemons *daemons)
{
	for (size_t i = 0; i < daemons->count; i++)
		if (daemons->items[i]->note_count)
			return false;
	return true;
}

struct egress_daemons *egress_daemons_create(struct loop *loop)
{
	struct egress_daemons *daemons = alloc_zero(1, sizeof(*daemons));

	daemons->loop = loop;
	return daemons;
}

void egress_daemons_destroy(struct egress_daemons *daemons)
{
	if (!daemons)
		return;
	for (size_t i = 0; i < daemons->count; i++)
		daemon_destroy(daemons->items[i]);
	free(daemons);
}
