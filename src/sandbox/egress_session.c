#include "sandbox/egress_session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "sandbox/egress.h"
#include "sandbox/egress_http.h"
#include "sys/log.h"

#define READ_BYTES 65536
#define OUTPUT_BYTES_MAX 65536		/* of replies that wait to be sent, then requests wait too */

struct egress_session {
	struct egress_service *service;
	int fd;
	struct loop_fd *watched;
	struct loop_timer *timer;	/* until the grant is there */
	struct buf in, out;
	size_t out_sent;
	struct egress_account account;
	bool has_account;
	struct egress_http *http;	/* NULL: the grant does not ask for it */
	struct arena arena;		/* of the request under way */
	struct buf body;
	struct egress_ask *ask;		/* under way; NULL: none */
	bool is_ending;			/* nothing more is read; closed when all is sent */
	bool is_working;		/* inside of work() */
	egress_session_over_fn *on_over;
	void *context;
};

/* How long a message may be at this moment. */
static size_t message_max(const struct egress_session *session)
{
	size_t body;

	if (!session->has_account)
		return EGRESS_GRANT_BYTES_MAX;
	body = egress_account_request_bytes(&session->account);
	return body / 3 * 4 + 2 * EGRESS_HEAD_BYTES_MAX + EGRESS_URL_BYTES_MAX;
}

static void watch(struct egress_session *session)
{
	bool is_full = session->in.len >= message_max(session) + READ_BYTES;
	bool has_output = session->out.len > session->out_sent;

	loop_fd_watch(session->watched, (session->is_ending || is_full ? 0u : LOOP_READ) |
						(has_output ? LOOP_WRITE : 0u));
}

static void add_message(struct egress_session *session, struct slice text)
{
	egress_add_length(&session->out, text.len);
	buf_add_slice(&session->out, text);
}

