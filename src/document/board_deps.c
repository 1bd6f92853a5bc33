#include "document/board_deps.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/text.h"
#include "document/board_words.h"

/* Tasks looked at for ranges, stars and "all": a document of rubbish must not take minutes. */
#define WORK_MAX 50000000

struct resolving {
	struct board_build *build;
	const struct dep_cell *cells;
	const struct dep_table *tables;
	size_t table_count;
	uint32_t *stamp;	/* of each task: the last one that depends on it, plus 1 */
	uint32_t *found;	/* of the current task; room for BOARD_DOC_DEPS_MAX */
	size_t found_count;
	bool too_many;
	size_t work;
	struct buf text;	/* of the current cell, made plain */
	uint32_t task;
};

static void add(struct resolving *r, uint32_t dep)
{
	if (r->stamp[dep] == r->task + 1)
		return;
	if (r->found_count == BOARD_DOC_DEPS_MAX) {
		r->too_many = true;
		return;
	}
	r->stamp[dep] = r->task + 1;
	r->found[r->found_count++] = dep;
}

/* Spends work; false when none is left or the task has too many dependencies already. */
static bool may_go_on(struct resolving *r)
{
	if (++r->work > WORK_MAX)
		board_over_limit(r->build, r->build->tasks[r->task].line,
				 "ranges and stars that name too many tasks");
	return !r->build->over_limit && !r->too_many;
}

static bool add_known(struct resolving *r, struct slice id)
{
	uint32_t dep = board_find(r->build, id);

	if (dep == MAP_NONE)
		return false;
	add(r, dep);
	return true;
}

/* `*` stands for any run of characters. */
static bool pattern_matches(struct slice pattern, struct slice text)
{
	size_t at = 0, in = 0, star = SIZE_MAX, mark = 0;

	while (at < text.len) {
		if (in < pattern.len && pattern.ptr[in] == '*') {
			star = in++;
			mark = at;
		} else if (in < pattern.len && pattern.ptr[in] == text.ptr[at]) {
			in++;
			at++;
		} else if (star != SIZE_MAX) {
			in = star + 1;
			at = ++mark;
		} else {
			return false;
		}
	}
	while (in < pattern.len && pattern.ptr[in] == '*')
		in++;
	return in == pattern.len;
}

/* P0.5.*: an id's characters and stars. */
static bool is_pattern(struct slice item)
{
	bool star = false;

	for (size_t i = 0; i < item.len; i++) {
		if (item.ptr[i] == '*')
			star = true;
		else if (!id_is_valid(slice_of(item.ptr + i, 1)) && item.ptr[i] != '-')
			return false;
	}
	return star && item.len > 1;
}

static bool add_pattern(struct resolving *r, struct slice pattern)
{
	struct board_build *build = r->build;
	bool any = false;

	if (!is_pattern(pattern))
		return false;
	for (uint32_t i = 0; i < build->task_count && may_go_on(r); i++) {
		if (!pattern_matches(pattern, build->tasks[i].id))
			continue;
		any = true;
		if (i != r->task)
			add(r, i);
	}
	if (!any && !build->over_limit && !r->too_many)
		board_error(build, build->tasks[r->task].line,
			    "unknown dependency %.*s of %.*s: no task has such an id",
			    SHOW(pattern), SHOW(build->tasks[r->task].id));
	return true;
}

/* Cuts the digits at the end of an id. False when there are none, or too many to count. */
static bool cut_number(struct slice *id, int64_t *ret_number)
{
	size_t digits = 0;
	struct slice number;

	while (digits < id->len && id->ptr[id->len - 1 - digits] >= '0' &&
	       id->ptr[id->len - 1 - digits] <= '9')
		digits++;
	number = slice_from(*id, id->len - digits);
	if (!slice_to_i64(number, ret_number))
		return false;
	id->len -= digits;
	return true;
}

/* From one task to another: by their numbers, or, when they are named differently, by their places. */
static void add_range(struct resolving *r, uint32_t from, uint32_t to)
{
	struct board_build *build = r->build;
	struct slice low_name = build->tasks[from].id, high_name = build->tasks[to].id;
	int64_t low = 0, high = 0;
	bool numbered = cut_number(&low_name, &low) && cut_number(&high_name, &high) &&
			slice_is(low_name, high_name);

	if (numbered ? low > high : from > to) {
		board_error(build, build->tasks[r->task].line,
			    "the range %.*s to %.*s runs backwards", SHOW(build->tasks[from].id),
			    SHOW(build->tasks[to].id));
		return;
	}
	if (!numbered) {
		for (uint32_t i = from; i <= to && may_go_on(r); i++)
			add(r, i);
		return;
	}
	for (uint32_t i = 0; i < build->task_count && may_go_on(r); i++) {
		struct slice name = build->tasks[i].id;
		int64_t number;

		if (cut_number(&name, &number) && slice_is(name, low_name) && number >= low &&
		    number <= high)
			add(r, i);
	}
}

