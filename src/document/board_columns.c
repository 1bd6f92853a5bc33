#include "document/board_columns.h"

#include "base/ensure.h"
#include "base/text.h"
#include "document/board_words.h"

struct header_word {
	const char *word;
	enum board_column column;
	const char *unit;
};

/* The first of each meaning is what the writer uses. */
static const struct header_word header_words[] = {
	{ "id", COLUMN_ID, NULL },
	{ "task", COLUMN_ID, NULL },
	{ "task id", COLUMN_ID, NULL },
	{ "task-id", COLUMN_ID, NULL },
	{ "taskid", COLUMN_ID, NULL },
	{ "task_id", COLUMN_ID, NULL },
	{ "task #", COLUMN_ID, NULL },
	{ "task no", COLUMN_ID, NULL },
	{ "task number", COLUMN_ID, NULL },
	{ "#", COLUMN_NUMBER, NULL },
	{ "no", COLUMN_NUMBER, NULL },
	{ "nr", COLUMN_NUMBER, NULL },
	{ "title", COLUMN_TITLE, NULL },
	{ "name", COLUMN_TITLE, NULL },
	{ "task name", COLUMN_TITLE, NULL },
	{ "task title", COLUMN_TITLE, NULL },
	{ "summary", COLUMN_TITLE, NULL },
	{ "what", COLUMN_TITLE, NULL },
	{ "kind", COLUMN_KIND, NULL },
	{ "group", COLUMN_GROUP, NULL },
	{ "status", COLUMN_STATUS, NULL },
	{ "state", COLUMN_STATUS, NULL },
	{ "done", COLUMN_STATUS, NULL },
	{ "owner", COLUMN_OWNER, NULL },
	{ "assignee", COLUMN_OWNER, NULL },
	{ "assigned", COLUMN_OWNER, NULL },
	{ "assigned to", COLUMN_OWNER, NULL },
	{ "session", COLUMN_OWNER, NULL },
	{ "swarm", COLUMN_OWNER, NULL },
	{ "agent", COLUMN_OWNER, NULL },
	{ "who", COLUMN_OWNER, NULL },
	{ "worker", COLUMN_OWNER, NULL },
	{ "prefers", COLUMN_OWNER, NULL },
	{ "dependencies", COLUMN_DEPS, NULL },
	{ "dependency", COLUMN_DEPS, NULL },
	{ "depends on", COLUMN_DEPS, NULL },
	{ "depends", COLUMN_DEPS, NULL },
	{ "deps", COLUMN_DEPS, NULL },
	{ "dep", COLUMN_DEPS, NULL },
	{ "blocked by", COLUMN_DEPS, NULL },
	{ "requires", COLUMN_DEPS, NULL },
	{ "prerequisites", COLUMN_DEPS, NULL },
	{ "prerequisite", COLUMN_DEPS, NULL },
	{ "predecessors", COLUMN_DEPS, NULL },
	{ "waits for", COLUMN_DEPS, NULL },
	{ "model", COLUMN_MODEL, NULL },
	{ "deliverable", COLUMN_DELIVERABLE, NULL },
	{ "deliverables", COLUMN_DELIVERABLE, NULL },
	{ "output", COLUMN_DELIVERABLE, NULL },
	{ "outputs", COLUMN_DELIVERABLE, NULL },
	{ "artifact", COLUMN_DELIVERABLE, NULL },
	{ "artefact", COLUMN_DELIVERABLE, NULL },
	{ "file", COLUMN_DELIVERABLE, NULL },
	{ "priority", COLUMN_PRIORITY, NULL },
	{ "prio", COLUMN_PRIORITY, NULL },
	{ "est", COLUMN_EST, NULL },
	{ "estimate", COLUMN_EST, NULL },
	{ "estimated", COLUMN_EST, NULL },
	{ "estimated time", COLUMN_EST, NULL },
	{ "est time", COLUMN_EST, NULL },
	{ "effort", COLUMN_EST, NULL },
	{ "time", COLUMN_EST, NULL },
	{ "duration", COLUMN_EST, NULL },
	{ "hours", COLUMN_EST, "h" },
	{ "days", COLUMN_EST, "d" },
	{ "minutes", COLUMN_EST, "m" },
	{ "cost", COLUMN_COST, NULL },
	{ "est cost", COLUMN_COST, NULL },
	{ "estimated cost", COLUMN_COST, NULL },
	{ "price", COLUMN_COST, NULL },
	{ "max cost", COLUMN_MAX_COST, NULL },
	{ "maximum cost", COLUMN_MAX_COST, NULL },
	{ "cost limit", COLUMN_MAX_COST, NULL },
	{ "budget", COLUMN_MAX_COST, NULL },
	{ "time limit", COLUMN_LIMIT, NULL },
	{ "timeout", COLUMN_LIMIT, NULL },
	{ "attempts", COLUMN_ATTEMPTS, NULL },
	{ "max attempts", COLUMN_ATTEMPTS, NULL },
	{ "not before", COLUMN_NOT_BEFORE, NULL },
	{ "start by", COLUMN_START_BY, NULL },
	{ "needs", COLUMN_NEEDS, NULL },
	{ "capabilities", COLUMN_NEEDS, NULL },
	{ "capability", COLUMN_NEEDS, NULL },
	{ "paths", COLUMN_PATHS, NULL },
	{ "run", COLUMN_RUN, NULL },
	{ "command", COLUMN_RUN, NULL },
	{ "wasm", COLUMN_WASM, NULL },
	{ "avoids", COLUMN_AVOIDS, NULL },
	{ "redundancy", COLUMN_REDUNDANCY, NULL },
	{ "payload", COLUMN_PAYLOAD, NULL },
	{ "description", COLUMN_DESCRIPTION, NULL },
	{ "details", COLUMN_DESCRIPTION, NULL },
	{ "note", COLUMN_DESCRIPTION, NULL },
	{ "notes", COLUMN_DESCRIPTION, NULL },
	{ "comment", COLUMN_DESCRIPTION, NULL },
	{ "comments", COLUMN_DESCRIPTION, NULL },
};

