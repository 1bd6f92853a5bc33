/*
 * limit - how much of anything the sandbox lets through, and why so much.
 *
 * What a guest may use stands in its contract; these are the fences of the
 * program around it.
 */
#ifndef SANDBOX_LIMIT_H
#define SANDBOX_LIMIT_H

#include <stdint.h>

#include "chassis/verdict.h"

#define KIB 1024
#define MIB (1024 * 1024)

#define WASM_PAGE_BYTES 65536
#define MEMORY_BYTES_MAX (INT64_C(4096) * MIB)

#define CONTRACT_BYTES_MAX MIB		/* its binary form; the largest that can be said is smaller */
#define MODULE_BYTES_MAX (16 * MIB)
#define ARTIFACT_BYTES_MAX (128 * MIB)	/* machine code is a few times its module */
/* A compiler's time is not bounded by the size of a module; honest code takes 1 to 2 s a MiB. */
#define COMPILE_CPU_S 30
#define COMPILE_WALL_MS 60000
#define COMPILE_DATA_BYTES (INT64_C(1024) * MIB)

#define NAME_BYTES_MAX 256
#define PATH_BYTES_MOST 4096
#define DETAIL_BYTES_MAX 1024
#define ARGS_MAX 256
#define ARGS_BYTES_MAX (256 * KIB)	/* all of them, and all variables */
#define GUEST_FILES_MAX 32		/* open at once, with streams and granted folders */
#define GUEST_LOG_LEVELS 4		/* error, warn, info, debug */
#define GUESTS_MAX 256			/* of one zygote, at once */
#define LOG_LINE_BYTES_MAX 4096		/* what is longer comes in pieces */
#define HTTP_ANSWER_BYTES_MAX (12 * MIB)	/* the most that the proxy lets through */

/* What keeps a guest in, beside the engine itself. */
enum layer {
	LAYER_LIMITS,		/* resource limits, no new privileges, no core file */
	LAYER_NAMESPACES,	/* no network, no other process, an empty root folder */
	LAYER_SECCOMP,		/* a list of system calls, and no other */
	LAYER_LANDLOCK,		/* no file but those that are granted */
	LAYER_COUNT
};
#define LAYERS_ALL ((1 << LAYER_COUNT) - 1)
#define LAYER_BIT(layer) (1u << (layer))
#define LAYER_NAMES { "limits", "namespaces", "seccomp", "landlock" }

/*
 * Grains: by how much a limit may be passed before it bites. Code is stopped by a timer at its
 * deadline; a process that does not end then is killed from outside this much later.
 */
#define KILL_GRACE_MS 100
/* Whoever computes for longer than this steps back behind those that do not. */
#define PATIENT_AFTER_US 20000
#define PATIENT_NICE 10
#define INTERRUPT_AGAIN_US 1000

#endif
