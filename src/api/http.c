#include "api/http.h"

#include "api/http_head.h"
#include "api/http_lines.h"
#include "api/http_parse.h"
#include "base/problem.h"

/* RFC 9112 asks to skip one; some old clients send two. */
#define EMPTY_LINES_MAX 4
/* Status line and our own headers, so that a reply reserves its room once. */
#define REPLY_HEAD_BYTES 256

enum step {
	STEP_WAIT,			/* more must come in first */
	STEP_AGAIN,			/* something was used up, or the phase changed */
	STEP_KEEP			/* must lie at the start of conn->in to go on */
};

/* ---- service and connection ---- */

void http_service_init(struct http_service *service, const struct http_ops *ops)
{
	*service = (struct http_service){ .ops = ops };
}

void http_service_finish(struct http_service *service)
{
	for (size_t i = 0; i < service->spare_count; i++)
		buf_finish(&service->spare[i]);
	buf_finish(&service->path);
	buf_finish(&service->problem);
	service->spare_count = 0;
}

/* An empty buffer that most often has room already. */
static void buf_take_spare(struct http_service *service, struct buf *buf)
{
	if (!buf->ptr && service->spare_count)
		*buf = service->spare[--service->spare_count];
}

/* Leaves nothing with a connection that may be idle for long. */
static void buf_give_back(struct http_service *service, struct buf *buf)
{
	buf_clear(buf);
	if (!buf->ptr)
		return;
	if (service->spare_count < HTTP_SPARE_BUFS_MAX && buf->capacity <= HTTP_SPARE_BYTES_MAX) {
		service->spare[service->spare_count++] = *buf;
		*buf = (struct buf){ 0 };
	} else {
		buf_finish(buf);
	}
}

void http_conn_init(struct http_conn *conn, struct http_service *service, void *owner)
{
	*conn = (struct http_conn){ .service = service, .owner = owner, .keep_alive = true };
}

void http_conn_finish(struct http_conn *conn)
{
	ENSURE(!conn->in_feed);
	buf_give_back(conn->service, &conn->in);
	buf_give_back(conn->service, &conn->out);
	http_dechunk_destroy(conn->dechunk);
	conn->dechunk = NULL;
	conn->out_sent = 0;
	conn->phase = HTTP_PHASE_CLOSING;
}

enum http_phase http_conn_phase(const struct http_conn *conn)
{
	return (enum http_phase)conn->phase;
}

struct slice http_conn_output(const struct http_conn *conn)
{
	return slice_from(buf_slice(&conn->out), conn->out_sent);
}

void http_conn_sent(struct http_conn *conn, size_t len)
{
	ENSURE(len <= conn->out.len - conn->out_sent);
	conn->out_sent += len;
	if (conn->out_sent == conn->out.len) {
		conn->out_sent = 0;
		buf_give_back(conn->service, &conn->out);
	}
}

/* Where output is added. What was sent makes room once it is the greater part. */
static struct buf *output(struct http_conn *conn)
{
	buf_take_spare(conn->service, &conn->out);
	if (conn->out_sent > conn->out.len / 2) {
		buf_drop(&conn->out, conn->out_sent);
		conn->out_sent = 0;
	}
	return &conn->out;
}

static bool reads_requests(const struct http_conn *conn)
{
	return conn->phase == HTTP_PHASE_IDLE || conn->phase == HTTP_PHASE_HEAD ||
	       conn->phase == HTTP_PHASE_BODY;
}

/* A client that pipelines and does not read must not fill our memory with replies. */
static bool can_take_request(const struct http_conn *conn)
{
	return reads_requests(conn) && conn->out.len - conn->out_sent < HTTP_QUEUED_BYTES_MAX;
}

bool http_conn_wants_input(const struct http_conn *conn)
{
	return !conn->is_held || conn->in.len < HTTP_WAITING_BYTES_MAX;
}

bool http_conn_can_resume(const struct http_conn *conn)
{
	return conn->is_held && can_take_request(conn);
}

static void forget_request(struct http_conn *conn)
{
	conn->scanned = 0;
	conn->line_state = 0;
	conn->empty_lines = 0;
	conn->head_len = 0;
	conn->body_len = 0;
	http_dechunk_destroy(conn->dechunk);
	conn->dechunk = NULL;
}

static void begin_closing(struct http_conn *conn)
{
	conn->phase = HTTP_PHASE_CLOSING;
	conn->keep_alive = false;
	conn->is_held = false;
	forget_request(conn);
	/* In a feed the request in hand may still point into it. */
	if (!conn->in_feed)
		buf_give_back(conn->service, &conn->in);
}

