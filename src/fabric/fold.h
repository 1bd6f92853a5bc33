/*
 * fold - the only writer of state.
 *
 * Total: every event that decide can give folds, and nothing else does. An
 * event that does not fit the state is corruption, told by false; the state
 * is then not to be used any more.
 */
#ifndef FABRIC_FOLD_H
#define FABRIC_FOLD_H

#include "fabric/event.h"
#include "fabric/state.h"

MUST_USE bool fold_event(struct state *state, const struct event *event);

#endif
