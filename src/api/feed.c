#include "api/feed.h"

#include "base/ensure.h"
#include "base/problem.h"

/* ---- which events --------------------------------------------------------------------------- */

/* The commands share names, not members: an argument that the row lacks reads as not given. */
static const void *argument(const struct command *command, const char *name)
{
	const struct schema *schema = &command_table[command->type].args;
	const struct field *field = schema_find(schema, slice_of_str(name));

	return field ? (const char *)&command->args + field->offset : NULL;
}

static struct slice text_argument(const struct command *command, const char *name)
{
	const struct slice *text = argument(command, name);

	return text ? *text : SLICE_EMPTY;
}

static int64_t number_argument(const struct command *command, const char *name, int64_t absent)
{
	const int64_t *number = argument(command, name);

	return number ? *number : absent;
}

void feed_filter_init(struct feed_filter *filter, const struct command *command)
{
	*filter = (struct feed_filter){
		.part = number_argument(command, "part", -1),
		.after = number_argument(command, "after", -1),
		.since_us = number_argument(command, "since", 0),
		.until_us = number_argument(command, "until", 0),
		.kind = text_argument(command, "kind"),
		.swarm = text_argument(command, "swarm"),
		.board = text_argument(command, "board"),
		.task = text_argument(command, "task"),
		.key_prefix = text_argument(command, "prefix"),
		.only_notes = command->type == COMMAND_NOTE_WATCH,
	};
	if (command->type == COMMAND_GOVERNOR_VIOLATIONS)
		filter->kind = SLICE("policy.violated");
}

static bool kind_matches(struct slice wanted, const char *kind)
{
	struct slice is = slice_of_str(kind);

	return wanted.ptr[wanted.len - 1] == '.' ? slice_starts(is, wanted) : slice_is(is, wanted);
}

enum err feed_filter_check(const struct feed_filter *filter, struct buf *ret_detail)
{
	if (filter->kind.len == 0)
		return OK;
	for (size_t i = 0; i < event_count; i++)
		if (kind_matches(filter->kind, event_table[i]->kind))
			return OK;
	buf_add_lit(ret_detail, "argument kind: no event is a ");
	buf_add_slice(ret_detail, filter->kind);
	buf_add_lit(ret_detail, "; task.claimed is one, and task. stands for all of tasks");
	return ERR_ARGUMENT_RANGE;
}

static bool text_matches(struct slice wanted, const struct event *event, const char *field)
{
	return slice_is(event_text(event, field), wanted);
}

static bool swarm_matches(struct slice swarm, const struct event *event)
{
	return slice_is(event->actor, swarm) || text_matches(swarm, event, "swarm") ||
	       text_matches(swarm, event, "from") || text_matches(swarm, event, "to");
}

static bool note_matches(struct slice prefix, const struct event *event)
{
	return (event->type == EVENT_NOTE_WRITTEN || event->type == EVENT_NOTE_DELETED) &&
	       slice_starts(event_text(event, "key"), prefix);
}

bool feed_matches(const struct feed_filter *filter, const struct event *event)
{
	const struct event_info *info = event_info((uint64_t)event->type);

	ENSURE(info != NULL);
	/* Comparing numbers first: most events of most feeds end there or pass all of it. */
	if ((filter->after >= 0 && event->number <= (uint64_t)filter->after) ||
	    event->at_us < filter->since_us || feed_is_over(filter, event->at_us) ||
	    (filter->part >= 0 && (int64_t)info->part != filter->part))
		return false;
	if (filter->only_notes && !note_matches(filter->key_prefix, event))
		return false;
	if (filter->kind.len && !kind_matches(filter->kind, info->kind))
		return false;
	if (filter->task.len && !text_matches(filter->task, event, "task"))
		return false;
	if (filter->board.len && !text_matches(filter->board, event, "board") &&
	    !text_matches(filter->board, event, "to_board"))
		return false;
	return filter->swarm.len == 0 || swarm_matches(filter->swarm, event);
}

bool feed_is_over(const struct feed_filter *filter, int64_t at_us)
{
	return filter->until_us > 0 && at_us >= filter->until_us;
}

/* ---- their forms ---------------------------------------------------------------------------- */

/*
 * JSON that somebody sent may be written over several lines, and a frame may
 * not. Outside of its strings a line break is a space; inside there is none.
 */
