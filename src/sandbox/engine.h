/*
 * engine - the machine that guests run on: the seam to wasmtime.
 *
 * Its configuration is constant but for what is said here: an impossible one
 * would end the process. One engine in each process; it may be made before a
 * fork and used after it.
 */
#ifndef SANDBOX_ENGINE_H
#define SANDBOX_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "sandbox/guest.h"

struct engine;

struct engine_config {
	bool is_deterministic;	/* every NaN has the same bits */
	size_t stack_bytes;	/* of the guest's own calls */
	bool is_unmetered;	/* for measuring only: neither fuel nor a deadline */
};

/* Takes NULL: nothing happens. */
struct engine *engine_create(const struct engine_config *config);
void engine_destroy(struct engine *engine);

/* "48.0.8" */
const char *engine_version(void);
/* Whether it tells how often memory was refused; an installed C API does not. */
bool engine_has_meter(void);
/* What decides, besides the module, what compiled code looks like and where it can run. */
void engine_fingerprint(const struct engine_config *config, struct buf *out);

/*
 * Checks and compiles a module. ERR_MODULE_REFUSED with a sentence: what is
 * wrong with it. Takes as long as the compiler does: run it in a process
 * that can be killed.
 */
MUST_USE enum err engine_compile(struct engine *engine, struct slice wasm, struct buf *ret_artifact,
				 struct buf *detail);

/*
 * Takes what engine_compile made. These bytes become code of this process:
 * only what is known to be ours, unchanged, may come here. Then looks at what
 * it imports and exports: ERR_MODULE_REFUSED names what nobody provides, or
 * says that it begins with more memory than it may have.
 */
MUST_USE enum err engine_load(struct engine *engine, struct slice artifact, int64_t memory_bytes,
			      struct buf *detail);

/*
 * Runs the loaded module from its start to its end, under the limits of the
 * guest's contract, and says in the guest how it ended and what it used.
 */
void engine_run(struct engine *engine, struct guest *guest);

/*
 * Stops the code that runs now, or that begins to run, at its next step.
 * Safe in a signal's handler.
 */
void engine_interrupt(struct engine *engine);

/* For measuring: instantiates and throws away, `count` times. */
void engine_instantiate(struct engine *engine, struct guest *guest, int64_t count);

#endif
