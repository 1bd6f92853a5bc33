/*
 * pace - when the next record is begun, and by which thread.
 *
 * What is quick is appended on the loop itself, which saves two hand-overs
 * between threads. What takes longer than the loop needs for its commands
 * is waited for by the writer's thread, while the loop decides what goes into
 * the next record.
 *
 * On a slow disk, clients fall apart into two halves whose records take
 * turns, and each command waits for two appends. There the next record waits
 * a little for those who were answered just now: they are about to ask again.
 */
#ifndef DAEMON_PACE_H
#define DAEMON_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed memory is a valid beginning. */
struct pace {
	int64_t append_us;		/* running mean of how long an append takes */
	int64_t batch_x16;		/* running mean of commands a record, x 16 */
	int64_t gather_until_us;
	uint64_t gather_count;		/* commands that were about to come, or had */
};

/* An append of so many commands took so long. */
void pace_note(struct pace *pace, uint64_t commands, int64_t took_us);
/* Its answers went out, while so many commands were in the next record already. */
void pace_answered(struct pace *pace, uint64_t answers, uint64_t commands, int64_t now_us);

/* Whether to append on the loop. */
bool pace_is_quick(const struct pace *pace);
/* How long to wait for others than these commands; 0: begin now. */
int64_t pace_gather_us(const struct pace *pace, uint64_t commands, int64_t now_us);

#endif