/* The end of a range: an id, or only its last number: P0.1.1-4. */
static uint32_t find_end(struct resolving *r, uint32_t from, struct slice end)
{
	char id[2 * ID_BYTES_MAX];
	struct slice name = r->build->tasks[from].id;
	uint32_t found = board_find(r->build, end);
	int64_t number;

	if (found != MAP_NONE || end.len > ID_BYTES_MAX || !slice_to_i64(end, &number) ||
	    end.ptr[0] == '-' || !cut_number(&name, &number))
		return found;
	memcpy(id, name.ptr, name.len);
	memcpy(id + name.len, end.ptr, end.len);
	return board_find(r->build, slice_of(id, name.len + end.len));
}

/* Whether `item`, cut in two at `at`, is a range. */
static bool add_range_at(struct resolving *r, struct slice item, size_t at, size_t mark_len)
{
	uint32_t from = board_find(r->build, slice_trim(slice_head(item, at)));
	struct slice end = slice_trim(slice_from(item, at + mark_len));
	uint32_t to;

	if (from == MAP_NONE || end.len == 0)
		return false;
	to = find_end(r, from, end);
	if (to == MAP_NONE)
		return false;
	add_range(r, from, to);
	return true;
}

static bool add_ranges(struct resolving *r, struct slice item)
{
	static const char *const marks[] = {
		" to ",	   " through ", " thru ", " until ", "...", "..", "\xe2\x80\xa6",
		"\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x86\x92", "-",
	};

	/* Two ids at most, and what may stand between them. */
	if (item.len > 2 * ID_BYTES_MAX + 16)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		struct slice mark = slice_of_str(marks[i]);

		for (size_t at = 1; at + mark.len < item.len; at++)
			if (slice_starts(slice_from(item, at), mark) &&
			    add_range_at(r, item, at, mark.len))
				return true;
	}
	return false;
}

enum all { ALL_NO, ALL_ABOVE, ALL_COMPONENTS, ALL_TASKS };

static bool is_word_of(struct slice word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is_nocase(word, slice_of_str(words[i])))
			return true;
	return false;
}

/* "All above", "all of the above tasks", "All other components", "everything". */
static enum all all_of(struct slice item)
{
	static const char *const first[] = { "all", "everything", "every" };
	static const char *const above[] = { "above", "previous", "preceding", "prior", "earlier" };
	static const char *const components[] = { "components", "component" };
	static const char *const noise[] = {
		"of",	"the",	    "other",  "others", "tasks", "task", "rows",
		"these", "critical", "remaining", "rest",
	};
	enum all all = ALL_TASKS;
	bool started = false;

	while (item.len) {
		struct slice word = slice_cut(&item, ' ');

		item = slice_trim(item);
		if (!started && is_word_of(word, above, ARRAY_LEN(above)))
			all = ALL_ABOVE;
		else if (!started && !is_word_of(word, first, ARRAY_LEN(first)))
			return ALL_NO;
		else if (started && is_word_of(word, above, ARRAY_LEN(above)))
			all = ALL_ABOVE;
		else if (started && is_word_of(word, components, ARRAY_LEN(components)))
			all = ALL_COMPONENTS;
		else if (started && !is_word_of(word, noise, ARRAY_LEN(noise)))
			return ALL_NO;
		started = true;
	}
	return started ? all : ALL_NO;
}

static void add_table(struct resolving *r, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end && may_go_on(r); i++)
		add(r, i);
}

static bool add_all(struct resolving *r, struct slice item)
{
	uint32_t own = r->cells[r->task].table;

	switch (all_of(item)) {
	case ALL_ABOVE:
		add_table(r, r->tables[own].first, r->task);
		return true;
	case ALL_COMPONENTS:
		for (uint32_t i = 0; i < r->table_count && may_go_on(r); i++)
			if (i != own && r->tables[i].has_deps && !r->tables[i].filler)
				add_table(r, r->tables[i].first,
					  r->tables[i].first + r->tables[i].count);
		return true;
	case ALL_TASKS:
		for (uint32_t i = 0; i < r->build->task_count && may_go_on(r); i++)
			if (i != r->task && !r->build->tasks[i].filler)
				add(r, i);
		return true;
	case ALL_NO:
	default:
		return false;
	}
}