static void join_lines(struct buf *out, size_t from)
{
	for (size_t i = from; i < out->len; i++)
		if (out->ptr[i] == '\n' || out->ptr[i] == '\r')
			out->ptr[i] = ' ';
}

static void write_json_line(const struct event *event, struct buf *out)
{
	struct json_writer json = json_begin(out);
	size_t from = out->len;

	event_write_json(event, &json);
	join_lines(out, from);
}

void feed_write_sse(const struct event *event, struct buf *out)
{
	const struct event_info *info = event_info((uint64_t)event->type);

	ENSURE(info != NULL);
	buf_add_lit(out, "id: ");
	buf_add_u64(out, event->number);
	buf_add_lit(out, "\nevent: ");
	buf_add_str(out, info->kind);
	buf_add_lit(out, "\ndata: ");
	write_json_line(event, out);
	buf_add_lit(out, "\n\n");
}

void feed_write_sse_cursor(uint64_t after, struct buf *out)
{
	buf_add_lit(out, "id: ");
	buf_add_u64(out, after);
	buf_add_lit(out, "\n\n");
}

void feed_write_sse_error(enum err err, struct slice detail, struct buf *out)
{
	struct json_writer json = json_begin(out);

	buf_add_lit(out, "event: error\ndata: ");
	problem_write(&json, err, detail, SLICE_EMPTY, SLICE_EMPTY);
	buf_add_lit(out, "\n\n");
}

void feed_write_ndjson(const struct event *event, struct buf *out)
{
	write_json_line(event, out);
	buf_add_byte(out, '\n');
}

void feed_write_csv_header(struct buf *out)
{
	buf_add_lit(out, "event,at,kind,part,by,board,task,swarm,fence,detail\r\n");
}

/* Quoted where RFC 4180 asks for it; a quote is written twice. */
static void add_csv_text(struct slice text, struct buf *out)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len && !quoted; i++)
		quoted = text.ptr[i] == '"' || text.ptr[i] == ',' || text.ptr[i] == '\n' ||
			 text.ptr[i] == '\r';
	if (!quoted) {
		buf_add_slice(out, text);
		return;
	}
	buf_add_byte(out, '"');
	while (text.len) {
		ptrdiff_t quote = slice_find_byte(text, '"');
		size_t len = quote < 0 ? text.len : (size_t)quote + 1;

		buf_add(out, text.ptr, len);
		if (quote >= 0)
			buf_add_byte(out, '"');
		text = slice_from(text, len);
	}
	buf_add_byte(out, '"');
}

static void add_csv_fence(const struct event *event, const struct event_info *info, struct buf *out)
{
	const struct field *fence = schema_find(&info->fields, SLICE("fence"));

	/* A claim's token is the number of the event that made it. */
	if (event->type == EVENT_TASK_CLAIMED)
		buf_add_u64(out, event->number);
	else if (fence)
		buf_add_i64(out, *(const int64_t *)(const void *)
					((const char *)&event->of + fence->offset));
}

static void add_csv_detail(const struct event *event, const struct event_info *info,
			   struct buf *out)
{
	struct buf detail = { 0 };
	struct json_writer json = json_begin(&detail);

	json_object(&json);
	schema_write_json(&info->fields, &event->of, &json);
	if (info->has_spec) {
		json_key(&json, "spec");
		json_object(&json);
		schema_write_json_set(&task_spec_schema, &event->spec, &json);
		json_object_end(&json);
	}
	json_object_end(&json);
	join_lines(&detail, 0);
	add_csv_text(buf_slice(&detail), out);
	buf_finish(&detail);
}

void feed_write_csv(const struct event *event, struct buf *out)
{
	static const char *const columns[] = { "board", "task", "swarm" };
	const struct event_info *info = event_info((uint64_t)event->type);

	ENSURE(info != NULL);
	buf_add_u64(out, event->number);
	buf_add_byte(out, ',');
	buf_add_time(out, event->at_us);
	buf_add_byte(out, ',');
	buf_add_str(out, info->kind);
	buf_add_byte(out, ',');
	buf_add_str(out, part_names[info->part]);
	buf_add_byte(out, ',');
	add_csv_text(event->actor, out);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		buf_add_byte(out, ',');
		add_csv_text(event_text(event, columns[i]), out);
	}
	buf_add_byte(out, ',');
	add_csv_fence(event, info, out);
	buf_add_byte(out, ',');
	add_csv_detail(event, info, out);
	buf_add_lit(out, "\r\n");
}
