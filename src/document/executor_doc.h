/*
 * executor_doc - rules of the executor as people write them, YAML or JSON.
 *
 *	rules:
 *	  - name: update
 *	    program: /usr/bin/git
 *	    args: [pull, --ff-only, origin, "[a-z0-9-]{1,40}"]
 *	    folder: /srv/site
 *	    environment: [SSH_AUTH_SOCK]
 *	    timeout: 2m
 *
 * Each of `args` is a pattern (PCRE2) for the whole of one argument; `rest`
 * is one for each that follows. Reading is all or nothing; patterns are
 * looked at by whoever compiles them.
 */
#ifndef DOCUMENT_EXECUTOR_DOC_H
#define DOCUMENT_EXECUTOR_DOC_H

#include "base/arena.h"
#include "base/error.h"
#include "chassis/executor.h"
#include "document/fields.h"
#include "document/message.h"

struct executor_doc {
	struct executor_rules rules;
	struct doc_message *errors;
	size_t error_count;
};

/* What is in `ret_doc` lives in `arena`, or in `text`. ERR_DOCUMENT_INVALID: see its errors. */
MUST_USE enum err executor_doc_read(struct slice text, enum hand_format format,
				    struct arena *arena, struct executor_doc *ret_doc);

#endif
