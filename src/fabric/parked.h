/*
 * parked - requests that wait, between park.c, which keeps them, and serve.c,
 * which finds out who gets what.
 */
#ifndef FABRIC_PARKED_H
#define FABRIC_PARKED_H

#include "fabric/park.h"

/* What waits, with copies of what it needs of its command. */
struct parked {
	uint64_t ticket;		/* 0: the place is free */
	enum command_type type;		/* NEXT, FINISH_AND_NEXT or MESSAGE_LIST */
	uint32_t swarm;
	uint32_t board;			/* INDEX_NONE: any */
	uint32_t finished;		/* task that finish-and-next has completed */
	bool critical_only;
	bool why;
	int64_t lease_ms;
	int64_t limit;
	int64_t deadline_us;
	uint64_t fingerprint;
	struct slice key;		/* owned, like actor */
	struct slice actor;
	uint32_t next, previous;	/* in the order in which they came */
	uint32_t next_of_swarm, previous_of_swarm;	/* of those that wait for a task */
};

/* One that waits for a task looks again; true when it was answered. */
bool parked_serve(struct machine *machine, uint32_t index, bool probe, int64_t now_us);
/* Those that wait with a key that has just been answered. */
void parked_serve_twins(struct machine *machine, int64_t now_us);
void parked_answer_messages(struct machine *machine, uint32_t index, int64_t now_us);
/* Its time is over, or it is asked to come to an end. */
void parked_answer_empty(struct machine *machine, uint32_t index, int64_t now_us);

#endif
