/*
 * command - what can be asked, made from command.def.
 *
 * Argument names are those that people see, so a MONEY argument
 * `est_cost_usd` is dollars in JSON and nano-dollars in the struct, and a
 * TIME argument is RFC 3339 in JSON and microseconds in the struct.
 */
#ifndef FABRIC_COMMAND_H
#define FABRIC_COMMAND_H

#include <stdint.h>

#include "base/schema.h"
#include "chassis/contract.h"
#include "chassis/verdict.h"
#include "coordinator/blocker.h"
#include "coordinator/task.h"
#include "fabric/limit.h"
#include "governor/budget.h"
#include "governor/cost.h"
#include "governor/policy.h"
#include "governor/weight.h"

#include "fabric/command.def"

enum command_type {
#define COMMAND(NAME, ...) COMMAND_##NAME,
#include "fabric/command.def"
#undef COMMAND
	COMMAND_COUNT
};

enum http_verb { HTTP_VERB_GET, HTTP_VERB_POST, HTTP_VERB_PUT, HTTP_VERB_DELETE };
enum command_role { ROLE_READER, ROLE_WORKER, ROLE_ORCHESTRATOR };
enum command_way { WAY_WRITE, WAY_READ, WAY_FEED, WAY_DAEMON };

/* In the order of document/'s enum board_format. */
enum { BOARD_FORMAT_COUNT = 3 };
extern const char *const board_format_names[];
enum tree_format { TREE_FORMAT_AUTO, TREE_FORMAT_YAML, TREE_FORMAT_JSON, TREE_FORMAT_COUNT };
extern const char *const tree_format_names[];
enum export_format { EXPORT_JSONL, EXPORT_CSV, EXPORT_FORMAT_COUNT };
extern const char *const export_format_names[];
enum part { PART_COORDINATOR, PART_GOVERNOR, PART_CHASSIS, PART_WITNESS, PART_COUNT };
extern const char *const part_names[];

#define COMMAND_MEMBER(T, kind, name, ...) FIELD_C_##kind name;

/* A specification as it stands in task.add, in a board document and in a task. */
struct task_spec {
	TASK_SPEC(COMMAND_MEMBER, )
};
extern const struct schema task_spec_schema;

/* Bit n of `given` says that argument n of the row was given. */
#define COMMAND(NAME, name, ...)               \
	struct cmd_##name {                    \
		uint64_t given;                \
		ARGS_##NAME(COMMAND_MEMBER, )  \
	};
#include "fabric/command.def"
#undef COMMAND

/* One task of a document: how a board import hands its tasks to the machine. */
struct import_task {
	struct slice id;
	struct task_spec spec;
	enum task_state state;	/* BLOCKED: open; CLAIMED, DONE, FAILED, CANCELLED */
	struct slice holder;	/* who has claimed or ended it; empty: spec.prefers */
};

struct price_row;

struct command {
	enum command_type type;
	struct slice actor;	/* who calls: an id */
	struct slice key;	/* idempotency key, or empty */
	uint64_t fingerprint;	/* of type and arguments as they came, to notice a key used twice */
	/* Only for board.import: title and tasks of the parsed document. */
	struct slice import_title;
	const struct import_task *import_tasks;
	size_t import_count;
	struct slice import_remarks;	/* a JSON list, for the answer */
	/* Only for policy.apply: the parsed document. */
	const struct policy *policy;
	/* Only for chassis.load: the parsed contract. */
	const struct contract *contract;
	/* Only for swarm.import: the parsed manifests. */
	const struct cmd_swarm_register *swarms;
	const struct cmd_budget_set *swarm_budgets;	/* as many; without a limit: none */
	const int *swarm_lines;
	size_t swarm_count;
	/* Only for price.import: the parsed rows. */
	const struct price_row *prices;
	size_t price_count;
	union {
		uint64_t given;		/* every struct begins with it */
#define COMMAND(NAME, name, ...) struct cmd_##name name;
#include "fabric/command.def"
#undef COMMAND
	} args;
};

struct command_info {
	const char *name;	/* TASK_CLAIM */
	const char *part;
	const char *verb;
	enum http_verb method;
	const char *path;
	enum command_role role;
	enum command_way way;
	const char *summary;
	const char *example;
	struct schema args;
};

/* Rows in the order of enum command_type. */
extern const struct command_info command_table[COMMAND_COUNT];

/* The position of a field in its schema, for `given`. */
static inline uint64_t field_bit(const struct schema *schema, const struct field *field)
{
	return (uint64_t)1 << (field - schema->fields);
}
/* Whether the argument was given. `name` must be one of the row. */
bool command_has(const struct command *command, const char *name);

#endif
