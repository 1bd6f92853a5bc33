/*
 * explain - why this task and not another: the breakdown behind --why.
 */
#ifndef FABRIC_EXPLAIN_H
#define FABRIC_EXPLAIN_H

#include "fabric/decide.h"

/*
 * Writes a member "why": how well the chosen task (INDEX_NONE: there was none)
 * fits the swarm, and for other tasks that are ready what stood against them.
 */
void explain_choice(struct decision *decision, const struct ready_wish *wish, uint32_t chosen,
		    struct json_writer *json);

#endif
