#include "api/bind_import.h"

#include "api/bind_value.h"
#include "api/complaints.h"
#include "base/json.h"
#include "document/board_doc.h"

const char bind_document_types[] = "text/markdown text/x-markdown application/yaml "
				   "application/x-yaml text/yaml text/x-yaml";

int64_t bind_document_format(struct slice media_type)
{
	return slice_ends(media_type, SLICE("yaml")) ? BOARD_YAML : BOARD_MARKDOWN;
}

/* ---- what is wrong -------------------------------------------------------------------------- */

static enum err refuse_document(const struct board_doc *doc, enum err err, struct slice file,
				struct buf *ret_detail, struct buf *ret_members)
{
	struct complaints complaints;

	complaints_begin(&complaints, file, ret_detail, ret_members);
	for (size_t i = 0; i < doc->error_count; i++)
		complain(&complaints, doc->errors[i].line, doc->errors[i].text);
	complaints_end(&complaints);
	return err;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

static enum task_state state_of(enum doc_status status)
{
	switch (status) {
	case DOC_OPEN:
	case DOC_BLOCKED:
		return TASK_BLOCKED;
	case DOC_CLAIMED:
		return TASK_CLAIMED;
	case DOC_DONE:
		return TASK_DONE;
	case DOC_FAILED:
		return TASK_FAILED;
	case DOC_CANCELLED:
		return TASK_CANCELLED;
	default:
		BUG("a status");
	}
}

/* Leaves what the row has when the document does not say. */
static void take_number(int64_t *number, int64_t said)
{
	if (said != BOARD_DOC_ABSENT)
		*number = said;
}

static void spec_of(const struct doc_task *task, const struct task_spec *initial,
		    struct task_spec *ret_spec)
{
	*ret_spec = *initial;
	ret_spec->title = task->title;
	ret_spec->group = task->group;
	ret_spec->kind = task->filler ? TASK_FILLER : TASK_CRITICAL;
	ret_spec->prefers = task->owner;
	ret_spec->model = task->model;
	ret_spec->deliverable = task->deliverable;
	ret_spec->description = task->description;
	ret_spec->payload = task->payload;
	ret_spec->deps = task->deps;
	ret_spec->needs = task->needs;
	ret_spec->paths = task->paths;
	ret_spec->run = task->run;
	ret_spec->wasm = task->wasm;
	ret_spec->avoids = task->avoids;
	take_number(&ret_spec->priority, task->priority);
	take_number(&ret_spec->est_cost_usd, task->est_cost_nanousd);
	take_number(&ret_spec->max_cost_usd, task->max_cost_nanousd);
	take_number(&ret_spec->est_ms, task->est_ms);
	take_number(&ret_spec->limit_ms, task->limit_ms);
	take_number(&ret_spec->max_attempts, task->max_attempts);
	take_number(&ret_spec->redundancy, task->redundancy);
	take_number(&ret_spec->not_before, task->not_before_us);
	take_number(&ret_spec->start_by, task->start_by_us);
}

static void initial_spec(struct task_spec *ret_spec)
{
	memset(ret_spec, 0, sizeof(*ret_spec));
	for (size_t i = 0; i < task_spec_schema.count; i++) {
		const struct field *field = &task_spec_schema.fields[i];

		if (field_is_number(field->kind))
			*field_number(field, ret_spec) = field->initial;
	}
}

/* What a document leaves out stands outside of the bounds: money that is not known, no owner. */
static bool is_absent(const struct field *field, const struct task_spec *spec)
{
	const char *at = (const char *)spec + field->offset;

	if (field_is_number(field->kind))
		return *(const int64_t *)(const void *)at == field->initial;
	if (field_is_list(field->kind))
		return ((const struct slice_list *)(const void *)at)->count == 0;
	return ((const struct slice *)(const void *)at)->len == 0;
}

static void check_task(const struct import_task *task, int line, struct complaints *complaints)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < task_spec_schema.count; i++) {
		const struct field *field = &task_spec_schema.fields[i];
		size_t before;

		if (is_absent(field, &task->spec))
			continue;
		buf_clear(&text);
		buf_add_lit(&text, "task ");
		buf_add_slice(&text, task->id);
		buf_add_lit(&text, ": ");
		before = text.len;
		if (field_check(field, &task->spec, &text) != OK)
			complain(complaints, line, buf_slice(&text));
		else
			text.len = before;
	}
	buf_finish(&text);
}

static enum err take_tasks(const struct board_doc *doc, struct arena *arena,
			   struct command *command, struct buf *ret_detail,
			   struct buf *ret_members)
{
	struct import_task *tasks = arena_zero(arena, doc->task_count, sizeof(*tasks));
	struct complaints complaints;
	struct task_spec initial;
	size_t members_before = ret_members->len;

	initial_spec(&initial);
	complaints_begin(&complaints, command->args.board_import.file, ret_detail, ret_members);
	for (size_t i = 0; i < doc->task_count; i++) {
		tasks[i].id = doc->tasks[i].id;
		tasks[i].state = state_of(doc->tasks[i].status);
		tasks[i].holder = doc->tasks[i].holder;
		spec_of(&doc->tasks[i], &initial, &tasks[i].spec);
		check_task(&tasks[i], doc->tasks[i].line, &complaints);
	}
	complaints_end(&complaints);
	if (complaints.count)
		return ERR_DOCUMENT_INVALID;
	ret_members->len = members_before;
	command->import_tasks = tasks;
	command->import_count = doc->task_count;
	return OK;
}

/* ---- the document --------------------------------------------------------------------------- */

static struct slice remarks_of(const struct board_doc *doc, struct arena *arena)
{
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);
	struct slice remarks;

	if (doc->remark_count == 0)
		return SLICE_EMPTY;
	json_array(&json);
	for (size_t i = 0; i < doc->remark_count; i++) {
		json_object(&json);
		if (doc->remarks[i].line)
			json_put_i64(&json, "line", doc->remarks[i].line);
		json_put_text(&json, "text", doc->remarks[i].text);
		json_object_end(&json);
	}
	json_array_end(&json);
	remarks = arena_copy(arena, buf_slice(&text));
	buf_finish(&text);
	return remarks;
}

/* The argument, else what the document says, or a name made from its title. */
static enum err take_board(const struct board_doc *doc, struct command *command,
			   struct buf *ret_detail)
{
	struct cmd_board_import *args = &command->args.board_import;
	const struct schema *schema = &command_table[COMMAND_BOARD_IMPORT].args;

	if (args->board.len == 0)
		args->board = doc->id;
	return bind_check(schema_find(schema, SLICE("board")), args, ret_detail);
}

enum err bind_document(struct arena *arena, struct command *command, struct buf *ret_detail,
		       struct buf *ret_members)
{
	struct cmd_board_import *args = &command->args.board_import;
	struct board_doc doc = { 0 };
	enum err err;

	if (args->document.len == 0) {
		struct complaints complaints;

		complaints_begin(&complaints, args->file, ret_detail, ret_members);
		complain(&complaints, 0, SLICE("the document is empty"));
		complaints_end(&complaints);
		return ERR_DOCUMENT_INVALID;
	}
	err = board_doc_read(args->document, (enum board_format)args->format, arena, &doc);
	if (err != OK)
		return refuse_document(&doc, err, args->file, ret_detail, ret_members);
	err = take_tasks(&doc, arena, command, ret_detail, ret_members);
	if (err == OK)
		err = take_board(&doc, command, ret_detail);
	if (err != OK)
		return err;
	command->import_title = doc.title;
	command->import_remarks = remarks_of(&doc, arena);
	return OK;
}
