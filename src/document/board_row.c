#include "document/board_row.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "document/amount.h"
#include "document/board_words.h"
#include "document/json.h"
#include "document/tree.h"

#define CELL_JSON_BYTES_MAX (1024 * 1024)	/* a payload has 256 KB at most */
#define CELL_JSON_VALUES_MAX 100000

static const struct json_limits cell_json_limits = {
	.bytes_max = CELL_JSON_BYTES_MAX,
	.depth_max = JSON_READ_DEPTH_MAX,
	.values_max = CELL_JSON_VALUES_MAX,
};

const struct markdown_text *board_row_cell(const struct markdown_row *row,
					   const struct board_columns *columns,
					   enum board_column column)
{
	size_t at = columns->at[column];

	return at == COLUMN_ABSENT ? NULL : &row->cells[at];
}

struct slice board_text(struct board_build *build, struct slice text, char replacement)
{
	struct slice copy;

	if (slice_find_byte(text, MARKDOWN_BREAK) < 0)
		return text;
	copy = arena_copy(build->arena, text);
	for (char *at = (char *)(uintptr_t)copy.ptr; at < copy.ptr + copy.len; at++)
		if (*at == MARKDOWN_BREAK)
			*at = replacement;
	return copy;
}

/* A cell's text without decoration on one line; empty when it says nothing. */
static struct slice plain(struct board_build *build, const struct markdown_text *cell)
{
	struct slice text;

	if (!cell)
		return SLICE_EMPTY;
	text = board_text(build, word_plain(cell, NULL, NULL), ' ');
	if (cell->literal_to == 0 && word_is_nothing(text))
		return SLICE_EMPTY;
	return text;
}

struct slice board_row_title(struct board_build *build, const struct markdown_row *row,
			     const struct board_columns *columns, const struct board_id_cell *id)
{
	const struct markdown_text *title = board_row_cell(row, columns, COLUMN_TITLE);
	const struct markdown_text *description =
		board_row_cell(row, columns, COLUMN_DESCRIPTION);
	size_t next = columns->at[COLUMN_ID] + 1;
	struct slice text;

	if (id->title.len)
		return board_text(build, id->title, ' ');
	if (title)
		return board_text(build, word_plain(title, NULL, NULL), ' ');
	if (next < columns->count && columns->meaning[next] == COLUMN_UNKNOWN)
		return board_text(build, word_plain(&row->cells[next], NULL, NULL), ' ');
	if (description) {
		text = board_text(build, word_plain(description, NULL, NULL), '\n');
		return slice_trim(slice_cut(&text, '\n'));
	}
	return id->id;
}

static void fill_owner(struct board_build *build, const struct markdown_text *cell,
		       struct doc_task *task)
{
	struct slice text;

	if (!cell || cell->text.len == 0)
		return;
	if (word_is_verbatim(cell)) {
		task->owner = cell->text;
		return;
	}
	text = board_text(build, word_plain(cell, NULL, NULL), ' ');
	if (word_is_nobody(text)) {
		task->owner = SLICE_EMPTY;
		return;
	}
	task->owner = word_to_id(text, build->arena);
	if (task->owner.len == 0)
		board_remark(build, task->line, "owner \"%.*s\" has no letter a swarm's id may have",
			     SHOW(text));
}

/*
 * "Claimed by Bob". Where nobody is said to own the task, Bob does. "Blocked
 * by P0.1" names no swarm.
 */
static void fill_holder(struct slice by, bool owner_said, struct doc_task *task)
{
	if (by.len == 0 || (task->status != DOC_CLAIMED && task->status != DOC_DONE))
		return;
	if (!owner_said && task->owner.len == 0)
		task->owner = by;
	else if (task->status == DOC_CLAIMED && !slice_is(by, task->owner))
		task->holder = by;
}

static void fill_status(struct board_build *build, const struct markdown_text *cell,
			const struct markdown_text *owner, struct doc_task *task)
{
	enum doc_status status = task->status;
	bool has_picture;
	struct slice text, by = SLICE_EMPTY;

	if (!cell)
		return;
	text = board_text(build, word_plain(cell, &status, &has_picture), ' ');
	if (!word_to_status(text, &status, &by) && !has_picture && !word_is_nothing(text)) {
		board_remark(build, task->line,
			     "status \"%.*s\" is not known; %.*s counts as open", SHOW(text),
			     SHOW(task->id));
		return;
	}
	task->status = status;
	if (cell->literal_to == 0 || !id_is_valid(by))
		by = word_to_id(by, build->arena);
	fill_holder(by, owner && owner->text.len, task);
}

