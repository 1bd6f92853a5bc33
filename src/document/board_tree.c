/*
 * board_tree - boards in YAML and JSON.
 *
 *	{"board": ID, "title": TEXT, "tasks": [TASK, ...]}
 *
 * TASK is a map of "task" (the id, needed) and any of
 *
 *	title, group, model, deliverable, description	texts
 *	kind			"critical" or "filler"
 *	status			blocked, delayed, ready, claimed, held, done, failed,
 *				cancelled, or a word that Markdown boards use
 *	prefers			the swarm that should take it
 *	held_by			the swarm that has claimed it, when it is claimed or held
 *	deps, needs, paths, run, avoids	lists of texts
 *	wasm			the module that does it instead of run; or run: {wasm: ID}
 *	priority, est_ms, limit_ms, max_attempts, redundancy	integers
 *	est_cost_usd, max_cost_usd	numbers of dollars, read digit by digit
 *	not_before, start_by	times in RFC 3339
 *	payload			anything
 *
 * which is what the daemon answers to GET /v1/boards/{board}. Other names are
 * taken too: id for board and task, owner for prefers, dependencies and
 * depends_on for deps, capabilities for needs, state for status, attempts_max
 * for max_attempts. What else the daemon says about a board or a task (since
 * when it is held, what came of it) is known and passed over, so that its
 * answer is a board document. Any other key is an error. A task that says
 * "answers" or "helps" is one that the daemon made by itself, to one answer of
 * several or to help with a blocker: it is left out, with a remark.
 */
#include <string.h>

#include "base/rfc3339.h"
#include "base/text.h"
#include "document/amount.h"
#include "document/board_build.h"
#include "document/board_words.h"
#include "document/json.h"
#include "document/tree.h"

static const struct tree_limits limits = {
	.bytes_max = BOARD_DOC_BYTES_MAX,
	.depth_max = JSON_READ_DEPTH_MAX - 4,	/* a payload goes out inside of lists and maps */
	.values_max = 2000000,			/* 100,000 tasks of 20 values */
};

/* What the daemon adds. */
static const char *const board_passed_over[] = {
	"created_at", "archived", "task_count", "counts", "more", "seq", "epoch", "remarks",
	"blockers", "swarms", "critical_path",
	"dry_run",	/* of whoever imports the body of a request as it is */
};
static const char *const task_passed_over[] = {
	"board", "fence", "attempt", "claimed_at", "lease_until", "lease_ms",
	"claim_until", "percent", "progress", "progress_at", "reserved", "imported", "waits_for",
	"attempts", "failures", "blockers_open", "blockers", "ready_at", "next_attempt_at",
	"ended_at", "ended_by", "reason", "result", "evidence", "created_at", "added_at", "line",
	"expected_usd", "reserved_usd", "spent_usd", "stop",
};

static const struct {
	const char *other;
	const char *name;
} other_names[] = {
	{ "owner", "prefers" },	       { "dependencies", "deps" }, { "depends_on", "deps" },
	{ "capabilities", "needs" },   { "attempts_max", "max_attempts" },
};

static bool is_one_of(struct slice key, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is_str(key, names[i]))
			return true;
	return false;
}

/* A text, or in YAML a plain scalar that looks like something else: id: 1.10. */
static bool text_of(const struct tree *tree, struct slice *ret_text)
{
	bool scalar = tree->kind != TREE_LIST && tree->kind != TREE_MAP;

	if (tree->kind != TREE_TEXT && !(tree->plain && scalar && tree->kind != TREE_NULL))
		return false;
	*ret_text = tree->text;
	return true;
}

static void wrong_kind(struct board_build *build, const struct tree *tree, const char *wanted)
{
	board_error(build, tree->line, "%.*s is %s, not %s", SHOW(tree->key),
		    tree_kind_name(tree->kind), wanted);
}

static void read_text(struct board_build *build, const struct tree *tree, struct slice *ret_text)
{
	if (!text_of(tree, ret_text))
		wrong_kind(build, tree, "a text");
}

static void read_int(struct board_build *build, const struct tree *tree, int64_t *ret_number)
{
	struct slice text = tree->text;

	if (text.len && text.ptr[0] == '+')
		text = slice_from(text, 1);
	if (tree->kind != TREE_INT || !slice_to_i64(text, ret_number))
		wrong_kind(build, tree, "an integer of at most 64 bits");
}

static bool has_exponent(struct slice text)
{
	return slice_find_byte(text, 'e') >= 0 || slice_find_byte(text, 'E') >= 0;
}

/* Digit by digit, as it was written; with an exponent the value of the double has to do. */
static void read_money(struct board_build *build, const struct tree *tree, int64_t *ret_nanousd)
{
	struct json_limits one = { .bytes_max = 64, .depth_max = 0, .values_max = 1 };
	struct json_value *value;
	bool read = amount_of_decimal(tree->text, ret_nanousd);

	if (tree->kind == TREE_TEXT && !read)
		read = amount_of_money(tree->text, ret_nanousd);
	if (tree->kind == TREE_REAL && !read && has_exponent(tree->text) &&
	    json_parse(tree->text, &one, &value, NULL) == OK) {
		read = json_get_money(value, ret_nanousd);
		json_free(value);
	}
	if (!read || (tree->kind != TREE_INT && tree->kind != TREE_REAL && tree->kind != TREE_TEXT))
		wrong_kind(build, tree, "a number of dollars with at most nine decimals");
}

