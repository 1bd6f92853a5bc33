/*
 * policy_doc - a policy as people write it, in YAML or JSON, and the cases
 * that say what it should answer.
 *
 *	name: night shift
 *	resource_policy:		settings of governor/policy.def
 *	  max_cost_per_task: 10.0
 *	rules:				in the order in which they are tried
 *	  - name: releases
 *	    boards: [release-*]
 *	    effect: require_approval
 *	cases:				for `policy test`
 *	  - name: a release needs a person
 *	    board: release-7
 *	    expect: require_approval
 *	    rule: releases
 *
 * Reading is all or nothing: one error, and no policy.
 */
#ifndef DOCUMENT_POLICY_DOC_H
#define DOCUMENT_POLICY_DOC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "document/fields.h"
#include "document/message.h"
#include "governor/policy.h"

#define POLICY_CASES_MAX 1000

/* A case: what is asked, and what should be answered. */
#define POLICY_CASE(F, T)                                                                      \
	F(T, TEXT, name, FIELD_REQUIRED, 1, 256, 0, NULL, "What the case shows")               \
	F(T, ID, board, 0, 1, 128, 0, NULL, "Board of the task")                               \
	F(T, ID, task, 0, 1, 128, 0, NULL, "The task")                                         \
	F(T, ID, swarm, 0, 1, 128, 0, NULL, "Swarm that claims it")                            \
	F(T, ENUM, kind, 0, 0, 1, 0, policy_case_kind_names, "Kind of the task")               \
	F(T, CAPS, needs, 0, 0, 64, 0, NULL, "Capabilities that the task needs")               \
	F(T, CAPS, capabilities, 0, 0, 256, 0, NULL,                                           \
	  "Capabilities of the swarm; left out: all that are needed")                          \
	F(T, MONEY, expected_cost, 0, -1, INT64_MAX, -1, NULL,                                 \
	  "Expected cost in dollars; left out: not known")                                     \
	F(T, INT, swarms_on_task, 0, 0, 1000, 0, NULL, "Other swarms that work on it")         \
	F(T, BOOL, approved, 0, 0, 1, 0, NULL, "A person has approved it")                     \
	F(T, ENUM, expect, FIELD_REQUIRED, 0, POLICY_EFFECT_COUNT - 1, 0, policy_effect_names, \
	  "The answer")                                                                        \
	F(T, TEXT, rule, 0, 1, 128, 0, NULL, "Rule that makes it, or setting")

extern const char *const policy_case_kind_names[];

struct policy_case {
	POLICY_CASE(POLICY_MEMBER, )
	bool covers_all;		/* capabilities were left out */
	int line;
};
extern const struct schema policy_case_schema;

struct policy_doc {
	struct policy policy;		/* without a digest */
	bool has_policy;		/* settings or rules: not only cases */
	struct policy_case *cases;
	size_t case_count;
	struct doc_message *errors;
	size_t error_count;
	struct doc_message *remarks;	/* read, but worth saying: a rule that can never speak */
	size_t remark_count;
};

/*
 * Reads a document. What is in `ret_doc` lives in `arena`, or in `text`,
 * which must stay. ERR_DOCUMENT_INVALID: see ret_doc->errors, at least one.
 */
MUST_USE enum err policy_doc_read(struct slice text, enum hand_format format, struct arena *arena,
				  struct policy_doc *ret_doc);

/* Asks the policy. Whether the answer is the expected one; `ret_answer` is what it was. */
bool policy_case_run(const struct policy *policy, const struct policy_case *one,
		     struct policy_answer *ret_answer);
/* What was answered and by what, for people: deny by rule nights: ... */
void policy_case_explain(const struct policy *policy, const struct policy_case *one,
			 const struct policy_answer *answer, struct buf *out);

/* A document that reads again to the same policy, as YAML; with all settings. */
void policy_doc_write_yaml(const struct policy *policy, struct buf *out);

/*
 * What changes from one policy to the other, a line each: "max_cost_per_task:
 * 10.00 -> 20.00", "+ rule nights: ...". Returns how many lines.
 */
size_t policy_doc_diff(const struct policy *from, const struct policy *to, struct buf *out);

#endif