static void not_read(struct board_build *build, const struct doc_task *task,
		     enum board_column column, struct slice text)
{
	board_remark(build, task->line, "%s \"%.*s\" of %.*s could not be read",
		     board_column_name(column), SHOW(text), SHOW(task->id));
}

/* "2h (at most)": without what is said in brackets. */
static struct slice without_remark(struct slice text)
{
	ptrdiff_t open = slice_find_byte(text, '(');

	return open > 0 ? slice_trim(slice_head(text, (size_t)open)) : text;
}

/* With the unit that the header gives to bare numbers. */
static bool read_time(struct slice text, const char *unit, int64_t *ret_ms)
{
	struct buf with_unit = { 0 };
	bool read = amount_of_time(text, ret_ms);

	if (!read && unit[0]) {
		buf_add_slice(&with_unit, text);
		buf_add_str(&with_unit, unit);
		read = amount_of_time(buf_slice(&with_unit), ret_ms);
	}
	buf_finish(&with_unit);
	return read;
}

/* Est and Cost take a time or money, whichever it is. */
static void fill_estimate(struct board_build *build, const struct markdown_row *row,
			  const struct board_columns *columns, enum board_column column,
			  struct doc_task *task)
{
	struct slice text = without_remark(plain(build, board_row_cell(row, columns, column)));
	int64_t amount;

	if (text.len == 0)
		return;
	if (amount_is_money(text) || column == COLUMN_COST) {
		if (amount_of_money(text, &amount)) {
			if (column == COLUMN_COST || task->est_cost_nanousd == BOARD_DOC_ABSENT)
				task->est_cost_nanousd = amount;
			return;
		}
	}
	if (read_time(text, column == COLUMN_EST ? columns->est_unit : "", &amount))
		task->est_ms = amount;
	else
		not_read(build, task, column, text);
}

static void fill_number(struct board_build *build, const struct markdown_row *row,
			const struct board_columns *columns, enum board_column column,
			struct doc_task *task)
{
	struct slice text = plain(build, board_row_cell(row, columns, column));
	int64_t *number = NULL;
	int64_t value;
	bool read = false;

	if (text.len == 0)
		return;
	if (column == COLUMN_MAX_COST) {
		number = &task->max_cost_nanousd;
		read = amount_of_money(text, &value);
	} else if (column == COLUMN_LIMIT) {
		number = &task->limit_ms;
		read = amount_of_time(text, &value);
	} else if (column == COLUMN_ATTEMPTS) {
		number = &task->max_attempts;
		read = slice_to_i64(text, &value);
	} else if (column == COLUMN_REDUNDANCY) {
		number = &task->redundancy;
		read = slice_to_i64(text, &value);
	} else if (column == COLUMN_PRIORITY) {
		number = &task->priority;
		read = word_to_priority(text, &value);
	} else {
		number = column == COLUMN_NOT_BEFORE ? &task->not_before_us : &task->start_by_us;
		read = rfc3339_read(text, &value);
	}
	if (read)
		*number = value;
	else
		not_read(build, task, column, text);
}

/* A list written as JSON: ["a", "b"]. False when it is none. */
static bool read_json_list(struct board_build *build, struct slice text,
			   struct slice_list *ret_list)
{
	struct json_value *root;
	struct slice *items;
	size_t count;
	bool read = true;

	if (text.len == 0 || text.ptr[0] != '[' ||
	    json_parse(text, &cell_json_limits, &root, NULL) != OK)
		return false;
	count = json_count(root);
	items = arena_zero(build->arena, count, sizeof(*items));
	for (size_t i = 0; i < count && read; i++) {
		read = json_get_text(json_at(root, i), &items[i]);
		if (read)
			items[i] = arena_copy(build->arena, items[i]);
	}
	json_free(root);
	if (read)
		*ret_list = (struct slice_list){ items, count };
	return read;
}

static bool is_between(char c, bool words)
{
	if (words)
		return c == ' ' || c == '\t' || c == MARKDOWN_BREAK;
	return c == ',' || c == ';' || c == '\n' || c == MARKDOWN_BREAK;
}

/* Items between commas, semicolons and breaks; `words`: between blanks. Returns how many. */
static size_t cut_list(struct slice text, bool words, struct slice *ret_items)
{
	size_t count = 0, start = 0;

	for (size_t at = 0; at <= text.len; at++) {
		struct slice item;

		if (at < text.len && !is_between(text.ptr[at], words))
			continue;
		item = slice_trim(slice_of(text.ptr + start, at - start));
		start = at + 1;
		if (item.len == 0)
			continue;
		if (ret_items)
			ret_items[count] = item;
		count++;
	}
	return count;
}

