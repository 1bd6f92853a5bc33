/*
 * policy - what the people who pay allow, as settings and rules.
 *
 * A claim is a question. Rules are tried in their order, and the first one
 * whose selectors all match speaks; without one, the settings speak alone.
 *
 *   Selectors	An empty one matches everything. Ids may end in `*`, which stands for any rest.
 *		`capabilities` matches when the task needs one of them, so never a task without
 *		needs.
 *   Limits	What the rule sets goes before the setting of the same meaning, whatever its
 *		effect; what it does not set is the setting's.
 *   Effect	deny refuses, whatever the limits say. allow and require_approval refuse past a
 *		limit; only then does require_approval ask whether a person has approved. An
 *		approval lifts no limit.
 *
 * The answers at the edges: a task without needs is matched by everybody. A
 * match equal to the threshold passes, so 0 passes always and 1 asks for all
 * of the needs. A cost equal to the limit passes. An unknown cost passes every
 * limit but 0: what must be free has to be known to be.
 */
#ifndef GOVERNOR_POLICY_H
#define GOVERNOR_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/schema.h"
#include "base/slice.h"

#define POLICY_RULES_MAX 256		/* more than a person can keep apart */
#define POLICY_SELECTORS_MAX 64		/* of one kind in one rule */
#define POLICY_NAME_BYTES_MAX 128
#define POLICY_DELAY_MOST_MS INT64_C(2592000000)	/* 30 days, as everywhere */

enum policy_effect { POLICY_ALLOW, POLICY_DENY, POLICY_REQUIRE_APPROVAL, POLICY_EFFECT_COUNT };
extern const char *const policy_effect_names[];

/* The kinds of coordinator/task.h come behind "any", in their order. */
enum policy_kind {
	POLICY_KIND_ANY,
	POLICY_KIND_CRITICAL,
	POLICY_KIND_FILLER,
	POLICY_KIND_COUNT
};
extern const char *const policy_kind_names[];

#include "governor/policy.def"

#define POLICY_MEMBER(T, kind, name, ...) FIELD_C_##kind name;

struct policy_settings {
	POLICY_SETTINGS(POLICY_MEMBER, )
};
struct policy_rule {
	POLICY_RULE(POLICY_MEMBER, )
};
extern const struct schema policy_settings_schema;
extern const struct schema policy_rule_schema;

struct policy {
	struct slice name;		/* may be empty */
	struct policy_settings settings;
	const struct policy_rule *rules;
	size_t rule_count;
	struct slice digest;		/* of policy_encode's bytes, by whoever can hash; or empty */
};

/* The settings' defaults, no rules, no name. */
struct policy policy_default(void);
/* A rule that selects everything, allows it and sets no limit; without the name it needs. */
struct policy_rule policy_rule_default(void);

/* What a claim wants to know. */
struct policy_question {
	struct slice board, task, swarm;
	struct slice_list needs;
	enum policy_kind kind;		/* of the task: not POLICY_KIND_ANY */
	int64_t expected_cost_nanousd;	/* -1: not known */
	int64_t overlap_ppm;		/* of the swarm with the needs */
	int64_t swarms_on_task;		/* that work on it now, without the one that asks */
	bool approved;			/* a person has approved this claim */
};

/* What made the answer. */
enum policy_ground {
	POLICY_GROUND_NONE,		/* allowed, and no rule spoke */
	POLICY_GROUND_EFFECT,		/* the rule's effect */
	POLICY_GROUND_MATCH,		/* these three: past that limit */
	POLICY_GROUND_COST,
	POLICY_GROUND_SWARMS,
	POLICY_GROUND_COUNT
};
extern const char *const policy_ground_names[];

#define POLICY_NO_RULE (-1)

struct policy_answer {
	enum policy_effect verdict;
	enum policy_ground ground;
	int rule;			/* that made it; POLICY_NO_RULE: a setting or nothing */
	int matched;			/* the rule that spoke, or POLICY_NO_RULE */
	int64_t limit;			/* of the ground, in its unit: ppm, nano-dollars, swarms */
	/* What holds for this claim: the rule's limits, else the settings'. */
	int64_t min_match_ppm;
	int64_t max_cost_nanousd;
	int64_t max_swarms;
};

/*
 * Total: every question has an answer. The order of refusals: the rule's
 * deny, match, cost, swarms, approval.
 */
void policy_decide(const struct policy *policy, const struct policy_question *question,
		   struct policy_answer *ret_answer);

/*
 * The same in two steps, for one task and many swarms. The first leaves the
 * rules whose selectors other than `swarms` match: their indices, in order,
 * up to the first that takes every swarm. The question's swarm, overlap and
 * cost are not looked at.
 */
struct policy_choice {
	uint16_t rules[POLICY_RULES_MAX];
	size_t count;
};
void policy_narrow(const struct policy *policy, const struct policy_question *question,
		   struct policy_choice *ret_choice);
void policy_decide_among(const struct policy *policy, const struct policy_choice *choice,
			 const struct policy_question *question,
			 struct policy_answer *ret_answer);

/* The setting behind a limit, or "": max_cost_per_task. */
const char *policy_ground_setting(enum policy_ground ground);
/*
 * One line for people, why the answer is not "allow": by which rule or setting,
 * what was asked and what the limit is. Nothing when it is.
 */
void policy_explain(const struct policy *policy, const struct policy_question *question,
		    const struct policy_answer *answer, struct buf *out);

/* Whether an id is meant by a selector's entry: equal, or starting as it does before its `*`. */
bool policy_selects(struct slice pattern, struct slice id);
/* An id, a part of one with a `*` behind it, or `*` alone. */
bool policy_pattern_is_valid(struct slice pattern);

/*
 * Binary form, the same bytes for the same policy: what is hashed and what
 * events carry. A setting that is newer than the bytes has its default.
 * Decoding: texts point into `bytes`, the rest lives in `arena`.
 */
void policy_encode(const struct policy *policy, struct buf *out);
MUST_USE bool policy_decode(struct slice bytes, struct arena *arena, struct policy *ret_policy);

/* Members of an open object: name, settings, rules, digest. */
void policy_write_json(const struct policy *policy, struct json_writer *json);

#endif