static void add_error(struct egress_session *session, enum err err, struct slice detail)
{
	struct buf text = { 0 };

	egress_write_error(err, detail, 0, &text);
	add_message(session, buf_slice(&text));
	buf_finish(&text);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void work(struct egress_session *session);

static void on_answer(void *context, const struct egress_answer *answer)
{
	struct egress_session *session = context;
	struct buf text = { 0 };

	if (answer->err == OK)
		egress_write_reply(answer->status, answer->head, answer->body, &text);
	else
		egress_write_error(answer->err, answer->detail, answer->retry_after_ms, &text);
	add_message(session, buf_slice(&text));
	buf_finish(&text);
	buf_finish(&session->body);
	arena_reset(&session->arena);
	work(session);
}

static void take_request(struct egress_session *session, struct slice text)
{
	struct egress_asked asked;
	struct buf detail = { 0 };
	enum err err = egress_read_request(text, egress_account_request_bytes(&session->account),
					   &session->arena, &session->body, &asked, &detail);

	if (err == OK)
		egress_ask_start(&session->account, &asked, on_answer, session, &session->ask);
	else
		egress_ask_refuse(&session->account, &asked, err, buf_slice(&detail), on_answer,
				  session, &session->ask);
	buf_finish(&detail);
}

/* ---- the grant ------------------------------------------------------------------------------ */

static enum err begin_http(struct egress_session *session, struct json_writer *json,
			   struct buf *detail)
{
	enum err err = egress_http_open(&session->account, &session->http, detail);

	if (err != OK)
		return err;
	json_put_i64(json, "port", egress_http_port(session->http));
	json_put_text(json, "password", egress_http_password(session->http));
	return OK;
}

static void take_grant(struct egress_session *session, struct slice text)
{
	struct buf detail = { 0 }, answer = { 0 };
	struct json_writer json = json_begin(&answer);
	enum err err = egress_account_open(session->service, text, &session->account, &detail);

	session->has_account = err == OK;
	json_object(&json);
	json_put_bool(&json, "ok", true);
	if (err == OK && session->account.grant.listen)
		err = begin_http(session, &json, &detail);
	json_object_end(&json);
	loop_timer_cancel(session->timer);
	if (err == OK) {
		const struct egress_grant *grant = &session->account.grant;

		add_message(session, buf_slice(&answer));
		log_event(LOG_LEVEL_INFO, "egress", "a grant begins",
			  LOG_FIELDS(log_text("swarm", grant->who.swarm),
				     log_text("task", grant->who.task),
				     log_i64("rules", (int64_t)grant->contract.http_count)));
	} else {
		add_error(session, err, buf_slice(&detail));
		session->is_ending = true;
	}
	seal_wipe_buf(&answer);
	buf_finish(&detail);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

/* The first message that is whole; false: none is. */
static bool cut_message(struct egress_session *session, struct slice *ret_text)
{
	size_t len;

	if (session->in.len < EGRESS_LENGTH_BYTES)
		return false;
	len = egress_length(session->in.ptr);
	if (len > message_max(session)) {
		add_error(session, ERR_LIMIT_EXCEEDED,
			  SLICE("the message is longer than any that the grant lets through"));
		session->is_ending = true;
		return false;
	}
	if (session->in.len - EGRESS_LENGTH_BYTES < len)
		return false;
	*ret_text = slice_of(session->in.ptr + EGRESS_LENGTH_BYTES, len);
	return true;
}

/* False: the other end is gone. */
static bool send_some(struct egress_session *session)
{
	struct slice rest = slice_from(buf_slice(&session->out), session->out_sent);
	ssize_t put;

	if (rest.len == 0)
		return true;
	do {
		put = write(session->fd, rest.ptr, rest.len);
	} while (put < 0 && errno == EINTR);
	if (put < 0)
		return errno == EAGAIN;
	session->out_sent += (size_t)put;
	if (session->out_sent == session->out.len) {
		buf_finish(&session->out);
		session->out_sent = 0;
	}
	return true;
}

/* Takes what is there; an answer that comes from inside of it leads to the next round. */
static size_t take_messages(struct egress_session *session)
{
	struct slice text;
	size_t count = 0;

	/* Whoever does not take its replies is not served further. */
	while (!session->ask && !session->is_ending &&
	       session->out.len - session->out_sent < OUTPUT_BYTES_MAX &&
	       cut_message(session, &text)) {
		size_t len = text.len + EGRESS_LENGTH_BYTES;

		if (session->has_account)
			take_request(session, text);
		else
			take_grant(session, text);
		buf_drop(&session->in, len);
		count++;
	}
	return count;
}

static void work(struct egress_session *session)
{
	bool is_there;

	if (session->is_working)
		return;
	session->is_working = true;
	/* What is sent makes room for further replies, and nothing else would wake us for them. */
	do {
		is_there = send_some(session);
	} while (is_there && take_messages(session));
	session->is_working = false;
	if (!is_there || (session->is_ending && session->out.len == 0)) {
		session->on_over(session->context, session);
		return;
	}
	watch(session);
}

/* False: the other end is gone. */
static bool receive(struct egress_session *session)
{
	ssize_t got = read(session->fd, buf_reserve(&session->in, READ_BYTES), READ_BYTES);

	if (got > 0)
		session->in.len += (size_t)got;
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void on_ready(void *context, unsigned ready)
{
	struct egress_session *session = context;

	if ((ready & LOOP_READ) && !session->is_ending && !receive(session))
		session->on_over(session->context, session);
	else
		work(session);
}

static void on_no_grant(void *context)
{
	struct egress_session *session = context;

	session->on_over(session->context, session);
}

/* ---- opening -------------------------------------------------------------------------------- */

struct egress_session *egress_session_open(struct egress_service *service, int fd,
					   egress_session_over_fn *on_over, void *context)
{
	struct egress_session *session = alloc_zero(1, sizeof(*session));

	session->service = service;
	session->fd = fd;
	session->on_over = on_over;
	session->context = context;
	session->timer = loop_timer_open(service->loop, on_no_grant, session);
	session->watched = loop_fd_open(service->loop, fd, on_ready, session);
	loop_timer_set(session->timer, EGRESS_GRANT_WAIT_US);
	watch(session);
	return session;
}

void egress_session_close(struct egress_session *session)
{
	egress_ask_drop(session->ask);
	egress_http_close(session->http);
	if (session->has_account)
		egress_account_close(&session->account);
	loop_timer_close(session->timer);
	loop_fd_close(session->watched);
	close(session->fd);
	buf_finish(&session->in);
	buf_finish(&session->out);
	buf_finish(&session->body);
	arena_finish(&session->arena);
	free(session);
}
