/*
 * manifest - swarms as people introduce them, in YAML or JSON.
 *
 *	swarms:
 *	  - swarm_id: alice
 *	    capabilities: [code-analysis:rust, docs:*]
 *	    model: claude-sonnet-4
 *	    price_per_million: {input: 3, output: 15}
 *	    budget_usd: 50
 *	    budget_duration: 1d
 *
 * or one such map, or a list of them, alone. And price tables:
 *
 *	prices:
 *	  - {model: our-own, input: 0.10, output: 0.30, date: 2025-11-01, source: us}
 *
 * Reading is all or nothing: one error, and no manifest.
 */
#ifndef DOCUMENT_MANIFEST_H
#define DOCUMENT_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/schema.h"
#include "document/fields.h"
#include "document/message.h"
#include "governor/budget.h"
#include "governor/price.h"

#define MANIFESTS_MAX 100000		/* as many swarms as the machine takes */
#define PRICE_ROWS_MAX 10000

#define MANIFEST(F, T)                                                                           \
	F(T, ID, swarm_id, FIELD_REQUIRED, 1, 128, 0, NULL, "Id of the swarm")                   \
	F(T, TEXT, title, 0, 0, 1024, 0, NULL, "What people call it")                            \
	F(T, CAPS, capabilities, 0, 0, 256, 0, NULL,                                             \
	  "What it can do, domain:skill; domain:* is all of a domain")                           \
	F(T, TEXT, model, 0, 0, 256, 0, NULL, "Model it runs on")                                \
	F(T, MONEY, rate_usd_per_hour, 0, -1, INT64_MAX, -1, NULL,                               \
	  "Dollars for an hour of its work; or price_per_million")                               \
	F(T, MONEY, budget_usd, 0, -1, INT64_MAX, -1, NULL, "Most it may spend, in dollars")     \
	F(T, MONEY, soft_budget_usd, 0, -1, INT64_MAX, -1, NULL,                                 \
	  "Spending beyond this is told of, and stops nothing")                                  \
	F(T, INT, budget_duration_ms, 0, 0, DURATION_MS_MAX, 0, NULL,                            \
	  "The budget begins anew after this time; left out: never")                             \
	F(T, INT, concurrency, 0, 1, 1000, 1, NULL, "Tasks it may hold at once")                 \
	F(T, IDS, boards, 0, 0, 64, 0, NULL, "Boards it works on; left out: every one")          \
	F(T, ID, contract, 0, 0, 128, 0, NULL,                                                   \
	  "Module under whose contract it works")                                                \
	F(T, RATIO, declared_success, 0, -1, 1000000, -1, NULL,                                  \
	  "Part of its tasks that it says it completes")                                         \
	F(T, MONEY, declared_cost_usd, 0, -1, INT64_MAX, -1, NULL,                               \
	  "What it says that a task costs, in dollars")

#define MANIFEST_WEIGHT(F, T)                                                                    \
	F(T, RATIO, base_weight, 0, 0, 2000000, 1000000, NULL, "Weight of its answers at first") \
	F(T, RATIO, success_bonus, 0, 0, 2000000, 0, NULL, "Added when a result is good")        \
	F(T, RATIO, success_threshold, 0, 0, 1000000, 700000, NULL,                              \
	  "Confidence from which a result is good")                                              \
	F(T, TEXT, tier, 0, 0, 128, 0, NULL, "Group it belongs to")                              \
	F(T, TEXT, description, 0, 0, 1024, 0, NULL, "What it is good for")

/* Dollars for a million tokens, by kind, in the order of enum token_kind. */
#define PRICE_KINDS(F, T)                                                                        \
	F(T, MONEY, input, 0, -1, BUDGET_NANOUSD_MAX, -1, NULL,                                  \
	  "Dollars for a million tokens read")                                                   \
	F(T, MONEY, output, 0, -1, BUDGET_NANOUSD_MAX, -1, NULL,                                 \
	  "Dollars for a million tokens written")                                                \
	F(T, MONEY, cache_read, 0, -1, BUDGET_NANOUSD_MAX, -1, NULL,                             \
	  "Dollars for a million tokens read from a cache")                                      \
	F(T, MONEY, cache_write, 0, -1, BUDGET_NANOUSD_MAX, -1, NULL,                            \
	  "Dollars for a million tokens written to a cache")

#define PRICE_ROW(F, T)                                                                          \
	F(T, TEXT, model, FIELD_REQUIRED, 1, 256, 0, NULL, "Model, as it is reported")           \
	PRICE_KINDS(F, T)                                                                        \
	F(T, TEXT, date, 0, 1, 10, 0, NULL, "Day from which it is the price: 2025-11-01")        \
	F(T, TEXT, source, 0, 0, 256, 0, NULL, "Whose price list it is")

#define MANIFEST_MEMBER(T, kind, name, ...) FIELD_C_##kind name;

struct manifest_weight {
	MANIFEST_WEIGHT(MANIFEST_MEMBER, )
};

/* Absent money and ratios are -1, absent texts empty. */
struct manifest {
	MANIFEST(MANIFEST_MEMBER, )
	struct price price;
	bool has_price;			/* then rate_usd_per_hour is absent */
	struct manifest_weight weight;
	bool has_weight;
	int line;
};

struct price_kinds {
	PRICE_KINDS(MANIFEST_MEMBER, )
};
struct price_fields {
	PRICE_ROW(MANIFEST_MEMBER, )
};

extern const struct schema manifest_schema;
extern const struct schema manifest_weight_schema;
extern const struct schema price_kinds_schema;
extern const struct schema price_fields_schema;

/* Which capabilities there are. */
struct manifest_known {
	bool (*knows)(const void *context, struct slice name);
	const void *context;
};
/* Those of governor/capability.def. */
extern const struct manifest_known manifest_known_builtin;

struct manifest_doc {
	struct manifest *manifests;
	size_t count;
	struct doc_message *errors;
	size_t error_count;
};

/*
 * Reads swarms. What is in `ret_doc` lives in `arena`, or in `text`, which
 * must stay. `known` may be NULL: then no capability is unknown.
 * ERR_DOCUMENT_INVALID: see ret_doc->errors, at least one.
 */
MUST_USE enum err manifest_read(struct slice text, enum hand_format format,
				const struct manifest_known *known, struct arena *arena,
				struct manifest_doc *ret_doc);

struct price_doc {
	struct price_row *rows;
	size_t count;
	struct doc_message *errors;
	size_t error_count;
};

/* Reads a price table in the same way. */
MUST_USE enum err price_doc_read(struct slice text, enum hand_format format, struct arena *arena,
				 struct price_doc *ret_doc);

#endif
