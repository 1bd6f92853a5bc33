/*
 * bus_fixture - one bus of each kind, for tests that every bus passes.
 */
#ifndef TESTS_CONTRACT_BUS_FIXTURE_H
#define TESTS_CONTRACT_BUS_FIXTURE_H

#include <stdbool.h>

#include "bus/bus.h"

enum bus_kind { KIND_MEMORY, KIND_SQLITE, KIND_FAULT_MEMORY, KIND_FAULT_SQLITE, KIND_COUNT };

struct bus_fixture {
	enum bus_kind kind;
	struct bus *bus;
	char folder[64];	/* of its own; gone after bus_fixture_close */
	char file[96];
};

void bus_fixture_open(struct bus_fixture *fixture, enum bus_kind kind);
void bus_fixture_close(struct bus_fixture *fixture);

/* What the end of a process leaves. False when this kind keeps nothing. */
bool bus_fixture_reopen(struct bus_fixture *fixture);

static inline bool kind_has_faults(enum bus_kind kind)
{
	return kind == KIND_FAULT_MEMORY || kind == KIND_FAULT_SQLITE;
}

/* mkdtemp below TMPDIR or /tmp, and its end, with the files in it. */
void scratch_make(char ret_folder[64]);
void scratch_remove(const char *folder);

#endif
