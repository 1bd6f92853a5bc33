#include "cli/spawn_cost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "document/json.h"
#include "sys/files.h"

#define LINE_BYTES_MAX 4096
#define READ_BYTES 4096
#define DRAIN_READS_MAX 64	/* a pipe holds 64 KiB; who still writes is not heard for ever */
#define FILE_NAME "/cost"

struct cost_inbox {
	struct loop_fd *watched;
	int fd;
	struct buf folder, path;
	struct buf line;		/* as far as it has come */
	cost_line_fn *on_line;
	void *context;
};

static void end_line(struct cost_inbox *inbox)
{
	struct slice line = slice_trim(buf_slice(&inbox->line));

	if (line.len)
		inbox->on_line(inbox->context, line);
	buf_clear(&inbox->line);
}

/* What is too long is handed over cut off, and refused as what it then is. */
static void take(struct cost_inbox *inbox, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] == '\n')
			end_line(inbox);
		else if (inbox->line.len < LINE_BYTES_MAX)
			buf_add_byte(&inbox->line, bytes.ptr[i]);
	}
}

/* False when there was nothing. */
static bool read_some(struct cost_inbox *inbox)
{
	char bytes[READ_BYTES];
	ssize_t got;

	do {
		got = read(inbox->fd, bytes, sizeof(bytes));
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	take(inbox, slice_of(bytes, (size_t)got));
	return true;
}

static void on_readable(void *context, unsigned ready)
{
	(void)ready;
	read_some(context);
}

void cost_inbox_pause(struct cost_inbox *inbox, bool is_paused)
{
	loop_fd_watch(inbox->watched, is_paused ? 0 : LOOP_READ);
}

void cost_inbox_drain(struct cost_inbox *inbox)
{
	for (int i = 0; i < DRAIN_READS_MAX && read_some(inbox); i++)
		continue;
	end_line(inbox);
}

const char *cost_inbox_path(const struct cost_inbox *inbox)
{
	return inbox->path.ptr;
}

static bool make_file(struct cost_inbox *inbox)
{
	const char *place = getenv("TMPDIR");

	buf_add_str(&inbox->folder, place && place[0] ? place : "/tmp");
	buf_add_lit(&inbox->folder, "/if-cost-XXXXXX");
	if (!mkdtemp(buf_str(&inbox->folder))) {
		buf_clear(&inbox->folder);
		return false;
	}
	buf_add_slice(&inbox->path, buf_slice(&inbox->folder));
	buf_add_lit(&inbox->path, FILE_NAME);
	return file_open_pipe(buf_str(&inbox->path), &inbox->fd) == OK;
}

struct cost_inbox *cost_inbox_open(struct loop *loop, cost_line_fn *on_line, void *context)
{
	struct cost_inbox *inbox = alloc_zero(1, sizeof(*inbox));
	int saved;

	inbox->fd = -1;
	inbox->on_line = on_line;
	inbox->context = context;
	if (make_file(inbox)) {
		inbox->watched = loop_fd_open(loop, inbox->fd, on_readable, inbox);
		loop_fd_watch(inbox->watched, LOOP_READ);
		return inbox;
	}
	saved = errno;
	cost_inbox_close(inbox);
	errno = saved;
	return NULL;
}

void cost_inbox_close(struct cost_inbox *inbox)
{
	if (!inbox)
		return;
	if (inbox->watched)
		loop_fd_close(inbox->watched);
	if (inbox->fd >= 0)
		close(inbox->fd);
	if (inbox->path.len)
		unlink(buf_str(&inbox->path));
	if (inbox->folder.len)
		rmdir(buf_str(&inbox->folder));
	buf_finish(&inbox->folder);
	buf_finish(&inbox->path);
	buf_finish(&inbox->line);
	free(inbox);
}

/* ---- a line -------------------------------------------------------------------------------- */

static bool may_have(struct slice key)
{
	static const char *const keys[] = {
		"cost_usd", "model", "operation", "note", "input_tokens", "output_tokens",
		"cache_read_tokens", "cache_write_tokens",
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_is_str(key, keys[i]))
			return true;
	return false;
}

/* The rest is the daemon's to check: it says what is wrong with an amount. */
bool cost_line_read(struct slice line, struct buf *ret_members, struct buf *ret_reason)
{
	static const struct json_limits limits = {
		.bytes_max = LINE_BYTES_MAX, .depth_max = 1, .values_max = 16,
	};
	struct json_value *root = NULL;
	struct json_member member = { 0 };
	struct buf value = { 0 };
	struct json_writer json = json_begin(ret_members);
	bool is_cost = json_parse(line, &limits, &root, NULL) == OK &&
		       json_kind(root) == JSON_KIND_OBJECT && json_count(root) > 0;

	while (is_cost && json_next(root, &member)) {
		buf_clear(&value);
		json_dump(member.value, &value);
		json_key_slice(&json, member.key);
		json_raw(&json, buf_slice(&value));
		is_cost = may_have(member.key);
	}
	if (!is_cost) {
		buf_clear(ret_members);
		buf_add_lit(ret_reason, "a line in IF_COST_FILE is no cost: ");
		buf_add_slice(ret_reason, slice_head(line, 200));
	}
	buf_finish(&value);
	json_free(root);
	return is_cost;
}
