/*
 * task - a piece of work and the claim that somebody has on it.
 *
 * Times are microseconds since 1970, UTC, as the ledger stamped them.
 */
#ifndef COORDINATOR_TASK_H
#define COORDINATOR_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define INDEX_NONE UINT32_MAX	/* no task, swarm, claim, ... */

enum task_state {
#define STATE(NAME, name) TASK_##NAME,
#include "coordinator/state.def"
#undef STATE
	TASK_STATE_COUNT
};
extern const char *const task_state_names[];

/* What a specification says that only some say: whoever asks need not decode the others. */
enum task_trait {
	TASK_HAS_COST = 1,	/* estimates or a limit of cost */
	TASK_HAS_AVOIDS = 2,
	TASK_HELPS = 4,		/* it is to remove a blocker */
};

enum task_kind { TASK_CRITICAL, TASK_FILLER, TASK_KIND_COUNT };
extern const char *const task_kind_names[];

struct task {
	/* Durable: in snapshots and the digest. A new field goes there with a new feature level. */
	char *text;			/* id, then the specification in binary form; owned */
	uint32_t spec_len;
	uint8_t id_len;
	uint8_t state;			/* enum task_state */
	uint16_t failures;		/* attempts that failed or were lost */
	uint16_t attempts;		/* claims */
	uint16_t blockers_open;
	uint32_t board;
	uint64_t added_no;		/* number of the event that added it */
	uint64_t ready_no;		/* of the last event that made it ready; orders the queue */
	int64_t ready_at_us;
	int64_t not_before_us;
	int64_t ended_at_us;
	char *outcome;			/* struct task_outcome in binary form, or NULL; owned */
	uint32_t outcome_len;

	/* Volatile: follows from the specification and from other durable fields. */
	uint8_t kind;			/* enum task_kind */
	int32_t priority;
	uint16_t max_attempts;
	uint16_t dep_count;
	uint32_t open_deps;		/* dependencies that are not done */
	uint32_t claim;			/* INDEX_NONE when nobody holds it */
	uint32_t needs;			/* number of its set of capabilities */
	uint32_t prefers;		/* number of the swarm's name */
	uint32_t answers;		/* task that this is one answer to, or INDEX_NONE */
	uint8_t traits;			/* enum task_trait: what else its specification says */
	uint8_t redundancy;		/* answers that are wanted of it; 0: it is done, not answered */
	uint32_t queue;			/* the ready queue it belongs to */
	uint32_t dependent_count;
	uint32_t *deps;			/* tasks; owned */
	uint32_t *dependents;		/* tasks; owned */
};

struct claim {
	/* Durable */
	uint32_t task;			/* INDEX_NONE: the place is free */
	uint32_t swarm;
	uint64_t fence;			/* number of the event that made it */
	int64_t claimed_at_us;
	int64_t lease_until_us;
	int64_t claim_until_us;		/* no heartbeat takes it past this */
	int64_t lease_ms;
	int64_t progress_at_us;
	int32_t percent;		/* -1: never said */
	uint32_t attempt;
	bool imported;			/* its owner has not taken it up yet and has no token */
	int64_t expected_nanousd;	/* what it was expected to cost; negative: not known */
	int64_t reserved_nanousd;	/* what is left of what was reserved for it */
	int64_t spent_nanousd;		/* reported so far */
	uint32_t reports;		/* of cost, priced or not */
	struct slice stop;		/* why its holder is asked to stop, or empty; owned */
	struct slice note;		/* last progress; owned */
	struct slice_list paths;	/* reserved; owned */

	/* Volatile */
	uint32_t next_of_swarm;
	uint32_t previous_of_swarm;
	uint32_t first_credential;	/* the newest; UINT32_MAX: none */
	uint32_t *waiting;		/* tasks that are ready but for its paths; owned */
	size_t waiting_count, waiting_capacity;
	int64_t timer_us;		/* of its place's next timer; 0: none is set */
};

static inline struct slice task_id(const struct task *task)
{
	return slice_of(task->text, task->id_len);
}

static inline struct slice task_spec_bytes(const struct task *task)
{
	return slice_of(task->text + task->id_len, task->spec_len);
}

bool task_has_ended(const struct task *task);
/* Claimed, or held by a blocker with its claim alive. */
static inline bool task_is_held_by_somebody(const struct task *task)
{
	return task->claim != INDEX_NONE;
}

/*
 * The state that follows when `event` (its kind, as task.claimed) happens to
 * a task in `state`: false when the life cycle has no such step.
 */
bool task_step(enum task_state state, const char *event, enum task_state *ret_next);

/*
 * Waiting time before attempt `failures` + 1, in milliseconds: `first` doubled
 * each time up to `most`, then up to an eighth less by `spread`, so that tasks
 * which failed together do not come back together.
 */
int64_t task_backoff_ms(unsigned failures, int64_t first_ms, int64_t most_ms, uint64_t spread);

/* When a lease of `lease_ms` ends that is extended now: never past `claim_until_us`. */
int64_t lease_end_us(int64_t now_us, int64_t lease_ms, int64_t claim_until_us);

#endif
