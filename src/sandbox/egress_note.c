#include "sandbox/egress_note.h"

#include <errno.h>
#include <unistd.h>

#include "base/json.h"
#include "sys/files.h"
#include "sys/log.h"

#define PATH_BYTES_MAX 1024	/* that are noted of a path */
#define METHOD_BYTES_MAX 16

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

void egress_note_add(struct egress_notes *notes, const struct egress_note *note)
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
	json_put_str(&json, "result", note->err == OK ? "answered" : err_info(note->err)->code);
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
}