/* After what was fed is used up, or an answer is given: is there more to come? */
static void settle(struct http_conn *conn)
{
	if (conn->in_feed || !reads_requests(conn) || conn->is_held)
		return;
	if (conn->phase != HTTP_PHASE_BODY)
		conn->phase = conn->in.len ? HTTP_PHASE_HEAD : HTTP_PHASE_IDLE;
	if (!conn->input_ended)
		return;
	if (conn->phase == HTTP_PHASE_IDLE)
		begin_closing(conn);
	else
		http_refuse(conn, ERR_HTTP_SYNTAX, SLICE("the request ended before it was whole"),
			    SLICE_EMPTY);
}

/* ---- replies ---- */

static struct slice status_line(int status)
{
	switch (status) {
	case 200: return SLICE("HTTP/1.1 200 OK\r\n");
	case 201: return SLICE("HTTP/1.1 201 Created\r\n");
	case 202: return SLICE("HTTP/1.1 202 Accepted\r\n");
	case 204: return SLICE("HTTP/1.1 204 No Content\r\n");
	case 304: return SLICE("HTTP/1.1 304 Not Modified\r\n");
	case 400: return SLICE("HTTP/1.1 400 Bad Request\r\n");
	case 401: return SLICE("HTTP/1.1 401 Unauthorized\r\n");
	case 402: return SLICE("HTTP/1.1 402 Payment Required\r\n");
	case 403: return SLICE("HTTP/1.1 403 Forbidden\r\n");
	case 404: return SLICE("HTTP/1.1 404 Not Found\r\n");
	case 405: return SLICE("HTTP/1.1 405 Method Not Allowed\r\n");
	case 408: return SLICE("HTTP/1.1 408 Request Timeout\r\n");
	case 409: return SLICE("HTTP/1.1 409 Conflict\r\n");
	case 410: return SLICE("HTTP/1.1 410 Gone\r\n");
	case 407: return SLICE("HTTP/1.1 407 Proxy Authentication Required\r\n");
	case 412: return SLICE("HTTP/1.1 412 Precondition Failed\r\n");
	case 413: return SLICE("HTTP/1.1 413 Content Too Large\r\n");
	case 415: return SLICE("HTTP/1.1 415 Unsupported Media Type\r\n");
	case 417: return SLICE("HTTP/1.1 417 Expectation Failed\r\n");
	case 422: return SLICE("HTTP/1.1 422 Unprocessable Content\r\n");
	case 429: return SLICE("HTTP/1.1 429 Too Many Requests\r\n");
	case 500: return SLICE("HTTP/1.1 500 Internal Server Error\r\n");
	case 502: return SLICE("HTTP/1.1 502 Bad Gateway\r\n");
	case 503: return SLICE("HTTP/1.1 503 Service Unavailable\r\n");
	case 504: return SLICE("HTTP/1.1 504 Gateway Timeout\r\n");
	case 505: return SLICE("HTTP/1.1 505 HTTP Version Not Supported\r\n");
	case 507: return SLICE("HTTP/1.1 507 Insufficient Storage\r\n");
	default: return SLICE_EMPTY;
	}
}

/* Up to the headers that say how long the body is. */
static void add_head(struct http_conn *conn, struct buf *out, int status, const char *content_type,
		     struct slice headers)
{
	struct slice line = status_line(status);

	ENSURE(status >= 200 && status <= 599);
	if (line.len) {
		buf_add_slice(out, line);
	} else {
		buf_add_lit(out, "HTTP/1.1 ");
		buf_add_i64(out, status);
		buf_add_lit(out, " Status\r\n");
	}
	if (content_type) {
		buf_add_lit(out, "Content-Type: ");
		buf_add_str(out, content_type);
		buf_add_lit(out, "\r\n");
	}
	if (!conn->keep_alive)
		buf_add_lit(out, "Connection: close\r\n");
	else if (conn->is_http_1_0)
		buf_add_lit(out, "Connection: keep-alive\r\n");
	buf_add_slice(out, headers);
}

static void end_reply(struct http_conn *conn)
{
	if (conn->keep_alive) {
		conn->phase = HTTP_PHASE_IDLE;
		settle(conn);
	} else {
		begin_closing(conn);
	}
}

static void add_reply(struct http_conn *conn, int status, const char *content_type,
		      struct slice headers, struct slice body)
{
	struct buf *out = output(conn);

