/*
 * compile - makes code of a module, in a process that can be killed.
 *
 * What a compiler needs of time and memory is not bounded by its input.
 */
#ifndef SANDBOX_COMPILE_H
#define SANDBOX_COMPILE_H

#include "base/buf.h"
#include "base/error.h"
#include "sandbox/engine.h"

/*
 * Appends the artifact. ERR_MODULE_REFUSED with a sentence when it is no
 * module, or when its compiler passed a limit; ERR_OS when none could be
 * started. Waits at most COMPILE_WALL_MS.
 */
MUST_USE enum err compile_module(const struct engine_config *config, struct slice wasm,
				 struct buf *ret_artifact, struct buf *detail);

#endif