static struct slice_list read_list(struct board_build *build, struct slice text, bool words)
{
	size_t count = cut_list(text, words, NULL);
	struct slice *items = arena_zero(build->arena, count, sizeof(*items));

	cut_list(text, words, items);
	return (struct slice_list){ items, count };
}

static void fill_list(struct board_build *build, const struct markdown_row *row,
		      const struct board_columns *columns, enum board_column column,
		      struct slice_list *ret_list)
{
	const struct markdown_text *cell = board_row_cell(row, columns, column);
	struct slice text;

	if (!cell)
		return;
	text = word_plain(cell, NULL, NULL);
	if (word_is_nothing(text) || read_json_list(build, text, ret_list))
		return;
	*ret_list = read_list(build, text, column == COLUMN_RUN);
}

/* Kept as it is written, but for blanks. */
static void fill_payload(struct board_build *build, const struct markdown_row *row,
			 const struct board_columns *columns, struct doc_task *task)
{
	static const struct tree_limits limits = {
		.bytes_max = CELL_JSON_BYTES_MAX,
		.depth_max = JSON_READ_DEPTH_MAX - 4,
		.values_max = CELL_JSON_VALUES_MAX,
	};
	struct slice text = plain(build, board_row_cell(row, columns, COLUMN_PAYLOAD));
	struct buf out = { 0 };
	struct source_fault fault;
	const struct tree *tree;

	if (text.len == 0)
		return;
	if (json_read(text, &limits, build->arena, &tree, &fault) != OK) {
		board_error(build, task->line, "the payload of %.*s cannot be read: %s",
			    SHOW(task->id), fault.text);
		return;
	}
	tree_write_json(tree, &out);
	task->payload = arena_copy(build->arena, buf_slice(&out));
	buf_finish(&out);
}

static void fill_kind(struct board_build *build, const struct markdown_text *cell,
		      struct doc_task *task)
{
	struct slice text = plain(build, cell);

	if (slice_is_nocase(text, SLICE("filler")))
		task->filler = true;
	else if (slice_is_nocase(text, SLICE("critical")))
		task->filler = false;
	else if (text.len)
		not_read(build, task, COLUMN_KIND, text);
}

void board_row_fill(struct board_build *build, const struct markdown_row *row,
		    const struct board_columns *columns, const struct board_place *place,
		    struct doc_task *task)
{
	static const enum board_column numbers[] = {
		COLUMN_MAX_COST,   COLUMN_LIMIT,      COLUMN_ATTEMPTS,
		COLUMN_PRIORITY,   COLUMN_NOT_BEFORE, COLUMN_START_BY,
		COLUMN_REDUNDANCY,
	};
	const struct markdown_text *group = board_row_cell(row, columns, COLUMN_GROUP);
	const struct markdown_text *description =
		board_row_cell(row, columns, COLUMN_DESCRIPTION);

	task->group = group ? board_text(build, word_plain(group, NULL, NULL), ' ') : place->group;
	task->filler = place->filler;
	task->owner = place->owner;
	fill_kind(build, board_row_cell(row, columns, COLUMN_KIND), task);
	fill_owner(build, board_row_cell(row, columns, COLUMN_OWNER), task);
	fill_status(build, board_row_cell(row, columns, COLUMN_STATUS),
		    board_row_cell(row, columns, COLUMN_OWNER), task);
	task->model = plain(build, board_row_cell(row, columns, COLUMN_MODEL));
	task->deliverable = plain(build, board_row_cell(row, columns, COLUMN_DELIVERABLE));
	task->wasm = plain(build, board_row_cell(row, columns, COLUMN_WASM));
	if (description)
		task->description = board_text(build, word_plain(description, NULL, NULL), '\n');
	if (description && description->literal_to == 0 && word_is_nothing(task->description))
		task->description = SLICE_EMPTY;
	fill_estimate(build, row, columns, COLUMN_EST, task);
	fill_estimate(build, row, columns, COLUMN_COST, task);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		fill_number(build, row, columns, numbers[i], task);
	fill_list(build, row, columns, COLUMN_NEEDS, &task->needs);
	fill_list(build, row, columns, COLUMN_PATHS, &task->paths);
	fill_list(build, row, columns, COLUMN_RUN, &task->run);
	fill_list(build, row, columns, COLUMN_AVOIDS, &task->avoids);
	fill_payload(build, row, columns, task);
}