	buf_reserve(out, REPLY_HEAD_BYTES + headers.len + body.len);
	add_head(conn, out, status, content_type, headers);
	if (status != 204 && status != 304) {
		buf_add_lit(out, "Content-Length: ");
		buf_add_u64(out, body.len);
		buf_add_lit(out, "\r\n");
	}
	buf_add_lit(out, "\r\n");
	if (!conn->is_head && status != 204 && status != 304)
		buf_add_slice(out, body);
}

void http_reply(struct http_conn *conn, int status, const char *content_type, struct slice headers,
		struct slice body)
{
	ENSURE(conn->phase == HTTP_PHASE_REPLY);
	add_reply(conn, status, content_type, headers, body);
	end_reply(conn);
}

static void add_problem(struct http_conn *conn, enum err err, struct slice detail,
			struct slice headers, struct slice members)
{
	struct buf *text = &conn->service->problem;
	struct json_writer json = json_begin(text);

	buf_clear(text);
	problem_write(&json, err, detail, SLICE_EMPTY, members);
	add_reply(conn, err_info(err)->http_status, PROBLEM_MEDIA_TYPE, headers, buf_slice(text));
}

void http_reply_error(struct http_conn *conn, enum err err, struct slice detail,
		      struct slice members)
{
	ENSURE(conn->phase == HTTP_PHASE_REPLY);
	add_problem(conn, err, detail, SLICE_EMPTY, members);
	end_reply(conn);
}

void http_refuse(struct http_conn *conn, enum err err, struct slice detail, struct slice headers)
{
	if (conn->phase == HTTP_PHASE_CLOSING)
		return;
	conn->keep_alive = false;
	/* In the midst of a stream there is no way to say it but to break off. */
	if (conn->phase != HTTP_PHASE_STREAM)
		add_problem(conn, err, detail, headers, SLICE_EMPTY);
	begin_closing(conn);
}

void http_conn_close_after(struct http_conn *conn)
{
	conn->keep_alive = false;
	if (conn->phase == HTTP_PHASE_IDLE)
		begin_closing(conn);
}

/* ---- streams ---- */

bool http_stream_begin(struct http_conn *conn, const char *content_type, struct slice headers)
{
	struct buf *out = output(conn);

	ENSURE(conn->phase == HTTP_PHASE_REPLY);
	if (conn->is_http_1_0)
		conn->keep_alive = false;	/* its end is that of the connection */
	add_head(conn, out, 200, content_type, headers);
	if (!conn->is_http_1_0)
		buf_add_lit(out, "Transfer-Encoding: chunked\r\n");
	buf_add_lit(out, "\r\n");
	if (conn->is_head) {
		end_reply(conn);
		return false;
	}
	conn->phase = HTTP_PHASE_STREAM;
	return true;
}

void http_stream_write(struct http_conn *conn, struct slice bytes)
{
	struct buf *out = output(conn);
	char size[2 * sizeof(bytes.len)];
	size_t at = sizeof(size);

	ENSURE(conn->phase == HTTP_PHASE_STREAM);
	if (bytes.len == 0)
		return;
	if (conn->is_http_1_0) {
		buf_add_slice(out, bytes);
		return;
	}
	for (size_t rest = bytes.len; rest; rest >>= 4)
		size[--at] = "0123456789abcdef"[rest & 15];
	buf_reserve(out, sizeof(size) + 4 + bytes.len);
	buf_add(out, size + at, sizeof(size) - at);
	buf_add_lit(out, "\r\n");
	buf_add_slice(out, bytes);
	buf_add_lit(out, "\r\n");
}

void http_stream_end(struct http_conn *conn)
{
	ENSURE(conn->phase == HTTP_PHASE_STREAM);
	if (!conn->is_http_1_0)
		buf_add_lit(output(conn), "0\r\n\r\n");
	end_reply(conn);
}

/* ---- requests ---- */

static enum step refuse(struct http_conn *conn, enum err err, const char *detail)
{
	http_refuse(conn, err, slice_of_str(detail), SLICE_EMPTY);
	return STEP_AGAIN;
}

static enum step refuse_body_size(struct http_conn *conn)
{
	struct buf detail = { 0 };

	buf_add_lit(&detail, "http_body_bytes_max: this body may take ");
	buf_add_u64(&detail, conn->body_bytes_max);
	buf_add_lit(&detail, " bytes");
	http_refuse(conn, ERR_LIMIT_EXCEEDED, buf_slice(&detail), SLICE_EMPTY);
	buf_finish(&detail);
	return STEP_AGAIN;
}

/* application/json, or one of a list that is separated by spaces. */
static bool media_type_is_taken(struct slice type, const char *others)
{
	struct slice rest = slice_of_str(others);

	if (slice_is_nocase(type, SLICE("application/json")))
		return true;
	while (rest.len > 0) {
		if (slice_is_nocase(slice_cut(&rest, ' '), type) && type.len)
			return true;
	}
	return false;
}