/* Without one pair of brackets or stars (emphasis) around it, and without # or a point. */
static struct slice bare(struct slice item)
{
	static const char pairs[] = "()[]**\"\"''";

	item = slice_trim(item);
	for (size_t i = 0; i + 1 < sizeof(pairs); i += 2) {
		if (item.len > 2 && item.ptr[0] == pairs[i] &&
		    item.ptr[item.len - 1] == pairs[i + 1] &&
		    slice_find_byte(slice_of(item.ptr + 1, item.len - 2), pairs[i]) < 0)
			item = slice_trim(slice_of(item.ptr + 1, item.len - 2));
	}
	if (item.len && item.ptr[0] == '#')
		item = slice_from(item, 1);
	while (item.len && (item.ptr[item.len - 1] == '.' || item.ptr[item.len - 1] == ':'))
		item.len--;
	return item;
}

/* "P0.1.x": as good as a star, unless a task is called so. */
static bool add_family(struct resolving *r, struct slice item)
{
	char pattern[ID_BYTES_MAX];

	if (item.len < 3 || item.len > sizeof(pattern) || item.ptr[item.len - 2] != '.' ||
	    (item.ptr[item.len - 1] != 'x' && item.ptr[item.len - 1] != 'X'))
		return false;
	memcpy(pattern, item.ptr, item.len);
	pattern[item.len - 1] = '*';
	return add_pattern(r, slice_of(pattern, item.len));
}

static bool add_exact(struct resolving *r, struct slice item)
{
	return add_known(r, item) || add_all(r, item) || add_pattern(r, item) ||
	       add_ranges(r, item) || add_family(r, item);
}

static bool looks_like_id(struct slice word)
{
	bool digit = false;

	for (size_t i = 0; i < word.len; i++)
		digit = digit || (word.ptr[i] >= '0' && word.ptr[i] <= '9');
	return digit && id_is_valid(word);
}

/*
 * Ids among other words: "after P0.1.1 is done", "P0.1.1: event bus". Every
 * word that looks like an id must be one, and there must be one.
 */
static bool add_among_words(struct resolving *r, struct slice item)
{
	struct slice rest = item;
	bool any = false;

	while (rest.len) {
		struct slice word = bare(slice_cut(&rest, ' '));

		if (board_find(r->build, word) != MAP_NONE)
			any = true;
		else if (looks_like_id(word) || slice_is_nocase(word, SLICE("or")))
			return false;
	}
	rest = item;
	while (any && rest.len)
		(void)add_known(r, bare(slice_cut(&rest, ' ')));
	return any;
}

/* Without "(...)" behind it. */
static struct slice without_remark(struct slice item)
{
	ptrdiff_t open = slice_find_byte(item, '(');

	if (open > 0 && item.ptr[item.len - 1] == ')')
		return slice_trim(slice_head(item, (size_t)open));
	return item;
}

static void resolve_item(struct resolving *r, struct slice item)
{
	static const char *const introductions[] = {
		"and", "all of", "all", "after", "needs", "requires", "depends on", "blocked by",
		"tasks", "task",
	};
	struct slice plain;

	item = slice_trim(item);
	if (item.len == 0 || add_exact(r, item))
		return;
	plain = bare(without_remark(item));
	if (word_is_nothing(plain) || add_exact(r, plain))
		return;
	for (size_t i = 0; i < ARRAY_LEN(introductions); i++)
		word_cut(&plain, introductions[i]);
	plain = bare(plain);
	if (plain.len && (add_exact(r, plain) || add_among_words(r, plain)))
		return;
	board_error(r->build, r->build->tasks[r->task].line,
		    "unknown dependency \"%.*s\" of %.*s", SHOW(item),
		    SHOW(r->build->tasks[r->task].id));
}

