/*
 * witness_kit - small ledgers for tests.
 */
#ifndef TESTS_UNIT_WITNESS_KIT_H
#define TESTS_UNIT_WITNESS_KIT_H

#include "bus/bus.h"
#include "witness/ledger.h"
#include "witness/reader.h"

#define KIT_LIMIT ((struct bus_limit){ .records = 1000, .bytes = SIZE_MAX })

/* Appends `count` records, each with its own body and 1 to 3 events. */
void kit_fill(struct ledger *ledger, uint64_t count);

/* One append of a text with one event, a second after the last. */
enum err kit_append(struct ledger *ledger, const char *body, struct buf *ret_detail);

/* The bytes of every record of a bus, in order. The items are the caller's to free. */
size_t kit_copy(struct bus *bus, struct slice *ret_items, size_t room);

/* A memory bus with these records as 1, 2, 3 ..., whatever they say themselves. */
struct bus *kit_bus_of(const struct slice *items, size_t count, uint64_t epoch);

/* Verifies all of it in slices of two records. */
enum err kit_verify(struct bus *bus, const struct hash *expected_head, struct finding *ret_finding);

#endif
