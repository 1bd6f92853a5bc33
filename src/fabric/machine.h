/*
 * machine - takes commands, gives answers and the events to append.
 *
 *	command --decide--> events --fold--> state
 *	                      |
 *	                      +--> batch: the body of the next record
 *
 * It folds at once, ahead of the ledger, so that the next command sees what
 * this one did. Answers are therefore to be held back until the batch they
 * belong to is durable. When an append fails, the machine is thrown away
 * and another one is built from the ledger.
 *
 * Deterministic: no clock, no I/O, no randomness. Time comes with each call
 * and may not run backwards; if it does, the last time is taken.
 */
#ifndef FABRIC_MACHINE_H
#define FABRIC_MACHINE_H

#include "fabric/decide.h"
#include "fabric/state.h"
#include "governor/rank.h"

struct parked;

struct machine_answer {
	uint64_t ticket;
	enum err err;
	struct buf body;	/* JSON: the answer, or a problem document */
};

struct machine {
	struct state state;
	struct arena arena;		/* of one command */

	struct buf batch;		/* events that are not in the ledger yet */
	int64_t batch_at_us;
	uint64_t batch_first;		/* number of its first event */
	uint32_t batch_count;
	size_t body_bytes_max;		/* what a record takes */

	struct parked *parked;		/* requests that wait; slots are reused; owned */
	size_t parked_capacity;
	uint32_t parked_count;
	uint32_t first_parked, last_parked, free_parked;
	struct rank_index rank;		/* of swarms, for tasks; made when it is first asked */
	bool is_ranked;
	int64_t ranked_day;		/* since 1970: with it reputations change */
	int64_t swept_at_us;		/* when it was last noted who is passed over, */
	int64_t passed_since_us;	/* and since when the first of them is; 0: nobody */
	uint32_t *waiting;		/* swarms with a request that waits for a task; owned */
	size_t waiting_count, waiting_capacity;
	struct map tickets;		/* of those that wait */
	struct heap deadlines;
	bool has_twins;			/* a key was answered that others may wait with */
	int64_t now_us;			/* the last time that was given */
	struct machine_answer *answers;	/* of parked requests, in order; owned */
	size_t answer_count, answer_first, answer_capacity;
};

/* `body_bytes_max`: of a record's body; a command whose events are longer is refused. */
void machine_init(struct machine *machine, uint64_t hash_seed, size_t body_bytes_max);
void machine_finish(struct machine *machine);

/*
 * Runs a command that writes or reads. True: `ret_answer` holds the answer
 * (its buffer is the caller's and is overwritten). False: the command waits,
 * and machine_pop_answer will give its answer under `ticket`, which the
 * caller chose and which must be unique.
 */
bool machine_submit(struct machine *machine, const struct command *command, int64_t now_us,
		    uint64_t ticket, struct machine_answer *ret_answer);
/* The client of a waiting command is gone: it is forgotten. */
void machine_forget(struct machine *machine, uint64_t ticket);
/* The client of a waiting command wants its answer now: it gets the one of its deadline. */
void machine_hurry(struct machine *machine, uint64_t ticket, int64_t now_us);
/* The ticket that has waited longest; 0 when none waits. */
uint64_t machine_first_parked(const struct machine *machine);
/* The next answer of a command that had to wait; the buffer is the caller's to finish. */
bool machine_pop_answer(struct machine *machine, struct machine_answer *ret_answer);

/*
 * Ends what is over at `now_us`: leases, delays, waits. To be called when
 * machine_next_timer_us has come, and again at once while it returns true.
 */
bool machine_tick(struct machine *machine, int64_t now_us);
/* INT64_MAX when there is none. */
int64_t machine_next_timer_us(const struct machine *machine);

/* Begins a reign: the first event of a new leader. */
void machine_begin_reign(struct machine *machine, uint64_t epoch, struct slice version,
			 int64_t now_us);
/* Never runs this command again; `key` is its machine_command_id. */
void machine_quarantine(struct machine *machine, struct slice key, int64_t now_us);

/* Puts on record that records before this event, which must be past, are removed. */
void machine_note_trim(struct machine *machine, uint64_t before, struct slice reason,
		       struct slice actor, int64_t now_us);

/*
 * What became of a try to send escalation `index` through a channel. With an
 * `error`, it is tried again after a pause that grows with every failure.
 */
void machine_note_delivery(struct machine *machine, uint32_t index, enum escalation_channel channel,
			   struct slice error, int64_t now_us);

/* Its idempotency key, or "fp-" and its fingerprint, in `space` if need be. */
#define MACHINE_COMMAND_ID_BYTES 24
struct slice machine_command_id(const struct command *command,
				char space[MACHINE_COMMAND_ID_BYTES]);

/* The batch, as long as it lasts: it is emptied by machine_batch_taken. */
static inline struct slice machine_batch(const struct machine *machine)
{
	return buf_slice(&machine->batch);
}
void machine_batch_taken(struct machine *machine);

/*
 * Folds a record's body. ERR_LEDGER_CORRUPT: it does not follow;
 * ERR_LEDGER_TOO_NEW: an event or feature level that this program does not
 * know. The machine is then not to be used further.
 */
MUST_USE enum err machine_replay(struct machine *machine, struct slice body, int64_t at_us,
				 uint64_t first_event);

#endif
