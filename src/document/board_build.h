/*
 * board_build - a board document while it is read.
 *
 * The readers of Markdown, YAML and JSON fill it and report what is wrong;
 * what every board must hold is checked here, once for all of them.
 */
#ifndef DOCUMENT_BOARD_BUILD_H
#define DOCUMENT_BOARD_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/schema.h"
#include "document/board_doc.h"
#include "document/message.h"

#define BOARD_DEPS_TOTAL_MAX 1000000	/* of a whole document, after ranges are spelt out */

struct board_build {
	struct arena *arena;		/* of the document that is made */
	struct slice title;
	struct slice id;		/* as the document names it */
	struct doc_task *tasks;
	size_t task_count, task_capacity;
	struct map by_id;
	struct message_list errors, remarks;
	size_t dep_total;
	const char *no_task_hint;	/* what to look for when there is no task; or "" */
	bool over_limit;		/* reading stopped at a limit: its error is the only one */
};

void board_build_init(struct board_build *build, struct arena *arena);
void board_build_finish(struct board_build *build);

/* `line` is 0 when it is about the whole document. */
void board_error(struct board_build *build, int line, const char *format, ...) PRINTF_LIKE(3, 4);
void board_remark(struct board_build *build, int line, const char *format, ...) PRINTF_LIKE(3, 4);
/* The only error from now on. */
void board_over_limit(struct board_build *build, int line, const char *what);

/*
 * Adds a task that says nothing but its id. NULL, and the error reported, when
 * the id is not valid or taken. Pointers to tasks last until the next is added.
 */
struct doc_task *board_add_task(struct board_build *build, struct slice id, int line);
/* `id` is valid and not taken. */
void board_rename_task(struct board_build *build, uint32_t task, struct slice id);
/* Index of the task with this id, or MAP_NONE. */
uint32_t board_find(const struct board_build *build, struct slice id);

/* The fields of struct doc_task, named as in JSON, with the bounds that the machine will set. */
extern const struct schema board_task_schema;

/* Whether the field of a task says anything. */
bool board_field_is_absent(const struct field *field, const struct doc_task *task);

/* Reports fields out of bounds, unknown dependencies, cycles, and a document without any task. */
void board_check(struct board_build *build);

/* Hands everything over to `ret_doc`: ERR_DOCUMENT_INVALID or ERR_LIMIT_EXCEEDED with errors. */
MUST_USE enum err board_build_result(struct board_build *build, struct board_doc *ret_doc);

/* Finds tasks of a finished document by their ids. */
struct board_index {
	const struct board_doc *doc;
	struct map by_id;
};

void board_index_init(struct board_index *index, const struct board_doc *doc);
void board_index_finish(struct board_index *index);
/* MAP_NONE when there is no such task. */
uint32_t board_index_find(const struct board_index *index, struct slice id);

/* The readers. `text` is checked UTF-8 without a byte order mark. */
void board_read_markdown(struct board_build *build, struct slice text);
void board_read_yaml(struct board_build *build, struct slice text);
void board_read_json(struct board_build *build, struct slice text);

#endif