static const char *const unit_words[][2] = {
	{ "h", "h" },	{ "hrs", "h" },	 { "hours", "h" }, { "min", "m" }, { "m", "m" },
	{ "mins", "m" }, { "minutes", "m" }, { "d", "d" },	   { "days", "d" },
};

const char *board_column_name(enum board_column column)
{
	static const char *const names[COLUMN_COUNT] = {
		[COLUMN_UNKNOWN] = "",
		[COLUMN_ID] = "ID",
		[COLUMN_NUMBER] = "#",
		[COLUMN_IGNORED] = "",
		[COLUMN_TITLE] = "Title",
		[COLUMN_KIND] = "Kind",
		[COLUMN_GROUP] = "Group",
		[COLUMN_STATUS] = "Status",
		[COLUMN_OWNER] = "Owner",
		[COLUMN_DEPS] = "Dependencies",
		[COLUMN_MODEL] = "Model",
		[COLUMN_DELIVERABLE] = "Deliverable",
		[COLUMN_PRIORITY] = "Priority",
		[COLUMN_EST] = "Est",
		[COLUMN_COST] = "Cost",
		[COLUMN_MAX_COST] = "Max cost",
		[COLUMN_LIMIT] = "Time limit",
		[COLUMN_ATTEMPTS] = "Attempts",
		[COLUMN_NOT_BEFORE] = "Not before",
		[COLUMN_START_BY] = "Start by",
		[COLUMN_NEEDS] = "Needs",
		[COLUMN_PATHS] = "Paths",
		[COLUMN_RUN] = "Run",
		[COLUMN_WASM] = "Wasm",
		[COLUMN_AVOIDS] = "Avoids",
		[COLUMN_REDUNDANCY] = "Redundancy",
		[COLUMN_PAYLOAD] = "Payload",
		[COLUMN_DESCRIPTION] = "Description",
	};

	ENSURE((size_t)column < ARRAY_LEN(names));
	return names[column];
}

