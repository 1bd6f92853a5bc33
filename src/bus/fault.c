#include "bus/fault.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"

#define PPM 1000000u

struct order {
	enum bus_fault fault;
	uint64_t times;
};

struct bus_faulty {
	struct bus bus;
	struct bus_ops ops;		/* ours, with the limits of the inner one */
	struct bus *inner;
	struct bus_fault_plan plan;

	pthread_mutex_t lock;		/* over the five below: reads come from any thread */
	uint64_t random;
	struct order orders[BUS_FAULT_AT_COUNT];
	uint64_t struck[BUS_FAULT_COUNT];
	bool paused;
	uint64_t flips;			/* moves the bit that differs */

	/* The writer's: an append that is still under way. */
	struct buf late;
	struct bus_append late_append;
};

static struct bus_faulty *faulty_of(struct bus *bus)
{
	return (struct bus_faulty *)bus;
}

/* splitmix64: every seed is a good one, 0 included. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15u;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

static bool fault_fits(enum bus_fault_at at, enum bus_fault fault)
{
	switch (fault) {
	case BUS_FAULT_LOST_ACK:
	case BUS_FAULT_LATE_COMMIT:
	case BUS_FAULT_LOST:
	case BUS_FAULT_WRONG_SEQ:
		return at == BUS_FAULT_AT_APPEND;
	case BUS_FAULT_DIFFERS:
		return at == BUS_FAULT_AT_READ;
	case BUS_FAULT_FULL:
		return at != BUS_FAULT_AT_READ;
	case BUS_FAULT_IO:
	case BUS_FAULT_DELAY:
		return true;
	case BUS_FAULT_NONE:
	case BUS_FAULT_COUNT:
	default:
		return false;
	}
}

static enum bus_fault fault_drawn(struct bus_faulty *faulty, enum bus_fault_at at)
{
	uint64_t draw = random_next(&faulty->random) % PPM;
	uint64_t sum = 0;

	for (int i = BUS_FAULT_NONE + 1; i < BUS_FAULT_COUNT; i++) {
		sum += faulty->plan.ppm[at][i];
		if (draw < sum)
			return fault_fits(at, (enum bus_fault)i) ? (enum bus_fault)i
								 : BUS_FAULT_NONE;
	}
	return BUS_FAULT_NONE;
}

/* What strikes this operation. A delay is over when it returns. */
static enum bus_fault fault_take(struct bus_faulty *faulty, enum bus_fault_at at)
{
	struct order *order = &faulty->orders[at];
	enum bus_fault fault = BUS_FAULT_NONE;

	ENSURE(pthread_mutex_lock(&faulty->lock) == 0);
	if (order->times > 0) {
		order->times--;
		fault = order->fault;
	} else if (!faulty->paused) {
		fault = fault_drawn(faulty, at);
	}
	faulty->struck[fault]++;
	ENSURE(pthread_mutex_unlock(&faulty->lock) == 0);
	if (fault == BUS_FAULT_DELAY && faulty->plan.delay)
		faulty->plan.delay(faulty->plan.context);
	return fault;
}

/* For operations that can only be refused. */
static enum err fault_refusal(enum bus_fault fault, struct buf *ret_detail)
{
	if (fault == BUS_FAULT_FULL) {
		bus_detail(ret_detail, "injected: no room");
		return ERR_STORAGE_FULL;
	}
	if (fault == BUS_FAULT_IO) {
		bus_detail(ret_detail, "injected: I/O error");
		return ERR_STORAGE_IO;
	}
	return OK;
}

static void flip_a_bit(struct bus_faulty *faulty, struct buf *bytes)
{
	uint64_t at;

	if (bytes->len == 0)
		return;
	ENSURE(pthread_mutex_lock(&faulty->lock) == 0);
	at = faulty->flips++;
	ENSURE(pthread_mutex_unlock(&faulty->lock) == 0);
	/* 4099 is prime: the flips visit every place of anything that is not a multiple of it. */
	bytes->ptr[at * 4099 % bytes->len] ^= (char)(1 << (at % 8));
}

/* ---- writing ---------------------------------------------------------------------------- */

/* An append that was under way arrives now, if it still fits. */
static enum err late_arrive(struct bus_faulty *faulty, struct buf *ret_detail)
{
	enum err err;

	if (faulty->late.len == 0)
		return OK;
	faulty->late_append.record = buf_slice(&faulty->late);
	err = faulty->inner->ops->append(faulty->inner, &faulty->late_append, ret_detail);
	buf_clear(&faulty->late);
	return err == ERR_SEQ_CONFLICT ? OK : err;
}

static enum err ambiguous(struct buf *ret_detail)
{
	bus_detail(ret_detail, "injected: the answer was lost");
	return ERR_APPEND_AMBIGUOUS;
}