/* Asks on_headers. What it refuses is answered here. */
static enum err admit(struct http_conn *conn, const struct http_head *head)
{
	const struct http_service *service = conn->service;
	struct http_admission admission = { .body_bytes_max = HTTP_BODY_BYTES_MAX };
	enum err err = OK;

	if (service->ops->on_headers)
		err = service->ops->on_headers(conn, &head->request, &admission);
	if (!err && (head->is_chunked || head->body_len) && !service->is_proxy &&
	    !media_type_is_taken(http_request_media_type(&head->request), admission.media_types))
		err = ERR_MEDIA_TYPE;
	conn->body_bytes_max = admission.body_bytes_max;
	if (!err)
		return OK;
	/* With no body in the way the connection is still in step. */
	if (head->is_chunked || head->body_len)
		conn->keep_alive = false;
	add_problem(conn, err, slice_of_str(admission.detail), admission.headers, SLICE_EMPTY);
	return err;
}

static void deliver(struct http_conn *conn, struct http_request *request, struct slice body)
{
	request->body = body;
	forget_request(conn);
	conn->phase = HTTP_PHASE_REPLY;
	conn->service->ops->on_request(conn, request);
}

static enum err read_head(struct http_conn *conn, struct slice bytes, struct http_head *ret_head,
			  const char **ret_detail)
{
	struct http_service *service = conn->service;

	return http_head_read(bytes, service->headers, &service->path, service->is_proxy, ret_head,
			      ret_detail);
}

/* The head has just become whole. */
static enum step begin_request(struct http_conn *conn, struct slice work, size_t *ret_used)
{
	struct slice head_bytes = slice_head(work, conn->head_len);
	struct http_head head;
	const char *detail;
	enum err err = read_head(conn, head_bytes, &head, &detail);

	if (err)
		return refuse(conn, err, detail);
	conn->is_head = slice_is(head.request.method, SLICE("HEAD"));
	conn->is_http_1_0 = head.request.is_http_1_0;
	conn->keep_alive &= head.keep_alive;
	if (admit(conn, &head) != OK) {
		*ret_used = conn->head_len;
		forget_request(conn);
		end_reply(conn);
		return STEP_AGAIN;
	}
	if (head.body_len > conn->body_bytes_max)
		return refuse_body_size(conn);
	conn->body_len = head.body_len;
	if (!head.is_chunked && work.len - conn->head_len >= conn->body_len) {
		*ret_used = conn->head_len + conn->body_len;
		deliver(conn, &head.request,
			slice_head(slice_from(work, conn->head_len), conn->body_len));
		return STEP_AGAIN;
	}
	conn->phase = HTTP_PHASE_BODY;
	if (head.expects_continue && work.len == conn->head_len)
		buf_add_lit(output(conn), "HTTP/1.1 100 Continue\r\n\r\n");
	if (!head.is_chunked)
		return STEP_WAIT;
	conn->dechunk = http_dechunk_create();
	return STEP_KEEP;
}

static enum step read_lines(struct http_conn *conn, struct slice work, size_t *ret_used)
{
	/* One byte more than is allowed: however the bytes were cut, the same answer. */
	struct slice head = slice_head(work, HTTP_HEAD_BYTES_MAX + 1);
	size_t used;

	/* What the last request was no longer shapes an answer. */
	conn->is_head = false;
	conn->is_http_1_0 = false;
	switch (http_lines_scan(&conn->line_state, slice_from(head, conn->scanned), &used)) {
	case HTTP_LINES_BAD:
		return refuse(conn, ERR_HTTP_SYNTAX,
			      "a line does not end in CR LF, is continued, or holds a control "
			      "character");
	case HTTP_LINES_MORE:
		conn->scanned += used;
		if (conn->scanned > HTTP_HEAD_BYTES_MAX)
			break;
		return STEP_WAIT;
	case HTTP_LINES_EMPTY:
		conn->scanned += used;
		if (conn->scanned > HTTP_HEAD_BYTES_MAX)
			break;
		if (conn->scanned > 2) {
			conn->head_len = conn->scanned;
			return begin_request(conn, work, ret_used);
		}
		if (++conn->empty_lines > EMPTY_LINES_MAX)
			return refuse(conn, ERR_HTTP_SYNTAX, "there are only empty lines");
		*ret_used = conn->scanned;
		conn->scanned = 0;
		return STEP_AGAIN;
	}
	return refuse(conn, ERR_LIMIT_EXCEEDED,
		      "http_head_bytes_max: the request line and headers may take "
		      HTTP_TEXT_OF(HTTP_HEAD_BYTES_MAX) " bytes");
}

