#include "sandbox/egress_note.h"

#include <errno.h>
#include <unistd.h>

#include "base/json.h"
#include "sys/files.h"
#include "sys/log.h"

#define PATH_BYTES_MAX 1024	/* that are noted of a path */
#define METHOD_BYTES_MAX 16
#define HOST_BYTES_MAX 240	/* what a ledger takes, with a port; no name is longer */

enum err egress_notes_open(const char *path, struct egress_notes *ret_notes)
{
	*ret_notes = (struct egress_notes){ .fd = -1 };
	return file_open_append(path, &ret_notes->fd);
}

void egress_notes_close(struct egress_notes *notes)
{
	if (notes->fd >= 0)
		close(notes->fd);
	buf_finish(&notes->pending);
	notes->fd = -1;
}

bool egress_notes_are_kept(struct egress_notes *notes)
{
	while (notes->pending.len) {
		ssize_t put = write(notes->fd, notes->pending.ptr, notes->pending.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			log_event(LOG_LEVEL_ERROR, "egress", "what was asked for cannot be recorded",
				  LOG_FIELDS(log_i64("errno", errno)));
			return false;
		}
		buf_drop(&notes->pending, (size_t)put);
	}
	return true;
}

static void put_url(struct json_writer *json, const struct egress_url *url)
{
	if (!url->whole.len)
		return;
	json_put_str(json, "scheme", contract_scheme_names[url->scheme]);
	json_put_text(json, "host", buf_slice(&url->host));
	json_put_i64(json, "port", url->port);
	json_put_text(json, "path", slice_head(buf_slice(&url->path), PATH_BYTES_MAX));
}

static const char *result_of(const struct egress_note *note)
{
	if (note->is_dropped)
		return "dropped";
	return note->err == OK ? "answered" : err_info(note->err)->code;
}

/* As `chassis note-request` takes it. What names no host is in the file alone. */
static void tell_daemon(struct egress_daemon *daemon, const struct egress_note *note)
{
	const struct egress_url *url = &note->asked->url;
	struct buf body = { 0 }, text = { 0 };
	struct json_writer json = json_begin(&body);

	if (!url->whole.len)
		return;
	json_object(&json);
	if (note->who->board.len)
		json_put_text(&json, "board", note->who->board);
	if (note->who->task.len)
		json_put_text(&json, "task", note->who->task);
	buf_add_slice(&text, slice_head(buf_slice(&url->host), HOST_BYTES_MAX));
	if (url->port != (url->scheme == CONTRACT_HTTPS ? 443 : 80)) {
		buf_add_byte(&text, ':');
		buf_add_u64(&text, url->port);
	}
	json_put_text(&json, "host", buf_slice(&text));
	json_put_text(&json, "method", slice_head(note->asked->method, METHOD_BYTES_MAX));
	json_put_text(&json, "path", slice_head(buf_slice(&url->path), PATH_BYTES_MAX));
	json_put_i64(&json, "status", note->status);
	json_put_i64(&json, "bytes", (int64_t)(note->asked->body.len + note->answer_bytes));
	json_put_i64(&json, "duration_ms", note->duration_us / 1000);
	buf_clear(&text);
	/* Which rule let it through, or what was in its way. */
	if (note->err != OK || note->is_dropped)
		buf_add_str(&text, result_of(note));
	else
		buf_add_i64(&text, note->rule);
	json_put_text(&json, "rule", buf_slice(&text));
	json_put_bool(&json, "denied", note->rule == CONTRACT_NO_RULE ||
					       note->err == ERR_ADDRESS_DENIED);
	json_object_end(&json);
	egress_daemon_note(daemon, note->who->swarm, buf_slice(&body));
	buf_finish(&body);
	buf_finish(&text);
}

void egress_note_add(struct egress_notes *notes, const struct egress_note *note,
		     struct egress_daemon *daemon)
{
	struct json_writer json = json_begin(&notes->pending);

	json_object(&json);
	json_put_time(&json, "at", note->at_us);
	json_put_text(&json, "swarm", note->who->swarm);
	if (note->who->board.len)
		json_put_text(&json, "board", note->who->board);
	if (note->who->task.len)
		json_put_text(&json, "task", note->who->task);
	if (note->who->fence)
		json_put_i64(&json, "fence", note->who->fence);
	/* A method that was refused may be anything; one that is known is a token. */
	if (note->asked->url.whole.len)
		json_put_text(&json, "method", slice_head(note->asked->method, METHOD_BYTES_MAX));
	put_url(&json, &note->asked->url);
	json_put_str(&json, "result", result_of(note));
	if (note->status)
		json_put_i64(&json, "status", note->status);
	json_put_i64(&json, "request_bytes", (int64_t)note->asked->body.len);
	json_put_i64(&json, "response_bytes", (int64_t)note->answer_bytes);
	json_put_i64(&json, "duration_ms", note->duration_us / 1000);
	if (note->rule != CONTRACT_NO_RULE)
		json_put_i64(&json, "rule", note->rule);
	if (note->secrets.len)
		json_put_text(&json, "secrets", note->secrets);
	if (note->address.len)
		json_put_text(&json, "address", note->address);
	json_object_end(&json);
	buf_add_byte(&notes->pending, '\n');
	egress_notes_are_kept(notes);
	if (daemon)
		tell_daemon(daemon, note);
}