/* "Est. (h):" is "est" with the unit h. */
static struct slice header_key(const struct markdown_text *cell, const char **ret_unit)
{
	struct slice text = word_plain(cell, NULL, NULL);
	ptrdiff_t open = slice_find_byte(text, '(');
	struct slice unit;

	*ret_unit = NULL;
	if (open > 0) {
		unit = slice_from(text, (size_t)open + 1);
		unit = slice_trim(slice_cut(&unit, ')'));
		for (size_t i = 0; i < ARRAY_LEN(unit_words); i++)
			if (slice_is_nocase(unit, slice_of_str(unit_words[i][0])))
				*ret_unit = unit_words[i][1];
		text = slice_trim(slice_head(text, (size_t)open));
	}
	while (text.len && (text.ptr[text.len - 1] == ':' || text.ptr[text.len - 1] == '.'))
		text.len--;
	return text;
}

/* "est. cost": a point inside a key is as good as none. */
static bool key_is(struct slice key, const char *word)
{
	size_t at = 0;

	for (size_t i = 0; i < key.len; i++) {
		if (key.ptr[i] == '.')
			continue;
		if (word[at] == '\0' ||
		    !slice_is_nocase(slice_of(key.ptr + i, 1), slice_of(word + at, 1)))
			return false;
		at++;
	}
	return word[at] == '\0';
}

static const struct header_word *word_of(struct slice key)
{
	for (size_t i = 0; i < ARRAY_LEN(header_words); i++)
		if (key_is(key, header_words[i].word))
			return &header_words[i];
	return NULL;
}

static bool has_digit(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= '0' && text.ptr[i] <= '9')
			return true;
	return false;
}

/* Whether every cell of the column holds an id with a digit in it: no mere words. */
static bool column_has_ids(const struct markdown_block *table, size_t column)
{
	for (size_t i = 1; i < table->row_count; i++) {
		struct board_id_cell cell;

		if (!board_split_id(&table->rows[i].cells[column], &cell) || !has_digit(cell.id))
			return false;
	}
	return table->row_count > 1;
}

static void set(struct board_columns *columns, size_t index, enum board_column meaning)
{
	enum board_column old = columns->meaning[index];

	if (old != COLUMN_UNKNOWN)
		columns->at[old] = COLUMN_ABSENT;
	columns->meaning[index] = meaning;
	columns->at[meaning] = index;
}

/*
 * Where ids and titles have columns of their own, "Task" is the title. That
 * is so beside a column "ID", and beside "#" unless the tasks bring ids along.
 */
static void settle_ids(const struct markdown_block *table, struct board_columns *columns,
		       size_t task)
{
	size_t number = columns->at[COLUMN_NUMBER];

	if (columns->at[COLUMN_ID] == COLUMN_ABSENT) {
		if (task == COLUMN_ABSENT)
			return;
		if (number == COLUMN_ABSENT || column_has_ids(table, task) ||
		    !column_has_ids(table, number)) {
			set(columns, task, COLUMN_ID);
			return;
		}
		set(columns, number, COLUMN_ID);
	}
	if (task != COLUMN_ABSENT) {
		if (columns->at[COLUMN_TITLE] != COLUMN_ABSENT)
			set(columns, columns->at[COLUMN_TITLE], COLUMN_UNKNOWN);
		set(columns, task, COLUMN_TITLE);
	}
}

/* Letters and digits with a dot, dash or underscore between them: P0.1, T-1; not H264, 2FA. */
static bool looks_like_id(struct slice word)
{
	bool joined = false;

	for (size_t i = 1; i + 1 < word.len; i++)
		joined = joined || word.ptr[i] == '.' || word.ptr[i] == '-' || word.ptr[i] == '_';
	return joined && has_digit(word) && id_is_valid(word);
}

