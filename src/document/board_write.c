/*
 * board_write - a board as JSON, and as the two languages for drawing graphs
 * that people have at hand.
 */
#include "base/json.h"
#include "base/text.h"
#include "document/board_build.h"

static const char *status_name(enum doc_status status)
{
	static const char *const names[] = {
		[DOC_OPEN] = "ready",	  [DOC_CLAIMED] = "claimed", [DOC_DONE] = "done",
		[DOC_BLOCKED] = "blocked", [DOC_FAILED] = "failed",   [DOC_CANCELLED] = "cancelled",
	};

	ENSURE((size_t)status < ARRAY_LEN(names));
	return names[status];
}

static void write_field(const struct field *field, const struct doc_task *task,
			struct json_writer *json)
{
	const void *at = (const char *)task + field->offset;

	json_key(json, field->name);
	if (field->kind == FIELD_JSON)
		json_raw(json, *(const struct slice *)at);
	else if (field->kind == FIELD_TIME && *(const int64_t *)at == 0)
		json_str(json, "1970-01-01T00:00:00Z");
	else if (field->kind == FIELD_TIME)
		json_time(json, *(const int64_t *)at);
	else if (field->kind == FIELD_MONEY)
		json_money(json, *(const int64_t *)at);
	else if (field_is_number(field->kind))
		json_i64(json, *(const int64_t *)at);
	else if (field_is_list(field->kind))
		json_texts(json, *(const struct slice_list *)at);
	else
		json_text(json, *(const struct slice *)at);
}

static void write_task(const struct doc_task *task, struct json_writer *json)
{
	json_object(json);
	json_put_text(json, "task", task->id);
	json_put_str(json, "kind", task->filler ? "filler" : "critical");
	json_put_str(json, "status", status_name(task->status));
	for (size_t i = 0; i < board_task_schema.count; i++)
		if (!board_field_is_absent(&board_task_schema.fields[i], task))
			write_field(&board_task_schema.fields[i], task, json);
	json_object_end(json);
}

void board_doc_write_json(const struct board_doc *doc, struct buf *out)
{
	struct json_writer json = json_begin(out);

	json_object(&json);
	json_put_text(&json, "board", doc->id);
	json_put_text(&json, "title", doc->title);
	json_key(&json, "tasks");
	json_array(&json);
	for (size_t i = 0; i < doc->task_count; i++)
		write_task(&doc->tasks[i], &json);
	json_array_end(&json);
	json_object_end(&json);
	buf_add_byte(out, '\n');
}

static const char *status_colour(enum doc_status status)
{
	static const char *const colours[] = {
		[DOC_OPEN] = "#dbeafe",	   [DOC_CLAIMED] = "#fef3c7", [DOC_DONE] = "#dcfce7",
		[DOC_BLOCKED] = "#fee2e2", [DOC_FAILED] = "#fecaca",  [DOC_CANCELLED] = "#e5e7eb",
	};

	ENSURE((size_t)status < ARRAY_LEN(colours));
	return colours[status];
}

static void dot_text(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '"' || c == '\\')
			buf_add_byte(out, '\\');
		if (c == '\n')
			buf_add_lit(out, "\\n");
		else
			buf_add_byte(out, c);
	}
}

static void dot_task(struct buf *out, const struct doc_task *task)
{
	buf_add_lit(out, "\t\"");
	dot_text(out, task->id);
	buf_add_lit(out, "\" [label=\"");
	dot_text(out, task->id);
	if (task->title.len) {
		buf_add_lit(out, "\\n");
		dot_text(out, task->title);
	}
	buf_add_lit(out, "\", fillcolor=\"");
	buf_add_str(out, status_colour(task->status));
	buf_add_str(out, task->filler ? "\", style=\"filled,rounded,dashed\"];\n" : "\"];\n");
}

/* True when a box around a group begins with this task, or ends before it. */
static bool group_begins(const struct board_doc *doc, size_t i)
{
	return doc->tasks[i].group.len &&
	       (i == 0 || !slice_is(doc->tasks[i].group, doc->tasks[i - 1].group));
}

