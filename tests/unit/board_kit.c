#include "board_kit.h"

#include "board_same.h"

static struct arena arena;
static struct buf scratch;

void board_kit_clear(void)
{
	arena_finish(&arena);
	buf_finish(&scratch);
}

struct board_doc board_of_slice(enum board_format format, struct slice text)
{
	struct board_doc doc;
	enum err err = board_doc_read(arena_copy(&arena, text), format, &arena, &doc);

	ck_assert_msg(err == OK, "refused:\n%s", errors_of(&doc));
	ck_assert_uint_eq(doc.error_count, 0);
	return doc;
}

struct board_doc board_of(enum board_format format, const char *text)
{
	return board_of_slice(format, slice_of_str(text));
}

const char *quoted(const char *text)
{
	struct slice copy = arena_copy(&arena, slice_of_str(text));

	for (char *at = (char *)(uintptr_t)copy.ptr; *at; at++)
		if (*at == '\'')
			*at = '"';
	return copy.ptr;
}

struct board_doc json_board(const char *text)
{
	return board_of(BOARD_JSON, quoted(text));
}

struct board_doc wrong_board(enum board_format format, const char *text)
{
	struct board_doc doc;
	enum err err =
		board_doc_read(arena_copy(&arena, slice_of_str(text)), format, &arena, &doc);

	ck_assert_int_eq(err, ERR_DOCUMENT_INVALID);
	ck_assert_uint_gt(doc.error_count, 0);
	ck_assert_uint_eq(doc.task_count, 0);
	return doc;
}

const struct doc_task *task_of(const struct board_doc *doc, const char *id)
{
	for (size_t i = 0; i < doc->task_count; i++)
		if (slice_is_str(doc->tasks[i].id, id))
			return &doc->tasks[i];
	ck_abort_msg("there is no task %s", id);
	return NULL;
}

static const char *keep(void)
{
	const char *text = arena_copy(&arena, buf_slice(&scratch)).ptr;

	buf_clear(&scratch);
	return text;
}

const char *list_text(struct slice_list list)
{
	buf_clear(&scratch);
	for (size_t i = 0; i < list.count; i++) {
		buf_add_str(&scratch, i ? ", " : "");
		buf_add_slice(&scratch, list.items[i]);
	}
	return keep();
}

const char *deps_of(const struct board_doc *doc, const char *id)
{
	return list_text(task_of(doc, id)->deps);
}

static const char *messages(const struct doc_message *items, size_t count)
{
	buf_clear(&scratch);
	for (size_t i = 0; i < count; i++) {
		buf_add_i64(&scratch, items[i].line);
		buf_add_lit(&scratch, ": ");
		buf_add_slice(&scratch, items[i].text);
		buf_add_byte(&scratch, '\n');
	}
	return keep();
}

const char *errors_of(const struct board_doc *doc)
{
	return messages(doc->errors, doc->error_count);
}

const char *remarks_of(const struct board_doc *doc)
{
	return messages(doc->remarks, doc->remark_count);
}

void is_same_board(const struct board_doc *a, const struct board_doc *b)
{
	const char *difference = board_difference(a, b);

	ck_assert_msg(difference == NULL, "%s differs", difference);
}

static void comes_back_from(const struct board_doc *doc, const struct buf *text,
			    enum board_format format)
{
	struct board_doc again = board_of_slice(format, buf_slice(text));
	const char *difference = board_difference(doc, &again);

	ck_assert_msg(difference == NULL, "%s differs after:\n%.*s", difference, (int)text->len,
		      text->ptr);
}

void comes_back(const struct board_doc *doc)
{
	struct buf text = { 0 };

	board_doc_write_markdown(doc, &text);
	comes_back_from(doc, &text, BOARD_MARKDOWN);
	buf_clear(&text);
	board_doc_write_json(doc, &text);
	comes_back_from(doc, &text, BOARD_JSON);
	comes_back_from(doc, &text, BOARD_YAML);	/* JSON is YAML, too */
	buf_finish(&text);
}