/* Bytes of the separator that stands at `at`, or 0. Words count between blanks only. */
static size_t separator_len(struct slice text, size_t at)
{
	static const char *const words[] = { " and ", " & ", " + ", " plus " };
	char c = text.ptr[at];

	if (c == ',' || c == ';' || c == '/' || c == '\n')
		return 1;
	for (size_t i = 0; c == ' ' && i < ARRAY_LEN(words); i++) {
		size_t len = strlen(words[i]);

		if (text.len - at > len && slice_is_nocase(slice_head(slice_from(text, at), len),
							   slice_of_str(words[i])))
			return len - 1;	/* the last blank may begin the next one */
	}
	return 0;
}

static void resolve_list(struct resolving *r, struct slice text)
{
	size_t start = 0, at = 0;
	int depth = 0;

	while (at < text.len && !r->build->over_limit && !r->too_many) {
		size_t len = depth > 0 ? 0 : separator_len(text, at);

		if (text.ptr[at] == '(')
			depth++;
		else if (text.ptr[at] == ')' && depth > 0)
			depth--;
		if (len == 0) {
			at++;
			continue;
		}
		resolve_item(r, slice_of(text.ptr + start, at - start));
		at += len;
		start = at;
	}
	if (!r->build->over_limit && !r->too_many)
		resolve_item(r, slice_from(text, start));
}

static void resolve_verbatim(struct resolving *r, struct slice text)
{
	while (text.len) {
		struct slice id = slice_trim(slice_cut(&text, ','));

		if (id.len && !add_known(r, id))
			board_error(r->build, r->build->tasks[r->task].line,
				    "unknown dependency %.*s of %.*s", SHOW(id),
				    SHOW(r->build->tasks[r->task].id));
	}
}

/* Without pictures; tabs are blanks and breaks are line ends. */
static struct slice plain_text(struct resolving *r, struct slice text)
{
	buf_clear(&r->text);
	while (text.len) {
		uint32_t code_point;
		size_t len = text_decode(text, &code_point);

		if (len == 0 || code_point == '\n') {
			buf_add_byte(&r->text, '\n');
			len = 1;
		} else if (code_point == '\t' || code_point == 0xa0) {
			buf_add_byte(&r->text, ' ');
		} else if (!word_is_picture(code_point)) {
			buf_add(&r->text, text.ptr, len);
		}
		text = slice_from(text, len);
	}
	return slice_trim(buf_slice(&r->text));
}

/* "None", "none (start here)", "no dependencies". */
static bool says_none(struct slice text)
{
	static const char *const words[] = { "nothing", "no dependencies", "no", "independent" };
	struct slice rest = text;

	if (word_is_nothing(text) || is_word_of(text, words, ARRAY_LEN(words)))
		return true;
	return word_cut(&rest, "none") && rest.len && rest.ptr[0] == '(';
}

static void hand_over(struct resolving *r)
{
	struct board_build *build = r->build;
	struct doc_task *task = &build->tasks[r->task];
	struct slice *items;

	if (r->too_many) {
		board_error(build, task->line, "%.*s has more than %d dependencies",
			    SHOW(task->id), BOARD_DOC_DEPS_MAX);
		return;
	}
	build->dep_total += r->found_count;
	if (build->dep_total > BOARD_DEPS_TOTAL_MAX) {
		board_over_limit(build, task->line, "more than 1,000,000 dependencies");
		return;
	}
	items = arena_zero(build->arena, r->found_count, sizeof(*items));
	for (size_t i = 0; i < r->found_count; i++)
		items[i] = build->tasks[r->found[i]].id;
	task->deps = (struct slice_list){ items, r->found_count };
}

void board_resolve_deps(struct board_build *build, const struct dep_cell *cells,
			const struct dep_table *tables, size_t table_count)
{
	struct resolving r = {
		.build = build,
		.cells = cells,
		.tables = tables,
		.table_count = table_count,
		.stamp = alloc_zero(build->task_count, sizeof(*r.stamp)),
		.found = alloc_zero(BOARD_DOC_DEPS_MAX, sizeof(*r.found)),
	};

	for (r.task = 0; r.task < build->task_count && !build->over_limit; r.task++) {
		const struct dep_cell *cell = &cells[r.task];
		struct slice text = cell->verbatim ? cell->text : plain_text(&r, cell->text);

		r.found_count = 0;
		r.too_many = false;
		if (cell->verbatim)
			resolve_verbatim(&r, text);
		else if (add_known(&r, text) || !says_none(text))
			resolve_list(&r, text);
		hand_over(&r);
	}
	free(r.stamp);
	free(r.found);
	buf_finish(&r.text);
}
