/*
 * guest_kit - what tests need to run guests: a contract, a module, its outcome.
 */
#ifndef UNIT_GUEST_KIT_H
#define UNIT_GUEST_KIT_H

#include "sandbox/runner.h"

struct guest_kit {
	struct contract contract;
	struct contract_storage storage;
	struct buf wasm;
	struct runner *runner;
	struct run *run;
	struct buf log;			/* lines "2 text\n" */
	struct buf detail;		/* of what was refused */
	struct buf cache, key_file;	/* below TMPDIR; empty: nothing is kept */
	const char *folder;		/* of relative paths; NULL: TMPDIR */
};

/* NULL when the sandbox is not built on this machine. */
const char *guest_kit_program(void);

/* The contract grants nothing and has limits that suit tests. Runs may follow. */
void guest_kit_init(struct guest_kit *kit);
void guest_kit_finish(struct guest_kit *kit);
/* The module of this name that the build made of examples/guests or tests/security/guests. */
void guest_kit_load(struct guest_kit *kit, const char *name);

/* Opens a runner for the module, if none is open. */
enum err guest_kit_open(struct guest_kit *kit);
void guest_kit_close(struct guest_kit *kit);
/* Opens, if need be, runs to the end. NULL: it was refused, see detail. */
const struct outcome *guest_kit_run(struct guest_kit *kit, const char *input);
const struct outcome *guest_kit_run_spec(struct guest_kit *kit, const struct run_spec *spec);

#endif
