/*
 * fold_task - the part of fold that moves tasks.
 */
#ifndef FABRIC_FOLD_TASK_H
#define FABRIC_FOLD_TASK_H

#include "fabric/event.h"
#include "fabric/state.h"

/* The task, or INDEX_NONE. */
uint32_t fold_task_of(const struct state *state, struct slice board, struct slice task);
/* Moves the task as its life cycle says. False when there is no such step. */
bool fold_task_step(struct state *state, uint32_t task, const struct event *event);

#define FOLD(name) bool fold_##name(struct state *state, const struct event *event)
FOLD(task_added);
FOLD(task_changed);
FOLD(task_ready);
FOLD(task_claimed);
FOLD(task_extended);
FOLD(task_progressed);
FOLD(task_released);
FOLD(task_completed);
FOLD(task_failed);
FOLD(lease_lost);
FOLD(task_cancelled);
FOLD(task_expired);
FOLD(task_retried);

#endif