/* Unix microseconds from a text. */
static void read_time(struct board_build *build, const struct tree *tree, int64_t *ret_us)
{
	if (tree->kind != TREE_TEXT || !rfc3339_read(tree->text, ret_us))
		wrong_kind(build, tree, "a time such as 2026-11-22T19:34:07Z");
}

/* One text stands for a list of one. */
static void read_list(struct board_build *build, const struct tree *tree,
		      struct slice_list *ret_list)
{
	struct slice *items = arena_zero(build->arena, tree->count + 1, sizeof(*items));
	struct slice one;
	size_t count = 0;

	if (tree->kind == TREE_TEXT && text_of(tree, &one)) {
		items[count++] = one;
	} else if (tree->kind != TREE_LIST) {
		wrong_kind(build, tree, "a list of texts");
		return;
	}
	for (const struct tree *item = tree->first; item; item = item->next) {
		if (!text_of(item, &items[count++])) {
			board_error(build, item->line, "%.*s holds %s, not only texts",
				    SHOW(tree->key), tree_kind_name(item->kind));
			return;
		}
	}
	*ret_list = (struct slice_list){ items, count };
}

static void read_json_value(struct board_build *build, const struct tree *tree,
			    struct slice *ret_text)
{
	struct buf out = { 0 };

	tree_write_json(tree, &out);
	*ret_text = arena_copy(build->arena, buf_slice(&out));
	buf_finish(&out);
}

/* run: {wasm: ID} says the same as wasm: ID. */
static void read_run_map(struct board_build *build, const struct tree *map, struct doc_task *task)
{
	const struct tree *wasm = tree_get(map, SLICE("wasm"));

	if (!wasm || map->first->next)
		board_error(build, map->line, "run is a list of texts, or a map with the one key wasm");
	else
		read_text(build, wasm, &task->wasm);
}

static void read_field(struct board_build *build, const struct field *field,
		       const struct tree *tree, struct doc_task *task)
{
	switch (field->kind) {
	case FIELD_ID:
	case FIELD_TEXT:
		read_text(build, tree, field_slice(field, task));
		return;
	case FIELD_JSON:
		read_json_value(build, tree, field_slice(field, task));
		return;
	case FIELD_INT:
		read_int(build, tree, field_number(field, task));
		return;
	case FIELD_MONEY:
		read_money(build, tree, field_number(field, task));
		return;
	case FIELD_TIME:
		read_time(build, tree, field_number(field, task));
		return;
	case FIELD_IDS:
	case FIELD_TEXTS:
	case FIELD_CAPS:
	case FIELD_PATHS:
		read_list(build, tree, field_list(field, task));
		return;
	case FIELD_BOOL:
	case FIELD_ENUM:
	case FIELD_RATIO:
	default:
		panic(__FILE__, __LINE__, "a kind that tasks have");
	}
}

static void read_status(struct board_build *build, const struct tree *tree, struct doc_task *task)
{
	struct slice text, by;

	if (!text_of(tree, &text))
		wrong_kind(build, tree, "a text");
	else if (!word_to_status(text, &task->status, &by))
		board_error(build, tree->line, "%.*s \"%.*s\" is not known", SHOW(tree->key),
			    SHOW(text));
}

static void read_kind(struct board_build *build, const struct tree *tree, struct doc_task *task)
{
	struct slice text = SLICE_EMPTY;

	if (text_of(tree, &text) &&
	    (slice_is(text, SLICE("critical")) || slice_is(text, SLICE("filler"))))
		task->filler = slice_is(text, SLICE("filler"));
	else
		board_error(build, tree->line, "kind is neither critical nor filler");
}

static struct slice real_name(struct slice key)
{
	for (size_t i = 0; i < ARRAY_LEN(other_names); i++)
		if (slice_is_str(key, other_names[i].other))
			return slice_of_str(other_names[i].name);
	return key;
}

static void read_member(struct board_build *build, const struct tree *map,
			const struct tree *member, struct doc_task *task)
{
	struct slice name = real_name(member->key);
	const struct field *field = schema_find(&board_task_schema, name);

	if (!slice_is(name, member->key) && tree_get(map, name)) {
		board_error(build, member->key_line, "%.*s and %.*s say the same", SHOW(name),
			    SHOW(member->key));
		return;
	}
	if (slice_is_str(name, "task") || slice_is_str(name, "id"))
		return;
	if (slice_is_str(name, "run") && member->kind == TREE_MAP)
		read_run_map(build, member, task);
	else if (field && (member->kind != TREE_NULL || field->kind == FIELD_JSON))
		read_field(build, field, member, task);
	else if (slice_is_str(name, "status") || slice_is_str(name, "state"))
		read_status(build, member, task);
	else if (slice_is_str(name, "kind"))
		read_kind(build, member, task);
	else if (!field && !is_one_of(name, task_passed_over, ARRAY_LEN(task_passed_over)))
		board_error(build, member->key_line, "a task has no key \"%.*s\"", SHOW(member->key));
}

