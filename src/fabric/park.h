/*
 * park - requests that wait: for a task, or for a message.
 *
 * The part of the machine that makes push of pull: a request waits here
 * until an event makes an answer to it, and is answered in the same record.
 * Nothing of it is durable; a client that was cut off asks again.
 */
#ifndef FABRIC_PARK_H
#define FABRIC_PARK_H

#include "fabric/machine.h"

/* Whether the command may have to wait, or is done in two steps. */
bool park_may_wait(const struct command *command);
/* As machine_submit, for those. */
bool park_submit(struct machine *machine, const struct command *command, struct decision *decision,
		 uint64_t ticket, struct machine_answer *ret_answer);
/* An event was folded: ranks may have changed. */
void park_note(struct machine *machine, const struct event *event);
/* Answers whoever these events, which were just folded, give something to. */
void park_serve(struct machine *machine, const struct event *events, int64_t now_us);
/* Answers one whose time is over; true when there was one. */
bool park_expire(struct machine *machine, int64_t now_us);
void park_finish(struct machine *machine);

/* machine.c's, for park.c. */
/* `now_us`, unless time would run backwards. */
int64_t machine_time(struct machine *machine, int64_t now_us);
bool machine_commit(struct machine *machine, struct decision *decision);
/* Folds what a refusal puts on record. */
void machine_keep(struct machine *machine, struct decision *decision);
enum err machine_execute(struct machine *machine, const struct command *command,
			 struct decision *decision);
void machine_write_answer(const struct command *command, const struct decision *decision,
			  struct json_writer *json);
void machine_write_problem(struct decision *decision, enum err err, struct buf *body);
void machine_remember(struct machine *machine, const struct command *command, int64_t now_us,
		      struct slice body);

#endif