struct need_count {
	size_t capabilities, ids, others;
};

static void count_needs(struct slice text, struct need_count *count)
{
	if (word_is_nothing(text))
		return;
	if (text.ptr[0] == '[') {
		count->capabilities++;	/* a list in JSON, as our writer makes it */
		return;
	}
	while (text.len) {
		struct slice item = slice_trim(slice_cut(&text, ','));

		if (slice_find_byte(item, ':') > 0)
			count->capabilities++;
		else if (looks_like_id(item))
			count->ids++;
		else if (item.len)
			count->others++;
	}
}

/*
 * "Needs" is ours for capabilities (domain:skill). In other people's tables
 * it may mean dependencies, or anything at all, which is then left alone.
 */
static void settle_needs(const struct markdown_block *table, struct board_columns *columns)
{
	size_t at = columns->at[COLUMN_NEEDS];
	struct need_count count = { 0 };

	if (at == COLUMN_ABSENT)
		return;
	for (size_t i = 1; i < table->row_count; i++)
		count_needs(word_plain(&table->rows[i].cells[at], NULL, NULL), &count);
	if (count.capabilities || count.ids + count.others == 0)
		return;
	if (count.ids && columns->at[COLUMN_DEPS] == COLUMN_ABSENT)
		set(columns, at, COLUMN_DEPS);
	else
		set(columns, at, COLUMN_IGNORED);
}

void board_columns_read(const struct markdown_block *table, struct board_columns *ret_columns)
{
	struct board_columns columns = {
		.count = table->column_count < BOARD_COLUMNS_MAX ? table->column_count :
								   BOARD_COLUMNS_MAX,
		.est_unit = "",
	};
	size_t task = COLUMN_ABSENT;

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		columns.at[i] = COLUMN_ABSENT;
	for (size_t i = 0; i < columns.count; i++) {
		const char *unit;
		struct slice key = header_key(&table->rows[0].cells[i], &unit);
		const struct header_word *word = word_of(key);

		if (!word)
			continue;
		if (slice_is_nocase(key, SLICE("task"))) {
			task = task == COLUMN_ABSENT ? i : task;
			continue;
		}
		if (columns.at[word->column] != COLUMN_ABSENT)
			continue;
		set(&columns, i, word->column);
		if (word->column == COLUMN_EST && (unit || word->unit))
			columns.est_unit = unit ? unit : word->unit;
	}
	settle_ids(table, &columns, task);
	settle_needs(table, &columns);
	*ret_columns = columns;
}

static bool is_separator(char c)
{
	return c == ':' || c == '-' || c == '|' || c == '.' || c == ' ' || c == MARKDOWN_BREAK;
}

/* The dashes, colons and blanks between an id and its title. */
static struct slice skip_separators(struct slice text)
{
	for (;;) {
		if (text.len && is_separator(text.ptr[0]))
			text = slice_from(text, 1);
		else if (slice_starts(text, SLICE("\xe2\x80\x93")) ||
			 slice_starts(text, SLICE("\xe2\x80\x94")))
			text = slice_from(text, 3);
		else
			return text;
	}
}

/* Without brackets around it, # in front, one colon or point behind it. */
static struct slice bare_id(struct slice text)
{
	text = slice_trim(text);
	if (text.len && (text.ptr[text.len - 1] == ':' || text.ptr[text.len - 1] == '.'))
		text.len--;
	if (text.len > 2 && ((text.ptr[0] == '[' && text.ptr[text.len - 1] == ']') ||
			     (text.ptr[0] == '(' && text.ptr[text.len - 1] == ')')))
		text = slice_of(text.ptr + 1, text.len - 2);
	if (text.len && text.ptr[0] == '#')
		text = slice_from(text, 1);
	return text;
}

static size_t first_word_len(struct slice text)
{
	size_t len = 0;

	while (len < text.len && text.ptr[len] != ' ' && text.ptr[len] != '\t' &&
	       text.ptr[len] != '\n' && text.ptr[len] != MARKDOWN_BREAK)
		len++;
	return len;
}

