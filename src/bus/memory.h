/*
 * memory - a bus that forgets everything when the process ends.
 *
 * For tests, the simulator and measuring what the machine costs without a
 * disk. It is durable only as far as "the process lives" goes.
 */
#ifndef BUS_MEMORY_H
#define BUS_MEMORY_H

#include "bus/bus.h"

struct bus *bus_memory_create(void);

#endif