/* The member `name` or, for short, `id`; not both. */
static const struct tree *id_of(struct board_build *build, const struct tree *map, const char *name)
{
	const struct tree *named = tree_get(map, slice_of_str(name));
	const struct tree *id = tree_get(map, SLICE("id"));

	if (named && id)
		board_error(build, id->key_line, "%s and id say the same", name);
	return named ? named : id;
}

/* Each dependency once. */
static void drop_repeated_deps(struct doc_task *task)
{
	struct slice *items = (struct slice *)(uintptr_t)task->deps.items;
	struct slice_list kept = { items, 0 };

	/* More than that is refused later; looking at each pair would take long. */
	if (task->deps.count > BOARD_DOC_DEPS_MAX)
		return;
	for (size_t i = 0; i < task->deps.count; i++)
		if (!slice_list_has(kept, items[i]))
			items[kept.count++] = items[i];
	task->deps = kept;
}

static void read_task(struct board_build *build, const struct tree *map)
{
	const struct tree *id = map->kind == TREE_MAP ? id_of(build, map, "task") : NULL;
	struct slice text = SLICE_EMPTY;
	struct doc_task *task;

	if (map->kind != TREE_MAP) {
		board_error(build, map->line, "a task is %s, not a map", tree_kind_name(map->kind));
		return;
	}
	if (!id || !text_of(id, &text)) {
		board_error(build, map->line, "a task without an id");
		return;
	}
	if (tree_get(map, SLICE("answers")) || tree_get(map, SLICE("helps"))) {
		board_remark(build, map->line, "task %.*s was made by the fabric and is left out",
			     SHOW(text));
		return;
	}
	task = board_add_task(build, text, map->line);
	if (!task)
		return;
	for (const struct tree *member = map->first; member; member = member->next)
		read_member(build, map, member, task);
	/* Claimed, or held by a blocker with its claim alive. */
	if (task->holder.len && task->status == DOC_BLOCKED)
		task->status = DOC_CLAIMED;
	if (task->status != DOC_CLAIMED || slice_is(task->holder, task->owner))
		task->holder = SLICE_EMPTY;
	drop_repeated_deps(task);
	build->dep_total += task->deps.count;
	if (build->dep_total > BOARD_DEPS_TOTAL_MAX)
		board_over_limit(build, map->line, "more than 1,000,000 dependencies");
}

static void read_board(struct board_build *build, const struct tree *root)
{
	const struct tree *id;

	if (root->kind != TREE_MAP) {
		board_error(build, root->line, "a board is %s, not a map", tree_kind_name(root->kind));
		return;
	}
	id = id_of(build, root, "board");
	if (id && (!text_of(id, &build->id) || !id_is_valid(build->id)))
		board_error(build, id->line, "the board's id is not valid: 1 to 128 of "
			    "A-Z a-z 0-9 . _ : @ -");
	for (const struct tree *member = root->first; member; member = member->next) {
		if (slice_is_str(member->key, "title") && member->kind != TREE_NULL)
			read_text(build, member, &build->title);
		else if (slice_is_str(member->key, "tasks") && member->kind != TREE_LIST)
			wrong_kind(build, member, "a list of tasks");
		else if (slice_is_str(member->key, "tasks"))
			for (const struct tree *task = member->first; task; task = task->next)
				read_task(build, task);
		else if (member != id && !slice_is_str(member->key, "title") &&
			 !slice_is_str(member->key, "id") &&
			 !is_one_of(member->key, board_passed_over, ARRAY_LEN(board_passed_over)))
			board_error(build, member->key_line, "a board has no key \"%.*s\"",
				    SHOW(member->key));
	}
	if (!tree_get(root, SLICE("tasks")))
		board_error(build, 0, "the board has no key \"tasks\"");
}

typedef enum err read_fn(struct slice text, const struct tree_limits *limits,
			 struct arena *arena, const struct tree **ret_root,
			 struct source_fault *ret_fault);

static void read_with(read_fn *read, struct board_build *build, struct slice text)
{
	struct source_fault fault;
	const struct tree *root;
	enum err err = read(text, &limits, build->arena, &root, &fault);

	if (err == ERR_LIMIT_EXCEEDED)
		board_over_limit(build, fault.line, fault.text);
	else if (err)
		board_error(build, fault.line, "%s", fault.text);
	else
		read_board(build, root);
}

void board_read_yaml(struct board_build *build, struct slice text)
{
	read_with(yaml_read, build, text);
}

void board_read_json(struct board_build *build, struct slice text)
{
	read_with(json_read, build, text);
}