/* An id at the front of a text that goes on behind it. */
static bool split_front(struct slice text, size_t head, struct board_id_cell *cell)
{
	size_t len = first_word_len(text);
	struct slice word = slice_head(text, len);
	struct slice rest = slice_trim(slice_from(text, len));
	struct slice title = skip_separators(rest);
	bool colon = word.len && word.ptr[word.len - 1] == ':';
	bool bracket = word.len && (word.ptr[0] == '[' || word.ptr[0] == '(');

	if (head && head < text.len && id_is_valid(bare_id(slice_head(text, head)))) {
		struct slice id = bare_id(slice_head(text, head));
		struct slice behind = slice_from(text, head);

		if (has_digit(id) || behind.ptr[0] == ':') {
			cell->id = id;
			cell->title = skip_separators(behind);
			return true;
		}
	}
	word = bare_id(word);
	if (!id_is_valid(word))
		return false;
	if (!colon && !bracket && !looks_like_id(word) &&
	    !(title.len < rest.len && has_digit(word)))
		return false;
	cell->id = word;
	cell->title = colon ? rest : title;
	return true;
}

bool board_split_id(const struct markdown_text *cell, struct board_id_cell *ret_cell)
{
	struct board_id_cell split = { 0 };
	struct slice text;

	if (word_is_verbatim(cell)) {
		split.id = cell->text;
		*ret_cell = split;
		return id_is_valid(cell->text);
	}
	text = word_plain(cell, &split.status, &split.has_status);
	if (id_is_valid(bare_id(text))) {
		split.id = bare_id(text);
	} else if (!split_front(text, text.ptr == cell->text.ptr ? cell->head : 0, &split)) {
		return false;
	}
	*ret_cell = split;
	return true;
}

static bool is_only_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return true;
}

/*
 * Whether a heading that goes on behind the word is about the task of that
 * name: "Setup: why" is about Setup, "Setup guide" need not be, and "1.
 * Introduction" is a chapter.
 */
static bool heading_names(struct slice word, struct slice rest)
{
	return rest.len == 0 || word.ptr[word.len - 1] == ':' || word.ptr[0] == '[' ||
	       word.ptr[0] == '(' || skip_separators(rest).len < rest.len ||
	       (has_digit(word) && !is_only_digits(bare_id(word)));
}

size_t board_heading_ids(struct slice text, struct slice ret_ids[HEADING_IDS_MAX])
{
	size_t count = 0;

	for (int pass = 0; pass < 2; pass++) {
		size_t len = first_word_len(text);
		struct slice word = slice_head(text, len);

		if (len && heading_names(word, slice_trim(slice_from(text, len)))) {
			ret_ids[count++] = bare_id(word);
			ret_ids[count++] = word;
		}
		if (!word_cut(&text, "task"))
			break;
	}
	return count;
}

/* Without dashes and a genitive behind it: "Session 5's Filler Tasks", "CLI - Filler Tasks". */
bool board_heading_is_filler(struct slice text, struct slice *ret_owner)
{
	static const char *const tails[] = {
		"'s", "\xe2\x80\x99s", "-", ":", "\xe2\x80\x93", "\xe2\x80\x94",
	};
	struct slice words = SLICE("filler tasks");

	while (text.len && (text.ptr[text.len - 1] == ':' || text.ptr[text.len - 1] == '.'))
		text.len--;
	if (text.len < words.len ||
	    !slice_is_nocase(slice_from(text, text.len - words.len), words))
		return false;
	text = slice_trim(slice_head(text, text.len - words.len));
	for (size_t i = 0; i < ARRAY_LEN(tails); i++)
		if (slice_ends(text, slice_of_str(tails[i])))
			text = slice_trim(slice_head(text, text.len - strlen(tails[i])));
	*ret_owner = text;
	return true;
}