static enum err fault_append(struct bus *bus, const struct bus_append *append,
			     struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum bus_fault fault = fault_take(faulty, BUS_FAULT_AT_APPEND);
	enum err err = late_arrive(faulty, ret_detail);

	if (err == OK)
		err = fault_refusal(fault, ret_detail);
	if (err != OK)
		return err;
	if (fault == BUS_FAULT_LOST)
		return ambiguous(ret_detail);
	if (fault == BUS_FAULT_WRONG_SEQ) {
		bus_detail(ret_detail, "injected: wrong number");
		return ERR_SEQ_CONFLICT;
	}
	if (fault == BUS_FAULT_LATE_COMMIT) {
		buf_add_slice(&faulty->late, append->record);
		faulty->late_append = *append;
		return ambiguous(ret_detail);
	}
	err = faulty->inner->ops->append(faulty->inner, append, ret_detail);
	return err == OK && fault == BUS_FAULT_LOST_ACK ? ambiguous(ret_detail) : err;
}

static enum err fault_recover(struct bus *bus, struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum err err = fault_refusal(fault_take(faulty, BUS_FAULT_AT_RECOVER), ret_detail);

	if (err == OK)
		err = late_arrive(faulty, ret_detail);
	/* Also after an error: what arrived may itself have become a doubt. */
	if (err == OK || err == ERR_APPEND_AMBIGUOUS)
		err = faulty->inner->ops->recover(faulty->inner, ret_detail);
	return err;
}

static enum err fault_snapshot_begin(struct bus *bus, uint64_t seq, uint64_t *ret_id,
				     struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum err err = fault_refusal(fault_take(faulty, BUS_FAULT_AT_SNAPSHOT), ret_detail);

	return err ? err : faulty->inner->ops->snapshot_begin(faulty->inner, seq, ret_id,
							      ret_detail);
}

static enum err fault_snapshot_add(struct bus *bus, uint64_t id, struct slice chunk,
				   struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum err err = fault_refusal(fault_take(faulty, BUS_FAULT_AT_SNAPSHOT), ret_detail);

	return err ? err : faulty->inner->ops->snapshot_add(faulty->inner, id, chunk, ret_detail);
}

static enum err fault_snapshot_commit(struct bus *bus, uint64_t id, struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum err err = fault_refusal(fault_take(faulty, BUS_FAULT_AT_SNAPSHOT), ret_detail);

	return err ? err : faulty->inner->ops->snapshot_commit(faulty->inner, id, ret_detail);
}

static enum err fault_snapshot_drop(struct bus *bus, uint64_t before_seq, struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum err err = fault_refusal(fault_take(faulty, BUS_FAULT_AT_SNAPSHOT), ret_detail);

	return err ? err : faulty->inner->ops->snapshot_drop(faulty->inner, before_seq, ret_detail);
}

static enum err fault_trim(struct bus *bus, uint64_t before_seq, struct slice anchor,
			   struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum err err = fault_refusal(fault_take(faulty, BUS_FAULT_AT_TRIM), ret_detail);

	return err ? err : faulty->inner->ops->trim(faulty->inner, before_seq, anchor, ret_detail);
}

static void fault_idle(struct bus *bus)
{
	struct bus *inner = faulty_of(bus)->inner;

	inner->ops->idle(inner);
}

/* ---- reading ---------------------------------------------------------------------------- */

static enum err fault_head(struct bus *bus, struct bus_head *ret_head, struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum err err = fault_refusal(fault_take(faulty, BUS_FAULT_AT_READ), ret_detail);

	return err ? err : faulty->inner->ops->head(faulty->inner, ret_head, ret_detail);
}

static enum err fault_read(struct bus *bus, uint64_t seq, struct buf *ret_record,
			   struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum bus_fault fault = fault_take(faulty, BUS_FAULT_AT_READ);
	enum err err = fault_refusal(fault, ret_detail);

	if (err == OK)
		err = faulty->inner->ops->read(faulty->inner, seq, ret_record, ret_detail);
	if (err == OK && fault == BUS_FAULT_DIFFERS)
		flip_a_bit(faulty, ret_record);
	return err;
}

/* A visit whose first record differs from what was kept. */
struct differing {
	struct bus_faulty *faulty;
	bus_visit_fn *visit;
	void *context;
	bool done;
};

static enum err visit_differing(void *context, uint64_t seq, struct slice record)
{
	struct differing *differing = context;
	struct buf copy = { 0 };
	enum err err;

	if (differing->done)
		return differing->visit(differing->context, seq, record);
	differing->done = true;
	buf_add_slice(&copy, record);
	flip_a_bit(differing->faulty, &copy);
	err = differing->visit(differing->context, seq, buf_slice(&copy));
	buf_finish(&copy);
	return err;
}

