#include "chassis/fair.h"

#include <stdlib.h>

#include "base/alloc.h"

void fair_finish(struct fair *fair)
{
	free(fair->flows);
	*fair = (struct fair){ .running_max = fair->running_max };
}

static struct fair_flow *flow_of(struct fair *fair, uint32_t swarm)
{
	for (size_t i = 0; i < fair->flow_count; i++)
		if (fair->flows[i].swarm == swarm)
			return &fair->flows[i];
	return NULL;
}

static void forget_when_idle(struct fair *fair, struct fair_flow *flow)
{
	if (flow->running == 0 && flow->waiting == 0)
		*flow = fair->flows[--fair->flow_count];
}

bool fair_add(struct fair *fair, struct fair_item *item)
{
	struct fair_flow *flow = flow_of(fair, item->swarm);

	if (fair->waiting >= FAIR_WAITING_MAX || (flow && flow->waiting >= FAIR_WAITING_OF_ONE_MAX))
		return false;
	if (!flow) {
		fair->flows = alloc_grow(fair->flows, &fair->flow_capacity, fair->flow_count + 1,
					 sizeof(*fair->flows));
		flow = &fair->flows[fair->flow_count++];
		*flow = (struct fair_flow){ .swarm = item->swarm };
	}
	item->next = NULL;
	if (flow->last)
		flow->last->next = item;
	else
		flow->first = item;
	flow->last = item;
	flow->waiting++;
	fair->waiting++;
	return true;
}

static bool goes_before(const struct fair_flow *flow, const struct fair_flow *other)
{
	if (flow->running != other->running)
		return flow->running < other->running;
	return flow->served_at < other->served_at;
}

struct fair_item *fair_next(struct fair *fair)
{
	struct fair_flow *best = NULL;
	struct fair_item *item;

	if (fair->running >= fair->running_max || fair->waiting == 0)
		return NULL;
	for (size_t i = 0; i < fair->flow_count; i++)
		if (fair->flows[i].waiting && (!best || goes_before(&fair->flows[i], best)))
			best = &fair->flows[i];
	ENSURE(best != NULL);
	item = best->first;
	best->first = item->next;
	if (!best->first)
		best->last = NULL;
	best->waiting--;
	best->running++;
	best->served_at = ++fair->served;
	fair->waiting--;
	fair->running++;
	return item;
}

void fair_end(struct fair *fair, uint32_t swarm)
{
	struct fair_flow *flow = flow_of(fair, swarm);

	ENSURE(flow && flow->running > 0);
	flow->running--;
	fair->running--;
	forget_when_idle(fair, flow);
}

void fair_remove(struct fair *fair, struct fair_item *item)
{
	struct fair_flow *flow = flow_of(fair, item->swarm);
	struct fair_item *before = NULL;

	ENSURE(flow && flow->waiting > 0);
	for (struct fair_item *at = flow->first; at != item; at = at->next) {
		ENSURE(at != NULL);
		before = at;
	}
	if (before)
		before->next = item->next;
	else
		flow->first = item->next;
	if (flow->last == item)
		flow->last = before;
	flow->waiting--;
	fair->waiting--;
	forget_when_idle(fair, flow);
}