static bool group_ends(const struct board_doc *doc, size_t i)
{
	return doc->tasks[i].group.len &&
	       (i + 1 == doc->task_count ||
		!slice_is(doc->tasks[i].group, doc->tasks[i + 1].group));
}

void board_doc_write_dot(const struct board_doc *doc, struct buf *out)
{
	buf_add_lit(out, "digraph \"");
	dot_text(out, doc->id);
	buf_add_lit(out, "\" {\n\trankdir=LR;\n\tnode [shape=box, style=\"filled,rounded\"];\n");
	for (size_t i = 0; i < doc->task_count; i++) {
		if (group_begins(doc, i)) {
			buf_add_lit(out, "\tsubgraph cluster_");
			buf_add_u64(out, i);
			buf_add_lit(out, " {\n\tlabel=\"");
			dot_text(out, doc->tasks[i].group);
			buf_add_lit(out, "\";\n");
		}
		dot_task(out, &doc->tasks[i]);
		if (group_ends(doc, i))
			buf_add_lit(out, "\t}\n");
	}
	for (size_t i = 0; i < doc->task_count; i++) {
		for (size_t dep = 0; dep < doc->tasks[i].deps.count; dep++) {
			buf_add_lit(out, "\t\"");
			dot_text(out, doc->tasks[i].deps.items[dep]);
			buf_add_lit(out, "\" -> \"");
			dot_text(out, doc->tasks[i].id);
			buf_add_lit(out, "\";\n");
		}
	}
	buf_add_lit(out, "}\n");
}

/* In quotes, where Mermaid knows #code; for what would end them or be read as HTML. */
static void mermaid_text(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\n') {
			buf_add_lit(out, "<br/>");
		} else if (strchr("\"#<>&`\\", c)) {
			buf_add_byte(out, '#');
			buf_add_u64(out, (unsigned char)c);
			buf_add_byte(out, ';');
		} else {
			buf_add_byte(out, c);
		}
	}
}

/* Ids may hold what Mermaid has other uses for, so nodes are numbered. */
static void mermaid_task(struct buf *out, const struct doc_task *task, size_t number)
{
	buf_add_lit(out, "    t");
	buf_add_u64(out, number);
	buf_add_str(out, task->filler ? "([\"" : "[\"");
	mermaid_text(out, task->id);
	if (task->title.len) {
		buf_add_lit(out, "<br/>");
		mermaid_text(out, task->title);
	}
	buf_add_str(out, task->filler ? "\"]):::" : "\"]:::");
	buf_add_str(out, status_name(task->status));
	buf_add_byte(out, '\n');
}

static void mermaid_edges(const struct board_doc *doc, struct buf *out)
{
	struct board_index index;

	board_index_init(&index, doc);
	for (size_t i = 0; i < doc->task_count; i++) {
		for (size_t dep = 0; dep < doc->tasks[i].deps.count; dep++) {
			uint32_t from = board_index_find(&index, doc->tasks[i].deps.items[dep]);

			if (from == MAP_NONE)
				continue;
			buf_add_lit(out, "    t");
			buf_add_u64(out, from);
			buf_add_lit(out, " --> t");
			buf_add_u64(out, i);
			buf_add_byte(out, '\n');
		}
	}
	board_index_finish(&index);
}

void board_doc_write_mermaid(const struct board_doc *doc, struct buf *out)
{
	buf_add_lit(out, "flowchart LR\n");
	for (int status = DOC_OPEN; status <= DOC_CANCELLED; status++) {
		buf_add_lit(out, "    classDef ");
		buf_add_str(out, status_name((enum doc_status)status));
		buf_add_lit(out, " fill:");
		buf_add_str(out, status_colour((enum doc_status)status));
		buf_add_byte(out, '\n');
	}
	for (size_t i = 0; i < doc->task_count; i++) {
		if (group_begins(doc, i)) {
			buf_add_lit(out, "    subgraph g");
			buf_add_u64(out, i);
			buf_add_lit(out, " [\"");
			mermaid_text(out, doc->tasks[i].group);
			buf_add_lit(out, "\"]\n");
		}
		mermaid_task(out, &doc->tasks[i], i);
		if (group_ends(doc, i))
			buf_add_lit(out, "    end\n");
	}
	mermaid_edges(doc, out);
}