static enum err fault_scan(struct bus *bus, uint64_t from_seq, struct bus_limit limit,
			   bus_visit_fn *visit, void *context, struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum bus_fault fault = fault_take(faulty, BUS_FAULT_AT_READ);
	enum err err = fault_refusal(fault, ret_detail);
	struct differing differing = { .faulty = faulty, .visit = visit, .context = context };

	if (err != OK)
		return err;
	if (fault == BUS_FAULT_DIFFERS)
		return faulty->inner->ops->scan(faulty->inner, from_seq, limit, visit_differing,
						&differing, ret_detail);
	return faulty->inner->ops->scan(faulty->inner, from_seq, limit, visit, context,
					ret_detail);
}

static enum err fault_snapshot_list(struct bus *bus,
				    struct bus_snapshot ret_list[BUS_SNAPSHOTS_KEPT],
				    size_t *ret_count, struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum err err = fault_refusal(fault_take(faulty, BUS_FAULT_AT_READ), ret_detail);

	return err ? err : faulty->inner->ops->snapshot_list(faulty->inner, ret_list, ret_count,
							     ret_detail);
}

static enum err fault_snapshot_read(struct bus *bus, uint64_t id, uint64_t index,
				    struct buf *ret_chunk, struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum bus_fault fault = fault_take(faulty, BUS_FAULT_AT_READ);
	enum err err = fault_refusal(fault, ret_detail);

	if (err == OK)
		err = faulty->inner->ops->snapshot_read(faulty->inner, id, index, ret_chunk,
							ret_detail);
	if (err == OK && fault == BUS_FAULT_DIFFERS)
		flip_a_bit(faulty, ret_chunk);
	return err;
}

static enum err fault_anchor(struct bus *bus, struct buf *ret_anchor, struct buf *ret_detail)
{
	struct bus_faulty *faulty = faulty_of(bus);
	enum err err = fault_refusal(fault_take(faulty, BUS_FAULT_AT_READ), ret_detail);

	return err ? err : faulty->inner->ops->anchor(faulty->inner, ret_anchor, ret_detail);
}

static void fault_describe(struct bus *bus, struct buf *out)
{
	struct bus *inner = faulty_of(bus)->inner;

	inner->ops->describe(inner, out);
	buf_add_lit(out, " faults=injected");
}

static void fault_close(struct bus *bus)
{
	struct bus_faulty *faulty = faulty_of(bus);

	bus_close(faulty->inner);
	buf_finish(&faulty->late);
	pthread_mutex_destroy(&faulty->lock);
	free(faulty);
}

static const struct bus_ops fault_ops = {
	.append = fault_append,
	.recover = fault_recover,
	.head = fault_head,
	.read = fault_read,
	.scan = fault_scan,
	.snapshot_begin = fault_snapshot_begin,
	.snapshot_add = fault_snapshot_add,
	.snapshot_commit = fault_snapshot_commit,
	.snapshot_drop = fault_snapshot_drop,
	.snapshot_list = fault_snapshot_list,
	.snapshot_read = fault_snapshot_read,
	.trim = fault_trim,
	.anchor = fault_anchor,
	.idle = fault_idle,
	.describe = fault_describe,
	.close = fault_close,
};

struct bus *bus_fault_create(struct bus *inner, const struct bus_fault_plan *plan)
{
	struct bus_faulty *faulty = alloc_zero(1, sizeof(*faulty));

	faulty->ops = fault_ops;
	faulty->ops.name = inner->ops->name;
	faulty->ops.record_bytes_max = inner->ops->record_bytes_max;
	faulty->bus.ops = &faulty->ops;
	faulty->inner = inner;
	if (plan)
		faulty->plan = *plan;
	faulty->random = faulty->plan.seed;
	ENSURE(pthread_mutex_init(&faulty->lock, NULL) == 0);
	return &faulty->bus;
}

void bus_fault_next(struct bus *bus, enum bus_fault_at at, enum bus_fault fault, uint64_t times)
{
	struct bus_faulty *faulty = faulty_of(bus);

	ENSURE(bus->ops->close == fault_close && fault_fits(at, fault));
	ENSURE(pthread_mutex_lock(&faulty->lock) == 0);
	faulty->orders[at] = (struct order){ .fault = fault, .times = times };
	ENSURE(pthread_mutex_unlock(&faulty->lock) == 0);
}

void bus_fault_pause(struct bus *bus, bool paused)
{
	struct bus_faulty *faulty = faulty_of(bus);

	ENSURE(bus->ops->close == fault_close);
	ENSURE(pthread_mutex_lock(&faulty->lock) == 0);
	faulty->paused = paused;
	ENSURE(pthread_mutex_unlock(&faulty->lock) == 0);
}

uint64_t bus_fault_struck(struct bus *bus, enum bus_fault fault)
{
	struct bus_faulty *faulty = faulty_of(bus);
	uint64_t struck;

	ENSURE(bus->ops->close == fault_close);
	ENSURE(pthread_mutex_lock(&faulty->lock) == 0);
	struck = faulty->struck[fault];
	ENSURE(pthread_mutex_unlock(&faulty->lock) == 0);
	return struck;
}
