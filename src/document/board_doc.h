/*
 * board_doc - a board as people write it: Markdown, YAML or JSON.
 *
 * Reading is all or nothing: a document with one error yields errors, with
 * file and line, and no tasks. Writing a board and reading it again gives
 * the same board.
 */
#ifndef DOCUMENT_BOARD_DOC_H
#define DOCUMENT_BOARD_DOC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "document/message.h"

#define BOARD_DOC_BYTES_MAX (8 * 1024 * 1024)	/* a plan, not a data base */
#define BOARD_DOC_TASKS_MAX 100000
#define BOARD_DOC_DEPS_MAX 1024			/* of one task, after ranges are spelt out */

enum board_format { BOARD_MARKDOWN, BOARD_YAML, BOARD_JSON };

/* What a document says of a task's state; the machine decides what follows from it. */
enum doc_status { DOC_OPEN, DOC_CLAIMED, DOC_DONE, DOC_BLOCKED, DOC_FAILED, DOC_CANCELLED };

/* Absent texts are empty, absent numbers are BOARD_DOC_ABSENT. */
#define BOARD_DOC_ABSENT INT64_MIN

struct doc_task {
	struct slice id;
	struct slice title;
	struct slice group;		/* the heading above its table */
	bool filler;			/* kind: filler, else critical */
	enum doc_status status;
	struct slice owner;		/* as a swarm id: session-5-cli; the preferred swarm */
	struct slice holder;		/* of DOC_CLAIMED: by whom, when that is not the owner */
	struct slice model;
	struct slice deliverable;
	struct slice description;
	struct slice payload;		/* one JSON value, or empty */
	struct slice_list deps;		/* ids of this board, each once, in document order */
	struct slice_list needs;	/* capabilities, domain:skill */
	struct slice_list paths;
	struct slice_list run;		/* argv */
	struct slice wasm;		/* module that does it, instead of run */
	struct slice_list avoids;	/* swarms that may not have it */
	int64_t redundancy;		/* how many swarms answer it */
	int64_t priority;
	int64_t est_cost_nanousd;
	int64_t max_cost_nanousd;
	int64_t est_ms;			/* Est column when it is a time: 2h, 30m */
	int64_t limit_ms;		/* longest time of one attempt */
	int64_t max_attempts;
	int64_t not_before_us;		/* earliest start */
	int64_t start_by_us;		/* latest start */
	int line;			/* of the document, from 1 */
};

struct board_doc {
	struct slice title;		/* first heading, or the title key */
	struct slice id;		/* what the document names, else made from the title */
	struct doc_task *tasks;
	size_t task_count;
	struct doc_message *errors;
	size_t error_count;
	struct doc_message *remarks;	/* read, but worth saying: text that was encoded twice, ... */
	size_t remark_count;
};

/* By the ending of a file name: .md .markdown .yaml .yml .json; Markdown otherwise. */
enum board_format board_format_of(struct slice file_name);

/*
 * Reads a document. Everything in `ret_doc` lives in `arena`, or in `text`,
 * which must stay.
 *
 * ERR_DOCUMENT_INVALID: see ret_doc->errors (at least one), which holds all
 * that could be found in one pass. ERR_LIMIT_EXCEEDED: see its only error.
 */
MUST_USE enum err board_doc_read(struct slice text, enum board_format format, struct arena *arena,
				 struct board_doc *ret_doc);

/* Writers append to `out`. Markdown, YAML and JSON read again to the same board. */
void board_doc_write_markdown(const struct board_doc *doc, struct buf *out);
void board_doc_write_json(const struct board_doc *doc, struct buf *out);
void board_doc_write_dot(const struct board_doc *doc, struct buf *out);
void board_doc_write_mermaid(const struct board_doc *doc, struct buf *out);

/*
 * The longest chain of tasks that are not done, by est_ms (tasks without an
 * estimate count as one unit each when none has one). Task indices, first to
 * last, in `arena`. The document must be free of cycles.
 */
size_t board_doc_critical_path(const struct board_doc *doc, struct arena *arena,
			       size_t **ret_path);

#endif
