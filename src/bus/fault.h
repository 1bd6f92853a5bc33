/*
 * fault - a bus in front of another one that fails when told to.
 *
 * For tests (the next operation fails this way) and for the simulator (from
 * a seed, with these probabilities). The same seed and the same calls give
 * the same faults.
 */
#ifndef BUS_FAULT_H
#define BUS_FAULT_H

#include "bus/bus.h"

enum bus_fault {
	BUS_FAULT_NONE,
	BUS_FAULT_LOST_ACK,	/* append: kept, but reported ambiguous */
	BUS_FAULT_LATE_COMMIT,	/* append: reported ambiguous, kept when recover is called */
	BUS_FAULT_LOST,		/* append: reported ambiguous, never kept */
	BUS_FAULT_WRONG_SEQ,	/* append: refused though the number was right */
	BUS_FAULT_FULL,		/* refused: no room */
	BUS_FAULT_IO,		/* refused: I/O error */
	BUS_FAULT_DIFFERS,	/* read, scan, snapshot_read: one bit is not what was kept */
	BUS_FAULT_DELAY,	/* done, after plan.delay was called */
	BUS_FAULT_COUNT
};

enum bus_fault_at {
	BUS_FAULT_AT_APPEND,
	BUS_FAULT_AT_RECOVER,
	BUS_FAULT_AT_SNAPSHOT,	/* begin, add, commit, drop */
	BUS_FAULT_AT_TRIM,
	BUS_FAULT_AT_READ,	/* head, read, scan, snapshot_list, snapshot_read, anchor */
	BUS_FAULT_AT_COUNT
};

struct bus_fault_plan {
	uint64_t seed;
	/* Chance in a million; a fault that the operation cannot have is as none. */
	uint32_t ppm[BUS_FAULT_AT_COUNT][BUS_FAULT_COUNT];
	void (*delay)(void *context);	/* may be NULL */
	void *context;
};

/* The inner bus now belongs to the new one. `plan` is copied; NULL means no chance at all. */
struct bus *bus_fault_create(struct bus *inner, const struct bus_fault_plan *plan);

/* The next `times` operations of that sort fail this way, whatever the plan says. */
void bus_fault_next(struct bus *bus, enum bus_fault_at at, enum bus_fault fault, uint64_t times);

/* The plan's chances rest or count again; what bus_fault_next ordered stays. */
void bus_fault_pause(struct bus *bus, bool paused);

/* How often it struck so far. */
uint64_t bus_fault_struck(struct bus *bus, enum bus_fault fault);

#endif