/* Reads the head again, which was found good before: other heads were in its place since. */
static void deliver_kept(struct http_conn *conn, struct slice work)
{
	struct http_head head;
	const char *detail;

	ENSURE(read_head(conn, slice_head(work, conn->head_len), &head, &detail) == OK);
	deliver(conn, &head.request,
		slice_head(slice_from(work, conn->head_len), conn->body_len));
}

/* Data goes behind the body so far: what lies there was framing or has been moved. */
static void on_chunk_data(void *context, struct slice data)
{
	struct http_conn *conn = context;

	/* Counted beyond the limit as well, so that going over it is seen. */
	if (conn->body_len + data.len <= conn->body_bytes_max)
		memmove(conn->in.ptr + conn->head_len + conn->body_len, data.ptr, data.len);
	conn->body_len += data.len;
}

/* conn->in holds the head, the body so far, and chunks that came in since. */
static enum step read_chunks(struct http_conn *conn, struct slice work, size_t *ret_used)
{
	size_t raw_at = conn->head_len + conn->body_len, used = 0, end;
	enum http_dechunk_result result;

	if (work.len == raw_at)
		return STEP_WAIT;
	result = http_dechunk_feed(conn->dechunk, slice_from(work, raw_at), on_chunk_data, conn,
				   &used);
	if (conn->body_len > conn->body_bytes_max)
		return refuse_body_size(conn);
	if (result == HTTP_DECHUNK_BAD)
		return refuse(conn, ERR_HTTP_SYNTAX, "a chunk of the body is malformed");
	end = conn->head_len + conn->body_len;
	memmove(conn->in.ptr + end, conn->in.ptr + raw_at + used, work.len - raw_at - used);
	conn->in.len = end + work.len - raw_at - used;
	if (result == HTTP_DECHUNK_MORE)
		return STEP_WAIT;
	*ret_used = end;
	deliver_kept(conn, work);
	return STEP_AGAIN;
}

static enum step step(struct http_conn *conn, struct slice work, size_t *ret_used)
{
	if (!conn->head_len)
		return read_lines(conn, work, ret_used);
	if (conn->dechunk)
		return read_chunks(conn, work, ret_used);
	if (work.len - conn->head_len < conn->body_len)
		return STEP_WAIT;
	*ret_used = conn->head_len + conn->body_len;
	deliver_kept(conn, work);
	return STEP_AGAIN;
}

/*
 * The request that comes whole in one piece, as nearly all do, is read
 * where it lies; conn->in is only for what has to wait.
 */
static void run_steps(struct http_conn *conn, struct slice bytes)
{
	bool is_kept = conn->in.len > 0;
	enum step next = STEP_AGAIN;
	size_t used = 0;

	if (is_kept)
		buf_add_slice(&conn->in, bytes);
	while (next != STEP_WAIT && can_take_request(conn)) {
		struct slice work = slice_from(is_kept ? buf_slice(&conn->in) : bytes, used);
		size_t took = 0;

		if (work.len == 0)
			break;
		next = step(conn, work, &took);
		used += took;
		if (next == STEP_KEEP && !is_kept) {
			buf_take_spare(conn->service, &conn->in);
			buf_add_slice(&conn->in, slice_from(bytes, used));
			is_kept = true;
			used = 0;
		} else if (next == STEP_KEEP) {
			buf_drop(&conn->in, used);
			used = 0;
		}
	}
	if (is_kept) {
		buf_drop(&conn->in, used);
	} else if (used < bytes.len) {
		buf_take_spare(conn->service, &conn->in);
		buf_add_slice(&conn->in, slice_from(bytes, used));
	}
	conn->is_held = conn->in.len > 0 && !can_take_request(conn);
}

void http_conn_feed(struct http_conn *conn, struct slice bytes)
{
	ENSURE(!conn->in_feed);
	if (conn->phase == HTTP_PHASE_CLOSING)
		return;
	conn->in_feed = true;
	run_steps(conn, bytes);
	conn->in_feed = false;
	if (conn->phase == HTTP_PHASE_CLOSING || conn->in.len == 0)
		buf_give_back(conn->service, &conn->in);
	if (conn->phase == HTTP_PHASE_CLOSING)
		conn->is_held = false;
	settle(conn);
}

void http_conn_end(struct http_conn *conn)
{
	conn->input_ended = true;
	settle(conn);
}
